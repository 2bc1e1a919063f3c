"""What holds of option rows whatever the wire: of the native words, as the greeting reports them, and of what is heard.

The literal wire of each vendor is compared in its own tests.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, UnsupportedOption
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.options import Option
from aai_migrate.provider import Provider

from .told import heard

OWN = ("unsupported", "invalid")
"""Codes of warnings of something left out."""


def mixable(config: Config, **more: Any) -> Config:
    """*config* with no more channels than can be mixed: where they cannot be kept apart either, nothing begins."""
    return evolve(config, audio=evolve(config.audio, channels=min(2, config.audio.channels)), **more)


def begun(provider: Provider, config: Config) -> Rehearsal:
    """How a session with *config* begins, which it does, without a word of a setting."""
    found = rehearse(provider, config)
    assert (found.failed, left_out(found)) == (None, [])
    assert found.started is not None
    return found


def native(found: Rehearsal) -> dict[str, Any]:
    """The settings in native words."""
    assert found.started is not None
    return dict(found.started.settings)


def left_out(found: Rehearsal) -> list[str]:
    """What the caller is told of settings that do not count."""
    return [warned.message for warned in found.warned if warned.code in OWN]


def check_exact(provider: Provider, config: Config, row: Option) -> None:
    """The other half reads what was set."""
    found = begun(provider, config)
    assert row.native in native(found)
    assert getattr(heard(found), row.name) == getattr(config, row.name)


def check_again(provider: Provider, config: Config, row: Option) -> None:
    """What the other half reads is told in the same words again."""
    found = begun(provider, config)
    read = evolve(heard(found), base_url=config.base_url)
    again = begun(provider, read)
    assert native(again) == native(found)
    assert evolve(heard(again), base_url=config.base_url) == read


def check_wordless(provider: Provider, config: Config, row: Option) -> None:
    """The model is so by itself, or the address says it."""
    found, plain = begun(provider, config), begun(provider, Config(model=config.model, base_url=config.base_url))
    assert config.is_set(row.name)
    assert {**native(found), "region": None} == {**native(plain), "region": None}


def check_lacking(provider: Provider, config: Config, row: Option) -> None:
    """It is refused with what comes nearest, or left out with one word about it; where it is off there is nothing."""
    plain = begun(provider, Config(model=config.model, base_url=config.base_url))
    if getattr(config, row.name) is False:
        assert native(begun(provider, config)) == native(plain)
        return
    with pytest.raises(UnsupportedOption) as caught:
        rehearse(provider, config)
    assert caught.value.options == {row.name: row.alternative}
    found = rehearse(provider, evolve(config, on_unsupported="warn"))
    (text,) = left_out(found)
    assert text.startswith(f"{provider.name} has no {row.name};")
    assert native(found) == native(plain)


def check_told(provider: Provider, config: Config) -> None:
    """With a warning wanted, one for each that is wrong and no error; without, one error that names them all."""
    found = rehearse(provider, evolve(config, on_unsupported="warn"))
    texts = left_out(found)
    assert len(texts) == len(set(texts))
    if not texts:
        assert native(begun(provider, evolve(config, on_unsupported="error"))) == native(found)
        return
    with pytest.raises(ConfigError) as caught:
        rehearse(provider, evolve(config, on_unsupported="error"))
    lacking = [match[1] for text in texts if (match := re.match(r"[\w-]+ has no ([a-z_]+)", text))]
    assert [*getattr(caught.value, "options", {})] == lacking
    for text in texts:
        reason = re.sub(r"; (going on without it|sent as it is|the channels are mixed)$", "", text)
        if " has no " not in reason and " goes before " not in reason:
            assert reason in str(caught.value)
