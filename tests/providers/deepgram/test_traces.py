"""Worked traces of the vendor's documented messages give exact public turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aai_migrate_providers.deepgram.flux.client import Client as Flux
from aai_migrate_providers.deepgram.listen.client import Client as Listen
from attrs import evolve

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.events import Begin, SpeechStarted, StreamEvent, Termination, Turn
from aai_migrate.wire.commands import Audio, Command, Finalize, Start, Stop
from aai_migrate.wire.frames import Connect, Frame, Message

from ..replay import replay as played
from ..replay import words
from .wire import KEY, context

FIXTURES = Path(__file__).parents[3] / "fixtures" / "deepgram"
EAGER = Config(model="flux-general-en", extra={"deepgram": {"eager_eot_threshold": 0.4}})
TWO = Config(audio=AudioFormat(channels=2), channels="separate")
COMMANDS: dict[str, Command] = {"CloseStream": Stop(), "Finalize": Finalize("released")}


def replay(name: str, config: Config) -> list[tuple[float, StreamEvent]]:
    client = Flux(context()) if config.model else Listen(context())
    return played(FIXTURES / f"{name}.jsonl", client, config, asked)


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
            kind = "end" if event.end_of_turn else "eager" if event.eager else "turn"
            kind = kind if event.confirmed else f"{kind}?"
            assert (event.start, event.end) == (event.words[0].start, event.words[-1].end)
            return (kind, event.channel, event.turn_order, event.transcript, event.stable_length, words(event.words))
        case SpeechStarted(at, channel):
            return ("speech", channel, at)
        case Begin():
            return ("begin", event.session_id)
        case Termination():
            return ("termination", event.complete)
    raise AssertionError(event)


LISTEN = (0.2, "begin", "***")
SO = "so@160-360 my@360-560 order@560-960"
FOUR = "number@1000-1360 is@1360-1500 four@1600-2000"
HEAD = "So*@160-360 my*@360-560 order*@560-960 number*@1000-1360 is*@1360-1500 four*@1600-2000"
VOLUME = "turn@200-440 the@440-600 volume@600-980"
DOWN = "Turn*@200-440 the*@440-600 volume*@600-980 down.*@1200-1620"
WAIT, MORE = "No,*@5900-6100 wait.*@6300-6900", "a@7300-7400 bit@7400-7600 more@7600-7900"
LIKE, CANCEL = "I'd@100-300 like@300-600 to@600-800", "I'd*@100-300 like*@300-600 to*@600-800 cancel*@900-1500"
HI = "Hi,@400-700 can@800-1000 you@1000-1200"
ME = f"{HI} help@1200-1500 me@1900-2000"
MOVE = f"{ME} move?@2000-2400"
TRACES: dict[str, tuple[Config, list[tuple[Any, ...]]]] = {
    "trace-1-long-sentence": (
        Config(),
        [
            LISTEN,
            (1.3, "speech", 0, 0.16),
            (1.3, "turn", 0, 0, "so my order", 0, SO),
            (
                3.3,
                "turn",
                0,
                0,
                "so my order number is four one nine",
                0,
                f"{SO} {FOUR} one@2440-2640 nine@2700-2960",
            ),
            (3.4, "turn", 0, 0, "So my order number is four", 26, HEAD),
            (
                3.9,
                "turn",
                0,
                0,
                "So my order number is four one nine two",
                26,
                f"{HEAD} one@2500-2700 nine@2800-3050 two@3200-3450",
            ),
            (
                4.6,
                "end",
                0,
                0,
                "So my order number is four one nine two seven.",
                46,
                f"{HEAD} one*@2500-2700 nine*@2800-3050 two*@3200-3450 seven.*@3600-4020",
            ),
            (7.1, "speech", 0, 6.0),
            (7.1, "turn", 0, 1, "Can you", 0, "Can@6000-6200 you@6200-6400"),
            (
                7.7,
                "end",
                0,
                1,
                "Can you check it?",
                17,
                "Can*@6000-6200 you*@6200-6400 check*@6400-6700 it?*@6700-6950",
            ),
            (7.9, "termination", True),
        ],
    ),
    "trace-2-noisy-room": (
        Config(),
        [
            LISTEN,
            (1.3, "speech", 0, 0.2),
            (1.3, "turn", 0, 0, "turn the volume", 0, VOLUME),
            (2.3, "turn", 0, 0, "turn the volume down", 0, f"{VOLUME} down@1200-1600"),
            (2.9, "turn", 0, 0, "Turn the volume down.", 21, DOWN),
            (4.9, "end", 0, 0, "Turn the volume down.", 21, DOWN),
            (7.0, "speech", 0, 5.9),
            (7.0, "turn", 0, 1, "no wait", 0, "no@5900-6100 wait@6300-6600"),
            (7.4, "turn", 0, 1, "No, wait.", 9, WAIT),
            (8.4, "turn", 0, 1, "No, wait. a bit more", 9, f"{WAIT} {MORE}"),
            (8.5, "end", 0, 1, "No, wait.", 9, WAIT),
            (8.5, "speech", 0, 7.3),
            (8.5, "turn", 0, 2, "a bit more", 0, MORE),
            (8.7, "end", 0, 2, "A bit more.", 11, "A*@7300-7400 bit*@7400-7600 more.*@7600-8000"),
            (8.9, "termination", True),
        ],
    ),
    "trace-3-two-channels": (
        TWO,
        [
            LISTEN,
            (1.3, "speech", 0, 0.1),
            (1.3, "turn", 0, 0, "I'd like to", 0, LIKE),
            (2.1, "turn", 0, 0, "I'd like to cancel", 18, CANCEL),
            (2.2, "speech", 1, 1.2),
            (2.2, "turn", 1, 0, "sure", 0, "sure@1200-1600"),
            (2.3, "end", 1, 0, "Sure.", 5, "Sure.*@1200-1600"),
            (2.9, "end", 0, 0, "I'd like to cancel please.", 26, f"{CANCEL} please.*@1900-2300"),
            (3.2, "termination", True),
        ],
    ),
    "trace-flux-eager": (
        EAGER,
        [
            (0.3, "begin", "7d1f4b6a-0c2e-4f57-9a10-55c1d2e3f405"),
            (1.02, "speech", 0, 0.4),
            (1.02, "turn", 0, 0, "Hi", 0, "Hi@400-700"),
            (1.5, "turn", 0, 0, "Hi can you", 0, "Hi@400-700 can@800-1000 you@1000-1200"),
            (2.06, "eager", 0, 0, "Hi, can you help?", 0, f"{HI} help?@1200-1500"),
            (2.3, "turn", 0, 0, "Hi, can you help me", 0, ME),
            (2.54, "turn", 0, 0, "Hi, can you help me move", 0, f"{ME} move@2000-2300"),
            (3.02, "eager", 0, 0, "Hi, can you help me move?", 0, MOVE),
            (3.26, "end", 0, 0, "Hi, can you help me move?", 25, MOVE.replace("@", "*@")),
            (3.7, "termination", True),
        ],
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_gives_exact_turns(name: str) -> None:
    """Every event with its time, every turn with channel, text, stable length and words."""
    config, expected = TRACES[name]
    assert [(time, *shown(event)) for time, event in replay(name, config)] == expected


@pytest.mark.parametrize("mode", ["revise", "raw"])
@pytest.mark.parametrize("name", TRACES)
def test_what_becomes_of_two_ends_is_no_question_here(name: str, mode: Any) -> None:
    """There is one, so that whoever wants it raw, or at once and formatted later, gets the same."""
    config, _ = TRACES[name]
    assert replay(name, evolve(config, formatted_turns=mode)) == replay(name, config)


def test_every_fixture_is_replayed() -> None:
    """No trace lies about unread."""
    assert {path.stem for path in FIXTURES.glob("*.jsonl")} == set(TRACES)


def test_confidence_reaches_the_turn() -> None:
    """Of the last span at one path; of the end itself at the other, where it is the model's."""
    ends = [event for _, event in replay("trace-1-long-sentence", Config()) if isinstance(event, Turn)]
    assert {turn.confidence for turn in ends} == {0.9}
    assert {turn.end_of_turn_confidence for turn in ends} == {None}
    [end] = [each for _, each in replay("trace-flux-eager", EAGER) if isinstance(each, Turn) and each.end_of_turn]
    assert (end.end_of_turn_confidence, end.turn_is_formatted) == (0.83, True)
