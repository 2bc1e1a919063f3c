"""What a session would say before it begins, played through in memory: nothing is dialled.

The client half talks to the same vendor's server half, so that conversations of several steps come to their greeting,
and so that it is seen what the other side makes of the words.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from attrs import field, frozen

from ..config import Config
from ..credentials import Credential, Secret
from ..provider import Context, Provider
from ..service import Service
from ..session import Session
from ..session.session import SessionEvent
from ..wire.commands import Command, Start
from ..wire.events import Event, Failed, Started, Warned
from ..wire.frames import FRAMES, Close, Connect, Connected, Frame, HttpRequest, Message

MOST = 100
"""Frames in which a session has begun, or never will."""
Said = HttpRequest | Connect | Message


@frozen
class Rehearsal:
    """How a session would begin.

    Attributes:
        said: what the client half says, in order, with the credential in it: not for showing.
        started: the vendor's greeting, with the settings in native words; None: it did not come to that.
        heard: what the server half makes of it; None: there is none, or it refuses something.
        warned: what the caller is told on the way.
        failed: why the server half refuses; None: it does not.
    """

    said: tuple[Said, ...] = field(repr=False)
    started: Started | None
    heard: Start | None
    warned: tuple[Warned, ...]
    failed: Failed | None = None


class _Ear:
    """Begins at once, and hears nothing."""

    deadline = None

    def __init__(self) -> None:
        self.start: Start | None = None

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        if not isinstance(item, Start):
            return []
        self.start = item
        return [Started()]

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Event]:
        return []

    def tick(self, now: float, /) -> list[Frame | Event]:
        return []


class _Silent:
    """The far end of a provider without a server half: it takes the connection, and leaves the rest open."""

    deadline = None

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        return [Connected()] if isinstance(frame, Connect) else []

    def tick(self, now: float) -> list[Frame]:
        return []


def rehearse(
    provider: Provider,
    config: Config,
    credential: Credential | None = None,
    *,
    today: datetime | None = None,
) -> Rehearsal:
    """Return how a session of *provider* with *config* would begin.

    Args:
        credential: what would be shown; None: a made-up key where the provider needs one.
        today: when it would be, by which models are out of use; None: now.
    Raises:
        ConfigError, AudioError: it would not be dialled.
    """
    if credential is None and provider.env:
        credential = Credential(Secret("rehearsal"))
    context = Context(
        new_id=lambda: str(uuid.uuid4()),
        epoch=(today or datetime.now(UTC)).timestamp(),
        random=random.Random(0),
        authenticate=lambda _: "anyone",
    )
    ears: list[_Ear] = []

    def listen() -> _Ear:
        ears.append(_Ear())
        return ears[-1]

    session = Session(provider, context)
    suited = provider.suited(config)
    far = Service(suited, context, listen) if suited.server else _Silent()
    said: list[Said] = []
    warned: list[Warned] = []
    started: Started | None = None
    now = 0.0
    items: list[Frame | SessionEvent] = list(session.send(Start(config, credential), now))
    for _ in range(MOST):
        heard = next((ear.start for ear in ears if ear.start), None)
        if not items and far.deadline is not None and not heard:  # some wait before they greet, or before they listen
            now = max(now, far.deadline)
            items += _answered(session, far.tick(now), now)
        if not items:
            break
        item = items.pop(0)
        if isinstance(item, Warned):
            warned.append(item)
        elif isinstance(item, Failed):
            return Rehearsal(tuple(said), None, heard, tuple(warned), item)
        elif isinstance(item, Started):
            started = item
        elif isinstance(item, FRAMES):
            if isinstance(item, (HttpRequest, Connect, Message)):
                said.append(item)
            items += _answered(session, far.receive(item, now), now)
    return Rehearsal(tuple(said), started, next((ear.start for ear in ears if ear.start), None), tuple(warned))


def _answered(session: Session, frames: Iterable[Frame], now: float) -> list[Frame | SessionEvent]:
    out: list[Frame | SessionEvent] = []
    for frame in frames:
        if not isinstance(frame, Close) or session.state == "connecting":
            out += session.receive(frame, now)
    return out
