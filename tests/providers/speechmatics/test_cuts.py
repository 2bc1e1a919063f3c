"""Cuts of a Speechmatics session before every frame, with every habit that its page and its sessions leave open.

The connection breaks, or the vendor closes it: cleanly, or behind an ``Error``.
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
from aai_migrate.errors import AuthenticationError
from aai_migrate.events import Turn
from aai_migrate.testing import Fault
from aai_migrate.testing.coded import Hard, encode
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Configure, Finalize
from aai_migrate.wire.events import Configured
from aai_migrate.wire.frames import Close, Frame, Message

from ...session.hearing import Run, true_times
from ..cutting import APART, AUDIO, LEFT, RIGHT, SCRIPT, WORDS, Cutting, answers, any_faults, any_frame, ears
from ..far import VendorFar
from .habits import Habits
from .realtime import CLOSES
from .vendor import Vendor

pytestmark = pytest.mark.no_cover  # thousands of sessions
SPEECHMATICS = registry.find("speechmatics")
JITTER = 0.03
HARD = ears(JITTER) | {
    "sentences": Hard(split_every=2, jitter=JITTER, seed=7),
    "late sentences": Hard(split_every=1, late=0.5, rewrite=True, jitter=JITTER, seed=8),
}
SPOKEN, LATE, SINGLE = HARD["finals in mid-speech"], HARD["late finals"], HARD["a final for each word"]
HABITS: dict[str, Habits] = {
    "pieces of one word": Habits(piece=1, hard=HARD["jitter"]),
    "pieces, late": Habits(piece=1, hard=LATE),
    "a tail of one word": Habits(tail=1, hard=SPOKEN),
    "a tail of two words, late": Habits(tail=2, hard=LATE),
    "a lone mark before the end": Habits(lone="before the end", hard=SPOKEN),
    "a lone mark after the end": Habits(lone="after the end", hard=SPOKEN),
    "a lone mark after the end, late": Habits(lone="after the end", hard=LATE),
    "a sentence of several utterances": Habits(pauses=False, hard=SPOKEN),
    "sentences across utterances": Habits(pauses=False, hard=Hard(split_every=2, final_every=1)),
    "commas": Habits(commas=1, hard=SINGLE),
    "words that run together": Habits(merges=True, hard=HARD["rewriting"]),
    "labels that move": Habits(moving=True, hard=SINGLE),
    "an empty partial first": Habits(first="partial"),
    "nothing in silence": Habits(empties=False, hard=SPOKEN),
    "an end at the end": Habits(last="end", hard=LATE),
    "no language pack": Habits(tells_pack=False),
    "no Info": Habits(infos=False),
    "messages that nobody knows": Habits(unknown=True),
    "a slow start": Habits(starts_after=3.0),
    "late acknowledgements": Habits(ack_lag=1.5, hard=SPOKEN),
    "no acknowledgements": Habits(ack_lag=None, hard=SPOKEN),
    "a stall of acknowledgements": Habits(ack_stall=(20, 3.0)),
    "a slow end": Habits(rest=2.0, hard=LATE),
}
SENTENCES: dict[str, Habits] = {
    "easy": Habits(),
    "sentences in mid-speech": Habits(hard=HARD["sentences"]),
    "sentences in pieces": Habits(piece=1, hard=HARD["sentences"]),
    "marks before the next word": Habits(hard=Hard(split_every=2, final_every=1)),
    "late sentences": Habits(hard=HARD["late sentences"]),
    "lone marks": Habits(lone="before the end", commas=1, hard=SPOKEN),
    "one sentence": Habits(pauses=False, hard=SPOKEN),
}


ASKED = [(0.9, Finalize("a")), (2.6, Finalize("b")), (2.65, Finalize("c"))]


def run(
    habits: Habits | None = None,
    faults: list[Fault] | None = None,
    *,
    closes: tuple[Direction, int] | None = None,
    error: str = "",
    **options: Any,
) -> tuple[Run, VendorFar[Vendor]]:
    """Transcribe AUDIO, with the vendor closing where *closes* says, behind the ``Error`` of type *error* if any."""
    goodbye: list[Frame] = [Close(1000, "")]
    if error:
        told = {"message": "Error", "type": error, "reason": "something broke"}
        goodbye = [Message(json.dumps(told)), Close(*CLOSES[error])]
    far = VendorFar(Vendor(habits), goodbye, closes)
    given = {"audio": AUDIO, **options}
    return Run(SPEECHMATICS, far=lambda: far, faults=faults or [], **given), far


def said(done: Run, channel: int = 0) -> tuple[str, ...]:
    """Return the words of the ended turns of a channel, which all have six letters, whatever stands between them."""
    texts = (turn.transcript for turn in done.turns if turn.channel == channel)
    letters = "".join(letter for text in texts for letter in text.lower() if letter.isalpha())
    return tuple(letters[at : at + 6] for at in range(0, len(letters), 6))


def lengths(done: Run) -> list[int]:
    """Return how many words each ended turn has; a mark that came alone is none."""
    return [sum(word.start < word.end for word in turn.words) for turn in done.turns]


def check_frames_and_times(done: Run, far: VendorFar[Vendor], what: str) -> None:
    """The client said how many frames it sent, and each word is where it was said."""
    channels = len({turn.channel for turn in done.turns})
    for connection in far.vendor.connections:
        told, frames = connection.hints, connection.frames
        assert not told or len(told) < channels or sum(told) == frames, f"{what}: {told} frames sent, {frames} came"
    if done.audio is AUDIO and not done.halts:  # a silence that was injected into a word is no part of it
        check_times(done, what)


def check_times(done: Run, what: str) -> None:
    """Each word is where it was said, but for what the vendor's times are off."""
    found = [(word.start, word.end) for turn in done.turns for word in turn.words if word.start < word.end]
    if len(found) < len(WORDS):
        return  # an entity is one word
    for (start, end), (at, to) in zip(found, true_times(AUDIO), strict=True):
        assert start == pytest.approx(at, abs=JITTER + 0.041), what
        assert end == pytest.approx(to, abs=JITTER + 0.041), what


