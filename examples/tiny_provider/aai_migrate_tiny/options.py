"""What Tiny takes and can do, as data: one row for every neutral setting, also for those that it lacks."""

from __future__ import annotations

import datetime
from typing import Any

from aai_migrate.capabilities import Capabilities
from aai_migrate.options import Option, from_milliseconds, milliseconds

NAME = "tiny"
PAGE = "https://tiny.example/docs/stream"
HOST, PATH = "tiny.example", "/v1/stream"
RESERVED = {"rate": "sample_rate"}
"""Words of the query that are ours to set, each with the argument that sets it."""


def _silence(seconds: float) -> str:
    return "" if 0.1 <= seconds <= 10 else f"must be 0.1 to 10 seconds, not {seconds:g}"


def _switched(value: bool) -> str:
    return "on" if value else "off"


def _is_on(value: Any) -> bool:
    if value not in ("on", "off"):
        raise ValueError("expected on or off")
    return bool(value == "on")


def _lacks(name: str, alternative: str) -> Option:
    return Option(name=name, support="unsupported", alternative=alternative, source=PAGE)


MILLISECONDS: dict[str, Any] = {"encode": milliseconds, "decode": from_milliseconds}
OPTIONS = (
    Option(name="language", native="language", source=PAGE),
    Option(name="partials", native="guesses", encode=_switched, decode=_is_on, source=PAGE),
    Option(name="turn_silence", native="silence_ms", hot=True, source=PAGE, check=_silence, **MILLISECONDS),
    Option(name="keyterms", native="term", encode=list, decode=tuple, source=PAGE),
    _lacks("languages", "open one stream a language"),
    _lacks("formatting", "texts are written as they are spoken"),
    _lacks("max_turn_silence", "use turn_silence"),
    _lacks("diarization", "open one stream a speaker"),
    _lacks("profanity_filter", "filter the text of ended turns"),
    _lacks("pii_redaction", "redact the text of ended turns"),
    _lacks("region", "use base_url"),
)
CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 11, 1), source=PAGE, encodings=("pcm_s16le",), sample_rates=range(8_000, 48_001)
)
