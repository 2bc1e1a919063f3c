"""What the body of a POST may hold.

Source: https://docs.gladia.io/api-reference/v2/live/init (request body)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aai_migrate.wire.schema import Check, Table, boolean, integer, list_of, mapping, number, one_of, string

from .options import CAPABILITIES, LANGUAGES, MODEL

TARGETS = frozenset({*LANGUAGES, "wo"})
"""Translation knows one language more than transcription."""


def _spelling(value: Any) -> str:
    good = isinstance(value, Mapping) and not any(_strings(wrong) for wrong in value.values())
    return "" if good else "must be an object of arrays of strings"


def _term(value: Any) -> str:
    return "" if isinstance(value, str) else next(_TERM.wrong(value, "item"), "")


_strings = list_of(string, "strings")
_code = one_of(*LANGUAGES)
_TERM = Table({"value": string, "intensity": number(0, 1), "pronunciations": _strings, "language": _code}, ("value",))
_PRE = Table({"audio_enhancer": boolean, "speech_threshold": number(0, 1)})
_REALTIME = Table(
    {
        "custom_vocabulary": boolean,
        "custom_vocabulary_config": Table(
            {
                "vocabulary": list_of(_term, "strings, or objects with a value"),
                "default_intensity": number(0, 1),
            },
            ("vocabulary",),
        ),
        "custom_spelling": boolean,
        "custom_spelling_config": Table({"spelling_dictionary": _spelling}, ("spelling_dictionary",)),
        "translation": boolean,
        "translation_config": Table(
            {
                "target_languages": list_of(one_of(*TARGETS), "supported codes", 1),
                "model": one_of("base", "enhanced", "batch"),
                "match_original_utterances": boolean,
                "lipsync": boolean,
                "context_adaptation": boolean,
                "context": string,
                "informal": boolean,
            },
            ("target_languages",),
        ),
        "named_entity_recognition": boolean,
        "sentiment_analysis": boolean,
    }
)
_POST = Table(
    {
        "summarization": boolean,
        "summarization_config": Table({"type": one_of("general", "bullet_points", "concise")}),
        "chapterization": boolean,
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
_SWITCHES: dict[str, Check | Table] = dict.fromkeys(FLAGS, boolean)
BODY = Table(
    {
        "encoding": one_of("wav/pcm", "wav/alaw", "wav/ulaw"),
        "bit_depth": one_of(8, 16, 24, 32),
        "sample_rate": one_of(*CAPABILITIES.sample_rates),
        "channels": integer(1, CAPABILITIES.max_channels),
        "custom_metadata": mapping,
        "model": one_of(MODEL),
        "endpointing": number(0.01, 10),
        "maximum_duration_without_endpointing": number(5, 60),
        "language_config": Table({"languages": list_of(_code, "supported codes"), "code_switching": boolean}),
        "pre_processing": _PRE,
        "realtime_processing": _REALTIME,
        "post_processing": _POST,
        "messages_config": Table(_SWITCHES),
        "callback": boolean,
        "callback_config": Table({"url": string, **_SWITCHES}),
    }
)
