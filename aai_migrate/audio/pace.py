"""Audio handed out at the speed of speech."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from math import isfinite

from aai_migrate.errors import AudioError

from .format import AudioFormat


def paced(
    chunks: Iterable[bytes],
    fmt: AudioFormat,
    *,
    speed: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bytes]:
    """Yield each chunk when its last sample would have been spoken, as a microphone does.

    The clock starts when the first chunk is asked for. Deadlines are absolute, counted from the bytes handed
    out, so nothing drifts; after a stall the chunks that are due come at once until the pace is caught up.

    Args:
        chunks: audio of *fmt*.
        speed: seconds of audio a second; 1 is real time, 0 does not wait at all.
        clock: the time now, in seconds from any origin, never going back.
        sleep: waits for so many seconds, always more than 0.
    Raises:
        AudioError: at once, if *speed* is negative, infinite or not a number.
    """
    check_speed(speed)
    return _paced(chunks, fmt, speed, clock, sleep) if speed else iter(chunks)


def check_speed(speed: float) -> None:
    """Check that *speed* can be kept.

    Raises:
        AudioError: it is negative, infinite or not a number.
    """
    if not (isfinite(speed) and speed >= 0):
        raise AudioError(f"speed {speed!r} is not a number from 0; 1 is real time, 0 does not wait")


def _paced(
    chunks: Iterable[bytes],
    fmt: AudioFormat,
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[bytes]:
    start, size = clock(), 0
    for chunk in chunks:
        size += len(chunk)
        early = start + fmt.seconds(size) / speed - clock()
        if early > 0:
            sleep(early)
        yield chunk
