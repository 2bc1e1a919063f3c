"""Whose turn it is to be heard: the one who had least for its price."""

from __future__ import annotations

from collections.abc import Mapping

CREDIT = 30
"""What a session that was quiet may have before the others: at price 1, a second pass over some seconds of speech."""


class Rota:
    """Deals out slices of work between sessions, by number.

    Who always has work gets as much as the others who have, at the same price; who has some now and then, as a
    session in real time, gets it at once. A rest is remembered up to ``CREDIT``.
    """

    def __init__(self) -> None:
        self._had: dict[int, int] = {}
        self._level = 0  # what the least served of the busy ones had

    def next(self, ready: Mapping[int, int]) -> int | None:
        """Return who has the next slice, counted as had; None: nobody is ready.

        Args:
            ready: the numbers of those that have work, and what a slice costs each of them, from 1 on: a session
                at price 4 gets one slice where one at price 1 gets four.
        """
        best = min(ready, key=self._spent, default=None)
        if best is not None:
            spent = self._spent(best)
            self._level = max(self._level, spent)
            self._had[best] = spent + ready[best]
        return best

    def leave(self, number: int) -> None:
        """Forget a session."""
        self._had.pop(number, None)

    def _spent(self, number: int) -> int:
        return max(self._had.get(number, self._level), self._level - CREDIT)
