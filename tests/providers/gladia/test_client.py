"""The client half: (state, frame in) to the exact list of frames and events out."""

from __future__ import annotations

import base64
import datetime
import json
import re
from typing import Any

import pytest
from aai_migrate_providers.gladia.client import (
    AHEAD,
    ANSWER,
    GOODBYE,
    LARGEST,
    MOST_HELD,
    QUIET,
    SILENT,
    STUMBLES,
    Client,
)
from aai_migrate_providers.gladia.turns import MISSED
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Resume, Silence, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Event,
    Failed,
    Final,
    Partial,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
)
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Refused,
)

from .wire import (
    CREATED,
    ID,
    SECOND,
    STOP,
    URL,
    acked,
    asking,
    body,
    context,
    cut,
    hear,
    message,
    nacked,
    partial,
    requested,
    speech,
    started,
    transcript,
    utterance,
    whole,
    word,
)

EMPTY = '{"type":"audio_chunk","data":{"chunk":""}}'
SAMPLE = '{"type":"audio_chunk","data":{"chunk":"AAA="}}'
YES = transcript("00_00000000", " Yes.", 0.2, 0.6, (" Yes.", 0.2, 0.6))
YES_WORD = word("Yes.", 0.2, 0.6, joiner="")
BODY = {
    "encoding": "wav/pcm",
    "bit_depth": 16,
    "sample_rate": 16000,
    "channels": 1,
    "endpointing": 0.7,
    "maximum_duration_without_endpointing": 60,
    "messages_config": {"receive_partial_transcripts": True},
}


def extra(**members: Any) -> Config:
    return Config(extra={"gladia": members})


def failure(out: list[Any]) -> ProviderError:
    """The error of a list whose one end is a Failed."""
    [failed] = [item for item in out if isinstance(item, (Failed, Stopped))]
    assert isinstance(failed, Failed)
    assert out[-1] is failed
    error: ProviderError = failed.error
    return error


def final(turn: int, text: str, *words: Any, **more: Any) -> Final:
    """The Final of one utterance of channel 0."""
    fields = {"language": "en", "confidence": 0.93, "start": words[0].start, "end": words[-1].end, **more}
    return Final(turn=(0, turn), text=text, words=words, **fields)


def fed(client: Client, seconds: int = 1, *, ack: bool = True, now: float = 0.0) -> Client:
    """Send silence, which the vendor answers."""
    for _ in range(seconds):
        client.send(Audio(SECOND), now)
    if ack:
        hear(client, acked(0, 32_000 * seconds), now=now)
    return client


# The request.


def test_the_request() -> None:
    """A POST with the key in a header of its own, and what we ask for unasked in the body."""
    request = requested()
    assert (request.method, request.url) == ("POST", "https://api.gladia.io/v2/live")
    assert request.headers == {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Gladia-Key": "k3y-of-a-test",
    }
    assert json.loads(request.body) == BODY


def test_without_a_key_no_header_is_sent() -> None:
    """Servers of this dialect may need none."""
    assert "X-Gladia-Key" not in requested(credential=None).headers


LIVE = "api.gladia.io/v2/live"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"region": "eu"}, f"https://{LIVE}?region=eu-west"),
        ({"region": "us"}, f"https://{LIVE}?region=us-west"),
        ({"region": "us-west"}, f"https://{LIVE}?region=us-west"),
        ({"base_url": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080/v2/live"),
        ({"base_url": "https://gw.example/"}, "https://gw.example/v2/live"),
        ({"base_url": "ws://gw.example:1/a/b"}, "http://gw.example:1/a/b/v2/live"),
        ({"base_url": "wss://gw.example"}, "https://gw.example/v2/live"),
        ({"base_url": "HTTPS://gw.example/v2/live/"}, "https://gw.example/v2/live"),
        ({"base_url": "http://[::1]:8080/a/v2/live", "region": "eu"}, "http://[::1]:8080/a/v2/live?region=eu-west"),
        ({"region": "mars", "on_unsupported": "warn"}, f"https://{LIVE}"),
    ],
)
def test_where_a_session_is_asked_for(options: dict[str, Any], url: str) -> None:
    """At the vendor's, or below a base that is given as HTTP or as websocket, with or without the path."""
    assert requested(Config(**options)).url == url


