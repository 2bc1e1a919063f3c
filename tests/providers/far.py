"""A documented vendor at the far end of a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from attrs import define, field

from aai_migrate.testing.faults import Direction
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused

from .documented import Connection, Vendor

V = TypeVar("V", bound=Vendor[Any])


@define
class VendorFar(Generic[V]):
    """One far end for all connections, as a vendor is.

    Attributes:
        goodbye: what the vendor says when it closes a connection unasked, the close included.
        closes: before which frame, counted as those of a :class:`~aai_migrate.testing.Cut` are, it does so.
        tells: the text messages that came, in order, over all connections.
        said: those that went out.
    """

    vendor: V
    goodbye: Sequence[Frame] = ()
    closes: tuple[Direction, int] | None = None
    connection: Connection | None = None
    crossed: dict[Direction, int] = field(factory=lambda: {"up": 0, "down": 0})
    tells: list[str] = field(factory=list)
    said: list[str] = field(factory=list)

    @property
    def heard(self) -> bytearray:
        """What the present connection heard."""
        return self.connection.heard if self.connection else bytearray()

    @property
    def deadline(self) -> float | None:
        return self.connection.deadline if self.connection else None

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        if isinstance(frame, (Lost, Close)):
            self.connection = None
            return []
        if isinstance(frame, Connect):
            return self._counted("up", self._open(frame, now))
        if not isinstance(frame, Message) or self.connection is None:
            return []
        data = frame.data
        if isinstance(data, str):
            self.tells.append(data)
        connection = self.connection
        said = connection.text(data, now) if isinstance(data, str) else connection.binary(data, now)
        return self._counted("up", self._tell(said))

    def tick(self, now: float) -> list[Frame]:
        return self._counted(None, self._tell(self.connection.tick(now))) if self.connection else []

    def _open(self, frame: Connect, now: float) -> list[Frame]:
        found = self.vendor.open(frame.url, frame.headers, frame.subprotocols, now)
        if not isinstance(found, tuple):
            return [Refused(found.status, found.headers, found.body)]
        self.connection, headers = found
        return [Connected(headers, next(iter(frame.subprotocols), None)), *self._tell(self.connection.greeting())]

    def _tell(self, said: list[str]) -> list[Frame]:
        out: list[Frame] = [Message(text) for text in said]
        self.said += said
        if self.connection and self.connection.ended:
            out.append(Close(*self.connection.ended))
            self.connection = None
        return out

    def _counted(self, direction: Direction | None, out: list[Frame]) -> list[Frame]:
        """Let frames cross, up to the one before which the connection is closed."""
        if direction and self._due(direction):
            return self._close([])
        for place in range(len(out)):
            if self._due("down"):
                return self._close(out[:place])
        return out

    def _due(self, direction: Direction) -> bool:
        number, self.crossed[direction] = self.crossed[direction], self.crossed[direction] + 1
        return self.closes == (direction, number)

    def _close(self, before: list[Frame]) -> list[Frame]:
        self.connection = None
        return [*before, *self.goodbye]
