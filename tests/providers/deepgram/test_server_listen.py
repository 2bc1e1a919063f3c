"""The server half of ``/v1/listen``: literal handshakes and messages in, exact commands, messages and closes out."""

from __future__ import annotations

import hashlib
import json
import uuid as uuids
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from aai_migrate_providers.deepgram.parameters import FLUX, LISTEN
from aai_migrate_providers.deepgram.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.wav import wav_bytes
from aai_migrate.config import Config
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Origin, Start, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    Unmapped,
    Warned,
)
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Message

from ..served import context, ended, final, heard, partial, uuid, words
from .served import CLOSE_STREAM, FINALIZE, KEEP_ALIVE, KEY, RAW, SECOND, begun, connect, refused, started, tell

TARGET = f"/v1/listen?model=nova-3&{RAW}"
ALL = f"{TARGET}&interim_results=true&punctuate=true"
HELLO = ("Hello", 0.5, 0.9), ("there.", 0.9, 1.2)
TEN = ("de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru")
NET = "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"


def brief(message: Any) -> Any:
    """What of a message tells what was said: kind, place, text."""
    if not isinstance(message, dict):
        return message
    match message["type"]:
        case "Results":
            marks = "".join(
                mark
                for mark, name in zip("FSZ", ("is_final", "speech_final", "from_finalize"), strict=True)
                if message[name]
            )
            start, text = message["start"], message["channel"]["alternatives"][0]["transcript"]
            return marks, start, round(start + message["duration"], 3), text
        case "UtteranceEnd":
            return "U", message["last_word_end"]
        case "SpeechStarted":
            return "B", message["timestamp"]
    return message["type"]


def briefly(messages: list[Any]) -> list[Any]:
    return [brief(message) for message in messages]


# The handshake.


def test_nothing_is_sent_after_the_upgrade() -> None:
    """Only the identifier of the request, which strict clients demand, and the session is asked for."""
    target = (
        "wss://h/v1/listen?model=nova-3&language=en-US&encoding=linear16&sample_rate=16000&channels=1"
        "&interim_results=true&punctuate=true&endpointing=300&utterance_end_ms=1000&vad_events=true"
        "&keyterm=Ankh+Morpork&keyterm=Vimes%3A2&tag=gw-test&no_delay=true&unknown=1"
    )
    assert connect(target) == [
        Connected({"dg-request-id": uuid(1)}),
        Start(
            Config(
                model="nova-3",
                language="en-US",
                audio=AudioFormat(16_000),
                partials=True,
                formatting=True,
                turn_silence=0.3,
                max_turn_silence=1.0,
                keyterms=("Ankh Morpork", "Vimes:2"),
                extra={"deepgram": {"vad_events": True, "tag": ("gw-test",), "no_delay": True}},
            ),
            None,
            Origin("deepgram", "/v1/listen", "somebody", {"gw-test": "gw-test"}),
        ),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("encoding=mulaw&sample_rate=8000", {"audio": AudioFormat(8000, "pcm_mulaw")}),
        ("encoding=alaw&sample_rate=8000", {"audio": AudioFormat(8000, "pcm_alaw")}),
        ("encoding=linear32&sample_rate=48000", {"audio": AudioFormat(48_000, "pcm_f32le")}),
        (f"{RAW}&channels=2", {"audio": AudioFormat(channels=2), "channels": "mix"}),
        (f"{RAW}&channels=2&multichannel=True", {"audio": AudioFormat(channels=2), "channels": "separate"}),
        (RAW, {"model": None, "partials": None, "extra": {}}),
        (f"{RAW}&endpointing=false", {"turn_silence": None}),
        (f"{RAW}&endpointing=true", {"turn_silence": None}),
        (f"{RAW}&utterance_end_ms=1000", {"max_turn_silence": None}),
        (f"{RAW}&smart_format=true&punctuate=false", {"formatting": True}),
        (f"{RAW}&punctuate=false", {"formatting": False}),
        (f"{RAW}&detect_entities=true", {"formatting": True}),
        (f"{RAW}&diarize=true", {"diarization": True}),
        (f"{RAW}&diarize_model=latest", {"diarization": True, "extra": {"deepgram": {"diarize_model": "latest"}}}),
        (f"{RAW}&profanity_filter=TRUE", {"profanity_filter": True}),
        (f"{RAW}&redact=pci&redact=ssn", {"pii_redaction": True, "extra": {"deepgram": {"redact": ("pci", "ssn")}}}),
        (f"{RAW}&redact=false", {"pii_redaction": False}),
        (f"{RAW}&keywords=snuffles:5&keywords=bad:-3", {"keyterms": ("snuffles",), "extra": {}}),
        (f"{RAW}&model=nova-3&keywords=a:5", {"keyterms": (), "extra": {"deepgram": {"keywords": ("a:5",)}}}),
        (f"{RAW}&model=nova-3&language=multi", {"language": None, "languages": TEN, "extra": {}}),
        (f"{RAW}&model=nova-2&language=multi", {"language": None, "languages": ("en", "es"), "extra": {}}),
        (f"{RAW}&model=of-our-own&language=multi", {"languages": (), "extra": {"deepgram": {"language": "multi"}}}),
        (f"{RAW}&numerals=true&search=a", {"extra": {"deepgram": {"numerals": True, "search": ("a",)}}}),
    ],
)
def test_parameters_become_neutral_settings(query: str, expected: dict[str, Any]) -> None:
    """What has no neutral name is handed on in the vendor's words."""
    config = started(f"/v1/listen?{query}").config
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("model=flux-general-en", 400, "model: flux-general-en is served at /v2/listen"),
        ("model=whisper-large", 405, "model: whisper-large cannot stream; send its audio to the vendor's batch API"),
        ("model=nova-3&language=xx", 400, "language: 'xx' is not offered by this model"),
        ("model=nova-3-medical&language=multi", 400, "language: 'multi' is not offered"),
        ("model=enhanced&language=multi", 400, "language: 'multi' is not offered by this model"),
        ("language=multi", 400, "language: 'multi' is not offered by this model"),
        ("model=nova-2&keyterm=a", 400, "keyterm: is for Nova-3 models, not for nova-2; use keywords"),
        ("keyterm=a", 400, "keyterm: is for Nova-3 models, not for base-general; use keywords"),
        ("model=nova-3" + "&keyterm=a" * 501, 400, "keyterm: takes at most 500 tokens in all; these are 501 words"),
        ("encoding=linear16", 400, "sample_rate: is needed with encoding=linear16"),
        ("encoding=opus&sample_rate=48000", 400, "encoding: opus is not decoded by this gateway; send linear16"),
        ("encoding=ogg-opus", 400, "encoding: ogg-opus is not decoded by this gateway; send linear16"),
        ("encoding=g729&sample_rate=8000", 400, "encoding: g729 is not decoded by this gateway; send linear16"),
        ("encoding=amr-nb&sample_rate=8000", 400, "encoding: amr-nb is not decoded by this gateway; send linear16"),
        ("encoding=flac&sample_rate=8000", 400, "encoding: flac is not decoded by this gateway; send linear16"),
        ("encoding=pcm&sample_rate=8000", 400, "encoding: expected one of linear16,"),
        ("encoding=linear16&sample_rate=16_000", 400, "sample_rate: expected a number, not '16_000'"),
        ("encoding=linear16&sample_rate=fast", 400, "sample_rate: expected a number, not 'fast'"),
        ("encoding=linear16&sample_rate=1000", 400, "sample_rate 1000 is not a whole number from 4000 to 192000 Hz"),
        ("channels=21", 400, "channels: must be 1 to 20, not 21"),
        ("interim_results=yes", 400, "interim_results: expected true or false"),
        ("endpointing=soon", 400, "endpointing: expected a number, not 'soon'"),
        ("model=", 400, "model: must not be empty"),
        ("callback=https%3A%2F%2Fh", 400, "callback: this gateway answers on the connection only; leave it out"),
    ],
)
def test_what_cannot_be_is_refused_before_the_upgrade(query: str, status: int, text: str) -> None:
    """With the text in ``dg-error`` too."""
    given, code, said = refused(f"/v1/listen?{query}")
    assert (given, said[: len(text)]) == (status, text)
    assert code == ("Bad Request" if status == 405 else "INVALID_QUERY_PARAMETER")


