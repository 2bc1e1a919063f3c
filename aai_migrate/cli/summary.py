"""What is said at the end: how much was heard, how soon, by whom, and what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite

from attrs import define, frozen

from ..events import AudioGap, Begin, ProviderChanged, Reconnected, StreamEvent, Termination, Turn
from .handed import Handed

MISSING = "–"
When = Callable[[float], float | None]
Details = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Figures:
    """A session in numbers.

    Attributes:
        turns: how many turns ended.
        audio_seconds: seconds of audio that were fed.
        first_words: from when the first word of a turn began in the audio to when words of it were first shown: the
            median in seconds. None: not known, which is not 0.
        final: from when the last word of a turn ended in the audio to its end of turn, likewise. A vendor that is
            early has less than 0.
        measured: how many turns have both.
        served: provider and model, of each that served.
        conversions: what was done to the audio, in words.
        gaps, lost: how often audio was lost, and how many seconds of it.
        reconnects, replayed: how often a new connection took over, and how many seconds were sent again.
        early: the audio was fed faster than it is spoken, so there is nothing to measure delays from.
        end: how it ended, in words.
    """

    turns: int = 0
    audio_seconds: float = 0.0
    first_words: float | None = None
    final: float | None = None
    measured: int = 0
    served: tuple[str, ...] = ()
    conversions: tuple[str, ...] = ()
    gaps: int = 0
    lost: float = 0.0
    reconnects: int = 0
    replayed: float = 0.0
    early: bool = False
    end: str = MISSING

    @property
    def headline(self) -> str:
        """What matters most, in one line."""
        heard = f"{self.turns} turn{'' if self.turns == 1 else 's'}" if self.turns else "no speech"
        return f"{heard}, {self.audio_seconds:.1f} s of audio, {self.end}"

    @property
    def details(self) -> tuple[Details, ...]:
        """The rest as names and what there is to say, by what belongs together."""
        lost = f"{self.gaps} ({self.lost:.1f} s lost)" if self.gaps else "none"
        again = f"{self.reconnects} ({self.replayed:.1f} s sent again)" if self.reconnects else "none"
        return (
            (
                ("first words", self._after(self.first_words, "began")),
                ("final", self._after(self.final, "ended")),
            ),
            (("served by", ", ".join(self.served) or MISSING), ("converted", ", ".join(self.conversions) or "nothing")),
            (("gaps", lost), ("reconnects", again)),
        )

    def _after(self, seconds: float | None, what: str) -> str:
        if seconds is None:
            return f"{MISSING} (the audio came faster than speech)" if self.early and self.turns else MISSING
        median = f", median of {self.measured} turns" if self.measured > 1 else ""
        return f"{seconds:.2f} s after speech {what}{median}"


@define
class _Timing:
    """One turn: when it was first shown and ended, and from when to when it lasted in the audio."""

    shown: float
    ended: float | None = None
    start: float | None = None
    end: float | None = None


class Tally:
    """Counts events up to figures."""

    def __init__(self) -> None:
        self._timings: dict[tuple[int, int], _Timing] = {}
        self._served: list[str] = []
        self._conversions: tuple[str, ...] = ()
        self._gaps: list[AudioGap] = []
        self._seams: list[Reconnected] = []
        self._end: Termination | None = None

    def note(self, event: StreamEvent) -> None:
        """Count *event*."""
        match event:
            case Turn():
                timing = self._timings.setdefault((event.channel, event.turn_order), _Timing(event.received_at))
                if event.end_of_turn:
                    timing.ended, timing.start, timing.end = event.received_at, event.start, event.end
            case Begin():
                self._served.append(" ".join(filter(None, (event.provider, event.model))))
                self._conversions = event.conversions
            case ProviderChanged():
                self._served.append(event.new)
            case AudioGap():
                self._gaps.append(event)
            case Reconnected():
                self._seams.append(event)
            case Termination():
                self._end = event

    def figures(self, handed: Handed) -> Figures:
        """Return what was counted; *handed* knows when which audio could be heard, on the clock of ``received_at``."""
        when: When = (lambda seconds: None) if handed.early else handed.when
        ended = [timing for timing in self._timings.values() if timing.ended is not None]
        first = _known(_delay(timing.start, timing.shown, when) for timing in ended)
        final = _known(_delay(timing.end, timing.ended, when) for timing in ended)
        return Figures(
            turns=len(ended),
            audio_seconds=self._end.audio_seconds if self._end else 0.0,
            first_words=_median(first),
            final=_median(final),
            measured=min(len(first), len(final)),
            served=tuple(self._served),
            conversions=self._conversions,
            gaps=len(self._gaps),
            lost=sum(gap.end - gap.start for gap in self._gaps),
            reconnects=len(self._seams),
            replayed=sum(seam.replayed for seam in self._seams),
            early=handed.early,
            end=_ending(self._end),
        )


def _delay(audio: float | None, then: float | None, when: When) -> float | None:
    """Return how long after *audio* seconds could be heard it was *then*."""
    heard = when(audio) if audio is not None and isfinite(audio) else None
    return None if heard is None or then is None else then - heard


def _known(delays: Iterable[float | None]) -> list[float]:
    return sorted(delay for delay in delays if delay is not None)


def _median(delays: list[float]) -> float | None:
    return (delays[(len(delays) - 1) // 2] + delays[len(delays) // 2]) / 2 if delays else None


def _ending(end: Termination | None) -> str:
    if end is None:
        return MISSING
    told = "complete" if end.complete else f"truncated: {end.reason}"
    return f"{told}, {end.unconfirmed_seconds:.1f} s unconfirmed" if end.unconfirmed_seconds > 0 else told
