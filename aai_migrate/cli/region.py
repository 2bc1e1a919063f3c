"""Lines at the lower end of a terminal that are rewritten in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

_UP = "\x1b[{}A"
_ERASE_LINE, _ERASE_WHOLE, _ERASE_BELOW = "\x1b[K", "\x1b[2K", "\x1b[J"
_WRAP, _NO_WRAP = "\x1b[?7h", "\x1b[?7l"
_SHOW, _HIDE = "\x1b[?25h", "\x1b[?25l"


class Region:
    """Some lines below everything else that is printed.

    After each drawing the cursor stands at the beginning of the first line. So whatever the terminal made of the
    lines when it was resized, what is below the cursor is theirs, and erasing it takes nothing else away. Nor does the
    terminal wrap them, whatever it thinks of the width of a character. Each change is one write: nothing flickers.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: tuple[str, ...] = ()
        self._shown = False

    def draw(self, lines: Sequence[str]) -> None:
        """Show *lines*, none of them wider than the terminal, instead of the last ones."""
        self._lines = tuple(lines)
        self._write(self._drawing())

    def above(self, text: str, lines: Sequence[str]) -> None:
        """Print *text* for good, where the lines stood, and *lines* below it."""
        self._lines = tuple(lines)
        self._write(f"{self._wiping()}{text}\n{self._drawing()}")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let something else print to the same terminal: the lines are away until it is done."""
        self._write(self._wiping())
        yield
        self._write(self._drawing())

    def wipe(self) -> None:
        """Take the lines away: what a terminal has wrapped it goes on to take for one line, unless it is erased."""
        self._write(self._wiping())

    def close(self) -> None:
        """Wipe the lines out, also where the terminal is gone."""
        with suppress(OSError):  # the terminal is gone, and the lines with it
            self._write(self._wiping())
        self._lines = ()

    def _drawing(self) -> str:
        if not self._lines:
            return self._wiping()
        hide, self._shown = "" if self._shown else _HIDE, True
        rows = "\n".join(line + _ERASE_LINE for line in self._lines)
        back = _UP.format(len(self._lines) - 1) if len(self._lines) > 1 else ""
        return f"{hide}{_NO_WRAP}\r{rows}{_ERASE_BELOW}{back}\r{_WRAP}"

    def _wiping(self) -> str:
        shown, self._shown = self._shown, False
        # From the very corner, tmux would keep what it erases in its history; hence the blank.
        return f"{_ERASE_WHOLE}\r {_ERASE_BELOW}\r{_SHOW}" if shown else ""

    def _write(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
