"""Where in the session's audio the vendor is, by its acknowledgements.

Source: https://docs.gladia.io/chapters/live-stt/features (resume): ranges count bytes from the start of the session,
over reconnects, with an exclusive end. The vendor's own page of message schemas shows an inclusive one once.
"""

from __future__ import annotations

from collections import deque

from .messages import Ack

KEPT = 4096
"""Chunks without an answer whose ends are remembered."""


class Place:
    """Counts the audio of one vendor session in bytes.

    A connection that is lost takes acknowledgements with it, so on the next one the vendor may have more than it is
    known to have. :meth:`probe` gives chunks that no audio is lost or doubled by: the range in the answer shows where
    the vendor is. First an empty chunk, which a server may leave without answer; then one sample of silence.

    Attributes:
        sent: bytes that were sent, so far as the vendor counts them.
        taken: bytes that it is known to have.
        added: bytes of probes among these, which are no audio of the caller's.
    """

    def __init__(self, frame: int) -> None:
        self._frame = frame
        self.sent = self.taken = self.added = 0
        self._ends: deque[int] = deque(maxlen=KEPT)
        self._base: int | None = 0  # added to the vendor's count; None: its first answer on this connection tells
        self._asked: bytes | None = None
        self._probes: deque[bytes] = deque()

    @property
    def certain(self) -> bool:
        """Whether the vendor has just what was sent."""
        return self.taken == self.sent

    @property
    def heard(self) -> int:
        """Bytes of the caller's audio that the vendor is known to have."""
        return max(0, self.taken - self.added)

    def send(self, size: int) -> None:
        """*size* bytes were sent."""
        self.sent += size
        self._ends.append(self.sent)

    def acknowledged(self, ack: Ack) -> bool:
        """Take the answer to a chunk; return whether more is known to be taken."""
        if not ack.accepted or ack.end is None:
            return False
        if self._base is None:
            self._base = self.taken if ack.start == 0 else 0
        end = min(self._exclusive(ack.end + self._base), self.sent)
        if end <= self.taken:
            return False
        self.taken = end
        while self._ends and self._ends[0] <= self.taken:
            self._ends.popleft()
        return True

    def _exclusive(self, end: int) -> int:
        """Return where a range ends that may name its last byte."""
        if self._ends and end < self._ends[-1] and end not in self._ends and end + 1 in self._ends:
            return end + 1
        return end - end % self._frame

    # After a reconnect.

    def reconnect(self, silence: bytes) -> bool:
        """A connection was lost; return whether the vendor's place is known without asking.

        Args:
            silence: one sample of it, of all channels.
        """
        if self._asked:  # whether it took a probe that had audio in it will never be known
            self._probes.clear()
        else:
            self._probes = deque([b"", silence])
        self._asked = None
        self._base = None if self.taken else 0
        return self.certain

    def probe(self) -> bytes | None:
        """Return the next chunk to ask with; None: the vendor does not say where it is."""
        if not self._probes:
            return None
        self._asked = self._probes.popleft()
        return self._asked

    @property
    def asking(self) -> bool:
        """Whether the answer to the last probe may still tell."""
        return self._asked is not None

    def found(self, ack: Ack) -> bool:
        """Take the answer to a probe; return whether the place is known now. If not, there may be a next probe."""
        if self._asked is None:
            return False
        if not ack.accepted or ack.start is None or ack.end is None:
            self._asked = None
            return False
        size = len(self._asked)
        if not size - 1 <= ack.end - ack.start <= size:  # it answers something else
            return False
        known = max(1, self.taken) <= ack.start <= self.sent and ack.start % self._frame == 0
        if not known:  # a vendor that counts each connection by itself, or another thing, does not say where it is
            self._probes.clear()
            self._asked = None
            return False
        self._base = 0
        self.taken = ack.start + size
        self.added += size
        self.sent = self.taken
        self._ends.clear()
        self._asked = None
        return True

    def all_taken(self) -> None:
        """It said so: nothing that was sent is missing."""
        self.taken = self.sent
        self._ends.clear()
        self._asked = None
