"""Plays a trace to a client half: the vendor's side as recorded, ours as the half itself says it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.events import StreamEvent
from aai_migrate.masking import masked_headers, masked_url
from aai_migrate.provider import ClientPeer
from aai_migrate.testing import Trace
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Command
from aai_migrate.wire.events import Event, Word
from aai_migrate.wire.frames import Connect, Frame, HttpRequest

ORIGIN = "composed by hand from the vendor's documented messages, https://"


def replay(
    path: Path, client: ClientPeer, config: Config, asked: Callable[[Frame, Config], Command]
) -> list[tuple[float, StreamEvent]]:
    """Return the public events with their times; our side must be what *client* says to the same commands.

    Args:
        asked: the command behind a frame of our side that no frame of the vendor's has brought about.
    """
    trace = Trace.load(path)
    assert trace.origin.startswith(ORIGIN)
    turns = Turns(trace.provider, formatted_turns=config.formatted_turns)
    seen: list[tuple[float, StreamEvent]] = []
    said: list[Frame] = []  # by our side, and not yet met with in the trace

    def take(items: list[Frame | Event], now: float) -> None:
        said.extend(masked(item) for item in items if isinstance(item, Frame))
        events = [item for item in items if isinstance(item, Event)]
        seen.extend((now, event) for event in turns.fold(events, now))

    for entry in trace.entries:
        while client.deadline is not None and client.deadline <= entry.time:
            due = client.deadline
            take(client.tick(due), due)
        if entry.direction == "<":
            assert not said
            take(client.receive(entry.frame, entry.time), entry.time)
            continue
        if not said:
            take(client.send(asked(entry.frame, config), entry.time), entry.time)
        assert said.pop(0) == entry.frame
    assert not said
    assert client.deadline is None
    return seen


def masked(frame: Frame) -> Frame:
    """Return *frame* as a trace shows it."""
    if isinstance(frame, Connect | HttpRequest):
        return evolve(frame, url=masked_url(frame.url), headers=masked_headers(frame.headers))
    return frame


def words(items: tuple[Word, ...]) -> str:
    """Words with their times in ms; a star marks those that are final."""
    shown = [f"{w.text}{'*' * w.is_final}@{round(w.start * 1000)}-{round(w.end * 1000)}" for w in items]
    return " ".join(shown)
