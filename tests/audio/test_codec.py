"""Encodings and the law tables."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
import warnings
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, from_pcm16, to_pcm16
from aai_migrate.audio.format import Encoding
from aai_migrate.errors import AudioError

LAWS: tuple[Encoding, ...] = ("pcm_mulaw", "pcm_alaw")
EVERY_SAMPLE = struct.pack("<65536h", *range(-32768, 32768))
EVERY_CODE = bytes(range(256))

# Wire byte, and the value at the decoder's output that G.711 lists for it, in 16-bit units: tables 2a and 2b
# (mu-law, 0 to 8031) times 4, tables 1a and 1b (A-law, 1 to 4032) times 8. Ends of segments, both signs.
G711_VALUES: dict[Encoding, dict[int, int]] = {
    "pcm_mulaw": {
        0xFF: 0,
        0xFE: 8,
        0xF0: 120,
        0xEF: 132,
        0xE0: 372,
        0xDF: 396,
        0xCF: 924,
        0xBF: 1980,
        0xAF: 4092,
        0x9F: 8316,
        0x8F: 16764,
        0x80: 32124,
        0x7F: 0,
        0x7E: -8,
        0x0F: -16764,
        0x00: -32124,
    },
    "pcm_alaw": {
        0xD5: 8,
        0xD4: 24,
        0xDA: 248,
        0xC5: 264,
        0xCA: 504,
        0xF5: 528,
        0xE5: 1056,
        0x95: 2112,
        0x85: 4224,
        0xB5: 8448,
        0xA5: 16896,
        0xAA: 32256,
        0x55: -8,
        0x54: -24,
        0x25: -16896,
        0x2A: -32256,
    },
}


def fmt(encoding: Encoding, channels: int = 1, rate: int = 16_000) -> AudioFormat:
    return AudioFormat(rate, encoding, channels)


def ints(chunk: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(chunk) // 2}h", chunk))


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def shorts(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def audioop() -> ModuleType:
    """Return the standard library's codecs, which ended with Python 3.12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module: ModuleType = pytest.importorskip("audioop")
    return module


def g191_mulaw(sample: int) -> int:
    """Encode as ITU-T G.191 does it: 14 bits, one's complement, bias 33, position of the leading bit."""
    size = min(((~sample if sample < 0 else sample) >> 2) + 33, 0x1FFF)
    segment = size.bit_length() - 6
    code = segment << 4 | (size >> segment + 1) & 0xF
    return 0x7F ^ code if sample < 0 else 0xFF ^ code


def g191_alaw(sample: int) -> int:
    """Encode as ITU-T G.191 does it: 12 bits of size, one's complement, even bits inverted."""
    size = (~sample if sample < 0 else sample) >> 4
    segment = max(size.bit_length() - 4, 0)
    code = segment << 4 | (size if segment == 0 else size >> segment - 1 & 0xF)
    return code ^ (0x55 if sample < 0 else 0xD5)


@pytest.mark.parametrize("law", LAWS)
def test_law_codes_decode_to_the_values_of_g711(law: Encoding) -> None:
    """The bytes that G.711 lists give the values that it lists."""
    expected = G711_VALUES[law]
    assert ints(to_pcm16(bytes(expected), fmt(law))) == list(expected.values())


@pytest.mark.parametrize(("law", "reference"), [("pcm_mulaw", g191_mulaw), ("pcm_alaw", g191_alaw)])
def test_every_sample_encodes_as_in_the_reference_code(law: Encoding, reference: object) -> None:
    """All 65,536 samples get the code that the formula of G.191 gives them."""
    assert callable(reference)
    assert from_pcm16(EVERY_SAMPLE, law) == bytes(reference(sample) for sample in range(-32768, 32768))


@pytest.mark.parametrize("law", LAWS)
def test_law_codes_survive_a_round_trip(law: Encoding) -> None:
    """Decoding and encoding again changes no code but mu-law's minus zero, which becomes zero."""
    again = from_pcm16(to_pcm16(EVERY_CODE, fmt(law)), law)
    assert again == (EVERY_CODE.replace(b"\x7f", b"\xff") if law == "pcm_mulaw" else EVERY_CODE)


@pytest.mark.parametrize(("law", "name"), [("pcm_mulaw", "ulaw2lin"), ("pcm_alaw", "alaw2lin")])
def test_laws_decode_like_audioop(law: Encoding, name: str) -> None:
    """Every code decodes as in the standard library."""
    assert to_pcm16(EVERY_CODE, fmt(law)) == getattr(audioop(), name)(EVERY_CODE, 2)


def test_alaw_encodes_like_audioop() -> None:
    """Every sample encodes as in the standard library."""
    assert from_pcm16(EVERY_SAMPLE, "pcm_alaw") == audioop().lin2alaw(EVERY_SAMPLE, 2)


