"""Both client halves' handshakes: what is dialled for which options, and what is refused before or by the vendor."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aai_migrate_providers.deepgram import PROVIDER
from attrs import evolve

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config, configure
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    ProviderError,
    QuotaExceeded,
    UnsupportedOption,
)
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Resume, Silence, Start, Stop
from aai_migrate.wire.events import Failed, Started, Warned
from aai_migrate.wire.frames import Connect, Connected, Message, Refused

from .wire import CONNECTED, FLUX_EN, FLUX_ID, KEY, LISTEN_ID, asking, context, dialled, hear, started

DEFAULTS = {"interim_results": "true", "punctuate": "true", "endpointing": "700", "utterance_end_ms": "1000"}
NOVA = {"model": "nova-3", "encoding": "linear16", "sample_rate": "16000", **DEFAULTS}
FLUX = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000"}
CANARY = "canary-7f3e-of-a-key"


def query(**options: Any) -> dict[str, str | list[str]]:
    """The query of a session, without its order; what is repeated is a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(urlsplit(dialled(configure(options)).url).query, keep_blank_values=True):
        found[name] = (
            [*([found[name]] if isinstance(found[name], str) else found[name]), value] if name in found else value
        )
    return found


# Where.


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "wss://api.deepgram.com/v1/listen"),
        ({"region": "us"}, "wss://api.deepgram.com/v1/listen"),
        ({"region": "eu"}, "wss://api.eu.deepgram.com/v1/listen"),
        ({"region": "au"}, "wss://api.au.deepgram.com/v1/listen"),
        ({"model": "flux-general-en"}, "wss://api.deepgram.com/v2/listen"),
        ({"model": "flux-general-multi", "region": "eu"}, "wss://api.eu.deepgram.com/v2/listen"),
        ({"base_url": "ws://127.0.0.1:8080"}, "ws://127.0.0.1:8080/v1/listen"),
        ({"base_url": "https://abc.us-east.api.deepgram.com/"}, "wss://abc.us-east.api.deepgram.com/v1/listen"),
        ({"base_url": "ws://h:1/proxy/v1/listen"}, "ws://h:1/proxy/v1/listen"),
        ({"base_url": "ws://h:1/proxy", "model": "flux-general-en"}, "ws://h:1/proxy/v2/listen"),
    ],
)
def test_the_address(options: dict[str, Any], address: str) -> None:
    """A host for each region, a path for each kind of model, or the caller's own."""
    assert dialled(configure(options)).url.partition("?")[0] == address


# As whom.


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_a_key_is_a_token_and_a_token_a_bearer(config: Config) -> None:
    """A key under Bearer fails, and a token under Token is not documented; no credential is none."""
    assert dialled(config).headers == {"Authorization": "Token k3y-of-a-test"}
    assert dialled(config, Credential(Secret("j.w.t"), "token")).headers == {"Authorization": "Bearer j.w.t"}
    assert dialled(config, None).headers == {}
    assert dialled(config).subprotocols == ()


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_the_key_is_shown_nowhere_else(config: Config) -> None:
    """Not in what is said, and not in what is said of it."""
    credential = Credential(Secret(CANARY))
    client, out = asking(config, credential)
    out += client.receive(Connected({"dg-request-id": LISTEN_ID}), 0.0)
    out += client.receive(Message(CONNECTED), 0.0)
    assert any(isinstance(item, Started) for item in out)
    assert CANARY not in repr(out)
    assert all(CANARY not in item.url for item in out if isinstance(item, Connect))
    assert all(CANARY not in str(item.settings) for item in out if isinstance(item, Started))


# With what.


def test_the_handshake_of_nothing_asked() -> None:
    """Nova-3 with interim results; a turn ends after 700 ms, or after a second without a word."""
    assert query() == NOVA


