"""What waits to be read, and where audio is missing, on a manual clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, Gap
from aai_migrate.audio.ring import MISSING, SETTLING, Intake, Ring
from aai_migrate.testing import ManualClock

FMT = AudioFormat(8_000)
BLOCK = 0.05
START = 1_000_000.0  # a clock that counts from the machine's start has been running for long


def piece(first: int, frames: int) -> bytes:
    """Samples that tell their place in the stream."""
    return b"".join((index % 65_536).to_bytes(2, "little") for index in range(first, first + frames))


class Listener:
    """Feeds an intake and keeps what comes out.

    Attributes:
        out: audio and gaps, in order.
    """

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.intake = Intake(FMT)
        self.out: list[bytes | Gap] = []
        self._spoken = 0

    def hear(self, seconds: float, *, after: float) -> None:
        """Hear *seconds* of audio that arrive *after* seconds."""
        frames = round(seconds * FMT.sample_rate)
        self.out += self.intake.put(piece(self._spoken, frames), self.clock.advance(after))
        self._spoken += frames

    def run(self, seconds: float, *, pace: float = 1.0) -> None:
        """Hear *seconds* of audio, each block *pace* times as long in coming as it lasts."""
        for _ in range(round(seconds / BLOCK)):
            self.hear(BLOCK, after=BLOCK * pace)

    @property
    def audio(self) -> bytes:
        return b"".join(item for item in self.out if isinstance(item, bytes))

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.out if isinstance(item, Gap)]

    @property
    def seconds(self) -> float:
        return FMT.seconds(len(self.audio)) + sum(gap.seconds for gap in self.gaps)


@pytest.fixture
def listener() -> Listener:
    heard = Listener()
    heard.run(1.0)
    return heard


def test_steady_audio_goes_through(listener: Listener) -> None:
    """Each block comes out as it comes in."""
    listener.run(5.0)
    assert listener.gaps == []
    assert listener.audio == piece(0, 48_000)


@pytest.mark.parametrize("away", [0.6, 3.0, 3_600.0])
def test_a_pause_is_a_gap(listener: Listener, away: float) -> None:
    """The machine slept or the device stalled: the gap stands before the first sample after it."""
    listener.clock.advance(away)
    listener.run(1.0)
    assert [gap.seconds for gap in listener.gaps] == [pytest.approx(away, abs=0.001)]
    assert listener.out[20] == listener.gaps[0]
    assert listener.audio == piece(0, 16_000)
    assert listener.seconds == pytest.approx(2.0 + away, abs=0.001)


def test_short_pause_is_none(listener: Listener) -> None:
    """Audio may be late by half a second."""
    listener.clock.advance(MISSING - 0.01)
    listener.run(60.0)
    assert listener.gaps == []


def test_late_audio_is_not_missing(listener: Listener) -> None:
    """After a pause, a backlog that comes at once is all there was: nothing is lost, nothing is out of order."""
    listener.hear(BLOCK, after=2.0)
    assert len(listener.out) == 20  # held until it is plain whether the rest follows
    for _ in range(39):
        listener.hear(BLOCK, after=0.0)
    listener.run(5.0)
    assert listener.gaps == []
    assert listener.audio == piece(0, 8_000 * 8)


def test_part_of_the_backlog_is_missing(listener: Listener) -> None:
    """A device that kept one second of three: two are missing."""
    listener.hear(1.0, after=3.0)
    listener.run(1.0)
    assert [gap.seconds for gap in listener.gaps] == [pytest.approx(2.0, abs=0.001)]
    assert listener.audio == piece(0, 24_000)


def test_bursts_are_no_gaps(listener: Listener) -> None:
    """A sound server may deliver two seconds at a time."""
    for _ in range(10):
        listener.clock.advance(2.0)
        for _ in range(40):
            listener.hear(BLOCK, after=0.0)
    assert listener.gaps == []
    assert listener.seconds == pytest.approx(21.0)


def test_small_losses_add_up(listener: Listener) -> None:
    """0.2 s lost each second: never half a second at once, and yet the clock does not drift."""
    for _ in range(60):
        listener.clock.advance(0.2)
        listener.run(1.0)
    assert listener.gaps
    assert listener.seconds == pytest.approx(1.0 + 60 * 1.2, abs=MISSING + SETTLING)


@pytest.mark.parametrize("ppm", [-200, -50, 50, 200])
def test_a_wrong_crystal_loses_nothing(listener: Listener, ppm: int) -> None:
    """A sound card's clock is not ours: over four hours they part by seconds, and nothing is missing."""
    for _ in range(4 * 3600):
        listener.intake.put(bytes(16_000), listener.clock.advance(1.0 + ppm * 1e-6))
    assert listener.intake.put(b"", listener.clock.now) == [b""]
    assert listener.gaps == []


