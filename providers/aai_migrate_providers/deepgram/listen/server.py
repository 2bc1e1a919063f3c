"""The server half of ``/v1/listen``: what a client says becomes commands, events become what it expects to hear.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from aai_migrate.audio.container import Undecodable
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close

from .. import errors
from ..conversation import Conversation, Out
from ..options import MOST_UNANSWERED, too_long
from ..pending import Pending
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


@frozen
class _Change:
    """A change that waits; ``keyterms`` is None where they stay as they are."""

    keyterms: list[str] | None = field(repr=False)


class Listen(Conversation):
    """One session of this path, as a :class:`~aai_migrate.provider.ServerPeer`."""

    idle = IDLE
    known = frozenset({"KeepAlive", "Finalize", "CloseStream", "Configure"})

    def __init__(self, context: Context, request_id: str, request: Request, origin: ask.Origin, now: float) -> None:
        super().__init__(request.config, origin, request.audio, now)
        self._context, self._request = context, request
        self._spans, self._replies = Spans(request), Replies(request, request_id)
        self._finalizes: dict[str, int | None] = {}  # that are not answered, with their channel
        self._pending: Pending[_Change] = Pending()

    def begin(self) -> list[Out]:
        """Ask for the session; the client hears nothing before there are results."""
        return self._heard(self._uplink.open())

    def _heard(self, commands: list[ask.Command]) -> list[Out]:
        audio = self._uplink.intake.format
        self._replies.channels = audio.channels if audio and self._request.separate else 1
        return [*commands]

    # What the client says.

    def _control(self, kind: object, message: Mapping[str, Any], text: str) -> list[Out]:
        match kind:
            case "Finalize":
                return self._finalize(message, text)
            case "Configure":
                return self._configure(message, text)
        return self._unread("the type of the message is not known", text)

    def _unread(self, why: str, text: str) -> list[Out]:
        """The session goes on."""
        return [replies.error(why, text)]

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
            else self._replies.not_configured("CONFIGURE_KEYTERMS_NOT_SUPPORTED", reason)
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
                return self._farewell()
            case say.Failed(error):
                return self._end(errors.closing(error), self._told(self._spans.rest()))
        return self._told(self._spans.hear(event, now))

    def _told(self, items: Iterable[Said]) -> list[Out]:
        return [self._replies.write(said) for said in items]

    def _finalized(self, channel: int | None) -> list[Out]:
        """Answer for every channel that was to be finalized, also where nothing was pending."""
        channels = range(self._replies.channels) if channel is None else (channel,)
        return [message for number in channels for message in self._told(self._spans.finalized(number))]

    def _farewell(self) -> list[Out]:
        out = self._told(self._spans.tick())
        for channel in self._finalizes.values():
            out += self._finalized(channel)
        out += self._told(self._spans.rest())
        metadata = self._replies.metadata(self._uplink.intake, self._context.epoch + self._opened)
        return self._end(Close(1000), [*out, metadata])

    def _undecodable(self, fault: Undecodable, last: Iterable[Out] = ()) -> list[Out]:
        return self._break(errors.undecodable(str(fault)), last)

    def _silent(self, last: Iterable[Out]) -> list[Out]:
        return self._break(SILENT, last)

    @property
    def _held_until(self) -> float | None:
        return self._spans.deadline

    def _release(self) -> list[Out]:
        return self._told(self._spans.tick())
