"""The server half of Agent STT: turns become segments, each of one speaker, and what may change is shown once.

Source: https://docs.speechmatics.com/speech-to-text/agent-stt
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, evolve, field

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Message
from aai_migrate.wire.text import joined, spread

from .. import replies
from ..conversation import Conversation, Out
from .request import AgentRequest

LONGEST = 120.0
"""Seconds of audio after which a segment ends."""
_ENDS = frozenset(".?!。？！")


@define
class _Turn:
    """One turn of the provider that is open.

    ``words`` are final and in no segment yet, each with its speaker's label; ``told`` says that a segment of it was.
    """

    words: tuple[Word, ...] = field(default=(), repr=False)
    tail: say.Partial | None = None
    told: bool = False


class Agent(Conversation):
    """One session of this path, as a :class:`~aai_migrate.provider.ServerPeer`.

    Turns follow each other: what is heard of a later one is shown when those before it have ended. Where the client
    ends turns itself, those of the provider end segments only.
    """

    def __init__(self, context: Context, request: AgentRequest, origin: ask.Origin, now: float) -> None:
        super().__init__(context, request, origin, now)
        self._wanted = request
        self._turns: dict[Any, _Turn] = {}
        self._begun = False  # the client knows of a turn that has not ended
        self._owed = False  # a forced end was answered before the words that it is behind were final
        self._shown = self._speaking = False
        self._end = 0.0  # of the last final word

    def _hear(self, event: say.Event, now: float) -> list[Out]:
        match event:
            case say.SpeechStarted(at):
                return self._speech(at)
            case say.Partial():
                return self._partial(event)
            case say.Final():
                return self._final(event)
            case say.TurnEnded():
                return self._turn_ended(event)
        return []

    # What is heard.

    def _speech(self, at: float) -> list[Out]:
        """Tell that somebody speaks, to who does not listen for that itself."""
        if self._wanted.external or self._speaking:
            return []
        self._speaking = True
        return [_message("SpeechStarted", start_time=at)]

    def _partial(self, event: say.Partial) -> list[Out]:
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = event if event.text.strip() else None
        if turn.tail is None and not (turn.words or turn.told):
            del self._turns[event.turn]
        return self._show()

    def _final(self, event: say.Final) -> list[Out]:
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = None
        if not event.text.strip():
            return self._show()
        turn.words += tuple(self._labelled(event))
        self._end = max(self._end, turn.words[-1].end)
        return [*self._whole_segments(), *self._show()]

    def _turn_ended(self, event: say.TurnEnded) -> list[Out]:
        """The words of a turn that was not the first are told before those of the first: it has none, or never will."""
        turn = self._turns.pop(event.turn, None)
        if turn is None:
            return []
        turn.tail = None
        out = self._segments(turn, whole=True)
        if (turn.told and not self._wanted.external) or self._owed:
            out += self._end_turn()
        return [*out, *self._show()]

    def _labelled(self, event: say.Partial | say.Final) -> Iterable[Word]:
        """Yield the words of *event* with the labels that clients of this dialect expect."""
        words = event.words or _untimed(event)
        for word in words:
            label = self.speakers.label(word.speaker or event.speaker) if self._wanted.speakers else None
            if label and isinstance(event, say.Final):
                self.speakers.hear(label)
            yield evolve(word, speaker=label)

    # What is told.

    @property
    def _first(self) -> _Turn | None:
        """The turn that is told of now."""
        return next(iter(self._turns.values()), None)

    def _whole_segments(self) -> list[Out]:
        return self._segments(self._first, whole=False) if self._first else []

    def _segments(self, turn: _Turn, *, whole: bool) -> list[Out]:
        """Return the segments that are complete; with *whole* all that there is of a turn."""
        parts = list(self._parts(turn.words))
        if parts and not whole and not self._closes(parts[-1]):
            turn.words = parts.pop()
        else:
            turn.words = ()
        out: list[Out] = []
        for part in parts:
            out += [*self._begin_turn(part[0].start), self._segment("AddSegment", part)]
            turn.told, self._shown = True, False
        return out

    def _parts(self, words: Iterable[Word]) -> Iterable[tuple[Word, ...]]:
        """Cut *words* where another speaks, a sentence ends, or a segment gets too long."""
        part: tuple[Word, ...] = ()
        for word in words:
            if part and (word.speaker != part[-1].speaker or self._closes(part)):
                yield part
                part = ()
            part += (word,)
        if part:
            yield part

    def _closes(self, part: tuple[Word, ...]) -> bool:
        """Say whether a segment ends here by itself."""
        sentence = self._wanted.sentences and part[-1].text[-1:] in _ENDS
        return sentence or part[-1].end - part[0].start >= LONGEST

    def _show(self) -> list[Out]:
        """Show the open segment of the first turn; where nothing is left of it, take back what was shown."""
        turn = self._first
        tail = tuple(self._labelled(turn.tail)) if turn and turn.tail else ()
        words = (*turn.words, *tail) if turn else ()
        if not words:
            taken_back, self._shown = self._shown, False
            return [self._segment("AddPartialSegment", ())] if taken_back else []
        out = self._begin_turn(words[0].start)
        if self._wanted.partials:
            self._shown = True
            out.append(self._segment("AddPartialSegment", words))
        return out

    def _begin_turn(self, at: float) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        return [*self._speech(at), _message("StartOfTurn", start_time=at)]

    def _end_turn(self) -> list[Out]:
        """End the turn that the client knows of, with its last word."""
        self._owed = False
        if not self._begun:
            return []
        self._begun = False
        silent = [_message("SpeechEnded", end_time=self._end)] if self._speaking else []
        self._speaking = False
        return [*silent, _message("EndOfTurn", end_time=self._end)]

    def _segment(self, name: str, words: tuple[Word, ...]) -> Message:
        """Write a segment: its text without what stands before the first word, and who speaks first in it."""
        text = joined(words).removeprefix(words[0].joiner) if words else ""
        segment = {"transcript": text, "speaker": words[0].speaker if words else None}
        times = {"start_time": words[0].start, "end_time": words[-1].end} if words else {}
        return _message(name, {key: value for key, value in segment.items() if value is not None}, **times)

    # Ends that the client asks for.

    def _ended(self, channel: int | None, place: float, *, settled: bool) -> list[Out]:
        """Answer a forced end; where words before it are still to become final, the turn ends behind these."""
        turn = self._first
        if turn and turn.tail and not settled:
            self._owed = True
            return []
        out: list[Out] = []
        if turn:
            out += self._segments(turn, whole=True)
        return [*out, *self._end_turn()]

    def _rest(self) -> list[Out]:
        """What was shown and did not become final was nothing."""
        out: list[Out] = []
        for turn in self._turns.values():
            turn.tail = None
            out += self._segments(turn, whole=True)
        self._turns.clear()
        return [*out, *self._show(), *self._end_turn()]


def _message(name: str, segment: dict[str, Any] | None = None, **times: float) -> Message:
    metadata = {key: round(value, 3) for key, value in times.items()}
    return replies.message(name, segment=segment, metadata=metadata)


def _untimed(event: say.Partial | say.Final) -> tuple[Word, ...]:
    """Return words for a text that came without."""
    words = spread(event.text, event.start, event.end)
    return (evolve(words[0], joiner="" if event.text[:1].strip() else " "), *words[1:])
