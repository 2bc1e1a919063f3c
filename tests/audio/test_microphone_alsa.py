"""The microphone on real PyAudio, PortAudio and ALSA, with files for devices."""

from __future__ import annotations

import array
import subprocess
import sys
from pathlib import Path

import pytest

from aai_migrate import AudioError
from aai_migrate.audio import AudioFormat, Microphone, devices, microphone

from .conftest import RAMP

pytestmark = pytest.mark.usefixtures("file_microphones")


SHORT = 0.002
"""Seconds of a chunk so short that the reader keeps up: 30 s of them, which are kept, take long to fill."""


def test_devices() -> None:
    """Names, indexes in order, and the default."""
    found = devices()
    assert {device.name for device in found} == {"ramp", "float ramp", "pair", "default"}
    assert [device.name for device in found if device.is_default] == ["default"]
    assert [device.index for device in found] == sorted({device.index for device in found})
    assert {device.channels for device in found if device.name == "pair"} == {2}


def read(mic: Microphone, seconds: float, kind: str = "h") -> array.array[float]:
    """Read so many seconds; none may be missing."""
    samples: array.array[float] = array.array(kind)
    while len(samples) < seconds * mic.format.sample_rate:
        chunk = next(mic)
        assert isinstance(chunk, bytes)
        samples.frombytes(chunk)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


@pytest.mark.parametrize("name", [None, "RAMP", "default"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_samples_are_exact(name: str | None, rate: int) -> None:
    """From the first sample on, at any rate that is asked for."""
    with microphone(name, sample_rate=rate, chunk=SHORT) as mic:
        assert mic.format == AudioFormat(rate)
        samples = read(mic, 0.3)
    assert samples == RAMP[: len(samples)]


def test_floats_are_exact() -> None:
    with microphone("float", encoding="pcm_f32le", sample_rate=16_000, chunk=SHORT) as mic:
        assert mic.format == AudioFormat(16_000, "pcm_f32le")
        samples = read(mic, 0.3, "f")
    assert samples == array.array("f", [value / 32_768 for value in RAMP[: len(samples)]])


def test_chunk_is_as_long_as_asked_for() -> None:
    """Also where it is more than the device brings at once."""
    with microphone("ramp", sample_rate=8_000, chunk=0.3) as mic:
        assert len(next(item for item in mic if isinstance(item, bytes))) == 4_800


def test_by_index() -> None:
    """The index that the list has; the device's own rate where none is asked for."""
    (ramp,) = (device for device in devices() if device.name == "ramp")
    with microphone(ramp.index, chunk=SHORT) as mic:
        assert (mic.name, mic.format.sample_rate) == ("ramp", ramp.sample_rate)
        assert read(mic, SHORT)[:3] == RAMP[:3]


def test_two_at_once() -> None:
    """Two microphones of one program do not disturb each other."""
    with microphone("ramp", chunk=SHORT) as one, microphone("float", encoding="pcm_f32le", chunk=SHORT) as other:
        assert read(one, SHORT)[:80] == RAMP[:80]
        assert read(other, SHORT, "f")[:2] == array.array("f", [-1.0, -32_767 / 32_768])


@pytest.mark.parametrize(
    ("device", "channels", "text"),
    [
        (99, 1, "device 99 is no microphone; choose one of: "),
        (-1, 1, "device -1 is no microphone; choose one of: "),
        ("ram", 1, "2 microphones are called 'ram'; choose one of: "),
        ("none", 1, "no microphone is called 'none'; choose one of: "),
        ("pair", 3, "the microphone 'pair' has 2 channels, not 3; pass channels=2 or less"),
    ],
)
def test_wrong_device(device: int | str, channels: int, text: str) -> None:
    """PortAudio would crash on a wrong index; here it is one line."""
    with pytest.raises(AudioError) as caught:
        Microphone(device, channels=channels)
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_no_device_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any sound."""
    config = tmp_path / "none.conf"
    config.write_text("pcm.!default { type hw card 99 }")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    assert devices() == ()
    with pytest.raises(AudioError, match=r"^there is no microphone: the sound system lists no input; connect one"):
        microphone()


def test_no_noise() -> None:
    """What ALSA and JACK print when they are looked for reaches nobody."""
    program = "from aai_migrate.audio import devices, microphone; devices(); next(microphone())"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
