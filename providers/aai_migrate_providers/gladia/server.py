"""The server half: what a Gladia client says becomes commands, events become what it expects to hear.

One object is a whole session, over all its connections: a client that loses one dials the same URL again, sends what
it does not know to have arrived, and is told what it may not have read.

Sources: https://docs.gladia.io/api-reference/v2/live/init, https://docs.gladia.io/api-reference/v2/live/websocket
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, HttpRequest, Lost, Message, Ping, Pong, Refused

from . import door, replies
from .door import session_of
from .intake import Intake
from .options import NAME
from .request import Request
from .transcription import Transcription
from .unread import Unread
from .utterances import Said, Utterances

__all__ = ["Server", "session_of"]

LARGEST_MESSAGE = 1 << 20
"""Characters of a text, or bytes."""
GRACE = 30.0
"""Seconds that a session waits for its client to come back."""
IDLE = 60.0
"""Seconds without a message after which a connected client has stopped."""
RETURNED = 25.0
"""Seconds after which a client has stopped that came back and says nothing: its stop was lost with the connection, and
the vendor's own clients do not repeat it. Who only pauses has to say so; our client half does every 20 seconds."""
STOPPED = "The recording has stopped"
GOODBYE = Close(1000, "Session ended")

Out = Frame | ask.Command


class Server:
    """One client's live session, as a :class:`~aai_migrate.provider.ServerPeer`; or the answer to one request."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._session: _Session | None = None

    @property
    def resumable(self) -> bool:
        """Whether another connection may go on with the session."""
        return self._session is not None and not self._session.over

    @property
    def deadline(self) -> float | None:
        """When a client counts as silent, or as gone."""
        return self._session.deadline if self._session else None

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in the vendor's own way."""
        if isinstance(frame, Connect):
            return self._connect(frame, now)
        if self._session:
            return self._session.receive(frame, now)
        return [door.respond(self._context, frame, now)] if isinstance(frame, HttpRequest) else []

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into the vendor's words; what it cannot say is left out."""
        return self._session.send(event, now) if self._session else []

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        return self._session.tick(now) if self._session else []

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        path, session = door.place(frame.url), self._session
        try:
            shown = door.passed(self._context, frame)
            expired = session is None and self._context.epoch + now - shown.issued > door.LIFETIME
            if expired or (session and (session.over or session.name != shown.session)):
                raise door.Refusal(403, door.UNKNOWN)
        except door.Refusal as refusal:
            body = door.fault(self._context, refusal, path, now)
            return [Refused(refusal.status, dict(replies.JSON), body)]
        if session:
            return session.reconnect(now)
        self._session = _Session(shown.session, shown.request, self._context.epoch, now)
        origin = ask.Origin(NAME, path, shown.principal)
        return [Connected(), ask.Start(shown.request.config, None, origin)]


