"""From one format to another: what is changed, in which words, and to which bits."""

from __future__ import annotations

import math
import struct
import sys
import warnings
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, Converter, chunks, from_pcm16, to_pcm16
from aai_migrate.audio.format import ENCODINGS, Encoding
from aai_migrate.errors import AudioError
from aai_migrate.testing import coded


def fmt(encoding: Encoding, channels: int = 1, rate: int = 16_000) -> AudioFormat:
    return AudioFormat(rate, encoding, channels)


def ints(chunk: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(chunk) // 2}h", chunk))


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def shorts(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_equal_formats_pass_the_same_object(encoding: Encoding) -> None:
    """A converter with nothing to do hands back what it was given, even floats out of range."""
    same = Converter(fmt(encoding, 2), fmt(encoding, 2))
    chunk = floats(math.nan, 7.0) * 3
    assert same.convert(chunk) is chunk
    assert same.changes == ()


@pytest.mark.parametrize(
    ("source", "target", "chunk", "expected", "changes"),
    [
        (("pcm_s16le", 1), ("pcm_mulaw", 1), shorts(0, 8), b"\xff\xfe", ("pcm_s16le -> pcm_mulaw",)),
        (("pcm_mulaw", 1), ("pcm_alaw", 1), b"\xff\xfe", b"\xd5\xd5", ("pcm_mulaw -> pcm_alaw",)),
        (("pcm_s16le", 2), ("pcm_s16le", 1), shorts(1, 2, -1, -2), shorts(1, -2), ("stereo -> mono",)),
        (("pcm_s16le", 2), ("pcm_s16le", 1), shorts(32767, 32767), shorts(32767), ("stereo -> mono",)),
        (("pcm_mulaw", 2), ("pcm_mulaw", 1), b"\xfe\x7e", b"\xff", ("stereo -> mono",)),
        (("pcm_f32le", 2), ("pcm_f32le", 1), floats(3.0, 2.0), floats(2.5), ("stereo -> mono",)),
        (
            ("pcm_f32le", 2),
            ("pcm_s16le", 1),
            floats(1.5, -0.5, 1 / 32768, 2 / 32768),
            shorts(16384, 2),
            ("pcm_f32le -> pcm_s16le", "stereo -> mono"),
        ),
        (
            ("pcm_s16le", 2),
            ("pcm_f32le", 1),
            shorts(16384, 0),
            floats(0.25),
            ("pcm_s16le -> pcm_f32le", "stereo -> mono"),
        ),
    ],
)
def test_conversions(
    source: tuple[Encoding, int],
    target: tuple[Encoding, int],
    chunk: bytes,
    expected: bytes,
    changes: tuple[str, ...],
) -> None:
    """Only what differs is converted; integers mix rounded down, floats mix before they are clipped."""
    converter = Converter(fmt(*source), fmt(*target))
    assert converter.convert(chunk) == expected
    assert converter.changes == changes


def test_integers_mix_like_audioop() -> None:
    """Stereo to mono in 16 bits is the standard library's, which ended with Python 3.12."""
    chunk = shorts(*(value * 7919 % 65536 - 32768 for value in range(2000)))
    ours = Converter(fmt("pcm_s16le", 2), fmt("pcm_s16le")).convert(chunk)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop: ModuleType = pytest.importorskip("audioop")
    assert ours == audioop.tomono(chunk, 2, 0.5, 0.5)


@pytest.mark.parametrize(("source", "target"), [(6, 1), (1, 2), (2, 3)])
def test_other_changes_of_channels_are_refused(source: int, target: int) -> None:
    """Only stereo to mono is known."""
    with pytest.raises(AudioError, match=f"{source} channels into {target}.*sox IN -c {target}"):
        Converter(fmt("pcm_s16le", source), fmt("pcm_s16le", target))


def test_the_text_of_a_converter_shows_the_formats() -> None:
    """And no audio."""
    converter = Converter(fmt("pcm_f32le", 2), fmt("pcm_s16le"))
    assert repr(converter) == "<Converter 16000 Hz pcm_f32le stereo -> 16000 Hz pcm_s16le mono>"


@given(st.data())
def test_chunking_changes_nothing(data: st.DataObject) -> None:
    """However a stream is cut at frame boundaries, the converted bytes joined are the same."""
    source = data.draw(st.builds(AudioFormat, encoding=st.sampled_from(ENCODINGS), channels=st.just(2)))
    target = data.draw(st.builds(AudioFormat, encoding=st.sampled_from(ENCODINGS), channels=st.sampled_from([1, 2])))
    frames = data.draw(st.lists(st.binary(min_size=source.frame, max_size=source.frame), max_size=20))
    converter = Converter(source, target)
    whole = converter.convert(b"".join(frames))
    assert b"".join(map(converter.convert, frames)) == whole
    assert len(whole) == len(frames) * target.frame
    assert converter.flush() == b""


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_chunking_changes_nothing_of_another_rate(data: st.DataObject) -> None:
    """Also where it is resampled: the same bits, as many frames as the ratio says, and then a new stream."""
    rates = st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000])
    source = data.draw(st.builds(AudioFormat, rates, st.sampled_from(ENCODINGS), st.sampled_from([1, 2, 3])))
    channels = st.sampled_from([1, 2]) if source.channels == 2 else st.just(source.channels)
    target = data.draw(st.builds(AudioFormat, rates, st.sampled_from(ENCODINGS), channels))
    frames = data.draw(st.lists(st.binary(min_size=source.frame, max_size=source.frame), max_size=60))
    audio, size = b"".join(frames), source.frame * data.draw(st.integers(1, 20))
    converter = Converter(source, target)
    whole = converter.convert(audio) + converter.flush()
    cut = b"".join(converter.convert(audio[at : at + size]) for at in range(0, len(audio), size)) + converter.flush()
    assert cut == whole
    count = math.floor(len(frames) * target.sample_rate / source.sample_rate + 0.5)
    assert len(whole) == count * target.frame


