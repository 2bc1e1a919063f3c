"""Bodies as clients send them become settings; wrong ones are refused with everything that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.gladia.request import InvalidBody, Request, needed, read
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config

FULL = """
{"encoding":"wav/pcm","bit_depth":16,"sample_rate":16000,"channels":2,"model":"solaria-1",
 "custom_metadata":{"call":"c-7741"},"endpointing":0.3,"maximum_duration_without_endpointing":15,
 "language_config":{"languages":["en","fr"],"code_switching":true},
 "pre_processing":{"audio_enhancer":false,"speech_threshold":0.6},
 "realtime_processing":{"custom_vocabulary":true,
   "custom_vocabulary_config":{"vocabulary":["Kestrel",{"value":"Oyelaran","pronunciations":["oy larran"],
   "intensity":0.4,"language":"en"}],"default_intensity":0.4},
   "custom_spelling":true,"custom_spelling_config":{"spelling_dictionary":{"Postgres":["post gress"]}},
   "translation":true,"translation_config":{"target_languages":["de"],"model":"base"}},
 "post_processing":{"summarization":true,"summarization_config":{"type":"concise"}},
 "messages_config":{"receive_partial_transcripts":true,"receive_lifecycle_events":true},
 "callback":false}
"""


def wrong(body: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(InvalidBody) as refused:
        read(body)
    return refused.value.errors


def test_an_empty_body_is_valid_and_sets_nothing() -> None:
    """Every field is optional; the vendor's defaults are the server's business, not the provider's."""
    request = read({})
    assert request.config == Config()
    assert (request.unsigned, request.longest) == (False, 5.0)
    assert (request.partials, request.finals, request.speech, request.post, request.acks, request.lifecycle) == (
        False,
        True,
        True,
        True,
        True,
        False,
    )


def test_the_full_example() -> None:
    """What has a neutral name becomes an option, what only Gladia knows goes in extra, callbacks nowhere.

    A vocabulary that says more of its terms goes in both.
    """
    request = read(json.loads(FULL))
    assert request.config == Config(
        model="solaria-1",
        audio=AudioFormat(16_000, "pcm_s16le", 2),
        channels="separate",
        languages=("en", "fr"),
        partials=True,
        turn_silence=0.3,
        keyterms=("Kestrel", "Oyelaran"),
        extra={
            "gladia": {
                "pre_processing": {"audio_enhancer": False, "speech_threshold": 0.6},
                "realtime_processing": {
                    "custom_vocabulary": True,
                    "custom_vocabulary_config": {
                        "vocabulary": [
                            "Kestrel",
                            {
                                "value": "Oyelaran",
                                "pronunciations": ["oy larran"],
                                "intensity": 0.4,
                                "language": "en",
                            },
                        ],
                        "default_intensity": 0.4,
                    },
                    "custom_spelling": True,
                    "custom_spelling_config": {"spelling_dictionary": {"Postgres": ["post gress"]}},
                    "translation": True,
                    "translation_config": {"target_languages": ["de"], "model": "base"},
                },
                "post_processing": {"summarization": True, "summarization_config": {"type": "concise"}},
                "custom_metadata": {"call": "c-7741"},
            }
        },
    )
    assert request.longest == 15.0
    assert (request.partials, request.lifecycle, request.acks) == (True, True, True)


@pytest.mark.parametrize(
    "body",
    [
        '{"messages_config":{"receive_acknowledgments":true}}',
        '{"sample_rate":16000,"messages_config":{"receive_partial_transcripts":true}}',
        '{"encoding":"wav/pcm","bit_depth":16,"sample_rate":16000,"channels":1,'
        '"messages_config":{"receive_partial_transcripts":true,"receive_acknowledgments":true}}',
        '{"encoding":"wav/pcm","sample_rate":16000,"model":"solaria-1","endpointing":0.05,'
        '"maximum_duration_without_endpointing":5,"bit_depth":16,"channels":1,'
        '"language_config":{"languages":[],"code_switching":true},'
        '"realtime_processing":{"words_accurate_timestamps":false},'
        '"messages_config":{"receive_partial_transcripts":true,"receive_final_transcripts":true},'
        '"custom_metadata":{"livekit":"1.8.9"},'
        '"pre_processing":{"audio_enhancer":false,"speech_threshold":0.6}}',
        '{"encoding":"wav/pcm","bit_depth":16,"sample_rate":16000,"channels":1,"model":"solaria-1",'
        '"custom_metadata":{"pipecat":"1.14.0"},"maximum_duration_without_endpointing":5}',
    ],
)
def test_bodies_that_were_seen_are_accepted(body: str) -> None:
    """The Python SDK, LiveKit and Pipecat."""
    request = read(json.loads(body))
    assert request.config.audio == AudioFormat(16_000, "pcm_s16le", 1)
    assert request.acks
    assert read(needed(json.loads(body))) == request


