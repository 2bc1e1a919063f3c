"""What a provider is told in neutral words, and what its other half makes of it, for every option and legal value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import OPTIONS, Config
from aai_migrate.errors import AudioError, ConfigError, UnsupportedOption, lacked
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.options import Option
from aai_migrate.provider import Provider
from aai_migrate.wire.frames import Connect

Query = dict[str, list[str]]

OWN = ("unsupported", "invalid")
"""Codes of warnings of something left out."""

# Values.

AWKWARD = (
    "comma, colon: semicolon;",
    "50 % + 'x' & \"y\" = z # ?",
    "Łódź – 東京 🎧",
    "a/b\\c\tnew\nline",
    "%2C+%3A",
    "[1]",
    "::",
)
TERM = st.sampled_from(AWKWARD) | st.text(min_size=1, max_size=24).filter(str.strip)
SOME = ("en", "de", "es", "fr", "pt", "ja", "zh", "yue", "nn", "tlh")
REGIONS = ("", "-US", "-us", "-419", "-Hans", "-Latn-CH", "-x-me")
MILLISECONDS = st.integers(0, 60_000) | st.integers(500, 10_000) | st.integers(1000, 5000)


def tags(languages: Sequence[str]) -> st.SearchStrategy[str]:
    """BCP-47 tags of *languages*, or of any if none are known, with and without region and script."""
    return st.builds("{}{}".format, st.sampled_from(languages or SOME), st.sampled_from(REGIONS))


def values(name: str, languages: Sequence[str]) -> st.SearchStrategy[Any]:
    """Whatever option *name* may be set to; a vendor's limits are not heeded yet."""
    if name == "language":
        return tags(languages)
    if name == "languages":
        several = (st.lists(tags(known), min_size=1, max_size=12) for known in (languages, ("en", "es")))
        return st.one_of(*several).map(tuple)
    if name in ("turn_silence", "max_turn_silence"):
        return MILLISECONDS.map(lambda value: value / 1000)
    if name == "keyterms":
        return st.lists(TERM, min_size=1, max_size=8).map(tuple)
    return st.sampled_from(["us", "eu", "au"]) if name == "region" else st.booleans()


def legal(row: Option, languages: Sequence[str]) -> st.SearchStrategy[Any]:
    """Whatever *row* takes."""
    return values(row.name, languages).filter(lambda value: not row.check(value))


def configs(
    provider: str, models: Sequence[str], words: Sequence[str], *, extra: bool = True
) -> st.SearchStrategy[Config]:
    """Settings of all kinds, right and wrong.

    Args:
        models: those in the table.
        words: parameters of the vendor; with *extra* they are given any value that Python has.
    """
    given = {name: st.none() | values(name, SOME) for name in OPTIONS if name not in ("languages", "keyterms")}
    texts = st.lists(TERM, max_size=3) | st.just(["x"] * 101) | st.just(["y" * 51])
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\udc80")
    odd = st.recursive(plain | st.builds(object) | st.binary(max_size=3), _nested, max_leaves=4)
    names = st.sampled_from([*words]) | st.text(min_size=1, max_size=8).filter(str.strip)
    own = st.fixed_dictionaries({provider: st.dictionaries(names, odd, max_size=4)})
    return st.builds(
        Config,
        model=st.none() | st.sampled_from([*models]),
        audio=st.builds(AudioFormat, st.sampled_from([4000, 8000, 16_000, 96_000]), channels=st.integers(1, 3)),
        channels=st.sampled_from(["mix", "separate"]),
        languages=st.just(()) | values("languages", SOME),
        keyterms=texts.map(tuple),
        extra=own if extra else st.just({}),
        **given,
    )


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)


# What is told.


def mixable(config: Config, **more: Any) -> Config:
    """*config* with no more channels than can be mixed: where they cannot be kept apart either, nothing begins."""
    return evolve(config, audio=evolve(config.audio, channels=min(2, config.audio.channels)), **more)


def begun(provider: Provider, config: Config) -> Rehearsal:
    """How a session with *config* begins, which it does, without a word of a setting."""
    found = rehearse(provider, config)
    assert (found.failed, left_out(found)) == (None, [])
    assert found.started is not None
    return found


def native(found: Rehearsal) -> dict[str, Any]:
    """The settings in native words."""
    assert found.started is not None
    return dict(found.started.settings)


def left_out(found: Rehearsal) -> list[str]:
    """What the caller is told of settings that do not count."""
    return [warned.message for warned in found.warned if warned.code in OWN]


def asked(provider: Provider, **options: Any) -> Rehearsal:
    """How a session with *options* begins, which it does, without a word of them."""
    return begun(provider, Config(**options))


def url(found: Rehearsal) -> str:
    """Where it connects, and with what."""
    (connect,) = found.said
    assert isinstance(connect, Connect)
    return connect.url


