"""What becomes of audio that a stalled server does not take: each policy is the same in both drivers."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aai_migrate import AudioFormat, AudioGap, AudioOverflow, Termination

from .blocking import Driver
from .test_faults import numbers
from .vendor import KEY, TERMINATION, frame, raw_server, shake_hands, wait_for_hang_up

pytestmark = pytest.mark.usefixtures("nothing_left")
FORMAT = AudioFormat(192_000)
BACKLOG = 1.0
MANY = 60
"""Seconds of audio that are more than kernels keep of a connection that nobody reads, at 384,000 bytes each."""
WAIT = 30.0


def second(number: int) -> bytes:
    """A second of audio that can be told from others."""
    return struct.pack("<h", number) * FORMAT.sample_rate


class Stalled:
    """A server that greets and takes nothing until it is told to; then it takes all.

    Attributes:
        going: whether it takes.
        audio: what it took.
    """

    def __init__(self) -> None:
        self.going = threading.Event()
        self.audio = bytearray()

    def __call__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        shake_hands(sock)
        assert self.going.wait(WAIT)
        file = sock.makefile("rb")
        for first, data in iter(lambda: self._frame(file), None):
            if first == 0x82:
                self.audio += data
            elif first == 0x81 and json.loads(data)["type"] == "Terminate":
                sock.sendall(frame(0x81, TERMINATION.encode()) + frame(0x88, struct.pack(">H", 1000)))
        wait_for_hang_up(sock)

    @staticmethod
    def _frame(file: Any) -> tuple[int, bytes] | None:
        """Read a frame of the client's; None: it is gone."""
        head = file.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(file.read(2 if size == 126 else 8), "big")
        mask, data = int.from_bytes(file.read(4) * (size // 4 + 1), "big"), file.read(size)
        pad = size // 4 * 4 + 4 - size
        return head[0], ((int.from_bytes(data, "big") << 8 * pad) ^ mask).to_bytes(size + pad, "big")[:size]

    def seconds(self) -> list[int]:
        """Return which seconds were taken, all of them whole."""
        size = FORMAT.bytes_per_second
        parts = [bytes(self.audio[at : at + size]) for at in range(0, len(self.audio), size)]
        found = [struct.unpack_from("<h", part)[0] for part in parts]
        assert parts == [second(number) for number in found]
        return found


@pytest.fixture
def server() -> Iterator[Stalled]:
    """One that goes on when the test is over, whatever that was."""
    stalled = Stalled()
    yield stalled
    stalled.going.set()


def connected(driver: Driver, url: str, name: str, **options: Any) -> Any:
    more = {"base_url": url, "api_key": KEY, "sample_rate": FORMAT.sample_rate, "backlog": BACKLOG}
    return driver.connect(name, **more, **options)


FAST: dict[str, Any] = {"pace": None, "chunk": (0.05, 1.0, 1.0)}


def test_block(driver: Driver, server: Stalled) -> None:
    """By default feeding waits, until the server goes on; nothing is lost."""
    with numbers(**FAST) as name, raw_server(server) as url, connected(driver, url, name) as stream:
        feeding = threading.Thread(target=lambda: [stream.send(second(number)) for number in range(MANY)])
        feeding.start()
        feeding.join(0.3)
        assert feeding.is_alive()
        server.going.set()
        feeding.join(WAIT)
        assert not feeding.is_alive()
        stream.stop()
        events = list(stream)
    assert server.seconds() == list(range(MANY))
    assert not any(isinstance(event, AudioGap) for event in events)


def test_block_a_source(driver: Driver, server: Stalled) -> None:
    """A source is not asked for more than fits."""
    asked = itertools.count()

    def source() -> Iterator[bytes]:
        for number in range(MANY):
            next(asked)
            yield second(number)

    with numbers(**FAST) as name, raw_server(server) as url, connected(driver, url, name) as stream:
        reading = threading.Thread(target=lambda: events.extend(stream.transcribe(source())))
        events: list[Any] = []
        reading.start()
        reading.join(0.3)
        assert next(asked) < MANY
        server.going.set()
        reading.join(WAIT)
        assert not reading.is_alive()
    assert server.seconds() == list(range(MANY))
    assert isinstance(events[-1], Termination)


@pytest.mark.parametrize("source", [False, True], ids=["send", "source"])
def test_drop_oldest(driver: Driver, server: Stalled, source: bool) -> None:
    """Feeding never waits: what the server never took is told as gaps, and the newest came through."""

    def seconds() -> Iterator[bytes]:
        yield from map(second, range(MANY))
        server.going.set()

    with (
        numbers(**FAST) as name,
        raw_server(server) as url,
        connected(driver, url, name, overflow="drop_oldest") as stream,
    ):
        if source:
            events = list(stream.transcribe(seconds()))
        else:
            for chunk in seconds():
                stream.send(chunk)
            stream.stop()
            events = list(stream)
    lost = sum(event.end - event.start for event in events if isinstance(event, AudioGap))
    assert lost > BACKLOG
    assert len(server.audio) == FORMAT.size(MANY - lost)
    assert server.audio[-FORMAT.bytes_per_second // 2 :] == second(MANY - 1)[-FORMAT.bytes_per_second // 2 :]
    assert events[-1].unconfirmed_seconds == pytest.approx(lost)


def refused(stream: Any) -> int:
    """Feed seconds until one is refused; return how many were taken."""
    taken: list[int] = []

    def feed() -> None:
        for number in range(MANY):
            stream.send(second(number))
            taken.append(number)

    with pytest.raises(AudioOverflow) as caught:
        feed()
    assert caught.value.backlog > BACKLOG
    return len(taken)


def fed(stream: Any, chunk: bytes) -> bool:
    """Feed *chunk*, and say whether it was taken."""
    try:
        stream.send(chunk)
    except AudioOverflow:
        return False
    return True


@pytest.mark.parametrize("size", [0.5, 1.0, 7.0], ids="{} s".format)
def test_raise(driver: Driver, server: Stalled, size: float) -> None:
    """A chunk of any length is taken whole or not at all; the stream goes on."""
    chunk = second(MANY)[: FORMAT.size(min(size, 1.0))] * max(1, int(size))
    with numbers(**FAST) as name, raw_server(server) as url, connected(driver, url, name, overflow="raise") as stream:
        taken = refused(stream)
        with pytest.raises(AudioOverflow):
            stream.send(chunk)
        server.going.set()
        by = time.monotonic() + WAIT
        while not fed(stream, second(taken)):  # there is room as soon as the server has taken some
            assert time.monotonic() < by
        stream.stop()
        events = list(stream)
    assert server.seconds() == list(range(taken + 1))
    assert events[-1].audio_seconds == taken + 1


def test_raise_with_room(driver: Driver, server: Stalled) -> None:
    """While there is room a chunk of any length is taken whole, from a source too."""
    server.going.set()
    for feed in ("send", "transcribe"):
        with (
            numbers(**FAST) as name,
            raw_server(server) as url,
            connected(driver, url, name, overflow="raise") as stream,
        ):
            speech = b"".join(map(second, range(10)))
            if feed == "send":
                stream.send(speech)
                stream.stop()
                events = list(stream)
            else:
                events = list(stream.transcribe([speech]))
        assert events[-1].audio_seconds == 10.0
    assert server.seconds() == [*range(10), *range(10)]


def test_raise_from_a_source(driver: Driver, server: Stalled) -> None:
    """What was taken is drained first; then the refusal is raised, and nothing of the refused chunk was fed."""
    fed: list[int] = []

    def source() -> Iterator[bytes]:
        try:
            for number in range(MANY):
                fed.append(number)
                yield second(number)
        finally:
            server.going.set()

    with (
        numbers(**FAST) as name,
        raw_server(server) as url,
        connected(driver, url, name, overflow="raise") as stream,
        pytest.raises(AudioOverflow),
    ):
        list(stream.transcribe(source()))
    assert server.seconds() == fed[:-1]
