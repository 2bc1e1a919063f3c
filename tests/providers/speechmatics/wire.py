"""Wire text as the vendor's pages show it, written without the code under test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from aai_migrate_providers.speechmatics.agent.client import Client as Agent
from aai_migrate_providers.speechmatics.rt.client import Client as Rt

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.events import Event, Final, Partial, Revised, Settled, SpeechStarted, Started, TurnEnded, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, HttpRequest, Message

ID = "5b1f0c2e-7d43-4c0a-9a51-0f6d2c8e11aa"
KEY = Credential(Secret("k3y-of-a-test"))
AGENT = Config(model="linden-1")
PACK = {
    "adapted": False,
    "itn": True,
    "language_description": "English",
    "word_delimiter": " ",
    "writing_direction": "left-to-right",
}
BEGUN = json.dumps(
    {
        "message": "RecognitionStarted",
        "id": ID,
        "orchestrator_version": "2026.02.11",
        "language_pack_info": PACK,
    }
)
USAGE = json.dumps(
    {
        "message": "Info",
        "type": "concurrent_session_usage",
        "reason": "3 of 50 concurrent sessions in use",
        "usage": 3,
        "quota": 50,
        "last_updated": "2026-09-01T07:12:44Z",
        "region": "eu",
    }
)
QUALITY = json.dumps(
    {
        "message": "Info",
        "type": "recognition_quality",
        "reason": "Running recognition with the broadcast model.",
        "quality": "broadcast",
    }
)
OVER = '{"message":"EndOfTranscript"}'
FORCE = {"message": "ForceEndOfUtterance"}
Client = Rt | Agent
T = tuple[Any, ...]


def context() -> Context:
    """A context with countable ids."""
    ids = itertools.count(1)
    return Context(new_id=lambda: f"id-{next(ids)}", epoch=1_790_211_526.0)


def said(message: str, **members: Any) -> str:
    """A message of the vendor's."""
    return json.dumps({"message": message, **members}, ensure_ascii=False)


def w(text: str, start: float, end: float, speaker: str | None = None, **more: Any) -> dict[str, Any]:
    """A word of ``results``."""
    best: dict[str, Any] = {"content": text, "confidence": 0.9, "language": "en", **more}
    if speaker:
        best["speaker"] = speaker
    return {"type": "word", "start_time": start, "end_time": end, "alternatives": [best]}


def p(text: str, at: float, attaches: str | None = "previous", *, eos: bool = False, speaker: str | None = None) -> Any:
    """A punctuation mark of ``results``: it has no length."""
    item = w(text, at, at, speaker) | {"type": "punctuation", "is_eos": eos}
    return item if attaches is None else item | {"attaches_to": attaches}


def results(message: str, *items: Any, window: tuple[float, float] | None = None, **more: Any) -> str:
    """One ``AddTranscript`` or ``AddPartialTranscript``; its ready text is wrong, since nobody should look at it."""
    first, last = (items[0]["start_time"], items[-1]["end_time"]) if items else (0.0, 0.0)
    start, end = window or (first, last)
    metadata = {"start_time": start, "end_time": end, "transcript": "not this " if items else ""}
    return said(message, format="2.9", metadata=metadata, results=[*items], **more)


def final(*items: Any, window: tuple[float, float] | None = None, **more: Any) -> str:
    """Words that will not change."""
    return results("AddTranscript", *items, window=window, **more)


def partial(*items: Any, window: tuple[float, float] | None = None, **more: Any) -> str:
    """Words behind the last final, that may change."""
    return results("AddPartialTranscript", *items, window=window, **more)


def over(at: Any, **more: Any) -> str:
    """An utterance is over."""
    return said("EndOfUtterance", metadata={"start_time": at, "end_time": at}, **more)


def segment(message: str, text: str, start: float, end: float, speaker: str | None = None) -> str:
    """``AddSegment`` or ``AddPartialSegment`` of Agent STT."""
    inner = {"transcript": text} | ({"speaker": speaker} if speaker else {})
    return said(message, segment=inner, metadata={"start_time": start, "end_time": end})


def asked(items: Iterable[Any]) -> list[dict[str, Any]]:
    """The control messages among *items*."""
    return [json.loads(item.data) for item in items if isinstance(item, Message) and isinstance(item.data, str)]


def asking(config: Config | None = None, credential: Credential | None = KEY) -> tuple[Client, list[Frame | Event]]:
    """A client half that was told to start at time 0, and all that it says."""
    config = config or Config()
    agent = (config.model or "").startswith("linden")
    client = Agent(context()) if agent else Rt(context())
    return client, client.send(Start(config, credential), 0.0)


def dialled(config: Config | None = None, credential: Credential | None = KEY) -> Connect:
    """The handshake of a session."""
    [connect] = [item for item in asking(config, credential)[1] if isinstance(item, Connect)]
    return connect


def requested(config: Config | None = None, credential: Credential | None = KEY) -> HttpRequest:
    """The request for a temporary key."""
    [request] = [item for item in asking(config, credential)[1] if isinstance(item, HttpRequest)]
    return request


def opening(config: Config | None = None) -> dict[str, Any]:
    """``StartRecognition``, as it is on the wire."""
    client, _ = asking(config)
    [message] = asked(client.receive(Connected(), 0.0))
    return message


def transcription(config: Config | None = None) -> dict[str, Any]:
    """Its ``transcription_config``."""
    found: dict[str, Any] = opening(config)["transcription_config"]
    return found


def started(config: Config | None = None, *, seconds: float = 60.0, begun: str = BEGUN) -> Client:
    """A client half that has been greeted, and that sent *seconds* of audio in one message, at time 0."""
    config = config or Config()
    client, _ = asking(config)
    client.receive(Connected(), 0.0)
    [event] = client.receive(Message(begun), 0.0)
    assert isinstance(event, Started)
    if seconds:
        client.send(Audio(bytes(config.audio.size(seconds))), 0.0)
    return client


def separate(**more: Any) -> Config:
    """Settings of a session whose two channels are kept apart."""
    return Config(audio=AudioFormat(channels=2), channels="separate", **more)


def hear(client: Client, *texts: str, now: float = 0.0) -> list[Frame | Event]:
    """Everything that *client* answers to messages that come at *now*."""
    return [item for text in texts for item in client.receive(Message(text), now)]


def shown(items: Iterable[Any]) -> list[T]:
    """What the client half says of turns, settled audio left out."""
    out: list[T] = []
    for item in items:
        match item:
            case Partial():
                out.append(("partial", item.turn, item.text))
            case Final():
                out.append(("final", item.turn, item.text))
            case TurnEnded():
                out.append(("end", item.turn, item.reason, item.at))
            case Revised():
                out.append(("revised", item.turn, item.text))
            case SpeechStarted():
                out.append(("speech", item.at))
            case Settled():
                pass
            case _:
                out.append((item,))
    return out


def settled(items: Iterable[Any]) -> list[tuple[float, int]]:
    """Up to where which channel is settled."""
    return [(round(item.to, 3), item.channel) for item in items if isinstance(item, Settled)]


def word(text: str, start: float, end: float, *, final: bool = True, joiner: str = " ", **more: Any) -> Word:
    """What the client half makes of one word."""
    return Word(text, start, end, 0.9 if final else None, final, joiner=joiner, **{"language": "en", **more})
