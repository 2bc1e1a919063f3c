"""From the caller's words to a stream's settings."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from aai_migrate.cli.options import parse
from aai_migrate.config import Config
from aai_migrate.configfile import load
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConfigError
from aai_migrate.session import Limits, RetryPolicy
from aai_migrate.settings import VARIABLE, Choice, chosen, context, resolve, settle


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


def test_a_retired_service_is_not_asked_for_a_key() -> None:
    """What is wrong is said before what is missing; a server of one's own has the same protocol."""
    with pytest.raises(ConfigError, match=r"retired.*use assemblyai-v3, or set base_url"):
        resolve("assemblyai-v2", {})
    assert resolve("assemblyai-v2", {"base_url": "ws://h"}, api_key="k").provider.name == "assemblyai-v2"


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
        (
            None,
            {},
            {},
            rf"^no provider: name one of .*coded, .*local.*, set {VARIABLE}, or set provider in a config file$",
        ),
        ("", {}, {}, r"^no provider: "),
        ("codde", {}, {}, r"^unknown provider 'codde'; did you mean coded\?$"),
        ("coded/", {}, {}, r"^provider 'coded/' is not of the form"),
        ("coded/a", {"model": "b"}, {}, r"^model is given twice: 'a' in the provider and 'b'$"),
        ("coded", {"langauge": "en"}, {}, r"^unknown option 'langauge'; did you mean language or languages\?$"),
        ("coded", {"apikey": "x"}, {}, r"^unknown option 'apikey'; did you mean api_key or api_key_env\?$"),
        ("coded", {"drain_timeuot": 1}, {}, r"^unknown option 'drain_timeuot'; did you mean drain_timeout\?$"),
        ("coded", {"drain_timeout": "1"}, {}, r"^drain_timeout must be a number above 0, not '1'$"),
        ("assemblyai", {}, {}, r"^assemblyai-v3 needs a key: set ASSEMBLYAI_API_KEY, or pass api_key=…; on"),
        ("coded", {}, {"api_key": "a", "token": "b"}, r"^give api_key or token, not both$"),
        ("coded", {}, {"api_key_env": "KEY"}, r"^coded needs no key; leave api_key_env out$"),
        ("assemblyai", {}, {"api_key_env": "NO_KEY"}, r"^assemblyai-v3 needs a key: set NO_KEY, or pass api_key=…; on"),
        (
            "assemblyai",
            {},
            {"api_key_env": "0123456789abcdef"},
            r"^api_key_env must name an environment variable, in cap",
        ),
        ("coded", {}, {"config": b"stt.toml"}, r"^a config file is given by its path, .* not bytes$"),
    ],
)
def test_what_is_wrong_is_said_before_dialling(
    provider: str | None, options: dict[str, Any], keys: dict[str, Any], text: str
) -> None:
    """Every error is a ConfigError that names the setting and the fix."""
    with pytest.raises(ConfigError, match=text):
        resolve(provider, options, **keys)


def written(tmp_path: Path, text: str) -> Path:
    """A config file."""
    path = tmp_path / "stt.toml"
    path.write_text(text, encoding="utf-8")
    return path


FILE = """
provider = "assemblyai/from-file"
language = "en"
turn_silence = 0.5
drain_timeout = 3

[assemblyai-v3]
turn_silence = 0.4
vad_threshold = 0.4
extra = {prompt = "A call"}
api_key_env = "OTHER_KEY"

[coded]
language = "de"
model = "m-1"
"""


def test_one_word_switches_the_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shared stays, what one provider's table says goes before it and is the other's no more."""
    monkeypatch.setenv("OTHER_KEY", "other")
    path = written(tmp_path, FILE)
    first = resolve(None, {}, config=path)
    assert first.provider.name == "assemblyai-v3"
    assert first.credentials() == Credential(Secret("other"))
    assert first.limits == Limits(drain_timeout=3)
    extra = {"assemblyai-v3": {"vad_threshold": 0.4, "prompt": "A call"}}
    assert first.config == Config(model="from-file", language="en", turn_silence=0.4, extra=extra)
    path.write_text(FILE.replace("assemblyai/from-file", "coded"), encoding="utf-8")
    second = resolve(None, {}, config=load(path))
    assert (second.provider.name, second.credentials(), second.limits) == ("coded", None, first.limits)
    assert second.config == Config(model="m-1", language="de", turn_silence=0.5)


def test_argument_environment_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each setting the first is taken that is given; a provider is one word, with its model."""
    monkeypatch.setenv("OTHER_KEY", "other")
    file = load(written(tmp_path, FILE))
    assert resolve("assemblyai", {}, config=file).config.model is None
    assert resolve(None, {"model": "argued", "turn_silence": 1}, config=file).config.model == "argued"
    assert resolve(None, {"model": None, "language": None}, config=file).config.language == "en"
    words = {"assemblyai": {"prompt": "B"}, "coded": {"any": 1}}
    over = resolve(None, {"extra": words, "turn_silence": 1}, api_key="argued", config=file)
    assert (over.config.turn_silence, over.credentials()) == (1, Credential(Secret("argued")))
    assert over.config.extra == {"assemblyai-v3": {"vad_threshold": 0.4, "prompt": "B"}, "coded": {"any": 1}}
    monkeypatch.setenv("THIRD_KEY", "third")
    assert resolve(None, {}, api_key_env="THIRD_KEY", config=file).credentials() == Credential(Secret("third"))
    monkeypatch.setenv(VARIABLE, "coded/from-environment")
    assert resolve(None, {}, config=file).config.model == "from-environment"
    assert resolve(None, {"model": "argued"}, config=file).config.model == "argued"
    assert resolve("coded", {}, config=file).config.model == "m-1"
    with pytest.raises(ConfigError, match="extra must be a table per provider"):
        resolve("assemblyai", {"extra": {"assemblyai-v3": 1}}, config=file)


