"""What a client of ``/v2/listen`` asks for in its query and in ``Configure``, as neutral settings.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-flux (query parameters),
https://developers.deepgram.com/docs/flux/configure
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config

from .. import query
from ..options import FLUX_MULTI, FLUX_OPTIONS, family
from ..parameters import EOT_THRESHOLD, EOT_TIMEOUT_MS, FLUX, InvalidParameter, check_flux
from ..parameters import read as read_pairs
from ..refusal import invalid

THRESHOLDS = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")
_NEUTRAL = frozenset({"eot_timeout_ms", "keyterm", "language_hint", "profanity_filter"})
_LISTS = {"keyterms": "keyterm", "language_hints": "language_hint"}


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else; of its audio what ``audio`` says.
        audio: the format of raw audio; None: the stream begins with a container.
        model: whose behaviour it expects.
        current: what can change in mid-session, by the names of the query, with what counts unless told otherwise.
        tags: labels of the session.
    """

    config: Config
    audio: AudioFormat | None
    model: str
    current: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def languages(self) -> bool:
        """Whether the model finds the language."""
        return family(self.model) == FLUX_MULTI


class WrongChange(Exception):
    """A ``Configure`` that is refused; ``code`` says in which part."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


def read(url: str) -> Request:
    """Read the query of *url*; parameters that nobody knows are passed over.

    Raises:
        Refusal: a value is wrong, or several do not go together.
    """
    given = query.values(url, FLUX)
    try:
        check_flux(given)
    except InvalidParameter as error:
        raise invalid(error) from None
    audio, model = query.audio(given), given["model"]
    hot = {name: given[name] for name in (*THRESHOLDS, *_LISTS.values(), "numerals") if name in given}
    return Request(
        config=Config(
            model=model,
            audio=audio or AudioFormat(),
            extra=query.own(given, _NEUTRAL),
            **query.options(given, FLUX_OPTIONS, family(model)),
        ),
        audio=audio,
        model=model,
        current={"eot_threshold": EOT_THRESHOLD, "eot_timeout_ms": EOT_TIMEOUT_MS, "keyterm": (), **hot},
        tags=query.tags(given),
    )


def change(message: Mapping[str, Any], current: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return what a ``Configure`` changes, by the names of the query; what is absent or null stays.

    Args:
        current: what is in force before it.
    Raises:
        WrongChange: a value is wrong, or does not go with the others.
    """
    thresholds = message.get("thresholds")
    if thresholds is not None and not isinstance(thresholds, dict):
        raise WrongChange("INVALID_THRESHOLD", "thresholds must be an object")
    found: dict[str, Any] = {}
    for name in THRESHOLDS:
        if (value := (thresholds or {}).get(name)) is not None:
            found[name] = _read(name, [str(value)], "INVALID_THRESHOLD")
    for name, native in _LISTS.items():
        if (value := message.get(name)) is not None:
            code = f"INVALID_{name.upper()}"
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise WrongChange(code, f"{name} must be a list of strings")
            found[native] = _read(native, value, code)
    if (numerals := message.get("numerals")) is not None:
        found["numerals"] = _read("numerals", [str(numerals)], "INVALID_NUMERALS")
    try:
        check_flux({**current, **found, "model": model})
    except InvalidParameter as error:
        code = "INVALID_LANGUAGE_HINTS" if error.name == "language_hint" else "INVALID_THRESHOLD"
        raise WrongChange(code, str(error)) from None
    return found


def neutral(changed: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return the neutral options of what a ``Configure`` changes; what it clears is None or empty."""
    options = query.options(changed, FLUX_OPTIONS, family(model))
    if "keyterm" in changed:
        options.setdefault("keyterms", ())
    if "language_hint" in changed:
        options = {"language": None, "languages": ()} | options
    return options


def _read(name: str, values: list[str], code: str) -> Any:
    try:
        return read_pairs([(name, value) for value in values], FLUX).get(name, ())
    except InvalidParameter as error:
        raise WrongChange(code, str(error)) from None
