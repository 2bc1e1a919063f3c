"""Whether the microphone records. The sound system is only ever touched by a process of its own, which may crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from ..audio.device import Device, listed
from ..audio.gap import Gap
from ..errors import AudioError, MissingExtra
from .deadline import within
from .finding import Finding, State, split

CHECK = "microphone"
RATE = 16_000
"""The rate in Hz that most vendors want."""
LONGEST = 45.0
"""Seconds for all of it; the process that records has limits of its own, which are shorter."""


@frozen
class Heard:
    """What the default microphone gave.

    Attributes:
        name: of the device.
        sample_rate: in Hz, at which it was opened.
        silent: whether the first audio was nothing but zeros, as of a microphone that is muted.
        refused: why it does not record at :data:`RATE`; "" if it does.
    """

    name: str
    sample_rate: int
    silent: bool
    refused: str = ""


def microphone(
    asked: bool,
    listing: Callable[[], Sequence[Device]],
    listen: Callable[[], Heard],
    seconds: float = LONGEST,
) -> list[Finding]:
    """Return what is to say of the microphone.

    Args:
        asked: whether one is wanted; else it is no failure that there is none.
        listing: lists the devices, as :func:`aai_migrate.audio.devices` does.
        listen: opens the default one, as :func:`listen` does.
        seconds: how long each of them may take.
    """
    worst: State = "failed" if asked else "warning"
    try:
        devices = within(seconds, listing)
        if not devices:
            found, fix = ("the sound system lists no input", "connect one, or start the sound server")
            return [Finding(CHECK, "devices", worst, found, fix)] if devices is not None else [_hangs("devices", worst)]
        there = Finding(CHECK, "devices", "ok", listed(devices))
        heard = within(seconds, listen)
    except MissingExtra as error:
        fix = f"pip install 'aai_migrate[{error.extra}]'; on Linux apt-get install portaudio19-dev first"
        return [Finding(CHECK, "PyAudio", "failed" if asked else "skipped", "not installed", fix)]
    except AudioError as error:
        found, fix = split(str(error))[0]
        return [Finding(CHECK, "default microphone", worst, found, fix or "choose another device")]
    return [there, _hangs("default microphone", worst) if heard is None else _told(heard)]


def _hangs(subject: str, state: State) -> Finding:
    return Finding(CHECK, subject, state, "the sound system does not answer", "restart the sound server")


def _told(heard: Heard) -> Finding:
    found = f"{heard.name!r} records at {heard.sample_rate} Hz mono"
    if heard.silent:
        fix = "unmute it, and let this program use it in the system's privacy settings"
        return Finding(CHECK, "default microphone", "warning", f"{found}, but nothing but silence", fix)
    if heard.refused:
        fix = f"pass sample_rate={heard.sample_rate}, or none: audio is converted"
        return Finding(CHECK, "default microphone", "warning", f"{found}, not at {RATE} Hz", fix)
    return Finding(CHECK, "default microphone", "ok", found)


def listen() -> Heard:
    """Open the default microphone at :data:`RATE`, or at its own rate, and hear its first audio.

    Raises:
        MissingExtra: PyAudio is not installed.
        AudioError: it records at neither.
    """
    try:
        return _heard(RATE, "")
    except AudioError as error:
        if "does not record at" not in str(error):
            raise
        return _heard(None, str(error))


def _heard(rate: int | None, refused: str) -> Heard:
    from ..audio.microphone import Microphone

    with Microphone(sample_rate=rate, chunk=0.5) as opened:
        first = next((chunk for chunk in opened if not isinstance(chunk, Gap)), b"")
        return Heard(opened.name, opened.format.sample_rate, silent(first), refused)


def silent(audio: bytes) -> bool:
    """Whether *audio*, samples of any kind of PCM, is nothing but zeros."""
    return not any(audio)
