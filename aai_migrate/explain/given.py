"""What becomes of each of the caller's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from ..config import Config
from ..credentials import MASK
from ..features import Feature
from ..options import WITHOUT
from ..provider import Provider
from ..wire.events import Warned
from .origins import Sent
from .words import masked

_USUAL = Config()


@frozen(kw_only=True)
class Given:
    """One setting of the caller's, and what becomes of it.

    Attributes:
        option: its neutral name; of a vendor's own word ``extra.WORD``.
        value: what was asked for; secret ones masked.
        words: the native words that it becomes.
        dropped: why it is left out; "": it is not.
        note: what one should know: where it is not exact, or where no word is sent for it.
    """

    option: str
    value: Any
    words: tuple[str, ...] = ()
    dropped: str = ""
    note: str = ""


def given_of(
    provider: Provider,
    config: Config,
    known: Mapping[str, Feature],
    sent: Iterable[Sent],
    warned: Iterable[Warned],
) -> tuple[Given, ...]:
    """Return what becomes of the settings of *config*, and of the words of the vendor's own among them."""
    words: dict[str, dict[str, Any]] = {}
    for each in sent:
        if each.origin == "caller":
            words.setdefault(each.option, {})[each.word] = each.value
    dropped = _dropped(warned)
    given = [
        Given(
            option=name,
            value=value,
            words=tuple(words.get(name, ())),
            dropped=dropped.get(name, ""),
            note=_note(known[name], value),
        )
        for name in known
        if name not in ("encoding", "sample_rate") and hasattr(config, name)
        for value in [getattr(config, name)]
        if value != getattr(_USUAL, name)
    ]
    own = config.extra.get(provider.name, {})
    return (*given, *(_own(name, value, words.get("extra", {}), dropped) for name, value in own.items()))


def _note(feature: Feature, value: Any) -> str:
    if feature.name in ("model", "base_url"):
        return ""
    if feature.support == "unsupported" and value is False:
        return "there is none, so it is off"
    approximate = feature.support if feature.support == "approximate" else ""
    return ": ".join(filter(None, (approximate, feature.note)))


def _own(name: str, value: Any, sent: Mapping[str, Any], dropped: Mapping[str, str]) -> Given:
    """Return what becomes of a word of the vendor's own, with the value that may be shown."""
    option = f"extra.{name}"
    words = {word: shown for word, shown in sent.items() if word.partition(".")[0] == name}
    if not words:
        plain = MASK if isinstance(value, Mapping) else masked(name, value)
        why = dropped.get(option, dropped.get("extra", ""))
        return Given(option=option, value=plain, dropped=why, note="" if why else "no word of the wire")
    return Given(option=option, value=words.get(name, words), words=tuple(words))


def _dropped(warned: Iterable[Warned]) -> dict[str, str]:
    """Return the settings that are left out with the reasons that the caller was told."""
    reasons: dict[str, list[str]] = {}
    for each in warned:
        if each.option:
            reasons.setdefault(each.option, []).append(each.message.removesuffix(WITHOUT))
    return {option: "; ".join(texts) for option, texts in reasons.items()}
