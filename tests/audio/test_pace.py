"""Handing audio out on time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, paced
from aai_migrate.errors import AudioError

FORMAT = AudioFormat(sample_rate=8_000)  # 16,000 bytes a second
CHUNK = bytes(800)  # 50 ms


class Hands:
    """A clock that only moves when it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_chunk_comes_when_its_last_sample_was_spoken() -> None:
    """The first chunk of 50 ms comes after 50 ms; the clock starts with the first request."""
    hands = Hands()
    stream = paced([CHUNK, CHUNK, bytes(160)], FORMAT, clock=hands.clock, sleep=hands.sleep)
    hands.now = 2000.0
    assert [round(hands.now - 2000, 9) for _ in stream] == [0.05, 0.1, 0.11]


@pytest.mark.parametrize(("speed", "times"), [(2.0, [0.025, 0.05]), (0.5, [0.1, 0.2])])
def test_speed_divides_the_time(speed: float, times: list[float]) -> None:
    """At double speed everything is due in half the time."""
    hands = Hands(0.0)
    stream = paced([CHUNK] * 2, FORMAT, speed=speed, clock=hands.clock, sleep=hands.sleep)
    assert [round(hands.now, 9) for _ in stream] == times


@given(st.lists(st.floats(0, 0.05), min_size=1, max_size=200))
def test_a_busy_reader_causes_no_drift(busy: list[float]) -> None:
    """Time spent by the reader is taken off the wait: chunk k comes at k × 50 ms."""
    hands = Hands(0.0)
    stream = paced([CHUNK] * len(busy), FORMAT, clock=hands.clock, sleep=hands.sleep)
    for number, (_, spent) in enumerate(zip(stream, busy, strict=True), 1):
        assert hands.now == pytest.approx(number * 0.05, abs=1e-9)
        hands.now += spent


def test_after_a_stall_the_due_chunks_come_at_once() -> None:
    """A reader that was away for 0.2 s gets four chunks without waiting, then the old rhythm."""
    hands = Hands(0.0)
    stream = paced([CHUNK] * 7, FORMAT, clock=hands.clock, sleep=hands.sleep)
    next(stream)
    hands.now = 0.26
    assert [round(hands.now, 9) for _ in stream] == [0.26, 0.26, 0.26, 0.26, 0.3, 0.35]


def test_sleep_is_never_asked_for_nothing() -> None:
    """An empty chunk, or one that is due, does not sleep."""
    hands = Hands(0.0)
    assert list(paced([b"", b""], FORMAT, clock=hands.clock, sleep=hands.sleep)) == [b"", b""]
    assert hands.slept == []


def test_speed_zero_does_not_wait() -> None:
    """Chunks pass as they are, and no clock is read."""
    hands = Hands()
    assert list(paced([CHUNK] * 3, FORMAT, speed=0, clock=hands.clock, sleep=hands.sleep)) == [CHUNK] * 3
    assert hands.slept == []


@pytest.mark.parametrize("speed", [-1.0, math.nan, math.inf])
def test_a_speed_that_cannot_be_kept_is_refused_at_once(speed: float) -> None:
    """The call itself raises, not the first iteration."""
    with pytest.raises(AudioError, match=r"speed .* is not a number from 0"):
        paced([], FORMAT, speed=speed)
