"""AssemblyAI's SDKs of before v3, unmodified, pointed at the gateway; each in a process of its own."""

from __future__ import annotations

import json
import ssl
import sys
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from aai_migrate.audio import AudioFormat
from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left
from .program import CLIENTS as PROGRAMS
from .program import Told, failing, node, older, printed
from .tcp import tcp

SPOKEN = words(9, seed=12)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
TEXTS = [" ".join(turn) for turn in TURNS]
SPEECH = encode([0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2]])
"""Ends in the middle of an utterance."""
RMS = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"
PYTHON = {"last": (".assemblyai-v2", "0.64.2"), "base64": (".assemblyai-base64", "0.20.0")}
"""The SDK that is the last to speak v2, and one whose audio is JSON."""
NODE = {"node": "assemblyai-v2", "node first": "assemblyai-v2-first"}
"""The packages of the SDK that is the last to speak v2, and of one of the first with binary audio."""


def speak(client: str, url: str, speech: Path, options: Mapping[str, Any] | None = None, **environment: str) -> Told:
    """Let *client* speak, and return what it was told; it ends by itself."""
    asked = json.dumps(dict(options or {}))
    if client in NODE:
        package = NODE[client]
        program = [*node("assemblyai_v2.js", package), package, f"http{url.removeprefix('ws')}", speech, asked]
        return printed(program, environment)
    folder, version = PYTHON[client]
    found = {**older(folder), **environment}
    told = printed([sys.executable, PROGRAMS / "assemblyai_v2.py", url, speech, asked], found)
    assert told.all("version") == [version]
    return told


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), local("coded") as url:
        yield url


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of one behind TLS, and the file with the certificate of who vouches for it."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    with no_thread_left(), serving(authority) as url:
        yield url, str(path)


@contextmanager
def serving(authority: trustme.CA, **settings: Any) -> Iterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with local("coded", ssl_context=context, **settings) as url:
        yield url


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """The file that clients speak from."""
    path = tmp_path / "speech.raw"
    path.write_bytes(SPEECH)
    return path


def messages(told: Told, kind: str) -> list[Any]:
    return [message for message in told.all("message") if message["message_type"] == kind]


def texts(told: Told) -> list[str]:
    return [message["text"] for message in messages(told, "FinalTranscript") if message["text"]]


def check(told: Told) -> None:
    """The client ended by itself, and nothing went wrong."""
    assert told.all("error") == told.all("refused") == []
    assert told.all("finished") == [None]


def check_failed(told: Told, text: str, code: int) -> None:
    """The client was told, and ended by itself; who still sends when the close comes is told again, with its *code*."""
    first, *more = told.all("error")
    assert first["text"].startswith(text)
    assert all(error["code"] in (None, code) for error in (first, *more))
    assert told.all("finished") == [None]


def check_partials(told: Told) -> None:
    """They come before each final, grow, and their words are of the time that they tell."""
    open_ = [""]
    for message in [m for m in told.all("message") if m["message_type"] in ("PartialTranscript", "FinalTranscript")]:
        assert message["audio_start"] <= message["audio_end"]
        assert " ".join(word["text"] for word in message["words"]) == message["text"]
        assert all(word["start"] <= word["end"] for word in message["words"])
        if message["message_type"] == "PartialTranscript":
            open_.append(message["text"])
        elif message["text"]:
            assert any(text and message["text"].startswith(text) for text in open_)
            open_ = []


@pytest.mark.parametrize("client", PYTHON)
def test_the_official_client_gets_its_session(url: str, speech: Path, client: str) -> None:
    """Partials before finals; the open utterance is told before the end, and close() returns."""
    with tcp(url) as (address, relay):
        told = speak(client, f"ws{address.removeprefix('http')}", speech)
    check(told)
    assert texts(told) == TEXTS
    check_partials(told)
    [begins] = messages(told, "SessionBegins")
    assert told.all("message")[0] == begins
    assert told.all("closed") == [None]
    assert messages(told, "SessionInformation") == []
    assert relay.asked == ["GET /v2/realtime/ws"]


def test_the_official_client_gets_what_it_asked_for(url: str, speech: Path) -> None:
    """Boosted words, a longer silence, no partials, the session's information, and an end that was forced."""
    told = speak(
        "last",
        url,
        speech,
        {
            "word_boost": [SPOKEN[0], "IBAN"],
            "end_utterance_silence_threshold": 5_000,
            "disable_partial_transcripts": True,
            "information": True,
            "force": " ".join(SPOKEN),
        },
    )
    check(told)
    assert texts(told) == [" ".join(SPOKEN)]
    assert messages(told, "PartialTranscript") == []
    assert told.all("message")[-1] == messages(told, "SessionInformation")[0]
    seconds = told.all("message")[-1]["audio_duration_seconds"]
    assert seconds == pytest.approx(len(SPEECH) / 32_000, abs=0.001)


def test_mu_law_of_a_telephone(url: str, speech: Path) -> None:
    """At its own rate."""
    speech.write_bytes(encode([0.3, *SPOKEN], AudioFormat(8_000, "pcm_mulaw")))
    told = speak("last", url, speech, {"encoding": "pcm_mulaw", "sample_rate": 8_000})
    check(told)
    assert texts(told) == [" ".join(SPOKEN)]


