"""The script that breaks rules, and its table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import mutants
from .mutants import ROOT, Mutant, attempt, load, wrong

VENDORS = ("assemblyai_v2", "assemblyai_v3", "deepgram", "gladia", "speechmatics")
RULE = '"""A rule."""\n\n\ndef limit(value: int) -> int:\n    return min(value, 9)\n'
TESTS = """\
from rules import limit

def test_beyond(): assert limit(10) == 9
def test_within(): assert limit(3) == 3
"""


def mutant(new: str, *, old: str = "return min(value, 9)", tests: tuple[str, ...] = ("test_rules.py",)) -> Mutant:
    return Mutant("a", "9 is the most", "rules.py", old, new, tests)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with one rule and two tests of it."""
    (tmp_path / "rules.py").write_text(RULE)
    (tmp_path / "test_rules.py").write_text(TESTS)
    return tmp_path


def test_every_breakage_fits_the_tree() -> None:
    """Each text is there once, is Python without it too, and has tests that are there."""
    assert wrong(load()) == []


def test_every_vendor_and_both_halves_are_broken() -> None:
    """And the core, of which the rest is."""
    files = [mutant.file for mutant in load()]
    for vendor in VENDORS:
        of_vendor = [file for file in files if f"/{vendor}/" in file]
        assert len(of_vendor) >= 8
    for place in ("session/", "audio/", "gateway/", "drivers/", "turns.py", "options.py", "credentials.py"):
        assert any(file.startswith(f"aai_migrate/{place}") for file in files)


@pytest.mark.parametrize(
    ("new", "said", "test"),
    [
        ("return value", "killed", "test_rules.py::test_beyond"),
        ("return min(9, value)", "SURVIVED", ""),
        ("raise ValueError", "killed", "test_rules.py::test_beyond"),
        ("return value\nraise ValueError", "NO VERDICT, pytest ended with 2", "test_rules.py"),
    ],
)
def test_a_verdict(tree: Path, new: str, said: str, test: str) -> None:
    """A test that fails is one; what no test notices survives; a module that cannot be imported says nothing."""
    verdict = attempt(mutant(new), tree)
    assert (str(verdict), verdict.test) == (said, test)
    assert (tree / "rules.py").read_text() == RULE


def test_tests_that_take_too_long_are_stopped(tree: Path) -> None:
    """Which is no verdict either."""
    verdict = attempt(mutant("return value"), tree, longest=0.0)
    assert (str(verdict), verdict.killed) == ("TOOK TOO LONG", False)
    assert (tree / "rules.py").read_text() == RULE


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (mutant("pass", old="return max("), "a: its text is 0 times in rules.py, not once; bring it up to date"),
        (mutant("pass", old="value"), "a: its text is 2 times in rules.py, not once; bring it up to date"),
        (mutant("return ("), "a: rules.py is no Python with it: '(' was never closed"),
        (mutant("pass", tests=("test_gone.py",)), "a: there is no test_gone.py"),
        (mutant("pass", tests=("test_rules.py::test_gone",)), "a: there is no test_rules.py::test_gone"),
    ],
)
def test_what_is_out_of_date_is_said(tree: Path, broken: Mutant, said: str) -> None:
    """A breakage that does not fit any more breaks nothing, and must not pass for one."""
    assert wrong([broken], tree) == [said]


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one of them; nothing is run."""
    first = load()[0]
    assert mutants.main(["--list", "--only", first.name]) == 0
    assert capsys.readouterr().out == f"{first.name}: {first.rule} ({first.file})\n"


def test_a_name_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, and nothing is run."""
    assert mutants.main(["--only", "nobody"]) == 2
    assert capsys.readouterr().err == "mutants: there is no nobody; see --list\n"


def test_the_copy_is_what_is_tested(tree: Path) -> None:
    """Not what is installed, nor the checkout: both come later on the path."""
    (tree / "providers").mkdir()
    (tree / "aai_migrate.py").write_text("")
    (tree / "test_rules.py").write_text(
        "import sys, aai_migrate\n"
        f"def test_path(): assert aai_migrate.__file__ == {str(tree / 'aai_migrate.py')!r}\n"
        f"def test_python(): assert sys.executable == {sys.executable!r}\n"
    )
    assert mutants.run(tree, ["test_rules.py"]).code == 0
    assert (ROOT / "aai_migrate" / "__init__.py").is_file()
