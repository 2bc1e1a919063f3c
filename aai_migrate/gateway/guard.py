"""Who may knock at a door without a lock: programs of this machine, but no web page from elsewhere.

A browser lets any page open a websocket to 127.0.0.1, and only tells by ``Origin`` which page it was. And a page can
have its own host name point to 127.0.0.1 (DNS rebinding), which shows in ``Host``.
Source: RFC 6455, 10.2
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

LOG = logging.getLogger("aai_migrate")
REFUSAL = (
    "This gateway asks for no key, so it serves this machine only: no other name of it, no web page from elsewhere.\n"
)


def is_loopback(host: str) -> bool:
    """Say whether *host*, a name or an address without port or brackets, can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def stranger(hosts: list[str], origins: list[str]) -> str:
    """Return which header gives away that a request is not from a program of this machine, or "".

    Args:
        hosts: the values of ``Host``, which a proper request has once.
        origins: the values of ``Origin``, which only browsers have to send; "null" hides a page's.
    """
    if len(hosts) != 1 or not is_loopback(_host(f"//{hosts[0]}")):
        return "Host"
    return "" if all(is_loopback(_host(origin)) for origin in origins) else "Origin"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse whoever :func:`stranger` tells apart, before anything is read or opened."""
    header = stranger(request.headers.getall("Host", []), request.headers.getall("Origin", []))
    if header:
        LOG.warning("refused a request whose %s is not this machine", header)
        return web.Response(status=403, text=REFUSAL)
    return await handler(request)
