"""A source handed to a stream: the pace, the end, and who may end it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from attrs import define, field

from aai_migrate.audio import AudioFormat, Gap
from aai_migrate.cli.feed import Feed, Opened
from aai_migrate.cli.handed import Handed
from aai_migrate.cli.progress import Progress

SECOND = bytes(32_000)


@define
class Chunks:
    """A source that brings what it is given; ``closed`` counts."""

    chunks: list[bytes | Gap]
    name: str = "chunks"
    format: AudioFormat = field(factory=AudioFormat)
    notices: tuple[str, ...] = ()
    closed: int = 0

    def __iter__(self) -> Iterator[bytes | Gap]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed += 1


@define
class Live(Chunks):
    """Brings more until it is asked to end, and then what it has."""

    realtime: bool = True
    asked: threading.Event = field(factory=threading.Event)

    def __iter__(self) -> Iterator[bytes | Gap]:
        yield SECOND
        assert self.asked.wait(10)
        yield SECOND


def _feed(source: Chunks, *, speed: float = 0.0, seconds: float | None = None) -> tuple[Feed, Progress, Handed]:
    progress, handed = Progress(None), Handed()
    stop = source.asked.set if isinstance(source, Live) else lambda: None
    return Feed(Opened(source, speed, None, stop), seconds=seconds, progress=progress, handed=handed), progress, handed


def test_everything_is_handed_on() -> None:
    """Chunks and gaps come as they are; progress and clock know of both."""
    feed, progress, handed = _feed(Chunks([SECOND, Gap(0.5), SECOND[:16_000]]))
    assert list(feed) == [SECOND, Gap(0.5), SECOND[:16_000]]
    assert progress.seconds == 2.0
    assert progress.doing == "waiting for the last words"
    assert handed.when(2.0) is not None
    assert handed.when(2.1) is None


@pytest.mark.parametrize(
    ("seconds", "handed_on"),
    [
        (0.25, [SECOND[:8_000]]),
        (1.0, [SECOND]),
        (1.25, [SECOND, Gap(0.25)]),
        (1.75, [SECOND, Gap(0.5), SECOND[:8_000]]),
        (9.0, [SECOND, Gap(0.5), SECOND]),
    ],
)
def test_it_stops_after_so_many_seconds(seconds: float, handed_on: list[bytes | Gap]) -> None:
    """--seconds cuts within a chunk, to the sample."""
    feed, progress, _ = _feed(Chunks([SECOND, Gap(0.5), SECOND]), seconds=seconds)
    assert list(feed) == handed_on
    assert progress.seconds == min(seconds, 2.5)


def test_the_rest_is_not_even_asked_for() -> None:
    """After so many seconds a microphone is not waited for."""
    live = Live([])
    feed, _, _ = _feed(live, seconds=1.0)
    assert list(feed) == [SECOND]
    assert not live.asked.is_set()


def test_stopping_ends_the_wait_for_the_next_chunk() -> None:
    """A file that is fed at the speed of speech ends at once, not when its next chunk is due."""
    feed, _, _ = _feed(Chunks([SECOND[:2], SECOND, SECOND]), speed=0.001)
    chunks = iter(feed)
    next(chunks)
    threading.Thread(target=feed.stop).start()
    assert list(chunks) == []


def test_a_microphone_brings_what_it_has_heard() -> None:
    """Stopped, a live source is asked to end and is read to its end."""
    feed, progress, _ = _feed(Live([]))
    assert feed.realtime is True
    chunks = iter(feed)
    next(chunks)
    feed.stop()
    assert list(chunks) == [SECOND]
    assert progress.seconds == 2.0


def test_closing_closes_the_source() -> None:
    """Whoever waits for it is let go; a source that cannot be closed need not be."""
    source = Chunks([SECOND])
    feed, _, _ = _feed(source)
    feed.close()
    assert source.closed == 1
    assert list(feed) == []
    assert feed.realtime is None
