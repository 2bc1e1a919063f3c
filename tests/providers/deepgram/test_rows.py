"""Every option of every family of models: what is told at both paths, and what the other half makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.deepgram import PROVIDER
from aai_migrate_providers.deepgram.client import RESERVED
from aai_migrate_providers.deepgram.options import FLUX_FAMILIES, LISTEN_FAMILIES, MODELS, NAME, OPTIONS
from aai_migrate_providers.deepgram.parameters import FLUX, LISTEN
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
    check_lenient,
    check_never_breaks,
    configs,
    heard,
    legal,
    query,
    row_of,
    url,
)

FAMILIES = (*LISTEN_FAMILIES, *FLUX_FAMILIES)
EXAMPLES = {
    "nova-3": "nova-3",
    "nova-3-en": "nova-3-medical",
    "nova-2": "nova-2-general",
    "nova-2-en": "nova-2-meeting",
    "legacy": "enhanced",
    "custom": "custom",
    "flux": "flux-general-en",
    "flux-multi": "flux-general-multi",
}
ROWS = [(EXAMPLES[family], row) for family in FAMILIES for row in OPTIONS if family in row.models]
LISTENS = {"encoding": ["linear16"], "sample_rate": ["16000"]}
UNASKED = {"interim_results": ["true"], "punctuate": ["true"], "endpointing": ["700"], "utterance_end_ms": ["1000"]}


def named(value: object) -> str:
    """How a case is called."""
    return value.name if isinstance(value, Option) else str(value)


def rows(*, support: str, told: bool) -> list[tuple[str, Option]]:
    """Models with their rows of one kind, that have a word on the wire or none."""
    return [(model, row) for model, row in ROWS if row.support == support and bool(row.native) is told]


def test_there_is_one_row_for_every_option_of_every_family() -> None:
    """And an example of each family."""
    check_complete(OPTIONS, FAMILIES)
    assert {model.family for model in MODELS.values()} == set(EXAMPLES)
    assert {family: MODELS[model].family for family, model in EXAMPLES.items()} == {f: f for f in FAMILIES}


@pytest.mark.parametrize(("model", "row"), rows(support="exact", told=True), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_exact_comes_back_as_it_was(model: str, row: Option, data: st.DataObject) -> None:
    """Tags with their regions, milliseconds, terms with whatever a query has to escape."""
    check_exact(PROVIDER, model, row, data.draw(legal(row, MODELS[model].languages)))


@pytest.mark.parametrize(("model", "row"), rows(support="approximate", told=True), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_approximate_is_told_alike_again(model: str, row: Option, data: st.DataObject) -> None:
    """What is lost is lost once."""
    check_again(PROVIDER, model, row, data.draw(legal(row, MODELS[model].languages)))


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
    check_lacking(PROVIDER, model, row, data.draw(legal(row, ())))


WORDS: list[tuple[str, dict[str, Any], Query]] = [
    ("nova-3", {"language": "pt-BR"}, {"language": ["pt-BR"]}),
    ("custom", {"language": "multi"}, {"language": ["multi"]}),
    ("nova-3", {"languages": ("de", "en-GB")}, {"language": ["multi"]}),
    ("nova-2", {"languages": ("en", "es")}, {"language": ["multi"]}),
    ("flux-general-multi", {"language": "de-CH"}, {"language_hint": ["de"]}),
    ("flux-general-multi", {"languages": ("de-CH", "en", "de")}, {"language_hint": ["de", "en"]}),
    ("nova-3", {"partials": True}, {"interim_results": ["true"]}),
    ("nova-3", {"formatting": False}, {"punctuate": ["false"]}),
    ("nova-3", {"turn_silence": 0.3}, {"endpointing": ["300"]}),
    ("nova-3", {"turn_silence": 2}, {"endpointing": ["2000"], "utterance_end_ms": ["2000"]}),
    ("nova-3", {"max_turn_silence": 1.5}, {"utterance_end_ms": ["1500"]}),
    ("flux-general-en", {"max_turn_silence": 6}, {"eot_timeout_ms": ["6000"]}),
    ("nova-3", {"keyterms": ("Ankh Morpork", "a:2")}, {"keyterm": ["Ankh Morpork", "a:2"]}),
    ("nova-2", {"keyterms": ("Kestrel", "Łódź")}, {"keywords": ["Kestrel", "Łódź"]}),
    ("flux-general-multi", {"keyterms": ("Ankh", "Morpork")}, {"keyterm": ["Ankh", "Morpork"]}),
    ("nova-3", {"keyterms": (), "languages": ()}, {}),
    ("base", {"diarization": True}, {"diarize": ["true"]}),
    ("nova-3", {"profanity_filter": False}, {"profanity_filter": ["false"]}),
    ("flux-general-en", {"profanity_filter": True}, {"profanity_filter": ["true"]}),
    ("nova-3", {"pii_redaction": True}, {"redact": ["pci", "ssn", "numbers"]}),
    ("nova-3", {"pii_redaction": False}, {"redact": ["false"]}),
    ("flux-general-en", {"pii_redaction": True}, {"redact": ["numbers"]}),
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
    """Terms of Nova-3, and what Flux's Configure has of ours."""
    hot = {(model, row.native) for model, row in ROWS if row.hot}
    assert hot == {
        *((model, "keyterm") for model in ("nova-3", "nova-3-medical", "custom")),
        *((model, "keyterm") for model in ("flux-general-en", "flux-general-multi")),
        *((model, "eot_timeout_ms") for model in ("flux-general-en", "flux-general-multi")),
        ("flux-general-multi", "language_hint"),
    }


