"""Cuts over real sockets, with both drivers, against the vendor as its documentation describes it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import aai_migrate
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Hard, encode, words

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from .habits import Habits
from .loopback import served

pytestmark = pytest.mark.no_cover
FORMAT = AudioFormat()
WORDS = words(6, seed=12)
AUDIO = encode([0.2, *WORDS[:3], 1.2, *WORDS[3:], 0.2], FORMAT)
RETRY = aai_migrate.RetryPolicy(first=0.02)
HARD = Hard(final_every=2, jitter=0.03, late=0.3)
CASES: dict[str, tuple[Habits, dict[str, Any]]] = {
    "utterances": (Habits(hard=HARD, starts_after=0.01, ack_lag=0.02), {}),
    "sentences": (Habits(piece=1, starts_after=0.0, ack_lag=0.0, rest=0.02), {"turn_silence": 0}),
}


def transcribed(url: str, driver: Driver, **options: Any) -> list[aai_migrate.StreamEvent]:  # noqa: F811
    size = FORMAT.size(0.1)
    chunks = [AUDIO[at : at + size] for at in range(0, len(AUDIO), size)]
    given = {"api_key": "k" * 32, "base_url": url, "retry": RETRY, **options}
    with driver.connect("speechmatics", **given) as stream:
        return list(stream.transcribe(chunks))


def check(events: list[aai_migrate.StreamEvent]) -> None:
    turns = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    text = " ".join(turn.transcript for turn in turns)
    assert tuple(word.strip(".").lower() for word in text.split()) == WORDS
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    assert not any(isinstance(event, aai_migrate.AudioGap) for event in events)


@pytest.mark.parametrize("case", CASES)
def test_a_cut_before_a_frame_over_a_real_socket(case: str, driver: Driver) -> None:  # noqa: F811
    """Before the handshake, and before every fourth other message of either side; every other time it is closed."""
    habits, options = CASES[case]
    with served(habits) as (url, vendor):
        check(transcribed(url, driver, **options))
        assert len(vendor.connections) == 1
        crossed, again, tried = dict(vendor.crossed), 0, 0
        for direction, count in crossed.items():
            for number in range(0, count, 4):
                vendor.break_at((direction, number), closes=number % 8 == 4)
                try:
                    check(transcribed(url, driver, **options))
                except AssertionError as error:
                    raise AssertionError(f"cut {direction} before frame {number}: {error}") from error
                again, tried = again + vendor.crossed["in"] - 1, tried + 1
        assert again > tried / 2, "a run may have fewer frames than the first, but not half of them"
    assert set(vendor.goodbyes) == {1000}
    assert len(vendor.goodbyes) > tried / 2
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")] == []
