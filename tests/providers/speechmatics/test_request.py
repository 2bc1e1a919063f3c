"""What first messages ask for: literal ones in, exact settings or refusals out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.wire.commands import Origin, Start
from aai_migrate.wire.frames import Close, Message

from ..served import heard
from .served import RAW, asked, connected, start, wanted

PAGE = Message(
    '{"message":"StartRecognition",'
    '"audio_format":{"type":"raw","encoding":"pcm_s16le","sample_rate":16000},'
    '"transcription_config":{"language":"en","model":"enhanced","enable_partials":true,"max_delay":1.0,'
    '"diarization":"speaker","conversation_config":{"end_of_utterance_silence_trigger":0.6},'
    '"additional_vocab":[{"content":"Zürcher Kantonalbank","sounds_like":["zurka cantonal bank"]}]}}'
)
VOICE = Message(  # what the voice SDK sends for a preset that ends turns itself
    '{"message":"StartRecognition","audio_format":{"type":"raw","encoding":"pcm_s16le","sample_rate":16000},'
    '"transcription_config":{"language":"en","operating_point":"enhanced","diarization":"speaker",'
    '"enable_partials":true,"max_delay":2.0,"max_delay_mode":"flexible","enable_entities":false,'
    '"audio_filtering_config":{"volume_threshold":0.0},'
    '"speaker_diarization_config":{"speaker_sensitivity":0.5,"prefer_current_speaker":false}}}'
)


def refused(first: Message, path: str = "/v2") -> tuple[str, str]:
    """Type and reason of a refusal, behind which comes a close."""
    error, close = asked(first, path)
    assert isinstance(close, Close)
    assert error.pop("message") == "Error"
    return error["type"], error["reason"]


def test_neutral_words_are_said_and_others_are_handed_on() -> None:
    """Vocabulary with sounds is both, since neutral words have none."""
    assert asked(PAGE) == [
        Start(
            Config(
                model="enhanced",
                language="en",
                audio=AudioFormat(16_000),
                partials=True,
                turn_silence=0.6,
                keyterms=("Zürcher Kantonalbank",),
                diarization=True,
                extra={
                    "speechmatics": {
                        "max_delay": 1.0,
                        "additional_vocab": [
                            {"content": "Zürcher Kantonalbank", "sounds_like": ["zurka cantonal bank"]}
                        ],
                    }
                },
            ),
            None,
            Origin("speechmatics", "/v2", "somebody"),
        )
    ]


def test_a_voice_client_gets_no_turns_it_did_not_ask_for() -> None:
    """It ends them itself, so that nothing is said of silence."""
    assert wanted(VOICE).config == Config(
        model="enhanced",
        language="en",
        partials=True,
        diarization=True,
        extra={
            "speechmatics": {
                "max_delay": 2.0,
                "max_delay_mode": "flexible",
                "enable_entities": False,
                "audio_filtering_config": {"volume_threshold": 0.0},
                "speaker_diarization_config": {"speaker_sensitivity": 0.5, "prefer_current_speaker": False},
            }
        },
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"model": None, "language": "en", "partials": True, "turn_silence": None, "extra": {}}),
        ({"model": None, "operating_point": "standard"}, {"model": "standard"}),
        ({"model": "standard", "operating_point": "enhanced"}, {"model": "standard"}),
        ({"model": "tomorrow-2"}, {"model": "tomorrow-2"}),
        ({"enable_partials": False}, {"partials": True}),  # it may want them later
        ({"conversation_config": {"end_of_utterance_silence_trigger": 0}}, {"turn_silence": None}),
        ({"conversation_config": {"end_of_utterance_silence_trigger": 2}}, {"turn_silence": 2.0}),
        ({"conversation_config": {}}, {"turn_silence": None}),
        ({"diarization": "none"}, {"diarization": False}),
        ({"output_locale": "en-GB"}, {"language": "en-GB", "extra": {}}),
        ({"language": "cmn", "output_locale": "cmn-Hant"}, {"language": "zh-Hant"}),
        ({"language": "cmn"}, {"language": "zh"}),
        ({"language": "cmn_en"}, {"language": None, "languages": ("zh", "en")}),
        ({"language": "es", "domain": "bilingual-en"}, {"language": None, "languages": ("es", "en")}),
        ({"language": "en", "domain": "medical"}, {"extra": {"speechmatics": {"domain": "medical"}}}),
        ({"language": "multi", "model": "melia-1"}, {"language": None, "languages": (), "model": "melia-1"}),
        ({"additional_vocab": ["Vimes", {"content": "Ankh Morpork"}]}, {"keyterms": ("Vimes", "Ankh Morpork")}),
        ({"punctuation_overrides": {"permitted_marks": []}}, {"formatting": False, "extra": {}}),
        ({"punctuation_overrides": {"permitted_marks": ["all"]}}, {"formatting": True, "extra": {}}),
        (
            {"punctuation_overrides": {"permitted_marks": ["."], "sensitivity": 0.2}},
            {
                "formatting": True,
                "extra": {"speechmatics": {"punctuation_overrides": {"permitted_marks": ["."], "sensitivity": 0.2}}},
            },
        ),
        ({"nobody_knows": {"this": 1}}, {"extra": {}}),
        ({"max_delay": None, "diarization": None}, {"diarization": None, "extra": {}}),
    ],
)
def test_members_become_neutral_settings(members: dict[str, Any], expected: dict[str, Any]) -> None:
    """Null counts as absent, and unknown members are passed over."""
    config = wanted(start(**members)).config
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("audio", "fmt"),
    [
        (RAW, AudioFormat()),
        ({"type": "raw", "encoding": "pcm_f32le", "sample_rate": 44_100}, AudioFormat(44_100, "pcm_f32le")),
        ({"type": "raw", "encoding": "mulaw", "sample_rate": 8000}, AudioFormat(8000, "pcm_mulaw")),
    ],
)
def test_raw_audio_is_what_it_says(audio: dict[str, Any], fmt: AudioFormat) -> None:
    """All three encodings that there are."""
    assert wanted(start(audio)).config.audio == fmt


@pytest.mark.parametrize(
    ("members", "type_", "reason"),
    [
        ({"max_delay": 0.69}, "invalid_config", "transcription_config.max_delay must not be less than 0.7"),
        ({"max_delay": 4.1}, "invalid_config", "transcription_config.max_delay must not be greater than 4"),
        ({"max_delay": "1"}, "invalid_config", "transcription_config.max_delay must be a number"),
        ({"enable_partials": "yes"}, "invalid_config", "transcription_config.enable_partials must be a boolean value"),
        ({"diarization": "both"}, "invalid_config", "transcription_config.diarization must be one of the following"),
        (
            {"conversation_config": {"end_of_utterance_silence_trigger": 2.1}},
            "invalid_config",
            "transcription_config.conversation_config.end_of_utterance_silence_trigger must not be greater than 2",
        ),
        ({"model": " "}, "invalid_config", "model must be a non-empty string"),
        ({"output_locale": " "}, "invalid_config", "language must be a non-empty string"),
        ({"additional_vocab": [7]}, "invalid_config", "transcription_config.additional_vocab must only contain"),
        ({"diarization": "channel"}, "invalid_config", "channel_diarization_labels must name 1 to 32 channels"),
        (
            {"diarization": "channel", "channel_diarization_labels": ["a", "a"]},
            "invalid_config",
            "transcription_config.channel_diarization_labels must not name a channel twice",
        ),
        ({"language": None}, "invalid_config", "transcription_config.language is required"),
        ({"language": "xx"}, "invalid_model", "language 'xx' is not offered"),
        ({"language": "auto"}, "invalid_model", "language 'auto' is not offered"),
        ({"language": "en-US"}, "invalid_model", "language 'en-US' is not offered"),
        ({"language": "multi"}, "invalid_model", "language 'multi' is not offered"),
        ({"model": "linden-1"}, "invalid_model", "model linden-1 is served at /v2/agent"),
    ],
)
def test_what_cannot_be_is_an_error_that_names_it(members: dict[str, Any], type_: str, reason: str) -> None:
    """In words of the vendor's, behind which comes a close."""
    given_type, said = refused(start(**members))
    assert (given_type, said[: len(reason)]) == (type_, reason)


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        ({"type": "raw"}, "audio_format of type raw needs encoding and sample_rate"),
        ({"type": "raw", "encoding": "mulaw"}, "audio_format of type raw needs encoding and sample_rate"),
        ({"type": "raw", "encoding": "alaw", "sample_rate": 8000}, "audio_format.encoding must be one of the follow"),
        ({"type": "stream"}, "audio_format.type must be one of the following values: raw, file"),
        ({**RAW, "sample_rate": 1000}, "audio_format.sample_rate must not be less than 4000"),
        ({**RAW, "sample_rate": 16_000.5}, "audio_format.sample_rate must be an integer number"),
    ],
)
def test_audio_that_is_not_taken_is_refused(audio: dict[str, Any], reason: str) -> None:
    """Before any of it is sent."""
    type_, said = refused(start(audio))
    assert (type_, said[: len(reason)]) == ("invalid_audio_type", reason)


