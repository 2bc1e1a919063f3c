"""The query of both paths: every parameter with what it may be, from the vendor's page."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.deepgram.parameters import (
    FLUX,
    LISTEN,
    InvalidParameter,
    Reader,
    check_flux,
    check_listen,
    read,
    written,
)

TABLES = {"listen": LISTEN, "flux": FLUX}
FLAGS = [
    "multichannel",
    "interim_results",
    "punctuate",
    "smart_format",
    "no_delay",
    "vad_events",
    "diarize",
    "dictation",
    "numerals",
    "profanity_filter",
    "filler_words",
    "detect_entities",
    "mip_opt_out",
]
RAW = ("linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus")


def asked(table: dict[str, Reader], *pairs: tuple[str, str]) -> dict[str, Any]:
    return read(pairs, table)


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_booleans_in_any_case(name: str, text: str, value: bool) -> None:
    """The service takes lower case only, clients send others."""
    assert asked(LISTEN, (name, text)) == {name: value}
    if name in FLUX:
        assert asked(FLUX, (name, text)) == {name: value}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("text", ["", "yes", "maybe", "2"])
def test_what_is_no_boolean_is_named(name: str, text: str) -> None:
    """With what is expected."""
    with pytest.raises(InvalidParameter, match=f"^{name}: expected true or false$") as caught:
        asked(LISTEN, (name, text))
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("path", "name", "text", "value"),
    [
        ("listen", "model", "nova-3", "nova-3"),
        ("listen", "model", "b7a1c0de-1111-4222-8333-abcdef012345", "b7a1c0de-1111-4222-8333-abcdef012345"),
        ("listen", "version", "latest", "latest"),
        ("listen", "language", "en-US", "en-US"),
        ("listen", "language", "multi", "multi"),
        *(("listen", "encoding", each, each) for each in (*RAW, "flac", "amr-nb", "amr-wb", "speex", "g729")),
        *(("flux", "encoding", each, each) for each in RAW),
        ("listen", "sample_rate", "8000", 8000),
        ("listen", "channels", "20", 20),
        ("listen", "endpointing", "10", 10),
        ("listen", "endpointing", "0", 0),
        ("listen", "endpointing", "false", False),
        ("listen", "endpointing", "true", True),
        ("listen", "endpointing", "False", False),
        ("listen", "utterance_end_ms", "1000", 1000),
        ("listen", "utterance_end_ms", "5000", 5000),
        ("listen", "diarize_model", "v1", "v1"),
        ("listen", "diarize_model", "latest", "latest"),
        ("listen", "callback_method", "PUT", "put"),
        *(("flux", "sample_rate", str(each), each) for each in (8000, 16000, 24000, 44100, 48000)),
        ("flux", "eot_threshold", "0.5", 0.5),
        ("flux", "eot_threshold", "1.0", 1.0),
        ("flux", "eager_eot_threshold", "0.3", 0.3),
        ("flux", "eager_eot_threshold", "0.9", 0.9),
        ("flux", "eot_timeout_ms", "500", 500),
        ("flux", "eot_timeout_ms", "60000", 60_000),
    ],
)
def test_a_value_that_may_be(path: str, name: str, text: str, value: Any) -> None:
    """Is read as its type, at both ends of its range."""
    [(found, got)] = asked(TABLES[path], (name, text)).items()
    assert (found, got, type(got)) == (name, value, type(value))


@pytest.mark.parametrize(
    ("path", "name", "text"),
    [
        ("listen", "model", ""),
        ("listen", "model", " "),
        ("flux", "model", ""),
        ("listen", "language", ""),
        ("listen", "encoding", "wav"),
        ("listen", "encoding", ""),
        ("flux", "encoding", "flac"),
        ("flux", "encoding", "speex"),
        ("listen", "sample_rate", "0"),
        ("listen", "sample_rate", "-16000"),
        ("listen", "sample_rate", "16000.5"),
        ("listen", "sample_rate", "16k"),
        ("listen", "sample_rate", "16_000"),
        ("listen", "sample_rate", "\u0661\u0666\u0660\u0660\u0660"),
        ("listen", "sample_rate", "nan"),
        ("listen", "sample_rate", "inf"),
        ("listen", "sample_rate", "9" * 400),
        ("listen", "sample_rate", ""),
        ("listen", "channels", "0"),
        ("listen", "channels", "21"),
        ("listen", "endpointing", "-1"),
        ("listen", "endpointing", "soon"),
        ("listen", "utterance_end_ms", "-1"),
        ("listen", "diarize_model", "v2"),
        ("listen", "callback_method", "PATCH"),
        ("listen", "redact", "pii"),
        ("listen", "redact", "email_address"),
        ("flux", "redact", "pci"),
        ("flux", "redact", "true"),
        ("flux", "eot_threshold", "0.49"),
        ("flux", "eot_threshold", "1.01"),
        ("flux", "eot_threshold", "nan"),
        ("flux", "eot_threshold", "inf"),
        ("flux", "eager_eot_threshold", "0.29"),
        ("flux", "eager_eot_threshold", "0.91"),
        ("flux", "eot_timeout_ms", "499"),
        ("flux", "eot_timeout_ms", "60001"),
        ("flux", "language_hint", ""),
        ("flux", "language_hint", "pl"),
        ("flux", "keyterm", " "),
        ("listen", "tag", "x" * 129),
        ("flux", "tag", "x" * 129),
        ("listen", "extra", "k:" + "x" * 2047),
        ("listen", "extra", "no-colon"),
    ],
)
def test_a_value_that_may_not_be_is_refused_by_name(path: str, name: str, text: str) -> None:
    """And no long value is repeated in the answer."""
    with pytest.raises(InvalidParameter) as caught:
        asked(TABLES[path], (name, text))
    assert caught.value.name == name
    assert str(caught.value) == f"{name}: {caught.value.why}"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("tag", "extra"), [("x" * 128, "k:" + "x" * 2046)])
def test_the_longest_tag_and_pair(tag: str, extra: str) -> None:
    """128 and 2048 characters."""
    assert asked(LISTEN, ("tag", tag), ("extra", extra)) == {"tag": (tag,), "extra": (extra,)}
    assert asked(FLUX, ("tag", tag)) == {"tag": (tag,)}


def test_101_terms() -> None:
    """Are one too many for Flux; Nova-3 counts tokens alone."""
    pairs = [("keyterm", f"term{n}") for n in range(101)]
    assert len(asked(LISTEN, *pairs)["keyterm"]) == 101
    assert len(asked(FLUX, *pairs[:100])["keyterm"]) == 100
    with pytest.raises(InvalidParameter, match=r"^keyterm: takes at most 100 terms, not 101$"):
        asked(FLUX, *pairs)


def test_501_words_in_terms() -> None:
    """A word is a token at least, of which Nova-3 takes 500."""
    with pytest.raises(InvalidParameter, match=r"^keyterm: takes at most 500 tokens in all; these are 501 words$"):
        asked(LISTEN, *[("keyterm", "a b c d e")] * 99, ("keyterm", "a b c d e f"))


def test_101_keywords() -> None:
    """Are one too many."""
    with pytest.raises(InvalidParameter, match=r"^keywords: takes at most 100 terms, not 101$"):
        asked(LISTEN, *[("keywords", "x:2")] * 101)


def test_repeated_names_are_lists_and_of_single_values_the_last_counts() -> None:
    """In the order in which they stand."""
    found = asked(
        LISTEN,
        ("keyterm", "alpha"),
        ("model", "nova-2"),
        ("keyterm", "beta, gamma"),
        ("model", "nova-3"),
        ("redact", "pci"),
        ("redact", "numbers"),
        ("extra", "a:1"),
        ("extra", "a:2"),
    )
    assert found == {
        "keyterm": ("alpha", "beta, gamma"),
        "model": "nova-3",
        "redact": ("pci", "numbers"),
        "extra": ("a:1", "a:2"),
    }


@pytest.mark.parametrize("path", TABLES)
def test_names_that_the_path_does_not_know_are_passed_over(path: str) -> None:
    """Clients send such; Flux knows no interim results."""
    assert asked(TABLES[path], ("x-new", "1"), ("detect_language", "true"), ("utterance_end", "1000")) == {}
    others = {
        "interim_results",
        "endpointing",
        "utterance_end_ms",
        "vad_events",
        "punctuate",
        "smart_format",
        "language",
    }
    assert not others & set(FLUX)


# What goes together.


@pytest.mark.parametrize(
    ("query", "name", "text"),
    [
        ({"model": "nova-2", "keyterm": ("x",)}, "keyterm", "is for Nova-3 models, not for nova-2; use keywords"),
        ({"model": "base", "keyterm": ("x",)}, "keyterm", "is for Nova-3 models, not for base; use keywords"),
        ({"model": "nova-2-medical", "language": "de"}, "language", "'de' is not offered by this model"),
        ({"model": "nova-3", "language": "tlh"}, "language", "'tlh' is not offered"),
        ({"model": "nova-3-medical", "language": "multi"}, "language", "'multi' is not offered"),
        ({"model": "base", "language": "multi"}, "language", "'multi' is not offered by this model"),
        ({"model": "nova-3", "encoding": "linear16"}, "sample_rate", "is needed with encoding=linear16"),
    ],
)
def test_what_does_not_go_together_at_listen(query: dict[str, Any], name: str, text: str) -> None:
    """Is refused by the name of what is wrong."""
    with pytest.raises(InvalidParameter) as caught:
        check_listen(query)
    assert caught.value.name == name
    assert caught.value.why.startswith(text)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"model": "nova-3", "language": "multi", "keyterm": ("x",)},
        {"model": "nova-3-medical", "keyterm": ("x",)},
        {"model": "nova-2", "language": "multi", "keywords": ("x:2",)},
        {"model": "base", "language": "tr"},
        {"model": "of-our-own", "language": "multi"},
        {"model": "nova-3", "encoding": "linear16", "sample_rate": 16000},
        {"model": "nova-3", "language": "EN-us"},
    ],
)
def test_what_goes_together_at_listen(query: dict[str, Any]) -> None:
    """No format at all means a container."""
    check_listen(query)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"model": "flux-general-en", "eager_eot_threshold": 0.8}, "eager_eot_threshold"),
        ({"model": "flux-general-en", "eager_eot_threshold": 0.61, "eot_threshold": 0.6}, "eager_eot_threshold"),
        ({"model": "flux-general-en", "language_hint": ("en",)}, "language_hint"),
        ({"model": "flux-general-en", "encoding": "linear16"}, "sample_rate"),
        ({"model": "flux"}, "model"),
        ({"model": "nova-3"}, "model"),
        ({}, "model"),
    ],
)
def test_what_does_not_go_together_at_flux(query: dict[str, Any], name: str) -> None:
    """An eager end is never surer than an end; without a word an end is 0.7."""
    with pytest.raises(InvalidParameter) as caught:
        check_flux(query)
    assert caught.value.name == name


@pytest.mark.parametrize(
    "query",
    [
        {"model": "flux-general-en"},
        {"model": "flux-general-en", "eager_eot_threshold": 0.7},
        {"model": "flux-general-en", "eager_eot_threshold": 0.6, "eot_threshold": 0.6},
        {"model": "flux-general-multi", "language_hint": ("en", "es")},
        {"model": "flux-general-en", "encoding": "linear16", "sample_rate": 16000},
    ],
)
def test_what_goes_together_at_flux(query: dict[str, Any]) -> None:
    """Equal thresholds do."""
    check_flux(query)


# Writing.


def test_how_a_query_is_written() -> None:
    """Booleans in lower case, lists as repeated names, pairs with a colon."""
    words = {
        "model": "nova-3",
        "punctuate": True,
        "diarize": False,
        "endpointing": 300,
        "keyterm": ["alpha", "beta gamma"],
        "extra": {"call": 7, "vip": True},
        "redact": [],
        "eot_threshold": 0.7,
    }
    assert written(words) == [
        ("model", "nova-3"),
        ("punctuate", "true"),
        ("diarize", "false"),
        ("endpointing", "300"),
        ("keyterm", "alpha"),
        ("keyterm", "beta gamma"),
        ("extra", "call:7"),
        ("extra", "vip:true"),
        ("eot_threshold", "0.7"),
    ]


def test_what_is_written_is_read() -> None:
    """The same words come out at the other end."""
    words = {"model": "nova-3", "punctuate": True, "endpointing": False, "keyterm": ("a", "b c"), "channels": 2}
    assert read(written(words), LISTEN) == words
