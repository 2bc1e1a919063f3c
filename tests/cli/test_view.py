"""Events as lines that no vendor can make a terminal obey."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.cli.summary import Figures
from aai_migrate.cli.view import Line, PlainLines, Text, line, one_line, remark
from aai_migrate.events import (
    AudioGap,
    Notice,
    ProviderChanged,
    Reconnected,
    Reconnecting,
    SpeechStarted,
    StreamEvent,
    Turn,
    TurnRevised,
)


def _turn(text: str, *, end: bool = True, **more: Any) -> Turn:
    return Turn(turn_order=0, transcript=text, end_of_turn=end, **more)


def _shown(*events: StreamEvent, channels: bool = False) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    view = Text(PlainLines(out, err), channels=channels)
    for event in events:
        view.show(event)
    return out.getvalue(), err.getvalue()


def test_only_ended_turns_are_printed() -> None:
    """Without a terminal there is a line for each turn that ended, under its label, and for each revision."""
    out, err = _shown(
        _turn("Ask", end=False),
        _turn("Ask not.", speaker="A", channel=1),
        TurnRevised(turn_order=0, transcript="Ask!", channel=1),
        SpeechStarted(0.0),
    )
    assert (out, err) == ("[1] A: Ask not.\n[1] Ask! (turn 0 revised)\n", "")


def test_the_first_channel_is_said_where_there_are_several() -> None:
    """Whoever listens to one channel need not read its number."""
    assert _shown(_turn("Ask."))[0] == "Ask.\n"
    assert _shown(_turn("Ask."), channels=True)[0] == "[0] Ask.\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb\r\nc\x07", "a [2Jb c"),
        ("\x9b a\n\tb ", "a b"),
        ("a\u202eb\u2066c\u200f\ufeff", "abc"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u00a0no\u00a0break\u2028", "no break"),
        ("\ud800 \ue000", "\ufffd \ufffd"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    """Controls are blanks, what turns the writing is gone, what joins letters stays, no character is U+FFFD."""
    assert one_line(text) == shown
    assert _shown(_turn(text, speaker=text))[0] == f"{shown}: {shown}\n"
    assert remark(text) == f"aai-migrate: {shown}"


@pytest.mark.parametrize(
    ("text", "stable", "expected"),
    [
        ("ask not", 0, Line("", "", "ask not")),
        ("ask not", 3, Line("", "ask", " not")),
        ("ask not", 4, Line("", "ask", " not")),
        ("ask not", 5, Line("", "ask n", "ot")),
        ("ask not", 7, Line("", "ask not")),
        ("  ask", 1, Line("", "", "ask")),
    ],
)
def test_stable_and_tail(text: str, stable: int, expected: Line) -> None:
    """What will not change and what may, with the blank between them."""
    assert line(_turn(text, end=False, stable_length=stable)) == expected


@given(st.text(), st.integers(0, 20))
def test_stable_and_tail_are_the_whole(text: str, stable: int) -> None:
    """Cut anywhere, the parts together are the text on one line."""
    found = line(_turn(text, end=False, stable_length=min(stable, len(text))))
    assert str(found).replace(" ", "") == one_line(text).replace(" ", "")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (Notice("n", "mind\nthis"), "mind this"),
        (Reconnecting(1, 0.25, "connection lost"), "connection lost; trying again in 0.2 s"),
        (
            Reconnected(seam=1.5, settled=1.5, resumed=False, replayed=0.75, lag=1.0),
            "connected again at 1.5 s; 0.8 s of audio are sent again",
        ),
        (Reconnected(seam=1.5, settled=1.5, resumed=False, replayed=0.0, lag=1.0), "connected again at 1.5 s"),
        (AudioGap(1.0, 2.5), "audio from 1.0 to 2.5 s is lost"),
        (ProviderChanged("a", "b", 3.0, "quota"), "b goes on for a at 3.0 s: quota"),
    ],
)
def test_remarks(event: StreamEvent, says: str) -> None:
    """Everything but text is said on stderr, a line each."""
    assert _shown(event) == ("", f"aai-migrate: {says}\n")


def test_text_in_any_encoding() -> None:
    """What the output cannot carry is a question mark, not an error, and our own signs have others for them."""

    class Ascii(io.StringIO):
        encoding: Any = "ascii"

    out = Ascii()
    Text(PlainLines(out, out)).show(_turn("ß – …"))
    assert out.getvalue() == "? - ~\n"


def test_the_summary_in_a_log() -> None:
    """Four lines, each of what belongs together."""
    out, err = io.StringIO(), io.StringIO()
    lines = PlainLines(out, err)
    lines.summary(Figures(turns=2, audio_seconds=3.0, first_words=0.5, final=0.25, measured=2, end="complete"))
    lines.close()
    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == [
        "aai-migrate: 2 turns, 3.0 s of audio, complete",
        "aai-migrate: first words: 0.50 s after speech began, median of 2 turns; "
        "final: 0.25 s after speech ended, median of 2 turns",
        "aai-migrate: served by: –; converted: nothing",
        "aai-migrate: gaps: none; reconnects: none",
    ]
