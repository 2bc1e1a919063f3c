"""Temporary tokens: their limits, what is made of an answer, and what a JWT says of itself."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import traceback
from typing import Any

import pytest

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret, Token, credential_source
from aai_migrate.errors import AuthenticationError, ConfigError, ProtocolError
from aai_migrate.tokens import LATEST, Given, Tokens, Wanted, claimed_expiry, moment
from aai_migrate.wire.frames import HttpRequest, HttpResponse

CANARY = "canary-5d21"
UNIX = 1_790_000_000.0


def tokens(given: Given | None = None, **more: Any) -> Tokens:
    """A vendor whose every answer gives *given*."""
    return Tokens(
        ask=lambda wanted: HttpRequest("POST", "https://h/token"),
        read=lambda wanted, response: given or Given(Secret("t0ken")),
        source="https://h",
        **{"lifetime": (60, 120.0, 600), **more},
    )


def jwt(**claims: Any) -> Secret:
    """A token that says these things of itself, signed by nobody."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"eyJhbGciOiJSUzI1NiJ9.{body}.c2ln")


class TestToken:
    def test_it_shows_itself_to_reveal_only(self) -> None:
        """Not by repr, formatting, pickling or copying, nor what it fixes."""
        token = Token("v", Secret(CANARY), UNIX, settings={"keyterms": [CANARY]})
        assert token.reveal() == CANARY
        assert repr(token) == "Token(provider='v', secret=Secret('***'), expires_at=1790000000.0)"
        assert CANARY not in f"{token} {token!r} {token.secret}"
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="a Token cannot be pickled or copied"):
                attempt(token)

    def test_a_plain_string_becomes_a_secret(self) -> None:
        """For a token that came from elsewhere."""
        token = Token("v", CANARY)
        assert token == Token("v", Secret(CANARY))

    @pytest.mark.parametrize(
        ("secret", "expires_at", "says"),
        [
            (7, None, "the secret of a Token is a string or a Secret, not int"),
            ("t", "soon", "the expires_at of a Token is a number of Unix seconds, not 'soon'"),
            ("t", float("nan"), "the expires_at of a Token is a number of Unix seconds, not nan"),
            ("t", True, "the expires_at of a Token is a number of Unix seconds, not True"),
        ],
    )
    def test_what_is_no_token(self, secret: Any, expires_at: Any, says: str) -> None:
        """Said at once."""
        with pytest.raises(ConfigError) as caught:
            Token("v", secret, expires_at)
        assert str(caught.value) == says


class TestLimits:
    @pytest.mark.parametrize(("asked", "seconds"), [(None, 120), (60, 60), (60.0, 60), (600, 600), (61, 61)], ids=repr)
    def test_a_lifetime_that_the_vendor_takes(self, asked: float | None, seconds: int) -> None:
        """As whole seconds, without a fraction; None is the usual one."""
        found = tokens().seconds("v", asked)
        assert (found, type(found)) == (seconds, int)

    @pytest.mark.parametrize("asked", [59, 601, 60.5, 0, -1, float("nan"), float("inf"), True, "60"], ids=repr)
    def test_one_that_it_does_not_take(self, asked: Any) -> None:
        """Said with the limits, before anybody is asked."""
        with pytest.raises(ConfigError) as caught:
            tokens().seconds("v", asked)
        assert str(caught.value) == f"seconds must be a whole number from 60 to 600 with v, not {asked!r}"

    def test_fractions_where_they_are_taken(self) -> None:
        """As they are."""
        assert tokens(whole=False).seconds("v", 60.5) == 60.5

    def test_where_nobody_may_choose(self) -> None:
        """The vendor says nothing of how long it lives."""
        fixed = tokens(lifetime=None)
        assert fixed.seconds("v", None) is None
        with pytest.raises(ConfigError, match=r"^v lets nobody choose how long a token lives; leave seconds out$"):
            fixed.seconds("v", 60)

    def test_the_length_of_sessions(self) -> None:
        """Where a token can say so, within limits."""
        assert tokens().session_seconds("v", None) is None
        with pytest.raises(ConfigError, match=r"^a token of v limits no session; leave session_seconds out$"):
            tokens().session_seconds("v", 60)
        limiting = tokens(session=(60, 10_800))
        assert limiting.session_seconds("v", 90.0) == 90
        with pytest.raises(ConfigError, match=r"^session_seconds must be a whole number from 60 to 10800 "):
            limiting.session_seconds("v", 59)


