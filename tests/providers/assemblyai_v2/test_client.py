"""The client half: (state, frame in) to the exact list of events out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Resume, Silence, Start, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Settled,
    Stopped,
    TurnEnded,
    Unmapped,
    Word,
)
from aai_migrate.wire.frames import Close, Connected, Frame, HttpResponse, Lost, Message, Ping, Refused

from . import wire
from .wire import BEGINS, KEY, TERMINATED, dialled, final, hear, partial, started, word

SECOND = Audio(bytes(32_000))
WHERE = ("where", 820, 1100), ("is", 1150, 1300)
WHERE_WORDS = word("where", 0.82, 1.1, joiner=""), word("is", 1.15, 1.3)


def shown(turn: int, text: str, *words: Word, sure: float = 0.875) -> Partial:
    """A Partial whose times are those of its words, none of which is final."""
    open_words = tuple(word(each.text, each.start, each.end, final=False, joiner=each.joiner) for each in words)
    start, end = words[0].start, words[-1].end
    return Partial(turn=turn, text=text, words=open_words, confidence=sure, start=start, end=end)


def ended(
    turn: int, text: str, *words: Word, reason: Any = "vendor", formatted: bool = True, **more: Any
) -> list[Event]:
    """A turn's whole end: text, end, and what is settled by it."""
    at = words[-1].end
    times = {"start": words[0].start, "end": at}
    return [
        Final(turn=turn, text=text, words=words, **({"confidence": 0.875} | times | more)),
        TurnEnded(turn=turn, at=at, reason=reason, formatted=formatted),
        Settled(at),
    ]


def failure(out: list[Any]) -> ProviderError:
    """The error of a list that is one Failed."""
    [failed] = out
    assert isinstance(failed, Failed)
    return failed.error


# Commands.


@pytest.mark.parametrize(
    ("command", "frames"),
    [
        (Audio(b"\1\0" * 1600), [Message(b"\1\0" * 1600)]),
        (Audio(b"\1\0"), [Message(b"\1\0")]),
        (Silence(0.1), [Message(bytes(3200))]),
        (Finalize("f1"), [Message('{"force_end_utterance": true}')]),
        (KeepAlive(), []),
        (
            Configure("c", {"turn_silence": 1.2}),
            [Message('{"end_utterance_silence_threshold": 1200}'), Configured("c")],
        ),
        (Stop(), [Message('{"terminate_session": true}')]),
    ],
)
def test_each_command(command: Any, frames: list[Frame]) -> None:
    """Audio is raw and binary, of any length; control is JSON text; there is no keep-alive."""
    assert started().send(command, 0.0) == frames


def test_silence_in_mu_law_is_silence() -> None:
    """Not a row of zeros, which is a loud noise there."""
    client = started(Config(audio=AudioFormat(8000, "pcm_mulaw")))
    assert client.send(Silence(0.1), 0.0) == [Message(b"\xff" * 800)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"keyterms": ("a",)}, "assemblyai-v2 can change nothing but turn_silence in mid-session"),
        ({"turn_silence": 20.5}, "assemblyai-v2: turn_silence must be 0 to 20 s, not 20.5"),
        ({"turn_silence": 61}, "turn_silence must be 0 to 60 seconds, not 61"),
    ],
)
def test_a_change_that_cannot_be(options: dict[str, Any], reason: str) -> None:
    """It is refused, and nothing is sent."""
    assert started().send(Configure("c", options), 0.0) == [Configured("c", False, reason)]


def test_a_session_is_not_gone_back_to() -> None:
    """The vendor's session is over with its connection."""
    client = started()
    assert not client.resumable
    with pytest.raises(RuntimeError, match="cannot be resumed"):
        client.send(Resume(), 0.0)


# Transcripts, as the worked traces of the protocol notes have them.


