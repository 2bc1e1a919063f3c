"""The client half's handshake: what is dialled for which options, and what is refused before."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3 import PROVIDER
from aai_migrate_providers.assemblyai_v3.client import Client

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConfigError, UnsupportedOption
from aai_migrate.wire.commands import Audio, Configure, KeepAlive, Resume, Start, Stop
from aai_migrate.wire.events import Configured, Started, Warned
from aai_migrate.wire.frames import Connect, Message

from .wire import BEGIN, KEY, U3, US, context, dialled, hear, started

HOST = "wss://streaming.assemblyai.com/v3/ws"
PCM = "sample_rate=16000&encoding=pcm_s16le"
MULTI = "universal-streaming-multilingual"
ELEVEN = ("en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da-DK")


def query(**options: Any) -> str:
    """What is asked for beyond format and model."""
    url = dialled(Config(**options)).url
    head = f"{HOST}?{PCM}&speech_model={options.get('model', U3)}"
    assert url.startswith(head)
    return url[len(head) :]


def test_the_handshake_of_nothing_asked() -> None:
    """The model is u3-rt-pro, the key is raw, the version is dated, nothing else is sent."""
    assert Client(context()).send(Start(Config(), KEY), 0.0) == [
        Connect(
            f"{HOST}?{PCM}&speech_model=u3-rt-pro",
            {"AssemblyAI-Version": "2025-05-12", "Authorization": "k3y-of-a-test"},
        )
    ]


def test_a_token_goes_into_the_header_and_no_credential_into_none() -> None:
    """Tokens are shown as the vendor's own Python client shows them: in the header, raw."""
    assert dialled(Config(), Credential(Secret("tok"), "token")).headers["Authorization"] == "tok"
    assert dialled(Config(), None).headers == {"AssemblyAI-Version": "2025-05-12"}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"model": U3}, ""),
        ({"model": US}, "&format_turns=true"),
        ({"model": MULTI}, "&format_turns=true"),
        ({"model": "whisper-rt"}, ""),
        ({"model": US, "formatted_turns": "revise"}, "&format_turns=true"),
        ({"model": US, "formatted_turns": "raw"}, ""),
        ({"model": US, "formatting": False}, "&format_turns=false"),
        ({"model": US, "formatted_turns": "raw", "formatting": True}, "&format_turns=true"),
        ({"model": "whisper-rt", "formatting": True}, "&format_turns=true"),
        ({"model": U3, "formatting": True}, ""),
        ({"language": "de-CH"}, "&language_codes=%5B%22de%22%5D"),
        ({"languages": ("de", "en-GB")}, "&language_codes=%5B%22de%22%2C+%22en%22%5D"),
        ({"model": US, "language": "en-US"}, "&format_turns=true"),
        ({"model": MULTI, "language": "fr"}, "&format_turns=true"),
        ({"model": "whisper-rt", "language": "cs"}, ""),
        ({"partials": False}, "&include_partial_turns=false"),
        ({"turn_silence": 0.7}, "&min_turn_silence=700"),
        ({"max_turn_silence": 20}, "&max_turn_silence=20000"),
        ({"keyterms": ("Weber", "IBAN 2")}, "&keyterms_prompt=%5B%22Weber%22%2C+%22IBAN+2%22%5D"),
        ({"diarization": True}, "&speaker_labels=true"),
        ({"profanity_filter": True}, "&filter_profanity=true"),
        ({"pii_redaction": True}, "&redact_pii=true"),
        ({"extra": {"assemblyai-v3": {"vad_threshold": 0.3, "prompt": None}}}, "&vad_threshold=0.3"),
        ({"extra": {"assemblyai-v3": {"llm_gateway": {"model": "m"}}}}, "&llm_gateway=%7B%22model%22%3A+%22m%22%7D"),
        ({"extra": {"assemblyai-v3": {"language_detection": True}}}, "&language_detection=true"),
        ({"extra": {"deepgram": {"smart_format": True}}}, ""),
    ],
)
def test_each_option_has_its_parameter(options: dict[str, Any], asked: str) -> None:
    """An option is one parameter, and only what the table of defaults lists is sent unasked."""
    assert query(**options) == asked


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "wss://streaming.assemblyai.com/v3/ws"),
        ({"region": "us"}, "wss://streaming.us.assemblyai.com/v3/ws"),
        ({"region": "eu"}, "wss://streaming.eu.assemblyai.com/v3/ws"),
        ({"base_url": "ws://127.0.0.1:8080"}, "ws://127.0.0.1:8080/v3/ws"),
        ({"base_url": "ws://127.0.0.1:8080/"}, "ws://127.0.0.1:8080/v3/ws"),
        ({"base_url": "wss://host/v3/ws"}, "wss://host/v3/ws"),
        ({"base_url": "wss://host/v3/ws/"}, "wss://host/v3/ws"),
        ({"base_url": "https://host/proxy"}, "wss://host/proxy/v3/ws"),
        ({"base_url": "http://host", "region": "eu"}, "ws://host/v3/ws"),
    ],
)
def test_the_address(options: dict[str, Any], address: str) -> None:
    """The region chooses the host; a base URL wins, with or without the path."""
    assert dialled(Config(**options)).url.partition("?")[0] == address


