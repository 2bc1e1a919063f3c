"""Both halves joined in memory, over every kind of ear: cuts before every frame, with the session on both sides."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.events import Reconnected
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.testing import Corrupt, Cut, Delay, Fault, Refuse, Service
from aai_migrate.testing.coded import CodedEar, Hard
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Finalize
from aai_migrate.wire.events import Finalized, TurnEnded

from ...session.hearing import WORDS, Run
from ...session.plain import context
from ...session.test_cuts import EARS

pytestmark = pytest.mark.no_cover  # thousands of sessions
GLADIA = registry.find("gladia")
DIRECTIONS: tuple[Direction, ...] = ("up", "down")


def sealing() -> Context:
    seal = Seal(None)
    return evolve(context(), seal=seal.seal, unseal=seal.unseal)


def run(ear: Hard | None = None, faults: list[Fault] | None = None, **options: Any) -> tuple[Run, Service]:
    service = Service(GLADIA, context(), lambda: CodedEar(None, hard=ear or Hard()))
    return Run(GLADIA, far=lambda: service, faults=faults or [], **options), service


def check(done: Run, what: str = "") -> None:
    assert done.words == WORDS, what
    assert done.end.complete, what
    done.contract()


@pytest.mark.parametrize("ear", EARS)
def test_a_cut_before_any_frame_is_resumed_without_loss(ear: str) -> None:
    """The same session goes on; both samples and words come once."""
    whole, _ = run(EARS[ear])
    check(whole)
    for direction in DIRECTIONS:
        for number in range(2 if direction == "up" else 1, whole.link.crossed[direction]):
            done, service = run(EARS[ear], [Cut(direction, number)])
            what = f"{direction} {number}"
            check(done, what)
            if (direction, number) == ("up", 2):  # before anything is taken nobody knows from where it counts
                continue
            assert [event.resumed for event in done.of(Reconnected)] in ([], [True]), what
            [session] = service.sessions
            assert bytes(session.heard).startswith(done.audio), what


@pytest.mark.parametrize("ear", ["easy", "finals, jitter, stable", "late finals", "rewriting"])
def test_several_cuts_lose_no_word(ear: str) -> None:
    """Also where the vendor is away in between."""
    for seed in range(40):
        chance = random.Random(seed)
        faults: list[Fault] = [
            Cut(chance.choice(DIRECTIONS), chance.randrange(2, 90)) for _ in range(chance.randrange(2, 6))
        ]
        faults += [Refuse(chance.randrange(2, 6), chance.choice([None, 500, 503])) for _ in range(2)]
        done, _ = run(EARS[ear], faults)
        check(done, f"seed {seed}")


@pytest.mark.parametrize("speed", [0, 4])
def test_a_cut_while_audio_is_pushed_loses_no_word(speed: float) -> None:
    """All of it at once included: what was not answered yet is heard again, in another session."""
    whole, _ = run(speed=speed)
    check(whole)
    for direction in DIRECTIONS:
        for number in range(whole.link.crossed[direction]):
            done, _ = run(EARS["finals"], [Cut(direction, number)], speed=speed)
            check(done, f"{direction} {number}")


def test_messages_cut_short_and_delays_lose_no_word() -> None:
    """Text that is no JSON, and seconds in which nothing arrives."""
    whole, _ = run()
    for number in range(2, whole.link.crossed["down"] - 1, 2):
        done, _ = run(faults=[Corrupt("down", number)])
        assert done.words == WORDS, number
        done.contract()
    for direction, number in itertools.product(DIRECTIONS, range(3, 30, 4)):
        done, _ = run(faults=[Delay(direction, number, 2.5)])
        assert done.words == WORDS, f"{direction} {number}"
        done.contract()


def test_finalize_and_a_cut_lose_no_word() -> None:
    """Each is answered once."""
    asked = [(0.9, Finalize("a")), (1.9, Finalize("b"))]
    whole, _ = run(asked=asked)
    for direction in DIRECTIONS:
        for number in range(whole.link.crossed[direction]):
            done, _ = run(faults=[Cut(direction, number)], asked=asked)
            what = f"{direction} {number}"
            assert done.words == whole.words, what
            done.contract()
            assert sorted(event.id for event in done.said if isinstance(event, Finalized)) == ["a", "b"], what


@pytest.mark.parametrize("at", [0.9, 1.3, 2.9])
def test_finalize_is_answered_with_the_end_that_it_made(at: float) -> None:
    """In mid-speech and in a pause that had not ended the turn yet: at once, not after a timeout."""
    done, _ = run(asked=[(at, Finalize("a"))])
    kinds = (Finalized, TurnEnded)
    times = {type(event): time for time, event in reversed(done.link.events) if isinstance(event, kinds) and time >= at}
    assert times[Finalized] == times[TurnEnded] < at + 0.1


def test_a_client_that_does_not_come_back_ends_its_session() -> None:
    """The gateway's side waits half a minute, stops the provider, and is over."""
    done, service = run(faults=[Cut("up", 20), *(Refuse(number, None) for number in range(2, 40))])
    assert not done.end.complete
    [session] = service.sessions
    far: Any = session
    for _ in range(5):
        if far.deadline is not None:
            far.tick(far.deadline)
    assert far.deadline is None
    assert [type(command).__name__ for command in far.commands][-1] == "Stop"
    assert not far.server.resumable
