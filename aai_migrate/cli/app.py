"""The root command, and the one place where an exception becomes a line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout

import click

from .. import __version__
from ..config import nearest
from ..errors import (
    AaiMigrateError,
    AudioError,
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    ProviderError,
    QuotaExceeded,
)
from .doctor import doctor
from .explain import explain
from .gateway import gateway
from .providers import providers
from .token import token
from .transcribe import transcribe
from .view import remark

FAILED, MISUSED, INTERRUPTED, UNREAD = 1, 2, 130, 141


class _Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(f"unknown command {name!r}{nearest(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  aai-migrate transcribe call.wav --provider assemblyai-v3
  aai-migrate transcribe call.wav --provider assemblyai-v3 --emulate
  aai-migrate gateway --listen 127.0.0.1:8080 --to local --no-auth
  aai-migrate explain -p deepgram --config stt.toml
  aai-migrate providers
  aai-migrate doctor --config stt.toml

Exit codes: 0 done, 1 failed while running, 2 wrong use or settings, 3 done but something is lost,
130 interrupted, 141 nobody reads the output any more.""",
)
@click.version_option(__version__, "--version", message="aai-migrate %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """One stream of turns from many streaming speech-to-text services."""
    if ctx.invoked_subcommand is None:
        raise click.UsageError(f"name a command: {', '.join(app.list_commands(ctx))}")


for command in (transcribe, explain, gateway, providers, token, doctor):
    app.add_command(command)


def run(argv: Sequence[str]) -> int:
    """Run *argv*; whatever goes wrong is one line on stderr, with a traceback only for ``--debug``."""
    with ExitStack() as stack:
        null = stack.enter_context(open(os.devnull, "w"))
        unread = sys.stdout is None  # closed by whoever started us
        if unread:
            stack.enter_context(redirect_stdout(null))
        if sys.stderr is None:
            stack.enter_context(redirect_stderr(null))
        return _run(argv, unread)


def _run(argv: Sequence[str], unread: bool) -> int:
    out, err = sys.stdout, sys.stderr
    try:
        job: int | Callable[[], int] | None = app.main(list(argv), "aai-migrate", standalone_mode=False, obj=unread)
        return job() if callable(job) else job or 0
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return _unread()
    except SystemExit:
        if sys.stdout is out:
            raise
        sys.stdout, sys.stderr = out, err  # click has wrapped them, for it leaves with 1 where nobody reads its help
        return _unread()
    except Exception as error:  # noqa: BLE001 the top: even a bug shall be one line
        if "--debug" in argv:
            traceback.print_exception(error)
        code, line = _told(error)
        print(remark(line), file=sys.stderr)
        return code


def _unread() -> int:
    """Return the exit code of a pipe that nobody reads any more."""
    null = os.open(os.devnull, os.O_WRONLY)  # for what is still buffered and would be written at exit
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return UNREAD


def _advice(error: ProviderError) -> str:
    """Return what to do about a failure of the other end."""
    match error:
        case AuthenticationError():
            return "check the key and what it may do"
        case QuotaExceeded():
            return "wait and try again, or raise the account's limit"
        case BadRequest(status=404):
            return "check that --base-url names a server of this protocol"
        case BadRequest():
            return "change the setting or the audio that was refused"
        case ConnectionLost():
            return "check the network and --base-url, then try again"
    return "check that --base-url names a server of this protocol"


def _told(error: Exception) -> tuple[int, str]:
    """Return the exit code of *error* and the line that tells it."""
    match error:
        case click.ClickException():
            return MISUSED, _usage(error)
        case ConfigError() | AudioError():
            return MISUSED, str(error)
        case ProviderError():
            return FAILED, f"{error}; {_advice(error)}"
        case AaiMigrateError():
            return FAILED, str(error)
        case OSError():
            return FAILED, ": ".join(filter(None, (error.filename, error.strerror or str(error))))
    return FAILED, f"internal error, please report it with the output of --debug: {error!r}"


def _usage(error: click.ClickException) -> str:
    """Return click's message in our words: what is wrong, then where to look."""
    command = "aai-migrate"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        command = error.ctx.command_path
    if isinstance(error, click.NoSuchOption):
        close = sorted(error.possibilities or ())
        hint = f"did you mean {' or '.join(close)}?" if close else f"see {command} --help"
        return f"unknown option {error.option_name}; {hint}"
    message = error.format_message().strip().rstrip(".")
    return f"{message[:1].lower()}{message[1:]}" + ("" if "; " in message else f"; see {command} --help")