def test_the_audio_format_is_told() -> None:
    """Telephone audio is sent as it is."""
    url = dialled(Config(audio=AudioFormat(8000, "pcm_mulaw"))).url
    assert url == f"{HOST}?sample_rate=8000&encoding=pcm_mulaw&speech_model=u3-rt-pro"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"keyterms": ("a",) * 101}, "keyterms takes at most 100 terms, not 101"),
        ({"keyterms": ("a" * 51,)}, "keyterms takes terms of at most 50 characters; one has 51"),
        ({"language": "tlh"}, "language 'tlh' is not offered; known: en, es, de"),
        ({"languages": ELEVEN}, "languages takes at most 10 languages, not 11"),
        ({"model": US, "language": "de"}, "language 'de' needs another model, such as u3-rt-pro"),
        ({"model": MULTI, "language": "ja"}, "language 'ja' needs another model, such as u3-rt-pro"),
        ({"turn_silence": 0.01}, "turn_silence must be 0.05 to 10 s, not 0.01"),
        ({"formatting": False}, "formatting cannot be turned off for this model"),
        ({"region": "mars"}, "region must be us or eu, not 'mars'"),
        ({"extra": {"assemblyai-v3": {"sample_rate": 8000}}}, "extra must not hold 'sample_rate'; pass sample_rate"),
        ({"extra": {"assemblyai-v3": {"speech_model": "x"}}}, "extra must not hold 'speech_model'; pass model"),
    ],
)
def test_limits_are_checked_before_dialling(options: dict[str, Any], text: str) -> None:
    """A value that v3 refuses or ignores is an error here, and the text names it."""
    with pytest.raises(ConfigError) as caught:
        dialled(Config(**options))
    assert text in str(caught.value)


def test_limits_are_where_the_vendor_has_them() -> None:
    """A hundred terms of fifty characters are taken."""
    assert query(keyterms=("x" * 50,) * 100).count("x" * 50) == 100


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"model": US, "languages": ("en", "de")},
            "assemblyai-v3/universal-streaming-english has no languages; choose model u3-rt-pro; "
            "leave it out, or pass on_unsupported='warn' to go on without it",
        ),
        (
            {"model": "whisper-rt", "keyterms": ("a",)},
            "assemblyai-v3/whisper-rt has no keyterms; choose a Universal model; "
            "leave it out, or pass on_unsupported='warn' to go on without it",
        ),
    ],
)
def test_what_a_model_lacks_is_refused(options: dict[str, Any], text: str) -> None:
    """The error names option, vendor, model and what comes nearest."""
    with pytest.raises(UnsupportedOption) as caught:
        dialled(Config(**options))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("options", "dropped", "asked"),
    [
        ({"model": US, "languages": ("en", "de")}, " has no languages", "&format_turns=true"),
        ({"model": "whisper-rt", "keyterms": ("a",)}, " has no keyterms", ""),
        ({"model": U3, "formatting": False}, ": formatting cannot be turned off for this model", ""),
        (
            {"model": US, "language": "de"},
            ": language 'de' needs another model, such as u3-rt-pro",
            "&format_turns=true",
        ),
    ],
)
def test_warn_mode_goes_on_without(options: dict[str, Any], dropped: str, asked: str) -> None:
    """The option is left out and the caller is told."""
    config = Config(on_unsupported="warn", **options)
    warned, connect = Client(context()).send(Start(config, KEY), 0.0)
    assert warned == Warned("unsupported", f"assemblyai-v3{dropped}; going on without it")
    assert isinstance(connect, Connect)
    assert connect.url == f"{HOST}?{PCM}&speech_model={config.model}{asked}"


def test_what_we_do_not_know_is_sent_with_a_warning() -> None:
    """The vendor ignores misspellings, so somebody has to say it."""
    extra = {"assemblyai-v3": {"vad_treshold": 0.3}}
    out = Client(context()).send(Start(Config(model="universal-9", extra=extra), KEY), 0.0)
    assert out[:2] == [
        Warned("unknown_model", "assemblyai-v3: model 'universal-9' is not in our table; asked for as it is"),
        Warned(
            "unknown_extra",
            "assemblyai-v3: 'vad_treshold' is not a parameter we know (did you mean vad_threshold?); sent as it is",
        ),
    ]
    assert isinstance(out[2], Connect)
    assert out[2].url == f"{HOST}?{PCM}&speech_model=universal-9&vad_treshold=0.3"


@pytest.mark.parametrize(
    ("model", "formats"),
    [("universal-streaming-next", True), ("universal-streaming-multi-2", True), ("whisper-2", False), ("u4", False)],
)
def test_an_unknown_model_is_treated_as_its_name_says(model: str, formats: bool) -> None:
    """Families behave alike, so a new member is asked for what its siblings are."""
    assert ("format_turns=true" in dialled(Config(model=model)).url) is formats


