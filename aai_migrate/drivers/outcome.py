"""What the application is to see of a session: unread events, and what became of it. The same for both drivers.

No lock and no waiting here: each driver brings its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from attrs import evolve

from ..errors import AaiMigrateError
from ..events import Begin, Reconnected, Reconnecting, StreamEvent, Termination
from ..session import SessionEvent
from ..settings import Settings
from ..turns import Turns
from ..wire import events as say
from ..wire.frames import FRAMES, Frame
from .queue import EventQueue

log = logging.getLogger("aai_migrate")


class Outcome:
    """A session's events, folded for the application.

    Attributes:
        session_id: the vendor's name for the session, from its first greeting.
        begun: whether the vendor has greeted.
        over: whether the session has ended; unread events may be left.
        termination: how it ended; None: not yet.
        error: why it failed; None: it has not.
    """

    def __init__(self, settings: Settings) -> None:
        self.session_id: str | None = None
        self.begun = self.over = False
        self.termination: Termination | None = None
        self.error: Exception | None = None
        self._name = settings.provider.name
        config = settings.config
        self._turns = Turns(self._name, formatted_turns=config.formatted_turns, vendor_messages=config.vendor_messages)
        self._events = EventQueue()
        self._finalizing: set[str] = set()

    # For who reads.

    def __len__(self) -> int:
        """How many events are unread."""
        return len(self._events)

    def pop(self) -> StreamEvent | None:
        """Take the oldest unread event; None: there is none."""
        return self._events.pop()

    # For who waits for the answer to a Finalize.

    def expect(self, id_: str) -> None:
        """Note that the Finalize *id_* was asked for."""
        self._finalizing.add(id_)

    def expected(self, id_: str) -> bool:
        """Say whether its answer has not come."""
        return id_ in self._finalizing

    def forget(self, id_: str) -> None:
        """Nobody waits for it any more."""
        self._finalizing.discard(id_)

    # For the session.

    def take(self, events: list[SessionEvent], now: float) -> None:
        """Take what one call of the session gave, whole: how events are shown depends on what came with them."""
        for event in events:
            match event:
                case say.Finalized(id_):
                    self._finalizing.discard(id_)
                case say.Failed(error):
                    self.error = self.error or error
                    self.over = True
                case say.Stopped():
                    self.over = True
        public = self._turns.fold(events, now)
        for shown in public:
            match shown:
                case Begin():
                    self.begun, self.session_id = True, shown.session_id
                case Termination():
                    self.termination = shown
                case Reconnecting() | Reconnected():
                    log.info("%s: %s", self._name, type(shown).__name__.lower())
        self._events.put(public)

    def crash(self, error: Exception) -> None:
        """End because of *error*, which raises where the stream is read, after the session's last events."""
        level = logging.DEBUG if isinstance(error, AaiMigrateError) else logging.ERROR  # it raises anyway
        log.log(level, "%s: stream failed: %s", self._name, type(error).__name__)
        self.error, self.over = self.error or error, True


def ended_by(error: Exception, out: Iterable[Frame | SessionEvent]) -> list[SessionEvent]:
    """Return the events of a session that was closed because of *error*, which they name."""
    reason = f"{type(error).__name__}: {error}"
    events = [item for item in out if not isinstance(item, FRAMES)]
    return [evolve(event, reason=reason) if isinstance(event, say.Stopped) else event for event in events]