NOVA_2 = "bg ca cs da de el en es et fi fr hi hu id it ja ko lt lv ms nl no pl pt ro ru sk sv th tr uk vi zh"


@pytest.mark.parametrize(
    ("model", "languages"),
    [
        ("nova-3", f"{NOVA_2} af ar be bn bs fa gu he hr hy ka kk kn mk ml mr ne pa sl sr ta te tl ur"),
        ("nova-3-medical", "en"),
        ("nova-2", NOVA_2),
        ("nova-2-phonecall", "en"),
        ("flux-general-en", "en"),
        ("flux-general-multi", "de en es fr hi it ja nl pt ru"),
        ("enhanced", ""),
        ("custom", ""),
    ],
)
def test_the_languages_of_a_model(model: str, languages: str) -> None:
    """As the vendor lists them; for some models it lists none."""
    assert sorted(MODELS[model].languages) == sorted(languages.split())


def test_no_model_is_out_of_use() -> None:
    """Of none do the vendor's pages say so."""
    assert [name for name, model in MODELS.items() if model.retired or model.deprecated] == []


def test_no_partials_means_no_word_gaps() -> None:
    """Which only interim results show."""
    words = {"interim_results": ["false"], "punctuate": ["true"], "endpointing": ["700"]}
    assert query(asked(PROVIDER, model="nova-3", partials=False)) == {"model": ["nova-3"], **LISTENS, **words}


@pytest.mark.parametrize("model", [None, *MODELS])
def test_what_is_sent_unasked(model: str | None) -> None:
    """The table of defaults, nothing else, and all of it in the settings that are shown."""
    found = asked(PROVIDER, model=model) if model else asked(PROVIDER)
    flux = (model or "").startswith("flux-")
    expected = {"model": [model or "nova-3"], **LISTENS, **({} if flux else UNASKED)}
    assert query(found) == expected
    assert found.started is not None
    shown = {name: [str(value).lower()] for name, value in found.started.settings.items()}
    assert shown == expected


@pytest.mark.parametrize(
    ("region", "host"),
    [
        (None, "wss://api.deepgram.com/"),
        ("us", "wss://api.deepgram.com/"),
        ("eu", "wss://api.eu.deepgram.com/"),
        ("au", "wss://api.au.deepgram.com/"),
    ],
)
@pytest.mark.parametrize(("model", "path"), [("nova-3", "v1/listen"), ("flux-general-en", "v2/listen")])
def test_a_region_is_a_host(model: str, path: str, region: str | None, host: str) -> None:
    """At both paths."""
    assert url(asked(PROVIDER, model=model, region=region)).startswith(f"{host}{path}?")


@pytest.mark.parametrize("model", ["nova-3", "flux-general-en"])
@pytest.mark.parametrize("mode", ["revise", "raw"])
def test_one_end_a_turn_needs_no_choice_of_two(model: str, mode: Any) -> None:
    """There is no raw end beside a formatted one: neither what is asked for nor what comes back changes."""
    assert query(asked(PROVIDER, model=model, formatted_turns=mode)) == query(asked(PROVIDER, model=model))


# What holds of all settings.

CHANGED = st.sampled_from([*LISTEN, *FLUX, *RESERVED, "force_end_turn", "interim_result"])


@given(configs(NAME, [*MODELS], [*LISTEN], extra=False))
def test_each_wrong_option_is_told_once(config: Config) -> None:
    """As a warning each, or all in one error; the vendor's own half has nothing left to refuse."""
    check_lenient(PROVIDER, config)


@given(configs(NAME, [*MODELS, "flux", "whisper", "nova-9"], [*LISTEN, *FLUX, *RESERVED, "force_end_turn"]))
def test_no_setting_breaks_anything(config: Config) -> None:
    """Not even what no query spells."""
    check_never_breaks(PROVIDER, config)


def test_one_error_names_the_vendors_own_findings_too() -> None:
    """What lacks, what is beyond a limit, what is of the other path, and what does not go together."""
    config = Config(
        model="base",
        languages=("en", "de"),
        max_turn_silence=2,
        partials=False,
        turn_silence=0.001,
        extra={NAME: {"eot_threshold": 0.8, "tag": "x" * 129, "search": object()}},
    )
    with pytest.raises(UnsupportedOption) as caught:
        rehearse(PROVIDER, config)
    error = caught.value
    assert error.options == {"languages": "choose model nova-3"}
    assert error.also == (
        "deepgram: turn_silence must be 0.01 to 60 s, not 0.001",
        "deepgram/base has no eot_threshold: other models have; leave it out of extra",
        "deepgram: search: takes text, a number, true or false, or a list; not a object",
        "deepgram: tag: takes at most 128 characters; one has 129",
        "deepgram: max_turn_silence, sent as utterance_end_ms: needs interim_results; do not turn partials off",
    )
    found = rehearse(PROVIDER, evolve(config, on_unsupported="warn"))
    assert [warned.code for warned in found.warned] == [*["unsupported"] * 3, *["invalid"] * 3]
    assert heard(found).partials is False
