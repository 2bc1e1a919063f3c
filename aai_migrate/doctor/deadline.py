"""An end to what has none of its own: name look-up and sound systems may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T | None:
    """Return what *work* returns, or None where that takes longer than *seconds*; then nobody waits for it any more.

    Raises:
        Exception: what *work* raises.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001  the top of a thread; raised below
            failure.append(error)

    thread = threading.Thread(target=run, name="aai_migrate doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    return result[0] if result else None
