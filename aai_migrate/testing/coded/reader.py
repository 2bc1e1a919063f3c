"""Finds coded words in audio, from wherever a stream starts and however it is cut into chunks.

Cheap enough for thousands of real-time sessions a core: no sample is touched in Python. The loudness of a
10 ms frame is the greatest high byte of some of its samples; a run of loud frames is a word when it is long
enough and one 8 ms window in its middle holds a clean chord, which is looked at once, when the run ends.
"""

from __future__ import annotations

import math
import struct
from functools import cache
from operator import add, mul, sub

from attrs import field, frozen

from aai_migrate.audio.codec import to_pcm16
from aai_migrate.audio.format import AudioFormat

from ...audio.channels import split
from .code import SPACING, TONES, WORDS

SHORTEST, MIDDLE, LONGEST = 10, 5, 22
"""Frames (10 ms): a shorter run is no word; the one that is decoded; a longer run is no single word."""
FAINTEST = 3
"""The least loudness of speech, in 256ths of int16: 0.023 of full scale."""
CONTRAST = 3
"""How many times louder than its surroundings a tone is."""
PURITY, BALANCE = 0.7, 0.06
"""The least share of a chord's power in three tones, and of the weakest in the strongest."""

_LOUDNESS = bytes(min(byte, 255 - byte) for byte in range(256))  # |sample| >> 8 by the sample's high byte


@frozen
class Heard:
    """A word by name, its tone's ``start`` and ``end`` in seconds from the reader's first sample, ± 10 ms."""

    text: str = field(repr=False)
    start: float
    end: float


