"""Whether audio comes at the rate of its format: wrong formats are found, and nothing that is live is."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, Mismatch, RateWatch
from aai_migrate.errors import AudioRateMismatch

DECLARED = AudioFormat()
CHUNKS = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
Feeding = list[tuple[float, int]]


def live(true: AudioFormat, seconds: float, chunk: float, *, jitter: float = 0.0, seed: int = 0) -> Feeding:
    """Return when chunks of *chunk* seconds of *true* come, each up to *jitter* late but in order; and their sizes."""
    late = random.Random(seed)
    feeding, last = [], 0.0
    for number in range(1, int(seconds / chunk) + 1):
        last = max(last, number * chunk + late.uniform(0, jitter))
        feeding.append((last, true.size(chunk)))
    return feeding


def gated(feeding: Feeding, talk: float, pause: float, rng: random.Random) -> Feeding:
    """Return what a voice detector lets through: talk and pauses of random lengths, 0.2 s at least."""
    kept, until, talking = [], 0.0, False
    for at, size in feeding:
        while at > until:
            talking = not talking
            until += max(0.2, rng.expovariate(1 / (talk if talking else pause)))
        if talking:
            kept.append((at, size))
    return kept


def stalled(feeding: Feeding, begin: float, seconds: float, speed: float) -> Feeding:
    """Return *feeding* with nothing from *begin* on for *seconds*, then what waited at *speed*, 0 for at once."""
    late, last = [], 0.0
    for at, size in feeding:
        if at >= begin:
            at = max(at, begin + seconds, last + (DECLARED.seconds(size) / speed if speed and last >= begin else 0.0))
        last = at
        late.append((at, size))
    return late


def watched(feeding: Feeding, realtime: bool | None, declared: AudioFormat = DECLARED) -> tuple[float, Mismatch] | None:
    """Return when the watch spoke and what it said; it must speak once only."""
    watch = RateWatch(declared, realtime=realtime)
    said = [(now, found) for now, size in feeding if (found := watch.fed(size, now))]
    assert len(said) <= 1
    return said[0] if said else None


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("true", "ratio", "likely"),
    [
        (AudioFormat(48_000), 3.0, "48000 Hz pcm_s16le mono"),
        (AudioFormat(44_100), 2.756, "44100 Hz pcm_s16le mono"),
        (AudioFormat(8_000), 0.5, "8000 Hz pcm_s16le mono"),
        (AudioFormat(16_000, "pcm_f32le"), 2.0, "16000 Hz pcm_f32le mono"),
        (AudioFormat(channels=2), 2.0, "16000 Hz pcm_s16le stereo"),
        (AudioFormat(16_000, "pcm_mulaw"), 0.5, "16000 Hz pcm_mulaw mono"),
        (AudioFormat(8_000, "pcm_mulaw"), 0.25, "8000 Hz pcm_mulaw mono"),
        (AudioFormat(48_000, "pcm_f32le", 2), 12.0, "48000 Hz pcm_f32le stereo"),
    ],
)
def test_a_microphone_of_another_format_is_an_error(true: AudioFormat, ratio: float, likely: str, chunk: float) -> None:
    """After 5 s, or ten of its chunks; the likely formats name the true one."""
    found = watched(live(true, 20 + 15 * chunk, chunk, jitter=min(0.05, chunk)), True)
    assert found
    when, mismatch = found
    assert when <= max(6.2, 11.2 * chunk)
    assert mismatch.error
    assert mismatch.declared == 32_000
    assert mismatch.observed == pytest.approx(32_000 * ratio, rel=0.02)
    assert likely in mismatch.likely
    assert len(mismatch.likely) <= 3


@pytest.mark.parametrize(
    ("declared", "true", "first"),
    [
        (DECLARED, AudioFormat(44_100), "44100 Hz pcm_s16le mono"),
        (DECLARED, AudioFormat(8_000), "8000 Hz pcm_s16le mono"),
        (DECLARED, AudioFormat(channels=2), "16000 Hz pcm_s16le stereo"),
        (AudioFormat(8_000, "pcm_mulaw"), AudioFormat(44_100), "44100 Hz pcm_s16le mono"),
        (AudioFormat(8_000, "pcm_alaw"), AudioFormat(8_000, "pcm_alaw", 2), "8000 Hz pcm_alaw stereo"),
        (AudioFormat(48_000, "pcm_f32le"), AudioFormat(48_000), "48000 Hz pcm_s16le mono"),
    ],
)
def test_the_likeliest_format_comes_first(declared: AudioFormat, true: AudioFormat, first: str) -> None:
    """What differs in the fewest things, at a usual rate, is the likeliest."""
    found = watched(live(true, 12, 0.05), True, declared)
    assert found
    assert found[1].likely[0] == first
    assert str(true) in found[1].likely


def test_a_pace_of_no_usual_format_takes_longer() -> None:
    """10 kHz is nobody's rate, but a live source is not that slow for 20 s by chance."""
    found = watched(live(AudioFormat(10_000), 60, 0.05), True)
    assert found
    assert 20 <= found[0] <= 21
    assert (found[1].likely, found[1].error) == ((), True)
    assert found[1].observed == pytest.approx(20_000)
    assert watched(live(AudioFormat(10_000), 60, 0.05), None) is None


