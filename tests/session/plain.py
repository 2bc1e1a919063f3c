"""A vendor for tests, as a third party would write it: every event crosses its wire as JSON, sessions can be resumed.

It has what AssemblyAI v3 lacks: Finals in mid-turn, several channels, acknowledged audio, a Finalize by silence.
"""

from __future__ import annotations

import datetime
import itertools
import json
import random
from typing import Any

import attrs

from aai_migrate.audio.format import AudioFormat
from aai_migrate.capabilities import Capabilities
from aai_migrate.config import Config, configure
from aai_migrate.errors import ConnectionLost
from aai_migrate.failures import lost, refused
from aai_migrate.options import Option
from aai_migrate.provider import Context, Numbers, Provider
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused

SAID: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        say.Started,
        say.SpeechStarted,
        say.Partial,
        say.Final,
        say.TurnEnded,
        say.Settled,
        say.AudioTaken,
        say.Finalized,
        say.Configured,
        say.Stopped,
        say.Warned,
    )
}


def written(event: Any) -> str:
    fields = attrs.asdict(event, filter=lambda attribute, _: attribute.name != "raw")
    return json.dumps({"event": type(event).__name__, **fields})


def read(text: str) -> Any:
    fields = json.loads(text)
    cls = SAID[fields.pop("event")]
    if "words" in fields:
        fields["words"] = tuple(say.Word(**word) for word in fields["words"])
    return cls(**fields)


class Client:
    """The client half; ``resumable`` once the vendor gave a session to go back to."""

    def __init__(self, context: Context, *, resumes: bool = False) -> None:
        self._resumes = resumes
        self._over = False
        self._session: str | None = None
        self._seen, self._taken = 0, 0.0
        self.deadline = None

    @property
    def resumable(self) -> bool:
        return self._resumes and self._session is not None

    def send(self, command: ask.Command, now: float) -> list[Frame | say.Event]:
        match command:
            case ask.Start(config):
                self._config = config
                return [Connect("ws://plain/new")]
            case ask.Resume():
                self._over = False
                return [Connect(f"ws://plain/{self._session}?seen={self._seen}&from={self._taken!r}")]
            case ask.Audio(data):
                return [Message(data)]
            case ask.Silence(seconds):
                return [Message(self._config.audio.silence(seconds))]
            case ask.Finalize(id=id_):
                return [Message(json.dumps({"ask": "finalize", "id": id_}))]
            case ask.Configure(id=id_, options=options):
                return [Message(json.dumps({"ask": "configure", "id": id_, "options": dict(options)}))]
        return [Message(json.dumps({"ask": type(command).__name__.lower()}))]

    def receive(self, frame: Frame, now: float) -> list[Frame | say.Event]:
        if self._over:
            return []
        match frame:
            case Connected() if self._session is None:
                config = self._config
                options = {"turn_silence": config.turn_silence, "channels": config.channels}
                audio = attrs.asdict(config.audio)
                return [Message(json.dumps({"ask": "start", "audio": audio, "options": options}))]
            case Message(str() as text):
                try:
                    event = read(text)
                except (ValueError, KeyError):
                    return self._fail(ConnectionLost("plain", "garbled"))
                if isinstance(event, say.Started):
                    self._session = event.session_id
                else:
                    self._seen += 1
                if isinstance(event, say.AudioTaken):
                    self._taken = event.to
                self._over = isinstance(event, say.Stopped)
                return [event]
            case Refused():
                self._session = None
                return self._fail(refused("plain", frame))
            case Lost():
                return self._fail(lost("plain", frame))
            case Close(code, reason):
                return self._fail(ConnectionLost("plain", reason or "closed", code=code))
        return []

    def _fail(self, error: Any) -> list[Frame | say.Event]:
        self._over = True
        return [say.Failed(error)]

    def tick(self, now: float) -> list[Frame | say.Event]:
        return []


class Server:
    """The server half. It outlives a connection: what Resume goes back to, from what the client saw and was told."""

    resumable = True

    def __init__(self, context: Context, *, acknowledges: bool = False, forgets: bool = False) -> None:
        self._context, self._acknowledges, self._forgets = context, acknowledges, forgets
        self._id = context.new_id()
        self._said: list[str] = []
        self._heard = 0
        self._skip = 0
        self.deadline = None

    def send(self, event: say.Event, now: float) -> list[Frame | ask.Command]:
        if isinstance(event, say.Started):
            return [Message(written(attrs.evolve(event, session_id=self._id)))]
        return self._tell(event) if type(event).__name__ in SAID else []

    def _tell(self, event: say.Event) -> list[Frame | ask.Command]:
        self._said.append(written(event))
        return [Message(self._said[-1]), *([Close(1000)] if isinstance(event, say.Stopped) else [])]

    def receive(self, frame: Frame, now: float) -> list[Frame | ask.Command]:
        match frame:
            case Connect(url) if url.endswith("/new"):
                return [Connected()]
            case Connect() if self._forgets:
                return [Refused(404, {}, b"no such session")]
            case Connect(url):
                query = dict(part.split("=") for part in url.partition("?")[2].split("&"))
                self._skip = self._heard - round(float(query["from"]) * self._format.sample_rate) * self._format.frame
                missed = [Message(text) for text in self._said[int(query["seen"]) :]]
                return [Connected(), Message(written(say.Started(session_id=self._id))), *missed]
            case Message(bytes() as data):
                skipped = data[: self._skip]
                self._skip -= len(skipped)
                data = data[len(skipped) :]
                self._heard += len(data)
                taken = say.AudioTaken(self._format.seconds(self._heard))
                return [ask.Audio(data), *(self._tell(taken) if self._acknowledges else [])]
            case Message(str() as text):
                return self._asked(json.loads(text))
        return []

    def _asked(self, item: dict[str, Any]) -> list[Frame | ask.Command]:
        match item["ask"]:
            case "start":
                audio = item["audio"]
                self._format = AudioFormat(**audio)
                formats = {"sample_rate": audio["sample_rate"], "audio_channels": audio["channels"]}
                return [ask.Start(configure({**formats, **item["options"]}))]
            case "finalize":
                return [ask.Finalize(item["id"])]
            case "configure":
                return [ask.Configure(item["id"], item["options"])]
            case "stop":
                return [ask.Stop()]
        return [ask.KeepAlive()]

    def tick(self, now: float) -> list[Frame | ask.Command]:
        return []


CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 11, 1),
    source="this file",
    encodings=("pcm_s16le",),
    sample_rates=range(8_000, 48_001),
    max_channels=4,
)
ROWS = (Option(name="turn_silence", native="silence", hot=True), Option(name="keyterms", native="terms"))


def provider(*, resumes: bool = False, **numbers: Any) -> Provider:
    """Return the vendor with these numbers."""
    return Provider(
        name="plain",
        title="Plain",
        env=None,
        client=lambda context: Client(context, resumes=resumes),
        server=Server,
        capabilities=CAPABILITIES,
        options=ROWS,
        numbers=Numbers(**{"chunk": (0.02, 0.1, 1.0), "ping": None, **numbers}),
    )


def context(seed: int = 0) -> Context:
    """Return a context with counted ids, fixed jitter, and everybody let in."""
    numbers = itertools.count()
    return Context(
        new_id=lambda: f"id-{next(numbers)}", random=random.Random(seed), authenticate=lambda credential: "caller"
    )


def config(**options: Any) -> Config:
    return configure(options)