@pytest.mark.parametrize(
    ("first", "type_", "code"),
    [
        (Message("{"), "invalid_message", 1003),
        (Message("[]"), "invalid_message", 1003),
        (Message('{"message":"StartRecognition"}'), "invalid_config", 1003),
        (Message('{"message":"StartRecognition","transcription_config":7}'), "invalid_config", 1003),
        (Message('{"message":"EndOfStream","last_seq_no":0}'), "protocol_error", 1003),
        (Message("{}"), "protocol_error", 1003),
        (Message(bytes(640)), "protocol_error", 1003),
        (start(language="xx"), "invalid_model", 4004),
    ],
)
def test_a_close_follows_with_the_code_of_the_error(first: Message, type_: str, code: int) -> None:
    """And its word for a reason."""
    server = connected()
    error, close = heard(server.receive(first, 0.0))
    assert error["type"] == type_
    assert close == Close(code, "protocol_error" if code == 1003 else type_)
    assert server.deadline is None
    assert server.receive(start(), 0.0) == []


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/", "/v2/en", "/en", "/any/thing/v2/en", "/v2?sm-sdk=python-rt-sdk-v1.2.1"]
)
def test_the_language_may_stand_in_the_path(path: str) -> None:
    """Old clients append it, also to an address without any other path."""
    assert wanted(start(), path).config.language == "en"


