"""The test kit, for our own tests and for applications': both halves of a vendor, in memory or on this machine."""

from importlib import import_module as _import
from types import ModuleType as _Module

from ..service import Far, Service
from .clock import ManualClock
from .contract import check_turns
from .faults import Corrupt, Cut, Delay, Duplicate, Fault, Refuse
from .link import FarEnd, Link, Stuck, spoken
from .run import Run
from .same import DifferentTurns, EndedTurn, SameTurns, ended_turns, same_turns
from .trace import Entry, Trace

__all__ = [
    "Corrupt",
    "Cut",
    "Delay",
    "DifferentTurns",
    "Duplicate",
    "EndedTurn",
    "Entry",
    "Far",
    "FarEnd",
    "Fault",
    "Link",
    "ManualClock",
    "Refuse",
    "Run",
    "SameTurns",
    "Service",
    "Stuck",
    "Trace",
    "check_turns",
    "ended_turns",
    "same_turns",
    "spoken",
]


def __getattr__(name: str) -> _Module:
    """Import the parts that few tests need when they are asked for, such as ``testing.conformance``."""
    if name in ("coded", "conformance"):
        return _import(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
