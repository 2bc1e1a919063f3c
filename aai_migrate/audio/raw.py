"""Samples without a header, in a format that the caller knows: files, and pipes that somebody speaks into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from .chunk import chunk_size
from .file import AudioFile, Source, remaining, speed_of, take
from .format import AudioFormat
from .kind import HEAD, kind


def raw(
    source: Source, fmt: AudioFormat, *, realtime: bool = False, speed: float | None = None, chunk: float = 0.05
) -> AudioFile:
    """Open samples of *fmt* as an iterable of audio chunks.

    A file gives chunks of one length. A pipe gives what is there, so that nothing live waits for a chunk to fill:
    at most *chunk* seconds at a time, whole sample frames.

    Args:
        source: a path, or a binary file, such as ``sys.stdin.buffer``.
        fmt: what the samples are; the rate at which a pipe brings them is watched by the stream that it feeds.
        realtime: hand the chunks out at the speed of speech; not for what is live by itself.
        speed: seconds of audio a second, instead of *realtime*; 1 is real time, 0 does not wait.
        chunk: most seconds of a chunk.
    Raises:
        AudioError: *speed* or *chunk* out of range.
        OSError: the path cannot be opened.
    """
    found = AudioFile(source, partial(Raw, fmt=fmt), speed=speed_of(realtime, speed), chunk=chunk)
    if found.seconds is None and not found.speed:
        found.realtime = None  # somebody may speak into it, and in another format than was said
    return found


class Raw:
    """One pass over samples of *fmt*, from where the file stands."""

    def __init__(self, stream: BinaryIO, name: str, fmt: AudioFormat) -> None:
        self.format, self._stream = fmt, stream
        self._size = remaining(stream)
        self._head = b""
        if self._size is not None:
            here = stream.tell()
            self._head = take(stream, HEAD)
            stream.seek(here)

    @property
    def seconds(self) -> float | None:
        """What the file's size says, or what was read."""
        return None if self._size is None else self._size // self.format.frame / self.format.sample_rate

    @property
    def notices(self) -> tuple[str, ...]:
        """Whether it begins as a file that is not raw at all; how it ends, of a pipe after reading it."""
        notes = []
        if found := kind(self._head):
            notes.append(f"begins as {found} does; if it is that, it is noise as raw samples: open it as a recording")
        if self._size is not None and (rest := self._size % self.format.frame):
            notes.append(f"the last {rest} bytes are not a whole sample of {self.format.frame} and are left out")
        return tuple(notes)

    def chunks(self, seconds: float) -> Iterator[bytes]:
        """Yield the samples."""
        size, frame, got = chunk_size(self.format, seconds), self.format.frame, 0
        live: Callable[[int], bytes] = getattr(self._stream, "read1", self._stream.read)
        read = partial(take, self._stream) if self._stream.seekable() else live
        held = b""
        while piece := read(size - len(held)):
            got += len(piece)
            self._head = (self._head + piece[:HEAD])[:HEAD]
            held += piece
            whole = len(held) // frame * frame
            if whole:
                yield held[:whole]
            held = held[whole:]
        self._size = got

    def close(self) -> None:
        """Nothing is held."""
