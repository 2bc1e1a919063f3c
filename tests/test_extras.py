"""Whether the packages of an extra are found, and the errors where they are not."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable

import pytest

import aai_migrate
from aai_migrate import MissingExtra, audio
from aai_migrate.extras import installed


class Refuse(importlib.abc.MetaPathFinder):
    """Keeps packages out by raising, where other finders only say that they do not know them."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_installed() -> None:
    assert installed("attrs")
    assert not installed("no_such_module")


@pytest.mark.parametrize(
    ("module", "use", "extra"),
    [
        ("pyaudio", audio.microphone, "mic"),
        ("pocketsphinx", lambda: aai_migrate.connect("local").__enter__(), "local"),
    ],
)
def test_refused_import(monkeypatch: pytest.MonkeyPatch, module: str, use: Callable[[], object], extra: str) -> None:
    """A package that an import hook keeps out is missing as one that was never installed is."""
    monkeypatch.setattr(sys, "meta_path", [Refuse(module), *sys.meta_path])
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(MissingExtra, match=rf"pip install 'aai_migrate\[{extra}\]'"):
        use()
