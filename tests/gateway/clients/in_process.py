"""Programs that hold a vendor's own SDK, and switch it in the same process: one line, and a base URL.

Usage: python in_process.py deepgram|gladia|speechmatics|assemblyai BEHIND FILE. FILE holds raw samples. BEHIND is the
provider that the SDK is switched to, which is played here too, by a second gateway to coded speech. Prints, one JSON
object a line, the words that the SDK was told, and which threads and sockets were left when all was over.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aai_migrate import gateway

SDK, BEHIND = sys.argv[1], sys.argv[2]
AUDIO = Path(sys.argv[3]).read_bytes()
CHUNKS = [AUDIO[at : at + 3200] for at in range(0, len(AUDIO), 3200)]
PATIENCE = 5.0
"""Seconds in which the SDK's own threads have to end."""


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


def deepgram(url: gateway.Address) -> None:
    from deepgram import DeepgramClient
    from deepgram.core.events import EventType
    from deepgram.environment import DeepgramClientEnvironment

    def told(message: Any) -> None:
        if message.type == "Results" and message.is_final:
            say("words", message.channel.alternatives[0].transcript)

    host = DeepgramClientEnvironment(base=url.http, production=url, agent=url, agent_rest=url.http)
    client: Any = DeepgramClient(api_key="any", environment=host)
    with client.listen.v1.connect(model="nova-3", encoding="linear16", sample_rate=16_000) as socket:
        socket.on(EventType.MESSAGE, told)
        listener = threading.Thread(target=socket.start_listening)
        listener.start()
        for chunk in CHUNKS:
            socket.send_media(chunk)
        socket.send_close_stream()
        listener.join()


def gladia(url: gateway.Address) -> None:
    from gladiaio_sdk import GladiaClient

    def told(message: Any) -> None:
        found = message.to_dict()
        if found["type"] == "transcript" and found["data"]["is_final"]:
            say("words", found["data"]["utterance"]["text"])

    ended = threading.Event()
    settings: Any = {"sample_rate": 16_000}
    session = GladiaClient(api_key="any", api_url=url.http).live_v2().start_session(settings)
    session.on("message", told)
    session.on("ended", lambda event: ended.set())
    while not session.wait_until_ready(0.1):
        assert not ended.is_set()
    for chunk in CHUNKS:
        session.send_audio(chunk)
    session.stop_recording()
    assert ended.wait(60)
    assert session.join(10)


def speechmatics(url: gateway.Address) -> None:
    import io

    from speechmatics.rt import AsyncClient, AudioEncoding, AudioFormat, ServerMessageType, TranscriptionConfig

    async def main() -> None:
        form = AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=16_000)
        async with AsyncClient(api_key="any", url=f"{url}/v2") as client:
            client.on(ServerMessageType.ADD_TRANSCRIPT, lambda found: say("words", found["metadata"]["transcript"]))
            config = TranscriptionConfig(language="en")
            await client.transcribe(io.BytesIO(AUDIO), transcription_config=config, audio_format=form)

    asyncio.run(main())


def assemblyai(url: gateway.Address) -> None:
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own
    from assemblyai.streaming import v3

    parameters: Any = v3.StreamingParameters

    def told(client: Any, turn: Any) -> None:
        if turn.end_of_turn:
            say("words", turn.transcript)

    client = v3.StreamingClient(v3.StreamingClientOptions(api_key="any", api_host=url))
    client.on(v3.StreamingEvents.Turn, told)
    client.connect(parameters(sample_rate=16_000))
    client.stream(iter(CHUNKS))
    client.disconnect(terminate=True)


PROGRAMS: dict[str, Callable[[gateway.Address], None]] = {
    "assemblyai": assemblyai,
    "deepgram": deepgram,
    "gladia": gladia,
    "speechmatics": speechmatics,
}


def ours() -> list[str]:
    """Return the threads of the library that go on."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")]


def others(before: Sequence[threading.Thread]) -> list[str]:
    """Return the threads beside those *before* that go on, once they had their time."""
    by = time.monotonic() + PATIENCE
    for thread in (left := [thread for thread in threading.enumerate() if thread not in before]):
        thread.join(max(0.0, by - time.monotonic()))
    return [thread.name for thread in left if thread.is_alive()]


def sockets() -> int:
    """Return how many sockets are open; 0 where the system does not say."""
    gc.collect()
    found = 0
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
    return found


if __name__ == "__main__":
    before = threading.enumerate()
    with (
        gateway.local("coded") as ear,
        gateway.local(BEHIND, base_url=ear, api_key="any", paced=False) as url,
    ):
        PROGRAMS[SDK](url)
    say("ours", ours())
    say("others", others(before))
    say("sockets", sockets())
