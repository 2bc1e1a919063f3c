"""JSON to values and back. Units change here only: the wire has integer milliseconds, the core float seconds.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, message schemas)
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from aai_migrate.wire.events import Word
from aai_migrate.wire.text import joined, mean
from aai_migrate.wire.values import number, unit

from ..assemblyai_v3.messages import milliseconds, seconds, words


@frozen
class Transcript:
    """One ``PartialTranscript`` or ``FinalTranscript``: the whole text of the utterance that is open.

    Attributes:
        begin, until: the audio that was considered, in seconds; None: it does not say.
    """

    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)
    begin: float | None = None
    until: float | None = None
    confidence: float | None = None
    formatted: bool = False
    raw: Any = field(default=None, repr=False, eq=False)

    @property
    def spoken(self) -> bool:
        """Whether there is any text."""
        return bool(self.text.strip())

    @property
    def start(self) -> float | None:
        """When the first word begins; without words, the audio that was considered."""
        return self.words[0].start if self.words else self.begin

    @property
    def end(self) -> float | None:
        """When the last word ends; without words, the audio that was considered."""
        return self.words[-1].end if self.words else self.until


def transcript(message: dict[str, Any], *, final: bool) -> Transcript:
    """Read a transcript, whatever is missing."""
    found = words(message.get("words"))
    text = message.get("text")
    return Transcript(
        text if isinstance(text, str) and text.strip() else joined(found),
        found if final else tuple(map(_changeable, found)),
        _seconds(message.get("audio_start")),
        _seconds(message.get("audio_end")),
        number(message.get("confidence")),
        message.get("text_formatted") is True,
        message,
    )


def _changeable(word: Word) -> Word:
    return Word(word.text, word.start, word.end, word.confidence, False, joiner=word.joiner)  # as evolve, and fast


def _seconds(value: Any) -> float | None:
    return None if number(value) is None else seconds(value, 0.0)


def moment(value: Any) -> float | None:
    """Return a time in Unix seconds, or None: the wire has ISO 8601 without a zone, which is UTC."""
    if not isinstance(value, str):
        return number(value)
    try:
        known = datetime.datetime.fromisoformat(value)
        return (known if known.tzinfo else known.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def stamp(time: float) -> str:
    """Return a time in Unix seconds as the wire has it; the vendor's pattern allows no zone."""
    known = datetime.datetime.fromtimestamp(time, datetime.UTC)
    return known.replace(tzinfo=None).isoformat(timespec="microseconds")


def transcript_json(
    kind: str, text: str, said: Sequence[Word], window: tuple[float, float], created: float
) -> dict[str, Any]:
    """Write what partial and final transcripts have in common: strict clients demand every field of it.

    Args:
        window: from when to when audio was considered, in seconds.
        created: Unix seconds.
    """
    begin, until = window
    return {
        "message_type": kind,
        "created": stamp(created),
        "audio_start": milliseconds(begin),
        "audio_end": milliseconds(until),
        "confidence": unit(mean(tuple(said))),
        "text": text,
        "words": [
            {
                "text": word.text,
                "start": milliseconds(word.start),
                "end": milliseconds(word.end),
                "confidence": unit(word.confidence),
            }
            for word in said
        ],
    }
