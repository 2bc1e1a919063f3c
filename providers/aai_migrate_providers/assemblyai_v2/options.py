"""What AssemblyAI v2 can be told: option rows, and the one word that has no neutral name.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, query parameters and client messages)
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option, milliseconds
from aai_migrate.wire.schema import Check, integer
from aai_migrate.wire.values import number

from ..assemblyai_v3.options import flag, texts

NAME = "assemblyai-v2"
INSTEAD = "AssemblyAI retired its realtime API v2 in late 2025; use assemblyai-v3"
PARAMETERS = "https://github.com/AssemblyAI/assemblyai-api-spec"
SOCKET_PATH, TOKEN_PATH = "/v2/realtime/ws", "/v2/realtime/token"

MODEL = "realtime"
"""What we call the only model: the wire has no word for it."""
PARTIALS, BOOST = "disable_partial_transcripts", "word_boost"
SILENCE = "end_utterance_silence_threshold"
"""What no query has: it is a message, at any time."""
INFORMATION = "enable_extra_session_information"
"""Asks for ``SessionInformation``, which says how much audio there was."""
NATIVE = frozenset({INFORMATION})
"""Words that ``extra`` may carry; another is sent with a warning."""
RESERVED = {"sample_rate": "sample_rate", "encoding": "encoding", "token": "token"}
"""Words that are not ``extra``'s to set, and the argument that sets them."""
LONGEST_SILENCE = 20.0
MOST_CHARACTERS = 2500

CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 9, 18),  # when somebody last looked, and found that it was gone
    source=PARAMETERS,
    encodings=("pcm_s16le", "pcm_mulaw"),
    sample_rates=range(8_000, 48_001),
    default_model=MODEL,
    models={
        MODEL: Model(
            name=MODEL,
            family=MODEL,
            languages=("en",),
            # The first day on which somebody wrote that it had gone: the vendor names none, but for late 2025.
            retired=datetime.date(2025, 10, 30),
            replacement="assemblyai-v3",
            source="https://github.com/AssemblyAI/real-time-captions-demo/issues/2",
        )
    },
)


def shows(value: Any) -> bool:
    """Read ``disable_partial_transcripts`` as whether partials are wanted.

    Raises:
        ValueError: it is no boolean.
    """
    return not flag(value)


def silence(value: Any) -> float:
    """Read a threshold in milliseconds as seconds.

    Raises:
        ValueError: it is no number.
    """
    known = number(value)
    if known is None:
        raise ValueError("expected a number of milliseconds")
    return known / 1000


def _english(tag: str) -> str:
    return "" if tag.partition("-")[0].lower() == "en" else f"{tag!r} is not offered; it has English only"


def _silence(value: float) -> str:
    return "" if 0 <= value <= LONGEST_SILENCE else f"must be 0 to {LONGEST_SILENCE:g} s, not {value:g}"


def _keyterms(value: tuple[str, ...]) -> str:
    count = sum(map(len, value))
    return f"takes at most {MOST_CHARACTERS} characters in all, not {count}" if count > MOST_CHARACTERS else ""


def _row(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, source=PARAMETERS, **more)


def _lacking(name: str, alternative: str = "assemblyai-v3 has it") -> Option:
    return _row(name, "", support="unsupported", alternative=alternative)


OPTIONS = (
    _row("language", "", check=_english, support="approximate", why="it has English only, of no one region"),
    _lacking("languages", "give language='en', or use assemblyai-v3, which has several"),
    _row("partials", PARTIALS, encode=lambda on: not on, decode=shows),
    _row("formatting", "", check=lambda on: "" if on else "cannot be turned off", why="always on"),
    _row(
        "turn_silence",
        SILENCE,
        encode=milliseconds,
        decode=silence,
        check=_silence,
        hot=True,
        why="in whole milliseconds",
    ),
    _lacking("max_turn_silence"),
    _row("keyterms", BOOST, encode=list, decode=texts, check=_keyterms),
    _lacking("diarization"),
    _lacking("profanity_filter"),
    _lacking("pii_redaction"),
    _lacking("region"),
)


def _read(decode: Callable[[Any], Any], check: Callable[[Any], str] = lambda _: "") -> Check:
    """Return a check for what *decode* reads and *check* takes."""

    def wrong(value: Any) -> str:
        try:
            return check(decode(value))
        except ValueError as error:
            return f"is wrong: {error}"

    return wrong


WORDS: Mapping[str, Check] = {
    SILENCE: integer(0, milliseconds(LONGEST_SILENCE)),
    BOOST: _read(texts, _keyterms),
    PARTIALS: _read(flag),
    INFORMATION: _read(flag),
}
"""What is wrong with a value that ``extra`` carries."""
