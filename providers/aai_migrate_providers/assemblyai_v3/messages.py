"""JSON to values and back. Units change here only: the wire has integer milliseconds, the core float seconds.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api (message schemas).
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from aai_migrate.wire.events import Word
from aai_migrate.wire.text import joined, joiner
from aai_migrate.wire.values import number, string, unit, whole


@frozen
class Turn:
    """One ``Turn`` message. ``transcript`` and ``words`` restate the whole turn."""

    order: int
    end: bool
    formatted: bool
    transcript: str = field(repr=False)
    words: tuple[Word, ...]
    end_confidence: float | None = None
    language: str | None = None
    speaker: str | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def text(self) -> str:
        """The transcript; where a server leaves it empty, the words."""
        return self.transcript or joined(self.words)

    @property
    def open_words(self) -> tuple[Word, ...]:
        """The trailing words that may still change."""
        count = len(self.words)
        while count and not self.words[count - 1].is_final:
            count -= 1
        return self.words[count:]


FAR = 1 << 53
"""Milliseconds beyond which a float is no longer exact."""


def seconds(value: Any, missing: float) -> float:
    """Return wire milliseconds as seconds, never negative."""
    ms = number(value)
    return missing if ms is None else max(0.0, ms / 1000)


def order(value: Any) -> int | None:
    """Return a usable ``turn_order``, or None."""
    known = None if isinstance(value, str) else whole(value)
    return known if known is None or known >= 0 else None


def words(items: Any) -> tuple[Word, ...]:
    """Read ``words[]``; what has no text is left out, a missing time is its neighbour's."""
    if not isinstance(items, list):
        return ()
    found: list[Word] = []
    before = 0.0
    for item in items:
        text = item.get("text") if isinstance(item, dict) else None
        if not isinstance(text, str) or not text:
            continue
        get = item.get
        start, end, confidence, speaker = get("start"), get("end"), get("confidence"), get("speaker")
        if type(start) is int and type(end) is int and 0 <= start <= end < FAR:  # as it should be, and fast
            start, end = start / 1000, end / 1000
        else:
            start = seconds(start, seconds(end, before))
            end = max(start, seconds(end, start))
        before = end
        found.append(
            Word(
                text,
                start,
                end,
                confidence if type(confidence) is float else number(confidence),
                get("word_is_final") is not False,
                speaker and string(speaker),
                None,
                "" if not found else " " if text.isascii() else joiner(found[-1].text, text),
            )
        )
    return tuple(found)


def turn(message: dict[str, Any]) -> Turn | None:
    """Read a ``Turn``; None: it has no usable ``turn_order``."""
    place = order(message.get("turn_order"))
    if place is None:
        return None
    transcript = message.get("transcript")
    return Turn(
        place,
        message.get("end_of_turn") is True,
        message.get("turn_is_formatted") is True,
        transcript if isinstance(transcript, str) else "",
        words(message.get("words")),
        number(message.get("end_of_turn_confidence")),
        string(message.get("language_code")),
        string(message.get("speaker_label")),
        message,
    )


def milliseconds(time: float | None) -> int:
    """Return seconds in whole wire milliseconds, never negative."""
    return 0 if time is None else max(0, round(time * 1000))


def word_json(word: Word, *, final: bool) -> dict[str, Any]:
    """Write one word with every field that strict clients demand (section 10.2 of the dialect notes)."""
    value: dict[str, Any] = {
        "start": milliseconds(word.start),
        "end": milliseconds(word.end),
        "text": word.text,
        "confidence": unit(word.confidence),
        "word_is_final": final,
    }
    if word.speaker:
        value["speaker"] = word.speaker
    return value
