"""What the messages of a client may hold."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.speechmatics.schema import AGENT_TRANSCRIPTION, HOT, NOT_AGENT, START, TRANSCRIPTION

from aai_migrate.wire.schema import Table

WHOLE = {
    "message": "StartRecognition",
    "audio_format": {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16000},
    "transcription_config": {
        "language": "en",
        "model": "enhanced",
        "enable_partials": True,
        "max_delay": 1.0,
        "diarization": "speaker",
        "speaker_diarization_config": {
            "max_speakers": 2,
            "speaker_sensitivity": 0.5,
            "prefer_current_speaker": False,
            "get_speakers": True,
            "speakers": [{"label": "Agent", "speaker_identifiers": ["b3BhcXVlLWlk"]}],
        },
        "conversation_config": {"end_of_utterance_silence_trigger": 0.6},
        "additional_vocab": ["plain", {"content": "Zürcher Kantonalbank", "sounds_like": ["zurka cantonal bank"]}],
        "punctuation_overrides": {"permitted_marks": [".", ","], "sensitivity": 0.5},
        "transcript_filtering_config": {"remove_disfluencies": True, "replacements": [{"from": "/a/", "to": "b"}]},
        "audio_filtering_config": {"volume_threshold": 3.4},
        "language_hints": ["en"],
        "language_hints_strict": False,
        "ctrl": {"any": ["thing"]},
    },
    "translation_config": {"target_languages": ["fr", "de"], "enable_partials": True},
    "audio_events_config": {"types": ["laughter", "applause", "music"]},
    "turn_config": {"turn_detection_mode": "external"},
    "something": "new",
}


def wrong(**members: Any) -> list[str]:
    """What is wrong with a StartRecognition with these members of ``transcription_config``."""
    return [*START.wrong({"transcription_config": {"language": "en", **members}})]


def test_all_that_the_page_shows_is_right() -> None:
    """What is not known is nobody's business; a file needs no encoding, and old clients send no format."""
    assert [*START.wrong(WHOLE)] == []
    assert [*START.wrong(WHOLE | {"audio_format": {"type": "file"}, "audio_events_config": {}})] == []
    assert [*START.wrong({"transcription_config": {"language": "en"}})] == []


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"enable_partials": "yes"}, "enable_partials must be a boolean value"),
        ({"max_delay": 0.69}, "max_delay must not be less than 0.7"),
        ({"max_delay": 4.01}, "max_delay must not be greater than 4"),
        ({"max_delay_mode": "none"}, "max_delay_mode must be one of the following values: flexible, fixed"),
        ({"conversation_config": 0.6}, "conversation_config must be an object"),
        (
            {"conversation_config": {"end_of_utterance_silence_trigger": -0.1}},
            "conversation_config.end_of_utterance_silence_trigger must not be less than 0",
        ),
        ({"diarization": True}, "diarization must be one of the following values"),
        ({"speaker_diarization_config": {"max_speakers": 1}}, "speaker_diarization_config.max_speakers must not be"),
        ({"speaker_diarization_config": {"max_speakers": 2.5}}, "max_speakers must be an integer"),
        ({"speaker_diarization_config": {"speakers": [{"label": "A"}]}}, "speakers must only contain speakers with"),
        *(
            (
                {"speaker_diarization_config": {"speakers": [{"label": label, "speaker_identifiers": []}]}},
                "speakers must only contain speakers with identifiers, and labels other than S1, S2, … and UU",
            )
            for label in ("S1", "S20", "UU", " Agent", "")
        ),
        (
            {"speaker_diarization_config": {"speakers": [{"label": "A", "speaker_identifiers": ["x"] * 51}]}},
            "speakers must not have more than 50 identifiers",
        ),
        ({"channel_diarization_labels": "a"}, "channel_diarization_labels must be an array"),
        ({"channel_diarization_labels": ["a", "a"]}, "channel_diarization_labels must not name a channel twice"),
        ({"additional_vocab": [7]}, "additional_vocab must only contain strings, or objects with content"),
        ({"additional_vocab": [{"content": "a", "sounds_like": "b"}]}, "additional_vocab must only contain"),
        ({"punctuation_overrides": {"sensitivity": 1.1}}, "punctuation_overrides.sensitivity must not be greater"),
        ({"transcript_filtering_config": {"replacements": [{"from": "a"}]}}, "replacements must only contain pairs"),
        ({"audio_filtering_config": {"volume_threshold": 101}}, "must not be greater than 100"),
        ({"language": 7}, "language must be a string"),
    ],
)
def test_what_is_wrong(members: dict[str, Any], text: str) -> None:
    """Is said with its path."""
    [told] = wrong(**members)
    assert told.startswith("transcription_config.")
    assert text in told


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({}, "transcription_config is required"),
        ({"transcription_config": {}}, "transcription_config.language is required"),
        ({"transcription_config": []}, "transcription_config must be an object"),
        (WHOLE | {"audio_format": {"type": "pcm"}}, "audio_format.type must be one of"),
        (WHOLE | {"audio_format": {"type": "raw", "encoding": "pcm_alaw"}}, "audio_format.encoding must be one of"),
        (WHOLE | {"audio_format": {"type": "raw", "sample_rate": 1}}, "audio_format.sample_rate must not be less"),
        (WHOLE | {"translation_config": {"target_languages": []}}, "target_languages must contain at least 1"),
        (WHOLE | {"translation_config": {"target_languages": ["x"] * 6}}, "must not have more than 5 languages"),
        (WHOLE | {"audio_events_config": {"types": ["cough"]}}, "audio_events_config.types must only contain"),
        (WHOLE | {"turn_config": {"turn_detection_mode": "smart"}}, "turn_config.turn_detection_mode must be one of"),
    ],
)
def test_a_start_that_is_wrong(message: dict[str, Any], text: str) -> None:
    """Is wrong in one way."""
    [told] = START.wrong(message)
    assert text in told


def test_the_other_path_has_most_of_it() -> None:
    """What it refuses is no member of its own; what may change later is one of the first path."""
    assert {*TRANSCRIPTION} - {*AGENT_TRANSCRIPTION} == NOT_AGENT
    assert {*AGENT_TRANSCRIPTION} - {*TRANSCRIPTION} == {"emit_sentences"}
    assert {*TRANSCRIPTION} >= HOT
    assert [*Table(AGENT_TRANSCRIPTION).wrong({"emit_sentences": 1})] == ["emit_sentences must be a boolean value"]
