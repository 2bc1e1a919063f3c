"""The client half: (state, frame in) to the exact list of events out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3.client import Client
from aai_migrate_providers.assemblyai_v3.turns import HOLD, KEPT
from hypothesis import example, given
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Start, Stop
from aai_migrate.wire.events import (
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
    Word,
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

from .wire import KEY, U3, US, context, hear, started, turn, word

END = '{"type":"Termination","audio_duration_seconds":5,"session_duration_seconds":6}'
STOPPED = Stopped("stopped", 5.0, 6.0)
HI = ("hi", 100, 400)
HELLO = ("Hi.", 100, 400)


def partial(turn_: Any, text: str, *words: Any, stable: int = 0, **more: Any) -> Partial:
    times = {"start": words[0].start, "end": words[-1].end} if words else {}
    return Partial(turn=turn_, text=text, words=words, stable=stable, **times, **more)


def ended(
    turn_: int, text: str, *words: Any, fmt: bool = False, reason: Any = "vendor", sure: float | None = 1.0, **more: Any
) -> list[Event]:
    """A turn's whole end: text, end, and what is settled by it."""
    at = words[-1].end if words else None
    final = Final(
        turn=turn_,
        text=text,
        words=words,
        start=words[0].start if words else None,
        end=at,
        confidence=0.9 if words else None,
        **more,
    )
    settled = [] if at is None else [Settled(at)]
    return [final, TurnEnded(turn=turn_, at=at, reason=reason, confidence=sure, formatted=fmt), *settled]


def failure(out: list[Any]) -> ProviderError:
    """The error of a list that ends with Failed."""
    assert isinstance(out[-1], Failed)
    return out[-1].error


HI_WORD, HELLO_WORD = word("hi", 0.1, 0.4, joiner=""), word("Hi.", 0.1, 0.4, joiner="")


# Commands.


@pytest.mark.parametrize(
    ("command", "frames"),
    [
        (Audio(b"\1\0" * 800), [Message(b"\1\0" * 800)]),
        (Silence(0.05), [Message(bytes(1600))]),
        (Finalize("f1"), [Message('{"type": "ForceEndpoint"}')]),
        (KeepAlive(), [Message('{"type": "KeepAlive"}')]),
        (Stop(), [Message('{"type": "Terminate"}')]),
    ],
)
def test_each_command_is_one_frame(command: Any, frames: list[Frame]) -> None:
    """Audio is raw and binary, control is JSON text."""
    assert started().send(command, 0.0) == frames


# Partials.


@pytest.mark.parametrize(
    ("config", "text", "event"),
    [
        (
            Config(model=US),
            turn(0, "", ("set", 480, 640, False)),
            partial(0, "set", word("set", 0.48, 0.64, final=False, joiner="")),
        ),
        (
            Config(model=US),
            turn(0, "set an", ("set", 480, 640), ("an", 700, 760), ("al", 880, 960, False)),
            partial(
                0,
                "set an al",
                word("set", 0.48, 0.64, joiner=""),
                word("an", 0.7, 0.76),
                word("al", 0.88, 0.96, final=False),
            ),
        ),
        (
            Config(model=US, formatted_turns="raw"),
            turn(0, "set", ("set", 480, 640), ("al", 880, 960, False)),
            partial(0, "set al", word("set", 0.48, 0.64, joiner=""), word("al", 0.88, 0.96, final=False), stable=3),
        ),
        (
            Config(model="whisper-rt"),
            turn(0, "set", ("set", 480, 640)),
            partial(0, "set", word("set", 0.48, 0.64, joiner="")),
        ),
        (
            Config(model=US, formatted_turns="raw"),
            turn(0, "set al", ("set", 480, 640), ("al", 880, 960, False)),
            partial(0, "set al", word("set", 0.48, 0.64, joiner=""), word("al", 0.88, 0.96, final=False)),
        ),
        (
            Config(model=U3),
            turn(0, "Set an—", ("Set", 480, 640, False), ("an—", 700, 760, False), fmt=True),
            partial(0, "Set an—", word("Set", 0.48, 0.64, final=False, joiner=""), word("an—", 0.7, 0.76, final=False)),
        ),
        (
            Config(model=U3),
            turn(0, "", ("Set", 480, 640, False)),
            partial(0, "Set", word("Set", 0.48, 0.64, final=False, joiner="")),
        ),
        (
            Config(model="whisper-rt"),
            turn(3, "今日", ("今日", 0, 100), ("は", 100, 100, False)),
            partial(3, "今日は", word("今日", 0.0, 0.1, joiner=""), word("は", 0.1, 0.1, final=False, joiner="")),
        ),
        (
            Config(model=U3),
            turn(0, "Hi", language_code="en", speaker_label="A"),
            partial(0, "Hi", language="en", speaker="A"),
        ),
    ],
)
def test_a_partial_has_the_fullest_text(config: Config, text: str, event: Partial) -> None:
    """Universal-Streaming: transcript and open words, of which the transcript is promised only if it stays raw."""
    assert hear(started(config), text) == [event]


