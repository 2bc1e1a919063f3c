"""Which of a client's bytes are new, where it sends again after a reconnect what it does not know to have arrived.

A client keeps every byte after the last acknowledgement that it read, and sends these first on its next connection;
acknowledgements in flight are lost, so bytes may come twice. Nothing in the stream says where it begins again: it can
only begin at the end of an acknowledgement, so what comes is compared with what followed each of these.

Source: https://github.com/gladiaio/sdk (the buffers of both SDKs)
"""

from __future__ import annotations

from bisect import bisect_left

from attrs import frozen

MOST_ENDS = 2048
"""Ends of acknowledgements that are remembered."""
GLANCE = 64
"""Bytes that are compared first: what differs at all mostly differs there."""
BLOCK = 4096
"""Bytes that are compared at once."""


@frozen
class Taken:
    """The outcome of one chunk: what of it is new, and the range to acknowledge, in bytes of the whole session."""

    new: bytes
    start: int
    end: int


class Replay:
    """The bytes of one session, over all its connections.

    Attributes:
        position: how many different bytes have come.
    """

    def __init__(self, frame: int, window: int, patience: int, most: int = 0) -> None:
        """Compare with the last *window* bytes, and with what the client has read no acknowledgement of.

        Args:
            frame: bytes of one sample of all channels.
            patience: bytes of unchanging audio that may wait to be told from a repetition.
            most: bytes that are compared with at most, where they are more than *window*.
        """
        self.position = 0
        self._frame, self._window, self._patience = frame, window, patience
        self._most = max(window, most)
        self._read = 0  # up to where the client has read acknowledgements
        self._tail = bytearray()  # the last bytes, up to position
        self._ends = [0]  # of acknowledgements within the tail, ascending
        self._places: list[int] = []  # where what comes may begin again, the earliest first; none: it is new
        self._held = bytearray()  # what came since the reconnect, while it fits a place
        self._moves = False  # whether anything changes in what is held; else it may be silence

    def reconnected(self) -> None:
        """Take note of a new connection; what was held comes again."""
        still = self._still()
        self._let_go()
        short = self.position - self._frame  # less than a sample is compared with the one before
        self._places = [end for end in self._ends if end + (self._frame if end < short else 0) < still]

    def read(self, position: int) -> None:
        """Take note that the client has read the acknowledgements up to *position*: it sends nothing before it again.

        What it has read may still wait in its program, so the last *window* bytes are compared with all the same.
        """
        self._read = max(self._read, min(position, self.position))

    def feed(self, chunk: bytes) -> Taken:
        """Take the next bytes of a connection."""
        if not self._places or not chunk:
            return self._take(chunk, self.position)
        done = len(self._held)
        self._held += chunk
        recent = self._held[max(0, done - self._frame) :]
        self._moves = self._moves or recent[self._frame :] != recent[: -self._frame]
        self._places = [place for place in self._places if self._fits(place, done)]
        place, came = next(iter(self._places), self.position), len(self._held)
        if place + came < self.position and (self._moves or came <= self._patience):
            self._remember(place + came)
            return Taken(b"", place + done, place + came)
        if place + came < self.position or place == self.position:  # silence, or nothing that came before: it is new
            place, done = self.position, 0
        return self._take(self._let_go()[self.position - place :], place + done)

    def rest(self) -> bytes:
        """Return what is held where nothing more comes: what does not change counts as new."""
        moves, held = self._moves, self._let_go()
        return b"" if moves else self._take(held, self.position).new

    def _let_go(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        self._places, self._moves = [], False
        return held

    def _take(self, new: bytes, start: int) -> Taken:
        self.position += len(new)
        self._tail += new
        window = self._compared
        if len(self._tail) > window + window // 4:  # seldom, since it moves what is kept
            del self._tail[: len(self._tail) - window]
        self._remember(self.position)
        return Taken(new, start, self.position)

    def _remember(self, end: int) -> None:
        at = bisect_left(self._ends, end)
        if at == len(self._ends) or self._ends[at] != end:
            self._ends.insert(at, end)
        gone = bisect_left(self._ends, max(self.position - self._compared, self._first))
        del self._ends[: max(gone, len(self._ends) - MOST_ENDS)]

    @property
    def _compared(self) -> int:
        """How many of the last bytes what comes is compared with."""
        return max(self._window, min(self._most, self.position - self._read))

    @property
    def _first(self) -> int:
        """The place of the first byte that is kept."""
        return self.position - len(self._tail)

    def _fits(self, place: int, done: int) -> bool:
        """Say whether what is held is what followed *place*, of which *done* bytes are compared already."""
        at, size = place - self._first, min(len(self._held), self.position - place)
        glance = min(size, done + GLANCE)
        return done >= size or (
            self._tail.startswith(self._held[done:glance], at + done)
            and self._tail.startswith(self._held[glance:size], at + glance)
        )

    def _still(self) -> int:
        """Return the place from which on every sample was like the one before, as in digital silence."""
        tail, frame = self._tail, self._frame
        at = len(tail)
        while at > frame:
            begin = max(frame, at - BLOCK)
            if tail[begin:at] != tail[begin - frame : at - frame]:
                break
            at = begin
        while at > frame and tail[at - 1] == tail[at - 1 - frame]:
            at -= 1
        return self._first + (at if at > frame or len(tail) <= frame else 0)
