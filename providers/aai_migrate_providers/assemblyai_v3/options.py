"""What AssemblyAI v3 can be told: option rows, models, and the words that have no neutral name.

Sources, read 2026-09:
https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api (query parameters),
https://www.assemblyai.com/docs/speech-to-text/universal-streaming (models and turn detection),
https://github.com/TypeWhisper/typewhisper-mac/issues/1042 (a model that is refused).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option, from_milliseconds, milliseconds

NAME = "assemblyai-v3"
PARAMETERS = "https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api"
DEFAULT_MODEL = "u3-rt-pro"

# Families behave alike on the wire: Universal-Streaming (English, multilingual), Universal-3, Whisper.
US, US_MULTI, U3, W = "us", "us-multi", "u3", "w"
LANGUAGES = tuple(
    str.split(
        "en es de fr it pt tr nl sv no da fi hi vi ar he ja ur zh ru ko ca gl ro et fa yue af mr zu xh nn",
    )
)
_EUROPEAN = ("en", "es", "de", "fr", "it", "pt")

LISTED = datetime.date(2026, 9, 24)
"""When the service, refusing a model, listed those that it takes."""


def _gone(name: str, since: datetime.date, replacement: str, source: str = "") -> Model:
    return Model(name=name, family=U3, retired=since, replacement=replacement, source=source)


MODELS = {
    model.name: model
    for model in (
        Model(name="universal-streaming-english", family=US, languages=("en",)),
        Model(name="universal-streaming-multilingual", family=US_MULTI, languages=_EUROPEAN),
        Model(name="whisper-rt", family=W),
        *(
            Model(name=name, family=U3, languages=LANGUAGES)
            for name in (
                "u3-rt-pro",
                "u3-rt-pro-beta-1",
                "u3-rt-agent",
                "universal-3-5-pro",
                "universal-3-6",
                "universal-3-6-pro",
                "universal-3-7-preview",
            )
        ),
        # The vendor gives no dates: these are the days on which somebody saw that it takes them no more.
        _gone(
            "universal-3-pro",
            datetime.date(2026, 7, 31),
            "universal-3-5-pro",
            "https://github.com/TypeWhisper/typewhisper-mac/issues/1042",
        ),
        _gone("universal-3-5-pro-realtime", LISTED, "universal-3-5-pro"),
        _gone("u3-pro", LISTED, DEFAULT_MODEL),
    )
}


def family(model: str | None) -> str:
    """Return how *model* behaves on the wire; of an unknown one the name tells."""
    if model in MODELS:
        return MODELS[model].family
    name = model or ""
    if name.startswith("universal-streaming"):
        return US_MULTI if "multi" in name else US
    return W if "whisper" in name else U3


CAPABILITIES = Capabilities(
    as_of=LISTED,
    source=PARAMETERS,
    encodings=("pcm_s16le", "pcm_mulaw"),
    sample_rates=range(8_000, 192_001),
    default_model=DEFAULT_MODEL,
    models=MODELS,
    infer=family,
)

# Query parameters that ``extra`` may carry; another is sent with a warning: the vendor ignores misspellings.
NATIVE = frozenset(
    str.split(
        "mode end_of_turn_confidence_threshold vad_threshold interruption_delay continuous_partials "
        "turn_left_pad_ms max_turn_duration prompt agent_context previous_context_n_turns language_detection "
        "language domain max_speakers speaker_labels_revision_interval_ms voice_focus voice_focus_threshold "
        "redact_pii_policies redact_pii_sub inactivity_timeout session_heartbeat acknowledge_silence "
        "llm_gateway webhook_url webhook_auth_header_name webhook_auth_header_value "
        "customer_support_audio_capture",
    )
)
RESERVED = {
    "sample_rate": "sample_rate",
    "encoding": "encoding",
    "speech_model": "model",
    "token": "token",
}
"""Parameters that are not ``extra``'s to set, and the argument that sets them."""
SECRET = frozenset({"webhook_auth_header_value", "webhook_url"})
"""Parameters whose value no report of settings shows."""
CLEARABLE = frozenset({"keyterms_prompt", "language_codes"})
"""Lists that ``[]`` clears in mid-session."""
LONGEST_TERM, MOST_LANGUAGES = 50, 10
HOSTS = {
    None: "streaming.assemblyai.com",
    "us": "streaming.us.assemblyai.com",
    "eu": "streaming.eu.assemblyai.com",
}


