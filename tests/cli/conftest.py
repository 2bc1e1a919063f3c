"""Running the command in this process."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.cli import main

KEY = "0123456789abcdef-key"


@frozen
class Outcome:
    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line on stderr."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("aai-migrate: ")
        assert "Traceback" not in self.err
        return self.err.removeprefix("aai-migrate: ").strip()

    @property
    def remarks(self) -> list[str]:
        """The lines on stderr, of the summary only the first."""
        lines = self.err.splitlines()
        assert all(line.startswith("aai-migrate: ") for line in lines), self.err
        told = [line.removeprefix("aai-migrate: ") for line in lines]
        return [line for line in told if not line.startswith(("first words: ", "served by: ", "gaps: "))]


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """``main`` with a key in the environment; gives exit code, stdout and stderr."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", KEY)
    monkeypatch.delenv("AAI_MIGRATE_PROVIDER", raising=False)

    def run(*argv: object) -> Outcome:
        capfd.readouterr()
        code = main([str(word) for word in argv])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def tone(seconds: float, fmt: AudioFormat | None = None) -> bytes:
    """A WAV file of a 440 Hz tone."""
    fmt = fmt or AudioFormat()
    samples = (
        round(8000 * math.sin(2 * math.pi * 440 * n / fmt.sample_rate)) for n in range(round(seconds * fmt.sample_rate))
    )
    return wav_bytes(b"".join(struct.pack("<h", s) * fmt.channels for s in samples), fmt)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """One second of 16 kHz mono."""
    path = tmp_path / "clip.wav"
    path.write_bytes(tone(1.0))
    return path
