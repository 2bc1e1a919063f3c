"""Every option: what is told in the query and behind it, and what the other half makes of it."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aai_migrate_providers.assemblyai_v2 import PROVIDER
from aai_migrate_providers.assemblyai_v2.options import CAPABILITIES, MODEL, NAME, OPTIONS, WORDS
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.options import Option
from aai_migrate.wire.frames import Connect, Message

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
    row_of,
)

URL = "wss://v2.example.com"
SILENCE = "end_utterance_silence_threshold"


def named(value: object) -> str:
    """How a case is called."""
    return value.name if isinstance(value, Option) else str(value)


def rows(*supports: str, told: bool | None = None) -> list[Option]:
    """The rows of some kinds, that have a word on the wire or none."""
    return [row for row in OPTIONS if row.support in supports and told in (None, bool(row.native))]


def config(**options: Any) -> Config:
    """Settings for a server of one's own: the vendor's is gone."""
    return Config(base_url=URL, **options)


def query(found: Rehearsal) -> dict[str, str]:
    """The parameters of the handshake."""
    connect = found.said[0]
    assert isinstance(connect, Connect)
    return dict(parse_qsl(urlsplit(connect.url).query, keep_blank_values=True, strict_parsing=True))


def behind(found: Rehearsal) -> list[Any]:
    """The messages that follow it."""
    return [json.loads(frame.data) for frame in found.said[1:] if isinstance(frame, Message)]


def test_there_is_one_row_for_every_option() -> None:
    """Of the one family that there is."""
    check_complete(OPTIONS, [MODEL])
    assert {model.family for model in CAPABILITIES.models.values()} == {MODEL}


@pytest.mark.parametrize("row", rows("exact", told=True), ids=named)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_exact_comes_back_as_it_was(row: Option, data: st.DataObject) -> None:
    """Whole milliseconds, terms with whatever a query or JSON has to escape."""
    check_exact(PROVIDER, config(**{row.name: data.draw(legal(row, ["en"]))}), row)


@given(seconds=st.floats(0, 20))
def test_silence_comes_back_to_the_millisecond(seconds: float) -> None:
    """The wire has no parts of one; once rounded it stays as it is."""
    found = begun(PROVIDER, config(turn_silence=seconds))
    read = heard(found).turn_silence
    assert read == pytest.approx(seconds, abs=0.0005001)
    check_exact(PROVIDER, config(turn_silence=read), row_of(OPTIONS, MODEL, "turn_silence"))
    check_again(PROVIDER, config(turn_silence=seconds), row_of(OPTIONS, MODEL, "turn_silence"))


@pytest.mark.parametrize("row", rows("exact", "approximate", told=False), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_needs_no_word_is_taken_without_one(row: Option, data: st.DataObject) -> None:
    """It is always so."""
    check_wordless(PROVIDER, config(**{row.name: data.draw(legal(row, ["en"]))}), row)


@pytest.mark.parametrize("row", rows("unsupported"), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_lacking_is_refused_with_what_comes_nearest(row: Option, data: st.DataObject) -> None:
    """Or left out, where a warning is wanted."""
    check_lacking(PROVIDER, config(**{row.name: data.draw(legal(row, ["en"]))}), row)


TOLD: list[tuple[dict[str, Any], dict[str, str], list[Any]]] = [
    ({"partials": False}, {"disable_partial_transcripts": "true"}, []),
    ({"partials": True}, {"disable_partial_transcripts": "false"}, []),
    ({"turn_silence": 0.5}, {}, [{SILENCE: 500}]),
    ({"turn_silence": 20}, {}, [{SILENCE: 20_000}]),
    ({"keyterms": ("Zander", "I, B: N")}, {"word_boost": '["Zander", "I, B: N"]'}, []),
]


@pytest.mark.parametrize(("options", "words", "messages"), TOLD, ids=str)
def test_the_words_are_those_of_the_vendors_page(
    options: dict[str, Any], words: dict[str, str], messages: list[Any]
) -> None:
    """Beside the audio format, which is all that is sent unasked."""
    found = begun(PROVIDER, config(**options))
    assert query(found) == {"sample_rate": "16000", "encoding": "pcm_s16le", **words}
    assert behind(found) == messages


def test_every_word_is_in_that_table() -> None:
    """None goes unchecked."""
    assert {name for options, *_ in TOLD for name in options} == {row.name for row in OPTIONS if row.native}


def test_what_is_sent_unasked() -> None:
    """Nothing but the audio format."""
    found = begun(PROVIDER, config())
    assert query(found) == {"sample_rate": "16000", "encoding": "pcm_s16le"}
    assert native(found) == {"sample_rate": 16_000, "encoding": "pcm_s16le"}
    assert behind(found) == []


def test_what_may_change_in_mid_session() -> None:
    """The one setting that is a message."""
    assert [row.name for row in OPTIONS if row.hot] == ["turn_silence"]


def test_the_model_is_retired() -> None:
    """So are all of them; the text names what to use."""
    (model,) = CAPABILITIES.models.values()
    assert model.languages == ("en",)
    assert model.source.startswith("https://")
    text = CAPABILITIES.outdated(NAME, MODEL, datetime.date(2026, 11, 1))
    assert text == "assemblyai-v2: model realtime is retired since 2025-10-30; use assemblyai-v3"


# Everything that is wrong.


@settings(max_examples=100)
@given(given_=configs(NAME, [MODEL, "best"], (), extra=False))
def test_all_that_is_wrong_is_told(given_: Config) -> None:
    """One warning each, or one error."""
    check_told(PROVIDER, mixable(given_, base_url=URL))


@settings(max_examples=100)
@given(given_=configs(NAME, [MODEL, "best"], [*WORDS, "token"]))
def test_nothing_breaks(given_: Config) -> None:
    """Whatever is in the settings, and in the vendor's own words."""
    check_never_breaks(PROVIDER, mixable(given_, base_url=URL))


def test_one_error_names_words_and_options() -> None:
    """And the model, which cannot be chosen."""
    options = {"model": "best", "diarization": True, "language": "de", "extra": {NAME: {SILENCE: -1}}}
    with pytest.raises(UnsupportedOption, match="assemblyai-v2 has no diarization; assemblyai-v3 has it;") as caught:
        rehearse(PROVIDER, config(**options))
    assert caught.value.also == (
        "assemblyai-v2: language 'de' is not offered; it has English only",
        "assemblyai-v2 has one model, which cannot be chosen; leave 'best' out",
        "assemblyai-v2: end_utterance_silence_threshold must not be less than 0",
    )
    found = rehearse(PROVIDER, config(**options, on_unsupported="warn"))
    assert len(left_out(found)) == 4
    assert query(found) == {"sample_rate": "16000", "encoding": "pcm_s16le"}
