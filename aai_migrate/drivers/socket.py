"""Dialling, and a socket that one thread reads while another writes.

OpenSSL allows one call at a time on one TLS connection, and CPython's ``ssl`` does not see to that. Here
every call is made without blocking under one lock, and the waiting is done outside of it.
"""

from __future__ import annotations

import base64
import errno
import io
import os
import selectors
import socket
import ssl
import threading
import time
from functools import lru_cache
from typing import Any, BinaryIO, cast
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from ..wire.frames import LostCause
from .http import exchange

STALL = 10.0
"""Seconds after which a send that makes no progress has failed."""
PULSE = 1.0
"""Longest wait, in seconds, before a deadline that another thread may have set is looked at again."""
_AHEAD = 64 << 10
_PENDING = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # these two need no descriptor
_OPTIONS = [(socket.IPPROTO_TCP, "TCP_NODELAY", 1), (socket.SOL_SOCKET, "SO_KEEPALIVE", 1)]
_OPTIONS += [(socket.IPPROTO_TCP, name, n) for name, n in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10))]
_OWN_CA = "; if your network has its own authority, let SSL_CERT_FILE name its certificate"


class LostError(Exception):
    """The connection is lost, or never came; says what a ``Lost`` frame is to say."""

    def __init__(self, cause: LostCause, detail: str) -> None:
        self.cause, self.detail = cause, detail
        super().__init__(cause, detail)


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
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme in ("wss", "https")
        port = parts.port or (443 if secure else 80)
        self.receive_by = by
        proxy = _proxy(host, port, secure=secure)
        if proxy is None:
            self._sock = self._reach(host, port, by)
        else:
            self._through(proxy, host, port, by)
        if secure:
            self._secure(host, by)

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
            for level, name, value in _OPTIONS:
                if hasattr(socket, name):
                    sock.setsockopt(level, getattr(socket, name), value)
        except BaseException:
            sock.close()
            raise
        return sock

    def _through(self, proxy: SplitResult, host: str, port: int, by: float) -> None:
        where = f"{proxy.hostname}:{proxy.port or 80}"
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers = {"Host": target}
        if proxy.username is not None:
            pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        try:
            self._sock = self._reach(proxy.hostname or "", proxy.port or 80, by)
            response = exchange(self, "CONNECT", target, headers)
        except LostError as error:
            raise LostError("proxy", error.detail) from None
        except OSError as error:
            raise LostError("proxy", f"{where}: {_text(error) or 'no answer'}") from None
        if response.status != 200:
            raise LostError("proxy", f"{where} answered {response.status} {response.reason}".strip())

    def _secure(self, host: str, by: float) -> None:
        context = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        try:
            sock = self._sock = context.wrap_socket(
                self._open_socket, server_hostname=host, do_handshake_on_connect=False
            )
            while (event := self._handshake(sock)) is not None:
                _ready(sock, event, self._left(by))
        except TimeoutError:
            raise LostError("timeout", f"no TLS with {host} in time") from None
        except ssl.SSLCertVerificationError as error:
            why = error.verify_message.rstrip(".")
            ours = _OWN_CA if error.verify_code in (18, 19, 20, 21) else ""  # no path to a known authority
            raise LostError("tls", f"the certificate of {host} is refused: {why}{ours}") from None
        except (ssl.SSLEOFError, ConnectionError):
            raise LostError("reset", f"{host} hung up during the TLS handshake") from None
        except OSError as error:
            raise LostError("tls", f"{host}: {_text(error)}") from None

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
                raise ConnectionResetError(_text(error)) from None

    def sendall(self, data: bytes) -> None:
        """Send all of *data*.

        Raises:
            TimeoutError: no progress for :data:`STALL` seconds, or not by ``end_by``.
            OSError: the connection broke, or :meth:`shutdown` was called.
        """
        view, by = memoryview(data), time.monotonic() + STALL
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
                raise ConnectionResetError(_text(error)) from None
            else:
                view, by = view[sent:], time.monotonic() + STALL

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


def _proxy(host: str, port: int, *, secure: bool) -> SplitResult | None:
    """Return the proxy that ``https_proxy``, ``http_proxy`` and ``no_proxy`` want for *host*."""
    proxies = getproxies_environment()
    url = proxies.get("https" if secure else "http")
    if not url or proxy_bypass(f"{host}:{port}"):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise LostError("proxy", f"a proxy of kind {parts.scheme}:// is not supported; name one as http://HOST:PORT")
    return parts


@lru_cache(maxsize=4)
def _tls(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The default context; reading all authorities takes a while, so once for each setting."""
    return ssl.create_default_context()


def _text(error: OSError) -> str:
    reason = getattr(error, "reason", None)  # ssl.SSLError: WRONG_VERSION_NUMBER
    return str(reason).replace("_", " ").lower() if reason else error.strerror or str(error)
