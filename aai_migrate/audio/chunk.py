"""Audio cut anew into chunks of one length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite

from aai_migrate.errors import AudioError

from .format import AudioFormat


def chunks(data: bytes | Iterable[bytes], fmt: AudioFormat, seconds: float) -> Iterator[bytes]:
    """Cut *data* into chunks of *seconds*, each whole sample frames; the last may be shorter.

    Args:
        data: audio of *fmt*, whole or in pieces of any size, which may be split even inside a sample.
        seconds: length of a chunk, above 0; rounded to whole samples, one at least.
    Raises:
        AudioError: at once if *seconds* is not a positive number; in the end, after the last whole frame, if
            the data ends inside one.
    """
    return _cut((data,) if isinstance(data, bytes) else data, chunk_size(fmt, seconds), fmt)


def chunk_size(fmt: AudioFormat, seconds: float) -> int:
    """Return the bytes of a chunk of *seconds* of *fmt*: whole sample frames, one at least.

    Raises:
        AudioError: *seconds* is not a positive number.
    """
    if not (isfinite(seconds) and seconds > 0):
        raise AudioError(f"chunk length {seconds!r} is not a positive number of seconds; 0.05 is usual")
    return max(fmt.size(seconds), fmt.frame)


def _cut(pieces: Iterable[bytes], size: int, fmt: AudioFormat) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        whole = len(held) - len(held) % size
        for start in range(0, whole, size):
            yield bytes(held[start : start + size])
        del held[:whole]
    rest = len(held) % fmt.frame
    if last := bytes(held[: len(held) - rest]):
        yield last
    if rest:
        raise AudioError(
            f"audio ends inside a sample: its last {rest} bytes are no whole frame of {fmt.frame} bytes "
            f"({fmt}); check encoding and channels"
        )
