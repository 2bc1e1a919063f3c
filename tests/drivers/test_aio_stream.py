"""What only a program with an event loop does to a stream: cancel it anywhere, forget it, hand it what is async."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate import (
    AsyncStream,
    Begin,
    ConfigError,
    MissingExtra,
    Reconnected,
    Reconnecting,
    StreamClosed,
    Termination,
    Turn,
)
from aai_migrate.audio import AudioFormat
from aai_migrate.drivers import aio_credential
from aai_migrate.provider import Pace

from .test_aio import check
from .test_faults import Place, numbers, worker_provider
from .test_sync import ended
from .vendor import (
    BEGIN,
    KEY,
    SECOND,
    Connection,
    hear,
    ordinary,
    quiet,
    raw_server,
    shake_hands,
    turn,
    until_terminate,
    vendor,
    wait_for_hang_up,
)

pytestmark = pytest.mark.usefixtures("nothing_left")
SLOW: dict[str, Any] = {"pace": Pace(4.0, 0.0)}
"""Numbers with which a second of audio takes a quarter of one, so that what comes behind it waits."""


def aconnect(url: str, provider: str = "assemblyai-v3", **options: Any) -> Coroutine[Any, Any, AsyncStream]:
    short = {"connect_timeout": 5.0, "drain_timeout": 3.0, "close_timeout": 0.5, "api_key": KEY}
    if "token" in options:
        del short["api_key"]
    return aai_migrate.aconnect(provider, base_url=url, **{**short, **options})


async def everything(stream: AsyncStream) -> list[Any]:
    return [event async for event in stream]


async def collect(source: AsyncIterator[Any], into: list[Any]) -> None:
    """Keep what came, also when it ends in an exception."""
    async for event in source:
        into.append(event)


class TestOpening:
    def test_awaited_or_entered(self) -> None:
        """Both give the stream; a task can be made of it too."""

        async def main() -> None:
            with vendor(quiet) as server:
                async with aai_migrate.aconnect("assemblyai-v3", api_key=KEY, base_url=server.url) as entered:
                    assert isinstance(await anext(entered), Begin)
                awaited = await aai_migrate.aconnect("assemblyai-v3", api_key=KEY, base_url=server.url)
                await awaited.close()
                task = await asyncio.create_task(aconnect(server.url))
                await task.close()
            assert entered.termination
            assert entered.termination.complete
            assert awaited.session_id == task.session_id == "6a0c2f0e-94a5-4c61-9a55-0f6f1f6c2d11"

        check(main)

    @pytest.mark.parametrize("steps", range(0, 40, 3))
    def test_cancelled_while_it_opens(self, steps: int) -> None:
        """Wherever it is by then: nothing is left."""

        async def main() -> None:
            with vendor(quiet) as server:
                task = asyncio.ensure_future(aconnect(server.url))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await (await task).close()

        check(main)

    def test_without_aiohttp(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only networking needs it, and says what to install."""
        monkeypatch.delattr("aai_migrate.drivers.aio_socket", raising=False)
        monkeypatch.setitem(sys.modules, "aai_migrate.drivers.aio_socket", None)

        async def main() -> None:
            with pytest.raises(MissingExtra, match=r"asyncio networking .* 'aai_migrate\[async\]'"):
                await aconnect("ws://127.0.0.1:1")

        check(main)

    def test_a_provider_without_network_needs_no_package(self) -> None:
        """Where aiohttp cannot be imported at all, an in-process provider works."""
        code = (
            "import sys; sys.modules['aiohttp'] = None\n"
            "import asyncio, aai_migrate\n"
            "async def main():\n"
            "    async with aai_migrate.aconnect('coded') as stream:\n"
            "        async for event in stream.transcribe(bytes(32_000)): print(type(event).__name__)\n"
            "asyncio.run(main())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["Begin", "Termination"]

    def test_a_password_file_is_not_for_us(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """What .netrc holds for the host goes nowhere, and our key goes where it should."""
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

        async def main() -> None:
            with vendor(quiet) as server:
                async with aai_migrate.aconnect("assemblyai-v3", api_key=KEY, base_url=server.url):
                    pass
            request = server.connections[0].request
            assert request
            assert request.headers.get_all("Authorization") == [KEY]

        check(main)


class TestCredentials:
    def test_a_plain_callable_holds_nothing_up(self) -> None:
        """The loop goes on while it works, at the first connection and at the next."""
        gates = [threading.Event(), threading.Event()]
        waiting = iter(gates)
        loop_went_on: list[bool] = []

        def token() -> str:
            loop_went_on.append(next(waiting).wait(10))
            return f"token-{len(loop_went_on)}"

        def cut(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1011)

        async def main() -> None:
            with vendor(cut, ordinary) as server:
                opening = asyncio.ensure_future(aconnect(server.url, token=token))
                await asyncio.sleep(0)
                gates[0].set()
                async with await opening as stream:
                    async for event in stream.transcribe([SECOND]):
                        if isinstance(event, Reconnecting):
                            gates[1].set()
            requests = [connection.request for connection in server.connections]
            assert [request.headers["Authorization"] for request in requests if request] == ["token-1", "token-2"]

        check(main)
        assert loop_went_on == [True, True]

    def test_async_callables_of_every_kind(self) -> None:
        """A function, one with arguments bound, an object, and a plain function that returns what is awaitable."""

        async def token(name: str = "plain") -> str:
            await asyncio.sleep(0)
            return name

        class Source:
            async def __call__(self) -> str:
                return await token("object")

        async def main() -> None:
            callables = [token, partial(token, "bound"), Source(), lambda: token("returned")]
            with vendor(quiet) as server:
                for call in callables:
                    await (await aconnect(server.url, token=call)).close()
            requests = [connection.request for connection in server.connections]
            sent = [request.headers["Authorization"] for request in requests if request]
            assert sent == ["plain", "bound", "object", "returned"]

        check(main)

    def test_one_that_never_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is waited for, though not for ever, and let go."""
        monkeypatch.setattr(aio_credential, "PATIENCE", 0.1)
        freed = threading.Event()

        async def main() -> None:
            async def never() -> str:
                await asyncio.get_running_loop().create_future()
                return ""

            for callable_ in (never, lambda: freed.wait(10)):
                with pytest.raises(ConfigError, match=r"^the callable given as token gave none within 0\.1 s$"):
                    await aconnect("ws://127.0.0.1:1", token=callable_)
            freed.set()
            while any(thread.name == "aai_migrate credential" for thread in threading.enumerate()):
                await asyncio.sleep(0)

        check(main)


class TestCancelling:
    def test_a_cancelled_send_has_fed_nothing(self) -> None:
        """Who sends the chunk again doubles nothing; a long chunk is no different."""
        chunks = [bytes([number]) * size for number, size in enumerate([32_000, 16_000, 64_000, 3200], 1)]
        cancelled: list[int] = []

        async def main() -> None:
            with numbers(**SLOW) as name, vendor(quiet) as server:
                async with await aconnect(server.url, name, backlog=0.1) as stream:
                    for number, chunk in enumerate(chunks):
                        while True:
                            try:
                                async with asyncio.timeout(0.01):
                                    await stream.send(chunk)
                                break
                            except TimeoutError:
                                cancelled.append(number)
            assert server.connections[0].audio == b"".join(chunks)

        check(main)
        assert set(cancelled) == {1, 2, 3}

    def test_cancelled_iteration_loses_no_event(self) -> None:
        """A wait that is given up again and again takes nothing with it."""

        def trickle(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            for order in range(50):
                connection.send(turn(order, f"w{order}", end=True))
            until_terminate(connection)

        async def main() -> None:
            given_up = 0
            with vendor(trickle) as server:
                async with await aconnect(server.url) as stream:
                    events: list[Any] = []
                    transcription = stream.transcribe([SECOND])
                    while not (events and isinstance(events[-1], Termination)):
                        step = asyncio.ensure_future(anext(transcription))
                        await asyncio.sleep(0)
                        step.cancel()
                        try:
                            events.append(await step)
                        except asyncio.CancelledError:
                            given_up += 1
            assert ended(events) == [f"w{order}" for order in range(50)]
            assert given_up

        check(main)

    @pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233])
    def test_a_cancelled_session_leaves_nothing(self, steps: int) -> None:
        """Wherever it is by then, and whatever it is fed."""
        closed: list[str] = []

        def endless() -> Iterator[bytes]:
            try:
                while True:
                    yield SECOND[:3200]
            finally:
                closed.append("plain")

        async def endless_async() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield SECOND[:3200]
            finally:
                closed.append("async")

        async def session(url: str, source: Any, started: asyncio.Event) -> None:
            async with aai_migrate.aconnect("assemblyai-v3", api_key=KEY, base_url=url, backlog=0.2) as stream:
                started.set()
                await stream.run(source)

        async def main() -> None:
            with vendor(ordinary) as server:
                for source in (endless(), endless_async()):
                    started = asyncio.Event()
                    task = asyncio.create_task(session(server.url, source, started))
                    await started.wait()
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task

        check(main)
        gc.collect()
        assert set(closed) <= {"plain", "async"}
        assert len(closed) == len(set(closed))

    def test_a_cancelled_close_says_no_goodbye(self) -> None:
        """The far end would take half a minute; who cannot wait is not made to, and nothing is left."""

        def mute(sock: socket.socket) -> None:
            shake_hands(sock)
            wait_for_hang_up(sock)

        async def main() -> None:
            with raw_server(mute) as url:
                stream = await aconnect(url, close_timeout=30.0)
                closing = asyncio.ensure_future(stream.close())
                await asyncio.sleep(0)
                closing.cancel()
                async with asyncio.timeout(10):
                    with pytest.raises(asyncio.CancelledError):
                        await closing
                    assert asyncio.all_tasks() == {asyncio.current_task()}
                    await stream.close()
            assert stream.termination
            assert stream.termination.reason == "closed"

        check(main)

    def test_a_timeout_around_the_whole(self) -> None:
        """The stream is closed, and TimeoutError is what comes out."""
        streams: list[AsyncStream] = []

        async def session(url: str) -> None:
            async with asyncio.timeout(None) as limit, await aconnect(url) as stream:
                streams.append(stream)
                limit.reschedule(0.0)
                await everything(stream)

        async def main() -> None:
            with vendor(quiet) as server, pytest.raises(TimeoutError):
                await session(server.url)
            assert streams[0].termination
            assert streams[0].termination.reason == "closed"

        check(main)

    def test_a_cancelled_finalize_takes_nothing_back(self) -> None:
        """It was asked for; only nobody waits."""

        def force(connection: Connection) -> None:
            connection.send(BEGIN)
            while isinstance(text := connection.recv(), bytes):
                connection.send(turn(0, "w", end=False))
            asked.append(text)
            until_terminate(connection)

        asked: list[Any] = []

        async def main() -> None:
            with vendor(force) as server:
                async with await aconnect(server.url) as stream:
                    await stream.send(SECOND)
                    with pytest.raises(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await stream.finalize(wait=60)

        check(main)
        assert "ForceEndpoint" in asked[0]


class TestForgetting:
    def test_a_stream_that_nobody_holds_hangs_up(self) -> None:
        """Otherwise the vendor bills it until it cuts the session itself."""
        told: list[Any] = []
        over = threading.Event()

        def listen(connection: Connection) -> None:
            connection.send(BEGIN)
            told.append(connection.recv())
            over.set()

        async def main() -> None:
            with vendor(listen) as server:
                stream = await aconnect(server.url)
                assert isinstance(await anext(stream), Begin)
                del stream
                gc.collect()
                while not over.is_set():
                    await asyncio.sleep(0)
                while asyncio.all_tasks() != {asyncio.current_task()}:
                    await asyncio.sleep(0)

        check(main)
        assert "Terminate" in told[0]

    def test_a_program_that_ends_without_closing(self) -> None:
        """The loop's end is the stream's: no socket and no thread is left, and nothing complains."""
        kept: list[Any] = []

        async def main(url: str) -> None:
            stream = await aconnect(url)
            kept.append(stream)
            kept.append(stream.transcribe(iter([SECOND] * 3)))
            await anext(kept[-1])

        with vendor(quiet) as server:
            asyncio.run(main(server.url))
        kept.clear()
        gc.collect()

    def test_breaking_out_of_a_loop_ends_the_feeding(self) -> None:
        """The stream goes on, and nothing of the source is fed any more; an async source is closed."""
        closed: list[bool] = []

        async def endless() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield SECOND[:3200]
            finally:
                closed.append(True)

        async def main() -> None:
            with vendor(ordinary) as server:
                async with await aconnect(server.url, backlog=0.2) as stream:
                    async for event in stream.transcribe(endless()):
                        if isinstance(event, Turn):
                            break
                    fed = stream._engine._session.fed
                    while not closed:
                        await asyncio.sleep(0)
                    assert stream._engine._session.fed == fed
                    with pytest.raises(StreamClosed, match="one source"):
                        stream.transcribe([SECOND])
            assert stream.termination
            assert stream.termination.complete

        check(main)


class Tape:
    """A source whose reads block until it is closed, as a device's do; with *stuck* not even then."""

    def __init__(self, *chunks: bytes, stuck: threading.Event | None = None) -> None:
        self._chunks, self._stuck = iter(chunks), stuck
        self._over = threading.Event()
        self.read = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        self.read.set()
        (self._stuck or self._over).wait(10)
        raise StopIteration

    def close(self) -> None:
        self._over.set()


class TestSources:
    @pytest.mark.parametrize("kind", ["bytes", "list", "generator", "async generator", "file"])
    def test_every_kind(self, kind: str, tmp_path: Path) -> None:
        """The vendor hears the same, whatever it comes from."""
        audio = bytes(range(256)) * 125  # a second

        async def later() -> AsyncIterator[bytes]:
            for start in range(0, len(audio), 3200):
                await asyncio.sleep(0)
                yield audio[start : start + 3200]

        (tmp_path / "a.wav").write_bytes(aai_migrate.audio.wav_bytes(audio, AudioFormat()))
        source: Any = {
            "bytes": audio,
            "list": [audio[:15_000], memoryview(audio)[15_000:]],
            "generator": (audio[start : start + 3200] for start in range(0, len(audio), 3200)),
            "async generator": later(),
            "file": aai_migrate.audio.wav(tmp_path / "a.wav"),
        }[kind]

        async def main() -> None:
            with vendor(ordinary) as server:
                async with await aconnect(server.url) as stream, aclosing(stream.transcribe(source)) as events:
                    assert ended([event async for event in events]) == ["Could you help?"]
            assert server.connections[0].audio == audio

        check(main)

    def test_an_async_source_that_raises(self) -> None:
        """What was fed is heard to its end, then the source's own exception comes."""

        async def broken() -> AsyncIterator[bytes]:
            yield SECOND
            raise LookupError("the line is dead")

        async def main() -> None:
            with vendor(ordinary) as server:
                async with await aconnect(server.url) as stream:
                    events: list[Any] = []
                    with pytest.raises(LookupError, match="line"):
                        await collect(stream.transcribe(broken()), events)
            assert ended(events) == ["Could you help?"]
            assert isinstance(events[-1], Termination)
            assert events[-1].complete

        check(main)

    def test_a_read_that_blocks_is_woken(self) -> None:
        """Closing the stream closes the source, which lets its thread go."""

        async def main() -> None:
            tape = Tape(SECOND)
            with vendor(ordinary) as server:
                stream = await aconnect(server.url, close_timeout=5.0)
                async with aclosing(stream.transcribe(tape)) as events:
                    await anext(events)
                    while not tape.read.is_set():
                        await asyncio.sleep(0)
                    await stream.close()

        check(main)

    def test_a_read_that_nothing_wakes_is_left(self) -> None:
        """Closing waits for it as long as for the vendor."""
        free = threading.Event()

        async def main() -> None:
            tape = Tape(stuck=free)
            with vendor(ordinary) as server:
                stream = await aconnect(server.url, close_timeout=0.1)
                events = stream.transcribe(tape)
                await anext(events)
                while not tape.read.is_set():
                    await asyncio.sleep(0)
                async with asyncio.timeout(5):
                    await stream.close()
            free.set()
            while any(thread.name == "aai_migrate feeder" for thread in threading.enumerate()):
                await asyncio.sleep(0)

        check(main)


class TestRun:
    def test_callbacks_plain_and_async(self) -> None:
        """They are called in order and in the loop, an async one to its end before the next."""
        seen: list[Any] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()

            async def on_event(event: Any) -> None:
                await asyncio.sleep(0)
                seen.append(type(event))

            def on_turn(event: Turn) -> None:
                assert asyncio.get_running_loop() is loop
                seen.append(event.transcript)

            with vendor(ordinary) as server:
                async with await aconnect(server.url) as stream:
                    await stream.run([SECOND], on_turn=on_turn, on_event=on_event)

        check(main)
        assert seen[0] is Begin
        assert seen[-3:] == [Turn, "Could you help?", Termination]

    def test_stopping_from_a_plain_callback(self) -> None:
        """No more is fed, and all of it is heard; awaiting stop is possible and does nothing more."""

        async def main() -> None:
            with vendor(ordinary) as server:
                async with await aconnect(server.url, backlog=0.2) as stream:
                    await stream.run([SECOND] * 100, on_turn=lambda event: stream.stop() and None)
                    await stream.stop()
            assert stream.termination
            assert stream.termination.complete
            assert stream.termination.audio_seconds < 100

        check(main)

    def test_an_error_of_ours_in_a_callback_is_no_failure_of_the_stream(self) -> None:
        """It is raised, not handed to on_error."""
        errors: list[Exception] = []

        async def fail(event: Turn) -> None:
            raise StreamClosed("another stream")

        async def main() -> None:
            with vendor(ordinary) as server:
                stream = await aconnect(server.url)
                with pytest.raises(StreamClosed, match="another"):
                    await stream.run([SECOND] * 100, on_turn=fail, on_error=errors.append)
            assert stream.termination
            assert stream.termination.reason == "closed"

        check(main)
        assert errors == []


def test_a_worker_is_given_back_wherever_it_is_cancelled() -> None:
    """A place on a worker is taken and given back in threads."""

    async def main() -> None:
        for steps in range(0, 30, 2):
            place = Place(BEGIN)
            with worker_provider(lambda place=place: place):  # type: ignore[misc]
                task = asyncio.ensure_future(aai_migrate.aconnect("worker", close_timeout=0.5))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await (await task).close()

    check(main)


def test_reconnected_in_the_same_words_as_ever() -> None:
    """A loss while the reader is away is told when it comes back."""

    def cut(connection: Connection) -> None:
        connection.send(BEGIN)
        hear(connection, 3200)
        connection.close(1011)

    async def main() -> None:
        with vendor(cut, ordinary) as server:
            async with await aconnect(server.url) as stream:
                await stream.send(SECOND)
                stream.stop()
                while stream.termination is None:
                    await asyncio.sleep(0.01)
                kinds = [type(event) for event in await everything(stream)]
        assert kinds[0] is Begin
        assert kinds.index(Reconnecting) < kinds.index(Reconnected) < kinds.index(Termination)

    check(main)
