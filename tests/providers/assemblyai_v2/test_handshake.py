"""The client half's handshake: literal URLs, headers and first messages, and what is refused before dialling."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aai_migrate_providers.assemblyai_v2.client import Client

import aai_migrate
from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AuthenticationError, BadRequest, ConfigError, ConnectionLost, UnsupportedOption
from aai_migrate.wire.commands import Audio, Start
from aai_migrate.wire.events import Failed, Started, Warned
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Message, Refused

from .wire import BEGINS, KEY, PATH, URL, context, dialled, hear

PLAIN = f"{URL}{PATH}?sample_rate=16000&encoding=pcm_s16le"


def query(config: Config) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(dialled(config)[1].url).query))


def test_a_key_goes_into_the_header_as_it_is() -> None:
    """Nothing is sent unasked but what the audio is."""
    assert dialled()[1] == Connect(PLAIN, {"Authorization": "k3y-of-a-test"})


def test_a_token_goes_into_the_query_without_a_header() -> None:
    """As the vendor's SDKs do; no repr shows it."""
    _, connect = dialled(credential=Credential(Secret("t0k+en"), "token"))
    assert connect == Connect(f"{PLAIN}&token=t0k%2Ben", {})
    assert "t0k" not in repr(connect)


def test_without_a_credential_neither() -> None:
    """A server of one's own may need none."""
    assert dialled(credential=None)[1] == Connect(PLAIN, {})


@pytest.mark.parametrize(
    ("config", "more"),
    [
        (Config(audio=AudioFormat(8000, "pcm_mulaw")), {"sample_rate": "8000", "encoding": "pcm_mulaw"}),
        (Config(partials=False), {"disable_partial_transcripts": "true"}),
        (Config(partials=True), {"disable_partial_transcripts": "false"}),
        (Config(keyterms=("Zander", "IBAN & Co")), {"word_boost": '["Zander", "IBAN & Co"]'}),
        (Config(keyterms=("é" * 2500,)), {"word_boost": '["' + "\\u00e9" * 2500 + '"]'}),
        (Config(language="en-GB", formatting=True, model="realtime"), {}),
        (Config(diarization=False, pii_redaction=False, profanity_filter=False), {}),
        (Config(turn_silence=0.5), {}),
        (
            Config(extra={"assemblyai-v2": {"enable_extra_session_information": True}}),
            {"enable_extra_session_information": "true"},
        ),
    ],
)
def test_settings_in_the_query(config: Config, more: dict[str, str]) -> None:
    """In the vendor's own spelling; the silence that ends an utterance is none of them."""
    assert query(config) == {"sample_rate": "16000", "encoding": "pcm_s16le"} | more


@pytest.mark.parametrize(("seconds", "value"), [(0, "0"), (0.0005, "0"), (0.7, "700"), (20, "20000")])
def test_the_silence_is_the_first_message(seconds: float, value: str) -> None:
    """Right behind the upgrade, before the server has said anything."""
    client, _ = dialled(Config(turn_silence=seconds))
    assert client.receive(Connected(), 0.1) == [Message(f'{{"end_utterance_silence_threshold": {value}}}')]
    [begun] = hear(client, BEGINS)
    assert isinstance(begun, Started)
    assert begun.settings["end_utterance_silence_threshold"] == int(value)


def test_without_one_there_is_no_first_message() -> None:
    """The vendor's own 700 ms stay."""
    assert dialled()[0].receive(Connected(), 0.1) == []


def test_session_begins() -> None:
    """A time without a zone is UTC; what was sent is shown without the token."""
    client, _ = dialled(Config(partials=False), Credential(Secret("t0ken"), "token"))
    assert hear(client, BEGINS) == [
        Started(
            session_id="5a1d3b0c-9f1e-4d0a-8f57-2f0b5c6f7e10",
            model="realtime",
            expires_at=1_741_091_400.118204,
            settings={"sample_rate": 16_000, "encoding": "pcm_s16le", "disable_partial_transcripts": True},
        )
    ]
    assert hear(client, BEGINS) == []


