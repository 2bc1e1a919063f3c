"""What both paths can be told in neutral words, and what is refused before anything is dialled."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.deepgram.options import (
    CUSTOM,
    FLUX,
    FLUX_CAPABILITIES,
    FLUX_MULTI,
    FLUX_OPTIONS,
    LEGACY,
    LISTEN_CAPABILITIES,
    LISTEN_OPTIONS,
    MODELS,
    NAME,
    NOVA2,
    NOVA2_EN,
    NOVA3,
    NOVA3_EN,
    family,
    flag,
    is_flux,
)

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config, configure
from aai_migrate.errors import BadRequest, ConfigError, UnsupportedOption
from aai_migrate.options import decode, encode

LISTED = """nova-3 nova-3-general nova-3-medical nova-2 nova-2-general nova-2-meeting nova-2-finance
nova-2-conversationalai nova-2-voicemail nova-2-video nova-2-medical nova-2-drivethru nova-2-automotive nova-2-phonecall
nova-2-atc nova nova-general nova-phonecall nova-medical enhanced enhanced-general enhanced-meeting enhanced-phonecall
enhanced-finance base meeting phonecall finance conversationalai voicemail video flux-general-en flux-general-multi"""
SPANISH = ("en", "es")
TEN = ("de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru")


def native(model: str, **options: Any) -> dict[str, Any]:
    """What *model* is told."""
    rows = FLUX_OPTIONS if is_flux(model) else LISTEN_OPTIONS
    return encode(configure({"model": model, **options}), rows, NAME, model=model, family=family(model)).native


def refusal(model: str, **options: Any) -> str:
    """Why *model* cannot be told."""
    with pytest.raises(ConfigError) as caught:
        native(model, **options)
    return str(caught.value)


# Models.


@pytest.mark.parametrize("model", LISTED.split())
def test_the_models_of_the_vendors_pages_are_known(model: str) -> None:
    """So none of them is asked for with a warning; Flux is the only one at its path."""
    assert MODELS[model].name == model
    assert is_flux(model) is model.startswith("flux")
    assert (model in FLUX_CAPABILITIES.models) is model.startswith("flux")


@pytest.mark.parametrize(
    ("model", "known"),
    [
        (None, NOVA3),
        ("nova-3", NOVA3),
        ("nova-3-medical", NOVA3_EN),
        ("nova-3-newer", NOVA3),
        ("nova-2", NOVA2),
        ("nova-2-atc", NOVA2_EN),
        ("nova-2-newer", NOVA2),
        ("nova", LEGACY),
        ("nova-general", LEGACY),
        ("base-newer", LEGACY),
        ("enhanced-newer", LEGACY),
        ("flux-general-en", FLUX),
        ("flux-general-multi", FLUX_MULTI),
        ("flux-medical-multi-2", FLUX_MULTI),
        ("flux-2", FLUX),
        ("1dbdfb4d-85b2-4659-9831-16b3c76229aa", CUSTOM),
    ],
)
def test_a_model_behaves_as_its_name_says(model: str | None, known: str) -> None:
    """Also one that is newer than the table; of a customer's own nothing is known."""
    assert family(model) == known


# What is sent.


