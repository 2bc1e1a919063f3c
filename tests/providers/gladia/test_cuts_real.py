"""Cuts over real sockets, with both drivers, against the vendor as its documentation describes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import aai_migrate
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import encode, words

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from .loopback import Served, served
from .vendor import Habits

pytestmark = pytest.mark.no_cover
FORMAT = AudioFormat()
WORDS = words(6, seed=12)
AUDIO = encode([0.2, *WORDS[:3], 0.9, *WORDS[3:], 0.2], FORMAT)
RETRY = aai_migrate.RetryPolicy(first=0.02)
HABITS = {
    "as documented": Habits(),
    "no resume": Habits(resumes=False),
    "late and inclusive acks": Habits(ack_after=3, ack_end="inclusive"),
}


@pytest.fixture(params=HABITS)
def line(request: pytest.FixtureRequest) -> Iterator[tuple[str, Served]]:
    with served(HABITS[request.param]) as found:
        yield found


def transcribed(url: str, driver: Driver, **options: object) -> list[aai_migrate.StreamEvent]:  # noqa: F811
    size = FORMAT.size(0.1)
    chunks = [AUDIO[at : at + size] for at in range(0, len(AUDIO), size)]
    with driver.connect("gladia", api_key="k" * 32, base_url=url, retry=RETRY, **options) as stream:
        return list(stream.transcribe(chunks))


def check(events: list[aai_migrate.StreamEvent]) -> None:
    turns = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    assert tuple(" ".join(turn.transcript for turn in turns).split()) == WORDS
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete


@pytest.mark.parametrize("direction", ["in", "up", "down"])
def test_a_cut_before_any_frame_over_a_real_socket(
    line: tuple[str, Served],
    direction: str,
    driver: Driver,  # noqa: F811
) -> None:
    """Between the request and the socket too."""
    url, vendor = line
    check(transcribed(url, driver))
    for number in range(vendor.crossed[direction]):
        vendor.reset_at((direction, number))
        try:
            check(transcribed(url, driver))
        except AssertionError as error:
            raise AssertionError(f"cut {direction} before frame {number}: {error}") from error
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")] == []
