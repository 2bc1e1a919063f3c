"""HTTP over a socket that is there already: one request, the upgrade to a websocket, a tunnel's CONNECT."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import quote, urlsplit

from ..wire.frames import Connect, Connected, HttpRequest, HttpResponse, Refused

REFUSAL_LIMIT, REFUSAL_TIME = 64 << 10, 2.0
"""How much of a refusal's body is read, in bytes, and for how many seconds it may take."""
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Readable(Protocol):
    """What an answer is read from."""

    def makefile(self, mode: str) -> BinaryIO: ...


class Wire(Readable, Protocol):
    """What HTTP needs of a socket; both calls keep ``receive_by``, a time of :func:`time.monotonic`."""

    receive_by: float | None

    def sendall(self, data: bytes) -> None: ...


def exchange(wire: Wire, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> HTTPResponse:
    """Send one request and return the answer, read up to its body.

    Raises:
        ConnectionError: the other end hung up, or does not speak HTTP.
        TimeoutError: not in time.
        ValueError: a header holds a line break.
    """
    wire.sendall(head(method, target, headers) + body)
    return answer(wire, method)


def head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return a request up to its body.

    Raises:
        ValueError: a header holds a line break.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(wire: Readable, method: str) -> HTTPResponse:
    """Read an answer up to its body.

    Raises:
        ConnectionError: the other end hung up, or does not speak HTTP.
        TimeoutError: not in time.
    """
    response = HTTPResponse(cast("Any", wire), method=method)
    try:
        response.begin()
    except ConnectionError:
        raise ConnectionResetError("the other end hung up before it answered") from None
    except HTTPException as error:
        raise ConnectionResetError(f"what answered does not speak HTTP ({type(error).__name__})") from None
    return response


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


def request(wire: Wire, ask: HttpRequest, limit: int) -> HttpResponse:
    """Perform *ask* and return the answer with at most *limit* bytes of its body.

    Raises:
        ConnectionError, TimeoutError: no whole answer.
    """
    headers = {"Host": _host(ask.url), "Connection": "close", **ask.headers}
    if ask.body or ask.method not in ("GET", "HEAD", "DELETE"):
        headers["Content-Length"] = str(len(ask.body))
    response = exchange(wire, ask.method, _target(ask.url), headers, ask.body)
    return HttpResponse(response.status, _headers(response), _body(response, limit, whole=True))


def _body(response: HTTPResponse, limit: int, *, whole: bool = False) -> bytes:
    """Read the body; of a refusal what came in time is better than nothing."""
    body = bytearray()
    try:
        while len(body) < limit and (piece := response.read1(limit - len(body))):
            body += piece
    except (OSError, HTTPException) as error:
        if whole:
            raise ConnectionResetError("the answer broke off") from error
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
