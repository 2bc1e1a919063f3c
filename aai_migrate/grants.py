"""Tokens that live for a while, given by server halves to who shows a key, so that browsers need not have one.

There is no table of them: a token is its content, sealed. It is looked at when a handshake shows it, and an open
session outlives it.
"""

from __future__ import annotations

import json

from attrs import frozen

from .credentials import Credential, Secret
from .errors import MissingExtra
from .provider import Context
from .wire import values

LARGEST = 10_000
"""Characters of a token that may be ours."""


@frozen
class Grant:
    """What a token of ours says: for whom it is, and until when, in Unix seconds.

    Attributes:
        session: seconds that a session lasts at most which begins with it; None: nothing is said of that.
    """

    principal: str
    until: float
    session: float | None = None


def give(context: Context, dialect: str, principal: str, until: float, session: float | None = None) -> str | None:
    """Return a token for *principal* until *until*, in Unix seconds; None: there is nothing to seal with.

    Args:
        dialect: whose token it is, since one secret seals those of all of them.
        session: see :class:`Grant`.
    """
    if context.seal is None or context.unseal is None:
        return None
    content: dict[str, object] = {"grant": dialect, "who": principal, "until": until}
    if session is not None:
        content["session"] = session
    try:
        return context.seal(json.dumps(content, separators=(",", ":")).encode())
    except MissingExtra:
        return None


def read(context: Context, dialect: str, token: Secret) -> Grant | None:
    """Return what *token* says, also where its time is over; None: it is none of ours."""
    text = token.reveal()
    if context.unseal is None or len(text) > LARGEST:
        return None
    try:
        sealed = context.unseal(text)
    except MissingExtra:  # then no token is ours
        return None
    content = (values.parse(sealed) if sealed else None) or {}
    who, until = values.string(content.get("who")), values.number(content.get("until"))
    session = values.number(content.get("session"))
    return Grant(who, until, session) if content.get("grant") == dialect and who and until is not None else None


def admit(context: Context, dialect: str, token: Secret, now: float) -> str | None:
    """Return the principal of *token*, one of ours that is still good or one that the authenticator knows, or None."""
    known = read(context, dialect, token)
    if known is None:
        return context.authenticate(Credential(token, "token"))
    return known.principal if known.until > context.epoch + now else None
