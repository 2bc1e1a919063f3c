"""Both halves of Agent STT joined by a link, with coded speech behind them: cuts before every frame lose no word."""

from __future__ import annotations

import random
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.events import SpeechStarted
from aai_migrate.provider import Provider
from aai_migrate.testing import Cut, Fault
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Finalize
from aai_migrate.wire.events import Finalized, TurnEnded

from ...session.hearing import WORDS, Run, true_times
from ...session.test_cuts import EARS

pytestmark = pytest.mark.no_cover  # hundreds of sessions
MODEL = "linden-1"
DIRECTIONS: tuple[Direction, ...] = ("up", "down")
SENTENCES = {"extra": {"speechmatics": {"emit_sentences": True}}}


def served() -> Provider:
    """What speaks this dialect."""
    return registry.find("speechmatics").suited(Config(model=MODEL))


def check(done: Run, what: str) -> None:
    assert done.words == WORDS, what
    assert done.end.complete, what
    done.contract()
    done.heard_all()


@pytest.mark.parametrize("ear", EARS)
def test_a_cut_before_any_frame_loses_no_word(ear: str) -> None:
    """Nor is one doubled, whatever the provider behind is like."""
    whole = Run(served(), model=MODEL, hard=EARS[ear])
    check(whole, "whole")
    for direction in DIRECTIONS:
        for number in range(whole.link.crossed[direction]):
            check(Run(served(), model=MODEL, hard=EARS[ear], faults=[Cut(direction, number)]), f"{direction} {number}")


@pytest.mark.parametrize("ear", ["easy", "late finals", "rewriting"])
def test_several_cuts_lose_no_word(ear: str) -> None:
    """Also where the replay of one is still going on."""
    for seed in range(30):
        chance = random.Random(seed)
        faults: list[Fault] = [Cut(chance.choice(DIRECTIONS), chance.randrange(90)) for _ in range(3)]
        check(Run(served(), model=MODEL, hard=EARS[ear], faults=faults), f"seed {seed}")


@pytest.mark.parametrize("options", [{"partials": False}, SENTENCES], ids=str)
def test_a_cut_with_other_options_loses_no_word(options: dict[str, Any]) -> None:
    """Without partials, and where sentences are segments."""
    whole = Run(served(), model=MODEL, **options)
    check(whole, "whole")
    for number in range(0, whole.link.crossed["down"], 2):
        check(Run(served(), model=MODEL, faults=[Cut("down", number)], **options), f"down {number}")


def test_turns_are_those_of_the_provider() -> None:
    """With their times, and speech told before each."""
    done = Run(served(), model=MODEL)
    assert [turn.transcript for turn in done.turns] == [" ".join(WORDS[:3]), " ".join(WORDS[3:6]), WORDS[6]]
    times = true_times()
    for turn, (first, last) in zip(done.turns, [(0, 2), (3, 5), (6, 6)], strict=True):
        assert turn.start == pytest.approx(times[first][0], abs=0.025)
        assert turn.end == pytest.approx(times[last][1], abs=0.025)
    assert [event.at for event in done.of(SpeechStarted)] == [
        pytest.approx(times[first][0], abs=0.025) for first in (0, 3, 6)
    ]


@pytest.mark.parametrize("at", [0.9, 1.3])
def test_finalize_is_answered_with_the_end_that_it_made(at: float) -> None:
    """At once, not after a timeout."""
    done = Run(served(), model=MODEL, asked=[(at, Finalize("a"))])
    kinds = (Finalized, TurnEnded)
    times = {type(event): time for time, event in reversed(done.link.events) if isinstance(event, kinds) and time >= at}
    assert times[Finalized] == times[TurnEnded] < at + 0.1


def test_finalize_and_a_cut_lose_no_word() -> None:
    """Each is answered once."""
    asked = [(0.9, Finalize("a")), (1.9, Finalize("b"))]
    whole = Run(served(), model=MODEL, asked=asked)
    for number in range(whole.link.crossed["up"]):
        done = Run(served(), model=MODEL, faults=[Cut("up", number)], asked=asked)
        assert done.words == whole.words, number
        done.contract()
        assert sorted(event.id for event in done.said if isinstance(event, Finalized)) == ["a", "b"], number
