"""``transcribe`` against scripted servers: what comes out, and how each failure is told."""

from __future__ import annotations

import json
import pty
import random
import socket
import ssl
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from attrs import evolve

from aai_migrate import registry
from aai_migrate.audio import AudioFormat
from aai_migrate.provider import ClientPeer, Context

from .conftest import KEY, Outcome, Run, tone
from .screen import Screen
from .vendor import BINARY, CLOSE, TEXT, Line, Script, vendor

FAST = ["--provider", "assemblyai-v3", "--speed", "0"]
FAST_AUDIO = "– (the audio came faster than speech)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait for nothing: the jitter is drawn at its least."""
    monkeypatch.setattr(random.Random, "uniform", lambda self, low, high: low)


def good(line: Line) -> None:
    """Hears two turns."""
    line.begin()
    line.until(lambda opcode, data: opcode == BINARY)
    line.turn(0, "one two", end=False)
    line.turn(0, "one two", end=True)
    line.turn(1, "three", end=True)
    line.terminate()


def records(outcome: Outcome) -> list[Any]:
    return [json.loads(line) for line in outcome.out.splitlines()]


def talk(run: Run, script: Script, clip: Path, *more: str) -> Outcome:
    with vendor(script) as url:
        return run("transcribe", clip, *FAST, "--base-url", url, *more)


def test_json_lines(run: Run, clip: Path) -> None:
    """In a pipe, one line of JSON an event, from Begin to Termination; the summary is on stderr."""
    outcome = talk(run, good, clip)
    events = records(outcome)
    assert (outcome.code, outcome.remarks) == (0, ["2 turns, 1.0 s of audio, complete"])
    types = [event["type"] for event in events]
    assert (types[0], {*types[1:-1]}, types[-1]) == ("Begin", {"Turn"}, "Termination")
    assert events[0]["settings"]["sample_rate"] == 16000
    assert [event["transcript"] for event in events if event.get("end_of_turn")] == ["one two", "three"]
    assert events[-1]["complete"] is True
    assert events[-1]["audio_seconds"] == 1.0
    assert KEY not in outcome.out


def test_text(run: Run, clip: Path) -> None:
    """--text: ended turns one a line, a summary on stderr."""
    outcome = talk(run, good, clip, "--text")
    assert (outcome.code, outcome.out) == (0, "one two\nthree\n")
    assert outcome.err.splitlines() == [
        "aai-migrate: 2 turns, 1.0 s of audio, complete",
        f"aai-migrate: first words: {FAST_AUDIO}; final: {FAST_AUDIO}",
        "aai-migrate: served by: assemblyai-v3 u3-rt-pro; converted: nothing",
        "aai-migrate: gaps: none; reconnects: none",
    ]