WAYS = [{"error": error} for error in ("", "job_error", "", "unknown_error")]
CUTTING = Cutting(run, said, check_frames_and_times, WAYS)
check, cuts, every_cut = CUTTING.check, CUTTING.cuts, CUTTING.every_cut


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_before_any_frame_loses_no_word(hard: str) -> None:
    """Whatever is final when; every frame for the hardest ear, every third one for the rest."""
    every_cut(Habits(hard=HARD[hard]), step=1 if hard == "late finals" else 3)


@pytest.mark.parametrize("habits", HABITS)
def test_no_habit_loses_a_word(habits: str) -> None:
    """Whatever comes when."""
    every_cut(HABITS[habits], step=7)


@pytest.mark.parametrize("habits", HABITS)
def test_every_habit_leaves_the_turns_as_they_are(habits: str) -> None:
    """A pause ends a turn, once."""
    done, far = run(HABITS[habits])
    check(done, far)
    assert lengths(done) == [3, 3, 2]


@pytest.mark.parametrize("habits", SENTENCES)
def test_a_cut_between_sentences_loses_no_word(habits: str) -> None:
    """Where they end the turns; a mark belongs to the words before it."""
    every_cut(SENTENCES[habits], step=4, turn_silence=0)


@pytest.mark.parametrize("habits", ["easy", "sentences in mid-speech", "sentences in pieces"])
def test_a_sentence_is_a_turn(habits: str) -> None:
    """Also where the next word stands behind the mark in the same final."""
    done, far = run(SENTENCES[habits], turn_silence=0)
    check(done, far)
    assert lengths(done) == ([3, 3, 2] if habits == "easy" else [2, 1, 2, 1, 2])
    assert all(turn.transcript.endswith(".") for turn in done.turns)


@pytest.mark.parametrize("place", ["top", "results"])
@pytest.mark.parametrize("hard", HARD)
def test_a_cut_of_two_channels_loses_no_word(hard: str, place: Any) -> None:
    """They are settled one by one, and replayed together; their names come as they do now, or did before 2025-08."""
    every_cut(Habits(hard=HARD[hard], channel=place), heard=(LEFT, RIGHT), step=11, **APART)


@pytest.mark.parametrize("habits", ["a lone mark after the end", "pieces of one word", "no acknowledgements"])
def test_a_habit_of_two_channels_loses_no_word(habits: str) -> None:
    """Nor with speakers in each."""
    every_cut(HABITS[habits], heard=(LEFT, RIGHT), step=23, **APART)
    every_cut(HABITS[habits], heard=(LEFT, RIGHT), step=23, turn_silence=0, **APART)


