"""The server half, what clients say: literal handshakes and messages in, exact commands and refusals out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v2.server import Server
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Audio, Configure, Finalize, Origin, Start, Stop
from aai_migrate.wire.events import Stopped
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Ping, Refused

from .wire import END, HEADER, PATH, begun, context, parted

SAMPLES = b"\1\2" * 1600
"""A tenth of a second."""
SCHEMA = "Endpoint received a message with an invalid schema"
THRESHOLD = f"{SCHEMA}: 'end_utterance_silence_threshold' must be a number from 0 to 20000"


def refusal(code: int, text: str, reason: str | None = None) -> list[Frame]:
    """The two layers of an error: a text, and later a close frame with the code."""
    body = json.dumps({"error": text}, separators=(",", ":"), ensure_ascii=False)
    return [Message(body), Close(code, text if reason is None else reason)]


def said(server: Server, message: str | bytes, now: float = 1.0) -> list[Any]:
    """What *server* makes of one message."""
    return server.receive(Message(message), now)


def asked(query: str = "sample_rate=16000") -> Config:
    """The settings that a client's query becomes, once it has sent audio."""
    start = said(begun(query), SAMPLES)[0]
    assert isinstance(start, Start)
    return start.config


# The handshake.


def test_the_session_begins_at_once() -> None:
    """With a time that has no zone, a day from now; the provider is asked with the first message."""
    server = Server(context("ana"))
    url = "ws://localhost:8080/v2/realtime/ws?sample_rate=8000&encoding=pcm_mulaw"
    assert server.receive(Connect(url, {"authorization": "k3y"}), 2.5) == [
        Connected(),
        Message(
            '{"message_type":"SessionBegins","session_id":"id-1","expires_at":"2025-03-05T11:00:02.500000"}',
        ),
    ]
    assert said(server, b"\xff" * 800) == [
        Start(Config(audio=AudioFormat(8000, "pcm_mulaw")), None, Origin("assemblyai-v2", "/v2/realtime/ws", "ana")),
        Audio(b"\xff" * 800),
    ]


def test_who_says_nothing_has_the_provider_begin_all_the_same() -> None:
    """After half a second, so that it is ready for the first word."""
    server = begun()
    assert server.deadline == 0.5
    assert server.tick(0.4) == []
    assert server.tick(0.5) == [Start(Config(), None, Origin("assemblyai-v2", PATH, "somebody"))]
    assert said(server, SAMPLES) == [Audio(SAMPLES)]


@pytest.mark.parametrize(
    ("query", "config"),
    [
        ("sample_rate=44100", Config(audio=AudioFormat(44_100))),
        ("sample_rate=16000&encoding=pcm_s16le", Config()),
        ("sample_rate=16000&disable_partial_transcripts=True", Config(partials=False)),
        ("sample_rate=16000&disable_partial_transcripts=true", Config(partials=False)),
        ("sample_rate=16000&disable_partial_transcripts=False", Config(partials=True)),
        ("sample_rate=16000&word_boost=%5B%22Zander%22%2C%22IBAN%22%5D", Config(keyterms=("Zander", "IBAN"))),
        ("sample_rate=16000&word_boost=%5B%5D", Config()),
        ("sample_rate=16000&word_boost=", Config()),
        ("sample_rate=16000&word_boost=" + json.dumps(["a" * 2500]), Config(keyterms=("a" * 2500,))),
        (
            "sample_rate=16000&enable_extra_session_information=true",
            Config(extra={"assemblyai-v2": {"enable_extra_session_information": True}}),
        ),
        ("sample_rate=16000&unknown=1&end_utterance_silence_threshold=x", Config()),
        (
            # As Python's SDK writes everything.
            "sample_rate=16000&word_boost=%5B%22Zander%22%5D&encoding=pcm_s16le&token=t"
            "&disable_partial_transcripts=True&enable_extra_session_information=True",
            Config(
                keyterms=("Zander",),
                partials=False,
                extra={"assemblyai-v2": {"enable_extra_session_information": True}},
            ),
        ),
        (
            # As LiveKit's plugin does: all of it in lower case.
            "sample_rate=16000&encoding=pcm_s16le&word_boost=%5b%22zander%22%5d&disable_partial_transcripts=false",
            Config(keyterms=("zander",), partials=True),
        ),
    ],
)
def test_a_query_becomes_settings(query: str, config: Config) -> None:
    """What the client set, and nothing else; unknown parameters are passed over."""
    assert asked(query) == config


