"""What a server half says in answer to an upgrade, byte by byte on the wire, and how its own end ends a connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import websockets
from attrs import evolve

from aai_migrate import registry
from aai_migrate.gateway import Gateway
from aai_migrate.provider import Context
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Command
from aai_migrate.wire.events import Event
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, HttpRequest, HttpResponse, Message, Refused

from .client import running, until

REQUEST_ID = "0f6d2c1e-5a77-4b0e-9c3d-2f1f0a9be6d4"
REFUSAL = json.dumps({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": REQUEST_ID}).encode()
HEADERS = {"dg-request-id": REQUEST_ID, "dg-error": "Invalid credentials.", "content-type": "application/json"}
HEAD = (
    b"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
LONG = "so that it would be worth its while " * 100
MASKED_CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"


class Host:
    """Refuses who offers no protocol of its own; says one thing to others, and closes when it is told anything."""

    deadline: float | None = None
    resumable = False

    def __init__(self, context: Context) -> None:
        pass

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Command]:
        """Answer."""
        match frame:
            case HttpRequest("POST"):
                return [HttpResponse(200, {}, b"a request")]
            case Connect(subprotocols=("none",)):
                return [Connected({"dg-request-id": REQUEST_ID}), Message(LONG)]
            case Connect(subprotocols=protocols) if "token" in protocols:
                return [Connected({"dg-request-id": REQUEST_ID}, "token"), Message(LONG)]
            case Connect():
                return [Refused(401, HEADERS, REFUSAL)]
            case Message():
                return [Close(1000)]
        return []

    def send(self, event: Event, now: float, /) -> list[Frame | Command]:
        """Say nothing."""
        return []

    def tick(self, now: float, /) -> list[Frame | Command]:
        """Do nothing."""
        return []


@contextmanager
def host() -> Iterator[None]:
    """Register a provider with that server half."""
    registry.register(evolve(CODED, name="host", server=Host, routes=(("GET", "**/host"), ("POST", "**/host"))))
    try:
        yield
    finally:
        registry.unregister("host")


async def dial(gateway: Gateway, more: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, list[bytes]]:
    """Ask for a websocket with *more* headers; returns the lines of the answer's head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET /host HTTP/1.1\r\n" + HEAD + more + b"\r\n")
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head.rstrip().split(b"\r\n")


def named(lines: list[bytes], name: bytes) -> list[bytes]:
    """Return the values of a header, as many as there are."""
    pairs = [line.split(b": ", 1) for line in lines[1:]]
    return [value for found, value in pairs if found.lower() == name]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (b"token, sesame", [b"token"]),
        (b"token,sesame", [b"token"]),
        (b"token, sesame, x-deepgram-session-id, 0b1c", [b"token"]),
        (b"mine, token, sesame", [b"token"]),
        (b"none", []),
    ],
)
def test_an_upgrade(offered: bytes, chosen: list[bytes]) -> None:
    """Its answer has the server half's headers, and one protocol at most, that which the server half chose."""

    async def main() -> None:
        with host():
            async with running() as gateway:
                _, writer, head = await dial(gateway, b"Sec-WebSocket-Protocol: " + offered + b"\r\n")
                assert head[0] == b"HTTP/1.1 101 Switching Protocols"
                assert named(head, b"sec-websocket-protocol") == chosen
                assert named(head, b"dg-request-id") == [REQUEST_ID.encode()]
                assert b"sesame" not in b"\n".join(head)
                writer.close()
                await writer.wait_closed()

    asyncio.run(main())


def test_a_refusal() -> None:
    """Status, headers and body are the server half's."""

    async def main() -> None:
        with host():
            async with running() as gateway:
                reader, writer, head = await dial(gateway, b"Connection: close\r\n")
                assert head[0].startswith(b"HTTP/1.1 401 ")
                for name, value in HEADERS.items():
                    assert named(head, name.encode()) == [value.encode()]
                async with asyncio.timeout(10):
                    assert await reader.read() == REFUSAL
                writer.close()
                await writer.wait_closed()
                await until(lambda: gateway.sessions == 0)

    asyncio.run(main())


def test_compression_may_be_offered() -> None:
    """It is declined: a client that offers it reads and writes all the same."""

    async def main() -> None:
        with host():
            async with running() as gateway:
                url = f"{gateway.url}/host"
                async with websockets.connect(
                    url, subprotocols=[websockets.Subprotocol("token")], compression="deflate", proxy=None
                ) as socket:
                    assert socket.response
                    assert "Sec-WebSocket-Extensions" not in socket.response.headers
                    assert await socket.recv() == LONG
                    await socket.send(LONG)
                    await socket.wait_closed()
                assert (socket.close_code, socket.close_reason) == (1000, "")

    asyncio.run(main())


def test_its_own_close_drops_the_connection() -> None:
    """Once the client has answered: some clients wait for the end of the connection, not for the frame."""

    async def main() -> None:
        with host():
            async with running() as gateway:
                reader, writer, _ = await dial(gateway, b"Sec-WebSocket-Protocol: token\r\n")
                async with asyncio.timeout(10):
                    assert (await reader.readexactly(4 + len(LONG)))[4:] == LONG.encode()
                    writer.write(b"\x81\x82\0\0\0\0{}")
                    assert await reader.readexactly(4) == b"\x88\x02\x03\xe8"
                    writer.write(MASKED_CLOSE)
                    assert await reader.read() == b""
                writer.close()
                await writer.wait_closed()
                await until(lambda: gateway.sessions == 0)

    asyncio.run(main())


def test_a_request_at_the_path_of_a_websocket() -> None:
    """A server half tells them apart; one that answers no request leaves it to the gateway: this path is a websocket's.

    A method that no route has is refused as such.
    """

    async def main() -> None:
        with host():
            async with running() as gateway:
                for method, status in ((b"POST", b"200"), (b"GET", b"426"), (b"PUT", b"405")):
                    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                    writer.write(method + b" /x/host HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    async with asyncio.timeout(10):
                        answer = await reader.read()
                    assert answer.split()[1] == status
                    writer.close()
                    await writer.wait_closed()

    asyncio.run(main())
