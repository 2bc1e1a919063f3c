"""What every test of the suite stands on: a provider, settings, speech, and sessions in memory."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
from attrs import define, evolve, field

from ... import registry
from ...audio.format import AudioFormat
from ...config import Config
from ...credentials import Credential, Secret
from ...errors import MissingExtra
from ...options import Option, of_family
from ...provider import Context, Provider
from ...service import Ear, Far, Service, seal, unseal
from ...session import Session
from ...wire.commands import Command, Configure, Start
from ...wire.events import Configured, Event
from ...wire.frames import Connect, Frame, HttpRequest
from ..coded import CodedEar, Hard, Reader, encode, words
from ..faults import Direction, Fault
from ..link import FarEnd
from ..run import Run
from ..trace import Trace
from ..words import plain_words
from .watched import Watch

FORMAT = AudioFormat()
WORDS = words(7, seed=7)
CANARY = "canary-4b1e-of-a-key"
DIRECTIONS: tuple[Direction, ...] = ("up", "down")
EARS = {
    "easy": Hard(),
    "finals in mid-turn, rewriting": Hard(final_every=3, rewrite=True, jitter=0.04, seed=1),
    "late, silence is not settled": Hard(final_every=2, late=0.6, silent_settle=False, seed=2),
}
"""What the vendor behind the server half may be like."""
NO_FAR_END = (
    "the provider has no server half: override far_end(provider, context, listen) to return a far end that plays its "
    "vendor, with listen() as its ear; see docs/writing-a-provider.md"
)


def speech(said: Iterable[str] = WORDS, every: int = 3, pause: float = 0.9, rest: float = 0.3) -> bytes:
    """Return coded speech with a pause after *every* words."""
    items: list[str | int | float] = [0.25]
    for number, word in enumerate(said, 1):
        items += [word, pause] if number % every == 0 else [word]
    return encode([*items, rest], FORMAT)


AUDIO = speech()


@define
class Kept:
    """Something around far ends that keeps them, to look at afterwards."""

    ends: list[FarEnd] = field(factory=list)

    def __call__(self, far: FarEnd) -> FarEnd:
        self.ends.append(far)
        return far

    @property
    def sessions(self) -> list[Far]:
        """The sessions of the server half; none where a provider plays its own far end."""
        return [session for far in self.ends if isinstance(far, Service) for session in far.sessions]


def true_times(audio: bytes = AUDIO) -> list[tuple[float, float]]:
    """Return where each word of *audio* is."""
    reader = Reader(FORMAT)
    return [(heard.start, heard.end) for heard in [*reader.feed(audio), *reader.flush()]]


class Obliging(CodedEar):
    """A coded ear that takes every change in mid-session, whatever it can do with it."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        out = super().send(item, now)
        if isinstance(item, Configure):
            return [
                evolve(event, accepted=True, reason="") if isinstance(event, Configured) else event for event in out
            ]
        return out


