"""Traces: written, read back, masked, replayed, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.testing import Entry, Trace
from aai_migrate.wire import events as say
from aai_migrate.wire.commands import Finalize, Start
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

CANARY = "canary-0123456789abcdef"
FRAMES: list[Frame] = [
    HttpRequest("POST", "https://api.x.test/v2/live?region=eu", {"X-Key": "***"}, b'{"a":1}'),
    HttpResponse(201, {"content-type": "application/json"}, b'{"id":"1"}'),
    Connect("wss://x.test/v3/ws?sample_rate=16000", {"Authorization": "***"}),
    Connected({}),
    Refused(401, {"content-type": "text/plain"}, b"no"),
    Message("{}"),
    Message(b"\0" * 320),
    Ping(),
    Close(1000, "Session Ended"),
    Close(None, ""),
    Lost("reset", "by peer"),
]


def test_every_kind_of_frame_survives_writing_and_reading(tmp_path: Path) -> None:
    """Audio comes back as so many zero bytes, everything else as it was."""
    trace = Trace("x", "this test", "a note", [Entry("<", n / 4, frame) for n, frame in enumerate(FRAMES)])
    path = tmp_path / "trace.jsonl"
    trace.dump(path)
    assert Trace.load(path) == trace


def test_no_secret_and_no_audio_is_written(tmp_path: Path) -> None:
    """Header values, query values of secret names, user parts of URLs and samples stay out."""
    trace = Trace("x", "this test")
    url = f"wss://user:{CANARY}@x.test/ws?token={CANARY}&jwt={CANARY}&keyterms_prompt=%5B%22Ana%22%5D&keywords=Ana&rate=8000"
    trace.add(">", 0.0, Connect(url, {"Authorization": CANARY, "Content-Type": "audio/wav", "Cookie": CANARY}))
    trace.add(">", 0.1, Message(CANARY.encode() * 10))
    path = tmp_path / "trace.jsonl"
    trace.dump(path)
    text = path.read_text()
    assert CANARY not in text
    written = json.loads(text.splitlines()[1])
    assert written["url"] == "wss://x.test/ws?token=***&jwt=***&keyterms_prompt=%5B%22Ana%22%5D&keywords=Ana&rate=8000"
    assert written["headers"] == {"Authorization": "***", "Content-Type": "audio/wav", "Cookie": "***"}
    assert json.loads(text.splitlines()[2]) == {"dir": ">", "t": 0.1, "kind": "binary", "bytes": 230}


def test_no_secret_and_no_audio_in_json_is_written(tmp_path: Path) -> None:
    """A session's address carries its token, and some vendors take audio as text; words stay as they are."""
    trace = Trace("x", "this test")
    audio = json.dumps({"type": "audio_chunk", "data": {"chunk": "QUFB" * 100}})
    body = json.dumps({"id": "1", "url": f"wss://x.test/live?token={CANARY}", "keys": [{"api_key": CANARY}]})
    said = '{"text": "' + "五" * 300 + '",  "keyterms": ["' + "a" * 20 + '"]}'
    trace.add("<", 0.0, HttpResponse(201, {}, body.encode()))
    trace.add(">", 0.1, Message(audio))
    trace.add("<", 0.2, Message(said))
    path = tmp_path / "trace.jsonl"
    trace.dump(path)
    assert CANARY not in path.read_text()
    assert "QUFB" not in path.read_text()
    [answer, chunk, words] = [entry.frame for entry in Trace.load(path).entries]
    assert isinstance(answer, HttpResponse)
    assert json.loads(answer.body)["url"] == "wss://x.test/live?token=***"
    assert chunk == Message('{"type": "audio_chunk", "data": {"chunk": "<400 characters>"}}')
    assert words == Message(said)


HEADER = '{"format":"aai_migrate.trace","version":1,"provider":"x","origin":"o"}'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: list index out of range"),
        ('{"format":"other"}', ":1: not a aai_migrate.trace of version 1"),
        ('{"format":"aai_migrate.trace","version":2,"provider":"x","origin":"o"}', ":1: not a"),
        ("[]", ":1: "),
        (f'{HEADER}\n{{"dir":"<","t":0,"kind":"smoke"}}', ":2: unknown kind 'smoke'"),
        (f'{HEADER}\n{{"dir":"?","t":0,"kind":"ping"}}', ":2: dir must be"),
        (f'{HEADER}\n{{"dir":"<","kind":"ping"}}', ":2: 't'"),
        (f"{HEADER}\nnonsense", ":2: Expecting value"),
    ],
)
def test_a_file_that_is_no_trace_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    """One error that says where."""
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.jsonl") as caught:
        Trace.load(path)
    assert complaint in str(caught.value)


def test_a_replay_plays_the_vendor_and_its_silences() -> None:
    """Commands at their times, deadlines in between: a held end comes out when its copy does not."""
    trace = Trace("assemblyai-v3", "composed by hand")
    trace.add("<", 0.1, Connected())
    trace.add("<", 0.2, Message('{"type":"Begin","id":"i","expires_at":1}'))
    words = '[{"text":"hi","start":0,"end":200,"confidence":1,"word_is_final":true}]'
    flags = '"turn_order":0,"end_of_turn":true,"turn_is_formatted":false'
    turn = f'{{"type":"Turn",{flags},"transcript":"hi","words":{words}}}'
    trace.add("<", 1.0, Message(turn))
    config = Config(model="universal-streaming-english")
    peer = registry.find("assemblyai-v3").client
    from ..session.plain import context

    events = trace.replay(peer(context()), Start(config), [(0.9, Finalize("f"))])
    assert [(round(time, 1), type(event).__name__) for time, event in events] == [
        (0.2, "Started"),
        (3.0, "Final"),
        (3.0, "TurnEnded"),
        (3.0, "Settled"),
        (3.0, "Finalized"),
    ]
    assert isinstance(events[1][1], say.Final)
