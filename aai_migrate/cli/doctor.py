"""``aai-migrate doctor``: what is wrong with this machine and these settings."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click
from attrs import asdict

from ..settings import VARIABLE
from .view import encodable, one_line

if TYPE_CHECKING:
    from ..doctor import Finding, Request

FAILED = 1
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "bright_black"}


@click.command(
    epilog="""\b
Examples:
  aai-migrate doctor
  aai-migrate doctor --provider deepgram --online
  aai-migrate doctor --config stt.toml
  aai-migrate doctor --mic
  aai-migrate doctor --json | jq -r '.[] | select(.state == "failed") | .fix'

ok: nothing to do. warning: it may not work as meant. failed: it will not work. skipped: not looked at, or not there and
not needed. Of a provider that is not in use, what is wrong with its settings or its key is a warning. Without --online
nothing is dialled; with it a host is reached, but no key is sent.

Exit codes: 0 nothing failed, warnings or not; 1 something failed; 2 wrong use.""",
)
@click.option(
    "-p",
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME[/MODEL]",
    help=f"Who is in use, once or more; default: {VARIABLE}, then the config file.",
)
@click.option("--config", metavar="FILE", help="Settings in TOML; each of its tables is looked at.")
@click.option("--mic", is_flag=True, help="A microphone is wanted: fail if there is none.")
@click.option("--online", is_flag=True, help="Dial the hosts of the providers in use.")
@click.option("--json", "json_", is_flag=True, help="One JSON array of check, subject, state, found and fix.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def doctor(
    providers: tuple[str, ...], config: str | None, mic: bool, online: bool, json_: bool, debug: bool
) -> Callable[[], int]:
    """Check versions, keys, settings, microphone, TLS, proxy and clock: one line each, with what to do.

    Keys are never shown.
    """
    from ..doctor import Request  # with all that it looks at, which other commands do not need

    return partial(_doctor, Request(providers, config, mic, online), json_)


def _doctor(request: Request, as_json: bool) -> int:
    from ..doctor import examine

    findings = examine(request)
    states: Counter[str] = Counter()
    if as_json:
        found = list(findings)
        states.update(each.state for each in found)
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        for each in findings:
            states[each.state] += 1
            _write(line(each, colours=_coloured()))
        _write(", ".join(f"{states[state]} {state}" for state in _COLOURS))
    return FAILED if states["failed"] else 0


def line(finding: Finding, *, colours: bool) -> str:
    """Return *finding* in one line: state, check, subject, what is found, and behind an arrow what to do."""
    state = finding.state.ljust(7)
    shown = click.style(state, _COLOURS[finding.state]) if colours else state
    fix = f" -> {finding.fix}" if finding.fix else ""
    return f"{shown}  {finding.check:<10}  {one_line(f'{finding.subject}: {finding.found}{fix}')}"


def _coloured() -> bool:
    """Whether to write colours: on a terminal that knows them, and no.color.org's variable does not forbid it."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def _write(text: str) -> None:
    sys.stdout.write(encodable(f"{text}\n", sys.stdout))
    sys.stdout.flush()
