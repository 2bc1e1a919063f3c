"""Speechmatics as its documentation describes it, hearing coded speech: the handshake of ``/v2``."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from .checks import LANGUAGES, MULTI
from .habits import Habits
from .realtime import Realtime

QUERY = frozenset(str.split("jwt sm-sdk sm-app sm-voice-sdk sm-enable-legacy-rt"))


@frozen
class Refusal:
    """The answer to an upgrade that is not accepted."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Vendor:
    """Answers handshakes, over any number of connections.

    Attributes:
        connections: those that were accepted, in order.
        keys: what each of them came with.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self.habits = habits or Habits()
        self.connections: list[Realtime] = []
        self.keys: list[str] = []

    def open(
        self, url: str, headers: Mapping[str, str], subprotocols: tuple[str, ...] = (), now: float = 0.0
    ) -> tuple[Realtime, dict[str, str]] | Refusal:
        """Return a connection to *url*, a target or a whole URL, with the headers of the answer; or its refusal."""
        session_id = str(uuid.UUID(int=len(self.connections) + 1, version=4))
        target = urlsplit(url)
        asked = parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query))
        query = dict(asked)
        version, _, language = target.path.strip("/").partition("/")
        if version != "v2" or language not in ("", MULTI, *LANGUAGES):
            return _refused(404, "no such path", session_id)
        if len(query) < len(asked) or not set(query) <= QUERY or subprotocols:
            return _refused(400, "malformed request", session_id)
        key = _key({name.lower(): value for name, value in headers.items()}, query)
        if not key or self.habits.refuses == "handshake":
            return _refused(401, "Not Authorized", session_id)
        found = Realtime(self.habits, session_id, language, now)
        self.connections.append(found)
        self.keys.append(key)
        return found, {"Request-Id": session_id, "Access-Control-Allow-Origin": "*"}


def _key(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme == "Bearer" and key.strip() else query.get("jwt", "")


def _refused(status: int, text: str, request_id: str) -> Refusal:
    body = json.dumps({"code": status, "error": text}).encode()
    return Refusal(status, {"content-type": "application/json", "Request-Id": request_id}, body)


__all__ = ["Habits", "Realtime", "Refusal", "Vendor"]
