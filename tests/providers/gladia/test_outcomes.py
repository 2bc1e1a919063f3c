"""What may be answered to the request becomes typed errors in both drivers; our server half answers in that form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from attrs import evolve
from vcr.cassette import Cassette
from vcr.serializers import yamlserializer

from aai_migrate import errors, registry
from aai_migrate.credentials import Credential
from aai_migrate.wire.frames import HttpRequest, HttpResponse

from ...drivers.blocking import Driver
from ...drivers.conftest import driver  # noqa: F401 a fixture
from .outcomes import CASSETTES, OUTCOMES, VCR_CONFIG
from .test_both import sealing

CANARY = "canary-7f3e-of-a-key"
GLADIA = registry.find("gladia")
# The name of a cassette, the error, and what its text has to say.
ERRORS: dict[str, tuple[type[errors.ProviderError], int | None, str]] = {
    "invalid-parameters": (errors.BadRequest, 400, "endpointing must not be less than 0.01"),
    "unknown-member": (errors.BadRequest, 400, "Invalid parameter(s)"),
    "no-key": (errors.AuthenticationError, 401, "No gladia key was sent"),
    "wrong-key": (errors.AuthenticationError, 401, "The gladia key is not valid"),
    "no-credit": (errors.QuotaExceeded, 402, "No credit is left"),
    "forbidden": (errors.AuthenticationError, 403, "The plan does not include this region"),
    "too-large": (errors.BadRequest, 413, "The request is too large"),
    "incorrect-parameters": (errors.BadRequest, 422, "Incorrect parameter(s)"),
    "too-many": (errors.QuotaExceeded, 429, "Too many sessions at a time"),
    "server-error": (errors.ConnectionLost, 500, "Internal server error"),
    "bad-gateway": (errors.ConnectionLost, 502, "a web page"),
    "created-without-url": (errors.ProtocolError, None, "no usable url"),
    "created-html": (errors.ProtocolError, None, "a web page"),
}


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Play as often as it is asked for, since what may pass is tried again."""
    return {**VCR_CONFIG, "allow_playback_repeats": True}


@pytest.fixture(scope="module")
def vcr_cassette_dir() -> str:
    return str(CASSETTES)


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.default_cassette(name)) for name in ERRORS])
def test_an_answer_becomes_an_error_that_says_what_is_wrong(
    name: str,
    driver: Driver,  # noqa: F811
    vcr: Cassette,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its status, the vendor's words and the number that its support asks for; without the key."""
    for variable in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    kind, status, text = ERRORS[name]
    with pytest.raises(errors.ProviderError) as caught:
        driver.connect("gladia", api_key=CANARY, connect_timeout=5.0)
    error = caught.value
    assert type(error) is kind
    assert error.status == status
    assert text in str(error)
    assert CANARY not in f"{error} {error!r}"
    if "request_id" in OUTCOMES[name].body.decode():
        assert error.request_id == "G-5d0a91c3"
    assert vcr.play_count == (3 if isinstance(error, errors.ConnectionLost) else 1)
    if name == "too-many":
        assert isinstance(error, errors.QuotaExceeded)
        assert error.retry_after == 7.0


def form(body: bytes) -> dict[str, Any]:
    """The members of a JSON object: what says when, who and in which words is shown by its form only."""
    value = json.loads(body)
    shapes = {
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
        "created_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
        "request_id": r"G-[0-9a-f]{8}",
        "id": r"[0-9a-z-]+",
        "url": r"wss://api\.gladia\.io/v2/live\?token=[\w-]+",
        "message": r".+",
    }
    for name in shapes.keys() & value.keys():
        assert re.fullmatch(shapes[name], value[name]), name
        value[name] = shapes[name]
    value.pop("validation_errors", None)  # may be absent
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("name", ["created", "invalid-parameters", "unknown-member", "no-key", "wrong-key"])
def test_our_server_half_gives_the_same_bodies(name: str) -> None:
    """To the request of the cassette: the same status, the same members, and the same parameters found wrong."""
    [played] = yamlserializer.deserialize((CASSETTES / f"{name}.yaml").read_text())["interactions"]
    asked, outcome = played["request"], OUTCOMES[name]

    def authenticate(credential: Credential | None) -> str | None:
        return None if "key" in name else "somebody"

    headers = {} if name == "no-key" else {"x-gladia-key": "any"}
    assert GLADIA.server
    server = GLADIA.server(evolve(sealing(), authenticate=authenticate))
    [answer] = server.receive(HttpRequest("POST", asked["uri"], headers, asked["body"].encode()), 0.0)
    assert isinstance(answer, HttpResponse)
    assert answer.status == outcome.status
    assert answer.headers["content-type"].startswith("application/json")
    assert form(answer.body) == form(outcome.body)
    theirs, ours = (json.loads(body).get("validation_errors", []) for body in (outcome.body, answer.body))
    assert {text.split()[0] for text in theirs} <= {text.split()[0] for text in ours}
