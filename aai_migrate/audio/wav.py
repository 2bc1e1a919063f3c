"""WAV files, read bit by bit and written.

Sources: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE;
Microsoft, "Multiple channel audio data and WAVE files" (WAVEFORMATEXTENSIBLE); EBU Tech 3306 (RF64) and ITU-R
BS.2088 (BW64) for sizes of more than 32 bits.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from shlex import quote
from typing import BinaryIO

from attrs import frozen

from aai_migrate.errors import AudioError

from .chunk import chunk_size
from .codec import require_whole
from .format import AudioFormat, Encoding
from .pace import check_speed, paced

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_READ: dict[tuple[int, int], Encoding] = {  # by format tag and bytes of a sample
    (_PCM, 1): "pcm_s16le",  # unsigned in the file, widened on reading
    (_PCM, 2): "pcm_s16le",
    (_PCM, 3): "pcm_s24le",
    (_PCM, 4): "pcm_s32le",
    (_FLOAT, 4): "pcm_f32le",
    (_ALAW, 1): "pcm_alaw",
    (_MULAW, 1): "pcm_mulaw",
}
_TAGS = {encoding: tag for (tag, _), encoding in _READ.items()}
_NAMES = {
    _PCM: "PCM",
    _FLOAT: "float",
    _ALAW: "A-law",
    _MULAW: "mu-law",
    0x02: "Microsoft ADPCM",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x50: "MPEG",
    0x55: "MP3",
    0xFF: "AAC",
    0x161: "WMA",
    _EXTENSIBLE: "extensible format",
}
_GUID_TAIL = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")  # KSDATAFORMAT_SUBTYPE_…, after the tag
_RIFF = (b"RIFF", b"RF64", b"BW64")
_MAGIC = {
    b"RIFX": "a big-endian WAV file (RIFX)",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"OggS": "Ogg",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"FORM": "AIFF",
    b"caff": "CAF",
    b".snd": "AU",
    b"riff": "Wave64",
    b"RIFF": "another kind of RIFF file",
}
_UNKNOWN = (0, 2**32 - 1, 2**64 - 1)  # data sizes that mean: to the end of the file
_STREAMED = 0x7FFF_0000  # writers that cannot seek claim from here (sox: 0x7FFFF000) to 4 GiB
_RAW = "if it is raw PCM, say how it was made: sox -t raw -r 16000 -e signed -b 16 -c 1 IN OUT.wav"
_FLIP = bytes(byte ^ 0x80 for byte in range(256))

Source = str | os.PathLike[str] | BinaryIO


def wav(source: Source, *, realtime: bool = False, speed: float | None = None, chunk: float = 0.05) -> AudioFile:
    """Open a WAV file as an iterable of audio chunks.

    Args:
        source: a path, or a binary file that stands at the beginning of the WAV.
        realtime: hand the chunks out at the speed of speech.
        speed: seconds of audio a second, instead of *realtime*; 1 is real time, 0 does not wait.
        chunk: seconds of a chunk; the last one may be shorter.
    Raises:
        AudioError: not a WAV file, or not one that can be read here; *speed* or *chunk* out of range.
        OSError: the path cannot be opened.
    """
    return AudioFile(source, speed=float(realtime) if speed is None else speed, chunk=chunk)


class AudioFile:
    """The chunks of a WAV file: ``bytes`` of whole sample frames in ``format``.

    Read are PCM of 8 bits (unsigned, handed out as 16), 16, 24 and 32 bits, 32-bit float, mu-law and A-law,
    also as WAVE_FORMAT_EXTENSIBLE and in RF64 and BW64. Opening reads the header only, and iterating holds
    one chunk in memory. Each iteration opens the path anew and closes it at its end. A binary file or a named
    pipe can be iterated once; a binary file stays the caller's to close.

    Attributes:
        name: the path, or what the file calls itself.
        format: what the chunks are made of.
        speed: seconds of audio a second; 0 does not wait.
        realtime: False: the file says itself what it is, so its rate is not watched.

    Raises:
        AudioError: see ``wav``; from iterating, if that was done before and cannot be done again.
    """

    realtime = False

    def __init__(self, source: Source, *, speed: float = 0.0, chunk: float = 0.05) -> None:
        check_speed(speed)
        self.speed = speed
        self._path: str | None = None
        self._stream: BinaryIO | None = None
        with ExitStack() as stack:
            if isinstance(source, str | os.PathLike):
                self.name = os.fspath(source)
                stream: BinaryIO = stack.enter_context(open(source, "rb"))
            else:
                self.name = str(getattr(source, "name", "WAV data"))
                stream = source
            self._header = _parse(stream, self.name)
            self.format = self._header.format
            self._chunk = chunk_size(self.format, chunk) // self.format.frame
            self._available = _remaining(stream)
            if stream is not source and stream.seekable():
                self._path, self._start = self.name, stream.tell()
            else:
                self._stream, self._close = stream, stack.pop_all()

    @property
    def seconds(self) -> float | None:
        """How long the audio lasts; None where neither header nor file tells, until it has been read."""
        length = self._header.length(self._available)
        return None if length is None else length // self._header.block / self.format.sample_rate

    @property
    def notices(self) -> tuple[str, ...]:
        """What the caller should know of the file, in words; of a pipe some only after reading it."""
        return self._header.notices(self._available)

    def __iter__(self) -> Generator[bytes, None, None]:
        with ExitStack() as stack:
            if self._path is not None:
                stream: BinaryIO = stack.enter_context(open(self._path, "rb"))
                stream.seek(self._start)
            elif self._stream is not None:
                stream, self._stream = self._stream, None
                stack.enter_context(self._close)
            else:
                raise AudioError(f"{self.name}: was read already, which works once; pass the path of a file")
            yield from paced(self._read(stream), self.format, speed=self.speed)

    def _read(self, stream: BinaryIO) -> Iterator[bytes]:
        header, got = self._header, 0
        limit = sys.maxsize if header.size is None else header.size
        while data := _take(stream, min(self._chunk * header.block, limit - got)):
            got += len(data)
            if whole := len(data) // header.block * header.block:
                yield header.decode(data[:whole])
        self._available = got


def wav_bytes(samples: bytes, fmt: AudioFormat) -> bytes:
    """Return a WAV file of *samples*: a plain header with the tag of the encoding, then the data.

    Args:
        samples: whole sample frames of *fmt*, less than 4 GiB.
    Raises:
        AudioError: *samples* end inside a sample frame.
    """
    require_whole(samples, fmt)
    tag, bits = _TAGS[fmt.encoding], 8 * fmt.width
    layout = struct.pack("<HHIIHH", tag, fmt.channels, fmt.sample_rate, fmt.bytes_per_second, fmt.frame, bits)
    if tag == _PCM:
        head = _chunk(b"fmt ", layout)
    else:  # other than PCM: the size of an extension, here none, and how many samples there are
        frames = struct.pack("<I", len(samples) // fmt.frame)
        head = _chunk(b"fmt ", layout + b"\0\0") + _chunk(b"fact", frames)
    return _chunk(b"RIFF", b"WAVE" + head + _chunk(b"data", samples))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@frozen
class _Layout:
    """What the ``fmt`` chunk says."""

    format: AudioFormat
    block: int  # bytes of a sample frame in the file
    unsigned: bool


@frozen
class _Header:
    """What stands before the samples."""

    layout: _Layout
    size: int | None  # bytes of data, or None: to the end of the file
    exact: bool  # the size is a measure, not the claim of a writer that cannot seek

    @property
    def format(self) -> AudioFormat:
        return self.layout.format

    @property
    def block(self) -> int:
        return self.layout.block

    def decode(self, data: bytes) -> bytes:
        if not self.layout.unsigned:
            return data
        wide = bytearray(2 * len(data))
        wide[1::2] = data.translate(_FLIP)
        return bytes(wide)

    def length(self, available: int | None) -> int | None:
        """Return the bytes of data, None if unknown; *available* is what follows the header, if known."""
        if available is None:
            return self.size if self.exact else None
        return available if self.size is None else min(self.size, available)

    def notices(self, available: int | None) -> tuple[str, ...]:
        notes = ["8-bit unsigned samples are read as pcm_s16le"] if self.layout.unsigned else []
        length = self.length(available)
        if length is not None and self.size is not None and self.exact and length < self.size:
            rate = self.format.sample_rate * self.block
            notes.append(f"file is cut short: {length / rate:.3f} s of {self.size / rate:.3f} s")
        if length is not None and (rest := length % self.block):
            notes.append(f"the last {rest} bytes are not a whole sample of {self.block} and are left out")
        return tuple(notes)


def _parse(stream: BinaryIO, name: str) -> _Header:
    """Read up to the first byte of the samples."""
    start = _take(stream, 12)
    if not start:
        raise AudioError(f"{name}: file is empty; record or copy it again")
    if start[:4] in _RIFF and len(start) < 12:
        raise _cut_short(name)
    if start[:4] not in _RIFF or start[8:] != b"WAVE":
        kind = _guess(start)
        raise AudioError(f"{name}: not a WAV file" + (f" but {kind}; {_fix(name)}" if kind else f"; {_RAW}"))
    layout: _Layout | None = None
    wide = 0
    while mark := _take(stream, 8):
        if len(mark) < 8:
            raise _cut_short(name)
        kind, size = struct.unpack("<4sI", mark)
        if kind == b"data":
            if layout is None:
                raise AudioError(f"{name}: no fmt chunk before the data, which alone is no audio; {_RAW}")
            if wide and size == 2**32 - 1:
                return _Header(layout, None if wide in _UNKNOWN else wide, exact=True)
            return _Header(layout, None if size in _UNKNOWN else size, exact=size < _STREAMED)
        body = _take(stream, min(size, 40))
        if len(body) + _skip(stream, size + size % 2 - len(body)) < size:
            raise _cut_short(name)
        if kind == b"fmt ":
            layout = _layout(body, name)
        elif kind == b"ds64" and size >= 16:
            (wide,) = struct.unpack_from("<Q", body, 8)
    raise AudioError(f"{name}: no {'fmt' if layout is None else 'data'} chunk, so no audio; record it again")


def _layout(body: bytes, name: str) -> _Layout:
    if len(body) < 16:
        raise AudioError(f"{name}: fmt chunk has {len(body)} bytes, not 16 or more; {_fix(name)}")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and body[26:40] == _GUID_TAIL:
        (tag,) = struct.unpack_from("<H", body, 24)
    width = (bits + 7) // 8
    if (tag, width) not in _READ:
        kind = _NAMES.get(tag, f"format tag {tag:#x}")
        raise AudioError(f"{name}: {bits}-bit {kind} is not read here; {_fix(name)}")
    try:
        fmt = AudioFormat(rate, _READ[tag, width], channels)
    except AudioError as error:
        raise AudioError(f"{name}: {error}; {_fix(name, '-ar 16000 -ac 1')}") from None
    if block != width * channels:
        raise AudioError(
            f"{name}: a frame has {block} bytes, but {channels} × {bits} bits need {width * channels}; {_fix(name)}"
        )
    return _Layout(fmt, block, unsigned=(tag, width) == (_PCM, 1))


def _fix(name: str, options: str = "") -> str:
    return " ".join(filter(None, ("convert it: ffmpeg -i", quote(name), options, "OUT.wav")))


def _cut_short(name: str) -> AudioError:
    return AudioError(f"{name}: header is cut short; copy or download the file again")


def _guess(start: bytes) -> str:
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    if start[4:8] == b"ftyp":
        return "MP4"
    if len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0:  # an MPEG frame; layer 0 is ADTS
        return "MP3" if start[1] & 0x06 else "AAC"
    return ""


def _remaining(stream: BinaryIO) -> int | None:
    if not stream.seekable():
        return None
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return end - here


def _take(stream: BinaryIO, size: int) -> bytes:
    """Read *size* bytes, fewer only at the end: a raw pipe gives what it has."""
    got = bytearray()
    while len(got) < size and (piece := stream.read(size - len(got))):
        got += piece
    return bytes(got)


def _skip(stream: BinaryIO, size: int) -> int:
    """Read over *size* bytes, fewer only at the end; return how many."""
    left = size
    while left > 0 and (piece := stream.read(min(left, 65_536))):
        left -= len(piece)
    return size - left
