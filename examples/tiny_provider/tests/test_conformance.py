"""Tiny keeps the contract of every provider."""

from __future__ import annotations

from aai_migrate.testing.conformance import Conformance


class TestTiny(Conformance):
    provider = "tiny"
