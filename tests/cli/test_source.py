"""Where the audio comes from: files, pipes, standard input."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.cli.source import Pipe, Wanted
from aai_migrate.errors import ConfigError
from aai_migrate.testing import coded

from .conftest import Outcome, Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes are others there")

SPOKEN = coded.words(5)
SPEECH = coded.encode([*SPOKEN, 1.5])
CODED = ["-p", "coded", "--json"]


@contextmanager
def piped(*data: bytes) -> Iterator[int]:
    """The reading end of a pipe through which *data* comes, from a thread."""
    reader, writer = os.pipe()

    def write() -> None:
        with open(writer, "wb", buffering=0) as pipe:
            for piece in data:
                pipe.write(piece)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield reader
    finally:
        thread.join()


def from_stdin(run: Run, data: bytes, *words: object) -> Outcome:
    with piped(data) as reader, open(reader, "rb") as stdin, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        return run("transcribe", "-", *CODED, *words)


def heard(outcome: Outcome) -> list[str]:
    events = [json.loads(line) for line in outcome.out.splitlines()]
    return [word for event in events if event.get("end_of_turn") for word in event["transcript"].split()]


def test_wav_from_standard_input(run: Run) -> None:
    """A WAV that comes through a pipe is known by its first bytes, and not slowed down."""
    outcome = from_stdin(run, wav_bytes(SPEECH, AudioFormat()))
    assert (outcome.code, heard(outcome)) == (0, list(SPOKEN))


def test_a_file_on_standard_input(run: Run, tmp_path: Path) -> None:
    """``- < call.wav`` is a file like any other."""
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(SPEECH, AudioFormat()))
    with path.open("rb") as stdin, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        outcome = run("transcribe", "-", *CODED, "--speed", "0")
    assert (outcome.code, heard(outcome)) == (0, list(SPOKEN))


def test_a_pipe_with_a_name(run: Run, tmp_path: Path) -> None:
    """As a shell's ``<(…)``: read as it comes."""
    with piped(wav_bytes(SPEECH, AudioFormat())) as reader:
        outcome = run("transcribe", f"/dev/fd/{reader}", *CODED)
        os.close(reader)
    assert (outcome.code, heard(outcome)) == (0, list(SPOKEN))


@pytest.mark.parametrize("form", [AudioFormat(), AudioFormat(8_000, "pcm_mulaw"), AudioFormat(16_000, "pcm_s16le", 2)])
def test_raw_samples(run: Run, form: AudioFormat) -> None:
    """Samples without a header are what the options say."""
    speech = coded.encode([*SPOKEN, 1.5], form)
    said = ["--raw", "--sample-rate", form.sample_rate, "--encoding", form.encoding, "--audio-channels", form.channels]
    outcome = from_stdin(run, speech, *said)
    assert (outcome.code, heard(outcome)) == (0, list(SPOKEN))


def test_so_many_seconds(run: Run, clip: Path) -> None:
    """--seconds ends a file as if it were shorter."""
    outcome = run("transcribe", clip, *CODED, "--speed", "0", "--seconds", "0.25")
    assert json.loads(outcome.out.splitlines()[-1])["audio_seconds"] == 0.25
    assert (outcome.code, outcome.remarks) == (0, ["no speech, 0.2 s of audio, complete"])


def test_silence_is_no_speech(run: Run, tmp_path: Path) -> None:
    """Nothing said, everything heard: that is done, and said so."""
    path = tmp_path / "silence.wav"
    path.write_bytes(wav_bytes(bytes(64_000), AudioFormat()))
    outcome = run("transcribe", path, *CODED, "--speed", "0", "--text")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.remarks == ["no speech, 2.0 s of audio, complete"]


def test_standard_input_that_is_no_audio(run: Run) -> None:
    """What is wrong with it is said of standard input."""
    assert from_stdin(run, b"hello, world, this is no audio").line.startswith("standard input: ")
    outcome = from_stdin(run, b"")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith("standard input: file is empty")


