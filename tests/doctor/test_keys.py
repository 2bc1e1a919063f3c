"""What can be told of a key without showing it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.credentials import Secret
from aai_migrate.doctor.keys import Variable, key, keys

CANARY = "7f3e0123456789abcdef"


def variable(value: str | None, *, needed: bool = True, name: str = "ACME_API_KEY") -> Variable:
    return Variable(name, ("acme",), None if value is None else Secret(value), needed, needed)


@pytest.mark.parametrize(
    "value",
    [
        "0123456789abcdef" * 2 + "01234567",
        "0123456789abcdef" * 2,
        "01234567-89ab-4cde-8f01-23456789abcd",
        "aIRfIEoHpHviqI-hPkgcCuWer6P8LQItFT0L8b7EUUI",
        "sk_live.AbC123+/AbC123AbC123==",
        "eyJhbGciOi.notatoken0123",
    ],
)
def test_keys_of_every_form_are_fine(value: str) -> None:
    """The vendors' pages do not say what theirs look like."""
    assert key(variable(value)).state == "ok"


@pytest.mark.parametrize(
    ("value", "state", "found"),
    [
        ("", "failed", "is set, but empty"),
        (" \t", "failed", "is set, but empty"),
        (f"{CANARY}\n", "failed", "holds a line break"),
        (f"{CANARY}\r{CANARY}", "failed", "holds a line break"),
        (f'"{CANARY}"', "failed", "holds quotes"),
        (f"'{CANARY}", "failed", "holds quotes"),
        (f"“{CANARY}”", "failed", "holds quotes"),
        (f"{CANARY}é", "failed", "holds a character that no key has"),
        (f"{CANARY}\x00", "failed", "holds a character that no key has"),
        (f"Bearer {CANARY}", "failed", "begins with a word such as Bearer or Token"),
        (f"token  {CANARY}", "failed", "begins with a word such as Bearer or Token"),
        (f"Authorization: Token {CANARY}", "failed", "begins with a name before the key"),
        (f"ACME_API_KEY={CANARY}", "failed", "begins with a name before the key"),
        (f"x-acme-key: {CANARY}", "failed", "begins with a name before the key"),
        (f"https://acme.example/{CANARY}", "failed", "is an address, not a key"),
        (f"{CANARY} {CANARY}", "failed", "holds blanks"),
        ("your-key", "failed", "is a placeholder, not a key"),
        ("YOUR_ACME_API_KEY", "failed", "is a placeholder, not a key"),
        ("<your key here>", "failed", "is a placeholder, not a key"),
        ("${ACME_API_KEY}", "failed", "is a placeholder, not a key"),
        ("$ACME_API_KEY", "failed", "is a placeholder, not a key"),
        ("%ACME_API_KEY%", "failed", "is a placeholder, not a key"),
        ("changeme", "failed", "is a placeholder, not a key"),
        ("xxxxxxxxxxxxxxxxxxxxxxxx", "failed", "is a placeholder, not a key"),
        ("00000000-0000-0000-0000-000000000000", "failed", "is a placeholder, not a key"),
        ("...", "failed", "is a placeholder, not a key"),
        (f" {CANARY} ", "warning", "has blanks around it, which are dropped"),
        (f"eyJ{CANARY}.eyJ{CANARY}.{CANARY}", "warning", "looks like a temporary token"),
        (CANARY[:15], "warning", "has fewer than 16 characters, as if cut off"),
        (CANARY * 30, "warning", "has more than 512 characters"),
        (None, "failed", "not set, for acme"),
    ],
)
def test_what_no_key_can_be(value: str | None, state: str, found: str) -> None:
    """It is said with the fix, which names the variable or the argument."""
    told = key(variable(value))
    assert (told.check, told.subject, told.state) == ("keys", "ACME_API_KEY", state)
    assert told.found.startswith(found)
    assert told.found.endswith("for acme")
    assert "ACME_API_KEY" in told.fix or told.fix.startswith("copy the key again")
    assert CANARY[:6] not in repr(told)


def test_who_is_not_in_use_does_not_fail() -> None:
    """A key that is missing is none of the matter, a placeholder is a warning."""
    assert key(variable(None, needed=False)).state == "skipped"
    assert key(Variable("ACME_API_KEY", ("acme",), Secret("your-key"), needed=False, others=True)).state == "warning"
    assert key(Variable("ACME_API_KEY", ("acme",), Secret("your-key"))).state == "failed"


def test_one_key_in_two_variables() -> None:
    """It belongs to one vendor; empty ones are no keys."""
    told = keys(
        {
            "A_KEY": variable(CANARY, name="A_KEY"),
            "B_KEY": variable(CANARY, name="B_KEY"),
            "C_KEY": variable(CANARY[::-1], name="C_KEY"),
            "D_KEY": variable(" ", name="D_KEY"),
            "E_KEY": variable(" ", name="E_KEY"),
            "F_KEY": variable(None, name="F_KEY"),
        }
    )
    assert [(each.subject, each.state) for each in told] == [
        ("A_KEY", "ok"),
        ("B_KEY", "ok"),
        ("C_KEY", "ok"),
        ("D_KEY", "failed"),
        ("E_KEY", "failed"),
        ("F_KEY", "failed"),
        ("A_KEY and B_KEY", "warning"),
    ]
    assert CANARY not in repr(told)


FAULTS = ("", "a\nb", '"', "é", "<>", "Bearer x", "api_key=x1", "h://1", "12 ab", " 1a2b", "1a2b", "key", "eyJa.b.c")
ALL = {key(variable(value)).found for value in (*FAULTS, CANARY, CANARY * 30)}


@given(st.text())
def test_nothing_of_a_value_is_told(value: str) -> None:
    """Whatever stands there, what is said of it is said of other values with the same fault in the same words."""
    told = key(variable(value))
    assert told.found in ALL
    assert "\n" not in told.fix
