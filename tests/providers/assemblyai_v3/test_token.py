"""The server half's tokens: how they are asked for, what they open, and what they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3 import PROVIDER
from aai_migrate_providers.assemblyai_v3.server import Server
from attrs import evolve

from aai_migrate import grants
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.events import Reconnecting
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.session import Session
from aai_migrate.testing import Far, Link
from aai_migrate.testing import spoken as speaking
from aai_migrate.testing.coded import CodedEar, encode, words
from aai_migrate.wire.commands import Start, Stop
from aai_migrate.wire.events import Final, Warned
from aai_migrate.wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Message

from .wire import context

pytest.importorskip("cryptography")
TOKEN = "http://gateway.test:8080/v3/token"
EPOCH = context().epoch
RIGHT = Credential(Secret("k3y"))
JSON = {"content-type": "application/json"}


def sealing() -> Context:
    """A context that knows one key, and seals."""
    seal = Seal("s" * 32)
    ours = evolve(context(), authenticate=lambda shown: "ana" if shown == RIGHT else None)
    return evolve(ours, seal=seal.seal, unseal=seal.unseal)


def get(
    query: str = "expires_in_seconds=60", key: str = "k3y", ours: Context | None = None, method: str = "GET"
) -> HttpResponse:
    """The answer to a request at time 0."""
    headers = {"Authorization": key} if key else {}
    [answer] = Server(ours or sealing()).receive(HttpRequest(method, f"{TOKEN}?{query}", headers), 0.0)
    assert isinstance(answer, HttpResponse)
    return answer


def given(ours: Context, query: str = "expires_in_seconds=60") -> str:
    token = json.loads(get(query, ours=ours).body)["token"]
    assert isinstance(token, str)
    return token


def opened(ours: Context, token: str, now: float, how: str) -> tuple[Server, list[Any]]:
    """A handshake that shows *token* in the query or in the header."""
    server = Server(ours)
    query = f"sample_rate=16000&token={token}" if how == "query" else "sample_rate=16000"
    headers = {"Authorization": token} if how == "header" else {}
    return server, server.receive(Connect(f"/v3/ws?{query}", headers), now)


def error(out: list[Any]) -> tuple[int, str, Close]:
    """The refusal that comes behind the upgrade."""
    [message] = [item for item in out if isinstance(item, Message)]
    [close] = [item for item in out if isinstance(item, Close)]
    body = json.loads(message.data)
    assert (body["type"], close.code) == ("Error", body["error_code"])
    return body["error_code"], body["error"], close


EITHER = pytest.mark.parametrize("how", ["query", "header"])


@EITHER
@pytest.mark.parametrize("seconds", [1, 60, 600])
def test_a_token_lives_as_long_as_it_was_asked_for(seconds: int, how: str) -> None:
    """It opens sessions, in the query and in the header, until its time is over; then its signature has expired."""
    ours = sealing()
    answer = get(f"expires_in_seconds={seconds}", ours=ours)
    assert (answer.status, answer.headers) == (200, JSON)
    body = json.loads(answer.body)
    assert body == {"token": body["token"], "expires_in_seconds": seconds}
    token = body["token"]
    assert grants.read(ours, "assemblyai-v3", Secret(token)) == grants.Grant("ana", EPOCH + seconds)
    _, out = opened(ours, token, seconds - 0.5, how)
    start = out[-1]
    assert isinstance(start, Start)
    assert start.origin
    assert start.origin.principal == "ana"
    _, late = opened(ours, token, float(seconds), how)
    assert late[0] == Connected()
    assert error(late)[:2] == (1008, "Unauthorized Connection: Signature has expired")
    _, forged = opened(ours, token[:-2], 0.0, how)
    assert error(forged)[:2] == (1008, "Unauthorized Connection: Invalid API key")


@EITHER
@pytest.mark.parametrize("query", ["", "&max_session_duration_seconds=60", "&max_session_duration_seconds=1800"])
def test_a_token_says_how_long_a_session_gets(query: str, how: str) -> None:
    """It shows in Begin, and ends the session in the vendor's way; without it nothing is due."""
    ours = sealing()
    most = int(query.partition("=")[2] or 10_800)
    server, out = opened(ours, given(ours, f"expires_in_seconds=60{query}"), 10.0, how)
    begin = json.loads(out[1].data)
    assert (begin["type"], begin["expires_at"]) == ("Begin", int(EPOCH) + 10 + most)
    if not query:
        assert server.deadline is None
        return
    assert server.deadline == 10.0 + most
    assert server.tick(9.0 + most) == []
    ended = server.tick(10.0 + most)
    assert error(ended) == (
        3008,
        "Session Expired: Maximum session duration exceeded",
        Close(3008, "Session Expired: Maximum session duration exceeded"),
    )
    assert ended[-1] == Stop()
    assert server.deadline is None


