"""``transcribe --emulate``: client half, server half and an ear, in one command without a key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.testing import coded

from .conftest import Run

AUDIO = Path(__file__).parents[2] / "fixtures" / "audio"


def _words(text: str) -> list[str]:
    return "".join(char for char in text.lower() if char not in ".,?!").split()


def _heard(out: str) -> list[str]:
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["complete"] is True
    return [word for event in events if event.get("end_of_turn") for word in _words(event["transcript"])]


@pytest.mark.parametrize("provider", ["assemblyai", "deepgram", "deepgram/flux-general-en", "gladia"])
@pytest.mark.parametrize("form", [AudioFormat(), AudioFormat(8000, "pcm_mulaw"), AudioFormat(48_000, "pcm_s16le", 2)])
def test_coded(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: AudioFormat, provider: str) -> None:
    """Coded speech comes back word for word, whatever the audio format and the protocol; no key is needed."""
    monkeypatch.delenv("ASSEMBLYAI_API_KEY")
    spoken = coded.words(12, seed=4)
    path = tmp_path / "coded.wav"
    path.write_bytes(wav_bytes(coded.encode([*spoken[:5], 1.5, *spoken[5:], 1.5], form), form))
    outcome = run("transcribe", "--emulate=coded", path, "--provider", provider, "--speed", "0", "--json")
    assert outcome.code == 0
    assert [remark.rpartition(", ")[2] for remark in outcome.remarks] == ["complete"]
    assert _heard(outcome.out) == list(spoken)


def test_local(run: Run) -> None:
    """--emulate may stand before the file; behind it is the embedded recogniser."""
    pytest.importorskip("pocketsphinx")
    outcome = run("transcribe", "--emulate", AUDIO / "awb.wav", "-p", "assemblyai-v3", "--speed", "0", "--text")
    assert outcome.code == 0
    reference = set(_words((AUDIO / "awb.txt").read_text(encoding="utf-8")))
    assert len(reference & set(_words(outcome.out))) > 0.9 * len(reference)


def test_settings_from_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config may name the provider, whose protocol is then emulated; what the command line says goes first."""
    monkeypatch.delenv("ASSEMBLYAI_API_KEY")
    spoken = coded.words(4, seed=2)
    path, config = tmp_path / "coded.wav", tmp_path / "stt.toml"
    path.write_bytes(wav_bytes(coded.encode([*spoken, 1.5]), AudioFormat()))
    config.write_text('provider = "assemblyai-v3"\n[assemblyai-v3]\nmodel = "u3-rt-pro"\n')
    outcome = run("transcribe", path, "--config", config, "--emulate=coded", "--speed", "0", "--json")
    assert (outcome.code, _heard(outcome.out)) == (0, list(spoken))
    assert json.loads(outcome.out.splitlines()[0])["provider"] == "assemblyai-v3"
    outcome = run("transcribe", path, "--config", config, "-p", "coded", "--speed", "0", "--json")
    assert json.loads(outcome.out.splitlines()[0])["provider"] == "coded"


def test_a_service_that_is_retired(run: Run, tmp_path: Path) -> None:
    """Its protocol can still be spoken here, words, times and all."""
    spoken, path = coded.words(4, seed=2), tmp_path / "coded.wav"
    path.write_bytes(wav_bytes(coded.encode([*spoken, 1.5]), AudioFormat()))
    outcome = run("transcribe", path, "-p", "assemblyai-v2", "--emulate=coded", "--speed", "0", "--json")
    assert (outcome.code, _heard(outcome.out)) == (0, list(spoken))


def test_without_gateway(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    """Without its extra --emulate says how to install it."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [name for name in sys.modules if name.startswith("aai_migrate.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    outcome = run("transcribe", clip, "-p", "assemblyai-v3", "--emulate")
    assert outcome.code == 2
    assert outcome.line == "the gateway needs an extra: pip install 'aai_migrate[gateway]'"
