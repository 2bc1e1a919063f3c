"""Feeds a source of audio to a stream, from a task; a source that may block is read in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import GeneratorType
from typing import Any

from ..errors import StreamClosed
from .aio_lane import GRACE, Lane, apart
from .feeder import Chunk, Samples

AsyncSource = Samples | Iterable[Chunk] | AsyncIterable[Chunk]
"""What an asyncio stream transcribes."""

log = logging.getLogger("aai_migrate")


class AsyncFeeder:
    """The task that feeds one source and then stops the stream.

    Attributes:
        error: what the source raised; None: nothing.
    """

    def __init__(
        self,
        source: Iterable[Chunk] | AsyncIterable[Chunk],
        send: Callable[[Chunk], Awaitable[None]],
        stop: Callable[[], object],
        close_timeout: float,
    ) -> None:
        self.error: BaseException | None = None
        self._source, self._send, self._stop, self._close_timeout = source, send, stop, close_timeout
        self._loop = asyncio.get_running_loop()
        self._halted = self._cancelled = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to feed, unless that was done."""
        self._task = self._task or asyncio.create_task(self._run(), name="aai_migrate feeder")

    def let_go(self) -> None:
        """Feed no more, and close the source some time soon; called by the garbage collector, from any thread."""
        self._halted = True
        if _running() is self._loop:
            self._cancel()  # not a chunk more, though one may be on its way
        else:
            with suppress(RuntimeError):  # the loop has closed, and has ended the task
                self._loop.call_soon_threadsafe(self._cancel)

    async def halt(self) -> None:
        """Feed no more and close the source; wait for it to let go, not much longer than ``close_timeout``."""
        self._halted = True
        self._cancel()
        if self._task and self._task is not asyncio.current_task():
            await asyncio.wait([self._task], timeout=self._close_timeout + GRACE)

    def _cancel(self) -> None:
        """Cancel the task once: another time would cut short how it gives the source back."""
        if self._task and not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    async def _run(self) -> None:
        try:
            if isinstance(self._source, AsyncIterable):
                await self._feed_async(self._source)
            elif isinstance(self._source, list | tuple):
                await self._feed_at_once(self._source)
            else:
                await self._feed_from_thread(self._source)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # the top of a task: raised where the stream is read
            self.error = None if self._halted else error
        finally:
            if not self._halted:
                self._stop()

    async def _fed(self, chunk: Chunk) -> bool:
        """Feed *chunk*; say whether there is any sense in the next."""
        if self._halted:
            return False
        try:
            await self._send(chunk)
        except StreamClosed:
            return False  # the stream ended, or was stopped, from elsewhere
        return True

    async def _feed_at_once(self, source: list[Chunk] | tuple[Chunk, ...]) -> None:
        for chunk in source:
            if not await self._fed(chunk):
                return

    async def _feed_async(self, source: AsyncIterable[Chunk]) -> None:
        chunks = None
        try:
            chunks = aiter(source)
            async for chunk in chunks:
                if not await self._fed(chunk):
                    return
        finally:
            await _aclose(chunks)
            if source is not chunks:
                await _aclose(source)

    async def _feed_from_thread(self, source: Iterable[Chunk]) -> None:
        lane, reader = Lane("feeder"), _Reader(source)
        reading = True
        try:
            while (chunk := await lane.run(reader.next)) is not None:
                reading = False
                if not await self._fed(chunk):
                    return
                reading = True
            reading = False
        finally:
            await self._give_back(lane, reader, source if reading and not isinstance(source, GeneratorType) else None)

    async def _give_back(self, lane: Lane, reader: _Reader, stuck: Iterable[Chunk] | None) -> None:
        """Close the source in its own thread; one that may be *stuck* there is woken by closing it from another."""
        try:
            async with asyncio.timeout(self._close_timeout) as limit:
                if stuck is not None:
                    await apart("feeder", partial(_quietly, stuck))
                await lane.run(reader.close)
                await lane.end(self._close_timeout)
        except TimeoutError:
            if not limit.expired():
                raise
            log.debug("a source did not let go in time")
        finally:
            lane.leave()


class _Reader:
    """A source that may block; all of its calls belong in one thread."""

    def __init__(self, source: Iterable[Chunk]) -> None:
        self._source = source
        self._chunks: Iterator[Chunk] | None = None

    def next(self) -> Chunk | None:
        """Return the next chunk; None: there are no more."""
        if self._chunks is None:
            self._chunks = iter(self._source)
        return next(self._chunks, None)

    def close(self) -> None:
        """Close what can be closed."""
        try:
            _close(self._chunks)
        finally:
            if self._source is not self._chunks:
                _close(self._source)


def _close(source: Any) -> None:
    close = getattr(source, "close", None)
    if callable(close):
        close()


def _quietly(source: Any) -> None:
    """Close a source that nobody asks for any more."""
    try:
        _close(source)
    except Exception as error:  # noqa: BLE001 there is nobody to raise it to
        log.debug("a source did not close: %s", type(error).__name__)


async def _aclose(source: Any) -> None:
    close = getattr(source, "aclose", None)
    if callable(close):
        await close()


def _running() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
