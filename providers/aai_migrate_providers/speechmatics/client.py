"""What the client halves of both paths share: keys, the handshake, audio, and how a conversation breaks off.

Sources: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket,
https://docs.speechmatics.com/get-started/authentication
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import evolve

from aai_migrate.address import address
from aai_migrate.audio.channels import split
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import lost
from aai_migrate.options import Encoded, Flaw, Option, encode, own_words, remarks, unknown
from aai_migrate.provider import Context
from aai_migrate.tokens import Wanted
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Refused,
)
from aai_migrate.wire.schema import Check, Table
from aai_migrate.wire.values import mapping, parse, string, whole

from . import errors, token
from .asked import Asked
from .door import LONGEST, SHORTEST
from .messages import Delimiters, control
from .options import (
    DEFAULT_LANGUAGE,
    DEFAULT_MODEL,
    ENCODINGS,
    HOSTS,
    MODELS,
    MULTI,
    NAME,
    delimiter,
    family,
    locale,
)
from .schema import AGENT_TRANSCRIPTION, BESIDE, TRANSCRIPTION

KEY = "temporary_key"
"""The one word in ``extra`` that is ours: for how many seconds a temporary key is good, 60 to 86,400, which is asked
for with the account's key for every connection, and shown instead of it."""
RESERVED = {
    "model": "model",
    "operating_point": "model",
    "audio_format": "sample_rate and encoding",
    "encoding": "encoding",
    "sample_rate": "sample_rate",
    "jwt": "token",
}
"""Members that are not ``extra``'s to set, and the argument that sets them."""
TOLD = frozenset({"model_redirect", "deprecated"})
"""Kinds of ``Info`` that the user should know of."""
LIMITED = "duration_limit_exceeded"
"""The ``Warning`` after which audio is taken but not heard, and the session ends."""
UNACKNOWLEDGED = 10_000
"""Messages of audio whose ends are remembered."""

Out = Frame | say.Event


