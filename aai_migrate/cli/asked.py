"""Options that several commands have: how they are spelled, and what settings they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from ..audio.format import ENCODINGS
from ..errors import ConfigError
from ..settings import VARIABLE
from . import options as given

Command = TypeVar("Command", bound="Callable[..., Any] | click.Command")


def provider(command: Command) -> Command:
    """Add ``-p``."""
    return click.option("-p", "--provider", metavar="NAME[/MODEL]", help=f"Who transcribes; default: {VARIABLE}.")(
        command
    )


def config(command: Command) -> Command:
    """Add ``--config``."""
    return click.option(
        "--config", metavar="FILE", help="Settings in TOML; what the command line says goes before them."
    )(command)


def audio_format(where: str = "") -> Callable[[Command], Command]:
    """Add the three options of an audio format; *where* says of which audio they tell."""

    def add(command: Command) -> Command:
        for option in (
            click.option("--audio-channels", type=int, metavar="N", help=f"Interleaved channels{where}; default: 1."),
            click.option(
                "--encoding",
                type=click.Choice(ENCODINGS),
                metavar="NAME",
                help=f"How samples are written{where}; default: the first of {', '.join(ENCODINGS)}.",
            ),
            click.option("--sample-rate", type=int, metavar="HZ", help=f"Samples a second{where}."),
        ):
            command = option(command)
        return command

    return add


def base_url(command: Command) -> Command:
    """Add ``--base-url``."""
    return click.option("--base-url", metavar="URL", help="Another server of the same protocol, as wss://HOST[:PORT].")(
        command
    )


def settings(command: Command) -> Command:
    """Add what sets options: ``--model``, ``--language``, ``-o``, and which variable holds the key."""
    for option in (
        click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the key."),
        click.option(
            "-o",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="Any other option, the value in TOML or plain; PROVIDER.WORD=VALUE in the vendor's own words.",
        ),
        click.option("--language", metavar="L", help="A BCP-47 tag, as en or de-CH."),
        click.option("--model", metavar="M", help="The provider's model."),
    ):
        command = option(command)
    return command


def debug(command: Command) -> Command:
    """Add ``--debug``."""
    return click.option("--debug", is_flag=True, help="Show a traceback when something fails.")(command)


def merged(settings: Iterable[str], named: Mapping[str, Any], *, formats: bool = False) -> dict[str, Any]:
    """Return the options that ``-o`` gives in *settings* and those that have an option of their own in *named*.

    Args:
        formats: whether ``-o`` may say the audio's format: there is no file that does.
    Raises:
        ConfigError: one of them is given in both ways, or ``-o`` is wrong.
    """
    options = given.parse(settings, formats=formats)
    for name, value in named.items():
        if value is None:
            continue
        if name in options:
            raise ConfigError(f"{name} is given twice, by -o and by --{name.replace('_', '-')}")
        options[name] = value
    return options
