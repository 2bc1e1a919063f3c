"""Subtitles from ended turns: SubRip (SRT) and WebVTT, as text. No file is touched here.

A cue holds at most two lines of 42 columns and lasts 1 to 7 seconds where the speech allows it. It ends at a pause, a
change of speaker, or, if it can, at punctuation. On one channel times never overlap and never go back; cues of
different channels may stand beside each other.

Sources: https://www.w3.org/TR/webvtt1/ for WebVTT; SRT has no standard, so it is written as players read it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from math import isfinite
from typing import Literal, get_args

from attrs import evolve, frozen

from .errors import ConfigError
from .events import Turn, TurnRevised, Word

__all__ = ["COLUMNS", "LINES", "LONGEST", "SHORTEST", "Cue", "Form", "Subtitles", "cues"]

Form = Literal["srt", "vtt"]
COLUMNS, LINES = 42, 2
SHORTEST, LONGEST = 1.0, 7.0
"""Seconds of a cue, unless the next one comes sooner."""
PAUSE = 1.0
"""Seconds between two words that always end a cue."""
_BREATH = 0.3
_ENDS, _RESTS = (".?!…。？！؟۔।", ",;:–—、，；：،")
_CLOSING = "\"'”’»)]」』"
_CHARACTERS_PER_SECOND = 15.0  # where nobody says how long the words took
_LEAST = 0.2  # of a cue that others leave no time for


@frozen
class Cue:
    """What is shown from ``start`` to ``end``, seconds on the session's clock.

    Attributes:
        lines: one or two lines, without control characters.
        label: who speaks; empty: not known.
    """

    start: float
    end: float
    lines: tuple[str, ...]
    label: str = ""
    channel: int = 0


@frozen
class _Piece:
    """What no line breaks: a word, or a part of one that is too long."""

    text: str
    start: float
    end: float
    speaker: str | None = None
    joiner: str = " "


@frozen
class _Told:
    """A turn in its last state with its cues, and from when on it could be shown."""

    turn: Turn
    after: float
    cues: tuple[Cue, ...]


class Subtitles:
    """The subtitles of one session, written as its turns end.

    ``begin``, then one ``add`` for each ended turn, give a file that is whole after each of them. ``whole`` knows
    what came later: it has revised turns in their new state, all cues in the order of their beginnings, and no
    cue that had to wait for one that was shown long only because nothing was known to follow.

    Args:
        form: ``"srt"`` or ``"vtt"``.
        channels: whether to say the channel of a cue.
    Raises:
        ConfigError: *form* is neither.
    """

    def __init__(self, form: Form, *, channels: bool = False) -> None:
        if form not in get_args(Form):
            raise ConfigError(f"subtitles are {' or '.join(get_args(Form))}, not {form!r}")
        self._form, self._channels = form, channels
        self._turns: dict[int, dict[int, _Told]] = {}
        self._shown_to: dict[int, float] = {}
        self._count = 0

    def begin(self) -> str:
        """Return what stands before the first cue."""
        return "WEBVTT\n\n" if self._form == "vtt" else ""

    def add(self, turn: Turn) -> str:
        """Return what the ended *turn* appends; empty for one that is still open."""
        if not turn.end_of_turn:
            return ""
        after = self._shown_to.get(turn.channel, 0.0)
        told = _Told(evolve(turn, raw=None), after, tuple(cues(turn, channels=self._channels, after=after)))
        self._turns.setdefault(turn.channel, {})[turn.turn_order] = told
        laid = list(_lay(told.cues, after))
        if laid:
            self._shown_to[turn.channel] = laid[-1].end
        return "".join(self._block(cue) for cue in laid)

    def revise(self, revised: TurnRevised) -> None:
        """Take the new state of an ended turn, for ``whole``."""
        turns = self._turns.get(revised.channel, {})
        if told := turns.get(revised.turn_order):
            turn = evolve(
                told.turn,
                transcript=revised.transcript,
                words=revised.words or told.turn.words,
                speaker=revised.speaker or told.turn.speaker,
            )
            new = cues(turn, channels=self._channels, after=told.after)
            turns[revised.turn_order] = _Told(turn, told.after, tuple(new))

    def whole(self) -> str:
        """Return the whole file of all turns so far."""
        laid: list[Cue] = []
        for turns in self._turns.values():
            natural = [cue for _, told in sorted(turns.items(), key=lambda item: item[0]) for cue in told.cues]
            laid += _lay(natural, 0.0)
        laid.sort(key=lambda cue: (cue.start, cue.channel))
        self._count = 0
        return self.begin() + "".join(self._block(cue) for cue in laid)

    def _block(self, cue: Cue) -> str:
        self._count += 1
        times = f"{_stamp(cue.start, self._form)} --> {_stamp(cue.end, self._form)}"
        if self._form == "vtt":
            text = "\n".join(map(_escaped, cue.lines))
            voice = f"<v {_escaped(cue.label)}>" if cue.label else ""
            return f"{times}\n{voice}{text}\n\n"
        label = f"{cue.label}{' ' if cue.label.endswith(']') else ': '}" if cue.label else ""
        return f"{self._count}\n{times}\n{(label + chr(10).join(cue.lines)).replace('-->', '→')}\n\n"


def cues(turn: Turn, *, channels: bool = False, after: float = 0.0) -> list[Cue]:
    """Return the cues of *turn*, with the times of its words.

    The text is that of the transcript. Where it differs from the words, as a formatted one may, their times go to
    the words they match and the rest is spread between.

    Args:
        turn: a turn in its last state.
        channels: whether the labels say the channel.
        after: seconds where the turn begins if neither it nor its words have times.
    """
    found = []
    for run in _runs(_pieces(turn, after)):
        label = _label(turn.channel if channels else None, run[0].speaker)
        room = len(label) + 2 if label else 0
        for start, end in _parts(run, room):
            part = run[start:end]
            lines = _fold(part, room) or (_joined(part),)
            found.append(Cue(part[0].start, part[-1].end, lines, label, turn.channel))
    return found


def _label(channel: int | None, speaker: str | None) -> str:
    words = (f"[{channel}]" if channel is not None else "", _clean(speaker or ""))
    return " ".join(filter(None, words))[: COLUMNS // 2]


def _clean(text: str) -> str:
    """Return *text* in one line, without control characters and lone surrogates."""
    kinds = ((char, unicodedata.category(char)) for char in text)
    return " ".join("".join(" " if kind in ("Cc", "Cs", "Zl", "Zp") else char for char, kind in kinds).split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: float, form: Form) -> str:
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{',' if form == 'srt' else '.'}{milliseconds:03}"


# When each word was said.


def _pieces(turn: Turn, after: float) -> list[_Piece]:
    """Return the transcript word by word with times that do not go back, long words in parts."""
    text = _clean(turn.transcript)
    words = [word for word in turn.words if _clean(word.text) and isfinite(word.start) and isfinite(word.end)]
    if words and _clean("".join(word.joiner + word.text for word in words)) == text:
        tokens = [(_clean(word.text), " " if word.joiner.isspace() else "") for word in words]
        matched: list[Word | None] = list(words)
    else:
        tokens = [(token, " ") for token in text.split()]
        matched = _matched([token for token, _ in tokens], words)
    if not tokens:
        return []
    times = _times([token for token, _ in tokens], matched, *_bounds(turn, after, text))
    pieces: list[_Piece] = []
    speaker, now = next((word.speaker for word in matched if word and word.speaker), turn.speaker), 0.0
    for (token, joiner), word, (start, end) in zip(tokens, matched, times, strict=True):
        speaker = (word.speaker if word else None) or speaker
        start = max(start, now)
        now = start
        pieces += _split(_Piece(token, start, max(end, start), speaker, joiner))
    return pieces


def _bounds(turn: Turn, after: float, text: str) -> tuple[float, float]:
    """Return from when to when the turn lasts, guessed where nobody says."""
    start = turn.start if turn.start is not None and isfinite(turn.start) else after
    guess = start + len(text) / _CHARACTERS_PER_SECOND
    return start, turn.end if turn.end is not None and isfinite(turn.end) and turn.end > start else guess


def _matched(tokens: list[str], words: Sequence[Word]) -> list[Word | None]:
    """Return for each token the word that it writes, or its share of those it writes otherwise; None: neither."""
    if len(tokens) == len(words):
        return list(words)
    found: list[Word | None] = [None] * len(tokens)
    alike = SequenceMatcher(None, [_key(word.text) for word in words], [*map(_key, tokens)], autojunk=False)
    for how, begin, end, first, last in alike.get_opcodes():
        heard, written = words[begin:end], tokens[first:last]
        if how == "equal":
            found[first:last] = heard
        elif how == "replace":
            times = _spread(written, heard[0].start, max(heard[-1].end, heard[0].start))
            shares = zip(written, times, strict=True)
            found[first:last] = [Word(text, *when, speaker=heard[0].speaker) for text, when in shares]
    return found


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text


def _times(tokens: list[str], matched: Sequence[Word | None], first: float, last: float) -> list[tuple[float, float]]:
    """Return start and end of each token; those without a word share what is between their neighbours."""
    times: list[tuple[float, float]] = []
    at = 0
    while at < len(tokens):
        word = matched[at]
        if word:
            times.append((max(word.start, 0.0), max(word.end, word.start, 0.0)))
            at += 1
            continue
        to = next((index for index in range(at, len(tokens)) if matched[index]), len(tokens))
        begin = times[-1][1] if times else first
        after = matched[to] if to < len(tokens) else None
        times += _spread(tokens[at:to], begin, max(after.start if after else last, begin))
        at = to
    return times


def _spread(texts: Sequence[str], start: float, end: float) -> Iterator[tuple[float, float]]:
    """Yield start and end of each text, as long as it is wide."""
    total, done = sum(map(_width, texts)) or 1, 0
    for text in texts:
        begin = start + (end - start) * done / total
        done += _width(text)
        yield begin, start + (end - start) * done / total


def _split(piece: _Piece) -> Iterator[_Piece]:
    """Yield *piece*, in parts if it holds blanks or is wider than a line."""
    parts = [(text, index == 0) for word in piece.text.split() for index, text in enumerate(_slices(word))]
    times = _spread([text for text, _ in parts], piece.start, piece.end)
    for index, ((text, begins), (start, end)) in enumerate(zip(parts, times, strict=True)):
        joiner = piece.joiner if index == 0 else " " if begins else ""
        yield evolve(piece, text=text, start=start, end=end, joiner=joiner)


def _slices(word: str) -> Iterator[str]:
    """Yield *word*, if no line holds it in parts of at most half a line, cut after punctuation where there is some."""
    start = used = 0
    if _width(word) > COLUMNS:
        for index in range(1, len(word)):
            used += _width(word[index - 1])
            full = used + _width(word[index]) > COLUMNS // 2 or word[index - 1] in _ENDS + _RESTS
            if full and not unicodedata.combining(word[index]):
                yield word[start:index]
                start, used = index, 0
    yield word[start:]


# Where cues and lines end.


def _runs(pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Yield what one speaker says without a long pause."""
    run: list[_Piece] = []
    for piece in pieces:
        if run and (piece.speaker != run[-1].speaker or piece.start - run[-1].end >= PAUSE):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _parts(run: Sequence[_Piece], room: int) -> list[tuple[int, int]]:
    """Return from where to where each cue goes: the cheapest way to cut *run*."""
    best: list[tuple[float, int]] = [(0.0, 0)]  # for each end: what all cues up to it cost, where the last begins
    for end in range(1, len(run) + 1):
        costs = []
        for start in range(end - 1, -1, -1):
            part = run[start:end]
            if len(part) > 1 and not (_fold(part, room) and part[-1].end - part[0].start <= LONGEST):
                break
            costs.append((best[start][0] + _cost(part, run[end] if end < len(run) else None), start))
        best.append(min(costs))
    cuts, end = [], len(run)
    while end:
        start = best[end][1]
        cuts.append((start, end))
        end = start
    return cuts[::-1]


