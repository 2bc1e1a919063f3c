"""What the documentation leaves open, or says in two ways: each is a switch, for a client to be tried with both."""

from __future__ import annotations

import random
import struct
from typing import Any, Literal

from attrs import define, field

from aai_migrate.testing.coded import Hard
from aai_migrate.testing.coded.code import NUMBERS, WORDS

Json = dict[str, Any]


@define(kw_only=True)
class Habits:
    """How the vendor reads its own documentation.

    Attributes:
        hard: what makes hearing difficult. ``final_every`` words become final in mid-speech (``/v1/listen`` only),
            interims and Updates show one word wrong with ``rewrite``, finals come ``late`` seconds of audio after what
            they end, word times are off by up to ``jitter``, and a turn ends after ``split_every`` words.
    """

    hard: Hard = field(factory=Hard)
    configures: bool = True  # answers Configure, which older servers do not
    times: Literal["all", "none", "some"] = "all"  # which words have any; on /v1/listen not "all" means no words

    # /v1/listen
    step: float = 1.0  # seconds of audio from one interim to the next
    segment: float = 4.0  # seconds of audio after which a final comes in mid-speech
    tail: int = 0  # words that a final in mid-speech leaves to the next span, though an interim had them
    closing: Literal["text", "empty", "not final", "never"] = "text"  # what speech_final comes with
    utterance_end: Literal["once", "twice", "late", "stale"] = "once"
    # UtteranceEnd after a speech_final; a stale one comes with its time when the next turn has a final already
    after_end: Literal["time", "minus one", "stale", "nothing"] = "minus one"
    finalize: Literal["answered", "ordinary first", "not speech_final", "if buffered", "silent"] = "answered"
    last: Literal["final", "speech_final"] = "final"  # what the last span is, after CloseStream
    languages: list[str] | None = None  # of an alternative
    repeats_speech: bool = False  # SpeechStarted comes again before each word
    unprompted: bool = True  # KeepAlive alone does not make up for audio that never came

    # /v2/listen
    silence: float = 0.5  # seconds after which the model is sure that a turn is over
    eager: float = 0.2  # the same for an eager end
    triggers: bool = True  # tells what ended a turn
    forces: bool = True  # knows ForceEndTurn


@define
class Word:
    """A word as the vendor tells it, and where it really is."""

    text: str
    start: float
    end: float
    true_start: float
    true_end: float


def told(number: int, text: str, start: float, end: float, hard: Hard, salt: str) -> Word:
    """Return the *number*-th word of a channel with times that are off."""
    dice = random.Random(f"{hard.seed}/{salt}/{number}")
    first = max(0.0, start + dice.uniform(-hard.jitter, hard.jitter))
    return Word(text, first, max(first, end + dice.uniform(-hard.jitter, hard.jitter)), start, end)


def rewritten(texts: list[str], turn: int) -> list[str]:
    """Return *texts* with one word wrong: the newest, or every other time the first."""
    at = -(turn % 2)
    return [WORDS[NUMBERS[text] ^ 1] if n == at % len(texts) else text for n, text in enumerate(texts)]


def float32(seconds: float) -> float:
    """Return the number that the vendor makes of it."""
    found: float = struct.unpack("<f", struct.pack("<f", seconds))[0]
    return found


def written(texts: list[str], *, ends: bool, begins: bool) -> list[str]:
    """Return *texts* with capitals and punctuation."""
    out = [texts[0].capitalize() if begins else texts[0], *texts[1:]] if texts else []
    return [*out[:-1], f"{out[-1]}."] if ends and out else out
