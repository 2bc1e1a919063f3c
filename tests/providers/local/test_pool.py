"""Sessions on shared processes: real ones, at the end of real pipes."""

import gc
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from aai_migrate_providers.local import PROVIDER, LocalClient, limit_workers, open_worker, pool
from aai_migrate_providers.local.messages import Ready, Settings, answer_text, request_text
from aai_migrate_providers.local.pipe import Packet
from aai_migrate_providers.local.place import Place
from aai_migrate_providers.local.pool import Pool, choose
from hypothesis import given
from hypothesis import strategies as st

import aai_migrate
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, MissingExtra, QuotaExceeded
from aai_migrate.events import Reconnected, Turn
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connected, Message

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio"
START = request_text(Settings())
READY = answer_text(Ready("pocketsphinx en-us"))
SECOND = 32_000
with wave.open(str(AUDIO / "awb.wav")) as file:
    SPEECH = file.readframes(file.getnframes())
SENTENCES = [
    "the weather is very nice today",
    "can you help me find the nearest station",
    "we need some milk and bread from the store",
]


def place(opened: object) -> Place:
    assert isinstance(opened, Place)
    return opened


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sessions share a process."""
    monkeypatch.setattr(pool, "cores", lambda: 1)


@pytest.fixture(autouse=True)
def own_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool of this test's own; afterwards no process, thread and descriptor of it is left."""
    gc.collect()
    before, threads = descriptors(), set(threading.enumerate())
    own = Pool()
    monkeypatch.setattr(pool, "_pool", own)
    yield own
    own.close()
    for thread in set(threading.enumerate()) - threads:  # of a stream that was refused
        thread.join(2.0)
    assert set(threading.enumerate()) <= threads
    assert descriptors() <= before


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def pid(own: Pool, index: int = 0) -> int:
    return own.crews[index].process.pid


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# Which process.


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(1, 6))
def test_choose(loads: list[int], cores: int) -> None:
    """An idle process before a new one, a new one before a busy one, and of the busy ones the least busy."""
    chosen = choose(loads, cores)
    if chosen is None:
        assert len(loads) < cores
        assert 0 not in loads
    else:
        assert loads[chosen] == min(loads)
        assert loads[chosen] == 0 or len(loads) >= cores


