"""What is lost is told once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.events import AudioGap
from aai_migrate.session.gaps import Gaps


def test_what_was_known_is_not_told_again() -> None:
    """A stretch over two older ones tells what lies between and around them."""
    gaps = Gaps()
    assert gaps.add(1.0, 2.0) == [AudioGap(1.0, 2.0)]
    assert gaps.add(4.0, 5.0) == [AudioGap(4.0, 5.0)]
    assert gaps.add(0.0, 6.0) == [AudioGap(0.0, 1.0), AudioGap(2.0, 4.0), AudioGap(5.0, 6.0)]
    assert gaps.add(0.5, 5.5) == []
    assert (gaps.seconds, gaps.within(2.0, 9.0)) == (6.0, 4.0)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=20))
def test_every_second_is_told_once(stretches: list[tuple[int, int]]) -> None:
    """The stretches told are disjoint, and together what was added."""
    gaps, told = Gaps(), list[AudioGap]()
    for start, length in stretches:
        told += gaps.add(float(start), float(start + length))
    seconds = sorted(second for gap in told for second in range(int(gap.start), int(gap.end)))
    assert seconds == sorted({second for start, length in stretches for second in range(start, start + length)})
    assert gaps.seconds == len(seconds)
    assert gaps.within(10.0, 20.0) == sum(10 <= second < 20 for second in seconds)
