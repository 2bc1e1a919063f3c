"""The program that compares all ways of transcribing the recordings."""

from __future__ import annotations

import io
from typing import Any

import pytest

from aai_migrate import Termination, Turn

from .recordings import program

clips, matrix = program("clips").clips, program("matrix")
SLOW = matrix.Way("assemblyai-v3", 1.0, "asyncio")


def turn(*words: str, start: float = 1.0, channel: int = 0) -> Any:
    return matrix.Ended(channel, words, start, start + 1)


@pytest.mark.parametrize(
    ("heard", "same"),
    [
        ((turn("a", "b"), turn("c")), True),
        ((turn("a", "b", start=1.04), turn("c")), True),
        ((turn("a", "b", start=1.06), turn("c")), False),
        ((turn("a"), turn("b", "c")), False),
        ((turn("a", "b"), turn("c", channel=1)), False),
        ((turn("a", "b"),), False),
        ((turn("a", "b"), turn("c"), turn("c")), False),
        ((), False),
    ],
)
def test_same(heard: tuple[Any, ...], same: bool) -> None:
    """Turns are equal one by one: channel and words exactly, times to 50 ms."""
    assert matrix.same(heard, (turn("a", "b"), turn("c"))) is same


def test_ended() -> None:
    """Only ended turns count, and only of a stream that heard everything."""
    said = Turn(turn_order=0, transcript="One, Two.", end_of_turn=True, start=1.0, end=2.0)
    open_ = Turn(turn_order=0, transcript="One", end_of_turn=False, start=1.0, end=1.5)
    whole, cut = Termination(complete=True, reason="stop"), Termination(complete=False, reason="lost")
    assert matrix.ended([open_, said, whole]) == (turn("one", "two"),)
    for events in ([open_, said, cut], [said], [], [Turn(turn_order=0, transcript="x", end_of_turn=True), whole]):
        with pytest.raises(ValueError, match=r"end|times"):
            matrix.ended(events)


@pytest.mark.parametrize(
    ("plain", "slow", "says", "cell"),
    [
        ("right", "right", [], "="),
        ("right", "other", ["assemblyai-v3, speed 1, asyncio: other turns\n    - 1.00 to 2.00 s, channel 0: "], "≠"),
        ("right", OSError("no"), ["assemblyai-v3, speed 1, asyncio: OSError('no')"], "!"),
        ("other", "other", ["2 turns, not 3", "coded words are wrong"], "="),
        (OSError("no"), "right", ["its ear failed: OSError('no')"], "!"),
    ],
)
def test_differences(plain: Any, slow: Any, says: list[str], cell: str) -> None:
    """Each kind of difference is told, and shown in the table."""
    (clip,) = clips("coded")
    right = tuple(turn(*line.split()) for line in clip.reference)
    kinds = {"right": right, "other": right[1:]}
    results = {
        (clip.name, way): outcome if isinstance(outcome, Exception) else kinds[outcome]
        for way, outcome in ((matrix.PLAIN, plain), (SLOW, slow))
    }
    told = list(matrix.differences(clip, results, [SLOW]))
    assert len(told) == len(says)
    assert all(line.startswith(f"coded: {start}") for line, start in zip(told, says, strict=True))
    assert list(matrix.grid([clip], results, [SLOW]))[1].split() == ["coded", cell]


def test_command() -> None:
    """Coded speech is the same in every way; what cannot be reached fails."""
    out, ways = io.StringIO(), 4 * (1 + len(matrix.PROVIDERS))
    assert matrix.main(["coded", "coded-phone", "--speed", "0", "--speed", "100"], out) == 0
    assert out.getvalue().splitlines()[1].split() == ["coded", *["="] * ways]
    assert matrix.main(["coded", "--speed", "0", "--provider", "nobody"], io.StringIO()) == 1
