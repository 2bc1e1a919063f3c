"""The test kit, for our own tests and for applications': both halves of a vendor in memory, on a manual clock."""

from .clock import ManualClock
from .contract import check_turns
from .faults import Corrupt, Cut, Delay, Duplicate, Fault, Refuse
from .link import Far, FarEnd, Link, Service, Stuck, spoken
from .run import Run
from .trace import Entry, Trace

__all__ = [
    "Corrupt",
    "Cut",
    "Delay",
    "Duplicate",
    "Entry",
    "Far",
    "FarEnd",
    "Fault",
    "Link",
    "ManualClock",
    "Refuse",
    "Run",
    "Service",
    "Stuck",
    "Trace",
    "check_turns",
    "spoken",
]
