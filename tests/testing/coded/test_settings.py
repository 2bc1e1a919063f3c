"""What the ear says of every option."""

from __future__ import annotations

from typing import Any

import pytest

from aai_migrate.config import OPTIONS as NAMES
from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import rehearse
from aai_migrate.testing.coded.provider import PROVIDER
from aai_migrate.testing.coded.settings import OPTIONS

OPEN: dict[str, Any] = {
    "language": "de",
    "languages": ("de", "en"),
    "partials": False,
    "formatting": True,
    "turn_silence": 0.3,
    "max_turn_silence": 2.0,
    "keyterms": ("a, b",),
    "profanity_filter": True,
    "pii_redaction": True,
    "region": "eu",
}


def test_there_is_one_row_for_every_option() -> None:
    """With its source, and what differs or comes nearest."""
    assert sorted(row.name for row in OPTIONS) == sorted(NAMES) == sorted({*OPEN, "diarization"})
    for row in OPTIONS:
        assert row.source == PROVIDER.capabilities.source
        assert row.alternative if row.support == "unsupported" else row.why or row.support == "exact", row.name
    assert [row.name for row in OPTIONS if row.hot] == ["turn_silence"]


def test_it_takes_all_but_speakers() -> None:
    """And says so in the greeting; of diarization it names what comes nearest."""
    found = rehearse(PROVIDER, Config(**OPEN))
    assert found.started is not None
    assert (found.started.settings, found.warned) == (OPEN, ())
    with pytest.raises(UnsupportedOption, match="coded has no diarization; give each speaker a channel"):
        rehearse(PROVIDER, Config(**OPEN, diarization=True))
