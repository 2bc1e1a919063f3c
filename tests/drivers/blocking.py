"""The blocking API played on an asyncio stream, so that one test speaks to both drivers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Any, Self, TypeVar

import aai_migrate
from aai_migrate import AsyncStream, Stream, StreamEvent

T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own; on closing, nothing may be left in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.errors: list[str] = []
        self._loop.set_exception_handler(lambda _, context: self.errors.append(str(context)))
        self.thread = threading.Thread(target=self._loop.run_forever, name="loop")
        self.thread.start()

    def call(self, what: Coroutine[Any, Any, T]) -> T:
        """Run *what* in the loop and return its result; who is interrupted cancels it."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(what, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            wait([future], 5)
            raise

    def left(self) -> list[str]:
        """Return the names of the tasks that go on, once those that are ending had their time."""

        async def look() -> list[str]:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            if tasks:
                await asyncio.wait(tasks, timeout=2)
            return [task.get_name() for task in tasks if not task.done()]

        return self.call(look())

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.thread.join()
        self._loop.close()


def in_thread(call: Callable[[Any], T], value: Any) -> Future[T]:
    """Run *call* in a thread that ends with it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call(value))
        except BaseException as error:  # noqa: BLE001 raised where it is awaited
            future.set_exception(error)

    threading.Thread(target=run).start()
    return future


class BlockingStream:
    """Each method runs its namesake in the loop, and waits for it."""

    def __init__(self, loop: Loop, stream: AsyncStream) -> None:
        self._loop, self._stream = loop, stream

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._stream, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            async def ask() -> Any:
                return await value(*args, **kwargs)

            return self._loop.call(ask())

        return call

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        async def step() -> StreamEvent | None:
            return await anext(self._stream, None)

        event = self._loop.call(step())
        if event is None:
            raise StopIteration
        return event

    def transcribe(self, source: Any) -> Iterator[StreamEvent]:
        async def begin() -> Any:
            return self._stream.transcribe(source)

        return self._events(self._loop.call(begin()))

    def _events(self, events: Any) -> Iterator[StreamEvent]:
        async def step() -> StreamEvent | None:
            return await anext(events, None)

        try:
            while (event := self._loop.call(step())) is not None:
                yield event
        finally:
            self._loop.call(events.aclose())

    def run(self, source: Any, **callbacks: Callable[[Any], object]) -> None:
        def apart(callback: Callable[[Any], object]) -> Any:
            async def call(value: Any) -> None:
                await asyncio.wrap_future(in_thread(callback, value))  # it may call blocking methods

            return call

        self._loop.call(self._stream.run(source, **{name: apart(call) for name, call in callbacks.items()}))

    def __enter__(self) -> Self:
        self._loop.call(self._stream.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._stream.__aexit__(kind, error, trace))


class Asyncio:
    """The asyncio driver behind the face of the blocking one."""

    name = "asyncio"

    def __init__(self) -> None:
        self.loop = Loop()

    def connect(self, *args: Any, **options: Any) -> Any:
        """Open a stream, as ``aai_migrate.connect`` does."""

        async def opened() -> AsyncStream:
            return await aai_migrate.aconnect(*args, **options)

        return BlockingStream(self.loop, self.loop.call(opened()))

    def close(self) -> None:
        """Look that nothing is left, and end the loop."""
        try:
            assert self.loop.left() == []
        finally:
            self.loop.close()
        assert self.loop.errors == [], self.loop.errors


class Blocking:
    """The blocking driver as it is."""

    name = "blocking"

    def connect(self, *args: Any, **options: Any) -> Any:
        """Open a stream."""
        return aai_migrate.connect(*args, **options)

    def close(self) -> None:
        """Nothing to do."""


Driver = Blocking | Asyncio
Opener = Callable[..., Stream]
