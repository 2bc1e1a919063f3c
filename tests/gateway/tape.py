"""A dialect that there is not, whose sessions outlive their connections: text in, finals out, no vendor's words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import websockets
from attrs import evolve

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.gateway import Gateway
from aai_migrate.provider import Context, Provider
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Audio, Command, Origin, Start, Stop
from aai_migrate.wire.events import Event, Failed, Final, Stopped
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Ping, Refused

GRACE = 3600.0


class Tape:
    """The server half. It says what it is asked to, whether or not anybody is there.

    The first Connect's query: ``grace`` is how long it waits for another one, ``mode=solo`` does not outlive a
    connection and refuses others while there is one, ``mode=finish`` asks the provider for the end at a loss.
    """

    def __init__(self, context: Context) -> None:
        self.deadline: float | None = None
        self.resumable = False
        self.frames: list[Frame] = []
        self.finals: list[str] = []
        self.query: dict[str, str] = {}
        self.connected = 0

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Command]:
        """Do as a message says."""
        self.frames.append(frame)
        match frame:
            case Connect(url):
                return self._connect(dict(parse_qsl(urlsplit(url).query)))
            case Close() | Lost():
                if not self.resumable:
                    return [Message("for nobody"), Stop()]
                self.deadline = now + float(self.query.get("grace", GRACE))
                return [Message("for nobody"), *([Stop()] if self.query.get("mode") == "finish" else [])]
            case Message(bytes() as audio):
                return [Audio(audio)]
            case Message(str() as text):
                return self._order(*text.split())
        return []

    def _connect(self, query: dict[str, str]) -> list[Frame | Command]:
        if "mute" in query:
            return []
        if self.connected and self.query.get("mode") == "solo" and "steal" not in query:
            return [Refused(409, {}, b"one is there")]
        self.deadline = None
        self.connected += 1
        if self.connected > 1:
            if "bug" in query:
                raise KeyError("a secret word")
            if "gone" in query:
                self.resumable = False
                return [Refused(410, {}, b"it is over"), Stop()]
            return [Message("too early"), Connected(), Message(f"back {len(self.finals)}")]
        self.query = query
        self.resumable = query.get("mode") != "solo"
        return [Connected(), Message("new"), Start(Config(), None, Origin("tape", "/tape"))]

    def _order(self, order: str, word: str = "") -> list[Frame | Command]:
        match order:
            case "stop":
                return [Stop()]
            case "ping":
                return [Ping(word.encode())]
            case "leave":
                return [Close(4500, "come back"), Message("after the close")]
            case "flood":
                return [Message("x" * 1_000_000)] * int(word)
        return [Message(order)]

    def send(self, event: Event, now: float, /) -> list[Frame | Command]:
        """Say what is final, and the end."""
        match event:
            case Final(text=text):
                self.finals.append(text.strip())
                return [Message(f"final {text.strip()}")]
            case Stopped():
                self.resumable = False
                return [Message("done"), Close(1000)]
            case Failed():
                self.resumable = False
                return [Close(4503, "failed")]
        return []

    def tick(self, now: float, /) -> list[Frame | Command]:
        """Wait no longer."""
        self.deadline, self.resumable = None, False
        return [Stop()]


def session_of(context: Context, connect: Connect) -> str | None:
    """Return the session's name, which stands in the query."""
    return dict(parse_qsl(urlsplit(connect.url).query)).get("session")


@contextmanager
def taped(**changes: Any) -> Iterator[list[Tape]]:
    """Register the dialect; yields the server halves that come to be."""
    made: list[Tape] = []

    def server(context: Context) -> Tape:
        made.append(Tape(context))
        return made[-1]

    provider: Provider = evolve(CODED, name="tape", routes=(("GET", "/tape"),), session_of=session_of, server=server)
    registry.register(evolve(provider, **changes))
    try:
        yield made
    finally:
        registry.unregister("tape")


def dial_tape(gateway: Gateway, query: str = "session=one", **more: Any) -> websockets.connect:
    """Return a connection to open with ``async with``."""
    return websockets.connect(f"{gateway.url}/tape?{query}", proxy=None, **more)


async def hear(socket: Any, expected: str) -> None:
    """Check that the next message is *expected*."""
    async with asyncio.timeout(10):
        assert await socket.recv() == expected
