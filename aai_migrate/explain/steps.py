"""What would be said, step by step, without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import unquote_plus

from attrs import field, frozen

from ..credentials import MASK
from ..masking import masked_headers
from ..wire.frames import Connect, HttpRequest, Message
from ..wire.values import parse
from .rehearsal import Said
from .words import hides

MADE_UP = "…"
"""Stands for what the vendor would answer with, such as a token in an address."""


@frozen(kw_only=True)
class Step:
    """One thing that would be said, without secrets.

    Attributes:
        kind: how it is said: over HTTP, by opening a websocket (or a worker), or as a message on it.
        method: of HTTP.
        url: whole, as it goes out; "" for a message.
        headers: of a request; secret ones masked.
        body: of HTTP, or the message.
    """

    kind: Literal["http", "connect", "message"]
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(factory=dict)
    body: str = ""


def steps_of(said: Iterable[Said], hidden: frozenset[str]) -> tuple[Step, ...]:
    """Return what was said, with secrets masked; an address that an answer gave holds what nobody knows before."""
    steps, mask = [], MASK
    for frame in said:
        match frame:
            case HttpRequest(method, url, headers, body):
                text = _body(body.decode(), hidden)
                url = _url(url, hidden, mask)
                steps.append(Step(kind="http", method=method, url=url, headers=masked_headers(headers), body=text))
                mask = MADE_UP
            case Connect(url, headers):
                steps.append(Step(kind="connect", url=_url(url, hidden, mask), headers=masked_headers(headers)))
            case Message(data):
                steps.append(Step(kind="message", body=_body(str(data), hidden)))
    return tuple(steps)


def _url(url: str, hidden: frozenset[str], mask: str) -> str:
    """Return *url* to the letter, but for values that are secret."""
    head, mark, query = url.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    kept = (
        f"{name}={mask}" if hides(unquote_plus(name)) or unquote_plus(name) in hidden else f"{name}{equals}{value}"
        for name, equals, value in pairs
    )
    return f"{head}{mark}{'&'.join(kept)}" if mark else head


def _body(text: str, hidden: frozenset[str]) -> str:
    value = parse(text)
    if value is None:
        return text
    kept = _without(value, hidden)
    return text if kept == value else json.dumps(kept, ensure_ascii=text.isascii())  # with letters spelled as before


def _without(value: Any, hidden: frozenset[str], path: str = "") -> Any:
    if path[:-1] in hidden or (path and isinstance(value, str) and hides(path)):
        return MASK
    if isinstance(value, Mapping):
        return {name: _without(each, hidden, f"{path}{name}.") for name, each in value.items()}
    if isinstance(value, list):
        return [_without(each, hidden, path) for each in value]
    return _link(value, hidden) if isinstance(value, str) and "://" in value else value


def _link(text: str, hidden: frozenset[str]) -> str:
    """Return *text*, where it is an address, without its user, its password and what is secret in its query."""
    scheme, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    user, at, host = host.rpartition("@")
    return _url(f"{scheme}{mark}{MASK if user else user}{at}{host}{slash}{path}", hidden, MASK)