def test_trace_a_a_plain_session() -> None:
    """Empty partials say nothing, each partial replaces, a final ends its turn, and order is the identity."""
    client = started()
    parcel = (*WHERE, ("my", 1350, 1450), ("parcel", 1500, 2140))
    parcel_words = (*WHERE_WORDS, word("my", 1.35, 1.45), word("parcel", 1.5, 2.14))
    whole = shown(0, "where is my parcel", *parcel_words)
    assert hear(client, partial((0, 700), "")) == []
    assert hear(client, partial((0, 1500), "where is", *WHERE)) == [shown(0, "where is", *WHERE_WORDS)]
    assert hear(client, partial((0, 2300), "where is my parcel", *parcel)) == [whole]
    assert hear(client, partial((0, 2800), "where is my parcel", *parcel)) == [whole]
    question = (("Where", 820, 1100), *parcel[1:3], ("parcel?", 1500, 2140))
    question_words = (word("Where", 0.82, 1.1, joiner=""), *parcel_words[1:3], word("parcel?", 1.5, 2.14))
    assert hear(client, final((0, 3100), "Where is my parcel?", *question)) == ended(
        0, "Where is my parcel?", *question_words
    )
    number, number_words = ("number", 3500, 3900), word("number", 3.5, 3.9, joiner="")
    assert hear(client, partial((3100, 4600), "number", number)) == [shown(1, "number", number_words)]
    forty = ("Number", 3500, 3900), ("42.", 4000, 4700)
    forty_words = word("Number", 3.5, 3.9, joiner=""), word("42.", 4.0, 4.7)
    assert hear(client, final((3100, 6000), "Number 42.", *forty)) == ended(1, "Number 42.", *forty_words)
    client.send(Stop(), 6.0)
    assert hear(client, TERMINATED) == [Stopped("stopped")]
    assert client.receive(Close(1000), 6.1) == []


def test_trace_b_finals_only_and_a_forced_end() -> None:
    """The final that a force brings answers it; the tail comes before the goodbye, with the length of the audio."""
    client, _ = dialled(
        Config(
            partials=False,
            turn_silence=1.2,
            extra={"assemblyai-v2": {"enable_extra_session_information": True}},
        )
    )
    assert client.receive(Connected(), 0.0) == [Message('{"end_utterance_silence_threshold": 1200}')]
    hear(client, BEGINS)
    client.send(Audio(bytes(57_600)), 0.0)
    client.send(Finalize("f"), 1.8)
    code = ("My", 300, 500), ("code", 600, 900), ("is", 1000, 1100), ("7.", 1300, 1700)
    code_words = word("My", 0.3, 0.5, joiner=""), word("code", 0.6, 0.9), word("is", 1.0, 1.1), word("7.", 1.3, 1.7)
    assert hear(client, final((0, 1800), "My code is 7.", *code)) == [
        *ended(0, "My code is 7.", *code_words, reason="forced"),
        Finalized("f", "vendor"),
    ]
    more, more_word = ("731.", 1900, 3000), word("731.", 1.9, 3.0, joiner="")
    assert hear(client, final((1800, 4300), "731.", more)) == ended(1, "731.", more_word)
    client.send(Stop(), 5.12)
    thanks, thanks_word = ("Thanks.", 4400, 4900), word("Thanks.", 4.4, 4.9, joiner="")
    assert hear(client, final((4300, 5100), "Thanks.", thanks)) == ended(2, "Thanks.", thanks_word)
    assert hear(client, '{"message_type":"SessionInformation","audio_duration_seconds":5.12}') == []
    assert hear(client, TERMINATED) == [Stopped("stopped", 5.12)]


