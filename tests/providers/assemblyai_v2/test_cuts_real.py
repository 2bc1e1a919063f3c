"""Cuts over real sockets, with both drivers, against the vendor as its documentation describes it."""

from __future__ import annotations

import threading

import pytest

import aai_migrate
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Hard, encode, words

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from .habits import Habits
from .loopback import served

pytestmark = pytest.mark.no_cover
FORMAT = AudioFormat()
WORDS = words(6, seed=12)
AUDIO = encode([0.2, *WORDS[:3], 1.2, *WORDS[3:], 0.2], FORMAT)
RETRY = aai_migrate.RetryPolicy(first=0.02)
CASES = {
    "late and rewriting": Habits(hard=Hard(rewrite=True, jitter=0.04, late=0.3)),
    "split": Habits(hard=Hard(split_every=2), empties=False, step=0.3),
}


def transcribed(url: str, driver: Driver) -> list[aai_migrate.StreamEvent]:  # noqa: F811
    size = FORMAT.size(0.1)
    chunks = [AUDIO[at : at + size] for at in range(0, len(AUDIO), size)]
    with driver.connect("assemblyai-v2", api_key="k" * 32, base_url=url, retry=RETRY) as stream:
        return list(stream.transcribe(chunks))


def check(events: list[aai_migrate.StreamEvent]) -> None:
    turns = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    text = " ".join(turn.transcript for turn in turns)
    assert tuple(text.lower().replace(".", "").split()) == WORDS
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    assert not any(isinstance(event, aai_migrate.AudioGap) for event in events)


@pytest.mark.parametrize("case", CASES)
def test_a_cut_before_a_frame_over_a_real_socket(case: str, driver: Driver) -> None:  # noqa: F811
    """Before the handshake, and before every other message of either side; every other time the vendor closes."""
    with served(CASES[case]) as (url, vendor):
        check(transcribed(url, driver))
        assert len(vendor.connections) == 1
        crossed, again = dict(vendor.crossed), 0
        for direction, count in crossed.items():
            for number in range(0, count, 2):
                vendor.break_at((direction, number), closes=number % 4 == 2)
                try:
                    check(transcribed(url, driver))
                except AssertionError as error:
                    raise AssertionError(f"cut {direction} before frame {number}: {error}") from error
                again += vendor.crossed["in"] - 1
        assert again > sum(crossed.values()) / 4, "a run may have fewer frames than the first, but not half of them"
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")] == []


def test_a_retired_service_is_told_apart_from_a_busy_one(driver: Driver) -> None:  # noqa: F811
    """In a frame or with a status: the error says it, and nobody dials again."""
    for retired in ("frame", "status"):
        with served(Habits(retired=retired)) as (url, vendor):
            with pytest.raises(aai_migrate.ProviderError, match=r"(?i)deprecated"):
                transcribed(url, driver)
            assert vendor.crossed["in"] == 1
