"""Temporary tokens, as the client half asks for them.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (streaming-token.yml)
"""

from __future__ import annotations

from urllib.parse import urlencode

from aai_migrate.address import address, host_of
from aai_migrate.errors import ProviderError
from aai_migrate.failures import refused
from aai_migrate.tokens import Given, Tokens, Wanted, given
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import mapping, parse, string

from .options import HOSTS, NAME

PATH, SOCKET_PATH = "/v3/token", "/v3/ws"
SHORTEST, USUAL, LONGEST = 1, 60, 600
"""Seconds in which a session may begin with a token."""
SHORTEST_SESSION, LONGEST_SESSION = 60, 10_800
"""Seconds that a session lasts at most which begins with one."""
MOST = 500
"""Characters of a reason."""


def ask(wanted: Wanted) -> HttpRequest:
    """Return the request for a token, at the host of the sessions; the key stands in the header as it is."""
    query = {"expires_in_seconds": wanted.seconds, "max_session_duration_seconds": wanted.session_seconds}
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    config = wanted.config
    base = host_of(config.base_url, SOCKET_PATH)
    url = address(base, HOSTS.get(config.region, HOSTS[None]), PATH, "http")
    headers = {"Authorization": wanted.credential.secret.reveal()} if wanted.credential else {}
    return HttpRequest("GET", f"{url}?{asked}", headers)


def read(wanted: Wanted, response: HttpResponse) -> Given:
    """Return what was given; it says for how long, or what was asked for holds.

    Raises:
        ProviderError: nothing was.
    """
    return given(NAME, response, "token", _answered, lives="expires_in_seconds")


def _answered(response: HttpResponse) -> ProviderError:
    """Return the error of an answer that is no success; of a list of what is wrong, what and where."""
    error = refused(NAME, response)
    listed = (parse(response.body) or {}).get("detail")
    wrong = [text for item in listed if (text := _wrong(mapping(item)))] if isinstance(listed, list) else []
    if wrong:
        error.restate("; ".join(wrong)[:MOST])
    error.retryable = error.retryable or response.status == 429
    return error


def _wrong(item: object) -> str:
    """Read one entry without its ``input``, which may be the key."""
    said = mapping(item)
    where, what = said.get("loc"), string(said.get("msg")) or ""
    path = ".".join(map(str, where)) if isinstance(where, list) else ""
    return f"{path}: {what}" if path and what else what


TOKENS = Tokens(
    ask=ask,
    read=read,
    source="https://github.com/AssemblyAI/assemblyai-api-spec",
    lifetime=(SHORTEST, USUAL, LONGEST),
    session=(SHORTEST_SESSION, LONGEST_SESSION),
)