def test_trace_c_an_error_is_told_once() -> None:
    """Its text comes first and waits for the code; what was open is the replay's."""
    client = started()
    hear(client, partial((0, 900), "send the", ("send", 100, 300), ("the", 400, 500)))
    assert client.deadline is None
    assert hear(client, '{"error":"Client sent audio too fast"}', now=70.0) == []
    assert client.deadline == 71.0
    error = failure(client.receive(Close(4029, "whatever"), 70.2))
    assert (type(error), str(error)) == (BadRequest, "assemblyai-v2: Client sent audio too fast (code 4029)")
    assert (client.deadline, client.tick(71.0), client.receive(Lost("reset"), 71.0)) == (None, [], [])


def test_an_error_and_the_end_that_nobody_asked_for() -> None:
    """A gateway says both before it closes, for clients that wait for the end; the close has the code."""
    client = started()
    assert hear(client, '{"error":"Session idle for too long"}', TERMINATED, now=1.0) == []
    error = failure(client.receive(Close(4031), 1.1))
    assert (type(error), error.code, error.reason) == (ConnectionLost, 4031, "Session idle for too long")


def test_an_error_whose_close_does_not_come() -> None:
    """After a second it is told without its code, and its text says what it is."""
    client = started()
    hear(client, '{"error":"This account has exceeded the number of allowed streams"}', now=1.0)
    hear(client, '{"error":"and another"}', now=1.5)
    assert client.tick(1.9) == []
    error = failure(client.tick(2.0))
    assert (type(error), error.code, error.retryable) == (QuotaExceeded, None, True)
    assert error.reason == "This account has exceeded the number of allowed streams"


def test_an_error_whose_connection_is_lost() -> None:
    """Its text is worth more than that the connection broke."""
    client = started()
    hear(client, '{"error":"Session Expired"}')
    assert str(failure(client.receive(Lost("reset"), 0.1))) == "assemblyai-v2: Session Expired"


def test_text_that_comes_after_an_error_is_still_heard() -> None:
    """Some servers say what they know first, others last."""
    client = started()
    hear(client, '{"error":"Session Expired"}')
    assert hear(client, final((0, 1500), "Where is", *WHERE)) == ended(0, "Where is", *WHERE_WORDS)


# Turns that are unlike the traces.


@pytest.mark.parametrize("text", ["", "  ", None, 3])
def test_a_text_that_is_missing_is_that_of_the_words(text: Any) -> None:
    """Servers that stand in for the vendor leave out what they think that nobody reads."""
    client = started()
    assert hear(client, partial((0, 1500), text, *WHERE, confidence=0.875)) == [shown(0, "where is", *WHERE_WORDS)]


def test_an_empty_partial_takes_nothing_back() -> None:
    """What was shown stays open: whether it was nothing, its final will tell."""
    client = started()
    hear(client, partial((0, 1500), "where is", *WHERE))
    assert hear(client, partial((0, 1800), "")) == []
    client.send(Stop(), 2.0)
    assert type(failure(client.receive(Close(1000), 2.1))) is ConnectionLost


def test_words_that_are_missing_take_their_time_from_the_window() -> None:
    """So that the audio counts as heard, and a replay does not bring the text again."""
    client = started()
    [heard, end, settled] = hear(
        client, '{"message_type":"FinalTranscript","text":"Hi.","audio_start":0,"audio_end":900}'
    )
    assert heard == Final(turn=0, text="Hi.", start=0.0, end=0.9)
    assert end == TurnEnded(turn=0, at=0.9)
    assert settled == Settled(0.9)


def test_a_final_with_nothing_but_text() -> None:
    """It is a turn, and nothing is known of its time."""
    assert hear(started(), '{"message_type":"FinalTranscript","text":"Hi."}') == [
        Final(turn=0, text="Hi."),
        TurnEnded(turn=0),
    ]


@pytest.mark.parametrize("before", [[], [partial((0, 900), "mm", ("mm", 300, 500))]], ids=["unseen", "seen"])
def test_an_empty_final_takes_back_what_was_shown(before: list[str]) -> None:
    """Without text there was no turn; the next one has another key where that one was seen."""
    client = started()
    hear(client, *before)
    assert hear(client, final((0, 1000), "")) == [TurnEnded(turn=0)] * len(before)
    [turn, *_] = hear(client, partial((1000, 1500), "where is", *WHERE))
    assert isinstance(turn, Partial)
    assert turn.turn == len(before)


