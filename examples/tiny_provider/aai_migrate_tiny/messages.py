"""Tiny's JSON to values and back: times are converted here and nowhere else, milliseconds there, seconds here.

A piece of text is a list of words, each as ``[text, start, end, confidence]``; a word's text begins with the blank
that stands before it, so that the texts of all pieces of a turn make up the turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aai_migrate.options import milliseconds
from aai_migrate.wire import values
from aai_migrate.wire.events import Word


def words(value: Any, *, final: bool) -> tuple[Word, ...] | None:
    """Return the words of a piece, or None if it is none: what comes over a wire may be anything."""
    found = [_word(row, final=final) for row in value] if isinstance(value, list) else [None]
    known = tuple(word for word in found if word)
    return known if len(known) == len(found) else None


def _word(row: Any, *, final: bool) -> Word | None:
    match row:
        case [str(text), start, end, confidence] if text.strip():
            begun, ended = values.number(start), values.number(end)
            if begun is not None and ended is not None and 0 <= begun <= ended:
                joiner = " " if text.startswith(" ") else ""
                times, sure = (begun / 1000, ended / 1000), values.unit(values.number(confidence))
                return Word(text[len(joiner) :], *times, sure, final, joiner=joiner)
    return None


def rows(said: Iterable[Word]) -> list[list[Any]]:
    """Return words as Tiny writes them."""
    return [
        [word.joiner + word.text, milliseconds(word.start), milliseconds(word.end), values.unit(word.confidence)]
        for word in said
    ]
