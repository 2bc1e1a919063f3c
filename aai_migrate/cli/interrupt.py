"""Ctrl+C in two steps."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self


def leaving(code: int) -> int:
    """Return *code*, for the process to exit with; a Ctrl+C from now on makes it do so at once.

    Python's own answer, an exception, would be shown as a traceback of whatever is tidying up by then.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    return code


class Interrupt:
    """With something to stop, the first Ctrl+C stops it; any other one interrupts.

    A signal comes at any point of the main thread, also where it holds a lock that stopping wants. So another thread
    stops.

    Attributes:
        asked: Ctrl+C came.
    """

    def __init__(self) -> None:
        self.asked = False
        self._over = threading.Event()
        self._stopper: threading.Thread | None = None
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._main:
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, self._interrupted)
        return self

    def stops(self, stop: Callable[[], None]) -> None:
        """From now on the first Ctrl+C calls *stop*, from another thread."""

        def wait() -> None:
            self._over.wait()
            if self.asked:
                stop()

        stopper = threading.Thread(target=wait, name="aai-migrate interrupt", daemon=True)
        stopper.start()
        self._stopper = stopper

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._stopper:
            self._stopper.join()
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, signum: int, frame: FrameType | None) -> None:
        if self._stopper is None or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._over.set()
