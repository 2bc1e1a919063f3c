"""The client half of the embedded recogniser: literal messages in, exact events out."""

import json
import subprocess
import sys
from typing import Any

import pytest
from aai_migrate_providers.local import PROVIDER, LocalClient
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, QuotaExceeded, UnsupportedOption
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Refused,
)

READY = '{"type":"started","model":"pocketsphinx en-us"}'
WORDS = '[["good",0.5,0.8,0.9],["day",0.8,1.25,1]]'


def client(**options: Any) -> LocalClient:
    """A client that waits for its worker."""
    peer = LocalClient(Context(new_id=lambda: "id-1"))
    assert peer.send(ask.Start(Config(**options)), 0.0) == [Connect("worker:local")]
    return peer


def live(**options: Any) -> LocalClient:
    """A client in mid-session."""
    peer = client(**options)
    peer.receive(Connected(), 0.0)
    assert isinstance(peer.receive(Message(READY), 0.0)[0], say.Started)
    return peer


def word(
    text: str, start: float, end: float, confidence: float | None, *, final: bool = True, joiner: str = " "
) -> say.Word:
    return say.Word(text, start, end, confidence, final, joiner=joiner)


FINAL = (word("good", 0.5, 0.8, 0.9, joiner=""), word("day", 0.8, 1.25, 1.0))
OPEN = (word("good", 0.5, 0.8, None, final=False, joiner=""),)


def test_handshake() -> None:
    """Settings go out as the first message; the worker's answer starts the session."""
    peer = client(turn_silence=0.4, partials=False, language="en-GB")
    sent = peer.receive(Connected(), 0.0)
    assert sent == [Message('{"type":"start","turn_silence":0.4,"partials":false}')]
    settings = {"partials": False, "turn_silence": 0.4}
    assert peer.receive(Message(READY), 0.0) == [say.Started("id-1", "pocketsphinx en-us", settings=settings)]


def test_unset_options_take_the_defaults() -> None:
    """Who sets nothing gets 0.7 s and partials, and is told of no setting."""
    peer = client()
    assert peer.receive(Connected(), 0.0) == [Message('{"type":"start","turn_silence":0.7,"partials":true}')]
    assert peer.receive(Message(READY), 0.0) == [say.Started("id-1", "pocketsphinx en-us")]


def test_dropped_options_are_told() -> None:
    """What the caller let us leave out is warned of before anything is opened."""
    start = ask.Start(Config(diarization=True, model="big", extra={"local": {"speed": 2}}, on_unsupported="warn"))
    assert LocalClient(Context(new_id=lambda: "id-1")).send(start, 0.0) == [
        say.Warned("unsupported", "local has one model, not 'big'; going on without it"),
        say.Warned("unsupported", "local has no settings of its own, such as speed; going on without it"),
        say.Warned("unsupported", "local has no diarization; going on without it"),
        Connect("worker:local"),
    ]


