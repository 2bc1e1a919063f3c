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
CANCELLED = (3005, "Session Cancelled: An error occurred")
_ACCOUNT = ("balance", "fund", "credit", "billing", "payment")


def typed(code: int | None, text: str) -> ProviderError:
    """Return the error of an ``Error`` message or of a close frame."""
    said = text.lower()
    if "too many concurrent" in said or code == 3009:
        return QuotaExceeded(NAME, text, code=code, retryable=True)
    if code in (1008, 4001, 4002, 4003):
        account = code in (4002, 4003) or any(word in said for word in _ACCOUNT)
        return (QuotaExceeded if account else AuthenticationError)(NAME, text, code=code)
    if code == 3006 and "inactivity" not in said:
        return BadRequest(NAME, text, code=code)
    if code in (3007, 410):
        return BadRequest(NAME, text, code=code)
    if code in (1002, 1003, 1007, 1009):
        return ProtocolError(NAME, text, code=code)
    return ConnectionLost(NAME, text, code=code)


def told(error: ProviderError) -> tuple[int, str]:
    """Return code and text that tell a v3 client of a failure behind the server half."""
    if isinstance(error, BadRequest):
        return 3006, f"User Input Validation Error: {error.reason}"
    return CANCELLED
