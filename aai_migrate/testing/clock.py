"""Time that a test picks."""

from __future__ import annotations


class ManualClock:
    """A clock that moves when it is told to; calling it gives the time in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        """Move forward and return the new time.

        Raises:
            ValueError: *seconds* is negative.
        """
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self.now += seconds
        return self.now
