"""What an application sees: frozen values whose reprs show no speech."""

from __future__ import annotations

from typing import Any, get_args

import attrs
import pytest

from aai_migrate import events
from aai_migrate.events import Begin, StreamEvent, Termination, Turn, TurnRevised, Word

WORD = Word("canary", 0.0, 1.0)


@pytest.mark.parametrize("kind", get_args(StreamEvent))
def test_events_are_frozen_and_public(kind: type[Any]) -> None:
    """No field can be changed afterwards, every event has words for what it is, and its name is exported."""
    assert kind.__name__ in events.__all__
    assert kind.__doc__
    made = kind(
        **{a.name: 1 for a in attrs.fields(kind) if a.default is attrs.NOTHING and a.name != "transcript"},
        **({"transcript": "text"} if kind in (Turn, TurnRevised) else {}),
    )
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, attrs.fields(kind)[0].name, 2)


def test_exports() -> None:
    """The exported names are there."""
    assert all(hasattr(events, name) for name in events.__all__)
    assert list(events.__all__) == sorted(events.__all__)


def test_a_turn_shows_lengths_only() -> None:
    """Transcript, words and the vendor's message stay out of logs."""
    turn = Turn(turn_order=3, transcript="canary", end_of_turn=True, words=(WORD,), raw={"text": "canary"})
    assert "canary" not in repr(turn)
    assert repr(turn).startswith("Turn(turn_order=3, transcript=<6>, end_of_turn=True, words=<1>, start=None")
    revised = TurnRevised(turn_order=3, transcript="canary", words=(WORD,), raw="canary")
    assert "canary" not in repr(revised)


def test_the_vendors_message_is_no_part_of_equality() -> None:
    """Two vendors that say the same make equal turns."""
    one = Turn(turn_order=0, transcript="a", end_of_turn=True, raw={"x": 1})
    assert one == attrs.evolve(one, raw="other")
    assert one != attrs.evolve(one, transcript="b")
    assert TurnRevised(turn_order=0, transcript="a", raw=1) == TurnRevised(turn_order=0, transcript="a", raw=2)


def test_defaults_are_not_shared() -> None:
    """Every Begin has its own settings; a missing value is None or zero seconds."""
    assert Begin(provider="v").settings is not Begin(provider="v").settings
    assert Termination(complete=True, reason="stopped").session_seconds is None
