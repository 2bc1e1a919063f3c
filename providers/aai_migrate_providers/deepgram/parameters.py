"""The query parameters of both paths: what their values may be, for the half that writes and the half that reads.

Booleans are ``true`` and ``false``, lists are repeated names, pairs have a colon in the value.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from aai_migrate.config import well_formed

from .options import KEYTERM_FAMILIES, MULTI, SWITCHED, base, family, fits, flag, is_flux, too_long, too_many

LONGEST_TAG, LONGEST_EXTRA = 128, 2048
"""Characters of a tag, and of one pair of ``extra``."""
Reader = Callable[[list[str]], Any]


class InvalidParameter(ValueError):
    """A parameter with a value that cannot be; ``name`` is the parameter's."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


def _last(read: Callable[[str], Any]) -> Reader:
    """A parameter with one value; of several the last counts."""
    return lambda values: read(values[-1])


def _number(least: float, most: float, *, whole: bool = True) -> Reader:
    def read(text: str) -> float:
        try:
            if "_" in text or not text.isascii():  # which is how Python writes numbers, and nobody else
                raise ValueError
            value = float(text)
        except ValueError:
            raise ValueError(f"expected a number, not {text[:32]!r}") from None
        if not isfinite(value) or (whole and value != int(value)):
            raise ValueError(f"expected a whole number, not {text[:32]!r}")
        if not least <= value <= most:
            raise ValueError(f"must be {least:g} to {most:g}, not {value:g}")
        return int(value) if whole else value

    return _last(read)


