"""The server half on its websocket: literal messages in, exact JSON out, over one connection and several."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from aai_migrate_providers.gladia.server import GRACE, IDLE, RETURNED, Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.wire.commands import Audio, KeepAlive, Start, Stop
from aai_migrate.wire.events import (
    Failed,
    Final,
    Partial,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Word,
)
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Ping, Pong, Refused

from .served import STOP, Talk, chunk, context, kinds, messages

PARTIALS = {"messages_config": {"receive_partial_transcripts": True}}
QUIET = {"messages_config": {"receive_speech_events": False}}
EVERYTHING = {"messages_config": {"receive_partial_transcripts": True, "receive_lifecycle_events": True}}
HELLO = Final(turn=1, text="Hello there", words=(Word("Hello", 0.5, 0.75, 0.8), Word("there", 0.8, 1.2501, 0.9)))
END = TurnEnded(turn=1, at=1.4)
HELLO_JSON = {
    "text": " Hello there",
    "start": 0.5,
    "end": 1.25,
    "confidence": 0.85,
    "channel": 0,
    "language": "en",
    "words": [
        {"word": " Hello", "start": 0.5, "end": 0.75, "confidence": 0.8},
        {"word": " there", "start": 0.8, "end": 1.25, "confidence": 0.9},
    ],
}


def final(text: str, start: float = 0.0, end: float = 1.0, turn: Any = 1, **more: Any) -> Final:
    return Final(turn=turn, text=text, start=start, end=end, **more)


def partial(text: str, start: float = 0.0, end: float = 1.0, turn: Any = 1, **more: Any) -> Partial:
    return Partial(turn=turn, text=text, start=start, end=end, **more)


def texts(items: list[dict[str, Any]]) -> list[tuple[str, bool, str]]:
    """Identifier, finality and text of every transcript."""
    return [
        (item["data"]["id"], item["data"]["is_final"], item["data"]["utterance"]["text"])
        for item in items
        if item["type"] == "transcript"
    ]


# Acknowledgements.


def test_every_chunk_is_acknowledged_with_an_exclusive_end() -> None:
    """Binary and JSON may be mixed; the whole message, envelope first."""
    talk = Talk()
    assert talk.hear(Message(bytes(3200))) == [
        Audio(bytes(3200)),
        Message(
            '{"session_id":"id-1","created_at":"2026-09-24T00:58:46.000Z","type":"audio_chunk","acknowledged":true,'
            '"error":null,"data":{"byte_range":[0,3200],"time_range":[0.0,0.1]}}'
        ),
    ]
    audio, ack = talk.hear(chunk(b"\1\2" * 1600))
    assert audio == Audio(b"\1\2" * 1600)
    assert messages([ack])[0]["data"] == {"byte_range": [3200, 6400], "time_range": [0.1, 0.2]}


@pytest.mark.parametrize("empty", [Message(b""), chunk(b"")])
def test_an_empty_chunk_keeps_alive(empty: Message) -> None:
    """Acknowledged with an empty range at the position."""
    talk = Talk()
    talk.hear(Message(bytes(320)))
    keep, ack = talk.hear(empty)
    assert keep == KeepAlive()
    assert messages([ack])[0]["data"] == {"byte_range": [320, 320], "time_range": [0.01, 0.01]}


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"audio_chunk"}',
        '{"type":"audio_chunk","data":null}',
        '{"type":"audio_chunk","data":{"chunk":5}}',
        '{"type":"audio_chunk","data":{"chunk":"AAA"}}',
        '{"type":"audio_chunk","data":{"chunk":"AA*="}}',
        '{"type":"audio_chunk","data":{"chunk":"\\u00e4"}}',
    ],
)
def test_a_chunk_that_is_no_base64_is_not_acknowledged(text: str) -> None:
    """The position does not move."""
    talk = Talk()
    [refused] = messages(talk.hear(Message(text)))
    assert refused == {
        "type": "audio_chunk",
        "acknowledged": False,
        "error": {"message": "data.chunk is not base64"},
        "data": None,
    }
    assert messages(talk.hear(Message(bytes(2))))[0]["data"]["byte_range"] == [0, 2]


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"type":"KeepAlive"}', '{"type":1}', "[" * 9999])
def test_other_text_is_not_heard(text: str) -> None:
    """No other message exists."""
    assert Talk().hear(Message(text)) == []


def test_stop_is_acknowledged_and_nothing_is_taken_after_it() -> None:
    """With what was recorded and what waits; twice is harmless."""
    talk = Talk()
    talk.hear(Message(bytes(32_000)))
    talk.say(Settled(0.75))
    ack, stop = talk.hear(STOP)
    assert stop == Stop()
    expected = {
        "type": "stop_recording",
        "acknowledged": True,
        "error": None,
        "data": {"recording_duration": 1.0, "recording_left_to_process": 0.25},
    }
    assert messages([ack]) == [expected]
    [late] = messages(talk.hear(Message(bytes(2))))
    assert (late["acknowledged"], late["data"], bool(late["error"]["message"])) == (False, None, True)
    assert messages(talk.hear(STOP)) == [expected]
    assert talk.asked.count(Stop()) == 1


def test_no_acknowledgement_where_none_is_wanted() -> None:
    """Neither of audio nor of the stop."""
    talk = Talk({"messages_config": {"receive_acknowledgments": False}})
    assert talk.hear(Message(bytes(2)), chunk(bytes(2)), Message('{"type":"audio_chunk"}'), STOP) == [
        Audio(bytes(2)),
        Audio(bytes(2)),
        Stop(),
    ]


def test_time_is_counted_in_the_clients_bytes() -> None:
    """Eight bits, two channels."""
    talk = Talk({"bit_depth": 8, "channels": 2, "sample_rate": 8000})
    audio, ack = talk.hear(Message(b"\x80" * 1600))
    assert audio == Audio(bytes(3200))
    assert messages([ack])[0]["data"] == {"byte_range": [0, 1600], "time_range": [0.0, 0.1]}


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("kind", [bytes, "x".__mul__])
def test_a_message_of_more_than_a_mebibyte_is_closed_with_1009(size: int, kind: Any) -> None:
    """The session goes on with another connection, at the same position."""
    talk = Talk()
    talk.hear(Message(bytes(2)))
    out = talk.hear(Message(kind(size)))
    if size == 1 << 20:
        assert Close not in map(type, out)
        return
    assert [(type(item), item.code) for item in out] == [(Close, 1009)]
    assert talk.server.resumable
    assert talk.hear(Lost("reset"), Message(b"12")) == []
    talk.connect()
    assert messages(talk.hear(Message(b"")))[0]["data"]["byte_range"] == [2, 2]


# What the client hears.


def test_a_turn_is_one_utterance() -> None:
    """Speech starts, partials and final share the identifier, speech ends before the final."""
    talk = Talk(PARTIALS)
    told = talk.told(SpeechStarted(0.4), partial("Hello", 0.5, 0.75), partial("Hello there", 0.5, 1.25), HELLO, END)
    assert [item["type"] for item in told] == ["speech_start", "transcript", "transcript", "speech_end", "transcript"]
    assert told[0]["data"] == {"time": 0.4, "channel": 0}
    assert told[3]["data"] == {"time": 1.4, "channel": 0}
    assert texts(told) == [
        ("00_00000000", False, " Hello"),
        ("00_00000000", False, " Hello there"),
        ("00_00000000", True, " Hello there"),
    ]
    assert told[4]["data"]["utterance"] == HELLO_JSON


def test_the_text_of_a_final_message() -> None:
    """Every field of the schema, and a ping behind it."""
    message, ping = Talk(QUIET).say(final("Hi", language="de-AT"), END)
    assert message == Message(
        '{"session_id":"id-1","created_at":"2026-09-24T00:58:46.000Z","type":"transcript","data":{"id":"00_00000000",'
        '"is_final":true,"utterance":{"text":" Hi","start":0.0,"end":1.0,"confidence":1.0,"channel":0,'
        '"language":"de","words":[{"word":" Hi","start":0.0,"end":1.0,"confidence":1.0}]}}}'
    )
    assert ping == Ping(b"1")


def test_partials_are_off_unless_asked_for_but_the_provider_may_make_them() -> None:
    """The speech of a turn is told when it begins all the same."""
    talk = Talk()
    assert isinstance(talk.asked[0], Start)
    assert talk.asked[0].config.partials is None
    assert talk.told(partial("Hel", 0.5)) == [{"type": "speech_start", "data": {"time": 0.5, "channel": 0}}]
    assert [item["type"] for item in talk.told(HELLO, END)] == ["speech_end", "transcript"]


@pytest.mark.parametrize(
    ("flag", "gone"),
    [
        ("receive_final_transcripts", ("transcript",)),
        ("receive_speech_events", ("speech_start", "speech_end")),
        ("receive_post_processing_events", ("post_transcript", "post_final_transcript")),
        ("receive_acknowledgments", ("stop_recording", "audio_chunk")),
    ],
)
def test_the_switches_are_honoured(flag: str, gone: tuple[str, ...]) -> None:
    """All the rest still comes."""
    found = []
    for body in ({}, {"messages_config": {flag: False}}):
        talk = Talk(body)
        talk.hear(Message(bytes(3200)))
        talk.say(HELLO, END)
        talk.hear(STOP)
        talk.say(Stopped())
        found.append(kinds(talk.frames))
    assert found[1] == [kind for kind in found[0] if kind not in gone]
    assert set(gone) <= set(found[0])


def test_lifecycle_only_where_asked_for_and_no_start_session() -> None:
    """SDKs make that one up themselves. The order after the stop is the vendor's."""
    talk = Talk(EVERYTHING)
    talk.hear(Message(bytes(3200)), Message(bytes(3200)))
    talk.say(HELLO, END)
    talk.hear(STOP)
    talk.say(Stopped())
    assert kinds(talk.frames) == [
        "Connected",
        "start_recording",
        "audio_chunk",
        "audio_chunk",
        "speech_start",
        "speech_end",
        "transcript",
        "stop_recording",
        "end_recording",
        "post_transcript",
        "post_final_transcript",
        "end_session",
        "Close",
    ]
    [ended] = [item for item in messages(talk.frames) if item["type"] == "end_recording"]
    assert ended["data"] == {"recording_duration": 0.2}
    assert talk.frames[-1] == Close(1000, "Session ended")


