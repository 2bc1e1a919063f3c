"""Samples without a header: files by the chunk, pipes as it comes."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate import audio
from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.errors import AudioError

MONO = AudioFormat()
STEREO = AudioFormat(8_000, "pcm_f32le", 2)
SECOND = bytes(index % 101 + 1 for index in range(32_000))
NOISE = "if it is that, it is noise as raw samples: open it as a recording"


def test_a_file_gives_chunks_of_one_length(tmp_path: Path) -> None:
    """The attributes are those of every audio file; a path can be read again."""
    path = tmp_path / "call.raw"
    path.write_bytes(SECOND)
    source = audio.raw(path, MONO, chunk=0.03)
    assert (source.name, source.format, source.speed) == (str(path), MONO, 0.0)
    assert (source.seconds, source.notices) == (1.0, ())
    assert [len(piece) for piece in source] == [960] * 33 + [320]
    assert b"".join(source) == SECOND


def test_a_file_object_is_read_from_where_it_stands() -> None:
    """And once only."""
    file = io.BytesIO(b"junk" + SECOND)
    file.seek(4)
    source = audio.raw(file, MONO)
    assert (source.seconds, b"".join(source)) == (1.0, SECOND)
    assert not file.closed
    with pytest.raises(AudioError, match="was read already"):
        list(source)


@given(st.integers(0, 200), st.integers(1, 7), st.sampled_from([0.0001, 0.001, 0.0101]))
def test_half_a_sample_at_the_end_is_noticed(frames: int, extra: int, chunk: float) -> None:
    """Whole frames come out, and the rest is named: on opening a file."""
    data = SECOND[: frames * 8 + extra]
    source = audio.raw(io.BytesIO(data), STEREO, chunk=chunk)
    expected = (f"the last {extra} bytes are not a whole sample of 8 and are left out",)
    assert source.notices == expected
    assert b"".join(source) == data[: frames * 8]
    assert source.notices == expected
    assert source.seconds == frames / 8_000


def test_a_pipe_gives_what_is_there() -> None:
    """Nothing waits for a chunk to fill, a sample that was split is joined, and a chunk is the most at a time."""
    out, into = os.pipe()
    with open(out, "rb") as end:
        source = audio.raw(end, MONO, chunk=0.05)
        assert (source.seconds, source.notices) == (None, ())
        stream = iter(source)
        os.write(into, SECOND[:101])
        assert next(stream) == SECOND[:100]
        os.write(into, SECOND[101:103])
        assert next(stream) == SECOND[100:102]
        os.write(into, SECOND[103:5_000])
        os.close(into)
        rest = list(stream)
        assert b"".join(rest) == SECOND[102:5_000]
        assert max(map(len, rest)) <= 1_600
        assert (source.seconds, source.notices) == (2_500 / 16_000, ())


def test_a_pipe_that_ends_inside_a_sample() -> None:
    """The notice comes when the end is seen."""
    out, into = os.pipe()
    with open(out, "rb", buffering=0) as end:
        source = audio.raw(end, STEREO)
        os.write(into, SECOND[:83])
        os.close(into)
        assert b"".join(source) == SECOND[:80]
        assert source.notices == ("the last 3 bytes are not a whole sample of 8 and are left out",)
        assert source.seconds == 10 / 8_000


def test_one_byte_at_a_time() -> None:
    """A pipe may be that slow."""
    out, into = os.pipe()
    with open(out, "rb") as end:
        stream = iter(audio.raw(end, STEREO))
        for at in range(0, 64, 8):
            for byte in SECOND[at : at + 7]:
                os.write(into, bytes([byte]))
            os.write(into, SECOND[at + 7 : at + 8])
            assert next(stream) == SECOND[at : at + 8]
        os.close(into)
        assert list(stream) == []


@pytest.mark.parametrize(
    ("data", "name"), [(wav_bytes(SECOND, MONO), "WAV"), (b"fLaC" + SECOND, "FLAC"), (b"OggS" + SECOND, "Ogg")]
)
def test_what_is_not_raw_is_noticed(data: bytes, name: str) -> None:
    """A file before it is read, a pipe after its first bytes came, even one by one."""
    whole = len(data) % 2
    source = audio.raw(io.BytesIO(data), MONO)
    assert source.notices == (f"begins as {name} does; {NOISE}",)
    assert b"".join(source) == data[: len(data) - whole]
    out, into = os.pipe()
    with open(out, "rb", buffering=0) as end:
        piped = audio.raw(end, MONO)
        stream = iter(piped)
        for at in range(0, 12, 2):
            os.write(into, data[at : at + 2])
            next(stream)
        os.close(into)
        assert list(stream) == []
        assert piped.notices == (f"begins as {name} does; {NOISE}",)


def test_pace_is_chosen_by_name_or_number() -> None:
    """As for WAV files; mistakes show where they are made."""
    assert audio.raw(io.BytesIO(SECOND), MONO, realtime=True).speed == 1
    fast = audio.raw(io.BytesIO(SECOND), MONO, realtime=True, speed=1e6)
    assert (fast.speed, b"".join(fast)) == (1e6, SECOND)
    for value in (-1.0, math.nan):
        with pytest.raises(AudioError, match="speed"):
            audio.raw(io.BytesIO(SECOND), MONO, speed=value)
        with pytest.raises(AudioError, match="chunk length"):
            audio.raw(io.BytesIO(SECOND), MONO, chunk=value)


def test_nothing_at_all() -> None:
    """An empty file is no error here: it may be an empty recording."""
    source = audio.raw(io.BytesIO(), MONO)
    assert (list(source), source.seconds, source.notices) == ([], 0.0, ())


def test_only_the_rate_of_a_pipe_is_to_be_watched() -> None:
    """A file comes as fast as it is asked for, and so does whatever is paced; a pipe as somebody speaks."""
    out, into = os.pipe()
    os.close(into)
    with open(out, "rb") as end:
        assert audio.raw(end, MONO).realtime is None
        assert audio.raw(end, MONO, realtime=True).realtime is False
    assert audio.raw(io.BytesIO(SECOND), MONO).realtime is False
