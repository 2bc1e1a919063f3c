"""Temporary keys, as the client half asks for them.

Source: https://docs.speechmatics.com/get-started/authentication
"""

from __future__ import annotations

import re

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.tokens import Given, Tokens, Wanted, given
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import dumps

from .door import LONGEST, RT, SHORTEST
from .errors import answered
from .options import KEYS_PATH, MANAGEMENT, NAME

USUAL = 60.0
"""Seconds that the vendor's own clients ask for."""
_VERSIONED = re.compile(r"(?<!/)/v2(/\w+)?/?$")


def base(config: Config) -> str | None:
    """Return the caller's base URL without what the vendor's own examples have at its end."""
    return None if config.base_url is None else _VERSIONED.sub("", config.base_url)


def ask(wanted: Wanted) -> HttpRequest:
    """Return the request for a key of real-time sessions: without its type it would be one for batches.

    It is asked of the vendor's management host, which is one for all regions, or of the caller's ``base_url``.
    """
    headers = {"Content-Type": "application/json"}
    if wanted.credential:
        headers["Authorization"] = f"Bearer {wanted.credential.secret.reveal()}"
    url = f"{address(base(wanted.config), MANAGEMENT, KEYS_PATH, 'http')}?type={RT}"
    return HttpRequest("POST", url, headers, dumps({"ttl": wanted.seconds}).encode())


def read(wanted: Wanted, response: HttpResponse) -> Given:
    """Return what was given.

    Raises:
        ProviderError: nothing was.
    """
    return given(NAME, response, "key_value", answered)


TOKENS = Tokens(
    ask=ask,
    read=read,
    source="https://docs.speechmatics.com/get-started/authentication",
    lifetime=(SHORTEST, USUAL, LONGEST),
)
