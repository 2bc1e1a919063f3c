"""``aai-migrate token``: a temporary token on standard output, for a program that is not to have the key."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from .. import create_token
from ..audio.format import ENCODINGS
from ..credentials import Token
from ..errors import ConfigError
from ..settings import VARIABLE
from ..tokens import moment
from . import options as given
from .view import remark

_NAMED = ("base_url", "sample_rate", "encoding", "audio_channels")


@click.command(
    epilog="""\b
Examples:
  aai-migrate token -p deepgram --seconds 60
  aai-migrate token -p assemblyai-v3 --seconds 300 --session-seconds 1800 --json
  aai-migrate token -p gladia -o language=de --sample-rate 8000
  TOKEN=$(aai-migrate token -p speechmatics)

Standard output holds the token and nothing else; when it expires is told on standard error. The key comes from the
environment, as DEEPGRAM_API_KEY. A token of gladia is the address of one session, whose settings it fixes.""",
)
@click.option("-p", "--provider", metavar="NAME[/MODEL]", help=f"Whose token; default: {VARIABLE}.")
@click.option("--seconds", type=float, metavar="N", help="How long it lives; default: the vendor's usual time.")
@click.option("--session-seconds", type=float, metavar="N", help="How long a session may get that begins with it.")
@click.option("--config", metavar="FILE", help="Settings in TOML; what the command line says goes before them.")
@click.option("--base-url", metavar="URL", help="Another server of the same protocol, as wss://HOST[:PORT].")
@click.option("--sample-rate", type=int, metavar="HZ", help="Of the audio, where a token fixes it.")
@click.option("--encoding", type=click.Choice(ENCODINGS), metavar="NAME", help="Of the audio, where a token fixes it.")
@click.option("--audio-channels", type=int, metavar="N", help="Of the audio, where a token fixes it.")
@click.option(
    "-o",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other option, where a token fixes it; PROVIDER.WORD=VALUE in the vendor's own words.",
)
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the key.")
@click.option("--json", "json_", is_flag=True, help="One JSON object: provider, token, expires_at and expires.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def token(json_: bool, debug: bool, settings: tuple[str, ...], **arguments: Any) -> Callable[[], int]:
    """Create a temporary token and print it."""
    return partial(_token, json_, settings, arguments)


def _token(as_json: bool, settings: tuple[str, ...], arguments: dict[str, Any]) -> int:
    options = given.parse(settings)
    for name in _NAMED:
        value = arguments.pop(name)
        if value is not None and name in options:
            raise ConfigError(f"-o {name} and --{name.replace('_', '-')} both set it; leave one out")
        if value is not None:
            options[name] = value
    created = create_token(arguments.pop("provider"), **arguments, **options)
    if as_json:
        until = created.expires_at
        facts = {
            "provider": created.provider,
            "token": created.reveal(),
            "expires_at": until,
            "expires": None if until is None else moment(until),
        }
        print(json.dumps(facts))
    else:
        print(created.reveal())
        print(remark(_expiry(created)), file=sys.stderr)
    return 0


def _expiry(created: Token) -> str:
    if created.expires_at is None:
        return f"{created.provider} does not say when this token expires"
    left = created.expires_at - time.time()
    return f"expires at {moment(created.expires_at)}, in {left:.0f} s; no session begins with it after that"
