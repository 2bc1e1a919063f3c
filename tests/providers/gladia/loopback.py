"""The documented vendor on loopback, through a web framework that is none of ours; connections break where asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import WSMsgType, web

from ..serving import serving
from .vendor import Habits, Vendor


class Served(Vendor):
    """Counts what crosses: text and binary messages ``up`` and ``down``, and handshakes ``in``, over all connections.

    Attributes:
        cut: where a connection is reset, before the message or handshake, as (direction, number).
    """

    def __init__(self, habits: Habits | None = None) -> None:
        super().__init__(habits)
        self.reset_at(None)

    def reset_at(self, cut: tuple[str, int] | None) -> None:
        """Forget what was and choose the next cut."""
        self.cut, self.crossed = cut, {"up": 0, "down": 0, "in": 0}
        self.sessions, self.bodies, self.connects = [], [], 0

    def _broken(self, direction: str, request: web.Request) -> bool:
        broken = self.cut == (direction, self.crossed[direction])
        self.crossed[direction] += 1
        if broken and request.transport:
            request.transport.abort()
        return broken

    async def asked(self, request: web.Request) -> web.Response:
        """Answer the request that begins a session."""
        status, answer = self.post(request.headers.get("X-Gladia-Key"), await request.read())
        return web.json_response(answer, status=status)

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection."""
        if self._broken("in", request):
            return web.Response(status=500)
        session = self.connect(request.query["token"])
        if isinstance(session, int):
            return web.Response(status=session)
        socket = web.WebSocketResponse(max_msg_size=1 << 20, timeout=1.0)
        await socket.prepare(request)
        if not await self._say(session.connect(), request, socket):
            return socket
        while not session.over:
            said = await socket.receive()
            if said.type not in (WSMsgType.TEXT, WSMsgType.BINARY) or self._broken("up", request):
                return socket
            told = session.text(said.data) if said.type is WSMsgType.TEXT else session.chunk(said.data)
            if not await self._say(told, request, socket):
                return socket
        await socket.close(code=1000)
        return socket

    async def _say(self, texts: list[str], request: web.Request, socket: web.WebSocketResponse) -> bool:
        for text in texts:
            if self._broken("down", request):
                return False
            await socket.send_str(text)
        return True


@contextmanager
def served(habits: Habits | None = None) -> Iterator[tuple[str, Served]]:
    """Run the vendor in a thread; yields its address, ``http://…``, and itself."""
    vendor, app = Served(habits), web.Application()
    app.router.add_post("/v2/live", vendor.asked)
    app.router.add_get("/v2/live", vendor.live)
    with serving(app) as address:
        vendor.host = f"ws://{address}"
        yield f"http://{address}", vendor