@pytest.mark.parametrize(
    "options",
    [
        {"partials": False},
        {"partials": False, "turn_silence": 0},
        {"turn_silence": 0.3, "formatting": False},
        {"turn_silence": 2.0},
        {"diarization": True},
        {"language": "ja"},
        {"languages": ("zh", "en")},
        {"model": "melia-1", "language": "en"},
        {"extra": {"speechmatics": {"max_delay": 0.7, "max_delay_mode": "fixed"}}},
        {"extra": {"speechmatics": {"max_delay": 0.7, "enable_entities": True}}},
        {"extra": {"speechmatics": {"audio_filtering_config": {"volume_threshold": 0}}}},
        {"speed": 0},
        {"speed": 4},
    ],
    ids=str,
)
def test_other_settings_lose_no_word(options: dict[str, Any]) -> None:
    """Nor does audio that is pushed, all of it at once included."""
    every_cut(Habits(hard=LATE, moving=True), step=9, **options)


@pytest.mark.parametrize("habits", ["no acknowledgements", "a stall of acknowledgements", "late acknowledgements"])
def test_audio_that_is_pushed_waits_for_no_acknowledgement_for_ever(habits: str) -> None:
    """Whether they come or not."""
    every_cut(HABITS[habits], step=17, speed=0)


@pytest.mark.parametrize(("rate", "encoding"), [(8000, "pcm_mulaw"), (8000, "pcm_alaw"), (24000, "pcm_f32le")])
def test_every_encoding_crosses_a_cut(rate: int, encoding: Any) -> None:
    """What is replayed is what was sent, in whole samples."""
    fmt = AudioFormat(rate, encoding)
    every_cut(Habits(hard=SPOKEN), step=9, fmt=fmt, audio=encode(SCRIPT, fmt))


def test_japanese_is_joined_without_blanks() -> None:
    """Also where the session does not say so."""
    for habits in (Habits(), Habits(tells_pack=False), Habits(piece=1, lone="after the end")):
        done, far = run(habits, language="ja")
        check(done, far)
        assert done.turns[0].transcript.startswith("".join(WORDS[:3]))


@pytest.mark.parametrize("idle", ["empty final", "end only", "nothing"])
@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("hard", ["easy", "late finals"])
def test_finalize_and_a_cut_lose_no_word(hard: str, marks: bool, idle: Any) -> None:
    """Each is answered once, also where the vendor does not answer, or does not say that it does."""
    every_cut(Habits(hard=HARD[hard], marks_forced=marks, idle=idle), step=9, asked=ASKED)


@pytest.mark.parametrize("options", [{"turn_silence": 0}, {"partials": False}], ids=str)
def test_finalize_loses_no_word_with_other_settings(options: dict[str, Any]) -> None:
    """Nor where a lone mark follows, or no partial."""
    for habits in (
        Habits(lone="after the end", hard=SPOKEN, forced_partial=False),
        Habits(piece=1, marks_forced=False, hard=LATE),
    ):
        every_cut(habits, step=9, asked=ASKED, **options)


def test_finalize_of_channels_and_a_cut_lose_no_word() -> None:
    """One for each, answered by each."""
    for idle in ("empty final", "nothing"):
        every_cut(Habits(idle=idle, hard=LATE), heard=(LEFT, RIGHT), step=23, asked=ASKED, **APART)


@pytest.mark.parametrize("at", [2.3, 2.4, 2.5, 2.6])
def test_a_word_that_a_forced_end_cuts_off_is_not_settled(at: float) -> None:
    """It is in the audio that was decoded before, and belongs to the next turn."""
    every_cut(Habits(), step=8, asked=[(at, Finalize("a"))])


def test_finalize_ends_the_turn() -> None:
    """With the words that were heard; the rest is the next one."""
    done, far = run(asked=[(2.65, Finalize("a"))])
    check(done, far)
    assert lengths(done) == [3, 1, 2, 2]


