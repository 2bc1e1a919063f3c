"""A token asked for with create_token, answered from cassettes: no vendor is dialled, and no key is written down."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import vcr
from vcr.serializers import yamlserializer

from aai_migrate import AuthenticationError, Token, acreate_token, create_token

CASSETTES = Path(__file__).parent / "cassettes"
CANARY = "canary-2b90"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"
URI = "https://api.deepgram.com/v1/auth/grant"


def redacted(response: dict[str, Any]) -> dict[str, Any]:
    """Return *response* without the token."""
    body = response["body"]["string"]
    return {**response, "body": {"string": body.replace(TOKEN.encode(), b"***")}}


CONFIG: dict[str, Any] = {
    "record_mode": "none",
    "filter_headers": ["authorization"],
    "match_on": ["method", "uri", "body"],
}


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Play, never record; keep keys out."""
    return CONFIG


@pytest.fixture(scope="module")
def vcr_cassette_dir() -> str:
    """Beside this file."""
    return str(CASSETTES)


Create = Callable[..., Token]


@pytest.fixture(params=["blocking", "asyncio"])
def create(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Create:
    """Either way to ask, without a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if request.param == "blocking":
        return create_token
    return lambda *given, **more: asyncio.run(acreate_token(*given, **more))


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.default_cassette("grant")
def test_a_token_is_given(create: Create, vcr: Any) -> None:
    """With its lifetime, from one request."""
    before = time.time()
    token = create("deepgram", api_key=CANARY)
    assert token.reveal() == TOKEN
    assert token.expires_at
    assert before + 30 <= token.expires_at <= time.time() + 30
    assert vcr.play_count == 1


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.default_cassette("grant-weak-key")
def test_a_key_that_is_too_weak(create: Create) -> None:
    """The vendor's reason, its request id, and what a key needs."""
    with pytest.raises(AuthenticationError) as caught:
        create("deepgram", api_key=CANARY)
    error = caught.value
    assert (error.status, error.code) == (403, "FORBIDDEN")
    assert error.request_id == "0b7e2a58-8b0d-4b7e-9d4e-5f0f9f7f7c21"
    assert error.reason == "Insufficient permissions.; a key needs the role Member or a higher one to create tokens"


def test_every_cassette_says_what_it_is_and_has_no_key() -> None:
    """None was recorded, and no header of a request shows who asked."""
    cassettes = [*CASSETTES.glob("grant*.yaml")]
    assert {path.stem for path in cassettes} == {"grant", "grant-weak-key"}
    for path in cassettes:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# Composed from the vendor's documentation, not recorded.\n# ")
        (interaction,) = yamlserializer.deserialize(text)["interactions"]
        assert (interaction["request"]["method"], interaction["request"]["uri"]) == ("POST", URI)
        assert {name.lower() for name in interaction["request"]["headers"]} == {"accept", "content-type"}


class _Vendor(BaseHTTPRequestHandler):
    """Gives everybody the same token, and keeps the keys that came."""

    keys: list[str | None]

    def do_POST(self) -> None:
        self.keys.append(self.headers["authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f'{{"access_token":"{TOKEN}","expires_in":30}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_recording_keeps_key_and_token_out(create: Create, tmp_path: Path) -> None:
    """The vendor gets the key and the caller the token; the cassette has neither."""
    keys: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Vendor", (_Vendor,), {"keys": keys}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    path = tmp_path / "recorded.yaml"
    try:
        with vcr.use_cassette(str(path), **{**CONFIG, "record_mode": "once"}, before_record_response=redacted):
            token = create("deepgram", api_key=CANARY, base_url=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert keys == [f"Token {CANARY}"]
    assert token.provider == "deepgram"
    text = path.read_text(encoding="utf-8")
    assert "access_token" in text
    assert CANARY not in text
    assert TOKEN not in text
