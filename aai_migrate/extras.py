"""Whether the packages of an extra are there."""

from __future__ import annotations

import importlib.util


def installed(module: str) -> bool:
    """Whether the top-level *module* can be found; it is not imported.

    An import hook may refuse it by raising, as programs do that keep a package out.
    """
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
