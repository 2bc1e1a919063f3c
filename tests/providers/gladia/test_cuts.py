"""Cuts of a Gladia session before every frame, with every reading of what its documentation leaves open."""

from __future__ import annotations

import random
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.errors import BadRequest
from aai_migrate.events import Reconnected
from aai_migrate.testing import Corrupt, Cut, Fault, Refuse
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Finalize
from aai_migrate.wire.events import Finalized

from ...session.hearing import WORDS, Run
from .far import VendorFar
from .vendor import Habits

pytestmark = pytest.mark.no_cover  # hundreds of sessions
GLADIA = registry.find("gladia")
HABITS: dict[str, dict[str, Any]] = {
    "as documented": {},
    "inclusive acks": {"ack_end": "inclusive"},
    "late acks": {"ack_after": 4},
    "every third ack lost": {"loses_acks": 3},
    "no acks": {"acks": False},
    "acks counted by connection": {"ack_count": "connection"},
    "empty chunks without answer": {"answers_empty": False},
    "says again what was missed": {"repeats": True},
    "no resume": {"resumes": False},
    "no transcript at the end": {"transcript": False},
    "speech_end after the final": {"speech_before_final": False},
    "finals while somebody speaks already": {"final_after": 11},
    "the same without a transcript at the end": {"final_after": 11, "transcript": False},
}

FRAGMENTS = {"gladia": {"endpointing": 0.05, "maximum_duration_without_endpointing": 5}}
DEAF = {"gladia": {"messages_config": {"receive_speech_events": False}}}


def run(habits: str = "as documented", faults: list[Fault] | None = None, **options: Any) -> tuple[Run, VendorFar]:
    far = VendorFar(Habits(**HABITS[habits]))
    return Run(GLADIA, far=lambda: far, faults=faults or [], **options), far


def check(done: Run, what: str = "") -> None:
    assert done.words == WORDS, what
    assert done.end.complete, what
    done.contract()


@pytest.mark.parametrize("habits", HABITS)
def test_a_cut_before_any_frame_loses_no_word(habits: str) -> None:
    """Between the request and the socket too."""
    whole, far = run(habits)
    check(whole)
    assert bytes(far.vendor.sessions[0].audio[: len(whole.audio)]) == whole.audio
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(whole.link.crossed[direction]):
            done, _ = run(habits, [Cut(direction, number)])
            check(done, f"{direction} {number}")


def test_a_cut_is_resumed_where_the_vendor_lets_it() -> None:
    """At the same address, with every sample once, and asked for once."""
    whole, _ = run()
    resumed = 0
    for number in range(2, whole.link.crossed["up"]):
        done, far = run(faults=[Cut("up", number)])
        [again] = done.of(Reconnected)
        if again.resumed:
            resumed += 1
            [session] = far.vendor.sessions
            assert bytes(session.audio).startswith(done.audio), number
            assert far.vendor.connects == 2
    assert resumed > 30


def test_the_place_is_asked_for_with_a_sample_where_empty_chunks_have_no_answer() -> None:
    """What the vendor heard is the audio and that sample."""
    done, far = run("empty chunks without answer", [Cut("up", 20)])
    [again] = done.of(Reconnected)
    [session] = far.vendor.sessions
    at = round(again.seam * 16000) * 2
    assert again.resumed
    assert bytes(session.audio).startswith(done.audio[:at] + b"\0\0" + done.audio[at:])


@pytest.mark.parametrize("habits", HABITS)
def test_several_cuts_lose_no_word(habits: str) -> None:
    """Also while the vendor is asked where it is, and with an outage between."""
    for seed in range(40):
        chance = random.Random(seed)
        directions: tuple[Direction, ...] = ("up", "down")
        faults: list[Fault] = [
            Cut(chance.choice(directions), chance.randrange(2, 90)) for _ in range(chance.randrange(2, 6))
        ]
        faults += [Refuse(chance.randrange(2, 6), chance.choice([None, 500, 503])) for _ in range(2)]
        done, _ = run(habits, faults)
        check(done, f"seed {seed}")


@pytest.mark.parametrize(
    "habits",
    [
        "as documented",
        "late acks",
        "no resume",
        "empty chunks without answer",
        "finals while somebody speaks already",
        "the same without a transcript at the end",
    ],
)
@pytest.mark.parametrize("options", [{"partials": False}, {"turn_silence": 0.3}, {"extra": FRAGMENTS}, {"extra": DEAF}])
def test_other_settings_lose_no_word(habits: str, options: dict[str, Any]) -> None:
    """Without partials, with short utterances that do not end a turn, without speech events."""
    whole, _ = run(habits, **options)
    check(whole)
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(0, whole.link.crossed[direction], 2):
            done, _ = run(habits, [Cut(direction, number)], **options)
            check(done, f"{direction} {number}")


@pytest.mark.parametrize("speed", [0, 4])
@pytest.mark.parametrize("habits", ["as documented", "late acks", "no resume"])
def test_a_cut_while_audio_is_pushed_loses_no_word(habits: str, speed: float) -> None:
    """All of the audio at once included."""
    whole, _ = run(habits, speed=speed)
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(0, whole.link.crossed[direction], 2):
            done, _ = run(habits, [Cut(direction, number)], speed=speed)
            check(done, f"{direction} {number}")


@pytest.mark.parametrize("chunk", [5, 20, 33])
def test_audio_that_is_refused_in_mid_session_is_heard_by_another_one(chunk: int) -> None:
    """As at the end of the longest session that the vendor has; the first chunk of all is refused for good."""
    far = VendorFar(Habits(refuses_chunk=chunk))
    done = Run(GLADIA, far=lambda: far)
    check(done)
    assert len(far.vendor.sessions) > 1


def test_audio_that_is_refused_at_once_is_a_failure() -> None:
    """It would be refused again."""
    far = VendorFar(Habits(refuses_chunk=0))
    done = Run(GLADIA, far=lambda: far)
    assert isinstance(done.error, BadRequest)
    assert len(far.vendor.sessions) == 1


@pytest.mark.parametrize("habits", ["as documented", "late acks", "no resume", "empty chunks without answer"])
def test_finalize_and_a_cut_lose_no_word(habits: str) -> None:
    """The silence that ends a turn is not injected twice, and each Finalize is answered once."""
    asked: list[tuple[float, Command]] = [(0.9, Finalize("a")), (1.9, Finalize("b")), (2.0, Finalize("c"))]
    whole, _ = run(habits, asked=asked)
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(whole.link.crossed[direction]):
            done, far = run(habits, [Cut(direction, number)], asked=asked)
            what = f"{direction} {number}"
            assert " ".join(done.words) == " ".join(whole.words), what
            done.contract()
            answers = [event.id for event in done.said if isinstance(event, Finalized)]
            assert sorted(answers) == ["a", "b", "c"], what
            if len(far.vendor.sessions) == 1:
                injected = len(far.vendor.sessions[0].audio) - len(done.audio)
                assert injected <= round((3 * 1.0 + 1.0) * 32000), what


@pytest.mark.parametrize("habits", HABITS)
def test_messages_cut_short_lose_no_word(habits: str) -> None:
    """Text that is no JSON is a broken connection."""
    whole, _ = run(habits)
    for number in range(2, whole.link.crossed["down"] - 1, 3):
        done, _ = run(habits, [Corrupt("down", number)])
        assert done.words == WORDS, number
        done.contract()
