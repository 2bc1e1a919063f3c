"""The recogniser's process: a real one at the end of a real pipe."""

import io
import os
import signal
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from aai_migrate_providers.local import LocalClient, open_worker
from aai_migrate_providers.local.messages import Ready, Settings, answer_text, request_text
from aai_migrate_providers.local.pipe import PipeWorker, pack, unpack
from aai_migrate_providers.local.worker import serve

from aai_migrate.config import Config
from aai_migrate.errors import MissingExtra
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connected, Message

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio"
START = request_text(Settings())


@pytest.fixture
def worker() -> Iterator[PipeWorker]:
    opened = open_worker()
    assert isinstance(opened, PipeWorker)
    yield opened
    opened.close()


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_round_trip(worker: PipeWorker) -> None:
    """A client and a real worker: words come back, a finalize is answered, a stop ends both."""
    with wave.open(str(AUDIO / "awb.wav")) as file:
        audio = file.readframes(3 * 16_000)
    peer = LocalClient(Context(new_id=lambda: "id-1"))
    peer.send(ask.Start(Config()), 0.0)

    def send(items: list[object]) -> None:
        for item in items:
            assert isinstance(item, Message)
            worker.send(item.data)

    def until(kind: type) -> list[object]:
        out: list[object] = []
        while not any(isinstance(event, kind) for event in out):
            text = worker.receive()
            assert text is not None
            out += peer.receive(Message(text), 0.0)
        return out

    send([*peer.receive(Connected(), 0.0)])
    until(say.Started)
    events: list[object] = []
    send([*peer.send(ask.Audio(audio[:48_000]), 0.0), *peer.send(ask.Finalize("f"), 0.0)])
    events += until(say.Finalized)
    send([*peer.send(ask.Audio(audio[48_000:]), 0.0), *peer.send(ask.Stop(), 0.0)])
    events += until(say.Stopped)
    texts = [event.text for event in events if isinstance(event, say.Final)]
    assert " ".join(texts).startswith("the weather is")
    assert [event.reason for event in events if isinstance(event, say.TurnEnded)] == ["forced", "vendor"]
    assert events[-2:] == [say.Settled(3.0), say.Stopped(audio_seconds=3.0)]
    assert worker.receive() is None
    assert worker.receive() is None


def test_works_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the working directory nor a module that lies in it matters to the process."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    opened = open_worker()
    try:
        opened.send(START)
        assert opened.receive() == answer_text(Ready("pocketsphinx en-us"))
    finally:
        opened.close()


def test_killed_worker(worker: PipeWorker) -> None:
    """A worker that dies is an error to the reader, and soon to the writer."""
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(OSError, match="died"):
        worker.receive()
    with pytest.raises(OSError, match="pipe"):
        worker.send(b"\0" * 100_000)


def test_misled_worker(capfd: pytest.CaptureFixture[str]) -> None:
    """A worker that is sent nonsense dies, and says why where a person can see it."""
    opened = open_worker()
    try:
        opened.send("nonsense")
        with pytest.raises(OSError, match="died"):
            opened.receive()
    finally:
        opened.close()
    assert "JSONDecodeError" in capfd.readouterr().err


def test_interrupt_does_not_reach_it(worker: PipeWorker) -> None:
    """Ctrl+C goes to the terminal's process group, in which the worker is not."""
    assert os.getpgid(worker.pid) != os.getpgid(0)


def test_close_leaves_nothing() -> None:
    """After close, also a second one, there is neither a process nor a descriptor, and calls fail."""
    before = descriptors()
    opened = open_worker()
    assert isinstance(opened, PipeWorker)
    opened.close()
    opened.close()
    assert gone(opened.pid)
    assert descriptors() == before
    with pytest.raises(OSError, match="closed"):
        opened.send(b"")
    with pytest.raises(OSError, match="closed"):
        opened.receive()


def test_close_wakes_the_reader(worker: PipeWorker) -> None:
    """A close from another thread ends a receive that waits."""
    worker.send(START)
    assert worker.receive() == answer_text(Ready("pocketsphinx en-us"))
    closer = threading.Thread(target=worker.close)
    closer.start()
    with pytest.raises(OSError, match="closed"):
        worker.receive()
    closer.join()


def test_close_frees_a_stuck_sender(worker: PipeWorker) -> None:
    """A close from another thread ends a send into a pipe that nobody empties."""
    os.kill(worker.pid, signal.SIGSTOP)
    closer = threading.Thread(target=worker.close)

    def fill() -> None:
        while True:
            worker.send(bytes(100_000))

    closer.start()
    with pytest.raises(OSError, match=r"pipe|closed"):
        fill()
    closer.join()
    assert gone(worker.pid)


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pocketsphinx nothing is started, and the error says what to install."""
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aai_migrate\[local\]'"):
        open_worker()


@pytest.mark.parametrize("message", ["", "grüße", b"", b"\0\1" * 500])
def test_framing(message: str | bytes) -> None:
    """What was packed is unpacked, and then the pipe ends."""
    pipe = io.BytesIO(pack(message))
    assert unpack(pipe.read) == message
    assert unpack(pipe.read) is None


@pytest.mark.parametrize("content", [b"t", pack("words")[:-1], b"x\0\0\0\0", b"t\xff\xff\xff\xff"])
def test_broken_framing(content: bytes) -> None:
    """A pipe that ends inside a message, or carries something else, is broken."""
    with pytest.raises(OSError, match="message"):
        unpack(io.BytesIO(content).read)


@pytest.mark.parametrize("messages", [[b"\0\0"], ['{"type":"stop"}'], [START, START], ["[]"]])
def test_out_of_place(messages: list[str | bytes]) -> None:
    """Settings come first and once."""
    with pytest.raises(ValueError, match=r"settings|bad"):
        list(serve(messages))
