"""What each setting becomes at a provider, as data: the capability table, and what differs between two of them.

Options are told by the provider's option rows, the rest by its capabilities and numbers; nothing is said here that they
do not say.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Literal

from attrs import field, frozen

from .audio.format import ENCODINGS, MAX_RATE, MIN_RATE, AudioFormat
from .capabilities import Capabilities
from .config import OPTIONS, Config
from .errors import ConfigError, UnsupportedOption
from .options import Option, Support, alternative, of_family
from .provider import Numbers, Provider
from .tokens import Tokens

FEATURES = (
    *("model", "language", "languages", "encoding", "sample_rate", "channels", "partials", "formatting"),
    *("formatted_turns", "turn_silence", "max_turn_silence", "keyterms", "diarization", "profanity_filter"),
    *("pii_redaction", "region", "base_url", "finalize", "configure", "keepalive", "resume", "token"),
)
"""Every setting that vendors differ in, then what a session can do, in the order of tables."""
RANKS: dict[Support, int] = {"unsupported": 0, "approximate": 1, "emulated": 2, "exact": 3}
"""How much of a setting is there."""
Verdict = Literal["lost", "worse", "other", "better"]
VERDICTS: tuple[Verdict, ...] = ("lost", "worse", "other", "better")
"""What becomes of a setting at another provider, the worst first."""
COUNTED = frozenset({"language", "configure"})
"""Features of which each value that is missing is a loss: another encoding is converted to, another model chosen."""


@frozen(kw_only=True)
class Feature:
    """What one setting becomes at one provider, with one of its models.

    Attributes:
        name: one of :data:`FEATURES`.
        support: how well the vendor does it; "emulated" is done by this library.
        native: the vendor's word on the wire; "" where there is none.
        values: what it may be, where that can be listed: models, BCP-47 tags, encodings, rates, options; empty: not
            known, or no list.
        most: the greatest number, of channels.
        note: what one should know: why it is not exact, what comes nearest, or how it is done.
        hot: whether it may change in mid-session.
        source: the page that says so.
        as_of: when it did.
    """

    name: str
    support: Support
    native: str = ""
    values: tuple[str, ...] = ()
    most: int | None = None
    note: str = ""
    hot: bool = False
    source: str
    as_of: datetime.date


@frozen(kw_only=True)
class Difference:
    """One setting that a provider has otherwise than another one.

    Attributes:
        verdict: what becomes of it: "lost" is no longer there, "worse" and "better" is less or more of it, "other" is
            as much, in other words.
        missing: the values of *before* that are gone.
    """

    before: Feature
    after: Feature
    verdict: Verdict
    missing: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.before.name


def features(provider: Provider, model: str | None = None) -> tuple[Feature, ...]:
    """Return what each of :data:`FEATURES` becomes at *provider* with *model*; None: with its default model.

    A model whose family nothing tells is taken for one that has whatever any has.

    Raises:
        ConfigError: the provider cannot say what it is with this model.
    """
    suited = provider.suited(Config(model=model))
    can, numbers = suited.capabilities, suited.numbers
    rows = of_family(suited.options, can.family(model))
    known = can.models.get(model or can.default_model or "")
    if known is None and len(can.models) == 1:
        known = next(iter(can.models.values()))
    spoken = {"language": known.languages} if known else {}
    found: dict[str, dict[str, Any]] = {
        "model": _model(can),
        "encoding": _encoding(can),
        "sample_rate": _sample_rate(can),
        "channels": _channels(suited),
        "formatted_turns": {"support": "emulated", "note": "done by this library, alike for every vendor"},
        "base_url": _base_url(suited),
        "finalize": _finalize(numbers),
        "configure": _configure(rows.values()),
        "keepalive": _keepalive(numbers),
        "resume": _resume(suited),
        "token": _token(suited.tokens),
        **{name: _option(rows.get(name), suited.options, name, spoken.get(name, ())) for name in OPTIONS},
    }
    usual: dict[str, Any] = {"source": can.source, "as_of": can.as_of}
    return tuple(Feature(name=name, **usual | found[name]) for name in FEATURES)


def varies(provider: Provider, name: str) -> bool:
    """Say whether the support of option *name* differs between the models of *provider*."""
    families = {model.family for model in provider.capabilities.models.values()}
    found = (of_family(provider.options, each).get(name) for each in families)
    return len({row.support if row else "unsupported" for row in found}) > 1


def models(provider: Provider, row: Option) -> tuple[str, ...]:
    """Return the models that *row* is for; for a row of all models none."""
    return tuple(model.name for model in provider.capabilities.models.values() if model.family in row.models)


def languages(provider: Provider) -> tuple[str, ...]:
    """Return the languages of all models, sorted; where no model says, none."""
    return tuple(sorted({tag for model in provider.capabilities.models.values() for tag in model.languages}))


def note(row: Option) -> str:
    """Return what one should know of *row*."""
    others = row.models and row.alternative and row.support != "unsupported"
    return "; ".join(filter(None, (row.why, f"with other models: {row.alternative}" if others else row.alternative)))


def differences(before: Iterable[Feature], after: Iterable[Feature]) -> list[Difference]:
    """Return what differs, feature by feature: what a switch from the first to the second loses comes first.

    Where a page was read, and when, is no difference.
    """
    theirs = {feature.name: feature for feature in after}
    found = [_difference(feature, theirs[feature.name]) for feature in before if _differ(feature, theirs[feature.name])]
    return sorted(found, key=lambda each: VERDICTS.index(each.verdict))


def _differ(one: Feature, other: Feature) -> bool:
    told = [(each.support, each.native, each.values, each.most, each.note, each.hot) for each in (one, other)]
    return told[0] != told[1]


def _difference(before: Feature, after: Feature) -> Difference:
    listed = before.name in COUNTED and before.values and after.values  # of an empty list nothing is known
    missing = tuple(value for value in before.values if value not in after.values) if listed else ()
    gain = RANKS[after.support] - RANKS[before.support] or (after.most or 0) - (before.most or 0)
    verdict: Verdict = "better" if gain > 0 else "other"
    if after.support == "unsupported" and gain < 0:
        verdict = "lost"
    elif gain < 0 or missing:
        verdict = "worse"
    return Difference(before=before, after=after, verdict=verdict, missing=missing)


# One feature each.


def _option(row: Option | None, rows: Iterable[Option], name: str, values: tuple[str, ...]) -> dict[str, Any]:
    if row is None:
        return {"support": "unsupported", "note": alternative(rows, name)}
    told: dict[str, Any] = {"support": row.support, "native": row.native, "hot": row.hot}
    if row.support == "unsupported":
        told["note"] = "; ".join(filter(None, (row.why, row.alternative)))
    else:
        told |= {"note": row.why, "values": values}
    if row.source:
        told["source"] = row.source
    if row.as_of:
        told["as_of"] = row.as_of
    return told


def _model(can: Capabilities) -> dict[str, Any]:
    names = tuple(sorted(can.models, key=lambda name: name != can.default_model))
    if not names:
        return {"support": "unsupported", "note": "there is one, without a name"}
    usual = f"default: {can.default_model}" if can.default_model else "default: the vendor's"
    return {"support": "exact", "values": names, "note": usual}


def _encoding(can: Capabilities) -> dict[str, Any]:
    if set(can.encodings) == set(ENCODINGS):
        return {"support": "exact", "values": can.encodings}
    return {"support": "emulated", "values": can.encodings, "note": f"others are converted to {can.encodings[0]}"}


def _sample_rate(can: Capabilities) -> dict[str, Any]:
    rates = can.sample_rates
    if not isinstance(rates, range):
        return {
            "support": "emulated",
            "values": tuple(map(str, rates)),
            "note": "others are converted, up where it can be",
        }
    limits = {"values": (f"{rates.start} to {rates.stop - 1}",)}
    if rates.start <= MIN_RATE and rates.stop > MAX_RATE:
        return {"support": "exact", **limits}
    return {"support": "emulated", **limits, "note": "others are converted"}


def _channels(provider: Provider) -> dict[str, Any]:
    can, two = provider.capabilities, AudioFormat(channels=2)
    try:
        can.wire_format(provider.name, two, separate=True)
    except UnsupportedOption as error:
        return {"support": "unsupported", "values": ("mix",), "most": 1, "note": error.alternative}
    apart = {"values": ("mix", "separate"), "most": can.max_channels}
    return {"support": "exact", **apart, "note": f"up to {can.max_channels} apart"}


def _base_url(provider: Provider) -> dict[str, Any]:
    if provider.open_worker:
        return {"support": "unsupported", "note": "it runs on this machine"}
    try:
        provider.check(Config())
    except ConfigError as error:
        return {"support": "exact", "note": str(error)}
    return {"support": "exact", "note": "another server of the same protocol"}


def _finalize(numbers: Numbers) -> dict[str, Any]:
    if numbers.finalize == "message":
        return {"support": "exact", "note": f"a message, answered within {seconds(numbers.finalize_timeout)}"}
    return {"support": "emulated", "note": f"by {seconds(numbers.finalize_silence)} of silence"}


def _configure(rows: Iterable[Option]) -> dict[str, Any]:
    hot = tuple(row.name for row in rows if row.hot)
    if not hot:
        return {"support": "unsupported", "note": "nothing can change in mid-session"}
    return {"support": "exact", "values": tuple(name for name in OPTIONS if name in hot)}


def _keepalive(numbers: Numbers) -> dict[str, Any]:
    if numbers.keepalive is None:
        pinged = f"; it is pinged every {seconds(numbers.ping)}" if numbers.ping else ""
        return {"support": "exact", "note": f"nothing has to be sent{pinged}"}
    support: Support = "emulated" if numbers.keepalive_by == "silence" else "exact"
    return {"support": support, "note": f"{numbers.keepalive_by}, within {seconds(numbers.keepalive)}"}


def _resume(provider: Provider) -> dict[str, Any]:
    if provider.session_of:
        return {"support": "exact", "note": "the vendor's session goes on after a loss"}
    return {"support": "emulated", "note": "after a loss another session begins, with the audio that was not settled"}


def _token(tokens: Tokens | None) -> dict[str, Any]:
    if tokens is None:
        return {"support": "unsupported", "note": "there are no temporary tokens"}
    note = "one session, whose settings it fixes" if tokens.once else "for programs that must not hold the key"
    if tokens.lifetime:
        least, usual, most = tokens.lifetime
        note += f"; good for {least:g} to {most:.0f} s, usually {seconds(usual)}"
    return {"support": "exact", "note": note, "source": tokens.source}


def seconds(value: float | None) -> str:
    """Return *value* as tables have it; None as ""."""
    return "" if value is None else f"{value:g} s"