def test_an_end_before_the_audio_asked_about_is_no_answer() -> None:
    """The vendor ended that utterance by itself, and what was asked about is still open."""
    client = started()
    for _ in range(4):
        client.send(SECOND, 0.0)
    client.send(Finalize("f"), 4.0)
    assert hear(client, final((0, 3100), "Where is", *WHERE)) == ended(0, "Where is", *WHERE_WORDS)
    late, late_word = ("Now.", 3300, 3900), word("Now.", 3.3, 3.9, joiner="")
    assert hear(client, final((3100, 4000), "Now.", late)) == [
        *ended(1, "Now.", late_word, reason="forced"),
        Finalized("f", "vendor"),
    ]


def test_what_was_asked_in_silence_is_answered_by_the_next_end() -> None:
    """It began after the question, so all that was asked about is settled, and nobody forced it."""
    client = started()
    client.send(Audio(bytes(16_000)), 0.0)
    client.send(Finalize("f"), 0.5)
    assert hear(client, final((0, 2100), "Where is", *WHERE)) == [
        *ended(0, "Where is", *WHERE_WORDS),
        Finalized("f", "settled"),
    ]


def test_an_empty_final_answers_too() -> None:
    """There was nothing in the audio asked about."""
    client = started()
    client.send(SECOND, 0.0)
    client.send(Finalize("f"), 1.0)
    assert hear(client, final((0, 1000), "")) == [Finalized("f", "vendor")]


@pytest.mark.parametrize("text", ['{"message_type":"Heartbeat"}', "{}", '{"message_type":1}'])
def test_what_is_not_known_is_handed_on(text: str) -> None:
    """Nothing is thrown away."""
    assert hear(started(), text) == [Unmapped(json.loads(text))]


@pytest.mark.parametrize("data", ["no json", "[]", "3", b"\xff\xfe", '{"a":'])
def test_what_is_no_message_ends_the_connection(data: str | bytes) -> None:
    """Another one may do better."""
    error = failure(started().receive(Message(data), 0.0))
    assert (type(error), error.retryable) == (ProtocolError, True)


# The end.


def test_what_was_shown_is_not_lost_at_the_goodbye() -> None:
    """A server that ends without the final of an open turn: it is told as last seen, unconfirmed."""
    client = started()
    client.send(SECOND, 0.0)
    client.send(Finalize("f"), 1.0)
    hear(client, partial((0, 1500), "where is", *WHERE))
    client.send(Stop(), 2.0)
    assert hear(client, TERMINATED) == [
        *ended(0, "where is", *WHERE_WORDS, reason="stop", formatted=False, confirmed=False),
        Finalized("f", "settled"),
        Stopped("stopped"),
    ]


def test_a_goodbye_that_nobody_asked_for() -> None:
    """It is a loss like another."""
    error = failure(hear(started(), TERMINATED))
    assert (type(error), str(error)) == (ConnectionLost, "assemblyai-v2: the server ended the session unasked")


def test_an_error_before_the_goodbye_wins() -> None:
    """Who was asked to end and says that something broke has not heard everything."""
    client = started()
    client.send(Stop(), 1.0)
    hear(client, '{"error":"Endpoint received a message with an invalid schema: no"}')
    assert type(failure(hear(client, TERMINATED))) is BadRequest


