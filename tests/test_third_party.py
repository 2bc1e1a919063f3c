"""A provider of a third party: installed from its own folder into an environment of its own, and used by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "tiny_provider"
PROGRAM = """
import aai_migrate
from aai_migrate.testing import coded

said = coded.words(3)
with aai_migrate.gateway.local("coded") as url:
    with aai_migrate.connect("tiny", base_url=url, api_key="any") as stream:
        events = list(stream.transcribe([coded.encode([*said, 0.9])]))
ended = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
assert [turn.transcript for turn in ended] == [" ".join(said)]
assert events[0].provider == "tiny"
assert events[-1].complete
"""


class Installed:
    """An environment in which the example is installed, beside the library that is tested."""

    def __init__(self, at: Path) -> None:
        self.source, self.site = at / "tiny_provider", at / "site"
        skip = shutil.ignore_patterns("__pycache__", ".*", "dist")
        shutil.copytree(EXAMPLE, self.source, ignore=skip)  # building leaves nothing in the checkout
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-index"]
        self._run("-m", "pip", "install", *options, "--target", str(self.site), str(self.source))

    def _run(self, *words: str) -> str:
        """Run Python, away from the checkout; return what it prints."""
        env = {**os.environ, "PYTHONPATH": str(self.site), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.source,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def command(self, *words: str) -> str:
        return self._run("-m", "aai_migrate.cli", *words)

    def program(self, text: str) -> None:
        self._run("-c", text)

    def tests(self) -> str:
        return self._run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    pytest.importorskip("hatchling", reason="hatchling builds the example: pip install hatchling")
    found = Installed(tmp_path_factory.mktemp("third"))
    shutil.rmtree(found.source / "aai_migrate_tiny")  # what is imported is what was installed
    return found


def test_it_is_found_by_its_entry_point(installed: Installed) -> None:
    """The command line lists it among ours, with its facts."""
    facts = json.loads(installed.command("providers", "tiny", "--json"))
    assert (facts["name"], facts["key"], facts["server"]) == ("tiny", "TINY_API_KEY", True)
    assert facts["options"]["turn_silence"] == "exact"
    assert "tiny" in {each["name"] for each in json.loads(installed.command("providers", "--json"))}


def test_it_is_used_by_name(installed: Installed) -> None:
    """By both its halves: the gateway speaks it on a socket, and a stream listens."""
    installed.program(PROGRAM)


def test_it_passes_the_suite(installed: Installed) -> None:
    """Its own tests, and nothing of them is skipped."""
    last = installed.tests().strip().splitlines()[-1]
    assert "passed" in last
    assert "failed" not in last
    assert "skipped" not in last
