"""Resampling: the same samples whatever the chunks, the right length and time, nothing folded into the band."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat
from aai_migrate.audio.format import Encoding
from aai_migrate.audio.resample import Polyphase, Resampler, Soxr, resampler
from aai_migrate.errors import AudioError

Maker = Callable[[AudioFormat, AudioFormat], Resampler]
BOTH: tuple[Maker, ...] = (Soxr, Polyphase)
ENGINES = pytest.mark.parametrize("engine", BOTH)
# Whole ratios both ways, thirds, the rates of compact discs, and two that need more tables than are made.
RATES = [(48_000, 16_000), (16_000, 48_000), (8_000, 16_000), (44_100, 16_000), (11_025, 16_000), (24_000, 16_000)]
ODD = [(4_001, 191_999), (16_001, 15_999)]
ENCODINGS: tuple[Encoding, ...] = ("pcm_s16le", "pcm_f32le")


def ints(samples: Iterable[float]) -> bytes:
    values = [max(-32768, min(32767, round(32768 * sample))) for sample in samples]
    return struct.pack(f"<{len(values)}h", *values)


def floats(samples: Iterable[float]) -> bytes:
    values = list(samples)
    return struct.pack(f"<{len(values)}f", *values)


def heard(data: bytes, fmt: AudioFormat) -> list[float]:
    """The samples as floats, full scale 1."""
    if fmt.encoding == "pcm_f32le":
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    return [sample / 32768 for sample in struct.unpack(f"<{len(data) // 2}h", data)]


def run(resampler: Resampler, pieces: Iterable[bytes]) -> bytes:
    return b"".join([*map(resampler.feed, pieces), resampler.flush()])


def tone(hertz: float, rate: int, count: int, level: float = 0.5) -> list[float]:
    return [level * math.sin(2 * math.pi * hertz * at / rate) for at in range(count)]


def decibels(samples: Sequence[float], level: float = 0.5) -> float:
    """How loud the middle half is beside a tone of *level*."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return 10 * math.log10(sum(sample * sample for sample in middle) / len(middle) / (level * level / 2) + 1e-12)


def length(count: int, source: int, target: int) -> int:
    return math.floor(count * target / source + 0.5)


@ENGINES
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_chunking_changes_no_bit(engine: Maker, data: st.DataObject) -> None:
    """Any cuts, even empty chunks, give the samples of one piece, and as many as the ratio says."""
    rates = data.draw(st.sampled_from(RATES + ODD))
    encodings = st.sampled_from(ENCODINGS)
    source = AudioFormat(rates[0], data.draw(encodings), data.draw(st.integers(1, 3)))
    channels = 1 if source.channels == 2 and data.draw(st.booleans()) else source.channels
    target = AudioFormat(rates[1], data.draw(encodings), channels)
    count = data.draw(st.integers(0, 900))
    random = data.draw(st.randoms(use_true_random=False))
    samples = [random.uniform(-1, 1) for _ in range(count * source.channels)]
    audio = ints(samples) if source.encoding == "pcm_s16le" else floats(samples)
    marks = [0, *sorted(data.draw(st.lists(st.integers(0, count), max_size=40))), count]
    stream = engine(source, target)
    whole = run(stream, [audio])
    assert len(whole) == length(count, *rates) * target.frame
    assert run(stream, [audio[a * source.frame : b * source.frame] for a, b in pairwise(marks)]) == whole


@ENGINES
@pytest.mark.parametrize("milliseconds", [1, 7, 20, 50, 100, 1000, 5000])
def test_usual_chunks_change_no_bit(engine: Maker, milliseconds: int) -> None:
    """One millisecond to five seconds at a time: what arrives is the same."""
    source, target = AudioFormat(48_000), AudioFormat(16_000)
    audio = ints(tone(441, 48_000, 24_000 if engine is Polyphase else 480_000))
    size = 96 * milliseconds
    stream = engine(source, target)
    whole = run(stream, [audio])
    assert run(stream, [audio[at : at + size] for at in range(0, len(audio), size)]) == whole


@ENGINES
@pytest.mark.parametrize(("source", "target"), RATES + ODD)
def test_what_is_in_the_band_stays(engine: Maker, source: int, target: int) -> None:
    """To nine tenths of the lower Nyquist frequency tones keep level, time and length."""
    for part in (0.05, 0.5, 0.9):
        hertz = part * min(source, target) / 2
        count = min(source, 4 * 2400)
        stream = engine(AudioFormat(source), AudioFormat(target, "pcm_f32le"))
        got = heard(run(stream, [ints(tone(hertz, source, count))]), AudioFormat(target, "pcm_f32le"))
        assert abs(decibels(got)) < 0.05
        expected = tone(hertz, target, len(got))
        edge = len(got) // 4
        assert max(abs(a - b) for a, b in zip(got[edge:-edge], expected[edge:-edge], strict=True)) < 0.004


