"""The client half with a token: the address of a session that another program asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.gladia.client import Client

from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConfigError
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Refused

URL = "wss://api.gladia.io/v2/live?token=3f6f2a58-8b0d-4b7e-9d4e-5f0f9f7f7c21"
MADE: dict[str, Any] = json.loads(
    '{"encoding": "wav/pcm", "bit_depth": 16, "sample_rate": 16000, "channels": 1, "endpointing": 0.3, "region": '
    '"eu-west", "language_config": {"languages": ["de"]}, "messages_config": {"receive_partial_transcripts": true}}'
)


def started(settings: dict[str, Any] | None = None, url: str = URL, **options: Any) -> tuple[Client, list[Any]]:
    """A client half that was told to begin with a token."""
    client = Client(Context(new_id=lambda: "id"))
    shown = Credential(Secret(url), "token", settings=settings, once=True)
    return client, client.send(ask.Start(Config(**options), shown), 0.0)


def remarks(out: list[Any]) -> list[str]:
    assert isinstance(out[-1], Connect)
    assert all(item.code == "token_settings" for item in out[:-1])
    return [item.message for item in out[:-1]]


def test_it_dials_the_address_and_shows_nothing_else() -> None:
    """No request comes before, and no key stands in a header."""
    client, out = started()
    assert out == [Connect(URL)]
    assert client.receive(Connected(), 0.0) == [say.Started(None, None, None, " ", {})]


def test_a_lost_connection_comes_back_to_the_same_address() -> None:
    """As one that was made with a key."""
    client, _ = started(MADE)
    client.receive(Connected(), 0.0)
    client.receive(Lost("reset"), 1.0)
    assert client.resumable
    assert client.send(ask.Resume(), 2.0) == [Connect(URL)]


@pytest.mark.parametrize("end", [Refused(403, {}, b""), Close(1000, ""), Close(4408, "")], ids=["403", "1000", "4408"])
def test_a_session_that_is_over_is_not_gone_back_to(end: Any) -> None:
    """The vendor will not take it, so another token is needed."""
    client, _ = started(MADE)
    if not isinstance(end, Refused):
        client.receive(Connected(), 0.0)
    (failed,) = client.receive(end, 1.0)
    assert isinstance(failed, say.Failed)
    assert not client.resumable


def test_begin_shows_what_the_session_was_made_with() -> None:
    """Not what this call would have asked for."""
    client, _ = started(MADE)
    (begun,) = client.receive(Connected(), 0.0)
    assert isinstance(begun, say.Started)
    assert begun.settings == MADE


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, None),
        ({"language": "de", "region": "eu", "turn_silence": 0.3}, None),
        ({"language": "fr"}, "language_config"),
        ({"turn_silence": 0.7}, "endpointing"),
        ({"region": "us"}, "region"),
        ({"language": "de", "extra": {"gladia": {"language_config": {"code_switching": True}}}}, "language_config"),
        ({"extra": {"gladia": {"custom_metadata": {"a": 1}}}, "turn_silence": 0.5}, "custom_metadata, endpointing"),
    ],
)
def test_what_cannot_be_set_any_more_is_named(options: dict[str, Any], names: str | None) -> None:
    """Only what is asked for and is not what the session has."""
    _, out = started(MADE, **options)
    text = (
        f"gladia: the session of this token was made with another {names}, which cannot be changed: create a token "
        "with the same settings"
    )
    assert remarks(out) == ([text] if names else [])


@pytest.mark.parametrize(
    ("options", "names"),
    [({}, None), ({"language": "fr", "region": "us", "model": "solaria-1"}, "language_config, model, region")],
)
def test_of_a_plain_address_all_that_is_asked_is_named(options: dict[str, Any], names: str | None) -> None:
    """Nobody knows what it was made with."""
    text = (
        f"gladia: a token fixes the settings of its session, so {names} cannot be set any more: ask for them where "
        "the token is created"
    )
    assert remarks(started(**options)[1]) == ([text] if names else [])


def test_other_audio_is_refused_before_dialling() -> None:
    """With what the session was made for."""
    with pytest.raises(ConfigError) as caught:
        started({**MADE, "sample_rate": 8000, "bit_depth": 32})
    assert str(caught.value) == (
        "gladia: the token is of a session for other audio: bit_depth 32, sample_rate 8000; create one with these "
        "settings"
    )


@pytest.mark.parametrize("url", ["3f6f2a58", "https://api.gladia.io/v2/live?token=t", "wss://", "/v2/live?token=t"])
def test_what_is_no_address_is_refused_before_dialling(url: str) -> None:
    """And not shown."""
    with pytest.raises(ConfigError) as caught:
        started(url=url)
    assert str(caught.value) == (
        "a token of gladia is the address of a session that create_token asked for, as in "
        "wss://api.gladia.io/v2/live?token=…; this is none"
    )
