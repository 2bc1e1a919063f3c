"""Vendors that end a turn once, as it is formatted: what to do with raw ends makes no difference to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.config import Config, FormattedTurns
from aai_migrate.events import Turn, TurnRevised
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire import commands as ask
from aai_migrate.wire.frames import FRAMES, Connect, Connected, HttpRequest, HttpResponse, Message

from ..session.hearing import KEY
from ..session.plain import context

CREATED = b'{"id":"9b1c","created_at":"2026-09-21T09:14:02.118Z","url":"wss://api.gladia.io/v2/live?token=3f6f"}'
SPOKEN = [("At", 0.2, 0.4), ("noon.", 0.5, 0.9)]


def word(text: str, start: float, end: float, *, mark: bool = False) -> dict[str, Any]:
    """One of Speechmatics' results."""
    found = {"type": "word", "start_time": start, "end_time": end, "alternatives": [{"content": text, "confidence": 1}]}
    return {**found, "type": "punctuation", "attaches_to": "previous", "is_eos": True} if mark else found


WIRES: dict[str, list[Any]] = {
    "speechmatics": [
        {"message": "RecognitionStarted", "id": "5b1f", "language_pack_info": {"word_delimiter": " "}},
        {
            "message": "AddTranscript",
            "metadata": {"start_time": 0.2, "end_time": 0.9, "transcript": "At noon. "},
            "results": [word("At", 0.2, 0.4), word("noon", 0.5, 0.9), word(".", 0.9, 0.9, mark=True)],
        },
        {"message": "EndOfUtterance", "metadata": {"start_time": 1.6, "end_time": 1.6}},
    ],
    "speechmatics/linden-1": [
        {"message": "RecognitionStarted", "id": "5b1f", "language_pack_info": {"word_delimiter": " "}},
        {
            "message": "AddSegment",
            "segment": {"transcript": "At noon."},
            "metadata": {"start_time": 0.2, "end_time": 0.9},
        },
        {"message": "EndOfTurn", "metadata": {"end_time": 0.9}},
    ],
    "gladia": [
        {"session_id": "9b1c", "type": "speech_start", "data": {"time": 0.2, "channel": 0}},
        {"session_id": "9b1c", "type": "speech_end", "data": {"time": 1.0, "channel": 0}},
        {
            "session_id": "9b1c",
            "created_at": "2026-09-21T09:14:06.402Z",
            "type": "transcript",
            "data": {
                "id": "00_00000003",
                "is_final": True,
                "utterance": {
                    "text": " At noon.",
                    "start": 0.2,
                    "end": 0.9,
                    "confidence": 0.9,
                    "channel": 0,
                    "language": "en",
                    "words": [{"word": f" {w}", "start": a, "end": b, "confidence": 0.9} for w, a, b in SPOKEN],
                },
            },
        },
    ],
    "assemblyai-v2": [
        {"message_type": "SessionBegins", "session_id": "5a1d", "expires_at": "2025-03-04T12:30:00.118204"},
        {
            "message_type": "FinalTranscript",
            "created": "2025-03-04T11:00:09.118820",
            "audio_start": 0,
            "audio_end": 1600,
            "confidence": 0.9,
            "text": "At noon.",
            "words": [
                {"text": w, "start": int(1000 * a), "end": int(1000 * b), "confidence": 0.9} for w, a, b in SPOKEN
            ],
            "punctuated": True,
            "text_formatted": True,
        },
    ],
}


def heard(spec: str, formatted_turns: FormattedTurns, messages: Iterable[Any]) -> list[Turn | TurnRevised]:
    """The ended turns that *messages* bring, two seconds of audio behind the first of them, without any waiting."""
    name, model = registry.split(spec)
    base_url = "wss://v2.example.com" if name == "assemblyai-v2" else None
    config = Config(model=model, base_url=base_url, formatted_turns=formatted_turns)
    provider = registry.find(name)
    session, turns = Session(provider, context()), Turns(name, formatted_turns=formatted_turns)
    out: list[Any] = []

    def take(found: Sequence[Any]) -> None:
        out.extend(turns.fold([item for item in found if not isinstance(item, FRAMES)], 0.0))
        for item in found:
            if isinstance(item, HttpRequest):
                take(session.receive(HttpResponse(201, {}, CREATED), 0.0))
            elif isinstance(item, Connect):
                take(session.receive(Connected(), 0.0))

    take(session.send(ask.Start(config, KEY), 0.0))
    greeting, *rest = messages
    take(session.receive(Message(json.dumps(greeting)), 0.0))
    take(session.send(ask.Audio(bytes(2 * 32_000)), 0.0))
    while session.backlog:
        take(session.tick(0.0))
    for message in rest:
        take(session.receive(Message(json.dumps(message)), 0.0))
    return [event for event in out if isinstance(event, TurnRevised) or (isinstance(event, Turn) and event.end_of_turn)]


@pytest.mark.parametrize("formatted_turns", ["wait", "revise", "raw"])
@pytest.mark.parametrize("spec", WIRES)
def test_a_turn_that_is_ended_once(spec: str, formatted_turns: FormattedTurns) -> None:
    """It ends at once, formatted, and is not revised."""
    (turn,) = heard(spec, formatted_turns, WIRES[spec])
    assert isinstance(turn, Turn)
    assert (turn.transcript, turn.turn_is_formatted, turn.end_of_turn) == ("At noon.", True, True)
