"""Speaks through Speechmatics' own SDK; prints what it is told, one JSON object a line.

Usage: python speechmatics_sdk.py live|raw|file|channels URL FILE OPTIONS MILLISECONDS_PER_CHUNK. What is in FILE, and
how it is spoken: live: raw samples at that pace, ForceEndOfUtterance at the end, and the end once that is answered;
raw: raw samples, all at once; file: a WAV file, all at once, whose format is not told; channels: raw samples of two
channels, one file after the other, FILE and FILE.2. OPTIONS is a JSON object of what to ask for; with "grant" in it, a
temporary key is asked for first and shown instead of the key. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

from speechmatics.rt import (
    AsyncClient,
    AsyncMultiChannelClient,
    AudioEncoding,
    AudioFormat,
    AuthenticationError,
    ConnectionError,  # noqa: A004 the SDK's own
    JWTAuth,
    ServerMessageType,
    StaticKeyAuth,
    TimeoutError,  # noqa: A004 the SDK's own
    TranscriptionConfig,
    TranscriptionError,
    TranscriptResult,
    TransportError,
)

KIND, URL, FILE, PAUSE = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[5]) / 1000
OPTIONS: dict[str, Any] = json.loads(sys.argv[4])
GRANT = OPTIONS.pop("grant", None)
RAW = AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=16_000)
PLATFORM = f"http{URL.removeprefix('ws').removesuffix('/v2')}"
TRANSCRIPTS = (ServerMessageType.ADD_TRANSCRIPT, ServerMessageType.ADD_PARTIAL_TRANSCRIPT)


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


class Listener:
    """Prints what comes, and notes the end of the session and of the utterance that was forced to end."""

    def __init__(self, client: Any) -> None:
        self.ended, self.forced = asyncio.Event(), asyncio.Event()
        for kind in ServerMessageType:
            client.on(kind, self._message)

    def _message(self, message: dict[str, Any]) -> None:
        say("message", message)
        kind = message["message"]
        if kind in TRANSCRIPTS:
            say("transcript", TranscriptResult.from_message(message).metadata.transcript)
        if kind == "EndOfUtterance" and message.get("forced"):
            self.forced.set()
        if kind in ("EndOfTranscript", "Error"):
            self.ended.set()
            self.forced.set()


async def live(client: AsyncClient, listener: Listener, config: TranscriptionConfig) -> None:
    await client.start_session(transcription_config=config, audio_format=RAW)
    speech = Path(FILE).read_bytes()
    for at in range(0, len(speech), 3200):
        await client.send_audio(speech[at : at + 3200])
        await asyncio.sleep(PAUSE)
    await client.force_end_of_utterance()
    await listener.forced.wait()
    await client.stop_session()


async def main() -> None:
    auth = JWTAuth("any-key", ttl=GRANT, mp_url=PLATFORM) if GRANT else StaticKeyAuth("any-key")
    config = TranscriptionConfig(**OPTIONS)
    if KIND == "channels":
        async with AsyncMultiChannelClient(auth, url=URL) as several:
            listener = Listener(several)
            sources: Any = {"agent": io.FileIO(FILE), "customer": io.FileIO(f"{FILE}.2")}
            await several.transcribe(sources, transcription_config=config, audio_format=RAW)
            await listener.ended.wait()  # it does not wait itself
    else:
        async with AsyncClient(auth, url=URL) as client:
            listener = Listener(client)
            if KIND == "live":
                await live(client, listener, config)
            else:
                with open(FILE, "rb") as file:
                    form = RAW if KIND == "raw" else None
                    await client.transcribe(file, transcription_config=config, audio_format=form)
    say("finished")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (AuthenticationError, ConnectionError, TimeoutError, TranscriptionError, TransportError) as error:
        say("refused", {"class": type(error).__name__, "text": str(error)})
