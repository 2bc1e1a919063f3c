"""The public names of the package."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

import aai_migrate


def test_all_is_what_is_there() -> None:
    """Every public name is exported, every exported name is there, once and in order."""
    names = {
        name
        for name, value in vars(aai_migrate).items()
        if not name.startswith("_") and (not isinstance(value, types.ModuleType) or name in aai_migrate.__all__)
    }
    assert names | {"__version__"} == set(aai_migrate.__all__)
    assert len(aai_migrate.__all__) == len(set(aai_migrate.__all__))
    assert list(aai_migrate.__all__) == sorted(aai_migrate.__all__)


def test_every_name_is_described() -> None:
    """Classes and functions have docstrings."""
    for name in aai_migrate.__all__:
        value = getattr(aai_migrate, name)
        if isinstance(value, (type, types.FunctionType)):
            assert value.__doc__, name


def test_the_error_tree_is_public_whole() -> None:
    """Whatever we raise can be caught by a public name."""
    from aai_migrate import errors

    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert getattr(aai_migrate, name) is kind


def test_every_event_is_public() -> None:
    """What iteration yields can be matched by a public name."""
    from aai_migrate import events

    for name in events.__all__:
        assert getattr(aai_migrate, name) is getattr(events, name)


@pytest.mark.parametrize("name", ["doctor", "explain", "gateway", "testing", "testing.coded", "testing.conformance"])
def test_the_parts_that_few_need_are_there(name: str) -> None:
    """``import aai_migrate`` is enough to reach them, in a process that has not imported them before."""
    program = f"import aai_migrate; print(aai_migrate.{name}.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"aai_migrate.{name}", done.stderr
