"""What the body of a POST may hold: a table of members, each with a check that says what is wrong with its value.

Source: https://docs.gladia.io/api-reference/v2/live/init (request body)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from aai_migrate.wire import values

from .options import CAPABILITIES, LANGUAGES, MODEL

Check = Callable[[Any], str]
"""Says what is wrong with a value, or ""."""
TARGETS = frozenset({*LANGUAGES, "wo"})
"""Translation knows one language more than transcription."""


@frozen
class Table:
    """The known members of an object, and those it cannot do without. Unknown ones are nobody's business."""

    members: Mapping[str, Check | Table]
    required: tuple[str, ...] = ()

    def wrong(self, value: Any, path: str = "") -> Iterator[str]:
        """Yield everything that is wrong with *value*, each with its path."""
        if not isinstance(value, Mapping):
            yield f"{path} must be an object"
            return
        for name in self.required:
            if name not in value:
                yield f"{_join(path, name)} is required"
        for name, inner in self.members.items():
            if name not in value:
                continue
            where = _join(path, name)
            if isinstance(inner, Table):
                yield from inner.wrong(value[name], where)
            elif wrong := inner(value[name]):
                yield f"{where} {wrong}"

    def known(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of *value* that the table and its tables know, but for those that are null."""
        found = {}
        for name, inner in self.members.items():
            item = value.get(name)
            if item is not None:
                found[name] = inner.known(item) if isinstance(inner, Table) and isinstance(item, Mapping) else item
        return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _one_of(*choices: Any) -> Check:
    text = f"must be one of the following values: {', '.join(map(str, choices))}"

    def check(value: Any) -> str:
        return "" if (value if isinstance(value, str) else values.number(value)) in choices else text

    return check


def _number(least: float, most: float) -> Check:
    def check(value: Any) -> str:
        known = values.number(value)
        if known is None:
            return "must be a number"
        if known < least:
            return f"must not be less than {least:g}"
        return f"must not be greater than {most:g}" if known > most else ""

    return check


def _integer(least: int, most: int) -> Check:
    within = _number(least, most)

    def check(value: Any) -> str:
        known = None if isinstance(value, str) else values.whole(value)
        return "must be an integer number" if known is None else within(known)

    return check


def _list_of(each: Check, what: str, least: int = 0) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, list):
            return "must be an array"
        if len(value) < least:
            return f"must contain at least {least} element"
        return f"must only contain {what}" if any(each(item) for item in value) else ""

    return check


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be a boolean value"


def _string(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def _object(value: Any) -> str:
    return "" if isinstance(value, Mapping) else "must be an object"


def _spelling(value: Any) -> str:
    good = isinstance(value, Mapping) and not any(_strings(wrong) for wrong in value.values())
    return "" if good else "must be an object of arrays of strings"


def _term(value: Any) -> str:
    return "" if isinstance(value, str) else next(_TERM.wrong(value, "item"), "")


_strings = _list_of(_string, "strings")
_code = _one_of(*LANGUAGES)
_TERM = Table({"value": _string, "intensity": _number(0, 1), "pronunciations": _strings, "language": _code}, ("value",))
_PRE = Table({"audio_enhancer": _boolean, "speech_threshold": _number(0, 1)})
_REALTIME = Table(
    {
        "custom_vocabulary": _boolean,
        "custom_vocabulary_config": Table(
            {
                "vocabulary": _list_of(_term, "strings, or objects with a value"),
                "default_intensity": _number(0, 1),
            },
            ("vocabulary",),
        ),
        "custom_spelling": _boolean,
        "custom_spelling_config": Table({"spelling_dictionary": _spelling}, ("spelling_dictionary",)),
        "translation": _boolean,
        "translation_config": Table(
            {
                "target_languages": _list_of(_one_of(*TARGETS), "supported codes", 1),
                "model": _one_of("base", "enhanced", "batch"),
                "match_original_utterances": _boolean,
                "lipsync": _boolean,
                "context_adaptation": _boolean,
                "context": _string,
                "informal": _boolean,
            },
            ("target_languages",),
        ),
        "named_entity_recognition": _boolean,
        "sentiment_analysis": _boolean,
    }
)
_POST = Table(
    {
        "summarization": _boolean,
        "summarization_config": Table({"type": _one_of("general", "bullet_points", "concise")}),
        "chapterization": _boolean,
    }
)
FLAGS = {
    "receive_partial_transcripts": False,
    "receive_final_transcripts": True,
    "receive_speech_events": True,
    "receive_pre_processing_events": True,
    "receive_realtime_processing_events": True,
    "receive_post_processing_events": True,
    "receive_acknowledgments": True,
    "receive_errors": True,
    "receive_lifecycle_events": False,
}
"""The switches of ``messages_config``, as they stand where a client does not set them."""
_SWITCHES: dict[str, Check | Table] = dict.fromkeys(FLAGS, _boolean)
BODY = Table(
    {
        "encoding": _one_of("wav/pcm", "wav/alaw", "wav/ulaw"),
        "bit_depth": _one_of(8, 16, 24, 32),
        "sample_rate": _one_of(*CAPABILITIES.sample_rates),
        "channels": _integer(1, CAPABILITIES.max_channels),
        "custom_metadata": _object,
        "model": _one_of(MODEL),
        "endpointing": _number(0.01, 10),
        "maximum_duration_without_endpointing": _number(5, 60),
        "language_config": Table({"languages": _list_of(_code, "supported codes"), "code_switching": _boolean}),
        "pre_processing": _PRE,
        "realtime_processing": _REALTIME,
        "post_processing": _POST,
        "messages_config": Table(_SWITCHES),
        "callback": _boolean,
        "callback_config": Table({"url": _string, **_SWITCHES}),
    }
)
