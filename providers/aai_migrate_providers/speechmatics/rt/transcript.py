"""Turns become pieces of one transcript: each word final once, partials show what is behind the last final.

Source: https://docs.speechmatics.com/speech-to-text/realtime/output
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, evolve

from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Message

from .. import replies
from ..options import LANGUAGES, base, delimiter
from ..speakers import Speakers
from .request import RtRequest
from .results import Item, is_mark, merged, results, spoken, transcript
from .turns import LATE

FORMAT = "2.9"
QUIET = 0.36
"""Seconds of settled silence that are worth a message."""


def same(channel: int, at: float) -> float:
    """Return *at*: the time of a channel that has no gaps."""
    return at


class Transcript:
    """The transcript of one session, of every channel.

    Attributes:
        request: what the client wants, just now.
    """

    def __init__(
        self,
        request: RtRequest,
        speakers: Speakers,
        forcing: Callable[[int], bool],
        own: Callable[[int, float], float] = same,
    ) -> None:
        """Begin at 0 s.

        Args:
            forcing: says whether a forced end of a channel waits for its answer.
            own: turns a time of the session into one of the audio that a channel has sent.
        """
        self.request = request
        self._speakers, self.forcing, self._own = speakers, forcing, own
        self._channels: dict[int, _Channel] = {}

    def hear(self, event: say.Event) -> list[Message]:
        """Return what the client is to hear of *event*."""
        match event:
            case say.Partial():
                return self._channel(event.channel).partial(event)
            case say.Final():
                return self._channel(event.channel).final(event)
            case say.TurnEnded():
                return self._channel(event.channel).ended(event)
            case say.Settled(to, number):
                return self._channel(number).settled(self._own(number, to))
        return []

    def forced_end(self, number: int, place: float) -> list[Message]:
        """Return the answer to a forced end of channel *number* that came after *place* seconds of its audio."""
        return self._channel(number).utterance_end(place, forced=True)

    def rest(self) -> list[Message]:
        """Return what takes back all that is shown and will not become final."""
        return [message for channel in self._channels.values() for message in channel.rest()]

    def _channel(self, number: int) -> _Channel:
        return self._channels.setdefault(number, _Channel(self, number))

    # What channels say.

    def items(self, event: say.Partial | say.Final, channel: int, after: float, speaker: str | None) -> list[Item]:
        """Return the words of *event* with the times of their channel, none of which begins before *after*.

        Clients drop what begins before the end of what they have.

        Args:
            speaker: whose a mark is of which nobody says it.
        """
        found = []
        for word in merged(spoken(event, after), delimiter(self.request.language)):
            start = max(after, self._own(channel, word.start))
            word = evolve(word, start=start, end=max(start, self._own(channel, word.end)))
            who = None
            if self.request.speakers:
                label = self._speakers.label(word.speaker or event.speaker, channel)
                mark = word.speaker is None and event.speaker is None and is_mark(word)
                who = speaker if mark and speaker else label
            found.append(Item(word, self._language(word.language or event.language), who))
        return found

    def _language(self, tag: str | None) -> str | None:
        code = base(tag) if tag else self.request.language
        return code if code in LANGUAGES else None

    def write(self, name: str, number: int, start: float, end: float, items: Iterable[Item], *, final: bool) -> Message:
        """Return the message *name* about the audio from *start* to *end* seconds."""
        between = delimiter(self.request.language)
        found = results(items, between)
        text = transcript(found, between)
        return replies.message(
            name,
            format=FORMAT,
            forced=self.forcing(number) or None,
            metadata={
                "start_time": round(start, 3),
                "end_time": round(end, 3),
                "transcript": text + between if final and text else text,
            },
            results=found,
            channel=self.label(number),
        )

    def label(self, number: int) -> str | None:
        """Return what channel *number* is called, where channels are kept apart."""
        return self.request.labels[number] if number < len(self.request.labels) else None

    def heard(self, items: Iterable[Item]) -> None:
        """Take note of who speaks in *items*, which are final."""
        for item in items:
            if item.speaker:
                self._speakers.hear(item.speaker)

    def at(self, number: int, time: float) -> float:
        """Return *time* of the session as one of channel *number*."""
        return self._own(number, time)


@define
class _Turn:
    tail: say.Partial | None = None
    spoken: bool = False  # it has words that are final


class _Channel:
    """The transcript of one channel."""

    def __init__(self, whole: Transcript, number: int) -> None:
        self._whole, self._number = whole, number
        self._turns: dict[Any, _Turn] = {}
        self._window = self._spoken = 0.0  # the ends of what was told, and of the last word of it
        self._speaker: str | None = None  # of that word
        self._shown = False  # whether the last partial has words
        self._untold: float | None = None  # where an utterance ended while an answer to a forced end was due

    def partial(self, event: say.Partial) -> list[Message]:
        told = self._tell() if event.text.strip() else []
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = event if event.text.strip() else None
        if turn.tail is None and not turn.spoken:
            del self._turns[event.turn]
        return [*told, *(self._show() if turn.tail or self._shown else [])]

    def final(self, event: say.Final) -> list[Message]:
        if not event.text.strip():
            return self.partial(say.Partial(turn=event.turn, text="", channel=event.channel))
        told = self._tell()
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail, turn.spoken = None, True
        items = self._items(event)
        self._whole.heard(items)
        self._spoken = max(self._spoken, *(item.word.end for item in items))
        self._speaker = items[-1].speaker
        return [*told, self._final(items, self._spoken), *self._show()]

    def ended(self, event: say.TurnEnded) -> list[Message]:
        """A tail that did not become final was nothing; an end that is forced is told by its answer.

        Whether it is that one is known by what comes next: the answer, or more words.
        """
        turn = self._turns.pop(event.turn, None)
        if turn is None:
            return []
        out = self._show() if turn.tail else []
        if turn.spoken and self._whole.request.utterances:
            self._untold = 0.0 if event.at is None else self._whole.at(self._number, event.at)
            if not self._whole.forcing(self._number):
                out += self._tell()
        return out

    def _tell(self) -> list[Message]:
        """Return the end of the utterance that ended, if nobody was told of it."""
        return [] if self._untold is None else self.utterance_end(self._untold, forced=False)

    def settled(self, to: float) -> list[Message]:
        """Tell of silence, and show again what is shown: a client takes it for gone."""
        end = to + LATE
        if end - self._window < QUIET:
            return []
        return [self._final((), end), *self._show()]

    def utterance_end(self, at: float, *, forced: bool) -> list[Message]:
        """Return the end of an utterance, which is not before that of its last word."""
        self._untold = None
        time = round(max(at, self._spoken), 3)
        return [
            replies.message(
                "EndOfUtterance",
                format=FORMAT,
                forced=forced or None,
                metadata={"start_time": time, "end_time": time},
                channel=self._whole.label(self._number),
            )
        ]

    def rest(self) -> list[Message]:
        for turn in self._turns.values():
            turn.tail = None
        return self._show() if self._shown else []

    def _items(self, event: say.Partial | say.Final, after: float | None = None) -> list[Item]:
        begin = self._spoken if after is None else after
        return self._whole.items(event, self._number, begin, self._speaker)

    def _final(self, items: Iterable[Item], end: float) -> Message:
        start, self._window = self._window, max(self._window, end)
        return self._whole.write("AddTranscript", self._number, start, self._window, items, final=True)

    def _show(self) -> list[Message]:
        """Return the open tails, all of them."""
        if not self._whole.request.partials:
            return []
        items = [item for turn in self._turns.values() if turn.tail for item in self._items(turn.tail)]
        self._shown = bool(items)
        end = max((item.word.end for item in items), default=self._window)
        start = self._window
        return [self._whole.write("AddPartialTranscript", self._number, start, max(start, end), items, final=False)]
