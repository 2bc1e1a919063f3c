"""Cuts over real sockets, with both drivers, against the vendor as its documentation describes it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from aai_migrate.testing.coded import Hard

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from ..cutting_real import every_cut
from ..loopback import served
from .habits import Habits
from .vendor import Vendor

pytestmark = pytest.mark.no_cover
HARD = Hard(final_every=2, jitter=0.03, late=0.3)
CASES: dict[str, tuple[Habits, dict[str, Any]]] = {
    "utterances": (Habits(hard=HARD, starts_after=0.01, ack_lag=0.02), {}),
    "sentences": (Habits(piece=1, starts_after=0.0, ack_lag=0.0, rest=0.02), {"turn_silence": 0}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cut_before_a_frame_over_a_real_socket(case: str, driver: Driver) -> None:  # noqa: F811
    """Before the handshake, and before every fourth other message of either side; every other time it is closed."""
    habits, options = CASES[case]
    with served(partial(Vendor, habits), "/v2", goodbye=(1000, "")) as (url, vendor):
        tried = every_cut(url, vendor, driver, "speechmatics", 4, **options)
    assert set(vendor.goodbyes) == {1000}
    assert len(vendor.goodbyes) > tried / 2