VOCABULARY = {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": ["Kestrel", "Oyelaran"]}}


@pytest.mark.parametrize(
    ("options", "members"),
    [
        ({"model": "solaria-1"}, {"model": "solaria-1"}),
        ({"language": "en-US"}, {"language_config": {"languages": ["en"]}}),
        ({"languages": ["en", "fr"]}, {"language_config": {"languages": ["en", "fr"], "code_switching": True}}),
        ({"languages": ["en-US", "en-GB"]}, {"language_config": {"languages": ["en"]}}),
        ({"partials": False}, {"messages_config": {"receive_partial_transcripts": False}}),
        ({"partials": True}, {}),
        ({"formatting": True}, {}),
        ({"turn_silence": 0.3}, {"endpointing": 0.3}),
        ({"keyterms": ["Kestrel", "Oyelaran"]}, {"realtime_processing": VOCABULARY}),
        ({"diarization": False, "profanity_filter": False, "pii_redaction": False}, {}),
        ({"region": "eu"}, {}),
        (
            {"audio": AudioFormat(48_000, "pcm_s24le", 2), "channels": "separate"},
            {"bit_depth": 24, "sample_rate": 48_000, "channels": 2},
        ),
        ({"audio": AudioFormat(44_100, "pcm_s32le")}, {"bit_depth": 32, "sample_rate": 44_100}),
        (
            {"audio": AudioFormat(8_000, "pcm_mulaw")},
            {"encoding": "wav/ulaw", "bit_depth": 8, "sample_rate": 8_000},
        ),
        (
            {"audio": AudioFormat(8_000, "pcm_alaw")},
            {"encoding": "wav/alaw", "bit_depth": 8, "sample_rate": 8_000},
        ),
    ],
)
def test_each_option_in_the_body(options: dict[str, Any], members: dict[str, Any]) -> None:
    """And nothing besides."""
    assert body(Config(**options)) == {**BODY, **members}


def test_extra_is_merged_member_by_member() -> None:
    """Into what neutral options have set, too; what is null is left out, and how audio is framed is not sent."""
    config = Config(
        keyterms=["Kestrel"],
        languages=["en", "fr"],
        extra={
            "gladia": {
                "audio_frames": "binary",
                "endpointing": None,
                "maximum_duration_without_endpointing": 15,
                "language_config": {"code_switching": False},
                "realtime_processing": {"custom_vocabulary_config": {"default_intensity": 0.4}, "translation": True},
                "messages_config": {"receive_lifecycle_events": True},
                "custom_metadata": {"call": "c-7741"},
            },
            "deepgram": {"smart_format": True},
        },
    )
    assert body(config) == {
        **BODY,
        "maximum_duration_without_endpointing": 15,
        "language_config": {"languages": ["en", "fr"], "code_switching": False},
        "realtime_processing": {
            "custom_vocabulary": True,
            "custom_vocabulary_config": {"vocabulary": ["Kestrel"], "default_intensity": 0.4},
            "translation": True,
        },
        "messages_config": {"receive_partial_transcripts": True, "receive_lifecycle_events": True},
        "custom_metadata": {"call": "c-7741"},
    }


@pytest.mark.parametrize("name", ["encoding", "bit_depth", "sample_rate", "channels", "model", "region"])
def test_what_has_an_argument_is_not_extras_to_set(name: str) -> None:
    """The text names the argument."""
    with pytest.raises(ConfigError, match=f"gladia: extra must not hold '{name}'; pass .+ instead"):
        asking(extra(**{name: 1}))


@pytest.mark.parametrize("value", ["text", True, 1])
def test_audio_is_framed_in_one_of_two_ways(value: Any) -> None:
    """Others are refused before anything is dialled."""
    with pytest.raises(ConfigError, match="audio_frames must be json or binary"):
        asking(extra(audio_frames=value))


@pytest.mark.parametrize("value", [datetime.date(2026, 9, 24), b"x", {1, 2}, float("nan"), float("inf")])
def test_extra_that_json_has_no_form_for_is_refused(value: Any) -> None:
    """A date in a TOML file is one of these."""
    with pytest.raises(ConfigError, match="gladia: extra cannot be written as JSON"):
        asking(extra(custom_metadata={"at": value}))


def warned(config: Config) -> list[tuple[str, str]]:
    return [(item.code, item.message) for item in asking(config)[1] if isinstance(item, Warned)]


def test_what_is_warned_of() -> None:
    """A model and members that we do not know, several languages of which only the first one heard counts."""
    assert warned(Config()) == []
    assert warned(extra(custom_metadata={}, audio_frames="json")) == []
    assert warned(Config(model="solaria-1", languages=["en", "fr"])) == []
    assert warned(Config(model="solaria-9")) == [
        ("unknown_model", "gladia: model 'solaria-9' is not in our table; asked for as it is")
    ]
    [(code, text)] = warned(extra(languages=["en"]))
    assert (code, "'languages'" in text) == ("unknown_extra", True)
    [(code, text)] = warned(extra(language_config={"languages": ["en", "fr"]}))
    assert (code, "of 2 languages" in text) == ("one_language", True)
    assert warned(Config(diarization=True, on_unsupported="warn")) == [
        ("unsupported", "gladia has no diarization; going on without it")
    ]


# The answer to it.


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("base", "url", "address"),
    [
        (None, URL, URL),
        (None, "/v2/live?token=t", "wss://api.gladia.io/v2/live?token=t"),
        ("http://127.0.0.1:8080/a", "/v2/live?token=t", "ws://127.0.0.1:8080/v2/live?token=t"),
        ("http://127.0.0.1:8080", "ws://other.example:1/x?token=t", "ws://other.example:1/x?token=t"),
        ("ws://127.0.0.1:8080", "?token=t", "ws://127.0.0.1:8080/v2/live?token=t"),
    ],
)
def test_the_socket_is_opened_where_the_answer_says(status: int, base: str | None, url: str, address: str) -> None:
    """As it is, without headers; a relative address is one at the server that was asked."""
    client, _ = asking(Config(base_url=base))
    answer = json.dumps({"id": ID, "url": url, "more": 1}).encode()
    assert client.receive(HttpResponse(status, {}, answer), 0.0) == [Connect(address)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'{"id":"x"}', "the answer to the request has no usable url"),
        (b'{"url":7}', "the answer to the request has no usable url"),
        (b'{"url":"https://api.gladia.io/v2/live"}', "the answer to the request has no usable url"),
        (b'{"url":"::::"}', "the answer to the request has no usable url"),
        (b'{"url":"ws://api.gladia.io/v2/live?token=t"}', "the answer to the request has no usable url"),
        (b'{"url":"wss://["}', "the answer to the request has no usable url"),
        (b'{"url":"wss://host:port/"}', "the answer to the request has no usable url"),
        (b'{"url":"wss://:80/"}', "the answer to the request has no usable url"),
        (b" <html></html>", "the request was answered by a web page; check base_url"),
        (b"OK", "the request was answered by what is no JSON object; check base_url"),
        (b"[]", "the request was answered by what is no JSON object; check base_url"),
        (b"\xff\xfe", "the request was answered by what is no JSON object; check base_url"),
        (b"", "the request was answered by what is no JSON object; check base_url"),
    ],
)
def test_an_answer_that_leads_nowhere(answer: bytes, reason: str) -> None:
    """Is said to be one, and not tried again."""
    client, _ = asking()
    error = failure(client.receive(HttpResponse(201, {}, answer), 0.0))
    assert (type(error), error.reason, error.retryable) == (ProtocolError, reason, False)
    assert not client.resumable


def problem(status: int, text: str, **more: Any) -> bytes:
    said = {"timestamp": "2026-09-21T09:14:02.300Z", "path": "/v2/live", "request_id": "G-5d0a91c3"}
    return json.dumps({**said, "statusCode": status, "message": text, **more}).encode()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, BadRequest, False),
        (401, AuthenticationError, False),
        (402, QuotaExceeded, False),
        (403, AuthenticationError, False),
        (404, BadRequest, False),
        (408, ConnectionLost, True),
        (413, BadRequest, False),
        (422, BadRequest, False),
        (429, QuotaExceeded, True),
        (500, ConnectionLost, True),
        (503, ConnectionLost, True),
    ],
)
@pytest.mark.parametrize("dialled", [False, True])
def test_each_refusal_is_one_typed_error(
    status: int, kind: type[ProviderError], retryable: bool, dialled: bool
) -> None:
    """Of the request and of the socket alike, with the vendor's text and the number that its support asks for."""
    client, _ = asking()
    frame: Frame = HttpResponse(status, {}, problem(status, "no such thing"))
    if dialled:
        client.receive(HttpResponse(201, {}, CREATED.encode()), 0.0)
        frame = Refused(status, {}, problem(status, "no such thing"))
    error = failure(client.receive(frame, 0.0))
    assert (type(error), error.retryable, error.status) == (kind, retryable, status)
    assert (error.provider, error.reason, error.request_id) == ("gladia", "no such thing", "G-5d0a91c3")


