"""Cuts of an AssemblyAI v2 session before every frame, with every reading of what its page leaves open.

The connection breaks, or the vendor closes it, well and unasked.
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
from aai_migrate.errors import AuthenticationError, ProviderError
from aai_migrate.testing import Fault
from aai_migrate.testing.coded import Hard, encode, words
from aai_migrate.testing.faults import Direction
from aai_migrate.wire.commands import Command, Configure, Finalize
from aai_migrate.wire.events import Configured, Finalized
from aai_migrate.wire.frames import Close

from ...session.hearing import FORMAT, Run
from ..cutting import AUDIO, DIRECTIONS, SCRIPT, Cutting, any_faults, any_frame
from ..far import VendorFar
from .habits import Habits
from .vendor import Vendor

pytestmark = pytest.mark.no_cover  # thousands of sessions
V2 = registry.find("assemblyai-v2")
HOST = "wss://v2.test"
JITTER = 0.04
CODES = (1000, 1001, 1013, 4008, 4031)
"""Closes after which another connection does better."""
HARD = {
    "easy": Hard(),
    "jitter": Hard(jitter=JITTER, seed=1),
    "late finals": Hard(late=0.6, jitter=JITTER, seed=4),
    "very late finals": Hard(late=1.5, seed=5),
    "rewriting": Hard(rewrite=True, jitter=JITTER, seed=6),
    "split": Hard(split_every=3, jitter=JITTER, seed=7),
    "late split": Hard(split_every=1, late=0.5, rewrite=True, jitter=JITTER, seed=8),
}
LATE = HARD["late finals"]
HABITS: dict[str, Habits] = {
    "no errors told": Habits(tells=False),
    "a late greeting": Habits(greeting=0.7, hard=LATE),
    "times without fractions": Habits(begins="seconds"),
    "times with a zone": Habits(begins="zone"),
    "many partials": Habits(step=0.1, hard=HARD["rewriting"]),
    "no empty partials": Habits(empties=False, hard=LATE),
    "no repeated partials": Habits(repeats=False, step=0.2, hard=LATE),
    "partials of joined words": Habits(merges="partials", hard=LATE),
    "finals of joined words": Habits(merges="finals", hard=HARD["jitter"]),
    "windows of all that came": Habits(window="received", hard=HARD["very late finals"]),
    "windows of all that came, split": Habits(window="received", hard=HARD["late split"]),
    "empty finals": Habits(force="empty", last="empty"),
    "messages of another page": Habits(others=True),
    "the client closes": Habits(closes=False, hard=LATE),
}


def run(
    habits: Habits | None = None,
    faults: list[Fault] | None = None,
    *,
    closes: tuple[Direction, int] | None = None,
    code: int = 1000,
    **options: Any,
) -> tuple[Run, VendorFar[Vendor]]:
    """Transcribe AUDIO, with the vendor closing where *closes* says, with this *code*."""
    far = VendorFar(Vendor(habits), [Close(code, "")], closes)
    given = {"audio": AUDIO, "base_url": HOST, **options}
    return Run(V2, far=lambda: far, faults=faults or [], **given), far


def said(done: Run, channel: int = 0) -> tuple[str, ...]:
    """Return the words of the ended turns, without capitals and full stops, joined ones apart."""
    texts = " ".join(turn.transcript for turn in done.turns if turn.channel == channel).lower()
    return tuple(texts.replace("-", " ").replace(".", "").split())


CUTTING = Cutting(run, said, ways=[{"code": code} for code in CODES], every=2)
check, cuts, every_cut = CUTTING.check, CUTTING.cuts, CUTTING.every_cut


@pytest.mark.parametrize("hard", HARD)
def test_a_cut_before_any_frame_loses_no_word(hard: str) -> None:
    """Whatever is final when."""
    every_cut(Habits(hard=HARD[hard]))


@pytest.mark.parametrize("habits", HABITS)
def test_no_habit_loses_a_word(habits: str) -> None:
    """Wherever the connection breaks."""
    every_cut(HABITS[habits], step=3)


@pytest.mark.parametrize("code", [1000, 1001, 1005])
@pytest.mark.parametrize("options", [{}, {"partials": False}], ids=["partials", "finals only"])
@pytest.mark.parametrize("hard", [HARD["easy"], Hard(late=3.0, split_every=1)], ids=["easy", "late split"])
def test_a_close_that_looks_like_the_end_loses_no_word(hard: Hard, options: dict[str, Any], code: int) -> None:
    """Before any frame, those of the drain too: what was not said yet is not over, though no partial showed it.

    Nor is it where the window of a final goes as far as the audio that came: more finals may come for that.
    """
    habits = Habits(hard=hard, window="received")
    whole, _ = run(habits, **options)
    for direction in DIRECTIONS:
        for number in range(whole.link.crossed[direction]):
            done, far = run(habits, closes=(direction, number), code=code, **options)
            check(done, far, f"{direction} {number}")


@pytest.mark.parametrize("habits", [name for name in HABITS if "split" not in name])
def test_every_habit_leaves_the_turns_as_they_are(habits: str) -> None:
    """A pause ends a turn, once."""
    done, far = run(HABITS[habits])
    check(done, far)
    assert [len(turn.transcript.replace("-", " ").split()) for turn in done.turns] == [3, 3, 2]
    assert len(far.vendor.connections) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"partials": False},
        {"turn_silence": 0.3},
        {"turn_silence": 0.0},
        {"turn_silence": 3.0},
        {"keyterms": ("Zander", "IBAN")},
        {"extra": {"assemblyai-v2": {"enable_extra_session_information": True}}},
        {"speed": 0},
        {"speed": 4},
        {"latency": 0.6},
    ],
    ids=str,
)
@pytest.mark.parametrize("hard", ["late finals", "late split"])
def test_other_settings_lose_no_word(hard: str, options: dict[str, Any]) -> None:
    """Nor does audio that is pushed, all of it at once included."""
    every_cut(Habits(hard=HARD[hard]), step=5, **options)


@pytest.mark.parametrize(("rate", "encoding"), [(8000, "pcm_mulaw"), (44100, "pcm_s16le"), (16000, "pcm_f32le")])
def test_every_format_crosses_a_cut(rate: int, encoding: Any) -> None:
    """What is replayed is what was sent, in whole samples."""
    fmt = AudioFormat(rate, encoding)
    every_cut(Habits(hard=LATE), step=7, fmt=fmt, audio=encode(SCRIPT, fmt))


@pytest.mark.parametrize("force", ["answered", "empty", "ignored"])
@pytest.mark.parametrize("hard", ["easy", "jitter", "late finals", "late split"])
def test_finalize_and_a_cut_lose_no_word(hard: str, force: Any) -> None:
    """Each is answered once: in a pause, in mid-speech, inside a word, and where the vendor never answers."""
    asked: list[tuple[float, Command]] = [
        (0.2, Finalize("a")),
        (0.9, Finalize("b")),
        (2.6, Finalize("c")),
        (2.65, Finalize("d")),
    ]
    every_cut(Habits(hard=HARD[hard], force=force), step=3, asked=asked)


@pytest.mark.parametrize("at", [0.62, 0.7, 0.78, 0.86])
def test_a_word_that_a_forced_end_cuts_off_is_in_the_next_turn(at: float) -> None:
    """Whether its beginning lies in the window of the final or not."""
    for window in ("words", "received"):
        every_cut(Habits(window=window, step=0.2), step=6, asked=[(at, Finalize("a"))])


def test_a_forced_end_is_answered_by_its_final() -> None:
    """At once, not when the time for it is over."""
    done, _ = run(asked=[(0.95, Finalize("a"))])
    [(time, answer)] = [(time, event) for time, event in done.link.events if isinstance(event, Finalized)]
    assert answer.by == "vendor"
    assert time < 1.3
    assert [len(turn.words) for turn in done.turns] == [2, 1, 3, 2]


def test_a_threshold_holds_over_a_cut() -> None:
    """It is answered once, and told again to the last connection: first, or at its place."""
    asked: list[tuple[float, Command]] = [(1.2, Configure("a", {"turn_silence": 2.0}))]
    whole, far = run(asked=asked)
    check(whole, far)
    assert [len(turn.words) for turn in whole.turns] == [8]
    for what, fault in cuts(whole):
        done, far = run(**fault, asked=asked)
        check(done, far, what)
        answers = [(event.id, event.accepted) for event in done.said if isinstance(event, Configured)]
        assert answers == [("a", True)], what
        assert far.vendor.connections[-1].thresholds[-1:] == [2000], what


def test_a_message_cut_short_loses_no_word() -> None:
    """Text that is no JSON is a broken connection."""
    CUTTING.every_corruption(1)


@pytest.mark.parametrize("halts", [{-1.0: 100.0}, {0.6: 100.0}, {1.5: 100.0, 2.4: 65.0}, {2.4: 400.0}], ids=str)
def test_nothing_is_closed_while_the_application_is_silent(halts: dict[float, float]) -> None:
    """Before its first audio, inside a word and after a turn: neither 4031 nor a lost word."""
    done, far = run(halts=halts)
    check(done, far)
    assert len(far.vendor.connections) == 1


def test_what_is_asked_in_a_long_silence_is_no_sign_of_life() -> None:
    """Only audio is; thresholds come twenty seconds apart."""
    asked = [(4.0 + 20.0 * number, Configure(str(number), {"turn_silence": 0.5 + number / 10})) for number in range(9)]
    done, far = run(halts={2.4: 190.0}, asked=asked)
    check(done, far)
    assert len(far.vendor.connections) == 1
    assert len(far.vendor.connections[0].thresholds) == 9


def test_a_cut_while_the_application_is_silent_loses_no_word() -> None:
    """What a silence injected takes no place on the session's clock."""
    for hard in ("easy", "late finals"):
        every_cut(Habits(hard=HARD[hard]), step=5, halts={0.6: 63.0, 2.4: 5.0})


