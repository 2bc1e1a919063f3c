"""Utterances to turns: a turn is what was said until somebody paused, in one utterance or in several.

With long enough utterances (``endpointing``, ``maximum_duration_without_endpointing``) an utterance is a turn: its
final comes after its ``speech_end``. A final without one was cut in mid-speech, and the turn goes on.

Source: https://docs.gladia.io/chapters/live-stt/features (endpointing, partial transcripts)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from math import inf

from attrs import define, evolve, field

from aai_migrate.wire import events as say
from aai_migrate.wire.text import joined, joiner

from .messages import Utterance

EARLY, LATE = 0.3, 1.0
"""Seconds that a ``speech_end`` may come before or after the end of the utterance that it closes."""
SLACK = 0.05
"""Seconds by which the times of a word may differ between two transcripts of the same session."""
KEPT = 64
"""Starts and ends of speech that a transcript may still answer: noise has none."""
MISSED = 5.0
"""Seconds of audio in which the vendor goes on with an utterance that was open when a connection was lost, and in which
the final of an utterance comes before those of later ones."""


class LostFinalError(Exception):
    """The vendor's session went on without its connection, and what it said meanwhile is lost."""


@define
class _Channel:
    turn: int = 0
    last: str = ""  # what the open turn's settled text ends with; "": it has none
    end: float = 0.0  # of the last final
    waits: float | None = None  # the audio sent when the open turn had nothing open any more
    open: dict[str, Utterance] = field(factory=dict)
    done: dict[str, None] = field(factory=dict)
    spans: list[tuple[float, float]] = field(factory=list)  # what finals cover
    speaking: bool = False
    spoke: list[float] = field(factory=list)  # when speech began that no transcript has shown yet
    ends: list[float] = field(factory=list)  # of speech, that no final has answered
    missing: list[float] = field(factory=list)  # where utterances begin that were open at a loss
    shown: bool = False


