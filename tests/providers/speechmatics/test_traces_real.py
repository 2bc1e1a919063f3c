"""The worked traces over real sockets, with both drivers, against a server that imports nothing of ours."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.testing import check_turns

from ...drivers.blocking import Driver
from ...drivers.conftest import driver, nothing_left  # noqa: F401 fixtures
from ..playing import CANARY, ended, play
from ..traced import TROUBLES, Step
from .scripted import START, Vendor, hears, kind, script, scripted, spoken, waits
from .wire import BEGUN, ID, OVER, QUALITY, USAGE, final, over, partial, said, segment, w

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("nothing_left")]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "speechmatics"
ONCE = aai_migrate.RetryPolicy(at_start=1)
# The name of a trace: the options, and the turns, each by whom and from when to when its words are.
EXACT: dict[str, tuple[dict[str, Any], list[tuple[int, str, str | None, float, float]]]] = {
    "trace-a-end-of-utterance": (
        {},
        [(0, "Could you move my visit?", None, 0.4, 2.0), (1, "Tuesday.", None, 2.96, 3.4)],
    ),
    "trace-b-sentences-and-speakers": (
        {"turn_silence": 0, "diarization": True},
        [(0, "The code is 94.", "S1", 0.2, 1.28), (1, "Right?", "S2", 1.6, 1.96), (2, "Yes.", "S1", 2.4, 2.72)],
    ),
    "trace-c-forced-end": ({"language": "ja"}, [(0, "明日の予約です。", None, 0.4, 1.8)]),
}


def played(
    vendor: Vendor,
    driver: Driver,  # noqa: F811
    provider: str = "speechmatics",
    **options: Any,
) -> list[aai_migrate.StreamEvent]:
    """Run a whole session against the script; feed and ask what its client did, in its order."""
    return play(vendor.url, vendor.steps, driver, provider, "ForceEndOfUtterance", **options)


@pytest.mark.parametrize("name", EXACT)
def test_a_worked_trace_over_a_socket_gives_exact_turns(
    name: str,
    driver: Driver,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The scripted server plays it as documented; all audio arrives, at the right path, as whom it should."""
    caplog.set_level(logging.DEBUG)
    steps = script(FIXTURES / f"{name}.jsonl")
    options, turns = EXACT[name]
    with scripted(steps) as vendor:
        events = played(vendor, driver, **options)
    found = [(t.turn_order, t.transcript, t.speaker, t.start, t.end) for t in ended(events)]
    assert found == turns
    assert vendor.audio == sum(step.get("bytes", 0) for step in steps)
    assert vendor.early == 0
    assert vendor.connections == [("/v2", {}, f"Bearer {CANARY}")]
    assert vendor.opened == [json.loads(step["text"]) for step in steps if kind(step) == START]
    begin = events[0]
    assert isinstance(begin, aai_migrate.Begin)
    assert begin.session_id == ID
    assert CANARY not in repr(events)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("aai_migrate")]
    assert not any(text in line for line in ours for text in (CANARY, *(turn[1] for turn in turns)))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", EXACT)
def test_trouble_at_any_message_keeps_the_contract(
    name: str,
    trouble: Callable[..., list[Step]],
    driver: Driver,  # noqa: F811
) -> None:
    """Each in its turn: every turn still ends once, in order, with words that the vendor said."""
    steps = script(FIXTURES / f"{name}.jsonl")
    options, _ = EXACT[name]
    letters = {letter for step in steps if step["dir"] == "<" for letter in step.get("text", "")}
    for place in spoken(steps):
        with scripted(trouble(steps, place)) as vendor:
            found = ended(played(vendor, driver, **options))
        assert {letter for turn in found for letter in turn.transcript} <= letters, f"{trouble.__name__} {place}"


