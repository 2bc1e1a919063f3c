"""Plain HTTP requests to server halves that answer them, on real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
import websockets
from attrs import evolve
from yarl import URL

from aai_migrate import registry
from aai_migrate.gateway import Gateway, accept_all
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Command
from aai_migrate.wire.events import Event
from aai_migrate.wire.frames import Connect, Connected, Frame, HttpRequest, HttpResponse, Message

from .client import running, until

LIMIT = 256 << 10
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Desk:
    """Answers a request with what it saw, and seals what it is sent."""

    deadline: float | None = None
    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Command]:
        """Answer."""
        assert self._context.seal
        assert self._context.unseal
        match frame:
            case HttpRequest("DELETE"):
                return [HttpResponse(204)]
            case HttpRequest(url=url) if url.endswith("/shut"):
                return [HttpResponse(405, {"allow": "GET"}, b"nothing is taken here")]
            case HttpRequest(method, url, headers, body):
                seen = {"method": method, "url": url, "headers": dict(headers), "size": len(body)}
                seen |= {"public_url": self._context.public_url, "sealed": self._context.seal(body)}
                return [HttpResponse(201, {"content-type": "application/json"}, json.dumps(seen).encode())]
            case Connect(url):
                content = self._context.unseal(url.partition("token=")[2])
                return [Connected(), Message("nothing" if content is None else content.decode())]
        return []

    def send(self, event: Event, now: float, /) -> list[Frame | Command]:
        """Say nothing."""
        return []

    def tick(self, now: float, /) -> list[Frame | Command]:
        """Do nothing."""
        return []


ROUTES = (("*", "/desk"), ("*", "/desk/{id}"), ("GET", "/desk/{id}/file"))


@contextmanager
def desk(name: str = "desk", routes: tuple[tuple[str, str], ...] = ROUTES) -> Iterator[None]:
    """Register a provider with that server half."""
    registry.register(evolve(CODED, name=name, server=Desk, routes=routes))
    try:
        yield
    finally:
        registry.unregister(name)


def base(gateway: Gateway) -> str:
    """Return the address of HTTP requests."""
    return gateway.url.replace("ws", "http", 1)


async def ask(gateway: Gateway, method: str, path: str, **more: Any) -> tuple[int, Any]:
    """Return status and what the desk saw."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, URL(base(gateway) + path, encoded=True), **more) as response,
    ):
        text = await response.text()
        return response.status, json.loads(text) if text.startswith("{") else text


async def said(gateway: Gateway, head: bytes, body: bytes = b"") -> bytes:
    """Return the whole answer to a literal request, whose headers lack the empty line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(head + b"Connection: close\r\n\r\n" + body)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/desk", "/desk/0b1-7?offset=2&a=%20b", "/desk?x=1&x=%C3%A4"])
def test_every_method_and_parts_of_a_path(method: str, path: str) -> None:
    """The server half sees the request as it came."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                status, seen = await ask(gateway, method, path, data=b"12345")
                assert status == 201
                assert (seen["method"], seen["url"], seen["size"]) == (method, base(gateway) + path, 5)

    asyncio.run(main())


