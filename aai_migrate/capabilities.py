"""What a provider can do, as data with a date."""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Mapping

from attrs import field, frozen

from .audio.format import AudioFormat, Encoding
from .errors import AudioError, ConfigError


@frozen(kw_only=True)
class Model:
    """One model of a vendor; ``family`` groups models that behave alike on the wire."""

    name: str
    family: str
    languages: tuple[str, ...] = ()
    retired: datetime.date | None = None
    replacement: str | None = None


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
    """

    as_of: datetime.date
    source: str
    encodings: tuple[Encoding, ...]
    sample_rates: range | tuple[int, ...]
    max_channels: int = 1
    default_model: str | None = None
    models: Mapping[str, Model] = field(factory=dict)

    def wire_format(self, provider: str, audio: AudioFormat, *, separate: bool) -> AudioFormat:
        """Return the format to send *audio* in: as it is where the wire takes it, else the nearest.

        The nearest rate is the least one taken that is not below the audio's, so that nothing it holds is lost;
        where all are below it, the greatest.

        Raises:
            AudioError: there are more channels than can be mixed.
            ConfigError: there are more channels than the vendor keeps apart.
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
            raise ConfigError(
                f"{provider} keeps at most {self.max_channels} channel(s) apart, not {audio.channels}; "
                "use channels='mix', or open one stream a channel"
            )
        return AudioFormat(rate, encoding, audio.channels)


def _rate(taken: range | tuple[int, ...], rate: int) -> int:
    ordered = taken if isinstance(taken, range) else sorted(taken)
    return ordered[min(bisect_left(ordered, rate), len(ordered) - 1)]
