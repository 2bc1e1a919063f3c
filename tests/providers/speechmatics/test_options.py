"""What both paths can be told in neutral words, and what is refused before anything is dialled."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.speechmatics.options import (
    AGENT,
    AGENT_OPTIONS,
    CAPABILITIES,
    LANGUAGES,
    MELIA,
    NAME,
    OPTIONS,
    PACKS,
    RT,
    RT_OPTIONS,
    base,
    delimiter,
    family,
    locale,
    pack,
    tag,
)

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config, configure
from aai_migrate.errors import AudioError, BadRequest, ConfigError
from aai_migrate.options import decode

from .wire import asking, transcription

MULTI = {"language": "multi", "model": "melia-1"}


def native(**options: Any) -> dict[str, Any]:
    """What is told beyond the defaults."""
    known = transcription(Config(model=options.get("model")))
    return {name: value for name, value in transcription(configure(options)).items() if known.get(name) != value}


def refusal(**options: Any) -> str:
    """Why it cannot be told."""
    with pytest.raises(ConfigError) as caught:
        asking(configure(options))
    return str(caught.value)


# Languages.


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", {}),
        ("en-US", {"output_locale": "en-US"}),
        ("en-GB", {"output_locale": "en-GB"}),
        ("EN-gb", {"output_locale": "en-GB"}),
        ("en-GB-oxendict", {"output_locale": "en-GB"}),
        ("en-AU", {"output_locale": "en-AU"}),
        ("en-IN", {}),
        ("de-CH", {"language": "de"}),
        ("pt-BR", {"language": "pt"}),
        ("nb", {"language": "no"}),
        ("nb-NO", {"language": "no"}),
        ("nn", {"language": "no"}),
        ("no", {"language": "no"}),
        ("fil", {"language": "tl"}),
        ("tl", {"language": "tl"}),
        ("zh", {"language": "cmn"}),
        ("cmn", {"language": "cmn"}),
        ("zh-CN", {"language": "cmn", "output_locale": "cmn-Hans"}),
        ("zh-TW", {"language": "cmn", "output_locale": "cmn-Hant"}),
        ("zh-Hans", {"language": "cmn", "output_locale": "cmn-Hans"}),
        ("zh-Hant-TW", {"language": "cmn", "output_locale": "cmn-Hant"}),
        ("cmn-Hant", {"language": "cmn", "output_locale": "cmn-Hant"}),
        ("zh-HK", {"language": "yue"}),
        ("zh-yue", {"language": "yue"}),
        ("yue", {"language": "yue"}),
        ("ja-JP", {"language": "ja"}),
        ("cmn_en", {"language": "cmn_en"}),
    ],
)
def test_a_language(language: str, told: dict[str, Any]) -> None:
    """Is the vendor's code, which knows no regions, and its spelling where it has several."""
    assert native(language=language) == told
    assert native(languages=(language,)) == told


@pytest.mark.parametrize(
    ("languages", "told"),
    [
        (("en", "es"), {"language": "es", "domain": "bilingual-en"}),
        (("es-MX", "en-US"), {"language": "es", "domain": "bilingual-en"}),
        (("en", "zh"), {"language": "cmn_en"}),
        (("zh-TW", "en"), {"language": "cmn_en"}),
        (("ar", "en"), {"language": "ar_en"}),
        (("ms", "en"), {"language": "en_ms"}),
        (("ta", "en"), {"language": "en_ta"}),
        (("zh", "en", "ms", "ta"), {"language": "cmn_en_ms_ta"}),
    ],
)
def test_several_languages(languages: tuple[str, ...], told: dict[str, Any]) -> None:
    """Are a pack, in any order."""
    assert native(languages=languages) == told


def test_a_model_that_finds_the_language_is_given_hints() -> None:
    """One steers it; none is needed."""
    assert transcription(Config(model="melia-1")) | MULTI == transcription(Config(model="melia-1"))
    assert native(model="melia-1", languages=("de-CH", "zh-TW", "de-AT")) == {"language_hints": ["de", "cmn"]}
    assert native(model="melia-1", language="de-CH") == {"language": "de"}
    strict = {"extra": {NAME: {"language_hints_strict": True}}}
    assert native(model="melia-1", languages=("de", "fr"), **strict) == {
        "language_hints": ["de", "fr"],
        "language_hints_strict": True,
    }


