"""What Speechmatics can be told in neutral words: models, language packs, option rows.

Sources, as they were on 2026-08-13:
https://docs.speechmatics.com/api-ref/realtime-transcription-websocket,
https://docs.speechmatics.com/speech-to-text/languages,
https://docs.speechmatics.com/speech-to-text/models,
https://docs.speechmatics.com/speech-to-text/realtime/turn-detection
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from aai_migrate.audio.format import Encoding
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option
from aai_migrate.wire.values import mapping, number

NAME = "speechmatics"
PAGE = "https://docs.speechmatics.com/api-ref/realtime-transcription-websocket"
AGENT_PAGE = "https://docs.speechmatics.com/speech-to-text/agent-stt"
AS_OF = datetime.date(2026, 8, 13)
"""When the vendor published the pages that were read, those of Agent STT among them."""
PATH, AGENT_PATH, KEYS_PATH = "/v2", "/v2/agent", "/v1/api_keys"
MANAGEMENT = "mp.speechmatics.com"
"""The host that gives temporary keys."""
PREVIEW = "preview.rt.speechmatics.com"
HOSTS = {
    None: "eu.rt.speechmatics.com",
    "eu": "eu.rt.speechmatics.com",
    "us": "us.rt.speechmatics.com",
    "global": "global.rt.speechmatics.com",
}

# Families behave alike on the wire.
RT, MELIA, AGENT = "rt", "melia", "agent"
DEFAULT_MODEL, AGENT_MODEL = "enhanced", "linden-1"
MULTI = "multi"
"""The language of a model that finds the language itself."""
DEFAULT_LANGUAGE = "en"
TURN_SILENCE, MAX_DELAY = 0.7, 2.0
"""Seconds of silence that end an utterance, and from a word's end to its final, unless the caller says otherwise."""
LEAST_DELAY, MOST_DELAY, MOST_SILENCE = 0.7, 4.0, 2.0
"""Seconds: what the vendor takes of either."""
MOST_TERMS, MOST_WORDS, LONGEST_WORD = 1000, 6, 4000
"""Entries of a vocabulary, words of an entry and characters of a word; the vendor drops those that are longer."""

LANGUAGES = tuple(
    str.split(
        "ar ba be bg bn ca cmn cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu ia id it ja ko lt lv mn mr ms "
        "mt nl no pl pt ro ru sk sl sv sw ta th tl tr ug uk ur vi yue"
    )
)
"""Packs of one language."""
PACKS = {
    "ar_en": ("ar", "en"),
    "cmn_en": ("zh", "en"),
    "en_ms": ("en", "ms"),
    "en_ta": ("en", "ta"),
    "cmn_en_ms_ta": ("zh", "en", "ms", "ta"),
}
"""Packs of several languages, with the tags of these."""
UNDELIMITED = frozenset({"cmn", "ja", "yue"})
"""Packs whose words have nothing between them."""
BILINGUAL = "bilingual-en"
"""The ``domain`` that has the Spanish pack hear English too."""
_CODES = {"zh": "cmn", "nb": "no", "nn": "no", "fil": "tl"}
_LOCALES = {
    "en-gb": "en-GB",
    "en-us": "en-US",
    "en-au": "en-AU",
    "zh-hans": "cmn-Hans",
    "zh-cn": "cmn-Hans",
    "zh-hant": "cmn-Hant",
    "zh-tw": "cmn-Hant",
    "cmn-hans": "cmn-Hans",
    "cmn-hant": "cmn-Hant",
}
"""Spellings that the vendor tells apart, by language tag."""

ENCODINGS: dict[Encoding, str] = {"pcm_s16le": "pcm_s16le", "pcm_mulaw": "mulaw", "pcm_f32le": "pcm_f32le"}
"""How the vendor spells what its wire takes raw; µ-law and floats go out as they are."""


def base(tag: str) -> str:
    """Return the vendor's code for a BCP-47 *tag*, which it knows without regions."""
    first = tag.partition("-")[0].lower()
    return "yue" if tag.lower() in ("zh-hk", "zh-yue") else _CODES.get(first, first)


def locale(tag: str) -> str | None:
    """Return the spelling that a BCP-47 *tag*, by its script or its region, asks for, where the vendor has several."""
    language, *more = tag.lower().split("-")
    return _LOCALES.get("-".join((language, *more[:1])))