@pytest.mark.parametrize("model", [US, U3])
@pytest.mark.parametrize("text", [turn(0, ""), turn(0, "  "), turn(0, "", words=None), turn(0, "", end=True)])
def test_nothing_said_is_no_event(model: str, text: str) -> None:
    """Universal-Streaming sends an empty turn when it is told to stop."""
    client = started(Config(model=model))
    assert hear(client, text) == []
    assert client.deadline is None


# The three shapes of an end.


@pytest.mark.parametrize("mode", ["wait", "revise", "raw"])
def test_s3_raw_ends_are_final_at_once_where_no_other_was_asked_for(mode: Any) -> None:
    """One end, unformatted."""
    client = started(Config(model=US, formatting=False, formatted_turns=mode))
    assert hear(client, turn(0, "hi", HI, end=True)) == ended(0, "hi", HI_WORD)
    assert hear(client, turn(0, "hi", HI, end=True)) == []


@pytest.mark.parametrize(("model", "fmt"), [(US, True), (U3, True), (U3, False)])
def test_s2_single_ends_are_final_at_once(model: str, fmt: bool) -> None:
    """Formatted, or of a family that always formats, whatever it says of it."""
    client = started(Config(model=model))
    assert hear(client, turn(0, "Hi.", HELLO, end=True, fmt=fmt)) == ended(0, "Hi.", HELLO_WORD, fmt=fmt)
    assert client.deadline is None


def test_s1_the_raw_end_waits_for_the_formatted_one() -> None:
    """Two ends of the vendor are one of ours; neither a partial nor a second raw end changes that."""
    client = started(Config(model=US))
    assert hear(client, turn(0, "hi", HI, end=True), now=1.0) == []
    assert client.deadline == 1.0 + HOLD
    assert hear(client, turn(0, "hi", HI), turn(0, "hi", HI, end=True), now=2.0) == []
    assert client.deadline == 1.0 + HOLD
    assert client.tick(2.9) == []
    assert hear(client, turn(0, "Hi.", HELLO, end=True, fmt=True), now=2.9) == ended(0, "Hi.", HELLO_WORD, fmt=True)
    assert client.deadline is None
    assert client.tick(9.0) == []


def test_s1_without_the_formatted_end_the_raw_one_counts() -> None:
    """At the deadline; the formatted copy that comes after it revises the turn, once."""
    client = started(Config(model=US))
    assert hear(client, turn(0, "hi", HI, end=True), now=1.0) == []
    assert client.tick(1.0 + HOLD) == ended(0, "hi", HI_WORD)
    late = turn(0, "Hi.", HELLO, end=True, fmt=True)
    assert hear(client, late, now=4.0) == [Revised(turn=0, text="Hi.", words=(HELLO_WORD,), formatted=True)]
    assert hear(client, late, turn(0, "hi", HI, end=True), turn(0, "hi", HI), now=5.0) == []


def test_s1_in_revise_mode_both_are_told() -> None:
    """The raw end at once, the formatted one as a revision."""
    client = started(Config(model=US, formatted_turns="revise"))
    assert hear(client, turn(0, "hi", HI, end=True)) == ended(0, "hi", HI_WORD)
    assert hear(client, turn(0, "Hi.", HELLO, end=True, fmt=True)) == [
        Revised(turn=0, text="Hi.", words=(HELLO_WORD,), formatted=True)
    ]


