"""Speaks through Speechmatics' SDK for Agent STT; prints what it is told, one JSON object a line.

Usage: python speechmatics_agent.py whole|live|external URL OPTIONS FILE [FILE ...]. What is in each FILE, raw samples,
and how it is spoken: whole: the first one, all at once; live: one after the other, in small chunks, and the end;
external: so, too, but behind each the turn is ended, and the end of the turn waited for. OPTIONS is a JSON object of
what to ask for; with "rate" in it, the samples are of so many Hz. It imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, cast

from speechmatics.agent_stt import (
    AgentSttAsyncClient,
    AudioEncoding,
    AudioFormat,
    ServerMessageType,
    TranscriptionConfig,
    TurnConfig,
    TurnDetectionMode,
)
from speechmatics.rt import ConnectionError, TranscriptionError  # noqa: A004 the SDK's own

KIND, URL, FILES = sys.argv[1], sys.argv[2], sys.argv[4:]
OPTIONS: dict[str, Any] = json.loads(sys.argv[3])
RATE: int = OPTIONS.pop("rate", 16_000)


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


async def speak(client: AgentSttAsyncClient, over: asyncio.Event) -> None:
    for file in FILES:
        speech = Path(file).read_bytes()
        for at in range(0, len(speech), 640):
            await client.send_audio(speech[at : at + 640])
            await asyncio.sleep(0.001)
        if KIND == "external":
            over.clear()
            client.finalize()
            await over.wait()


async def main() -> None:
    mode = TurnDetectionMode.EXTERNAL if KIND == "external" else TurnDetectionMode.VAD
    client = AgentSttAsyncClient(
        api_key="any-key",
        url=URL,
        app="tests",
        transcription_config=TranscriptionConfig(**OPTIONS),
        turn_config=TurnConfig(turn_detection_mode=mode),
        audio_format=AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=RATE, chunk_size=1024),
    )
    over, listen = asyncio.Event(), cast(Any, client).on  # which is typed for the messages of the other service
    for kind in ServerMessageType:
        listen(kind, lambda message: say("message", message))
    listen(ServerMessageType.END_OF_TURN, lambda message: over.set())
    listen(ServerMessageType.ERROR, lambda message: over.set())
    if KIND == "whole":
        with open(FILES[0], "rb") as file:
            await client.transcribe(file)
    else:
        async with client:
            await speak(client, over)
    say("transcript", client.transcript)
    say("partial", client.partial_segment and client.partial_segment.transcript)
    say("timeline", [[event.message, event.time] for event in client.timeline])
    say("segments", [[each.transcript, each.start_time, each.end_time, each.speaker] for each in client.segments])
    say("error", client.session_error)
    say("latency", client.last_finalize_latency)
    say("delimiter", client.session_info.language_pack_info.word_delimiter)
    say("finished")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (ConnectionError, TranscriptionError) as error:
        say("refused", {"class": type(error).__name__, "text": str(error)})