def test_the_handshake_of_flux() -> None:
    """It takes no word of the other path."""
    assert query(model="flux-general-en") == FLUX


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"model": "nova-2-medical"}, {"model": "nova-2-medical"}),
        ({"language": "en-US"}, {"language": "en-US"}),
        ({"languages": ("en", "es")}, {"language": "multi"}),
        ({"partials": True}, {}),
        ({"partials": False}, {"interim_results": "false", "utterance_end_ms": None}),
        ({"formatting": False}, {"punctuate": "false"}),
        ({"turn_silence": 0.3}, {"endpointing": "300"}),
        ({"turn_silence": 2}, {"endpointing": "2000", "utterance_end_ms": "2000"}),
        ({"turn_silence": 5}, {"endpointing": "5000", "utterance_end_ms": "5000"}),
        ({"turn_silence": 5.001}, {"endpointing": "5001", "utterance_end_ms": None}),
        ({"turn_silence": 6}, {"endpointing": "6000", "utterance_end_ms": None}),
        ({"turn_silence": 2, "max_turn_silence": 1.5}, {"endpointing": "2000", "utterance_end_ms": "1500"}),
        ({"max_turn_silence": 5}, {"utterance_end_ms": "5000"}),
        ({"keyterms": ("Ankh Morpork", "a&b=c")}, {"keyterm": ["Ankh Morpork", "a&b=c"]}),
        ({"keyterms": ("one",)}, {"keyterm": "one"}),
        ({"model": "base", "keyterms": ("one",)}, {"model": "base", "keywords": "one"}),
        ({"diarization": True}, {"diarize": "true"}),
        ({"diarization": False}, {"diarize": "false"}),
        ({"profanity_filter": True}, {"profanity_filter": "true"}),
        ({"pii_redaction": True}, {"redact": ["pci", "ssn", "numbers"]}),
        ({"pii_redaction": False}, {"redact": "false"}),
        ({"sample_rate": 8000, "encoding": "pcm_mulaw"}, {"encoding": "mulaw", "sample_rate": "8000"}),
        ({"encoding": "pcm_alaw"}, {"encoding": "alaw"}),
        ({"encoding": "pcm_f32le"}, {"encoding": "linear32"}),
        ({"audio_channels": 2, "channels": "separate"}, {"channels": "2", "multichannel": "true"}),
        (
            {"extra": {"deepgram": {"smart_format": True, "endpointing": False}}},
            {"smart_format": "true", "endpointing": "false"},
        ),
        ({"extra": {"deepgram": {"extra": {"call": 7}, "tag": ["a", "b"]}}}, {"extra": "call:7", "tag": ["a", "b"]}),
        ({"extra": {"deepgram": {"replace": ["a:b"], "mip_opt_out": True}}}, {"replace": "a:b", "mip_opt_out": "true"}),
        ({"extra": {"deepgram": {"keyterm": None}}}, {}),
        ({"extra": {"deepgram": {"interim_results": False}}}, {"interim_results": "false", "utterance_end_ms": None}),
        ({"extra": {"deepgram": {"interim_results": "False"}}}, {"interim_results": "false", "utterance_end_ms": None}),
        (
            {"extra": {"deepgram": {"smart_format": "True", "dictation": 1}}},
            {"smart_format": "true", "dictation": "true"},
        ),
        ({"extra": {"deepgram": {"endpointing": "FALSE"}}}, {"endpointing": "false"}),
        ({"partials": False, "extra": {"deepgram": {"interim_results": True}}}, {}),
        ({"extra": {"gladia": {"smart_format": True}}}, {}),
    ],
)
def test_what_is_asked_for(options: dict[str, Any], asked: dict[str, Any]) -> None:
    """Beyond the defaults, or in their place; None: not at all."""
    expected = {name: value for name, value in {**NOVA, **asked}.items() if value is not None}
    assert query(**options) == expected


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"language": "en-US"}, {}),
        ({"model": "flux-general-multi", "language": "de-CH"}, {"model": "flux-general-multi", "language_hint": "de"}),
        (
            {"model": "flux-general-multi", "languages": ("en", "de")},
            {"model": "flux-general-multi", "language_hint": ["en", "de"]},
        ),
        ({"partials": False}, {}),
        ({"max_turn_silence": 6}, {"eot_timeout_ms": "6000"}),
        ({"keyterms": ("a", "b c")}, {"keyterm": ["a", "b c"]}),
        ({"pii_redaction": True}, {"redact": "numbers"}),
        ({"pii_redaction": False}, {}),
        ({"profanity_filter": False}, {"profanity_filter": "false"}),
        ({"sample_rate": 48_000, "encoding": "pcm_f32le"}, {"encoding": "linear32", "sample_rate": "48000"}),
        (
            {"extra": {"deepgram": {"eager_eot_threshold": 0.4, "eot_threshold": 0.8}}},
            {"eager_eot_threshold": "0.4", "eot_threshold": "0.8"},
        ),
        ({"extra": {"deepgram": {"force_end_turn": False, "numerals": True}}}, {"numerals": "true"}),
    ],
)
def test_what_flux_is_asked_for(options: dict[str, Any], asked: dict[str, Any]) -> None:
    """A word that is ours is not sent."""
    assert query(**{"model": "flux-general-en", **options}) == FLUX | asked


