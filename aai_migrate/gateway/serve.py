"""Starting and stopping a gateway, in a loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from attrs import evolve

from .. import settings as wanted
from ..credentials import Credential
from ..provider import Context, refuse_all
from .app import ANY, Door, providers
from .seal import Seal
from .upstream import Upstream

LOG = logging.getLogger("aai_migrate")
_SPECIAL = ("api_key", "token", "api_key_env", "retry", "config")
BACKLOG = 300.0
"""Seconds of audio of a client that may wait for the provider, before no more is read from it. A ping may be behind
what is not read, and clients that send a file at once hang up where it is not answered, many after 20 seconds."""
CLOSING = 5.0
"""Seconds that connections may take to close when the gateway stops, once their conversations have ended."""
LINGER = 2.0
"""Seconds in which the rest of a request is read that was answered before its end, so that the answer arrives."""
LONGEST_LINE = 64 << 10
"""Bytes of a request line, and of a header: a URL with what a server half sealed has up to 48,000."""


def accept_any(credential: Credential | None) -> str | None:
    """Accept whoever shows a credential, whatever it is: for emulation on the own machine."""
    return None if credential is None else "anyone"


def accept_all(credential: Credential | None) -> str | None:
    """Accept everybody, also who shows nothing; use it with ``local_only``."""
    return "anyone"


class Gateway:
    """One port that speaks every dialect there is a server half for, and forwards to one provider.

    Attributes:
        settings: the provider behind it, and what it is asked.
        port: the port it listens on, once started.
        door: the application and its conversations, once started.
    """

    def __init__(
        self,
        to: str | None = "local",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        authenticate: Callable[[Credential | None], str | None] = refuse_all,
        local_only: bool = False,
        public_url: str = "",
        seal_key: str | bytes | None = None,
        ssl_context: ssl.SSLContext | None = None,
        **options: Any,
    ) -> None:
        """Check the settings; nothing is opened before :meth:`start`.

        Args:
            to: the provider behind it, ``"name"`` or ``"name/model"``; None: what the environment or the config
                file says.
            port: 0 takes a free one.
            authenticate: gives the principal of a client's credential, or None to refuse it; by default
                nobody gets in.
            local_only: serve programs of this machine only, and no web page from elsewhere; for who asks for no key.
            public_url: the address as clients see it, without path; "" means the one that each of them used.
            seal_key: a secret that several gateways share, so that an address that one hands out for a session is
                taken by the others; None: each has its own. See :class:`~aai_migrate.gateway.seal.Seal`.
            options: as for :func:`~aai_migrate.settings.resolve`: ``api_key``, ``token``, ``api_key_env``, ``retry``,
                ``config``, and the provider's options. ``backlog`` is 300 s unless it says otherwise.
        Raises:
            ConfigError: an unknown provider or option, a missing key, or a seal key that is too short.
        """
        self._seal = Seal(seal_key)
        special = {name: options.pop(name) for name in _SPECIAL if name in options}
        self.settings = wanted.resolve(to, options, **special, defaults={"backlog": BACKLOG})
        self._host, self.port = host, port
        self._authenticate, self._public_url, self._ssl = authenticate, public_url, ssl_context
        self._local_only = local_only
        self._runner: web.AppRunner | None = None
        self.door: Door | None = None

    @property
    def url(self) -> str:
        """The address that clients connect to, without path, as ``ws://HOST:PORT``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'wss' if self._ssl else 'ws'}://{host}:{self.port}"

    @property
    def sessions(self) -> int:
        """How many conversations are going on."""
        return len(self.door.live) if self.door else 0

    @property
    def addresses(self) -> dict[str, list[str]]:
        """The URLs that clients of each dialect are pointed at, by the dialect's name; once started.

        Those of websockets are whole, one for each path that is not just another way there; where clients begin with a
        request, there is one, and they add the path themselves.
        """
        found: dict[str, list[str]] = {}
        for (method, path), name in self.door.routes.items() if self.door else ():
            whole = self.url + path.removeprefix(ANY)
            if "{" in path or path.endswith("/"):
                continue
            if name not in found:
                found[name] = [whole if method == "GET" else f"http{self.url.removeprefix('ws')}"]
            elif method == "GET" and found[name][0].startswith("ws"):
                found[name].append(whole)
        return found

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError, AudioError: the provider lacks what the settings ask for.
            OSError: the address cannot be had.
        """
        logger = logging.getLogger("aiohttp.websocket")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR)  # its warning repeats sub-protocols, which may be keys
        upstream = Upstream(self.settings, self._context())
        await upstream.check()
        self.door = Door(upstream, self._context, providers(), local_only=self._local_only)
        quiet = logging.Logger("aai_migrate.http")  # aiohttp's own lines repeat what clients sent
        quiet.disabled = True
        self._runner = web.AppRunner(
            self.door.app,
            access_log=None,
            handle_signals=False,
            logger=quiet,
            shutdown_timeout=CLOSING,
            lingering_time=LINGER,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self.port, ssl_context=self._ssl).start()
        except BaseException:
            await self.stop()
            raise
        self.port = self._runner.addresses[0][1]
        LOG.info("gateway to %s listens on port %d", upstream.name, self.port)

    async def stop(self) -> None:
        """Take no more clients, give those there are their last words and the reason, and give the port back.

        Takes about ten seconds at most. Harmless when called again.
        """
        runner, self._runner = self._runner, None
        if runner:
            for site in list(runner.sites):
                await site.stop()
            if self.door:
                await self.door.close()
            await runner.cleanup()
            if self.door:
                await self.door.closed()

    def _context(self) -> Context:
        return evolve(
            wanted.context(),
            epoch=time.time() - asyncio.get_running_loop().time(),
            authenticate=self._authenticate,
            seal=self._seal.seal,
            unseal=self._seal.unseal,
            public_url=self._public_url,
        )


class Address(str):
    """The base URL of a gateway, as ``ws://HOST:PORT``: for clients that open a websocket."""

    __slots__ = ()

    @property
    def http(self) -> str:
        """The same as ``http://HOST:PORT``: for clients that begin with a request."""
        return f"http{self.removeprefix('ws')}"


@contextmanager
def local(to: str | None = None, **settings: Any) -> Iterator[Address]:
    """Run a gateway to provider *to* in a thread of its own and yield its :class:`Address` on the loopback interface.

    A program that holds a vendor's client in the same process is switched by it: give the client this address.
    On leaving it is stopped, and neither task nor thread nor socket is left. Any credential gets in, from programs of
    this machine, unless ``authenticate`` says otherwise.

    Args:
        to, settings: as for :class:`Gateway`.
    Raises:
        ConfigError, OSError: it could not be started.
    """
    if "authenticate" not in settings:
        settings = {"local_only": True, **settings, "authenticate": accept_any}
    gateway = Gateway(to, **settings)
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        try:
            await gateway.start()
        except BaseException as error:  # noqa: BLE001 raised where the caller waits
            started.set_exception(error)
            return
        started.set_result((asyncio.get_running_loop(), stop))
        try:
            await stop.wait()
        finally:
            await gateway.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="aai_migrate gateway", daemon=True)
    thread.start()
    try:
        loop, stop = started.result()
        try:
            yield Address(gateway.url)
        finally:
            loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join()
