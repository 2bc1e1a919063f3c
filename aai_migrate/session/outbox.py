"""What to send next: marks at their place, audio in chunks, silence where it is due, never faster than allowed."""

from __future__ import annotations

from collections.abc import Iterator

from ..audio.convert import Converter
from ..audio.format import AudioFormat
from ..provider import Numbers
from ..wire.commands import Audio, Command, Configure, Finalize, Silence, Stop
from .log import Log, Mark
from .timeline import Timeline

BURST = 1.0
"""Seconds of audio that leave in one go, so that a driver writes what it has before it asks for more."""
TOO_SHORT = 1e-6
"""Seconds that no clock waits: what rounding leaves of a wait that is over."""


class Outbox:
    """The way of audio and marks from the log to the present connection.

    Attributes:
        log: what was asked.
        timeline: what the present connection was sent.
        cursor: the next sample to send.
        reached: the furthest sample any connection was sent.
        stop_sent: whether the present connection was told to stop.
        stop_known: whether the vendor's session was, which may be older than the connection.
        heard: seconds of this connection that a vendor who listens in real time at least has heard by now.
    """

    def __init__(
        self,
        numbers: Numbers,
        audio: AudioFormat,
        wire: AudioFormat,
        hold: float,
        hold_bytes: int,
        backlog: float = 0.0,
    ) -> None:
        """Keep *hold* seconds for a replay beside *backlog* seconds that wait to be sent; *hold_bytes* at most."""
        self._numbers, self._audio, self._wire, self._hold = numbers, audio, wire, hold
        self.rate = audio.sample_rate
        self.log = Log(audio.frame, min(self.sample(hold + backlog), hold_bytes // audio.frame))
        self.cursor = self.reached = 0
        self.begin(0, 0.0)

    def sample(self, seconds: float) -> int:
        """Return the sample at *seconds*."""
        return round(seconds * self.rate)

    @property
    def fed(self) -> float:
        """Seconds of audio that were fed."""
        return self.log.end / self.rate

    @property
    def backlog(self) -> float:
        """Seconds of audio that were fed and wait to be sent."""
        return (self.log.end - self.cursor) / self.rate

    def begin(self, cursor: int, now: float) -> None:
        """A new connection: a new timeline from sample *cursor*."""
        self.timeline = Timeline(self.rate)
        self.cursor = cursor
        self.stop_known = False
        self._converter = Converter(self._audio, self._wire)
        self.resume(now)

    def resume(self, now: float) -> None:
        """Audio may flow, on the present timeline; marks from the cursor on are sent again."""
        self._since, self._offset, self._now = now, self.timeline.seconds, now
        self.heard = self.timeline.seconds
        self.stop_sent = False
        for mark in self.log.marks:
            later = isinstance(mark.command, Configure) and mark.position > self.cursor  # not in the settings yet
            mark.sent = mark.answered and not later

    def advance(self, now: float) -> None:
        """Move :attr:`heard`."""
        self.heard = min(self.timeline.seconds, self.heard + max(0.0, now - self._now))
        self._now = now

    @property
    def unheard(self) -> float:
        """Seconds of audio that the vendor may still have to listen to."""
        return self.timeline.seconds - self.heard

    def wait(self, now: float, settled: float, count: int) -> float:
        """Seconds until *count* samples may go: at the vendor's pace, and never further ahead than can be replayed."""
        wait = 0.0
        if self._numbers.pace:
            after = self.timeline.seconds + count / self.rate - self._offset
            wait = (after - self._numbers.pace.allowed(now - self._since)) / self._numbers.pace.factor
        if self.cursor / self.rate - settled >= self._hold - BURST:
            wait = max(wait, self.unheard)
        return wait

    def due(self, now: float, settled: float) -> Iterator[tuple[Command, Mark | None] | float]:
        """Yield what goes out now, each with its mark; a last number is the seconds until more may go.

        Lazy: the caller hands each on before it asks for the next, so what the answer changes is seen.
        """
        least, usual, _ = self._numbers.chunk
        until = self.timeline.sent + self.sample(BURST)
        while not self.stop_sent:
            mark = self.log.unsent()
            if mark and mark.position <= self.cursor:
                yield from self._marked(mark)
                continue
            end = mark.position if mark else self.log.end
            count = min(end - self.cursor, self.sample(usual))
            if count <= 0 or (not mark and count < self.sample(least)):
                return
            wait = self.wait(now, settled, count) if self.timeline.sent < until else 0.0
            if wait > TOO_SHORT or self.timeline.sent >= until:
                yield wait
                return
            yield self.audio(count), None

    def _marked(self, mark: Mark) -> Iterator[tuple[Command, Mark | None]]:
        mark.sent = True
        match mark.command:
            case Stop():
                if self._numbers.stop_silence:
                    yield self.silence(self._numbers.stop_silence), None
                self.stop_sent = self.stop_known = True
                yield mark.command, mark
            case Finalize() if self._numbers.finalize == "silence":
                yield self.silence(self._numbers.finalize_silence), mark
            case _:
                yield mark.command, mark

    def rest(self) -> Audio | None:
        """Return what waits for a chunk to fill, to be sent as it is."""
        count = self.log.end - self.cursor
        return self.audio(count) if 0 < count < self.sample(self._numbers.chunk[0]) else None

    def audio(self, count: int) -> Audio:
        """Return the next *count* samples in the wire's format, as sent."""
        data = self._converter.convert(self.log.read(self.cursor, count))
        self.timeline.audio(self.cursor, count)
        self.cursor += count
        self.reached = max(self.reached, self.cursor)
        self.log.evict(self.cursor)
        return Audio(data)

    def silence(self, seconds: float) -> Silence:
        """Return *seconds* of silence, as injected here."""
        self.timeline.silence(self.cursor, self.sample(seconds))
        return Silence(seconds)
