"""Who may come in: a key or a token in a header, or beside the subprotocol that a browser may set.

Sources: https://developers.deepgram.com/reference/authentication,
https://developers.deepgram.com/docs/using-the-sec-websocket-protocol
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.frames import header

from .options import NAME
from .refusal import unauthorised

TOKEN, BEARER = "token", "bearer"


@frozen
class Guest:
    """A client that was let in.

    Attributes:
        principal: who it is.
        subprotocol: what the handshake has to select, as the client spells it; None: it offered none of ours.
        bearer: whether it came with a token, which is less than a key.
    """

    principal: str
    subprotocol: str | None = None
    bearer: bool = False


def admit(context: Context, headers: Mapping[str, str], offered: Sequence[str], now: float) -> Guest:
    """Return who shows a credential that is good; where nobody needs one, whoever comes without or with another.

    Args:
        headers: of the request.
        offered: subprotocols; the key stands behind ``token`` or ``bearer``, whatever else is there.
    Raises:
        Refusal: the credential is wrong, or there is none.
    """
    at = next((index for index, name in enumerate(offered[:-1]) if name.lower() in (TOKEN, BEARER)), None)
    scheme, _, secret = header(headers, "authorization").partition(" ")
    if not scheme and at is not None:
        scheme, secret = offered[at], offered[at + 1]
    scheme, secret = scheme.lower(), secret.strip()
    principal = _principal(context, scheme, Secret(secret), now)
    if principal is None:
        if scheme in (TOKEN, BEARER) and secret:
            raise unauthorised("Invalid credentials.")
        known = "as 'Token KEY' or 'Bearer ACCESS_TOKEN'"
        raise unauthorised(f"Credentials belong in the header Authorization, {known}.")
    return Guest(principal, None if at is None else offered[at], scheme == BEARER)


def _principal(context: Context, scheme: str, secret: Secret, now: float) -> str | None:
    if not secret.reveal() or scheme not in (TOKEN, BEARER):
        return context.authenticate(None)
    if scheme == TOKEN:
        return context.authenticate(Credential(secret, "key"))
    return grants.admit(context, NAME, secret, now)
