"""Words and the text that they make."""

from __future__ import annotations

from collections.abc import Iterable

from .events import Word

_WIDE = (("\u3000", "\u30ff"), ("\u3400", "\u9fff"), ("\uff00", "\uffef"))


def wide(character: str) -> bool:
    """Say whether *character* belongs to a script without spaces: Chinese or Japanese."""
    return any(low <= character <= high for low, high in _WIDE)


def joiner(before: str, text: str) -> str:
    """Return what stands between *before* and the word *text*."""
    return "" if not before or (wide(before[-1]) and wide(text[0])) else " "


def joined(words: Iterable[Word]) -> str:
    """Return the text that *words* make, with the first one's joiner."""
    return "".join(word.joiner + word.text for word in words)


def mean(words: tuple[Word, ...]) -> float | None:
    """Return the mean confidence of words, or None where none is known."""
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None


def spread(text: str, start: float | None, end: float | None) -> tuple[Word, ...]:
    """Return words for a text that came without: its time in equal parts."""
    parts = text.split()
    begin = start if start is not None else end or 0.0
    step = max(0.0, (begin if end is None else end) - begin) / max(1, len(parts))
    return tuple(Word(part, begin + step * index, begin + step * (index + 1)) for index, part in enumerate(parts))
