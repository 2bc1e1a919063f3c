"""HTTP in blocking calls: one request, and, over a socket that is there already, an upgrade or a tunnel's CONNECT.

A plain request goes through ``http.client``, so that what records and replays HTTP in tests (pytest-recording,
vcrpy) sees it; the connection under it is ours. An upgrade and a CONNECT hand their socket on, which ``http.client``
does not do, and a cassette cannot hold what follows them.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import quote, urlsplit

from ..wire.frames import Connect, Connected, HttpRequest, HttpResponse, Refused
from .route import LostError, tls

REFUSAL_LIMIT, REFUSAL_TIME = 64 << 10, 2.0
"""How much of a refusal's body is read, in bytes, and for how many seconds it may take."""
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_FOREIGN = re.compile(r"[^\t\x20-\x7e\x80-\xff]")  # to a line of a request: RFC 9110, section 5.5

_BROKE_OFF = "the answer broke off"


class Readable(Protocol):
    """What an answer is read from."""

    def makefile(self, mode: str) -> BinaryIO: ...


class Wire(Readable, Protocol):
    """What HTTP needs of a socket; both calls keep ``receive_by``, a time of :func:`time.monotonic`."""

    receive_by: float | None

    def sendall(self, data: bytes) -> None: ...


class Reachable(Wire, Protocol):
    """A socket that is not connected yet; :class:`~aai_migrate.drivers.socket.LockedSocket` says what these do."""

    end_by: float | None

    def dial(self, url: str, by: float) -> None: ...


def exchange(wire: Wire, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> HTTPResponse:
    """Send one request and return the answer, read up to its body.

    Raises:
        ConnectionError: the other end hung up, or does not speak HTTP.
        TimeoutError: not in time.
        ValueError: as :func:`refuse_smuggling`.
    """
    wire.sendall(head(method, target, headers) + body)
    return answer(wire, method)


def head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return a request up to its body.

    Raises:
        ValueError: as :func:`refuse_smuggling`.
    """
    refuse_smuggling(method, target, *headers, *headers.values())
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def refuse_smuggling(*parts: str) -> None:
    """Look that none of *parts* would begin another line of a request.

    The libraries look too, but some let a folded line through, and their errors quote the value, which may be a key.

    Raises:
        ValueError: one holds a line break or another character that no header has; which one is not said.
    """
    if any(_FOREIGN.search(part) for part in parts):
        raise ValueError("a header holds a line break or another character that no header has")


def answer(wire: Readable, method: str) -> HTTPResponse:
    """Read an answer up to its body.

    Raises:
        ConnectionError: the other end hung up, or does not speak HTTP.
        TimeoutError: not in time.
    """
    response = HTTPResponse(cast("Any", wire), method=method)
    with _said_as_reset():
        response.begin()
    return response


@contextmanager
def _said_as_reset() -> Iterator[None]:
    try:
        yield
    except ConnectionError:
        raise ConnectionResetError("the other end hung up before it answered") from None
    except HTTPException as error:
        raise ConnectionResetError(f"what answered does not speak HTTP ({type(error).__name__})") from None


def upgrade(wire: Wire, connect: Connect) -> Connected | Refused:
    """Ask for a websocket.

    Raises:
        ConnectionError: the other end hung up, or answered with something else than HTTP or a websocket.
        TimeoutError: no answer by ``wire.receive_by``.
    """
    key = base64.b64encode(os.urandom(16))
    ask = {
        "Host": _host(connect.url),
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key.decode(),
        "Sec-WebSocket-Version": "13",
    }
    if connect.subprotocols:
        ask["Sec-WebSocket-Protocol"] = ", ".join(connect.subprotocols)
    response = exchange(wire, "GET", _target(connect.url), {**ask, **connect.headers})
    headers = _headers(response)
    if response.status != 101:
        by = time.monotonic() + REFUSAL_TIME
        wire.receive_by = by if wire.receive_by is None else min(by, wire.receive_by)
        return Refused(response.status, headers, _body(response, REFUSAL_LIMIT))
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    chosen = headers.get("sec-websocket-protocol")
    if (
        headers.get("upgrade", "").lower() != "websocket"
        or headers.get("sec-websocket-accept") != accept
        or (chosen is not None and chosen not in connect.subprotocols)
    ):
        raise ConnectionResetError("what answered does not speak the websocket protocol")
    return Connected(headers, chosen)


def request(wire: Reachable, ask: HttpRequest, limit: int, by: float) -> HttpResponse:
    """Dial *wire*, perform *ask* and return the answer with at most *limit* bytes of its body.

    The classes of ``http.client`` are looked up anew each time: who replays HTTP has put others in their place, and
    then nothing is dialled.

    Args:
        by: when all of it is over, on the clock of :func:`time.monotonic`.
    Raises:
        LostError: not reached.
        ConnectionError, TimeoutError: no whole answer.
        ValueError: as :func:`refuse_smuggling`.
    """
    refuse_smuggling(*ask.headers, *ask.headers.values())
    wire.end_by = by
    connection = _connection(ask.url)
    connection.set_debuglevel(0)  # what it would print, if an application asked it to, shows the key
    connection.sock = cast("Any", _DialledLate(wire, ask.url, by))
    with _said_as_reset():
        headers = {"Connection": "close", **ask.headers}
        connection.request(ask.method, _target(ask.url), ask.body or None, headers)
        response = connection.getresponse()
    return HttpResponse(response.status, _headers(response), _body(response, limit, whole=True))


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        host.encode("idna")  # as http.client does, but when the request is on its way
        if parts.scheme == "https":  # without a context it would read all authorities, each time
            return http.client.HTTPSConnection(host, parts.port or http.client.HTTPS_PORT, context=tls())
        return http.client.HTTPConnection(host, parts.port or http.client.HTTP_PORT)
    except (UnicodeError, http.client.InvalidURL):
        raise LostError("dns", f"{host} is no name of a host") from None


class _DialledLate:
    """What ``http.client`` takes for a connected socket; it is, as soon as something is sent."""

    def __init__(self, wire: Reachable, url: str, by: float) -> None:
        self._wire, self._url, self._by = wire, url, by
        self._dialled = False

    def sendall(self, data: bytes) -> None:
        if not self._dialled:
            self._dialled = True
            self._wire.dial(self._url, self._by)
        self._wire.sendall(data)

    def makefile(self, mode: str) -> BinaryIO:
        return self._wire.makefile(mode)

    def close(self) -> None:
        """Keep it open: ``http.client`` closes before the body is read, and who made the wire closes that."""


def _body(response: HTTPResponse, limit: int, *, whole: bool = False) -> bytes:
    """Read the body; of a refusal what came in time is better than nothing."""
    body = bytearray()
    try:
        while len(body) < limit and (piece := response.read1(limit - len(body))):
            body += piece
    except (OSError, HTTPException) as error:
        if whole:
            raise error if isinstance(error, TimeoutError) else ConnectionResetError(_BROKE_OFF) from None
    missing = response.length if isinstance(response.length, int) else 0  # read1 takes an early end for the end
    if whole and missing and len(body) < limit:
        raise ConnectionResetError(_BROKE_OFF)
    return bytes(body)


def _headers(response: HTTPResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _target(url: str) -> str:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return quote(target, safe="%/:?#[]@!$&'()*+,;=~")
