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
from typing import TYPE_CHECKING, Any

from ..errors import AaiMigrateError, MissingExtra, ProtocolError, StreamClosed
from ..session.session import Session, SessionEvent
from ..wire.commands import Command
from ..wire.events import Failed
from ..wire.frames import FRAMES, Close, Connect, Connected, Frame, HttpRequest, Lost, Message, Ping, Refused
from .aio_worker import open_worker
from .end import End

if TYPE_CHECKING:
    import aiohttp

LOG = logging.getLogger("aai_migrate")
STALL = 15.0
"""Seconds that a far end may take nothing, before the connection counts as dead."""


def blame(error: BaseException) -> str:
    """Return the kind of *error* and where it was raised; its text may hold what nobody should read."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


class AsyncSession:
    """A :class:`~aai_migrate.session.Session` at work. All calls belong on the loop it was made in.

    Audio leaves when the last of it was written, so a slow far end shows in ``session.backlog``, on which
    :meth:`room` waits.
    """

    def __init__(
        self,
        session: Session,
        on_event: Callable[[SessionEvent], None],
        *,
        http: aiohttp.ClientSession | None = None,
    ) -> None:
        """Prepare; nothing is dialled before ``send(Start(…))``.

        Args:
            on_event: called with each event, in order; must not wait.
            http: dials websockets; None: one is made when it is needed, and closed with the session.
        """
        self.session = session
        self._on_event = on_event
        self._http, self._own_http = http, http is None
        self._loop = asyncio.get_running_loop()
        self._todo: deque[Frame | SessionEvent] = deque()
        self._doing = self._broken = False
        self._connection: _Connection | None = None
        self._connections: set[_Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._progress = asyncio.Event()

    def send(self, command: Command) -> None:
        """Take one command of the application.

        Raises:
            StreamClosed, ConfigError, AudioError: as :meth:`Session.send` says.
        """
        if self._broken:
            raise StreamClosed("the stream has ended")
        self._take(self.session.send(command, self._loop.time()))

    async def room(self) -> None:
        """Wait until no more audio is waiting than ``limits.backlog`` says, or the session has ended."""
        while not self._broken and self.session.full:
            self._progress.clear()
            await self._progress.wait()

    async def close(self) -> None:
        """End now; afterwards no task and no thread is left. Harmless when called again."""
        self._step(self.session.close)
        self._stop_clock()
        tasks = [connection.task for connection in self._connections]
        if tasks:
            await asyncio.wait(tasks, timeout=self.session.limits.close_timeout)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._own_http and self._http:
            await self._http.close()
            self._http = None

    # The session's turn.

    def _step(self, call: Callable[..., list[Frame | SessionEvent]], *args: Any) -> None:
        """Let the session act; a bug in it or in a backend ends this session visibly, and no other."""
        if self._broken:
            return
        try:
            self._take(call(*args, self._loop.time()))
        except Exception as error:  # noqa: BLE001 the top of every callback
            self._break(error)

    def _break(self, error: Exception) -> None:
        LOG.error("session with %s broke: %s", self.session.provider.name, blame(error))
        self._broken = True
        self._todo.clear()
        self._stop_clock()
        self._progress.set()
        for connection in self._connections:
            connection.task.cancel()
        name = self.session.provider.name
        self._on_event(Failed(ProtocolError(name, f"internal error: {type(error).__name__}")))

    def _take(self, items: list[Frame | SessionEvent]) -> None:
        """Perform *items* in order, also when performing one brings more."""
        self._todo += items
        if self._doing:
            return
        self._doing = True
        try:
            while self._todo:
                item = self._todo.popleft()
                if isinstance(item, FRAMES):
                    self._perform(item)
                else:
                    self._on_event(item)
        finally:
            self._doing = False
        self._arm()

    def _perform(self, frame: Frame) -> None:
        if isinstance(frame, (Connect, HttpRequest)):
            self._connection = _Connection(self, frame)
            self._connections.add(self._connection)
            self._connection.task.add_done_callback(self._reap)
        elif self._connection and isinstance(frame, (Message, Ping, Close)):
            self._connection.put(frame)

    def _reap(self, _: object) -> None:
        self._connections = {each for each in self._connections if not each.task.done()}

    # Its clock: one timer, and none while a connection has something to write.

    def _arm(self) -> None:
        self._progress.set()
        self._stop_clock()
        due = self.session.deadline
        if due is not None and not self._broken and not (self._connection and self._connection.busy):
            self._timer = self._loop.call_at(due, self._step, self.session.tick)

    def _stop_clock(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    # What connections say.

    def heard(self, connection: _Connection, frame: Frame) -> None:
        """Feed *frame* to the session, unless it comes from a connection before the present one."""
        if connection is self._connection:
            self._step(self.session.receive, frame)

    def written(self) -> None:
        """A connection has nothing to write any more."""
        if not self._doing:
            self._arm()

    def broke(self, error: Exception) -> None:
        """A connection met a bug."""
        if not self._broken:
            self._break(error)

    async def dial(self, frame: Connect | HttpRequest) -> End | Frame:
        """Return the open far end, or the frame that says what came instead."""
        numbers, patience = self.session.provider.numbers, self.session.limits.close_timeout
        if isinstance(frame, Connect) and frame.url.startswith("worker:"):
            name = frame.url.removeprefix("worker:")
            return await open_worker(self.session.provider.open_worker, name, patience)
        try:
            from . import aio_socket
        except ImportError:
            raise MissingExtra("asyncio networking", "gateway") from None
        self._http = self._http or aio_socket.client()
        if isinstance(frame, HttpRequest):
            return await aio_socket.ask(self._http, frame)
        return await aio_socket.open_socket(self._http, frame, numbers.frame_limit, patience)


class _Connection:
    """One ``Connect`` or ``HttpRequest``, from the dial to the last frame."""

    def __init__(self, owner: AsyncSession, frame: Connect | HttpRequest) -> None:
        self._owner = owner
        self._queue: deque[Message | Ping | Close] = deque()
        self._queued = asyncio.Event()
        self._open = self._sending = self._over = False
        self.task = asyncio.create_task(self._run(frame))

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

    async def _run(self, frame: Connect | HttpRequest) -> None:
        try:
            try:
                end = await self._owner.dial(frame)
            except AaiMigrateError as error:  # a missing package: its text says what to do
                end = Refused(503, body=str(error).encode())
            if isinstance(end, Frame):
                self._tell(end)
            else:
                await self._converse(end)
        except Exception as error:  # noqa: BLE001 the top of a task
            self._owner.broke(error)

    async def _converse(self, end: End) -> None:
        self._open = True
        writer = asyncio.create_task(self._write(end))
        try:
            self._tell(end.greeting)
            while not self._over:
                self._tell(await end.receive())
        finally:
            self._over = True
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await end.release()
            self._owner.written()

    async def _write(self, end: End) -> None:
        try:
            while await self._queued.wait():
                self._queued.clear()
                while self._queue:
                    frame, self._sending = self._queue.popleft(), True
                    if isinstance(frame, Close):
                        await end.close(1000 if frame.code is None else frame.code, frame.reason)
                        return
                    async with asyncio.timeout(STALL):
                        await end.send(frame)
                    self._sending = False
                self._owner.written()
        except TimeoutError:
            self._give_up(Lost("timeout", f"nothing was taken for {STALL:g} s"))
        except OSError as error:
            self._give_up(Lost("reset", type(error).__name__))
        except Exception as error:  # noqa: BLE001 the top of a task
            self._owner.broke(error)

    def _give_up(self, lost: Lost) -> None:
        self._tell(lost)
        self.task.cancel()

    def _tell(self, frame: Frame) -> None:
        if not self._over:
            self._over = not isinstance(frame, (Connected, Message))
            self._owner.heard(self, frame)
