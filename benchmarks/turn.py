"""One transcript with 20 words: a vendor's text to the public Turn, beside ``json.loads`` and the vendor's SDK.

    python benchmarks/turn.py

Rounds are interleaved in one process; a ratio is the median of the rounds' ratios, so that a noisy machine
does not matter. The SDKs' lines need the packages ``assemblyai`` and ``gladiaio-sdk``.
"""

from __future__ import annotations

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


def ours(provider: str, greeting: Sequence[Frame]) -> Call:
    """Return what turns a message into public events: client half, session and fold, as the drivers call them."""
    context = Context(new_id=lambda: "id", random=random.Random(1))
    session, turns = Session(registry.find(provider), context), Turns(provider)
    session.send(Start(Config()), 0.0)
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
    vendors = {
        "assemblyai-v3": (v3_turn, begin, assemblyai_sdk()),
        "gladia": (gladia_transcript, created, gladia_sdk()),
    }
    for provider, (message, greeting, sdk) in vendors.items():
        others: dict[str, Call] = {} if sdk is None else {"vendor's SDK": sdk}
        compare(provider, message, {"json.loads": json.loads, "ours": ours(provider, greeting), **others})


if __name__ == "__main__":
    main()
