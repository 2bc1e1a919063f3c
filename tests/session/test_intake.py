"""The same samples on the wire, however the audio was cut."""

from __future__ import annotations

import itertools
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.session.intake import Intake

STEREO = AudioFormat(48_000, "pcm_f32le", 2)
WIRE = AudioFormat(16_000)
DATA = struct.pack("<9600f", *((index % 97 - 48) / 64 for index in range(9600)))


def whole(audio: AudioFormat, wire: AudioFormat, data: bytes) -> bytes:
    intake = Intake(audio, wire)
    return intake.take(data) + intake.flush()


@settings(deadline=None)  # the first one imports what resamples
@given(st.lists(st.integers(0, 9000), max_size=12))
def test_cuts_change_no_sample(cuts: list[int]) -> None:
    """Cut anywhere, inside samples too: byte for byte what one piece gives."""
    intake, edges = Intake(STEREO, WIRE), [0, *sorted(min(cut, len(DATA)) for cut in cuts), len(DATA)]
    parts = [intake.take(DATA[first:last]) for first, last in itertools.pairwise(edges)]
    assert b"".join([*parts, intake.flush()]) == whole(STEREO, WIRE, DATA)
    assert intake.drop() == 0


def test_nothing_is_done_to_what_fits() -> None:
    """The wire's own format passes, but for half a sample, which waits and can be given up."""
    intake = Intake(WIRE, WIRE)
    assert intake.changes == ()
    assert (intake.take(b"abc"), intake.take(b"d")) == (b"ab", b"cd")
    assert (intake.take(b"e"), intake.drop(), intake.drop()) == (b"", 1, 0)
    assert intake.take(b"fg") == b"fg"


def test_what_is_converted_is_told() -> None:
    assert Intake(AudioFormat(16_000, "pcm_mulaw", 2), WIRE).changes == ("pcm_mulaw -> pcm_s16le", "stereo -> mono")
