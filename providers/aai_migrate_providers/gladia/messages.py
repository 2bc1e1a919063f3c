"""What the vendor says, as values; what it is told. Times on this wire are seconds, as in the core.

Source: https://docs.gladia.io/api-reference/v2/live/websocket (message schemas)
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from aai_migrate.wire.events import Word
from aai_migrate.wire.text import joiner
from aai_migrate.wire.values import mapping, number, string, whole

STOP = '{"type":"stop_recording"}'


@frozen
class Utterance:
    """One ``transcript``, or an utterance of a transcript of the whole session. ``text`` has no blanks around it."""

    id: str
    final: bool
    text: str = field(repr=False)
    words: tuple[Word, ...]
    start: float | None
    end: float | None
    channel: int = 0
    language: str | None = None
    confidence: float | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def begins(self) -> float:
        """Where it begins as far as is known."""
        return self.start if self.start is not None else self.end or 0.0


@frozen
class Ack:
    """What became of one chunk: bytes from ``start`` to ``end`` of the session's audio, or the reason for a refusal."""

    accepted: bool
    start: int | None = None
    end: int | None = None
    reason: str = ""


def audio_chunk(data: bytes) -> str:
    """Write audio as text; without any it is a sign of life."""
    return f'{{"type":"audio_chunk","data":{{"chunk":"{base64.b64encode(data).decode()}"}}}}'


def transcript(message: dict[str, Any]) -> Utterance | None:
    """Read a ``transcript``; None: there is no utterance in it."""
    data = mapping(message.get("data"))
    said = data.get("utterance")
    if not isinstance(said, dict):
        return None
    final = data.get("is_final") is True
    return utterance(said, string(data.get("id")) or "", final=final, raw=message)


def utterances(message: dict[str, Any]) -> list[Utterance]:
    """Return the utterances of a ``post_final_transcript``."""
    items = mapping(mapping(message.get("data")).get("transcription")).get("utterances")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [utterance(item, "", final=True, raw=message) for item in listed]


def utterance(said: dict[str, Any], id_: str, *, final: bool, raw: Any) -> Utterance:
    """Read an ``utterance``; members that are missing are made up for by its words."""
    text = said.get("text")
    words = _words(said.get("words"), text if isinstance(text, str) else "", final=final)
    text = text.strip() if isinstance(text, str) else "".join(word.joiner + word.text for word in words).strip()
    start, end = time(said.get("start")), time(said.get("end"))
    start = words[0].start if start is None and words else start
    end = words[-1].end if end is None and words else end
    if start is not None and end is not None:
        end = max(start, end)
    return Utterance(
        id_,
        final,
        text,
        words,
        start,
        end,
        channel(said),
        string(said.get("language")),
        number(said.get("confidence")),
        raw,
    )


def ack(message: dict[str, Any]) -> Ack:
    """Read the answer to a chunk."""
    span = mapping(message.get("data")).get("byte_range")
    ends = [whole(end) for end in span[:2]] if isinstance(span, list) and len(span) >= 2 else [None, None]
    return Ack(message.get("acknowledged") is not False, ends[0], ends[1], error(message))


def error(message: dict[str, Any]) -> str:
    """Return the text of an error, wherever a message has it; "": there is none."""
    places = (mapping(message.get("error")), mapping(message.get("data")), message)
    found = (string(place.get(name)) for place in places for name in ("message", "exception"))
    return next((text for text in found if text), "")


def channel(data: Mapping[str, Any]) -> int:
    """Return the channel that *data* names; the first one where it names none."""
    known = whole(data.get("channel"))
    return known if known is not None and known >= 0 else 0


def time(value: Any) -> float | None:
    """Return seconds, never negative, or None."""
    known = number(value)
    return None if known is None else max(0.0, known)


def _words(items: Any, text: str, *, final: bool) -> tuple[Word, ...]:
    """Read ``words``, each with what stands before it in *text*; punctuation between two belongs to the first."""
    found = [
        (spelled, spelled.strip(), item)
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and isinstance(spelled := item.get("word"), str) and spelled.strip()
    ]
    pieces = _pieces([word for _, word, _ in found], text) or _blanks(found)
    words: list[Word] = []
    before = 0.0
    for (between, word), (_, _, item) in zip(pieces, found, strict=True):
        start = time(item.get("start"))
        end = time(item.get("end"))
        start = before if start is None and end is None else end if start is None else start
        begin = start or 0.0
        before = begin if end is None else max(begin, end)
        words.append(Word(word, begin, before, number(item.get("confidence")), final, None, None, between))
    return tuple(words)


def _pieces(words: list[str], text: str) -> list[tuple[str, str]] | None:
    """Cut *text* at its *words* into (joiner, piece); None: it does not hold them in this order."""
    starts: list[int] = []
    at = 0
    for word in words:
        at = text.find(word, at)
        if at < 0:
            return None
        starts.append(at)
        at += len(word)
    cut: list[tuple[str, str]] = []
    for index, start in enumerate(starts):
        begin = start if index else 0
        piece = text[begin : starts[index + 1]] if index + 1 < len(starts) else text[begin:]
        blank = text[starts[index] - 1 : starts[index]].isspace() if index else False
        cut.append((" " if blank else "", piece.strip()))
    return cut


def _blanks(found: list[tuple[str, str, dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    """Go by the blank before each word, or by what its script does."""
    last = ""
    for spelled, word, _ in found:
        yield ("" if not last else " " if spelled[0].isspace() else joiner(last, word)), word
        last = word
