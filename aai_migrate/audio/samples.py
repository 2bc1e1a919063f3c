"""A stream of bytes, cut anywhere, becomes whole samples without the header of a WAV file."""

from __future__ import annotations

from .container import Header, Undecodable, header
from .format import AudioFormat
from .wav import widened


class Samples:
    """The samples of one stream.

    Attributes:
        format: what they are; None: their header has not come.
    """

    def __init__(self, audio: AudioFormat | None, *, ends: bool = False) -> None:
        """Take audio of the format *audio*; None: a header will say it.

        Args:
            ends: whether what follows the samples that a header speaks of is no audio: so it is in a file, yet who
                streams may not know how much there will be.
        """
        self.format = audio
        self._header = None if audio is None else Header(0, audio, unsigned=False)
        self._left: int | None = None  # bytes of samples to come
        self._ends = ends
        self._waiting = b""
        self._samples = 0

    @property
    def seconds(self) -> float:
        """How much audio has come."""
        return self._samples / self.format.sample_rate if self.format else 0.0

    def feed(self, data: bytes) -> bytes:
        """Return the whole samples that *data* completes.

        Raises:
            Undecodable: it is not the audio that can be read here.
        """
        data, self._waiting = self._waiting + data, b""
        if self._header is None:
            self._header = header(data)
            if self._header is None:
                self._waiting = data
                return b""
            self.format, data = self._header.format, data[self._header.size :]
            self._left = self._header.length if self._ends else None
        if self._left is not None:
            data = data[: self._left]
        whole = len(data) - len(data) % self._header.frame
        data, self._waiting = data[:whole], data[whole:]
        self._samples += whole // self._header.frame
        if self._left is not None:
            self._left -= whole
        return widened(data) if self._header.unsigned else data

    def end(self) -> None:
        """Take note that no more comes.

        Raises:
            Undecodable: what has come is no more than a part of a header.
        """
        if self._header is None and self._waiting:
            raise Undecodable("the stream ended inside its header")
