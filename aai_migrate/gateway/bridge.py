"""One client's connection: a server half in front of a session. Knows no HTTP library and no vendor."""

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
from ..wire.frames import FRAMES, Close, Frame, Message
from .upstream import Upstream

LOG = logging.getLogger("aai_migrate")
HIGH_WATER = 1 << 20
"""Characters and bytes that may wait for the client, before nothing more is read from it."""


class Bridge:
    """Carries what the client says to the provider, and what the provider hears to the client.

    Everything happens in the loop it was made in. The caller feeds frames to :meth:`receive`, writes those of
    :meth:`next`, and waits for :meth:`room` before it reads again.

    Attributes:
        session: the provider's side, once the client has started it.
        turns: how many turns have ended.
    """

    def __init__(self, server: ServerPeer, upstream: Upstream, name: str) -> None:
        """Join *server* and *upstream*; *name* stands for the connection in logs."""
        self.name = name
        self._server, self._upstream = server, upstream
        self._loop = asyncio.get_running_loop()
        self.session: AsyncSession | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._todo: deque[Frame | ask.Command] = deque()
        self._doing = self._over = self._stopping = False
        self._farewell: ProviderError | None = None  # why it ends without the client's asking
        self.turns = 0
        self._out: deque[Frame] = deque()
        self._waiting = 0
        self._moved = asyncio.Event()  # something came for the client, or nothing will
        self._drained = asyncio.Event()

    # For the caller.

    @property
    def audio_seconds(self) -> float:
        """How much audio the client has sent to the provider."""
        return self.session.session.fed if self.session and self.session.session.state != "idle" else 0.0

    def receive(self, frame: Frame) -> None:
        """Take one frame of the client."""
        self._step(self._server.receive, frame)

    def fail(self, error: ProviderError) -> None:
        """End the conversation with *error*, in the client's dialect."""
        self._step(self._server.send, say.Failed(error))

    def wind_up(self, error: ProviderError) -> None:
        """End the conversation with *error* after the last words of what the client has said so far."""
        if self.session is None:
            self.fail(error)
        elif not self._stopping:  # else its end is on the way
            self._farewell = error
            with suppress(StreamClosed):
                self.session.send(ask.Stop())

    async def next(self) -> Frame | None:
        """Wait for the next frame for the client; None: there will be none."""
        while not self._out:
            if self._over:
                return None
            self._moved.clear()
            await self._moved.wait()
        frame = self._out.popleft()
        self._waiting -= _size(frame)
        self._drained.set()
        return frame

    async def room(self) -> None:
        """Wait until the client may say more: neither the provider nor the client is behind."""
        if self.session:
            await self.session.room()
        while self._waiting > HIGH_WATER and not self._over:
            self._drained.clear()
            await self._drained.wait()

    def hang_up(self) -> None:
        """The client is gone: what waits for it is dropped, and :meth:`next` has nothing more."""
        self._over = True
        self._out.clear()
        self._waiting = 0
        self._moved.set()
        self._drained.set()
        if self._timer:
            self._timer.cancel()

    async def close(self) -> None:
        """Let go of everything, the provider's session first."""
        self.hang_up()
        if self.session:
            await self.session.close()

    # What either side says.

    def _step(self, call: Callable[..., list[Frame | ask.Command]], *args: Any) -> None:
        if self._over:
            return
        try:
            self._take(call(*args, self._loop.time()))
        except Exception as error:  # noqa: BLE001 a bug ends this conversation visibly, and no other
            LOG.error("client %s: the gateway broke: %s", self.name, blame(error))
            self._todo.clear()
            self._put(Close(1011, "Internal error"))
            self._over = True

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
        self._out.append(frame)
        self._waiting += _size(frame)
        self._moved.set()

    def _start(self, start: ask.Start) -> None:
        self.session = self._upstream.open(self._hear)
        try:
            self.session.send(self._upstream.start(start))
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
        self.turns += isinstance(event, say.TurnEnded)
        if isinstance(event, say.Stopped) and self._farewell:
            event = say.Failed(self._farewell)
        self._step(self._server.send, event)

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        due = None if self._over else self._server.deadline
        self._timer = None if due is None else self._loop.call_at(due, self._step, self._server.tick)


def _size(frame: Frame) -> int:
    return len(frame.data) if isinstance(frame, Message) else 0
