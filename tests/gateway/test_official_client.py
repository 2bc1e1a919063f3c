"""AssemblyAI's own Python SDK, unmodified, pointed at the gateway."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from aai_migrate.credentials import Credential
from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left
from .program import node, printed

sdk = pytest.importorskip("assemblyai.streaming.v3")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SPOKEN = words(15, seed=8)
TURNS = [SPOKEN[:4], SPOKEN[4:9], SPOKEN[9:]]
SPEECH = encode([*TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2], 1.0])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech."""
    with no_thread_left(), local("coded") as url:
        yield url


class Session:
    """One session of the SDK's client, with what it was told."""

    def __init__(self, url: str, api_key: str | None = "any-key", token: str | None = None) -> None:
        self.told: list[tuple[str, Any]] = []
        self.changed = threading.Condition()
        shown = {"token": token} if token else {"api_key": api_key}
        self.client = sdk.StreamingClient(sdk.StreamingClientOptions(api_host=url, **shown))
        for name in ("Begin", "Turn", "Termination", "Error", "SpeechStarted"):
            self.client.on(sdk.StreamingEvents[name], self._note(name))

    def _note(self, name: str) -> Callable[[Any, Any], None]:
        def note(client: Any, event: Any) -> None:
            with self.changed:
                self.told.append((name, event))
                self.changed.notify_all()

        return note

    def run(self, **params: Any) -> None:
        """Speak, terminate and hang up."""
        self.client.connect(sdk.StreamingParameters(sample_rate=16_000, **params))
        self.client.stream(SPEECH[at : at + 3200] for at in range(0, len(SPEECH), 3200))
        self.client.disconnect(terminate=True)

    def all(self, name: str) -> list[Any]:
        """Return the events called *name*."""
        return [event for told, event in self.told if told == name]

    @property
    def ends(self) -> list[Any]:
        """The ended turns."""
        return [turn for turn in self.all("Turn") if turn.end_of_turn]


@pytest.mark.parametrize(
    ("params", "formatted"),
    [
        ({}, False),
        ({"format_turns": True}, True),
        ({"speech_model": "universal-streaming-english"}, False),
        ({"speech_model": "universal-streaming-multilingual", "format_turns": True}, True),
        ({"speech_model": "u3-rt-pro"}, True),
        ({"speech_model": "u3-rt-pro", "keyterms_prompt": ["Klinke"], "min_turn_silence": 500}, True),
    ],
)
def test_the_official_client_gets_its_session(url: str, params: dict[str, Any], formatted: bool) -> None:
    """Begin first, its turns word for word, Termination last, and no error."""
    session = Session(url)
    session.run(**params)
    assert session.all("Error") == []
    [begin] = session.all("Begin")
    assert session.told[0] == ("Begin", begin)
    assert begin.id
    assert [turn.transcript for turn in session.ends] == [" ".join(turn) for turn in TURNS]
    assert [turn.turn_order for turn in session.ends] == [0, 1, 2]
    assert {turn.turn_is_formatted for turn in session.ends} == {formatted}
    assert [word.text for turn in session.ends for word in turn.words] == list(SPOKEN)
    assert session.told[-1][0] == "Termination"
    assert session.told[-1][1].audio_duration_seconds == round(len(SPEECH) / 32_000)
    starts = len(session.all("SpeechStarted"))
    assert starts == (len(TURNS) if params.get("speech_model") == "u3-rt-pro" else 0)


def test_the_official_client_is_refused_as_in_production() -> None:
    """A wrong key is one Error with code 1008."""
    with local("coded", authenticate=lambda credential: None) as url:
        session = Session(url)
        session.client.connect(sdk.StreamingParameters(sample_rate=16_000))
        with session.changed:
            assert session.changed.wait_for(lambda: session.all("Error"), timeout=10)
        session.client.disconnect(terminate=True)
    [error] = session.all("Error")
    assert error.code == 1008


def test_the_official_client_may_change_and_force_in_mid_session(url: str) -> None:
    """UpdateConfiguration, ForceEndpoint and KeepAlive are understood."""
    session = Session(url)
    session.client.connect(sdk.StreamingParameters(sample_rate=16_000))
    session.client.set_params(sdk.StreamingSessionParameters(min_turn_silence=400))
    session.client.stream(encode([*SPOKEN[:3], 0.1]))
    session.client.keep_alive()
    session.client.force_endpoint()
    with session.changed:
        assert session.changed.wait_for(lambda: session.ends, timeout=10)
    session.client.disconnect(terminate=True)
    assert session.all("Error") == []
    assert [turn.transcript for turn in session.ends] == [" ".join(SPOKEN[:3])]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """HOST:PORT of a gateway behind TLS that knows one key, and the file with the certificate of who vouches for it."""
    pytest.importorskip("cryptography")
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))

    def known(credential: Credential | None) -> str | None:
        return "ana" if credential and credential.secret.reveal() == "right-key" else None

    with no_thread_left(), local("coded", ssl_context=context, authenticate=known) as url:
        yield url.removeprefix("wss://"), str(path)


def test_a_token_of_the_official_client_opens_its_session(
    secure: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS, which is how it asks for one; then it shows the token where the key was, and Begin says how long."""
    host, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    asking = Session(host, "right-key").client
    token = asking.create_temporary_token(expires_in_seconds=60, max_session_duration_seconds=600)
    asking._client._http_client.close()  # the SDK itself never does
    session = Session(host, token=token)
    session.run()
    forged = Session(host, token=token[:-2])
    forged.client.connect(sdk.StreamingParameters(sample_rate=16_000))
    with forged.changed:
        assert forged.changed.wait_for(lambda: forged.all("Error"), timeout=10)
    forged.client.disconnect(terminate=True)
    assert session.all("Error") == []
    [begin] = session.all("Begin")
    assert begin.expires_at
    assert [turn.transcript for turn in session.ends] == [" ".join(turn) for turn in TURNS]
    [error] = forged.all("Error")
    assert error.code == 1008


def test_a_token_of_the_client_of_node(secure: tuple[str, str], tmp_path: Path) -> None:
    """It shows the token in the query, and no key."""
    host, authority = secure
    speech = tmp_path / "speech.raw"
    speech.write_bytes(SPEECH)
    program = [*node("assemblyai_v3.js", "assemblyai-v2"), "assemblyai-v2", f"https://{host}", speech, "right-key"]
    told = printed(program, {"NODE_EXTRA_CA_CERTS": authority})
    assert told.all("granted") == [None]
    assert told.all("refused") == told.all("error") == []
    [begin] = told.all("open")
    assert 0 < begin["lasts"] <= 600
    assert [turn["text"] for turn in told.all("turn") if turn["end"]] == [" ".join(turn) for turn in TURNS]
    assert told.all("finished") == [None]


def test_a_wrong_key_gets_no_token_of_the_client_of_node(secure: tuple[str, str], tmp_path: Path) -> None:
    """It is told why."""
    host, authority = secure
    speech = tmp_path / "speech.raw"
    speech.write_bytes(b"")
    program = [*node("assemblyai_v3.js", "assemblyai-v2"), "assemblyai-v2", f"https://{host}", speech, "wrong-key"]
    told = printed(program, {"NODE_EXTRA_CA_CERTS": authority})
    assert told.all("refused") == [{"text": "Invalid API key"}]
