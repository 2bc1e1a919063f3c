"""No key in a traceback, no connection of a stream that nobody holds."""

from __future__ import annotations

import gc
import threading
import traceback
from pathlib import Path

import aai_migrate_providers
import pytest

import aai_migrate
from aai_migrate.gateway import local

from .blocking import Driver

CANARY = "canary-key-0123456789abcdef"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "ws://127.0.0.1:1"},
        {"base_url": "ftp://127.0.0.1"},
        {"region": "mars"},
        {"langage": "en"},
        {"token": CANARY},
    ],
    ids=str,
)
def test_no_frame_of_a_traceback_holds_the_key(options: dict[str, str], driver: Driver) -> None:
    """Not even one that shows local variables, whatever the call failed of."""
    with pytest.raises(aai_migrate.AaiMigrateError) as caught:
        driver.connect("assemblyai-v3", api_key=CANARY, **options)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    homes = [str(Path(package.__file__ or "").parent) for package in (aai_migrate, aai_migrate_providers)]
    ours = [line for line in told.format() if any(home in line for home in homes)]
    assert ours
    assert CANARY not in "".join(ours)


def test_a_stream_that_nobody_holds_hangs_up() -> None:
    """Otherwise the vendor bills it until it cuts the session itself."""
    with local("coded") as url:
        stream = aai_migrate.connect("assemblyai-v3", base_url=url, api_key="any")
        writer = next(thread for thread in threading.enumerate() if thread.name == "aai_migrate writer")
        del stream
        gc.collect()
        writer.join(10)
        assert not writer.is_alive()