def test_its_model_may_be_named() -> None:
    """As the greeting names it."""
    assert client(model="pocketsphinx en-us").receive(Connected(), 0.0) == client().receive(Connected(), 0.0)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"language": "de"}, ConfigError, "must be en or en-"),
        ({"turn_silence": 0.05}, ConfigError, "0.1 to 10"),
        ({"turn_silence": 11.0}, ConfigError, "0.1 to 10"),
        ({"max_turn_silence": 2.0}, UnsupportedOption, "max_turn_silence"),
        ({"model": "big"}, ConfigError, "one model"),
        ({"audio": AudioFormat(8_000)}, ConfigError, "16000 Hz"),
        ({"extra": {"local": {"speed": 2}}}, ConfigError, "speed"),
    ],
)
def test_start_refuses(options: dict[str, Any], error: type[ConfigError], match: str) -> None:
    """What the recogniser cannot do is refused before anything is opened."""
    with pytest.raises(error, match=match):
        LocalClient(Context(new_id=lambda: "id-1")).send(ask.Start(Config(**options)), 0.0)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (ask.Audio(b"\1\2"), [Message(b"\1\2")]),
        (ask.Silence(0.01), [Message(bytes(320))]),
        (ask.Finalize("f"), [Message('{"type":"finalize","id":"f"}')]),
        (ask.Stop(), [Message('{"type":"stop"}')]),
        (ask.KeepAlive(), []),
        (
            ask.Configure("c", {"turn_silence": 1.0}),
            [say.Configured("c", False, "local can change nothing in mid-session")],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_send(command: ask.Command, expected: list[Frame | say.Event]) -> None:
    """Every command has its message."""
    assert live().send(command, 0.0) == expected


@pytest.mark.parametrize("command", [ask.Audio(b""), ask.Silence(1), ask.Finalize("f"), ask.Stop(), ask.Resume()])
def test_send_out_of_place(command: ask.Command) -> None:
    """A command before the start or after the stop is a mistake of the caller."""
    stopped = live()
    stopped.send(ask.Stop(), 0.0)
    for peer in (LocalClient(Context(new_id=str)), client(), stopped):
        with pytest.raises(RuntimeError, match=type(command).__name__):
            peer.send(command, 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"type":"partial","turn":2,"words":[["good",0.5,0.8,null]]}',
            [say.Partial(turn=2, text="good", words=OPEN, start=0.5, end=0.8)],
        ),
        ('{"type":"partial","turn":2,"words":[]}', [say.Partial(turn=2, text="")]),
        (
            f'{{"type":"turn","turn":2,"words":{WORDS},"to":2.1,"reason":"vendor"}}',
            [
                say.Final(turn=2, text="good day", words=FINAL, start=0.5, end=1.25),
                say.TurnEnded(turn=2, at=1.25, reason="vendor"),
                say.Settled(2.1),
            ],
        ),
        (
            f'{{"type":"turn","turn":3,"words":{WORDS},"to":14,"reason":"grouped"}}',
            [
                say.Final(turn=3, text="good day", words=FINAL, start=0.5, end=1.25),
                say.TurnEnded(turn=3, at=1.25, reason="grouped"),
                say.Settled(14.0),
            ],
        ),
        ('{"type":"turn","turn":2,"words":[],"to":2.1,"reason":"stop"}', [say.Settled(2.1)]),
        ('{"type":"settled","to":5}', [say.Settled(5.0)]),
        ('{"type":"finalized","id":"f"}', [say.Finalized("f", "vendor")]),
        ('{"type":"weather","is":"nice"}', [say.Unmapped({"type": "weather", "is": "nice"})]),
    ],
)
def test_receive(text: str, expected: list[say.Event]) -> None:
    """Every message has its events."""
    assert live().receive(Message(text), 0.0) == expected


def test_partial_that_was_noise() -> None:
    """A turn that was shown and then had no words is ended without a Final, which makes it none."""
    peer = live()
    peer.receive(Message('{"type":"partial","turn":2,"words":[["a",0.5,0.8,null]]}'), 0.0)
    ended = peer.receive(Message('{"type":"turn","turn":2,"words":[],"to":2.1,"reason":"vendor"}'), 0.0)
    assert ended == [say.TurnEnded(turn=2, at=2.1, reason="vendor"), say.Settled(2.1)]


def test_stop() -> None:
    """The worker's last word ends the session; what follows it means nothing."""
    peer = live()
    peer.send(ask.Stop(), 0.0)
    done = peer.receive(Message('{"type":"stopped","audio_seconds":3.5}'), 0.0)
    assert done == [say.Stopped(audio_seconds=3.5)]
    assert peer.receive(Lost("reset"), 0.0) == []


