"""Makes the events of many connections read like those of one: turn keys, times, and the seam of a replay.

After a cut the new connection hears audio again that was settled already. Words whose midpoint lies in it are
not taken twice; texts are never compared. An open turn goes on under its old key.
"""

from __future__ import annotations

from typing import Any, TypeVar

from attrs import define, evolve, field

from ..wire.events import Final, Partial, Revised, Settled, SpeechStarted, TurnEnded, Word
from ..wire.text import joined
from .timeline import Timeline

LEAD = 10.0
"""A replay begins at most this many seconds before the first unsettled word."""
PAUSE = 0.5
"""How much of the pause before a turn's first word is heard again with it."""
LONG_WORD = 0.5
"""A last word that is longer has taken silence in; what follows may begin before its end."""

Spoken = Partial | Final
_Timed = TypeVar("_Timed", bound=Spoken)


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
    continues: bool  # an earlier connection committed text to the turn
    fresh: bool = True  # this connection has not
    dropped: bool = False  # words that were heard before were taken out
    heard_to: float | None = None  # end of the last word it brought, taken out or not


@define
class _Channel:
    settled: float = 0.0
    said: float = 0.0  # end of the last final word, until the vendor says what that settled
    ended: float = 0.0  # end of the last ended turn
    replayed: float = 0.0  # words before this were heard on an earlier connection
    open: list[_Open] = field(factory=list)
    pieces: dict[Any, _Piece] = field(factory=dict)
    keys: dict[Any, int] = field(factory=dict)  # turns that this connection heard whole and ended, for revisions

    def heard(self, word: Word) -> bool:
        """Whether an earlier connection heard *word*."""
        return self.replayed > 0 and midpoint(word) <= self.replayed


def midpoint(word: Word) -> float:
    """Return the middle of *word*: the side of a seam it belongs to."""
    return (word.start + word.end) / 2


def is_mark(word: Word) -> bool:
    """Whether *word* is punctuation that came without its word: it has no length, and goes with the word before it."""
    return word.start >= word.end and not any(map(str.isalnum, word.text))


