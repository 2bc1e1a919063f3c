"""Words as the ``results`` of a transcript: each word by itself, and the marks behind it.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (AddTranscript)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from aai_migrate.wire.events import Final, Partial, Word
from aai_migrate.wire.text import spread
from aai_migrate.wire.values import unit

_TAIL = re.compile(r"(\.+|[,?!。？！、…])$")
_HEAD = "¿¡"
_ENDS = ".?!。？！"
_MARKS = ".,?!。？！、…¿¡"


@frozen
class Item:
    """A word with what is said of it on this wire: its language and speaker, or None."""

    word: Word
    language: str | None = None
    speaker: str | None = None


def spoken(event: Partial | Final, after: float) -> tuple[Word, ...]:
    """Return the words of *event*; where nobody says when they were spoken, it was at *after*."""
    if event.words:
        return event.words
    start = after if event.start is None and event.end is None else event.start
    words = spread(event.text, start, event.end)
    head = "" if event.text[:1].strip() else " "
    return (evolve(words[0], joiner=head), *words[1:])


def is_mark(word: Word) -> bool:
    """Whether *word* is nothing but marks."""
    return not word.text.strip(_MARKS)


def merged(words: Iterable[Word], delimiter: str) -> Iterator[Word]:
    """Yield *words* such that *delimiter* stands between any two of them: what it does not stand between is one word.

    The wire has one delimiter for a whole session. A mark by itself may stand right behind what came before it.
    """
    last: Word | None = None
    for word in words:
        if last is not None and bool(word.joiner) != bool(delimiter) and word.speaker == last.speaker:
            last = evolve(last, text=last.text + word.joiner + word.text, end=max(last.end, word.end))
            continue
        if last is not None:
            yield last
        last = word
    if last is not None:
        yield last


def results(items: Iterable[Item], delimiter: str) -> list[dict[str, Any]]:
    """Return *items* as JSON, in their order: opening marks before their word, others behind it, none with a length."""
    found = []
    for item in items:
        word = item.word
        head, core, tail = _split(word.text)
        for index, mark in enumerate(head):
            found.append(_mark(item, mark, word.start, "both" if index else "next"))
        if core:
            found.append({"type": "word", **_times(word.start, word.end), "alternatives": [_best(item, core)]})
        alone = not core and not head
        for index, mark in enumerate(tail):
            spaced = alone and index == 0 and delimiter and word.joiner
            found.append(_mark(item, mark, word.end, "none" if spaced else "previous"))
    return found


def transcript(found: Sequence[dict[str, Any]], delimiter: str) -> str:
    """Return the text of *found*, without the delimiter at its end."""
    text, stuck = "", True
    for item in found:
        attaches = item.get("attaches_to", "none")
        text += "" if stuck or attaches in ("previous", "both") else delimiter
        text += item["alternatives"][0]["content"]
        stuck = attaches in ("next", "both")
    return text


def _split(text: str) -> tuple[str, str, list[str]]:
    """Return the opening marks, the word between, and the marks behind it; dots that follow each other are one."""
    core = text.lstrip(_HEAD)
    head = text[: len(text) - len(core)]
    tail: list[str] = []
    while match := _TAIL.search(core):
        tail.insert(0, match[0])
        core = core[: match.start()]
    return head, core, tail


def _mark(item: Item, mark: str, at: float, attaches: str) -> dict[str, Any]:
    return {
        "type": "punctuation",
        **_times(at, at),
        "attaches_to": attaches,
        "is_eos": mark[0] in _ENDS,
        "alternatives": [_best(item, mark)],
    }


def _best(item: Item, content: str) -> dict[str, Any]:
    best: dict[str, Any] = {"content": content, "confidence": round(unit(item.word.confidence), 3)}
    if item.language:
        best["language"] = item.language
    if item.speaker:
        best["speaker"] = item.speaker
    return best


def _times(start: float, end: float) -> dict[str, float]:
    return {"start_time": round(start, 3), "end_time": round(end, 3)}
