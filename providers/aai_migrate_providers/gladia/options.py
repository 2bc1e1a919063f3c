"""What Gladia can be told: option rows, and the members of the body that have no neutral name.

Sources, as they were on 2026-09-21:
https://docs.gladia.io/api-reference/v2/live/init (request body),
https://docs.gladia.io/chapters/limits-and-specifications/supported-formats,
https://docs.gladia.io/chapters/language/supported-languages
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from aai_migrate.audio.format import AudioFormat, Encoding
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option

NAME = "gladia"
HOST = "api.gladia.io"
PATH = "/v2/live"
BODY = "https://docs.gladia.io/api-reference/v2/live/init"
MODEL = "solaria-1"
LANGUAGES = tuple(
    str.split(
        "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy "
        "id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru "
        "sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
    )
)
REGIONS = {"eu": "eu-west", "us": "us-west", "eu-west": "eu-west", "us-west": "us-west"}
TURN_SILENCE = 0.7
"""Seconds of silence that end an utterance unless the caller says otherwise: then an utterance is a turn."""
LONGEST = 60
"""Seconds after which an utterance is cut in mid-speech: as late as the vendor can."""
MOST_TERMS, MOST_CHARACTERS, MOST_WORDS = 100, 10_000, 5
"""Terms of a vocabulary, characters of all of them, and words of one."""

_CODES = {"jv": "jw", "nb": "no", "fil": "tl", "cmn": "zh"}
"""Codes of the vendor's that are not the usual tags: it has an older word for Javanese, and one for all Chinese."""
# How the vendor spells an encoding: its name, and the bits of one sample.
SPELLED: dict[Encoding, tuple[str, int]] = {
    "pcm_s16le": ("wav/pcm", 16),
    "pcm_s24le": ("wav/pcm", 24),
    "pcm_s32le": ("wav/pcm", 32),
    "pcm_mulaw": ("wav/ulaw", 8),
    "pcm_alaw": ("wav/alaw", 8),
}
RESERVED = {
    "encoding": "encoding",
    "bit_depth": "encoding",
    "sample_rate": "sample_rate",
    "channels": "audio_channels and channels='separate'",
    "model": "model",
    "region": "region",
}
"""Members that are not ``extra``'s to set, and the argument that sets them."""
AUDIO_FRAMES = "audio_frames"
"""The one word in ``extra`` that is ours: ``"json"`` (default) or ``"binary"``."""


def spelled(audio: AudioFormat) -> dict[str, Any]:
    """Return the members that describe *audio*."""
    encoding, bits = SPELLED[audio.encoding]
    return {
        "encoding": encoding,
        "bit_depth": bits,
        "sample_rate": audio.sample_rate,
        "channels": audio.channels,
    }


def base(tag: str) -> str:
    """Return the vendor's code for a BCP-47 *tag*: it knows no regions."""
    code = tag.partition("-")[0].lower()
    return _CODES.get(code, code)


def tag(code: str) -> str:
    """Return the BCP-47 tag of the vendor's *code*."""
    return "jv" if code == "jw" else code


MODELS = {MODEL: Model(name=MODEL, family=MODEL, languages=tuple(map(tag, LANGUAGES)))}
CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 9, 21),  # the vendor's newest word on the body: the types of its JavaScript SDK 2.1.0
    source=BODY,
    encodings=("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_mulaw", "pcm_alaw"),
    sample_rates=(8_000, 16_000, 32_000, 44_100, 48_000),
    max_channels=8,
    models=MODELS,
)


def _known(value: Any) -> str:
    tags = (value,) if isinstance(value, str) else value
    unknown = [each for each in tags if base(each) not in LANGUAGES]
    return f"{unknown[0]!r} is not offered; known: {', '.join(LANGUAGES)}" if unknown else ""


def _codes(value: Any) -> tuple[str, ...]:
    """Read ``language_config.languages``.

    Raises:
        ValueError: it is no list of codes.
    """
    codes = value.get("languages", []) if isinstance(value, Mapping) else None
    if not isinstance(codes, (list, tuple)) or not all(isinstance(code, str) for code in codes):
        raise ValueError("languages must be a list of codes")
    return tuple(tag(code) for code in codes)


