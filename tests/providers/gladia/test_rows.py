"""Every option: what is told in the body of the request, and what the other half makes of it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from aai_migrate_providers.gladia import PROVIDER
from aai_migrate_providers.gladia.options import CAPABILITIES, LANGUAGES, MODEL, NAME, OPTIONS, tag
from aai_migrate_providers.gladia.schema import BODY
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.options import Option
from aai_migrate.wire.frames import HttpRequest

from ..told import (
    begun,
    check_again,
    check_complete,
    check_exact,
    check_lacking,
    check_never_breaks,
    check_told,
    check_wordless,
    configs,
    heard,
    left_out,
    legal,
    mixable,
    native,
)

QUOTED = 'a "b", c: d'
UNASKED = {
    "encoding": "wav/pcm",
    "bit_depth": 16,
    "sample_rate": 16_000,
    "channels": 1,
    "endpointing": 0.7,
    "maximum_duration_without_endpointing": 60,
    "messages_config": {"receive_partial_transcripts": True},
}


def named(value: object) -> str:
    """How a case is called."""
    return value.name if isinstance(value, Option) else str(value)


def rows(*supports: str, told: bool | None = None) -> list[Option]:
    """The rows of some kinds, that have a word on the wire or none."""
    return [row for row in OPTIONS if row.support in supports and told in (None, bool(row.native))]


def values(row: Option) -> st.SearchStrategy[Any]:
    """All that *row* takes."""
    if row.name == "turn_silence":
        return st.floats(0.01, 10)
    if row.name == "region":
        return st.sampled_from(["eu", "us", "eu-west", "us-west"])
    return legal(row, [*map(tag, LANGUAGES)])


def request(found: Rehearsal) -> HttpRequest:
    """The first that is said."""
    first = found.said[0]
    assert isinstance(first, HttpRequest)
    return first


def body(found: Rehearsal) -> dict[str, Any]:
    """What is asked for, as it is on the wire."""
    given: dict[str, Any] = json.loads(request(found).body)
    return given


def test_there_is_one_row_for_every_option() -> None:
    """Of the one family that there is."""
    check_complete(OPTIONS, [MODEL])
    assert {model.family for model in CAPABILITIES.models.values()} == {MODEL}


@pytest.mark.parametrize("row", rows("exact", told=True), ids=named)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_exact_comes_back_as_it_was(row: Option, data: st.DataObject) -> None:
    """Seconds in full, terms with whatever JSON has to escape."""
    check_exact(PROVIDER, Config(**{row.name: data.draw(values(row))}), row)


@pytest.mark.parametrize("row", rows("approximate", told=True), ids=named)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_approximate_is_told_alike_again(row: Option, data: st.DataObject) -> None:
    """Regions are lost once; one language among several of the same is one."""
    check_again(PROVIDER, Config(**{row.name: data.draw(values(row))}), row)


@pytest.mark.parametrize("row", rows("exact", "approximate", told=False), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_needs_no_word_is_taken_without_one(row: Option, data: st.DataObject) -> None:
    """It is always so, or the address says it."""
    check_wordless(PROVIDER, Config(**{row.name: data.draw(values(row))}), row)


@pytest.mark.parametrize("row", rows("unsupported"), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_lacking_is_refused_with_what_comes_nearest(row: Option, data: st.DataObject) -> None:
    """Or left out, where a warning is wanted."""
    check_lacking(PROVIDER, Config(**{row.name: data.draw(values(row))}), row)


WORDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"language": "pt-BR"}, {"language_config": {"languages": ["pt"]}}),
    ({"language": "jv"}, {"language_config": {"languages": ["jw"]}}),
    ({"languages": ("en-US", "fr")}, {"language_config": {"languages": ["en", "fr"], "code_switching": True}}),
    ({"languages": ("en-US", "en-GB")}, {"language_config": {"languages": ["en"]}}),
    ({"partials": True}, {}),
    ({"partials": False}, {"messages_config": {"receive_partial_transcripts": False}}),
    ({"turn_silence": 0.25}, {"endpointing": 0.25}),
    (
        {"keyterms": ("Łódź", QUOTED)},
        {
            "realtime_processing": {
                "custom_vocabulary": True,
                "custom_vocabulary_config": {"vocabulary": ["Łódź", QUOTED]},
            }
        },
    ),
]


@pytest.mark.parametrize(("options", "words"), WORDS, ids=str)
def test_the_words_are_those_of_the_vendors_page(options: dict[str, Any], words: dict[str, Any]) -> None:
    """Beside what is sent unasked."""
    assert body(begun(PROVIDER, Config(**options))) == UNASKED | words


def test_every_word_is_in_that_table() -> None:
    """None goes unchecked; the region is in the address."""
    assert {name for options, _ in WORDS for name in options} == {row.name for row in OPTIONS if row.native}
    assert request(begun(PROVIDER, Config(region="us"))).url.endswith("/v2/live?region=us-west")


def test_what_is_sent_unasked() -> None:
    """Nothing else, not even a model."""
    found = begun(PROVIDER, Config())
    assert body(found) == native(found) == UNASKED
    assert request(found).url.endswith("/v2/live")


def test_nothing_changes_in_mid_session() -> None:
    """There is no message for it."""
    assert not any(row.hot for row in OPTIONS)


def test_the_table_is_of_the_day_of_the_page() -> None:
    """One model, in use, and none that is the default: the vendor knows it."""
    assert CAPABILITIES.default_model is None
    assert CAPABILITIES.outdated(NAME, MODEL, datetime.date(2026, 12, 1)) == ""


# Everything that is wrong.


@settings(max_examples=100)
@given(config=configs(NAME, [MODEL, "solaria-9"], (), extra=False))
def test_all_that_is_wrong_is_told(config: Config) -> None:
    """One warning each, or one error; a model that is not in the table is the vendor's to refuse."""
    check_told(PROVIDER, mixable(config, model=None))


