"""The server half over HTTP: literal requests in, statuses and JSON out."""

from __future__ import annotations

import json
import random
import re
import zlib
from typing import Any

import pytest
from aai_migrate_providers.gladia.server import Server, session_of

from aai_migrate.credentials import Credential
from aai_migrate.wire.commands import Origin, Start
from aai_migrate.wire.frames import Connect, Connected, HttpRequest, Message, Refused

from .served import EPOCH, KEY, URL, ask, context, seal, url_for


def body_of(response: Any) -> dict[str, Any]:
    found = json.loads(response.body)
    assert isinstance(found, dict)
    return found


def test_a_post_is_answered_with_id_creation_and_url() -> None:
    """201, JSON, all three: strict clients miss each of them."""
    response = ask(now=2.5)
    assert response.status == 201
    found = body_of(response)
    assert list(found) == ["id", "created_at", "url"]
    assert found["id"] == "id-1"
    assert found["created_at"] == "2026-09-24T00:58:48.500Z"
    assert re.fullmatch(r"ws://gw:8080/v2/live\?token=[A-Za-z0-9%_.~-]+", found["url"])


@pytest.mark.parametrize(
    ("url", "headers", "public", "expected"),
    [
        ("http://gw:8080/v2/live", {}, "", "ws://gw:8080"),
        ("https://gw/v2/live?region=eu-west", {}, "", "wss://gw"),
        ("http://[::1]:80/v2/live", {}, "", "ws://[::1]:80"),
        ("http://10.0.0.1/v2/live", {"X-Forwarded-Proto": "https", "x-forwarded-host": "gw.example"}, "", "wss://gw.example"),
        ("http://10.0.0.1/v2/live", {"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "a:1, b"}, "", "wss://a:1"),
        ("http://gw/v2/live", {"X-Forwarded-Host": "evil/path?x="}, "", "ws://gw"),
        ("http://gw/v2/live", {"X-Forwarded-Proto": "gopher"}, "", "ws://gw"),
        ("http://gw/v2/live", {"X-Forwarded-Host": "other"}, "https://public.example", "wss://public.example"),
        ("http://gw/v2/live", {}, "ws://public.example:81", "ws://public.example:81"),
    ],
)  # fmt: skip
def test_the_url_is_absolute_and_is_where_the_client_came(
    url: str, headers: dict[str, str], public: str, expected: str
) -> None:
    """Pipecat and LiveKit fail on a relative one; a proxy says where the client really came."""
    found = body_of(ask(url=url, headers=KEY | headers, public_url=public))
    assert found["url"].startswith(f"{expected}/v2/live?token=")


def test_the_url_carries_the_session() -> None:
    """Another server half with the same seal goes on; nothing else is shared. No key is in it."""
    url = url_for({"sample_rate": 8000, "callback": True, "callback_config": {"url": "http://secret"}})
    assert session_of(context(), Connect(url)) == "id-1"
    assert session_of(context(), Connect(url.removeprefix("ws://gw:8080"))) == "id-1"
    out = Server(context()).receive(Connect(url), 5.0)
    assert isinstance(out[1], Start)
    config = out[1].config
    assert out == [Connected(), Start(config, None, Origin("gladia", "/v2/live", "ana"))]
    assert config.audio.sample_rate == 8000


@pytest.mark.parametrize("url", ["/v2/live", "/v2/live?token=", "/v2/live?token=abc", "/v2/live?token=%ff", "?", ""])
def test_what_is_none_of_ours_names_no_session(url: str) -> None:
    """And is refused on the handshake: closing it afterwards would make SDKs dial again at once."""
    assert session_of(context(), Connect(url)) is None
    [refused] = Server(context()).receive(Connect(url), 0.0)
    assert isinstance(refused, Refused)
    assert refused.status == 403
    assert refused.headers == {"content-type": "application/json"}
    assert body_of(refused)["statusCode"] == 403


@pytest.mark.parametrize(
    "content",
    [
        b"no zlib",
        zlib.compress(b"no json"),
        zlib.compress(b"{}"),
        zlib.compress(b'{"id":1,"at":0,"who":"a","body":{}}'),
        zlib.compress(b'{"id":"x","at":0,"who":"a","body":[]}'),
        zlib.compress(b'{"id":"x","at":9e9,"who":"a","body":{"channels":9}}'),
        zlib.compress(b'{"id":"' + b"x" * (1 << 21) + b'"}'),
    ],
)
def test_what_another_program_sealed_is_refused(content: bytes) -> None:
    """With the same secret, as another version of this one might."""
    [refused] = Server(context()).receive(Connect(f"/v2/live?token={seal(content)}"), 0.0)
    assert isinstance(refused, Refused)
    assert refused.status == 403


def test_a_token_begins_a_session_for_an_hour() -> None:
    """Later it is refused, and no session begins."""
    url = url_for()
    assert Server(context()).receive(Connect(url), 3600.0)[0] == Connected()
    late = Server(context())
    [refused] = late.receive(Connect(url), 3600.1)
    assert isinstance(refused, Refused)
    assert (refused.status, late.resumable, late.deadline) == (403, False, None)


@pytest.mark.parametrize("name", ["x-gladia-key", "X-Gladia-Key", "X-GLADIA-KEY"])
def test_the_header_of_the_key_is_spelled_in_any_case(name: str) -> None:
    """An unknown version of a client does not matter."""
    assert ask(headers={name: "k3y-of-a-test", "x-gladia-version": "SdkPython/9"}).status == 201


@pytest.mark.parametrize("path", ["", "/7f1c", "/7f1c/file"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PATCH"])
def test_no_key_and_a_wrong_one_are_told_apart(method: str, path: str) -> None:
    """401 in the vendor's form; the key is not repeated."""
    if (method == "POST") == bool(path) or (not path and method in ("DELETE", "PATCH")):
        return
    missing = ask(method, URL + path, headers={})
    wrong = ask(method, URL + path, headers={"x-gladia-key": "wr0ng-one"})
    assert (missing.status, wrong.status) == (401, 401)
    assert body_of(missing)["message"] != body_of(wrong)["message"]
    assert b"wr0ng" not in wrong.body


def test_an_error_has_every_field() -> None:
    """The form of all statuses."""
    found = body_of(ask("GET", URL + "/x?a=b", now=1.0))
    assert re.fullmatch("G-[0-9a-f]{8}", found.pop("request_id"))
    assert found == {
        "timestamp": "2026-09-24T00:58:47.000Z",
        "path": "/v2/live/x",
        "statusCode": 404,
        "message": "This gateway keeps no results",
    }


def test_where_nobody_needs_a_key_none_is_needed() -> None:
    """The authenticator is asked about nobody in particular."""
    asked: list[Credential | None] = []

    def anyone(credential: Credential | None) -> str:
        asked.append(credential)
        return "anyone"

    assert ask(headers={}, authenticate=anyone).status == 201
    assert asked == [None]


def test_a_wrong_body_is_400_with_everything_that_is_wrong() -> None:
    """As clients show it."""
    response = ask(body={"channels": 9, "region": "eu-west"})
    assert response.status == 400
    found = body_of(response)
    assert found["message"] == "Invalid parameter(s)"
    assert found["validation_errors"] == ["channels must not be greater than 8", "property region should not exist"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b"null", b"[" * 90_000])
def test_a_body_that_is_no_object_is_400(body: bytes) -> None:
    """Whatever it is instead."""
    assert body_of(ask(body=body))["validation_errors"] == ["the body must be a JSON object"]


@pytest.mark.parametrize("name", ["custom_metadata", "language_config", "pre_processing"])
def test_no_nesting_is_too_deep(name: str) -> None:
    """It is answered, whatever the answer is; what nobody knows is not even looked at."""
    for depth in (500, *range(700, 1_000), 3_000, 12_000):
        body = b'{"%s":' % name.encode() + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
        assert ask(body=body).status in (201, 400)


def test_no_body_sets_nothing() -> None:
    """Every member is optional."""
    assert ask(body=b"").status == 201


def test_a_body_of_more_than_100_kb_is_400() -> None:
    """One byte less is read."""
    assert ask(body=b"{" + b" " * 99_998 + b"}").status == 201
    response = ask(body=b"{" + b" " * 99_999 + b"}")
    assert response.status == 400
    assert body_of(response)["validation_errors"] == ["the body must not have more than 100,000 bytes"]


def test_what_no_url_can_carry_is_400() -> None:
    """Names what takes the most room."""
    words = [f"{index * 2654435761 % 2**32:08x}" for index in range(7000)]
    config = {"custom_spelling": True, "custom_spelling_config": {"spelling_dictionary": {"x": words}}}
    response = ask(body={"realtime_processing": config})
    assert response.status == 400
    assert body_of(response)["validation_errors"] == ["realtime_processing is too long to be carried in the url"]
    noise = random.Random(8).randbytes(44_000).hex()
    response = ask(body={"custom_metadata": {"a": noise}, "realtime_processing": {"translation": False}})
    assert body_of(response)["validation_errors"] == ["custom_metadata is too long to be carried in the url"]
    assert ask(body={"custom_metadata": {"x": "y" * 90_000}}).status == 201  # repetition is packed


def test_without_a_seal_there_are_no_sessions() -> None:
    """A gateway that was set up wrongly says so, in the same form."""
    assert ask(seal=None).status == 500
    assert body_of(ask(unseal=None))["statusCode"] == 500
    [refused] = Server(context(unseal=None)).receive(Connect(url_for()), 0.0)
    assert isinstance(refused, Refused)
    assert refused.status == 500


def test_the_list_of_sessions_is_empty() -> None:
    """A plain GET on the path of the websocket."""
    response = ask("GET", "https://gw/v2/live?limit=5")
    assert response.status == 200
    page = "https://gw/v2/live?offset=0&limit=20"
    assert body_of(response) == {"first": page, "current": page, "next": None, "items": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/live/7f1c"),
        ("GET", "/v2/live/7f1c/file"),
        ("DELETE", "/v2/live/7f1c"),
        ("PATCH", "/v2/live/7f1c"),
        ("PUT", "/v2/live"),
        ("DELETE", "/v2/live"),
        ("OPTIONS", "/v2/live"),
        ("POST", "/v2/live/7f1c"),
        ("GET", "/v2/other"),
        ("GET", "/"),
    ],
)
def test_everything_else_is_404(method: str, path: str) -> None:
    """Not 405, as the vendor does."""
    response = ask(method, f"http://gw{path}")
    assert (response.status, body_of(response)["path"]) == (404, path)


def test_a_request_begins_no_session() -> None:
    """A fresh server half answers it and is as before; what else comes is not heard."""
    server = Server(context())
    server.receive(HttpRequest("POST", URL, KEY, b"{}"), 0.0)
    assert (server.resumable, server.deadline) == (False, None)
    assert server.receive(Message("{}"), 0.0) == []
    assert server.tick(9.0) == []


def test_the_form_of_moments() -> None:
    """2026-09-24 is what the epoch of these tests is."""
    assert body_of(ask())["created_at"] == "2026-09-24T00:58:46.000Z"
    assert EPOCH == 1_790_211_526.0