@pytest.mark.parametrize(
    ("source", "target", "changes"),
    [
        (AudioFormat(48_000), AudioFormat(), ("48000 -> 16000 Hz by soxr",)),
        (
            AudioFormat(48_000, "pcm_f32le", 2),
            AudioFormat(),
            ("pcm_f32le -> pcm_s16le", "stereo -> mono", "48000 -> 16000 Hz by soxr"),
        ),
        (AudioFormat(8_000, "pcm_mulaw"), AudioFormat(16_000, "pcm_mulaw"), ("8000 -> 16000 Hz by soxr",)),
        (
            AudioFormat(44_100, "pcm_s24le", 2),
            AudioFormat(16_000, "pcm_f32le", 2),
            ("pcm_s24le -> pcm_f32le", "44100 -> 16000 Hz by soxr"),
        ),
    ],
)
def test_another_rate(source: AudioFormat, target: AudioFormat, changes: tuple[str, ...]) -> None:
    """A tone stays the tone, in every encoding, and what was done is said."""
    count = source.sample_rate // 4
    samples = [round(12_000 * math.sin(2 * math.pi * 440 * at / source.sample_rate)) for at in range(count)]
    audio = from_pcm16(shorts(*(sample for sample in samples for _ in range(source.channels))), source.encoding)
    converter = Converter(source, target)
    assert converter.changes == changes
    got = ints(to_pcm16(converter.convert(audio) + converter.flush(), target))
    assert len(got) == target.sample_rate // 4 * target.channels
    for at in range(500 * target.channels, len(got) - 500 * target.channels):
        expected = 12_000 * math.sin(2 * math.pi * 440 * (at // target.channels) / target.sample_rate)
        assert abs(got[at] - expected) < (500 if "pcm_mulaw" in (source.encoding, target.encoding) else 4)


def test_floats_are_resampled_as_floats() -> None:
    """What is far below one step of 16 bits is still there."""
    quiet = floats(*(1e-6 * math.sin(at / 10) for at in range(4_800)))
    converter = Converter(AudioFormat(48_000, "pcm_f32le"), AudioFormat(16_000, "pcm_f32le"))
    got = struct.unpack("<1600f", converter.convert(quiet) + converter.flush())
    assert max(got) == pytest.approx(1e-6, rel=0.05)


def test_a_split_frame_is_refused_and_forgotten() -> None:
    """The stream goes on as if it had not been passed."""
    converter = Converter(AudioFormat(48_000, channels=2), AudioFormat())
    chunk = shorts(*range(960))
    first = converter.convert(chunk) + converter.flush()
    with pytest.raises(AudioError, match=r"6 bytes .* frame of 4 bytes"):
        converter.convert(bytes(6))
    assert converter.convert(chunk) + converter.flush() == first


def test_other_channels_are_refused_before_anything_is_loaded() -> None:
    """Also where the rate differs."""
    with pytest.raises(AudioError, match="3 channels into 1"):
        Converter(AudioFormat(48_000, channels=3), AudioFormat())


@pytest.mark.parametrize("missing", ["", "soxr"])
@pytest.mark.parametrize(
    "source",
    [
        AudioFormat(48_000, "pcm_f32le"),
        AudioFormat(8_000, "pcm_mulaw"),
        AudioFormat(44_100, "pcm_s16le", 2),
        AudioFormat(11_025, "pcm_s24le", 2),
    ],
)
def test_the_ear_hears_the_same_words(source: AudioFormat, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the recogniser's door stand the words of the plain file, at their times, in any chunks: to 10 ms."""
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    said, door = coded.words(12, 3), AudioFormat()
    plain = hear(coded.encode([*said, 0.5], door), door)
    spoken = coded.encode([*said, 0.5], source)
    samples = set()
    for seconds in (0.001, 0.02, 0.333, 5.0):
        converter = Converter(source, door)
        samples.add(b"".join([*map(converter.convert, chunks(spoken, source, seconds)), converter.flush()]))
    (arrived,) = samples
    heard = hear(arrived, door)
    assert [word.text for word in heard] == [word.text for word in plain] == list(said)
    assert all(abs(a.start - b.start) <= 0.01 for a, b in zip(heard, plain, strict=True))


def hear(samples: bytes, fmt: AudioFormat) -> list[coded.Heard]:
    reader = coded.Reader(fmt)
    return reader.feed(samples) + reader.flush()
