"""``aai-migrate gateway``: vendors' protocols on one port, any provider behind."""

from __future__ import annotations

import asyncio
import errno
import importlib
import json
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from ..errors import AaiMigrateError, ConfigError
from ..extras import installed
from ..provider import Provider
from ..settings import VARIABLE
from . import options as given

if TYPE_CHECKING:
    from ..gateway import Gateway

LISTEN = "127.0.0.1:8080"
DONE, INTERRUPTED = 0, 130
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@frozen(kw_only=True)
class Request:
    """What the command line asked for."""

    listen: str
    to: str | None
    no_auth: bool
    max_local: int | None
    config: str | None
    settings: tuple[str, ...]
    api_key_env: str | None
    seal_key_env: str | None
    verbose: bool
    json: bool


@click.command(
    epilog="""\b
Examples:
  aai-migrate gateway --to local --no-auth
  aai-migrate gateway --listen 127.0.0.1:0 --to coded --no-auth --json
  aai-migrate gateway --listen '[::1]:8080' --to assemblyai-v3/u3-rt-pro --no-auth --verbose
  aai-migrate gateway --to local --max-local 4 --no-auth -o turn_silence=0.5
  aai-migrate gateway --config stt.toml --no-auth

When it listens it prints its address and, for each vendor's protocol, the URL that the vendor's client has to be
pointed at. SIGTERM or Ctrl+C: no more clients are taken, those there are get their last words and are told, then it
ends, with 0 or, after Ctrl+C, with 130. That takes ten seconds at most; a second signal ends at once.""",
)
@click.option("--listen", metavar="HOST:PORT", default=LISTEN, help=f"Port 0 takes a free one. Default: {LISTEN}.")
@click.option("--to", metavar="NAME[/MODEL]", help=f"Who transcribes; default: {VARIABLE}, then the config file.")
@click.option("--no-auth", is_flag=True, help="Let in any program of this machine, with any key or none.")
@click.option("--max-local", type=click.IntRange(1), metavar="N", help="Sessions of the embedded recogniser at most.")
@click.option("--config", metavar="FILE", help="Settings in TOML.")
@click.option(
    "-o",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the provider behind, the value in TOML or plain; PROVIDER.WORD=VALUE in its own words.",
)
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the provider's key.")
@click.option(
    "--seal-key-env",
    metavar="NAME",
    help="The environment variable that holds a secret which several gateways share: each takes the session addresses "
    "that another one handed out. Default: a secret of its own.",
)
@click.option("--verbose", is_flag=True, help="Tell on stderr of each client: when, how long, how much.")
@click.option("--json", "json_", is_flag=True, help="Say where it listens in one JSON object.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def gateway(json_: bool, debug: bool, **arguments: Any) -> Callable[[], int]:
    """Serve vendors' protocols to their clients, and let another provider transcribe."""
    return partial(_gateway, Request(json=json_, **arguments))


def _gateway(request: Request) -> int:
    host, port = _address(request.listen)
    from ..gateway import Gateway, accept_all  # needs an extra that other commands do not
    from ..gateway.guard import is_loopback

    if not request.no_auth:
        raise ConfigError("there are no keys yet to let clients in by: add --no-auth, on a loopback address")
    if not is_loopback(host):
        raise ConfigError(f"no keys: loopback only; listen on 127.0.0.1, [::1] or localhost, not on {host}")
    made = Gateway(
        request.to,
        host=host,
        port=port,
        authenticate=accept_all,
        local_only=True,
        config=request.config,
        api_key_env=request.api_key_env,
        seal_key=_seal_key(request.seal_key_env),
        **given.parse(request.settings),
    )
    if request.max_local is not None:
        _limit(made.settings.provider, request.max_local)
    level = logging.INFO if request.verbose else logging.WARNING
    with _logged(level), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(made, request))


def _address(listen: str) -> tuple[str, int]:
    """Read ``HOST:PORT``, where an IPv6 address stands in brackets."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigError(f"--listen {listen}: an IPv6 address stands in brackets, as in [::1]:8080")
    if not (colon and host and port.isascii() and port.isdecimal()):
        raise ConfigError(f"--listen {listen!r} is not of the form HOST:PORT, as in {LISTEN}")
    if int(port) > 65_535:
        raise ConfigError(f"--listen {listen}: a port is at most 65535; 0 takes a free one")
    return host, int(port)


def _seal_key(name: str | None) -> str | None:
    """Return the secret that the environment variable *name* holds; None without one."""
    if name is None:
        return None
    if not _VARIABLE.fullmatch(name):  # it may be the secret itself, so it is not repeated
        raise ConfigError("--seal-key-env names an environment variable, in capitals; it is not the secret itself")
    if not os.environ.get(name):
        raise ConfigError(f"--seal-key-env: {name} is not set; export it with a secret of 16 characters or more")
    return os.environ[name]


def _limit(provider: Provider, sessions: int) -> None:
    if provider.limit_workers is None:
        raise ConfigError(f"--max-local bounds the embedded recogniser, not {provider.name}; leave it out")
    provider.limit_workers(sessions)


@contextmanager
def _logged(level: int) -> Iterator[None]:
    """Send the library's own lines to stderr; they hold no key, no audio and no word."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("aai_migrate")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, which does the same in about half of the time, where it is installed."""
    if not installed("uvloop"):
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


async def _serve(made: Gateway, request: Request) -> int:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: int) -> None:
        if ended.done():  # a second one
            os._exit(128 + number)
        ended.set_result(INTERRUPTED if number == signal.SIGINT else DONE)

    with _signals(end):
        try:
            await made.start()
        except OSError as error:
            raise _unheard(request.listen, error) from error
        try:
            _announce(made, as_json=request.json)
            code = await ended
            if sys.stderr.isatty():
                print("\nwaiting for the last words; Ctrl+C again ends at once", file=sys.stderr)
        finally:
            await made.stop()
    return code


@contextmanager
def _signals(call: Callable[[int], None]) -> Iterator[None]:
    """Give SIGINT and SIGTERM to *call*, in the loop; afterwards they do what they did before."""
    loop, before = asyncio.get_running_loop(), {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.getsignal(number)
        try:
            loop.add_signal_handler(number, call, number)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda got, _: loop.call_soon_threadsafe(call, got))
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _unheard(listen: str, error: OSError) -> AaiMigrateError:
    """Return why nothing listens, and what to do."""
    match error:
        case socket.gaierror():
            return ConfigError(f"--listen {listen}: no such host; use 127.0.0.1 or [::1]")
        case OSError(errno=errno.EADDRINUSE):
            return AaiMigrateError(f"{listen} is in use; stop who uses it, or choose another port, as 0 for a free one")
        case OSError(errno=errno.EACCES):
            return AaiMigrateError(f"no permission to listen on {listen}; choose a port from 1024 on")
        case OSError(errno=errno.EADDRNOTAVAIL):
            return ConfigError(f"{listen} is no address of this machine; use 127.0.0.1")
    return AaiMigrateError(f"cannot listen on {listen}: {error.strerror or error}; choose another address")


def _announce(made: Gateway, *, as_json: bool) -> None:
    """Say where it listens: a script waits for the line, and a person reads one for each dialect."""
    listen, to = made.url.partition("://")[2], made.settings.provider.name
    if as_json:
        line = json.dumps({"type": "Listening", "listen": listen, "to": to, "dialects": made.addresses})
    else:
        dialects = [f"{name}  {url}" for name, urls in made.addresses.items() for url in urls]
        line = ("\n  " if sys.stdout.isatty() else "  ").join([f"listening on {listen}, to {to}", *dialects])
    print(line, flush=True)
