"""Values in a query, spelled as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from aai_migrate.wire.query import spelled, unspellable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("né 1", "né 1"),
        ("", ""),
        (True, "true"),
        (2, "2"),
        (0.5, "0.5"),
        (["a", 1], '["a", 1]'),
        ({"a": []}, '{"a": []}'),
    ],
)
def test_spelled(value: Any, text: str) -> None:
    """Text stands as it is; all else is JSON."""
    assert spelled(value) == text


def test_unspellable() -> None:
    """Each word that cannot be is named with its kind; the others are not."""
    endless: list[Any] = []
    endless.append(endless)
    words = {"a": "x", "b": object(), "c": {"c"}, "d": "\udc80", "e": endless, "f": [1]}
    takes = "takes text, a number, true or false, or JSON; not this"
    kinds = {"b": "object", "c": "set", "d": "str", "e": "list"}
    assert dict(unspellable(words)) == {name: f"{takes} {kind}" for name, kind in kinds.items()}
