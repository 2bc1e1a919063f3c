"""``aai-migrate transcribe``: a file in, turns out."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import FrameType
from typing import Any, Self

import click
from attrs import frozen

from .. import connect, registry
from ..audio import AudioFile, AudioFormat, paced, wav
from ..audio.pace import check_speed
from ..credentials import credential
from ..errors import AaiMigrateError, AudioError, ConfigError
from ..events import Termination
from ..settings import VARIABLE
from . import options as given
from .view import JsonLines, Status, Text, View, remark

LOST, INTERRUPTED = 3, 130


@frozen(kw_only=True)
class Request:
    """What the command line asked for."""

    file: str
    provider: str | None
    json: bool | None
    speed: float
    base_url: str | None
    emulate: str | None
    model: str | None
    language: str | None
    settings: tuple[str, ...]
    api_key_env: str | None


class _Command(click.Command):
    """A command whose ``--emulate`` may stand alone: click would take the next word for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        bare = ["--emulate=local" if word == "--emulate" else word for word in args[:end]]
        return super().parse_args(ctx, bare + args[end:])


@click.command(
    cls=_Command,
    epilog="""\b
Examples:
  aai-migrate transcribe call.wav --provider assemblyai-v3
  aai-migrate transcribe call.wav --provider assemblyai-v3/universal-streaming-english -o turn_silence=0.4
  aai-migrate transcribe call.wav --provider assemblyai-v3 -o assemblyai-v3.vad_threshold=0.4 --speed 0
  aai-migrate transcribe call.wav --provider assemblyai-v3 --emulate --json | jq -r .transcript
  aai-migrate transcribe call.wav --provider local --text > call.txt

Keys come from the environment, as ASSEMBLYAI_API_KEY. Ctrl+C stops feeding and waits for the last words;
a second one ends at once.""",
)
@click.argument("file")
@click.option("-p", "--provider", metavar="NAME[/MODEL]", help=f"Who transcribes; default: {VARIABLE}.")
@click.option(
    "--json/--text",
    "json_",
    default=None,
    help="One JSON object per event, or ended turns one per line. Default: text on a terminal, else JSON.",
)
@click.option("--speed", type=float, default=1.0, metavar="N", help="1 (default): real time; 0: no waiting.")
@click.option("--base-url", metavar="URL", help="Another server of the same protocol, as wss://HOST[:PORT].")
@click.option(
    "--emulate",
    type=click.Choice(["local", "coded"]),
    metavar="[=local|coded]",
    help="Serve the provider's protocol here, the embedded recogniser (or coded speech) behind it; no key.",
)
@click.option("--model", metavar="M", help="The provider's model.")
@click.option("--language", metavar="L", help="A BCP-47 tag, as en or de-CH.")
@click.option(
    "-o",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other option, the value in TOML or plain; PROVIDER.WORD=VALUE in the vendor's own words.",
)
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the key.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
def transcribe(json_: bool | None, debug: bool, **arguments: Any) -> Callable[[], int]:
    """Transcribe FILE, a WAV file."""
    return partial(_transcribe, Request(json=json_, **arguments))


def _transcribe(request: Request) -> int:
    options = _options(request)
    key = _key(request)
    file = _open(request)
    if file.seconds == 0:
        raise AudioError(f"{file.name}: holds no audio; record it again")
    told = file.notices
    _tell(file, told)
    form: AudioFormat = file.format
    options |= {
        "sample_rate": form.sample_rate,
        "encoding": form.encoding,
        "audio_channels": form.channels,
    }
    complete = False
    with _Interrupt() as interrupt, ExitStack() as stack:
        if request.emulate:
            options["base_url"], key = stack.enter_context(_emulated(request, request.emulate)), "emulated"
            options.setdefault("paced", False)
        status = _status(request, file)
        stack.callback(status.close)
        view = _view(request, status)
        stream = stack.enter_context(connect(request.provider, api_key=key, **options))
        interrupt.stops(stream.stop)
        try:
            for event in stream.transcribe(_Feed(file, request.speed, interrupt.ended, status.progress)):
                view.show(event)
                if isinstance(event, Termination):
                    complete = event.complete
        except AaiMigrateError as error:
            if not interrupt.asked:
                raise
            print(remark(str(error)), file=sys.stderr)
    if interrupt.asked:
        return INTERRUPTED
    _tell(file, [notice for notice in file.notices if notice not in told])  # of a pipe some come only now
    cut = any("cut short" in notice for notice in file.notices)
    return LOST if cut or not complete else 0


