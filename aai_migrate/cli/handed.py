"""When which audio could be heard."""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable

KEPT = 65_536
"""Of how many chunks the times are known at least: close to an hour of those of 50 ms."""
BURST = 5.0
"""Seconds of audio after a sample whose coming may show that it was spoken earlier than it came."""
EARLY = 1.05, 2.0
"""Audio that comes sooner than this, as a factor and in seconds besides, does not come as it is spoken: 2 s are what
waits in a pipe while a vendor is dialled."""


class Handed:
    """Notes when audio is handed to a stream, and tells it, to another thread.

    Args:
        as_spoken: whether the audio comes at the speed of speech; None: to be found out.
        clock: the time now, in seconds from any origin, never going back.
    """

    def __init__(self, as_spoken: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._as_spoken, self._clock, self._lock = as_spoken, clock, threading.Lock()
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
        if self._as_spoken is not None:
            return not self._as_spoken
        factor, slack = EARLY
        with self._lock:
            return self._audio[-1] > factor * (self._times[-1] - self._start) + slack

    def when(self, seconds: float) -> float | None:
        """Return when the audio at *seconds* was spoken, on the clock, if it came at the speed of speech.

        What waited in a pipe or a microphone was spoken before it came. By how much, the audio shows that came right
        behind it. None: it was not handed on, or that is too long ago.
        """
        with self._lock:
            first = bisect_left(self._audio, seconds)
            if seconds < self._audio[0] or first == len(self._audio):
                return None
            last = max(first + 1, bisect_right(self._audio, seconds + BURST))
            return min(self._times[at] - (self._audio[at] - seconds) for at in range(first, last))
