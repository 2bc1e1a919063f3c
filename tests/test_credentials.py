"""Keys and tokens: taken from where they are given, shown nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from typing import Any

import attrs
import pytest

from aai_migrate.credentials import Credential, Secret, credential, credential_source
from aai_migrate.errors import AuthenticationError, ConfigError

CANARY = "canary-0123+/="


class TestSecret:
    @pytest.mark.parametrize(
        "show",
        [
            str,
            repr,
            "{}".format,
            "{!r}".format,
            lambda secret: f"{secret}",
            lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
            lambda secret: str([secret]),
            lambda secret: str({secret: secret}),
            lambda secret: str(Credential(secret)),
            lambda secret: str(attrs.asdict(Credential(secret))),
            lambda secret: str(attrs.astuple(Credential(secret))),
            lambda secret: str(attrs.evolve(Credential(secret), kind="token")),
            lambda secret: str(ValueError(secret)),
            lambda secret: repr(ValueError(Credential(secret))),
            lambda secret: "".join(traceback.format_exception(ValueError(secret))),
            lambda secret: str(dir(secret)),
            lambda secret: json.dumps(secret, default=str),
        ],
    )
    def test_it_shows_nothing(self, show: Any) -> None:
        """Not by itself, in a container, in attrs classes, in exceptions."""
        assert "canary" not in show(Secret(CANARY))
        assert "***" in show(Secret(CANARY)) or show(Secret(CANARY)).startswith("['_")

    @pytest.mark.parametrize(
        "take",
        [
            pickle.dumps,
            copy.copy,
            copy.deepcopy,
            lambda secret: copy.deepcopy(Credential(secret)),
            json.dumps,
            lambda secret: f"{secret:>40}",
            vars,
            "".join,
        ],
    )
    def test_it_cannot_be_taken_along(self, take: Any) -> None:
        """Pickling, copying and serialising fail, and the error does not show it."""
        with pytest.raises(TypeError) as error:
            take(Secret(CANARY))
        assert "canary" not in str(error.value)

    def test_it_is_logged_masked(self, caplog: pytest.LogCaptureFixture) -> None:
        """A log record that carries it shows the mask."""
        logging.getLogger("x").warning("key %s", Credential(Secret(CANARY)))
        assert "canary" not in caplog.text

    def test_who_asks_gets_it(self) -> None:
        """reveal is the one way; equality and hash work, so that secrets can be compared and be keys."""
        secret = Secret(CANARY)
        assert secret.reveal() == CANARY
        assert secret == Secret(CANARY)
        assert hash(secret) == hash(Secret(CANARY))
        assert secret != Secret("other")
        assert secret != CANARY

    @pytest.mark.parametrize(
        ("value", "text", "expected"),
        [
            ("abcdef", "key abcdef, abcdef!", "key ***, ***!"),
            ("ab+/==", "wss://h/?token=ab%2B%2F%3D%3D&x=1", "wss://h/?token=***&x=1"),
            ("wss://h/live?v=2&token=abc-def", "wss://h/live?v=2&token=abc-def is over", "*** is over"),
            ("wss://h/live?v=2&token=abc-def", "no v=2 session of abc-def", "no v=2 session of ***"),
            ("ws://[h/?token=abc-def", "no session of abc-def", "no session of abc-def"),
            ("abcdef", "nothing here", "nothing here"),
            ("abc", "abc", "abc"),
            ("", "text", "text"),
        ],
    )
    def test_redaction(self, value: str, text: str, expected: str) -> None:
        """The value goes, plain or as a URL spells it, and of a URL what its query says; what is short stays."""
        assert Secret(value).redact(text) == expected


class TestCredential:
    def test_blanks_around_a_key_are_dropped(self) -> None:
        """Keys are pasted with blanks."""
        assert credential(" \tkey ", "api_key").secret.reveal() == "key"

    @pytest.mark.parametrize("value", ["", " ", "\t "])
    def test_an_empty_key(self, value: str) -> None:
        """The error names where it came from."""
        with pytest.raises(ConfigError, match=r"^DEEPGRAM_API_KEY is empty; set it to your key$"):
            credential(value, "DEEPGRAM_API_KEY")

    @pytest.mark.parametrize("value", [f"{CANARY}\n", f"{CANARY}\r\nX: y", f"{CANARY}\0", f"{CANARY}é", f"{CANARY}…"])
    def test_a_key_that_no_header_may_carry(self, value: str) -> None:
        """It is refused before dialling, and not shown."""
        with pytest.raises(ConfigError) as error:
            credential(value, "api_key")
        assert str(error.value) == (
            "api_key holds a line break or another character that no key has; copy the key again"
        )


class TestSource:
    def test_an_argument(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It wins over the environment; the same credential serves every connection."""
        monkeypatch.setenv("V_KEY", "from-env")
        source = credential_source("v", "V_KEY", api_key="given")
        assert source() == source() == Credential(Secret("given"), "key")
        assert credential_source("v", "V_KEY", api_key=Secret("given"))() == Credential(Secret("given"))
        assert credential_source("v", "V_KEY", token="given")() == Credential(Secret("given"), "token")

    def test_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable is read when the stream is made."""
        monkeypatch.setenv("V_KEY", "from-env")
        source = credential_source("v", "V_KEY")
        monkeypatch.setenv("V_KEY", "later")
        assert source() == Credential(Secret("from-env"), "key")

    def test_a_provider_without_keys(self) -> None:
        """It has no credential, unless one is given."""
        assert credential_source("local", None)() is None
        assert credential_source("local", None, api_key="k")() == Credential(Secret("k"))

    def test_a_callable_is_asked_for_every_connection(self) -> None:
        """A token lives short: each connection gets a fresh one, checked like any other."""
        answers: list[Any] = ["one", Secret("two"), "", 3]
        source = credential_source("v", "V_KEY", token=lambda: answers.pop(0))
        assert source() == Credential(Secret("one"), "token")
        assert source() == Credential(Secret("two"), "token")
        with pytest.raises(ConfigError, match=r"^token is empty; set it to your key$"):
            source()
        with pytest.raises(ConfigError, match=r"^token must be a string, not int$"):
            source()

    def test_a_callable_that_raises(self) -> None:
        """What it raised is the cause of an error that says whose fault it is; an error of ours stays what it is."""

        def fail() -> str:
            raise raised

        raised: Exception = LookupError("no such account")
        with pytest.raises(ConfigError, match=r"^the callable given as api_key raised LookupError$") as error:
            credential_source("v", "V_KEY", api_key=fail)()
        assert error.value.__cause__ is raised
        raised = AuthenticationError("v", "expired")
        with pytest.raises(AuthenticationError) as same:
            credential_source("v", "V_KEY", api_key=fail)()
        assert same.value is raised

    def test_an_async_callable_where_nobody_can_await_it(self) -> None:
        """The error says where it belongs."""

        async def token() -> str:
            return "token"

        with pytest.raises(ConfigError, match=r"^the callable given as token is async; use aconnect, or "):
            credential_source("v", "V_KEY", token=token)()

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"api_key": "a", "token": "b"}, "give api_key or token, not both"),
            ({}, "v needs a key: set V_KEY, or pass api_key=…; on the command line --api-key-env"),
            ({"api_key": ""}, "api_key is empty; set it to your key"),
            ({"api_key": b"canary"}, "api_key must be a string, not bytes"),
            ({"token": 1}, "token must be a string, not int"),
        ],
    )
    def test_what_cannot_be_a_key(self, given: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It fails before anything is dialled, and names what to set."""
        monkeypatch.delenv("V_KEY", raising=False)
        with pytest.raises(ConfigError) as error:
            credential_source("v", "V_KEY", **given)
        assert str(error.value) == text

    def test_an_empty_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not the same as none."""
        monkeypatch.setenv("V_KEY", "")
        with pytest.raises(ConfigError, match=r"^V_KEY is empty; set it to your key$"):
            credential_source("v", "V_KEY")
