"""Speechmatics' own SDKs, its command and a customer's program, unmodified, pointed at the gateway; each in a process.

The command and one SDK are of before today's.
"""

from __future__ import annotations

import json
import math
import os
import signal
import ssl
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left
from .program import CLIENTS as PROGRAMS
from .program import WAIT, Told, failing, node, older, printed
from .tcp import tcp

SPOKEN = words(9, seed=11)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
TEXTS = [" ".join(turn) for turn in TURNS]
SPEECH = encode([0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2]])
"""Ends in the middle of a turn."""
OTHER = encode([0.6, *TURNS[2], 1.2, *TURNS[0], 1.0])
RMS = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"
ASKED = {
    "language": "en",
    "enable_partials": True,
    "max_delay": 1.0,
    "conversation_config": {"end_of_utterance_silence_trigger": 0.5},
}
CLIENTS = ("sdk", "node", "older")
CHUNK = {"sdk": 4096, "sdk live": 3200, "node": 3200, "older": 4096}
"""Bytes that each client sends at a time."""
TRANSCRIPTS = ("AddTranscript", "AddPartialTranscript", "EndOfUtterance")
KNOWN = {*TRANSCRIPTS, "RecognitionStarted", "AudioAdded", "ChannelAudioAdded", "EndOfTranscript", "Info"}


def speak(
    client: str,
    url: str,
    speech: Path,
    options: Mapping[str, Any] = ASKED,
    *,
    kind: str = "raw",
    pause: int = 0,
    environment: Mapping[str, str] | None = None,
) -> Told:
    """Let *client* speak, and return what it was told; it ends by itself."""
    asked = json.dumps(dict(options))
    if client == "node":
        return printed([*node("speechmatics.js", "@speechmatics/real-time-client"), kind, url, speech, asked])
    if client == "sdk":
        pytest.importorskip("speechmatics.rt")
        return printed([sys.executable, PROGRAMS / "speechmatics_sdk.py", kind, url, speech, asked, str(pause)])
    found = {**older(".speechmatics5"), **(environment or {})}
    told = printed([sys.executable, PROGRAMS / "speechmatics_sdk5.py", kind, url, speech, asked], found)
    assert told.all("version") == ["5.0.0.post1"]
    return told


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), local("coded") as url:
        yield url


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """The file that clients speak from."""
    path = tmp_path / "speech.raw"
    path.write_bytes(SPEECH)
    return path


def websocket(address: str) -> str:
    return f"ws{address.removeprefix('http')}"


def messages(told: Told, *kinds: str, channel: str | None = None) -> list[Any]:
    """Return what the server said of these *kinds*, on a *channel* or on none."""
    found = told.all("message")
    return [message for message in found if message["message"] in kinds and message.get("channel") == channel]


def content(message: Any) -> list[str]:
    return [result["alternatives"][0]["content"] for result in message["results"]]


def utterances(told: Told, channel: str | None = None) -> list[str]:
    """Return what was said, up to each end of an utterance, and behind the last one."""
    found: list[list[str]] = [[]]
    for message in messages(told, "AddTranscript", "EndOfUtterance", channel=channel):
        if message["message"] == "AddTranscript":
            found[-1] += content(message)
        else:
            found.append([])
    return [" ".join(spoken) for spoken in found if spoken]


def check(told: Told) -> None:
    """Recognition started, and the transcript ended last of all; the client ended by itself, and nothing went wrong."""
    assert told.all("refused") == []
    assert told.all("finished") == [None]
    kinds = [message["message"] for message in told.all("message")]
    assert set(kinds) <= KNOWN
    assert set(kinds[: kinds.index("RecognitionStarted")]) <= {"Info"}
    assert kinds.count("RecognitionStarted") == kinds.count("EndOfTranscript") == 1
    assert kinds[-1] == "EndOfTranscript"


def check_acknowledged(told: Told, chunks: int, channel: str | None = None) -> None:
    """Each chunk was, once and in order."""
    kind = "ChannelAudioAdded" if channel else "AudioAdded"
    assert [message["seq_no"] for message in messages(told, kind, channel=channel)] == list(range(1, chunks + 1))


def count(client: str, size: int) -> int:
    return math.ceil(size / CHUNK[client])


