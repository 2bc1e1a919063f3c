"""What a client of ``/v1/listen`` hears, as messages: each with every member that the strictest client demands.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming (message schemas)
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Message
from aai_migrate.wire.values import dumps, unit

from ..intake import Intake
from ..messages import Span, languages
from .request import Request
from .spans import Began, Paused, Said

LONGEST_ECHO = 200
"""Characters of a message that was not understood which are said back."""
_STOPS = ".,?!;:…。，、？！"
_OPENINGS = "¿¡"
_FAMILIES = ("nova-3", "nova-2", "nova", "enhanced", "base")


def bare(text: str) -> str:
    """Return a word in lower case, without the punctuation around it."""
    return text.lower().rstrip(_STOPS).lstrip(_OPENINGS)


def plain(text: str) -> str:
    """Return a text in lower case, without punctuation at the ends of words."""
    return " ".join(filter(None, map(bare, text.split())))


def named(model: str) -> tuple[str, str]:
    """Return the name and the architecture by which results speak of *model*."""
    for known in _FAMILIES:
        if model == known or model.startswith(f"{known}-"):
            return f"{model[len(known) + 1 :] or 'general'}-{known}", known
    return model, "base"


class Replies:
    """The messages of one session."""

    def __init__(self, request: Request, request_id: str) -> None:
        self._request, self._request_id = request, request_id
        name, arch = named(request.model)
        self._info = {"name": name, "version": request.version, "arch": arch}
        self._uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"deepgram:{name}:{request.version}"))
        self._speakers: dict[str, int] = {}  # in the order in which they spoke first
        self.channels = 1  # that are heard

    def write(self, said: Said) -> Message:
        """Return the message of *said*."""
        match said:
            case Began(number, at):
                return _message(type="SpeechStarted", channel=self._place(number), timestamp=_seconds(at))
            case Paused(number, at):
                return _message(type="UtteranceEnd", channel=self._place(number), last_word_end=_seconds(at))
            case _:
                return self._results(said)

    def _place(self, number: int) -> list[int]:
        return [number, max(self.channels, number + 1)]

    def _results(self, span: Span) -> Message:
        start, end = _seconds(span.start), _seconds(span.end)
        words = [word for word in map(self._word, span.words) if word["word"]]
        text = plain(span.text) if self._request.plain else span.text
        alternative: dict[str, Any] = {
            "transcript": text,
            "confidence": unit(span.confidence) if text else 0.0,
            "words": words,
        }
        if self._request.languages and (found := languages(span.words, span.language)):
            alternative["languages"] = found
        metadata: dict[str, Any] = {
            "request_id": self._request_id,
            "model_info": self._info,
            "model_uuid": self._uuid,
        }
        if self._request.extra:
            metadata["extra"] = dict(self._request.extra)
        return _message(
            type="Results",
            channel_index=self._place(span.channel),
            duration=_seconds(end - start),
            start=start,
            is_final=span.final,
            speech_final=span.ends,
            channel={"alternatives": [alternative]},
            metadata=metadata,
            from_finalize=span.finalizes,
        )

    def _word(self, word: Word) -> dict[str, Any]:
        found: dict[str, Any] = {
            "word": bare(word.text) or ("" if self._request.plain else word.text),
            "start": _seconds(word.start),
            "end": _seconds(word.end),
            "confidence": unit(word.confidence),
        }
        if self._request.speakers and word.speaker is not None:
            found["speaker"] = self._speakers.setdefault(word.speaker, len(self._speakers))
        if not self._request.plain:
            found["punctuated_word"] = word.text
        if self._request.languages and word.language:
            found["language"] = word.language
        return found

    def metadata(self, intake: Intake, began: float) -> Message:
        """Return the last message; *began* is in Unix seconds."""
        known = intake.seconds > 0 and intake.format
        created = datetime.datetime.fromtimestamp(began, datetime.UTC)
        message: dict[str, Any] = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": intake.digest,
            "created": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration": _seconds(intake.seconds),
            "channels": known.channels if known else 0,
        }
        if known:
            message |= {"models": [self._uuid], "model_info": {self._uuid: self._info}}
        if self._request.extra:
            message["extra"] = dict(self._request.extra)
        return _message(**message)

    def configured(self, keyterms: list[str] | None) -> Message:
        """Return the answer to a change that was made; *keyterms* are those that count from now on, if they changed."""
        more = {} if keyterms is None else {"keyterms": keyterms}
        return _message(type="ConfigureSuccess", request_id=self._request_id, **more)

    def not_configured(self, code: str, why: str) -> Message:
        """Return the answer to a change that was refused."""
        return _message(type="ConfigureFailure", request_id=self._request_id, code=code, description=why)


def error(why: str, text: str) -> Message:
    """Return the answer to the message *text*, which was not understood."""
    return _message(type="Error", variant="SchemaError", description=why, message=text[:LONGEST_ECHO])


def _message(**members: Any) -> Message:
    return Message(dumps(members))


def _seconds(value: float) -> float:
    return round(value, 3)
