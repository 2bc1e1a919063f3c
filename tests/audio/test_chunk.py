"""Cutting audio into chunks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio import AudioFormat, chunks
from aai_migrate.errors import AudioError

STEREO = AudioFormat(sample_rate=8_000, channels=2)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


@given(st.integers(0, 400), st.lists(st.integers(0, 5000)), st.sampled_from([0.000125, 0.001, 0.01, 9.0]))
def test_chunks_keep_bytes_and_lengths(frames: int, cuts: list[int], seconds: float) -> None:
    """Any split comes out as the same bytes, in chunks of one length but for the last, shorter one."""
    data = bytes(index % 251 for index in range(frames * STEREO.frame))
    cut = list(chunks(split(data, cuts), STEREO, seconds))
    assert b"".join(cut) == data
    assert cut == list(chunks(data, STEREO, seconds))
    assert {len(chunk) for chunk in cut[:-1]} <= {STEREO.size(seconds)}
    assert all(0 < len(chunk) <= STEREO.size(seconds) for chunk in cut)


@given(st.integers(0, 100), st.integers(1, 3), st.lists(st.integers(0, 500)))
def test_a_split_sample_at_the_end_raises(frames: int, extra: int, cuts: list[int]) -> None:
    """All whole frames come out first; then the error names what is left."""
    data = bytes(frames * STEREO.frame + extra)
    got: list[bytes] = []
    with pytest.raises(AudioError, match=f"last {extra} bytes are no whole frame of 4 bytes"):
        got.extend(chunks(split(data, cuts), STEREO, 0.002))
    assert b"".join(got) == bytes(frames * STEREO.frame)


def test_chunks_come_as_soon_as_they_are_whole() -> None:
    """A chunk is handed out before the next piece is asked for."""
    asked = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield bytes(48)

    cut = chunks(pieces(), STEREO, 0.001)
    assert asked == []
    assert len(next(cut)) == 32
    assert asked == [0]


def test_a_chunk_is_one_sample_at_least() -> None:
    """A length that rounds to nothing still makes progress."""
    assert list(chunks(bytes(12), STEREO, 1e-9)) == [bytes(4)] * 3


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_a_length_that_is_none_is_refused_at_once(seconds: float) -> None:
    """The call itself raises, not the first iteration."""
    with pytest.raises(AudioError, match=r"chunk length .* is not a positive number"):
        chunks(b"", STEREO, seconds)
