"""What is settled before anything is dialled."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.capabilities import Model
from aai_migrate.config import Config
from aai_migrate.errors import UnsupportedOption
from aai_migrate.provider import Provider
from aai_migrate.session.opening import Opening, outdated
from aai_migrate.wire.commands import Start

from .hearing import KEY
from .plain import context, provider

STEREO = AudioFormat(channels=2)
DAY = 86_400.0


def opened(vendor: Provider, **settings: Any) -> Opening:
    return Opening.of(vendor, Start(Config(**settings), KEY), context(), 0.0)


def waning() -> Provider:
    """Return a provider whose usual model is deprecated from 3 January 1970 on."""
    old = Model(name="old", family="m", deprecated=datetime.date(1970, 1, 3))
    plain = provider()
    return evolve(plain, capabilities=evolve(plain.capabilities, models={"old": old}, default_model="old"))


def test_the_provider_suits_the_settings() -> None:
    """A vendor whose wire differs with the model is taken as it is with that model."""
    vendor = registry.find("deepgram")
    flux, nova = (opened(vendor, model=model).provider for model in ("flux-general-en", "nova-3"))
    assert flux == vendor.suited(Config(model="flux-general-en"))
    assert nova == vendor.suited(Config(model="nova-3"))
    assert flux.capabilities != nova.capabilities


def test_the_wire_is_the_nearest_format() -> None:
    """Channels are mixed unless they are asked for apart; nothing is said of what is the usual case."""
    opening = opened(provider(), audio=STEREO)
    assert (opening.wire.channels, opening.remarks) == (1, ())


def test_what_the_caller_is_told_comes_in_order() -> None:
    """First what is left out, then the model that goes out of use."""
    vendor = evolve(waning(), capabilities=evolve(waning().capabilities, max_channels=1))
    opening = opened(vendor, audio=STEREO, channels="separate", on_unsupported="warn")
    assert [remark.code for remark in opening.remarks] == ["unsupported", "deprecated_model"]
    assert opening.wire.channels == 1


def test_one_error_names_all_that_is_wrong() -> None:
    """Channels that cannot be kept apart come first, then what the client half finds; or they come alone."""
    vendor = registry.find("assemblyai-v3")
    with pytest.raises(UnsupportedOption) as alone:
        opened(vendor, audio=STEREO, channels="separate")
    assert (len(alone.value.options), alone.value.also) == (1, ())
    with pytest.raises(UnsupportedOption) as error:
        opened(vendor, audio=STEREO, channels="separate", region="moon")
    assert error.value.options == alone.value.options
    assert error.value.also == ("assemblyai-v3: region must be us or eu, not 'moon'",)


def test_the_day_counts_from_the_epoch() -> None:
    """The session's clock is monotonic: the context says at which time of the world it was 0."""
    second = evolve(context(), epoch=DAY)
    (before,), (since,) = (Opening.of(waning(), Start(Config(), KEY), second, now).remarks for now in (DAY - 1.0, DAY))
    assert before.message.endswith("will be deprecated on 1970-01-03")
    assert since.message.endswith("is deprecated since 1970-01-03")


def test_a_model_in_use_is_no_news() -> None:
    """Nor is one that no table has."""
    assert outdated(provider(), "new", 0.0) == outdated(waning(), None, 0.0) == ()
    (told,) = outdated(waning(), "old", 2 * DAY)
    assert told.code == "deprecated_model"
