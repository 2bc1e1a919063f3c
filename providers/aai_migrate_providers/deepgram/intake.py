"""A client's binary messages become audio: whole samples, without the header of a WAV file."""

from __future__ import annotations

import hashlib

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.wav import widened

from .container import Header, Undecodable, header


class Intake:
    """The audio of one session.

    Attributes:
        format: what the audio is; None: its header has not come.
    """

    def __init__(self, audio: AudioFormat | None) -> None:
        """Take audio of the format *audio*; None: a header will say it."""
        self.format = audio
        self._header = None if audio is None else Header(0, audio, unsigned=False)
        self._waiting = b""
        self._samples = 0
        self._hash = hashlib.sha256()

    @property
    def seconds(self) -> float:
        """How much audio has come."""
        return self._samples / self.format.sample_rate if self.format else 0.0

    @property
    def digest(self) -> str:
        """The SHA-256 of what was received, in hexadecimal."""
        return self._hash.hexdigest()

    def feed(self, data: bytes) -> bytes:
        """Return the whole samples that *data* completes; the messages may be cut anywhere.

        Raises:
            Undecodable: it is not the audio that can be read here.
        """
        self._hash.update(data)
        data, self._waiting = self._waiting + data, b""
        if self._header is None:
            self._header = header(data)
            if self._header is None:
                self._waiting = data
                return b""
            self.format, data = self._header.format, data[self._header.size :]
        whole = len(data) - len(data) % self._header.frame
        data, self._waiting = data[:whole], data[whole:]
        self._samples += whole // self._header.frame
        return widened(data) if self._header.unsigned else data

    def end(self) -> None:
        """Take note that no more comes.

        Raises:
            Undecodable: what has come is no more than a part of a header.
        """
        if self._header is None and self._waiting:
            raise Undecodable("the stream ended inside its header")