@pytest.mark.parametrize("language", ["tlh", "multi", "auto", "xx-YY", "ar_fr"])
def test_a_language_that_is_not_offered(language: str) -> None:
    """Is refused with those that are; who prefers a warning gets the default with one."""
    told = refusal(language=language)
    assert f"speechmatics: language {language!r} is not offered; known: ar, ba, be" in told
    assert native(language=language, on_unsupported="warn") == {}


def test_languages_that_have_no_pack() -> None:
    """Are refused with those that have, and with the model that needs none."""
    told = refusal(languages=("de", "fr"))
    assert "has no pack for de+fr; known: ar+en; zh+en; en+ms; en+ta; zh+en+ms+ta; es+en" in told


def test_a_language_in_the_vendors_own_word_is_not_checked() -> None:
    """Packs come faster than a table of them is printed again."""
    assert native(extra={NAME: {"language": "tlh"}}) == {"language": "tlh"}


@pytest.mark.parametrize("code", [*LANGUAGES])
def test_every_code_reads_back(code: str) -> None:
    """As a tag of which it is the code."""
    assert base(tag(code)) == code
    assert pack([tag(code)]) is None


@pytest.mark.parametrize(
    ("code", "spelling", "expected"),
    [
        ("en", "en-GB", "en-GB"),
        ("en", None, "en"),
        ("cmn", "cmn-Hant", "zh-Hant"),
        ("cmn", "cmn-Hans", "zh-Hans"),
        ("cmn", None, "zh"),
        ("de", "en-GB", "de"),
    ],
)
def test_a_code_and_its_spelling_are_a_tag(code: str, spelling: str | None, expected: str) -> None:
    """The same that asks for them."""
    assert tag(code, spelling) == expected
    assert base(expected) == code
    assert locale(expected) == (spelling if code != "de" else None)


@pytest.mark.parametrize(("language", "between"), [("en", " "), ("ja", ""), ("cmn", ""), ("yue", ""), ("cmn_en", " ")])
def test_what_stands_between_words(language: str, between: str) -> None:
    """Where the greeting does not say."""
    assert delimiter(language) == between


# Models.


@pytest.mark.parametrize(
    ("model", "known"),
    [
        (None, RT),
        ("standard", RT),
        ("enhanced", RT),
        ("ultra", RT),
        ("melia-1", MELIA),
        ("melia-2", MELIA),
        ("linden-1", AGENT),
        ("linden-2", AGENT),
    ],
)
def test_a_model_behaves_as_its_name_says(model: str | None, known: str) -> None:
    """Also one that is newer than the table."""
    assert family(model) == known


# The others.


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"partials": False}, {"enable_partials": False}),
        ({"formatting": False}, {"punctuation_overrides": {"permitted_marks": []}}),
        ({"formatting": True}, {"punctuation_overrides": {"permitted_marks": ["all"]}}),
        ({"turn_silence": 0}, {"conversation_config": {"end_of_utterance_silence_trigger": 0}}),
        ({"turn_silence": 1.5}, {"conversation_config": {"end_of_utterance_silence_trigger": 1.5}}),
        ({"diarization": True}, {"diarization": "speaker"}),
        ({"diarization": False}, {"diarization": "none"}),
        ({"keyterms": ("a b", "c")}, {"additional_vocab": [{"content": "a b"}, {"content": "c"}]}),
        ({"profanity_filter": False, "pii_redaction": False}, {}),
        ({"model": "linden-1", "formatting": True}, {}),
        ({"model": "linden-1", "partials": False}, {"enable_partials": False}),
        ({"model": "linden-1", "language": "de-CH"}, {"language": "de"}),
        ({"model": "linden-1", "keyterms": ("c",)}, {"additional_vocab": [{"content": "c"}]}),
        ({"extra": {"gladia": {"max_delay": 1.0}}}, {}),
    ],
)
def test_what_is_told(options: dict[str, Any], told: dict[str, Any]) -> None:
    """One neutral word, one of the vendor's."""
    assert native(**options) == told


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"turn_silence": 2.1}, "turn_silence must be 0 to 2 s, not 2.1"),
        ({"keyterms": ("x",) * 1001}, "keyterms takes at most 1000 terms, not 1001"),
        ({"keyterms": ("one two three four five six seven",)}, "takes terms of at most 6 words; one has 7"),
        ({"region": "mars"}, "region must be eu, us or global, not 'mars'"),
        ({"model": "linden-1", "formatting": False}, "formatting cannot be turned off"),
        ({"model": "linden-1", "region": "mars"}, "region must be eu, us or global"),
    ],
)
def test_what_is_beyond_the_vendors_limits(options: dict[str, Any], text: str) -> None:
    """Is refused, and no term is quoted; who prefers a warning goes on without it."""
    told = refusal(**options)
    assert text in told
    assert "seven" not in told
    assert native(**options, on_unsupported="warn") == {}


