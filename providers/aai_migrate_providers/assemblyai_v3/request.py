"""What a v3 client asks for, in its query and in ``UpdateConfiguration``, as neutral settings.

Source: https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api (query parameters)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import evolve, frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import BadRequest, ConfigError
from aai_migrate.options import decode

from .errors import INVALID
from .options import CAPABILITIES, CLEARABLE, NAME, NATIVE, U3, family, flag, rows

DEFAULT_MODEL = "universal-streaming-english"
"""What the vendor's specification serves a client that names no model."""
ALIASES = {
    "min_end_of_turn_silence_when_confident": "min_turn_silence",
    "keyterms": "keyterms_prompt",
    "noise_suppression_model": "voice_focus",
    "noise_suppression_threshold": "voice_focus_threshold",
    "_customer_support_audio_capture": "customer_support_audio_capture",
}
SERVED = frozenset({"inactivity_timeout", "session_heartbeat"})
"""Parameters that the server half acts on itself."""


class RefusalError(Exception):
    """A parameter or a message that v3 answers with an ``Error`` and a close."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else.
        model: whose behaviour it expects.
        partials: whether it wants turns before they end.
        formatted: whether ends count as formatted.
        inactivity: seconds without a message that end the session; None: no limit.
        heartbeat: whether it wants ``Heartbeat``.
    """

    config: Config
    model: str
    partials: bool
    formatted: bool
    inactivity: float | None
    heartbeat: bool

    @property
    def family(self) -> str:
        return family(self.model)

    @property
    def whole(self) -> bool:
        """Whether turns are told as whole texts that may change, not as words that are done."""
        return self.family == U3


def query(url: str) -> dict[str, str]:
    """Return the parameters of *url* under their present names."""
    return _renamed(parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True))


def read(given: Mapping[str, str]) -> Request:
    """Read a session's parameters; unknown ones are passed over, as the vendor does.

    Raises:
        RefusalError: one that is known has a wrong value.
    """
    asked = given.get("speech_model") or None
    model = asked or DEFAULT_MODEL
    known = dict(given)
    if "language_code" in known:  # the older way to name one
        known.setdefault("language_codes", json.dumps([known["language_code"]]))
    options = _options(known, model)
    partials = options.get("partials")
    return Request(
        config=_config(
            Config(),
            model=asked,
            audio=_audio(given),
            extra=_extra(given),
            **{name: value for name, value in options.items() if value not in (None, ())},
        ),
        model=model,
        partials=not options.get("pii_redaction") if partials is None else partials,
        formatted=family(model) == U3 or bool(options.get("formatting")),
        inactivity=_number(given, "inactivity_timeout", 5, 3600, " seconds"),
        heartbeat=_flag(given, "session_heartbeat"),
    )


def update(request: Request, message: Mapping[str, Any]) -> tuple[Request, dict[str, Any]]:
    """Return the request with the changes of an ``UpdateConfiguration``, and these as neutral options.

    What may not change in mid-session is passed over; ``[]`` clears a list.

    Raises:
        RefusalError: a value is wrong.
    """
    given = _renamed((name, value) for name, value in message.items() if value is not None)
    hot = {row.native for row in rows(request.family) if row.hot}
    options = _options({name: value for name, value in given.items() if name in hot}, request.model)
    cleared = {row.name for row in rows(request.family) if row.native in CLEARABLE}
    options = {name: value for name, value in options.items() if name in cleared or value not in (None, ())}
    config = _config(request.config, **options)
    formatted = request.whole or options.get("formatting", request.formatted)
    heartbeat = _flag(given, "session_heartbeat", default=request.heartbeat)
    return evolve(request, config=config, formatted=formatted, heartbeat=heartbeat), options


def invalid(name: object, why: str) -> RefusalError:
    """Return the refusal of a parameter."""
    return RefusalError(3006, f"{INVALID}: Invalid '{name}': {why}")


def _renamed(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* under their present names; of two spellings the present one wins."""
    return {ALIASES.get(name, name): value for name, value in sorted(pairs, key=lambda pair: pair[0] not in ALIASES)}


def _options(native: Mapping[str, Any], model: str) -> dict[str, Any]:
    table = rows(family(model))
    try:
        options = decode(native, table, NAME)
    except BadRequest as error:
        raise RefusalError(3006, f"{INVALID}: {error.reason}") from None
    for row in table:
        value = options.get(row.name) if row.native else None
        wrong = "" if value in (None, ()) else row.check(value)
        if wrong:
            raise invalid(row.native, wrong)
    return options


def _config(base: Config, **changes: Any) -> Config:
    try:
        return evolve(base, **changes)
    except ConfigError as error:
        raise RefusalError(3006, f"{INVALID}: {error}") from None


def _audio(given: Mapping[str, str]) -> AudioFormat:
    encoding, known = given.get("encoding", "pcm_s16le"), CAPABILITIES.encodings
    if encoding not in known:
        raise invalid("encoding", f"expected {' or '.join(known)}")
    rates = CAPABILITIES.sample_rates
    rate = _number(given, "sample_rate", rates[0], rates[-1], " Hz")
    return AudioFormat(16_000 if rate is None else int(rate), known[known.index(encoding)])


def _extra(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    words = {name: value for name, value in given.items() if name in NATIVE - SERVED}
    return {NAME: words} if words else {}


def _flag(given: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    try:
        return flag(given[name]) if name in given else default
    except ValueError as error:
        raise invalid(name, str(error)) from None


def _number(given: Mapping[str, str], name: str, least: float, most: float, unit: str) -> float | None:
    if name not in given:
        return None
    try:
        value = float(given[name])
    except ValueError:
        raise invalid(name, "expected a number") from None
    if not value >= least:
        raise invalid(name, f"must be at least {least:,}{unit}")
    if value > most:
        raise invalid(name, f"must be at most {most:,}{unit}")
    return value
