"""``with local(…) as url:`` in a program that holds a vendor's SDK."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import aai_migrate
from aai_migrate import ConfigError, MissingExtra
from aai_migrate.gateway import Address, local
from aai_migrate.testing.coded import encode, words
from aai_migrate.testing.words import plain_words

from .client import no_thread_left
from .program import CLIENTS, printed

SPOKEN = words(8, seed=11)
SPEECH = encode([*SPOKEN[:3], 1.2, *SPOKEN[3:], 1.2])
SDKS = {"assemblyai": "assemblyai", "deepgram": "deepgram", "gladia": "gladiaio_sdk", "speechmatics": "speechmatics.rt"}
BEHIND = ("assemblyai-v3", "deepgram", "gladia", "speechmatics")
OTHERS = [(sdk, to) for sdk in SDKS for to in BEHIND if sdk not in to]


@pytest.mark.parametrize(("sdk", "to"), OTHERS, ids=[f"{sdk} to {to}" for sdk, to in OTHERS])
def test_an_sdk_is_switched(sdk: str, to: str, tmp_path: Path) -> None:
    """Every word comes, by another provider's protocol, itself played in the same process; nothing is left running."""
    pytest.importorskip(SDKS[sdk])
    speech = tmp_path / "speech.raw"
    speech.write_bytes(SPEECH)
    told = printed([sys.executable, CLIENTS / "in_process.py", sdk, to, speech])
    assert plain_words(" ".join(told.all("words"))) == list(SPOKEN)
    assert (told.all("ours"), told.all("others"), told.all("sockets")) == ([[]], [[]], [0])
    assert told.all("stderr") == [""]


def heard(url: Address) -> list[str]:
    """The words of a stream of ours to a gateway."""
    with aai_migrate.connect("gladia", base_url=url, api_key="any", paced=False) as stream:
        turns = [event for event in stream.transcribe([SPEECH]) if isinstance(event, aai_migrate.Turn)]
    return plain_words(" ".join(turn.transcript for turn in turns if turn.end_of_turn))


def test_the_environment_says_to_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument it is what the environment says, as everywhere."""
    monkeypatch.setenv("AAI_MIGRATE_PROVIDER", "coded")
    with no_thread_left(), local() as url:
        assert heard(url) == list(SPOKEN)


def test_the_config_file_says_to_whom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Or a config file, with the settings of whoever it is; an argument goes before it."""
    monkeypatch.delenv("AAI_MIGRATE_PROVIDER", raising=False)
    toml = tmp_path / "stt.toml"
    with no_thread_left(), local("coded") as ear:
        toml.write_text(f'provider = "deepgram"\npaced = false\n[deepgram]\nbase_url = "{ear}"\n')
        monkeypatch.setenv("DEEPGRAM_API_KEY", "any")
        with local(config=toml) as url:
            assert heard(url) == list(SPOKEN)
        with local("coded", config=toml) as url:
            assert heard(url) == list(SPOKEN)


def test_nobody_says_to_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is started, and the error lists the choices."""
    monkeypatch.delenv("AAI_MIGRATE_PROVIDER", raising=False)
    with no_thread_left(), pytest.raises(ConfigError, match=r"^no provider: name one of assemblyai-v2, .*speechmatics"):
        local().__enter__()


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package itself is there, and says how to install the gateway when it is asked for."""
    monkeypatch.delattr(aai_migrate, "gateway")
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [name for name in sys.modules if name.startswith("aai_migrate.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    asked: list[Callable[[], object]] = [
        lambda: aai_migrate.gateway,
        lambda: importlib.import_module("aai_migrate.gateway"),
    ]
    for ask in asked:
        with pytest.raises(MissingExtra, match=r"^the gateway needs an extra: pip install 'aai_migrate\[gateway\]'$"):
            ask()
