# ruff: noqa: N816  the names are PyAudio's
"""Stands in for PyAudio and does what no real device does on demand.

The environment variable SCRIPTED_PYAUDIO names what happens, words apart: ``missing`` (the library is not there),
``hang-open``, ``hang-close``, ``crash-open``, ``no-start``, ``no-devices``, ``busy``, ``odd`` (an error without a
better name), ``noise`` (on descriptors 1 and 2), ``overflow`` (every second block is flagged), ``dies`` and
``stalls`` (after three blocks), ``mute`` (brings nothing at all), ``flood`` (audio without end, as fast as it is
taken). Otherwise 200 blocks come, which is less than a recorder keeps. Each sample is its place in the stream.

The numbers and the texts of the errors are those of PyAudio 0.2.14 with PortAudio 19.6.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

paFloat32, paInt16, paContinue, paInputOverflow = 1, 8, 0, 2
paInvalidSampleRate, paDeviceUnavailable, paUnanticipatedHostError = -9997, -9985, -9999

DEVICES: list[dict[str, Any]] = [
    {"index": 0, "name": "Speaker", "maxInputChannels": 0, "defaultSampleRate": 48_000.0},
    {"index": 1, "name": "Desk Mic", "maxInputChannels": 2, "defaultSampleRate": 48_000.0},
    {"index": 2, "name": "Kopfhörer".encode("latin-1"), "maxInputChannels": 1, "defaultSampleRate": 16_000.0},
]
"""The name of the last is in no encoding that PyAudio tries, so that it gives bytes."""

Hear = Callable[[bytes, int, dict[str, float], int], tuple[None, int]]


def _script(word: str) -> bool:
    return word in os.environ.get("SCRIPTED_PYAUDIO", "").split()


def _make_noise() -> None:
    if _script("noise"):
        os.write(1, b"jack server is not running or cannot be started\n")
        os.write(2, b"ALSA lib pcm.c: Unknown PCM\n" * 20)


def _hang(word: str) -> None:
    if _script(word):
        threading.Event().wait()


if _script("missing"):
    raise ImportError("libportaudio.so.2: cannot open shared object file: No such file or directory")


class Stream:
    """Calls back from a thread of its own."""

    def __init__(self, frames: int, channels: int, hear: Hear) -> None:
        self._frames, self._frame, self._hear = frames, 2 * channels, hear
        values = b"".join(place.to_bytes(2, "little") * channels for place in range(65_536))
        self._ramp = values + values
        self._closed, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        lengths = {"mute": 0, "dies": 3, "stalls": 3, "flood": 1_000_000}
        blocks = next((length for word, length in lengths.items() if _script(word)), 200)
        for block in range(blocks):
            if self._closed.is_set():
                return
            place = block * self._frames % 65_536
            data = self._ramp[place * self._frame : (place + self._frames) * self._frame]
            status = paInputOverflow if _script("overflow") and block % 2 else 0
            assert self._hear(data, self._frames, {}, status) == (None, paContinue)
        if _script("dies"):
            _make_noise()
            self._ended.set()

    def is_active(self) -> bool:
        return not self._ended.is_set()

    def close(self) -> None:
        _hang("hang-close")
        self._closed.set()
        self._thread.join()


class PyAudio:
    """One device that only plays, two that record.

    Attributes:
        terminated: how often it was.
        streams: those that were opened.
    """

    def __init__(self) -> None:
        _make_noise()
        if _script("no-start"):
            raise OSError(-10_000, "PortAudio not initialized")
        self.terminated = 0
        self.streams: list[Stream] = []

    def terminate(self) -> None:
        self.terminated += 1

    def get_device_count(self) -> int:
        return 0 if _script("no-devices") else len(DEVICES)

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        return DEVICES[index]

    def get_default_input_device_info(self) -> dict[str, Any]:
        if _script("no-devices"):
            raise OSError("No Default Input Device Available")
        return DEVICES[1]

    def is_format_supported(self, rate: float, *, input_device: int, input_channels: int, input_format: int) -> bool:
        if _script("odd"):
            raise ValueError("Unanticipated host error", paUnanticipatedHostError)
        if rate not in (DEVICES[input_device]["defaultSampleRate"], 8_000.0):
            raise ValueError("Invalid sample rate", paInvalidSampleRate)
        return True

    def open(
        self,
        *,
        rate: int,
        channels: int,
        format: int,  # noqa: A002  its name in PyAudio
        input: bool,  # noqa: A002
        input_device_index: int,
        frames_per_buffer: int,
        stream_callback: Hear,
    ) -> Stream:
        _make_noise()
        _hang("hang-open")
        if _script("crash-open"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if _script("busy"):
            raise OSError(paDeviceUnavailable, "Device unavailable")
        self.streams.append(Stream(frames_per_buffer, channels, stream_callback))
        return self.streams[-1]
