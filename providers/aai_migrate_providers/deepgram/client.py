"""What the client halves of both paths share: the handshake, audio, and how a conversation breaks off.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import evolve

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.credentials import MASK
from aai_migrate.errors import ConfigError, ProtocolError, ProviderError
from aai_migrate.failures import lost
from aai_migrate.options import Encoded, Flaw, Option, encode, of_family, own_words, remarks, unknown
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused
from aai_migrate.wire.values import parse, string

from . import errors
from .changes import Changes
from .messages import control
from .options import DEFAULT_MODEL, ENCODINGS, HOSTS, MODELS, NAME, family
from .parameters import FLUX, LISTEN, InvalidParameter, Reader, read, written

RESERVED = {
    "model": "model",
    "encoding": "encoding",
    "sample_rate": "sample_rate",
    "channels": "audio_channels and channels='separate'",
    "multichannel": "channels='separate'",
    "access_token": "token",
}
"""Parameters that are not ``extra``'s to set, and the argument that sets them."""
SECRET = frozenset({"callback"})
"""Parameters whose value no report of settings shows."""
LARGEST = 256 * 1024
"""Bytes of audio in one message."""

Out = Frame | say.Event


class Client:
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`; a path says what is its own.

    Attributes:
        path: where it connects.
        rows: what it can be told in neutral words.
        parameters: the readers of its query.
        own: words in ``extra`` that are ours and not sent.
    """

    resumable = False
    path: str
    rows: tuple[Option, ...]
    parameters: Mapping[str, Reader]
    own: frozenset[str] = frozenset()

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._model = DEFAULT_MODEL
        self._settings: dict[str, Any] = {}
        self._changes = Changes()
        self._sent = 0.0  # seconds of audio
        self._begun = self._stopped = self._over = False

    # What a path says.

    def _defaults(self, config: Config) -> dict[str, Any]:
        """Return what is sent unasked."""
        return {}

    def _check(self, values: Mapping[str, Any]) -> None:
        """Raise InvalidParameter where the values of a query do not go together."""

    def _dialled(self, config: Config, query: dict[str, Any]) -> None:
        """Take note of what is asked for."""

    def _connected(self, frame: Connected) -> list[Out]:
        """The handshake succeeded."""
        return []

    def _command(self, command: ask.Command, now: float) -> list[Out]:
        """Take a command that is no audio and no Stop."""
        raise RuntimeError(f"{NAME} has no {type(command).__name__}")

    def _message(self, message: dict[str, Any], now: float) -> list[Out]:
        """Read one message."""
        match message.get("type"):
            case "ConfigureSuccess":
                return [*self._changes.answered(now)]
            case "ConfigureFailure":
                texts = (string(message.get("code")), string(message.get("description")))
                reason = ": ".join(text for text in texts if text) or "the change was refused"
                return [*self._changes.answered(now, accepted=False, reason=reason)]
            case None if "err_code" in message or "err_msg" in message:  # of a proxy
                return self._fail(errors.told(message))
        return [say.Unmapped(message)]

    def _untold(self) -> float | None:
        """Return of how many seconds of audio nothing was said before a normal close; None: words were to come."""
        return 0.0

    def _finish(self) -> list[say.Event]:
        """The vendor has said everything: nothing that was shown is left open."""
        return []

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` asks for what the vendor does not have.
            RuntimeError: anything but ``Start`` before ``Started``, or ``Resume``.
        """
        match command:
            case ask.Start():
                return self._start(command)
            case _ if not self._begun:
                raise RuntimeError(f"{type(command).__name__} before the session has begun")
            case ask.Audio(data):
                return self._audio(data)
            case ask.Silence(seconds):
                return self._audio(self._config.audio.silence(seconds))
            case ask.Stop():
                self._stopped = True
                refused = [] if self._over else self._changes.stop()
                return [*refused, control("CloseStream")]
        return self._command(command, now)

    def _audio(self, data: bytes) -> list[Out]:
        """An empty binary message would end the stream, so there is none."""
        self._sent += self._config.audio.seconds(len(data))
        size = LARGEST - LARGEST % self._config.audio.frame
        return [Message(data[start : start + size]) for start in range(0, len(data), size)]

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        self._model = config.model or self._model
        audio = config.audio
        query: dict[str, Any] = {
            "model": self._model,
            "encoding": ENCODINGS[audio.encoding],
            "sample_rate": audio.sample_rate,
        }
        if audio.channels > 1:
            query |= {"channels": audio.channels, "multichannel": True}
        encoded = self._encode(evolve(config, on_unsupported="warn"))  # what is wrong is told with all the rest
        extra, strays = self._extra(config)
        known = {*self.parameters, *self.own}
        strange = unknown(NAME, MODELS, self._model, known, extra)
        neutral = self._defaults(config) | encoded.native
        query |= neutral | extra
        pairs, wrong = self._checked(query, neutral, config)
        said = remarks(config, encoded, [*strays, *wrong], NAME, self._model)
        self._dialled(config, query)
        self._settings = {name: MASK if name in SECRET else value for name, value in query.items()}
        headers = {}
        if start.credential:
            scheme = "Bearer" if start.credential.kind == "token" else "Token"
            headers["Authorization"] = f"{scheme} {start.credential.secret.reveal()}"
        return [*strange, *said, Connect(f"{self._address(config)}?{urlencode(pairs)}", headers)]

    def _extra(self, config: Config) -> tuple[dict[str, Any], list[Flaw]]:
        """Return what the caller gave in the vendor's words, and what is wrong with those of the other path."""
        extra = own_words(config, NAME, RESERVED)
        strays = sorted(name for name in extra if name in {*LISTEN, *FLUX} - {*self.parameters})
        kept = {name: value for name, value in extra.items() if name not in strays}
        reasons = {name: f"{NAME}/{self._model} has no {name}: other models have" for name in strays}
        return kept, [
            Flaw(reason, "leave it out of extra", "unsupported", f"extra.{name}") for name, reason in reasons.items()
        ]

    def _checked(
        self, query: dict[str, Any], neutral: Mapping[str, Any], config: Config
    ) -> tuple[list[tuple[str, str]], list[Flaw]]:
        """Return *query* as it is spelled, and what is wrong with what was taken out of it.

        What *neutral* settings say instead counts then: who wants card numbers hidden is not to see all of them.
        A language in the vendor's own word is not checked: models learn more than our table has.

        Raises:
            ConfigError: there is no going on without it.
        """
        rows = sorted(self._rows().values(), key=lambda row: config.is_set(row.name))
        names = {row.native: row.name for row in rows}  # of two for one word, what was asked for
        given = "language" in config.extra.get(NAME, {})
        found: list[Flaw] = []
        while True:
            try:
                pairs = written({name: value for name, value in query.items() if name not in self.own})
                values = read(pairs, self.parameters)
                self._check({name: value for name, value in values.items() if not (given and name == "language")})
            except InvalidParameter as error:
                name = error.name
                ours = name in neutral and neutral[name] == query.get(name)
                option = names.get(name, "") if ours else ""
                asked = f"{option}, sent as " if option and config.is_set(option) else ""
                found.append(Flaw(f"{NAME}: {asked}{error}", option=option or f"extra.{name}"))
                if name in RESERVED:
                    raise ConfigError("; ".join(map(str, found))) from None
                del query[name]
                if name in neutral and not ours:
                    query[name] = neutral[name]
            else:  # the service takes booleans in lower case only
                flags = {name: str(value).lower() for name, value in values.items() if isinstance(value, bool)}
                return [(name, flags.get(name, text)) for name, text in pairs], found

    def _address(self, config: Config) -> str:
        return address(config.base_url, HOSTS.get(config.region, HOSTS[None]), self.path)

    def _encode(self, config: Config) -> Encoded:
        return encode(config, self.rows, NAME, model=self._model, family=family(self._model))

    def _rows(self) -> Mapping[str, Option]:
        return of_family(self.rows, family(self._model))

    def _changed(self, command: ask.Configure) -> tuple[Config, Encoded]:
        """Return new settings, and what the wire calls them.

        Raises:
            ConfigError: the vendor does not have them.
        """
        config = evolve(Config(on_unsupported=self._config.on_unsupported), **command.options)
        return config, self._encode(config)

    # Frames.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Message(data):
                message = parse(data)
                if message is None:
                    return self._fail(ProtocolError(NAME, "the server sent what is no JSON object", retryable=True))
                return self._message(message, now)
            case Connected():
                return self._connected(frame)
            case Close(code, reason):
                normal = self._stopped and code in (None, 1000, 1005)
                if normal and (untold := self._untold()) is not None:
                    return self._stop(None, untold)
                return self._fail(errors.closed(code, reason, begun=self._begun))
            case Lost():
                return self._fail(lost(NAME, frame))
            case Refused():
                return self._fail(errors.answered(frame))
        return []

    def _greet(self, session_id: str | None) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        return [say.Started(session_id, self._model, None, " ", self._settings)]

    def _stop(self, audio_seconds: float | None, untold: float = 0.0) -> list[Out]:
        """The end that was asked for, perhaps with some audio of which nothing was said."""
        self._over = True
        unanswered = self._changes.refuse("the session ended before the change was answered")
        return [*self._finish(), *unanswered, say.Stopped("stopped", audio_seconds, None, untold)]

    def _fail(self, error: ProviderError) -> list[Out]:
        """The end that was not asked for; what is open is the replay's."""
        self._over = True
        return [say.Failed(error)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When a change that was not answered counts as made."""
        return None if self._over else self._changes.deadline

    def tick(self, now: float) -> list[Out]:
        """Give up waiting for an answer."""
        return [] if self._over else [*self._changes.tick(now)]
