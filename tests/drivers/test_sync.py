"""Both drivers over real sockets: what a whole session does, and how it ends."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from attrs import evolve

import aai_migrate
from aai_migrate import (
    AudioError,
    AuthenticationError,
    Begin,
    ConfigError,
    ConnectionLost,
    Notice,
    ProviderError,
    Reconnected,
    Reconnecting,
    StreamClosed,
    Termination,
    Turn,
)
from aai_migrate.testing.coded import encode, words

from .blocking import Asyncio, Blocking, Driver, Opener
from .vendor import BEGIN, FINAL, KEY, PARTIAL, SECOND, Connection, hear, ordinary, quiet, turn, until_terminate, vendor

pytestmark = pytest.mark.usefixtures("nothing_left")


def ended(events: list[Any]) -> list[str]:
    return [event.transcript for event in events if isinstance(event, Turn) and event.end_of_turn]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


class TestSession:
    def test_whole_session(self, connect: Opener) -> None:
        """Begin comes first, then the turn, then a complete Termination; the audio arrives as it was fed."""
        with vendor(ordinary) as server, connect(server.url) as stream:
            events = list(stream.transcribe([SECOND]))
        assert isinstance(events[0], Begin)
        assert stream.session_id == "6a0c2f0e-94a5-4c61-9a55-0f6f1f6c2d11"
        assert ended(events) == ["Could you help?"]
        others = [event.transcript for event in events if isinstance(event, Turn) and not event.end_of_turn]
        assert others in ([], ["could you"])  # the end is shown once, though it came as text and end
        assert events[-1] == stream.termination
        assert stream.termination
        assert stream.termination.complete
        assert stream.provider == "assemblyai-v3"
        (connection,) = server.connections
        assert connection.audio == SECOND
        request = connection.request
        assert request
        headers = request.headers
        assert headers["Authorization"] == KEY
        assert "Origin" not in headers
        assert "sample_rate=16000" in request.path

    def test_over_tls(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, connect: Opener
    ) -> None:
        """The same over TLS, with the authority that SSL_CERT_FILE names."""
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with vendor(ordinary, tls=server_tls(authority)) as server, connect(server.tls_url) as stream:
            assert ended(list(stream.transcribe([SECOND]))) == ["Could you help?"]
        assert server.connections[0].audio == SECOND

    def test_tls_carries_both_ways_at_once(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, connect: Opener
    ) -> None:
        """One message back for each message in, flat out: reading and writing share one TLS connection."""
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

        def echo(connection: Connection) -> None:
            connection.send(BEGIN)
            for order in range(250):  # 25 s in chunks of 0.1 s, all within what may be sent ahead
                hear(connection, 1)
                connection.send(turn(order, f"w{order}", end=False))
                connection.send(turn(order, f"w{order}", end=True))
            until_terminate(connection)

        with vendor(echo, tls=server_tls(authority)) as server, connect(server.tls_url) as stream:
            events = list(stream.transcribe([SECOND] * 25))
        assert ended(events) == [f"w{order}" for order in range(250)]
        assert not [event for event in events if isinstance(event, Reconnecting)]

    def test_coded_provider_needs_no_socket(self, driver: Driver) -> None:
        """A provider that never dials works just as well."""
        spoken = words(12)
        with driver.connect("coded") as stream:
            events = list(stream.transcribe(encode([*spoken[:6], 1.0, *spoken[6:], 1.0])))
        assert [text.split() for text in ended(events)] == [[*spoken[:6]], [*spoken[6:]]]
        assert stream.termination
        assert stream.termination.complete

    def test_nothing_secret_is_logged(self, caplog: pytest.LogCaptureFixture, connect: Opener) -> None:
        """No key, no query and no transcript in any log, at any level."""
        caplog.set_level(logging.DEBUG)
        logging.getLogger("websockets").setLevel(logging.WARNING)  # the test's own server
        with vendor(ordinary) as server, connect(server.url) as stream:
            list(stream.transcribe([SECOND]))
        assert any(record.name == "aai_migrate" for record in caplog.records)
        for secret in (KEY, "sample_rate=", "help"):
            assert secret not in caplog.text


class TestReconnect:
    def test_lost_in_mid_turn(self, connect: Opener) -> None:
        """A close nobody asked for: connect again, send everything unsettled again, hear the turn once."""

        def cut(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 16_000)
            connection.send(PARTIAL)
            connection.close(1011, "internal error")

        with vendor(cut, ordinary) as server, connect(server.url) as stream:
            events = list(stream.transcribe([SECOND]))
        kinds = [type(event) for event in events]
        assert kinds.index(Reconnecting) < kinds.index(Reconnected)
        assert ended(events) == ["Could you help?"]
        assert server.connections[1].audio == SECOND
        assert stream.termination
        assert stream.termination.complete

    def test_every_connection_gets_a_fresh_token(self, driver: Driver) -> None:
        """A callable is asked once for each connection, and may take its time without holding the stream up."""
        tokens = iter(["token-1", "token-2"])
        asked: list[threading.Thread] = []
        stream: aai_migrate.Stream | None = None

        def token() -> str:
            asked.append(threading.current_thread())
            if stream:
                stream.stop()  # needs the lock, which is not held for this
            return next(tokens)

        def cut(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1011)

        with vendor(cut, ordinary) as server:
            limits: dict[str, Any] = {"drain_timeout": 3.0, "close_timeout": 0.5}
            stream = driver.connect("assemblyai-v3", token=token, base_url=server.url, **limits)
            with stream:
                assert ended(list(stream.transcribe([SECOND]))) == ["Could you help?"]
        requests = [connection.request for connection in server.connections]
        sent = [request.headers["Authorization"] for request in requests if request]
        assert sent == ["token-1", "token-2"]
        ours = {"blocking": "aai_migrate writer", "asyncio": "aai_migrate credential"}
        assert asked[1].name == ours[driver.name]

    def test_a_callable_that_takes_its_time_is_no_missing_greeting(self, driver: Driver) -> None:
        """How long the application takes for a token is no part of how long the vendor may take."""

        def token() -> str:
            threading.Event().wait(0.6)
            return "token"

        with vendor(quiet) as server:
            stream = driver.connect("assemblyai-v3", token=token, base_url=server.url, connect_timeout=0.5)
            stream.close()

    def test_a_callable_that_fails(self, driver: Driver) -> None:
        """At the first connection its exception is the cause of what is raised; an error of ours stays what it is."""

        def token() -> str:
            raise raised

        raised: Exception = LookupError("no such account")
        with vendor(quiet) as server:
            with pytest.raises(ConfigError, match=r"^the callable given as token raised LookupError$") as caught:
                driver.connect("assemblyai-v3", token=token, base_url=server.url)
            assert caught.value.__cause__ is raised
            raised = AuthenticationError("v", "expired")
            with pytest.raises(AuthenticationError) as same:
                driver.connect("assemblyai-v3", token=token, base_url=server.url)
        assert same.value is raised
        assert server.connections == []

    def test_a_callable_that_fails_later(self, driver: Driver) -> None:
        """When a new connection is due, it is asked again; what it fails of is told, and no reason to give up."""
        tokens = iter(["first", None, "third"])

        def token() -> str:
            found = next(tokens)
            if found is None:
                raise LookupError("just now there is none")
            return found

        def cut(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1011)

        with vendor(cut, ordinary) as server:
            options: dict[str, Any] = {"drain_timeout": 3.0, "close_timeout": 0.5}
            with driver.connect("assemblyai-v3", token=token, base_url=server.url, **options) as stream:
                events = list(stream.transcribe([SECOND]))
        assert ended(events) == ["Could you help?"]
        causes = [event.cause for event in events if isinstance(event, Reconnecting)]
        assert len(causes) == 2
        assert causes[1].endswith("no credential for a new connection: the callable given as token raised LookupError")

    def test_fatal_error_ends_the_stream(self, connect: Opener) -> None:
        """An error that no retry mends: Termination, then the error, and again for whoever iterates again."""

        def refuse(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.send('{"type":"Error","error_code":1008,"error":"Unauthorized Connection: Insufficient funds"}')
            connection.close(1008, "See Error message for details")

        with vendor(refuse) as server:
            stream = connect(server.url)
            stream.send(SECOND)
            events: list[Any] = []
            with pytest.raises(ProviderError, match="Insufficient funds") as caught:
                events.extend(stream)
            assert isinstance(events[-1], Termination)
            assert not events[-1].complete
            with pytest.raises(ProviderError) as again:
                next(stream)
            assert again.value is caught.value
            for call in (lambda: stream.send(SECOND), stream.finalize, lambda: stream.configure(keyterms=["a"])):
                with pytest.raises(ProviderError):
                    call()
            stream.stop()
            stream.close()

    def test_leaving_raises_what_was_not_seen(self, connect: Opener) -> None:
        """Who leaves the block without having seen the failure gets it there, once."""

        def refuse(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1008, "Not authorized")

        with vendor(refuse) as server:
            stream = connect(server.url)
            with pytest.raises(ProviderError, match="Not authorized"), stream:
                stream.send(SECOND)
            with stream:
                pass


class TestFeeding:
    def test_chunks_are_checked(self, connect: Opener) -> None:
        """An empty chunk is nothing, text is no audio, bytes of any kind are."""
        with vendor(ordinary) as server, connect(server.url) as stream:
            with pytest.raises(TypeError, match="str"):
                stream.send("abc")  # type: ignore[arg-type]
            stream.send(b"")
            stream.send(bytearray(SECOND[:16_000]))
            stream.send(memoryview(SECOND)[16_000:])
        assert server.connections[0].audio == SECOND

    def test_samples_may_be_split(self, connect: Opener) -> None:
        """Chunks that end inside a sample are joined; half a sample that is never finished is told."""
        with vendor(ordinary) as server, connect(server.url) as stream:
            for start in range(0, len(SECOND), 333):
                stream.send(SECOND[start : start + 333])
            stream.send(b"x")
            stream.stop()
            notices = [event.message for event in stream if isinstance(event, Notice)]
        assert server.connections[0].audio == SECOND
        assert notices == [
            "the audio ended inside a sample: its last 1 bytes are left out; check encoding and channels"
        ]

    def test_several_threads_feed(self, connect: Opener) -> None:
        """What several threads send arrives, all of it."""
        with vendor(ordinary) as server, connect(server.url) as stream:

            def feed() -> None:
                for _ in range(20):
                    stream.send(SECOND[:1600])

            threads = [threading.Thread(target=feed) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(server.connections[0].audio) == 4 * len(SECOND)

    def test_stopped_stream_takes_nothing(self, connect: Opener) -> None:
        """After stop every call that would add something raises; stop itself may be called again."""
        with vendor(ordinary) as server, connect(server.url) as stream:
            stream.send(SECOND)
            stream.stop()
            stream.stop()
            for call in (lambda: stream.send(SECOND), stream.finalize, lambda: stream.configure(keyterms=["a"])):
                with pytest.raises(StreamClosed):
                    call()
            events = list(stream)
            assert isinstance(events[-1], Termination)
            assert list(stream) == []
            with pytest.raises(StreamClosed):
                stream.send(SECOND)

    def test_finalize_waits_for_its_answer(self, connect: Opener) -> None:
        """ForceEndpoint goes out in its place, and the wait ends with the turn."""

        def force(connection: Connection) -> None:
            connection.send(BEGIN)
            while isinstance(text := connection.recv(), bytes):
                connection.send(PARTIAL)
            assert "ForceEndpoint" in text
            connection.send(FINAL)
            until_terminate(connection)

        with vendor(force) as server, connect(server.url) as stream:
            stream.send(SECOND)
            assert stream.finalize(wait=5.0)
            stream.stop()
            assert ended(list(stream)) == ["Could you help?"]

    def test_configure(self, connect: Opener) -> None:
        """What can change is sent, what cannot is a Notice, what does not exist raises."""

        def listen(connection: Connection) -> None:
            connection.send(BEGIN)
            told.append(connection.recv())
            until_terminate(connection)

        told: list[str] = []
        with vendor(listen) as server, connect(server.url) as stream:
            stream.configure(keyterms=["Ana"])
            stream.configure(sample_rate=8000)
            with pytest.raises(ConfigError, match="keyterms"):
                stream.configure(keyterm=["Ana"])
            stream.stop()
            notices = [event for event in stream if isinstance(event, Notice)]
        assert "UpdateConfiguration" in told[0]
        assert "sample_rate" in notices[0].message

    def test_backlog_holds_the_feeder(self, connect: Opener) -> None:
        """While more is unsent than the limit, send waits; who closes the stream lets it go."""
        release = threading.Event()

        def deaf(connection: Connection) -> None:
            connection.send(BEGIN)
            release.wait(10)

        with vendor(deaf) as server:
            stream = connect(server.url, backlog=0.5)
            fed = threading.Semaphore(0)
            failure: list[Exception] = []

            def feed() -> None:
                try:
                    for _ in range(100):  # 30 s may go ahead, then 1.25 × real time
                        stream.send(SECOND)
                        fed.release()
                except StreamClosed as error:
                    failure.append(error)

            thread = threading.Thread(target=feed)
            thread.start()
            for _ in range(30):
                assert fed.acquire(timeout=5)
            stream.close()
            thread.join(5)
            release.set()
            assert failure
            assert not thread.is_alive()


class TestTranscribe:
    def test_break_leaves_the_stream_usable(self, connect: Opener) -> None:
        """Breaking out of the loop ends the feeding, not the stream; the source is closed."""
        closed = threading.Event()

        def endless() -> Iterator[bytes]:
            try:
                while True:
                    yield SECOND[:3200]
            finally:
                closed.set()

        with vendor(ordinary) as server, connect(server.url, backlog=0.2) as stream:
            for event in stream.transcribe(endless()):
                if isinstance(event, Turn):
                    break
            assert closed.wait(2)
            stream.send(SECOND)
            with pytest.raises(StreamClosed, match="one source"):
                stream.transcribe([SECOND])
        assert stream.termination
        assert stream.termination.complete

    def test_source_that_raises(self, connect: Opener) -> None:
        """What was fed is heard to its end, then the source's own exception comes."""

        def broken() -> Iterator[bytes]:
            yield SECOND
            raise LookupError("the microphone is gone")

        with vendor(ordinary) as server, connect(server.url) as stream:
            events: list[Any] = []
            with pytest.raises(LookupError, match="microphone"):
                events.extend(stream.transcribe(broken()))
        assert ended(events) == ["Could you help?"]
        assert isinstance(events[-1], Termination)
        assert events[-1].complete

    def test_source_with_another_format(self, connect: Opener) -> None:
        """A source that knows its format must have the stream's; both are named."""

        class File(list[bytes]):
            format = aai_migrate.AudioFormat(8000, "pcm_mulaw")

        with vendor(quiet) as server, connect(server.url) as stream:
            with pytest.raises(AudioError, match=r"8000 Hz pcm_mulaw.*16000 Hz pcm_s16le"):
                stream.transcribe(File())
            with pytest.raises(AudioError, match="path"):
                stream.transcribe("call.wav")  # type: ignore[arg-type]

    def test_failure_while_feeding(self, connect: Opener) -> None:
        """The vendor's error is what raises, not what it does to the feeder."""

        def refuse(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1008, "Not authorized")

        def endless() -> Iterator[bytes]:
            while True:
                yield SECOND[:3200]

        denied = pytest.raises(ProviderError, match="Not authorized")
        with vendor(refuse) as server, connect(server.url) as stream, denied:
            list(stream.transcribe(endless()))

    def test_slow_reader_keeps_every_end(self, connect: Opener) -> None:
        """Who reads nothing until it is over loses partials only."""

        def fast(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            for order in range(200):
                for _ in range(5):
                    connection.send(turn(order, f"w{order}", end=False))
                connection.send(turn(order, f"w{order}", end=True))
            until_terminate(connection)

        with vendor(fast) as server, connect(server.url) as stream:
            stream.send(SECOND)
            stream.stop()
            by_then = threading.Event()
            while stream.termination is None:
                by_then.wait(0.01)
            events = list(stream)
        assert ended(events) == [f"w{order}" for order in range(200)]
        assert not [event for event in events if isinstance(event, Turn) and not event.end_of_turn]


class TestRun:
    def test_callbacks(self, connect: Opener) -> None:
        """They are called in order."""
        seen: list[str] = []
        with vendor(ordinary) as server, connect(server.url) as stream:
            stream.run(
                [SECOND],
                on_begin=lambda event: seen.append("begin"),
                on_turn=lambda event: seen.append(event.transcript) if event.end_of_turn else None,
                on_termination=lambda event: seen.append("end"),
            )
        assert seen == ["begin", "Could you help?", "end"]

    def test_callback_that_raises(self, connect: Opener) -> None:
        """It closes the stream, and its exception comes to the caller."""

        def fail(event: Turn) -> None:
            raise ZeroDivisionError

        with vendor(ordinary) as server:
            stream = connect(server.url)
            with pytest.raises(ZeroDivisionError):
                stream.run([SECOND] * 100, on_turn=fail)
            assert stream.termination
            assert stream.termination.reason == "closed"

    def test_close_inside_a_callback(self, connect: Opener) -> None:
        """Closing from a callback ends the run; Termination still comes."""
        with vendor(ordinary) as server:
            stream = connect(server.url)
            seen: list[Any] = []
            stream.run([SECOND] * 100, on_turn=lambda event: stream.close(), on_event=seen.append)
            assert isinstance(seen[-1], Termination)
            assert not seen[-1].complete

    def test_on_error(self, connect: Opener) -> None:
        """It gets the failure, which then does not raise."""

        def refuse(connection: Connection) -> None:
            connection.send(BEGIN)
            hear(connection, 3200)
            connection.close(1008, "Not authorized")

        errors: list[Exception] = []
        with vendor(refuse) as server, connect(server.url) as stream:
            stream.run([SECOND], on_error=errors.append)
        assert isinstance(errors[0], ProviderError)


class TestEnding:
    def test_exception_in_the_block_closes(self, connect: Opener) -> None:
        """Leaving by an exception waits for no last word; the vendor is told all the same."""
        told: list[str] = []

        def silent(connection: Connection) -> None:
            connection.send(BEGIN)
            while isinstance(message := connection.recv(), bytes):
                pass
            told.append(message)

        with vendor(silent) as server, pytest.raises(ZeroDivisionError), connect(server.url) as stream:  # noqa: PT012
            stream.send(SECOND)
            raise ZeroDivisionError
        assert "Terminate" in told[0]
        assert stream.termination
        assert stream.termination.reason == "closed"

    def test_close_from_another_thread(self, connect: Opener) -> None:
        """Whoever waits for an event is woken."""
        with vendor(ordinary) as server:
            stream = connect(server.url)
            assert isinstance(next(stream), Begin)
            threading.Timer(0.05, stream.close).start()
            assert [type(event) for event in stream] == [Termination]
            stream.close()

    def test_vendor_that_never_says_goodbye(self, connect: Opener) -> None:
        """The drain has a deadline of its own, and what was missing is said."""

        def stuck(connection: Connection) -> None:
            connection.send(BEGIN)
            while True:
                connection.recv()

        with vendor(stuck) as server:
            stream = connect(server.url, drain_timeout=0.2)
            with pytest.raises(ConnectionLost, match="no end of the session"), stream:
                stream.send(SECOND)
        assert stream.termination
        assert not stream.termination.complete

    def test_settings_are_checked_before_dialling(self, connect: Opener) -> None:
        """A wrong option raises before anything is dialled."""
        with vendor(ordinary) as server:
            with pytest.raises(ConfigError, match="sample_rat"):
                connect(server.url, sample_rat=8000)
            with pytest.raises(AudioError):
                connect(server.url, sample_rate=1)
        assert server.connections == []


@pytest.mark.parametrize("seed", range(3))
def test_both_drivers_tell_the_same(seed: int) -> None:
    """What an application sees of the same speech does not depend on the driver, partials that nobody read aside."""
    audio = encode([*words(5, seed=seed), 1.0, *words(3, seed=seed + 9), 1.0])

    def told(driver: Driver) -> list[Any]:
        try:
            with driver.connect("coded") as stream:
                events = list(stream.transcribe([audio]))
        finally:
            driver.close()
        kept = [event for event in events if not isinstance(event, Turn) or event.end_of_turn]
        return [evolve(event, received_at=0.0) if isinstance(event, Turn) else event for event in kept]

    blocking, in_loop = told(Blocking()), told(Asyncio())
    assert [evolve(event, session_id=None) if isinstance(event, Begin) else event for event in blocking] == [
        evolve(event, session_id=None) if isinstance(event, Begin) else event for event in in_loop
    ]
    assert len(ended(blocking)) == 2
