"""Turns become spans: stretches of audio that follow each other without a gap, each made final once.

Source: https://developers.deepgram.com/docs/understand-endpointing-interim-results
"""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, frozen

from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.text import mean, spread

from ..messages import Span
from .request import Request

SILENCE = 1.0
"""Seconds of settled silence that are worth a message."""


@frozen
class Began:
    """Somebody began to speak at ``at`` seconds."""

    channel: int
    at: float


@frozen
class Paused:
    """Nobody spoke for a while after the word that ended at ``at`` seconds."""

    channel: int
    at: float


Said = Span | Began | Paused


@define
class _Turn:
    tail: say.Partial | None = None
    spoken: float | None = None  # where its last final word ends
    open: bool = False  # it has final words behind the last end of speech


class Spans:
    """The spans of one session, of every channel.

    What a final word is the end of comes right behind it, in an event of its own; the wire has one message for both.
    So a final span is held until the next event of its channel, or until ``tick``, which is due at once.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._channels: dict[int, _Channel] = {}

    @property
    def deadline(self) -> float | None:
        """When what is held has to go out."""
        due = [channel.deadline for channel in self._channels.values() if channel.deadline is not None]
        return min(due, default=None)

    def hear(self, event: say.Event, now: float) -> list[Said]:
        """Return what the client is to hear of *event*."""
        match event:
            case say.SpeechStarted(at, number):
                return self._channel(number).speech(at)
            case say.Partial():
                return self._channel(event.channel).partial(event)
            case say.Final():
                return self._channel(event.channel).final(event, now)
            case say.TurnEnded():
                return self._channel(event.channel).ended(event.turn, now)
            case say.Settled(to, number):
                return self._channel(number).settle(to)
        return []

    def finalized(self, number: int) -> list[Said]:
        """Return the answer to a Finalize of channel *number*, and what came before it."""
        return self._channel(number).finalized()

    def tick(self) -> list[Said]:
        """Return all that is held."""
        return [said for channel in self._channels.values() for said in channel.flush()]

    def rest(self) -> list[Said]:
        """Return all that is held, and the ends of turns that are open."""
        return [said for channel in self._channels.values() for said in channel.rest()]

    def _channel(self, number: int) -> _Channel:
        return self._channels.setdefault(number, _Channel(number, self._request))


class _Channel:
    """The spans of one channel; ``deadline`` is when what is held has to go out."""

    def __init__(self, number: int, request: Request) -> None:
        self.deadline: float | None = None
        self._number, self._request = number, request
        self._turns: dict[Any, _Turn] = {}
        self._began = False  # a start of speech was told, and there is no turn yet
        self._end = self._settled = 0.0  # of the last final span; of what can bring no word any more
        self._held: Span | None = None
        self._owner: Any = None  # whose words are held
        self._pause: float | None = None  # is told behind what is held

    def speech(self, at: float) -> list[Said]:
        out = self.flush()
        if self._began or self._turns:
            return out
        self._began = True
        return [*out, *self._told(at)]

    def _told(self, at: float) -> list[Said]:
        return [Began(self._number, at)] if self._request.starts else []

    def partial(self, event: say.Partial) -> list[Said]:
        """Show the open tails, all of them: finals are not said again."""
        out = self.flush()
        if event.text.strip():
            turn, began = self._open(event)
            turn.tail = event
            return [*out, *began, *self._shown()]
        turn_, shown = self._turns.get(event.turn), False
        if turn_:
            shown, turn_.tail = turn_.tail is not None, None
            self._forget(event.turn, turn_)
        return [*out, *(self._shown() if shown else [])]

    def final(self, event: say.Final, now: float) -> list[Said]:
        """Hold a final span, from the end of the last one to the end of the last word."""
        if not event.text.strip():
            return self.partial(say.Partial(turn=event.turn, text="", channel=event.channel))
        out = self.flush()
        turn, began = self._open(event)
        words = _words(event, self._end)
        turn.tail, turn.spoken, turn.open = None, words[-1].end, True
        self._hold(self._span((event,), words, max(self._end, words[-1].end), final=True), event.turn, now)
        return [*out, *began]

    def ended(self, key: Any, now: float) -> list[Said]:
        """Close a turn: in the span that is held, if it is the turn's, else in an empty one."""
        turn = self._turns.get(key)
        if turn is None:
            return []
        out: list[Said] = []
        if self._held is None or self._owner != key:
            out = self.flush()
        del self._turns[key]
        if turn.open and self._request.endpoints:
            self._hold(evolve(self._held or self._empty(), ends=True), key, now)
        elif turn.tail and not turn.open:
            out += self._shown()
        if turn.spoken is not None and self._request.pauses:
            self._pause, self.deadline = turn.spoken, now
        return out

    def settle(self, to: float) -> list[Said]:
        self._settled = max(self._settled, to)
        return [] if self._held or self._pause is not None else self._silence()

    def finalized(self) -> list[Said]:
        """Make what is held, or nothing, the answer to a Finalize."""
        self._held = evolve(self._held or self._empty(), ends=True, finalizes=True)
        for turn in self._turns.values():
            turn.open = False
        return self.flush()

    def flush(self) -> list[Said]:
        """Return what is held, and the silence behind it."""
        held, pause = self._held, self._pause
        self._held = self._pause = self._owner = self.deadline = None
        out: list[Said] = [held] if held else []
        if pause is not None:
            out.append(Paused(self._number, pause))
        return [*out, *self._silence()]

    def rest(self) -> list[Said]:
        out = self.flush()
        closed = any(turn.open for turn in self._turns.values())
        self._turns.clear()
        return [*out, evolve(self._empty(), ends=True)] if closed and self._request.endpoints else out

    def _open(self, event: say.Partial | say.Final) -> tuple[_Turn, list[Said]]:
        """Return the turn of *event*; that somebody speaks is told once, here at the latest."""
        turn = self._turns.get(event.turn)
        if turn:
            return turn, []
        turn = self._turns[event.turn] = _Turn()
        began, self._began = self._began, False
        return turn, [] if began else self._told(_words(event, self._end)[0].start)

    def _forget(self, key: Any, turn: _Turn) -> None:
        """Let go of a turn of which nothing is left; who was told of it is not told again of the next one."""
        if turn.spoken is None:
            del self._turns[key]
            self._began = True

    def _hold(self, span: Span, key: Any, now: float) -> None:
        self._held, self._owner, self.deadline = span, key, now
        self._end = span.end

    def _empty(self) -> Span:
        """Return a final span without words, over the silence that is settled."""
        end = self._end if self._turns else max(self._end, self._settled)
        span = self._span((), (), end, final=True)
        self._end = end
        return span

    def _silence(self) -> list[Said]:
        return [self._empty()] if not self._turns and self._settled - self._end >= SILENCE else []

    def _shown(self) -> list[Said]:
        if not self._request.interim:
            return []
        tails = tuple(turn.tail for turn in self._turns.values() if turn.tail)
        words = tuple(word for tail in tails for word in _words(tail, self._end))
        return [self._span(tails, words, max(self._end, *(word.end for word in words), self._end), final=False)]

    def _span(
        self, events: tuple[say.Partial | say.Final, ...], words: tuple[Word, ...], end: float, *, final: bool
    ) -> Span:
        text = " ".join(event.text.strip() for event in events)
        language = next((event.language for event in events if event.language), None)
        confidence = mean(words)
        if confidence is None:
            confidence = next((event.confidence for event in events if event.confidence is not None), None)
        return Span(self._number, final, False, False, self._end, end, text, words, language, confidence)


def _words(event: say.Partial | say.Final, after: float) -> tuple[Word, ...]:
    """Return the words of *event*, each with the speaker and the language that are known of all of them.

    Where nobody says when they were spoken, it was at *after*.
    """
    start = after if event.start is None and event.end is None else event.start
    words = event.words or spread(event.text, start, event.end)
    return tuple(
        evolve(word, speaker=word.speaker or event.speaker, language=word.language or event.language) for word in words
    )
