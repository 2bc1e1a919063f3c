"""Worked traces of the vendor's documented messages give exact public turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3.client import Client

from aai_migrate.config import Config
from aai_migrate.events import Begin, Notice, SpeechStarted, StreamEvent, Termination, Turn, TurnRevised
from aai_migrate.wire.commands import Audio, Command, Finalize, Start, Stop
from aai_migrate.wire.frames import Connect, Frame, Message

from ..replay import replay as played
from ..replay import words
from .wire import KEY, context

FIXTURES = Path(__file__).parents[3] / "fixtures" / "assemblyai_v3"
US = Config(model="universal-streaming-english")
RAW = Config(model="universal-streaming-english", formatted_turns="raw")
C = Config(model="universal-3-5-pro", diarization=True, extra={"assemblyai-v3": {"language_detection": True}})
COMMANDS: dict[str, Command] = {"Terminate": Stop(), "ForceEndpoint": Finalize("forced")}


def replay(name: str, config: Config) -> list[tuple[float, StreamEvent]]:
    return played(FIXTURES / f"{name}.jsonl", Client(context()), config, asked)


def asked(frame: Frame, config: Config) -> Command:
    """The command behind a frame of our side."""
    match frame:
        case Connect():
            return Start(config, KEY)
        case Message(bytes() as data):
            return Audio(data)
        case Message(str() as text):
            return COMMANDS[json.loads(text)["type"]]
    raise AssertionError(frame)


def shown(event: StreamEvent) -> tuple[Any, ...]:
    """What an event says, in the order of the tables below."""
    match event:
        case Turn():
            head = ("end" if event.end_of_turn else "turn", event.turn_order, event.transcript)
            times = (event.start, event.end) == (event.words[0].start, event.words[-1].end)
            assert times
            return (*head, event.stable_length, event.turn_is_formatted, words(event.words))
        case TurnRevised():
            return ("revised", event.turn_order, event.transcript, event.speaker, words(event.words))
        case SpeechStarted(at):
            return ("speech", at)
        case Begin():
            return ("begin", event.model)
        case Termination():
            return ("termination", event.complete, event.session_seconds)
        case Notice(code):
            return ("notice", code)
    raise AssertionError(event)


HI, HELLO = "hello*@500-900 there*@950-1300", "Hello*@500-900 there.*@950-1300"
ALARM = "set*@480-640 an*@700-760 alarm*@880-1120 for*@1200-1300 six@1680-1840"
ICH = "Ich@900-1100 hätte@1150-1400 gern@1450-1700 einen@1750-1900"
ZWEI = "Tisch*@1950-2250 für*@2300-2450 zwei.*@2500-3100"
EINEN = "Ich*@900-1100 hätte*@1150-1400 gern*@1450-1700 einen*@1750-1900"
BEGUN = ("begin", "universal-streaming-english")
TRACES: dict[str, tuple[Config, list[tuple[Any, ...]]]] = {
    "trace-a-two-ends": (
        US,
        [
            (0.4, *BEGUN),
            (1.2, "turn", 0, "set", 0, False, "set@480-640"),
            (1.6, "turn", 0, "set an al", 0, False, "set*@480-640 an*@700-760 al@880-960"),
            (2.6, "turn", 0, "set an alarm for six", 0, False, ALARM),
            (
                3.3,
                "end",
                0,
                "Set an alarm for 6.",
                19,
                True,
                "Set*@480-640 an*@700-760 alarm*@880-1120 for*@1200-1300 6.*@1680-1840",
            ),
            (5.0, "turn", 1, "thanks", 0, False, "thanks@4000-4160"),
            (5.9, "end", 1, "thanks", 6, False, "thanks*@4000-4160"),
            (5.9, "termination", True, 6.0),
        ],
    ),
    "trace-b-forced-end": (
        RAW,
        [
            (0.4, *BEGUN),
            (
                2.0,
                "turn",
                0,
                "my number is four",
                12,
                False,
                "my*@500-620 number*@700-1000 is*@1100-1200 four@1520-1600",
            ),
            (
                2.4,
                "end",
                0,
                "my number is four",
                17,
                False,
                "my*@500-620 number*@700-1000 is*@1100-1200 four*@1520-1600",
            ),
            (3.4, "turn", 1, "two nine", 3, False, "two*@2000-2200 nine@2400-2480"),
            (4.4, "end", 1, "two nine", 8, False, "two*@2000-2200 nine*@2400-2640"),
            (7.5, "termination", True, 8.0),
        ],
    ),
    "trace-c-two-languages": (
        C,
        [
            (0.4, "begin", "universal-3-5-pro"),
            (2.0, "speech", 0.9),
            (2.0, "turn", 0, "Ich hätte gern einen", 0, False, ICH),
            (2.6, "turn", 0, "Ich hätte gern einen Tisch—", 0, False, f"{ICH} Tisch—@1950-2300"),
            (3.6, "end", 0, "Ich hätte gern einen Tisch für zwei.", 36, True, f"{EINEN} {ZWEI}"),
            (6.0, "speech", 5.1),
            (6.0, "turn", 1, "For tonight", 0, False, "For@5100-5300 tonight@5350-5900"),
            (8.0, "end", 1, "For tonight", 11, True, "For*@5100-5300 tonight*@5350-5900"),
            (9.4, "revised", 1, "For tonight", "B", "For*@5100-5300 tonight*@5350-5900"),
            (9.6, "termination", True, 10.0),
        ],
    ),
    "formatted-late": (
        US,
        [
            (0.4, *BEGUN),
            (4.0, "end", 0, "hello there", 11, False, HI),
            (4.5, "revised", 0, "Hello there.", None, HELLO),
            (5.2, "termination", True, 5.0),
        ],
    ),
    "formatted-never": (
        US,
        [
            (0.4, *BEGUN),
            (3.0, "end", 0, "hello there", 11, False, HI),
            (3.0, "turn", 1, "so", 0, False, "so@2500-2700"),
            (4.2, "end", 1, "so", 2, False, "so*@2500-2700"),
            (4.2, "termination", True, 4.0),
        ],
    ),
    "single-formatted-end": (
        US,
        [
            (0.4, *BEGUN),
            (1.5, "turn", 0, "hello th", 0, False, "hello*@500-900 th@950-1000"),
            (2.0, "end", 0, "Hello there.", 12, True, HELLO),
            (5.2, "termination", True, 5.0),
        ],
    ),
    **{
        f"held-at-{how}": (
            US,
            [
                (0.4, *BEGUN),
                (2.4, "end", 0, "hello there", 11, False, HI),
                (2.4, "termination", False, None),
            ],
        )
        for how in ("error", "close", "loss")
    },
    "end-missing": (
        Config(),
        [
            (0.4, "begin", "u3-rt-pro"),
            (1.5, "turn", 0, "Hello", 0, False, "Hello@500-900"),
            (5.0, "end", 0, "Hello", 5, False, "Hello*@500-900"),
            (5.0, "end", 1, "So.", 3, True, "So.*@2500-2700"),
            (6.0, "turn", 2, "And", 0, False, "And@5500-5600"),
            (7.2, "end", 2, "And", 3, False, "And*@5500-5600"),
            (7.2, "termination", True, 7.0),
        ],
    ),
    "key-refused": (Config(), []),
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_gives_exact_turns(name: str) -> None:
    """Every event with its time, every turn with text, stable length, formatting and words."""
    config, expected = TRACES[name]
    assert [(time, *shown(event)) for time, event in replay(name, config)] == expected


def test_every_fixture_is_replayed() -> None:
    """No trace lies about unread."""
    assert {path.stem for path in FIXTURES.glob("*.jsonl")} == set(TRACES)


def test_languages_speakers_and_confidence_reach_the_turn() -> None:
    """Of trace C: what only the end of a turn says, and the words' own speakers."""
    turns = [event for _, event in replay("trace-c-two-languages", C) if isinstance(event, Turn) and event.end_of_turn]
    assert [(t.language, t.speaker, t.end_of_turn_confidence) for t in turns] == [("de", "A", 1.0), ("en", "A", 1.0)]
    assert {w.speaker for turn in turns for w in turn.words} == {"A"}
    assert turns[0].confidence == pytest.approx(0.95)


def test_what_was_guessed_is_marked() -> None:
    """A turn whose end the vendor never sent is not confirmed."""
    turns = [event for _, event in replay("end-missing", Config()) if isinstance(event, Turn) and event.end_of_turn]
    assert [turn.confirmed for turn in turns] == [False, True, False]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("revise", [(2.0, "end", 0, "hello there", 11, False, HI), (4.5, "revised", 0, "Hello there.", None, HELLO)]),
        ("wait", [(4.0, "end", 0, "hello there", 11, False, HI), (4.5, "revised", 0, "Hello there.", None, HELLO)]),
        ("raw", [(2.0, "end", 0, "hello there", 11, False, HI)]),
    ],
)
def test_the_caller_chooses_what_two_ends_become(mode: Any, expected: list[tuple[Any, ...]]) -> None:
    """Wait for the formatted one, revise the turn with it, or have the raw one only."""
    asks = None if mode != "raw" else True
    config = Config(model="universal-streaming-english", formatted_turns=mode, formatting=asks)
    seen = [(time, *shown(event)) for time, event in replay("formatted-late", config)]
    assert seen[1:-1] == expected
