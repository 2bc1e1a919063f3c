"""The client half of ``/v1/listen``: commands, rare messages, ends, and what no sane vendor says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import BadRequest, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.testing import check_turns
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Settled,
    SpeechStarted,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
)
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Refused,
)

from .wire import (
    CLOSE,
    FINALIZE,
    FLUX_EN,
    KEEP_ALIVE,
    LISTEN_ID,
    METADATA,
    NET0000,
    NET0001,
    Client,
    asked,
    ended,
    hear,
    results,
    said,
    separate,
    settled,
    started,
    utterance_end,
)

SO = settled(0.0, 2.0, "So it goes")
NOVA2 = Config(model="nova-2")


def failure(out: list[Any]) -> ProviderError:
    """The error of a list that is Failed alone: what is open is the replay's."""
    [failed] = out
    assert isinstance(failed, Failed)
    return failed.error


# Commands.


def test_audio_is_binary_and_raw() -> None:
    """Silence too; control is text."""
    client = started()
    assert client.send(Audio(b"\1\0" * 800), 0.0) == [Message(b"\1\0" * 800)]
    assert client.send(Silence(0.05), 0.0) == [Message(bytes(1600))]


@pytest.mark.parametrize("command", [Audio(b""), Silence(0.0), Silence(0.00001)])
def test_an_empty_message_is_never_sent(command: Any) -> None:
    """It would end the stream."""
    assert started().send(command, 0.0) == []


def test_silence_is_silent_in_its_encoding() -> None:
    """A zero is loud in µ-law."""
    client = started(Config(audio=AudioFormat(8_000, "pcm_mulaw")))
    assert client.send(Silence(0.01), 0.0) == [Message(b"\xff" * 80)]


def test_long_audio_is_cut_between_samples() -> None:
    """No message is longer than servers take, and no sample of any channel is split."""
    audio = AudioFormat(48_000, "pcm_f32le", channels=3)
    data = bytes(range(256)) * 9_000
    data = data[: len(data) - len(data) % audio.frame]
    frames = started(Config(audio=audio, channels="separate")).send(Audio(data), 0.0)
    parts = [frame.data for frame in frames if isinstance(frame, Message) and isinstance(frame.data, bytes)]
    assert b"".join(parts) == data
    assert len(parts) == len(frames) > 1
    assert all(0 < len(part) <= 1 << 20 and len(part) % audio.frame == 0 for part in parts)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (KeepAlive(), KEEP_ALIVE),
        (Finalize("f"), FINALIZE),
        (Finalize("f", 0), {**FINALIZE, "channel": 0}),
        (Finalize("f", 1), {**FINALIZE, "channel": 1}),
        (Stop(), CLOSE),
        (
            Configure("c", {"keyterms": ("tretinoin", "Ankh Morpork")}),
            {"type": "Configure", "keyterms": ["tretinoin", "Ankh Morpork"]},
        ),
        (Configure("c", {"keyterms": ()}), {"type": "Configure", "keyterms": []}),
    ],
)
def test_each_command_is_one_text_message(command: Any, message: dict[str, Any]) -> None:
    """As the page spells it."""
    out = started(separate()).send(command, 0.0)
    assert len(out) == 1
    assert asked(out) == [message]


# Changes in mid-session.


SUCCESS = said("ConfigureSuccess", request_id=LISTEN_ID, keyterms=["a"])
PENDING = said(
    "ConfigureFailure", request_id=LISTEN_ID, code="CONFIGURE_ALREADY_PENDING", description="one update at a time"
)


def change(*terms: str, id_: str = "c") -> Configure:
    return Configure(id_, {"keyterms": terms})


def test_a_change_that_was_taken() -> None:
    """Is said to be."""
    client = started()
    assert asked(client.send(change("a"), 0.0)) == [{"type": "Configure", "keyterms": ["a"]}]
    assert client.deadline is not None
    assert hear(client, SUCCESS) == [Configured("c")]
    assert client.deadline is None


def test_a_change_that_was_refused() -> None:
    """With the vendor's code and reason."""
    client = started()
    client.send(change("a"), 0.0)
    assert hear(client, PENDING) == [Configured("c", False, "CONFIGURE_ALREADY_PENDING: one update at a time")]


