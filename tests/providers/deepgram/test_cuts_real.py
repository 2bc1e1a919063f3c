"""Cuts over real sockets, with both drivers and on both paths, against the vendor as its documentation describes it."""

from __future__ import annotations

from functools import partial

import pytest

from aai_migrate.testing.coded import Hard

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from ..cutting_real import every_cut
from ..loopback import served
from .habits import Habits
from .nova import NET_0001
from .vendor import Vendor

pytestmark = pytest.mark.no_cover
HARD = Hard(final_every=2, jitter=0.04, late=0.3)
CASES: dict[str, tuple[str, Habits]] = {
    "nova": ("nova-3", Habits(hard=HARD)),
    "nova in noise": ("nova-3", Habits(closing="never", tail=1, step=0.3)),
    "flux": ("flux-general-en", Habits(hard=HARD)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cut_before_a_frame_over_a_real_socket(case: str, driver: Driver) -> None:  # noqa: F811
    """Before the handshake, and before every other message of either side; every other time the vendor closes."""
    model, habits = CASES[case]
    with served(partial(Vendor, habits), "/v1/listen", "/v2/listen", goodbye=(1011, NET_0001)) as (url, vendor):
        every_cut(url, vendor, driver, "deepgram", model=model)
