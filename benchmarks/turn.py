"""One AssemblyAI v3 Turn with 20 words: wire text to public Turn, beside ``json.loads`` and the vendor's SDK.

    python benchmarks/turn.py

Rounds are interleaved in one process; a ratio is the median of the rounds' ratios, so that a noisy machine
does not matter. The SDK's line needs the ``assemblyai`` package.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.provider import Context
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.frames import Connected, Frame, Message

ROUNDS, CALLS = 25, 400
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


def message(order: int, *, end: bool) -> str:
    """Return the literal text of one Turn."""
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


def ours() -> Callable[[str], Any]:
    """Return what turns a message into public events: client half, session and fold, as the drivers call them."""
    context = Context(new_id=lambda: "id", random=random.Random(1))
    session, turns = Session(registry.find("assemblyai-v3"), context), Turns("assemblyai-v3")
    session.send(Start(Config()), 0.0)
    session.receive(Connected(), 0.0)
    session.receive(Message('{"type":"Begin","id":"x","expires_at":1}'), 0.0)
    session.send(Audio(bytes(32_000 * 10)), 0.0)
    for _ in range(10):
        session.tick(0.0)  # ten seconds are heard: the words' times lie in them

    def call(text: str) -> Any:
        return turns.fold([e for e in session.receive(Message(text), 1.0) if not isinstance(e, Frame)], 1.0)

    return call


def official() -> Callable[[str], Any] | None:
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


def main() -> None:
    """Print microseconds a message and ratios."""
    stacks: dict[str, Callable[[str], Any]] = {"json.loads": json.loads, "ours": ours()}
    sdk = official()
    if sdk:
        stacks["assemblyai SDK"] = sdk
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
        print(f"{what}, {len(message(0, end=end))} characters")
        for name, times in spent.items():
            ratio = statistics.median(a / b for a, b in zip(times, spent["json.loads"], strict=True))
            print(f"  {name:<16} {statistics.median(times):7.1f} us   {ratio:5.2f} x json.loads")


if __name__ == "__main__":
    main()
