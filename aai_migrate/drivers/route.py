"""The way to a far end: its host, the environment's proxy, TLS, and words for what fails. The same for both drivers."""

from __future__ import annotations

import base64
import os
import socket
import ssl
from functools import lru_cache
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from attrs import field, frozen

from ..wire.frames import Lost, LostCause

_OPTIONS = [(socket.IPPROTO_TCP, "TCP_NODELAY", 1), (socket.SOL_SOCKET, "SO_KEEPALIVE", 1)]
_OPTIONS += [(socket.IPPROTO_TCP, name, n) for name, n in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10))]
_AS_PROXY = "name one as http://HOST:PORT"
_OWN_CA = "; if your network has its own authority, let SSL_CERT_FILE name its certificate"


class LostError(Exception):
    """The connection is lost, or never came; says what a ``Lost`` frame is to say."""

    def __init__(self, cause: LostCause, detail: str) -> None:
        self.cause, self.detail = cause, detail
        super().__init__(cause, detail)


def lost(error: LostError | OSError) -> Lost:
    """Return the frame that says of which *error* a connection was lost."""
    match error:
        case LostError(cause=cause, detail=detail):
            return Lost(cause, detail)
        case TimeoutError():
            return Lost("timeout", str(error))
    return Lost("reset", error.strerror or str(error))


@frozen
class Proxy:
    """An HTTP proxy, which is asked for a tunnel.

    Attributes:
        authorization: the value of ``Proxy-Authorization``; None: it has no password.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    def tunnel(self, host: str, port: int) -> tuple[str, dict[str, str]]:
        """Return target and headers of the CONNECT request."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        login = {"Proxy-Authorization": self.authorization} if self.authorization else {}
        return target, {"Host": target, **login}

    def refused(self, status: int, reason: str) -> LostError:
        """Return what to raise of a proxy that answered CONNECT with another *status* than 200."""
        return LostError("proxy", f"{self.host}:{self.port} answered {status} {reason}".strip())

    def lost(self, error: OSError) -> LostError:
        """Return what to raise of a proxy that gave no answer."""
        return LostError("proxy", f"{self.host}:{self.port}: {text(error) or 'no answer'}")


@frozen
class Route:
    """Where a URL leads."""

    host: str
    port: int
    secure: bool
    proxy: Proxy | None


def route(url: str) -> Route:
    """Return the way that *url* points: with TLS for ``wss`` and ``https``, through the environment's proxy.

    Raises:
        LostError: the proxy is of a kind that is not supported.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme in ("wss", "https")
    port = parts.port or (443 if secure else 80)
    return Route(host, port, secure, _proxy(host, port, secure=secure))


def _proxy(host: str, port: int, *, secure: bool) -> Proxy | None:
    """Return the proxy that ``https_proxy``, ``http_proxy`` and ``no_proxy`` want for *host*."""
    url = getproxies_environment().get("https" if secure else "http")
    if not url or proxy_bypass(f"{host}:{port}"):
        return None
    return named(url)


def named(url: str) -> Proxy:
    """Return the proxy that *url* names, as an environment variable does: with or without ``http://``.

    Raises:
        LostError: it is of a kind that is not supported, or no address; of the text only the kind is repeated, for it
            may hold a password.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:  # urlsplit would quote it
        raise LostError("proxy", f"the environment names a proxy by what is no address; {_AS_PROXY}") from None
    if parts.scheme != "http":
        raise LostError("proxy", f"a proxy of kind {parts.scheme}:// is not supported; {_AS_PROXY}")
    if not host:
        raise LostError("proxy", f"the environment names a proxy without a host; {_AS_PROXY}")
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(host, port or 80, authorization)


def tune(sock: socket.socket) -> None:
    """Send small frames at once, and notice a far end that is gone."""
    for level, name, value in _OPTIONS:
        if hasattr(socket, name):
            sock.setsockopt(level, getattr(socket, name), value)


def tls() -> ssl.SSLContext:
    """Return the default context, with the authorities that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name just now."""
    return _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _tls(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Reading all authorities takes a while, so once for each setting."""
    return ssl.create_default_context()


def tls_lost(host: str, error: OSError) -> LostError:
    """Return what to raise of a TLS handshake with *host* that failed of *error*."""
    match error:
        case TimeoutError():
            return LostError("timeout", f"no TLS with {host} in time")
        case ssl.SSLCertVerificationError():
            why = error.verify_message.rstrip(".")
            ours = _OWN_CA if error.verify_code in (18, 19, 20, 21) else ""  # no path to a known authority
            return LostError("tls", f"the certificate of {host} is refused: {why}{ours}")
        case ssl.SSLEOFError() | ConnectionError():
            return LostError("reset", f"{host} hung up during the TLS handshake")
    return LostError("tls", f"{host}: {text(error)}")


def text(error: OSError) -> str:
    """Return the system's words for *error*, or OpenSSL's."""
    reason = getattr(error, "reason", None)  # ssl.SSLError: WRONG_VERSION_NUMBER
    return str(reason).replace("_", " ").lower() if reason else error.strerror or str(error)
