"""What was recorded and not yet read: bounded, in order, with a gap wherever audio is missing."""

from __future__ import annotations

from collections import deque

from .format import AudioFormat
from .gap import Gap

MISSING = 0.5
"""Seconds by which audio may fall behind the clock before they are missing: sound servers deliver in bursts."""
SETTLING = 0.25
"""Seconds that late audio is held back: a backlog comes within milliseconds, lost audio never."""
DRIFT = 500e-6
"""Share by which a device may run slow without losing audio: sound cards are exact to 100 ppm or so."""


class Intake:
    """Sets a gap where audio is missing against the clock: the device stalled, or the machine slept.

    Audio that comes late is held until it is plain whether the rest follows, so that a gap stands before the
    first sample after it. What a device loses in shorter pieces adds up until it is worth a gap.
    """

    def __init__(self, fmt: AudioFormat) -> None:
        self._fmt = fmt
        self._heard = 0  # bytes, with those that gaps stand for
        self._start: float | None = None  # when the first sample was recorded, by the clock
        self._held: list[bytes] = []
        self._since = self._late = 0.0

    def put(self, data: bytes, now: float) -> list[bytes | Gap]:
        """Take *data*, which arrived at *now*; return what is certain, in order.

        Args:
            data: whole sample frames.
            now: seconds on a clock that goes on while the machine sleeps and never goes back.
        """
        late = self._lateness(data, now)
        if not self._held:
            if late <= MISSING:
                return [data]
            self._since, self._late = now, late
        self._held.append(data)
        self._late = min(self._late, late)
        if self._late > MISSING and now - self._since < SETTLING:
            return []
        return self.flush()

    def flush(self) -> list[bytes | Gap]:
        """Return what is held back, as no more will come."""
        held, self._held = self._held, []
        if not held or self._late <= MISSING:
            return [*held]
        size = self._fmt.size(self._late)
        self._heard += size
        return [Gap(self._fmt.seconds(size)), *held]

    def _lateness(self, data: bytes, now: float) -> float:
        """Return by how many seconds the last sample of *data* comes later than the clock has it."""
        self._heard += len(data)
        start = now - self._fmt.seconds(self._heard)  # if this one came at once
        if self._start is None or start < self._start:
            self._start = start
        self._start += min(start - self._start, DRIFT * self._fmt.seconds(len(data)))
        return start - self._start


class Ring:
    """Audio and gaps in order; what is more than *seconds* of audio pushes the oldest out, into a gap."""

    def __init__(self, fmt: AudioFormat, seconds: float) -> None:
        self._fmt, self._limit = fmt, fmt.size(seconds)
        self._items: deque[bytes | Gap] = deque()
        self._size = 0  # bytes of audio

    def put(self, item: bytes | Gap) -> None:
        """Add *item* at the end."""
        if isinstance(item, Gap) and self._items and isinstance(last := self._items[-1], Gap):
            self._items[-1] = Gap(last.seconds + item.seconds)
            return
        self._items.append(item)
        self._size += 0 if isinstance(item, Gap) else len(item)
        if self._size > self._limit:
            self._drop()

    def take(self, size: int) -> bytes | Gap | None:
        """Return what comes next and forget it; None: not there yet.

        A gap, or *size* bytes, fewer only before a gap.
        """
        if self._items and isinstance(gap := self._items[0], Gap):
            self._items.popleft()
            return gap
        ready = 0
        for item in self._items:
            ready = size if isinstance(item, Gap) else ready + len(item)
            if ready >= size:
                return self._cut(size)
        return None

    def rest(self, size: int) -> list[bytes | Gap]:
        """Return all that is left and forget it, in pieces as ``take`` has them, the last as long as it is."""
        left: list[bytes | Gap] = []
        while self._items:
            left.append(self.take(size) or self._cut(size))
        return left

    def _cut(self, size: int) -> bytes:
        piece = bytearray()
        while self._items and len(piece) < size and isinstance(item := self._items[0], bytes):
            self._items.popleft()
            if more := item[size - len(piece) :]:
                self._items.appendleft(more)
            piece += item[: size - len(piece)]
        self._size -= len(piece)
        return bytes(piece)

    def _drop(self) -> None:
        lost = 0.0
        while self._size > self._limit or (self._items and isinstance(self._items[0], Gap)):
            item = self._items.popleft()
            if isinstance(item, Gap):
                lost += item.seconds
            else:
                self._size -= len(item)
                lost += self._fmt.seconds(len(item))
        self._items.appendleft(Gap(lost))
