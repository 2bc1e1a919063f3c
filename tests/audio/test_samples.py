"""Bytes of a stream, cut anywhere, become whole samples; what no header says is an error that says so."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.container import Undecodable, header
from aai_migrate.audio.format import AudioFormat, Encoding
from aai_migrate.audio.header import LONGEST
from aai_migrate.audio.samples import Samples
from aai_migrate.errors import AudioError

STEREO = AudioFormat(8000, "pcm_s16le", 2)
SOUND = bytes(range(240))
KINDS: dict[str, tuple[int, int, Encoding]] = {  # format tag and bytes of a sample in the file, and what it becomes
    "8 bits": (1, 1, "pcm_s16le"),
    "16 bits": (1, 2, "pcm_s16le"),
    "24 bits": (1, 3, "pcm_s24le"),
    "32 bits": (1, 4, "pcm_s32le"),
    "float": (3, 4, "pcm_f32le"),
    "A-law": (6, 1, "pcm_alaw"),
    "mu-law": (7, 1, "pcm_mulaw"),
}
CUTS = st.lists(st.integers(0, 60), max_size=40)


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    """Return a chunk of a RIFF file that says that it has *size* bytes."""
    return name + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def wav(tag: int = 1, width: int = 2, *, channels: int = 1, size: int = len(SOUND), before: bytes = b"") -> bytes:
    """Return the header of a WAV file of 8 kHz that speaks of *size* bytes of samples."""
    rate = 8000
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * width, channels * width, 8 * width)
    body = chunk(b"fmt ", fmt) + before + chunk(b"data", b"", size)
    return b"RIFF" + struct.pack("<I", min(4 + len(body) + size, 0xFFFF_FFFF)) + b"WAVE" + body


def fed(samples: Samples, data: bytes, cuts: list[int]) -> list[bytes]:
    """Return what comes out of *data*, cut into pieces of so many bytes and a rest."""
    out = []
    for size in cuts:
        out.append(samples.feed(data[:size]))
        data = data[size:]
    return [*out, samples.feed(data)]


@given(CUTS)
def test_raw_audio_comes_in_whole_samples(cuts: list[int]) -> None:
    """Each with all its channels; what is cut waits for its rest."""
    samples = Samples(STEREO)
    out = fed(samples, SOUND + b"xyz", cuts)
    assert b"".join(out) == SOUND
    assert all(len(piece) % STEREO.frame == 0 for piece in out)
    assert samples.seconds == len(SOUND) / STEREO.frame / 8000
    samples.end()


@pytest.mark.parametrize("kind", KINDS)
@given(CUTS)
def test_a_header_says_what_follows(kind: str, cuts: list[int]) -> None:
    """Wherever it is cut; samples come as they are, those of 8 bits as 16."""
    tag, width, encoding = KINDS[kind]
    samples = Samples(None)
    assert samples.format is None
    assert samples.seconds == 0.0
    out = b"".join(fed(samples, wav(tag, width) + SOUND, cuts))
    assert samples.format == AudioFormat(8000, encoding)
    assert samples.seconds == len(SOUND) / width / 8000
    if kind == "8 bits":
        assert out == struct.pack(f"<{len(SOUND)}h", *((byte - 128) * 256 for byte in SOUND))
    else:
        assert out == SOUND
    samples.end()


def test_eight_bits_of_two_channels_are_whole_too() -> None:
    """A frame of the file is two bytes, one of what comes out is four."""
    samples = Samples(None)
    samples.feed(wav(1, 1, channels=2))
    assert samples.format == AudioFormat(8000, "pcm_s16le", 2)
    assert samples.feed(b"\x80\xff\x00") == struct.pack("<2h", 0, 127 * 256)
    assert samples.feed(b"\x80") == struct.pack("<2h", -128 * 256, 0)
    assert samples.seconds == 2 / 8000


def test_other_chunks_may_stand_before_the_samples() -> None:
    """Of an odd length too, which is filled up."""
    samples = Samples(None)
    assert samples.feed(wav(before=chunk(b"LIST", b"odd") + chunk(b"fact", b"1234")) + SOUND) == SOUND


@pytest.mark.parametrize(("ends", "out"), [(True, SOUND), (False, SOUND + b"LISTxx")])
@given(cuts=CUTS)
def test_what_follows_the_samples_of_a_file_is_no_audio(ends: bool, out: bytes, cuts: list[int]) -> None:
    """Of a stream it is: who writes its header may not have known."""
    assert b"".join(fed(Samples(None, ends=ends), wav() + SOUND + b"LISTxx", cuts)) == out


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_length_that_nobody_knew_ends_nothing(size: int) -> None:
    """Writers that cannot go back put one of these there."""
    samples = Samples(None, ends=True)
    assert samples.feed(wav(size=size) + SOUND) == SOUND
    assert samples.feed(SOUND) == SOUND


def test_a_length_that_ends_inside_a_sample_brings_no_half_of_it() -> None:
    """Nor does anything come later."""
    samples = Samples(None, ends=True)
    assert samples.feed(wav(size=5) + SOUND) == SOUND[:4]
    assert samples.feed(SOUND) == b""
    assert samples.seconds == 2 / 8000


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"OggS" + bytes(8), "Ogg is not decoded here"),
        (b"ID3" + bytes(9), "MP3 is not decoded here"),
        (b"\x1aE\xdf\xa3" + bytes(8), "WebM"),
        (bytes(12), "no container found"),
        (b"RIFF\0\0\0\0AVI ", "AVI is not decoded here"),
        (wav(2, 1) + SOUND, "Microsoft ADPCM is not decoded here"),
        (wav().replace(b"fmt ", b"fnt "), "broken WAV header"),
        (wav(channels=0), "broken WAV header"),
    ],
)
@given(cuts=CUTS)
def test_what_is_no_wav_is_an_error_that_says_what_it_is(data: bytes, what: str, cuts: list[int]) -> None:
    """Whatever the cuts; nothing of it has come out before."""
    samples = Samples(None)
    with pytest.raises(Undecodable, match=what) as raised:
        fed(samples, data, cuts)
    assert isinstance(raised.value, AudioError)
    assert samples.format is None


def test_a_header_without_an_end_is_not_waited_for() -> None:
    """Nor kept."""
    endless = b"RIFF" + bytes(4) + b"WAVE" + chunk(b"LIST", b"", LONGEST - 100)
    assert fed(Samples(None), endless + bytes(1000), [30] * 30) == [b""] * 31
    beyond = b"RIFF" + bytes(4) + b"WAVE" + chunk(b"LIST", b"", LONGEST)
    with pytest.raises(Undecodable, match="no samples in the first"):
        fed(Samples(None), beyond, [5])
    many = wav(before=chunk(b"LIST", b"") * 100) + SOUND
    with pytest.raises(Undecodable, match="no samples behind the first"):
        fed(Samples(None), many, [60] * 10)


def test_the_end_inside_a_header_is_an_error() -> None:
    """No audio at all is none, nor is the half of a sample."""
    samples = Samples(None)
    samples.end()
    samples.feed(wav()[:20])
    with pytest.raises(Undecodable, match="ended inside its header"):
        samples.end()
    samples.feed(wav()[20:] + b"1")
    samples.end()


@given(st.binary(max_size=200), CUTS)
def test_nothing_but_its_own_error_is_raised(data: bytes, cuts: list[int]) -> None:
    """Whatever the bytes, alone and behind the beginning of a header."""
    for head in (b"", b"RIFF\0\0\0\0WAVE", wav()[:20], wav()[:36]):
        try:
            fed(Samples(None, ends=True), head + data, cuts)
        except Undecodable:
            continue


def test_a_header_tells_its_size_and_the_length_of_what_follows() -> None:
    """None: more has to come."""
    whole = wav(size=1000)
    found: list[Any] = [header(whole[:size]) for size in range(len(whole))]
    assert found == [None] * len(whole)
    known = header(whole + SOUND)
    assert known is not None
    assert (known.size, known.format, known.unsigned, known.length) == (44, AudioFormat(8000), False, 1000)