@ENGINES
@pytest.mark.parametrize(("source", "target"), [(48_000, 16_000), (44_100, 16_000), (16_000, 8_000), (16_001, 15_999)])
def test_nothing_folds_into_the_band(engine: Maker, source: int, target: int) -> None:
    """From the new Nyquist frequency up, tones are 60 dB down or more."""
    for part in (1.001, 1.06, 1.5, 2.0, 2.6):
        if (hertz := part * target / 2) < source / 2:
            stream = engine(AudioFormat(source), AudioFormat(target, "pcm_f32le"))
            got = heard(run(stream, [ints(tone(hertz, source, source // 2))]), AudioFormat(target, "pcm_f32le"))
            assert decibels(got) < -60


@ENGINES
@pytest.mark.parametrize(("source", "target"), [(8_000, 16_000), (16_000, 48_000), (4_001, 191_999)])
def test_nothing_mirrors_above_the_band(engine: Maker, source: int, target: int) -> None:
    """Raising the rate adds no tone: what is not the tone itself is 60 dB down."""
    hertz = 0.9 * source / 2
    stream = engine(AudioFormat(source, "pcm_f32le"), AudioFormat(target, "pcm_f32le"))
    got = heard(run(stream, [floats(tone(hertz, source, 1000))]), AudioFormat(target, "pcm_f32le"))
    edge = len(got) // 4
    middle, pure = got[edge:-edge], tone(hertz, target, len(got))[edge:-edge]
    scale = sum(a * b for a, b in zip(middle, pure, strict=True)) / sum(b * b for b in pure)
    rest = sum((a - scale * b) ** 2 for a, b in zip(middle, pure, strict=True)) / sum(a * a for a in middle)
    assert 10 * math.log10(rest) < -60


@ENGINES
def test_the_first_sample_stays_the_first(engine: Maker) -> None:
    """A click comes out at its own time, and one at the very beginning at the beginning."""
    for rates in RATES:
        for at in (0, 300):
            clicks = [0.0] * 601
            clicks[at] = 1.0
            target = AudioFormat(rates[1], "pcm_f32le")
            got = heard(run(engine(AudioFormat(rates[0]), target), [ints(clicks)]), target)
            loudest = max(range(len(got)), key=lambda index: got[index])
            assert abs(loudest / rates[1] - at / rates[0]) <= 0.51 / min(rates)


@ENGINES
def test_channels_keep_apart(engine: Maker) -> None:
    """Each of three channels comes out as it would alone."""
    apart = [tone(hertz, 44_100, 2_000) for hertz in (300, 1_000, 5_000)]
    together = ints(sample for frame in zip(*apart, strict=True) for sample in frame)
    got = run(engine(AudioFormat(44_100, channels=3), AudioFormat(16_000, channels=3)), [together])
    for channel, samples in enumerate(apart):
        alone = run(engine(AudioFormat(44_100), AudioFormat(16_000)), [ints(samples)])
        assert b"".join(got[at : at + 2] for at in range(2 * channel, len(got), 6)) == alone


@ENGINES
def test_stereo_is_mixed_before_anything_is_rounded(engine: Maker) -> None:
    """Half a step left and none right is a quarter: the mean is resampled, in floats."""
    stereo = AudioFormat(48_000, "pcm_s16le", 2)
    audio = struct.pack("<2h", 1, 0) * 2_000
    got = heard(run(engine(stereo, AudioFormat(16_000, "pcm_f32le")), [audio]), AudioFormat(16_000, "pcm_f32le"))
    assert got[300] == pytest.approx(0.5 / 32768, rel=0.01)
    opposed = floats([1.5, -0.5] * 2_000)
    loud = heard(run(engine(AudioFormat(48_000, "pcm_f32le", 2), AudioFormat(16_000)), [opposed]), AudioFormat())
    assert loud[300] == pytest.approx(0.5, abs=0.001)


@ENGINES
def test_levels_are_kept_and_the_range_is_not_left(engine: Maker) -> None:
    """A constant stays one; what overshoots beside a full-scale edge is clipped, not wrapped."""
    got = heard(run(engine(AudioFormat(48_000), AudioFormat(16_000)), [ints([0.25] * 3_000)]), AudioFormat())
    assert set(got[200:-200]) == {0.25}
    square = [1.0 if at // 200 % 2 else -1.0 for at in range(6_000)]
    got = heard(run(engine(AudioFormat(48_000), AudioFormat(16_000)), [ints(square)]), AudioFormat())
    assert max(got) == 32767 / 32768
    assert min(got) == -1.0
    for at in range(100, 1_900):
        middle = at * 3 % 200
        if 60 < middle < 140:
            assert abs(got[at] - square[at * 3]) < 0.05


@ENGINES
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 3.4e38, -5.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_bad_float_is_a_click_at_most(engine: Maker, bad: float, channels: int) -> None:
    """It is taken for the end of the range, NaN for 0: its neighbours are heard, and nothing warns."""
    calm = [0.0] * 3_000 * channels
    calm[1_500 * channels] = bad
    taken = list(calm)
    taken[1_500 * channels] = 0.0 if math.isnan(bad) else math.copysign(1.0, bad)
    source, target = AudioFormat(48_000, "pcm_f32le", channels), AudioFormat(16_000, "pcm_f32le", channels)
    assert run(engine(source, target), [floats(calm)]) == run(engine(source, target), [floats(taken)])


@ENGINES
def test_bad_floats_that_cancel_are_silence(engine: Maker) -> None:
    """Mixing plus and minus infinity is no number, and that is 0."""
    source, target = AudioFormat(48_000, "pcm_f32le", 2), AudioFormat(16_000)
    assert not any(run(engine(source, target), [floats([math.inf, -math.inf, math.nan, 1.0] * 600)]))


@pytest.mark.parametrize(
    ("engine", "source", "target", "most"),
    [
        (Polyphase, 48_000, 16_000, 0.0026),
        (Polyphase, 8_000, 16_000, 0.0052),
        (Polyphase, 44_100, 8_000, 0.0052),
        (Soxr, 48_000, 16_000, 0.037),
        (Soxr, 44_100, 16_000, 0.041),
        (Soxr, 8_000, 16_000, 0.117),
    ],
)
def test_latency_is_bounded(engine: Maker, source: int, target: int, most: float) -> None:
    """However long the stream, what is held back stays below what the module's text says."""
    stream = engine(AudioFormat(source), AudioFormat(target))
    fed = given = 0
    for _ in range(200):
        chunk = bytes(AudioFormat(source).size(0.01))
        fed += len(chunk) // 2
        given += len(stream.feed(chunk)) // 2
        assert given / target <= fed / source <= given / target + most


@ENGINES
def test_after_a_flush_a_new_stream_begins(engine: Maker) -> None:
    """Nothing of the last stream is heard in the next, not even of one without samples."""
    stream = engine(AudioFormat(44_100), AudioFormat(16_000))
    first = run(stream, [ints([0.9] * 1_001)])
    assert stream.flush() == b""
    assert run(stream, [ints([0.9] * 1_001)]) == first
    assert len(first) == 2 * length(1_001, 44_100, 16_000)


def test_both_give_nearly_the_same() -> None:
    """Whoever lacks soxr hears the same speech: below the band's edge they differ by little."""
    voice = [
        sum(0.1 * math.sin(2 * math.pi * hertz * at / 44_100) for hertz in (200, 900, 3_000)) for at in range(8_000)
    ]
    source, target = AudioFormat(44_100), AudioFormat(16_000)
    ours, theirs = (heard(run(engine(source, target), [ints(voice)]), target) for engine in (Polyphase, Soxr))
    assert max(abs(a - b) for a, b in zip(ours[100:-100], theirs[100:-100], strict=True)) < 0.001


@ENGINES
def test_what_is_not_resampled_is_refused(engine: Maker) -> None:
    """Other encodings and channels are somebody else's work."""
    with pytest.raises(AudioError, match="pcm_mulaw is not resampled as it is"):
        engine(AudioFormat(8_000, "pcm_mulaw"), AudioFormat())
    with pytest.raises(AudioError, match="1 channels do not become 2"):
        engine(AudioFormat(8_000), AudioFormat(channels=2))


def test_soxr_is_taken_where_it_is() -> None:
    """The better one comes first, and its text says no more than its name."""
    assert resampler(AudioFormat(48_000), AudioFormat()).by == "soxr"


@pytest.mark.parametrize("missing", ["soxr", "numpy"])
def test_without_soxr_the_standard_library_does_it(missing: str) -> None:
    """Whatever part of it is missing; the text says how to get it."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from aai_migrate.audio import AudioFormat, Converter\n"
        "print(Converter(AudioFormat(48_000), AudioFormat()).changes)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    by = "the standard library; pip install 'aai_migrate[audio]' for soxr"
    assert done.stdout.strip() == repr((f"48000 -> 16000 Hz by {by}",))


def test_nothing_is_imported_before_it_is_needed() -> None:
    """Neither importing nor converting at one rate loads soxr or numpy."""
    code = (
        "import sys\n"
        "from aai_migrate.audio import AudioFormat, Converter\n"
        "Converter(AudioFormat(encoding='pcm_f32le', channels=2), AudioFormat()).convert(bytes(8))\n"
        "assert not {'soxr', 'numpy'} & sys.modules.keys()\n"
        "Converter(AudioFormat(48_000), AudioFormat())\n"
        "assert {'soxr', 'numpy'} <= sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
