"""The native words of a session, by their paths, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..credentials import MASK
from ..masking import secret
from ..wire.frames import Connect, HttpRequest, Message
from ..wire.values import parse
from .rehearsal import Rehearsal

ADDRESSES = ("callback", "webhook")
"""In the name of what holds an address that may carry a secret."""


def settings(played: Rehearsal) -> dict[str, Any]:
    """Return the native words by their paths: as the client half tells of them, else as they were said.

    In a query an empty list is not said.
    """
    said = _said(played)
    if not played.started:
        return _shown(said)
    words, ends = flat(played.started.settings), tuple(f".{path}" for path in said)
    return _shown({word: value for word, value in words.items() if value not in ([], ()) or _ends(ends, word)})


def _ends(paths: Iterable[str], word: str) -> bool:
    return any(path.endswith(f".{word}") for path in paths)


def _said(played: Rehearsal) -> dict[str, Any]:
    """Return the words of queries and bodies by their paths."""
    words: dict[str, Any] = {}
    for frame in played.said:
        match frame:
            case Connect(url):
                for name, value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
                    words[name] = value if name not in words else [*listed(words[name]), value]
            case HttpRequest(body=said) | Message(said):
                words |= parse(said) or {}
    return flat(words)


def listed(value: Any) -> list[Any]:
    """Return several values as they are, and one as the only one."""
    return [*value] if isinstance(value, (list, tuple)) else [value]


def flat(words: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return the leaves of nested objects by their dotted paths."""
    leaves: dict[str, Any] = {}
    for name, value in words.items():
        if isinstance(value, Mapping) and value:
            leaves |= flat(value, f"{path}{name}.")
        else:
            leaves[path + name] = value
    return leaves


def _shown(words: Mapping[str, Any]) -> dict[str, Any]:
    return {word: masked(word, value) for word, value in words.items()}


def masked(word: str, value: Any) -> Any:
    """Return *value* as it may be shown for *word*."""
    return MASK if hides(word) and not isinstance(value, (bool, int, float)) else value


def hides(word: str) -> bool:
    """Say whether the value of *word* may be a secret."""
    return secret(word) or any(name in word.lower() for name in ADDRESSES)
