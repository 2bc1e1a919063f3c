"""The asyncio driver performs frames and feeds back what came of them; every far end here is scripted."""

from __future__ import annotations

import asyncio
import queue
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from attrs import evolve

import aai_migrate
from aai_migrate import Turn
from aai_migrate.config import Config
from aai_migrate.drivers import patience
from aai_migrate.drivers.aio import AsyncSession
from aai_migrate.errors import ConfigError, ConnectionLost, QuotaExceeded, StreamClosed
from aai_migrate.provider import Context, Provider, Worker
from aai_migrate.session import Limits, RetryPolicy, Session
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Audio, Command, Start, Stop
from aai_migrate.wire.events import Event, Failed, Started, Stopped, Unmapped
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Refused,
)

from .vendor import ordinary, vendor

START = Start(Config())


class Script:
    """A client half that opens with one frame and shows all it hears as events."""

    resumable = False
    deadline = None

    def __init__(self, first: Frame, then: Callable[[Frame], list[Frame | Event]]) -> None:
        self._first, self._then = first, then

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Put audio and Stop into messages."""
        match item:
            case Start():
                return [self._first]
            case Audio(data):
                return [Message(data)]
            case Stop():
                return [Message("stop")]
        return []

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Event]:
        """Show *frame*, then do what the script says."""
        return [Unmapped(frame), *self._then(frame)]

    def tick(self, now: float, /) -> list[Frame | Event]:
        """Do nothing."""
        return []


def once_connected(*items: Frame | Event) -> Callable[[Frame], list[Frame | Event]]:
    """Answer Connected with *items*, and an end with Failed."""

    def then(frame: Frame) -> list[Frame | Event]:
        if isinstance(frame, Connected):
            return [Started(), *items]
        if isinstance(frame, (Close, Lost, Refused)):
            return [Failed(ConnectionLost("script", "over", retryable=False))]
        return []

    return then


class Run:
    """A session at work, with the events it gave."""

    def __init__(
        self,
        first: Frame,
        then: Callable[[Frame], list[Frame | Event]] | None = None,
        worker: Callable[[], Worker] | None = None,
        **numbers: Any,
    ) -> None:
        script = then or once_connected()
        provider: Provider = evolve(
            CODED,
            client=lambda context: Script(first, script),
            open_worker=worker,
            numbers=evolve(CODED.numbers, **numbers),
        )
        session = Session(
            provider,
            Context(new_id=lambda: "id"),
            limits=Limits(close_timeout=1.0),
            retry=RetryPolicy(at_start=1),
        )
        self.events: list[Any] = []
        self._changed = asyncio.Event()
        self.session = AsyncSession(session, self._note)
        self.session.send(START)

    def _note(self, events: list[Any]) -> None:
        self.events += events
        self._changed.set()

    @property
    def frames(self) -> list[Frame]:
        """What the client half was fed."""
        return [event.raw for event in self.events if isinstance(event, Unmapped)]

    async def frame(self, kind: type[Any]) -> Any:
        """Wait for a frame of *kind*."""
        return await self._first(kind, lambda: self.frames)

    async def event(self, kind: type[Any]) -> Any:
        """Wait for an event of *kind*."""
        return await self._first(kind, lambda: self.events)

    async def _first(self, kind: type[Any], found: Callable[[], list[Any]]) -> Any:
        async with asyncio.timeout(10):
            while not any(isinstance(item, kind) for item in found()):
                self._changed.clear()
                await self._changed.wait()
        return next(item for item in found() if isinstance(item, kind))


def check(
    main: Callable[[], Awaitable[None]], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> None:
    """Run *main*; no task and no thread may be left."""
    before = set(threading.enumerate())

    async def run() -> None:
        await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run())
    for thread in set(threading.enumerate()) - before:
        thread.join(2)  # one that has nothing left to do may still be on its way out
    assert set(threading.enumerate()) <= before


def check_left(main: Callable[[], Awaitable[None]]) -> None:
    """Run *main*, which leaves tasks to the end of its loop; no thread may be left."""
    before = set(threading.enumerate())

    async def run() -> None:
        await main()

    asyncio.run(run())
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve *handler* on a free port and yield its address without scheme."""
    app = web.Application()
    app.router.add_route("*", "/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


# Websockets.


def test_a_socket_carries_messages_both_ways_and_closes_in_order() -> None:
    """Text is a text frame, bytes a binary one; headers, sub-protocol and the close come back."""

    async def main() -> None:
        seen: list[Any] = []

        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse(protocols=("two",))
            socket.headers["X-Request-Id"] = "r1"
            await socket.prepare(request)
            seen.append(request.headers["Authorization"])
            await socket.send_str("hello")
            await socket.send_bytes(b"\x00\x01")
            seen.extend([(await socket.receive()).data, (await socket.receive()).data])
            await socket.close(code=4321, message=b"enough")
            return socket

        async with serving(handler) as address:
            first = Connect(f"ws://{address}?q=1", {"Authorization": "key"}, ("one", "two"))
            run = Run(first, once_connected(Message("text"), Message(b"binary")))
            assert await run.frame(Close) == Close(4321, "enough")
            await run.session.close()
        assert seen == ["key", "text", b"binary"]
        connected, *messages, _ = run.frames
        assert isinstance(connected, Connected)
        assert connected.subprotocol == "two"
        assert connected.headers["x-request-id"] == "r1"
        assert messages == [Message("hello"), Message(b"\x00\x01")]
        assert isinstance(run.events[-1], Failed)
        with pytest.raises(StreamClosed):
            run.session.send(Audio(bytes(3200)))

    check(main)


def test_any_number_of_sessions_connect() -> None:
    """A client library's idea of enough connections is none of ours."""

    async def main() -> None:
        many = asyncio.Barrier(121)

        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await many.wait()
            await socket.receive()
            return socket

        async with serving(handler) as address:
            runs = [Run(Connect(f"ws://{address}")) for _ in range(120)]
            async with asyncio.timeout(10):
                await many.wait()
            await asyncio.gather(*(run.session.close() for run in runs))

    check(main)


def test_a_refusal_carries_status_headers_and_body() -> None:
    """The vendor's own words are what helps the user."""

    async def main() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.json_response({"error": "no credit"}, status=402, headers={"X-Error": "yes"})

        async with serving(handler) as address:
            run = Run(Connect(f"ws://{address}"))
            refused = await run.frame(Refused)
            await run.session.close()
        assert refused.status == 402
        assert refused.headers["x-error"] == "yes"
        assert refused.body == b'{"error": "no credit"}'

    check(main)


def test_losses_say_why() -> None:
    """A closed port, a name that is none, a cut, and a message over the limit."""

    async def main() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            if "big" in request.query:
                await socket.send_bytes(bytes(100_000))
                await socket.receive()
            elif request.transport:
                request.transport.abort()
            return socket

        async with serving(handler) as address:
            gone = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            port = gone.sockets[0].getsockname()[1]
            gone.close()
            await gone.wait_closed()
            cases = {
                f"ws://127.0.0.1:{port}/": "refused",
                "ws://name.invalid/": "dns",
                f"ws://{address}": "reset",
                f"ws://{address}?big=1": "too_big",
            }
            for url, cause in cases.items():
                run = Run(Connect(url), frame_limit=50_000)
                assert (await run.frame(Lost)).cause == cause, url
                await run.session.close()

    check(main)


def test_a_pong_is_no_end() -> None:
    """What comes after it is heard."""

    async def main() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            assert (await socket.receive()).data == "go on"  # the pong went out by itself, before
            await socket.send_str("after")
            await socket.receive()
            return socket

        async with serving(handler) as address:
            run = Run(Connect(f"ws://{address}"), once_connected(Ping(b"17"), Message("go on")))
            assert await run.frame(Message) == Message("after")
            await run.session.close()

    check(main)


def test_a_missing_pong_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A far end that is silent after a ping is dead."""
    monkeypatch.setattr(patience, "PONG", 0.05)

    async def main() -> None:
        released = asyncio.Event()

        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse(autoping=False)
            await socket.prepare(request)
            await released.wait()
            return socket

        async with serving(handler) as address:
            run = Run(Connect(f"ws://{address}"), once_connected(Ping()))
            assert (await run.frame(Lost)).cause == "timeout"
            await run.session.close()
            released.set()

    check(main)


def test_close_does_not_wait_for_a_dial() -> None:
    """The far end never answers the handshake; close comes back and leaves nothing."""

    async def main() -> None:
        asked = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            asked.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        run = Run(Connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        await asked.wait()
        async with asyncio.timeout(0.9):
            await run.session.close()
        assert run.frames == []
        assert isinstance(run.events[-1], Stopped)
        await run.session.close()
        server.close()
        await server.wait_closed()
        while asyncio.all_tasks() != {asyncio.current_task()}:
            await asyncio.sleep(0)

    check(main)


def test_an_http_request_is_answered_whatever_the_status() -> None:
    """Gladia's kind: the session begins with a POST."""

    async def main() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = f"{request.method} {await request.text()} {request.headers['X-Key']}"
            return web.Response(status=422, text=body)

        async with serving(handler) as address:
            run = Run(HttpRequest("POST", f"http://{address}", {"X-Key": "k"}, b"{}"), lambda _: [])
            answer = await run.frame(HttpResponse)
            await run.session.close()
        assert (answer.status, answer.body) == (422, b"POST {} k")

    check(main)


# Workers.


class Pipe:
    """A worker in this process: echoes text, and never takes audio while *stuck*."""

    def __init__(self, *, stuck: bool = False) -> None:
        self._messages: queue.SimpleQueue[str | bytes | None] = queue.SimpleQueue()
        self._free = threading.Event()
        if not stuck:
            self._free.set()
        self.closed = False

    def send(self, message: str | bytes) -> None:
        """Echo; wait while stuck."""
        self._free.wait()
        if self.closed:
            raise OSError("closed")
        self._messages.put(message)

    def receive(self) -> str | bytes | None:
        """Wait for the next message."""
        message = self._messages.get()
        if message == "die" or self.closed:
            raise ConnectionResetError("the worker died with code 1")
        return None if message == "end" else message

    def close(self) -> None:
        """Let everybody go."""
        self.closed = True
        self._free.set()
        self._messages.put(None)


def test_a_worker_is_like_any_far_end() -> None:
    """Messages both ways; a good end is a Close, a death a Lost."""

    async def main() -> None:
        for word, kind in (("end", Close), ("die", Lost)):
            pipe = Pipe()
            run = Run(Connect("worker:pipe"), once_connected(Message("one"), Message(word)), [pipe].pop)
            await run.frame(kind)
            assert Message("one") in run.frames
            await run.session.close()
            assert pipe.closed

    check(main)


def test_close_frees_a_stuck_worker() -> None:
    """A send that waits for ever does not keep its thread."""

    async def main() -> None:
        pipe = Pipe(stuck=True)
        run = Run(Connect("worker:pipe"), once_connected(Message(b"audio")), lambda: pipe)
        await run.frame(Connected)
        await run.session.close()
        assert pipe.closed

    check(main)


def test_a_place_that_comes_too_late_is_given_back() -> None:
    """Close does not wait for a slow opener, and the place is not lost."""

    async def main() -> None:
        asked, go, pipe = threading.Event(), threading.Event(), Pipe()

        def slow() -> Worker:
            asked.set()
            go.wait()
            return pipe

        run = Run(Connect("worker:pipe"), worker=slow)
        while not asked.is_set():
            await asyncio.sleep(0)
        closing = asyncio.create_task(run.session.close())
        await asyncio.sleep(0)
        go.set()
        await closing
        assert pipe.closed

    check(main)


def test_a_loop_that_ends_while_a_place_is_taken_gives_it_back() -> None:
    """``asyncio.run`` cancels every task there is, and the place comes after that."""
    asked, go, pipe = threading.Event(), threading.Event(), Pipe()

    def slow() -> Worker:
        asked.set()
        go.wait()
        return pipe

    async def let_go_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            go.set()

    async def main() -> None:
        run = Run(Connect("worker:pipe"), worker=slow)
        waiting = asyncio.create_task(let_go_when_cancelled())
        while not asked.is_set():
            await asyncio.sleep(0)
        assert run.session.crash is None
        assert not waiting.done()

    check_left(main)
    assert pipe.closed


def test_a_loop_that_ends_while_a_stream_closes_gives_its_place_back() -> None:
    """The connection is cancelled by the loop and by who closes it, one right after the other."""
    pipe = Pipe()

    async def main() -> None:
        run = Run(Connect("worker:pipe"), once_connected(), lambda: pipe)
        await run.frame(Connected)
        closing = asyncio.create_task(run.session.close())
        await asyncio.sleep(0)
        assert not closing.done()

    check_left(main)
    assert pipe.closed


def test_a_worker_that_cannot_be_opened_is_a_loss() -> None:
    """The system's words are kept."""

    async def main() -> None:
        def fail() -> Worker:
            raise OSError("no such program")

        run = Run(Connect("worker:pipe"), worker=fail)
        assert (await run.frame(Lost)).detail == "no such program"
        await run.session.close()

    check(main)


def test_what_is_missing_here_ends_the_session() -> None:
    """No vendor said it, and trying again would not help: one Failed, with the text that says what to do."""

    async def main() -> None:
        def fail() -> Worker:
            raise ConfigError("pip install 'x'")

        run = Run(Connect("worker:pipe"), worker=fail)
        failed = await run.event(Failed)
        assert failed.error.reason == "pip install 'x'"
        assert isinstance(run.session.crash, ConfigError)
        await run.session.close()
        assert run.events == [failed]

    check(main)


def test_a_worker_without_a_place_refuses() -> None:
    """What is full answers like a vendor that is: 429 with its words."""

    async def main() -> None:
        def fail() -> Worker:
            raise QuotaExceeded("pipe", "all places are taken (2); wait")

        run = Run(Connect("worker:pipe"), worker=fail)
        assert await run.frame(Refused) == Refused(429, {}, b"all places are taken (2); wait")
        await run.session.close()

    check(main)


# Bugs.


def test_a_bug_in_a_backend_ends_its_session_visibly(caplog: pytest.LogCaptureFixture) -> None:
    """One Failed, no words of the exception in the log, nothing left."""

    async def main() -> None:
        def bug(frame: Frame) -> list[Frame | Event]:
            raise KeyError("what was said")

        run = Run(Connect("worker:pipe"), bug, Pipe)
        while not run.events:
            await asyncio.sleep(0)
        [failed] = run.events
        assert isinstance(failed, Failed)
        with pytest.raises(StreamClosed):
            run.session.send(Stop())
        await run.session.room()
        await run.session.close()
        assert len(run.events) == 1

    check(main)
    assert "KeyError" in caplog.text
    assert "what was said" not in caplog.text


def test_without_aiohttp_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only networking needs it."""
    monkeypatch.delattr("aai_migrate.drivers.aio_socket")
    monkeypatch.setitem(sys.modules, "aai_migrate.drivers.aio_socket", None)

    async def main() -> None:
        run = Run(Connect("ws://127.0.0.1:1/"))
        assert "pip install 'aai_migrate[async]'" in (await run.event(Failed)).error.reason
        await run.session.close()

    check(main)


# Other loops.


@pytest.mark.parametrize("tls", [False, True])
def test_uvloop(tls: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A whole session in the loop that many programs use, plain and over TLS; a blocking source, a worker."""
    uvloop = pytest.importorskip("uvloop")
    context = None
    if tls:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def main() -> None:
        with vendor(ordinary, tls=context) as server:
            url = server.tls_url if tls else server.url
            async with aai_migrate.aconnect("assemblyai-v3", api_key="k" * 32, base_url=url) as stream:
                turns = [event async for event in stream.transcribe(iter([bytes(32_000)])) if isinstance(event, Turn)]
            assert turns[-1].transcript == "Could you help?"
            assert server.connections[0].audio == bytes(32_000)
        pipe = Pipe()
        run = Run(Connect("worker:pipe"), once_connected(Message("end")), lambda: pipe)
        await run.frame(Close)
        await run.session.close()

    check(main, uvloop.new_event_loop)
