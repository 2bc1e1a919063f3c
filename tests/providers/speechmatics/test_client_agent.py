"""The client half of Agent STT: literal messages in, exact events out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.speechmatics import PROVIDER

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConnectionLost
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Failed,
    Final,
    Finalized,
    Partial,
    Settled,
    Stopped,
    TurnEnded,
    Unmapped,
)
from aai_migrate.wire.frames import Close, Message

from .wire import AGENT, FORCE, OVER, PACK, asked, hear, said, segment, settled, shown, started

LIKE = segment("AddPartialSegment", "I would like", 1.1, 1.7, "S1")
REFUND = segment("AddSegment", "I would like a refund.", 1.1, 2.3, "S1")


def starts(at: float) -> str:
    return said("StartOfTurn", metadata={"start_time": at})


def ends(at: Any) -> str:
    return said("EndOfTurn", metadata={"end_time": at})


def test_a_turn() -> None:
    """As the vendor's page has it: speech and its end are no turns."""
    client = started(AGENT)
    out = hear(
        client,
        said("SpeechStarted", metadata={"start_time": 1.0}),
        starts(1.1),
        LIKE,
        REFUND,
        said("SpeechEnded", metadata={"end_time": 2.4}),
        ends(2.3),
    )
    assert shown(out) == [
        ("speech", 1.0),
        ("partial", 0, "I would like"),
        ("final", 0, "I would like a refund."),
        ("end", 0, "vendor", 2.3),
    ]
    assert settled(out) == [(2.3, 0)]
    [part] = [item for item in out if isinstance(item, Partial)]
    [piece] = [item for item in out if isinstance(item, Final)]
    [end] = [item for item in out if isinstance(item, TurnEnded)]
    assert (part.speaker, part.start, part.end) == (None, 1.1, 1.7)
    assert (piece.speaker, piece.start, piece.end) == ("S1", 1.1, 2.3)
    assert [(word.text, word.joiner, word.is_final, word.speaker) for word in piece.words][:2] == [
        ("I", "", True, "S1"),
        ("would", " ", True, "S1"),
    ]
    assert piece.words[0].start == 1.1
    assert piece.words[-1].end == pytest.approx(2.3)
    assert end.formatted


def test_a_partial_replaces_the_one_before() -> None:
    """They are never joined."""
    client = started(AGENT)
    hear(client, LIKE)
    assert shown(hear(client, segment("AddPartialSegment", "I'd love", 1.1, 1.8))) == [("partial", 0, "I'd love")]


def test_several_segments_make_a_turn() -> None:
    """At a change of speakers, an end of a sentence, or after two minutes."""
    client = started(AGENT)
    out = hear(
        client,
        REFUND,
        segment("AddPartialSegment", "of what", 2.5, 2.9),
        segment("AddSegment", "Of what?", 2.5, 3.0, "S2"),
        ends(3.0),
        segment("AddSegment", "Shoes.", 4.0, 4.4, "S1"),
        ends(4.4),
    )
    assert shown(out) == [
        ("speech", 1.1),
        ("final", 0, "I would like a refund."),
        ("partial", 0, " of what"),
        ("final", 0, " Of what?"),
        ("end", 0, "vendor", 3.0),
        ("speech", 4.0),
        ("final", 1, "Shoes."),
        ("end", 1, "vendor", 4.4),
    ]
    assert [item.speaker for item in out if isinstance(item, Final)] == ["S1", "S2", "S1"]


def test_segments_of_a_language_without_blanks() -> None:
    """Nothing stands between two, yet what has blanks inside keeps them."""
    begun = said("RecognitionStarted", language_pack_info=PACK | {"word_delimiter": ""})
    client = started(Config(model="linden-1", language="zh"), begun=begun)
    out = hear(client, segment("AddSegment", "我用 open source。", 0.5, 2.0), segment("AddSegment", "好的。", 2.2, 2.8))
    assert [item.text for item in out if isinstance(item, Final)] == ["我用 open source。", "好的。"]


def test_an_end_with_nothing_said_is_none() -> None:
    """What was shown for it is taken back; the next turn begins anew."""
    client = started(AGENT)
    assert shown(hear(client, starts(0.4), ends(0.9))) == [("speech", 0.4)]
    assert shown(hear(client, LIKE, ends(2.0))) == [("speech", 1.1), ("partial", 0, "I would like"), ("partial", 0, "")]
    assert shown(hear(client, REFUND, ends(2.3))) == [
        ("speech", 1.1),
        ("final", 0, "I would like a refund."),
        ("end", 0, "vendor", 2.3),
    ]


