"""The check of the Turn contract: each rule, kept and broken."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from aai_migrate.events import Begin, StreamEvent, Termination, Turn, TurnRevised, Word
from aai_migrate.testing import check_turns

BEGIN, END = Begin(provider="x"), Termination(complete=True, reason="stopped", audio_seconds=1.0)
TEXT = "good day"


def turn(order: int = 0, **more: Any) -> Turn:
    given: dict[str, Any] = {"turn_order": order, "transcript": TEXT, "end_of_turn": False, "provider": "x", **more}
    return Turn(**given)


def over(order: int = 0, **more: Any) -> Turn:
    return turn(order, end_of_turn=True, **more)


WHOLE: list[StreamEvent] = [BEGIN, turn(stable_length=4), over(), turn(1), over(1), over(channel=1), END]


def test_a_session_that_keeps_it() -> None:
    """A whole one, one without turns, one that fails before it begins, and one that is not over yet."""
    revised = TurnRevised(turn_order=1, transcript="x")
    sessions: list[list[StreamEvent]] = [WHOLE, [BEGIN, END], [], WHOLE[:3], [*WHOLE[:-1], revised, END]]
    for events in sessions:
        check_turns(events)


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        (WHOLE[1:], "the first event is not Begin"),
        ([BEGIN, *WHOLE], "Begin came twice"),
        ([BEGIN, END, over()], "something followed Termination"),
        ([BEGIN, END, END], "something followed Termination"),
        ([BEGIN, turn(transcript=" ")], "a turn is empty"),
        ([BEGIN, over(), turn()], r"turn \(0, 0\) goes on behind its end"),
        ([BEGIN, over(), over()], r"turn \(0, 0\) goes on behind its end"),
        ([BEGIN, over(1)], r"turn \(0, 1\) ended before turn 0"),
        ([BEGIN, turn(stable_length=9)], "stable_length is beyond the transcript"),
        ([BEGIN, turn(stable_length=4), over(transcript="God day")], r"text of turn \(0, 0\) changed"),
        ([BEGIN, turn(words=(Word("x", 2.0, 1.0),))], "a word ends before it starts"),
        ([BEGIN, TurnRevised(turn_order=0, transcript="x")], "a turn was revised before its end"),
    ],
)
def test_one_that_breaks_it(events: list[StreamEvent], rule: str) -> None:
    """The rule and the event are named."""
    with pytest.raises(AssertionError, match=rf"^the Turn contract is broken: {rule}.* \(event \d+\)$"):
        check_turns(events)


def test_equal_ends_are_told_apart() -> None:
    """By their place, not by being equal."""
    with pytest.raises(AssertionError, match="followed Termination"):
        check_turns([BEGIN, END, evolve(END)])
