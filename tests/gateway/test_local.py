"""The gateway in front of the embedded recogniser: a worker process instead of a socket."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from .client import converse, dial, heard, no_thread_left, running

SPEECH = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"


def test_real_speech_comes_back() -> None:
    """Words are found, the session ends in order, and neither thread nor process is left."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(SPEECH)) as file:
        audio = file.readframes(4 * file.getframerate())  # the first sentence

    async def main() -> None:
        async with running("local") as gateway, dial(gateway) as socket:
            messages = await converse(socket, audio)
        assert messages[-1]["type"] == "Termination"
        assert socket.close_code == 1000
        assert {"train", "airport", "leaves", "twenty", "minutes"} & set(heard(messages))

    with no_thread_left():
        asyncio.run(main())
