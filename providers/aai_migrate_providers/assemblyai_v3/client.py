"""The client half: commands to AssemblyAI v3's frames, its frames to events.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import evolve

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.credentials import MASK
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import lost, refused
from aai_migrate.options import Encoded, Flaw, encode, own_words, remarks, unknown
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Connect, Frame, Lost, Message, Refused
from aai_migrate.wire.query import spelled, unspellable

from . import messages
from .errors import SEE_ERROR, typed
from .options import (
    CLEARABLE,
    DEFAULT_MODEL,
    HOSTS,
    MODELS,
    NAME,
    NATIVE,
    OPTIONS,
    RESERVED,
    SECRET,
    US,
    US_MULTI,
    family,
    flag,
    rows,
)
from .turns import Turns

VERSION = "2025-05-12"
PATH = "/v3/ws"

Out = Frame | say.Event


class Client:
    """One v3 session, as a :class:`~aai_migrate.provider.ClientPeer`."""

    resumable = False

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._model = DEFAULT_MODEL
        self._settings: dict[str, Any] = {}
        self._turns = Turns()
        self._sent = 0.0  # seconds of audio
        self._over = self._begun = False

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` asks for what v3 does not have.
            RuntimeError: anything but ``Start`` before ``Started``, or ``Resume``.
        """
        match command:
            case ask.Start():
                return self._start(command)
            case _ if not self._begun:
                raise RuntimeError(f"{type(command).__name__} before the session has begun")
            case ask.Audio(data):
                return [self._audio(data)]
            case ask.Silence(seconds):
                return [self._audio(self._config.audio.silence(seconds))]
            case ask.Finalize(id=id_):
                self._turns.finalize(id_, self._sent)
                return [_control("ForceEndpoint")]
            case ask.KeepAlive():
                return [_control("KeepAlive")]
            case ask.Configure(id=id_, options=options):
                return self._configure(id_, options)
            case ask.Stop():
                return [_control("Terminate")]
        raise RuntimeError("a v3 session cannot be resumed")

    def _audio(self, data: bytes) -> Message:
        self._sent += self._config.audio.seconds(len(data))
        return Message(data)

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        self._model = config.model or DEFAULT_MODEL
        turns = self._turns = Turns(family(self._model), waits=config.formatted_turns == "wait")
        query: dict[str, Any] = {
            "sample_rate": config.audio.sample_rate,
            "encoding": config.audio.encoding,
            "speech_model": self._model,
        }
        if turns.family in (US, US_MULTI) and config.formatted_turns != "raw":
            query["format_turns"] = True
        encoded = self._encode(evolve(config, on_unsupported="warn"))  # what is wrong is told with all the rest
        extra = own_words(config, NAME, RESERVED)
        known = NATIVE | {row.native for row in OPTIONS}
        strange = unknown(NAME, MODELS, self._model, known, extra)
        said = remarks(config, encoded, [*_flaws(extra)], NAME, self._model)
        query |= encoded.native | extra
        turns.formats = _is_on(query.get("format_turns"))
        self._settings = {name: MASK if name in SECRET else value for name, value in query.items()}
        headers = {"AssemblyAI-Version": VERSION}
        if start.credential:
            headers["Authorization"] = start.credential.secret.reveal()
        written = urlencode({name: spelled(value) for name, value in query.items()})
        url = f"{address(config.base_url, HOSTS.get(config.region, HOSTS[None]), PATH)}?{written}"
        return [*strange, *said, Connect(url, headers)]

    def _encode(self, config: Config) -> Encoded:
        return encode(config, OPTIONS, NAME, model=self._model, family=self._turns.family)

    def _configure(self, id_: str, options: Mapping[str, Any]) -> list[Out]:
        try:
            config = evolve(Config(on_unsupported=self._config.on_unsupported), **options)
            encoded = self._encode(config)
        except ConfigError as error:
            return [say.Configured(id_, False, str(error))]
        lists = [row for row in rows(self._turns.family) if row.native in CLEARABLE and row.name in options]
        cleared: dict[str, Any] = {row.native: [] for row in lists if not config.is_set(row.name)}
        changes = cleared | encoded.native
        if "format_turns" in changes:
            self._turns.formats = changes["format_turns"]
        update = [_control("UpdateConfiguration", **changes)] if changes else []
        return [*encoded.warnings(), *update, say.Configured(id_)]

    # Frames.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Message(data):
                return self._message(data, now)
            case Close(code, reason):
                return self._fail(_closed(code, reason, begun=self._begun))
            case Lost():
                return self._fail(lost(NAME, frame))
            case Refused():
                return self._fail(refused(NAME, frame))
        return []

    def _message(self, data: str | bytes, now: float) -> list[Out]:
        message = values.parse(data)
        if message is None:
            return self._broken("what is no JSON object")
        match message.get("type"):
            case "Turn":
                turn = messages.turn(message)
                return [*self._turns.take(turn, now)] if turn else self._broken("a Turn without turn_order")
            case "Begin":
                return self._begin(message)
            case "SpeechStarted":
                return [say.SpeechStarted(messages.seconds(message.get("timestamp"), self._sent))]
            case "Termination":
                return self._termination(message)
            case "SpeakerRevision":
                return [*self._turns.speakers(message, now)]
            case "Warning":
                text = values.string(message.get("warning")) or ""
                return [say.Warned(f"{NAME}:{values.whole(message.get('warning_code'))}", text)]
            case "Error":
                return self._error(message)
            case None if "error" in message:  # the shape of 2025
                return self._error(message)
        return [say.Unmapped(message)]

    def _begin(self, message: dict[str, Any]) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        configuration = message.get("configuration")
        served = values.string(configuration.get("model")) if isinstance(configuration, dict) else None
        if served:
            self._turns.family = family(served)
        id_, expires_at = values.string(message.get("id")), values.number(message.get("expires_at"))
        return [say.Started(id_, served or self._model, expires_at, " ", self._settings)]

    def _error(self, message: dict[str, Any]) -> list[Out]:
        text = values.string(message.get("error")) or "no reason given"
        return self._fail(typed(values.whole(message.get("error_code")), text))

    def _broken(self, what: str) -> list[Out]:
        return self._fail(ProtocolError(NAME, f"the server sent {what}", retryable=True))

    def _fail(self, error: ProviderError) -> list[Out]:
        self._over = True
        return [*self._turns.fail(), say.Failed(error)]

    def _termination(self, message: dict[str, Any]) -> list[Out]:
        self._over = True
        audio = values.number(message.get("audio_duration_seconds"))
        session = values.number(message.get("session_duration_seconds"))
        return [*self._turns.finish(), say.Stopped("stopped", audio, session)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When an end that waits is passed on as it is."""
        return None if self._over else self._turns.deadline

    def tick(self, now: float) -> list[Out]:
        """Pass on what has waited long enough."""
        return [] if self._over else [*self._turns.tick(now)]


def _control(type_: str, **fields: Any) -> Message:
    return Message(json.dumps({"type": type_, **fields}))


def _is_on(value: Any) -> bool:
    try:
        return flag(value)
    except ValueError:
        return False


def _flaws(extra: dict[str, Any]) -> Iterator[Flaw]:
    """Take out of *extra* what no query can carry, and say why."""
    for name, why in [*unspellable(extra)]:
        del extra[name]
        yield Flaw(f"{NAME}: {name}: {why}", option=f"extra.{name}")


def _closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    if code in (None, 1000, 1001, 1005):
        when = "in mid-session" if begun else "before it began"
        return ConnectionLost(NAME, f"the server closed the connection {when}", code=code)
    return typed(code, "the server closed the connection" if reason in ("", SEE_ERROR) else reason)
