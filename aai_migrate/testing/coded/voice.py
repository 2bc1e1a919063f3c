"""Turns the words of one channel into events: when a tail becomes final, and when a turn is over."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator

from attrs import evolve, frozen

from aai_migrate.wire.events import EndReason, Event, Final, Partial, Settled, SpeechStarted, TurnEnded, Word

from .code import NUMBERS, WORDS
from .hard import Hard
from .reader import Heard

LONGEST_TURN = 58.0
"""A turn that has lasted so many seconds ends with its present word."""
SETTLE_EVERY, SETTLE_LAG = 1.0, 0.25
"""Silence is settled every so many seconds, up to so many before the last sample read."""


@frozen
class _Mark:
    """A decision: *count* more words are final from *due* on, and with a *reason* their turn is over."""

    due: float
    count: int
    reason: EndReason | None


class Voice:
    """The turns of one channel.

    What is decided follows the words at once (``_spoken``, ``_began``, ``_last``); what is said follows the
    marks (``_turn``, ``_appended``, ``_tail``), which ``Hard.late`` holds back.
    """

    def __init__(self, channel: int, hard: Hard, keys: Iterator[int], *, partials: bool = True) -> None:
        self._channel, self._hard, self._keys, self._partials = channel, hard, keys, partials
        self._index = 0  # words heard
        self._spoken = 0  # words of the turn that is being spoken
        self._began = self._last = 0.0  # its first start and last end
        self._unmarked = 0  # words that no mark covers
        self._marks: deque[_Mark] = deque()
        self._turn: int | None = None  # key of the turn that is being told
        self._appended = False  # whether it has a Final
        self._tail: list[Word] = []
        self._told = 0.0  # reported end of the last final word
        self._settled = 0.0

    def hear(self, heard: Heard, silence: float) -> list[Event]:
        """Take the next word; the turn before it is over if *silence* seconds lie between them."""
        events = self.advance(heard.start, heard.end, silence)
        if not self._spoken:
            self._began = heard.start
            events.append(SpeechStarted(heard.start, self._channel))
        self._tail.append(self._word(heard))
        self._spoken += 1
        self._unmarked += 1
        self._last = heard.end
        events += self._partial()
        self._decide()
        return events + self._release(heard.end)

    def advance(self, quiet_to: float, now: float, silence: float) -> list[Event]:
        """Let time pass: audio is read up to *now*, and no word but those heard began before *quiet_to*."""
        if self._spoken and quiet_to - self._last >= silence:
            self._mark(self._last + silence, "vendor")
        return self._release(now)

    def idle(self, quiet_to: float, now: float) -> list[Event]:
        """Settle the silence before *quiet_to*, now and then, while no turn is open."""
        to = min(quiet_to, now - SETTLE_LAG)
        is_open = self._spoken or self._tail or self._turn is not None
        if is_open or not self._hard.silent_settle or to < self._settled + SETTLE_EVERY:
            return []
        return self.settle(to)

    def close(self, reason: EndReason, limit: float = math.inf) -> list[Event]:
        """Say at once what is decided, and end the open turn; settle nothing beyond *limit*."""
        if self._spoken:
            self._mark(self._last, reason)
        return self._release(math.inf, limit)

    def settle(self, to: float) -> list[Event]:
        """Say that no further word can come for audio before *to*; what is settled stays settled."""
        if to <= self._settled:
            return []
        self._settled = to
        return [Settled(to, self._channel)]

    def _decide(self) -> None:
        """See what the newest word brings to an end."""
        split, every = self._hard.split_every, self._hard.final_every
        if (split and self._spoken >= split) or self._last - self._began >= LONGEST_TURN:
            self._mark(self._last, "vendor")
        elif every and self._spoken % every == 0:
            self._mark(self._last, None)

    def _mark(self, decided: float, reason: EndReason | None) -> None:
        self._marks.append(_Mark(decided + self._hard.late, self._unmarked, reason))
        self._unmarked = 0
        if reason:
            self._spoken = 0

    def _release(self, now: float, limit: float = math.inf) -> list[Event]:
        """Say what is due; a tail that lives on is repeated."""
        events: list[Event] = []
        while self._marks and self._marks[0].due <= now:
            events += self._say(self._marks.popleft(), limit)
        return events + self._partial() if events else events

    def _say(self, mark: _Mark, limit: float) -> list[Event]:
        events: list[Event] = []
        turn = self._key()
        if mark.count:
            words = self._pieces(tuple(evolve(word, is_final=True) for word in self._tail[: mark.count]))
            del self._tail[: mark.count]
            self._told, self._appended = words[-1].end, True
            events.append(
                Final(
                    turn=turn, text=_text(words), words=words, channel=self._channel,
                    start=words[0].start, end=words[-1].end, confidence=1.0,
                )
            )  # fmt: skip
        if mark.reason:
            events.append(
                TurnEnded(turn=turn, channel=self._channel, at=self._told, reason=mark.reason, confidence=1.0)
            )
            self._turn, self._appended = None, False
        return events + self.settle(min(self._told, limit))

    def _partial(self) -> list[Event]:
        if not self._tail or not self._partials:
            return []
        words = self._pieces(tuple(self._tail))
        if self._hard.rewrite:
            words = (*words[:-1], evolve(words[-1], text=WORDS[NUMBERS[words[-1].text] ^ 1]))
        return [
            Partial(
                turn=self._key(), text=_text(words), words=words, channel=self._channel,
                start=words[0].start, end=words[-1].end, stable=self._stable(words),
            )
        ]  # fmt: skip

    def _stable(self, words: tuple[Word, ...]) -> int:
        """How much of the tail stays: all but what is decided to belong to the next turn."""
        if self._hard.rewrite or not self._hard.stable:
            return 0
        count = 0
        for mark in self._marks:
            count += mark.count
            if mark.reason:
                return len(_text(words[:count])) if count else 0
        return len(_text(words))

    def _key(self) -> int:
        if self._turn is None:
            self._turn = next(self._keys)
        return self._turn

    def _pieces(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words as the turn's next piece: nothing stands before a turn's first word."""
        return words if self._appended else (evolve(words[0], joiner=""), *words[1:])

    def _word(self, heard: Heard) -> Word:
        start, end, jitter = heard.start, heard.end, self._hard.jitter
        if jitter:
            dice = random.Random(f"{self._hard.seed}/{self._channel}/{self._index}")
            start = max(0.0, start + dice.uniform(-jitter, jitter))
            end = max(start, end + dice.uniform(-jitter, jitter))
        self._index += 1
        return Word(heard.text, start, end, 1.0, is_final=False)


def _text(words: tuple[Word, ...]) -> str:
    return words[0].joiner + " ".join([word.text for word in words])
