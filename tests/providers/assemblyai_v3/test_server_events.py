"""The server half, what clients hear: events in, exact JSON out, field by field as strict clients demand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3.server import KEPT, Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, QuotaExceeded
from aai_migrate.wire.commands import Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
    Word,
)
from aai_migrate.wire.frames import Close, Connect, Message

from .wire import context

US, U3 = "speech_model=universal-streaming-english", "speech_model=u3-rt-pro"
TERMINATION = '{"type":"Termination","audio_duration_seconds":0,"session_duration_seconds":0}'
GOOD, DAY = Word("good", 0.1, 0.4, 0.97), Word("day", 0.5004, 0.9006, None)
FIRST = Word("good", 0.1, 0.4, 0.97, joiner="")


def begun(query: str) -> Server:
    server = Server(context())
    server.receive(Connect(f"/v3/ws?{query}", {"Authorization": "k3y"}), 0.0)
    return server


def said(server: Server, *events: Event, now: float = 0.0) -> list[str]:
    """The text of every message for *events*."""
    texts = []
    for event in events:
        for item in server.send(event, now):
            assert isinstance(item, Message)
            assert isinstance(item.data, str)
            texts.append(item.data)
    return texts


def heard(server: Server, *events: Event) -> list[dict[str, Any]]:
    return [json.loads(text) for text in said(server, *events)]


PARTIAL = Partial(turn=7, text="good day", words=(FIRST, DAY), start=0.1, end=0.9006, stable=4)
FINAL = Final(turn=7, text="good day", words=(FIRST, DAY), start=0.1, end=0.9006)
END = TurnEnded(turn=7, at=0.9, confidence=0.77)

HEAD = '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,'
GOOD_JSON = '{"start":100,"end":400,"text":"good","confidence":0.97,"word_is_final":%s}'
DAY_JSON = '{"start":500,"end":901,"text":"day","confidence":1.0,"word_is_final":%s}'


def test_universal_streaming_puts_only_final_words_into_the_transcript() -> None:
    """Words that are promised are final, the open ones follow; no speech message, which was not asked for."""
    assert said(begun(US), SpeechStarted(0.1), PARTIAL) == [
        HEAD
        + '"transcript":"good","end_of_turn_confidence":0.0,"words":['
        + f'{GOOD_JSON % "true"},{DAY_JSON % "false"}],"utterance":"","type":"Turn"}}'
    ]


def test_universal_3_restates_the_whole_turn() -> None:
    """No word is final before the end; SpeechStarted comes before a turn's first words."""
    assert said(begun(U3), PARTIAL) == [
        '{"type":"SpeechStarted","timestamp":100,"confidence":1.0}',
        HEAD
        + '"transcript":"good day","end_of_turn_confidence":0.0,"words":['
        + f'{GOOD_JSON % "false"},{DAY_JSON % "false"}],"utterance":"","type":"Turn"}}',
    ]


@pytest.mark.parametrize(("query", "formatted"), [(US, "false"), (US + "&format_turns=True", "true")])
def test_an_end_is_one_message(query: str, formatted: str) -> None:
    """Formatted where the client waits for that, whatever the provider says; the utterance is the transcript."""
    assert said(begun(query), FINAL, END) == [
        f'{{"turn_order":0,"turn_is_formatted":{formatted},"end_of_turn":true,"transcript":"good day",'
        f'"end_of_turn_confidence":0.77,"words":[{GOOD_JSON % "true"},{DAY_JSON % "true"}],'
        '"utterance":"good day","type":"Turn"}'
    ]


def test_a_universal_3_end_is_formatted() -> None:
    """Always, and the client hears first that somebody speaks."""
    speech, end = heard(begun(U3), FINAL, END)
    assert speech == {"type": "SpeechStarted", "timestamp": 100, "confidence": 1.0}
    assert (end["turn_is_formatted"], end["end_of_turn"]) == (True, True)


def test_speech_started_is_told_once_a_turn() -> None:
    """The provider's own where it has one; not again while the turn is open."""
    server = begun(U3)
    types = [
        m["type"]
        for m in heard(server, SpeechStarted(0.2), SpeechStarted(0.3), PARTIAL, SpeechStarted(0.4), FINAL, END)
    ]
    assert types == ["SpeechStarted", "Turn", "Turn"]
    assert [m["type"] for m in heard(server, Partial(turn=8, text="so"))] == ["SpeechStarted", "Turn"]


