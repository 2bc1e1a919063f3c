"""The config file: what it may say, and one line with the path for everything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import aai_migrate
from aai_migrate import registry
from aai_migrate.configfile import LARGEST, ConfigFile, Table, load, merged
from aai_migrate.errors import ConfigError
from aai_migrate.options import Option
from aai_migrate.testing.coded.provider import PROVIDER as CODED

KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def speaker() -> Iterator[None]:
    """A provider with a word of its own that looks like one of ours."""
    rows = (Option(name="keyterms", native="keyterm"),)
    registry.register(evolve(CODED, name="speaker", options=rows))
    yield
    registry.unregister("speaker")


def read(tmp_path: Path, content: str | bytes) -> ConfigFile:
    """Write *content* to ``stt.toml`` and load it."""
    path = tmp_path / "stt.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path)


def test_what_a_file_says(tmp_path: Path) -> None:
    """Options of every kind, a vendor's own words plain or apart, and tables that are not in use."""
    file = read(
        tmp_path,
        """
        provider = "speaker/m-1"
        language = "en"
        sample_rate = 8000
        encoding = "pcm_mulaw"
        audio_channels = 2
        keyterms = ["Klinke"]
        on_unsupported = "warn"
        hold_bytes = 1_000_000
        paced = false

        [speaker]
        partials = false
        keyterm = ["Drossel"]
        callback = {url = "https://h", retries = 3}
        extra.langauge = "really"
        extra.language = "theirs"

        [assemblyai]
        connect_timeout = 3
        model = "u3-rt-pro"
        """,
    )
    assert (file.path, file.provider) == (str(tmp_path / "stt.toml"), "speaker/m-1")
    shared = {
        "language": "en",
        "sample_rate": 8000,
        "encoding": "pcm_mulaw",
        "audio_channels": 2,
        "keyterms": ["Klinke"],
        "on_unsupported": "warn",
        "hold_bytes": 1_000_000,
        "paced": False,
    }
    assert file.shared == shared
    assert file.options("local") == shared
    words = {
        "keyterm": ["Drossel"],
        "callback": {"url": "https://h", "retries": 3},
        "langauge": "really",
        "language": "theirs",
    }
    assert file.options("speaker") == {**shared, "partials": False, "extra": {"speaker": words}}
    assert file.tables["assemblyai-v3"] == Table({"connect_timeout": 3, "model": "u3-rt-pro"})


@pytest.mark.parametrize("content", ["", "# nothing\n", "[coded]\n", b"\xef\xbb\xbf[coded]\n"])
def test_a_file_may_say_nothing(tmp_path: Path, content: str | bytes) -> None:
    """Then it sets nothing; some editors put a mark before UTF-8."""
    file = read(tmp_path, content)
    assert (file.provider, file.options("coded"), file.api_key_env("coded")) == (None, {}, None)


def test_public_names(tmp_path: Path) -> None:
    """``aai_migrate.load`` is the way in."""
    assert isinstance(aai_migrate.load(str(tmp_path / os.devnull)), aai_migrate.ConfigFile)


def test_a_repr_shows_no_setting(tmp_path: Path) -> None:
    """A vendor's own word can hold a secret, such as the header of a callback."""
    file = read(tmp_path, f"[speaker]\ncallback_header = '{KEY}'\n")
    assert file.tables["speaker"].extra == {"callback_header": KEY}
    assert KEY not in repr(file)
    assert KEY not in repr(file.tables)


