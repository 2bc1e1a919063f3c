"""The coded ear as a provider: how it opens, what it refuses."""

from __future__ import annotations

import pytest

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, StreamClosed, UnsupportedOption
from aai_migrate.provider import ClientPeer, Context
from aai_migrate.testing.coded import CodedEar
from aai_migrate.testing.coded.provider import PROVIDER
from aai_migrate.wire.commands import Audio, Resume, Start
from aai_migrate.wire.events import Started, Warned
from aai_migrate.wire.frames import Lost


def test_start_answers_who_it_is() -> None:
    """The session's id is the context's; options that mean nothing here are taken, others refused."""
    ear = CodedEar(Context(new_id=lambda: "id-1"))
    assert ear.send(Start(Config(language="en", turn_silence=0.5)), 0.0) == [
        Started("id-1", "coded", settings={"language": "en", "turn_silence": 0.5})
    ]
    with pytest.raises(ConfigError):
        ear.send(Start(Config()), 0.0)
    with pytest.raises(UnsupportedOption):
        CodedEar().send(Start(Config(diarization=True)), 0.0)
    lenient = CodedEar().send(Start(Config(diarization=True, on_unsupported="warn")), 0.0)
    assert isinstance(lenient[1], Warned)


def test_misuse_is_refused_and_the_wire_is_silent() -> None:
    """No audio before Start, no Resume; frames and ticks bring nothing."""
    ear = CodedEar()
    with pytest.raises(StreamClosed):
        ear.send(Audio(b""), 0.0)
    with pytest.raises(ValueError, match="resume"):
        ear.send(Resume(), 0.0)
    assert ear.receive(Lost("reset", ""), 0.0) == []
    assert ear.tick(0.0) == []
    assert (ear.deadline, ear.resumable) == (None, False)


def test_the_provider_keeps_the_contract() -> None:
    """``coded`` needs no key, takes telephone to studio rates, and builds the ear."""
    ear: ClientPeer = PROVIDER.client(Context(new_id=lambda: "x"))
    assert isinstance(ear, CodedEar)
    assert (PROVIDER.name, PROVIDER.env) == ("coded", None)
    for rate in (8000, 48000):
        fmt = AudioFormat(rate, "pcm_alaw", 8)
        assert PROVIDER.capabilities.wire_format("coded", fmt, separate=True) == fmt
