"""Who is let in, how who is not is told, and temporary keys: literal requests in, exact answers out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from aai_migrate_providers.speechmatics.server import Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Start
from aai_migrate.wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Refused

from ..served import EPOCH, context, heard, uuid
from .served import KEY, start

KEYS = "https://mp.speechmatics.com/v1/api_keys"
OURS = b'{"ttl":60,"region":"eu"}'


def nobody(credential: Credential | None) -> None:
    """An authenticator that refuses everybody."""


def known(credential: Credential | None) -> str | None:
    """An authenticator that knows one key."""
    return "ana" if credential and credential.secret.reveal() == "k3y" else None


def sealing(now_is: float = EPOCH) -> Context:
    """A context that seals: here a sealed text is its own hexadecimal."""

    def unseal(text: str) -> bytes | None:
        try:
            return bytes.fromhex(text.removeprefix("sealed-")) if text.startswith("sealed-") else None
        except ValueError:
            return None

    return Context(
        new_id=lambda: uuid(1),
        epoch=now_is,
        authenticate=known,
        seal=lambda data: f"sealed-{data.hex()}",
        unseal=unseal,
    )


def ask(url: str = f"{KEYS}?type=rt", body: bytes = OURS, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Status and JSON of the answer to a request for a temporary key."""
    method, asked = more.get("method", "POST"), more.get("context", sealing())
    [answer] = Server(asked).receive(HttpRequest(method, url, KEY if headers is None else headers, body), 0.0)
    assert isinstance(answer, HttpResponse)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["request-id"] == uuid(1)
    return answer.status, json.loads(answer.body)


def temporary(type_: str = "?type=rt", ttl: int = 60) -> str:
    """A temporary key that was given at time 0."""
    status, body = ask(KEYS + type_, json.dumps({"ttl": ttl}).encode())
    assert status == 201
    key = body["key_value"]
    assert isinstance(key, str)
    return key


@pytest.mark.parametrize(
    ("url", "headers", "shown"),
    [
        ("/v2", {"Authorization": "Bearer k3y"}, Credential(Secret("k3y"), "key")),
        ("/v2", {"authorization": "bearer  k3y "}, Credential(Secret("k3y"), "key")),
        ("/v2?jwt=a.b.c&sm-app=x", {}, Credential(Secret("a.b.c"), "token")),
        ("/v2?jwt=a.b.c", {"Authorization": "Bearer k3y"}, Credential(Secret("k3y"), "key")),
        ("/v2?jwt=a.b.c", {"Authorization": "Basic azN5"}, Credential(Secret("a.b.c"), "token")),
        ("/v2", {}, None),
        ("/v2?jwt=", {}, None),
        ("/v2", {"Authorization": "Bearer"}, None),
        ("/v2", {"Authorization": "k3y"}, None),
    ],
)
def test_credentials_are_shown_to_the_authenticator(
    url: str, headers: dict[str, str], shown: Credential | None
) -> None:
    """A key in the header, or a temporary one in the query; none of them is handed on."""
    seen: list[Credential | None] = []

    def authenticate(credential: Credential | None) -> str:
        seen.append(credential)
        return "ana"

    server = Server(context(authenticate))
    assert server.receive(Connect(url, headers), 0.0) == [Connected({"request-id": uuid(1)})]
    command = server.receive(start(), 0.0)[-1]
    assert seen == [shown]
    assert isinstance(command, Start)
    assert command.credential is None
    assert command.origin
    assert command.origin.principal == "ana"


@pytest.mark.parametrize("headers", [KEY, {}, {"Authorization": "Token k3y"}])
def test_who_may_not_come_in_is_refused_before_the_upgrade(headers: dict[str, str]) -> None:
    """Behind it, some clients lose the reason."""
    server = Server(context(nobody))
    [refusal] = server.receive(Connect("/v2", headers), 0.0)
    assert isinstance(refusal, Refused)
    assert refusal.status == 401
    assert refusal.headers == {"content-type": "application/json", "request-id": uuid(1)}
    reason = "Not Authorized: show a key, as in 'Authorization: Bearer KEY'."
    assert json.loads(refusal.body) == {"code": "Unauthorized", "message": reason}
    assert server.receive(start(), 0.0) == []
    assert server.deadline is None


@pytest.mark.parametrize(
    "url",
    [
        f"{KEYS}?type=rt",
        f"{KEYS}?type=rt&sm-sdk=python-5.0.0.post1",
        "http://127.0.0.1:8080/v1/api_keys?type=rt",
        "http://h/speechmatics/v1/api_keys?type=rt",
    ],
)
@pytest.mark.parametrize("body", [OURS, b'{"ttl": 86400, "client_ref": "kiosk"}', b'{"ttl":3600.0,"client_ref":null}'])
def test_a_temporary_key_is_given_with_201(url: str, body: bytes) -> None:
    """The status is the only one that one client takes; it is of nobody's account."""
    status, answer = ask(url, body)
    assert status == 201
    assert list(answer) == ["apikey_id", "key_value"]
    assert answer["apikey_id"] is None


