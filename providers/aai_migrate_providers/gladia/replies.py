"""Writing the vendor's messages, with every field that strict clients demand.

Times are seconds of audio, rounded to the millisecond.

Sources: https://docs.gladia.io/api-reference/v2/live/websocket (messages), https://docs.gladia.io/openapi.json (errors)
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from aai_migrate.errors import AuthenticationError, BadRequest, ConfigError, ProviderError, QuotaExceeded
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import LONGEST_REASON
from aai_migrate.wire.text import wide
from aai_migrate.wire.values import dumps, unit

JSON = {"content-type": "application/json"}


def stamp(unix: float) -> str:
    """Return *unix* seconds as the wire spells a moment: ISO 8601 in UTC, with milliseconds."""
    moment = datetime.datetime.fromtimestamp(unix, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def time(seconds: float | None) -> float:
    """Return a time as the wire has it, never negative."""
    return 0.0 if seconds is None else max(0.0, round(float(seconds), 3))


def fault(status: int, message: str, path: str, request_id: int, unix: float, errors: Sequence[str] = ()) -> bytes:
    """Return the body of a refusal; *request_id* has 32 bits."""
    body: dict[str, Any] = {
        "timestamp": stamp(unix),
        "path": path,
        "request_id": f"G-{request_id:08x}",
        "statusCode": status,
        "message": message,
    }
    if errors:
        body["validation_errors"] = list(errors)
    return dumps(body).encode()


def taken(start: int, end: int, begin: float, until: float) -> dict[str, Any]:
    """Return the acknowledgement of bytes from *start* up to, not including, *end*, which are *begin* to *until* s."""
    return _ack("audio_chunk", {"byte_range": [start, end], "time_range": [time(begin), time(until)]})


def not_taken(why: str) -> dict[str, Any]:
    """Return the acknowledgement of a chunk that was not taken."""
    return {"type": "audio_chunk", "acknowledged": False, "error": {"message": why}, "data": None}


def stopping(duration: float, left: float) -> dict[str, Any]:
    """Return the acknowledgement of the end of *duration* s of audio, of which *left* s are not transcribed yet."""
    data = {"recording_duration": time(duration), "recording_left_to_process": time(left)}
    return _ack("stop_recording", data)


def _ack(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "acknowledged": True, "error": None, "data": data}


def speech(kind: str, at: float, channel: int) -> dict[str, Any]:
    """Return ``speech_start`` or ``speech_end``."""
    return {"type": kind, "data": {"time": time(at), "channel": channel}}


def transcript(name: str, utterance: dict[str, Any], *, final: bool) -> dict[str, Any]:
    """Return one state of an utterance."""
    return {"type": "transcript", "data": {"id": name, "is_final": final, "utterance": utterance}}


def utterance(
    text: str,
    words: Iterable[Word],
    *,
    start: float,
    end: float,
    confidence: float | None,
    channel: int,
    language: str,
) -> dict[str, Any]:
    """Return an utterance; text and words begin with a space where the script has any."""
    begin = time(start)
    return {
        "text": spaced(text),
        "start": begin,
        "end": max(begin, time(end)),
        "confidence": round(unit(confidence), 3),
        "channel": channel,
        "language": language,
        "words": [_word(word, first=index == 0) for index, word in enumerate(words)],
    }


def spaced(text: str) -> str:
    """Return *text* behind one space, or none in a script without spaces."""
    bare = text.strip()
    return f" {bare}" if bare and not wide(bare[0]) else bare


def _word(word: Word, *, first: bool) -> dict[str, Any]:
    start = time(word.start)
    return {
        "word": spaced(word.text) if first else word.joiner + word.text,
        "start": start,
        "end": max(start, time(word.end)),
        "confidence": round(unit(word.confidence), 3),
    }


def post_transcript(transcription: dict[str, Any]) -> dict[str, Any]:
    """Return the whole session's text."""
    return {"type": "post_transcript", "data": transcription}


def post_final(transcription: dict[str, Any], duration: float, channels: int, took: float) -> dict[str, Any]:
    """Return the whole session's text with its numbers, in seconds; every channel is billed."""
    metadata = {
        "audio_duration": time(duration),
        "number_of_distinct_channels": channels,
        "billing_time": time(duration * channels),
        "transcription_time": time(took),
    }
    return {"type": "post_final_transcript", "data": {"metadata": metadata, "transcription": transcription}}


def end_recording(duration: float) -> dict[str, Any]:
    """Return the end of *duration* s of audio."""
    return {"type": "end_recording", "data": {"recording_duration": time(duration)}}


@frozen
class Envelope:
    """What every message of one session begins with; ``epoch`` is Unix seconds at ``now`` = 0."""

    session: str
    epoch: float

    def write(self, message: dict[str, Any], now: float) -> str:
        """Return the text of *message* as it goes out at *now*."""
        return dumps({"session_id": self.session, "created_at": stamp(self.epoch + now), **message})


def told(error: Exception) -> tuple[int, str]:
    """Return code and reason of the close that tells of a failure behind the server half.

    Clients take 4400 to 4499 for the end and dial again after every other code, at once. What the provider says of
    our own key or account is none of theirs.
    """
    if isinstance(error, QuotaExceeded):
        return 4429, "Too many sessions; try again later"
    if isinstance(error, AuthenticationError):
        return 4403, "The service behind this gateway refused it"
    if isinstance(error, (BadRequest, ConfigError)):
        said = error.reason if isinstance(error, ProviderError) else str(error)
        return 4400, f"Bad request: {said}".encode(errors="replace")[:LONGEST_REASON].decode(errors="ignore")
    return 4408, "The session failed"
