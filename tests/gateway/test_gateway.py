"""The gateway on loopback, with clients that import nothing of ours for the wire."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme
import websockets
from attrs import evolve

import aai_migrate
from aai_migrate import AudioFormat, registry
from aai_migrate.credentials import Credential
from aai_migrate.errors import ConfigError, ConnectionLost
from aai_migrate.gateway import Gateway, local
from aai_migrate.provider import Provider
from aai_migrate.testing.coded import CodedEar, encode, words
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Audio, Command, Start, Stop
from aai_migrate.wire.events import Event, Failed
from aai_migrate.wire.frames import Connect, Frame

from .client import (
    KEY,
    TERMINATE,
    converse,
    dial,
    ends,
    heard,
    no_thread_left,
    only_right,
    rest,
    running,
    speak,
    told,
    until,
)
from .tape import taped

SPOKEN = words(12)
SPEECH = encode([0.2, *SPOKEN[:5], 1.0, *SPOKEN[5:], 1.0])


class Ear(CodedEar):
    """Notes what it is told."""

    told: list[Command]

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Note *item*."""
        self.told.append(item)
        return super().send(item, now)


def noting(**changes: Any) -> tuple[Provider, list[Command]]:
    """Return a provider that notes what it is told, and the notes."""
    notes: list[Command] = []
    ear = type("Ear", (Ear,), {"told": notes})
    return evolve(CODED, name="noting", client=ear, **changes), notes


@pytest.fixture
def provide(request: pytest.FixtureRequest) -> Any:
    """Register a provider for one test."""

    def provide(provider: Provider) -> str:
        registry.register(provider)
        request.addfinalizer(lambda: registry.unregister(provider.name))
        return provider.name

    return provide


# What a client gets.


def test_begin_comes_before_any_audio() -> None:
    """Clients wait one second for Begin, so it does not wait for the provider."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            begin = await told(socket)
            assert set(begin) == {"type", "id", "expires_at", "configuration"}
            assert begin["type"] == "Begin"
            assert isinstance(begin["expires_at"], int)
            await socket.send(TERMINATE)
            assert (await rest(socket))[-1]["type"] == "Termination"

    asyncio.run(main())


def test_words_come_back_word_for_word_and_the_session_ends_in_order() -> None:
    """Turns carry the six fields every client needs, then Termination, then close 1000."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            messages = await converse(socket, SPEECH)
        six = {"turn_order", "turn_is_formatted", "end_of_turn", "transcript", "end_of_turn_confidence", "words"}
        assert all(six <= set(message) for message in messages if message["type"] == "Turn")
        assert [turn["transcript"] for turn in ends(messages)] == [" ".join(SPOKEN[:5]), " ".join(SPOKEN[5:])]
        assert [turn["turn_order"] for turn in ends(messages)] == [0, 1]
        assert [word["text"] for turn in ends(messages) for word in turn["words"]] == list(SPOKEN)
        seconds = round(len(SPEECH) / 32_000)
        assert messages[-1] == {
            "type": "Termination",
            "audio_duration_seconds": seconds,
            "session_duration_seconds": 0,
        }
        assert (socket.close_code, socket.close_reason) == (1000, "Session Ended")

    asyncio.run(main())


