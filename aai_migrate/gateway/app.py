"""The gateway's HTTP side: one route for each that a provider's server half answers."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

from .. import registry
from ..drivers.aio import blame
from ..errors import ConfigError, ConnectionLost, MissingExtra
from ..provider import Context, Provider, ServerPeer
from ..wire.frames import Connect, Connected, HttpRequest, HttpResponse, Refused
from . import carry
from .bridge import Bridge
from .guard import guard
from .line import Line
from .upstream import Upstream

LOG = logging.getLogger("aai_migrate")
UPGRADE = 10.0
"""Seconds that a server half may take to answer an upgrade."""
BODY = 10.0
"""Seconds that a client may take to send the body of a request."""
LARGEST_BODY = 256 << 10
"""Bytes of the body of a request; the settings of a session take a few thousand."""
PATIENCE = 5.0
"""Seconds that the last words of conversations may take when the gateway stops."""
OVER, MOST_OVER = 3600.0, 10_000
"""Seconds for which a session that is over is remembered, and how many are, so that none begins again."""
NOT_HERE = frozenset({401, 403, 404, 405})
"""What a request is answered whatever its body."""
_HOST = re.compile(r"[\w.-]+(:\d*)?|\[[0-9A-Fa-f:.]+\](:\d*)?", re.ASCII)
_FIELD, _CHOICE = re.compile(r"\{\w+\}"), re.compile(r"\{\w+:([^}]*)\}")
ANY = "**"
"""What stands at the head of a route's path for whatever parts come first."""


def providers() -> list[Provider]:
    """Return every provider that has a server half; one that cannot be loaded is left out with a log line.

    Built-ins come first: a plug-in, whatever it is called, takes no path of theirs.
    """
    found = []
    for name in sorted(registry.names(), key=lambda name: name not in registry.BUILT_IN):
        try:
            provider = registry.find(name)
        except Exception as error:  # noqa: BLE001 a plug-in may raise anything, and is no reason to serve nobody
            why = error if isinstance(error, ConfigError) else blame(error)  # that is in our words, with the fix
            LOG.warning("the gateway does not speak %s: it cannot be loaded: %s", name, why)
            continue
        if provider.server and provider.routes:
            found.append(provider)
    return found


