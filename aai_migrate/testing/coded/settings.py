"""The ear's option rows, and how it reads a configuration."""

from __future__ import annotations

from aai_migrate.options import Option

TURN_SILENCE = 0.7
"""Seconds of quiet that end a turn where the caller names none."""


def _row(name: str, why: str) -> Option:
    return Option(name=name, native=name, support="approximate", why=why)


OPTIONS = (
    Option(name="turn_silence", native="turn_silence", hot=True),
    Option(name="partials", native="partials"),
    Option(name="profanity_filter", native="profanity_filter", why="the code has no such words"),
    Option(name="pii_redaction", native="pii_redaction", why="the code has no such words"),
    _row("max_turn_silence", "a turn always ends after turn_silence"),
    _row("language", "the code belongs to no language"),
    _row("languages", "the code belongs to no language"),
    _row("keyterms", "every word is always recognised"),
    _row("formatting", "words are written as they are; no turn says that it is formatted"),
    _row("region", "it runs where the caller runs"),
)
"""What the ear takes; speakers it cannot tell apart, so ``diarization`` is refused."""
