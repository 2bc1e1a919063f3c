"""The server half of ``/v2``: what clients hear. Events in, exact messages out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.messages import Delimiters, piece
from aai_migrate_providers.speechmatics.messages import words as read
from aai_migrate_providers.speechmatics.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.wire.events import (
    AudioTaken,
    Final,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
    Word,
)
from aai_migrate.wire.text import joined

from ..served import ended, final, partial, words
from .served import begun, live, tell


def brief(message: dict[str, Any]) -> tuple[str, Any]:
    """The first letter of a transcript message and its text, or that and the time of an end."""
    match message["message"]:
        case "AddTranscript":
            return "F", message["metadata"]["transcript"]
        case "AddPartialTranscript":
            return "P", message["metadata"]["transcript"]
        case "EndOfUtterance":
            return "E", message["metadata"]["end_time"]
    return "?", message["message"]


def briefly(server: Server, *events: Any) -> list[tuple[str, Any]]:
    return [brief(message) for message in tell(server, *events)]


def result(message: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Type, content and place of each result."""
    return [(item["type"], item["alternatives"][0]["content"], item.get("attaches_to")) for item in message["results"]]


def test_a_final_has_every_member_that_clients_read() -> None:
    """Marks are results of their own, with the speaker of their word."""
    server = begun(diarization="speaker")
    said = final(1, ("at", 3.24, 3.4), ("noon,", 3.4, 3.88), speaker="B", language="en-GB")
    assert tell(server, said) == [
        {
            "message": "AddTranscript",
            "format": "2.9",
            "metadata": {"start_time": 0.0, "end_time": 3.88, "transcript": "at noon, "},
            "results": [
                {
                    "type": "word",
                    "start_time": 3.24,
                    "end_time": 3.4,
                    "alternatives": [{"content": "at", "confidence": 0.9, "language": "en", "speaker": "S1"}],
                },
                {
                    "type": "word",
                    "start_time": 3.4,
                    "end_time": 3.88,
                    "alternatives": [{"content": "noon", "confidence": 0.9, "language": "en", "speaker": "S1"}],
                },
                {
                    "type": "punctuation",
                    "start_time": 3.88,
                    "end_time": 3.88,
                    "attaches_to": "previous",
                    "is_eos": False,
                    "alternatives": [{"content": ",", "confidence": 0.9, "language": "en", "speaker": "S1"}],
                },
            ],
        }
    ]


def test_a_partial_has_no_delimiter_at_its_end() -> None:
    """It is shown as it is; without diarization nobody speaks."""
    [shown] = tell(live(), partial(1, ("at", 3.24, 3.4), ("noon,", 3.4, 3.88)))
    assert shown["metadata"] == {"start_time": 0.0, "end_time": 3.88, "transcript": "at noon,"}
    assert "speaker" not in shown["results"][0]["alternatives"][0]


def test_an_utterance_comes_as_the_vendor_tells_it() -> None:
    """Final, partial and the end in one burst; then the silence behind it."""
    server = live()
    assert briefly(server, partial(1, ("could", 0.5, 0.8), ("you", 0.8, 1.0))) == [("P", "could you")]
    assert briefly(server, final(1, ("Could", 0.5, 0.8)), partial(1, ("you", 0.8, 1.0), joiner=" ")) == [
        ("F", "Could "),
        ("P", ""),
        ("P", "you"),
    ]
    assert briefly(server, final(1, ("you", 0.8, 1.0), ("move?", 1.0, 1.3), joiner=" "), ended(1, at=2.0)) == [
        ("F", "you move? "),
        ("P", ""),
        ("E", 2.0),
    ]
    assert briefly(server, Settled(2.5)) == [("F", ""), ("P", "")]


def test_finals_alone_come_where_nobody_asked_for_more() -> None:
    """That is how a session is unless it says otherwise."""
    server = begun()
    events = (partial(1, ("a", 0.1, 0.2)), final(1, ("A.", 0.1, 0.2)), ended(1, at=1.0), Settled(0.3))
    assert briefly(server, *events) == [("F", "A. ")]


