"""The config file: settings for every provider at the top, one table for each provider's own, in TOML.

::

    provider = "assemblyai-v3"          # the one word to change
    language = "en"
    turn_silence = 0.5
    connect_timeout = 5

    [assemblyai-v3]
    model = "u3-rt-pro"
    turn_silence = 0.4                  # goes before the one above
    vad_threshold = 0.4                 # no option of ours: the vendor's own word
    api_key_env = "TEAM_KEY"            # the variable that holds the key

    [assemblyai-v3.extra]               # the vendor's own words again, whatever they are called
    prompt = "A call to a bank"

``language`` in a table also puts ``languages`` at the top aside, and the other way round: they are one setting.

Keys are not kept in it. A word in a table that looks like a misspelled option of ours is refused, unless the vendor's
option rows know it; in ``extra`` every word is the vendor's.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import field, fields, frozen

from . import registry
from .config import NAMES, Config, configure, nearest
from .errors import AudioError, ConfigError
from .session import Limits

LIMITS = frozenset(attribute.name for attribute in fields(Limits))
LARGEST = 1 << 20
"""Bytes of the largest file that is read."""
ALIKE = 0.8
"""How alike a word and an option's name are where one is the other misspelled (1: equal)."""

_OPTIONS = (NAMES | LIMITS) - {"extra"}
_ONE_VENDORS = frozenset({"model", "base_url", "api_key_env", "extra"})
"""Names that mean nothing, or something else, to the next vendor: a base URL at the top would get its key."""
_KEYS = frozenset({"api_key", "apikey", "key", "token", "access_token", "secret", "password"})
_LANGUAGES = ("language", "languages")
CREDENTIALS = frozenset({"api_key", "api_key_env", "token"})
"""Arguments beside the options, for the hint at a misspelled one."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@frozen
class Table:
    """What a file says of one provider: options, words of the vendor's own, and the variable of its key."""

    options: Mapping[str, Any] = field(factory=dict, repr=False)
    extra: Mapping[str, Any] = field(factory=dict, repr=False)
    api_key_env: str | None = None


@frozen
class ConfigFile:
    """A config file that was read and found well-formed; :func:`load` makes it.

    Attributes:
        path: where it lies, for errors.
        provider: ``"name"`` or ``"name/model"``; None: it names none.
        shared: the options at its top.
        tables: what it says of single providers, by name.
    """

    path: str
    provider: str | None = None
    shared: Mapping[str, Any] = field(factory=dict, repr=False)
    tables: Mapping[str, Table] = field(factory=dict, repr=False)

    def options(self, provider: str) -> dict[str, Any]:
        """Return the options of a stream to *provider*: those of its table before those at the top."""
        table = self.tables.get(provider, Table())
        extra = {"extra": {provider: dict(table.extra)}} if table.extra else {}
        return merged(self.shared, {**table.options, **extra})

    def api_key_env(self, provider: str) -> str | None:
        """Return the variable that the file names for the key of *provider*, if it does."""
        return self.tables.get(provider, Table()).api_key_env


def load(path: str | os.PathLike[str]) -> ConfigFile:
    """Read and check the config file at *path*, the tables of providers that are not in use too.

    Raises:
        ConfigError: it cannot be read or is not TOML; a name is unknown, a value of the wrong kind or out of range,
            or it holds a key. The text begins with the path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ConfigError(f"a config file is given by its path, or as what load() returned, not {type(path).__name__}")
    name = os.fspath(path)
    with place(name):
        return _file(name, _document(name))


def understand(options: Mapping[str, Any]) -> tuple[Config, Limits]:
    """Return what *options*, which are named in one list, say to a provider and to the session.

    Raises:
        ConfigError: an unknown option (with the nearest names), or a value out of range.
        AudioError: an audio format that cannot be.
    """
    limits = Limits(**{name: value for name, value in options.items() if name in LIMITS})
    others = {name: value for name, value in options.items() if name not in LIMITS}
    return configure(others, others=LIMITS | CREDENTIALS), limits


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of *below* with those of *above* laid over them, the vendors' own words one by one.

    What is None above leaves it to what is below. ``language`` and ``languages`` are one setting in two forms: either
    of them above puts both below aside.
    """
    laid = dict(below)
    if any(above.get(name) is not None for name in _LANGUAGES):
        laid = {name: value for name, value in below.items() if name not in _LANGUAGES}
    for name, value in above.items():
        if name == "extra" and isinstance(value, Mapping):
            laid[name] = _words(below.get(name, {}), value)
        elif value is not None or name not in laid:
            laid[name] = value
    return laid


