"""The contract between the core and a vendor's backend. Third parties write against this page.

A backend is one :class:`Provider` value with two pure machines behind it: the *client half* turns commands
into frames and frames into events, the *server half* does the opposite, for the gateway and for tests.
Neither has a clock, a socket or a thread: every call takes ``now``, and ``deadline`` says when to ``tick``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from attrs import field, frozen

from .capabilities import Capabilities
from .config import Config
from .credentials import Credential
from .options import Option
from .tokens import Tokens
from .wire.commands import Command
from .wire.events import Event
from .wire.frames import Connect, Frame

CONTRACT = 1
"""The number of this contract; a backend made for another is refused."""

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out")


class Peer(Protocol[In, Out]):
    """A pure protocol machine: one end of a conversation.

    ``receive`` never raises on what the other end said: it answers ``Failed`` (or the dialect's own refusal).
    ``send`` raises only when the caller misuses it.
    """

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called; None: never."""

    def send(self, item: In, now: float, /) -> list[Frame | Out]: ...

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Out]: ...

    def tick(self, now: float, /) -> list[Frame | Out]: ...


class ClientPeer(Peer[Command, Event], Protocol):
    """The client half of a vendor; ``resumable`` says whether ``Resume`` may follow a loss just now."""

    @property
    def resumable(self) -> bool: ...


class ServerPeer(Peer[Event, Command], Protocol):
    """The server half of a vendor: takes events, asks commands.

    While ``resumable``, the session outlives its connection: after ``Lost`` or ``Close`` another ``Connect`` may
    come, which goes on with it (see :attr:`Provider.session_of`). Until then nobody reads what it says. After its own
    ``Close`` it is told the client's answer, ``Close`` or ``Lost``. While nothing is read from the client, for the
    provider is behind, its time stands still: that is no silence.
    """

    @property
    def resumable(self) -> bool: ...


class Worker(Protocol):
    """The far end of a pipe: what ``Connect("worker:NAME")`` opens, with frames as messages."""

    def send(self, message: str | bytes) -> None:
        """Hand over one message; may wait while the pipe is full, but not for ever.

        Raises:
            TimeoutError: the worker takes nothing.
            OSError: the worker is gone.
        """

    def receive(self) -> str | bytes | None:
        """Wait for the next message; None: the worker ended well.

        Raises:
            OSError: the worker died, or :meth:`close` was called from another thread.
        """

    def close(self) -> None:
        """Give the place back; safe to call twice and from any thread."""


def refuse_all(credential: Credential | None) -> str | None:
    """The authenticator of who configured none: nobody gets in."""
    return None


@frozen(kw_only=True)
class Context:
    """What a pure machine may not make for itself.

    Attributes:
        new_id: yields a fresh UUID string.
        epoch: Unix seconds at ``now`` = 0.
        random: for jitter.
        authenticate: server halves: the principal of a credential, or None to refuse it.
        seal, unseal: server halves: sign and encrypt what a client carries back, and read it again
            (``unseal`` gives None for what is not ours).
        public_url: server halves: our own address as clients see it, without path; "" means the one they used.
    """

    new_id: Callable[[], str]
    epoch: float = 0.0
    random: random.Random = field(factory=random.Random)
    authenticate: Callable[[Credential | None], str | None] = refuse_all
    seal: Callable[[bytes], str] | None = None
    unseal: Callable[[str], bytes | None] | None = None
    public_url: str = ""


@frozen
class Pace:
    """How fast audio may be sent: *ahead* seconds at once, then *factor* × real time."""

    factor: float
    ahead: float

    def allowed(self, elapsed: float) -> float:
        """Return how many seconds of audio may have been sent *elapsed* seconds after the first."""
        return self.ahead + self.factor * elapsed


