"""What the sessions of both paths have in common: what a client says is audio or control, and it may fall silent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from aai_migrate.audio.container import Undecodable
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Frame, Lost, Message, Ping

from .uplink import LARGEST_CONTROL, Uplink, control

Out = Frame | ask.Command


class Conversation(ABC):
    """One session that has been let in; see :class:`~aai_migrate.provider.ServerPeer` for its calls.

    Attributes:
        idle: seconds of a client's silence after which a session is over.
        pings: whether a ping breaks the silence, as a message does.
        known: the types of control messages, for those that come as binary ones.
    """

    idle: float
    pings = False
    known: frozenset[str]

    def __init__(self, config: Config, origin: ask.Origin, audio: AudioFormat | None, now: float) -> None:
        """Begin at *now* with the settings *config*; *audio* is None where a container says what it is."""
        self._uplink = Uplink(config, origin, audio)
        self._opened = self._last = now
        self._over = False

    # What a path says.

    @abstractmethod
    def begin(self) -> list[Out]:
        """Return what comes behind the upgrade."""

    @abstractmethod
    def send(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of *event*."""

    @abstractmethod
    def _control(self, kind: object, message: Mapping[str, Any], text: str) -> list[Out]:
        """Take a control message other than ``KeepAlive`` and ``CloseStream``."""

    @abstractmethod
    def _unread(self, why: str, text: str) -> list[Out]:
        """Answer a text that is no control message."""

    @abstractmethod
    def _undecodable(self, fault: Undecodable, last: Iterable[Out] = ()) -> list[Out]:
        """End a session whose audio cannot be read."""

    @abstractmethod
    def _silent(self, last: Iterable[Out]) -> list[Out]:
        """End a session whose client has been silent for too long."""

    @abstractmethod
    def _farewell(self) -> list[Out]:
        """End a session after its last words."""

    @property
    @abstractmethod
    def _held_until(self) -> float | None:
        """When what is held has to go out; None: nothing is held."""

    @abstractmethod
    def _release(self) -> list[Out]:
        """Return what is held."""

    def _heard(self, commands: list[ask.Command]) -> list[Out]:
        """Take the commands that audio has become."""
        return [*commands]

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Message(data) if not self._uplink.stopped:
                self._last = now
                try:
                    return self._binary(data, now) if isinstance(data, bytes) else self._text(data)
                except Undecodable as fault:
                    return self._undecodable(fault)
            case Ping() if self.pings:
                self._last = now
            case Close() | Lost():
                self._over = True
                return [*self._uplink.stop()]
        return []

    def _binary(self, data: bytes, now: float) -> list[Out]:
        if not data:
            self._uplink.linger(now)
            return []
        if text := control(data, self.known):
            return self._text(text)
        self._uplink.ends_at = None
        return self._heard(self._uplink.audio(data))

    def _text(self, text: str) -> list[Out]:
        if len(text) > LARGEST_CONTROL:
            return self._unread(f"a text message has at most {LARGEST_CONTROL:,} characters", text)
        message = values.parse(text)
        if message is None:
            return self._unread("a text message must be a JSON object; audio belongs in binary ones", text)
        kind = message.get("type")
        if kind == "KeepAlive":  # at Flux it is no message, and does no harm
            return [*self._uplink.put(ask.KeepAlive())]
        self._uplink.ends_at = None
        return self._stop() if kind == "CloseStream" else self._control(kind, message, text)

    def _stop(self) -> list[Out]:
        """Let the last words come; where no audio came, there are none."""
        self._uplink.intake.end()
        stop = self._uplink.stop()
        return [*stop] if stop else self._farewell()

    # The end.

    def _end(self, close: Close, last: Iterable[Out] = ()) -> list[Out]:
        self._over = True
        return [*last, close]

    def _break(self, close: Close, last: Iterable[Out] = ()) -> list[Out]:
        """End what the provider does not know to be over."""
        return [*self._end(close, last), *self._uplink.stop()]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When what is held has to go out, an empty message is the end, or a client has been silent for too long."""
        if self._over:
            return None
        silent = None if self._uplink.stopped else self._last + self.idle
        due = (self._held_until, self._uplink.ends_at, silent)
        return min((time for time in due if time is not None), default=None)

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self._over:
            return []
        held, ends_at = self._held_until, self._uplink.ends_at
        out = self._release() if held is not None and now >= held else []
        if self._uplink.stopped:
            return out
        if ends_at is not None and now >= ends_at:
            try:
                return [*out, *self._stop()]
            except Undecodable as fault:
                return self._undecodable(fault, out)
        return self._silent(out) if now >= self._last + self.idle else out
