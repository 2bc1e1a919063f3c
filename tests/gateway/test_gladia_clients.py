"""Gladia's own SDKs and a customer's program, unmodified, pointed at the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from aai_migrate.gateway import run_in_thread
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left
from .tcp import tcp

sdk = pytest.importorskip("gladiaio_sdk")
# The SDK leaves its HTTP client open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

HERE = Path(__file__).parent
SPOKEN = words(9, seed=4)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
SPEECH = encode([0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2], 1.0])
TEXTS = [" " + " ".join(turn) for turn in TURNS]
PAUSE = 0.01
"""Seconds between chunks of 100 ms: faster than speech, and slow enough for a connection to break in between."""
WAIT = 60.0
SETTINGS = {"sample_rate": 16_000, "endpointing": 0.5, "messages_config": {"receive_partial_transcripts": True}}


@define
class Told:
    """What a client was told, in order, as (kind, value in JSON)."""

    items: list[tuple[str, Any]] = field(factory=list)

    def all(self, kind: str) -> list[Any]:
        return [value for told, value in self.items if told == kind]

    def messages(self, kind: str) -> list[Any]:
        return [message for message in self.all("message") if message["type"] == kind]

    @property
    def finals(self) -> list[Any]:
        return [message["data"] for message in self.messages("transcript") if message["data"]["is_final"]]


def blocking(url: str, pause: float, folder: Path) -> Told:
    """The SDK's client with threads."""
    told, ended = Told(), threading.Event()
    session = sdk.GladiaClient(api_key="any-key", api_url=url).live_v2().start_session(SETTINGS)
    note(session, told)
    session.on("ended", lambda event: ended.set())
    assert session.wait_until_ready(WAIT)  # a stop while it opens would overtake the audio, in this client
    for at in range(0, len(SPEECH), 3200):
        session.send_audio(SPEECH[at : at + 3200])
        time.sleep(pause)  # the SDK's own users do; it says nothing that could be waited for
    session.stop_recording()
    assert ended.wait(WAIT)
    assert session.join(WAIT)
    return told


def with_asyncio(url: str, pause: float, folder: Path) -> Told:
    """The SDK's client with asyncio."""

    async def main() -> Told:
        told, ended, open_ = Told(), asyncio.Event(), asyncio.Event()
        client = sdk.GladiaClient(api_key="any-key", api_url=url).live_v2_async()
        session = client.start_session(SETTINGS)
        note(session, told)
        session.on("connected", lambda event: open_.set())
        session.on("ended", lambda event: ended.set())
        async with asyncio.timeout(WAIT):
            await open_.wait()  # a stop before would be lost, in this client
            for at in range(0, len(SPEECH), 3200):
                session.send_audio(SPEECH[at : at + 3200])
                await asyncio.sleep(pause)
            session.stop_recording()
            await ended.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=WAIT) if others else None
        return told

    return asyncio.run(main())


def note(session: Any, told: Told) -> None:
    """Write down what *session* says."""
    for kind in ("started", "connecting", "connected", "error"):
        session.on(kind, lambda value, kind=kind: told.items.append((kind, value)))
    session.on("ended", lambda event: told.items.append(("ended", {"code": event.code})))
    session.on("message", lambda message: told.items.append(("message", json.loads(message.to_json()))))


def javascript(url: str, pause: float, folder: Path) -> Told:
    """The SDK for Node."""
    node = shutil.which("node")
    if not node or not (HERE / "js" / "node_modules" / "@gladiaio").is_dir():
        assert not os.environ.get("CI"), "npm install --prefix tests/gateway/js"
        pytest.skip("needs Node and: npm install --prefix tests/gateway/js")
    (folder / "speech.raw").write_bytes(SPEECH)
    program = [node, HERE / "js" / "gladia.js", url, folder / "speech.raw", str(max(1, round(pause * 1000)))]
    done = subprocess.run(program, capture_output=True, text=True, timeout=WAIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = map(json.loads, done.stdout.splitlines())
    return Told([(item["kind"], item.get("value")) for item in said])


CLIENTS: dict[str, Callable[[str, float, Path], Told]] = {
    "Python": blocking,
    "Python, asyncio": with_asyncio,
    "JavaScript": javascript,
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), run_in_thread("coded") as url:
        yield f"http{url.removeprefix('ws')}"


def check(told: Told) -> None:
    """The words, the whole transcript, and the client's own end."""
    assert told.all("error") == []
    assert [final["utterance"]["text"] for final in told.finals] == TEXTS
    assert len({final["id"] for final in told.finals}) == len(TURNS)
    [whole] = told.messages("post_final_transcript")
    assert whole["data"]["transcription"]["full_transcript"].split() == list(SPOKEN)
    assert whole["data"]["metadata"]["audio_duration"] == pytest.approx(len(SPEECH) / 32_000, abs=0.001)
    assert [event["code"] for event in told.all("ended")] == [1000]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_gets_its_session(url: str, client: str, tmp_path: Path) -> None:
    """All of the audio at once, and the same words as at a speaker's pace."""
    with tcp(url) as (address, relay):
        told = CLIENTS[client](address, 0.0, tmp_path)
    check(told)
    assert relay.asked == ["POST /v2/live HTTP/1.1", "GET /v2/live"]
    assert told.messages("transcript")[0]["data"]["is_final"] is False


@pytest.mark.parametrize("cut", [20_000, 90_000, 150_000])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_comes_back_once(url: str, client: str, cut: int, tmp_path: Path) -> None:
    """A connection that breaks costs no word and doubles none, and is followed by one other connection."""
    with tcp(url, cut) as (address, relay):
        told = CLIENTS[client](address, PAUSE, tmp_path)
    assert relay.cut
    check(told)
    assert relay.asked == ["POST /v2/live HTTP/1.1", *["GET /v2/live"] * 2]


def test_the_official_client_is_refused_once() -> None:
    """A wrong key is one error, and nothing is dialled."""
    with (
        run_in_thread("coded", authenticate=lambda credential: None) as address,
        tcp(f"http{address.removeprefix('ws')}") as (url, relay),
    ):
        ended = threading.Event()
        told = Told()
        session = sdk.GladiaClient(api_key="wrong-key", api_url=url).live_v2().start_session(SETTINGS)
        session.on("error", lambda error: told.items.append(("error", error)))
        session.on("ended", lambda event: ended.set())
        assert ended.wait(WAIT)
        session.join(WAIT)
    assert relay.asked == ["POST /v2/live HTTP/1.1"]
    assert "401" in str(told.all("error")[0]) or getattr(told.all("error")[0], "code", None) == 401


@pytest.mark.skipif(os.name == "nt", reason="asyncio takes no signal handlers there")
def test_a_customers_program(url: str, tmp_path: Path) -> None:
    """Finals only, as it asked for; Ctrl+C stops the recording, and the whole transcript comes before the end."""
    (tmp_path / "speech.raw").write_bytes(SPEECH)
    program = [sys.executable, HERE / "gladia_program.py", url, tmp_path / "speech.raw", "0.01"]
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
            process.kill()
    assert lines == ["begin", *(f"final:{text}" for text in TEXTS)]
    [whole] = [json.loads(line) for line in rest.splitlines()]
    assert whole["data"]["transcription"]["full_transcript"].split() == list(SPOKEN)
    assert (process.returncode, trouble) == (0, "")