def test_the_whole_url_of_everything_asked() -> None:
    """As the vendor reads it: form-urlencoded, lists as repeated names, booleans in lower case."""
    options = {
        "model": "nova-3",
        "audio_channels": 2,
        "channels": "separate",
        "language": "en-GB",
        "partials": True,
        "formatting": True,
        "turn_silence": 0.3,
        "max_turn_silence": 1.2,
        "keyterms": ("Ankh Morpork", "tretinoin"),
        "diarization": True,
        "profanity_filter": False,
        "pii_redaction": True,
        "region": "eu",
        "extra": {"deepgram": {"smart_format": True, "tag": ["gw-test"], "extra": {"call": "a b"}}},
    }
    head, _, asked = dialled(configure(options)).url.partition("?")
    assert head == "wss://api.eu.deepgram.com/v1/listen"
    assert sorted(asked.split("&")) == [
        "channels=2",
        "diarize=true",
        "encoding=linear16",
        "endpointing=300",
        "extra=call%3Aa+b",
        "interim_results=true",
        "keyterm=Ankh+Morpork",
        "keyterm=tretinoin",
        "language=en-GB",
        "model=nova-3",
        "multichannel=true",
        "profanity_filter=false",
        "punctuate=true",
        "redact=numbers",
        "redact=pci",
        "redact=ssn",
        "sample_rate=16000",
        "smart_format=true",
        "tag=gw-test",
        "utterance_end_ms=1200",
    ]


# What is refused before anything is dialled.


@pytest.mark.parametrize(
    ("model", "options", "option", "text"),
    [
        ("flux-general-en", {"turn_silence": 0.5}, "turn_silence", "use max_turn_silence"),
        ("flux-general-en", {"diarization": True}, "diarization", "choose model nova-3"),
        ("flux-general-en", {"languages": ("en", "de")}, "languages", "choose model flux-general-multi"),
        ("nova-3-medical", {"languages": ("en", "de")}, "languages", "choose model nova-3"),
    ],
)
def test_an_option_that_the_model_lacks(model: str, options: dict[str, Any], option: str, text: str) -> None:
    """Is refused with option, vendor, model and what to do."""
    with pytest.raises(UnsupportedOption) as caught:
        asking(configure({"model": model, **options}))
    assert (caught.value.option, caught.value.provider, caught.value.model) == (option, "deepgram", model)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("model", "words", "text"),
    [
        ("nova-2", {"keyterm": ["x"]}, "deepgram: keyterm: is for Nova-3 models, not for nova-2; use keywords"),
        ("nova-3", {"keyterm": ["x"] * 501}, "deepgram: keyterm: takes at most 500 tokens in all; these are 501 words"),
        ("nova-3", {"tag": ["x" * 129]}, "deepgram: tag: takes at most 128 characters; one has 129"),
        ("nova-3", {"extra": {"k": "x" * 2047}}, "deepgram: extra: takes at most 2048 characters; one has 2049"),
        ("nova-3", {"diarize_model": "v2"}, "deepgram: diarize_model: expected one of latest, v1, not 'v2'"),
        ("nova-3", {"redact": ["pii"]}, "deepgram: redact: expected one of"),
        ("nova-3", {"smart_format": "yes"}, "deepgram: smart_format: expected true or false"),
        (
            "flux-general-en",
            {"eager_eot_threshold": 0.8},
            "deepgram: eager_eot_threshold: must not be above eot_threshold",
        ),
        ("flux-general-en", {"eot_threshold": 0.4}, "deepgram: eot_threshold: must be 0.5 to 1, not 0.4"),
        ("flux-general-en", {"eot_timeout_ms": 400}, "deepgram: eot_timeout_ms: must be 500 to 60000, not 400"),
        ("flux-general-en", {"language_hint": ["en"]}, "deepgram: language_hint: is for flux-general-multi"),
        ("flux-general-multi", {"language_hint": ["pl"]}, "deepgram: language_hint: expected among de, en"),
        ("flux-general-en", {"tag": ["x" * 129]}, "deepgram: tag: takes at most 128 characters; one has 129"),
    ],
)
def test_a_word_in_extra_that_the_vendor_would_refuse(model: str, words: dict[str, Any], text: str) -> None:
    """Is refused here; who prefers a warning goes on without it."""
    with pytest.raises(ConfigError) as caught:
        asking(Config(model=model, extra={"deepgram": words}))
    assert str(caught.value).startswith(text)
    config = Config(model=model, extra={"deepgram": words}, on_unsupported="warn")
    warned, connect = asking(config)[1]
    assert isinstance(warned, Warned)
    assert warned.message.startswith(text)
    assert warned.message.endswith("; going on without it")
    assert isinstance(connect, Connect)
    assert f"&{next(iter(words))}=" not in connect.url


