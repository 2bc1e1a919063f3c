"""What a stream of samples is made of."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen

from ..errors import AudioError

Encoding = Literal["pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
_WIDTH: dict[str, int] = {
    "pcm_s16le": 2,
    "pcm_s24le": 3,
    "pcm_s32le": 4,
    "pcm_f32le": 4,
    "pcm_mulaw": 1,
    "pcm_alaw": 1,
}
MIN_RATE, MAX_RATE = 4_000, 192_000
MAX_CHANNELS = 32


@frozen
class AudioFormat:
    """How bytes become sound: encoding, samples a second, interleaved channels.

    Raises:
        AudioError: a rate outside 4,000 to 192,000 Hz, more than 32 channels, an unknown encoding.
    """

    sample_rate: int = field(default=16_000)
    encoding: Encoding = field(default="pcm_s16le")
    channels: int = field(default=1)

    @sample_rate.validator
    def _check_rate(self, _: object, rate: int) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int) or not MIN_RATE <= rate <= MAX_RATE:
            raise AudioError(f"sample_rate {rate!r} is not a whole number from {MIN_RATE} to {MAX_RATE} Hz")

    @encoding.validator
    def _check_encoding(self, _: object, encoding: str) -> None:
        if encoding not in ENCODINGS:
            raise AudioError(f"encoding {encoding!r} is unknown; choose one of {', '.join(ENCODINGS)}")

    @channels.validator
    def _check_channels(self, _: object, channels: int) -> None:
        if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= MAX_CHANNELS:
            raise AudioError(f"channels {channels!r} is not a whole number from 1 to {MAX_CHANNELS}")

    @property
    def width(self) -> int:
        """Bytes of one sample of one channel."""
        return _WIDTH[self.encoding]

    @property
    def frame(self) -> int:
        """Bytes of one sample of all channels: the unit that no chunk may split."""
        return self.width * self.channels

    @property
    def bytes_per_second(self) -> int:
        return self.frame * self.sample_rate

    def seconds(self, size: int) -> float:
        """Return how long *size* bytes last."""
        return size / self.bytes_per_second

    def size(self, seconds: float) -> int:
        """Return the bytes of *seconds* of audio, rounded to whole samples."""
        return round(seconds * self.sample_rate) * self.frame

    def silence(self, seconds: float) -> bytes:
        """Return *seconds* of digital silence."""
        zero = {"pcm_mulaw": b"\xff", "pcm_alaw": b"\xd5"}.get(self.encoding, b"\0")
        return zero * self.size(seconds)

    def __str__(self) -> str:
        channels = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        return f"{self.sample_rate} Hz {self.encoding} {channels}"