def test_agent_stt_over_a_socket(driver: Driver) -> None:  # noqa: F811
    """At its own path; two segments by two speakers are one turn."""
    steps = [
        waits(START),
        hears(BEGUN),
        {"dir": ">", "kind": "binary", "bytes": 96_000},
        hears(said("StartOfTurn", metadata={"start_time": 0.4})),
        hears(segment("AddPartialSegment", "I would", 0.4, 0.9)),
        hears(segment("AddSegment", "I would like a refund.", 0.4, 1.6, "S1")),
        hears(segment("AddSegment", "Of what?", 1.7, 2.2, "S2")),
        hears(said("EndOfTurn", metadata={"end_time": 2.2})),
        waits("EndOfStream"),
        hears(segment("AddSegment", "Shoes.", 2.5, 2.8, "S1")),
        hears(OVER),
    ]
    with scripted(steps) as vendor:
        turns = ended(played(vendor, driver, "speechmatics/linden-1"))
    assert [(turn.transcript, turn.start, turn.end) for turn in turns] == [
        ("I would like a refund. Of what?", 0.4, 2.2),
        ("Shoes.", 2.5, 2.8),
    ]
    assert [path for path, _, _ in vendor.connections] == ["/v2/agent"]
    assert vendor.opened[0]["turn_config"] == {"turn_detection_mode": "vad"}


def test_two_channels_over_a_socket(driver: Driver) -> None:  # noqa: F811
    """Audio by channel in JSON, and an end for each."""
    steps = [
        waits(START),
        hears(BEGUN),
        {"dir": ">", "kind": "binary", "bytes": 128_000},
        hears(final(w("Hello", 0.2, 0.6), channel="channel_1")),
        hears(final(w("Hi", 0.8, 1.1), channel="channel_2")),
        hears(over(1.5, channel="channel_1")),
        waits("EndOfChannel"),
        waits("EndOfChannel"),
        hears(OVER),
    ]
    with scripted(steps) as vendor:
        turns = ended(played(vendor, driver, audio_channels=2, channels="separate"))
    assert [(turn.channel, turn.transcript) for turn in turns] == [(0, "Hello"), (1, "Hi")]
    assert vendor.opened[0]["transcription_config"]["channel_diarization_labels"] == ["channel_1", "channel_2"]


# A temporary key.


def test_a_temporary_key_over_a_socket(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    """The account's key is shown to the one who gives temporary ones, and the temporary one to the websocket."""
    caplog.set_level(logging.DEBUG)
    steps = script(FIXTURES / "trace-a-end-of-utterance.jsonl")
    with scripted(steps, answer=(201, {}, json.dumps({"key_value": "t3mporary-canary"}).encode())) as vendor:
        events = played(vendor, driver, extra={"speechmatics": {"temporary_key": 60}})
    assert len(ended(events)) == 2
    assert vendor.requests == [("/v1/api_keys?type=rt", f"Bearer {CANARY}", {"ttl": 60})]
    assert vendor.connections == [("/v2", {"jwt": "t3mporary-canary"}, None)]
    assert "temporary_key" not in vendor.opened[0]["transcription_config"]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("aai_migrate")]
    assert not any(text in line for line in [*ours, repr(events)] for text in (CANARY, "t3mporary-canary"))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, f'{{"code":401,"message":"no such key: {CANARY}"}}', AuthenticationError),
        (422, '{"code":422,"message":"ttl is out of range"}', BadRequest),
        (201, "{}", ProtocolError),
    ],
)
def test_a_temporary_key_that_is_not_given(
    status: int,
    body: str,
    expected: type[ProviderError],
    driver: Driver,  # noqa: F811
) -> None:
    """Connecting fails with the vendor's reason, without the key; no websocket is opened."""
    answer = (status, {"Content-Type": "application/json"}, body.encode())
    with scripted([], answer=answer) as vendor, pytest.raises(expected) as caught:
        played(vendor, driver, extra={"speechmatics": {"temporary_key": 60}}, retry=ONCE)
    assert vendor.connections == []
    assert CANARY not in f"{caught.value} {caught.value!r}"


# What a user meets.


