"""``"name/model"`` to :class:`~aai_migrate.provider.Provider`: built-ins first, then entry points.

This is the one module of the library that knows names, and it knows them as text: nothing is imported before
it is asked for. Third parties register in the entry-point group ``aai_migrate.providers``.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint, entry_points

from .capabilities import Capabilities
from .config import nearest
from .errors import ConfigError
from .provider import CONTRACT, Numbers, Provider

GROUP = "aai_migrate.providers"
BUILT_IN = {
    "assemblyai-v2": "aai_migrate_providers.assemblyai_v2:PROVIDER",
    "assemblyai-v3": "aai_migrate_providers.assemblyai_v3:PROVIDER",
    "coded": "aai_migrate.testing.coded.provider:PROVIDER",
    "deepgram": "aai_migrate_providers.deepgram:PROVIDER",
    "gladia": "aai_migrate_providers.gladia:PROVIDER",
    "local": "aai_migrate_providers.local:PROVIDER",
    "speechmatics": "aai_migrate_providers.speechmatics:PROVIDER",
}
PUBLIC = ("deepgram", "speechmatics", "gladia", "assemblyai-v3", "assemblyai-v2", "local")
"""The built-ins that are for everybody, as documents list them: coded speech is for tests."""
ALIASES = {"assemblyai": "assemblyai-v3"}
_registered: dict[str, Provider] = {}


def names() -> tuple[str, ...]:
    """Return the names of all providers that can be asked for, sorted."""
    return tuple(sorted({*BUILT_IN, *_registered, *_plugins()}))


def register(provider: Provider) -> None:
    """Make *provider* known in this process: for tests and for applications with a backend of their own.

    Raises:
        ConfigError: the name is taken, or the backend was written for another contract.
    """
    if provider.name in (*BUILT_IN, *ALIASES, *_registered):
        raise ConfigError(f"a provider named {provider.name!r} exists already; choose another name")
    _registered[provider.name] = _checked(provider, provider.name)


def unregister(name: str) -> None:
    """Forget what :func:`register` made known."""
    _registered.pop(name, None)


def split(spec: str) -> tuple[str, str | None]:
    """Split ``"name/model"``; the model is None where there is none.

    Raises:
        ConfigError: either part is empty.
    """
    name, slash, model = spec.strip().partition("/")
    if not name or (slash and not model):
        raise ConfigError(f"provider {spec!r} is not of the form name or name/model")
    return ALIASES.get(name, name), model or None


def find(name: str) -> Provider:
    """Return the provider called *name*.

    Raises:
        ConfigError: there is none (with the nearest names), two plug-ins claim the name, the plug-in cannot be
            imported or is malformed, it was written for another contract, or it calls itself by another name.
    """
    name = ALIASES.get(name, name)
    if name in _registered:
        return _registered[name]
    if name in BUILT_IN:
        return _checked(_load(BUILT_IN[name]), name)
    claims = _plugins().get(name, [])
    if not claims:
        raise ConfigError(f"unknown provider {name!r}{nearest(name, {*names(), *ALIASES})}")
    if len(claims) > 1:
        raise ConfigError(f"provider {name!r} is claimed by {' and '.join(map(_owner, claims))}; uninstall one")
    if not claims[0].pattern.match(claims[0].value):
        raise ConfigError(
            f"the plug-in of provider {name!r} ({_owner(claims[0])}) does not import: its entry point is not of the "
            "form module:name; repair or uninstall it"
        )
    try:
        with redirect_stdout(sys.stderr):  # what a module prints is no part of anybody's output
            found: object = claims[0].load()
    except (ConfigError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a module may raise anything and even leave, and a panic in Rust is no Exception
        why = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"the plug-in of provider {name!r} ({_owner(claims[0])}) does not import: {why}; repair or uninstall it"
        ) from error
    return _checked(found, name, f" ({_owner(claims[0])})")


def overruled() -> dict[str, str]:
    """Return the plug-ins that cannot be asked for, because their names are ours, each with the reason."""
    return {
        entry.name: f"{_owner(entry)} claims the name of a built-in provider, which goes first; it needs another name"
        for entry in entry_points(group=GROUP)
        if entry.name in (*BUILT_IN, *ALIASES)
    }


def _plugins() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        if entry.name not in (*BUILT_IN, *ALIASES):
            found.setdefault(entry.name, []).append(entry)
    return found


def _owner(entry: EntryPoint) -> str:
    """Say whose *entry* is: what would be uninstalled, where that is known."""
    name = entry.dist.name if entry.dist else None  # None: its metadata is damaged
    return f"{name} ({entry.value})" if name else entry.value


def _load(target: str) -> object:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _checked(provider: object, name: str, owner: str = "") -> Provider:
    """Return *provider* if it can be used; *owner* is whose plug-in it is, for the error."""
    if not isinstance(provider, Provider):
        what = provider.__name__ if isinstance(provider, type) else type(provider).__name__
        raise ConfigError(
            f"the plug-in of provider {name!r}{owner} gives no Provider, but {what}; its entry point has to name one"
        )
    if provider.contract != CONTRACT:
        raise ConfigError(
            f"provider {name!r}{owner} was written for contract {provider.contract}, this is {CONTRACT}; "
            "update one of them"
        )
    if provider.name != name:
        raise ConfigError(
            f"the plug-in of provider {name!r}{owner} calls itself {provider.name!r}; "
            "its entry point needs the same name"
        )
    kinds = {"title": str, "capabilities": Capabilities, "options": tuple, "numbers": Numbers, "routes": tuple}
    if wrong := [f"{each} is no {kind.__name__}" for each, kind in kinds.items() if not _is(provider, each, kind)]:
        raise ConfigError(
            f"the plug-in of provider {name!r}{owner} gives a Provider whose {', '.join(wrong)}; repair it"
        )
    return provider


def _is(provider: Provider, name: str, kind: type) -> bool:
    return isinstance(getattr(provider, name), kind)
