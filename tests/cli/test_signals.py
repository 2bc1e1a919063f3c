"""Ctrl+C and a closed pipe, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

import pytest

from aai_migrate.audio import AudioFormat, wav_bytes

from .conftest import KEY, Run
from .vendor import BINARY, TEXT, TIMEOUT, Line, vendor


@pytest.fixture
def long_clip(tmp_path: Path) -> Path:
    """A minute: no test waits for its end."""
    path = tmp_path / "long.wav"
    path.write_bytes(wav_bytes(bytes(60 * 32_000), AudioFormat()))
    return path


def read_all(screen: FileIO) -> Iterator[bytes]:
    with suppress(OSError):  # EIO: that was all
        while piece := screen.read(65_536):
            yield piece


@contextmanager
def command(
    clip: Path | str, url: str, *more: str, stdin: int | None = None, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    argv = [
        sys.executable,
        "-m",
        "aai_migrate.cli",
        "transcribe",
        str(clip),
        "-p",
        "assemblyai-v3",
        "--base-url",
        url,
        *more,
    ]
    with subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "ASSEMBLYAI_API_KEY": KEY, "PYTHONUNBUFFERED": "", "TERM": "xterm"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told_to_stop(opcode: int, data: bytes) -> bool:
    return opcode == TEXT and b"Terminate" in data


def last_words(line: Line) -> None:
    """Hears one word, and a second one when it is told to stop."""
    line.begin()
    line.until(lambda opcode, data: opcode == BINARY)
    line.turn(0, "one", end=False)
    line.until(told_to_stop)
    line.turn(0, "one two", end=True)
    line.say(type="Termination", audio_duration_seconds=1, session_duration_seconds=1)
    line.until(lambda opcode, data: False)


def test_interrupt_drains(long_clip: Path, tmp_path: Path) -> None:
    """One Ctrl+C: feeding stops, the last words are still printed and in the subtitles, exit 130."""
    srt = tmp_path / "x.srt"
    with vendor(last_words) as url, command(long_clip, url, "--srt", str(srt)) as process:
        assert process.stdout
        assert '"Begin"' in process.stdout.readline()
        assert '"one"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    events = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert err.startswith("aai-migrate: 1 turn, ")
    assert [event["transcript"] for event in events if event.get("end_of_turn")] == ["one two"]
    assert events[-1]["type"] == "Termination"
    assert events[-1]["audio_seconds"] < 30
    assert "\none two\n\n" in srt.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are others there")
def test_interrupt_of_a_pipe_that_brings_nothing() -> None:
    """Standard input that is waited for does not hold up the end."""
    audio = wav_bytes(bytes(32_000), AudioFormat())
    with vendor(last_words) as url, command("-", url, stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        os.write(process.stdin.fileno(), audio[:40] + b"\xff\xff\xff\xff" + audio[44:])  # to be continued
        assert '"Begin"' in process.stdout.readline()
        assert '"one"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 130
        assert '"one two"' in process.stdout.read()
        assert process.stderr
        # How much of the second was read before the signal is the machine's affair.
        assert re.match(r"aai-migrate: 1 turn, (0\.\d|1\.0) s of audio, complete\n", process.stderr.read())


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_interrupt_is_answered_on_a_terminal(long_clip: Path) -> None:
    """Whoever pressed Ctrl+C reads that the last words are waited for, and gets the cursor back."""
    ours, theirs = os.openpty()
    try:
        with vendor(last_words) as url, command(long_clip, url, stderr=theirs) as process:
            assert process.stdout
            assert '"Begin"' in process.stdout.readline()
            assert '"one"' in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(TIMEOUT) == 130
    finally:
        os.close(theirs)
    with open(ours, "rb", buffering=0) as screen:
        shown = b"".join(read_all(screen)).decode()
    assert "aai-migrate: waiting for the last words; Ctrl+C again ends at once\r\n" in shown
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")


@pytest.mark.parametrize("module", ["aai_migrate", "aai_migrate.session", "click", "aai_migrate.cli.app"])
def test_interrupt_while_imported(module: str) -> None:
    """Ctrl+C that comes before anything has begun ends the script as quietly as later."""
    program = f"""
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from aai_migrate_command import main
sys.exit(main())
"""
    argv = [sys.executable, "-c", program, "--version"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_interrupts_ignored_while_imported() -> None:
    """Started with Ctrl+C ignored, the script leaves it so."""
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from aai_migrate_command import main; "
        "code = main(); sys.exit(code or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    )
    argv = [sys.executable, "-c", program, "--version"]
    assert subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False).returncode == 0


@pytest.mark.parametrize(
    "start",
    ["import runpy; runpy.run_module('aai_migrate.cli', run_name='__main__')", "sys.exit(aai_migrate_command.main())"],
)
def test_interrupt_while_leaving(start: str) -> None:
    """One Ctrl+C more while the process tidies up: it ends as it would have, and shows no traceback."""
    program = f"""
