"""From a caller's words to all that a session needs: the same for every driver."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

from attrs import fields, frozen

from . import registry
from .config import Config, configure
from .credentials import CredentialSource, credential_source
from .errors import ConfigError
from .provider import Context, Provider
from .session import Limits, RetryPolicy

VARIABLE = "AAI_MIGRATE_PROVIDER"
_LIMITS = frozenset(attribute.name for attribute in fields(Limits))


@frozen
class Settings:
    """One stream's provider, options, credential and limits, checked as far as can be without dialling."""

    provider: Provider
    config: Config
    credentials: CredentialSource
    limits: Limits
    retry: RetryPolicy


def resolve(
    provider: str | None,
    options: Mapping[str, Any],
    *,
    api_key: Any = None,
    token: Any = None,
    retry: RetryPolicy | None = None,
) -> Settings:
    """Return the settings of a stream.

    Args:
        provider: ``"name"`` or ``"name/model"``; None: what ``AAI_MIGRATE_PROVIDER`` says.
        options: fields of :class:`~aai_migrate.config.Config` and :class:`~aai_migrate.session.Limits`.
    Raises:
        ConfigError: no or an unknown provider, an unknown or unsupported option, a missing or malformed key.
        AudioError: an audio format that cannot be.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigError(f"retry must be a RetryPolicy, not {type(retry).__name__}")
    spec = provider or os.environ.get(VARIABLE)
    if spec is not None and not isinstance(spec, str):
        raise ConfigError(f"provider must be a string such as 'name/model', not {type(spec).__name__}")
    if not spec:
        raise ConfigError(f"no provider: name one of {', '.join(registry.names())}, or set {VARIABLE}")
    name, model = registry.split(spec)
    found = registry.find(name)
    found.ready()
    given = dict(options)
    if model is not None:
        if given.get("model") not in (None, model):
            raise ConfigError(f"model is given twice: {model!r} in the provider and {given['model']!r}")
        given["model"] = model
    limits = Limits(**{key: given.pop(key) for key in list(given) if key in _LIMITS})
    config = configure(given, others=_LIMITS)
    credentials = credential_source(name, found.env, api_key, token)
    return Settings(found, config, credentials, limits, retry or RetryPolicy())


def context() -> Context:
    """Return what pure code cannot make for itself, for a driver whose clock is :func:`time.monotonic`."""
    return Context(new_id=lambda: str(uuid.uuid4()), epoch=time.time() - time.monotonic(), random=random.Random())