class Door:
    """The application with its live conversations.

    Attributes:
        live: the conversations that go on, also those whose client may come back.
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
        self.app = web.Application(middlewares=[guard] if local_only else [], client_max_size=LARGEST_BODY)
        self._upstream, self._context = upstream, context
        self._named: dict[tuple[str, str | None], Bridge] = {}
        self._over: dict[tuple[str, str | None], float] = {}  # when named sessions ended, in that order
        self._keepers: set[asyncio.Task[None]] = set()
        self._sockets = 0
        self._left = asyncio.Event()
        self.closing = False
        for provider in dialects:
            for method, path in provider.routes:
                owners = self._owners(method, path)
                for owner in owners.values():
                    if owner != provider.name:
                        LOG.warning("%s %s belongs to %s; %s does not get it", method, path, owner, provider.name)
                if provider.server and not {method, "*"} & set(owners):
                    self.routes[method, path] = provider.name
                    route = Route(self, provider, provider.server)
                    self.app.router.add_route(method, _pattern(path), route.answer)

    def _owners(self, method: str, path: str) -> dict[str, str]:
        """Return who has all of *path* already, for each method that *method* covers or is covered by.

        Of a narrower path *method* is had as a whole: on one that covers more, the router would not look any more.
        """
        found = {}
        for (taken, at), name in self.routes.items():
            if _covers(at, path) and (taken in (method, "*") or method == "*"):
                found[taken if _covers(path, at) else method] = name
        return found

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
                while self.live or self._sockets:
                    self._left.clear()
                    await self._left.wait()
        for bridge in list(self.live):
            bridge.fail(error)

    async def closed(self) -> None:
        """Wait until every conversation has let go of what it held; belongs after aiohttp's own shutdown."""
        await asyncio.gather(*self._keepers)

    def bridge(self, provider: Provider, server: Callable[[Context], ServerPeer], connect: Connect) -> Bridge:
        """Return the live conversation that *connect* goes on with, else a new one.

        Raises:
            HTTPForbidden: it would go on with one that is over.
        """
        context = self._context()
        key = provider.session_of(context, connect) if provider.session_of else None
        bridge = self._named.get((provider.name, key)) if key is not None else None
        if bridge and not bridge.over:
            LOG.info("client %s: goes on with another connection", bridge.name)
            return bridge
        if (provider.name, key) in self._over:
            raise web.HTTPForbidden(text="This session is over.\n")
        bridge = Bridge(server(context), self._upstream, context.new_id())
        LOG.info("client %s: speaks %s", bridge.name, provider.name)
        self.live.add(bridge)
        if key is not None:
            self._named[provider.name, key] = bridge
        keeper = asyncio.create_task(self._keep(bridge, (provider.name, key)))
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)
        return bridge

    async def _keep(self, bridge: Bridge, name: tuple[str, str | None]) -> None:
        """Take note when *bridge* is over."""
        begun = asyncio.get_running_loop().time()
        try:
            await bridge.run()
        except Exception as error:  # noqa: BLE001 the top of a task
            LOG.error("client %s: the gateway broke: %s", bridge.name, blame(error))
        finally:
            self.live.discard(bridge)
            if self._named.get(name) is bridge:
                del self._named[name]
                self._remember(name if bridge.session else None)
            self._left.set()
            seconds, audio = asyncio.get_running_loop().time() - begun, bridge.audio_seconds
            LOG.info(
                "client %s: done after %.1f s: %.1f s of audio, %d turns", bridge.name, seconds, audio, bridge.turns
            )

    def _remember(self, name: tuple[str, str | None] | None) -> None:
        """Remember that the session *name* is over, and no more of those that ended long ago."""
        now = asyncio.get_running_loop().time()
        if name:
            self._over[name] = now
        for first in list(self._over):
            if len(self._over) <= MOST_OVER and self._over[first] > now - OVER:
                break
            del self._over[first]

    @contextmanager
    def socket(self) -> Iterator[None]:
        """Hold the door open for one websocket."""
        self._sockets += 1
        try:
            yield
        finally:
            self._sockets -= 1
            self._left.set()

    def context(self) -> Context:
        """Return what a server half may not make for itself."""
        return self._context()


