"""The server half: what a client of Tiny says becomes commands, events become what it expects to hear.

It makes the gateway speak Tiny, and it is what the client half is tested against.
"""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qs

from aai_migrate.audio import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AaiMigrateError
from aai_migrate.options import decode
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused, header, path_of
from aai_migrate.wire.text import spread

from . import messages
from .options import NAME, OPTIONS

IDLE = 60.0
"""Seconds without a message after which a session is over."""
Out = list[Frame | ask.Command]


class Server:
    """One client's session."""

    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._config = Config()
        self._turns: dict[Any, int] = {}  # open turns, and what the client knows them by
        self._numbers = itertools.count()
        self._rest = b""  # of a sample that a message ended in
        self._until: float | None = None
        self._started = self._stopped = self._over = False

    @property
    def deadline(self) -> float | None:
        """When a client that says nothing has been silent for too long."""
        return None if self._over or self._stopped else self._until

    def receive(self, frame: Frame, now: float) -> Out:
        """Read one frame; never raises, a fault is answered in Tiny's own way."""
        if self._over:
            return []
        match frame:
            case Connect() if not self._started:
                return self._connect(frame, now)
            case Close() | Lost():
                self._over = True
                return self._stop()
            case _ if not self._started or self._stopped:
                return []
        self._until = now + IDLE  # a Ping is a sign of life as well
        match frame:
            case Message(bytes() as data):
                return self._audio(data)
            case Message(str() as text):
                return self._control(values.parse(text) or {})
        return []

    def tick(self, now: float) -> Out:
        """End a session in which nothing is said."""
        if self.deadline is None or now < self.deadline:
            return []
        return self._refuse(408, f"no message within {IDLE:g} seconds")

    def _connect(self, frame: Connect, now: float) -> Out:
        scheme, _, key = header(frame.headers, "authorization").partition(" ")
        shown = Credential(Secret(key)) if scheme == "Tiny" and key else None
        principal = self._context.authenticate(shown)
        if principal is None:
            self._over = True
            return [Refused(401, {}, b'{"error":"this key is not known"}')]
        query = parse_qs(frame.url.partition("?")[2])
        given: dict[str, Any] = {name: found if name == "term" else found[0] for name, found in query.items()}
        try:
            self._config = Config(audio=AudioFormat(int(given.pop("rate"))), **decode(given, OPTIONS, NAME))
        except (KeyError, ValueError, AaiMigrateError) as error:
            self._over = True
            return [Refused(400, {}, values.dumps({"error": str(error)}).encode())]
        self._started, self._until = True, now + IDLE
        return [Connected(), ask.Start(self._config, None, ask.Origin(NAME, path_of(frame.url), principal))]

    def _audio(self, data: bytes) -> Out:
        data = self._rest + data
        whole = len(data) - len(data) % self._config.audio.frame
        data, self._rest = data[:whole], data[whole:]
        return [ask.Audio(data)] if data else []

    def _control(self, message: dict[str, Any]) -> Out:
        id_ = values.string(message.get("id"))
        match message.get("do"):
            case "flush" if id_:
                return [ask.Finalize(id_)]
            case "set" if id_:
                try:
                    return [ask.Configure(id_, decode(message, [row for row in OPTIONS if row.hot], NAME))]
                except AaiMigrateError as error:
                    return [_message("set", id=id_, ok=False, text=str(error))]
            case "stay":
                return [ask.KeepAlive()]
            case "end":
                return self._stop()
        return self._refuse(400, "this is no message of Tiny")

    def _stop(self) -> Out:
        if self._stopped or not self._started:
            return []
        self._stopped = True
        return [ask.Stop()]

    def _refuse(self, status: int, text: str) -> Out:
        self._over = True
        return [_message("error", status=status, text=text), Close(1008 if status < 500 else 1011), *self._stop()]

    def send(self, event: say.Event, now: float) -> Out:
        """Put one event into Tiny's words; what it cannot say is left out."""
        if self._over:
            return []
        match event:
            case say.Started():
                return [_message("ready", id=self._context.new_id())]
            case say.Partial() if self._config.partials is not False:
                return [self._piece("guess", event)]
            case say.Final():
                return [self._piece("sure", event)]
            case say.TurnEnded() if event.turn in self._turns:
                return [_message("over", turn=self._turns.pop(event.turn))]
            case say.Settled(to):
                return [_message("done", seconds=to)]
            case say.Finalized(id_):
                return [_message("flushed", id=id_)]
            case say.Configured(id_, accepted, reason):
                return [_message("set", id=id_, ok=accepted, text=reason)]
            case say.Stopped(audio_seconds=seconds):
                self._over = True
                return [_message("bye", seconds=seconds), Close(1000)]
            case say.Failed(error):
                return self._refuse(error.status or (503 if error.retryable else 500), error.reason)
        return []

    def _piece(self, what: str, event: say.Partial | say.Final) -> Message:
        turn = self._turns.setdefault(event.turn, next(self._numbers))
        words = event.words or spread(event.text, event.start, event.end)
        return _message(what, turn=turn, words=messages.rows(words))


def _message(what: str, **members: Any) -> Message:
    return Message(values.dumps({"is": what, **members}))