def query(found: Rehearsal) -> Query:
    """The parameters as the wire has them."""
    return parse_qs(urlsplit(url(found)).query, keep_blank_values=True, strict_parsing=True)


def words(found: Rehearsal) -> dict[str, Any]:
    """What is told of the settings: the query where that is all, else what the greeting reports."""
    return {**query(found)} if len(found.said) == 1 else native(found)


def heard(found: Rehearsal) -> Config:
    """What the other half makes of it."""
    assert found.heard is not None
    return found.heard.config


def row_of(rows: Sequence[Option], family: str, name: str) -> Option:
    """The one row for option *name* of models of *family*."""
    (row,) = [row for row in rows if row.name == name and row.counts_for(family)]
    return row


# What holds of all rows.


def check_complete(rows: Sequence[Option], families: Sequence[str]) -> None:
    """Each option of each family has one row, which says where it is from, and what differs or comes nearest."""
    for family in families:
        names = [row.name for row in rows if row.counts_for(family)]
        assert sorted(names) == sorted(OPTIONS), family
    for row in rows:
        assert row.source.startswith("https://")
        assert set(row.models) <= set(families)
        if row.support == "unsupported":
            assert (bool(row.alternative), row.native, row.hot) == (True, "", False), row.name
        else:
            assert row.why or row.support == "exact", row.name
            assert not row.alternative, row.name


def check_exact(provider: Provider, config: Config, row: Option) -> None:
    """The other half reads what was set."""
    found = begun(provider, config)
    assert {warned.code for warned in found.warned} <= {"deprecated_model"}
    assert row.native in words(found)
    assert getattr(heard(found), row.name) == getattr(config, row.name)


def check_again(provider: Provider, config: Config, row: Option) -> None:
    """What the other half reads is told in the same words again."""
    found = begun(provider, config)
    assert {warned.code for warned in found.warned} <= {"deprecated_model"}
    read = evolve(heard(found), base_url=config.base_url)
    again = begun(provider, read)
    assert words(again) == words(found)
    assert evolve(heard(again), base_url=config.base_url) == read


def check_wordless(provider: Provider, config: Config, row: Option) -> None:
    """The model is so by itself, or the address says it."""
    found, plain = begun(provider, config), begun(provider, Config(model=config.model, base_url=config.base_url))
    assert config.is_set(row.name)
    assert {**native(found), "region": None} == {**native(plain), "region": None}


def check_lacking(provider: Provider, config: Config, row: Option) -> None:
    """It is refused with what comes nearest, or left out with one word about it; where it is off there is nothing."""
    plain = begun(provider, Config(model=config.model, base_url=config.base_url))
    if getattr(config, row.name) is False:
        assert words(begun(provider, config)) == words(plain)
        return
    with pytest.raises(UnsupportedOption) as caught:
        rehearse(provider, config)
    assert caught.value.options == {row.name: row.alternative}
    found = rehearse(provider, evolve(config, on_unsupported="warn"))
    (text,) = left_out(found)
    assert text.startswith(f"{provider.name} has no {row.name};")
    assert words(found) == words(plain)


# What holds of all settings.


def check_told(provider: Provider, config: Config) -> Rehearsal | None:
    """With a warning wanted, one for each that is wrong and no error; without, one error that names them all.

    Returns:
        How it begins with warnings; None: there are more channels than can be mixed, so it does not.
    """
    try:
        found = rehearse(provider, evolve(config, on_unsupported="warn"))
    except AudioError:
        assert config.audio.channels > 2
        return None
    assert config.audio.channels <= 2 or config.channels == "separate"
    texts = left_out(found)
    assert len(texts) == len(set(texts))
    if not texts:
        assert words(begun(provider, evolve(config, on_unsupported="error"))) == words(found)
        return found
    with pytest.raises(ConfigError) as caught:
        rehearse(provider, evolve(config, on_unsupported="error"))
    lacking = [match[1] for text in texts if (match := re.match(r"[\w-]+ has no ([a-z_]+(?:='separate')?)", text))]
    assert [*map(lacked, getattr(caught.value, "options", {}))] == lacking
    for text in texts:
        reason = re.sub(r"; (going on without it|sent as it is|the channels are mixed)$", "", text)
        if " has no " not in reason and " goes before " not in reason:
            assert reason in str(caught.value)
    return found


def check_never_breaks(provider: Provider, config: Config) -> None:
    """Whatever is in it, the errors are those of this library; with a warning wanted, none is of an option."""
    failure(provider, config)
    lenient = failure(provider, evolve(config, on_unsupported="warn"))
    assert not isinstance(lenient, UnsupportedOption)


def failure(provider: Provider, config: Config) -> AudioError | ConfigError | None:
    """Why a session with *config* does not begin; None: it does. Nothing else may be raised."""
    try:
        rehearse(provider, config)
    except (AudioError, ConfigError) as error:
        return error
    return None
