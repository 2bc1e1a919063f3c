"""One client's conversation: a server half in front of a session. Knows no HTTP library and no vendor."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..drivers.aio import AsyncSession, blame
from ..errors import AudioError, BadRequest, ConfigError, ProviderError, StreamClosed
from ..events import AudioGap, Reconnected, Reconnecting
from ..provider import ServerPeer
from ..session.session import SessionEvent
from ..wire import commands as ask
from ..wire import events as say
from ..wire.frames import FRAMES, Close, Connect, Connected, Frame, Lost, Refused
from .line import Line
from .upstream import Upstream

LOG = logging.getLogger("aai_migrate")
TAKEN_OVER = Close(4409, "Another connection goes on with this session")
"""What an older connection is told, if it still hears: a code of private use, in the range in which clients whose
sessions outlive connections do not dial again, or two of them would take the session from each other for ever."""


class Bridge:
    """Carries what the client says to the provider, and what the provider hears to the client.

    Everything happens in the loop it was made in. A connection of the client is a :class:`Line`: :meth:`connect`
    begins one, :meth:`receive` takes its frames, and :meth:`leave` belongs at its end. There is at most one at a time;
    what the server half says while there is none is let go. The conversation is over when it has no line and the
    server half does not wait for another one; :meth:`run` lasts as long.

    Attributes:
        session: the provider's side, once the client has started it.
        turns: how many turns have ended.
        over: whether nothing more is taken from either side.
    """

    def __init__(self, server: ServerPeer, upstream: Upstream, name: str) -> None:
        """Join *server* and *upstream*; *name* stands for the conversation in logs."""
        self.name = name
        self._server, self._upstream = server, upstream
        self._loop = asyncio.get_running_loop()
        self.session: AsyncSession | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for = 0  # how many wait for room
        self._stood = 0.0  # for how long the client's time has stood still, and since when it does
        self._still = 0.0
        self._todo: deque[Frame | ask.Command] = deque()
        self._begun = self._doing = self._stopping = self._winding = False
        self._farewell: ProviderError | None = None  # why it ends without the client's asking
        self.turns = 0
        self.over = False
        self._ended = asyncio.Event()
        self._line: Line | None = None  # answered by Connected
        self._asking: Line | None = None  # not answered yet
        self._parting: Line | None = None  # told to close, the answer is not there yet

    # For the caller.

    @property
    def audio_seconds(self) -> float:
        """How much audio the client has sent to the provider."""
        return self.session.session.fed if self.session and self._begun else 0.0

    async def run(self) -> None:
        """Wait until the conversation is over, and let go of the provider's session."""
        try:
            await self._ended.wait()
        finally:
            self._finish()
            if self.session:
                await self.session.close()

    def connect(self, frame: Connect) -> Line:
        """Begin a connection of a conversation that is not over.

        On its line the first frame is ``Connected`` or ``Refused``, or there is none.
        A connection that there is already is lost: who dials again knows so, even if we do not yet. Only a session
        that does not outlive its connection is asked first, and keeps the old one where it refuses the new one.
        """
        if self._asking:
            self._asking.drop()
        old, self._asking, self._parting = self._line, Line(), None
        line = self._asking
        if old and not self.over and self._server.resumable:
            self._line = None
            old.drop(TAKEN_OVER)
            self._step(self._server.receive, Lost("reset", "another connection takes its place"))
        self._step(self._server.receive, frame)
        return line

    def receive(self, line: Line, frame: Frame) -> None:
        """Take one frame that came on *line*, the last is ``Close`` or ``Lost``; on an older line it is ignored."""
        if line is self._parting and isinstance(frame, (Close, Lost)):
            self._parting = None
            self._step(self._server.receive, frame)
        elif line is self._line:
            if isinstance(frame, (Close, Lost)):
                self._line = None
            self._step(self._server.receive, frame)
            if line is not self._line and not self.over:
                LOG.info("client %s: its connection ended, its session waits for another one", self.name)

    def leave(self, line: Line) -> None:
        """Take note that the connection of *line* is gone; harmless if it was known."""
        if line is self._asking:
            self._asking, self._line = None, self._line or line
        self.receive(line, Lost("reset"))

    async def room(self, line: Line) -> None:
        """Wait until the client may say more on *line*: neither the provider nor the client is behind.

        Meanwhile its time stands still: who is not read has not been silent.
        """
        if not self._waits_for:
            self._still = self._loop.time()
        self._waits_for += 1
        try:
            if self.session:
                await self.session.room()
            await line.room()
        finally:
            self._waits_for -= 1
            if not self._waits_for:
                self._stood += self._loop.time() - self._still
                self._arm()

    @property
    def _now(self) -> float:
        """The time of the client, which stands still while nothing is read from it."""
        return (self._still if self._waits_for else self._loop.time()) - self._stood

    def fail(self, error: ProviderError) -> None:
        """End the conversation with *error*, in the client's dialect."""
        self._step(self._server.send, say.Failed(error))

    def wind_up(self, error: ProviderError) -> None:
        """End the conversation with *error* after the last words of what the client has said so far.

        Where no client is there to hear them, it ends at once; nor is another connection waited for.
        """
        self._winding = True
        if self._line is None and self._asking is None:
            self._finish()
        elif self.session is None:
            self.fail(error)
        elif not self._stopping:  # else its end is on the way
            self._farewell = error
            with suppress(StreamClosed):
                self.session.send(ask.Stop())

    # What either side says.

    def _step(self, call: Callable[..., list[Frame | ask.Command]], *args: Any) -> None:
        if self.over:
            return
        try:
            self._take(call(*args, self._now))
            if not (self._doing or self._line or self._asking or self._waits):
                self._finish()
        except Exception as error:  # noqa: BLE001 a bug ends this conversation visibly, and no other
            LOG.error("client %s: the gateway broke: %s", self.name, blame(error))
            self._todo.clear()
            self._put(Close(1011, "Internal error"))
            self._finish()

    @property
    def _waits(self) -> bool:
        """Whether another connection may come."""
        return self._server.resumable and not self._winding

    def _finish(self) -> None:
        """Take nothing more from anybody; what waits for the client is still written."""
        self.over = True
        for line in (self._line, self._asking):
            if line:
                line.end()
        self._line = self._asking = None
        if self._timer:
            self._timer.cancel()
        self._ended.set()

    def _take(self, items: list[Frame | ask.Command]) -> None:
        """Hand *items* on in order, also when one of them brings more."""
        self._todo += items
        if self._doing:
            return
        self._doing = True
        try:
            while self._todo:
                item = self._todo.popleft()
                if isinstance(item, FRAMES):
                    self._put(item)
                elif isinstance(item, ask.Start):
                    self._start(item)
                elif self.session:
                    self._ask(self.session, item)
        finally:
            self._doing = False
        self._arm()

    def _put(self, frame: Frame) -> None:
        """Give *frame* to the connection that it is for; without one it is let go."""
        if isinstance(frame, (Connected, Refused)):
            line, self._asking = self._asking, None
            if line:
                line.put(frame)
                if isinstance(frame, Connected):
                    if self._line:
                        self._line.drop(TAKEN_OVER)
                    self._line = line
                else:
                    line.end()
        elif self._line:
            self._line.put(frame)
            if isinstance(frame, Close):
                self._line.end()
                self._line, self._parting = None, self._line

    def _start(self, start: ask.Start) -> None:
        self.session = self._upstream.open(self._hear)
        try:
            self.session.send(self._upstream.start(start))
            self._begun = True
        except (ConfigError, AudioError) as error:
            LOG.info("client %s: %s cannot do what it asks for", self.name, self._upstream.name)
            self.fail(BadRequest(self._upstream.name, str(error)))

    def _ask(self, session: AsyncSession, command: ask.Command) -> None:
        if isinstance(command, ask.Stop):
            self._stopping, self._farewell = True, None
        try:
            session.send(command)
        except StreamClosed:  # its end has been told already
            LOG.debug("client %s: %s came after the end", self.name, type(command).__name__)
        except AudioError as error:
            self.fail(BadRequest(self._upstream.name, str(error)))
        except ConfigError as error:
            if not isinstance(command, ask.Configure):
                raise
            self._step(self._server.send, say.Configured(command.id, False, str(error)))

    def _hear(self, events: list[SessionEvent]) -> None:
        for event in events:
            self._heard(event)

    def _heard(self, event: SessionEvent) -> None:
        if isinstance(event, (Reconnecting, Reconnected, AudioGap)):
            LOG.info("client %s: %s: %s", self.name, self._upstream.name, type(event).__name__)
            return
        if isinstance(event, say.Failed):  # the client may be told less, and is not whom it concerns
            kind, code = type(event.error).__name__, event.error.status or event.error.code
            known = kind if code is None else f"{kind}, code {code}"
            LOG.warning("client %s: %s: %s", self.name, self._upstream.name, known)
        if isinstance(event, say.Warned):  # what a vendor says may quote what was said
            text = "" if ":" in event.code else f": {event.message}"
            LOG.warning("client %s: %s%s", self.name, event.code, text)
        self.turns += isinstance(event, say.TurnEnded)
        if isinstance(event, say.Stopped) and self._farewell:
            event = say.Failed(self._farewell)
        self._step(self._server.send, event)

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        due = None if self.over else self._server.deadline
        if due is None or (self._waits_for and due > self._now):
            self._timer = None
        else:
            self._timer = self._loop.call_at(due + self._stood, self._step, self._server.tick)