def test_pieces_of_a_turn_are_collected() -> None:
    """A partial shows the whole turn so far."""
    talk = Talk(PARTIALS)
    told = talk.told(final("one", 0, 1), partial(" two", 1, 2), final(" two", 1, 2), partial("", 2, 2), END)
    assert texts(told) == [
        ("00_00000000", False, " one two"),
        ("00_00000000", False, " one two"),
        ("00_00000000", True, " one two"),
    ]
    assert told[-1]["data"]["utterance"]["end"] == 2.0


def test_a_turn_is_cut_after_the_longest_duration() -> None:
    """A final without speech_end; what follows shows only the rest, under a new identifier."""
    talk = Talk(PARTIALS)
    told = talk.told(
        final("one", 0, 3), final(" two", 3, 5), partial(" three", 5, 6), final(" three", 5, 6), TurnEnded(turn=1)
    )
    assert [item["type"] for item in told] == ["speech_start", "transcript", "transcript", "speech_end", "transcript"]
    assert texts(told) == [
        ("00_00000000", True, " one two"),
        ("00_00000001", False, " three"),
        ("00_00000001", True, " three"),
    ]
    assert told[3]["data"]["time"] == 6.0
    assert told[4]["data"]["utterance"]["words"] == [{"word": " three", "start": 5.0, "end": 6.0, "confidence": 1.0}]