RATE = "Sample rate must be a positive integer"
BOOST = "Could not parse word boost parameter"


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        ("", 4000, RATE),
        ("sample_rate=", 4000, RATE),
        ("sample_rate=0", 4000, RATE),
        ("sample_rate=-16000", 4000, RATE),
        ("sample_rate=16000.5", 4000, RATE),
        ("sample_rate=fast", 4000, RATE),
        ("sample_rate=400", 4000, f"{RATE}: sample_rate 400 is not a whole number from 4000 to 192000 Hz"),
        ("sample_rate=16000&encoding=opus", 4101, f"{SCHEMA}: 'encoding' must be pcm_s16le or pcm_mulaw"),
        ("sample_rate=16000&word_boost=Zander", 4104, f"{BOOST}: expected a JSON list of strings"),
        ("sample_rate=16000&word_boost=%5B1%5D", 4104, f"{BOOST}: expected a JSON list of strings"),
        (
            "sample_rate=16000&word_boost=" + json.dumps(["a" * 2000, "b" * 501]),
            4104,
            f"{BOOST}: takes at most 2500 characters in all, not 2501",
        ),
        (
            "sample_rate=16000&disable_partial_transcripts=perhaps",
            4101,
            f"{SCHEMA}: Invalid 'disable_partial_transcripts': expected true or false",
        ),
        (
            "sample_rate=16000&enable_extra_session_information=2",
            4101,
            f"{SCHEMA}: 'enable_extra_session_information' must be a boolean",
        ),
    ],
)
def test_a_wrong_query_is_refused_behind_the_upgrade(query: str, code: int, text: str) -> None:
    """With the vendor's code, and a text that names what is wrong."""
    server = Server(context())
    out = server.receive(Connect(f"{PATH}?{query}", HEADER), 0.0)
    assert parted(server, out, 0.0) == [Connected(), *refusal(code, text)]


@pytest.mark.parametrize("path", ["/v2/realtime/ws", "/v2/realtime/ws/", "/eu/v2/realtime/ws"])
def test_a_path_may_have_anything_in_front(path: str) -> None:
    """As behind a proxy."""
    assert Server(context()).receive(Connect(f"{path}?sample_rate=16000", HEADER), 0.0)[0] == Connected()


def test_another_path_is_refused_before_the_upgrade() -> None:
    """There is no session to speak of."""
    [refused] = Server(context()).receive(Connect("/v3/ws?sample_rate=16000", HEADER), 0.0)
    assert isinstance(refused, Refused)
    assert (refused.status, json.loads(refused.body)) == (
        404,
        {"error": "This gateway has /v2/realtime/ws and /v2/realtime/token"},
    )


# Who may come in.


@pytest.mark.parametrize(
    ("query", "headers", "shown"),
    [
        ("", {"Authorization": "k3y"}, Credential(Secret("k3y"), "key")),
        ("", {"AUTHORIZATION": " k3y "}, Credential(Secret("k3y"), "key")),
        ("&token=t0k%2Ben", {}, Credential(Secret("t0k+en"), "token")),
        ("&token=t0ken", {"Authorization": "k3y"}, Credential(Secret("k3y"), "key")),
        ("", {}, None),
        ("&token=", {"Authorization": ""}, None),
    ],
)
def test_credentials_are_shown_to_the_authenticator(
    query: str, headers: dict[str, str], shown: Credential | None
) -> None:
    """A key as it stands in the header, or a token in the query; none is handed on."""
    seen: list[Credential | None] = []

    def authenticate(credential: Credential | None) -> str:
        seen.append(credential)
        return "somebody"

    server = Server(Context(new_id=lambda: "x", authenticate=authenticate))
    server.receive(Connect(f"{PATH}?sample_rate=16000{query}", headers), 0.0)
    start = said(server, SAMPLES)[0]
    assert isinstance(start, Start)
    assert (seen, start.credential) == ([shown], None)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "wrong"}, {"Authorization": "Bearer k3y"}])