def test_a_change_holds_over_a_cut() -> None:
    """It is answered once, and the last connection knows it: from its start, or told at its place."""
    asked: list[tuple[float, Command]] = [
        (1.2, Configure("a", {"turn_silence": 1.2})),
        (1.25, Configure("b", {"turn_silence": 1.4, "partials": False})),
    ]
    whole, far = run(asked=asked)
    check(whole, far)
    for what, fault in cuts(whole, 4):
        done, far = run(**fault, asked=asked)
        check(done, far, what)
        answers = [(event.id, event.accepted) for event in done.said if isinstance(event, Configured)]
        assert answers == [("a", True), ("b", True)], what
        messages = [json.loads(text) for text in far.tells]
        configs = [each["transcription_config"] for each in messages if "transcription_config" in each]
        assert configs[-1]["conversation_config"] == {"end_of_utterance_silence_trigger": 1.4}, what
        assert configs[-1]["enable_partials"] is False, what


def test_a_change_holds_over_a_cut_against_the_vendors_own_words() -> None:
    """What ``extra`` said of the same before it does not come back with the next connection."""
    extra = {"speechmatics": {"conversation_config": {"end_of_utterance_silence_trigger": 0.7}, "max_delay": 1.5}}
    asked: list[tuple[float, Command]] = [(0.2, Configure("a", {"turn_silence": 1.4}))]
    whole, far = run(asked=asked, extra=extra)
    for what, fault in cuts(whole, 8):
        _, far = run(**fault, asked=asked, extra=extra)
        messages = [json.loads(text) for text in far.tells]
        configs = [each["transcription_config"] for each in messages if "transcription_config" in each]
        assert configs[-1]["conversation_config"] == {"end_of_utterance_silence_trigger": 1.4}, what
        assert [each["max_delay"] for each in configs if "model" in each][-1] == 1.5, what


def test_a_message_cut_short_loses_no_word() -> None:
    """Text that is no JSON is a broken connection."""
    CUTTING.every_corruption(2)


@pytest.mark.parametrize("limit", [2.6, 3.1, 4.2, 4.6])
@pytest.mark.parametrize("hard", ["easy", "late finals", "a final for each word"])
def test_a_vendor_that_ends_the_session_by_itself_loses_no_word(hard: str, limit: float) -> None:
    """EndOfTranscript that nobody asked for is a loss: what it ignored is said again."""
    done, far = run(Habits(limit=limit, hard=HARD[hard]))
    check(done, far)
    assert len(far.vendor.connections) > 1
    every_cut(Habits(limit=limit, hard=HARD[hard]), step=31)


def test_what_a_vendor_ignores_before_it_hears_of_the_end_is_not_lost() -> None:
    """Its EndOfTranscript then looks like an answer to EndOfStream, which it never read."""
    for limit in (2.6, 4.6):
        done, far = run(Habits(limit=limit), speed=0)
        check(done, far)
        assert len(far.vendor.connections) > 1


@pytest.mark.parametrize("refuses", ["handshake", "message"])
def test_a_key_that_is_refused_is_not_tried_again(refuses: Any) -> None:
    """By HTTP, or behind the handshake."""
    done, far = run(Habits(refuses=refuses))
    assert isinstance(done.error, AuthenticationError)
    assert done.events == []
    assert len(far.vendor.connections) == (refuses == "message")


@pytest.mark.parametrize("error", ["not_allowed", "timelimit_exceeded"])
def test_an_error_that_is_no_accident_ends_the_session(error: str) -> None:
    """Nothing is dialled again; what was final stays."""
    done, far = run(closes=("up", 30), error=error)
    assert done.error is not None
    assert done.error.code == error
    assert len(far.vendor.connections) == 1
    sure = [turn for turn in done.turns if turn.confirmed]
    assert [turn.transcript.lower() for turn in sure] == [" ".join(WORDS[:3]) + "."]
    assert said(done) == WORDS[: len(said(done))]


@pytest.mark.parametrize("halts", [{-1.0: 25.0}, {0.6: 25.0}, {1.5: 25.0, 2.4: 12.0}], ids=str)
def test_nothing_is_closed_while_the_application_is_silent(halts: dict[float, float]) -> None:
    """Before its first audio, inside a word and after a turn."""
    done, far = run(halts=halts)
    check(done, far)
    assert len(far.vendor.connections) == 1