def test_the_longest_duration_is_the_clients() -> None:
    """15 s instead of 5; where all was said already, the end has no final."""
    talk = Talk({"maximum_duration_without_endpointing": 15})
    assert texts(talk.told(final("one", 0, 14.9))) == []
    told = talk.told(final(" two", 14.9, 15), TurnEnded(turn=1))
    assert [item["type"] for item in told] == ["transcript", "speech_end"]


def test_turns_of_any_key_and_channel_are_apart() -> None:
    """Two on one channel, one on another; identifiers are counted by channel."""
    talk = Talk({**PARTIALS, "channels": 2})
    told = talk.told(
        partial("a", turn=("x", 1)),
        partial("b", turn=None, start=0.25),
        partial("c", turn=None, channel=1),
        final("c", turn=None, channel=1),
        final("b", turn=None),
        final("a", turn=("x", 1)),
        TurnEnded(turn=("x", 1)),
        TurnEnded(turn=None),
        TurnEnded(turn=None, channel=1),
    )
    assert texts(told) == [
        ("00_00000000", False, " a"),
        ("00_00000001", False, " b"),
        ("01_00000000", False, " c"),
        ("00_00000000", True, " a"),
        ("00_00000001", True, " b"),
        ("01_00000000", True, " c"),
    ]
    assert [item["data"]["utterance"]["channel"] for item in told if item["type"] == "transcript"][-1] == 1


