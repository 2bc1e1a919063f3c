"""A terminal in memory: it obeys what the live view writes, and shows what a person would see."""

from __future__ import annotations

import io
import re
from typing import Any

from rich.cells import get_character_cell_size

_CONTROL = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|(\r)|(\n)|(.)", re.DOTALL)


class Screen(io.StringIO):
    """So many columns, and as many rows as it takes.

    Attributes:
        columns: may be changed: what is on the screen stays, as terminals without reflow have it.
        writes: how many there were that wrote something.
        styles: the parameters of every style that was set.
        cursor: whether it is seen.
    """

    encoding: Any = "utf-8"

    def __init__(self, columns: int = 40) -> None:
        super().__init__()
        self.columns, self.writes, self.styles, self.cursor = columns, 0, set[str](), True
        self._rows: list[list[str]] = [[]]
        self._row = self._column = 0
        self._wraps = True

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What stands there, without the empty rows at the end."""
        return "\n".join("".join(row).rstrip() for row in self._rows).rstrip("\n").split("\n")

    def write(self, text: str) -> int:
        self.writes += bool(text)
        super().write(text)
        for private, parameters, command, carriage, newline, char in _CONTROL.findall(text):
            if command:
                self._obey(private + parameters, command)
            elif carriage:
                self._column = 0
            elif newline:
                self._row, self._column = self._row + 1, 0
                self._fill()
            else:
                assert char.isprintable() or char in "\u200c\u200d", f"{char!r} reached the terminal"
                self._put(char)
        return len(text)

    def _obey(self, parameters: str, command: str) -> None:
        row = self._rows[self._row]
        match command, parameters:
            case "A", number:
                self._row = max(0, self._row - int(number or 1))
            case "K", "":
                del row[self._column :]
            case "K", "2":
                row.clear()
            case "J", "":
                del row[self._column :]
                del self._rows[self._row + 1 :]
            case "h" | "l", "?7":
                self._wraps = command == "h"
            case "h" | "l", "?25":
                self.cursor = command == "h"
            case "m", style:
                self.styles.add(style)
            case _:
                raise AssertionError(f"unknown sequence {parameters}{command}")

    def _put(self, char: str) -> None:
        width = get_character_cell_size(char)
        if self._column + width > self.columns:
            if self._wraps:
                self._row, self._column = self._row + 1, 0
                self._fill()
            else:
                self._column = self.columns - width
        row = self._rows[self._row]
        row += [" "] * (self._column - len(row))
        if width:
            row[self._column : self._column + width] = [char, *[""] * (width - 1)]
        elif row:
            row[max(0, self._column - 1)] += char
        self._column += width

    def _fill(self) -> None:
        self._rows += [[] for _ in range(self._row + 1 - len(self._rows))]
