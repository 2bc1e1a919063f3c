"""A stream in one format turned into a stream in another: no more than has to be changed, in the best order."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

from attrs import evolve

from ..errors import AudioError
from .codec import from_pcm16, require_whole, to_pcm16
from .format import AudioFormat, Encoding
from .resample import Resampler, resampler

_Step = Callable[[bytes], bytes]


class Converter:
    """What turns one stream from *source* to *target*; each stream has its own.

    Encodes only if the encodings differ, resamples only if the rates do, and mixes only stereo to mono, as the
    average of both channels and before it resamples. Floats stay floats until they are written as something
    else; everything else goes through 16 bits, in which a mix without resampling is rounded down. Equal formats
    pass untouched.

    While the rate stays the same nothing is kept between calls. A resampling keeps some milliseconds
    (:mod:`~aai_migrate.audio.resample` says how many) until more comes or ``flush`` ends the stream; how the
    stream is cut into chunks does not change a bit of what comes out in all.

    Attributes:
        source: the format of what goes in.
        target: the format of what comes out.
        changes: what is converted, in words, such as ``("pcm_f32le -> pcm_s16le", "stereo -> mono",
            "48000 -> 16000 Hz by soxr")``.

    Raises:
        AudioError: the channels differ, and it is not stereo to mono.
    """

    def __init__(self, source: AudioFormat, target: AudioFormat) -> None:
        if source.channels != target.channels and (source.channels, target.channels) != (2, 1):
            raise AudioError(
                f"cannot turn {source.channels} channels into {target.channels}: only stereo is mixed, to "
                f"mono; convert the audio first: sox IN -c {target.channels} OUT.wav"
            )
        self.source, self.target = source, target
        self._before: list[_Step] = []
        self._resampler: Resampler | None = None
        self._after: list[_Step] = []
        self.changes = self._plan()

    def _plan(self) -> tuple[str, ...]:
        now, target, changes = self.source, self.target, []
        mix, resample = now.channels != target.channels, now.sample_rate != target.sample_rate
        if now.encoding != target.encoding:
            changes.append(f"{now.encoding} -> {target.encoding}")
        if mix:
            changes.append("stereo -> mono")
        if (changes or resample) and now.encoding != "pcm_f32le":
            now = self._recode(self._before, now, "pcm_s16le")
        if resample:
            filtered: Encoding = "pcm_f32le" if target.encoding == "pcm_f32le" else "pcm_s16le"
            self._resampler = resampler(now, now := evolve(target, encoding=filtered))
            changes.append(f"{self.source.sample_rate} -> {target.sample_rate} Hz by {self._resampler.by}")
        elif mix:
            self._before.append(_mix_floats if now.encoding == "pcm_f32le" else _mix_integers)
            now = evolve(now, channels=1)
        self._recode(self._after, now, target.encoding)
        return tuple(changes)

    def _recode(self, steps: list[_Step], now: AudioFormat, encoding: Encoding) -> AudioFormat:
        """Add to *steps* what turns *now* into *encoding*; return the format after them."""
        if now.encoding != encoding:
            if now.encoding != "pcm_s16le":
                steps.append(partial(to_pcm16, source=now))
            if encoding != "pcm_s16le":
                steps.append(partial(from_pcm16, target=encoding))
        return evolve(now, encoding=encoding)

    def convert(self, chunk: bytes) -> bytes:
        """Return what is ready of the target; the same object if the formats are equal.

        Args:
            chunk: ``samples × source.channels × source.width`` bytes, channels interleaved.
        Raises:
            AudioError: *chunk* ends inside a sample frame; it is as if it had not been passed.
        """
        require_whole(chunk, self.source)
        for step in self._before:
            chunk = step(chunk)
        if self._resampler:
            chunk = self._resampler.feed(chunk)
        return self._finish(chunk)

    def flush(self) -> bytes:
        """Return the rest of the stream, after which another one may begin."""
        return self._finish(self._resampler.flush()) if self._resampler else b""

    def _finish(self, chunk: bytes) -> bytes:
        for step in self._after:
            chunk = step(chunk)
        return chunk

    def __repr__(self) -> str:
        return f"<Converter {self.source} -> {self.target}>"


def _mix_floats(chunk: bytes) -> bytes:
    samples = struct.unpack(f"<{len(chunk) // 4}f", chunk)
    mixed = [(left + right) / 2 for left, right in zip(samples[::2], samples[1::2], strict=True)]
    return struct.pack(f"<{len(mixed)}f", *mixed)


def _mix_integers(chunk: bytes) -> bytes:
    samples = struct.unpack(f"<{len(chunk) // 2}h", chunk)
    mixed = [(left + right) >> 1 for left, right in zip(samples[::2], samples[1::2], strict=True)]
    return struct.pack(f"<{len(mixed)}h", *mixed)
