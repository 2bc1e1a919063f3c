"""The server half, what clients say: literal handshakes and messages in, exact commands and refusals out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3.server import Server
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import (
    Audio,
    Configure,
    Finalize,
    KeepAlive,
    Origin,
    Start,
    Stop,
)
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Ping

from .wire import context

KEY = {"Authorization": "k3y"}
CONSTANT = "See Error message for details"


def connect(query: str = "sample_rate=16000", headers: dict[str, str] | None = None) -> list[Any]:
    """What a fresh server half answers to a handshake at time 0."""
    return Server(context()).receive(Connect(f"/v3/ws?{query}", KEY if headers is None else headers), 0.0)


def begun(query: str = "sample_rate=16000", now: float = 0.0) -> Server:
    """A server half after Begin."""
    server = Server(context())
    assert isinstance(server.receive(Connect(f"/v3/ws?{query}", KEY), now)[-1], Start)
    return server


def config(query: str) -> Config:
    start = connect(query)[-1]
    assert isinstance(start, Start)
    return start.config


def refusal(code: int, text: str, reason: str | None = None) -> list[Frame]:
    """An Error and a close: the text is the reason where it fits."""
    body = json.dumps({"type": "Error", "error_code": code, "error": text}, separators=(",", ":"), ensure_ascii=False)
    return [Message(body), Close(code, text if reason is None else reason)]


# The handshake.


def test_begin_is_sent_at_once() -> None:
    """Every field of it: integers are integers, eight keys of configuration."""
    server = Server(context("ana"))
    url = "ws://localhost:8080/v3/ws?sample_rate=8000&encoding=pcm_mulaw&speech_model=u3-rt-pro&domain=medical-v1"
    connected, begin, start = server.receive(Connect(url, {"authorization": "k3y"}), 2.5)
    assert connected == Connected()
    assert begin == Message(
        '{"type":"Begin","id":"id-1","expires_at":1790222328,"configuration":{"model":"u3-rt-pro",'
        '"mode":"balanced","api_version":"2025-05-12","speaker_labels":false,"redact_pii":false,'
        '"filter_profanity":false,"domain":"medical-v1","voice_focus":null}}'
    )
    assert start == Start(
        Config(
            model="u3-rt-pro",
            audio=AudioFormat(8000, "pcm_mulaw"),
            extra={"assemblyai-v3": {"domain": "medical-v1"}},
        ),
        None,
        Origin("assemblyai-v3", "/v3/ws", "ana"),
    )


def test_who_names_no_model_gets_the_specifications() -> None:
    """Begin says which, the command does not: it hands on only what the client set."""
    _, begin, start = connect("speaker_labels=true&redact_pii=True&filter_profanity=1&voice_focus=near-field")
    assert json.loads(begin.data)["configuration"] == {
        "model": "universal-streaming-english",
        "mode": None,
        "api_version": "2025-05-12",
        "speaker_labels": True,
        "redact_pii": True,
        "filter_profanity": True,
        "domain": None,
        "voice_focus": "near-field",
    }
    assert start.config == Config(
        diarization=True,
        pii_redaction=True,
        profanity_filter=True,
        extra={"assemblyai-v3": {"voice_focus": "near-field"}},
    )


@pytest.mark.parametrize(
    ("query", "headers", "shown"),
    [
        ("", {"Authorization": "k3y"}, Credential(Secret("k3y"), "key")),
        ("", {"AUTHORIZATION": "t0ken"}, Credential(Secret("t0ken"), "key")),
        ("token=t0ken", {}, Credential(Secret("t0ken"), "token")),
        ("token=t0k%2Ben", {"Authorization": ""}, Credential(Secret("t0k+en"), "token")),
        ("token=t0ken", {"Authorization": "k3y"}, Credential(Secret("k3y"), "key")),
    ],
)
def test_credentials_are_shown_to_the_authenticator(query: str, headers: dict[str, str], shown: Credential) -> None:
    """A key or a token in the header, or a token in the query; none is handed on."""
    asked: list[Credential | None] = []

    def authenticate(credential: Credential | None) -> str:
        asked.append(credential)
        return "somebody"

    server = Server(Context(new_id=lambda: "x", authenticate=authenticate))
    start = server.receive(Connect(f"/v3/ws?{query}", headers), 0.0)[-1]
    assert isinstance(start, Start)
    assert asked == [shown]
    assert start.credential is None
    assert start.config == Config()


MISSING = "Unauthorized Connection: Missing Authorization header"
WRONG = "Unauthorized Connection: Invalid API key"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, MISSING),
        ({"Authorization": ""}, MISSING),
        ({"Authorization": "wrong"}, WRONG),
        ({"Authorization": "Bearer k3y"}, WRONG),
    ],
)
def test_who_may_not_in_is_told_behind_the_handshake(headers: dict[str, str], text: str) -> None:
    """As production does: 101, Error, close; no session is asked for, and nothing is heard any more."""
    right = Credential(Secret("k3y"))
    server = Server(evolve(context(), authenticate=lambda shown: "somebody" if shown == right else None))
    out = server.receive(Connect("/v3/ws", headers), 0.0)
    assert out == [Connected(), *refusal(1008, text)]
    assert server.receive(Message(b"\0\0"), 0.0) == []
    assert server.receive(Lost("reset"), 0.0) == []
    assert server.deadline is None


def test_nobody_gets_in_unless_somebody_says_so() -> None:
    """The default authenticator refuses all."""
    out = Server(Context(new_id=lambda: "x")).receive(Connect("/v3/ws", KEY), 0.0)
    assert out == [Connected(), *refusal(1008, WRONG)]


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer k3y"}])
def test_where_nobody_needs_a_key_none_is_needed(headers: dict[str, str]) -> None:
    """An authenticator that knows everybody is asked about nobody in particular."""
    server = Server(evolve(context(), authenticate=lambda shown: "anyone" if shown is None else None))
    start = server.receive(Connect("/v3/ws", headers), 0.0)[-1]
    assert isinstance(start, Start)
    assert start.origin
    assert start.origin.principal == "anyone"


INVALID = "User Input Validation Error: Invalid "


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("sample_rate=7000", INVALID + "'sample_rate': must be at least 8,000 Hz"),
        ("sample_rate=999999", INVALID + "'sample_rate': must be at most 192,000 Hz"),
        ("sample_rate=nan", INVALID + "'sample_rate': must be at least 8,000 Hz"),
        ("sample_rate=", INVALID + "'sample_rate': expected a number"),
        ("encoding=mp3", INVALID + "'encoding': expected pcm_s16le or pcm_mulaw"),
        ("encoding=opus", INVALID + "'encoding': expected pcm_s16le or pcm_mulaw"),
        ("format_turns=perhaps", INVALID + "'format_turns': expected true or false"),
        ("include_partial_turns=2", INVALID + "'include_partial_turns': expected true or false"),
        ("speaker_labels=", INVALID + "'speaker_labels': expected true or false"),
        ("session_heartbeat=x", INVALID + "'session_heartbeat': expected true or false"),
        ("inactivity_timeout=4", INVALID + "'inactivity_timeout': must be at least 5 seconds"),
        ("inactivity_timeout=3601", INVALID + "'inactivity_timeout': must be at most 3,600 seconds"),
        ("min_turn_silence=10", INVALID + "'min_turn_silence': must be 0.05 to 10 s, not 0.01"),
        ("min_turn_silence=x", INVALID + "'min_turn_silence': could not convert string to float: 'x'"),
        ("keyterms_prompt=Ana", INVALID + "'keyterms_prompt': expected a JSON list of strings"),
        ("keyterms_prompt=%5B1%5D", INVALID + "'keyterms_prompt': expected a JSON list of strings"),
        ("keyterms_prompt=" + "%5B" * 9999, INVALID + "'keyterms_prompt': expected a JSON list of strings"),
        (
            "keyterms_prompt=%5B" + ",".join(['"a"'] * 101) + "%5D",
            INVALID + "'keyterms_prompt': takes at most 100 terms, not 101",
        ),
        (
            "max_turn_silence=99999999",
            "User Input Validation Error: max_turn_silence must be 0 to 60 seconds, not 99999.999",
        ),
        ("speech_model=+", "User Input Validation Error: model must be a non-empty string, not ' '"),
    ],
)
def test_wrong_parameters_are_refused_before_begin(query: str, text: str) -> None:
    """In the vendor's words, behind the handshake."""
    assert connect(query) == [Connected(), *refusal(3006, text)]


