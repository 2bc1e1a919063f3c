"""The near end of the pipe: starts the recogniser's process and exchanges messages with it.

A message is one byte of kind (``t`` text in UTF-8, ``b`` binary), four bytes of length, big-endian, and
the content.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import selectors
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

from aai_migrate.errors import MissingExtra
from aai_migrate.provider import Worker

from .settings import NAME, NUMBERS

GRACE = 0.5
"""Seconds that a close leaves to the worker, and to a send under way, before the process is killed."""
LAST = 5.0
"""Seconds that a worker may take to exit after its last word."""
STALL = 30.0
"""Seconds that a worker may take nothing; it decodes for a second or two without reading."""
ATOMIC = select.PIPE_BUF if hasattr(select, "PIPE_BUF") else 512
"""Bytes that a pipe which can be written to takes without waiting (POSIX, PIPE_BUF)."""
_HEAD = struct.Struct(">cI")


def pack(message: str | bytes) -> bytes:
    """Return *message* as it goes over the pipe."""
    kind, content = (b"t", message.encode()) if isinstance(message, str) else (b"b", message)
    return _HEAD.pack(kind, len(content)) + content


def unpack(read: Callable[[int], bytes]) -> str | bytes | None:
    """Read one message; None: the pipe ended between messages.

    Args:
        read: gives as many bytes as asked for, or fewer at the end.
    Raises:
        OSError: the pipe ended inside a message, or this is no message.
    """
    head = read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise ConnectionResetError("the pipe ended inside a message")
    kind, length = _HEAD.unpack(head)
    if kind not in (b"t", b"b") or length > NUMBERS.frame_limit:
        raise OSError(f"no message: kind {kind!r}, {length} bytes")
    content = read(length)
    if len(content) < length:
        raise ConnectionResetError("the pipe ended inside a message")
    return content.decode(errors="replace") if kind == b"t" else content


def ready() -> None:
    """Look for pocketsphinx, without importing it.

    Raises:
        MissingExtra: it is not installed.
    """
    if importlib.util.find_spec("pocketsphinx") is None:
        raise MissingExtra("the embedded recogniser", NAME)


def open_worker() -> Worker:
    """Start a recogniser in a process of its own.

    Raises:
        MissingExtra: pocketsphinx is not installed.
        OSError: the process cannot be started.
    """
    ready()
    return PipeWorker()


class PipeWorker:
    """A :class:`~aai_migrate.provider.Worker` in a child process, which ends when this end is closed."""

    def __init__(self) -> None:
        self._sending, self._receiving = threading.Lock(), threading.Lock()
        self._closed = False
        self._process = _spawn()
        self._writable = selectors.DefaultSelector()
        self._writable.register(_given(self._process.stdin), selectors.EVENT_WRITE)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def send(self, message: str | bytes) -> None:
        """Hand over one message; waits while the pipe is full.

        Raises:
            TimeoutError: the worker took nothing for ``STALL`` seconds.
            OSError: the worker is gone, or this end is closed.
        """
        with self._sending:
            rest = memoryview(pack(message))
            while rest:
                if self._closed:
                    raise OSError("the worker is closed")
                if not self._writable.select(STALL):
                    raise TimeoutError("the worker takes nothing")
                rest = rest[os.write(_given(self._process.stdin).fileno(), rest[:ATOMIC]) :]

    def receive(self) -> str | bytes | None:
        """Wait for the next message; None: the worker ended well.

        Raises:
            OSError: the worker died, or this end was closed, by another thread too.
        """
        with self._receiving:
            message = None if self._closed else unpack(_given(self._process.stdout).read)
            if message is not None:
                return message
            if self._closed:
                raise OSError("the worker is closed")
            code = self._ended(LAST)
        if code:
            raise ConnectionResetError(f"the worker died with code {code}")
        return None

    def close(self) -> None:
        """End the process and give everything back; safe to call twice and from any thread."""
        self._closed = True
        if self._sending.acquire(timeout=GRACE):  # else a send is stuck in a full pipe, and the kill frees it
            self._sending.release()
            self._close(self._sending, self._process.stdin)
        self._ended(GRACE)
        self._close(self._sending, self._process.stdin)
        self._close(self._receiving, self._process.stdout)
        with self._sending:
            self._writable.close()

    def _ended(self, patience: float) -> int:
        """Wait for the process for *patience* seconds, then kill it; return its code."""
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    @staticmethod
    def _close(lock: threading.Lock, pipe: IO[bytes] | None) -> None:
        # What a broken send left in the buffer has no reader any more.
        with lock, contextlib.suppress(BrokenPipeError):
            _given(pipe).close()


def _spawn() -> subprocess.Popen[bytes]:
    """Start the process with the import path of this one; Ctrl+C at the terminal does not reach it."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-P", "-m", f"{__package__}.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def _given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "asked for in _spawn"
    return pipe
