"""Error codes and close codes of v3 to typed errors and back.

Source: https://www.assemblyai.com/docs/speech-to-text/universal-streaming/common-session-errors-and-closures
"""

from __future__ import annotations

from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)

from .options import NAME

SEE_ERROR = "See Error message for details"
INVALID = "User Input Validation Error"
CANCELLED = (3005, "Session Cancelled: An error occurred")
FULL = (3009, "Unauthorized Connection: Too many concurrent sessions")
TOO_LONG = (3008, "Session Expired: Maximum session duration exceeded")
_ACCOUNT = ("balance", "fund", "credit", "billing", "payment")
# Messages of 2025 had no code, and closes before February 2026 had 3005 for all of these.
_BY_TEXT = {
    "unauthorized connection": 1008,
    INVALID.lower(): 3006,
    "invalid message": 3006,
    "input duration": 3007,
    "audio transmission rate": 3007,
}


def typed(code: int | None, text: str) -> ProviderError:
    """Return the error of an ``Error`` message or of a close frame."""
    said = text.lower()
    kind = code
    if code in (None, 3005):
        kind = next((known for start, known in _BY_TEXT.items() if said.startswith(start)), code)
    if "too many concurrent" in said or kind == 3009:
        return QuotaExceeded(NAME, text, code=code, retryable=True)
    if kind in (4002, 4003) or (kind == 1008 and any(word in said for word in _ACCOUNT)):
        return QuotaExceeded(NAME, text, code=code)
    if kind in (1008, 4001):
        return AuthenticationError(NAME, text, code=code)
    if kind in (3007, 410) or (kind == 3006 and "inactivity" not in said):
        return BadRequest(NAME, text, code=code)
    if kind in (1002, 1003, 1007, 1009):
        return ProtocolError(NAME, text, code=code)
    return ConnectionLost(NAME, text, code=code)


def told(error: ProviderError) -> tuple[int, str]:
    """Return code and text that tell a v3 client of a failure behind the server half.

    What is full for a while says so, that the client may come again; whose credit ran out is none of its business.
    """
    if isinstance(error, QuotaExceeded) and error.retryable:
        return FULL
    if not isinstance(error, BadRequest):
        return CANCELLED
    return 3006, error.reason if error.reason.startswith(INVALID) else f"{INVALID}: {error.reason}"
