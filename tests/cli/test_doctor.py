"""``aai-migrate doctor``: lines for people, an array for programs, and an exit code."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from aai_migrate.cli import main
from aai_migrate.cli.doctor import line
from aai_migrate.doctor import Finding

from .conftest import KEY, Run


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies, and no key but the one that ``run`` sets."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("DEEPGRAM_API_KEY", "GLADIA_API_KEY", "SPEECHMATICS_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_lines(run: Run) -> None:
    """One for each finding, without colours in a pipe, and the count below; warnings alone are no failure."""
    outcome = run("doctor", "--provider", "assemblyai-v3")
    assert (outcome.code, outcome.err) == (0, "")
    *lines, count = outcome.out.splitlines()
    assert "\x1b" not in outcome.out
    assert any(
        each == "ok       keys        ASSEMBLYAI_API_KEY: set and well-formed, for assemblyai-v3" for each in lines
    )
    assert {each.split()[0] for each in lines} <= {"ok", "warning", "skipped"}
    assert "0 failed" in count
    assert KEY not in outcome.out


def test_warnings_alone_are_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be meant."""
    monkeypatch.setenv("all_proxy", "http://proxy:3128")
    outcome = run("doctor", "--provider", "coded")
    assert outcome.code == 0
    assert "\nwarning  proxy       all_proxy: is not asked by this library -> set https_proxy instead\n" in outcome.out


def test_json_has_the_same(run: Run) -> None:
    """One array of objects with five members."""
    outcome = run("doctor", "--provider", "deepgram", "--json")
    found = json.loads(outcome.out)
    assert {tuple(each) for each in found} == {("check", "subject", "state", "found", "fix")}
    (key,) = [each for each in found if each["check"] == "keys"]
    assert key == {
        "check": "keys",
        "subject": "DEEPGRAM_API_KEY",
        "state": "failed",
        "found": "not set, for deepgram",
        "fix": "export DEEPGRAM_API_KEY=… with your key",
    }
    assert outcome.code == 1
    assert len(run("doctor", "--provider", "deepgram").out.splitlines()) == len(found) + 1


def test_a_config_file(run: Run, tmp_path: Path) -> None:
    """Refused options of the provider in use fail, a file that is none does too."""
    path = tmp_path / "stt.toml"
    path.write_text("diarization = true\n[deepgram]\nregion = 'xx'\n", encoding="utf-8")
    outcome = run("doctor", "--config", path, "--provider", "coded")
    assert outcome.code == 1
    lines = [each for each in outcome.out.splitlines() if f"{path} for" in each]
    assert lines[0].startswith(f"failed   config      {path} for coded: coded has no diarization -> ")
    assert lines[1].startswith(f"warning  config      {path} for deepgram: region must be ")
    path.write_text("diarisation = true\n", encoding="utf-8")
    outcome = run("doctor", "--config", path)
    assert outcome.code == 1
    assert f"{path}: unknown setting 'diarisation' -> did you mean diarization" in outcome.out


def test_a_plug_in_that_does_not_import(run: Run, broken: None) -> None:
    """It is a line, and all the others are there."""
    outcome = run("doctor")
    assert (outcome.code, outcome.err) == (1, "")
    failed = [each for each in outcome.out.splitlines() if each.startswith("failed")]
    assert len(failed) == 1
    assert (
        "broken: the plug-in of provider 'broken' (no_module:PROVIDER) does not import: No module named 'no_module'"
        in failed[0]
    )
    assert "\nskipped  network " in outcome.out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--provider", "codde"), "unknown provider 'codde'; did you mean coded?"),
        (("--provider", "coded/"), "provider 'coded/' is not of the form name or name/model"),
        (("--onlin",), "unknown option --onlin; did you mean --config or --json or --online?"),
        (("extra",), "got unexpected extra argument (extra); see aai-migrate doctor --help"),
    ],
)
def test_wrong_use(run: Run, argv: tuple[str, ...], says: str) -> None:
    """Exit code 2 and one line."""
    outcome = run("doctor", *argv)
    assert (outcome.code, outcome.out, outcome.line) == (2, "", says)


def test_help_tells_the_exit_codes(run: Run) -> None:
    """What a script goes by."""
    text = " ".join(run("doctor", "--help").out.split())
    assert "Exit codes: 0 nothing failed, warnings or not; 1 something failed; 2 wrong use." in text


class Terminal(io.StringIO):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("name", "value", "coloured"), [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False)]
)
def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch, name: str, value: str, coloured: bool) -> None:
    """Only where it knows them, and where NO_COLOR does not forbid them."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    with redirect_stdout(Terminal()) as out:
        assert main(["doctor", "--provider", "coded"]) == 0
    assert ("\x1b[32mok     \x1b[0m  versions    Python: " in out.getvalue()) is coloured
    assert ("\x1b" in out.getvalue()) is coloured


def test_a_line() -> None:
    """State, check, subject, what is found, and the fix; what a plug-in says cannot make a terminal obey."""
    finding = Finding("keys", "A\x1b[2J", "failed", "it\nis", "do this")
    assert line(finding, colours=False) == "failed   keys        A [2J: it is -> do this"
    assert line(Finding("keys", "A", "ok", "so"), colours=True) == "\x1b[32mok     \x1b[0m  keys        A: so"
