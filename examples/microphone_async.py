"""The same as microphone.py with asyncio, which needs the extra async."""

import asyncio
import signal
from pathlib import Path

import aai_migrate
from aai_migrate import Turn
from aai_migrate.audio import microphone

SETTINGS = Path(__file__).with_name("stt.toml")


async def main() -> None:
    async with aai_migrate.aconnect(config=SETTINGS) as stream:
        with microphone(sample_rate=16_000) as mic:
            signal.signal(signal.SIGINT, lambda *_: mic.stop())
            async for event in stream.transcribe(mic):
                if isinstance(event, Turn):
                    print(f"\x1b[K{event.transcript}", end="\n" if event.end_of_turn else "\r", flush=True)


asyncio.run(main())
