"""When another attempt comes, and when none does."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import ConfigError
from aai_migrate.session.retry import Limits, Retry, RetryPolicy


class Highest(random.Random):
    """Draws the upper bound every time."""

    def uniform(self, a: float, b: float) -> float:
        return b


def retry(**policy: Any) -> Retry:
    return Retry(RetryPolicy(**policy), Highest())


def test_the_bound_doubles_up_to_the_longest() -> None:
    """0.25, 0.5, 1 … s, never more than 8 s."""
    held = retry()
    held.started(0.0)
    assert [held.failed(0.0) for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


@given(st.integers(0, 1 << 32), st.floats(0.01, 5), st.floats(0.01, 60))
def test_the_delay_is_anything_from_nothing_to_the_bound(seed: int, first: float, longest: float) -> None:
    """Full jitter: many clients that fail together do not come back together."""
    held = Retry(RetryPolicy(first=first, longest=longest), random.Random(seed))
    held.started(0.0)
    for attempt in range(10):
        delay = held.failed(0.0)
        assert delay is not None
        assert 0 <= delay <= min(longest, first * 2**attempt)
        assert held.attempt == attempt + 1


def test_the_jitter_fills_the_range() -> None:
    """Delays are spread, not bunched at the bound."""
    delays = []
    for seed in range(200):
        held = Retry(RetryPolicy(first=1.0), random.Random(seed))
        delays.append(held.failed(0.0) or 0.0)
    assert min(delays) < 0.1
    assert max(delays) > 0.9
    assert 0.4 < sum(delays) / 200 < 0.6


def test_the_budget_ends() -> None:
    """So many failures in a row are forgiven, the next is not."""
    held = retry(budget=3)
    held.started(0.0)
    assert [held.failed(0.0) is None for _ in range(4)] == [False, False, False, True]


def test_no_budget_forgives_nothing() -> None:
    """A budget of 0 fails at once."""
    held = retry(budget=0)
    held.started(0.0)
    assert held.failed(1.0) is None


def test_opening_and_dying_at_once_buys_nothing() -> None:
    """Only healthy time refills the budget, not the number of connections or of finals."""
    held, answers = retry(budget=5), []
    for number in range(7):
        held.started(float(number))
        answers.append(held.failed(float(number)) is None)
    assert answers == [False] * 5 + [True] * 2


def test_healthy_time_refills_and_calms() -> None:
    """Two healthy seconds buy one failure back and one doubling; never more than the budget."""
    held = retry(budget=3)
    held.started(0.0)
    assert [held.failed(0.0) for _ in range(3)] == [0.25, 0.5, 1.0]
    held.started(10.0)
    assert held.failed(14.0) == 0.5  # two bought back, one spent
    assert held.failed(15.0) == 1.0
    assert held.failed(16.0) is None
    held.started(100.0)
    assert [held.failed(10000.0) for _ in range(4)] == [0.25, 0.5, 1.0, None]


def test_time_between_attempts_is_not_healthy() -> None:
    """Waiting for the next attempt refills nothing."""
    held = retry(budget=2)
    held.started(0.0)
    assert [held.failed(now) is None for now in (0.0, 100.0, 200.0)] == [False, False, True]


def test_a_call_with_an_outage_an_hour_goes_on_for_ever() -> None:
    """A long meeting does not use its budget up."""
    held = retry()
    for hour in range(100):
        held.started(hour * 3600.0)
        assert held.failed(hour * 3600.0 + 3000) == 0.25


def test_at_the_start_the_caller_waits_for_few_attempts() -> None:
    """Before the first greeting three attempts are all; afterwards the budget counts."""
    held = retry()
    assert [held.failed(0.0) for _ in range(3)] == [0.25, 0.5, None]
    held = retry(at_start=1)
    assert held.failed(0.0) is None
    held = retry(at_start=1)
    held.started(0.0)
    assert held.failed(0.0) == 0.25


def test_a_budget_without_end() -> None:
    """Thousands of failures in a row still have a delay."""
    held = retry(budget=math.inf)
    held.started(0.0)
    assert [held.failed(0.0) for _ in range(3000)][-1] == 8.0


@pytest.mark.parametrize("kind", [Limits, RetryPolicy])
@pytest.mark.parametrize("value", [0, -1.0, math.nan, "10", None, True])
def test_every_limit_is_a_number_above_zero(kind: Any, value: object) -> None:
    """The error names the limit and the value; only a budget may be 0."""
    for attribute in kind.__attrs_attrs__:
        if attribute.name in ("paced", "realtime", "overflow"):
            continue
        if attribute.name == "budget" and value == 0:
            assert kind(budget=value).budget == 0
            continue
        with pytest.raises(ConfigError, match=f"^{attribute.name} must be a number above 0, not {value!r}$"):
            kind(**{attribute.name: value})


def test_a_limit_has_an_end_and_a_flag_is_one() -> None:
    """Nothing waits for ever; a number is no truth value."""
    with pytest.raises(ConfigError, match=r"^drain_timeout must have an end"):
        Limits(drain_timeout=math.inf)
    with pytest.raises(ConfigError, match=r"^overflow must be one of block, drop_oldest, raise, not 'wait'$"):
        Limits(overflow="wait")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^paced must be true or false, not 1$"):
        Limits(paced=1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"^realtime must be true or false, not 1$"):
        Limits(realtime=1)  # type: ignore[arg-type]
    assert Limits(realtime=None) == Limits()
