"""What a stream of bytes begins with where the client has not said what it sends: the header of a WAV file.

Source: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE
"""

from __future__ import annotations

from io import BytesIO

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.header import samples_at
from aai_migrate.audio.kind import HEAD, kind
from aai_migrate.audio.wav import NotRead, Wav
from aai_migrate.errors import AudioError

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
    try:
        at = samples_at(data)
    except AudioError as error:
        raise Undecodable(f"{error}; {RAW}") from None
    if at is None:
        return None
    try:
        wav = Wav(BytesIO(data[:at]), "the stream")
    except NotRead as error:
        raise Undecodable(f"{error.kind} is not decoded here; {RAW}") from None
    except AudioError as error:
        raise Undecodable(f"broken WAV header: {str(error).partition(': ')[2]}") from None
    return Header(at, wav.format, wav.unsigned)
