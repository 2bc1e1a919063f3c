"""The server half of ``/v1/listen``: what a client says becomes commands, events become what it expects to hear.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Close, Frame, Lost, Message

from .. import errors
from ..container import Undecodable
from ..options import too_long
from ..pending import Pending
from ..uplink import LARGEST_CONTROL, MOST_UNANSWERED, Uplink, control
from . import replies
from .replies import Replies
from .request import Request
from .spans import Said, Spans

IDLE = 10.0
"""Seconds without a message after which a session is over."""
SILENT = Close(
    1011,
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001",
)
_KNOWN = frozenset({"KeepAlive", "Finalize", "CloseStream", "Configure"})

Out = Frame | ask.Command


@frozen
class _Change:
    """A change that waits; ``keyterms`` is None where they stay as they are."""

    keyterms: list[str] | None


class Listen:
    """One session that has been let in; see :class:`~aai_migrate.provider.ServerPeer` for the three calls."""

    def __init__(self, context: Context, request_id: str, request: Request, origin: ask.Origin, now: float) -> None:
        self._context, self._request = context, request
        self._uplink = Uplink(request.config, origin, request.audio)
        self._spans, self._replies = Spans(request), Replies(request, request_id)
        self._finalizes: dict[str, int | None] = {}  # that are not answered, with their channel
        self._pending: Pending[_Change] = Pending()
        self._opened = self._last = now
        self._over = False

    def begin(self) -> list[Out]:
        """Ask for the session; the client hears nothing before there are results."""
        return self._opening(self._uplink.open())

    def _opening(self, commands: list[ask.Command]) -> list[Out]:
        audio = self._uplink.intake.format
        self._replies.channels = audio.channels if audio and self._request.separate else 1
        return [*commands]

    # Frames of the client.

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises."""
        if self._over:
            return []
        match frame:
            case Message(data) if not self._uplink.stopped:
                self._last = now
                try:
                    return self._binary(data, now) if isinstance(data, bytes) else self._text(data, now)
                except Undecodable as fault:
                    return self._break(errors.undecodable(str(fault)))
            case Close() | Lost():
                self._over = True
                return [*self._uplink.stop()]
        return []

    def _binary(self, data: bytes, now: float) -> list[Out]:
        if not data:
            self._uplink.linger(now)
            return []
        if text := control(data, _KNOWN):
            return self._text(text, now)
        self._uplink.ends_at = None
        return self._opening(self._uplink.audio(data))

    def _text(self, text: str, now: float) -> list[Out]:
        if len(text) > LARGEST_CONTROL:
            return [replies.error(f"a text message has at most {LARGEST_CONTROL:,} characters", text)]
        message = values.parse(text)
        if message is None:
            return [replies.error("a text message must be a JSON object; audio belongs in binary ones", text)]
        kind = message.get("type")
        if kind == "KeepAlive":
            return [*self._uplink.put(ask.KeepAlive())]
        self._uplink.ends_at = None
        match kind:
            case "Finalize":
                return self._finalize(message, text)
            case "CloseStream":
                return self._stop(now)
            case "Configure":
                return self._configure(message, text)
        return [replies.error("the type of the message is not known", text)]

    def _finalize(self, message: Mapping[str, Any], text: str) -> list[Out]:
        channel = message.get("channel")
        count = self._replies.channels
        if channel is not None and (type(channel) is not int or not 0 <= channel < count):
            return [replies.error(f"channel must be a whole number below {count}", text)]
        if len(self._finalizes) >= MOST_UNANSWERED:
            return [replies.error(f"{MOST_UNANSWERED} Finalizes are not answered yet", text)]
        id_ = self._context.new_id()
        self._finalizes[id_] = channel
        return [*self._uplink.put(ask.Finalize(id_, channel))]

    def _stop(self, now: float) -> list[Out]:
        """Let the last words come; where no audio came, there are none."""
        self._uplink.intake.end()
        stop = self._uplink.stop()
        return [*stop] if stop else self._farewell(now)

    # Changes.

    def _configure(self, message: Mapping[str, Any], text: str) -> list[Out]:
        """Keyterms are neutral; features of formatting are the model's, and stay as they are."""
        terms = message.get("keyterms")
        features = [message[name] for name in ("features", "processors") if message.get(name) is not None]
        if terms is not None and not (isinstance(terms, list) and all(isinstance(term, str) for term in terms)):
            return [replies.error("keyterms must be a list of strings", text)]
        if not all(isinstance(each, dict) for each in features):
            return [replies.error("features must be an object", text)]
        if wrong := self._unfit(terms):
            return [self._replies.not_configured(*wrong)]
        id_ = None if terms is None else self._context.new_id()
        self._pending.ask(id_, _Change(terms))
        if id_ is None:
            return self._configured()
        return [*self._uplink.put(ask.Configure(id_, {"keyterms": tuple(filter(str.strip, terms or ()))}))]

    def _unfit(self, terms: list[str] | None) -> tuple[str, str] | None:
        """Return code and reason of a change that cannot be."""
        if terms is not None and not self._request.keyterms:
            return "CONFIGURE_KEYTERMS_NOT_SUPPORTED", f"{self._request.model} takes no keyterms"
        if wrong := too_long(terms or ()):
            return "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", f"keyterms: {wrong}"
        if self._pending.full:
            return "CONFIGURE_ALREADY_PENDING", "Too many pending Configure messages."
        return None

    def _configured(self) -> list[Out]:
        return [
            self._replies.configured(change.keyterms)
            if accepted
            else self._replies.not_configured("CONFIGURE_INTERNAL_ERROR", reason)
            for change, accepted, reason in self._pending.answered()
        ]

    # Events for the client.

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Say what the client wants to hear of *event*."""
        if self._over:
            return []
        match event:
            case say.Finalized(id_) if id_ in self._finalizes:
                return self._finalized(self._finalizes.pop(id_))
            case say.Configured(id_, accepted, reason):
                self._pending.answer(id_, accepted=accepted, reason=reason)
                return self._configured()
            case say.Stopped():
                return self._farewell(now)
            case say.Failed(error):
                return self._end(errors.closing(error), self._told(self._spans.rest()))
        return self._told(self._spans.hear(event, now))

    def _told(self, items: Iterable[Said]) -> list[Out]:
        return [self._replies.write(said) for said in items]

    def _finalized(self, channel: int | None) -> list[Out]:
        """Answer for every channel that was to be finalized, also where nothing was pending."""
        channels = range(self._replies.channels) if channel is None else (channel,)
        return [message for number in channels for message in self._told(self._spans.finalized(number))]

    def _farewell(self, now: float) -> list[Out]:
        out = self._told(self._spans.tick())
        for channel in self._finalizes.values():
            out += self._finalized(channel)
        out += self._told(self._spans.rest())
        metadata = self._replies.metadata(self._uplink.intake, self._context.epoch + self._opened)
        return self._end(Close(1000), [*out, metadata])

    def _end(self, close: Close, last: Iterable[Out] = ()) -> list[Out]:
        self._over = True
        return [*last, close]

    def _break(self, close: Close, last: Iterable[Out] = ()) -> list[Out]:
        """End what the provider does not know to be over."""
        return [*self._end(close, last), *self._uplink.stop()]

    # Time.

    @property
    def deadline(self) -> float | None:
        """When what is held has to go out, or a client has been silent for too long."""
        if self._over:
            return None
        silent = None if self._uplink.stopped else self._last + IDLE
        return min(
            (time for time in (self._spans.deadline, self._uplink.ends_at, silent) if time is not None), default=None
        )

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self._over:
            return []
        held = self._spans.deadline
        out = self._told(self._spans.tick()) if held is not None and now >= held else []
        if self._uplink.stopped:
            return out
        if self._uplink.ends_at is not None and now >= self._uplink.ends_at:
            try:
                return [*out, *self._stop(now)]
            except Undecodable as fault:
                return self._break(errors.undecodable(str(fault)), out)
        return self._break(SILENT, out) if now >= self._last + IDLE else out
