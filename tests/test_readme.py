"""The README's programs run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from aai_migrate import registry
from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.cli.markdown import markdown, spliced
from aai_migrate.config import NAMES
from aai_migrate.gateway import local
from aai_migrate.session import Limits
from aai_migrate.testing import coded

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SPOKEN = coded.words(3)


@pytest.fixture(autouse=True)
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short call.wav, of coded speech, where the programs look for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "any")
    Path("call.wav").write_bytes(wav_bytes(coded.encode([*SPOKEN, 0.8]), AudioFormat()))


def _run(program: str) -> None:
    exec(compile(program, "README.md", "exec"), {"__name__": "readme"})


def test_connect(capsys: pytest.CaptureFixture[str]) -> None:
    """The first example, but for the address that it dials."""
    with local("coded") as url:
        _run(PROGRAMS[0].replace('connect("assemblyai-v3"', f'connect("assemblyai-v3", base_url="{url}"'))
    shown = [line.rpartition("\r")[2].strip() for line in capsys.readouterr().out.splitlines()]
    assert " ".join(SPOKEN) in shown


def test_callbacks(capsys: pytest.CaptureFixture[str]) -> None:
    """The second: coded speech has no words for the embedded recogniser, but an end."""
    pytest.importorskip("pocketsphinx")
    _run(PROGRAMS[1])
    assert capsys.readouterr().out.splitlines()[-1] == "complete"


def test_asyncio(capsys: pytest.CaptureFixture[str]) -> None:
    """The third, in an event loop."""
    pytest.importorskip("pocketsphinx")
    _run(PROGRAMS[2])
    assert capsys.readouterr().out.splitlines()[-1] == "done"


@pytest.mark.parametrize("program", PROGRAMS[3:])
def test_testing(program: str, tmp_path: Path) -> None:
    """Those for tests assert for themselves."""
    _run(program)


def test_settings_are_complete() -> None:
    """The table of settings names every option there is."""
    table = TEXT.partition("### Settings")[2].partition("### Errors")[0]
    named = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))))
    assert named == NAMES | set(get_type_hints(Limits))


def test_the_table_of_features_is_that_of_the_code() -> None:
    """It is generated, and goes stale with the first row that changes."""
    table = markdown([registry.find(name) for name in registry.PUBLIC])
    fresh = spliced(TEXT, table) == TEXT
    assert fresh, "the table of features in README.md is stale; run: make table (or python .ci/table.py)"


@pytest.mark.parametrize("text", ["", "<!-- features: begin -->", "<!-- features: end --><!-- features: begin -->"])
def test_a_document_without_marks(text: str) -> None:
    """Nothing is written anywhere."""
    with pytest.raises(ValueError, match="once each"):
        spliced(text, "table")
