"""Microphones without hardware: a file that ALSA plays in, and a sound server of one's own."""

from __future__ import annotations

import array
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RAMP = array.array("h", [value - 32_768 for value in range(65_536)])
"""All 16-bit values in order: a sample tells its place in the stream, which repeats after 65,536."""
PLUGINS = "usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so"


def _need(*programs: str, plugin: bool = False) -> None:
    """Skip the test where something that it needs is not installed; where CI is set, fail instead."""
    if sys.platform != "linux":
        pytest.skip("ALSA is Linux's")
    missing = [program for program in programs if shutil.which(program) is None]
    if plugin and not list(Path("/").glob(PLUGINS)):
        missing.append("libasound2-plugins")
    try:
        import pyaudio  # noqa: F401
    except ImportError as error:
        missing.append(f"PyAudio ({error})")
    if missing:
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"not installed: {', '.join(missing)}; see .ci/packages")


@pytest.fixture
def file_microphones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ALSA have three microphones: ``ramp``, ``float ramp``, and ``pair``, which has two channels.

    They are not paced: audio comes as fast as it is read, and after the ramp its last piece again and again. The
    default one is ``ramp``, converted as asked.
    """
    _need()
    little = RAMP[:]
    floats = array.array("f", [value / 32_768 for value in RAMP])
    if sys.byteorder == "big":
        little.byteswap()
        floats.byteswap()
    (tmp_path / "ramp.raw").write_bytes(little.tobytes())
    (tmp_path / "floats.raw").write_bytes(floats.tobytes())
    config = tmp_path / "asound.conf"
    played = "type file slave.pcm { type null } file /dev/null format raw infile"
    config.write_text(
        f"""
        pcm.ramp {{ {played} "{tmp_path}/ramp.raw" }}
        pcm."float ramp" {{ {played} "{tmp_path}/floats.raw" }}
        pcm.pair {{
            type multi
            slaves.a {{ pcm ramp channels 2 }}
            bindings {{ 0 {{ slave a channel 0 }} 1 {{ slave a channel 1 }} }}
        }}
        pcm.!default {{ type plug slave.pcm ramp }}
        """
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))


class SoundServer:
    """A PulseAudio of the test's own, with one microphone, ``studio``, that hears what is played: 16 kHz, mono.

    Attributes:
        environment: how programs find it.
        process: the daemon.
    """

    def __init__(self, folder: Path) -> None:
        self._address = folder / "native"
        (folder / "asound.conf").write_text("pcm.studio { type pulse }\npcm.!default { type pulse }\n")
        (folder / "studio.pa").write_text(
            "load-module module-null-sink sink_name=speaker rate=16000 channels=1 format=s16le\n"
            "load-module module-remap-source source_name=studio master=speaker.monitor\n"
            "set-default-source studio\n"
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={self._address}\n"
        )
        self.environment = {
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "HOME": str(folder),
            "PULSE_LATENCY_MSEC": "50",
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "PULSE_SERVER": f"unix:{self._address}",
            "PULSE_STATE_PATH": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self.process = self._start(
            "pulseaudio",
            "-n",
            f"--file={folder}/studio.pa",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
        )
        self._wait()

    def play(self, samples: bytes) -> None:
        """Begin to play 16-bit samples, again and again."""
        sound = Path(self.environment["HOME"]) / "sound.raw"
        sound.write_bytes(samples * 20)
        self._start(
            "pacat", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=1000", str(sound)
        )

    def close(self) -> None:
        """Stop what was started."""
        for process in reversed(self._started):
            process.kill()  # which ends also one that is stopped
            process.wait()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._started.append(process)
        return process

    def _wait(self) -> None:
        """Wait until the daemon answers."""
        deadline = time.monotonic() + 20.0
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
                client.connect(str(self._address))
                return
            try:
                code = self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"pulseaudio ended with code {code}")
        pytest.fail("pulseaudio does not answer")


@pytest.fixture
def sound_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """Start a sound server, which the test's microphones find."""
    _need("pulseaudio", "pacat", plugin=True)
    with tempfile.TemporaryDirectory(prefix="pulse-") as folder:  # a short path: a socket's may have 107 characters
        server = SoundServer(Path(folder))
        try:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)
            yield server
        finally:
            server.close()
