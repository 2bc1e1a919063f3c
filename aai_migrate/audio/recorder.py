"""The process that records: ``python -m aai_migrate.audio.recorder REQUEST``, started by ``microphone``.

REQUEST is a JSON object: empty to list the devices, else the arguments of ``microphone``. What is recorded and
what there is to say goes to standard output (see ``pipe``). When standard input ends nothing more is recorded,
and what was is handed over.

A process of its own, because PortAudio and what lies below it are safe to use only there. Measured with PyAudio
0.2.14 and PortAudio 19.6 over ALSA and PulseAudio:

- ``open`` with the index of no device is a segmentation fault, ``PyAudio()`` without a default ALSA device an abort.
- ``stream.close()`` while another thread is in ``stream.read()`` corrupts the heap: the interpreter aborts.
- With a sound server that hangs, ``stream.read()`` and ``stream.close()`` never return, in any mode.
- ``stream.read()`` can tell an overflow only by closing the stream. In callback mode a flag tells.
- About 100 lines come on descriptor 2, also long after opening, from PortAudio's own thread when a device goes.
- A process that records never sees a microphone that is connected later: PortAudio lists them when it starts.

So callback mode is used, only the main thread touches the stream, and whatever hangs is left behind with the
process: a watchdog that needs no interpreter lock ends it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from ..errors import AudioError
from .chunk import chunk_size
from .device import Device, choose
from .format import AudioFormat, Encoding
from .gap import Gap
from .pipe import Note, pack
from .ring import Intake, Ring

HELD = 30.0
"""Seconds of audio that wait for a slow reader."""
OPENING = 10.0
"""Seconds that the sound system may take to list its devices and open one, and one to bring its first audio."""
SILENT = 5.0
"""Seconds without audio after which a device is dead. A muted one brings silence, which is audio."""
CLOSING = 2.0
"""Seconds that the sound system may take to close a device."""
_LOOK = 0.25  # seconds between two looks at a stream that brings nothing
_BLOCK = 0.05  # seconds of audio for which PortAudio calls, at most
_CHECK = "check the cable or the sound server"
_LIBRARY = "apt-get install libportaudio2, or brew install portaudio"

Send = Callable[[bytes | Gap | Note], None]


@frozen
class Request:
    """The arguments of ``microphone``, checked as far as they can be without a device."""

    device: int | str | None
    sample_rate: int | None
    encoding: Encoding
    channels: int
    chunk: float


class Take:
    """What PortAudio's thread hears and the main thread hands on.

    Attributes:
        heard: how many times audio came.
        overflows: how often PortAudio said that it had lost audio.
    """

    def __init__(self, fmt: AudioFormat, chunk: float) -> None:
        self.heard = self.overflows = 0
        self._size = chunk_size(fmt, chunk)
        self._intake, self._ring = Intake(fmt), Ring(fmt, HELD)
        self._changed = threading.Condition()
        self._stopped = False

    def hear(self, data: bytes, now: float, *, overflowed: bool) -> None:
        """Take *data*, which arrived at *now* on the clock that does not stop; called by PortAudio's thread."""
        with self._changed:
            if self._stopped:
                return
            self.heard += 1
            self.overflows += overflowed
            for item in self._intake.put(data, now):
                self._ring.put(item)
            self._changed.notify()

    def stop(self) -> None:
        """Hear no more; wakes ``next``."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped

    def next(self, timeout: float) -> bytes | Gap | None:
        """Wait for a chunk or a gap, at most *timeout* seconds and not after ``stop``; None: nothing came."""
        with self._changed:
            if (item := self._ring.take(self._size)) is None and not self._stopped:
                self._changed.wait(timeout)
                item = self._ring.take(self._size)
            return item

    def rest(self) -> list[bytes | Gap]:
        """Return what was heard and not handed on."""
        with self._changed:
            for item in self._intake.flush():
                self._ring.put(item)
            return self._ring.rest(self._size)


def main(request: str) -> int:
    """Do what *request* asks for; whatever goes wrong is the last note on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C at the terminal is the other process's to handle
    commands, answers = _descriptors()

    def send(message: bytes | Gap | Note) -> None:
        content = pack(message)
        while content:
            content = content[os.write(answers, content) :]

    def stop(take: Take) -> None:
        os.read(commands, 1)
        take.stop()

    try:
        with _portaudio() as (pyaudio, system):
            serve(json.loads(request), pyaudio, system, send, stop)
    except BrokenPipeError:  # nobody listens any more
        return 1
    except AudioError as error:
        send({"error": str(error)})
    except Exception as error:  # noqa: BLE001  the top of a process: standard error leads nowhere
        send({"error": f"the recorder failed, please report it: {error!r}"})
    return 0


