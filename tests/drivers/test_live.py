"""A live source is fed without waiting; what it says is lost, and what nobody could send, are gaps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aai_migrate import AudioFormat, AudioGap, Termination
from aai_migrate.audio import Gap

from .blocking import Driver
from .vendor import BEGIN, KEY, SECOND, Connection, hear, quiet, until_terminate, vendor


class Live:
    """A microphone whose first twenty seconds are sent as they come; then the vendor's pace holds the sending up."""

    format = AudioFormat()
    realtime = True

    def __init__(self) -> None:
        self.heard = threading.Semaphore(0)

    def vendor(self, connection: Connection) -> None:
        """Listen, and say after each second that it was heard."""
        connection.send(BEGIN)
        for _ in range(20):
            hear(connection, 32_000)
            self.heard.release()
        until_terminate(connection)

    def __iter__(self) -> Iterator[bytes | Gap]:
        for number in range(20):
            yield SECOND
            if number == 0:
                yield Gap(9.0)
            assert self.heard.acquire(timeout=10)
        for _ in range(40):
            yield SECOND


def test_a_live_source_does_not_wait(driver: Driver) -> None:
    """Its own gap is told as it is; of what cannot be sent the oldest goes, and all the rest is sent."""
    source = Live()
    with (
        vendor(source.vendor) as server,
        driver.connect("assemblyai-v3", base_url=server.url, api_key=KEY, backlog=1.0) as stream,
    ):
        events = list(stream.transcribe(source))
    gaps = [event for event in events if isinstance(event, AudioGap)]
    assert gaps[0] == AudioGap(1.0, 10.0)
    lost = sum(gap.end - gap.start for gap in gaps[1:])
    assert len(server.connections[0].audio) == AudioFormat().size(60.0 - lost)
    assert 25.0 <= lost <= 40.0
    assert gaps[1].start >= 29.0
    end = events[-1]
    assert isinstance(end, Termination)
    assert (end.complete, end.audio_seconds, end.reason) == (False, 69.0, "audio lost")
    assert end.unconfirmed_seconds == pytest.approx(9.0 + lost)


def test_feeding_by_hand_can_be_live_too(driver: Driver) -> None:
    """With ``realtime=True`` send never waits, and takes word of what was lost."""
    options: dict[str, Any] = {"api_key": KEY, "backlog": 1.0, "realtime": True}
    with vendor(quiet) as server, driver.connect("assemblyai-v3", base_url=server.url, **options) as stream:
        for _ in range(40):
            stream.send(SECOND)
        stream.send(Gap(2.0))
        stream.stop()
        gaps = [event for event in stream if isinstance(event, AudioGap)]
    assert gaps[-1].end - gaps[-1].start == pytest.approx(2.0)
    assert len(gaps) > 2
