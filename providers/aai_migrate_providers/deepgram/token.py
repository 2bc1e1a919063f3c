"""Access tokens, as the client half asks for them.

Source: https://developers.deepgram.com/reference/auth/tokens/grant
"""

from __future__ import annotations

from aai_migrate.address import address, host_of
from aai_migrate.credentials import Secret
from aai_migrate.errors import ProtocolError
from aai_migrate.tokens import Given, Tokens, Wanted
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import dumps, number, parse, string

from .errors import answered
from .grant import LONGEST, SHORTEST, TTL
from .options import FLUX_PATH, HOSTS, LISTEN_PATH, NAME

PATH = "/v1/auth/grant"
TOO_WEAK = "a key needs the role Member or a higher one to create tokens"


def ask(wanted: Wanted) -> HttpRequest:
    """Return the request for a token; the key's scheme is not that of the token."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if wanted.credential:
        headers["Authorization"] = f"Token {wanted.credential.secret.reveal()}"
    config = wanted.config
    base = host_of(config.base_url, LISTEN_PATH, FLUX_PATH)
    url = address(base, HOSTS.get(config.region, HOSTS[None]), PATH, "http")
    return HttpRequest("POST", url, headers, dumps({"ttl_seconds": wanted.seconds}).encode())


def read(wanted: Wanted, response: HttpResponse) -> Given:
    """Return what was given; it says for how long, or what was asked for holds.

    Raises:
        ProviderError: nothing was.
    """
    if not 200 <= response.status < 300:
        error = answered(response)
        if response.status == 403:
            error.reason = f"{error.reason}; {TOO_WEAK}"
            error.args = (error.provider, error.reason)
        raise error
    body = parse(response.body) or {}
    token = string(body.get("access_token"))
    if token is None:
        raise ProtocolError(NAME, "the answer to the request for a token has no access_token; check base_url")
    return Given(Secret(token), number(body.get("expires_in")))


TOKENS = Tokens(
    ask=ask,
    read=read,
    source="https://developers.deepgram.com/reference/auth/tokens/grant",
    lifetime=(SHORTEST, TTL, LONGEST),
    whole=False,
)
