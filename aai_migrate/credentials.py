"""Keys and tokens, kept where no log, repr or traceback shows them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, NoReturn
from urllib.parse import quote

from attrs import field, frozen

from .errors import AaiMigrateError, ConfigError


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
        """Return *text* without the value, plain or as a URL spells it."""
        if len(self.__value) < 4:
            return text
        return text.replace(self.__value, "***").replace(quote(self.__value, safe=""), "***")

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


@frozen
class Credential:
    """What a vendor is shown at the handshake: a long-lived key or a short-lived token."""

    secret: Secret = field()
    kind: Literal["key", "token"] = "key"


def hide(value: Any) -> Any:
    """Return a plain key as a :class:`Secret`, so that no frame of a traceback holds it; else *value*."""
    return Secret(value) if isinstance(value, str) else value


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
class Asked:
    """A source that asks the application's callable, which may take its time or fail, for every connection."""

    callable: Callable[[], Any]
    name: str
    kind: Literal["key", "token"]

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
        answer = hide(answer)
        return credential(_text(answer, self.name), self.name, self.kind)

    def failed(self, error: BaseException) -> ConfigError:
        """Return what is raised when it raised *error*."""
        return ConfigError(f"the callable given as {self.name} raised {type(error).__name__}")


def credential_source(provider: str, env: str | None, api_key: Any = None, token: Any = None) -> CredentialSource:
    """Return what yields the credential of each new connection.

    Args:
        provider: the provider's name, for errors.
        env: the environment variable that holds the key; None where the provider needs no key.
        api_key: the key, or a callable that yields one.
        token: a temporary token, or a callable that yields a fresh one for every connection.
    Raises:
        ConfigError: both or neither are given, or what is given cannot be a key.
    """
    if api_key is not None and token is not None:
        raise ConfigError("give api_key or token, not both")
    kind: Literal["key", "token"] = "key" if token is None else "token"
    name = "api_key" if token is None else "token"
    value = hide(api_key if token is None else token)
    if value is None:
        if env is None:
            return lambda: None
        value, name = hide(os.environ.get(env)), env
        if value is None:
            raise ConfigError(
                f"{provider} needs a key: set {env}, or pass api_key=…; on the command line --api-key-env"
            )
    if callable(value):
        return Asked(value, name, kind)
    fixed = credential(_text(value, name), name, kind)
    return lambda: fixed


def _text(value: Any, name: str) -> Secret:
    value = hide(value)
    if not isinstance(value, Secret):
        kind = type(value).__name__
        del value
        raise ConfigError(f"{name} must be a string, not {kind}")
    return value
