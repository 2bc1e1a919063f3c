"""What Deepgram can be told in neutral words: models, option rows and what they are sent as.

Sources, read 2026-11:
https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux,
https://developers.deepgram.com/docs/models-languages-overview (which languages a model knows),
https://developers.deepgram.com/changelog (languages of Nova-3),
https://developers.deepgram.com/docs/keyterm (limits of terms),
https://developers.deepgram.com/reference/regional-endpoints (hosts)
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from aai_migrate.audio.format import Encoding
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.options import Option, from_milliseconds, milliseconds

NAME = "deepgram"
LISTEN_PAGE = "https://developers.deepgram.com/reference/speech-to-text/listen-streaming"
FLUX_PAGE = "https://developers.deepgram.com/reference/speech-to-text/listen-flux"
LANGUAGES_PAGE = "https://developers.deepgram.com/docs/models-languages-overview"
KEYTERM_PAGE = "https://developers.deepgram.com/docs/keyterm"
REGION_PAGE = "https://developers.deepgram.com/reference/regional-endpoints"
LISTEN_PATH, FLUX_PATH = "/v1/listen", "/v2/listen"
DEFAULT_MODEL = "nova-3"
HOSTS = {
    None: "api.deepgram.com",
    "us": "api.deepgram.com",
    "eu": "api.eu.deepgram.com",
    "au": "api.au.deepgram.com",
}
TURN_SILENCE, WORD_GAP = 700, 1000
"""Milliseconds of silence, and between two words, that end a turn unless the caller says otherwise."""
MOST_TERMS, MOST_TOKENS = 100, 500
"""Terms of a Flux session or keywords of an older model, and tokens of Nova-3's terms; a word is a token at least."""
MOST_UNANSWERED = 100
"""Finalizes of a session that may wait for their answer."""
MULTI = "multi"
"""The language of a model that finds the language itself."""

# Families behave alike on the wire and know the same languages.
NOVA3, NOVA3_EN, NOVA2, NOVA2_EN, LEGACY = "nova-3", "nova-3-en", "nova-2", "nova-2-en", "legacy"
CUSTOM = "custom"  # of which nothing is known
FLUX, FLUX_MULTI = "flux", "flux-multi"
LISTEN_FAMILIES = (NOVA3, NOVA3_EN, NOVA2, NOVA2_EN, LEGACY, CUSTOM)
FLUX_FAMILIES = (FLUX, FLUX_MULTI)
KEYTERM_FAMILIES = (NOVA3, NOVA3_EN, CUSTOM)

SWITCHED = ("de", "en", "es", "fr", "hi", "it", "ja", "nl", "pt", "ru")
"""Languages that Nova-3 and Flux tell apart by themselves."""
_NOVA2 = "bg ca cs da de el en es et fi fr hi hu id it ja ko lt lv ms nl no pl pt ro ru sk sv th tr uk vi zh"
_NOVA3 = f"{_NOVA2} af ar be bn bs fa gu he hr hy ka kk kn mk ml mr ne pa sl sr ta te tl ur"
LANGUAGES: dict[str, tuple[str, ...]] = {
    NOVA3: tuple(sorted(_NOVA3.split())),
    NOVA3_EN: ("en",),
    NOVA2: tuple(_NOVA2.split()),
    NOVA2_EN: ("en",),
    FLUX: ("en",),
    FLUX_MULTI: SWITCHED,
}
"""Languages of a family, without regions; of the older ones, and of custom models, we know no list."""
_MULTI = {NOVA3: SWITCHED, NOVA2: ("en", "es")}
_ONE_LANGUAGE = {
    NOVA3_EN: f"choose model {DEFAULT_MODEL}",
    NOVA2_EN: f"choose model {DEFAULT_MODEL}",
    LEGACY: f"choose model {DEFAULT_MODEL}",
    CUSTOM: f"where the model tells languages apart, pass language='{MULTI}'; else choose model {DEFAULT_MODEL}",
}
"""Families that are told one language, and what comes nearest to several."""


def _models() -> dict[str, Model]:
    """Return the models of the vendor's pages, of which none calls one of them deprecated."""
    names = {
        NOVA3: "nova-3 nova-3-general",
        NOVA3_EN: "nova-3-medical",
        FLUX: "flux-general-en",
        FLUX_MULTI: "flux-general-multi",
        NOVA2: "nova-2 nova-2-general",
        NOVA2_EN: "nova-2-meeting nova-2-phonecall nova-2-finance nova-2-conversationalai nova-2-voicemail "
        "nova-2-video nova-2-medical nova-2-drivethru nova-2-automotive nova-2-atc",
        LEGACY: "nova nova-general nova-phonecall nova-medical enhanced enhanced-general enhanced-meeting "
        "enhanced-phonecall enhanced-finance base base-general meeting phonecall finance conversationalai voicemail "
        "video",
        CUSTOM: "custom",
    }
    return {
        name: Model(name=name, family=family, languages=LANGUAGES.get(family, ()))
        for family, listed in names.items()
        for name in listed.split()
    }


