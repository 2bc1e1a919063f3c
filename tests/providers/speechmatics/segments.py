"""Sessions of Agent STT, and what must be true of everything that their clients are told."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.speechmatics.server import Server

from aai_migrate.wire.events import Started
from aai_migrate.wire.frames import Message

from .served import SECOND, connected, start

PATH = "/v2/agent"
VAD, EXTERNAL = ({"turn_config": {"turn_detection_mode": mode}} for mode in ("vad", "external"))


def agent(seconds: int = 0, beside: dict[str, Any] = VAD, **transcription: Any) -> Server:
    """A server half that has greeted its client at time 0, which has sent so much audio."""
    server = connected(PATH)
    server.receive(start(beside=beside, **transcription), 0.0)
    server.send(Started(), 0.0)
    for _ in range(seconds):
        server.receive(Message(SECOND), 0.0)
    return server


def transcribed(out: list[Any]) -> list[str]:
    """Return the words of all segments that are final."""
    return " ".join(item["segment"]["transcript"] for item in out if item["message"] == "AddSegment").split()


def check_grammar(out: list[Any], *, external: bool, partials: bool) -> None:
    """What is said of turns and speech has a beginning and an end, in this order, at times that do not go back."""
    *messages, last = out
    assert last == {"message": "EndOfTranscript"}
    turn = speech = shows = False
    told = 0.0
    for message in messages:
        kind, metadata = message["message"], message["metadata"]
        times = [metadata[name] for name in ("start_time", "end_time") if name in metadata]
        assert times == sorted(times)
        assert times[0] >= told
        if kind in ("AddSegment", "SpeechEnded", "EndOfTurn"):  # before its words are final a turn may move
            told = times[-1]
        match kind:
            case "StartOfTurn":
                assert not turn
                assert speech or external
                turn = True
            case "EndOfTurn":
                assert turn
                assert not shows, "what is shown belongs to no turn"
                turn = False
            case "SpeechStarted":
                assert not speech
                assert not external
                speech = True
            case "SpeechEnded":
                assert speech
                speech = False
            case "AddSegment":
                assert turn
                assert message["segment"]["transcript"].strip()
                shows = False
            case "AddPartialSegment":
                assert partials
                shows = bool(message["segment"]["transcript"])
                assert turn or not shows
            case _:
                pytest.fail(kind)
    assert (turn, speech, shows) == (False, False, False)