def test_a_key_of_another_vendor_that_the_handshake_refuses(driver: Driver) -> None:  # noqa: F811
    """Is told at once, without the key, with the number that the vendor's support asks for."""
    body = json.dumps({"message": f"Invalid key {CANARY}"}).encode()
    refusal = (401, {"Request-Id": "r-7"}, body)
    with scripted([], refusal=refusal) as vendor, pytest.raises(AuthenticationError) as caught:
        played(vendor, driver)
    assert (caught.value.status, caught.value.request_id) == (401, "r-7")
    assert caught.value.reason == "Invalid key ***"
    assert len(vendor.connections) == 1


@pytest.mark.parametrize(
    ("type_", "reason", "code", "expected"),
    [
        ("not_authorised", "Not Authorized", 4001, AuthenticationError),
        ("invalid_model", "The requested language pack is not available.", 4004, BadRequest),
        ("invalid_language", "Language xx is not supported.", 1003, BadRequest),
        ("quota_exceeded", "Concurrent Quota Exceeded", 4005, QuotaExceeded),
    ],
)
@pytest.mark.parametrize("provider", ["speechmatics", "speechmatics/linden-1"])
def test_an_error_instead_of_the_greeting(
    provider: str,
    type_: str,
    reason: str,
    code: int,
    expected: type[ProviderError],
    driver: Driver,  # noqa: F811
) -> None:
    """Connecting fails with the vendor's type and reason; it is not tried again, and no audio was sent."""
    close: Step = {"dir": "<", "kind": "close", "code": code, "reason": type_}
    steps = [waits(START), hears(USAGE), hears(said("Error", type=type_, reason=f"{reason} {CANARY}")), close]
    with scripted(steps) as vendor, pytest.raises(expected) as caught:
        played(vendor, driver, provider)
    assert (caught.value.code, caught.value.reason) == (type_, f"{reason} ***")
    assert (len(vendor.connections), vendor.audio) == (1, 0)


def test_a_server_that_closes_instead_of_greeting(driver: Driver) -> None:  # noqa: F811
    """Its code says what its words would."""
    close: Step = {"dir": "<", "kind": "close", "code": 4001, "reason": "not_authorised"}
    with scripted([waits(START), close]) as vendor, pytest.raises(AuthenticationError) as caught:
        played(vendor, driver)
    assert caught.value.code == 4001


def test_no_greeting(driver: Driver) -> None:  # noqa: F811
    """Connecting fails when its time is up, and no audio was sent before."""
    steps = [waits(START), hears(USAGE), hears(QUALITY), waits("Nothing")]
    with scripted(steps) as vendor, pytest.raises(ConnectionLost, match=r"speechmatics: no greeting within 0\.3 s"):
        played(vendor, driver, connect_timeout=0.3, retry=ONCE)
    assert vendor.audio == 0


def test_a_language_that_is_not_offered(driver: Driver) -> None:  # noqa: F811
    """Nothing is dialled."""
    with scripted([]) as vendor, pytest.raises(ConfigError, match="language 'tlh' is not offered; known: ar, ba"):
        played(vendor, driver, language="tlh")
    assert vendor.connections == []


def test_a_session_that_breaks_is_heard_again(driver: Driver) -> None:  # noqa: F811
    """Over a new connection, from the last final on; what was said comes once."""
    steps = [
        waits(START),
        hears(BEGUN),
        {"dir": ">", "kind": "binary", "bytes": 64_000},
        hears(final(w("So", 0.4, 0.7))),
        hears(partial(w("it", 0.8, 1.0))),
        {"dir": "<", "kind": "close", "code": 1011, "reason": "internal_error"},
    ]
    with scripted(steps) as vendor:
        stream = driver.connect("speechmatics", api_key=CANARY, base_url=vendor.url)
        with stream:
            stream.send(bytes(64_000))
            events = [next(stream)]
            while not isinstance(events[-1], aai_migrate.Reconnecting):
                events.append(next(stream))
            stream.close()
            events += list(stream)
    check_turns(events)
    assert "internal_error" in repr(events)
    last = [event for event in events if isinstance(event, aai_migrate.Turn)][-1]
    assert last.transcript.startswith("So")
