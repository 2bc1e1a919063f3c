"""Makes the events of many connections read like those of one: turn keys, times, and the seam of a replay.

After a cut the new connection hears audio again that was settled already. Words whose midpoint lies in it are
not taken twice; texts are never compared. An open turn goes on under its old key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from attrs import define, evolve, field

from ..wire.events import Final, Partial, Revised, Settled, SpeechStarted, TurnEnded, Word
from .timeline import Timeline

LEAD = 10.0
"""A replay begins at most this many seconds before the first unsettled word."""
PAUSE = 0.5
"""How much of the pause before a turn's first word is heard again with it."""
LONG_WORD = 0.5
"""A last word that is longer has taken silence in; what follows may begin before its end."""

Spoken = Partial | Final
_Timed = TypeVar("_Timed", Partial, Final)


@define
class _Open:
    """One turn of the session that has not ended."""

    key: int
    committed: bool = False  # a Final was passed on
    first: float | None = None  # start of its first settled word
    last: float = 0.0  # midpoint of its last settled word
    tail: Partial | None = None  # what its open end showed last, in session time


@define
class _Piece:
    """How a turn of the present connection maps to a turn of the session."""

    open: _Open
    join: bool  # the next piece continues text of an earlier connection
    dropped_to: float | None = None  # end of the last word that was heard before


@define
class _Channel:
    settled: float = 0.0
    said: float = 0.0  # end of the last final word, until the vendor says what that settled
    ended: float = 0.0  # end of the last ended turn
    replayed: float = 0.0  # words before this were heard on an earlier connection
    open: list[_Open] = field(factory=list)
    pieces: dict[Any, _Piece] = field(factory=dict)
    keys: dict[Any, int] = field(factory=dict)  # ended turns of this connection, for revisions


def midpoint(word: Word) -> float:
    """Return the middle of *word*: the side of a seam it belongs to."""
    return (word.start + word.end) / 2


def joined(words: Iterable[Word]) -> str:
    """Return the text that *words* make, without the first one's joiner."""
    text = "".join(word.joiner + word.text for word in words)
    return text.removeprefix(" ")


