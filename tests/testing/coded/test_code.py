"""What coded speech sounds like, and how it is spelled."""

from __future__ import annotations

import struct

import pytest

from aai_migrate.audio.channels import split
from aai_migrate.audio.format import ENCODINGS, AudioFormat
from aai_migrate.testing import coded
from aai_migrate.testing.coded import encode, interleave, words
from aai_migrate.testing.coded.code import NUMBERS, SPACING, TONES, WORDS


def test_every_number_has_a_name_of_its_own() -> None:
    """512 numbers, 512 names in lower-case letters, and the way back."""
    assert len(set(WORDS)) == 512
    assert all(name.isalpha() and name.islower() and name.isascii() for name in WORDS)
    assert [NUMBERS[name] for name in WORDS] == list(range(512))


def test_tones_fit_a_telephone() -> None:
    """24 different tones between 300 and 3400 Hz."""
    tones = [multiple * SPACING for group in TONES for multiple in group]
    assert len(set(tones)) == 24
    assert min(tones) > 300
    assert max(tones) < 3400


def test_words_are_the_same_for_the_same_seed() -> None:
    """A seed names a list, and the first 512 words differ, so that a doubled one shows."""
    assert words(20, 3) == words(20, 3)
    assert words(20, 3) != words(20, 4)
    assert len(set(words(512, 1))) == 512
    assert len(words(1000, 1)) == 1000
    assert words(0) == ()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_a_word_lasts_240_ms_and_a_pause_its_seconds(rate: int, encoding: str) -> None:
    """Length is exact in every format, and channels are the same."""
    fmt = AudioFormat(rate, encoding, 2)  # type: ignore[arg-type]
    sound = encode([WORDS[0], 0.5, 7], fmt)
    assert len(sound) == 2 * fmt.size(0.24) + fmt.size(0.5)
    left, right = split(sound, fmt.width, 2)
    assert left == right
    assert left[fmt.size(0.24) // 2 : fmt.size(0.74) // 2] == AudioFormat(rate, fmt.encoding).silence(0.5)


def test_names_and_numbers_are_the_same_words() -> None:
    """A word may be given either way."""
    assert encode(WORDS[5:9]) == encode([5, 6, 7, 8])
    assert encode([]) == b""


@pytest.mark.parametrize("level", [0.05, 0.6, 1.0])
def test_level_is_the_limit_of_every_sample(level: float) -> None:
    """No sample is beyond *level*, and words come near it."""
    samples = struct.unpack("<3840h", encode([99], level=level))
    assert 0.6 * level * 32767 < max(map(abs, samples)) <= level * 32767 + 1


@pytest.mark.parametrize("item", ["hello", "", -1, 512, -0.5, float("nan"), float("inf")])
def test_what_is_no_word_is_refused(item: str | float) -> None:
    """Unknown names and numbers and impossible pauses are errors that show the item."""
    with pytest.raises(ValueError, match=r"no word|a pause"):
        encode([item])


def test_a_format_or_level_that_cannot_carry_it_is_refused() -> None:
    """The tones need 7 kHz, the level must be in reach."""
    with pytest.raises(ValueError, match="7000"):
        encode([1], AudioFormat(4000))
    for level in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="level"):
            encode([1], level=level)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_interleave_and_split_are_inverse(encoding: str) -> None:
    """Channels come back as they went in, the shorter filled up with silence."""
    fmt = AudioFormat(8000, encoding)  # type: ignore[arg-type]
    long, short = encode([1, 2], fmt), encode([3], fmt)
    filled = short + fmt.silence(0.24)
    assert split(interleave(long, short, long, fmt=fmt), fmt.width, 3) == [long, filled, long]
    assert interleave(long, fmt=fmt) == long


def test_exported_names_are_there() -> None:
    """``__all__`` names what the package gives."""
    assert all(hasattr(coded, name) for name in coded.__all__)
