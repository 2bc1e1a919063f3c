"""``aai-migrate providers``: what each provider can do, what it needs, and what differs between two of them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import click
from attrs import frozen

from .. import registry
from ..config import OPTIONS, Config
from ..errors import ConfigError
from ..features import Difference, Feature, Verdict, differences, features, languages, models, note, seconds, varies
from ..options import Option
from ..provider import Numbers, Provider
from .facts import aliases, difference, facts, has_key, needs, rows
from .markdown import markdown
from .table import Table, show
from .view import encodable

_SUPPORT = {"exact": "green", "approximate": "yellow", "emulated": "yellow", "-": "dim"}
STYLES = {
    "ready": "green",
    "unsupported": "dim",
    **_SUPPORT,
    **{f"{word}*": style for word, style in _SUPPORT.items()},
}
_CHOICES = re.compile(r":[^}]*\}")  # of a part of a path
FEW = 3
"""So many names are listed; of more the first and their number."""
ELSEWHERE = frozenset({"model", "encoding", "sample_rate"})
"""Features that the table of what they take tells better."""
TITLES: dict[Verdict, str] = {
    "lost": "Lost",
    "worse": "Less of it",
    "other": "As much, in other words",
    "better": "Gained",
}


@click.command(
    epilog="""\b
Examples:
  aai-migrate providers
  aai-migrate providers assemblyai-v3
  aai-migrate providers deepgram/flux-general-en
  aai-migrate providers --diff deepgram assemblyai-v3
  aai-migrate providers --diff deepgram/nova-3 deepgram/flux-general-en --json
  aai-migrate providers --json | jq -r '.[] | select(.ready) | .name'

