"""Finalizes that are not answered yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define

from aai_migrate.wire.events import Finalized

NEAR = 0.25
"""Seconds by which the answer may speak of less audio than was sent before it was asked for."""
MOST = 100
"""Of those that wait; the vendor need not answer where nothing was said."""


@define
class _Asked:
    id: str
    place: float  # seconds of audio that were sent before it
    channels: set[int]  # those that have not answered


class Asked:
    """The Finalizes of one connection, in order."""

    def __init__(self) -> None:
        self._waiting: deque[_Asked] = deque(maxlen=MOST)

    def ask(self, id_: str, channels: Iterable[int], place: float) -> None:
        """Note a Finalize of *channels* after *place* seconds of audio."""
        self._waiting.append(_Asked(id_, place, {*channels}))

    def waits(self, channel: int, at: float | None = None) -> bool:
        """Say whether *channel* owes an answer; with *at*, one of no more audio than that."""
        return any(channel in asked.channels and (at is None or asked.place <= at + NEAR) for asked in self._waiting)

    def answer(self, channel: int, at: float | None) -> list[Finalized]:
        """Take an answer of *channel* up to *at*: to the first, and to all up to there, since some are not answered."""
        out: list[Finalized] = []
        found = False
        for asked in list(self._waiting):
            if channel in asked.channels and (not found or (at is not None and asked.place <= at + NEAR)):
                found = True
                asked.channels.discard(channel)
                if not asked.channels:
                    self._waiting.remove(asked)
                    out.append(Finalized(asked.id, "vendor"))
        return out

    def finish(self) -> list[Finalized]:
        """Nothing more comes, so all are done."""
        done = [Finalized(asked.id, "settled") for asked in self._waiting]
        self._waiting.clear()
        return done
