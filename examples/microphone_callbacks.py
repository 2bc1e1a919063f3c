"""The same as microphone.py with callbacks."""

import signal
from pathlib import Path

import aai_migrate
from aai_migrate import Turn
from aai_migrate.audio import microphone

SETTINGS = Path(__file__).with_name("stt.toml")


def show(turn: Turn) -> None:
    print(f"\x1b[K{turn.transcript}", end="\n" if turn.end_of_turn else "\r", flush=True)


with aai_migrate.connect(config=SETTINGS) as stream, microphone(sample_rate=16_000) as mic:
    signal.signal(signal.SIGINT, lambda *_: mic.stop())
    stream.run(mic, on_turn=show, on_error=lambda error: print(f"failed: {error}"))
