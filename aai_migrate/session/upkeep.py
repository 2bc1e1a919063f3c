"""What a live connection needs beside what was asked: signs of life, silence, and whether it still hears."""

from __future__ import annotations

from collections.abc import Iterator

from ..provider import Numbers
from ..wire.commands import Command, KeepAlive
from ..wire.frames import Ping, Pong
from .outbox import Outbox

STEP = 0.1
"""Seconds of silence injected at a time."""
LOOK = 1.0
"""Seconds between two looks whether old audio was silence."""


def early(seconds: float | None) -> float | None:
    """Return when to do what is due at the vendor after *seconds*: a little before."""
    return None if seconds is None else seconds * 0.8


class Upkeep:
    """The deadlines of one connection that nobody has to ask for; what :meth:`tick` yields is to be sent."""

    def __init__(self, numbers: Numbers, box: Outbox, idle: float, hold: float, now: float) -> None:
        """Begin with the greeting at *now*.

        Args:
            idle: seconds without audio after which silence helps an open turn to its end, for *hold* seconds at most.
        """
        self._numbers, self._box, self._idle, self._hold = numbers, box, idle, hold
        self._quiet_from = box.heard
        self._helped = 0.0
        self._pinged: tuple[bytes, float] | None = None  # what must come back, and what had been sent before it
        after = {
            "ping": numbers.ping,
            "keepalive": numbers.keepalive,
            "due": early(numbers.audio_due),
            "settle": numbers.settle_lag,
        }
        self._timers = {name: now + seconds for name, seconds in after.items() if seconds is not None}

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do; None: never."""
        return min(self._timers.values(), default=None)

    # What happened.

    def wrote(self, now: float) -> None:
        """Something was sent, which is a sign of life, but for a vendor to whom only audio is."""
        if self._numbers.keepalive_by != "silence":
            self._alive(now)

    def sounded(self, now: float) -> None:
        """Audio was sent, or silence."""
        self._alive(now)

    def _alive(self, now: float) -> None:
        if self._numbers.keepalive and "keepalive" in self._timers:
            self._timers["keepalive"] = now + self._numbers.keepalive

    def fed(self, now: float, last: float) -> None:
        """Audio was sent; the application fed the *last* of it then."""
        self._timers.pop("due", None)
        if self._numbers.ends_only_with_audio:
            self._timers["idle"] = max(now, last) + self._idle
            self._helped = 0.0

    def spoke(self, now: float, last: float) -> None:
        """The vendor heard speech."""
        self._quiet_from = self._box.heard
        if self._numbers.ends_only_with_audio:
            self._timers.setdefault("idle", max(now, last + self._idle))

    def ponged(self, frame: Pong, *, talking: bool, lag: float) -> float | None:
        """Return up to when on the connection all was silence: what was sent before the ping has been read."""
        if self._pinged is None or frame.data != self._pinged[0]:
            return None
        to, self._pinged = self._silent_to(self._pinged[1], lag), None
        return None if talking or to <= self._quiet_from else to

    # What is due.

    def tick(self, now: float, *, talking: bool, lag: float) -> Iterator[Command | Ping]:
        """Yield what is due, lazily: what is sent shows in what comes next.

        Args:
            talking: whether a turn is open.
            lag: seconds after which a vendor has shown what it heard.
        """
        for name in [name for name, due in self._timers.items() if due <= now]:
            match name:
                case "ping":
                    self._timers["ping"] = now + (self._numbers.ping or 0.0)
                    yield Ping()
                case "keepalive":
                    yield from self._keep_alive(now)
                case "due":
                    yield from self._show_audio(now)
                case "settle":
                    yield from self._ask_whether_heard(now, talking, lag)
                case _:
                    yield from self._help(now, talking)

    def _keep_alive(self, now: float) -> Iterator[Command | Ping]:
        self._timers["keepalive"] = now + (self._numbers.keepalive or 0.0)
        if self._box.stop_known:
            return
        match self._numbers.keepalive_by:
            case "silence":
                yield self._box.silence(STEP)
            case "ping":
                yield Ping()
            case _:
                yield KeepAlive()

    def _show_audio(self, now: float) -> Iterator[Command]:
        del self._timers["due"]
        if not self._box.stop_known:
            self._timers["due"] = now + (early(self._numbers.audio_due) or 0.0)
            yield self._box.silence(STEP)

    def _help(self, now: float, talking: bool) -> Iterator[Command]:
        """The application went quiet in mid-turn: silence ends the turn, in real time and not for ever."""
        box = self._box
        del self._timers["idle"]
        if box.stop_sent or not talking or self._helped >= self._hold:
            return
        self._timers["idle"] = now + STEP
        if rest := box.rest():
            yield rest
        if not box.backlog:
            self._helped += STEP
            yield box.silence(STEP)

    def _ask_whether_heard(self, now: float, talking: bool, lag: float) -> Iterator[Ping]:
        """Ask whether the vendor has read what seems to be silence: a connection can be dead and not show it."""
        self._timers["settle"] = now + LOOK
        if talking or self._pinged or self._silent_to(self._box.heard, lag) <= self._quiet_from:
            return
        timeline = self._box.timeline
        self._pinged = (f"{timeline.sent}".encode(), timeline.seconds)
        yield Ping(self._pinged[0])

    def _silent_to(self, read: float, lag: float) -> float:
        """With nothing open, audio older than the vendor's lag that it has *read* and found no word in was silence."""
        return min(self._box.heard, read) - lag
