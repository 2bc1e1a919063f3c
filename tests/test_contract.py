"""The Turn contract and the text grammar, over conversations that no sane vendor has."""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.events import Begin, StreamEvent, Termination, Turn, TurnRevised
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire import commands as ask
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused

from .session.hearing import FORMAT, KEY
from .session.plain import context

BEGIN = '{"type":"Begin","id":"6a0c","expires_at":1790222326}'
V3 = registry.find("assemblyai-v3")

vocabulary = st.sampled_from(["one", "two", "Three.", "4", "five", "", "é", " six "])
times = st.one_of(st.integers(-100, 20_000), st.none(), st.just("12"), st.just(1e300))
word = st.fixed_dictionaries(
    {"text": vocabulary}, optional={"start": times, "end": times, "confidence": times, "word_is_final": st.booleans()}
)
turn = st.fixed_dictionaries(
    {"type": st.just("Turn"), "turn_order": st.integers(0, 4), "end_of_turn": st.booleans()},
    optional={
        "turn_is_formatted": st.booleans(),
        "transcript": st.lists(vocabulary, max_size=4).map(" ".join),
        "words": st.lists(word, max_size=4),
        "end_of_turn_confidence": st.floats(0, 1),
    },
)
small = st.sampled_from(
    [
        {"type": "SpeechStarted", "timestamp": 500},
        {"type": "SpeakerRevision", "revisions": [{"turn_order": 0, "speaker_label": "B", "words": []}]},
        {"type": "Heartbeat"},
        {"type": "Begin", "id": "again"},
        {"type": "Warning", "warning_code": 1, "warning": "w"},
        {"type": "Error", "error_code": 3005, "error": "Session Cancelled"},
        {"type": "Termination", "audio_duration_seconds": 3},
    ]
)
said = st.one_of(turn.map(json.dumps), turn.map(json.dumps), small.map(json.dumps))
step = st.one_of(
    said.map(Message),
    said.map(Message),
    st.sampled_from([Lost("reset"), Close(1011, "oops"), Message("no json"), Message(b"\0")]),
    st.floats(0, 4).map(lambda seconds: seconds),
    st.sampled_from([ask.Finalize("f"), ask.Stop(), ask.Audio(bytes(6400))]),
)


def checked(events: list[StreamEvent]) -> None:
    """The contract of design section 4, rule by rule."""
    if not events:
        return
    assert isinstance(events[0], Begin)
    assert sum(isinstance(event, Begin) for event in events) == 1
    assert all(not isinstance(event, Termination) for event in events[:-1])
    ended: dict[int, int] = {}
    stable: dict[tuple[int, int], str] = {}
    for event in events:
        if isinstance(event, Turn):
            key = (event.channel, event.turn_order)
            count = ended.get(event.channel, 0)
            assert event.transcript.strip()
            assert event.turn_order >= count, "something followed an end"
            assert 0 <= event.stable_length <= len(event.transcript)
            assert event.transcript.startswith(stable.get(key, ""))
            stable[key] = event.transcript[: event.stable_length]
            if event.end_of_turn:
                assert event.turn_order == count, "ended turns do not rise by one"
                ended[event.channel] = count + 1
            assert all(word.start <= word.end for word in event.words)
        elif isinstance(event, TurnRevised):
            assert event.turn_order < ended.get(event.channel, 0), "revised before its end"


def played(model: str, mode: str, steps: list[Any]) -> list[StreamEvent]:
    """Play *steps* to a session: frames to receive, commands to ask, numbers to wait."""
    session, turns, now = Session(V3, context()), Turns("v3", formatted_turns=mode), 0.0
    events: list[StreamEvent] = []

    def take(items: list[Any]) -> None:
        events.extend(turns.fold([item for item in items if not isinstance(item, Frame)], now))
        if any(isinstance(item, Connect) for item in items):
            take(session.receive(Connected(), now))
            take(session.receive(Message(BEGIN), now))

    take(session.send(ask.Start(Config(audio=FORMAT, model=model, formatted_turns=mode), KEY), now))  # type: ignore[arg-type]
    stopped = False
    for item in [*steps, ask.Stop(), 400.0]:
        if isinstance(item, float):
            until = now + item
            while (due := session.deadline) is not None and due <= until:
                now = max(now, due)
                take(session.tick(now))
            now = until
        elif isinstance(item, Frame):
            take(session.receive(item, now))
        elif not stopped and session.state != "ended":
            stopped = isinstance(item, ask.Stop)
            take(session.send(item, now))
    assert session.state == "ended", "a wait without an end"
    assert isinstance(events[-1], Termination)
    return events