@pytest.mark.parametrize(
    ("model", "options", "asked"),
    [
        ("nova-3", {}, {}),
        ("nova-3", {"language": "en-US"}, {"language": "en-US"}),
        ("nova-3", {"language": "pt-BR"}, {"language": "pt-BR"}),
        ("nova-3", {"language": "multi"}, {"language": "multi"}),
        ("nova-3", {"languages": ("en", "de")}, {"language": "multi"}),
        ("nova-3", {"languages": TEN}, {"language": "multi"}),
        ("nova-2", {"language": "multi"}, {"language": "multi"}),
        ("nova-2", {"languages": SPANISH}, {"language": "multi"}),
        ("nova-2-medical", {"language": "en-US"}, {"language": "en-US"}),
        ("base", {"language": "tr"}, {"language": "tr"}),
        ("nova-3", {"partials": True}, {"interim_results": True}),
        ("nova-3", {"partials": False}, {"interim_results": False}),
        ("nova-3", {"formatting": True}, {"punctuate": True}),
        ("nova-3", {"formatting": False}, {"punctuate": False}),
        ("nova-3", {"turn_silence": 0.3}, {"endpointing": 300}),
        ("nova-3", {"turn_silence": 0.01}, {"endpointing": 10}),
        ("nova-3", {"turn_silence": 1.0005}, {"endpointing": 1000}),
        ("nova-3", {"max_turn_silence": 1}, {"utterance_end_ms": 1000}),
        ("nova-3", {"max_turn_silence": 5.0}, {"utterance_end_ms": 5000}),
        ("nova-3", {"keyterms": ("Ankh Morpork", "tretinoin")}, {"keyterm": ["Ankh Morpork", "tretinoin"]}),
        ("nova-3-medical", {"keyterms": ("tretinoin:2",)}, {"keyterm": ["tretinoin:2"]}),
        ("nova-2", {"keyterms": ("Kestrel",)}, {"keywords": ["Kestrel"]}),
        ("enhanced", {"keyterms": ("Kestrel", "Oyelaran")}, {"keywords": ["Kestrel", "Oyelaran"]}),
        ("nova-3", {"diarization": True}, {"diarize": True}),
        ("nova-3", {"profanity_filter": True}, {"profanity_filter": True}),
        ("nova-3", {"pii_redaction": True}, {"redact": ["pci", "ssn", "numbers"]}),
        ("nova-3", {"pii_redaction": False}, {"redact": ["false"]}),
        ("nova-3", {"region": "eu"}, {}),
        ("flux-general-en", {"language": "en"}, {}),
        ("flux-general-en", {"language": "en-GB"}, {}),
        ("flux-general-multi", {"language": "de-CH"}, {"language_hint": ["de"]}),
        ("flux-general-multi", {"languages": ("en-US", "es", "en")}, {"language_hint": ["en", "es"]}),
        ("flux-general-en", {"partials": True}, {}),
        ("flux-general-en", {"partials": False}, {}),
        ("flux-general-en", {"formatting": True}, {}),
        ("flux-general-en", {"max_turn_silence": 0.5}, {"eot_timeout_ms": 500}),
        ("flux-general-en", {"max_turn_silence": 60}, {"eot_timeout_ms": 60_000}),
        ("flux-general-en", {"keyterms": ("Ankh Morpork",)}, {"keyterm": ["Ankh Morpork"]}),
        ("flux-general-en", {"diarization": False}, {}),
        ("flux-general-en", {"profanity_filter": True}, {"profanity_filter": True}),
        ("flux-general-en", {"pii_redaction": True}, {"redact": ["numbers"]}),
        ("flux-general-en", {"pii_redaction": False}, {"redact": []}),
    ],
)
def test_a_neutral_word_and_the_vendors(model: str, options: dict[str, Any], asked: dict[str, Any]) -> None:
    """Seconds become milliseconds, languages of a model that finds them itself become ``multi`` or hints."""
    assert native(model, **options) == asked


@pytest.mark.parametrize(
    "options",
    [
        {"model": "nova-3", "language": "de"},
        {"model": "nova-3", "languages": TEN},
        {"model": "nova-2", "languages": SPANISH},
        {"model": "nova-3", "partials": False},
        {"model": "nova-3", "formatting": True},
        {"model": "nova-3", "turn_silence": 0.7},
        {"model": "nova-3", "max_turn_silence": 1.5},
        {"model": "nova-3", "keyterms": ("Kestrel", "two words")},
        {"model": "nova-3", "diarization": True},
        {"model": "nova-3", "profanity_filter": False},
        {"model": "nova-3", "pii_redaction": True},
        {"model": "nova-3", "pii_redaction": False},
        {"model": "nova-2", "keyterms": ("Kestrel", "Oyelaran")},
        {"model": "flux-general-multi", "language": "de"},
        {"model": "flux-general-multi", "languages": ("de", "en")},
        {"model": "flux-general-en", "max_turn_silence": 6.0},
        {"model": "flux-general-en", "keyterms": ("Kestrel",)},
        {"model": "flux-general-en", "pii_redaction": True},
    ],
)
def test_a_row_reads_what_it_writes(options: dict[str, Any]) -> None:
    """So a client of this dialect gets what it asked for behind another provider."""
    model = options["model"]
    rows = [row for row in (FLUX_OPTIONS if is_flux(model) else LISTEN_OPTIONS) if row.counts_for(family(model))]
    asked = decode(native(**options), rows, NAME)
    read = {name: value for name, value in asked.items() if value not in (None, ())}
    assert {"model": model, **read} == options


# What is refused.


