"""The server half of Agent STT: turns become segments, each of one speaker, and what may change is shown once.

Source: https://docs.speechmatics.com/speech-to-text/agent-stt
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from attrs import define, evolve, field

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Message
from aai_migrate.wire.text import joined

from .. import replies
from ..conversation import Conversation, Out
from ..options import delimiter
from ..rt.results import is_mark, merged, spoken
from .request import AgentRequest

LONGEST = 120.0
"""Seconds of audio after which a segment ends."""
WORDLESS = 1.0
"""Seconds of settled audio without a word after which what began was no speech, or no turn."""
_ENDS = frozenset(".?!。？！")


@define
class _Turn:
    """One turn of the provider that is open.

    ``words`` are final and in no segment yet, each with its speaker's label; ``told`` says that a segment of it was,
    since the client knows of a turn.
    """

    words: tuple[Word, ...] = field(default=(), repr=False)
    tail: say.Partial | None = None
    told: bool = False


class Agent(Conversation):
    """One session of this path, as a :class:`~aai_migrate.provider.ServerPeer`.

    Turns follow each other: what is heard of a later one is shown when those before it have ended. Where the client
    ends turns itself, those of the provider end segments only. No time is before the end of what was told already.
    """

    again = True  # the words that a late answer is behind are in a turn that has to end, too

    def __init__(self, context: Context, request: AgentRequest, origin: ask.Origin, now: float) -> None:
        super().__init__(context, request, origin, now)
        self._wanted = request
        self._delimiter = delimiter(request.language)
        self._turns: dict[Any, _Turn] = {}
        self._begun: float | None = None  # where the turn began that the client knows of and that has not ended
        self._spoke: float | None = None  # where the speech began of which it knows, and that has not ended
        self._shown: Message | None = None  # the segment that may change
        self._told = 0.0  # the end of what was told
        self._speaker: str | None = None  # of the last final word

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
            case say.Settled(to):
                return self._settled(to)
        return []

    # What is heard.

    def _speech(self, at: float) -> list[Out]:
        """Tell that somebody speaks, to who does not listen for that itself."""
        if self._wanted.external or self._spoke is not None:
            return []
        self._spoke = max(at, self._told)
        return [_message("SpeechStarted", start_time=self._spoke)]

    def _partial(self, event: say.Partial) -> list[Out]:
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = event if event.text.strip() else None
        if turn.tail is None and not (turn.words or turn.told):
            del self._turns[event.turn]
        return self._show()

    def _final(self, event: say.Final) -> list[Out]:
        if not event.text.strip():
            return self._partial(say.Partial(turn=event.turn, text=""))
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = None
        turn.words += tuple(self._labelled(event, turn))
        self._speaker = turn.words[-1].speaker
        return self._tell()

    def _turn_ended(self, event: say.TurnEnded) -> list[Out]:
        """End a turn with all that was final before it; a tail that did not become final was nothing."""
        turn = self._turns.get(event.turn)
        if turn is None:
            return []
        first, turn.tail = turn is self._first, None
        before = takewhile(lambda each: each is not turn, self._turns.values())
        out = [message for each in (*before, turn) for message in self._segments(each, whole=True)]
        del self._turns[event.turn]
        if not self._wanted.external and (turn.told or first):
            out += self._end_turn()
        return [*out, *self._tell()]

    def _settled(self, to: float) -> list[Out]:
        """End what began without a word: somebody may wait for its end before he speaks himself."""
        began = self._spoke if self._begun is None else self._begun
        if self._wanted.external or self._first or began is None or to < began + WORDLESS:
            return []
        self._told = max(self._told, to)
        return self._end_turn()

    def _labelled(self, event: say.Partial | say.Final, turn: _Turn) -> Iterator[Word]:
        """Yield the words of *event* with the labels that clients of this dialect expect.

        A mark of which nobody says whose it is belongs to the word before it.
        """
        before = turn.words[-1] if turn.words else None
        last = before.speaker if before else self._speaker
        for word in spoken(event, before.end if before else self._told):
            who = word.speaker or event.speaker
            label = None
            if self._wanted.speakers:
                alone = who is None and is_mark(word)
                label = last if alone and last else self.speakers.label(who)
                if isinstance(event, say.Final):
                    self.speakers.hear(label)
            last = label
            yield evolve(word, speaker=label)

    # What is told.

    @property
    def _first(self) -> _Turn | None:
        """The turn that is told of now: the first of which there is anything."""
        return next((turn for turn in self._turns.values() if turn.words or turn.tail or turn.told), None)

    def _tell(self) -> list[Out]:
        """Tell what is complete of the first turn, and show the rest of it."""
        first = self._first
        return [*(self._segments(first, whole=False) if first else []), *self._show()]

    def _segments(self, turn: _Turn, *, whole: bool) -> list[Out]:
        """Return the segments that are complete; with *whole* all that there is of a turn."""
        parts = list(self._parts(turn.words))
        turn.words = parts.pop() if parts and not whole and not self._closes(parts[-1]) else ()
        out: list[Out] = []
        for part in parts:
            out += [*self._begin_turn(part[0].start), self._segment("AddSegment", part)]
            self._told = max(self._told, *(word.end for word in part))
            turn.told, self._shown = True, None
        return out

    def _parts(self, words: Iterable[Word]) -> Iterator[tuple[Word, ...]]:
        """Cut *words* where another speaks, a sentence ends, or a segment gets too long."""
        part: tuple[Word, ...] = ()
        for word in merged(words, self._delimiter):
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
        tail = tuple(self._labelled(turn.tail, turn)) if turn and turn.tail else ()
        words = (*turn.words, *tail) if turn else ()
        if not words:
            return self._take_back()
        out = self._begin_turn(words[0].start)
        shown = self._segment("AddPartialSegment", words)
        if self._wanted.partials and shown != self._shown:
            self._shown = shown
            out.append(shown)
        return out

    def _take_back(self) -> list[Out]:
        shown, self._shown = self._shown, None
        return [self._segment("AddPartialSegment", ())] if shown else []

    def _begin_turn(self, at: float) -> list[Out]:
        if self._begun is not None:
            return []
        self._begun = max(at, self._told)
        return [*self._speech(at), _message("StartOfTurn", start_time=self._begun)]

    def _end_turn(self) -> list[Out]:
        """End the speech and the turn that the client knows of, with the last word of it."""
        out = self._take_back()
        for name, began in (("SpeechEnded", self._spoke), ("EndOfTurn", self._begun)):
            if began is not None:
                self._told = max(self._told, began)
                out.append(_message(name, end_time=self._told))
        self._begun = self._spoke = None
        for turn in self._turns.values():
            turn.told = False
        return out

    def _segment(self, name: str, words: tuple[Word, ...]) -> Message:
        """Write a segment: its text without what stands before the first word, and who speaks first in it."""
        text = joined(words).removeprefix(words[0].joiner) if words else ""
        segment = {"transcript": text, "speaker": words[0].speaker if words else None}
        start = max(self._told, words[0].start if words else self._begun or 0.0)
        end = max(start, *(word.end for word in words)) if words else start
        return _message(
            name, {key: value for key, value in segment.items() if value is not None}, start_time=start, end_time=end
        )

    # Ends that the client asks for.

    def _ended(self, places: Mapping[int, float], *, settled: bool) -> list[Out]:
        """End the turn that began before its place; while words before that may become final, it is not over."""
        place, turns = places[0], [*self._turns.values()]
        if not settled and any(turn.tail and _start(turn.tail, self._told) < place for turn in turns):
            return []
        out: list[Out] = []
        for turn in turns:
            if turn.words and turn.words[0].start < place:
                out += self._segments(turn, whole=True)
        ends = self._begun is not None and (out or self._begun < place)
        return [*out, *(self._end_turn() if ends else [])]

    def _rest(self) -> list[Out]:
        """What was shown and did not become final was nothing."""
        out: list[Out] = []
        for turn in self._turns.values():
            turn.tail = None
            out += self._segments(turn, whole=True)
        self._turns.clear()
        return [*out, *self._end_turn()]


def _message(name: str, segment: dict[str, Any] | None = None, **times: float) -> Message:
    metadata = {key: round(value, 3) for key, value in times.items()}
    return replies.message(name, segment=segment, metadata=metadata)


def _start(tail: say.Partial, missing: float) -> float:
    first = tail.words[0].start if tail.words else tail.start
    return missing if first is None else first
