"""How the messages of several sessions share one pipe; both ends use it.

A frame is one byte of kind, four bytes of session number, four of length, both big-endian, and the content.

==========  =====================  ==============================================================
kind        from the near end      from the far end
==========  =====================  ==============================================================
``OPEN``    a session begins       –
``TEXT``    a message, UTF-8       a message, UTF-8
``AUDIO``   a message, samples     –
``TAKEN``   –                      so many bytes of its messages are heard, as four more bytes
``END``     the session is over    the session is over; why in UTF-8, empty if it ended well
==========  =====================  ==============================================================
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from attrs import frozen

from .settings import NUMBERS, WIRE

OPEN, TEXT, AUDIO, TAKEN, END = b"o", b"t", b"b", b"w", b"x"
KINDS = frozenset((OPEN, TEXT, AUDIO, TAKEN, END))
WINDOW = WIRE.size(4.0)
"""Bytes of a session's messages, four seconds of audio, that may wait at the far end; then the near end waits."""
_HEAD = struct.Struct(">cII")
_SIZE = struct.Struct(">I")


@frozen
class Packet:
    """One frame of the pipe."""

    kind: bytes
    session: int
    content: bytes = b""


def pack(packet: Packet) -> bytes:
    """Return *packet* as it goes over the pipe."""
    return _HEAD.pack(packet.kind, packet.session, len(packet.content)) + packet.content


def taken(session: int, size: int) -> Packet:
    """Return the packet which says that *size* bytes are heard."""
    return Packet(TAKEN, session, _SIZE.pack(size))


def size_of(packet: Packet) -> int:
    """Return what a ``TAKEN`` packet says.

    Raises:
        OSError: it says something else.
    """
    if len(packet.content) != _SIZE.size:
        raise OSError("no packet: a size of another size")
    size: int = _SIZE.unpack(packet.content)[0]
    return size


class Unpacker:
    """Finds packets in bytes, in whatever pieces they come."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Yield the packets that *data* completes.

        Raises:
            OSError: these are no packets; nothing after them can be found.
        """
        self._rest += data
        while len(self._rest) >= _HEAD.size:
            kind, session, length = _HEAD.unpack_from(self._rest)
            if kind not in KINDS or length > NUMBERS.frame_limit:
                raise OSError(f"no packet: kind {kind!r}, {length} bytes")
            end = _HEAD.size + length
            if len(self._rest) < end:
                return
            content = bytes(self._rest[_HEAD.size : end])
            del self._rest[:end]
            yield Packet(kind, session, content)
