"""The code: 512 words, each a chord of three tones, and audio made of them.

All tones are multiples of 125 Hz from 375 to 3250 Hz, so that one 8 ms window holds whole periods of each and
telephone audio (8 kHz, µ-law or A-law) carries them.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterable
from functools import cache, lru_cache

from aai_migrate.audio.channels import interleave
from aai_migrate.audio.codec import from_pcm16
from aai_migrate.audio.format import AudioFormat

SPACING = 125
"""Hz between neighbouring tones."""
TONES = tuple(tuple(range(first, first + 8)) for first in (3, 11, 19))
"""The three groups of tones, in multiples of ``SPACING``; a word takes one of each."""
TONE, GAP, RAMP = 0.2, 0.04, 0.008
"""Seconds of sound, of silence behind it, and of the sound's rise and fall."""
WORD = TONE + GAP
"""Seconds of one word."""

_SYLLABLES = ("ba de fi go ku la me ni", "po ra se ti vu wa ze bo", "da ke li mo nu sa te vi")
WORDS = tuple(
    first + second + third
    for first in _SYLLABLES[0].split()
    for second in _SYLLABLES[1].split()
    for third in _SYLLABLES[2].split()
)
"""The name of each number from 0 to 511."""
NUMBERS = {name: number for number, name in enumerate(WORDS)}
"""The number of each name."""


def words(n: int, seed: int = 0) -> tuple[str, ...]:
    """Return *n* names, the same for the same *seed*; none comes twice in the first 512."""
    dice = random.Random(seed)
    names: list[str] = []
    while len(names) < n:
        names += dice.sample(WORDS, len(WORDS))
    return tuple(names[:n])


def encode(items: Iterable[str | int | float], fmt: AudioFormat | None = None, *, level: float = 0.6) -> bytes:
    """Return *items* as audio in *fmt* (default 16 kHz s16 mono), every channel the same.

    Args:
        items: a word as its name or its number, or a float: a pause of so many seconds.
        fmt: 7,000 Hz or more; the tones reach 3,250 Hz.
        level: the greatest sample of a word, 0 to 1 of full scale; :class:`Reader` hears 0.05 and more.
    Raises:
        ValueError: a name or number that is no word, a pause below 0, a rate or level out of range.
    """
    fmt = fmt or AudioFormat()
    if fmt.sample_rate < 7000:
        raise ValueError(f"coded speech needs 7000 Hz or more, not {fmt.sample_rate}")
    if not 0 < level <= 1:
        raise ValueError(f"level must be above 0 and at most 1, not {level!r}")
    one = AudioFormat(fmt.sample_rate, fmt.encoding)
    sound = b"".join(
        one.silence(_pause(item)) if isinstance(item, float) else _spoken(_number(item), one, level) for item in items
    )
    return interleave(*[sound] * fmt.channels, fmt=fmt)


def _pause(seconds: float) -> float:
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a pause must be 0 seconds or more, not {seconds!r}")
    return seconds


def _number(item: str | int) -> int:
    number = NUMBERS.get(item, -1) if isinstance(item, str) else item
    if not 0 <= number < len(WORDS):
        raise ValueError(f"{item!r} is no word of the code")
    return number


@lru_cache(1024)
def _spoken(number: int, fmt: AudioFormat, level: float) -> bytes:
    """One word with its gap, mono, in *fmt*."""
    chosen = (group[number >> shift & 7] for group, shift in zip(TONES, (6, 3, 0), strict=True))
    chord = zip(*(_tone(multiple, fmt.sample_rate) for multiple in chosen), strict=True)
    scale = level * 32767 / 3
    samples = [round(scale * (low + middle + high)) for low, middle, high in chord]
    return from_pcm16(struct.pack(f"<{len(samples)}h", *samples), fmt.encoding) + fmt.silence(GAP)


@cache
def _tone(multiple: int, rate: int) -> tuple[float, ...]:
    step = 2 * math.pi * multiple * SPACING / rate
    return tuple(math.sin(step * at) * gain for at, gain in enumerate(_envelope(rate)))


@cache
def _envelope(rate: int) -> tuple[float, ...]:
    ramp = [0.5 - 0.5 * math.cos(math.pi * at / (RAMP * rate)) for at in range(round(RAMP * rate))]
    return (*ramp, *[1.0] * (round(TONE * rate) - 2 * len(ramp)), *reversed(ramp))
