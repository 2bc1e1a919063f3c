"""Wire text as the vendor's pages show it, written without the code under test."""

from __future__ import annotations

import itertools
import json
from typing import Any

from aai_migrate_providers.gladia.client import Client

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Resume, Start
from aai_migrate.wire.events import Event, Started, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, HttpRequest, HttpResponse, Lost, Message

ID = "9b1c7d0e-55a2-4f0b-8a63-1d7f0c2be914"
URL = "wss://api.gladia.io/v2/live?token=3f6f2a58-8b0d-4b7e-9d4e-5f0f9f7f7c21"
CREATED = json.dumps({"id": ID, "created_at": "2026-09-21T09:14:02.118Z", "url": URL})
KEY = Credential(Secret("k3y-of-a-test"))
STOP = '{"type":"stop_recording"}'
SECOND = bytes(32_000)
"""One second of silence in the default format."""
W = tuple[str, float, float]


def context() -> Context:
    """A context with countable ids."""
    ids = itertools.count(1)
    return Context(new_id=lambda: f"id-{next(ids)}", epoch=1_790_211_526.0)


def message(kind: str, **members: Any) -> str:
    """One message in its envelope."""
    envelope = {"session_id": ID, "created_at": "2026-09-21T09:14:06.402Z", "type": kind}
    return json.dumps({**envelope, **members}, ensure_ascii=False)


def utterance(text: str, start: float, end: float, *words: W, channel: int = 0, language: str = "en") -> dict[str, Any]:
    """An utterance with all members; a word is its text and its times in seconds."""
    items = [{"word": word[0], "start": word[1], "end": word[2], "confidence": 0.9} for word in words]
    return {
        "text": text,
        "start": start,
        "end": end,
        "confidence": 0.93,
        "channel": channel,
        "language": language,
        "words": items,
    }


def transcript(id_: str, text: str, start: float, end: float, *words: W, final: bool = True, channel: int = 0) -> str:
    """One ``transcript`` with all members."""
    said = utterance(text, start, end, *words, channel=channel)
    return message("transcript", data={"id": id_, "is_final": final, "utterance": said})


def partial(id_: str, text: str, start: float, end: float, *words: W, channel: int = 0) -> str:
    """A ``transcript`` that may change."""
    return transcript(id_, text, start, end, *words, final=False, channel=channel)


def speech(kind: str, time: Any, channel: int = 0) -> str:
    """``speech_start`` or ``speech_end``."""
    return message(kind, data={"time": time, "channel": channel})


def acked(start: int, end: int) -> str:
    """The answer to an accepted chunk, in bytes of the session."""
    times = [start / 32_000, end / 32_000]
    return message("audio_chunk", acknowledged=True, error=None, data={"byte_range": [start, end], "time_range": times})


def nacked(error: Any) -> str:
    """The answer to a refused chunk."""
    return message("audio_chunk", acknowledged=False, error=error, data=None)


def whole(*utterances: dict[str, Any], seconds: float = 6.0) -> str:
    """The ``post_final_transcript`` of a session."""
    text = " ".join(each["text"].strip() for each in utterances)
    metadata = {
        "audio_duration": seconds,
        "number_of_distinct_channels": 1,
        "billing_time": seconds,
        "transcription_time": seconds,
    }
    transcription = {"full_transcript": text, "languages": ["en"], "utterances": list(utterances)}
    return message("post_final_transcript", data={"metadata": metadata, "transcription": transcription})


def word(text: str, start: float, end: float, *, final: bool = True, joiner: str = " ") -> Word:
    """What the client half makes of one word of :func:`utterance`."""
    return Word(text, start, end, 0.9, final, joiner=joiner)


def asking(config: Config | None = None, credential: Credential | None = KEY) -> tuple[Client, list[Frame | Event]]:
    """A client half that was told to start at time 0, and all that it says."""
    client = Client(context())
    return client, client.send(Start(config or Config(), credential), 0.0)


def requested(config: Config | None = None, credential: Credential | None = KEY) -> HttpRequest:
    """The request for a session."""
    [request] = [item for item in asking(config, credential)[1] if isinstance(item, HttpRequest)]
    return request


def body(config: Config | None = None) -> Any:
    """What the request asks for."""
    return json.loads(requested(config).body)


def started(config: Config | None = None) -> Client:
    """A client half whose socket is open, at time 0."""
    client, _ = asking(config)
    assert client.receive(HttpResponse(201, {}, CREATED.encode()), 0.0) == [Connect(URL)]
    [event] = client.receive(Connected(), 0.0)
    assert isinstance(event, Started)
    return client


def hear(client: Client, *texts: str, now: float = 0.0) -> list[Frame | Event]:
    """Everything that *client* answers to messages that come at *now*."""
    return [item for text in texts for item in client.receive(Message(text), now)]


def cut(client: Client, now: float = 0.0) -> list[Frame | Event]:
    """Lose the connection at *now* and make another one; return what comes after the handshake."""
    client.receive(Lost("reset"), now)
    assert client.resumable
    assert client.send(Resume(), now) == [Connect(URL)]
    return client.receive(Connected(), now)
