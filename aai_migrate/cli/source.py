"""Where the audio comes from: a file, standard input, or a microphone."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
from math import isfinite
from typing import Any, BinaryIO, cast

from attrs import frozen

from ..audio import AudioFormat
from ..audio.pace import check_speed
from ..errors import AudioError, ConfigError
from .feed import Opened, Source

STDIN = "-"
STDIN_NAME = "standard input"


@frozen(kw_only=True)
class Wanted:
    """What the command line says of the audio.

    Attributes:
        file: a path, ``-`` for standard input, None for a microphone.
        mic: whether to record.
        device: of which microphone, its index or name.
        raw: whether the file is samples alone.
        sample_rate, encoding, audio_channels: of raw samples, or asked of the microphone.
        speed: seconds of audio a second; None: as it comes, and a file as it is spoken.
        seconds: where to stop.
    """

    file: str | None = None
    mic: bool = False
    device: str | None = None
    raw: bool = False
    sample_rate: int | None = None
    encoding: str | None = None
    audio_channels: int | None = None
    speed: float | None = None
    seconds: float | None = None

    def check(self) -> None:
        """Check that it goes together.

        Raises:
            ConfigError: it does not; nothing was opened.
        """
        form = [f"--{name.replace('_', '-')}" for name in self._form]
        if self.mic:
            if self.file is not None:
                raise ConfigError(f"--mic and {self.file!r} are two sources; leave one out")
            for option, given in (("--speed", self.speed is not None), ("--raw", self.raw)):
                if given:
                    raise ConfigError(f"{option} is for files; a microphone brings its audio as it is spoken")
        elif self.file is None:
            raise ConfigError("no audio: name a FILE, - for standard input, or --mic for the microphone")
        elif self.device is not None:
            raise ConfigError("--device goes with --mic")
        elif form and not self.raw:
            raise ConfigError(f"{form[0]} goes with --raw or --mic; a file that is not raw says it itself")
        elif self.raw and self.sample_rate is None:
            raise ConfigError("--raw needs --sample-rate, as raw audio does not say it: --sample-rate 16000")
        if self.seconds is not None and not (isfinite(self.seconds) and self.seconds > 0):
            raise ConfigError(f"--seconds: {self.seconds} is not a number above 0")
        try:
            check_speed(self.speed or 0.0)
        except AudioError as error:
            raise ConfigError(f"--speed: {error}") from None

    @property
    def _form(self) -> dict[str, Any]:
        names = ("sample_rate", "encoding", "audio_channels")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def open(self) -> Opened:
        """Open it.

        Raises:
            ConfigError: it cannot be opened; the text says why, and what to do.
            AudioError: the microphone cannot record so.
        """
        if self.mic:
            return _microphone(self.device, self._form)
        try:
            source = _stdin() if self.file == STDIN else _named(self.file or "")
            found = self._samples(source) if self.raw else _recording(source)
        except ConfigError:
            raise
        except AudioError as error:
            raise ConfigError(str(error)) from error
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f"{self.file}: {why}; give the path of a file with speech") from error
        if getattr(found, "seconds", None) == 0:
            raise ConfigError(f"{found.name}: holds no audio; record it again")
        if isinstance(source, Pipe):
            return Opened(found, self.speed or 0.0, self.speed == 1.0 if self.speed else None, source.stop)
        speed = 1.0 if self.speed is None else self.speed
        return Opened(found, speed, speed == 1.0, _nothing)

    def _samples(self, source: str | BinaryIO) -> Source:
        from ..audio import raw

        return raw(source, AudioFormat(**_renamed(self._form)))


def _recording(source: str | BinaryIO) -> Source:
    from ..audio import recording

    return recording(source)


def _microphone(device: str | None, form: dict[str, Any]) -> Opened:
    from ..audio import microphone

    which = int(device) if device is not None and device.isdecimal() else device
    found = microphone(which, **_renamed(form))
    return Opened(found, 0.0, as_spoken=True, stop=found.stop)


def _renamed(form: dict[str, Any]) -> dict[str, Any]:
    return {"channels" if name == "audio_channels" else name: value for name, value in form.items()}


def _nothing() -> None:
    pass


def _named(path: str) -> str | BinaryIO:
    """Return *path*, or what can be read from it if that is a pipe, as a shell's ``<(…)`` is."""
    if os.name == "nt" or not stat.S_ISFIFO(os.stat(path).st_mode):
        return path
    return _binary(Pipe(os.open(path, os.O_RDONLY), path))


def _stdin() -> BinaryIO:
    """Return standard input as a binary file.

    Raises:
        ConfigError: there is nothing to read.
    """
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise ConfigError("standard input is closed; pipe audio into it, or name a file") from None
    if os.isatty(descriptor):
        raise ConfigError("standard input is a terminal; pipe audio into it, or name a file")
    if os.name == "nt" or stat.S_ISREG(os.fstat(descriptor).st_mode):
        file = io.FileIO(descriptor, "rb", closefd=False)
        file.name = STDIN_NAME
        return io.BufferedReader(file)
    return _binary(Pipe(os.dup(descriptor), STDIN_NAME))


def _binary(pipe: Pipe) -> BinaryIO:
    return cast("BinaryIO", pipe)  # as far as reading goes


class Pipe(io.RawIOBase):
    """What comes through a pipe, until it is stopped: a thread that waits for more is woken, and sees the end.

    Python's own reader of standard input would keep the process from ending while it waits.

    Args:
        descriptor: of the pipe, which is closed with this.
        name: what to call it.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__()
        self.name = name
        self._descriptor = descriptor
        self._woken, self._waker = os.pipe()

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def readinto(self, buffer: Any) -> int:
        """Wait for some bytes; 0: there will be none."""
        ready, _, _ = select.select([self._descriptor, self._woken], [], [])
        return 0 if self._woken in ready else os.readv(self._descriptor, [buffer])

    def stop(self) -> None:
        """Bring no more, from any thread."""
        if not self.closed:
            os.write(self._waker, b".")

    def close(self) -> None:
        if not self.closed:
            for descriptor in (self._descriptor, self._woken, self._waker):
                os.close(descriptor)
        super().close()