def wrong(kind: str, place: str, name: str, text: str, shown: str | None = None) -> dict[str, Any]:
    return {"detail": [{"type": kind, "loc": [place, name], "msg": text, "input": shown, "ctx": {}}]}


EXPIRES, SESSION = "expires_in_seconds", "max_session_duration_seconds"


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ({"key": "wrong"}, 401, {"error": "Invalid API key"}),
        ({"key": ""}, 422, wrong("missing", "header", "authorization", "Field required")),
        ({"query": ""}, 422, wrong("missing", "query", EXPIRES, "Field required")),
        (
            {"query": f"{EXPIRES}=soon"},
            422,
            wrong("int_parsing", "query", EXPIRES, "Input should be a valid integer", "soon"),
        ),
        (
            {"query": f"{EXPIRES}=0"},
            422,
            wrong("greater_than_equal", "query", EXPIRES, "Input should be at least 1", "0"),
        ),
        (
            {"query": f"{EXPIRES}=601"},
            422,
            wrong("less_than_equal", "query", EXPIRES, "Input should be at most 600", "601"),
        ),
        (
            {"query": f"{EXPIRES}=60&{SESSION}=59"},
            422,
            wrong("greater_than_equal", "query", SESSION, "Input should be at least 60", "59"),
        ),
        (
            {"query": f"{EXPIRES}=60&{SESSION}=10801"},
            422,
            wrong("less_than_equal", "query", SESSION, "Input should be at most 10800", "10801"),
        ),
        ({"method": "POST"}, 405, {"detail": "Method Not Allowed"}),
        (
            {"ours": evolve(sealing(), seal=None)},
            501,
            {"error": "This gateway has nothing to seal tokens with; use a key"},
        ),
    ],
)
def test_what_goes_wrong(asked: dict[str, Any], status: int, body: dict[str, Any]) -> None:
    """A status, and what is wrong where, as the live service says it."""
    answer = get(**asked)
    assert (answer.status, answer.headers, json.loads(answer.body)) == (status, JSON, body)


def test_a_scheme_may_stand_before_the_key_here() -> None:
    """Other than at the websocket, where it is refused."""
    assert get(key="Bearer k3y").status == 200
    assert get(key="Bearer wrong").status == 401


def test_a_token_gives_no_tokens() -> None:
    """Who has it does not have the account."""
    ours = sealing()
    assert get(key=given(ours), ours=ours).status == 401


def test_a_token_of_another_vendor_opens_nothing() -> None:
    """One secret seals those of all."""
    ours = sealing()
    other = grants.give(ours, "deepgram", "ana", EPOCH + 60)
    assert other
    assert error(opened(ours, other, 0.0, "query")[1])[1] == "Unauthorized Connection: Invalid API key"


def test_a_request_to_the_sessions_path_is_answered_by_nobody() -> None:
    """The gateway says that it speaks websocket."""
    assert Server(sealing()).receive(HttpRequest("GET", "http://h/v3/ws", {"Authorization": "k3y"}), 0.0) == []


def test_a_session_that_its_token_ends_goes_on_in_another() -> None:
    """Both halves on one clock: the end is announced, 3008 is a loss like any other, and no word is missing."""
    ours, fmt = sealing(), AudioFormat()
    token = Secret(given(ours, "expires_in_seconds=600&max_session_duration_seconds=60"))
    shown = Credential(token, "token", expires_at=EPOCH + 600)
    spoken = words(15, seed=4)
    speech = encode([part for word in spoken for part in (word, 7.0)], fmt)
    link = Link(
        Session(PROVIDER, ours, credentials=lambda: shown),
        lambda: Far(Server(ours), CodedEar(ours)),
        latency=0.02,
    )
    feed = list(speaking(speech, fmt, start=0.1))
    events = link.run([(0.0, Start(Config(audio=fmt))), *feed, (feed[-1][0], Stop())])
    remarks = [event.code for event in events if isinstance(event, Warned)]
    assert remarks == ["session_expires", "session_expires"]
    lost = [event.cause for event in events if isinstance(event, Reconnecting)]
    assert lost == ["assemblyai-v3: Session Expired: Maximum session duration exceeded (code 3008)"]
    assert [word.text.lower().strip(".") for event in events if isinstance(event, Final) for word in event.words] == [
        *spoken
    ]
