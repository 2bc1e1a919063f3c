"""A session at the server half, as a client makes it: a POST, then a websocket to the url of the answer."""

from __future__ import annotations

import itertools
import json
import random
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from aai_migrate_providers.gladia.server import Server

from aai_migrate.credentials import Credential
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.events import Event
from aai_migrate.wire.frames import Connect, Connected, HttpRequest, HttpResponse, Message, Ping

EPOCH = 1_790_211_526.0  # 2026-09-24T00:58:46Z
KEY = {"X-Gladia-Key": "k3y-of-a-test"}
URL = "http://gw:8080/v2/live"
STOP = Message('{"type":"stop_recording"}')


def seal(content: bytes) -> str:
    return urlsafe_b64encode(content[::-1]).decode()


def unseal(token: str) -> bytes | None:
    try:
        return urlsafe_b64decode(token.encode())[::-1]
    except ValueError:
        return None


def let_in(credential: Credential | None) -> str | None:
    """Know one key only."""
    return "ana" if credential and credential.secret.reveal() == "k3y-of-a-test" else None


def context(**changes: Any) -> Context:
    """A context with countable ids and a seal that anybody can open."""
    ids = itertools.count(1)
    known: dict[str, Any] = {
        "new_id": lambda: f"id-{next(ids)}",
        "epoch": EPOCH,
        "random": random.Random(7),
        "authenticate": let_in,
        "seal": seal,
        "unseal": unseal,
    }
    return Context(**(known | changes))


def ask(
    method: str = "POST",
    url: str = URL,
    body: Mapping[str, Any] | bytes = b"{}",
    headers: Mapping[str, str] | None = None,
    now: float = 0.0,
    **changes: Any,
) -> HttpResponse:
    """What a fresh server half answers to one request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    frame = HttpRequest(method, url, KEY if headers is None else headers, content)
    [response] = Server(context(**changes)).receive(frame, now)
    assert isinstance(response, HttpResponse)
    assert response.headers["content-type"] == "application/json"
    return response


def url_for(body: Mapping[str, Any] | None = None) -> str:
    """The url of a session that was asked for at time 0."""
    response = ask(body=body or {})
    assert response.status == 201, response.body
    return str(json.loads(response.body)["url"])


class Talk:
    """One session: keeps what the client was sent, and what the provider was asked.

    Attributes:
        frames: every frame for the client since the last look.
        asked: every command.
    """

    def __init__(self, body: Mapping[str, Any] | None = None, now: float = 0.0) -> None:
        self.server, self.url = Server(context()), url_for(body)
        self.frames: list[Any] = []
        self.asked: list[Any] = []
        self.now = now
        self.connect()

    def _sort(self, items: Iterable[Any]) -> list[Any]:
        items = list(items)
        commands = (Audio, Start)
        for item in items:
            is_command = isinstance(item, commands) or type(item).__module__.endswith("commands")
            (self.asked if is_command else self.frames).append(item)
        return items

    def connect(self) -> list[Any]:
        items = self._sort(self.server.receive(Connect(self.url), self.now))
        assert items[0] == Connected()
        return items

    def hear(self, *frames: Any) -> list[Any]:
        """The answers to frames of the client."""
        return [item for frame in frames for item in self._sort(self.server.receive(frame, self.now))]

    def say(self, *events: Event) -> list[Any]:
        """What the client is sent for events."""
        return [item for event in events for item in self._sort(self.server.send(event, self.now))]

    def tick(self, now: float) -> list[Any]:
        self.now = now
        return self._sort(self.server.tick(now))

    def told(self, *events: Event) -> list[dict[str, Any]]:
        """The messages for events, without their envelopes."""
        return messages(self.say(*events))

    @property
    def audio(self) -> bytes:
        return b"".join(item.data for item in self.asked if isinstance(item, Audio))


def messages(items: Iterable[Any]) -> list[dict[str, Any]]:
    """The JSON of every message, without its envelope."""
    found = []
    for item in items:
        if isinstance(item, Message):
            assert isinstance(item.data, str)
            message = json.loads(item.data)
            del message["session_id"], message["created_at"]
            found.append(message)
    return found


def kinds(items: Iterable[Any]) -> list[str]:
    """The types of messages; other frames by their class, but for pings."""
    return [
        json.loads(item.data)["type"] if isinstance(item, Message) else type(item).__name__
        for item in items
        if not isinstance(item, Ping)
    ]


def chunk(audio: bytes) -> Message:
    """Audio as JSON clients send it."""
    return Message(json.dumps({"type": "audio_chunk", "data": {"chunk": b64encode(audio).decode()}}))