def test_a_change_that_nobody_answers() -> None:
    """Counts as made: older servers do not answer. It keeps no later one waiting."""
    client = started()
    client.send(change("a"), 10.0)
    assert client.send(change("b", id_="d"), 11.0) == []
    assert client.deadline is not None
    assert 11.0 < client.deadline <= 20.0
    assert client.tick(client.deadline - 0.1) == []
    out = client.tick(client.deadline)
    assert out[0] == Configured("c")
    assert asked(out) == [{"type": "Configure", "keyterms": ["b"]}]
    assert hear(client, SUCCESS) == [Configured("d")]


def test_several_changes_go_one_after_the_other() -> None:
    """The vendor takes one at a time; one that is refused does not stop the next."""
    client = started()
    assert len(client.send(change("a", id_="1"), 0.0)) == 1
    assert client.send(change("b", id_="2"), 0.0) == []
    assert client.send(change("c", id_="3"), 0.0) == []
    first = hear(client, SUCCESS)
    assert first[0] == Configured("1")
    assert asked(first) == [{"type": "Configure", "keyterms": ["b"]}]
    second = hear(client, PENDING)
    assert isinstance(second[0], Configured)
    assert (second[0].id, second[0].accepted) == ("2", False)
    assert asked(second) == [{"type": "Configure", "keyterms": ["c"]}]
    assert hear(client, SUCCESS) == [Configured("3")]
    assert hear(client, SUCCESS, PENDING) == []


def test_a_change_that_the_end_leaves_unanswered_is_refused() -> None:
    """Every change has one answer."""
    client = started()
    client.send(change("a", id_="1"), 0.0)
    client.send(Stop(), 0.0)
    refused, last = hear(client, METADATA)
    assert isinstance(refused, Configured)
    assert (refused.id, refused.accepted) == ("1", False)
    assert isinstance(last, Stopped)


def test_a_change_that_still_waits_at_the_end_is_refused() -> None:
    """What is said after CloseStream is not read: nothing follows it, and nobody is told that the change was made."""
    client = started()
    client.send(change("a", id_="1"), 0.0)
    client.send(change("b", id_="2"), 0.0)
    out = client.send(Stop(), 0.0)
    assert asked(out) == [CLOSE]
    [refused] = [item for item in out if isinstance(item, Configured)]
    assert (refused.id, refused.accepted) == ("2", False)
    assert hear(client, SUCCESS) == [Configured("1")]
    assert hear(client, SUCCESS) == []


@pytest.mark.parametrize("options", [{"language": "de"}, {"partials": False}, {"keyterms": ("a",), "language": "de"}])
def test_what_cannot_change(options: dict[str, Any]) -> None:
    """Is refused without a word to the vendor."""
    [refused] = started().send(Configure("c", options), 0.0)
    assert isinstance(refused, Configured)
    assert not refused.accepted
    assert "keyterms" in refused.reason


@pytest.mark.parametrize("options", [{}, {"language": None}, {"max_turn_silence": None}, {"languages": ()}])
def test_a_change_that_says_nothing_of_keyterms_leaves_them(options: dict[str, Any]) -> None:
    """An empty list would clear them."""
    out = started(Config(keyterms=("Ana",))).send(Configure("c", options), 0.0)
    assert asked(out) == []
    assert [item.id for item in out if isinstance(item, Configured)] == ["c"]


def test_too_many_terms_are_not_sent() -> None:
    """Refused; or left out with a warning, and then the old ones stay."""
    terms = ("x",) * 501
    [refused] = started().send(change(*terms), 0.0)
    assert refused == Configured("c", False, "deepgram: keyterms takes at most 500 tokens in all; these are 501 words")
    out = started(Config(keyterms=("Ana",), on_unsupported="warn")).send(change(*terms), 0.0)
    assert asked(out) == []
    assert [type(item) for item in out] == [Warned, Configured]


def test_older_models_cannot_change_their_keywords() -> None:
    """Configure is of Nova-3; also when the list is to be cleared."""
    for terms in (("a",), ()):
        [refused] = started(NOVA2).send(change(*terms), 0.0)
        assert isinstance(refused, Configured)
        assert not refused.accepted
        assert "Nova-3" in refused.reason


