"""A server half as its clients meet it: handshakes, what it says as JSON, and events to tell it."""

from __future__ import annotations

import json
from typing import Any

from aai_migrate_providers.deepgram.server import Server

from aai_migrate.wire.commands import Start
from aai_migrate.wire.events import Event
from aai_migrate.wire.frames import Connect, Connected, Message, Refused

from ..served import context, heard, uuid

KEY = {"Authorization": "Token k3y"}
RAW = "encoding=linear16&sample_rate=16000"
SECOND = bytes(32_000)
"""One second of silence in the format of ``RAW``."""
CLOSE_STREAM = Message('{"type":"CloseStream"}')
KEEP_ALIVE = Message('{"type":"KeepAlive"}')
FINALIZE = Message('{"type":"Finalize"}')


def connect(target: str, headers: dict[str, str] | None = None, *subprotocols: str) -> list[Any]:
    """What a fresh server half answers to a handshake at time 0."""
    return Server(context()).receive(Connect(target, KEY if headers is None else headers, subprotocols), 0.0)


def refused(target: str) -> tuple[int, str, str]:
    """Status, code and text of a refusal, which says the same in header and body, and has an id."""
    [refusal] = connect(target)
    assert isinstance(refusal, Refused)
    body = json.loads(refusal.body)
    assert refusal.headers["content-type"] == "application/json"
    assert refusal.headers["dg-error"] == body["err_msg"]
    assert refusal.headers["dg-request-id"] == body["request_id"] == uuid(1)
    assert set(body) == {"err_code", "err_msg", "request_id"}
    return refusal.status, body["err_code"], body["err_msg"]


def started(target: str) -> Start:
    """The command that a handshake brings about."""
    start = connect(target)[-1]
    assert isinstance(start, Start)
    return start


def begun(target: str) -> Server:
    """A server half whose session has been asked for, at time 0."""
    server = Server(context())
    out = server.receive(Connect(target, KEY), 0.0)
    assert isinstance(out[0], Connected)
    assert isinstance(out[-1], Start)
    return server


def tell(server: Server, *events: Event, now: float = 0.0) -> list[Any]:
    """What the client hears of *events*, which come at once: JSON as values, other things as they are."""
    out = [item for event in events for item in server.send(event, now)]
    while server.deadline is not None and server.deadline <= now:
        out += server.tick(now)
    return heard(out)
