"""The messages of a trace file, and what may befall one of them on its way. Imports nothing of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Step = dict[str, Any]


def script(path: Path) -> list[Step]:
    """Return the messages and close frames of a trace, both directions."""
    steps = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [step for step in steps if step["kind"] in ("text", "binary", "close")]


def missing(steps: list[Step], place: int) -> list[Step]:
    """One message never comes."""
    return steps[:place] + steps[place + 1 :]


def again(steps: list[Step], place: int) -> list[Step]:
    """One message comes twice."""
    return [*steps[: place + 1], *steps[place:]]


def swapped(steps: list[Step], place: int) -> list[Step]:
    """One message comes after the vendor's next one."""
    later = next((n for n in range(place + 1, len(steps)) if steps[n]["dir"] == "<" and "text" in steps[n]), place)
    rest = [*steps[:place], *steps[place + 1 : later + 1], steps[place], *steps[later + 1 :]]
    return rest if later != place else steps


TROUBLES = (again, missing, swapped)