class Route:
    """What one provider's server half answers."""

    def __init__(self, door: Door, provider: Provider, server: Callable[[Context], ServerPeer]) -> None:
        self._door, self._provider, self._server = door, provider, server

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, or hold one connection of a conversation."""
        try:
            if self._door.closing:
                raise web.HTTPServiceUnavailable(text="The gateway is shutting down.\n")
            if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._upgrade(request)
            return await self._respond(request)
        except web.HTTPException:
            raise
        except MissingExtra as error:
            LOG.error("the gateway cannot answer: %s", error)
            return web.Response(status=500)
        except Exception as error:  # noqa: BLE001 the top of a task
            LOG.error("the gateway broke: %s", blame(error))
            return web.Response(status=500)

    async def _respond(self, request: web.Request) -> web.Response:
        url = _url(request)
        try:
            async with asyncio.timeout(BODY):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text=f"The body of the request did not come within {BODY:g} s.\n") from None
        except web.HTTPRequestEntityTooLarge:  # of audio for a batch API, say; a shorter one would do no better
            answer = self._ask(request, url, b"")
            if answer and answer.status in NOT_HERE:
                return _response(answer)
            raise
        if answer := self._ask(request, url, body):
            return _response(answer)
        text = "This path speaks websocket.\n"
        return web.Response(status=426, headers={"Upgrade": "websocket"}, text=text)

    def _ask(self, request: web.Request, url: str, body: bytes) -> HttpResponse | None:
        """Return what the server half answers, if anything."""
        server = self._server(self._door.context())
        items = server.receive(
            HttpRequest(request.method, url, _headers(request), body), asyncio.get_running_loop().time()
        )
        return next((item for item in items if isinstance(item, HttpResponse)), None)

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        if not web.WebSocketResponse().can_prepare(request):
            raise web.HTTPBadRequest(text="This is no websocket handshake.\n")
        offered = request.headers.getall("Sec-WebSocket-Protocol", [])
        protocols = tuple(name.strip() for line in offered for name in line.split(",") if name.strip())
        connect = Connect(str(request.rel_url), _headers(request), protocols)
        bridge = self._door.bridge(self._provider, self._server, connect)
        with self._door.socket():
            line = bridge.connect(connect)
            try:
                try:
                    async with asyncio.timeout(UPGRADE):
                        first = await line.next()
                except TimeoutError:
                    return web.Response(status=504)
                if isinstance(first, Refused):
                    return _response(first)
                if not isinstance(first, Connected):
                    return web.Response(status=500)
                return await self._converse(request, first, bridge, line)
            finally:
                bridge.leave(line)

    async def _converse(self, request: web.Request, first: Connected, bridge: Bridge, line: Line) -> web.StreamResponse:
        socket = web.WebSocketResponse(
            autoping=False,
            autoclose=False,
            heartbeat=None,
            compress=False,
            timeout=carry.GOODBYE,
            max_msg_size=self._provider.numbers.frame_limit,
            protocols=(first.subprotocol,) if first.subprotocol else (),
        )
        socket.headers.update(first.headers)
        with suppress(ConnectionError):  # the client is gone already
            await socket.prepare(request)
            if not await carry.carry(socket, bridge, line) and request.transport:
                request.transport.abort()  # else what it does not take would keep the connection
        return socket


def _covers(wide: str, path: str) -> bool:
    """Return whether a route at *wide* has every request of one at *path*; what parts are called is no difference.

    The router gives a request to the narrower of two routes, and of two as wide to the one that was there first. So
    who has a narrow path keeps it when somebody asks for a wider one.
    """
    return all(any(_has(each, one) for each in _spelled(wide)) for one in _spelled(path))


def _has(wide: str, path: str) -> bool:
    return path == wide or (wide.startswith(ANY) and path.endswith(wide.removeprefix(ANY)))


def _spelled(path: str) -> list[str]:
    """Return *path* with each choice of its part that has some; what other parts are called is left out."""
    choices = _CHOICE.search(path)
    found = [path] if choices is None else [path.replace(choices[0], one) for one in choices[1].split("|")]
    return [_FIELD.sub("{}", one) for one in found]


def _pattern(path: str) -> str:
    """Return a route's *path* as the router writes it: a path begins with a slash there, and a part may have a form."""
    return f"/{{_:(?:.*/)?}}{path.removeprefix(f'{ANY}/')}" if path.startswith(ANY) else path


def _url(request: web.Request) -> str:
    """Return the whole URL of *request*, as its client wrote it.

    Raises:
        HTTPBadRequest: it does not say which host it is meant for.
    """
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise web.HTTPBadRequest(text="A request has one header Host, with a name or an address.\n")
    return f"{request.scheme}://{hosts[0]}{request.rel_url.raw_path_qs}"


def _headers(request: web.Request) -> dict[str, str]:
    """Return the headers of *request* by their names as they came; what came twice is joined, by RFC 9110, 5.3."""
    names: dict[str, str] = {}
    found: dict[str, str] = {}
    for raw, value in request.raw_headers:
        name = raw.decode(errors="surrogateescape")
        name = names.setdefault(name.lower(), name)
        text = value.decode(errors="surrogateescape")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _response(frame: Refused | HttpResponse) -> web.Response:
    headers = {name: value for name, value in frame.headers.items() if name.lower() != "content-length"}
    return web.Response(status=frame.status, headers=headers, body=frame.body)