def flag(value: Any) -> bool:
    """Read a boolean of any spelling: clients send ``true``, ``True`` and JSON booleans.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1"):
        return True
    if str(value).lower() in ("false", "0"):
        return False
    raise ValueError("expected true or false")


def texts(value: Any) -> tuple[str, ...]:
    """Read a list of strings, as a JSON array or as one string that holds it.

    Raises:
        ValueError: it is none.
    """
    try:
        items = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("expected a JSON list of strings")
    return tuple(item for item in items if item.strip())


def _codes(value: Any) -> tuple[str, ...]:
    """Read ``language_codes``; ``multi`` leaves it to the model, as no code does."""
    items = texts(value)
    return () if items == ("multi",) else items


def _one(value: Any) -> str | None:
    items = _codes(value)
    return items[0] if len(items) == 1 else None


def _many(value: Any) -> tuple[str, ...]:
    items = _codes(value)
    return items if len(items) > 1 else ()


def _terms(value: Any) -> tuple[str, ...]:
    """Read ``keyterms_prompt``; the vendor passes over terms that are too long."""
    items = texts(value)
    if len(items) > 100:
        raise ValueError(f"takes at most 100 terms, not {len(items)}")
    return tuple(item for item in items if len(item) <= LONGEST_TERM)


def _base(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _stranger(value: str | tuple[str, ...], known: tuple[str, ...]) -> str | None:
    """Return the first tag of one or several whose language is not *known*."""
    tags = (value,) if isinstance(value, str) else value
    return next((tag for tag in tags if _base(tag) not in known), None)


def _known_languages(value: str | tuple[str, ...]) -> str:
    if (tag := _stranger(value, LANGUAGES)) is not None:
        return f"{tag!r} is not offered; known: {', '.join(LANGUAGES)}"
    count = 1 if isinstance(value, str) else len({*map(_base, value)})
    return f"takes at most {MOST_LANGUAGES} languages, not {count}" if count > MOST_LANGUAGES else ""


def _among(known: tuple[str, ...]) -> Callable[[str | tuple[str, ...]], str]:
    def check(value: str | tuple[str, ...]) -> str:
        tag = _stranger(value, known)
        return "" if tag is None else f"{tag!r} needs another model, such as {DEFAULT_MODEL}"

    return check


def _silence(value: float) -> str:
    return "" if 0.05 <= value <= 10 else f"must be 0.05 to 10 s, not {value:g}"


def _keyterms(value: tuple[str, ...]) -> str:
    if len(value) > 100:
        return f"takes at most 100 terms, not {len(value)}"
    long = next((term for term in value if len(term) > LONGEST_TERM), None)
    return f"takes terms of at most {LONGEST_TERM} characters; one has {len(long)}" if long else ""


def _row(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, source=PARAMETERS, **more)


def _found(name: str, family: str, **more: Any) -> Option:
    """A language that only the model decides on: what it is told is not said on the wire."""
    return _row(name, "", models=(family,), support="approximate", why="the model finds the language itself", **more)


OPTIONS = (
    _row(
        "language",
        "language_codes",
        models=(U3,),
        encode=lambda tag: [_base(tag)],
        decode=_one,
        check=_known_languages,
        hot=True,
        support="approximate",
        why="one language steers the model, it does not exclude others; no region is told",
    ),
    _row(
        "language",
        "",
        models=(US,),
        check=_among(("en",)),
        support="approximate",
        why="the model has English only, and is told no region",
    ),
    _found("language", US_MULTI, check=_among(_EUROPEAN)),
    _found("language", W),
    _row(
        "languages",
        "language_codes",
        models=(U3,),
        encode=lambda tags: [*dict.fromkeys(map(_base, tags))],
        decode=_many,
        check=_known_languages,
        hot=True,
        support="approximate",
        why="they steer the model and do not exclude others; no regions are told",
    ),
    _found("languages", US_MULTI, check=_among(_EUROPEAN)),
    _found("languages", W),
    _row("languages", "", models=(US,), support="unsupported", alternative=f"choose model {DEFAULT_MODEL}"),
    _row("partials", "include_partial_turns", decode=flag),
    _row("formatting", "format_turns", models=(US, US_MULTI, W), decode=flag, hot=True),
    _row(
        "formatting",
        "",
        models=(U3,),
        check=lambda on: "" if on else "cannot be turned off for this model",
        why="always on",
    ),
    _row(
        "turn_silence",
        "min_turn_silence",
        encode=milliseconds,
        decode=from_milliseconds,
        check=_silence,
        hot=True,
        support="approximate",
        why="the model must also take the turn for finished",
    ),
    _row(
        "max_turn_silence",
        "max_turn_silence",
        encode=milliseconds,
        decode=from_milliseconds,
        hot=True,
        why="in whole milliseconds",
    ),
    _row(
        "keyterms",
        "keyterms_prompt",
        models=(US, US_MULTI, U3),
        encode=list,
        decode=_terms,
        check=_keyterms,
        hot=True,
    ),
    _row("keyterms", "", models=(W,), support="unsupported", alternative="choose a Universal model"),
    _row("diarization", "speaker_labels", decode=flag),
    _row("profanity_filter", "filter_profanity", decode=flag, hot=True),
    _row(
        "pii_redaction",
        "redact_pii",
        decode=flag,
        why="redacts turns that have ended; there are no partials then, unless they are asked for",
    ),
    _row(
        "region",
        "",
        check=lambda name: "" if name in HOSTS else f"must be us or eu, not {name!r}",
        why="chooses the host; without a region the nearest is asked",
    ),
)


def rows(family: str) -> list[Option]:
    """Return the rows of one model family."""
    return [row for row in OPTIONS if row.counts_for(family)]
