"""A documented vendor on loopback, through a web framework that is none of ours; connections break where asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from aiohttp import WSMsgType, web

from .documented import Connection, Vendor
from .serving import serving

V = TypeVar("V", bound=Vendor[Any])
EMPTY_CLOSE = b"\x88\x00"
"""RFC 6455, 5.5.1."""


class Served(Generic[V]):
    """Counts what crosses: text and binary messages ``up`` and ``down``, and handshakes ``in``, over all connections.

    Attributes:
        vendor: answers since the latest choice of a cut.
        cut: where a connection breaks, before the message or handshake, as (direction, number).
        closes: whether it is closed there, with the vendor's goodbye, not reset.
        goodbyes: the codes with which clients closed, from the beginning.
    """

    def __init__(self, make: Callable[[], V], goodbye: tuple[int, str]) -> None:
        self._make, self._goodbye = make, goodbye
        self.goodbyes: list[int | None] = []
        self.break_at(None)

    def break_at(self, cut: tuple[str, int] | None, *, closes: bool = False) -> None:
        """Forget what was and choose the next cut."""
        self.cut, self.closes, self.crossed = cut, closes, {"up": 0, "down": 0, "in": 0}
        self.vendor = self._make()

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection."""
        if self._due("in") and request.transport:
            request.transport.abort()
            return web.Response(status=500)
        found = self.vendor.open(request.path_qs, request.headers, now=asyncio.get_running_loop().time())
        if not isinstance(found, tuple):
            return web.Response(status=found.status, headers=found.headers, body=found.body)
        connection, headers = found
        socket = web.WebSocketResponse(max_msg_size=1 << 20, timeout=1.0, compress=False)
        socket.headers.update(headers)
        await socket.prepare(request)
        if await self._say(connection.greeting(), request, socket):
            await self._hold(connection, request, socket)
        return socket

    async def _hold(self, connection: Connection, request: web.Request, socket: web.WebSocketResponse) -> None:
        now = asyncio.get_running_loop().time
        while not connection.ended:
            due = connection.deadline
            if due is not None and due <= now():
                if not await self._say(connection.tick(now()), request, socket):
                    return
                continue
            try:
                frame = await socket.receive(None if due is None else due - now())
            except TimeoutError:
                continue
            if frame.type is WSMsgType.CLOSE:
                self.goodbyes.append(frame.data)
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or await self._broken("up", request, socket):
                return
            text = frame.type is WSMsgType.TEXT
            told = connection.text(frame.data, now()) if text else connection.binary(frame.data, now())
            if not await self._say(told, request, socket):
                return
        code, reason = connection.ended
        if code is not None:
            await socket.close(code=code, message=reason.encode())
        elif request.transport:  # the framework knows no close frame without a status
            request.transport.write(EMPTY_CLOSE)
            await socket.receive()

    async def _say(self, texts: list[str], request: web.Request, socket: web.WebSocketResponse) -> bool:
        for text in texts:
            if await self._broken("down", request, socket):
                return False
            await socket.send_str(text)
        return True

    def _due(self, direction: str) -> bool:
        number, self.crossed[direction] = self.crossed[direction], self.crossed[direction] + 1
        return self.cut == (direction, number)

    async def _broken(self, direction: str, request: web.Request, socket: web.WebSocketResponse) -> bool:
        if not self._due(direction):
            return False
        if self.closes:
            code, reason = self._goodbye
            await socket.close(code=code, message=reason.encode())
        elif request.transport:
            request.transport.abort()
        return True


@contextmanager
def served(make: Callable[[], V], *paths: str, goodbye: tuple[int, str]) -> Iterator[tuple[str, Served[V]]]:
    """Run a vendor in a thread; yields its address, ``http://…``, and what serves it.

    Args:
        make: returns the vendor, as new.
        goodbye: code and reason of a close that nobody asked for.
    """
    vendor, app = Served(make, goodbye), web.Application()
    for path in paths:
        app.router.add_get(path, vendor.listen)
    with serving(app) as address:
        yield f"http://{address}", vendor
