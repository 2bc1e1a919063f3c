"""How far the audio is, in words."""

from __future__ import annotations

import pytest

from aai_migrate.cli.progress import Progress, duration
from aai_migrate.testing import ManualClock


def _progress(total: float | None) -> tuple[Progress, ManualClock]:
    clock = ManualClock()
    return Progress(total, clock), clock


def test_a_file() -> None:
    """Seconds of the whole, percentage, and the speed while it is fed."""
    progress, clock = _progress(45.0)
    assert progress.words == ["0.0/45.0 s", "0 %", "connecting"]
    clock.advance(3.0)  # dialling does not count
    progress.begin()
    assert progress.words == ["0.0/45.0 s", "0 %"]
    clock.advance(5.0)
    progress.fed(12.5)
    clock.advance(60.0)  # nor does waiting afterwards
    assert progress.words == ["12.5/45.0 s", "27 %", "2.5×"]
    progress.fed(45.0)
    progress.end()
    assert progress.words == ["45.0/45.0 s", "100 %", "waiting for the last words"]


def test_a_long_file() -> None:
    """From a minute on the clock is read in minutes."""
    progress, clock = _progress(3725.0)
    progress.begin()
    clock.advance(65.0)
    progress.fed(65.0)
    assert progress.words == ["1:05/1:02:05", "1 %", "1.0×"]


def test_a_microphone() -> None:
    """Where nobody knows the end, only the seconds are said."""
    progress, clock = _progress(None)
    assert progress.words == ["0.0 s", "connecting"]
    progress.begin()
    clock.advance(1.0)
    progress.fed(0.75)
    assert (progress.words, progress.share) == (["0.8 s"], None)


def test_a_microphone_with_an_end() -> None:
    """Where an end was set there is a share of it, but no speed: a microphone has that of speech."""
    clock = ManualClock()
    progress = Progress(8.0, clock, live=True)
    progress.begin()
    clock.advance(1.0)
    progress.fed(2.0)
    assert progress.words == ["2.0/8.0 s", "25 %"]


def test_more_than_was_announced() -> None:
    """A file that grew is whole, not more than whole."""
    progress, _ = _progress(1.0)
    progress.fed(1.5)
    assert progress.share == 1.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0.0 s"), (7.25, "7.2 s"), (59.94, "59.9 s"), (60.0, "1:00"), (125.9, "2:05"), (3725.0, "1:02:05")],
)
def test_durations(seconds: float, said: str) -> None:
    """Tenths up to a minute, then minutes and seconds, then hours."""
    assert duration(seconds) == said
