"""The Turn contract as a check: what must be true of the events of any session, whoever listens."""

from __future__ import annotations

from collections.abc import Sequence

from ..events import Begin, StreamEvent, Termination, Turn, TurnRevised


def check_turns(events: Sequence[StreamEvent]) -> None:
    """Check that *events*, all that one session said, keep the Turn contract; no events at all do.

    Begin comes first and once, Termination last and once. Ended turns count 0, 1, 2, … in each channel, nothing but a
    revision follows an end, no turn is empty, and what was promised to stay did.

    Raises:
        AssertionError: they do not; the text says which rule is broken, and by which event.
    """
    if not events:
        return
    _say(isinstance(events[0], Begin), "the first event is not Begin", 0)
    ended: dict[int, int] = {}
    stable: dict[tuple[int, int], str] = {}
    for number, event in enumerate(events):
        _say(not isinstance(event, Begin) or number == 0, "Begin came twice", number)
        _say(not isinstance(event, Termination) or number == len(events) - 1, "something followed Termination", number)
        if isinstance(event, Turn):
            _turn(event, number, ended, stable)
        elif isinstance(event, TurnRevised):
            _say(event.turn_order < ended.get(event.channel, 0), "a turn was revised before its end", number)


def _turn(turn: Turn, number: int, ended: dict[int, int], stable: dict[tuple[int, int], str]) -> None:
    key, count = (turn.channel, turn.turn_order), ended.get(turn.channel, 0)
    _say(bool(turn.transcript.strip()), "a turn is empty", number)
    _say(turn.turn_order >= count, f"turn {key} goes on behind its end", number)
    _say(0 <= turn.stable_length <= len(turn.transcript), "stable_length is beyond the transcript", number)
    _say(turn.transcript.startswith(stable.get(key, "")), f"text of turn {key} changed that was stable", number)
    _say(all(word.start <= word.end for word in turn.words), "a word ends before it starts", number)
    stable[key] = turn.transcript[: turn.stable_length]
    if turn.end_of_turn:
        _say(turn.turn_order == count, f"turn {key} ended before turn {count} of its channel", number)
        ended[turn.channel] = count + 1


def _say(holds: bool, rule: str, number: int) -> None:
    if not holds:
        raise AssertionError(f"the Turn contract is broken: {rule} (event {number})")