# Audio.


def test_audio_may_be_split_anywhere() -> None:
    """The rest of a sample waits for the next message."""
    server = begun(TARGET)
    assert server.receive(Message(b"\1\2\3"), 0.0) == [Audio(b"\1\2")]
    assert server.receive(Message(b"\4"), 0.0) == [Audio(b"\3\4")]
    assert server.receive(Message(b"\5"), 0.0) == []


@given(st.lists(st.integers(0, 200), min_size=1), st.sampled_from([1, 2, 3]))
def test_no_byte_is_lost_however_it_is_split(sizes: list[int], channels: int) -> None:
    """All whole samples come, in order."""
    data = bytes(value % 251 for value in range(sum(sizes)))
    server = begun(f"{TARGET}&channels={channels}")
    out: list[Any] = []
    at = 0
    for size in sizes:
        out += server.receive(Message(data[at : at + size]), 0.0)
        at += size
    whole = len(data) - len(data) % (2 * channels)
    assert b"".join(audio.data for audio in out) == data[:whole]


FORMATS = [
    AudioFormat(),
    AudioFormat(8000, "pcm_mulaw"),
    AudioFormat(44_100, "pcm_s24le", 2),
    AudioFormat(48_000, "pcm_f32le"),
]


def headed(fmt: AudioFormat, size: int | None = None) -> tuple[bytes, bytes]:
    """A WAV file and its samples; *size* is what it says of its data."""
    samples = bytes(value % 251 for value in range(fmt.frame * 100))
    data = wav_bytes(samples, fmt)
    if size is not None:
        at = data.index(b"data") + 4
        data = data[:at] + size.to_bytes(4, "little") + data[at + 4 :]
    return data, samples


@given(
    st.sampled_from(FORMATS),
    st.sampled_from([None, 0, 2**32 - 1, 0x7FFF_F000, 10]),
    st.lists(st.integers(1, 90), max_size=12),
)
def test_a_wav_header_says_what_the_audio_is(fmt: AudioFormat, size: int | None, cuts: list[int]) -> None:
    """However it is cut, and whatever it says of its length: who streams does not know it."""
    data, samples = headed(fmt, size)
    server = Server(context())
    assert server.receive(Connect("/v1/listen?model=nova-3", KEY), 0.0) == [Connected({"dg-request-id": uuid(1)})]
    out: list[Any] = []
    at = 0
    for cut in [*cuts, len(data)]:
        out += server.receive(Message(data[at : at + cut]), 0.0)
        at += cut
    start, *rest = out
    assert start.config == Config(model="nova-3", audio=fmt)
    assert b"".join(audio.data for audio in rest) == samples


def test_other_chunks_may_stand_before_the_samples() -> None:
    """Of odd length too, which are padded."""
    data, samples = headed(AudioFormat())
    at = data.index(b"data")
    server = Server(context())
    server.receive(Connect("/v1/listen", KEY), 0.0)
    _, audio = server.receive(Message(data[:at] + b"LIST\3\0\0\0abc\0" + data[at:]), 0.0)
    assert audio == Audio(samples)


def test_8_bits_of_a_wav_file_become_16() -> None:
    """They are unsigned there."""
    data = bytearray(wav_bytes(b"\x80\x00\xff\x81", AudioFormat(8000, "pcm_mulaw")))
    data[20:22], data[34:36] = b"\1\0", b"\x08\0"
    server = Server(context())
    server.receive(Connect("/v1/listen", KEY), 0.0)
    start, audio = server.receive(Message(bytes(data)), 0.0)
    assert isinstance(start, Start)
    assert start.config.audio == AudioFormat(8000)
    assert audio == Audio(b"\x00\x00\x00\x80\x00\x7f\x00\x01")


def test_what_was_asked_before_the_header_keeps_its_place() -> None:
    """In order, behind Start and before the audio."""
    data, samples = headed(AudioFormat())
    server = Server(context())
    server.receive(Connect("/v1/listen?model=nova-3", KEY), 0.0)
    assert server.receive(KEEP_ALIVE, 0.0) == []
    assert server.receive(FINALIZE, 0.0) == []
    assert server.receive(Message('{"type":"Configure","keyterms":["a"]}'), 0.0) == []
    start, *rest = server.receive(Message(data), 0.0)
    assert isinstance(start, Start)
    assert rest == [Finalize(uuid(2)), Configure(uuid(3), {"keyterms": ("a",)}), Audio(samples)]