class Turns:
    """The turns of one vendor session, over its connections.

    Args:
        silence: seconds of audio without speech that end a turn where no ``speech_end`` says so.
    """

    def __init__(self, silence: float) -> None:
        self._silence = silence
        self._channels: dict[int, _Channel] = {}
        self._resumed: float | None = None

    @property
    def open(self) -> bool:
        """Whether anything was shown whose final is still to come."""
        return any(channel.open for channel in self._channels.values())

    def take(self, said: Utterance, sent: float) -> list[say.Event]:
        """Take a ``transcript`` that came when *sent* seconds of audio had been sent.

        Raises:
            LostFinalError: it shows that an earlier final never arrived.
        """
        channel = self._channel(said.channel)
        if said.id in channel.done:
            return []
        self._answer(channel, said)
        out: list[say.Event] = [*self._passed_over(channel, said)] if said.final else []
        fresh = said.id not in channel.open and said.text
        if fresh and not channel.open and channel.last and said.begins - channel.end > self._silence:
            out += self._close(channel, said.channel, channel.end, "grouped")
        channel.waits = None
        if said.final:
            out += self._final(channel, said)
            if not channel.open:
                channel.waits = sent
            return out
        channel.open[said.id] = said
        return [*out, *self._tail(channel, said.channel)]

    def speech_start(self, at: float, number: int) -> list[say.Event]:
        """Somebody began to speak."""
        channel = self._channel(number)
        channel.speaking, channel.waits = True, None
        channel.spoke = [*channel.spoke[-KEPT:], at]
        return [say.SpeechStarted(at, number)]

    def speech_end(self, at: float, number: int, sent: float) -> list[say.Event]:
        """Somebody stopped: the turn ends with the final of what was said, which may have come already."""
        channel = self._channel(number)
        channel.speaking = False
        waits = channel.last and not channel.open
        if waits and _closes(at, channel.end):
            return [*self._close(channel, number, max(at, channel.end), "vendor")]
        channel.ends = [*channel.ends[-KEPT:], at]
        channel.waits = sent if waits else None
        return []

    def heard(self, sent: float) -> list[say.Event]:
        """End the turns that nobody went on with while *sent* seconds of audio were sent.

        Raises:
            LostFinalError: a final that was due never arrived.
        """
        if self._resumed is not None and sent - self._resumed > MISSED:
            self._resumed = None
            if any(channel.missing for channel in self._channels.values()):
                raise LostFinalError
        out: list[say.Event] = []
        for number, channel in self._channels.items():
            quiet = channel.waits is not None and not channel.speaking and not channel.open
            if quiet and channel.last and sent - (channel.waits or 0.0) >= self._silence:
                out += self._close(channel, number, channel.end, "grouped")
        return out

    def resume(self, sent: float) -> None:
        """Another connection goes on with the session: what was open must be finished on it."""
        self._resumed = sent
        for channel in self._channels.values():
            begun = [said.begins for said in channel.open.values()]
            begun += channel.spoke
            unseen = channel.speaking and not begun  # it was cut in mid-speech, and nothing has shown the rest
            channel.missing = [channel.end] if unseen else begun
            channel.speaking = False  # as far as is known

    def complete(self, transcript: Iterable[Utterance]) -> list[say.Event]:
        """Take the transcript of the whole session: what no final has covered is said now."""
        out: list[say.Event] = []
        spans = {number: sorted(channel.spans) for number, channel in self._channels.items()}
        for said in sorted(transcript, key=lambda said: said.begins):
            channel = self._channel(said.channel)
            rest = _uncovered(said, spans.get(said.channel, []))
            if rest is None:
                continue
            for id_ in [id_ for id_, each in channel.open.items() if _overlap(each, said)]:
                del channel.open[id_]
            out += [*self._parted(channel, rest), *self._final(channel, rest)]
        for channel in self._channels.values():
            channel.missing.clear()
        return out

    def finish(self) -> list[say.Event]:
        """The session is over: what is open ends as it was shown last.

        Raises:
            LostFinalError: a final that was due never arrived.
        """
        if any(channel.missing for channel in self._channels.values()):
            raise LostFinalError
        out: list[say.Event] = []
        for number, channel in self._channels.items():
            for said in sorted(channel.open.values(), key=lambda said: said.begins):
                out += self._piece(channel, said, confirmed=False)
            channel.open.clear()
            if channel.last:
                out += self._close(channel, number, channel.end, "stop")
        return out

    def _channel(self, number: int) -> _Channel:
        return self._channels.setdefault(number, _Channel())

    @staticmethod
    def _answer(channel: _Channel, said: Utterance) -> None:
        """Note which speech *said* shows. Finals come in the order in which utterances close: none comes later."""
        passed = [begun for begun in channel.missing if begun + LATE < said.begins]
        if passed and said.final:
            raise LostFinalError
        end = said.end if said.end is not None else said.begins
        channel.missing = passed + [begun for begun in channel.missing if begun > end]
        channel.spoke = [at for at in channel.spoke if at > end]

    def _passed_over(self, channel: _Channel, said: Utterance) -> Iterator[say.Event]:
        """End as they were shown last what was open long before *said*, a final: no other comes for it."""
        for each in sorted(channel.open.values(), key=lambda each: each.begins):
            end = each.end if each.end is not None else each.begins
            if each.id != said.id and end + MISSED < said.begins:
                del channel.open[each.id]
                if each.id:
                    channel.done[each.id] = None
                channel.spans.append((each.begins, end))
                yield from self._parted(channel, each)
                yield from self._piece(channel, each, confirmed=False)

    def _parted(self, channel: _Channel, said: Utterance) -> Iterator[say.Event]:
        """End the open turn where *said* is no part of it: there is a pause between, or it was said before."""
        if channel.last and not -SLACK <= said.begins - channel.end <= self._silence:
            yield from self._close(channel, said.channel, channel.end, "grouped")

    def _final(self, channel: _Channel, said: Utterance) -> Iterator[say.Event]:
        channel.open.pop(said.id, None)
        if said.id:
            channel.done[said.id] = None
        end = said.end if said.end is not None else channel.end
        yield from self._piece(channel, said)
        if said.end is not None:
            channel.spans.append((said.begins, said.end))
        ended = next((at for at in channel.ends if _closes(at, end)), None)
        channel.ends = [at for at in channel.ends if at > end + LATE]
        if ended is not None:
            yield from self._close(channel, said.channel, max(ended, end), "vendor")
        elif channel.open or channel.shown:
            yield from self._tail(channel, said.channel)
        if said.end is not None:
            yield say.Settled(min([said.end, *(each.begins for each in channel.open.values())]), said.channel)

    def _piece(self, channel: _Channel, said: Utterance, *, confirmed: bool = True) -> Iterator[say.Event]:
        """Append an utterance to the open turn."""
        if not said.text:
            return
        text, words = _led(channel.last, said)
        channel.last, channel.end, channel.shown = text, max(channel.end, said.end or said.begins), False
        yield say.Final(
            turn=(said.channel, channel.turn),
            text=text,
            words=words,
            channel=said.channel,
            start=said.start,
            end=said.end,
            language=said.language,
            confidence=said.confidence,
            confirmed=confirmed,
            raw=said.raw,
        )

    def _close(self, channel: _Channel, number: int, at: float, reason: say.EndReason) -> Iterator[say.Event]:
        """End the open turn; what is still open begins the next one."""
        key, spoken = (number, channel.turn), bool(channel.last)
        channel.waits = None
        if not spoken:
            return
        channel.turn, channel.last, channel.shown = channel.turn + 1, "", False
        yield say.TurnEnded(turn=key, channel=number, at=at, reason=reason, formatted=True)
        if channel.open:
            yield from self._tail(channel, number)

    @staticmethod
    def _tail(channel: _Channel, number: int) -> Iterator[say.Event]:
        """Show what is open, which may be several utterances: the final of one comes while the next is spoken."""
        last, words, text = channel.last, tuple[say.Word, ...](), ""
        opened = sorted(channel.open.values(), key=lambda said: said.begins)
        for said in opened:
            if said.text:
                led, more = _led(last, said)
                text, words, last = text + led, words + more, led
        if not text and not channel.shown:
            return
        channel.shown = bool(text)
        newest = opened[-1] if opened else None
        yield say.Partial(
            turn=(number, channel.turn),
            text=text,
            words=words,
            channel=number,
            start=opened[0].start if opened else None,
            end=newest.end if newest else None,
            language=newest.language if newest else None,
            confidence=newest.confidence if newest else None,
            raw=newest.raw if newest else None,
        )


