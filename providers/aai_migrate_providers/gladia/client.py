"""The client half: a request first, then a websocket at the address that it is answered with.

A lost connection is made again at the same address: the vendor's session goes on from what it has, see
:mod:`.place`. Where the vendor will not, or what it said meanwhile is lost, the session begins anew.

Sources: https://docs.gladia.io/api-reference/v2/live/init, https://docs.gladia.io/api-reference/v2/live/websocket
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from aai_migrate.config import Config
from aai_migrate.errors import BadRequest, ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import lost
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpResponse,
    Lost,
    Message,
    Refused,
)
from aai_migrate.wire.values import mapping, number, parse, string

from . import messages, token
from .errors import answered, closed
from .opening import Opening, opened
from .options import (
    NAME,
    TURN_SILENCE,
)
from .place import Place
from .turns import LostFinalError, Turns

ANSWER = 1.0
"""Seconds in which the vendor says where it is, before it is asked in another way."""
GOODBYE = 5.0
"""Seconds from the transcript of the whole session to the close that follows it."""
SILENT = 5.0
"""Seconds that the vendor may say nothing after a stop, in a session that was gone back to: it may be over."""
AHEAD = 1.5
"""Seconds of audio that the vendor may still have to answer when a connection is lost. Speech in what it has to answer
has shown itself before it is over; in more than that, whole utterances would have come and gone unseen."""
QUIET = 10.0
"""Seconds without a message after the answer to the stop, in which everything has been said that comes."""
STUMBLES = 3
"""Connections in a row that a session may lose, or be refused for the time being, before it has taken anything."""
LARGEST = 512 * 1024
"""Bytes of audio in one message: in base64 they keep below the 1 MiB that the vendor takes."""
MOST_HELD = 1000
"""Messages that may come before the vendor says where it is."""

Out = Frame | say.Event
State = Literal["idle", "asking", "dialling", "probing", "live", "over"]


class Client:
    """One session of the vendor, as a :class:`~aai_migrate.provider.ClientPeer`."""

    def __init__(self, context: Context) -> None:
        self._config = Config()
        self._body: dict[str, Any] = {}
        self._settings: dict[str, Any] = {}
        self._url: str | None = None  # None: there is no session that could be gone back to
        self._id: str | None = None
        self._state: State = "idle"
        self._binary = self._begun = self._stopped = False
        self._resumed = self._whole = False  # whether a connection was lost; whether the whole transcript came
        self._spoke = False  # whether the vendor said anything at all
        self._heeded = False  # whether the vendor is known to have the stop, and so all audio before it
        self._turns = Turns(TURN_SILENCE)
        self._place = Place(1)
        self._stumbles = 0
        self._answered = 0.0  # seconds of audio that a vendor who listens in real time has answered
        self._last = 0.0  # when it was reckoned
        self._held: list[dict[str, Any]] = []  # what came before it was known where the vendor is
        self._seconds = 0.0  # of audio, by the vendor's count
        self._due: float | None = None
        self._reason = ""  # what the vendor said before it closed

    @property
    def resumable(self) -> bool:
        """Whether the vendor's session may be gone back to: it says what it has, and where somebody speaks."""
        wanted = mapping(self._body.get("messages_config"))
        shown = wanted.get("receive_partial_transcripts") or wanted.get("receive_speech_events") is not False
        return bool(self._url and shown and self._acknowledges)

    @property
    def _acknowledges(self) -> bool:
        """Whether the vendor is to say what audio it has."""
        return mapping(self._body.get("messages_config")).get("receive_acknowledgments") is not False

    @property
    def _summarizes(self) -> bool:
        """Whether the vendor has more to say than what was spoken, and may take its time for it."""
        return mapping(self._body.get("post_processing")).get("summarization") is True

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` asks for what the vendor does not have.
            RuntimeError: anything but ``Start`` and ``Resume`` before ``Started``; ``Resume`` where nothing is;
                ``Finalize``, which is emulated by ``Silence``.
        """
        match command:
            case ask.Start():
                return self._start(command)
            case ask.Resume():
                return self._resume()
            case _ if self._state != "live":
                raise RuntimeError(f"{type(command).__name__} before the session has begun")
            case ask.Audio(data):
                return self._audio(data, now)
            case ask.Silence(seconds):
                return self._audio(self._config.audio.silence(seconds), now)
            case ask.KeepAlive():
                return [Message(messages.audio_chunk(b""))]
            case ask.Stop():
                self._stopped = True
                if self._resumed:
                    self._due = now + SILENT
                return [Message(messages.STOP)]
            case ask.Configure(id=id_):
                return [say.Configured(id_, False, f"{NAME} changes nothing in mid-session")]
        raise RuntimeError("a Finalize is emulated by silence")

    def _audio(self, data: bytes, now: float) -> list[Out]:
        self._listen(now)
        size = LARGEST - LARGEST % self._config.audio.frame
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        for chunk in chunks:
            self._place.send(len(chunk))
        return [*map(self._chunk, chunks), *self._ended_by_silence()]

    def _chunk(self, data: bytes) -> Message:
        return Message(data if self._binary and data else messages.audio_chunk(data))

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        opening = Opening.of(config)
        self._binary, self._body = opening.binary, opening.body
        self._place = Place(config.audio.frame)
        self._settings = opening.settings
        given = start.credential
        if given and given.kind == "token":
            self._url = token.session(given)
            if given.settings is None:
                self._settings = {}
            else:
                self._body = self._settings = dict(given.settings)
            out: list[Out] = [*opening.remarks, *token.fixed(opening, given), Connect(self._url)]
            self._state = "dialling"
        else:
            out = [*opening.remarks, opening.request(given)]
            self._state = "asking"
        self._turns = Turns(number(self._body.get("endpointing")) or TURN_SILENCE)
        return out

    def _resume(self) -> list[Out]:
        if self._url is None:
            raise RuntimeError("there is no session to resume")
        self._state, self._due, self._reason = "dialling", None, ""
        self._held.clear()
        return [Connect(self._url)]

    # Frames.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._state == "over":
            return []
        if self._state == "live":
            self._listen(now)
            if self._whole and self._stopped and isinstance(frame, Close | Lost):  # all was said, however it ends
                return self._finish()
        match frame:
            case Message(data):
                return self._read(data, now)
            case HttpResponse() if self._state == "asking":
                return self._answer(frame)
            case Connected() if self._state == "dialling":
                return self._connected(now)
            case Close(code, reason):
                return self._closed(code, reason, now)
            case Lost():
                if self._state in ("probing", "live"):  # what was never reached says nothing about the session
                    self._stumble()
                return self._fail(lost(NAME, frame))
            case Refused():
                return self._refused(frame)
        return []

    def _answer(self, response: HttpResponse) -> list[Out]:
        try:
            self._url, self._id = opened(self._config, response)
        except ProviderError as error:
            return self._fail(error)
        self._state = "dialling"
        return [Connect(self._url)]

    def _connected(self, now: float) -> list[Out]:
        audio = self._config.audio
        if not self._begun or self._place.reconnect(audio.silence(1 / audio.sample_rate)):
            return self._started(now)
        self._state = "probing"
        return self._probe(now)

    def _probe(self, now: float) -> list[Out]:
        """Ask where the vendor is; where it does not say, what it has is unknown, and another session must begin."""
        chunk = self._place.probe()
        if chunk is None:
            return self._forget("it does not say how much audio it has")
        self._due = now + ANSWER
        return [self._chunk(chunk)]

    def _started(self, now: float) -> list[Out]:
        """Greet, and on a later connection go on with what came before the greeting."""
        out: list[Out] = []
        if self._begun:
            if self._sent > self._answered + AHEAD:
                return self._forget("audio was sent faster than it was spoken, and answers to it may be lost")
            out.append(self._taken())
            self._turns.resume(self._sent)
            self._resumed = True
        self._last = now
        self._state, self._due, self._begun = "live", None, True
        out.append(say.Started(self._id, string(self._body.get("model")), None, " ", self._settings))
        held, self._held = self._held, []
        for message in held:
            if self._state == "live":
                out += self._message(message, now)
        return out

    def _listen(self, now: float) -> None:
        """What was sent before *now* has been listened to for as long as it lasts."""
        self._answered = min(self._sent, self._answered + max(0.0, now - self._last))
        self._last = now

    def _taken(self) -> say.AudioTaken:
        return say.AudioTaken(self._config.audio.seconds(self._place.heard))

    @property
    def _sent(self) -> float:
        """Seconds of audio that were sent."""
        return self._config.audio.seconds(self._place.sent)

    def _read(self, data: str | bytes, now: float) -> list[Out]:
        message = parse(data)
        if message is None:
            return self._fail(ProtocolError(NAME, "the server sent what is no JSON object", retryable=True))
        self._spoke = True
        if message.get("type") == "stop_recording":
            self._heeded = True
        if self._state == "live" and not self._whole:
            self._due = now + QUIET if self._heeded and not self._resumed and not self._summarizes else None
        if message.get("type") == "audio_chunk":
            return self._acknowledged_by(messages.ack(message), now)
        if self._state == "probing":
            if len(self._held) >= MOST_HELD:
                return self._forget("it does not say how much audio it has")
            self._held.append(message)
            return []
        return self._message(message, now) if self._state == "live" else []

    def _message(self, message: dict[str, Any], now: float) -> list[Out]:
        self._stumbles = 0
        match message.get("type"):
            case "transcript":
                said = messages.transcript(message)
                return self._turn(lambda: self._turns.take(said, self._sent)) if said else [say.Unmapped(message)]
            case "speech_start" | "speech_end" as kind:
                return self._speech(kind, mapping(message.get("data")))
            case "post_final_transcript":
                return self._complete(message, now)
            case "error":
                self._reason = messages.error(message)
                return [say.Warned(f"{NAME}:error", self._reason or "an error without a reason")]
        return [say.Unmapped(message)]

    def _speech(self, kind: str, data: Mapping[str, Any]) -> list[Out]:
        at = messages.time(data.get("time"))
        at, channel = self._sent if at is None else at, messages.channel(data)
        if kind == "speech_start":
            return [*self._turns.speech_start(at, channel)]
        return [*self._turns.speech_end(at, channel, self._sent)]

    def _turn(self, take: Callable[[], list[say.Event]]) -> list[Out]:
        """Pass on what *take* finds in a message, unless it finds that an earlier one is missing."""
        try:
            return [*take()]
        except LostFinalError:
            return self._forget("what it said while the connection was down is lost")

    def _ended_by_silence(self) -> list[Out]:
        return self._turn(lambda: self._turns.heard(self._sent))

    def _acknowledged_by(self, ack: messages.Ack, now: float) -> list[Out]:
        self._stumbles = 0
        if self._state == "probing":
            if not ack.accepted and self._stopped:  # after a stop nothing is taken: the stop came after all audio
                self._place.all_taken()
            elif not self._place.found(ack):
                return [] if self._place.asking else self._probe(now)
            return self._started(now)
        if not ack.accepted:
            if self._stopped:
                return []
            reason = f"audio was refused: {ack.reason or 'no reason given'}"
            # What took audio like this before takes no more of it: its time is up, or it is out of order.
            return self._forget(reason) if self._place.taken else self._fail(BadRequest(NAME, reason))
        return [self._taken()] if self._place.acknowledged(ack) else []

    def _complete(self, message: dict[str, Any], now: float) -> list[Out]:
        audio = mapping(mapping(message.get("data")).get("metadata")).get("audio_duration")
        self._seconds, self._whole = messages.time(audio) or self._seconds, True
        self._due = now + GOODBYE
        return [*self._turns.complete(messages.utterances(message)), say.Unmapped(message)]

    # Ends.

    def _closed(self, code: int | None, reason: str, now: float) -> list[Out]:
        if code == 1000 and self._stopped and self._state in ("probing", "live"):
            out: list[Out] = []
            if self._state == "probing":
                self._place.all_taken()
                out = self._started(now)
            return [*out, *(self._finish() if self._state == "live" else [])]
        if code == 1000 or (code is not None and 4400 <= code < 4500):  # it will not take this session back
            self._url = None
        self._stumble()
        return self._fail(closed(code, reason or self._reason, begun=self._begun))

    def _finish(self) -> list[Out]:
        if self._resumed and not self._whole:
            return self._forget("nothing shows whether all was heard that it said meanwhile")
        counts = self._place.taken or (self._acknowledges and not self._spoke)  # else it never says what it has
        if counts and not (self._whole or self._heeded or self._place.certain):
            return self._forget("it ended before it had taken all audio")
        out = self._turn(self._turns.finish)
        if self._state != "live":
            return out
        self._state, self._due = "over", None
        return [*out, say.Stopped("stopped", self._seconds or self._sent)]

    def _refused(self, refused: Refused) -> list[Out]:
        error = answered(refused)
        if not error.retryable:
            self._url = None
        self._stumble()
        return self._fail(error)

    def _stumble(self) -> None:
        """A session that brings nothing any more is not gone back to for ever."""
        self._stumbles += 1
        if self._stumbles > STUMBLES:
            self._url = None

    def _forget(self, why: str) -> list[Out]:
        """Give up the vendor's session: another one hears what this one has not settled."""
        self._url = None
        return self._fail(ConnectionLost(NAME, f"the session cannot be gone on with: {why}"))

    def _fail(self, error: ProviderError) -> list[Out]:
        self._state, self._due = "over", None
        return [say.Failed(error)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When an answer or the close is due."""
        return self._due

    def tick(self, now: float) -> list[Out]:
        """Ask again, or end the session of a vendor that does not."""
        if self._due is None or now < self._due:
            return []
        self._due = None
        if self._state == "probing":
            return self._probe(now)
        if self._turns.open and not self._whole:  # its final may take longer
            return []
        return [Close(1000), *self._finish()]