def test_a_text_that_fits_no_close_frame_is_in_the_error_only() -> None:
    """123 bytes is what a close frame holds; umlauts count twice."""
    out = connect("speech_model=u3-rt-pro&language_codes=%5B%22" + "%C3%A4" * 60 + "%22%5D")
    assert isinstance(out[1], Message)
    assert json.loads(out[1].data)["error"].startswith("User Input Validation Error: Invalid 'language_codes': 'ää")
    assert out[2] == Close(3006, CONSTANT)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("format_turns=True", Config(formatting=True)),
        ("format_turns=False", Config(formatting=False)),
        ("format_turns=true&speech_model=u3-rt-pro", Config(model="u3-rt-pro")),
        ("format_turns=nonsense&speech_model=u3-rt-pro", Config(model="u3-rt-pro")),
        ("include_partial_turns=False", Config(partials=False)),
        ("min_turn_silence=400&max_turn_silence=1280", Config(turn_silence=0.4, max_turn_silence=1.28)),
        ("min_end_of_turn_silence_when_confident=160", Config(turn_silence=0.16)),
        ("min_turn_silence=400&min_end_of_turn_silence_when_confident=160", Config(turn_silence=0.4)),
        ("keyterms_prompt=%5B%22Ana+Lopez%22%2C+%22IBAN%22%5D", Config(keyterms=("Ana Lopez", "IBAN"))),
        ("keyterms=%5B%22Ana%20Lopez%22%5D", Config(keyterms=("Ana Lopez",))),
        (f"keyterms_prompt=%5B%22{'a' * 51}%22%2C%22b%22%5D", Config(keyterms=("b",))),
        ("keyterms_prompt=%5B%5D", Config()),
        ("keyterms_prompt=%5B%22a%22%5D&speech_model=whisper-rt", Config(model="whisper-rt")),
        ("language_codes=%5B%22de%22%5D", Config()),
        ("language_codes=%5B%22de%22%5D&speech_model=u3-rt-pro", Config(model="u3-rt-pro", language="de")),
        (
            "language_codes=%5B%22de%22%2C%22en%22%5D&speech_model=u3-rt-pro",
            Config(model="u3-rt-pro", languages=("de", "en")),
        ),
        ("language_codes=%5B%22multi%22%5D&speech_model=u3-rt-pro", Config(model="u3-rt-pro")),
        ("language_code=de&speech_model=u3-rt-pro", Config(model="u3-rt-pro", language="de")),
        (
            "language_code=de&language_codes=%5B%22fr%22%5D&speech_model=u3-rt-pro",
            Config(model="u3-rt-pro", language="fr"),
        ),
        ("formatted_finals=true&word_finalization_max_wait_time=100&frmat=1", Config()),
        ("inactivity_timeout=5&session_heartbeat=true", Config()),
        ("speech_model=", Config()),
        ("sample_rate=44100", Config(audio=AudioFormat(44100))),
        ("noise_suppression_model=far-field", Config(extra={"assemblyai-v3": {"voice_focus": "far-field"}})),
        (
            "_customer_support_audio_capture=true&prompt=Say+%22hi%22%26",
            Config(extra={"assemblyai-v3": {"customer_support_audio_capture": "true", "prompt": 'Say "hi"&'}}),
        ),
    ],
)
def test_parameters_become_options(query: str, expected: Config) -> None:
    """Python's True, JSON lists with plus signs, older names; what nobody knows is passed over."""
    assert config(query) == expected