def test_the_official_client_may_ask_for_a_token(url: str, speech: Path) -> None:
    """And show it in place of its key, as one gives it to a browser."""
    with tcp(url) as (address, relay):
        told = speak("last", f"ws{address.removeprefix('http')}", speech, {"grant": 480})
    check(told)
    assert texts(told) == TEXTS
    assert relay.asked == ["POST /v2/realtime/token HTTP/1.1", "GET /v2/realtime/ws"]


@pytest.mark.parametrize("client", PYTHON)
def test_the_official_client_is_refused_once(client: str, speech: Path) -> None:
    """A wrong key is the client's own error, and it does not come back."""
    with (
        local("coded", authenticate=lambda credential: None) as address,
        tcp(address) as (url, relay),
    ):
        told = speak(client, f"ws{url.removeprefix('http')}", speech)
    check_failed(told, "Not Authorized", 4001)
    assert told.all("message") == []
    assert "any-key" not in json.dumps(told.items)
    assert relay.asked == ["GET /v2/realtime/ws"]


def test_a_token_for_nobody(speech: Path) -> None:
    """The request is refused, and nothing is dialled."""
    with (
        local("coded", authenticate=lambda credential: None) as address,
        tcp(address) as (url, relay),
    ):
        told = speak("last", f"ws{url.removeprefix('http')}", speech, {"grant": 480})
    assert len(told.all("refused")) == 1
    assert "any-key" not in json.dumps(told.items)
    assert relay.upgrades == 0


@pytest.mark.parametrize(
    ("options", "text", "code"),
    [
        ({"sample_rate": 0}, "Sample rate must be a positive integer", 4000),
        ({"word_boost": ["x" * 2501]}, "Could not parse word boost parameter", 4104),
        ({"end_utterance_silence_threshold": -1}, "Endpoint received a message with an invalid schema", 4101),
    ],
)
def test_what_cannot_be_asked_for(url: str, speech: Path, options: Mapping[str, Any], text: str, code: int) -> None:
    """The client's own error says what is wrong, and it does not come back."""
    with tcp(url) as (address, relay):
        told = speak("last", f"ws{address.removeprefix('http')}", speech, options)
    check_failed(told, text, code)
    assert relay.upgrades == 1


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(("client", "options"), [("last", {}), ("last", {"force": "nothing"}), ("base64", {})])
def test_a_failure_behind_the_gateway(speech: Path, client: str, options: Mapping[str, Any], early: bool) -> None:
    """The client is told, and close() returns, whether it comes behind the failure or overtakes it."""
    with no_thread_left(), failing(early=early) as url:
        told = speak(client, url, speech, options)
    check_failed(told, "Temporary server condition forced blocking client's request", 1013)


@pytest.mark.parametrize("client", NODE)
def test_the_client_of_node(secure: tuple[str, str], speech: Path, client: str) -> None:
    """Nothing but TLS will do; it asks for the session's information of itself."""
    url, authority = secure
    told = speak(client, url, speech, {"force": TEXTS[-1]}, NODE_EXTRA_CA_CERTS=authority)
    check(told)
    assert texts(told) == TEXTS
    check_partials(told)
    [information] = messages(told, "SessionInformation")
    assert told.all("message")[-1] == information
    assert information["audio_duration_seconds"] == pytest.approx(len(SPEECH) / 32_000, abs=0.001)
    assert len(told.all("open")) == 1


def test_the_client_of_node_may_ask_for_a_token(secure: tuple[str, str], speech: Path) -> None:
    """And show it in place of its key, with a few words and no partials."""
    url, authority = secure
    asked = {
        "grant": 480,
        "wordBoost": ["IBAN"],
        "endUtteranceSilenceThreshold": 5_000,
        "disablePartialTranscripts": True,
    }
    told = speak("node", url, speech, asked, NODE_EXTRA_CA_CERTS=authority)
    check(told)
    assert told.all("granted") == [None]
    assert texts(told) == [" ".join(SPOKEN)]
    assert messages(told, "PartialTranscript") == []


@pytest.mark.parametrize("client", NODE)
def test_the_client_of_node_is_refused(client: str, speech: Path, tmp_path: Path) -> None:
    """It is told why."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with serving(authority, authenticate=lambda credential: None) as url:
        told = speak(client, url, speech, NODE_EXTRA_CA_CERTS=str(tmp_path / "authority.pem"))
    [closed] = told.all("closed")
    assert (closed["code"], closed["reason"]) == (4001, "Not Authorized")
    assert len(told.all("refused")) == 1
    assert told.all("finished") == told.all("message") == []
    assert "any-key" not in json.dumps(told.items)


def test_tls_and_the_client_of_python(secure: tuple[str, str], speech: Path) -> None:
    """It takes an address of HTTPS only, and makes its own of it."""
    url, authority = secure
    told = speak("last", f"https{url.removeprefix('wss')}", speech, SSL_CERT_FILE=authority)
    check(told)
    assert texts(told) == TEXTS


def test_real_speech(tmp_path: Path) -> None:
    """The embedded recogniser hears it; each of its finals is told once."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(RMS)) as file:
        audio = file.readframes(4 * file.getframerate())
    speech = tmp_path / "speech.raw"
    speech.write_bytes(audio)
    with no_thread_left(), local("local") as url:
        told = speak("last", url, speech)
    check(told)
    heard = " ".join(texts(told)).split()
    assert {"train", "airport", "leaves", "twenty", "minutes"} & {word.strip(".,?").lower() for word in heard}