def test_segments_without_text() -> None:
    """Show nothing, take back what was shown, and settle their time."""
    client = started(AGENT)
    assert hear(client, segment("AddPartialSegment", "", 0.1, 0.2)) == []
    hear(client, LIKE)
    assert shown(hear(client, segment("AddPartialSegment", " ", 1.1, 1.2))) == [("partial", 0, "")]
    hear(client, LIKE)
    assert hear(client, segment("AddSegment", "", 1.1, 2.0)) == [Partial(turn=0, text=""), Settled(2.0)]


# Ends that were asked for.


def test_an_end_that_was_asked_for() -> None:
    """Answers with its turn, or without one."""
    client = started(AGENT)
    assert asked(client.send(Finalize("f"), 0.0)) == [FORCE]
    assert shown(hear(client, REFUND, ends(2.3)))[-2:] == [("end", 0, "forced", 2.3), (Finalized("f"),)]
    client.send(Finalize("g"), 0.0)
    assert hear(client, ends(60.0)) == [Finalized("g")]
    assert hear(client, ends(60.0)) == []


def test_several_are_answered_in_order() -> None:
    """Those that are not answered end with the session."""
    client = started(AGENT)
    for id_ in "fgh":
        client.send(Finalize(id_), 0.0)
    assert hear(client, ends(2.0)) == [Finalized("f")]
    client.send(Stop(), 0.0)
    assert hear(client, OVER)[:2] == [Finalized("g", "settled"), Finalized("h", "settled")]


# Changes.


def test_nothing_can_change() -> None:
    """Which is told; to change nothing is no mistake."""
    [refused] = started(AGENT).send(Configure("c", {"partials": False}), 0.0)
    assert refused == Configured("c", False, "speechmatics/linden-1 can change nothing in mid-session")
    assert started(AGENT).send(Configure("d", {}), 0.0) == [Configured("d")]


# The end of the session.


def test_stop_ends_what_is_open() -> None:
    """What was shown and did not become final was nothing."""
    client = started(AGENT)
    hear(client, REFUND, segment("AddPartialSegment", "and", 2.6, 2.8))
    assert asked(client.send(Stop(), 0.0)) == [{"message": "EndOfStream", "last_seq_no": 1}]
    out = hear(client, OVER)
    assert shown(out) == [("partial", 0, ""), ("end", 0, "stop", None), (Stopped("stopped"),)]


def test_the_rest_is_as_on_the_other_path() -> None:
    """Audio and its answers, silence, failures, what has no event."""
    client = started(AGENT, seconds=0)
    assert client.send(Audio(b"\1\0" * 1600), 0.0) == [Message(b"\1\0" * 1600)]
    assert client.send(Silence(0.1), 0.0) == [Message(bytes(3200))]
    assert client.send(KeepAlive(), 0.0) == []
    assert hear(client, '{"message":"AudioAdded","seq_no":2}') == [AudioTaken(0.2)]
    speakers = said("SpeakersResult", speakers=[{"label": "S1", "speaker_identifiers": ["b3BhcXVlLWlk"]}])
    assert hear(client, speakers) == [Unmapped(json.loads(speakers))]
    assert hear(client, said("AddTranscript", results=[])) == [Unmapped({"message": "AddTranscript", "results": []})]
    [failed] = client.receive(Close(1011, "internal_error"), 0.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConnectionLost)


@pytest.mark.parametrize("encoding", ["pcm_mulaw", "pcm_alaw", "pcm_s24le"])
def test_audio_that_it_does_not_take_is_converted(encoding: Any) -> None:
    """It takes 8 and 16 kHz, 16-bit samples and floats."""
    taken = PROVIDER.suited(AGENT).capabilities
    wire = taken.wire_format("speechmatics", AudioFormat(11_025, encoding), separate=False)
    assert wire == AudioFormat(16_000, "pcm_s16le")
    floats = AudioFormat(8_000, "pcm_f32le")
    assert taken.wire_format("speechmatics", floats, separate=False) == floats


@pytest.mark.parametrize("kind", ["AddPartialSegment", "AddSegment", "StartOfTurn", "EndOfTurn", "SpeechStarted"])
@pytest.mark.parametrize(
    "members",
    [
        {},
        {"segment": None, "metadata": None},
        {"segment": [], "metadata": []},
        {"segment": {"transcript": 7, "speaker": []}, "metadata": {"start_time": "1", "end_time": {}}},
        {"segment": {"transcript": "so", "speaker": 3}, "metadata": {"start_time": 5, "end_time": 1}},
        {"segment": {"transcript": "so"}, "metadata": {"start_time": -1, "end_time": None}},
    ],
)
def test_messages_that_are_not_as_promised(kind: str, members: dict[str, Any]) -> None:
    """Break nothing; words never have a length below zero."""
    out = hear(started(AGENT), said(kind, **members))
    spoken = [item for item in out if isinstance(item, (Partial, Final))]
    assert all(0 <= word.start <= word.end for item in spoken for word in item.words)
    assert not [item for item in out if isinstance(item, Failed)]