def tag(code: str, spelling: str | None = None) -> str:
    """Return the BCP-47 tag of the vendor's *code* and ``output_locale``."""
    if spelling in ("cmn-Hans", "cmn-Hant"):
        return spelling.replace("cmn", "zh")
    return spelling if spelling and code == "en" else "zh" if code == "cmn" else code


_TAGS = tuple(map(tag, LANGUAGES))
MODELS = {
    model.name: model
    for model in (
        Model(name="standard", family=RT, languages=_TAGS),
        Model(name="enhanced", family=RT, languages=_TAGS),
        # No page lists the languages of the other two: the one finds them itself.
        Model(name="melia-1", family=MELIA, source="https://docs.speechmatics.com/private/melia-1-realtime"),
        Model(name="linden-1", family=AGENT, source=AGENT_PAGE),
    )
}
"""The models; ``operating_point`` is but an older word for asking for one."""


def family(model: str | None) -> str:
    """Return how *model* behaves on the wire; of one that is not in the table the name tells."""
    name = model or DEFAULT_MODEL
    if name in MODELS:
        return MODELS[name].family
    return AGENT if name.startswith("linden") else MELIA if name.startswith("melia") else RT


CAPABILITIES = Capabilities(
    as_of=AS_OF,
    source=PAGE,
    encodings=tuple(ENCODINGS),
    sample_rates=range(8_000, 48_001),
    max_channels=2,
    default_model=DEFAULT_MODEL,
    models=MODELS,
    infer=family,
)
AGENT_CAPABILITIES = Capabilities(
    as_of=AS_OF,
    source=AGENT_PAGE,
    encodings=("pcm_s16le", "pcm_f32le"),
    sample_rates=(8_000, 16_000),
    default_model=AGENT_MODEL,
    models={name: model for name, model in MODELS.items() if model.family == AGENT},
    infer=family,
)


def pack(tags: Sequence[str]) -> str | None:
    """Return the pack of several languages, or None where there is none."""
    wanted = frozenset(map(base, tags))
    return next((name for name, codes in PACKS.items() if frozenset(map(base, codes)) == wanted), None)


def delimiter(language: str) -> str:
    """Return what stands between the words of a pack."""
    return "" if language in UNDELIMITED else " "


# Neutral values to the wire's and back.


def _known(tag: str) -> str:
    code = base(tag)
    return "" if code in LANGUAGES or code in PACKS else f"{tag!r} is not offered; known: {', '.join(LANGUAGES)}"


def _packed(tags: Sequence[str]) -> str:
    if len({*map(base, tags)}) == 1:
        return _known(tags[0])
    if frozenset(map(base, tags)) == frozenset(("es", "en")) or pack(tags):
        return ""
    offered = "; ".join("+".join(codes) for codes in (*PACKS.values(), ("es", "en")))
    return f"has no pack for {'+'.join(tags)}; known: {offered}; model melia-1 finds the language itself"


def _encode_pack(tags: Sequence[str]) -> str:
    return base(tags[0]) if len({*map(base, tags)}) == 1 else pack(tags) or "es"


