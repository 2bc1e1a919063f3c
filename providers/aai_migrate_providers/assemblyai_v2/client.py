"""The client half: commands to AssemblyAI v2's frames, its frames to events.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from attrs import evolve

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import lost
from aai_migrate.options import Encoded, Flaw, encode, own_words, remarks, unknown
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused
from aai_migrate.wire.query import spelled, unspellable

from .errors import answered, closed, typed
from .messages import moment, transcript
from .options import INSTEAD, MODEL, NAME, NATIVE, OPTIONS, RESERVED, SILENCE, SOCKET_PATH, WORDS
from .turns import NEAR, Turns

HOLD = 1.0
"""Seconds that the text of an error waits for the close frame that has its code."""

Out = Frame | say.Event


def check(config: Config) -> None:
    """Raise ConfigError where no server is named: the vendor's own is gone."""
    if config.base_url is None:
        raise ConfigError(f"{NAME}: {INSTEAD}, or set base_url to a server of your own that still speaks v2")


class Client:
    """One v2 session, as a :class:`~aai_migrate.provider.ClientPeer`."""

    resumable = False

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._settings: dict[str, Any] = {}
        self._turns = Turns()
        self._sent = 0.0  # seconds of audio
        self._audio_seconds: float | None = None  # as the server says
        self._fault: str | None = None  # the text of an error whose close frame is still to come
        self._due: float | None = None
        self._begun = self._stopped = self._over = False

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` asks for what v2 does not have, or for the vendor's own host.
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
                return [_control("force_end_utterance", True)]
            case ask.KeepAlive():  # only audio is a sign of life
                return []
            case ask.Configure():
                return self._configure(command)
            case ask.Stop():
                self._stopped = True
                return [_control("terminate_session", True)]
        raise RuntimeError("a v2 session cannot be resumed")

    def _audio(self, data: bytes) -> Message:
        self._sent += self._config.audio.seconds(len(data))
        return Message(data)

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        check(config)
        extra = own_words(config, NAME, RESERVED)
        flaws = [*_model(config), *_flaws(extra)]
        encoded = self._encode(evolve(config, on_unsupported="warn"))
        said = remarks(config, encoded, flaws, NAME)
        settings: dict[str, Any] = {
            "sample_rate": config.audio.sample_rate,
            "encoding": config.audio.encoding,
            **encoded.native,
            **extra,
        }
        self._settings = settings
        query = {name: spelled(value) for name, value in settings.items() if name != SILENCE}
        headers = {}
        if start.credential and start.credential.kind == "token":
            query["token"] = start.credential.secret.reveal()
        elif start.credential:
            headers["Authorization"] = start.credential.secret.reveal()
        known = NATIVE | {row.native for row in OPTIONS}
        strange = unknown(NAME, (), None, known, extra)
        url = f"{address(config.base_url, '', SOCKET_PATH)}?{urlencode(query)}"
        return [*strange, *said, Connect(url, headers)]

    def _encode(self, config: Config) -> Encoded:
        return encode(config, OPTIONS, NAME)

    def _configure(self, command: ask.Configure) -> list[Out]:
        """Change how much silence ends a turn; nothing else can be."""
        try:
            config = evolve(Config(on_unsupported=self._config.on_unsupported), **command.options)
            encoded = self._encode(config)
        except ConfigError as error:
            return [say.Configured(command.id, False, str(error))]
        if set(encoded.native) - {SILENCE}:
            reason = f"{NAME} can change nothing but turn_silence in mid-session"
            return [*encoded.warnings(), say.Configured(command.id, False, reason)]
        change = [_control(name, value) for name, value in encoded.native.items()]
        return [*encoded.warnings(), *change, say.Configured(command.id)]

    # Frames.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Message(data):
                return self._message(data, now)
            case Connected():
                return [_control(SILENCE, self._settings[SILENCE])] if SILENCE in self._settings else []
            case Close(code, reason):
                return self._closed(code, reason)
            case Lost():
                return self._fail(lost(NAME, frame) if self._fault is None else typed(None, self._fault))
            case Refused():
                return self._fail(answered(frame))
        return []

    def _message(self, data: str | bytes, now: float) -> list[Out]:
        message = values.parse(data)
        if message is None:
            return self._fail(ProtocolError(NAME, "the server sent what is no JSON object", retryable=True))
        match message.get("message_type"):
            case "PartialTranscript":
                return [*self._turns.partial(transcript(message, final=False))]
            case "FinalTranscript":
                return [*self._turns.final(transcript(message, final=True))]
            case "SessionBegins":
                return self._begin(message)
            case "SessionInformation":
                self._audio_seconds = values.number(message.get("audio_duration_seconds"))
                return []
            case "SessionTerminated":
                return self._terminated()
            case _ if "error" in message:
                return self._error(message, now)
        return [say.Unmapped(message)]

    def _begin(self, message: dict[str, Any]) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        id_, expires_at = values.string(message.get("session_id")), moment(message.get("expires_at"))
        return [say.Started(id_, MODEL, expires_at, " ", self._settings)]

    def _error(self, message: dict[str, Any], now: float) -> list[Out]:
        """An error is said twice, as a text and as a close frame with its code; of two texts the first is the cause."""
        if self._fault is None:
            self._fault = (values.string(message.get("error")) or "no reason given")[:500]
            self._due = now + HOLD
        return []

    def _terminated(self) -> list[Out]:
        if self._fault is not None:
            return self._fail(typed(None, self._fault)) if self._stopped else []  # else the close has its code
        if not self._stopped:
            return self._fail(ConnectionLost(NAME, "the server ended the session unasked"))
        return self._end()

    def _closed(self, code: int | None, reason: str) -> list[Out]:
        """SessionTerminated is the end. A close without it is one too where nothing can be missing.

        It is a loss while something shown is not final, or while nothing was said of some audio: there may have been
        words in it.
        """
        normal = self._stopped and code in (None, 1000, 1005) and self._fault is None
        if normal and not self._turns.open and self._sent - self._turns.told_to <= NEAR:
            return self._end()
        return self._fail(closed(code, reason if self._fault is None else self._fault, begun=self._begun))

    def _end(self) -> list[Out]:
        self._over = True
        return [*self._turns.finish(), say.Stopped("stopped", self._audio_seconds)]

    def _fail(self, error: ProviderError) -> list[Out]:
        """The end that was not asked for; what is open is the replay's."""
        self._over = True
        return [say.Failed(error)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When an error is passed on without its code."""
        return None if self._over else self._due

    def tick(self, now: float) -> list[Out]:
        """Give up waiting for the close frame of an error."""
        if self._over or self._fault is None or self._due is None or now < self._due:
            return []
        return self._fail(typed(None, self._fault))


def _model(config: Config) -> Iterator[Flaw]:
    """There is one model, which the wire has no word for."""
    if config.model not in (None, MODEL):
        yield Flaw(
            f"{NAME} has one model, which cannot be chosen", f"leave {config.model!r} out", "unsupported", "model"
        )


def _flaws(extra: dict[str, Any]) -> Iterator[Flaw]:
    """Take out of *extra* what cannot be, and say why."""
    for name, check in WORDS.items():
        if name in extra and (wrong := check(extra[name])):
            del extra[name]
            yield Flaw(f"{NAME}: {name} {wrong}", option=f"extra.{name}")
    for name, why in [*unspellable(extra)]:
        del extra[name]
        yield Flaw(f"{NAME}: {name}: {why}", option=f"extra.{name}")


def _control(name: str, value: Any) -> Message:
    return Message(json.dumps({name: value}))