LIMITS_AND_WORDS = """
overflow = "raise"
backlog = 3
language = "en"
turn_silence = 0.5

[coded]
hard = "hard"
languages = ["en", "de"]

[gladia]
diarization = true
region = "nowhere"
"""


@pytest.mark.parametrize("by", ["argument", "environment", "file"])
def test_all_options_work_whoever_chooses(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits, a policy and the vendor's own words, from the file as from arguments or the command line.

    What another provider refuses is no matter.
    """
    if by == "environment":
        monkeypatch.setenv(VARIABLE, "coded/m-1")
    chosen_by_file = "provider = 'coded/m-1'\n" if by == "file" else "provider = 'gladia'\n"
    path = written(tmp_path, chosen_by_file + LIMITS_AND_WORDS)
    found = resolve("coded/m-1" if by == "argument" else None, {}, config=path)
    typed = parse(
        ["overflow=raise", "backlog=3", "turn_silence=0.5", 'languages=["en", "de"]', "model=m-1", "coded.hard=hard"]
    )
    same = resolve("coded", typed)
    assert (found.config, found.limits) == (same.config, same.limits)
    assert found.limits == Limits(overflow="raise", backlog=3)
    assert found.config.extra == {"coded": {"hard": "hard"}}
    over = resolve("coded/m-1", parse(["overflow=block", "coded.hard=soft", "language=de"]), config=path)
    assert (over.limits.overflow, over.limits.backlog) == ("block", 3)
    assert (over.config.extra, over.config.language, over.config.languages) == ({"coded": {"hard": "soft"}}, "de", ())


def test_the_model_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands where the provider is named alone, by whomever; a model that is named with it goes before it."""
    path = written(tmp_path, "[assemblyai]\nmodel = 'table'\n[coded]\nmodel = 'coded'\n")
    for spec, model in (("assemblyai", "table"), ("assemblyai-v3", "table"), ("assemblyai/named", "named")):
        assert resolve(spec, {}, api_key="k", config=path).config.model == model
        monkeypatch.setenv(VARIABLE, spec)
        assert resolve(None, {}, api_key="k", config=path).config.model == model


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("codde", r"^AAI_MIGRATE_PROVIDER: unknown provider 'codde'; did you mean coded\?$"),
        ("coded/", r"^AAI_MIGRATE_PROVIDER: provider 'coded/' is not of the form"),
    ],
)
def test_a_wrong_provider_in_the_environment(spec: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sees it in the program: the variable is named."""
    monkeypatch.setenv(VARIABLE, spec)
    with pytest.raises(ConfigError, match=says):
        resolve(None, {})
    assert resolve("coded", {}).provider.name == "coded"


def test_settle_asks_for_no_key(tmp_path: Path) -> None:
    """What holds for a provider can be seen without one."""
    file = load(written(tmp_path, FILE))
    choice = chosen(None, file)
    assert choice == Choice("assemblyai-v3", "from-file", file.path)
    settled = settle(choice, {}, file)
    assert (settled.provider.name, settled.config.model) == ("assemblyai-v3", "from-file")
    assert settled.limits == Limits(drain_timeout=3)
    assert chosen("coded", file) == Choice("coded")
    assert chosen(None, load(written(tmp_path, ""))) is None


def test_what_only_a_file_can_do_wrong(tmp_path: Path) -> None:
    """No provider anywhere; a key's variable that is not set, or for who needs no key."""
    path = written(tmp_path, "[assemblyai]\napi_key_env = 'TEAM_KEY'\n[coded]\napi_key_env = 'KEY'\n")
    for provider, text in [
        (None, f"set {VARIABLE}, or set provider in {path}"),
        ("assemblyai", "assemblyai-v3 needs a key: set TEAM_KEY, or pass"),
        ("coded", "coded needs no key; leave api_key_env out"),
    ]:
        with pytest.raises(ConfigError, match=re.escape(text)):
            resolve(provider, {}, config=path)


def test_a_vendors_words_under_another_name_of_it() -> None:
    """``assemblyai`` means the same here as where the provider is named."""
    words = {"assemblyai": {"prompt": "A"}, "assemblyai-v3": {"vad_threshold": 0.4}}
    extra = resolve("assemblyai", {"extra": words}, api_key="k").config.extra
    assert extra == {"assemblyai-v3": {"prompt": "A", "vad_threshold": 0.4}}


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
