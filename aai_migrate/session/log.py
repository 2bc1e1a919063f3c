"""What the application asked, in order: audio as it goes on the wire, and marks between its samples."""

from __future__ import annotations

from attrs import define

from ..wire.commands import Configure, Finalize, Stop


@define(eq=False)
class Mark:
    """A command that stands before sample ``position``.

    ``sent`` speaks of the present connection, ``answered`` of the whole session. ``until`` is where on the vendor's
    clock the silence ends that it was sent as.
    """

    position: int
    command: Finalize | Configure | Stop
    sent: bool = False
    answered: bool = False
    until: float | None = None


@define
class _Hole:
    start: int
    end: int


class Log:
    """The audio between :attr:`start` and :attr:`end`, counted in samples of all channels, and the marks.

    Positions count from the first sample of the session and never restart. Audio that is lost leaves a hole: its
    positions pass, and nothing is held for them.
    """

    def __init__(self, frame: int, limit: int) -> None:
        """Hold samples of *frame* bytes each; :meth:`evict` keeps at most *limit* of them."""
        self._frame, self._limit = frame, limit
        self._audio = bytearray()
        self._holes: list[_Hole] = []
        self.start = self.end = 0
        self.marks: list[Mark] = []

    @property
    def stopping(self) -> bool:
        """Whether the last thing asked was Stop."""
        return bool(self.marks) and isinstance(self.marks[-1].command, Stop)

    def feed(self, data: bytes) -> None:
        """Append whole samples."""
        self._audio += data
        self.end += len(data) // self._frame

    def lose(self, count: int) -> None:
        """Append a hole of *count* samples."""
        self._hole(self.end, self.end + count)
        self.end += count

    def drop(self, first: int, last: int) -> None:
        """Make a hole from sample *first* to *last*, both held."""
        self._delete(first, last)
        self._hole(first, last)

    def mark(self, command: Finalize | Configure | Stop) -> None:
        """Put *command* behind the last sample."""
        self.marks.append(Mark(self.end, command))

    def find(self, id_: str) -> Mark | None:
        """Return the mark of the Finalize or Configure with this id that has no answer yet."""
        for mark in self.marks:
            if not isinstance(mark.command, Stop) and mark.command.id == id_ and not mark.answered:
                return mark
        return None

    def unsent(self) -> Mark | None:
        """Return the next mark that the present connection has not been told of."""
        return next((mark for mark in self.marks if not mark.sent), None)

    def count(self, first: int, last: int | None = None) -> int:
        """Return how many samples are held from *first* to *last*, or to the end."""
        first, last = max(first, self.start), self.end if last is None else last
        return max(0, last - first - self.holes(first, last))

    def holes(self, first: int, last: int) -> int:
        """Return how many samples from *first* to *last* are lost in a hole that is remembered."""
        return sum(max(0, min(last, hole.end) - max(first, hole.start)) for hole in self._holes)

    def stretch(self, position: int) -> tuple[int, int]:
        """Return from where to where audio is held without a hole, at *position* or behind it."""
        for hole in self._holes:
            if hole.start > position:
                return position, hole.start
            position = max(position, hole.end)
        return position, self.end

    def after(self, position: int, count: int) -> int:
        """Return the position that *count* held samples lie before, from *position* on."""
        while True:
            first, last = self.stretch(position)
            if last - first >= count or last == self.end:
                return min(first + count, self.end)
            count -= last - first
            position = last

    def read(self, position: int, count: int) -> bytes:
        """Return up to *count* samples from *position*, which must be held, in one stretch."""
        first = self.count(self.start, position) * self._frame
        return bytes(self._audio[first : first + count * self._frame])

    def release(self, to: int) -> list[Configure]:
        """Let go of audio before sample *to*, and of answered marks there; return the changes among them."""
        self._forget(min(to, self.end))
        gone = [mark for mark in self.marks if mark.answered and mark.position <= self.start]
        if gone:
            self.marks = [mark for mark in self.marks if mark not in gone]
        return [mark.command for mark in gone if isinstance(mark.command, Configure)]

    def evict(self, before: int) -> None:
        """Let go of the oldest audio over the limit, but of none from sample *before* on."""
        over = self.count(self.start) - self._limit
        if over > 0:
            self._forget(min(before, self.after(self.start, over)))

    def _forget(self, to: int) -> None:
        if to <= self.start:
            return
        self._delete(self.start, to)
        self._holes = [_Hole(max(hole.start, to), hole.end) for hole in self._holes if hole.end > to]
        self.start = to

    def _delete(self, first: int, last: int) -> None:
        begin = self.count(self.start, first) * self._frame
        del self._audio[begin : begin + self.count(first, last) * self._frame]

    def _hole(self, first: int, last: int) -> None:
        if first >= last:
            return
        around = [hole for hole in self._holes if hole.end < first or hole.start > last]
        for hole in self._holes:
            if hole not in around:
                first, last = min(first, hole.start), max(last, hole.end)
        self._holes = sorted([*around, _Hole(first, last)], key=lambda hole: hole.start)
