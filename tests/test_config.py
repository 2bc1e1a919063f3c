"""What a session is asked to be: every wrong value is refused by name."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from attrs import evolve, fields

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import NAMES, OPTIONS, OURS, Config, configure, nearest
from aai_migrate.errors import AudioError, ConfigError

TEXTS = ("model", "language", "region")
FLAGS = ("partials", "formatting", "diarization", "profanity_filter", "pii_redaction")
LISTS = ("languages", "keyterms")
SECONDS = ("turn_silence", "max_turn_silence")


def refused(text: str, **options: Any) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(text)}$"):
        Config(**options)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", ["", "  ", 3, b"en", ("en",), "e\udc80"])
def test_texts(name: str, value: object) -> None:
    """A text is not empty, not something else, and nothing that cannot be written, as half a surrogate pair is."""
    refused(f"{name} must be a non-empty string, not {value!r}", **{name: value})


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", [1, 0, "true", ()])
def test_flags(name: str, value: object) -> None:
    """Only true and false are."""
    refused(f"{name} must be true or false, not {value!r}", **{name: value})


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [-0.1, 60.5, 700, math.nan, math.inf, "0.7", True])
def test_seconds(name: str, value: object) -> None:
    """Milliseconds are caught by the range."""
    refused(f"{name} must be 0 to 60 seconds, not {value!r}", **{name: value})


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", ["en", {"en"}, None, [""], ["a", 3], [" "], ["a\udc80"]])
def test_lists(name: str, value: object) -> None:
    """A string is not a list of strings."""
    shown = tuple(value) if isinstance(value, list) else value
    refused(f"{name} must be a list of non-empty strings, not {shown!r}", **{name: value})


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("formatted_turns", "wait, revise, raw"),
        ("channels", "mix, separate"),
        ("on_unsupported", "error, warn"),
    ],
)
@pytest.mark.parametrize("value", ["other", None, True, []])
def test_choices(name: str, choices: str, value: object) -> None:
    """The error lists them."""
    refused(f"{name} must be one of {choices}, not {value!r}", **{name: value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "base_url must be a non-empty string, not ''"),
        (5, "base_url must be a non-empty string, not 5"),
        ("host", "base_url must begin with wss://, ws://, https:// or http://, not nothing://"),
        ("ftp://host", "base_url must begin with wss://, ws://, https:// or http://, not ftp://"),
        ("wss:///path", "base_url names no host; write it as wss://HOST[:PORT]"),
        ("wss://host?token=canary", "base_url must not carry a query; pass options by name instead"),
        ("wss://host#canary", "base_url must not carry a query; pass options by name instead"),
        ("wss://canary@host", "base_url must not carry a user or password; pass api_key instead"),
        ("wss://user:canary@host", "base_url must not carry a user or password; pass api_key instead"),
        ("wss://[::1", "base_url is no URL; write it as wss://HOST[:PORT]"),
        ("wss://host:canary", "base_url is no URL; write it as wss://HOST[:PORT]"),
        ("wss://host:99999", "base_url is no URL; write it as wss://HOST[:PORT]"),
    ],
)
def test_base_url(value: object, text: str) -> None:
    """A wrong address is refused with the fix, and nothing that may be a key is shown."""
    refused(text, base_url=value)


@pytest.mark.parametrize("value", ["wss://host", "ws://host:8080/path", "https://[::1]:80", "http://host"])
def test_good_base_urls(value: str) -> None:
    """Web and websocket schemes, ports, paths and IPv6."""
    assert Config(base_url=value).base_url == value


@pytest.mark.parametrize("value", [None, [], {"v3": 1}, {"v3": ["a"]}, "v3", {"v3": {1: "a"}}, {"v3": {"\udc80": "a"}}])
def test_extra(value: object) -> None:
    """A table per provider; its values are not shown."""
    refused("extra must be a table per provider, as in extra={'PROVIDER': {'WORD': 0.4}}", extra=value)


def test_defaults_ask_for_nothing() -> None:
    """Nothing is set, and no two configs share anything that can change."""
    config = Config()
    assert [name for name in OPTIONS if config.is_set(name)] == []
    assert Config().extra is not config.extra
    assert Config() == config


@pytest.mark.parametrize(
    ("name", "value"),
    [("partials", False), ("turn_silence", 0), ("turn_silence", 0.7), ("keyterms", ["a"]), ("language", "en")],
)
def test_given_is_set(name: str, value: Any) -> None:
    """False and 0 are answers too; lists become tuples."""
    config = Config(**{name: value})
    assert config.is_set(name)
    assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value)
    wrong: dict[str, Any] = {name: object()}
    with pytest.raises(ConfigError):
        evolve(config, **wrong)


def test_every_field_is_ours_or_an_option() -> None:
    """A new field must be one or the other; both count as names, the audio format by its parts."""
    names = {attribute.name for attribute in fields(Config)}
    assert names == OURS | set(OPTIONS)
    assert not OURS & set(OPTIONS)
    assert names - {"audio"} | {"sample_rate", "encoding", "audio_channels"} == NAMES


class TestConfigure:
    def test_words_become_a_config(self) -> None:
        """The audio format is given by its parts; the caller's mapping stays as it was."""
        given = {"language": "en", "sample_rate": 8000, "encoding": "pcm_mulaw", "audio_channels": 2}
        before = dict(given)
        assert configure(given) == Config(language="en", audio=AudioFormat(8000, "pcm_mulaw", 2))
        assert given == before
        assert configure({}) == Config()

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("langauge", "; did you mean language or languages?"),
            ("samplerate", "; did you mean sample_rate?"),
            ("drain_timeuot", "; did you mean drain_timeout?"),
        ],
    )
    def test_a_misspelled_option(self, name: str, hint: str) -> None:
        """The error offers the nearest names."""
        with pytest.raises(ConfigError, match=f"^unknown option '{name}'{re.escape(hint)}$"):
            configure({name: 1}, others=["drain_timeout"])

    def test_an_option_like_none(self) -> None:
        """Where nothing is near all are listed."""
        known = r"^unknown option 'xyzzy'; known: audio_channels, base_url, .*turn_silence, vendor_messages$"
        with pytest.raises(ConfigError, match=known):
            configure({"xyzzy": 1})

    def test_audio_that_cannot_be(self) -> None:
        """An impossible format is an AudioError, as everywhere."""
        with pytest.raises(AudioError, match=r"^sample_rate 16000\.0 is not a whole number"):
            configure({"sample_rate": 16000.0})


def test_nearest() -> None:
    """Close names are offered, else the list."""
    assert nearest("gamma", ["beta", "gama", "gamma2"]) == "; did you mean gamma2 or gama?"
    assert nearest("x", {"b", "a"}) == "; known: a, b"
