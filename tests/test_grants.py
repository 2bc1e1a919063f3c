"""Tokens that server halves give: what is in them, whose they are, and how long they last."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import MissingExtra
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context

SEAL = Seal("a secret of a test")
EPOCH = 1_790_000_000.0


class Door:
    """An authenticator that remembers what it was asked, and knows one token of its own."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, credential: Credential | None) -> str | None:
        assert credential
        self.asked.append((credential.kind, credential.secret.reveal()))
        return "ana" if credential.secret.reveal() == "t0ken" else None


def context(door: Door | None = None, seal: Seal | None = SEAL) -> Context:
    made = Context(new_id=lambda: "id", epoch=EPOCH, authenticate=door or Door())
    return evolve(made, seal=seal.seal, unseal=seal.unseal) if seal else made


def given(dialect: str = "plain", principal: str = "bea", until: float = EPOCH + 60) -> Secret:
    token = grants.give(context(), dialect, principal, until)
    assert token
    return Secret(token)


def sealed(content: Any) -> Secret:
    """Return anything, sealed with the same secret."""
    return Secret(SEAL.seal(content if isinstance(content, bytes) else json.dumps(content).encode()))


def missing(*_: Any) -> Any:
    raise MissingExtra("a token", "gateway")


def test_a_token_says_for_whom_it_is_and_until_when() -> None:
    """In text that shows nothing of it, to whoever has the same secret."""
    token = given(principal="bea\u00e9", until=EPOCH + 0.5)
    assert grants.read(context(), "plain", token) == grants.Grant("bea\u00e9", EPOCH + 0.5)
    assert "bea" not in token.reveal()
    assert grants.read(context(seal=Seal("a secret of a test")), "plain", token)


def test_a_token_may_say_how_long_a_session_gets() -> None:
    """Which is another thing than how long it lives itself; what is no number says nothing."""
    token = grants.give(context(), "plain", "bea", EPOCH + 60, 600)
    assert token
    assert grants.read(context(), "plain", Secret(token)) == grants.Grant("bea", EPOCH + 60, 600.0)
    odd = sealed({"grant": "plain", "who": "bea", "until": EPOCH + 60, "session": "long"})
    assert grants.read(context(), "plain", odd) == grants.Grant("bea", EPOCH + 60)


@pytest.mark.parametrize(("now", "who"), [(0.0, "bea"), (59.9, "bea"), (60.0, None), (1e9, None)])
def test_a_token_lets_in_until_its_time_is_over(now: float, who: str | None) -> None:
    """The authenticator is not asked about one of ours, a late one neither; what it says can still be read."""
    door, token = Door(), given()
    assert grants.admit(context(door), "plain", token, now) == who
    assert door.asked == []
    assert grants.read(context(), "plain", token) == grants.Grant("bea", EPOCH + 60)


def test_a_token_of_somebody_else_is_the_authenticators_business() -> None:
    """It is asked about a token, not about a key."""
    door = Door()
    assert grants.admit(context(door), "plain", Secret("t0ken"), 0.0) == "ana"
    assert grants.admit(context(door), "plain", Secret("other"), 0.0) is None
    assert door.asked == [("token", "t0ken"), ("token", "other")]


def test_a_token_is_good_for_one_dialect() -> None:
    """One secret seals those of all of them."""
    door, token = Door(), given("plain")
    assert grants.read(context(), "other", token) is None
    assert grants.admit(context(door), "other", token, 0.0) is None
    assert door.asked == [("token", token.reveal())]


@pytest.mark.parametrize(
    "token",
    [
        Secret(given().reveal()[:-2]),
        Secret("A" + given().reveal()[1:]),
        Secret(given().reveal() + "\u00e9"),
        Secret(""),
        Secret("x" * (grants.LARGEST + 1)),
        Secret(Seal("another secret, as long").seal(b'{"grant":"plain","who":"bea","until":9e9}')),
        sealed(b"\xff"),
        sealed([]),
        sealed("plain"),
        sealed({}),
        sealed({"grant": "plain", "until": 9e9}),
        sealed({"grant": "plain", "who": "", "until": 9e9}),
        sealed({"grant": "plain", "who": 7, "until": 9e9}),
        sealed({"grant": "plain", "who": "bea"}),
        sealed({"grant": "plain", "who": "bea", "until": "9e9"}),
        sealed({"grant": "plain", "who": "bea", "until": True}),
        sealed(b'{"grant":"plain","who":"bea","until":Infinity}'),
        sealed(b'{"grant":"plain","who":"bea","until":NaN}'),
        sealed({"who": "bea", "until": 9e9, "body": {"grant": "plain"}}),
    ],
    ids=lambda token: str(len(token.reveal())),
)
def test_what_is_no_whole_token_of_ours_is_none(token: Secret) -> None:
    """Cut, changed, too long, sealed with another secret, or of what else this one seals."""
    assert grants.read(context(), "plain", token) is None
    assert grants.admit(context(), "plain", token, 0.0) is None


def test_a_token_as_long_as_may_be_is_read() -> None:
    """Its limit is not that of what is given."""
    token = given(principal="b" * 1000)
    assert len(token.reveal()) < grants.LARGEST
    assert grants.admit(context(), "plain", token, 0.0) == "b" * 1000


def test_nothing_is_given_without_something_to_seal_with() -> None:
    """And no token is ours then, so that the authenticator is asked."""
    bare = context(seal=None)
    assert grants.give(bare, "plain", "bea", EPOCH + 60) is None
    assert grants.read(bare, "plain", given()) is None
    assert grants.admit(bare, "plain", Secret("t0ken"), 0.0) == "ana"
    half = evolve(bare, seal=SEAL.seal)
    assert grants.give(half, "plain", "bea", EPOCH + 60) is None, "nobody could read it"


def test_a_package_that_is_missing_gives_none() -> None:
    """It is no error of who comes with a token."""
    without = evolve(context(), seal=missing, unseal=missing)
    assert grants.give(without, "plain", "bea", EPOCH + 60) is None
    assert grants.read(without, "plain", given()) is None
    assert grants.admit(without, "plain", Secret("t0ken"), 0.0) == "ana"