@pytest.mark.parametrize(
    ("headers", "answer", "reason", "request_id"),
    [
        (
            {},
            problem(400, "Invalid parameter(s)", validation_errors=["endpointing must not be less than 0.01", "b"]),
            "Invalid parameter(s): endpointing must not be less than 0.01; b",
            "G-5d0a91c3",
        ),
        (
            {},
            problem(422, "Wrong", validation_errors=[{"loc": ["body", "channels", 0], "msg": "too many"}, {}, 7]),
            "Wrong: body.channels.0 too many",
            "G-5d0a91c3",
        ),
        ({}, problem(400, "Wrong", validation_errors=[]), "Wrong", "G-5d0a91c3"),
        ({}, problem(400, "Wrong", validation_errors="x"), "Wrong", "G-5d0a91c3"),
        ({"x-aipi-call-id": "c1"}, b'{"message":"Wrong"}', "Wrong", "c1"),
        ({"x-request-id": "r1"}, b'{"message":"Wrong"}', "Wrong", "r1"),
        ({}, b"<html>Bad gateway</html>", "what answered is no API: it sent a web page", None),
        ({}, b"plain words", "plain words", None),
        ({}, b"", "the handshake was refused", None),
    ],
)
def test_what_a_refusal_says(headers: dict[str, str], answer: bytes, reason: str, request_id: str | None) -> None:
    """Which member is wrong, and how; of a page for people nothing."""
    error = failure(asking()[0].receive(HttpResponse(400, headers, answer), 0.0))
    assert (error.reason, error.request_id) == (reason, request_id)
    assert reason in str(error.args)


def test_a_reason_is_cut_short() -> None:
    """However much is wrong."""
    answer = problem(400, "Wrong", validation_errors=["x" * 400] * 9)
    assert len(failure(asking()[0].receive(HttpResponse(400, {}, answer), 0.0)).reason) == 500


def test_when_to_come_back() -> None:
    """Where the vendor says so."""
    error = failure(asking()[0].receive(HttpResponse(429, {"retry-after": "7"}, b""), 0.0))
    assert isinstance(error, QuotaExceeded)
    assert error.retry_after == 7.0


@pytest.mark.parametrize("cause", ["dns", "refused", "tls", "timeout", "reset"])
def test_no_answer_at_all(cause: Any) -> None:
    """There is no session to go back to."""
    client, _ = asking()
    assert isinstance(failure(client.receive(Lost(cause), 0.0)), ConnectionLost)
    assert not client.resumable


# The beginning.


def test_a_session_begins_with_its_socket() -> None:
    """With what was asked for, and neither the key nor the token nor where callbacks go."""
    config = Config(
        model="solaria-1",
        region="eu",
        extra={"gladia": {"callback": True, "callback_config": {"url": "https://me.example/?secret=1"}}},
    )
    client, _ = asking(config)
    client.receive(HttpResponse(201, {}, CREATED.encode()), 0.0)
    settings = {**BODY, "model": "solaria-1", "region": "eu-west", "callback": True, "callback_config": "***"}
    assert client.receive(Connected(), 0.0) == [Started(ID, "solaria-1", None, " ", settings)]
    assert client.deadline is None
    assert client.resumable


@pytest.mark.parametrize("command", [Audio(b""), Silence(1), KeepAlive(), Stop(), Configure("c", {}), Finalize("f")])
def test_nothing_but_start_comes_before_it(command: Any) -> None:
    """Anything else is the caller's mistake, and so is going back to no session."""
    client, _ = asking()
    for half in (client, Client(context())):
        with pytest.raises(RuntimeError, match="before the session has begun"):
            half.send(command, 0.0)
        with pytest.raises(RuntimeError, match="no session to resume"):
            half.send(Resume(), 0.0)


def test_a_finalize_is_not_for_it() -> None:
    """The session emulates it."""
    with pytest.raises(RuntimeError, match="emulated by silence"):
        started().send(Finalize("f"), 0.0)


# Commands.


def test_each_command_is_one_frame() -> None:
    """Audio as the vendor's guide shows it, byte for byte."""
    client = started()
    chunk = base64.b64encode(b"\1\0" * 800).decode()
    assert client.send(Audio(b"\1\0" * 800), 0.0) == [
        Message('{"type":"audio_chunk","data":{"chunk":"' + chunk + '"}}')
    ]
    zeros = base64.b64encode(bytes(1600)).decode()
    assert client.send(Silence(0.05), 0.0) == [Message('{"type":"audio_chunk","data":{"chunk":"' + zeros + '"}}')]
    assert client.send(KeepAlive(), 0.0) == [Message(EMPTY)]
    [configured] = client.send(Configure("c1", {"keyterms": ["x"]}), 0.0)
    assert configured == Configured("c1", False, "gladia changes nothing in mid-session")
    assert client.send(Stop(), 0.0) == [Message(STOP)]


def test_audio_may_be_binary() -> None:
    """What is empty is not: a binary frame without bytes says nothing."""
    client = started(extra(audio_frames="binary"))
    assert client.send(Audio(b"\1\0" * 800), 0.0) == [Message(b"\1\0" * 800)]
    assert client.send(Silence(0.05), 0.0) == [Message(bytes(1600))]
    assert client.send(KeepAlive(), 0.0) == [Message(EMPTY)]


def test_silence_of_a_law_is_not_zero() -> None:
    """Of µ-law it is 0xff."""
    client = started(Config(audio=AudioFormat(8000, "pcm_mulaw"), extra={"gladia": {"audio_frames": "binary"}}))
    assert client.send(Silence(0.01), 0.0) == [Message(b"\xff" * 80)]


@pytest.mark.parametrize("frames", ["json", "binary"])
@pytest.mark.parametrize(("encoding", "channels"), [("pcm_s24le", 7), ("pcm_s16le", 8), ("pcm_mulaw", 1)])
def test_no_message_is_longer_than_the_vendor_takes(frames: str, encoding: Any, channels: int) -> None:
    """Long silence of many channels is cut between samples, and each piece is counted by itself."""
    audio = AudioFormat(48_000, encoding, channels)
    client = started(Config(audio=audio, channels="separate", extra={"gladia": {"audio_frames": frames}}))
    out = client.send(Silence(10.7), 0.0)
    sent = b""
    for item in out:
        assert isinstance(item, Message)
        assert len(item.data) < 1 << 20
        binary = isinstance(item.data, bytes)
        assert binary == (frames == "binary")
        data = item.data if isinstance(item.data, bytes) else base64.b64decode(json.loads(item.data)["data"]["chunk"])
        assert len(data) % audio.frame == 0
        assert data
        sent += data
        assert hear(client, acked(0, len(sent))) == [AudioTaken(audio.seconds(len(sent)))]
    assert sent == audio.silence(10.7)
    assert len(out) == -(-len(sent) // (LARGEST - LARGEST % audio.frame))


# Acknowledgements.


def test_taken_audio_is_told_once() -> None:
    """Later answers that say less, and answers to nothing, tell nothing."""
    client = fed(started(), 2, ack=False)
    assert hear(client, acked(0, 32_000)) == [AudioTaken(1.0)]
    assert hear(client, acked(0, 32_000), acked(0, 0)) == []
    assert hear(client, acked(32_000, 64_000)) == [AudioTaken(2.0)]
    assert hear(client, acked(64_000, 640_000)) == []
    assert hear(client, '{"type":"audio_chunk","acknowledged":true}') == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "not a whole number of frames"}, "audio was refused: not a whole number of frames"),
        ({"status_code": 400, "exception": "BadChunk", "message": None}, "audio was refused: BadChunk"),
        (None, "audio was refused: no reason given"),
    ],
)
def test_a_chunk_that_is_refused_ends_the_session(error: Any, reason: str) -> None:
    """The first one is our fault; a later one is not, and another session takes it. After a stop it is no wonder."""
    found = failure(hear(fed(started(), ack=False), nacked(error)))
    assert (type(found), found.reason, found.retryable) == (BadRequest, reason, False)
    client = fed(started())
    found = failure(hear(client, nacked(error)))
    assert (type(found), found.retryable, client.resumable) == (ConnectionLost, True, False)
    assert found.reason == f"the session cannot be gone on with: {reason}"
    client = fed(started())
    client.send(Stop(), 0.0)
    assert hear(client, nacked(error)) == []


