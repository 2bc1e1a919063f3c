"""Wire text as the vendor's pages show it, written without the code under test."""

from __future__ import annotations

import itertools
import json
from typing import Any

from aai_migrate_providers.assemblyai_v2.client import Client
from aai_migrate_providers.assemblyai_v2.server import Server
from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Start
from aai_migrate.wire.events import Event, Started, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, Message

URL = "ws://far.test:8080"
PATH = "/v2/realtime/ws"
EPOCH = 1_741_086_000.0
"""2025-03-04T11:00:00 in UTC."""
BEGINS = (
    '{"message_type":"SessionBegins","session_id":"5a1d3b0c-9f1e-4d0a-8f57-2f0b5c6f7e10",'
    '"expires_at":"2025-03-04T12:30:00.118204"}'
)
TERMINATED = '{"message_type":"SessionTerminated"}'
KEY = Credential(Secret("k3y-of-a-test"))
HEADER = {"Authorization": "k3y-of-a-test"}
END = '{"terminate_session":true}'

W = tuple[str, int, int]


def context(principal: str | None = "somebody") -> Context:
    """A context with countable ids, in which an hour of 2025 is time 0."""
    ids = itertools.count(1)
    return Context(new_id=lambda: f"id-{next(ids)}", epoch=EPOCH, authenticate=lambda _: principal)


def parted(server: Server, out: list[Any], now: float = 1.0) -> list[Any]:
    """*out*, which was said at *now*, with what follows half a second later where that is all."""
    assert server.deadline == now + 0.5
    assert server.receive(Message(bytes(320)), now) == server.tick(now + 0.4) == []
    last = server.tick(now + 0.5)
    assert server.deadline is None
    assert server.tick(now + 9.0) == server.receive(Message(END), now + 9.0) == []
    return [*out, *last]


def transcript(kind: str, window: tuple[int, int], text: str, *words: W, **more: Any) -> str:
    """One transcript in production's key order; a word is text, start and end in ms."""
    message = {
        "message_type": f"{kind}Transcript",
        "created": "2025-03-04T11:00:07.402113",
        "audio_start": window[0],
        "audio_end": window[1],
        "confidence": 0.875 if text else 0,
        "text": text,
        "words": [{"text": w[0], "start": w[1], "end": w[2], "confidence": 0.9} for w in words],
    }
    if kind == "Final":
        message |= {"punctuated": True, "text_formatted": True}
    return json.dumps(message | more, ensure_ascii=False)


def partial(window: tuple[int, int], text: str, *words: W, **more: Any) -> str:
    return transcript("Partial", window, text, *words, **more)


def final(window: tuple[int, int], text: str, *words: W, **more: Any) -> str:
    return transcript("Final", window, text, *words, **more)


def word(text: str, start: float, end: float, *, final: bool = True, joiner: str = " ") -> Word:
    """What the client half makes of one word of :func:`transcript`."""
    return Word(text, start, end, 0.9, final, joiner=joiner)


def dialled(config: Config | None = None, credential: Credential | None = KEY) -> tuple[Client, Connect]:
    """A client half that has dialled, with its handshake."""
    client = Client(context())
    items = client.send(Start(evolve(config or Config(), base_url=URL), credential), 0.0)
    [connect] = [item for item in items if isinstance(item, Connect)]
    return client, connect


def started(config: Config | None = None) -> Client:
    """A client half after ``SessionBegins``, at time 0."""
    client, _ = dialled(config)
    client.receive(Connected(), 0.0)
    assert any(isinstance(item, Started) for item in client.receive(Message(BEGINS), 0.0))
    return client


def hear(client: Client, *texts: str, now: float = 0.0) -> list[Frame | Event]:
    """Everything that *client* answers to messages that come at *now*."""
    return [item for text in texts for item in client.receive(Message(text), now)]


def begun(query: str = "sample_rate=16000", *messages: str | bytes) -> Server:
    """A server half that greeted at time 0, and whose client has said *messages*."""
    server = Server(context())
    assert server.receive(Connect(f"{PATH}?{query}", HEADER), 0.0)[0] == Connected()
    for message in messages:
        server.receive(Message(message), 0.0)
    return server
