"""What is sealed comes back whole, to who has the secret, or not at all."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import ConfigError, MissingExtra
from aai_migrate.gateway import Gateway
from aai_migrate.gateway.seal import Seal

SECRET = "correct horse battery"
SEAL = Seal(SECRET)


@given(st.binary(max_size=500))
def test_what_is_sealed_comes_back(content: bytes) -> None:
    """Also from a seal of another process that has the secret; the text needs no escape in a URL."""
    sealed = SEAL.seal(content)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", sealed)
    assert SEAL.unseal(sealed) == Seal(SECRET.encode()).unseal(sealed) == content


def test_the_content_cannot_be_read() -> None:
    """It is encrypted, each time another way."""
    one, two = SEAL.seal(b"x" * 100), SEAL.seal(b"x" * 100)
    assert one != two
    assert "eHh4" not in one  # "xxx" in base64
    assert len(SEAL.seal(bytes(30_000))) < 48_000


@pytest.mark.parametrize("other", ["another horse battery", None])
def test_another_secret_opens_nothing(other: str | None) -> None:
    """Without one given, each has its own."""
    assert Seal(other).unseal(SEAL.seal(b"content")) is None


def test_every_changed_character_is_noticed() -> None:
    """Also where its bits mean nothing."""
    sealed = SEAL.seal(b"content")
    for at, letter in enumerate(sealed):
        for other in {"A", "B", "g", "_"} - {letter}:
            assert SEAL.unseal(sealed[:at] + other + sealed[at + 1 :]) is None


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 40])
def test_a_piece_opens_nothing(cut: int) -> None:
    """Neither end may lack."""
    sealed = SEAL.seal(b"content")
    assert SEAL.unseal(sealed[cut:]) is SEAL.unseal(sealed[:-cut]) is None


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    """It is a client's, so nothing of it raises."""
    assert SEAL.unseal(text) is None
    assert SEAL.unseal(SEAL.seal(b"content") + text) == (None if text else b"content")


@pytest.mark.parametrize("secret", ["", "fifteen letters", b"fifteen letters"])
def test_a_short_secret_is_refused(secret: str | bytes) -> None:
    """Before anything is served, and without repeating it."""
    with pytest.raises(ConfigError, match="less than 16 characters") as caught:
        Gateway("coded", seal_key=secret)
    assert "fifteen" not in str(caught.value)


def test_the_secret_is_not_shown() -> None:
    """Neither by the seal nor by a gateway."""
    shown = repr(SEAL) + repr(vars(SEAL)) + repr(Gateway("coded", seal_key=SECRET))
    assert SECRET not in shown


def test_the_package_is_asked_for_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who serves no such sessions does without; who does is told what to install."""
    code = "import sys, aai_migrate.gateway as g; g.Gateway('coded'); print('cryptography' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    for use in (lambda: Seal().seal(b""), lambda: Seal().unseal("x")):
        with pytest.raises(MissingExtra, match=r"pip install 'aai_migrate\[gateway\]'"):
            use()