def _cost(part: Sequence[_Piece], after: _Piece | None) -> float:
    """Return how bad a cue is: each one costs, and so do an empty one, a short one and a cut within a phrase."""
    text = sum(_width(piece.text) + 1 for piece in part)
    empty = max(0.0, 1 - text / (LINES * COLUMNS))
    short = max(0.0, SHORTEST - (part[-1].end - part[0].start))
    return 1 + 0.5 * empty**2 + 0.5 * short + (_break(part[-1], after) if after else 0.0)


def _break(piece: _Piece, after: _Piece) -> float:
    """Return how bad it is to break after *piece*, 0 to 1."""
    last = piece.text.rstrip(_CLOSING)[-1:]
    if last and last in _ENDS:
        return 0.0
    if last and last in _RESTS:
        return 0.3
    return 0.3 if after.start - piece.end >= _BREATH else 1.0 if after.joiner else 1.2


def _fold(part: Sequence[_Piece], room: int) -> tuple[str, ...]:
    """Return *part* in one or two lines, the first with *room* columns taken; empty if it does not fit."""
    wide = list(accumulate(_width(piece.joiner + piece.text) for piece in part))
    if room + wide[-1] <= COLUMNS:
        return (_joined(part),)
    cuts = [
        (abs(room + 2 * wide[at - 1] - wide[-1]) / COLUMNS + _break(part[at - 1], part[at]), at)
        for at in range(1, len(part))
        if room + wide[at - 1] <= COLUMNS >= wide[-1] - wide[at - 1]
    ]
    at = min(cuts, default=(0.0, 0))[1]
    return (_joined(part[:at]), _joined(part[at:])) if at else ()


def _joined(part: Sequence[_Piece]) -> str:
    return "".join(piece.joiner + piece.text for piece in part).strip()


def _width(text: str) -> int:
    """Return the columns that *text* takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


# When each cue is shown.


def _lay(natural: Sequence[Cue], floor: float) -> Iterator[Cue]:
    """Yield the cues of one channel, none before *floor* or before the last one's end, short ones for longer."""
    for index, cue in enumerate(natural):
        start = round(max(cue.start, floor), 3)
        after = natural[index + 1].start if index + 1 < len(natural) else start + LONGEST
        wish = min(start + SHORTEST, max(after, start + _LEAST))
        floor = round(min(max(cue.end, wish), start + LONGEST), 3)
        yield evolve(cue, start=start, end=floor)