@pytest.mark.parametrize(
    ("model", "option", "value", "alternative"),
    [
        ("flux-general-en", "turn_silence", 0.5, "use max_turn_silence, or eot_threshold in extra"),
        ("flux-general-multi", "turn_silence", 0.5, "use max_turn_silence, or eot_threshold in extra"),
        ("flux-general-en", "diarization", True, "choose model nova-3"),
        ("flux-general-en", "languages", ("en", "de"), "choose model flux-general-multi"),
        ("nova-3-medical", "languages", ("en", "de"), "choose model nova-3"),
        ("base", "languages", ("en", "es"), "choose model nova-3"),
    ],
)
def test_what_a_model_lacks_is_refused_with_what_comes_nearest(
    model: str, option: str, value: Any, alternative: str
) -> None:
    """The text names option, vendor and model, and says what to do; who prefers it goes on without."""
    with pytest.raises(UnsupportedOption) as caught:
        native(model, **{option: value})
    error = caught.value
    assert (error.option, error.provider, error.model) == (option, NAME, model)
    assert str(error).startswith(f"deepgram/{model} has no {option}; {alternative}")
    assert native(model, on_unsupported="warn", **{option: value}) == {}


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        ("nova-3", {"language": "tlh"}, "language 'tlh' is not offered by this model; known: af, ar, "),
        ("nova-3", {"language": "en_US"}, "language 'en_US' is not offered by this model"),
        ("nova-3", {"language": "-"}, "language '-' is not offered"),
        ("nova-2", {"language": "ta"}, "language 'ta' is not offered by this model"),
        ("nova-2-medical", {"language": "de"}, "language 'de' is not offered by this model; known: en"),
        ("nova-3-medical", {"language": "multi"}, "language 'multi' is not offered"),
        ("nova-2-atc", {"language": "multi"}, "language 'multi' is not offered"),
        ("flux-general-en", {"language": "de"}, "language 'de' is not offered by this model; known: en"),
        ("flux-general-multi", {"language": "pl"}, "language 'pl' is not offered by this model"),
        ("nova-3", {"languages": ("en", "pl")}, "languages 'pl' is not among those the model tells apart: de, en, "),
        ("nova-2", {"languages": ("en", "de")}, "languages 'de' is not among those the model tells apart: en, es"),
        ("flux-general-multi", {"languages": ("en", "zh")}, "languages 'zh' is not among those"),
        ("nova-3", {"language": "en", "languages": ("en", "de")}, "language and languages say the same there"),
        ("nova-3", {"turn_silence": 0.0}, "turn_silence must be 0.01 to 60 s, not 0"),
        ("nova-3", {"turn_silence": 0.009}, "turn_silence must be 0.01 to 60 s, not 0.009"),
        ("nova-3", {"max_turn_silence": 0.9}, "max_turn_silence must be 1 to 5 s, not 0.9"),
        ("nova-3", {"max_turn_silence": 5.1}, "max_turn_silence must be 1 to 5 s, not 5.1"),
        ("flux-general-en", {"max_turn_silence": 0.49}, "max_turn_silence must be 0.5 to 60 s, not 0.49"),
        ("nova-3", {"keyterms": ("x",) * 501}, "keyterms takes at most 500 tokens in all; these are 501 words"),
        ("nova-2", {"keyterms": ("x",) * 101}, "keyterms takes at most 100 terms, not 101"),
        ("flux-general-en", {"keyterms": ("x",) * 101}, "keyterms takes at most 100 terms, not 101"),
        ("nova-3", {"keyterms": ("a b c d e f",) * 84}, "keyterms takes at most 500 tokens in all; these are 504"),
        ("nova-2", {"keyterms": ("Kestrel:3",)}, "keyterms takes no colon in a term: it would be read as a boost"),
        ("flux-general-en", {"formatting": False}, "formatting cannot be turned off"),
        ("nova-3", {"region": "asia"}, "region must be us, eu or au, not 'asia'"),
        ("flux-general-en", {"region": "EU"}, "region must be us, eu or au, not 'EU'"),
    ],
)
def test_a_value_beyond_the_limits_is_refused_by_name(model: str, options: dict[str, Any], text: str) -> None:
    """With the vendor, the option, what is wrong and what would be right."""
    if "language and" in text:
        assert text in refusal(model, **options)
    else:
        assert refusal(model, **options).startswith(f"deepgram: {text}")


@pytest.mark.parametrize(
    ("model", "terms"),
    [
        ("nova-3", ("x",) * 100),
        ("nova-3", ("a b c d e",) * 100),
        ("nova-2", ("x",) * 100),
        ("flux-general-en", ("x",) * 100),
    ],
)
def test_as_many_terms_as_there_may_be(model: str, terms: tuple[str, ...]) -> None:
    """100 of them, and 500 words where tokens are counted."""
    assert next(iter(native(model, keyterms=terms).values())) == list(terms)


