"""The asyncio driver: runs one session inside an event loop.

It performs frames, feeds their outcomes back, calls ``tick`` when it is due and hands events on. It knows no
vendor, and everything it holds is bounded by the session.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from ..audio.gap import Gap
from ..errors import AaiMigrateError, BadRequest, MissingExtra, ProtocolError, StreamClosed
from ..session.session import Session, SessionEvent
from ..wire.commands import Command, Start
from ..wire.events import Failed, Stopped
from ..wire.frames import FRAMES, Close, Connect, Frame, HttpRequest, Message, Ping
from .aio_connection import LAST, Connection
from .aio_credential import Fetched
from .aio_worker import open_worker
from .end import End

LOG = logging.getLogger("aai_migrate")


def blame(error: BaseException) -> str:
    """Return the kind of *error* and where it was raised; its text may hold what nobody should read."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


class AsyncSession:
    """A :class:`~aai_migrate.session.Session` at work. All calls belong on the loop it was made in.

    Audio leaves when the last of it was written, so a slow far end shows in ``session.backlog``, on which
    :meth:`room` waits.

    Attributes:
        crash: why it cannot go on, other than for what the far end did; None: it can.
    """

    def __init__(
        self,
        session: Session,
        on_events: Callable[[list[SessionEvent]], None],
        credentials: Fetched | None = None,
    ) -> None:
        """Prepare; nothing is dialled before ``send(Start(…))``.

        Args:
            on_events: called with the events of each call of the session, in order; must not wait.
            credentials: what *session* asks for credentials, if that may take time.
        """
        self.session = session
        self.crash: Exception | None = None
        self._on_events, self._credentials = on_events, credentials
        self._loop = asyncio.get_running_loop()
        self._todo: deque[list[Frame | SessionEvent]] = deque()
        self._doing = self._ended = False
        self._connection: Connection | None = None
        self._connections: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._progress = asyncio.Event()

    def send(self, command: Command | Gap) -> None:
        """Take one command of the application.

        A ``Start`` whose credential has to be fetched is taken when that is there; what it fails of then
        comes as ``Failed``.

        Raises:
            StreamClosed, ConfigError, AudioError: as :meth:`Session.send` says.
        """
        if self.crash:
            raise StreamClosed("the stream has ended")
        if isinstance(command, Start) and self._credentials and not self._credentials.ready:
            self._fetch(self._credentials, partial(self._step, self.session.send, command))
        else:
            self._take(self.session.send(command, self._loop.time()))

    async def room(self) -> None:
        """Wait until no more audio is waiting than ``limits.backlog`` says, or the session has ended."""
        while not self.crash and (self.session.full or (self._fetching and self.session.state == "idle")):
            await self.progress()

    async def progress(self) -> None:
        """Wait until something has happened."""
        self._progress.clear()
        await self._progress.wait()

    async def close(self) -> None:
        """End now; afterwards no task and no thread is left. Harmless when called again.

        The far end has ``limits.close_timeout`` to say goodbye.
        """
        self._step(self.session.close)
        self._stop_clock()
        if self._fetching:
            self._fetching.cancel()
        tasks = [connection.task for connection in self._connections]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self.session.limits.close_timeout)
        finally:
            self.drop()
            await asyncio.gather(*tasks, *filter(None, [self._fetching]), return_exceptions=True)

    def drop(self) -> None:
        """Wait for no goodbye any more."""
        for connection in self._connections:
            connection.task.cancel()

    # The session's turn.

    def _step(self, call: Callable[..., list[Frame | SessionEvent]], *args: Any) -> None:
        """Let the session act; a bug in it or in a backend ends this session visibly, and no other."""
        if self.crash:
            return
        try:
            self._take(call(*args, self._loop.time()))
        except Exception as error:  # noqa: BLE001 the top of every callback
            self.broke(error)

    def _take(self, items: list[Frame | SessionEvent]) -> None:
        """Perform *items*, and hand their events on; in order, also when that brings more."""
        self._todo.append(items)
        if self._doing:
            return
        self._doing = True
        try:
            while self._todo:
                events: list[SessionEvent] = []
                for item in self._todo.popleft():
                    if isinstance(item, FRAMES):
                        self._perform(item)
                    else:
                        events.append(item)
                if events:
                    self._ended = self._ended or any(isinstance(event, (Failed, Stopped)) for event in events)
                    self._on_events(events)
        finally:
            self._doing = False
        self._arm()

    def _perform(self, frame: Frame) -> None:
        if isinstance(frame, (Connect, HttpRequest)):
            dial, patience = partial(self._dial, frame), self.session.limits.close_timeout
            self._connection = Connection(self, dial, patience)
            self._connections.add(self._connection)
            self._connection.task.add_done_callback(self._reap)
        elif self._connection and isinstance(frame, (Message, Ping, Close)):
            self._connection.put(frame)

    def _reap(self, _: object) -> None:
        self._connections = {each for each in self._connections if not each.task.done()}

    async def _dial(self, frame: Connect | HttpRequest) -> End | Frame:
        provider, limits = self.session.provider, self.session.limits
        if isinstance(frame, Connect) and frame.url.startswith("worker:"):
            name = frame.url.removeprefix("worker:")
            return await open_worker(provider.open_worker, name, limits.close_timeout)
        try:
            from . import aio_socket
        except ImportError:
            raise MissingExtra("asyncio networking", "async") from None
        if isinstance(frame, HttpRequest):
            return await aio_socket.ask(frame, limits.connect_timeout)
        return await aio_socket.open_socket(
            frame, provider.numbers.frame_limit, limits.connect_timeout, limits.close_timeout
        )

    # Its clock: one timer, and none while a connection has something to write.

    def _arm(self) -> None:
        self._progress.set()
        still = self.crash or self._fetching or (self._connection and self._connection.busy)
        due = None if still else self.session.deadline
        if self._timer and self._timer_at == due:
            return
        self._stop_clock()
        if due is not None:
            self._timer, self._timer_at = self._loop.call_at(due, self._due), due

    def _stop_clock(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        tick = partial(self._step, self.session.tick)
        if self.session.state == "waiting" and self._credentials and not self._credentials.ready:
            self._fetch(self._credentials, tick)  # the next thing it does is to connect
        else:
            tick()

    def _fetch(self, credentials: Fetched, then: Callable[[], None]) -> None:
        async def fetch() -> None:
            try:
                await credentials.fetch()
            finally:
                self._fetching = None
            then()

        self._fetching = self._loop.create_task(fetch(), name="aai_migrate credential")

    # What connections say.

    def heard(self, connection: Connection, frame: Frame) -> None:
        """Feed *frame* to the session, unless it comes from a connection before the present one."""
        if connection is self._connection:
            if isinstance(frame, LAST):
                LOG.debug("%s: connection ended: %s", self.session.provider.name, type(frame).__name__)
            self._step(self.session.receive, frame)

    def written(self) -> None:
        """A connection has nothing to write any more."""
        if not self._doing:
            self._arm()

    def broke(self, error: Exception) -> None:
        """End the session because of *error*: a bug, or what is missing here."""
        if self.crash:
            return
        LOG.error("session with %s broke: %s", self.session.provider.name, blame(error))
        self.crash = error
        self._todo.clear()
        self._stop_clock()
        self._progress.set()
        self.drop()
        if self._ended:
            return
        self._ended = True
        try:
            self._on_events(self._last(error))
        except Exception as other:  # noqa: BLE001 whom it was told is broken too
            LOG.error("nobody could be told: %s", blame(other))

    def _last(self, error: Exception) -> list[SessionEvent]:
        """Return what the session can still say, and that it failed."""
        try:
            out = self.session.close(self._loop.time())
        except Exception as other:  # noqa: BLE001 it is broken
            LOG.debug("a session did not close: %s", blame(other))
            out = []
        name, end = self.session.provider.name, Stopped()
        events: list[SessionEvent] = []
        for item in out:
            if isinstance(item, Stopped):
                end = item
            elif not isinstance(item, FRAMES):
                events.append(item)
        if isinstance(error, AaiMigrateError):
            return [*events, Failed(BadRequest(name, str(error)), end.audio_seconds, end.unconfirmed)]
        failure = ProtocolError(name, f"internal error: {type(error).__name__}")
        return [*events, Failed(failure, end.audio_seconds, end.unconfirmed)]
