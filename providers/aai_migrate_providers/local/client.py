"""The client half: a recogniser at the other end of a pipe is spoken to like any vendor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, ConnectionLost, ProtocolError, ProviderError, QuotaExceeded
from aai_migrate.failures import lost, refused
from aai_migrate.options import Flaw, encode, remarks
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused
from aai_migrate.wire.text import joined

from .messages import Heard, Ready, Request, Settings, Utterance, read_answer, request_text
from .settings import MODEL, NAME, OPTIONS, WIRE

Out = list[Frame | say.Event]
State = Literal["new", "dialling", "starting", "open", "stopping", "ended"]


class LocalClient:
    """One session of the embedded recogniser; see :class:`~aai_migrate.provider.ClientPeer`."""

    resumable = False
    deadline: float | None = None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state: State = "new"
        self._settings = Settings()
        self._native: dict[str, Any] = {}
        self._shown: set[int] = set()  # open turns of which a Partial went out

    def send(self, item: ask.Command, now: float) -> Out:
        """Return the frames that *item* becomes.

        Raises:
            ConfigError: ``Start`` asks for what the recogniser cannot do.
            RuntimeError: *item* is out of place, as audio before ``Started`` or after ``Stop``.
        """
        match item:
            case ask.KeepAlive():
                return []
            case ask.Start(config) if self._state == "new":
                return self._start(config)
            case ask.Audio(data) if self._state == "open":
                return [Message(data)]
            case ask.Silence(seconds) if self._state == "open":
                return [Message(WIRE.silence(seconds))]
            case ask.Finalize() if self._state == "open":
                return [_request(item)]
            case ask.Configure(id_) if self._state == "open":
                return [say.Configured(id_, False, f"{NAME} can change nothing in mid-session")]
            case ask.Stop() if self._state == "open":
                self._state = "stopping"
                return [_request(item)]
        raise RuntimeError(f"{type(item).__name__} cannot be sent to a recogniser that is {self._state}")

    def receive(self, frame: Frame, now: float) -> Out:
        """Return what *frame* means; whatever it holds, nothing is raised."""
        if self._state == "ended":
            return []
        match frame:
            case Connected() if self._state == "dialling":
                self._state = "starting"
                return [_request(self._settings)]
            case Message(str(text)) if self._state in ("starting", "open", "stopping"):
                return self._read(text)
            case Lost():
                return self._fail(lost(NAME, frame))
            case Close():
                return self._fail(ConnectionLost(NAME, frame.reason or "the worker ended", code=frame.code))
            case Refused():
                return self._fail(_refused(frame))
        return self._fail(ProtocolError(NAME, f"{type(frame).__name__} while {self._state}"))

    def tick(self, now: float) -> Out:
        """Do nothing: the recogniser has no timers."""
        return []

    def _start(self, config: Config) -> Out:
        if config.audio != WIRE:
            raise ConfigError(f"{NAME} takes {WIRE}, not {config.audio}")
        encoded = encode(evolve(config, on_unsupported="warn"), OPTIONS, NAME)
        said = remarks(config, encoded, _flaws(config), NAME)
        self._native = encoded.native
        self._settings = Settings(**encoded.native)
        self._state = "dialling"
        return [*said, Connect(f"worker:{NAME}")]

    def _read(self, text: str) -> Out:
        try:
            answer = read_answer(text)
        except ValueError as error:
            return self._fail(ProtocolError(NAME, f"unreadable message: {error}"))
        if isinstance(answer, Ready) != (self._state == "starting"):
            return self._fail(ProtocolError(NAME, f"{type(answer).__name__} while {self._state}"))
        match answer:
            case Ready(model):
                return self._started(model)
            case Heard():
                self._shown.add(answer.turn)
                return [_partial(answer)]
            case Utterance():
                return self._ended(answer)
            case say.Stopped() if self._state == "stopping":
                self._state = "ended"
                return [answer]
            case say.Stopped():
                return self._fail(ProtocolError(NAME, "the worker stopped unasked"))
            case say.Settled() | say.Finalized():
                return [answer]
        return [say.Unmapped(answer)]

    def _started(self, model: str) -> Out:
        self._state = "open"
        return [say.Started(session_id=self._context.new_id(), model=model, settings=self._native)]

    def _ended(self, heard: Utterance) -> Out:
        """Commit a finished utterance; one without words takes back what was shown of it."""
        out: Out = []
        end = heard.words[-1].end if heard.words else heard.to
        if heard.words:
            out.append(_final(heard))
        if heard.words or heard.turn in self._shown:
            out.append(say.TurnEnded(turn=heard.turn, at=end, reason=heard.reason))
        self._shown.discard(heard.turn)
        return [*out, say.Settled(heard.to)]

    def _fail(self, error: ProviderError) -> Out:
        self._state = "ended"
        return [say.Failed(error)]


def _flaws(config: Config) -> Iterator[Flaw]:
    """Say what cannot be chosen here."""
    if config.model not in (None, MODEL):
        yield Flaw(f"{NAME} has one model, not {config.model!r}", "leave it out", "unsupported", "model")
    for name in config.extra.get(NAME, ()):
        reason = f"{NAME} has no settings of its own, such as {name}"
        yield Flaw(reason, "leave it out of extra", "unsupported", f"extra.{name}")


def _request(request: Request) -> Message:
    return Message(request_text(request))


def _partial(heard: Heard) -> say.Partial:
    words = _first_of_all(heard.words)
    start, end = (words[0].start, words[-1].end) if words else (None, None)
    return say.Partial(turn=heard.turn, text=joined(words), words=words, start=start, end=end)


def _final(heard: Utterance) -> say.Final:
    words = _first_of_all(heard.words)
    return say.Final(turn=heard.turn, text=joined(words), words=words, start=words[0].start, end=words[-1].end)


def _first_of_all(words: tuple[say.Word, ...]) -> tuple[say.Word, ...]:
    """Return *words* as those of a whole turn: nothing stands before the first."""
    return (evolve(words[0], joiner=""), *words[1:]) if words else ()


def _refused(frame: Refused) -> ProviderError:
    """Return why there is no worker: places come free again, a package that is missing will be missing again."""
    error = refused(NAME, frame)
    if isinstance(error, QuotaExceeded):
        return QuotaExceeded(NAME, error.reason, retryable=True)
    return ConnectionLost(NAME, error.reason, status=frame.status, retryable="pip install" not in error.reason)
