"""Turns become utterances: one identifier for all the states of a text, and one final for each identifier.

Source: https://docs.gladia.io/chapters/live-stt/features/partial-transcripts
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, evolve, frozen

from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.text import mean, spread

from . import replies
from .options import LANGUAGES, base
from .request import Request

FALLBACK = "en"
"""The language of a text of which nobody says it, since clients demand one."""


@frozen
class Said:
    """One message for the client.

    Attributes:
        final: the utterance, where the message is a final: it must arrive, and is part of the whole text.
        wanted: whether the client asked for such messages.
    """

    message: dict[str, Any]
    final: dict[str, Any] | None = None
    wanted: bool = True


@define
class _Turn:
    """What of an open turn has no final message yet."""

    channel: int
    name: str = ""  # of its utterance
    text: str = ""
    words: tuple[Word, ...] = ()
    start: float | None = None
    end: float | None = None
    language: str | None = None
    confidence: float | None = None
    tail: say.Partial | None = None
    shown: float = 0.0  # where the last tail ended, also one that was taken back


class Utterances:
    """The turns of one session, of every channel."""

    def __init__(self, request: Request) -> None:
        self._request = request
        asked = request.config.language
        self._language = base(asked) if asked else FALLBACK
        self._turns: dict[tuple[int, Any], _Turn] = {}
        self._counts: Counter[int] = Counter()
        self._announced: set[int] = set()  # channels on which somebody was said to speak, and has no turn yet

    def hear(self, event: say.Event) -> list[Said]:
        """Return what the client is to hear of *event*."""
        match event:
            case say.SpeechStarted(at, channel):
                return self._speech(at, channel)
            case say.Partial():
                return self._partial(event)
            case say.Final():
                return self._final(event)
            case say.TurnEnded():
                return self._end(event)
        return []

    def rest(self) -> list[Said]:
        """Return the ends of all that is still open; an open tail becomes final as it was last seen."""
        out = []
        for turn in self._turns.values():
            if turn.tail:
                self._append(turn, turn.tail)
            out += [self._told("speech_end", _over(turn), turn.channel), *self._finish(turn)]
        self._turns.clear()
        return out

    def _speech(self, at: float, channel: int) -> list[Said]:
        if channel in self._announced or any(turn.channel == channel for turn in self._turns.values()):
            return []
        self._announced.add(channel)
        return [self._told("speech_start", at, channel)]

    def _told(self, kind: str, at: float, channel: int) -> Said:
        return Said(replies.speech(kind, at, channel), wanted=self._request.speech)

    def _partial(self, event: say.Partial) -> list[Said]:
        key = (event.channel, event.turn)
        turn = self._turns.get(key)
        if turn is None and not event.text.strip():
            return []
        out: list[Said] = []
        if turn is None:
            turn = self._open(key, event, out)
        turn.tail = event if event.text.strip() else None
        if turn.tail:
            turn.shown = _end(event, _words(event))
        text = turn.text + event.text
        if not text.strip() or not self._request.partials:
            return out
        words = turn.words + (_words(event) if turn.tail else ())
        shown = self._utterance(turn, text, words, turn.tail)
        return [*out, Said(replies.transcript(self._name(turn), shown, final=False))]

    def _final(self, event: say.Final) -> list[Said]:
        key = (event.channel, event.turn)
        turn = self._turns.get(key)
        if not event.text.strip():
            if turn:
                turn.tail = None
            return []
        out: list[Said] = []
        if turn is None:
            turn = self._open(key, event, out)
        turn.tail = None
        self._append(turn, event)
        if (turn.end or 0.0) - (turn.start or 0.0) >= self._request.longest:
            out += self._finish(turn)
        return out

    def _open(self, key: tuple[int, Any], event: say.Partial | say.Final, out: list[Said]) -> _Turn:
        """Begin a turn; that somebody speaks is told once, here at the latest."""
        turn = self._turns[key] = _Turn(event.channel)
        if event.channel in self._announced:
            self._announced.discard(event.channel)
        else:
            out.append(self._told("speech_start", _start(event, _words(event)), event.channel))
        return turn

    def _append(self, turn: _Turn, event: say.Partial | say.Final) -> None:
        words = _words(event)
        start, end = _start(event, words), _end(event, words)
        turn.start = start if turn.start is None else min(start, turn.start)
        turn.end = end if turn.end is None else max(end, turn.end)
        turn.text += event.text
        turn.words += words
        turn.language = event.language or turn.language
        turn.confidence = event.confidence if event.confidence is not None else turn.confidence
        turn.tail = None

    def _end(self, event: say.TurnEnded) -> list[Said]:
        turn = self._turns.pop((event.channel, event.turn), None)
        if turn is None:
            return []
        at = _over(turn) if event.at is None else event.at
        return [self._told("speech_end", at, turn.channel), *self._finish(turn)]

    def _finish(self, turn: _Turn) -> list[Said]:
        """Return the final of what a turn has so far; what follows has another identifier."""
        if not turn.text.strip():
            return []
        utterance = self._utterance(turn, turn.text, turn.words, None)
        name, turn.name = self._name(turn), ""
        turn.text, turn.words, turn.start, turn.confidence = "", (), None, None
        message = replies.transcript(name, utterance, final=True)
        return [Said(message, utterance, wanted=self._request.finals)]

    def _name(self, turn: _Turn) -> str:
        if not turn.name:
            turn.name = f"{turn.channel:02d}_{self._counts[turn.channel]:08d}"
            self._counts[turn.channel] += 1
        return turn.name

    def _utterance(self, turn: _Turn, text: str, words: tuple[Word, ...], tail: say.Partial | None) -> dict[str, Any]:
        start, end, confidence = turn.start, turn.end, turn.confidence
        if tail is not None:
            own = _words(tail)
            begin, end = _start(tail, own), _end(tail, own)
            start = begin if start is None else min(start, begin)
            confidence = tail.confidence if tail.confidence is not None else confidence
        known = mean(words)
        return replies.utterance(
            text,
            words,
            start=start or 0.0,
            end=end or 0.0,
            confidence=confidence if known is None else known,
            channel=turn.channel,
            language=self._code((tail and tail.language) or turn.language),
        )

    def _code(self, language: str | None) -> str:
        code = base(language) if language else self._language
        return code if code in LANGUAGES else self._language


def _over(turn: _Turn) -> float:
    """Return where *turn* ends as far as is known: not before the start that was told, also where no text is left."""
    return turn.shown if turn.end is None else turn.end


def _words(event: say.Partial | say.Final) -> tuple[Word, ...]:
    if event.words:
        return event.words
    words = spread(event.text, event.start, event.end)
    head = "" if event.text[:1].strip() else " "
    return (evolve(words[0], joiner=head), *words[1:]) if words else ()


def _start(event: say.Partial | say.Final, words: tuple[Word, ...]) -> float:
    return words[0].start if words else event.start or 0.0


def _end(event: say.Partial | say.Final, words: tuple[Word, ...]) -> float:
    return words[-1].end if words else event.end or 0.0
