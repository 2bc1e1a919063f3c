"""What an application asks of a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from .frames import bare

if TYPE_CHECKING:
    from ..config import Config
    from ..credentials import Credential


@frozen
class Origin:
    """Where a session at a server half came from: what routing needs."""

    dialect: str
    path: str = field(repr=lambda path: repr(bare(path)))
    principal: str | None = None
    tags: Mapping[str, str] = field(factory=dict)


@frozen
class Start:
    """Open a session. ``origin`` is set by server halves only."""

    config: Config
    credential: Credential | None = None
    origin: Origin | None = None


@frozen
class Resume:
    """Go on with the vendor's session of a lost connection; sent only to a peer that is ``resumable``."""


@frozen
class Audio:
    """Whole samples in the format of the session's :class:`~aai_migrate.config.Config`."""

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")


@frozen
class Silence:
    """Seconds of digital silence, injected by the session: on the timeline, not on the audio clock."""

    seconds: float


@frozen
class Finalize:
    """Settle what was heard, stay open. Answered by ``Finalized`` with the same ``id``."""

    id: str
    channel: int | None = None


@frozen
class KeepAlive:
    """Tell the vendor that the session is wanted though no audio comes."""


@frozen
class Configure:
    """Change neutral options in mid-session. Answered by ``Configured`` with the same ``id``."""

    id: str
    options: Mapping[str, Any]


@frozen
class Stop:
    """No more audio: settle everything, then end."""


Command = Start | Resume | Audio | Silence | Finalize | KeepAlive | Configure | Stop
