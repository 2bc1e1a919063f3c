"""Every option of every family of models: what is told at both paths, and what the other half makes of it."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from aai_migrate_providers.speechmatics import PROVIDER
from aai_migrate_providers.speechmatics.options import (
    AGENT,
    CAPABILITIES,
    LANGUAGES,
    MELIA,
    MODELS,
    NAME,
    OPTIONS,
    PACKS,
    RT,
    base,
    tag,
)
from aai_migrate_providers.speechmatics.schema import AGENT_TRANSCRIPTION, TRANSCRIPTION
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.config import Config
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
    tags,
)

EXAMPLES = {RT: "enhanced", MELIA: "melia-1", AGENT: "linden-1"}
ROWS = [(EXAMPLES[family], row) for family in EXAMPLES for row in OPTIONS if family in row.models]
TRIGGER = "end_of_utterance_silence_trigger"
AUDIO = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
QUOTED = 'a "b", c: d'
TOGETHER = [*PACKS.values(), ("es", "en")]
several = st.one_of(
    tags([*map(tag, LANGUAGES)]).map(lambda each: (each,)),
    *(st.tuples(*(tags([each]) for each in order)) for codes in TOGETHER for order in permutations(codes)),
)


def named(value: object) -> str:
    """How a case is called."""
    return value.name if isinstance(value, Option) else str(value)


def rows(*supports: str, told: bool | None = None) -> list[tuple[str, Option]]:
    """Models with their rows of some kinds, that have a word on the wire or none."""
    return [(m, row) for m, row in ROWS if row.support in supports and told in (None, bool(row.native))]


def values(model: str, row: Option) -> st.SearchStrategy[Any]:
    """All that *row* takes."""
    match row.name:
        case "languages" if row.support != "unsupported":
            return several if model == "enhanced" else st.lists(tags([]), min_size=1, max_size=5).map(tuple)
        case "turn_silence" if row.support != "unsupported":
            return st.floats(0, 2)
        case "region":
            return st.sampled_from(["eu", "us", "global"])
    return legal(row, [*map(tag, LANGUAGES)])


def opening(found: Rehearsal) -> dict[str, Any]:
    """``StartRecognition``, as it is on the wire."""
    connect, message = found.said
    assert isinstance(connect, Connect)
    assert isinstance(message, Message)
    sent: dict[str, Any] = json.loads(message.data)
    assert sent.pop("message") == "StartRecognition"
    return sent


def told(**options: Any) -> dict[str, Any]:
    """What is told beyond the defaults of the model."""
    plain = opening(begun(PROVIDER, Config(model=options.get("model"))))["transcription_config"]
    words = opening(begun(PROVIDER, Config(**options)))["transcription_config"]
    assert {*plain} <= {*words}
    return {name: value for name, value in words.items() if plain.get(name) != value}


def test_there_is_one_row_for_every_option_of_every_family() -> None:
    """And an example of each family."""
    check_complete(OPTIONS, [*EXAMPLES])
    assert {model.family for model in MODELS.values()} == {*EXAMPLES}


@pytest.mark.parametrize(
    ("model", "row"), [(m, row) for m, row in rows("exact", told=True) if row.name != "partials"], ids=named
)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_exact_comes_back_as_it_was(model: str, row: Option, data: st.DataObject) -> None:
    """Terms with whatever JSON has to escape."""
    check_exact(PROVIDER, Config(model=model, **{row.name: data.draw(values(model, row))}), row)


@pytest.mark.parametrize("model", EXAMPLES.values())
@pytest.mark.parametrize("wanted", [True, False])
def test_partials_come_back_on(model: str, wanted: bool) -> None:
    """The word and its row say what the client wants, the server half asks for them: later it may want them."""
    found = begun(PROVIDER, Config(model=model, partials=wanted))
    words = opening(found)["transcription_config"]
    assert words["enable_partials"] is wanted
    assert row_of(OPTIONS, MODELS[model].family, "partials").decode(words["enable_partials"]) is wanted
    assert heard(found).partials is True


@pytest.mark.parametrize(("model", "row"), rows("approximate", told=True), ids=named)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_approximate_is_told_alike_again(model: str, row: Option, data: st.DataObject) -> None:
    """What is lost is lost once. A silence of 0 is the exception, of which nothing is heard."""
    value = data.draw(values(model, row))
    config = Config(model=model, **{row.name: value})
    if row.name != "turn_silence" or value:
        check_again(PROVIDER, config, row)
        return
    found = begun(PROVIDER, config)
    assert native(found)["conversation_config"] == {TRIGGER: 0}
    assert heard(found).turn_silence is None


@pytest.mark.parametrize("seconds", [0.01, 0.3, 0.7, 1.25, 2])
def test_silence_comes_back(seconds: float) -> None:
    """In seconds, as it was."""
    check_exact(PROVIDER, Config(turn_silence=seconds), row_of(OPTIONS, RT, "turn_silence"))


@pytest.mark.parametrize(("model", "row"), rows("exact", "approximate", told=False), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_needs_no_word_is_taken_without_one(model: str, row: Option, data: st.DataObject) -> None:
    """The model is so by itself, or the host says it."""
    check_wordless(PROVIDER, Config(model=model, **{row.name: data.draw(values(model, row))}), row)


@pytest.mark.parametrize(("model", "row"), rows("unsupported"), ids=named)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_lacking_is_refused_with_what_comes_nearest(model: str, row: Option, data: st.DataObject) -> None:
    """Or left out, where a warning is wanted."""
    check_lacking(PROVIDER, Config(model=model, **{row.name: data.draw(values(model, row))}), row)


WORDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("enhanced", {"language": "de-CH"}, {"language": "de"}),
    ("enhanced", {"language": "en-GB"}, {"output_locale": "en-GB"}),
    ("enhanced", {"languages": ("en-GB", "EN-gb")}, {"output_locale": "en-GB"}),
    ("enhanced", {"languages": ("en-GB", "en-US")}, {}),
    ("enhanced", {"language": "zh-TW"}, {"language": "cmn", "output_locale": "cmn-Hant"}),
    ("enhanced", {"languages": ("en", "zh-CN")}, {"language": "cmn_en"}),
    ("enhanced", {"languages": ("en", "es")}, {"language": "es", "domain": "bilingual-en"}),
    ("enhanced", {"partials": False}, {"enable_partials": False}),
    ("enhanced", {"formatting": False}, {"punctuation_overrides": {"permitted_marks": []}}),
    ("enhanced", {"formatting": True}, {"punctuation_overrides": {"permitted_marks": ["all"]}}),
    ("enhanced", {"turn_silence": 0.5}, {"conversation_config": {TRIGGER: 0.5}}),
    ("enhanced", {"turn_silence": 2}, {"conversation_config": {TRIGGER: 2}, "max_delay": 2.5}),
    (
        "enhanced",
        {"keyterms": ("Łódź", QUOTED)},
        {"additional_vocab": [{"content": "Łódź"}, {"content": 'a "b", c: d'}]},
    ),
    ("enhanced", {"diarization": True}, {"diarization": "speaker"}),
    ("enhanced", {"diarization": False}, {"diarization": "none"}),
    ("melia-1", {"language": "de-CH"}, {"language": "de"}),
    ("melia-1", {"languages": ("de-CH", "zh-TW", "de")}, {"language_hints": ["de", "cmn"]}),
    ("melia-1", {"partials": False}, {"enable_partials": False}),
    ("melia-1", {"formatting": False}, {"punctuation_overrides": {"permitted_marks": []}}),
    ("melia-1", {"turn_silence": 0.5}, {"conversation_config": {TRIGGER: 0.5}}),
    ("melia-1", {"keyterms": ("Łódź",)}, {"additional_vocab": [{"content": "Łódź"}]}),
    ("melia-1", {"diarization": True}, {"diarization": "speaker"}),
    ("linden-1", {"language": "zh-CN"}, {"language": "cmn", "output_locale": "cmn-Hans"}),
    ("linden-1", {"partials": False}, {"enable_partials": False}),
    ("linden-1", {"keyterms": ("Łódź",)}, {"additional_vocab": [{"content": "Łódź"}]}),
    ("linden-1", {"diarization": True}, {"diarization": "speaker"}),
]


@pytest.mark.parametrize(("model", "options", "words"), WORDS, ids=str)
def test_the_words_are_those_of_the_vendors_page(model: str, options: dict[str, Any], words: dict[str, Any]) -> None:
    """Beside what is sent unasked."""
    assert told(model=model, **options) == words


def test_every_word_is_in_that_table() -> None:
    """None goes unchecked."""
    listed = {(model, name) for model, options, _ in WORDS for name in options}
    assert listed == {(model, row.name) for model, row in ROWS if row.native}


@pytest.mark.parametrize(
    ("config", "words", "beside"),
    [
        (
            Config(),
            {
                "language": "en",
                "model": "enhanced",
                "enable_partials": True,
                "conversation_config": {"end_of_utterance_silence_trigger": 0.7},
                "max_delay": 2.0,
            },
            {},
        ),
        (
            Config(model="melia-1"),
            {
                "language": "multi",
                "model": "melia-1",
                "enable_partials": True,
                "conversation_config": {"end_of_utterance_silence_trigger": 0.7},
                "max_delay": 2.0,
            },
            {},
        ),
        (
            Config(model="linden-1"),
            {"language": "en", "model": "linden-1", "enable_partials": True},
            {"turn_config": {"turn_detection_mode": "vad"}},
        ),
    ],
    ids=["rt", "melia", "agent"],
)
def test_what_is_sent_unasked(config: Config, words: dict[str, Any], beside: dict[str, Any]) -> None:
    """Nothing else: a language and a way to end turns are what the wire wants."""
    found = begun(PROVIDER, config)
    assert opening(found) == {"audio_format": AUDIO, "transcription_config": words, **beside}
    assert native(found) == {**words, **beside, "audio_format": AUDIO}


@pytest.mark.parametrize(("model", "row"), ROWS, ids=named)
def test_what_may_change_in_mid_session(model: str, row: Option) -> None:
    """What the vendor's message for it takes; Agent STT has none."""
    assert row.hot is (model != "linden-1" and row.name in ("partials", "turn_silence"))


