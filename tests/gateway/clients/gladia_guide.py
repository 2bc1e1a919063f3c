"""A program as the vendor's customers wrote it: a request, a websocket, audio as base64 JSON, Ctrl+C to stop.

Usage: python gladia_guide.py URL FILE SECONDS_PER_CHUNK. A file of raw samples stands in for the microphone, which
goes on with silence. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import requests
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK

API, FILE, PAUSE = sys.argv[1], sys.argv[2], float(sys.argv[3])
FRAMES = 3200


def microphone() -> Iterator[bytes]:
    with open(FILE, "rb") as file:
        while samples := file.read(2 * FRAMES):
            yield samples
    while True:
        yield bytes(2 * FRAMES)


async def main() -> None:
    settings: Any = {
        "encoding": "wav/pcm",
        "sample_rate": 16_000,
        "bit_depth": 16,
        "channels": 1,
        "language_config": {"languages": ["en"]},
    }
    answer = requests.post(f"{API}/v2/live", headers={"X-Gladia-Key": "any-key"}, json=settings, timeout=3)
    if not answer.ok:
        sys.exit(f"{answer.status_code}: {answer.text}")
    async with connect(answer.json()["url"]) as socket:
        print("begin", flush=True)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, lambda: stopping.append(loop.create_task(stop(socket))))
        await asyncio.wait([loop.create_task(speak(socket)), loop.create_task(listen(socket))])


stopping: list[asyncio.Task[None]] = []


async def stop(socket: ClientConnection) -> None:
    await socket.send(json.dumps({"type": "stop_recording"}))


async def speak(socket: ClientConnection) -> None:
    """Goes on after the stop, until the socket closes."""
    for samples in microphone():
        chunk = base64.b64encode(samples).decode()
        try:
            await socket.send(json.dumps({"type": "audio_chunk", "data": {"chunk": chunk}}))
            await asyncio.sleep(PAUSE)
        except ConnectionClosedOK:
            return


async def listen(socket: ClientConnection) -> None:
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "transcript" and message["data"]["is_final"]:
            print(f"final: {message['data']['utterance']['text'].strip()}", flush=True)
        if message["type"] == "post_final_transcript":
            print(json.dumps(message), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
