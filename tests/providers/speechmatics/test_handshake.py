"""How a session begins: where, as whom, with what, and what the vendor answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.speechmatics import PROVIDER
from attrs import evolve

from aai_migrate.config import Config, configure
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
    UnsupportedOption,
)
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Resume, Silence, Start, Stop
from aai_migrate.wire.events import Failed, Started, Unmapped, Warned
from aai_migrate.wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Lost, Message, Refused

from .wire import (
    AGENT,
    BEGUN,
    ID,
    KEY,
    PACK,
    QUALITY,
    USAGE,
    asked,
    asking,
    context,
    dialled,
    final,
    hear,
    opening,
    requested,
    said,
    started,
    transcription,
    w,
)

CANARY = "canary-7f3e-of-a-key"
RT = {
    "language": "en",
    "model": "enhanced",
    "enable_partials": True,
    "max_delay": 2.0,
    "conversation_config": {"end_of_utterance_silence_trigger": 0.7},
}
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
VAD = {"turn_detection_mode": "vad"}
BOTH = [Config(), AGENT]


def extra(**words: Any) -> dict[str, Any]:
    return {"extra": {"speechmatics": words}}


# Where.


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "wss://eu.rt.speechmatics.com/v2"),
        ({"region": "eu"}, "wss://eu.rt.speechmatics.com/v2"),
        ({"region": "us"}, "wss://us.rt.speechmatics.com/v2"),
        ({"region": "global"}, "wss://global.rt.speechmatics.com/v2"),
        ({"region": "mars", "on_unsupported": "warn"}, "wss://eu.rt.speechmatics.com/v2"),
        ({"model": "standard"}, "wss://eu.rt.speechmatics.com/v2"),
        ({"model": "linden-1"}, "wss://eu.rt.speechmatics.com/v2/agent"),
        ({"model": "linden-1", "region": "global"}, "wss://global.rt.speechmatics.com/v2/agent"),
        ({"model": "melia-1"}, "wss://preview.rt.speechmatics.com/v2"),
        ({"model": "melia-1", "region": "us"}, "wss://us.rt.speechmatics.com/v2"),
        ({"model": "melia-1", "region": "mars", "on_unsupported": "warn"}, "wss://preview.rt.speechmatics.com/v2"),
        ({"base_url": "ws://127.0.0.1:9000"}, "ws://127.0.0.1:9000/v2"),
        ({"base_url": "ws://127.0.0.1:9000/"}, "ws://127.0.0.1:9000/v2"),
        ({"base_url": "wss://eu2.rt.speechmatics.com/v2"}, "wss://eu2.rt.speechmatics.com/v2"),
        ({"base_url": "wss://eu2.rt.speechmatics.com/v2/"}, "wss://eu2.rt.speechmatics.com/v2"),
        ({"base_url": "wss://eu2.rt.speechmatics.com/v2/en"}, "wss://eu2.rt.speechmatics.com/v2"),
        ({"base_url": "wss://h/v2/cmn_en"}, "wss://h/v2"),
        ({"base_url": "https://h/proxy"}, "wss://h/proxy/v2"),
        ({"base_url": "wss://h/proxy/v2", "model": "linden-1"}, "wss://h/proxy/v2/agent"),
        ({"base_url": "wss://h/v2/agent", "model": "linden-1"}, "wss://h/v2/agent"),
        ({"base_url": "wss://h/v2/agent"}, "wss://h/v2"),
        ({"base_url": "ws://v2"}, "ws://v2/v2"),
        ({"base_url": "ws://v2/en"}, "ws://v2/en/v2"),
    ],
)
def test_the_address(options: dict[str, Any], address: str) -> None:
    """A host for each region, a path for each kind of model, or the caller's own with what examples have behind it."""
    assert dialled(configure(options)).url == address


# As whom.


@pytest.mark.parametrize("config", BOTH)
def test_a_key_is_a_bearer_and_a_token_in_the_query(config: Config) -> None:
    """The vendor's own way for browsers; no credential is none."""
    connect = dialled(config)
    assert connect.headers == {"Authorization": "Bearer k3y-of-a-test"}
    assert "?" not in connect.url
    connect = dialled(config, Credential(Secret("j.w+t/="), "token"))
    assert connect.url.endswith("?jwt=j.w%2Bt%2F%3D")
    assert connect.headers == {}
    assert dialled(config, None).headers == {}
    assert connect.subprotocols == ()


