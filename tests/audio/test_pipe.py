"""Messages between the recorder's process and the microphone."""

from __future__ import annotations

import io

import pytest

from aai_migrate.audio import Gap
from aai_migrate.audio.pipe import Note, pack, unpack

MESSAGES: list[bytes | Gap | Note] = [b"\x01\x02", b"", Gap(0.1), {"opened": ["Mikrofon für alle", 48_000]}, {}]


def test_round_trip() -> None:
    """Whatever is packed comes out again, one after another, and then nothing."""
    pipe = io.BytesIO(b"".join(map(pack, MESSAGES)))
    assert [unpack(pipe.read) for _ in MESSAGES] == MESSAGES
    assert unpack(pipe.read) is None


@pytest.mark.parametrize("message", MESSAGES)
def test_cut_anywhere(message: bytes | Gap | Note) -> None:
    """A process that dies inside a message has said nothing."""
    whole = pack(message)
    assert [unpack(io.BytesIO(whole[:size]).read) for size in range(len(whole))] == [None] * len(whole)
