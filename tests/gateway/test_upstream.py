"""What a provider is told of a client's wishes, and how server halves of other kinds are served."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import websockets
from attrs import evolve

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Channels, Config
from aai_migrate.credentials import Secret, Token
from aai_migrate.errors import AuthenticationError
from aai_migrate.gateway import Gateway
from aai_migrate.gateway.upstream import adapt
from aai_migrate.provider import Context, Provider
from aai_migrate.testing.coded import encode, words
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Audio, Command, Origin, Start, Stop
from aai_migrate.wire.events import Event, Failed, Final, Stopped
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, HttpRequest, HttpResponse, Message, Refused

from .client import TERMINATE, converse, dial, heard, rest, running, until

ASKED = Config(
    model="theirs",
    audio=AudioFormat(8000, "pcm_mulaw"),
    turn_silence=0.4,
    diarization=True,
    extra={"coded": {"a": 1}, "other": {"b": 2}},
)


def start(dialect: str) -> Start:
    """Return what a client of *dialect* asks for."""
    return Start(ASKED, None, Origin(dialect, "/"))


def test_a_provider_is_told_only_what_it_has() -> None:
    """The format and the options it has are the client's; what it lacks is left out."""
    config = adapt(start("other"), CODED, Config(language="de", turn_silence=0.9, base_url="ws://far"))
    assert config.audio == ASKED.audio
    assert (config.turn_silence, config.language, config.diarization) == (0.4, "de", None)
    assert config.base_url == "ws://far"
    assert config.on_unsupported == "warn"
    assert config.extra == ASKED.extra


def test_a_row_may_say_that_an_option_is_lacking() -> None:
    """Such an option is left out too: the client cannot be told, and its provider would warn in every session."""
    config = adapt(start("other"), registry.find("gladia"), Config())
    assert (config.turn_silence, config.diarization) == (0.4, None)


def test_extra_is_merged_per_provider() -> None:
    """The client's words go before the operator's."""
    config = adapt(start("other"), CODED, Config(extra={"coded": {"a": 0, "c": 3}}))
    assert config.extra == {"coded": {"a": 1, "c": 3}, "other": {"b": 2}}


@pytest.mark.parametrize(
    ("dialect", "ours", "model"),
    [("other", None, None), ("coded", None, "theirs"), ("coded", "ours", "ours"), ("other", "ours", "ours")],
)
def test_a_model_is_a_word_of_one_vendor(dialect: str, ours: str | None, model: str | None) -> None:
    """Only a client of the provider's own dialect can name one of its models; the operator goes first."""
    assert adapt(start(dialect), CODED, Config(model=ours)).model == model


@pytest.mark.parametrize(
    ("asked", "count", "most", "got"),
    [
        ("separate", 2, 1, "mix"),
        ("separate", 2, 2, "separate"),
        ("separate", 3, 2, "separate"),
        ("separate", 3, 1, "separate"),
        ("separate", 1, 1, "separate"),
        ("mix", 2, 1, "mix"),
    ],
)
def test_two_channels_are_mixed_where_they_cannot_be_kept_apart(
    asked: Channels, count: int, most: int, got: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And the operator is told; more cannot be mixed, so that fails in the provider's words."""
    provider = evolve(CODED, name="narrow", capabilities=evolve(CODED.capabilities, max_channels=most))
    config = evolve(ASKED, audio=AudioFormat(8000, channels=count), channels=asked)
    adapted = adapt(Start(config, None, Origin("other", "/")), provider, Config())
    assert (adapted.channels, adapted.audio) == (got, config.audio)
    told = ["narrow keeps no two channels apart: those of a client are mixed"] if asked != got else []
    assert [record.getMessage() for record in caplog.records] == told


class Stereo:
    """A server half whose clients have several channels, which they want apart; its path says how many."""

    deadline: float | None = None
    resumable = False

    def __init__(self, context: Context) -> None:
        pass

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Command]:
        """Start at once; every message is audio, a text the end."""
        match frame:
            case Connect(url):
                config = Config(audio=AudioFormat(16_000, channels=int(url[-1])), channels="separate")
                return [Connected(), Start(config, None, Origin("stereo", "/"))]
            case Message(bytes() as audio):
                return [Audio(audio)]
            case Message():
                return [Stop()]
        return []

    def send(self, event: Event, now: float, /) -> list[Frame | Command]:
        """Say what is final."""
        match event:
            case Final(text=text, channel=channel):
                return [Message(f"{channel} {text.strip()}")]
            case Stopped() | Failed():
                return [Close(1000 if isinstance(event, Stopped) else 4000)]
        return []

    def tick(self, now: float, /) -> list[Frame | Command]:
        """Do nothing."""
        return []


