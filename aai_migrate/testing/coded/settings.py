"""The ear's option rows, and how it reads a configuration."""

from __future__ import annotations

from typing import Any

from aai_migrate.options import Option

SOURCE = "aai_migrate/testing/coded"
TURN_SILENCE = 0.7
"""Seconds of quiet that end a turn where the caller names none."""


def _row(name: str, **more: Any) -> Option:
    return Option(name=name, native=name, source=SOURCE, **more)


def _idle(name: str, why: str) -> Option:
    return _row(name, support="approximate", why=why)


OPTIONS = (
    _row("turn_silence", hot=True),
    _row("partials"),
    _row("profanity_filter", why="the code has no such words"),
    _row("pii_redaction", why="the code has no such words"),
    _idle("max_turn_silence", "a turn always ends after turn_silence"),
    _idle("language", "the code belongs to no language"),
    _idle("languages", "the code belongs to no language"),
    _idle("keyterms", "every word is always recognised"),
    _idle("formatting", "words are written as they are; no turn says that it is formatted"),
    _idle("region", "it runs where the caller runs"),
    Option(
        name="diarization",
        support="unsupported",
        alternative="give each speaker a channel, and channels='separate'",
        source=SOURCE,
    ),
)
"""What the ear takes; speakers it cannot tell apart."""
