"""The values of the pure core: frozen, comparable, and silent about headers, keys, audio and speech."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args

import attrs
import pytest

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConnectionLost
from aai_migrate.wire import commands, events, frames
from aai_migrate.wire.commands import Audio, Command, Origin, Start
from aai_migrate.wire.events import Event, Failed, Final, Partial, Revised, Unmapped, Word
from aai_migrate.wire.frames import (
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Message,
    Refused,
    bare,
    header,
    path_of,
)

KEY = {"authorization": "canary"}
WORDS = (Word("canary", 0.0, 1.0),)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            HttpRequest("POST", "https://u:canary@h/p?token=canary", KEY, b"canary"),
            "HttpRequest(method='POST', url='https://h/p', headers=<1>, body=<6 bytes>)",
        ),
        (HttpResponse(200, KEY, b"canary"), "HttpResponse(status=200, headers=<1>, body=<6 bytes>)"),
        (
            Connect("wss://h/p?token=canary", KEY, ("token", "canary")),
            "Connect(url='wss://h/p', headers=<1>, subprotocols=<2>)",
        ),
        (Connected(KEY, "token"), "Connected(headers=<1>, subprotocol='token')"),
        (Refused(401, KEY, b"canary"), "Refused(status=401, headers=<1>, body=<6 bytes>)"),
        (Message("canary"), "Message(data=<6 characters>)"),
        (Message(b"canary"), "Message(data=<6 bytes>)"),
        (Audio(b"canary"), "Audio(data=<6 bytes>)"),
        (
            Origin("v3", "/v3/ws?token=canary", "caller"),
            "Origin(dialect='v3', path='/v3/ws', principal='caller', tags={})",
        ),
        (
            WORDS[0],
            "Word(text=<6>, start=0.0, end=1.0, confidence=None, is_final=True, speaker=None, "
            "language=None, joiner=' ')",
        ),
        (Unmapped({"text": "canary"}), "Unmapped()"),
    ],
)
def test_what_a_repr_shows(value: object, shown: str) -> None:
    """Kinds, sizes and times; no header, query string, token, key, audio or text."""
    assert repr(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        Partial(turn=1, text="canary", words=WORDS, raw="canary"),
        Final(turn=1, text="canary", words=WORDS, raw="canary"),
        Revised(turn=1, text="canary", words=WORDS, raw="canary"),
        Start(Config(), Credential(Secret("canary"))),
    ],
)
def test_no_repr_shows_speech_or_keys(value: object) -> None:
    """Whatever else a value shows."""
    assert "canary" not in repr(value)
    assert "canary" not in repr([value])


def test_no_text_is_not_a_text() -> None:
    """A revision without text says so."""
    assert "text=None" in repr(Revised(turn=1))
    assert "text=<0>" in repr(Revised(turn=1, text=""))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://h/p", "wss://h/p"),
        ("wss://h:80/p?x=1", "wss://h:80/p"),
        ("wss://user:pass@h/p?x=1", "wss://h/p"),
        ("wss://h/p?email=a@b", "wss://h/p"),
        ("worker:local", "worker:local"),
        ("/v3/ws?token=x", "/v3/ws"),
        ("", ""),
    ],
)
def test_bare_urls(url: str, shown: str) -> None:
    """Without user, password and query."""
    assert bare(url) == shown


def _kinds(module: Any) -> set[type]:
    return {kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == module.__name__}


@pytest.mark.parametrize(
    ("module", "union", "parts"),
    [(frames, Frame, set()), (commands, Command, {Origin}), (events, Event, {Word})],
)
def test_the_unions_are_whole(module: Any, union: Any, parts: set[type]) -> None:
    """Every kind that a module defines is in its union, frozen and described."""
    kinds = _kinds(module)
    assert set(get_args(union)) == kinds - parts
    for kind in kinds:
        assert kind.__doc__
        assert attrs.has(kind)
        assert kind.__setattr__ is not object.__setattr__


@pytest.mark.parametrize(
    "make",
    [
        lambda: HttpRequest("GET", "u"),
        lambda: HttpResponse(200),
        lambda: Connect("u"),
        Connected,
        lambda: Refused(400),
    ],
)
def test_defaults_are_not_shared(make: Callable[[], Any]) -> None:
    """Two frames have two header tables."""
    assert make().headers is not make().headers
    assert make() == make()


def test_raw_messages_are_no_part_of_equality() -> None:
    """The words count; how the vendor wrote them does not."""
    assert Final(turn=1, text="a", raw=1) == Final(turn=1, text="a", raw=2)
    assert Partial(turn=1, text="a", raw=1) == Partial(turn=1, text="a")
    assert Final(turn=1, text="a") != Final(turn=2, text="a")


def test_a_failure_shows_its_error() -> None:
    """The error is ours and redacted, so it may be seen."""
    assert repr(Failed(ConnectionLost("v", "gone"))) == (
        "Failed(error=ConnectionLost('v', 'gone'), audio_seconds=None, unconfirmed=0.0)"
    )


@pytest.mark.parametrize(
    ("url", "path"),
    [("/v3/ws?token=t", "/v3/ws"), ("wss://user:pass@x.test/v3/ws?a=b", "/v3/ws"), ("http://x.test", "/")],
)
def test_the_path_of_a_target_or_a_url(url: str, path: str) -> None:
    """Without its query, which may hold a token."""
    assert path_of(url) == path


def test_a_header_in_any_spelling() -> None:
    """Blanks around it are no part of it; one that is not there is empty."""
    assert header({"X-Key": " k "}, "x-key") == "k"
    assert header({}, "x-key") == ""