def test_a_language_in_the_vendors_own_word_is_not_checked() -> None:
    """Models learn languages faster than a table of them is printed again."""
    connect = asking(Config(extra={"deepgram": {"language": "tlh"}}))[1][-1]
    assert isinstance(connect, Connect)
    assert "&language=tlh" in connect.url


@pytest.mark.parametrize(
    ("model", "word", "value"),
    [("flux-general-en", "vad_events", True), ("flux-general-en", "endpointing", 25), ("nova-3", "eot_threshold", 0.8)],
)
def test_a_word_of_the_other_path(model: str, word: str, value: Any) -> None:
    """Is refused by name; who prefers a warning goes on without it, such as a client of one path before the other."""
    config = Config(model=model, extra={"deepgram": {word: value, "tag": "a"}})
    with pytest.raises(ConfigError, match=f"deepgram/{model} has no {word}: other models have; leave it out of extra"):
        asking(config)
    warned, connect = asking(evolve(config, on_unsupported="warn"))[1]
    assert isinstance(warned, Warned)
    assert warned.message.endswith(f"has no {word}: other models have; going on without it")
    assert isinstance(connect, Connect)
    assert f"{word}={value}".lower() not in connect.url
    assert connect.url.endswith("&tag=a")


@pytest.mark.parametrize(
    ("word", "argument"),
    [
        ("model", "model"),
        ("encoding", "encoding"),
        ("sample_rate", "sample_rate"),
        ("channels", "audio_channels"),
        ("multichannel", "channels='separate'"),
        ("access_token", "token"),
    ],
)
def test_a_word_that_is_ours_to_set(word: str, argument: str) -> None:
    """Is refused with the argument that sets it."""
    with pytest.raises(ConfigError, match=f"deepgram: extra must not hold '{word}'; pass {argument}"):
        asking(Config(extra={"deepgram": {word: "x"}}))


def test_gaps_between_words_need_interim_results() -> None:
    """They are seen in those only."""
    with pytest.raises(ConfigError, match="needs interim_results; do not turn partials off"):
        asking(Config(partials=False, max_turn_silence=2))


def test_what_we_do_not_know_is_sent_with_a_warning() -> None:
    """Somebody has to say that it may be misspelt."""
    out = asking(Config(model="nova-9", extra={"deepgram": {"endpoint": 3}}))[1]
    assert out[:2] == [
        Warned("unknown_model", "deepgram: model 'nova-9' is not in our table; asked for as it is"),
        Warned(
            "unknown_extra",
            "deepgram: 'endpoint' is not a parameter we know (did you mean endpointing?); sent as it is",
        ),
    ]
    assert isinstance(out[2], Connect)
    assert "endpoint=3" in out[2].url


