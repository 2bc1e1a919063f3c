"""What ``StartRecognition`` asks for on either path: audio, language, model, vocabulary.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (StartRecognition)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.options import Option, decode
from aai_migrate.wire.schema import Table
from aai_migrate.wire.values import mapping, string

from .errors import Fault
from .options import (
    BILINGUAL,
    ENCODINGS,
    LANGUAGES,
    LONGEST_WORD,
    MELIA,
    MOST_WORDS,
    MULTI,
    NAME,
    PACKS,
    family,
    tag,
)

_ENCODINGS = {word: name for name, word in ENCODINGS.items()}
_HERE = frozenset(str.split("language model operating_point diarization channel_diarization_labels output_locale"))
"""Members that are always said in neutral words, or are no business of another service."""


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else; of its audio what ``audio`` says.
        audio: the format of raw audio; None: the stream begins with a container.
        language: the pack.
        given: the members of ``transcription_config``, without those that are null.
        warnings: type and reason of what is left out.
        speakers: whether it wants to know who speaks.
        enrolled: labels of speakers that it has named.
        report: whether it wants to be told at the end who was heard.
    """

    config: Config
    audio: AudioFormat | None
    language: str
    given: Mapping[str, Any]
    warnings: tuple[tuple[str, str], ...] = ()
    speakers: bool = False
    enrolled: frozenset[str] = frozenset()
    report: bool = False


def checked(message: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return the members of *message* that *table* knows; null counts as absent.

    Raises:
        Fault: one is wrong.
    """
    known = table.known(message)
    wrong = next(table.wrong(known), "")
    if wrong:
        raise Fault("invalid_audio_type" if wrong.startswith("audio_format") else "invalid_config", wrong)
    return known


def read(known: Mapping[str, Any], path_language: str | None, rows: Sequence[Option]) -> Request:
    """Read what both paths have in common out of what :func:`checked` returned.

    Args:
        path_language: the pack that the URL names; None: it names none.
        rows: what can be said in neutral words.
    Raises:
        Fault: there is no such language or model, or the parts do not go together.
    """
    given = dict(known["transcription_config"])
    model = given.get("model") or given.get("operating_point")
    language = given["language"]
    _check_language(language, path_language, family(model))
    warnings = []
    if "additional_vocab" in given:
        fit = [entry for entry in given["additional_vocab"] if _fits(entry)]
        if count := len(given["additional_vocab"]) - len(fit):
            reason = f"{count} entries of additional_vocab have more than {MOST_WORDS} words, or no text: left out"
            warnings.append(("validation_warning", reason))
        given["additional_vocab"] = fit
    extra = _extra(given, rows)
    audio = _audio(mapping(known.get("audio_format")))
    diarization = mapping(given.get("speaker_diarization_config"))
    options = _options(given, rows, family(model))
    try:
        config = Config(model=model, audio=audio or AudioFormat(), extra={NAME: extra} if extra else {}, **options)
    except ConfigError as error:
        raise Fault("invalid_config", str(error)) from None
    return Request(
        config=config,
        audio=audio,
        language=language,
        given=given,
        warnings=tuple(warnings),
        speakers=given.get("diarization") in ("speaker", "channel_and_speaker"),
        enrolled=frozenset(each["label"] for each in diarization.get("speakers", ())),
        report=diarization.get("get_speakers") is True,
    )


def _check_language(language: str, path_language: str | None, kind: str) -> None:
    if path_language is not None and path_language != language:
        reason = f"language {language!r} is not that of the URL, {path_language!r}"
        raise Fault("invalid_language", reason)
    if language == MULTI and kind == MELIA:
        return
    if language not in LANGUAGES and language not in PACKS:
        raise Fault("invalid_model", f"language {language[:40]!r} is not offered")


def _fits(entry: str | Mapping[str, Any]) -> bool:
    content: str = entry if isinstance(entry, str) else entry["content"]
    words = content.split()
    return 0 < len(words) <= MOST_WORDS and max(map(len, words)) <= LONGEST_WORD


def _audio(given: Mapping[str, Any]) -> AudioFormat | None:
    """Return the format of raw audio, or None; without a word it is a file."""
    if given.get("type", "file") == "file":
        return None
    encoding, rate = string(given.get("encoding")), given.get("sample_rate")
    if encoding is None or rate is None:
        raise Fault("invalid_audio_type", "audio_format of type raw needs encoding and sample_rate")
    return AudioFormat(int(rate), _ENCODINGS[encoding])


def _options(given: Mapping[str, Any], rows: Sequence[Option], kind: str) -> dict[str, Any]:
    """Return the neutral options that the client set.

    Silence that ends no utterance is no wish to have turns end otherwise. Partials are asked for in any case: a client
    may want them later, and few providers can begin with them in mid-session.
    """
    options = decode(given, [row for row in rows if row.counts_for(kind)], NAME)
    if options.get("language"):
        options["language"] = tag(given["language"], string(given.get("output_locale")))
    if given["language"] == "es" and given.get("domain") == BILINGUAL:
        options |= {"language": None, "languages": ("es", "en")}
    if given["language"] == MULTI:
        options["languages"] = tuple(tag(code) for code in given.get("language_hints", ()) if code.strip())
    if not options.get("turn_silence"):
        options.pop("turn_silence", None)
    return options | {"partials": True}


def _extra(given: Mapping[str, Any], rows: Sequence[Option]) -> dict[str, Any]:
    """Return what neutral words do not say in full, as the vendor takes it."""
    said = _HERE | {row.native for row in rows}
    if given["language"] == MULTI:
        said |= {"language_hints"}
    if any(isinstance(entry, Mapping) and entry.get("sounds_like") for entry in given.get("additional_vocab", ())):
        said -= {"additional_vocab"}
    overrides = mapping(given.get("punctuation_overrides"))
    if "sensitivity" in overrides or overrides.get("permitted_marks", []) not in ([], ["all"]):
        said -= {"punctuation_overrides"}
    return {name: value for name, value in given.items() if name not in said}