@pytest.mark.parametrize("hard", ["easy", "late finals", "late split"])
def test_a_session_that_expires_is_followed_by_another(hard: str) -> None:
    """4008, in mid-speech too; nothing is lost."""
    for lasts in (1.8, 2.3, 3.1):
        done, far = run(Habits(hard=HARD[hard], lasts=lasts))
        check(done, far, str(lasts))
        assert len(far.vendor.connections) > 1


@pytest.mark.parametrize("speed", [0, 1.5, 4])
def test_a_recording_is_not_pushed_too_fast(speed: float) -> None:
    """However fast it is fed, for minutes; one connection takes it all."""
    spoken = words(24, seed=5)
    audio = encode([item for word in spoken for item in (word, 8.0)], FORMAT)
    done, far = run(audio=audio, speed=speed)
    assert said(done) == spoken
    assert len(far.vendor.connections) == 1


@pytest.mark.parametrize("fmt", [FORMAT, AudioFormat(8000, "pcm_mulaw")], ids=str)
def test_no_chunk_is_shorter_than_the_page_allows(fmt: AudioFormat) -> None:
    """But for the rest before the end."""
    _, far = run(fmt=fmt, audio=encode(SCRIPT, fmt))
    assert [connection.short for connection in far.vendor.connections] in ([0], [1])


