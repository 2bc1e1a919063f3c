"""Speech for the session's tests, and what must be true of every run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ProviderError
from aai_migrate.events import AudioGap, Reconnected, StreamEvent, Termination, Turn
from aai_migrate.provider import Provider
from aai_migrate.session import Session, SessionEvent
from aai_migrate.testing import Far, FarEnd, Fault, Link, spoken
from aai_migrate.testing.coded import CodedEar, Hard, Reader, encode, words
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Command, Finalize, Start, Stop
from aai_migrate.wire.events import Failed
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


class Run:
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
        self.session = Session(provider, context())
        hard = hard or Hard()
        make = far or (lambda: Far(serve(context()), CodedEar(None, hard=hard)))
        self.link = Link(self.session, make, faults=faults, latency=latency)
        script: list[tuple[float, Command]] = [(0.0, Start(Config(audio=fmt, **options), KEY))]
        halts = halts or {}  # after so many seconds nothing is fed for so long
        for time, command in spoken(audio, fmt, speed=speed, start=0.1):
            script.append((time + sum(long for after, long in halts.items() if time - 0.1 > after), command))
        script += [*asked, (script[-1][0], Stop())]
        said: list[SessionEvent] = self.link.run(script)
        turns = Turns(provider.name)
        self.said = said
        self.events: list[StreamEvent] = [out for time, event in self.link.events for out in turns.fold([event], time)]
        self.error: ProviderError | None = next((e.error for e in said if isinstance(e, Failed)), None)
        self.audio, self.halts = audio, halts

    @property
    def turns(self) -> list[Turn]:
        return [event for event in self.events if isinstance(event, Turn) and event.end_of_turn]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(" ".join(turn.transcript for turn in self.turns).split())

    @property
    def end(self) -> Termination:
        last = self.events[-1]
        assert isinstance(last, Termination)
        return last

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

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
        """Check the Turn contract on every event."""
        ended: dict[int, int] = {}
        stable: dict[tuple[int, int], str] = {}
        for event in self.events:
            if not isinstance(event, Turn):
                continue
            key = (event.channel, event.turn_order)
            assert event.turn_order == ended.get(event.channel, 0), "a turn that is not the open one"
            assert event.transcript.strip(), "an empty turn"
            promised = stable.get(key, "")
            assert event.transcript.startswith(promised), "stable text changed"
            stable[key] = event.transcript[: event.stable_length]
            if event.end_of_turn:
                ended[event.channel] = event.turn_order + 1
        assert sum(isinstance(event, Termination) for event in self.events) == 1
        assert not self.of(AudioGap)


def true_times(audio: bytes = AUDIO) -> list[tuple[float, float]]:
    """Return where each word of *audio* is."""
    reader = Reader(FORMAT)
    return [(heard.start, heard.end) for heard in [*reader.feed(audio), *reader.flush()]]


__all__ = ["AUDIO", "FORMAT", "KEY", "WORDS", "Finalize", "Frame", "Run", "speech", "true_times"]