class TestAnswer:
    @pytest.mark.parametrize(
        ("seconds", "said", "until"), [(60, None, UNIX + 60), (60, 30.0, UNIX + 30), (None, None, None)]
    )
    def test_when_it_expires(self, seconds: float | None, said: float | None, until: float | None) -> None:
        """By the vendor's word, else by what was asked for; where neither is, nobody knows."""
        given = Given(Secret("t0ken"), said, {"language": "de"})
        wanted = Wanted(config=Config(), credential=None, seconds=seconds)
        token = tokens(given).token("v", wanted, HttpResponse(200), UNIX)
        assert token == Token("v", Secret("t0ken"), until)
        assert token.settings == {"language": "de"}

    @pytest.mark.parametrize("text", ["", " ", "a\nb", "t\u00f6ken"])
    def test_what_no_header_can_carry(self, text: str) -> None:
        """It is the vendor's fault, and not repeated."""
        wanted = Wanted(config=Config(), credential=None, seconds=60)
        with pytest.raises(ProtocolError) as caught:
            tokens(Given(Secret(text))).token("v", wanted, HttpResponse(200), UNIX)
        assert str(caught.value) == "v: the answer holds a token that no header can carry"


class TestClaims:
    def test_a_jwt_says_when_it_expires(self) -> None:
        """In Unix seconds."""
        assert claimed_expiry(jwt(exp=1_790_000_000, iss="vendor")) == 1_790_000_000

    @pytest.mark.parametrize(
        "secret",
        [
            jwt(),
            jwt(exp="soon"),
            jwt(exp=True),
            jwt(exp=-1),
            jwt(exp=LATEST + 1),
            Secret("3f0c9b"),
            Secret("a.b"),
            Secret("a.b.c"),
            Secret("a.\u00e9.c"),
            Secret("a.W10.c"),
            Secret("wss://h.v.w/v2/live?token=x"),
        ],
        ids=range(11),
    )
    def test_whatever_else_says_nothing(self, secret: Secret) -> None:
        """A token is opaque: what cannot be read is no fault of it."""
        assert claimed_expiry(secret) is None

    @pytest.mark.parametrize(
        ("unix", "text"),
        [(0, "1970-01-01T00:00:00Z"), (UNIX + 0.9, "2026-09-21T14:13:20Z"), (1e300, "9999-12-31T23:59:59Z")],
    )
    def test_moments_are_written_for_people(self, unix: float, text: str) -> None:
        """In UTC, whatever number it is."""
        assert moment(unix) == text


class TestCredential:
    def test_a_token_brings_what_is_known_of_it(self) -> None:
        """When it expires, what it fixes, and whether it is one session."""
        token = Token("v", Secret("t0ken"), UNIX, settings={"language": "de"})
        shown = credential_source("v", "V_KEY", token=token, once=True)()
        assert shown == Credential(Secret("t0ken"), "token", expires_at=UNIX, once=True)
        assert shown
        assert (shown.settings, shown.renewed) == ({"language": "de"}, False)

    def test_a_callable_may_yield_one(self) -> None:
        """Each connection is given another one."""
        shown = credential_source("v", "V_KEY", token=lambda: Token("v", Secret("t0ken"), UNIX))()
        assert shown == Credential(Secret("t0ken"), "token", expires_at=UNIX)
        assert shown
        assert shown.renewed

    def test_a_token_in_the_wrong_place(self) -> None:
        """As a key, or of another vendor: said, not shown."""
        token = Token("v", Secret(CANARY))
        cases: tuple[tuple[dict[str, Any], str], ...] = (
            ({"api_key": token}, "api_key is a Token; give it as token"),
            ({"token": Token("w", Secret(CANARY))}, "token is a Token of w, not of v"),
        )
        for given, says in cases:
            with pytest.raises(ConfigError) as caught:
                credential_source("v", "V_KEY", **given)
            assert str(caught.value) == says
            assert CANARY not in "".join(traceback.format_exception(caught.value))

    def test_of_a_url_the_query_is_secret_too(self) -> None:
        """A vendor may echo the one without the other."""
        secret = Secret(f"wss://h/v2/live?v=1&token={CANARY}")
        assert secret.redact(f"no session {CANARY} at wss://h/v2/live?v=1&token={CANARY}") == "no session *** at ***"
        assert Secret("wss://h/v2/live").redact("at wss://h/v2/live of h") == "at *** of h"

    def test_an_error_of_the_vendors_stays_one_of_the_callables(self) -> None:
        """What create_token raises inside a callable is raised as it is."""

        def refused() -> Token:
            raise raised

        raised = AuthenticationError("v", "the key is not valid", status=401)
        with pytest.raises(AuthenticationError) as caught:
            credential_source("v", "V_KEY", token=refused)()
        assert caught.value is raised
