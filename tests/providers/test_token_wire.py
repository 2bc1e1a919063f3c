"""What each vendor is asked for a token, and what it answers: the literal text of its pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config, configure
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProtocolError, QuotaExceeded
from aai_migrate.tokens import Given, Tokens, Wanted
from aai_migrate.wire.frames import HttpRequest, HttpResponse

KEY = Credential(Secret("k3y"))
JSON = {"Content-Type": "application/json"}
ACCEPTED = {**JSON, "Accept": "application/json"}
GLADIA = (
    b'{"encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1, "endpointing": 0.7, '
    b'"maximum_duration_without_endpointing": 60, "messages_config": {"receive_partial_transcripts": true}}'
)
URL = "wss://api.gladia.io/v2/live?token=3f6f2a58-8b0d-4b7e-9d4e-5f0f9f7f7c21"


def tokens(name: str) -> Tokens:
    found = registry.find(name).tokens
    assert found
    return found


def wanted(name: str, asked: float | None = None, session: float | None = None, **options: Any) -> Wanted:
    found = tokens(name)
    return Wanted(
        config=configure(options),
        credential=KEY,
        seconds=found.seconds(name, asked),
        session_seconds=found.session_seconds(name, session),
    )


ASKED: list[tuple[str, dict[str, Any], HttpRequest]] = [
    (
        "deepgram",
        {},
        HttpRequest(
            "POST",
            "https://api.deepgram.com/v1/auth/grant",
            {**ACCEPTED, "Authorization": "Token k3y"},
            b'{"ttl_seconds":30}',
        ),
    ),
    (
        "deepgram",
        {"asked": 1.5, "region": "eu"},
        HttpRequest(
            "POST",
            "https://api.eu.deepgram.com/v1/auth/grant",
            {**ACCEPTED, "Authorization": "Token k3y"},
            b'{"ttl_seconds":1.5}',
        ),
    ),
    (
        "speechmatics",
        {"region": "us"},
        HttpRequest(
            "POST",
            "https://mp.speechmatics.com/v1/api_keys?type=rt",
            {**JSON, "Authorization": "Bearer k3y"},
            b'{"ttl":60}',
        ),
    ),
    (
        "assemblyai-v3",
        {},
        HttpRequest("GET", "https://streaming.assemblyai.com/v3/token?expires_in_seconds=60", {"Authorization": "k3y"}),
    ),
    (
        "assemblyai-v3",
        {"asked": 600, "session": 1800.0, "region": "eu"},
        HttpRequest(
            "GET",
            "https://streaming.eu.assemblyai.com/v3/token?expires_in_seconds=600&max_session_duration_seconds=1800",
            {"Authorization": "k3y"},
        ),
    ),
    (
        "assemblyai-v2",
        {"base_url": "wss://h"},
        HttpRequest("POST", "https://h/v2/realtime/token", {**JSON, "Authorization": "k3y"}, b'{"expires_in":480}'),
    ),
    (
        "gladia",
        {"region": "us"},
        HttpRequest(
            "POST", "https://api.gladia.io/v2/live?region=us-west", {**ACCEPTED, "X-Gladia-Key": "k3y"}, GLADIA
        ),
    ),
]


@pytest.mark.parametrize(("name", "options", "request_"), ASKED, ids=[f"{name}-{len(more)}" for name, more, _ in ASKED])
def test_what_is_asked(name: str, options: dict[str, Any], request_: HttpRequest) -> None:
    """Method, address, headers and body, as the vendor's page has them."""
    assert tokens(name).ask(wanted(name, **options)) == request_


@pytest.mark.parametrize(
    ("name", "base_url", "url"),
    [
        ("deepgram", "ws://h:1/v1/listen", "http://h:1/v1/auth/grant"),
        ("deepgram", "wss://h/in/front/v2/listen/", "https://h/in/front/v1/auth/grant"),
        ("speechmatics", "ws://h:1/v2", "http://h:1/v1/api_keys?type=rt"),
        ("assemblyai-v3", "http://h:1/v3/ws", "http://h:1/v3/token?expires_in_seconds=60"),
        ("assemblyai-v2", "wss://h/x/v2/realtime/ws", "https://h/x/v2/realtime/token"),
        ("gladia", "ws://h:1/v2/live", "http://h:1/v2/live"),
    ],
)
def test_a_server_of_ones_own(name: str, base_url: str, url: str) -> None:
    """The base URL of a session is good for its tokens too, with or without a session's path."""
    assert tokens(name).ask(wanted(name, base_url=base_url)).url == url


def test_where_no_key_is_needed_none_is_shown() -> None:
    """A server of one's own may ask for none."""
    for name in ("deepgram", "speechmatics", "assemblyai-v3", "assemblyai-v2", "gladia"):
        bare = Wanted(config=Config(base_url="ws://h"), credential=None, seconds=60)
        headers = {header.lower() for header in tokens(name).ask(bare).headers}
        assert headers <= {"content-type", "accept"}