@pytest.mark.parametrize(("count", "code"), [(2, 1000), (3, 4000)])
def test_a_client_with_channels_of_a_provider_that_keeps_none_apart(count: int, code: int) -> None:
    """Of two it hears both speakers, one after the other; with three it cannot begin."""
    one, two = words(3, seed=1), words(3, seed=2)
    parts = [encode([*one, 1.0, 3.0]), encode([3.0, *two, 1.0])]
    size = min(len(part) for part in parts)
    pairs = zip(*(memoryview(part[:size]).cast("h") for part in parts), *[[0] * (size // 2)] * (count - 2), strict=True)
    speech = array("h", itertools.chain.from_iterable(pairs)).tobytes()
    narrow = evolve(CODED, name="narrow", capabilities=evolve(CODED.capabilities, max_channels=1))
    stereo = evolve(CODED, name="stereo", server=Stereo, routes=tuple(("GET", f"/stereo/{n}") for n in (2, 3)))

    async def main() -> None:
        async with (
            running("narrow") as gateway,
            websockets.connect(f"{gateway.url}/stereo/{count}", proxy=None) as socket,
        ):
            said = []
            with suppress(websockets.ConnectionClosed):
                for at in range(0, len(speech), 6400 * count):
                    await socket.send(speech[at : at + 6400 * count])
                await socket.send("end")
            with suppress(websockets.ConnectionClosed):
                while True:
                    said.append(await socket.recv())
            assert said == ([f"0 {' '.join(one)}", f"0 {' '.join(two)}"] if count == 2 else [])
            assert socket.close_code == code

    registry.register(narrow)
    registry.register(stereo)
    try:
        asyncio.run(main())
    finally:
        registry.unregister("narrow")
        registry.unregister("stereo")


def test_a_key_that_is_long_in_coming_holds_nobody_else_up() -> None:
    """The operator's callable is asked apart; what the client says meanwhile waits, and the others are served."""
    spoken = words(4, seed=3)
    go = [threading.Event() for _ in range(3)]
    waiting = iter(go)
    came: list[bool] = []

    def token() -> str:
        came.append(next(waiting).wait(10))
        return "token"

    async def main() -> None:
        go[0].set()  # the first is asked for before the door opens
        async with running("coded", token=token) as gateway, dial(gateway) as slow, dial(gateway) as quick:
            saying = asyncio.create_task(converse(slow, encode([*spoken, 1.0])))
            go[2].set()
            await quick.send(TERMINATE)
            assert [message["type"] for message in await rest(quick)] == ["Begin", "Termination"]
            go[1].set()
            assert heard(await saying) == list(spoken)

    asyncio.run(main())
    assert came == [True] * 3


def test_a_key_that_cannot_be_had_is_told_in_the_clients_dialect() -> None:
    """What the operator's callable fails of is no business of the client; that there is nothing is."""
    tokens = iter(["token"])

    def token() -> str:
        return next(tokens, None) or fail()

    def fail() -> str:
        raise LookupError("the vault is locked")

    async def main() -> None:
        async with running("coded", token=token) as gateway, dial(gateway) as socket:
            *_, error = await rest(socket)
        assert error["type"] == "Error"
        assert "vault" not in error["error"]

    asyncio.run(main())


class Server:
    """A server half of a dialect that there is not."""

    resumable = False

    deadline: float | None = None

    def __init__(self, context: Context) -> None:
        self._context = context

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Command]:
        """Answer by path."""
        match frame:
            case HttpRequest("POST", url, _, body):
                return [HttpResponse(201, {"content-type": "text/x"}, f"{url} {len(body)}".encode())]
            case Connect(url) if "refuse" in url:
                return [Refused(402, {"x-error": "credit", "content-length": "99"}, b"no credit")]
            case Connect(url) if "bug" in url:
                raise KeyError("a bug")
            case Connect():
                self.deadline = now
                return [Connected({"x-session": "s"}, "toy")]
            case Message("bug"):
                raise KeyError("a bug")
            case Message(data):
                return [Message(data), *([Close(4000, "ä" * 100)] if data == b"close" else [])]
        return []

    def send(self, event: Event, now: float, /) -> list[Frame | Command]:
        """Say nothing."""
        return []

    def tick(self, now: float, /) -> list[Frame | Command]:
        """Greet once."""
        self.deadline = None
        return [Message(self._context.public_url)]


@pytest.fixture
def toy() -> Iterator[Provider]:
    """A provider with that server half, whose second route is taken already."""
    routes = (("GET", "/toy"), ("POST", "/toy"), ("GET", "/v3/ws"))
    provider = evolve(CODED, name="toy", server=Server, routes=routes, numbers=evolve(CODED.numbers, frame_limit=1000))
    registry.register(provider)
    yield provider
    registry.unregister("toy")


def toy_dial(gateway: Gateway, path: str = "/toy") -> Any:
    """Return a connection to the toy dialect."""
    return websockets.connect(gateway.url + path, proxy=None, subprotocols=["toy"])  # type: ignore[list-item]


def test_a_server_half_answers_http_and_refuses_upgrades_in_its_own_words(toy: Provider) -> None:
    """Status, headers and body are the server half's."""

    async def main() -> None:
        async with running() as gateway, aiohttp.ClientSession() as http:
            base = gateway.url.replace("ws://", "http://")
            async with http.post(f"{base}/toy?q=1", data=b"123") as response:
                assert response.status == 201
                assert await response.text() == f"{base}/toy?q=1 3"
            for path, status, body in (("/toy?refuse", 402, b"no credit"), ("/toy?bug", 500, b"")):
                with pytest.raises(websockets.InvalidStatus) as caught:
                    await toy_dial(gateway, path)
                assert caught.value.response.status_code == status
                assert body in (caught.value.response.body or b"")
            assert gateway.sessions == 0

    asyncio.run(main())


def test_a_server_half_has_a_clock_and_both_kinds_of_message(toy: Provider) -> None:
    """Its deadline is kept, text stays text, bytes stay bytes, a long reason is cut between characters."""

    async def main() -> None:
        async with running(public_url="wss://stt.example") as gateway, toy_dial(gateway) as socket:
            assert socket.subprotocol == "toy"
            assert socket.response.headers["x-session"] == "s"
            assert await socket.recv() == "wss://stt.example"
            await socket.send("text")
            assert await socket.recv() == "text"
            await socket.send(b"close")
            assert await socket.recv() == b"close"
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (4000, "ä" * 61)
            await until(lambda: gateway.sessions == 0)

    asyncio.run(main())


@pytest.mark.parametrize(("message", "code"), [("bug", 1011), ("x" * 2000, 1009)])
def test_a_bug_and_a_message_over_the_limit_end_one_conversation(
    toy: Provider, message: str, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """With a close code, and without the exception's text in the log."""

    async def main() -> None:
        async with running() as gateway, toy_dial(gateway) as other, toy_dial(gateway) as socket:
            await socket.recv()
            await socket.send(message)
            await socket.wait_closed()
            assert socket.close_code == code
            await other.send("still there")
            assert "still there" in (await other.recv(), await other.recv())

    asyncio.run(main())
    assert "a bug" not in caplog.text


def test_the_gateway_says_which_extra_it_needs() -> None:
    """Without aiohttp the import names the install line."""
    code = "import sys; sys.modules['aiohttp'] = None; import aai_migrate.gateway"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'aai_migrate[gateway]'" in run.stderr


def test_a_gateway_does_not_start_with_a_token_that_has_expired() -> None:
    """The operator is told at once, not each client."""

    async def main() -> None:
        old = Token("deepgram", Secret("t0ken"), 1_790_000_000.0)
        with pytest.raises(AuthenticationError, match=r"the token expired at 2026-09-21T14:13:20Z; create another one"):
            await Gateway("deepgram", token=old).start()

    asyncio.run(main())