def test_mulaw_encodes_like_audioop_but_for_edges_below_zero() -> None:
    """audioop rounds negative samples to 14 bits away from zero, G.191 towards it; all else agrees."""
    ours, theirs = from_pcm16(EVERY_SAMPLE, "pcm_mulaw"), audioop().lin2ulaw(EVERY_SAMPLE, 2)
    assert ours[32768:] == theirs[32768:]
    assert all(abs(a - b) <= 1 for a, b in zip(ours, theirs, strict=True))
    # the 14 bits of G.191, handed to audioop as samples that need no rounding; but minus zero, -1 to -4
    shifted = audioop().lin2ulaw(struct.pack("<32768h", *(-4 * (~x >> 2) for x in range(-32768, 0))), 2)
    assert ours[:32768][:-4] == shifted[:-4]


@pytest.mark.parametrize("law", LAWS)
def test_silence_encodes_to_the_silence_of_the_format(law: Encoding) -> None:
    """Zero samples are what AudioFormat.silence hands out."""
    assert from_pcm16(bytes(1600), law) == fmt(law).silence(0.05)


def test_floats_are_scaled_rounded_and_clipped() -> None:
    """1.0 is 32768, ties go to even, and what does not fit ends at the border; NaN is silence."""
    half = 0.5 / 32768
    source = {
        0.0: 0,
        half: 0,
        3 * half: 2,
        -half: 0,
        0.5: 16384,
        -1.0: -32768,
        32767 / 32768: 32767,
        1.0: 32767,
        -1.5: -32768,
        3e38: 32767,
        math.inf: 32767,
        -math.inf: -32768,
    }
    assert ints(to_pcm16(floats(*source), fmt("pcm_f32le"))) == list(source.values())
    assert ints(to_pcm16(floats(math.nan, 0.25), fmt("pcm_f32le"))) == [0, 8192]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 2.0, 1e30])
def test_a_bad_float_leaves_its_neighbours_alone(bad: float) -> None:
    """The samples beside one that is out of range are what they would be without it."""
    near = [0.1, -0.3, 32766.5 / 32768, -1.0]
    alone = to_pcm16(floats(*near), fmt("pcm_f32le"))
    assert to_pcm16(floats(bad, *near), fmt("pcm_f32le"))[2:] == alone


@given(st.lists(st.floats(width=32)))
def test_floats_match_the_definition(values: list[float]) -> None:
    """Any float is scaled by 32768, rounded and clipped, NaN is 0."""

    def expected(value: float) -> int:
        return 0 if math.isnan(value) else round(max(-32768.0, min(32767.0, value * 32768)))

    assert ints(to_pcm16(floats(*values), fmt("pcm_f32le"))) == [expected(value) for value in values]


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"])
def test_sixteen_bits_survive_wider_encodings(encoding: Encoding) -> None:
    """Every 16-bit sample comes back from each encoding that is at least as wide."""
    assert to_pcm16(from_pcm16(EVERY_SAMPLE, encoding), fmt(encoding)) == EVERY_SAMPLE


def test_int16_becomes_the_float_that_is_meant() -> None:
    """-32768 is -1.0 and 16384 is 0.5."""
    assert from_pcm16(shorts(-32768, 16384, 0), "pcm_f32le") == floats(-1.0, 0.5, 0.0)


@given(st.integers(-(2**23), 2**23 - 1), st.integers(-(2**31), 2**31 - 1))
def test_wide_integers_are_truncated(narrow: int, wide: int) -> None:
    """24-bit and 32-bit samples lose their low bits and so are rounded down."""
    assert ints(to_pcm16(narrow.to_bytes(3, "little", signed=True), fmt("pcm_s24le"))) == [narrow >> 8]
    assert ints(to_pcm16(wide.to_bytes(4, "little", signed=True), fmt("pcm_s32le"))) == [wide >> 16]


def test_sixteen_bits_pass_untouched() -> None:
    """What is 16 bits already is the same object."""
    chunk = shorts(1, 2)
    assert to_pcm16(chunk, fmt("pcm_s16le", 2)) is chunk
    assert from_pcm16(chunk, "pcm_s16le") is chunk


def test_a_chunk_that_ends_inside_a_frame_is_refused() -> None:
    """The error names the size of the chunk and of a frame."""
    with pytest.raises(AudioError, match=r"6 bytes .* frame of 4 bytes"):
        to_pcm16(bytes(6), fmt("pcm_s16le", 2))
    with pytest.raises(AudioError, match=r"3 bytes .* sample of 2 bytes"):
        from_pcm16(bytes(3), "pcm_f32le")


def test_an_unknown_target_is_refused() -> None:
    """The error lists the choices."""
    with pytest.raises(AudioError, match="'opus' is unknown; choose one of pcm_s16le"):
        from_pcm16(b"", "opus")  # type: ignore[arg-type]


def test_importing_builds_no_tables() -> None:
    """The tables of the laws cost nothing until they are needed."""
    code = (
        "from aai_migrate.audio import codec\n"
        "assert not codec._encoding.cache_info().currsize and not codec._decoding.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
