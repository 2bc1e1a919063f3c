"""What is left of a session that ended with an error: a moment in which its client may ask for the end.

Clients that have asked for it wait for ``SessionTerminated``, some for ever and even behind a close; what they ask
while an error is on its way crosses with it. To the others the close frame says what went wrong, as the vendor's did.
"""

from __future__ import annotations

from typing import Any

from aai_migrate.wire import values
from aai_migrate.wire.frames import LONGEST_REASON, Close, Frame, Lost, Message

from .errors import CODES
from .request import Refusal

MOMENT = 0.5
"""Seconds between the text of an error and the close frame."""


class Parting:
    """The end of one session."""

    def __init__(self, fault: Refusal, now: float) -> None:
        """Begin at *now*, behind :func:`told`."""
        text = values.readable(fault.text)
        reason = text if len(text.encode()) <= LONGEST_REASON else CODES[fault.code].text
        self._close = Close(fault.code, reason)
        self.deadline: float | None = now + MOMENT

    def receive(self, frame: Frame) -> list[Frame]:
        """Read one frame: who asks for the end gets it."""
        if self.deadline is None:
            return []
        if isinstance(frame, (Close, Lost)):
            self.deadline = None
        if isinstance(frame, Message) and isinstance(frame.data, str) and asks_for_the_end(frame.data):
            return [terminated(), *self._end()]
        return []

    def tick(self, now: float) -> list[Frame]:
        """Close when the moment is over."""
        return self._end() if self.deadline is not None and now >= self.deadline else []

    def _end(self) -> list[Frame]:
        self.deadline = None
        return [self._close]


def asks_for_the_end(text: str) -> bool:
    """Say whether a message is ``terminate_session``."""
    return (values.parse(text) or {}).get("terminate_session") is True


def told(fault: Refusal) -> Message:
    """Return the text of an error."""
    return written({"error": fault.text})


def terminated() -> Message:
    """Return what clients wait for that have asked for the end."""
    return written({"message_type": "SessionTerminated"})


def written(value: dict[str, Any]) -> Message:
    """Write a message."""
    return Message(values.dumps(value))