def test_a_cut_while_the_application_is_silent_loses_no_word() -> None:
    """What a silence injected takes no place on the session's clock."""
    for hard in ("finals in mid-speech", "late finals"):
        every_cut(Habits(hard=HARD[hard]), step=7, halts={0.6: 13.0, 2.4: 5.0})


def test_speakers_are_those_of_the_wire() -> None:
    """And of the final, not of the partial."""
    done, far = run(Habits(moving=True), diarization=True)
    check(done, far)
    labels = [[word.speaker for word in turn.words] for turn in done.turns]
    assert labels == [["UU", "S1", "S1"], ["S2", "S2", "S2"], ["S1", "S1"]]
    assert any(isinstance(event, Turn) and not event.end_of_turn for event in done.events)


def any_habits(dice: random.Random) -> Habits:
    hard = Hard(
        final_every=dice.choice([0, 0, 1, 2, 3]),
        rewrite=dice.random() < 0.3,
        late=dice.choice([0, 0, 0.3, 0.6, 1.5]),
        jitter=dice.choice([0, 0.02, JITTER]),
        split_every=dice.choice([0, 0, 1, 2, 3]),
        seed=dice.randrange(99),
    )
    return Habits(
        hard=hard,
        piece=dice.choice([0, 0, 1, 2]),
        tail=dice.choice([0, 0, 1, 2]),
        lone=dice.choice(["no", "before the end", "after the end"]),
        pauses=dice.random() < 0.8,
        commas=dice.choice([0, 0, 1, 2]),
        merges=dice.random() < 0.2,
        moving=dice.random() < 0.2,
        first=dice.choice(["final", "partial"]),
        empties=dice.random() < 0.8,
        last=dice.choice(["no end", "end"]),
        marks_forced=dice.random() < 0.6,
        forced_partial=dice.random() < 0.7,
        idle=dice.choice(["empty final", "end only", "nothing"]),
        channel=dice.choice(["top", "results"]),
        tells_pack=dice.random() < 0.8,
        infos=dice.random() < 0.8,
        unknown=dice.random() < 0.2,
        starts_after=dice.choice([0, 0.1, 1.0]),
        ack_lag=dice.choice([None, 0, 0.11, 1.5]),
        ack_stall=dice.choice([None, None, (20, 3.0)]),
        rest=dice.choice([0, 0, 0.5, 2.0]),
        limit=dice.choice([None, None, None, None, 2.6, 3.1, 4.2]),
    )


def any_options(dice: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {"speed": dice.choice([1, 1, 1, 0, 4])}
    if dice.random() < 0.4:
        options["turn_silence"] = dice.choice([0, 0, 0.2, 0.3, 1.0, 2.0])
    if dice.random() < 0.2:
        options["partials"] = False
    if dice.random() < 0.2:
        options["diarization"] = True
    if dice.random() < 0.2:
        options["language"] = "ja"
    if dice.random() < 0.4:
        options["extra"] = {
            "speechmatics": {"max_delay": dice.choice([0.7, 1.0, 4.0]), "enable_entities": dice.random() < 0.5}
        }
    if dice.random() < 0.25:
        options |= APART
    end = 2.9 / (options["speed"] or 99)
    options["asked"] = [(dice.uniform(0.1, 1) * end, Finalize(name)) for name in "abc"[: dice.choice([0, 0, 1, 2, 3])]]
    return options


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=300)
def test_any_cuts_lose_no_word(seed: int) -> None:
    """Several in one session, refusals between them, whatever the habits and settings; each Finalize is answered once.

    A limit that comes before the end of an utterance comes before its end again: that nobody gets over.
    """
    dice = random.Random(seed)
    habits, options = any_habits(dice), any_options(dice)
    silence = options.get("turn_silence", 0.7)
    if silence > 1.0 or (silence == 0 and not habits.pauses):
        habits.limit = None
    faults = any_faults(dice, cuts=dice.randrange(4), refusals=dice.randrange(3), frames=range(4, 120))
    closes = any_frame(dice, range(4, 120)) if dice.random() < 0.5 else None
    error = dice.choice(["", "job_error", "unknown_error"])
    done, far = run(habits, faults, closes=closes, error=error, **options)
    check(done, far, heard=(LEFT, RIGHT) if "channels" in options else (WORDS,))
    assert answers(done) == [command.id for _, command in options["asked"]]
