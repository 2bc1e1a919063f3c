"""50 ms of audio to another rate: ours with soxr, ours without, and soxr alone.

    python benchmarks/resample.py

Rounds are interleaved in one process; a ratio is the median of the rounds' ratios, so that a noisy machine
does not matter. The last column is what one live stream costs, as a part of one core.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy
import soxr

from aai_migrate.audio import AudioFormat, Converter, from_pcm16
from aai_migrate.audio.resample import Polyphase

ROUNDS, CALLS, CHUNK = 25, 8, 0.05
CASES = [
    (AudioFormat(48_000), AudioFormat()),
    (AudioFormat(44_100), AudioFormat()),
    (AudioFormat(8_000), AudioFormat()),
    (AudioFormat(48_000, "pcm_f32le"), AudioFormat()),
    (AudioFormat(48_000, "pcm_s16le", 2), AudioFormat()),
    (AudioFormat(48_000, "pcm_f32le", 2), AudioFormat()),
    (AudioFormat(8_000, "pcm_mulaw"), AudioFormat()),
]


def tone(fmt: AudioFormat) -> bytes:
    """Return a chunk of *fmt* that is no silence."""
    count = round(CHUNK * fmt.sample_rate)
    samples = [int(9000 * math.sin(0.3 * at)) for at in range(count) for _ in range(fmt.channels)]
    return from_pcm16(numpy.array(samples, "<i2").tobytes(), fmt.encoding)


def stacks(source: AudioFormat, target: AudioFormat) -> dict[str, Callable[[], object]]:
    """Return the ways to do it, each a call for one chunk."""
    chunk = tone(source)
    found: dict[str, Callable[[], object]] = {}
    stream = soxr.ResampleStream(source.sample_rate, target.sample_rate, 1, dtype="int16", quality="HQ")
    mono = numpy.frombuffer(tone(AudioFormat(source.sample_rate)), "<i2")
    found["bare soxr, int16 mono"] = lambda: stream.resample_chunk(mono)
    converter = Converter(source, target)
    found["ours, soxr"] = lambda: converter.convert(chunk)
    if source.encoding != "pcm_mulaw":
        own = Polyphase(source, target)
        found["ours, standard library"] = lambda: own.feed(chunk)
    return found


def main() -> None:
    """Print microseconds a chunk, ratios, and the share of a core."""
    for source, target in CASES:
        spent: dict[str, list[float]] = {}
        ways = stacks(source, target)
        for _ in range(ROUNDS):
            for name, call in ways.items():
                begin = time.perf_counter()
                for _ in range(CALLS):
                    call()
                spent.setdefault(name, []).append((time.perf_counter() - begin) / CALLS * 1e6)
        print(f"{source} -> {target}")
        bare = spent["bare soxr, int16 mono"]
        for name, times in spent.items():
            usual = statistics.median(times)
            ratio = statistics.median(a / b for a, b in zip(times, bare, strict=True))
            print(f"  {name:<24} {usual:8.1f} us {ratio:8.1f} x bare soxr {usual / CHUNK / 1e4:6.2f} % of a core")


if __name__ == "__main__":
    main()
