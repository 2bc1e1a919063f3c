"""Both halves of a vendor joined in memory, without a session: what either says, the other hears at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from aai_migrate.provider import ClientPeer, ServerPeer
from aai_migrate.wire.commands import Audio, Command, Configure, Finalize, Silence
from aai_migrate.wire.events import Event, Word
from aai_migrate.wire.frames import Frame


class Halves:
    """Both halves; a list each of what came out at the far side: commands ``asked``, and events ``heard``."""

    def __init__(self, client: ClientPeer, server: ServerPeer) -> None:
        self.client, self.server = client, server
        self.asked: list[Command] = []
        self.heard: list[Event] = []

    def ask(self, command: Command, now: float = 0.0) -> None:
        self._up(self.client.send(command, now))

    def say(self, event: Event) -> None:
        self._down(self.server.send(event, 0.0))

    def _up(self, items: Iterable[Frame | Event]) -> None:
        for item in items:
            if isinstance(item, Frame):
                self._down(self.server.receive(item, 0.0))
            else:
                self.heard.append(item)

    def _down(self, items: Iterable[Frame | Command]) -> None:
        for item in items:
            if isinstance(item, Frame):
                self._up(self.client.receive(item, 0.0))
            else:
                self.asked.append(item)


def plain(command: Command) -> Any:
    """What of a command every dialect can say: silence is audio, ids are each half's own."""
    match command:
        case Silence(seconds):
            return Audio(bytes(round(seconds * 32_000)))
        case Finalize():
            return "finalize"
        case Configure(options=options):
            return dict(options)
    return command


@st.composite
def speeches(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[list[list[Word]]]:
    """Turns, each as its pieces that become final at once; times are whole milliseconds and rise."""
    clock, turns = 0, []
    for _ in range(draw(st.integers(0, 4))):
        parts: list[list[Word]] = []
        for _ in range(draw(st.integers(1, 3))):
            part: list[Word] = []
            for text in draw(st.lists(texts, min_size=1, max_size=4)):
                start = clock + draw(st.integers(0, 500))
                clock = start + draw(st.integers(0, 500))
                joiner = " " if part or parts else ""
                part.append(Word(text, start / 1000, clock / 1000, draw(st.integers(0, 100)) / 100, joiner=joiner))
            parts.append(part)
        turns.append(parts)
    return turns


def text(words: Iterable[Word]) -> str:
    """Return *words* as they are written."""
    return "".join(word.joiner + word.text for word in words)