def _adpcm() -> bytes:
    """A WAV file of compressed samples."""
    data = bytearray(wav_bytes(bytes(8), AudioFormat()))
    data[20:22], data[34:36] = b"\2\0", b"\4\0"
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(64), "DATA-0000: no container found; for raw audio set encoding=linear16 and sample_rate"),
        (b"OggS" + bytes(60), "DATA-0000: Ogg is not decoded here; send WAV; for raw audio set encoding=linear16"),
        (b"fLaC" + bytes(60), "DATA-0000: FLAC is not decoded here; send WAV;"),
        (b"\x1aE\xdf\xa3" + bytes(60), "DATA-0000: WebM or Matroska is not decoded here; send WAV;"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "DATA-0000: broken WAV header: no fmt chunk before the data"),
        (_adpcm(), "DATA-0000: WAV of 4-bit Microsoft ADPCM is not decoded here; for raw audio set encoding="),
        (b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\0", "DATA-0000: no samples in the first 65,536 bytes"),
        (b"RIFF\0\0\0\0WAVEjunk\0\xff\0\0" + bytes(70_000), "DATA-0000: no samples in the first 65,536 bytes"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 64, "DATA-0000: no samples behind the first 64 chunks"),
    ],
)
def test_what_cannot_be_decoded_ends_the_session(data: bytes, reason: str) -> None:
    """The reason says what to do, also where only ``sample_rate`` was given."""
    server = Server(context())
    server.receive(Connect("/v1/listen?sample_rate=16000", KEY), 0.0)
    [close] = server.receive(Message(data), 0.0)
    assert isinstance(close, Close)
    assert close.code == 1008
    assert close.reason.startswith(reason)
    assert len(close.reason.encode()) <= 123
    assert server.receive(CLOSE_STREAM, 0.0) == []
    assert server.deadline is None


def test_a_stream_that_ends_in_its_header_was_no_audio() -> None:
    """Whether the client says so or stops saying anything."""
    close = Close(1008, "DATA-0000: the stream ended inside its header")
    for said in (CLOSE_STREAM, Message(b"")):
        server = Server(context())
        server.receive(Connect("/v1/listen", KEY), 0.0)
        server.receive(Message(b"RIFF"), 0.0)
        out = server.receive(said, 1.0)
        assert [*out, *server.tick(3.0)] == [close]


# What clients say.


def test_control_messages_become_commands() -> None:
    """With blanks or without; KeepAlive is never answered to the client."""
    server = begun(TARGET)
    assert server.receive(KEEP_ALIVE, 0.0) == [KeepAlive()]
    assert server.receive(Message('{ "type": "KeepAlive" }'), 0.0) == [KeepAlive()]
    assert server.receive(FINALIZE, 0.0) == [Finalize(uuid(2))]
    assert server.receive(Message('{"type":"Finalize","channel":0}'), 0.0) == [Finalize(uuid(3), 0)]
    assert server.receive(Message('{"type":"Finalize","channel":null}'), 0.0) == [Finalize(uuid(4))]
    assert server.receive(Message('{ "type": "CloseStream" }'), 0.0) == [Stop()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"type":"KeepAlive"}', [KeepAlive()]),
        (b'{ "type": "Finalize" }\n', [Finalize(uuid(2))]),
        (b'{"type":"CloseStream"}', [Stop()]),
        (b'{"type":"Other"}', [Audio(b'{"type":"Other"}')]),
        (b'{"type":["KeepAlive"]}', [Audio(b'{"type":["KeepAlive"]}')]),
        (b"{}", [Audio(b"{}")]),
        (b"{\xff\xfe\xfd", [Audio(b"{\xff\xfe\xfd")]),
    ],
)
def test_a_control_message_sent_as_bytes_is_no_audio(data: bytes, expected: list[Any]) -> None:
    """A common mistake of clients; what is none of them is audio."""
    assert begun(TARGET).receive(Message(data), 0.0) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"type":"Stop"}', "the type of the message is not known"),
        ('{"type":"ForceEndTurn"}', "the type of the message is not known"),
        ('{"type":7}', "the type of the message is not known"),
        ("{}", "the type of the message is not known"),
        ("AAAA", "a text message must be a JSON object; audio belongs in binary ones"),
        ("[]", "a text message must be a JSON object; audio belongs in binary ones"),
        ("", "a text message must be a JSON object; audio belongs in binary ones"),
        ('{"type":"Finalize","channel":1}', "channel must be a whole number below 1"),
        ('{"type":"Finalize","channel":-1}', "channel must be a whole number below 1"),
        ('{"type":"Finalize","channel":"0"}', "channel must be a whole number below 1"),
        ('{"type":"Finalize","channel":true}', "channel must be a whole number below 1"),
        ('{"type":"Configure","keyterms":"a"}', "keyterms must be a list of strings"),
        ('{"type":"Configure","keyterms":[1]}', "keyterms must be a list of strings"),
        ('{"type":"Configure","features":1}', "features must be an object"),
    ],
)
def test_what_is_not_understood_is_answered_and_the_session_goes_on(text: str, why: str) -> None:
    """With what was said."""
    server = begun(TARGET)
    answer = {"type": "Error", "variant": "SchemaError", "description": why, "message": text}
    assert heard(server.receive(Message(text), 0.0)) == [answer]
    assert server.receive(Message(SECOND), 0.0) == [Audio(SECOND)]


def test_what_is_said_back_is_cut() -> None:
    """And a long message is not read."""
    long = '{"type":"KeepAlive","x":"' + "x" * 70_000 + '"}'
    [answer] = heard(begun(TARGET).receive(Message(long), 0.0))
    assert answer["description"] == "a text message has at most 65,536 characters"
    assert answer["message"] == long[:200]


def test_finalizes_that_nobody_answers_are_bounded() -> None:
    """The 101st is refused, and again taken when one was answered."""
    server = begun(TARGET)
    for number in range(100):
        assert server.receive(FINALIZE, 0.0) == [Finalize(uuid(number + 2))]
    [answer] = heard(server.receive(FINALIZE, 0.0))
    assert answer["description"] == "100 Finalizes are not answered yet"
    tell(server, Finalized(uuid(2)))
    assert server.receive(FINALIZE, 0.0) == [Finalize(uuid(102))]