def test_warn_mode_goes_on_without() -> None:
    """The option is left out and the caller is told."""
    warned, connect = asking(Config(keyterms=("x",) * 501, on_unsupported="warn"))[1]
    assert warned == Warned(
        "unsupported", "deepgram: keyterms takes at most 500 tokens in all; these are 501 words; going on without it"
    )
    assert isinstance(connect, Connect)
    assert "keyterm" not in connect.url


@pytest.mark.parametrize(
    ("config", "words", "text", "sent"),
    [
        (
            {"model": "flux-general-en", "pii_redaction": True},
            {"redact": ("pci",)},
            "deepgram: redact: expected one of numbers, aggressive_numbers",
            "redact=numbers",
        ),
        ({}, {"endpointing": "soon"}, "deepgram: endpointing: expected a number, not 'soon'", "endpointing=700"),
    ],
)
def test_a_wrong_word_in_extra_does_not_undo_the_neutral_setting(
    config: dict[str, Any], words: dict[str, Any], text: str, sent: str
) -> None:
    """Who prefers a warning goes on with that; a client that wants kinds of redaction is not to get none at all."""
    with pytest.raises(ConfigError) as caught:
        asking(Config(**config, extra={"deepgram": words}))
    assert str(caught.value).startswith(text)
    warned, connect = asking(Config(**config, extra={"deepgram": words}, on_unsupported="warn"))[1]
    assert isinstance(warned, Warned)
    assert warned.message.startswith(text)
    assert isinstance(connect, Connect)
    assert sent in connect.url.split("&")


# What the vendor answers.


@pytest.mark.parametrize("value", [{"Ankh", "Morpork"}, b"Ankh", [["Ankh"]], {"a": None}, object()])
def test_a_value_that_no_query_spells(value: Any) -> None:
    """Is refused, or left out: what Python makes of it would be taken for a term."""
    config = Config(extra={"deepgram": {"keyterm": value}})
    with pytest.raises(ConfigError, match=r"keyterm: takes text"):
        asking(config)
    warned, connect = asking(evolve(config, on_unsupported="warn"))[1]
    assert isinstance(warned, Warned)
    assert warned.message.startswith("deepgram: keyterm: takes text")
    assert isinstance(connect, Connect)
    assert "keyterm" not in connect.url


def test_the_session_begins_with_the_handshake() -> None:
    """At /v1/listen nothing is said before audio has been heard; who waits for a message waits for ever."""
    client, _ = asking(Config(keyterms=("Ana",), extra={"deepgram": {"callback": "https://me/?k=s3cret"}}))
    [event] = client.receive(Connected({"dg-request-id": LISTEN_ID}), 0.0)
    assert isinstance(event, Started)
    assert (event.session_id, event.model, event.expires_at, event.word_delimiter) == (LISTEN_ID, "nova-3", None, " ")
    assert event.settings["keyterm"] == ["Ana"]
    assert "s3cret" not in str(event)
    assert client.receive(Connected({"dg-request-id": LISTEN_ID}), 0.0) == []


def test_a_session_without_a_number() -> None:
    """A self-hosted server may send none."""
    client, _ = asking()
    [event] = client.receive(Connected(), 0.0)
    assert isinstance(event, Started)
    assert event.session_id is None


def test_a_session_of_flux_begins_with_its_message() -> None:
    """Which comes unasked."""
    client, _ = asking(FLUX_EN)
    assert client.receive(Connected({"dg-request-id": LISTEN_ID}), 0.0) == []
    [event] = hear(client, CONNECTED)
    assert isinstance(event, Started)
    assert (event.session_id, event.model) == (FLUX_ID, "flux-general-en")
    assert hear(client, CONNECTED) == []


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
@pytest.mark.parametrize(
    "command", [Audio(b"\0\0"), Silence(1.0), Stop(), KeepAlive(), Finalize("f"), Configure("c", {})]
)
def test_nothing_is_said_before_the_session_has_begun(config: Config, command: Any) -> None:
    """It would be heard or lost by chance."""
    client, _ = asking(config)
    with pytest.raises(RuntimeError):
        client.send(command, 0.0)
    with pytest.raises(RuntimeError):
        started(config).send(Resume(), 0.0)
    assert not client.resumable


