"""The POST that opens a session, answered from cassettes: both drivers say what the vendor said, and dial nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.serializers import yamlserializer

from aai_migrate.wire.frames import HttpRequest, HttpResponse
from tests.drivers.performing import STEPS, Perform

from .outcomes import CASSETTES, OUTCOMES, URL, VCR_CONFIG

CANARY = "canary-7f3e"
HEADERS = {"x-gladia-key": CANARY, "Content-Type": "application/json"}


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Play, never record; keep keys out."""
    return VCR_CONFIG


@pytest.fixture(scope="module")
def vcr_cassette_dir() -> str:
    """The client half's tests use the same cassettes."""
    return str(CASSETTES)


@pytest.fixture(params=STEPS)
def perform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Perform:
    """The HTTP step of each driver, without a proxy."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return STEPS[request.param]


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.default_cassette(name)) for name in OUTCOMES])
def test_outcome(name: str, perform: Perform, vcr: Any) -> None:
    """Status, headers and body come back as the cassette has them, whatever they are, and are played once."""
    answer = perform(HttpRequest("POST", URL, HEADERS, b'{"sample_rate":16000}'))
    status, body, headers = OUTCOMES[name]
    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.body, dict(answer.headers)) == (status, body, headers)
    assert vcr.play_count == 1


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.default_cassette("created")
def test_region_is_answered_too(perform: Perform) -> None:
    """The query is not compared: a session in a region has the same outcomes."""
    answer = perform(HttpRequest("POST", f"{URL}?region=eu-west", HEADERS, b"{}"))
    assert isinstance(answer, HttpResponse)
    assert answer.status == 201


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.default_cassette("created")
def test_what_no_cassette_holds_is_an_error(perform: Perform) -> None:
    """Another request is not answered, nor sent; the error does not quote the key."""
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        perform(HttpRequest("GET", URL, HEADERS))
    assert CANARY not in str(caught.value)


def test_every_cassette_is_in_the_table_and_says_what_it_is() -> None:
    """None is left out, each says first that it was not recorded, and none has a key."""
    cassettes = {path.stem: path.read_text(encoding="utf-8") for path in CASSETTES.glob("*.yaml")}
    assert cassettes.keys() == OUTCOMES.keys()
    for text in cassettes.values():
        assert text.startswith("# Composed from the vendor's documentation, not recorded.\n# ")
        (interaction,) = yamlserializer.deserialize(text)["interactions"]
        assert interaction["request"]["headers"] == {"Content-Type": ["application/json"]}
        assert (interaction["request"]["method"], interaction["request"]["uri"]) == ("POST", URL)


class _Vendor(BaseHTTPRequestHandler):
    """Answers a POST, and keeps the keys that came."""

    keys: list[str | None]

    def do_POST(self) -> None:
        self.keys.append(self.headers["x-gladia-key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        body = OUTCOMES["created"].body
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _vendor() -> Iterator[tuple[str, list[str | None]]]:
    """Serve on a free port; yields the URL of the POST and the keys that came."""
    keys: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Vendor", (_Vendor,), {"keys": keys}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v2/live", keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_recording_keeps_the_key_out(perform: Perform, tmp_path: Path) -> None:
    """The vendor gets the key, the cassette does not; both drivers then play it with the vendor gone."""
    path, here = tmp_path / "recorded.yaml", {**VCR_CONFIG, "ignore_localhost": False}
    with _vendor() as (url, keys):
        ask = HttpRequest("POST", url, {**HEADERS, "Authorization": f"Bearer {CANARY}"}, b"{}")
        with vcr.use_cassette(str(path), **{**here, "record_mode": "once"}):
            recorded = perform(ask)
    assert keys == [CANARY]
    text = path.read_text(encoding="utf-8")
    assert CANARY not in text
    assert "gladia-key" not in text.lower()
    for play in STEPS.values():
        with vcr.use_cassette(str(path), **here):
            assert play(ask) == recorded
