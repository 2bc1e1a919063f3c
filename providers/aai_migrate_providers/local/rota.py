"""Whose turn it is to be heard: the one who had least."""

from __future__ import annotations

from collections.abc import Iterable

CREDIT = 30
"""Slices that a session which was quiet may have before the others: a second pass over some seconds of speech."""


class Rota:
    """Deals out slices of work between sessions, by number.

    Who always has work gets as much as the others who have; who has some now and then, as a session in real
    time, gets it at once. A rest is remembered up to ``CREDIT`` slices.
    """

    def __init__(self) -> None:
        self._had: dict[int, int] = {}
        self._level = 0  # what the least served of the busy ones had

    def next(self, ready: Iterable[int]) -> int | None:
        """Return which of *ready* has the next slice, counted as had; None: there are none."""
        best = min(ready, key=self._owed, default=None)
        if best is not None:
            had = self._owed(best)
            self._level = max(self._level, had)
            self._had[best] = had + 1
        return best

    def leave(self, number: int) -> None:
        """Forget a session."""
        self._had.pop(number, None)

    def _owed(self, number: int) -> int:
        return max(self._had.get(number, self._level), self._level - CREDIT)
