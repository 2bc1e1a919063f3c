"""Exactly one end a turn, in order, whatever shape the vendor gives it.

With ``format_turns`` a turn ends twice (raw, then formatted), once formatted or once raw: only time tells.

Source: https://www.assemblyai.com/docs/speech-to-text/universal-streaming/message-sequence
"""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field

from aai_migrate.wire import events as say
from aai_migrate.wire.text import joined, joiner, mean
from aai_migrate.wire.values import string

from . import messages
from .messages import Turn
from .options import U3, W

HOLD = 2.0
"""Seconds that a raw end waits for its formatted copy, or an end for the end of an earlier turn."""
WORD = 0.25
"""Seconds after its start by which an ordinary word is past its middle."""
KEPT = 256
"""Ended turns that a late message is still matched with."""

Asked = list[tuple[str, float]]


@define
class _Open:
    """A turn that was seen and not yet passed on as ended."""

    seen: Turn  # its end, or as shown last
    shown: bool = False
    ended: bool = False
    due: float | None = None  # when it is passed on as it is
    ready: bool = False  # its end needs no waiting
    asked: Asked = field(factory=list)  # what its end answers


@define
class _Ended:
    formatted: bool
    guessed: bool  # from a partial, because the end did not come


class Turns:
    """The open turns of one connection.

    Attributes:
        family: how the model behaves on the wire.
        formats: whether formatted turns were asked for.
        waits: whether a raw end waits for its formatted copy.
    """

    def __init__(self, family: str = U3, *, formats: bool = False, waits: bool = True) -> None:
        self.family, self.formats, self.waits = family, formats, waits
        self._open: dict[int, _Open] = {}
        self._ended: dict[int, _Ended] = {}
        self._forgotten = -1
        self._asked: Asked = []

    @property
    def deadline(self) -> float | None:
        """When the lowest open turn is passed on as it is."""
        return self._open[min(self._open)].due if self._open else None

    def finalize(self, id_: str, place: float) -> None:
        """Note a ``ForceEndpoint`` after *place* seconds of audio: the next end answers it."""
        self._asked.append((id_, place))

    def take(self, turn: Turn, now: float) -> list[say.Event]:
        """Take one ``Turn``, which restates the whole turn."""
        if turn.order in self._ended:
            return self._late(turn)
        if turn.order <= self._forgotten:
            return []
        for order, earlier in self._open.items():
            if order < turn.order and earlier.ended:
                earlier.due = now
        return self._end(turn, now) if turn.end else self._partial(turn, now)

    def tick(self, now: float) -> list[say.Event]:
        """Pass on what has waited long enough."""
        out: list[say.Event] = []
        for order in sorted(self._open):
            state = self._open[order]
            if not (state.ready or (state.due is not None and state.due <= now)):
                break
            out += self._emit(order, "vendor" if state.ended else "timeout")
        return out

    def fail(self) -> list[say.Event]:
        """The connection is over: what had ended is passed on, what was open is the replay's."""
        out: list[say.Event] = []
        for order in sorted(self._open):
            if not self._open[order].ended:
                break
            out += self._emit(order, "vendor")
        return out

    def finish(self) -> list[say.Event]:
        """The session is over: nothing that was shown is left open."""
        out: list[say.Event] = []
        for order in sorted(self._open):
            out += self._emit(order, "vendor" if self._open[order].ended else "stop")
        asked, self._asked = self._asked, []
        return [*out, *(say.Finalized(id_, "settled") for id_, _ in asked)]

    def speakers(self, message: dict[str, Any], now: float) -> list[say.Event]:
        """Read a ``SpeakerRevision``; a turn that it names waits for nothing any more."""
        revisions = message.get("revisions")
        items = [item for item in revisions if isinstance(item, dict)] if isinstance(revisions, list) else []
        out: list[say.Event] = []
        for item in items:
            order = messages.order(item.get("turn_order"))
            words, speaker = messages.words(item.get("words")), string(item.get("speaker_label"))
            if order is None or not (words or speaker):
                continue
            held = self._open.get(order)
            if held and held.ended:
                held.ready = True
                out += self.tick(now)
            if order in self._ended:
                out.append(say.Revised(turn=order, words=words, speaker=speaker, raw=message))
        return out

    def _partial(self, turn: Turn, now: float) -> list[say.Event]:
        out = self.tick(now)
        text, stable = self._shown(turn)
        state = self._open.get(turn.order) or _Open(turn)
        if not text.strip() or state.ended:
            return out
        state.seen, state.shown = turn if text == turn.transcript else evolve(turn, transcript=text), True
        self._open[turn.order] = state
        self._limit(now)
        words = turn.words
        return [
            *out,
            say.Partial(
                turn=turn.order,
                text=text,
                words=words,
                start=words[0].start if words else None,
                end=words[-1].end if words else None,
                language=turn.language,
                speaker=turn.speaker,
                stable=stable,
                raw=turn.raw,
            ),
        ]

    def _shown(self, turn: Turn) -> tuple[str, int]:
        """Return the fullest text of an open turn, and how many of its characters will not change.

        Universal-Streaming puts finished words only into the transcript, and keeps to them unless it formats.
        """
        text = turn.transcript
        if self.family == U3 or text == joined(turn.words):
            return turn.text, 0
        for word in turn.open_words:
            text += joiner(text, word.text) + word.text
        return text, 0 if self.formats or self.family == W else len(turn.transcript)

    def _end(self, turn: Turn, now: float) -> list[say.Event]:
        state = self._open.setdefault(turn.order, _Open(turn))
        spoken = bool(turn.text.strip())
        if not state.ended:
            state.seen, state.ended = turn, True
            state.asked, self._asked = self._asked, []
        elif spoken and turn.formatted >= state.seen.formatted:
            state.seen = turn
        holds = self.waits and self.formats and self.family != U3 and not turn.formatted
        state.ready = state.ready or not (spoken and holds)
        state.due = now + HOLD if state.due is None else state.due
        self._limit(now)
        return self.tick(now)

    def _limit(self, now: float) -> None:
        """No open turn holds up the end of a later one for long."""
        last = max((order for order, state in self._open.items() if state.ended), default=-1)
        for order, state in self._open.items():
            if order < last and state.due is None:
                state.due = now + HOLD

    def _emit(self, order: int, reason: say.EndReason) -> list[say.Event]:
        state = self._open.pop(order)
        turn, guessed = state.seen, not state.ended
        self._remember(order, _Ended(turn.formatted, guessed))
        if not turn.text.strip():
            self._asked = state.asked + self._asked
            return [say.TurnEnded(turn=order, raw=turn.raw)] if state.shown else []
        words = tuple(evolve(word, is_final=True) for word in turn.words) if guessed else turn.words
        at = words[-1].end if words else None
        begin, last = (words[0].start, words[-1].start) if words else (0.0, 0.0)
        forced = any(place > begin for _, place in state.asked)
        cut = min((place for _, place in state.asked if place > last), default=at)
        out: list[say.Event] = [
            say.Final(
                turn=order,
                text=turn.text,
                words=words,
                start=words[0].start if words else None,
                end=at,
                language=turn.language,
                speaker=turn.speaker,
                confidence=mean(words),
                confirmed=not guessed,
                raw=turn.raw,
            ),
            say.TurnEnded(
                turn=order,
                at=at,
                reason="forced" if forced else reason,
                confidence=turn.end_confidence,
                formatted=turn.formatted,
                raw=turn.raw,
            ),
        ]
        if at is not None and cut is not None:
            # A forced end cuts where we said, yet the last word's end is up to 1.3 s late.
            out.append(say.Settled(min(at, max(cut, last + WORD))))
        for id_, place in state.asked:  # what was asked before the turn began was asked in silence
            out.append(say.Finalized(id_, "vendor" if place > begin else "settled"))
        return out

    def _remember(self, order: int, ended: _Ended) -> None:
        self._ended[order] = ended
        if len(self._ended) > KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._forgotten = max(self._forgotten, oldest)

    def _late(self, turn: Turn) -> list[say.Event]:
        """A message for a turn that ended: the formatted copy, or the end that came after we gave up."""
        ended = self._ended[turn.order]
        if not (turn.end and turn.text.strip() and (turn.formatted > ended.formatted or ended.guessed)):
            return []
        self._ended[turn.order] = _Ended(turn.formatted, False)
        return [
            say.Revised(
                turn=turn.order,
                text=turn.text,
                words=turn.words,
                speaker=turn.speaker,
                formatted=turn.formatted,
                raw=turn.raw,
            )
        ]
