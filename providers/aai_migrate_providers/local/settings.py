"""What the embedded recogniser can be asked, as data."""

from __future__ import annotations

import datetime

from aai_migrate.audio.format import AudioFormat
from aai_migrate.capabilities import Capabilities
from aai_migrate.options import Option
from aai_migrate.provider import Numbers

NAME = "local"
SOURCE = "https://pypi.org/project/pocketsphinx/"
WIRE = AudioFormat(16_000, "pcm_s16le", 1)
LONGEST = 15.0
"""Seconds after which an utterance is cut at its quietest point, so that a decode stays short."""


def _english(language: str) -> str:
    return "" if language.lower().split("-")[0] == "en" else f"must be en or en-*, not {language!r}"


def _pause(seconds: float) -> str:
    return "" if 0.1 <= seconds <= 10 else f"must be 0.1 to 10 seconds, not {seconds:g}"


OPTIONS = (
    Option(name="language", check=_english, source=SOURCE),
    Option(name="partials", native="partials"),
    Option(name="turn_silence", native="turn_silence", check=_pause),
    Option(name="max_turn_silence", support="unsupported", alternative="every turn_silence ends a turn"),
    Option(name="languages", support="unsupported", alternative="use language='en'"),
    Option(name="formatting", support="unsupported", alternative="texts are lower-case words"),
)

CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 6, 6),
    source=SOURCE,
    encodings=(WIRE.encoding,),
    sample_rates=(WIRE.sample_rate,),
)

# The worker says itself what is settled, and may be behind: nothing is settled for want of words.
NUMBERS = Numbers(ends_only_with_audio=True, settle_lag=None, chunk=(0.03, 0.1, 1.0), longest_turn=LONGEST, ping=None)
