"""The microphone on a real sound server, in real time."""

from __future__ import annotations

import array
import os
import signal
import sys
import threading
from itertools import islice

import pytest

from aai_migrate import AudioError
from aai_migrate.audio import devices, microphone

from .conftest import RAMP, SoundServer


def heard(chunk: bytes) -> list[int]:
    found = array.array("h", chunk)
    if sys.byteorder == "big":
        found.byteswap()
    return list(found)


def test_what_is_played_is_heard(sound_server: SoundServer) -> None:
    """Half a second without a lost or a changed sample; a busy machine may need more than one attempt."""
    sound_server.play(RAMP[1:].tobytes())  # without the first, so that one value less than 65,536 comes round
    longest = run = 0
    before = None
    with microphone("studio", sample_rate=16_000) as mic:
        for chunk in islice(mic, 20 * 20):
            for sample in heard(chunk) if isinstance(chunk, bytes) else []:
                run = run + 1 if before is not None and (sample - before) % 65_535 == 1 else 0
                longest, before = max(longest, run), sample
            if longest > 8_000:
                break
    assert longest > 8_000


def test_it_is_listed(sound_server: SoundServer) -> None:
    assert [device.name for device in devices() if device.is_default] == ["default"]
    assert "studio" in {device.name for device in devices()}


def test_server_that_dies(sound_server: SoundServer) -> None:
    """One clear error, after what was heard before."""
    sound_server.play(RAMP.tobytes())
    mic = microphone("studio", sample_rate=16_000)
    next(mic)
    sound_server.process.kill()
    with pytest.raises(AudioError, match=r"^the microphone 'studio' is gone: .*; check the cable or the sound server$"):
        list(mic)
    sound_server.process.wait()
    with pytest.raises(AudioError, match=r"^there is no microphone: "):
        microphone()


def test_close_while_the_server_hangs(sound_server: SoundServer) -> None:
    """PortAudio would wait for ever, and so would whoever reads."""
    sound_server.play(RAMP.tobytes())
    mic = microphone("studio", sample_rate=16_000)
    next(mic)
    os.kill(sound_server.process.pid, signal.SIGSTOP)
    reader = threading.Thread(target=lambda: list(mic))
    reader.start()
    mic.close()
    reader.join(10.0)
    assert not reader.is_alive()


def test_stop(sound_server: SoundServer) -> None:
    """The end of the recording, not the end of the world: what was heard comes, and no error."""
    sound_server.play(RAMP.tobytes())
    with microphone("studio", sample_rate=16_000) as mic:
        next(mic)
        mic.stop()
        assert sum(len(chunk) for chunk in mic if isinstance(chunk, bytes)) < 32_000
