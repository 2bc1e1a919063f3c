"""Changes in mid-session that a client has asked for: answered in the order in which they came."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from attrs import define, field

MOST = 8
"""Changes that may wait for their answer."""
Change = TypeVar("Change")


@define
class _Asked(Generic[Change]):
    id: str | None  # of the command; None: nothing neutral changed
    change: Change = field(repr=False)
    answer: tuple[bool, str] | None


class Pending(Generic[Change]):
    """The changes of one session that are not answered yet."""

    def __init__(self) -> None:
        self._asked: deque[_Asked[Change]] = deque()

    @property
    def full(self) -> bool:
        """Whether no more can be asked for now."""
        return len(self._asked) >= MOST

    @property
    def changes(self) -> list[Change]:
        """Those that wait, in order."""
        return [asked.change for asked in self._asked]

    def ask(self, id_: str | None, change: Change) -> None:
        """Let *change* wait; without *id_* only for those before it."""
        self._asked.append(_Asked(id_, change, (True, "") if id_ is None else None))

    def answer(self, id_: str, *, accepted: bool, reason: str) -> None:
        """Take note of what became of the change *id_*; another is nobody's."""
        for asked in self._asked:
            if asked.id == id_:
                asked.answer = (accepted, reason)

    def answered(self) -> list[tuple[Change, bool, str]]:
        """Return what can be told now: changes, whether they were made, and why not."""
        out = []
        while self._asked and (answer := self._asked[0].answer):
            out.append((self._asked.popleft().change, *answer))
        return out