@pytest.mark.parametrize("kind", ["key", "token"])
@pytest.mark.parametrize("config", BOTH)
def test_the_key_is_shown_nowhere_else(config: Config, kind: Any) -> None:
    """Not in what is said, and not in what is said of it."""
    client, out = asking(config, Credential(Secret(CANARY), kind))
    out += client.receive(Connected(), 0.0)
    out += client.receive(Message(BEGUN), 0.0)
    assert any(isinstance(item, Started) for item in out)
    assert CANARY not in repr(out)
    assert all(CANARY not in str(item.data) for item in out if isinstance(item, Message))
    assert all(CANARY not in str(item.settings) for item in out if isinstance(item, Started))


# A temporary key.


def test_a_temporary_key_is_asked_for_and_shown() -> None:
    """With the account's key, which the websocket never sees."""
    config = Config(**extra(temporary_key=60))
    request = requested(config)
    assert (request.method, request.url) == ("POST", "https://mp.speechmatics.com/v1/api_keys?type=rt")
    assert request.headers == {"Authorization": "Bearer k3y-of-a-test", "Content-Type": "application/json"}
    assert json.loads(request.body) == {"ttl": 60}
    for status in (200, 201):
        client, _ = asking(config)
        body = json.dumps({"apikey_id": None, "key_value": "j.w.t"}).encode()
        assert client.receive(HttpResponse(status, {}, body), 0.0) == [
            Connect("wss://eu.rt.speechmatics.com/v2?jwt=j.w.t")
        ]
        [message] = asked(client.receive(Connected(), 0.0))
        assert message == {"message": "StartRecognition", "audio_format": RAW, "transcription_config": RT}


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("wss://h:8443/proxy/v2/en", "https://h:8443/proxy/v1/api_keys?type=rt"),
        ("ws://127.0.0.1:9000", "http://127.0.0.1:9000/v1/api_keys?type=rt"),
    ],
)
def test_a_temporary_key_of_ones_own_host(base: str, url: str) -> None:
    """The account's key goes where the session goes, and nowhere else."""
    assert requested(Config(base_url=base, **extra(temporary_key=3600))).url == url


@pytest.mark.parametrize("ttl", [59, 86_401, "60", 60.5, True, [], -1])
def test_a_temporary_key_lives_for_a_minute_to_a_day(ttl: Any) -> None:
    """What the vendor would refuse is refused here."""
    with pytest.raises(ConfigError, match="temporary_key must be 60 to 86400 seconds, not "):
        asking(Config(**extra(temporary_key=ttl)))


@pytest.mark.parametrize("credential", [None, Credential(Secret("j.w.t"), "token")])
def test_a_temporary_key_needs_the_accounts_key(credential: Credential | None) -> None:
    """A token cannot make another."""
    with pytest.raises(ConfigError, match="temporary_key needs the account's key: give api_key, not token"):
        asking(Config(**extra(temporary_key=60)), credential)


@pytest.mark.parametrize(
    ("response", "kind", "again", "text"),
    [
        (HttpResponse(401, {}, b'{"code":401,"message":"no such key"}'), AuthenticationError, False, "no such key"),
        (HttpResponse(403, {"request-id": "r-7"}, b""), AuthenticationError, False, "refused"),
        (HttpResponse(422, {}, b'{"code":422,"message":"ttl must be in range"}'), BadRequest, False, "ttl must be"),
        (HttpResponse(429), QuotaExceeded, True, "refused"),
        (HttpResponse(503, {}, b"busy"), ConnectionLost, True, "busy"),
        (HttpResponse(201, {}, b"{}"), ProtocolError, False, "has no key_value"),
        (HttpResponse(201, {}, b"<html>"), ProtocolError, False, "has no key_value"),
        (HttpResponse(200, {}, b'{"key_value":7}'), ProtocolError, False, "has no key_value"),
        (HttpResponse(200, {}, b'{"key_value":""}'), ProtocolError, False, "has no key_value"),
        (Lost("dns", "no such host"), ConnectionLost, True, "host name not found"),
    ],
)
def test_a_temporary_key_that_does_not_come(response: Any, kind: type[ProviderError], again: bool, text: str) -> None:
    """Is a typed error, and nothing is dialled."""
    client, _ = asking(Config(**extra(temporary_key=60)))
    [failed] = client.receive(response, 0.0)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.retryable) == (kind, again)
    assert text in failed.error.reason
    assert failed.error.request_id == (response.headers.get("request-id") if hasattr(response, "headers") else None)
    assert client.receive(response, 0.0) == []