def test_standard_input_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed, or a terminal where somebody would have to sing bytes."""
    monkeypatch.setattr(sys, "stdin", None)
    assert run("transcribe", "-", *CODED).line == "standard input is closed; pipe audio into it, or name a file"
    ours, theirs = os.openpty()
    with open(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        assert run("transcribe", "-", *CODED).line.startswith("standard input is a terminal; pipe audio into it")
    os.close(ours)


def test_a_pipe_that_is_stopped() -> None:
    """Whoever waits for bytes that do not come is woken, and sees the end."""
    reader, writer = os.pipe()
    pipe = Pipe(reader, "pipe")
    os.write(writer, b"abc")
    assert pipe.read(2) == b"ab"
    assert pipe.read(2) == b"c"
    threading.Thread(target=pipe.stop).start()
    assert pipe.read(2) == b""
    os.write(writer, b"more")
    assert pipe.read(2) == b""
    pipe.close()
    pipe.close()
    pipe.stop()
    os.close(writer)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(), "name a FILE, - for standard input, or --mic"),
        (Wanted(file="x", mic=True), "--mic and 'x' are two sources; leave one out"),
        (Wanted(mic=True, speed=1.0), "--speed is for files; a microphone"),
        (Wanted(mic=True, raw=True), "--raw is for files"),
        (Wanted(file="x", device="1"), "--device goes with --mic"),
        (Wanted(file="x", audio_channels=2), "--audio-channels goes with --raw or --mic"),
        (Wanted(file="x", sample_rate=8000), "--sample-rate goes with --raw or --mic"),
        (Wanted(file="x", raw=True, encoding="pcm_mulaw"), "--raw needs --sample-rate"),
        (Wanted(file="x", seconds=0.0), "--seconds: 0.0 is not a number above 0"),
        (Wanted(file="x", seconds=float("nan")), "--seconds: nan is not a number above 0"),
        (Wanted(file="x", speed=-1.0), "--speed: speed -1.0 is not a number from 0"),
    ],
)
def test_what_does_not_go_together(wanted: Wanted, says: str) -> None:
    """Each is said before anything is opened."""
    with pytest.raises(ConfigError, match=says):
        wanted.check()


def test_what_goes_together() -> None:
    """A microphone may be asked for a format, a file for its beginning."""
    Wanted(mic=True, device="2", sample_rate=16_000, encoding="pcm_s16le", audio_channels=1, seconds=3.0).check()
    Wanted(file="-", speed=1.0, seconds=0.1).check()
    Wanted(file="-", raw=True, sample_rate=8_000).check()


def test_subtitles_of_standard_input(run: Run, tmp_path: Path) -> None:
    """Several files beside each other and beside the transcript."""
    files = [tmp_path / name for name in ("a.srt", "b.srt", "c.vtt")]
    more = [word for file in files for word in (f"--{file.suffix[1:]}", file)]
    outcome = from_stdin(run, wav_bytes(SPEECH, AudioFormat()), *more)
    assert (outcome.code, heard(outcome)) == (0, list(SPOKEN))
    for file in files:
        assert set(SPOKEN) <= set(file.read_text().split())
    assert files[0].read_text() == files[1].read_text()


# A microphone, with a sound system that follows a script.


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let what a word stands for happen in the process that records."""
    monkeypatch.delitem(sys.modules, "pyaudio", raising=False)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "audio" / "scripted"))
    return lambda words: monkeypatch.setenv("SCRIPTED_PYAUDIO", words)


def test_a_microphone(run: Run, sound: Callable[[str], None]) -> None:
    """What it hears is transcribed, for so many seconds, at the rate it has."""
    sound("")
    outcome = run("transcribe", "--mic", "--device", "Desk", "--audio-channels", 2, *CODED, "--seconds", 0.5)
    events = [json.loads(line) for line in outcome.out.splitlines()]
    assert (outcome.code, events[0]["type"], events[-1]["audio_seconds"]) == (0, "Begin", 0.5)
    assert outcome.remarks[-1] == "no speech, 0.5 s of audio, complete"


@pytest.mark.parametrize(
    ("happens", "words", "says"),
    [
        ("no-devices", [], "there is no microphone: "),
        ("", ["--device", "7"], "device 7 is no microphone; choose one of: "),
        ("", ["--device", "piano"], "no microphone is called 'piano'; choose one of: "),
        ("missing", [], "the microphone needs"),
    ],
)
def test_a_microphone_that_is_not_there(
    run: Run, sound: Callable[[str], None], happens: str, words: list[str], says: str
) -> None:
    """One line that says what to do, before anything is dialled."""
    sound(happens)
    outcome = run("transcribe", "--mic", *words, *CODED)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith(says)


def test_a_microphone_that_dies(run: Run, sound: Callable[[str], None]) -> None:
    """What it heard is transcribed; then it is a failure while running."""
    sound("dies")
    outcome = run("transcribe", "--mic", *CODED)
    assert (outcome.code, json.loads(outcome.out.splitlines()[-1])["type"]) == (1, "Termination")
    assert outcome.remarks[-1].startswith("the microphone 'Desk Mic' is gone: ")
