"""Every option of every family of models: what is told, and what the other half makes of it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3 import PROVIDER
from aai_migrate_providers.assemblyai_v3.options import MODELS, NAME, NATIVE, OPTIONS, RESERVED, US, US_MULTI
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import rehearse
from aai_migrate.options import Option

from ..told import (
    Query,
    asked,
    check_again,
    check_complete,
    check_exact,
    check_lacking,
    check_never_breaks,
    check_told,
    configs,
    legal,
    query,
    row_of,
    url,
)

EXAMPLES = {
    "us": "universal-streaming-english",
    "us-multi": "universal-streaming-multilingual",
    "u3": "u3-rt-pro",
    "w": "whisper-rt",
}
ROWS = [(EXAMPLES[family], row) for family in EXAMPLES for row in OPTIONS if row.counts_for(family)]
AUDIO = {"sample_rate": ["16000"], "encoding": ["pcm_s16le"]}
THIRTY_TWO = "en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh ru ko ca gl ro et fa yue af mr zu xh nn"


def named(value: object) -> str:
    """How a case is called."""
    return value.name if isinstance(value, Option) else str(value)


def rows(*, support: str, told: bool) -> list[tuple[str, Option]]:
    """Models with their rows of one kind, that have a word on the wire or none."""
    return [(model, row) for model, row in ROWS if row.support == support and bool(row.native) is told]


def test_there_is_one_row_for_every_option_of_every_family() -> None:
    """And an example of each family."""
    check_complete(OPTIONS, [*EXAMPLES])
    assert {model.family for model in MODELS.values()} == set(EXAMPLES)
    assert {family: MODELS[model].family for family, model in EXAMPLES.items()} == {f: f for f in EXAMPLES}


@pytest.mark.parametrize(("model", "row"), rows(support="exact", told=True), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_exact_comes_back_as_it_was(model: str, row: Option, data: st.DataObject) -> None:
    """Milliseconds, and terms with whatever a query or JSON has to escape."""
    check_exact(PROVIDER, Config(model=model, **{row.name: data.draw(legal(row, MODELS[model].languages))}), row)


@pytest.mark.parametrize(("model", "row"), rows(support="approximate", told=True), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_approximate_is_told_alike_again(model: str, row: Option, data: st.DataObject) -> None:
    """What is lost is lost once."""
    check_again(PROVIDER, Config(model=model, **{row.name: data.draw(legal(row, MODELS[model].languages))}), row)


@pytest.mark.parametrize(
    ("model", "row"),
    [(model, row) for model, row in ROWS if not row.native and row.support != "unsupported"],
    ids=named,
)
@settings(max_examples=40)
@given(data=st.data())
def test_what_needs_no_word_is_taken_without_one(model: str, row: Option, data: st.DataObject) -> None:
    """The model is so by itself, or the host says it."""
    found = asked(PROVIDER, model=model, **{row.name: data.draw(legal(row, MODELS[model].languages))})
    assert query(found) == query(asked(PROVIDER, model=model))
    assert found.warned == ()


@pytest.mark.parametrize(("model", "row"), rows(support="unsupported", told=False), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_lacking_is_refused_with_what_comes_nearest(model: str, row: Option, data: st.DataObject) -> None:
    """Or left out, where a warning is wanted."""
    check_lacking(PROVIDER, Config(model=model, **{row.name: data.draw(legal(row, ()))}), row)


WORDS: list[tuple[str, dict[str, Any], Query]] = [
    ("u3-rt-pro", {"language": "de-CH"}, {"language_codes": ['["de"]']}),
    ("u3-rt-pro", {"languages": ("de-CH", "en", "de-AT")}, {"language_codes": ['["de", "en"]']}),
    ("u3-rt-pro", {"partials": False}, {"include_partial_turns": ["false"]}),
    ("universal-streaming-english", {"formatting": False}, {"format_turns": ["false"]}),
    ("whisper-rt", {"formatting": True}, {"format_turns": ["true"]}),
    ("u3-rt-pro", {"turn_silence": 0.7}, {"min_turn_silence": ["700"]}),
    ("u3-rt-pro", {"max_turn_silence": 20}, {"max_turn_silence": ["20000"]}),
    ("u3-rt-pro", {"keyterms": ("Weber", 'a "b", %')}, {"keyterms_prompt": ['["Weber", "a \\"b\\", %"]']}),
    ("u3-rt-pro", {"keyterms": (), "languages": ()}, {}),
    ("u3-rt-pro", {"diarization": True}, {"speaker_labels": ["true"]}),
    ("u3-rt-pro", {"profanity_filter": True}, {"filter_profanity": ["true"]}),
    ("u3-rt-pro", {"pii_redaction": False}, {"redact_pii": ["false"]}),
]


@pytest.mark.parametrize(("model", "options", "words"), WORDS, ids=str)
def test_the_words_are_those_of_the_vendors_page(model: str, options: dict[str, Any], words: Query) -> None:
    """Beside what is sent unasked."""
    assert query(asked(PROVIDER, model=model, **options)) == query(asked(PROVIDER, model=model)) | words


def test_every_word_is_in_that_table() -> None:
    """None goes unchecked."""
    listed = {
        (name, row_of(OPTIONS, MODELS[model].family, name).native) for model, options, _ in WORDS for name in options
    }
    assert listed == {(row.name, row.native) for row in OPTIONS if row.native}


def test_what_may_change_in_mid_session() -> None:
    """As the vendor's table of parameters has it."""
    hot = {row.native for row in OPTIONS if row.hot}
    assert hot == {
        "language_codes",
        "format_turns",
        "min_turn_silence",
        "max_turn_silence",
        "keyterms_prompt",
        "filter_profanity",
    }