def _words(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(below)
    for name, words in above.items():
        provider = registry.ALIASES.get(name, name)
        laid[provider] = {**laid.get(provider, {}), **words} if isinstance(words, Mapping) else words
    return laid


def variable(name: object) -> str:
    """Return *name* if it can be that of an environment variable.

    Raises:
        ConfigError: it cannot, and may be the key itself; so it is not repeated.
    """
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        raise ConfigError("api_key_env must name an environment variable, in capitals; it is not the key itself")
    return name


@contextmanager
def place(where: str) -> Iterator[None]:
    """Let what is wrong say *where*.

    Raises:
        ConfigError: what is raised below, with *where* in front.
    """
    try:
        yield
    except (ConfigError, AudioError) as error:
        raise ConfigError(f"{where}: {error}") from None


def _document(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{why}; give the path of a config file in TOML") from None
    if len(content) > LARGEST:
        raise ConfigError(f"holds more than {LARGEST >> 20} MiB; give the path of a config file in TOML")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors put a mark before UTF-8
    except UnicodeDecodeError as error:
        raise ConfigError(f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # ValueError: a number that is too long for Python
        why = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ConfigError(f"not TOML: {why}; strings need quotes, tables come last") from None


def _file(path: str, document: Mapping[str, Any]) -> ConfigFile:
    shared: dict[str, Any] = {}
    tables: dict[str, Table] = {}
    written: dict[str, str] = {}
    for name, value in document.items():
        if name == "provider":
            continue
        _no_key(name)
        if name in _ONE_VENDORS:
            raise ConfigError(f"{name} belongs to one provider: write it below [PROVIDER], not at the top")
        if name in _OPTIONS:
            shared[name] = value
        elif isinstance(value, Mapping):
            provider = _provider(name, value)
            if other := written.get(provider):
                raise ConfigError(f"[{other}] and [{name}] are one provider; write one table for it")
            written[provider] = name
            with place(f"[{name}]"):
                tables[provider] = _table(provider, value)
        elif name in {*registry.names(), *registry.ALIASES}:
            raise ConfigError(f"{name} is a provider, and what is said of it stands in one table: write [{name}]")
        else:
            raise ConfigError(f"unknown setting {name!r}{nearest(name, {*_OPTIONS - _ONE_VENDORS, 'provider'})}")
    understand(shared)
    return ConfigFile(path, _chosen(document.get("provider"), tables), shared, tables)


def _chosen(spec: object, tables: Mapping[str, Table]) -> str | None:
    if spec is None:
        return None
    if not isinstance(spec, str):
        raise ConfigError(f"provider must be a string such as 'name/model', not {spec!r}")
    name, model = registry.split(spec)
    other = tables.get(_provider(name), Table()).options.get("model")
    if model and other not in (None, model):
        raise ConfigError(f"model is given twice: {model!r} in provider and {other!r} in [{name}]")
    return spec


def _provider(name: str, content: Mapping[str, Any] | None = None) -> str:
    """Return the provider that *name* means, whose table has *content*; it need not load."""
    known = registry.names()
    found = registry.ALIASES.get(name, name)
    if found not in known:
        hint = nearest(name, {*known, *registry.ALIASES})
        if "known:" in hint:
            hint += "; if a plug-in brings it, install that here"
            shared = (_OPTIONS - _ONE_VENDORS) & (content or {}).keys()
            hint += f"; if it only groups settings, write {min(shared)} at the top" if shared else ""
        raise ConfigError(f"unknown provider {name!r}{hint}")
    return found


def _table(provider: str, content: Mapping[str, Any]) -> Table:
    options: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for name, value in content.items():
        _no_key(name)
        if name == "provider":
            raise ConfigError("provider is chosen at the top of the file, before all tables")
        if name in _OPTIONS:
            options[name] = value
        elif name not in ("extra", "api_key_env"):
            _not_misspelled(provider, name)
            words[name] = value
    extra = content.get("extra", {})
    if not isinstance(extra, Mapping):
        raise ConfigError(f"extra must be a table of the vendor's own words, not {extra!r}")
    for name, value in [*words.items(), *extra.items()]:
        _no_key(name)
        _plain(name, value)
        if isinstance(value, Mapping) and registry.ALIASES.get(name, name) == provider:
            raise ConfigError(f"{name} is named once more; write its words right below [{provider}.extra]")
    if twice := words.keys() & extra.keys():
        raise ConfigError(f"{min(twice)} is there twice, once in extra")
    understand(options)
    named = content.get("api_key_env")
    return Table(options, {**words, **extra}, None if named is None else variable(named))


def _no_key(name: str) -> None:
    plain = name.lower().replace("-", "_")
    if plain in _KEYS or plain.endswith("_api_key"):
        raise ConfigError(
            f"{name}: keys do not belong in a file; put it into the provider's environment variable, "
            'or into another and name that one in its table, as api_key_env = "NAME"'
        )


def _not_misspelled(provider: str, word: str) -> None:
    close = difflib.get_close_matches(word, sorted(_OPTIONS | {"extra", "api_key_env"}), n=3, cutoff=ALIKE)
    if not close:
        return
    try:
        native = {row.native for row in registry.find(provider).options}
    except ConfigError:  # it does not load, which is told when it is used
        return
    if word not in native:
        raise ConfigError(
            f"unknown option {word!r}; did you mean {' or '.join(close)}? "
            "If it is the vendor's own word, write it into the table's extra"
        )


def _plain(name: str, value: object) -> None:
    """Check that a word of the vendor's can be sent as JSON."""
    match value:
        case Mapping():
            for key, item in value.items():
                _plain(f"{name}.{key}", item)
        case list():
            for item in value:
                _plain(name, item)
        case float() if not math.isfinite(value):
            raise ConfigError(f"{name} must be a finite number, not {value}")
        case bool() | int() | float() | str():
            pass
        case _:
            raise ConfigError(f"{name}: a date or time has to be written as a string")
