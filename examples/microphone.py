"""Shows what the microphone hears. Who transcribes it is one word in stt.toml; Ctrl+C ends it, after the last words.

Needs pip install 'aai_migrate[mic,local]', or a key and no local for another provider than that.
"""

import signal
from pathlib import Path

import aai_migrate
from aai_migrate import Turn
from aai_migrate.audio import microphone

SETTINGS = Path(__file__).with_name("stt.toml")

with aai_migrate.connect(config=SETTINGS) as stream, microphone(sample_rate=16_000) as mic:
    signal.signal(signal.SIGINT, lambda *_: mic.stop())
    for event in stream.transcribe(mic):
        if isinstance(event, Turn):
            print(f"\x1b[K{event.transcript}", end="\n" if event.end_of_turn else "\r", flush=True)
