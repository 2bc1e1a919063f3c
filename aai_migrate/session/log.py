"""What the application asked, in order: audio as it was fed, and marks between its samples."""

from __future__ import annotations

from attrs import define

from ..wire.commands import Configure, Finalize, Stop


@define(eq=False)
class Mark:
    """A command that stands before sample ``position``.

    ``sent`` speaks of the present connection, ``answered`` of the whole session.
    """

    position: int
    command: Finalize | Configure | Stop
    sent: bool = False
    answered: bool = False


class Log:
    """The audio between :attr:`start` and :attr:`end`, counted in samples of all channels, and the marks.

    Positions count from the first sample of the session and never restart.
    """

    def __init__(self, frame: int, limit: int) -> None:
        """Hold samples of *frame* bytes each; :meth:`evict` keeps at most *limit* of them."""
        self._frame, self._limit = frame, limit
        self._audio = bytearray()
        self.start = 0
        self.marks: list[Mark] = []

    @property
    def end(self) -> int:
        """How many samples were fed."""
        return self.start + len(self._audio) // self._frame

    @property
    def stopping(self) -> bool:
        """Whether the last thing asked was Stop."""
        return bool(self.marks) and isinstance(self.marks[-1].command, Stop)

    def feed(self, data: bytes) -> None:
        """Append whole samples."""
        self._audio += data

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

    def read(self, position: int, count: int) -> bytes:
        """Return up to *count* samples from *position*, which must be held."""
        first = (position - self.start) * self._frame
        return bytes(self._audio[first : first + count * self._frame])

    def release(self, to: int) -> list[Configure]:
        """Let go of audio before sample *to*, and of answered marks there; return the changes among them."""
        to = min(to, self.end)
        if to > self.start:
            del self._audio[: (to - self.start) * self._frame]
            self.start = to
        gone = [mark for mark in self.marks if mark.answered and mark.position <= self.start]
        if gone:
            self.marks = [mark for mark in self.marks if mark not in gone]
        return [mark.command for mark in gone if isinstance(mark.command, Configure)]

    def evict(self, before: int) -> None:
        """Let go of the oldest audio over the limit, but of none from sample *before* on."""
        over = min(before, self.end - self._limit)
        if over > self.start:
            del self._audio[: (over - self.start) * self._frame]
            self.start = over