def test_settings_reach_the_wire(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Model, language, options, the vendor's own words and the key are what the server is shown."""
    heads = []

    def script(line: Line) -> None:
        heads.append(line.head)
        good(line)

    monkeypatch.setenv("OTHER_KEY", "other-0123456789")
    more = [
        "--model",
        "u3-rt-agent",
        "--language",
        "de",
        "-o",
        "turn_silence=0.4",
        "-o",
        "assemblyai-v3.vad_threshold=0.3",
    ]
    outcome = talk(run, script, clip, *more, "--api-key-env", "OTHER_KEY")
    assert outcome.code == 0
    target = heads[0].splitlines()[0]
    for word in ("speech_model=u3-rt-agent", "de", "min_turn_silence=400", "vad_threshold=0.3"):
        assert word in target
    assert "other-0123456789" in heads[0]
    assert KEY not in heads[0]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_size_unknown(run: Run, tmp_path: Path, size: int) -> None:
    """A file whose writer did not know its size is read to its end."""
    path = tmp_path / "x.wav"
    whole = tone(0.5)
    path.write_bytes(whole[:40] + struct.pack("<I", size) + whole[44:])
    outcome = talk(run, good, path)
    assert (outcome.code, outcome.remarks) == (0, ["2 turns, 0.5 s of audio, complete"])
    assert records(outcome)[-1]["audio_seconds"] == 0.5


def test_cut_short(run: Run, tmp_path: Path) -> None:
    """A file that is cut short is transcribed as far as it goes; stderr and the exit code say so."""
    path = tmp_path / "x.wav"
    path.write_bytes(tone(1.0)[:-16_000])
    outcome = talk(run, good, path)
    assert outcome.code == 3
    assert outcome.remarks == [
        f"{path}: file is cut short: 0.500 s of 1.000 s",
        "2 turns, 0.5 s of audio, complete",
    ]
    assert records(outcome)[-1]["complete"] is True


def test_seven_channels(run: Run, tmp_path: Path) -> None:
    """More channels than can be mixed sensibly: what to do is said, nothing is dialled."""
    path = tmp_path / "x.wav"
    path.write_bytes(tone(0.5, AudioFormat(16_000, "pcm_s16le", 7)))
    outcome = talk(run, lambda line: pytest.fail("dialled"), path)
    assert (outcome.code, outcome.out) == (2, "")
    assert "7 channels" in outcome.line
    assert "sox IN OUT.wav remix" in outcome.line


def test_notices_of_the_stream(run: Run, clip: Path) -> None:
    """What the vendor warns of is an event for programs and a remark for people."""

    def script(line: Line) -> None:
        line.begin()
        line.say(type="Warning", warning_code=1, warning="mind\nthe gap")
        line.terminate()

    assert {"type": "Notice", "code": "assemblyai-v3:1", "message": "mind\nthe gap"} in records(talk(run, script, clip))
    assert "aai-migrate: mind the gap\n" in talk(run, script, clip, "--text").err


def test_reconnect_is_survived(run: Run, clip: Path) -> None:
    """A connection that breaks in mid-turn is replaced; the words come once."""
    lines = []

    def script(line: Line) -> None:
        lines.append(line)
        if len(lines) > 1:
            return good(line)
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        return line.turn(0, "one", end=False)

    outcome = talk(run, script, clip)
    types = [event["type"] for event in records(outcome)]
    assert outcome.code == 0
    assert types.count("Reconnecting") == types.count("Reconnected") == types.count("Begin") == 1
    ended = [event["transcript"] for event in records(outcome) if event.get("end_of_turn")]
    assert ended == ["one two", "three"]
    lines.clear()
    assert "; trying again in 0.0 s\n" in talk(run, script, clip, "--text").err


# Failures while running: one line, exit 1.


def test_unreachable(run: Run, clip: Path) -> None:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = run("transcribe", clip, *FAST, "--base-url", f"ws://127.0.0.1:{port}")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line.startswith("assemblyai-v3: connection refused")


def test_unknown_host(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve."""

    def unknown(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = run("transcribe", clip, *FAST, "--base-url", "ws://no.such.host.invalid")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line.startswith("assemblyai-v3: host name not found")


def test_certificate_refused(run: Run, clip: Path) -> None:
    """A certificate that nobody vouches for is not accepted, and not retried."""
    lines: list[Line] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with vendor(lines.append, context) as url:
        outcome = run("transcribe", clip, *FAST, "--base-url", url)
    assert (outcome.code, outcome.out, lines) == (1, "", [])
    assert outcome.line.startswith("assemblyai-v3: TLS failed")
    assert "the certificate of 127.0.0.1 is refused" in outcome.line


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (
            "401 Unauthorized",
            '{"error": "Invalid API key"}',
            "assemblyai-v3: Invalid API key (HTTP 401); check the key",
        ),
        (
            "402 Payment Required",
            "no\nfunds",
            "assemblyai-v3: no funds (HTTP 402); wait",
        ),
        (
            "400 Bad Request",
            f'{{"error": "bad key {KEY}"}}',
            "assemblyai-v3: bad key *** (HTTP 400); change",
        ),
        (
            "404 Not Found",
            "",
            "assemblyai-v3: the handshake was refused (HTTP 404); check that --base-url names",
        ),
    ],
)
def test_handshake_refused(run: Run, clip: Path, status: str, body: str, says: str) -> None:
    """The status and the vendor's words are shown, and what to do; the key is not."""
    outcome = talk(run, lambda line: line.refuse(status, body), clip)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line.startswith(says)


NETWORK = "; check the network and --base-url, then try again"


def test_says_nothing(run: Run, clip: Path) -> None:
    """A server that accepts and never greets."""

    def mute(line: Line) -> None:
        line.accept()
        line.until(lambda opcode, data: False)

    outcome = talk(run, mute, clip, "-o", "connect_timeout=0.05")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line == f"assemblyai-v3: no greeting within 0.05 s{NETWORK}"


def test_accepts_no_handshake(run: Run, clip: Path) -> None:
    """A server that takes the connection and does not even answer the request."""

    def deaf(line: Line) -> None:
        line.until(lambda opcode, data: False)

    outcome = talk(run, deaf, clip, "-o", "connect_timeout=0.05")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line == f"assemblyai-v3: no greeting within 0.05 s{NETWORK}"


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 40, b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>"])
def test_garbage(run: Run, clip: Path, garbage: bytes) -> None:
    """A server that speaks something else."""
    outcome = talk(run, lambda line: line.raw(garbage), clip, "-o", "connect_timeout=2")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line.startswith("assemblyai-v3: ")


def test_garbage_after_begin(run: Run, clip: Path) -> None:
    """A session that turns into nonsense fails after its retries, with Termination before the error."""

    def script(line: Line) -> None:
        line.begin()
        line.frame(TEXT, b"{{{")
        line.until(lambda opcode, data: opcode == CLOSE)

    outcome = talk(run, script, clip)
    assert outcome.code == 1
    assert outcome.remarks[-1].startswith("assemblyai-v3: the server sent ")
    assert records(outcome)[-1]["type"] == "Termination"
    assert records(outcome)[-1]["complete"] is False


def test_message_of_100_mb(run: Run, clip: Path) -> None:
    """A message beyond any limit is not read to its end."""

    def script(line: Line) -> None:
        line.begin()
        line.raw(b"\x81\x7f" + struct.pack(">Q", 100 << 20))
        for _ in range(100):
            line.raw(bytes(1 << 20))

    outcome = talk(run, script, clip)
    assert outcome.code == 1
    assert outcome.remarks[-1].startswith("assemblyai-v3: a message was over the limit")


def test_closes_in_mid_turn_for_ever(run: Run, clip: Path) -> None:
    """The budget of retries has an end."""

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        line.turn(0, "one", end=False)
        line.frame(CLOSE, struct.pack(">H", 1011) + b"oh no")

    outcome = talk(run, script, clip)
    events = records(outcome)
    assert outcome.code == 1
    assert "oh no" in outcome.remarks[-1]
    assert events[-1]["type"] == "Termination"
    assert not events[-1]["complete"]
    assert 5 <= [event["type"] for event in events].count("Reconnecting") <= 50


def test_no_last_word(run: Run, clip: Path) -> None:
    """A vendor that never ends the session: what it said is printed, then the failure."""

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        line.turn(0, "one two", end=True)
        line.until(lambda opcode, data: False)

    outcome = talk(run, script, clip, "--text", "-o", "drain_timeout=0.05")
    assert (outcome.code, outcome.out) == (1, "one two\n")
    assert "aai-migrate: 1 turn, 1.0 s of audio, truncated: " in outcome.err
    end = f"aai-migrate: assemblyai-v3: no end of the session within 0.05 s of stop{NETWORK}"
    assert outcome.err.splitlines()[-1] == end


def test_lost_audio(run: Run, clip: Path) -> None:
    """Audio that nobody heard and nobody holds any more: done, but exit 3 and the reason."""
    lines: list[Line] = []

    def script(line: Line) -> None:
        lines.append(line)
        if len(lines) > 1:
            return good(line)
        line.begin()
        line.until(lambda opcode, data: opcode == TEXT and b"Terminate" in data)
        return None

    outcome = talk(run, script, clip, "--text", "-o", "hold_bytes=8000")
    assert (outcome.code, outcome.out) == (3, "one two\nthree\n")
    assert "aai-migrate: audio from 0.0 to 0.8 s is lost\n" in outcome.err
    assert outcome.remarks[-1] == "2 turns, 1.0 s of audio, truncated: audio lost, 0.8 s unconfirmed"
    assert "aai-migrate: gaps: 1 (0.8 s lost); reconnects: 1 (" in outcome.err


def test_full_disk(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output that cannot be written is a failure of ours to tell."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        outcome = talk(run, good, clip)
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.close()
    assert outcome.code == 1
    assert outcome.line == "No space left on device"


def test_closed_output(run: Run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With stdout closed (``>&-``) nothing is dialled unless there are subtitles to write."""
    monkeypatch.setattr(sys, "stdout", None)
    outcome = talk(run, lambda line: pytest.fail("dialled"), clip)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith("standard output is closed, so nobody would read a word; open it, or name a file")
    path = tmp_path / "x.srt"
    outcome = talk(run, good, clip, "--srt", str(path))
    assert (outcome.code, outcome.out) == (0, "")
    assert "one two\n\n" in path.read_text()
    monkeypatch.setattr(sys, "stderr", None)
    assert talk(run, good, clip) == Outcome(2, "", "")


# Subtitles beside the transcript.


def test_a_refused_key_leaves_old_subtitles_alone(run: Run, clip: Path, tmp_path: Path) -> None:
    """A file is replaced when the session has begun, not before."""
    path = tmp_path / "x.srt"
    path.write_text("yesterday's")
    outcome = talk(run, lambda line: line.refuse("401 Unauthorized", "no"), clip, "--srt", str(path))
    assert (outcome.code, path.read_text()) == (1, "yesterday's")
    assert talk(run, good, clip, "--srt", str(path)).code == 0
    assert path.read_text().startswith("1\n00:00:00,000 --> 00:00:0")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_subtitles_that_cannot_be_written(run: Run, clip: Path, tmp_path: Path) -> None:
    """One line names the file, the transcript goes on to its end, the exit code says that something is missing."""
    good_path, bad_path = tmp_path / "x.vtt", Path("/dev/full")
    outcome = talk(run, good, clip, "--text", "--srt", str(bad_path), "--vtt", str(good_path))
    assert (outcome.code, outcome.out) == (3, "one two\nthree\n")
    assert outcome.remarks == [
        f"{bad_path}: No space left on device; it lacks subtitles from here on, the transcript goes on",
        "2 turns, 1.0 s of audio, complete",
    ]
    assert "three\n\n" in good_path.read_text()


def test_subtitles_of_a_session_that_fails(run: Run, clip: Path, tmp_path: Path) -> None:
    """What was said until then is there."""

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        line.turn(0, "one two", end=True)
        line.until(lambda opcode, data: False)

    path = tmp_path / "x.srt"
    outcome = talk(run, script, clip, "--srt", str(path), "-o", "drain_timeout=0.05")
    assert outcome.code == 1
    assert "\none two\n\n" in path.read_text()


def test_bug_is_one_line(run: Run, clip: Path) -> None:
    """What nobody foresaw, as in a plug-in, asks to be reported."""

    def broken(context: Context) -> ClientPeer:
        raise ZeroDivisionError("oops")

    registry.register(evolve(registry.find("coded"), name="broken", client=broken))
    try:
        outcome = run("transcribe", clip, "-p", "broken")
    finally:
        registry.unregister("broken")
    assert outcome.code == 1
    assert outcome.line.startswith("internal error, please report it with the output of --debug: ZeroDivisionError")


def watch(run: Run, clip: Path, stream: str) -> tuple[Outcome, str]:
    """Run with *stream* on a terminal; return also all that the terminal was sent."""
    ours, theirs = pty.openpty()
    with open(theirs, "w") as terminal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, stream, terminal)
        outcome = talk(run, good, clip)
    shown = b""
    with open(ours, "rb", buffering=0) as screen, suppress(OSError):  # EIO: that was all
        while piece := screen.read(65536):
            shown += piece
    return outcome, shown.decode()


def test_terminal(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: the open turn rewritten in place, then the ended ones."""
    monkeypatch.setenv("TERM", "xterm")
    outcome, shown = watch(run, clip, "stdout")
    assert (outcome.code, outcome.remarks) == (0, ["2 turns, 1.0 s of audio, complete"])
    screen = Screen(200)
    screen.write(shown)
    assert "0.0/1.0 s  0 %  connecting" in shown
    assert screen.lines == ["one two", "three"]
    assert screen.cursor


def test_progress_beside_a_pipe(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only stderr is a terminal, progress is shown there and wiped out at the end."""
    monkeypatch.setenv("TERM", "xterm")
    outcome, shown = watch(run, clip, "stderr")
    assert outcome.code == 0
    assert "\r" not in outcome.out
    assert "\x1b" not in outcome.out
    assert "0.0/1.0 s  0 %  connecting" in shown
    screen = Screen(200)
    screen.write(shown)
    assert screen.lines[1] == "2 turns, 1.0 s of audio, complete"
    assert screen.lines[-1] == "reconnects   none"