@pytest.mark.parametrize("cut", [None, 40])
def test_a_server_that_does_not_know_changes_refuses_one(cut: int | None) -> None:
    """Its Error quotes the message, perhaps cut short; only the one that was sent is refused."""
    client = started()
    client.send(change("a", id_="1"), 0.0)
    client.send(change("b", id_="2"), 0.0)
    quoted = json.dumps({"type": "Configure", "keyterms": ["a" * 40]})[:cut]
    out = hear(
        client, said("Error", variant="SchemaError", description="text frame is not a known message", message=quoted)
    )
    assert [item for item in out if isinstance(item, Configured)] == [
        Configured("1", False, "text frame is not a known message")
    ]


def test_an_error_does_not_say_what_it_quotes() -> None:
    """Terms may be names of people."""
    client = started()
    client.send(change("Vetinari", id_="1"), 0.0)
    out = hear(client, said("Error", variant="SchemaError", message='{"type": "Configure", "keyterms": ["Vetinari"]}'))
    assert out == [Warned("deepgram:SchemaError", "no reason given"), Configured("1", False, "no reason given")]


def test_only_so_many_changes_wait() -> None:
    """One more is refused at once, and none of the others is lost."""
    client = started()
    for number in range(100):
        client.send(change("a", id_=str(number)), 0.0)
    refused = client.send(change("a", id_="100"), 0.0)
    assert refused == [Configured("100", False, "100 changes wait for their turn already")]
    ids = [item.id for _ in range(101) for item in hear(client, SUCCESS) if isinstance(item, Configured)]
    assert ids == [str(number) for number in range(100)]


# Rare messages.


def test_an_error_of_listen_does_not_end_the_session() -> None:
    """No page says that it does; the socket's own end will tell. The caller is warned."""
    text = said(
        "Error", variant="SchemaError", description="text frame is not a known message", message='{"type":"Stop"}'
    )
    client = started()
    assert hear(client, text) == [Warned("deepgram:SchemaError", "text frame is not a known message")]
    assert hear(client, SO)[-1] == Settled(2.0)


@pytest.mark.parametrize("members", [{}, {"variant": 7, "description": []}, {"code": "X"}, {"message": None}])
def test_an_error_without_words(members: dict[str, Any]) -> None:
    """Is one all the same."""
    [warned] = hear(started(), said("Error", **members))
    assert isinstance(warned, Warned)
    assert warned.message


@pytest.mark.parametrize(
    "message",
    [
        {"type": "Telemetry", "x": 1},
        {"type": None},
        {"type": 7},
        {"type": ["Results"]},
        {"type": "results"},
        {"type": "Connected", "request_id": "x", "sequence_id": 0},
        {"type": "TurnInfo", "event": "EndOfTurn", "transcript": "x"},
        {"type": "Open"},
        {},
    ],
)
def test_what_we_do_not_know_leaves_as_it_came(message: dict[str, Any]) -> None:
    """Also what is of the other path."""
    assert hear(started(), json.dumps(message)) == [Unmapped(message)]


def test_metadata_in_mid_session_ends_nothing() -> None:
    """A specification of 2025 calls it periodic."""
    client = started()
    [unmapped] = hear(client, METADATA)
    assert isinstance(unmapped, Unmapped)
    assert hear(client, SO)[-1] == Settled(2.0)


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_a_legacy_error_ends_the_session(config: Config) -> None:
    """A proxy's way to refuse after the handshake."""
    error = failure(hear(started(config), json.dumps({"err_code": "INVALID_AUTH", "err_msg": "no", "request_id": "r"})))
    assert (type(error).__name__, error.code, error.reason, error.request_id) == (
        "AuthenticationError",
        "INVALID_AUTH",
        "no",
        "r",
    )


# Ends.


def stopped(*texts: str) -> Client:
    client = started()
    hear(client, *texts)
    client.send(Stop(), 0.0)
    return client


