"""What goes over the pipe to the recogniser's process and back: JSON texts, and audio as it is.

Times are float seconds of the audio that the process was given. Both halves use the same values, so each
message is mapped once each way, here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, get_args

from attrs import asdict, frozen

from aai_migrate.wire.commands import Finalize, Stop
from aai_migrate.wire.events import Finalized, Settled, Stopped, Word

Reason = Literal["vendor", "forced", "grouped", "stop"]
_REASONS: tuple[Reason, ...] = get_args(Reason)


@frozen
class Settings:
    """The first message: seconds of silence that end an utterance, and whether to show it while it lasts."""

    turn_silence: float = 0.7
    partials: bool = True


@frozen
class Ready:
    """The answer to :class:`Settings`: the models are loaded."""

    model: str


@frozen
class Heard:
    """What the open utterance sounds like so far; replaces what was said of it before."""

    turn: int
    words: tuple[Word, ...]


@frozen
class Utterance:
    """A finished utterance; audio before ``to`` is done with. Without words it was noise."""

    turn: int
    words: tuple[Word, ...]
    to: float
    reason: Reason = "vendor"


Request = Settings | Finalize | Stop
Answer = Ready | Heard | Utterance | Settled | Finalized | Stopped


def request_text(request: Request) -> str:
    """Return *request* as JSON."""
    match request:
        case Settings():
            return _text("start", **asdict(request))
        case Finalize(id=id_):
            return _text("finalize", id=id_)
        case Stop():
            return _text("stop")


def read_request(text: str) -> Request:
    """Return the request that *text* is.

    Raises:
        ValueError: it is none.
    """
    message = _object(text)
    match message.get("type"):
        case "start":
            silence, partials = _number(message, "turn_silence"), message.get("partials")
            return Settings(silence, partials) if isinstance(partials, bool) else _wrong("partials", message)
        case "finalize":
            return Finalize(_string(message, "id"))
        case "stop":
            return Stop()
    return _wrong("type", message)


def answer_text(answer: Answer) -> str:
    """Return *answer* as JSON."""
    match answer:
        case Ready(model):
            return _text("started", model=model)
        case Heard(turn, words):
            return _text("partial", turn=turn, words=_rows(words))
        case Utterance(turn, words, to, reason):
            return _text("turn", turn=turn, words=_rows(words), to=to, reason=reason)
        case Settled(to):
            return _text("settled", to=to)
        case Finalized(id_):
            return _text("finalized", id=id_)
        case Stopped(audio_seconds=seconds):
            return _text("stopped", audio_seconds=seconds)


def read_answer(text: str) -> Answer | Mapping[str, Any]:
    """Return the answer that *text* is, or the bare object where its type is unknown.

    Raises:
        ValueError: it is no JSON object, or a field is not what it has to be.
    """
    message = _object(text)
    match message.get("type"):
        case "started":
            return Ready(_string(message, "model"))
        case "partial":
            return Heard(_turn(message), _words(message, final=False))
        case "turn":
            return Utterance(_turn(message), _words(message, final=True), _number(message, "to"), _reason(message))
        case "settled":
            return Settled(_number(message, "to"))
        case "finalized":
            return Finalized(_string(message, "id"))
        case "stopped":
            return Stopped(audio_seconds=_number(message, "audio_seconds"))
    return message


def _text(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))


def _rows(words: tuple[Word, ...]) -> list[list[Any]]:
    return [[word.text, word.start, word.end, word.confidence] for word in words]


def _object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return message if isinstance(message, dict) else _wrong("message", message)


def _string(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else _wrong(name, message)


def _number(message: Mapping[str, Any], name: str) -> float:
    return _seconds(message.get(name), name)


def _seconds(value: Any, name: str) -> float:
    """Return *value* as a float if it is a finite number and not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _wrong(name, value)
    try:
        seconds = float(value)
    except OverflowError:
        _wrong(name, value)
    return seconds if math.isfinite(seconds) and seconds >= 0 else _wrong(name, value)


def _turn(message: Mapping[str, Any]) -> int:
    turn = message.get("turn")
    return turn if isinstance(turn, int) and not isinstance(turn, bool) else _wrong("turn", message)


def _reason(message: Mapping[str, Any]) -> Reason:
    for reason in _REASONS:
        if message.get("reason") == reason:
            return reason
    return _wrong("reason", message)


def _words(message: Mapping[str, Any], *, final: bool) -> tuple[Word, ...]:
    rows = message.get("words")
    return tuple(_word(row, final) for row in rows) if isinstance(rows, list) else _wrong("words", message)


def _word(row: Any, final: bool) -> Word:
    match row:
        case [str(text), start, end, confidence]:
            certain = None if confidence is None else _seconds(confidence, "confidence")
            return Word(text, _seconds(start, "start"), _seconds(end, "end"), certain, final)
    return _wrong("word", row)


def _wrong(name: str, value: object) -> NoReturn:
    raise ValueError(f"bad {name} in a {type(value).__name__}")
