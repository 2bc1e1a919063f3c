"""Close codes and error texts of v2 to typed errors and back.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, session errors)
"""

from __future__ import annotations

from attrs import frozen

from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.failures import refused
from aai_migrate.wire.frames import HttpResponse, Refused

from .options import INSTEAD, NAME

DEPRECATED = "model deprecated"
"""How the text begins with which the vendor answered once the service had gone."""
GONE = frozenset({404, 410})
"""Statuses that stand for the same: of the token, and of the endpoint in later pages."""
WRONG_RATE, UNAUTHORISED, EXPIRED, IDLE, TOO_LONG = 4000, 4001, 4008, 4031, 4033
INVALID_JSON, INVALID_SCHEMA, FULL, UNREAD_BOOST, BUSY = 4100, 4101, 4102, 4104, 1013


@frozen
class Kind:
    """What a close code says, what it is to us, and whether another connection may do better."""

    text: str
    error: type[ProviderError]
    retryable: bool = False


CODES = {
    WRONG_RATE: Kind("Sample rate must be a positive integer", BadRequest),
    UNAUTHORISED: Kind("Not Authorized", AuthenticationError),
    4002: Kind("Insufficient Funds", QuotaExceeded),
    4003: Kind("This feature is paid-only and requires you to add a credit card", QuotaExceeded),
    4004: Kind("Session not found", ConnectionLost, retryable=True),
    EXPIRED: Kind("Session Expired", ConnectionLost, retryable=True),
    4010: Kind("Session previously closed", ConnectionLost, retryable=True),
    4029: Kind("Client sent audio too fast", BadRequest),
    4030: Kind("Session is handled by another WebSocket", ConnectionLost, retryable=True),
    IDLE: Kind("Session idle for too long", ConnectionLost, retryable=True),
    4032: Kind("Audio duration is too short", BadRequest),
    TOO_LONG: Kind("Audio duration is too long", BadRequest),
    4034: Kind("Audio too small to transcode", BadRequest),
    INVALID_JSON: Kind("Endpoint received invalid JSON", BadRequest),
    INVALID_SCHEMA: Kind("Endpoint received a message with an invalid schema", BadRequest),
    FULL: Kind("This account has exceeded the number of allowed streams", QuotaExceeded, retryable=True),
    4103: Kind("This session has been reconnected. This WebSocket is no longer valid.", ConnectionLost, retryable=True),
    UNREAD_BOOST: Kind("Could not parse word boost parameter", BadRequest),
    BUSY: Kind("Temporary server condition forced blocking client's request", ConnectionLost, retryable=True),
}
_MALFORMED = Kind("", ProtocolError)
_UNKNOWN = Kind("", ConnectionLost, retryable=True)


def typed(code: int | None, text: str) -> ProviderError:
    """Return the error of a close frame, or of a text whose close frame did not come; then the text tells."""
    if text.lower().startswith(DEPRECATED) or code in GONE:
        return BadRequest(NAME, f"{text}; {INSTEAD}", code=code)
    kind = _MALFORMED if code in (1002, 1003, 1007, 1009) else CODES.get(code or 0) or _by_text(text)
    return kind.error(NAME, text, code=code, retryable=kind.retryable)


def _by_text(text: str) -> Kind:
    said = text.lower()
    return next((kind for kind in CODES.values() if said.startswith(kind.text.lower())), _UNKNOWN)


def closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    """Return the error of a close frame that was not asked for; some come without a reason."""
    if reason:
        return typed(code, reason)
    if code in CODES:
        return typed(code, CODES[code].text)
    when = "in mid-session" if begun else "before it began"
    return typed(code, f"the server closed the connection {when}")


def answered(frame: Refused | HttpResponse) -> ProviderError:
    """Return the error of a refused handshake or request; the vendor's host refuses because all of it is gone."""
    error = refused(NAME, frame)
    error.retryable = error.retryable or frame.status == 429  # too many for now, as close code 4102
    if frame.status not in GONE and not error.reason.lower().startswith(DEPRECATED):
        return error
    return BadRequest(NAME, f"{error.reason}; {INSTEAD}", status=frame.status, request_id=error.request_id)


def told(error: ProviderError) -> tuple[int, str]:
    """Return code and text that tell a v2 client of a failure behind the server half.

    What is full for a while says so, that the client may come again; whose key or credit it is that failed is none of
    its business.
    """
    if isinstance(error, BadRequest):
        start = CODES[INVALID_SCHEMA].text
        return INVALID_SCHEMA, error.reason if error.reason.startswith(start) else f"{start}: {error.reason}"
    code = FULL if isinstance(error, QuotaExceeded) and error.retryable else BUSY
    return code, CODES[code].text