def test_metadata_after_close_stream_is_the_end() -> None:
    """What comes behind it is not heard."""
    client = stopped()
    assert hear(client, METADATA) == [Stopped("stopped", 41.26)]
    assert client.receive(Close(1000), 0.0) == []
    assert hear(client, SO, METADATA) == []


def test_the_tail_comes_before_metadata() -> None:
    """Results and an UtteranceEnd after CloseStream are heard."""
    client = stopped(SO)
    assert [type(item) for item in hear(client, settled(2.0, 1.0, "and on."), utterance_end(2.5))] == [
        Final,
        Settled,
        TurnEnded,
    ]
    assert hear(client, METADATA) == [Stopped("stopped", 41.26)]


@pytest.mark.parametrize("code", [1000, 1005, None])
def test_a_normal_close_after_close_stream_is_the_end(code: int | None) -> None:
    """Without Metadata too, where the last span ends about where the audio does."""
    assert stopped(settled(0.0, 59.9)).receive(Close(code), 0.0) == [Stopped("stopped", None)]


@pytest.mark.parametrize("code", [1000, 1005, None])
def test_a_normal_close_before_words_are_final_is_a_loss(code: int | None) -> None:
    """Without Metadata: it cut off what was to come."""
    [failed] = stopped(settled(0.0, 59.0), results(59.0, 1.0, "and on")).receive(Close(code), 0.0)
    assert isinstance(failed, Failed)
    assert failed.error.retryable
    assert "in mid-session" in failed.error.reason


@pytest.mark.parametrize("code", [1000, 1005, None])
def test_a_normal_close_says_how_much_was_left_untold(code: int | None) -> None:
    """Without Metadata, and with nothing that is known to come, it may be the end; every channel counts."""
    assert stopped(settled(0.0, 58.0)).receive(Close(code), 0.0) == [Stopped("stopped", None, None, 2.0)]
    client = started(separate(), seconds=2.0)
    hear(client, settled(0.0, 2.0, "So", channel=0, channels=2), settled(0.0, 0.5, "it", channel=1, channels=2))
    client.send(Stop(), 0.0)
    assert client.receive(Close(code), 0.0)[-1] == Stopped("stopped", None, None, 1.5)


@pytest.mark.parametrize("metadata", [{}, {"duration": "x"}, {"duration": None, "channels": 0}])
def test_metadata_without_audio(metadata: dict[str, Any]) -> None:
    """Has less to say."""
    assert hear(stopped(), said("Metadata", **metadata)) == [Stopped("stopped", None)]


@pytest.mark.parametrize("when", ["live", "draining"])
@pytest.mark.parametrize(
    ("code", "reason", "kind", "known", "again"),
    [
        (1008, "DATA-0000", BadRequest, "DATA-0000", False),
        (1008, "Bytes cannot be decoded. See https://dpgr.am/data0000", BadRequest, "DATA-0000", False),
        (1008, "", BadRequest, 1008, False),
        (1011, NET0000, ConnectionLost, "NET-0000", True),
        (1011, NET0001, ConnectionLost, "NET-0001", True),
        (1011, "NET-0001", ConnectionLost, "NET-0001", True),
        (1011, "net0001", ConnectionLost, "NET-0001", True),
        (1011, "", ConnectionLost, 1011, True),
        (1006, "", ConnectionLost, 1006, True),
        (1001, "going away", ConnectionLost, 1001, True),
        (1012, "restart", ConnectionLost, 1012, True),
        (4000, "what", ConnectionLost, 4000, True),
    ],
)
def test_close_codes(when: str, code: int, reason: str, kind: type[ProviderError], known: Any, again: bool) -> None:
    """Before and after CloseStream: what nobody asked for is a typed error, and the open turn is the replay's."""
    client = started() if when == "live" else stopped()
    hear(client, SO)
    error = failure(client.receive(Close(code, reason), 0.0))
    assert (type(error), error.code, error.retryable) == (kind, known, again)
    assert client.receive(Close(code, reason), 0.0) == []
    assert client.deadline is None


@pytest.mark.parametrize("code", [1000, 1005, None])
def test_a_normal_close_that_nobody_asked_for_is_a_loss(code: int | None) -> None:
    """The audio is heard again elsewhere."""
    error = failure(started().receive(Close(code), 0.0))
    assert (type(error), error.retryable) == (ConnectionLost, True)


