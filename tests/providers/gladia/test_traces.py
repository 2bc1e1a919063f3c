"""Worked traces of the vendor's documented messages give exact public turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aai_migrate_providers.gladia.client import Client

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.events import Begin, SpeechStarted, StreamEvent, Termination, Turn
from aai_migrate.wire.commands import Audio, Command, Start, Stop
from aai_migrate.wire.frames import Frame, HttpRequest, Message

from ..replay import replay as played
from ..replay import words
from .wire import KEY, STOP, context

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gladia"


def config(audio: AudioFormat | None = None, **extra: Any) -> Config:
    """Audio is sent binary, so that a trace need not hold it."""
    settings = {"gladia": {"audio_frames": "binary", **extra}}
    return Config(audio=audio or AudioFormat(), channels="separate" if audio else "mix", extra=settings)


def replay(name: str, config: Config) -> list[tuple[float, StreamEvent]]:
    return played(FIXTURES / f"{name}.jsonl", Client(context()), config, asked)


def asked(frame: Frame, config: Config) -> Command:
    """The command behind a frame of our side."""
    match frame:
        case HttpRequest():
            return Start(config, KEY)
        case Message(bytes() as data):
            return Audio(data)
        case Message(text) if text == STOP:
            return Stop()
    raise AssertionError(frame)


def shown(event: StreamEvent) -> tuple[Any, ...]:
    """What an event says, in the order of the tables below."""
    match event:
        case Turn():
            kind = "end" if event.end_of_turn else "turn"
            kind = kind if event.confirmed else f"{kind}?"
            return (kind, event.channel, event.turn_order, event.transcript, event.stable_length, words(event.words))
        case SpeechStarted(at, channel):
            return ("speech", channel, at)
        case Begin():
            return ("begin",)
        case Termination():
            return ("termination", event.complete, event.audio_seconds)
    raise AssertionError(event)


def sure(items: str) -> str:
    """The same words when they are final."""
    return items.replace("@", "*@")


ADDED: dict[str, Any] = {
    "realtime_processing": {
        "translation": True,
        "translation_config": {"target_languages": ["de"]},
        "named_entity_recognition": True,
        "sentiment_analysis": True,
    },
    "messages_config": {"receive_lifecycle_events": True},
}
SO = (
    "So@100-300 the@320-500 first@520-900 thing@920-1300 I@1340-1400 would@1440-1800 like@1840-2200 to@2240-2400 "
    "say@2500-3000 is@3200-3600 that@4200-5100"
)
SAID = "So the first thing I would like to say is that"
NOBODY, ASKED = "nobody@5120-5600", "nobody@5120-5600 asked@5700-6100"
THIS = "this@1600-1800 is@1840-2000"
AMARA = sure(f"Hello,@1200-1500 {THIS} Amara.@2050-2600")
CALL = "I@3000-3100 call@3140-3400"
LEASE = sure(f"{CALL} about@3420-3700 the@3740-3900 lease.@3950-4400")
PARCEL = "The*@100-220 parcel*@240-700 left*@740-1000 on*@1050-1200 Tuesday.*@1250-1800"
TWO = "One.*@200-600 And*@800-1000 two.*@1050-1200"
BEGUN = (0.4, "begin")
TRACES: dict[str, tuple[Config, list[tuple[Any, ...]]]] = {
    "trace-1-one-utterance": (
        config(),
        [
            BEGUN,
            (1.4, "speech", 0, 0.42),
            (1.4, "turn", 0, 0, "can you", 0, "can@420-600 you@620-800"),
            (
                2.4,
                "turn",
                0,
                0,
                "can you re send it",
                0,
                "can@420-600 you@620-800 re@840-980 send@1000-1320 it@1360-1580",
            ),
            (
                2.6,
                "end",
                0,
                0,
                "Can you resend it?",
                18,
                "Can*@420-600 you*@620-800 resend*@840-1320 it?*@1360-1580",
            ),
            (4.1, "termination", True, 3.0),
        ],
    ),
    "trace-2-forced-cut": (
        config(endpointing=0.05, maximum_duration_without_endpointing=5),
        [
            BEGUN,
            (1.4, "speech", 0, 0.1),
            (5.4, "turn", 0, 0, SAID.lower(), 0, SO.lower()),
            (6.5, "turn", 0, 0, SAID, 46, sure(SO)),
            (6.6, "turn", 0, 0, f"{SAID} nobody", 46, f"{sure(SO)} {NOBODY}"),
            (7.4, "turn", 0, 0, f"{SAID} nobody asked us", 46, f"{sure(SO)} {ASKED} us@6200-6700"),
            (7.8, "end", 0, 0, f"{SAID} nobody asked us.", 63, sure(f"{SO} {ASKED} us.@6200-6700")),
            (8.6, "termination", True, 7.0),
        ],
    ),
    "trace-3-two-channels": (
        config(AudioFormat(channels=2)),
        [
            BEGUN,
            (2.5, "turn", 0, 0, "hello this is", 0, f"hello@1200-1500 {THIS}"),
            (2.6, "turn", 1, 0, "hi", 0, "hi@1900-2000"),
            (3.4, "turn", 1, 0, "Hi.", 3, "Hi.*@1900-2100"),
            (3.5, "turn", 0, 0, "Hello, this is Amara.", 21, AMARA),
            (4.0, "turn", 0, 0, "Hello, this is Amara. I call about", 21, f"{AMARA} {CALL} about@3420-3500"),
            (5.0, "end", 1, 0, "Hi.", 3, "Hi.*@1900-2100"),
            (5.6, "turn", 0, 0, "Hello, this is Amara. I call about the lease.", 45, f"{AMARA} {LEASE}"),
            (5.9, "turn", 1, 1, "Sure.", 5, "Sure.*@4500-4800"),
            (6.0, "end", 0, 0, "Hello, this is Amara. I call about the lease.", 45, f"{AMARA} {LEASE}"),
            (6.0, "end", 1, 1, "Sure.", 5, "Sure.*@4500-4800"),
            (6.0, "termination", True, 5.0),
        ],
    ),
    "members-omitted": (
        config(),
        [
            BEGUN,
            (1.4, "turn", 0, 0, "hello world", 0, ""),
            (1.6, "turn", 0, 0, "Hello world.", 12, ""),
            (1.6, "end", 0, 0, "Hello world.", 12, ""),
            (3.4, "turn", 0, 1, "It's me", 7, "It's*@1800-2000 me*@2100-2400"),
            (4.0, "end", 0, 1, "It's me", 7, "It's*@1800-2000 me*@2100-2400"),
            (4.0, "termination", True, 3.0),
        ],
    ),
    "overlapping-ids": (
        config(),
        [
            BEGUN,
            (2.4, "speech", 0, 0.5),
            (2.4, "turn", 0, 0, "one", 0, "one@500-900"),
            (3.4, "speech", 0, 2.0),
            (3.4, "turn", 0, 0, "one two", 0, "one@500-900 two@2000-2400"),
            (3.5, "end", 0, 0, "One.", 4, "One.*@500-900"),
            (3.5, "turn", 0, 1, "two", 0, "two@2000-2400"),
            (3.6, "turn", 0, 1, "two three", 0, "two@2000-2400 three@2500-2900"),
            (4.4, "turn", 0, 1, "two three four", 0, "two@2000-2400 three@2500-2900 four@3750-3950"),
            (4.5, "end", 0, 1, "Two, three.", 11, "Two,*@2000-2400 three.*@2500-2900"),
            (4.5, "turn", 0, 2, "four", 0, "four@3750-3950"),
            (4.6, "turn", 0, 2, "Four.", 5, "Four.*@3750-3950"),
            (5.0, "end", 0, 2, "Four.", 5, "Four.*@3750-3950"),
            (5.0, "termination", True, 4.0),
        ],
    ),
    "empty-final": (
        config(),
        [
            BEGUN,
            (1.4, "turn", 0, 0, "hm", 0, "hm@200-400"),
            (2.5, "turn", 0, 0, "Yes.", 4, "Yes.*@1000-1400"),
            (2.6, "turn", 0, 0, "Yes. uh", 4, "Yes.*@1000-1400 uh@1600-1800"),
            (2.7, "turn", 0, 0, "Yes.", 4, "Yes.*@1000-1400"),
            (3.0, "end", 0, 0, "Yes.", 4, "Yes.*@1000-1400"),
            (3.0, "termination", True, 2.0),
        ],
    ),
    "late-and-again": (
        config(),
        [
            BEGUN,
            (1.4, "turn", 0, 0, "yes", 0, "yes@200-600"),
            (1.5, "turn", 0, 0, "Yes.", 4, "Yes.*@200-600"),
            (1.7, "end", 0, 0, "Yes.", 4, "Yes.*@200-600"),
            (2.3, "termination", True, 1.0),
        ],
    ),
    "speech-events-off": (
        config(messages_config={"receive_speech_events": False}),
        [
            BEGUN,
            (1.4, "turn", 0, 0, "One.", 4, "One.*@200-600"),
            (1.9, "turn", 0, 0, "One. And two.", 13, TWO),
            (2.6, "end", 0, 0, "One. And two.", 13, TWO),
            (4.4, "turn", 0, 1, "Three.", 6, "Three.*@2500-2900"),
            (4.5, "end", 0, 1, "Three.", 6, "Three.*@2500-2900"),
            (4.5, "turn", 0, 2, "Four.", 5, "Four.*@3700-4000"),
            (5.0, "end", 0, 2, "Four.", 5, "Four.*@3700-4000"),
            (5.0, "termination", True, 4.1),
        ],
    ),
    "speech-end-after-final": (
        config(),
        [
            BEGUN,
            (2.4, "speech", 0, 0.2),
            (2.4, "turn", 0, 0, "Right.", 6, "Right.*@200-700"),
            (3.4, "end", 0, 0, "Right.", 6, "Right.*@200-700"),
            (4.0, "termination", True, 3.0),
        ],
    ),
    "other-messages": (
        config(**ADDED),
        [
            BEGUN,
            (2.5, "end", 0, 0, "The parcel left on Tuesday.", 27, PARCEL),
            (3.2, "termination", True, 2.0),
        ],
    ),
    "open-at-close": (
        config(),
        [
            BEGUN,
            (2.4, "turn", 0, 0, "Good.", 5, "Good.*@200-600"),
            (2.5, "turn", 0, 0, "Good. and then", 5, "Good.*@200-600 and@900-1100 then@1200-1500"),
            (3.0, "end?", 0, 0, "Good. and then", 14, "Good.*@200-600 and@900-1100 then@1200-1500"),
            (3.0, "termination", True, 2.0),
        ],
    ),
    "lost-utterance": (
        config(),
        [
            BEGUN,
            (4.4, "turn", 0, 0, "one", 0, "one@200-600"),
            (4.5, "turn", 0, 0, "Two.", 4, "Two.*@1800-2200"),
            (4.5, "turn", 0, 0, "Two. one", 4, "Two.*@1800-2200 one@200-600"),
            (5.0, "end", 0, 0, "Two.", 4, "Two.*@1800-2200"),
            (5.0, "turn", 0, 1, "One.", 4, "One.*@200-600"),
            (5.0, "end", 0, 1, "One.", 4, "One.*@200-600"),
            (5.0, "turn", 0, 2, "Three.", 6, "Three.*@3200-3600"),
            (5.1, "end", 0, 2, "Three.", 6, "Three.*@3200-3600"),
            (5.1, "termination", True, 4.0),
        ],
    ),
    "never-closed": (
        config(),
        [
            BEGUN,
            (1.5, "turn", 0, 0, "Bye.", 4, "Bye.*@200-600"),
            (7.0, "end", 0, 0, "Bye.", 4, "Bye.*@200-600"),
            (7.0, "termination", True, 1.0),
        ],
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_gives_exact_turns(name: str) -> None:
    """Every event with its time, every turn with channel, text, stable length and words."""
    settings, expected = TRACES[name]
    assert [(time, *shown(event)) for time, event in replay(name, settings)] == expected


def test_every_fixture_is_replayed() -> None:
    """No trace lies about unread."""
    assert {path.stem for path in FIXTURES.glob("*.jsonl")} == set(TRACES)


def test_language_and_confidence_reach_the_turn() -> None:
    """Of the utterance that ended it; a member that was left out is None."""
    ends = [event for _, event in replay("trace-1-one-utterance", config()) if isinstance(event, Turn)]
    assert [(turn.language, turn.confidence) for turn in ends] == [("en", 0.6), ("en", 0.6), ("en", 0.93)]
    ends = [event for _, event in replay("members-omitted", config()) if isinstance(event, Turn)]
    assert {(turn.language, turn.confidence) for turn in ends} == {(None, None)}
    assert [(turn.start, turn.end) for turn in ends] == [(0.3, 0.9), *[(0.0, 1.0)] * 2, *[(1.8, 2.4)] * 2]
