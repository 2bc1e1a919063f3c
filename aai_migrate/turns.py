"""Folds a session's events into the public Turn stream.

``turn_order`` is given when it is needed: an open turn's is the count of ended turns of its channel plus its place
among the open ones, so ended turns always number 0, 1, 2, … whatever keys a vendor uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
)
from .session import SessionEvent
from .wire import events as say
from .wire.events import Final, Partial, Revised, TurnEnded, Word

KEPT = 256
"""Ended turns whose order is remembered for revisions."""


@define
class _Turn:
    """One turn in the making: the pieces that are final, and the open tail."""

    text: str = ""
    words: tuple[Word, ...] = ()
    start: float | None = None
    end: float | None = None
    last: Final | None = None
    tail: Partial | None = None
    confirmed: bool = True
    eager: bool = False


@define
class _Channel:
    ended: int = 0
    open: dict[Any, _Turn] = field(factory=dict)
    orders: dict[Any, Turn] = field(factory=dict)


class Turns:
    """The fold. Feed it every event of one session, in order."""

    def __init__(self, provider: str, *, formatted_turns: str = "wait") -> None:
        self._provider, self._formatted_turns = provider, formatted_turns
        self._channels: dict[int, _Channel] = {}
        self._begun = False
        self._early: list[StreamEvent] = []

    def fold(self, events: Sequence[SessionEvent], now: float) -> list[StreamEvent]:
        """Return what the application sees of *events*; nothing before :class:`~aai_migrate.events.Begin`."""
        out: list[StreamEvent] = []
        for index, event in enumerate(events):
            after = events[index + 1] if index + 1 < len(events) else None
            ends = isinstance(after, TurnEnded) and isinstance(event, Final) and after.turn == event.turn
            seen = self._fold(event, now)
            out += [] if ends else seen  # the end restates the whole turn
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
                    )
                ]
            case say.Warned(code, message):
                return [Notice(code, message)]
            case say.Configured(accepted=False, reason=reason):
                return [Notice("configure_refused", reason)]
            case say.Finalized(by="timeout"):
                return [Notice("finalize_timeout", "the vendor did not answer a finalize in time")]
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
        return state, state.open.setdefault(key, _Turn())

    def _partial(self, event: Partial, now: float) -> list[StreamEvent]:
        state, turn = self._open(event.channel, event.turn)
        if not event.text and not turn.text and turn.tail is None:
            del state.open[event.turn]
            return []
        turn.tail = event
        if not (turn.text + event.text).strip():
            return []
        return [self._turn(state, event.turn, turn, event, now)]

    def _final(self, event: Final, now: float) -> list[StreamEvent]:
        state, turn = self._open(event.channel, event.turn)
        turn.tail = None
        if not event.text and not event.words:
            return []
        turn.text += event.text
        turn.words += event.words
        turn.start = _least(turn.start, event.start if event.start is not None else _start(event.words))
        turn.end = event.end if event.end is not None else (event.words[-1].end if event.words else turn.end)
        turn.last, turn.confirmed = event, turn.confirmed and event.confirmed
        return [self._turn(state, event.turn, turn, event, now)] if turn.text.strip() else []

    def _ended(self, event: TurnEnded, now: float) -> list[StreamEvent]:
        state, turn = self._open(event.channel, event.turn)
        if not turn.text.strip():
            del state.open[event.turn]
            return []
        turn.tail = None
        out: list[StreamEvent] = []
        for key, other in list(state.open.items()):  # what was promised under a lower order cannot move up
            if key == event.turn:
                break
            if other.text:
                out.append(self._close(state, key, other, TurnEnded(turn=key, channel=event.channel), now))
        if event.turn in state.open:
            state.open = {event.turn: turn, **{k: t for k, t in state.open.items() if k != event.turn}}
            out.append(self._close(state, event.turn, turn, event, now))
        return out

    def _close(self, state: _Channel, key: Any, turn: _Turn, event: TurnEnded, now: float) -> Turn:
        tail, turn.tail = turn.tail, None
        ended = self._turn(state, key, turn, turn.last or event, now)
        ended = evolve(
            ended,
            end_of_turn=True,
            end_of_turn_confidence=event.confidence,
            turn_is_formatted=event.formatted,
            stable_length=len(ended.transcript),
            raw=event.raw if event.raw is not None else ended.raw,
        )
        del state.open[key]
        state.ended += 1
        state.orders[key] = ended
        if len(state.orders) > KEPT:
            del state.orders[next(iter(state.orders))]
        if tail is not None:
            state.open = {key: _Turn(tail=tail), **state.open}
        return ended

    def _revised(self, event: Revised) -> list[StreamEvent]:
        state = self._channels.get(event.channel)
        ended = state.orders.get(event.turn) if state else None
        if state is None or ended is None:
            return []
        if event.formatted and event.text is not None and self._formatted_turns == "raw":
            return []
        changed = evolve(
            ended,
            transcript=ended.transcript if event.text is None else event.text,
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

    def _turn(self, state: _Channel, key: Any, turn: _Turn, event: Any, now: float) -> Turn:
        """Restate the whole turn: what is final, then the tail."""
        tail = turn.tail
        words = turn.words + tail.words if tail else turn.words
        transcript = turn.text + tail.text if tail else turn.text
        order = state.ended + next(index for index, open_key in enumerate(state.open) if open_key == key)
        speaker = getattr(event, "speaker", None)
        return Turn(
            turn_order=order,
            transcript=transcript,
            end_of_turn=False,
            words=words,
            start=_least(turn.start, tail.start if tail and tail.start is not None else _start(words)),
            end=tail.end if tail and tail.end is not None else (words[-1].end if words else turn.end),
            channel=event.channel,
            language=getattr(event, "language", None),
            speaker=speaker,
            confidence=getattr(event, "confidence", None),
            stable_length=len(turn.text) + (min(tail.stable, len(tail.text)) if tail else 0),
            eager=tail.eager if tail else False,
            confirmed=turn.confirmed,
            provider=self._provider,
            received_at=now,
            raw=event.raw,
        )


def _least(first: float | None, second: float | None) -> float | None:
    return second if first is None else first if second is None else min(first, second)


def _start(words: tuple[Word, ...]) -> float | None:
    return words[0].start if words else None