def _one(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a string")
    return None if value in (*PACKS, MULTI) else tag(value)


def _many(value: Any) -> tuple[str, ...]:
    return PACKS.get(value, ()) if isinstance(value, str) else ()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be a boolean value")
    return value


def _trigger(value: Any) -> float | None:
    return number(mapping(value).get("end_of_utterance_silence_trigger"))


def _marks(value: Any) -> bool | None:
    marks = mapping(value).get("permitted_marks")
    return None if marks is None else bool(marks)


def _terms(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else ()
    texts = (item.get("content") if isinstance(item, Mapping) else item for item in items)
    return tuple(text for text in texts if isinstance(text, str) and text.strip())


def wrong_terms(terms: Sequence[str]) -> str:
    """Say what is wrong with the terms of a vocabulary, or ""."""
    if len(terms) > MOST_TERMS:
        return f"takes at most {MOST_TERMS} terms, not {len(terms)}"
    words = [term.split() for term in terms]
    if (most := max(map(len, words), default=0)) > MOST_WORDS:
        return f"takes terms of at most {MOST_WORDS} words; one has {most}"
    longest = max((len(word) for term in words for word in term), default=0)
    return f"takes words of at most {LONGEST_WORD} characters; one has {longest}" if longest > LONGEST_WORD else ""


def _silence(value: float) -> str:
    return "" if value <= MOST_SILENCE else f"must be 0 to {MOST_SILENCE:g} s, not {value:g}"


def _row(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, **{"source": PAGE, "models": (RT, MELIA)} | more)


_TERMS: dict[str, Any] = {
    "native": "additional_vocab",
    "encode": lambda terms: [{"content": term} for term in terms],
    "decode": _terms,
    "check": wrong_terms,
    "why": "with sounds_like in extra; a session with many takes up to 15 s to start",
}
_SPEAKERS: dict[str, Any] = {
    "native": "diarization",
    "encode": lambda on: "speaker" if on else "none",
    "decode": lambda value: value in ("speaker", "channel_and_speaker"),
}
_REGION: dict[str, Any] = {
    "native": "",
    "check": lambda name: "" if name in HOSTS else f"must be eu, us or global, not {name!r}",
    "why": "chooses the host",
}
_REPLACED = "transcript_filtering_config in extra replaces what a pattern finds"
_NO_PROFANITY = f"words that are profane carry a tag in raw, and {_REPLACED}"
_SPELLED = "regions are left out, but for the spellings of en and zh"
RT_OPTIONS = (
    _row(
        "language",
        "language",
        models=(RT,),
        decode=_one,
        encode=base,
        check=_known,
        support="approximate",
        why=_SPELLED,
    ),
    _row(
        "language",
        "language",
        models=(MELIA,),
        decode=_one,
        encode=base,
        check=_known,
        support="approximate",
        why="the model finds the language itself, and one steers it; regions are left out",
    ),
    _row(
        "languages",
        "language",
        models=(RT,),
        decode=_many,
        encode=_encode_pack,
        check=_packed,
        support="approximate",
        why=f"there are packs of some two to four languages; {_SPELLED}",
    ),
    _row(
        "languages",
        "language",
        models=(MELIA,),
        encode=lambda tags: MULTI,
        decode=_many,
        support="approximate",
        why="the model finds the language itself; language_hints has these, without their regions",
    ),
    # A server half has partials come whatever its client says: that may change in mid-session.
    _row("partials", "enable_partials", decode=_flag, hot=True),
    _row(
        "formatting",
        "punctuation_overrides",
        encode=lambda on: {"permitted_marks": ["all"] if on else []},
        decode=_marks,
        support="approximate",
        why="punctuation; capitals and numbers stay as they are",
    ),
    _row(
        "turn_silence",
        "conversation_config",
        encode=lambda seconds: {"end_of_utterance_silence_trigger": seconds},
        decode=_trigger,
        check=_silence,
        hot=True,
        support="approximate",
        why="0 has every sentence be a turn",
    ),
    _row("max_turn_silence", "", support="unsupported", alternative="use turn_silence, which every turn ends after"),
    _row("keyterms", **_TERMS),
    _row("diarization", **_SPEAKERS),
    _row("profanity_filter", "", support="unsupported", alternative=_NO_PROFANITY),
    _row("pii_redaction", "", support="unsupported", alternative=_REPLACED),
    _row("region", models=(RT,), **_REGION),
    _row(
        "region",
        models=(MELIA,),
        **{
            **_REGION,
            "support": "approximate",
            "why": "chooses the host; without one it is that of previews, where the model is sure to be",
        },
    ),
)


def _agent(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, **{"source": AGENT_PAGE, "models": (AGENT,)} | more)


AGENT_OPTIONS = (
    _agent("language", "language", decode=_one, encode=base, check=_known, support="approximate", why=_SPELLED),
    _agent(
        "languages",
        "",
        support="unsupported",
        alternative="choose model enhanced, which has packs of several, or melia-1, which finds the language itself",
    ),
    _agent("partials", "enable_partials", decode=_flag),
    _agent("formatting", "", check=lambda on: "" if on else "cannot be turned off", why="always on"),
    _agent("turn_silence", "", support="unsupported", alternative="choose model enhanced: this one decides by itself"),
    _agent("max_turn_silence", "", support="unsupported", alternative="choose model enhanced, and turn_silence"),
    _agent("keyterms", **_TERMS),
    _agent("diarization", **_SPEAKERS),
    _agent("profanity_filter", "", support="unsupported", alternative=f"choose model enhanced: {_REPLACED}"),
    _agent("pii_redaction", "", support="unsupported", alternative=f"choose model enhanced: {_REPLACED}"),
    _agent("region", **_REGION),
)
OPTIONS = (*RT_OPTIONS, *AGENT_OPTIONS)
