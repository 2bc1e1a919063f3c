"""What the documented vendors have in common, so that one link and one loopback server do for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

C_co = TypeVar("C_co", bound="Connection", covariant=True)


class Connection(Protocol):
    """One connection: audio and text in, texts out."""

    @property
    def heard(self) -> bytearray:
        """The audio that came."""

    @property
    def ended(self) -> tuple[int | None, str] | None:
        """The close frame that comes next, as code and reason."""

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`tick`."""

    def greeting(self) -> list[str]:
        """Return what it says before it hears anything."""

    def tick(self, now: float) -> list[str]:
        """Return what is due."""

    def text(self, text: str, now: float) -> list[str]:
        """Return the answers to a text message."""

    def binary(self, data: bytes, now: float) -> list[str]:
        """Return the answers to a binary message."""


class Refusal(Protocol):
    """The answer to an upgrade that is not accepted."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Vendor(Protocol[C_co]):
    """Answers handshakes, over any number of connections."""

    @property
    def connections(self) -> Sequence[C_co]:
        """Those that were accepted, in order."""

    def open(
        self, url: str, headers: Mapping[str, str], subprotocols: tuple[str, ...] = (), now: float = 0.0
    ) -> tuple[C_co, Mapping[str, str]] | Refusal:
        """Return a connection to *url*, a target or a whole URL, with the headers of the answer; or its refusal."""
