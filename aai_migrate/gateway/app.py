"""The gateway's HTTP side: one route for each that a provider's server half answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from aiohttp import WSMessage, WSMsgType, web

from .. import registry
from ..drivers.aio import blame
from ..drivers.aio_socket import lost_by
from ..errors import ConnectionLost
from ..provider import Context, Provider, ServerPeer
from ..wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Refused,
)
from .bridge import Bridge
from .guard import guard
from .upstream import Upstream

LOG = logging.getLogger("aai_migrate")
STALL = 30.0
"""Seconds that a client may take nothing, before it counts as gone."""
UPGRADE = 10.0
"""Seconds that a server half may take to answer an upgrade."""
GOODBYE = 2.0
"""Seconds that a client may take to answer a close frame."""
PATIENCE = 5.0
"""Seconds that the last words of conversations may take when the gateway stops."""
LONGEST_REASON = 123
"""Bytes of a close frame's reason, by RFC 6455, 5.5."""


def providers() -> list[Provider]:
    """Return every provider that has a server half; one that cannot be loaded is left out with a log line."""
    found = []
    for name in registry.names():
        try:
            provider = registry.find(name)
        except Exception as error:  # noqa: BLE001 a plug-in may raise anything, and is no reason to serve nobody
            LOG.warning("the gateway does not speak %s: it cannot be loaded: %s", name, blame(error))
            continue
        if provider.server and provider.routes:
            found.append(provider)
    return found


class Door:
    """The application with its live conversations.

    Attributes:
        live: the conversations that go on.
        routes: the provider whose dialect is spoken at a method and path.
        closing: whether no more clients are taken.
    """

    def __init__(
        self,
        upstream: Upstream,
        context: Callable[[], Context],
        dialects: Iterable[Provider],
        *,
        local_only: bool = False,
    ) -> None:
        """Open a route for each path of *dialects*; where two claim one, the first has it.

        Args:
            context: yields what a server half may not make for itself.
            local_only: let in programs of this machine only, and no web page from elsewhere.
        """
        self.live: set[Bridge] = set()
        self.routes: dict[tuple[str, str], str] = {}
        self.app = web.Application(middlewares=[guard] if local_only else [])
        self._upstream, self._context = upstream, context
        self._left = asyncio.Event()
        self.closing = False
        for provider in dialects:
            for method, path in provider.routes:
                first = self.routes.setdefault((method, path), provider.name)
                if first is provider.name and provider.server:
                    self.app.router.add_route(method, path, Route(self, provider, provider.server).answer)
                else:
                    LOG.warning("%s %s belongs to %s; %s does not get it", method, path, first, provider.name)

    async def close(self) -> None:
        """Take no more clients. Those there are get the last words of what they said, and then the reason.

        What takes longer than ``PATIENCE`` is not waited for. Belongs before aiohttp's own shutdown, in which nothing
        is read from clients any more.
        """
        self.closing = True
        error = ConnectionLost("gateway", "the gateway is shutting down")
        for bridge in list(self.live):
            bridge.wind_up(error)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self.live:
                    self._left.clear()
                    await self._left.wait()
        for bridge in list(self.live):
            bridge.fail(error)

    def bridge(self, server: ServerPeer) -> Bridge:
        """Return a new live conversation."""
        bridge = Bridge(server, self._upstream, self._context().new_id())
        self.live.add(bridge)
        return bridge

    def leave(self, bridge: Bridge) -> None:
        """Take note that *bridge* is over."""
        self.live.discard(bridge)
        self._left.set()

    def context(self) -> Context:
        """Return what a server half may not make for itself."""
        return self._context()