MODELS = _models()
ENCODINGS: dict[Encoding, str] = {
    "pcm_s16le": "linear16",
    "pcm_mulaw": "mulaw",
    "pcm_alaw": "alaw",
    "pcm_f32le": "linear32",
}
"""How the vendor spells what its wire takes raw and we write."""


def family(model: str | None) -> str:
    """Return how *model* behaves on the wire; of one that is not in the table the name tells."""
    name = model or DEFAULT_MODEL
    if name in MODELS:
        return MODELS[name].family
    for start, known in (("flux", FLUX), ("nova-2", NOVA2), ("nova-3", NOVA3)):
        if name.startswith(start):
            return FLUX_MULTI if known == FLUX and MULTI in name else known
    return LEGACY if name.startswith(("nova-", "enhanced", "base")) else CUSTOM


LISTEN_CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 11, 1),
    source=LISTEN_PAGE,
    encodings=tuple(ENCODINGS),
    sample_rates=range(8_000, 48_001),
    max_channels=20,
    default_model=DEFAULT_MODEL,
    models=MODELS,
    infer=family,
)
FLUX_CAPABILITIES = Capabilities(
    as_of=datetime.date(2026, 11, 1),
    source=FLUX_PAGE,
    encodings=tuple(ENCODINGS),
    sample_rates=(8_000, 16_000, 24_000, 44_100, 48_000),
    default_model="flux-general-en",
    models={name: model for name, model in MODELS.items() if model.family in FLUX_FAMILIES},
    infer=family,
)


def is_flux(model: str | None) -> bool:
    """Say whether *model* is spoken with at ``/v2/listen``."""
    return family(model) in FLUX_FAMILIES


def base(tag: str) -> str:
    """Return the language of a BCP-47 *tag* without region and script."""
    return tag.partition("-")[0].lower()


# Neutral values to the wire's and back.


def flag(value: Any) -> bool:
    """Read a boolean in any case: the service takes lower case only, yet clients differ.

    Raises:
        ValueError: it is none.
    """
    known = {"true": True, "false": False, "1": True, "0": False}.get(str(value).strip().lower())
    if known is None:
        raise ValueError("expected true or false")
    return known


def _silence(value: Any) -> float | None:
    """Read ``endpointing``: milliseconds, ``false``, or ``true`` for the vendor's own."""
    return None if str(value).lower() in ("true", "false") else from_milliseconds(value)


def _one(value: Any) -> str | None:
    return None if value == MULTI else str(value)


def _redacted(value: Any) -> bool:
    return any(str(item).lower() != "false" for item in value)


def _boosted(value: Sequence[str]) -> tuple[str, ...]:
    """Read ``keywords`` without the words that are suppressed, and without boosts."""
    parts = (item.rpartition(":") if ":" in item else (item, "", "") for item in value)
    return tuple(word for word, _, boost in parts if word.strip() and not boost.startswith("-"))


def fits(tag: str, family: str) -> str:
    """Say what is wrong with language *tag* for a model of *family*, or ""."""
    known = LANGUAGES.get(family)
    if tag == MULTI and family in (*_MULTI, CUSTOM):
        return ""
    if known is None:  # of the older ones none finds the language
        return f"{tag!r} is not offered by this model" if tag == MULTI else ""
    return "" if base(tag) in known else f"{tag!r} is not offered by this model; known: {', '.join(known)}"


def _speaks(family: str) -> Callable[[str], str]:
    newer = "; one that it has learned since goes in extra" if family == NOVA3 else ""
    return lambda tag: (wrong := fits(tag, family)) and wrong + newer


def _switches(known: Sequence[str]) -> Callable[[Sequence[str]], str]:
    def check(tags: Sequence[str]) -> str:
        other = next((tag for tag in tags if base(tag) not in known), None)
        return f"{other!r} is not among those the model tells apart: {', '.join(known)}" if other else ""

    return check