class Bench:
    """What the author of a provider says about it, and what the tests do with it.

    Attributes:
        provider: what is tested: a name, ``"name/model"``, or the Provider itself.
        options: settings that every session needs, such as ``base_url``.
        word_times: by how many seconds the times of words may be off; None: the vendor tells none.
        ears: what the vendor behind the server half is like, by name.
    """

    provider: ClassVar[str | Provider]
    options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    word_times: ClassVar[float | None] = 0.025
    ears: ClassVar[Mapping[str, Hard]] = MappingProxyType(EARS)

    def far_end(self, provider: Provider, context: Context, listen: Callable[[], Ear]) -> FarEnd:
        """Return the far end of all connections of one session: the server half, by default.

        Override it for a provider without a server half. What it answers must come from ``listen()``, an ear that
        takes commands (Start first) and gives events, as a server half's does.
        """
        if provider.server is None:
            pytest.skip(NO_FAR_END)
        return Service(provider, context, listen)

    # What is tested.

    def whole(self) -> tuple[Provider, str | None]:
        """Return the provider and the model that were named."""
        given = getattr(self, "provider", None)
        if given is None:
            pytest.fail('set provider in your subclass of Conformance, as in provider = "tiny"')
        if isinstance(given, Provider):
            return given, None
        name, model = registry.split(given)
        return registry.find(name), model

    def config(self, **options: Any) -> Config:
        """Return the settings of a session."""
        _, model = self.whole()
        return Config(**{"model": model, "audio": FORMAT, **self.options, **options})

    def suited(self, config: Config | None = None) -> Provider:
        """Return the provider as it is with *config*; skip where a package that it needs is missing."""
        provider, _ = self.whole()
        try:
            provider.ready()
        except MissingExtra as error:
            pytest.skip(str(error))
        return provider.suited(config or self.config())

    @property
    def family(self) -> str:
        """The family of the model, "" where nothing tells it."""
        return self.suited().capabilities.family(self.whole()[1])

    def row(self, name: str) -> Option | None:
        """Return the option row of a setting for the model; None: the model lacks it."""
        row = of_family(self.suited().options, self.family).get(name)
        return None if row is None or row.support == "unsupported" else row

    def credential(self) -> Credential | None:
        """Return the key, where one is needed."""
        return Credential(Secret(CANARY)) if self.suited().env else None

    def context(self, authenticate: Callable[[Credential | None], str | None] = lambda _: "caller") -> Context:
        """Return a context in which equal calls give equal answers."""
        ids = itertools.count(1)
        return Context(
            new_id=lambda: f"00000000-0000-4000-8000-{next(ids):012x}",
            epoch=1_790_000_000.0,
            random=random.Random(0),
            authenticate=authenticate,
            seal=seal,
            unseal=unseal,
        )

    # Sessions.

    def run(
        self,
        sound: bytes = AUDIO,
        *,
        hard: Hard | None = None,
        faults: Iterable[Fault] = (),
        asked: Iterable[tuple[float, Command]] = (),
        watch: Watch | None = None,
        around: Callable[[FarEnd], FarEnd] = lambda far: far,
        authenticate: Callable[[Credential | None], str | None] = lambda _: "caller",
        trace: Trace | None = None,
        speed: float = 1.0,
        halts: Mapping[float, float] | None = None,
        stop: float = 0.0,
        **options: Any,
    ) -> Run:
        """Play one session, both halves under watch; check their grammar and the Turn contract.

        Args:
            sound: in the format of the session, ``audio`` among *options*.
            hard: what the ear behind the server half is like.
            around: puts something around the far end.
        """
        watch = watch or Watch()
        config = self.config(**options)
        suited = evolve(self.suited(config), variant=None)
        watched = evolve(suited, client=watch.client(suited.client))
        if suited.server:
            watched = evolve(watched, server=watch.server(suited.server))
        far = around(self.far_end(watched, self.context(authenticate), lambda: Obliging(None, hard=hard or Hard())))
        done = Run(
            Session(watched, self.context()),
            lambda: far,
            sound,
            config,
            self.credential(),
            faults=faults,
            asked=asked,
            speed=speed,
            halts=halts,
            stop=stop,
            trace=trace,
        )
        watch.check()
        done.contract()
        return done

    def needs_a_wire(self) -> None:
        """Skip where nothing crosses a wire, so that nothing can be lost on it."""
        session = Session(self.suited(), self.context())
        items = session.send(self.start(), 0.0)
        if not any(isinstance(item, (Connect, HttpRequest)) for item in items):
            pytest.skip("nothing crosses a wire: the provider listens in this process")

    def start(self, **options: Any) -> Start:
        """Return the first command of a session."""
        return Start(self.config(**options), self.credential())

    def said(self, done: Run, channel: int = 0) -> tuple[str, ...]:
        """Return the words of the ended turns of a channel."""
        return tuple(word for turn in done.turns if turn.channel == channel for word in plain_words(turn.transcript))
