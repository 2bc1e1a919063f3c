"""Utterances that end of themselves while the answer to a forced end is due."""

from __future__ import annotations

from typing import Any

from aai_migrate.wire.commands import Finalize
from aai_migrate.wire.events import Event, Finalized

from ..served import ended, final, partial
from .served import FORCE, live, tell


def ends(*events: Event) -> list[tuple[str, Any]]:
    """What a client that has forced an end hears of *events*: words and ends, and which of these are forced."""
    server = live()
    [asked] = server.receive(FORCE, 0.0)
    assert isinstance(asked, Finalize)
    told = tell(server, *events, Finalized(asked.id, "vendor"))
    found = [(item["message"], item) for item in told if item["message"] != "AddPartialTranscript"]
    return [
        (item["metadata"]["transcript"], None) if kind == "AddTranscript" else (kind, item.get("forced"))
        for kind, item in found
    ]


def test_utterances_before_the_forced_end_have_their_own() -> None:
    """A client that sends faster than it is heard would take all of them for one."""
    assert ends(final(1, ("one", 0.2, 0.6)), ended(1), final(2, ("two", 1.5, 1.9)), ended(2), partial(3), ended(3)) == [
        ("one ", None),
        ("EndOfUtterance", None),
        ("two ", None),
        ("EndOfUtterance", True),
    ]


def test_a_partial_tells_that_the_utterance_before_it_was_not_the_last() -> None:
    """Its words are of the next one, so the end is told before them."""
    assert ends(final(1, ("one", 0.2, 0.6)), ended(1), partial(2, ("two", 1.5, 1.9)), ended(2)) == [
        ("one ", None),
        ("EndOfUtterance", None),
        ("EndOfUtterance", True),
    ]


def test_an_utterance_that_ends_twice_ends_once() -> None:
    """Its own end is the one that was forced."""
    assert ends(final(1, ("one", 0.2, 0.6)), ended(1)) == [("one ", None), ("EndOfUtterance", True)]