def test_an_empty_message_is_the_end_only_if_nothing_but_keepalive_follows() -> None:
    """Two seconds later; audio that follows goes on."""
    server = begun(TARGET)
    assert server.receive(Message(b""), 1.0) == []
    assert server.deadline == 3.0
    assert server.receive(Message(SECOND), 2.0) == [Audio(SECOND)]
    assert server.deadline == 12.0
    assert server.receive(Message(b""), 4.0) == []
    assert server.receive(KEEP_ALIVE, 5.0) == [KeepAlive()]
    assert server.tick(5.9) == []
    assert server.tick(6.0) == [Stop()]
    assert server.receive(Message(SECOND), 6.0) == []


def test_a_silent_client_is_closed_after_ten_seconds() -> None:
    """Any message begins them again; who waits for the end has nothing to say."""
    server = begun(TARGET)
    assert server.deadline == 10.0
    server.receive(KEEP_ALIVE, 9.0)
    assert server.tick(18.9) == []
    assert server.tick(19.0) == [Close(1011, NET), Stop()]
    assert server.deadline is None
    server = begun(TARGET)
    server.receive(CLOSE_STREAM, 5.0)
    assert server.deadline is None


@pytest.mark.parametrize("end", [Close(1000), Close(None), Close(1001), Lost("reset")])
def test_a_client_that_leaves_has_stopped(end: Close | Lost) -> None:
    """Nothing is said to it any more."""
    server = begun(TARGET)
    assert server.receive(end, 1.0) == [Stop()]
    assert server.receive(end, 1.0) == []
    assert tell(server, final(1, *HELLO), Stopped()) == []
    assert server.deadline is None


# Changes.


def test_new_keyterms_are_confirmed_when_the_provider_has_them() -> None:
    """In the order of the questions; features of formatting are nobody's else, and wait for those before."""
    server = begun(TARGET)
    ask = '{"type":"Configure","keyterms":["tretinoin","Ankh Morpork"]}'
    assert server.receive(Message(ask), 0.0) == [Configure(uuid(2), {"keyterms": ("tretinoin", "Ankh Morpork")})]
    assert server.receive(Message('{"type":"Configure","features":{"numerals":true}}'), 0.0) == []
    assert server.receive(Message('{"type":"Configure","keyterms":[]}'), 0.0) == [Configure(uuid(3), {"keyterms": ()})]
    done = {"type": "ConfigureSuccess", "request_id": uuid(1)}
    assert tell(server, Configured(uuid(3), False, "not now")) == []
    assert tell(server, Configured("other"), Configured(uuid(2))) == [
        {**done, "keyterms": ["tretinoin", "Ankh Morpork"]},
        done,
        {
            "type": "ConfigureFailure",
            "request_id": uuid(1),
            "code": "CONFIGURE_KEYTERMS_NOT_SUPPORTED",
            "description": "not now",
        },
    ]
    for name in ("features", "processors"):
        assert heard(server.receive(Message(f'{{"type":"Configure","{name}":{{"numerals":false}}}}'), 0.0)) == [done]
    assert heard(server.receive(Message('{"type":"Configure","keyterms":null}'), 0.0)) == [done]


def test_keyterms_that_cannot_be_are_refused() -> None:
    """Each reason has its code."""

    def failed(target: str, terms: list[str]) -> tuple[str, str]:
        text = json.dumps({"type": "Configure", "keyterms": terms})
        [answer] = heard(begun(target).receive(Message(text), 0.0))
        return answer["code"], answer["description"]

    assert failed(f"/v1/listen?model=nova-2&{RAW}", ["a"]) == (
        "CONFIGURE_KEYTERMS_NOT_SUPPORTED",
        "nova-2 takes no keyterms",
    )
    assert failed(TARGET, ["a"] * 501)[0] == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
    server = begun(TARGET)
    ask = Message('{"type":"Configure","keyterms":["a"]}')
    for _ in range(8):
        server.receive(ask, 0.0)
    [answer] = heard(server.receive(ask, 0.0))
    assert answer["code"] == "CONFIGURE_ALREADY_PENDING"


# Results.


def test_results_have_every_member_that_a_strict_client_demands() -> None:
    """As the vendor's page shows them."""
    server = begun(f"{ALL}&version=2026-02-10.3&diarize=true&extra=call:4:2&extra=leg:b")
    uuid5 = str(uuids.uuid5(uuids.NAMESPACE_URL, "deepgram:general-nova-3:2026-02-10.3"))
    two, flat = words(("Two", 12.46, 12.7), ("flats,", 12.7, 13.02))
    event = Final(turn=1, text="Two flats,", words=(evolve(two, speaker="B"), evolve(flat, speaker="A")))
    assert server.send(event, 0.0) == []
    [message] = server.tick(0.0)
    assert message == Message(
        '{"type":"Results","channel_index":[0,1],"duration":13.02,"start":0.0,"is_final":true,"speech_final":false,'
        '"channel":{"alternatives":[{"transcript":"Two flats,","confidence":0.9,'
        '"words":[{"word":"two","start":12.46,"end":12.7,"confidence":0.9,"speaker":0,"punctuated_word":"Two"},'
        '{"word":"flats","start":12.7,"end":13.02,"confidence":0.9,"speaker":1,"punctuated_word":"flats,"}]}]},'
        f'"metadata":{{"request_id":"{uuid(1)}",'
        '"model_info":{"name":"general-nova-3","version":"2026-02-10.3","arch":"nova-3"},'
        f'"model_uuid":"{uuid5}","extra":{{"call":"4:2","leg":"b"}}}},"from_finalize":false}}'
    )


@pytest.mark.parametrize(
    ("query", "transcript", "bare"),
    [
        ("", "it's well-known number 3.5 ok", ["it's", "well-known", "number", "3.5", "ok"]),
        ("punctuate=true", "It's well-known: Number 3.5, OK?!", ["it's", "well-known", "number", "3.5", "ok"]),
        ("smart_format=true", "It's well-known: Number 3.5, OK?!", ["it's", "well-known", "number", "3.5", "ok"]),
    ],
)
def test_punctuation_is_for_who_asked_for_it(query: str, transcript: str, bare: list[str]) -> None:
    """``word`` is always bare; without punctuation there is no ``punctuated_word``."""
    said = ["It's", "well-known:", "Number", "3.5,", "OK?!"]
    event = final(1, *((text, float(index), index + 0.5) for index, text in enumerate(said)))
    [message] = tell(begun(f"{TARGET}&{query}"), event)
    [alternative] = message["channel"]["alternatives"]
    assert alternative["transcript"] == transcript
    assert [word["word"] for word in alternative["words"]] == bare
    assert [word.get("punctuated_word") for word in alternative["words"]] == (said if query else [None] * 5)


