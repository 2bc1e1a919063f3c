"""Tokens for seconds: what is asked for, what comes, and where it lets one in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.deepgram.server import Server

from aai_migrate.credentials import Credential
from aai_migrate.errors import MissingExtra
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.frames import Connect, HttpRequest, HttpResponse, Message, Refused

from ..served import context
from .served import KEY, RAW

SEAL = Seal("a secret of a test")
URL = "https://h/v1/auth/grant"
TARGET = f"/v1/listen?{RAW}"


def keys_only(credential: Credential | None) -> str | None:
    """An authenticator that knows one key, and no token."""
    known = credential and credential.kind == "key" and credential.secret.reveal() == "k3y"
    return "ana" if known else None


def sealing() -> Context:
    return context(keys_only, seal=SEAL.seal, unseal=SEAL.unseal)


def granted(body: bytes = b"", now: float = 0.0, headers: dict[str, str] | None = None) -> HttpResponse:
    """The answer to a request for a token."""
    asked = HttpRequest("POST", URL, KEY if headers is None else headers, body)
    [response] = Server(sealing()).receive(asked, now)
    assert isinstance(response, HttpResponse)
    return response


def token(body: bytes = b"", now: float = 0.0) -> str:
    return str(json.loads(granted(body, now).body)["access_token"])


def enter(text: str, now: float) -> Any:
    """What comes last of a handshake with a token."""
    return Server(sealing()).receive(Connect(TARGET, {"Authorization": f"Bearer {text}"}), now)[-1]


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"", 30),
        (b" ", 30),
        (b"{}", 30),
        (b'{"ttl_seconds": null}', 30),
        (b'{"ttl_seconds": 1}', 1),
        (b'{"ttl_seconds": 3600}', 3600),
        (b'{"ttl_seconds": 12.5}', 12.5),
    ],
)
def test_a_token_lives_as_long_as_was_asked(body: bytes, seconds: float) -> None:
    """30 seconds unless told otherwise."""
    response = granted(body)
    answer = json.loads(response.body)
    assert response.status == 200
    assert set(answer) == {"access_token", "expires_in"}
    assert answer["expires_in"] == seconds
    assert isinstance(enter(answer["access_token"], seconds - 0.5), Start)
    refused = enter(answer["access_token"], seconds)
    assert isinstance(refused, Refused)
    assert refused.status == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"ttl_seconds": 0.5}',
        b'{"ttl_seconds": 3601}',
        b'{"ttl_seconds": "30"}',
        b'{"ttl_seconds": true}',
        b"[30]",
        b"ttl_seconds=30",
        b" " * 10_001,
    ],
)
def test_another_life_is_refused(body: bytes) -> None:
    """With a reason."""
    response = granted(body)
    assert response.status == 400
    assert json.loads(response.body)["err_code"] == "Bad Request"


def test_a_token_stands_for_who_asked_for_it() -> None:
    """The principal is the one of the key, also behind a subprotocol."""
    start = enter(token(), 1.0)
    assert start.origin.principal == "ana"
    start = Server(sealing()).receive(Connect(TARGET, {}, ("bearer", token())), 1.0)[-1]
    assert isinstance(start, Start)


def test_a_key_is_no_token_and_a_token_no_key() -> None:
    """A key under Bearer fails where tokens can be told apart, and the other way round."""
    assert enter("k3y", 0.0).status == 401
    other = Server(sealing()).receive(Connect(TARGET, {"Authorization": f"Token {token()}"}), 0.0)[-1]
    assert isinstance(other, Refused)
    assert other.status == 401


def test_what_was_sealed_for_another_purpose_is_no_token() -> None:
    """One secret seals what all dialects hand out."""
    for content in (b"{}", b"[]", b"\xff", b'{"grant":"deepgram","who":"ana"}', b'{"who":"ana","until":9e9}'):
        assert enter(SEAL.seal(content), 0.0).status == 401
    assert enter("x" * 20_000, 0.0).status == 401


def test_a_token_gives_no_tokens() -> None:
    """Else one would live for ever."""
    response = granted(headers={"Authorization": f"Bearer {token()}"})
    assert response.status == 403
    assert json.loads(response.body)["err_code"] == "FORBIDDEN"


def test_without_a_good_key_there_is_no_token() -> None:
    """As at the handshake."""
    assert granted(headers={}).status == 401
    assert granted(headers={"Authorization": "Token other"}).status == 401


def test_an_open_session_outlives_its_token() -> None:
    """It is looked at in the handshake only."""
    server = Server(sealing())
    short = token(b'{"ttl_seconds": 1}')
    server.receive(Connect(TARGET, {"Authorization": f"Bearer {short}"}), 0.0)
    assert server.receive(Message(bytes(320)), 5.0) == [Audio(bytes(320))]


def test_who_cannot_seal_says_so() -> None:
    """Nothing to seal with, or the package for it is missing; tokens are the authenticator's then."""

    def missing(_: object) -> Any:
        raise MissingExtra("a session that a client carries back", "gateway")

    for given in (context(keys_only), context(keys_only, seal=missing, unseal=missing)):
        [response] = Server(given).receive(HttpRequest("POST", URL, KEY), 0.0)
        assert isinstance(response, HttpResponse)
        assert response.status == 501
        assert json.loads(response.body)["err_code"] == "NOT_IMPLEMENTED"
        [refused] = Server(given).receive(Connect(TARGET, {"Authorization": "Bearer t0ken"}), 0.0)
        assert isinstance(refused, Refused)
        assert refused.status == 401
