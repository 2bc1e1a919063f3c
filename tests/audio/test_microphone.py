"""The microphone and its process, with a sound system that follows a script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aai_migrate import AudioError, MissingExtra
from aai_migrate.audio import AudioFormat, Device, Gap, Microphone, devices, microphone

SCRIPTED = Path(__file__).parent / "scripted"
ROOT = Path(__file__).parents[2]
SILENT = "the sound system does not answer; restart the sound server, or connect the device again"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let what a word stands for happen in the processes that are started."""
    monkeypatch.delitem(sys.modules, "pyaudio", raising=False)
    monkeypatch.syspath_prepend(str(SCRIPTED))
    return lambda words: monkeypatch.setenv("SCRIPTED_PYAUDIO", words)


@pytest.fixture
def opened(script: Callable[[str], None]) -> Microphone:
    script("")
    return microphone()


def samples(first: int, count: int) -> bytes:
    return b"".join((place % 65_536).to_bytes(2, "little") for place in range(first, first + count))


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_devices(script: Callable[[str], None]) -> None:
    """Those that record, each time anew."""
    script("noise")
    expected = (Device(1, "Desk Mic", 2, 48_000, True), Device(2, "Kopfh\N{REPLACEMENT CHARACTER}rer", 1, 16_000))
    assert devices() == devices() == expected
    script("no-devices")
    assert devices() == ()


def test_chunks(opened: Microphone) -> None:
    """A source with a format and a name that brings chunks until it is closed."""
    with opened as mic:
        assert (mic.name, mic.format, mic.realtime) == ("Desk Mic", AudioFormat(48_000), True)
        assert repr(mic) == "<Microphone 'Desk Mic', 48000 Hz pcm_s16le mono>"
        assert [next(mic), next(mic)] == [samples(0, 2_400), samples(2_400, 2_400)]
    assert list(mic) == []


def test_nothing_is_left(opened: Microphone) -> None:
    """Closing twice is fine, and gives the process and its pipes back."""
    next(opened)
    opened.close()
    opened.close()
    before = descriptors()
    with microphone() as mic:
        next(mic)
        pid = mic._recorder._process.pid
    assert descriptors() == before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stop_hands_over_the_rest(opened: Microphone) -> None:
    """After ``stop`` comes what was heard until then, without a hole, and the end."""
    with opened as mic:
        heard = [next(mic)]
        mic.stop()
        mic.stop()
        heard += mic
    audio = b"".join(chunk for chunk in heard if isinstance(chunk, bytes))
    assert audio == samples(0, len(audio) // 2)


def test_slow_reader(script: Callable[[str], None]) -> None:
    """Audio that comes faster than it is read is lost at its old end; after each gap the clock is right."""
    script("flood")
    place = gaps = 0
    with microphone() as mic:
        for item in mic:
            if isinstance(item, Gap):
                place += round(item.seconds * 48_000)
                gaps += 1
            else:
                assert item[:2] == samples(place, 1)
                place += len(item) // 2
                if gaps:
                    break
    assert gaps


@pytest.mark.parametrize("words", ["mute", "mute hang-close"])
def test_close_wakes_the_reader(script: Callable[[str], None], words: str) -> None:
    """A thread that waits for audio ends when another one closes, even if the device never lets go."""
    script(words)
    mic = microphone()
    heard: list[bytes | Gap] = []
    reader = threading.Thread(target=lambda: heard.extend(mic))
    reader.start()
    mic.close()
    reader.join(10.0)
    assert not reader.is_alive()
    assert heard == []


def test_one_reader(script: Callable[[str], None]) -> None:
    """A second thread that reads is told so, as each would get half of the audio."""
    script("mute")
    with microphone() as mic, mic._recorder._reading, pytest.raises(AudioError, match="read by another thread"):
        next(mic)


def while_reading(mic: Microphone, number: signal.Signals) -> None:
    """Send this thread the signal *number* as soon as it reads."""

    def send() -> None:
        while not mic._recorder._reading.locked():
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    threading.Thread(target=send, daemon=True).start()
    next(mic)


def test_interrupted_read(script: Callable[[str], None]) -> None:
    """Ctrl+C in the middle of a message leaves nothing that could be misread."""
    script("mute")
    with microphone() as mic:
        with pytest.raises(KeyboardInterrupt):
            while_reading(mic, signal.SIGINT)
        assert list(mic) == []


def test_close_in_a_signal_handler(script: Callable[[str], None]) -> None:
    """It does not wait for the read that it interrupts."""
    script("mute")
    mic = microphone()
    before = signal.signal(signal.SIGUSR1, lambda *_: mic.close())
    try:
        with pytest.raises(StopIteration):
            while_reading(mic, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert list(mic) == []


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has asked for its code does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_recorder_dies_with_its_program(script: Callable[[str], None]) -> None:
    """Even a program that is killed leaves no open microphone behind."""
    script("")
    program = (
        "import os, signal; from aai_migrate.audio import microphone; mic = microphone()\n"
        "print(mic._recorder._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    deadline = time.monotonic() + 20.0
    while alive(int(done.stdout)):
        assert time.monotonic() < deadline


def test_device_that_goes(script: Callable[[str], None]) -> None:
    """First all that it said, then one error, then nothing."""
    script("dies noise")
    mic = microphone(chunk=1.0)
    assert next(mic) == samples(0, 7_200)
    with pytest.raises(AudioError, match=r"^the microphone 'Desk Mic' is gone: its stream has ended; check the cable"):
        next(mic)
    assert list(mic) == []


def test_process_that_dies(opened: Microphone) -> None:
    """A crash below PortAudio while recording is an error here, not a crash."""
    opened._recorder._process.kill()
    with pytest.raises(AudioError, match=r"'Desk Mic' is gone: the sound system crashed \(code -9\)"):
        list(opened)


def test_error_comes_before_a_close_that_hangs(script: Callable[[str], None]) -> None:
    script("dies hang-close")
    with pytest.raises(AudioError, match="its stream has ended"):
        list(microphone())


def test_overflows(script: Callable[[str], None]) -> None:
    """They are counted, and told in words."""
    script("overflow dies")
    mic = microphone()
    with pytest.raises(AudioError, match="is gone"):
        list(mic)
    assert mic.overflows == 1
    assert mic.notices == ("the sound system lost audio once: this machine is too busy to record",)


@pytest.mark.parametrize(
    ("count", "notices"), [(0, ()), (7, ("the sound system lost audio 7 times: this machine is too busy to record",))]
)
def test_notices(opened: Microphone, count: int, notices: tuple[str, ...]) -> None:
    with opened as mic:
        mic.overflows = count
        assert mic.notices == notices


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            "missing",
            "the microphone needs the library PortAudio: apt-get install libportaudio2, or brew install portaudio "
            "(libportaudio.so.2: cannot open shared object file: No such file or directory)",
        ),
        ("no-start", "the sound system does not start: PortAudio not initialized; check the cable or the sound server"),
        (
            "no-devices",
            "there is no microphone: the sound system lists no input; connect one or start the sound server",
        ),
        ("crash-open", "the sound system crashed (code -11); check its configuration and its drivers"),
        (
            "busy noise",
            "the microphone 'Desk Mic' is not free: another program has it, or it was disconnected; "
            "close that program or choose another device",
        ),
    ],
)
def test_what_cannot_be_opened(script: Callable[[str], None], words: str, text: str) -> None:
    """One line each, and no crash."""
    script(words)
    before = descriptors()
    with pytest.raises(AudioError) as caught:
        microphone()
    assert str(caught.value) == text
    assert descriptors() == before


