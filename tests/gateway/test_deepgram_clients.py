"""Deepgram's own SDKs and a customer's program, unmodified, pointed at the gateway; each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import websockets

from aai_migrate.audio import AudioFormat
from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, interleave, words

from .client import no_thread_left, rest, running
from .program import CLIENTS, WAIT, Told, node, older, printed
from .tcp import tcp

SPOKEN = words(9, seed=7)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
TEXTS = [" ".join(turn) for turn in TURNS]
SPEECH = encode([0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2]])
"""Ends in the middle of a turn."""
RMS = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"
LISTEN = {
    "model": "nova-3",
    "language": "en",
    "encoding": "linear16",
    "sample_rate": "16000",
    "interim_results": "true",
    "endpointing": "500",
    "utterance_end_ms": "1000",
    "vad_events": "true",
}
FLUX = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}
CURRENT = ("threads", "asyncio", "node")
OLD = ("threads 4", "asyncio 4")
KNOWN = {"Results", "SpeechStarted", "UtteranceEnd", "Metadata"}


def speak(
    client: str,
    url: str,
    speech: Path,
    options: Mapping[str, Any] = LISTEN,
    *,
    path: str = "listen",
    end: str = "CloseStream",
) -> Told:
    """Let *client* speak, and return what it was told; it ends by itself."""
    asked = json.dumps(dict(options))
    if client == "node":
        return printed([*node("deepgram.js", "@deepgram/sdk"), path, url, speech, end, asked])
    kind, _, generation = client.partition(" ")
    if not generation:
        pytest.importorskip("deepgram")
        return printed([sys.executable, CLIENTS / "deepgram_sdk.py", path, kind, url, speech, end, asked])
    environment = older(".deepgram4")
    told = printed([sys.executable, CLIENTS / "deepgram_sdk4.py", kind, url, speech, asked], environment)
    assert told.all("version") == ["v4.8.1"]
    return told


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), local("coded") as url:
        yield f"http{url.removeprefix('ws')}"


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """The file that clients speak from."""
    path = tmp_path / "speech.raw"
    path.write_bytes(SPEECH)
    return path


def text(result: Any) -> str:
    return str(result["channel"]["alternatives"][0]["transcript"])


def turns(results: list[Any], channel: int = 0) -> list[str]:
    """Return what was said on a *channel*, a turn up to each end of speech."""
    found: list[list[str]] = [[]]
    for result in results:
        if result["is_final"] and result["channel_index"][0] == channel:
            found[-1] += [text(result)] if text(result) else []
            if result["speech_final"] and found[-1]:
                found.append([])
    assert found.pop() == []
    return [" ".join(turn) for turn in found]


def check_end(told: Told, client: str) -> None:
    """The client ended as its program asked for, once, and nothing went wrong."""
    assert told.all("error") == told.all("unhandled") == told.all("refused") == []
    if client in OLD:
        assert told.all("finished") == [client == "threads 4"]  # its other half says False, having cancelled a task
        assert told.all("stderr") == [""]
    else:
        assert [event["code"] for event in told.all("closed")] == [1000]
        assert [name for name in told.all("class") if not name.startswith("ListenV")] == []


def check(told: Told, client: str, seconds: float, channels: int = 1) -> None:
    """A session's metadata come last, and its end."""
    check_end(told, client)
    assert {message["type"] for message in told.messages()} <= KNOWN
    metadata = told.messages()[-1]
    assert metadata["type"] == "Metadata"
    assert len(told.messages("Metadata")) == 1
    assert (metadata["duration"], metadata["channels"]) == (pytest.approx(seconds, abs=0.001), channels)
    [request] = {result["metadata"]["request_id"] for result in told.messages("Results")}
    assert metadata["request_id"] == request


@pytest.mark.parametrize("client", [*CURRENT, *OLD])
def test_the_official_client_gets_its_session(url: str, speech: Path, client: str) -> None:
    """KeepAlive, audio, Finalize, CloseStream: interim results before finals, and the open turn in the answer."""
    with tcp(url) as (address, relay):
        told = speak(client, address, speech)
    check(told, client, len(SPEECH) / 32_000)
    results = told.messages("Results")
    assert turns(results) == TEXTS
    assert next(result["is_final"] for result in results if text(result)) is False
    [answer] = [at for at, result in enumerate(results) if result["from_finalize"]]
    assert turns(results[: answer + 1]) == TEXTS
    assert told.messages("SpeechStarted")
    assert relay.asked == ["GET /v1/listen"]


