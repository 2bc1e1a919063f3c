"""Speaks a file of raw samples through Gladia's own SDK; prints what it is told, one JSON object a line.

Usage: python gladia_sdk.py threads|asyncio URL FILE MILLISECONDS_PER_CHUNK. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gladiaio_sdk import GladiaClient

KIND, URL, FILE, PAUSE = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]) / 1000
SETTINGS = {"sample_rate": 16_000, "endpointing": 0.5, "messages_config": {"receive_partial_transcripts": True}}
CHUNKS = [FILE.read_bytes()[at : at + 3200] for at in range(0, FILE.stat().st_size, 3200)]


def note(session: Any) -> None:
    """Print what *session* says."""

    def say(kind: str, value: Any) -> None:
        print(json.dumps({"kind": kind, "value": value}), flush=True)

    session.on("message", lambda message: say("message", message.to_dict()))
    session.on("connecting", lambda event: say("connecting", {"attempt": event.attempt}))
    session.on("ended", lambda event: say("ended", {"code": event.code}))
    session.on("error", lambda error: say("error", str(error)))


def threads() -> None:
    ended = threading.Event()
    session = GladiaClient(api_key="any-key", api_url=URL).live_v2().start_session(SETTINGS)
    note(session)
    session.on("ended", lambda event: ended.set())
    while not session.wait_until_ready(0.1):  # a stop while it opens would overtake the audio
        if ended.is_set():
            return
    for chunk in CHUNKS:
        session.send_audio(chunk)
        time.sleep(PAUSE)
    session.stop_recording()
    ended.wait()
    session.join()


async def tasks() -> None:
    ended, ready = asyncio.Event(), asyncio.Event()
    session = GladiaClient(api_key="any-key", api_url=URL).live_v2_async().start_session(SETTINGS)
    note(session)
    session.on("connected", lambda event: ready.set())
    session.on("ended", lambda event: ended.set())
    await ready.wait()  # a stop before would be lost
    for chunk in CHUNKS:
        session.send_audio(chunk)
        await asyncio.sleep(PAUSE)
    session.stop_recording()
    await ended.wait()


if __name__ == "__main__":
    threads() if KIND == "threads" else asyncio.run(tasks())