import atexit, os, signal, sys
import aai_migrate_command
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
{start}
"""
    argv = [sys.executable, "-c", program, "nonsense"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_second_interrupt_ends_at_once(long_clip: Path) -> None:
    """Two Ctrl+C: whoever does not answer is not waited for."""
    stopping = threading.Event()

    def script(line: Line) -> None:
        line.begin()
        line.until(told_to_stop)
        stopping.set()
        line.until(lambda opcode, data: False)

    with vendor(script) as url, command(long_clip, url) as process:
        assert process.stdout
        assert '"Begin"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert stopping.wait(TIMEOUT)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT / 2)
    assert (process.returncode, err) == (130, "")


def test_interrupt_while_dialling(long_clip: Path) -> None:
    """With nothing to drain, the first Ctrl+C is enough."""
    dialled = threading.Event()

    def script(line: Line) -> None:
        dialled.set()
        line.until(lambda opcode, data: False)

    with vendor(script) as url, command(long_clip, url) as process:
        assert dialled.wait(TIMEOUT)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT / 2)
    assert (process.returncode, out, err) == (130, "", "")


def test_closed_pipe(long_clip: Path) -> None:
    """When nobody reads any more the command ends without a word, and hangs up."""
    gone = threading.Event()

    def script(line: Line) -> None:
        line.begin()
        for order in range(1_000_000):
            line.turn(order, "one", end=True)
            if line.read()[0] not in (BINARY, TEXT):
                break
        gone.set()

    with vendor(script) as url, command(long_clip, url) as process:
        assert process.stdout
        assert process.stderr
        assert '"Begin"' in process.stdout.readline()
        process.stdout.close()
        assert process.wait(TIMEOUT) == 141
        assert process.stderr.read() == ""
        assert gone.wait(TIMEOUT)


def test_interrupt_of_a_failing_stream(run: Run, long_clip: Path) -> None:
    """A stream that fails while it drains says so; the exit code is that of Ctrl+C."""

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        os.kill(os.getpid(), signal.SIGINT)
        line.until(told_to_stop)
        line.say(type="Error", error_code=3006, error="no more")

    with vendor(script) as url:
        outcome = run("transcribe", long_clip, "-p", "assemblyai-v3", "--base-url", url)
    assert (outcome.code, outcome.remarks[-1]) == (130, "assemblyai-v3: no more (code 3006)")
    assert json.loads(outcome.out.splitlines()[-1])["type"] == "Termination"


def test_interrupts_restore_the_handler(run: Run, long_clip: Path) -> None:
    """Two Ctrl+C in a program that calls the command: its own handler is back."""
    before = signal.getsignal(signal.SIGINT)

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: opcode == BINARY)
        os.kill(os.getpid(), signal.SIGINT)
        line.until(told_to_stop)
        os.kill(os.getpid(), signal.SIGINT)
        line.until(lambda opcode, data: False)

    with vendor(script) as url:
        outcome = run("transcribe", long_clip, "-p", "assemblyai-v3", "--base-url", url)
    assert (outcome.code, outcome.err) == (130, "")
    assert signal.getsignal(signal.SIGINT) is before


def test_elsewhere_than_in_the_main_thread(run: Run, clip: Path) -> None:
    """In another thread, and with Ctrl+C ignored, the command leaves signals alone."""
    outcomes = []

    def script(line: Line) -> None:
        line.begin()
        line.terminate()

    with vendor(script) as url:

        def transcribe() -> None:
            outcomes.append(run("transcribe", clip, "-p", "assemblyai-v3", "--base-url", url, "--speed", "0"))

        thread = threading.Thread(target=transcribe)
        thread.start()
        thread.join()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            transcribe()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)
    assert [outcome.code for outcome in outcomes] == [0, 0]
