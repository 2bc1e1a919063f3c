"""Who is let in, and how who is not is told: literal headers in, exact answers out."""

from __future__ import annotations

import json

import pytest
from aai_migrate_providers.deepgram.server import ROUTES, Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.credentials import Credential, Secret
from aai_migrate.wire.commands import Start
from aai_migrate.wire.events import Stopped
from aai_migrate.wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Message, Refused

from ..served import context, uuid
from .served import KEY, RAW, connect, refused

V1, V2 = f"/v1/listen?{RAW}", f"/v2/listen?model=flux-general-en&{RAW}"
SESSION = "0f6d2c1e-5a77-4b0e-9c3d-2f1f0a9be6d4"


@pytest.mark.parametrize("target", [V1, V2])
@pytest.mark.parametrize(
    ("headers", "offered", "shown"),
    [
        ({"Authorization": "Token k3y"}, (), Credential(Secret("k3y"), "key")),
        ({"authorization": "token k3y"}, (), Credential(Secret("k3y"), "key")),
        ({"AUTHORIZATION": "TOKEN  k3y "}, (), Credential(Secret("k3y"), "key")),
        ({"Authorization": "bearer j.w.t"}, (), Credential(Secret("j.w.t"), "token")),
        ({"Authorization": "Bearer j.w.t"}, (), Credential(Secret("j.w.t"), "token")),
        ({}, ("token", "k3y"), Credential(Secret("k3y"), "key")),
        ({}, ("Bearer", "j.w.t"), Credential(Secret("j.w.t"), "token")),
        ({}, ("token", "k3y", "x-deepgram-session-id", SESSION), Credential(Secret("k3y"), "key")),
        ({}, ("chat", "mine", "token", "k3y"), Credential(Secret("k3y"), "key")),
        ({"Authorization": "Token k3y"}, ("token", "other"), Credential(Secret("k3y"), "key")),
        ({}, (), None),
        ({}, ("token",), None),
        ({}, ("chat", "token"), None),
        ({"Authorization": "k3y"}, (), None),
        ({"Authorization": "Basic azN5"}, (), None),
        ({"Authorization": "Token"}, (), None),
        ({"Authorization": "Token "}, (), None),
    ],
)
def test_credentials_are_shown_to_the_authenticator(
    target: str, headers: dict[str, str], offered: tuple[str, ...], shown: Credential | None
) -> None:
    """A key or a token, in the header or beside a subprotocol; another scheme shows nothing, and none is handed on."""
    asked: list[Credential | None] = []

    def authenticate(credential: Credential | None) -> str:
        asked.append(credential)
        return "ana"

    start = Server(context(authenticate)).receive(Connect(target, headers, offered), 0.0)[-1]
    assert asked == [shown]
    assert isinstance(start, Start)
    assert start.credential is None
    assert start.origin
    assert start.origin.principal == "ana"


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        ((), None),
        (("token", "k3y"), "token"),
        (("bearer", "j.w.t"), "bearer"),
        (("Token", "k3y"), "Token"),
        (("token", "k3y", "x-deepgram-session-id", SESSION), "token"),
        (("chat", "token", "k3y"), "token"),
        (("chat",), None),
    ],
)
def test_one_subprotocol_is_selected_never_the_key(offered: tuple[str, ...], selected: str | None) -> None:
    """Clients abort where none of theirs is, and a key is nothing to send back."""
    assert connect(V1, {}, *offered)[0] == Connected({"dg-request-id": uuid(1)}, selected)


@given(
    st.lists(st.sampled_from(["chat", "k3y", "x-deepgram-session-id"]), max_size=3),
    st.sampled_from(["token", "bearer"]),
    st.lists(st.sampled_from(["x-deepgram-session-id", SESSION]), max_size=3),
)
def test_the_key_is_what_stands_behind_the_scheme(before: list[str], scheme: str, after: list[str]) -> None:
    """Whatever other protocols are offered, and wherever."""
    shown: list[Credential | None] = []

    def authenticate(credential: Credential | None) -> str:
        shown.append(credential)
        return "ana"

    offered = (*before, scheme, "s3cret", *after)
    [connected, *_] = Server(context(authenticate)).receive(Connect(V1, {}, offered), 0.0)
    assert connected == Connected({"dg-request-id": uuid(1)}, scheme)
    assert shown == [Credential(Secret("s3cret"), "key" if scheme == "token" else "token")]


