"""One session in an event loop, and its unread events: what the blocking driver's engine is with threads."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress

from attrs import evolve

from ..audio.gap import Gap
from ..errors import StreamClosed
from ..events import StreamEvent
from ..session import Session, SessionEvent
from ..settings import Settings, context
from ..wire import commands as ask
from ..wire import events as say
from .aio import AsyncSession
from .aio_credential import Fetched
from .aio_feeder import AsyncFeeder
from .aio_lane import GRACE
from .asking import pieces
from .feeder import Chunk
from .outcome import Outcome

LONG = 1.0
"""Seconds of audio from which on a chunk is long."""


class AsyncEngine:
    """A session, its feeder and its unread events. All of it belongs to the loop it was made in.

    It holds no reference to the stream, so that a stream that nobody holds can be noticed.

    Attributes:
        outcome: what the application is to see of it.
        feeder: what feeds a source, once one is transcribed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.outcome = settings, Outcome(settings)
        self.feeder: AsyncFeeder | None = None
        self._loop = asyncio.get_running_loop()
        self._context = evolve(context(), epoch=time.time() - self._loop.time())
        self._credentials = Fetched(settings.credentials)
        self._session = Session(
            settings.provider,
            self._context,
            credentials=self._credentials,
            limits=settings.limits,
            retry=settings.retry,
        )
        self._work = AsyncSession(self._session, self._take, self._credentials)
        self._news = asyncio.Event()
        self._stopped = False
        self._closing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Dial, and return when the vendor has greeted.

        Raises:
            AaiMigrateError: whatever kept it from doing so.
        """
        await self._credentials.fetch()
        self._work.send(ask.Start(self.settings.config))
        while not (self.outcome.begun or self.outcome.over):
            await self._changed()
        if not self.outcome.begun:
            raise self.outcome.error or StreamClosed("the stream was closed")

    async def next(self) -> StreamEvent | None:
        """Wait for the next event; None: there will be no more. A cancelled wait takes none."""
        while not (self.outcome or self.outcome.over):
            await self._changed()
        return self.outcome.pop()

    def set_realtime(self, realtime: bool) -> None:
        """Say whether the audio comes at the speed of speech."""
        self._session.realtime = realtime

    async def feed(self, piece: bytes | Gap) -> None:
        """Feed audio, or word of what was lost, when there is room; whole, or, when cancelled, not at all."""
        await asyncio.sleep(0)  # who feeds without a pause leaves the loop its turn
        long = isinstance(piece, bytes) and len(piece) > self.settings.config.audio.bytes_per_second * LONG
        while not self._stopped and (self._session.full or (long and self._cut_off)):
            await self._work.progress()
        self._ask(piece if isinstance(piece, Gap) else ask.Audio(piece))

    async def feed_in_pieces(self, chunk: Chunk) -> None:
        """Feed a chunk of a source, of any length, as room comes; where that may be refused, all of it or nothing."""
        settings = self.settings
        for piece in pieces(chunk, settings.config.audio, whole=settings.limits.overflow == "raise"):
            await self.feed(piece)

    @property
    def _cut_off(self) -> bool:
        """Whether what is fed now could push out audio that is held for a new connection."""
        return self._session.overflow == "block" and self._session.state in ("connecting", "waiting")

    async def finalize(self, wait: float | None) -> str:
        """Ask for it, wait at most so many seconds for the answer, return the id."""
        id_, outcome = self._context.new_id(), self.outcome
        outcome.expect(id_)
        try:
            self._ask(ask.Finalize(id_))
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait or 0.0, threading.TIMEOUT_MAX)):
                    while wait and outcome.expected(id_) and not outcome.over:
                        await self._changed()
            if outcome.expected(id_) and outcome.over:
                raise outcome.error or StreamClosed("the stream has ended")
        finally:
            outcome.forget(id_)
        return id_

    def configure(self, options: dict[str, object]) -> None:
        """Ask for other options."""
        self._ask(ask.Configure(self._context.new_id(), options))

    def stop(self) -> None:
        """No more audio."""
        self._stopped = True
        if not self._work.crash:
            self._work.send(ask.Stop())

    async def close(self) -> None:
        """End it now, and wait for tasks, threads and sockets to go; when that is cancelled, without a goodbye."""
        self._hang_up()
        assert self._closing
        try:
            await asyncio.wait([self._closing])
        except asyncio.CancelledError:
            self._work.drop()
            await asyncio.wait([self._closing], timeout=GRACE)
            raise

    def abandon(self) -> None:
        """End it because nobody holds the stream any more; called by the garbage collector, from any thread."""
        with suppress(RuntimeError):  # the loop has closed, and has ended all of it
            self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        self._closing = self._closing or asyncio.create_task(self._close(), name="aai_migrate closer")

    async def _close(self) -> None:
        self._stopped = True
        try:
            await self._work.close()
        finally:
            if self.feeder:
                await self.feeder.halt()

    def _ask(self, command: ask.Command | Gap) -> None:
        """Hand the session a command; a stream that failed says why."""
        if self.outcome.over and self.outcome.error:
            raise self.outcome.error
        self._work.send(command)

    def _take(self, events: list[SessionEvent]) -> None:
        if self._work.crash:
            self.outcome.crash(self._work.crash)
            reason = f"{type(self._work.crash).__name__}: {self._work.crash}"
            events = [_crashed(event, reason) for event in events]
        try:
            self.outcome.take(events, self._loop.time())
        finally:
            self._stopped = self._stopped or self.outcome.over
            self._news.set()

    async def _changed(self) -> None:
        self._news.clear()
        await self._news.wait()


def _crashed(event: SessionEvent, reason: str) -> SessionEvent:
    if isinstance(event, say.Failed):
        return say.Stopped(reason, event.audio_seconds, None, event.unconfirmed)
    return event
