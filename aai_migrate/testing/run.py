"""A whole session over a link, from Start to its last word, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from ..config import Config
from ..credentials import Credential
from ..errors import ProviderError
from ..events import StreamEvent, Termination, Turn
from ..session import Session, SessionEvent
from ..turns import Turns
from ..wire.commands import Command, Start, Stop
from ..wire.events import Failed
from .contract import check_turns
from .faults import Fault
from .link import FarEnd, Link, spoken
from .trace import Trace

E = TypeVar("E", bound=StreamEvent)


class Run:
    """Somebody speaks *audio* to a session, and stops.

    Attributes:
        link: the link, which knows the far ends and what crossed.
        said: what the session said.
        events: what an application sees of it.
        error: why the session failed, or None.
    """

    def __init__(
        self,
        session: Session,
        far: Callable[[], FarEnd],
        audio: bytes,
        config: Config,
        credential: Credential | None = None,
        *,
        faults: Iterable[Fault] = (),
        asked: Iterable[tuple[float, Command]] = (),
        speed: float = 1.0,
        latency: float = 0.02,
        halts: Mapping[float, float] | None = None,
        stop: float = 0.0,
        trace: Trace | None = None,
    ) -> None:
        """Play it to its end; the first chunk has been spoken 0.2 s after Start.

        Args:
            far: the far end of each connection, see :class:`~aai_migrate.testing.Link`.
            audio: in the format of *config*.
            asked: further commands, each at its time.
            speed: of the speech, 1 being as it was spoken; 0: all at once.
            halts: after so many seconds of audio nothing is fed for so long.
            stop: seconds between the last audio and Stop.
        Raises:
            Stuck: it has no end.
        """
        self.session, self.audio, self.config, self.halts = session, audio, config, halts or {}
        self.link = Link(session, far, faults=faults, latency=latency, trace=trace)
        script: list[tuple[float, Command]] = [(0.0, Start(config, credential))]
        for time, command in spoken(audio, config.audio, speed=speed, start=0.1):
            script.append((time + sum(long for after, long in self.halts.items() if time - 0.1 > after), command))
        script += [*asked, (script[-1][0] + stop, Stop())]
        self.said: list[SessionEvent] = self.link.run(script)
        turns = Turns(session.provider.name, formatted_turns=config.formatted_turns)
        self.events: list[StreamEvent] = [out for time, event in self.link.events for out in turns.fold([event], time)]
        self.error: ProviderError | None = next((e.error for e in self.said if isinstance(e, Failed)), None)

    @property
    def turns(self) -> list[Turn]:
        """The ended turns, in order."""
        return [event for event in self.events if isinstance(event, Turn) and event.end_of_turn]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the ended turns, as they are written."""
        return tuple(" ".join(turn.transcript for turn in self.turns).split())

    @property
    def end(self) -> Termination:
        """How it ended; the session began."""
        last = self.events[-1]
        assert isinstance(last, Termination)
        return last

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def contract(self) -> None:
        """Check the Turn contract.

        Raises:
            AssertionError: it is broken.
        """
        check_turns(self.events)
