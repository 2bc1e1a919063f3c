"""A trace over a real socket: what its client did, with our library in its place, and what must come of it."""

from __future__ import annotations

from typing import Any

import aai_migrate
from aai_migrate.testing import check_turns

from ..drivers.blocking import Driver
from .traced import Step

CANARY = "canary-7f3e-of-a-key"


def play(
    url: str, steps: list[Step], driver: Driver, provider: str, finalize: str, **options: Any
) -> list[aai_migrate.StreamEvent]:
    """Run a whole session against a script; feed and ask what its client did, in its order.

    Args:
        finalize: what stands in those of the client's messages that ask for the end of a turn.
    """
    with driver.connect(provider, api_key=CANARY, base_url=url, **options) as stream:
        for step in steps:
            if step["kind"] == "binary":
                stream.send(bytes(step["bytes"]))
            elif step["dir"] == ">" and finalize in step["text"]:
                stream.finalize()
        stream.stop()
        return list(stream)


def ended(events: list[aai_migrate.StreamEvent]) -> list[aai_migrate.Turn]:
    """Return the turns that ended, of a session that is whole and keeps the contract."""
    check_turns(events)
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    return [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
