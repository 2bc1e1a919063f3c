"""What a JSON object may hold: a table of members, each with a check that says what is wrong with its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from . import values

Check = Callable[[Any], str]
"""Says what is wrong with a value, or ""."""


@frozen
class Table:
    """The known members of an object, and those it cannot do without. Unknown ones are nobody's business."""

    members: Mapping[str, Check | Table]
    required: tuple[str, ...] = ()

    def wrong(self, value: Any, path: str = "") -> Iterator[str]:
        """Yield everything that is wrong with *value*, each with its path."""
        if not isinstance(value, Mapping):
            yield f"{path} must be an object".lstrip()
            return
        for name in self.required:
            if name not in value:
                yield f"{_join(path, name)} is required"
        for name, inner in self.members.items():
            if name not in value:
                continue
            where = _join(path, name)
            if isinstance(inner, Table):
                yield from inner.wrong(value[name], where)
            elif wrong := inner(value[name]):
                yield f"{where} {wrong}"

    def known(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of *value* that the table and its tables know, but for those that are null."""
        found = {}
        for name, inner in self.members.items():
            item = value.get(name)
            if item is not None:
                found[name] = inner.known(item) if isinstance(inner, Table) and isinstance(item, Mapping) else item
        return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def one_of(*choices: Any) -> Check:
    """Return a check for one of *choices*."""
    text = f"must be one of the following values: {', '.join(map(str, choices))}"

    def check(value: Any) -> str:
        return "" if (value if isinstance(value, str) else values.number(value)) in choices else text

    return check


def number(least: float, most: float) -> Check:
    """Return a check for a number from *least* to *most*."""

    def check(value: Any) -> str:
        known = values.number(value)
        if known is None:
            return "must be a number"
        if known < least:
            return f"must not be less than {least:g}"
        return f"must not be greater than {most:g}" if known > most else ""

    return check


def integer(least: int, most: int) -> Check:
    """Return a check for a whole number from *least* to *most*."""
    within = number(least, most)

    def check(value: Any) -> str:
        known = None if isinstance(value, str) else values.whole(value)
        return "must be an integer number" if known is None else within(known)

    return check


def list_of(each: Check, what: str, least: int = 0) -> Check:
    """Return a check for a list of *least* or more items that pass *each*, which are *what*."""

    def check(value: Any) -> str:
        if not isinstance(value, list):
            return "must be an array"
        if len(value) < least:
            return f"must contain at least {least} element{'s' * (least > 1)}"
        return f"must only contain {what}" if any(each(item) for item in value) else ""

    return check


def boolean(value: Any) -> str:
    """Check a boolean."""
    return "" if isinstance(value, bool) else "must be a boolean value"


def string(value: Any) -> str:
    """Check a string."""
    return "" if isinstance(value, str) else "must be a string"


def mapping(value: Any) -> str:
    """Check an object, whatever is in it."""
    return "" if isinstance(value, Mapping) else "must be an object"
