"""The server half of Agent STT in front of sessions with providers: every word once, whoever is behind and is cut."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.conversation import ANSWER

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.provider import Provider
from aai_migrate.testing import Cut
from aai_migrate.wire.commands import Finalize
from aai_migrate.wire.events import Stopped
from aai_migrate.wire.frames import Message

from ...session.hearing import WORDS, Run, true_times
from ...session.plain import provider as plain
from ...session.test_cuts import EARS
from ..served import heard, uuid
from .segments import EXTERNAL, VAD, agent, check_grammar, transcribed
from .served import END_OF_STREAM, FORCE

pytestmark = pytest.mark.no_cover  # hundreds of sessions
BEHIND = {
    "nova": ("deepgram", "nova-3"),
    "flux": ("deepgram", "flux-general-en"),
    "u3": ("assemblyai-v3", "u3-rt-pro"),
    "streaming": ("assemblyai-v3", "universal-streaming-english"),
    "enhanced": ("speechmatics", "enhanced"),
    "linden": ("speechmatics", "linden-1"),
    "plain": (None, None),
}
CHUNK = 3200
FIRST = 3
"""The number of the first id that the server half asks for, behind those of the handshake and the greeting."""
Told = tuple[float, dict[str, Any]]


def provider(behind: str) -> tuple[Provider, dict[str, Any]]:
    name, model = BEHIND[behind]
    if name is None:
        return plain(ends_only_with_audio=True), {}
    return registry.find(name).suited(Config(model=model)), {"model": model}


def play(behind: str, ear: str, forces: list[float], beside: dict[str, Any], faults: list[Cut]) -> list[Told]:
    """Return what a client is told, and when, that forces ends at those times, and has another service behind."""
    vendor, options = provider(behind)
    asked = [(time, Finalize(uuid(FIRST + number))) for number, time in enumerate(forces)]
    done = Run(vendor, hard=EARS[ear], asked=asked, faults=faults, **options)
    assert done.words == WORDS
    server = agent(0, beside)
    chunks = [Message(done.audio[at : at + CHUNK]) for at in range(0, len(done.audio), CHUNK)]
    script: list[tuple[float, int, Any]] = [(0.1 + 0.1 * number, 0, chunk) for number, chunk in enumerate(chunks)]
    script += [(time, 1, FORCE) for time in forces]
    script += [(time, 2, event) for time, event in done.link.events]
    out: list[Told] = []
    for time, kind, item in sorted(script, key=lambda each: each[:2]):
        while server.deadline is not None and server.deadline <= time:
            due = server.deadline
            out += [(due, message) for message in heard(server.tick(due))]
        if isinstance(item, Stopped):
            server.receive(END_OF_STREAM, time)
        if kind == 2:
            out += [(time, message) for message in heard(server.send(item, time))]
        else:
            answers = server.receive(item, time)
            assert kind == 0 or answers in [[command] for _, command in asked]
    return out


@pytest.mark.parametrize("mode", ["vad", "external"])
@pytest.mark.parametrize("ear", EARS)
@pytest.mark.parametrize("behind", BEHIND)
def test_every_word_is_told_once(behind: str, ear: str, mode: str) -> None:
    """Whenever ends are forced, and whenever the connection to the provider is cut."""
    for seed in range(4):
        chance = random.Random(seed)
        forces = sorted(chance.uniform(0.3, 3.9) for _ in range(seed))
        faults = [Cut(chance.choice(["up", "down"]), chance.randrange(5, 80))] if seed % 2 else []
        told = play(behind, ear, forces, EXTERNAL if mode == "external" else VAD, faults)
        out = [message for _, message in told]
        check_grammar(out, external=mode == "external", partials=True)
        assert transcribed(out) == [*WORDS], seed
        if mode == "external":
            assert sum(message["message"] == "EndOfTurn" for message in out) <= len(forces) + 1


@pytest.mark.parametrize("behind", BEHIND)
def test_a_forced_end_takes_in_what_was_said_before_it(behind: str) -> None:
    """Within the time that it may take; it is in a turn of its own with all that the provider had in several."""
    for time in (0.9, 1.5, 2.3, 2.9, 3.8):
        told = play(behind, "late finals", [time], EXTERNAL, [])
        number, over = next((each, at) for each, (at, item) in enumerate(told) if item["message"] == "EndOfTurn")
        assert over <= time + ANSWER
        before = [word for word, (_, end) in zip(WORDS, true_times(), strict=True) if end < time - 0.3]
        assert before
        assert transcribed([item for _, item in told[:number]])[: len(before)] == before, time
