"""What a v2 client asks for, in its query and in its messages, as neutral settings.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, query parameters and client messages)
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import AudioError, BadRequest
from aai_migrate.options import decode
from aai_migrate.wire import values

from ..assemblyai_v3.options import flag
from .errors import CODES, INVALID_SCHEMA, UNREAD_BOOST, WRONG_RATE
from .options import BOOST, CAPABILITIES, INFORMATION, NAME, OPTIONS, SILENCE

_ROWS = {row.native: row for row in OPTIONS if row.native}
_HERE = [row for row in _ROWS.values() if row.native != SILENCE]  # of a query


@define
class Refusal(Exception):
    """Why a session is refused or ended: a close code of the vendor's, and what its client may read."""

    code: int
    text: str


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else.
        partials: whether it wants text that may change.
        information: whether it wants ``SessionInformation`` at the end.
    """

    config: Config
    partials: bool
    information: bool


def query(url: str) -> dict[str, str]:
    """Return the parameters of *url*; one without a value is as good as none."""
    return dict(parse_qsl(url.partition("?")[2].partition("#")[0]))


def read(given: Mapping[str, str]) -> Request:
    """Read a session's parameters; unknown ones are passed over.

    Some clients write all of it in lower case, others a boolean as Python does.

    Raises:
        Refusal: one that is known has a wrong value.
    """
    audio = _audio(given)
    try:
        options = decode(given, _HERE, NAME)
    except BadRequest as error:
        if error.code == BOOST:
            raise _refusal(UNREAD_BOOST, "expected a JSON list of strings") from None
        raise _refusal(INVALID_SCHEMA, error.reason) from None
    if wrong := _ROWS[BOOST].check(options.get("keyterms", ())):
        raise _refusal(UNREAD_BOOST, wrong)
    information = truth(INFORMATION, given.get(INFORMATION, False))
    extra = {NAME: {INFORMATION: information}} if INFORMATION in given else {}
    config = Config(audio=audio, extra=extra, **options)
    return Request(config=config, partials=config.partials is not False, information=information)


def threshold(value: Any) -> float:
    """Return ``end_utterance_silence_threshold`` in seconds.

    Raises:
        Refusal: it is no number of milliseconds from 0 to 20000.
    """
    row = _ROWS[SILENCE]
    try:
        seconds: float = row.decode(value)
    except ValueError:
        seconds = -1.0
    if row.check(seconds):
        raise _refusal(INVALID_SCHEMA, f"'{SILENCE}' must be a number from 0 to 20000")
    return seconds


def truth(name: str, value: Any) -> bool:
    """Return the value of a message that is a boolean.

    Raises:
        Refusal: it is none.
    """
    try:
        return flag(value)
    except ValueError:
        raise _refusal(INVALID_SCHEMA, f"'{name}' must be a boolean") from None


def samples(value: Any) -> bytes:
    """Return the bytes of ``audio_data``.

    Raises:
        Refusal: it is no base64.
    """
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, ValueError, binascii.Error):
        raise _refusal(INVALID_SCHEMA, "'audio_data' must be a string of base64") from None


def unread() -> Refusal:
    """Return the refusal of a message without a member that is known."""
    return _refusal(INVALID_SCHEMA, "it has no known member")


def _audio(given: Mapping[str, str]) -> AudioFormat:
    rate = values.whole(given.get("sample_rate"))
    try:
        if not rate:
            raise Refusal(WRONG_RATE, CODES[WRONG_RATE].text)
        known = CAPABILITIES.encodings
        encoding = given.get("encoding", known[0]).lower()
        if encoding not in known:
            raise _refusal(INVALID_SCHEMA, f"'encoding' must be {' or '.join(known)}")
        return AudioFormat(rate, known[known.index(encoding)])
    except AudioError as error:
        raise _refusal(WRONG_RATE, str(error)) from None


def _refusal(code: int, why: str) -> Refusal:
    return Refusal(code, f"{CODES[code].text}: {why}")
