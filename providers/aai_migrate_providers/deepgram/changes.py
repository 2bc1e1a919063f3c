"""Changes in mid-session, one at a time: the vendor refuses one while another is pending.

Source: https://developers.deepgram.com/docs/flux/configure
"""

from __future__ import annotations

from collections import deque

from aai_migrate.wire.events import Configured
from aai_migrate.wire.frames import Message

ANSWER = 5.0
"""Seconds after which a change that nobody answered counts as made: older servers do not answer."""
MOST = 100
"""Changes that may wait, the one that was sent among them."""


class Changes:
    """The ``Configure`` messages of one connection that are not answered yet."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, Message]] = deque()
        self.deadline: float | None = None

    def ask(self, id_: str, message: Message, now: float) -> list[Message | Configured]:
        """Send *message*, or let it wait for the answer to the one before; refuse it where too many do."""
        if len(self._waiting) >= MOST:
            return [Configured(id_, False, f"{MOST} changes wait for their turn already")]
        self._waiting.append((id_, message))
        return self._next(now) if len(self._waiting) == 1 else []

    def answered(self, now: float, *, accepted: bool = True, reason: str = "") -> list[Message | Configured]:
        """Take the answer to the one that was sent; another is nobody's."""
        if not self._waiting:
            return []
        id_, _ = self._waiting.popleft()
        return [Configured(id_, accepted, reason), *self._next(now)]

    def refuse(self, reason: str) -> list[Configured]:
        """Give up all that are not answered."""
        refused = [Configured(id_, False, reason) for id_, _ in self._waiting]
        self._waiting.clear()
        self.deadline = None
        return refused

    def stop(self) -> list[Configured]:
        """Give up those that were not sent yet: behind the end of the audio nothing is read."""
        unsent = [*self._waiting][1:]
        self._waiting = deque([*self._waiting][:1])
        return [Configured(id_, False, "the stream was stopped before its turn came") for id_, _ in unsent]

    def tick(self, now: float) -> list[Message | Configured]:
        """Give up waiting for an answer that is due."""
        return self.answered(now) if self.deadline is not None and now >= self.deadline else []

    def _next(self, now: float) -> list[Message | Configured]:
        self.deadline = now + ANSWER if self._waiting else None
        return [self._waiting[0][1]] if self._waiting else []
