"""One transcription over as many connections as it takes. Pure: time is an argument, frames are values.

The session is a client half itself: commands in, frames and events out. It adds to its vendor's client half
what all vendors share: connecting again, replay, chunks, pace, keepalive, silence, deadlines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import evolve

from ..audio.gap import Gap
from ..audio.watch import RateWatch
from ..config import Config
from ..credentials import CredentialSource
from ..errors import (
    AaiMigrateError,
    AudioOverflow,
    AudioRateMismatch,
    ConnectionLost,
    ProviderError,
    QuotaExceeded,
    StreamClosed,
)
from ..events import AudioGap, Reconnected, Reconnecting
from ..options import changed, of_family
from ..provider import ClientPeer, Context, Provider
from ..wire import commands as ask
from ..wire import events as say
from ..wire.frames import FRAMES, Close, Connect, Frame, HttpRequest, HttpResponse, Lost, Pong, Refused
from .gaps import Gaps
from .intake import Intake
from .lifetimes import Lifetimes
from .opening import Opening, outdated
from .outbox import Outbox
from .retry import Limits, Overflow, Retry, RetryPolicy
from .seam import Seam
from .upkeep import Upkeep

SessionEvent = say.Event | Reconnecting | Reconnected | AudioGap
Out = Frame | SessionEvent
State = Literal["idle", "connecting", "live", "waiting", "ended"]
EARLY = (say.Started, say.Failed, say.Stopped, say.Warned, say.Unmapped, say.AudioTaken)
"""What may come before the greeting."""

SLEPT = 30.0
"""A deadline that is so many seconds late was slept through: nobody at the other end has waited."""
STALLED = 30.0
"""Seconds in which a vendor who says what it has taken took nothing more, after which a connection is dead."""
REST = 10.0
"""Seconds that a vendor may ask for before the next attempt; who asks for more is asked again all the same."""
MISSED = 1.0
"""Seconds without audio that a live source did not merely come late with, after the machine slept."""


class Session:
    """The state of one transcription; see :class:`~aai_migrate.provider.Peer` for the four calls.

    Audio leaves in :meth:`tick` only, so a driver that ticks when it has written everything has backpressure.

    Attributes:
        realtime: whether audio is known to come at the speed of speech.
    """

    resumable = False

    def __init__(
        self,
        provider: Provider,
        context: Context,
        *,
        credentials: CredentialSource | None = None,
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Prepare; nothing is dialled before ``Start``.

        Args:
            provider: whose client half to use.
            context: what pure code cannot make for itself.
            credentials: yields the credential of every connection; without it that of ``Start`` is used.
        """
        self.provider, self.limits = provider, limits or Limits()
        self.state: State = "idle"
        self.realtime = self.limits.realtime
        self._context, self._credentials = context, credentials
        self._retry = Retry(retry or RetryPolicy(), context.random)
        self._timers: dict[str, float] = {}
        self._peer: ClientPeer | None = None
        self._begun = self._resuming = self._dialled = False
        self._joined = False  # the present vendor session has greeted
        self._upkeep: Upkeep | None = None  # of the live connection
        self._gaps = Gaps()
        self._watch: RateWatch | None = None
        self._slept = False  # and nobody has said yet what a live source missed
        self._fed_at = self._taken = self._connect_by = 0.0
        self._lifetimes = Lifetimes(provider.name, context.epoch)

    # What the caller asks.

    def send(self, command: ask.Command | Gap, now: float) -> list[Out]:
        """Take one command of the application, or word of audio that was lost before it could be fed.

        ``Audio`` is in the caller's format, and may be cut anywhere, inside a sample too.

        Raises:
            StreamClosed: the session has ended, was told to stop, or was not started.
            ConfigError, AudioError: ``Start`` asks for what the provider cannot do; nothing was dialled.
            AuthenticationError: the token to begin with has expired; nothing was dialled.
            AudioRateMismatch: the bytes of a second do not fit the declared format; this audio was not fed.
            AudioOverflow: too much waits already, with ``overflow="raise"``; this audio was not fed.
        """
        if isinstance(command, ask.Start):
            return self._start(command, now)
        if self.state == "idle":
            raise StreamClosed("the stream has not been started")
        log = self._box.log
        if isinstance(command, ask.Stop) and (log.stopping or self.state == "ended"):
            return []
        if self.state == "ended" or log.stopping:
            raise StreamClosed("the stream has ended" if self.state == "ended" else "the stream was stopped")
        out: list[Out] = []
        match command:
            case ask.Audio(data):
                out += self._feed(data, now)
            case Gap(seconds):
                out += self._lose(seconds)
            case ask.Finalize() | ask.Stop():
                log.feed(self._intake.flush())
                if isinstance(command, ask.Stop):
                    out += self._cut_short()
                log.mark(command)
            case ask.Configure():
                return self._configure(command, now)
            case _:
                return []
        self._wake(now)
        return out

    def _feed(self, data: bytes, now: float) -> list[Out]:
        box, out = self._box, list[Out]()
        if self.overflow == "raise" and self.backlog > self.limits.backlog:
            raise AudioOverflow(self.backlog)
        if self.realtime and (self._slept or self._late(now) > SLEPT):
            missed = now - self._fed_at - self._config.audio.seconds(len(data))
            out += self._lose(missed) if missed > MISSED else []
        self._slept = False
        out += self._watched(len(data), now)
        box.log.feed(self._intake.take(data))
        self._fed_at = now
        if self.state != "live":  # an outage can outlast memory: the oldest audio goes, as a gap
            box.log.evict(box.log.end)
        elif self.overflow == "drop_oldest" and (shed := box.shed(self.limits.backlog)):
            out += self._gaps.add(*shed)
        return out

    def _watched(self, size: int, now: float) -> list[Out]:
        """Compare the bytes of a second with the declared format; what was made to wait has no rate of its own."""
        if self._watch is None or self._watch.realtime != self.realtime:
            self._watch = RateWatch(self._config.audio, realtime=self.realtime)
        if self.full:
            self._watch.forget()
        found = self._watch.fed(size, now)
        if found and found.error:
            raise AudioRateMismatch(found.declared, found.observed, found.likely)
        return [say.Warned("audio_rate", found.text)] if found else []

    def _lose(self, seconds: float) -> list[Out]:
        """The clock goes on without audio; what was cut inside a sample has lost its rest."""
        box, self._slept, self._watch = self._box, False, None
        self._intake.drop()
        box.log.feed(self._intake.flush())
        start = box.fed
        box.log.lose(box.sample(seconds))
        return [*self._gaps.add(start, box.fed)]

    def _cut_short(self) -> list[Out]:
        rest = self._intake.drop()
        if not rest:
            return []
        reason = f"the audio ended inside a sample: its last {rest} bytes are left out; check encoding and channels"
        return [say.Warned("cut_sample", reason)]

    def close(self, now: float) -> list[Out]:
        """End now: ask the vendor to stop billing, wait for nothing. Harmless when called again."""
        if self.state in ("idle", "ended"):
            self.state = "ended"
            return []
        out: list[Out] = []
        if self.state == "live" and self._peer and not self._box.stop_sent:
            out += [item for item in self._peer.send(ask.Stop(), now) if isinstance(item, FRAMES)]
        return [*out, *self._end(), say.Stopped("closed", self.fed, None, self._missing)]

    # What the far end and the clock say.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Take one frame of the present connection; frames of an earlier one are the driver's to drop."""
        if self._peer is None or self.state in ("ended", "waiting"):
            return []
        self._box.advance(now)
        if isinstance(frame, Pong):
            return self._ponged(frame, now)
        if isinstance(frame, (Lost, Close, Refused, HttpResponse)):
            self._dialled = False
        if "drain" in self._timers:
            self._drain_by(now)
        return self._take(self._peer.receive(frame, now), now)

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do; None: never."""
        if self.state == "ended":
            return None
        due = [*self._timers.values(), *(each.deadline for each in (self._peer, self._upkeep) if each)]
        due += [self._lifetimes.deadline] if self.state == "live" else []
        return min((time for time in due if time is not None), default=None)

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self.state in ("idle", "ended"):
            return []
        late = self._late(now)
        if late > SLEPT:
            self._slept = self.fed > 0
            return self._failed(ConnectionLost(self.provider.name, f"this machine did nothing for {late:.0f} s"), now)
        self._box.advance(now)
        out: list[Out] = []
        if self._peer and self._peer.deadline is not None and self._peer.deadline <= now:
            out += self._take(self._peer.tick(now), now)
        for name in [name for name, due in self._timers.items() if due <= now]:
            if self._timers.pop(name, None) is not None:
                kind, _, id_ = name.partition(":")
                out += getattr(self, f"_on_{kind}")(now, id_)
        out += self._care(now)
        return [*out, *(self._lifetimes.tick(self._credential, now) if self.state == "live" else [])]

    def _late(self, now: float) -> float:
        """Return how many seconds ago a live connection should have been ticked, by the session's own deadlines."""
        due = [*self._timers.values(), self._upkeep.deadline if self._upkeep else None]
        return max((now - time for time in due if time is not None), default=0.0) if self.state == "live" else 0.0

    # Figures.

    @property
    def fed(self) -> float:
        """Seconds of audio that the application fed, lost ones included."""
        return self._box.fed

    @property
    def backlog(self) -> float:
        """Seconds of audio fed and not yet handed to a connection."""
        return 0.0 if self.state in ("idle", "ended") else self._box.backlog

    @property
    def full(self) -> bool:
        """Whether feeding should wait; a live source cannot, unless the caller says so."""
        return self.overflow == "block" and self.backlog > self.limits.backlog

    @property
    def overflow(self) -> Overflow:
        """What becomes of audio when too much waits already."""
        return self.limits.overflow or ("drop_oldest" if self.realtime else "block")

    @property
    def _missing(self) -> float:
        settled, fed = self._seam.settled, self.fed
        return self._gaps.seconds + max(0.0, fed - settled - self._gaps.within(settled, fed))

    # Starting, and starting again.

    def _start(self, start: ask.Start, now: float) -> list[Out]:
        if self.state != "idle":
            raise StreamClosed("the stream was started already")
        config = start.config
        opening = Opening.of(self.provider, start, self._context, now)
        self.provider, self._wire = opening.provider, opening.wire
        numbers = self.provider.numbers
        self._numbers = numbers if self.limits.paced else evolve(numbers, pace=None)
        self._config, self._credential = config, start.credential
        self._hold = max(30.0, self._numbers.longest_turn + 15.0)
        self._intake = Intake(config.audio, self._wire)
        limits, silence = self.limits, config.turn_silence or 0.0
        self._box = Outbox(self._numbers, self._wire, self._hold, limits.hold_bytes, limits.backlog, silence)
        self._seam = Seam(self._wire.channels)
        self._connect_by = now + self._patience
        return [*opening.remarks, *self._connect(now)]

    def _connect(self, now: float) -> list[Out]:
        """Dial: resume the vendor's session where that is possible, else begin a new one at the seam."""
        self.state = "connecting"
        by = now + self._patience if self._begun else self._connect_by
        self._timers = {"connect": by}
        if self._resuming and self._peer:
            return self._take(self._peer.send(ask.Resume(), now), now)
        self._peer, self._joined = self.provider.client(self._context), False
        try:
            if self._credentials:
                self._credential = self._credentials()
            if stale := self._lifetimes.stale(self._credential, now):
                if self._begun or self._retry.attempt:
                    return self._failed(stale, now)
                raise stale
            items = self._peer.send(ask.Start(self._settings(), self._credential), now)
        except Exception as error:  # the caller's callable may raise anything
            if not self._begun:
                self.state = "ended"
                raise
            known = str(error) if isinstance(error, AaiMigrateError) else type(error).__name__
            reason = f"no credential for a new connection: {known}"
            return self._failed(ConnectionLost(self.provider.name, reason), now)
        return self._take(items, now)

    def _settings(self) -> Config:
        """The settings at the seam: what was changed before it is part of them."""
        config, seam = self._config, max(self._box.log.start, self._box.sample(self._seam.replay_from))
        for mark in self._box.log.marks:
            if isinstance(mark.command, ask.Configure) and mark.answered and mark.position <= seam:
                config = self._changed(config, mark.command.options)
        return evolve(config, audio=self._wire)

    def _changed(self, config: Config, options: Mapping[str, Any]) -> Config:
        return changed(config, options, self.provider.options, self.provider.name)

    def _on_connect(self, now: float, _: str) -> list[Out]:
        return self._failed(ConnectionLost(self.provider.name, f"no greeting within {self._patience:g} s"), now)

    @property
    def _patience(self) -> float:
        """Seconds that the vendor may take to greet."""
        return max(self.limits.connect_timeout, self._numbers.greeting)

    def _on_retry(self, now: float, _: str) -> list[Out]:
        return self._connect(now)

    def _started(self, event: say.Started, now: float) -> list[Out]:
        if self.state == "live":
            return []
        self.state = "live"
        self._retry.started(now)
        resumed, self._resuming, self._joined = self._joined, False, True
        out = self._rejoin() if resumed else self._replay(event.word_delimiter, now)
        self._box.resume(now, self._taken if resumed else None)
        self._timers = {}
        for id_ in self._box.silenced():
            self._finalize_by(id_, now)
        self._upkeep = Upkeep(self._numbers, self._box, self.limits.idle, self._hold, now)
        self._lifetimes.greeted(self._credential, event.expires_at, now)
        self._wake(now)
        if not self._begun:
            self._begun = True
            asked = self._config.model or self.provider.capabilities.default_model
            out.append(evolve(event, conversions=self._intake.changes))
            if event.model != asked:  # that one was told of before
                out += outdated(self.provider, event.model, self._context.epoch + now)
            return out
        box = self._box
        seam = box.cursor / box.rate
        replayed = box.log.count(box.cursor, box.reached) / box.rate
        settled = self._seam.settled
        return [*out, Reconnected(seam=seam, settled=settled, resumed=resumed, replayed=replayed, lag=box.backlog)]

    def _replay(self, delimiter: str, now: float) -> list[Out]:
        """Begin a new timeline at the seam; audio that is no longer held is a gap."""
        out: list[Out] = [*self._seam.cut()]
        box, held, settled = self._box, self._box.log.start / self._box.rate, self._seam.settled
        if settled < held:
            out += [*self._gaps.add(settled, held), *self._seam.lose(held)]
        box.begin(max(box.log.start, box.sample(self._seam.replay_from)), now)
        self._seam.begin(box.timeline, delimiter)
        self._taken = 0.0
        return out

    def _rejoin(self) -> list[Out]:
        """The vendor's session goes on from what it took; what it did not take may no longer be held."""
        box = self._box
        self._rewind()  # to what the vendor says now, which may be more than was known of the lost connection
        if box.cursor >= box.log.start:
            return []
        lost, box.cursor = box.cursor, box.log.start
        return [*self._gaps.add(lost / box.rate, box.cursor / box.rate)]

    def _rewind(self) -> None:
        self._box.cursor = self._box.timeline.rewind(self._taken)

    # What the vendor's client half says.

    def _take(self, items: list[Frame | say.Event], now: float) -> list[Out]:
        out: list[Out] = []
        for item in items:
            if isinstance(item, FRAMES):
                self._dialled = self._dialled or isinstance(item, (Connect, HttpRequest))
                if self._upkeep:
                    self._upkeep.wrote(now)
                out.append(item)
            elif self.state == "live" or (self.state == "connecting" and isinstance(item, EARLY)):
                out += self._event(item, now)  # not what follows a failure, nor words for audio that was not sent
        return out

    def _event(self, event: say.Event, now: float) -> list[Out]:
        match event:
            case say.Partial() | say.Final():
                self._spoke(now)
                return self._hidden(self._seam.spoken(event))
            case say.SpeechStarted():
                self._spoke(now)
                return [*self._seam.speech(event)]
            case say.TurnEnded():
                return [*self._seam.ended(event)]
            case say.Revised():
                return [*self._seam.revised(event)]
            case say.Settled():
                return [*self._seam.settle(event), *self._settled(now)]
            case say.AudioTaken(to):
                return self._took(to, now)
            case say.Finalized(id=id_) | say.Configured(id=id_):
                return self._answered(id_, event)
            case say.Started():
                return self._started(event, now)
            case say.Stopped():
                return self._stopped(event, now)
            case say.Failed(error):
                return self._failed(error, now)
            case _:
                return [event]

    def _took(self, to: float, now: float) -> list[Out]:
        box = self._box
        further = box.taken is None or to > box.taken
        self._taken = box.taken = to
        if self._numbers.in_flight and further:
            self._timers.pop("stalled", None)
            self._under_way(now)
            self._wake(now)
        return []

    def _under_way(self, now: float) -> None:
        """Some audio is not taken yet: the vendor, who says what it takes, will not be waited for without end."""
        if self._numbers.in_flight and self._box.under_way and not self._box.stop_sent:
            self._timers.setdefault("stalled", now + STALLED)

    def _on_stalled(self, now: float, _: str) -> list[Out]:
        if self._box.stop_sent:  # its last word has a deadline of its own
            return []
        return self._failed(ConnectionLost(self.provider.name, f"no audio was taken for {STALLED:g} s"), now)

    def _hidden(self, events: Iterable[say.Partial | say.Final]) -> list[Out]:
        """A vendor that cannot leave out what may change, or is done with words early, shows that a turn is open."""
        if self._config.partials is not False:  # nobody asked for its words before it ends
            return [*events]
        return [evolve(event, shown=False) for event in events if isinstance(event, say.Final)]

    def _spoke(self, now: float) -> None:
        if self._upkeep:
            self._upkeep.spoke(now, self._fed_at)

    def _settled(self, now: float) -> list[Out]:
        """Let go of audio that no replay needs, and answer what waited for it."""
        box, keep = self._box, self._seam.replay_from
        for change in box.log.release(min(box.sample(keep), box.cursor)):
            self._config = self._changed(self._config, change.options)
        box.timeline.forget(keep)
        self._wake(now)
        if self._seam.open:
            return []
        done = box.done(self._seam.settled)
        return [out for id_ in done for out in self._answered(id_, say.Finalized(id_, "settled"))]

    def _answered(self, id_: str, event: say.Finalized | say.Configured) -> list[Out]:
        """Pass on the first answer to a mark; a replay may bring more."""
        mark = self._box.log.find(id_)
        if mark is None:
            return []
        mark.answered = True
        if isinstance(event, say.Configured) and not event.accepted:
            self._box.log.marks.remove(mark)
        self._timers.pop(f"finalize:{id_}", None)
        return [event]

    def _all_answered(self) -> list[Out]:
        """Everything is settled at the end, so every Finalize is done."""
        ids = [mark.command.id for mark in self._box.log.marks if isinstance(mark.command, ask.Finalize)]
        return [out for id_ in ids for out in self._answered(id_, say.Finalized(id_, "settled"))]

    def _stopped(self, event: say.Stopped, now: float) -> list[Out]:
        if not self._box.stop_known:
            reason = f"the vendor ended the session unasked: {event.reason}"
            return self._failed(ConnectionLost(self.provider.name, reason), now)
        settled: list[Out] = [*self._seam.settle_all(self.fed)]
        lost = self._gaps.seconds + event.unconfirmed
        reason = "audio lost" if lost else "stopped"
        end = say.Stopped(reason, self.fed, event.session_seconds, lost)
        return [*self._end(), *settled, *self._all_answered(), end]

    def _failed(self, error: ProviderError, now: float) -> list[Out]:
        """Connect again, or end: fatal errors at once, the others when the budget is spent."""
        self._lifetimes.explain(error, self._credential, now)
        if self._credential:
            error.redact(self._credential.secret.redact)
        live, box = self.state == "live", self._box
        if live and box.stop_sent and self._seam.settled >= self.fed - 1 / box.rate:
            return [*self._end(), *self._all_answered(), say.Stopped("stopped", self.fed, None, self._gaps.seconds)]
        again = error.retryable and (self._begun or not isinstance(error, QuotaExceeded))
        anew = self._resuming and not (self._peer and self._peer.resumable)  # it could not be gone back to
        delay = 0.0 if anew else self._retry.failed(now) if again or self._resuming else None
        if delay is not None and error.retry_after:
            delay = max(delay, min(error.retry_after, REST))
        if delay is None or (not self._begun and now + delay >= self._connect_by):
            return [*self._end(), say.Failed(error, self.fed, self._missing)]
        out: list[Out] = [Close(1000)] if self._dialled else []
        self._dialled = False
        self._resuming = bool(self._peer and self._peer.resumable)
        if self._joined and self._resuming:
            self._rewind()  # meanwhile the backlog counts what has to go again
        if not self._resuming:
            self._peer = None
        self.state, self._timers, self._upkeep = "waiting", {"retry": now + delay}, None
        if self._begun:
            out.append(Reconnecting(self._retry.attempt, delay, str(error)))
        return out

    def _end(self) -> list[Out]:
        """No more connections: hang up, end what is open."""
        out: list[Out] = [*self._seam.end(), *([Close(1000)] if self._dialled else [])]
        self._dialled, self.state, self._timers, self._upkeep = False, "ended", {}, None
        return out

    # Sending.

    def _wake(self, now: float) -> None:
        if self.state == "live":
            self._timers["pump"] = now

    def _ask(self, command: ask.Command, now: float) -> list[Out]:
        if self._upkeep and isinstance(command, (ask.Audio, ask.Silence)):
            self._upkeep.sounded(now)
            self._under_way(now)
        return self._take(self._peer.send(command, now), now) if self._peer else []

    def _on_pump(self, now: float, _: str) -> list[Out]:
        """Send what may go now."""
        out: list[Out] = []
        for item in self._box.due(now, self._seam.settled):
            if isinstance(item, float):
                self._timers["pump"] = now + max(item, 0.0)
                break
            command, mark = item
            if isinstance(command, ask.Audio) and self._upkeep:
                self._upkeep.fed(now, self._fed_at)
            if mark and isinstance(mark.command, ask.Finalize):
                id_ = mark.command.id
                if not self._seam.open and mark.position <= self._box.sample(self._seam.settled):
                    out += self._answered(id_, say.Finalized(id_, "settled"))
                    continue
                command = self._box.settling(mark)
                self._finalize_by(id_, now)
            elif mark and isinstance(mark.command, ask.Stop):
                self._drain_by(now)
            out += self._ask(command, now)
            if self.state != "live":
                break
        return out

    def _configure(self, command: ask.Configure, now: float) -> list[Out]:
        """Refuse at once what cannot change in mid-session; log the rest."""
        rows, known = self.provider.options, self.provider.capabilities.family(self._config.model)
        hot = sorted({row.name for row in (of_family(rows, known).values() if known else rows) if row.hot})
        cold = sorted(set(command.options) - set(hot))
        if cold:
            can = f"it can change {', '.join(hot)}" if hot else "it can change nothing"
            reason = f"{self.provider.name} cannot change {', '.join(cold)} in mid-session; {can}"
            return [say.Configured(command.id, False, reason)]
        evolve(self._config, **command.options)
        self._box.log.mark(command)
        self._wake(now)
        return []

    # Deadlines.

    def _drain_by(self, now: float) -> None:
        self._timers["drain"] = now + self.limits.drain_timeout + self._box.unheard

    def _on_drain(self, now: float, _: str) -> list[Out]:
        reason = f"no end of the session within {self.limits.drain_timeout:g} s of stop"
        return self._failed(ConnectionLost(self.provider.name, reason, retryable=False), now)

    def _care(self, now: float) -> list[Out]:
        """Do what the live connection needs unasked."""
        out: list[Out] = []
        if self._upkeep:
            for item in self._upkeep.tick(now, talking=self._seam.open, lag=self._lag):
                out += [item] if isinstance(item, FRAMES) else self._ask(item, now)
                if self.state != "live":
                    break
        return out

    @property
    def _lag(self) -> float:
        """Seconds after which the vendor has shown what it heard."""
        lag = self._numbers.settle_lag or 0.0
        if self._config.partials is False or self._config.pii_redaction:
            lag += self._numbers.longest_turn  # no partials: only the end of a turn shows that there was one
        return lag

    def _ponged(self, frame: Pong, now: float) -> list[Out]:
        to = self._upkeep.ponged(frame, talking=self._seam.open, lag=self._lag) if self._upkeep else None
        if to is None:
            return []
        return [*self._seam.settle_all(self._box.timeline.end(to)), *self._settled(now)]

    def _finalize_by(self, id_: str, now: float) -> None:
        self._timers[f"finalize:{id_}"] = now + self._numbers.finalize_timeout + self._box.unheard

    def _on_finalize(self, _: float, id_: str) -> list[Out]:
        """A vendor that heard nothing new has nothing to answer."""
        return self._answered(id_, say.Finalized(id_, "timeout" if self._seam.open else "settled"))