@pytest.mark.parametrize(
    "later",
    [
        turn(1, "", ("so", 900, 950, False)),
        turn(1, ""),
        '{"type":"SpeakerRevision","revisions":[{"turn_order":0,"speaker_label":"B","words":[]}]}',
    ],
)
def test_a_held_end_is_passed_on_when_the_vendor_goes_on(later: str) -> None:
    """Nothing more comes for a turn once a later one is spoken of, or its speaker is revised."""
    client = started(Config(model=US))
    hear(client, turn(0, "hi", HI, end=True))
    assert hear(client, later)[:3] == ended(0, "hi", HI_WORD)


def test_a_held_end_is_passed_on_when_a_later_turn_ends() -> None:
    """The later one then waits in its turn."""
    client = started(Config(model=US))
    hear(client, turn(0, "hi", HI, end=True))
    assert hear(client, turn(1, "so", ("so", 900, 950), end=True), now=0.5) == ended(0, "hi", HI_WORD)
    assert client.deadline == 0.5 + HOLD


@pytest.mark.parametrize(
    ("frame", "last"),
    [
        (Message(END), STOPPED),
        (Message('{"type":"Error","error_code":3005,"error":"x"}'), None),
        (Close(1011), None),
        (Lost("reset"), None),
    ],
)
def test_a_held_end_is_passed_on_when_the_session_ends(frame: Frame, last: Event | None) -> None:
    """However it ends; after that nothing is heard any more."""
    client = started(Config(model=US))
    hear(client, turn(0, "hi", HI, end=True))
    out = client.receive(frame, 0.5)
    assert out[:-1] == ended(0, "hi", HI_WORD)
    assert out[-1] == last if last else isinstance(out[-1], Failed)
    assert client.deadline is None
    assert client.tick(9.0) == []
    assert client.receive(Message(turn(1, "more", HI)), 1.0) == []


def test_a_formatted_end_without_text_takes_nothing_away() -> None:
    """It only says that no better text will come."""
    client = started(Config(model=US))
    hear(client, turn(0, "hi", HI, end=True))
    assert hear(client, turn(0, "", end=True, fmt=True)) == ended(0, "hi", HI_WORD)


def test_an_empty_end_of_a_turn_that_was_shown_ends_it_without_text() -> None:
    """The vendor took it back."""
    client = started(Config(model=US))
    hear(client, turn(0, "hm", HI))
    assert hear(client, turn(0, "", end=True)) == [TurnEnded(turn=0)]
    assert hear(client, turn(0, "hm", HI), turn(0, "hm", HI, end=True)) == []


def test_formatting_changed_in_mid_session_changes_what_is_waited_for() -> None:
    """Off: raw ends count at once. On: they wait."""
    client = started(Config(model=US))
    client.send(Configure("c1", {"formatting": False}), 0.0)
    assert hear(client, turn(0, "hi", HI, end=True)) == ended(0, "hi", HI_WORD)
    client.send(Configure("c2", {"formatting": True}), 0.0)
    assert hear(client, turn(1, "hi", HI, end=True)) == []


def test_the_served_model_decides_what_is_waited_for() -> None:
    """An alias may be served by another family."""
    begin = '{"type":"Begin","id":"x","expires_at":1,"configuration":{"model":"universal-3-6"}}'
    client = started(Config(model=US), begin=begin)
    assert hear(client, turn(0, "Hi.", HELLO, end=True)) == ended(0, "Hi.", HELLO_WORD)


# Order.


def test_skipped_orders_are_not_waited_for() -> None:
    """Turns are numbered as the vendor likes."""
    client = started()
    hear(client, turn(0, "Hi.", HELLO, end=True))
    assert hear(client, turn(7, "Hi.", HELLO, end=True)) == ended(7, "Hi.", HELLO_WORD)


def test_an_end_that_does_not_come_is_guessed_when_a_later_turn_has_ended() -> None:
    """What was shown of it is delivered, unconfirmed; its end, should it come, revises it."""
    client = started()
    hear(client, turn(0, "Hi", ("Hi", 100, 300, False)), turn(1, "So", ("So", 900, 990, False)))
    assert client.deadline is None
    assert hear(client, turn(1, "So.", ("So.", 900, 990), end=True), now=1.0) == []
    assert client.deadline == 1.0 + HOLD
    assert client.tick(1.0 + HOLD) == [
        *ended(0, "Hi", word("Hi", 0.1, 0.3, joiner=""), reason="timeout", sure=0.0, confirmed=False),
        *ended(1, "So.", word("So.", 0.9, 0.99, joiner="")),
    ]
    assert hear(client, turn(0, "", end=True), now=3.5) == []
    assert hear(client, turn(0, "Hi.", HELLO, end=True), now=4.0) == [
        Revised(turn=0, text="Hi.", words=(HELLO_WORD,), formatted=False)
    ]