class Route:
    """What one provider's server half answers."""

    def __init__(self, door: Door, provider: Provider, server: Callable[[Context], ServerPeer]) -> None:
        self._door, self._provider, self._server = door, provider, server

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, or hold one conversation."""
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._upgrade(request)
            return await self._respond(request)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 the top of a task
            LOG.error("the gateway broke: %s", blame(error))
            return web.Response(status=500)

    async def _respond(self, request: web.Request) -> web.Response:
        frame = HttpRequest(request.method, str(request.url), dict(request.headers), await request.read())
        server = self._server(self._door.context())
        for item in server.receive(frame, asyncio.get_running_loop().time()):
            if isinstance(item, HttpResponse):
                return _response(item)
        text = "This path speaks websocket.\n"
        return web.Response(status=426, headers={"Upgrade": "websocket"}, text=text)

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        if not web.WebSocketResponse().can_prepare(request):
            raise web.HTTPBadRequest(text="This is no websocket handshake.\n")
        if self._door.closing:
            raise web.HTTPServiceUnavailable(text="The gateway is shutting down.\n")
        offered = request.headers.getall("Sec-WebSocket-Protocol", [])
        protocols = tuple(name.strip() for line in offered for name in line.split(",") if name.strip())
        bridge = self._door.bridge(self._server(self._door.context()))
        begun = asyncio.get_running_loop().time()
        LOG.info("client %s: speaks %s", bridge.name, self._provider.name)
        try:
            bridge.receive(Connect(str(request.rel_url), dict(request.headers), protocols))
            try:
                async with asyncio.timeout(UPGRADE):
                    first = await bridge.next()
            except TimeoutError:
                return web.Response(status=504)
            if isinstance(first, Refused):
                return _response(first)
            if not isinstance(first, Connected):
                return web.Response(status=500)
            socket = web.WebSocketResponse(
                autoping=True,
                autoclose=False,
                heartbeat=None,
                compress=False,
                timeout=GOODBYE,
                max_msg_size=self._provider.numbers.frame_limit,
                protocols=(first.subprotocol,) if first.subprotocol else (),
            )
            socket.headers.update(first.headers)
            with suppress(ConnectionError):  # the client is gone already
                await socket.prepare(request)
                await _converse(socket, bridge)
            return socket
        finally:
            await bridge.close()
            self._door.leave(bridge)
            seconds, audio = asyncio.get_running_loop().time() - begun, bridge.audio_seconds
            LOG.info(
                "client %s: done after %.1f s: %.1f s of audio, %d turns", bridge.name, seconds, audio, bridge.turns
            )


async def _converse(socket: web.WebSocketResponse, bridge: Bridge) -> None:
    """Carry frames both ways until either side has closed."""
    reader = asyncio.create_task(_read(socket, bridge))
    try:
        with suppress(ConnectionError, TimeoutError):
            await _write(socket, bridge)
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def _write(socket: web.WebSocketResponse, bridge: Bridge) -> None:
    while (frame := await bridge.next()) is not None:
        if isinstance(frame, Close):
            reason = frame.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            await socket.close(code=1000 if frame.code is None else frame.code, message=reason.encode())
            return
        async with asyncio.timeout(STALL):
            if isinstance(frame, Ping):
                await socket.ping(frame.data)
            elif isinstance(frame, Message):
                data = frame.data
                await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))


async def _read(socket: web.WebSocketResponse, bridge: Bridge) -> None:
    """Feed the client's frames to *bridge*; whatever ends this hangs up."""
    try:
        await bridge.room()  # the handshake may have begun the session
        while (frame := _frame(await socket.receive())) is not None:
            bridge.receive(frame)
            if isinstance(frame, Close):
                await socket.close(code=1000 if frame.code is None else frame.code, drain=False)
            if not isinstance(frame, Message):
                break
            await bridge.room()
        else:
            return  # it is the writer that closes
    except Exception as error:  # noqa: BLE001 the top of a task
        LOG.error("client %s: reading broke: %s", bridge.name, blame(error))
    bridge.hang_up()


def _frame(said: WSMessage) -> Frame | None:
    """Return what a client said; None: we are closing ourselves."""
    match said.type:
        case WSMsgType.TEXT:
            return Message(said.data)
        case WSMsgType.BINARY:
            return Message(bytes(said.data))
        case WSMsgType.CLOSE:
            return Close(said.data or None, said.extra or "")
        case WSMsgType.CLOSING:
            return None
    return Lost(lost_by(said.data))


def _response(frame: Refused | HttpResponse) -> web.Response:
    headers = {name: value for name, value in frame.headers.items() if name.lower() != "content-length"}
    return web.Response(status=frame.status, headers=headers, body=frame.body)
