"""Nothing of the blocking driver may outlive its stream."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("aai_migrate")]


def _descriptors() -> set[str]:
    """What is open here besides the servers' own listeners, as the kernel names it."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except OSError:
            continue  # the listing's own
    return found


@pytest.fixture
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a thread or a descriptor is left; servers are closed before this looks."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    before = _descriptors()
    yield
    by = time.monotonic() + 2.0
    for thread in _threads():
        thread.join(max(0.0, by - time.monotonic()))
    assert _threads() == []
    assert _descriptors() <= before