exact, approximate and emulated say how well a vendor's own setting matches ours, for its default model; * says that it
is another for other models, and what is emulated this library does itself. --diff tells what a switch from the first to
the second loses, then what else differs. A provider whose extra is missing is listed with the line that installs
it.""",
)
@click.argument("names", metavar="[NAME]", nargs=-1)
@click.option("--diff", is_flag=True, help="Compare two, NAME and NAME, setting by setting.")
@click.option("--json", "json_", is_flag=True, help="One JSON array; with NAME or --diff one object.")
@click.option("--markdown", "markdown_", is_flag=True, help="The table of vendors and features as documents have it.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def providers(names: tuple[str, ...], diff: bool, json_: bool, markdown_: bool, debug: bool) -> Callable[[], int]:
    """Show what each provider can do, or all about NAME, which may be NAME/MODEL."""
    if diff:
        return partial(_compare, names, json_)
    if len(names) > 1:
        raise click.UsageError(f"unexpected extra argument ({names[1]}); two names go with --diff")
    if markdown_:
        return partial(_markdown, names, json_)
    return partial(_one, names[0], json_) if names else partial(_all, json_)


def _all(as_json: bool) -> int:
    found = [_found(each) for each in registry.names()]
    found += [{"name": each, "ready": False, "needs": why} for each, why in registry.overruled().items()]
    if as_json:
        print(json.dumps([facts(each) if isinstance(each, Provider) else each for each in found], indent=2))
    else:
        show(_overview(found), STYLES)
    return 0


def _one(name: str, as_json: bool) -> int:
    one = _asked(name)
    if as_json:
        print(json.dumps(facts(one.provider, one.model), indent=2))
    else:
        show(_whole(one), STYLES)
    return 0


def _compare(names: Sequence[str], as_json: bool) -> int:
    if len(names) != 2:
        given = f"with what to compare {names[0]}" if len(names) == 1 else f"which two, not {len(names)}"
        raise ConfigError(f"--diff needs two names: say {given}, as in --diff deepgram assemblyai-v3")
    before, after = map(_asked, names)
    found = differences(features(before.provider, before.model), features(after.provider, after.model))
    if as_json:
        sides = {"from": before.as_json(), "to": after.as_json()}
        print(json.dumps({**sides, "differences": [difference(each) for each in found]}, indent=2))
    elif found:
        show(_differences(before, after, found), STYLES)
    else:
        print(f"{before.name} and {after.name} do not differ in any setting.")
    return 0


def _markdown(names: Sequence[str], as_json: bool) -> int:
    if names or as_json:
        raise ConfigError("--markdown is the table of all providers; leave out the name and --json")
    table = markdown([registry.find(name) for name in registry.PUBLIC])
    sys.stdout.write(encodable(f"{table}\n", sys.stdout))
    return 0


Broken = dict[str, Any]


@frozen
class Asked:
    """A provider, as it is with a model.

    Attributes:
        name: as it was asked for.
        model: None: the default model.
    """

    name: str
    provider: Provider
    model: str | None

    def as_json(self) -> dict[str, str | None]:
        return {"name": self.provider.name, "model": self.model or self.provider.capabilities.default_model}


def _asked(spec: str) -> Asked:
    """Return the provider that *spec* names, as it is with the model that *spec* names.

    Raises:
        ConfigError: there is none.
    """
    name, model = registry.split(spec)
    return Asked(spec, registry.find(name).suited(Config(model=model)), model)


def _found(name: str) -> Provider | Broken:
    """Return the provider called *name*, or what is wrong with it: a plug-in is no reason to show nobody."""
    try:
        with redirect_stdout(sys.stderr):  # what a module prints is none of what was asked for
            found = registry.find(name)
            if name not in registry.BUILT_IN:
                _ = facts(found), _state(found), _takes(found), _source(found), _marks(found)
    except ConfigError as error:
        return {"name": name, "ready": False, "needs": str(error)}
    except Exception as error:  # noqa: BLE001 its own functions may raise anything
        why = f"provider {name!r} cannot be shown: {type(error).__name__}: {error}; repair or uninstall it"
        return {"name": name, "ready": False, "needs": why}
    return found


# All of them.


def _overview(found: Sequence[Provider | Broken]) -> list[Table]:
    usable = [each for each in found if isinstance(each, Provider)]
    states = [_state(each) if isinstance(each, Provider) else _broken(each) for each in found]
    marks = [_marks(each) for each in usable]
    options = [(name, *(column[name] for column in marks)) for name in (marks[0] if marks else ())]
    return [
        Table("Providers", ("provider", "title", "state", "key", "speaks"), states),
        Table("What they take", ("provider", "models", "languages", "audio", "channels"), map(_takes, usable)),
        Table("Options (* differs with the model)", ("option", *(each.name for each in usable)), options),
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


def _marks(provider: Provider) -> dict[str, str]:
    """Return how well each feature is supported, in one word."""
    return {each.name: _mark(provider, each) for each in features(provider) if each.name not in ELSEWHERE}


def _mark(provider: Provider, feature: Feature) -> str:
    other = "*" if feature.name in OPTIONS and varies(provider, feature.name) else ""
    return ("-" if feature.support == "unsupported" else feature.support) + other


# One of them.


def _whole(one: Asked) -> list[Table]:
    provider = one.provider
    can = provider.capabilities
    about = [
        ("title", provider.title),
        ("also called", ", ".join(aliases(provider.name))),
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
    told = rows(provider, one.model)
    sources = list(dict.fromkeys(_page(provider, row) for row in told))
    head = ("option", "support", "vendor's word", "models", "in mid-session", "note", "page")
    options = [line for name in OPTIONS for line in _option_rows(provider, name, told, sources)]
    return [
        Table(one.name, (), about),
        *_models(provider),
        Table("Options", head, options),
        Table("Besides", ("feature", "support", "note"), _besides(one)),
        Table("Limits", (), _limits(provider.numbers)),
        Table("Pages", ("page", "as of", "source"), [(str(n), *page) for n, page in enumerate(sources, 1)]),
    ]


def _models(provider: Provider) -> list[Table]:
    can = provider.capabilities
    if not can.models:
        return []
    known = [
        (
            model.name + (" (default)" if model.name == can.default_model else ""),
            _few(model.languages),
            f"since {model.deprecated}" if model.deprecated else "",
            f"since {model.retired}" if model.retired else "",
            model.replacement or "",
        )
        for model in can.models.values()
    ]
    heard: dict[tuple[str, ...], list[str]] = {}
    for model in can.models.values():
        if len(model.languages) > FEW:
            heard.setdefault(model.languages, []).append(model.name)
    spoken = [(", ".join(names), ", ".join(sorted(tags))) for tags, names in heard.items()]
    return [
        Table("Models", ("model", "languages", "deprecated", "retired", "replacement"), known),
        *([Table("Languages", ("models", "languages"), spoken)] if spoken else []),
    ]


def _option_rows(
    provider: Provider, name: str, told: Sequence[Option], sources: Sequence[tuple[str, str]]
) -> list[tuple[str, ...]]:
    found = [row for row in told if row.name == name]
    if not found:
        return [(name, "unsupported", "", "", "", "", "")]
    return [
        (
            name,
            row.support,
            row.native,
            _of(provider, row),
            "yes" if row.hot else "",
            note(row),
            str(sources.index(_page(provider, row)) + 1),
        )
        for row in found
    ]


def _of(provider: Provider, row: Option) -> str:
    """Return which models *row* is for; "": all."""
    return _some(models(provider, row)) or ("others" if row.models else "")


def _page(provider: Provider, row: Option) -> tuple[str, str]:
    can = provider.capabilities
    return (row.as_of or can.as_of).isoformat(), row.source or can.source


def _besides(one: Asked) -> list[tuple[str, str, str]]:
    told = (each for each in features(one.provider, one.model) if each.name not in OPTIONS)
    return [(each.name, each.support, _told(each)) for each in told]


def _told(feature: Feature, missing: Sequence[str] = ()) -> str:
    """Return all that is to be said of *feature*, with the values that are *missing*."""
    values = _LISTED.get(feature.name, ", ".join)(feature.values)
    lacks = f"without {', '.join(missing)}" if missing else ""
    return "; ".join(filter(None, (values, feature.note, lacks)))


def _limits(numbers: Numbers) -> list[tuple[str, str]]:
    least, usual, most = numbers.chunk
    pace, keepalive = numbers.pace, numbers.keepalive
    by_message = f"a message, answered within {seconds(numbers.finalize_timeout)}"
    by_silence = f"emulated by {seconds(numbers.finalize_silence)} of silence"
    return [
        ("audio message", f"{least:g} to {seconds(most)}, usually {seconds(usual)}"),
        ("pace", f"{seconds(pace.ahead)} at once, then {pace.factor:g} x real time" if pace else "as it is taken"),
        ("first audio due", seconds(numbers.audio_due)),
        ("keepalive", f"{numbers.keepalive_by}, within {seconds(keepalive)}" if keepalive else ""),
        ("finalize", by_message if numbers.finalize == "message" else by_silence),
        ("turns end only with audio", "yes" if numbers.ends_only_with_audio else ""),
        ("longest turn", seconds(numbers.longest_turn)),
        ("longest session", seconds(numbers.session_limit)),
        ("longest message", f"{numbers.frame_limit} bytes"),
    ]


# Two of them.


def _differences(before: Asked, after: Asked, found: Sequence[Difference]) -> list[Table]:
    tables = []
    for verdict, title in TITLES.items():
        lines = [
            line
            for each in found
            if each.verdict == verdict
            for line in (_side(before, each.before), _side(after, each.after, each.missing))
        ]
        if lines:
            head = ("setting", "provider", "support", "vendor's word", "note")
            tables.append(Table(f"{title}, from {before.name} to {after.name}", head, lines))
    return tables


def _side(one: Asked, feature: Feature, missing: Sequence[str] = ()) -> tuple[str, ...]:
    return feature.name, one.name, feature.support, feature.native, _told(feature, missing)


# Words for people.


def _key(provider: Provider) -> str:
    if provider.env is None:
        return "none needed"
    return f"{provider.env} {'set' if has_key(provider.env) else 'not set'}"


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


def _spoken(tags: Sequence[str]) -> str:
    return _few(tags) if len(tags) <= FEW else f"{len(tags)} languages"


_LISTED: dict[str, Callable[[Sequence[str]], str]] = {"model": _some, "language": _spoken}