def test_a_path_is_asked_for_as_a_whole() -> None:
    """A part is not empty and holds no slash; a method that is not all is only itself; 204 has no body."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                statuses = {
                    (method, path): (await ask(gateway, method, path))[0]
                    for method, path in [
                        ("GET", "/desk/a/b"),
                        ("GET", "/desk/"),
                        ("GET", "/desk/a/file"),
                        ("POST", "/desk/a/file"),
                        ("DELETE", "/desk/a"),
                        ("HEAD", "/desk/a"),
                    ]
                }
                assert list(statuses.values()) == [404, 404, 201, 405, 204, 201]

    asyncio.run(main())


def test_the_url_is_the_one_that_the_client_used() -> None:
    """With its name of the host, which may be another one's; the gateway's own is only told where one is configured."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                for host in ("stt.example:8443", "localhost", "[::1]:80"):
                    _, seen = await ask(gateway, "POST", "/desk", headers={"Host": host})
                    assert (seen["url"], seen["public_url"]) == (f"http://{host}/desk", "")
            async with running(public_url="https://stt.example") as gateway:
                _, seen = await ask(gateway, "POST", "/desk")
                assert (seen["url"], seen["public_url"]) == (f"{base(gateway)}/desk", "https://stt.example")

    asyncio.run(main())


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: a/b@c\r\n", b"Host:\r\n"])
def test_a_request_without_a_proper_host_is_refused(hosts: bytes) -> None:
    """There is no URL that it could mean; RFC 9112, 3.2."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                answer = await said(gateway, b"GET /desk HTTP/1.1\r\n" + hosts)
                assert answer.split()[1] == b"400"

    asyncio.run(main())


def test_header_names_are_as_they_came() -> None:
    """Vendors' keys have headers of their own; what comes twice is joined."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                head = b"GET /desk HTTP/1.1\r\nHost: a\r\nx-Toy-KEY: k\r\ncontent-type: t/x\r\nX-Two: 1\r\nx-two: 2\r\n"
                seen = json.loads((await said(gateway, head)).partition(b"\r\n\r\n")[2])
                found = {name: seen["headers"].get(name) for name in ("x-Toy-KEY", "content-type", "X-Two", "x-two")}
                assert found == {"x-Toy-KEY": "k", "content-type": "t/x", "X-Two": "1, 2", "x-two": None}

    asyncio.run(main())


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 201), (LIMIT + 1, 413), (4 * LIMIT, 413)])
def test_a_body_has_a_limit(size: int, status: int) -> None:
    """Whether or not its length is told beforehand; the gateway serves on."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                assert (await ask(gateway, "POST", "/desk", data=bytes(size)))[0] == status

                async def parts() -> Any:
                    for at in range(0, size, 32 << 10):
                        yield bytes(min(32 << 10, size - at))

                assert (await ask(gateway, "POST", "/desk", data=parts()))[0] == status
                assert (await ask(gateway, "POST", "/desk"))[0] == 201

    asyncio.run(main())


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 4 * LIMIT])
def test_who_sends_a_body_where_none_is_taken_is_told_so(size: int) -> None:
    """Whatever its size: a shorter one would not be taken either."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                assert await ask(gateway, "POST", "/desk/shut", data=bytes(size)) == (405, "nothing is taken here")

    asyncio.run(main())


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """408."""
    monkeypatch.setattr("aai_migrate.gateway.app.BODY", 0.01)
    monkeypatch.setattr("aai_migrate.gateway.serve.LINGER", 0.01)

    async def main() -> None:
        with desk():
            async with running() as gateway:
                answer = await said(gateway, b"POST /desk HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n", b"12")
                assert answer.split()[1] == b"408"

    asyncio.run(main())


def test_long_urls() -> None:
    """What a server half sealed for its client comes back in the URL of a request or of a websocket."""
    content = "what the client asked for" * 1400

    async def main() -> None:
        with desk():
            async with running() as gateway:
                _, seen = await ask(gateway, "POST", "/desk", data=content.encode())
                token = seen["sealed"]
                assert 46_000 < len(token) < 48_000
                path = f"/desk?token={token}"
                _, seen = await ask(gateway, "GET", path)
                assert seen["url"] == base(gateway) + path
                assert (await ask(gateway, "GET", "/desk", headers={"X-Token": token}))[0] == 201
                for end, told in (("", content), ("x", "nothing")):
                    async with websockets.connect(gateway.url + path + end, proxy=None) as socket:
                        assert await socket.recv() == told
                answer = await said(gateway, b"GET /desk?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n")
                assert answer.split()[1] == b"400"

    asyncio.run(main())