def within(words: tuple[Word, ...], text: str) -> tuple[Word, ...]:
    """Return the leading *words* that are whole in *text*, which may begin with a joiner."""
    length, count = len(text) - len(text.lstrip()), 0
    for word in words:
        length += len(word.text) + (len(word.joiner) if count else 0)
        if length > len(text):
            break
        count += 1
    return words[:count]


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
        pieces = (piece for channel in self._channels.values() for piece in channel.pieces.values())
        return any(piece.open.committed or piece.open.tail for piece in pieces)

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
            channel.replayed = max(channel.replayed, channel.settled, channel.said)
            channel.pieces.clear()
            channel.keys.clear()

    def cut(self) -> list[Final | Settled]:
        """The connection is gone: commit the words that open tails had promised not to change.

        What follows a word that may change cannot be settled, so of several turns only the first ones are committed.
        """
        out: list[Final | Settled] = []
        for number, channel in self._channels.items():
            for turn in channel.open:
                tail = turn.tail
                if tail is None:
                    continue
                words = within(tail.words, tail.text[: tail.stable])
                out += self._commit(channel, number, turn, tail, words) if words else []
                if turn.tail:
                    turn.tail = evolve(turn.tail, stable=0)
                    break
        return out

    def lose(self, to: float) -> list[Final | Settled]:
        """Audio before *to* will not be heard again: deliver what open tails had shown for it, unconfirmed."""
        out: list[Final | Settled] = []
        for number, channel in self._channels.items():
            for turn in channel.open:
                tail = turn.tail
                if tail is None:
                    continue
                words = tuple(word for word in tail.words if midpoint(word) < to)
                if words or (not tail.words and tail.end is not None and tail.end <= to):
                    out += self._commit(channel, number, turn, tail, words, confirmed=False)
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
        kept = self._kept(channel, piece, self._timed(event, piece.open.key))
        if kept is None:
            return []
        if isinstance(kept, Partial):
            piece.open.tail = kept if kept.text else None
            return [kept]
        piece.open.tail = None
        if kept.text:
            piece.fresh = False
            self._committed(piece.open, kept.words, kept.start)
        if kept.words:
            last = kept.words[-1]
            channel.said = max(channel.said, min(last.end, last.start + LONG_WORD))
        return [kept]

    def ended(self, event: TurnEnded) -> list[TurnEnded]:
        """Map the end of a turn; the end of one that was heard before is none, and ends none that went on."""
        number = self._number(event.channel)
        channel = self._channels[number]
        piece = self._piece(channel, event.turn)
        del channel.pieces[event.turn]
        at = None if event.at is None else self.timeline.end(event.at)
        turn = piece.open
        heard_to = at if at is not None else piece.heard_to
        if piece.fresh and heard_to is not None and heard_to < (turn.last if turn.committed else channel.replayed):
            return []
        channel.open.remove(turn)
        if not piece.continues:
            channel.keys[event.turn] = turn.key
            while len(channel.keys) > 256:
                channel.keys.pop(next(iter(channel.keys)))
        channel.ended = max(channel.ended, at or 0.0, turn.last)
        return [evolve(event, turn=turn.key, channel=number, at=at)]

    def revised(self, event: Revised) -> list[Revised]:
        """Map a revision; one of a turn that this connection did not hear whole would take words away."""
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
        held = [piece.open.key for piece in channel.pieces.values()]
        for turn in channel.open:  # what an earlier connection showed and this one did not hear was nothing
            if turn.tail and turn.key not in held and (turn.tail.end or 0.0) <= to:
                turn.tail = None
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
            channel.pieces[key] = _Piece(turn, continues=turn.committed)
        return channel.pieces[key]

    def _words(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        timeline = self.timeline
        plain = timeline.plain
        # Nearly always: the first connection. A list, because for twenty words it takes half a generator's time.
        if all([0 <= word.start <= word.end <= plain for word in words]):  # noqa: C419
            return words
        return tuple(
            Word(
                word.text,
                *timeline.word(word.start, word.end),
                word.confidence,
                word.is_final,
                word.speaker,
                word.language,
                word.joiner,
            )
            for word in words
        )

    def _timed(self, event: _Timed, key: int) -> _Timed:
        timeline, start, end = self.timeline, event.start, event.end
        if start is None or end is None or not 0 <= start <= end <= timeline.plain:
            start = None if start is None else timeline.start(start)
            end = None if end is None else max(start or 0.0, timeline.end(end))
        number, words = self._number(event.channel), self._words(event.words)
        known = (event.turn, event.channel, event.start, event.end)
        if words is event.words and known == (key, number, start, end):
            return event
        return evolve(event, turn=key, channel=number, words=words, start=start, end=end)

    def _kept(self, channel: _Channel, piece: _Piece, event: _Timed) -> _Timed | None:
        """Take out what an earlier connection settled; None: nothing is left."""
        words = self._unheard(channel, piece, event.words) if channel.replayed else event.words
        gone = len(words) < len(event.words)
        if event.words:
            piece.heard_to = event.words[-1].end
        elif event.text and event.end is not None:
            piece.heard_to, gone = event.end, 0 < channel.replayed >= event.end
        piece.dropped = piece.dropped or gone
        if gone and not words:
            return None
        text, continues = joined(words) if gone else event.text, piece.open.committed
        if piece.fresh and text and (continues or piece.dropped):
            joiner = words[0].joiner if gone else self.delimiter
            text = (joiner if continues else "") + text.removeprefix(joiner)
            if words and continues and words[0].joiner != joiner:
                words = (evolve(words[0], joiner=joiner), *words[1:])
        if text == event.text and not gone:
            return event
        changes: dict[str, Any] = {"text": text, "words": words, "start": words[0].start if gone else event.start}
        if isinstance(event, Partial):
            grown = len(text) - len(event.text)
            changes["stable"] = max(0, event.stable + grown) if event.stable and not gone else 0
        return evolve(event, **changes)

    @staticmethod
    def _unheard(channel: _Channel, piece: _Piece, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Return those of *words* that no earlier connection heard; where a mark stands may differ a little."""
        kept: list[Word] = []
        heard = piece.fresh and piece.dropped
        for word in words:
            heard = channel.heard(word) or (heard and is_mark(word))
            if not heard:
                kept.append(word)
        return tuple(kept)

    def _committed(self, turn: _Open, words: tuple[Word, ...], start: float | None = None) -> None:
        turn.committed, turn.tail = True, None
        turn.last = max(turn.last, next((midpoint(word) for word in reversed(words) if not is_mark(word)), 0.0))
        first = words[0].start if words else start
        if turn.first is None and first is not None:
            turn.first = first

    def _commit(
        self,
        channel: _Channel,
        number: int,
        turn: _Open,
        tail: Partial,
        words: tuple[Word, ...],
        *,
        confirmed: bool = True,
    ) -> list[Final | Settled]:
        """Deliver the leading *words* of the turn's *tail*, all of its text where that is all of its words."""
        rest, text = tail.words[len(words) :], tail.text
        if rest:
            head = text[: len(text) - len(text.lstrip())]
            text = head + joined(words).removeprefix(words[0].joiner)
        self._committed(turn, words, tail.start)
        after = tail.text[len(text) :] if tail.text.startswith(text) else joined(rest)
        turn.tail = evolve(tail, text=after, words=rest, start=rest[0].start, stable=0) if rest else None
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
