"""Both halves of a vendor joined in memory, on a clock that the link moves: no socket, no thread, no waiting."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from attrs import evolve

from ..audio.format import AudioFormat
from ..audio.gap import Gap
from ..events import Reconnected
from ..session import Session, SessionEvent
from ..wire import events as say
from ..wire.commands import Audio, Command
from ..wire.frames import Close, Connect, Frame, HttpRequest, HttpResponse, Lost, Message, Ping, Pong, Refused
from .clock import ManualClock
from .faults import Corrupt, Cut, Delay, Direction, Duplicate, Fault, Refuse
from .trace import Trace

PATIENCE = 3600.0
"""Seconds on the link's clock after the last thing asked; a session that has not ended then never ends."""


class Stuck(AssertionError):
    """The session waits for something that cannot come, or longer than :data:`PATIENCE`."""


class FarEnd(Protocol):
    """What a link needs of one."""

    @property
    def deadline(self) -> float | None: ...

    @property
    def heard(self) -> bytearray: ...

    def receive(self, frame: Frame, now: float) -> list[Frame]: ...

    def tick(self, now: float) -> list[Frame]: ...


class Link:
    """Runs one session against a fresh far end for every connection.

    Attributes:
        events: what the session said, each with its time.
        ends: the far ends, in the order they were dialled.
        begun: those of them whose greeting the session took, in order: one for ``Started`` and each ``Reconnected``.
        crossed: how many frames went ``up`` and ``down``.
    """

    def __init__(
        self,
        session: Session,
        far: Callable[[], FarEnd],
        *,
        clock: ManualClock | None = None,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        trace: Trace | None = None,
    ) -> None:
        self.session, self.clock = session, clock or ManualClock()
        self.events: list[tuple[float, SessionEvent]] = []
        self.ends: list[FarEnd] = []
        self.begun: list[FarEnd] = []
        self.crossed: dict[Direction, int] = {"up": 0, "down": 0}
        self._far, self._faults, self._latency, self._trace = far, tuple(faults), latency, trace
        self._attempts = 0
        self._connected = False  # whether the latest far end still has a connection
        self._flying: list[tuple[float, int, Direction, FarEnd, Frame]] = []
        self._late: dict[Direction, float] = {"up": 0.0, "down": 0.0}
        self._number = 0

    @property
    def ended(self) -> bool:
        """Whether the session said its last word."""
        return bool(self.events) and isinstance(self.events[-1][1], (say.Stopped, say.Failed))

    def run(self, script: Iterable[tuple[float, Command | Gap]]) -> list[SessionEvent]:
        """Ask each command at its time, move the clock from deadline to deadline until the session ends.

        Raises:
            Stuck: it does not.
        """
        waiting = sorted(script, key=lambda item: item[0])
        waiting.reverse()
        last = waiting[0][0] if waiting else 0.0
        while not self.ended:
            now = self.clock.now
            if self._flying and self._flying[0][0] <= now:
                self._land(*heapq.heappop(self._flying)[2:])
            elif waiting and waiting[-1][0] <= now:
                self._take(self.session.send(waiting.pop()[1], now))
            elif (due := self.session.deadline) is not None and due <= now:
                self._take(self.session.tick(now))
            elif self._connected and (due := self.ends[-1].deadline) is not None and due <= now:
                self._send_all("down", self.ends[-1], self.ends[-1].tick(now))
            else:
                self._wait([item[0] for item in waiting[-1:]], last)
        return [event for _, event in self.events]

    def _wait(self, script: list[float], last: float) -> None:
        due = [*script, *(item[0] for item in self._flying[:1])]
        ends = [self.ends[-1].deadline] if self._connected else []
        due += [deadline for deadline in (self.session.deadline, *ends) if deadline is not None]
        if not due or min(due) > last + PATIENCE:
            raise Stuck(f"the session is {self.session.state} at {self.clock.now:.3f} s and nothing more is due")
        self.clock.now = max(self.clock.now, min(due))

    def _take(self, items: Sequence[Frame | SessionEvent]) -> None:
        for item in items:
            if not isinstance(item, Frame):
                self.events.append((self.clock.now, item))
                if isinstance(item, (say.Started, Reconnected)) and self.ends:  # a provider without a wire dials none
                    self.begun.append(self.ends[-1])
            elif isinstance(item, (Connect, HttpRequest)):
                self._dial(item)
            elif self._connected and isinstance(item, Ping):  # any server answers it; neither way is counted
                self._fly("up", self.ends[-1], item)
            elif self._connected:
                self._send("up", self.ends[-1], item)

    def _dial(self, frame: Frame) -> None:
        attempt, self._attempts = self._attempts, self._attempts + 1
        refusal = next((f for f in self._faults if isinstance(f, Refuse) and f.attempt == attempt), None)
        far = self._far()
        self.ends.append(far)
        self._connected, self._flying = True, []  # what is on its way on the connection before has nowhere to go
        if refusal is None:
            self._send("up", far, frame)
        elif refusal.status is None:
            self._break(far, Lost("refused"))
        else:
            answer = HttpResponse if isinstance(frame, HttpRequest) else Refused
            self._fly("down", far, answer(refusal.status, {}, refusal.body))

    def _send_all(self, direction: Direction, far: FarEnd, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._send(direction, far, frame)

    def _send(self, direction: Direction, far: FarEnd, frame: Frame) -> None:
        """Let one frame cross, with what goes wrong at it."""
        if not self._connected or far is not self.ends[-1]:
            return
        number = self.crossed[direction]
        self.crossed[direction] += 1
        copies = 1
        for fault in self._faults:
            if isinstance(fault, Refuse) or (fault.direction, fault.frame) != (direction, number):
                continue
            match fault:
                case Cut(cause=cause):
                    self._break(far, Lost(cause))
                    return
                case Delay(seconds=seconds):
                    self._late[direction] = max(self._late[direction], self.clock.now + seconds)
                case Duplicate():
                    copies = 2
                case Corrupt() if isinstance(frame, Message):
                    frame = evolve(frame, data=frame.data[: len(frame.data) // 2])
        for _ in range(copies):
            self._fly(direction, far, frame)

    def _fly(self, direction: Direction, far: FarEnd, frame: Frame) -> None:
        self._number += 1
        at = max(self.clock.now + self._latency, self._late[direction])
        heapq.heappush(self._flying, (at, self._number, direction, far, frame))

    def _break(self, far: FarEnd, lost: Lost) -> None:
        self._flying = []
        self._connected = False
        self._late = {"up": 0.0, "down": 0.0}
        far.receive(lost, self.clock.now)
        self._fly("down", far, lost)

    def _land(self, direction: Direction, far: FarEnd, frame: Frame) -> None:
        now = self.clock.now
        if far is not self.ends[-1]:
            return
        if self._trace:
            self._trace.add(">" if direction == "up" else "<", now, frame)
        if direction == "up":
            if isinstance(frame, Ping):
                self._fly("down", far, Pong(frame.data))
            self._send_all("down", far, far.receive(frame, now))
            return
        if isinstance(frame, (Close, Refused, Lost, HttpResponse)):
            self._connected = False
        self._take(self.session.receive(frame, now))


def spoken(
    audio: bytes, fmt: AudioFormat, *, chunk: float = 0.1, speed: float = 1.0, start: float = 0.0
) -> list[tuple[float, Any]]:
    """Return the script of somebody who speaks *audio*: each chunk when it has been spoken; speed 0: all at *start*."""
    size = fmt.size(chunk)
    pieces = [audio[at : at + size] for at in range(0, len(audio), size)]
    script: list[tuple[float, Any]] = []
    done = 0
    for piece in pieces:
        done += len(piece)
        script.append((start + (fmt.seconds(done) / speed if speed else 0.0), Audio(piece)))
    return script


__all__ = ["FarEnd", "Link", "Stuck", "spoken"]
