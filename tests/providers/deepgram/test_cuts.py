"""Cuts of a Deepgram session before every frame, on both paths, with every reading of what its documentation leaves open.

The connection breaks, or the vendor closes it with NET-0001.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing import Corrupt, Cut, Fault, Refuse
from aai_migrate.testing.coded import Hard, encode, interleave, words
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Configure, Finalize
from aai_migrate.wire.events import Configured, Finalized

from ...session.hearing import FORMAT, Run
from .far import VendorFar
from .habits import Habits
from .vendor import Vendor

pytestmark = pytest.mark.no_cover  # thousands of sessions
DEEPGRAM = registry.find("deepgram")
WORDS = words(8, seed=17)
AUDIO = encode([0.25, *WORDS[:4], 0.9, *WORDS[4:6], 1.6, *WORDS[6:], 0.3], FORMAT)
STEREO = AudioFormat(channels=2)
LEFT, RIGHT = WORDS[:5], WORDS[5:]
APART = interleave(
    encode([0.3, *LEFT[:3], 1.2, *LEFT[3:]], FORMAT), encode([0.9, RIGHT[0], 1.1, *RIGHT[1:], 0.4], FORMAT), fmt=STEREO
)
JITTER = 0.04
HARD = {
    "easy": Hard(),
    "jitter": Hard(jitter=JITTER, seed=1),
    "finals in mid-speech": Hard(final_every=2, jitter=JITTER, seed=2),
    "a final for each word": Hard(final_every=1, jitter=JITTER, seed=3),
    "late finals": Hard(final_every=2, late=0.6, jitter=JITTER, seed=4),
    "very late finals": Hard(late=1.5, seed=5),
    "rewriting": Hard(rewrite=True, final_every=3, jitter=JITTER, seed=6),
    "split": Hard(split_every=3, jitter=JITTER, seed=7),
    "late split": Hard(split_every=1, late=0.5, rewrite=True, jitter=JITTER, seed=8),
}
SPOKEN = HARD["finals in mid-speech"]
LISTEN: dict[str, Habits] = {
    "empty speech_final": Habits(closing="empty", hard=SPOKEN),
    "speech_final that is not final": Habits(closing="not final", hard=SPOKEN),
    "noise": Habits(closing="never", hard=SPOKEN),
    "noise, late": Habits(closing="never", utterance_end="late", hard=HARD["late finals"]),
    "noise, twice": Habits(closing="never", utterance_end="twice"),
    "noise, stale": Habits(closing="never", utterance_end="stale", hard=HARD["late finals"]),
    "UtteranceEnd with a time after speech_final": Habits(after_end="time", hard=SPOKEN),
    "no UtteranceEnd after speech_final": Habits(after_end="nothing"),
    "a tail of one word": Habits(tail=1, hard=SPOKEN, step=0.3),
    "a tail of two words, late": Habits(tail=2, hard=HARD["late finals"], step=0.3),
    "short segments": Habits(segment=0.5, step=0.3, hard=HARD["jitter"]),
    "speech_final at the end": Habits(last="speech_final"),
    "no languages": Habits(languages=[], repeats_speech=True),
}
FLUX: dict[str, Habits] = {
    "no triggers": Habits(triggers=False, hard=HARD["jitter"]),
    "slow ends": Habits(silence=0.85, hard=HARD["late finals"]),
    "quick ends": Habits(silence=0.05, hard=HARD["jitter"]),
}
EAGER = {"deepgram": {"eager_eot_threshold": 0.4}}
NOVA, FLUX_MODEL = "nova-3", "flux-general-en"


def run(habits: Habits | None = None, faults: list[Fault] | None = None, **options: Any) -> tuple[Run, VendorFar]:
    """Transcribe AUDIO, with the vendor closing where ``closes`` says."""
    far = VendorFar(Vendor(habits), options.pop("closes", None))
    given = {"audio": AUDIO, "model": NOVA, **options}
    return Run(DEEPGRAM, far=lambda: far, faults=faults or [], **given), far


def said(done: Run, channel: int = 0) -> tuple[str, ...]:
    """Return the words of the ended turns of a channel, without capitals and full stops."""
    texts = (turn.transcript for turn in done.turns if turn.channel == channel)
    return tuple(word.strip(".").lower() for text in texts for word in text.split())


def check(done: Run, what: str = "", *, heard: tuple[tuple[str, ...], ...] = (WORDS,)) -> None:
    for channel, expected in enumerate(heard):
        assert said(done, channel) == expected, what
    assert done.end.complete, what
    done.contract()


def cuts(whole: Run, step: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and the fault of each cut: of the connection, and every third one by the vendor."""
    directions: tuple[Direction, ...] = ("up", "down")
    for direction in directions:
        for number in range(0, whole.link.crossed[direction], step):
            yield f"cut {direction} {number}", {"faults": [Cut(direction, number)]}
            if number % (3 * step) == 0:
                yield f"closed {direction} {number}", {"closes": (direction, number)}


def every_cut(
    habits: Habits | None = None, step: int = 1, heard: tuple[tuple[str, ...], ...] = (WORDS,), **options: Any
) -> None:
    whole, _ = run(habits, **options)
    check(whole, "whole", heard=heard)
    for what, fault in cuts(whole, step):
        done, _ = run(habits, **fault, **options)
        check(done, what, heard=heard)


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("model", [NOVA, FLUX_MODEL])
def test_a_cut_before_any_frame_loses_no_word(model: str, hard: str) -> None:
    """On both paths."""
    every_cut(Habits(hard=HARD[hard]), model=model)


@pytest.mark.parametrize("habits", LISTEN)
def test_a_cut_before_any_frame_of_listen_loses_no_word(habits: str) -> None:
    """Whatever closes its turns."""
    every_cut(LISTEN[habits])


@pytest.mark.parametrize("habits", FLUX)
def test_a_cut_before_any_frame_of_flux_loses_no_word(habits: str) -> None:
    """However its turns end."""
    every_cut(FLUX[habits], model=FLUX_MODEL)


@pytest.mark.parametrize("hard", ["jitter", "late finals", "rewriting"])
def test_a_cut_around_an_eager_end_loses_no_word(hard: str) -> None:
    """What was taken back is not said, what was resumed is."""
    every_cut(Habits(hard=HARD[hard], silence=0.8, eager=0.02), model=FLUX_MODEL, extra=EAGER)


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_of_two_channels_loses_no_word(hard: str) -> None:
    """They are settled one by one, and replayed together."""
    options: dict[str, Any] = {"audio": APART, "fmt": STEREO, "channels": "separate"}
    every_cut(Habits(hard=HARD[hard]), heard=(LEFT, RIGHT), step=2, **options)