@pytest.mark.parametrize("url", ["/v3/ws", "http://[", "ws://h/v3/ws?%zz=%ff&=&&a", "?", "", "ws://h"])
def test_any_url_is_a_handshake(url: str) -> None:
    """The gateway routes; the server half reads the query."""
    out = Server(context()).receive(Connect(url, KEY), 0.0)
    assert isinstance(out[-1], Start)


# Audio.


@pytest.mark.parametrize(
    ("query", "data", "expected"),
    [
        ("", bytes(1600), [Audio(bytes(1600))]),
        ("", bytes(640), [Audio(bytes(640))]),
        ("", bytes(32_000), [Audio(bytes(32_000))]),
        ("", b"", []),
        ("encoding=pcm_mulaw&sample_rate=8000", b"\xff" * 400, [Audio(b"\xff" * 400)]),
    ],
)
def test_audio(query: str, data: bytes, expected: list[Any]) -> None:
    """20 ms to a second is taken; nothing is nothing."""
    assert begun(query).receive(Message(data), 0.1) == expected


def test_a_chunk_may_end_inside_a_sample() -> None:
    """The rest of the sample comes with the next one."""
    server = begun()
    assert server.receive(Message(b"\1"), 0.0) == []
    assert server.receive(Message(b"\2\3\4\5"), 0.0) == [Audio(b"\1\2\3\4")]
    assert server.receive(Message(b"\6"), 0.0) == [Audio(b"\5\6")]