def test_a_word_of_punctuation_alone_is_none_where_that_is_unwanted() -> None:
    """No empty ``word`` leaves."""
    event = final(1, ("Well", 0.0, 0.5), ("...", 0.5, 0.6))
    for query, bare in (("", ["well"]), ("&punctuate=true", ["well", "..."])):
        [message] = tell(begun(TARGET + query), event)
        assert [word["word"] for word in message["channel"]["alternatives"][0]["words"]] == bare


def test_a_text_without_words_gets_some() -> None:
    """In equal parts of its time; where that is not known either, at the end of what was said before."""
    server = begun(TARGET)
    [message] = tell(server, Final(turn=1, text="Four words of it", start=1.0, end=3.0))
    spoken = message["channel"]["alternatives"][0]["words"]
    assert [(word["word"], word["start"], word["end"]) for word in spoken] == [
        ("four", 1.0, 1.5),
        ("words", 1.5, 2.0),
        ("of", 2.0, 2.5),
        ("it", 2.5, 3.0),
    ]
    [message] = tell(server, Final(turn=1, text=" more"))
    assert brief(message) == ("F", 3.0, 3.0, "more")
    assert message["channel"]["alternatives"][0]["words"][0]["start"] == 3.0


def test_languages_are_told_where_the_model_finds_them() -> None:
    """The most frequent first; none at all rather than an empty list, which breaks a client."""
    items = final(1, ("Hi", 0.0, 0.1), ("hola", 0.1, 0.2), ("amigo", 0.2, 0.3)).words
    tags = ("en", "es", "es")
    event = Final(turn=1, text="Hi hola amigo", words=tuple(map(_spoken, items, tags)))
    [message] = tell(begun(f"{TARGET}&language=multi"), event)
    [alternative] = message["channel"]["alternatives"]
    assert alternative["languages"] == ["es", "en"]
    assert [word["language"] for word in alternative["words"]] == ["en", "es", "es"]
    [message] = tell(begun(f"{TARGET}&language=multi"), final(1, *HELLO))
    assert "languages" not in message["channel"]["alternatives"][0]
    [message] = tell(begun(TARGET), event)
    assert "languages" not in message["channel"]["alternatives"][0]
    assert "language" not in message["channel"]["alternatives"][0]["words"][0]


def _spoken(word: Any, language: str) -> Any:
    return evolve(word, language=language)


def test_a_final_and_the_end_of_its_turn_are_one_message() -> None:
    """Though they are two events; without more it goes out as it is."""
    server = begun(ALL)
    assert server.send(final(1, *HELLO), 3.0) == []
    assert server.deadline == 3.0
    assert briefly(tell(server, ended(1), now=3.0)) == [("FS", 0.0, 1.2, "Hello there.")]
    assert server.deadline == 10.0
    assert briefly(tell(server, final(2, ("Yes.", 2.0, 2.4)))) == [("F", 1.2, 2.4, "Yes.")]
    assert briefly(tell(server, ended(2))) == [("FS", 2.4, 2.4, "")]


def test_interims_restate_the_open_tail_and_no_final() -> None:
    """A span begins where the last final one ended; text that is taken back is shown as none."""
    server = begun(ALL)
    out = tell(server, partial(1, ("so", 0.2, 0.4)), partial(1, ("so", 0.2, 0.4), ("my", 0.4, 0.6)))
    out += tell(server, final(1, ("So", 0.2, 0.4)), partial(1, ("my", 0.4, 0.7), joiner=" "))
    out += tell(server, partial(1), partial(1))
    assert briefly(out) == [
        ("", 0.0, 0.4, "so"),
        ("", 0.0, 0.6, "so my"),
        ("F", 0.0, 0.4, "So"),
        ("", 0.4, 0.7, "my"),
        ("", 0.4, 0.4, ""),
    ]


def test_two_turns_may_be_open() -> None:
    """Their tails are shown together, their finals tile all the same, and each end of speech is its own."""
    server = begun(ALL)
    out = tell(server, partial("a", ("so", 0.2, 0.4)), partial("b", ("yes", 1.0, 1.2)))
    out += tell(server, final("a", ("So", 0.2, 0.4), ("on.", 0.4, 1.4)), partial("b", ("yes", 1.0, 1.2)))
    out += tell(server, final("b", ("Yes.", 1.0, 1.2)), ended("a"), ended("b"))
    assert briefly(out) == [
        ("", 0.0, 0.4, "so"),
        ("", 0.0, 1.2, "so yes"),
        ("F", 0.0, 1.4, "So on."),
        ("", 1.4, 1.4, "yes"),
        ("F", 1.4, 1.4, "Yes."),
        ("FS", 1.4, 1.4, ""),
        ("FS", 1.4, 1.4, ""),
    ]
    out = tell(server, final("c", ("One.", 2.0, 2.2)))
    out += [*heard(server.send(final("d", ("Two.", 3.0, 3.2)), 0.0)), *tell(server, ended("c"), ended("d"))]
    assert briefly(out) == [
        ("F", 1.4, 2.2, "One."),
        ("F", 2.2, 3.2, "Two."),
        ("FS", 3.2, 3.2, ""),
        ("FS", 3.2, 3.2, ""),
    ]


def test_who_speaks_which_language_may_be_known_of_the_whole() -> None:
    """Words without their own have that of their piece."""
    [message] = tell(begun(f"{TARGET}&language=multi&diarize=true"), final(1, *HELLO, speaker="A", language="de"))
    spoken = message["channel"]["alternatives"][0]["words"]
    assert [(word["speaker"], word["language"]) for word in spoken] == [(0, "de"), (0, "de")]


def test_without_interim_results_there_are_finals_only() -> None:
    """Nor what goes with them."""
    server = begun(f"{TARGET}&utterance_end_ms=1000")
    out = tell(server, partial(1, *HELLO), final(1, *HELLO), ended(1))
    assert briefly(out) == [("FS", 0.0, 1.2, "hello there")]