@settings(max_examples=400, deadline=None)
@given(
    model=st.sampled_from(["u3-rt-pro", "universal-streaming-english", "whisper-rt"]),
    mode=st.sampled_from(["wait", "revise", "raw"]),
    steps=st.lists(step, max_size=25),
)
def test_the_turn_contract_holds_over_any_conversation(model: str, mode: str, steps: list[Any]) -> None:
    """Messages in any order, cuts, waits and commands: the contract holds and the session ends."""
    checked(played(model, mode, steps))


SEEDS = [
    BEGIN,
    '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"could you","end_of_turn_confidence":'
    '0.004,"words":[{"start":960,"end":1120,"text":"could","confidence":0.97,"word_is_final":true}],"type":"Turn"}',
    '{"turn_order":0,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Could you?","words":[],"type":"Turn"}',
    '{"type":"SpeakerRevision","revisions":[{"turn_order":0,"speaker_label":"B","words":[]}]}',
    '{"type":"Error","error_code":1008,"error":"Unauthorized Connection: Invalid API key"}',
    '{"type":"Termination","audio_duration_seconds":41,"session_duration_seconds":44}',
    '{"type":"UpdateConfiguration","min_turn_silence":900,"keyterms_prompt":["Weber"]}',
    '{"type":"Terminate"}',
    '{"type":"ForceEndpoint"}',
    '{"start":null,"end":-1,"x":1e999,"y":[[[[]]]],"z":"\\ud800"}',
]
FRAGMENTS = [
    "null",
    "true",
    "-1",
    "1e308",
    "[]",
    "{}",
    '"',
    "\\",
    "\0",
    "\ud800",
    "NaN",
    "[" * 2000,
    "9" * 400,
    ":",
    ",",
]


def mutated(chance: random.Random) -> str:
    """A message that was true once."""
    text = chance.choice(SEEDS)
    for _ in range(chance.randrange(4)):
        at, width = chance.randrange(len(text) + 1), chance.randrange(12)
        text = text[:at] + chance.choice([*FRAGMENTS, chance.choice(SEEDS)[:40], ""]) + text[at + width :]
    return text


def any_frame(chance: random.Random) -> Frame:
    kind = chance.randrange(12)
    if kind < 8:
        return Message(mutated(chance))
    if kind == 8:
        return Message(chance.randbytes(chance.randrange(40)))
    if kind == 9:
        return Close(chance.choice([None, 1000, 1008, 1011, 3005, 4001]), mutated(chance)[:80])
    if kind == 10:
        return Refused(chance.randrange(100, 600), {"retry-after": mutated(chance)[:9]}, chance.randbytes(9))
    return Connect("wss://x/v3/ws?" + mutated(chance)[:60], {"authorization": mutated(chance)[:20]})


def test_no_frame_makes_a_half_raise() -> None:
    """Mutated messages into both halves and the session, for FUZZ_SECONDS (5 by default; seeded by FUZZ_SEED)."""
    seconds, seed = float(os.environ.get("FUZZ_SECONDS", "5")), int(os.environ.get("FUZZ_SEED", "1"))
    chance, end, rounds = random.Random(seed), time.monotonic() + seconds, 0
    assert V3.server is not None
    while time.monotonic() < end:
        rounds += 1
        client, server, session = V3.client(context()), V3.server(context()), Session(V3, context())
        start = ask.Start(Config(audio=FORMAT, model=chance.choice(["u3-rt-pro", "whisper-rt"])), KEY)
        client.send(start, 0.0)
        session.send(start, 0.0)
        server.receive(Connect("wss://x/v3/ws?sample_rate=16000", {"Authorization": "k"}), 0.0)
        for half in (client, server, session):
            half.receive(Message(BEGIN) if half is not server else Message(b"\0" * 3200), 0.1)
        for number in range(20):
            frame, now = any_frame(chance), 0.2 + number / 5
            for half in (client, server, session):
                half.receive(frame, now)
                half.tick(now)
    assert rounds > 10