def test_language_and_speakers() -> None:
    """On the end; a word's speaker stays with it, and a later piece without does not take the turn's away."""
    first = Final(turn=1, text="Hallo", words=(Word("Hallo", 0, 1, 0.5, speaker="A"),), language="de", speaker="A")
    [_, end] = heard(begun(U3), first, Final(turn=1, text=" du"), TurnEnded(turn=1))
    assert (end["language_code"], end["language_confidence"], end["speaker_label"]) == ("de", 1.0, "A")
    assert [w.get("speaker") for w in end["words"]] == ["A", None]
    assert end["transcript"] == "Hallo du"
    assert end["end_of_turn_confidence"] == 1.0


def test_finals_in_mid_turn_are_part_of_the_next_message() -> None:
    """A turn's text is restated, never appended."""
    server = begun(US)
    head = Final(turn=1, text="good", words=(FIRST,))
    tail = Partial(turn=1, text=" day", words=(DAY,), stable=4)
    assert heard(server, head) == []
    [shown] = heard(server, tail)
    assert (shown["transcript"], [w["word_is_final"] for w in shown["words"]]) == ("good day", [True, True])
    [end] = heard(server, Final(turn=1, text=" day", words=(DAY,)), TurnEnded(turn=1))
    assert (end["transcript"], len(end["words"])) == ("good day", 2)


@pytest.mark.parametrize(
    ("stable", "transcript"),
    [(0, ""), (2, ""), (4, "good"), (5, "good"), (7, "good"), (8, "good day"), (99, "good day")],
)
def test_a_promise_in_mid_word_is_kept_for_whole_words(stable: int, transcript: str) -> None:
    """The transcript and the final words are the same text."""
    partial = Partial(turn=1, text="good day", words=(FIRST, DAY), stable=stable)
    [shown] = heard(begun(US), partial)
    assert shown["transcript"] == transcript
    assert " ".join(w["text"] for w in shown["words"] if w["word_is_final"]) == transcript


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [
        (1.0, 2.0, [(1000, 1500), (1500, 2000)]),
        (None, 2.0, [(2000, 2000)] * 2),
        (1.0, None, [(1000, 1000)] * 2),
        (None, None, [(0, 0)] * 2),
    ],
)
def test_text_without_words_gets_some(start: Any, end: Any, times: list[tuple[int, int]]) -> None:
    """Clients read words, so text that came without is spread over its time."""
    [shown] = heard(begun(US), Partial(turn=1, text="good day", start=start, end=end))
    assert [w["text"] for w in shown["words"]] == ["good", "day"]
    assert [(w["start"], w["end"]) for w in shown["words"]] == times


def test_empty_turns_do_not_exist() -> None:
    """Neither an empty partial nor an end without text is told, and neither takes a number."""
    server = begun(U3)
    assert heard(server, Partial(turn=1, text=" "), TurnEnded(turn=1), TurnEnded(turn=2)) == []
    assert heard(server, Final(turn=3, text=""), TurnEnded(turn=3)) == []
    assert heard(server, PARTIAL)[-1]["turn_order"] == 0


def test_orders_count_ends() -> None:
    """From 0, one more with each; a partial has the order that its end will have."""
    server = begun(US)
    orders = []
    for key in ("x", "y", "z"):
        events = (Partial(turn=key, text="a"), Final(turn=key, text="a"), TurnEnded(turn=key))
        orders += [m["turn_order"] for m in heard(server, *events)]
    assert orders == [0, 0, 1, 1, 2, 2]


def test_a_later_turn_that_ends_first_takes_the_lower_order() -> None:
    """Each order ends once, in order, whichever turn it is."""
    server = begun(US)
    opened = heard(server, Partial(turn="a", text="one"), Partial(turn="b", text="two"))
    assert [m["turn_order"] for m in opened] == [0, 1]
    [first] = heard(server, Final(turn="b", text="two"), TurnEnded(turn="b"))
    [second] = heard(server, Final(turn="a", text="one"), TurnEnded(turn="a"))
    assert [(m["turn_order"], m["transcript"]) for m in (first, second)] == [(0, "two"), (1, "one")]


