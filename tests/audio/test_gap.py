"""A gap has a length."""

from __future__ import annotations

import math

import pytest

from aai_migrate import AudioError
from aai_migrate.audio import Gap


def test_a_gap_knows_its_length() -> None:
    assert Gap(0.25).seconds == 0.25


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_a_length_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(AudioError, match="positive number of seconds"):
        Gap(seconds)