def test_words_come_while_the_client_speaks() -> None:
    """A turn ends when it ends, not when the session does."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            for at in range(0, len(SPEECH), 3200):
                await socket.send(SPEECH[at : at + 3200])
            seen: list[dict[str, Any]] = []
            while len(ends(seen)) < 2:
                seen.append(await told(socket))
            assert heard(seen) == list(SPOKEN)
            await socket.send('{"type":"ForceEndpoint"}')
            await socket.send('{"type":"UpdateConfiguration","min_turn_silence":400}')
            await socket.send(TERMINATE)
            assert [message["type"] for message in await rest(socket)] == ["Termination"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("query", "headers", "code", "reason"),
    [
        ("sample_rate=16000", {"Authorization": "wrong"}, 1008, "Unauthorized Connection: Invalid API key"),
        ("sample_rate=16000", {}, 1008, "Unauthorized Connection: Missing Authorization header"),
        ("sample_rate=fast", KEY, 3006, "User Input Validation Error: Invalid 'sample_rate': expected a number"),
        ("sample_rate=16000&encoding=mp3", KEY, 3006, None),
    ],
)
def test_refusals_come_behind_the_upgrade(query: str, headers: dict[str, str], code: int, reason: str | None) -> None:
    """As in production: Error with the code, then a close with it."""

    async def main() -> None:
        async with running() as gateway, dial(gateway, query, additional_headers=headers) as socket:
            messages = await rest(socket)
        assert [(message["type"], message["error_code"]) for message in messages] == [("Error", code)]
        assert socket.close_code == code
        assert reason is None or socket.close_reason == messages[0]["error"] == reason

    asyncio.run(main())


def test_nobody_gets_in_where_no_authenticator_is_given() -> None:
    """An open gateway would spend its operator's money."""

    async def main() -> None:
        gateway = Gateway("coded")
        await gateway.start()
        async with dial(gateway) as socket:
            assert (await told(socket))["error_code"] == 1008
        await gateway.stop()

    asyncio.run(main())


@pytest.mark.parametrize("fmt", [AudioFormat(96_000), AudioFormat(8000, "pcm_mulaw"), AudioFormat(8000)], ids=str)
def test_audio_is_converted_to_what_the_provider_takes(fmt: AudioFormat, provide: Any) -> None:
    """A provider that takes 16 kHz only hears clients of other rates and encodings, every word of them."""
    name = provide(
        evolve(
            CODED,
            name="narrow",
            capabilities=evolve(CODED.capabilities, encodings=("pcm_s16le",), sample_rates=(16_000,)),
        ),
    )
    speech = encode([0.2, *SPOKEN[:5], 1.0, *SPOKEN[5:], 1.0], fmt)

    async def main() -> None:
        query = f"sample_rate={fmt.sample_rate}&encoding={fmt.encoding}"
        async with running(name) as gateway, dial(gateway, query) as socket:
            messages = await converse(socket, speech, fmt.size(0.1))
        assert [turn["transcript"] for turn in ends(messages)] == [" ".join(SPOKEN[:5]), " ".join(SPOKEN[5:])]

    asyncio.run(main())


class Choosy(CodedEar):
    """Takes what its capabilities do not tell."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Refuse one rate."""
        if isinstance(item, Start) and item.config.audio.sample_rate == 8000:
            raise ConfigError("choosy does not like 8000 Hz")
        return super().send(item, now)


def test_what_the_provider_cannot_do_is_the_clients_error(provide: Any) -> None:
    """The provider's own reason is told in the client's dialect."""
    name = provide(evolve(CODED, name="choosy", client=Choosy))

    async def main() -> None:
        async with running(name) as gateway, dial(gateway, "sample_rate=8000") as socket:
            messages = await rest(socket)
        assert [message["type"] for message in messages] == ["Begin", "Error"]
        assert messages[1]["error_code"] == socket.close_code == 3006
        assert "does not like 8000 Hz" in messages[1]["error"]

    asyncio.run(main())


# Load, loss and backpressure.


@pytest.mark.parametrize("size", [320, 3200, 32_000])
def test_an_unpaced_client_loses_nothing(size: int) -> None:
    """Twice the backlog at once: reading waits, and every word comes."""
    many = words(250, seed=3)
    script: list[str | int | float] = []
    for at in range(0, 250, 10):
        script += [*many[at : at + 10], 0.8]
    speech = encode(script)
    assert len(speech) > 2 * 30 * 32_000

    async def main() -> None:
        async with running(backlog=30.0) as gateway, dial(gateway) as socket:
            _, messages = await asyncio.gather(speak(socket, speech, size), rest(socket))
        assert heard(messages) == list(many)

    asyncio.run(main())


