"""WAV files, read bit by bit and written.

Sources: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), RIFF and WAVE;
Microsoft, "Multiple channel audio data and WAVE files" (WAVEFORMATEXTENSIBLE); EBU Tech 3306 (RF64) and ITU-R
BS.2088 (BW64) for sizes of more than 32 bits.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from shlex import quote
from typing import BinaryIO

from attrs import frozen

from ..errors import AudioError
from .chunk import chunk_size
from .codec import require_whole
from .file import AudioFile, Source, remaining, skip, speed_of, take
from .format import AudioFormat, Encoding
from .kind import HEAD, RIFF, kind

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
_UNKNOWN = (0, 2**32 - 1, 2**64 - 1)  # data sizes that mean: to the end of the file
_STREAMED = 0x7FFF_0000  # writers that cannot seek claim from here (sox: 0x7FFFF000) to 4 GiB
RAW = "if it is raw PCM, say how it was made: sox -t raw -r 16000 -e signed -b 16 -c 1 IN OUT.wav"
_FLIP = bytes(byte ^ 0x80 for byte in range(256))


class NotRead(AudioError):
    """A file of another kind than WAV, or a WAV file whose samples are not read here.

    Attributes:
        kind: what it is, in words; "" if that is not known.
    """

    def __init__(self, text: str, kind: str) -> None:
        self.kind = kind
        super().__init__(text, kind)

    def __str__(self) -> str:
        return str(self.args[0])


def wav(source: Source, *, realtime: bool = False, speed: float | None = None, chunk: float = 0.05) -> AudioFile:
    """Open a WAV file as an iterable of audio chunks.

    Read are PCM of 8 bits (unsigned, handed out as 16), 16, 24 and 32 bits, 32-bit float, mu-law and A-law,
    also as WAVE_FORMAT_EXTENSIBLE and in RF64 and BW64.

    Args:
        source: a path, or a binary file that stands at the beginning of the WAV.
        realtime: hand the chunks out at the speed of speech.
        speed: seconds of audio a second, instead of *realtime*; 1 is real time, 0 does not wait.
        chunk: seconds of a chunk; the last one may be shorter.
    Raises:
        AudioError: not a WAV file, or not one that can be read here; *speed* or *chunk* out of range.
        OSError: the path cannot be opened.
    """
    return AudioFile(source, Wav, speed=speed_of(realtime, speed), chunk=chunk)


class Wav:
    """One pass over a WAV file, from the first byte of its header.

    Raises:
        NotRead: it is of another kind, or its samples are not read here.
        AudioError: it is broken.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._header = stream, _parse(stream, name)
        self.format = self._header.format
        self._available = remaining(stream)
        self._after = ""
        size = self._header.size
        if size is not None and self._available is not None and size < self._available:
            here = stream.tell()
            stream.seek(size + size % 2, os.SEEK_CUR)
            self._after = self._header.rest(stream, self._available - size - size % 2)
            stream.seek(here)

    @property
    def unsigned(self) -> bool:
        """Whether the samples in the file are 8-bit PCM, which become 16-bit."""
        return self._header.layout.unsigned

    @property
    def seconds(self) -> float | None:
        """What header and file tell, or what was read."""
        length = self._header.length(self._available)
        return None if length is None else length // self._header.block / self.format.sample_rate

    @property
    def notices(self) -> tuple[str, ...]:
        """What is not as it seems; of a pipe some come only after reading it."""
        return self._header.notices(self._available) + ((self._after,) if self._after else ())

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """Yield the samples."""
        header, got = self._header, 0
        limit = sys.maxsize if header.size is None else header.size
        size = chunk_size(self.format, seconds) // self.format.frame * header.block
        while data := take(self._stream, min(size, limit - got)):
            got += len(data)
            if whole := len(data) // header.block * header.block:
                yield header.decode(data[:whole])
        if self._available is None and got == limit and header.after:
            self._after = header.rest(self._stream, header.after - skip(self._stream, got % 2))
        self._available = got

    def close(self) -> None:
        """Nothing is held."""


