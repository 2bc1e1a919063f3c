"""What is known of providers, as JSON has it."""

from __future__ import annotations

import os
from typing import Any

from attrs import asdict

from .. import registry
from ..capabilities import Model
from ..config import OPTIONS
from ..errors import ConfigError
from ..features import Difference, Feature, features, languages, models
from ..options import Option
from ..provider import Provider


def facts(provider: Provider, model: str | None = None) -> dict[str, Any]:
    """Return all that is known of *provider*, as it is with *model*; of its key only whether it is set."""
    can = provider.capabilities
    rates = can.sample_rates
    told = features(provider, model)
    return {
        "name": provider.name,
        "aliases": aliases(provider.name),
        "title": provider.title,
        "ready": not needs(provider),
        "needs": needs(provider) or None,
        "key": provider.env,
        "key_is_set": has_key(provider.env),
        "client": True,
        "server": provider.server is not None,
        "routes": [" ".join(route) for route in provider.routes],
        "default_model": can.default_model,
        "models": [_model(known) for known in can.models.values()],
        "languages": list(languages(provider)),
        "encodings": list(can.encodings),
        "sample_rates": {"from": rates.start, "to": rates.stop - 1} if isinstance(rates, range) else list(rates),
        "channels": can.max_channels,
        "options": {feature.name: feature.support for feature in told if feature.name in OPTIONS},
        "features": [told_of(feature) for feature in told],
        "option_rows": [_row(provider, row) for row in rows(provider, model)],
        "limits": asdict(provider.numbers),
        "as_of": can.as_of.isoformat(),
        "source": can.source,
    }


def rows(provider: Provider, model: str | None) -> tuple[Option, ...]:
    """Return the option rows of *provider*, with a *model* only those that count for it."""
    known = provider.capabilities.family(model) if model else ""
    return tuple(row for row in provider.options if row.counts_for(known))


def told_of(feature: Feature) -> dict[str, Any]:
    """Return *feature* as JSON has it: what there is nothing of is null."""
    return {
        "name": feature.name,
        "support": feature.support,
        "native": feature.native or None,
        "values": list(feature.values),
        "most": feature.most,
        "note": feature.note or None,
        "hot": feature.hot,
        "source": feature.source,
        "as_of": feature.as_of.isoformat(),
    }


def difference(each: Difference) -> dict[str, Any]:
    """Return *each* as JSON has it."""
    return {
        "name": each.name,
        "verdict": each.verdict,
        "missing": list(each.missing),
        "from": told_of(each.before),
        "to": told_of(each.after),
    }


def needs(provider: Provider) -> str:
    """Return what has to be installed before *provider* works, or ""."""
    try:
        provider.ready()
    except ConfigError as error:
        return str(error)
    return ""


def has_key(variable: str | None) -> bool | None:
    """Say whether the environment *variable* holds a key; None: none is needed."""
    return bool(os.environ.get(variable, "").strip()) if variable else None


def aliases(name: str) -> list[str]:
    """Return the other names of a provider."""
    return sorted(alias for alias, meant in registry.ALIASES.items() if meant == name)


def _model(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "languages": list(model.languages),
        "deprecated": model.deprecated and model.deprecated.isoformat(),
        "retired": model.retired and model.retired.isoformat(),
        "replacement": model.replacement,
        "source": model.source or None,
    }


def _row(provider: Provider, row: Option) -> dict[str, Any]:
    return {
        "name": row.name,
        "native": row.native or None,
        "support": row.support,
        "models": list(models(provider, row)),
        "hot": row.hot,
        "why": row.why or None,
        "alternative": row.alternative or None,
        "source": row.source or provider.capabilities.source,
        "as_of": (row.as_of or provider.capabilities.as_of).isoformat(),
    }
