"""What the sessions of both paths have in common: the greeting, audio, forced ends, idle clients, the end.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from aai_migrate.audio.container import Undecodable
from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.samples import Samples
from aai_migrate.errors import ProviderError
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Frame, Lost, Message, Ping, Pong

from . import replies
from .errors import Fault, behind, closing
from .request import Request
from .speakers import Speakers

GREETING = 4.0
"""Seconds after which a client is greeted, whether the provider has begun or not: clients give up after 5."""
ANSWER = 0.9
"""Seconds after which a forced end is answered, whether the provider has settled all or not: clients wait for 1."""
MOST_FORCED = 100
"""Forced ends that may be unanswered."""
SILENT, MUTE = 180.0, 3600.0
"""Seconds without any sign of a client, and without audio, after which a session is over."""
FAREWELL = 5.0
"""Seconds that a client may take to close after the last message."""
LARGEST_TEXT = 4 << 20
"""Characters of a text message: a second of audio of the highest rate, or a long vocabulary, is less."""

Out = Frame | ask.Command


@frozen
class _Forced:
    places: Mapping[int, float]  # channels whose end it is, and the seconds of audio of each that came before it
    due: float | None


class Conversation(ABC):
    """One session that has been asked for; see :class:`~aai_migrate.provider.ServerPeer` for its calls.

    A path says in ``_hear`` what becomes of events, in ``_control`` which messages are its own, and in ``_ended`` how
    a forced end is answered.

    Attributes:
        again: whether a forced end that was answered before all was settled is answered once more when it is.
        speakers: who was heard.
    """

    again = False

    def __init__(self, context: Context, request: Request, origin: ask.Origin, now: float) -> None:
        """Begin at *now* with what the client asked for in *request*."""
        self.speakers = Speakers(request.enrolled)
        self._context, self._request = context, request
        self._uplink = _Uplink(request, origin)
        self._samples = Samples(request.audio, ends=request.audio is None)
        self._report = request.report
        self._count = 0  # messages of audio
        self._forced: dict[str, _Forced] = {}
        self._greeted = self._warned = self._over = False
        self._greet_at: float | None = now + GREETING
        self._close_at: float | None = None
        self._alive = self._fed = now

    # What a path says.

    @abstractmethod
    def _hear(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of an event other than the beginning, an answer and the end."""

    @abstractmethod
    def _ended(self, places: Mapping[int, float], *, settled: bool) -> list[Out]:
        """Answer a forced end.

        Args:
            places: the channels that it ends, each with the seconds of its audio that came before.
            settled: whether all words before it are final; else it is answered because the client waits no longer.
        """

    @abstractmethod
    def _rest(self) -> list[Out]:
        """Return what is still to be said when nothing more comes."""

    def _control(self, kind: str, message: Mapping[str, Any], now: float) -> list[Out]:
        """Take a message that is not of both paths."""
        return [replies.warning("unknown_message", f"{kind[:40]!r} is no message of this service: not read")]

    @property
    def _go_on_at(self) -> float | None:
        """When the path has something to do by itself; None: never."""
        return None

    def _go_on(self, now: float) -> list[Out]:
        """Do it."""
        return []

    @property
    def _labels(self) -> Sequence[str]:
        """The labels of channels that are kept apart."""
        return ()

    # The beginning.

    def begin(self, now: float) -> list[Out]:
        """Ask for the session, and greet the client if it has to send a header first."""
        out: list[Out] = [replies.warning(*warning) for warning in self._request.warnings]
        if self._request.audio is None:
            return [*out, *self._greet(now)]
        return [*out, *self._uplink.open(self._request.audio)]

    def _greet(self, now: float) -> list[Out]:
        if self._greeted:
            return []
        self._greeted, self._greet_at = True, None
        self._alive = self._fed = now
        greeting = replies.started(self._context.new_id(), self._request.language, self._labels)
        audio = self._request.audio
        return [greeting, *([replies.quality(audio.sample_rate)] if audio else [])]

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        if isinstance(frame, (Close, Lost)):
            self._over = True
            return self._uplink.stop()
        if self._close_at is not None:
            return []
        if isinstance(frame, (Message, Ping, Pong)):
            self._alive = now
        if not isinstance(frame, Message):
            return []
        try:
            return self._binary(frame.data, now) if isinstance(frame.data, bytes) else self._text(frame.data, now)
        except Undecodable as error:
            return self.refuse(Fault("invalid_audio_type", str(error)))
        except Fault as fault:
            return self.refuse(fault)

    def _binary(self, data: bytes, now: float) -> list[Out]:
        self._hold_off("audio")
        if self._uplink.stopped:
            return self._late()
        self._fed = now
        self._count += 1
        return [replies.added(self._count), *self._feed(data)]

    def _hold_off(self, what: str) -> None:
        if not self._greeted:
            raise Fault("protocol_error", f"{what} came before RecognitionStarted")

    def _late(self) -> list[Out]:
        """Say once that audio behind the end is not heard."""
        warned, self._warned = self._warned, True
        reason = "audio that came after the end of the stream is ignored"
        return [] if warned else [replies.warning("add_audio_after_eos", reason)]

    def _feed(self, data: bytes) -> list[Out]:
        samples = self._samples.feed(data)
        out = self._uplink.open(self._samples.format) if self._samples.format else []
        return [*out, *([ask.Audio(samples)] if samples else [])]

    def _places(self, channel: int | None) -> Mapping[int, float]:
        """Return how much audio of *channel*, or of each, has come."""
        return {0: self._samples.seconds}

    def _text(self, text: str, now: float) -> list[Out]:
        message = values.parse(text) if len(text) <= LARGEST_TEXT else None
        if self._uplink.stopped:
            return self._after_the_end(message)
        if len(text) > LARGEST_TEXT:
            raise Fault("invalid_message", f"a text message has at most {LARGEST_TEXT:,} characters")
        if message is None:
            raise Fault("invalid_message", "a text message must be a JSON object")
        kind = values.string(message.get("message"))
        if kind is None:
            raise Fault("invalid_message", "message must be a string")
        if kind == "StartRecognition":
            raise Fault("protocol_error", "StartRecognition came twice")
        self._hold_off(kind[:40])
        match kind:
            case "EndOfStream":
                return self._stop(now)
            case "ForceEndOfUtterance":
                return self._force(message, now)
            case "GetSpeakers":
                return self._get_speakers(message)
        return self._control(kind, message, now)

    def _after_the_end(self, message: Mapping[str, Any] | None) -> list[Out]:
        return self._late() if message and message.get("message") == "AddChannelAudio" else []

    def _stop(self, now: float) -> list[Out]:
        """Let the last words come; where no audio came, there are none."""
        self._samples.end()
        return self._uplink.stop() or self._farewell(now)

    def _force(self, message: Mapping[str, Any], now: float) -> list[Out]:
        """Ask for the end of an utterance; where in the audio is not looked at, all that came is settled."""
        given = message.get("timestamp")
        if given is not None and ((at := values.number(given)) is None or at < 0):
            raise Fault("invalid_message", "timestamp must be a number of seconds, 0 or more")
        channel = self._channel(message)
        if len(self._forced) >= MOST_FORCED:
            raise Fault("protocol_error", f"{MOST_FORCED} ForceEndOfUtterance are not answered yet")
        id_ = self._context.new_id()
        self._forced[id_] = _Forced(self._places(channel), now + ANSWER)
        return self._uplink.put(ask.Finalize(id_, channel))

    def _channel(self, message: Mapping[str, Any]) -> int | None:
        """Return the number of the channel that *message* names, or None.

        Raises:
            Fault: there is no such channel.
        """
        label = message.get("channel")
        if label is None:
            return None
        if label not in self._labels:
            raise Fault("invalid_message", "channel is none of channel_diarization_labels")
        return self._labels.index(label)

    def _get_speakers(self, message: Mapping[str, Any]) -> list[Out]:
        final = message.get("final", False)
        if not isinstance(final, bool | None):
            raise Fault("invalid_message", "final must be a boolean value")
        if final:
            self._report = True
            return []
        return [replies.speakers(self.speakers.heard)]

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of *event*."""
        if self._over or self._close_at is not None:
            return []
        match event:
            case say.Started():
                return self._greet(now)
            case say.Finalized(id_):
                return self._answer(id_)
            case say.Stopped():
                return self._farewell(now)
            case say.Failed(error):
                return self._failed(error)
        return self._hear(event, now) if self._greeted else []

    def _answer(self, id_: str, *, settled: bool = True) -> list[Out]:
        """Answer a forced end; one that was answered in time, though not all was settled, may be answered again."""
        forced = self._forced.pop(id_, None)
        if forced is None:
            return []
        if self.again and self._uplink.started and not settled:
            self._forced[id_] = evolve(forced, due=None)
        return self._ended(forced.places, settled=settled)

    def _forcing(self, channel: int) -> bool:
        """Say whether a forced end of *channel* waits for its answer."""
        return any(channel in forced.places for forced in self._forced.values())

    # The end.

    def _farewell(self, now: float) -> list[Out]:
        """Say the last words; it is the client that closes."""
        out = [message for id_ in list(self._forced) for message in self._answer(id_)]
        out += self._rest()
        if self._report:
            out.append(replies.speakers(self.speakers.heard))
        self._close_at = now + FAREWELL
        return [*out, replies.end()]

    def _failed(self, error: ProviderError) -> list[Out]:
        """Who has said its last waits for the last message, and some for ever."""
        fault = behind(error)
        self._over = True
        last = [replies.end()] if self._uplink.stopped else []
        return [replies.error(fault), *last, closing(fault)]

    def refuse(self, fault: Fault) -> list[Out]:
        """End what the provider does not know to be over."""
        self._over = True
        return [replies.error(fault), closing(fault), *self._uplink.stop()]

    # Time.

    @property
    def _idle_at(self) -> float | None:
        waits = not self._greeted or self._uplink.stopped
        return None if waits else min(self._alive + SILENT, self._fed + MUTE)

    @property
    def deadline(self) -> float | None:
        """When the greeting, an answer or a close is due, or a client has been silent for too long."""
        if self._over:
            return None
        if self._close_at is not None:
            return self._close_at
        answers: Iterable[float | None] = (forced.due for forced in self._forced.values())
        due = (self._greet_at, self._go_on_at, self._idle_at, *answers)
        return min((time for time in due if time is not None), default=None)

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self._over:
            return []
        if self._close_at is not None:
            if now < self._close_at:
                return []
            self._over = True
            return [Close(1000)]
        out: list[Out] = []
        if self._greet_at is not None and now >= self._greet_at:
            out += self._greet(now)
        if self._go_on_at is not None and now >= self._go_on_at:
            out += self._go_on(now)
        for id_, forced in list(self._forced.items()):
            if forced.due is not None and now >= forced.due:
                out += self._answer(id_, settled=False)
        if self._idle_at is not None and now >= self._idle_at:
            return [*out, *self.refuse(Fault("idle_timeout", "The session has had no audio for too long."))]
        return out


class _Uplink:
    """The commands of one session, from when it is known what audio its client sends.

    Attributes:
        started: whether the session was asked for.
        stopped: whether the client has said its last.
    """

    def __init__(self, request: Request, origin: ask.Origin) -> None:
        self.started = self.stopped = False
        self._config, self._origin = request.config, origin

    def open(self, audio: AudioFormat) -> list[Out]:
        """Ask for the session, once."""
        if self.started:
            return []
        self.started = True
        return [ask.Start(evolve(self._config, audio=audio), None, self._origin)]

    def put(self, command: ask.Finalize | ask.Configure) -> list[Out]:
        """Ask for something behind the audio that came before it; before the session a change is its setting."""
        if self.started:
            return [command]
        if isinstance(command, ask.Configure):
            self._config = evolve(self._config, **command.options)
        return []

    def stop(self) -> list[Out]:
        """Take nothing more; without a session, or once it was asked to stop, there is nothing to ask."""
        stopped, self.stopped = self.stopped, True
        return [ask.Stop()] if self.started and not stopped else []