def test_an_end_that_comes_late_keeps_the_order() -> None:
    """Ends are passed on in the order of turns."""
    client = started()
    hear(client, turn(0, "Hi", HI))
    assert hear(client, turn(1, "So.", ("So.", 900, 990), end=True), now=1.0) == []
    assert hear(client, turn(0, "Hi.", HELLO, end=True), now=2.0) == [
        *ended(0, "Hi.", HELLO_WORD),
        *ended(1, "So.", word("So.", 0.9, 0.99, joiner="")),
    ]


def test_an_earlier_turn_that_appears_late_holds_up_nothing_for_ever() -> None:
    """It too gets a deadline."""
    client = started(Config(model=US))
    hear(client, turn(1, "so", ("so", 900, 990), end=True), now=1.0)
    hear(client, turn(0, "hi", HI), now=1.5)
    assert client.deadline == 1.5 + HOLD
    out = client.tick(1.5 + HOLD)
    assert [event.turn for event in out if isinstance(event, TurnEnded)] == [0, 1]


def test_a_formatted_end_that_waits_for_an_earlier_turn_stays_formatted() -> None:
    """A raw copy behind it is no news."""
    client = started(Config(model=US))
    hear(client, turn(0, "so", HI), turn(1, "Hi.", HELLO, end=True, fmt=True), turn(1, "hi", HI, end=True))
    out = hear(client, turn(0, "So.", HELLO, end=True, fmt=True))
    assert [event.text for event in out if isinstance(event, Final)] == ["So.", "Hi."]


def test_text_of_a_turn_that_was_never_seen_is_not_lost() -> None:
    """Even where it comes after a later turn."""
    client = started()
    hear(client, turn(1, "So.", ("So.", 900, 990), end=True))
    assert hear(client, turn(0, "Hi.", HELLO, end=True)) == ended(0, "Hi.", HELLO_WORD)


def test_a_turn_that_ended_long_ago_does_not_come_back() -> None:
    """Memory is bounded, a duplicate of what left it is still one."""
    client = started()
    for order in range(KEPT + 3):
        hear(client, turn(order, "Hi.", HELLO, end=True))
    assert hear(client, turn(0, "Hi.", HELLO, end=True), turn(1, "Hi", HI)) == []


def test_what_is_open_at_the_end_of_the_session_is_delivered() -> None:
    """As it was shown last, and unconfirmed; what a broken connection leaves open is for the replay."""
    client = started(Config(model=US))
    hear(client, turn(0, "", ("hi", 100, 400, False)))
    assert hear(client, END) == [
        *ended(0, "hi", HI_WORD, reason="stop", sure=0.0, confirmed=False),
        STOPPED,
    ]
    client = started(Config(model=US))
    hear(client, turn(0, "", ("hi", 100, 400, False)), turn(1, "so", HI, end=True))
    assert len(client.receive(Lost("reset"), 0.0)) == 1


# Finalize.


def test_a_forced_end_answers_finalize() -> None:
    """Settled is where we cut, though the last word's end may be told late."""
    client = started()
    client.send(Audio(bytes(32_000)), 0.0)
    client.send(Finalize("f1"), 0.0)
    assert hear(client, turn(0, "My", ("My", 500, 600))) == [partial(0, "My", word("My", 0.5, 0.6, joiner=""))]
    words = word("My", 0.5, 0.6, joiner=""), word("name", 0.7, 1.9)
    final, end, settled, answer = hear(client, turn(0, "My name", ("My", 500, 600), ("name", 700, 1900), end=True))
    assert [final, end] == ended(0, "My name", *words, reason="forced")[:2]
    assert settled == Settled(1.0)
    assert answer == Finalized("f1")


