"""The server half: what an AssemblyAI v3 client says becomes commands, events become what it expects to hear.

The rules are those that every known client accepts: ``Begin`` at once, whole numbers where clients demand them, one
``end_of_turn`` a turn, no optional message that was not asked for, ``Termination`` before the close.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import define

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AaiMigrateError
from aai_migrate.options import decode
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message

from . import messages
from .errors import SEE_ERROR, told
from .options import NAME, OPTIONS, U3, family, flag

DEFAULT_MODEL = "universal-streaming-english"
"""What the vendor's specification serves a client that names no model."""
SESSION_SECONDS = 10_800
LONGEST_CHUNK = 1.0
LARGEST_MESSAGE = 128 << 10
HEARTBEAT = 5.0
ALIASES = {
    "min_end_of_turn_silence_when_confident": "min_turn_silence",
    "keyterms": "keyterms_prompt",
    "_customer_support_audio_capture": "customer_support_audio_capture",
}
OURS = frozenset({"sample_rate", "encoding", "speech_model", "token"})

Out = Frame | ask.Command


class _Refusal(Exception):
    """A parameter or a message that v3 answers with an Error and a close."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@define
class _Turn:
    """What an open turn has said so far."""

    text: str = ""
    words: tuple[Word, ...] = ()
    tail: say.Partial | None = None
    announced: bool = False
    language: str | None = None
    speaker: str | None = None


class Server:
    """One client's v3 session, as a :class:`~aai_migrate.provider.ServerPeer`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turns: dict[Any, _Turn] = {}
        self._orders: dict[Any, int] = {}
        self._ended = 0
        self._rest = b""
        self._received = 0.0  # seconds of audio
        self._opened = self._last = 0.0
        self._stopped = self._over = self._announced = False
        self._inactivity: float | None = None
        self._heartbeat: float | None = None

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in v3's own way."""
        if self._over:
            return []
        self._last = now
        try:
            match frame:
                case Connect():
                    return self._connect(frame, now)
                case Message(data):
                    return self._control(data, now) if isinstance(data, str) else self._audio(data)
                case Close() | Lost():
                    self._over = True
                    return [] if self._stopped else [ask.Stop()]
        except _Refusal as refusal:
            return self._refuse(refusal.code, refusal.text)
        return []

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        """Production upgrades first and refuses then, so a refusal is an Error behind the 101."""
        self._opened = now
        parts = urlsplit(frame.url)
        query = {ALIASES.get(k, k): v for k, v in parse_qsl(parts.query, keep_blank_values=True)}
        try:
            principal = self._principal(frame, query)
            config = self._config(query)
        except _Refusal as refusal:
            return [Connected(), *self._refuse(refusal.code, refusal.text)]
        begin = {
            "type": "Begin",
            "id": self._context.new_id(),
            "expires_at": int(self._context.epoch + now) + SESSION_SECONDS,
            "configuration": {
                "model": config.model,
                "mode": query.get("mode", "balanced") if self._family == U3 else None,
                "api_version": "2025-05-12",
                "speaker_labels": bool(config.diarization),
                "redact_pii": bool(config.pii_redaction),
                "filter_profanity": bool(config.profanity_filter),
                "domain": query.get("domain"),
                "voice_focus": query.get("voice_focus"),
            },
        }
        origin = ask.Origin(NAME, parts.path, principal)
        return [Connected(), _message(begin), ask.Start(config, None, origin)]

    def _principal(self, frame: Connect, query: dict[str, str]) -> str:
        header = next((v for k, v in frame.headers.items() if k.lower() == "authorization"), "")
        shown = header or query.get("token", "")
        if not shown:
            raise _Refusal(1008, "Unauthorized Connection: Missing Authorization header")
        kind = "token" if query.get("token") and not header else "key"
        principal = self._context.authenticate(Credential(Secret(shown), "token" if kind == "token" else "key"))
        if principal is None:
            raise _Refusal(1008, "Unauthorized Connection: Invalid API key")
        return principal

    def _config(self, query: dict[str, str]) -> Config:
        model = query.get("speech_model") or DEFAULT_MODEL
        self._family = family(model)
        self._partials = _flag(query, "include_partial_turns", default=not _flag(query, "redact_pii", default=False))
        self._formatted = self._family == U3 or _flag(query, "format_turns", default=False)
        self._inactivity = _number(query, "inactivity_timeout", 5, 3600)
        self._heartbeat = HEARTBEAT if _flag(query, "session_heartbeat", default=False) else None
        encoding = query.get("encoding", "pcm_s16le")
        if encoding not in ("pcm_s16le", "pcm_mulaw"):
            raise _invalid("encoding", "expected pcm_s16le or pcm_mulaw")
        rate = _number(query, "sample_rate", 8_000, 192_000)
        self._audio_format = AudioFormat(16_000 if rate is None else int(rate), encoding)  # type: ignore[arg-type]
        options = self._options(query)
        rows = {row.native for row in OPTIONS}
        extra = {k: v for k, v in query.items() if k not in rows | OURS}
        try:
            return Config(model=model, audio=self._audio_format, extra={NAME: extra} if extra else {}, **options)
        except AaiMigrateError as error:
            raise _invalid("parameters", str(error)) from None

    def _options(self, native: dict[str, Any]) -> dict[str, Any]:
        try:
            options = decode(native, [row for row in OPTIONS if not row.models or self._family in row.models], NAME)
        except AaiMigrateError as error:
            raise _invalid(getattr(error, "code", "parameters"), getattr(error, "reason", str(error))) from None
        for row in OPTIONS:
            if row.name in options and row.native and options[row.name] not in (None, ()):
                wrong = row.check(options[row.name])
                if wrong:
                    raise _invalid(row.native, wrong)
        return {name: value for name, value in options.items() if value not in (None, ())}

    def _audio(self, data: bytes) -> list[Out]:
        if len(data) > LARGEST_MESSAGE:
            raise _Refusal(1009, "Message too big")
        seconds = self._audio_format.seconds(len(data))
        if seconds > LONGEST_CHUNK:
            raise _Refusal(
                3007,
                f"Input Duration Error: Input Duration Violation: {seconds * 1000:.1f} ms. "
                "Expected between 50 and 1000 ms",
            )
        if self._stopped:
            return []
        data = self._rest + data
        whole = len(data) - len(data) % self._audio_format.frame
        data, self._rest = data[:whole], data[whole:]
        self._received += self._audio_format.seconds(len(data))
        return [ask.Audio(data)] if data else []

    def _control(self, text: str, now: float) -> list[Out]:
        message = messages.parse(text)
        if message is None:
            raise _Refusal(3006, "User Input Validation Error: Invalid JSON: expected an object")
        match message.get("type"):
            case _ if self._stopped:
                return []
            case "Terminate":
                self._stopped = True
                return [ask.Stop()]
            case "ForceEndpoint":
                return [ask.Finalize(self._context.new_id())]
            case "KeepAlive":
                return [ask.KeepAlive()]
            case "UpdateConfiguration":
                changes = {ALIASES.get(k, k): v for k, v in message.items() if v is not None}
                options = self._options(changes)
                if "formatting" in options:
                    self._formatted = self._family == U3 or options["formatting"]
                return [ask.Configure(self._context.new_id(), options)] if options else []
            case other:
                raise _Refusal(3006, f"Invalid Message Type: {other}"[:200])

    def _refuse(self, code: int, text: str) -> list[Out]:
        """Clients of 2025 read the close reason only, newer ones the Error."""
        self._over = True
        reason = text if len(text.encode()) <= 123 else SEE_ERROR
        out: list[Out] = [_message({"type": "Error", "error_code": code, "error": text}), Close(code, reason)]
        return out if self._stopped else [*out, ask.Stop()]

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into v3's words; what v3 cannot say is left out."""
        if self._over:
            return []
        match event:
            case say.SpeechStarted(at):
                if self._family != U3 or self._turns:
                    return []
                self._announced = True
                return self._speech(at)
            case say.Partial():
                return self._partial(event)
            case say.Final():
                turn = self._turns.setdefault(event.turn, _Turn())
                turn.text, turn.words, turn.tail = turn.text + event.text, turn.words + event.words, None
                turn.language, turn.speaker = event.language, event.speaker
                return []
            case say.TurnEnded():
                return self._end(event)
            case say.Revised():
                return self._revised(event)
            case say.Stopped():
                return self._termination(now)
            case say.Failed(error):
                return self._refuse(*told(error))
        return []

    def _speech(self, at: float) -> list[Out]:
        return [_message({"type": "SpeechStarted", "timestamp": messages.milliseconds(at), "confidence": 1.0})]

    def _partial(self, event: say.Partial) -> list[Out]:
        turn = self._turns.setdefault(event.turn, _Turn())
        turn.tail = event
        if not self._partials:
            return []
        final = turn.text + event.text[: event.stable]
        words = [messages.word_json(word, final=True) for word in turn.words]
        length = 0
        for index, word in enumerate(event.words):
            length += len(word.text) + (len(word.joiner) if index or turn.text else 0)
            words.append(messages.word_json(word, final=length <= event.stable))
        transcript = turn.text + event.text if self._family == U3 else final
        message = self._message(event.turn, transcript, words, end=False)
        return [*self._first(turn, event.start), message]

    def _first(self, turn: _Turn, start: float | None) -> list[Out]:
        """A Universal-3 client waits for SpeechStarted before a turn's first words."""
        if turn.announced or self._family != U3:
            return []
        turn.announced, told, self._announced = True, self._announced, False
        return [] if told else self._speech(start or 0.0)

    def _end(self, event: say.TurnEnded) -> list[Out]:
        turn = self._turns.get(event.turn)
        if turn is None or not turn.text.strip():
            self._turns.pop(event.turn, None)
            return []
        words = [messages.word_json(word, final=True) for word in turn.words]
        confidence = 1.0 if event.confidence is None else event.confidence
        message = self._message(
            event.turn, turn.text, words, end=True, confidence=confidence, language=turn.language, speaker=turn.speaker
        )
        first = self._first(turn, turn.words[0].start if turn.words else None)
        self._orders[event.turn] = self._ended + list(self._turns).index(event.turn)
        if len(self._orders) > 256:
            del self._orders[next(iter(self._orders))]
        del self._turns[event.turn]
        self._ended += 1
        return [*first, message]

    def _message(
        self,
        key: Any,
        transcript: str,
        words: list[dict[str, Any]],
        *,
        end: bool,
        confidence: float = 0.0,
        language: str | None = None,
        speaker: str | None = None,
    ) -> Message:
        message: dict[str, Any] = {
            "turn_order": self._ended + list(self._turns).index(key),
            "turn_is_formatted": end and self._formatted,
            "end_of_turn": end,
            "transcript": transcript,
            "end_of_turn_confidence": confidence,
            "words": words,
            "utterance": transcript if end else "",
        }
        if language:
            message |= {"language_code": language, "language_confidence": 1.0}
        if speaker:
            message["speaker_label"] = speaker
        return _message(message | {"type": "Turn"})

    def _revised(self, event: say.Revised) -> list[Out]:
        order = self._orders.get(event.turn)
        if order is None or event.speaker is None:
            return []
        words = [messages.word_json(word, final=True) for word in event.words]
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
    def deadline(self) -> float | None:
        """When the next heartbeat, or the end for want of messages, is due."""
        due = [self._last + self._inactivity] if self._inactivity else []
        due += [self._heartbeat + self._opened] if self._heartbeat else []
        return None if self._over else min(due, default=None)

    def tick(self, now: float) -> list[Out]:
        """Send what is due."""
        if self._over:
            return []
        if self._inactivity and now >= self._last + self._inactivity:
            return self._refuse(
                3006,
                f"Session terminated due to inactivity: No messages received for {self._inactivity:g} seconds",
            )
        if self._heartbeat and now >= self._heartbeat + self._opened:
            self._heartbeat += HEARTBEAT
            elapsed = now - self._opened
            beat = {
                "type": "Heartbeat",
                "total_audio_received_ms": messages.milliseconds(self._received),
                "total_duration_ms": messages.milliseconds(elapsed),
                "realtime_factor": round(self._received / elapsed, 3) if elapsed else 0.0,
            }
            return [_message(beat)]
        return []


def _message(value: dict[str, Any]) -> Message:
    return Message(messages.dumps(value))


def _invalid(name: object, why: str) -> _Refusal:
    return _Refusal(3006, f"User Input Validation Error: Invalid '{name}': {why}")


def _flag(query: dict[str, str], name: str, *, default: bool) -> bool:
    try:
        return flag(query[name]) if name in query else default
    except ValueError as error:
        raise _invalid(name, str(error)) from None


def _number(query: dict[str, str], name: str, least: float, most: float) -> float | None:
    if name not in query:
        return None
    try:
        value = float(query[name])
    except ValueError:
        raise _invalid(name, "expected a number") from None
    if not least <= value <= most:
        raise _invalid(name, f"expected {least:,} to {most:,}")
    return value