@pytest.mark.parametrize("realtime", [True, None])
@pytest.mark.parametrize("part", [0.92, 0.999, 1.0, 1.001, 1.09])
def test_clocks_may_drift(part: float, realtime: bool | None) -> None:
    """A tenth is no mistake anybody makes."""
    feeding = [(at * part, size) for at, size in live(DECLARED, 300, 0.02, jitter=0.05)]
    assert watched(feeding, realtime) is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(CHUNKS),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.sampled_from([-0.01, 0.0, 0.001, 0.01]),
    st.sampled_from([True, None]),
)
def test_live_audio_is_never_found(seed: int, chunk: float, jitter: float, drift: float, realtime: bool | None) -> None:
    """Whatever happens to it: a burst in the beginning, pauses, drift, stalls and catching up at any speed."""
    rng = random.Random(seed)
    long = 30 if chunk < 0.01 else 120 if chunk < 1 else 1200
    feeding = [(at * (1 + drift), size) for at, size in live(DECLARED, long, chunk, jitter=jitter, seed=seed)]
    if rng.random() < 0.5:
        feeding = gated(feeding, rng.choice([0.5, 1, 3, 10]), rng.choice([0.5, 2, 10]), rng)
    for _ in range(rng.choice([0, 1, 3])):
        speed = rng.choice([0, 1.2, 1.5, 2, 3, 5, 20, 100])
        feeding = stalled(feeding, rng.uniform(10 + 12 * chunk, long), rng.uniform(0.2, 30), speed)
    if feeding and rng.random() < 0.3:
        size = DECLARED.size(chunk)
        feeding = [(feeding[0][0], size)] * int(rng.uniform(1, 30) / chunk) + feeding
    assert watched(feeding, realtime) is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from(CHUNKS),
    st.sampled_from([AudioFormat(48_000), AudioFormat(44_100), AudioFormat(8_000), AudioFormat(22_050)]),
)
def test_a_wrong_format_is_found_through_a_stall(seed: int, chunk: float, true: AudioFormat) -> None:
    """What it has behind it only delays the finding."""
    rng = random.Random(seed)
    feeding = live(true, 60 + 40 * chunk, chunk, jitter=0.03, seed=seed)
    feeding = stalled(feeding, rng.uniform(0, 10), rng.uniform(0.2, 10), 0)
    found = watched(feeding, True)
    assert found
    assert str(true) in found[1].likely


def test_catching_up_steadily_is_no_rate() -> None:
    """Half a minute late, then double speed until it is made good: as long as a wrong format would need."""
    feeding = stalled(live(DECLARED, 200, 0.05), 60, 30, 2.0)
    assert max(b - a for (a, _), (b, _) in pairwise(feeding)) > 29
    assert watched(feeding, True) is None
    assert watched(feeding, None) is None


