"""One transcript with 20 words: a vendor's text to the public Turn, beside ``json.loads`` and the vendor's SDK.

    python benchmarks/turn.py

Rounds are interleaved in one process; a ratio is the median of the rounds' ratios, so that a noisy machine
does not matter. The SDKs' lines need the packages ``assemblyai``, ``deepgram-sdk``, ``gladiaio-sdk`` and
``speechmatics-rt``.
"""

from __future__ import annotations

import importlib
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.provider import Context
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.frames import Connected, Frame, HttpResponse, Message

ROUNDS, CALLS = 15, 200
WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "quietly",
    "box",
    "up",
    "their",
    "five",
    "dozen",
    "liquor",
    "jugs",
]


Call = Callable[[str], Any]


def v3_turn(order: int, *, end: bool) -> str:
    """Return the literal text of one AssemblyAI v3 Turn."""
    words = [
        {"start": 960 + 240 * n, "end": 1120 + 240 * n, "text": text, "confidence": 0.97, "word_is_final": True}
        for n, text in enumerate(WORDS)
    ]
    turn = {
        "turn_order": order,
        "turn_is_formatted": end,
        "end_of_turn": end,
        "transcript": " ".join(WORDS),
        "end_of_turn_confidence": 0.004,
        "words": words,
        "utterance": "",
        "type": "Turn",
    }
    return json.dumps(turn)


def gladia_transcript(order: int, *, end: bool) -> str:
    """Return the literal text of one Gladia transcript; a final begins a pause after the one before."""
    begin = 6.0 * order if end else 0.96
    words = [
        {"word": f" {text}", "start": begin + 0.24 * n, "end": begin + 0.24 * n + 0.16, "confidence": 0.97}
        for n, text in enumerate(WORDS)
    ]
    utterance = {
        "text": f" {' '.join(WORDS)}",
        "start": words[0]["start"],
        "end": words[-1]["end"],
        "confidence": 0.93,
        "channel": 0,
        "language": "en",
        "words": words,
    }
    data = {"id": f"00_{order:08d}", "is_final": end, "utterance": utterance}
    envelope = {"session_id": "9b1c7d0e-55a2-4f0b-8a63-1d7f0c2be914", "created_at": "2026-09-21T09:14:06.402Z"}
    return json.dumps({**envelope, "type": "transcript", "data": data})


def deepgram_results(order: int, *, end: bool) -> str:
    """Return the literal text of one Results of /v1/listen: an interim, or the end of a turn."""
    begin = 0.96
    words = [
        {
            "word": text,
            "start": begin + 0.24 * n,
            "end": begin + 0.24 * n + 0.16,
            "confidence": 0.97,
            "punctuated_word": text,
        }
        for n, text in enumerate(WORDS)
    ]
    results = {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 5.4,
        "start": begin,
        "is_final": end,
        "speech_final": end,
        "channel": {"alternatives": [{"transcript": " ".join(WORDS), "confidence": 0.97, "words": words}]},
        "metadata": {
            "request_id": "0f6d2c1e-5a77-4b0e-9c3d-2f1f0a9be6d4",
            "model_info": {"name": "general-nova-3", "version": "2026-02-10.3", "arch": "nova-3"},
            "model_uuid": "b7a1c0de-1111-4222-8333-abcdef012345",
        },
        "from_finalize": False,
    }
    return json.dumps(results)


def flux_turn(order: int, *, end: bool) -> str:
    """Return the literal text of one TurnInfo of /v2/listen; an open turn comes after all that ended."""
    words = [
        {"word": text, "start": 0.96 + 0.24 * n, "end": 1.12 + 0.24 * n, "confidence": 0.97}
        for n, text in enumerate(WORDS)
    ]
    turn = {
        "type": "TurnInfo",
        "request_id": "7d1f4b6a-0c2e-4f57-9a10-55c1d2e3f405",
        "sequence_id": order + 1,
        "event": "EndOfTurn" if end else "Update",
        "turn_index": order,
        "audio_window_start": 0.9,
        "audio_window_end": 6.1,
        "transcript": " ".join(WORDS),
        "words": words,
        "end_of_turn_confidence": 0.83,
    }
    return json.dumps(turn)


def speechmatics_transcript(order: int, *, end: bool) -> str:
    """Return the literal text of one AddTranscript, which ends a sentence, or of an AddPartialTranscript."""
    results: list[dict[str, Any]] = [
        {
            "type": "word",
            "start_time": 0.96 + 0.24 * n,
            "end_time": 1.12 + 0.24 * n,
            "alternatives": [{"content": text, "confidence": 0.97, "language": "en"}],
        }
        for n, text in enumerate(WORDS)
    ]
    stop = {"type": "punctuation", "start_time": 5.68, "end_time": 5.68, "attaches_to": "previous", "is_eos": True}
    message = {
        "message": "AddTranscript" if end else "AddPartialTranscript",
        "format": "2.9",
        "metadata": {"start_time": 0.9, "end_time": 5.8, "transcript": " ".join(WORDS) + ". "},
        "results": [*results, {**stop, "alternatives": [{"content": ".", "confidence": 1.0, "language": "en"}]}],
    }
    return json.dumps(message)


