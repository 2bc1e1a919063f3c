"""A source handed to a stream: at the speed that was asked for, as far as was asked for, until somebody stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from attrs import frozen

from ..audio import AudioFormat, Gap, paced
from .handed import Handed
from .progress import Progress


class Source(Protocol):
    """What a file, a pipe and a microphone have in common; some have ``seconds``, ``realtime`` or ``close``."""

    name: str
    format: AudioFormat

    @property
    def notices(self) -> tuple[str, ...]:
        """What to know of it, in words; some of it only after reading."""

    def __iter__(self) -> Iterator[bytes | Gap]: ...


@frozen
class Opened:
    """A source that is open.

    Attributes:
        source: what it brings.
        speed: seconds of audio a second to feed it at; 0: it has its own pace, or none is wanted.
        as_spoken: whether its audio then comes at the speed of speech; None: that remains to be seen.
        stop: makes it end soon, from any thread.
    """

    source: Source
    speed: float
    as_spoken: bool | None
    stop: Callable[[], None]


class Feed:
    """The chunks of a source, for a stream to take from a thread of its own.

    Args:
        opened: the source; it is closed with this, if it can be.
        seconds: where to stop at the latest; None: at the source's end.
        progress: is told how far it is.
        handed: is told when which audio was handed on.

    Attributes:
        format: what the chunks are made of.
        realtime: whether the source brings its audio as it is spoken; None: it does not say.
    """

    def __init__(self, opened: Opened, *, seconds: float | None, progress: Progress, handed: Handed) -> None:
        self._source, self._speed, self._stop = opened.source, opened.speed, opened.stop
        self._progress, self._handed = progress, handed
        self.format = self._source.format
        self.realtime: bool | None = getattr(self._source, "realtime", None)
        self._limit = None if seconds is None else round(seconds * self.format.sample_rate)
        self._stopped = threading.Event()

    def __iter__(self) -> Iterator[bytes | Gap]:
        self._progress.begin()
        self._handed.begin()
        chunks = self._cut()
        if self._speed:  # never for a microphone, the only one to bring gaps
            audio = cast("Iterator[bytes]", chunks)
            chunks = paced(audio, self.format, speed=self._speed, sleep=self._wait)
        samples = 0
        for chunk in chunks:
            if self._stopped.is_set() and not self.realtime:
                break
            samples += self._samples(chunk)
            self._handed.note(samples / self.format.sample_rate)
            yield chunk
            self._progress.fed(samples / self.format.sample_rate)
        self._progress.end()

    def stop(self) -> None:
        """Bring no more audio; what a microphone has heard until now still comes."""
        self._stopped.set()
        self._stop()

    def close(self) -> None:
        """Let go of the source, also where another thread waits for it."""
        self.stop()
        close = getattr(self._source, "close", None)
        if close:
            close()

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _cut(self) -> Iterator[bytes | Gap]:
        """Yield the source's chunks up to the limit."""
        left = self._limit
        for chunk in self._source:
            samples = self._samples(chunk)
            if left is not None and samples >= left:
                yield self._begin(chunk, left)
                return
            yield chunk
            left = None if left is None else left - samples

    def _begin(self, chunk: bytes | Gap, samples: int) -> bytes | Gap:
        if isinstance(chunk, Gap):
            return Gap(samples / self.format.sample_rate)
        return chunk[: samples * self.format.frame]

    def _samples(self, chunk: bytes | Gap) -> int:
        if isinstance(chunk, Gap):
            return round(chunk.seconds * self.format.sample_rate)
        return len(chunk) // self.format.frame