def test_a_ping_behind_minutes_of_audio_is_answered(provide: Any) -> None:
    """Also where the provider takes nothing: clients hang up where no answer comes in time."""
    stuck = evolve(CODED, name="stuck", client=Silent)

    async def main() -> None:
        async with running(provide(stuck)) as gateway, dial(gateway) as socket:
            await told(socket)
            for _ in range(100):
                await socket.send(bytes(32_000))
            await asyncio.wait_for(await socket.ping(), 10)

    asyncio.run(main())


def test_what_waits_for_a_provider_can_be_set(tmp_path: Path) -> None:
    """In the gateway it is more than elsewhere, unless an option or the config file says otherwise."""
    file = tmp_path / "stt.toml"
    file.write_text('provider = "coded"\nbacklog = 7.0\n')
    backlogs = [
        Gateway("coded", **options).settings.limits.backlog
        for options in ({}, {"config": file}, {"config": file, "backlog": 30.0})
    ]
    assert backlogs == [300.0, 7.0, 30.0]


def test_a_client_that_reads_late_loses_nothing() -> None:
    """What comes for a client that does not read waits for it."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            await speak(socket, SPEECH)
            assert heard(await rest(socket)) == list(SPOKEN)

    asyncio.run(main())


def test_reading_stops_while_the_provider_is_behind(provide: Any) -> None:
    """A provider that takes nothing: the client's socket fills up, memory does not."""
    stuck = evolve(CODED, name="stuck", client=Silent)

    async def main() -> None:
        async with running(provide(stuck), backlog=1.0) as gateway, dial(gateway, max_queue=None) as socket:
            await told(socket)
            sent = 0

            async def push() -> None:
                nonlocal sent
                while True:
                    await socket.send(bytes(32_000))
                    sent += 1

            pushing = asyncio.create_task(push())
            assert gateway.door
            [bridge] = gateway.door.live
            assert bridge.session
            session = bridge.session.session
            await until(lambda: sent >= 10 and session.backlog > 1.0)
            for _ in range(500):
                await asyncio.sleep(0)
            assert session.backlog < 3.0
            pushing.cancel()
            socket.transport.abort()

    asyncio.run(main())


class Silent(CodedEar):
    """Dials a worker that never answers."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Dial nothing."""
        return []


def test_a_client_that_vanishes_leaves_nothing(provide: Any) -> None:
    """The provider is told to stop at once, and no task and no session is left."""
    provider, notes = noting()

    async def main() -> None:
        async with running(provide(provider)) as gateway:
            async with dial(gateway) as socket:
                await told(socket)
                await socket.send(SPEECH[:32_000])
                await until(lambda: any(isinstance(note, Audio) for note in notes))
                assert gateway.sessions == 1
                socket.transport.abort()
            await until(lambda: gateway.sessions == 0)
            assert isinstance(notes[-1], Stop)

    with no_thread_left():
        asyncio.run(main())


def test_a_client_that_vanishes_before_the_handshake_is_answered_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """It is the client's affair: no line says that the gateway broke."""
    asked: list[Credential | None] = []
    gateways: list[Gateway] = []

    def cut_off(credential: Credential | None) -> str:
        asked.append(credential)
        assert gateways[0]._runner is not None
        server = gateways[0]._runner.server
        assert server is not None
        for connection in server.connections:
            assert connection.transport is not None
            connection.transport.abort()
        return "tester"

    async def main() -> None:
        async with running(authenticate=cut_off) as gateway:
            gateways.append(gateway)
            with pytest.raises((OSError, websockets.WebSocketException, EOFError)):
                async with dial(gateway):
                    pass
            await until(lambda: gateway.sessions == 0)

    asyncio.run(main())
    assert asked
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_client_that_closes_without_terminate_leaves_nothing(provide: Any) -> None:
    """Its close is answered with its own code."""
    provider, notes = noting()

    async def main() -> None:
        async with running(provide(provider)) as gateway:
            async with dial(gateway) as socket:
                await told(socket)
                await socket.close(1001, "bye")
                assert socket.close_code == 1001
            await until(lambda: gateway.sessions == 0)
            assert isinstance(notes[-1], Stop)

    asyncio.run(main())