def test_too_long_a_chunk_ends_the_session() -> None:
    """1200 ms at once is 3007, more than 128 KB is 1009."""
    text = "Input Duration Error: Input Duration Violation: 1200.0 ms. Expected between 50 and 1000 ms"
    assert begun().receive(Message(bytes(38_400)), 0.0) == [*refusal(3007, text), Stop()]
    big = begun("sample_rate=96000")
    assert big.receive(Message(bytes(128 * 1024)), 0.0) == [Audio(bytes(128 * 1024))]
    assert big.receive(Message(bytes(128 * 1024 + 1)), 0.0) == [*refusal(1009, "Message too big"), Stop()]
    assert big.receive(Message(bytes(2)), 0.0) == []


# Messages.


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type":"Terminate"}', Stop()),
        ('{"type": "Terminate"}', Stop()),
        ('{"extra":1,"type":"ForceEndpoint"}', Finalize("id-2")),
        ('{"type":"KeepAlive"}', KeepAlive()),
        (
            '{"min_turn_silence":500,"keyterms_prompt":[],"type":"UpdateConfiguration"}',
            Configure("id-2", {"turn_silence": 0.5, "keyterms": ()}),
        ),
        (
            '{"type":"UpdateConfiguration","keyterms_prompt":["Weber","IBAN"],"max_turn_silence":null}',
            Configure("id-2", {"keyterms": ("Weber", "IBAN")}),
        ),
        (
            '{"type":"UpdateConfiguration","max_turn_silence":1280,"filter_profanity":true}',
            Configure("id-2", {"max_turn_silence": 1.28, "profanity_filter": True}),
        ),
        (
            '{"type":"UpdateConfiguration","min_end_of_turn_silence_when_confident":160}',
            Configure("id-2", {"turn_silence": 0.16}),
        ),
        (
            '{"type":"UpdateConfiguration","language_codes":["de"],"format_turns":false}',
            Configure("id-2", {"language": "de", "languages": ()}),
        ),
        (
            '{"type":"UpdateConfiguration","language_codes":["de","en"]}',
            Configure("id-2", {"language": None, "languages": ("de", "en")}),
        ),
        ('{"type":"UpdateConfiguration","language_codes":[]}', Configure("id-2", {"language": None, "languages": ()})),
    ],
)
def test_each_message_is_one_command(text: str, command: Any) -> None:
    """Key order is free; null keeps, an empty list clears."""
    assert begun("speech_model=u3-rt-pro").receive(Message(text), 0.0) == [command]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"UpdateConfiguration"}',
        '{"type":"UpdateConfiguration","min_turn_silence":null}',
        '{"type":"UpdateConfiguration","speaker_labels":true,"sample_rate":1,"agent_context":"x","new":[]}',
    ],
)
def test_what_may_not_change_is_passed_over(text: str) -> None:
    """Nothing is asked for it."""
    assert begun("speech_model=u3-rt-pro").receive(Message(text), 0.0) == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"type":"Foo"}', "Invalid Message Type: Foo"),
        ('{"type":"terminate"}', "Invalid Message Type: terminate"),
        ('{"type":7}', 'Invalid Message: {"type":7}'),
        ('{"audio_data":"UklGRg=="}', 'Invalid Message: {"audio_data":"UklGRg=="}'),
        ("{}", "Invalid Message: {}"),
        ("{", "User Input Validation Error: Invalid JSON: expected an object"),
        ("", "User Input Validation Error: Invalid JSON: expected an object"),
        ("[]", "User Input Validation Error: Invalid JSON: expected an object"),
        ("[" * 9999, "User Input Validation Error: Invalid JSON: expected an object"),
        ('{"type":"\\ud800"}', "Invalid Message Type: ?"),
        (
            '{"type":"UpdateConfiguration","min_turn_silence":"x"}',
            INVALID + "'min_turn_silence': could not convert string to float: 'x'",
        ),
        (
            '{"type":"UpdateConfiguration","keyterms_prompt":"Ana"}',
            INVALID + "'keyterms_prompt': expected a JSON list of strings",
        ),
        (
            '{"type":"UpdateConfiguration","max_turn_silence":1e9}',
            "User Input Validation Error: max_turn_silence must be 0 to 60 seconds, not 1000000.0",
        ),
        (
            '{"type":"UpdateConfiguration","session_heartbeat":[]}',
            INVALID + "'session_heartbeat': expected true or false",
        ),
    ],
)
def test_a_wrong_message_ends_the_session(text: str, error: str) -> None:
    """3006, then nothing is heard."""
    server = begun()
    assert server.receive(Message(text), 0.0) == [*refusal(3006, error), Stop()]
    assert server.receive(Message('{"type":"Terminate"}'), 0.0) == []