@pytest.mark.parametrize("query", ["include_partial_turns=false", "redact_pii=true"])
def test_a_client_that_wants_no_partials_gets_none(query: str) -> None:
    """Redaction turns them off, unless they are asked for."""
    assert [m["end_of_turn"] for m in heard(begun(query), PARTIAL, FINAL, END)] == [True]
    both = begun("redact_pii=true&include_partial_turns=true")
    assert [m["end_of_turn"] for m in heard(both, PARTIAL, FINAL, END)] == [False, True]


def test_formatting_can_be_switched_in_mid_session() -> None:
    """The next end says so."""
    server = begun(US)
    server.receive(Message('{"type":"UpdateConfiguration","format_turns":true}'), 0.0)
    assert heard(server, FINAL, END)[0]["turn_is_formatted"] is True


REVISED = Revised(turn=7, words=(Word("good", 0.1, 0.4, 0.5, speaker="B", joiner=""),), speaker="B")


def test_speakers_are_revised_where_they_were_asked_for() -> None:
    """By order; strict clients break on a message that they did not ask for."""
    server = begun("speaker_labels=true")
    heard(server, FINAL, END)
    assert said(server, REVISED) == [
        '{"type":"SpeakerRevision","revisions":[{"turn_order":0,"speaker_label":"B","words":['
        '{"start":100,"end":400,"text":"good","confidence":0.5,"word_is_final":true,"speaker":"B"}]}]}'
    ]
    assert said(server, Revised(turn=99, speaker="B"), Revised(turn=7, text="Good day.", formatted=True)) == []
    server = begun("")
    heard(server, FINAL, END)
    assert said(server, REVISED) == []


def test_old_turns_are_forgotten() -> None:
    """Memory is bounded."""
    server = begun("speaker_labels=true")
    for key in range(KEPT + 1):
        heard(server, Final(turn=key, text="a"), TurnEnded(turn=key))
    assert said(server, Revised(turn=0, speaker="B")) == []
    assert len(said(server, Revised(turn=1, speaker="B"))) == 1


@pytest.mark.parametrize(
    "event",
    [
        Started("id", "model"),
        Settled(1.0),
        Finalized("f"),
        Configured("c", False, "no"),
        Warned("w", "careful"),
        Unmapped({"type": "Metadata"}),
    ],
)
def test_what_v3_cannot_say_is_left_out(event: Event) -> None:
    """ForceEndpoint and UpdateConfiguration are not acknowledged; a Finalize in silence is answered by nothing."""
    assert begun(US).send(event, 0.0) == []


def test_termination_has_whole_seconds_and_a_close() -> None:
    """Then nothing more is said, nor heard."""
    server = begun(US)
    for _ in range(36):
        server.receive(Message(bytes(3200)), 1.0)
    server.receive(Message('{"type":"Terminate"}'), 4.0)
    assert server.send(Stopped("stopped", 3.6, None), 4.4) == [
        Message('{"type":"Termination","audio_duration_seconds":4,"session_duration_seconds":4}'),
        Close(1000, "Session Ended"),
    ]
    assert server.send(END, 5.0) == []
    assert server.receive(Message(b"\0\0"), 5.0) == []
    assert server.deadline is None


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (BadRequest("deepgram", "no such model"), 3006, "User Input Validation Error: no such model"),
        (
            BadRequest("assemblyai-v3", "User Input Validation Error: Invalid 'prompt': too long"),
            3006,
            "User Input Validation Error: Invalid 'prompt': too long",
        ),
        (AuthenticationError("deepgram", "our key is wrong"), 3005, "Session Cancelled: An error occurred"),
        (ConnectionLost("deepgram", "gone"), 3005, "Session Cancelled: An error occurred"),
        (QuotaExceeded("deepgram", "our credit is spent"), 3005, "Session Cancelled: An error occurred"),
        (
            QuotaExceeded("local", "all places are taken", retryable=True),
            3009,
            "Unauthorized Connection: Too many concurrent sessions",
        ),
    ],
)
def test_a_failure_behind_us(error: Any, code: int, text: str) -> None:
    """What the client got wrong it is told; the rest is none of its business. No Termination follows."""
    server = begun(US)
    body = json.dumps({"type": "Error", "error_code": code, "error": text}, separators=(",", ":"))
    assert server.send(Failed(error), 1.0) == [Message(body), Close(code, text)]
    assert server.send(Stopped(), 1.0) == []
    assert server.receive(Message('{"type":"Terminate"}'), 1.0) == []