class Seam:
    """The turns of one session, over its connections. Times in are the connection's, times out the session's."""

    def __init__(self, channels: int = 1) -> None:
        self._channels = {number: _Channel() for number in range(channels)}
        self._next = 0
        self.timeline = Timeline(1)
        self.delimiter = " "

    @property
    def settled(self) -> float:
        """No further word can come for audio before this: the least of the channels."""
        return min(channel.settled for channel in self._channels.values())

    @property
    def open(self) -> bool:
        """Whether a turn is open on any channel."""
        return any(channel.pieces for channel in self._channels.values())

    @property
    def replay_from(self) -> float:
        """Where a new connection has to begin: at *settled*, or in the pause before an open turn's first word."""
        return min(self._lead(channel) for channel in self._channels.values())

    def _lead(self, channel: _Channel) -> float:
        firsts = [turn.first for turn in channel.open if turn.committed and turn.first is not None]
        if not firsts:
            return channel.settled
        first = min(firsts)
        pause = max((min(channel.ended, first) + first) / 2, first - PAUSE)
        return min(channel.settled, max(pause, channel.settled - LEAD))

    def begin(self, timeline: Timeline, delimiter: str = " ") -> None:
        """A new connection starts, with *timeline* for its clock."""
        self.timeline, self.delimiter = timeline, delimiter
        for channel in self._channels.values():
            channel.replayed = max(channel.settled, channel.said)
            channel.pieces.clear()
            channel.keys.clear()

    def cut(self) -> list[Final | Settled]:
        """The connection is gone: commit what open tails had promised not to change."""
        out: list[Final | Settled] = []
        for number, channel in self._channels.items():
            for turn in channel.open:
                if turn.tail and turn.tail.stable:
                    text = turn.tail.text[: turn.tail.stable]
                    out += self._commit(channel, number, turn, _within(turn.tail.words, text), text)
                turn.tail = evolve(turn.tail, stable=0) if turn.tail else None
        return out

    def lose(self, to: float) -> list[Final | Settled]:
        """Audio before *to* will not be heard again: deliver what open tails had shown for it, unconfirmed."""
        out: list[Final | Settled] = []
        for number, channel in self._channels.items():
            for turn in channel.open:
                words = tuple(w for w in turn.tail.words if midpoint(w) < to) if turn.tail else ()
                if words:
                    head = self.delimiter if turn.committed else ""
                    out += self._commit(channel, number, turn, words, head + joined(words), confirmed=False)
            out += self._settle(channel, number, to)
            channel.replayed = channel.settled
        return out

    def end(self) -> list[Final | TurnEnded | Settled]:
        """No connection will come any more: end the open turns with what they showed last, unconfirmed."""
        out: list[Final | TurnEnded | Settled] = []
        for number, channel in self._channels.items():
            for turn in channel.open:
                tail = turn.tail
                if tail and tail.text:
                    out.append(_final(tail, tail.text, tail.words, confirmed=False))
                if turn.committed or (tail and tail.text):
                    out.append(TurnEnded(turn=turn.key, channel=number, reason="seam"))
            channel.open.clear()
            channel.pieces.clear()
        return out

    def speech(self, event: SpeechStarted) -> list[SpeechStarted]:
        """Map a start of speech, but not one that was heard before."""
        number, at = self._number(event.channel), self.timeline.start(event.at)
        return [] if at < self._channels[number].replayed else [SpeechStarted(at, number)]

    def spoken(self, event: Spoken) -> list[Spoken]:
        """Map a Partial or Final; words that were heard before are taken out."""
        channel = self._channels[self._number(event.channel)]
        piece = self._piece(channel, event.turn)
        if isinstance(event, Partial):
            partial = self._kept(channel, piece, self._timed(event, piece.open.key))
            piece.open.tail = partial
            return [partial] if partial else []
        final = self._kept(channel, piece, self._timed(event, piece.open.key))
        if final is None:
            return []
        piece.join = False
        self._committed(piece.open, final.words, final.start)
        if final.words:
            last = final.words[-1]
            channel.said = max(channel.said, min(last.end, last.start + LONG_WORD))
        return [final]

    def ended(self, event: TurnEnded) -> list[TurnEnded]:
        """Map the end of a turn; the end of one that was heard before and went on is none."""
        number = self._number(event.channel)
        channel = self._channels[number]
        piece = self._piece(channel, event.turn)
        del channel.pieces[event.turn]
        at = None if event.at is None else self.timeline.end(event.at)
        turn = piece.open
        if piece.join and turn.committed:
            heard_to = at if at is not None else piece.dropped_to
            if heard_to is not None and heard_to < turn.last:
                return []
        channel.open.remove(turn)
        channel.keys[event.turn] = turn.key
        while len(channel.keys) > 256:
            channel.keys.pop(next(iter(channel.keys)))
        channel.ended = max(channel.ended, at or 0.0, turn.last)
        return [evolve(event, turn=turn.key, channel=number, at=at)]

    def revised(self, event: Revised) -> list[Revised]:
        """Map a revision; one of a turn that this connection did not end is nobody's."""
        number = self._number(event.channel)
        key = self._channels[number].keys.get(event.turn)
        if key is None:
            return []
        return [evolve(event, turn=key, channel=number, words=self._words(event.words))]

    def settle(self, event: Settled) -> list[Settled]:
        """Map a settled mark; only one that moves forward is passed on."""
        number = self._number(event.channel)
        self._channels[number].said = 0.0
        return self._settle(self._channels[number], number, self.timeline.end(event.to))

    def settle_all(self, to: float) -> list[Settled]:
        """Settle every channel up to *to* seconds of the session."""
        return [out for number, channel in self._channels.items() for out in self._settle(channel, number, to)]

    def _settle(self, channel: _Channel, number: int, to: float) -> list[Settled]:
        if to <= channel.settled:
            return []
        channel.settled = to
        return [Settled(to, number)]

    def _number(self, channel: int) -> int:
        """A channel that the session does not have is the first one: its words must not be lost."""
        return channel if channel in self._channels else 0

    def _piece(self, channel: _Channel, key: Any) -> _Piece:
        """Find the session's turn for the connection's turn *key*: an open one of an earlier connection first."""
        if key not in channel.pieces:
            taken = [piece.open for piece in channel.pieces.values()]
            turn = next((turn for turn in channel.open if turn not in taken), None)
            if turn is None:
                turn = _Open(self._next)
                self._next += 1
                channel.open.append(turn)
            channel.pieces[key] = _Piece(turn, join=turn.committed)
        return channel.pieces[key]

    def _words(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        timeline = self.timeline
        return tuple(
            Word(
                word.text,
                start := timeline.start(word.start),
                max(start, timeline.end(word.end)),
                word.confidence,
                word.is_final,
                word.speaker,
                word.language,
                word.joiner,
            )
            for word in words
        )

    def _timed(self, event: _Timed, key: int) -> _Timed:
        start = None if event.start is None else self.timeline.start(event.start)
        end = None if event.end is None else self.timeline.end(event.end)
        number = self._number(event.channel)
        return evolve(event, turn=key, channel=number, words=self._words(event.words), start=start, end=end)

    def _kept(self, channel: _Channel, piece: _Piece, event: _Timed) -> _Timed | None:
        """Take out what an earlier connection settled; None: nothing is left."""
        if channel.replayed and not event.words and event.end is not None and event.end <= channel.replayed:
            return None
        kept = tuple(word for word in event.words if midpoint(word) >= channel.replayed)
        text, stable = event.text, event.stable if isinstance(event, Partial) else 0
        if len(kept) != len(event.words):
            piece.dropped_to = max(word.end for word in event.words if midpoint(word) < channel.replayed)
            if not kept:
                return None
            text, stable = joined(kept), 0
        if piece.join and not text.startswith(self.delimiter):
            text, stable = self.delimiter + text, stable + len(self.delimiter) if stable else 0
        if text == event.text:
            return event
        changes = {"text": text, "words": kept, "start": kept[0].start if kept else event.start}
        return evolve(event, **changes, **({"stable": stable} if isinstance(event, Partial) else {}))

    def _committed(self, turn: _Open, words: tuple[Word, ...], start: float | None = None) -> None:
        turn.committed, turn.tail = True, None
        if words:
            turn.last = max(turn.last, midpoint(words[-1]))
        first = words[0].start if words else start
        if turn.first is None and first is not None:
            turn.first = first

    def _commit(
        self, channel: _Channel, number: int, turn: _Open, words: tuple[Word, ...], text: str, confirmed: bool = True
    ) -> list[Final | Settled]:
        tail = turn.tail
        if tail is None or not text:
            return []
        self._committed(turn, words)
        rest = tail.text[len(text) :] if tail.text.startswith(text) else ""
        turn.tail = evolve(tail, text=rest, words=tail.words[len(words) :], stable=0) if rest else None
        final = _final(tail, text, words, confirmed=confirmed)
        return [final, *(self._settle(channel, number, words[-1].end) if words else [])]


def _final(tail: Partial, text: str, words: tuple[Word, ...], *, confirmed: bool) -> Final:
    return Final(
        turn=tail.turn,
        text=text,
        words=words,
        channel=tail.channel,
        start=words[0].start if words else tail.start,
        end=words[-1].end if words else tail.end,
        language=tail.language,
        speaker=tail.speaker,
        confirmed=confirmed,
        raw=tail.raw,
    )


def _within(words: tuple[Word, ...], text: str) -> tuple[Word, ...]:
    """Return the leading *words* that make up *text*."""
    length, count = 0, 0
    for word in words:
        length += len(word.text) + (len(word.joiner) if count else 0)
        if length > len(text):
            break
        count += 1
    return words[:count]
