"""One end for every turn, in order; every message restates the whole turn.

Source: https://developers.deepgram.com/docs/flux/state
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from aai_migrate.wire import events as say
from aai_migrate.wire.text import mean

from ..messages import END, TurnInfo

UNTIMED = 0.25
"""Seconds before the end of a turn's audio that are not settled with it, where no word says when it ended."""
_REASONS: dict[str | None, say.EndReason] = {"manual": "forced", "timeout": "timeout"}


class Turns:
    """The turns of one connection."""

    def __init__(self) -> None:
        self._ended = -1  # the last turn that has ended
        self._open: dict[int, TurnInfo] = {}

    def take(self, turn: TurnInfo) -> Iterator[say.Event]:
        """Take one message; of a turn that has ended nothing is new."""
        if turn.index <= self._ended:
            return
        for index in [index for index in self._open if index < turn.index]:  # its end never came
            yield from self._emit(self._open[index], "timeout", confirmed=False)
        known = self._open.get(turn.index)
        begun = known is not None and bool(known.text)
        if turn.text and not begun:
            yield say.SpeechStarted(turn.words[0].start)
        self._open[turn.index] = turn
        if turn.event == END:
            yield from self._emit(turn, _REASONS.get(turn.trigger, "vendor"))
        elif turn.text or begun:
            yield say.Partial(
                turn=turn.index,
                text=turn.text,
                words=turn.words,
                start=turn.words[0].start if turn.words else turn.start,
                end=turn.words[-1].end if turn.words else turn.end,
                language=turn.language,
                confidence=mean(turn.words),
                eager=turn.event == "EagerEndOfTurn",
                raw=turn.raw,
            )

    def finish(self) -> Iterator[say.Event]:
        """The vendor has said everything: what an open turn showed last is its text."""
        for turn in list(self._open.values()):
            yield from self._emit(turn, "stop")

    def _emit(self, turn: TurnInfo, reason: say.EndReason, *, confirmed: bool = True) -> Iterator[say.Event]:
        del self._open[turn.index]
        self._ended = max(self._ended, turn.index)
        if not turn.text:
            yield say.TurnEnded(turn=turn.index, reason=reason, raw=turn.raw)
            return
        end = turn.words[-1].end
        yield say.Final(
            turn=turn.index,
            text=turn.text,
            words=tuple(evolve(word, is_final=True) for word in turn.words),
            start=turn.words[0].start,
            end=end,
            language=turn.language,
            confidence=mean(turn.words),
            confirmed=confirmed,
            raw=turn.raw,
        )
        yield say.TurnEnded(
            turn=turn.index, at=end, reason=reason, confidence=turn.end_confidence, formatted=True, raw=turn.raw
        )
        yield say.Settled(end if turn.timed else max(turn.start, end - UNTIMED))