def test_half_a_surrogate_pair_does_not_break_the_socket() -> None:
    """A text frame is UTF-8."""
    [text] = said(begun(US), Partial(turn=1, text="a\ud800", words=(Word("a\ud800", 0, 1, joiner=""),)))
    assert json.loads(text)["words"][0]["text"] == "a?"
    assert "ä" in said(begun(US), Partial(turn=1, text="ä"))[0]


INTEGERS = ("turn_order", "start", "end", "timestamp", "expires_at", "error_code")
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
TIME = st.floats(0, 1e5)
UNIT = st.none() | st.floats(-1, 2)
WORDS = st.lists(st.builds(Word, TEXT, TIME, TIME, UNIT, joiner=st.sampled_from(["", " "])), max_size=3).map(tuple)
KEYS = st.integers(0, 3)
EVENTS = st.one_of(
    st.builds(
        Partial,
        turn=KEYS,
        text=TEXT,
        words=WORDS,
        start=st.none() | TIME,
        end=st.none() | TIME,
        stable=st.integers(0, 9),
    ),
    st.builds(Final, turn=KEYS, text=TEXT, words=WORDS, language=st.none() | TEXT, speaker=st.none() | TEXT),
    st.builds(TurnEnded, turn=KEYS, confidence=UNIT),
    st.builds(Revised, turn=KEYS, words=WORDS, speaker=st.none() | TEXT),
    st.builds(SpeechStarted, TIME),
    st.sampled_from([Stopped(), Failed(BadRequest("x", "y" * 200)), Settled(1.0)]),
)


def strict(value: Any) -> None:
    """Every integral field is an integer, and no message but an Error has the key that Node takes for one."""
    if isinstance(value, dict):
        assert "error" not in value or value["type"] == "Error"
        for name, item in value.items():
            if name in INTEGERS:
                assert type(item) is int
                assert item >= 0
            strict(item)
    elif isinstance(value, list):
        for item in value:
            strict(item)


CORE = {"turn_order", "turn_is_formatted", "end_of_turn", "transcript", "end_of_turn_confidence", "words", "type"}
WORD = {"text", "start", "end", "confidence", "word_is_final"}


@given(
    st.lists(EVENTS, max_size=12), st.sampled_from([US, U3, "speaker_labels=true&format_turns=true", "redact_pii=true"])
)
def test_any_events_are_told_as_strict_clients_demand(events: list[Event], query: str) -> None:
    """Complete turns, complete words, orders that end once each and in order, an end that comes last."""
    server, ends, out = begun(query), 0, []
    for event in events:
        out += server.send(event, 1.0)
    for index, item in enumerate(out):
        if isinstance(item, Close):
            assert index == len(out) - 1
            continue
        assert isinstance(item, Message)
        assert not isinstance(item, Stop)
        message = json.loads(item.data)
        strict(message)
        if message["type"] == "Turn":
            assert set(message) >= CORE
            assert all(set(word) >= WORD and 0 <= word["confidence"] <= 1 for word in message["words"])
            assert 0 <= message["end_of_turn_confidence"] <= 1
            assert message["turn_order"] >= ends
            if message["end_of_turn"]:
                assert message["turn_order"] == ends
                assert message["transcript"].strip()
                ends += 1


def test_the_vendors_own_client_takes_every_message() -> None:
    """The Python SDK's reader dies of a message that its models refuse."""
    models = pytest.importorskip("assemblyai.streaming.v3.models")
    server = Server(context())
    url = f"/v3/ws?{U3}&speaker_labels=true&session_heartbeat=true"
    frames: list[Any] = server.receive(Connect(url, {"Authorization": "k3y"}), 0.0)
    for event in (PARTIAL, FINAL, END, REVISED):
        frames += server.send(event, 1.0)
    frames += [*server.tick(5.0), *server.send(Stopped(), 6.0)]
    frames += begun(US).send(Failed(ConnectionLost("x", "y")), 1.0)
    kinds = {
        "Begin": models.BeginEvent,
        "SpeechStarted": models.SpeechStartedEvent,
        "Turn": models.TurnEvent,
        "SpeakerRevision": models.SpeakerRevisionEvent,
        "Heartbeat": models.HeartbeatEvent,
        "Termination": models.TerminationEvent,
        "Error": models.ErrorEvent,
    }
    messages = [json.loads(frame.data) for frame in frames if isinstance(frame, Message)]
    assert {message["type"] for message in messages} == set(kinds)
    for message in messages:
        kinds[message["type"]].model_validate(message)