def serve(request: Mapping[str, Any], pyaudio: Any, system: Any, send: Send, stop: Callable[[Take], None]) -> None:
    """Answer *request* with the help of *system*, a ``PyAudio`` of the module *pyaudio*.

    Args:
        send: takes what is recorded and what there is to say; may wait.
        stop: called in a thread of its own; waits until nothing more shall be recorded and then stops the take.
    Raises:
        AudioError: there is no such device, or it does not record as asked.
    """
    with _within(OPENING):
        devices = _devices(system)
    if not request:
        send({"devices": [[d.index, d.name, d.channels, d.sample_rate, d.is_default] for d in devices]})
        return
    wish = Request(**request)
    device = choose(devices, wish.device)
    with _within(OPENING):
        fmt = _format(pyaudio, system, device, wish)
    take = Take(fmt, wish.chunk)
    with _stream(pyaudio, system, device, fmt, wish.chunk, take) as stream:
        send({"opened": [device.name, fmt.sample_rate]})
        threading.Thread(target=stop, args=(take,), daemon=True).start()
        _hand_over(take, stream, device.name, send)


def _hand_over(take: Take, stream: Any, name: str, send: Send) -> None:
    told, problem, quiet, heard = 0, "", 0.0, 0
    while not (take.stopped or problem):
        item = take.next(_LOOK)
        if take.heard > heard:
            quiet, heard = 0.0, take.heard
        if item is not None:
            send(item)
        elif not take.stopped:
            quiet += _LOOK  # not by the clock: a process that was suspended has not listened
            problem = _problem(stream, quiet, SILENT if heard else OPENING)
        if take.overflows > told:
            told = take.overflows
            send({"overflows": told})
    for item in take.rest():
        send(item)
    # Said before the stream is closed, which a sound server that hangs would prevent for ever.
    send({"error": f"the microphone {name!r} is gone: {problem}; {_CHECK}"} if problem else {"stopped": True})


def _problem(stream: Any, quiet: float, patience: float) -> str:
    """Return why no more audio will come, "" if it may."""
    if not _active(stream):
        return "its stream has ended"
    return f"it has brought no audio for {patience:.0f} s" if quiet >= patience else ""


def _active(stream: Any) -> bool:
    try:
        return bool(stream.is_active())
    except OSError:
        return False


def _devices(system: Any) -> list[Device]:
    """Return the devices that record."""
    try:
        default = system.get_default_input_device_info()["index"]
    except OSError:  # there is none
        default = None
    infos = [system.get_device_info_by_index(index) for index in range(system.get_device_count())]
    return [
        Device(
            info["index"],
            info["name"] if isinstance(info["name"], str) else info["name"].decode(errors="replace"),
            info["maxInputChannels"],
            round(info["defaultSampleRate"]),
            info["index"] == default,
        )
        for info in infos
        if info["maxInputChannels"] > 0
    ]


