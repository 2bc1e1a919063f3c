"""A server half as its clients meet it: handshakes, what it says as JSON, and events to tell it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from aai_migrate_providers.deepgram.server import Server

from aai_migrate.credentials import Credential
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Command, Start
from aai_migrate.wire.events import Event, Final, Partial, TurnEnded, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, Message, Refused

KEY = {"Authorization": "Token k3y"}
RAW = "encoding=linear16&sample_rate=16000"
SECOND = bytes(32_000)
"""One second of silence in the format of ``RAW``."""
CLOSE_STREAM = Message('{"type":"CloseStream"}')
KEEP_ALIVE = Message('{"type":"KeepAlive"}')
FINALIZE = Message('{"type":"Finalize"}')
EPOCH = 1_790_211_526.0
W = tuple[str, float, float]


def uuid(number: int) -> str:
    """The id that a context makes as its *number*-th."""
    return f"00000000-0000-4000-8000-{number:012d}"


def context(authenticate: Callable[[Credential | None], str | None] = lambda _: "somebody", **more: Any) -> Context:
    """A context with countable ids, in which 2026-09-24 is time 0."""
    ids = itertools.count(1)
    return Context(new_id=lambda: uuid(next(ids)), epoch=EPOCH, authenticate=authenticate, **more)


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


def heard(items: list[Frame | Command]) -> list[Any]:
    """Messages as the values that a client makes of them."""
    return [json.loads(item.data) if isinstance(item, Message) else item for item in items]


def words(*given: W, joiner: str = "") -> tuple[Word, ...]:
    """Words with a blank between them; the first has *joiner* before it."""
    return tuple(Word(w[0], w[1], w[2], 0.9, joiner=" " if index else joiner) for index, w in enumerate(given))


def partial(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Partial:
    """An open tail."""
    items = words(*given, joiner=joiner)
    text = "".join(word.joiner + word.text for word in items)
    return Partial(turn=turn, text=text, words=items, channel=channel, **more)


def final(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Final:
    """A piece that is final."""
    items = words(*given, joiner=joiner)
    text = "".join(word.joiner + word.text for word in items)
    return Final(turn=turn, text=text, words=items, channel=channel, **more)


def ended(turn: Any, channel: int = 0, **more: Any) -> TurnEnded:
    """The end of a turn."""
    return TurnEnded(turn=turn, channel=channel, **more)
