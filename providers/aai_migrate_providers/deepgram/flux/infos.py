"""Turns become ``TurnInfo``: one turn at a time, each message with the whole of it.

Source: https://developers.deepgram.com/docs/flux/state
"""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field, frozen

from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.text import spread

TRIGGERS = {"forced": "manual", "timeout": "timeout"}


@frozen
class Info:
    """One ``TurnInfo``; ``start`` and ``end`` are of the audio that the turn has had so far.

    ``confidence`` is that the turn is over; None: nobody knows. ``trigger`` belongs to ``EndOfTurn``.
    """

    event: str
    turn: int
    start: float
    end: float
    text: str = field(repr=False)
    words: tuple[Word, ...]
    language: str | None = None
    confidence: float | None = None
    trigger: str | None = None


@define
class _Turn:
    """What a provider has said of one turn."""

    text: str = field(default="", repr=False)
    words: tuple[Word, ...] = ()
    tail: say.Partial | None = None
    language: str | None = None
    ended: say.TurnEnded | None = None

    @property
    def whole(self) -> str:
        return (self.text + (self.tail.text if self.tail else "")).strip()

    @property
    def all_words(self) -> tuple[Word, ...]:
        return self.words + (_words(self.tail) if self.tail else ())


class Infos:
    """The turns of one session. A provider may have several open at once: a later one waits for the end of the first.

    A final text is held until the next event, or until ``tick``, which is due at once: what ends a turn comes right
    behind it, and needs no other message before.

    Attributes:
        eager: whether guesses at a turn's end are wanted.
        deadline: when what is held has to go out.
    """

    def __init__(self, *, eager: bool) -> None:
        self.eager = eager
        self.deadline: float | None = None
        self._turns: dict[Any, _Turn] = {}
        self._index = 0
        self._start = self._end = 0.0  # of the audio of the turn that the client knows as open
        self._begun = self._guessed = False  # that turn was begun; its end was guessed
        self._shown = ""

    @property
    def open(self) -> bool:
        """Whether a turn has begun, or is about to."""
        return self._begun or any(turn.whole for turn in self._turns.values())

    def hear(self, event: say.Event, now: float) -> list[Info]:
        """Return what the client is to hear of *event*."""
        match event:
            case say.Partial():
                out = self.tick()
                self._show(event)
                return [*out, *self._update()]
            case say.Final():
                out = self.tick()
                self._show(event)
                self.deadline = now
                return out
            case say.TurnEnded():
                turn = self._turns.get(_key(event))
                if turn:
                    turn.ended = event
                return self._close() if turn else []
        return []

    def _show(self, event: say.Partial | say.Final) -> None:
        """Take a tail, or a final text; a turn of which nothing is left is none."""
        turn = self._turns.setdefault(_key(event), _Turn())
        turn.language = event.language or turn.language
        if not event.text.strip():
            turn.tail = None
        elif isinstance(event, say.Partial):
            turn.tail = event
        else:
            _append(turn, event)
        if not turn.whole:
            del self._turns[_key(event)]

    def force(self) -> list[Info]:
        """End the turn that is open, on what is final of it."""
        out, first = self.tick(), self._first
        if first is None or not first.text.strip():
            return out
        ended = say.TurnEnded(turn=None, reason="forced", confidence=None)
        out += self._over(evolve(first, tail=None), ended)
        first.text, first.words = "", ()
        if not first.tail:
            del self._turns[next(iter(self._turns))]
        return [*out, *self._close()]

    def rest(self) -> list[Info]:
        """Return the ends of all that is open; what may still change ends as it was last seen."""
        for turn in self._turns.values():
            if turn.tail:
                _append(turn, turn.tail)
            turn.ended = turn.ended or say.TurnEnded(turn=None)
        return [*self._update(), *self._close()]

    def tick(self) -> list[Info]:
        """Return what is held."""
        held, self.deadline = self.deadline, None
        return [] if held is None else self._update()

    @property
    def _first(self) -> _Turn | None:
        return next(iter(self._turns.values()), None)

    def _close(self) -> list[Info]:
        """End the first turns, as far as they are over, and go on with the next one."""
        out: list[Info] = []
        while (first := self._first) and first.ended:
            del self._turns[next(iter(self._turns))]
            first.tail = None
            out += self._over(first, first.ended) if first.whole else self._update()
        return [*out, *self._update()]

    def _update(self) -> list[Info]:
        """Restate the first turn; where there is none, what was shown of it is taken back."""
        turn = self._first or _Turn()
        text, said = turn.whole, self._shown
        guess = self.eager and bool(text) and turn.tail is not None and turn.tail.eager
        if not self._begun:
            if not text:
                return []
            self._begun = True
            begun = [self._info("StartOfTurn", turn)]
            return [*begun, *(self._guess(turn) if guess else [])]
        if self._guessed:
            if text == said:
                return []
            self._guessed = False
            return [self._info("TurnResumed", turn), *(self._guess(turn) if guess else [])]
        if guess:
            return self._guess(turn)
        return [self._info("Update", turn)] if text != said else []

    def _guess(self, turn: _Turn) -> list[Info]:
        self._guessed = True
        return [self._info("EagerEndOfTurn", turn)]

    def _over(self, turn: _Turn, ended: say.TurnEnded) -> list[Info]:
        """End the open turn with the text of *turn*."""
        out: list[Info] = []
        if not self._begun:
            out.append(self._info("StartOfTurn", turn))
        elif self._guessed and turn.whole != self._shown and ended.reason != "forced":
            out.append(self._info("TurnResumed", turn))
        last = self._info("EndOfTurn", turn)
        # A tail may have reached farther, into what is the next turn's.
        self._end = max(self._start, last.words[-1].end if last.words else 0.0, ended.at or 0.0)
        out.append(
            evolve(
                last,
                end=self._end,
                confidence=ended.confidence,
                trigger=TRIGGERS.get(ended.reason, "model"),
            )
        )
        self._index, self._start = self._index + 1, self._end
        self._begun, self._guessed, self._shown = False, False, ""
        return out

    def _info(self, event: str, turn: _Turn) -> Info:
        words = turn.all_words
        self._end = max(self._end, words[-1].end if words else 0.0)
        self._shown = turn.whole
        return Info(event, self._index, self._start, self._end, self._shown, words, turn.language)


def _key(event: say.Partial | say.Final | say.TurnEnded) -> tuple[int, Any]:
    return event.channel, event.turn


def _append(turn: _Turn, event: say.Partial | say.Final) -> None:
    turn.text, turn.words, turn.tail = turn.text + event.text, turn.words + _words(event), None


def _words(event: say.Partial | say.Final) -> tuple[Word, ...]:
    return event.words or spread(event.text, event.start, event.end)