def test_a_lost_connection() -> None:
    """Is a loss before and after CloseStream."""
    for client in (started(), stopped()):
        error = failure(client.receive(Lost("reset"), 0.0))
        assert (type(error), error.retryable) == (ConnectionLost, True)


def test_what_is_no_json_breaks_the_connection() -> None:
    """Another may do better."""
    for data in ("", "no json", "[]", "7", "null", '"x"', '{"type":', b"\0\xff", b"", "[" * 100_000):
        error = failure(started().receive(Message(data), 0.0))
        assert (type(error), error.retryable) == (ProtocolError, True)


@pytest.mark.parametrize("frame", [Ping(), Connect("wss://x"), HttpRequest("GET", "https://x"), HttpResponse(200)])
def test_frames_that_are_not_for_a_client(frame: Frame) -> None:
    """Say nothing."""
    assert started().receive(frame, 0.0) == []


# What is missing, wrong or beyond all measure.


def without(text: str, *path: Any) -> str:
    """The message without one member."""
    message = json.loads(text)
    inner = message
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return json.dumps(message)


@pytest.mark.parametrize(
    "path",
    [
        ("channel_index",),
        ("duration",),
        ("start",),
        ("metadata",),
        ("from_finalize",),
        ("channel", "alternatives", 0, "confidence"),
        ("channel", "alternatives", 0, "words"),
        ("channel", "alternatives", 0, "words", 0, "punctuated_word"),
        ("channel", "alternatives", 0, "words", 0, "start"),
        ("channel", "alternatives", 0, "words", 0, "end"),
        ("channel", "alternatives", 0, "words", 0, "confidence"),
    ],
)
def test_a_member_that_is_missing_costs_no_words(path: tuple[Any, ...]) -> None:
    """The turn has its text and its end."""
    client = started()
    seen = hear(
        client, without(ended(1.0, 2.0, "so it goes", ("so", 1.2, 1.5), ("it", 1.6, 1.7), ("goes", 1.8, 2.2)), *path)
    )
    [final] = [item for item in seen if isinstance(item, Final)]
    assert final.text == "so it goes"
    assert [word.text for word in final.words] == ["so", "it", "goes"]
    assert all(0 <= word.start <= word.end <= 3.0 for word in final.words)
    assert [type(item) for item in seen if isinstance(item, TurnEnded)] == [TurnEnded]


def test_a_transcript_that_is_missing_is_made_of_its_words() -> None:
    """Rather than lost."""
    seen = hear(started(), without(ended(0.0, 2.0, "So it goes."), "channel", "alternatives", 0, "transcript"))
    assert [item.text for item in seen if isinstance(item, Final)] == ["So it goes."]


@pytest.mark.parametrize("wrong", [7, None, [], {}, True])
def test_a_punctuated_word_of_another_type(wrong: Any) -> None:
    """Leaves the plain one."""
    message = json.loads(settled(0.0, 1.0, "So."))
    message["channel"]["alternatives"][0]["words"][0]["punctuated_word"] = wrong
    [final] = [item for item in hear(started(), json.dumps(message)) if isinstance(item, Final)]
    assert [word.text for word in final.words] == ["so"]


def test_is_final_that_is_missing_is_an_interim() -> None:
    """What nobody calls final may change."""
    seen = hear(started(), without(settled(0.0, 1.0, "So"), "is_final"))
    assert [type(item) for item in seen] == [SpeechStarted, Partial]