WRONG: list[tuple[str | bytes, str]] = [
    # What is no TOML.
    ("language = en", "not TOML: Invalid value (at line 1, column 12); strings need quotes"),
    ("language = 'en'\nlanguage = 'de'", "not TOML: Cannot overwrite a value (at "),
    ("x = " + "[" * 100_000, "not TOML: "),
    ("x = " + "1" * 5_000, "not TOML: "),
    (b"language = '\xff'", "byte 12 is not UTF-8; save it as UTF-8"),
    (b"#" * (LARGEST + 1), "holds more than 1 MiB; give the path of a config file in TOML"),
    # At the top.
    ("langauge = 'en'", "unknown setting 'langauge'; did you mean language or languages?"),
    ("providr = 'coded'", "unknown setting 'providr'; did you mean provider?"),
    ("vad_threshold = 0.4", "unknown setting 'vad_threshold'; known: audio_channels, backlog"),
    ("[asemblyai]", "unknown provider 'asemblyai'; did you mean assemblyai or assemblyai-v3 or assemblyai-v2?"),
    ("[assemblyai]\n[assemblyai-v3]", "[assemblyai] and [assemblyai-v3] are one provider; write one table"),
    ("coded = 1", "coded is a provider, and what is said of it stands in one table: write [coded]"),
    ("[[assemblyai]]\n[[assemblyai]]", "assemblyai is a provider, and what is said of it stands in one table: "),
    ("[CODED]", "unknown provider 'CODED'; did you mean coded?"),
    ("[acme]\nmodel = 'x'\nword = 1", "unknown provider 'acme'; known: assemblyai, "),
    ("[codde]\nmodel = 'x'", "unknown provider 'codde'; did you mean coded?"),
    ("provider = 1", "provider must be a string such as 'name/model', not 1"),
    ("provider = 'codde'", "unknown provider 'codde'; did you mean coded?"),
    ("provider = 'coded/'", "provider 'coded/' is not of the form name or name/model"),
    ("[provider]", "provider must be a string such as 'name/model', not {}"),
    ("[language]", "language must be a non-empty string, not {}"),
    ("model = 'u3-rt-pro'", "model belongs to one provider: write it below [PROVIDER], not at the top"),
    ("base_url = 'ws://h'", "base_url belongs to one provider: "),
    ("api_key_env = 'NAME'", "api_key_env belongs to one provider: "),
    ("[extra.coded]", "extra belongs to one provider: "),
    ("language = ''", "language must be a non-empty string, not ''"),
    ("turn_silence = '1'", "turn_silence must be 0 to 60 seconds, not '1'"),
    ("partials = 1", "partials must be true or false, not 1"),
    ("partials = 2026-01-01", "partials must be true or false, not datetime.date(2026, 1, 1)"),
    ("drain_timeout = 0", "drain_timeout must be a number above 0, not 0"),
    ("sample_rate = 1", "sample_rate 1 is not a whole number from 4000 to 192000 Hz"),
    # In a table, in use or not.
    (
        "[coded]\nlangauge = 'en'",
        "[coded]: unknown option 'langauge'; did you mean language or languages? If it is the",
    ),
    ("[coded]\nkeyterm = ['a']", "[coded]: unknown option 'keyterm'; did you mean keyterms?"),
    ("[coded]\napi_key_evn = 'A'", "[coded]: unknown option 'api_key_evn'; did you mean api_key_env?"),
    ("[coded]\nextras.a = 1", "[coded]: unknown option 'extras'; did you mean extra?"),
    ("[coded]\nprovider = 'coded'", "[coded]: provider is chosen at the top of the file, before all tables"),
    ("[coded]\nturn_silence = 61", "[coded]: turn_silence must be 0 to 60 seconds, not 61"),
    ("[coded]\nbase_url = 'h'", "[coded]: base_url must begin with wss://"),
    ("[coded]\nencoding = 'mp3'", "[coded]: encoding 'mp3' is unknown; choose one of pcm_s16le"),
    ("[coded]\nidle = 'soon'", "[coded]: idle must be a number above 0, not 'soon'"),
    ("[coded]\nextra = 1", "[coded]: extra must be a table of the vendor's own words, not 1"),
    ("[coded]\noverflow = 'drop'", "[coded]: overflow must be one of block, drop_oldest, raise, not 'drop'"),
    ("[coded.extra.coded]\nhard = 1", "[coded]: coded is named once more; write its words right below [coded.extra]"),
    ("[assemblyai.assemblyai]\na = 1", "[assemblyai]: assemblyai is named once more; write its words right below ["),
    ("[coded]\nhard = 1\nextra.hard = 2", "[coded]: hard is there twice, once in extra"),
    ("[coded]\nhard = 2026-01-01", "[coded]: hard: a date or time has to be written as a string"),
    ("[coded.hard]\nby = [1, nan]", "[coded]: hard.by must be a finite number, not nan"),
    ("provider = 'coded/a'\n[coded]\nmodel = 'b'", "model is given twice: 'a' in provider and 'b' in [coded]"),
    # Keys.
    (f"api_key = '{KEY}'", "api_key: keys do not belong in a file; put it into the provider's environment variable"),
    (f"DEEPGRAM_API_KEY = '{KEY}'", "DEEPGRAM_API_KEY: keys do not belong in a file"),
    (f"[coded]\nAPI-Key = '{KEY}'", "[coded]: API-Key: keys do not belong in a file"),
    (f"[coded.extra]\ntoken = '{KEY}'", "[coded]: token: keys do not belong in a file"),
    (f"[coded]\napi_key_env = '{KEY}'", "[coded]: api_key_env must name an environment variable, in capitals"),
    ("[coded]\napi_key_env = 1", "[coded]: api_key_env must name an environment variable, in capitals"),
]


