"""Dialling in an event loop: the same way, and the same words for what fails, as in the blocking driver."""

from __future__ import annotations

import asyncio
import io
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, TypeVar

from .aio_lane import apart
from .http import answer, head
from .route import LostError, Proxy, route, tls, tls_lost, tune

GOODBYE = 1.0
"""Seconds for the far end to answer the end of a TLS connection that is not just dropped."""
LONGEST_HEAD = 64 << 10
"""Bytes of a proxy's answer that are read."""

P = TypeVar("P", bound=asyncio.Protocol)
_Address = tuple[Any, ...]


async def dial(factory: Callable[[], P], url: str, patience: float) -> P:
    """Connect to where *url* points, through the environment's proxy, with TLS for ``wss`` and ``https``.

    Args:
        factory: makes the protocol that talks over the connection.
        patience: seconds in which all addresses of the host are tried.
    Raises:
        LostError: not possible.
    """
    way = route(url)
    if way.proxy is None:
        sock = await _reach(way.host, way.port, patience)
    else:
        sock = await _through(way.proxy, way.host, way.port, patience)
    secure: dict[str, Any] = {}
    if way.secure:
        secure = {"ssl": tls(), "server_hostname": way.host, "ssl_shutdown_timeout": GOODBYE}
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(factory, sock=sock, **secure)
    except OSError as error:  # the loop has closed the socket
        raise tls_lost(way.host, error) from None
    return protocol


async def _reach(host: str, port: int, patience: float) -> socket.socket:
    loop, found = asyncio.get_running_loop(), await _addresses(host, port)
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(patience / len(found)):
                await loop.sock_connect(sock, address)
            tune(sock)
        except OSError as error:
            failure = error
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    if isinstance(failure, TimeoutError):
        raise LostError("timeout", f"{host}:{port} does not answer")
    raise LostError("refused", f"{host}:{port}: {os.strerror(failure.errno) if failure.errno else failure}")


async def _addresses(host: str, port: int) -> list[tuple[Any, Any, int, str, _Address]]:
    find = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        return find(flags=socket.AI_NUMERICHOST)
    except OSError:
        pass  # a name, and looking it up takes a while
    try:
        return await apart("resolver", find)
    except (OSError, UnicodeError) as error:
        raise LostError("dns", f"{host}: {getattr(error, 'strerror', None) or error}") from None


async def _through(proxy: Proxy, host: str, port: int, patience: float) -> socket.socket:
    """Ask *proxy* for a tunnel."""
    loop = asyncio.get_running_loop()
    try:
        sock = await _reach(proxy.host, proxy.port, patience)
    except LostError as error:
        raise LostError("proxy", error.detail) from None
    try:
        await loop.sock_sendall(sock, head("CONNECT", *proxy.tunnel(host, port)))
        response = answer(_Head(await _read_head(sock)), "CONNECT")
        if response.status != 200:
            raise proxy.refused(response.status, response.reason)
    except OSError as error:
        sock.close()
        raise proxy.lost(error) from None
    except BaseException:
        sock.close()
        raise
    return sock


async def _read_head(sock: socket.socket) -> bytes:
    """Read up to the blank line, and not a byte of what the tunnel carries behind it."""
    loop, read = asyncio.get_running_loop(), b""
    while not read.endswith(b"\r\n\r\n") and len(read) < LONGEST_HEAD and (byte := await loop.sock_recv(sock, 1)):
        read += byte
    return read


class _Head:
    """An answer that has been read, for who reads answers from sockets."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BinaryIO:
        """Return it as a file."""
        return io.BytesIO(self._data)
