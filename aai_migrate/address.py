"""Where a vendor is reached: its own host, or the caller's ``base_url``."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

_HTTP = {"ws": "http", "wss": "https"}
_WEBSOCKET = {"http": "ws", "https": "wss"}


def address(base_url: str | None, host: str, path: str, kind: Literal["websocket", "http"] = "websocket") -> str:
    """Return the URL of *path*, over TLS at *host*, or at *base_url* with the scheme that *kind* asks for.

    A ``base_url`` may have a path in front of *path*, and may end with *path* already.
    """
    schemes = _HTTP if kind == "http" else _WEBSOCKET
    if base_url is None:
        return f"{'https' if kind == 'http' else 'wss'}://{host}{path}"
    parts = urlsplit(base_url)
    prefix = parts.path.rstrip("/")
    whole = prefix if prefix.endswith(path) else prefix + path
    return f"{schemes.get(parts.scheme, parts.scheme)}://{parts.netloc}{whole}"


def host_of(base_url: str | None, *paths: str) -> str | None:
    """Return *base_url* without the one of *paths* that it ends with, for another path of the same host."""
    if base_url is None:
        return None
    plain = base_url.rstrip("/")
    return next((plain.removesuffix(path) for path in paths if plain.endswith(path)), plain)