@pytest.mark.parametrize(("content", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_is_wrong_is_one_line_with_the_path(tmp_path: Path, content: str | bytes, says: str) -> None:
    """A ConfigError names the file, the table, the setting and the way out, and shows no key."""
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, content)
    text = str(raised.value)
    assert text.startswith(f"{tmp_path / 'stt.toml'}: {says}")
    assert "\n" not in text
    assert KEY not in text


def test_a_plug_in_that_is_not_installed(tmp_path: Path) -> None:
    """Its table is an error that says what to do: it cannot be told from a misspelled one."""
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, "[acme]\nmodel = 'x'\nword = 1\n")
    assert str(raised.value).endswith("; if a plug-in brings it, install that here")


def test_a_table_that_only_groups_settings(tmp_path: Path) -> None:
    """There is none: our settings are one list."""
    with pytest.raises(ConfigError, match=r"unknown provider 'limits'; known: ") as raised:
        read(tmp_path, "[limits]\nbacklog = 3\noverflow = 'raise'\n")
    assert str(raised.value).endswith("; if it only groups settings, write backlog at the top")


@pytest.mark.parametrize(
    ("shared", "own", "expected"),
    [
        ({"language": "en"}, {"languages": ["en", "de"]}, {"languages": ["en", "de"]}),
        ({"languages": ["en", "de"]}, {"language": "en"}, {"language": "en"}),
        ({"language": "en", "partials": True}, {"partials": None}, {"language": "en", "partials": True}),
        ({"language": "en"}, {"languages": None}, {"language": "en", "languages": None}),
        ({"language": "en"}, {"language": "de", "languages": []}, {"language": "de", "languages": []}),
    ],
)
def test_the_languages_are_one_setting(shared: dict[str, Any], own: dict[str, Any], expected: dict[str, Any]) -> None:
    """TOML has no null: a table could not take the shared language away, and vendors refuse both together."""
    assert merged(shared, own) == expected


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere.toml", "nowhere.toml: No such file or directory; give the path of a config file in TOML"),
        (".", ".: Is a directory; give the path"),
        ("a\0b", "a\0b: embedded null byte; give the path"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, says: str) -> None:
    """It is named, with the reason."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert str(raised.value).startswith(says)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """So is one without permission."""
    path = tmp_path / "stt.toml"
    path.touch(mode=0)
    with pytest.raises(ConfigError, match="Permission denied; give the path"):
        load(path)


@pytest.mark.parametrize("path", [None, 3, b"stt.toml", {}])
def test_a_path_that_is_none(path: Any) -> None:
    """Nothing is opened: an integer would be a file descriptor."""
    with pytest.raises(ConfigError, match="a config file is given by its path"):
        load(path)


def test_a_table_of_a_provider_that_does_not_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in the way of the others; its words cannot be compared."""
    broken = EntryPoint("broken", "no_such_module:PROVIDER", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    assert read(tmp_path, "[broken]\nkeyterm = ['a']\n").tables["broken"].extra == {"keyterm": ["a"]}
