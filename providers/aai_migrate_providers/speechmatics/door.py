"""Who may come in: an account's key or a temporary one; and temporary keys for who shows an account's.

Source: https://docs.speechmatics.com/get-started/authentication
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, evolve, field, frozen

from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire import values
from aai_migrate.wire.frames import HttpRequest, HttpResponse, header

from .errors import REQUEST_ID
from .options import NAME

SHORTEST, LONGEST = 60, 86_400
"""Seconds that a temporary key lives."""
LARGEST_BODY = 10_000
"""Bytes of a request."""
RT = "rt"
TYPES = ("batch", RT, "flow", "tts")
"""What temporary keys are for; the first where nothing is said."""


@define
class Refusal(Exception):
    """Why something is refused: an HTTP status, the vendor's word for it, and what the client may read."""

    status: int
    code: str
    text: str
    more: Mapping[str, str] = field(factory=dict)  # headers that belong to the status


@frozen
class Guest:
    """A client that was let in.

    Attributes:
        principal: who it is.
        realtime: whether what it shows is good for this service; else it is told so in the conversation.
        temporary: whether it came with a temporary key of ours, which is less than an account's.
    """

    principal: str
    realtime: bool = True
    temporary: bool = False


def admit(context: Context, headers: Mapping[str, str], url: str, now: float) -> Guest:
    """Return who shows a credential that is good; where nobody needs one, whoever comes without or with another.

    Args:
        headers: of the request; ``Authorization: Bearer`` goes before ``jwt`` in the query of *url*.
    Raises:
        Refusal: the credential is wrong, or there is none.
    """
    scheme, _, shown = header(headers, "authorization").partition(" ")
    bearer = shown.strip() if scheme.lower() == "bearer" else ""
    secret = Secret(bearer or _query(url).get("jwt", ""))
    if not secret.reveal():
        return Guest(_let_in(context.authenticate(None)))
    for type_ in TYPES:
        if grant := grants.read(context, _dialect(type_), secret):
            fresh = grant.until > context.epoch + now
            return Guest(_let_in(grant.principal if fresh else None), type_ == RT, temporary=True)
    return Guest(_let_in(context.authenticate(Credential(secret, "key" if bearer else "token"))))


def give(context: Context, asked: HttpRequest, now: float) -> dict[str, Any]:
    """Return the body of the answer to a request for a temporary key.

    Raises:
        Refusal: the credential, the query or the body is wrong, or this gateway has nothing to seal with.
    """
    guest = admit(context, asked.headers, asked.url, now)
    if guest.temporary:
        raise Refusal(403, "Forbidden", "A temporary key gives no others: use an account's.")
    type_ = _query(asked.url).get("type", TYPES[0])
    if type_ not in TYPES:
        raise _invalid(f"type must be one of {', '.join(TYPES)}")
    until = context.epoch + now + _ttl(asked.body)
    key = grants.give(context, _dialect(type_), guest.principal, until)
    if key is None:
        raise Refusal(501, "Not Implemented", "This gateway has nothing to seal keys with; use an account's.")
    return {"apikey_id": None, "key_value": key}


def answer(status: int, body: Mapping[str, Any], request_id: str) -> HttpResponse:
    """Return a JSON object as an answer."""
    headers = {"content-type": "application/json", REQUEST_ID: request_id}
    return HttpResponse(status, headers, values.dumps(body).encode())


def refusal(refused: Refusal, request_id: str) -> HttpResponse:
    """Return the answer to what is refused."""
    found = answer(refused.status, {"code": refused.code, "message": refused.text}, request_id)
    return evolve(found, headers={**found.headers, **refused.more})


def _let_in(principal: str | None) -> str:
    if principal is None:
        raise Refusal(401, "Unauthorized", "Not Authorized: show a key, as in 'Authorization: Bearer KEY'.")
    return principal


def _dialect(type_: str) -> str:
    return NAME if type_ == RT else f"{NAME}-{type_}"


def _query(url: str) -> dict[str, str]:
    try:
        return {name: given[0] for name, given in parse_qs(urlsplit(url).query).items()}
    except ValueError:
        return {}


def _ttl(body: bytes) -> float:
    if len(body) > LARGEST_BODY:
        raise _invalid(f"the body must not have more than {LARGEST_BODY:,} bytes")
    given = values.parse(body)
    if given is None:
        raise _invalid("the body must be a JSON object")
    ttl = None if isinstance(given.get("ttl"), str) else values.whole(given.get("ttl"))
    if ttl is None or not SHORTEST <= ttl <= LONGEST:
        raise _invalid(f"ttl must be a whole number from {SHORTEST} to {LONGEST}")
    for name in ("region", "client_ref"):  # neither has an effect
        if not isinstance(given.get(name), str | None):
            raise _invalid(f"{name} must be a string")
    return ttl


def _invalid(text: str) -> Refusal:
    return Refusal(422, "Unprocessable Entity", text)