def test_one_process_a_core(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are spread over as many processes as there are cores, and share them beyond that."""
    monkeypatch.setattr(pool, "cores", lambda: 2)
    opened = [open_worker() for _ in range(5)]
    assert sorted(len(crew.places) for crew in own_pool.crews) == [2, 3]
    for number in (0, 2, 4):
        opened[number].close()
    assert len(own_pool.crews) == 1  # the other had no session any more
    opened += [open_worker()]
    assert [len(crew.places) for crew in own_pool.crews] == [2, 1]
    for worker in opened:
        worker.close()
    assert own_pool.crews == []


def test_cores() -> None:
    """Only those count that this process may use."""
    assert 1 <= pool.cores() <= (os.cpu_count() or 1)


# How many.


@pytest.mark.usefixtures("one_core")
def test_no_place_left(own_pool: Pool) -> None:
    """Beyond the bound a session is refused with how many there are; a place that is given back is free at once."""
    own_pool.limit(2)
    opened = [open_worker(), open_worker()]
    with pytest.raises(QuotaExceeded, match=r"\(2\).*wait until one ends.*--max-local") as refusal:
        open_worker()
    assert refusal.value.retryable
    opened.pop().close()
    opened.append(open_worker())
    own_pool.limit(3)
    opened.append(open_worker())
    for worker in opened:
        worker.close()


def test_the_bound(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight a core unless somebody says otherwise; the contract's function says it."""
    monkeypatch.setattr(pool, "cores", lambda: 3)
    assert own_pool.places == 24
    assert PROVIDER.limit_workers is limit_workers
    limit_workers(5)
    assert own_pool.places == 5
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(ConfigError, match="from 1 on"):
            limit_workers(wrong)  # type: ignore[arg-type]


def test_connect_says_that_there_is_no_place(own_pool: Pool) -> None:
    """At once, without trying again, in a line that says what to do."""
    own_pool.limit(1)
    with aai_migrate.connect("local") as stream:
        with pytest.raises(QuotaExceeded, match=r"^local: all places for sessions are taken \(1\); wait"):
            aai_migrate.connect("local")
        stream.close()


# What a session sees.


def test_round_trip() -> None:
    """A client and a real worker: words come back, a finalize is answered, a stop ends both."""
    worker, peer = open_worker(), LocalClient(Context(new_id=lambda: "id-1"))
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
    send([*peer.send(ask.Audio(SPEECH[:48_000]), 0.0), *peer.send(ask.Finalize("f"), 0.0)])
    events += until(say.Finalized)
    send([*peer.send(ask.Audio(SPEECH[48_000 : 3 * SECOND]), 0.0), *peer.send(ask.Stop(), 0.0)])
    events += until(say.Stopped)
    texts = [event.text for event in events if isinstance(event, say.Final)]
    assert " ".join(texts).startswith("the weather is")
    assert [event.reason for event in events if isinstance(event, say.TurnEnded)] == ["forced", "vendor"]
    assert events[-2:] == [say.Settled(3.0), say.Stopped(audio_seconds=3.0)]
    assert worker.receive() is None
    assert worker.receive() is None
    worker.close()


@pytest.mark.usefixtures("one_core")
def test_many_at_once(own_pool: Pool) -> None:
    """Sessions on one process hear their own words, as fast as they are fed."""
    heard: dict[int, list[str]] = {}

    def one(number: int) -> None:
        with aai_migrate.connect("local", partials=False) as stream:
            heard[number] = [
                event.transcript
                for event in stream.transcribe(chunks(SPEECH[number * SECOND :]))
                if isinstance(event, Turn) and event.end_of_turn
            ]

    threads = [threading.Thread(target=one, args=(number,)) for number in (0, 3, 7)]
    with aai_migrate.connect("local") as stream:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(own_pool.crews) == 1
        stream.close()
    assert heard == {0: SENTENCES, 3: SENTENCES[1:], 7: SENTENCES[2:]}


def chunks(audio: bytes) -> Iterator[bytes]:
    for at in range(0, len(audio), 3200):
        yield audio[at : at + 3200]


def test_a_message_that_cannot_be_read(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its session is lost, and the reason told; the process and its other sessions go on."""
    monkeypatch.setattr(pool, "cores", lambda: 1)
    misled, other = open_worker(), open_worker()
    misled.send("nonsense")
    with pytest.raises(ConnectionResetError, match="could not read a message: Expecting value"):
        misled.receive()
    other.send(START)
    assert other.receive() == READY
    misled.close()
    other.close()


def test_works_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the working directory nor a module that lies in it matters to the process."""
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    worker = open_worker()
    worker.send(START)
    assert worker.receive() == READY
    worker.close()


def test_interrupt_does_not_reach_it(own_pool: Pool) -> None:
    """Ctrl+C goes to the terminal's process group, in which the worker is not."""
    worker = open_worker()
    assert os.getpgid(pid(own_pool)) != os.getpgid(0)
    worker.close()


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pocketsphinx nothing is started, and the error says what to install."""
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aai_migrate\[local\]'"):
        open_worker()


# How it ends.


@pytest.mark.usefixtures("one_core")
def test_a_killed_worker(own_pool: Pool) -> None:
    """Every session on it is told, and the next one gets another process."""
    opened = [open_worker() for _ in range(3)]
    died = pid(own_pool)
    os.kill(died, signal.SIGKILL)
    for worker in opened:
        with pytest.raises(ConnectionResetError, match="died with code -9"):
            worker.receive()
        with pytest.raises(OSError, match="died"):
            worker.send(b"\0\0")
    after = open_worker()
    assert pid(own_pool) != died
    after.send(START)
    assert after.receive() == READY
    for worker in [*opened, after]:
        worker.close()


@pytest.mark.usefixtures("one_core")
def test_no_word_is_lost_with_a_worker(own_pool: Pool) -> None:
    """Sessions whose process is killed in mid-sentence connect again, replay, and hear all words once."""
    streams = [aai_migrate.connect("local", partials=False, idle=1000.0) for _ in range(3)]
    heard: list[list[str]] = [[] for _ in streams]
    died, again = pid(own_pool), 0
    for stream, texts in zip(streams, heard, strict=True):
        stream.send(SPEECH[: 5 * SECOND])  # up to the middle of the second sentence
        for event in stream:
            if isinstance(event, Turn) and event.end_of_turn:
                texts.append(event.transcript)
                break
    os.kill(died, signal.SIGKILL)
    for stream, texts in zip(streams, heard, strict=True):
        stream.send(SPEECH[5 * SECOND : 15 * SECOND // 2])
        stream.stop()
        for event in stream:
            again += isinstance(event, Reconnected)
            if isinstance(event, Turn) and event.end_of_turn:
                texts.append(event.transcript)
        stream.close()
    assert heard == [SENTENCES[:2]] * 3
    assert again == 3
    assert gone(died)


def test_close_leaves_nothing(own_pool: Pool) -> None:
    """After the last close, also a second one, there is neither a process nor a descriptor; calls fail."""
    before = descriptors()
    worker, other = open_worker(), open_worker()
    pids = {crew.process.pid for crew in own_pool.crews}
    other.close()
    worker.close()
    worker.close()
    assert all(gone(pid) for pid in pids)
    assert descriptors() == before
    with pytest.raises(OSError, match="closed"):
        worker.send(b"")
    with pytest.raises(OSError, match="closed"):
        worker.receive()


def test_a_process_lingers(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next session finds it warm; when its time has come it ends, and nobody has to look after it."""
    monkeypatch.setattr(pool, "LINGER", 3600.0)
    worker = open_worker()
    warm = own_pool.crews[0].process
    worker.close()
    assert warm.alive
    monkeypatch.setattr(pool, "LINGER", 0.05)
    worker = open_worker()
    assert own_pool.crews[0].process is warm
    worker.send(START)
    assert worker.receive() == READY
    worker.close()
    warm.join(30)
    assert gone(warm.pid)
    assert own_pool.crews == []


def test_close_wakes_the_reader() -> None:
    """A close from another thread ends a receive that waits."""
    worker = open_worker()
    worker.send(START)
    assert worker.receive() == READY
    closer = threading.Thread(target=worker.close)
    closer.start()
    with pytest.raises(OSError, match="closed"):
        worker.receive()
    closer.join()


def test_close_frees_a_stuck_sender(own_pool: Pool) -> None:
    """A close from another thread ends a send to a process that hears nothing, and the process."""
    worker = open_worker()
    stopped = pid(own_pool)
    os.kill(stopped, signal.SIGSTOP)
    closer = threading.Thread(target=worker.close)

    def fill() -> None:
        while True:
            worker.send(bytes(100_000))

    closer.start()
    with pytest.raises(OSError, match="closed"):
        fill()
    closer.join()
    assert gone(stopped)


def test_a_process_that_hangs_is_killed(own_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its sessions find a better one."""
    worker = open_worker()
    worker.send(START)
    assert worker.receive() == READY
    hung = pid(own_pool)
    os.kill(hung, signal.SIGSTOP)
    for module in ("place", "pool"):
        monkeypatch.setattr(f"aai_migrate_providers.local.{module}.STALL", 0.1)
    worker.send(bytes(5 * SECOND))
    with pytest.raises(TimeoutError):
        worker.send(b"\0\0")
    with pytest.raises(ConnectionResetError, match="died with code -9"):
        worker.receive()
    worker.close()


def test_what_cannot_be_understood_ends_the_process(own_pool: Pool) -> None:
    """A process that says what are no packets is given up, and its sessions are told."""
    worker = open_worker()
    own_pool.crews[0].process.post(Packet(b"?", 1))
    with pytest.raises(ConnectionResetError, match="died with code 1"):
        worker.receive()
    worker.close()


def run(script: str) -> subprocess.CompletedProcess[str]:
    prelude = "import os, signal, sys\nfrom aai_migrate_providers.local import open_worker, pool\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ended(pid: int) -> bool:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 30)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("end", ["pass", "sys.exit(3)", "1 / 0", "os._exit(4)", "os.kill(os.getpid(), 9)"])
def test_no_orphan(end: str) -> None:
    """However the application ends, with a session or with a process that lingers: the workers end with it."""
    outcome = run(
        f"""
        pool.cores = lambda: 2
        first, second = open_worker(), open_worker()
        print(*(crew.process.pid for crew in pool._pool.crews), flush=True)
        second.close()
        {end}
        """
    )
    first, second = map(int, outcome.stdout.split())
    assert ended(first)
    assert ended(second)
    assert "ResourceWarning" not in outcome.stderr


def test_fork() -> None:
    """A forked child has workers of its own, and keeps none of its parent's alive."""
    outcome = run(
        f"""
        worker = open_worker()
        worker.send({START!r})
        assert worker.receive() == {READY!r}
        mine = pool._pool.crews[0].process.pid
        child = os.fork()
        if not child:
            assert pool._pool.crews == []
            try:
                worker.send(b"")
            except OSError:
                print("not ours", flush=True)
            own = open_worker()
            own.send({START!r})
            assert own.receive() == {READY!r}
            assert pool._pool.crews[0].process.pid != mine
            own.close()
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        worker.send({request_text(ask.Stop())!r})
        assert "stopped" in worker.receive()
        assert worker.receive() is None
        child = os.fork()
        if not child:
            os.closerange(0, 3)
            signal.pause()
        print(mine, child, flush=True)
        os._exit(0)
        """
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "not ours" in outcome.stdout
    mine, child = map(int, outcome.stdout.split()[-2:])
    try:
        assert ended(mine)
    finally:
        os.kill(child, signal.SIGKILL)