@pytest.mark.parametrize(
    "frame",
    [
        Refused(401, {}, json.dumps({"message": f"bad {CANARY}"}).encode()),
        Close(4001, f"no {CANARY}"),
        Message(said("Error", type="not_authorised", reason=f"{CANARY} is no key")),
    ],
)
def test_a_temporary_key_that_is_echoed_is_not_shown(frame: Any) -> None:
    """Nobody else knows it, so nobody else can take it out."""
    client, _ = asking(Config(**extra(temporary_key=60)))
    client.receive(HttpResponse(201, {}, json.dumps({"key_value": CANARY}).encode()), 0.0)
    client.receive(Connected(), 0.0)
    [failed] = client.receive(frame, 0.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, AuthenticationError)
    assert CANARY not in f"{failed.error} {failed.error!r} {failed.error.args}"


# With what.


def test_nothing_is_said_before_the_handshake() -> None:
    """Then StartRecognition, at once; audio only after RecognitionStarted."""
    client, out = asking()
    assert [type(item) for item in out] == [Connect]
    [message] = asked(client.receive(Connected(), 0.0))
    assert message == {"message": "StartRecognition", "audio_format": RAW, "transcription_config": RT}


def test_what_agent_stt_is_asked_for() -> None:
    """It is told who ends turns, and nothing of what it refuses."""
    assert opening(AGENT) == {
        "message": "StartRecognition",
        "audio_format": RAW,
        "transcription_config": {"language": "en", "model": "linden-1", "enable_partials": True},
        "turn_config": VAD,
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"encoding": "pcm_f32le", "sample_rate": 44100}, RAW | {"encoding": "pcm_f32le", "sample_rate": 44100}),
        ({"encoding": "pcm_mulaw", "sample_rate": 8000}, RAW | {"encoding": "mulaw", "sample_rate": 8000}),
        ({"sample_rate": 8000}, RAW | {"sample_rate": 8000}),
    ],
)
def test_the_audio_format(options: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the vendor takes raw goes out as it is."""
    assert opening(configure(options))["audio_format"] == expected


def test_all_that_can_be_asked_for() -> None:
    """Beside one another, with the vendor's own words between them."""
    options = {
        "model": "standard",
        "language": "en-GB",
        "partials": False,
        "formatting": False,
        "turn_silence": 1.8,
        "keyterms": ("Ankh Morpork", "tretinoin"),
        "diarization": True,
        "audio_channels": 2,
        "channels": "separate",
        "profanity_filter": False,
        **extra(
            domain="medical",
            punctuation_overrides={"sensitivity": 0.4},
            speaker_diarization_config={"max_speakers": 3},
            translation_config={"target_languages": ["fr"]},
            audio_events_config={"types": ["music"]},
            max_delay_mode="fixed",
        ),
    }
    assert opening(configure(options)) == {
        "message": "StartRecognition",
        "audio_format": RAW,
        "transcription_config": {
            "language": "en",
            "output_locale": "en-GB",
            "model": "standard",
            "enable_partials": False,
            "max_delay": 2.3,
            "max_delay_mode": "fixed",
            "conversation_config": {"end_of_utterance_silence_trigger": 1.8},
            "punctuation_overrides": {"permitted_marks": [], "sensitivity": 0.4},
            "additional_vocab": [{"content": "Ankh Morpork"}, {"content": "tretinoin"}],
            "diarization": "channel_and_speaker",
            "channel_diarization_labels": ["channel_1", "channel_2"],
            "speaker_diarization_config": {"max_speakers": 3},
            "domain": "medical",
        },
        "translation_config": {"target_languages": ["fr"]},
        "audio_events_config": {"types": ["music"]},
    }


# In the vendor's own words.


def test_a_vocabulary_with_its_sounds() -> None:
    """Goes before the neutral terms, which have none."""
    entries = [{"content": "Zürcher Kantonalbank", "sounds_like": ["zurka cantonal bank"]}, "plain"]
    assert transcription(Config(keyterms=("x",), **extra(additional_vocab=entries)))["additional_vocab"] == entries


def test_finals_are_later_than_what_ends_their_utterance() -> None:
    """Else it would end without its last words, whoever says how long the silence is."""
    trigger = "end_of_utterance_silence_trigger"
    assert transcription(Config(turn_silence=2.0))["max_delay"] == 2.5
    assert transcription(Config(**extra(conversation_config={trigger: 1.9})))["max_delay"] == 2.4
    assert transcription(Config(turn_silence=0))["max_delay"] == 2.0
    assert transcription(Config(turn_silence=2.0, **extra(max_delay=0.7)))["max_delay"] == 0.7


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"max_delay": 0.6}, "max_delay must not be less than 0.7"),
        ({"max_delay": 4.1}, "max_delay must not be greater than 4"),
        ({"max_delay": "1"}, "max_delay must be a number"),
        ({"conversation_config": {"end_of_utterance_silence_trigger": 2.1}}, "must not be greater than 2"),
        ({"diarization": "speakers"}, "diarization must be one of the following values: none, speaker, channel"),
        ({"additional_vocab": [{"sounds_like": ["x"]}]}, "additional_vocab must only contain strings, or objects"),
        ({"additional_vocab": ["x"] * 1001}, "additional_vocab must not have more than 1000 entries"),
        ({"translation_config": {}}, "translation_config.target_languages is required"),
        ({"channel_diarization_labels": ["a", "a"]}, "channel_diarization_labels must not name a channel twice"),
    ],
)
def test_a_word_in_extra_that_the_vendor_would_refuse(words: dict[str, Any], text: str) -> None:
    """Is refused here; who prefers a warning goes on without it."""
    config = Config(**extra(**words))
    with pytest.raises(ConfigError) as caught:
        asking(config)
    assert str(caught.value).startswith("speechmatics: ")
    assert text in str(caught.value)
    lenient = evolve(config, on_unsupported="warn")
    [warned, connect] = asking(lenient)[1]
    assert isinstance(warned, Warned)
    assert warned.message == f"{caught.value}; going on without it"
    assert isinstance(connect, Connect)
    assert transcription(lenient) == RT


