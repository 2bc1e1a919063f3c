"""Recordings of any kind: WAV by our own reader, all else decoded by PyAV (extra ``codecs``), as it comes.

Samples come out at the rate and with the channels of the file: as 32-bit floats if the file keeps floats without
loss, else as 16-bit integers, rounded and clipped as FFmpeg does it.

Only containers of audio are opened, by name (``_FORMATS``): FFmpeg would also take a playlist for audio, and
fetch what it points to.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..errors import AudioError, MissingExtra
from .chunk import chunks
from .file import AudioFile, Reading, Source, speed_of
from .format import AudioFormat, Encoding
from .wav import RAW, NotRead, Wav, fix

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FORMATS = "aac,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,mov,mp3,ogg,tta,w64,wav,wv"
_UNTOLD = ("aac", "mp3")
"""Formats whose length is often no more than a guess from their size."""
_SHORT = 0.2
"""Seconds that may be missing before a file counts as cut short: encoders pad, and count what they pad or not."""


def recording(source: Source, *, realtime: bool = False, speed: float | None = None, chunk: float = 0.05) -> AudioFile:
    """Open a recording as an iterable of audio chunks: WAV, FLAC, MP3, Ogg, Opus, WebM, MP4, AIFF and others.

    Args:
        source: a path, or a binary file that stands at the beginning of the recording, such as ``sys.stdin.buffer``.
        realtime: hand the chunks out at the speed of speech.
        speed: seconds of audio a second, instead of *realtime*; 1 is real time, 0 does not wait.
        chunk: seconds of a chunk; the last one may be shorter.
    Raises:
        MissingExtra: it is not one of the WAV files that need nothing, and PyAV is not installed.
        AudioError: no kind of recording that is known, or broken so that nothing can be read; *speed* or *chunk* out
            of range.
        OSError: the path cannot be opened.
    """
    return AudioFile(source, _open, speed=speed_of(realtime, speed), chunk=chunk)


def _open(stream: BinaryIO, name: str) -> Reading:
    begun = _Begun(stream)
    try:
        reading = Wav(cast(BinaryIO, begun), name)  # a RawIOBase is one, which typeshed does not say
    except NotRead as error:
        if not error.kind:
            raise AudioError(f"{name}: no kind of recording that is known here; {RAW}") from None
        kind = error.kind
    else:
        begun.settle()
        return reading
    begun.rewind()
    return Decoded(begun, name, kind)


class _Begun(io.RawIOBase):
    """A file from where it stands, which is its beginning here; also a pipe can be rewound to there, once.

    Of a pipe a read gives what is there. Closing it leaves the file open.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._seekable = stream, stream.seekable()
        self._start = stream.tell() if self._seekable else 0
        self._read = stream.read if self._seekable else getattr(stream, "read1", stream.read)
        self._seen: bytearray | None = None if self._seekable else bytearray()
        self._again = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if self._again:
            piece, self._again = self._again[: len(view)], self._again[len(view) :]
        else:
            piece = self._read(len(view))
        if self._seen is not None:
            self._seen += piece
        view[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._stream.seek(offset + self._start if whence == os.SEEK_SET else offset, whence) - self._start

    def tell(self) -> int:
        return self._stream.tell() - self._start

    def settle(self) -> None:
        """Remember no more: it will not be rewound."""
        self._seen = None

    def rewind(self) -> None:
        """Begin again."""
        if self._seekable:
            self.seek(0)
        self._again, self._seen = bytes(self._seen or b""), None


class Decoded:
    """One pass over a recording that PyAV decodes: its first audio track.

    A place that cannot be decoded is left out, and told when all was read.

    Args:
        stream: what to read from.
        name: for what is told.
        kind: what it seems to be, in words.
    Raises:
        MissingExtra: PyAV is not installed.
        AudioError: nothing can be decoded, or not to a format that we have.
    """

    def __init__(self, stream: io.RawIOBase, name: str, kind: str) -> None:
        try:
            self._av: Any = import_module("av")
        except ImportError:
            raise MissingExtra(f"{name}: {kind}", "codecs", f"or {fix(name)}") from None
        self._name, self._broken = name, f"{name}: cannot be read as {kind}, so it is broken or cut short"
        if not stream.seekable():
            self._broken += ", or needs a file that can be sought in: pass its path"
        self._damaged = 0
        self._given: int | None = None  # bytes, when all were
        try:
            self._container = self._av.open(
                stream, "r", options={"format_whitelist": _FORMATS}, metadata_errors="ignore"
            )
        except self._av.FFmpegError:
            raise AudioError(self._broken) from None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Decode as far as the first samples: only they tell the format for sure."""
        self._tracks = self._container.streams.audio
        if not self._tracks or self._tracks[0].codec_context is None:
            raise AudioError(f"{self._name}: has no audio that can be decoded; {fix(self._name)}")
        self._declared, self._told = self._length()
        frames = self._decode()
        first = next(frames, None)
        if not first and (self._damaged or self._declared):
            raise AudioError(self._broken)
        self._frames = chain((first,), frames) if first else frames
        self._like = first or self._tracks[0].codec_context
        floats = self._like.format.name.startswith(("flt", "dbl")) and self._tracks[0].codec_context.codec.lossless
        encoding: Encoding = "pcm_f32le" if floats else "pcm_s16le"
        try:
            self.format = AudioFormat(self._like.sample_rate, encoding, self._like.layout.nb_channels)
        except AudioError as error:
            raise AudioError(f"{self._name}: {error}; {fix(self._name, '-ar 16000 -ac 1')}") from None

    def _length(self) -> tuple[float | None, bool]:
        """Return the seconds that the file declares, and whether it does: some are guessed from its size."""
        container, track = self._container, self._tracks[0]
        if track.duration:
            seconds = float(track.duration * track.time_base)
        elif container.duration and len(container.streams) == 1:
            seconds = container.duration / 1e6
        else:
            return None, False
        rate = track.codec_context.bit_rate
        if container.format.name not in _UNTOLD:
            return seconds, True
        return seconds, bool(rate) and seconds > 1.05 * container.size * 8 / rate > 0

    def _decode(self) -> Iterator[Any]:
        """Yield frames of samples, whatever stands between them."""
        packets = self._container.demux(self._tracks[0])
        while True:
            try:
                packet = next(packets, None)
            except self._av.FFmpegError:
                self._damaged += 1
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except self._av.FFmpegError:
                self._damaged += 1

    @property
    def seconds(self) -> float | None:
        """What the file declares, for MP3 and AAC perhaps a guess from its size; then what was decoded."""
        return self._declared if self._given is None else self.format.seconds(self._given)

    @property
    def notices(self) -> tuple[str, ...]:
        """What is left out; but for other tracks it is known only after reading."""
        notes = []
        if len(self._tracks) > 1:
            notes.append(f"has {len(self._tracks)} audio tracks: the first is read, the others are left out")
        if self._given is not None:
            got = self.format.seconds(self._given)
            missing = self._declared - got if self._told and self._declared is not None else None
            if missing is not None and missing > _SHORT:
                notes.append(f"file is damaged or cut short: {got:.3f} s of {self._declared:.3f} s")
            elif self._damaged and (missing is None or missing > 0):
                notes.append(f"file is damaged: {self._damaged} places in it could not be decoded and are left out")
        return tuple(notes)

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """Yield the samples."""
        return chunks(self._pieces(), self.format, seconds)

    def _pieces(self) -> Iterator[bytes]:
        given = 0
        for frame in self._alike():
            data = memoryview(frame.planes[0])[: frame.samples * self.format.frame].tobytes()
            given += len(data)
            yield data
        self._given = given

    def _alike(self) -> Iterator[Any]:
        """Yield the frames with all samples in one plane, of the first one's rate and channels: streams may change."""
        sample = "flt" if self.format.encoding == "pcm_f32le" else "s16"
        shape: tuple[str, str, int] | None = None
        converter: Any = None
        for frame in self._frames:
            now = (frame.format.name, frame.layout.name, frame.sample_rate)
            if now != shape:
                yield from converter.resample(None) if converter else ()
                shape = now
                converter = self._av.AudioResampler(sample, self._like.layout, self.format.sample_rate)
            yield from converter.resample(frame)
        yield from converter.resample(None) if converter else ()

    def close(self) -> None:
        """Let go of the decoder."""
        self._container.close()
