"""What a provider can do, as data with a date."""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Callable, Mapping

from attrs import field, frozen

from .audio.format import AudioFormat, Encoding
from .config import Config
from .errors import AudioError, UnsupportedOption, lacked
from .wire.events import Warned


@frozen(kw_only=True)
class Model:
    """One model of a vendor.

    Attributes:
        family: groups models that behave alike on the wire.
        languages: the BCP-47 tags of what it understands; empty: not known.
        deprecated: since when the vendor, or who measured it, advises against it.
        retired: since when it is refused, or answered with another one.
        replacement: the model to take instead.
        source: the page that says so of this model, where it is not that of the capabilities.
    """

    name: str
    family: str
    languages: tuple[str, ...] = ()
    deprecated: datetime.date | None = None
    retired: datetime.date | None = None
    replacement: str | None = None
    source: str = ""

    def outdated(self, today: datetime.date) -> str:
        """Say what is the matter with asking for it *today*, and what to ask for instead; "" if nothing is."""
        instead = f"; use {self.replacement}" if self.replacement else ""
        for state, since in (("retired", self.retired), ("deprecated", self.deprecated)):
            if since:
                when = f"is {state} since" if since <= today else f"will be {state} on"
                return f"{when} {since}{instead}"
        return ""


@frozen(kw_only=True)
class Capabilities:
    """What a provider takes and can do.

    Attributes:
        as_of: when the vendor's pages said so.
        source: the page.
        encodings: what the wire takes, best first.
        sample_rates: least and greatest rate in Hz, or the only ones.
        max_channels: how many channels one connection takes apart.
        default_model: the model asked for when the caller names none; None leaves it to the vendor.
        models: the known models; others are passed on with a warning.
        infer: the family of a model that is not in the table, by its name; "": that tells nothing.
    """

    as_of: datetime.date
    source: str
    encodings: tuple[Encoding, ...]
    sample_rates: range | tuple[int, ...]
    max_channels: int = 1
    default_model: str | None = None
    models: Mapping[str, Model] = field(factory=dict)
    infer: Callable[[str], str] = lambda name: ""

    def family(self, model: str | None = None) -> str:
        """Return the family of *model*, by default of the default model; "" where nothing tells it."""
        name = model or self.default_model or ""
        if name in self.models:
            return self.models[name].family
        return self.infer(name) if name else ""

    def outdated(self, provider: str, model: str | None, today: datetime.date) -> str:
        """Say what is the matter with *model* of *provider* as of *today*; "" for one in use, or not in the table."""
        known = self.models.get(model or "")
        why = known.outdated(today) if known else ""
        return f"{provider}: model {model} {why}" if why else ""

    def wire_format(self, provider: str, audio: AudioFormat, *, separate: bool) -> AudioFormat:
        """Return the format to send *audio* in: as it is where the wire takes it, else the nearest.

        The nearest rate is the least one taken that is not below the audio's, so that nothing it holds is lost;
        where all are below it, the greatest.

        Raises:
            AudioError: there are more channels than can be mixed.
            UnsupportedOption: there are more channels than the vendor keeps apart.
        """
        rate = _rate(self.sample_rates, audio.sample_rate)
        encoding = audio.encoding if audio.encoding in self.encodings else self.encodings[0]
        if not separate:
            if audio.channels > 2:
                raise AudioError(
                    f"{audio.channels} channels cannot be mixed into one without losing who spoke; "
                    "pick one or two first, e.g. with sox IN OUT.wav remix 1 2"
                )
            return AudioFormat(rate, encoding, 1)
        if audio.channels > self.max_channels:
            apart = f"it keeps {self.max_channels} apart, not {audio.channels}; " if self.max_channels > 1 else ""
            mixed = "use channels='mix', or " if audio.channels <= 2 else ""  # more cannot be mixed
            hint = f"{apart}{mixed}open one stream a channel"
            raise UnsupportedOption({"channels": hint}, provider)
        return AudioFormat(rate, encoding, audio.channels)

    def wire_for(self, provider: str, config: Config) -> tuple[AudioFormat, tuple[Warned, ...]]:
        """Return the format to send the audio of *config* in, and what the caller is told of it.

        Channels that the vendor does not keep apart are mixed, if the caller would rather go on without.

        Raises:
            AudioError: there are more channels than can be mixed.
            UnsupportedOption: there are more channels than the vendor keeps apart, and the caller wants an error.
        """
        try:
            return self.wire_format(provider, config.audio, separate=config.channels == "separate"), ()
        except UnsupportedOption as error:
            if config.on_unsupported == "error":
                raise
            mixed = self.wire_format(provider, config.audio, separate=False)
            text = f"{provider} has no {lacked(error.option)} ({error.alternative}); the channels are mixed"
            return mixed, (Warned("unsupported", text, error.option),)


def _rate(taken: range | tuple[int, ...], rate: int) -> int:
    ordered = taken if isinstance(taken, range) else sorted(taken)
    return ordered[min(bisect_left(ordered, rate), len(ordered) - 1)]
