"""What one check has to say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from attrs import evolve, frozen

State = Literal["ok", "warning", "failed", "skipped"]


@frozen
class Finding:
    """One line of what was looked at.

    Attributes:
        check: of what kind it is: ``versions``, ``providers``, ``keys``, ``config``, ``microphone``, ``tls``,
            ``proxy``, ``network`` or ``clock``.
        subject: what was looked at.
        state: ``failed``: it will not work; ``warning``: it may not; ``skipped``: it was not looked at.
        found: what is so, without any key, password or token.
        fix: what to do about it; "" where there is nothing to do.
    """

    check: str
    subject: str
    state: State
    found: str
    fix: str = ""


def softened(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* about what is not in use: nothing of it fails."""
    return [evolve(each, state="warning") if each.state == "failed" else each for each in findings]


def split(text: str, provider: str = "") -> list[tuple[str, str]]:
    """Return what an error's *text* says is wrong, each with the fix that it names, or "".

    Args:
        provider: whose name stands before each part, where there may be several.
    """
    parts = re.split(f"; (?={re.escape(provider)}: )", text) if provider else [text]
    halves = (part.removeprefix(f"{provider}: ").partition("; ") for part in parts)
    return [(found, fix) for found, _, fix in halves]
