"""Cuts before every frame over real sockets, plain and TLS: no word lost, none doubled, nothing left behind."""

from __future__ import annotations

import gc
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

import aai_migrate
from aai_migrate.audio.format import AudioFormat
from aai_migrate.gateway.serve import local
from aai_migrate.testing.coded import encode, words

from .blocking import Driver
from .relay import Relay, relay

FORMAT = AudioFormat()
WORDS = words(8, seed=11)
AUDIO = encode([0.2, *WORDS[:3], 0.8, *WORDS[3:6], 0.8, *WORDS[6:], 0.2], FORMAT)
RETRY = aai_migrate.RetryPolicy(first=0.02)


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    with local("coded") as url:
        yield url


def transcribed(url: str, driver: Driver) -> list[aai_migrate.StreamEvent]:
    size = FORMAT.size(0.1)
    chunks = [AUDIO[at : at + size] for at in range(0, len(AUDIO), size)]
    with driver.connect("assemblyai-v3", api_key="k" * 32, base_url=url, retry=RETRY) as stream:
        return list(stream.transcribe(chunks))


def check(events: list[aai_migrate.StreamEvent], state: Relay) -> float:
    """Words, clock and samples of one run; returns how many seconds were heard twice."""
    turns = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    assert tuple(" ".join(turn.transcript for turn in turns).split()) == WORDS
    starts = [word.start for turn in turns for word in turn.words]
    assert starts == sorted(starts)
    seams = [event.seam for event in events if isinstance(event, aai_migrate.Reconnected)]
    reached = 0
    for start, heard in zip([0.0, *seams], state.heard, strict=True):
        at = FORMAT.size(start)
        assert at <= reached
        assert bytes(heard) == AUDIO[at : at + len(heard)]
        reached = max(reached, at + len(heard))
    assert reached == len(AUDIO)
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    return FORMAT.seconds(sum(map(len, state.heard)) - len(AUDIO))


def resident() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.fixture(params=["ws", "wss"])
def line(
    request: pytest.FixtureRequest, gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Relay]]:
    context = None
    if request.param == "wss":
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with relay(gateway, context) as found:
        yield found


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_cut_before_any_frame_over_a_real_socket(line: tuple[str, Relay], direction: str, driver: Driver) -> None:
    """Every sample reaches the ear in order at least once; threads return to where they began."""
    url, state = line
    check(transcribed(url, driver), state)
    frames = dict(state.crossed)
    memory = resident()
    twice = 0.0
    for number in range(frames[direction]):
        state.reset_at((direction, number))
        events = transcribed(url, driver)
        try:
            twice = max(twice, check(events, state))
        except AssertionError as error:
            raise AssertionError(f"cut {direction} before frame {number}: {error}") from error
    assert twice <= FORMAT.seconds(len(AUDIO))
    gc.collect()
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("aai_migrate")]
    assert left in ([], ["aai_migrate gateway"])
    assert resident() - memory < 16 << 20