# Messages.


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (speech("speech_start", 1.24), SpeechStarted(1.24)),
        (speech("speech_start", 1, 1), SpeechStarted(1.0, 1)),
        (speech("speech_start", -5), SpeechStarted(0.0)),
        (speech("speech_start", "soon"), SpeechStarted(1.0)),
        (speech("speech_start", 2, -1), SpeechStarted(2.0, 0)),
        ('{"type":"speech_start"}', SpeechStarted(1.0)),
        (message("error", data={"code": "x", "message": "slow"}), Warned("gladia:error", "slow")),
        (message("error", error={"message": "slow"}), Warned("gladia:error", "slow")),
        (message("error", error={"exception": "Slow"}), Warned("gladia:error", "Slow")),
        (message("error", message="slow"), Warned("gladia:error", "slow")),
        (message("error", data=None, error=7), Warned("gladia:error", "an error without a reason")),
    ],
)
def test_small_messages(text: str, event: Event) -> None:
    """Each is one event; errors have no published form, so every known one is read."""
    assert hear(fed(started()), text) == [event]


UNMAPPED = [
    message("translation", error=None, data={"utterance_id": "00_00000000", "utterance": utterance(" Yes.", 0.2, 0.6)}),
    message("translation", error={"message": "translation unavailable"}, data=None),
    message("named_entity_recognition", error=None, data={"results": [{"entity_type": "DATE", "text": "Tuesday"}]}),
    message("sentiment_analysis", error=None, data={"results": [{"sentiment": "neutral", "text": "Yes."}]}),
    message("post_transcript", data={"full_transcript": "", "languages": [], "utterances": []}),
    message("post_summarization", error=None, data={"results": "Nothing."}),
    message("stop_recording", acknowledged=True, error=None, data={"recording_duration": 1}),
    message("start_session"),
    message("start_recording"),
    message("end_recording", data={"recording_duration": 28.75}),
    message("end_session"),
    message("transcript"),
    message("transcript", data={"utterance": None}),
    message("speech_stop", data={"time": 1, "channel": 0}),
    message("brand_new", data=[1]),
    '{"type":["transcript"]}',
    "{}",
]


@pytest.mark.parametrize("text", UNMAPPED)
def test_what_has_no_neutral_word_leaves_as_it_came(text: str) -> None:
    """Nothing is dropped in silence."""
    assert hear(fed(started()), text) == [Unmapped(json.loads(text))]


def test_a_final_and_its_end() -> None:
    """The turn ends where speech did; what comes after settles it."""
    client = fed(started(), 2)
    assert hear(client, partial("a", " yes", 0.2, 0.5, (" yes", 0.2, 0.5))) == [
        Partial(
            turn=(0, 0),
            text="yes",
            words=(word("yes", 0.2, 0.5, final=False, joiner=""),),
            start=0.2,
            end=0.5,
            language="en",
            confidence=0.93,
        )
    ]
    said = transcript("a", " Yes.", 0.2, 0.6, (" Yes.", 0.2, 0.6))
    assert hear(client, speech("speech_end", 0.62)) == []
    out = hear(client, said)
    assert out == [
        final(0, "Yes.", YES_WORD),
        TurnEnded(turn=(0, 0), at=0.62, formatted=True),
        Settled(0.6),
    ]
    assert isinstance(out[0], Final)
    assert out[0].raw == json.loads(said)
    assert hear(client, said) == []


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (" 今日は", ["今日", "は"], [("今日", ""), ("は", "")]),
        (" Hi, you", [" Hi", " you"], [("Hi,", ""), ("you", " ")]),
        ("«Hi» you!", [" Hi", " you"], [("«Hi»", ""), ("you!", " ")]),
        (" Hi you", ["hi", " You"], [("hi", ""), ("You", " ")]),
        (" Hi", [" Hi", "", None, 7], [("Hi", "")]),
    ],
)
def test_words_make_their_text(text: str, words: list[Any], expected: list[tuple[str, str]]) -> None:
    """Each with what stands before it, also where the two are not spelled alike."""
    said = utterance(text, 0.2, 0.6)
    said["words"] = [{"word": each, "start": 0.2, "end": 0.3} for each in words]
    [event, _] = hear(fed(started()), message("transcript", data={"id": "a", "is_final": True, "utterance": said}))
    assert isinstance(event, Final)
    assert event.text == text.strip()
    assert [(each.text, each.joiner) for each in event.words] == expected


@pytest.mark.parametrize(
    ("items", "times"),
    [
        ([{"word": "a", "start": -5, "end": -1}], [("a b", 0.0, 0.0)]),
        ([{"word": "a", "start": 0.5, "end": 0.3}], [("a b", 0.5, 0.5)]),
        ([{"word": "a", "start": "1", "end": None}], [("a b", 0.0, 0.0)]),
        ([{"word": "a", "end": 0.3}, {"word": "b"}], [("a", 0.3, 0.3), ("b", 0.3, 0.3)]),
        ([{"word": "a", "start": 10**400}], [("a b", 0.0, 0.0)]),
        ({"word": "a"}, []),
        ("a b", []),
    ],
)
def test_words_of_any_kind(items: Any, times: list[tuple[str, float, float]]) -> None:
    """A wrong time is its neighbour's; the text counts in any case."""
    said = {**utterance("a b", 0.2, 0.6), "words": items}
    found = hear(fed(started()), message("transcript", data={"id": "a", "is_final": True, "utterance": said}))[0]
    assert isinstance(found, Final)
    assert found.text == "a b"
    assert [(each.text, each.start, each.end) for each in found.words] == times


