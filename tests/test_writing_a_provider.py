"""The page about writing a provider: its programs run, and its pieces of files are those of the example."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aai_migrate import registry

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "tiny_provider"
TEXT = (ROOT / "docs" / "writing-a-provider.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
FILE = re.compile(r"# (\S+\.\w+)\n(.*)", re.DOTALL)
PIECES = [found.groups() for _, block in BLOCKS if (found := FILE.match(block))]
PROGRAMS = [block for kind, block in BLOCKS if kind == "python" and not FILE.match(block)]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example, known to this process as if it were installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLE)
    before = set(sys.modules)
    provider = importlib.import_module("aai_migrate_tiny").PROVIDER
    registry.register(provider)
    yield
    registry.unregister(provider.name)
    for name in set(sys.modules) - before:
        if name.startswith("aai_migrate_tiny"):
            del sys.modules[name]


def test_there_is_no_other_block() -> None:
    """Each is a program, a piece of a file, or what test_third_party runs."""
    assert len(BLOCKS) == len(PIECES) + len(PROGRAMS) + 1
    assert {kind for kind, _ in BLOCKS} == {"python", "toml", "console"}
    assert len(PIECES) >= 5


@pytest.mark.parametrize(("path", "piece"), PIECES, ids=[str(path) for path, _ in PIECES])
def test_a_piece_of_a_file_is_in_the_example(path: str, piece: str) -> None:
    """Line by line, as it stands there; what the suite runs is the file."""
    assert piece.strip("\n") in (EXAMPLE / path).read_text(encoding="utf-8")


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_runs(number: int) -> None:
    """Each asserts for itself what it shows."""
    exec(compile(PROGRAMS[number], "writing-a-provider.md", "exec"), {"__name__": "page"})
