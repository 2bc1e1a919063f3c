"""Tokens for minutes or days: how they are asked for, and what they open."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from aai_migrate_providers.assemblyai_v2.server import Server
from attrs import evolve

import aai_migrate
from aai_migrate import grants
from aai_migrate.credentials import Credential, Secret
from aai_migrate.gateway import local
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.testing import coded
from aai_migrate.wire.frames import Connect, Connected, HttpRequest, HttpResponse, Message

from .wire import EPOCH, PATH, context

pytest.importorskip("cryptography")
TOKEN = "http://gateway.test:8080/v2/realtime/token"
RIGHT = Credential(Secret("k3y"))
TIMEOUT = 30.0
JSON = {"content-type": "application/json"}


def sealing() -> Context:
    """A context that knows one key, and seals."""
    seal = Seal("s" * 32)
    ours = evolve(context(), authenticate=lambda shown: "ana" if shown == RIGHT else None)
    return evolve(ours, seal=seal.seal, unseal=seal.unseal)


def post(
    body: str = '{"expires_in":480}', key: str = "k3y", ours: Context | None = None, method: str = "POST", **more: Any
) -> HttpResponse:
    """The answer to a request at time 0."""
    headers = {"Authorization": key, "Content-Type": "application/json"} if key else {}
    url = more.get("url", TOKEN)
    [answer] = Server(ours or sealing()).receive(HttpRequest(method, url, headers, body.encode()), 0.0)
    assert isinstance(answer, HttpResponse)
    return answer


def opens(ours: Context, token: str, now: float) -> bool:
    """Whether *token* lets a client in."""
    out = Server(ours).receive(Connect(f"{PATH}?sample_rate=16000&token={token}"), now)
    assert out[0] == Connected()
    return isinstance(out[1], Message) and "SessionBegins" in str(out[1].data)


@pytest.mark.parametrize("seconds", [60, 480, 360_000])
def test_a_token_lives_as_long_as_it_was_asked_for(seconds: int) -> None:
    """It opens sessions, more than one, until its time is over."""
    ours = sealing()
    answer = post(f'{{"expires_in":{seconds}}}', ours=ours)
    assert (answer.status, answer.headers) == (200, JSON)
    body = json.loads(answer.body)
    assert list(body) == ["token"]
    token = body["token"]
    assert grants.read(ours, "assemblyai-v2", Secret(token)) == grants.Grant("ana", EPOCH + seconds)
    assert opens(ours, token, 0.0)
    assert opens(ours, token, seconds - 0.5)
    assert not opens(ours, token, seconds)
    assert not opens(ours, token[:-2], 0.0)


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        ({"key": "wrong"}, 401, "Not Authorized"),
        ({"key": ""}, 401, "Not Authorized"),
        ({"body": ""}, 400, "The body must be a JSON object"),
        ({"body": "[]"}, 400, "The body must be a JSON object"),
        ({"body": "{}"}, 400, "expires_in must be a whole number from 60 to 360000"),
        ({"body": '{"expires_in":59}'}, 400, "expires_in must be a whole number from 60 to 360000"),
        ({"body": '{"expires_in":360001}'}, 400, "expires_in must be a whole number from 60 to 360000"),
        ({"body": '{"expires_in":true}'}, 400, "expires_in must be a whole number from 60 to 360000"),
        ({"body": " " * 10_001}, 400, "The body must not have more than 10000 bytes"),
        ({"method": "GET"}, 405, "A token is asked for with POST"),
        ({"url": "http://x/v2/realtime/ws"}, 426, "This path speaks websocket: send an upgrade"),
        ({"url": "http://x/v3/token"}, 404, "This gateway has /v2/realtime/ws and /v2/realtime/token"),
        ({"ours": evolve(sealing(), seal=None)}, 501, "This gateway has nothing to seal tokens with; use a key"),
    ],
)
def test_what_goes_wrong(given: dict[str, Any], status: int, text: str) -> None:
    """A status and the vendor's one member."""
    assert post(**given) == HttpResponse(status, JSON, json.dumps({"error": text}, separators=(",", ":")).encode())


def test_over_real_sockets() -> None:
    """A token that was asked for over HTTP opens a session; then the client shows nothing else."""
    spoken = coded.words(3, seed=3)
    audio = coded.encode([*spoken, 1.5])
    with local("coded") as url:
        asked = Request(f"http{url.removeprefix('ws')}/v2/realtime/token", b'{"expires_in":60}', {"Authorization": "k"})
        with urlopen(asked, timeout=TIMEOUT) as answer:
            token = json.loads(answer.read())["token"]
        with aai_migrate.connect("assemblyai-v2", token=token, base_url=url, paced=False) as stream:
            stream.send(audio)
            stream.stop()
            turns = [event for event in stream if isinstance(event, aai_migrate.Turn) and event.end_of_turn]
    assert [turn.transcript for turn in turns] == [" ".join(spoken)]