def test_an_end_beyond_our_cut_settles_what_it_covers() -> None:
    """The vendor ended the turn later than it was asked to."""
    client = started()
    client.send(Audio(bytes(32_000)), 0.0)
    client.send(Finalize("f1"), 0.0)
    out = hear(client, turn(0, "My name", ("My", 500, 600), ("name", 1200, 1600), end=True))
    assert out[2:] == [Settled(1.6), Finalized("f1")]


def test_finalize_in_silence_is_answered_by_the_next_turn_and_takes_no_other_answer() -> None:
    """The vendor says nothing for it; what is asked later keeps its own answer."""
    client = started()
    client.send(Audio(bytes(32_000)), 0.0)
    client.send(Finalize("quiet"), 0.0)
    client.send(Audio(bytes(32_000)), 0.0)
    client.send(Finalize("loud"), 0.0)
    out = hear(client, turn(0, "Hi.", ("Hi.", 1500, 1900), end=True))
    assert out[2:] == [Settled(1.9), Finalized("quiet", "settled"), Finalized("loud")]
    assert hear(client, turn(1, "So.", ("So.", 2500, 2900), end=True)) == ended(
        1, "So.", word("So.", 2.5, 2.9, joiner="")
    )


def test_a_finalize_after_an_end_that_is_held_is_not_answered_by_it() -> None:
    """It is about what was said since."""
    client = started(Config(model=US))
    client.send(Audio(bytes(64_000)), 0.0)
    hear(client, turn(0, "hi", HI, end=True))
    client.send(Finalize("f1"), 0.0)
    assert client.tick(HOLD) == ended(0, "hi", HI_WORD)
    assert hear(client, END) == [Finalized("f1", "settled"), STOPPED]


def test_an_empty_end_leaves_finalize_open() -> None:
    """Universal-Streaming sends empty ends of its own accord."""
    client = started()
    client.send(Audio(bytes(32_000)), 0.0)
    client.send(Finalize("f1"), 0.0)
    assert hear(client, turn(0, "", end=True)) == []
    assert hear(client, turn(1, "Hi", end=True))[-1] == Finalized("f1")


# Small messages.


SPEAKER = (
    '{"type":"SpeakerRevision","revisions":[{"turn_order":0,"speaker_label":"B","words":[{"start":100,"end":400,'
    '"text":"Hi.","confidence":0.8,"word_is_final":true,"speaker":"B","speaker_confidence":0.7}]},'
    '{"turn_order":5,"speaker_label":"B","words":[]},{"turn_order":[]},7,{"turn_order":0,"words":{}}]}'
)


def test_speakers_of_ended_turns_are_revised() -> None:
    """Those of other turns, and nonsense, are passed over."""
    client = started()
    hear(client, turn(0, "Hi.", HELLO, end=True))
    heard = Word("Hi.", 0.1, 0.4, 0.8, speaker="B", joiner="")
    assert hear(client, SPEAKER) == [Revised(turn=0, words=(heard,), speaker="B")]


HEARTBEAT = (
    '{"type":"Heartbeat","total_audio_received_ms":15000,"total_duration_ms":15090,'
    '"realtime_factor":0.994,"max_speech_probability":0.98}'
)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"type":"SpeechStarted","timestamp":2210,"confidence":0.94}', SpeechStarted(2.21)),
        ('{"timestamp":2210,"type":"SpeechStarted"}', SpeechStarted(2.21)),
        ('{"type":"SpeechStarted","timestamp":"soon"}', SpeechStarted(1.0)),
        ('{"type":"SpeechStarted","timestamp":-5}', SpeechStarted(0.0)),
        ('{"type":"Warning","warning_code":12,"warning":"slow"}', Warned("assemblyai-v3:12", "slow")),
        ('{"type":"Warning"}', Warned("assemblyai-v3:None", "")),
        (HEARTBEAT, Unmapped(json.loads(HEARTBEAT))),
        (
            '{"type":"Silence","start_ms":1000,"end_ms":2000}',
            Unmapped({"type": "Silence", "start_ms": 1000, "end_ms": 2000}),
        ),
        (
            '{"type":"LLMGatewayResponse","turn_order":1,"transcript":"x","data":{"a":[1]}}',
            Unmapped({"type": "LLMGatewayResponse", "turn_order": 1, "transcript": "x", "data": {"a": [1]}}),
        ),
        ('{"type":"Brand","new":1}', Unmapped({"type": "Brand", "new": 1})),
        ('{"type":["Turn"]}', Unmapped({"type": ["Turn"]})),
        ("{}", Unmapped({})),
        (END, STOPPED),
        ('{"type":"Termination"}', Stopped("stopped", None, None)),
        ('{"type":"Termination","audio_duration_seconds":"5"}', Stopped("stopped", None, None)),
    ],
)
def test_small_messages(text: str, event: Event) -> None:
    """Each is one event; what has no neutral word leaves as it came."""
    client = started()
    client.send(Audio(bytes(32_000)), 0.0)
    assert hear(client, text) == [event]


