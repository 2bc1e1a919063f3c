"""Both drivers against far ends that do wrong: every wait ends, with the right error, and nothing is left."""

from __future__ import annotations

import http
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import trustme
from attrs import evolve
from websockets.http11 import Response

from aai_migrate import (
    AuthenticationError,
    BadRequest,
    Begin,
    ConfigError,
    ConnectionLost,
    MissingExtra,
    ProtocolError,
    QuotaExceeded,
    Reconnected,
    Reconnecting,
    RetryPolicy,
    StreamClosed,
    Termination,
    registry,
)
from aai_migrate.drivers import http as upgrading
from aai_migrate.drivers import patience
from aai_migrate.drivers import socket as locked
from aai_migrate.drivers.route import tls
from aai_migrate.provider import ClientPeer, Context, Numbers, Provider, Worker
from aai_migrate.wire.frames import Connect, Message

from .blocking import Driver, Opener
from .test_sync import authority, ended, server_tls
from .vendor import (
    BEGIN,
    FINAL,
    PARTIAL,
    SECOND,
    Connection,
    frame,
    hear,
    ordinary,
    quiet,
    raw_server,
    read_head,
    shake_hands,
    until_terminate,
    vendor,
    wait_for_hang_up,
)

__all__ = ["authority"]
pytestmark = pytest.mark.usefixtures("nothing_left")
ONCE = RetryPolicy(at_start=1)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


@contextmanager
def numbers(**changes: Any) -> Iterator[str]:
    """AssemblyAI v3 with other numbers, under a name of its own."""
    found = registry.find("assemblyai-v3")
    registry.register(evolve(found, name="changed", numbers=evolve(found.numbers, **changes)))
    try:
        yield "changed"
    finally:
        registry.unregister("changed")


