"""HTTP answers and close codes to typed errors.

Sources: https://docs.gladia.io/api-reference/v2/live/init (error bodies); the vendor's own clients take 4400 to 4499
for the end of a session, and every other code but 1000 for a connection to be made again.
"""

from __future__ import annotations

from attrs import evolve

from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.failures import refused
from aai_migrate.wire.frames import HttpResponse, Refused
from aai_migrate.wire.values import parse, string

from .options import NAME

MOST = 500
"""Characters of a reason."""


def answered(response: HttpResponse | Refused) -> ProviderError:
    """Return the error of an answer that is no success, with what the vendor says is wrong with which member."""
    body = parse(response.body) or {}
    wrong = body.get("validation_errors")
    listed = [item if isinstance(item, str) else _located(item) for item in wrong] if isinstance(wrong, list) else []
    error = refused(NAME, response if body else evolve(response, body=_plain(response)))
    if said := [item for item in listed if item]:
        error.restate(f"{error.reason}: {'; '.join(said)}"[:MOST])
    error.retryable = error.retryable or response.status == 429  # too many for now, as close code 4429
    error.request_id = string(body.get("request_id")) or response.headers.get("x-aipi-call-id") or error.request_id
    return error


def closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    """Return the error of a close frame that nobody asked for."""
    when = "in mid-session" if begun else "before it began"
    text = reason or f"the server closed the connection {when}"
    if code is None or not 4400 <= code < 4500:
        return ConnectionLost(NAME, text, code=code)
    match code:
        case 4401 | 4403:
            return AuthenticationError(NAME, text, code=code)
        case 4402:
            return QuotaExceeded(NAME, text, code=code)
        case 4429:
            return QuotaExceeded(NAME, text, code=code, retryable=True)
        case 4408:
            return ConnectionLost(NAME, text, code=code)
    return BadRequest(NAME, text, code=code)


def _located(item: object) -> str:
    """Read an error of the form that names where it is."""
    if not isinstance(item, dict):
        return ""
    where, what = item.get("loc"), string(item.get("msg")) or ""
    path = ".".join(map(str, where)) if isinstance(where, list) else ""
    return f"{path} {what}".strip()


def _plain(response: HttpResponse | Refused) -> bytes:
    """A page for people says nothing that a program's reader wants to see."""
    text = response.body.lstrip()[:1]
    return b"what answered is no API: it sent a web page" if text == b"<" else response.body
