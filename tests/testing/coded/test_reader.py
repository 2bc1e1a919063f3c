"""The reader hears every word once, in any format, from anywhere, in any chunks."""

from __future__ import annotations

import random
import struct
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.errors import AudioError
from aai_migrate.testing.coded import Heard, Reader, encode, interleave, words
from aai_migrate.testing.coded.code import WORDS

PHONE = AudioFormat(8000)
TEXT = words(12, 5)


@cache
def speech() -> bytes:
    """Twelve words with pauses, at 8 kHz: every tenth of a frame is another place to cut."""
    return encode([0.1, *TEXT[:5], 0.333, *TEXT[5:8], 0.9, *TEXT[8:]], PHONE)


def read(sound: bytes, fmt: AudioFormat = PHONE) -> list[Heard]:
    reader = Reader(fmt)
    return reader.feed(sound) + reader.flush()


def texts(heard: list[Heard]) -> tuple[str, ...]:
    return tuple(word.text for word in heard)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_all_words_at_every_rate(rate: int) -> None:
    """All 512 words are heard, with times true to 10 ms."""
    heard = read(encode(WORDS, AudioFormat(rate)), AudioFormat(rate))
    assert texts(heard) == WORDS
    for number, word in enumerate(heard):
        assert word.start == pytest.approx(number * 0.24, abs=0.01)
        assert word.end == pytest.approx(number * 0.24 + 0.2, abs=0.01)


@pytest.mark.parametrize("rate", [11025, 12000, 22050, 24000, 32000, 47999])
def test_odd_rates(rate: int) -> None:
    """Rates that 8 kHz does not divide are no harder."""
    fmt = AudioFormat(rate)
    assert texts(read(encode(TEXT, fmt), fmt)) == TEXT


