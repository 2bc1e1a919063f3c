"""What the documentation allows in the messages of a client, and what it makes of the rest.

Strict where a client could be wrong: a member or a value that the page lacks is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from aai_migrate.audio.format import AudioFormat, Encoding

Check = Callable[[Any], bool]
ENCODINGS: dict[str, Encoding] = {"pcm_s16le": "pcm_s16le", "pcm_f32le": "pcm_f32le", "mulaw": "pcm_mulaw"}
LANGUAGES = (
    *("ar", "bg", "ca", "cmn", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hi", "it", "ja", "ko", "nl", "no"),
    *("pl", "pt", "ru", "sv", "tl", "tr", "uk", "yue", "ar_en", "cmn_en", "en_ms", "en_ta", "cmn_en_ms_ta"),
)
UNDELIMITED = ("ja", "cmn")
MELIA, MULTI = "melia-1", "multi"


class WrongError(Exception):
    """A message that is refused: the ``type`` of the ``Error``, and its ``reason``."""

    def __init__(self, type_: str, reason: str) -> None:
        super().__init__(type_, reason)
        self.type, self.reason = type_, reason


@define
class Asked:
    """What a session is to be."""

    audio: AudioFormat
    language: str
    melia: bool
    partials: bool
    delay: float
    flexible: bool
    trigger: float
    speakers: bool
    channels: tuple[str, ...]
    marks: bool
    entities: bool
    volume: bool
    dropped: int

    @property
    def delimiter(self) -> str:
        return "" if self.language in UNDELIMITED else " "


def _number(least: float, most: float) -> Check:
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _whole(least: int, most: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _one(*allowed: str) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def _all(check: Check, most: int = 1000) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def _table(members: Mapping[str, Check], *needed: str) -> Check:
    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and set(needed) <= set(value) <= set(members)
            and all(members[name](item) for name, item in value.items())
        )

    return check


def _label(value: Any) -> bool:
    return _text(value) and value == value.strip() and value != "UU" and not (value[0] == "S" and value[1:].isdigit())


def _mark(value: Any) -> bool:
    return _text(value) and (len(value) == 1 or value == "all")


_entry = _table({"content": _text, "sounds_like": _all(_text)}, "content")
_replacement = _table({"from": _text, "to": lambda value: isinstance(value, str)}, "from", "to")
_speaker = _table({"label": _label, "speaker_identifiers": _all(_text, 50)}, "label", "speaker_identifiers")
HOT: dict[str, Check] = {
    "max_delay": _number(0.7, 4),
    "max_delay_mode": _one("flexible", "fixed"),
    "enable_partials": _flag,
    "conversation_config": _table({"end_of_utterance_silence_trigger": _number(0, 2)}),
    "audio_filtering_config": _table({"volume_threshold": _number(0, 100)}),
}
CONFIG: dict[str, Check] = HOT | {
    "language": _text,
    "model": _text,
    "operating_point": _text,
    "domain": _one("medical", "finance", "bilingual-en"),
    "output_locale": _one("en-GB", "en-US", "en-AU", "cmn-Hans", "cmn-Hant"),
    "diarization": _one("none", "speaker", "channel", "channel_and_speaker"),
    "speaker_diarization_config": _table(
        {
            "max_speakers": _whole(2, 100),
            "speaker_sensitivity": _number(0, 1),
            "prefer_current_speaker": _flag,
            "get_speakers": _flag,
            "speakers": _all(_speaker, 50),
        }
    ),
    "channel_diarization_labels": lambda value: _all(_text, 2)(value) and len(set(value)) == len(value),
    "additional_vocab": _all(lambda value: _text(value) or _entry(value)),
    "punctuation_overrides": _table({"permitted_marks": _all(_mark), "sensitivity": _number(0, 1)}),
    "enable_entities": _flag,
    "transcript_filtering_config": _table({"remove_disfluencies": _flag, "replacements": _all(_replacement)}),
    "language_hints": _all(_text),
    "language_hints_strict": _flag,
}
_BESIDE: dict[str, Check] = {
    "translation_config": _table({"target_languages": _all(_text, 5), "enable_partials": _flag}, "target_languages"),
    "audio_events_config": _table({"types": _all(_one("laughter", "applause", "music"))}),
}


def started(message: Mapping[str, Any], path_language: str) -> Asked:
    """Return what a ``StartRecognition`` asks for.

    Raises:
        WrongError: it is not as the page says.
    """
    _members(message, {"message", "audio_format", "transcription_config", *_BESIDE}, "invalid_message")
    for name, check in _BESIDE.items():
        if name in message and not check(message[name]):
            raise WrongError("invalid_config", f"{name} is wrong")
    audio = _audio(message.get("audio_format"))
    config = message.get("transcription_config")
    if not isinstance(config, dict):
        raise WrongError("invalid_message", "transcription_config is required")
    _checked(config, CONFIG)
    model = config.get("model", config.get("operating_point", "standard"))
    if model not in ("standard", "enhanced", MELIA):
        raise WrongError("invalid_model", f"model {model} is not available")
    language = _language(config, model, path_language)
    return Asked(
        audio=audio,
        language=language,
        melia=model == MELIA,
        partials=config.get("enable_partials", False),
        delay=config.get("max_delay", 4),
        flexible=config.get("max_delay_mode", "flexible") == "flexible",
        trigger=config.get("conversation_config", {}).get("end_of_utterance_silence_trigger", 0),
        speakers=config.get("diarization") in ("speaker", "channel_and_speaker"),
        channels=_channels(config),
        marks=config.get("punctuation_overrides", {}).get("permitted_marks", ["all"]) != [],
        entities=config.get("enable_entities", False),
        volume="audio_filtering_config" in config,
        dropped=sum(_words(entry) > 6 for entry in config.get("additional_vocab", ())),
    )


def changed(asked: Asked, message: Mapping[str, Any]) -> None:
    """Take a ``SetRecognitionConfig``.

    Raises:
        WrongError: it is not as the page says.
    """
    _members(message, {"message", "transcription_config"}, "invalid_message")
    config = message.get("transcription_config")
    if not isinstance(config, dict):
        raise WrongError("invalid_message", "transcription_config is required")
    _checked(config, {"language": lambda value: value == asked.language, **HOT})
    asked.partials = config.get("enable_partials", asked.partials)
    asked.delay = config.get("max_delay", asked.delay)
    asked.flexible = config.get("max_delay_mode", "flexible" if asked.flexible else "fixed") == "flexible"
    asked.trigger = config.get("conversation_config", {}).get("end_of_utterance_silence_trigger", asked.trigger)


_CONTROL: dict[str, tuple[dict[str, Check], tuple[str, ...]]] = {
    "EndOfStream": ({"last_seq_no": _whole(0, 1 << 53)}, ("last_seq_no",)),
    "EndOfChannel": ({"channel": _text, "last_seq_no": _whole(0, 1 << 53)}, ("channel", "last_seq_no")),
    "AddChannelAudio": ({"channel": _text, "data": _text}, ("channel", "data")),
    "ForceEndOfUtterance": ({"timestamp": _number(0, 1e9), "channel": _text}, ()),
    "GetSpeakers": ({"final": _flag}, ()),
}


def control(message: Mapping[str, Any]) -> None:
    """Check another message.

    Raises:
        WrongError: no page names it, or it is not as the page says.
    """
    name = str(message["message"])
    if name not in _CONTROL:
        raise WrongError("invalid_message", f"unknown message {name}")
    members, needed = _CONTROL[name]
    if not _table({"message": _text, **members}, *needed)(dict(message)):
        raise WrongError("invalid_message", f"{name} is wrong")


def _members(message: Mapping[str, Any], known: set[str], type_: str) -> None:
    for name in message:
        if name not in known:
            raise WrongError(type_, f"{name} is not allowed")


def _checked(config: Mapping[str, Any], members: Mapping[str, Check]) -> None:
    _members(config, set(members), "invalid_config")
    for name, value in config.items():
        if not members[name](value):
            raise WrongError("invalid_config", f"{name} is wrong")


def _audio(value: Any) -> AudioFormat:
    """Files are documented too; here only raw audio is heard."""
    if not isinstance(value, dict):
        raise WrongError("invalid_message", "audio_format is required")
    if value.get("type") != "raw" or set(value) != {"type", "encoding", "sample_rate"}:
        raise WrongError("invalid_audio_type", "raw audio needs encoding and sample_rate")
    if value["encoding"] not in ENCODINGS or not _whole(8000, 192_000)(value["sample_rate"]):
        raise WrongError("invalid_audio_type", "encoding or sample_rate is wrong")
    return AudioFormat(value["sample_rate"], ENCODINGS[value["encoding"]])


def _language(config: Mapping[str, Any], model: str, path_language: str) -> str:
    if "language" not in config:
        raise WrongError("invalid_config", "language is required")
    language = str(config["language"])
    if model != MELIA and ("language_hints" in config or "language_hints_strict" in config):
        raise WrongError("invalid_config", "language_hints are for melia-1")
    if language not in (*LANGUAGES, *([MULTI] if model == MELIA else [])):
        raise WrongError("invalid_language", f"language {language} is not available")
    if path_language and language != path_language:
        raise WrongError("invalid_config", "the language is not that of the path")
    return language


def _channels(config: Mapping[str, Any]) -> tuple[str, ...]:
    labels = tuple(config.get("channel_diarization_labels", ()))
    if bool(labels) != str(config.get("diarization", "none")).startswith("channel"):
        raise WrongError("invalid_config", "channel diarization goes with channel_diarization_labels")
    return labels


def _words(entry: Any) -> int:
    text: str = entry if isinstance(entry, str) else entry["content"]
    return len(text.split())