def test_every_final_is_followed_by_a_partial_also_an_empty_one() -> None:
    """Clients end turns only then."""
    assert briefly(live(), final(1, ("A", 0.1, 0.2)), final(1, ("B", 0.2, 0.3), joiner=" ")) == [
        ("F", "A "),
        ("P", ""),
        ("F", "B "),
        ("P", ""),
    ]


def test_a_partial_shows_the_tails_of_all_open_turns() -> None:
    """Two speak at once: what is final of one leaves what is shown of the other."""
    server = live()
    assert briefly(server, partial(1, ("one", 0.1, 0.4)), partial(2, ("two", 0.2, 0.5))) == [
        ("P", "one"),
        ("P", "one two"),
    ]
    assert briefly(server, final(1, ("One.", 0.1, 0.4)), ended(1, at=0.9)) == [("F", "One. "), ("P", "two"), ("E", 0.9)]
    assert briefly(server, final(2, ("Two.", 0.2, 0.5)), ended(2, at=1.1)) == [("F", "Two. "), ("P", ""), ("E", 1.1)]


def test_what_no_final_follows_is_taken_back() -> None:
    """By an empty tail, or by the end of its turn, which then was none."""
    server = live()
    assert briefly(server, partial(1, ("uh", 0.1, 0.4)), partial(1)) == [("P", "uh"), ("P", "")]
    assert briefly(server, partial(1), ended(1)) == []
    assert briefly(server, partial(2, ("uh", 0.1, 0.4)), ended(2, at=1.0)) == [("P", "uh"), ("P", "")]
    assert briefly(server, partial(3, ("uh", 0.1, 0.4)), Final(turn=3, text=" ")) == [("P", "uh"), ("P", "")]
    assert briefly(server, final(4, ("A", 1.1, 1.2)), partial(4, ("b", 1.2, 1.3), joiner=" "), ended(4, at=2.0)) == [
        ("F", "A "),
        ("P", ""),
        ("P", "b"),
        ("P", ""),
        ("E", 2.0),
    ]


def test_an_end_is_told_once_and_not_before_its_last_word() -> None:
    """Where nobody says when, it is there."""
    server = live()
    assert briefly(server, final(1, ("A", 0.1, 0.7)), ended(1), ended(1), ended(7, at=9.0)) == [
        ("F", "A "),
        ("P", ""),
        ("E", 0.7),
    ]
    assert briefly(server, final(2, ("B", 1.1, 1.7)), ended(2, at=1.0))[-1] == ("E", 1.7)


def test_silence_is_told_as_empty_finals_but_not_too_often() -> None:
    """What is shown is shown again behind each, since a final takes it away."""
    server = live()
    out = tell(server, *(Settled(at / 10) for at in range(11)))
    windows = [(item["metadata"]["start_time"], item["metadata"]["end_time"]) for item in out[::2]]
    assert windows == [(0.0, 0.4), (0.4, 0.8)]
    assert {item["message"] for item in out[::2]} == {"AddTranscript"}
    assert {item["message"] for item in out[1::2]} == {"AddPartialTranscript"}
    assert briefly(server, partial(1, ("Hi", 1.2, 1.4)), Settled(1.1)) == [("P", "Hi"), ("F", ""), ("P", "Hi")]
    assert briefly(begun(), Settled(2.0)) == [("F", "")]


def test_a_word_may_begin_before_the_end_of_a_window() -> None:
    """Windows never go back, and words are not filtered by them."""
    server = live()
    tell(server, Settled(2.0))
    told, _ = tell(server, final(1, ("Hi", 2.04, 2.08)))
    assert told["metadata"] == {"start_time": 2.1, "end_time": 2.1, "transcript": "Hi "}
    assert told["results"][0]["start_time"] == 2.04