@pytest.mark.parametrize("level", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("encoding", ["pcm_mulaw", "pcm_alaw", "pcm_f32le", "pcm_s24le", "pcm_s32le"])
def test_every_encoding_and_level(encoding: str, level: float) -> None:
    """Telephone codes and floats carry all words, soft and loud."""
    fmt = AudioFormat(8000, encoding)  # type: ignore[arg-type]
    text = words(96, round(level * 100))
    assert texts(read(encode(text, fmt, level=level), fmt)) == text


def noisy(sound: bytes, sigma: float, seed: int) -> bytes:
    dice = random.Random(seed)
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    loud = (max(-32768, min(32767, round(sample + dice.gauss(0, sigma)))) for sample in samples)
    return struct.pack(f"<{len(samples)}h", *loud)


@pytest.mark.parametrize("level", [0.05, 0.1, 0.2, 0.35, 0.6, 1.0])
def test_white_noise_20_db_below(level: float) -> None:
    """Noise a tenth as strong as the words loses none, invents none, and hides no pause."""
    sigma = level / 3 * (3 / 2) ** 0.5 / 10 * 32768
    for seed in range(2):
        text = words(24, seed)
        sound = encode([1.5, *text[:12], 1.5, *text[12:], 1.5], PHONE, level=level)
        reader = Reader(PHONE)
        assert texts(reader.feed(noisy(sound, sigma, seed))) == text


def test_noise_alone_is_no_word() -> None:
    """Five loud seconds without a word give none."""
    for sigma in (100, 1000, 8000):
        assert read(noisy(PHONE.silence(5), sigma, 1)) == []


def test_levels_may_change_from_word_to_word() -> None:
    """A soft word right after a loud one is heard, and the other way round."""
    sound = b"".join(encode([name], PHONE, level=1 if at % 2 else 0.05) for at, name in enumerate(TEXT))
    assert texts(read(sound)) == TEXT


def test_two_words_at_once_are_none() -> None:
    """Mixed channels with different words at the same time give no invented third; equal ones are heard."""
    stereo = AudioFormat(8000, channels=2)
    assert read(interleave(encode([0], PHONE), encode([511], PHONE), fmt=PHONE), stereo) == []
    assert texts(read(encode(TEXT, stereo), stereo)) == TEXT


def test_a_tone_too_long_for_a_word_is_one_word_and_then_silence() -> None:
    """Spliced words without a gap are told apart where enough of both is left; the hum ends."""
    tone = encode([5], PHONE)[: PHONE.size(0.2)]
    assert len(read(tone[: PHONE.size(0.19)] + tone[PHONE.size(0.01) :])) == 2
    hum = PHONE.silence(0.1) + tone[PHONE.size(0.05) : PHONE.size(0.15)] * 30
    assert {word.text for word in read(hum)} == {WORDS[5]}
    pure = struct.pack("<16h", *[20000, 14000, 0, -14000, -20000, -14000, 0, 14000] * 2) * 2000
    assert read(pure) == []


@given(st.lists(st.integers(0, 3000), max_size=40))
@settings(max_examples=30, deadline=None)
def test_chunks_do_not_matter(sizes: list[int]) -> None:
    """Equal samples give equal words and equal state, whatever the cuts."""
    sound, at, heard = speech(), 0, []
    reader, whole = Reader(PHONE), Reader(PHONE)
    for size in sizes:
        heard += reader.feed(sound[at : at + 2 * size])
        at += 2 * size
    heard += reader.feed(sound[at:])
    assert heard == whole.feed(sound)
    for name in ("position", "read_to", "speaking_since", "quiet_since"):
        assert getattr(reader, name) == getattr(whole, name)


def test_sample_by_sample() -> None:
    """One sample a chunk is enough."""
    reader, sound = Reader(PHONE), speech()[: PHONE.size(1.0)]
    heard = [word for at in range(0, len(sound), 2) for word in reader.feed(sound[at : at + 2])]
    assert heard + reader.flush() == read(sound)


def test_words_are_found_from_anywhere() -> None:
    """A stream may start at any sample: whole words and those with 120 ms left are heard, 80 ms are none."""
    sound, whole = speech(), read(speech())
    for begin in range(0, len(sound), 2 * 131):
        at = begin / PHONE.bytes_per_second
        heard = texts(read(sound[begin:]))
        assert heard in (
            texts([word for word in whole if word.end - at >= 0.12]),
            texts([word for word in whole if word.end - at > 0.08]),
        )
        if not any(0.08 < word.end - at < 0.12 for word in whole):
            assert heard == texts([word for word in whole if word.end - at >= 0.12])


def test_words_are_found_to_anywhere() -> None:
    """A stream may stop at any sample, by the same rule."""
    sound, whole = speech(), read(speech())
    for stop in range(0, len(sound), 2 * 131):
        at = stop / PHONE.bytes_per_second
        if not any(0.08 < at - word.start < 0.12 for word in whole):
            assert texts(read(sound[:stop])) == texts([word for word in whole if at - word.start >= 0.12])


@pytest.mark.parametrize("skip", [-0.04, 0.0, 0.02, 0.04])
@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_mulaw"])
def test_a_cut_up_to_40_ms_into_a_word_neither_loses_nor_doubles(encoding: str, skip: float) -> None:
    """Where one stream stops and another starts, 40 ms missing or repeated, every word is heard once."""
    fmt = AudioFormat(8000, encoding)  # type: ignore[arg-type]
    sound = encode([0.1, *TEXT[:5], 0.333, *TEXT[5:8], 0.9, *TEXT[8:]], fmt)
    whole = read(sound, fmt)
    cuts = [centi / 100 for centi in range(5, int(fmt.seconds(len(sound)) * 100) - 5)]
    outside = [cut for cut in cuts if not any(w.start + 0.04 < cut < w.end - 0.04 for w in whole)]
    assert len(outside) > 200
    for cut in outside:
        heard = read(sound[: fmt.size(cut)], fmt) + read(sound[fmt.size(cut + skip) :], fmt)
        assert texts(heard) == TEXT, cut


@pytest.mark.parametrize("skip", [-0.04, 0.04])
def test_going_back_to_the_last_word_loses_nothing_at_any_cut(skip: float) -> None:
    """From the end of the last whole word, 40 ms off, the next stream hears exactly the rest."""
    sound = speech()
    for centi in range(5, int(PHONE.seconds(len(sound)) * 100)):
        reader = Reader(PHONE)
        first = reader.feed(sound[: PHONE.size(centi / 100)])
        back = max(0.0, first[-1].end + skip) if first else 0.0
        assert texts(first + read(sound[PHONE.size(back) :])) == TEXT


def test_it_says_where_it_is() -> None:
    """Position, the tone in progress and the present silence follow the audio."""
    reader = Reader(PHONE)
    assert (reader.position, reader.speaking_since, reader.quiet_since) == (0.0, None, 0.0)
    reader.feed(PHONE.silence(0.105))
    assert reader.position == pytest.approx(0.105)
    assert reader.read_to == pytest.approx(0.1)
    reader.feed(encode([8], PHONE)[: PHONE.size(0.1)])
    assert reader.speaking_since == pytest.approx(0.105, abs=0.01)
    assert reader.quiet_since is None
    reader.feed(PHONE.silence(0.5))
    assert reader.speaking_since is None
    assert reader.quiet_since == pytest.approx(0.205, abs=0.01)


def test_half_a_sample_and_slow_rates_are_refused() -> None:
    """Chunks are whole samples, and the tones need 7 kHz."""
    with pytest.raises(AudioError):
        Reader(PHONE).feed(b"\0")
    with pytest.raises(ValueError, match="7000"):
        Reader(AudioFormat(6000))