def test_twenty_sessions_at_once() -> None:
    """Each hears its own words."""

    async def one(gateway: Gateway, seed: int) -> None:
        mine = words(10, seed=seed)
        async with dial(gateway) as socket:
            assert heard(await converse(socket, encode([*mine, 1.0]))) == list(mine)

    async def main() -> None:
        async with running() as gateway:
            await asyncio.gather(*(one(gateway, seed) for seed in range(20)))

    with no_thread_left():
        asyncio.run(main())


def test_stop_ends_live_sessions_in_their_own_dialect() -> None:
    """Clients are told before the port is gone."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as one, dial(gateway) as two:
            for socket in (one, two):
                await told(socket)
            both = asyncio.gather(rest(one), rest(two))
            await gateway.stop()
            for messages in await both:
                assert [message["type"] for message in messages] == ["Error"]
            assert one.close_code == two.close_code == 3005
            await gateway.stop()
            with pytest.raises(OSError, match="Connect call failed"):
                await dial(gateway)

    asyncio.run(main())


def test_stop_gives_clients_their_last_words() -> None:
    """What a client has said so far is heard to its end; then it learns why there is no more."""

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            await socket.send(SPEECH[:32_000])
            await until(lambda: bool(gateway.door and [b for b in gateway.door.live if b.audio_seconds == 1.0]))
            told = asyncio.create_task(rest(socket))
            await gateway.stop()
            *_, last, error = await told
            assert last["end_of_turn"]
            assert last["transcript"].split() == list(SPOKEN[: len(last["words"])]) != []
            assert (error["type"], error["error_code"]) == ("Error", 3005)

    with no_thread_left():
        asyncio.run(main())


class Held(Ear):
    """Keeps its last words until they are released."""

    held: list[Frame | Event]
    released: ClassVar[bool]

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Note *item*; hold what Stop brings."""
        out = super().send(item, now)
        if not isinstance(item, Stop):
            return out
        self.held = out
        return []

    @property
    def deadline(self) -> float | None:  # type: ignore[override]
        """At once, once they are released."""
        return 0.0 if self.released and getattr(self, "held", None) else None

    def tick(self, now: float, /) -> list[Frame | Event]:
        """Say them."""
        out, self.held = self.held, []
        return out


@pytest.mark.parametrize("first", ["client", "gateway"])
def test_a_client_that_ends_while_the_gateway_stops_gets_its_termination(provide: Any, first: str) -> None:
    """Who asks for the end gets what it expects, also when it comes anyway."""
    notes: list[Command] = []
    ear: Any = type("Ear", (Held,), {"told": notes, "released": False})
    name = provide(evolve(CODED, name="held", client=ear))

    async def main() -> None:
        async with running(name) as gateway, dial(gateway) as socket:
            assert (await told(socket))["type"] == "Begin"
            await socket.send(SPEECH[:32_000])
            await until(lambda: any(isinstance(note, Audio) for note in notes))
            stopping = None if first == "client" else asyncio.create_task(gateway.stop())
            if stopping:
                await until(lambda: isinstance(notes[-1], Stop))
            await socket.send(TERMINATE)
            await until(lambda: isinstance(notes[-1], Stop))
            ear.released = True
            _, messages = await asyncio.gather(stopping or gateway.stop(), rest(socket))
            assert messages[-1]["type"] == "Termination"
            assert socket.close_code == 1000

    asyncio.run(main())


