"""What the recorder's process says to the microphone: audio, gaps and notes, one after another in a pipe.

A message is one byte of kind (``a`` audio, ``g`` a gap in seconds as a big-endian double, ``n`` a note, a JSON
object), four bytes of length, big-endian, and the content.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from .gap import Gap

Note = dict[str, Any]
"""What is neither audio nor gap, by name: ``devices``, ``opened``, ``overflows``, ``error``, ``stopped``."""
_HEAD = struct.Struct(">cI")
_SECONDS = struct.Struct(">d")


def pack(message: bytes | Gap | Note) -> bytes:
    """Return *message* as it goes over the pipe."""
    match message:
        case bytes():
            kind, content = b"a", message
        case Gap():
            kind, content = b"g", _SECONDS.pack(message.seconds)
        case _:
            kind, content = b"n", json.dumps(message).encode()
    return _HEAD.pack(kind, len(content)) + content


def unpack(read: Callable[[int], bytes]) -> bytes | Gap | Note | None:
    """Read one message; None: the pipe ended, perhaps inside a message, as a process that dies leaves it.

    Args:
        read: gives as many bytes as asked for, or fewer at the end.
    """
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    content = read(length)
    if len(content) < length:
        return None
    if kind == b"a":
        return content
    if kind == b"g":
        return Gap(*_SECONDS.unpack(content))
    note: Note = json.loads(content)
    return note