def _format(pyaudio: Any, system: Any, device: Device, wish: Request) -> AudioFormat:
    """Return what *device* shall record.

    Raises:
        AudioError: it cannot.
    """
    if wish.channels > device.channels:
        raise AudioError(
            f"the microphone {device.name!r} has {device.channels} channels, not {wish.channels}; "
            f"pass channels={device.channels} or less"
        )
    rate = device.sample_rate if wish.sample_rate is None else wish.sample_rate
    fmt = AudioFormat(rate, wish.encoding, wish.channels)
    try:
        system.is_format_supported(
            float(fmt.sample_rate),
            input_device=device.index,
            input_channels=fmt.channels,
            input_format=_sample(pyaudio, fmt),
        )
    except ValueError as error:
        text, code = error.args
        if code == pyaudio.paInvalidSampleRate and fmt.sample_rate != device.sample_rate:
            raise AudioError(
                f"the microphone {device.name!r} does not record at {fmt.sample_rate} Hz; "
                f"pass sample_rate={device.sample_rate}, its own"
            ) from None
        raise _refusal(pyaudio, device, fmt, code, text) from None
    return fmt


@contextmanager
def _stream(pyaudio: Any, system: Any, device: Device, fmt: AudioFormat, chunk: float, take: Take) -> Iterator[Any]:
    def hear(data: bytes, frames: int, times: Mapping[str, float], status: int) -> tuple[None, int]:
        take.hear(data, awake(), overflowed=bool(status & pyaudio.paInputOverflow))
        return None, pyaudio.paContinue

    try:
        with _within(OPENING):
            stream = system.open(
                rate=fmt.sample_rate,
                channels=fmt.channels,
                format=_sample(pyaudio, fmt),
                input=True,
                input_device_index=device.index,
                frames_per_buffer=chunk_size(fmt, min(chunk, _BLOCK)) // fmt.frame,
                stream_callback=hear,
            )
    except OSError as error:
        raise _refusal(pyaudio, device, fmt, *error.args) from None
    try:
        yield stream
    finally:
        with _within(CLOSING):
            stream.close()


def _sample(pyaudio: Any, fmt: AudioFormat) -> int:
    sample: int = {"pcm_s16le": pyaudio.paInt16, "pcm_f32le": pyaudio.paFloat32}[fmt.encoding]
    return sample


def _refusal(pyaudio: Any, device: Device, fmt: AudioFormat, code: int, text: str) -> AudioError:
    if code == pyaudio.paDeviceUnavailable:
        return AudioError(
            f"the microphone {device.name!r} is not free: another program has it, or it was disconnected; "
            "close that program or choose another device"
        )
    return AudioError(
        f"the microphone {device.name!r} does not open at {fmt}: {text.lower()}; {_CHECK}, or choose another device"
    )


@contextmanager
def _portaudio() -> Iterator[tuple[Any, Any]]:
    """Give the module and the one ``PyAudio`` of this process, which is terminated once."""
    try:
        import pyaudio
    except ImportError as error:
        raise AudioError(f"the microphone needs the library PortAudio: {_LIBRARY} ({error})") from None
    try:
        with _within(OPENING):
            system = pyaudio.PyAudio()
    except OSError as error:
        raise AudioError(f"the sound system does not start: {error.args[-1]}; {_CHECK}") from None
    try:
        yield pyaudio, system
    finally:
        with _within(CLOSING):
            system.terminate()


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """End this process if what is done here takes longer, even if it never gives the interpreter lock back."""
    with open(os.devnull, "w") as null:
        faulthandler.dump_traceback_later(seconds, exit=True, file=null)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def awake() -> float:
    """Return seconds on a clock that never goes back and goes on while the machine sleeps."""
    if hasattr(time, "clock_gettime"):  # on macOS it is the monotonic clock that does so
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    return time.monotonic()


def _descriptors() -> tuple[int, int]:
    """Return standard input and output under numbers that no other process inherits; the usual ones lead nowhere.

    A sound library may start a daemon, which would hold the pipe open, and prints what it likes.
    """
    commands, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for usual in range(3):
        os.dup2(null, usual)
    return commands, answers


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