def test_an_utterance_that_gets_no_final_does_not_stay_open_for_ever() -> None:
    """A final long after it shows that none will come: it is delivered as it was shown, and no more awaited."""
    client = fed(started(), 20)
    hear(client, partial("a", " hm", 1.0, 1.4, (" hm", 1.0, 1.4)))
    assert hear(client, transcript("b", " One.", 1.6, 2.0, (" One.", 1.6, 2.0)))[-1] == Settled(1.0)
    assert hear(client, transcript("c", " Two.", 9.0, 9.4, (" Two.", 9.0, 9.4))) == [
        TurnEnded(turn=(0, 0), at=2.0, reason="grouped", formatted=True),
        final(1, "hm", word("hm", 1.0, 1.4, final=False, joiner=""), confirmed=False),
        TurnEnded(turn=(0, 1), at=2.0, reason="grouped", formatted=True),
        final(2, "Two.", word("Two.", 9.0, 9.4, joiner="")),
        Settled(9.4),
    ]
    assert hear(client, transcript("a", " Hm.", 1.0, 1.4, (" Hm.", 1.0, 1.4))) == []
    client.send(Stop(), 0.0)
    out = hear(client, whole(utterance(" Hm.", 1.0, 1.4, (" Hm.", 1.0, 1.4))))
    assert not [event for event in out if isinstance(event, Final)]


def test_utterances_without_an_id_are_not_taken_for_one_another() -> None:
    """One that gets no final does not silence those after it."""
    client = fed(started(), 20)
    hear(client, partial("", " hm", 1.0, 1.4))
    hear(client, transcript("b", " Two.", 9.0, 9.4))
    [said, _] = hear(client, transcript("", " Three.", 9.5, 9.9))
    assert isinstance(said, Final)
    assert said.text == " Three."


# Ends.


def test_a_session_ends_with_the_close() -> None:
    """With the length of the audio that the vendor tells, or our own."""
    client = fed(started(), 2)
    client.send(Stop(), 0.0)
    text = whole(seconds=1.75)
    assert hear(client, text, now=1.0) == [Unmapped(json.loads(text))]
    assert client.deadline == 1.0 + GOODBYE
    assert client.receive(Close(1000), 2.0) == [Stopped("stopped", 1.75)]
    assert client.deadline is None
    assert client.tick(99.0) == []
    assert hear(client, YES) == []
    client = fed(started(), 2)
    client.send(Stop(), 0.0)
    assert client.receive(Close(1000), 2.0) == [Stopped("stopped", 2.0)]


@pytest.mark.parametrize(
    ("extra", "wrong"),
    [
        ({"endpointing": "soon"}, "endpointing must be a number"),
        ({"endpointing": 99}, "endpointing must not be greater than 10"),
        ({"pre_processing": {"speech_threshold": 2}}, "pre_processing.speech_threshold must not be greater than 1"),
        ({"messages_config": "all"}, "messages_config must be an object"),
        ({"realtime_processing": {"translation_config": {}}}, "translation_config.target_languages is required"),
    ],
)
def test_what_the_vendor_would_refuse_is_not_asked_for(extra: dict[str, Any], wrong: str) -> None:
    """By its schema, before dialling; whoever knows better may have it sent."""
    with pytest.raises(ConfigError, match=f"^gladia: .*{re.escape(wrong)}"):
        asking(Config(extra={"gladia": extra}))
    _, out = asking(Config(extra={"gladia": extra}, on_unsupported="warn"))
    assert any(isinstance(item, Warned) and wrong in item.message for item in out)


def test_a_close_that_does_not_come_is_not_waited_for() -> None:
    """Once the transcript of the whole session is there; without it nothing is known to be over."""
    client = fed(started())
    client.send(Stop(), 0.0)
    assert client.deadline is None
    hear(client, whole(seconds=1.0), now=1.0)
    assert client.tick(0.9 + GOODBYE) == []
    assert client.tick(1.0 + GOODBYE) == [Close(1000), Stopped("stopped", 1.0)]


def test_a_vendor_that_has_nothing_more_to_say_is_not_waited_for() -> None:
    """It knows of the stop and is quiet, with nothing open; where it has a summary to make, it has its time."""
    said = message("stop_recording", acknowledged=True, error=None, data={})
    client = fed(started(), 2)
    client.send(Stop(), 2.0)
    hear(client, said, now=2.1)
    hear(client, speech("speech_start", 0.1), partial("a", " Yes", 0.2, 0.6), now=3.0)
    assert client.deadline == 3.0 + QUIET
    assert client.tick(3.0 + QUIET) == []
    hear(client, transcript("a", " Yes.", 0.2, 0.6), now=20.0)
    closed, *_, stopped = client.tick(20.0 + QUIET)
    assert (closed, stopped) == (Close(1000), Stopped("stopped", 2.0))

    client = fed(started(Config(extra={"gladia": {"post_processing": {"summarization": True}}})), 2)
    client.send(Stop(), 2.0)
    hear(client, said, now=2.1)
    assert client.deadline is None


def test_a_close_that_crosses_the_stop_is_no_end() -> None:
    """The vendor that closes before it has all audio has not heard the rest; it must be said to another session."""
    client = fed(started(), 1)
    hear(client, acked(0, len(SECOND)))
    client.send(Audio(SECOND), 1.0)
    client.send(Stop(), 1.0)
    assert "before it had taken all audio" in failure(client.receive(Close(1000), 1.0)).reason
    assert not client.resumable


def test_a_close_without_a_word_is_no_end() -> None:
    """Unless the vendor was told to say nothing of what it has."""
    client = fed(started(), 1, ack=False)
    client.send(Stop(), 1.0)
    assert "before it had taken all audio" in failure(client.receive(Close(1000), 1.0)).reason
    quiet = fed(started(extra(messages_config={"receive_acknowledgments": False})), 1, ack=False)
    quiet.send(Stop(), 1.0)
    assert quiet.receive(Close(1000), 1.0) == [Stopped("stopped", 1.0)]


@pytest.mark.parametrize(
    "said",
    [
        acked(len(SECOND), 2 * len(SECOND)),
        message("stop_recording", acknowledged=True, error=None, data={}),
        whole(seconds=2.0),
    ],
)
def test_what_shows_that_a_close_is_the_end(said: str) -> None:
    """The last acknowledgement, that of the stop, or the whole transcript."""
    client = fed(started(), 1)
    hear(client, acked(0, len(SECOND)))
    client.send(Audio(SECOND), 1.0)
    client.send(Stop(), 1.0)
    hear(client, said, now=1.0)
    assert client.receive(Close(1000), 1.0)[-1] == Stopped("stopped", 2.0)


@pytest.mark.parametrize("frame", [Lost("reset"), Close(1006), Close(1011, "oops"), Close(4408), Close(None)])
def test_how_a_session_is_closed_matters_not_once_all_was_said(frame: Frame) -> None:
    """The transcript of the whole session was the last word."""
    client = fed(started())
    client.send(Stop(), 0.0)
    hear(client, YES, whole(utterance(" Yes.", 0.2, 0.6), seconds=1.0))
    assert client.receive(frame, 0.0) == [
        TurnEnded(turn=(0, 0), at=0.6, reason="stop", formatted=True),
        Stopped("stopped", 1.0),
    ]


