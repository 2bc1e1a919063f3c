"""The server half: which path a client has come to, who it is, and what its first message asks for.

Sources: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket,
https://docs.speechmatics.com/get-started/authentication
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Refused,
    path_of,
)

from . import door, replies
from .agent import request as agent_request
from .agent.server import Agent
from .conversation import LARGEST_TEXT, Conversation, Out
from .door import Refusal
from .errors import REQUEST_ID, Fault, closing
from .options import AGENT, AGENT_PATH, KEYS_PATH, LANGUAGES, MULTI, NAME, PACKS, PATH, family
from .rt import request as rt_request
from .rt.server import Rt

SEGMENT = "agent"
"""The part of a path that means Agent STT."""
PACK_NAMES = (*LANGUAGES, *PACKS, MULTI)
_ENDS = "|".join((SEGMENT, *PACK_NAMES))
_PATHS = (PATH, AGENT_PATH, f"{PATH}/", f"/{SEGMENT}/", f"/{{end:{_ENDS}}}")
ROUTES = (*(("GET", f"**{path}") for path in _PATHS), ("POST", f"**{KEYS_PATH}"))
"""A language may be the end of a path: old clients append it, also to an address without any other path."""
FIRST_MESSAGE = 10.0
"""Seconds that a client may take to say what it wants."""


@frozen
class _Visitor:
    """A client that was let in and has not said yet what it wants."""

    guest: door.Guest
    path: str
    language: str | None
    agent: bool
    due: float


class Server:
    """One client's session, as a :class:`~aai_migrate.provider.ServerPeer`; or the answer to one request.

    Paths may have anything in front.
    """

    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._visitor: _Visitor | None = None
        self._session: Conversation | None = None

    @property
    def deadline(self) -> float | None:
        """When the first message is due, or the session has something to do."""
        if self._session:
            return self._session.deadline
        return self._visitor.due if self._visitor else None

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in the vendor's own way."""
        if self._session:
            return self._session.receive(frame, now)
        match frame:
            case Connect() if self._visitor is None:
                return self._connect(frame, now)
            case HttpRequest():
                return [self._respond(frame, now)]
            case Message(data) if self._visitor:
                try:
                    return self._begin(self._visitor, data, now)
                except Fault as fault:
                    return self._refuse(fault)
            case Close() | Lost():
                self._visitor = None
        return []

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into the vendor's words; what it cannot say is left out."""
        return self._session.send(event, now) if self._session else []

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self._session:
            return self._session.tick(now)
        if self._visitor and now >= self._visitor.due:
            text = f"StartRecognition did not come within {FIRST_MESSAGE:g} s"
            return self._refuse(Fault("protocol_error", text))
        return []

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        """Who may not come in is refused before the upgrade; what it asks for is read before anything else is."""
        request_id, path = self._context.new_id(), path_of(frame.url)
        parts = [part for part in path.split("/") if part]
        try:
            if not parts or not (parts[-1] in ("v2", SEGMENT) or parts[-1] in PACK_NAMES):
                raise _unknown()
            guest = door.admit(self._context, frame.headers, frame.url, now)
        except Refusal as refused:
            answer = door.refusal(refused, request_id)
            return [Refused(answer.status, answer.headers, answer.body)]
        language = next((part for part in reversed(parts) if part != SEGMENT), "")
        self._visitor = _Visitor(
            guest, path, language if language in PACK_NAMES else None, SEGMENT in parts, now + FIRST_MESSAGE
        )
        return [Connected({REQUEST_ID: request_id})]

    def _begin(self, visitor: _Visitor, data: str | bytes, now: float) -> list[Out]:
        """Take the first message.

        Raises:
            Fault: it is not the one that has to come first, or asks for what is not offered.
        """
        if isinstance(data, bytes):
            raise Fault("protocol_error", "audio came before StartRecognition")
        message = values.parse(data) if len(data) <= LARGEST_TEXT else None
        if message is None:
            raise Fault(
                "invalid_message", f"a text message must be a JSON object of at most {LARGEST_TEXT:,} characters"
            )
        if message.get("message") != "StartRecognition":
            raise Fault("protocol_error", "the first message must be StartRecognition")
        if not visitor.guest.realtime:
            raise Fault("not_authorised", "Not Authorized")
        origin = ask.Origin(NAME, visitor.path, visitor.guest.principal)
        self._session = self._conversation(visitor, message, origin, now)
        return self._session.begin(now)

    def _conversation(
        self, visitor: _Visitor, message: Mapping[str, Any], origin: ask.Origin, now: float
    ) -> Conversation:
        """Return the session of the service that the path or the message means."""
        if visitor.agent or "turn_config" in message:
            return Agent(self._context, agent_request.read(message, visitor.language), origin, now)
        wanted = rt_request.read(message, visitor.language)
        if family(wanted.config.model) == AGENT:
            raise Fault("invalid_model", f"model {wanted.config.model} is served at {AGENT_PATH}")
        return Rt(self._context, wanted, origin, now)

    def _refuse(self, fault: Fault) -> list[Out]:
        self._visitor = None
        return [replies.error(fault), closing(fault)]

    def _respond(self, asked: HttpRequest, now: float) -> HttpResponse:
        request_id, path = self._context.new_id(), path_of(asked.url)
        try:
            if not path.endswith(KEYS_PATH):
                raise _unless_upgraded(asked.method)
            if asked.method.upper() != "POST":
                raise Refusal(405, "Method Not Allowed", "Ask for a key with POST.", {"allow": "POST"})
            return door.answer(201, door.give(self._context, asked, now), request_id)
        except Refusal as refused:
            return door.refusal(refused, request_id)


def _unless_upgraded(method: str) -> Refusal:
    if method.upper() != "GET":
        return Refusal(405, "Method Not Allowed", "This path speaks websocket: send an upgrade.", {"allow": "GET"})
    text = "This path speaks websocket: send an upgrade."
    return Refusal(426, "Upgrade Required", text, {"upgrade": "websocket"})


def _unknown() -> Refusal:
    text = f"This gateway has {PATH}, {PATH}/LANGUAGE, {AGENT_PATH} and {KEYS_PATH}."
    return Refusal(404, "Not Found", text)
