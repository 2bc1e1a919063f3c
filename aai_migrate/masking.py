"""What may be a secret in frames, going by its name, and frames to show without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .credentials import MASK

PUBLIC_HEADERS = ("accept", "content-type", "content-length", "user-agent", "retry-after", "upgrade", "version")
LONGEST = 200
"""Characters of an ASCII string without a blank that may be a word."""
SECRET_WORDS = ("token", "key", "auth", "jwt", "secret", "password", "signature")
PUBLIC_WORDS = ("keyterm", "keyword")
"""What is no key, though it begins like one."""


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with every value masked that is not known to be public."""
    return {name: value if name.lower().endswith(PUBLIC_HEADERS) else MASK for name, value in headers.items()}


def masked_url(url: str) -> str:
    """Return *url* with user, password and query values masked whose name sounds secret."""
    parts = urlsplit(url)
    query = [(name, MASK if secret(name) else value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query, safe="*")))


def masked_text(text: str) -> str:
    """Return *text* as it is, but JSON without what may be secret and without audio.

    Masked are members whose name sounds secret and query values of URLs; of a string that is longer than any word
    and has no blank, as audio in base64 has none, only the length is kept.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    masked = _masked(value)
    return text if masked == value else json.dumps(masked, ensure_ascii=False)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if isinstance(each, str) and secret(name) else _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, str):
        return value
    if "://" in value and "?" in value and " " not in value:
        return masked_url(value)
    audio = len(value) > LONGEST and value.isascii() and not any(map(str.isspace, value))
    return f"<{len(value)} characters>" if audio else value


def secret(name: str) -> bool:
    """Say whether a member or parameter of this *name* may hold a secret."""
    low = name.lower()
    return any(word in low for word in SECRET_WORDS) and not any(word in low for word in PUBLIC_WORDS)