def v2_transcript(order: int, *, end: bool) -> str:
    """Return the literal text of one FinalTranscript or PartialTranscript of AssemblyAI v2."""
    words = [
        {"text": text, "start": 960 + 240 * n, "end": 1120 + 240 * n, "confidence": 0.97}
        for n, text in enumerate(WORDS)
    ]
    message = {
        "message_type": "FinalTranscript" if end else "PartialTranscript",
        "created": "2025-03-04T11:00:07.402113",
        "audio_start": 900,
        "audio_end": 5800,
        "confidence": 0.93,
        "text": " ".join(WORDS),
        "words": words,
    }
    return json.dumps(message | ({"punctuated": True, "text_formatted": True} if end else {}))


def ours(provider: str, greeting: Sequence[Frame], **options: Any) -> Call:
    """Return what turns a message into public events: client half, session and fold, as the drivers call them."""
    context = Context(new_id=lambda: "id", random=random.Random(1))
    name, model = registry.split(provider)
    session, turns = Session(registry.find(name), context), Turns(name)
    session.send(Start(Config(model=model, **options)), 0.0)
    for frame in greeting:
        session.receive(frame, 0.0)
    session.send(Audio(bytes(32_000 * 10)), 0.0)
    for _ in range(10):
        session.tick(0.0)  # ten seconds are heard: the words' times lie in them

    def call(text: str) -> Any:
        return turns.fold([e for e in session.receive(Message(text), 1.0) if not isinstance(e, Frame)], 1.0)

    return call


def assemblyai_sdk() -> Call | None:
    """Return the SDK's own way from text to its event object, with one handler."""
    try:
        from assemblyai.streaming.v3 import StreamingClient, StreamingClientOptions, StreamingEvents
    except ImportError:
        return None
    client = StreamingClient(StreamingClientOptions(api_key="k"))
    client.on(StreamingEvents.Turn, lambda self, event: None)

    def call(text: str) -> Any:
        parsed = client._parse_message(json.loads(text))
        assert parsed
        client._handle_message(parsed)
        return parsed

    return call


def gladia_sdk() -> Call | None:
    """Return the SDK's own way from text to its message object."""
    try:
        from gladiaio_sdk.v2.live._helpers import parse_ws_message
    except ImportError:
        return None
    call: Call = parse_ws_message
    return call


def deepgram_sdk(path: str) -> Call | None:
    """Return the SDK's own way from text to its message object, for ``v1`` or ``v2``."""
    try:
        socket = importlib.import_module(f"deepgram.listen.{path}.socket_client")
        from deepgram.core.unchecked_base_model import construct_type
    except ImportError:
        return None
    response = getattr(socket, f"{path.upper()}SocketClientResponse")
    return lambda text: construct_type(type_=response, object_=json.loads(text))


def speechmatics_sdk() -> Call | None:
    """Return the SDK's own way from text to its result object."""
    try:
        result = importlib.import_module("speechmatics.rt").TranscriptResult
    except ImportError:
        return None
    return lambda text: result.from_message(json.loads(text))


def compare(title: str, message: Callable[..., str], stacks: dict[str, Call]) -> None:
    """Print microseconds a message and ratios."""
    for what, end in (("partial", False), ("end of turn", True)):
        spent: dict[str, list[float]] = {name: [] for name in stacks}
        number = 0
        for _ in range(ROUNDS):
            for name, call in stacks.items():
                texts = [message(number + n if end else 10**6, end=end) for n in range(CALLS)]
                number += CALLS
                begin = time.perf_counter()
                for text in texts:
                    call(text)
                spent[name].append((time.perf_counter() - begin) / CALLS * 1e6)
        print(f"{title}, {what}, {len(message(0, end=end))} characters")
        for name, times in spent.items():
            ratio = statistics.median(a / b for a, b in zip(times, spent["json.loads"], strict=True))
            print(f"  {name:<16} {statistics.median(times):7.1f} us   {ratio:5.2f} x json.loads")


def main() -> None:
    """Compare each vendor's messages."""
    begin: list[Frame] = [Connected(), Message('{"type":"Begin","id":"x","expires_at":1}')]
    created: list[Frame] = [HttpResponse(201, {}, b'{"id":"x","url":"wss://x.test/v2/live?token=y"}'), Connected()]
    connected: list[Frame] = [Connected(), Message('{"type":"Connected","request_id":"x","sequence_id":0}')]
    recognising: list[Frame] = [Connected(), Message('{"message":"RecognitionStarted","id":"x"}')]
    session: list[Frame] = [Connected(), Message('{"message_type":"SessionBegins","session_id":"x"}')]
    sentences, own = {"turn_silence": 0.0}, {"base_url": "wss://x.test"}
    vendors: dict[str, tuple[Callable[..., str], list[Frame], Call | None, dict[str, Any]]] = {
        "assemblyai-v3": (v3_turn, begin, assemblyai_sdk(), {}),
        "gladia": (gladia_transcript, created, gladia_sdk(), {}),
        "deepgram": (deepgram_results, [Connected()], deepgram_sdk("v1"), {}),
        "deepgram/flux-general-en": (flux_turn, connected, deepgram_sdk("v2"), {}),
        "speechmatics": (speechmatics_transcript, recognising, speechmatics_sdk(), sentences),
        "assemblyai-v2": (v2_transcript, session, None, own),
    }
    for provider, (message, greeting, sdk, options) in vendors.items():
        others: dict[str, Call] = {} if sdk is None else {"vendor's SDK": sdk}
        compare(provider, message, {"json.loads": json.loads, "ours": ours(provider, greeting, **options), **others})


if __name__ == "__main__":
    main()
