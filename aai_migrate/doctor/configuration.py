"""Whether settings do what they are meant to, for each provider that a config file speaks of."""

from __future__ import annotations

import datetime

from attrs import evolve

from ..config import Config
from ..configfile import ConfigFile
from ..errors import AaiMigrateError, AudioError, ConfigError, MissingExtra, UnsupportedOption, lacked
from ..explain import Rehearsal, rehearse
from ..provider import Provider
from ..settings import Choice, Settled, settle
from ..wire.events import Warned
from .finding import Finding, State, split

CHECK = "config"
_CORRECT = "correct the setting"


def configuration(choice: Choice, file: ConfigFile, today: datetime.datetime) -> tuple[Settled | None, list[Finding]]:
    """Return what holds for the provider of *choice* by *file*, None if nothing can, and what is to say of it.

    Every option that the vendor or the model refuses is named, every option that is left out on the caller's wish, a
    model that is out of use or unknown, and words of the vendor's own that are unknown. Nothing is dialled.

    Args:
        today: when the settings would be used, with a time zone.
    """
    subject = choice.name if not file.path else f"{file.path} for {choice.name}"
    try:
        settled = settle(choice, {}, file)
    except MissingExtra as error:
        found, fix = (
            f"{error.feature} needs the extra {error.extra}",
            f"pip install '{error.distribution}[{error.extra}]'",
        )
        return None, [Finding(CHECK, subject, "failed", found, fix)]
    except (ConfigError, AudioError) as error:
        return None, _refusals(subject, choice.name, error)
    return settled, rehearsed(subject, settled.provider, settled.config, today)


def rehearsed(subject: str, provider: Provider, config: Config, today: datetime.datetime) -> list[Finding]:
    """Return what comes out when *provider* is begun with *config* in memory; one that is ok if nothing is wrong.

    What is refused ends the beginning, so it is begun again without that, for the rest to be told as well.
    """
    found: list[Finding] = []
    try:
        found += _model(subject, provider, config, today.date())
        try:
            played, told = rehearse(provider, config, today=today), {"deprecated_model"}
        except AaiMigrateError as error:
            found += _refusals(subject, provider.name, error)
            lenient = evolve(config, on_unsupported="warn")
            try:
                played, told = rehearse(provider, lenient, today=today), {"deprecated_model", "unsupported"}
            except AaiMigrateError:  # that was no option
                return found
        found += [_remark(subject, provider.name, each) for each in played.warned if each.code not in told]
        if played.failed is not None:
            text = played.failed.error.reason
            found.append(Finding(CHECK, subject, "failed", f"the vendor would refuse: {text}", _CORRECT))
    except Exception as error:  # noqa: BLE001  a plug-in may raise anything, and there is more to look at
        text = f"the provider {provider.name} breaks on these settings: {type(error).__name__}"
        return [*found, Finding(CHECK, subject, "failed", text, "update its plug-in, or tell who made it")]
    return found or [Finding(CHECK, subject, "ok", _taken(config, played))]


def _model(subject: str, provider: Provider, config: Config, today: datetime.date) -> list[Finding]:
    can = provider.suited(config).capabilities
    name = config.model or can.default_model
    model = can.models.get(name or "")
    why = model.outdated(today) if model else ""
    if model is None or not why:
        return []
    found, _, fix = why.partition("; ")
    state: State = "failed" if model.retired and model.retired <= today else "warning"
    return [Finding(CHECK, subject, state, f"model {name} {found}", fix or "choose another model")]


def _refusals(subject: str, provider: str, error: AaiMigrateError) -> list[Finding]:
    """Return one line for each thing that *error* says is wrong."""
    if isinstance(error, UnsupportedOption):
        lacking = [(f"{provider} has no {lacked(name)}", hint) for name, hint in error.options.items()]
        also = [half for text in error.also for half in split(text, provider)]
        halves = [(found, fix or 'leave it out, or set on_unsupported = "warn"') for found, fix in lacking] + also
    else:
        halves = split(str(error), provider)
    return [Finding(CHECK, subject, "failed", found, fix or _CORRECT) for found, fix in halves]


def _remark(subject: str, provider: str, warned: Warned) -> Finding:
    found, fix = split(warned.message, provider)[0]
    match warned.code:
        case "unsupported":
            fix = "leave it out where it is not needed"
        case "unknown_model":
            fix = f"check its spelling; aai-migrate providers {provider} lists those we know"
        case "unknown_extra":
            fix = "check its spelling in the vendor's pages, or take it out"
    return Finding(CHECK, subject, "warning", found, fix or _CORRECT)


def _taken(config: Config, played: Rehearsal) -> str:
    model = (played.started and played.started.model) or config.model
    return "all settings are taken" + (f", model {model}" if model else "")