@pytest.mark.parametrize(
    ("word", "argument"),
    [
        ("model", "model"),
        ("operating_point", "model"),
        ("audio_format", "sample_rate and encoding"),
        ("encoding", "encoding"),
        ("sample_rate", "sample_rate"),
        ("jwt", "token"),
    ],
)
def test_a_word_that_is_ours_to_set(word: str, argument: str) -> None:
    """Is refused with the argument that sets it."""
    with pytest.raises(ConfigError, match=f"speechmatics: extra must not hold '{word}'; pass {argument}"):
        asking(Config(**extra(**{word: "x"})))


@pytest.mark.parametrize(
    ("model", "word", "value"),
    [
        ("linden-1", "max_delay", 1.0),
        ("linden-1", "max_delay_mode", "fixed"),
        ("linden-1", "conversation_config", {"end_of_utterance_silence_trigger": 0.5}),
        ("linden-1", "translation_config", {"target_languages": ["fr"]}),
        ("linden-1", "audio_events_config", {}),
        ("enhanced", "turn_config", {"turn_detection_mode": "vad"}),
        ("enhanced", "emit_sentences", True),
    ],
)
def test_a_word_of_the_other_path(model: str, word: str, value: Any) -> None:
    """Is refused by name; who prefers a warning goes on without it, such as a client of one path before the other."""
    config = Config(model=model, **extra(**{word: value}))
    with pytest.raises(ConfigError, match=f"speechmatics/{model} has no {word}: other models have; leave it out of"):
        asking(config)
    lenient = evolve(config, on_unsupported="warn")
    [warned, _] = asking(lenient)[1]
    assert isinstance(warned, Warned)
    assert warned.message.endswith(f"has no {word}: other models have; going on without it")
    assert opening(lenient) == opening(Config(model=model))


def test_who_ends_the_turns_of_agent_stt_is_no_choice() -> None:
    """Its pages do not say whether a turn has an end where the application is to end it."""
    config = Config(model="linden-1", **extra(turn_config={"turn_detection_mode": "external"}))
    with pytest.raises(ConfigError, match=r"turn_config\.turn_detection_mode must be one of the following values: vad"):
        asking(config)
    assert opening(evolve(config, on_unsupported="warn"))["turn_config"] == VAD
    config = Config(model="linden-1", **extra(turn_config={"new": 1}, emit_sentences=True))
    assert opening(config)["turn_config"] == {**VAD, "new": 1}
    assert transcription(config)["emit_sentences"] is True