def widened(data: bytes) -> bytes:
    """Return unsigned 8-bit samples as signed ones of 16 bits."""
    wide = bytearray(2 * len(data))
    wide[1::2] = data.translate(_FLIP)
    return bytes(wide)


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
    after: int  # bytes that the file says to have after the data, at least

    @property
    def format(self) -> AudioFormat:
        return self.layout.format

    @property
    def block(self) -> int:
        return self.layout.block

    def decode(self, data: bytes) -> bytes:
        return widened(data) if self.layout.unsigned else data

    def length(self, available: int | None) -> int | None:
        """Return the bytes of data, None if unknown; *available* is what follows the header, if known."""
        if available is None:
            return self.size if self.exact else None
        return available if self.size is None else min(self.size, available)

    def notices(self, available: int | None) -> tuple[str, ...]:
        notes = ["8-bit unsigned samples are read as pcm_s16le"] if self.layout.unsigned else []
        length = self.length(available)
        if length is not None and self.size is not None and self.exact and length < self.size:
            notes.append(f"file is cut short: {self._seconds(length):.3f} s of {self._seconds(self.size):.3f} s")
        elif length is not None and (rest := length % self.block):
            notes.append(f"the last {rest} bytes are not a whole sample of {self.block} and are left out")
        return tuple(notes)

    def rest(self, stream: BinaryIO, left: int) -> str:
        """Say which audio stands in the *left* bytes after the data, "" for none; read or skip them."""
        count = size = 0
        while left >= 8 and len(mark := take(stream, 8)) == 8 and mark[:4].decode("latin-1").isprintable():
            what, length = struct.unpack("<4sI", mark)
            if what in RIFF:
                return "another WAV file follows and is left out"
            length = min(length + length % 2, left - 8)
            if what == b"data":
                count, size = count + 1, size + length
            left -= 8 + length
            _forward(stream, length)
        if not count:
            return ""
        more = "another data chunk" if count == 1 else f"{count} more data chunks"
        return f"{more} of {self._seconds(size):.3f} s in all, left out: only the first is read"

    def _seconds(self, size: int) -> float:
        return size / self.block / self.format.sample_rate


def _parse(stream: BinaryIO, name: str) -> _Header:
    """Read up to the first byte of the samples."""
    start = take(stream, HEAD)
    if not start:
        raise AudioError(f"{name}: file is empty; record or copy it again")
    if start[:4] in RIFF and len(start) < HEAD:
        raise _cut_short(name)
    if (found := kind(start)) != "WAV":
        raise NotRead(f"{name}: not a WAV file" + (f" but {found}; {fix(name)}" if found else f"; {RAW}"), found)
    layout: _Layout | None = None
    (whole,), wide = struct.unpack_from("<I", start, 4), 0
    at = len(start)
    while mark := take(stream, 8):
        if len(mark) < 8:
            raise _cut_short(name)
        what, size = struct.unpack("<4sI", mark)
        at += 8
        if what == b"data":
            if layout is None:
                raise AudioError(f"{name}: no fmt chunk before the data, which alone is no audio; {RAW}")
            if wide and size == 2**32 - 1:
                return _Header(layout, None if wide in _UNKNOWN else wide, exact=True, after=0)
            after = 8 + whole - at - size if whole < _STREAMED else 0
            return _Header(layout, None if size in _UNKNOWN else size, exact=size < _STREAMED, after=max(0, after))
        body = take(stream, min(size, 40))
        if len(body) + skip(stream, size + size % 2 - len(body)) < size:
            raise _cut_short(name)
        at += size + size % 2
        if what == b"fmt ":
            layout = _layout(body, name)
        elif what == b"ds64" and size >= 16:
            (wide,) = struct.unpack_from("<Q", body, 8)
    raise AudioError(f"{name}: no {'fmt' if layout is None else 'data'} chunk, so no audio; record it again")


def _layout(body: bytes, name: str) -> _Layout:
    if len(body) < 16:
        raise AudioError(f"{name}: fmt chunk has {len(body)} bytes, not 16 or more; {fix(name)}")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and body[26:40] == _GUID_TAIL:
        (tag,) = struct.unpack_from("<H", body, 24)
    width = (bits + 7) // 8
    if (tag, width) not in _READ:
        codec = f"{bits}-bit {_NAMES.get(tag, f'format tag {tag:#x}')}"
        raise NotRead(f"{name}: {codec} is not read here; {fix(name)}", f"WAV of {codec}")
    try:
        fmt = AudioFormat(rate, _READ[tag, width], channels)
    except AudioError as error:
        raise AudioError(f"{name}: {error}; {fix(name, '-ar 16000 -ac 1')}") from None
    if block != width * channels:
        raise AudioError(
            f"{name}: a frame has {block} bytes, but {channels} × {bits} bits need {width * channels}; {fix(name)}"
        )
    return _Layout(fmt, block, unsigned=(tag, width) == (_PCM, 1))


def fix(name: str, options: str = "") -> str:
    """Return the command, to be pasted into a shell, that makes a WAV file of any."""
    return " ".join(filter(None, ("convert it: ffmpeg -i", quote(name), options, "OUT.wav")))


def _cut_short(name: str) -> AudioError:
    return AudioError(f"{name}: header is cut short; copy or download the file again")


def _forward(stream: BinaryIO, size: int) -> None:
    if stream.seekable():
        stream.seek(size, os.SEEK_CUR)
    else:
        skip(stream, size)
