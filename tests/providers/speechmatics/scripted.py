"""A scripted Speechmatics: plays the vendor's side of a trace over a socket, and gives temporary keys.

Imports nothing of ours but the thread that it runs in.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from .. import traced
from ..serving import serving
from ..traced import Step

Refusal = tuple[int, dict[str, str], bytes]
START = "StartRecognition"


def script(path: Path) -> list[Step]:
    """Return the messages and close frames of a trace, both directions, but for the answers to audio."""
    return [step for step in traced.script(path) if not acknowledges(step)]


def acknowledges(step: Step) -> bool:
    """Say whether the vendor's message says that audio was read."""
    return step["dir"] == "<" and "AudioAdded" in step.get("text", "")


def hears(text: str) -> Step:
    """Something that the vendor says."""
    return {"dir": "<", "kind": "text", "text": text}


def waits(message: str) -> Step:
    """Something that the vendor waits for."""
    return {"dir": ">", "kind": "text", "text": json.dumps({"message": message})}


def spoken(steps: list[Step]) -> list[int]:
    """Return the places of the vendor's messages that say what was heard, or that an utterance has ended."""
    kinds = ("AddTranscript", "AddPartialTranscript", "EndOfUtterance")
    return [n for n, step in enumerate(steps) if step["dir"] == "<" and kind(step) in kinds]


def kind(step: Step) -> str:
    return str(json.loads(step.get("text", "{}")).get("message"))


class Vendor:
    """What came: requests, the path, query and credential of every connection, its first message, bytes of audio."""

    def __init__(self, steps: list[Step], *, refusal: Refusal | None = None, answer: Refusal | None = None) -> None:
        self.steps, self.refusal = steps, refusal
        self.answer = answer or (201, {}, b'{"apikey_id":null,"key_value":"j.w.t"}')
        self.url = ""
        self.requests: list[tuple[str, str | None, dict[str, Any]]] = []
        self.connections: list[tuple[str, dict[str, str], str | None]] = []
        self.opened: list[dict[str, Any]] = []
        self.early = self.audio = self._chunks = 0

    async def give(self, request: web.Request) -> web.Response:
        """Give a temporary key, or what was to be answered instead."""
        self.requests.append((request.path_qs, request.headers.get("Authorization"), await request.json()))
        status, headers, body = self.answer
        return web.Response(status=status, headers=headers, body=body)

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Accept the handshake and say what the vendor said, or refuse it."""
        self.connections.append((request.path, dict(request.query), request.headers.get("Authorization")))
        if self.refusal:
            status, headers, body = self.refusal
            return web.Response(status=status, headers=headers, body=body)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with suppress(ConnectionError):
            await self._play(socket)
        while not socket.closed:
            await socket.receive()
        return socket

    async def _play(self, socket: web.WebSocketResponse) -> None:
        due, waiting = 0, list[str]()
        for step in self.steps:
            if step["kind"] == "binary":
                due += step["bytes"]
                while self.audio < due:
                    await self._hear(socket, waiting)
            elif step["kind"] == "close":
                await socket.close(code=step["code"], message=step["reason"].encode())
            elif step["dir"] == "<":
                await socket.send_str(step["text"])
            else:
                while kind(step) not in waiting:
                    await self._hear(socket, waiting)
                waiting.remove(kind(step))

    async def _hear(self, socket: web.WebSocketResponse, waiting: list[str]) -> None:
        message: WSMessage = await socket.receive(timeout=10)
        if message.type is WSMsgType.BINARY:
            self.early += not self.opened
            self.audio += len(message.data)
            self._chunks += 1
            await socket.send_str(json.dumps({"message": "AudioAdded", "seq_no": self._chunks}))
        elif message.type is WSMsgType.TEXT:
            said = json.loads(message.data)
            if said["message"] == "AddChannelAudio":
                self.audio += len(base64.b64decode(said["data"], validate=True))
                return
            if said["message"] == START:
                self.opened.append(said)
            waiting.append(said["message"])
        else:
            raise ConnectionResetError


@contextmanager
def scripted(steps: list[Step], *, refusal: Refusal | None = None, answer: Refusal | None = None) -> Iterator[Vendor]:
    """Run the vendor on a free port."""
    vendor = Vendor(steps, refusal=refusal, answer=answer)
    app = web.Application()
    app.router.add_post("/v1/api_keys", vendor.give)
    app.router.add_get("/{path:.*}", vendor.listen)
    with serving(app) as host:
        vendor.url = f"ws://{host}"
        yield vendor
