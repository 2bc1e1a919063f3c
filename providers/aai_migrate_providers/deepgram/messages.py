"""What the vendor says, as values. Times on this wire are seconds of the audio received, as in the core.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux (message schemas)
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf, isfinite
from typing import Any

from attrs import field, frozen

from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Message
from aai_migrate.wire.text import joined, joiner, spread
from aai_migrate.wire.values import mapping, number, string, whole

MOST_CHANNELS = 20
"""Channels of one connection; each of them that the vendor names is remembered."""
END = "EndOfTurn"
"""The ``event`` of Flux after which nothing of a turn changes."""


@frozen
class Span:
    """One ``Results``: what was heard in a stretch of one channel. ``text`` has no blanks around it.

    ``start`` and ``end`` are of the stretch, ``words`` have their own.
    """

    channel: int
    final: bool
    ends: bool
    finalizes: bool
    start: float
    end: float
    text: str = field(repr=False)
    words: tuple[Word, ...]
    language: str | None = None
    confidence: float | None = None
    raw: Any = field(default=None, repr=False, eq=False)


@frozen
class TurnInfo:
    """One ``TurnInfo`` of Flux; ``text`` and ``words`` restate the whole turn.

    ``timed`` says whether the words came with times, else these are equal parts of the window.
    """

    index: int
    event: str
    trigger: str | None
    start: float
    end: float
    text: str = field(repr=False)
    words: tuple[Word, ...]
    timed: bool
    end_confidence: float | None = None
    language: str | None = None
    raw: Any = field(default=None, repr=False, eq=False)


def control(type_: str, **fields: Any) -> Message:
    """Write a control message."""
    return Message(json.dumps({"type": type_, **fields}))


def channel(value: Any) -> int:
    """Read ``channel_index`` or ``channel``, which are this channel and how many there are; the first is 0."""
    index = value[0] if isinstance(value, list) and value else value
    known = None if isinstance(index, str) else whole(index)
    return known if known is not None and 0 <= known < MOST_CHANNELS else 0


def span(message: Mapping[str, Any]) -> Span:
    """Read a ``Results``; what is missing counts as silence."""
    start = _time(message.get("start"), 0.0)
    end = start + _time(message.get("duration"), 0.0)
    alternatives = mapping(message.get("channel")).get("alternatives")
    best = mapping(alternatives[0]) if isinstance(alternatives, list) and alternatives else {}
    ends = message.get("speech_final") is True
    final = ends or message.get("is_final") is True
    words = _words(best.get("words"), start, final=final)
    text = (string(best.get("transcript")) or joined(words)).strip()
    listed = best.get("languages")
    heard = listed[0] if isinstance(listed, list) and listed else None
    return Span(
        channel(message.get("channel_index")),
        final,
        ends,
        message.get("from_finalize") is True,
        start,
        end,
        text,
        words or _spread(spread(text, start, end), start, end, final=final),
        string(heard) or next((word.language for word in words if word.language), None),
        number(best.get("confidence")) if text else None,
        message,
    )


def turn_info(message: Mapping[str, Any]) -> TurnInfo | None:
    """Read a ``TurnInfo``; None: it has no usable ``turn_index``."""
    index = None if isinstance(message.get("turn_index"), str) else whole(message.get("turn_index"))
    if index is None or index < 0:
        return None
    start = _time(message.get("audio_window_start"), 0.0)
    end = max(start, _time(message.get("audio_window_end"), start))
    items, event = message.get("words"), string(message.get("event")) or ""
    words = _words(items, start, final=event == END)
    timed = bool(words) and all(number(mapping(item).get("end")) is not None for item in items or ())
    text = (string(message.get("transcript")) or joined(words)).strip()
    listed = message.get("languages")
    return TurnInfo(
        index,
        event,
        string(message.get("trigger")),
        start,
        end,
        text,
        words if timed else _spread(words or spread(text, start, end), start, end, final=event == END),
        timed,
        number(message.get("end_of_turn_confidence")),
        string(listed[0]) if isinstance(listed, list) and listed else None,
        message,
    )


def languages(words: Iterable[Word], language: str | None) -> list[str]:
    """Return the languages of *words*, the most frequent first; where no word says, *language* if it is known."""
    counts = Counter(word.language for word in words if word.language)
    return [found for found, _ in counts.most_common()] or ([language] if language else [])


def _time(value: Any, missing: float) -> float:
    known = number(value)
    return missing if known is None else max(0.0, known)


def _words(items: Any, start: float, *, final: bool) -> tuple[Word, ...]:
    """Read ``words[]``; what has no text is left out, a missing time is its neighbour's.

    While words may change, who speaks them is a guess that is not passed on.
    """
    found: list[Word] = []
    before = start
    for item in items if isinstance(items, list) else ():
        get = mapping(item).get
        text = get("punctuated_word")
        text = text if isinstance(text, str) and text else get("word")
        if not isinstance(text, str) or not (text := text.strip()):
            continue
        begin, end, confidence, speaker = get("start"), get("end"), get("confidence"), get("speaker")
        if not (type(begin) is float and type(end) is float and 0.0 <= begin <= end < inf):  # else as it should be
            begin = _time(begin, before)
            end = max(begin, _time(end, begin))
        before = end
        found.append(
            Word(
                text,
                begin,
                end,
                confidence if type(confidence) is float and isfinite(confidence) else number(confidence),
                final,
                None if speaker is None or not final else _label(speaker),
                string(get("language")),
                "" if not found else " " if text.isascii() else joiner(found[-1].text, text),
            )
        )
    return tuple(found)


def _label(speaker: Any) -> str | None:
    known = whole(speaker)
    return None if known is None else str(known)


def _spread(words: tuple[Word, ...], start: float, end: float, *, final: bool) -> tuple[Word, ...]:
    """Return *words* that came without times with equal parts of *start* to *end*."""
    step = (end - start) / max(1, len(words))
    return tuple(
        Word(
            word.text,
            start + step * index,
            start + step * (index + 1),
            word.confidence,
            final,
            word.speaker,
            word.language,
            word.joiner if index else "",
        )
        for index, word in enumerate(words)
    )
