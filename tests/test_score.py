"""The score that ``make demo`` stands on."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[1] / "fixtures" / "audio" / "score.py"


@pytest.fixture(scope="module")
def score() -> Any:
    spec = importlib.util.spec_from_file_location("score", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("reference", "heard", "wrong"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("", "a", 1),
        ("a b c d", "b c d e", 2),
    ],
)
def test_errors(score: Any, reference: str, heard: str, wrong: int) -> None:
    """Substitutions, deletions and insertions count one each, and the fewest of them."""
    assert score.errors(reference.split(), heard.split()) == wrong


def _turn(text: str, *, end: bool) -> str:
    return json.dumps({"type": "Turn", "transcript": text, "end_of_turn": end, "start": 0.5})


END = json.dumps({"type": "Termination", "complete": True})


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ([_turn("One, two", end=False), _turn("One, two?", end=True), END], 0, "WER: 0.0% (0 of 2 words"),
        ([_turn("one too", end=True), END], 1, "WER: 50.0% (1 of 2 words"),
        ([END], 1, "WER: 100.0%"),
        ([_turn("one two", end=True)], 1, "did not come to its end"),
        ([_turn("one two", end=True), END.replace("true", "false")], 1, "did not come to its end"),
        ([], 1, "did not come to its end"),
    ],
)
def test_verdict(score: Any, tmp_path: Path, lines: list[str], code: int, says: str) -> None:
    """More than 10 % wrong or a truncated transcript fails."""
    (tmp_path / "x.txt").write_text("One two.\n")
    out = io.StringIO()
    assert score.main(str(tmp_path / "x.txt"), lines, out) == code
    assert says in out.getvalue()
