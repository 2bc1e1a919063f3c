"""The terminal: ended turns stay, open turns and the progress are rewritten below them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Self, TextIO, cast

from attrs import evolve

from ..errors import MissingExtra
from .progress import Progress
from .region import Region
from .summary import Figures
from .view import Line, Lines, PlainLines, encodable, one_line, remark

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

REFRESH = 0.1
"""Seconds between two refreshments of the progress."""
SHORTEST = 0.04
"""Seconds that a state stays at least: a terminal shows no more, and over a network it would lag behind."""
OPEN_TURNS = 4
"""How many open turns are shown: the latest ones."""
BAR = 30
_LABEL, _TAIL, _FAINT, _DONE = "bold cyan", "dim", "dim", "green"


def lines(out: TextIO, err: TextIO, progress: Progress, *, text: bool) -> Lines:
    """Return where lines go: open turns and progress on a terminal, if there is one that can rewrite a line.

    Args:
        out: where turns go.
        err: where remarks go; beside output that goes elsewhere it shows the progress alone.
        progress: how far the audio is.
        text: whether *out* is for people; a terminal that shows something else is left alone.
    Raises:
        MissingExtra: a terminal, and nothing to draw with.
    """
    below = out if out.isatty() else err
    if not below.isatty() or (below is out and not text) or _dumb():
        return PlainLines(out, err)
    drawn = console(below)
    return PlainLines(out, err) if drawn.legacy_windows else Terminal(drawn, out, err, progress).start()


def console(file: TextIO) -> Console:
    """Return what draws on the terminal *file*; without colours and other styles if NO_COLOR is set."""
    try:
        from rich.console import Console
    except ImportError as error:
        raise MissingExtra("the view on a terminal", "cli") from error
    return Console(file=file, force_terminal=True, color_system=None if "NO_COLOR" in os.environ else "auto")


def _dumb() -> bool:
    return os.name != "nt" and os.environ.get("TERM", "dumb") in ("", "dumb", "unknown")


class Terminal:
    """Lines on a terminal.

    Args:
        console: on the terminal; the lines below the others stand there.
        out: where ended turns go, to that terminal or elsewhere.
        err: where remarks go, likewise.
        progress: what to show at the very end.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        console: Console,
        out: TextIO,
        err: TextIO,
        progress: Progress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._err, self._progress, self._clock = console, err, progress, clock
        self._screen = cast("TextIO", console.file)
        self._region, self._plain = Region(self._screen), PlainLines(out, err)
        self._here = out is self._screen
        self._open: Sequence[Line] = ()
        self._size: tuple[int, int] = console.size
        self._due = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._refresher = threading.Thread(target=self._keep_fresh, name="aai-migrate terminal", daemon=True)

    def start(self) -> Self:
        """Show it, and keep what is below fresh until it is closed."""
        with suppress(OSError):  # the terminal is gone
            self.refresh()
        self._refresher.start()
        return self

    def turn(self, line: Line, still_open: Sequence[Line] = ()) -> None:
        if not self._here:
            self._plain.turn(line)
            return
        with self._lock:
            self._open = still_open
            self._region.above(self._printed(self._styled(line)), self._below())

    def open(self, lines: Sequence[Line]) -> None:
        with self._lock:
            self._open = lines if self._here else ()
            if self._clock() >= self._due:
                self._region.draw(self._below())

    def remark(self, text: str) -> None:
        with self._lock:
            if self._err is self._screen:
                self._region.above(encodable(remark(text), self._err), self._below())
            elif self._err.isatty():
                with self._region.aside():
                    self._plain.remark(text)
            else:
                self._plain.remark(text)

    def summary(self, figures: Figures) -> None:
        self.close()
        if not self._err.isatty():
            self._plain.summary(figures)
            return
        from rich.table import Table
        from rich.text import Text

        drawn = self._console if self._err is self._screen else console(self._err)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style=_FAINT, no_wrap=True)
        grid.add_column(overflow="fold")
        for name, text in chain.from_iterable(figures.details):
            grid.add_row(name, Text(encodable(one_line(text), self._err)))
        drawn.print()
        drawn.print(Text(encodable(one_line(figures.headline), self._err), "bold"))
        drawn.print(grid)

    def refresh(self) -> None:
        """Draw what is below the lines as it is now."""
        with self._lock:
            self._region.draw(self._below())

    def close(self) -> None:
        self._closed.set()
        if self._refresher.is_alive():
            self._refresher.join()
        with self._lock:
            self._region.close()

    def _keep_fresh(self) -> None:
        with suppress(OSError, ValueError):  # the terminal is gone; the transcript may go elsewhere
            while not self._closed.wait(REFRESH):
                self.refresh()

    def _below(self) -> list[str]:
        """Return what stands below the lines, none of it wider than the terminal."""
        if self._closed.is_set():
            return []
        self._due = self._clock() + SHORTEST
        if self._size != self._console.size:
            self._region.wipe()
        self._size = columns, rows = self._console.size
        columns -= 1  # some terminals wrap at the last one
        marks = 0 if self._console.color_system else len("<>")
        shown = [self._styled(fit(line, columns - marks)) for line in self._open[-OPEN_TURNS:]]
        shown.append(self._gauge(columns))
        return [self._printed(text) for text in shown[-max(1, rows - 1) :]]

    def _styled(self, line: Line) -> Text:
        """Return *line* with its tail set apart."""
        from rich.text import Text

        text = Text(end="")
        text.append(line.label, _LABEL)
        text.append(line.stable)
        if not line.tail or self._console.color_system:
            text.append(line.tail, _TAIL)
        else:
            bare = line.tail.lstrip(" ")
            text.append(f"{' ' * (len(line.tail) - len(bare))}<{bare}>")
        return text

    def _gauge(self, columns: int) -> Text:
        """Return the progress in at most *columns*: a bar if there is room, and the words that fit."""
        from rich.text import Text

        words, share = self._progress.words, self._progress.share
        while len(words) > 1 and len("  ".join(words)) > columns:
            words.pop()
        said = "  ".join(words)[: max(0, columns)]
        room = min(BAR, columns - len(said) - 2)
        text = Text(end="")
        if share is not None and room >= 5:
            done = round(share * room)
            text.append("━" * done, _DONE)
            text.append(("━" if self._console.color_system else "╌") * (room - done), _FAINT)
            said = f"  {said}"
        text.append(said, _FAINT)
        return text

    def _printed(self, text: Text) -> str:
        with self._console.capture() as capture:
            self._console.print(text, soft_wrap=True, highlight=False, end="")
        return encodable(capture.get(), self._screen)


def fit(line: Line, columns: int) -> Line:
    """Return *line* in at most *columns*: its label, and the end of its text behind a "…" if that is too wide."""
    label = _first(line.label, columns // 2)
    text, room = line.stable + line.tail, columns - _width(label)
    if _width(text) <= room and len(text) <= 4 * columns:
        return evolve(line, label=label)
    kept = _last(text, room - 1)
    cut = len(text) - len(kept)
    return Line(label, f"…{line.stable[cut:]}", line.tail[max(0, cut - len(line.stable)) :])


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _first(text: str, columns: int) -> str:
    from rich.cells import set_cell_size

    return text if _width(text) <= columns else set_cell_size(text, max(0, columns))


def _last(text: str, columns: int) -> str:
    """Return the end of *text* that fits into *columns*, and into as many characters four times."""
    from rich.cells import get_character_cell_size

    at, used = len(text), 0
    while at and len(text) - at < 4 * columns:
        used += get_character_cell_size(text[at - 1])
        if used > columns:
            break
        at -= 1
    return text[at:]
