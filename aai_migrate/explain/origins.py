"""Where native words come from.

That is found out, not written down a second time: a word is the caller's if an option row makes just it of his option,
or if without the option it would not be sent so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import evolve, frozen

from ..config import OPTIONS, Config
from ..credentials import MASK, Credential
from ..errors import AudioError, ConfigError
from ..options import Option
from ..provider import Provider
from . import words
from .rehearsal import rehearse

Origin = Literal["caller", "default", "wire"]
SOME = 1.9
"""Seconds of turn silence that are nobody's default: what changes with them follows from it."""
_USUAL = Config()


@frozen(kw_only=True)
class Sent:
    """One native word that would be sent.

    Attributes:
        word: the vendor's name for it; a member of an object behind a dot.
        value: what it is set to; secret ones masked.
        origin: "caller"; "default": sent unasked; "wire": what the wire has to know of model and audio.
        option: the neutral option that the caller gave, or ``extra``; of what is ours the option that it is the
            default of, or what it tells; "" for none.
    """

    word: str
    value: Any
    origin: Origin
    option: str = ""


@frozen
class Origins:
    """Finds out where native words come from, by leaving things out and looking what becomes of them."""

    provider: Provider
    config: Config
    rows: Mapping[str, Option]
    credential: Credential | None

    def of(self, settings: Mapping[str, Any]) -> tuple[Sent, ...]:
        """Return the words of *settings* with their origins, in the same order."""
        found = self._model(settings) | self._plain(settings) | self._own(settings)
        for option, other in self._without():
            found = dict.fromkeys(self._differing(settings, other), ("caller", option)) | found
        for option, other in self._otherwise():
            found = dict.fromkeys(self._differing(settings, other), ("wire", option)) | found
        natives = {row.native for row in self.rows.values()}
        for word in self._differing(settings, evolve(self.config, turn_silence=SOME)):
            if not {word, word.partition(".")[0]} & natives:
                found.setdefault(word, ("default", "turn_silence"))
        return tuple(
            Sent(word=word, value=value, origin=origin, option=option)
            for word, value in settings.items()
            for origin, option in [found.get(word) or self._unasked(word, found)]
        )

    def _plain(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        """Words that a row makes of one option."""
        found: dict[str, tuple[Origin, str]] = {}
        for name, row in self.rows.items():
            if row.native and row.support != "unsupported" and self.config.is_set(name):
                leaves = words.flat({row.native: row.encode(getattr(self.config, name))})
                found |= {word: ("caller", name) for word, value in leaves.items() if _alike(settings.get(word), value)}
        return found

    def _own(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        """Words that the caller gave in the vendor's own."""
        own = words.flat(self.config.extra.get(self.provider.name, {}))
        return {
            word: ("caller", "extra")
            for word, value in settings.items()
            if (word in own and (value == MASK or _alike(value, own[word])))
            or (value == MASK and any(name.startswith(f"{word}.") for name in own))
        }

    def _model(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        asked = self.config.model
        model = asked or self.provider.suited(self.config).capabilities.default_model
        origin: Origin = "caller" if asked else "wire"
        return {word: (origin, "model") for word, value in settings.items() if model and value == model}

    def _without(self) -> Iterable[tuple[str, Config]]:
        """Yield what the caller gave, and the settings without it."""
        for name in (*OPTIONS, "channels"):
            change: dict[str, Any] = {name: getattr(_USUAL, name)}
            if getattr(self.config, name) != change[name]:
                yield name, evolve(self.config, **change)

    def _otherwise(self) -> Iterable[tuple[str, Config]]:
        """Yield what there is to know of the audio, and the settings with other audio."""
        can, audio = self.provider.suited(self.config).capabilities, self.config.audio
        wire, _ = can.wire_for(self.provider.name, self.config)
        rates = (can.sample_rates[0], can.sample_rates[-1])
        others: list[tuple[str, dict[str, Any]]] = [
            *(("sample_rate", {"sample_rate": rate}) for rate in rates if rate != wire.sample_rate),
            *(("encoding", {"encoding": each}) for each in can.encodings if each != wire.encoding),
        ]
        for name, change in others:
            yield name, evolve(self.config, audio=evolve(audio, **change))
        if self.config.channels == "mix" and can.max_channels > 1:
            yield "audio_channels", evolve(self.config, channels="separate", audio=evolve(audio, channels=2))

    def _differing(self, settings: Mapping[str, Any], config: Config) -> list[str]:
        """Return the words that would not be there, or be others, with *config*; none where that cannot be."""
        try:
            other = words.settings(rehearse(self.provider, config, self.credential))
        except (ConfigError, AudioError):
            return []
        return [word for word, value in settings.items() if other.get(word) != value or word not in other]

    def _unasked(self, word: str, found: Mapping[str, tuple[Origin, str]]) -> tuple[Origin, str]:
        """Return of what a word that nobody asked for is the default; members of an object keep together."""
        top = word.partition(".")[0]
        if any(name.partition(".")[0] == top and origin == "wire" for name, (origin, _) in found.items()):
            return "wire", ""
        return "default", next((name for name, row in self.rows.items() if row.native in (word, top)), "")


def _alike(sent: Any, value: Any) -> bool:
    """Say whether *sent* is *value*, perhaps as a query spells it."""
    one, other = ([str(each).lower() for each in words.listed(side)] for side in (sent, value))
    return sent == value or one == other