def _told_apart(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    return lambda value: known if value == MULTI else ()


def too_many(terms: Sequence[str]) -> str:
    """Say what is wrong with the number of *terms*, or ""."""
    return f"takes at most {MOST_TERMS} terms, not {len(terms)}" if len(terms) > MOST_TERMS else ""


def too_long(terms: Sequence[str]) -> str:
    """Say what is wrong with the lengths of all *terms* for Nova-3, or ""; their number has no limit of its own."""
    count = sum(len(term.split()) for term in terms)
    return f"takes at most {MOST_TOKENS} tokens in all; these are {count} words" if count > MOST_TOKENS else ""


def _plain(terms: Sequence[str]) -> str:
    coloned = any(":" in term for term in terms)
    return too_many(terms) or ("takes no colon in a term: it would be read as a boost" if coloned else "")


def _always(on: bool) -> str:
    return "" if on else "cannot be turned off for this model"


def _between(least: float, most: float) -> Callable[[float], str]:
    return lambda value: "" if least <= value <= most else f"must be {least:g} to {most:g} s, not {value:g}"


def _listen(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, **{"source": LISTEN_PAGE, "models": LISTEN_FAMILIES} | more)


def _flux(name: str, native: str, **more: Any) -> Option:
    return Option(name=name, native=native, **{"source": FLUX_PAGE, "models": FLUX_FAMILIES} | more)


_REGION: dict[str, Any] = {
    "check": lambda name: "" if name in HOSTS else f"must be us, eu or au, not {name!r}",
    "why": "chooses the host; us is the one that is asked without a region",
    "source": REGION_PAGE,
}
LISTEN_OPTIONS = (
    *(
        _listen("language", "language", models=(each,), decode=_one, check=_speaks(each), source=LANGUAGES_PAGE)
        for each in LISTEN_FAMILIES
    ),
    *(
        _listen(
            "languages",
            "language",
            models=(each,),
            encode=lambda tags: MULTI,
            decode=_told_apart(known),
            check=_switches(known),
            support="approximate",
            why=f"the model finds the language itself, among {', '.join(known)}",
            source=LANGUAGES_PAGE,
        )
        for each, known in _MULTI.items()
    ),
    *(
        _listen("languages", "", models=(each,), support="unsupported", alternative=nearest, source=LANGUAGES_PAGE)
        for each, nearest in _ONE_LANGUAGE.items()
    ),
    _listen("partials", "interim_results", decode=flag),
    _listen("formatting", "punctuate", decode=flag, why="punctuation and capitals; smart_format in extra does more"),
    _listen(
        "turn_silence",
        "endpointing",
        encode=milliseconds,
        decode=_silence,
        check=_between(0.01, 60),
        why="silence in the audio, in whole milliseconds; noise can hide it, and then max_turn_silence helps",
    ),
    _listen(
        "max_turn_silence",
        "utterance_end_ms",
        encode=milliseconds,
        decode=from_milliseconds,
        check=_between(1, 5),
        support="approximate",
        why="a gap between words, seen up to a second later; needs partials",
    ),
    _listen(
        "keyterms",
        "keyterm",
        models=KEYTERM_FAMILIES,
        encode=list,
        decode=lambda value: tuple(term for term in value if term.strip()),
        check=too_long,
        hot=True,
        source=KEYTERM_PAGE,
    ),
    _listen(
        "keyterms",
        "keywords",
        models=(NOVA2, NOVA2_EN, LEGACY),
        encode=list,
        decode=_boosted,
        check=_plain,
        support="approximate",
        why="made for single words, each with a boost of 1, and not to be changed in mid-session",
    ),
    _listen(
        "diarization",
        "diarize",
        decode=flag,
        why="the older word, which the vendor still takes; diarize_model in extra names the diarizer",
    ),
    _listen("profanity_filter", "profanity_filter", decode=flag, why="masks with asterisks"),
    _listen(
        "pii_redaction",
        "redact",
        encode=lambda on: ["pci", "ssn", "numbers"] if on else ["false"],
        decode=_redacted,
        support="approximate",
        why="card data, social security numbers and other numbers; no names",
    ),
    _listen("region", "", **_REGION),
)
FLUX_OPTIONS = (
    _flux(
        "language",
        "",
        models=(FLUX,),
        check=_speaks(FLUX),
        support="approximate",
        why="the model has English only, and is told no region",
    ),
    _flux(
        "language",
        "language_hint",
        models=(FLUX_MULTI,),
        encode=lambda tag: [base(tag)],
        decode=lambda value: value[0] if len(value) == 1 else None,
        check=_speaks(FLUX_MULTI),
        hot=True,
        support="approximate",
        why="one language steers the model, it does not exclude others; no region is told",
    ),
    _flux(
        "languages",
        "language_hint",
        models=(FLUX_MULTI,),
        encode=lambda tags: [*dict.fromkeys(map(base, tags))],
        decode=lambda value: tuple(value) if len(value) > 1 else (),
        check=_switches(SWITCHED),
        hot=True,
        support="approximate",
        why="they steer the model and do not exclude others; no regions are told",
    ),
    _flux("languages", "", models=(FLUX,), support="unsupported", alternative="choose model flux-general-multi"),
    _flux("partials", "", support="emulated", why="they always come; where not wanted they are not passed on"),
    _flux("formatting", "", check=_always, why="always on"),
    _flux(
        "turn_silence",
        "",
        support="unsupported",
        alternative="use max_turn_silence, or eot_threshold in extra: the model decides by what was said",
    ),
    _flux(
        "max_turn_silence",
        "eot_timeout_ms",
        encode=milliseconds,
        decode=from_milliseconds,
        check=_between(0.5, 60),
        hot=True,
        why="silence behind speech, in whole milliseconds",
    ),
    _flux(
        "keyterms",
        "keyterm",
        encode=list,
        decode=lambda value: tuple(term for term in value if term.strip()),
        check=too_many,
        hot=True,
    ),
    _flux("diarization", "", support="unsupported", alternative=f"choose model {DEFAULT_MODEL}"),
    _flux("profanity_filter", "profanity_filter", decode=flag),
    _flux(
        "pii_redaction",
        "redact",
        encode=lambda on: ["numbers"] if on else [],
        decode=_redacted,
        support="approximate",
        why="numbers only",
    ),
    _flux("region", "", **_REGION),
)
OPTIONS = (*LISTEN_OPTIONS, *FLUX_OPTIONS)
