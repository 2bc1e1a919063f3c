"""What goes wrong on an in-memory :class:`~aai_migrate.testing.link.Link`, as values.

Frames are counted from 0 for the whole session, over all its connections: ``up`` from client to server, ``down`` back.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from ..wire.frames import LostCause

Direction = Literal["up", "down"]


@frozen
class Cut:
    """The connection breaks before this frame; it and all in flight are gone."""

    direction: Direction
    frame: int
    cause: LostCause = "reset"


@frozen
class Delay:
    """This frame and what follows it in its direction come later."""

    direction: Direction
    frame: int
    seconds: float


@frozen
class Duplicate:
    """This frame comes twice."""

    direction: Direction
    frame: int


@frozen
class Corrupt:
    """This message comes with its first half only: JSON no longer, or fewer samples."""

    direction: Direction
    frame: int


@frozen
class Refuse:
    """The handshake of this attempt (from 0) is refused with an HTTP status; None: nobody listens."""

    attempt: int
    status: int | None = 503
    body: bytes = field(default=b"", repr=False)


Fault = Cut | Delay | Duplicate | Corrupt | Refuse