class _Session:
    """A session that has begun.

    Attributes:
        name: its identifier.
        over: nothing more is heard or said.
    """

    def __init__(self, name: str, request: Request, epoch: float, now: float) -> None:
        self.name, self.over = name, False
        self._request = request
        self._envelope = replies.Envelope(name, epoch)
        self._intake = Intake(request)
        self._utterances = Utterances(request)
        self._transcription = Transcription()
        self._unread = Unread()
        self._settled: dict[int, float] = {}
        self._begun = self._since = now  # of the session; of what the deadline waits for
        self._connected = True
        self._patience = IDLE
        self._recording = self._stopped = self._given_up = self._ended = False

    # The connection.

    def reconnect(self, now: float) -> list[Out]:
        """Go on with another connection: what may not have been read comes first."""
        self._connected, self._given_up, self._since, self._patience = True, False, now, RETURNED
        self._intake.reconnected()
        return [Connected(), *self._unread.again(), *([GOODBYE] if self._ended else [])]

    def _park(self, now: float) -> None:
        self._connected, self._since = False, now

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame of the connection."""
        if self.over:
            return []
        if isinstance(frame, Pong):
            self._unread.read(frame.data)
            self._intake.answered(frame.data)
        if not self._connected:
            return []
        match frame:
            case Message(data):
                return self._message(data, now)
            case Close(code) if code == 1000 or (self._ended and code is None):
                self.over = True
                return self._stop()
            case Close() | Lost():
                self._park(now)
        return []

    def _message(self, data: str | bytes, now: float) -> list[Out]:
        if self._ended:
            return []
        if len(data) > LARGEST_MESSAGE:
            self._park(now)
            return [Close(1009, "Message too big")]
        self._since, self._patience = now, IDLE
        if isinstance(data, bytes):
            return self._audio(data, now)
        message = values.parse(data) or {}
        if message.get("type") == "stop_recording":
            return self._stop_recording(now)
        if message.get("type") != "audio_chunk":
            return []
        chunk = values.mapping(message.get("data")).get("chunk")
        try:
            return self._audio(b64decode(chunk if isinstance(chunk, str) else "?", validate=True), now)
        except ValueError:
            return self._ack(replies.not_taken("data.chunk is not base64"), now)

    # Audio.

    def _audio(self, data: bytes, now: float) -> list[Out]:
        if self._stopped:
            return self._ack(replies.not_taken(STOPPED), now)
        chunk = self._intake.feed(data)
        out: list[Out] = []
        if not data:
            out.append(ask.KeepAlive())
        elif not self._recording:
            self._recording = True
            out += self._lifecycle({"type": "start_recording"}, now)
        if chunk.audio:
            out.append(ask.Audio(chunk.audio))
        ping = self._intake.ask() if self._request.acks else None
        out += self._ack(replies.taken(chunk.start, chunk.end, chunk.begin, chunk.until), now)
        return [*out, Ping(ping)] if ping else out

    def _stop_recording(self, now: float) -> list[Out]:
        stop = self._stop()
        duration = self._intake.seconds
        left = duration - min(self._settled.values(), default=0.0)
        return [*self._ack(replies.stopping(duration, max(0.0, left)), now), *stop]

    def _stop(self) -> list[Out]:
        if self._stopped:
            return []
        self._stopped = True
        rest = self._intake.rest()
        return [*([ask.Audio(rest)] if rest else []), ask.Stop()]

    # What the client hears.

    def _say(self, message: dict[str, Any], now: float) -> list[Out]:
        return [Message(self._envelope.write(message, now))] if self._connected else []

    def _keep(self, message: dict[str, Any], now: float) -> list[Out]:
        """Say what must arrive, now or on another connection."""
        frames = self._unread.add(self._envelope.write(message, now))
        return [*frames] if self._connected else []

    def _ack(self, message: dict[str, Any], now: float) -> list[Out]:
        return self._say(message, now) if self._request.acks else []

    def _lifecycle(self, message: dict[str, Any], now: float) -> list[Out]:
        return self._say(message, now) if self._request.lifecycle else []

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of *event*."""
        if self.over or self._ended:
            return []
        match event:
            case say.Settled(to, channel):
                self._settled[channel] = to
            case say.Stopped():
                return self._end(now)
            case say.Failed(error):
                out = self._told(self._utterances.rest(), now)
                self.over = True
                return [*out, Close(*replies.told(error))] if self._connected else []
        return self._told(self._utterances.hear(event), now)

    def _told(self, items: list[Said], now: float) -> list[Out]:
        out: list[Out] = []
        for said in items:
            if said.final:
                self._transcription.add(said.final)
            if said.wanted:
                out += (self._keep if said.final else self._say)(said.message, now)
        return out

    def _end(self, now: float) -> list[Out]:
        """Say the last words; where nobody listens they wait for another connection."""
        out = self._told(self._utterances.rest(), now)
        last, duration = [], self._intake.seconds
        if self._request.lifecycle:
            last.append(replies.end_recording(duration))
        if self._request.post:
            whole, channels = self._transcription.value(), self._request.config.audio.channels
            last.append(replies.post_transcript(whole))
            last.append(replies.post_final(whole, duration, channels, now - self._begun))
        if self._request.lifecycle:
            last.append({"type": "end_session"})
        for message in last:
            out += self._keep(message, now)
        self._ended = self._stopped = True
        if not self._connected:
            self.over = self._given_up
            return []
        self._since = now
        return [*out, GOODBYE]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When a client that has gone does not come back, or one that is there has said nothing for too long."""
        if self.over:
            return None
        if self._ended or not self._connected:
            return None if self._given_up and not self._ended else self._since + GRACE
        return None if self._stopped else self._since + self._patience

    def tick(self, now: float) -> list[Out]:
        """Stop for a client that does not, and end a session that nobody goes on with."""
        if self.deadline is None or now < self.deadline:
            return []
        if self._ended:
            self.over = True
            return []
        if self._connected:
            return self._stop_recording(now)
        self._given_up = True
        return self._stop()
