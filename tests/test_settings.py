"""From the caller's words to a stream's settings."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConfigError
from aai_migrate.session import Limits, RetryPolicy
from aai_migrate.settings import VARIABLE, context, resolve


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider and no key is set."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("ASSEMBLYAI_API_KEY", raising=False)


def test_a_name_and_options() -> None:
    """Options of the session, limits of ours and the key each find their place."""
    options = {"language": "en", "drain_timeout": 3.0, "sample_rate": 8000}
    settings = resolve("assemblyai", options, api_key="k")
    assert settings.provider.name == "assemblyai-v3"
    assert (settings.config.language, settings.config.model, settings.config.audio.sample_rate) == ("en", None, 8000)
    assert (settings.limits, settings.retry) == (Limits(drain_timeout=3.0), RetryPolicy())
    assert settings.credentials() == Credential(Secret("k"))
    assert options == {"language": "en", "drain_timeout": 3.0, "sample_rate": 8000}


def test_a_provider_without_key() -> None:
    """Nothing else is needed."""
    settings = resolve("coded", {}, retry=RetryPolicy(budget=1))
    assert (settings.config, settings.credentials(), settings.retry.budget) == (Config(), None, 1)


@pytest.mark.parametrize("options", [{}, {"model": None}, {"model": "m-1"}])
def test_the_model_in_the_name(options: dict[str, Any]) -> None:
    """``name/model`` is the same as the option, and may say it again."""
    assert resolve("coded/m-1", options).config.model == "m-1"


def test_the_environment_names_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument wins over it."""
    monkeypatch.setenv(VARIABLE, "coded/m-1")
    assert resolve(None, {}).config.model == "m-1"
    assert resolve("coded", {}).config.model is None


def test_the_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each provider names its own variable."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "from-env")
    assert resolve("assemblyai-v3", {}).credentials() == Credential(Secret("from-env"))


@pytest.mark.parametrize(
    ("provider", "options", "keys", "text"),
    [
        (None, {}, {}, rf"^no provider: name one of assemblyai-v3, coded, .*local.*, or set {VARIABLE}$"),
        ("", {}, {}, r"^no provider: "),
        ("codde", {}, {}, r"^unknown provider 'codde'; did you mean coded\?$"),
        ("coded/", {}, {}, r"^provider 'coded/' is not of the form"),
        ("coded/a", {"model": "b"}, {}, r"^model is given twice: 'a' in the provider and 'b'$"),
        ("coded", {"langauge": "en"}, {}, r"^unknown option 'langauge'; did you mean language or languages\?$"),
        ("coded", {"drain_timeuot": 1}, {}, r"^unknown option 'drain_timeuot'; did you mean drain_timeout\?$"),
        ("coded", {"drain_timeout": "1"}, {}, r"^drain_timeout must be a number above 0, not '1'$"),
        ("assemblyai", {}, {}, r"^assemblyai-v3 needs a key: set ASSEMBLYAI_API_KEY, or pass api_key=…$"),
        ("coded", {}, {"api_key": "a", "token": "b"}, r"^give api_key or token, not both$"),
    ],
)
def test_what_is_wrong_is_said_before_dialling(
    provider: str | None, options: dict[str, Any], keys: dict[str, Any], text: str
) -> None:
    """Every error is a ConfigError that names the setting and the fix."""
    with pytest.raises(ConfigError, match=text):
        resolve(provider, options, **keys)


def test_settings_show_no_key() -> None:
    """A repr of all settings, and of what fails with them, is safe to log."""
    assert "canary" not in repr(resolve("assemblyai", {}, api_key="canary-0123"))
    assert "canary" not in repr(resolve("assemblyai", {}, token=lambda: "canary-0123"))


def test_context() -> None:
    """Fresh ids, the wall clock on the monotonic one's scale, nobody let in."""
    made = context()
    assert made.new_id() != made.new_id()
    assert uuid.UUID(made.new_id()).version == 4
    assert abs(made.epoch + time.monotonic() - time.time()) < 5
    assert made.authenticate(None) is None
    assert made.random is not context().random
