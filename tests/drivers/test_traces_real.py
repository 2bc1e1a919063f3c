"""The worked traces over a socket, with messages that are late, missing or out of order: each turn ends once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import aai_migrate

from .blocking import Driver
from .scripted import Step, late, missing, script, scripted, swapped, turns

FIXTURES = Path(__file__).parents[2] / "fixtures" / "assemblyai_v3"
EXACT = {
    "trace-a-two-ends": ("universal-streaming-english", ["Set an alarm for 6.", "thanks"]),
    "trace-b-forced-end": ("universal-streaming-english", ["my number is four", "two nine"]),
    "trace-c-two-languages": ("universal-3-5-pro", ["Ich hätte gern einen Tisch für zwei.", "For tonight"]),
}
# What the vendor said of a turn at one time or another; a message that never came leaves us with an earlier one.
SAID = {
    "trace-a-two-ends": [{"Set an alarm for 6.", "set an alarm for six"}, {"thanks"}],
    "trace-b-forced-end": [{"my number is four"}, {"two nine"}],
    "trace-c-two-languages": [
        {"Ich hätte gern einen Tisch für zwei.", "Ich hätte gern einen Tisch—"},
        {"For tonight"},
    ],
}
TROUBLES: list[Callable[[list[Step], int], list[Step]]] = [late, missing, swapped]


def played(name: str, steps: list[Step], driver: Driver) -> list[aai_migrate.StreamEvent]:
    """Run a whole session against the script; ask what the trace's client asked, in its order."""
    model, mode = EXACT[name][0], "raw" if "forced" in name else "wait"
    with (
        scripted(steps) as url,
        driver.connect(f"assemblyai-v3/{model}", api_key="k" * 32, base_url=url, formatted_turns=mode) as stream,
    ):
        stream.send(bytes(32_000))
        for step in steps:
            if step["dir"] == ">" and "ForceEndpoint" in step["text"]:
                stream.finalize()
        stream.stop()
        return list(stream)


def ended(events: list[aai_migrate.StreamEvent]) -> list[str]:
    found = [event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    assert [turn.turn_order for turn in found] == list(range(len(found)))
    assert isinstance(events[-1], aai_migrate.Termination)
    assert events[-1].complete
    return [turn.transcript for turn in found]


@pytest.mark.parametrize("name", EXACT)
def test_a_worked_trace_over_a_socket_gives_exact_turns(name: str, driver: Driver) -> None:
    """The scripted server plays it as documented."""
    assert ended(played(name, script(FIXTURES / f"{name}.jsonl"), driver)) == EXACT[name][1]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", EXACT)
def test_trouble_at_any_turn_message_loses_and_doubles_none(
    name: str, trouble: Callable[..., list[Step]], driver: Driver
) -> None:
    """Each Turn in its turn: every turn still ends exactly once, with words that the vendor said of it."""
    steps = script(FIXTURES / f"{name}.jsonl")
    for place in turns(steps):
        found = ended(played(name, trouble(steps, place), driver))
        assert len(found) == len(SAID[name]), f"{trouble.__name__} {place}: {found}"
        for text, said in zip(found, SAID[name], strict=True):
            assert text in said, f"{trouble.__name__} {place}"
