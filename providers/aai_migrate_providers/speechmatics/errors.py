"""Error messages, close codes and HTTP answers to typed errors, and back.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (Error, websocket errors)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define

from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.failures import refused
from aai_migrate.wire.frames import LONGEST_REASON, Close, HttpResponse, Refused
from aai_migrate.wire.values import readable, string

from .options import NAME

AGAIN = 5.0
"""Seconds after which the vendor wants the next attempt where it is full, or has broken down."""
REQUEST_ID = "request-id"

PROTOCOL, POLICY, INTERNAL = 1003, 1008, 1011
CODES = {
    "not_authorised": 4001,
    "insufficient_funds": 4002,
    "not_allowed": 4003,
    "invalid_model": 4004,
    "quota_exceeded": 4005,
    "timelimit_exceeded": 4006,
    "job_error": 4013,
    "idle_timeout": POLICY,
    "session_timeout": POLICY,
    "protocol_error": PROTOCOL,
    "invalid_message": PROTOCOL,
    "invalid_language": PROTOCOL,
    "invalid_config": PROTOCOL,
    "invalid_audio_type": PROTOCOL,
    "invalid_output_format": PROTOCOL,
    "data_error": PROTOCOL,
    "buffer_error": INTERNAL,
    "session_transfer": INTERNAL,
    "unknown_error": INTERNAL,
}
"""The close code that follows each ``type`` of ``Error``."""
_WORDS = {PROTOCOL: "protocol_error", POLICY: "policy_violation", INTERNAL: "internal_error"}
_TYPES = {code: name for name, code in CODES.items() if code >= 4000} | {
    PROTOCOL: "protocol_error",
    INTERNAL: "unknown_error",
}
_KINDS: dict[str, type[ProviderError]] = {
    "not_authorised": AuthenticationError,
    "not_allowed": AuthenticationError,
    "insufficient_funds": QuotaExceeded,
    "quota_exceeded": QuotaExceeded,
    "timelimit_exceeded": QuotaExceeded,
}
_LOST = frozenset(str.split("job_error idle_timeout session_timeout buffer_error session_transfer unknown_error"))
_LATER = frozenset({"quota_exceeded", "job_error", "unknown_error"})


@define
class Fault(Exception):
    """Why a client is refused: the ``type`` of an ``Error``, and what it may read."""

    type: str
    reason: str


def typed(type_: str | None, reason: str, code: int | str | None = None) -> ProviderError:
    """Return the error of an ``Error`` message's *type_*; an unknown one may be over the next time."""
    known = type_ or "unknown_error"
    kind = _KINDS.get(known) or (BadRequest if known in CODES and known not in _LOST else ConnectionLost)
    again = kind is ConnectionLost or known == "quota_exceeded"
    error = kind(NAME, reason, code=type_ or code, retryable=again)
    error.retry_after = AGAIN if known in _LATER else None
    return error


def told(message: Mapping[str, Any]) -> ProviderError:
    """Return the error of an ``Error`` message."""
    reason = (string(message.get("reason")) or "no reason given")[:500]
    return typed(string(message.get("type")), reason)


def closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    """Return the error of a close frame without an ``Error`` before it."""
    when = "in mid-session" if begun else "before it began"
    known = _TYPES.get(code or 0)
    if known is None:
        return ConnectionLost(NAME, reason or f"the server closed the connection {when}", code=code)
    error = typed(known, reason or f"the server closed the connection {when}")
    error.code = code
    return error


def answered(response: HttpResponse | Refused) -> ProviderError:
    """Return the error of an HTTP answer that is no success."""
    error = refused(NAME, response)
    error.retryable = error.retryable or response.status == 429  # too many at once, for now
    return error


def closing(fault: Fault) -> Close:
    """Return the close frame behind an ``Error``: its reason is the word for the code."""
    code = CODES.get(fault.type, INTERNAL)
    return Close(code, readable(_WORDS.get(code, fault.type)).encode()[:LONGEST_REASON].decode(errors="ignore"))


def behind(error: ProviderError) -> Fault:
    """Return what tells a client of a failure behind the server half.

    What it asked for may be wrong, and what is full now may be free later; whose key or credit it is that ran out is
    none of its business.
    """
    if isinstance(error, QuotaExceeded) and error.retryable:
        return Fault("quota_exceeded", "Concurrent Quota Exceeded")
    if isinstance(error, BadRequest):
        return Fault(error.code if error.code in CODES else "invalid_config", error.reason)
    return Fault("job_error", "The transcription behind this gateway has failed. Connect again.")
