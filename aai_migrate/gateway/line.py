"""What waits for one connection of a client. A conversation may have several, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..wire.frames import Close, Frame, Message, Ping, Pong

HIGH_WATER = 1 << 20
"""Characters and bytes that may wait for the client, before nothing more is read from it."""
PINGS = 16
"""Pings that may be unanswered; of older ones the answer is not told any more."""


class Line:
    """The frames for one connection, in order.

    Attributes:
        farewell: how to close the connection of a line that was dropped; None: its end needs no word.
        on_drop: called when the line is dropped, so that who is stuck writing stops.
    """

    def __init__(self) -> None:
        self.farewell: Close | None = None
        self.on_drop: Callable[[], object] = lambda: None
        self._frames: deque[Frame] = deque()
        self._pings: deque[bytes] = deque(maxlen=PINGS)
        self._waiting = 0
        self._ended = False
        self._moved = asyncio.Event()  # a frame came, or none will
        self._drained = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """Let *frame* wait for the client; after the end it is let go."""
        if self._ended:
            return
        if isinstance(frame, Ping):
            self._pings.append(frame.data)
        self._frames.append(frame)
        self._waiting += _size(frame)
        self._moved.set()

    def end(self) -> None:
        """Nothing comes after what waits."""
        self._ended = True
        self._moved.set()
        self._drained.set()

    def drop(self, farewell: Close | None = None) -> None:
        """Let go of what waits too: the connection is lost, or has to go, with *farewell*."""
        if farewell and not self._ended:
            self.farewell = farewell
        self._frames.clear()
        self._waiting = 0
        self.end()
        self.on_drop()

    async def next(self) -> Frame | None:
        """Wait for the next frame; None: there will be none."""
        while not self._frames:
            if self._ended:
                return None
            self._moved.clear()
            await self._moved.wait()
        frame = self._frames.popleft()
        self._waiting -= _size(frame)
        self._drained.set()
        return frame

    async def room(self) -> None:
        """Wait until no more than ``HIGH_WATER`` waits."""
        while self._waiting > HIGH_WATER and not self._ended:
            self._drained.clear()
            await self._drained.wait()

    def answers(self, pong: Pong) -> bool:
        """Say whether *pong* answers a ping; some clients send pongs unasked, to keep the connection."""
        if pong.data not in self._pings:
            return False
        while self._pings.popleft() != pong.data:  # RFC 6455, 5.5.3: the answer to the last stands for all before
            pass
        return True


def _size(frame: Frame) -> int:
    return len(frame.data) if isinstance(frame, Message) else 0
