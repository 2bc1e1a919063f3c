"""Findings, and errors taken apart into what is wrong and what to do."""

from __future__ import annotations

import threading

import pytest

from aai_migrate.doctor.deadline import within
from aai_migrate.doctor.finding import Finding, State, softened, split


def test_softened() -> None:
    """Only what failed changes."""
    states: tuple[State, ...] = ("ok", "warning", "failed", "skipped")
    told = [Finding("keys", "A", state, "found", "fix") for state in states]
    assert [each.state for each in softened(told)] == ["ok", "warning", "warning", "skipped"]
    assert {(each.subject, each.found, each.fix) for each in softened(told)} == {("A", "found", "fix")}


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("a: it is so; do this; or that", [("a: it is so", "do this; or that")]),
        ("acme: it is so; do this; acme: and so", [("it is so", "do this"), ("and so", "")]),
        ("it is so", [("it is so", "")]),
    ],
)
def test_split(text: str, halves: list[tuple[str, str]]) -> None:
    """Where a provider's name begins a part, a new fault begins."""
    assert split(text, "acme" if "acme" in text else "") == halves


def test_within() -> None:
    """What comes in time comes, what is raised is raised, and what hangs is left behind."""
    assert within(5.0, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)
    never = threading.Event()
    assert within(0.05, never.wait) is None
    never.set()
