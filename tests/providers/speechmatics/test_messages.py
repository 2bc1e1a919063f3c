"""How tokens become words and text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.messages import Delimiters, piece, words

from aai_migrate.wire.events import Event, Final, Partial
from aai_migrate.wire.frames import Frame
from aai_migrate.wire.text import joined

from .wire import AGENT, BEGUN, PACK, final, hear, p, partial, said, segment, started, w

CANARY = "Tretinoin"


def text(*items: Any, pack: str = " ", stuck: bool = True, languages: dict[str, str] | None = None) -> str:
    """What *items* of ``results`` make."""
    tokens = piece(json.loads(final(*items))).tokens
    return joined(words(tokens, Delimiters(pack, languages or {}), stuck=stuck, final=True))


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((w("at", 0, 0.1), w("noon", 0.2, 0.3), p(",", 0.3)), "at noon,"),
        ((w("at", 0, 0.1), p(",", 0.1, None), w("noon", 0.2, 0.3)), "at, noon"),
        ((w("at", 0, 0.1), p(",", 0.1) | {"attaches_to": None}, w("noon", 0.2, 0.3)), "at, noon"),
        ((w("at", 0, 0.1), p("(", 0.2, "next"), w("noon", 0.2, 0.3), p(")", 0.3)), "at (noon)"),
        ((p("¿", 0, "next"), p("¡", 0, "next"), w("Qué", 0, 0.3), p("?", 0.3)), "¿¡Qué?"),
        ((w("e", 0, 0.1), p("-", 0.1, "both"), w("mail", 0.1, 0.3)), "e-mail"),
        ((w("e", 0, 0.1), p("-", 0.1, "none"), w("mail", 0.1, 0.3)), "e - mail"),
        ((w("and", 0, 0.1), p("-", 0.1, "elsewhere"), w("so", 0.1, 0.3)), "and - so"),
        ((w("x", 0, 0.1), p("-", 0.1, "both"), w("y", 0.1, 0.2), p("-", 0.2, "both"), w("z", 0.2, 0.3)), "x-y-z"),
    ],
)
def test_what_marks_stick_to(items: tuple[Any, ...], expected: str) -> None:
    """The word before, the one after, both or none; who does not say means the one before."""
    assert text(*items) == expected


def test_words_without_anything_between() -> None:
    """As in Japanese and Mandarin."""
    items = (w("明日", 0, 0.4), w("の", 0.4, 0.5), w("予約", 0.5, 0.9), p("。", 0.9, eos=True))
    assert text(*items, pack="") == "明日の予約。"


def test_each_language_has_its_own() -> None:
    """Where a model finds the language itself."""
    items = (w("so", 0, 0.4), w("明日", 0.4, 0.5, language="ja"), w("の", 0.5, 0.9, language="ja"), w("ok", 1, 1.2))
    assert text(*items, languages={"ja": ""}) == "so明日の ok"


def test_the_first_word_says_how_it_follows() -> None:
    """Behind words of the same turn there is a blank, behind an opening mark none."""
    assert text(w("so", 0, 0.1), stuck=False) == " so"
    assert text(p(".", 0.1), stuck=False) == "."
    assert text(p("¿", 0.1, "next"), stuck=False) == " ¿"
    client = started()
    out = hear(
        client, final(w("Hola", 0, 0.2), p("¿", 0.3, "next")), final(w("Qué", 0.3, 0.5)), final(w("tal", 0.6, 0.8))
    )
    assert [item.text for item in out if isinstance(item, Final)] == ["Hola ¿", "Qué", " tal"]


@pytest.mark.parametrize(
    ("items", "times"),
    [
        ((w("e", 0.1, 0.2), p("-", 0.2, "both"), w("mail", 0.3, 0.5), p(".", 0.5)), [("e-mail.", 0.1, 0.5)]),
        ((p("¿", 0.0, "next"), w("Qué", 0.3, 0.5), p("?", 0.5)), [("¿Qué?", 0.3, 0.5)]),
        ((p("-", 0.2, "none"), w("so", 0.3, 0.5)), [("-", 0.2, 0.2), ("so", 0.3, 0.5)]),
    ],
)
def test_a_word_lasts_from_its_first_part_to_its_last(items: tuple[Any, ...], times: list[Any]) -> None:
    """Marks have no time of their own."""
    found = words(piece(json.loads(final(*items))).tokens, Delimiters(), stuck=True, final=True)
    assert [(each.text, each.start, each.end) for each in found] == times


def test_an_entity_is_one_word_as_it_is_written() -> None:
    """Whatever was spoken for it."""
    entity = {
        "type": "entity",
        "entity_class": "money",
        "start_time": 5.0,
        "end_time": 6.1,
        "alternatives": [{"content": "$45", "confidence": 0.98, "language": "en"}],
        "spoken_form": [w("forty-five", 5.0, 5.5), w("dollars", 5.5, 6.1)],
        "written_form": [w("$45", 5.0, 6.1)],
    }
    out = hear(started(), final(w("It's", 4.6, 4.9), entity, p(".", 6.1)))
    [said_] = [item for item in out if isinstance(item, Final)]
    assert said_.text == "It's $45."
    assert [(each.text, each.start, each.end, each.confidence) for each in said_.words][1] == ("$45.", 5.0, 6.1, 0.98)


def test_what_stands_between_words_is_told_with_the_greeting() -> None:
    """Without a word of it, the language tells; a new language tells with its first word."""
    client = started(begun=said("RecognitionStarted", id="s", language_pack_info=PACK | {"word_delimiter": ""}))
    assert [
        item.text for item in hear(client, partial(w("a", 0, 0.1), w("b", 0.1, 0.2))) if isinstance(item, Partial)
    ] == ["ab"]
    client = started()
    info = said("LanguageInfo", language="ja", word_delimiter="", writing_direction="left-to-right")
    assert hear(client, info, said("LanguageInfo", language="de"), said("LanguageInfo"), BEGUN) == []
    out = hear(client, final(w("明日", 0, 0.1, language="ja"), w("の", 0.1, 0.2, language="ja"), w("ok", 0.3, 0.4)))
    assert [item.text for item in out if isinstance(item, Final)] == ["明日の ok"]


@pytest.mark.parametrize(
    "results",
    [
        None,
        7,
        "words",
        {},
        [None, 7, "x", [], {}],
        [{"type": "word", "alternatives": None}],
        [{"type": "word", "alternatives": []}],
        [{"type": "word", "alternatives": ["x"]}],
        [{"type": "word", "alternatives": [{"content": None}]}],
        [{"type": "word", "alternatives": [{"content": "  "}]}],
        [{"alternatives": [{"content": 3}], "start_time": 0, "end_time": 1}],
    ],
)
def test_results_without_a_word(results: Any) -> None:
    """Say nothing, and break nothing."""
    text = json.dumps({"message": "AddTranscript", "metadata": {"start_time": 0, "end_time": 0}, "results": results})
    assert hear(started(), text) == []
    assert hear(started(), text.replace("AddTranscript", "AddPartialTranscript")) == []


@pytest.mark.parametrize("bad", [None, "1.0", [], {}, -3, True])
def test_times_that_are_none(bad: Any) -> None:
    """The word is kept, after what came before it, with a length that is not negative."""
    item = w("so", 0, 0) | {"start_time": bad, "end_time": bad}
    out = hear(started(), final(w("And", 0.2, 0.4), item, window=(bad, bad)))
    [said_] = [each for each in out if isinstance(each, Final)]
    assert said_.text == "And so"
    assert all(0 <= each.start <= each.end for each in said_.words)


@pytest.mark.parametrize("confidence", [None, "1", [], {}])
def test_a_confidence_that_is_none(confidence: Any) -> None:
    """Is not known."""
    [said_] = [e for e in hear(started(), final(w("so", 0, 0.1, confidence=confidence))) if isinstance(e, Final)]
    assert (said_.confidence, said_.words[0].confidence) == (None, None)


def heard(*texts: str, agent: bool = False) -> list[Frame | Event]:
    return hear(started(AGENT if agent else None), *texts)


@pytest.mark.parametrize(
    "value",
    [
        piece(json.loads(final(w(CANARY, 0, 1)))),
        *heard(partial(w(CANARY, 0, 1)), final(w(CANARY, 0, 1))),
        *heard(segment("AddPartialSegment", CANARY, 0, 1), segment("AddSegment", CANARY, 0, 1), agent=True),
        started()._turns,  # type: ignore[union-attr]
    ],
)
def test_no_transcript_is_in_a_repr(value: Any) -> None:
    """It may end in a log, or in the traceback of somebody's bug."""
    assert CANARY not in repr(value)
