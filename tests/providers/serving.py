"""A web application in a thread, for far ends through a framework that is none of ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

WAIT = 10.0
"""Seconds for the thread to begin and to end."""


@contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """Serve *app* on a free port of loopback; yields ``HOST:PORT``."""
    started = threading.Event()
    port = 0

    async def run() -> None:
        nonlocal port
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        started.set()
        try:
            await done.wait()
        finally:
            await runner.cleanup()

    loop, done = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="vendor")
    thread.start()
    assert started.wait(WAIT)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(WAIT)
        loop.close()
