"""What programs see of events: one object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TextIO

from attrs import fields, has

from ..events import StreamEvent
from .view import encodable


class JsonLines:
    """One line an event, written at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, event: StreamEvent) -> None:
        """Print *event* with the name of its class as ``type``."""
        record = {"type": type(event).__name__, **plain(event)}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        if encodable(line, self._out) != line or len(line.splitlines()) > 1:  # U+2028 breaks a line for some
            line = json.dumps(record, allow_nan=False)
        self._out.write(line + "\n")
        self._out.flush()


def plain(thing: Any) -> Any:
    """Return *thing* as JSON has it: classes as objects without ``raw``, a number that is none as null."""
    if has(type(thing)):
        names = (attribute.name for attribute in fields(type(thing)) if attribute.name != "raw")
        return {name: plain(getattr(thing, name)) for name in names}
    if isinstance(thing, Mapping):
        return {str(key): plain(item) for key, item in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset):
        return [plain(item) for item in thing]
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else None
    return thing if thing is None or isinstance(thing, bool | int | str) else str(thing)
