"""Words and the text that they make; numbers and strings of a wire."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aai_migrate.session.seam import midpoint
from aai_migrate.wire.events import Word
from aai_migrate.wire.text import joined, joiner, mean, spread
from aai_migrate.wire.values import dumps, mapping, number, parse, string, unit, whole


def test_words_joined() -> None:
    """Every joiner stands, the first one's too."""
    words = (Word("a", 0, 0.4, joiner=""), Word("b", 1, 1.4), Word(".", 1, 1, joiner=""))
    assert joined(words) == "a b."
    assert midpoint(Word("a", 1.0, 2.0)) == 1.5


@pytest.mark.parametrize(
    ("before", "text", "between"), [("", "a", ""), ("a", "b", " "), ("你", "好", ""), ("a", "好", " ")]
)
def test_what_stands_between_two_words(before: str, text: str, between: str) -> None:
    """Scripts without spaces have none."""
    assert joiner(before, text) == between


def test_the_mean_of_what_is_known() -> None:
    """A word without confidence counts for nothing."""
    assert mean((Word("a", 0, 1, 0.5), Word("b", 1, 2), Word("c", 2, 3, 1.0))) == 0.75
    assert mean((Word("a", 0, 1),)) is None


def test_words_of_a_text_without() -> None:
    """They share its time."""
    assert [(word.text, word.start, word.end) for word in spread("a b", 1.0, 3.0)] == [("a", 1.0, 2.0), ("b", 2.0, 3.0)]
    assert spread(" ", None, None) == ()


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, [], 10**400])
def test_what_is_no_number(value: Any) -> None:
    """Neither words nor infinities nor booleans."""
    assert number(value) is None


@pytest.mark.parametrize(("value", "read"), [(3, 3), (3.0, 3), ("3", 3), (3.5, None), ("x", None), (None, None)])
def test_whole_numbers(value: Any, read: int | None) -> None:
    """However they are spelled."""
    assert whole(value) == read


def test_values_of_another_kind() -> None:
    """What is not what it should be is nothing."""
    assert (string(""), string(1), string("a")) == (None, None, "a")
    assert (mapping([]), mapping({"a": 1})) == ({}, {"a": 1})
    assert (unit(None), unit(-1), unit(2), unit(0.5)) == (1.0, 0.0, 1.0, 0.5)
    assert (parse("[]"), parse("{"), parse("[" * 100_000), parse('{"a":1}')) == (None, None, None, {"a": 1})


def test_what_is_written_is_utf_8() -> None:
    """Half a surrogate would break the connection."""
    assert dumps({"a": "\ud800é"}) == '{"a":"?é"}'
