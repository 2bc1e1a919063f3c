"""Sessions over real sockets that break before every other frame, in either way."""

from __future__ import annotations

import threading
from typing import Any

import aai_migrate
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import encode, words

from ..drivers.blocking import Driver
from .loopback import Served

FORMAT = AudioFormat()
WORDS = words(6, seed=12)
AUDIO = encode([0.2, *WORDS[:3], 1.2, *WORDS[3:], 0.2], FORMAT)
RETRY = aai_migrate.RetryPolicy(first=0.02)


def transcribed(url: str, driver: Driver, provider: str, **options: Any) -> list[aai_migrate.StreamEvent]:
    """Return what a session said about AUDIO, which comes in chunks of a tenth of a second."""
    size = FORMAT.size(0.1)
    chunks = [AUDIO[at : at + size] for at in range(0, len(AUDIO), size)]
    with driver.connect(provider, api_key="k" * 32, base_url=url, retry=RETRY, **options) as stream:
        return list(stream.transcribe(chunks))


def check(events: list[aai_migrate.StreamEvent]) -> None:
    """Every word came once, to the end, and no audio was given up."""
    turns = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    text = " ".join(turn.transcript for turn in turns)
    assert tuple(word.strip(".").lower() for word in text.split()) == WORDS
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    assert not any(isinstance(event, aai_migrate.AudioGap) for event in events)


def every_cut(url: str, vendor: Served[Any], driver: Driver, provider: str, step: int = 2, **options: Any) -> int:
    """Run a session whole, then broken before every *step*-th frame and handshake; every other time it is closed.

    Returns:
        how many sessions there were after the first.
    """
    check(transcribed(url, driver, provider, **options))
    assert len(vendor.vendor.connections) == 1
    crossed, again, tried = dict(vendor.crossed), 0, 0
    for direction, count in crossed.items():
        for number in range(0, count, step):
            vendor.break_at((direction, number), closes=number % (2 * step) == step)
            try:
                check(transcribed(url, driver, provider, **options))
            except AssertionError as error:
                raise AssertionError(f"cut {direction} before frame {number}: {error}") from error
            again, tried = again + vendor.crossed["in"] - 1, tried + 1
    assert again > tried / 2, "a run may have fewer frames than the first, but not half of them"
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")] == []
    return tried