def test_times_never_go_back() -> None:
    """Clients drop a word that begins before the end of what they have."""
    server = begun()
    first, second = tell(server, final(1, ("a", 1.0, 1.5), ("b", 1.45, 1.4)), final(2, ("c", 0.9, 1.8)))
    times = [(item["start_time"], item["end_time"]) for item in (*first["results"], *second["results"])]
    assert times == [(1.0, 1.5), (1.45, 1.45), (1.5, 1.8)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", [("word", "Hello", None), ("punctuation", ".", "previous")]),
        ("Really?!", [("word", "Really", None), ("punctuation", "?", "previous"), ("punctuation", "!", "previous")]),
        ("Well...", [("word", "Well", None), ("punctuation", "...", "previous")]),
        ("¿Sí?", [("punctuation", "¿", "next"), ("word", "Sí", None), ("punctuation", "?", "previous")]),
        (
            "¡¿Qué?!",
            [
                ("punctuation", "¡", "next"),
                ("punctuation", "¿", "both"),
                ("word", "Qué", None),
                ("punctuation", "?", "previous"),
                ("punctuation", "!", "previous"),
            ],
        ),
        ("3.14", [("word", "3.14", None)]),
        ("I'm", [("word", "I'm", None)]),
        (".", [("punctuation", ".", "previous")]),
        ("¿", [("punctuation", "¿", "next")]),
        ("です。", [("word", "です", None), ("punctuation", "。", "previous")]),
    ],
)
def test_marks_are_results_of_their_own(text: str, expected: list[tuple[str, str, str | None]]) -> None:
    """They stick to what they belong to."""
    [told] = tell(begun(), final(1, (text, 1.0, 1.4)))
    assert result(told) == expected
    assert told["metadata"]["transcript"] == f"{text} "


def test_the_end_of_a_sentence_is_marked() -> None:
    """Commas and opening marks are none."""
    [told] = tell(begun(), final(1, *((f"a{mark}", 1.0, 1.1) for mark in (*".?!。？！", *",、…"))))
    marks = [(item["alternatives"][0]["content"], item["is_eos"]) for item in told["results"][1::2]]
    assert marks == [*((mark, True) for mark in ".?!。？！"), *((mark, False) for mark in ",、…")]
    [told] = tell(begun(), final(1, ("¿a", 1.0, 1.1)))
    assert told["results"][0]["is_eos"] is False


def test_a_mark_may_come_alone() -> None:
    """In its own final, right behind the last word, and of the same speaker; spaced, it stands like a word."""
    server = begun(diarization="speaker")
    tell(server, final(1, ("Hello", 0.2, 0.6), speaker="A"))
    [told] = tell(server, final(1, (".", 0.6, 0.6)))
    assert result(told) == [("punctuation", ".", "previous")]
    assert told["results"][0]["alternatives"][0]["speaker"] == "S1"
    [told] = tell(server, final(1, ("!", 0.6, 0.6), joiner=" "))
    assert result(told) == [("punctuation", "!", "none")]


def test_words_that_the_delimiter_does_not_part_are_one() -> None:
    """There is one for the whole session."""
    glued = (Word("gon", 0.1, 0.2, joiner=""), Word("na", 0.2, 0.4, joiner=""), Word("go", 0.4, 0.5))
    [told] = tell(begun(), Final(turn=1, text="gonna go", words=glued))
    assert [(item["alternatives"][0]["content"], item["end_time"]) for item in told["results"]] == [
        ("gonna", 0.4),
        ("go", 0.5),
    ]
    spaced = (Word("僕は", 0.1, 0.2, joiner=""), Word("New", 0.2, 0.4, joiner=""), Word("York", 0.4, 0.5))
    [told] = tell(begun(language="ja"), Final(turn=1, text="僕はNew York", words=spaced))
    assert [item["alternatives"][0]["content"] for item in told["results"]] == ["僕は", "New York"]
    assert told["metadata"]["transcript"] == "僕はNew York"


