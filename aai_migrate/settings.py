"""From a caller's words to all that a session needs: the same for every driver, and for the gateway.

What a setting is comes from the first of these that has it: the argument, the environment (the provider and its key),
the config file.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from . import registry
from .config import Config
from .configfile import ConfigFile, load, understand, variable
from .credentials import CredentialSource, credential_source
from .errors import ConfigError
from .provider import Context, Provider
from .session import Limits, RetryPolicy

VARIABLE = "AAI_MIGRATE_PROVIDER"
ConfigSource = str | os.PathLike[str] | ConfigFile
"""A config file, by its path or read already."""


@frozen
class Settings:
    """One stream's provider, options, credential and limits, checked as far as can be without dialling.

    Attributes:
        key_env: the environment variable that the key is taken from where none is given; None: none is needed.
    """

    provider: Provider
    config: Config
    credentials: CredentialSource
    limits: Limits
    retry: RetryPolicy
    key_env: str | None = None


def resolve(
    provider: str | None,
    options: Mapping[str, Any],
    *,
    api_key: Any = None,
    token: Any = None,
    api_key_env: str | None = None,
    retry: RetryPolicy | None = None,
    config: ConfigSource | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of a stream.

    Args:
        provider: ``"name"`` or ``"name/model"``; None: what ``AAI_MIGRATE_PROVIDER`` says, then the config file.
        options: fields of :class:`~aai_migrate.config.Config` and :class:`~aai_migrate.session.Limits`. One that is
            None leaves it to the config file; of ``extra`` single words go before those of the file.
        api_key_env: the environment variable of the key, instead of the file's and the provider's own.
        config: a config file, by its path or as :func:`~aai_migrate.configfile.load` returned it.
        defaults: options that neither the caller nor the file has to give.
    Raises:
        ConfigError: no or an unknown provider, an unknown or unsupported option, a missing or malformed key, or
            something is wrong with the config file.
        AudioError: an audio format that cannot be.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigError(f"retry must be a RetryPolicy, not {type(retry).__name__}")
    file = ConfigFile("") if config is None else config if isinstance(config, ConfigFile) else load(config)
    spec = provider or os.environ.get(VARIABLE) or file.provider
    if spec is not None and not isinstance(spec, str):
        raise ConfigError(f"provider must be a string such as 'name/model', not {type(spec).__name__}")
    if not spec:
        where = file.path or "a config file"
        choices = ", ".join(registry.names())
        raise ConfigError(f"no provider: name one of {choices}, set {VARIABLE}, or set provider in {where}")
    name, model = registry.split(spec)
    found = registry.find(name)
    found.ready()
    given = _merged(_merged(defaults or {}, file.options(name)), options)
    asked = options.get("model")
    if model is not None and provider and asked not in (None, model):
        raise ConfigError(f"model is given twice: {model!r} in the provider and {asked!r}")
    if model is not None and asked is None:
        given["model"] = model
    settled, limits = understand(given)
    found.check(settled)
    key_from = file.api_key_env(name) if api_key_env is None else variable(api_key_env)
    if key_from and found.env is None:
        raise ConfigError(f"{name} needs no key; leave api_key_env out")
    credentials = credential_source(name, key_from or found.env, api_key, token)
    return Settings(found, settled, credentials, limits, retry or RetryPolicy(), key_from or found.env)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of *below* with those of *above* laid over them, the vendors' own words one by one."""
    merged = dict(below)
    for name, value in above.items():
        if name == "extra" and isinstance(value, Mapping):
            merged[name] = _words(below.get(name, {}), value)
        elif value is not None or name not in below:
            merged[name] = value
    return merged


def _words(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, words in above.items():
        provider = registry.ALIASES.get(name, name)
        merged[provider] = {**merged.get(provider, {}), **words} if isinstance(words, Mapping) else words
    return merged


def context() -> Context:
    """Return what pure code cannot make for itself, for a driver whose clock is :func:`time.monotonic`."""
    return Context(new_id=lambda: str(uuid.uuid4()), epoch=time.time() - time.monotonic(), random=random.Random())
