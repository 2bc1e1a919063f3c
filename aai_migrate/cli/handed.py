"""When which audio could be heard."""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable

KEPT = 65_536
"""Of how many chunks the times are known at least: close to an hour of those of 50 ms."""
EARLY = 1.05, 0.25
"""Audio that comes sooner than this, as a factor and in seconds besides, does not come as it is spoken."""


class Handed:
    """Notes when audio is handed to a stream, and tells it, to another thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._start = clock()
        self._audio, self._times = array("d", [0.0]), array("d", [self._start])

    def begin(self) -> None:
        """Note that the first audio is waited for."""
        with self._lock:
            self._start = self._times[0] = self._clock()

    def note(self, seconds: float) -> None:
        """Note that the audio up to *seconds* is handed on now."""
        with self._lock:
            if len(self._audio) > 2 * KEPT:
                del self._audio[:-KEPT], self._times[:-KEPT]
            self._audio.append(seconds)
            self._times.append(self._clock())

    @property
    def early(self) -> bool:
        """Whether the audio came faster than it is spoken, so that nobody could have heard it then."""
        factor, slack = EARLY
        with self._lock:
            return self._audio[-1] > factor * (self._times[-1] - self._start) + slack

    def when(self, seconds: float) -> float | None:
        """Return when the audio at *seconds* could be heard, on the clock, if it came as it is spoken.

        None: it was not handed on, or that is too long ago.
        """
        with self._lock:
            at = bisect_left(self._audio, seconds)
            known = self._audio[0] <= seconds and at < len(self._audio)
            return self._times[at] - (self._audio[at] - seconds) if known else None