@pytest.mark.parametrize(
    ("expires_at", "time"),
    [
        ('"2025-03-04T12:30:00"', 1_741_091_400.0),
        ('"2025-03-04T12:30:00Z"', 1_741_091_400.0),
        ('"2025-03-04T13:30:00+01:00"', 1_741_091_400.0),
        ("1741091400", 1_741_091_400.0),
        ('"tomorrow"', None),
        ('"0001-01-01T00:00:00+23:59"', -62_135_683_140.0),
        ("[]", None),
        ("NaN", None),
    ],
)
def test_any_expiry_is_read(expires_at: str, time: float | None) -> None:
    """Servers that stand in for the vendor spell it in other ways."""
    [begun] = hear(dialled()[0], f'{{"message_type":"SessionBegins","expires_at":{expires_at}}}')
    assert isinstance(begun, Started)
    assert (begun.session_id, begun.expires_at) == (None, time)


# Refused before dialling.


def test_the_vendors_own_host_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says since when, what to use instead, and what to do with a server of one's own."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "k" * 32)
    with pytest.raises(ConfigError) as raised:
        aai_migrate.connect("assemblyai-v2")
    assert str(raised.value) == (
        "assemblyai-v2: AssemblyAI retired its realtime API v2 in late 2025; use assemblyai-v3, or set base_url to a "
        "server of your own that still speaks v2"
    )


def start(**options: Any) -> list[Any]:
    return Client(context()).send(Start(Config(base_url=URL, **options), KEY), 0.0)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_turn_silence": 2}, "max_turn_silence"),
        ({"diarization": True}, "diarization"),
        ({"profanity_filter": True}, "profanity_filter"),
        ({"pii_redaction": True}, "pii_redaction"),
        ({"region": "eu"}, "region"),
    ],
)
def test_what_it_lacks(options: dict[str, Any], name: str) -> None:
    """The error names what has it; on the caller's wish it is left out."""
    with pytest.raises(UnsupportedOption, match=f"^assemblyai-v2 has no {name}; assemblyai-v3 has it; "):
        start(**options)
    warned, connect = start(on_unsupported="warn", **options)
    assert warned == Warned("unsupported", f"assemblyai-v2 has no {name}; going on without it")
    assert connect.url == PLAIN


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"language": "de"}, "language 'de' is not offered; it has English only"),
        ({"formatting": False}, "formatting cannot be turned off"),
        ({"turn_silence": 20.1}, "turn_silence must be 0 to 20 s, not 20.1"),
        ({"keyterms": ("a" * 2000, "b" * 501)}, "keyterms takes at most 2500 characters in all, not 2501"),
    ],
)
def test_values_beyond_its_limits(options: dict[str, Any], says: str) -> None:
    """In words that name the option; on the caller's wish it is left out."""
    with pytest.raises(ConfigError) as raised:
        start(**options)
    assert str(raised.value) == f"assemblyai-v2: {says}"
    warned, connect = start(on_unsupported="warn", **options)
    assert warned == Warned("unsupported", f"assemblyai-v2: {says}; going on without it")
    assert connect.url == PLAIN


def test_a_model_cannot_be_chosen() -> None:
    """The wire has no word for one."""
    with pytest.raises(ConfigError, match=r"^assemblyai-v2 has one model, which cannot be chosen; leave 'best' out$"):
        start(model="best")
    warned, connect = start(model="best", on_unsupported="warn")
    assert warned == Warned("unsupported", "assemblyai-v2 has one model, which cannot be chosen; going on without it")
    assert connect.url == PLAIN


@pytest.mark.parametrize(("word", "instead"), [("sample_rate", "sample_rate"), ("token", "token")])
def test_words_that_are_ours_to_set(word: str, instead: str) -> None:
    """What has an argument is not given in the vendor's words."""
    with pytest.raises(ConfigError, match=f"^assemblyai-v2: extra must not hold '{word}'; pass {instead} instead$"):
        start(extra={"assemblyai-v2": {word: 1}})


