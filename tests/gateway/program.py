"""Programs with vendors' own clients, each in a process of its own, which print what they are told as JSON lines.

And what fails behind the gateway that they talk to.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from aai_migrate import registry
from aai_migrate.errors import ConnectionLost
from aai_migrate.gateway import local
from aai_migrate.testing.coded import CodedEar
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Audio, Command, Finalize, Stop
from aai_migrate.wire.events import Event, Failed
from aai_migrate.wire.frames import Frame

CLIENTS = Path(__file__).parent / "clients"
WAIT = 60.0
"""Seconds that a program may take."""


@define
class Told:
    """What a program printed, in order, as (kind, value)."""

    items: list[tuple[str, Any]]

    def all(self, kind: str) -> list[Any]:
        return [value for told, value in self.items if told == kind]

    def messages(self, *kinds: str) -> list[Any]:
        """Return what the server said, of the types *kinds* or of all."""
        return [message for message in self.all("message") if not kinds or message["type"] in kinds]


def node(script: str, package: str) -> Sequence[str | Path]:
    """Return what runs a *script* of Node that needs a *package*; skips where there is none, but not in CI."""
    program = shutil.which("node")
    if program and (CLIENTS / "node_modules" / package).is_dir():
        return [program, CLIENTS / script]
    why = "needs Node, and npm install --prefix tests/gateway/clients"
    assert not os.environ.get("CI"), why
    pytest.skip(why)


def printed(program: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Told:
    """Run *program*, which ends by itself and well, and return what it printed; its stderr is of kind ``stderr``."""
    environ = {**os.environ, **(environment or {})}
    done = subprocess.run(program, capture_output=True, text=True, timeout=WAIT, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Told([*((line["kind"], line.get("value")) for line in lines), ("stderr", done.stderr)])


def older(folder: str) -> Mapping[str, str]:
    """Return what makes a program find an older generation of a package; skips where there is none, but not in CI.

    Args:
        folder: in which it is installed, beside the one of today.
    """
    if not (CLIENTS / folder / ".installed").exists():
        why = f"needs an older client, beside that of today: make tests/gateway/clients/{folder}/.installed"
        assert not os.environ.get("CI"), why
        pytest.skip(why)
    return {"PYTHONPATH": str(CLIENTS / folder)}


class _Early(CodedEar):
    """Gives up at the first audio."""

    fatal: tuple[type[Command], ...] = (Audio,)

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Fail at what is fatal."""
        if isinstance(item, self.fatal):
            return [Failed(ConnectionLost("failing", "gone", retryable=False))]
        return super().send(item, now)


class _Late(_Early):
    """Gives up when it is asked for the last words."""

    fatal = (Finalize, Stop)


@contextmanager
def failing(*, early: bool) -> Iterator[str]:
    """Run a gateway to coded speech that fails, at the first audio or the last; yields its address."""
    registry.register(evolve(CODED, name="failing", client=_Early if early else _Late))
    try:
        with local("failing") as url:
            yield url
    finally:
        registry.unregister("failing")