def test_speech_start_comes_once_a_turn_and_not_while_one_is_open() -> None:
    """The provider's own where it has one."""
    talk = Talk()
    told = talk.told(SpeechStarted(0.1), SpeechStarted(0.2), partial("a"), SpeechStarted(0.3), final("a"), END)
    assert [item["type"] for item in told] == ["speech_start", "speech_end", "transcript"]
    assert [item["type"] for item in talk.told(SpeechStarted(3), SpeechStarted(3, 1))] == ["speech_start"] * 2


def test_a_turn_without_finals_has_no_final() -> None:
    """It was no turn; the speech ends nevertheless, since it was said to begin."""
    talk = Talk(PARTIALS)
    told = talk.told(partial("hm"), TurnEnded(turn=1), TurnEnded(turn=2), final("  ", turn=3), TurnEnded(turn=3))
    assert [item["type"] for item in told] == ["speech_start", "transcript", "speech_end"]
    assert told[2]["data"]["time"] == 1.0


@pytest.mark.parametrize("last", [TurnEnded(turn=1), Stopped()], ids=["the turn", "the session"])
def test_speech_whose_words_were_taken_back_does_not_end_before_it_began(last: TurnEnded | Stopped) -> None:
    """No text is left to tell where it ended, so its end is that of what was shown."""
    told = Talk().told(partial("hm", 5.0, 5.4), partial("", 5.0, 5.0), last)[:2]
    assert [(item["type"], item["data"]["time"]) for item in told] == [("speech_start", 5.0), ("speech_end", 5.4)]


@pytest.mark.parametrize(
    ("body", "language", "expected"),
    [
        ({}, None, "en"),
        ({}, "fr-CA", "fr"),
        ({}, "jv", "jw"),
        ({}, "multi", "en"),
        ({"language_config": {"languages": ["de"]}}, None, "de"),
        ({"language_config": {"languages": ["de"]}}, "xx", "de"),
        ({"language_config": {"languages": ["jw"]}}, None, "jw"),
        ({"language_config": {"languages": ["de", "fr"]}}, None, "en"),
    ],
)
def test_a_language_is_always_said(body: dict[str, Any], language: str | None, expected: str) -> None:
    """That of the event, else the only one that was asked for, else English; always a code of the vendor's."""
    [said] = Talk(body | QUIET).told(final("x", language=language), END)
    assert said["data"]["utterance"]["language"] == expected


def test_scripts_without_spaces_have_none() -> None:
    """Words rebuild the text."""
    words = (Word("今日", 0, 1, joiner=""), Word("は", 1, 2, joiner=""))
    [said] = Talk(QUIET).told(Final(turn=1, text="今日は", words=words), END)
    utterance = said["data"]["utterance"]
    assert utterance["text"] == "今日は" == "".join(word["word"] for word in utterance["words"])
    [said] = Talk(QUIET).told(final("今日"), final("は"), END)
    assert "".join(word["word"] for word in said["data"]["utterance"]["words"]) == "今日は"


def test_what_gladia_cannot_say_is_left_out() -> None:
    """Its clients know no more."""
    assert Talk().say(Started("x"), Unmapped({"type": "x"}), Settled(3.0)) == []


# The end.


def test_the_whole_text_comes_at_the_end() -> None:
    """Billed by channel; by the beginnings of the utterances."""
    talk = Talk({"channels": 2, **QUIET})
    talk.hear(Message(bytes(64_000)))
    talk.say(final("Hi.", 1.9, 2.1, channel=1, turn=2), TurnEnded(turn=2, channel=1))
    talk.say(final("Hello, this is Amara.", 1.2, 2.6, language="fr"), END)
    talk.hear(STOP)
    talk.now = 3.5
    post, whole = messages(talk.say(Stopped()))
    assert post["type"] == "post_transcript"
    assert post["data"]["full_transcript"] == "Hello, this is Amara. Hi."
    assert post["data"]["languages"] == ["fr", "en"]
    assert [item["text"] for item in post["data"]["utterances"]] == [" Hello, this is Amara.", " Hi."]
    assert [len(item["words"]) for item in post["data"]["utterances"]] == [4, 1]
    assert whole == {
        "type": "post_final_transcript",
        "data": {
            "metadata": {
                "audio_duration": 1.0,
                "number_of_distinct_channels": 2,
                "billing_time": 2.0,
                "transcription_time": 3.5,
            },
            "transcription": post["data"],
        },
    }