def test_the_language_of_the_path_is_that_of_the_first_message() -> None:
    """Or what was meant is not known."""
    assert refused(start(), "/v2/fr") == ("invalid_language", "language 'en' is not that of the URL, 'fr'")
    assert wanted(start(language="fr"), "/fr?sm-sdk=python-5.0.0.post1").config.language == "fr"


def test_vocabulary_that_is_too_long_is_left_out_with_a_warning() -> None:
    """Before the greeting; the rest counts."""
    long = "one two three four five six seven"
    warning, command = asked(start(additional_vocab=["Vimes", long, {"content": "x" * 4001}, " "]))
    assert warning == {
        "message": "Warning",
        "type": "validation_warning",
        "reason": "3 entries of additional_vocab have more than 6 words, or no text: left out",
    }
    assert command.config.keyterms == ("Vimes",)


@pytest.mark.parametrize(
    ("targets", "type_"),
    [(["fr"], "unsupported_translation_pair"), ([], "empty_translation_target_list")],
)
def test_translations_are_not_made_and_said_so(targets: list[str], type_: str) -> None:
    """The session begins without them."""
    warning, command = asked(start(beside={"translation_config": {"target_languages": targets}}))
    assert (warning["message"], warning["type"]) == ("Warning", type_)
    assert isinstance(command, Start)
    assert command.config.extra == {}


def test_a_wrong_wish_for_translations_is_refused() -> None:
    """As any other wrong member is."""
    assert refused(start(beside={"translation_config": {}}))[0] == "invalid_config"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    str.split(
        "language model operating_point domain output_locale enable_partials max_delay conversation_config diarization "
        "speaker_diarization_config channel_diarization_labels additional_vocab punctuation_overrides"
    )
)


@given(st.dictionaries(MEMBERS, JSON, max_size=4), JSON, JSON)
def test_no_first_message_makes_it_raise(transcription: dict[str, Any], audio: Any, translation: Any) -> None:
    """It is taken, or refused with an error and a close."""
    message = {
        "message": "StartRecognition",
        "audio_format": audio,
        "transcription_config": {"language": "en"} | transcription,
        "translation_config": translation,
    }
    out = heard(connected().receive(Message(json.dumps(message)), 0.0))
    assert isinstance(out[-1], Close | Start) or out[-1]["message"] == "RecognitionStarted"
