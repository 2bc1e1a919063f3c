"""Hosts that are reached and hosts that are not, over real sockets on loopback."""

from __future__ import annotations

import datetime
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest
import trustme
from aai_migrate_providers.assemblyai_v3 import PROVIDER as V3
from aai_migrate_providers.deepgram import PROVIDER as DEEPGRAM
from aai_migrate_providers.gladia import PROVIDER as GLADIA
from aai_migrate_providers.local import PROVIDER as LOCAL

from aai_migrate.config import Config, configure
from aai_migrate.doctor.clock import compared
from aai_migrate.doctor.finding import Finding
from aai_migrate.doctor.reach import Contact, contact, reached, target
from aai_migrate.provider import Provider
from tests.drivers.vendor import Raw, raw_server, read_head, wait_for_hang_up


def tls(authority: trustme.CA, name: str = "localhost", not_after: datetime.datetime | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


@contextmanager
def host(script: Raw, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run *script* for each connection; yields a URL as sessions have it."""
    with raw_server(script, context) as url:
        port = url.rpartition(":")[2]
        yield f"wss://localhost:{port}" if context else f"ws://127.0.0.1:{port}"


def answering(heads: list[bytes], ahead: float = 0.0) -> Raw:
    """A host that answers 404 by a clock that is *ahead* seconds ahead, and notes what it was asked."""

    def script(sock: socket.socket) -> None:
        heads.append(read_head(sock))
        date = formatdate(time.time() + ahead, usegmt=True)
        sock.sendall(f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 5\r\n\r\n".encode())
        wait_for_hang_up(sock)

    return script


def told(url: str, seconds: float = 5.0) -> Finding:
    return reached("acme", contact(url, seconds))


def test_reached(authority: trustme.CA) -> None:
    """By TLS; the host is asked for nothing, and no header is sent that could carry a key."""
    heads: list[bytes] = []
    with host(answering(heads), tls(authority)) as url:
        there = contact(url, 5.0)
        finding = reached("acme", there)
    place = url.removeprefix("wss://")
    assert finding == Finding("network", f"acme at {place}", "ok", "reached, certificate valid")
    (head,) = heads
    assert head == f"HEAD / HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode()
    assert compared(there).state == "ok"


@pytest.mark.parametrize(("ahead", "way"), [(300.0, "behind"), (-300.0, "ahead")])
def test_a_date_that_is_wrong(authority: trustme.CA, ahead: float, way: str) -> None:
    """The host is reached, and its clock says something else."""
    with host(answering([], ahead), tls(authority)) as url:
        there = contact(url, 5.0)
    finding = compared(there)
    assert (reached("acme", there).state, finding.state) == ("ok", "warning")
    words = finding.found.split()
    assert words[:3] == ["this", "machine", "is"]
    assert abs(int(words[3]) - 300) <= 5
    assert words[4:6] == ["s", f"{way}:"]


def test_without_tls() -> None:
    """Fine on this machine, for a server of one's own; elsewhere keys can be read on the way."""
    with host(answering([])) as url:
        finding = told(url)
    assert (finding.state, finding.found) == ("ok", "reached, without TLS")
    finding = reached("acme", Contact("stt.example", 80, secure=False))
    assert (finding.state, finding.fix) == ("warning", "let base_url begin with wss://")


def test_an_expired_certificate(authority: trustme.CA) -> None:
    """It may be the clock here that is wrong."""
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with host(wait_for_hang_up, tls(authority, not_after=past)) as url:
        finding = told(url)
    assert (finding.state, finding.found) == (
        "failed",
        "tls: the certificate of localhost is refused: certificate has expired",
    )
    assert finding.fix.startswith("check this machine's date and time")


def test_an_authority_that_is_not_known(authority: trustme.CA) -> None:
    """As behind a firewall that takes TLS apart."""
    with host(wait_for_hang_up, tls(trustme.CA())) as url:
        finding = told(url)
    assert finding.found.startswith("tls: the certificate of localhost is refused: ")
    assert finding.fix == "if your network has its own authority, let SSL_CERT_FILE name its certificate"


def test_a_certificate_of_another_name(authority: trustme.CA) -> None:
    """It is not the host that was meant."""
    with host(wait_for_hang_up, tls(authority, "example.org")) as url:
        finding = told(url)
    assert "not valid for 'localhost'" in finding.found
    assert finding.fix == "ask who runs the host, or what stands between"


def test_a_dead_port() -> None:
    """Nobody listens there: bound, but closed to others."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        finding = told(f"ws://127.0.0.1:{sock.getsockname()[1]}")
    assert (finding.state, finding.found.partition(":")[0]) == ("failed", "refused")
    assert finding.fix.startswith("check the port in base_url")


def test_a_name_that_is_not_found() -> None:
    """RFC 6761 keeps .invalid free."""
    finding = told("wss://nobody.invalid")
    assert (finding.subject, finding.state) == ("acme at nobody.invalid:443", "failed")
    assert finding.found.startswith("dns: nobody.invalid: ")
    assert finding.fix.startswith("check base_url and region, and the name server")


def test_no_tls_in_time(authority: trustme.CA) -> None:
    """A host that takes the connection and says nothing."""
    with host(wait_for_hang_up) as url:
        finding = told(url.replace("ws://127.0.0.1", "wss://localhost"), 0.3)
    assert (finding.state, finding.found) == ("failed", "timeout: no TLS with localhost in time")


def test_no_answer(authority: trustme.CA) -> None:
    """TLS is fine, but whoever it is does not speak HTTP, or nothing at all."""

    def chatter(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"220 mail.example ESMTP\r\n")

    with host(chatter, tls(authority)) as url:
        finding = told(url)
    assert (finding.state, finding.fix) == ("warning", "check that base_url names a server of this protocol")
    assert finding.found.startswith("reached, certificate valid, but it does not answer: what answered does not speak")
    with host(wait_for_hang_up, tls(authority)) as url:
        finding = told(url, 0.5)
    assert (finding.state, finding.found) == (
        "warning",
        "reached, certificate valid, but it does not answer: no answer in time",
    )


class TestProxy:
    def test_through(self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is asked for a tunnel, with its password, and named without it."""
        heads: list[bytes] = []
        context = tls(authority, "far.invalid")

        def tunnel(sock: socket.socket) -> None:
            heads.append(read_head(sock))
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with context.wrap_socket(sock, server_side=True) as secure:
                answering(heads)(secure)

        with raw_server(tunnel) as proxy:
            at = proxy.removeprefix("ws://")
            monkeypatch.setenv("https_proxy", f"http://me:canary@{at}")
            finding = told("wss://far.invalid")
        assert (finding.state, finding.found) == ("ok", f"reached, certificate valid, through the proxy {at}")
        assert [head.partition(b"\r\n")[0] for head in heads] == [
            b"CONNECT far.invalid:443 HTTP/1.1",
            b"HEAD / HTTP/1.1",
        ]

    def test_refusal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The proxy wants another password."""

        def refuse(sock: socket.socket) -> None:
            read_head(sock)
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        with raw_server(refuse) as proxy:
            monkeypatch.setenv("https_proxy", proxy.replace("ws://", "http://me:canary@"))
            finding = told("wss://far.invalid")
        assert finding.found == f"proxy: {proxy.removeprefix('ws://')} answered 407 Proxy Authentication Required"
        assert finding.fix == "check https_proxy and its password, or name the host in no_proxy"

    def test_a_name_that_it_cannot_be_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A request has no signs for it."""
        with raw_server(wait_for_hang_up) as proxy:
            monkeypatch.setenv("https_proxy", proxy.replace("ws://", "http://"))
            finding = told("wss://пример.example")
        assert (finding.state, finding.fix) == ("failed", "write it in its xn-- form")

    def test_one_that_cannot_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is not gone around in silence."""
        monkeypatch.setenv("https_proxy", "socks5://proxy:1080")
        finding = told("wss://far.invalid")
        assert (finding.subject, finding.state) == ("acme at far.invalid:443", "failed")
        assert finding.found == "proxy: a proxy of kind socks5:// is not supported"
        assert finding.fix == "name one as http://HOST:PORT"


@pytest.mark.parametrize(
    ("provider", "options", "url"),
    [
        (DEEPGRAM, {}, "wss://api.deepgram.com"),
        (V3, {"region": "eu"}, "wss://streaming.eu.assemblyai.com"),
        (GLADIA, {"region": "us"}, "https://api.gladia.io"),
        (V3, {"base_url": "ws://127.0.0.1:8080/path"}, "ws://127.0.0.1:8080"),
        (GLADIA, {"base_url": "ws://127.0.0.1:8080", "diarization": True}, "http://127.0.0.1:8080"),
        (GLADIA, {"base_url": "ws://127.0.0.1:8080", "extra": {"gladia": {"model": 3}}}, "http://127.0.0.1:8080"),
        (LOCAL, {}, None),
        (LOCAL, {"model": "none"}, None),
    ],
)
def test_target(provider: Provider, options: dict[str, object], url: str | None) -> None:
    """The provider's own host, by region and base URL, whatever else is wrong with the settings."""
    assert target(provider, configure(options)) == url


def test_target_of_a_provider_without_network() -> None:
    """The embedded recogniser is at the other end of a pipe."""
    assert target(LOCAL, Config()) is None
