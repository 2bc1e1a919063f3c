"""Access tokens, as the client half asks for them.

Source: https://developers.deepgram.com/reference/auth/tokens/grant
"""

from __future__ import annotations

from aai_migrate.address import address, host_of
from aai_migrate.errors import ProviderError
from aai_migrate.tokens import Given, Tokens, Wanted, given
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import dumps

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
    return given(NAME, response, "access_token", _answered, lives="expires_in")


def _answered(response: HttpResponse) -> ProviderError:
    """Return the error of an answer that is no success; of a refusal, what the key lacks."""
    error = answered(response)
    if response.status == 403:
        error.restate(f"{error.reason}; {TOO_WEAK}")
    return error


TOKENS = Tokens(
    ask=ask,
    read=read,
    source="https://developers.deepgram.com/reference/auth/tokens/grant",
    lifetime=(SHORTEST, TTL, LONGEST),
    whole=False,
)
