"""A cut before any frame, in either direction, with every difficulty of the ear: no word lost, none doubled."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.events import Reconnected
from aai_migrate.provider import Provider
from aai_migrate.testing import Corrupt, Cut, Delay, Far, Fault, Refuse
from aai_migrate.testing.coded import CodedEar, Hard, encode, words
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Finalize
from aai_migrate.wire.frames import Connect, Frame

from .hearing import FORMAT, WORDS, Run, true_times
from .plain import Server, context, provider

pytestmark = pytest.mark.no_cover  # thousands of sessions: twice as fast, and the other tests reach every line
JITTER = 0.04
EARS = {
    "easy": Hard(),
    "jitter": Hard(jitter=JITTER, seed=1),
    "finals": Hard(final_every=2),
    "finals, jitter, stable": Hard(final_every=3, jitter=JITTER, stable=True, seed=2),
    "late finals": Hard(final_every=2, late=0.6, jitter=JITTER, seed=3),
    "rewriting": Hard(rewrite=True, final_every=3, jitter=JITTER, seed=4),
    "split": Hard(split_every=3, jitter=JITTER, seed=5),
    "silent": Hard(final_every=2, late=0.5, rewrite=True, jitter=JITTER, silent_settle=False, seed=6),
}
VENDORS: dict[str, tuple[Callable[[], Provider], dict[str, Any]]] = {
    "v3 universal-3": (lambda: registry.find("assemblyai-v3"), {"model": "u3-rt-pro"}),
    "v3 streaming": (lambda: registry.find("assemblyai-v3"), {"model": "universal-streaming-english"}),
    "v3 raw": (
        lambda: registry.find("assemblyai-v3"),
        {"model": "universal-streaming-english", "formatted_turns": "raw"},
    ),
    "plain": (lambda: provider(ends_only_with_audio=True), {}),
}


def check(run: Run, ear: Hard) -> None:
    """The words, the clock, the samples and the contract of one run."""
    assert run.words == WORDS
    assert run.end.complete
    run.contract()
    replayed = sum(event.replayed for event in run.events if hasattr(event, "replayed"))
    assert run.heard_all() <= replayed + 1e-6
    times = [(word.start, word.end) for turn in run.turns for word in turn.words]
    for (start, end), (true_start, true_end) in zip(times, true_times(), strict=True):
        assert start == pytest.approx(true_start, abs=ear.jitter + 0.025)
        assert end == pytest.approx(true_end, abs=ear.jitter + 0.025)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("ear", EARS)
def test_a_cut_before_any_frame_loses_no_word(vendor: str, ear: str) -> None:
    """Whatever frame the connection breaks before, the ended turns are those of the undisturbed run."""
    make, options = VENDORS[vendor]
    whole = Run(make(), hard=EARS[ear], **options)
    check(whole, EARS[ear])
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(whole.link.crossed[direction]):
            run = Run(make(), hard=EARS[ear], faults=[Cut(direction, number)], **options)
            try:
                check(run, EARS[ear])
            except AssertionError as error:
                raise AssertionError(f"cut {direction} before frame {number}: {error}") from error


@pytest.mark.parametrize("vendor", VENDORS)
def test_several_cuts_in_one_turn_lose_no_word(vendor: str) -> None:
    """Cuts that come again while the replay of the last one is still going on."""
    make, options = VENDORS[vendor]
    for first, gap in itertools.product(range(5, 60, 7), (1, 3, 10)):
        cuts: list[Fault] = [Cut("up", first + gap * number) for number in range(3)]
        ear = EARS["finals, jitter, stable"]
        check(Run(make(), hard=ear, faults=cuts, **options), ear)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_message_cut_short_by_the_server_loses_no_word(vendor: str) -> None:
    """Text that is no JSON is a broken connection, not a message to skip."""
    make, options = VENDORS[vendor]
    whole = Run(make(), **options)
    for number in range(1, whole.link.crossed["down"] - 1):
        run = Run(make(), faults=[Corrupt("down", number)], **options)
        assert run.words == WORDS, f"frame {number}"
        run.contract()


@pytest.mark.parametrize("vendor", VENDORS)
def test_delays_lose_no_word(vendor: str) -> None:
    """A message that comes seconds late moves what follows it, nothing else."""
    make, options = VENDORS[vendor]
    directions: tuple[Direction, ...] = ("up", "down")
    for direction, number in itertools.product(directions, range(2, 20, 3)):
        run = Run(make(), faults=[Delay(direction, number, 2.5)], **options)
        assert run.words == WORDS
        run.contract()


@pytest.mark.parametrize("vendor", VENDORS)
def test_refusals_between_cuts_lose_no_word(vendor: str) -> None:
    """The vendor is away for some attempts after a cut: busy, or not listening at all."""
    make, options = VENDORS[vendor]
    faults: list[Fault] = [Cut("up", 30), Refuse(1), Refuse(2, None), Refuse(3, 502), Cut("down", 12)]
    run = Run(make(), faults=faults, hard=EARS["finals"], **options)
    check(run, EARS["finals"])


@pytest.mark.parametrize("speed", [0, 4])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_cut_while_audio_is_pushed_loses_no_word(vendor: str, speed: float) -> None:
    """Speech that is fed faster than real time, all of it at once included."""
    make, options = VENDORS[vendor]
    whole = Run(make(), speed=speed, **options)
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(whole.link.crossed[direction]):
            run = Run(make(), speed=speed, faults=[Cut(direction, number)], **options)
            assert run.words == WORDS, f"{direction} {number}"
            run.contract()
            run.heard_all()


def test_finalize_in_mid_speech_and_a_cut_lose_no_word() -> None:
    """A Finalize that was not answered is asked again at its place, and answered once."""
    make, options = VENDORS["v3 universal-3"]
    asked = [(0.9, Finalize("a")), (2.6, Finalize("b")), (2.65, Finalize("c"))]
    whole = Run(make(), asked=asked, **options)
    assert whole.words == WORDS
    for direction, number in itertools.product(("up", "down"), range(40)):
        run = Run(make(), asked=asked, faults=[Cut(direction, number)], **options)  # type: ignore[arg-type]
        assert run.words == WORDS, f"{direction} {number}"
        answers = [event.id for event in run.said if type(event).__name__ == "Finalized"]  # type: ignore[union-attr]
        assert sorted(answers) == ["a", "b", "c"], f"{direction} {number}"


@pytest.mark.parametrize("cut", [100, 120, 140, 180])
def test_a_stalled_network_that_breaks_loses_no_word(cut: int) -> None:
    """Writes go through and nobody reads: what was not read is not silence, however long it lasts."""
    make, options = VENDORS["v3 universal-3"]
    said = words(12, seed=3)
    audio = encode([0.3, *said[:2], 6.0, *said[2:8], 6.0, *said[8:], 6.0], FORMAT)
    run = Run(make(), audio=audio, faults=[Delay("up", 35, 30.0), Cut("up", cut, "timeout")], **options)
    assert run.words == said
    run.contract()


def test_a_finalize_inside_the_last_word_doubles_nothing_at_a_cut() -> None:
    """The turn ends later, with the whole word; what is settled is the word, not the place of the Finalize."""
    make, options = VENDORS["v3 universal-3"]
    audio = encode([0.3, WORDS[0], 2.0, *WORDS[1:3], 0.3], FORMAT)
    for number in range(14):
        faults = [Cut("down", number)]
        run = Run(make(), audio=audio, asked=[(0.5, Finalize("f"))], faults=faults, **options)
        assert run.words == WORDS[:3], number


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("ear", ["easy", "finals, jitter, stable", "late finals"])
def test_a_resumed_session_loses_no_word(ear: str, forgets: bool) -> None:
    """The vendor's session goes on from what it has taken; one that is refused begins anew from what is settled."""
    vendor = provider(resumes=True, ends_only_with_audio=True)
    whole = Run(vendor, far=remembering(EARS[ear], forgets))
    assert whole.words == WORDS
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(whole.link.crossed[direction]):
            run = Run(vendor, far=remembering(EARS[ear], forgets), faults=[Cut(direction, number)])
            assert run.words == WORDS, f"{direction} {number}"
            run.contract()
            resumed = [event.resumed for event in run.of(Reconnected)]
            assert not (forgets and any(resumed))
            assert forgets or all(resumed)