def test_an_open_tail_is_said_as_a_final_at_the_end() -> None:
    """As it was last seen."""
    talk = Talk(QUIET)
    talk.say(final("one", 0, 1), partial(" two", 1, 2))
    talk.hear(STOP)
    assert texts(messages(talk.say(Stopped()))) == [("00_00000000", True, " one two")]


def test_speech_that_goes_on_at_the_end_ends_with_it() -> None:
    """A turn whose tail was taken back has no final."""
    talk = Talk()
    talk.say(partial("one", 0, 1), partial("two", 1, 2, turn=2), final(" ", turn=1))
    told = messages(talk.say(Stopped()))
    assert [item["type"] for item in told[:4]] == ["speech_end", "speech_end", "transcript", "post_transcript"]
    assert texts(told) == [("00_00000000", True, " two")]


@pytest.mark.parametrize(("count", "worded"), [(100, True), (3_000, False), (20_000, False)])
def test_no_message_is_longer_than_clients_take(count: int, worded: bool) -> None:
    """First all words go, then the oldest utterances."""
    talk = Talk(QUIET)
    text = " ".join(["äöü"] * 10)
    for turn in range(count):
        talk.server.send(final(text, turn, turn + 1, turn=turn), 0.0)
        talk.server.send(TurnEnded(turn=turn), 0.0)
    talk.hear(STOP)
    out = [item for item in talk.say(Stopped()) if isinstance(item, Message)]
    assert all(len(str(item.data).encode()) < 1_000_000 for item in out)
    post = messages(out)[0]["data"]
    assert all(bool(item["words"]) == worded for item in post["utterances"])
    assert post["utterances"][-1]["start"] == count - 1
    assert (len(post["utterances"]) == count) == (count < 20_000)
    assert post["full_transcript"].count(" ") == 10 * len(post["utterances"]) - 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadRequest("x", "no such model"), 4400),
        (AuthenticationError("x", "key k3y refused"), 4403),
        (QuotaExceeded("x", "full"), 4429),
        (ConnectionLost("x", "gone"), 4408),
        (ProtocolError("x", "nonsense"), 4408),
        (ProviderError("x", "?"), 4408),
    ],
)
def test_a_failure_is_an_end_for_which_no_client_dials_again(error: ProviderError, code: int) -> None:
    """4400 to 4499; what is final is told before."""
    talk = Talk(QUIET)
    talk.say(final("one"))
    out = talk.say(Failed(error))
    assert texts(messages(out)) == [("00_00000000", True, " one")]
    close = out[-1]
    assert isinstance(close, Close)
    assert close.code == code
    assert "k3y" not in close.reason
    assert not talk.server.resumable
    assert talk.server.deadline is None
    assert talk.hear(Message(bytes(2)), STOP, Lost("reset")) == []


def test_the_reason_of_a_close_fits_its_frame() -> None:
    """123 bytes; a character is not cut."""
    [close] = Talk().say(Failed(BadRequest("x", "ä" * 100)))
    assert isinstance(close, Close)
    assert 120 < len(close.reason.encode()) <= 123


def test_a_client_that_closes_with_1000_has_stopped_and_is_gone() -> None:
    """What comes later is for nobody."""
    talk = Talk()
    talk.hear(Message(bytes(2)))
    assert talk.hear(Close(1000)) == [Stop()]
    assert not talk.server.resumable
    assert talk.server.deadline is None
    assert talk.say(HELLO, END, Stopped()) == []
    assert talk.hear(Message(bytes(2)), STOP, Close(1000)) == []
    [refused] = talk.hear(Connect(talk.url))
    assert isinstance(refused, Refused)
    assert refused.status == 403


# Several connections.


@pytest.mark.parametrize("cut", [Lost("reset"), Close(1001), Close(1006), Close(None), Close(4500)])
def test_a_session_outlives_its_connection(cut: Frame) -> None:
    """Same token, any number of times; position, clock and identifiers go on."""
    talk = Talk(QUIET)
    assert talk.server.resumable
    talk.hear(Message(bytes(range(200))))
    talk.say(HELLO, END)
    talk.hear(Pong(b"1"))
    for _ in range(3):
        assert talk.hear(cut) == []
        assert talk.server.resumable
        assert talk.connect() == [Connected()]
    assert messages(talk.hear(Message(b"ab")))[0]["data"]["byte_range"] == [200, 202]
    assert texts(talk.told(final("x", turn=2), TurnEnded(turn=2)))[0][0] == "00_00000001"
    assert [type(item) for item in talk.asked] == [Start, Audio, Audio]