# The way back.


@pytest.mark.parametrize(
    ("told", "options"),
    [
        ({"language": "de"}, {"language": "de", "languages": ()}),
        ({"language": "cmn_en"}, {"language": None, "languages": ("zh", "en")}),
        ({"enable_partials": True}, {"partials": True}),
        ({"punctuation_overrides": {"permitted_marks": []}}, {"formatting": False}),
        ({"punctuation_overrides": {"permitted_marks": ["all"]}}, {"formatting": True}),
        ({"punctuation_overrides": {"sensitivity": 0.4}}, {"formatting": None}),
        ({"conversation_config": {"end_of_utterance_silence_trigger": 0.6}}, {"turn_silence": 0.6}),
        ({"conversation_config": {}}, {"turn_silence": None}),
        ({"additional_vocab": ["a", {"content": "b", "sounds_like": ["c"]}, {}, 7, " "]}, {"keyterms": ("a", "b")}),
        ({"diarization": "channel_and_speaker"}, {"diarization": True}),
        ({"diarization": "channel"}, {"diarization": False}),
    ],
)
def test_what_a_client_of_ours_means(told: dict[str, Any], options: dict[str, Any]) -> None:
    """In neutral words."""
    rows = [row for row in RT_OPTIONS if RT in row.models]
    assert decode(told, rows, NAME) == options


@pytest.mark.parametrize(("name", "value"), [("language", 7), ("language", ""), ("enable_partials", "yes")])
def test_what_no_client_means(name: str, value: Any) -> None:
    """Is refused by name."""
    with pytest.raises(BadRequest, match=f"Invalid '{name}'"):
        decode({name: value}, RT_OPTIONS, NAME)


# Audio.


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_f32le", "pcm_mulaw"])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_audio_that_goes_out_unconverted(encoding: Any, rate: int) -> None:
    """At any usual rate, one channel or two."""
    audio = AudioFormat(rate, encoding)
    assert CAPABILITIES.wire_format(NAME, audio, separate=False) == audio
    stereo = AudioFormat(rate, encoding, 2)
    assert CAPABILITIES.wire_format(NAME, stereo, separate=True) == stereo
    assert CAPABILITIES.wire_format(NAME, stereo, separate=False) == audio


def test_audio_that_is_converted() -> None:
    """What the wire has no word for."""
    for encoding in ("pcm_alaw", "pcm_s24le", "pcm_s32le"):
        converted = CAPABILITIES.wire_format(NAME, AudioFormat(16_000, encoding), separate=False)
        assert converted == AudioFormat(16_000)
    assert CAPABILITIES.wire_format(NAME, AudioFormat(96_000), separate=False).sample_rate == 48_000
    with pytest.raises(ConfigError, match="it keeps 2 apart, not 3"):
        CAPABILITIES.wire_format(NAME, AudioFormat(channels=3), separate=True)
    with pytest.raises(AudioError, match="3 channels cannot be mixed"):
        CAPABILITIES.wire_format(NAME, AudioFormat(channels=3), separate=False)


def test_every_row_names_its_page() -> None:
    """And every pack, model and row belongs together."""
    assert all(row.source.startswith("https://docs.speechmatics.com/") for row in OPTIONS)
    assert all(row.models == (AGENT,) for row in AGENT_OPTIONS)
    assert {row.name for row in RT_OPTIONS if row.hot} == {"partials", "turn_silence"}
    assert {base(code) for codes in PACKS.values() for code in codes} <= {*LANGUAGES}