def failure(events: list[Any]) -> Any:
    (event,) = events
    assert isinstance(event, say.Failed)
    return event.error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"type":"turn"}',
        '{"type":"turn","turn":true,"words":[],"to":1,"reason":"vendor"}',
        '{"type":"turn","turn":1,"words":[],"to":1,"reason":"whim"}',
        '{"type":"turn","turn":1,"words":[["a",1,2]],"to":1,"reason":"vendor"}',
        '{"type":"turn","turn":1,"words":[["a",NaN,2,1]],"to":1,"reason":"vendor"}',
        '{"type":"settled","to":-1}',
        '{"type":"settled","to":1' + "0" * 400 + "}",
        '{"type":"settled","to":Infinity}',
        '{"type":"finalized","id":7}',
        '{"type":"stopped","audio_seconds":1}',
        READY,
    ],
)
def test_nonsense(text: str) -> None:
    """A message that cannot be is a protocol error, and the end."""
    peer = live()
    assert isinstance(failure(peer.receive(Message(text), 0.0)), ProtocolError)
    assert peer.receive(Message(text), 0.0) == []


@pytest.mark.parametrize("frame", [Lost("reset"), Close(1011, "died"), Close(None), Refused(503)])
def test_loss(frame: Frame) -> None:
    """A worker that is gone may be replaced by another, in mid-session and while it drains."""
    stopping = live()
    stopping.send(ask.Stop(), 0.0)
    for peer in (client(), live(), stopping):
        error = failure(peer.receive(frame, 0.0))
        assert isinstance(error, ConnectionLost)
        assert error.retryable


def test_missing_extra() -> None:
    """A missing package stays missing: no retry, and the text says how to install it."""
    body = b"the embedded recogniser needs an extra: pip install 'aai_migrate[local]'"
    error = failure(client().receive(Refused(503, {}, body), 0.0))
    assert not error.retryable
    assert "pip install 'aai_migrate[local]'" in str(error)


def test_no_place_left() -> None:
    """A place may come free again: a session that is under way tries again, and the line names no status."""
    error = failure(client().receive(Refused(429, {}, b"all places for sessions are taken (2); wait"), 0.0))
    assert isinstance(error, QuotaExceeded)
    assert error.retryable
    assert str(error) == "local: all places for sessions are taken (2); wait"


numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
fields = st.sampled_from(["type", "turn", "words", "to", "reason", "id", "model", "audio_seconds"])
kinds = st.sampled_from(["started", "partial", "turn", "settled", "finalized", "stopped"])
rows = st.lists(st.lists(numbers, max_size=5), max_size=3)
shaped = st.dictionaries(fields, numbers | kinds | rows).map(json.dumps)
typed = st.tuples(kinds, st.dictionaries(fields, numbers | rows)).map(lambda it: json.dumps({**it[1], "type": it[0]}))
frames = st.one_of(
    st.builds(Message, st.one_of(st.text(), st.binary(), shaped, typed)),
    st.builds(Refused, st.integers(100, 599), st.just({}), st.binary()),
    st.builds(Close, st.none() | st.integers(), st.text()),
    st.sampled_from([Lost("dns"), Lost("too_big"), Connected(), Ping(), HttpResponse(200), Connect("worker:x")]),
)


@given(st.lists(frames, max_size=5), st.sampled_from([lambda: LocalClient(Context(new_id=str)), client, live]))
def test_receive_never_raises(received: list[Frame], build: Any) -> None:
    """Whatever arrives, in whatever state, is answered by events."""
    peer = build()
    for frame in received:
        assert all(isinstance(out, (Message, say.Event)) for out in peer.receive(frame, 0.0))


def test_timers() -> None:
    """The peer has no timers and nothing to resume."""
    peer = live()
    assert (peer.deadline, peer.tick(1.0), peer.resumable) == (None, [], False)


def test_import_is_light() -> None:
    """Importing the provider loads no recogniser."""
    code = "import sys, aai_migrate_providers.local; sys.exit('pocketsphinx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert PROVIDER.name == "local"
