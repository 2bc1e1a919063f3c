"""Packets on the pipe."""

import pytest
from aai_migrate_providers.local.pipe import AUDIO, END, KINDS, OPEN, TEXT, Packet, Unpacker, pack, size_of, taken
from hypothesis import given
from hypothesis import strategies as st

packets = st.builds(Packet, st.sampled_from(sorted(KINDS)), st.integers(0, 2**32 - 1), st.binary(max_size=40))


@given(st.lists(packets, max_size=6), st.integers(1, 30))
def test_round_trip(sent: list[Packet], size: int) -> None:
    """What was packed is found again, in whatever pieces it comes."""
    content, unpacker = b"".join(map(pack, sent)), Unpacker()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert [packet for piece in pieces for packet in unpacker.feed(piece)] == sent


def test_layout() -> None:
    """One byte of kind, the session and the length in four each, big-endian, then the content."""
    assert pack(Packet(TEXT, 258, b"hi")) == b"t\0\0\1\2\0\0\0\2hi"
    assert pack(Packet(OPEN, 1)) == b"o\0\0\0\1\0\0\0\0"


def test_part_of_a_packet() -> None:
    """A packet comes when it is whole."""
    unpacker, content = Unpacker(), pack(Packet(AUDIO, 1, b"\0\1"))
    assert list(unpacker.feed(content[:-1])) == []
    assert list(unpacker.feed(content[-1:] + content)) == [Packet(AUDIO, 1, b"\0\1")] * 2


@pytest.mark.parametrize("content", [b"y\0\0\0\0\0\0\0\0", b"t\0\0\0\0\xff\xff\xff\xff"])
def test_no_packet(content: bytes) -> None:
    """Something else than packets, or one that is too long to be one, is an error."""
    with pytest.raises(OSError, match="no packet"):
        list(Unpacker().feed(content))


@given(st.integers(0, 2**32 - 1))
def test_sizes(size: int) -> None:
    """How much was heard is a packet too."""
    assert size_of(taken(3, size)) == size
    with pytest.raises(OSError, match="no packet"):
        size_of(Packet(END, 3, b"no"))
