"""Cuts of a Deepgram session before every frame, on both paths, with every reading of what its page leaves open.

The connection breaks, or the vendor closes it with NET-0001.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing import Fault
from aai_migrate.testing.coded import Hard, encode
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Configure, Finalize
from aai_migrate.wire.events import Configured
from aai_migrate.wire.frames import Close

from ...session.hearing import Run
from ..cutting import APART, AUDIO, LEFT, RIGHT, SCRIPT, Cutting, any_faults, any_frame, ears
from ..far import VendorFar
from .habits import Habits
from .nova import NET_0001
from .vendor import Vendor

pytestmark = pytest.mark.no_cover  # thousands of sessions
DEEPGRAM = registry.find("deepgram")
JITTER = 0.04
HARD = ears(JITTER) | {
    "split": Hard(split_every=3, jitter=JITTER, seed=7),
    "late split": Hard(split_every=1, late=0.5, rewrite=True, jitter=JITTER, seed=8),
}
SPOKEN = HARD["finals in mid-speech"]
LISTEN: dict[str, Habits] = {
    "empty speech_final": Habits(closing="empty", hard=SPOKEN),
    "speech_final that is not final": Habits(closing="not final", hard=SPOKEN),
    "noise": Habits(closing="never", hard=SPOKEN, step=0.3),
    "noise, late": Habits(closing="never", utterance_end="late", hard=HARD["late finals"], step=0.5),
    "noise, twice": Habits(closing="never", utterance_end="twice", step=0.3),
    "noise, stale": Habits(closing="never", utterance_end="stale", hard=SPOKEN, step=0.3),
    "UtteranceEnd with a time after speech_final": Habits(after_end="time", hard=SPOKEN),
    "a stale UtteranceEnd after speech_final": Habits(after_end="stale", hard=HARD["a final for each word"], step=0.3),
    "no UtteranceEnd after speech_final": Habits(after_end="nothing"),
    "a tail of one word": Habits(tail=1, hard=SPOKEN, step=0.3),
    "a tail of two words, late": Habits(tail=2, hard=HARD["late finals"], step=0.3),
    "short segments": Habits(segment=0.5, step=0.3, hard=HARD["jitter"]),
    "speech_final at the end": Habits(last="speech_final"),
    "no languages": Habits(languages=[]),
}
FLUX: dict[str, Habits] = {
    "no triggers": Habits(triggers=False, hard=HARD["jitter"]),
    "slow ends": Habits(silence=0.85, hard=HARD["late finals"]),
    "quick ends": Habits(silence=0.05, hard=HARD["jitter"]),
}
EAGER = {"deepgram": {"eager_eot_threshold": 0.4}}
NOVA, FLUX_MODEL = "nova-3", "flux-general-en"
ASKED = [(0.9, Finalize("a")), (2.6, Finalize("b")), (2.65, Finalize("c"))]


def run(
    habits: Habits | None = None,
    faults: list[Fault] | None = None,
    *,
    closes: tuple[Direction, int] | None = None,
    **options: Any,
) -> tuple[Run, VendorFar[Vendor]]:
    """Transcribe AUDIO, with the vendor closing where *closes* says, as if nothing had come for too long."""
    far = VendorFar(Vendor(habits), [Close(1011, NET_0001)], closes)
    given = {"audio": AUDIO, "model": NOVA, **options}
    return Run(DEEPGRAM, far=lambda: far, faults=faults or [], **given), far


def said(done: Run, channel: int = 0) -> tuple[str, ...]:
    """Return the words of the ended turns of a channel, without capitals and full stops."""
    texts = (turn.transcript for turn in done.turns if turn.channel == channel)
    return tuple(word.strip(".").lower() for text in texts for word in text.split())


CUTTING = Cutting(run, said)
check, cuts, every_cut = CUTTING.check, CUTTING.cuts, CUTTING.every_cut


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_before_any_frame_of_listen_loses_no_word(hard: str) -> None:
    """Whatever is final when; every frame for the hardest ear, every other one for the rest."""
    every_cut(Habits(hard=HARD[hard]), step=1 if hard == "late finals" else 2)


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_before_any_frame_of_flux_loses_no_word(hard: str) -> None:
    """However late the model is and however it rewrites; each frame for the hardest ear, every fourth for the rest."""
    every_cut(Habits(hard=HARD[hard]), step=1 if hard == "late finals" else 4, model=FLUX_MODEL)


@pytest.mark.parametrize("habits", LISTEN)
def test_no_habit_of_listen_loses_a_word(habits: str) -> None:
    """Whatever closes its turns."""
    every_cut(LISTEN[habits], step=5)


@pytest.mark.parametrize("habits", LISTEN)
def test_every_habit_of_listen_leaves_the_turns_as_they_are(habits: str) -> None:
    """A pause ends a turn, by whichever signal, once; what is stale ends none, what is late ends its own."""
    done, far = run(LISTEN[habits])
    assert [len(turn.words) for turn in done.turns] == [3, 3, 2]
    ends = [message["last_word_end"] for message in map(json.loads, far.said) if message["type"] == "UtteranceEnd"]
    assert bool(ends) == ("no UtteranceEnd" not in habits)


@pytest.mark.parametrize("habits", FLUX)
def test_no_habit_of_flux_loses_a_word(habits: str) -> None:
    """However its turns end."""
    every_cut(FLUX[habits], step=3, model=FLUX_MODEL)


@pytest.mark.parametrize("hard", ["jitter", "late finals", "rewriting"])
def test_a_cut_around_an_eager_end_loses_no_word(hard: str) -> None:
    """What was taken back is not said, what was resumed is."""
    habits = Habits(hard=HARD[hard], silence=1.3, eager=0.2)
    _, far = run(habits, model=FLUX_MODEL, extra=EAGER)
    assert {"EagerEndOfTurn", "TurnResumed", "EndOfTurn"} <= {json.loads(text).get("event") for text in far.said}
    every_cut(habits, step=3, model=FLUX_MODEL, extra=EAGER)


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_of_two_channels_loses_no_word(hard: str) -> None:
    """They are settled one by one, and replayed together."""
    every_cut(Habits(hard=HARD[hard]), heard=(LEFT, RIGHT), step=4, **APART)


@pytest.mark.parametrize("hard", ["easy", "late finals", "a final for each word"])
def test_words_may_come_without_times(hard: str) -> None:
    """No list of words at all at ``/v1/listen``, and none or some of the times of Flux."""
    every_cut(Habits(hard=HARD[hard], times="none"), step=4)
    for times in ("none", "some"):
        every_cut(Habits(hard=HARD[hard], times=times), step=8, model=FLUX_MODEL)


@pytest.mark.parametrize(
    "options",
    [
        {"partials": False},
        {"turn_silence": 0.3, "formatting": False},
        {"turn_silence": 3.0},
        {"extra": {"deepgram": {"endpointing": False}}},
        {"extra": {"deepgram": {"endpointing": 10, "vad_events": True}}},
        {"model": FLUX_MODEL, "partials": False},
        {"model": FLUX_MODEL, "extra": {"deepgram": {"eot_threshold": 1.0, "eot_timeout_ms": 700}}},
        {"speed": 0},
        {"speed": 0, "model": FLUX_MODEL},
        {"speed": 4},
        {"speed": 4, "model": FLUX_MODEL},
    ],
    ids=str,
)
def test_other_settings_lose_no_word(options: dict[str, Any]) -> None:
    """Nor does audio that is pushed, all of it at once included."""
    every_cut(Habits(hard=HARD["late finals"], repeats_speech=True), step=7, **options)


@pytest.mark.parametrize(("rate", "encoding"), [(8000, "pcm_mulaw"), (8000, "pcm_alaw"), (24000, "pcm_f32le")])
@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
def test_every_encoding_crosses_a_cut(model: str, rate: int, encoding: Any) -> None:
    """What is replayed is what was sent, in whole samples."""
    fmt = AudioFormat(rate, encoding)
    every_cut(Habits(hard=SPOKEN), step=9, model=model, fmt=fmt, audio=encode(SCRIPT, fmt))


@pytest.mark.parametrize("finalize", ["answered", "ordinary first", "not speech_final", "if buffered", "silent"])
@pytest.mark.parametrize("hard", ["easy", "late finals"])
def test_finalize_and_a_cut_lose_no_word(hard: str, finalize: Any) -> None:
    """Each is answered once, also where the vendor never answers."""
    every_cut(Habits(hard=HARD[hard], finalize=finalize), step=9, asked=ASKED)


@pytest.mark.parametrize("times", ["all", "none"])
@pytest.mark.parametrize("at", [2.3, 2.4, 2.5, 2.6])
def test_a_word_that_a_forced_end_cuts_off_is_not_settled(at: float, times: Any) -> None:
    """It is in the audio that was decoded before, and belongs to the next turn."""
    every_cut(Habits(times=times), step=8, model=FLUX_MODEL, asked=[(at, Finalize("a"))])


@pytest.mark.parametrize("options", [{}, {"extra": {"deepgram": {"force_end_turn": False}}}], ids=str)
@pytest.mark.parametrize("forces", [True, False])
@pytest.mark.parametrize("hard", ["easy", "late finals"])
def test_a_forced_end_and_a_cut_lose_no_word(hard: str, forces: bool, options: dict[str, Any]) -> None:
    """Also where the vendor breaks off because it does not know the message."""
    every_cut(Habits(hard=HARD[hard], forces=forces), step=9, asked=ASKED, model=FLUX_MODEL, **options)


@pytest.mark.parametrize("configures", [True, False])
@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
def test_a_change_holds_over_a_cut(model: str, configures: bool) -> None:
    """It is answered once, and the last connection knows it: from its query, or told at its place.

    Where the vendor does not answer, a second change waits for the first for so long that the stream may be over.
    """
    asked: list[tuple[float, Command]] = [
        (1.2, Configure("a", {"keyterms": ("first",)})),
        (1.25, Configure("b", {"keyterms": ("second", "third")})),
    ]
    options: dict[str, Any] = {"asked": asked, "model": model, "keyterms": ("zeroth",), "halts": {2.4: 12.0}}
    whole, far = run(Habits(configures=configures), **options)
    check(whole, far)
    for what, fault in cuts(whole, 4):
        done, far = run(Habits(configures=configures), **fault, **options)
        check(done, far, what)
        answers = [(event.id, event.accepted) for event in done.said if isinstance(event, Configured)]
        assert answers == [("a", True), ("b", True)], what
        told = [message["keyterms"] for message in map(json.loads, far.tells) if message["type"] == "Configure"]
        asked_last = far.vendor.queries[-1]["keyterm"]
        if configures:
            assert ["second", "third"] in (asked_last, told[-1]), what


@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
def test_a_message_cut_short_loses_no_word(model: str) -> None:
    """Text that is no JSON is a broken connection."""
    CUTTING.every_corruption(2, model=model)


@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
@pytest.mark.parametrize("halts", [{-1.0: 25.0}, {0.6: 25.0}, {1.5: 25.0, 2.4: 12.0}], ids=str)
def test_nothing_is_closed_while_the_application_is_silent(model: str, halts: dict[float, float]) -> None:
    """Before its first audio, inside a word and after a turn: neither NET-0001 nor a lost word."""
    done, far = run(model=model, halts=halts)
    check(done, far)
    assert len(far.vendor.connections) == 1


@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
def test_a_cut_while_the_application_is_silent_loses_no_word(model: str) -> None:
    """What a silence injected takes no place on the session's clock."""
    for hard in ("finals in mid-speech", "late finals"):
        every_cut(Habits(hard=HARD[hard]), step=7, model=model, halts={0.6: 13.0, 2.4: 5.0})


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=80)
def test_any_cuts_lose_no_word(seed: int) -> None:
    """Several in one session, refusals between them, whatever the habits."""
    dice = random.Random(seed)
    model = dice.choice([NOVA, FLUX_MODEL])
    others = [*LISTEN.values()] if model == NOVA else [*FLUX.values()]
    habits = dice.choice([*(Habits(hard=hard) for hard in HARD.values()), *others])
    faults = any_faults(dice, cuts=dice.randrange(1, 5), refusals=2, frames=range(2, 70))
    done, far = run(habits, faults, model=model, closes=any_frame(dice, range(2, 70)))
    check(done, far)
