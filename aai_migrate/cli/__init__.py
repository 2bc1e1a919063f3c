"""The command ``aai-migrate``: parses, calls the library, prints. Needs the extra ``cli``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import MissingExtra

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* and return its exit code.

    0 done · 1 failed while running · 2 wrong use or settings · 3 done, but something is lost ·
    130 interrupted · 141 nobody reads the output any more.
    """
    try:
        try:
            import click as click
        except ImportError:
            print(f"aai-migrate: {MissingExtra('the command line', 'cli')}", file=sys.stderr)
            return 2
        from .app import run
    except KeyboardInterrupt:
        return 130
    return run(sys.argv[1:] if argv is None else argv)