@pytest.mark.parametrize("model", [None, *MODELS])
def test_what_is_sent_unasked(model: str | None) -> None:
    """The table of defaults, nothing else, and all of it in the settings that are shown."""
    found = asked(PROVIDER, model=model) if model else asked(PROVIDER)
    expected = {**AUDIO, "speech_model": [model or "u3-rt-pro"]}
    if model and MODELS[model].family in (US, US_MULTI):
        expected["format_turns"] = ["true"]
    assert query(found) == expected
    assert found.started is not None
    shown = {name: [str(value) if value is not True else "true"] for name, value in found.started.settings.items()}
    assert shown == expected


@pytest.mark.parametrize(
    ("region", "host"),
    [(None, "streaming"), ("us", "streaming.us"), ("eu", "streaming.eu")],
)
def test_a_region_is_a_host(region: str | None, host: str) -> None:
    """Without one the nearest answers."""
    assert url(asked(PROVIDER, region=region)).startswith(f"wss://{host}.assemblyai.com/v3/ws?")


# Models.


@pytest.mark.parametrize(
    ("model", "since", "replacement"),
    [
        ("universal-3-pro", datetime.date(2026, 7, 31), "universal-3-5-pro"),
        ("universal-3-5-pro-realtime", datetime.date(2026, 9, 24), "universal-3-5-pro"),
        ("u3-pro", datetime.date(2026, 9, 24), "u3-rt-pro"),
    ],
)
def test_a_model_that_is_refused(model: str, since: datetime.date, replacement: str) -> None:
    """Is told of with the one to take instead, which is in use; it is asked for all the same."""
    found = asked(PROVIDER, model=model)
    assert [(warned.code, warned.message) for warned in found.warned] == [
        ("deprecated_model", f"assemblyai-v3: model {model} is retired since {since}; use {replacement}")
    ]
    assert query(found)["speech_model"] == [model]
    assert asked(PROVIDER, model=replacement).warned == ()


def test_the_models_that_are_taken() -> None:
    """What the service listed when it refused another, but for one that begins with an underscore."""
    assert {name for name, model in MODELS.items() if not model.retired} == {
        "universal-streaming-english",
        "universal-streaming-multilingual",
        "whisper-rt",
        "u3-rt-pro",
        "u3-rt-pro-beta-1",
        "u3-rt-agent",
        "universal-3-5-pro",
        "universal-3-6-pro",
        "universal-3-6",
        "universal-3-7-preview",
    }


@pytest.mark.parametrize(
    ("model", "languages"),
    [
        ("universal-streaming-english", "en"),
        ("universal-streaming-multilingual", "en es de fr it pt"),
        ("u3-rt-pro", THIRTY_TWO),
        ("universal-3-6", THIRTY_TWO),
        ("whisper-rt", ""),
    ],
)
def test_the_languages_of_a_model(model: str, languages: str) -> None:
    """As the vendor lists them; of Whisper it lists none."""
    assert " ".join(PROVIDER.capabilities.models[model].languages) == languages


@pytest.mark.parametrize("mode", ["wait", "revise", "raw"])
@pytest.mark.parametrize(
    ("model", "formats"),
    [("universal-streaming-english", True), ("universal-streaming-multilingual", True), ("u3-rt-pro", False)],
)
def test_a_formatted_end_is_asked_for_where_one_is_to_be_had_and_wanted(model: str, formats: bool, mode: Any) -> None:
    """Universal-Streaming has raw and formatted ends, of which who wants the raw ones asks for no other."""
    found = query(asked(PROVIDER, model=model, formatted_turns=mode))
    assert ("format_turns" in found) is (formats and mode != "raw")


# What holds of all settings.


@given(configs(NAME, [*MODELS], [*NATIVE], extra=False))
def test_each_wrong_option_is_told_once(config: Config) -> None:
    """As a warning each, or all in one error; the vendor's own half has nothing left to refuse."""
    found = check_told(PROVIDER, config)
    assert found is None or found.failed is None


@given(configs(NAME, [*MODELS, "universal-4"], [*NATIVE, *RESERVED]))
def test_no_setting_breaks_anything(config: Config) -> None:
    """Not even what no query spells."""
    check_never_breaks(PROVIDER, config)


def test_one_error_names_all_that_is_wrong() -> None:
    """What lacks, what is beyond a limit, and what no query spells."""
    config = Config(
        model="whisper-rt",
        keyterms=("Weber",),
        turn_silence=0.01,
        extra={NAME: {"prompt": object(), "webhook_url": "\udc80", "vad_threshold": 0.5}},
    )
    with pytest.raises(UnsupportedOption) as caught:
        rehearse(PROVIDER, config)
    error = caught.value
    assert error.options == {"keyterms": "choose a Universal model"}
    takes = "takes text, a number, true or false, or JSON"
    assert error.also == (
        "assemblyai-v3: turn_silence must be 0.05 to 10 s, not 0.01",
        f"assemblyai-v3: prompt: {takes}; not this object",
        f"assemblyai-v3: webhook_url: {takes}; not this str",
    )
    found = rehearse(PROVIDER, evolve(config, on_unsupported="warn"))
    assert [warned.code for warned in found.warned] == ["invalid", "invalid", "unsupported", "unsupported"]
    assert query(found) == {**AUDIO, "speech_model": ["whisper-rt"], "vad_threshold": ["0.5"]}


def test_a_wrong_word_in_extra_does_not_undo_the_neutral_setting() -> None:
    """Who prefers a warning goes on with that."""
    config = Config(keyterms=("Weber",), on_unsupported="warn", extra={NAME: {"keyterms_prompt": {"Weber"}}})
    assert query(rehearse(PROVIDER, config))["keyterms_prompt"] == ['["Weber"]']
