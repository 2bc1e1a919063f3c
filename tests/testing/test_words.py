"""Words as they are compared."""

from __future__ import annotations

import pytest

from aai_migrate.testing.words import edits, plain_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One, two. Three? FOUR!", ["one", "two", "three", "four"]),
        (" don't  e-mail\nme: 3.5", ["don't", "e-mail", "me:", "35"]),
        ("", []),
        ("... ?", []),
    ],
)
def test_plain_words(text: str, words: list[str]) -> None:
    """Lower case, and four marks fewer."""
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("reference", "heard", "wrong"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("", "a", 1),
        ("a b c d", "b c d e", 2),
    ],
)
def test_errors(reference: str, heard: str, wrong: int) -> None:
    """Substitutions, deletions and insertions count one each, and the fewest of them."""
    assert edits(reference.split(), heard.split()) == wrong