def test_a_gateway_that_stops_takes_no_more_clients(provide: Any) -> None:
    """Not on a connection either that was open before."""
    ear: Any = type("Ear", (Held,), {"told": [], "released": False})
    name = provide(evolve(CODED, name="held", client=ear))

    async def main() -> None:
        async with running(name) as gateway, dial(gateway) as socket, aiohttp.ClientSession() as http:
            assert (await told(socket))["type"] == "Begin"
            address = f"http://127.0.0.1:{gateway.port}/v3/ws"
            async with http.get(address) as response:
                assert response.status == 426
            stopping = asyncio.create_task(gateway.stop())
            await until(lambda: bool(gateway.door and gateway.door.closing))
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(address, headers=KEY)
            assert refused.value.status == 503
            ear.released = True
            await socket.send(TERMINATE)
            assert (await rest(socket))[-1]["type"] == "Termination"
            await stopping

    asyncio.run(main())


def test_stop_does_not_wait_for_a_provider_that_says_nothing(provide: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clients are told all the same."""
    monkeypatch.setattr("aai_migrate.gateway.app.PATIENCE", 0.0)
    stuck = evolve(CODED, name="stuck", client=Silent)

    async def main() -> None:
        async with running(provide(stuck)) as gateway, dial(gateway) as socket:
            await socket.send(SPEECH[:6400])
            assert (await told(socket))["type"] == "Begin"
            _, messages = await asyncio.gather(gateway.stop(), rest(socket))
            assert [(message["type"], message["error_code"]) for message in messages] == [("Error", 3005)]

    asyncio.run(main())


# The provider fails.


class Failing(CodedEar):
    """Gives up at the first audio."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Fail at audio."""
        if isinstance(item, Audio):
            return [Failed(ConnectionLost("failing", "gone", retryable=False))]
        return super().send(item, now)


class Broken(CodedEar):
    """Has a bug."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Raise at audio."""
        if isinstance(item, Audio):
            raise KeyError("a secret word")
        return super().send(item, now)


class Unreachable(CodedEar):
    """Dials where nobody listens: the port of a protocol that is no more."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Dial."""
        return [Connect("ws://127.0.0.1:1")]

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Event]:
        """Fail whatever comes."""
        return [Failed(ConnectionLost("unreachable", "nobody there", retryable=False))]


@pytest.mark.parametrize("client", [Failing, Broken, Unreachable])
def test_a_failure_of_the_provider_is_told_in_the_clients_dialect(
    provide: Any, client: type[CodedEar], caplog: pytest.LogCaptureFixture
) -> None:
    """Error 3005 and a close: never silence, never a traceback with what was said."""
    name = provide(evolve(CODED, name="failing", client=client))

    async def main() -> None:
        async with running(name) as gateway, dial(gateway) as socket:
            await socket.send(SPEECH[:6400])
            messages = await rest(socket)
            assert messages[-1]["type"] == "Error"
            assert messages[-1]["error_code"] == socket.close_code == 3005

    asyncio.run(main())
    assert "secret" not in caplog.text


# HTTP.


def test_what_is_no_websocket_is_answered_in_http() -> None:
    """A route without an upgrade 426, an unknown path 404, another method 405, a bad handshake 400."""

    async def main() -> None:
        async with running() as gateway, aiohttp.ClientSession() as http:
            base = gateway.url.replace("ws://", "http://")
            seen = {}
            for method, path, headers in [
                ("GET", "/v3/ws", {}),
                ("GET", "/v9/nothing", {}),
                ("POST", "/v3/ws", {}),
                ("GET", "/v3/ws?x=1", {"Upgrade": "websocket", "Connection": "Upgrade"}),
            ]:
                async with http.request(method, base + path, headers=headers) as response:
                    seen[method, path] = response.status
            assert list(seen.values()) == [426, 404, 405, 400]

    asyncio.run(main())