def test_text_in_a_binary_frame_is_read() -> None:
    """Some servers send it so, and what it means is plain."""
    client = started()
    assert client.receive(Message(b'{"type":"SpeechStarted","timestamp":2210}'), 0.0) == [SpeechStarted(2.21)]


# Errors.


def error(code: Any, text: str) -> Message:
    return Message(json.dumps({"type": "Error", "error_code": code, "error": text}))


AUTH = "Unauthorized Connection: "
VALIDATION = "User Input Validation Error: Invalid 'sample_rate': must be at least 8,000 Hz"
IDLE = "Session terminated due to inactivity: No messages received for 5 seconds"
SHORT = "Input Duration Error: Input Duration Violation: 20.0 ms. Expected between 50 and 1000 ms"
FAST = "Audio Transmission Rate Exceeded: Received 9.1 sec. audio in 1.2 sec"
LONG = "Session Expired: Maximum session duration exceeded"
MANY = "Unauthorized Connection: Too many concurrent sessions"
CONSTANT = "See Error message for details"


@pytest.mark.parametrize(
    ("frame", "kind", "code", "retryable"),
    [
        (error(1008, AUTH + "Missing Authorization header"), AuthenticationError, 1008, False),
        (error(1008, AUTH + "Invalid API key"), AuthenticationError, 1008, False),
        (error(1008, AUTH + "Signature has expired"), AuthenticationError, 1008, False),
        (error(1008, AUTH + "Insufficient account balance"), QuotaExceeded, 1008, False),
        (error(1008, AUTH + "Account disabled"), AuthenticationError, 1008, False),
        (error(1008, "Too many concurrent sessions"), QuotaExceeded, 1008, True),
        (error(1011, "Internal"), ConnectionLost, 1011, True),
        (error(3005, "Session Cancelled: An error occurred"), ConnectionLost, 3005, True),
        (error(3005, VALIDATION), BadRequest, 3005, False),
        (error(3006, VALIDATION), BadRequest, 3006, False),
        (error(3006, "User Input Validation Error: Invalid JSON: Expecting value"), BadRequest, 3006, False),
        (error(3006, "Invalid Message Type: Foo"), BadRequest, 3006, False),
        (error(3006, IDLE), ConnectionLost, 3006, True),
        (error(3007, SHORT), BadRequest, 3007, False),
        (error(3007, FAST), BadRequest, 3007, False),
        (error(3008, LONG), ConnectionLost, 3008, True),
        (error(3009, MANY), QuotaExceeded, 3009, True),
        (error(4001, "Not authorized"), AuthenticationError, 4001, False),
        (error(4002, "Insufficient funds"), QuotaExceeded, 4002, False),
        (error(410, "Gone"), BadRequest, 410, False),
        (error("1008", AUTH + "Invalid API key"), AuthenticationError, 1008, False),
        (error(1008.0, AUTH + "Invalid API key"), AuthenticationError, 1008, False),
        (error(True, "x"), ConnectionLost, None, True),
        (Message('{"type":"Error"}'), ConnectionLost, None, True),
        (Message('{"error":"Unauthorized Connection: Invalid API key"}'), AuthenticationError, None, False),
        (Message('{"error":"Input Duration Error: x"}'), BadRequest, None, False),
        (Message('{"error":"Session Cancelled: An error occurred"}'), ConnectionLost, None, True),
        (Message('{"error":{"a":1}}'), ConnectionLost, None, True),
        (Close(1008, AUTH + "Invalid API key"), AuthenticationError, 1008, False),
        (Close(1008, CONSTANT), AuthenticationError, 1008, False),
        (Close(1009, ""), ProtocolError, 1009, False),
        (Close(1011, ""), ConnectionLost, 1011, True),
        (Close(3005, CONSTANT), ConnectionLost, 3005, True),
        (Close(3006, CONSTANT), BadRequest, 3006, False),
        (Close(3007, SHORT), BadRequest, 3007, False),
        (Close(3008, CONSTANT), ConnectionLost, 3008, True),
        (Close(3009, CONSTANT), QuotaExceeded, 3009, True),
        (Close(1000, "Session Ended"), ConnectionLost, 1000, True),
        (Close(None), ConnectionLost, None, True),
        (Lost("reset"), ConnectionLost, None, True),
        (Lost("timeout"), ConnectionLost, None, True),
        (Lost("tls", "expired"), ConnectionLost, None, False),
        (Lost("too_big"), ProtocolError, None, False),
        (Refused(401, {}, b'{"error":"Invalid API key"}'), AuthenticationError, None, False),
        (Refused(404), BadRequest, None, False),
        (Refused(410), BadRequest, None, False),
        (Refused(429), QuotaExceeded, None, False),
        (Refused(503), ConnectionLost, None, True),
        (Message("nonsense"), ProtocolError, None, True),
        (Message("[]"), ProtocolError, None, True),
        (Message(b"\0\1"), ProtocolError, None, True),
        (Message(b"\xff\xfe\xfd"), ProtocolError, None, True),
        (Message("[" * 10_000), ProtocolError, None, True),
        (Message('{"a":' * 10_000), ProtocolError, None, True),
        (Message("9" * 10_000), ProtocolError, None, True),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_each_failure_is_one_typed_error(
    frame: Frame, kind: type[ProviderError], code: int | None, retryable: bool, begun: bool
) -> None:
    """Whatever end comes, before Begin or after; what follows it is not heard."""
    client = started() if begun else Client(context())
    if not begun:
        client.send(Start(Config(), KEY), 0.0)
    [event] = client.receive(frame, 0.0)
    found = failure([event])
    assert (type(found), found.code, found.retryable) == (kind, code, retryable)
    assert found.provider == "assemblyai-v3"
    assert client.receive(Close(1008, CONSTANT), 0.0) == []


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (error(1008, AUTH + "Invalid API key"), "Unauthorized Connection: Invalid API key"),
        (Close(1008, CONSTANT), "the server closed the connection"),
        (Close(1000, "Session Ended"), "the server closed the connection in mid-session"),
        (Refused(401, {}, b'{"error":"no such key"}'), "no such key"),
        (Message('{"type":"Error"}'), "no reason given"),
    ],
)
def test_the_reason_is_the_vendors(frame: Frame, reason: str) -> None:
    """But for the constant that says nothing."""
    assert failure(started().receive(frame, 0.0)).reason == reason


