"""Another sample rate for a stream, whichever way it is cut into chunks.

Two classes do it and take each other's place: ``Soxr`` where that package (extra ``audio``) can be imported,
else ``Polyphase``, which needs nothing. Both begin without delay, so that the first sample out stands at the time of
the first sample in, give ``samples × target rate ÷ source rate`` samples in all (a half counts as one), and
keep what lies below nine tenths of the lower of the two Nyquist frequencies; what lies above that Nyquist
frequency is gone (60 dB down at least). Every channel is resampled on its own; stereo may become mono on the way,
as the average of both channels, before it is resampled and without a rounding in between.

A resampler can give nothing before it has heard what comes after: ``Polyphase`` holds 5 ms of audio whose lower
rate is 8 kHz (2.5 ms at 16 kHz). soxr works in blocks and holds up to 37 ms from 48 to 16 kHz, 40 ms
from 44.1 to 16 kHz, 116 ms between 8 and 16 kHz (soxr 1.1.0, quality HQ). ``flush`` hands out what is held.

Samples are limited to the range of 16 bits, -1.0 to 1.0 as floats, before they are filtered, and NaN is taken
for 0: one bad sample would otherwise be heard in all its neighbours, and NaN would silence them.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from math import ceil, cosh, gcd, pi, sin, sqrt
from operator import mul
from typing import Any, Protocol

from ..errors import AudioError
from .format import AudioFormat

PASS, STOP = 0.9, 1.0
"""Where the pass band ends and the stop band begins, in parts of the lower Nyquist frequency."""
REACH, SHARPNESS = 40, 6.0
"""Half the filter's length, in samples of the lower rate, and the bend of its window: measured, ``STOP`` is 61 dB
down and ``PASS`` 0.01 dB. A shorter filter or a rounder window does not get there."""
PHASES = 640
"""Most tables of one filter: enough for 11,025 to 16,000 Hz. Ratios that need more go between two tables."""
FULL = 32768.0

if sys.version_info >= (3, 12):
    from math import sumprod as _dot  # twice as fast
else:

    def _dot(taps: Sequence[float], samples: Sequence[float], /) -> float:
        total: float = sum(map(mul, taps, samples))
        return total


class Resampler(Protocol):
    """One stream on its way to another rate.

    Attributes:
        by: who does the work, and what would do it better, in words for the user.
    """

    by: str

    def feed(self, chunk: bytes) -> bytes:
        """Take whole sample frames, return those of the target that are ready: perhaps none."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the stream, and begin anew."""
        ...


def resampler(source: AudioFormat, target: AudioFormat) -> Resampler:
    """Return what turns a stream of *source* into *target*: soxr where it is installed.

    Args:
        source: 16-bit integers or floats, of any number of channels.
        target: the same number of channels, or one for two; integers or floats as it likes.
    Raises:
        AudioError: another encoding, or other channels.
    """
    try:
        return Soxr(source, target)
    except ImportError:
        return Polyphase(source, target)


class Soxr:
    """A resampler by the package ``soxr``, which is imported when the first one is made.

    It is fed floats, and the result is rounded here: in its mode for 16-bit integers it adds noise (dither), which
    makes the samples depend on how the stream was cut.

    Raises:
        ImportError: the package, or numpy, which it needs, is not installed.
        AudioError: see ``resampler``.
    """

    by = "soxr"

    def __init__(self, source: AudioFormat, target: AudioFormat) -> None:
        _check(source, target)
        self._numpy, soxr = import_module("numpy"), import_module("soxr")
        rates = source.sample_rate, target.sample_rate
        self._stream = soxr.ResampleStream(*rates, target.channels, dtype="float32", quality="HQ")
        self._floats_in, self._floats_out = _floats(source), _floats(target)
        self._channels, self._mix = target.channels, source.channels != target.channels

    def feed(self, chunk: bytes) -> bytes:
        return self._run(chunk, last=False)

    def flush(self) -> bytes:
        rest = self._run(b"", last=True)
        self._stream.clear()
        return rest

    def _run(self, chunk: bytes, last: bool) -> bytes:
        numpy = self._numpy
        samples: Any = numpy.frombuffer(chunk, "<f4" if self._floats_in else "<i2").astype("f4")
        with numpy.errstate(all="ignore"):  # of floats that are none, or too large to be added
            if self._mix:
                samples = (samples[::2] + samples[1::2]) / 2
            if self._floats_in:
                samples = numpy.nan_to_num(samples.clip(-1, 1) * FULL)
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels)
        out: Any = self._stream.resample_chunk(samples, last=last)
        out = (out / FULL).astype("<f4") if self._floats_out else numpy.rint(out).clip(-32768, 32767).astype("<i2")
        data: bytes = out.tobytes()
        return data


