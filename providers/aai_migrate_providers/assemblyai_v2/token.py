"""Temporary tokens, as the client half asks for them.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (openapi.yml, ``/v2/realtime/token``)
"""

from __future__ import annotations

from aai_migrate.address import address, host_of
from aai_migrate.tokens import Given, Tokens, Wanted, given
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import dumps

from .door import LONGEST, SHORTEST
from .errors import answered
from .options import NAME, PARAMETERS, SOCKET_PATH, TOKEN_PATH

USUAL = 480.0
"""Seconds that the vendor's own example asked for."""


def ask(wanted: Wanted) -> HttpRequest:
    """Return the request for a token; the vendor's host answers none any more, so there is a ``base_url``."""
    headers = {"Content-Type": "application/json"}
    if wanted.credential:
        headers["Authorization"] = wanted.credential.secret.reveal()
    url = address(host_of(wanted.config.base_url, SOCKET_PATH), "", TOKEN_PATH, "http")
    return HttpRequest("POST", url, headers, dumps({"expires_in": wanted.seconds}).encode())


def read(wanted: Wanted, response: HttpResponse) -> Given:
    """Return what was given.

    Raises:
        ProviderError: nothing was.
    """
    return given(NAME, response, "token", answered)


TOKENS = Tokens(ask=ask, read=read, source=PARAMETERS, lifetime=(SHORTEST, USUAL, LONGEST))
