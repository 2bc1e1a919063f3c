"""The server half of ``/v2/listen``: what a client says becomes commands, events become what it expects to hear.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-flux
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aai_migrate.audio.container import Undecodable
from aai_migrate.errors import BadRequest, ProviderError
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Message

from .. import errors
from ..conversation import Conversation, Out
from ..messages import languages
from ..options import MOST_UNANSWERED
from ..pending import Pending
from .infos import Info, Infos
from .request import THRESHOLDS, Request, WrongChange, change, neutral

IDLE = 60.0
"""Seconds without a message or a ping after which a session is over."""
NO_TURN, PENDING = "FORCE_END_TURN_NO_ACTIVE_TURN", "FORCE_END_TURN_ALREADY_PENDING"
UNPARSABLE, INTERNAL, REFUSED = "UNPARSABLE_CLIENT_MESSAGE", "INTERNAL_SERVER_ERROR", "BAD_REQUEST"


class Flux(Conversation):
    """One session of this path, as a :class:`~aai_migrate.provider.ServerPeer`."""

    idle, pings = IDLE, True
    known = frozenset({"KeepAlive", "CloseStream", "Configure", "ForceEndTurn"})

    def __init__(self, context: Context, request_id: str, request: Request, origin: ask.Origin, now: float) -> None:
        super().__init__(request.config, origin, request.audio, now)
        self._context, self._request, self._request_id = context, request, request_id
        self._current = dict(request.current)
        self._infos = Infos(eager="eager_eot_threshold" in self._current)
        self._forced: set[str] = set()  # Finalizes that are not answered
        self._ended = False  # a turn ended by force while one of them waited
        self._pending: Pending[dict[str, Any]] = Pending()
        self._sequence = 0

    def begin(self) -> list[Out]:
        """Greet at once: clients wait for it."""
        return [self._say("Connected"), *self._uplink.open()]

    def _say(self, type_: str, **members: Any) -> Message:
        sequence, self._sequence = self._sequence, self._sequence + 1
        head = {"type": type_, "request_id": self._request_id, "sequence_id": sequence}
        return Message(values.dumps(head | members))

    # What the client says.

    def _control(self, kind: object, message: Mapping[str, Any], text: str) -> list[Out]:
        match kind:
            case "ForceEndTurn":
                return self._force()
            case "Configure":
                return self._configure(message)
        return self._unread("the type of the message is not known; this path has CloseStream and Configure", text)

    def _unread(self, why: str, text: str) -> list[Out]:
        return self._fault(UNPARSABLE, why, Close(1008, errors.shortened(why)))

    def _force(self) -> list[Out]:
        """Ask for the end of the turn that is open where the client has come to: what of it is known here lags."""
        if len(self._forced) >= MOST_UNANSWERED:
            return [self._say("Warning", code=PENDING, description=f"{MOST_UNANSWERED} are not answered yet")]
        self._ended = self._ended and bool(self._forced)
        id_ = self._context.new_id()
        self._forced.add(id_)
        return [*self._uplink.put(ask.Finalize(id_))]

    def _settled(self, id_: str) -> list[Out]:
        """End the turn that is open; where there is none, and the provider has ended none, the client is told so."""
        self._forced.discard(id_)
        out = self._told(self._infos.force())
        ended, self._ended = self._ended, False
        if not ended and not self._infos.open:
            out.append(self._say("Warning", code=NO_TURN, description="no turn is open"))
        return out

    # Changes.

    def _configure(self, message: Mapping[str, Any]) -> list[Out]:
        if self._pending.full:
            return [self._not_configured("TOO_MANY_PENDING", "Too many pending Configure messages.")]
        expected = dict(self._current)
        for earlier in self._pending.changes:
            expected |= earlier
        try:
            changed = change(message, expected, self._request.model)
        except WrongChange as wrong:
            return [self._not_configured(wrong.code, wrong.why)]
        options = neutral(changed, self._request.model)
        id_ = self._context.new_id() if options else None
        self._pending.ask(id_, changed)
        return [*self._uplink.put(ask.Configure(id_, options))] if id_ else self._configured()

    def _configured(self) -> list[Out]:
        """Tell what became of changes, with what is in force from then on."""
        out: list[Out] = []
        for changed, accepted, reason in self._pending.answered():
            if not accepted:
                out.append(self._not_configured("CONFIGURE_REFUSED", reason))
                continue
            self._current |= changed
            self._infos.eager = "eager_eot_threshold" in self._current
            members: dict[str, Any] = {
                "thresholds": {name: self._current[name] for name in THRESHOLDS if name in self._current},
                "keyterms": [*self._current["keyterm"]],
            }
            if "language_hint" in self._current:
                members["language_hints"] = [*self._current["language_hint"]]
            if "numerals" in self._current:
                members["numerals"] = self._current["numerals"]
            out.append(self._say("ConfigureSuccess", **members))
        return out

    def _not_configured(self, code: str, why: str) -> Message:
        return self._say("ConfigureFailure", code=code, description=why)

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of *event*."""
        if self._over:
            return []
        match event:
            case say.Finalized(id_) if id_ in self._forced:
                return self._settled(id_)
            case say.Configured(id_, accepted, reason):
                self._pending.answer(id_, accepted=accepted, reason=reason)
                return self._configured()
            case say.Stopped():
                return self._farewell()
            case say.Failed(error):
                return self._failed(error, self._told(self._infos.rest()))
        return self._told(self._infos.hear(event, now))

    def _told(self, infos: Iterable[Info]) -> list[Out]:
        return [self._turn_info(info) for info in infos]

    def _turn_info(self, info: Info) -> Message:
        self._ended |= info.trigger == "manual"
        members: dict[str, Any] = {
            "event": info.event,
            "turn_index": info.turn,
            "audio_window_start": round(info.start, 3),
            "audio_window_end": round(info.end, 3),
            "transcript": info.text,
            "words": [
                {
                    "word": word.text,
                    "confidence": values.unit(word.confidence),
                    "start": round(word.start, 3),
                    "end": round(word.end, 3),
                }
                for word in info.words
            ],
            "end_of_turn_confidence": self._confidence(info),
        }
        if info.trigger:
            members["trigger"] = info.trigger
        if self._request.languages and (found := languages(info.words, info.language)):
            members["languages"] = found
        return self._say("TurnInfo", **members)

    def _confidence(self, info: Info) -> float:
        """Return how sure it is that the turn is over; where nobody says so, what it takes at least."""
        if info.event == "EagerEndOfTurn":
            return float(self._current["eager_eot_threshold"])
        if info.event != "EndOfTurn":
            return 0.0
        known = self._current["eot_threshold"] if info.confidence is None else info.confidence
        return values.unit(known)

    # The end.

    def _farewell(self) -> list[Out]:
        return self._end(Close(1000), self._told(self._infos.rest()))

    def _failed(self, error: ProviderError, last: list[Out]) -> list[Out]:
        close = errors.closing(error)
        code, why = INTERNAL, close.reason
        if isinstance(error, BadRequest):
            code, why = errors.DATA if errors.about_audio(error) else REFUSED, error.reason
        return self._end(close, [*last, self._say("Error", code=code, description=why)])

    def _fault(self, code: str, why: str, close: Close, last: Iterable[Out] = ()) -> list[Out]:
        """The vendor's Error ends the session."""
        return self._break(close, [*last, self._say("Error", code=code, description=why)])

    def _undecodable(self, fault: Undecodable, last: Iterable[Out] = ()) -> list[Out]:
        return self._fault(errors.DATA, str(fault), errors.undecodable(str(fault)), last)

    def _silent(self, last: Iterable[Out]) -> list[Out]:
        why = f"no audio and no message within {IDLE:g} seconds"
        return self._fault(INTERNAL, why, Close(1011, f"{why}. See https://dpgr.am/net0001"), last)

    @property
    def _held_until(self) -> float | None:
        return self._infos.deadline

    def _release(self) -> list[Out]:
        return self._told(self._infos.tick())
