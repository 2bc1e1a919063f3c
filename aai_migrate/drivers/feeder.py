"""Feeds a source of audio to a stream, from a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from types import GeneratorType
from typing import Any

from ..audio.format import AudioFormat
from ..audio.gap import Gap
from ..errors import AudioError, StreamClosed

Samples = bytes | bytearray | memoryview
Chunk = Samples | Gap
Source = Samples | Iterable[Chunk]

log = logging.getLogger("aai_migrate")


def check_source(source: Source, fmt: AudioFormat) -> Iterable[Chunk]:
    """Return *source* as an iterable of chunks.

    Raises:
        AudioError: it has another format than the stream, or is a path.
    """
    check_format(source, fmt)
    return (source,) if isinstance(source, bytes | bytearray | memoryview) else source


def check_format(source: object, fmt: AudioFormat) -> None:
    """Check that *source* can be what a stream of *fmt* transcribes.

    Raises:
        AudioError: it has another format than the stream, or is a path.
    """
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        raise AudioError(f"{path!r} is a path; pass aai_migrate.audio.wav(path), or an iterable of bytes")
    theirs = getattr(source, "format", None)
    if isinstance(theirs, AudioFormat) and theirs != fmt:
        raise AudioError(
            f"the source is {theirs}, the stream {fmt}; connect with sample_rate={theirs.sample_rate}, "
            f"encoding={theirs.encoding!r}, audio_channels={theirs.channels}"
        )


class Feeder:
    """The thread that feeds one source and then stops the stream.

    Attributes:
        error: what the source raised; None: nothing.
    """

    def __init__(self, source: Iterable[Chunk], send: Callable[[Chunk], None], stop: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._source, self._send, self._stop = source, send, stop
        self._halted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aai_migrate feeder", daemon=True)

    def start(self) -> None:
        """Begin to feed."""
        self._thread.start()

    def halt(self, timeout: float) -> None:
        """Feed no more and close the source; wait at most *timeout* seconds for it to let go."""
        self._halted.set()
        if self._thread.is_alive() and not isinstance(self._source, GeneratorType):
            try:
                _close(self._source)  # may be what wakes it; only its own thread can close a generator
            except Exception as error:  # noqa: BLE001 nobody asks for this source any more
                log.debug("a source did not close: %s", type(error).__name__)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            self._feed()
        except BaseException as error:  # noqa: BLE001  # the top of a thread: raised where the stream is read
            self.error = None if self._halted.is_set() else error
        finally:
            if not self._halted.is_set():
                self._stop()

    def _feed(self) -> None:
        chunks: Iterator[Chunk] | None = None
        try:
            chunks = iter(self._source)
            for chunk in chunks:
                if self._halted.is_set():
                    return
                try:
                    self._send(chunk)
                except StreamClosed:
                    return  # the stream ended, or was stopped, from elsewhere
        finally:
            _close(chunks)
            if self._source is not chunks:
                _close(self._source)


def _close(source: Any) -> None:
    close = getattr(source, "close", None)
    if callable(close):
        close()
