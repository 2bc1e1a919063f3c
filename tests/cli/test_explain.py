"""``aai-migrate explain``: what would be sent, without a key and without a network."""

from __future__ import annotations

import io
import json
import socket
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from aai_migrate import connect
from aai_migrate.cli import main
from aai_migrate.errors import AaiMigrateError
from aai_migrate.registry import PUBLIC

from .conftest import KEY, Run
from .test_providers import table


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is dialled, and no vendor's key is there."""

    def dialled(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", dialled)
    for name in ("DEEPGRAM_API_KEY", "SPEECHMATICS_API_KEY", "GLADIA_API_KEY", "AAI_MIGRATE_PROVIDER"):
        monkeypatch.delenv(name, raising=False)


def facts(run: Run, *argv: str) -> dict[str, Any]:
    outcome = run("explain", *argv, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_for_people(run: Run) -> None:
    """Tables: the session, each step, what was set, what is sent and whence, what is left, and remarks."""
    outcome = run(
        "explain", "-p", "gladia", "--language", "de", "-o", "diarization=true", "-o", "on_unsupported=warn",
        "--sample-rate", "11025",
    )  # fmt: skip
    assert (outcome.code, outcome.err, "\x1b" in outcome.out) == (0, "", False)
    out = outcome.out
    session = dict(line.split("  ", 1) for line in out.partition("Session\n")[2].partition("\n\n")[0].splitlines())
    assert {name: text.strip() for name, text in session.items()} == {
        "provider": "gladia",
        "model": "the vendor's own",
        "key": "from GLADIA_API_KEY, which is not set",
        "audio": session["audio"].strip(),
        "on the wire": "16000 Hz pcm_s16le mono",
    }
    assert "11025 Hz pcm_s16le mono; converted: 11025 -> 16000 Hz by" in session["audio"]
    assert "\n1. Request\nPOST          https://api.gladia.io/v2/live\nContent-Type  application/json\n" in out
    assert "\n2. Connect\nurl  wss://api.gladia.io/v2/live?token=…\n" in out or "token=..." in out
    given = table(out, "What you set")
    assert given["language"] == ["de", "language_config.languages", "approximate: regions are left out"]
    assert given["diarization"][:2] == ["true", "dropped"]
    assert given["diarization"][2].startswith("gladia has no diarization; ")
    sent = table(out, "What is sent")
    assert sent["endpointing"] == ["0.7", "ours", "unasked: turn_silence"]
    assert sent["language_config.languages"] == ['["de"]', "you", "language"]
    assert sent["bit_depth"] == ["16", "ours", "for the wire: encoding"]
    assert table(out, "Left to the vendor's own default")["keyterms"] == ["realtime_processing"]
    assert table(out, "Remarks")["unsupported"] == ["gladia has no diarization; going on without it"]


def test_for_programs(run: Run) -> None:
    """One object; of the key only the variable, and whether it is set."""
    found = facts(run, "-p", "assemblyai-v3", "-o", "turn_silence=0.4")
    assert (found["provider"], found["model"]) == ("assemblyai-v3", "u3-rt-pro")
    assert (found["key"], found["key_is_set"], found["refused"]) == ("ASSEMBLYAI_API_KEY", True, None)
    assert found["steps"][0]["url"] == (
        "wss://streaming.assemblyai.com/v3/ws?sample_rate=16000&encoding=pcm_s16le&speech_model=u3-rt-pro"
        "&min_turn_silence=400"
    )
    assert {"word": "min_turn_silence", "value": 400, "origin": "caller", "option": "turn_silence"} in found["sent"]
    assert found["audio"] == {"sample_rate": 16000, "encoding": "pcm_s16le", "channels": 1}
    assert facts(run, "-p", "deepgram")["key_is_set"] is False
    assert facts(run, "-p", "local")["key"] is None
    assert "none needed" in run("explain", "-p", "local").out


def test_settings_are_those_of_connect(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument goes before the environment, and that before the file; the file's variable holds the key."""
    file = tmp_path / "stt.toml"
    file.write_text(
        'provider = "gladia"\nlanguage = "de"\nsample_rate = 8000\n'
        '[deepgram]\nturn_silence = 0.3\nsmart_format = true\napi_key_env = "TEAM_KEY"\n'
    )
    assert facts(run, "--config", str(file))["provider"] == "gladia"
    monkeypatch.setenv("AAI_MIGRATE_PROVIDER", "deepgram/nova-2")
    monkeypatch.setenv("TEAM_KEY", KEY)
    found = facts(run, "--config", str(file), "--language", "en", "--encoding", "pcm_mulaw")
    assert (found["provider"], found["model"]) == ("deepgram", "nova-2")
    assert (found["key"], found["key_is_set"]) == ("TEAM_KEY", True)
    assert found["audio"] == {"sample_rate": 8000, "encoding": "pcm_mulaw", "channels": 1}
    sent = {each["word"]: each["value"] for each in found["sent"]}
    assert (sent["language"], sent["endpointing"], sent["smart_format"]) == ("en", 300, True)
    other = facts(run, "--config", str(file), "-p", "deepgram", "--api-key-env", "OTHER_KEY", "-o", "sample_rate=16000")
    assert (other["key"], other["key_is_set"], other["audio"]["sample_rate"]) == ("OTHER_KEY", False, 16000)


@pytest.mark.parametrize(
    ("provider", "options"),
    [
        ("assemblyai-v2", {}),
        ("gladia", {"diarization": True, "turn_silence": 30.0}),
        ("deepgram", {"languages": ["xx", "yy"]}),
        ("deepgramm", {}),
        ("speechmatics", {"turn_silence": 0, "formatting": False}),
        ("deepgram", {"turn_silens": 1}),
        ("local", {"language": "de"}),
        ("assemblyai-v3", {"channels": "separate", "audio_channels": 2}),
        ("deepgram", {"audio_channels": 3}),
    ],
)
def test_errors_are_those_of_connect(run: Run, provider: str, options: dict[str, Any]) -> None:
    """Word for word, in one line, and exit code 2."""
    words = [word for name, value in options.items() for word in ("-o", f"{name}={json.dumps(value)}")]
    outcome = run("explain", "-p", provider, *words)
    with pytest.raises(AaiMigrateError) as error:
        connect(provider, api_key=None if provider == "local" else "any", **options)
    assert (outcome.code, outcome.out, outcome.line) == (2, "", str(error.value))


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ((), "no provider: name one of"),
        (("-p", "deepgram", "--model", "a", "-o", "model=b"), "model is given twice, by -o and by --model"),
        (("-p", "deepgram", "--sample-rate", "8000", "-o", "sample_rate=8000"), "sample_rate is given twice"),
        (("-p", "deepgram", "--api-key-env", "not a name"), "api_key_env must name an environment variable"),
        (("-p", "local", "--api-key-env", "SOME"), "local needs no key; leave api_key_env out"),
        (("-p", "deepgram", "--config", "no-such.toml"), "no-such.toml: No such file"),
        (("-p", "deepgram", "--provdier"), "unknown option --provdier"),
    ],
)
def test_wrong_use(run: Run, argv: tuple[str, ...], line: str) -> None:
    """One line that names the thing, and exit code 2."""
    outcome = run("explain", *argv)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith(line)


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("provider", PUBLIC)
def test_no_key_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch, provider: str, form: tuple[str, ...]) -> None:
    """Whatever the environment holds."""
    for name in ("DEEPGRAM_API_KEY", "SPEECHMATICS_API_KEY", "GLADIA_API_KEY", "ASSEMBLYAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    outcome = run("explain", "-p", provider, "--base-url", "ws://127.0.0.1:1", "--debug", *form)
    assert (outcome.code, outcome.err) == (0, "")
    assert KEY not in outcome.out
    assert "is set" in outcome.out or "key_is_set" in outcome.out or provider == "local"


def test_what_our_server_refuses(run: Run) -> None:
    """It is a remark: only the vendor knows whether he does."""
    outcome = run("explain", "-p", "deepgram", "-o", "deepgram.callback=https://x.test/secret-place")
    assert outcome.code == 0
    assert table(outcome.out, "Remarks")["refused"][0].startswith("our own server of this protocol would refuse it")
    assert "secret-place" not in outcome.out


def test_help(run: Run) -> None:
    """Examples, and what stands for what."""
    out = run("explain", "--help").out
    assert "Examples:\n    aai-migrate explain -p assemblyai-v3\n" in out
    assert "nothing is dialled" in out


class Typewriter(io.TextIOWrapper):
    """A terminal that knows ASCII alone."""

    def __init__(self) -> None:
        self.paper = io.BytesIO()
        super().__init__(self.paper, encoding="ascii")

    def isatty(self) -> bool:
        return True


def test_a_terminal_without_our_signs() -> None:
    """What it cannot print is written otherwise."""
    screen = Typewriter()
    with redirect_stdout(screen):
        assert main(["explain", "-p", "gladia"]) == 0
    screen.flush()
    assert b"wss://api.gladia.io/v2/live?token=~" in screen.paper.getvalue()
