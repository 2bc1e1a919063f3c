"""Settings rehearsed: everything that is wrong with them, a line each."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aai_migrate_providers.deepgram import PROVIDER as DEEPGRAM
from attrs import evolve

from aai_migrate import registry
from aai_migrate.capabilities import Model
from aai_migrate.config import Config
from aai_migrate.configfile import ConfigFile, load
from aai_migrate.doctor.configuration import configuration, rehearsed
from aai_migrate.doctor.finding import Finding, State
from aai_migrate.errors import MissingExtra
from aai_migrate.provider import Context
from aai_migrate.settings import Choice
from aai_migrate.testing.coded.provider import PROVIDER as CODED

TODAY = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
NO_FILE = ConfigFile("")


def told(tmp_path: Path, content: str, name: str, model: str | None = None) -> list[tuple[str, str, str]]:
    """What is said of a provider by a file with *content*."""
    path = tmp_path / "stt.toml"
    path.write_text(content, encoding="utf-8")
    _, found = configuration(Choice(name, model), load(path), TODAY)
    assert {(each.check, each.subject) for each in found} == {("config", f"{path} for {name}")}
    return [(each.state, each.found, each.fix) for each in found]


def test_all_is_well(tmp_path: Path) -> None:
    """One line, with the model."""
    assert told(tmp_path, "language = 'en'\n[deepgram]\nmodel = 'nova-2'\n", "deepgram") == [
        ("ok", "all settings are taken, model nova-2", "")
    ]
    settled, found = configuration(Choice("coded"), NO_FILE, TODAY)
    assert settled is not None
    assert settled.provider is CODED
    assert found == [Finding("config", "coded", "ok", "all settings are taken, model coded")]


def test_everything_that_is_refused(tmp_path: Path) -> None:
    """Each option, each value, a model and a word that are not known: all at once."""
    content = """
    language = "en"
    diarization = true
    region = "xx"
    [gladia]
    model = "solaria-9"
    weather = "sunny"
    """
    found = told(tmp_path, content, "gladia")
    assert [(state, text) for state, text, _ in found] == [
        ("failed", "gladia has no diarization"),
        ("failed", "region must be eu or us, not 'xx'"),
        ("warning", "model 'solaria-9' is not in our table"),
        ("warning", "'weather' is not a parameter we know"),
        (
            "failed",
            "the vendor would refuse: Invalid parameter(s): model must be one of the following values: solaria-1; "
            "property weather should not exist",
        ),
    ]
    assert [fix for _, _, fix in found][1:] == [
        "correct the setting",
        "check its spelling; aai-migrate providers gladia lists those we know",
        "check its spelling in the vendor's pages, or take it out",
        "correct the setting",
    ]


def test_on_unsupported_warn(tmp_path: Path) -> None:
    """What is left out on the caller's wish is a warning."""
    content = "diarization = true\non_unsupported = 'warn'\n"
    assert told(tmp_path, content, "coded") == [
        ("warning", "coded has no diarization", "leave it out where it is not needed")
    ]


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("", "assemblyai-v2", ("failed", "AssemblyAI retired its realtime API v2 in late 2025", "use assemblyai-v3, ")),
        ("audio_channels = 5\n", "coded", ("failed", "5 channels cannot be mixed into one", "pick one or two first, ")),
        ("", "codde", ("failed", "unknown provider 'codde'", "did you mean coded?")),
    ],
)
def test_what_cannot_begin(tmp_path: Path, content: str, name: str, expected: tuple[str, str, str]) -> None:
    """One line with the error's own advice."""
    ((state, found, fix),) = told(tmp_path, content, name)
    assert state == expected[0]
    assert found.startswith(expected[1])
    assert fix.startswith(expected[2])


@pytest.fixture
def acme() -> Iterator[Any]:
    """Let a test make a provider of *changes*."""

    def register(**changes: Any) -> None:
        registry.register(evolve(CODED, name="acme", **changes))

    yield register
    registry.unregister("acme")


def test_a_missing_extra(acme: Any) -> None:
    """The line that installs it."""

    def ready() -> None:
        raise MissingExtra("acme", "acme")

    acme(ready=ready)
    assert configuration(Choice("acme"), NO_FILE, TODAY) == (
        None,
        [Finding("config", "acme", "failed", "acme needs the extra acme", "pip install 'aai_migrate[acme]'")],
    )


def test_a_plug_in_that_breaks(acme: Any) -> None:
    """What it raises is a finding."""

    def client(context: Context) -> Any:
        raise RuntimeError("not today")

    acme(client=client)
    _, (told,) = configuration(Choice("acme"), NO_FILE, TODAY)
    assert (told.state, told.found) == (
        "failed",
        "the provider acme breaks on these settings: RuntimeError",
    )


@pytest.mark.parametrize(
    ("deprecated", "retired", "state", "found"),
    [
        ("2026-10-01", None, "warning", "model old is deprecated since 2026-10-01"),
        ("2027-10-01", None, "warning", "model old will be deprecated on 2027-10-01"),
        ("2026-10-01", "2026-11-22", "failed", "model old is retired since 2026-11-22"),
        ("2026-10-01", "2026-11-23", "warning", "model old will be retired on 2026-11-23"),
    ],
)
@pytest.mark.parametrize("named", ["old", None])
def test_a_model_out_of_use(deprecated: str, retired: str | None, state: State, found: str, named: str | None) -> None:
    """With its replacement, once; also the one that is asked for where none is named."""
    since = datetime.date.fromisoformat
    old = Model(
        name="old",
        family="nova",
        deprecated=since(deprecated),
        retired=since(retired) if retired else None,
        replacement="new",
    )
    can = evolve(CODED.capabilities, models={"old": old}, default_model="old")
    provider = evolve(CODED, capabilities=can)
    told = rehearsed("coded", provider, Config(model=named), TODAY)
    assert told == [Finding("config", "coded", state, found, "use new")]


def test_today_is_given() -> None:
    """Models are judged by the day that is given, not by the clock."""
    old = Model(name="nova-3", family="nova-3", retired=datetime.date(2030, 1, 1))
    provider = evolve(
        DEEPGRAM,
        variant=None,
        capabilities=evolve(DEEPGRAM.capabilities, models={**DEEPGRAM.capabilities.models, "nova-3": old}),
    )
    later = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    states = [[each.state for each in rehearsed("x", provider, Config(), day)] for day in (TODAY, later)]
    assert states == [["warning"], ["failed"]]


def test_channels_that_are_not_kept_apart(tmp_path: Path) -> None:
    """What is lacking is what was asked of them, not channels."""
    content = "channels = 'separate'\naudio_channels = 2\n"
    ((state, text, fix),) = told(tmp_path, content, "assemblyai-v3")
    assert (state, text) == ("failed", "assemblyai-v3 has no channels='separate'")
    assert fix == "use channels='mix', or open one stream a channel"