@pytest.mark.parametrize(
    ("code", "kind", "retryable", "back"),
    [
        (1000, ConnectionLost, True, False),
        (1001, ConnectionLost, True, True),
        (1005, ConnectionLost, True, True),
        (1006, ConnectionLost, True, True),
        (1008, ConnectionLost, True, True),
        (1009, ConnectionLost, True, True),
        (1011, ConnectionLost, True, True),
        (4399, ConnectionLost, True, True),
        (4400, BadRequest, False, False),
        (4401, AuthenticationError, False, False),
        (4402, QuotaExceeded, False, False),
        (4403, AuthenticationError, False, False),
        (4404, BadRequest, False, False),
        (4408, ConnectionLost, True, False),
        (4429, QuotaExceeded, True, False),
        (4499, BadRequest, False, False),
        (4500, ConnectionLost, True, True),
        (9999, ConnectionLost, True, True),
        (None, ConnectionLost, True, True),
    ],
)
def test_each_class_of_close_code(code: int | None, kind: type[ProviderError], retryable: bool, back: bool) -> None:
    """1000 and 44xx end the vendor's session; from any other it may be gone back to."""
    client = fed(started())
    error = failure(client.receive(Close(code), 0.0))
    assert (type(error), error.code, error.retryable) == (kind, code, retryable)
    assert error.reason == "the server closed the connection in mid-session"
    assert client.resumable is back


def test_the_reason_of_a_close() -> None:
    """Its own, else what was said in band before it."""
    assert failure(started().receive(Close(4400, "bad"), 0.0)).reason == "bad"
    client = started()
    hear(client, message("error", data={"message": "out of order"}))
    assert failure(client.receive(Close(4400), 0.0)).reason == "out of order"
    client, _ = asking()
    client.receive(HttpResponse(201, {}, CREATED.encode()), 0.0)
    assert failure(client.receive(Close(1011), 0.0)).reason == "the server closed the connection before it began"


@pytest.mark.parametrize("data", ["no json", "[]", '"x"', b"\0\1", b"\xff", "[" * 10_000])
def test_what_is_no_json_object_is_a_broken_connection(data: str | bytes) -> None:
    """Another one may do better, at the same session."""
    client = fed(started())
    error = failure(client.receive(Message(data), 0.0))
    assert (type(error), error.retryable) == (ProtocolError, True)
    assert client.resumable


def test_json_in_a_binary_frame_is_read() -> None:
    """Some servers send it so."""
    assert started().receive(Message(b'{"type":"speech_start","data":{"time":1}}'), 0.0) == [SpeechStarted(1.0)]


# Going back.


@pytest.mark.parametrize(
    ("wanted", "back"),
    [
        ({}, True),
        ({"receive_acknowledgments": False}, False),
        ({"receive_speech_events": False}, True),
        ({"receive_partial_transcripts": False}, True),
        ({"receive_partial_transcripts": False, "receive_speech_events": False}, False),
    ],
)
def test_which_session_can_be_gone_back_to(wanted: dict[str, bool], back: bool) -> None:
    """One that says what it has taken, and that somebody speaks."""
    assert started(extra(messages_config=wanted)).resumable is back


def test_nothing_is_asked_where_all_was_answered() -> None:
    """The same address, no request, no key; the session begins anew with what is taken."""
    client = fed(started(), 1, now=0.0)
    client.send(KeepAlive(), 1.0)
    taken, again = cut(client, 1.0)
    assert taken == AudioTaken(1.0)
    assert again == Started(ID, None, None, " ", BODY)
    assert client.deadline is None
    client.send(Audio(SECOND), 2.0)
    assert hear(client, acked(32_000, 64_000), now=2.0) == [AudioTaken(2.0)]


def test_the_vendor_is_asked_where_it_is() -> None:
    """By an empty chunk: what it took although its answer was lost is not sent again; messages wait for the answer."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    assert cut(client, 3.0) == [Message(EMPTY)]
    assert client.deadline == 3.0 + ANSWER
    assert hear(client, YES, speech("speech_end", 0.62), now=3.1) == []
    out = hear(client, acked(96_000, 96_000), now=3.2)
    assert out == [
        AudioTaken(3.0),
        Started(ID, None, None, " ", BODY),
        final(0, "Yes.", YES_WORD),
        Settled(0.6),
        TurnEnded(turn=(0, 0), at=0.62, formatted=True),
    ]
    assert client.deadline is None


def test_the_vendor_is_asked_with_a_sample_where_it_does_not_answer_an_empty_chunk() -> None:
    """The sample is no audio of ours, and is not counted as such."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    assert cut(client, 3.0) == [Message(EMPTY)]
    assert client.tick(3.0 + ANSWER) == [Message(SAMPLE)]
    assert client.deadline == 3.0 + 2 * ANSWER
    taken, _ = hear(client, acked(64_000, 64_002), now=4.5)
    assert taken == AudioTaken(2.0)
    client.send(Audio(SECOND), 5.0)
    assert hear(client, acked(64_002, 96_002), now=5.0) == [AudioTaken(3.0)]


@pytest.mark.parametrize("refused", [True, False])
def test_a_vendor_that_does_not_say_is_left(refused: bool) -> None:
    """What it has is unknown, so another session must hear it."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    cut(client, 3.0)
    if refused:
        assert hear(client, nacked(None), now=3.1) == [Message(SAMPLE)]
        out = hear(client, nacked(None), now=3.2)
    else:
        client.tick(3.0 + ANSWER)
        out = client.tick(3.0 + 2 * ANSWER)
    error = failure(out)
    assert isinstance(error, ConnectionLost)
    assert "does not say how much audio it has" in error.reason
    assert not client.resumable


@pytest.mark.parametrize("place", [(0, 0), (32_000, 32_000), (96_002, 96_002), (64_001, 64_001), (10**300, 10**300)])
def test_a_vendor_that_cannot_be_there_is_left(place: tuple[int, int]) -> None:
    """At less than it said it had, beyond what was sent, or between the bytes of a sample."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    cut(client, 3.0)
    assert isinstance(failure(hear(client, acked(*place), now=3.1)), ConnectionLost)
    assert not client.resumable


def test_a_vendor_that_says_too_much_and_not_where_it_is_is_left() -> None:
    """What waits is bounded."""
    client = fed(started(), 2, ack=False)
    cut(client, 3.0)
    for _ in range(MOST_HELD):
        assert hear(client, message("later"), now=3.0) == []
    assert isinstance(failure(hear(client, message("later"), now=3.0)), ConnectionLost)


