"""Where the samples of a WAV file begin whose bytes come bit by bit.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE
"""

from __future__ import annotations

from struct import unpack_from

from ..errors import AudioError
from .kind import HEAD

LONGEST = 64 << 10
"""Bytes in which the samples have to begin."""
MOST_CHUNKS = 64
"""Chunks before the samples. What has come is read again whenever more comes, so it has to be short work."""


def samples_at(data: bytes) -> int | None:
    """Return how many bytes stand before the samples of a WAV file that begins with *data*; None: more has to come.

    Raises:
        AudioError: the samples do not begin in the first ``LONGEST`` bytes, or behind ``MOST_CHUNKS`` chunks.
    """
    at = HEAD
    for _ in range(MOST_CHUNKS):
        if max(at, len(data) if len(data) < at + 8 else 0) > LONGEST:
            raise AudioError(f"no samples in the first {LONGEST:,} bytes of a WAV file")
        if len(data) < at + 8:
            return None
        name, size = unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            return at
        at += size + size % 2
    raise AudioError(f"no samples behind the first {MOST_CHUNKS} chunks of a WAV file")
