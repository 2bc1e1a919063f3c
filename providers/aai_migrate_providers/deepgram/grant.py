"""Tokens for seconds, as they are asked for.

Source: https://developers.deepgram.com/reference/auth/tokens/grant
"""

from __future__ import annotations

from typing import Any

from aai_migrate import grants
from aai_migrate.provider import Context
from aai_migrate.wire import values

from .options import NAME
from .refusal import Refusal

TTL, SHORTEST, LONGEST = 30.0, 1.0, 3600.0
"""Seconds that a token lives: unless told otherwise, at least, at most."""
LARGEST_BODY = 10_000
"""Bytes of a request."""


def give(context: Context, body: bytes, principal: str, now: float) -> dict[str, Any]:
    """Return the answer to a request for a token.

    Args:
        body: JSON with the optional member ``ttl_seconds``, or nothing.
    Raises:
        Refusal: the body is wrong, or this gateway has nothing to seal with.
    """
    ttl = _ttl(body)
    token = grants.give(context, NAME, principal, context.epoch + now + ttl)
    if token is None:
        raise Refusal(501, "NOT_IMPLEMENTED", "This gateway has nothing to seal tokens with; use a key.")
    return {"access_token": token, "expires_in": int(ttl) if ttl == int(ttl) else ttl}


def _ttl(body: bytes) -> float:
    if len(body) > LARGEST_BODY:
        raise _bad(f"The body must not have more than {LARGEST_BODY:,} bytes.")
    given = values.parse(body) if body.strip() else {}
    if given is None:
        raise _bad("The body must be a JSON object.")
    if given.get("ttl_seconds") is None:
        return TTL
    ttl = values.number(given["ttl_seconds"])
    if ttl is None or not SHORTEST <= ttl <= LONGEST:
        raise _bad(f"ttl_seconds must be a number from {SHORTEST:g} to {LONGEST:g}.")
    return ttl


def _bad(text: str) -> Refusal:
    return Refusal(400, "Bad Request", text)
