"""How far the audio is, in words."""

from __future__ import annotations

import time
from collections.abc import Callable

MINUTE = 60


class Progress:
    """Counts the audio that is fed; written by the thread that feeds, read by the one that shows.

    Args:
        live: it comes as it is spoken, so that there is no speed to speak of.

    Attributes:
        total: seconds there will be; None: nobody knows.
        seconds: seconds fed so far.
        doing: what is going on instead of feeding; empty: feeding is.
    """

    def __init__(
        self, total: float | None = None, clock: Callable[[], float] = time.monotonic, *, live: bool = False
    ) -> None:
        self.total = total
        self._live = live
        self.seconds = 0.0
        self.doing = "connecting"
        self._clock = clock
        self._start = self._last = clock()

    def begin(self) -> None:
        """Note that feeding begins."""
        self.doing, self._start = "", self._clock()

    def fed(self, seconds: float) -> None:
        """Note that there were *seconds* of audio by now."""
        self.seconds, self._last = seconds, self._clock()

    def end(self) -> None:
        """Note that there is no more audio."""
        self.doing = "waiting for the last words"

    @property
    def share(self) -> float | None:
        """How much of the whole was fed, 0 to 1; None where there is no whole."""
        return min(1.0, self.seconds / self.total) if self.total else None

    @property
    def words(self) -> list[str]:
        """What to say, the most important first."""
        if self.share is None:
            return [said for said in (duration(self.seconds), self.doing) if said]
        elapsed, total = self._last - self._start, self.total or 0.0
        speed = [f"{self.seconds / elapsed:.1f}×"] if elapsed > 0 and self.seconds and not self._live else []
        write, unit = (_tenths, " s") if total < MINUTE else (_clock, "")
        so_far = f"{write(self.seconds)}/{write(total)}{unit}"
        return [so_far, f"{int(100 * self.share)} %", *([self.doing] if self.doing else speed)]


def duration(seconds: float) -> str:
    """Return *seconds* as ``7.3 s``, ``2:05`` or ``1:02:05``."""
    return f"{_tenths(seconds)} s" if seconds < MINUTE else _clock(seconds)


def _tenths(seconds: float) -> str:
    return f"{seconds:.1f}"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
