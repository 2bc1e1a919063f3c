"""What the user sees: lines of JSON for programs, turns for people, a status line on a terminal."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import threading
import time
import unicodedata
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

from attrs import fields, has

from ..events import (
    AudioGap,
    Notice,
    ProviderChanged,
    Reconnecting,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
)

REFRESH = 0.1
"""Seconds between two refreshments of the progress alone."""


class View(Protocol):
    """Where events go."""

    def show(self, event: StreamEvent) -> None:
        """Print *event*.

        Raises:
            OSError: nobody reads, or there is no room.
        """


def one_line(text: str) -> str:
    """Return *text* in one line, without control characters: what a vendor says reaches a terminal here."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def remark(text: str) -> str:
    """Return *text* as a line of stderr."""
    return f"aai-migrate: {one_line(text)}"


def plain(thing: Any) -> Any:
    """Return *thing* as JSON has it: classes as objects without ``raw``, a number that is none as null."""
    if has(type(thing)):
        names = (attribute.name for attribute in fields(type(thing)) if attribute.name != "raw")
        return {name: plain(getattr(thing, name)) for name in names}
    if isinstance(thing, Mapping):
        return {str(key): plain(item) for key, item in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset):
        return [plain(item) for item in thing]
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else None
    return thing if thing is None or isinstance(thing, bool | int | str) else str(thing)


class JsonLines:
    """One line an event, written at once."""

    def __init__(self, out: TextIO, status: Status) -> None:
        self._out, self._status = out, status

    def show(self, event: StreamEvent) -> None:
        record = {"type": type(event).__name__, **plain(event)}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        if encodable(line, self._out) != line or len(line.splitlines()) > 1:  # U+2028 breaks a line for some
            line = json.dumps(record, allow_nan=False)
        self._status.above(self._out, line)


class Text:
    """Ended turns one a line, the open ones in the status line, remarks and a summary on stderr."""

    def __init__(self, out: TextIO, status: Status) -> None:
        self._out, self._status = out, status
        self._open: dict[tuple[int, int], str] = {}
        self._turns = 0

    def show(self, event: StreamEvent) -> None:
        match event:
            case Turn(end_of_turn=True):
                self._turns += 1
                self._open.pop((event.channel, event.turn_order), None)
                self._print(_label(event) + event.transcript)
            case Turn():
                self._open[event.channel, event.turn_order] = event.transcript
            case TurnRevised():
                self._print(f"{_label(event)}{event.transcript} (turn {event.turn_order} revised)")
            case Notice():
                self._remark(event.message)
            case Reconnecting():
                self._remark(f"{event.cause}; trying again in {event.delay:.1f} s")
            case AudioGap():
                self._remark(f"audio from {event.start:.1f} to {event.end:.1f} s is lost")
            case ProviderChanged():
                self._remark(f"{event.new} goes on for {event.old} at {event.at:.1f} s: {event.reason}")
            case Termination():
                self._summary(event)
        self._status.text(" | ".join(self._open.values()))

    def _print(self, line: str) -> None:
        self._status.above(self._out, encodable(one_line(line), self._out))

    def _remark(self, text: str) -> None:
        self._status.above(sys.stderr, remark(text))

    def _summary(self, event: Termination) -> None:
        turns = f"{self._turns} turn{'' if self._turns == 1 else 's'}"
        end = "complete" if event.complete else f"truncated: {event.reason}"
        if event.unconfirmed_seconds > 0:
            end += f", {event.unconfirmed_seconds:.1f} s unconfirmed"
        self._remark(f"{turns}, {event.audio_seconds:.1f} s of audio, {end}")


def _label(event: Turn | TurnRevised) -> str:
    channel = f"[{event.channel}] " if event.channel else ""
    return f"{channel}{event.speaker}: " if event.speaker else channel


class Status:
    """A line that is rewritten in place: how far the audio is, and the text that may still change.

    Two threads write it, so everything else that is printed goes through :meth:`above`. Without a terminal
    it writes nothing of its own.
    """

    def __init__(self, out: TextIO | None, total: float | None) -> None:
        self._out = out
        self._total = "" if total is None else f"/{total:.1f}"
        self._lock = threading.Lock()
        self._seconds, self._text, self._shown, self._due = 0.0, "", 0, 0.0
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self._dim, self._reset = ("", "") if plain else ("\x1b[2m", "\x1b[0m")

    def text(self, text: str) -> None:
        """Show *text* behind the progress."""
        with self._lock:
            self._text = one_line(text)
            self._draw()

    def progress(self, seconds: float) -> None:
        """Show that *seconds* of audio were fed, not too often."""
        with self._lock:
            self._seconds = seconds
            if time.monotonic() >= self._due:
                self._draw()

    def above(self, out: TextIO, line: str) -> None:
        """Print *line* where the status line stood."""
        with self._lock:
            self._wipe()
            out.write(line + "\n")
            out.flush()

    def close(self) -> None:
        """Wipe the line out, for good."""
        with self._lock:
            self._wipe()
            self._out = None

    def _draw(self) -> None:
        if self._out is None:
            return
        self._due = time.monotonic() + REFRESH
        head = f"{self._seconds:.1f}{self._total} s  "
        tail, width = _tail(self._text, shutil.get_terminal_size().columns - 1 - len(head))
        width += len(head)
        padding = " " * (self._shown - width)
        self._out.write(f"\r{self._dim}{encodable(head + tail, self._out)}{self._reset}{padding}")
        self._out.flush()
        self._shown = width

    def _wipe(self) -> None:
        if self._out is not None and self._shown:
            self._out.write(f"\r{' ' * self._shown}\r")
            self._out.flush()
            self._shown = 0


def encodable(text: str, out: TextIO) -> str:
    """Return *text* with "?" for what *out* cannot print."""
    encoding = out.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _tail(text: str, columns: int) -> tuple[str, int]:
    """Return the end of *text* that fits into *columns*, and how many it takes."""
    used = 0
    for index in range(len(text) - 1, -1, -1):
        char = text[index]
        width = 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used + width > columns:
            return text[index + 1 :], used
        used += width
    return text, used
