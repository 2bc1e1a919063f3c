"""What people see of events: ended turns and remarks as lines, open turns below them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Protocol, TextIO

from attrs import frozen

from ..events import (
    AudioGap,
    Notice,
    ProviderChanged,
    Reconnected,
    Reconnecting,
    StreamEvent,
    Turn,
    TurnRevised,
)
from .summary import Figures

_OUR_SIGNS = str.maketrans("–…×━╌→", "-~x#.>")
_JOINERS = "\u200c\u200d"  # part of how Persian, Hindi and emoji are written


class View(Protocol):
    """Where events go."""

    def show(self, event: StreamEvent) -> None:
        """Print *event*.

        Raises:
            OSError: nobody reads, or there is no room.
        """


@frozen
class Line:
    """One turn in one line, fit for a terminal.

    Attributes:
        label: channel and speaker with what parts them from the text, or empty.
        stable: what will not change.
        tail: what still may.
    """

    label: str
    stable: str
    tail: str = ""

    def __str__(self) -> str:
        return self.label + self.stable + self.tail


class Lines(Protocol):
    """Where lines go: out or to the remarks, and below them what is not a line yet."""

    def turn(self, line: Line, still_open: Sequence[Line] = ()) -> None:
        """Print an ended turn, and below it those that are *still_open*."""

    def open(self, lines: Sequence[Line]) -> None:
        """Show the open turns in place of those shown before."""

    def remark(self, text: str) -> None:
        """Say something about the run, beside the transcript."""

    def summary(self, figures: Figures) -> None:
        """Say how it went."""

    def close(self) -> None:
        """Take away what is not a line."""


def one_line(text: str) -> str:
    """Return *text* in one line that no terminal obeys: what a vendor says reaches one through here.

    Control characters become blanks. Those that turn the direction of writing are left out, as is everything else
    invisible but what joins letters; what is no character at all becomes U+FFFD.
    """
    return " ".join("".join(map(_harmless, text)).split())


def _harmless(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    match unicodedata.category(char):
        case "Cf":
            return ""
        case "Cs" | "Cn" | "Co":
            return "\ufffd"
    return " "


def remark(text: str) -> str:
    """Return *text* as a line of stderr."""
    return f"aai-migrate: {one_line(text)}"


def encodable(text: str, out: TextIO) -> str:
    """Return *text* with "?" for what *out* cannot print, and our own signs written otherwise."""
    encoding = out.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_OUR_SIGNS).encode(encoding, "replace").decode(encoding)
    return text


def line(turn: Turn | TurnRevised, *, channels: bool = False) -> Line:
    """Return *turn* as one line; *channels*: say the channel of every turn, not only of those beyond the first."""
    label = f"[{turn.channel}] " if channels or turn.channel else ""
    if turn.speaker:
        label += f"{one_line(turn.speaker)}: "
    text = turn.transcript
    sure = turn.stable_length if isinstance(turn, Turn) and not turn.end_of_turn else len(text)
    stable, tail = one_line(text[:sure]), one_line(text[sure:])
    if stable and tail and (text[sure - 1].isspace() or text[sure].isspace()):
        tail = f" {tail}"
    return Line(label, stable, tail)


class Text:
    """Shows events as people read them."""

    def __init__(self, lines: Lines, *, channels: bool = False) -> None:
        self._lines, self._channels = lines, channels
        self._open: dict[tuple[int, int], Line] = {}

    def show(self, event: StreamEvent) -> None:
        match event:
            case Turn():
                self._turn(event)
            case TurnRevised():
                revised = line(event, channels=self._channels)
                told = Line(revised.label, f"{revised.stable} (turn {event.turn_order} revised)")
                self._lines.turn(told, self._still_open())
            case Notice():
                self._lines.remark(event.message)
            case Reconnecting():
                self._lines.remark(f"{event.cause}; trying again in {event.delay:.1f} s")
            case Reconnected():
                again = f"; {event.replayed:.1f} s of audio are sent again" if event.replayed > 0 else ""
                self._lines.remark(f"connected again at {event.seam:.1f} s{again}")
            case AudioGap():
                self._lines.remark(f"audio from {event.start:.1f} to {event.end:.1f} s is lost")
            case ProviderChanged():
                self._lines.remark(f"{event.new} goes on for {event.old} at {event.at:.1f} s: {event.reason}")

    def _turn(self, turn: Turn) -> None:
        key = turn.channel, turn.turn_order
        shown = line(turn, channels=self._channels)
        if turn.end_of_turn:
            self._open.pop(key, None)
            self._lines.turn(shown, self._still_open())
        else:
            self._open[key] = shown
            self._lines.open(self._still_open())

    def _still_open(self) -> list[Line]:
        return [shown for _, shown in sorted(self._open.items(), key=lambda item: item[0])]


class PlainLines:
    """Lines for files, pipes and terminals that cannot rewrite one: turns on *out*, all else on *err*."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err

    def turn(self, line: Line, still_open: Sequence[Line] = ()) -> None:
        _write(self._out, str(line))

    def open(self, lines: Sequence[Line]) -> None:
        pass

    def remark(self, text: str) -> None:
        _write(self._err, remark(text))

    def summary(self, figures: Figures) -> None:
        self.remark(figures.headline)
        for details in figures.details:
            self.remark("; ".join(f"{name}: {text}" for name, text in details))

    def close(self) -> None:
        pass


def _write(out: TextIO, text: str) -> None:
    out.write(encodable(text, out) + "\n")
    out.flush()