def test_without_endpointing_only_utterance_end_ends_speech() -> None:
    """Not even an empty ``speech_final``."""
    server = begun(f"{ALL}&endpointing=false&utterance_end_ms=1000")
    out = tell(server, final(1, *HELLO), ended(1), final(2, ("Yes.", 2.0, 2.4)))
    out += tell(server, ended(2))
    assert briefly(out) == [
        ("F", 0.0, 1.2, "Hello there."),
        ("U", 1.2),
        ("F", 1.2, 2.4, "Yes."),
        ("U", 2.4),
    ]
    assert briefly(tell(begun(f"{ALL}&endpointing=false"), final(1, *HELLO), ended(1))) == [
        ("F", 0.0, 1.2, "Hello there.")
    ]


def test_utterance_end_comes_once_behind_the_end_of_speech() -> None:
    """At once, so that it never ends the next turn."""
    server = begun(f"{ALL}&utterance_end_ms=1000")
    out = tell(server, final(1, *HELLO), ended(1), partial(2, ("no", 2.0, 2.2)))
    assert briefly(out) == [("FS", 0.0, 1.2, "Hello there."), ("U", 1.2), ("", 1.2, 2.2, "no")]
    assert tell(server, Settled(1.9)) == []


def test_a_start_of_speech_is_told_once_a_turn_before_its_text() -> None:
    """To who asked for it, also where no event said so."""
    server = begun(f"{ALL}&vad_events=true")
    out = tell(server, SpeechStarted(0.4), SpeechStarted(0.45), partial(1, ("hi", 0.5, 0.6)), SpeechStarted(0.7))
    out += tell(server, final(1, ("Hi.", 0.5, 0.6)), ended(1), final(2, ("Yes.", 2.0, 2.4)), ended(2))
    assert briefly(out) == [
        ("B", 0.4),
        ("", 0.0, 0.6, "hi"),
        ("FS", 0.0, 0.6, "Hi."),
        ("B", 2.0),
        ("FS", 0.6, 2.4, "Yes."),
    ]
    [_, message, *_] = tell(begun(f"{ALL}&vad_events=true"), SpeechStarted(9.54), partial(1, ("a", 9.6, 9.7)))
    assert brief(message) == ("", 0.0, 9.7, "a")
    assert briefly(tell(begun(ALL), SpeechStarted(0.4))) == []


def test_speech_that_was_taken_back_is_not_told_again() -> None:
    """The next turn is the one that was told of."""
    server = begun(f"{ALL}&vad_events=true")
    tell(server, partial(1, ("uh", 0.5, 0.6)), partial(1))
    assert briefly(tell(server, partial(2, ("hi", 1.0, 1.2)))) == [("", 0.0, 1.2, "hi")]


def test_settled_silence_is_a_span_of_its_own() -> None:
    """From one second on, where nothing is open; so that a client lets go of its audio."""
    server = begun(ALL)
    assert tell(server, Settled(0.9)) == []
    assert briefly(tell(server, Settled(1.0))) == [("F", 0.0, 1.0, "")]
    assert tell(server, Settled(1.0), Settled(0.5)) == []
    out = tell(server, partial(1, ("hi", 2.0, 2.2)), Settled(2.0), final(1, ("Hi.", 2.0, 2.2)), Settled(3.5))
    assert briefly(out) == [("", 1.0, 2.2, "hi"), ("F", 1.0, 2.2, "Hi.")]
    assert briefly(tell(server, ended(1))) == [("FS", 2.2, 3.5, "")]
    out = tell(server, final(2, ("Yes.", 4.0, 4.4)), ended(2), Settled(6.0))
    assert briefly(out) == [("FS", 3.5, 4.4, "Yes."), ("F", 4.4, 6.0, "")]


def test_an_empty_span_has_no_words_and_no_confidence() -> None:
    """Nor is any member missing."""
    [message] = tell(begun(ALL), Settled(2.0))
    assert message["channel"] == {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]}
    assert set(message) == {
        "type",
        "channel_index",
        "duration",
        "start",
        "is_final",
        "speech_final",
        "channel",
        "metadata",
        "from_finalize",
    }


def test_a_turn_that_was_nothing_is_taken_back() -> None:
    """It ends no speech: nothing of it was final."""
    server = begun(f"{ALL}&utterance_end_ms=1000")
    out = tell(server, partial(1, ("uh", 0.5, 0.6)), ended(1), ended("never begun"))
    assert briefly(out) == [("", 0.0, 0.6, "uh"), ("", 0.0, 0.0, "")]


@pytest.mark.parametrize(
    "event",
    [
        Started("s"),
        Warned("a", "b"),
        Unmapped({"type": "Other"}),
        AudioTaken(1.0),
        Revised(turn=1, text="other"),
        Finalized("nobody's"),
        Configured("nobody's"),
        Final(turn=1, text=" "),
    ],
)
def test_some_events_say_nothing_to_clients(event: Event) -> None:
    """Nor do they let go of what is held."""
    assert tell(begun(ALL), event) == []


# Finalize.


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), [("FSZ", 0.0, 0.0, "")]),
        ((final(1, *HELLO),), [("FSZ", 0.0, 1.2, "Hello there.")]),
        ((final(1, *HELLO), ended(1, reason="forced")), [("FSZ", 0.0, 1.2, "Hello there.")]),
        ((final(1, *HELLO), ended(1), Settled(1.3)), [("FSZ", 0.0, 1.2, "Hello there.")]),
        ((final(1, *HELLO), ended(1), Settled(2.5)), [("FSZ", 0.0, 1.2, "Hello there."), ("F", 1.2, 2.5, "")]),
        ((Settled(0.7), Settled(0.3)), [("FSZ", 0.0, 0.7, "")]),
        ((partial(1, ("hi", 0.6, 0.8)), Settled(0.5)), [("", 0.0, 0.8, "hi"), ("FSZ", 0.0, 0.0, "")]),
    ],
)
def test_a_finalize_has_one_answer(events: tuple[Event, ...], expected: list[Any]) -> None:
    """With what is pending, or empty, over the silence."""
    server = begun(ALL)
    server.receive(FINALIZE, 0.0)
    assert briefly(tell(server, *events, Finalized(uuid(2)))) == expected
    assert tell(server, Finalized(uuid(2))) == []


