"""``-o NAME=VALUE`` to keyword options."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from attrs import fields

from .. import registry
from ..config import NAMES, nearest
from ..errors import ConfigError
from ..session import Limits

_LIMITS = frozenset(attribute.name for attribute in fields(Limits))
_FROM_FILE = frozenset({"sample_rate", "encoding", "audio_channels"})
KNOWN = (NAMES | _LIMITS) - _FROM_FILE - {"extra"}


def parse(settings: Iterable[str], *, formats: bool = False) -> dict[str, Any]:
    """Return the options that ``NAME=VALUE`` strings describe; ``PROVIDER.WORD=VALUE`` goes to ``extra``.

    In ``PROVIDER.OUTER.WORD=VALUE`` the word is a member of the vendor's object.

    Args:
        formats: whether the audio's format may be among them: there is no file that says it.
    Raises:
        ConfigError: no ``=``, an unknown or doubled name.
    """
    options: dict[str, Any] = {}
    extra: dict[str, dict[str, Any]] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ConfigError(f"-o {setting!r} is not of the form NAME=VALUE, as in -o turn_silence=0.5")
        provider, dot, word = name.partition(".")
        if dot:
            provider = registry.ALIASES.get(provider, provider)
            known = registry.names()
            if provider not in known:
                raise ConfigError(f"-o {name}: unknown provider {provider!r}{nearest(provider, known)}")
            *outer, key = word.split(".")
            if not all((*outer, key)):
                raise ConfigError(f"-o {name}= names no word of {provider}; write {provider}.WORD=VALUE")
            table = extra.setdefault(provider, {})
            for part in outer:
                table = table.setdefault(part, {})
                if not isinstance(table, dict):
                    raise ConfigError(f"-o {name}: {part} is given another value already")
        else:
            table, key = options, _known(name, formats=formats)
        if key in table:
            raise ConfigError(f"-o {name} is given twice")
        table[key] = value(text)
    if extra:
        options["extra"] = extra
    return options


def _known(name: str, *, formats: bool) -> str:
    if name in _FROM_FILE and formats:
        return name
    if name in _FROM_FILE:
        option = name.replace("_", "-")
        raise ConfigError(f"-o {name} is told by the audio file; leave it out, or say --{option} with --raw or --mic")
    if name == "extra":
        raise ConfigError("-o extra is written word by word: -o PROVIDER.WORD=VALUE")
    if name not in KNOWN:
        raise ConfigError(f"unknown option {name!r}{nearest(name, KNOWN)}")
    return name


def value(text: str) -> Any:
    """Return *text* as a TOML number, truth value, string, list or table; anything else is a plain string."""
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    found = document.pop("value")
    plain = isinstance(found, bool | int | float | str | list | dict) and not document
    return found if plain else text