def _tell(file: AudioFile, notices: Iterable[str]) -> None:
    for notice in notices:
        print(remark(f"{file.name}: {notice}"), file=sys.stderr)


class _Feed:
    """The file's chunks at the speed that was asked for, until somebody wants to stop."""

    def __init__(self, file: AudioFile, speed: float, stop: threading.Event, fed: Callable[[float], None]) -> None:
        self._file, self._speed, self._stop, self._fed = file, speed, stop, fed
        self.format = file.format

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in paced(self._file, self.format, speed=self._speed, sleep=self._sleep):
            if self._stop.is_set():
                return
            yield chunk
            size += len(chunk)
            self._fed(self.format.seconds(size))

    def _sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)


class _Interrupt:
    """Ctrl+C in two steps: with a stream to drain, the first one stops it; any other one interrupts.

    A signal comes at any point of the main thread, also where it holds a lock that ``stop`` wants. So another
    thread calls it.

    Attributes:
        asked: Ctrl+C came.
        ended: set by Ctrl+C, and on leaving.
    """

    def __init__(self) -> None:
        self.asked, self.ended = False, threading.Event()
        self._stopper: threading.Thread | None = None
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._main:
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, self._interrupted)
        return self

    def stops(self, stop: Callable[[], None]) -> None:
        """From now on the first Ctrl+C calls *stop*."""

        def wait() -> None:
            self.ended.wait()
            if self.asked:
                stop()

        stopper = threading.Thread(target=wait, name="aai-migrate interrupt", daemon=True)
        stopper.start()
        self._stopper = stopper

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        if self._stopper:
            self._stopper.join()
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _interrupted(self, signum: int, frame: FrameType | None) -> None:
        if self._stopper is None or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.ended.set()
        if sys.stderr.isatty():  # past Python's buffers, which the signal may have interrupted
            os.write(sys.stderr.fileno(), b"\nwaiting for the last words; Ctrl+C again ends at once\n")


def _options(request: Request) -> dict[str, Any]:
    options = given.parse(request.settings)
    for name in ("base_url", "model", "language"):
        value = getattr(request, name)
        if value is None:
            continue
        if name in options:
            raise ConfigError(f"{name} is given twice, by -o and by --{name.replace('_', '-')}")
        options[name] = value
    if request.emulate and "base_url" in options:
        raise ConfigError("--emulate is a server of its own; give either it or --base-url")
    return options


def _key(request: Request) -> str | None:
    name = request.api_key_env
    if name is None:
        return None
    if request.emulate:
        raise ConfigError("--emulate needs no key; leave --api-key-env out")
    if name not in os.environ:
        raise ConfigError(f"--api-key-env: {name} is not set; export it with your key")
    return credential(os.environ[name], name).secret.reveal()


def _open(request: Request) -> AudioFile:
    try:
        check_speed(request.speed)
    except AudioError as error:
        raise ConfigError(f"--speed: {error}") from None
    try:
        return wav(request.file)
    except AudioError as error:
        raise ConfigError(str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{request.file}: {why}; give the path of a WAV file") from error


def _emulated(request: Request, ear: str) -> AbstractContextManager[str]:
    """Return the context of a server that speaks the provider's protocol."""
    spec = request.provider or os.environ.get(VARIABLE)
    if not spec:
        raise ConfigError("--emulate needs --provider: whose protocol to speak")
    name, _ = registry.split(spec)
    if registry.find(name).server is None:
        able = [other for other in registry.names() if registry.find(other).server is not None]
        raise ConfigError(f"{name} has no protocol to emulate; leave --emulate out, or use {', '.join(able)}")
    from ..gateway import run_in_thread  # needs an extra that nothing else here does

    return run_in_thread(to=ear)


def _status(request: Request, file: AudioFile) -> Status:
    """The status line stands where the text goes, or on stderr beside output that goes elsewhere."""
    if sys.stdout.isatty():
        return Status(None if request.json else sys.stdout, file.seconds)
    return Status(sys.stderr if sys.stderr.isatty() else None, file.seconds)


def _view(request: Request, status: Status) -> View:
    as_json = not sys.stdout.isatty() if request.json is None else request.json
    if as_json:
        return JsonLines(sys.stdout, status)
    return Text(sys.stdout, status)
