"""The client half: commands to Tiny's frames, its frames to events."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from attrs import evolve

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import by_status, lost, refused
from aai_migrate.options import encode, own_words, unknown
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Connect, Frame, Lost, Message, Refused
from aai_migrate.wire.text import joined

from . import messages
from .options import HOST, NAME, OPTIONS, PATH, RESERVED

KINDS = ("ready", "guess", "sure", "over", "done", "flushed", "set")
Out = list[Frame | say.Event]


class Client:
    """One session of Tiny; it has no timers, and a lost connection is the end of it."""

    resumable = False
    deadline: float | None = None

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._settings: dict[str, Any] = {}
        self._over = False

    def send(self, command: ask.Command, now: float) -> Out:
        """Put *command* into frames.

        Raises:
            ConfigError: ``Start`` asks for what Tiny does not have.
            RuntimeError: ``Resume``.
        """
        match command:
            case ask.Start(config, credential):
                return self._start(config, credential.secret.reveal() if credential else "")
            case ask.Audio(data):
                return [Message(data)]
            case ask.Silence(seconds):
                return [Message(self._config.audio.silence(seconds))]
            case ask.Finalize(id_):
                return _control("flush", id=id_)
            case ask.KeepAlive():
                return _control("stay")
            case ask.Configure(id_, options):
                return self._change(id_, options)
            case ask.Stop():
                return _control("end")
        raise RuntimeError("a session of Tiny cannot be resumed")

    def _start(self, config: Config, key: str) -> Out:
        self._config = config
        encoded, own = encode(config, OPTIONS, NAME), own_words(config, NAME, RESERVED)
        self._settings = {
            "rate": config.audio.sample_rate,
            **encoded.native,
            **own,
        }  # no secret is among them: the key goes into a header
        remarks = [*unknown(NAME, (), config.model, {row.native for row in OPTIONS}, own), *encoded.warnings()]
        url = f"{address(config.base_url, HOST, PATH)}?{urlencode(self._settings, doseq=True)}"
        return [*remarks, Connect(url, {"Authorization": f"Tiny {key}"})]

    def _change(self, id_: str, options: Any) -> Out:
        try:
            changes = encode(evolve(Config(), **options), OPTIONS, NAME).native
        except ConfigError as error:
            return [say.Configured(id_, False, str(error))]
        return _control("set", id=id_, **changes)

    def receive(self, frame: Frame, now: float) -> Out:
        """Read one frame; whatever it holds, nothing is raised."""
        if self._over:
            return []
        match frame:
            case Message(data):
                return self._read(values.parse(data) or {})
            case Refused() | Lost():
                return self._fail(refused(NAME, frame) if isinstance(frame, Refused) else lost(NAME, frame))
            case Close(code, reason):
                return self._fail(ConnectionLost(NAME, reason or "the server closed the connection", code=code))
        return []

    def tick(self, now: float) -> Out:
        """Do nothing: there are no timers."""
        return []

    def _read(self, message: dict[str, Any]) -> Out:
        id_, text = values.string(message.get("id")), values.string(message.get("text")) or ""
        turn, seconds = message.get("turn"), values.number(message.get("seconds"))
        match message.get("is"):
            case "ready":
                return [say.Started(id_, settings=self._settings)]
            case "guess" | "sure" if isinstance(turn, int):
                return self._piece(turn, message)
            case "over" if isinstance(turn, int):
                return [say.TurnEnded(turn=turn, raw=message)]
            case "done" if seconds is not None:
                return [say.Settled(seconds)]
            case "flushed" if id_:
                return [say.Finalized(id_)]
            case "set" if id_:
                return [say.Configured(id_, message.get("ok") is True, text)]
            case "bye":
                self._over = True
                return [say.Stopped(audio_seconds=seconds)]
            case "error":
                kind = by_status(status := values.whole(message.get("status")) or 500)
                return self._fail(kind(NAME, text or "no reason", code=status, retryable=kind is ConnectionLost))
            case str(kind) if kind not in KINDS:
                return [say.Unmapped(message)]  # newer than we are: nothing is lost by showing it
        return self._broken()

    def _piece(self, turn: int, message: dict[str, Any]) -> Out:
        kind = say.Final if message["is"] == "sure" else say.Partial
        words = messages.words(message.get("words"), final=kind is say.Final)
        if words is None:
            return self._broken()
        start, end = (words[0].start, words[-1].end) if words else (None, None)
        return [kind(turn=turn, text=joined(words), words=words, start=start, end=end, raw=message)]

    def _broken(self) -> Out:
        return self._fail(ProtocolError(NAME, "the server sent what is no message of Tiny", retryable=True))

    def _fail(self, error: ProviderError) -> Out:
        self._over = True
        return [say.Failed(error)]


def _control(what: str, **members: Any) -> Out:
    return [Message(values.dumps({"do": what, **members}))]