def test_who_may_not_in_is_told_behind_the_upgrade(headers: dict[str, str]) -> None:
    """As production did: 101, then 4001; no session begins, and nothing is heard any more."""
    right = Credential(Secret("k3y"))
    server = Server(evolve(context(), authenticate=lambda shown: "somebody" if shown == right else None))
    out = server.receive(Connect(f"{PATH}?sample_rate=16000", headers), 0.0)
    assert parted(server, out, 0.0) == [Connected(), *refusal(4001, "Not Authorized")]
    assert server.receive(Connect(f"{PATH}?sample_rate=16000", {"Authorization": "k3y"}), 1.0) == []
    assert (server.deadline, server.tick(99.0), server.send(Stopped(), 99.0)) == (None, [], [])


# Audio.


def encoded(data: bytes) -> str:
    return json.dumps({"audio_data": base64.b64encode(data).decode()})


def test_both_forms_of_audio_in_one_session() -> None:
    """In the order in which they came, joined where one ends inside a sample."""
    server = begun("sample_rate=16000", SAMPLES)
    assert said(server, encoded(b"\3\4\5")) == [Audio(b"\3\4")]
    assert said(server, b"\6\7\7") == [Audio(b"\5\6\7\7")]
    assert said(server, encoded(b"\10")) == []
    assert said(server, b"\11") == [Audio(b"\10\11")]
    assert said(server, b"") == []


def test_base64_may_be_broken_into_lines() -> None:
    """As encoders for mail write it."""
    assert said(begun("sample_rate=16000", SAMPLES), '{"audio_data":"AQ\\nID\\r\\nBA=="}') == [Audio(b"\1\2\3\4")]


@pytest.mark.parametrize("size", [2, 1600, 64_000])
def test_chunks_of_any_length_that_is_not_too_long(size: int) -> None:
    """The vendor took those of 50 ms as well, whatever its pages said."""
    assert said(begun("sample_rate=16000", SAMPLES), bytes(size)) == [Audio(bytes(size))]


def test_chunks_that_are_too_long() -> None:
    """In either form, more than two seconds."""
    for message in (bytes(64_002), encoded(bytes(64_002))):
        server = begun("sample_rate=16000", SAMPLES)
        text, close = refusal(4033, "Audio duration is too long")
        assert parted(server, said(server, message)) == [text, Stop(), close]


def test_a_recording_that_is_pushed_as_fast_as_it_goes() -> None:
    """Five minutes within a second are taken: who is not read has to wait, and nothing is lost."""
    server = begun("sample_rate=16000", SAMPLES)
    for number in range(300):
        assert said(server, bytes(32_000), number / 300) == [Audio(bytes(32_000))]


# Control messages.


def test_the_silence_that_ends_an_utterance_is_a_setting_where_it_comes_first() -> None:
    """Most providers take it at the beginning only."""
    server = begun()
    [start] = said(server, '{"end_utterance_silence_threshold": 1200}', 0.0)
    assert start == Start(Config(turn_silence=1.2), None, Origin("assemblyai-v2", PATH, "somebody"))
    assert said(server, SAMPLES) == [Audio(SAMPLES)]


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("20000", 20.0), ("500.0", 0.5), ("1", 0.001)])
def test_later_it_is_a_change(value: str, seconds: float) -> None:
    """Any number of times, without an answer."""
    server = begun("sample_rate=16000", SAMPLES)
    for number in (2, 3):
        assert said(server, f'{{"end_utterance_silence_threshold":{value}}}') == [
            Configure(f"id-{number}", {"turn_silence": seconds})
        ]


@pytest.mark.parametrize("value", ["-1", "20000.5", "1e400", "NaN", '"500"', "null", "true", "[]"])
@pytest.mark.parametrize("before", [[], [SAMPLES]], ids=["first", "later"])
def test_a_silence_that_cannot_be(before: list[bytes], value: str) -> None:
    """The text names it and its range."""
    server, (text, close) = begun("sample_rate=16000", *before), refusal(4101, THRESHOLD)
    out = said(server, f'{{"end_utterance_silence_threshold":{value}}}')
    assert parted(server, out) == [text, *[Stop()] * len(before), close]