def test_tls() -> None:
    """With a certificate the address is wss, and clients check it."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)

    async def main() -> None:
        async with running(ssl_context=server) as gateway:
            assert gateway.url.startswith("wss://127.0.0.1:")
            async with dial(gateway, ssl=client) as socket:
                assert heard(await converse(socket, SPEECH)) == list(SPOKEN)
            with pytest.raises(ssl.SSLCertVerificationError):
                await dial(gateway)

    asyncio.run(main())


def test_a_sub_protocol_is_ignored_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Some vendors' clients carry their key in it."""

    async def main() -> None:
        async with running() as gateway, dial(gateway, subprotocols=["token", "sesame"]) as socket:
            assert (await told(socket))["type"] == "Begin"

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert "sesame" not in "".join(r.getMessage() for r in caplog.records if not r.name.startswith("websockets"))


def test_the_log_holds_no_key_and_no_word(caplog: pytest.LogCaptureFixture) -> None:
    """Identifiers, states and counts only."""

    async def main() -> None:
        async with running() as gateway, dial(gateway, "sample_rate=16000&prompt=sesame") as socket:
            await converse(socket, SPEECH)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    seconds = len(SPEECH) / 32_000
    assert re.search(rf"client .* done after \d+\.\d s: {seconds:.1f} s of audio, 2 turns$", caplog.text, re.MULTILINE)
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("websockets"))
    assert re.search("client .* speaks assemblyai-v3", ours)
    assert not any(word in ours for word in ("right-key", "sesame", *SPOKEN))


# Other ways.


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"turn_silence": 20}, "assemblyai-v3: turn_silence must be 0.05 to 10 s, not 20"),
        ({"model": "whisper-rt", "keyterms": ["a"]}, "whisper-rt has no keyterms"),
        ({"extra": {"assemblyai": {"token": "t"}}}, "assemblyai-v3: extra must not hold 'token'"),
    ],
)
def test_what_the_provider_lacks_is_told_before_anybody_comes(options: dict[str, Any], text: str) -> None:
    """The operator's own wishes are no client's, so nothing goes on without them."""

    async def main() -> None:
        gateway = Gateway("assemblyai-v3", api_key="k", **options)
        with pytest.raises(ConfigError, match=text):
            await gateway.start()
        assert gateway.port == 0

    asyncio.run(main())


def test_a_provider_of_another_rate_may_stand_behind(provide: Any) -> None:
    """It is the client's audio that has to suit it."""
    narrow = evolve(CODED, name="narrow", capabilities=evolve(CODED.capabilities, sample_rates=(8000,)))

    async def main() -> None:
        async with running(provide(narrow)) as gateway, dial(gateway, "sample_rate=8000") as socket:
            assert heard(await converse(socket, encode([*SPOKEN[:3], 1.0], AudioFormat(8000)))) == list(SPOKEN[:3])

    asyncio.run(main())


def test_settings_come_from_a_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider too, where no argument names it."""
    monkeypatch.delenv("AAI_MIGRATE_PROVIDER", raising=False)
    path = tmp_path / "stt.toml"
    path.write_text("provider = 'coded'\nturn_silence = 0.4\ndrain_timeout = 3\n")
    settings = Gateway(None, config=path, turn_silence=0.5).settings
    assert (settings.provider.name, settings.config.turn_silence, settings.limits.drain_timeout) == ("coded", 0.5, 3)


def test_addresses() -> None:
    """Each dialect's clients have a URL of their own, of the kind that they speak first."""
    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    async def main() -> None:
        for gateway, scheme in [(Gateway("coded"), "ws"), (Gateway("coded", ssl_context=ssl_context), "wss")]:
            assert gateway.addresses == {}
            await gateway.start()
            assert gateway.addresses["assemblyai-v3"] == [f"{scheme}://127.0.0.1:{gateway.port}/v3/ws"]
            assert gateway.door
            gateway.door.routes["POST", "/v2/live"] = "other"
            assert gateway.addresses["other"] == [f"{scheme.replace('ws', 'http')}://127.0.0.1:{gateway.port}"]
            await gateway.stop()

    asyncio.run(main())


