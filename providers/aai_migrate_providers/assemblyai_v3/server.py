"""The server half: what an AssemblyAI v3 client says becomes commands, events become what it expects to hear.

The rules are those that every known client accepts: ``Begin`` at once, whole numbers where clients demand them,
one ``end_of_turn`` a turn, no optional message that was not asked for, ``Termination`` before the close.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api
"""

from __future__ import annotations

from typing import Any

from attrs import define

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import (
    LONGEST_REASON,
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    Lost,
    Message,
    path_of,
)
from aai_migrate.wire.text import spread

from . import door, request
from .errors import INVALID, SEE_ERROR, TOO_LONG, told
from .messages import milliseconds, word_json
from .options import NAME
from .request import RefusalError
from .token import LONGEST_SESSION, PATH

LONGEST_CHUNK = 1.0
LARGEST_MESSAGE = 128 << 10
HEARTBEAT = 5.0
KEPT = 256
"""Ended turns that a revision of speakers is still matched with."""

Out = Frame | ask.Command


@define
class _Turn:
    """What of an open turn is final."""

    text: str = ""
    words: tuple[Word, ...] = ()
    announced: bool = False
    language: str | None = None
    speaker: str | None = None


class Server:
    """One client's v3 session, as a :class:`~aai_migrate.provider.ServerPeer`; or the answer to one request."""

    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._request = request.read({})
        self._turns: dict[Any, _Turn] = {}
        self._orders: dict[Any, int] = {}
        self._ended = 0
        self._rest = b""
        self._received = 0.0  # seconds of audio
        self._opened = self._last = 0.0
        self._beat: float | None = None
        self._ends: float | None = None  # by the client's token
        self._started = self._stopped = self._over = self._announced = False

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in v3's own way."""
        if self._over:
            return []
        try:
            match frame:
                case Connect() if not self._started:
                    return self._connect(frame, now)
                case HttpRequest() if path_of(frame.url).rstrip("/").endswith(PATH):
                    return [door.give(self._context, frame, now)]
                case Message(data) if self._started and not self._stopped:
                    self._last = now
                    return self._control(data, now) if isinstance(data, str) else self._audio(data)
                case Close() | Lost():
                    self._over = True
                    return self._stop()
        except RefusalError as refusal:
            return [*self._refuse(refusal.code, refusal.text), *self._stop()]
        return []

    def _stop(self) -> list[Out]:
        if self._stopped or not self._started:
            return []
        self._stopped = True
        return [ask.Stop()]

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        """Production upgrades first and refuses then, so a refusal is an Error behind the 101."""
        self._opened = self._last = now
        query = request.query(frame.url)
        try:
            guest = door.admit(self._context, frame.headers, query, now)
            wanted = self._request = request.read(query)
        except RefusalError as refusal:
            return [Connected(), *self._refuse(refusal.code, refusal.text)]
        self._started = True
        self._ends = None if guest.session is None else now + guest.session
        self._beat = now + HEARTBEAT if wanted.heartbeat else None
        begin = {
            "type": "Begin",
            "id": self._context.new_id(),
            "expires_at": int(self._context.epoch + now + (guest.session or LONGEST_SESSION)),
            "configuration": {
                "model": wanted.model,
                "mode": query.get("mode", "balanced") if wanted.whole else None,
                "api_version": "2025-05-12",
                "speaker_labels": bool(wanted.config.diarization),
                "redact_pii": bool(wanted.config.pii_redaction),
                "filter_profanity": bool(wanted.config.profanity_filter),
                "domain": query.get("domain"),
                "voice_focus": query.get("voice_focus"),
            },
        }
        origin = ask.Origin(NAME, path_of(frame.url), guest.principal)
        return [Connected(), _message(begin), ask.Start(wanted.config, None, origin)]

    def _audio(self, data: bytes) -> list[Out]:
        fmt = self._request.config.audio
        if len(data) > LARGEST_MESSAGE:
            raise RefusalError(1009, "Message too big")
        seconds = fmt.seconds(len(data))
        if seconds > LONGEST_CHUNK:
            why = f"Input Duration Violation: {seconds * 1000:.1f} ms. Expected between 50 and 1000 ms"
            raise RefusalError(3007, f"Input Duration Error: {why}")
        data = self._rest + data
        whole = len(data) - len(data) % fmt.frame
        data, self._rest = data[:whole], data[whole:]
        self._received += fmt.seconds(len(data))
        return [ask.Audio(data)] if data else []

    def _control(self, text: str, now: float) -> list[Out]:
        message = values.parse(text)
        if message is None:
            raise RefusalError(3006, f"{INVALID}: Invalid JSON: expected an object")
        match message.get("type"):
            case "Terminate":
                return self._stop()
            case "ForceEndpoint":
                return [ask.Finalize(self._context.new_id())]
            case "KeepAlive":
                return [ask.KeepAlive()]
            case "UpdateConfiguration":
                return self._update(message, now)
            case str() as other:
                raise RefusalError(3006, f"Invalid Message Type: {other}"[:200])
        raise RefusalError(3006, f"Invalid Message: {text}"[:200])

    def _update(self, message: dict[str, Any], now: float) -> list[Out]:
        self._request, options = request.update(self._request, message)
        if not self._request.heartbeat:
            self._beat = None
        elif self._beat is None:
            self._beat = now + HEARTBEAT
        return [ask.Configure(self._context.new_id(), options)] if options else []

    def _refuse(self, code: int, text: str) -> list[Out]:
        """Clients of 2025 read the close reason only, newer ones the Error."""
        self._over = True
        text = values.readable(text)
        reason = text if len(text.encode()) <= LONGEST_REASON else SEE_ERROR
        return [_message({"type": "Error", "error_code": code, "error": text}), Close(code, reason)]

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into v3's words; what v3 cannot say is left out."""
        if self._over:
            return []
        match event:
            case say.SpeechStarted(at):
                if not self._request.whole or self._turns or self._announced:
                    return []
                self._announced = True
                return [_speech(at)]
            case say.Partial():
                return self._partial(event)
            case say.Final():
                self._final(event)
            case say.TurnEnded():
                return self._end(event)
            case say.Revised():
                return self._revised(event)
            case say.Stopped():
                return self._termination(now)
            case say.Failed(error):
                return self._refuse(*told(error))
        return []

    def _partial(self, event: say.Partial) -> list[Out]:
        turn = self._turns.get(event.turn) or _Turn()
        if not self._request.partials or not (turn.text + event.text).strip():
            return []
        self._turns[event.turn] = turn
        whole = self._request.whole
        words = [word_json(word, final=not whole) for word in turn.words]
        done, text = turn.text, event.text[: len(event.text) - len(event.text.lstrip())]
        for index, word in enumerate(_words(event)):
            text += (word.joiner if index else "") + word.text
            final = not whole and len(text) <= event.stable
            done = turn.text + text if final else done
            words.append(word_json(word, final=final))
        transcript = turn.text + event.text if whole else done
        return [*self._first(turn, event.start), self._turn(self._order(event.turn), transcript, words, end=False)]

    def _final(self, event: say.Final) -> None:
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.text += event.text
        turn.words += _words(event)
        turn.language, turn.speaker = event.language or turn.language, event.speaker or turn.speaker

    def _first(self, turn: _Turn, start: float | None) -> list[Out]:
        """A Universal-3 client waits for SpeechStarted before a turn's first words."""
        if turn.announced or not self._request.whole:
            return []
        announced, self._announced, turn.announced = self._announced, False, True
        return [] if announced else [_speech(start or 0.0)]

    def _end(self, event: say.TurnEnded) -> list[Out]:
        turn = self._turns.pop(event.turn, None)
        if turn is None or not turn.text.strip():
            return []
        words = [word_json(word, final=True) for word in turn.words]
        order, self._ended = self._ended, self._ended + 1
        self._orders[event.turn] = order
        if len(self._orders) > KEPT:
            del self._orders[next(iter(self._orders))]
        said: dict[str, Any] = {}
        if turn.language:
            said |= {"language_code": turn.language, "language_confidence": 1.0}
        if turn.speaker:
            said |= {"speaker_label": turn.speaker}
        message = self._turn(order, turn.text, words, end=True, confidence=values.unit(event.confidence), **said)
        return [*self._first(turn, turn.words[0].start if turn.words else None), message]

    def _order(self, key: Any) -> int:
        """Orders count ended turns; an open turn's is the one it would have if those before it ended first."""
        return self._ended + list(self._turns).index(key)

    def _turn(
        self,
        order: int,
        transcript: str,
        words: list[dict[str, Any]],
        *,
        end: bool,
        confidence: float = 0.0,
        **said: Any,
    ) -> Message:
        return _message(
            {
                "turn_order": order,
                "turn_is_formatted": end and self._request.formatted,
                "end_of_turn": end,
                "transcript": transcript,
                "end_of_turn_confidence": confidence,
                "words": words,
                "utterance": transcript if end else "",
                **said,
                "type": "Turn",
            }
        )

    def _revised(self, event: say.Revised) -> list[Out]:
        """Only speakers can be revised, and only where they were asked for: strict clients know no more."""
        order = self._orders.get(event.turn)
        if order is None or event.speaker is None or not self._request.config.diarization:
            return []
        words = [word_json(word, final=True) for word in event.words]
        revision = {"turn_order": order, "speaker_label": event.speaker, "words": words}
        return [_message({"type": "SpeakerRevision", "revisions": [revision]})]

    def _termination(self, now: float) -> list[Out]:
        self._over = True
        ended = {
            "type": "Termination",
            "audio_duration_seconds": round(self._received),
            "session_duration_seconds": round(now - self._opened),
        }
        return [_message(ended), Close(1000, "Session Ended")]

    # Time.

    @property
    def _silent_to(self) -> float | None:
        """When a client has said nothing for too long; one that waits for the end has nothing to say."""
        limit = self._request.inactivity
        return None if limit is None or self._stopped else self._last + limit

    @property
    def deadline(self) -> float | None:
        """When the next heartbeat is due, or the end for want of messages or by the client's token."""
        due = [time for time in (self._silent_to, self._beat, self._ends) if time is not None]
        return None if self._over else min(due, default=None)

    def tick(self, now: float) -> list[Out]:
        """Send what is due."""
        if self._over:
            return []
        if self._ends is not None and now >= self._ends:
            return [*self._refuse(*TOO_LONG), *self._stop()]
        if self._silent_to is not None and now >= self._silent_to:
            limit = f"{self._request.inactivity:g} seconds"
            text = f"Session terminated due to inactivity: No messages received for {limit}"
            return [*self._refuse(3006, text), *self._stop()]
        if self._beat is None or now < self._beat:
            return []
        self._beat += HEARTBEAT
        elapsed = now - self._opened
        beat = {
            "type": "Heartbeat",
            "total_audio_received_ms": milliseconds(self._received),
            "total_duration_ms": milliseconds(elapsed),
            "realtime_factor": round(self._received / elapsed, 3),
        }
        return [_message(beat)]


def _message(value: dict[str, Any]) -> Message:
    return Message(values.dumps(value))


def _speech(at: float) -> Message:
    return _message({"type": "SpeechStarted", "timestamp": milliseconds(at), "confidence": 1.0})


def _words(event: say.Partial | say.Final) -> tuple[Word, ...]:
    return event.words or spread(event.text, event.start, event.end)
