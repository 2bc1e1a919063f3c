"""Temporary tokens over real sockets: both drivers get one from each vendor's server half, and connect with it."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aai_migrate
from aai_migrate import AuthenticationError, ConfigError, ConnectionLost, Notice, ProviderError, Token, Turn, registry
from aai_migrate.credentials import Credential
from aai_migrate.gateway import local
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.testing import coded
from aai_migrate.tokens import Wanted
from aai_migrate.wire.frames import HttpResponse

pytest.importorskip("cryptography")
NAMES = ["deepgram", "speechmatics", "gladia", "assemblyai-v3", "assemblyai-v2"]
CANARY, WRONG = "canary-9c41", "wrong-key-8812"
SEALED = "the secret that these tests seal with"
SPOKEN = coded.words(3, seed=3)
AUDIO = coded.encode([*SPOKEN, 1.5])
YEAR = 365 * 86_400.0


def only_canary(credential: Credential | None) -> str | None:
    """Let in who shows the key, and nobody with a token that is not sealed."""
    good = credential and credential.kind == "key" and credential.secret.reveal() == CANARY
    return "ana" if good else None


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech that knows one key."""
    with local("coded", authenticate=only_canary, seal_key=SEALED) as url:
        yield url


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is set: what works, works with the token alone."""
    for name in NAMES:
        monkeypatch.delenv(registry.find(name).env or "", raising=False)


def created(driver: str, *given: Any, **more: Any) -> Token:
    """Return a token that the driver was given."""
    if driver == "blocking":
        return aai_migrate.create_token(*given, **more)
    return asyncio.run(aai_migrate.acreate_token(*given, **more))


def heard(driver: str, name: str, **more: Any) -> list[Any]:
    """Return the events of a stream over the coded words."""
    if driver == "blocking":
        with aai_migrate.connect(name, **more) as stream:
            return [*stream.transcribe([AUDIO])]

    async def main() -> list[Any]:
        async with aai_migrate.aconnect(name, **more) as stream:
            return [event async for event in stream.transcribe([AUDIO])]

    return asyncio.run(main())


def said(events: list[Any]) -> list[str]:
    ended = [event for event in events if isinstance(event, Turn) and event.end_of_turn]
    return [word.strip(".,?!").lower() for turn in ended for word in turn.transcript.split()]


def stale(name: str, url: str) -> str:
    """Return a token that the vendor's server half gave a year ago."""
    provider, seal = registry.find(name), Seal(SEALED)
    assert provider.tokens
    assert provider.server
    settings = aai_migrate.settings.resolve(name, {"base_url": url}, api_key=CANARY)
    wanted = Wanted(config=settings.config, credential=settings.credentials(), seconds=60)
    made = Context(
        new_id=lambda: "id",
        epoch=time.time() - YEAR,
        random=random.Random(0),
        authenticate=only_canary,
        seal=seal.seal,
        unseal=seal.unseal,
    )
    (answer,) = provider.server(made).receive(provider.tokens.ask(wanted), 0.0)
    assert isinstance(answer, HttpResponse)
    return provider.tokens.read(wanted, answer).secret.reveal()


DRIVERS = pytest.mark.parametrize("driver", ["blocking", "asyncio"])
EACH = pytest.mark.parametrize("name", NAMES)