def test_text_without_words_becomes_words() -> None:
    """Their times are parts of what is known, else the end of what was said before."""
    server = begun()
    [told] = tell(server, Final(turn=1, text="two words", start=1.0, end=2.0))
    assert [(item["start_time"], item["end_time"]) for item in told["results"]] == [(1.0, 1.5), (1.5, 2.0)]
    [told] = tell(server, Final(turn=1, text=" more", confidence=0.5))
    assert [(item["start_time"], item["end_time"]) for item in told["results"]] == [(2.0, 2.0)]
    assert told["results"][0]["alternatives"][0]["confidence"] == 1.0


def test_speakers_are_named_in_the_order_in_which_they_speak() -> None:
    """Whatever the provider calls them; who could not be told is UU, and who is enrolled has a name."""
    enrolled = [{"label": "Ana", "speaker_identifiers": ["x"]}]
    server = begun(diarization="speaker", speaker_diarization_config={"speakers": enrolled})
    said = Final(
        turn=1,
        text="a b c d e",
        words=tuple(
            evolve(word, speaker=who)
            for word, who in zip(
                words(*((name, 0.1, 0.2) for name in "abcde")), ("7", None, "S1", "7", "Ana"), strict=True
            )
        ),
    )
    [told] = tell(server, said)
    assert [item["alternatives"][0]["speaker"] for item in told["results"]] == ["S1", "UU", "S2", "S1", "Ana"]


def test_the_language_of_a_word_is_said_where_it_is_one() -> None:
    """In the vendor's codes; a pack of several languages is none."""
    server = begun(language="cmn_en")
    first, second = tell(server, final(1, ("你好", 0.1, 0.2), language="zh-CN"), final(2, ("hm", 0.3, 0.4)))
    assert first["results"][0]["alternatives"][0]["language"] == "cmn"
    assert "language" not in second["results"][0]["alternatives"][0]


def test_other_events_are_nothing_to_say() -> None:
    """There are no words for them."""
    others = (SpeechStarted(1.0), AudioTaken(1.0), Revised(turn=1, text="A."), Warned("a", "b"), Unmapped({}))
    assert tell(live(), *others) == []


# Properties.


SPOKEN = st.lists(
    st.tuples(
        st.sampled_from(["partial", "final", "end", "settled"]),
        st.integers(1, 3),
        st.lists(st.sampled_from(["a", "b.", "¿c", "d?", "e,"]), min_size=1, max_size=3),
    ),
    max_size=20,
)


@given(SPOKEN)
def test_finals_joined_are_the_words_and_nothing_is_left_shown(script: list[tuple[str, int, list[str]]]) -> None:
    """By ``results`` and by ``metadata.transcript``; what is shown is never what is final, and times go on."""
    server = live()
    at, said, heard = 0.0, [], []
    begun_: set[int] = set()
    for kind, turn, texts in script:
        given_ = [(text, at + 0.1 * index, at + 0.1 * index + 0.1) for index, text in enumerate(texts)]
        joiner = " " if turn in begun_ else ""
        event: Partial | Final | TurnEnded | Settled = Settled(at)
        if kind == "partial":
            event = partial(turn, *given_, joiner=joiner)
        elif kind == "final":
            event = final(turn, *given_, joiner=joiner)
            said += texts
            at += 0.1 * len(texts)
            begun_.add(turn)
        elif kind == "end":
            event = ended(turn, at=at)
            begun_.discard(turn)
        heard += tell(server, event)
    heard += tell(server, Stopped())
    finals = [message for message in heard if message["message"] == "AddTranscript"]
    tokens = [token for message in finals for token in piece(message).tokens]
    assert joined(read(tokens, Delimiters(), stuck=True, final=True)) == " ".join(said)
    assert "".join(message["metadata"]["transcript"] for message in finals) == "".join(f"{text} " for text in said)
    starts = [token.start for token in tokens]
    assert starts == sorted(starts)
    shown = [message for message in heard if message["message"] == "AddPartialTranscript"]
    assert not shown or shown[-1]["results"] == []
    for before, after in pairwise(heard):
        if before["message"] == "AddTranscript":
            assert after["message"] == "AddPartialTranscript"