def test_a_long_type_is_cut() -> None:
    """An error is for reading."""
    out = begun().receive(Message('{"type":"' + "x" * 500 + '"}'), 0.0)
    assert out == [*refusal(3006, "Invalid Message Type: " + "x" * 178, CONSTANT), Stop()]


# Ends.


@pytest.mark.parametrize("frame", [Close(1000), Close(None), Lost("reset")])
@pytest.mark.parametrize("said", [[], [Message(bytes(1600))], [Message(bytes(3)), Message('{"type":"ForceEndpoint"}')]])
def test_a_client_that_vanishes_stops_the_session(frame: Frame, said: list[Frame]) -> None:
    """Whenever it does, once."""
    server = begun("inactivity_timeout=5&session_heartbeat=true")
    for message in said:
        server.receive(message, 1.0)
    assert server.receive(frame, 2.0) == [Stop()]
    assert server.receive(Lost("reset"), 2.0) == []
    assert server.deadline is None
    assert server.tick(99.0) == []


def test_a_client_that_vanishes_before_or_after_asks_nothing() -> None:
    """Before the handshake there is no session, after Terminate it is stopped already."""
    assert Server(context()).receive(Lost("reset"), 0.0) == []
    server = begun()
    server.receive(Message('{"type":"Terminate"}'), 0.0)
    assert server.receive(Close(1000), 0.0) == []


@pytest.mark.parametrize("late", [bytes(1600), bytes(200_000), '{"type":"Terminate"}', "nonsense"])
def test_nothing_is_heard_after_terminate(late: Any) -> None:
    """It would only spoil the last words."""
    server = begun()
    assert server.receive(Message('{"type":"Terminate"}'), 0.0) == [Stop()]
    assert server.receive(Message(late), 0.0) == []


def test_nothing_is_heard_before_the_handshake_and_no_second_one() -> None:
    """A frame out of place is no reason to break."""
    server = Server(context())
    assert server.receive(Message(b"\0\0"), 0.0) == []
    assert server.receive(Message("x"), 0.0) == []
    assert server.deadline is None
    server = begun()
    assert server.receive(Connect("/v3/ws", KEY), 0.0) == []
    assert server.receive(Ping(), 0.0) == []


# Time.

IDLE = "Session terminated due to inactivity: No messages received for 5 seconds"


def test_inactivity_ends_the_session() -> None:
    """Any message starts the time anew; waiting for the end of the session is not inactive."""
    server = begun("inactivity_timeout=5", now=10.0)
    assert server.deadline == 15.0
    server.receive(Message('{"type":"KeepAlive"}'), 12.0)
    server.receive(Message(bytes(1600)), 14.0)
    assert server.deadline == 19.0
    assert server.tick(18.9) == []
    assert server.tick(19.0) == [*refusal(3006, IDLE), Stop()]
    assert server.deadline is None
    server = begun("inactivity_timeout=5")
    server.receive(Message('{"type":"Terminate"}'), 1.0)
    assert server.deadline is None
    assert server.tick(99.0) == []


