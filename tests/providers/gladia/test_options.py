"""What is asked for before anything is dialled, and what the vendor has not."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.gladia.options import CAPABILITIES, LANGUAGES, NAME, OPTIONS

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config, configure
from aai_migrate.errors import BadRequest, ConfigError, UnsupportedOption
from aai_migrate.options import decode, encode
from aai_migrate.wire.events import Warned

from .wire import asking, body


@pytest.mark.parametrize(
    "terms", [["Kestrel"], ["x"] * 100, ["a b c d e"], ["x" * 10_000], ["x" * 100] * 100, ["one", "two words"]]
)
def test_keyterms_within_the_limits(terms: list[str]) -> None:
    """100 of them, 10,000 characters in all, 5 words each."""
    config = body(Config(keyterms=terms))["realtime_processing"]["custom_vocabulary_config"]
    assert config == {"vocabulary": terms}


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (["x"] * 101, "gladia: keyterms takes at most 100 terms, not 101"),
        (["x" * 10_001], "gladia: keyterms takes at most 10,000 characters in all, not 10,001"),
        (["x" * 101] * 100, "gladia: keyterms takes at most 10,000 characters in all, not 10,100"),
        (["x", "a b c d e f"], "gladia: keyterms takes terms of at most 5 words; one has 6"),
    ],
)
def test_keyterms_beyond_the_limits(terms: list[str], reason: str) -> None:
    """Are refused, or left out where the caller prefers that."""
    with pytest.raises(ConfigError) as caught:
        asking(Config(keyterms=terms))
    assert str(caught.value) == reason
    config = Config(keyterms=terms, on_unsupported="warn")
    assert Warned("unsupported", f"{reason}; going on without it") in asking(config)[1]
    assert "realtime_processing" not in body(config)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("EN-gb", "en"),
        ("pt-BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("jv", "jw"),
        ("jw", "jw"),
        ("nb-NO", "no"),
        ("fil", "tl"),
        ("cmn-Hans", "zh"),
        ("jv-ID", "jw"),
        ("haw", "haw"),
    ],
)
def test_a_language_is_sent_without_its_region(tag: str, code: str) -> None:
    """The vendor knows none, and spells Javanese in its own way."""
    assert body(Config(language=tag))["language_config"] == {"languages": [code]}
    assert body(Config(languages=[tag, "fr"]))["language_config"]["languages"] == [code, "fr"]


@pytest.mark.parametrize("tag", ["tlh", "xx-US", "english", "multi", "en_US", "wo", "-"])
def test_a_language_that_the_vendor_lacks(tag: str) -> None:
    """Is named, with those that it has; also among others."""
    for config in (Config(language=tag), Config(languages=["en", tag, "fr"])):
        with pytest.raises(ConfigError, match=f"'{tag}' is not offered; known: af, am, ar, .+, zh$"):
            asking(config)


def test_the_languages() -> None:
    """All of the vendor's page, of its one model too."""
    assert len(set(LANGUAGES)) == len(LANGUAGES) == 99
    tags = CAPABILITIES.models["solaria-1"].languages
    assert len(tags) == 99
    assert set(tags) ^ set(LANGUAGES) == {"jv", "jw"}


def test_one_language_or_several() -> None:
    """Both is an error; who goes on with a warning gets the list, which says more."""
    with pytest.raises(ConfigError, match="language and languages say the same there"):
        body(Config(language="en", languages=["en", "de"]))
    config = Config(language="en", languages=["en", "de"], on_unsupported="warn")
    assert body(config)["language_config"]["languages"] == ["en", "de"]


@pytest.mark.parametrize("silence", [0.01, 0.05, 1, 10])
def test_turn_silence_within_the_limits(silence: float) -> None:
    """In seconds, as on our side."""
    assert body(Config(turn_silence=silence))["endpointing"] == silence


@pytest.mark.parametrize("silence", [0, 0.009, 10.1, 60])
def test_turn_silence_beyond_the_limits(silence: float) -> None:
    """Is refused with the limits."""
    with pytest.raises(ConfigError, match=f"gladia: turn_silence must be 0.01 to 10 s, not {silence:g}"):
        asking(Config(turn_silence=silence))


