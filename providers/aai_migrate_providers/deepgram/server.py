"""The server half: which path a client has come to, and what it is told where it may not go on.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux,
https://developers.deepgram.com/reference/auth/tokens/grant
"""

from __future__ import annotations

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire import values
from aai_migrate.wire.frames import Connect, Connected, Frame, HttpRequest, HttpResponse, Refused, path_of

from . import door, grant, refusal
from .conversation import Conversation, Out
from .errors import REQUEST_ID
from .flux import request as flux_request
from .flux.server import Flux
from .listen import request as listen_request
from .listen.server import Listen
from .options import FLUX_PATH, LISTEN_PATH, NAME
from .refusal import Refusal

GRANT_PATH = "/v1/auth/grant"
ROUTES = tuple(
    (method, f"**{path}")
    for method, path in [("GET", LISTEN_PATH), ("GET", FLUX_PATH), ("POST", LISTEN_PATH), ("POST", GRANT_PATH)]
)


class Server:
    """One client's session, as a :class:`~aai_migrate.provider.ServerPeer`; or the answer to one request.

    Paths may have anything in front.
    """

    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._session: Conversation | None = None

    @property
    def deadline(self) -> float | None:
        """When the session has something to do."""
        return self._session.deadline if self._session else None

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in the vendor's own way."""
        if self._session:
            return self._session.receive(frame, now)
        if isinstance(frame, Connect):
            return self._connect(frame, now)
        return [self._respond(frame, now)] if isinstance(frame, HttpRequest) else []

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into the vendor's words; what it cannot say is left out."""
        return self._session.send(event, now) if self._session else []

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        return self._session.tick(now) if self._session else []

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        """What is refused is refused before the upgrade."""
        request_id, path = self._context.new_id(), path_of(frame.url)
        try:
            guest = door.admit(self._context, frame.headers, frame.subprotocols, now)
            if _ends(path, LISTEN_PATH):
                wanted = listen_request.read(frame.url)
                origin = ask.Origin(NAME, path, guest.principal, wanted.tags)
                self._session = Listen(self._context, request_id, wanted, origin, now)
            elif _ends(path, FLUX_PATH):
                asked = flux_request.read(frame.url)
                origin = ask.Origin(NAME, path, guest.principal, asked.tags)
                self._session = Flux(self._context, request_id, asked, origin, now)
            else:
                raise _unknown()
        except Refusal as refused:
            return [Refused(*refusal.answer(refused, request_id))]
        return [Connected({REQUEST_ID: request_id}, guest.subprotocol), *self._session.begin()]

    def _respond(self, asked: HttpRequest, now: float) -> HttpResponse:
        request_id, path, method = self._context.new_id(), path_of(asked.url), asked.method.upper()
        try:
            guest = door.admit(self._context, asked.headers, (), now)
            if _ends(path, GRANT_PATH) and method == "POST":
                if guest.bearer:
                    raise Refusal(403, "FORBIDDEN", "A token gives no tokens; use a key.")
                body = grant.give(self._context, asked.body, guest.principal, now)
                return HttpResponse(200, refusal.headers(request_id), values.dumps(body).encode())
            raise _refused(path, method)
        except Refusal as refused:
            return HttpResponse(*refusal.answer(refused, request_id))


def _ends(path: str, known: str) -> bool:
    return path.rstrip("/").endswith(known)


def _refused(path: str, method: str) -> Refusal:
    """Return the refusal of what is no grant."""
    if not _ends(path, LISTEN_PATH) and not _ends(path, FLUX_PATH):
        return _unknown()
    if method == "GET":
        return Refusal(426, "Bad Request", "This path speaks websocket: send an upgrade.", {"upgrade": "websocket"})
    text = "This gateway transcribes live audio only, it has no batch API: open a websocket at this path."
    return Refusal(405, "METHOD_NOT_ALLOWED", text, {"allow": "GET"})


def _unknown() -> Refusal:
    return Refusal(404, "NOT_FOUND", "This gateway has /v1/listen, /v2/listen and /v1/auth/grant.")
