"""Versions against the floors of the metadata."""

from __future__ import annotations

from importlib import metadata

import pytest
from attrs import evolve

import aai_migrate
from aai_migrate.doctor.finding import Finding
from aai_migrate.doctor.versions import Installation, Requirement, fits, installation, release, requirements, versions

REQUIRES = (
    "attrs>=24.2",
    "websocket-client>=1.8",
    "aiohttp>=3.14.1; extra == 'all'",
    "aiohttp>=3.14.1; extra == 'async'",
    'aiohttp>=3.14.1; extra == "gateway"',
    "PyAudio (>=0.2.14) ; extra == 'mic'",
    "pytest>=8; extra == 'dev'",
    "speechmatics-rt[jwt]<2,>=1.2; extra == 'rt'",
    "???",
)
GOOD = Installation(
    (3, 12, 1),
    "0.1.0",
    "0.1.0",
    ">=3.11",
    REQUIRES,
    {"attrs": "24.2.0", "websocket-client": "1.10", "aiohttp": "3.14.1", "pyaudio": "0.2.14", "speechmatics-rt": "1.2"},
)


def test_requirements() -> None:
    """Each package once, with all extras that users may ask for."""
    assert requirements(REQUIRES) == [
        Requirement("attrs", ">=24.2", ()),
        Requirement("websocket-client", ">=1.8", ()),
        Requirement("aiohttp", ">=3.14.1", ("async", "gateway")),
        Requirement("pyaudio", ">=0.2.14", ("mic",)),
        Requirement("speechmatics-rt", "<2,>=1.2", ("rt",)),
    ]


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("1.10.0", (1, 10)), ("v2", (2,)), ("26.1.0rc1", (26, 1)), ("0.2.14.post1", (0, 2, 14)), ("local", ())],
)
def test_release(version: str, numbers: tuple[int, ...]) -> None:
    """Numbers are compared as numbers, and zeros at the end do not count."""
    assert release(version) == numbers


@pytest.mark.parametrize(
    ("version", "bounds", "so"),
    [
        ("1.10", ">=1.8", True),
        ("1.8.0", ">=1.8", True),
        ("1.7.9", ">=1.8", False),
        ("2.0", "<2,>=1.2", False),
        ("1.9", "<2,>=1.2", True),
        ("1.1", "<2, >=1.2", False),
        ("1.5", "!=1.5", False),
        ("1.5", "==1.5.0", True),
        ("1.4", "==1.5", False),
        ("1.5", "~=1.4", True),
        ("1.3", "~=1.4", False),
        ("1.5", "<=1.5", True),
        ("1.5", ">1.5", False),
        ("1.5", "", True),
    ],
)
def test_fits(version: str, bounds: str, so: bool) -> None:
    """Every sign that a requirement may have."""
    assert fits(version, bounds) is so


def test_all_is_well() -> None:
    """One line each, and no fix."""
    found = versions(GOOD)
    assert [each.subject for each in found] == [
        "Python",
        "aai_migrate",
        "attrs",
        "websocket-client",
        "aiohttp",
        "pyaudio",
        "speechmatics-rt",
    ]
    assert {(each.state, each.fix) for each in found} == {("ok", "")}


WRONG: list[tuple[Installation, Finding]] = [
    (
        evolve(GOOD, python=(3, 10, 9)),
        Finding("versions", "Python", "failed", "3.10.9; >=3.11 is needed", "install a newer one"),
    ),
    (
        evolve(GOOD, python=(3, 13, 6)),
        Finding(
            "versions",
            "Python",
            "warning",
            "3.13.6 can lock up where one thread reads TLS and another writes",
            "install Python 3.13.7 or newer",
        ),
    ),
    (
        evolve(GOOD, metadata="0.0.9"),
        Finding(
            "versions",
            "aai_migrate",
            "warning",
            "0.1.0 runs, but 0.0.9 is installed: another copy comes first on the import path",
            "pip install --upgrade aai_migrate, and remove the other copy",
        ),
    ),
    (
        evolve(GOOD, metadata=None, requires=()),
        Finding(
            "versions",
            "aai_migrate",
            "warning",
            "0.1.0 runs from a folder and is not installed, so that its requirements are not known",
            "pip install aai_migrate",
        ),
    ),
    (
        evolve(GOOD, installed={**GOOD.installed, "attrs": "23.2.0"}),
        Finding(
            "versions",
            "attrs",
            "failed",
            "23.2.0, but the library itself needs >=24.2",
            "pip install 'attrs>=24.2'",
        ),
    ),
    (
        evolve(GOOD, installed={**GOOD.installed, "aiohttp": "3.9.5"}),
        Finding(
            "versions",
            "aiohttp",
            "warning",
            "3.9.5, but extras async, gateway needs >=3.14.1",
            "pip install 'aiohttp>=3.14.1'",
        ),
    ),
    (
        evolve(GOOD, installed={name: version for name, version in GOOD.installed.items() if name != "pyaudio"}),
        Finding(
            "versions",
            "pyaudio",
            "skipped",
            "not installed; extra mic would bring it",
            "pip install 'aai_migrate[mic]'; on Linux it is compiled: "
            "apt-get install gcc python3-dev portaudio19-dev first",
        ),
    ),
    (
        evolve(GOOD, installed={name: version for name, version in GOOD.installed.items() if name != "attrs"}),
        Finding(
            "versions",
            "attrs",
            "failed",
            "not installed; the library itself needs it",
            "pip install aai_migrate",
        ),
    ),
    (
        evolve(GOOD, python=(3, 14, 0), requires=("pocketsphinx>=5.0.4; extra == 'local'",), installed={}),
        Finding(
            "versions",
            "pocketsphinx",
            "skipped",
            "not installed; extra local would bring it",
            "pip install 'aai_migrate[local]'; there is no wheel for this Python: it is compiled, "
            "or use Python 3.11 or 3.13",
        ),
    ),
]


@pytest.mark.parametrize(("here", "expected"), WRONG, ids=[f"{each.subject}-{each.state}" for _, each in WRONG])
def test_what_is_wrong(here: Installation, expected: Finding) -> None:
    """It is the only line that is not ok."""
    assert [each for each in versions(here) if each.state != "ok"] == [expected]


def test_this_installation() -> None:
    """What is there is read from the metadata; a machine that runs the tests keeps the floors."""
    here = installation()
    assert (here.ours, here.requires_python) == (aai_migrate.__version__, ">=3.11")
    assert here.installed["attrs"] == metadata.version("attrs")
    assert "ruff" not in here.installed
    assert not [each for each in versions(here) if each.state == "failed"]
