"""All checks in order, over this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from attrs import frozen

from .. import registry
from ..audio import devices
from ..configfile import ConfigFile, load
from ..credentials import Secret
from ..errors import ConfigError
from ..provider import Provider
from ..settings import VARIABLE, Choice, Settled, chosen
from .clock import clock, clocks, compared, newest
from .configuration import CHECK as CONFIG
from .configuration import configuration
from .finding import Finding, softened, split
from .keys import Variable, keys
from .microphone import listen, microphone
from .network import certificates, proxies, store
from .reach import CHECK as NETWORK
from .reach import contact, reached, target
from .versions import installation, versions


@frozen
class Request:
    """What to look at.

    Attributes:
        providers: ``"name"`` or ``"name/model"``; none: what the environment and the config file choose.
        config: the path of a config file.
        microphone: whether one is wanted, so that it is a failure if there is none.
        online: whether hosts are dialled.
    """

    providers: tuple[str, ...] = ()
    config: str | None = None
    microphone: bool = False
    online: bool = False


def examine(request: Request) -> Iterator[Finding]:
    """Return what is found, check by check, as it is found.

    Raises:
        ConfigError: *request* names a provider that there is not.
    """
    asked = [Choice(*registry.split(spec)) for spec in request.providers]
    for choice in asked:
        if choice.name not in registry.names():
            registry.find(choice.name)  # it says which there are
    return _examined(request, asked)


def _examined(request: Request, asked: list[Choice]) -> Iterator[Finding]:
    yield from versions(installation())
    found, broken = providers(registry.names())
    yield from broken
    file, read = config_file(request.config)
    yield from read
    choices, said = in_use(asked, file)
    yield said
    yield from keys(variables(found, choices, file, os.environ, only=bool(asked)))
    settled: list[Settled] = []
    for choice in choices + tables(choices, file):
        if choice.name in registry.names() and choice.name not in found:
            continue  # told above
        usable, told = configuration(choice, file, datetime.now(UTC))
        yield from told if choice in choices else softened(told)
        if usable and choice in choices:
            settled.append(usable)
    yield from microphone(request.microphone, devices, listen)
    yield from certificates(store(os.environ))
    yield from proxies(os.environ)
    dated = [found[name].capabilities for name in registry.BUILT_IN if name in found]
    yield from clock(clocks(), newest(dated))
    yield from online(settled) if request.online else [_offline()]


def providers(names: Iterable[str]) -> tuple[dict[str, Provider], list[Finding]]:
    """Return the providers of *names* that load, and what is to say of those that do not."""
    found: dict[str, Provider] = {}
    broken: list[Finding] = []
    for name in names:
        try:
            found[name] = registry.find(name)
        except ConfigError as error:
            text, fix = split(str(error))[0]
            broken.append(Finding("providers", name, "failed", text, fix))
    return found, broken or [Finding("providers", ", ".join(found), "ok", "all load")]


def config_file(path: str | None) -> tuple[ConfigFile, list[Finding]]:
    """Return what the file at *path* says, nothing where it cannot be read, and what is to say of it."""
    if path is None:
        return ConfigFile(""), [Finding(CONFIG, "file", "skipped", "none is given", "name one by --config")]
    try:
        file = load(path)
    except ConfigError as error:
        text, fix = split(str(error).removeprefix(f"{path}: "))[0]
        return ConfigFile(""), [Finding(CONFIG, path, "failed", text, fix or "correct the file")]
    tables = f", tables for {', '.join(file.tables)}" if file.tables else ""
    return file, [Finding(CONFIG, path, "ok", f"is read: {len(file.shared)} shared settings{tables}")]


def in_use(asked: list[Choice], file: ConfigFile) -> tuple[list[Choice], Finding]:
    """Return who is in use: who is *asked* for, else whom the environment and then *file* choose."""
    if asked:
        return asked, Finding(CONFIG, "provider", "ok", f"{_listed(asked)}, as asked")
    try:
        choice = chosen(None, file)
    except ConfigError as error:
        text, fix = split(str(error))[0]
        return [], Finding(CONFIG, "provider", "failed", text, fix or f"correct {VARIABLE}")
    if choice is None:
        fix = f"name one by --provider, by {VARIABLE} or in the config file"
        return [], Finding(CONFIG, "provider", "skipped", "none is chosen", fix)
    return [choice], Finding(CONFIG, "provider", "ok", f"{_listed([choice])}, by {choice.by}")


def _listed(choices: Iterable[Choice]) -> str:
    return ", ".join(f"{each.name}/{each.model}" if each.model else each.name for each in choices)


def tables(choices: Iterable[Choice], file: ConfigFile) -> list[Choice]:
    """Return the providers of which *file* speaks and that are not in use."""
    used = {choice.name for choice in choices}
    return [Choice(name) for name in file.tables if name not in used]


def variables(
    found: Mapping[str, Provider],
    choices: Iterable[Choice],
    file: ConfigFile,
    environment: Mapping[str, str],
    *,
    only: bool,
) -> dict[str, Variable]:
    """Return the variables of keys that providers read, by name.

    Args:
        only: whether those of providers that are not in use are left out.
    """
    used = {choice.name for choice in choices}
    readers: dict[str, list[str]] = {}
    for name, provider in found.items():
        variable = file.api_key_env(name) or provider.env
        if variable and (name in used or not only):
            readers.setdefault(variable, []).append(name)
    return {
        name: Variable(
            name,
            tuple(owners),
            Secret(environment[name]) if name in environment else None,
            bool(used & set(owners)),
            bool(used),
        )
        for name, owners in readers.items()
    }


def online(settled: Iterable[Settled]) -> Iterator[Finding]:
    """Dial the host of each provider; yield whether it is reached, and how its clock compares."""
    reachable = False
    for each in settled:
        name, there = each.provider.name, target(each.provider, each.config)
        reachable = True
        if there is None:
            yield Finding(NETWORK, name, "skipped", "it needs no network, or cannot begin with these settings")
            continue
        answer = contact(there)
        yield reached(name, answer)
        if answer.date:
            yield compared(answer)
    if not reachable:
        fix = f"name one by --provider, by {VARIABLE} or in the config file"
        yield Finding(NETWORK, "hosts", "skipped", "no provider is chosen that could be dialled", fix)


def _offline() -> Finding:
    return Finding(NETWORK, "hosts", "skipped", "nothing was dialled", "add --online")