@pytest.mark.parametrize("value", [object(), {"a", "b"}, b"x", float("nan"), float("inf")])
def test_what_json_cannot_say(value: Any) -> None:
    """Is refused before anything is dialled, not when the socket is open."""
    for lenient in ("error", "warn"):
        with pytest.raises(ConfigError, match="speechmatics: extra cannot be written as JSON: "):
            asking(Config(on_unsupported=lenient, **extra(ctrl={"deep": [value]})))


def test_what_we_do_not_know_is_sent_with_a_warning() -> None:
    """Somebody has to say that it may be misspelt."""
    config = Config(model="ultra", **extra(max_dealy=1.0))
    out = asking(config)[1]
    assert out[:2] == [
        Warned("unknown_model", "speechmatics: model 'ultra' is not in our table; asked for as it is"),
        Warned(
            "unknown_extra",
            "speechmatics: 'max_dealy' is not a parameter we know (did you mean max_delay?); sent as it is",
        ),
    ]
    assert transcription(config) == {**RT, "model": "ultra", "max_dealy": 1.0}


@pytest.mark.parametrize(("model", "path"), [("linden-2", "/v2/agent"), ("melia-2", "/v2"), ("enhanced-2", "/v2")])
def test_a_model_that_is_new_goes_where_its_kin_go(model: str, path: str) -> None:
    """Its name tells."""
    out = PROVIDER.suited(Config(model=model)).client(context()).send(Start(Config(model=model), KEY), 0.0)
    [connect] = [item for item in out if isinstance(item, Connect)]
    assert connect.url.endswith(f".com{path}")


# Channels.


def test_labels_of_the_callers_own() -> None:
    """As many as there are channels."""
    options = {"audio_channels": 2, "channels": "separate"}
    config = configure({**options, **extra(channel_diarization_labels=["agent", "caller"])})
    assert transcription(config)["channel_diarization_labels"] == ["agent", "caller"]
    with pytest.raises(ConfigError, match="channel_diarization_labels names 1 channels, the audio has 2"):
        asking(configure({**options, **extra(channel_diarization_labels=["agent"])}))
    with pytest.raises(ConfigError, match="needs audio_channels=2 and channels='separate'"):
        asking(Config(**extra(diarization="channel")))


# What the vendor answers.


@pytest.mark.parametrize("config", BOTH)
def test_the_session_begins_with_recognition_started(config: Config) -> None:
    """Not with what may come before it."""
    client, _ = asking(config)
    client.receive(Connected(), 0.0)
    assert hear(client, USAGE) == [Unmapped(json.loads(USAGE))]
    dropped = said("Warning", type="validation_warning", reason="an entry was dropped")
    assert hear(client, dropped) == [Warned("speechmatics:validation_warning", "an entry was dropped")]
    early = final(w("so", 0.1, 0.2))
    assert hear(client, early, '{"message":"AudioAdded","seq_no":1}') == [Unmapped(json.loads(early))]
    [event] = hear(client, BEGUN)
    assert isinstance(event, Started)
    assert (event.session_id, event.model, event.expires_at) == (ID, config.model or "enhanced", None)
    assert event.word_delimiter == " "
    assert event.settings["language"] == "en"
    assert event.settings["audio_format"] == RAW
    assert "transcription_config" not in event.settings
    assert hear(client, QUALITY, BEGUN) == [Unmapped(json.loads(QUALITY))]


@pytest.mark.parametrize(
    ("config", "info", "delimiter"),
    [
        (Config(), {}, " "),
        (Config(language="ja"), {}, ""),
        (Config(language="zh"), {}, ""),
        (Config(language="ja"), {"language_pack_info": PACK}, " "),
        (Config(), {"language_pack_info": PACK | {"word_delimiter": ""}}, ""),
        (Config(language="ja"), {"language_pack_info": {"word_delimiter": None}}, ""),
        (Config(), {"language_pack_info": "en"}, " "),
    ],
)
def test_a_greeting_of_any_size(config: Config, info: dict[str, Any], delimiter: str) -> None:
    """Only its name is certain."""
    client, _ = asking(config)
    client.receive(Connected(), 0.0)
    [event] = hear(client, said("RecognitionStarted", **info))
    assert isinstance(event, Started)
    assert (event.session_id, event.word_delimiter) == (None, delimiter)