@frozen(kw_only=True)
class Numbers:
    """What a vendor's wire wants, in seconds and bytes; the session makes deadlines, chunks and silence of it.

    Attributes:
        keepalive: longest time without anything sent; None: no limit.
        keepalive_by: what keeps the connection: the vendor's message, a ping, or injected silence.
        audio_due: the first audio is due within this time of ``Started``.
        ends_only_with_audio: an open turn stays open while no audio comes.
        finalize: whether a Finalize is a message or emulated by injected silence.
        finalize_silence: how much silence emulates it; more where the caller's turn silence is longer.
        finalize_timeout: how long its answer may take.
        settle_lag: with nothing open, audio this old that was read and brought no word is silence; None: the
            vendor itself says what is settled, silence too.
        pace: how fast audio may be sent; None: as fast as the socket takes it.
        in_flight: how much audio may be under way, where the vendor says what it has taken (``AudioTaken``); None: no
            limit. One that says nothing of the first of it is sent all the rest, after two seconds.
        greeting: how long the vendor may take to greet, where that may be longer than ``Limits.connect_timeout``.
        chunk: least, usual and greatest length of one audio message.
        stop_silence: silence to inject before Stop.
        longest_turn: how long a turn may get.
        session_limit: when the vendor ends a session.
        frame_limit: the longest message the vendor sends or takes.
        ping: how often to ping an idle connection; None: never.
    """

    keepalive: float | None = None
    keepalive_by: Literal["message", "ping", "silence"] = "message"
    audio_due: float | None = None
    ends_only_with_audio: bool = False
    finalize: Literal["message", "silence"] = "message"
    finalize_silence: float = 1.0
    finalize_timeout: float = 5.0
    settle_lag: float | None = 5.0
    pace: Pace | None = None
    in_flight: float | None = None
    greeting: float = 0.0
    chunk: tuple[float, float, float] = (0.02, 0.1, 1.0)
    stop_silence: float = 0.0
    longest_turn: float = 60.0
    session_limit: float | None = None
    frame_limit: int = 16 << 20
    ping: float | None = 15.0


@frozen(kw_only=True)
class Provider:
    """One backend, whole.

    Attributes:
        name: how callers choose it.
        title: the vendor's own name, for tables.
        env: the environment variable of the key; None: no key is needed.
        client: builds a client half for one vendor session.
        server: builds a server half for one session, over all its connections, or for one request; None: the gateway
            cannot speak it.
        routes: what the server half answers, as ("GET", "/v3/ws"); method "*" stands for all, "{name}" in a path for
            one part of it, "{name:one|other}" for one of these, and "**" at its head, as in "**/v3/ws", for none, one
            or more. The first is the one that clients are pointed at; those with parts to choose, or a slash at the
            end, are for who comes by them all the same.
        session_of: names the session of a server half that a Connect goes on with, where sessions outlive connections;
            None for what is no such Connect.
        open_worker: opens the far end of ``worker:NAME``; raises ``QuotaExceeded`` where no place is left.
        limit_workers: bounds how many sessions its workers take at once; raises ``ConfigError`` for less than 1.
        variant: this provider as it is with these settings, where a vendor has wires that differ with the model; None:
            they make no difference.
        check: raises ``ConfigError`` for settings with which there is nobody to talk to, before a key is asked for.
        ready: raises ``MissingExtra`` where a package that it needs is not installed; called before anything else.
        tokens: how temporary tokens are asked for; None: the vendor has none.
        contract: the contract it was written for.
    """

    name: str
    title: str
    env: str | None
    client: Callable[[Context], ClientPeer]
    server: Callable[[Context], ServerPeer] | None = None
    capabilities: Capabilities
    options: tuple[Option, ...] = ()
    numbers: Numbers = field(factory=Numbers)
    routes: tuple[tuple[str, str], ...] = ()
    session_of: Callable[[Context, Connect], str | None] | None = None
    open_worker: Callable[[], Worker] | None = None
    limit_workers: Callable[[int], None] | None = None
    variant: Callable[[Config], Provider] | None = None
    check: Callable[[Config], None] = lambda config: None
    ready: Callable[[], None] = lambda: None
    tokens: Tokens | None = None
    contract: int = CONTRACT

    def suited(self, config: Config) -> Provider:
        """Return this provider as it is with the settings *config*."""
        return self.variant(config) if self.variant else self
