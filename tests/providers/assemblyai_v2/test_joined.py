"""Both halves joined by a link, with coded speech behind them: cuts before every frame lose no word."""

from __future__ import annotations

from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.testing import Cut, Fault
from aai_migrate.testing.coded import Hard
from aai_migrate.wire.commands import Configure
from aai_migrate.wire.events import Configured

from ...session.hearing import WORDS, Run
from .wire import URL

pytestmark = pytest.mark.no_cover  # hundreds of sessions
EARS = {
    "plain": Hard(),
    "late and rewritten": Hard(final_every=2, rewrite=True, late=0.4, split_every=2),
    "silence is not settled": Hard(silent_settle=False),
}


def joined(*faults: Fault, ear: str = "plain", **more: Any) -> Run:
    """One session of a client half whose server is our server half."""
    return Run(registry.find("assemblyai-v2"), hard=EARS[ear], faults=faults, base_url=URL, **more)


def check(done: Run, what: str) -> None:
    assert done.words == WORDS, what
    assert done.end.complete, what
    done.contract()
    done.heard_all()


@pytest.mark.parametrize("ear", EARS)
@pytest.mark.parametrize("options", [{}, {"partials": False}, {"turn_silence": 0.5}], ids=str)
def test_a_cut_before_any_frame_loses_no_word(options: dict[str, Any], ear: str) -> None:
    """Nor is one doubled, whatever the provider behind is like."""
    whole = joined(ear=ear, **options)
    check(whole, "whole")
    for number in range(whole.link.crossed["up"]):
        check(joined(Cut("up", number), ear=ear, **options), f"up {number}")
    for number in range(whole.link.crossed["down"]):
        check(joined(Cut("down", number), ear=ear, **options), f"down {number}")


def test_turns_end_after_the_silence_that_was_asked_for() -> None:
    """From the beginning, and from a change in mid-session on: pauses are of 0.9 s, every third word."""
    assert [len(turn.transcript.split()) for turn in joined().turns] == [3, 3, 1]
    assert [len(turn.transcript.split()) for turn in joined(turn_silence=1.5).turns] == [7]
    changed = joined(asked=[(1.9, Configure("c", {"turn_silence": 1.5}))], turn_silence=0.5)
    assert [len(turn.transcript.split()) for turn in changed.turns] == [3, 4]
    assert [event for event in changed.said if isinstance(event, Configured)] == [Configured("c")]
