"""The score that ``make demo`` and the recordings stand on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .recordings import AUDIO, program

score = program("score")
texts = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_pooled_as_jiwer(pairs: list[tuple[str, str]]) -> None:
    """All clips' errors over all clips' words, empty references included, as jiwer counts."""
    total = score.pooled(score.compare([said], [heard]) for said, heard in pairs)
    theirs = jiwer.process_words([said for said, _ in pairs], [heard for _, heard in pairs])
    assert total.wrong == theirs.substitutions + theirs.deletions + theirs.insertions
    assert total.words == theirs.substitutions + theirs.deletions + theirs.hits
    if total.words:
        assert total.rate == pytest.approx(theirs.wer)


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
def test_verdict(tmp_path: Path, lines: list[str], code: int, says: str) -> None:
    """More than 10 % wrong or a truncated transcript fails."""
    (tmp_path / "x.txt").write_text("One two.\n")
    out = io.StringIO()
    assert score.main(str(tmp_path / "x.txt"), lines, out) == code
    assert says in out.getvalue()


def _transcripts(folder: Path, heard: dict[str, tuple[str, list[str]]]) -> list[Path]:
    """Write, for each name, its reference and the lines of its transcript; return the transcripts."""
    for name, (said, lines) in heard.items():
        (folder / f"{name}.txt").write_text(said)
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return [folder / f"{name}.jsonl" for name in heard]


TWENTY = " ".join(f"w{number}" for number in range(20))


@pytest.mark.parametrize(
    ("heard", "code", "says"),
    [
        (
            {
                "one": ("One.\nTwo!\n", [_turn("one", end=True), _turn("too", end=True), END]),
                "many": (f"{TWENTY}\n", [_turn("w0", end=False), _turn(TWENTY, end=True), END]),
                "none": ("", [END]),
            },
            0,
            [
                "        turns  words  wrong     WER",
                "one       2/2      2      1   50.0%",
                "many      1/1     20      0    0.0%",
                "none      0/0      0      0       –",
                "pooled    3/3     22      1    4.5%",
                "WER: 4.5% (1 of 22 words; the limit is 10%)",
            ],
        ),
        (
            {"one": ("one two\n", [_turn("one too", end=True), END]), "ten": (f"{TWENTY}\n", [END])},
            1,
            ["pooled    1/2     22     21   95.5%"],
        ),
        ({"none": ("", [_turn("huh", end=True), END])}, 1, ["none      1/0      0      1       –"]),
        (
            {"cut": ("one\n", [_turn("one", end=True)])},
            1,
            ["cut       1/1      1      0    0.0%  the transcript did not come to its end"],
        ),
    ],
)
def test_several(tmp_path: Path, heard: dict[str, tuple[str, list[str]]], code: int, says: list[str]) -> None:
    """A line a clip and one for all; what is wrong in all decides, and a truncated transcript."""
    out = io.StringIO()
    assert score.several(_transcripts(tmp_path, heard), tmp_path, out) == code
    assert set(says) <= set(out.getvalue().splitlines())


def test_subtitles(tmp_path: Path) -> None:
    """The text of subtitles is compared, without numbers and times; a cue may have two lines."""
    (tmp_path / "a.txt").write_text("one two three four\n")
    cues = ["1\n00:00:00,520 --> 00:00:02,050\none two\nthree\n", "2\n00:00:03,850 --> 00:00:06,060\nfive\n"]
    (tmp_path / "a.srt").write_text("\n".join(cues))
    out = io.StringIO()
    assert score.several([tmp_path / "a.srt"], tmp_path, out) == 1
    assert "WER: 25.0% (1 of 4 words" in out.getvalue()


def test_command(tmp_path: Path) -> None:
    """One text reads the transcript from standard input; transcripts are found beside their texts."""
    heard = [_turn("one two", end=True), END]
    paths = _transcripts(tmp_path, {"a": ("One two.\n", heard), "b": ("One.\n", heard)})

    def run(*argv: Path | str, feed: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, AUDIO / "score.py", *argv]
        return subprocess.run(command, input=feed, capture_output=True, encoding="utf-8", check=False)

    one = run(tmp_path / "a.txt", feed="\n".join(heard))
    assert (one.returncode, one.stderr) == (0, "")
    assert "WER: 0.0% (0 of 2 words" in one.stdout
    both = run("--references", tmp_path, *paths)
    assert (both.returncode, both.stderr) == (1, "")
    assert "WER: 33.3% (1 of 3 words" in both.stdout
