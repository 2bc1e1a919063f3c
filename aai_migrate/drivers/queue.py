"""The events that wait for a slow reader: every end of a turn, and the latest partial of each open one.

No lock and no waiting here: each driver brings its own.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from ..events import StreamEvent, Turn, VendorMessage

MOST_MESSAGES = 1000
"""Unread messages of the vendor's: of more the oldest are dropped."""


class EventQueue:
    """Unread events in order. What is left after dropping is always a part of what came, in its order."""

    def __init__(self) -> None:
        self._events: OrderedDict[int, StreamEvent] = OrderedDict()
        self._partials: dict[tuple[int, int], int] = {}
        self._messages: deque[int] = deque()
        self._count = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, events: Iterable[StreamEvent]) -> None:
        """Append *events*; an unread partial that a later state of its turn restates is dropped."""
        for event in events:
            self._count += 1
            if isinstance(event, Turn):
                key = event.channel, event.turn_order
                stale = self._partials.pop(key, None)
                if stale is not None:
                    del self._events[stale]
                if not event.end_of_turn:
                    self._partials[key] = self._count
            elif isinstance(event, VendorMessage):
                self._messages.append(self._count)
                if len(self._messages) > MOST_MESSAGES:
                    del self._events[self._messages.popleft()]
            self._events[self._count] = event

    def pop(self) -> StreamEvent | None:
        """Take the oldest event; None: there is none."""
        if not self._events:
            return None
        number, event = self._events.popitem(last=False)
        if isinstance(event, Turn) and self._partials.get((event.channel, event.turn_order)) == number:
            del self._partials[event.channel, event.turn_order]
        elif isinstance(event, VendorMessage):
            self._messages.popleft()
        return event
