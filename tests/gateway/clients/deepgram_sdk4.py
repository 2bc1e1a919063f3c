"""Speaks a file of raw samples through Deepgram's SDK of its fourth generation; prints what it is told, as JSON lines.

Usage: python deepgram_sdk4.py threads|asyncio URL FILE OPTIONS, with that SDK first on PYTHONPATH. OPTIONS is a JSON
object of what to ask for. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

deepgram: Any = importlib.import_module("deepgram")  # another generation may be what a type checker finds

KIND, URL, FILE = sys.argv[1:4]
OPTIONS: dict[str, Any] = json.loads(sys.argv[4])
CHUNKS = [Path(FILE).read_bytes()[at : at + 3200] for at in range(0, Path(FILE).stat().st_size, 3200)]
CLIENT = deepgram.DeepgramClient("any-key", deepgram.DeepgramClientOptions(url=URL))
CHANNELS = OPTIONS.get("channels", 1) if OPTIONS.get("multichannel") else 1
KINDS = {
    "Transcript": "result",
    "Metadata": "metadata",
    "UtteranceEnd": "utterance_end",
    "SpeechStarted": "speech_started",
    "Unhandled": "unhandled",
}


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


def told(kind: str, message: Any) -> bool:
    """Print a message; return whether it answers Finalize."""
    text = message.to_json()
    say("unhandled" if kind == "Unhandled" else "message", json.loads(text))
    return bool(getattr(message, "from_finalize", False))


def threads() -> None:
    finalized, count = threading.Event(), 0
    connection = CLIENT.listen.websocket.v("1")

    def hear(kind: str, message: Any) -> None:
        nonlocal count
        count += told(kind, message)
        if count == CHANNELS:
            finalized.set()

    def end(*_: Any, **more: Any) -> None:
        finalized.set()

    for kind, name in KINDS.items():
        event = deepgram.LiveTranscriptionEvents[kind]
        connection.on(event, lambda _, kind=kind, name=name, **more: hear(kind, more[name]))
    connection.on(deepgram.LiveTranscriptionEvents.Error, lambda _, error, **more: say("error", str(error)))
    connection.on(deepgram.LiveTranscriptionEvents.Close, end)
    if not connection.start(OPTIONS):
        return say("refused")
    connection.keep_alive()
    for chunk in CHUNKS:
        connection.send(chunk)
    connection.finalize()
    finalized.wait()
    say("finished", connection.finish())  # says CloseStream, and leaves half a second for the answer
    return None


async def tasks() -> None:
    finalized, count = asyncio.Event(), 0
    connection = CLIENT.listen.asyncwebsocket.v("1")

    async def hear(kind: str, message: Any) -> None:
        nonlocal count
        count += told(kind, message)
        if count == CHANNELS:
            finalized.set()

    def on(kind: str, name: str) -> None:
        async def handle(_: Any, **more: Any) -> None:
            await hear(kind, more[name])

        connection.on(deepgram.LiveTranscriptionEvents[kind], handle)

    async def fail(_: Any, error: Any, **more: Any) -> None:
        say("error", str(error))

    async def end(*_: Any, **more: Any) -> None:
        finalized.set()

    for kind, name in KINDS.items():
        on(kind, name)
    connection.on(deepgram.LiveTranscriptionEvents.Error, fail)
    connection.on(deepgram.LiveTranscriptionEvents.Close, end)
    if not await connection.start(OPTIONS):
        return say("refused")
    await connection.keep_alive()
    for chunk in CHUNKS:
        await connection.send(chunk)
    await connection.finalize()
    await finalized.wait()
    say("finished", await connection.finish())
    return None


if __name__ == "__main__":
    say("version", deepgram.__version__)
    threads() if KIND == "threads" else asyncio.run(tasks())