def legacy(code: str, text: str) -> str:
    return json.dumps({"err_code": code, "err_msg": text, "request_id": LISTEN_ID})


def modern(category: str, text: str, details: str) -> str:
    return json.dumps({"category": category, "message": text, "details": details, "request_id": LISTEN_ID})


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "again"),
    [
        (400, legacy("Bad Request", "no such model"), BadRequest, "Bad Request", False),
        (400, legacy("INVALID_QUERY_PARAMETER", "bad keyterm"), BadRequest, "INVALID_QUERY_PARAMETER", False),
        (400, modern("INVALID_JSON", "bad", "at 3"), BadRequest, "INVALID_JSON", False),
        (401, legacy("INVALID_AUTH", "Invalid credentials."), AuthenticationError, "INVALID_AUTH", False),
        (401, legacy("INSUFFICIENT_PERMISSIONS", "scope"), AuthenticationError, "INSUFFICIENT_PERMISSIONS", False),
        (403, legacy("INSUFFICIENT_PERMISSIONS", "no"), AuthenticationError, "INSUFFICIENT_PERMISSIONS", False),
        (403, legacy("FORBIDDEN", "weak key"), AuthenticationError, "FORBIDDEN", False),
        (402, legacy("ASR_PAYMENT_REQUIRED", "no credit"), QuotaExceeded, "ASR_PAYMENT_REQUIRED", False),
        (404, legacy("PROJECT_NOT_FOUND", "no"), BadRequest, "PROJECT_NOT_FOUND", False),
        (405, "whisper cannot stream", BadRequest, None, False),
        (429, legacy("TOO_MANY_REQUESTS", "Concurrency limit"), QuotaExceeded, "TOO_MANY_REQUESTS", True),
        (429, legacy("Too Many Requests", "Concurrency limit"), QuotaExceeded, "Too Many Requests", True),
        (503, legacy("Service Unavailable", "overload"), ConnectionLost, "Service Unavailable", True),
        (503, '{"error_code":"Service Unavailable","err_msg":"overload"}', ConnectionLost, "Service Unavailable", True),
        (500, "<html>oops</html>", ConnectionLost, None, True),
        (400, "UUID parsing failed", BadRequest, None, False),
        (400, "", BadRequest, None, False),
        (400, '{"err_code":7,"err_msg":[],"request_id":{}}', BadRequest, None, False),
    ],
)
def test_a_refused_handshake(
    config: Config, status: int, body: str, kind: type[ProviderError], code: str | None, again: bool
) -> None:
    """Is a typed error with the vendor's reason, code and number, and whether to try again."""
    client, _ = asking(config)
    headers = {"dg-request-id": LISTEN_ID, "dg-error": "why it is so", "content-type": "application/json"}
    [failed] = client.receive(Refused(status, headers, body.encode()), 0.0)
    assert isinstance(failed, Failed)
    error = failed.error
    assert type(error) is kind
    assert (error.provider, error.status, error.code, error.retryable) == ("deepgram", status, code, again)
    assert error.request_id == LISTEN_ID
    assert "why it is so" in str(error)
    assert client.receive(Refused(status), 0.0) == []


def test_a_refusal_says_its_reason_once() -> None:
    """Header and body hold the same text; the number is in the body too."""
    client, _ = asking()
    text = "Concurrency limit reached for this project."
    body = legacy("TOO_MANY_REQUESTS", text).encode()
    [failed] = client.receive(Refused(429, {"dg-error": text, "retry-after": "7"}, body), 0.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, QuotaExceeded)
    assert (failed.error.reason, failed.error.request_id, failed.error.retry_after) == (text, LISTEN_ID, 7.0)


