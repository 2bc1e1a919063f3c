"""Speaks a file of raw samples through Speechmatics' SDK for voice agents; prints what it is told, as JSON lines.

Usage: python speechmatics_voice.py external|fixed URL FILE TURNS. With the preset external the end of a turn is asked
for, once; with fixed it is the server's. It ends with so many TURNS. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from speechmatics.voice import VoiceAgentClient

PRESET, URL, FILE, TURNS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
EVENTS = ("RecognitionStarted", "StartOfTurn", "AddPartialSegment", "AddSegment", "EndOfTurn", "Error", "Warning")


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}, default=str), flush=True)


async def main() -> None:
    turns = asyncio.Semaphore(0)
    client = VoiceAgentClient(api_key="any-key", url=URL, app="tests", preset=PRESET)
    for event in EVENTS:
        client.on(event, lambda message: say("message", message))
    client.on("EndOfTurn", lambda message: turns.release())
    async with client:
        speech = Path(FILE).read_bytes()
        for at in range(0, len(speech), 640):
            await client.send_audio(speech[at : at + 640])
            await asyncio.sleep(0.002)
        if PRESET == "external":
            client.finalize(end_of_turn=True)
        for _ in range(TURNS):
            await turns.acquire()
    say("finished")


if __name__ == "__main__":
    asyncio.run(main())
