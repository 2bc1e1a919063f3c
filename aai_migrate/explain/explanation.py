"""What would be sent, word by word: what of it is the caller's, what is ours, and what is left to the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from ..audio.convert import Converter
from ..audio.format import AudioFormat
from ..config import OPTIONS, Config
from ..credentials import MASK, Credential
from ..features import features
from ..options import Option, of_family
from ..provider import Provider
from ..wire.events import Warned
from .given import Given, given_of
from .origins import Origins, Sent
from .rehearsal import rehearse
from .steps import Step, steps_of
from .words import settings

OURSELVES = "this gateway"
"""What our own server calls itself where it cannot do what the vendor can."""


@frozen(kw_only=True)
class Explanation:
    """How a session would begin; nothing was dialled.

    Attributes:
        provider, model: with whom; a model of None is the vendor's choice.
        steps: what is said before audio, in order.
        given: the caller's settings.
        sent: the native words, in the order of the wire.
        left: options, and the vendor's word of each, for which nothing is sent: the vendor's own default decides.
        audio: the format of the caller's audio.
        wire: the format that goes out.
        conversions: what is done to the audio, in words.
        warned: what the caller is told at the beginning, as the codes and texts of notices.
        refused: what our own server of this protocol would refuse, as the vendor probably would; "": nothing.
    """

    provider: str
    model: str | None
    steps: tuple[Step, ...]
    given: tuple[Given, ...]
    sent: tuple[Sent, ...]
    left: Mapping[str, str]
    audio: AudioFormat
    wire: AudioFormat
    conversions: tuple[str, ...]
    warned: tuple[Warned, ...]
    refused: str = ""


def explain(
    provider: Provider, config: Config, credential: Credential | None = None, *, today: datetime | None = None
) -> Explanation:
    """Return what a session of *provider* with *config* would send before audio.

    Args:
        credential: what would be shown, masked everywhere; None: a made-up key where the provider needs one.
        today: when it would be, by which models are out of use; None: now.
    Raises:
        ConfigError, AudioError: it would not be dialled; the text is that of ``connect``.
    """
    provider.check(config)
    played = rehearse(provider, config, credential, today=today)
    suited = provider.suited(config)
    rows = of_family(suited.options, suited.capabilities.family(config.model))
    native = settings(played)
    hidden = frozenset(word for word, value in native.items() if value == MASK)
    sent = Origins(provider, config, rows, credential).of(native)
    told = {feature.name: feature for feature in features(provider, config.model)}
    wire, _ = suited.capabilities.wire_for(suited.name, config)
    warned = tuple(each for each in played.warned if OURSELVES not in each.message)
    return Explanation(
        provider=provider.name,
        model=config.model or suited.capabilities.default_model,
        steps=steps_of(played.said, hidden),
        given=given_of(suited, config, told, sent, warned),
        sent=sent,
        left=_left(config, rows, native),
        audio=config.audio,
        wire=wire,
        conversions=Converter(config.audio, wire).changes,
        warned=warned,
        refused=str(played.failed.error) if played.failed else "",
    )


def _left(config: Config, rows: Mapping[str, Option], settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that nothing is sent for, each with the word that would be."""
    tops = {word.partition(".")[0] for word in settings} | {*settings}
    return {
        name: rows[name].native
        for name in OPTIONS
        if name in rows and rows[name].native and rows[name].support != "unsupported"
        if not config.is_set(name) and rows[name].native not in tops
    }