def test_started_tells_what_was_sent_and_what_is_served() -> None:
    """Settings are native words; a webhook's secret is not among them."""
    client = Client(context())
    webhook = {"webhook_auth_header_value": "s3cret", "webhook_url": "https://me/?k=s3cret"}
    client.send(Start(Config(keyterms=("Ana",), extra={"assemblyai-v3": webhook}), KEY), 0.0)
    begin = BEGIN[:-1] + ',"configuration":{"model":"universal-3-5-pro","mode":"balanced"}}'
    [event] = hear(client, begin)
    assert event == Started(
        "6a0c2f0e-94a5-4c61-9a55-0f6f1f6c2d11",
        "universal-3-5-pro",
        1790222326.0,
        " ",
        {
            "sample_rate": 16000,
            "encoding": "pcm_s16le",
            "speech_model": "u3-rt-pro",
            "keyterms_prompt": ["Ana"],
            "webhook_auth_header_value": "***",
            "webhook_url": "***",
        },
    )
    assert hear(client, BEGIN) == []


@pytest.mark.parametrize("begin", ['{"type":"Begin"}', '{"type":"Begin","id":7,"expires_at":"x","configuration":[]}'])
def test_a_bare_begin_will_do(begin: str) -> None:
    """What Begin lacks is unknown, no reason to fail."""
    client = Client(context())
    client.send(Start(Config(model=US), KEY), 0.0)
    [event] = hear(client, begin)
    assert isinstance(event, Started)
    assert (event.session_id, event.model, event.expires_at) == (None, US, None)


@pytest.mark.parametrize("command", [Audio(b"\0\0"), Stop(), KeepAlive(), Configure("c", {}), Resume()])
def test_nothing_is_said_before_begin(command: Any) -> None:
    """Audio before Begin would be heard or lost by chance; v3 cannot resume."""
    client = Client(context())
    client.send(Start(Config(), KEY), 0.0)
    with pytest.raises(RuntimeError):
        client.send(command, 0.0)
    with pytest.raises(RuntimeError):
        started().send(Resume(), 0.0)


@pytest.mark.parametrize(
    ("model", "options", "update"),
    [
        (U3, {"turn_silence": 0.5}, '{"type": "UpdateConfiguration", "min_turn_silence": 500}'),
        (U3, {"max_turn_silence": 2.5}, '{"type": "UpdateConfiguration", "max_turn_silence": 2500}'),
        (U3, {"keyterms": ("Ana",)}, '{"type": "UpdateConfiguration", "keyterms_prompt": ["Ana"]}'),
        (U3, {"keyterms": ()}, '{"type": "UpdateConfiguration", "keyterms_prompt": []}'),
        (U3, {"language": "de"}, '{"type": "UpdateConfiguration", "language_codes": ["de"]}'),
        (U3, {"language": "de", "languages": ()}, '{"type": "UpdateConfiguration", "language_codes": ["de"]}'),
        (U3, {"language": None}, '{"type": "UpdateConfiguration", "language_codes": []}'),
        (US, {"formatting": False}, '{"type": "UpdateConfiguration", "format_turns": false}'),
        (US, {"profanity_filter": True}, '{"type": "UpdateConfiguration", "filter_profanity": true}'),
        (US, {"language": None}, None),
        (U3, {}, None),
    ],
)
def test_changes_in_mid_session(model: str, options: dict[str, Any], update: str | None) -> None:
    """Only what changes is sent, lists as JSON arrays; the vendor does not acknowledge, so it is taken."""
    out = started(Config(model=model)).send(Configure("c1", options), 0.0)
    assert out == [*([Message(update)] if update else []), Configured("c1")]


def test_a_change_that_cannot_be_is_refused_without_raising() -> None:
    """The vendor would end the session for it."""
    client = started()
    [refused] = client.send(Configure("c1", {"keyterms": ("a",) * 101}), 0.0)
    assert refused == Configured("c1", False, "assemblyai-v3: keyterms takes at most 100 terms, not 101")
    client = started(Config(model="whisper-rt", on_unsupported="warn"))
    assert client.send(Configure("c2", {"keyterms": ("a",)}), 0.0) == [
        Warned("unsupported", "assemblyai-v3 has no keyterms; going on without it"),
        Configured("c2"),
    ]


def test_the_provider_declares_what_the_page_says() -> None:
    """Numbers that the session turns into chunks and deadlines."""
    numbers = PROVIDER.numbers
    assert (numbers.chunk, numbers.session_limit, numbers.ends_only_with_audio) == ((0.05, 0.1, 1.0), 10800.0, True)
    assert PROVIDER.routes == (("GET", "/v3/ws"), ("*", "/v3/token"))
    assert PROVIDER.env == "ASSEMBLYAI_API_KEY"