def test_a_finalized_turn_is_not_ended_again() -> None:
    """Where its end comes behind the answer."""
    server = begun(f"{ALL}&utterance_end_ms=1000")
    server.receive(FINALIZE, 0.0)
    out = tell(server, final(1, *HELLO), Finalized(uuid(2)), ended(1, reason="forced"))
    assert briefly(out) == [("FSZ", 0.0, 1.2, "Hello there."), ("U", 1.2)]


def test_a_finalize_is_answered_without_endpointing_too() -> None:
    """It is asked for, not found."""
    server = begun(f"{ALL}&endpointing=false")
    server.receive(FINALIZE, 0.0)
    assert briefly(tell(server, final(1, *HELLO), Finalized(uuid(2)))) == [("FSZ", 0.0, 1.2, "Hello there.")]


def test_each_channel_answers() -> None:
    """All of them, or the one that was named; each has its own spans."""
    server = begun(f"/v1/listen?{RAW}&channels=2&multichannel=true&interim_results=true&punctuate=true")
    server.receive(FINALIZE, 0.0)
    server.receive(Message('{"type":"Finalize","channel":1}'), 0.0)
    out = tell(server, final("a", *HELLO, channel=0), partial("b", ("sure", 0.2, 0.5), channel=1))
    out += tell(server, final("b", ("Sure.", 0.2, 0.5), channel=1), ended("b", 1), Finalized(uuid(2)))
    out += tell(server, Finalized(uuid(3)))
    assert [(item["channel_index"], brief(item)) for item in out] == [
        ([1, 2], ("", 0.0, 0.5, "sure")),
        ([0, 2], ("F", 0.0, 1.2, "Hello there.")),
        ([0, 2], ("FSZ", 1.2, 1.2, "")),
        ([1, 2], ("FSZ", 0.0, 0.5, "Sure.")),
        ([1, 2], ("FSZ", 0.5, 0.5, "")),
    ]


# The end.


def test_the_end_is_metadata_and_a_close_that_nobody_answers_with_another_try() -> None:
    """Behind the last spans; the digest is of all that was received."""
    data, _ = headed(AudioFormat(8000, "pcm_mulaw", 2))
    server = Server(context())
    server.receive(Connect("/v1/listen?model=nova-2-meeting&multichannel=true&extra=a:b", KEY), 1.118)
    server.receive(Message(data[:50]), 1.2)
    server.receive(Message(data[50:]), 1.3)
    assert server.receive(CLOSE_STREAM, 2.0) == [Stop()]
    assert server.receive(FINALIZE, 2.0) == []
    server.send(final(1, *HELLO, channel=1), 3.0)
    *last, metadata, close = heard(server.send(Stopped(), 3.0))
    assert briefly(last) == [("F", 0.0, 1.2, "hello there"), ("FS", 1.2, 1.2, "")]
    assert last[0]["channel_index"] == [1, 2]
    known = str(uuids.uuid5(uuids.NAMESPACE_URL, "deepgram:meeting-nova-2:latest"))
    assert metadata == {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": uuid(1),
        "sha256": hashlib.sha256(data).hexdigest(),
        "created": "2026-09-24T00:58:47.118Z",
        "duration": round(100 / 8000, 3),
        "channels": 2,
        "models": [known],
        "model_info": {known: {"name": "meeting-nova-2", "version": "latest", "arch": "nova-2"}},
        "extra": {"a": "b"},
    }
    assert close == Close(1000)
    assert server.deadline is None
    assert server.receive(Close(1000), 3.0) == []


@pytest.mark.parametrize("target", [TARGET, "/v1/listen?model=nova-3"])
def test_a_stream_without_audio_has_no_models(target: str) -> None:
    """And no length; where the session has not been asked for, the end comes at once, with every answer owed."""
    server = Server(context())
    server.receive(Connect(target, KEY), 0.0)
    server.receive(FINALIZE, 0.0)
    out = server.receive(CLOSE_STREAM, 0.0)
    if out == [Stop()]:
        out = server.send(Stopped(), 0.0)
    result, metadata, close = heard(out)
    assert brief(result) == ("FSZ", 0.0, 0.0, "")
    assert metadata == {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": uuid(1),
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "created": "2026-09-24T00:58:46.000Z",
        "duration": 0.0,
        "channels": 0,
    }
    assert close == Close(1000)


def test_what_is_open_at_the_end_is_closed() -> None:
    """A client waits for the end of speech."""
    server = begun(ALL)
    tell(server, final(1, *HELLO))
    assert briefly(tell(server, Stopped()))[:-1] == [("FS", 1.2, 1.2, ""), "Metadata"]


CLOSED = Close(1011, "The transcription behind this gateway has failed. Connect again.")


@pytest.mark.parametrize(
    ("error", "close"),
    [
        (ConnectionLost("gladia", "connection lost"), CLOSED),
        (AuthenticationError("gladia", "Invalid key k3y"), CLOSED),
        (QuotaExceeded("gladia", "no credit"), CLOSED),
        (BadRequest("gladia", "no such model"), Close(1008, "no such model")),
        (BadRequest("x", "3 channels cannot be mixed"), Close(1008, "DATA-0000: 3 channels cannot be mixed")),
        (BadRequest("deepgram", "DATA-0000: what?", code="DATA-0000"), Close(1008, "DATA-0000: what?")),
        (BadRequest("gladia", "ü" * 100), Close(1008, "ü" * 61)),
    ],
)
def test_a_failure_behind_is_a_close_that_says_what_concerns_the_client(error: ProviderError, close: Close) -> None:
    """What it asked for is its business, whose key or credit ran out is not; words that were heard come first."""
    server = begun(ALL)
    server.send(final(1, *HELLO), 0.0)
    *out, last = tell(server, Failed(error))
    assert briefly(out) == [("F", 0.0, 1.2, "Hello there."), ("FS", 1.2, 1.2, "")]
    assert last == close
    assert server.receive(Message(SECOND), 0.0) == []


# Whatever a provider says.