# Reading the vendor's words.


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("True", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
def test_a_boolean_in_any_case(text: str, value: bool) -> None:
    """Clients differ; some send True."""
    assert flag(text) is value


@pytest.mark.parametrize("text", ["", "yes", "tru", "2", "None"])
def test_what_is_no_boolean(text: str) -> None:
    """Is said to be none."""
    with pytest.raises(ValueError, match="expected true or false"):
        flag(text)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ({"language": "multi"}, {"language": None, "languages": TEN}),
        ({"language": "de-CH"}, {"language": "de-CH", "languages": ()}),
        ({"endpointing": False}, {"turn_silence": None}),
        ({"endpointing": True}, {"turn_silence": None}),
        ({"endpointing": 25}, {"turn_silence": 0.025}),
        ({"keyterm": ("Kestrel", " ")}, {"keyterms": ("Kestrel",)}),
        ({"redact": ("false",)}, {"pii_redaction": False}),
        ({"redact": ("true",)}, {"pii_redaction": True}),
        ({"redact": ("pci", "ssn")}, {"pii_redaction": True}),
    ],
)
def test_what_a_client_of_the_dialect_says(words: dict[str, Any], read: dict[str, Any]) -> None:
    """In neutral words; what says no more than the vendor's own choice is left to whoever is behind."""
    rows = [row for row in LISTEN_OPTIONS if row.counts_for(NOVA3)]
    assert decode(words, rows, NAME) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (("snuffleupagus:5.3",), ("snuffleupagus",)),
        (("plain",), ("plain",)),
        (("kansas:-10", "Kestrel"), ("Kestrel",)),
        (("two words:1",), ("two words",)),
        ((":3", " :3"), ()),
    ],
)
def test_keywords_lose_their_boosts(given: tuple[str, ...], read: tuple[str, ...]) -> None:
    """A word that is to be suppressed is no term."""
    rows = [row for row in LISTEN_OPTIONS if NOVA2 in row.models]
    assert decode({"keywords": given}, rows, NAME) == {"keyterms": read}


@pytest.mark.parametrize(("native_", "value"), [("interim_results", "maybe"), ("utterance_end_ms", "soon")])
def test_nonsense_is_the_clients_fault(native_: str, value: Any) -> None:
    """And named."""
    with pytest.raises(BadRequest) as caught:
        decode({native_: value}, LISTEN_OPTIONS, NAME)
    assert caught.value.code == native_


# Audio.


@pytest.mark.parametrize(
    ("model", "audio", "wire"),
    [
        ("nova-3", AudioFormat(), AudioFormat()),
        ("nova-3", AudioFormat(11_025), AudioFormat(11_025)),
        ("nova-3", AudioFormat(96_000), AudioFormat(48_000)),
        ("nova-3", AudioFormat(4_000), AudioFormat(8_000)),
        ("nova-3", AudioFormat(8_000, "pcm_mulaw"), AudioFormat(8_000, "pcm_mulaw")),
        ("nova-3", AudioFormat(8_000, "pcm_alaw"), AudioFormat(8_000, "pcm_alaw")),
        ("nova-3", AudioFormat(48_000, "pcm_f32le"), AudioFormat(48_000, "pcm_f32le")),
        ("nova-3", AudioFormat(44_100, "pcm_s24le"), AudioFormat(44_100, "pcm_s16le")),
        ("flux-general-en", AudioFormat(11_025), AudioFormat(16_000)),
        ("flux-general-en", AudioFormat(22_050), AudioFormat(24_000)),
        ("flux-general-en", AudioFormat(32_000), AudioFormat(44_100)),
        ("flux-general-en", AudioFormat(96_000, "pcm_s32le"), AudioFormat(48_000)),
    ],
)
def test_the_wire_format(model: str, audio: AudioFormat, wire: AudioFormat) -> None:
    """The least rate that keeps all of the band; Flux takes five rates only."""
    capabilities = FLUX_CAPABILITIES if is_flux(model) else LISTEN_CAPABILITIES
    assert capabilities.wire_format(NAME, audio, separate=False) == wire


def test_channels_kept_apart() -> None:
    """20 of them at one path, none at the other."""
    twenty = AudioFormat(channels=20)
    assert LISTEN_CAPABILITIES.wire_format(NAME, twenty, separate=True) == twenty
    for capabilities, audio in ((LISTEN_CAPABILITIES, AudioFormat(channels=21)), (FLUX_CAPABILITIES, twenty)):
        with pytest.raises(ConfigError, match=r"^deepgram has no channels='separate'"):
            capabilities.wire_format(NAME, audio, separate=True)
    assert FLUX_CAPABILITIES.wire_format(NAME, AudioFormat(channels=2), separate=False) == AudioFormat()


def test_nothing_is_set_of_its_own() -> None:
    """The rows send what was asked and no more; what a session always asks for is the client half's."""
    assert encode(Config(), (*LISTEN_OPTIONS, *FLUX_OPTIONS), NAME).native == {}
