"""Dialling, and a socket that one thread reads while another writes.

OpenSSL allows one call at a time on one TLS connection, and CPython's ``ssl`` does not see to that. Here
every call is made without blocking under one lock, and the waiting is done outside of it.
"""

from __future__ import annotations

import errno
import io
import os
import selectors
import socket
import ssl
import threading
import time
from typing import Any, BinaryIO, cast

from . import patience
from .http import exchange
from .route import LostError, Proxy, route, text, tls, tls_lost, tune

PULSE = 1.0
"""Longest wait, in seconds, before a deadline that another thread may have set is looked at again."""
_AHEAD = 64 << 10
_PENDING = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # these two need no descriptor


class LockedSocket:
    """A TCP or TLS connection for one reading and one writing thread; any thread may :meth:`shutdown`.

    Attributes:
        receive_by: when :meth:`recv` gives up, on the clock of :func:`time.monotonic`; None: never.
        end_by: when all of it is over, reading and writing; None: not yet known.
    """

    def __init__(self) -> None:
        self.receive_by: float | None = None
        self.end_by: float | None = None
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()
        self._shut = False
        self._ahead, self._at = b"", 0

    # Dialling.

    def dial(self, url: str, by: float) -> None:
        """Connect to where *url* points, through the environment's proxy, with TLS for ``wss`` and ``https``.

        Raises:
            LostError: not possible, or not by *by*.
        """
        way = route(url)
        self.receive_by = by
        if way.proxy is None:
            self._sock = self._reach(way.host, way.port, by)
        else:
            self._through(way.proxy, way.host, way.port, by)
        if way.secure:
            self._secure(way.host, by)

    def _reach(self, host: str, port: int, by: float) -> socket.socket:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise LostError("dns", f"{host}: {getattr(error, 'strerror', None) or error}") from None
        failure: OSError = TimeoutError()
        for left, (family, kind, protocol, _, address) in zip(range(len(found), 0, -1), found, strict=True):
            now = time.monotonic()
            try:
                return self._open(socket.socket(family, kind, protocol), address, now + (by - now) / left)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise LostError("timeout", f"{host}:{port} does not answer")
        raise LostError("refused", f"{host}:{port}: {failure.strerror or failure}")

    def _open(self, sock: socket.socket, address: object, by: float) -> socket.socket:
        try:
            sock.setblocking(False)
            code = sock.connect_ex(cast("tuple[str, int]", address))
            if code in _PENDING:
                while not _ready(sock, selectors.EVENT_WRITE, self._left(by, pulse=0.1)):
                    pass
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            tune(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _through(self, proxy: Proxy, host: str, port: int, by: float) -> None:
        try:
            self._sock = self._reach(proxy.host, proxy.port, by)
            response = exchange(self, "CONNECT", *proxy.tunnel(host, port))
        except LostError as error:
            raise LostError("proxy", error.detail) from None
        except OSError as error:
            raise proxy.lost(error) from None
        if response.status != 200:
            raise proxy.refused(response.status, response.reason)

    def _secure(self, host: str, by: float) -> None:
        try:
            sock = self._sock = tls().wrap_socket(
                self._open_socket, server_hostname=host, do_handshake_on_connect=False
            )
            while (event := self._handshake(sock)) is not None:
                _ready(sock, event, self._left(by))
        except OSError as error:
            raise tls_lost(host, error) from None

    @staticmethod
    def _handshake(sock: ssl.SSLSocket) -> int | None:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        return None

    # Using it.

    def recv(self, size: int) -> bytes:
        """Return 1 to *size* bytes, b"" at the end.

        Raises:
            TimeoutError: nothing by ``receive_by`` or ``end_by``.
            OSError: the connection broke, or :meth:`shutdown` was called.
        """
        if self._at >= len(self._ahead):
            self._ahead, self._at = self._fill(), 0
        taken = self._ahead[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def _fill(self) -> bytes:
        while True:
            left = self._left(self.receive_by)
            try:
                with self._lock:
                    return self._open_socket.recv(_AHEAD)
            except (BlockingIOError, ssl.SSLWantReadError):
                _ready(self._open_socket, selectors.EVENT_READ, left)
            except ssl.SSLWantWriteError:
                _ready(self._open_socket, selectors.EVENT_WRITE, left)
            except ssl.SSLError as error:
                raise ConnectionResetError(text(error)) from None

    def sendall(self, data: bytes) -> None:
        """Send all of *data*.

        Raises:
            TimeoutError: no progress for ``patience.STALL`` seconds, or not by ``end_by``.
            OSError: the connection broke, or :meth:`shutdown` was called.
        """
        view, by = memoryview(data), time.monotonic() + patience.STALL
        while view:
            left = self._left(by)
            try:
                with self._lock:
                    sent = self._open_socket.send(view)
            except (BlockingIOError, ssl.SSLWantWriteError):
                _ready(self._open_socket, selectors.EVENT_WRITE, left)
            except ssl.SSLWantReadError:
                _ready(self._open_socket, selectors.EVENT_READ, left)
            except ssl.SSLError as error:
                raise ConnectionResetError(text(error)) from None
            else:
                view, by = view[sent:], time.monotonic() + patience.STALL

    def makefile(self, mode: str = "rb") -> BinaryIO:
        """Return a file that reads from here and never takes more than it is asked for."""
        return cast("BinaryIO", io.BufferedReader(_Reader(self), 1))

    def shutdown(self) -> None:
        """End it from any thread; who waits in here wakes up."""
        self._shut = True
        sock = self._sock
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return  # it was over already

    def close(self) -> None:
        """Give the descriptor back; for the reading thread, when it is done."""
        self.shutdown()
        with self._lock:
            sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    @property
    def _open_socket(self) -> socket.socket:
        if self._sock is None:
            raise ConnectionAbortedError("closed")
        return self._sock

    def _left(self, by: float | None, pulse: float = PULSE) -> float:
        """Return how long to wait at most for now.

        Raises:
            TimeoutError: *by* or ``end_by`` has passed.
            ConnectionAbortedError: it was shut down.
        """
        if self._shut:
            raise ConnectionAbortedError("closed")
        limits = [limit for limit in (by, self.end_by) if limit is not None]
        left = min(limits) - time.monotonic() if limits else pulse
        if left <= 0:
            raise TimeoutError("no answer in time")
        return min(left, pulse)


class _Reader(io.RawIOBase):
    def __init__(self, wire: LockedSocket) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._wire.recv(len(view))
        view[: len(data)] = data
        return len(data)


def _ready(sock: socket.socket, event: int, seconds: float) -> bool:
    """Wait until *sock* is ready, at most so many seconds; say whether it is."""
    with _Selector() as selector:
        try:
            selector.register(sock, event)
        except ValueError:
            raise ConnectionAbortedError("closed") from None
        return bool(selector.select(seconds))
