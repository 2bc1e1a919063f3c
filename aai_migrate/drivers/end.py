"""The far end of a connection, as the asyncio driver sees it."""

from __future__ import annotations

from typing import Protocol

from ..wire.frames import Close, Connected, Lost, Message, Ping, Pong


class End(Protocol):
    """One open connection. One task sends and closes, another receives."""

    greeting: Connected

    async def send(self, frame: Message | Ping) -> None:
        """Write one frame; waits while the far end takes nothing, but not for ever.

        Raises:
            TimeoutError: it took nothing for too long.
            OSError: the connection is gone.
        """

    async def receive(self) -> Message | Pong | Close | Lost:
        """Wait for the next frame; after ``Close`` or ``Lost`` there is none.

        After :meth:`close` it comes back when that is done.
        """

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye and wait, not for long, for the answer."""

    async def release(self) -> None:
        """Give everything back without waiting for the far end; harmless twice."""
