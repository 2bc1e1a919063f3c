"""Whether this machine's clock is right: where it is not, certificates and temporary tokens are refused."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from attrs import frozen

from ..capabilities import Capabilities
from .finding import Finding
from .reach import Contact

CHECK = "clock"
TOLERANCE = 60.0
"""Seconds; a temporary token may live no longer."""
COARSEST = 0.05
"""Seconds between two times that can be told apart: the length of a usual chunk of audio."""
_SET = "set the date and time, and let the system keep them by NTP"


@frozen
class Clocks:
    """What the clocks of this machine say.

    Attributes:
        now: Unix seconds.
        readings: of the monotonic clock, in the order in which they were made.
        monotonic: whether the system says that it never goes back.
        resolution: the least time in seconds that it tells apart.
    """

    now: float
    readings: tuple[float, ...]
    monotonic: bool
    resolution: float


def clocks() -> Clocks:
    """Return what they say now."""
    about = time.get_clock_info("monotonic")
    readings = tuple(time.monotonic() for _ in range(100))
    return Clocks(time.time(), readings, about.monotonic, about.resolution)


def newest(tables: Iterable[Capabilities]) -> datetime.date:
    """Return the latest date of *tables*: this package cannot be older."""
    return max((table.as_of for table in tables), default=datetime.date(1970, 1, 1))


def clock(here: Clocks, released: datetime.date) -> list[Finding]:
    """Return what can be said of *here* without asking anybody.

    Args:
        released: this package was made that day or later.
    """
    now = datetime.datetime.fromtimestamp(here.now, datetime.UTC)
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.date() < released:
        found = f"it is {shown}, before this package was made ({released})"
        date = Finding(CHECK, "date", "failed", found, _SET)
    else:
        date = Finding(CHECK, "date", "ok", shown)
    ordered = all(a <= b for a, b in zip(here.readings, here.readings[1:], strict=False))
    if not (here.monotonic and ordered):
        fix = "update the system or its virtual machine: without this clock no time-out holds"
        return [date, Finding(CHECK, "monotonic clock", "failed", "it goes back", fix)]
    if here.resolution > COARSEST:
        found, fix = f"it counts in steps of {here.resolution:g} s", "expect latencies to be measured no better"
        return [date, Finding(CHECK, "monotonic clock", "warning", found, fix)]
    return [date, Finding(CHECK, "monotonic clock", "ok", f"steps of {here.resolution:g} s")]


def compared(there: Contact) -> Finding:
    """Return how this machine's clock compares with that of *there*, by the Date of its answer."""
    subject = f"against {there.place}"
    try:
        date = parsedate_to_datetime(there.date)
    except ValueError:
        return Finding(CHECK, subject, "skipped", "it says no date", "")
    if date.tzinfo is None:  # "-0000": a time in UTC, of nobody's zone
        date = date.replace(tzinfo=datetime.UTC)
    theirs = date.timestamp()
    off = there.asked - theirs - 1.0 if there.asked > theirs + 1.0 else min(0.0, there.answered - theirs)
    if abs(off) <= TOLERANCE:
        return Finding(CHECK, subject, "ok", f"within {TOLERANCE:.0f} s")
    way = "ahead" if off > 0 else "behind"
    found = f"this machine is {abs(off):.0f} s {way}: certificates and temporary tokens may be refused"
    return Finding(CHECK, subject, "warning", found, _SET)