@settings(max_examples=100)
@given(config=configs(NAME, [MODEL, "solaria-9"], [*BODY.members, "audio_frames"]))
def test_nothing_breaks(config: Config) -> None:
    """Whatever is in the settings, and in the vendor's own words."""
    check_never_breaks(PROVIDER, mixable(config))


def test_one_error_names_words_and_options() -> None:
    """With a warning wanted, the vendor is asked for what only it can refuse."""
    wrong = {"audio_frames": "text", "endpointing": 99, "bit_width": 8}
    options: dict[str, Any] = {"diarization": True, "region": "mars", "extra": {NAME: wrong}}
    with pytest.raises(UnsupportedOption, match="gladia has no diarization;") as caught:
        rehearse(PROVIDER, Config(**options))
    assert caught.value.also == (
        "gladia: region must be eu or us, not 'mars'",
        "gladia: audio_frames must be json or binary, not 'text'",
        "gladia: endpointing must not be greater than 10",
    )
    found = rehearse(PROVIDER, Config(**options, on_unsupported="warn"))
    assert len(left_out(found)) == 4
    assert body(found) == UNASKED | {"endpointing": 99, "bit_width": 8}


@pytest.mark.parametrize(
    "words",
    [
        {"language_config": {"languages": ["en", "fr"], "code_switching": False}},
        {"language_config": {"code_switching": True}},
        {
            "realtime_processing": {
                "custom_vocabulary": True,
                "custom_vocabulary_config": {"vocabulary": ["a", {"value": "b", "intensity": 0.1}]},
            }
        },
    ],
)
def test_what_neutral_words_do_not_say_is_handed_on(words: dict[str, Any]) -> None:
    """So that Gladia behind a gateway is asked for the same."""
    found = rehearse(PROVIDER, Config(extra={NAME: words}))
    assert body(found) == UNASKED | words
    assert body(rehearse(PROVIDER, heard(found))) == body(found)
