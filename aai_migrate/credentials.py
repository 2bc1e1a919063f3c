"""Keys and tokens, kept where no log, repr or traceback shows them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from math import isfinite
from typing import Any, Literal, NoReturn
from urllib.parse import quote, urlsplit

from attrs import Attribute, evolve, field, frozen

from .errors import AaiMigrateError, ConfigError

MASK = "***"
"""Stands wherever a secret is left out."""


class Secret:
    """A string that shows itself to :meth:`reveal` only.

    ``repr``, ``str``, formatting, pickling and copying give the mask or fail, so that a secret cannot
    leave by accident.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value itself: for the one place that writes it to the wire."""
        return self.__value

    def redact(self, text: str) -> str:
        """Return *text* without the value, plain or as a URL spells it; of a URL what its query says goes as well."""
        for part in (self.__value, *_queried(self.__value)):
            if len(part) >= 4:
                text = text.replace(part, MASK).replace(quote(part, safe=""), MASK)
        return text

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


def _queried(value: str) -> list[str]:
    """Return the values in the query of a URL, which are what is secret of it; of what is no URL none."""
    if "://" not in value:
        return []
    try:
        query = urlsplit(value).query
    except ValueError:
        return []
    return [pair.partition("=")[2] for pair in query.split("&")]


def hide(value: Any) -> Any:
    """Return a plain key as a :class:`Secret`, so that no frame of a traceback holds it; else *value*."""
    return Secret(value) if isinstance(value, str) else value


def _secret(token: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, Secret):
        raise ConfigError(f"the secret of a Token is a string or a Secret, not {type(value).__name__}")


def _unix(token: object, attribute: Attribute[Any], value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if value is not None and not number:
        raise ConfigError(f"the expires_at of a Token is a number of Unix seconds, not {value!r}")


@frozen
class Token:
    """A temporary token of a vendor's, as :func:`aai_migrate.create_token` returns it.

    It opens sessions without the account's key, so it may be given to a program that is not to have that. Its repr is
    masked, and it is neither pickled nor copied: who hands it on says so by :meth:`reveal`.

    Attributes:
        provider: whose it is.
        secret: the token itself.
        expires_at: Unix seconds, by the clock of the machine that asked for it, from which on no session begins with
            it; None: the vendor does not say.
        settings: what it fixes of the session, in the vendor's words; None: nothing.
    Raises:
        ConfigError: *secret* is no string and no :class:`Secret`, or *expires_at* no number.
    """

    provider: str
    secret: Secret = field(converter=hide, validator=_secret)
    expires_at: float | None = field(default=None, validator=_unix)
    settings: Mapping[str, Any] | None = field(default=None, repr=False, eq=False, kw_only=True)

    def reveal(self) -> str:
        """Return the token itself, as a browser or another program is given it."""
        return self.secret.reveal()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Token cannot be pickled or copied; hand on what reveal() returns")


@frozen
class Credential:
    """What a vendor is shown at the handshake: a long-lived key or a short-lived token.

    Attributes:
        expires_at: Unix seconds from which on no session begins with it; None: not known.
        settings: what a token fixes of the session, in the vendor's words; None: nothing, or not known.
        once: it is good for one session, which only a lost connection may come back to.
        renewed: each connection is given another one.
    """

    secret: Secret = field()
    kind: Literal["key", "token"] = "key"
    expires_at: float | None = field(default=None, kw_only=True)
    settings: Mapping[str, Any] | None = field(default=None, kw_only=True, repr=False, eq=False)
    once: bool = field(default=False, kw_only=True)
    renewed: bool = field(default=False, kw_only=True, eq=False)


CredentialSource = Callable[[], Credential | None]


def credential(value: str | Secret, name: str, kind: Literal["key", "token"] = "key") -> Credential:
    """Return *value* as a credential.

    Args:
        value: the key or token as the caller gave it; blanks around it are dropped.
        name: what to call it in an error: the argument or the environment variable it came from.
    Raises:
        ConfigError: it is empty, or holds characters that no HTTP header may carry.
    """
    secret = Secret((value.reveal() if isinstance(value, Secret) else value).strip(" \t"))
    del value
    if not secret.reveal():
        raise ConfigError(f"{name} is empty; set it to your key")
    if not secret.reveal().isascii() or not secret.reveal().isprintable():
        raise ConfigError(f"{name} holds a line break or another character that no key has; copy the key again")
    return Credential(secret, kind)


@frozen
class Accepted:
    """What an argument may hold that gives a credential.

    Attributes:
        name: of the argument, or of the environment variable.
        provider: whom the credential is for; a token of another one is refused.
        once: see :class:`Credential`.
    """

    name: str
    kind: Literal["key", "token"]
    provider: str
    once: bool = False

    def read(self, value: Any) -> Credential:
        """Return *value*, a string, a :class:`Secret` or a :class:`Token`, as a credential.

        Raises:
            ConfigError: it is none of these, a token where a key is wanted, or a token of another provider.
        """
        value = hide(value)
        if not isinstance(value, Token):
            return evolve(credential(_text(value, self.name), self.name, self.kind), once=self.once)
        if self.kind == "key":
            raise ConfigError(f"{self.name} is a Token; give it as token")
        if value.provider != self.provider:
            raise ConfigError(f"{self.name} is a Token of {value.provider}, not of {self.provider}")
        checked = credential(value.secret, self.name, self.kind)
        return evolve(checked, expires_at=value.expires_at, settings=value.settings, once=self.once)


@frozen
class Asked:
    """A source that asks the application's callable, which may take its time or fail, for every connection."""

    callable: Callable[[], Any]
    accepted: Accepted

    @property
    def name(self) -> str:
        """The argument that it was given as."""
        return self.accepted.name

    def __call__(self) -> Credential:
        """Call it here and now.

        Raises:
            ConfigError: as :meth:`read` and :meth:`failed` say; it is an async function.
        """
        try:
            answer = hide(self.callable())
        except AaiMigrateError:
            raise
        except Exception as error:  # the application's code may raise anything
            raise self.failed(error) from error
        if isinstance(answer, Coroutine):
            answer.close()
        if isinstance(answer, Awaitable):
            raise ConfigError(f"the callable given as {self.name} is async; use aconnect, or give a plain one")
        return self.read(answer)

    def read(self, answer: Any) -> Credential:
        """Return what it answered as a credential.

        Raises:
            ConfigError: that is no key.
        """
        return evolve(self.accepted.read(answer), renewed=True)

    def failed(self, error: BaseException) -> ConfigError:
        """Return what is raised when it raised *error*."""
        return ConfigError(f"the callable given as {self.name} raised {type(error).__name__}")