@pytest.mark.parametrize(
    ("word", "value", "wrong"),
    [
        ("end_utterance_silence_threshold", 25_000, "must not be greater than 20000"),
        ("end_utterance_silence_threshold", -1, "must not be less than 0"),
        ("end_utterance_silence_threshold", "abc", "must be an integer number"),
        ("word_boost", "abc", "is wrong: expected a JSON list of strings"),
        ("word_boost", ["a" * 2501], "takes at most 2500 characters in all, not 2501"),
        ("disable_partial_transcripts", "maybe", "is wrong: expected true or false"),
        ("enable_extra_session_information", 7, "is wrong: expected true or false"),
    ],
)
def test_a_wrong_value_in_the_vendors_words_is_not_sent(word: str, value: Any, wrong: str) -> None:
    """It is said before anybody is dialled."""
    extra = {"assemblyai-v2": {word: value}}
    with pytest.raises(ConfigError, match=f"^assemblyai-v2: {word} {wrong}$"):
        start(extra=extra)
    warned, connect = start(extra=extra, on_unsupported="warn")
    assert warned == Warned("invalid", f"assemblyai-v2: {word} {wrong}; going on without it")
    assert connect.url == PLAIN


def test_an_unknown_word_is_sent_with_a_warning() -> None:
    """A server of one's own may have learnt more."""
    warned, connect = start(extra={"assemblyai-v2": {"speed": 2}})
    assert warned == Warned("unknown_extra", "assemblyai-v2: 'speed' is not a parameter we know; sent as it is")
    assert connect.url == f"{PLAIN}&speed=2"


def test_nothing_may_come_before_session_begins() -> None:
    """But for Start; and there is nothing to resume."""
    with pytest.raises(RuntimeError, match="Audio before the session has begun"):
        dialled()[0].send(Audio(b"\0\0"), 0.0)


# Refused by the server.


@pytest.mark.parametrize(
    ("frame", "kind", "text"),
    [
        (Refused(401, {}, b'{"error":"Not Authorized"}'), AuthenticationError, "Not Authorized (HTTP 401)"),
        (Refused(503), ConnectionLost, "the handshake was refused (HTTP 503)"),
        (Lost("dns", "far.test"), ConnectionLost, "host name not found: far.test"),
        (Close(1000), ConnectionLost, "the server closed the connection before it began (code 1000)"),
        (Close(4001), AuthenticationError, "Not Authorized (code 4001)"),
    ],
)
def test_a_failed_handshake(frame: Any, kind: type[Exception], text: str) -> None:
    """One typed error with the server's text."""
    client, _ = dialled()
    [failed] = client.receive(frame, 0.1)
    assert isinstance(failed, Failed)
    assert (type(failed.error), str(failed.error)) == (kind, f"assemblyai-v2: {text}")
    assert client.receive(Message(BEGINS), 0.2) == []


@pytest.mark.parametrize(
    "frame",
    [
        Refused(404, {}, b"Not Found"),
        Refused(410, {}, b'{"error":"Deprecated endpoint"}'),
        Refused(401, {}, b'{"error":"Model deprecated. See docs for new model information: https://x"}'),
        Close(410, "Deprecated endpoint"),
        Close(4001, "Model deprecated. See docs for new model information: https://x"),
    ],
)
def test_what_says_that_the_service_has_gone(frame: Any) -> None:
    """An error that cannot be tried again, with what to use instead."""
    [failed] = dialled()[0].receive(frame, 0.1)
    assert isinstance(failed, Failed)
    assert type(failed.error) is BadRequest
    assert not failed.error.retryable
    assert failed.error.reason.endswith("; AssemblyAI retired its realtime API v2 in late 2025; use assemblyai-v3")


def test_the_registry_has_it() -> None:
    """By its own name; without a version ``assemblyai`` means v3."""
    assert registry.find("assemblyai-v2").name == "assemblyai-v2"
    assert registry.find("assemblyai").name == "assemblyai-v3"