@pytest.mark.parametrize(
    ("option", "value", "alternative"),
    [
        ("diarization", True, "use channels='separate' where speakers have their own"),
        ("max_turn_silence", 2.0, "use turn_silence, which every turn ends after"),
        (
            "profanity_filter",
            True,
            "realtime_processing.custom_spelling_config in extra writes other words for those you list",
        ),
        (
            "pii_redaction",
            True,
            "realtime_processing.named_entity_recognition in extra tells behind a turn what is to be taken out",
        ),
    ],
)
def test_what_the_vendor_lacks(option: str, value: Any, alternative: str) -> None:
    """Is refused with what comes nearest, or left out where the caller prefers that."""
    with pytest.raises(UnsupportedOption) as caught:
        asking(configure({"model": "solaria-1", option: value}))
    error = caught.value
    assert (error.option, error.provider, error.model, error.alternative) == (option, NAME, "solaria-1", alternative)
    config = configure({"on_unsupported": "warn", option: value})
    assert body(config) == body()


@pytest.mark.parametrize("option", ["diarization", "profanity_filter", "pii_redaction"])
def test_what_the_vendor_lacks_is_off(option: str) -> None:
    """So to ask for that is no error."""
    assert body(configure({option: False})) == body()


def test_formatting_cannot_be_turned_off() -> None:
    """It is always on."""
    assert body(Config(formatting=True)) == body()
    with pytest.raises(ConfigError, match="gladia: formatting cannot be turned off"):
        asking(Config(formatting=False))


@pytest.mark.parametrize("region", ["asia", "EU", "eu-central"])
def test_a_region_that_the_vendor_lacks(region: str) -> None:
    """There are two."""
    with pytest.raises(ConfigError, match=f"gladia: region must be eu or us, not '{region}'"):
        asking(Config(region=region))


@pytest.mark.parametrize(
    ("audio", "wire"),
    [
        (AudioFormat(), AudioFormat()),
        (AudioFormat(24_000), AudioFormat(32_000)),
        (AudioFormat(22_050), AudioFormat(32_000)),
        (AudioFormat(11_025), AudioFormat(16_000)),
        (AudioFormat(96_000), AudioFormat(48_000)),
        (AudioFormat(8_000, "pcm_mulaw"), AudioFormat(8_000, "pcm_mulaw")),
        (AudioFormat(48_000, "pcm_f32le"), AudioFormat(48_000, "pcm_s16le")),
        (AudioFormat(44_100, "pcm_s24le"), AudioFormat(44_100, "pcm_s24le")),
    ],
)
def test_the_wire_format(audio: AudioFormat, wire: AudioFormat) -> None:
    """The least rate that keeps all of the band; every format on the wire has a spelling."""
    assert CAPABILITIES.wire_format(NAME, audio, separate=False) == wire
    assert body(Config(audio=wire))["sample_rate"] == wire.sample_rate


def test_eight_channels_are_kept_apart() -> None:
    """And no more."""
    eight = AudioFormat(channels=8)
    assert CAPABILITIES.wire_format(NAME, eight, separate=True) == eight
    assert body(Config(audio=eight, channels="separate"))["channels"] == 8
    with pytest.raises(ConfigError, match="it keeps 8 apart"):
        CAPABILITIES.wire_format(NAME, AudioFormat(channels=9), separate=True)


@pytest.mark.parametrize(
    "options",
    [
        {"language": "de"},
        {"language": "jv"},
        {"languages": ("en", "jv")},
        {"partials": True},
        {"partials": False},
        {"turn_silence": 0.3},
        {"keyterms": ("Kestrel", "two words")},
    ],
)
def test_a_row_reads_what_it_writes(options: dict[str, Any]) -> None:
    """So a client of this dialect gets what it asked for behind another provider."""
    native = encode(Config(**options), OPTIONS, NAME).native
    read = {name: value for name, value in decode(native, OPTIONS, NAME).items() if value not in (None, ())}
    assert read == options


@pytest.mark.parametrize(
    ("native", "value"),
    [
        ("language_config", 7),
        ("language_config", {"languages": "en"}),
        ("language_config", {"languages": [7]}),
        ("endpointing", "soon"),
        ("endpointing", True),
        ("realtime_processing", {"custom_vocabulary": True}),
        ("realtime_processing", {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": [{}]}}),
        ("messages_config", 7),
    ],
)
def test_nonsense_is_the_clients_fault(native: str, value: Any) -> None:
    """And named."""
    with pytest.raises(BadRequest) as caught:
        decode({native: value}, OPTIONS, NAME)
    assert caught.value.code == native


def test_terms_in_both_forms_are_read() -> None:
    """A string, or an object with a value; of a vocabulary that is switched off nothing."""
    vocabulary = ["Kestrel", {"value": "Oyelaran", "intensity": 0.4}, " "]
    switched = {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": vocabulary}}
    assert decode({"realtime_processing": switched}, OPTIONS, NAME) == {"keyterms": ("Kestrel", "Oyelaran")}
    assert decode({"realtime_processing": {**switched, "custom_vocabulary": False}}, OPTIONS, NAME) == {"keyterms": ()}
