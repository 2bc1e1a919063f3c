"""What the vendor says, as values, and how its tokens become words. Times on this wire are seconds, as in the core.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (AddTranscript, AddPartialTranscript)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import inf, isfinite
from typing import Any

from attrs import field, frozen

from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Message
from aai_migrate.wire.values import mapping, number, string

UNKNOWN_SPEAKER = "UU"
"""The label of who could not be told."""


@frozen
class Token:
    """One of ``results``: a word, an entity or a punctuation mark.

    ``after`` and ``before`` say whether it sticks to the token after it, and to the one before it.
    """

    text: str = field(repr=False)
    start: float
    end: float
    mark: bool = False
    before: bool = False
    after: bool = False
    ends: bool = False  # a sentence
    confidence: float | None = None
    language: str | None = None
    speaker: str | None = None


@frozen
class Piece:
    """One ``AddTranscript`` or ``AddPartialTranscript``; ``start`` and ``end`` are of the audio that was handled."""

    channel: str | None
    start: float
    end: float
    tokens: tuple[Token, ...]
    raw: Any = field(default=None, repr=False, eq=False)


def control(message: str, **fields: Any) -> Message:
    """Write a control message.

    Raises:
        TypeError, ValueError: there is something in it that JSON has no form for.
    """
    return Message(json.dumps({"message": message, **fields}, allow_nan=False))


def piece(message: Mapping[str, Any]) -> Piece:
    """Read an ``AddTranscript`` or ``AddPartialTranscript``; the transcript of its metadata is not looked at.

    A mark may come without its word, and then that text has a blank before it.
    """
    metadata = mapping(message.get("metadata"))
    start = time(metadata.get("start_time"), 0.0)
    end = max(start, time(metadata.get("end_time"), start))
    items = message.get("results")
    results = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return Piece(_channel(message, results), start, end, tuple(_tokens(results, start)), message)


def time(value: Any, missing: float) -> float:
    """Read seconds, never negative."""
    known = number(value)
    return missing if known is None else max(0.0, known)


def point(message: Mapping[str, Any], name: str = "end_time") -> float | None:
    """Read a time of the metadata, or None."""
    known = number(mapping(message.get("metadata")).get(name))
    return None if known is None else max(0.0, known)


def _channel(message: Mapping[str, Any], results: Iterable[Mapping[str, Any]]) -> str | None:
    """Read the channel's label, which older servers put into every result."""
    inside = (string(item.get("channel")) for item in results)
    return string(message.get("channel")) or next((label for label in inside if label), None)


def _tokens(results: Iterable[Mapping[str, Any]], start: float) -> Iterable[Token]:
    before = start
    for item in results:
        alternatives = item.get("alternatives")
        best = mapping(alternatives[0]) if isinstance(alternatives, list) and alternatives else {}
        text = best.get("content")
        if not isinstance(text, str) or not (text := text.strip()):
            continue
        mark = item.get("type") == "punctuation"
        attaches = (string(item.get("attaches_to")) or "previous") if mark else None
        begin, end, confidence = item.get("start_time"), item.get("end_time"), best.get("confidence")
        if not (type(begin) is float and type(end) is float and 0.0 <= begin <= end < inf):  # else as it should be
            begin = time(begin, before)
            end = max(begin, time(end, begin))
        before = end
        yield Token(
            text,
            begin,
            end,
            mark,
            attaches in ("previous", "both"),
            attaches in ("next", "both"),
            mark and item.get("is_eos") is True,
            confidence if type(confidence) is float and isfinite(confidence) else number(confidence),
            string(best.get("language")),
            string(best.get("speaker")),
        )


@frozen
class Delimiters:
    """What stands between words: of the language pack, and of the languages that a model has found."""

    pack: str = " "
    languages: Mapping[str, str] = field(factory=dict)

    def of(self, token: Token) -> str:
        """Return what stands before *token*."""
        return self.languages.get(token.language or "", self.pack)


def words(tokens: Iterable[Token], delimiters: Delimiters, *, stuck: bool, final: bool) -> tuple[Word, ...]:
    """Return *tokens* as words: a mark becomes part of the word that it sticks to.

    One whose word is not among them is a word without length. While words may change, confidence and speaker are
    guesses that are not passed on.

    Args:
        stuck: whether the first token stands right behind what came before it, or there is nothing before it.
    """
    found: list[Word] = []
    prefix = False  # whether the last word so far ends with a mark that the next token sticks to
    bare = False  # whether it is nothing but marks
    for token in tokens:
        tight = stuck or token.before
        last = found[-1] if found else None
        if last and token.mark and token.before:
            found[-1] = _longer(last, token.text, last.end)
        elif last and prefix and bare:
            found[-1] = _word(token, last.text + token.text, last.joiner, final)
            bare = token.mark
        elif last and prefix:
            found[-1] = _longer(last, token.text, token.end)
        else:
            found.append(_word(token, token.text, "" if tight else delimiters.of(token), final))
            bare = token.mark
        stuck = token.after
        prefix = token.mark and token.after
    return tuple(found)


def _word(token: Token, text: str, joiner: str, final: bool) -> Word:
    return Word(
        text,
        token.start,
        token.end,
        token.confidence if final else None,
        final,
        token.speaker if final else None,
        token.language,
        joiner,
    )


def _longer(word: Word, text: str, end: float) -> Word:
    """Return *word* with *text* behind it, up to *end*."""
    return Word(
        word.text + text, word.start, end, word.confidence, word.is_final, word.speaker, word.language, word.joiner
    )


def speaker(words: Iterable[Word]) -> str | None:
    """Return who speaks *words*, where it is one; who could not be told goes with the others."""
    found = {word.speaker for word in words}
    known = found - {UNKNOWN_SPEAKER}
    return (known or found).pop() if len(known or found) == 1 else None
