"""Workers in an event loop: their blocking calls in daemon threads, one thread for each direction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import ConfigError, QuotaExceeded
from ..provider import Worker
from ..wire.frames import Close, Connected, Lost, Message, Ping, Refused
from .aio_lane import Lane
from .end import End


class WorkerEnd:
    """A place on a worker, as an :class:`~aai_migrate.drivers.end.End`."""

    def __init__(self, worker: Worker, mouth: Lane, name: str, patience: float) -> None:
        self.greeting = Connected()
        self._worker, self._mouth, self._ear = worker, mouth, Lane(f"{name} ear")
        self._name, self._patience = name, patience
        self._closing = False
        self._closed = asyncio.Event()
        self._released: asyncio.Task[None] | None = None

    async def send(self, frame: Message | Ping) -> None:
        """Write one message, as long as the worker says that it may take; a pipe has no pings."""
        if isinstance(frame, Message):
            data = frame.data
            await self._mouth.run(lambda: self._worker.send(data))

    async def receive(self) -> Message | Close | Lost:
        """Wait for the worker's next message."""
        try:
            data = None if self._closing else await self._ear.run(self._worker.receive)
        except OSError as error:
            if not self._closing:
                return Lost("reset", str(error) or type(error).__name__)
            data = None
        if data is not None:
            return Message(data)
        if self._closing:
            await self._closed.wait()
        return Close(1000)

    async def close(self, code: int, reason: str) -> None:
        """Give the place back."""
        await self.release()

    async def release(self) -> None:
        """Close the worker and let the threads end."""
        self._closing = True
        self._released = self._released or asyncio.create_task(self._give_back())
        await asyncio.shield(self._released)

    async def _give_back(self) -> None:
        hand = Lane(f"{self._name} hand")  # the other two may be stuck in the call that this one ends
        lanes = (hand, self._mouth, self._ear)
        close = asyncio.ensure_future(hand.run(self._worker.close))
        try:
            await asyncio.wait([close], timeout=self._patience)
            close.cancel()
            await asyncio.gather(close, return_exceptions=True)
        finally:
            self._closed.set()
            for lane in lanes:
                lane.leave()
        await asyncio.gather(*(lane.end(self._patience) for lane in lanes))


async def open_worker(opener: Callable[[], Worker] | None, name: str, patience: float) -> End | Lost | Refused:
    """Take a place on worker *name*; *patience* is how many seconds it may take to give it back.

    Raises:
        ConfigError: there is no such worker. And whatever *opener* raises that no frame can say.
    """
    if opener is None:
        raise ConfigError("this provider has no worker to connect to")
    mouth, loop = Lane(f"{name} mouth"), asyncio.get_running_loop()
    taken: list[Worker] = []

    def take() -> Worker:
        taken.append(opener())
        if loop.is_closed():  # and with it whoever would have given it back
            give_back()
        return taken[0]

    def give_back() -> None:
        for worker in taken:
            worker.close()

    opening = mouth.begin(take)
    try:
        return WorkerEnd(await asyncio.shield(opening), mouth, name, patience)
    except asyncio.CancelledError:  # nobody wants the place any more: give it back when it comes
        here = False
        try:
            here = bool((await asyncio.wait([opening], timeout=patience))[0])
        finally:
            if not here:
                mouth.begin(give_back)  # in its thread, which goes on when the loop has closed
            mouth.leave()
        if here and not opening.exception():
            await WorkerEnd(opening.result(), mouth, name, patience).release()
        raise
    except OSError as error:
        await mouth.end(patience)
        return Lost("refused", str(error) or type(error).__name__)
    except QuotaExceeded as error:
        await mouth.end(patience)
        return Refused(429, body=error.reason.encode())
    except Exception:
        await mouth.end(patience)
        raise
