"""What the documentation leaves open, or what sessions have shown: each is a switch, for a client to be tried with."""

from __future__ import annotations

import random
from typing import Any, Literal

from attrs import define, field

from aai_migrate.testing.coded import Hard
from aai_migrate.testing.coded.code import NUMBERS, WORDS

Json = dict[str, Any]
GRID = 0.04
"""Seconds: word times are multiples of it."""


@define(kw_only=True)
class Habits:
    """How the vendor reads its own documentation.

    Attributes:
        hard: what makes hearing difficult. A final comes after ``final_every`` words, before ``max_delay`` is over;
            partials show one word wrong with ``rewrite``; finals, and the ends behind them, come ``late`` seconds of
            audio after they are decided; word times are off by up to ``jitter``, and by the grid besides; a sentence
            ends after ``split_every`` words without a pause.
    """

    hard: Hard = field(factory=Hard)

    # Finals and partials.
    piece: int = 0  # words that one final has at most; 0: any number
    tail: int = 0  # words that a final in mid-speech leaves out, though a partial had them
    lone: Literal["no", "before the end", "after the end"] = "no"  # the closing mark in a final of its own
    pauses: bool = True  # a pause ends the sentence; False: one sentence may hold several utterances
    commas: int = 0  # a comma comes after so many words; 0: never
    merges: bool = False  # a partial runs its last two words together, as it does with digits
    moving: bool = False  # a partial names another speaker than the final, and the first word's is unknown
    first: Literal["final", "partial"] = "final"  # what comes first, before any speech: an empty one
    empties: bool = True  # empty finals come in silence
    last: Literal["no end", "end"] = "no end"  # whether EndOfUtterance comes after EndOfStream

    # ForceEndOfUtterance.
    marks_forced: bool = True  # forced: true in what answers it, which older servers lack
    forced_partial: bool = True  # a partial comes behind the forced final
    knows_timestamp: bool = True
    idle: Literal["empty final", "end only", "nothing"] = "empty final"  # its answer where no words are open

    # Messages.
    channel: Literal["top", "results"] = "top"  # where the name of a channel stands: "results" until 2025-08
    tells_pack: bool = True  # language_pack_info in RecognitionStarted
    infos: bool = True  # Info before RecognitionStarted, and behind it
    unknown: bool = False  # messages, types and members that no page names

    # Time.
    starts_after: float = 0.1  # seconds from StartRecognition to RecognitionStarted
    ack_lag: float | None = 0.11  # seconds from audio to its AudioAdded; None: it never comes
    ack_stall: tuple[int, float] | None = None  # before which AudioAdded (from 1) nothing is told for how many seconds
    rest: float = 0.0  # seconds from EndOfStream to what is left to say
    limit: float | None = None  # seconds of audio after which the vendor ends the session by itself
    refuses: Literal["", "handshake", "message"] = ""  # every key: by HTTP, or by an Error behind the handshake


@define
class Token:
    """A word or a mark as the vendor tells it, and where it really is."""

    text: str
    start: float
    end: float
    true_start: float
    true_end: float
    speaker: str
    number: int = -1  # of a word, from 0; -1: a mark
    eos: bool = False

    @property
    def is_word(self) -> bool:
        return self.number >= 0


def told(number: int, start: float, end: float, after: float, hard: Hard, salt: str) -> tuple[float, float]:
    """Return the times of the *number*-th word, off and on the grid, not before *after*."""
    dice = random.Random(f"{hard.seed}/{salt}/{number}")
    first, last = (at + dice.uniform(-hard.jitter, hard.jitter) for at in (start, end))
    begin = max(after, _on_grid(first))
    return begin, max(begin, _on_grid(last))


def _on_grid(seconds: float) -> float:
    return max(0.0, round(round(seconds / GRID) * GRID, 2))


def rewritten(texts: list[str], turn: int) -> list[str]:
    """Return *texts* with one word wrong: the newest, or every other time the first."""
    at = -(turn % 2)
    return [WORDS[NUMBERS[text] ^ 1] if n == at % len(texts) else text for n, text in enumerate(texts)]
