"""What crosses a wire, the same types in both directions.

No repr shows a header, a query string or the content of a message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Literal

from attrs import field, frozen

LONGEST_REASON = 123
"""Bytes of a close frame's reason, by RFC 6455, 5.5."""
LostCause = Literal["dns", "refused", "tls", "timeout", "proxy", "reset", "too_big"]


def bare(url: str) -> str:
    """Return *url* without query and user part, for messages."""
    head, _, _ = url.partition("?")
    scheme, sep, rest = head.partition("://")
    return f"{scheme}{sep}{rest.rpartition('@')[2]}" if sep else head


def path_of(url: str) -> str:
    """Return the path of a request target or of a whole URL."""
    _, scheme, rest = bare(url).partition("://")
    return f"/{rest.partition('/')[2]}" if scheme else bare(url)


def header(headers: Mapping[str, str], name: str) -> str:
    """Return the value of a header whose name, here in lower case, may be spelled in any; "" where there is none."""
    return next((value.strip() for given, value in headers.items() if given.lower() == name), "")


def _bare_repr(url: str) -> str:
    return repr(bare(url))


def _size(content: str | bytes) -> str:
    return f"<{len(content)} {'characters' if isinstance(content, str) else 'bytes'}>"


def _count(items: Sized) -> str:
    return f"<{len(items)}>"


@frozen
class HttpRequest:
    """Ask over HTTP; ``url`` is absolute. Answered by :class:`HttpResponse` or :class:`Lost`."""

    method: str
    url: str = field(repr=_bare_repr)
    headers: Mapping[str, str] = field(factory=dict, repr=_count)
    body: bytes = field(default=b"", repr=_size)


@frozen
class HttpResponse:
    """The answer to an :class:`HttpRequest`, whatever its status; header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=_count)
    body: bytes = field(default=b"", repr=_size)


@frozen
class Connect:
    """Open a websocket (``ws:``, ``wss:``) or take a place on a worker (``worker:NAME``)."""

    url: str = field(repr=_bare_repr)
    headers: Mapping[str, str] = field(factory=dict, repr=_count)
    subprotocols: tuple[str, ...] = field(default=(), repr=_count)  # some clients put their key here


@frozen
class Connected:
    """The handshake succeeded."""

    headers: Mapping[str, str] = field(factory=dict, repr=_count)
    subprotocol: str | None = None


@frozen
class Refused:
    """The answer to :class:`Connect` that is not a 101."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=_count)
    body: bytes = field(default=b"", repr=_size)


@frozen
class Message:
    """One whole websocket message: ``str`` is a text frame, ``bytes`` a binary one."""

    data: str | bytes = field(repr=_size)


@frozen
class Ping:
    """A ping to send; a missing pong is ``Lost("timeout")``.

    Incoming ones are answered already: drivers keep them to themselves, server halves are told as of a sign of life.
    """

    data: bytes = b""


@frozen
class Pong:
    """The answer to a :class:`Ping` with the same data: what was sent before the ping has been read."""

    data: bytes = b""


@frozen
class Close:
    """A close frame really seen or sent; ``code`` is None where the frame had none."""

    code: int | None = 1000
    reason: str = ""


@frozen
class Lost:
    """The connection is gone, or never came, without a close frame."""

    cause: LostCause
    detail: str = ""


FRAMES = (Message, Pong, Ping, Close, Connect, Connected, Lost, Refused, HttpRequest, HttpResponse)
"""The classes of :data:`Frame`, frequent ones first: on a tuple ``isinstance`` is faster than on a union."""
Frame = HttpRequest | HttpResponse | Connect | Connected | Refused | Message | Ping | Pong | Close | Lost
