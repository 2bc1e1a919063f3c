"""Blocking calls of an event loop, each in a daemon thread: one that never comes back holds nobody up."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_Call = tuple["asyncio.Future[Any]", Callable[[], Any]]
GRACE = 1.0
"""Seconds for a thread that has nothing left to do to end."""


class Lane:
    """A daemon thread that makes blocking calls one after another."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name=f"aai_migrate {name}", daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[], T]) -> T:
        """Return what *call* returns, or raise what it raises; a cancelled wait does not end the call."""
        return await self.begin(call)

    def begin(self, call: Callable[[], T]) -> asyncio.Future[T]:
        """Have *call* made; return what will be its outcome, no task, which the end of a loop would cancel."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((future, call))
        return future

    async def end(self, timeout: float) -> bool:
        """Let the thread end after the calls it has; say whether it did within *timeout* seconds."""
        self.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._ended.wait()
        if self._ended.is_set():
            self._thread.join()  # it has nothing left to do
        return self._ended.is_set()

    def leave(self) -> None:
        """Let the thread end after the calls it has, without waiting for that."""
        self._calls.put(None)

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            try:
                settle, outcome = future.set_result, call()
            except StopIteration as error:  # which no future can carry
                settle, outcome = future.set_exception, RuntimeError("the call raised StopIteration")
                outcome.__cause__ = error
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


async def apart(name: str, call: Callable[[], T]) -> T:
    """Return what *call* returns in a thread of its own; a cancelled wait leaves it to itself."""
    lane = Lane(name)
    try:
        result = await lane.run(call)
    finally:
        lane.leave()
    await lane.end(GRACE)
    return result
