"""Sealing what a client carries back: nobody but who has the secret can read it, change it or make it up."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SHORTEST = 16
"""Characters, or bytes, of a secret."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class Seal:
    """Seals bytes into text for a URL, by Fernet: AES-128 in CBC mode, signed with HMAC-SHA256.

    Two of them with the same secret read what the other one sealed. The secret itself is not kept.

    Source: https://github.com/fernet/spec/blob/master/Spec.md
    """

    def __init__(self, secret: str | bytes | None = None) -> None:
        """Take the *secret*, of 16 characters or more; None makes one up.

        Raises:
            ConfigError: it is shorter.
        """
        if secret is None:
            secret = secrets.token_bytes(32)
        if len(secret) < SHORTEST:
            raise ConfigError(
                f"the secret to seal with has less than {SHORTEST} characters; "
                "make one, as with python -c 'import secrets; print(secrets.token_hex())'"
            )
        self._key = hashlib.sha256(
            secret.encode(errors="surrogateescape") if isinstance(secret, str) else secret
        ).digest()

    @cached_property
    def _fernet(self) -> Fernet:
        try:
            from cryptography.fernet import Fernet
        except ImportError:
            raise MissingExtra("a session that a client carries back", "gateway") from None
        return Fernet(base64.urlsafe_b64encode(self._key))

    def seal(self, content: bytes) -> str:
        """Return *content* sealed: letters, digits, ``-`` and ``_``, 4/3 × its length and about 100 more.

        Raises:
            MissingExtra: the package ``cryptography`` is not installed.
        """
        return self._fernet.encrypt(content).decode().rstrip("=")

    def unseal(self, sealed: str) -> bytes | None:
        """Return what was sealed; None for what is not whole, or of another secret.

        Raises:
            MissingExtra: the package ``cryptography`` is not installed.
        """
        fernet = self._fernet
        if not _TOKEN.fullmatch(sealed) or len(sealed) % 4 == 1:
            return None
        token = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        if base64.urlsafe_b64encode(token).decode().rstrip("=") != sealed:
            return None  # bits that mean nothing: each content has one spelling
        from cryptography.fernet import InvalidToken

        try:
            return fernet.decrypt(base64.urlsafe_b64encode(token))
        except InvalidToken:
            return None