@pytest.mark.parametrize("ear", ["easy", "finals, jitter, stable", "late finals"])
def test_several_cuts_of_a_resumed_session_lose_no_word(ear: str) -> None:
    """Also where the next one comes before the last replay is over, or takes the acknowledgement with it."""
    vendor = provider(resumes=True, ends_only_with_audio=True)
    for seed in range(60):
        chance = random.Random(seed)
        directions: tuple[Direction, ...] = ("up", "down")
        cuts = [Cut(chance.choice(directions), chance.randrange(2, 60)) for _ in range(chance.randrange(2, 6))]
        run = Run(vendor, far=remembering(EARS[ear], False), faults=cuts)
        assert run.words == WORDS, f"seed {seed}"
        run.contract()


class _Vendor(Far):
    """One far end for all connections: what a new session begins with, and what a resumed one goes back to."""

    forgets = False
    hard = Hard()

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        if isinstance(frame, Connect) and frame.url.endswith("/new"):
            self.server = Server(context(), acknowledges=True, forgets=self.forgets)
            self.ear = CodedEar(None, hard=self.hard)
            self.commands.clear()
        return super().receive(frame, now)


def remembering(hard: Hard, forgets: bool) -> Callable[[], Far]:
    """Return what makes one vendor, whose sessions outlive connections or do not."""
    vendor = _Vendor(Server(context()), CodedEar(None))
    vendor.hard, vendor.forgets = hard, forgets
    return lambda: vendor