@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_gets_its_session(url: str, speech: Path, client: str) -> None:
    """Partials before finals and one behind each, the ends of utterances, and whoever can asks for the last one."""
    with tcp(url) as (address, relay):
        target = f"{websocket(address)}/v2"
        if client == "sdk":
            told = speak(client, target, speech, kind="live", pause=10)
        else:
            told = speak(client, target, speech)
    check(told)
    check_acknowledged(told, count("sdk live" if client == "sdk" else client, len(SPEECH)))
    assert utterances(told) == TEXTS
    said = messages(told, *TRANSCRIPTS)
    assert next(message["message"] for message in said if message.get("results")) == "AddPartialTranscript"
    kinds = [message["message"] for message in said]
    assert [kinds[at + 1] for at, kind in enumerate(kinds) if kind == "AddTranscript"] == (
        ["AddPartialTranscript"] * kinds.count("AddTranscript")
    )
    forced = [message.get("forced") for message in messages(told, "EndOfUtterance")]
    if client == "older":  # it does not know how to ask
        assert forced == [None, None, None]
        assert relay.asked == ["GET /v2/en"]
    else:
        assert forced == [None, None, True]
        assert relay.asked == [*(["POST /v1/api_keys"] if client == "node" else []), "GET /v2"]


@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_gets_what_it_asked_for(url: str, speech: Path, client: str) -> None:
    """Without partials and ends of utterances there are finals only, whose texts make one."""
    told = speak(client, f"{url}/v2", speech, {"language": "en"})
    check(told)
    said = messages(told, *TRANSCRIPTS)
    forced = client == "node"
    assert {message["message"] for message in said} == {"AddTranscript", *(["EndOfUtterance"] if forced else [])}
    finals = messages(told, "AddTranscript")
    assert [word for message in finals for word in content(message)] == list(SPOKEN)
    assert "".join(message["metadata"]["transcript"] for message in finals) == f"{' '.join(SPOKEN)} "


@pytest.mark.parametrize("client", CLIENTS)
def test_a_whole_file_at_once(url: str, tmp_path: Path, client: str) -> None:
    """Its format is told by nobody but itself."""
    recording = tmp_path / "speech.wav"
    recording.write_bytes(wav_bytes(SPEECH, AudioFormat()))
    told = speak(client, f"{url}/v2", recording, kind="file")
    check(told)
    check_acknowledged(told, count(client, recording.stat().st_size))
    assert utterances(told) == TEXTS


@pytest.mark.parametrize("client", ["sdk", "older"])
def test_the_official_client_keeps_channels_apart(url: str, speech: Path, client: str) -> None:
    """Each has its own words, ends of utterances and acknowledgements."""
    speech.with_name("speech.raw.2").write_bytes(OTHER)
    options = {**ASKED, "diarization": "channel", "channel_diarization_labels": ["agent", "customer"]}
    told = speak(client, f"{url}/v2", speech, options, kind="channels")
    check(told)
    assert utterances(told, "agent") == TEXTS
    assert utterances(told, "customer") == [TEXTS[2], TEXTS[0]]
    for channel, audio in (("agent", SPEECH), ("customer", OTHER)):
        check_acknowledged(told, count(client, len(audio)), channel)


def test_the_older_client_may_ask_for_something_else(url: str, speech: Path) -> None:
    """It says all of its configuration again, and the ends of utterances are what changes."""
    asked = {"language": "en", "enable_partials": True, "max_delay": 1.0}
    update = {"conversation_config": ASKED["conversation_config"]}
    told = speak("older", f"{url}/v2", speech, {**asked, "update": update})
    check(told)
    assert utterances(told) == TEXTS


@pytest.mark.parametrize("client", ["sdk", "older"])
def test_the_official_client_may_ask_for_a_temporary_key(url: str, speech: Path, client: str) -> None:
    """And show it in place of its key; the client of browsers has no other way."""
    with tcp(url) as (address, relay):
        told = speak(client, f"{websocket(address)}/v2", speech, {**ASKED, "grant": 60})
    check(told)
    assert " ".join(utterances(told)) == " ".join(TEXTS)
    assert relay.asked == ["POST /v1/api_keys", "GET /v2/en" if client == "older" else "GET /v2"]


@pytest.mark.parametrize("client", [*CLIENTS, "sdk grant"])
def test_the_official_client_is_refused_once(client: str, speech: Path) -> None:
    """A wrong key is the client's own error, and it does not come back."""
    client, _, grant = client.partition(" ")
    with (
        local("coded", authenticate=lambda credential: None) as address,
        tcp(address) as (relayed, relay),
    ):
        told = speak(client, f"{websocket(relayed)}/v2", speech, {**ASKED, **({"grant": 60} if grant else {})})
    [refused] = told.all("refused")
    if client == "node":
        assert refused["class"] == "SpeechmaticsJWTError"
    elif client == "sdk":
        assert refused["class"] == "AuthenticationError" if grant else "ConnectionError"
    assert "401" in refused["text"]
    assert messages(told, *KNOWN) == []
    assert told.all("finished") == []
    assert "any-key" not in json.dumps(told.items)
    assert len(relay.asked) == 1