@pytest.mark.parametrize("client", CURRENT)
def test_the_official_client_gets_what_it_asked_for(url: str, speech: Path, client: str) -> None:
    """Without interim results and events there are finals only."""
    asked = {name: LISTEN[name] for name in ("model", "encoding", "sample_rate")}
    told = speak(client, url, speech, asked)
    check(told, client, len(SPEECH) / 32_000)
    assert {message["type"] for message in told.messages()} == {"Results", "Metadata"}
    results = told.messages("Results")
    assert all(result["is_final"] for result in results)
    assert " ".join(turns(results)).split() == list(SPOKEN)


@pytest.mark.parametrize("client", CURRENT)
def test_the_official_client_of_flux_gets_its_session(url: str, speech: Path, client: str) -> None:
    """Connected, turns that are told from start to end, and the close; each message has its number.

    Configure is answered, and ForceEndTurn with the open turn.
    """
    with tcp(url) as (address, relay):
        told = speak(client, address, speech, FLUX, path="flux")
    check_end(told, client)
    messages = told.messages()
    assert messages[0]["type"] == "Connected"
    assert [message["sequence_id"] for message in messages] == list(range(len(messages)))
    assert {message["type"] for message in messages[1:]} == {"ConfigureSuccess", "TurnInfo"}
    ends = [message for message in messages if message.get("event") == "EndOfTurn"]
    assert [message["transcript"] for message in ends] == TEXTS
    assert [message["trigger"] for message in ends] == ["model", "model", "manual"]
    assert [[word["word"] for word in message["words"]] for message in ends] == [list(turn) for turn in TURNS]
    starts = [message["turn_index"] for message in messages if message.get("event") == "StartOfTurn"]
    assert starts == [message["turn_index"] for message in ends] == [0, 1, 2]
    assert relay.asked == ["GET /v2/listen"]


@pytest.mark.parametrize("client", [*CURRENT, *OLD])
def test_the_official_client_keeps_channels_apart(url: str, tmp_path: Path, client: str) -> None:
    """Each has its own words, and its own answer to Finalize."""
    form = AudioFormat(channels=2)
    other = encode([0.6, *TURNS[2], 1.2, *TURNS[0]])
    audio = interleave(SPEECH, other, fmt=form)
    speech = tmp_path / "speech.raw"
    speech.write_bytes(audio)
    told = speak(client, url, speech, {**LISTEN, "channels": 2, "multichannel": "true"})
    check(told, client, len(audio) / 64_000, channels=2)
    results = told.messages("Results")
    assert turns(results) == TEXTS
    assert turns(results, channel=1) == [TEXTS[2], TEXTS[0]]
    assert sorted(result["channel_index"] for result in results if result["from_finalize"]) == [[0, 2], [1, 2]]


@pytest.mark.parametrize(("client", "path"), [*product(CURRENT, ("listen", "flux"))])
def test_an_empty_chunk(url: str, speech: Path, client: str, path: str) -> None:
    """It ends the stream, as it once did; no client is cut off or comes back."""
    with tcp(url) as (address, relay):
        told = speak(client, address, speech, LISTEN if path == "listen" else FLUX, path=path, end="empty")
    if path == "listen":
        check(told, client, len(SPEECH) / 32_000)
        assert turns(told.messages("Results")) == TEXTS
    else:
        check_end(told, client)
        ends = [message for message in told.messages() if message.get("event") == "EndOfTurn"]
        assert [message["transcript"] for message in ends] == TEXTS
    assert relay.upgrades == 1


@pytest.mark.parametrize("client", CURRENT)
def test_the_official_client_may_have_a_path_before_its_own(url: str, speech: Path, client: str) -> None:
    """As it has behind a reverse proxy; the fourth generation drops what comes before."""
    with tcp(url) as (address, relay):
        told = speak(client, f"{address}/some/prefix", speech)
    check(told, client, len(SPEECH) / 32_000)
    assert turns(told.messages("Results")) == TEXTS
    assert relay.asked == ["GET /some/prefix/v1/listen"]


@pytest.mark.parametrize("client", CURRENT)
def test_the_official_client_may_ask_for_a_token(url: str, speech: Path, client: str) -> None:
    """And show it in place of its key, as one gives it to a browser."""
    with tcp(url) as (address, relay):
        told = speak(client, address, speech, {**LISTEN, "grant": 60})
    check(told, client, len(SPEECH) / 32_000)
    assert turns(told.messages("Results")) == TEXTS
    assert relay.asked == ["POST /v1/auth/grant HTTP/1.1", "GET /v1/listen"]


