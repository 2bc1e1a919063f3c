"""Option rows: one row names a setting on both sides and converts its unit.

The client half encodes with the rows, the server half decodes with them, and the capability table prints them.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from attrs import evolve, field, frozen

from .config import OPTIONS, Config
from .errors import BadRequest, ConfigError, UnsupportedOption
from .wire.events import Warned

Support = Literal["exact", "approximate", "emulated", "unsupported"]
WITHOUT = "; going on without it"
"""What ends the text that says why a setting is left out."""


def same(value: Any) -> Any:
    return value


def milliseconds(seconds: float) -> int:
    """Return *seconds* in whole milliseconds."""
    return round(seconds * 1000)


def from_milliseconds(value: Any) -> float:
    """Return a wire value in milliseconds as seconds.

    Raises:
        ValueError: it is not a number.
    """
    return float(value) / 1000


@frozen(kw_only=True)
class Option:
    """One setting: its neutral name and the vendor's.

    Attributes:
        name: the field of :class:`~aai_migrate.config.Config`.
        native: the vendor's word on the wire; "" where there is none.
        support: how well the vendor's setting matches.
        encode, decode: neutral value to wire value and back; ``decode`` raises ValueError on nonsense.
        models: model families that have it; empty: all.
        check: says what is wrong with a neutral value, or "".
        hot: whether it may change in mid-session.
        alternative: what comes nearest where it is unsupported.
        why: what one should know, above all what differs where it is not exact.
        source: the page of the wire fact.
        as_of: when that page said so; None: when the provider's other pages did, see
            :attr:`~aai_migrate.capabilities.Capabilities.as_of`.
    """

    name: str = field()
    native: str = ""
    support: Support = "exact"
    encode: Callable[[Any], Any] = same
    decode: Callable[[Any], Any] = same
    models: tuple[str, ...] = ()
    check: Callable[[Any], str] = lambda _: ""
    hot: bool = False
    alternative: str = ""
    why: str = ""
    source: str = ""
    as_of: datetime.date | None = None

    @name.validator
    def _known(self, _: object, name: str) -> None:
        if name not in OPTIONS:
            raise ValueError(f"no neutral option is called {name!r}")

    def counts_for(self, family: str) -> bool:
        """Say whether it is for models of *family*; "": of any."""
        return not (self.models and family) or family in self.models


@frozen
class Encoded:
    """The outcome of :func:`encode`.

    Attributes:
        native: what to send.
        dropped: what was left out on the caller's wish, each with the reason.
        lacking: those of them that the vendor or the model does not have, each with what comes nearest.
        wrong: what is wrong with the others, in words.
    """

    native: dict[str, Any]
    dropped: Mapping[str, str] = field(factory=dict)
    lacking: Mapping[str, str] = field(factory=dict)
    wrong: tuple[str, ...] = ()

    def warnings(self) -> list[Warned]:
        """Return what the caller is told of options that were left out."""
        return [without("unsupported", why, name) for name, why in self.dropped.items()]


def without(code: str, reason: str, option: str) -> Warned:
    """Return what the caller is told of *option*, which is left out for *reason*."""
    return Warned(code, f"{reason}{WITHOUT}", option)


def encode(
    config: Config, rows: Sequence[Option], provider: str, *, model: str | None = None, family: str = ""
) -> Encoded:
    """Return the vendor's words for what the caller set.

    Raises:
        UnsupportedOption: the vendor or the model lacks a set option, unless ``on_unsupported="warn"``.
        ConfigError: a value is beyond the vendor's limits, unless ``on_unsupported="warn"``; two options say the same.
            Either names all that is wrong.
    """
    native: dict[str, Any] = {}
    lacking: dict[str, str] = {}  # each with what comes nearest
    wrong: dict[str, str] = {}
    dropped: dict[str, str] = {}  # both, as they are told to who goes on without
    owners: dict[str, str] = {}
    table = of_family(rows, family)
    for name in OPTIONS:
        if not config.is_set(name):
            continue
        chosen = table.get(name)
        value = getattr(config, name)
        if chosen is None or chosen.support == "unsupported":
            if value is False and name != "partials":  # what a vendor lacks is off
                continue
            lacking[name] = (chosen and chosen.alternative) or alternative(rows, name)
            dropped[name] = f"{provider} has no {name}"
        elif why := chosen.check(value):
            wrong[name] = dropped[name] = f"{provider}: {name} {why}"
        elif chosen.native:
            if other := owners.get(chosen.native):
                wrong[other] = f"{provider}: {other} and {name} say the same there; give one of them"
                dropped[other] = f"{provider}: {name} goes before {other}"
            owners[chosen.native] = name
            native[chosen.native] = chosen.encode(value)
    encoded = Encoded(native, dropped, lacking, tuple(wrong.values()))
    if config.on_unsupported == "error":
        _insist(encoded, provider, model)
    return encoded


def of_family(rows: Iterable[Option], family: str) -> dict[str, Option]:
    """Return the row of each option that counts for models of *family*: the first; "": of any."""
    table: dict[str, Option] = {}
    for row in rows:
        if row.counts_for(family):
            table.setdefault(row.name, row)
    return table


def alternative(rows: Iterable[Option], name: str) -> str:
    """Return what comes nearest to an option that this model lacks: another may have it."""
    return next((row.alternative for row in rows if row.name == name and row.alternative), "")


def own_words(config: Config, provider: str, reserved: Mapping[str, str]) -> dict[str, Any]:
    """Return what the caller gave in the vendor's own words; what is None is left out.

    Args:
        reserved: words that are ours to set, each with the argument that sets it.
    Raises:
        ConfigError: one of them is there.
    """
    words = {name: value for name, value in config.extra.get(provider, {}).items() if value is not None}
    for name in words:
        if name in reserved:
            raise ConfigError(f"{provider}: extra must not hold {name!r}; pass {reserved[name]} instead")
    return words


def changed(config: Config, options: Mapping[str, Any], rows: Iterable[Option], provider: str) -> Config:
    """Return *config* as a change of *options* in mid-session leaves it.

    What ``extra`` says of the same in the vendor's own words is no longer so, and would go before the change in the
    next connection.
    """
    natives = {row.native for row in rows if row.name in options}
    own = config.extra.get(provider, {})
    kept = {name: value for name, value in own.items() if name not in natives}
    extra = config.extra if len(kept) == len(own) else {**config.extra, provider: kept}
    return evolve(config, extra=extra, **options)


def unknown(
    provider: str, models: Collection[str], model: str | None, known: Collection[str], words: Iterable[str]
) -> list[Warned]:
    """Return what the caller is told of a model and of *words* in ``extra`` that are not in our tables."""
    found = []
    if model is not None and model not in models:
        text = f"{provider}: model {model!r} is not in our table; asked for as it is"
        found.append(Warned("unknown_model", text))
    for name in sorted(set(words) - set(known)):
        close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        hint = f" (did you mean {close[0]}?)" if close else ""
        found.append(Warned("unknown_extra", f"{provider}: {name!r} is not a parameter we know{hint}; sent as it is"))
    return found


def decode(native: Mapping[str, Any], rows: Iterable[Option], provider: str) -> dict[str, Any]:
    """Return the neutral options that a client of *provider*'s dialect set; words without a row are passed over.

    Raises:
        BadRequest: a value that its row cannot read; ``code`` is the native name.
    """
    options: dict[str, Any] = {}
    for row in rows:
        if not row.native or row.native not in native:
            continue
        try:
            options[row.name] = row.decode(native[row.native])
        except (ValueError, TypeError, OverflowError) as error:
            raise BadRequest(provider, f"Invalid '{row.native}': {error}", code=row.native) from None
    return options


@frozen
class Flaw:
    """What is wrong with a setting that has no row: the model, or a word of ``extra``. It is left out.

    Attributes:
        reason: what it is.
        fix: what to do about it, where the reason does not say that too.
        code: of the warning, where the caller prefers one.
        option: "model", ``extra.WORD``, or ``extra`` for all of these.
    """

    reason: str
    fix: str = ""
    code: str = "invalid"
    option: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.fix}" if self.fix else self.reason


def remarks(
    config: Config, encoded: Encoded, flaws: Iterable[Flaw], provider: str, model: str | None = None
) -> list[Warned]:
    """Return what the caller is told of all that was left out, row or no row.

    Args:
        encoded: of *config* with ``on_unsupported="warn"``, so that nothing was refused yet.
    Raises:
        UnsupportedOption, ConfigError: the caller wants an error, which names all of it.
    """
    found = tuple(flaws)
    if config.on_unsupported == "error":
        _insist(encoded, provider, model, map(str, found))
    return [*(without(flaw.code, flaw.reason, flaw.option) for flaw in found), *encoded.warnings()]


def _insist(encoded: Encoded, provider: str, model: str | None, others: Iterable[str] = ()) -> None:
    """Refuse to go on without what was left out; *others* is what the provider's own checks found.

    Raises:
        UnsupportedOption, ConfigError: something is wrong; the text names all of it.
    """
    texts = (*encoded.wrong, *others)
    if encoded.lacking:
        raise UnsupportedOption(encoded.lacking, provider, model, texts)
    if texts:
        raise ConfigError("; ".join(texts))
