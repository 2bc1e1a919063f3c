"""Every option of the embedded recogniser: what is told to its process, and what is not taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.local import PROVIDER
from aai_migrate_providers.local.settings import CAPABILITIES, OPTIONS

from aai_migrate import registry
from aai_migrate.config import OPTIONS as NAMES
from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.wire.frames import Connect, Message

UNASKED = {"type": "start", "turn_silence": 0.7, "partials": True}


def told(found: Rehearsal) -> dict[str, Any]:
    """What is said behind the handshake."""
    connect, message = found.said
    assert isinstance(connect, Connect)
    assert isinstance(message, Message)
    sent: dict[str, Any] = json.loads(message.data)
    return sent


def test_there_is_one_row_for_every_option() -> None:
    """With its page, and what differs or comes nearest."""
    assert sorted(row.name for row in OPTIONS) == sorted(NAMES)
    for row in OPTIONS:
        assert row.source.startswith("https://")
        assert row.alternative if row.support == "unsupported" else row.why or row.support == "exact", row.name
    (model,) = CAPABILITIES.models.values()
    assert (model.languages, CAPABILITIES.default_model) == (("en",), model.name)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, {}),
        ({"partials": False}, {"partials": False}),
        ({"turn_silence": 0.25}, {"turn_silence": 0.25}),
        ({"language": "en-GB", "region": "eu"}, {}),
        ({"model": "pocketsphinx en-us"}, {}),
        ({"diarization": False, "formatting": False}, {}),
    ],
)
def test_what_is_told(options: dict[str, Any], words: dict[str, Any]) -> None:
    """Beside what is sent unasked."""
    found = rehearse(PROVIDER, Config(**options))
    assert (told(found), found.warned) == (UNASKED | words, ())


def test_one_error_names_all_that_is_wrong() -> None:
    """Or a warning each."""
    options: dict[str, Any] = {"model": "big", "keyterms": ("a",), "turn_silence": 0, "extra": {"local": {"speed": 2}}}
    with pytest.raises(UnsupportedOption, match="local has no keyterms;") as caught:
        rehearse(PROVIDER, Config(**options))
    assert caught.value.also == (
        "local: turn_silence must be 0.1 to 10 seconds, not 0",
        "local has one model, not 'big'; leave it out",
        "local has no settings of its own, such as speed; leave it out of extra",
    )
    found = rehearse(PROVIDER, Config(**options, on_unsupported="warn"))
    assert told(found) == UNASKED
    assert [warned.code for warned in found.warned] == ["unsupported"] * 4


@pytest.mark.parametrize(
    ("option", "others"),
    [
        ("keyterms", ["deepgram", "speechmatics", "gladia", "assemblyai-v3"]),
        ("diarization", ["deepgram", "speechmatics", "assemblyai-v3"]),
        ("profanity_filter", ["deepgram", "assemblyai-v3"]),
        ("pii_redaction", ["deepgram", "assemblyai-v3"]),
    ],
)
def test_who_is_said_to_have_an_option_has_it(option: str, others: list[str]) -> None:
    """What comes nearest is another provider."""
    (row,) = [row for row in OPTIONS if row.name == option]
    for name in others:
        assert name in row.alternative
        assert {each.support for each in registry.find(name).options if each.name == option} - {"unsupported"}