def test_a_cut_while_it_is_asked_is_asked_again() -> None:
    """But not after a sample went out: whether it arrived will never be known."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    assert cut(client, 3.0) == [Message(EMPTY)]
    assert cut(client, 3.5) == [Message(EMPTY)]
    assert client.tick(3.5 + ANSWER) == [Message(SAMPLE)]
    assert isinstance(failure(cut(client, 5.0)), ConnectionLost)
    assert not client.resumable


@pytest.mark.parametrize(
    ("status", "back"), [(403, False), (404, False), (410, False), (408, True), (429, True), (500, True), (503, True)]
)
def test_a_session_that_is_refused(status: int, back: bool) -> None:
    """For good, or for the time being."""
    client = fed(started())
    client.receive(Lost("reset"), 0.0)
    client.send(Resume(), 0.0)
    failure(client.receive(Refused(status), 0.0))
    assert client.resumable is back


def fall(client: Client, frame: Frame) -> None:
    """Go back to the session, which ends in *frame* at once."""
    client.send(Resume(), 0.0)
    if not isinstance(frame, Refused):
        client.receive(Connected(), 0.0)
    failure(client.receive(frame, 0.0))


@pytest.mark.parametrize("frame", [Refused(503), Close(1011), Close(4500), Lost("reset")])
def test_a_session_that_brings_nothing_any_more_is_left(frame: Frame) -> None:
    """After some attempts in a row; a message in between shows that it lives."""
    client = fed(started())
    client.receive(Close(1011), 0.0)
    for _ in range(STUMBLES - 1):
        fall(client, frame)
        assert client.resumable
    client.send(Resume(), 0.0)
    client.receive(Connected(), 0.0)
    hear(client, speech("speech_end", 0.1))
    client.receive(Close(1011), 0.0)
    for _ in range(STUMBLES - 1):
        fall(client, frame)
        assert client.resumable
    fall(client, frame)
    assert not client.resumable


def test_an_outage_is_not_the_sessions_fault() -> None:
    """Who cannot be reached has refused nothing."""
    client = fed(started())
    client.receive(Lost("reset"), 0.0)
    for _ in range(STUMBLES * 3):
        client.send(Resume(), 0.0)
        client.receive(Lost("dns"), 0.0)
    assert client.resumable


def test_a_stop_is_remembered() -> None:
    """After one nothing is taken, so that a probe which is refused, or a close, means that all was."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    client.send(Stop(), 3.0)
    assert cut(client, 3.0) == [Message(EMPTY)]
    taken, again = hear(client, nacked({"message": "recording is stopped"}), now=3.1)
    assert taken == AudioTaken(3.0)
    assert isinstance(again, Started)
    assert client.send(Stop(), 3.1) == [Message(STOP)]
    hear(client, whole(seconds=3.0), now=3.2)
    assert client.receive(Close(1000), 3.3) == [Stopped("stopped", 3.0)]


def test_a_session_that_does_not_answer_a_second_stop_is_left() -> None:
    """It may have ended, and said so, while nobody listened. One that says anything is waited for."""
    client = fed(started(), 2)
    client.send(Stop(), 3.0)
    cut(client, 3.0)
    hear(client, nacked({"message": "recording is stopped"}), now=3.0)
    client.send(Stop(), 3.0)
    assert client.deadline == 3.0 + SILENT
    closed, *out = client.tick(3.0 + SILENT)
    assert closed == Close(1000)
    assert isinstance(failure(out), ConnectionLost)
    assert not client.resumable

    client = fed(started(), 2)
    client.send(Stop(), 3.0)
    cut(client, 3.0)
    hear(client, nacked({"message": "recording is stopped"}), now=3.0)
    client.send(Stop(), 3.0)
    hear(client, message("stop_recording", acknowledged=True, error=None, data={}), now=3.1)
    assert client.deadline is None


def test_a_session_that_is_over_when_it_is_gone_back_to() -> None:
    """It closes at once; with the transcript of the whole session that is its end, without it nothing is known."""
    client = fed(started(), 2)
    client.send(Audio(SECOND), 2.0)
    client.send(Stop(), 3.0)
    cut(client, 3.0)
    text = whole(utterance(" Yes.", 0.2, 0.6, (" Yes.", 0.2, 0.6)), seconds=3.0)
    hear(client, text, now=3.1)
    out = client.receive(Close(1000), 3.1)
    assert [type(item) for item in out] == [AudioTaken, Started, Final, Settled, Unmapped, TurnEnded, Stopped]
    client = fed(started(), 2)
    client.send(Stop(), 2.0)
    cut(client, 2.0)
    error = failure(client.receive(Close(1000), 2.1))
    assert "nothing shows whether all was heard" in error.reason
    assert not client.resumable


def test_audio_that_was_sent_faster_than_it_is_spoken_is_not_resumed() -> None:
    """Whole utterances of it may have come and gone unseen; of little none can."""
    client = fed(started(), 10, now=0.0)
    out = cut(client, 10.0 - AHEAD - 0.1)
    assert "faster than it was spoken" in failure(out).reason
    assert not client.resumable
    assert isinstance(cut(fed(started(), 10, now=0.0), 10.0 - AHEAD)[-1], Started)


def spoken(*, before: list[str], seconds: int = 6) -> Client:
    """A client half that heard *before*, lost its connection after *seconds*, and has another one."""
    client = fed(started(), seconds, now=0.0)
    hear(client, *before, now=float(seconds))
    assert isinstance(cut(client, float(seconds))[-1], Started)
    return client


OPEN = partial("b", " and", 4.0, 4.4, (" and", 4.0, 4.4))
LATER = transcript("d", " Later.", 7.0, 7.4, (" Later.", 7.0, 7.4))
SPOKE: dict[str, list[str]] = {
    "an open utterance": [YES, OPEN],
    "speech that nothing had shown": [YES, speech("speech_start", 4.0)],
    "speech that began before the last final came": [
        speech("speech_start", 0.1),
        speech("speech_end", 0.6),
        speech("speech_start", 4.0),
        YES,
    ],
    "speech that goes on behind a final that was cut": [
        speech("speech_start", 0.1),
        transcript("a", " Long.", 0.2, 5.0, (" Long.", 0.2, 5.0)),
    ],
}
LOST = "what it said while the connection was down is lost"


@pytest.mark.parametrize("before", SPOKE)
def test_a_final_that_is_missing_is_noticed_by_a_later_one(before: str) -> None:
    """Finals come in order, so it will not come: another session must hear that audio."""
    client = spoken(before=SPOKE[before])
    assert LOST in failure(hear(client, LATER, now=8.0)).reason
    assert not client.resumable


@pytest.mark.parametrize("before", SPOKE)
def test_a_final_that_is_missing_is_noticed_by_its_absence(before: str) -> None:
    """While so much audio was sent that it should have come."""
    client = spoken(before=SPOKE[before])
    for second in range(int(MISSED)):
        out = client.send(Audio(SECOND), 6.0 + second)
        assert not [item for item in out if isinstance(item, Failed)]
    assert LOST in failure(client.send(Audio(SECOND), 12.0)).reason
    assert not client.resumable


@pytest.mark.parametrize("before", SPOKE)
def test_a_final_that_is_missing_is_noticed_at_the_close(before: str) -> None:
    """Unless the transcript of the whole session has it."""
    for last in (True, False):
        client = spoken(before=SPOKE[before])
        client.send(Stop(), 6.0)
        if last:
            hear(client, whole(utterance(" And so.", 4.0, 5.6, (" And", 4.0, 4.4), (" so.", 5.3, 5.6))), now=7.0)
            assert isinstance(client.receive(Close(1000), 7.0)[-1], Stopped)
        else:
            failure(client.receive(Close(1000), 7.0))
            assert not client.resumable