def _among(*known: str) -> Reader:
    def read(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(f"expected one of {', '.join(known)}, not {text[:32]!r}")
        return text.lower()

    return _last(read)


def _each(check: Callable[[str], str]) -> Reader:
    def read(values: list[str]) -> tuple[str, ...]:
        for value in values:
            if wrong := check(value):
                raise ValueError(wrong)
        return tuple(values)

    return read


def _all(check: Callable[[list[str]], str]) -> Reader:
    def read(values: list[str]) -> tuple[str, ...]:
        if wrong := check(values):
            raise ValueError(wrong)
        return tuple(values)

    return read


def _endpointing(text: str) -> int | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(_number(0, 60_000)([text]))


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _longest(most: int) -> Callable[[str], str]:
    return lambda text: f"takes at most {most} characters; one has {len(text)}" if len(text) > most else ""


def _pair(text: str) -> str:
    return _longest(LONGEST_EXTRA)(text) or ("" if ":" in text else "expected KEY:VALUE")


def _term(text: str) -> str:
    return "" if text.strip() else "a term must not be blank"


def _redaction(*known: str) -> Reader:
    wrong = f"expected one of {', '.join(known)}"
    return _each(lambda text: "" if text.lower() in known else wrong)


_FLAG, _TEXT = _last(flag), _last(_filled)
_TAG = _each(_longest(LONGEST_TAG))
_FLAGS = (
    "multichannel interim_results punctuate smart_format no_delay vad_events diarize dictation numerals "
    "profanity_filter filler_words detect_entities mip_opt_out"
)
_ENCODINGS = ("linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus")
LISTEN: dict[str, Reader] = {
    "model": _TEXT,
    "version": _TEXT,
    "language": _TEXT,
    "language_hint": _each(_term),
    "encoding": _among(*_ENCODINGS, "flac", "amr-nb", "amr-wb", "speex", "g729"),
    "sample_rate": _number(1, 384_000),
    "channels": _number(1, 20),
    **dict.fromkeys(_FLAGS.split(), _FLAG),
    "endpointing": _last(_endpointing),
    "utterance_end_ms": _number(0, 60_000),
    "diarize_model": _among("latest", "v1"),
    "redact": _redaction("true", "false", "pci", "numbers", "aggressive_numbers", "ssn"),
    "keyterm": _all(too_long),
    "keywords": _all(too_many),
    "search": _each(_term),
    "replace": _each(_term),
    "extra": _each(_pair),
    "tag": _TAG,
    "callback": _TEXT,
    "callback_method": _among("post", "get", "put", "delete"),
}
FLUX: dict[str, Reader] = {
    "model": _TEXT,
    "encoding": _among(*_ENCODINGS),
    "sample_rate": _number(1, 384_000),
    "eot_threshold": _number(0.5, 1.0, whole=False),
    "eager_eot_threshold": _number(0.3, 0.9, whole=False),
    "eot_timeout_ms": _number(500, 60_000),
    "keyterm": _all(lambda terms: too_many(terms) or next(filter(None, map(_term, terms)), "")),
    "language_hint": _each(
        lambda code: "" if base(code) in SWITCHED else f"expected among {', '.join(SWITCHED)}, not {code[:32]!r}"
    ),
    "numerals": _FLAG,
    "profanity_filter": _FLAG,
    "mip_opt_out": _FLAG,
    "redact": _redaction("numbers", "aggressive_numbers"),
    "tag": _TAG,
}
"""Parameters that each path knows; there are newer ones, which the service and we pass over."""
EOT_THRESHOLD = 0.7
"""How sure Flux is of a turn's end, unless told otherwise."""
EOT_TIMEOUT_MS = 5000
"""Milliseconds of silence that end a turn of Flux at the latest, unless told otherwise."""


def read(pairs: Iterable[tuple[str, str]], table: Mapping[str, Reader]) -> dict[str, Any]:
    """Return the values of a query; names that *table* lacks are passed over.

    Raises:
        InvalidParameter: a value is wrong.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in table:
            given.setdefault(name, []).append(value)
    found: dict[str, Any] = {}
    for name, values in given.items():
        try:
            found[name] = table[name](values)
        except ValueError as error:
            raise InvalidParameter(name, str(error)) from None
    return found


def written(words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return *words* as the query spells them: a list as repeated names, a mapping as pairs with a colon.

    Raises:
        InvalidParameter: a value is nothing that a query spells.
    """
    return [(name, text) for name, value in words.items() for text in _texts(name, value)]


def _texts(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key}:{_text(name, each)}" for key, each in value.items()]
    return [_text(name, each) for each in value] if isinstance(value, (list, tuple)) else [_text(name, value)]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, (str, int, float)):
        raise InvalidParameter(name, f"takes text, a number, true or false, or a list; not a {type(value).__name__}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not well_formed(text):
        raise InvalidParameter(name, "takes whole characters; half a surrogate pair is none")
    return text


def check_listen(values: Mapping[str, Any]) -> None:
    """Check that the values of a ``/v1/listen`` query go together.

    Raises:
        InvalidParameter: they do not.
    """
    model = values.get("model")
    known = family(model)
    if wrong := fits(values.get("language", "en"), known):
        raise InvalidParameter("language", wrong)
    if "keyterm" in values and known not in KEYTERM_FAMILIES:
        raise InvalidParameter("keyterm", f"is for Nova-3 models, not for {model}; use keywords")
    if "encoding" in values and "sample_rate" not in values:
        raise InvalidParameter("sample_rate", f"is needed with encoding={values['encoding']}")


def check_flux(values: Mapping[str, Any]) -> None:
    """Check that the values of a ``/v2/listen`` query go together.

    Raises:
        InvalidParameter: they do not.
    """
    model = values.get("model", "")
    if not is_flux(model or None) or model == "flux":
        known = "flux-general-en or flux-general-multi"
        raise InvalidParameter("model", f"must be {known}, not {model}" if model else f"is required; choose {known}")
    eager = values.get("eager_eot_threshold")
    if eager is not None and eager > values.get("eot_threshold", EOT_THRESHOLD):
        raise InvalidParameter("eager_eot_threshold", "must not be above eot_threshold")
    if values.get("language_hint") and MULTI not in model:
        raise InvalidParameter("language_hint", f"is for flux-general-multi, not for {model}")
    if "encoding" in values and "sample_rate" not in values:
        raise InvalidParameter("sample_rate", f"is needed with encoding={values['encoding']}")