def credential_source(
    provider: str, env: str | None, api_key: Any = None, token: Any = None, *, once: bool = False
) -> CredentialSource:
    """Return what yields the credential of each new connection.

    Args:
        provider: the provider's name, for errors.
        env: the environment variable that holds the key; None where the provider needs no key.
        api_key: the key, or a callable that yields one.
        token: a temporary token, or a callable that yields a fresh one for every connection.
        once: whether a token of this provider is good for one session.
    Raises:
        ConfigError: both or neither are given, or what is given cannot be a key.
    """
    if api_key is not None and token is not None:
        raise ConfigError("give api_key or token, not both")
    accepted = Accepted("api_key", "key", provider) if token is None else Accepted("token", "token", provider, once)
    value = hide(api_key if token is None else token)
    if value is None:
        if env is None:
            return lambda: None
        value, accepted = hide(os.environ.get(env)), Accepted(env, "key", provider)
        if value is None:
            raise ConfigError(
                f"{provider} needs a key: set {env}, or pass api_key=…; on the command line --api-key-env"
            )
    if callable(value):
        return Asked(value, accepted)
    fixed = accepted.read(value)
    return lambda: fixed


def _text(value: Any, name: str) -> Secret:
    value = hide(value)
    if not isinstance(value, Secret):
        kind = type(value).__name__
        del value
        raise ConfigError(f"{name} must be a string, not {kind}")
    return value
