"""Whether what is installed is new enough, and what is missing for which feature."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata

from attrs import frozen

from .. import __version__
from .finding import Finding

CHECK = "versions"
DISTRIBUTION = "aai_migrate"
APART = frozenset({"all", "dev", "test", "testing"})
"""Extras that only gather others, or bring what users do not need."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_BOUND = re.compile(r"\s*(>=|<=|==|!=|~=|>|<)\s*([0-9][^\s,]*)\s*")
_HOW = {
    "pyaudio": "on Linux it is compiled: apt-get install gcc python3-dev portaudio19-dev first",
}


@frozen
class Installation:
    """What runs here.

    Attributes:
        python: the interpreter's version.
        ours: the version that the running code says it is.
        metadata: the version that the installed metadata says; None: there is none.
        requires_python: the bound in the metadata, as ``>=3.11``; "" for none.
        requires: the requirements in the metadata.
        installed: the version of each package that is there, by name in small letters.
    """

    python: tuple[int, int, int]
    ours: str
    metadata: str | None
    requires_python: str
    requires: tuple[str, ...]
    installed: Mapping[str, str]


@frozen
class Requirement:
    """A package with its bounds, and the extras that ask for it; none: the library itself does."""

    name: str
    bounds: str
    extras: tuple[str, ...]


def installation() -> Installation:
    """Return what runs here."""
    python = (sys.version_info.major, sys.version_info.minor, sys.version_info.micro)
    try:
        ours = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return Installation(python, __version__, None, "", (), {})
    requires = tuple(ours.requires or ())
    versions = {each.name: _version(each.name) for each in requirements(requires)}
    there = {name: version for name, version in versions.items() if version is not None}
    bound = str(ours.metadata["Requires-Python"] or "") if "Requires-Python" in ours.metadata else ""
    return Installation(python, __version__, ours.version, bound, requires, there)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def requirements(texts: Iterable[str]) -> list[Requirement]:
    """Return what *texts*, as the metadata has them, ask for; each package once, the library's own first.

    Extras that only gather others, and what developers need, are left out. Of a marker only its extra is read.
    """
    bounds: dict[str, str] = {}
    extras: dict[str, list[str]] = {}
    for text in texts:
        match = _REQUIREMENT.fullmatch(text)
        if match is None:
            continue
        name, bound, marker = match[1].lower(), match[2].strip(), match[3] or ""
        extra = _EXTRA.search(marker)
        if extra and extra[1] in APART:
            continue
        bounds.setdefault(name, bound)
        extras.setdefault(name, [])
        if extra:
            extras[name].append(extra[1])
    found = [Requirement(name, bound, tuple(sorted(set(extras[name])))) for name, bound in bounds.items()]
    return sorted(found, key=lambda each: (bool(each.extras), each.name))


def release(version: str) -> tuple[int, ...]:
    """Return the numbers that *version* begins with, without zeros at the end: ``1.10.0rc1`` is (1, 10)."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def fits(version: str, bounds: str) -> bool:
    """Whether *version* keeps *bounds*, as ``>=1.8,<2``; by its numbers alone."""
    have = release(version)
    for bound in bounds.split(","):
        match = _BOUND.fullmatch(bound)
        if match is None:
            continue
        sign, want = match[1], release(match[2])
        kept = {
            ">=": have >= want,
            "~=": have >= want,
            "<=": have <= want,
            "==": have == want,
            "!=": have != want,
            ">": have > want,
            "<": have < want,
        }[sign]
        if not kept:
            return False
    return True


def versions(here: Installation) -> list[Finding]:
    """Return what is to say of *here*."""
    return [_python(here), _ours(here), *(_package(here, each) for each in requirements(here.requires))]


def _python(here: Installation) -> Finding:
    version = ".".join(map(str, here.python))
    if not fits(version, here.requires_python):
        return Finding(CHECK, "Python", "failed", f"{version}; {here.requires_python} is needed", "install a newer one")
    if here.python == (3, 13, 6):  # github.com/python/cpython/issues/137583, mended in 3.13.7
        found = f"{version} can lock up where one thread reads TLS and another writes"
        return Finding(CHECK, "Python", "warning", found, "install Python 3.13.7 or newer")
    return Finding(CHECK, "Python", "ok", version)


def _ours(here: Installation) -> Finding:
    again = f"pip install --upgrade {DISTRIBUTION}"
    if here.metadata is None:
        found = f"{here.ours} runs from a folder and is not installed, so that its requirements are not known"
        return Finding(CHECK, DISTRIBUTION, "warning", found, f"pip install {DISTRIBUTION}")
    if here.metadata != here.ours:
        found = f"{here.ours} runs, but {here.metadata} is installed: another copy comes first on the import path"
        return Finding(CHECK, DISTRIBUTION, "warning", found, f"{again}, and remove the other copy")
    return Finding(CHECK, DISTRIBUTION, "ok", here.ours)


def _package(here: Installation, wanted: Requirement) -> Finding:
    extras = ", ".join(wanted.extras)
    line = f"pip install '{DISTRIBUTION}[{wanted.extras[0]}]'" if wanted.extras else f"pip install {DISTRIBUTION}"
    version = here.installed.get(wanted.name)
    needed = f"extra {extras}" if len(wanted.extras) == 1 else f"extras {extras}" if extras else "the library itself"
    if version is None:
        fix = "; ".join(filter(None, (line, _how(wanted.name, here.python))))
        found = f"not installed; {needed} would bring it" if extras else f"not installed; {needed} needs it"
        return Finding(CHECK, wanted.name, "skipped" if extras else "failed", found, fix)
    if not fits(version, wanted.bounds):
        found = f"{version}, but {needed} needs {wanted.bounds}"
        fix = f"pip install '{wanted.name}{wanted.bounds}'"
        return Finding(CHECK, wanted.name, "warning" if extras else "failed", found, fix)
    return Finding(CHECK, wanted.name, "ok", f"{version}, for {needed}")


def _how(name: str, python: tuple[int, int, int]) -> str:
    """Return what makes installing *name* hard, "" for nothing: as of pocketsphinx 5.1.1 and PyAudio 0.2.14."""
    if name == "pocketsphinx" and python >= (3, 14, 0):
        return "there is no wheel for this Python: it is compiled, or use Python 3.11 or 3.13"
    return _HOW.get(name, "")
