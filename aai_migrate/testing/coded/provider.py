"""Coded speech as a provider: ``--to coded``, in-process, no key."""

from __future__ import annotations

import datetime

from aai_migrate.audio.format import ENCODINGS
from aai_migrate.capabilities import Capabilities
from aai_migrate.provider import Numbers, Provider

from .ear import CodedEar
from .settings import OPTIONS, SOURCE

PROVIDER = Provider(
    name="coded",
    title="Coded speech (test ear)",
    env=None,
    client=CodedEar,
    capabilities=Capabilities(
        as_of=datetime.date(2025, 1, 1),
        source=SOURCE,
        encodings=ENCODINGS,
        sample_rates=range(8_000, 48_001),
        max_channels=8,
    ),
    options=OPTIONS,
    numbers=Numbers(pace=None, ping=None, settle_lag=3.0, longest_turn=60.0, ends_only_with_audio=True),
)
