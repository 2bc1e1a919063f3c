"""From audio as it was fed to audio as the wire takes it, before it is held: what is replayed is what was sent."""

from __future__ import annotations

from ..audio.convert import Converter
from ..audio.format import AudioFormat


class Intake:
    """Joins what was cut inside a sample, and converts; how a stream is cut changes none of its samples."""

    def __init__(self, audio: AudioFormat, wire: AudioFormat) -> None:
        self._frame = audio.frame
        self._converter = Converter(audio, wire)
        self._part = b""

    @property
    def changes(self) -> tuple[str, ...]:
        """What is converted, in words."""
        return self._converter.changes

    def take(self, data: bytes) -> bytes:
        """Return what *data*, of any length, adds on the wire; the part of a sample at its end waits for the rest."""
        data = self._part + data
        whole = len(data) - len(data) % self._frame
        self._part = data[whole:]
        return self._converter.convert(data[:whole])

    def flush(self) -> bytes:
        """Return what the conversion still holds back: something other than audio comes next."""
        return self._converter.flush()

    def drop(self) -> int:
        """Forget the part of a sample whose rest will not come; return its bytes."""
        size, self._part = len(self._part), b""
        return size