TEXT = st.sampled_from(["alpha", "Beta,", "gamma.", "delta"])


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    """Events of a provider on two channels, with two turns open at once and words in no special order."""
    events: list[Event] = []
    ends: Counter[tuple[int, int]] = Counter()
    clock = 0.0
    for _ in range(draw(st.integers(0, 25))):
        place = channel, slot = draw(st.integers(0, 1)), draw(st.integers(0, 1))
        turn = (slot, ends[place])
        kind = draw(st.sampled_from(["partial", "final", "ended", "settled", "speech", "empty"]))
        clock += draw(st.sampled_from([0.0, 0.1, 0.7, 1.5]))
        length = draw(st.integers(1, 3))
        said = [(draw(TEXT), clock + 0.1 * index, clock + 0.1 * (index + 1)) for index in range(length)]
        match kind:
            case "partial":
                events.append(partial(turn, *said, channel=channel))
            case "empty":
                events.append(partial(turn, channel=channel))
            case "final":
                events.append(final(turn, *said, channel=channel, joiner=" "))
            case "ended":
                events.append(ended(turn, channel))
                ends[place] += 1
            case "settled":
                events.append(Settled(max(0.0, clock - 0.5), channel))
            case "speech":
                events.append(SpeechStarted(clock, channel))
    return events


@given(
    conversations(),
    st.lists(st.integers(0, 25), max_size=4),
    st.sets(st.integers(0, 25)),
    st.sampled_from(["", "&endpointing=false", "&utterance_end_ms=1000&vad_events=true", "&punctuate=true"]),
)
def test_spans_tile_and_every_word_is_final_once(
    events: list[Event], finalizes: list[int], pauses: set[int], query: str
) -> None:
    """Whatever the events, and wherever time passes or a Finalize falls between them."""
    server = begun(f"{TARGET}&channels=2&multichannel=true&interim_results=true{query}")
    out: list[Any] = []
    for index, event in enumerate(events):
        for _ in range(finalizes.count(index)):
            [asked] = server.receive(FINALIZE, 0.0)
            assert isinstance(asked, Finalize)
            out += heard(server.send(Finalized(asked.id), 0.0))
        out += heard(server.send(event, 0.0))
        if index in pauses and server.deadline == 0.0:
            out += heard(server.tick(0.0))
    out += heard(server.send(Stopped(), 0.0))
    assert out.pop() == Close(1000)
    assert out.pop()["type"] == "Metadata"
    for channel in (0, 1):
        results = [item for item in out if item["type"] == "Results" and item["channel_index"] == [channel, 2]]
        end, told = 0.0, list[str]()
        for result in results:
            assert result["start"] == pytest.approx(end, abs=1e-9)
            assert result["duration"] >= 0
            assert result["is_final"] or not result["speech_final"]
            assert result["speech_final"] or not result["from_finalize"]
            if result["is_final"]:
                end = round(result["start"] + result["duration"], 3)
                told += result["channel"]["alternatives"][0]["transcript"].lower().split()
        said = "".join(event.text for event in events if isinstance(event, Final) and event.channel == channel)
        assert [word.strip(".,") for word in told] == [word.strip(".,").lower() for word in said.split()]
        answers = sum(result["from_finalize"] for result in results)
        assert answers == sum(index < len(events) for index in finalizes)
        if "endpointing" in query:
            assert all(result["from_finalize"] for result in results if result["speech_final"])
        else:
            assert _closed(results)


def _closed(results: list[Any]) -> bool:
    """Whether no final words stand behind the last end of speech."""
    behind: list[str] = []
    for result in results:
        if result["is_final"]:
            behind += result["channel"]["alternatives"][0]["transcript"].split()
        if result["speech_final"]:
            behind = []
    return not behind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["KeepAlive", "Finalize", "Configure", "x", None, 1])},
            optional={"channel": JSON, "keyterms": JSON, "features": JSON, "processors": JSON},
        ).map(json.dumps)
        | st.text(max_size=20)
        | st.binary(max_size=60),
        max_size=6,
    ),
    st.sampled_from([TARGET, "/v1/listen"]),
)
def test_receive_never_raises(frames: list[str | bytes], target: str) -> None:
    """Whatever comes."""
    server = Server(context())
    server.receive(Connect(target, KEY), 0.0)
    for data in frames:
        server.receive(Message(data), 0.0)
    server.receive(CLOSE_STREAM, 0.0)
    server.tick(100.0)


WORDS = (
    "true false 0 1 10 25 1000 60000 0.5 0.9 -1 1e9 nan multi en en-US de xx , : a:b :5 linear16 mulaw opus "
    "nova-3 nova-2 flux-general-en flux-general-multi base pci numbers latest"
)
VALUES = st.sampled_from(WORDS.split()) | st.text(max_size=4)


@given(
    st.sampled_from([LISTEN, FLUX]).flatmap(
        lambda table: st.lists(st.tuples(st.sampled_from([*table, "other"]), VALUES), max_size=6)
    ),
    st.sampled_from([TARGET, "/v1/listen?", "/v2/listen?", "/v2/listen?model=flux-general-multi"]),
)
def test_a_handshake_never_raises(pairs: list[tuple[str, str]], target: str) -> None:
    """Whatever is asked for, it is let in or refused."""
    [first, *_] = connect(f"{target}&{urlencode(pairs, errors='replace')}")
    assert isinstance(first, Connected) or first.status in (400, 405)


@given(st.text(max_size=60))
def test_a_query_may_be_anything(query: str) -> None:
    """Also what is none."""
    for path in ("/v1/listen", "/v2/listen"):
        assert connect(f"{path}?{query}")


@pytest.mark.parametrize(
    ("model", "name", "arch"),
    [
        ("nova-3", "general-nova-3", "nova-3"),
        ("nova-3-general", "general-nova-3", "nova-3"),
        ("nova-3-medical", "medical-nova-3", "nova-3"),
        ("nova-phonecall", "phonecall-nova", "nova"),
        ("enhanced", "general-enhanced", "enhanced"),
        ("base-general", "general-base", "base"),
        ("meeting", "meeting", "base"),
    ],
)
def test_a_model_is_named_as_the_vendor_names_it(model: str, name: str, arch: str) -> None:
    """In every message the same, with an identifier that never changes."""
    infos = [tell(begun(f"/v1/listen?model={model}&{RAW}"), Settled(2.0))[0]["metadata"] for _ in range(2)]
    assert infos[0]["model_info"] == {"name": name, "version": "latest", "arch": arch}
    assert infos[0]["model_uuid"] == infos[1]["model_uuid"] == str(uuids.UUID(infos[0]["model_uuid"]))
