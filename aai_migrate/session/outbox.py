"""What to send next: marks at their place, audio in chunks, silence where it is due, never faster than allowed."""

from __future__ import annotations

from collections.abc import Iterator

from ..audio.format import AudioFormat
from ..provider import Numbers
from ..wire.commands import Audio, Command, Configure, Finalize, Silence, Stop
from .log import Log, Mark
from .timeline import Timeline

BURST = 1.0
"""Seconds of audio that leave in one go, so that a driver writes what it has before it asks for more."""
FULL = 1.0
"""Seconds after which to look again whether the vendor has taken something; it says so sooner."""
UNTOLD = 2.0
"""Seconds that a vendor has for its first word of what it has taken; who has said nothing by then never does."""
SHED = 1.0
"""Seconds of audio that are lost at a time where a live source cannot wait: one gap a second, not one a chunk."""
BEYOND = 0.3
"""Seconds by which silence that ends a turn is longer than what the caller said ends it."""
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
        turn_silence: seconds of silence that the caller wants turns to end after; 0: as the vendor likes.
        taken: seconds of this connection that the vendor says it has; None: it has said nothing of that.
        heard: seconds of this connection that a vendor who listens in real time at least has heard by now.
    """

    def __init__(
        self,
        numbers: Numbers,
        wire: AudioFormat,
        hold: float,
        hold_bytes: int,
        backlog: float = 0.0,
        turn_silence: float = 0.0,
    ) -> None:
        """Keep *hold* seconds for a replay beside *backlog* seconds that wait to be sent; *hold_bytes* at most."""
        self._numbers, self._hold, self.turn_silence = numbers, hold, turn_silence
        self.rate = wire.sample_rate
        self.log = Log(wire.frame, min(self.sample(hold + backlog), hold_bytes // wire.frame))
        self.reached = 0
        self.taken: float | None = None
        self.begin(0, 0.0)

    def sample(self, seconds: float) -> int:
        """Return the sample at *seconds*."""
        return round(seconds * self.rate)

    @property
    def fed(self) -> float:
        """Seconds of audio that were fed, lost ones included: the session's clock."""
        return self.log.end / self.rate

    @property
    def backlog(self) -> float:
        """Seconds of audio that were fed and wait to be sent."""
        return self.log.count(self.cursor) / self.rate

    def shed(self, most: float) -> tuple[float, float] | None:
        """Lose the oldest unsent audio when more than *most* seconds wait; return from when to when."""
        over = self.log.count(self.cursor) - self.sample(most)
        if over <= 0:
            return None
        first = self.cursor
        self.log.drop(first, self.log.after(first, over + self.sample(min(SHED, most / 2))))
        return first / self.rate, self.log.stretch(first)[0] / self.rate

    def begin(self, cursor: int, now: float) -> None:
        """A new connection: a new timeline from sample *cursor*."""
        self.timeline = Timeline(self.rate)
        self.cursor, self.taken = cursor, None
        self._full: float | None = None  # since when a vendor that has said nothing has all that may be under way
        self.stop_known = False
        self.resume(now)

    def resume(self, now: float, taken: float | None = None) -> None:
        """Audio may flow, on the present timeline; marks are sent again, but for silence that was *taken* before."""
        self._since, self._offset, self._now = now, self.timeline.seconds, now
        self.heard = self.timeline.seconds
        self.stop_sent = False
        for mark in self.log.marks:
            later = isinstance(mark.command, Configure) and mark.position > self.cursor  # not in the settings yet
            heard = taken is not None and mark.until is not None and mark.until <= taken
            mark.sent = (mark.answered and not later) or (mark.sent and heard)

    @property
    def _ending(self) -> float:
        """Seconds of silence that end a turn for sure."""
        return max(self._numbers.finalize_silence, self.turn_silence + BEYOND)

    def silenced(self) -> list[str]:
        """Return the ids of the Finalizes whose silence went out and that have no answer."""
        return [command.id for mark, command in self._finalizes() if mark.until is not None]

    def done(self, settled: float) -> list[str]:
        """Return the ids of the Finalizes that went out and are done if all before *settled* is, and no turn is open.

        Where silence did it, speech that ended so shortly before that its turn was still open was the last before it.
        """
        silence, to = self.sample(self._ending - BEYOND), self.sample(settled)
        found = self._finalizes()
        return [command.id for mark, command in found if mark.position - silence * (mark.until is not None) <= to]

    def _finalizes(self) -> Iterator[tuple[Mark, Finalize]]:
        for mark in self.log.marks:
            if mark.sent and not mark.answered and isinstance(mark.command, Finalize):
                yield mark, mark.command

    def advance(self, now: float) -> None:
        """Move :attr:`heard`."""
        self.heard = min(self.timeline.seconds, self.heard + max(0.0, now - self._now))
        self._now = now

    @property
    def unheard(self) -> float:
        """Seconds of audio that the vendor may still have to listen to."""
        return self.timeline.seconds - self.heard

    @property
    def under_way(self) -> float:
        """Seconds of audio that were sent and not taken; 0 where the vendor has said nothing of that."""
        ahead = 0.0 if self.taken is None else self.timeline.sent - self.taken * self.rate
        return ahead / self.rate if ahead >= 0.5 else 0.0  # less is what rounding leaves

    def wait(self, now: float, settled: float, count: int) -> float:
        """Seconds until *count* samples may go.

        They go at the vendor's pace, never further ahead than can be replayed, nor than may be under way.
        """
        wait, after = 0.0, self.timeline.seconds + count / self.rate
        if self._numbers.pace:
            early = after - self._offset - self._numbers.pace.allowed(now - self._since)
            wait = early / self._numbers.pace.factor
        if self._numbers.in_flight:
            wait = max(wait, self._untaken(now, count, self._numbers.in_flight))
        first = self.sample(settled)
        if self.cursor - first - self.log.holes(first, self.cursor) >= self.sample(self._hold - BURST):
            wait = max(wait, self.unheard)
        return wait

    def _untaken(self, now: float, count: int, most: float) -> float:
        """Seconds until to look again whether *count* samples may go where *most* seconds may be under way.

        Where nothing is under way they may, however many they are.
        """
        ahead = self.timeline.seconds if self.taken is None else self.under_way
        if not ahead or ahead + count / self.rate <= most:
            return 0.0
        if self.taken is not None:
            return FULL
        self._full = now if self._full is None else self._full
        return max(0.0, self._full + UNTOLD - now)

    def due(self, now: float, settled: float) -> Iterator[tuple[Command, Mark | None] | float]:
        """Yield what goes out now, each with its mark; a last number is the seconds until more may go.

        Lazy: the caller hands each on before it asks for the next, so what the answer changes is seen. A Finalize is
        not sent yet: what is comes from :meth:`settling`, where it is not settled already.
        """
        least, usual, _ = self._numbers.chunk
        until = self.timeline.sent + self.sample(BURST)
        while not self.stop_sent:
            mark = self.log.unsent()
            if mark and mark.position <= self.cursor:
                yield from self._marked(mark)
                continue
            self.cursor, end = self.log.stretch(self.cursor)
            growing = end == self.log.end and not mark
            count = min((min(mark.position, end) if mark else end) - self.cursor, self.sample(usual))
            if growing and count < max(1, self.sample(least)):
                return
            if count <= 0:  # behind a hole there is a mark
                continue
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
            case _:
                yield mark.command, mark

    def settling(self, mark: Mark) -> Command:
        """Return what settles the audio before the Finalize of *mark*, as sent: itself, or the silence that does it."""
        if self._numbers.finalize != "silence":
            return mark.command
        silence = self.silence(self._ending)
        mark.until = self.timeline.seconds
        return silence

    def rest(self) -> Audio | None:
        """Return what waits for a chunk to fill, to be sent as it is."""
        self.cursor, end = self.log.stretch(self.cursor)
        count = end - self.cursor
        return self.audio(count) if 0 < count < self.sample(self._numbers.chunk[0]) else None

    def audio(self, count: int) -> Audio:
        """Return the next *count* samples, as sent."""
        data = self.log.read(self.cursor, count)
        self.timeline.audio(self.cursor, count)
        self.cursor += count
        self.reached = max(self.reached, self.cursor)
        self.log.evict(self.cursor)
        return Audio(data)

    def silence(self, seconds: float) -> Silence:
        """Return *seconds* of silence, as injected here."""
        self.timeline.silence(self.cursor, self.sample(seconds))
        return Silence(seconds)
