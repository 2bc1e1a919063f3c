"""Audio that is lost for good, each second of it told once."""

from __future__ import annotations

from ..events import AudioGap


class Gaps:
    """Disjoint stretches of the session's audio, in seconds, in order."""

    def __init__(self) -> None:
        self._lost: list[tuple[float, float]] = []

    @property
    def seconds(self) -> float:
        """How much is lost in all."""
        return sum(end - start for start, end in self._lost)

    def within(self, start: float, end: float) -> float:
        """Return how much of *start* to *end* is lost."""
        return sum(max(0.0, min(end, last) - max(start, first)) for first, last in self._lost)

    def add(self, start: float, end: float) -> list[AudioGap]:
        """Note that *start* to *end* is lost; return what of it was not known."""
        news, at = [], start
        for first, last in self._lost:
            if first >= end:
                break
            if first > at:
                news.append((at, first))
            at = max(at, last)
        if at < end:
            news.append((at, end))
        self._lost = _merged([*self._lost, *news])
        return [AudioGap(first, last) for first, last in news]


def _merged(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for first, last in sorted(stretches):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return out
