"""Workers in an event loop: their blocking calls in daemon threads, one thread for each direction."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from ..provider import Worker
from ..wire.frames import Close, Connected, Lost, Message, Ping
from .end import End

T = TypeVar("T")
_Call = tuple["asyncio.Future[Any]", Callable[[], Any]]


class Lane:
    """A daemon thread that makes blocking calls one after another."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[], T]) -> T:
        """Return what *call* returns, or raise what it raises; a cancelled wait does not end the call."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((future, call))
        return await future

    async def end(self, timeout: float) -> bool:
        """Let the thread end after the calls it has; say whether it did within *timeout* seconds."""
        self._calls.put(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._ended.wait()
        if self._ended.is_set():
            self._thread.join()  # it has nothing left to do
        return self._ended.is_set()

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            try:
                settle, outcome = future.set_result, call()
            except BaseException as error:  # noqa: BLE001 handed to who waits for it
                settle, outcome = future.set_exception, error
            self._post(self._settle, future, settle, outcome)
            del item, future, call, settle, outcome
        self._post(self._ended.set)

    def _post(self, call: Callable[..., object], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(call, *args)

    @staticmethod
    def _settle(future: asyncio.Future[Any], settle: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():
            settle(outcome)


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
        """Write one message; a pipe has no pings."""
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
        close = asyncio.ensure_future(hand.run(self._worker.close))
        await asyncio.wait([close], timeout=self._patience)
        close.cancel()
        await asyncio.gather(close, return_exceptions=True)
        self._closed.set()
        await asyncio.gather(*(lane.end(self._patience) for lane in (hand, self._mouth, self._ear)))


async def open_worker(opener: Callable[[], Worker] | None, name: str, patience: float) -> End | Lost:
    """Take a place on worker *name*; *patience* is how many seconds it may take to give it back."""
    if opener is None:
        return Lost("refused", f"no worker is called {name!r}")
    mouth = Lane(f"{name} mouth")
    opening = asyncio.ensure_future(mouth.run(opener))
    try:
        return WorkerEnd(await asyncio.shield(opening), mouth, name, patience)
    except asyncio.CancelledError:  # nobody wants the place any more: give it back when it comes
        await asyncio.wait([opening], timeout=patience)
        if opening.done() and not opening.exception():
            await WorkerEnd(opening.result(), mouth, name, patience).release()
        else:
            opening.add_done_callback(_abandon)
            await mouth.end(0)
        raise
    except OSError as error:
        await mouth.end(patience)
        return Lost("refused", str(error) or type(error).__name__)
    except Exception:
        await mouth.end(patience)
        raise


def _abandon(opening: asyncio.Future[Worker]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        threading.Thread(target=opening.result().close, daemon=True).start()
