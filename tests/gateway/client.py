"""A v3 client in literal JSON, which imports nothing of ours, and the gateway it talks to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import websockets

from aai_migrate.credentials import Credential
from aai_migrate.gateway import Gateway

KEY = {"Authorization": "right-key"}
TERMINATE = '{"type":"Terminate"}'


def only_right(credential: Credential | None) -> str | None:
    """Let in who shows the right key."""
    return "tester" if credential and credential.secret.reveal() == "right-key" else None


@asynccontextmanager
async def running(to: str = "coded", **settings: Any) -> AsyncIterator[Gateway]:
    """Run a gateway; afterwards no task of it is left."""
    gateway = Gateway(to, **{"authenticate": only_right, **settings})
    before = asyncio.all_tasks()
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
    assert gateway.sessions == 0
    await until(lambda: asyncio.all_tasks() <= before)


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Check that what runs inside leaves no thread behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until *condition* holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def dial(gateway: Gateway, query: str = "sample_rate=16000", **more: Any) -> websockets.connect:
    """Return a connection to open with ``async with``."""
    settings = {"additional_headers": KEY, "proxy": None, **more}
    return websockets.connect(f"{gateway.url}/v3/ws?{query}", **settings)


async def told(socket: Any) -> dict[str, Any]:
    """Return the next message."""
    async with asyncio.timeout(20):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def rest(socket: Any) -> list[dict[str, Any]]:
    """Return all messages until the close."""
    messages = []
    async with asyncio.timeout(60):
        with suppress(websockets.ConnectionClosed):
            while text := await socket.recv():
                assert isinstance(text, str)
                messages.append(json.loads(text))
    return messages


async def speak(socket: Any, audio: bytes, size: int = 3200) -> None:
    """Push *audio* as fast as it is taken, and terminate."""
    for at in range(0, len(audio), size):
        await socket.send(audio[at : at + size])
    await socket.send(TERMINATE)


async def converse(socket: Any, audio: bytes, size: int = 3200) -> list[dict[str, Any]]:
    """Return all messages of a session over *audio*."""
    speaking = asyncio.create_task(speak(socket, audio, size))
    messages = await rest(socket)
    await speaking
    return messages


def ends(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ended turns."""
    return [message for message in messages if message["type"] == "Turn" and message["end_of_turn"]]


def heard(messages: list[dict[str, Any]]) -> list[str]:
    """Return the words of the ended turns."""
    return " ".join(turn["transcript"] for turn in ends(messages)).split()
