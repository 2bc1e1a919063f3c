"""The script ``aai-migrate``, apart from the package: importing or leaving that, Ctrl+C shows no traceback."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit code, see :func:`aai_migrate.cli.main`."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # nothing is open yet
    try:
        from aai_migrate.cli import main as run
        from aai_migrate.cli.interrupt import leaving
    finally:
        signal.signal(signal.SIGINT, before)
    return leaving(run())