@pytest.mark.parametrize("code", [1000, 1005, None])
@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ([], False),
        ([partial((0, 1250), "")], False),
        ([final((0, 1800), "Where is", *WHERE)], False),
        ([final((0, 1800), "Where is", *WHERE), partial((1800, 1900), "")], True),
        ([final((0, 1800), "")], True),
    ],
)
def test_a_close_without_a_goodbye(code: int | None, said: list[str], whole: bool) -> None:
    """Where nothing is open it may be the end, but in audio of which nothing was said there may have been words."""
    client = started()
    client.send(SECOND, 0.0)
    client.send(SECOND, 1.0)
    hear(client, *said)
    client.send(Stop(), 2.0)
    answer = client.receive(Close(code), 2.1)
    if whole:
        assert answer == [Stopped()]
    else:
        assert failure(answer).retryable


@pytest.mark.parametrize("code", [1000, 1005, None])
@pytest.mark.parametrize("stopped", [False, True])
def test_a_close_while_a_turn_is_open(code: int | None, *, stopped: bool) -> None:
    """Asked for or not: its words have to be heard again, in another connection."""
    client = started()
    hear(client, partial((0, 1500), "where is", *WHERE))
    if stopped:
        client.send(Stop(), 1.0)
    error = failure(client.receive(Close(code), 1.1))
    assert (type(error), error.retryable) == (ConnectionLost, True)


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, None])
def test_a_close_that_was_not_asked_for(code: int | None) -> None:
    """However clean it is."""
    error = failure(started().receive(Close(code), 0.0))
    assert (type(error), error.retryable) == (ConnectionLost, True)
    assert error.reason == "the server closed the connection in mid-session"


CODES: list[tuple[int, str, type[ProviderError], bool]] = [
    (4000, "Sample rate must be a positive integer", BadRequest, False),
    (4001, "Not Authorized", AuthenticationError, False),
    (4002, "Insufficient Funds", QuotaExceeded, False),
    (4003, "This feature is paid-only and requires you to add a credit card", QuotaExceeded, False),
    (4004, "Session not found", ConnectionLost, True),
    (4008, "Session Expired", ConnectionLost, True),
    (4010, "Session previously closed", ConnectionLost, True),
    (4029, "Client sent audio too fast", BadRequest, False),
    (4030, "Session is handled by another WebSocket", ConnectionLost, True),
    (4031, "Session idle for too long", ConnectionLost, True),
    (4032, "Audio duration is too short", BadRequest, False),
    (4033, "Audio duration is too long", BadRequest, False),
    (4034, "Audio too small to transcode", BadRequest, False),
    (4100, "Endpoint received invalid JSON", BadRequest, False),
    (4101, "Endpoint received a message with an invalid schema", BadRequest, False),
    (4102, "This account has exceeded the number of allowed streams", QuotaExceeded, True),
    (4103, "This session has been reconnected. This WebSocket is no longer valid.", ConnectionLost, True),
    (4104, "Could not parse word boost parameter", BadRequest, False),
    (1013, "Temporary server condition forced blocking client's request", ConnectionLost, True),
    (1002, "protocol error", ProtocolError, False),
    (1009, "too big", ProtocolError, False),
    (1011, "oops", ConnectionLost, True),
    (4999, "something new", ConnectionLost, True),
]


@pytest.mark.parametrize(("code", "text", "kind", "again"), CODES)
def test_close_codes(code: int, text: str, kind: type[ProviderError], *, again: bool) -> None:
    """Each is a typed error that says whether another connection may do better; after Stop as before it."""
    for stopped in (False, True):
        client = started()
        if stopped:
            client.send(Stop(), 0.0)
        error = failure(client.receive(Close(code, text), 0.1))
        assert (type(error), error.code, error.reason, error.retryable) == (kind, code, text, again)


@pytest.mark.parametrize(("code", "text", "kind", "again"), [case for case in CODES if 4000 <= case[0] < 4999])
def test_close_codes_without_a_reason(code: int, text: str, kind: type[ProviderError], *, again: bool) -> None:
    """The vendor's own text stands in for it; and a text without a code is known by itself."""
    error = failure(started().receive(Close(code), 0.1))
    assert (type(error), error.reason) == (kind, text)
    client = started()
    hear(client, json.dumps({"error": text.upper()}))
    error = failure(client.tick(1.0))
    assert (type(error), error.code, error.retryable) == (kind, None, again)