def test_two_pauses(listener: Listener) -> None:
    """The first gap is counted in when the second is measured."""
    for _ in range(2):
        listener.clock.advance(5.0)
        listener.run(1.0)
    assert [gap.seconds for gap in listener.gaps] == [pytest.approx(5.0, abs=0.001)] * 2


def test_flush_gives_what_is_held(listener: Listener) -> None:
    """The device died while it was late: its last audio comes, behind the gap."""
    listener.hear(BLOCK, after=2.0)
    gap, *audio = listener.intake.flush()
    assert isinstance(gap, Gap)
    assert gap.seconds == pytest.approx(1.95)
    assert audio == [piece(8_000, 400)]
    assert listener.intake.flush() == []


@given(st.lists(st.tuples(st.integers(0, 800), st.floats(0.0, 2.0)), max_size=60))
def test_any_arrival(blocks: list[tuple[int, float]]) -> None:
    """However audio arrives, each byte comes out once and in order, and no gap is longer than the time that passed."""
    listener = Listener()
    for frames, after in blocks:
        listener.hear(frames / FMT.sample_rate, after=after)
    listener.out += listener.intake.flush()
    assert listener.audio == piece(0, sum(frames for frames, _ in blocks))
    passed = sum(after for _, after in blocks[1:])
    assert sum(gap.seconds for gap in listener.gaps) <= passed + 1e-6


SECOND = FMT.size(1.0)


def places(items: list[bytes | Gap]) -> list[tuple[int, bytes]]:
    """Where each piece of audio stands in the stream, by what the items before it last."""
    found, place = [], 0
    for item in items:
        if isinstance(item, Gap):
            place += round(item.seconds * FMT.sample_rate)
        else:
            found.append((place, item))
            place += len(item) // FMT.frame
    return found


def test_ring_cuts_anew() -> None:
    """Blocks of any size come out in chunks of one size; what is less waits for more."""
    ring = Ring(FMT, 30.0)
    ring.put(piece(0, 300))
    assert ring.take(800) is None
    ring.put(piece(300, 500))
    assert ring.take(800) == piece(0, 400)
    assert ring.take(800) == piece(400, 400)
    assert ring.take(800) is None


def test_a_gap_ends_a_chunk() -> None:
    """No chunk reaches over a gap; two gaps in a row are one."""
    ring = Ring(FMT, 30.0)
    ring.put(piece(0, 100))
    ring.put(Gap(1.0))
    ring.put(Gap(0.5))
    ring.put(piece(12_100, 100))
    assert [ring.take(800), ring.take(800), ring.take(800)] == [piece(0, 100), Gap(1.5), None]
    assert ring.rest(800) == [piece(12_100, 100)]
    assert ring.rest(800) == []


def test_full_ring_loses_the_oldest() -> None:
    """A gap stands where it was, as long as what went."""
    ring = Ring(FMT, 1.0)
    for second in range(3):
        ring.put(piece(second * 8_000, 8_000))
    assert ring.rest(SECOND) == [Gap(2.0), piece(16_000, 8_000)]


def test_one_block_beyond_the_limit() -> None:
    """Even a block that is longer than the ring leaves a gap of its length."""
    ring = Ring(FMT, 0.5)
    ring.put(piece(0, 8_000))
    assert ring.rest(SECOND) == [Gap(1.0)]


@given(
    st.lists(st.one_of(st.integers(1, 900), st.floats(0.001, 2.0), st.none()), max_size=80),
    st.sampled_from([160, 800, 1_600]),
)
def test_ring_keeps_places(steps: list[int | float | None], size: int) -> None:
    """Whatever is put, lost and taken, each sample stands where it was spoken, and the bound holds."""
    ring, out, spoken = Ring(FMT, 0.2), [], 0
    for step in steps:
        if step is None:
            out += [item] if (item := ring.take(size)) is not None else []
        elif isinstance(step, int):
            ring.put(piece(spoken, step))
            spoken += step
        else:
            gap = Gap(round(step * FMT.sample_rate) / FMT.sample_rate)
            ring.put(gap)
            spoken += round(step * FMT.sample_rate)
    left = ring.rest(size)
    assert sum(len(item) for item in left if isinstance(item, bytes)) <= FMT.size(0.2)
    assert (
        sum(len(item) / 2 if isinstance(item, bytes) else round(item.seconds * 8_000) for item in out + left) == spoken
    )
    for place, audio in places(out + left):
        assert audio == piece(place, len(audio) // FMT.frame)
