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
from contextlib import nullcontext
from typing import Any

from attrs import frozen

from . import registry
from .config import Config
from .configfile import ConfigFile, load, merged, place, understand, variable
from .credentials import CredentialSource, credential_source
from .errors import ConfigError
from .provider import Context, Provider
from .session import Limits, RetryPolicy

VARIABLE = "AAI_MIGRATE_PROVIDER"
ConfigSource = str | os.PathLike[str] | ConfigFile
"""A config file, by its path or read already."""


@frozen
class Settings:
    """One stream's provider, options, credential and limits, checked as far as can be without dialling."""

    provider: Provider
    config: Config
    credentials: CredentialSource
    limits: Limits
    retry: RetryPolicy


@frozen
class Choice:
    """A provider by name, its model if that is named with it, and by what: None is an argument, else a variable or
    the path of a config file."""

    name: str
    model: str | None = None
    by: str | None = None


@frozen
class Settled:
    """A provider and all options that hold for it."""

    provider: Provider
    config: Config
    limits: Limits


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
    settled, key_env = keyless(provider, options, api_key_env=api_key_env, config=config, defaults=defaults)
    found = settled.provider
    once = found.tokens is not None and found.tokens.once
    credentials = credential_source(found.name, key_env, api_key, token, once=once)
    return Settings(found, settled.config, credentials, settled.limits, retry or RetryPolicy())


def keyless(
    provider: str | None,
    options: Mapping[str, Any],
    *,
    api_key_env: str | None = None,
    config: ConfigSource | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> tuple[Settled, str | None]:
    """Return what holds for a stream, and the variable that its key would be taken from; None: it needs none.

    Args:
        provider, options, api_key_env, config, defaults: as for :func:`resolve`.
    Raises:
        ConfigError, AudioError: as :func:`resolve` does, keys apart.
    """
    file = ConfigFile("") if config is None else config if isinstance(config, ConfigFile) else load(config)
    choice = chosen(provider, file)
    if choice is None:
        where = file.path or "a config file"
        choices = ", ".join(registry.names())
        raise ConfigError(f"no provider: name one of {choices}, set {VARIABLE}, or set provider in {where}")
    settled = settle(choice, options, file, defaults)
    found, name = settled.provider, settled.provider.name
    key_from = file.api_key_env(name) if api_key_env is None else variable(api_key_env)
    if key_from and found.env is None:
        raise ConfigError(f"{name} needs no key; leave api_key_env out")
    return settled, key_from or found.env


def chosen(provider: object, file: ConfigFile) -> Choice | None:
    """Return which provider is chosen; None: none is.

    Args:
        provider: the argument; None or "": what ``AAI_MIGRATE_PROVIDER`` says, then *file*.
    Raises:
        ConfigError: it is no string, or one that names nothing.
    """
    for spec, by in ((provider, None), (os.environ.get(VARIABLE), VARIABLE), (file.provider, file.path)):
        if not spec:
            continue
        if not isinstance(spec, str):
            raise ConfigError(f"provider must be a string such as 'name/model', not {type(spec).__name__}")
        with place(by) if by else nullcontext():
            name, model = registry.split(spec)
        return Choice(name, model, by)
    return None


def settle(
    choice: Choice, options: Mapping[str, Any], file: ConfigFile, defaults: Mapping[str, Any] | None = None
) -> Settled:
    """Return what holds for a stream to the provider of *choice*, before any key is asked for.

    Args:
        options, defaults: as for :func:`resolve`.
    Raises:
        ConfigError: as :func:`resolve` does, keys apart.
        AudioError: an audio format that cannot be.
    """
    with place(choice.by) if choice.by else nullcontext():
        found = registry.find(choice.name)
    found.ready()
    given = merged(merged(defaults or {}, file.options(choice.name)), options)
    asked = options.get("model")
    if choice.model is not None and choice.by is None and asked not in (None, choice.model):
        raise ConfigError(f"model is given twice: {choice.model!r} in the provider and {asked!r}")
    if choice.model is not None and asked is None:
        given["model"] = choice.model
    config, limits = understand(given)
    found.check(config)
    return Settled(found, config, limits)


def context() -> Context:
    """Return what pure code cannot make for itself, for a driver whose clock is :func:`time.monotonic`."""
    return Context(new_id=lambda: str(uuid.uuid4()), epoch=time.time() - time.monotonic(), random=random.Random())