@pytest.mark.parametrize(("key", "told"), [("sixteen and more letters", "content"), (None, "nothing")])
def test_gateways_that_share_a_secret_take_each_others_addresses(key: str | None, told: str) -> None:
    """Without a secret each knows its own only."""

    async def main() -> None:
        with desk():
            async with running(seal_key=key) as one, running(seal_key=key) as two:
                _, seen = await ask(one, "POST", "/desk", data=b"content")
                async with websockets.connect(f"{two.url}/desk?token={seen['sealed']}", proxy=None) as socket:
                    assert await socket.recv() == told
                if key:
                    assert Seal(key).unseal(seen["sealed"]) == b"content"

    asyncio.run(main())


def test_web_pages_from_elsewhere_are_refused() -> None:
    """Any method, before a body is read."""

    async def main() -> None:
        with desk():
            async with running(authenticate=accept_all, local_only=True) as gateway:
                for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
                    for method in ("GET", "POST", "OPTIONS", "DELETE"):
                        assert (await ask(gateway, method, "/desk/1", headers=headers))[0] == 403
                assert (await ask(gateway, "POST", "/desk", headers={"Origin": "http://localhost:3000"}))[0] == 201

    asyncio.run(main())


def test_a_gateway_that_stops_begins_no_sessions() -> None:
    """It is no address any more that a client could come back to."""

    async def main() -> None:
        with desk():
            async with running() as gateway, aiohttp.ClientSession() as http:
                assert gateway.door
                async with http.post(f"{base(gateway)}/desk") as response:
                    assert response.status == 201
                gateway.door.closing = True
                async with http.post(f"{base(gateway)}/desk") as response:
                    assert response.status == 503

    asyncio.run(main())


