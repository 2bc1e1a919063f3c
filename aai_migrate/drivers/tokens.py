"""Asking a vendor for a temporary token, in blocking calls and in an event loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..credentials import Credential, Token, hide
from ..errors import ConfigError, MissingExtra, ProviderError
from ..failures import lost as unreached
from ..settings import ConfigSource, Settings, resolve
from ..tokens import Tokens, Wanted
from ..wire.frames import HttpRequest, HttpResponse, Lost
from .aio_credential import Fetched
from .http import request
from .route import LostError, lost
from .socket import LockedSocket

LOG = logging.getLogger("aai_migrate")
LARGEST = 1 << 20
"""Bytes of an answer that are read."""


def create_token(
    provider: str | None = None,
    *,
    seconds: float | None = None,
    session_seconds: float | None = None,
    api_key: Any = None,
    api_key_env: str | None = None,
    config: ConfigSource | None = None,
    **options: Any,
) -> Token:
    """Ask a vendor for a temporary token, which opens sessions without the account's key.

    Args:
        provider: ``"name"`` or ``"name/model"``; None: what ``AAI_MIGRATE_PROVIDER`` says, then *config*.
        seconds: how long it lives; None: as long as the vendor's usually do. What a vendor takes differs.
        session_seconds: how long a session may get that begins with it, where a vendor's tokens can say so.
        api_key: the account's key, or a callable that yields it; None: from the provider's environment variable.
        api_key_env: the environment variable of the key, instead of the provider's own.
        config: a config file, by its path or from :func:`~aai_migrate.load`; what is given here goes before it.
        options: as for :func:`~aai_migrate.connect`. Most vendors are told of ``base_url`` and ``region`` only; where a
            token is a session that waits, all of them are fixed by it.
    Raises:
        ConfigError, AudioError: a setting is wrong, or the vendor gives no tokens; nothing was dialled.
        ProviderError: the vendor refused, did not answer within ``connect_timeout``, or could not be reached.
    """
    api_key = hide(api_key)
    order = _order(provider, seconds, session_seconds, options, api_key=api_key, api_key_env=api_key_env, config=config)
    wanted = order.wanted(order.settings.credentials())
    ask, at = order.tokens.ask(wanted), time.time()
    return order.token(wanted, _answer(ask, order.settings.limits.connect_timeout), at)


async def acreate_token(
    provider: str | None = None,
    *,
    seconds: float | None = None,
    session_seconds: float | None = None,
    api_key: Any = None,
    api_key_env: str | None = None,
    config: ConfigSource | None = None,
    **options: Any,
) -> Token:
    """Ask a vendor for a temporary token in the running event loop; otherwise as :func:`create_token`.

    A callable that yields the key may be an async function.
    """
    api_key = hide(api_key)
    order = _order(provider, seconds, session_seconds, options, api_key=api_key, api_key_env=api_key_env, config=config)
    credentials = Fetched(order.settings.credentials)
    await credentials.fetch()
    wanted = order.wanted(credentials())
    ask, at = order.tokens.ask(wanted), time.time()
    try:
        from . import aio_socket
    except ImportError:
        raise MissingExtra("asyncio networking", "async") from None
    return order.token(wanted, await aio_socket.ask(ask, order.settings.limits.connect_timeout), at)


@frozen
class _Order:
    """A token that is wanted: all but the key."""

    settings: Settings
    tokens: Tokens
    seconds: float | None
    session_seconds: float | None

    def wanted(self, credential: Credential | None) -> Wanted:
        """Return it with what shows that one may have it."""
        return Wanted(
            config=self.settings.config,
            credential=credential,
            seconds=self.seconds,
            session_seconds=self.session_seconds,
        )

    def token(self, wanted: Wanted, answer: HttpResponse | Lost, at: float) -> Token:
        """Return the token that was answered, having been asked for at *at* in Unix seconds.

        Raises:
            ProviderError: none was.
        """
        name = self.settings.provider.name
        try:
            if isinstance(answer, Lost):
                raise unreached(name, answer)
            token = self.tokens.token(name, wanted, answer, at)
        except ProviderError as error:
            if wanted.credential:
                error.redact(wanted.credential.secret.redact)
            LOG.debug("%s: no token: %s", name, type(error).__name__)
            raise
        LOG.debug("%s: token created", name)
        return token


def _order(
    provider: str | None,
    seconds: float | None,
    session_seconds: float | None,
    options: Mapping[str, Any],
    **where: Any,
) -> _Order:
    """Return what is to be asked of whom.

    Args:
        where: the key and the config file, as :func:`~aai_migrate.settings.resolve` takes them.
    Raises:
        ConfigError, AudioError: as :func:`create_token` says.
    """
    settings = resolve(provider, options, **where)
    name, tokens = settings.provider.name, settings.provider.tokens
    if tokens is None:
        raise ConfigError(f"{name} gives no temporary tokens" + ("" if settings.provider.env else ": it needs no key"))
    return _Order(settings, tokens, tokens.seconds(name, seconds), tokens.session_seconds(name, session_seconds))


def _answer(ask: HttpRequest, patience: float) -> HttpResponse | Lost:
    """Perform *ask* here and now, within *patience* seconds."""
    wire = LockedSocket()
    try:
        return request(wire, ask, LARGEST, time.monotonic() + patience)
    except (LostError, OSError) as error:
        return lost(error)
    finally:
        wire.close()
