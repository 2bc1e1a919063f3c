"""Subtitles: what stands in a cue, when it is shown, and how both formats write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import ConfigError
from aai_migrate.events import Turn, TurnRevised, Word
from aai_migrate.subtitles import COLUMNS, LONGEST, Form, Subtitles, cues

SPEECH = (
    "And so, my fellow Americans, ask not what your country can do for you. Ask what you can do for your country! "
    "My fellow citizens of the world: ask not what America will do for you."
)


def spoken(text: str, start: float = 0.0, *, order: int = 0, length: float = 0.25, **more: Any) -> Turn:
    """A turn whose words last *length* and come every 0.3 s."""
    words = []
    for index, word in enumerate(text.split()):
        at = start + 0.3 * index
        words.append(Word(word, at, at + length, joiner=" " if index else ""))
    return ended(text, words, order=order, **more)


def ended(text: str, words: Sequence[Word] = (), *, order: int = 0, **more: Any) -> Turn:
    times = {"start": words[0].start, "end": words[-1].end} if words else {}
    return Turn(turn_order=order, transcript=text, end_of_turn=True, words=tuple(words), **{**times, **more})


def shown(turn: Turn) -> list[tuple[float, float, tuple[str, ...]]]:
    return [(round(cue.start, 2), round(cue.end, 2), cue.lines) for cue in cues(turn)]


def test_cues_end_where_sentences_do() -> None:
    """A long turn is cut at sentences and phrases, each cue has the times of its words."""
    assert shown(spoken(SPEECH)) == [
        (0.0, 4.15, ("And so, my fellow Americans,", "ask not what your country can do for you.")),
        (4.2, 6.55, ("Ask what you can do for your country!",)),
        (6.6, 10.75, ("My fellow citizens of the world:", "ask not what America will do for you.")),
    ]


def test_a_pause_ends_a_cue() -> None:
    """After a second of silence what was said before is gone from the screen."""
    words = [Word("one", 0.0, 0.5, joiner=""), Word("two", 1.4, 1.8), Word("three", 3.0, 3.2)]
    assert shown(ended("one two three", words)) == [(0.0, 1.8, ("one two",)), (3.0, 3.2, ("three",))]


def test_a_change_of_speaker_ends_a_cue() -> None:
    """Each cue has one speaker."""
    words = [Word("yes", 0.0, 0.5, speaker="A", joiner=""), Word("no", 0.6, 0.9, speaker="B")]
    assert [(cue.label, cue.lines) for cue in cues(ended("yes no", words))] == [("A", ("yes",)), ("B", ("no",))]


def test_seven_seconds_are_the_most() -> None:
    """Slow speech is cut by time."""
    slow = [Word(f"w{index}", index * 0.9, index * 0.9 + 0.8, joiner=" " if index else "") for index in range(14)]
    assert all(cue.end - cue.start <= LONGEST for cue in cues(ended(" ".join(word.text for word in slow), slow)))


def test_formatted_text_takes_the_times_of_the_words() -> None:
    """Case, punctuation and numbers written otherwise: the transcript's text, at the words' times."""
    spoken_as = ["we", "have", "twenty", "three", "cows", "now"]
    words = [Word(text, 2.0 * at, 2.0 * at + 0.5, joiner=" " if at else "") for at, text in enumerate(spoken_as)]
    assert shown(ended("We have 23 cows. Now?", words)) == [
        (0.0, 0.5, ("We",)),
        (2.0, 2.5, ("have",)),
        (4.0, 6.5, ("23",)),
        (8.0, 8.5, ("cows.",)),
        (10.0, 10.5, ("Now?",)),
    ]
    assert shown(ended("We, HAVE; 20 3 cows now!", words)) == [
        (2.0 * at, 2.0 * at + 0.5, (text,)) for at, text in enumerate(["We,", "HAVE;", "20", "3", "cows", "now!"])
    ]


@pytest.mark.parametrize(
    ("more", "times"),
    [
        ({"start": 2.0, "end": 5.0}, (2.0, 5.0)),
        ({"start": 2.0}, (2.0, 2.8)),
        ({}, (9.0, 9.8)),
        ({"start": nan, "end": inf}, (9.0, 9.8)),
    ],
)
def test_without_words_the_turn_says_when(more: dict[str, Any], times: tuple[float, float]) -> None:
    """Turns without words have their own times, and where there are none, those that reading takes."""
    (cue,) = cues(ended("twelve chars", **more), after=9.0)
    assert (cue.start, cue.end) == pytest.approx(times)


def test_scripts_without_blanks_are_broken_too() -> None:
    """Wide characters take two columns; no line is too long, no character is lost."""
    text = "日本語は空白なしで書かれます。" * 12
    found = cues(ended(text, start=0.0, end=40.0))
    assert "".join(line for cue in found for line in cue.lines) == text
    assert max(len(line) for cue in found for line in cue.lines) <= COLUMNS // 2
    assert all(len(cue.lines) <= 2 for cue in found)


def test_a_word_longer_than_a_line_is_broken() -> None:
    """As an address."""
    found = cues(ended("see https://example.org/" + "x" * 100, start=0.0, end=4.0))
    assert max(len(line) for cue in found for line in cue.lines) <= COLUMNS


def test_srt() -> None:
    """Numbers, comma, label; an arrow in the text does not look like times."""
    subtitles = Subtitles("srt", channels=True)
    assert subtitles.begin() == ""
    assert subtitles.add(spoken("a --> b", 3725.5, speaker="A", channel=1)) == (
        "1\n01:02:05,500 --> 01:02:06,500\n[1] A: a → b\n\n"
    )
    assert subtitles.add(spoken("<c> & d", 3730, order=1)).startswith("2\n01:02:10,000 --> 01:02:11,000\n[0] <c> & d")


def test_vtt() -> None:
    """Header, full stop, a voice; what is markup is escaped."""
    subtitles = Subtitles("vtt")
    assert subtitles.begin() == "WEBVTT\n\n"
    assert subtitles.add(spoken("a --> <b> &", 360_000.25, speaker="<A&B>")) == (
        "100:00:00.250 --> 100:00:01.400\n<v &lt;A&amp;B&gt;>a --&gt; &lt;b&gt; &amp;\n\n"
    )


def test_other_forms_are_refused() -> None:
    """There are two."""
    with pytest.raises(ConfigError, match="srt or vtt, not 'ass'"):
        Subtitles("ass")  # type: ignore[arg-type]


def test_open_and_empty_turns_write_nothing() -> None:
    """Only what was said and will not change."""
    subtitles = Subtitles("srt")
    assert subtitles.add(Turn(turn_order=0, transcript="open", end_of_turn=False, start=0.0, end=1.0)) == ""
    assert subtitles.add(ended(" \n\x00 ")) == ""
    assert subtitles.whole() == ""


def test_short_cues_last_a_second_if_there_is_time() -> None:
    """A cue that nothing follows is shown for a second; at the end of the file so much as there is."""
    subtitles = Subtitles("srt")
    first = subtitles.add(spoken("yes", 10.0))
    assert "00:00:10,000 --> 00:00:11,000" in first
    assert "00:00:11,000 --> 00:00:12,000" in subtitles.add(spoken("no", 10.5, order=1))
    assert "00:00:10,000 --> 00:00:10,500" in subtitles.whole()
    assert "00:00:10,500 --> 00:00:11,500" in subtitles.whole()


def test_the_whole_is_in_order() -> None:
    """What came late of another channel stands where it belongs, with its number."""
    subtitles = Subtitles("srt", channels=True)
    late = subtitles.add(spoken("late", 8.0, channel=0))
    early = subtitles.add(spoken("early", 2.0, channel=1))
    assert late.startswith("1\n00:00:08")
    assert early.startswith("2\n00:00:02")
    assert subtitles.whole() == early.replace("2\n", "1\n", 1) + late.replace("1\n", "2\n", 1)


def test_whole_is_what_was_added_where_nothing_changed() -> None:
    """One channel, time between the turns: nothing to rewrite."""
    subtitles = Subtitles("vtt")
    written = subtitles.begin()
    for order in range(4):
        written += subtitles.add(spoken(SPEECH, 20.0 * order, order=order))
    assert subtitles.whole() == written


def test_revised_turns() -> None:
    """The whole has the last state of a turn; times are kept where the revision has none."""
    subtitles = Subtitles("srt")
    subtitles.add(spoken("ask not", 1.0))
    subtitles.revise(TurnRevised(turn_order=0, transcript="Ask not!", speaker="A"))
    subtitles.revise(TurnRevised(turn_order=7, transcript="never heard of"))
    assert subtitles.whole() == "1\n00:00:01,000 --> 00:00:02,000\nA: Ask not!\n\n"


# Properties, for whatever a vendor says.

TIMES = st.one_of(st.floats(-10, 100), st.sampled_from([nan, inf, -inf, 0.0]))
WORDS = st.builds(
    Word,
    st.text(max_size=12),
    TIMES,
    TIMES,
    joiner=st.sampled_from(["", " "]),
    speaker=st.sampled_from([None, "A", "B\n<x>"]),
)


@st.composite
def turns(draw: st.DrawFn) -> list[Turn]:
    found, orders = [], [0, 0]
    for _ in range(draw(st.integers(0, 4))):
        channel = draw(st.integers(0, 1))
        words = draw(st.lists(WORDS, max_size=8))
        joined = "".join(word.joiner + word.text for word in words)
        found.append(
            Turn(
                turn_order=orders[channel],
                transcript=draw(st.one_of(st.just(joined), st.text(max_size=100))),
                end_of_turn=True,
                words=tuple(words),
                start=draw(st.none() | TIMES),
                end=draw(st.none() | TIMES),
                channel=channel,
                speaker=draw(st.sampled_from([None, "A", "-->"])),
            )
        )
        orders[channel] += 1
    return found


STAMP = r"(\d+):(\d\d):(\d\d)[,.](\d{3})"


def parsed(text: str, form: Form) -> list[tuple[float, float, list[str]]]:
    """Read a file as a player does: blocks parted by blank lines."""
    if form == "vtt":
        assert text.startswith("WEBVTT\n\n")
        text = text.removeprefix("WEBVTT\n\n")
    found = []
    blocks = text.split("\n\n")
    assert blocks.pop() == ""
    for number, block in enumerate(blocks, 1):
        rows = block.split("\n")
        if form == "srt":
            assert rows.pop(0) == str(number)
        match = re.fullmatch(f"{STAMP} --> {STAMP}", rows.pop(0))
        assert match
        numbers = [int(group) for group in match.groups()]
        start, end = (
            3600 * hours + 60 * minutes + seconds + thousandths / 1000
            for hours, minutes, seconds, thousandths in (numbers[:4], numbers[4:])
        )
        assert 1 <= len(rows) <= 2
        assert all(row and "-->" not in row for row in rows)
        found.append((start, end, rows))
    return found


@given(turns(), st.sampled_from(["srt", "vtt"]), st.booleans())
def test_any_file_can_be_read(said: list[Turn], form: Form, channels: bool) -> None:
    """After each turn the file is whole, and cues of a channel neither overlap nor go back."""
    subtitles = Subtitles(form, channels=channels)
    text, shown_to = subtitles.begin(), {0: 0.0, 1: 0.0}
    for turn in said:
        added = subtitles.add(turn)
        text += added
        before = shown_to[turn.channel]
        for match in re.finditer(f"(?m)^{STAMP} --> {STAMP}$", added):
            numbers = [int(group) for group in match.groups()]
            start, end = ((3600 * at[0] + 60 * at[1] + at[2]) * 1000 + at[3] for at in (numbers[:4], numbers[4:]))
            assert before <= start < end <= start + 1000 * LONGEST
            before = end
        shown_to[turn.channel] = before
    parsed(text, form)
    whole = parsed(subtitles.whole(), form)
    assert [start for start, _, _ in whole] == sorted(start for start, _, _ in whole)
    text.encode()


@given(turns())
def test_no_word_is_lost(said: list[Turn]) -> None:
    """The cues of a turn, joined, are its transcript."""
    for turn in said:
        wanted = "".join(char for char in turn.transcript if not char.isspace() and char.isprintable())
        found = "".join(line for cue in cues(turn) for line in cue.lines)
        assert "".join(char for char in found if not char.isspace() and char.isprintable()) == wanted


@given(st.lists(st.sampled_from(["one", "three,", "sentence.", "extraordinary"]), min_size=1, max_size=60))
def test_ordinary_speech_is_ordinarily_cut(said: list[str]) -> None:
    """Words of usual length at a usual pace: lines within 42 columns, cues within 7 s."""
    for cue in cues(spoken(" ".join(said))):
        assert all(len(line) <= COLUMNS for line in cue.lines)
        assert 0 < cue.end - cue.start <= LONGEST
