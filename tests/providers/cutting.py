"""Sessions with a documented vendor that break before every frame, in either way: a reset, or a close by the vendor."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing import Corrupt, Cut, Fault, Refuse
from aai_migrate.testing.coded import Hard, encode, interleave, words
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Finalize
from aai_migrate.wire.events import Finalized

from ..session.hearing import FORMAT, Run

WORDS = words(8, seed=17)
SCRIPT: list[str | int | float] = [0.25, *WORDS[:3], 1.1, *WORDS[3:6], 1.5, *WORDS[6:], 0.3]
AUDIO = encode(SCRIPT, FORMAT)
STEREO = AudioFormat(channels=2)
LEFT, RIGHT = WORDS[:5], WORDS[5:]
APART: dict[str, Any] = {
    "audio": interleave(
        encode([0.3, *LEFT[:3], 1.2, *LEFT[3:]], FORMAT),
        encode([0.9, RIGHT[0], 1.1, *RIGHT[1:], 0.4], FORMAT),
        fmt=STEREO,
    ),
    "fmt": STEREO,
    "channels": "separate",
}
"""The options of a session in which two channels speak at the same time."""
DIRECTIONS: tuple[Direction, ...] = ("up", "down")
Heard = tuple[tuple[str, ...], ...]
F = TypeVar("F")
F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)


class Runs(Protocol[F_co]):
    """Runs one session; *options* also say where and how the vendor closes, and what differs from the default."""

    def __call__(self, habits: Any = None, faults: list[Fault] | None = None, **options: Any) -> tuple[Run, F_co]: ...


class Checks(Protocol[F_contra]):
    """Checks what only one vendor's sessions have; *what* is told if it fails."""

    def __call__(self, done: Run, far: F_contra, what: str, /) -> None: ...


@frozen
class Cutting(Generic[F]):
    """How the sessions with one vendor are run, judged and closed.

    Attributes:
        run: returns a session and the far end that it had, which closes before the frame ``closes``.
        said: returns the words of the ended turns of a channel, in lower case and without marks.
        also: what else must be true of every session.
        ways: the options of each way in which the vendor closes; they take turns.
        every: so many breaks come between two that are closes too.
    """

    run: Runs[F]
    said: Callable[[Run, int], tuple[str, ...]]
    also: Checks[F] | None = None
    ways: Sequence[Mapping[str, Any]] = ({},)
    every: int = 3

    def check(self, done: Run, far: F, what: str = "", *, heard: Heard = (WORDS,)) -> None:
        """Every word came once, in its channel, to the end, by the contract of turns."""
        assert {turn.channel for turn in done.turns} == set(range(len(heard))), what
        for channel, expected in enumerate(heard):
            assert self.said(done, channel) == expected, what
        assert done.end.complete, what
        done.contract()
        if self.also:
            self.also(done, far, what)

    def cuts(self, whole: Run, step: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield a name and the options of each break before every *step*-th frame that crossed in *whole*."""
        ways = itertools.cycle(self.ways)
        for direction in DIRECTIONS:
            for number in range(0, whole.link.crossed[direction], step):
                yield f"cut {direction} {number}", {"faults": [Cut(direction, number)]}
                if number % (self.every * step) == 0:
                    way = next(ways)
                    yield f"closed {direction} {number} {way}", {"closes": (direction, number), **way}

    def every_cut(
        self,
        habits: Any = None,
        step: int = 1,
        *,
        heard: Heard = (WORDS,),
        asked: Sequence[tuple[float, Command]] = (),
        **options: Any,
    ) -> None:
        """Run a session whole, then broken before every *step*-th frame; each Finalize is answered once."""
        asks = sorted(command.id for _, command in asked if isinstance(command, Finalize))
        whole, far = self.run(habits, asked=asked, **options)
        self.check(whole, far, "whole", heard=heard)
        assert answers(whole) == asks
        for what, fault in self.cuts(whole, step):
            done, far = self.run(habits, **fault, asked=asked, **options)
            self.check(done, far, what, heard=heard)
            assert answers(done) == asks, what

    def every_corruption(self, step: int, **options: Any) -> None:
        """Run a session whose every *step*-th message is cut short: text that is no JSON."""
        whole, _ = self.run(**options)
        for number in range(1, whole.link.crossed["down"] - 1, step):
            done, far = self.run(faults=[Corrupt("down", number)], **options)
            self.check(done, far, f"cut short {number}")


def answers(done: Run) -> list[str]:
    """Return which Finalize were answered, sorted."""
    return sorted(event.id for event in done.said if isinstance(event, Finalized))


def ears(jitter: float) -> dict[str, Hard]:
    """Return what makes an ear hard to follow; its times are up to *jitter* seconds off."""
    return {
        "easy": Hard(),
        "jitter": Hard(jitter=jitter, seed=1),
        "finals in mid-speech": Hard(final_every=2, jitter=jitter, seed=2),
        "a final for each word": Hard(final_every=1, jitter=jitter, seed=3),
        "late finals": Hard(final_every=2, late=0.6, jitter=jitter, seed=4),
        "very late finals": Hard(late=1.5, seed=5),
        "rewriting": Hard(rewrite=True, final_every=3, jitter=jitter, seed=6),
    }


def any_frame(dice: random.Random, frames: range) -> tuple[Direction, int]:
    """Return a direction and one of *frames*."""
    return dice.choice(DIRECTIONS), dice.choice(frames)


def any_faults(dice: random.Random, *, cuts: int, refusals: int, frames: range) -> list[Fault]:
    """Return so many cuts before some of *frames*, and refusals of later connections, for which others make up."""
    faults: list[Fault] = [Cut(*any_frame(dice, frames)) for _ in range(cuts)]
    statuses = [None, 429, 500, 503]
    return [*faults, *(Refuse(dice.randrange(1, 6), dice.choice(statuses)) for _ in range(refusals))]
