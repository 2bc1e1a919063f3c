"""A gateway without keys on the own machine: its programs get in, web pages from elsewhere do not."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import websocket
import websockets

from aai_migrate.gateway import accept_all, local
from aai_migrate.gateway.guard import is_loopback, stranger

from .client import dial, running, told


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("evil.example", False),
    ],
)
def test_is_loopback(host: str, loopback: bool) -> None:
    """Names and addresses that mean this machine whoever asks."""
    assert is_loopback(host) is loopback


HERE = ["127.0.0.1:8080"]


@pytest.mark.parametrize(
    ("hosts", "origins", "gives_away"),
    [
        (HERE, [], ""),
        (["localhost"], [], ""),
        (["[::1]:8080"], ["http://[::1]:8080"], ""),
        (HERE, ["http://127.0.0.1:8080"], ""),
        (HERE, ["http://localhost:3000"], ""),
        (HERE, ["https://evil.example"], "Origin"),
        (HERE, ["http://127.0.0.1.evil.example"], "Origin"),
        (HERE, ["null"], "Origin"),
        (HERE, [""], "Origin"),
        (HERE, ["file://"], "Origin"),
        (HERE, ["http://[::1"], "Origin"),
        (HERE, ["http://localhost", "https://evil.example"], "Origin"),
        (["evil.example:8080"], [], "Host"),
        (["evil.example:8080"], ["http://evil.example:8080"], "Host"),
        (["[::1"], [], "Host"),
        ([""], [], "Host"),
        ([], [], "Host"),
        ([*HERE, *HERE], [], "Host"),
    ],
)
def test_stranger(hosts: list[str], origins: list[str], gives_away: str) -> None:
    """A name that somebody else owns, in either header, gives a web page away."""
    assert stranger(hosts, origins) == gives_away


STRANGE = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]


@pytest.mark.parametrize("headers", STRANGE)
def test_a_web_page_is_refused_before_anything_is_opened(headers: dict[str, str]) -> None:
    """Websocket or plain HTTP, known path or not."""

    async def main() -> None:
        async with running(authenticate=accept_all, local_only=True) as gateway:
            async with aiohttp.ClientSession() as http:
                base = f"http://127.0.0.1:{gateway.port}"
                for method, path in [("GET", "/v3/ws"), ("POST", "/v3/ws"), ("GET", "/"), ("OPTIONS", "/v3/ws")]:
                    async with http.request(method, base + path, headers=headers) as response:
                        assert (response.status, "Access-Control-Allow-Origin" in response.headers) == (403, False)
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await http.ws_connect(f"{base}/v3/ws", headers=headers)
                assert refused.value.status == 403
            assert gateway.sessions == 0

    asyncio.run(main())


def test_programs_of_this_machine_get_in() -> None:
    """With a credential, with none, and with the Origin that websocket-client sends of itself."""

    async def main() -> None:
        async with running(authenticate=accept_all, local_only=True) as gateway:
            ways: list[dict[str, Any]] = [{}, {"additional_headers": {}}, {"origin": "http://localhost:3000"}]
            for way in ways:
                async with dial(gateway, **way) as socket:
                    assert (await told(socket))["type"] == "Begin"

    asyncio.run(main())
    with local("coded", authenticate=accept_all, local_only=True) as url:
        own = websocket.create_connection(f"{url}/v3/ws?sample_rate=16000", timeout=10)
        assert '"Begin"' in own.recv()
        own.close()


def test_a_thread_of_its_own_is_guarded_where_any_credential_gets_in() -> None:
    """A web page can show a token in its URL; with an authenticator of the caller's it is for that to judge."""
    origin: Any = "https://evil.example"

    async def dials(url: str) -> Any:
        async with websockets.connect(f"{url}/v3/ws?token=t", origin=origin, proxy=None) as socket:
            return (await told(socket))["type"]

    with local("coded") as url, pytest.raises(websockets.InvalidStatus, match="403"):
        asyncio.run(dials(url))
    with local("coded", authenticate=accept_all) as url:
        assert asyncio.run(dials(url)) == "Begin"