class Polyphase:
    """A resampler by the standard library: windowed sinc, one table of weights for each place between two samples.

    One stream from 48 to 16 kHz takes about 8 % of a core, half of that from Python 3.12 on; with soxr 0.05 %.

    Raises:
        AudioError: see ``resampler``.
    """

    by = "the standard library; pip install 'aai_migrate[audio]' for soxr"

    def __init__(self, source: AudioFormat, target: AudioFormat) -> None:
        _check(source, target)
        self._floats_in, self._floats_out = _floats(source), _floats(target)
        self._mix = source.channels != target.channels
        self._lines = [_Line(source.sample_rate, target.sample_rate) for _ in range(target.channels)]

    def feed(self, chunk: bytes) -> bytes:
        layout = f"<{len(chunk) // 4}f" if self._floats_in else f"<{len(chunk) // 2}h"
        samples: list[float] = list(map(float, struct.unpack(layout, chunk)))
        if self._mix:
            samples = [(left + right) / 2 for left, right in zip(samples[::2], samples[1::2], strict=True)]
        if self._floats_in:
            samples = [sample * FULL if -1 <= sample <= 1 else _limit(sample) for sample in samples]
        channels = len(self._lines)
        return self._pack([line.feed(samples[at::channels]) for at, line in enumerate(self._lines)])

    def flush(self) -> bytes:
        return self._pack([line.flush() for line in self._lines])

    def _pack(self, channels: list[list[float]]) -> bytes:
        samples: list[float] = [0.0] * (len(channels) * len(channels[0]))
        for at, channel in enumerate(channels):
            samples[at :: len(channels)] = channel
        if self._floats_out:
            return struct.pack(f"<{len(samples)}f", *[sample / FULL for sample in samples])
        return struct.pack(f"<{len(samples)}h", *[max(-32768, min(32767, round(sample))) for sample in samples])


class _Line:
    """One channel: what came in and is still needed, and where the next sample out stands in it."""

    def __init__(self, source: int, target: int) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        self._bank = _bank(self._up, self._down)
        self._reach = len(self._bank[0]) // 2
        self._begin()

    def _begin(self) -> None:
        self._held = [0.0] * (self._reach - 1)  # so that the middle of the filter lies on the first sample
        self._at = 0  # of the next sample out, from the first that is held and reach - 1 on, in parts of up
        self._taken = self._given = 0

    def feed(self, samples: Sequence[float]) -> list[float]:
        self._taken += len(samples)
        return self._run(samples)

    def flush(self) -> list[float]:
        total = (2 * self._taken * self._up + self._down) // (2 * self._down)
        left = total - self._given
        rest = self._run([0.0] * (self._reach + 1))[:left]
        self._begin()
        return rest

    def _run(self, samples: Iterable[float]) -> list[float]:
        held, bank, up, down, at = self._held, self._bank, self._up, self._down, self._at
        held += samples
        taps = len(bank[0])
        exact = up <= PHASES
        end = (len(held) - taps + 1) * up  # before which a whole filter fits
        out = []
        while at < end:
            first, phase = divmod(at, up)
            window = held[first : first + taps]
            if exact:
                out.append(_dot(bank[phase], window))
            else:
                table, part = divmod(phase * PHASES, up)
                below, above = _dot(bank[table], window), _dot(bank[table + 1], window)
                out.append(below + (above - below) * (part / up))
            at += down
        gone = min(at // up, len(held))
        del held[:gone]
        self._at = at - gone * up
        self._given += len(out)
        return out


@cache
def _bank(up: int, down: int) -> tuple[tuple[float, ...], ...]:
    """Return the weights of the samples around each place between two of them, as many tables as there are places.

    Of more than ``PHASES`` places it is ``PHASES`` tables and one, the first moved by a sample.
    """
    if up <= PHASES:
        return tuple(_taps(phase / up, up, down) for phase in range(up))
    return tuple(_taps(phase / PHASES, up, down) for phase in range(PHASES + 1))


def _taps(place: float, up: int, down: int) -> tuple[float, ...]:
    """Return the weights of the samples around *place*, 0 to 1, after a sample; their sum is 1.

    A sinc that ends between ``PASS`` and ``STOP``, under a cosh window: next to Kaiser's, without Bessel functions.
    """
    slower = max(1.0, down / up)
    reach, band = ceil(REACH * slower), (PASS + STOP) / 2 / slower
    weights = []
    for near in range(1 - reach, reach + 1):
        away = near - place
        window = cosh(SHARPNESS * sqrt(max(0.0, 1 - (away / reach) ** 2)))
        weights.append(window * (sin(pi * band * away) / (pi * band * away) if away else 1.0))
    total = sum(weights)
    return tuple([weight / total for weight in weights])


def _limit(sample: float) -> float:
    if sample != sample:
        return 0.0
    return FULL if sample > 0 else -FULL


def _floats(fmt: AudioFormat) -> bool:
    return fmt.encoding == "pcm_f32le"


def _check(source: AudioFormat, target: AudioFormat) -> None:
    for fmt in (source, target):
        if fmt.encoding not in ("pcm_s16le", "pcm_f32le"):
            raise AudioError(f"{fmt.encoding} is not resampled as it is; convert it to pcm_s16le first")
    if source.channels != target.channels and (source.channels, target.channels) != (2, 1):
        raise AudioError(f"{source.channels} channels do not become {target.channels} by resampling; mix them first")
