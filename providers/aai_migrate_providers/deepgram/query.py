"""What the queries of both paths have in common, as neutral settings.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from aai_migrate.audio.format import AudioFormat
from aai_migrate.errors import AudioError
from aai_migrate.options import Option, decode

from .options import ENCODINGS, NAME
from .parameters import InvalidParameter, Reader, read
from .refusal import invalid

_RAW = {native: encoding for encoding, native in ENCODINGS.items()}
SERVED = frozenset({"model", "encoding", "sample_rate", "channels", "multichannel"})
"""Parameters that say what is sent, and to whom."""


def values(url: str, table: Mapping[str, Reader]) -> dict[str, Any]:
    """Return the parameters of *url* that *table* knows.

    Raises:
        Refusal: one of them has a value that cannot be, or audio is announced that is not decoded here.
    """
    pairs = parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True)
    try:
        found = read(pairs, table)
    except InvalidParameter as error:
        raise invalid(error) from None
    encoding = found.get("encoding")
    if encoding is not None and encoding not in _RAW:  # whatever else is missing beside it
        raise invalid(f"encoding: {encoding} is not decoded by this gateway; send linear16, linear32, mulaw or alaw")
    return found


def audio(given: Mapping[str, Any]) -> AudioFormat | None:
    """Return the format of raw audio; None: a container says it.

    Raises:
        Refusal: there is no such format.
    """
    encoding = given.get("encoding")
    if encoding is None:
        return None
    try:
        return AudioFormat(given["sample_rate"], _RAW[encoding], given.get("channels", 1))
    except AudioError as error:
        raise invalid(error) from None


def options(given: Mapping[str, Any], rows: Sequence[Option], family: str) -> dict[str, Any]:
    """Return the neutral options that parameters which have been read set."""
    found = decode(given, [row for row in rows if row.counts_for(family)], NAME)
    return {name: value for name, value in found.items() if value not in (None, ())}


def own(given: Mapping[str, Any], neutral: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return, for ``extra``, the parameters that are neither served nor *neutral*."""
    words = {name: value for name, value in given.items() if name not in SERVED and name not in neutral}
    return {NAME: words} if words else {}


def tags(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that the client put on the session, each under its own name."""
    return {tag: tag for tag in given.get("tag", ())}
