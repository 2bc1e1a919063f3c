"""What the messages of a client may hold, for the half that writes them and the half that reads them.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (StartRecognition,
SetRecognitionConfig)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aai_migrate.wire.schema import Check, Table, boolean, integer, list_of, mapping, number, one_of, string

from .options import ENCODINGS, LEAST_DELAY, MOST_DELAY, MOST_SILENCE, MOST_TERMS

MOST_TARGETS, MOST_IDENTIFIERS = 5, 50


def _entry(value: Any) -> str:
    return "" if isinstance(value, str) else next(_ENTRY.wrong(value, "entry"), "")


def _vocabulary(value: Any) -> str:
    if wrong := _entries(value):
        return wrong
    return f"must not have more than {MOST_TERMS} entries" if len(value) > MOST_TERMS else ""


def _targets(value: Any) -> str:
    if wrong := _languages(value):
        return wrong
    return f"must not have more than {MOST_TARGETS} languages" if len(value) > MOST_TARGETS else ""


def _labels(value: Any) -> str:
    if wrong := _strings(value):
        return wrong
    return "" if len(set(value)) == len(value) else "must not name a channel twice"


def _speaker(value: Any) -> str:
    """Check one speaker: a label that the vendor gives itself would stand for two."""
    if wrong := next(_SPEAKER.wrong(value, "speaker"), ""):
        return wrong
    label = value["label"]
    return "label is taken" if label != label.strip() or _GIVEN.fullmatch(label) else ""


def _speakers(value: Any) -> str:
    if wrong := _known_speakers(value):
        return wrong
    count = sum(len(each["speaker_identifiers"]) for each in value)
    return f"must not have more than {MOST_IDENTIFIERS} identifiers" if count > MOST_IDENTIFIERS else ""


def _volume(value: Any) -> str:
    return next(Table({"volume_threshold": number(0, 100)}).wrong(value, "value"), "")


def _rate(value: Any) -> str:
    return integer(4_000, 192_000)(value)


_strings = list_of(string, "strings")
_languages = list_of(string, "strings", 1)
_ENTRY = Table({"content": string, "sounds_like": _strings}, ("content",))
_entries = list_of(_entry, "strings, or objects with content")
_SPEAKER = Table({"label": string, "speaker_identifiers": _strings}, ("label", "speaker_identifiers"))
_GIVEN = re.compile(r"S\d+|UU|")
_known_speakers = list_of(_speaker, "speakers with identifiers, and labels other than S1, S2, … and UU")
_CONVERSATION = Table({"end_of_utterance_silence_trigger": number(0, MOST_SILENCE)})
_REPLACEMENT = Table({"from": string, "to": string}, ("from", "to"))

TRANSCRIPTION: dict[str, Check | Table] = {
    "language": string,
    "model": string,
    "operating_point": string,
    "domain": string,
    "output_locale": string,
    "enable_partials": boolean,
    "max_delay": number(LEAST_DELAY, MOST_DELAY),
    "max_delay_mode": one_of("flexible", "fixed"),
    "conversation_config": _CONVERSATION,
    "diarization": one_of("none", "speaker", "channel", "channel_and_speaker"),
    "speaker_diarization_config": Table(
        {
            "max_speakers": integer(2, 100),
            "speaker_sensitivity": number(0, 1),
            "prefer_current_speaker": boolean,
            "get_speakers": boolean,
            "speakers": _speakers,
        }
    ),
    "channel_diarization_labels": _labels,
    "additional_vocab": _vocabulary,
    "punctuation_overrides": Table({"permitted_marks": _strings, "sensitivity": number(0, 1)}),
    "enable_entities": boolean,
    "transcript_filtering_config": Table(
        {
            "remove_disfluencies": boolean,
            "replacements": list_of(lambda value: next(_REPLACEMENT.wrong(value, "item"), ""), "pairs of from and to"),
        }
    ),
    "audio_filtering_config": _volume,
    "language_hints": _strings,
    "language_hints_strict": boolean,
    "streaming_mode": boolean,
    "ctrl": mapping,
}
"""Members of ``transcription_config``."""
TRANSLATION = Table({"target_languages": _targets, "enable_partials": boolean}, ("target_languages",))
AUDIO_EVENTS = Table({"types": list_of(one_of("laughter", "applause", "music"), "laughter, applause or music")})
TURN = Table({"turn_detection_mode": one_of("vad", "external")})
BESIDE: dict[str, Check | Table] = {
    "translation_config": TRANSLATION,
    "audio_events_config": AUDIO_EVENTS,
    "turn_config": TURN,
}
"""Objects that stand beside ``transcription_config``."""
AUDIO = Table({"type": one_of("raw", "file"), "encoding": one_of(*ENCODINGS.values()), "sample_rate": _rate})
START = Table(
    {"audio_format": AUDIO, "transcription_config": Table(TRANSCRIPTION, ("language",)), **BESIDE},
    ("transcription_config",),
)
"""``StartRecognition``."""
HOT = frozenset(str.split("max_delay max_delay_mode audio_filtering_config enable_partials conversation_config"))
"""Members of ``transcription_config`` that ``SetRecognitionConfig`` may change."""
NOT_AGENT = frozenset(str.split("max_delay max_delay_mode conversation_config"))
"""Members of ``transcription_config`` that Agent STT refuses."""
AGENT_TRANSCRIPTION: Mapping[str, Check | Table] = {
    **{name: check for name, check in TRANSCRIPTION.items() if name not in NOT_AGENT},
    "emit_sentences": boolean,
}
"""Members of ``transcription_config`` of Agent STT."""