class Client:
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`; a path says what is its own.

    Attributes:
        path: where it connects.
        rows: what it can be told in neutral words.
        members: what ``transcription_config`` may hold.
        beside: objects that may stand beside it.
    """

    resumable = False
    path: str
    rows: tuple[Option, ...]
    members: Mapping[str, Check | Table]
    beside: Mapping[str, Check | Table]

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._model = DEFAULT_MODEL
        self._url = ""
        self._own: frozenset[str] = frozenset()  # the caller's words that count
        self._settings: dict[str, Any] = {}  # native words, for Started
        self._opening = Message("")
        self._labels: list[str] = []  # of channels that are kept apart
        self._delimiters = Delimiters()
        self._asked = Asked()
        self._sent = 0.0  # seconds of audio
        self._flight = [_Flight()]
        self._wanted: Wanted | None = None
        self._temporary: Secret | None = None
        self._stopped = self._begun = self._over = self._deaf = False

    # What a path says.

    def _defaults(self, config: Config) -> dict[str, Any]:
        """Return what is sent unasked."""
        return {}

    def _dialled(self, transcription: dict[str, Any], beside: dict[str, Any]) -> None:
        """Take note of what is asked for, and add what follows from it, in it or *beside* it."""

    def _command(self, command: ask.Command) -> list[Out]:
        """Take a command that is no audio and no Stop."""
        raise RuntimeError(f"{NAME} has no {type(command).__name__}")

    def _message(self, message: dict[str, Any]) -> list[Out]:
        """Read one message that is not of every path."""
        return [say.Unmapped(message)]

    def _finish(self) -> list[say.Event]:
        """The vendor has said everything: nothing that was said is left open."""
        return [*self._asked.finish()]

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` asks for what the vendor does not have, or JSON cannot say.
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
            case ask.KeepAlive():  # there is no such message: silence keeps a session
                return []
            case ask.Stop():
                self._stopped = True
                return [*self._ends()]
        return self._command(command)

    def _audio(self, data: bytes) -> list[Out]:
        """Without a header, as the binary message that it is; channels that are kept apart in JSON, one by one."""
        if not data:
            return []
        audio = self._config.audio
        self._sent += audio.seconds(len(data))
        for flight in self._flight:
            flight.sent(self._sent)
        if not self._labels:
            return [Message(data)]
        parts = zip(self._labels, split(data, audio.width, audio.channels), strict=True)
        return [
            control("AddChannelAudio", channel=label, data=base64.b64encode(part).decode()) for label, part in parts
        ]

    def _ends(self) -> Iterable[Message]:
        if not self._labels:
            yield control("EndOfStream", last_seq_no=self._flight[0].count)
        for label, flight in zip(self._labels, self._flight, strict=False):
            yield control("EndOfChannel", channel=label, last_seq_no=flight.count)

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        self._model = config.model or self._model
        extra = own_words(config, NAME, RESERVED)
        flaws = [*self._flaws(config, extra)]
        said: list[Out] = [*unknown(NAME, MODELS, self._model, {*self.members, *self.beside, KEY}, extra)]
        encoded = self._encode(evolve(config, on_unsupported="warn"))
        said += remarks(config, encoded, flaws, NAME, self._model)
        self._own = frozenset(extra)
        ttl = extra.pop(KEY, None)
        beside: dict[str, Any] = {name: extra.pop(name) for name in self.beside if name in extra}
        transcription = {"language": DEFAULT_LANGUAGE, "model": self._model} | self._defaults(config)
        spelling = _spelling(config, encoded.native.get("language"))
        for name, value in [*encoded.native.items(), *spelling.items(), *extra.items()]:
            inside = isinstance(value, Mapping)
            transcription[name] = {**mapping(transcription.get(name)), **value} if inside else value
        self._separate(config.audio.channels, transcription)
        self._dialled(transcription, beside)
        audio = config.audio
        self._flight = [_Flight() for _ in range(max(1, len(self._labels)))]
        beside["audio_format"] = {
            "type": "raw",
            "encoding": ENCODINGS[audio.encoding],
            "sample_rate": audio.sample_rate,
        }
        self._settings = {**transcription, **beside}
        try:
            self._opening = control("StartRecognition", **beside, transcription_config=transcription)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{NAME}: extra cannot be written as JSON: {error}") from None
        self._delimiters = Delimiters(delimiter(str(transcription["language"])))
        self._url = address(token.base(config), self._host(config), self.path)
        if ttl is not None:
            return [*said, self._ask_key(config, ttl, start.credential)]
        return [*said, self._connect(start.credential)]

    def _flaws(self, config: Config, extra: dict[str, Any]) -> Iterator[Flaw]:
        """Take out of *extra* what cannot be, words of the other path among it, and say why."""
        table = {**self.members, **self.beside}
        for name in sorted({*TRANSCRIPTION, *AGENT_TRANSCRIPTION, *BESIDE} & {*extra} - {*table}):
            del extra[name]
            reason = f"{NAME}/{self._model} has no {name}: other models have"
            yield Flaw(reason, "leave it out of extra", "unsupported", f"extra.{name}")
        for name, inner in table.items():
            if wrong := next(Table({name: inner}).wrong(extra), ""):
                del extra[name]
                yield Flaw(f"{NAME}: {wrong}", option=f"extra.{name}")
        yield from _unlike(config.audio.channels, extra)

    def _encode(self, config: Config) -> Encoded:
        return encode(config, self.rows, NAME, model=self._model, family=family(self._model))

    def _separate(self, count: int, transcription: dict[str, Any]) -> None:
        """Name the channels that are kept apart."""
        if count == 1:
            return
        labels = transcription.get("channel_diarization_labels") or [f"channel_{number + 1}" for number in range(count)]
        self._labels = [*labels]
        speakers = transcription.get("diarization") in ("speaker", "channel_and_speaker")
        transcription["diarization"] = "channel_and_speaker" if speakers else "channel"
        transcription["channel_diarization_labels"] = self._labels

    def _host(self, config: Config) -> str:
        return HOSTS.get(config.region, HOSTS[None])  # an unknown one was warned of, where that is enough

    # The handshake.

    def _ask_key(self, config: Config, ttl: Any, credential: Credential | None) -> HttpRequest:
        """Ask for a temporary key, at the caller's base URL where there is one."""
        seconds = None if isinstance(ttl, str) else whole(ttl)
        if seconds is None or not SHORTEST <= seconds <= LONGEST:
            raise ConfigError(f"{NAME}: {KEY} must be {SHORTEST} to {LONGEST} seconds, not {ttl!r}")
        if credential is None or credential.kind != "key":
            raise ConfigError(f"{NAME}: {KEY} needs the account's key: give api_key, not token")
        self._wanted = Wanted(config=config, credential=credential, seconds=seconds)
        return token.ask(self._wanted)

    def _given(self, wanted: Wanted, response: HttpResponse) -> list[Out]:
        """Take the temporary key."""
        try:
            self._temporary = token.read(wanted, response).secret
        except ProviderError as error:
            return self._fail(error)
        return [self._connect(Credential(self._temporary, "token"))]

    def _connect(self, credential: Credential | None) -> Connect:
        if credential is None:
            return Connect(self._url)
        secret = credential.secret.reveal()
        if credential.kind == "token":
            return Connect(f"{self._url}?{urlencode({'jwt': secret})}")
        return Connect(self._url, {"Authorization": f"Bearer {secret}"})

    def _greet(self, message: Mapping[str, Any]) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        given = mapping(message.get("language_pack_info")).get("word_delimiter")
        if isinstance(given, str):
            self._delimiters = Delimiters(given)
        return [say.Started(string(message.get("id")), self._model, None, self._delimiters.pack, self._settings)]

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
                return self._read(message)
            case Connected():
                return [self._opening]
            case HttpResponse() if self._wanted:
                return self._given(self._wanted, frame)
            case Close(code, reason):
                return self._fail(errors.closed(code, reason, begun=self._begun))
            case Lost():
                return self._fail(lost(NAME, frame))
            case Refused():
                return self._fail(errors.answered(frame))
        return []

    def _read(self, message: dict[str, Any]) -> list[Out]:
        match message.get("message"):
            case "AudioAdded" | "ChannelAudioAdded":
                return self._added(message)
            case "RecognitionStarted":
                return self._greet(message)
            case "Info":
                kind, reason = string(message.get("type")), string(message.get("reason")) or "no reason given"
                return [say.Warned(f"{NAME}:{kind}", reason[:500]) if kind in TOLD else say.Unmapped(message)]
            case "Warning":
                self._deaf = self._deaf or message.get("type") == LIMITED
                reason = string(message.get("reason")) or "no reason given"
                return [say.Warned(f"{NAME}:{string(message.get('type')) or 'Warning'}", reason[:500])]
            case "Error":
                return self._fail(errors.told(message))
            case "EndOfTranscript":
                return self._ended()
        return self._message(message) if self._begun else [say.Unmapped(message)]

    def _added(self, message: Mapping[str, Any]) -> list[Out]:
        """Audio was read, which is not to say that it was transcribed."""
        flight = self._flight[self._number(string(message.get("channel")))]
        flight.taken(whole(message.get("seq_no")))
        return [say.AudioTaken(min(flight.to for flight in self._flight))] if self._begun else []

    def _number(self, label: str | None) -> int:
        """Return the number of a channel; one that was not named is the first, since its words must not be lost."""
        return self._labels.index(label) if label in self._labels else 0

    def _ended(self) -> list[Out]:
        """All was said. Unasked it comes where an utterance was too long, and what followed was not heard.

        That may cross with our own end, which was not heard either.
        """
        if not self._stopped or self._deaf:
            reason = "the server ended the transcript unasked"
            return self._fail(ConnectionLost(NAME, reason))
        self._over = True
        return [*self._finish(), say.Stopped("stopped")]

    def _fail(self, error: ProviderError) -> list[Out]:
        """The end that was not asked for; what is open is the replay's."""
        self._over = True
        if self._temporary:
            error.redact(self._temporary.redact)
        return [say.Failed(error)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """There is none: the session has one for every answer."""
        return None

    def tick(self, now: float) -> list[Out]:
        """Nothing is due."""
        return []

    def _changed(self, command: ask.Configure) -> Encoded:
        """Return what the wire calls new settings.

        Raises:
            ConfigError: the vendor does not have them.
        """
        return self._encode(evolve(Config(on_unsupported=self._config.on_unsupported), **command.options))


def _unlike(count: int, extra: dict[str, Any]) -> Iterator[Flaw]:
    """Take out of *extra* what does not fit audio of *count* channels, and say why."""
    kind, labels = extra.get("diarization", "none"), extra.get("channel_diarization_labels")
    if count == 1 and kind.startswith("channel"):
        del extra["diarization"]
        reason = f"{NAME}: diarization {kind!r} needs audio_channels=2 and channels='separate'"
        yield Flaw(reason, option="extra.diarization")
    if count > 1 and labels and len(labels) != count:
        del extra["channel_diarization_labels"]
        reason = f"{NAME}: channel_diarization_labels names {len(labels)} channels, the audio has {count}"
        yield Flaw(reason, option="extra.channel_diarization_labels")


def _spelling(config: Config, language: str | None) -> dict[str, str]:
    """Return the word for how a *language* that the caller named is spelled, where all its tags say the same."""
    spellings = {locale(tag) for tag in ((config.language,) if config.language else config.languages)}
    spelling = spellings.pop() if len(spellings) == 1 and language not in (None, MULTI) else None
    return {"output_locale": spelling} if spelling else {}


class _Flight:
    """The messages of audio of one channel that are not acknowledged.

    Attributes:
        count: how many were sent.
        to: seconds of audio that are acknowledged.
    """

    def __init__(self) -> None:
        self.count, self.to = 0, 0.0
        self._ends: deque[float] = deque(maxlen=UNACKNOWLEDGED)

    def sent(self, end: float) -> None:
        """Note a message that ends after *end* seconds of audio."""
        self.count += 1
        self._ends.append(end)

    def taken(self, number: int | None) -> None:
        """Note that the *number*-th message was taken, and so those before it; None: the next one."""
        first = self.count - len(self._ends) + 1
        for _ in range(min(self.count, first if number is None else number) - first + 1):
            self.to = self._ends.popleft()
