"""Channels that share a stream, and each by itself."""

from __future__ import annotations

from .format import AudioFormat


def interleave(*channels: bytes, fmt: AudioFormat) -> bytes:
    """Return mono *channels* as one stream; the shorter are filled up with silence.

    Args:
        channels: mono audio of *fmt*'s rate and encoding; ``fmt.channels`` is not looked at.
    """
    if len(channels) == 1:
        return channels[0]
    width, count, longest = fmt.width, len(channels), max(map(len, channels))
    zero = AudioFormat(fmt.sample_rate, fmt.encoding).silence(1 / fmt.sample_rate)
    out = bytearray(longest * count)
    for index, channel in enumerate(channels):
        filled = channel + zero * ((longest - len(channel)) // width)
        for byte in range(width):
            out[index * width + byte :: width * count] = filled[byte::width]
    return bytes(out)


def split(chunk: bytes, width: int, count: int) -> list[bytes]:
    """Return the *count* channels of interleaved *chunk*, each mono, with samples of *width* bytes."""
    parts = []
    for index in range(count):
        part = bytearray(len(chunk) // count)
        for byte in range(width):
            part[byte::width] = chunk[index * width + byte :: width * count]
        parts.append(bytes(part))
    return parts
