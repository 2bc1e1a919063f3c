"""Conversion between encodings, at one sample rate.

16-bit integers are the meeting point: ``to_pcm16`` reads every encoding into them, ``from_pcm16`` writes
every encoding from them. Both work sample by sample, so how a stream is cut into chunks never changes its bytes.

Scale: float 1.0 is 32768, so every 16-bit value has an exact float and comes back as itself; a float that
would round to 32768 or more, from about 0.99998, is clipped to 32767. (A scale of 32767 would change 16-bit
audio that other software, most of which divides by 32768, had turned into floats.)

Source: ITU-T G.711 (11/88), tables 1 and 2; a sample on the edge of two intervals goes where the reference
code of ITU-T G.191 puts it.
"""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from aai_migrate.errors import AudioError

from .format import ENCODINGS, AudioFormat, Encoding

_Law = Literal["pcm_mulaw", "pcm_alaw"]
_TOP = 32767 / 32768
_INVERT: dict[_Law, int] = {"pcm_mulaw": 0xFF, "pcm_alaw": 0xD5}  # bits that the wire inverts, sign bit set


def to_pcm16(chunk: bytes, source: AudioFormat) -> bytes:
    """Convert *chunk* to interleaved little-endian int16 at the same rate and channels.

    Floats are scaled by 32768, rounded to the nearest (ties to even) and clipped to -32768..32767; NaN
    becomes 0, infinities the end of the range. 24-bit and 32-bit integers are truncated: they lose their low
    bits, so the result is rounded down.

    Args:
        chunk: ``samples × source.channels × source.width`` bytes, channels interleaved.
    Raises:
        AudioError: *chunk* ends inside a sample frame.
    Source: ITU-T G.711, tables 1a, 1b, 2a and 2b.
    """
    require_whole(chunk, source)
    return _decode(chunk, source.encoding)


def from_pcm16(chunk: bytes, target: Encoding) -> bytes:
    """Convert little-endian int16 samples to *target*, at the same rate and channels.

    Floats come out in -1.0 to 32767/32768, 24-bit and 32-bit integers with zero low bits: all exact. A-law
    and mu-law keep 8 bits; mu-law gives -1 to -4 the code of minus zero, 0x7F.

    Args:
        chunk: ``samples × channels × 2`` bytes.
        target: any encoding of ``AudioFormat``.
    Raises:
        AudioError: *chunk* ends inside a sample, or *target* is no encoding.
    Source: ITU-T G.711, tables 1a, 1b, 2a and 2b.
    """
    if len(chunk) % 2:
        raise AudioError(f"chunk of {len(chunk)} bytes ends inside a sample of 2 bytes; pass whole samples")
    if target not in ENCODINGS:
        raise AudioError(f"encoding {target!r} is unknown; choose one of {', '.join(ENCODINGS)}")
    return _encode(chunk, target)


def require_whole(chunk: bytes, fmt: AudioFormat) -> None:
    """Check that *chunk* is whole sample frames of *fmt*.

    Raises:
        AudioError: it ends inside one; the text names both sizes.
    """
    if len(chunk) % fmt.frame:
        raise AudioError(
            f"chunk of {len(chunk)} bytes ends inside a sample frame of {fmt.frame} bytes ({fmt}); "
            "pass whole frames, as aai_migrate.audio.chunks() cuts them"
        )


def _decode(chunk: bytes, encoding: Encoding) -> bytes:
    match encoding:
        case "pcm_s16le":
            return chunk
        case "pcm_s24le":
            return _weave(chunk[1::3], chunk[2::3])
        case "pcm_s32le":
            return _weave(chunk[2::4], chunk[3::4])
        case "pcm_f32le":
            return _round(_unpack("f", chunk))
        case law:
            low, high = _decoding(law)
            return _weave(chunk.translate(low), chunk.translate(high))


def _encode(chunk: bytes, encoding: Encoding) -> bytes:
    match encoding:
        case "pcm_s16le":
            return chunk
        case "pcm_s24le":
            return _widen(chunk, 3)
        case "pcm_s32le":
            return _widen(chunk, 4)
        case "pcm_f32le":
            return _pack("f", [sample / 32768 for sample in _unpack("h", chunk)])
        case law:
            table = _encoding(law)
            return bytes([table[sample] for sample in _unpack("H", chunk)])


def _unpack(code: str, chunk: bytes) -> tuple[Any, ...]:
    return struct.unpack(f"<{len(chunk) // struct.calcsize(code)}{code}", chunk)


def _pack(code: str, samples: list[Any]) -> bytes:
    return struct.pack(f"<{len(samples)}{code}", *samples)


def _weave(low: bytes, high: bytes) -> bytes:
    woven = bytearray(2 * len(low))
    woven[::2], woven[1::2] = low, high
    return bytes(woven)


def _widen(chunk: bytes, width: int) -> bytes:
    wide = bytearray(len(chunk) // 2 * width)
    wide[width - 2 :: width], wide[width - 1 :: width] = chunk[::2], chunk[1::2]
    return bytes(wide)


def _round(samples: tuple[float, ...]) -> bytes:
    return _pack("h", [round(sample * 32768) if -1 <= sample < _TOP else _clip(sample) for sample in samples])


def _clip(sample: float) -> int:
    if sample != sample:
        return 0
    return 32767 if sample > 0 else -32768


def _edges(law: _Law) -> list[int]:
    """Return where the 128 positive intervals of *law* begin, and where the last ends, in 16-bit units.

    Eight segments of sixteen intervals, each segment's twice as wide as those of the one before; mu-law is
    shifted by 33 (132 in 16 bits), and A-law's first segment has the width of its second.
    """
    edges = [(16 + code % 16) << (code // 16 + 3) for code in range(129)]
    if law == "pcm_mulaw":
        return [edge - 132 for edge in edges]
    return [16 * code for code in range(16)] + edges[16:]


@cache
def _decoding(law: _Law) -> tuple[bytes, bytes]:
    """Return two tables: the low and the high byte of each code's value, the middle of its interval."""
    middles = [(begin + end) // 2 for begin, end in pairwise(_edges(law))]
    sizes = [middles[(byte ^ _INVERT[law]) & 0x7F] for byte in range(256)]
    values = [size if byte & 0x80 else -size for byte, size in enumerate(sizes)]
    return bytes(value & 0xFF for value in values), bytes(value >> 8 & 0xFF for value in values)


@cache
def _encoding(law: _Law) -> bytes:
    """Return the code of each of the 65,536 samples, seen as unsigned; the halves mirror each other."""
    edges = [0, *_edges(law)[1:-1], 32768]
    positive = b"".join(
        bytes([code ^ _INVERT[law]]) * (end - begin) for code, (begin, end) in enumerate(pairwise(edges))
    )
    return positive + bytes(code ^ 0x80 for code in reversed(positive))
