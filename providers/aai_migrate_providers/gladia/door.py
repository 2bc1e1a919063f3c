"""What is asked over HTTP: the POST that begins a session, and the stored results that this server does not have.

There is no table of sessions: everything that the websocket needs of the POST goes out sealed in the URL that answers
it, and comes back with the handshake.

Source: https://docs.gladia.io/api-reference/v2/live/init
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from attrs import frozen

from aai_migrate.address import address
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire import values
from aai_migrate.wire.frames import Connect, HttpRequest, HttpResponse, header, path_of

from . import replies, request
from .options import PATH, REGIONS
from .request import InvalidBody, Request

KEY = "x-gladia-key"
LARGEST_BODY = 100_000
"""Bytes."""
LONGEST_TOKEN = 40_000
"""Characters; servers and proxies take request lines of about 64 KiB at most."""
LARGEST_PASS = 1 << 20
"""Bytes of a pass before it was made small."""
UNKNOWN = "Unknown or expired token: begin with a POST"
LIFETIME = 3600
"""Seconds after the POST in which the session has to begin."""
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_RESULT = re.compile(re.escape(PATH) + r"/[^/]+(/file)?")


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


@frozen
class Pass:
    """What a client carries from its POST to its websocket."""

    session: str
    issued: float  # Unix seconds
    principal: str
    request: Request


# The POST and its siblings.


def respond(context: Context, asked: HttpRequest, now: float) -> HttpResponse:
    """Answer one request; never raises on what a client asks."""
    path = place(asked.url)
    try:
        status, body = _answer(context, asked, path, now)
    except Refusal as refusal:
        return HttpResponse(refusal.status, dict(replies.JSON), fault(context, refusal, path, now))
    return HttpResponse(status, dict(replies.JSON), values.dumps(body).encode())


def fault(context: Context, refusal: Refusal, path: str, now: float) -> bytes:
    """Return the body of an error."""
    number = context.random.getrandbits(32)
    return replies.fault(refusal.status, refusal.message, path, number, context.epoch + now, refusal.errors)


def _answer(context: Context, asked: HttpRequest, path: str, now: float) -> tuple[int, dict[str, Any]]:
    method = asked.method.upper()
    if path == PATH and method == "POST":
        return 201, _begin(context, asked, now)
    if path == PATH and method == "GET":
        _principal(context, asked.headers)
        page = f"{address(_base(context, asked), '', PATH, 'http')}?offset=0&limit=20"
        return 200, {"first": page, "current": page, "next": None, "items": []}
    if _RESULT.fullmatch(path) and method in ("GET", "DELETE", "PATCH"):
        _principal(context, asked.headers)
        raise Refusal(404, "This gateway keeps no results")
    raise Refusal(404, f"Cannot {method[:16]} this path")


def _begin(context: Context, asked: HttpRequest, now: float) -> dict[str, Any]:
    principal = _principal(context, asked.headers)
    if context.seal is None or context.unseal is None:
        raise Refusal(500, "This gateway has nothing to seal sessions with")
    region = dict(parse_qsl(urlsplit(asked.url).query)).get("region")
    if region is not None and region not in REGIONS.values():
        raise invalid(f"region must be one of the following values: {', '.join(sorted(set(REGIONS.values())))}")
    if len(asked.body) > LARGEST_BODY:
        raise invalid(f"the body must not have more than {LARGEST_BODY:,} bytes")
    body = values.parse(asked.body or b"{}")
    if body is None:
        raise invalid("the body must be a JSON object")
    session, issued = context.new_id(), context.epoch + now
    try:
        request.read(body)
        needed = request.needed(body)
        content = {"id": session, "at": round(issued, 3), "who": principal, "body": needed}
        plain = json.dumps(content, separators=(",", ":")).encode()
    except InvalidBody as error:
        raise invalid(*error.errors) from None
    except RecursionError:  # Python may write less deep than it reads
        raise invalid("custom_metadata is nested too deeply") from None
    token = context.seal(zlib.compress(plain, 9))
    if len(token) > LONGEST_TOKEN:
        raise invalid(f"{_longest(needed)} is too long to be carried in the url")
    url = f"{address(_base(context, asked), '', PATH)}?token={quote(token, safe='')}"
    return {"id": session, "created_at": replies.stamp(issued), "url": url}


def _longest(body: Mapping[str, Any]) -> str:
    """Return the member that takes the most of *body*, which is not empty."""
    return max(body, key=lambda name: len(json.dumps(body[name])))


def invalid(*errors: str) -> Refusal:
    """Return the refusal of a body."""
    return Refusal(400, "Invalid parameter(s)", errors)


def _principal(context: Context, headers: Mapping[str, str]) -> str:
    key = header(headers, KEY)
    principal = context.authenticate(Credential(Secret(key), "key") if key else None)
    if principal is None:
        raise Refusal(401, "Invalid API key" if key else f"No API key: it belongs in the header {KEY}")
    return principal


def _base(context: Context, asked: HttpRequest) -> str:
    """Return where clients find this server, without path."""
    if context.public_url:
        return context.public_url
    parts = urlsplit(asked.url)
    proto = header(asked.headers, "x-forwarded-proto").partition(",")[0].strip().lower()
    forwarded = header(asked.headers, "x-forwarded-host").partition(",")[0].strip()
    scheme = proto if proto in ("http", "https", "ws", "wss") else parts.scheme
    return f"{scheme}://{forwarded if _HOST.fullmatch(forwarded) else parts.netloc.rpartition('@')[2]}"


def place(url: str) -> str:
    """Return the path of *url* without a slash at its end."""
    return path_of(url).rstrip("/") or "/"


# The websocket.


def session_of(context: Context, connect: Connect) -> str | None:
    """Return the session that a handshake belongs to; None: its token is none of ours."""
    content = _content(context, connect)
    return None if content is None else content["id"]


def passed(context: Context, connect: Connect) -> Pass:
    """Read what a client carries.

    Raises:
        Refusal: it is none of ours.
    """
    if context.unseal is None:
        raise Refusal(500, "This gateway has nothing to seal sessions with")
    content = _content(context, connect)
    try:
        if content is not None:
            return Pass(content["id"], content["at"], content["who"], request.read(content["body"]))
    except InvalidBody:  # sealed by another version of this server
        pass
    raise Refusal(403, UNKNOWN)


def _content(context: Context, connect: Connect) -> dict[str, Any] | None:
    token = dict(parse_qsl(connect.url.partition("?")[2].partition("#")[0])).get("token", "")
    sealed = context.unseal(token) if context.unseal and token and len(token) <= LONGEST_TOKEN else None
    if sealed is None:
        return None
    try:
        content = values.parse(zlib.decompressobj().decompress(sealed, LARGEST_PASS)) or {}
    except zlib.error:
        return None
    kinds = (("id", str), ("at", (int, float)), ("who", str), ("body", dict))
    good = all(isinstance(content.get(name), kind) for name, kind in kinds)
    return content if good else None
