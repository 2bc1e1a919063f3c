"""A session's place on a process that it shares with others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from .pipe import AUDIO, END, TAKEN, TEXT, WINDOW, Packet, size_of

STALL = 60.0
"""Seconds that sending waits for the far end. While it decodes a whole utterance it says nothing: that takes seconds,
and many times as long on a machine that is busy with other things. To begin again would not be faster."""


class Place:
    """A :class:`~aai_migrate.provider.Worker` with others on the same process.

    What was heard counts only when the answers to it were taken, so that they do not pile up here either.
    """

    def __init__(
        self, number: int, post: Callable[[Packet], None], leave: Callable[[Place], None], stalled: Callable[[], None]
    ) -> None:
        """Take it.

        Args:
            number: the session's, on this process.
            post: sends a packet; raises ``OSError`` where the process is gone.
            leave: is called once, by the first :meth:`close`.
            stalled: is called when the far end took nothing for ``STALL`` seconds.
        """
        self.number = number
        self._post, self._leave, self._stalled = post, leave, stalled
        self._changed = threading.Condition()
        self._inbox: deque[str | int] = deque()
        self._ahead = 0  # bytes sent that are not known to be heard
        self._closed = self._over = False
        self._lost = ""

    def send(self, message: str | bytes) -> None:
        """Hand over one message; waits while four seconds of audio wait already.

        Raises:
            TimeoutError: nothing was heard for ``STALL`` seconds.
            OSError: the worker is gone, the session over, or this end closed.
        """
        packet = (
            Packet(TEXT, self.number, message.encode())
            if isinstance(message, str)
            else Packet(AUDIO, self.number, message)
        )
        with self._changed:
            room = self._changed.wait_for(lambda: self._ended or self._ahead < WINDOW, STALL)
            if self._ended:
                raise self._error() or BrokenPipeError("the pipe has ended: the session is over")
            if room:
                self._ahead += len(packet.content)
                self._post(packet)
                return
        self._stalled()
        raise TimeoutError("the worker takes nothing")

    def receive(self) -> str | None:
        """Wait for the next message; None: the session ended well.

        Raises:
            OSError: the worker died or could not go on, or this end was closed, by another thread too.
        """
        with self._changed:
            while not self._closed:
                if not self._inbox:
                    if self._over:
                        break
                    self._changed.wait()
                    continue
                item = self._inbox.popleft()
                if isinstance(item, str):
                    return item
                self._ahead -= item
                self._changed.notify_all()
            error = self._error()
        if error:
            raise error
        return None

    def close(self) -> None:
        """Give the place back; safe to call twice and from any thread."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._leave(self)

    # For the process.

    def take(self, packet: Packet) -> None:
        """Take what the far end says."""
        with self._changed:
            if packet.kind == TEXT:
                self._inbox.append(packet.content.decode(errors="replace"))
            elif packet.kind == TAKEN:
                self._inbox.append(size_of(packet))
            elif packet.kind == END:
                self._end(packet.content.decode(errors="replace"))
            self._changed.notify_all()

    def lose(self, reason: str) -> None:
        """The process is gone."""
        with self._changed:
            if not self._over:
                self._end(reason)
            self._changed.notify_all()

    def _end(self, reason: str) -> None:
        self._over, self._lost = True, reason

    @property
    def _ended(self) -> bool:
        return self._over or self._closed

    def _error(self) -> OSError | None:
        if self._closed:
            return OSError("the worker is closed")
        return ConnectionResetError(self._lost) if self._lost else None
