"""Wire text as the vendor's pages show it, written without the code under test."""

from __future__ import annotations

import itertools
import json
from typing import Any

from aai_migrate_providers.deepgram.flux.client import Client as Flux
from aai_migrate_providers.deepgram.listen.client import Client as Listen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.events import Event, Settled, Started, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, Message

LISTEN_ID = "0f6d2c1e-5a77-4b0e-9c3d-2f1f0a9be6d4"
FLUX_ID = "7d1f4b6a-0c2e-4f57-9a10-55c1d2e3f405"
MODEL_ID = "b7a1c0de-1111-4222-8333-abcdef012345"
INFO = {"name": "general-nova-3", "version": "2026-02-10.3", "arch": "nova-3"}
KEY = Credential(Secret("k3y-of-a-test"))
FLUX_EN = Config(model="flux-general-en")
CLOSE, FINALIZE, KEEP_ALIVE, FORCE = (
    {"type": name} for name in ("CloseStream", "Finalize", "KeepAlive", "ForceEndTurn")
)
CONNECTED = json.dumps({"type": "Connected", "request_id": FLUX_ID, "sequence_id": 0})
METADATA = json.dumps(
    {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": LISTEN_ID,
        "sha256": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        "created": "2026-09-01T08:15:42.118Z",
        "duration": 41.26,
        "channels": 1,
        "models": [MODEL_ID],
        "model_info": {MODEL_ID: INFO},
    }
)
NET0000 = "Deepgram did not provide a response message within the timeout window. See https://dpgr.am/net0000"
NET0001 = "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
Client = Listen | Flux
W = tuple[str, float, float]


def context() -> Context:
    """A context with countable ids."""
    ids = itertools.count(1)
    return Context(new_id=lambda: f"id-{next(ids)}", epoch=1_790_211_526.0)


def spread(text: str, start: float, end: float) -> list[W]:
    """The words of *text*, a quarter of a second each from *start*; none reaches beyond *end*."""
    step = min(0.25, (end - start) / max(1, len(text.split())))
    return [
        (word, round(start + number * step, 3), round(start + (number + 1) * step, 3))
        for number, word in enumerate(text.split())
    ]


def results(
    start: float,
    duration: float,
    text: str = "",
    *words: W,
    final: bool = False,
    speech: bool = False,
    finalize: bool = False,
    channel: int = 0,
    channels: int = 1,
    more: dict[str, Any] | None = None,
    **alternative: Any,
) -> str:
    """One ``Results`` with every field of the vendor's page; a word is its text and its times in seconds.

    Args:
        more: further members of each word.
        alternative: further members of the alternative.
    """
    items = [
        {
            "word": word.strip(".,?!").lower(),
            "start": begin,
            "end": end,
            "confidence": 0.9,
            "punctuated_word": word,
            **(more or {}),
        }
        for word, begin, end in words or spread(text, start, start + duration)
    ]
    message = {
        "type": "Results",
        "channel_index": [channel, channels],
        "duration": duration,
        "start": start,
        "is_final": final,
        "speech_final": speech,
        "channel": {
            "alternatives": [
                {"transcript": text, "confidence": 0.93 if text else 0.0, "words": items if text else [], **alternative}
            ]
        },
        "metadata": {"request_id": LISTEN_ID, "model_info": INFO, "model_uuid": MODEL_ID},
        "from_finalize": finalize,
    }
    return json.dumps(message, ensure_ascii=False)


def settled(start: float, duration: float, text: str = "", *words: W, **more: Any) -> str:
    """A ``Results`` that will not change, at which nobody stopped talking."""
    return results(start, duration, text, *words, final=True, **more)


def ended(start: float, duration: float, text: str = "", *words: W, **more: Any) -> str:
    """A ``Results`` that will not change, with a pause at its end."""
    return results(start, duration, text, *words, final=True, speech=True, **more)


def utterance_end(at: Any, channel: int = 0, channels: int = 1) -> str:
    """Words have paused since *at*."""
    return json.dumps({"type": "UtteranceEnd", "channel": [channel, channels], "last_word_end": at})


def speech_started(at: Any, channel: int = 0, channels: int = 1) -> str:
    """Somebody may have begun to speak."""
    return json.dumps({"type": "SpeechStarted", "channel": [channel, channels], "timestamp": at})


def turn(
    event: str,
    text: str = "",
    *words: W,
    index: Any = 0,
    window: tuple[float, float] = (0.0, 3.0),
    sure: float = 0.1,
    number: int = 1,
    **more: Any,
) -> str:
    """One ``TurnInfo`` with every field of the vendor's page."""
    items = words or spread(text, *window)
    message = {
        "type": "TurnInfo",
        "request_id": FLUX_ID,
        "sequence_id": number,
        "event": event,
        "turn_index": index,
        "audio_window_start": window[0],
        "audio_window_end": window[1],
        "transcript": text,
        "words": [{"word": word, "confidence": 0.9, "start": begin, "end": end} for word, begin, end in items],
        "end_of_turn_confidence": sure,
        **more,
    }
    return json.dumps(message, ensure_ascii=False)


def said(type_: str, **members: Any) -> str:
    """Another message of the vendor's."""
    return json.dumps({"type": type_, **members}, ensure_ascii=False)


def asked(items: list[Frame | Event]) -> list[dict[str, Any]]:
    """The control messages among *items*."""
    return [json.loads(item.data) for item in items if isinstance(item, Message) and isinstance(item.data, str)]


def dialled(config: Config | None = None, credential: Credential | None = KEY) -> Connect:
    """The handshake of a session."""
    [connect] = [item for item in asking(config, credential)[1] if isinstance(item, Connect)]
    return connect


def asking(config: Config | None = None, credential: Credential | None = KEY) -> tuple[Client, list[Frame | Event]]:
    """A client half that was told to start at time 0, and all that it says."""
    config = config or Config()
    flux = (config.model or "").startswith("flux")
    client = Flux(context()) if flux else Listen(context())
    return client, client.send(Start(config, credential), 0.0)


def started(config: Config | None = None, *, seconds: float = 60.0) -> Client:
    """A client half that has greeted, and that sent *seconds* of audio, at time 0."""
    config = config or Config()
    client, _ = asking(config)
    greeting = client.receive(Connected({"dg-request-id": LISTEN_ID}), 0.0)
    if isinstance(client, Flux):
        assert greeting == []
        greeting = client.receive(Message(CONNECTED), 0.0)
    [event] = greeting
    assert isinstance(event, Started)
    client.send(Audio(bytes(config.audio.size(seconds))), 0.0)
    return client


def separate(channels: int = 2) -> Config:
    """Settings of a session whose channels are kept apart."""
    return Config(audio=AudioFormat(channels=channels), channels="separate")


def hear(client: Client, *texts: str, now: float = 0.0) -> list[Frame | Event]:
    """Everything that *client* answers to messages that come at *now*."""
    return [item for text in texts for item in client.receive(Message(text), now)]


def unsettled(items: list[Frame | Event]) -> list[Frame | Event]:
    """All but the marks of what is settled."""
    return [item for item in items if not isinstance(item, Settled)]


def word(text: str, start: float, end: float, *, final: bool = True, joiner: str = " ") -> Word:
    """What the client half makes of one word of :func:`results` or :func:`turn`."""
    return Word(text, start, end, 0.9, final, joiner=joiner)
