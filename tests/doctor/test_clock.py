"""The clock, by itself and against a host's."""

from __future__ import annotations

import datetime

import pytest
from attrs import evolve

from aai_migrate.doctor.clock import Clocks, clock, clocks, compared, newest
from aai_migrate.doctor.reach import Contact
from aai_migrate.testing.coded.provider import PROVIDER as CODED

NOW = datetime.datetime(2026, 11, 22, 8, 30, 0, tzinfo=datetime.UTC)
RELEASED = datetime.date(2026, 11, 1)
GOOD = Clocks(NOW.timestamp(), (1.0, 1.0, 1.5), monotonic=True, resolution=1e-9)


def test_good() -> None:
    """Two lines, in UTC."""
    date, monotonic = clock(GOOD, RELEASED)
    assert (date.state, date.found) == ("ok", "2026-11-22 08:30:00 UTC")
    assert (monotonic.state, monotonic.found) == ("ok", "steps of 1e-09 s")


def test_before_the_release() -> None:
    """A board without a battery starts in 1970."""
    date, _ = clock(evolve(GOOD, now=0.0), RELEASED)
    assert (date.state, date.found) == (
        "failed",
        "it is 1970-01-01 00:00:00 UTC, before this package was made (2026-11-01)",
    )
    assert date.fix == "set the date and time, and let the system keep them by NTP"
    assert clock(GOOD, NOW.date())[0].state == "ok"


@pytest.mark.parametrize(
    ("here", "state", "found"),
    [
        (evolve(GOOD, readings=(1.0, 2.0, 1.5)), "failed", "it goes back"),
        (evolve(GOOD, monotonic=False), "failed", "it goes back"),
        (evolve(GOOD, resolution=0.0625), "warning", "it counts in steps of 0.0625 s"),
    ],
)
def test_monotonic(here: Clocks, state: str, found: str) -> None:
    """All time-outs stand on it."""
    told = clock(here, RELEASED)[1]
    assert (told.state, told.found) == (state, found)
    assert told.fix


def test_this_machine() -> None:
    """What runs the tests has a clock that does not go back."""
    here = clocks()
    assert len(here.readings) > 1
    assert clock(here, datetime.date(1970, 1, 2))[1].state != "failed"


def test_newest() -> None:
    """The package is no older than the newest of its tables."""
    can = CODED.capabilities
    assert newest([can, evolve(can, as_of=RELEASED), can]) == RELEASED
    assert newest([]) == datetime.date(1970, 1, 1)


@pytest.mark.parametrize(
    ("date", "state", "found"),
    [
        ("Sun, 22 Nov 2026 08:30:00 GMT", "ok", "within 60 s"),
        ("Sun, 22 Nov 2026 08:29:00 GMT", "ok", "within 60 s"),
        ("Sun, 22 Nov 2026 08:28:58 GMT", "warning", "this machine is 61 s ahead: "),
        ("Sun, 22 Nov 2026 08:31:02 GMT", "ok", "within 60 s"),
        ("Sun, 22 Nov 2026 08:31:03 GMT", "warning", "this machine is 61 s behind: "),
        ("Sun, 22 Nov 2026 08:31:02 -0000", "ok", "within 60 s"),
        ("Sun, 22 Nov 2026 09:30:01 +0100", "ok", "within 60 s"),
        ("yesterday", "skipped", "it says no date"),
        ("", "skipped", "it says no date"),
    ],
)
def test_compared(date: str, state: str, found: str) -> None:
    """A date has whole seconds and lies between question and answer; 60 s beside that are warned of."""
    there = Contact("h", 443, True, date=date, asked=NOW.timestamp(), answered=NOW.timestamp() + 2.0)
    told = compared(there)
    assert (told.check, told.subject, told.state) == ("clock", "against h:443", state)
    assert told.found.startswith(found)
