"""Temporary tokens: how a vendor is asked for one, described without performing it, and when one is over."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from .config import Config
from .credentials import Credential, Secret, Token, credential
from .errors import ConfigError, ProtocolError, ProviderError
from .wire import values
from .wire.frames import HttpRequest, HttpResponse

LATEST = 253_402_300_799
"""Unix seconds of the end of the year 9999, after which no date can be written."""


@frozen(kw_only=True)
class Wanted:
    """What kind of token is wanted, and what shows that one may have it.

    Attributes:
        seconds: how long it is to live; None where the vendor does not let one choose.
        session_seconds: how long a session may get that begins with it; None: as long as the vendor lets all get.
    """

    config: Config
    credential: Credential | None
    seconds: float | None
    session_seconds: float | None = None


@frozen
class Given:
    """What a vendor answered.

    Attributes:
        secret: the token.
        seconds: how long it lives; None: the vendor does not say, so it is as long as was asked for.
        settings: what it fixes of the session, in the vendor's words; None: nothing.
    """

    secret: Secret
    seconds: float | None = None
    settings: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class Tokens:
    """How a vendor gives temporary tokens.

    Attributes:
        ask: the request for one; raises ``ConfigError`` for settings that the vendor lacks, where a token fixes them.
        read: what the answer to that request gives; raises ``ProviderError`` of an answer that is no success, and
            ``ProtocolError`` of one without a token.
        source: the page that says so.
        lifetime: least, usual and greatest seconds that a token lives; None: the vendor does not let one choose.
        whole: only whole seconds are taken.
        session: least and greatest seconds of a session that a token may limit; None: it limits none.
        once: a token is one session, which only a lost connection may come back to.
    """

    ask: Callable[[Wanted], HttpRequest]
    read: Callable[[Wanted, HttpResponse], Given]
    source: str
    lifetime: tuple[float, float, float] | None
    whole: bool = True
    session: tuple[float, float] | None = None
    once: bool = False

    def seconds(self, provider: str, asked: float | None) -> float | None:
        """Return how long the token is to live of which *asked* is wanted, None for the usual time.

        Raises:
            ConfigError: not so long, or not so short; or nobody may choose.
        """
        if self.lifetime is None:
            if asked is not None:
                raise ConfigError(f"{provider} lets nobody choose how long a token lives; leave seconds out")
            return None
        least, usual, most = self.lifetime
        return self._checked("seconds", usual if asked is None else asked, least, most, provider)

    def session_seconds(self, provider: str, asked: float | None) -> float | None:
        """Return *asked*, how long a session may get that begins with the token.

        Raises:
            ConfigError: not so long, or not so short; or a token limits no session.
        """
        if asked is None:
            return None
        if self.session is None:
            raise ConfigError(f"a token of {provider} limits no session; leave session_seconds out")
        return self._checked("session_seconds", asked, *self.session, provider)

    def _checked(self, name: str, asked: Any, least: float, most: float, provider: str) -> float:
        number = isinstance(asked, int | float) and not isinstance(asked, bool)
        if not number or not least <= asked <= most or (self.whole and asked != int(asked)):
            kind = "a whole number" if self.whole else "a number"
            raise ConfigError(f"{name} must be {kind} from {least:g} to {most:.0f} with {provider}, not {asked!r}")
        return int(asked) if asked == int(asked) else float(asked)

    def token(self, provider: str, wanted: Wanted, response: HttpResponse, at: float) -> Token:
        """Return the token of *response*.

        Args:
            at: Unix seconds when it was asked for; it may be a little older than the vendor thinks, never younger.
        Raises:
            ProviderError: the vendor gave none.
        """
        given = self.read(wanted, response)
        try:
            secret = credential(given.secret, "the token", "token").secret
        except ConfigError:
            raise ProtocolError(provider, "the answer holds a token that no header can carry") from None
        lives = wanted.seconds if given.seconds is None else given.seconds
        return Token(provider, secret, None if lives is None else at + lives, settings=given.settings)


def given(
    provider: str,
    response: HttpResponse,
    member: str,
    answered: Callable[[HttpResponse], ProviderError],
    *,
    lives: str | None = None,
) -> Given:
    """Return the token of an answer in JSON, for :attr:`Tokens.read`.

    Args:
        member: the one that is the token.
        answered: the error of an answer that is no success.
        lives: the member that says how long the token lives, in seconds; None: the vendor does not say.
    Raises:
        ProviderError: there is no token.
    """
    if not 200 <= response.status < 300:
        raise answered(response)
    body = values.parse(response.body) or {}
    token = values.string(body.get(member))
    if token is None:
        raise ProtocolError(provider, f"the answer to the request for a token has no {member}; check base_url")
    return Given(Secret(token), None if lives is None else values.number(body.get(lives)))


def moment(unix: float) -> str:
    """Return *unix*, in seconds, as people read it: ``2026-11-21T23:48:22Z``."""
    return datetime.fromtimestamp(min(max(unix, 0), LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def claimed_expiry(secret: Secret) -> float | None:
    """Return when *secret* says of itself that it expires, in Unix seconds; None: it is no JWT that says so.

    A hint for people only: to its client a token is opaque, and who checks it is the vendor.

    Source: RFC 7519, section 4.1.4
    """
    parts = secret.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        claims = values.parse(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    expiry = values.number((claims or {}).get("exp"))
    return expiry if expiry is not None and 0 < expiry < LATEST else None
