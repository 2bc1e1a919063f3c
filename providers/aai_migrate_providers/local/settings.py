"""What the embedded recogniser can be asked, as data."""

from __future__ import annotations

import datetime
from typing import Any

from aai_migrate.audio.format import AudioFormat
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option
from aai_migrate.provider import Numbers

NAME = "local"
SOURCE = "https://pypi.org/project/pocketsphinx/"
MODEL = "pocketsphinx en-us"
"""The only model, which comes with the recogniser."""
WIRE = AudioFormat(16_000, "pcm_s16le", 1)
LONGEST = 15.0
"""Seconds after which an utterance is cut at its quietest point, so that a decode stays short."""


def _english(language: str) -> str:
    return "" if language.lower().split("-")[0] == "en" else f"must be en or en-*, not {language!r}"


def _pause(seconds: float) -> str:
    return "" if 0.1 <= seconds <= 10 else f"must be 0.1 to 10 seconds, not {seconds:g}"


def _row(name: str, native: str = "", **more: Any) -> Option:
    return Option(name=name, native=native, source=SOURCE, **more)


def _lacking(name: str, alternative: str) -> Option:
    return _row(name, support="unsupported", alternative=alternative)


OPTIONS = (
    _row("language", check=_english, support="approximate", why="English of any region is heard as American"),
    _lacking("languages", "give language='en'; all other providers but assemblyai-v2 have several"),
    _row("partials", "partials"),
    _lacking("formatting", "texts are lower-case words without punctuation; all other providers format theirs"),
    _row("turn_silence", "turn_silence", check=_pause),
    _lacking("max_turn_silence", "use turn_silence, which every turn ends after"),
    _lacking("keyterms", "its dictionary is fixed; deepgram, speechmatics, gladia and assemblyai-v3 take terms"),
    _lacking("diarization", "open one stream a speaker; deepgram, speechmatics and assemblyai-v3 have it"),
    _lacking("profanity_filter", "deepgram and assemblyai-v3 have it"),
    _lacking("pii_redaction", "no audio leaves this machine; deepgram and assemblyai-v3 redact"),
    _row("region", support="approximate", why="it runs where the caller runs, whatever the region"),
)

CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 6, 6),  # when the release that was measured, 5.1.1, was built
    source=SOURCE,
    encodings=(WIRE.encoding,),
    sample_rates=(WIRE.sample_rate,),
    default_model=MODEL,
    models={MODEL: Model(name=MODEL, family=NAME, languages=("en",))},
)

# The worker says itself what is settled, and may be behind: nothing is settled for want of words.
NUMBERS = Numbers(ends_only_with_audio=True, settle_lag=None, chunk=(0.03, 0.1, 1.0), longest_turn=LONGEST, ping=None)