@pytest.mark.parametrize(
    ("client", "options", "type_", "reason"),
    [
        *((client, {"max_delay": 9}, "invalid_config", "max_delay") for client in CLIENTS),
        *((client, {"language": "xx"}, "invalid_model", "xx") for client in ("sdk", "node")),
    ],
)
def test_what_cannot_be_asked_for(
    url: str, speech: Path, client: str, options: Mapping[str, Any], type_: str, reason: str
) -> None:
    """The client's own error says what is wrong, and it does not come back."""
    with tcp(url) as (address, relay):
        told = speak(client, f"{websocket(address)}/v2", speech, {**ASKED, **options})
    [refused] = told.all("refused")
    [error] = messages(told, "Error")
    assert error["type"] == type_
    assert reason in error["reason"]
    if client == "node":
        assert refused["text"] == type_
    else:
        assert refused == {"class": "TranscriptionError", "text": error["reason"]}
    assert relay.upgrades == 1


def test_a_language_that_there_is_not_is_no_path(url: str, speech: Path) -> None:
    """The older client asks for it in the path as well, so it is refused before it can speak."""
    told = speak("older", f"{url}/v2", speech, {**ASKED, "language": "xx"})
    [refused] = told.all("refused")
    assert "404" in refused["text"]
    assert messages(told, *KNOWN, "Error") == []


@pytest.mark.parametrize(
    ("client", "kind", "early"),
    [
        ("sdk", "live", True),
        ("sdk", "live", False),
        ("sdk", "raw", False),
        ("sdk", "channels", False),
        ("older", "raw", True),
        ("older", "channels", False),
        ("node", "raw", False),
    ],
)
def test_a_failure_behind_the_gateway(speech: Path, client: str, kind: str, early: bool) -> None:
    """The client is told, and ends by itself; the SDK of today tells those that listen, and raises at more audio."""
    speech.with_name("speech.raw.2").write_bytes(OTHER)
    labels = {"diarization": "channel", "channel_diarization_labels": ["agent", "customer"]}
    with no_thread_left(), failing(early=early) as url:
        told = speak(client, f"{url}/v2", speech, {**ASKED, **(labels if kind == "channels" else {})}, kind=kind)
    [error] = messages(told, "Error")
    assert error["type"] == "job_error"
    assert len(told.all("finished") + told.all("refused")) == 1
    if client == "older":
        assert told.all("refused") == [{"class": "TranscriptionError", "text": error["reason"]}]


def test_real_speech(tmp_path: Path) -> None:
    """The embedded recogniser hears it; each of its finals is told once."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(RMS)) as file:
        audio = file.readframes(4 * file.getframerate())
    speech = tmp_path / "speech.raw"
    speech.write_bytes(audio)
    with no_thread_left(), local("local") as url:
        told = speak("sdk", f"{url}/v2", speech)
    check(told)
    heard = " ".join(utterances(told)).split()
    assert {"train", "airport", "leaves", "twenty", "minutes"} & {word.strip(".,?").lower() for word in heard}


def test_the_older_client_and_its_own_settings(speech: Path, tmp_path: Path) -> None:
    """A key is all that its program tells; over TLS it asks for a temporary one, where its platform is said to be."""
    authority = trustme.CA()
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with no_thread_left(), local("coded", ssl_context=context) as url:
        (tmp_path / ".speechmatics").mkdir()
        (tmp_path / ".speechmatics" / "config").write_text(f'[default]\nrealtime_url = "{url}/v2"\n')
        platform = f"https{url.removeprefix('wss')}"
        environment = {
            "HOME": str(tmp_path),
            "SSL_CERT_FILE": str(certificate),
            "SM_MANAGEMENT_PLATFORM_URL": platform,
        }
        told = speak("older", "", speech, {"language": "en"}, environment=environment)
    check(told)
    assert " ".join(utterances(told)) == " ".join(SPOKEN)


# The command.


def command(tmp_path: Path, *argv: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the vendor's command, which has no settings of its own, and return what it printed."""
    environ = {**os.environ, **older(".speechmatics5"), "HOME": str(tmp_path), **environment}
    program = PROGRAMS / ".speechmatics5" / "bin" / "speechmatics"
    argv = (sys.executable, program, "rt", "transcribe", "--auth-token", "any-key", *argv)
    return subprocess.run(argv, capture_output=True, text=True, timeout=WAIT, check=False, env=environ)


RAW = ("--raw", "pcm_s16le", "--sample-rate", "16000")
PLAIN: Sequence[str] = ("--ssl-mode", "none", *RAW)


