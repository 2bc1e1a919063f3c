"""Words as they are compared, and how far two transcripts are apart."""

from __future__ import annotations

from collections.abc import Sequence

_DROP = str.maketrans("", "", ".,?!")


def plain_words(text: str) -> list[str]:
    """Return the words of *text* as they are compared: in lower case, without ``. , ? !``."""
    return text.lower().translate(_DROP).split()


def edits(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest substitutions, deletions and insertions that make *reference* into *heard*."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(reference, 1):
        corner, row[0] = row[0], count
        for at, other in enumerate(heard, 1):
            corner, row[at] = row[at], min(corner + (word != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]