@pytest.mark.parametrize(
    ("client", "path"), [*product(CURRENT, ("listen", "flux")), *((client, "listen") for client in OLD)]
)
def test_the_official_client_is_refused_once(client: str, path: str, speech: Path) -> None:
    """A wrong key is the client's own error, which tells the status where it tells any, and it does not come back."""
    with (
        local("coded", authenticate=lambda credential: None) as address,
        tcp(f"http{address.removeprefix('ws')}") as (url, relay),
    ):
        told = speak(client, url, speech, LISTEN if path == "listen" else FLUX, path=path)
    [refused] = told.all("refused")
    [stderr] = told.all("stderr")
    if client == "node":
        assert told.all("error") == ["Unexpected server response: 401"]
    elif client in OLD:
        assert "HTTP 401" in stderr
    else:
        assert refused["status"] == 401
    assert told.messages() == []
    assert "any-key" not in json.dumps(told.items)
    assert relay.upgrades == 1


@pytest.mark.parametrize("more", [(), ("x-deepgram-session-id", "4b1c5c4e-5d1a-4f0e-9d53-0a5d0f6a7c11")])
@pytest.mark.parametrize("path", ["/v1/listen?model=nova-3", "/v2/listen?model=flux-general-en"])
def test_the_handshake_of_a_browser(path: str, more: tuple[str, ...]) -> None:
    """Its key is a sub-protocol, and stays unsaid; without another one selected it would hang up."""

    async def main() -> None:
        async with running() as gateway:
            offered = [websockets.Subprotocol(name) for name in ("token", "right-key", *more)]
            url = f"{gateway.url}{path}&encoding=linear16&sample_rate=16000"
            async with websockets.connect(url, subprotocols=offered, proxy=None) as socket:
                assert socket.subprotocol == "token"
                assert socket.response
                UUID(socket.response.headers["dg-request-id"])
                await socket.send(bytes(3200))
                await socket.send('{"type":"CloseStream"}')
                assert await rest(socket)
            assert socket.close_code == 1000
            offered[1] = websockets.Subprotocol("wrong-key")
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(url, subprotocols=offered, proxy=None)
            answer = refused.value.response
            told = json.loads(answer.body or b"")
            assert (answer.status_code, told["err_code"]) == (401, "INVALID_AUTH")
            assert answer.headers["dg-error"] == told["err_msg"]
            assert answer.headers["dg-request-id"] == told["request_id"]

    asyncio.run(main())


def test_real_speech(tmp_path: Path) -> None:
    """The embedded recogniser hears it; each of its finals is told once."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(RMS)) as file:
        audio = file.readframes(4 * file.getframerate())
    speech = tmp_path / "speech.raw"
    speech.write_bytes(audio)
    with no_thread_left(), local("local") as address:
        told = speak("threads", f"http{address.removeprefix('ws')}", speech)
    check(told, "threads", len(audio) / 32_000)
    heard = " ".join(turns(told.messages("Results"))).split()
    assert {"train", "airport", "leaves", "twenty", "minutes"} & set(heard)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT is sent there")
def test_a_customers_program(url: str, tmp_path: Path) -> None:
    """Ctrl+C: CloseStream, half a second, and the metadata are there before the close."""
    speech = tmp_path / "speech.raw"
    speech.write_bytes(SPEECH)
    with tcp(url) as (address, relay):
        target = f"ws{address.removeprefix('http')}"
        program: list[str | Path] = [sys.executable, CLIENTS / "deepgram_guide.py", target, speech, "0.01"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(WAIT, process.kill)
            timer.start()
            try:
                assert process.stdout
                lines: list[str] = []
                while finals(lines).split() != list(SPOKEN):
                    lines.append(process.stdout.readline().rstrip())
                    assert lines[-1], "it ended before its last word"
                process.send_signal(signal.SIGINT)
                rest, trouble = process.communicate(timeout=WAIT)
            finally:
                timer.cancel()
                timer.join()
                process.kill()
    assert (process.returncode, trouble) == (0, "")
    assert lines[0].startswith("interim ")
    *_, closed, metadata = rest.splitlines()
    assert closed == "closed 1000"
    assert json.loads(metadata.removeprefix("metadata "))["duration"] >= len(SPEECH) / 32_000
    errors = [line for line in (*lines, *rest.splitlines()) if line.startswith("error")]
    assert all("code 1000" in line for line in errors)  # its library calls every close one
    assert relay.asked == ["GET /v1/listen"]


def finals(lines: list[str]) -> str:
    return " ".join(line.removeprefix("final ") for line in lines if line.startswith("final "))