@pytest.mark.parametrize("before", [*SPOKE][:3])
def test_a_final_that_comes_is_not_missed(before: str) -> None:
    """On the new connection; a partial shows that it will come, however long the speech is."""
    client = spoken(before=SPOKE[before])
    hear(client, transcript("b", " And.", 4.0, 4.4, (" And.", 4.0, 4.4)), now=6.1)
    for second in range(9):
        assert not isinstance(client.send(Audio(SECOND), 6.0 + second)[-1], Failed)
    assert not isinstance(hear(client, transcript("d", " So.", 9.0, 9.4, (" So.", 9.0, 9.4)))[-1], Failed)
    client = spoken(before=SPOKE[before])
    hear(client, partial("b", " and so", 4.0, 6.4, (" and", 4.0, 4.4), (" so", 6.0, 6.4)), now=6.5)
    for second in range(9):
        assert not isinstance(client.send(Audio(SECOND), 6.0 + second)[-1], Failed)


def test_a_partial_of_later_speech_does_not_make_up_for_a_final() -> None:
    """The final before it is still due."""
    client = spoken(before=SPOKE["an open utterance"])
    hear(client, partial("d", " later", 7.0, 7.4, (" later", 7.0, 7.4)), now=7.5)
    assert LOST in failure(hear(client, LATER, now=8.0)).reason


def test_what_was_held_is_not_told_after_a_failure() -> None:
    """The first of it shows that something is lost."""
    client = fed(started(), 5, now=0.0)
    hear(client, OPEN, now=5.0)
    client.send(Audio(SECOND), 5.0)
    assert cut(client, 6.0) == [Message(EMPTY)]
    hear(client, LATER, speech("speech_start", 7.9), LATER, now=6.1)
    out = hear(client, acked(192_000, 192_000), now=6.2)
    assert LOST in failure(out).reason


# Nonsense.


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 64_000)
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "", " x y", "wss://[", "今日"])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "start", "end", "words", "word", "message", "loc"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
KEYS = [
    "id",
    "is_final",
    "utterance",
    "time",
    "channel",
    "byte_range",
    "metadata",
    "transcription",
    "utterances",
    "url",
]
TYPES = ["transcript", "transcript", "speech_start", "speech_end", "audio_chunk", "error", "post_final_transcript", "x"]
INNER = st.dictionaries(st.sampled_from(KEYS), VALUES) | VALUES
JSONS = st.builds(
    lambda kind, data, rest: json.dumps({"type": kind, "data": data, **rest}),
    st.sampled_from(TYPES),
    INNER,
    st.dictionaries(st.sampled_from(["acknowledged", "error", "id", "url", "message", "validation_errors"]), INNER),
)
CAUSES = st.sampled_from(["dns", "refused", "tls", "timeout", "proxy", "reset", "too_big"])
FRAMES = (
    st.builds(Message, st.text() | st.binary() | JSONS | st.builds(json.dumps, VALUES))
    | st.builds(Close, st.none() | st.integers(0, 5000), st.text(max_size=130))
    | st.builds(Lost, CAUSES)
    | st.builds(Refused, st.integers(100, 599), st.just({}), st.binary() | JSONS.map(str.encode))
    | st.builds(HttpResponse, st.integers(100, 599), st.just({}), st.binary() | JSONS.map(str.encode))
    | st.sampled_from([Connected(), Ping(), Connect("http://["), HttpRequest("GET", ""), HttpResponse(201)])
)


def checked(out: list[Any]) -> None:
    """At most one end, which is the last; nothing for a turn behind its end, and turns end in order."""
    assert [item for item in out if isinstance(item, (Failed, Stopped))] in ([], out[-1:])
    ended: dict[int, int] = {}
    for item in out:
        if isinstance(item, (Partial, Final, TurnEnded)):
            channel, number = item.turn
            assert (channel, number) == (item.channel, ended.get(channel, 0))
            if isinstance(item, TurnEnded):
                ended[channel] = number + 1


@given(st.lists(st.builds(Message, JSONS) | FRAMES, max_size=12), st.integers(0, 3))
def test_receive_never_raises(frames: list[Frame], state: int) -> None:
    """Any text, any bytes, any JSON, any frame, before the socket and behind it, and while the vendor is asked."""
    client = [Client(context()), asking()[0], started(), fed(started(), 2, ack=False)][state]
    if state == 3:
        cut(client, 2.0)
    out: list[Any] = []
    for now, frame in enumerate(frames, 3):
        out += client.receive(frame, float(now))
        if client.deadline is not None and client.deadline <= now:
            out += client.tick(float(now))
    checked(out)


TALK = [
    *[(False, speech("speech_start", 0.1)), (False, partial("a", " one", 0.2, 0.5, (" one", 0.2, 0.5)))],
    *[(False, speech("speech_end", 0.6)), (True, transcript("a", " One.", 0.2, 0.6, (" One.", 0.2, 0.6)))],
    *[(False, speech("speech_start", 2.0)), (False, partial("b", " two", 2.0, 2.5, (" two", 2.0, 2.5)))],
    *[(True, transcript("b", " Two", 2.0, 3.0, (" Two", 2.0, 3.0))), (False, speech("speech_end", 4.1))],
    *[(False, partial("c", " three", 3.1, 4.0, (" three", 3.1, 4.0)))],
    *[(True, transcript("c", " three.", 3.1, 4.0, (" three.", 3.1, 4.0))), (False, speech("speech_start", 1.0, 1))],
    *[(True, transcript("e", " Four.", 1.0, 1.5, (" Four.", 1.0, 1.5), channel=1))],
]


@given(st.lists(st.integers(0, len(TALK) - 1), max_size=12), st.permutations(range(len(TALK))), st.booleans())
def test_messages_in_any_order_and_number_are_one_conversation(again: list[int], order: list[int], quiet: bool) -> None:
    """Each final is said once, whatever is doubled, late or early, and each turn ends."""
    client = fed(started(), 1, now=0.0)
    out: list[Any] = []
    for place in [*again, *order]:
        out += hear(client, TALK[place][1])
        if quiet:
            out += [item for item in client.send(Audio(SECOND), 0.0) if isinstance(item, Event)]
    client.send(Stop(), 0.0)
    hear(client, message("stop_recording", acknowledged=True, error=None, data={}))
    out += client.receive(Close(1000), 0.0)
    checked(out)
    assert isinstance(out[-1], Stopped)
    finals = [item for item in out if isinstance(item, Final)]
    assert sorted(item.text.strip() for item in finals) == ["Four.", "One.", "Two", "three."]
    assert all(item.confirmed for item in finals)
    assert {item.turn for item in finals} == {item.turn for item in out if isinstance(item, TurnEnded)}
