"""Values that go into a query in JSON's spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def spelled(value: Any) -> str:
    """Return a query parameter's spelling: text as it is, booleans as words, lists and objects as JSON.

    Raises:
        TypeError, ValueError, RecursionError: it has none.
    """
    if isinstance(value, str):
        value.encode()  # half a surrogate pair is no character
        return value
    return json.dumps(value)


def unspellable(words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each of *words* that no query can carry, and what is wrong with it."""
    for name, value in words.items():
        try:
            spelled(value)
        except (TypeError, ValueError, RecursionError):
            yield name, f"takes text, a number, true or false, or JSON; not this {type(value).__name__}"