@pytest.mark.parametrize(
    ("true", "error"),
    [
        (AudioFormat(48_000), True),
        (AudioFormat(24_000), False),
        (AudioFormat(channels=2), False),
        (AudioFormat(16_000, "pcm_f32le", 2), False),
        (AudioFormat(44_100), True),
        (AudioFormat(22_050), True),
        (AudioFormat(44_100, "pcm_s16le", 2), True),
        (AudioFormat(8_000), True),
        (AudioFormat(12_000), True),
        (AudioFormat(8_000, "pcm_mulaw"), True),
    ],
)
@pytest.mark.parametrize("chunk", [0.02, 0.1, 0.5])
def test_what_is_fed_by_hand(true: AudioFormat, error: bool, chunk: float) -> None:
    """After 8 s it is an error, unless a recording may be fed that fast on purpose: then it is told once."""
    found = watched(live(true, 40, chunk, jitter=0.02), None)
    assert found
    assert 8 <= found[0] <= 10
    assert found[1].error is error
    assert str(true) in found[1].likely


@pytest.mark.parametrize("speed", [1.25, 1.4, 1.75, 2.5, 5.0, 0.64, 0.8])
def test_speeds_of_no_format_are_nobodys_mistake(speed: float) -> None:
    """A recording may be fed by hand at its own speed; at most a notice comes of it."""
    found = watched([(at / speed, size) for at, size in live(DECLARED, 120, 0.05)], None)
    assert not found or not found[1].error


@pytest.mark.parametrize("true", [AudioFormat(48_000), AudioFormat(8_000), AudioFormat(44_100)])
def test_a_speed_that_is_meant_is_never_found(true: AudioFormat) -> None:
    """Who says realtime=False has chosen it."""
    assert watched(live(true, 60, 0.05), False) is None


def test_a_file_fed_at_once_is_nothing() -> None:
    """Also where it goes on for a while, as fast as somebody takes it."""
    rng = random.Random(1)
    now, feeding = 0.0, []
    for _ in range(3_000):
        now += rng.expovariate(100)
        feeding.append((now, DECLARED.size(0.05)))
    assert watched(feeding, None) is None


def test_a_source_that_was_made_to_wait_is_seen_anew() -> None:
    """What it gave before says nothing; it takes the whole time again."""
    watch = RateWatch(DECLARED, realtime=True)
    feeding = live(AudioFormat(48_000), 30, 0.05)
    found = []
    for now, size in feeding:
        if 4.9 < now < 4.96:
            watch.forget()
        if watch.fed(size, now):
            found.append(now)
    assert found == [pytest.approx(10.05, abs=0.2)]


def test_empty_chunks_and_a_clock_that_stands_are_nothing() -> None:
    """Neither divides by zero, nor counts."""
    watch = RateWatch(DECLARED, realtime=True)
    assert [watch.fed(0, 0.0), watch.fed(640, 0.0), watch.fed(640, 0.0), watch.fed(0, 9.0)] == [None] * 4
    assert watch.fed(640, 9.0) is None


def test_a_mismatch_says_all() -> None:
    """Both rates, what it probably is, and how to say that the speed is meant."""
    found = watched(live(AudioFormat(44_100), 20, 0.05), True)
    assert found
    text = found[1].text
    assert text.startswith("audio arrives at 88200 bytes/s, 2.76 times the 32000 of its declared format; ")
    assert "it is probably 44100 Hz pcm_s16le mono or " in text
    assert "realtime=False" in text
    error = AudioRateMismatch(found[1].declared, found[1].observed, found[1].likely)
    assert str(error) == text


def amount(feeding: Feeding) -> int:
    return sum(size for _, size in feeding)


def test_the_feedings_of_these_tests_are_live() -> None:
    """Gating drops audio, stalling none, and both keep the order."""
    whole = live(DECLARED, 60, 0.05, jitter=0.2)
    assert amount(stalled(whole, 10, 5, 2.0)) == amount(whole) > amount(gated(whole, 1, 1, random.Random(3))) > 0
    for feeding in (whole, stalled(whole, 10, 5, 2.0)):
        assert feeding == sorted(feeding, key=lambda one: one[0])
