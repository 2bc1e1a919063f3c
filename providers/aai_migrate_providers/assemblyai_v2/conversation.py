"""One client's session: what it says becomes commands, events become what it expects to hear.

The rules are those that every known client accepts: ``SessionBegins`` at once, all members of a transcript, one final
an utterance, and ``SessionTerminated`` whatever happens behind ``terminate_session``, since clients wait for it for
ever.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml)
"""

from __future__ import annotations

from attrs import evolve

from aai_migrate.audio.samples import Samples
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Frame, Lost, Message

from . import errors, request
from .errors import CODES, EXPIRED, IDLE, INVALID_JSON, TOO_LONG
from .messages import stamp
from .options import SILENCE
from .parting import Parting, asks_for_the_end, terminated, told, written
from .request import Refusal, Request
from .utterances import Utterances

WAIT = 0.5
"""Seconds for which the first message is waited for, before the provider is asked to begin.

Most providers take the silence that ends an utterance at the beginning only, and clients that want another one than
the vendor's say so first.
"""
IDLE_SECONDS = 60.0
SESSION_SECONDS = 86_400.0
"""How long a session may last: nobody knows how long the vendor's did, and whose lasts a day has been forgotten."""
LONGEST_CHUNK = 2.0

Out = Frame | ask.Command


class Conversation:
    """One session that has been let in; see :class:`~aai_migrate.provider.ServerPeer` for its calls.

    Chunks that are too short for the vendor are taken, as it took them. So is audio that comes faster than it was
    spoken, for how long ever: who is not read has to wait, and what was said is not lost.
    """

    def __init__(self, context: Context, wanted: Request, origin: ask.Origin, now: float) -> None:
        """Begin at *now*."""
        self._context, self._request, self._origin = context, wanted, origin
        self._samples = Samples(wanted.config.audio)
        self._utterances = Utterances()
        self._start_by: float | None = now + WAIT  # None: the provider was asked to begin
        self._expires_at, self._heard_at = now + SESSION_SECONDS, now
        self._end: Refusal | None = None  # what the client is told after the last words
        self._parting: Parting | None = None
        self._stopped = self._terminated = self._over = False

    def begin(self) -> Message:
        """Return the greeting."""
        expires_at = stamp(self._context.epoch + self._expires_at)
        return written(
            {"message_type": "SessionBegins", "session_id": self._context.new_id(), "expires_at": expires_at}
        )

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in v2's own way."""
        if self._parting:
            return [*self._parting.receive(frame)]
        if self._over:
            return []
        out: list[Out] = []
        try:
            match frame:
                case Message(bytes() as data) if not self._stopped:
                    out += self._audio(data, now)
                case Message(str() as text):
                    self._text(text, now, out)
                case Close() | Lost():
                    self._over = True
                    return self._stop()
        except Refusal as fault:
            return [*out, *self._refuse(fault, now), *self._stop()]
        return out

    def _text(self, text: str, now: float, out: list[Out]) -> None:
        """Take a message, into *out*; each has one member, and others are nobody's business.

        Raises:
            Refusal: nobody knows what it means.
        """
        message = values.parse(text)
        if self._stopped:  # nothing is heard any more, but who asks for the end waits for it
            self._terminated = self._terminated or asks_for_the_end(text)
            return
        if message is None:
            raise Refusal(INVALID_JSON, CODES[INVALID_JSON].text)
        known = False
        for name, value in message.items():
            if self._stopped or self._over:
                return
            match name:
                case "audio_data":
                    out += self._audio(request.samples(value), now)
                case _ if name == SILENCE:
                    out += self._silence(request.threshold(value))
                case "force_end_utterance":
                    out += self._finalize() if request.truth(name, value) else []
                case "terminate_session":
                    out += self._terminate(now) if request.truth(name, value) else []
                case _:
                    continue
            known = True
        if not known:
            raise request.unread()

    def _audio(self, data: bytes, now: float) -> list[Out]:
        if not data:
            return []
        if self._request.config.audio.seconds(len(data)) > LONGEST_CHUNK:
            raise Refusal(TOO_LONG, CODES[TOO_LONG].text)
        self._heard_at = now
        whole = self._samples.feed(data)
        return [*self._start(), ask.Audio(whole)] if whole else [*self._start()]

    def _silence(self, seconds: float) -> list[Out]:
        """Change what ends an utterance; before the provider was asked to begin, that is a setting of its session."""
        if self._start_by is None:
            return [ask.Configure(self._context.new_id(), {"turn_silence": seconds})]
        self._request = evolve(self._request, config=evolve(self._request.config, turn_silence=seconds))
        return [*self._start()]

    def _finalize(self) -> list[Out]:
        return [*self._start(), ask.Finalize(self._context.new_id())]

    def _terminate(self, now: float) -> list[Out]:
        """Let the last words come; where nothing was begun, there are none."""
        self._terminated = True
        return self._stop() if self._start_by is None else self._farewell(now)

    def _start(self) -> list[ask.Command]:
        """Ask the provider to begin, once."""
        if self._start_by is None:
            return []
        self._start_by = None
        return [ask.Start(self._request.config, None, self._origin)]

    def _stop(self) -> list[Out]:
        begun, stopped, self._stopped = self._start_by is None, self._stopped, True
        return [ask.Stop()] if begun and not stopped else []

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into v2's words; what v2 cannot say is left out."""
        if self._over:
            return []
        message, created = None, self._context.epoch + now
        match event:
            case say.Partial() if self._request.partials:
                message = self._utterances.partial(event, self._samples.seconds, created)
            case say.Final():
                self._utterances.final(event)
            case say.TurnEnded():
                message = self._utterances.ended(event, self._samples.seconds, created)
            case say.Stopped():
                return self._farewell(now)
            case say.Failed(error):
                self._end = self._end or Refusal(*errors.told(error))
                return self._farewell(now)
        return [written(message)] if message else []

    def _farewell(self, now: float) -> list[Out]:
        """End the session after the last words.

        Who asked for the end is told of it, whatever went wrong, and in the usual way: some clients wait for
        ``SessionTerminated`` for ever, and another close code would be a second error to them.
        """
        if not self._terminated and self._end:
            return self._refuse(self._end, now)
        self._over = True
        out: list[Out] = [told(self._end)] if self._end else []
        if self._request.information:
            seconds = round(self._samples.seconds, 3)
            out.append(written({"message_type": "SessionInformation", "audio_duration_seconds": seconds}))
        return [*out, terminated(), Close(1000)]

    def _refuse(self, fault: Refusal, now: float) -> list[Out]:
        self._over, self._parting = True, Parting(fault, now)
        return [told(fault)]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When the provider has to be asked to begin, or the session is over: for want of audio, or of age."""
        if self._parting:
            return self._parting.deadline
        if self._over or self._stopped:
            return None
        due = (self._start_by, self._heard_at + IDLE_SECONDS, self._expires_at)
        return min(time for time in due if time is not None)

    def tick(self, now: float) -> list[Out]:
        """Do what is due. Last words come before an end."""
        if self._parting:
            return [*self._parting.tick(now)]
        if self._over or self._stopped:
            return []
        out: list[Out] = [*self._start()] if self._start_by is not None and now >= self._start_by else []
        code = EXPIRED if now >= self._expires_at else IDLE if now >= self._heard_at + IDLE_SECONDS else None
        if code is None:
            return out
        self._end = Refusal(code, CODES[code].text)
        return [*out, *self._stop()]
