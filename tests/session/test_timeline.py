"""Times of a connection as times of the session, against a list with one entry for every sample."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.session.timeline import Timeline

RATE = 10


class Naive:
    """A sample of the connection for each entry: where it starts and where it ends in the session."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, int]] = []
        self.sent = 0

    def audio(self, session: int, count: int) -> None:
        self.put([(session + n, session + n + 1) for n in range(count)])

    def silence(self, session: int, count: int) -> None:
        del self.samples[self.sent :]
        self.put([(session, session)] * count)

    def put(self, new: list[tuple[int, int]]) -> None:
        """What was sent here before a rewind stays known until something else is sent in its place."""
        known = self.samples[self.sent : self.sent + len(new)]
        if known != new[: len(known)]:
            del self.samples[self.sent :]
        self.samples[self.sent : self.sent + len(new)] = new
        self.sent += len(new)

    def rewind(self, to: int) -> int:
        self.sent = to
        return self.end(to)

    def start(self, sample: int) -> int:
        return self.samples[sample][0] if sample < len(self.samples) else self.end(len(self.samples))

    def end(self, sample: int) -> int:
        return self.samples[sample - 1][1] if sample else self.samples[0][0] if self.samples else 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("audio"), st.integers(1, 30)),
        st.tuples(st.just("silence"), st.integers(1, 30)),
        st.tuples(st.just("drop"), st.integers(1, 50)),
        st.tuples(st.just("rewind"), st.integers(0, 40)),
    ),
    max_size=30,
)


def built(first: int, steps: list[tuple[str, int]]) -> tuple[Timeline, Naive, int]:
    """Do *steps* from the session's sample *first*; return both models and the next sample to send."""
    timeline, naive, cursor = Timeline(RATE), Naive(), first
    for step, count in steps:
        match step:
            case "audio":
                timeline.audio(cursor, count)
                naive.audio(cursor, count)
                cursor += count
            case "silence":
                timeline.silence(cursor, count)
                naive.silence(cursor, count)
            case "drop":
                cursor += count
            case "rewind" if naive.samples:
                to = max(0, naive.sent - count)
                cursor = naive.rewind(to)
                assert timeline.rewind(to / RATE) == cursor
    return timeline, naive, cursor


@given(st.integers(0, 100), STEPS)
def test_every_time_maps_as_its_sample_does(first: int, steps: list[tuple[str, int]]) -> None:
    """Starts and ends at every sample, over audio, injected silence, dropped audio and resumed sessions."""
    timeline, naive, _ = built(first, steps)
    assert timeline.sent == naive.sent
    assert timeline.seconds == naive.sent / RATE
    for sample in range(len(naive.samples) + 1) if naive.samples else ():
        assert timeline.end(sample / RATE) == naive.end(sample) / RATE
        assert timeline.start(sample / RATE) == naive.start(sample) / RATE


@given(st.integers(0, 100), STEPS, st.lists(st.floats(-1, 200), min_size=2, max_size=20))
def test_times_never_go_backwards(first: int, steps: list[tuple[str, int]], times: list[float]) -> None:
    """What is later on the connection is not earlier in the session; an end comes no later than a start there."""
    timeline, _, _ = built(first, steps)
    ordered = sorted(times)
    assert [timeline.start(time) for time in ordered] == sorted(timeline.start(time) for time in ordered)
    assert [timeline.end(time) for time in ordered] == sorted(timeline.end(time) for time in ordered)
    assert all(timeline.end(time) <= timeline.start(time) for time in ordered)


@given(st.integers(0, 100), STEPS, st.integers(0, 200))
def test_forgetting_changes_nothing_that_is_asked_later(first: int, steps: list[tuple[str, int]], settled: int) -> None:
    """Times at and after what was forgotten map as before, however many pieces there were."""
    timeline, naive, cursor = built(first, steps)
    for _ in range(40):  # so many pieces that it begins to forget
        timeline.audio(cursor, 3)
        naive.audio(cursor, 3)
        timeline.silence(cursor + 3, 2)
        naive.silence(cursor + 3, 2)
        cursor += 4
    timeline.forget(settled / RATE)
    for sample in range(len(naive.samples) + 1):
        if naive.end(sample) > settled:
            assert timeline.end(sample / RATE) == naive.end(sample) / RATE
        if naive.start(sample) > settled:
            assert timeline.start(sample / RATE) == naive.start(sample) / RATE


@given(st.integers(0, 3), STEPS)
def test_plain_times_are_the_sessions_as_they_are(first: int, steps: list[tuple[str, int]]) -> None:
    """Before the first silence, gap or replay nothing has to be mapped."""
    timeline, naive, _ = built(first, steps)
    plain = round(timeline.plain * RATE)
    assert all(naive.start(sample) == naive.end(sample) == sample for sample in range(plain))
    assert not plain or naive.end(plain) == plain


def test_hours_of_audio_and_silence_stay_small() -> None:
    """With audio that settles the memory does not grow; one piece of audio is one entry however long."""
    timeline = Timeline(RATE)
    for second in range(5000):
        timeline.audio(second * RATE, RATE)
    assert len(timeline._spans) == 1
    for second in range(5000, 10000):
        timeline.audio(second * RATE, RATE)
        timeline.silence((second + 1) * RATE, 1)
        timeline.silence((second + 1) * RATE, 1)
        timeline.forget(second)
    assert len(timeline._spans) < 70


def test_a_connection_that_was_sent_nothing() -> None:
    """It says nothing of any time."""
    timeline = Timeline(RATE)
    assert (timeline.start(1.0), timeline.end(1.0), timeline.seconds) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("time", "expected"), [(-5.0, 0.0), (99.0, 2.0), (math.inf, 2.0), (math.nan, 2.0)])
def test_nonsense_stays_on_the_connection(time: float, expected: float) -> None:
    """A vendor's time before or beyond what it was sent is the nearest that can be."""
    timeline = Timeline(RATE)
    timeline.audio(0, 2 * RATE)
    assert timeline.end(time) == timeline.start(time) == expected


def test_all_forgotten_is_nothing_forgotten() -> None:
    """A settled mark at the end of all that was sent leaves the clock as it is."""
    timeline: Any = Timeline(RATE)
    for second in range(100):
        timeline.audio(2 * second * RATE, RATE)
    timeline.forget(1000.0)
    assert timeline.end(100.0) == 199.0


def test_a_word_at_a_gap_does_not_last_over_it() -> None:
    """Five seconds are lost after the first two: what reaches over the edge belongs to the side of its middle."""
    timeline = Timeline(100)
    timeline.audio(0, 200)
    timeline.audio(700, 300)
    assert timeline.word(1.5, 2.05) == (1.5, 2.0)
    assert timeline.word(1.95, 2.5) == (7.0, 7.5)
    assert timeline.word(1.0, 2.0) == (1.0, 2.0)
    assert timeline.word(2.0, 3.0) == (7.0, 8.0)
    assert timeline.word(2.5, 2.4) == (7.5, 7.5)


def test_a_word_over_injected_silence_is_shorter_in_the_session() -> None:
    """Silence takes no time of the session, and no word is empty of it."""
    timeline = Timeline(100)
    timeline.audio(0, 200)
    timeline.silence(200, 50)
    timeline.audio(200, 100)
    assert timeline.word(1.5, 2.75) == (1.5, 2.25)
