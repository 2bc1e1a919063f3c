"""When which audio could be heard."""

from __future__ import annotations

import pytest

from aai_migrate.cli.handed import KEPT, Handed
from aai_migrate.testing import ManualClock


def _handed(speed: float, chunks: int = 20, seconds: float = 0.5) -> Handed:
    """Audio that came *speed* times as fast as it is spoken, from 100 s on the clock on."""
    clock = ManualClock(100.0)
    handed = Handed(clock=clock)
    handed.begin()
    for chunk in range(1, chunks + 1):
        clock.advance(seconds / speed)
        handed.note(chunk * seconds)
    return handed


def test_a_sample_is_heard_where_it_stands_in_its_chunk() -> None:
    """A chunk is handed on when its last sample is spoken; what stands before was spoken before."""
    handed = _handed(1.0)
    assert not handed.early
    assert [handed.when(at) for at in (0.0, 0.2, 0.5, 0.75, 10.0)] == pytest.approx(
        [100.0, 100.2, 100.5, 100.75, 110.0]
    )
    assert handed.when(10.1) is None


def test_audio_that_waited() -> None:
    """What was held up was heard when it came, as far as the audio behind it shows."""
    clock = ManualClock()
    handed = Handed(clock=clock)
    handed.begin()
    clock.advance(0.5)
    handed.note(0.5)
    clock.advance(3.0)
    handed.note(1.0)
    assert handed.when(0.6) == pytest.approx(3.1)


def test_audio_that_was_buffered() -> None:
    """What waited while the vendor was dialled was spoken before it came: the rest, come at once, shows when."""
    clock = ManualClock(10.0)
    handed = Handed(clock=clock)
    handed.begin()
    for chunk in range(1, 4):
        handed.note(chunk / 2)  # all of it at second 10
    for chunk in range(4, 20):
        clock.advance(0.5)
        handed.note(chunk / 2)
    assert not handed.early
    assert [handed.when(at) for at in (0.0, 0.4, 1.5, 3.0)] == pytest.approx([8.5, 8.9, 10.0, 11.5])


def test_who_knows_need_not_find_out() -> None:
    """A microphone is never early, a file that is not fed at the speed of speech always is."""
    for as_spoken in (True, False):
        handed = Handed(as_spoken, ManualClock())
        handed.note(60.0)
        assert handed.early is not as_spoken


@pytest.mark.parametrize(("speed", "early"), [(0.5, False), (1.0, False), (1.04, False), (1.4, True), (1000.0, True)])
def test_early(speed: float, early: bool) -> None:
    """Audio that comes faster than it is spoken gives no delays to speak of."""
    assert _handed(speed).early is early


def test_nothing_handed() -> None:
    """Before the first chunk nothing is known."""
    handed = Handed(clock=ManualClock(5.0))
    assert not handed.early
    assert handed.when(0.1) is None


def test_hours() -> None:
    """Memory has a bound: what is long past is forgotten, the last hour is not."""
    handed = _handed(1.0, 2 * KEPT + 10)
    last = (2 * KEPT + 10) * 0.5
    assert handed.when(1.0) is None
    assert handed.when(last - KEPT * 0.5 + 10) is not None
    assert handed.when(last) is not None