def test_an_end_is_forced() -> None:
    """Before any audio too; false asks for nothing."""
    server = begun()
    start, finalize = said(server, '{"force_end_utterance":true}')
    assert isinstance(start, Start)
    assert finalize == Finalize("id-2")
    assert said(server, '{"force_end_utterance": false}') == []


def test_the_end_is_asked_for() -> None:
    """Once; nothing is heard behind it, and silence is no fault then."""
    server = begun("sample_rate=16000", SAMPLES)
    assert said(server, '{"terminate_session": false}') == []
    assert said(server, '{"terminate_session": true}') == [Stop()]
    assert said(server, '{"terminate_session": true}') == []
    assert said(server, SAMPLES) == said(server, "no json") == said(server, '{"x":1}') == []
    assert (server.deadline, server.tick(1e6)) == (None, [])


def test_the_end_before_anything_was_said() -> None:
    """There are no last words to wait for, and the provider need not be asked."""
    server = begun()
    assert said(server, '{"terminate_session":true}') == [Message('{"message_type":"SessionTerminated"}'), Close(1000)]
    assert (server.deadline, server.tick(99.0), said(server, SAMPLES)) == (None, [], [])


def test_members_beside_the_known_one_are_passed_over() -> None:
    """And behind the end nothing is heard, in the same message neither."""
    server = begun("sample_rate=16000", SAMPLES)
    assert said(server, '{"x":1,"force_end_utterance":true}') == [Finalize("id-2")]
    assert said(server, '{"terminate_session":true,"force_end_utterance":true}') == [Stop()]


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ("no json", 4100, "Endpoint received invalid JSON"),
        ("", 4100, "Endpoint received invalid JSON"),
        ("[]", 4100, "Endpoint received invalid JSON"),
        ("{}", 4101, f"{SCHEMA}: it has no known member"),
        ('{"type":"Terminate"}', 4101, f"{SCHEMA}: it has no known member"),
        ('{"terminate_session":1e3}', 4101, f"{SCHEMA}: 'terminate_session' must be a boolean"),
        ('{"force_end_utterance":null}', 4101, f"{SCHEMA}: 'force_end_utterance' must be a boolean"),
        ('{"audio_data":"a"}', 4101, f"{SCHEMA}: 'audio_data' must be a string of base64"),
        ('{"audio_data":"ä==="}', 4101, f"{SCHEMA}: 'audio_data' must be a string of base64"),
        ('{"audio_data":[1,2]}', 4101, f"{SCHEMA}: 'audio_data' must be a string of base64"),
    ],
)
def test_a_message_that_cannot_be_read(message: str, code: int, text: str) -> None:
    """The session is over, and what the provider was asked is taken back."""
    server = begun("sample_rate=16000", SAMPLES)
    error, close = refusal(code, text)
    assert parted(server, said(server, message)) == [error, Stop(), close]


def test_who_asks_for_the_end_while_an_error_is_on_its_way() -> None:
    """It waits for the goodbye, some clients for ever and behind a close; so it comes before that."""
    for query in ("sample_rate=0", "sample_rate=16000"):
        server = Server(context())
        server.receive(Connect(f"{PATH}?{query}", HEADER), 0.0)
        said(server, "no json")
        assert server.deadline is not None
        goodbye, close = said(server, END, server.deadline)
        assert goodbye == Message('{"message_type":"SessionTerminated"}')
        assert close == Close(4100, "Endpoint received invalid JSON") or close.code == 4000
        assert said(server, END) == []


@pytest.mark.parametrize("frame", [Close(1000), Lost("reset")])
def test_who_leaves_behind_an_error(frame: Frame) -> None:
    """Nothing is said to nobody."""
    server = begun("sample_rate=16000")
    said(server, "no json")
    assert server.receive(frame, 1.1) == server.tick(9.0) == []
    assert server.deadline is None


@pytest.mark.parametrize("frame", [Close(1000), Close(None), Lost("reset")])
def test_a_client_that_leaves(frame: Frame) -> None:
    """The provider is told once, if it was asked at all; nobody reads what would be said."""
    server = begun("sample_rate=16000", SAMPLES)
    assert server.receive(frame, 1.0) == [Stop()]
    assert server.receive(frame, 1.0) == server.send(Stopped(), 2.0) == []
    assert begun().receive(frame, 1.0) == []