@pytest.mark.parametrize("target", [V1, V2])
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (KEY, "Invalid credentials."),
        ({"Authorization": "Bearer k3y"}, "Invalid credentials."),
        (
            {},
            "Credentials belong in the header Authorization, as 'Token KEY' or 'Bearer ACCESS_TOKEN'.",
        ),
        (
            {"Authorization": "Basic azN5"},
            "Credentials belong in the header Authorization, as 'Token KEY' or 'Bearer ACCESS_TOKEN'.",
        ),
    ],
)
def test_who_shows_nothing_good_is_refused_before_the_upgrade(target: str, headers: dict[str, str], text: str) -> None:
    """With the legacy body, and the same text in ``dg-error``; the key is in neither."""
    assert Server(context(lambda _: None)).receive(Connect(target, headers), 0.0) == [
        Refused(
            401,
            {"content-type": "application/json", "dg-request-id": uuid(1), "dg-error": text},
            b'{"err_code":"INVALID_AUTH","err_msg":"%s","request_id":"%s"}' % (text.encode(), uuid(1).encode()),
        )
    ]


def test_a_reason_fits_in_a_header() -> None:
    """Latin-1 in one line, though the body has it as it is."""
    [refusal] = connect("/v2/listen?model=a%0d%0ab%E4%BD%A0%C3%BC")
    assert isinstance(refusal, Refused)
    text = "model: must be flux-general-en or flux-general-multi, not a"
    assert refusal.headers["dg-error"] == f"{text} b?ü"
    assert json.loads(refusal.body)["err_msg"] == f"{text}\r\nb你ü"


def test_paths_may_have_anything_in_front() -> None:
    """And a slash behind; others are refused."""
    for path in ("/v1/listen", "/eu/v1/listen", "/v1/listen/"):
        start = connect(f"ws://h:1{path}?{RAW}")[-1]
        assert isinstance(start, Start)
        assert start.origin
        assert start.origin.path == path
    assert refused("/v3/ws") == (404, "NOT_FOUND", "This gateway has /v1/listen, /v2/listen and /v1/auth/grant.")


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "more"),
    [
        ("POST", "/v1/listen", 405, "METHOD_NOT_ALLOWED", {"allow": "GET"}),
        ("POST", "/x/v1/listen?model=nova-3", 405, "METHOD_NOT_ALLOWED", {"allow": "GET"}),
        ("POST", "/v2/listen", 405, "METHOD_NOT_ALLOWED", {"allow": "GET"}),
        ("GET", "/v1/listen", 426, "Bad Request", {"upgrade": "websocket"}),
        ("GET", "/v1/auth/grant", 404, "NOT_FOUND", {}),
        ("POST", "/v1/projects", 404, "NOT_FOUND", {}),
    ],
)
def test_what_is_no_websocket_is_refused_in_the_vendors_shape(
    method: str, path: str, status: int, code: str, more: dict[str, str]
) -> None:
    """This gateway has no batch API, and says so."""
    [response] = Server(context()).receive(HttpRequest(method, f"http://h{path}", KEY), 0.0)
    assert isinstance(response, HttpResponse)
    body = json.loads(response.body)
    assert (response.status, body["err_code"], body["request_id"]) == (status, code, uuid(1))
    assert response.headers == {
        "content-type": "application/json",
        "dg-request-id": uuid(1),
        "dg-error": body["err_msg"],
        **more,
    }


def test_a_request_needs_a_credential_too() -> None:
    """Before it is told what there is."""
    [response] = Server(context(lambda _: None)).receive(HttpRequest("POST", "http://h/v1/listen"), 0.0)
    assert isinstance(response, HttpResponse)
    assert response.status == 401


def test_the_first_route_is_the_one_that_clients_are_pointed_at() -> None:
    """Four routes, each with anything before it."""
    assert (
        tuple(
            (method, f"**{path}")
            for method, path in (
                ("GET", "/v1/listen"),
                ("GET", "/v2/listen"),
                ("POST", "/v1/listen"),
                ("POST", "/v1/auth/grant"),
            )
        )
        == ROUTES
    )


def test_a_session_that_was_never_begun_says_nothing() -> None:
    """Frames without a handshake are nobody's."""
    server = Server(context())
    assert server.receive(Message("{}"), 0.0) == []
    assert server.receive(Close(), 0.0) == []
    assert server.send(Stopped(), 0.0) == []
    assert server.tick(0.0) == []
    assert server.deadline is None
