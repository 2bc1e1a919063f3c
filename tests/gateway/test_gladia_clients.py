"""Gladia's own SDKs and a customer's program, unmodified, pointed at the gateway; each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left
from .program import CLIENTS as PROGRAMS
from .program import WAIT, Told, node, printed
from .tcp import tcp

SPOKEN = words(9, seed=4)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
SPEECH = encode([0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2], 1.0])
TEXTS = [" ".join(turn) for turn in TURNS]
PAUSE = 10
"""Milliseconds between chunks of 100: faster than speech, and slow enough for a connection to break in between."""
CLIENTS = ("threads", "asyncio", "node")


def command(client: str) -> Sequence[str | Path]:
    """Return what runs a *client*; skips where it is not installed, but not in CI."""
    if client == "node":
        return node("gladia.js", "@gladiaio/sdk")
    pytest.importorskip("gladiaio_sdk")
    return [sys.executable, PROGRAMS / "gladia_sdk.py", client]


def spoken(client: str, url: str, pause: int, folder: Path) -> Told:
    """Let *client* speak, and return what it was told; it ends by itself."""
    speech = folder / "speech.raw"
    speech.write_bytes(SPEECH)
    return printed([*command(client), url, speech, str(pause)])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), local("coded") as url:
        yield f"http{url.removeprefix('ws')}"


def check(told: Told, *, repeated: float = 0.0) -> None:
    """The words, the whole transcript, and the client's own end.

    Digital silence that a client sends again, *repeated* seconds at most, cannot be told from more of it.
    """
    assert told.all("error") == []
    finals = [message["data"] for message in told.messages("transcript") if message["data"]["is_final"]]
    assert [final["utterance"]["text"] for final in finals] == [f" {text}" for text in TEXTS]
    assert len({final["id"] for final in finals}) == len(TURNS)
    [whole] = told.messages("post_final_transcript")
    assert whole["data"]["transcription"]["full_transcript"].split() == list(SPOKEN)
    assert -0.001 <= whole["data"]["metadata"]["audio_duration"] - len(SPEECH) / 32_000 <= repeated + 0.001
    assert [event["code"] for event in told.all("ended")] == [1000]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_gets_its_session(url: str, client: str, tmp_path: Path) -> None:
    """All of the audio at once; one request, one websocket, partials before finals."""
    with tcp(url) as (address, relay):
        told = spoken(client, address, 0, tmp_path)
    check(told)
    assert relay.asked == ["POST /v2/live HTTP/1.1", "GET /v2/live"]
    assert told.messages("transcript")[0]["data"]["is_final"] is False


@pytest.mark.parametrize("cut", [20_000, 90_000, 150_000])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_comes_back_once(url: str, client: str, cut: int, tmp_path: Path) -> None:
    """A connection that breaks costs no word and doubles none, and is followed by one other connection."""
    with tcp(url, cut) as (address, relay):
        told = spoken(client, address, PAUSE, tmp_path)
    assert relay.cut
    check(told, repeated=0.5)
    assert relay.asked == ["POST /v2/live HTTP/1.1", *["GET /v2/live"] * 2]


@pytest.mark.parametrize("client", ["threads", "node"])
def test_the_official_client_is_refused_once(client: str, tmp_path: Path) -> None:
    """A wrong key is an error and the client's own end, and no websocket is asked for."""
    with (
        local("coded", authenticate=lambda credential: None) as address,
        tcp(f"http{address.removeprefix('ws')}") as (url, relay),
    ):
        speech = tmp_path / "speech.raw"
        speech.write_bytes(SPEECH)
        program = [*command(client), url, speech, "0"]
        done = subprocess.run(program, capture_output=True, text=True, timeout=WAIT, check=False)
    assert relay.asked == ["POST /v2/live HTTP/1.1"]
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert "any-key" not in done.stdout
    assert [item["value"]["code"] for item in said if item["kind"] == "ended"] == [1006]
    assert any(item["kind"] == "error" for item in said)


@pytest.mark.skipif(os.name == "nt", reason="asyncio takes no signal handlers there")
def test_a_customers_program(url: str, tmp_path: Path) -> None:
    """Finals only, as it asked for; Ctrl+C stops the recording, and the whole transcript comes before the end."""
    speech = tmp_path / "speech.raw"
    speech.write_bytes(SPEECH)
    program: list[str | Path] = [sys.executable, PROGRAMS / "gladia_guide.py", url, speech, "0.01"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(WAIT, process.kill)
        timer.start()
        try:
            assert process.stdout
            lines = [process.stdout.readline().rstrip() for _ in range(4)]
            process.send_signal(signal.SIGINT)
            rest, trouble = process.communicate(timeout=WAIT)
        finally:
            timer.cancel()
            timer.join()
            process.kill()
    assert lines == ["begin", *(f"final: {text}" for text in TEXTS)]
    [whole] = [json.loads(line) for line in rest.splitlines()]
    assert whole["data"]["transcription"]["full_transcript"].split() == list(SPOKEN)
    assert (process.returncode, trouble) == (0, "")
