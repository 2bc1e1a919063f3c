"""A vendor played in memory by its server half: the far end of connections and requests."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence

from attrs import define, evolve, field

from .provider import Context, Peer, Provider, ServerPeer
from .wire import events as say
from .wire.commands import Audio, Command, Start
from .wire.frames import Connect, Frame, HttpRequest

Ear = Peer[Command, say.Event]


@define
class Far:
    """One connection's far end: the vendor's server half with an ear behind it, and what it heard."""

    server: ServerPeer
    ear: Ear
    heard: bytearray = field(factory=bytearray, repr=False)
    commands: list[Command] = field(factory=list, repr=False)

    @property
    def deadline(self) -> float | None:
        due = [d for d in (self.server.deadline, self.ear.deadline) if d is not None]
        return min(due, default=None)

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        """Give a frame of the client to the server half; return what it says."""
        return self._carry(self.server.receive(frame, now), now)

    def tick(self, now: float) -> list[Frame]:
        """Do what is due at either."""
        out: list[Frame] = []
        if self.server.deadline is not None and self.server.deadline <= now:
            out += self._carry(self.server.tick(now), now)
        if self.ear.deadline is not None and self.ear.deadline <= now:
            out += self._tell(self.ear.tick(now), now)
        return out

    def _carry(self, items: Sequence[Frame | Command], now: float) -> list[Frame]:
        frames: list[Frame] = []
        for item in items:
            if isinstance(item, Frame):
                frames.append(item)
                continue
            self.commands.append(item)
            if isinstance(item, Audio):
                self.heard += item.data
            if isinstance(item, Start) or any(isinstance(command, Start) for command in self.commands):
                frames += self._tell(self.ear.send(item, now), now)
        return frames

    def _tell(self, items: Sequence[Frame | say.Event], now: float) -> list[Frame]:
        frames: list[Frame] = []
        for item in items:
            if not isinstance(item, Frame):
                frames += self._carry(self.server.send(item, now), now)
        return frames


class Service:
    """A whole vendor: the far end of every connection and every request, also of sessions that outlive connections.

    Attributes:
        sessions: what each session heard, in the order in which they began.
    """

    def __init__(self, provider: Provider, context: Context, ear: Callable[[], Ear]) -> None:
        """Play *provider*'s server half with an *ear* for each session behind it.

        Where *context* does not seal, what clients carry is not encrypted: it stays in memory.
        """
        assert provider.server
        self._server, self._session_of, self._ear = provider.server, provider.session_of, ear
        self._context = context if context.seal else evolve(context, seal=seal, unseal=unseal)
        self._known: dict[str, Far] = {}
        self._now: Far | None = None  # whose connection there is

    @property
    def sessions(self) -> list[Far]:
        return list(self._known.values())

    @property
    def heard(self) -> bytearray:
        """What the session of the present connection heard."""
        return self._now.heard if self._now else bytearray()

    @property
    def deadline(self) -> float | None:
        due = [far.deadline for far in self._known.values() if far.deadline is not None]
        return min(due, default=None)

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        """Give a frame to the session that it is for."""
        if isinstance(frame, HttpRequest):
            return Far(self._server(self._context), self._ear()).receive(frame, now)
        if isinstance(frame, Connect):
            key = self._session_of(self._context, frame) if self._session_of else None
            key = f"connection {len(self._known)}" if key is None else key
            if key not in self._known:
                self._known[key] = Far(self._server(self._context), self._ear())
            self._now = self._known[key]
        return self._now.receive(frame, now) if self._now else []

    def tick(self, now: float) -> list[Frame]:
        """Do what is due in any session; only the present connection hears of it."""
        said = {id(far): far.tick(now) for far in self._known.values()}
        return said.get(id(self._now), [])


def seal(content: bytes) -> str:
    """Write *content* as a client may carry it; it is not encrypted."""
    return urlsafe_b64encode(content).decode()


def unseal(token: str) -> bytes | None:
    """Read what :func:`seal` wrote; None: it is something else."""
    try:
        return urlsafe_b64decode(token.encode())
    except ValueError:
        return None
