"""Which device is meant."""

from __future__ import annotations

import pytest

from aai_migrate import AudioError
from aai_migrate.audio import Device
from aai_migrate.audio.device import choose

BUILT_IN = Device(0, "Built-in Audio", 2, 48_000, is_default=True)
USB = Device(2, "USB Audio Straße", 1, 44_100)
HEADSET = Device(5, "Headset", 1, 16_000)
HEADSET_PRO = Device(6, "Headset Pro", 1, 16_000)
ALL = (BUILT_IN, USB, HEADSET, HEADSET_PRO)
LISTED = "0 Built-in Audio (default), 2 USB Audio Straße, 5 Headset, 6 Headset Pro"


@pytest.mark.parametrize(
    ("wanted", "device"),
    [
        (None, BUILT_IN),
        (0, BUILT_IN),
        (6, HEADSET_PRO),
        ("usb audio strasse", USB),
        ("BUILT", BUILT_IN),
        ("pro", HEADSET_PRO),
        (" headset ", HEADSET),  # a whole name goes before a part of another
    ],
)
def test_one_is_meant(wanted: int | str | None, device: Device) -> None:
    assert choose(ALL, wanted) == device


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (1, f"device 1 is no microphone; choose one of: {LISTED}"),
        (-1, f"device -1 is no microphone; choose one of: {LISTED}"),
        ("audio", "2 microphones are called 'audio'; choose one of: 0 Built-in Audio (default), 2 USB Audio Straße"),
        ("hdmi", f"no microphone is called 'hdmi'; choose one of: {LISTED}"),
        ("", f"no microphone is called ''; choose one of: {LISTED}"),
    ],
)
def test_none_or_several_are_meant(wanted: int | str, text: str) -> None:
    """The error lists what there is to choose from."""
    with pytest.raises(AudioError) as caught:
        choose(ALL, wanted)
    assert str(caught.value) == text


def test_two_devices_of_one_name() -> None:
    """Only the index tells them apart, and the error gives it."""
    with pytest.raises(AudioError, match=r"choose one of: 3 Mic, 4 Mic$"):
        choose([Device(3, "Mic", 1, 48_000), Device(4, "Mic", 1, 44_100)], "mic")


def test_no_default() -> None:
    """Nothing is picked by chance."""
    with pytest.raises(AudioError, match=r"^there is no default microphone; choose one of: 2 USB Audio Straße$"):
        choose([USB], None)


@pytest.mark.parametrize("wanted", [None, 0, "usb"])
def test_no_device_at_all(wanted: int | str | None) -> None:
    with pytest.raises(AudioError, match=r"^there is no microphone: the sound system lists no input; connect one"):
        choose([], wanted)