def test_audio_that_is_sent_again_is_taken_once() -> None:
    """From the last acknowledgement that was read."""
    talk = Talk()
    audio = bytes(index * 7 % 251 for index in range(240))
    talk.hear(Message(audio[:80]), Message(audio[80:120]), Message(audio[120:160]))
    talk.hear(Lost("reset"))
    talk.connect()
    [ack, *_] = messages(talk.hear(Message(b""), Message(audio[80:200]))[1:])
    assert ack["data"]["byte_range"] == [160, 160]
    talk.hear(chunk(audio[200:]))
    assert talk.audio == audio


def test_another_connection_before_the_loss_was_noticed_goes_on_too() -> None:
    """Clients see it first."""
    talk = Talk(QUIET)
    talk.say(HELLO, END)
    assert kinds(talk.connect()) == ["Connected", "transcript"]


def test_what_was_not_read_is_said_again_in_order() -> None:
    """And what came while nobody was there; partials, acknowledgements and speech are not."""
    talk = Talk(PARTIALS)
    talk.say(final("one"), END)
    talk.say(final("two", turn=2), TurnEnded(turn=2))
    talk.hear(Pong(b"1"), Pong(b"nonsense"), Pong(b"9"), Pong(b""), Lost("reset"))
    assert talk.say(partial("three", turn=3), final("three", turn=3), TurnEnded(turn=3), partial("fo", turn=4)) == []
    out = talk.connect()
    assert [type(item) for item in out] == [Connected, Message, Ping, Message, Ping]
    assert [text for _, _, text in texts(messages(out))] == [" two", " three"]
    assert [item.data for item in out if isinstance(item, Ping)] == [b"2", b"3"]
    talk.hear(Pong(b"3"), Lost("reset"))
    assert talk.connect() == [Connected()]


def test_what_is_kept_for_the_client_is_bounded() -> None:
    """The oldest go."""
    talk = Talk(QUIET)
    talk.hear(Lost("reset"))
    for turn in range(600):
        talk.say(final("x" * 10_000, turn=turn), TurnEnded(turn=turn))
    sizes = [len(item.data) for item in talk.connect() if isinstance(item, Message)]
    assert 4_000_000 < sum(sizes) <= 4 << 20


def test_a_session_whose_client_does_not_come_back_is_stopped() -> None:
    """After the grace; it is over when the provider is done."""
    talk = Talk()
    talk.now = 10.0
    talk.hear(Lost("reset"))
    assert talk.server.deadline == 10.0 + GRACE
    assert talk.tick(39.9) == []
    assert talk.tick(40.0) == [Stop()]
    assert talk.server.deadline is None
    assert talk.server.resumable
    assert talk.say(HELLO, END, Stopped()) == []
    assert not talk.server.resumable


def test_a_client_that_comes_back_after_the_grace_gets_the_end() -> None:
    """As long as the provider is not done."""
    talk = Talk(QUIET)
    talk.hear(Lost("reset"))
    talk.tick(GRACE)
    assert talk.connect() == [Connected()]
    assert kinds(talk.say(HELLO, END, Stopped())) == ["transcript", "post_transcript", "post_final_transcript", "Close"]


def test_the_stop_is_remembered() -> None:
    """SDKs never repeat it."""
    talk = Talk(QUIET)
    talk.hear(STOP, Lost("reset"))
    assert talk.connect() == [Connected()]
    assert talk.server.deadline is None
    assert kinds(talk.say(Stopped())) == ["post_transcript", "post_final_transcript", "Close"]


def test_an_end_that_nobody_hears_is_kept() -> None:
    """Within the grace."""
    talk = Talk(EVERYTHING)
    talk.hear(STOP)
    talk.now = 5.0
    talk.hear(Lost("reset"))
    talk.now = 6.0
    assert talk.say(HELLO, END, Stopped()) == []
    assert talk.server.deadline == 5.0 + GRACE
    expected = ["Connected", "transcript", "end_recording", "post_transcript", "post_final_transcript", "end_session"]
    assert kinds(talk.connect()) == [*expected, "Close"]


def test_an_end_that_was_lost_on_its_way_is_said_again() -> None:
    """Until the client closes, or the grace is over."""
    talk = Talk(QUIET)
    talk.hear(STOP)
    talk.say(HELLO, END, Stopped())
    talk.now = 2.0
    talk.hear(Lost("reset"))
    assert talk.server.resumable
    again = kinds(talk.connect())
    assert again == ["Connected", "transcript", "post_transcript", "post_final_transcript", "Close"]
    assert talk.hear(Message(bytes(2)), STOP) == []
    assert talk.server.deadline == 2.0 + GRACE
    assert talk.tick(2.0 + GRACE) == []
    assert not talk.server.resumable


