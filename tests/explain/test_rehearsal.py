"""How a session would begin: what is said, what the other side makes of it, and nothing dialled."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import UnsupportedOption
from aai_migrate.explain import Rehearsal, rehearse
from aai_migrate.wire.frames import Connect, HttpRequest, Message


def began(spec: str, **options: Any) -> Rehearsal:
    name, model = registry.split(spec)
    return rehearse(registry.find(name), Config(model=model, **options))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("assemblyai-v2", [Connect]),
        ("assemblyai-v3", [Connect]),
        ("deepgram", [Connect]),
        ("deepgram/flux-general-en", [Connect]),
        ("gladia", [HttpRequest, Connect]),
        ("speechmatics", [Connect, Message]),
        ("speechmatics/linden-1", [Connect, Message]),
    ],
)
def test_every_step_up_to_the_greeting(spec: str, said: list[type]) -> None:
    """All that crosses the wire before audio may, and the settings that the other side reads out of it."""
    options = {"base_url": "ws://localhost"} if spec == "assemblyai-v2" else {}
    found = began(spec, keyterms=("Quux",), **options)
    assert [type(frame) for frame in found.said] == said
    assert found.started is not None
    assert found.started.settings
    assert found.heard is not None
    assert found.heard.config.keyterms == ("Quux",)
    assert {warned.code for warned in found.warned} <= {"deprecated_model"}
    assert found.failed is None


def test_what_is_said_behind_the_handshake() -> None:
    """Counts as asked for, where it comes before the greeting."""
    found = began("assemblyai-v2", base_url="ws://localhost", turn_silence=1.2)
    assert [type(frame) for frame in found.said] == [Connect, Message]
    assert found.heard is not None
    assert found.heard.config.turn_silence == 1.2


def test_without_a_server_half() -> None:
    """Up to where the vendor has to answer."""
    found = began("local")
    assert [type(frame) for frame in found.said] == [Connect, Message]
    assert (found.started, found.heard) == (None, None)


def test_without_a_wire() -> None:
    """What listens in this process has nothing to say before it begins."""
    found = began("coded")
    assert found.said == ()
    assert found.started is not None


def test_what_would_not_be_dialled() -> None:
    """Is an error here too; with a warning wanted it is told."""
    with pytest.raises(UnsupportedOption, match="gladia has no diarization"):
        began("gladia", diarization=True)
    found = began("gladia", diarization=True, on_unsupported="warn")
    assert [warned.code for warned in found.warned] == ["unsupported"]


def test_what_the_other_side_refuses() -> None:
    """The reason is there, and what was said up to then."""
    found = began("gladia", on_unsupported="warn", extra={"gladia": {"endpointing": 99}})
    assert found.failed is not None
    assert found.failed.error.status == 400
    assert (found.started, found.heard) == (None, None)
    (request,) = found.said
    assert isinstance(request, HttpRequest)
    assert json.loads(request.body)["endpointing"] == 99


def test_a_model_is_out_of_use_by_the_day() -> None:
    """The day is an argument."""
    provider, config = registry.find("assemblyai-v2"), Config(base_url="ws://localhost")
    codes = [
        [warned.code for warned in rehearse(provider, config, today=day).warned]
        for day in (datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC),)
    ]
    assert codes == [["deprecated_model"]]


def test_no_credential_is_shown() -> None:
    """It is in the frames, and in no repr."""
    found = rehearse(registry.find("deepgram"), Config(), Credential(Secret("canary-key")))
    (connect,) = found.said
    assert isinstance(connect, Connect)
    assert "canary-key" in str(connect.headers.values())
    assert "canary-key" not in repr(found)