def test_the_details_of_a_refusal() -> None:
    """Newer bodies have them beside the message."""
    client, _ = asking()
    [failed] = client.receive(Refused(400, {}, modern("BAD", "It is bad.", "So is this.").encode()), 0.0)
    assert isinstance(failed, Failed)
    assert failed.error.reason == "It is bad. So is this."


def test_a_redirect_is_not_followed() -> None:
    """The key is not meant for another host."""
    client, _ = asking()
    [failed] = client.receive(Refused(302, {"location": "https://login.example/?k=1"}, b""), 0.0)
    assert isinstance(failed, Failed)
    assert "it redirects to https://login.example" in str(failed.error)


# What is declared.


def test_the_provider_declares_what_the_page_says() -> None:
    """Numbers that the session turns into chunks and deadlines."""
    numbers, flux = PROVIDER.numbers, PROVIDER.suited(FLUX_EN).numbers
    assert numbers.keepalive is not None
    assert 3.0 <= numbers.keepalive <= 5.0  # "every 3-5 s"
    assert (numbers.keepalive_by, numbers.audio_due) == ("message", 10.0)
    assert (numbers.finalize, numbers.finalize_timeout) == ("message", 2.0)  # "1-2 s"
    assert 0.02 <= numbers.chunk[1] <= 0.25
    assert numbers.ends_only_with_audio
    assert flux.ends_only_with_audio
    assert flux.keepalive is None
    assert flux.ping is not None
    assert flux.ping <= 30.0  # idle after 60 s
    assert flux.chunk[1] == 0.08
    for each in (numbers, flux):
        assert each.pace is not None
        assert each.pace.factor == 1.25
    assert PROVIDER.env == "DEEPGRAM_API_KEY"


def test_flux_without_its_message_ends_turns_by_silence() -> None:
    """Where a deployment has no ForceEndTurn, the caller says so."""
    off = Config(model="flux-general-en", extra={"deepgram": {"force_end_turn": False}})
    assert PROVIDER.suited(FLUX_EN).numbers.finalize == "message"
    assert PROVIDER.suited(off).numbers.finalize == "silence"
    assert PROVIDER.suited(off).numbers.finalize_silence > 5.0  # what ends a turn, unless the caller says otherwise
    with pytest.raises(ConfigError, match="deepgram: force_end_turn: expected true or false"):
        PROVIDER.suited(Config(model="flux-general-en", extra={"deepgram": {"force_end_turn": "no"}}))


@pytest.mark.parametrize(("silence", "extra"), [(9.0, {}), (None, {"eot_timeout_ms": 9000})])
def test_silence_that_ends_a_turn_of_flux_is_longer_than_what_the_caller_set(
    silence: float | None, extra: dict[str, Any]
) -> None:
    """Else it would end none."""
    words = {"deepgram": {"force_end_turn": False, **extra}}
    config = Config(model="flux-general-en", max_turn_silence=silence, extra=words)
    assert PROVIDER.suited(config).numbers.finalize_silence > 9.0


@pytest.mark.parametrize("wrong", ["soon", [], {}])
def test_a_wait_that_is_none_is_refused_at_the_handshake(wrong: Any) -> None:
    """With its name, like all else."""
    words = {"deepgram": {"force_end_turn": False, "eot_timeout_ms": wrong}}
    config = Config(model="flux-general-en", extra=words)
    assert PROVIDER.suited(config).numbers.finalize_silence > 5.0
    if wrong == "soon":
        with pytest.raises(ConfigError, match="deepgram: eot_timeout_ms: expected a number"):
            asking(config)


def test_a_format_of_a_variant() -> None:
    """Flux has rates of its own and no channels."""
    flux = PROVIDER.suited(FLUX_EN)
    assert flux.capabilities.wire_format("deepgram", AudioFormat(11_025), separate=False).sample_rate == 16_000
    assert PROVIDER.suited(Config()) is PROVIDER
    assert flux.name == PROVIDER.name
    out = flux.client(context()).send(Start(FLUX_EN, KEY), 0.0)
    assert any(isinstance(item, Connect) for item in out)
