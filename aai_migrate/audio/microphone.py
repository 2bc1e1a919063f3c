"""The microphone: what it hears, as an iterable of chunks (extra ``mic``)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Self

from ..errors import AudioError, MissingExtra
from ..extras import installed
from .chunk import chunk_size
from .device import Device
from .format import AudioFormat, Encoding
from .gap import Gap
from .pipe import Note, unpack

ENCODINGS: tuple[Encoding, ...] = ("pcm_s16le", "pcm_f32le")
LONGEST = 5.0
"""Seconds that a chunk may have."""
GRACE = 1.0
"""Seconds that closing leaves to the process that records, before it is killed."""
_SILENT = "the sound system does not answer; restart the sound server, or connect the device again"


def microphone(
    device: int | str | None = None,
    *,
    sample_rate: int | None = None,
    encoding: Encoding = "pcm_s16le",
    channels: int = 1,
    chunk: float = 0.05,
) -> Microphone:
    """Open a microphone as an iterable of audio chunks, which it brings in real time.

    Args:
        device: None for the default one, the index of one, or its name or a part of it, in upper or lower case.
        sample_rate: in Hz; None: the device's own.
        encoding: ``pcm_s16le`` or ``pcm_f32le``.
        channels: from 1 to what the device has.
        chunk: seconds of a chunk, above 0, at most 5.
    Raises:
        MissingExtra: PyAudio is not installed.
        AudioError: there is no such device, it is not free or cannot record so, or the sound system fails.
    """
    return Microphone(device, sample_rate=sample_rate, encoding=encoding, channels=channels, chunk=chunk)


def devices() -> tuple[Device, ...]:
    """Return the devices that record, as they are now; none is opened.

    Raises:
        MissingExtra: PyAudio is not installed.
        AudioError: the sound system fails.
    """
    recorder = _Recorder({})
    try:
        return tuple(Device(*row) for row in recorder.answer("devices"))
    finally:
        recorder.close()


class Microphone:
    """What a microphone hears: chunks of ``bytes`` in ``format``, and a ``Gap`` wherever audio was lost.

    Recording begins when this is made. 30 s wait for a slow reader; after that the oldest audio goes, and a gap
    stands in its place, as it does where the device stalled or the machine slept for more than half a second. So
    the seconds of chunks and gaps always add up to the time that has passed. Iterating raises ``AudioError``
    once when the device is gone, and ends after ``stop`` or ``close``; one thread at a time may iterate.

    Attributes:
        name: of the device.
        format: what the chunks are made of.
        realtime: always True: audio comes as it is spoken, not as fast as it is read.
        overflows: how often the sound system has said that it lost audio, up to what was read.
    """

    realtime = True

    def __init__(
        self,
        device: int | str | None = None,
        *,
        sample_rate: int | None = None,
        encoding: Encoding = "pcm_s16le",
        channels: int = 1,
        chunk: float = 0.05,
    ) -> None:
        _check(device, sample_rate, encoding, channels, chunk)
        self._recorder = _Recorder(
            {
                "device": device,
                "sample_rate": sample_rate,
                "encoding": encoding,
                "channels": channels,
                "chunk": chunk,
            }
        )
        try:
            self.name, rate = self._recorder.answer("opened")
        except BaseException:
            self._recorder.close()
            raise
        self.format = AudioFormat(rate, encoding, channels)
        self.overflows = 0

    @property
    def notices(self) -> tuple[str, ...]:
        """What the caller should know of the audio read so far, in words."""
        if not self.overflows:
            return ()
        times = "once" if self.overflows == 1 else f"{self.overflows} times"
        return (f"the sound system lost audio {times}: this machine is too busy to record",)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes | Gap:
        while True:
            match self._recorder.read():
                case bytes() | Gap() as heard:
                    return heard
                case {"overflows": int(count)}:
                    self.overflows = count
                case {"error": str(text)}:
                    self.close()
                    raise AudioError(text)
                case None if not self._recorder.closed:
                    self.close()
                    raise AudioError(f"the microphone {self.name!r} is gone: {self._recorder.death()}")
                case {"stopped": True}:
                    self.close()
                    raise StopIteration
                case _:  # closed, and by whom waits for the rest
                    raise StopIteration

    def stop(self) -> None:
        """Record no more; iteration brings what was heard until now, and ends. Safe twice and from any thread."""
        self._recorder.stop()

    def close(self) -> None:
        """Record no more and let go of the device; iteration ends at once, in whatever thread it waits.

        Safe to call twice and from any thread; takes at most ``GRACE`` seconds.
        """
        self._recorder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Microphone {self.name!r}, {self.format}>"


def _check(device: object, sample_rate: int | None, encoding: Encoding, channels: int, chunk: float) -> None:
    """Check what needs no device to be checked.

    Raises:
        AudioError: one of them is out of range.
    """
    if encoding not in ENCODINGS:
        raise AudioError(f"encoding {encoding!r} is not recorded; choose one of {', '.join(ENCODINGS)}")
    fmt = AudioFormat(16_000 if sample_rate is None else sample_rate, encoding, channels)
    chunk_size(fmt, chunk)
    if chunk > LONGEST:
        raise AudioError(f"chunk length {chunk!r} is more than {LONGEST:.0f} seconds; 0.05 is usual")
    if isinstance(device, bool) or not isinstance(device, int | str | None):
        raise AudioError(f"device {device!r} is neither an index nor a name; pass None for the default one")


class _Recorder:
    """The near end of the process that records; it dies with this one.

    The lock of the pipe is never waited for, as a signal handler may close while the same thread reads: the
    pipe is closed by whoever is the last to use it.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        if not installed("pyaudio"):
            raise MissingExtra("the microphone", "mic")
        self.closed = False
        self._reading, self._closing = threading.Lock(), threading.RLock()
        try:
            self._process = _spawn(request)
        except OSError as error:
            raise AudioError(f"the process that records cannot be started: {error.strerror}") from error

    def answer(self, name: str) -> Any:
        """Return what the note *name* says, the first to come.

        Raises:
            AudioError: there is none, as the sound system refuses or hangs.
        """
        match self.read():
            case {"error": str(text)}:
                raise AudioError(text)
            case dict() as note if name in note:
                return note[name]
        raise AudioError(self.death())

    def read(self) -> bytes | Gap | Note | None:
        """Wait for the next message; None: there will be none.

        Raises:
            AudioError: another thread is reading.
        """
        if not self._reading.acquire(blocking=False):
            raise AudioError("the microphone is being read by another thread; read it in one")
        try:
            message = None if self.closed else unpack(_given(self._process.stdout).read)
            return None if self.closed else message
        except BaseException:  # Ctrl+C inside a message: what follows cannot be understood any more
            self.closed = True
            raise
        finally:
            self._reading.release()
            if self.closed:
                self._release()

    def stop(self) -> None:
        """Ask for the end, with a byte, as another child of this process may hold the pipe open."""
        pipe = _given(self._process.stdin)
        with self._closing, suppress(BrokenPipeError):
            if not pipe.closed:
                pipe.write(b".")
                pipe.close()

    def close(self) -> None:
        """End the process and give everything back."""
        with self._closing:
            self.closed = True
            self.stop()
            self._release()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def death(self) -> str:
        """Say why the process ended without a word; after ``close``, or when the pipe has ended."""
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return _SILENT
        if code in (0, 1):
            return _SILENT  # it ended itself, as the sound system hung
        return f"the sound system crashed (code {code}); check its configuration and its drivers"

    def _release(self) -> None:
        """Close the pipe unless it is being read; who reads does it afterwards."""
        if self._reading.acquire(blocking=False):
            _given(self._process.stdout).close()
            self._reading.release()


def _spawn(request: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the process with the import path of this one; Ctrl+C at the terminal does not reach it."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-P", "-m", f"{__package__}.recorder", json.dumps(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def _given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "asked for in _spawn"
    return pipe
