"""Speech for the session's tests, and what must be true of every run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.events import AudioGap, Reconnected, Turn
from aai_migrate.provider import Provider
from aai_migrate.session import Session
from aai_migrate.testing import Far, FarEnd, Fault
from aai_migrate.testing import Run as Spoken
from aai_migrate.testing.coded import CodedEar, Hard, Reader, encode, words
from aai_migrate.wire.commands import Command, Finalize
from aai_migrate.wire.frames import Frame

from .plain import context

FORMAT = AudioFormat()
WORDS = words(7, seed=7)
KEY = Credential(Secret("canary-key-0123456789abcdef"))


def speech(said: Sequence[str] = WORDS, every: int = 3, pause: float = 0.9) -> bytes:
    """Return *said* as coded speech with a pause after *every* words."""
    items: list[str | float] = [0.25]
    for number, word in enumerate(said, 1):
        items += [word, pause] if number % every == 0 else [word]
    return encode([*items, 0.3], FORMAT)


AUDIO = speech()


class Run(Spoken):
    """One session over a link, and what came of it."""

    def __init__(
        self,
        provider: Provider,
        *,
        faults: Iterable[Fault] = (),
        hard: Hard | None = None,
        far: Callable[[], FarEnd] | None = None,
        asked: Iterable[tuple[float, Command]] = (),
        audio: bytes = AUDIO,
        fmt: AudioFormat = FORMAT,
        speed: float = 1.0,
        latency: float = 0.02,
        halts: Mapping[float, float] | None = None,
        **options: Any,
    ) -> None:
        serve = provider.server or (lambda _: pytest.fail("the provider has no server half"))
        super().__init__(
            Session(provider, context()),
            far or (lambda: Far(serve(context()), CodedEar(None, hard=hard or Hard()))),
            audio,
            Config(audio=fmt, **options),
            KEY,
            faults=faults,
            asked=asked,
            speed=speed,
            latency=latency,
            halts=halts,
        )

    def heard_all(self) -> float:
        """Prove that every sample was heard in order at least once; return how many seconds were heard twice.

        Each far end heard one unbroken stretch of the audio, from where the session says that it took over, and
        the stretches leave no hole.
        """
        seams = [0.0, *(event.seam for event in self.of(Reconnected))]
        reached, heard = 0, 0
        for seam, far in zip(seams, self.link.begun, strict=True):
            start = FORMAT.size(seam)
            assert bytes(far.heard) == self.audio[start : start + len(far.heard)], "not the audio from the seam on"
            assert start <= reached, "a hole"
            reached = max(reached, start + len(far.heard))
            heard += len(far.heard)
        assert reached == len(self.audio), "the end was never heard"
        return FORMAT.seconds(heard - len(self.audio))

    def contract(self) -> None:
        """Check the Turn contract on every event; only one turn is open at a time, and nothing is lost."""
        super().contract()
        ended: dict[int, int] = {}
        for event in self.of(Turn):
            assert event.turn_order == ended.get(event.channel, 0), "a turn that is not the open one"
            if event.end_of_turn:
                ended[event.channel] = event.turn_order + 1
        assert not self.of(AudioGap)


def true_times(audio: bytes = AUDIO) -> list[tuple[float, float]]:
    """Return where each word of *audio* is."""
    reader = Reader(FORMAT)
    return [(heard.start, heard.end) for heard in [*reader.feed(audio), *reader.flush()]]


__all__ = ["AUDIO", "FORMAT", "KEY", "WORDS", "Finalize", "Frame", "Run", "speech", "true_times"]