def _one(value: Any) -> str | None:
    codes = _codes(value)
    return codes[0] if len(codes) == 1 else None


def _many(value: Any) -> tuple[str, ...]:
    codes = _codes(value)
    return codes if len(codes) > 1 else ()


def _spoken(tags: Any) -> dict[str, Any]:
    """Write ``language_config``: of several languages each utterance may be in another; with one there is no choice."""
    codes = [*dict.fromkeys(map(base, tags))]
    return {"languages": codes, "code_switching": True} if len(codes) > 1 else {"languages": codes}


def _vocabulary(terms: Any) -> dict[str, Any]:
    return {"custom_vocabulary": True, "custom_vocabulary_config": {"vocabulary": list(terms)}}


def _terms(value: Any) -> tuple[str, ...]:
    """Read the terms of ``realtime_processing``, each a string or an object with a ``value``.

    Raises:
        ValueError: the vocabulary is no list of these.
    """
    if not isinstance(value, Mapping) or not value.get("custom_vocabulary"):
        return ()
    config = value.get("custom_vocabulary_config")
    items = config.get("vocabulary") if isinstance(config, Mapping) else None
    if not isinstance(items, (list, tuple)):
        raise ValueError("custom_vocabulary needs custom_vocabulary_config.vocabulary")
    values = (item.get("value") if isinstance(item, Mapping) else item for item in items)
    terms = [value for value in values if isinstance(value, str)]
    if len(terms) < len(items):
        raise ValueError("vocabulary must hold strings, or objects with a value")
    return tuple(term for term in terms if term.strip())


def _wrong_terms(terms: tuple[str, ...]) -> str:
    if len(terms) > MOST_TERMS:
        return f"takes at most {MOST_TERMS} terms, not {len(terms)}"
    if sum(map(len, terms)) > MOST_CHARACTERS:
        return f"takes at most {MOST_CHARACTERS:,} characters in all, not {sum(map(len, terms)):,}"
    longest = max((len(term.split()) for term in terms), default=0)
    return f"takes terms of at most {MOST_WORDS} words; one has {longest}" if longest > MOST_WORDS else ""


def _seconds(value: Any) -> float:
    """Read a time in seconds.

    Raises:
        ValueError: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("must be a number")
    return float(value)


def _partials(value: Any) -> bool | None:
    return bool(value["receive_partial_transcripts"]) if "receive_partial_transcripts" in value else None


def _row(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, source=BODY, **more)


OPTIONS = (
    _row(
        "language",
        "language_config",
        encode=lambda tag: {"languages": [base(tag)]},
        decode=_one,
        check=_known,
        support="approximate",
        why="regions are left out",
    ),
    _row(
        "languages",
        "language_config",
        encode=_spoken,
        decode=_many,
        check=_known,
        support="approximate",
        why="regions are left out; the language may change with every utterance",
    ),
    _row(
        "partials",
        "messages_config",
        encode=lambda on: {"receive_partial_transcripts": on},
        decode=_partials,
    ),
    _row("formatting", "", check=lambda on: "" if on else "cannot be turned off", why="always on"),
    _row(
        "turn_silence",
        "endpointing",
        decode=_seconds,
        check=lambda value: "" if 0.01 <= value <= 10 else f"must be 0.01 to 10 s, not {value:g}",
    ),
    _row("max_turn_silence", "", support="unsupported", alternative="use turn_silence, which every turn ends after"),
    _row(
        "keyterms",
        "realtime_processing",
        encode=_vocabulary,
        decode=_terms,
        check=_wrong_terms,
        why="with pronunciations and intensity in extra; the limits are of older pages, newer ones have none",
    ),
    _row("diarization", "", support="unsupported", alternative="use channels='separate' where speakers have their own"),
    _row(
        "profanity_filter",
        "",
        support="unsupported",
        alternative="realtime_processing.custom_spelling_config in extra writes other words for those you list",
    ),
    _row(
        "pii_redaction",
        "",
        support="unsupported",
        alternative="realtime_processing.named_entity_recognition in extra tells behind a turn what is to be taken out",
    ),
    _row(
        "region",
        "",
        check=lambda name: "" if name in REGIONS else f"must be eu or us, not {name!r}",
        why="chooses where audio is processed",
    ),
)
