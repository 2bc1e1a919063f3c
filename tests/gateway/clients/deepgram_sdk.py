"""Speaks a file of raw samples through Deepgram's own SDK; prints what it is told, one JSON object a line.

Usage: python deepgram_sdk.py listen|flux threads|asyncio URL FILE END OPTIONS. END is how the audio ends: with
CloseStream, or with "empty", an empty chunk. OPTIONS is a JSON object of what to ask for; with "grant" in it, a token
is asked for first and shown instead of the key. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import Any

from deepgram import AsyncDeepgramClient, DeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.environment import DeepgramClientEnvironment
from websockets.exceptions import InvalidStatus

PATH, KIND, URL, FILE, END = sys.argv[1:6]
OPTIONS: dict[str, Any] = json.loads(sys.argv[6])
CHUNKS = [Path(FILE).read_bytes()[at : at + 3200] for at in range(0, Path(FILE).stat().st_size, 3200)]
GRANT = OPTIONS.pop("grant", None)
HTTP, WS = URL, f"ws{URL.removeprefix('http')}"
HOST = DeepgramClientEnvironment(base=HTTP, production=WS, agent=WS, agent_rest=HTTP)
CHANNELS = OPTIONS.get("channels", 1) if OPTIONS.get("multichannel") else 1


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


class Answers:
    """Prints what comes, and counts the answers to Finalize."""

    def __init__(self, finalized: threading.Event | asyncio.Event) -> None:
        self._finalized, self._count = finalized, 0

    def listen(self, socket: Any) -> None:
        socket.on(EventType.MESSAGE, self._message)
        socket.on(EventType.ERROR, lambda error: say("error", repr(error)))
        socket.on(EventType.CLOSE, lambda _: self._close(socket))

    def _message(self, message: Any) -> None:
        say("class", type(message).__name__)
        say("message", message.model_dump(mode="json"))
        if getattr(message, "from_finalize", None):
            self._count += 1
            if self._count == CHANNELS:
                self._finalized.set()

    def _close(self, socket: Any) -> None:
        say("closed", {"code": socket._websocket.close_code})  # the SDK itself does not tell it
        self._finalized.set()


def threads() -> None:
    finalized = threading.Event()
    client = DeepgramClient(api_key="any-key", environment=HOST)
    if GRANT:
        token = client.auth.v1.tokens.grant(ttl_seconds=GRANT).access_token
        client = DeepgramClient(access_token=token, environment=HOST)
    connect: Any = client.listen.v1.connect if PATH == "listen" else client.listen.v2.connect
    with connect(**OPTIONS) as socket:
        Answers(finalized).listen(socket)
        listener = threading.Thread(target=socket.start_listening)
        listener.start()
        if PATH == "listen":
            socket.send_keep_alive()
        for chunk in CHUNKS:
            socket.send_media(chunk)
        if PATH == "listen":
            socket.send_finalize()
            finalized.wait()
        if END == "empty":
            socket.send_media(b"")
        else:
            socket.send_close_stream()
        listener.join()


async def tasks() -> None:
    finalized = asyncio.Event()
    client = AsyncDeepgramClient(api_key="any-key", environment=HOST)
    if GRANT:
        token = (await client.auth.v1.tokens.grant(ttl_seconds=GRANT)).access_token
        client = AsyncDeepgramClient(access_token=token, environment=HOST)
    connect: Any = client.listen.v1.connect if PATH == "listen" else client.listen.v2.connect
    async with connect(**OPTIONS) as socket:
        Answers(finalized).listen(socket)
        listener = asyncio.create_task(socket.start_listening())
        if PATH == "listen":
            await socket.send_keep_alive()
        for chunk in CHUNKS:
            await socket.send_media(chunk)
        if PATH == "listen":
            await socket.send_finalize()
            await finalized.wait()
        if END == "empty":
            await socket.send_media(b"")
        else:
            await socket.send_close_stream()
        await listener


if __name__ == "__main__":
    try:
        threads() if KIND == "threads" else asyncio.run(tasks())
    except ApiError as error:
        say("refused", {"status": error.status_code, "text": str(error.body)})
    except InvalidStatus as error:
        say("refused", {"status": error.response.status_code, "text": str(error)})