def test_the_models() -> None:
    """Their languages are tags, not the vendor's codes; of two nobody says which they are."""
    assert {name: model.family for name, model in CAPABILITIES.models.items()} == {
        "standard": RT,
        "enhanced": RT,
        "melia-1": MELIA,
        "linden-1": AGENT,
    }
    for name in ("standard", "enhanced"):
        languages = MODELS[name].languages
        assert {"en", "zh", "yue", "tl"} <= {*languages}
        assert "cmn" not in languages
        assert [*map(base, languages)] == [*LANGUAGES]
    assert MODELS["melia-1"].languages == MODELS["linden-1"].languages == ()
    assert not any(model.retired or model.deprecated for model in MODELS.values())


# Everything that is wrong.


@pytest.mark.parametrize("model", EXAMPLES.values())
@settings(max_examples=60)
@given(data=st.data())
def test_all_that_is_wrong_is_told(model: str, data: st.DataObject) -> None:
    """One warning each, or one error."""
    check_told(PROVIDER, mixable(data.draw(configs(NAME, [model], (), extra=False)), model=model))


@pytest.mark.parametrize("model", EXAMPLES.values())
@settings(max_examples=60)
@given(data=st.data())
def test_nothing_breaks(model: str, data: st.DataObject) -> None:
    """Whatever is in the settings, and in the vendor's own words."""
    words = ["temporary_key", "jwt", *TRANSCRIPTION, *AGENT_TRANSCRIPTION, "translation_config", "turn_config"]
    check_never_breaks(PROVIDER, mixable(data.draw(configs(NAME, [model], words)), model=model))


WRONG = {
    "max_delay": 9,
    "diarization": "channel",
    "emit_sentences": True,
    "conversation_config": {TRIGGER: 0},
}


def test_one_error_names_words_and_options() -> None:
    """Those that do not go together among them."""
    config = Config(region="mars", pii_redaction=True, formatting=False, extra={NAME: WRONG})
    with pytest.raises(ValueError, match="speechmatics/enhanced has no pii_redaction;") as caught:
        rehearse(PROVIDER, config)
    told = str(caught.value)
    for text in (
        "region must be eu, us or global, not 'mars'",
        "speechmatics/enhanced has no emit_sentences: other models have; leave it out of extra",
        "speechmatics: max_delay must not be greater than 4",
        "diarization 'channel' needs audio_channels=2",
        "formatting cannot be off: with turn_silence=0 a turn is a sentence",
    ):
        assert text in told
    found = rehearse(PROVIDER, evolve(config, on_unsupported="warn"))
    assert len(left_out(found)) == 6
    assert native(found) == {
        "language": "en",
        "model": "enhanced",
        "enable_partials": True,
        "conversation_config": {TRIGGER: 0},
        "max_delay": 2.0,
        "punctuation_overrides": {},
        "audio_format": AUDIO,
    }
