"""Deliberate breakages of rules, each of which a test has to notice: ``python tests/mutants.py [--list] [--jobs N]``.

``mutants.toml`` has the table. One after the other is put into a copy of the tree, never into the tree itself, and the
tests that should notice are run there; before that they are run once without any. The outcome is a table in Markdown.
Whoever changes a line that a breakage is made of changes it in the table too; ``test_mutants.py`` says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_suffix(".toml")
COPIED = ("aai_migrate", "providers", "tests", "fixtures", "aai_migrate_command.py", "pyproject.toml", "README.md")
"""What the tests need of the tree."""
LONGEST, LONGEST_CLEAN = 120.0, 900.0
"""Seconds that the tests of one breakage may take, and all of them together without any."""
PLUGINS = ("-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0")
"""No others, which take longer to load than most of these tests do; and the same examples in every run."""
TESTS_FAILED = 1
"""How pytest ends where tests ran and some failed; whatever else it says is no verdict on a rule."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


@frozen
class Mutant:
    """One breakage.

    Attributes:
        name: what it is called.
        rule: what it breaks, as the rule is.
        file: where, from the root of the tree.
        old, new: the text that is there, just once, and what takes its place.
        tests: what should notice, as pytest is told: files, or single tests in them.
    """

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return *source* with the breakage in it.

        Raises:
            ValueError: it has the text not just once, or is no Python any more.
        """
        if (count := source.count(self.old)) != 1:
            raise ValueError(f"{self.name}: its text is {count} times in {self.file}, not once; bring it up to date")
        broken = source.replace(self.old, self.new)
        try:
            compile(broken, self.file, "exec")
        except SyntaxError as error:
            raise ValueError(f"{self.name}: {self.file} is no Python with it: {error.msg}") from None
        return broken


@frozen
class Verdict:
    """What became of one run of tests.

    Attributes:
        code: how pytest ended; None: it took too long.
        test: the first that failed, without its parameters; "": none did.
        output: what pytest said.
        seconds: how long it took.
    """

    code: int | None
    test: str
    output: str
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether a test failed, as a test does."""
        return self.code == TESTS_FAILED and bool(self.test)

    def __str__(self) -> str:
        if self.killed:
            return "killed"
        return {0: "SURVIVED", None: "TOOK TOO LONG"}.get(self.code, f"NO VERDICT, pytest ended with {self.code}")


def load(table: Path = TABLE) -> list[Mutant]:
    """Return the breakages of *table*, in its order."""
    listed = tomllib.loads(table.read_text(encoding="utf-8"))
    return [Mutant(name, **{**row, "tests": tuple(row["tests"])}) for name, row in listed.items()]


def wrong(mutants: Iterable[Mutant], root: Path = ROOT) -> list[str]:
    """Say what is wrong with *mutants*: each has to fit the tree at *root*, and its tests have to be there."""
    found = []
    for mutant in mutants:
        try:
            mutant.applied((root / mutant.file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            found.append(str(error))
        for test in mutant.tests:
            path, *names = test.split("::")
            text = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else None
            there = text is not None and all(re.search(rf"\b{name}\b", text) for name in names)
            found += [] if there else [f"{mutant.name}: there is no {test}"]
    return found


def run(tree: Path, tests: Sequence[str], *options: str, longest: float = LONGEST) -> Verdict:
    """Run *tests* of the copy at *tree*, whatever is installed, for *longest* seconds at most."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rfE", *PLUGINS, *options, *tests]
    path = os.pathsep.join(map(str, (tree, tree / "providers")))
    env = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "500"}
    begun = time.monotonic()
    with subprocess.Popen(
        command, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            output, code = process.communicate(timeout=longest)[0], process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, code = process.communicate()[0], None
    first = _FAILED.search(output)
    return Verdict(code, first[1] if first else "", output, time.monotonic() - begun)


def attempt(mutant: Mutant, tree: Path, longest: float = LONGEST) -> Verdict:
    """Run the tests of *mutant* in the copy at *tree* with the breakage in it, and take it out again."""
    file = tree / mutant.file
    source = file.read_text(encoding="utf-8")
    file.write_text(mutant.applied(source), encoding="utf-8")
    try:
        _forget(file)
        return run(tree, mutant.tests, "-x", longest=longest)
    finally:
        file.write_text(source, encoding="utf-8")
        _forget(file)


def _forget(file: Path) -> None:
    """Remove what Python compiled of *file*: two texts of one size within a second would be one to it."""
    Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)


def _copy(root: Path, tree: Path) -> Path:
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns(".*", "node_modules"))
        else:
            tree.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)
    return tree


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _attempts(mutants: Sequence[Mutant], jobs: int, work: Path) -> int:
    """Print the table of *mutants*; return how many were not killed."""
    clean = _copy(ROOT, work / "clean")
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    parallel = ("-p", "xdist", "--numprocesses", str(jobs)) if jobs > 1 else ()
    verdict = run(clean, tests, *parallel, longest=LONGEST_CLEAN)
    if verdict.code != 0:
        print(verdict.output, file=sys.stderr)
        print("mutants: the tests fail without any breakage, or took too long", file=sys.stderr)
        return len(mutants)
    print(f"{len(mutants)} breakages; their tests pass without them, in {verdict.seconds:.0f} s.\n", flush=True)
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(jobs):
        trees.put(_copy(clean, work / f"job-{number}"))

    def tried(mutant: Mutant) -> Verdict:
        tree = trees.get()
        try:
            return attempt(mutant, tree)
        finally:
            trees.put(tree)

    print(_row("breakage", "the rule", "verdict", "by", "s"))
    print(_row("---", "---", "---", "---", "---:"))
    alive = 0
    with ThreadPoolExecutor(jobs) as pool:
        for mutant, verdict in zip(mutants, pool.map(tried, mutants), strict=True):
            by = verdict.test.removeprefix("tests/")
            print(_row(mutant.name, mutant.rule, verdict, by, f"{verdict.seconds:.1f}"), flush=True)
            if not verdict.killed:
                alive += 1
                print(verdict.output, file=sys.stderr)
    return alive


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 where every breakage was noticed, else 1; 2: the table does not fit the tree."""
    parser = argparse.ArgumentParser(prog="mutants", description="Break rules; each time a test has to notice.")
    parser.add_argument("--list", action="store_true", help="show the breakages, and run nothing")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these breakages")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at once")
    given = parser.parse_args(arguments)
    mutants = load()
    faults = wrong(mutants)
    faults += [f"there is no {name}; see --list" for name in given.only or () if name not in {m.name for m in mutants}]
    faults += ["--jobs must be 1 or more"] if given.jobs < 1 else []
    if faults:
        print(*(f"mutants: {fault}" for fault in faults), sep="\n", file=sys.stderr)
        return 2
    chosen = [mutant for mutant in mutants if not given.only or mutant.name in given.only]
    if given.list:
        print(*(f"{mutant.name}: {mutant.rule} ({mutant.file})" for mutant in chosen), sep="\n")
        return 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as work:
        alive = _attempts(chosen, given.jobs, Path(work))
    killed = len(chosen) - alive
    print(f"\n{killed} of {len(chosen)} breakages were noticed, in {time.monotonic() - begun:.0f} s.")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