def test_sound_system_that_hangs(script: Callable[[str], None]) -> None:
    """The process ends itself, without the help of whoever waits for it."""
    script("hang-open")
    with pytest.raises(AudioError) as caught:
        microphone()
    assert str(caught.value) == SILENT


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"encoding": "pcm_mulaw"}, "encoding 'pcm_mulaw' is not recorded; choose one of pcm_s16le, pcm_f32le"),
        ({"sample_rate": 1_000}, "sample_rate 1000 is not a whole number from 4000 to 192000 Hz"),
        ({"channels": 0}, "channels 0 is not a whole number from 1 to 32"),
        ({"chunk": 0.0}, "chunk length 0.0 is not a positive number of seconds; 0.05 is usual"),
        ({"chunk": 6.0}, "chunk length 6.0 is more than 5 seconds; 0.05 is usual"),
        ({"device": True}, "device True is neither an index nor a name; pass None for the default one"),
        ({"device": 1.5}, "device 1.5 is neither an index nor a name; pass None for the default one"),
    ],
)
def test_wrong_arguments(wish: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs no device to be refused is refused where there is not even PyAudio."""
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(AudioError) as caught:
        microphone(**wish)
    assert str(caught.value) == text


@pytest.mark.parametrize("call", [microphone, devices])
def test_pyaudio_is_not_installed(call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(MissingExtra, match=r"the microphone needs an extra: pip install 'aai_migrate\[mic\]'"):
        call()


def test_no_process_can_be_started(script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    script("")
    monkeypatch.setattr(sys, "executable", str(ROOT / "no-python"))
    with pytest.raises(AudioError, match=r"^the process that records cannot be started: No such file or directory$"):
        microphone()


PROGRAM = """
from aai_migrate.audio import microphone
mic = microphone()
print(len(next(mic)))
try:
    list(mic)
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("redirect", ["", "2>&-", "<&- 2>&-"])
def test_noise_reaches_nobody(script: Callable[[str], None], redirect: str) -> None:
    """Neither standard output nor error, when opening and when a device goes; closed descriptors change nothing."""
    script("noise dies")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert done.stdout.splitlines() == [
        "4800",
        "the microphone 'Desk Mic' is gone: its stream has ended; check the cable or the sound server",
    ]
    assert done.stderr == ""
