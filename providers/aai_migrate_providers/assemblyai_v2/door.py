"""Who may come in, with a key or a token, and how tokens are given.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (openapi.yml, ``/v2/realtime/token``)
"""

from __future__ import annotations

from collections.abc import Mapping

from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire import values
from aai_migrate.wire.frames import HttpRequest, HttpResponse, header

from .errors import CODES, UNAUTHORISED
from .options import NAME

SHORTEST, LONGEST = 60, 360_000
"""Seconds that a token lives, at least and at most."""
LARGEST_BODY = 10_000
"""Bytes of a request for a token."""


def admit(context: Context, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> str | None:
    """Return who shows a key in the header, or without one a token in the query; None: nobody who may come in.

    The key stands in the header as it is, without a word for its scheme. Where nobody needs one, a client without any
    gets in as well.
    """
    if key := header(headers, "authorization"):
        return context.authenticate(Credential(Secret(key), "key"))
    if token := query.get("token"):
        return grants.admit(context, NAME, Secret(token), now)
    return context.authenticate(None)


def give(context: Context, asked: HttpRequest, now: float) -> HttpResponse:
    """Answer a request for a token.

    The vendor's own was good for one session. Ours is sealed and stands in no table, so it is good for as many as begin
    before its time is over: a client that does not know this loses nothing by it.
    """
    key = header(asked.headers, "authorization")
    principal = context.authenticate(Credential(Secret(key), "key") if key else None)
    if principal is None:
        return error(401, CODES[UNAUTHORISED].text)
    if len(asked.body) > LARGEST_BODY:
        return error(400, f"The body must not have more than {LARGEST_BODY} bytes")
    body = values.parse(asked.body)
    if body is None:
        return error(400, "The body must be a JSON object")
    seconds = values.whole(body.get("expires_in"))
    if seconds is None or not SHORTEST <= seconds <= LONGEST:
        return error(400, f"expires_in must be a whole number from {SHORTEST} to {LONGEST}")
    token = grants.give(context, NAME, principal, context.epoch + now + seconds)
    if token is None:
        return error(501, "This gateway has nothing to seal tokens with; use a key")
    return _answer(200, {"token": token})


def error(status: int, text: str) -> HttpResponse:
    """Return the answer to a request that went wrong."""
    return _answer(status, {"error": text})


def _answer(status: int, body: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, values.dumps(body).encode())
