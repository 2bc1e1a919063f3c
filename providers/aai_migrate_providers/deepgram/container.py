"""What a stream of bytes begins with where the client has not said what it sends: the header of a WAV file.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE
"""

from __future__ import annotations

from io import BytesIO
from struct import unpack_from

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.kind import HEAD, kind
from aai_migrate.audio.wav import NotRead, Wav
from aai_migrate.errors import AudioError

LONGEST_HEADER = 64 << 10
"""Bytes in which the samples have to begin."""
MOST_CHUNKS = 64
"""Chunks before the samples. What has come is read again with every message, so it has to be short work."""
RAW = "for raw audio set encoding=linear16 and sample_rate"


class Undecodable(Exception):
    """Bytes that are no audio that can be read here; the text says what to do."""


@frozen
class Header:
    """The header of a WAV file.

    Attributes:
        size: its bytes; the samples follow. How long it says they are is not read: who streams does not know.
        format: what the samples become.
        unsigned: whether they are 8-bit PCM, which becomes 16-bit.
    """

    size: int
    format: AudioFormat
    unsigned: bool

    @property
    def frame(self) -> int:
        """Bytes of one sample of all channels, as they come."""
        return self.format.channels if self.unsigned else self.format.frame


def header(data: bytes) -> Header | None:
    """Read the header that *data* begins with; None: more has to come.

    Raises:
        Undecodable: it is none, or one of samples that are not read here.
    """
    if len(data) < HEAD:
        return None
    found = kind(data[:HEAD])
    if found != "WAV":
        raise Undecodable(f"{found} is not decoded here; send WAV; {RAW}" if found else f"no container found; {RAW}")
    at, block, chunks = HEAD, 0, 0
    while len(data) >= at + 8 and chunks < MOST_CHUNKS:
        chunks += 1
        name, size = unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            layout = _format(data[:at])
            return Header(at, layout, unsigned=block < layout.frame)
        if name == b"fmt " and len(data) >= at + 14:
            (block,) = unpack_from("<H", data, at + 12)
        at += size + size % 2
        if at > LONGEST_HEADER:
            break
    if chunks == MOST_CHUNKS:
        raise Undecodable(f"no samples behind the first {MOST_CHUNKS} chunks of a WAV file; {RAW}")
    if max(at, len(data)) > LONGEST_HEADER:
        raise Undecodable(f"no samples in the first {LONGEST_HEADER:,} bytes of a WAV file; {RAW}")
    return None


def _format(head: bytes) -> AudioFormat:
    try:
        return Wav(BytesIO(head), "the stream").format
    except NotRead as error:
        raise Undecodable(f"{error.kind} is not decoded here; {RAW}") from None
    except AudioError as error:
        raise Undecodable(f"broken WAV header: {str(error).partition(': ')[2]}") from None
