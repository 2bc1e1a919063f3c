"""A session performed with threads: one that writes and keeps time, one that reads for each connection.

One lock is held for the session's pure calls and for what they touch, never for a socket call. What the
session answers goes, in order, to the frames that the writer performs and, folded, to the events that the
reader of the stream takes.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from ..audio.gap import Gap
from ..credentials import Credential
from ..errors import StreamClosed
from ..events import StreamEvent
from ..session import Session, SessionEvent
from ..settings import Settings, context
from ..wire import commands as ask
from ..wire.frames import FRAMES, Close, Connect, Frame, HttpRequest, Lost, Pong, Refused
from .connection import Connection, Http, Pipe, Websocket
from .outcome import Outcome, ended_by

log = logging.getLogger("aai_migrate")
GRACE = 1.0
"""Seconds for a thread to end after its socket was shut down."""
_FOREVER = 0.5 if os.name == "nt" else None  # Windows: a wait without end cannot be interrupted by Ctrl-C


class Engine:
    """One session, its threads and its unread events.

    Attributes:
        outcome: what the application is to see of it; its attributes may be read without the lock.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings, self.outcome = settings, Outcome(settings)
        self._context = context()
        self._session = Session(
            settings.provider,
            self._context,
            credentials=self._credentials,
            limits=settings.limits,
            retry=settings.retry,
        )
        self._frames: deque[tuple[Connection, Frame]] = deque()
        self._connection: Connection | None = None
        self._connections: set[Connection] = set()
        self._fetched: Callable[[], Credential | None] | None = None
        self._stopped = False
        self._sleeps_until: float | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # for the writer: frames, or an earlier deadline
        self._news = threading.Condition(self._lock)  # for readers: events, answers, the end
        self._room = threading.Condition(self._lock)  # for feeders: the backlog fell
        self._writer = threading.Thread(target=self._write, name="aai_migrate writer", daemon=True)

    # For the application's threads.

    def start(self) -> None:
        """Dial, and return when the vendor has greeted.

        Raises:
            AaiMigrateError: whatever kept it from doing so.
        """
        self._fetch()  # first, so that how long it takes is no part of how long the vendor takes
        with self._lock:
            now = time.monotonic()
            self._take(self._session.send(ask.Start(self.settings.config), now), now)
            self._fetched = None
        self._writer.start()
        with self._lock:
            while not (self.outcome.begun or self.outcome.over):
                self._news.wait(_FOREVER)
        if not self.outcome.begun:
            raise self.outcome.error or StreamClosed("the stream was closed")

    def next(self) -> StreamEvent | None:
        """Wait for the next event; None: there will be no more."""
        with self._lock:
            while not (self.outcome or self.outcome.over):
                self._news.wait(_FOREVER)
            return self.outcome.pop()

    def set_realtime(self, realtime: bool) -> None:
        """Say whether the audio comes at the speed of speech."""
        with self._lock:
            self._session.realtime = realtime

    def feed(self, piece: bytes | Gap) -> None:
        """Feed audio, or word of what was lost; wait while the backlog is over its limit, if the source can wait."""
        with self._lock:
            while self._session.full and not self._stopped:
                self._room.wait(_FOREVER)
            self._ask(piece if isinstance(piece, Gap) else ask.Audio(piece))

    def finalize(self, wait: float | None) -> str:
        """Ask for it, wait at most so many seconds for the answer, return the id."""
        id_, outcome = self._context.new_id(), self.outcome
        with self._lock:
            outcome.expect(id_)
            self._ask(ask.Finalize(id_))
            by = time.monotonic() + (wait or 0.0)
            while outcome.expected(id_) and not outcome.over and (left := by - time.monotonic()) > 0:
                self._news.wait(min(left, threading.TIMEOUT_MAX))
            unanswered = outcome.expected(id_)
            outcome.forget(id_)
            if unanswered and outcome.over:
                raise outcome.error or StreamClosed("the stream has ended")
        return id_

    def configure(self, options: dict[str, object]) -> None:
        """Ask for other options."""
        with self._lock:
            self._ask(ask.Configure(self._context.new_id(), options))

    def stop(self) -> None:
        """No more audio."""
        with self._lock:
            now = time.monotonic()
            self._take(self._session.send(ask.Stop(), now), now)
            self._stopped = True
            self._room.notify_all()

    def close(self) -> None:
        """End it now, wait for threads and sockets to go, and then make them go."""
        with self._lock:
            now = time.monotonic()
            self._take(self._session.close(now), now)
        self.join()

    def abandon(self) -> None:
        """End it because nobody holds the stream any more; called by the garbage collector, maybe under our lock."""
        if not self.outcome.over and self._writer.is_alive():
            threading.Thread(target=self.close, name="aai_migrate closer", daemon=True).start()

    def join(self) -> None:
        """Wait for the threads of a session that has ended: ``close_timeout``, then without mercy."""
        by = time.monotonic() + self.settings.limits.close_timeout
        if not self._wait(by):
            with self._lock:
                left = list(self._connections)
            for connection in left:
                connection.drop()
            self._wait(time.monotonic() + GRACE)

    def _wait(self, by: float) -> bool:
        with self._lock:
            threads = [self._writer, *(connection.thread for connection in self._connections)]
        for thread in threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, by - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _ask(self, command: ask.Command | Gap) -> None:
        """Hand the session a command, under the lock; a stream that failed says why."""
        if self.outcome.over and self.outcome.error:
            raise self.outcome.error
        now = time.monotonic()
        self._take(self._session.send(command, now), now)

    # For the threads of connections.

    def received(self, connection: Connection, frame: Frame) -> None:
        """Give the session a frame, unless it is of a connection that was given up."""
        with self._lock:
            if connection is not self._connection:
                return
            if isinstance(frame, (Close, Lost, Refused)):
                log.debug("%s: connection ended: %s", self.settings.provider.name, type(frame).__name__)
                self._connection = None
            now = time.monotonic()
            self._take(self._session.receive(frame, now), now)

    def answer(self, connection: Connection, frame: Frame) -> None:
        """Put a pong or an answering close frame in the line."""
        with self._lock:
            if isinstance(frame, Pong):  # the latest ping is answered, however many came
                stale = [item for item in self._frames if item[0] is connection and isinstance(item[1], Pong)]
                for item in stale:
                    self._frames.remove(item)
            self._frames.append((connection, frame))
            self._work.notify()

    def crashed(self, error: Exception) -> None:
        """End the stream because a thread cannot go on; *error* raises from iteration."""
        with self._lock:
            left, now = list(self._connections), time.monotonic()
            self.outcome.crash(error)
            try:
                self.outcome.take(ended_by(error, self._session.close(now)), now)
            finally:
                self._end()
        for connection in left:
            connection.drop()

    def ended(self, connection: Connection) -> None:
        """Forget a connection whose thread is done."""
        with self._lock:
            self._connections.discard(connection)
            self._work.notify()

    # The session's answers; the lock is held.

    def _take(self, out: list[Frame | SessionEvent], now: float) -> None:
        events: list[SessionEvent] = []
        for item in out:
            if isinstance(item, FRAMES):
                self._frame(item)
            else:
                events.append(item)
        self.outcome.take(events, now)
        if self.outcome.over and events:
            self._end()
        elif events:
            self._news.notify_all()
        due = self._session.deadline
        if self._frames or (due is not None and (self._sleeps_until is None or due < self._sleeps_until)):
            self._work.notify()
        if not self._session.full:
            self._room.notify_all()

    def _frame(self, frame: Frame) -> None:
        provider, limits = self.settings.provider, self.settings.limits
        limit, patience = provider.numbers.frame_limit, limits.connect_timeout
        match frame:
            case Connect(url) if url.startswith("worker:"):
                self._connection = Pipe(self, limits.close_timeout, provider.open_worker)
            case Connect():
                self._connection = Websocket(self, limits.close_timeout, frame, patience, limit)
            case HttpRequest():
                self._connection = Http(self, limits.close_timeout, frame, patience, limit)
        if self._connection is None:
            return
        self._connections.add(self._connection)
        self._frames.append((self._connection, frame))
        if isinstance(frame, Close):
            self._connection.hang_up()
            self._connection = None

    def _end(self) -> None:
        self.outcome.over = self._stopped = True
        log.debug("%s: session ended", self.settings.provider.name)
        for condition in (self._work, self._news, self._room):
            condition.notify_all()

    # The writer.

    def _write(self) -> None:
        try:
            while (task := self._next_task()) is not None:
                connection, frame = task
                if isinstance(frame, (Connect, HttpRequest)):
                    connection.start()
                else:
                    connection.perform(frame)
        except Exception as error:  # noqa: BLE001  # the top of a thread: it ends the stream
            self.crashed(error)

    def _next_task(self) -> tuple[Connection, Frame] | None:
        """Wait for the next frame to perform, ticking the session meanwhile; None: no more will come.

        Audio leaves the session in a tick only, and it is ticked only when all that it gave is written.
        """
        while True:
            with self._lock:
                if self._frames:
                    return self._frames.popleft()
                if self.outcome.over and not self._connections:
                    return None
                now, due = time.monotonic(), self._session.deadline
                if due is None or due > now:
                    self._sleeps_until = due
                    self._work.wait(None if due is None else due - now)
                    self._sleeps_until = now
                    continue
                waiting = self._session.state == "waiting"
            if waiting:
                self._fetch()
            with self._lock:
                now = time.monotonic()
                self._take(self._session.tick(now), now)
                self._fetched = None

    def _fetch(self) -> None:
        """Call the credential's source without the lock: it is the application's, and may take its time."""
        try:
            self._fetched = partial(_same, self.settings.credentials())
        except Exception as error:  # noqa: BLE001  # raised where the session asks, which makes it a failure
            self._fetched = partial(_fail, error)

    def _credentials(self) -> Credential | None:
        fetched, self._fetched = self._fetched, None
        return fetched() if fetched else self.settings.credentials()


def _same(credential: Credential | None) -> Credential | None:
    return credential


def _fail(error: Exception) -> Credential | None:
    raise error