@pytest.mark.parametrize("config", BOTH)
@pytest.mark.parametrize(
    "command", [Audio(b"\0\0"), Silence(1.0), Stop(), KeepAlive(), Finalize("f"), Configure("c", {})]
)
def test_nothing_is_said_before_the_session_has_begun(config: Config, command: Any) -> None:
    """Audio before RecognitionStarted is a protocol error."""
    client, _ = asking(config)
    client.receive(Connected(), 0.0)
    with pytest.raises(RuntimeError):
        client.send(command, 0.0)
    with pytest.raises(RuntimeError):
        started(config).send(Resume(), 0.0)
    assert not client.resumable


@pytest.mark.parametrize("config", BOTH)
@pytest.mark.parametrize(
    ("status", "body", "kind", "again"),
    [
        (401, b'{"message":"bad key"}', AuthenticationError, False),
        (403, b"", AuthenticationError, False),
        (400, b"malformed", BadRequest, False),
        (404, b"", BadRequest, False),
        (405, b"", BadRequest, False),
        (429, b"", QuotaExceeded, True),
        (500, b"<html>oops</html>", ConnectionLost, True),
        (503, b"\xff\xfe", ConnectionLost, True),
    ],
)
def test_a_refused_handshake(config: Config, status: int, body: bytes, kind: type[ProviderError], again: bool) -> None:
    """Is a typed error with the vendor's number, and whether to try again."""
    client, _ = asking(config)
    [failed] = client.receive(Refused(status, {"request-id": "r-7"}, body), 0.0)
    assert isinstance(failed, Failed)
    error = failed.error
    assert (type(error), error.status, error.retryable, error.request_id) == (kind, status, again, "r-7")
    assert client.receive(Refused(status), 0.0) == []


# What is refused before anything is dialled.


@pytest.mark.parametrize(
    ("model", "options", "option", "text"),
    [
        ("enhanced", {"max_turn_silence": 5}, "max_turn_silence", "use turn_silence"),
        ("enhanced", {"profanity_filter": True}, "profanity_filter", "transcript_filtering_config"),
        ("enhanced", {"pii_redaction": True}, "pii_redaction", "transcript_filtering_config"),
        ("linden-1", {"turn_silence": 0.5}, "turn_silence", "choose model enhanced"),
        ("linden-1", {"languages": ("en", "es")}, "languages", "linden-1"),
    ],
)
def test_an_option_that_the_model_lacks(model: str, options: dict[str, Any], option: str, text: str) -> None:
    """Is refused with option, vendor, model and what to do."""
    with pytest.raises(UnsupportedOption) as caught:
        asking(configure({"model": model, **options}))
    assert (caught.value.option, caught.value.provider, caught.value.model) == (option, "speechmatics", model)
    assert text in str(caught.value)


def test_a_turn_that_nothing_would_end_is_refused() -> None:
    """Without punctuation no sentence ends."""
    with pytest.raises(ConfigError, match="without punctuation no sentence ends"):
        asking(Config(turn_silence=0, formatting=False))


# What is declared.


def test_the_provider_declares_what_the_page_says() -> None:
    """Numbers that the session turns into chunks and deadlines."""
    numbers = PROVIDER.numbers
    assert numbers.keepalive is not None
    assert numbers.keepalive < 3600  # "no audio: 1 h"
    assert numbers.ping is not None
    assert numbers.ping < 180  # "no audio and no ping: 3 min"
    assert numbers.session_limit == 48 * 3600
    assert (numbers.in_flight, numbers.finalize, numbers.ends_only_with_audio) == (10.0, "message", True)
    assert PROVIDER.env == "SPEECHMATICS_API_KEY"
    assert not PROVIDER.client(context()).resumable


@pytest.mark.parametrize("model", ["enhanced", "linden-1"])
def test_a_vocabulary_takes_its_time(model: str) -> None:
    """Up to 15 s; without one a session begins within a second."""
    assert PROVIDER.suited(Config(model=model)).numbers.greeting < 5
    assert PROVIDER.suited(Config(model=model, keyterms=("x",))).numbers.greeting >= 20
    assert PROVIDER.suited(Config(model=model, **extra(additional_vocab=["x"]))).numbers.greeting >= 20


def test_only_requests_are_answered_over_http() -> None:
    """Where no temporary key is asked for nothing is requested."""
    assert not [item for item in asking()[1] if isinstance(item, HttpRequest)]
