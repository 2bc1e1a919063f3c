"""The whole option space: every built-in vendor, each of its model families, every option with values that it takes."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from aai_migrate import registry
from aai_migrate.config import OPTIONS, Config
from aai_migrate.options import Option, of_family
from aai_migrate.provider import Provider

REGIONS = ("eu", "us", "au", "global", "eu-west", "us-west", "asia")
TAGS = ("en", "en-US", "en-GB", "de", "de-CH", "es-419", "pt-BR", "zh", "zh-Hant", "yue")
SECONDS = [each / 100 for each in range(6001)]
TERM = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=12)


def primary(tag: str) -> str:
    """The language of a tag alone; of the two tags of Mandarin the shorter."""
    first = tag.partition("-")[0].lower()
    return "zh" if first == "cmn" else first


class Place:
    """One vendor, as it is with one model."""

    def __init__(self, provider: Provider, model: str | None) -> None:
        self.provider, self.model = provider, model

    def __str__(self) -> str:
        return f"{self.provider.name}/{self.model}" if self.model else self.provider.name

    __repr__ = __str__

    @property
    def rows(self) -> dict[str, Option]:
        """The rows that count, by option."""
        suited = self.provider.suited(Config(model=self.model))
        return of_family(suited.options, suited.capabilities.family(self.model))

    @property
    def usual(self) -> dict[str, Any]:
        """What every session there needs."""
        named = self.model and self.provider.name not in ("local", "assemblyai-v2")
        where = {"base_url": "ws://127.0.0.1:1"} if self.provider.name == "assemblyai-v2" else {}
        return {**where, **({"model": self.model} if named else {})}

    def values(self, name: str) -> st.SearchStrategy[Any] | None:
        """Return values of option *name* that it takes; None: it takes none."""
        row = self.rows.get(name)
        if row is None or row.support == "unsupported":
            return None
        if name == "keyterms":
            return st.lists(TERM, min_size=1, max_size=4).map(tuple).filter(lambda terms: not row.check(terms))
        taken = [value for value in self._candidates(name) if not row.check(value)]
        assert taken, f"{self}: no value of {name} passes its own check"
        return st.sampled_from(taken)

    def _candidates(self, name: str) -> list[Any]:
        can = self.provider.suited(Config(model=self.model)).capabilities
        known = can.models.get(self.model or can.default_model or "")
        tags = known.languages if known and known.languages else TAGS
        match name:
            case "language":
                return [*tags, *TAGS]
            case "languages":
                pairs = itertools.combinations(dict.fromkeys([*tags, *TAGS]), 2)
                return [pair for pair in pairs if primary(pair[0]) != primary(pair[1])]
            case "region":
                return [*REGIONS]
            case "turn_silence" | "max_turn_silence":
                return SECONDS
        return [True, False]


def places() -> list[Place]:
    """Return every vendor with its default model, and with one of each other family."""
    found = []
    for name in registry.PUBLIC:
        provider = registry.find(name)
        first = {model.family: model.name for model in reversed([*provider.capabilities.models.values()])}
        first.pop(provider.capabilities.family(), None)  # that of its default model
        found += [Place(provider, None), *(Place(provider, model) for model in first.values())]
    return found


PLACES = places()
ROWS = [(place, name) for place in PLACES for name in OPTIONS if place.values(name) is not None]
"""Every option at every place that has it."""


def configs(place: Place) -> st.SearchStrategy[Config]:
    """Settings of *place*, of its options any number."""
    optional = {name: values for name in OPTIONS if (values := place.values(name)) is not None}
    return st.fixed_dictionaries({}, optional=optional).map(lambda options: Config(**place.usual, **options))
