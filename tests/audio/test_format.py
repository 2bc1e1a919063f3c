"""What a stream of samples is made of, in bytes and in seconds."""

from __future__ import annotations

import pytest

from aai_migrate.audio import AudioFormat
from aai_migrate.audio.format import Encoding
from aai_migrate.errors import AudioError


@pytest.mark.parametrize(
    ("encoding", "rate", "channels", "frame", "second"),
    [
        ("pcm_s16le", 16_000, 1, 2, 32_000),
        ("pcm_s16le", 16_000, 2, 4, 64_000),
        ("pcm_s24le", 48_000, 2, 6, 288_000),
        ("pcm_s32le", 8_000, 1, 4, 32_000),
        ("pcm_f32le", 44_100, 3, 12, 529_200),
        ("pcm_mulaw", 8_000, 1, 1, 8_000),
        ("pcm_alaw", 8_000, 2, 2, 16_000),
    ],
)
def test_bytes_and_seconds(encoding: Encoding, rate: int, channels: int, frame: int, second: int) -> None:
    """A second has as many samples as the rate says, each of all channels."""
    fmt = AudioFormat(rate, encoding, channels)
    assert (fmt.frame, fmt.bytes_per_second) == (frame, second)
    assert fmt.seconds(second * 3) == 3.0
    assert fmt.size(0.5) == second // 2
    assert len(fmt.silence(2.0)) == 2 * second


def test_a_size_is_whole_samples() -> None:
    """The nearest: no chunk may split one."""
    fmt = AudioFormat(8_000, channels=2)
    assert [fmt.size(samples / 8_000) for samples in (0.4, 0.6, 1.4)] == [0, 4, 4]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sample_rate": 3_999}, "sample_rate 3999 is not a whole number from 4000 to 192000 Hz"),
        ({"sample_rate": 16_000.0}, "sample_rate 16000.0 is not a whole number"),
        ({"sample_rate": True}, "sample_rate True is not a whole number"),
        ({"channels": 0}, "channels 0 is not a whole number from 1 to 32"),
        ({"channels": 33}, "channels 33 is not a whole number from 1 to 32"),
        ({"encoding": "mp3"}, "encoding 'mp3' is unknown; choose one of pcm_s16le, "),
    ],
)
def test_what_no_stream_is_made_of(wrong: dict[str, object], text: str) -> None:
    """It is named, with what may be."""
    with pytest.raises(AudioError, match=text):
        AudioFormat(**wrong)  # type: ignore[arg-type]


def test_a_format_in_words() -> None:
    """As errors and reports have it."""
    assert str(AudioFormat()) == "16000 Hz pcm_s16le mono"
    assert str(AudioFormat(8_000, "pcm_mulaw", 2)) == "8000 Hz pcm_mulaw stereo"
    assert str(AudioFormat(channels=5)).endswith(" 5 channels")