@pytest.mark.parametrize("path", ["/v2/en", "/v2", "/v2/", ""])
def test_the_command_prints_the_words(url: str, speech: Path, tmp_path: Path, path: str) -> None:
    """It adds the language to the path, to no path too."""
    with tcp(url) as (address, relay):
        done = command(tmp_path, "--url", f"{websocket(address)}{path}", *PLAIN, speech)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(SPOKEN)
    assert relay.asked == [f"GET {'/v2/en' if path else '/en'}"]


def test_the_command_and_a_temporary_key(url: str, speech: Path, tmp_path: Path) -> None:
    """It asks the platform for one, which is the gateway too; the ends of utterances are printed."""
    more = ("--generate-temp-token", "--end-of-utterance-silence-trigger", "0.5")
    with tcp(url) as (address, relay):
        argv = ("--url", f"{websocket(address)}/v2", *PLAIN, *more)
        done = command(tmp_path, *argv, speech, SM_MANAGEMENT_PLATFORM_URL=address)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split()).split("[EndOfUtterance]")
    assert [text.strip() for text in said if text] == TEXTS
    assert relay.asked == ["POST /v1/api_keys", "GET /v2/en"]


def test_the_command_over_tls(speech: Path, tmp_path: Path) -> None:
    """With a certificate that nobody vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with local("coded", ssl_context=context) as url:
        done = command(tmp_path, "--url", f"{url}/v2", "--ssl-mode", "insecure", *RAW, speech)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(SPOKEN)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--max-delay", "9"), "TranscriptionError: "),
        (("--language", "xx"), "that the language in the url matches the config"),
    ],
)
def test_the_command_says_what_is_wrong(url: str, speech: Path, tmp_path: Path, more: Sequence[str], says: str) -> None:
    """In words of its own, and it fails."""
    done = command(tmp_path, "--url", f"{url}/v2", *PLAIN, *more, speech)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


# Voice agents.


@pytest.mark.parametrize("preset", ["fixed", "external"])
def test_a_voice_agent(url: str, speech: Path, preset: str) -> None:
    """Turns from start to end; with the preset external the agent itself says when, once."""
    pytest.importorskip("speechmatics.voice")
    if preset == "fixed":
        speech.write_bytes(SPEECH + encode([1.0]))
    expected = TEXTS if preset == "fixed" else [" ".join(TEXTS)]
    script = PROGRAMS / "speechmatics_voice.py"
    told = printed([sys.executable, script, preset, f"{url}/v2", speech, str(len(expected))])
    assert told.all("finished") == [None]
    turns: list[list[str]] = []
    for message in messages(told, "StartOfTurn", "AddSegment", "EndOfTurn"):
        if message["message"] == "StartOfTurn":
            turns.append([])
        elif message["message"] == "AddSegment":
            turns[-1] += [segment["text"] for segment in message["segments"]]
    assert [" ".join(turn) for turn in turns] == expected
    assert messages(told, "AddPartialSegment")
    assert messages(told, "Error", "Warning") == []


# A customer's program.


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT is sent there")
@pytest.mark.parametrize("pause", ["0.02", "0.002"])
def test_a_customers_program(url: str, tmp_path: Path, pause: str) -> None:
    """Floats of 48 kHz; Ctrl+C: EndOfStream, a second, and the transcript is complete before the close.

    It speaks about as fast as it hears, or faster.
    """
    speech = tmp_path / "speech.raw"
    speech.write_bytes(encode([0.3, *SPOKEN, 0.5], AudioFormat(48_000, "pcm_f32le")))
    with tcp(url) as (address, relay):
        program: list[str | Path] = [
            sys.executable,
            PROGRAMS / "speechmatics_guide.py",
            websocket(address),
            speech,
            pause,
        ]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(WAIT, process.kill)
            timer.start()
            try:
                assert process.stdout
                lines: list[str] = []
                while finals(lines) != list(SPOKEN):
                    lines.append(process.stdout.readline().rstrip())
                    assert lines[-1], "it ended before its last word"
                process.send_signal(signal.SIGINT)
                rest, trouble = process.communicate(timeout=WAIT)
            finally:
                timer.cancel()
                timer.join()
                process.kill()
    assert (process.returncode, trouble) == (0, "")
    assert lines[0].startswith("began ")
    assert lines[1].startswith("partial ")
    assert "complete" in rest.splitlines()
    assert not any(line.startswith("error") for line in (*lines, *rest.splitlines()))
    assert relay.asked == ["GET /v2/en HTTP/1.1"]


def finals(lines: list[str]) -> list[str]:
    return [word for line in lines if line.startswith("final ") for word in line.removeprefix("final ").split()]
