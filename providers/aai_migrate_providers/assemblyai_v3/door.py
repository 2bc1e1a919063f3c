"""Who may come in, with a key or a token, and how tokens are given.

Sources: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api (authentication),
https://github.com/AssemblyAI/assemblyai-api-spec (streaming-token.yml); the texts of refusals and the
shape of a 422 are those of the live service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire import values
from aai_migrate.wire.frames import HttpRequest, HttpResponse, header

from .options import NAME
from .request import RefusalError
from .token import LONGEST, LONGEST_SESSION, SHORTEST, SHORTEST_SESSION

_BEARER = "bearer "
_EXPIRES, _SESSION = "expires_in_seconds", "max_session_duration_seconds"


@frozen
class Guest:
    """A client that was let in.

    Attributes:
        principal: who it is.
        session: seconds after which its token ends the session; None: it does not.
    """

    principal: str
    session: float | None = None


def admit(context: Context, headers: Mapping[str, str], query: Mapping[str, str], now: float) -> Guest:
    """Return who shows a key or a token, in the header as it is or in the query as ``token``.

    A token of ours in the header is told from a key by its seal. Where nobody needs one, a client without any, or with
    a scheme before it, which v3 does not read, gets in as well.

    Raises:
        RefusalError: the credential is wrong, its time is over, or there is none.
    """
    given, token = header(headers, "authorization"), query.get("token", "")
    shown = Credential(Secret(given), "key") if given else Credential(Secret(token), "token") if token else None
    grant = grants.read(context, NAME, shown.secret) if shown else None
    if grant and grant.until <= context.epoch + now:
        raise _unauthorised("Signature has expired")
    if grant:
        return Guest(grant.principal, grant.session)
    principal = context.authenticate(None if given.lower().startswith(_BEARER) else shown)
    if principal is None:
        raise _unauthorised("Invalid API key" if shown else "Missing Authorization header")
    return Guest(principal)


def _unauthorised(why: str) -> RefusalError:
    return RefusalError(1008, f"Unauthorized Connection: {why}")


def give(context: Context, asked: HttpRequest, now: float) -> HttpResponse:
    """Answer a request for a token; here a scheme may stand before the key.

    Ours is sealed and stands in no table, so it is good for as many sessions as begin before its time is over.
    """
    if asked.method.upper() != "GET":
        return _answer(405, {"detail": "Method Not Allowed"})
    given = header(asked.headers, "authorization")
    key = given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else given
    principal = context.authenticate(Credential(Secret(key), "key") if key else None)
    if principal is None and not key:
        return _answer(422, {"detail": [_wrong("missing", "header", "authorization", "Field required", None)]})
    if principal is None:
        return _answer(401, {"error": "Invalid API key"})
    query = dict(parse_qsl(asked.url.partition("?")[2].partition("#")[0], keep_blank_values=True))
    wrong = [*_unfit(query, _EXPIRES, SHORTEST, LONGEST), *_unfit(query, _SESSION, SHORTEST_SESSION, LONGEST_SESSION)]
    if _EXPIRES not in query:
        wrong.insert(0, _wrong("missing", "query", _EXPIRES, "Field required", None))
    if wrong:
        return _answer(422, {"detail": wrong})
    seconds, session = values.whole(query[_EXPIRES]) or 0, values.whole(query.get(_SESSION))
    token = grants.give(context, NAME, principal, context.epoch + now + seconds, session)
    if token is None:
        return _answer(501, {"error": "This gateway has nothing to seal tokens with; use a key"})
    return _answer(200, {"token": token, _EXPIRES: seconds})


def _unfit(query: Mapping[str, str], name: str, least: int, most: int) -> list[dict[str, Any]]:
    if name not in query:
        return []
    value = values.whole(query[name])
    if value is None:
        return [_wrong("int_parsing", "query", name, "Input should be a valid integer", query[name])]
    if value < least:
        return [_wrong("greater_than_equal", "query", name, f"Input should be at least {least}", query[name])]
    if value > most:
        return [_wrong("less_than_equal", "query", name, f"Input should be at most {most}", query[name])]
    return []


def _wrong(kind: str, place: str, name: str, text: str, given: str | None) -> dict[str, Any]:
    return {"type": kind, "loc": [place, name], "msg": text, "input": given, "ctx": {}}


def _answer(status: int, body: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, values.dumps(body).encode())