def test_the_close_after_termination_is_no_failure() -> None:
    """It is how a clean session ends."""
    client = started()
    assert client.send(Stop(), 0.0) == [Message('{"type": "Terminate"}')]
    assert hear(client, END) == [STOPPED]
    assert client.receive(Close(1000, "Session Ended"), 0.0) == []


# Nonsense.


@pytest.mark.parametrize("order", [None, True, "0", -1, 0.5, float("nan"), 10**400, [], {}])
def test_a_turn_without_a_number_is_a_failure(order: Any) -> None:
    """Its text belongs nowhere, and must not be dropped in silence: another connection hears the audio again."""
    text = json.dumps({"type": "Turn", "transcript": "x", "turn_order": order})
    found = failure(hear(started(), text))
    assert isinstance(found, ProtocolError)
    assert found.retryable


def test_a_turn_order_may_be_spelled_as_a_float() -> None:
    """Some JSON writers do."""
    [event] = hear(started(), '{"type":"Turn","turn_order":2.0,"transcript":"x"}')
    assert event == partial(2, "x")


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ([{"text": "a", "start": -5, "end": -1}], [("a", 0.0, 0.0)]),
        ([{"text": "a", "start": 500, "end": 300}], [("a", 0.5, 0.5)]),
        ([{"text": "a", "start": "1", "end": None}], [("a", 0.0, 0.0)]),
        ([{"text": "a", "end": 300}, {"text": "b"}], [("a", 0.3, 0.3), ("b", 0.3, 0.3)]),
        ([{"text": "a", "start": 1e308, "end": float("inf")}], [("a", 1e305, 1e305)]),
        ([{"text": "a", "start": 10**400}], [("a", 0.0, 0.0)]),
        ([{"start": 1, "end": 2}, {"text": ""}, {"text": 7}, None, "x", []], []),
        ({"text": "a"}, []),
        ("a b", []),
    ],
)
def test_words_of_any_kind(words: Any, times: list[tuple[str, float, float]]) -> None:
    """What has no text is no word, a wrong time is its neighbour's; the transcript counts in any case."""
    text = json.dumps({"type": "Turn", "turn_order": 0, "end_of_turn": True, "transcript": "a b", "words": words})
    final = hear(started(), text)[0]
    assert isinstance(final, Final)
    assert final.text == "a b"
    assert [(w.text, w.start, w.end) for w in final.words] == times


