"""A server half as its clients meet it: handshakes, first messages, what it says as JSON, and events to tell it."""

from __future__ import annotations

import json
from typing import Any

from aai_migrate_providers.speechmatics.server import Server

from aai_migrate.wire.commands import Start
from aai_migrate.wire.events import Event, Started
from aai_migrate.wire.frames import Connect, Connected, Message

from ..served import context, heard, uuid

KEY = {"Authorization": "Bearer k3y"}
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
SECOND = bytes(32_000)
"""One second of silence in the format of ``RAW``."""
END_OF_STREAM = Message('{"message":"EndOfStream","last_seq_no":412}')
FORCE = Message('{"message":"ForceEndOfUtterance"}')


def text(**members: Any) -> Message:
    """A text message with these members."""
    return Message(json.dumps(members))


def start(audio: dict[str, Any] | None = None, beside: dict[str, Any] | None = None, **transcription: Any) -> Message:
    """A first message: raw audio in English, unless told otherwise."""
    return text(
        message="StartRecognition",
        audio_format=RAW if audio is None else audio,
        transcription_config={"language": "en"} | transcription,
        **beside or {},
    )


def connected(path: str = "/v2", headers: dict[str, str] | None = None) -> Server:
    """A server half that has let its client in at time 0."""
    server = Server(context())
    out = server.receive(Connect(path, KEY if headers is None else headers), 0.0)
    assert out == [Connected({"request-id": uuid(1)})]
    return server


def asked(first: Message, path: str = "/v2") -> list[Any]:
    """What a fresh server half answers to a first message at time 0."""
    return heard(connected(path).receive(first, 0.0))


def wanted(first: Message, path: str = "/v2") -> Start:
    """The command that a first message brings about."""
    command = asked(first, path)[-1]
    assert isinstance(command, Start)
    return command


def begun(path: str = "/v2", **transcription: Any) -> Server:
    """A server half that has greeted its client at time 0: raw audio in English, unless told otherwise."""
    server = connected(path)
    out = server.receive(start(**transcription), 0.0)
    assert isinstance(out[-1], Start)
    greeting = heard(server.send(Started(), 0.0))
    assert [message["message"] for message in greeting] == ["RecognitionStarted", "Info"]
    return server


def live(**transcription: Any) -> Server:
    """A server half whose client wants partials and the ends of utterances."""
    more: dict[str, Any] = {"enable_partials": True, "conversation_config": {"end_of_utterance_silence_trigger": 0.6}}
    return begun(**more | transcription)


def tell(server: Server, *events: Event, now: float = 0.0) -> list[Any]:
    """What the client hears of *events*, which come at once: JSON as values, other things as they are."""
    return heard([item for event in events for item in server.send(event, now)])