@pytest.mark.parametrize("code", [1000, None])
def test_the_end_that_the_client_answers_is_the_end(code: int | None) -> None:
    """Nothing more is waited for."""
    talk = Talk()
    talk.hear(STOP)
    talk.say(Stopped())
    assert talk.hear(Close(code)) == []
    assert not talk.server.resumable
    assert talk.server.deadline is None


def test_a_failure_that_nobody_hears_is_an_end() -> None:
    """There is nothing to come back to."""
    talk = Talk()
    talk.hear(Lost("reset"))
    assert talk.say(Failed(ConnectionLost("x", "gone"))) == []
    assert not talk.server.resumable


def test_a_token_of_another_session_is_refused() -> None:
    """The gateway asks the right object; if it does not, nobody hears another's words."""
    talk = Talk()
    other = Server(context(new_id=lambda: "other"))
    [refused] = other.receive(Connect("/v2/live?token=x"), 0.0)
    assert isinstance(refused, Refused)
    [refused] = talk.hear(Connect("/v2/live?token=x"))
    assert isinstance(refused, Refused)
    assert messages(talk.hear(Message(b"ab")))[0]["acknowledged"]


# Time.


def test_a_client_that_says_nothing_has_stopped() -> None:
    """Any message starts the time anew; what waits for its end has nothing to say."""
    talk = Talk()
    assert talk.server.deadline == IDLE
    talk.now = 20.0
    talk.hear(chunk(b""))
    assert talk.server.deadline == 20.0 + IDLE
    assert talk.tick(79.9) == []
    ack, stop = talk.tick(80.0)
    assert (messages([ack])[0]["type"], stop) == ("stop_recording", Stop())
    assert talk.server.deadline is None
    assert talk.tick(999.0) == []


def test_a_client_that_comes_back_and_says_nothing_has_stopped() -> None:
    """Its stop was lost with the connection; one sign of life, and it has all the time again."""
    talk = Talk()
    talk.hear(Lost("reset"))
    talk.now = 7.0
    talk.connect()
    assert talk.server.deadline == 7.0 + RETURNED
    talk.now = 9.0
    talk.hear(chunk(b""))
    assert talk.server.deadline == 9.0 + IDLE


# Anything.

NUMBERS = st.floats(0, 100)
WORDS = st.lists(
    st.builds(Word, st.sampled_from(["a", "bc", "今", "é"]), NUMBERS, NUMBERS, st.none() | st.floats(0, 1))
)
PIECE: dict[str, Any] = {
    "turn": st.sampled_from([1, 2, "x", None, ("t", 1)]),
    "channel": st.sampled_from([0, 1]),
    "text": st.sampled_from(["", " ", "hello", " you there", "今日", "\ud800"]),
    "words": WORDS.map(tuple),
    "start": st.none() | NUMBERS,
    "end": st.none() | NUMBERS,
    "language": st.sampled_from([None, "de", "multi"]),
    "confidence": st.none() | st.floats(0, 1),
}
EVENTS = st.one_of(
    st.builds(Partial, **PIECE),
    st.builds(Final, **PIECE),
    st.builds(TurnEnded, turn=PIECE["turn"], channel=PIECE["channel"], at=st.none() | NUMBERS),
    st.builds(SpeechStarted, NUMBERS, PIECE["channel"]),
    st.builds(Settled, NUMBERS, PIECE["channel"]),
)
STEPS = EVENTS | st.sampled_from([Message(b"\1\2\3"), STOP, Lost("reset"), Close(1001), Pong(b"2"), "connect"])
NUMBER = (int, float)


def check_utterance(value: dict[str, Any]) -> None:
    assert list(value) == ["text", "start", "end", "confidence", "channel", "language", "words"]
    assert 0 <= value["start"] <= value["end"]
    assert 0 <= value["confidence"] <= 1
    assert isinstance(value["language"], str)
    for word in value["words"]:
        assert list(word) == ["word", "start", "end", "confidence"]
        assert isinstance(word["word"], str)
        assert all(isinstance(word[name], float) for name in ("start", "end", "confidence"))


