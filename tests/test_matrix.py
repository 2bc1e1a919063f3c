"""The program that compares all ways of transcribing the recordings."""

from __future__ import annotations

import io
from typing import Any

import pytest

from aai_migrate.testing import EndedTurn

from .recordings import program

clips, matrix = program("clips").clips, program("matrix")
SLOW = matrix.Way("assemblyai-v3", 1.0, "asyncio")


def turn(*words: str) -> EndedTurn:
    return EndedTurn(0, words, 1.0, 2.0)


@pytest.mark.parametrize(
    ("plain", "slow", "says", "cell"),
    [
        ("right", "right", [], "="),
        (
            "right",
            "other",
            ["assemblyai-v3, speed 1, asyncio (+) heard other turns than its ear (-)\n  - 1.00 to 2.00 s, channel 0: "],
            "≠",
        ),
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
