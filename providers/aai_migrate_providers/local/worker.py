"""The far end of the pipe: ``python -m aai_migrate_providers.local.worker``, one process for several sessions.

Reads packets from standard input and answers on standard output until the input ends. Each session is heard
slice by slice, in turn with the others.
"""

from __future__ import annotations

import os
import select
import sys
import traceback
from collections import deque
from collections.abc import Iterator

from aai_migrate.wire.commands import Finalize, Stop
from aai_migrate.wire.events import Finalized, Stopped

from .ear import Ears
from .messages import Answer, Ready, Settings, answer_text, read_request
from .pipe import AUDIO, END, OPEN, TEXT, WINDOW, Packet, Unpacker, pack, taken
from .recogniser import Recogniser
from .rota import Rota
from .settings import MODEL

READ = 1 << 20
"""Bytes that are read at once; what sessions may send before they are heard bounds how many there are."""
BEHIND = WINDOW // 2
"""Bytes that wait for a session which is fed faster than it is heard; one in real time has less."""
HURRY = 4
"""How many slices a session in real time gets for one of a session that is fed faster, while both have work."""


class Session:
    """One session: its messages that wait, and the recogniser that hears them.

    Attributes:
        over: the last answer was given.
    """

    def __init__(self, ears: Ears) -> None:
        self.over = False
        self._ears = ears
        self._recogniser: Recogniser | None = None
        self._waiting: deque[str | bytes] = deque()
        self._work: Iterator[Answer | None] | None = None
        self._size = self._behind = 0  # of the message in hand, and of those that wait

    def put(self, message: str | bytes) -> None:
        """Let *message* wait for its turn."""
        self._waiting.append(message)
        self._behind += len(message)

    @property
    def price(self) -> int:
        """What a slice costs: who is fed in real time goes before who is fed as fast as it is heard."""
        return HURRY if self._behind > BEHIND else 1

    @property
    def ready(self) -> bool:
        """Whether :meth:`step` has something to do."""
        ahead = self._recogniser is not None and self._recogniser.may_look_ahead
        return not self.over and bool(self._work or self._waiting or ahead)

    def step(self) -> list[Answer | int]:
        """Do one slice of work; return its answers, and how long a message was that it completed.

        Raises:
            ValueError: a message is none of the vocabulary, or out of place.
        """
        begun = self._work is not None
        if self._work is None:
            if not self._waiting:
                if self._recogniser:
                    self._recogniser.look_ahead()
                return []
            message = self._waiting.popleft()
            self._size = len(message)
            self._behind -= self._size
            self._work = self._hear(message)
        out: list[Answer | int] = []
        for answer in self._work:
            if answer is not None:
                out.append(answer)
            elif begun:
                return out
            begun = True  # nobody needs a rest before the first slice
        self._work = None
        return [*out, self._size]

    def close(self) -> None:
        """Give back what is borrowed."""
        self.over = True
        if self._recogniser:
            self._recogniser.close()

    def _hear(self, message: str | bytes) -> Iterator[Answer | None]:
        recogniser = self._recogniser
        if recogniser is None:
            yield from self._start(message)
        elif isinstance(message, bytes):
            yield from recogniser.feed(message)
        else:
            match read_request(message):
                case Finalize(id=id_):
                    yield from recogniser.finalize()
                    yield Finalized(id_)
                case Stop():
                    yield from recogniser.stop()
                    self.over = True
                    yield Stopped(audio_seconds=recogniser.seconds)
                case Settings():
                    raise ValueError("settings come once, at the start")

    def _start(self, message: str | bytes) -> Iterator[Answer | None]:
        settings = read_request(message) if isinstance(message, str) else message
        if not isinstance(settings, Settings):
            raise ValueError("the first message must hold the settings")
        self._ears.load(1)
        self._recogniser = Recogniser(self._ears, settings)
        yield Ready(MODEL)
        yield None
        self._ears.load(2)  # one more, for what is heard ahead


class Host:
    """All sessions of this process. One that fails ends alone."""

    def __init__(self) -> None:
        self._ears, self._rota = Ears(), Rota()
        self._sessions: dict[int, Session] = {}

    @property
    def ready(self) -> bool:
        """Whether :meth:`step` has something to do."""
        return any(session.ready for session in self._sessions.values())

    def take(self, packet: Packet) -> None:
        """Take what the near end says; what is meant for a session that has ended is dropped."""
        session = self._sessions.get(packet.session)
        if packet.kind == OPEN:
            self._sessions[packet.session] = Session(self._ears)
        elif session is None:
            return
        elif packet.kind == TEXT:
            session.put(packet.content.decode(errors="replace"))
        elif packet.kind == AUDIO:
            session.put(packet.content)
        elif packet.kind == END:
            session.close()
            self._forget(packet.session)

    def step(self) -> list[Packet]:
        """Do one slice of work, for whoever's turn it is."""
        ready = {number: session.price for number, session in self._sessions.items() if session.ready}
        number = self._rota.next(ready)
        if number is None:
            return []
        session = self._sessions[number]
        try:
            answers = session.step()
        except ValueError as error:
            session.close()
            return [self._end(number, f"it could not read a message: {error}")]
        except Exception as error:  # noqa: BLE001 a bug ends this session visibly, and no other; its ears are not given back
            traceback.print_exc()
            return [self._end(number, f"it failed: {type(error).__name__}")]
        out = [_packet(number, answer) for answer in answers]
        if session.over:
            session.close()
            out.append(self._end(number, ""))
        return out

    def _end(self, number: int, reason: str) -> Packet:
        self._forget(number)
        return Packet(END, number, reason.encode())

    def _forget(self, number: int) -> None:
        del self._sessions[number]
        self._rota.leave(number)


def _packet(number: int, answer: Answer | int) -> Packet:
    if isinstance(answer, int):
        return taken(number, answer)
    return Packet(TEXT, number, answer_text(answer).encode())


def serve(source: int, target: int) -> None:
    """Serve the pipes with these descriptors until *source* ends.

    Raises:
        OSError: what comes are no packets, or nobody reads the answers.
    """
    host, unpacker = Host(), Unpacker()
    while True:
        if not host.ready or select.select([source], [], [], 0)[0]:
            data = os.read(source, READ)
            if not data:
                return
            for packet in unpacker.feed(data):
                host.take(packet)
        _write(target, b"".join(map(pack, host.step())))


def main() -> int:
    """Serve standard input and output; what a library prints goes to standard error."""
    target = os.dup(1)
    os.dup2(2, 1)
    try:
        serve(0, target)
    except BrokenPipeError:  # nobody listens any more
        return 1
    finally:
        os.close(target)
    return 0


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    sys.exit(main())