class Reader:
    """Reads coded speech from one stream; the channels of *fmt* are mixed.

    Equal samples give equal words, whatever the chunks. A word of which 120 ms of tone are there is heard;
    80 ms or less, left at a cut, are no word. Levels from 0.05 to 1 and white noise 20 dB below the words are
    fine; a constant offset must be below 0.02 of full scale.

    Raises:
        ValueError: *fmt* is below 7,000 Hz.
    """

    def __init__(self, fmt: AudioFormat) -> None:
        if fmt.sample_rate < 7000:
            raise ValueError(f"coded speech needs 7000 Hz or more, not {fmt.sample_rate}")
        self._format = fmt
        self._rate = fmt.sample_rate
        self._frame = round(self._rate / 100)
        self._stride = self._rate // 5700 or 1  # no two tones of a chord fold onto each other
        self._rest = b""
        self._frames = 0  # frames read
        self._start: int | None = None  # first frame of the tone in progress
        self._since = 0  # first frame of the present silence
        self._high = 0  # the loudest frame of the tone in progress
        self._low = 0.0  # how loud silence is
        self._middle = b""

    @property
    def position(self) -> float:
        """Seconds fed."""
        return (self._frames * self._frame + len(self._rest) // 2) / self._rate

    @property
    def read_to(self) -> float:
        """Seconds read: at most 10 ms less than :attr:`position`. A new tone begins 10 ms before or later."""
        return self._seconds(self._frames)

    @property
    def speaking_since(self) -> float | None:
        """Where the tone in progress began; None in silence."""
        return None if self._start is None else self._seconds(self._start)

    @property
    def quiet_since(self) -> float | None:
        """Where the present silence began; None inside a tone."""
        return self._seconds(self._since) if self._start is None else None

    def feed(self, chunk: bytes) -> list[Heard]:
        """Return the words that end in *chunk*.

        Args:
            chunk: whole samples of the reader's format.
        Raises:
            AudioError: *chunk* ends inside a sample.
        """
        sound = self._rest + self._mono(chunk)
        loudness = sound[1::2].translate(_LOUDNESS)
        frame, stride = self._frame, self._stride
        used = len(loudness) // frame * frame
        self._rest = sound[2 * used :]
        if self._start is None and not self._low and not loudness.strip(b"\0"):
            self._frames += used // frame
            return []
        heard: list[Heard] = []
        for at in range(0, used, frame):
            loud = max(loudness[at : at + frame : stride])
            if self._start is None:
                self._listen(loud)
            else:
                if self._frames - self._start == MIDDLE:
                    self._middle = sound[2 * at : 2 * (at + frame)]
                heard += self._follow(loud, self._start)
            self._frames += 1
        return heard

    def flush(self) -> list[Heard]:
        """Return the word in progress, if enough of it was there: the stream is over."""
        return [] if self._start is None else self._end(0, self._start)

    def _mono(self, chunk: bytes) -> bytes:
        sound = to_pcm16(chunk, self._format)
        count = self._format.channels
        if count == 1:
            return sound
        size = len(sound) // (2 * count)
        parts = (struct.unpack(f"<{size}h", part) for part in split(sound, 2, count))
        return struct.pack(f"<{size}h", *(sum(samples) // count for samples in zip(*parts, strict=True)))

    def _seconds(self, frames: int) -> float:
        return frames * self._frame / self._rate

    def _listen(self, loud: int) -> None:
        if loud >= FAINTEST and loud > CONTRAST * self._low:
            self._start, self._high = self._frames, loud
        else:
            self._low = loud if loud < self._low else self._low + (loud - self._low) / 8

    def _follow(self, loud: int, start: int) -> list[Heard]:
        """Go on with a tone, or end it; one that grows much louder or lasts too long begins anew."""
        if loud * CONTRAST < self._high or loud < FAINTEST:
            return self._end(loud, start)
        if loud > CONTRAST * self._high:
            heard = self._end(loud, start)
            self._start, self._high = self._frames, loud
            return heard
        self._high = max(self._high, loud)
        if self._frames - start < LONGEST:
            return []
        heard = self._end(loud, start)
        if heard:
            self._start = self._frames
        return heard

    def _end(self, loud: int, start: int) -> list[Heard]:
        """End the run before the present frame; *loud* is what silence sounds like from here."""
        self._start = None
        self._since, self._low = self._frames, float(loud)
        name = decode(self._middle, self._rate) if self._frames - start >= SHORTEST else None
        return [Heard(name, self._seconds(start), self._seconds(self._frames))] if name else []


def decode(window: bytes, rate: int) -> str | None:
    """Return the word whose chord fills *window*, 10 ms of mono s16 at *rate*; None: it is no clean chord."""
    stride, half, tables = _tables(rate)
    samples = struct.unpack(f"<{len(window) // 2}h", window)[::stride]
    first, second = samples[:half], samples[half : 2 * half]
    # Half a window on, even multiples of the spacing stand in phase and odd ones in opposition.
    folds = (list(map(float, map(add, first, second))), list(map(float, map(sub, first, second))))
    number, best, weakest, power = 0, 0.0, math.inf, 0.0
    for group, tones in zip(TONES, tables, strict=True):
        powers = []
        for multiple, (cosines, sines) in zip(group, tones, strict=True):
            fold = folds[multiple & 1]
            powers.append(sum(map(mul, fold, cosines)) ** 2 + sum(map(mul, fold, sines)) ** 2)
        strongest = max(powers)
        number = number << 3 | powers.index(strongest)
        power += sum(powers)
        best += strongest
        weakest = min(weakest, strongest)
    return WORDS[number] if best > PURITY * power and weakest > BALANCE * best else None


_Wave = tuple[float, ...]
_Tables = tuple[tuple[tuple[_Wave, _Wave], ...], ...]


@cache
def _tables(rate: int) -> tuple[int, int, _Tables]:
    """The stride over samples, the samples of half a window (4 ms), and two waves for each tone."""
    ideal = rate / (2 * SPACING)

    def off(stride: int) -> tuple[float, int]:
        return round(abs(round(ideal / stride) * stride / ideal - 1), 3), -stride

    stride = min(range(1, rate // 7000 + 1), key=off)
    half = round(ideal / stride)

    def waves(multiple: int) -> tuple[_Wave, _Wave]:
        angles = [2 * math.pi * multiple * SPACING * stride * at / rate for at in range(half)]
        return tuple(map(math.cos, angles)), tuple(map(math.sin, angles))

    return stride, half, tuple(tuple(map(waves, group)) for group in TONES)