def test_another_gateway_may_stand_behind() -> None:
    """Client, gateway, v3 over a real websocket, gateway, ear: still word for word."""

    async def main() -> None:
        async with (
            running() as far,
            running("assemblyai-v3", base_url=far.url, api_key="right-key") as near,
            dial(near) as socket,
        ):
            messages = await converse(socket, SPEECH)
            assert heard(messages) == list(SPOKEN)
            assert messages[-1]["type"] == "Termination"
            await until(lambda: far.sessions == 0)

    asyncio.run(main())


def test_the_far_ends_refusal_reaches_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """The operator's key is wrong: the client learns that its session is cancelled, not why; the log knows."""

    async def main() -> None:
        async with (
            running() as far,
            running("assemblyai-v3", base_url=far.url, api_key="wrong") as near,
            dial(near) as socket,
        ):
            messages = await rest(socket)
            assert messages[-1]["error_code"] == 3005
            assert "API key" not in str(messages)

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert re.search(r"client .*: assemblyai-v3: AuthenticationError, code 1008$", caplog.text, re.MULTILINE)


def test_a_thread_of_its_own() -> None:
    """The address works as long as the block lasts, and nothing is left."""

    async def main(url: str) -> None:
        async with websockets.connect(f"{url}/v3/ws?token=whatever", proxy=None) as socket:
            assert heard(await converse(socket, SPEECH)) == list(SPOKEN)

    with no_thread_left(), local("coded") as url:
        asyncio.run(main(url))


def test_a_thread_that_cannot_start_says_why() -> None:
    """The error is raised where the caller waits."""
    with no_thread_left():
        with local("coded") as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"), local("coded", port=port):
                pytest.fail("it started")
        with pytest.raises(ConfigError, match="nobody"), local("nobody"):
            pytest.fail("it started")


def test_a_provider_that_cannot_be_loaded_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One broken plug-in does not keep the others from being served."""
    monkeypatch.setitem(registry.BUILT_IN, "half-installed", "no_such_module:PROVIDER")

    async def main() -> None:
        async with running() as gateway, dial(gateway) as socket:
            assert (await told(socket))["type"] == "Begin"

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert "half-installed" in caplog.text


def test_the_authenticator_is_asked_once_and_sees_the_token() -> None:
    """A token in the query is a token, a header is a key."""
    seen = []

    def note(credential: Any) -> str | None:
        seen.append((credential.kind, credential.secret.reveal()))
        return only_right(credential)

    async def main() -> None:
        async with running(authenticate=note) as gateway:
            async with dial(gateway, "token=t", additional_headers={}) as socket:
                assert (await told(socket))["type"] == "Error"
            async with dial(gateway) as socket:
                assert (await told(socket))["type"] == "Begin"

    asyncio.run(main())
    assert seen == [("token", "t"), ("key", "right-key")]


def test_one_client_of_tiny_chunks_keeps_nobody_waiting() -> None:
    """What has come of it already is read in turns with everybody else."""
    count = 20_000
    upgrade = (
        "GET /tape HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )

    async def main() -> int:
        with taped() as made:
            async with running("coded") as gateway:
                reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
                writer.write(upgrade.encode())
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"\x82\x81\0\0\0\0\0" * count)
                seen, most = 0, 0
                async with asyncio.timeout(30):
                    while seen < count:
                        await asyncio.sleep(0)
                        now = len(made[0].frames)
                        seen, most = now, max(most, now - seen)
                writer.close()
                return most

    assert asyncio.run(main()) < count / 2


def test_one_line_and_a_base_url() -> None:
    """The package is enough: what serves is imported when it is asked for, and its address is spelled both ways."""
    with no_thread_left(), aai_migrate.gateway.local("coded") as url:
        assert url == f"ws://{urlsplit(url).netloc}"
        assert url.http == f"http://{urlsplit(url).netloc}"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        aai_migrate.nothing  # noqa: B018
