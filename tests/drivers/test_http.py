"""One HTTP request, through the step of each driver, against far ends on loopback that do right and wrong."""

from __future__ import annotations

import asyncio
import http.client
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
import vcr

from aai_migrate.drivers import aio_socket, patience
from aai_migrate.drivers.connection import Http
from aai_migrate.wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Lost

from .performing import LIMIT, STEPS, Heard, Perform, blocking
from .test_sync import authority, server_tls
from .vendor import Raw, quiet, raw_server, read_head, vendor, wait_for_hang_up

__all__ = ["authority"]
pytestmark = pytest.mark.usefixtures("nothing_left")
KEY = "canary-7f3e"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(params=STEPS)
def perform(request: pytest.FixtureRequest) -> Perform:
    """The step of each driver."""
    return STEPS[request.param]


@contextmanager
def far_end(script: Raw, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run *script* for each connection; yields an http or https URL."""
    with raw_server(script, tls) as url:
        port = url.rpartition(":")[2]
        yield f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"


def saying(*answer: bytes) -> Raw:
    """A far end that reads a POST with the body ``[]``, answers and hangs up."""

    def script(sock: socket.socket) -> None:
        heard(sock)
        for part in answer:
            sock.sendall(part)

    return script


def heard(sock: socket.socket) -> bytes:
    """Read a POST with the body ``[]``."""
    head = read_head(sock)
    return head + sock.recv(1) + sock.recv(1)


def post(url: str, **headers: str) -> HttpRequest:
    return HttpRequest("POST", url, {"X-Key": KEY, **headers}, b"[]")


def names(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:] if b":" in line]


class TestAnswered:
    def test_request_and_answer(self, perform: Perform) -> None:
        """The request has what it needs and nothing twice; names of headers come back in lower case."""
        requests: list[bytes] = []

        def script(sock: socket.socket) -> None:
            requests.append(heard(sock))
            sock.sendall(
                b"HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
            )

        with far_end(script) as url:
            answer = perform(post(url + "/v2/live?a=b"))
        assert isinstance(answer, HttpResponse)
        assert (answer.status, answer.body, answer.headers["x-a"]) == (201, b"{}", "1, 2")
        head = requests[0]
        assert head.startswith(b"POST /v2/live?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"\r\nConnection: close\r\n" in head
        assert b"\r\nContent-Length: 2\r\n" in head
        assert head.endswith(b"\r\n\r\n[]")
        assert len(names(head)) == len(set(names(head)))

    @pytest.mark.parametrize(("method", "length"), [("GET", False), ("POST", True)])
    def test_without_a_body(self, perform: Perform, method: str, length: bool) -> None:
        """Only a method that has a body says that it is empty."""
        requests: list[bytes] = []

        def script(sock: socket.socket) -> None:
            requests.append(read_head(sock))
            sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        with far_end(script) as url:
            answer = perform(HttpRequest(method, url))
        assert isinstance(answer, HttpResponse)
        assert (answer.status, answer.body) == (204, b"")
        assert (b"\r\nContent-Length: 0\r\n" in requests[0]) is length

    def test_body_over_the_limit(self, perform: Perform) -> None:
        """It is cut; the rest is not read."""
        body = bytes(range(256)) * (2 * LIMIT // 256)
        with far_end(saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)) as url:
            answer = perform(post(url))
        assert isinstance(answer, HttpResponse)
        assert answer.body == body[:LIMIT]

    def test_body_as_long_as_the_limit(self, perform: Perform) -> None:
        """It is whole."""
        with far_end(saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LIMIT, bytes(LIMIT))) as url:
            answer = perform(post(url))
        assert isinstance(answer, HttpResponse)
        assert answer.body == bytes(LIMIT)

    def test_redirect_is_not_followed(self, perform: Perform) -> None:
        """The key is meant for one host: a redirect is an answer like others, and its cookie goes nowhere."""
        elsewhere: list[bytes] = []
        with far_end(lambda sock: elsewhere.append(read_head(sock))) as other:
            location = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}/\r\nSet-Cookie: a=b\r\n".encode()
            with far_end(saying(location, b"Content-Length: 0\r\n\r\n")) as url:
                answer = perform(post(url))
        assert isinstance(answer, HttpResponse)
        assert (answer.status, answer.headers["location"]) == (307, f"{other}/")
        assert elsewhere == []

    def test_tls(self, perform: Perform, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
        """``https`` is TLS, with the authorities that the environment names."""
        with authority.cert_pem.tempfile() as file, far_end(saying(OK), server_tls(authority)) as url:
            monkeypatch.setenv("SSL_CERT_FILE", file)
            answer = perform(post(url))
        assert isinstance(answer, HttpResponse)
        assert answer.body == b"{}"

    def test_proxy(self, perform: Perform, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proxy is asked for a tunnel, and does not see the key."""
        asked: list[bytes] = []

        def proxy(sock: socket.socket) -> None:
            asked.append(read_head(sock))
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            saying(OK)(sock)

        with far_end(proxy) as url:
            monkeypatch.setenv("http_proxy", url)
            answer = perform(post("http://vendor.invalid/v2/live"))
        assert isinstance(answer, HttpResponse)
        assert answer.body == b"{}"
        assert asked[0].startswith(b"CONNECT vendor.invalid:80 HTTP/1.1\r\n")
        assert KEY.encode() not in asked[0]


class TestLost:
    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        ],
        ids=["length", "length-nothing", "chunk", "chunks"],
    )
    def test_body_breaks_off(self, perform: Perform, answer: bytes) -> None:
        """Half an answer is none."""
        with far_end(saying(answer)) as url:
            assert perform(post(url)) == Lost("reset", "the answer broke off")

    def test_hangs_up(self, perform: Perform) -> None:
        """Nothing is asked a second time."""
        asked: list[bytes] = []
        with far_end(lambda sock: asked.append(heard(sock))) as url:
            assert perform(post(url)) == Lost("reset", "the other end hung up before it answered")
        assert len(asked) == 1

    def test_does_not_speak_http(self, perform: Perform) -> None:
        """What it says instead is not repeated."""
        with far_end(saying(b"220 mail.example ESMTP\r\n")) as url:
            lost = perform(post(url))
        assert isinstance(lost, Lost)
        assert lost.cause == "reset"
        assert "does not speak HTTP" in lost.detail
        assert "ESMTP" not in lost.detail

    @pytest.mark.parametrize(
        "midway", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"]
    )
    def test_silent(self, perform: Perform, midway: bytes) -> None:
        """Who says nothing more is given up, wherever it stopped."""

        def script(sock: socket.socket) -> None:
            saying(midway)(sock)
            wait_for_hang_up(sock)

        with far_end(script) as url:
            lost = perform(post(url), 0.2)
        assert isinstance(lost, Lost)
        assert lost.cause == "timeout"

    def test_slow(self, perform: Perform) -> None:
        """The time is for the whole answer, not for each piece of it."""

        def script(sock: socket.socket) -> None:
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")(sock)
            while not select.select([sock], [], [], 0.02)[0]:
                sock.sendall(b"x")

        with far_end(script) as url:
            lost = perform(post(url), 0.3)
        assert isinstance(lost, Lost)
        assert lost.cause == "timeout"

    def test_takes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sending is part of that time."""
        monkeypatch.setattr(patience, "STALL", 600.0)
        ended = threading.Event()

        def script(_: socket.socket) -> None:
            ended.wait(60)

        with far_end(script) as url:
            lost = blocking(HttpRequest("POST", url, {}, bytes(64 << 20)), 0.3)
            ended.set()
        assert isinstance(lost, Lost)
        assert lost.cause == "timeout"

    def test_nobody_there(self, perform: Perform) -> None:
        """A port where nobody listens, and a host without an address."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        refused, unknown = perform(post(f"http://127.0.0.1:{port}")), perform(post("http://vendor.invalid"))
        assert isinstance(refused, Lost)
        assert isinstance(unknown, Lost)
        assert (refused.cause, unknown.cause) == ("refused", "dns")

    @pytest.mark.parametrize("host", ["a b", "a..b", "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 70])
    def test_no_name_of_a_host(self, host: str) -> None:
        """A name that cannot be one is not found, as any other."""
        lost = blocking(post(f"http://{host}/v2/live"))
        assert isinstance(lost, Lost)
        assert lost.cause == "dns"

    def test_unknown_authority(self, perform: Perform, authority: trustme.CA) -> None:
        """A certificate that is refused is told as such."""
        with far_end(saying(OK), server_tls(authority)) as url:
            lost = perform(post(url))
        assert isinstance(lost, Lost)
        assert lost.cause == "tls"
        assert "the certificate of localhost is refused" in lost.detail


class TestSecrets:
    @pytest.mark.parametrize(
        "value",
        ["{}\r\nX-Evil: 1", "{}\r\n folded", "{}\n\tfolded", "{}\rX-Evil: 1", "{}\0", "{}\N{HORIZONTAL ELLIPSIS}"],
    )
    def test_no_header_is_smuggled_in(self, perform: Perform, value: str) -> None:
        """A header that would be two, or that cannot be sent, is an error that does not quote it; nobody is dialled."""
        asked: list[socket.socket] = []
        with far_end(asked.append) as url:
            for headers in ({"X-Key": value.format(KEY)}, {value.format(KEY): "1"}):
                with pytest.raises(ValueError, match="a header holds a line break") as caught:
                    perform(HttpRequest("POST", url, headers, b"[]"))
                assert KEY not in f"{caught.value!r}"
                assert caught.value.__context__ is None
        assert asked == []

    def test_debugging_prints_no_key(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """``http.client`` prints whole requests for an application that asks it to; not ours."""
        monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
        with far_end(saying(OK)) as url:
            assert isinstance(blocking(post(url)), HttpResponse)
        assert KEY not in capsys.readouterr().out


class TestStopped:
    def test_drop(self) -> None:
        """Another thread ends a request that hangs; it is over long before its time."""
        asked, seen = threading.Event(), Heard()

        def script(sock: socket.socket) -> None:
            heard(sock)
            asked.set()
            wait_for_hang_up(sock)

        with far_end(script) as url:
            connection = Http(seen, 1.0, post(url), 600.0, LIMIT)
            connection.start()
            assert asked.wait(10)
            connection.drop()
            connection.thread.join(10)
            assert seen.over
        assert not seen.errors
        assert not any(isinstance(frame, HttpResponse) for frame in seen.frames)

    def test_close_frame(self) -> None:
        """A session that gives up asks to close, which ends the request."""
        seen = Heard()
        with far_end(wait_for_hang_up) as url:
            connection = Http(seen, 1.0, post(url), 600.0, LIMIT)
            connection.start()
            connection.perform(Close())
            connection.thread.join(10)
            assert seen.over

    def test_cancelled(self) -> None:
        """In a loop it is a task like others."""

        async def main(url: str, asked: threading.Event) -> None:
            task = asyncio.create_task(aio_socket.ask(post(url), 600.0))
            assert await asyncio.to_thread(asked.wait, 10)
            task.cancel()
            async with asyncio.timeout(10):
                with pytest.raises(asyncio.CancelledError):
                    await task

        asked = threading.Event()

        def script(sock: socket.socket) -> None:
            heard(sock)
            asked.set()
            wait_for_hang_up(sock)

        with far_end(script) as url:
            asyncio.run(main(url, asked))


class TestRecorded:
    @pytest.mark.parametrize("recorder", STEPS)
    @pytest.mark.parametrize("secure", [False, True])
    def test_played_by_both(
        self, recorder: str, secure: bool, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What one driver recorded both play, with the far end gone."""
        tape = {"path": str(tmp_path / "tape.yaml"), "filter_headers": ["x-key"]}
        tls = server_tls(authority) if secure else None
        with authority.cert_pem.tempfile() as file:
            monkeypatch.setenv("SSL_CERT_FILE", file)
            with far_end(saying(OK), tls) as url, vcr.use_cassette(**tape, record_mode="once"):
                recorded = STEPS[recorder](post(url))
            assert isinstance(recorded, HttpResponse)
            assert recorded.body == b"{}"
            for play in STEPS.values():
                with vcr.use_cassette(**tape, record_mode="none"):
                    assert play(post(url)) == recorded
        assert KEY not in (tmp_path / "tape.yaml").read_text()

    @pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"])
    def test_failure_while_recording(self, perform: Perform, tmp_path: Path, answer: bytes) -> None:
        """It is told as without a tape, and nothing is kept."""
        tape = tmp_path / "tape.yaml"
        with far_end(saying(answer)) as url, vcr.use_cassette(str(tape), record_mode="once"):
            lost = perform(post(url))
        assert isinstance(lost, Lost)
        assert lost.cause == "reset"
        assert not tape.exists()

    def test_websocket_beside_a_tape(self, tmp_path: Path) -> None:
        """A websocket to this machine is none of the tape's business, where that is asked for."""

        async def greeting(url: str) -> object:
            end = await aio_socket.open_socket(Connect(url), LIMIT, 5.0, 1.0)
            assert isinstance(end, aio_socket.SocketEnd)
            await end.release()
            return end.greeting

        with vendor(quiet) as server, vcr.use_cassette(str(tmp_path / "tape.yaml"), ignore_localhost=True):
            assert isinstance(asyncio.run(greeting(server.url)), Connected)
