"""HTTP answers, error messages and close codes to typed errors, and back.

Sources: https://developers.deepgram.com/docs/stt-troubleshooting-websocket-data-and-net-errors,
https://developers.deepgram.com/docs/errors (bodies, and the header ``dg-error``)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.failures import refused
from aai_migrate.wire.frames import LONGEST_REASON, Close, HttpResponse, Refused
from aai_migrate.wire.values import parse, readable, string

from .options import NAME

REQUEST_ID, ERROR = "dg-request-id", "dg-error"
DATA = "DATA-0000"
"""The vendor's name for bytes that are no audio."""
_ABOUT_AUDIO = re.compile(r"audio|encoding|sample.?rate|channels", re.IGNORECASE)
_LINKED = re.compile(r"\b(net|data)-?(0\d{3})\b", re.ASCII | re.IGNORECASE)
_KINDS: dict[str, type[ProviderError]] = {
    "INVALID_AUTH": AuthenticationError,
    "INSUFFICIENT_PERMISSIONS": AuthenticationError,
    "FORBIDDEN": AuthenticationError,
    "ASR_PAYMENT_REQUIRED": QuotaExceeded,
    "TOO_MANY_REQUESTS": QuotaExceeded,
    "TOO MANY REQUESTS": QuotaExceeded,
    "SERVICE UNAVAILABLE": ConnectionLost,
    "INTERNAL_SERVER_ERROR": ConnectionLost,
}


def answered(response: HttpResponse | Refused) -> ProviderError:
    """Return the error of an answer that is no success: the header ``dg-error`` and the body say why."""
    body = parse(response.body) or {}
    error = refused(NAME, response, header=ERROR)
    details = string(body.get("details"))
    if details and details not in error.reason:
        error.restate(f"{error.reason} {details}"[:500])
    code = string(body.get("err_code")) or string(body.get("error_code")) or string(body.get("category"))
    error.code = code or error.code
    error.retryable = error.retryable or response.status == 429  # too many at once, for now
    error.request_id = response.headers.get(REQUEST_ID) or string(body.get("request_id")) or error.request_id
    return error


def told(message: Mapping[str, Any]) -> ProviderError:
    """Return the error of a message that says that the session cannot go on."""
    code = next((text for key in ("code", "err_code", "variant") if (text := string(message.get(key)))), None)
    texts = (string(message.get(key)) for key in ("description", "err_msg", "message", "reason"))
    text = next((text for text in texts if text), "an error without a reason")[:500]
    kind = _KINDS.get((code or "").upper(), BadRequest)
    request_id = string(message.get("request_id"))
    again = kind is ConnectionLost or (code or "").upper().replace(" ", "_") == "TOO_MANY_REQUESTS"
    return kind(NAME, text, code=code, request_id=request_id, retryable=again)


def closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    """Return the error of a close frame that nobody asked for.

    The reason is the bare code or a sentence with a link to it; both have ``NET-0001`` or ``net0001`` in them.
    """
    named = _LINKED.search(reason)
    known: int | str | None = f"{named[1].upper()}-{named[2]}" if named else code
    when = "in mid-session" if begun else "before it began"
    text = reason or f"the server closed the connection {when}"
    if isinstance(known, str) and known.startswith("DATA"):
        return BadRequest(NAME, f"the audio could not be decoded; check encoding and sample_rate: {text}", code=known)
    if code in (1003, 1007, 1008) and not named:
        return BadRequest(NAME, text, code=code)
    return ConnectionLost(NAME, text, code=known)


def closing(error: ProviderError) -> Close:
    """Return the close frame that tells a client of a failure behind the server half.

    What it asked for may be wrong; whose key or credit it is that ran out is none of its business.
    """
    if not isinstance(error, BadRequest):
        return Close(1011, "The transcription behind this gateway has failed. Connect again.")
    if about_audio(error):
        return undecodable(error.reason.removeprefix(f"{DATA}: "))
    return Close(1008, shortened(error.reason))


def about_audio(error: BadRequest) -> bool:
    """Say whether it is the audio, or what was said of it, that was refused."""
    return str(error.code).upper().startswith("DATA") or bool(_ABOUT_AUDIO.search(error.reason))


def undecodable(why: str) -> Close:
    """Return the close frame for audio that is not what it was said to be."""
    return Close(1008, shortened(f"{DATA}: {why}"))


def shortened(reason: str) -> str:
    """Return as much of *reason* as a close frame carries."""
    return readable(reason).encode()[:LONGEST_REASON].decode(errors="ignore")
