"""``aai-migrate providers``: what each provider can do, and what it needs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import click
from attrs import asdict

from .. import registry
from ..config import OPTIONS, Config
from ..errors import ConfigError
from ..options import Option
from ..provider import Numbers, Provider
from .table import Table, show

_SUPPORT = {"exact": "green", "approximate": "yellow", "emulated": "yellow", "-": "dim"}
STYLES = {"ready": "green", "unsupported": "dim", **_SUPPORT, **{f"{word}*": style for word, style in _SUPPORT.items()}}
_CHOICES = re.compile(r":[^}]*\}")  # of a part of a path
FEW = 3
"""So many names are listed; of more the first and their number."""


@click.command(
    epilog="""\b
Examples:
  aai-migrate providers
  aai-migrate providers assemblyai-v3
  aai-migrate providers deepgram/flux-general-en
  aai-migrate providers --json | jq -r '.[] | select(.ready) | .name'

exact, approximate and emulated say how well a vendor's own setting matches ours, for its default model; * says that it
is another for other models. A provider whose extra is missing is listed with the line that installs it.""",
)
@click.argument("name", required=False)
@click.option("--json", "json_", is_flag=True, help="One JSON array; with NAME one object.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def providers(name: str | None, json_: bool, debug: bool) -> Callable[[], int]:
    """Show what each provider can do, or all about NAME, which may be NAME/MODEL."""
    return partial(_providers, name, json_)


def _providers(name: str | None, as_json: bool) -> int:
    if name is not None:
        one = _one(name)
        if as_json:
            print(json.dumps(facts(one), indent=2))
        else:
            show(_whole(one), STYLES)
        return 0
    found = [_found(each) for each in registry.names()]
    found += [{"name": each, "ready": False, "needs": why} for each, why in registry.overruled().items()]
    if as_json:
        print(json.dumps([facts(each) if isinstance(each, Provider) else each for each in found], indent=2))
    else:
        show(_all(found), STYLES)
    return 0


Broken = dict[str, Any]


def _one(spec: str) -> Provider:
    """Return the provider that *spec* names, as it is with the model that *spec* names.

    Raises:
        ConfigError: there is none.
    """
    name, model = registry.split(spec)
    return registry.find(name).suited(Config(model=model))


def _found(name: str) -> Provider | Broken:
    try:
        return registry.find(name)
    except ConfigError as error:
        return {"name": name, "ready": False, "needs": str(error)}


# Facts.


def facts(provider: Provider) -> dict[str, Any]:
    """Return all that is known of *provider*, as JSON has it; of its key only whether it is set."""
    can = provider.capabilities
    rates = can.sample_rates
    return {
        "name": provider.name,
        "aliases": _aliases(provider.name),
        "title": provider.title,
        "ready": not needs(provider),
        "needs": needs(provider) or None,
        "key": provider.env,
        "key_is_set": has_key(provider),
        "client": True,
        "server": provider.server is not None,
        "routes": [" ".join(route) for route in provider.routes],
        "default_model": can.default_model,
        "models": [
            {
                "name": model.name,
                "languages": list(model.languages),
                "retired": model.retired and model.retired.isoformat(),
                "replacement": model.replacement,
            }
            for model in can.models.values()
        ],
        "languages": languages(provider),
        "encodings": list(can.encodings),
        "sample_rates": {"from": rates.start, "to": rates.stop - 1} if isinstance(rates, range) else list(rates),
        "channels": can.max_channels,
        "options": {name: support(provider, name) for name in OPTIONS},
        "option_rows": [
            {
                "name": row.name,
                "native": row.native or None,
                "support": row.support,
                "models": models(provider, row),
                "hot": row.hot,
                "why": row.why or None,
                "alternative": row.alternative or None,
                "source": row.source or None,
            }
            for row in provider.options
        ],
        "limits": asdict(provider.numbers),
        "as_of": can.as_of.isoformat(),
        "source": can.source,
    }


def needs(provider: Provider) -> str:
    """Return what has to be installed before *provider* works, or ""."""
    try:
        provider.ready()
    except ConfigError as error:
        return str(error)
    return ""


def has_key(provider: Provider) -> bool | None:
    """Say whether the key of *provider* is in the environment; None: it needs none."""
    return bool(os.environ.get(provider.env, "").strip()) if provider.env else None


def languages(provider: Provider) -> list[str]:
    """Return the languages of all models, sorted; where no model says, none."""
    return sorted({language for model in provider.capabilities.models.values() for language in model.languages})


def models(provider: Provider, row: Option) -> list[str]:
    """Return the models that *row* is for; for a row of all models none."""
    return [model.name for model in provider.capabilities.models.values() if model.family in row.models]


def support(provider: Provider, option: str, family: str | None = None) -> str:
    """Return how well *provider* supports *option* with a model of *family*, by default with its default model."""
    if family is None:
        default = provider.capabilities.models.get(provider.capabilities.default_model or "")
        family = default.family if default else ""
    rows = (row for row in provider.options if row.name == option)
    chosen = next((row for row in rows if not (row.models and family) or family in row.models), None)
    return chosen.support if chosen else "unsupported"


def _varies(provider: Provider, option: str) -> bool:
    families = {model.family for model in provider.capabilities.models.values()}
    return len({support(provider, option, family) for family in families}) > 1


def _aliases(name: str) -> list[str]:
    return sorted(alias for alias, meant in registry.ALIASES.items() if meant == name)


# Words for people.


def _all(found: Sequence[Provider | Broken]) -> list[Table]:
    usable = [each for each in found if isinstance(each, Provider)]
    states = [_state(each) if isinstance(each, Provider) else _broken(each) for each in found]
    marks = [(name, *(_mark(each, name) for each in usable)) for name in OPTIONS]
    return [
        Table("Providers", ("provider", "title", "state", "key", "speaks"), states),
        Table("What they take", ("provider", "models", "languages", "audio", "channels"), map(_takes, usable)),
        Table("Options (* differs with the model)", ("option", *(each.name for each in usable)), marks),
        Table("Sources", ("provider", "as of", "source"), map(_source, usable)),
    ]


def _state(provider: Provider) -> tuple[str, ...]:
    return provider.name, provider.title, needs(provider) or "ready", _key(provider), _speaks(provider)


def _broken(broken: Broken) -> tuple[str, ...]:
    return broken["name"], "", broken["needs"], "", ""


def _takes(provider: Provider) -> tuple[str, ...]:
    can = provider.capabilities
    return (
        provider.name,
        _some(sorted(can.models, key=lambda name: name != can.default_model)),
        _few(languages(provider)),
        f"{_some(can.encodings)}; {_rates(provider)}",
        str(can.max_channels),
    )


def _source(provider: Provider) -> tuple[str, ...]:
    return provider.name, provider.capabilities.as_of.isoformat(), provider.capabilities.source


def _mark(provider: Provider, option: str) -> str:
    mark = support(provider, option)
    return ("-" if mark == "unsupported" else mark) + ("*" if _varies(provider, option) else "")


def _whole(provider: Provider) -> list[Table]:
    can = provider.capabilities
    about = [
        ("title", provider.title),
        ("also called", ", ".join(_aliases(provider.name))),
        ("state", needs(provider) or "ready"),
        ("key", _key(provider)),
        ("speaks", _speaks(provider)),
        ("served at", ", ".join(_CHOICES.sub("}", " ".join(route)) for route in provider.routes)),
        ("encodings", ", ".join(can.encodings)),
        ("sample rates", _rates(provider)),
        ("channels apart", str(can.max_channels)),
        ("languages", ", ".join(languages(provider))),
        ("as of", can.as_of.isoformat()),
        ("source", can.source),
    ]
    tables = [Table(provider.name, (), about)]
    if can.models:
        known = [
            (
                model.name + (" (default)" if model.name == can.default_model else ""),
                _few(model.languages),
                f"since {model.retired}" if model.retired else "",
                model.replacement or "",
            )
            for model in can.models.values()
        ]
        tables.append(Table("Models", ("model", "languages", "retired", "replacement"), known))
    head = ("option", "support", "vendor's word", "models", "in mid-session", "note")
    rows = [row for name in OPTIONS for row in _option_rows(provider, name)]
    return [*tables, Table("Options", head, rows), Table("Limits", (), _limits(provider.numbers))]


def _option_rows(provider: Provider, name: str) -> list[tuple[str, ...]]:
    rows = [row for row in provider.options if row.name == name]
    if not rows:
        return [(name, "unsupported", "", "", "", "")]
    return [
        (name, row.support, row.native, _some(models(provider, row)), "yes" if row.hot else "", _note(row))
        for row in rows
    ]


def _note(row: Option) -> str:
    others = row.models and row.alternative and row.support != "unsupported"
    return "; ".join(filter(None, (row.why, f"with other models: {row.alternative}" if others else row.alternative)))


def _limits(numbers: Numbers) -> list[tuple[str, str]]:
    least, usual, most = numbers.chunk
    pace, keepalive = numbers.pace, numbers.keepalive
    by_message = f"a message, answered within {_seconds(numbers.finalize_timeout)}"
    by_silence = f"emulated by {_seconds(numbers.finalize_silence)} of silence"
    return [
        ("audio message", f"{least:g} to {_seconds(most)}, usually {_seconds(usual)}"),
        ("pace", f"{_seconds(pace.ahead)} at once, then {pace.factor:g} x real time" if pace else "as it is taken"),
        ("first audio due", _seconds(numbers.audio_due)),
        ("keepalive", f"{numbers.keepalive_by}, within {_seconds(keepalive)}" if keepalive else ""),
        ("finalize", by_message if numbers.finalize == "message" else by_silence),
        ("turns end only with audio", "yes" if numbers.ends_only_with_audio else ""),
        ("longest turn", _seconds(numbers.longest_turn)),
        ("longest session", _seconds(numbers.session_limit)),
        ("longest message", f"{numbers.frame_limit} bytes"),
    ]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:g} s"


def _key(provider: Provider) -> str:
    if provider.env is None:
        return "none needed"
    return f"{provider.env} {'set' if has_key(provider) else 'not set'}"


def _speaks(provider: Provider) -> str:
    return "client, server" if provider.server else "client"


def _rates(provider: Provider) -> str:
    rates = provider.capabilities.sample_rates
    if isinstance(rates, range):
        return f"{rates.start} to {rates.stop - 1} Hz"
    return f"{', '.join(map(str, rates))} Hz"


def _some(names: Sequence[str]) -> str:
    """Name the first of *names* and count the others."""
    return ", ".join(names) if len(names) < FEW else f"{names[0]} and {len(names) - 1} more"


def _few(names: Iterable[str]) -> str:
    """Name a few, or count many."""
    listed = list(names)
    return ", ".join(listed) if len(listed) <= FEW else str(len(listed))
