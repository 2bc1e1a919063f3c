"""The client half of Agent STT where somebody speaks, or seems to."""

from __future__ import annotations

from aai_migrate.wire.events import Final, SpeechStarted

from .wire import AGENT, hear, said, segment, started


def test_a_noise_hides_no_speech_behind_it() -> None:
    """Speech that ended without a word is over; what follows begins anew."""
    client = started(AGENT)
    assert hear(client, said("SpeechStarted", metadata={"start_time": 3.0})) == [SpeechStarted(3.0)]
    assert hear(client, said("SpeechEnded", metadata={"end_time": 3.4})) == []
    assert hear(client, said("SpeechStarted", metadata={"start_time": 60.0})) == [SpeechStarted(60.0)]
    assert hear(client, said("StartOfTurn", metadata={"start_time": 60.1})) == []


def test_speech_is_told_once_a_turn() -> None:
    """Pauses within it are none of the turn's ends."""
    client = started(AGENT)
    hear(client, said("SpeechStarted", metadata={"start_time": 1.0}), segment("AddPartialSegment", "We", 1.1, 1.2))
    assert hear(client, said("SpeechEnded", metadata={"end_time": 1.3})) == []
    assert hear(client, said("SpeechStarted", metadata={"start_time": 1.6})) == []
    final, _ = hear(client, segment("AddSegment", "We.", 1.1, 1.2))
    assert isinstance(final, Final)
    hear(client, said("SpeechEnded", metadata={"end_time": 1.9}))
    assert hear(client, said("SpeechStarted", metadata={"start_time": 2.0})) == []
    hear(client, said("EndOfTurn", metadata={"end_time": 1.2}))
    assert hear(client, said("SpeechStarted", metadata={"start_time": 9.0})) == [SpeechStarted(9.0)]
