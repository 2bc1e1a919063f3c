"""What a session is asked to be, in words that no vendor owns."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from attrs import Attribute, field, fields, frozen

from .audio.format import AudioFormat
from .errors import ConfigError

OnUnsupported = Literal["error", "warn"]
FormattedTurns = Literal["wait", "revise", "raw"]
Channels = Literal["mix", "separate"]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for a misspelled *name*, or the list of what is *known*."""
    choices = sorted(known)
    close = difflib.get_close_matches(name.lower(), choices, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else f"; known: {', '.join(choices)}"


def well_formed(text: str) -> bool:
    """Say whether *text* can be written at all: half a surrogate pair, as JSON can spell it, cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and well_formed(value)


def _text(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not _is_text(value):
        raise ConfigError(f"{attribute.name} must be a non-empty string, not {value!r}")


def _switch(config: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigError(f"{attribute.name} must be true or false, not {value!r}")


def _flag(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _switch(config, attribute, value)


def _seconds(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 60:
        raise ConfigError(f"{attribute.name} must be 0 to 60 seconds, not {value!r}")


def _choice(kind: Any) -> Callable[[object, Attribute[Any], object], None]:
    allowed = get_args(kind)

    def check(config: object, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed:
            raise ConfigError(f"{attribute.name} must be one of {', '.join(allowed)}, not {value!r}")

    return check


def _texts(config: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple) or not all(map(_is_text, value)):
        raise ConfigError(f"{attribute.name} must be a list of non-empty strings, not {value!r}")


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _url(config: object, attribute: Attribute[Any], value: object) -> None:
    if value is None:
        return
    _text(config, attribute, value)
    try:
        parts = urlsplit(str(value))
        _ = parts.port
    except ValueError:
        raise ConfigError("base_url is no URL; write it as wss://HOST[:PORT]") from None
    if parts.scheme not in ("ws", "wss", "http", "https"):
        raise ConfigError(
            f"base_url must begin with wss://, ws://, https:// or http://, not {parts.scheme or 'nothing'}://"
        )
    if not parts.hostname:
        raise ConfigError("base_url names no host; write it as wss://HOST[:PORT]")
    if parts.query or parts.fragment:
        raise ConfigError("base_url must not carry a query; pass options by name instead")
    if parts.username or parts.password:
        raise ConfigError("base_url must not carry a user or password; pass api_key instead")


def _extra(config: object, attribute: Attribute[Any], value: object) -> None:
    parts = value.values() if isinstance(value, Mapping) else (None,)
    if not all(isinstance(part, Mapping) and all(map(_is_text, part)) for part in parts):
        raise ConfigError("extra must be a table per provider, as in extra={'PROVIDER': {'WORD': 0.4}}")


@frozen(kw_only=True)
class Config:
    """Settings of one session. None means unset: nothing is sent for it that the vendor's table does not list.

    Times are seconds, languages BCP-47 tags.

    Raises:
        ConfigError: a value of the wrong kind or out of range.
    """

    model: str | None = field(default=None, validator=_text)
    audio: AudioFormat = field(factory=AudioFormat)
    language: str | None = field(default=None, validator=_text)
    languages: tuple[str, ...] = field(default=(), converter=_listed, validator=_texts)
    partials: bool | None = field(default=None, validator=_flag)
    formatting: bool | None = field(default=None, validator=_flag)
    formatted_turns: FormattedTurns = field(default="wait", validator=_choice(FormattedTurns))
    turn_silence: float | None = field(default=None, validator=_seconds)
    max_turn_silence: float | None = field(default=None, validator=_seconds)
    keyterms: tuple[str, ...] = field(default=(), converter=_listed, validator=_texts)
    diarization: bool | None = field(default=None, validator=_flag)
    profanity_filter: bool | None = field(default=None, validator=_flag)
    pii_redaction: bool | None = field(default=None, validator=_flag)
    region: str | None = field(default=None, validator=_text)
    base_url: str | None = field(default=None, validator=_url)
    channels: Channels = field(default="mix", validator=_choice(Channels))
    vendor_messages: bool = field(default=False, validator=_switch)
    on_unsupported: OnUnsupported = field(default="error", validator=_choice(OnUnsupported))
    extra: Mapping[str, Mapping[str, Any]] = field(factory=dict, validator=_extra)

    def is_set(self, name: str) -> bool:
        """Say whether the caller gave option *name*."""
        return getattr(self, name) not in (None, ())


# Settings of the session itself and of this library's conversions; no vendor is told of them.
OURS = frozenset(
    {"audio", "formatted_turns", "vendor_messages", "base_url", "channels", "on_unsupported", "extra", "model"}
)
OPTIONS = tuple(attribute.name for attribute in fields(Config) if attribute.name not in OURS)
_FORMAT = tuple(attribute.name for attribute in fields(AudioFormat) if attribute.name != "channels")
NAMES = frozenset(attribute.name for attribute in fields(Config)) - {"audio"} | {*_FORMAT, "audio_channels"}


def configure(options: Mapping[str, Any], *, others: Iterable[str] = ()) -> Config:
    """Return the :class:`Config` that the caller's keyword *options* describe.

    The audio format is spelled ``sample_rate``, ``encoding`` and ``audio_channels``; *others* are names that are
    settings elsewhere, for the hint at a misspelled one.

    Raises:
        ConfigError: an unknown option (with the nearest names), or a value out of range.
        AudioError: an audio format that cannot be.
    """
    given = dict(options)
    for name in given:
        if name not in NAMES:
            raise ConfigError(f"unknown option {name!r}{nearest(name, {*NAMES, *others})}")
    audio: dict[str, Any] = {name: given.pop(name) for name in _FORMAT if name in given}
    if "audio_channels" in given:
        audio["channels"] = given.pop("audio_channels")
    return Config(audio=AudioFormat(**audio), **given)