def test_a_ping_is_no_activity() -> None:
    """Libraries send them by themselves: no message is received for all that."""
    server = begun("inactivity_timeout=5", now=10.0)
    assert server.receive(Ping(b"1"), 14.0) == []
    assert server.deadline == 15.0
    assert server.tick(15.0) == [*refusal(3006, IDLE), Stop()]


def test_heartbeats_come_every_five_seconds_where_they_were_asked_for() -> None:
    """With whole milliseconds and the factor of real time."""
    assert begun().deadline is None
    server = begun("session_heartbeat=True", now=10.0)
    server.receive(Message(bytes(24_000)), 11.0)
    assert server.deadline == 15.0
    assert server.tick(14.9) == []
    assert server.tick(15.1) == [
        Message('{"type":"Heartbeat","total_audio_received_ms":750,"total_duration_ms":5100,"realtime_factor":0.147}')
    ]
    assert server.deadline == 20.0


def test_heartbeats_can_be_switched_in_mid_session() -> None:
    """As the vendor's clients do."""
    server = begun()
    assert server.receive(Message('{"type":"UpdateConfiguration","session_heartbeat":true}'), 3.0) == []
    assert server.deadline == 8.0
    server.receive(Message('{"type":"UpdateConfiguration","format_turns":true}'), 4.0)
    assert server.deadline == 8.0
    server.receive(Message('{"type":"UpdateConfiguration","session_heartbeat":false}'), 5.0)
    assert server.deadline is None


# Nonsense.

KEYS = [
    "sample_rate",
    "encoding",
    "speech_model",
    "format_turns",
    "min_turn_silence",
    "max_turn_silence",
    "keyterms_prompt",
    "language_codes",
    "language_code",
    "inactivity_timeout",
    "session_heartbeat",
    "redact_pii",
    "filter_profanity",
    "prompt",
    "token",
    "mode",
]
TEXTS = ["true", "False", "16000", "u3-rt-pro", "whisper-rt", '["en"]', "[]", "5", "-1", "nan", "inf", "1e999", ""]
VALUES = st.sampled_from(TEXTS) | st.text(max_size=6)
URLS = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=6).map(
    lambda pairs: "/v3/ws?" + "&".join(f"{name}={value}" for name, value in pairs)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
TYPES = ["Terminate", "ForceEndpoint", "KeepAlive", "UpdateConfiguration", "UpdateConfiguration", "Foo"]
MESSAGES = st.builds(
    lambda kind, rest: json.dumps({**rest, "type": kind}),
    st.sampled_from(TYPES) | JSON,
    st.dictionaries(st.sampled_from(KEYS), JSON | VALUES, max_size=4),
)
FRAMES = (
    st.builds(Message, MESSAGES | st.text() | st.binary(max_size=50))
    | st.builds(Connect, URLS | st.text(), st.just(KEY))
    | st.sampled_from([Close(1000), Close(None), Lost("timeout"), Ping(), Connected()])
)


@given(URLS, st.lists(FRAMES, max_size=8))
@example("/v3/ws", [Message('{"type":"\\ud800"}')])
def test_receive_never_raises(url: str, frames: list[Frame]) -> None:
    """Whatever a client says: one Start at most, one Stop behind it, and text that UTF-8 can carry."""
    server = Server(context())
    out: list[Any] = []
    for now, frame in enumerate([Connect(url, KEY), *frames]):
        out += server.receive(frame, float(now))
        out += server.tick(float(now))
    commands = [item for item in out if not isinstance(item, Frame)]
    assert [type(item) for item in commands].count(Stop) <= [type(item) for item in commands].count(Start) <= 1
    for item in out:
        if isinstance(item, Message):
            assert isinstance(item.data, str)
            assert item.data.encode()
        elif isinstance(item, Close):
            assert len(item.reason.encode()) <= 123
    closes = [index for index, item in enumerate(out) if isinstance(item, Close)]
    assert all(isinstance(item, Stop) for index in closes for item in out[index + 1 :])
