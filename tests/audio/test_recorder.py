"""The recorder, in this process, with a sound system that follows a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aai_migrate import AudioError
from aai_migrate.audio import AudioFormat, Gap
from aai_migrate.audio import recorder as process
from aai_migrate.audio.pipe import Note
from aai_migrate.audio.recorder import Take, awake, serve

from .scripted import pyaudio

WISH: dict[str, Any] = {"device": 1, "sample_rate": None, "encoding": "pcm_s16le", "channels": 1, "chunk": 0.05}
DESK = "the microphone 'Desk Mic'"
PHONES = "Kopfh\N{REPLACEMENT CHARACTER}rer"
"""A name in an encoding that nobody knows."""
Message = bytes | Gap | Note


def until(condition: Callable[[list[Message]], bool], **wish: Any) -> list[Message]:
    """Record until what was said fulfils *condition*, and return all that was said."""
    said: list[Message] = []
    takes: list[Take] = []
    system = pyaudio.PyAudio()

    def send(message: Message) -> None:
        said.append(message)
        if condition(said):
            for take in takes:
                take.stop()

    serve({**WISH, **wish}, pyaudio, system, send, takes.append)
    return said


def audio(said: list[Message]) -> bytes:
    return b"".join(message for message in said if isinstance(message, bytes))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda words: monkeypatch.setenv("SCRIPTED_PYAUDIO", words)


def test_devices() -> None:
    """Those that record, with the default marked; a name in an unknown encoding is no obstacle."""
    said: list[Message] = []
    serve({}, pyaudio, pyaudio.PyAudio(), said.append, lambda take: None)
    assert said == [{"devices": [[1, "Desk Mic", 2, 48_000, True], [2, PHONES, 1, 16_000, False]]}]


@pytest.mark.parametrize(
    ("wish", "rate"), [({}, 48_000), ({"sample_rate": 8_000}, 8_000), ({"device": "kopf"}, 16_000)]
)
def test_audio_comes_in_chunks(wish: dict[str, Any], rate: int) -> None:
    """First what was opened, then chunks of the length asked for, then that it stopped."""
    said = until(lambda said: len(said) > 4, chunk=0.1, **wish)
    name = PHONES if "device" in wish else "Desk Mic"
    assert said[0] == {"opened": [name, rate]}
    assert [len(chunk) for chunk in said[1:5] if isinstance(chunk, bytes)] == [rate // 10 * 2] * 4
    assert said[-1] == {"stopped": True}


def test_channels_stay_interleaved() -> None:
    said = until(lambda said: len(said) > 1, channels=2)
    assert audio(said)[:12] == b"\0\0\0\0\1\0\1\0\2\0\2\0"


def test_overflows_are_counted(script: Callable[[str], None]) -> None:
    script("overflow dies")
    assert {"overflows": 1} in until(lambda said: False)


def test_device_that_goes(script: Callable[[str], None]) -> None:
    """What it said before is handed over, up to the last sample, then why there is no more."""
    script("dies")
    said = until(lambda said: False, chunk=0.08)
    assert audio(said) == b"".join(place.to_bytes(2, "little") for place in range(3 * 2_400))
    assert said[-1] == {
        "error": "the microphone 'Desk Mic' is gone: its stream has ended; check the cable or the sound server"
    }


@pytest.mark.parametrize(("words", "wait", "chunks"), [("mute", "OPENING", 0), ("stalls", "SILENT", 3)])
def test_device_that_falls_silent(
    script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, words: str, wait: str, chunks: int
) -> None:
    """A stream that lives but brings nothing, or nothing more, is dead after a while."""
    script(words)
    monkeypatch.setattr(process, wait, 1.0)
    said = until(lambda said: False)
    assert len(audio(said)) == chunks * 4_800
    assert said[1 + chunks :] == [
        {
            "error": "the microphone 'Desk Mic' is gone: it has brought no audio for 1 s; "
            "check the cable or the sound server"
        }
    ]


@pytest.mark.parametrize(
    ("words", "wish", "text"),
    [
        ("", {"device": 0}, f"device 0 is no microphone; choose one of: 1 Desk Mic (default), 2 {PHONES}"),
        ("", {"channels": 3}, f"{DESK} has 2 channels, not 3; pass channels=2 or less"),
        ("", {"sample_rate": 16_000}, f"{DESK} does not record at 16000 Hz; pass sample_rate=48000, its own"),
        (
            "no-devices",
            {"device": None},
            "there is no microphone: the sound system lists no input; connect one or start the sound server",
        ),
        (
            "odd",
            {},
            f"{DESK} does not open at 48000 Hz pcm_s16le mono: unanticipated host error; "
            "check the cable or the sound server, or choose another device",
        ),
        (
            "busy",
            {},
            f"{DESK} is not free: another program has it, or it was disconnected; "
            "close that program or choose another device",
        ),
    ],
)
def test_what_cannot_be_opened(script: Callable[[str], None], words: str, wish: dict[str, Any], text: str) -> None:
    script(words)
    with pytest.raises(AudioError) as caught:
        until(lambda said: False, **wish)
    assert str(caught.value) == text


def test_a_slow_reader_makes_a_gap() -> None:
    """What does not fit is lost at the old end, and every sample after it stands at its place."""
    fmt = AudioFormat(8_000)
    take = Take(fmt, 1.0)
    for second in range(40):
        take.hear(bytes([second]) * 16_000, float(second), overflowed=False)
    assert take.next(0.0) == Gap(10.0)
    assert take.next(0.0) == bytes([10]) * 16_000


def test_a_stopped_take_hears_nothing() -> None:
    """What was heard before is still there; waiting for more ends at once."""
    take = Take(AudioFormat(8_000), 0.05)
    take.hear(bytes(1_000), 0.0, overflowed=False)
    take.stop()
    take.hear(bytes(1_000), 1.0, overflowed=True)
    assert take.next(60.0) == bytes(800)
    assert take.next(60.0) is None
    assert take.rest() == [bytes(200)]
    assert take.overflows == 0


def test_clock_does_not_go_back() -> None:
    times = [awake() for _ in range(1_000)]
    assert times == sorted(times)
