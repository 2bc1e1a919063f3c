"""Tables: drawn with rich on a terminal, aligned text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from attrs import field, frozen

from .view import encodable, one_line

GAP = "  "


def _clean(row: Iterable[str]) -> tuple[str, ...]:
    return tuple(one_line(cell) for cell in row)


def _all_clean(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(_clean(row) for row in rows)


@frozen
class Table:
    """Rows under a head, with a title above; without a head there are two columns, and the first names the second.

    Texts are cleaned of what would make a terminal obey: plug-ins bring some.
    """

    title: str
    head: tuple[str, ...] = field(converter=_clean)
    rows: tuple[tuple[str, ...], ...] = field(converter=_all_clean)


def show(tables: Sequence[Table], styles: Mapping[str, str]) -> None:
    """Print *tables* to stdout, for people or for programs.

    Args:
        styles: how a terminal shows cells of just this text, in rich's words.
    """
    if sys.stdout.isatty():
        try:
            _draw(tables, styles, sys.stdout)
            return
        except ImportError:  # the extra brings rich, but plain text needs nothing
            pass
    sys.stdout.write(encodable(plain(tables), sys.stdout))


def plain(tables: Sequence[Table]) -> str:
    """Return *tables* as lines, columns aligned, an empty cell as "-"."""
    return "\n".join("".join(f"{line}\n" for line in [table.title, *_aligned(table)]) for table in tables)


def _aligned(table: Table) -> list[str]:
    rows = [table.head] if table.head else []
    rows += [tuple(cell or "-" for cell in row) for row in table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [GAP.join(cells).rstrip() for cells in padded]


def _draw(tables: Sequence[Table], styles: Mapping[str, str], out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawing
    from rich.text import Text

    console = Console(file=out, highlight=False)
    for table in tables:
        drawing = Drawing(
            title=Text(table.title, "bold"), title_justify="left", box=box.SIMPLE_HEAD, show_header=bool(table.head)
        )
        for index, name in enumerate(table.head or ("", "")):
            drawing.add_column(name, overflow="fold", no_wrap=index == 0)
        for row in table.rows:
            drawing.add_row(*(Text(encodable(cell or "-", out), styles.get(cell or "-", "")) for cell in row))
        console.print(drawing)
