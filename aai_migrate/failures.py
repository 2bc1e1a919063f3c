"""From what a wire shows to typed errors, the same for every vendor."""

from __future__ import annotations

import json
import math
from typing import Any

from .errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from .wire.frames import HttpResponse, Lost, Refused, bare

_CAUSES = {
    "dns": "host name not found",
    "refused": "connection refused",
    "tls": "TLS failed",
    "timeout": "no answer in time",
    "proxy": "the proxy refused",
    "reset": "connection lost",
    "too_big": "a message was over the limit",
}


def lost(provider: str, frame: Lost) -> ProviderError:
    """Return the error of a connection that vanished; what TLS or a size limit broke will break again."""
    reason = _CAUSES[frame.cause] + (f": {frame.detail}" if frame.detail else "")
    if frame.cause == "too_big":
        return ProtocolError(provider, reason)
    return ConnectionLost(provider, reason, retryable=frame.cause != "tls")


def refused(provider: str, frame: Refused | HttpResponse, *, header: str | None = None) -> ProviderError:
    """Return the error of an HTTP status that is no success, with the vendor's text.

    Args:
        header: the vendor's error header, in lower case, where it has one.
    """
    if 300 <= frame.status < 400:
        where = bare(frame.headers.get("location", "")) or "elsewhere"
        reason = f"it redirects to {where}, which the key is not meant for; set base_url if that is right"
        return BadRequest(provider, reason, status=frame.status)
    text = frame.headers.get(header, "") if header else ""
    body = _text(frame.body)
    parts = (text, body) if text != body else (body,)
    reason = " ".join(part for part in parts if part) or "the handshake was refused"
    request_id = next((frame.headers[k] for k in ("x-request-id", "request-id") if k in frame.headers), None)
    kind = by_status(frame.status)
    error = kind(provider, reason, status=frame.status, request_id=request_id, retryable=kind is ConnectionLost)
    error.retry_after = _number(frame.headers.get("retry-after"))
    return error


def by_status(status: int) -> type[ProviderError]:
    """Return the kind of error an HTTP status stands for."""
    if status in (401, 403):
        return AuthenticationError
    if status in (402, 429):
        return QuotaExceeded
    if 300 <= status < 500 and status != 408:
        return BadRequest
    return ConnectionLost


def _text(body: bytes) -> str:
    """The vendor's words in a refusal's body: the usual JSON keys, or the text itself, cut short."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        for key in ("error", "message", "reason", "detail", "err_msg"):
            if isinstance(value.get(key), str):
                text = value[key]
                break
    return " ".join(text.split())[:500]


def _number(value: str | None) -> float | None:
    """Read ``retry-after`` in seconds; a date, or what is no time to wait, is None."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