def _closes(at: float, end: float) -> bool:
    """Whether a ``speech_end`` belongs to the utterance that ended at *end*."""
    return end - EARLY <= at <= end + LATE


def _led(before: str, said: Utterance) -> tuple[str, tuple[say.Word, ...]]:
    """Return the text and words of an utterance with what stands between them and *before*."""
    between = joiner(before, said.text)
    words = said.words
    if words and words[0].joiner != between:
        words = (evolve(words[0], joiner=between), *words[1:])
    return between + said.text, words


def _covered(at: float, spans: list[tuple[float, float]]) -> bool:
    """Whether *at* lies in one of *spans*, which are sorted and hardly overlap."""
    place = bisect_right(spans, (at + SLACK, inf))
    return any(end + SLACK >= at for _, end in spans[max(0, place - 3) : place])


def _uncovered(said: Utterance, spans: list[tuple[float, float]]) -> Utterance | None:
    """Return what of *said* lies in none of *spans*; None: nothing does."""
    if not said.text:
        return None
    if not said.words:
        return None if _covered((said.begins + (said.end or said.begins)) / 2, spans) else said
    rest = tuple(word for word in said.words if not _covered((word.start + word.end) / 2, spans))
    if len(rest) == len(said.words):
        return said
    return evolve(said, text=joined(rest).strip(), words=rest, start=rest[0].start, end=rest[-1].end) if rest else None


def _overlap(one: Utterance, other: Utterance) -> bool:
    return one.begins < (other.end or other.begins) and other.begins < (one.end or one.begins)
