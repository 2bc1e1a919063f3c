"""The microphone, with a sound system that follows a script, and with findings of any kind."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from aai_migrate.audio import Device, devices
from aai_migrate.doctor.finding import Finding, State
from aai_migrate.doctor.microphone import Heard, listen, microphone, silent
from aai_migrate.errors import AudioError, MissingExtra

DESK = Device(1, "Desk Mic", 2, 48_000, True)
SCRIPTED = Path(__file__).parents[1] / "audio" / "scripted"


def fails(error: Exception) -> Callable[[], Heard]:
    def listen() -> Heard:
        raise error

    return listen


def state(asked: bool, listen: Callable[[], Heard], *listing: Device) -> list[tuple[str, str, str]]:
    return [(each.subject, each.state, each.found) for each in microphone(asked, lambda: listing, listen, 5.0)]


def test_it_records() -> None:
    """Devices and the default one."""
    assert state(False, lambda: Heard("Desk Mic", 16_000, silent=False), DESK) == [
        ("devices", "ok", "1 Desk Mic (default)"),
        ("default microphone", "ok", "'Desk Mic' records at 16000 Hz mono"),
    ]


def test_at_its_own_rate_only() -> None:
    """Audio is converted, so it is no failure."""
    _, told = microphone(True, lambda: [DESK], lambda: Heard("Desk Mic", 48_000, False, "refused"), 5.0)
    assert (told.state, told.found) == ("warning", "'Desk Mic' records at 48000 Hz mono, not at 16000 Hz")
    assert "sample_rate=48000" in told.fix


def test_silence() -> None:
    """A microphone that is muted, or kept from the program, brings zeros."""
    _, told = microphone(True, lambda: [DESK], lambda: Heard("Desk Mic", 16_000, silent=True), 5.0)
    assert (told.state, told.found) == (
        "warning",
        "'Desk Mic' records at 16000 Hz mono, but nothing but silence",
    )


def test_what_is_silence() -> None:
    """Not even the noise of a quiet room."""
    assert silent(bytes(1_600))
    assert not silent(bytes(1_599) + b"\x01")


@pytest.mark.parametrize(("asked", "worst"), [(True, "failed"), (False, "warning")])
def test_what_is_wrong(asked: bool, worst: State) -> None:
    """It fails only for who wants one."""
    assert state(asked, fails(AssertionError())) == [("devices", worst, "the sound system lists no input")]
    busy = AudioError("the microphone 'Desk Mic' is not free: another program has it; close that program")
    (told,) = microphone(asked, lambda: [DESK], fails(busy), 5.0)
    assert told == Finding(
        "microphone",
        "default microphone",
        worst,
        "the microphone 'Desk Mic' is not free: another program has it",
        "close that program",
    )


@pytest.mark.parametrize(("asked", "expected"), [(True, "failed"), (False, "skipped")])
def test_without_the_extra(asked: bool, expected: str) -> None:
    """The line that installs it, which on Linux needs headers."""

    def missing() -> list[Device]:
        raise MissingExtra("the microphone", "mic")

    (told,) = microphone(asked, missing, fails(AssertionError()), 5.0)
    assert (told.subject, told.state, told.found) == ("PyAudio", expected, "not installed")
    assert told.fix == "pip install 'aai_migrate[mic]'; on Linux apt-get install portaudio19-dev first"


def test_a_sound_system_that_hangs() -> None:
    """Nobody waits for it longer than asked."""
    never = threading.Event()
    hung: list[threading.Thread] = []

    def hang() -> NoReturn:
        hung.append(threading.current_thread())
        never.wait(60)
        raise AssertionError

    try:
        (told,) = microphone(True, hang, hang, 0.05)
        assert (told.subject, told.state, told.found) == ("devices", "failed", "the sound system does not answer")
        _, told = microphone(True, lambda: [DESK], hang, 0.05)
        assert (told.subject, told.state) == ("default microphone", "failed")
    finally:
        never.set()
        for thread in hung:
            thread.join(10)
    assert [thread.is_alive() for thread in hung] == [False, False]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let what a word stands for happen in the processes that are started."""
    monkeypatch.delitem(sys.modules, "pyaudio", raising=False)
    monkeypatch.syspath_prepend(str(SCRIPTED))
    return lambda words: monkeypatch.setenv("SCRIPTED_PYAUDIO", words)


@pytest.mark.parametrize(
    ("words", "subject", "worst", "found"),
    [
        ("", "default microphone", "warning", "'Desk Mic' records at 48000 Hz mono, not at 16000 Hz"),
        ("busy", "default microphone", "failed", "the microphone 'Desk Mic' is not free: "),
        ("crash-open", "default microphone", "failed", "the sound system crashed (code "),
        ("missing", "default microphone", "failed", "the microphone needs the library PortAudio: apt-get install"),
        ("no-devices", "devices", "failed", "the sound system lists no input"),
    ],
)
def test_real_process(script: Callable[[str], None], words: str, subject: str, worst: str, found: str) -> None:
    """The process that touches the sound system may crash; this one says so."""
    script(words)
    told = microphone(True, devices, listen)[-1]
    assert (told.subject, told.state) == (subject, worst)
    assert told.found.startswith(found)
    assert told.fix
