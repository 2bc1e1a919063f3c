"""Wire text as the vendor's pages show it, written without the code under test."""

from __future__ import annotations

import itertools
import json
from typing import Any

from aai_migrate_providers.assemblyai_v3.client import Client

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Start
from aai_migrate.wire.events import Event, Started, Word
from aai_migrate.wire.frames import Connect, Frame, Message

BEGIN = '{"type":"Begin","id":"6a0c2f0e-94a5-4c61-9a55-0f6f1f6c2d11","expires_at":1790222326}'
US = "universal-streaming-english"
U3 = "u3-rt-pro"
KEY = Credential(Secret("k3y-of-a-test"))

W = tuple[str, int, int] | tuple[str, int, int, bool]


def context(principal: str | None = "somebody") -> Context:
    """A context with countable ids, in which 2026-09-24 is time 0."""
    ids = itertools.count(1)
    return Context(new_id=lambda: f"id-{next(ids)}", epoch=1_790_211_526.0, authenticate=lambda _: principal)


def turn(order: Any, text: str, *words: W, end: bool = False, fmt: bool = False, **more: Any) -> str:
    """One ``Turn`` in production's key order; a word is text, start and end in ms, and whether it is open."""
    items = [{"start": w[1], "end": w[2], "text": w[0], "confidence": 0.9, "word_is_final": len(w) < 4} for w in words]
    message = {
        "turn_order": order,
        "turn_is_formatted": fmt,
        "end_of_turn": end,
        "transcript": text,
        "end_of_turn_confidence": 1 if end else 0,
        "words": items,
        "utterance": "",
    }
    return json.dumps(message | more | {"type": "Turn"}, ensure_ascii=False)


def word(text: str, start: float, end: float, *, final: bool = True, joiner: str = " ") -> Word:
    """What the client half makes of one word of :func:`turn`."""
    return Word(text, start, end, 0.9, final, joiner=joiner)


def started(config: Config | None = None, *, begin: str = BEGIN) -> Client:
    """A client half after ``Begin``, at time 0."""
    client = Client(context())
    client.send(Start(config or Config(), KEY), 0.0)
    assert any(isinstance(item, Started) for item in client.receive(Message(begin), 0.0))
    return client


def hear(client: Client, *texts: str, now: float = 0.0) -> list[Frame | Event]:
    """Everything that *client* answers to messages that come at *now*."""
    return [item for text in texts for item in client.receive(Message(text), now)]


def dialled(config: Config, credential: Credential | None = KEY) -> Connect:
    """The handshake of a session."""
    [connect] = [item for item in Client(context()).send(Start(config, credential), 0.0) if isinstance(item, Connect)]
    return connect
