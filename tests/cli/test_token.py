"""``aai-migrate token``: the token on standard output, and nothing else there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate.credentials import Credential
from aai_migrate.gateway import local
from aai_migrate.testing import coded

from .conftest import KEY, Run

pytest.importorskip("cryptography")
SPOKEN = coded.words(2, seed=5)
AUDIO = coded.encode([*SPOKEN, 1.5])


def only_key(credential: Credential | None) -> str | None:
    return "ana" if credential and credential.secret.reveal() == KEY else None


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway that knows the key in the environment."""
    with local("coded", authenticate=only_key) as url:
        yield url


def heard(name: str, token: str, **more: Any) -> list[str]:
    with aai_migrate.connect(name, token=token, **more) as stream:
        ended = [event for event in stream.transcribe([AUDIO]) if isinstance(event, aai_migrate.Turn)]
    return [turn.transcript for turn in ended if turn.end_of_turn]


def test_a_token_for_a_shell(run: Run, url: str) -> None:
    """One line, which opens a session; when it expires is told beside it."""
    outcome = run("token", "-p", "assemblyai-v3", "--seconds", "60", "--base-url", url)
    assert outcome.code == 0
    assert outcome.out.count("\n") == 1
    assert outcome.line.startswith("expires at 20")
    assert outcome.line.endswith("Z, in 60 s; no session begins with it after that")
    assert KEY not in outcome.out + outcome.err
    assert outcome.out.strip() not in outcome.err
    assert heard("assemblyai-v3", outcome.out.strip(), base_url=url) == [" ".join(SPOKEN)]


def test_a_token_for_a_program(run: Run, url: str) -> None:
    """One JSON object, and silence beside it."""
    before = time.time()
    outcome = run("token", "-p", "assemblyai-v3", "--session-seconds", "600", "--base-url", url, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    told = json.loads(outcome.out)
    assert list(told) == ["provider", "token", "expires_at", "expires"]
    assert told["provider"] == "assemblyai-v3"
    assert before + 60 <= told["expires_at"] <= time.time() + 60
    assert told["expires"].endswith("Z")


def test_a_token_that_fixes_the_session(run: Run, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Gladia's is an address; options, the audio and a config file say what the session is to be."""
    monkeypatch.setenv("OTHER_KEY", KEY)
    config = tmp_path / "stt.toml"
    config.write_text('provider = "gladia"\n[gladia]\nturn_silence = 0.5\n')
    outcome = run("token", "--config", config, "--base-url", url, "--api-key-env", "OTHER_KEY", "-o", "language=de")
    assert outcome.code == 0, outcome.err
    assert outcome.line == "gladia does not say when this token expires"
    address = outcome.out.strip()
    assert address.startswith(f"{url}/v2/live?token=")
    assert heard("gladia", address) == [" ".join(SPOKEN)]
    outcome = run("token", "--config", config, "--base-url", url, "--api-key-env", "OTHER_KEY", "--json")
    assert (json.loads(outcome.out)["expires_at"], json.loads(outcome.out)["expires"]) == (None, None)


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("-p", "assemblyai-v3", "--seconds", "601"), 2, "seconds must be a whole number from 1 to 600"),
        (("-p", "coded"), 2, "coded gives no temporary tokens: it needs no key"),
        (("-p", "deepgramm"), 2, "unknown provider 'deepgramm'"),
        ((), 2, "no provider: name one of"),
        (("-p", "assemblyai-v3", "--base-url", "{url}", "-o", "base_url={url}"), 2, "-o base_url and --base-url both"),
        (("-p", "assemblyai-v3", "--base-url", "{url}", "--api-key-env", "WRONG_KEY"), 1, "Invalid API key (HTTP 401)"),
        (("-p", "assemblyai-v3", "--api-key-env", "NO_KEY"), 2, "assemblyai-v3 needs a key: set NO_KEY"),
    ],
)
def test_what_goes_wrong(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], code: int, says: str
) -> None:
    """One line that says what to do; nothing on standard output."""
    monkeypatch.setenv("WRONG_KEY", "another-key-771")
    outcome = run("token", *(word.format(url=url) for word in argv))
    assert (outcome.code, outcome.out) == (code, "")
    assert says in outcome.line
    assert "another-key-771" not in outcome.err
