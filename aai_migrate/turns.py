"""Folds a session's events into the public Turn stream.

``turn_order`` is given when it is needed: an open turn's is the count of ended turns of its channel plus its place
among the open ones, so ended turns always number 0, 1, 2, … whatever keys a vendor uses. Turns with text that will
not change come first, in the order in which they had any: they keep their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from attrs import define, evolve, field

from .events import (
    AudioGap,
    Begin,
    Notice,
    Reconnected,
    Reconnecting,
    SpeechStarted,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
    VendorMessage,
)
from .session import SessionEvent
from .session.seam import within
from .wire import events as say
from .wire.events import Final, Partial, Revised, TurnEnded, Word

_Spoken = TypeVar("_Spoken", bound=Partial | Final)

KEPT = 256
"""Ended turns whose order is remembered for revisions."""


@define(eq=False)
class _Turn:
    """One turn in the making: the pieces that are final, and the open tail."""

    key: Any
    text: str = ""
    words: tuple[Word, ...] = ()
    start: float | None = None
    end: float | None = None
    last: Final | None = None
    tail: Partial | None = None
    confirmed: bool = True
    given: tuple[int, int] = (0, 0)  # characters and words of the tail that went out with the turn before

    @property
    def promised(self) -> int:
        """How many leading characters will not change; blanks alone promise nothing."""
        text = self.text + (self.tail.text[: self.tail.stable] if self.tail else "")
        return len(text) if text.strip() else 0

    def keep(self) -> None:
        """What its tail has promised stands; the rest of the tail goes."""
        tail, self.tail = self.tail, None
        promise = tail.text[: tail.stable] if tail else ""
        if tail and promise:
            words = within(tail.words, promise)
            self.text, self.words = self.text + promise, self.words + words
            self.start, self.end = _least(self.start, _start(words)), words[-1].end if words else self.end

    def rest(self, event: _Spoken) -> _Spoken:
        """Return *event* without what went out before."""
        text, words = self.given
        if not text:
            return event
        if isinstance(event, Final):
            self.given = (max(0, text - len(event.text)), max(0, words - len(event.words)))
            return evolve(event, text=event.text[text:], words=event.words[words:])
        return evolve(event, text=event.text[text:], words=event.words[words:], stable=max(0, event.stable - text))


@define
class _Channel:
    ended: int = 0
    open: list[_Turn] = field(factory=list)
    orders: dict[Any, Turn] = field(factory=dict)


class Turns:
    """The fold. Feed it every event of one session, in order."""

    def __init__(self, provider: str, *, formatted_turns: str = "wait", vendor_messages: bool = False) -> None:
        self._provider, self._formatted_turns, self._vendor_messages = provider, formatted_turns, vendor_messages
        self._channels: dict[int, _Channel] = {}
        self._begun = False
        self._early: list[StreamEvent] = []

    def fold(self, events: Sequence[SessionEvent], now: float) -> list[StreamEvent]:
        """Return what the application sees of *events*; nothing before :class:`~aai_migrate.events.Begin`."""
        out: list[StreamEvent] = []
        for index, event in enumerate(events):
            after = events[index + 1] if index + 1 < len(events) else None
            ends = isinstance(after, TurnEnded) and isinstance(event, Final) and _key(after) == _key(event)
            seen = self._fold(event, now)
            if ends:  # the end restates the whole turn
                seen = [turn for turn in seen if isinstance(turn, Turn) and turn.end_of_turn]
            out += seen
        if self._begun or not out:
            return out
        self._early += out
        begin = next((event for event in out if isinstance(event, Begin)), None)
        if begin is None:
            return []
        self._begun = True
        out, self._early = [begin, *(event for event in self._early if event is not begin)], []
        return out

    def _fold(self, event: SessionEvent, now: float) -> list[StreamEvent]:
        match event:
            case Partial():
                return self._partial(event, now)
            case Final():
                return self._final(event, now)
            case TurnEnded():
                return self._ended(event, now)
            case Revised():
                return self._revised(event)
            case SpeechStarted() | Reconnecting() | Reconnected() | AudioGap():
                return [event]
            case say.Started():
                return [
                    Begin(
                        provider=self._provider,
                        session_id=event.session_id,
                        model=event.model,
                        expires_at=event.expires_at,
                        settings=event.settings,
                        conversions=event.conversions,
                    )
                ]
            case say.Warned(code, message):
                return [Notice(code, message)]
            case say.Configured(accepted=False, reason=reason):
                return [Notice("configure_refused", reason)]
            case say.Finalized(by="timeout"):
                return [Notice("finalize_timeout", "the vendor did not answer a finalize in time")]
            case say.Unmapped(message) if self._vendor_messages:
                return [VendorMessage(self._provider, message)]
            case say.Stopped(reason, seconds, session, missing):
                return [self._termination(reason, seconds or 0.0, missing, session)]
            case say.Failed(error, seconds, missing):
                return [evolve(self._termination(str(error), seconds or 0.0, missing), complete=False)]
        return []

    @staticmethod
    def _termination(reason: str, fed: float, missing: float, session: float | None = None) -> Termination:
        return Termination(
            complete=reason == "stopped" and missing <= 0,
            reason=reason,
            audio_seconds=fed,
            unconfirmed_seconds=missing,
            session_seconds=session,
        )

    def _open(self, channel: int, key: Any) -> tuple[_Channel, _Turn]:
        state = self._channels.setdefault(channel, _Channel())
        turn = next((turn for turn in state.open if turn.key == key), None)
        if turn is None:
            state.open.append(turn := _Turn(key))
        return state, turn

    def _partial(self, event: Partial, now: float) -> list[StreamEvent]:
        out, state, turn, event = self._next(event, now)
        held = turn.tail.stable if turn.tail else 0
        event = evolve(event, stable=held) if event.stable < held else event
        turn.tail = event if event.text else None
        return [*out, *self._shown(state, turn, event, now)]

    def _final(self, event: Final, now: float) -> list[StreamEvent]:
        out, state, turn, event = self._next(event, now)
        tail, turn.tail = turn.tail, None
        if tail and tail.stable > len(event.text):  # more was promised: it will come again
            size, count = len(event.text), len(event.words)
            turn.tail = evolve(tail, text=tail.text[size:], words=tail.words[count:], stable=tail.stable - size)
        if event.text or event.words:
            turn.text += event.text
            turn.words += event.words
            turn.start = _least(turn.start, event.start if event.start is not None else _start(event.words))
            turn.end = event.end if event.end is not None else (event.words[-1].end if event.words else turn.end)
            turn.last, turn.confirmed = event, turn.confirmed and event.confirmed
        return [*out, *self._shown(state, turn, event, now)]

    def _next(self, event: _Spoken, now: float) -> tuple[list[StreamEvent], _Channel, _Turn, _Spoken]:
        """Find the turn that *event* goes on with; where a vendor breaks its promise, what it promised ends there."""
        state, turn = self._open(event.channel, event.turn)
        event = turn.rest(event)
        promise = turn.tail.text[: turn.tail.stable] if turn.tail else ""
        keeps = event.text.startswith(promise) or (isinstance(event, Final) and promise.startswith(event.text))
        if keeps or not turn.tail:
            return [], state, turn, event
        turn.keep()
        out = self._ended(TurnEnded(turn=event.turn, channel=event.channel), now)
        return out, *self._open(event.channel, event.turn), event

    def _shown(self, state: _Channel, turn: _Turn, event: Partial | Final, now: float) -> list[StreamEvent]:
        """Restate *turn* if there is anything to show, under the place that its promise gives it."""
        if not (turn.text or turn.tail or turn.given[0]):
            state.open.remove(turn)
        state.open.sort(key=lambda turn: not turn.promised)
        text = turn.text + (turn.tail.text if turn.tail else "")
        asked = isinstance(event, Partial) or event.shown
        return [self._turn(state, turn, event, now)] if asked and text.strip() else []

    def _ended(self, event: TurnEnded, now: float) -> list[StreamEvent]:
        state, turn = self._open(event.channel, event.turn)
        turn.keep()
        if not turn.text.strip():
            state.open.remove(turn)
            return []
        out: list[StreamEvent] = []
        while state.open[0] is not turn:  # it has promised text: the end of a later turn is its end too
            out.append(self._close(state, TurnEnded(turn=state.open[0].key, channel=event.channel), now))
        return [*out, self._close(state, event, now)]

    def _close(self, state: _Channel, event: TurnEnded, now: float) -> Turn:
        """End the first open turn with what it has promised; what else its tail showed begins the next."""
        turn = state.open[0]
        tail, before, count = turn.tail, len(turn.text), len(turn.words)
        turn.keep()
        given = len(turn.text) - before, len(turn.words) - count
        ended = self._turn(state, turn, turn.last or tail or event, now, event)
        del state.open[0]
        state.ended += 1
        state.orders.pop(turn.key, None)
        state.orders[turn.key] = ended
        if len(state.orders) > KEPT:
            del state.orders[next(iter(state.orders))]
        if tail:
            going = _Turn(turn.key, given=given)
            rest = evolve(tail, text=tail.text[given[0] :], words=tail.words[given[1] :], stable=0)
            going.tail = rest if rest.text else None
            state.open.append(going)
        return ended

    def _revised(self, event: Revised) -> list[StreamEvent]:
        state = self._channels.get(event.channel)
        ended = state.orders.get(event.turn) if state else None
        if state is None or ended is None:
            return []
        if event.formatted and event.text and self._formatted_turns == "raw":
            return []
        changed = evolve(
            ended,
            transcript=event.text or ended.transcript,
            words=event.words or ended.words,
            speaker=event.speaker or ended.speaker,
            turn_is_formatted=ended.turn_is_formatted if event.formatted is None else event.formatted,
        )
        state.orders[event.turn] = changed
        return [
            TurnRevised(
                turn_order=changed.turn_order,
                transcript=changed.transcript,
                words=changed.words,
                channel=changed.channel,
                speaker=changed.speaker,
                turn_is_formatted=changed.turn_is_formatted,
                raw=event.raw,
            )
        ]

    def _turn(self, state: _Channel, turn: _Turn, event: Any, now: float, end: TurnEnded | None = None) -> Turn:
        """Restate the whole turn: what is final, then the tail."""
        tail = turn.tail
        words = turn.words + tail.words if tail else turn.words
        return Turn(
            turn_order=state.ended + state.open.index(turn),
            transcript=turn.text + tail.text if tail else turn.text,
            end_of_turn=end is not None,
            words=words,
            start=_least(turn.start, tail.start if tail and tail.start is not None else _start(words)),
            end=tail.end if tail and tail.end is not None else (words[-1].end if words else turn.end),
            channel=event.channel,
            language=getattr(event, "language", None),
            speaker=getattr(event, "speaker", None),
            confidence=getattr(event, "confidence", None),
            end_of_turn_confidence=end.confidence if end else None,
            turn_is_formatted=end.formatted if end else False,
            stable_length=turn.promised,
            eager=tail.eager if tail else False,
            confirmed=turn.confirmed,
            provider=self._provider,
            received_at=now,
            raw=event.raw if end is None or end.raw is None else end.raw,
        )


def _key(event: Final | TurnEnded) -> tuple[int, Any]:
    return event.channel, event.turn


def _least(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else min(first, second)


def _start(words: tuple[Word, ...]) -> float | None:
    return words[0].start if words else None