def test_words_without_a_transcript_are_the_text() -> None:
    """Nothing that was heard is lost."""
    final = hear(started(), turn(0, "", HI, ("all", 500, 600), end=True))[0]
    assert isinstance(final, Final)
    assert final.text == "hi all"


def test_half_a_surrogate_pair_is_text_like_any_other() -> None:
    """JSON can spell it."""
    final = hear(started(), '{"type":"Turn","turn_order":0,"end_of_turn":true,"transcript":"a\\ud800"}')[0]
    assert isinstance(final, Final)
    assert final.text == "a\ud800"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.integers()
    | st.floats()
    | st.sampled_from(["Turn", "Begin", "A", "", "x y"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "start", "end", "turn_order", "words", "model"]), inner, max_size=4)
    ),
    max_leaves=8,
)
KEYS = [
    "turn_order",
    "turn_is_formatted",
    "end_of_turn",
    "transcript",
    "words",
    "revisions",
    "error",
    "error_code",
    "warning",
    "warning_code",
    "configuration",
    "id",
    "expires_at",
    "timestamp",
    "speaker_label",
    "language_code",
    "end_of_turn_confidence",
    "audio_duration_seconds",
]
TYPES = ["Turn", "Turn", "Begin", "SpeechStarted", "SpeakerRevision", "Warning", "Heartbeat", "Termination", "Error"]
JSONS = st.builds(
    lambda kind, rest: json.dumps({"type": kind, **rest}),
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(KEYS), VALUES),
)
FRAMES = (
    st.builds(Message, st.text() | st.binary() | JSONS | st.builds(json.dumps, VALUES))
    | st.builds(Close, st.none() | st.integers(0, 5000), st.text(max_size=130))
    | st.builds(Lost, st.sampled_from(["dns", "refused", "tls", "timeout", "proxy", "reset", "too_big"]))
    | st.builds(Refused, st.integers(100, 599), st.just({}), st.binary())
    | st.sampled_from([Connected(), Ping(), Connect("http://["), HttpRequest("GET", ""), HttpResponse(200)])
)


@given(
    st.lists(st.builds(Message, JSONS) | FRAMES, max_size=12), st.sampled_from([US, U3, "whisper-rt"]), st.booleans()
)
@example([Message('{"type":"SpeakerRevision","revisions":[{"turn_order":{},"speaker_label":"A"}]}')], U3, True)
def test_receive_never_raises(frames: list[Frame], model: str, begun: bool) -> None:
    """Any text, any bytes, any JSON, any frame: out come events, at most one end, each turn ended once."""
    client = started(Config(model=model)) if begun else Client(context())
    out: list[Any] = []
    for now, frame in enumerate(frames):
        out += client.receive(frame, float(now))
        if client.deadline is not None and client.deadline <= now:
            out += client.tick(float(now))
    ends = [event.turn for event in out if isinstance(event, TurnEnded)]
    assert len(ends) == len(set(ends))
    last = [event for event in out if isinstance(event, (Failed, Stopped))]
    assert last in ([], out[-1:])
    shut: set[int] = set()
    for event in out:
        if isinstance(event, TurnEnded):
            shut.add(event.turn)
        elif isinstance(event, (Partial, Final)):
            assert event.turn not in shut
        elif isinstance(event, Revised):
            assert event.turn in shut