@pytest.mark.parametrize(
    "habits",
    [Habits(retired="frame"), Habits(retired="frame", retired_code=4001), Habits(retired="status")],
    ids=["frame", "frame and code", "status"],
)
def test_a_retired_service_is_not_asked_again(habits: Habits) -> None:
    """It says what it is, and nothing else was heard."""
    done, _ = run(habits)
    assert isinstance(done.error, ProviderError)
    assert not done.error.retryable
    assert "deprecated" in str(done.error).lower()
    assert len(done.link.ends) == 1


@pytest.mark.parametrize("refuses", ["behind the upgrade", "with a status"])
@pytest.mark.parametrize("tells", [True, False])
def test_a_key_that_is_refused_is_not_shown_again(refuses: Any, tells: bool) -> None:
    """4001 or 401: one error of its own kind, whether a frame told it first or not."""

    class Closed(Vendor):
        def _admit(self, token: str | None, headers: Any) -> None:
            super()._admit(token, {})

    far = VendorFar(Closed(Habits(refuses=refuses, tells=tells)))
    done = Run(V2, far=lambda: far, audio=AUDIO, base_url=HOST)
    assert isinstance(done.error, AuthenticationError)
    assert len(done.link.ends) == 1
    assert [type(event).__name__ for event in done.said] == ["Warned", "Failed"]  # that the model is retired


def test_the_query_is_what_the_page_knows() -> None:
    """With everything on; what nobody asked for is not sent."""
    _, far = run()
    assert far.vendor.queries[0] in ({"sample_rate": "16000"}, {"sample_rate": "16000", "encoding": "pcm_s16le"})
    assert far.tells == ['{"terminate_session":true}'] or json.loads(far.tells[-1]) == {"terminate_session": True}
    fmt = AudioFormat(8000, "pcm_mulaw")
    extra = {"assemblyai-v2": {"enable_extra_session_information": True}}
    asked: dict[str, Any] = {"partials": False, "keyterms": ("Zander", "IBAN"), "turn_silence": 1.2, "extra": extra}
    done, far = run(fmt=fmt, audio=encode(SCRIPT, fmt), **asked)
    check(done, far)
    [query] = far.vendor.queries
    assert json.loads(query.pop("word_boost")) == ["Zander", "IBAN"]
    assert {name: value.lower() for name, value in query.items()} == {
        "sample_rate": "8000",
        "encoding": "pcm_mulaw",
        "disable_partial_transcripts": "true",
        "enable_extra_session_information": "true",
    }
    assert [json.loads(text) for text in far.tells] == [
        {"end_utterance_silence_threshold": 1200},
        {"terminate_session": True},
    ]


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=80)
def test_any_cuts_lose_no_word(seed: int) -> None:
    """Several in one session, refusals between them, whatever the habits."""
    dice = random.Random(seed)
    habits = dice.choice([*(Habits(hard=hard) for hard in HARD.values()), *HABITS.values()])
    faults = any_faults(dice, cuts=dice.randrange(1, 5), refusals=2, frames=range(2, 70))
    done, far = run(habits, faults, closes=any_frame(dice, range(2, 70)), code=dice.choice(CODES))
    check(done, far)
