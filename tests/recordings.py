"""The programs beside the recordings, which are no package: ``clips``, ``score`` and ``matrix``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

AUDIO = Path(__file__).parents[1] / "fixtures" / "audio"


def program(name: str) -> Any:
    """Return the module of that *name*; it finds those beside it, as when it is run."""
    sys.path.insert(0, str(AUDIO))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(AUDIO))
