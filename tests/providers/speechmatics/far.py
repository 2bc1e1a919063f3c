"""The documented vendor at the far end of a link."""

from __future__ import annotations

import json

from attrs import define, field

from aai_migrate.testing.faults import Direction
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused

from .habits import Habits
from .realtime import CLOSES
from .vendor import Realtime, Refusal, Vendor


@define
class VendorFar:
    """One far end for all connections, as a vendor is.

    Attributes:
        closes: before which frame, counted as those of a :class:`~aai_migrate.testing.Cut` are, the vendor closes the
            connection.
        error: the type of the ``Error`` that comes before that close; "": the close is a clean one.
        tells: the text messages that came, in order, over all connections.
        said: those that went out.
    """

    vendor: Vendor = field(factory=Vendor)
    closes: tuple[Direction, int] | None = None
    error: str = ""
    connection: Realtime | None = None
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
            return self._counted(frame, self._open(frame, now))
        if not isinstance(frame, Message) or self.connection is None:
            return []
        data = frame.data
        if isinstance(data, str):
            self.tells.append(data)
        connection = self.connection
        said = connection.text(data, now) if isinstance(data, str) else connection.binary(data, now)
        return self._counted(frame, self._tell(said))

    def tick(self, now: float) -> list[Frame]:
        return self._counted(None, self._tell(self.connection.tick(now))) if self.connection else []

    def _open(self, frame: Connect, now: float) -> list[Frame]:
        found = self.vendor.open(frame.url, frame.headers, frame.subprotocols, now)
        if isinstance(found, Refusal):
            return [Refused(found.status, found.headers, found.body)]
        self.connection, headers = found
        return [Connected(headers, None), *self._tell(self.connection.greeting())]

    def _tell(self, said: list[str]) -> list[Frame]:
        out: list[Frame] = [Message(text) for text in said]
        self.said += said
        if self.connection and self.connection.ended:
            out.append(Close(*self.connection.ended))
            self.connection = None
        return out

    def _counted(self, frame: Frame | None, out: list[Frame]) -> list[Frame]:
        """Let frames cross, up to the one before which the connection is closed."""
        if frame is not None:
            self.crossed["up"] += 1
            if self.closes == ("up", self.crossed["up"] - 1):
                return self._close([])
        for place in range(len(out)):
            self.crossed["down"] += 1
            if self.closes == ("down", self.crossed["down"] - 1):
                return self._close(out[:place])
        return out

    def _close(self, before: list[Frame]) -> list[Frame]:
        self.connection = None
        if not self.error:
            return [*before, Close(1000, "")]
        error = {"message": "Error", "type": self.error, "reason": "something broke"}
        return [*before, Message(json.dumps(error)), Close(*CLOSES[self.error])]


def far(habits: Habits | None = None, closes: tuple[Direction, int] | None = None, error: str = "") -> VendorFar:
    """Return a vendor with these *habits*."""
    return VendorFar(Vendor(habits), closes, error)
