"""What a stream of bytes begins with where nobody has said what it is: the header of a WAV file.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE
"""

from __future__ import annotations

from io import BytesIO
from struct import unpack_from

from attrs import frozen

from ..errors import AudioError
from .format import AudioFormat
from .header import samples_at
from .kind import HEAD, kind
from .wav import NotRead, Wav

UNKNOWN = 0x7FFF_0000
"""Bytes from which on a length is what writers put there who do not know it."""


class Undecodable(AudioError):
    """Bytes that are no audio that can be read here; the text says what it is."""


@frozen
class Header:
    """The header of a WAV file.

    Attributes:
        size: its bytes; the samples follow.
        format: what the samples become.
        unsigned: whether they are 8-bit PCM, which becomes 16-bit.
        length: bytes of samples that it speaks of; None: who wrote it did not know.
    """

    size: int
    format: AudioFormat
    unsigned: bool
    length: int | None = None

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
        raise Undecodable(f"{found} is not decoded here; send WAV" if found else "no container found")
    try:
        at = samples_at(data)
    except AudioError as error:
        raise Undecodable(str(error)) from None
    if at is None:
        return None
    try:
        wav = Wav(BytesIO(data[:at]), "the stream")
    except NotRead as error:
        raise Undecodable(f"{error.kind} is not decoded here") from None
    except AudioError as error:
        raise Undecodable(f"broken WAV header: {str(error).partition(': ')[2]}") from None
    (length,) = unpack_from("<I", data, at - 4)
    return Header(at, wav.format, wav.unsigned, length if 0 < length < UNKNOWN else None)
