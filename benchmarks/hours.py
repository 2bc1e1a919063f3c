"""Hours of coded speech through one stream as fast as it goes: memory and time for each hour, and their ratios.

    python benchmarks/hours.py [HOURS] [PROVIDER]

PROVIDER is ``coded`` (in-process) or a vendor whose server half is started here with coded speech behind it. Both
ratios compare the last hour with the first: 1.0 means that an hour costs the same however long the stream has run.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import aai_migrate
from aai_migrate import registry
from aai_migrate.testing import coded

HOUR = 3600.0
SPOKEN = coded.words(40, seed=5)


def minute() -> bytes:
    """Return just a minute of turns of four words."""
    fmt = aai_migrate.AudioFormat()
    items: list[str | float] = []
    for start in range(0, len(SPOKEN), 4):
        items += [*SPOKEN[start : start + 4], 1.2]
    audio = coded.encode(items, fmt)
    return (audio + bytes(fmt.size(60.0)))[: fmt.size(60.0)]


def resident() -> float:
    """Return this process's resident memory, in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


def main(hours: int, name: str) -> int:
    audio, heard = minute(), list[str]()
    marks: list[tuple[float, float]] = [(time.perf_counter(), resident())]
    with ExitStack() as stack:
        options: dict[str, Any] = {}
        if registry.find(name).server:
            from aai_migrate.gateway import local

            options = {"base_url": stack.enter_context(local("coded")), "api_key": "any", "paced": False}
        stream = stack.enter_context(aai_migrate.connect(name, **options))

        def source() -> Iterator[bytes]:
            for number in range(60 * hours):
                yield audio
                if (number + 1) % 60 == 0:
                    marks.append((time.perf_counter(), resident()))
                    seconds = marks[-1][0] - marks[-2][0]
                    print(f"hour {len(marks) - 1:2}: {seconds:6.1f} s, {marks[-1][1]:6.1f} MiB", flush=True)

        turns = 0
        for event in stream.transcribe(source()):
            if isinstance(event, aai_migrate.Turn) and event.end_of_turn:
                turns += 1
                heard += event.transcript.split()
                if len(heard) >= len(SPOKEN):
                    assert heard[: len(SPOKEN)] == list(SPOKEN), "not what was said"
                    del heard[: len(SPOKEN)]
        assert not heard, "words are missing at the end"
        end = stream.termination
    assert end is not None
    assert end.complete
    first, last = marks[1][0] - marks[0][0], marks[-1][0] - marks[-2][0]
    print(f"{turns} turns, every word, {threading.active_count()} thread(s) left")
    print(f"memory, last hour / first: {marks[-1][1] / marks[1][1]:.2f}   time, last hour / first: {last / first:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2, sys.argv[2] if len(sys.argv) > 2 else "coded"))
