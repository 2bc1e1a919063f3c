"""Spans of audio to turns, for each channel by itself.

Three signals that know nothing of each other end a turn: a pause in the sound, a gap between words, and the answer to a
Finalize. None of them says that its message has the words: they may have come before.

Source: https://developers.deepgram.com/docs/understand-endpointing-interim-results
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define, evolve, field

from aai_migrate.wire import events as say
from aai_migrate.wire.text import joiner

from ..messages import Span
from ..options import MOST_UNANSWERED

NEAR = 0.25
"""Seconds by which the answer to a Finalize, or the last span, may end before the audio that was sent ahead of it."""


@define
class _Channel:
    turn: int = 0
    first: float | None = None  # where the first settled word of the open turn begins; None: nothing is settled
    last: str = field(default="", repr=False)  # the text that was settled last
    end: float = 0.0  # of the last settled word
    interim: Span | None = None  # what is shown and not settled
    speaking: float | None = None  # the start of speech that was told; None: nobody speaks
    told_to: float = 0.0  # end of the last final span


@define
class _Asked:
    id: str
    place: float  # seconds of audio that were sent before it
    channels: set[int] = field(factory=set)  # those that have not answered


class Turns:
    """The open turns of one connection with *channels* channels; *formatted* says whether their text is punctuated."""

    def __init__(self, channels: int = 1, *, formatted: bool = False) -> None:
        self._formatted = formatted
        self._channels = {number: _Channel() for number in range(channels)}
        self._asked: deque[_Asked] = deque(maxlen=MOST_UNANSWERED)  # the last ones: the vendor need not answer

    @property
    def told_to(self) -> float:
        """Seconds of audio of which every channel has been told."""
        return min(channel.told_to for channel in self._channels.values())

    @property
    def unsettled(self) -> bool:
        """Whether words are shown that are not final."""
        return any(channel.interim for channel in self._channels.values())

    def finalize(self, id_: str, channel: int | None, place: float) -> None:
        """Note a Finalize after *place* seconds of audio, of one channel or of all."""
        channels = {*self._channels} if channel is None else {channel}
        self._asked.append(_Asked(id_, place, channels))

    def take(self, span: Span, sent: float) -> list[say.Event]:
        """Take one span that came when *sent* seconds of audio had been sent."""
        channel = self._channel(span.channel)
        if not span.final:
            return self._interim(channel, span)
        forced = span.finalizes and any(span.channel in asked.channels for asked in self._asked)
        out: list[say.Event] = [*self._final(channel, span)]
        if span.ends or forced:
            out += self._close(channel, span.channel, "forced" if forced else "vendor")
        channel.told_to = max(channel.told_to, span.end)
        out.append(say.Settled(min(span.end, sent), span.channel))
        return [*out, *self._answers(span)] if span.finalizes else out

    def utterance_end(self, at: float, number: int) -> list[say.Event]:
        """Words have paused: the settled ones make a turn, what is shown beyond them begins the next.

        -1 says that it is known already, and so does a time before the open turn: nothing follows from either.
        """
        channel = self._channel(number)
        if at < 0 or channel.first is None or at <= channel.first:
            return []
        return self._close(channel, number, "vendor")

    def speech_started(self, at: float, number: int) -> list[say.Event]:
        """Somebody may have begun to speak; it may be said again and again."""
        channel = self._channel(number)
        if channel.speaking is not None:
            return []
        channel.speaking = at
        return [say.SpeechStarted(at, number)]

    def finish(self) -> list[say.Event]:
        """The vendor has said everything: what is open ends, unsettled words as they were shown last."""
        out: list[say.Event] = []
        for number, channel in self._channels.items():
            shown, channel.interim = channel.interim, None
            out += self._piece(channel, shown, confirmed=False) if shown else []
            out += self._close(channel, number, "stop")
        out += [say.Finalized(asked.id, "settled") for asked in self._asked]
        self._asked.clear()
        return out

    def _channel(self, number: int) -> _Channel:
        return self._channels.setdefault(number, _Channel())

    def _interim(self, channel: _Channel, span: Span) -> list[say.Event]:
        if not span.text:
            shown, channel.interim = channel.interim, None
            return [_partial(channel, span)] if shown else []
        channel.interim = span
        return [*self._speech(span), _partial(channel, span)]

    def _speech(self, span: Span) -> list[say.Event]:
        return self.speech_started(span.words[0].start if span.words else span.start, span.channel)

    def _final(self, channel: _Channel, span: Span) -> Iterable[say.Event]:
        shown, channel.interim = channel.interim, None
        if span.text:
            yield from self._speech(span)
            yield from self._piece(channel, span)
            return
        if shown:  # it was nothing after all
            yield _partial(channel, span)
        if channel.first is None and channel.speaking is not None and channel.speaking < span.end:
            channel.speaking = None  # what began was noise: speech is still to come

    @staticmethod
    def _piece(channel: _Channel, span: Span, *, confirmed: bool = True) -> Iterable[say.Event]:
        """Append a span to the open turn."""
        text, words = _led(channel.last, span)
        channel.first = _start(span) if channel.first is None else channel.first
        channel.last, channel.end = text, max(channel.end, _end(span))
        yield say.Final(
            turn=(span.channel, channel.turn),
            text=text,
            words=words,
            channel=span.channel,
            start=_start(span),
            end=_end(span),
            language=span.language,
            speaker=_speaker(span),
            confidence=span.confidence,
            confirmed=confirmed,
            raw=span.raw,
        )

    def _close(self, channel: _Channel, number: int, reason: say.EndReason) -> list[say.Event]:
        """End the open turn, if anything of it is settled; decided on that, never on the message that says so."""
        if channel.first is None:
            return []
        key = (number, channel.turn)
        channel.turn, channel.first, channel.last, channel.speaking = channel.turn + 1, None, "", None
        out: list[say.Event] = [
            say.TurnEnded(turn=key, channel=number, at=channel.end, reason=reason, formatted=self._formatted)
        ]
        shown = channel.interim
        return [*out, *self._speech(shown), _partial(channel, shown)] if shown else out

    def _answers(self, span: Span) -> list[say.Event]:
        """Tell which Finalizes a span answers: all up to where it ends, since some are never answered."""
        out: list[say.Event] = []
        found = False
        for asked in list(self._asked):
            if span.channel in asked.channels and (not found or asked.place <= span.end + NEAR):
                found = True
                asked.channels.discard(span.channel)
                if not asked.channels:
                    self._asked.remove(asked)
                    out.append(say.Finalized(asked.id, "vendor"))
        return out


def _partial(channel: _Channel, span: Span) -> say.Partial:
    """Show a span as the open tail of its turn; an empty one takes back what was shown."""
    text, words = _led(channel.last, span)
    return say.Partial(
        turn=(span.channel, channel.turn),
        text=text,
        words=words,
        channel=span.channel,
        start=_start(span),
        end=_end(span),
        language=span.language,
        confidence=span.confidence,
        raw=span.raw,
    )


def _led(before: str, span: Span) -> tuple[str, tuple[say.Word, ...]]:
    """Return the text and words of a span with what stands between them and *before*."""
    between = joiner(before, span.text) if span.text else ""
    words = span.words
    if words and words[0].joiner != between:
        words = (evolve(words[0], joiner=between), *words[1:])
    return between + span.text, words


def _start(span: Span) -> float:
    return span.words[0].start if span.words else span.start


def _end(span: Span) -> float:
    return span.words[-1].end if span.words else span.end


def _speaker(span: Span) -> str | None:
    """Return who speaks, where it is one; while a span may change, its speakers may too."""
    speakers = {word.speaker for word in span.words}
    return speakers.pop() if len(speakers) == 1 else None