def test_an_upgrade_is_a_get() -> None:
    """With another method it is a request like others."""

    async def main() -> None:
        with desk():
            async with running() as gateway:
                _, seen = await ask(gateway, "POST", "/desk", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
                assert seen["method"] == "POST"
                await until(lambda: gateway.sessions == 0)

    asyncio.run(main())


def test_who_is_first_has_a_route(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it calls the parts; of a path that is partly taken the second gets the other methods."""
    second = (("GET", "/desk/{name}"), ("*", "/desk/{x}/file"), ("*", "/else"), ("POST", "/else"))

    async def main() -> None:
        with desk(), desk("desk-two", second):
            async with running() as gateway:
                assert gateway.door
                mine = [route for route, name in gateway.door.routes.items() if name == "desk-two"]
                assert mine == [("*", "/desk/{x}/file"), ("*", "/else")]
                assert (await ask(gateway, "POST", "/desk/a/file"))[0] == 201

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records if record.name == "aai_migrate"] == [
        "GET /desk/{name} belongs to desk; desk-two does not get it",
        "* /desk/{x}/file belongs to desk; desk-two does not get it",
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/a/b", 201),
        ("/x/a/b", 201),
        ("/some/prefix/a/b?c=/d", 201),
        ("//a/b", 201),
        ("/x%2Fy/%20/a/b", 201),
        ("/xa/b", 404),
        ("/a/b/", 404),
        ("/a/b/c", 404),
        ("/b", 404),
    ],
)
def test_a_path_may_have_anything_before_it(path: str, status: int) -> None:
    """Whole parts of it, or nothing; the server half sees the request as it came, over HTTP and by websocket."""

    async def main() -> None:
        with desk(routes=(("GET", "**/a/b"), ("POST", "**/a/b"))):
            async with running() as gateway:
                for method in ("GET", "POST"):
                    found, seen = await ask(gateway, method, path)
                    assert found == status
                    if status == 201:
                        assert (seen["method"], seen["url"]) == (method, base(gateway) + path)
                assert (await ask(gateway, "PUT", path))[0] == (405 if status == 201 else 404)
                assert gateway.addresses["desk"] == [f"{gateway.url}/a/b"]

    asyncio.run(main())


@pytest.mark.parametrize("prefix", ["", "/", "/some/prefix"])
def test_a_websocket_may_have_anything_before_its_path(prefix: str) -> None:
    """The server half sees it in the URL; a literal handshake, for clients tidy such a path up."""

    async def main() -> None:
        with desk(routes=(("GET", "**/desk"),)):
            async with running() as gateway:
                _, seen = await ask(gateway, "GET", "/desk", data=b"content")
                head = f"GET {prefix}/desk?token={seen['sealed']} HTTP/1.1\r\nHost: a\r\n".encode()
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                writer.write(head + UPGRADE)
                async with asyncio.timeout(10):
                    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
                    assert await reader.readexactly(9) == b"\x81\x07content"
                writer.close()
                await writer.wait_closed()

    asyncio.run(main())


def test_a_narrower_path_is_its_owners_whatever_comes_before_others(caplog: pytest.LogCaptureFixture) -> None:
    """Of two the first has all that both could answer; who comes later with a wider path gets the rest."""
    first = (("GET", "/x/a/b"), ("GET", "**/c/d"), ("POST", "**/{id}/e"))
    second = (("GET", "**/a/b"), ("*", "/x/c/d"), ("POST", "/x/c/d"), ("GET", "**/x/c/d"), ("POST", "/a/{name}/e"))

    async def main() -> None:
        with desk(routes=first), desk("desk-two", second):
            async with running() as gateway:
                assert gateway.door
                mine = [route for route, name in gateway.door.routes.items() if name == "desk-two"]
                assert mine == [("GET", "**/a/b"), ("POST", "/x/c/d")]
                for path in ("/x/a/b", "/y/a/b", "/x/c/d", "/y/c/d"):
                    assert (await ask(gateway, "GET", path))[0] == 201
                for path in ("/a/b/e", "/x/c/d"):
                    assert (await ask(gateway, "POST", path))[0] == 201

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records if record.name == "aai_migrate"] == [
        "* /x/c/d belongs to desk; desk-two does not get it",
        "GET **/x/c/d belongs to desk; desk-two does not get it",
        "POST /a/{name}/e belongs to desk; desk-two does not get it",
    ]


def test_a_part_of_a_path_may_be_one_of_several(caplog: pytest.LogCaptureFixture) -> None:
    """And nothing else; who had one of them before keeps it."""
    first = (("GET", "/b/one"), ("GET", "**/{way:one|two}"))
    second = (("GET", "**/x/two"), ("GET", "**/{way:two|one}"), ("GET", "**/{way:two|three}"))

    async def main() -> None:
        with desk(routes=first), desk("desk-two", second):
            async with running() as gateway:
                assert gateway.door
                mine = [route for route, name in gateway.door.routes.items() if name == "desk-two"]
                assert mine == [second[2]]
                for path, status in {"/one": 201, "/a/two": 201, "/three": 201, "/o": 404, "/one/two/x": 404}.items():
                    assert (await ask(gateway, "GET", path))[0] == status

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records if record.name == "aai_migrate"] == [
        "GET **/x/two belongs to desk; desk-two does not get it",
        "GET **/{way:two|one} belongs to desk; desk-two does not get it",
    ]


def test_a_dialect_has_an_address_for_each_websocket() -> None:
    """Or the one where all is, for clients that begin with a request; not one for each way to write the same."""

    async def main() -> None:
        others = (("GET", "/two/"), ("GET", "**/{way:two|to}"))
        with desk(), desk("desk-two", (("GET", "/two"), ("POST", "/two"), ("GET", "**/three"), *others)):
            async with running() as gateway:
                found = gateway.addresses
                assert found["desk"] == [base(gateway)]
                assert found["desk-two"] == [f"{gateway.url}/two", f"{gateway.url}/three"]

    asyncio.run(main())


def test_a_missing_package_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets 500, the operator the line to type."""
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)

    async def main() -> None:
        with desk():
            async with running() as gateway:
                assert (await ask(gateway, "POST", "/desk"))[0] == 500

    asyncio.run(main())
    assert "pip install 'aai_migrate[gateway]'" in caplog.text
