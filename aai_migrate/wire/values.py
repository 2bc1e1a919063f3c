"""Reading JSON that came over a wire, where nothing is as promised; writing JSON that strict clients read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def parse(data: str | bytes) -> dict[str, Any] | None:
    """Return a message's JSON object; None: it is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float | None:
    """Return a finite number, or None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value) if isfinite(value) else None
        except OverflowError:
            return None
    return None


def whole(value: Any) -> int | None:
    """Return a whole number that is spelled as an integer, a float or a string of digits, or None."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    known = number(value)
    return int(known) if known is not None and known == int(known) else None


def string(value: Any) -> str | None:
    """Return a string that says something, or None."""
    return value if isinstance(value, str) and value else None


def unit(confidence: float | None) -> float:
    """Return a confidence from 0 to 1; what nobody knows counts as certain, since clients demand a number."""
    return 1.0 if confidence is None else min(1.0, max(0.0, confidence))


def dumps(message: Mapping[str, Any]) -> str:
    """Write a message so that any UTF-8 text frame carries it: half a surrogate becomes a question mark."""
    return readable(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def readable(text: str) -> str:
    """Return *text* as UTF-8 can carry it."""
    return text.encode(errors="replace").decode()