class TestHandshake:
    def test_refused_with_a_reason(self, connect: Opener) -> None:
        """401 is an AuthenticationError with the vendor's words; nothing is tried again."""
        asked: list[object] = []

        def refuse(server: Connection, request: object) -> Response:
            asked.append(request)
            return server.respond(http.HTTPStatus.UNAUTHORIZED, '{"error":"Invalid API key"}')

        with vendor(quiet, process_request=refuse) as server, pytest.raises(AuthenticationError) as caught:
            connect(server.url)
        assert caught.value.status == 401
        assert caught.value.reason == "Invalid API key"
        assert len(asked) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nbusy,\r\n6\r\n sorry\r\n0\r\n\r\n",
            b"Content-Length: 11\r\n\r\nbusy, sorry",
            b"Content-Length: 999\r\n\r\nbusy, sorry",
            b"Connection: close\r\n\r\nbusy, sorry",
        ],
        ids=["chunked", "sized", "cut short", "to the end"],
    )
    def test_refusal_is_read_however_it_is_framed(self, answer: bytes, connect: Opener, driver: Driver) -> None:
        """503 with a body of any kind: ConnectionLost with the vendor's words."""
        if driver.name == "asyncio" and b"Length" not in answer and b"chunked" not in answer:
            pytest.skip("aiohttp reads no body of unknown length where it asked for an upgrade")

        def refuse(sock: socket.socket) -> None:
            read_head(sock)
            sock.sendall(b"HTTP/1.1 503 Service Unavailable\r\nX-Request-Id: 42\r\n" + answer)

        with raw_server(refuse) as url, pytest.raises(ConnectionLost, match="busy, sorry") as caught:
            connect(url, retry=ONCE)
        assert caught.value.status == 503
        assert caught.value.request_id == "42"

    def test_endless_refusal(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A body that never ends, or never comes, costs the status nothing."""
        monkeypatch.setattr(upgrading, "REFUSAL_TIME", 0.2)

        def refuse(sock: socket.socket) -> None:
            read_head(sock)
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nno")
            wait_for_hang_up(sock)

        with raw_server(refuse) as url, within(3), pytest.raises(AuthenticationError, match="no"):
            connect(url)

    def test_redirect_is_not_followed(self, connect: Opener) -> None:
        """The key goes nowhere but where it was meant to go."""
        with vendor(quiet) as elsewhere:

            def redirect(sock: socket.socket) -> None:
                read_head(sock)
                sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())

            with raw_server(redirect) as url, pytest.raises(BadRequest) as caught:
                connect(url, retry=ONCE)
            assert caught.value.status == 302
        assert elsewhere.connections == []

    @pytest.mark.parametrize(
        "answer",
        [
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            b"\x15\x03\x01\x00\x02\x02\x50" * 10,
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
            b"",
        ],
        ids=["ssh", "bytes", "no accept", "nothing"],
    )
    def test_no_websocket(self, answer: bytes, connect: Opener) -> None:
        """Something else answers, or hangs up at once: ConnectionLost."""

        def strange(sock: socket.socket) -> None:
            read_head(sock)
            sock.sendall(answer)

        with raw_server(strange) as url, within(3), pytest.raises(ConnectionLost, match=r"speak|hung up"):
            connect(url, retry=ONCE)

    def test_silence(self, connect: Opener) -> None:
        """A server that takes the connection and says nothing is given up in time."""
        with raw_server(wait_for_hang_up) as url, within(3), pytest.raises(ConnectionLost):
            connect(url, connect_timeout=0.3)

    def test_no_greeting(self, connect: Opener) -> None:
        """An upgrade without Begin is no session."""

        def upgrade_only(connection: Connection) -> None:
            connection.recv()

        with vendor(upgrade_only) as server, within(3), pytest.raises(ConnectionLost, match="no greeting"):
            connect(server.url, connect_timeout=0.3)

    def test_drip(self, connect: Opener) -> None:
        """An answer that comes byte by byte does not stretch the deadline."""
        over = threading.Event()

        def drip(sock: socket.socket) -> None:
            for byte in b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 100:
                over.wait(0.02)
                sock.sendall(bytes([byte]))

        with raw_server(drip) as url, within(3), pytest.raises(ConnectionLost):
            connect(url, connect_timeout=0.3)
        over.set()

    def test_interrupted(self, connect: Opener) -> None:
        """Ctrl-C while connecting cleans up and is Ctrl-C."""

        def interrupt(sock: socket.socket) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            wait_for_hang_up(sock)

        with raw_server(interrupt) as url, within(3), pytest.raises(KeyboardInterrupt):
            connect(url)


class TestReaching:
    def test_nobody_listens(self, connect: Opener) -> None:
        """A closed port is refused, by name and number."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(ConnectionLost, match=f"connection refused: 127.0.0.1:{port}"):
            connect(f"ws://127.0.0.1:{port}", retry=ONCE)

    def test_unknown_host(self, connect: Opener) -> None:
        """A name that cannot be (RFC 6761 keeps .invalid) is not found."""
        with pytest.raises(ConnectionLost, match=r"host name not found: nobody\.invalid"):
            connect("ws://nobody.invalid", retry=ONCE)

    def test_close_while_dialling(self, connect: Opener) -> None:
        """A full queue of connections leaves us dialling; close does not wait for it."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            where = full.getsockname()
            waiting = []
            for _ in range(4):  # fill the queue, which the kernel makes a little longer than asked
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(where)
                waiting.append(sock)
            with within(3), pytest.raises(ConnectionLost):
                connect(f"ws://127.0.0.1:{where[1]}", connect_timeout=0.3)
            for sock in waiting:
                sock.close()

    def test_unknown_authority(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, connect: Opener
    ) -> None:
        """A certificate of an authority we do not know is fatal, and the text says what to do."""
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        with vendor(quiet, tls=server_tls(authority)) as server:
            with pytest.raises(ConnectionLost, match=r"certificate of localhost is refused: .*SSL_CERT_FILE") as caught:
                connect(server.tls_url)
            assert not caught.value.retryable

    def test_certificate_of_another_name(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, connect: Opener
    ) -> None:
        """A good certificate for another host is refused, by name."""
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        context = server_tls(authority, "example.org")
        with vendor(quiet, tls=context) as server, pytest.raises(ConnectionLost, match="not valid for 'localhost'"):
            connect(server.tls_url)

    def test_tls_to_a_plain_port(self, connect: Opener) -> None:
        """wss where only ws is spoken."""

        def complain(sock: socket.socket) -> None:
            sock.recv(100)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            wait_for_hang_up(sock)

        with (
            raw_server(complain) as url,
            pytest.raises(ConnectionLost, match=r"TLS failed: 127\.0\.0\.1: wrong version"),
        ):
            connect(url.replace("ws:", "wss:"))

    def test_tls_that_says_nothing(self, connect: Opener) -> None:
        """A TLS handshake that never goes on is given up in time."""
        with raw_server(wait_for_hang_up) as url, within(3), pytest.raises(ConnectionLost):
            connect(url.replace("ws:", "wss:"), connect_timeout=0.3)


class TestProxy:
    @staticmethod
    def relay(sock: socket.socket, heads: list[bytes]) -> None:
        """A tunnel to the port that CONNECT names, whatever the host."""
        heads.append(read_head(sock))
        port = int(heads[-1].split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as other:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

            def back() -> None:
                while data := other.recv(65_536):
                    sock.sendall(data)

            thread = threading.Thread(target=back)
            thread.start()
            while data := sock.recv(65_536):
                other.sendall(data)
            other.shutdown(socket.SHUT_RDWR)
            thread.join()

    @pytest.mark.parametrize("tls", [False, True])
    def test_tunnel(
        self, tls: bool, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, connect: Opener
    ) -> None:
        """The environment's proxy is asked for a tunnel, with its password; the name is resolved over there."""
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        heads: list[bytes] = []
        context = server_tls(authority, "far.invalid") if tls else None
        with vendor(ordinary, tls=context) as server, raw_server(lambda sock: self.relay(sock, heads)) as proxy:
            at = proxy.removeprefix("ws://")
            monkeypatch.setenv("https_proxy" if tls else "http_proxy", f"http://me:p%40ss@{at}")
            port = server.url.rpartition(":")[2]
            with connect(f"{'wss' if tls else 'ws'}://far.invalid:{port}") as stream:
                assert ended(list(stream.transcribe([SECOND]))) == ["Could you help?"]
        assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in heads[0]

    def test_exception(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """no_proxy is kept."""
        monkeypatch.setenv("http_proxy", "http://nobody.invalid:3128")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with vendor(quiet) as server, connect(server.url) as stream:
            assert isinstance(next(stream), Begin)

    @pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"", b"what?\r\n"])
    def test_refusal(self, answer: bytes, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A proxy that refuses is named; its password is not."""

        def refuse(sock: socket.socket) -> None:
            read_head(sock)
            sock.sendall(answer)

        with raw_server(refuse) as proxy:
            monkeypatch.setenv("http_proxy", proxy.replace("ws://", "http://me:secret@"))
            with pytest.raises(ConnectionLost, match=r"the proxy refused: 127\.0\.0\.1") as caught:
                connect("ws://far.invalid", retry=ONCE)
        assert "secret" not in str(caught.value)

    def test_unsupported_kind(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A SOCKS proxy is not gone around in silence."""
        monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
        with pytest.raises(ConnectionLost, match="socks5:// is not supported"):
            connect("ws://far.invalid", retry=ONCE)

    @pytest.mark.parametrize("value", ["http://me:secret/@proxy:3128", "http://[::1", "http://me:secret@proxy:port"])
    def test_no_address(self, value: str, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """What cannot be read ends no thread, and is not repeated, as it may hold a password."""
        monkeypatch.setenv("http_proxy", value)
        with pytest.raises(ConnectionLost, match="a proxy by what is no address; name one as http://") as caught:
            connect("ws://far.invalid", retry=ONCE)
        assert "secret" not in str(caught.value)


class TestMessages:
    @pytest.mark.parametrize("pieces", [1, 200], ids=["one frame", "fragments"])
    def test_huge_message(self, pieces: int, connect: Opener) -> None:
        """100 MB are refused from their header, before they fill the memory, and nothing tries again."""
        sent: list[int] = []
        size = 100_000_000 // pieces

        def flood(sock: socket.socket) -> None:
            shake_hands(sock)
            for number in range(pieces):
                first = (0x01 if number == 0 else 0x00) | (0x80 if number == pieces - 1 else 0)
                sock.sendall(frame(first, b"", size))
                for _ in range(0, size, 50_000):
                    sock.sendall(b"x" * 50_000)
                    sent.append(50_000)

        with raw_server(flood) as url, connect(url) as stream, pytest.raises(ProtocolError, match="more than 1048576"):
            list(stream.transcribe(endless()))
        assert sum(sent) < 20_000_000  # what fits between the two kernels' buffers

    @pytest.mark.parametrize(
        "nonsense",
        [frame(0x80, b"lost"), frame(0xC1, b"rsv"), frame(0x83, b"op"), frame(0x89, b"x" * 126), b"\x01\x01a\x81\x01b"],
        ids=["continuation", "reserved bit", "opcode", "long ping", "interleaved"],
    )
    def test_broken_frames(self, nonsense: bytes, connect: Opener) -> None:
        """What is no websocket frame loses the connection, and the stream goes on over a new one."""
        number = iter(range(9))

        def break_once(sock: socket.socket) -> None:
            shake_hands(sock)
            if next(number) == 0:
                sock.sendall(nonsense)
            wait_for_hang_up(sock)

        with raw_server(break_once) as url:
            stream = connect(url)
            assert [type(next(stream)) for _ in range(3)] == [Begin, Reconnecting, Reconnected]
            stream.close()

    def test_fragments_and_pings(self, connect: Opener) -> None:
        """A message in fragments, with a ping between, is one message; the ping is answered with its own words."""
        pongs: list[bytes] = []

        def piecewise(sock: socket.socket) -> None:
            shake_hands(sock)
            text = FINAL.encode()
            sock.sendall(frame(0x01, text[:10]) + frame(0x89, b"are you there") + frame(0x00, b""))
            head = sock.recv(2, socket.MSG_WAITALL)
            body = sock.recv(4 + (head[1] & 0x7F), socket.MSG_WAITALL)
            pongs.append(bytes([head[0]]) + bytes(byte ^ body[n % 4] for n, byte in enumerate(body[4:])))
            sock.sendall(frame(0x80, text[10:]))
            wait_for_hang_up(sock)

        with raw_server(piecewise) as url:
            stream = connect(url)
            assert isinstance(next(stream), Begin)
            assert ended([next(stream)]) == ["Could you help?"]
            stream.close()
        assert pongs == [b"\x8aare you there"]

    def test_no_text(self, connect: Opener) -> None:
        """A text message that is no UTF-8 is the vendor's fault, not a crash."""
        number = iter(range(9))

        def scribble(sock: socket.socket) -> None:
            shake_hands(sock)
            if next(number) == 0:
                sock.sendall(frame(0x81, b"\xff\xfe"))
            wait_for_hang_up(sock)

        with raw_server(scribble) as url:
            stream = connect(url)
            assert [type(next(stream)) for _ in range(3)] == [Begin, Reconnecting, Reconnected]
            stream.close()

    def test_reset(self, connect: Opener) -> None:
        """A connection that is reset in mid-turn is replaced, and the audio sent again."""
        number = iter(range(9))

        def reset(sock: socket.socket) -> None:
            if next(number) == 0:
                shake_hands(sock)
                sock.sendall(frame(0x81, PARTIAL.encode()))
                sock.recv(3000)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            shake_hands(sock)
            sock.sendall(frame(0x81, FINAL.encode()))
            wait_for_hang_up(sock)

        with raw_server(reset) as url:
            stream = connect(url)
            stream.send(SECOND)
            events = []
            for event in stream:
                events.append(event)
                if ended(events):
                    break
            stream.close()
        assert [type(event) for event in events if isinstance(event, (Reconnecting, Reconnected))] == [
            Reconnecting,
            Reconnected,
        ]

    def test_ping_without_pong(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A far end that gives no sign of life is lost, though its socket is open."""
        monkeypatch.setattr(patience, "PONG", 0.2)
        monkeypatch.setattr(locked, "PULSE", 0.05)

        def dead(sock: socket.socket) -> None:
            shake_hands(sock)
            wait_for_hang_up(sock)

        with numbers(ping=0.1) as name, raw_server(dead) as url:
            stream = connect(url, name)
            assert isinstance(next(stream), Begin)
            event = next(stream)
            assert isinstance(event, Reconnecting)
            assert "no answer in time" in event.cause
            stream.close()

    def test_pong_keeps_it(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A far end that answers pings is left alone."""
        monkeypatch.setattr(patience, "PONG", 0.2)
        monkeypatch.setattr(locked, "PULSE", 0.05)
        pinged = threading.Semaphore(0)

        def alive(sock: socket.socket) -> None:
            shake_hands(sock)
            while head := sock.recv(2, socket.MSG_WAITALL):
                sock.recv(4 + (head[1] & 0x7F), socket.MSG_WAITALL)
                sock.sendall(frame(0x8A, b""))
                pinged.release()

        with numbers(ping=0.05) as name, raw_server(alive) as url:
            stream = connect(url, name)
            for _ in range(8):
                assert pinged.acquire(timeout=2)
            stream.close()
            assert [type(event) for event in stream] == [Begin, Termination]


def deaf(sock: socket.socket) -> None:
    """Greet, and read nothing more until the other end is gone."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    shake_hands(sock)
    gone = threading.Event()
    while not gone.wait(0.02):
        sock.sendall(frame(0x8A, b""))  # fails when it is


def endless() -> Iterator[bytes]:
    while True:
        yield bytes(96_000)


class TestStalled:
    """The far end reads nothing; sample rate and numbers make what is sent overflow the kernels' buffers."""

    FAST: dict[str, Any] = {"pace": None, "chunk": (0.05, 1.0, 1.0)}  # noqa: RUF012  # not changed

    def test_close(self, connect: Opener) -> None:
        """Closing waits for the close timeout and no longer."""
        with numbers(**self.FAST) as name, raw_server(deaf) as url:
            stream = connect(url, name, sample_rate=48_000, backlog=1.0)
            blocked = threading.Thread(target=self.feed, args=[stream.send])
            blocked.start()
            blocked.join(0.3)
            assert blocked.is_alive()
            with within(2):
                stream.close()
            blocked.join(2)
            assert not blocked.is_alive()

    @staticmethod
    def feed(send: Callable[[bytes], None]) -> None:
        with suppress(StreamClosed):
            for chunk in endless():
                send(chunk)

    def test_stall(self, monkeypatch: pytest.MonkeyPatch, connect: Opener) -> None:
        """A send that makes no progress is a lost connection."""
        monkeypatch.setattr(patience, "STALL", 0.2)
        with numbers(**self.FAST) as name, raw_server(deaf) as url:
            stream = connect(url, name, sample_rate=48_000, backlog=1.0)
            for event in stream.transcribe(endless()):
                if isinstance(event, Reconnecting):
                    assert "takes nothing" in event.cause
                    break
            stream.close()


class Ear:
    """A client half that says hello to a worker and calls what it hears wrong."""

    deadline: float | None = None
    resumable = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._inner = registry.find("assemblyai-v3").client(Context(new_id=lambda: "id"))

    def send(self, item: Any, now: float, /) -> list[Any]:
        out = self._inner.send(item, now)
        return [Connect(self._url) if isinstance(frame, Connect) else frame for frame in out]

    def receive(self, frame: Any, now: float, /) -> list[Any]:
        if frame == Message("crash"):
            raise ZeroDivisionError("a bug in a backend")
        return self._inner.receive(frame, now)

    def tick(self, now: float, /) -> list[Any]:
        return self._inner.tick(now)


class Place:
    """A worker in this process: a script of what it says, then silence until it is closed."""

    def __init__(self, *says: str | bytes | None) -> None:
        self._says = iter(says)
        self._closed = threading.Event()
        self.audio = b""

    def send(self, message: str | bytes) -> None:
        if self._closed.is_set():
            raise OSError("gone")
        if isinstance(message, bytes):
            self.audio += message

    def receive(self) -> str | bytes | None:
        for message in self._says:
            return message
        self._closed.wait(10)
        raise OSError("gone")

    def close(self) -> None:
        self._closed.set()


@contextmanager
def worker_provider(open_worker: Callable[[], Worker] | None, url: str = "worker:test") -> Iterator[None]:
    def client(context: Context) -> ClientPeer:
        return Ear(url)

    found = registry.find("assemblyai-v3")
    quick = Numbers(ping=None, ends_only_with_audio=True)
    registry.register(
        Provider(
            name="worker",
            title="Worker",
            env=None,
            client=client,
            capabilities=found.capabilities,
            numbers=quick,
            open_worker=open_worker,
        )
    )
    try:
        yield
    finally:
        registry.unregister("worker")


class TestWorker:
    def test_session(self, driver: Driver) -> None:
        """Messages go over the pipe as they would over a socket."""
        place = Place(BEGIN, FINAL)
        with worker_provider(lambda: place):
            stream = driver.connect("worker", close_timeout=0.5)
            stream.send(SECOND)
            events = [next(stream), next(stream)]
            stream.close()
        assert ended(events) == ["Could you help?"]

    def test_missing_extra(self, driver: Driver) -> None:
        """An extra that is not installed is said as it is, from connect."""

        def missing() -> Worker:
            raise MissingExtra("the embedded recogniser", "local")

        with worker_provider(missing), pytest.raises(MissingExtra, match="pip install"):
            driver.connect("worker")

    def test_no_place_left(self, driver: Driver) -> None:
        """A worker that is full refuses like a vendor: connect raises at once, with the worker's words."""
        asked = []

        def full() -> Worker:
            asked.append(1)
            raise QuotaExceeded("worker", "all places are taken (2); wait", retryable=True)

        with worker_provider(full), pytest.raises(QuotaExceeded, match=r"all places are taken \(2\); wait"):
            driver.connect("worker")
        assert asked == [1]

    def test_no_worker(self, driver: Driver) -> None:
        """A provider that names a worker and brings none is at fault, and trying again would not help."""
        with worker_provider(None), pytest.raises(ConfigError, match="no worker"):
            driver.connect("worker")

    def test_dead_worker(self, driver: Driver) -> None:
        """A worker that dies is a lost connection, and another is opened."""
        places = iter([Place(BEGIN, None), Place(BEGIN)])
        with worker_provider(lambda: next(places)):
            stream = driver.connect("worker", close_timeout=0.5)
            assert [type(next(stream)) for _ in range(3)] == [Begin, Reconnecting, Reconnected]
            stream.close()

    def test_crash_is_visible(self, driver: Driver) -> None:
        """A bug in a backend ends the stream, and raises as what it is."""
        with worker_provider(lambda: Place(BEGIN, "crash")):
            stream = driver.connect("worker", close_timeout=0.5)
            assert isinstance(next(stream), Begin)
            end = next(stream)
            assert isinstance(end, Termination)
            assert "a bug in a backend" in end.reason
            with pytest.raises(ZeroDivisionError):
                next(stream)
            with pytest.raises(ZeroDivisionError):
                stream.send(SECOND)


def test_header_with_a_line_break() -> None:
    """Nobody smuggles a header in."""
    with raw_server(wait_for_hang_up) as url:
        wire = locked.LockedSocket()
        wire.dial(url, time.monotonic() + 5)
        with pytest.raises(ValueError, match="line break"):
            upgrading.upgrade(wire, Connect(url, {"Authorization": "a\r\nX: y"}))
        wire.close()


def test_tls_context_is_kept() -> None:
    """Reading the authorities takes tens of milliseconds; it is done once for each setting."""
    assert tls() is tls()
    assert tls().verify_mode is ssl.CERT_REQUIRED


def test_vendor_that_only_listens_is_heard_to_the_end(connect: Opener) -> None:
    """What the vendor says before it hangs up is read, though sending to it fails already."""

    def leave(connection: Connection) -> None:
        connection.send(BEGIN)
        hear(connection, 3200)
        connection.send(FINAL)
        connection.close(1008, "Not authorized")

    with vendor(leave, until_terminate) as server:
        stream = connect(server.url)
        events: list[Any] = []
        with pytest.raises(AuthenticationError):
            events.extend(stream.transcribe(endless()))
    assert ended(events) == ["Could you help?"]
