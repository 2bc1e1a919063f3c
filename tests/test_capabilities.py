"""Which format goes on the wire: the caller's where it can, else the nearest, else a refusal."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from attrs import evolve

from aai_migrate.audio.format import AudioFormat
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.config import Config
from aai_migrate.errors import AudioError, UnsupportedOption


def capabilities(**more: Any) -> Capabilities:
    facts: dict[str, Any] = {"encodings": ("pcm_s16le", "pcm_mulaw"), "sample_rates": range(8000, 48001), **more}
    return Capabilities(as_of=datetime.date(2026, 11, 1), source="page", **facts)


@pytest.mark.parametrize(
    ("audio", "separate", "wire"),
    [
        (AudioFormat(), False, AudioFormat()),
        (AudioFormat(8000, "pcm_mulaw"), False, AudioFormat(8000, "pcm_mulaw")),
        (AudioFormat(8000, "pcm_alaw"), False, AudioFormat(8000, "pcm_s16le")),
        (AudioFormat(48000, "pcm_f32le", 2), False, AudioFormat(48000, "pcm_s16le", 1)),
        (AudioFormat(16000, "pcm_mulaw", 2), True, AudioFormat(16000, "pcm_mulaw", 2)),
        (AudioFormat(16000, "pcm_s24le", 1), True, AudioFormat(16000, "pcm_s16le", 1)),
    ],
)
def test_the_wire_format(audio: AudioFormat, separate: bool, wire: AudioFormat) -> None:
    """Encoded only if the wire lacks the encoding, mixed only if channels are not kept apart."""
    assert capabilities(max_channels=2).wire_format("v", audio, separate=separate) == wire


@pytest.mark.parametrize(
    ("rates", "rate", "wire"),
    [
        (range(8000, 48001), 8000, 8000),
        (range(8000, 48001), 22050, 22050),
        (range(8000, 48001), 48000, 48000),
        (range(8000, 48001), 96000, 48000),
        (range(8000, 48001), 4000, 8000),
        ((8000, 16000), 11025, 16000),
        ((16000, 8000), 11025, 16000),
        ((16000, 8000), 44100, 16000),
        ((16000, 8000), 8000, 8000),
        ((16000,), 8000, 16000),
    ],
)
def test_a_rate_that_is_not_taken_is_converted(rates: Any, rate: int, wire: int) -> None:
    """To the least that keeps all of the band, else to the greatest; in whatever order the table has them."""
    taken = capabilities(sample_rates=rates, max_channels=2)
    for separate, channels in ((False, 1), (True, 2)):
        fmt = taken.wire_format("v", AudioFormat(rate, channels=2), separate=separate)
        assert fmt == AudioFormat(wire, channels=channels)


def test_more_channels_than_can_be_mixed() -> None:
    """Three voices in one are nobody's; the error says how to pick."""
    with pytest.raises(AudioError, match=r"^3 channels cannot be mixed .* remix 1 2$"):
        capabilities().wire_format("v", AudioFormat(channels=3), separate=False)


def test_more_channels_than_are_kept_apart() -> None:
    """That is a setting's fault, and the error names the setting; who has three cannot have them mixed either."""
    advice = "use channels='mix', or open one stream a channel"
    with pytest.raises(UnsupportedOption, match=f"^v has no channels='separate'; {advice}; leave it out") as error:
        capabilities().wire_format("v", AudioFormat(channels=2), separate=True)
    assert error.value.options == {"channels": advice}
    with pytest.raises(UnsupportedOption, match="; it keeps 2 apart, not 3; open one stream a channel; leave"):
        capabilities(max_channels=2).wire_format("v", AudioFormat(channels=3), separate=True)


def test_families() -> None:
    """By the table, of the default model where none is named; of another model by its name, where that tells."""
    can = capabilities(default_model="m-1", models={"m-1": Model(name="m-1", family="m")})
    assert (can.family(), can.family("m-1"), can.family("m-2")) == ("m", "m", "")
    telling = evolve(can, infer=lambda name: name[0])
    assert (telling.family(), telling.family("n-2"), capabilities(infer=telling.infer).family()) == ("m", "n", "")


def test_the_wire_for_settings() -> None:
    """Who would rather go on without has channels mixed that are not kept apart, and is told so."""
    stereo, apart = AudioFormat(channels=2), capabilities(max_channels=2)
    asked = Config(audio=stereo, channels="separate")
    assert apart.wire_for("v", asked) == (stereo, ())
    assert apart.wire_for("v", Config(audio=stereo)) == (AudioFormat(), ())
    with pytest.raises(UnsupportedOption, match=r"^v has no channels"):
        capabilities().wire_for("v", asked)
    wire, (told,) = capabilities().wire_for("v", evolve(asked, on_unsupported="warn"))
    assert (wire, told.code, told.option) == (AudioFormat(), "unsupported", "channels")
    assert told.message.startswith("v has no channels")
    assert told.message.endswith("; the channels are mixed")
    with pytest.raises(AudioError, match=r"^3 channels cannot be mixed"):
        apart.wire_for("v", evolve(asked, audio=AudioFormat(channels=3), on_unsupported="warn"))


def test_models_are_data() -> None:
    """A model says its family; nothing is shared between tables."""
    model = Model(name="m-1", family="m")
    assert (model.languages, model.deprecated, model.retired, model.replacement) == ((), None, None, None)
    assert capabilities().models is not capabilities().models
    assert capabilities(models={"m-1": model}).models["m-1"].family == "m"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, ""),
        ({"replacement": "m-2"}, ""),
        ({"deprecated": datetime.date(2026, 3, 1), "replacement": "m-2"}, "is deprecated since 2026-03-01; use m-2"),
        ({"deprecated": datetime.date(2027, 1, 1)}, "will be deprecated on 2027-01-01"),
        (
            {"deprecated": datetime.date(2026, 3, 1), "retired": datetime.date(2026, 11, 1), "replacement": "m-2"},
            "is retired since 2026-11-01; use m-2",
        ),
        ({"retired": datetime.date(2026, 12, 1)}, "will be retired on 2026-12-01"),
    ],
)
def test_a_model_that_goes_out_of_use(more: dict[str, Any], text: str) -> None:
    """Since when, or from when on, and what to take instead; a model that is not in the table is nobody's news."""
    table = capabilities(models={"m-1": Model(name="m-1", family="m", **more)})
    today = datetime.date(2026, 11, 1)
    assert table.outdated("v", "m-1", today) == (f"v: model m-1 {text}" if text else "")
    assert table.outdated("v", "m-9", today) == table.outdated("v", None, today) == ""