def check(message: dict[str, Any]) -> None:
    """What strict clients insist on, message by message."""
    assert {"session_id", "created_at", "type"} <= message.keys()
    data: Any = message.get("data")
    match message["type"]:
        case "transcript":
            assert isinstance(data["id"], str)
            assert isinstance(data["is_final"], bool)
            assert data["utterance"]["text"].strip()
            check_utterance(data["utterance"])
        case "speech_start" | "speech_end":
            assert isinstance(data["time"], NUMBER)
            assert data["channel"] in (0, 1)
        case "audio_chunk":
            assert "error" in message
            assert message["acknowledged"] == (data is not None)
            assert data is None or len(data["byte_range"]) == len(data["time_range"]) == 2
        case "stop_recording":
            assert "error" in message
            assert {"recording_duration", "recording_left_to_process"} == data.keys()
        case "end_recording":
            assert isinstance(data["recording_duration"], NUMBER)
        case "post_transcript" | "post_final_transcript" as kind:
            whole = data if kind == "post_transcript" else data["transcription"]
            assert list(whole) == ["full_transcript", "languages", "utterances"]
            for utterance in whole["utterances"]:
                check_utterance(utterance)
            assert kind == "post_transcript" or all(isinstance(item, NUMBER) for item in data["metadata"].values())
        case kind:
            assert kind in ("start_recording", "end_session")


@given(st.lists(STEPS, max_size=12))
def test_any_events_give_whole_messages_and_one_final_for_each_identifier(steps: list[Any]) -> None:
    """Over any losses; what is said again is the same text."""
    talk = Talk({**EVERYTHING, "channels": 2})
    for step in steps:
        if step == "connect":
            talk.connect()
        elif isinstance(step, Frame):
            talk.hear(step)
        else:
            talk.say(step)
    talk.connect()
    talk.hear(STOP)
    talk.say(Stopped())
    talk.connect()
    finals: dict[str, str] = {}
    for frame in talk.frames:
        if isinstance(frame, Message):
            assert isinstance(frame.data, str)
            message = json.loads(frame.data.encode())
            check(message)
            if message["type"] == "transcript":
                name, text = message["data"]["id"], frame.data
                assert message["data"]["is_final"] or name not in finals
                if message["data"]["is_final"]:
                    assert finals.setdefault(name, text) == text
    assert talk.frames[-1] == Close(1000, "Session ended")
    assert talk.asked.count(Stop()) == 1


@given(st.lists(st.builds(Message, st.binary(max_size=9) | st.text(max_size=9)) | STEPS, max_size=9))
def test_receive_never_raises(steps: list[Any]) -> None:
    """Nor does a fresh server half that was never connected."""
    for server in (Talk().server, Server(context())):
        for now, step in enumerate(steps):
            if isinstance(step, Frame):
                server.receive(step, float(now))
            server.tick(float(now))


def test_a_long_push_that_is_sent_again_is_taken_once() -> None:
    """None of the answers to half a minute of audio was read, so all of it comes again."""
    talk = Talk()
    audio = random.Random(3).randbytes(30 * 32_000)
    pushed = [audio[at : at + 3200] for at in range(0, len(audio), 3200)]
    talk.hear(*map(Message, pushed), Lost("reset"))
    talk.connect()
    talk.hear(Message(audio[: 1 << 19]), Message(audio[1 << 19 :]))
    assert talk.audio == audio


def test_pings_among_acknowledgements_tell_what_was_read() -> None:
    """One every two seconds of audio; what was read is not kept, so the same sound is new much later."""
    talk = Talk()
    second = random.Random(4).randbytes(32_000)
    out = talk.hear(*[Message(second)] * 4)
    assert [item for item in out if isinstance(item, Ping)] == [Ping(b"@64000"), Ping(b"@128000")]
    talk.hear(*[Message(random.Random(seed).randbytes(32_000)) for seed in range(5, 25)], Pong(b"@768000"))
    talk.hear(Pong(b"@"), Pong(b"@x"), Pong(b"\xff1"), Pong(b"@99999999999999999999"), Message(b"ab"), Lost("reset"))
    before = len(talk.audio)
    talk.connect()
    talk.hear(Message(second))
    assert talk.audio[before:] == second


def test_a_client_without_acknowledgements_is_not_asked_what_it_read() -> None:
    """There is nothing that it could have read."""
    talk = Talk({"messages_config": {"receive_acknowledgments": False}})
    assert talk.hear(*[Message(bytes(32_000))] * 4) == [item for item in talk.asked if isinstance(item, Audio)]