# Time.


def test_a_client_without_audio_for_a_minute() -> None:
    """Control messages are no sign of life, nor are empty ones. Last words come before the end."""
    server = begun("sample_rate=16000", SAMPLES)
    said(server, SAMPLES, 10.0)
    said(server, '{"force_end_utterance":true}', 60.0)
    assert said(server, b"", 60.0) == said(server, '{"audio_data":""}', 60.0) == []
    assert server.deadline == 70.0
    assert server.tick(69.9) == []
    assert server.tick(70.0) == [Stop()]
    assert server.deadline is None
    assert server.tick(71.0) == []
    assert parted(server, server.send(Stopped(), 71.0), 71.0) == refusal(4031, "Session idle for too long")


def test_a_client_that_never_sends_any() -> None:
    """The same."""
    server = begun()
    server.tick(0.5)
    assert server.deadline == 60.0
    assert server.tick(60.0) == [Stop()]


def test_a_session_that_lasts_longer_than_it_may() -> None:
    """The last words come first, and who asks for the end meanwhile gets it."""
    for asks in (False, True):
        server = begun("sample_rate=16000", SAMPLES)
        said(server, SAMPLES, 86_399.0)
        assert server.deadline == 86_400.0
        assert server.tick(86_400.0) == [Stop()]
        if not asks:
            out = server.send(Stopped(), 86_401.0)
            assert parted(server, out, 86_401.0) == refusal(4008, "Session Expired")
            continue
        assert said(server, '{"terminate_session":true}', 86_400.5) == []
        assert server.send(Stopped(), 86_401.0) == [
            Message('{"error":"Session Expired"}'),
            Message('{"message_type":"SessionTerminated"}'),
            Close(1000),
        ]


# Anything.

KEYS = [
    "sample_rate",
    "encoding",
    "word_boost",
    "token",
    "disable_partial_transcripts",
    "enable_extra_session_information",
    "end_utterance_silence_threshold",
    "x",
]
TEXTS = ["true", "False", "16000", "pcm_mulaw", '["en"]', "[]", "5", "-1", "nan", "inf", "1e999", "", "%00", "²"]
VALUES = st.sampled_from(TEXTS) | st.text(max_size=6)
URLS = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=5).map(
    lambda pairs: f"{PATH}?sample_rate=16000&" + "&".join(f"{name}={value}" for name, value in pairs)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["terminate_session", "force_end_utterance", "end_utterance_silence_threshold", "audio_data", "x"]
MESSAGES = st.dictionaries(st.sampled_from(NAMES), JSON | st.just(True), max_size=3).map(json.dumps)
FRAMES = (
    st.builds(Message, MESSAGES | MESSAGES | st.text(max_size=9) | st.binary(max_size=50))
    | st.builds(Connect, URLS, st.just(HEADER))
    | st.sampled_from([Close(1000), Close(None), Lost("timeout"), Ping(), Connected()])
)


@given(URLS | st.text(), st.lists(FRAMES, max_size=8))
@example(f"{PATH}?sample_rate=16000", [Message('{"audio_data":"\\ud800"}')])
@example(f"{PATH}?sample_rate=16000&encoding=\ud800", [])
def test_receive_never_raises(url: str, frames: list[Frame]) -> None:
    """Whatever a client says: one Start at most, one Stop behind it and nothing more, and text that UTF-8 carries."""
    server = Server(context())
    out: list[Any] = []
    for now, frame in enumerate([Connect(url, HEADER), *frames]):
        out += server.receive(frame, float(now))
        out += server.tick(float(now))
    commands = [item for item in out if not isinstance(item, Frame)]
    kinds = [type(item) for item in commands]
    assert kinds[:1] in ([], [Start])
    assert kinds.count(Start) <= 1
    assert Stop not in kinds[:-1]
    for item in out:
        if isinstance(item, Message):
            assert isinstance(item.data, str)
            assert item.data.encode()
        elif isinstance(item, Close):
            assert len(item.reason.encode()) <= 123
    closes = [index for index, item in enumerate(out) if isinstance(item, Close)]
    assert len(closes) <= 1
    assert all(isinstance(item, Stop) for index in closes for item in out[index + 1 :])
