"""One connection of a session in an event loop: a task that dials and reads, and one that writes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..wire.frames import FRAMES, Close, Frame, HttpResponse, Lost, Message, Ping, Refused
from .end import End

Dial = Callable[[], Awaitable[End | Frame]]
"""Returns the open far end, or the frame that says what came instead."""
LAST = (Close, Lost, Refused, HttpResponse)
"""Frames after which nothing more comes."""


class Owner(Protocol):
    """Whom a connection reports to, in the loop."""

    def heard(self, connection: Connection, frame: Frame) -> None:
        """Take a frame."""

    def written(self) -> None:
        """Nothing waits to be written any more."""

    def broke(self, error: Exception) -> None:
        """Take an error that no frame can say."""


class Connection:
    """One ``Connect`` or ``HttpRequest``, from the dial to the last frame.

    Attributes:
        task: done when everything has been given back; may be cancelled at any time.
    """

    def __init__(self, owner: Owner, dial: Dial, close_timeout: float) -> None:
        self._owner, self._close_timeout = owner, close_timeout
        self._queue: deque[Message | Ping | Close] = deque()
        self._queued = asyncio.Event()
        self._open = self._sending = self._over = False
        self.task = asyncio.create_task(self._run(dial), name="aai_migrate connection")

    @property
    def busy(self) -> bool:
        """Whether something waits to be written."""
        return not self._over and (self._sending or bool(self._queue))

    def put(self, frame: Message | Ping | Close) -> None:
        """Write *frame* after what waits already; closing what is not yet open stops the dial."""
        if not self._open:
            self.task.cancel()
        elif not self._over:
            self._queue.append(frame)
            self._queued.set()

    async def _run(self, dial: Dial) -> None:
        try:
            end = await dial()
            if isinstance(end, FRAMES):
                self._tell(end)
            else:
                await self._converse(end)
        except Exception as error:  # noqa: BLE001 the top of a task
            self._owner.broke(error)

    async def _converse(self, end: End) -> None:
        self._open = True
        writer = asyncio.create_task(self._write(end), name="aai_migrate writer")
        try:
            self._tell(end.greeting)
            while not self._over:
                self._tell(await end.receive())
        finally:
            self._over = True
            writer.cancel()
            try:
                await asyncio.wait([writer])
            finally:  # a loop that ends cancels this wait too, and what is open is given back nevertheless
                self._owner.written()
                await end.release()

    async def _write(self, end: End) -> None:
        try:
            while await self._queued.wait():
                self._queued.clear()
                while self._queue:
                    frame, self._sending = self._queue.popleft(), True
                    if isinstance(frame, Close):
                        async with asyncio.timeout(self._close_timeout):
                            await end.close(1000 if frame.code is None else frame.code, frame.reason)
                        return
                    await end.send(frame)
                    self._sending = False
                self._owner.written()
        except TimeoutError:
            self._give_up(Lost("timeout", "the other end takes nothing"))
        except OSError as error:  # what the far end said before it left is still to be read
            await asyncio.sleep(self._close_timeout)
            self._give_up(Lost("reset", type(error).__name__))
        except Exception as error:  # noqa: BLE001 the top of a task
            self._owner.broke(error)

    def _give_up(self, lost: Lost) -> None:
        self._tell(lost)
        self.task.cancel()

    def _tell(self, frame: Frame) -> None:
        if not self._over:
            self._over = isinstance(frame, LAST)
            self._owner.heard(self, frame)
