"""A server half's surroundings: a context with countable ids, events to tell it, and what it says as JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from aai_migrate.credentials import Credential
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Command
from aai_migrate.wire.events import Final, Partial, TurnEnded, Word
from aai_migrate.wire.frames import Frame, Message

from .joined import text

EPOCH = 1_790_211_526.0
W = tuple[str, float, float]


def uuid(number: int) -> str:
    """The id that a context makes as its *number*-th."""
    return f"00000000-0000-4000-8000-{number:012d}"


def context(authenticate: Callable[[Credential | None], str | None] = lambda _: "somebody", **more: Any) -> Context:
    """A context with countable ids, in which 2026-09-24 is time 0."""
    ids = itertools.count(1)
    return Context(new_id=lambda: uuid(next(ids)), epoch=EPOCH, authenticate=authenticate, **more)


def heard(items: list[Frame | Command]) -> list[Any]:
    """Messages as the values that a client makes of them."""
    return [json.loads(item.data) if isinstance(item, Message) else item for item in items]


def words(*given: W, joiner: str = "", **more: Any) -> tuple[Word, ...]:
    """Words with a blank between them; the first has *joiner* before it."""
    return tuple(Word(w[0], w[1], w[2], 0.9, joiner=" " if index else joiner, **more) for index, w in enumerate(given))


def partial(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Partial:
    """An open tail."""
    items = words(*given, joiner=joiner)
    return Partial(turn=turn, text=text(items), words=items, channel=channel, **more)


def final(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Final:
    """A piece that is final."""
    items = words(*given, joiner=joiner)
    return Final(turn=turn, text=text(items), words=items, channel=channel, **more)


def ended(turn: Any, channel: int = 0, **more: Any) -> TurnEnded:
    """The end of a turn."""
    return TurnEnded(turn=turn, channel=channel, **more)
