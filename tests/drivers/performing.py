"""One HTTP request through each driver's own step, without a session around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aai_migrate.drivers import aio_socket
from aai_migrate.drivers.connection import Connection, Http
from aai_migrate.wire.frames import Frame, HttpRequest, HttpResponse, Lost

LIMIT = 1 << 20
"""Bytes of a body that are read: the asyncio driver's own limit."""


class Heard:
    """Keeps what a connection of the blocking driver reports.

    Attributes:
        frames: in order.
        errors: what no frame could say.
        over: whether the connection gave everything back.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.errors: list[Exception] = []
        self.over = False

    def received(self, _: Connection, frame: Frame) -> None:
        self.frames.append(frame)

    def answer(self, _: Connection, frame: Frame) -> None:
        raise AssertionError(f"nothing is to be answered: {frame}")

    def crashed(self, error: Exception) -> None:
        self.errors.append(error)

    def ended(self, _: Connection) -> None:
        self.over = True


def blocking(ask: HttpRequest, patience: float = 10.0) -> HttpResponse | Lost:
    """Perform *ask* on a thread of the blocking driver and wait for its end; an error raises here."""
    heard = Heard()
    connection = Http(heard, 1.0, ask, patience, LIMIT)
    connection.start()
    connection.thread.join(patience + 10)
    assert heard.over
    for error in heard.errors:
        raise error
    (frame,) = heard.frames
    assert isinstance(frame, HttpResponse | Lost)
    return frame


def in_a_loop(ask: HttpRequest, patience: float = 10.0) -> HttpResponse | Lost:
    """Perform *ask* as the asyncio driver does."""

    async def main() -> HttpResponse | Lost:
        return await asyncio.wait_for(aio_socket.ask(ask, patience), patience + 10)

    return asyncio.run(main())


Perform = Callable[..., HttpResponse | Lost]
STEPS: dict[str, Perform] = {"blocking": blocking, "asyncio": in_a_loop}
"""The step of each driver, by its name."""