GIVEN: list[tuple[str, int, str, Given]] = [
    (
        "deepgram",
        200,
        '{"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "expires_in": 30}',
        Given(Secret("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), 30.0),
    ),
    ("deepgram", 200, '{"access_token": "a.b.c"}', Given(Secret("a.b.c"))),
    (
        "speechmatics",
        201,
        '{"apikey_id": null, "key_value": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}',
        Given(Secret("eyJhbGciOiJSUzI1NiJ9.e30.c2ln")),
    ),
    ("assemblyai-v3", 200, '{"token":"opaque","expires_in_seconds":60}', Given(Secret("opaque"), 60.0)),
    ("assemblyai-v2", 200, '{"token":"3f0c9b"}', Given(Secret("3f0c9b"))),
    (
        "gladia",
        201,
        f'{{"id":"9b1c7d0e","created_at":"2026-09-21T09:14:02.118Z",\n "url":"{URL}"}}',
        Given(Secret(URL), None, json.loads(GLADIA)),
    ),
]


@pytest.mark.parametrize(("name", "status", "text", "given"), GIVEN, ids=range(len(GIVEN)))
def test_what_is_given(name: str, status: int, text: str, given: Given) -> None:
    """The token, and for how long, where the vendor says that."""
    own: dict[str, Any] = {"base_url": "wss://h"} if name == "assemblyai-v2" else {}
    asked = wanted(name, **own)
    assert tokens(name).read(asked, HttpResponse(status, {}, text.encode())) == given


MISSING = (
    '{"detail":[{"type":"missing","loc":["header","authorization"],"msg":"Field required","input":"k3y","ctx":{}}]}'
)
REFUSED: list[tuple[str, int, str, type[Exception], str]] = [
    (
        "deepgram",
        401,
        '{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}',
        AuthenticationError,
        "Invalid cr",
    ),
    ("deepgram", 403, '{"err_code":"FORBIDDEN","err_msg":"Insufficient"}', AuthenticationError, "Member or a higher"),
    ("deepgram", 402, '{"err_code":"ASR_PAYMENT_REQUIRED","err_msg":"No credit"}', QuotaExceeded, "No credit"),
    ("deepgram", 503, "", ConnectionLost, "HTTP 503"),
    ("deepgram", 200, "{}", ProtocolError, "has no access_token; check base_url"),
    ("speechmatics", 401, '{"code":"Unauthorized","message":"Permission Denied"}', AuthenticationError, "Permission"),
    ("speechmatics", 403, '{"code":"Forbidden","message":"Forbidden"}', AuthenticationError, "Forbidden"),
    ("speechmatics", 422, '{"code":"invalid","message":"ttl must be in 60..86400"}', BadRequest, "ttl must be in"),
    ("speechmatics", 201, '{"key_value":null}', ProtocolError, "has no key_value; check base_url"),
    ("assemblyai-v3", 401, '{"error":"Invalid API key"}', AuthenticationError, "Invalid API key"),
    ("assemblyai-v3", 422, MISSING, BadRequest, "header.authorization: Field required (HTTP 422)"),
    ("assemblyai-v3", 429, '{"error":"Too many requests"}', QuotaExceeded, "Too many requests"),
    ("assemblyai-v3", 200, "<html>", ProtocolError, "has no token; check base_url"),
    ("assemblyai-v2", 404, '{"error":"Not found"}', BadRequest, "use assemblyai-v3"),
    ("assemblyai-v2", 401, '{"error":"Not Authorized"}', AuthenticationError, "Not Authorized"),
    ("assemblyai-v2", 200, '{"token":""}', ProtocolError, "has no token; check base_url"),
    ("gladia", 401, '{"statusCode":401,"message":"The gladia key is not valid"}', AuthenticationError, "not valid"),
    ("gladia", 402, '{"statusCode":402,"message":"No credit is left"}', QuotaExceeded, "No credit is left"),
    ("gladia", 201, '{"id":"x"}', ProtocolError, "no usable url"),
    ("gladia", 201, '{"url":"ws://api.gladia.io/v2/live?token=t"}', ProtocolError, "no usable url"),
]


@pytest.mark.parametrize(
    ("name", "status", "text", "kind", "says"), REFUSED, ids=[f"{name}-{status}" for name, status, *_ in REFUSED]
)
def test_what_is_refused(name: str, status: int, text: str, kind: type[Exception], says: str) -> None:
    """One error of ours, with the vendor's reason."""
    with pytest.raises(kind) as caught:
        tokens(name).read(wanted(name), HttpResponse(status, {}, text.encode()))
    assert says in str(caught.value)
    assert "k3y" not in str(caught.value)


def test_gladias_token_is_made_for_the_audio_that_is_sent() -> None:
    """As a stream with the same settings sends it: what the wire lacks is converted before."""
    audio = AudioFormat(44_100, "pcm_f32le")
    asked = Wanted(config=Config(audio=audio), credential=KEY, seconds=None)
    body = json.loads(tokens("gladia").ask(asked).body)
    sent = registry.find("gladia").capabilities.wire_format("gladia", audio, separate=False)
    assert (body["sample_rate"], body["channels"]) == (sent.sample_rate, 1)
    assert body["bit_depth"] == 8 * sent.width


def test_every_vendor_names_its_page() -> None:
    """Where its tokens are written down."""
    found = {name: registry.find(name).tokens for name in registry.names()}
    assert {name for name, given in found.items() if given} >= {"deepgram", "speechmatics", "gladia", "assemblyai-v3"}
    assert all(given.source.startswith("https://") for given in found.values() if given)
