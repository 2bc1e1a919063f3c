"""Both drivers, for the same tests; nothing of either may outlive its stream."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aai_migrate import Stream

from .blocking import Asyncio, Blocking, Driver, Opener
from .vendor import KEY


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("aai_migrate")]


def _descriptors() -> set[str]:
    """The sockets and pipes that are open here, as the kernel names them; empty where it does not say."""
    found = set()
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with contextlib.suppress(OSError):  # the listing's own
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return {name for name in found if name.startswith(("socket:", "pipe:"))}


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


@pytest.fixture(params=[Blocking, Asyncio], ids=lambda kind: kind.name)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Each driver in turn, with the blocking one's API."""
    found: Driver = request.param()
    yield found
    found.close()


@pytest.fixture
def connect(driver: Driver) -> Opener:
    """Open a stream to a URL, with short limits."""

    def opened(url: str, provider: str = "assemblyai-v3", **options: Any) -> Stream:
        short = {"connect_timeout": 5.0, "drain_timeout": 3.0, "close_timeout": 0.5}
        stream: Stream = driver.connect(provider, api_key=KEY, base_url=url, **{**short, **options})
        return stream

    return opened