@DRIVERS
@EACH
def test_a_token_opens_a_session(url: str, driver: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Got with the key, used without it: the coded words come back; no log has either."""
    caplog.set_level(logging.DEBUG)
    before = time.time()
    token = created(driver, name, api_key=CANARY, base_url=url)
    assert token.provider == name
    tokens = registry.find(name).tokens
    assert tokens
    if tokens.lifetime is None:
        assert token.expires_at is None
    else:
        assert token.expires_at
        assert before <= token.expires_at - tokens.lifetime[1] <= time.time()
    events = heard(driver, name, token=token, base_url=url)
    assert said(events) == list(SPOKEN)
    shown = "\n".join([caplog.text, repr(token), repr(events)])
    assert CANARY not in shown
    assert token.reveal() not in shown
    assert token.reveal().rpartition("=")[2] not in shown


@EACH
def test_a_plain_string_is_good_as_well(url: str, name: str) -> None:
    """As a browser is given it; a callable yields one for every connection, async ones too."""
    plain = created("blocking", name, api_key=CANARY, base_url=url).reveal()
    assert said(heard("blocking", name, token=plain, base_url=url)) == list(SPOKEN)

    async def fresh() -> Token:
        return await aai_migrate.acreate_token(name, api_key=CANARY, base_url=url)

    assert said(heard("asyncio", name, token=fresh, base_url=url)) == list(SPOKEN)
    assert said(
        heard("blocking", name, token=lambda: created("blocking", name, api_key=CANARY, base_url=url), base_url=url)
    )


@DRIVERS
@pytest.mark.parametrize("forged", [False, True], ids=["expired", "forged"])
@EACH
def test_a_token_that_is_not_good_is_refused(url: str, driver: str, name: str, forged: bool) -> None:
    """In the vendor's own way, which is an AuthenticationError of ours; nothing of it is shown."""
    token = stale(name, url)
    if forged:
        token = f"{token[:-12]}{'A' * 12}"
    with pytest.raises(AuthenticationError) as caught:
        heard(driver, name, token=token, base_url=url)
    assert token.rpartition("=")[2] not in "".join(traceback.format_exception(caught.value))


@DRIVERS
@EACH
def test_a_wrong_key_gets_no_token(url: str, driver: str, name: str) -> None:
    """The vendor's reason comes, the key does not."""
    with pytest.raises(AuthenticationError) as caught:
        created(driver, name, api_key=WRONG, base_url=url)
    assert caught.value.status == 401
    assert caught.value.reason
    assert WRONG not in "".join(traceback.format_exception(caught.value))


@DRIVERS
@EACH
def test_an_expired_token_dials_nobody(driver: str, name: str) -> None:
    """It is known to be over, so the address is not even looked at."""
    old = Token(name, aai_migrate.Secret("wss://h.invalid/v2/live?token=t"), 1_790_000_000.0)
    with pytest.raises(AuthenticationError, match=r"the token expired at 2026-09-21T14:13:20Z; create another one, or"):
        heard(driver, name, token=old, base_url="ws://h.invalid")


@DRIVERS
def test_what_is_wrong_is_said_before_dialling(driver: str) -> None:
    """Limits, a vendor without tokens, one that is retired, and a missing key."""
    for given, says in (
        (("deepgram", {"seconds": 3601}), "seconds must be a number from 1 to 3600 with deepgram, not 3601"),
        (("assemblyai-v3", {"session_seconds": 59}), "session_seconds must be a whole number from 60 to 10800"),
        (("speechmatics", {"session_seconds": 90}), "a token of speechmatics limits no session"),
        (("gladia", {"seconds": 60}), "gladia lets nobody choose how long a token lives"),
        (("assemblyai-v2", {}), "retired"),
        (("coded", {"api_key": None}), "coded gives no temporary tokens: it needs no key"),
        (("deepgram", {"api_key": None}), "deepgram needs a key: set DEEPGRAM_API_KEY"),
        (("gladia", {"languge": "de"}), "unknown option 'languge'"),
    ):
        name, more = given
        with pytest.raises(ConfigError, match=says):
            created(driver, name, **{"api_key": CANARY, **more})


@DRIVERS
def test_a_vendor_that_cannot_be_reached(driver: str) -> None:
    """As with a session: the cause, and the name of the vendor."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionLost, match=r"^deepgram: connection refused"):
        created(driver, "deepgram", api_key=CANARY, base_url=f"http://127.0.0.1:{port}")


@DRIVERS
def test_a_vendor_that_says_nothing_is_waited_for_so_long(driver: str) -> None:
    """``connect_timeout`` is the time for all of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionLost, match=r"^deepgram: no answer in time"):
            created(driver, "deepgram", api_key=CANARY, base_url=address, connect_timeout=0.05)


