"""A client's binary messages become audio: whole samples, without the header of a WAV file."""

from __future__ import annotations

import hashlib

from aai_migrate.audio.container import Undecodable
from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.samples import Samples

RAW = "for raw audio set encoding=linear16 and sample_rate"


class Intake(Samples):
    """The audio of one session."""

    def __init__(self, audio: AudioFormat | None) -> None:
        """Take audio of the format *audio*; None: a header will say it."""
        super().__init__(audio)
        self._hash = hashlib.sha256()

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
        try:
            return super().feed(data)
        except Undecodable as error:
            raise Undecodable(f"{error}; {RAW}") from None
