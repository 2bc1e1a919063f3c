"""The client half: commands to AssemblyAI v3's frames, its frames to events.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from attrs import define, evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConnectionLost, ProtocolError, ProviderError
from aai_migrate.failures import lost, refused
from aai_migrate.options import encode
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Refused

from . import messages
from .errors import SEE_ERROR, typed
from .options import HOSTS, MODELS, NAME, NATIVE, OPTIONS, U3, family
from .options import DEFAULT_MODEL as DEFAULT_MODEL

HOLD = 2.0
"""Seconds that a raw end waits for its formatted copy, or an end for the end of an earlier turn."""
VERSION = "2025-05-12"
KEPT = 256
"""Ended turns that a late message is still matched with."""

Out = Frame | say.Event


@define
class _Open:
    """A turn that was seen and not yet passed on as ended."""

    shown: bool = False
    last: messages.Turn | None = None
    end: messages.Turn | None = None
    due: float | None = None  # when it is passed on as it is
    ready: bool = False  # its end needs no waiting

    def end_by(self, now: float) -> bool:
        return self.ready or (self.due is not None and self.due <= now)


@define
class _Ended:
    formatted: bool
    guessed: bool  # from a partial, because the end did not come


class Client:
    """One v3 session, as a :class:`~aai_migrate.provider.ClientPeer`."""

    resumable = False

    def __init__(self, context: Context) -> None:
        self._open: dict[int, _Open] = {}
        self._ended: dict[int, _Ended] = {}
        self._finalizing: list[tuple[str, float]] = []
        self._sent = 0.0  # seconds of audio
        self._over = self._begun = False

    # Commands.

    def send(self, command: ask.Command, now: float) -> list[Out]:
        """Put *command* into frames.

        Raises:
            UnsupportedOption, ConfigError: ``Start`` or ``Configure`` asks for what v3 does not have.
            RuntimeError: audio or a control message before ``Started``, or ``Resume``.
        """
        match command:
            case ask.Start():
                return self._start(command)
            case _ if not self._begun:
                raise RuntimeError(f"{type(command).__name__} before the session has begun")
            case ask.Audio(data):
                self._sent += self._config.audio.seconds(len(data))
                return [Message(data)]
            case ask.Silence(seconds):
                self._sent += seconds
                return [Message(self._config.audio.silence(seconds))]
            case ask.Finalize(id=id_):
                self._finalizing.append((id_, self._sent))
                return [_control("ForceEndpoint")]
            case ask.KeepAlive():
                return [_control("KeepAlive")]
            case ask.Configure(id=id_, options=options):
                changes = self._native(evolve(Config(), **options, on_unsupported=self._config.on_unsupported))
                return [_control("UpdateConfiguration", **changes), say.Configured(id_)]
            case ask.Stop():
                return [_control("Terminate")]
        raise RuntimeError("a v3 session cannot be resumed")

    def _start(self, start: ask.Start) -> list[Out]:
        config = self._config = start.config
        self._model = config.model or DEFAULT_MODEL
        self._family = family(self._model)
        out: list[Out] = []
        if self._model not in MODELS:
            out.append(say.Warned("unknown_model", f"{NAME}: model {self._model!r} is not in our table; asked for as it is"))
        defaults = {"sample_rate": config.audio.sample_rate, "encoding": config.audio.encoding}
        formats = self._family != U3 and config.formatting is None and config.formatted_turns != "raw"
        query: dict[str, Any] = {**defaults, "speech_model": self._model}
        if formats:
            query["format_turns"] = True
        encoded = encode(config, OPTIONS, NAME, model=self._model, family=self._family)
        query |= encoded.native
        out += [say.Warned("unsupported", f"{NAME} has no {name}; going on without it") for name in encoded.dropped]
        extra = dict(config.extra.get(NAME, {}))
        unknown = sorted(set(extra) - NATIVE - {row.native for row in OPTIONS})
        out += [say.Warned("unknown_extra", f"{NAME}: {name!r} is not a parameter we know; sent as it is") for name in unknown]
        query |= extra
        self._settings = query
        self._formats = self._family != U3 and bool(query.get("format_turns"))
        headers = {"AssemblyAI-Version": VERSION}
        if start.credential:
            headers["Authorization"] = start.credential.secret.reveal()
        return [*out, Connect(f"{_address(config)}?{urlencode({k: _wire(v) for k, v in query.items()})}", headers)]

    def _native(self, config: Config) -> dict[str, Any]:
        return encode(config, OPTIONS, NAME, model=self._model, family=self._family).native

    # Frames.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Connected():
                return []
            case Message(data):
                return self._message(data, now)
            case Close(code, reason):
                return self._fail(_closed(code, reason, begun=self._begun))
            case Lost():
                return self._fail(lost(NAME, frame))
            case Refused():
                return self._fail(refused(NAME, frame))
        return []

    def _message(self, data: str | bytes, now: float) -> list[Out]:
        message = messages.parse(data) if isinstance(data, str) else None
        if message is None:
            return self._fail(ProtocolError(NAME, "the server sent something that is not JSON text", retryable=True))
        match message.get("type"):
            case "Turn":
                return self._turn(message, now)
            case "Begin":
                return self._begin(message)
            case "SpeechStarted":
                return [say.SpeechStarted(messages.seconds(message.get("timestamp"), self._sent))]
            case "Termination":
                return self._termination(message)
            case "SpeakerRevision":
                return self._speakers(message)
            case "Warning":
                code, text = message.get("warning_code"), messages.string(message.get("warning")) or ""
                return [say.Warned(f"{NAME}:{code}", text)]
            case "Error":
                return self._error(message)
            case None if "error" in message:  # the shape of 2025
                return self._error(message)
        return [say.Unmapped(message)]

    def _begin(self, message: dict[str, Any]) -> list[Out]:
        if self._begun:
            return []
        self._begun = True
        configuration = message.get("configuration")
        served = messages.string(configuration.get("model")) if isinstance(configuration, dict) else None
        if served:
            self._family = family(served)
        return [
            say.Started(
                messages.string(message.get("id")),
                served or self._model,
                messages.number(message.get("expires_at")),
                " ",
                self._settings,
            )
        ]

    def _error(self, message: dict[str, Any]) -> list[Out]:
        code = message.get("error_code")
        text = messages.string(message.get("error")) or "no reason given"
        return self._fail(typed(code if isinstance(code, int) else None, text))

    def _fail(self, error: ProviderError) -> list[Out]:
        """The end: what had ended is passed on, what was open is the replay's."""
        self._over = True
        out: list[Out] = []
        for order in sorted(self._open):
            end = self._open[order].end
            if end is None:
                break
            out += self._emit(order, end)
        return [*out, say.Failed(error)]

    def _termination(self, message: dict[str, Any]) -> list[Out]:
        out: list[Out] = []
        for order in sorted(self._open):
            turn = self._open[order]
            last = turn.end or turn.last
            if last:
                out += self._emit(order, last, reason="stop", guessed=turn.end is None)
        self._over = True
        audio = messages.number(message.get("audio_duration_seconds"))
        session = messages.number(message.get("session_duration_seconds"))
        return [*out, say.Stopped("stopped", audio, session)]

    def _speakers(self, message: dict[str, Any]) -> list[Out]:
        revisions = message.get("revisions")
        out: list[Out] = []
        for item in revisions if isinstance(revisions, list) else ():
            if isinstance(item, dict) and item.get("turn_order") in self._ended:
                words, speaker = messages.words(item.get("words")), messages.string(item.get("speaker_label"))
                out.append(say.Revised(turn=item["turn_order"], words=words, speaker=speaker, raw=message))
        return out

    # Turns: exactly one end each, in order, whatever shape the vendor gives it.

    def _turn(self, message: dict[str, Any], now: float) -> list[Out]:
        turn = messages.turn(message)
        if turn is None:
            return self._fail(ProtocolError(NAME, "the server sent a Turn without turn_order", retryable=True))
        if turn.order in self._ended:
            return self._late(turn)
        state = self._open.setdefault(turn.order, _Open())
        if turn.end:
            return self._end(turn, state, now)
        if state.end:
            return []
        for order, other in self._open.items():
            if order < turn.order and other.end:
                other.due = now
        out = self._pass_on(now)
        partial = self._partial(turn, state)
        return [*out, partial] if partial else out

    def _partial(self, turn: messages.Turn, state: _Open) -> say.Partial | None:
        text, stable = turn.transcript, 0
        if self._family != U3:
            stable = 0 if self._formats else len(text)
            for word in _open_words(turn.words):
                text += (" " if text else "") + word.text
        elif not text:
            text = "".join(word.joiner + word.text for word in turn.words)
        if not text.strip():
            return None
        state.last, state.shown = evolve(turn, transcript=text), True
        words = turn.words
        return say.Partial(
            turn=turn.order,
            text=text,
            words=words,
            start=words[0].start if words else None,
            end=words[-1].end if words else None,
            language=turn.language,
            speaker=turn.speaker,
            stable=stable,
            raw=turn.raw,
        )

    def _end(self, turn: messages.Turn, state: _Open, now: float) -> list[Out]:
        waits = self._formats and not turn.formatted and self._config.formatted_turns == "wait"
        empty = not (turn.transcript.strip() or turn.words)
        if state.end is None or turn.formatted:
            state.end = turn
        state.ready = state.ready or empty or not waits
        state.due = now + HOLD if state.due is None else state.due
        for order, other in self._open.items():
            if order < turn.order and other.due is None:
                other.due = now + HOLD
        return self._pass_on(now)

    def _pass_on(self, now: float) -> list[Out]:
        out: list[Out] = []
        for order in sorted(self._open):
            state = self._open[order]
            if not state.end_by(now):
                break
            last = state.end or state.last
            if last is None:
                del self._open[order]
                continue
            out += self._emit(order, last, guessed=state.end is None)
        return out

    def _emit(
        self, order: int, turn: messages.Turn, *, reason: say.EndReason = "vendor", guessed: bool = False
    ) -> list[Out]:
        state = self._open.pop(order)
        self._ended[order] = _Ended(turn.formatted, guessed)
        if len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]
        words = turn.words
        text = turn.transcript or "".join(word.joiner + word.text for word in words)
        out: list[Out] = []
        at = words[-1].end if words else None
        if text.strip():
            settled = words if not guessed else tuple(evolve(word, is_final=True) for word in words)
            out.append(
                say.Final(
                    turn=order,
                    text=text,
                    words=settled,
                    start=words[0].start if words else None,
                    end=at,
                    language=turn.language,
                    speaker=turn.speaker,
                    confidence=_mean(words),
                    raw=turn.raw,
                )
            )
        answered: list[str] = []
        while self._finalizing and words and self._finalizing[0][1] <= words[0].start:
            answered.append(self._finalizing.pop(0)[0])  # asked before this turn: it found nothing to end
        forced = self._finalizing.pop(0) if self._finalizing and out else None
        if forced:
            answered.append(forced[0])
            reason = "forced" if reason == "vendor" else reason
        if out or state.shown:
            confidence = turn.end_confidence
            out.append(
                say.TurnEnded(
                    turn=order, at=at, reason=reason, confidence=confidence, formatted=turn.formatted, raw=turn.raw
                )
            )
        if at is not None and text.strip():
            # A forced end cuts where we said, yet the last word's end is up to 1.3 s late.
            cut = forced[1] if forced and words[-1].start < forced[1] else at
            out.append(say.Settled(min(at, cut)))
        return [*out, *(say.Finalized(id_) for id_ in answered)]

    def _late(self, turn: messages.Turn) -> list[Out]:
        """A message for a turn that ended: the formatted copy, or the end that came after we gave up."""
        ended = self._ended[turn.order]
        if not turn.end or not (turn.formatted > ended.formatted or ended.guessed):
            return []
        self._ended[turn.order] = _Ended(turn.formatted, False)
        return [
            say.Revised(
                turn=turn.order,
                text=turn.transcript,
                words=turn.words,
                speaker=turn.speaker,
                formatted=turn.formatted,
                raw=turn.raw,
            )
        ]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When the lowest open turn is passed on as it is."""
        if self._over or not self._open:
            return None
        return self._open[min(self._open)].due

    def tick(self, now: float) -> list[Out]:
        """Pass on what has waited long enough."""
        return [] if self._over else self._pass_on(now)


def _control(type_: str, **fields: Any) -> Message:
    return Message(json.dumps({"type": type_, **fields}))


def _address(config: Config) -> str:
    if config.base_url is None:
        return f"wss://{HOSTS[config.region]}/v3/ws"
    parts = urlsplit(config.base_url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/")
    return f"{scheme}://{parts.netloc}{path if path.endswith('/v3/ws') else path + '/v3/ws'}"


def _wire(value: Any) -> str:
    """A query parameter's spelling: booleans as words, lists and objects as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (list, tuple, dict)) else str(value)


def _closed(code: int | None, reason: str, *, begun: bool) -> ProviderError:
    if code in (None, 1000, 1001, 1005):
        when = "in mid-session" if begun else "before it began"
        return ConnectionLost(NAME, f"the server closed the connection {when}", code=code)
    return typed(code, "the server closed the connection" if reason in ("", SEE_ERROR) else reason)


def _open_words(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The trailing words that the transcript does not hold yet."""
    count = len(words)
    while count and not words[count - 1].is_final:
        count -= 1
    return words[count:]


def _mean(words: tuple[Word, ...]) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None