@pytest.mark.parametrize("how", ["query", "header"])
def test_a_temporary_key_lets_in_until_it_is_over(how: str) -> None:
    """In the query or as a bearer, any number of times; an hour behind the last second it does not."""
    key = temporary(ttl=60)
    frame = Connect(f"/v2?jwt={quote(key)}") if how == "query" else Connect("/v2", {"Authorization": f"Bearer {key}"})
    for now, status in ((0.0, None), (59.9, None), (60.0, 401), (3660.0, 401)):
        [answer] = Server(sealing()).receive(frame, now)
        assert (answer.status if isinstance(answer, Refused) else None) == status


@pytest.mark.parametrize("type_", ["", "?type=batch", "?type=flow", "?type=tts", "?sm-sdk=python-5.0.0"])
def test_a_key_for_another_service_is_told_so_in_the_conversation(type_: str) -> None:
    """As the vendor does for who forgets ``type=rt``: behind the first message, or the reason would be lost."""
    server = Server(sealing())
    assert server.receive(Connect(f"/v2?jwt={temporary(type_)}"), 0.0) == [Connected({"request-id": uuid(1)})]
    error, close = heard(server.receive(start(), 0.0))
    assert error == {"message": "Error", "type": "not_authorised", "reason": "Not Authorized"}
    assert close == Close(4001, "not_authorised")


@pytest.mark.parametrize(
    ("url", "body", "text"),
    [
        (f"{KEYS}?type=rt", b"", "the body must be a JSON object"),
        (f"{KEYS}?type=rt", b"[]", "the body must be a JSON object"),
        (f"{KEYS}?type=rt", b"{}", "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":59}', "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":86401}', "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":60.5}', "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":"60"}', "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":true}', "ttl must be a whole number from 60 to 86400"),
        (f"{KEYS}?type=rt", b'{"ttl":60,"client_ref":7}', "client_ref must be a string"),
        (f"{KEYS}?type=rt", b'{"ttl":60,"region":7}', "region must be a string"),
        (
            f"{KEYS}?type=rt",
            b'{"ttl":60,"x":"' + b"x" * 10_000 + b'"}',
            "the body must not have more than 10,000 bytes",
        ),
        (f"{KEYS}?type=live", OURS, "type must be one of batch, rt, flow, tts"),
    ],
)
def test_a_wrong_request_for_a_key_is_422(url: str, body: bytes, text: str) -> None:
    """With code and message."""
    assert ask(url, body) == (422, {"code": "Unprocessable Entity", "message": text})


def test_a_key_is_not_given_to_who_shows_none() -> None:
    """Nor to who shows a temporary one, nor where nothing can be sealed."""
    assert ask(headers={})[0] == 401
    assert ask(headers={"Authorization": "Bearer other"})[0] == 401
    assert ask(headers={"Authorization": f"Bearer {temporary()}"})[0] == 403
    assert ask(context=context())[0] == 501


@pytest.mark.parametrize(
    ("method", "url", "status", "more"),
    [
        ("GET", "http://h/v2", 426, {"upgrade": "websocket"}),
        ("GET", "http://h/v2/en", 426, {"upgrade": "websocket"}),
        ("POST", "http://h/v2", 405, {"allow": "GET"}),
        ("GET", f"{KEYS}?type=rt", 405, {"allow": "POST"}),
    ],
)
def test_other_requests_are_told_what_to_do(method: str, url: str, status: int, more: dict[str, str]) -> None:
    """In the status, and in the header that belongs to it."""
    [answer] = Server(context()).receive(HttpRequest(method, url, KEY), 0.0)
    assert isinstance(answer, HttpResponse)
    assert answer.status == status
    assert more.items() <= dict(answer.headers).items()


def test_an_address_that_is_none_shows_no_key() -> None:
    """Its path may still be read."""
    [answer] = Server(context(nobody)).receive(Connect("ws://[h/v2?jwt=x", {}), 0.0)
    assert isinstance(answer, Refused)
    assert answer.status == 401


@given(st.binary(max_size=60), st.text(max_size=30))
def test_no_request_makes_it_raise(body: bytes, query: str) -> None:
    """Whatever the body and the query are."""
    [answer] = Server(sealing()).receive(HttpRequest("POST", f"{KEYS}?{query}", KEY, body), 0.0)
    assert isinstance(answer, HttpResponse)
    [met] = Server(sealing()).receive(Connect(f"/v2?{query}", KEY), 0.0)
    assert isinstance(met, Connected | Refused)
