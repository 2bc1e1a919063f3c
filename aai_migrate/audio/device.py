"""Which of the sound system's devices is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from ..errors import AudioError


@frozen
class Device:
    """A device that records.

    Attributes:
        index: its number in the sound system; another one may have it after a change of cables.
        name: as the sound system calls it; two devices may bear one name.
        channels: how many it records at most, from 1.
        sample_rate: its own rate in Hz.
        is_default: whether it is taken where none is named.
    """

    index: int
    name: str
    channels: int
    sample_rate: int
    is_default: bool = False

    def __str__(self) -> str:
        return f"{self.index} {self.name}" + (" (default)" if self.is_default else "")


def choose(devices: Sequence[Device], wanted: int | str | None) -> Device:
    """Return the device of *devices* that *wanted* means.

    Args:
        devices: those that record.
        wanted: None for the default one, an index, or a name or a part of one, in upper or lower case. A part
            must fit one device only; a whole name goes before a part.
    Raises:
        AudioError: it means none of them, or several; the text lists them.
    """
    if not devices:
        raise AudioError(
            "there is no microphone: the sound system lists no input; connect one or start the sound server"
        )
    if wanted is None:
        found = [device for device in devices if device.is_default]
        problem = "there is no default microphone"
    elif isinstance(wanted, int):
        found = [device for device in devices if device.index == wanted]
        problem = f"device {wanted} is no microphone"
    else:
        found = _named(devices, wanted)
        problem = f"{len(found)} microphones are" if found else "no microphone is"
        problem += f" called {wanted!r}"
    if len(found) == 1:
        return found[0]
    raise AudioError(f"{problem}; choose one of: {listed(found or devices)}")


def listed(devices: Iterable[Device]) -> str:
    """Return the indexes and names of *devices* in one line."""
    return ", ".join(map(str, devices))


def _named(devices: Sequence[Device], wanted: str) -> list[Device]:
    name = wanted.strip().casefold()
    whole = [device for device in devices if device.name.strip().casefold() == name]
    return whole or [device for device in devices if name and name in device.name.casefold()]
