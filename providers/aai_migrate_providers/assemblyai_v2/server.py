"""The server half: which path a client has come to, and what it is told where it may not go on.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml; openapi.yml, ``/v2/realtime/token``)
"""

from __future__ import annotations

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connect, Connected, Frame, HttpRequest, HttpResponse, Refused, path_of

from . import door, request
from .conversation import Conversation, Out
from .errors import CODES, UNAUTHORISED
from .options import NAME, SOCKET_PATH, TOKEN_PATH
from .parting import Parting, told
from .request import Refusal

ROUTES = (("GET", f"**{SOCKET_PATH}"), ("POST", f"**{TOKEN_PATH}"))


class Server:
    """One client's session, as a :class:`~aai_migrate.provider.ServerPeer`; or the answer to one request.

    Paths may have anything in front.
    """

    resumable = False

    def __init__(self, context: Context) -> None:
        self._context = context
        self._session: Conversation | None = None
        self._parting: Parting | None = None

    @property
    def deadline(self) -> float | None:
        """When the session has something to do."""
        going = self._session or self._parting
        return going.deadline if going else None

    def receive(self, frame: Frame, now: float) -> list[Out]:
        """Read one frame; never raises, a fault is answered in the vendor's own way."""
        if self._session:
            return self._session.receive(frame, now)
        if self._parting:
            return [*self._parting.receive(frame)]
        if isinstance(frame, Connect):
            return self._connect(frame, now)
        return [self._respond(frame, now)] if isinstance(frame, HttpRequest) else []

    def send(self, event: say.Event, now: float) -> list[Out]:
        """Put one event into the vendor's words; what it cannot say is left out."""
        return self._session.send(event, now) if self._session else []

    def tick(self, now: float) -> list[Out]:
        """Do what is due."""
        if self._parting:
            return [*self._parting.tick(now)]
        return self._session.tick(now) if self._session else []

    def _connect(self, frame: Connect, now: float) -> list[Out]:
        """Let a client in, or refuse it behind the upgrade.

        So did the vendor: its codes are those of close frames, which clients have a table for, and a handshake that
        fails over HTTP leaves some of them waiting for a session that never begins. The text comes before, as with
        every other error: a client that listens for errors only hears of nothing else.
        """
        path, query = path_of(frame.url), request.query(frame.url)
        if not _ends(path, SOCKET_PATH):
            answer = _unknown()
            return [Refused(answer.status, answer.headers, answer.body)]
        try:
            principal = door.admit(self._context, frame.headers, query, now)
            if principal is None:
                raise Refusal(UNAUTHORISED, CODES[UNAUTHORISED].text)
            wanted = request.read(query)
        except Refusal as refusal:
            self._parting = Parting(refusal, now)
            return [Connected(), told(refusal)]
        self._session = Conversation(self._context, wanted, ask.Origin(NAME, path, principal), now)
        return [Connected(), self._session.begin()]

    def _respond(self, asked: HttpRequest, now: float) -> HttpResponse:
        path = path_of(asked.url)
        if _ends(path, SOCKET_PATH):
            return door.error(426, "This path speaks websocket: send an upgrade")
        if not _ends(path, TOKEN_PATH):
            return _unknown()
        if asked.method.upper() != "POST":
            return door.error(405, "A token is asked for with POST")
        return door.give(self._context, asked, now)


def _ends(path: str, known: str) -> bool:
    return path.rstrip("/").endswith(known)


def _unknown() -> HttpResponse:
    return door.error(404, f"This gateway has {SOCKET_PATH} and {TOKEN_PATH}")
