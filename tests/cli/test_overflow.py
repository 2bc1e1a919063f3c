"""``overflow`` on the command line and in a config file: a minute at once, of which the vendor takes half at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aai_migrate.audio import AudioFormat, wav_bytes

from .conftest import Outcome, Run
from .vendor import Line, vendor


def quiet(line: Line) -> None:
    """Hears nothing."""
    line.begin()
    line.terminate()


@pytest.fixture
def minute(tmp_path: Path) -> Path:
    path = tmp_path / "minute.wav"
    path.write_bytes(wav_bytes(bytes(60 * 32_000), AudioFormat()))
    return path


@pytest.fixture(params=["option", "file"])
def how(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The words that say ``overflow = "POLICY"``, for a policy to be filled in."""
    if request.param == "option":
        return ["-o", "backlog=1", "-o", "overflow=POLICY"]
    toml = tmp_path / "stt.toml"
    toml.write_text('backlog = 1\noverflow = "POLICY"\n')
    return ["--config", str(toml)]


def transcribe(run: Run, minute: Path, how: list[str], policy: str) -> Outcome:
    if how[0] == "--config":
        toml = Path(how[1])
        toml.write_text(toml.read_text().replace("POLICY", policy))
    words = [word.replace("POLICY", policy) for word in how]
    with vendor(quiet) as url:
        return run("transcribe", minute, "-p", "assemblyai-v3", "--base-url", url, "--speed", "0", "--json", *words)


def test_drop_oldest(run: Run, minute: Path, how: list[str]) -> None:
    """What cannot be sent is lost, as gaps, and the exit code says that something is."""
    outcome = transcribe(run, minute, how, "drop_oldest")
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert outcome.code == 3
    assert sum(event["end"] - event["start"] for event in events if event["type"] == "AudioGap") > 20
    assert (events[-1]["complete"], events[-1]["audio_seconds"]) == (False, 60.0)


def test_raise(run: Run, minute: Path, how: list[str]) -> None:
    """The file is given up where it is refused, with one line that says what to do."""
    outcome = transcribe(run, minute, how, "raise")
    assert outcome.code == 1
    assert any("s of audio wait to be sent; feed it again later" in line for line in outcome.remarks)
    assert json.loads(outcome.out.splitlines()[-1])["audio_seconds"] < 60.0


def test_unknown_policy(run: Run, minute: Path, how: list[str]) -> None:
    """Nothing is dialled."""
    outcome = transcribe(run, minute, how, "wait")
    assert outcome.code == 2
    assert outcome.line.endswith("overflow must be one of block, drop_oldest, raise, not 'wait'")
