"""A recording as an iterable of chunks, whatever it is kept in."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from typing import BinaryIO, Protocol

from ..errors import AudioError
from .chunk import chunk_size
from .format import AudioFormat
from .pace import check_speed, paced

Source = str | os.PathLike[str] | BinaryIO


class Reading(Protocol):
    """One pass over an open recording; whoever opened the file below it closes that.

    Attributes:
        format: what the chunks are made of.
    """

    format: AudioFormat

    @property
    def seconds(self) -> float | None:
        """How long the audio lasts; None: not known, or not yet."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What the caller should know by now, in words."""
        ...

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """Yield the audio, once, in whole sample frames: *seconds* at a time at most."""
        ...

    def close(self) -> None:
        """Let go of everything but the file; harmless when called again."""
        ...


Opener = Callable[[BinaryIO, str], Reading]
"""Reads from a binary file, of the name, as far as it takes to know the format; raises AudioError if it cannot."""


class AudioFile:
    """The chunks of a recording: ``bytes`` of whole sample frames in ``format``.

    Opening reads no more than it takes to know the format, and iterating holds little more than one chunk in
    memory. Each iteration opens the path anew and closes it at its end. A binary file or a named pipe can be
    iterated once; a binary file stays the caller's to close.

    Attributes:
        name: the path, or what the file calls itself.
        format: what the chunks are made of.
        speed: seconds of audio a second; 0 does not wait.
        realtime: False: what it is, and how fast it comes, is known, so its rate is not watched; None: it is not.

    Raises:
        AudioError: the file is not what the opener reads; *speed* or *chunk* out of range. From iterating, if that
            was done before and cannot be done again, or the file has become another one.
        OSError: the path cannot be opened.
    """

    def __init__(self, source: Source, opener: Opener, *, speed: float = 0.0, chunk: float = 0.05) -> None:
        check_speed(speed)
        self.speed = speed
        self.realtime: bool | None = False
        self._opener, self._chunk = opener, chunk
        self._path: str | None = None
        self._once: ExitStack | None = None
        with ExitStack() as stack:
            if isinstance(source, str | os.PathLike):
                self.name = os.fspath(source)
                stream: BinaryIO = stack.enter_context(open(source, "rb"))
            else:
                self.name = str(getattr(source, "name", "audio data"))
                stream = source
            self._reading = stack.enter_context(closing(opener(stream, self.name)))
            self.format = self._reading.format
            chunk_size(self.format, chunk)
            if stream is not source and stream.seekable():
                self._path = self.name
            else:
                self._once = stack.pop_all()

    @property
    def seconds(self) -> float | None:
        """How long the audio lasts; None where neither header nor file tells, until it has been read."""
        return self._reading.seconds

    @property
    def notices(self) -> tuple[str, ...]:
        """What the caller should know of the file, in words; some only after reading it."""
        return self._reading.notices

    def __iter__(self) -> Generator[bytes, None, None]:
        with ExitStack() as stack:
            if self._path is not None:
                stream = stack.enter_context(open(self._path, "rb"))
                reading = stack.enter_context(closing(self._opener(stream, self.name)))
                if reading.format != self.format:
                    raise AudioError(f"{self.name}: was {self.format} and is now {reading.format}; open it again")
                self._reading = reading
            elif self._once is not None:
                once, self._once = self._once, None
                stack.enter_context(once)
            else:
                raise AudioError(f"{self.name}: was read already, which works once; pass the path of a file")
            yield from paced(self._reading.chunks(self._chunk), self.format, speed=self.speed)


def speed_of(realtime: bool, speed: float | None) -> float:
    """Return seconds of audio a second, 0 for no waiting: *speed*, or where that is None what *realtime* means."""
    return float(realtime) if speed is None else speed


def remaining(stream: BinaryIO) -> int | None:
    """Return how many bytes are left, None if *stream* cannot tell."""
    if not stream.seekable():
        return None
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return end - here


def take(stream: BinaryIO, size: int) -> bytes:
    """Read *size* bytes, fewer only at the end: a raw pipe gives what it has."""
    got = bytearray()
    while len(got) < size and (piece := stream.read(size - len(got))):
        got += piece
    return bytes(got)


def skip(stream: BinaryIO, size: int) -> int:
    """Read over *size* bytes, fewer only at the end; return how many."""
    left = size
    while left > 0 and (piece := stream.read(min(left, 65_536))):
        left -= len(piece)
    return size - left
