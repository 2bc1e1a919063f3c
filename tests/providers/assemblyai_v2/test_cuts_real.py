"""Cuts over real sockets, with both drivers, against the vendor as its documentation describes it."""

from __future__ import annotations

from functools import partial

import pytest

import aai_migrate
from aai_migrate.testing.coded import Hard

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from ..cutting_real import every_cut, transcribed
from ..loopback import served
from .habits import Habits
from .vendor import PATH, Vendor

pytestmark = pytest.mark.no_cover
GOING = (1001, "")
"""The close of a server that is restarted (RFC 6455, 7.4.1)."""
CASES = {
    "late and rewriting": Habits(hard=Hard(rewrite=True, jitter=0.04, late=0.3)),
    "split": Habits(hard=Hard(split_every=2), empties=False, step=0.3),
}


@pytest.mark.parametrize("case", CASES)
def test_a_cut_before_a_frame_over_a_real_socket(case: str, driver: Driver) -> None:  # noqa: F811
    """Before the handshake, and before every other message of either side; every other time the vendor closes."""
    with served(partial(Vendor, CASES[case]), PATH, goodbye=GOING) as (url, vendor):
        every_cut(url, vendor, driver, "assemblyai-v2")


def test_a_retired_service_is_told_apart_from_a_busy_one(driver: Driver) -> None:  # noqa: F811
    """In a frame or with a status: the error says it, and nobody dials again."""
    for habits in (Habits(retired="frame"), Habits(retired="status")):
        with served(partial(Vendor, habits), PATH, goodbye=GOING) as (url, vendor):
            with pytest.raises(aai_migrate.ProviderError, match=r"(?i)deprecated"):
                transcribed(url, driver, "assemblyai-v2")
            assert vendor.crossed["in"] == 1