class TestGladia:
    """Its token is a session that waits, with the settings of the POST."""

    @DRIVERS
    def test_no_second_request_is_made(self, url: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The URL opens the session, without a base URL and without a key."""
        token = created(driver, "gladia", api_key=CANARY, base_url=url, language="de")
        assert token.reveal().startswith(f"{url}/v2/live?token=")
        events = heard(driver, "gladia", token=token)
        assert said(events) == list(SPOKEN)
        (begin,) = [event for event in events if isinstance(event, aai_migrate.Begin)]
        assert begin.settings["language_config"] == {"languages": ["de"]}

    def test_what_it_was_not_made_with_is_told(self, url: str) -> None:
        """With the names of what cannot be set any more; what is the same is not."""
        token = created("blocking", "gladia", api_key=CANARY, base_url=url, language="de", turn_silence=0.5)
        for options, told in (
            ({"language": "de", "turn_silence": 0.5}, []),
            ({}, []),
            (
                {"language": "fr"},
                [
                    "gladia: the session of this token was made with another language_config, which cannot be "
                    "changed: create a token with the same settings"
                ],
            ),
        ):
            events = heard("blocking", "gladia", token=token, **options)
            notices = [
                event.message for event in events if isinstance(event, Notice) and event.code == "token_settings"
            ]
            assert notices == told
            token = created("blocking", "gladia", api_key=CANARY, base_url=url, language="de", turn_silence=0.5)

    def test_of_a_plain_url_nothing_is_known(self, url: str) -> None:
        """So all that is asked for is told."""
        token = created("blocking", "gladia", api_key=CANARY, base_url=url).reveal()
        events = heard("blocking", "gladia", token=token, language="de", turn_silence=0.5)
        (notice,) = [event for event in events if isinstance(event, Notice) and event.code == "token_settings"]
        assert notice.message == (
            "gladia: a token fixes the settings of its session, so endpointing, language_config cannot be set any "
            "more: ask for them where the token is created"
        )

    def test_other_audio_is_an_error(self, url: str) -> None:
        """It would be heard as noise."""
        token = created("blocking", "gladia", api_key=CANARY, base_url=url, sample_rate=8000)
        with pytest.raises(ConfigError, match=r"session for other audio: sample_rate 8000; create one with these"):
            aai_migrate.connect("gladia", token=token, sample_rate=16_000)

    def test_what_is_no_address(self) -> None:
        """A token of another kind is not shown."""
        with pytest.raises(ConfigError, match=r"a token of gladia is the address of a session") as caught:
            aai_migrate.connect("gladia", token=CANARY)
        assert CANARY not in "".join(traceback.format_exception(caught.value))


class _Vendor(BaseHTTPRequestHandler):
    """Refuses every request, and repeats the key that came."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        shown = self.headers["Authorization"]
        body = f'{{"err_code":"FORBIDDEN","err_msg":"no grant for {shown}"}}'.encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@DRIVERS
def test_a_vendor_that_repeats_the_key(driver: str) -> None:
    """Its words come without it, and with what to do about a key that is too weak."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with pytest.raises(ProviderError) as caught:
            created(driver, "deepgram", api_key=CANARY, base_url=f"http://127.0.0.1:{server.server_port}/v1/listen")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert isinstance(caught.value, AuthenticationError)
    assert str(caught.value) == (
        "deepgram: no grant for Token ***; a key needs the role Member or a higher one to create tokens "
        "(HTTP 403, code FORBIDDEN)"
    )


def test_the_key_may_come_from_a_callable(url: str) -> None:
    """A plain one for both drivers, an async one where it can be awaited."""
    plain: Callable[[], str] = lambda: CANARY  # noqa: E731
    assert created("blocking", "deepgram", api_key=plain, base_url=url).provider == "deepgram"

    async def later() -> str:
        return CANARY

    assert created("asyncio", "deepgram", api_key=later, base_url=url).provider == "deepgram"
    with pytest.raises(ConfigError, match="the callable given as api_key is async"):
        created("blocking", "deepgram", api_key=later, base_url=url)
