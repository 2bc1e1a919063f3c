"""The messages that must arrive: kept until the client has read them, and said again on its next connection."""

from __future__ import annotations

from collections import deque

from aai_migrate.wire.frames import Frame, Message, Ping

MOST = 4 << 20
"""Characters of messages that are kept."""


class Unread:
    """Messages in order, each behind which a ping goes out: its pong says that the message was read."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, str]] = deque()
        self._size = 0
        self._count = 0

    def add(self, text: str) -> list[Frame]:
        """Keep a message, at the cost of the oldest ones where there are too many; return what to send."""
        self._count += 1
        self._kept.append((self._count, text))
        self._size += len(text)
        while self._size > MOST and len(self._kept) > 1:
            self._drop()
        return _frames(self._count, text)

    def read(self, pong: bytes) -> None:
        """Let go of what the client had read when it answered the ping with the data *pong*."""
        if not pong.isdigit() or len(pong) > len(str(self._count)) or int(pong) > self._count:
            return  # none of ours: some clients send pongs unasked
        while self._kept and self._kept[0][0] <= int(pong):
            self._drop()

    def again(self) -> list[Frame]:
        """Return what to send on another connection."""
        return [frame for count, text in self._kept for frame in _frames(count, text)]

    def _drop(self) -> None:
        self._size -= len(self._kept.popleft()[1])


def _frames(count: int, text: str) -> list[Frame]:
    return [Message(text), Ping(str(count).encode())]
