"""Tokens that live for seconds, given to who shows a key, so that browsers need not have one.

There is no table of them: a token is its content, sealed. It is looked at when a handshake shows it, and an open
session outlives it.

Source: https://developers.deepgram.com/reference/auth/tokens/grant
"""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen

from aai_migrate.credentials import Secret
from aai_migrate.errors import MissingExtra
from aai_migrate.provider import Context
from aai_migrate.wire import values

from .refusal import Refusal

TTL, SHORTEST, LONGEST = 30.0, 1.0, 3600.0
"""Seconds that a token lives: unless told otherwise, at least, at most."""
LARGEST_BODY, LARGEST_TOKEN = 10_000, 10_000
"""Bytes of a request, and characters of a token that may be ours."""
_MARK = "deepgram"  # whose tokens these are, since one secret seals those of all dialects


@frozen
class Grant:
    """What a token of ours says: for whom it is, and until when, in Unix seconds."""

    principal: str
    until: float


def give(context: Context, body: bytes, principal: str, now: float) -> dict[str, Any]:
    """Return the answer to a request for a token.

    Args:
        body: JSON with the optional member ``ttl_seconds``, or nothing.
    Raises:
        Refusal: the body is wrong, or this gateway has nothing to seal with.
    """
    ttl = _ttl(body)
    if context.seal is None or context.unseal is None:
        raise _unsealed()
    content = {"grant": _MARK, "who": principal, "until": context.epoch + now + ttl}
    try:
        token = context.seal(json.dumps(content, separators=(",", ":")).encode())
    except MissingExtra:
        raise _unsealed() from None
    return {"access_token": token, "expires_in": int(ttl) if ttl == int(ttl) else ttl}


def read(context: Context, token: Secret) -> Grant | None:
    """Return what *token* says, also where its time is over; None: it is none of ours."""
    text = token.reveal()
    if context.unseal is None or len(text) > LARGEST_TOKEN:
        return None
    try:
        sealed = context.unseal(text)
    except MissingExtra:  # then no token is ours
        return None
    content = (values.parse(sealed) if sealed else None) or {}
    who, until = values.string(content.get("who")), values.number(content.get("until"))
    return Grant(who, until) if content.get("grant") == _MARK and who and until is not None else None


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


def _unsealed() -> Refusal:
    return Refusal(501, "NOT_IMPLEMENTED", "This gateway has nothing to seal tokens with; use a key.")


def _bad(text: str) -> Refusal:
    return Refusal(400, "Bad Request", text)