@pytest.mark.parametrize(
    ("body", "audio"),
    [
        ({"sample_rate": 8000}, AudioFormat(8_000)),
        ({"sample_rate": 44100.0}, AudioFormat(44_100)),
        ({"bit_depth": 24}, AudioFormat(16_000, "pcm_s24le")),
        ({"bit_depth": 32, "channels": 8}, AudioFormat(16_000, "pcm_s32le", 8)),
        ({"bit_depth": 8}, AudioFormat(16_000, "pcm_s16le")),
        ({"encoding": "wav/ulaw", "bit_depth": 8, "sample_rate": 8000}, AudioFormat(8_000, "pcm_mulaw")),
        ({"encoding": "wav/alaw"}, AudioFormat(16_000, "pcm_alaw")),
    ],
)
def test_audio_formats(body: dict[str, Any], audio: AudioFormat) -> None:
    """The laws have 8 bits, whatever the client says of them; 8-bit PCM is unsigned."""
    request = read(body)
    assert request.config.audio == audio
    assert request.unsigned == (body.get("bit_depth") == 8 and "encoding" not in body)
    assert request.config.channels == ("separate" if audio.channels > 1 else "mix")


def test_the_client_counts_unsigned_bytes() -> None:
    """Half as many as those of the audio that is handed on."""
    request = read({"bit_depth": 8, "channels": 2, "sample_rate": 8000})
    assert (request.frame, request.bytes_per_second) == (2, 16_000)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"language_config": {"languages": ["jw"]}}, Config(language="jv")),
        ({"language_config": {"languages": ["en"], "code_switching": False}}, Config(language="en")),
        (
            {"language_config": {"languages": [], "code_switching": True}},
            Config(extra={"gladia": {"language_config": {"code_switching": True}}}),
        ),
        (
            {"language_config": {"languages": ["en", "fr"]}},
            Config(languages=("en", "fr"), extra={"gladia": {"language_config": {"code_switching": False}}}),
        ),
        ({"messages_config": {"receive_partial_transcripts": False}}, Config(partials=False)),
        ({"messages_config": {"receive_errors": False, "receive_anything": 1}}, Config()),
        ({"endpointing": 1}, Config(turn_silence=1.0)),
        ({"model": None, "endpointing": None, "language_config": {"languages": None}}, Config()),
        ({"realtime_processing": None, "messages_config": None}, Config()),
        ({"realtime_processing": {"custom_vocabulary": False, "diarization": True}}, Config()),
        ({"realtime_processing": {"words_accurate_timestamps": True}}, Config()),
        (
            {"post_processing": {"chapterization": True}},
            Config(extra={"gladia": {"post_processing": {"chapterization": True}}}),
        ),
        ({"custom_metadata": {"a": None}}, Config(extra={"gladia": {"custom_metadata": {"a": None}}})),
        ({"callback": True, "callback_config": {"url": "http://x", "receive_errors": True}}, Config()),
    ],
)
def test_only_what_was_set_becomes_an_option(body: dict[str, Any], expected: Config) -> None:
    """Members that are null, and nested ones that nobody knows, count as absent."""
    assert read(body).config == expected


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"encoding": "mp3"}, "encoding must be one of the following values: wav/pcm, wav/alaw, wav/ulaw"),
        ({"bit_depth": 12}, "bit_depth must be one of the following values: 8, 16, 24, 32"),
        ({"bit_depth": "16"}, "bit_depth must be one of the following values: 8, 16, 24, 32"),
        (
            {"sample_rate": 24000},
            "sample_rate must be one of the following values: 8000, 16000, 32000, 44100, 48000",
        ),
        ({"sample_rate": True}, "sample_rate must be one of the following values: 8000, 16000, 32000, 44100, 48000"),
        ({"channels": 9}, "channels must not be greater than 8"),
        ({"channels": 0}, "channels must not be less than 1"),
        ({"channels": 1.5}, "channels must be an integer number"),
        ({"model": "solaria-2"}, "model must be one of the following values: solaria-1"),
        ({"custom_metadata": []}, "custom_metadata must be an object"),
        ({"endpointing": 0.001}, "endpointing must not be less than 0.01"),
        ({"endpointing": 10.1}, "endpointing must not be greater than 10"),
        ({"endpointing": "0.3"}, "endpointing must be a number"),
        ({"maximum_duration_without_endpointing": 4}, "maximum_duration_without_endpointing must not be less than 5"),
        (
            {"maximum_duration_without_endpointing": 61},
            "maximum_duration_without_endpointing must not be greater than 60",
        ),
        ({"language_config": []}, "language_config must be an object"),
        ({"language_config": {"languages": "en"}}, "language_config.languages must be an array"),
        (
            {"language_config": {"languages": ["en-US"]}},
            "language_config.languages must only contain supported codes",
        ),
        ({"language_config": {"code_switching": 1}}, "language_config.code_switching must be a boolean value"),
        ({"pre_processing": {"speech_threshold": 2}}, "pre_processing.speech_threshold must not be greater than 1"),
        (
            {"realtime_processing": {"custom_vocabulary_config": {}}},
            "realtime_processing.custom_vocabulary_config.vocabulary is required",
        ),
        (
            {"realtime_processing": {"custom_vocabulary_config": {"vocabulary": [{"intensity": 1}]}}},
            "realtime_processing.custom_vocabulary_config.vocabulary must only contain strings, "
            "or objects with a value",
        ),
        (
            {"realtime_processing": {"custom_spelling_config": {"spelling_dictionary": {"a": "b"}}}},
            "realtime_processing.custom_spelling_config.spelling_dictionary must be an object of arrays of strings",
        ),
        (
            {"realtime_processing": {"translation_config": {"target_languages": []}}},
            "realtime_processing.translation_config.target_languages must contain at least 1 element",
        ),
        (
            {"post_processing": {"summarization_config": {"type": "long"}}},
            "post_processing.summarization_config.type must be one of the following values: "
            "general, bullet_points, concise",
        ),
        (
            {"messages_config": {"receive_errors": "yes"}},
            "messages_config.receive_errors must be a boolean value",
        ),
        ({"callback_config": {"url": 1}}, "callback_config.url must be a string"),
        ({"region": "eu-west"}, "property region should not exist"),
        (
            {"realtime_processing": {"custom_vocabulary": True}},
            "realtime_processing custom_vocabulary needs custom_vocabulary_config.vocabulary",
        ),
        (
            {
                "realtime_processing": {
                    "custom_vocabulary": True,
                    "custom_vocabulary_config": {"vocabulary": ["a"] * 101},
                }
            },
            "realtime_processing.custom_vocabulary_config takes at most 100 terms, not 101",
        ),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], error: str) -> None:
    """With the path of the member."""
    assert wrong(body) == (error,)


def test_everything_that_is_wrong_is_named_not_the_first() -> None:
    """In the order of the table, then what is unknown."""
    assert wrong({"sample_rat": 1, "channels": 9, "endpointing": 99, "language_config": {"languages": ["xx"]}}) == (
        "channels must not be greater than 8",
        "endpointing must not be greater than 10",
        "language_config.languages must only contain supported codes",
        "property sample_rat should not exist",
    )


def test_a_translation_may_be_into_wolof() -> None:
    """A target more than there are languages to transcribe."""
    assert read({"realtime_processing": {"translation_config": {"target_languages": ["wo", "de"]}}})
    assert wrong({"language_config": {"languages": ["wo"]}})


NAMES = [*json.loads(FULL), "callback_config", "region"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "en", "wav/pcm"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*json.loads(FULL)["realtime_processing"], "languages", "vocabulary"]), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_any_json_is_read_or_refused(body: dict[str, Any]) -> None:
    """What is read stays the same without what is not needed."""
    request: Request | None = None
    errors: tuple[str, ...] = ()
    try:
        request = read(body)
    except InvalidBody as refused:
        errors = refused.errors
    assert (request is None) == bool(errors)
    assert request is None or read(needed(body)) == request