numbers = st.one_of(
    st.floats(), st.integers(-(10**30), 10**30), st.just(1e300), st.just(-1), st.sampled_from([0, 0.5, 1.0, 2.5, 9.75])
)
texts = st.sampled_from(["", " ", "so", "it goes", " four one. ", "é", "\u200b", "注文", "a\ud800b", "x" * 300])
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
heard = st.fixed_dictionaries(
    {},
    optional={
        "word": texts | anything,
        "punctuated_word": texts | anything,
        "start": numbers | anything,
        "end": numbers | anything,
        "confidence": numbers | anything,
        "speaker": st.integers(-1, 3) | anything,
        "language": texts | anything,
    },
)
alternative = st.fixed_dictionaries(
    {},
    optional={
        "transcript": texts | anything,
        "words": st.lists(heard | anything, max_size=4) | anything,
        "languages": st.lists(texts, max_size=2) | anything,
        "confidence": numbers | anything,
    },
)
index = st.sampled_from([[0, 1], [1, 2], [0, 2], [7, 8], [-1, 2], [], None, 10**12, "0"])
span = st.fixed_dictionaries(
    {"type": st.just("Results")},
    optional={
        "start": numbers | anything,
        "duration": numbers | anything,
        "is_final": st.booleans() | anything,
        "speech_final": st.booleans() | anything,
        "from_finalize": st.booleans() | anything,
        "channel_index": index | anything,
        "channel": st.fixed_dictionaries({"alternatives": st.lists(alternative, max_size=2) | anything}) | anything,
    },
)
other = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["UtteranceEnd", "SpeechStarted", "Error", "ConfigureSuccess", "ConfigureFailure", "Metadata", "X"]
        )
    },
    optional={
        "channel": index | anything,
        "last_word_end": numbers | anything,
        "timestamp": numbers | anything,
        "code": anything,
        "description": anything,
        "variant": anything,
        "duration": numbers | anything,
        "err_code": anything,
    },
)
frames = st.one_of(
    st.one_of(span, span, span, other, anything).map(lambda value: Message(json.dumps(value))),
    st.text().map(Message),
    st.binary(max_size=20).map(Message),
    st.builds(Close, st.none() | st.integers(1000, 4999), st.text(max_size=40)),
    st.builds(Refused, st.integers(100, 599), st.just({"dg-error": "\0"}), st.binary(max_size=20)),
    st.just(Lost("reset")),
    st.just(Connected()),
)
commands = st.sampled_from(
    [Audio(bytes(3200)), Finalize("f"), Finalize("g", 1), Finalize("h", 9), Configure("c", {"keyterms": ("a",)})]
)


def grammatical(events: list[Event]) -> None:
    """Nothing follows a turn's end or the session's; every time is one."""
    over: set[Any] = set()
    for place, event in enumerate(events):
        if isinstance(event, (Partial, Final, TurnEnded)):
            assert event.turn not in over
            hash(event.turn)
        if isinstance(event, TurnEnded):
            over.add(event.turn)
        if isinstance(event, (Partial, Final)):
            assert all(word.text.strip() and 0 <= word.start <= word.end for word in event.words)
        if isinstance(event, (Failed, Stopped)):
            assert place == len(events) - 1


@given(st.lists(frames | commands, max_size=20), st.integers(1, 3), st.booleans())
def test_whatever_comes_nothing_raises_and_turns_keep_their_grammar(
    items: list[Any], channels: int, ends: bool
) -> None:
    """Wrong types everywhere, numbers that are none or too large, members that are missing, frames in any order."""
    client = started(separate(channels), seconds=5.0)
    events: list[Event] = []
    for number, item in enumerate([*items, *([Stop(), Message(METADATA)] if ends else [])]):
        out = client.receive(item, number) if isinstance(item, Frame) else client.send(item, number)
        out += client.tick(number + 0.5)
        events += [event for event in out if isinstance(event, Event)]
    grammatical(events)
    turns = Turns("deepgram")
    check_turns([turn for event in events for turn in turns.fold([event], 0.0)])
    finalized = [event.id for event in events if isinstance(event, Finalized)]
    assert all(
        finalized.count(id_) <= sum(item == Finalize(id_, channel) for item in items for channel in (None, 1, 9))
        for id_ in finalized
    )


@given(st.lists(span, min_size=1, max_size=8))
def test_what_is_settled_was_sent(spans: list[Any]) -> None:
    """Whatever a span says of its length: audio that was not sent is not settled, and time does not run backwards."""
    client = started(separate(2), seconds=5.0)
    marks = [event for each in spans for event in hear(client, json.dumps(each)) if isinstance(event, Settled)]
    assert all(0 <= mark.to <= 5.0 for mark in marks)