@pytest.mark.parametrize("begun", [False, True])
def test_the_frame_of_a_service_that_has_gone(*, begun: bool) -> None:
    """The vendor sent it behind the upgrade; whether it closed is not known."""
    client = started() if begun else dialled()[0]
    hear(client, '{"error":"Model deprecated. See docs for new model information: https://www.assemblyai.com/docs"}')
    error = failure(client.tick(1.0))
    assert (type(error), error.retryable) == (BadRequest, False)
    assert error.reason.endswith("; AssemblyAI retired its realtime API v2 in late 2025; use assemblyai-v3")


@pytest.mark.parametrize("value", ["", 3, None, {}])
def test_an_error_without_a_text(value: Any) -> None:
    """It is one all the same."""
    client = started()
    hear(client, json.dumps({"error": value}))
    assert failure(client.tick(1.0)).reason == "no reason given"


# Anything.

TIMES = st.one_of(st.integers(-100, 20_000), st.floats(), st.none(), st.just("12"), st.just(10**400))
WORD = st.fixed_dictionaries(
    {}, optional={"text": st.text(max_size=3), "start": TIMES, "end": TIMES, "confidence": TIMES}
)
TRANSCRIPTS = st.fixed_dictionaries(
    {"message_type": st.sampled_from(["PartialTranscript", "FinalTranscript"])},
    optional={
        "text": st.text(max_size=5) | st.none(),
        "words": st.lists(WORD | st.none(), max_size=3) | st.integers(),
        "audio_start": TIMES,
        "audio_end": TIMES,
        "confidence": TIMES,
        "text_formatted": st.booleans() | st.none(),
    },
)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "message_type": st.sampled_from(["SessionBegins", "SessionInformation", "SessionTerminated", "New", 3]),
        "session_id": TIMES,
        "expires_at": TIMES | st.text(max_size=9) | st.datetimes().map(str),
        "audio_duration_seconds": TIMES,
        "error": TIMES,
    },
)
FRAMES = st.one_of(
    TRANSCRIPTS.map(json.dumps).map(Message),
    OTHERS.map(json.dumps).map(Message),
    st.builds(Message, st.text(max_size=9) | st.binary(max_size=9)),
    st.builds(Close, st.integers(1000, 4999) | st.none(), st.text(max_size=3)),
    st.sampled_from([Lost("reset"), Refused(500), HttpResponse(200), Ping(), Connected()]),
)


@given(st.booleans(), st.lists(FRAMES, max_size=8))
def test_receive_never_raises(stopped: bool, frames: list[Frame]) -> None:
    """Whatever a server says: times are in order, each end has its own key, and an end is the last word."""
    client = started()
    client.send(SECOND, 0.0)
    if stopped:
        client.send(Stop(), 0.0)
    out: list[Any] = []
    for now, frame in enumerate(frames):
        out += client.receive(frame, now / 2)
        out += client.tick(now / 2)
    ends = [event.turn for event in out if isinstance(event, TurnEnded)]
    assert ends == list(range(len(ends)))
    for event in out:
        if isinstance(event, (Partial, Final)):
            assert event.text.strip()
            assert all(0 <= each.start <= each.end for each in event.words)
    over = [index for index, event in enumerate(out) if isinstance(event, (Failed, Stopped))]
    assert over in ([], [len(out) - 1])
    assert sum(isinstance(event, Stopped) for event in out) <= stopped


def test_start_shows_no_secret() -> None:
    """Neither in what is reported as sent nor in a repr."""
    client, connect = dialled()
    [begun] = hear(client, BEGINS)
    assert KEY.secret.reveal() not in f"{begun!r} {connect!r} {Start(Config(), wire.KEY)!r}"
