"""``aai-migrate transcribe``: speech in, turns out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import click
from attrs import frozen

from .. import connect, registry
from ..configfile import load
from ..credentials import credential
from ..drivers.sync import Stream
from ..errors import AaiMigrateError, AudioError, ConfigError
from ..settings import VARIABLE
from ..subtitles import Form
from . import asked
from .captions import SubtitleFile
from .feed import Feed, Opened, Source
from .handed import Handed
from .interrupt import Interrupt
from .jsonlines import JsonLines
from .live import lines
from .progress import Progress
from .report import Report
from .source import STDIN, Wanted
from .view import Lines, Text, View

DONE, FAILED, LOST, INTERRUPTED = 0, 1, 3, 130


@frozen(kw_only=True)
class Request:
    """What the command line asked for."""

    audio: Wanted
    provider: str | None
    config: str | None
    json: bool | None
    subtitles: tuple[tuple[Form, str], ...]
    base_url: str | None
    emulate: str | None
    model: str | None
    language: str | None
    settings: tuple[str, ...]
    api_key_env: str | None
    unread: bool


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
  aai-migrate transcribe call.wav -p assemblyai-v3
  aai-migrate transcribe call.wav -p assemblyai-v3 --srt call.srt
  aai-migrate transcribe --mic --seconds 60 -p assemblyai-v3
  aai-migrate transcribe call.wav -p assemblyai-v3 | jq 'select(.end_of_turn)'
  aai-migrate transcribe call.wav -p assemblyai-v3 -o turn_silence=0.4
  aai-migrate transcribe call.wav -p assemblyai-v3 --emulate
  sox call.mp3 -t wav - | aai-migrate transcribe - -p local --text > call.txt
  aai-migrate transcribe call.ul --raw --sample-rate 8000 --encoding pcm_mulaw

Keys come from the environment, as ASSEMBLYAI_API_KEY. Ctrl+C stops feeding and waits for the last words;
a second one ends at once.""",
)
@click.argument("file", required=False)
@click.option("--mic", is_flag=True, help="Record from a microphone instead of reading FILE.")
@click.option("--device", metavar="INDEX|NAME", help="Which microphone; default: the system's.")
@asked.provider
@asked.config
@click.option(
    "--json/--text",
    "json_",
    default=None,
    help="One JSON object per event, or ended turns one per line. Default: text on a terminal, else JSON.",
)
@click.option("--srt", multiple=True, metavar="FILE", help="Write subtitles there too, as SubRip.")
@click.option("--vtt", multiple=True, metavar="FILE", help="Write subtitles there too, as WebVTT.")
@click.option("--seconds", type=float, metavar="N", help="Stop after so much audio.")
@click.option(
    "--speed",
    type=float,
    metavar="N",
    help="1: as it is spoken (default for files); 0: without waiting (default for pipes).",
)
@click.option("--raw", is_flag=True, help="FILE is bare samples, made as the next three options say.")
@asked.audio_format(", of --raw or --mic")
@asked.base_url
@click.option(
    "--emulate",
    type=click.Choice(["local", "coded"]),
    metavar="[=local|coded]",
    help="Serve the provider's protocol here, the embedded recogniser (or coded speech) behind it; no key.",
)
@asked.settings
@asked.debug
@click.pass_obj
def transcribe(
    unread: bool, /, json_: bool | None, srt: tuple[str, ...], vtt: tuple[str, ...], debug: bool, **arguments: Any
) -> Callable[[], int]:
    """Transcribe FILE, or "-" for standard input, or what a microphone hears.

    A file is WAV, or anything else that PyAV reads. Ended turns are printed as they come; on a terminal the open one
    is shown below them. A summary follows on stderr.
    """
    audio = Wanted(**{name: arguments.pop(name) for name in _AUDIO})
    subtitles: list[tuple[Form, str]] = [*(("srt", path) for path in srt), *(("vtt", path) for path in vtt)]
    request = Request(audio=audio, json=json_, subtitles=tuple(subtitles), unread=bool(unread), **arguments)
    return partial(_transcribe, request)


_AUDIO = ("file", "mic", "device", "raw", "sample_rate", "encoding", "audio_channels", "speed", "seconds")


def _transcribe(request: Request) -> int:
    request.audio.check()
    _check_outputs(request)
    options, key = _options(request), _key(request)
    opened = request.audio.open()
    source, handed = opened.source, Handed(opened.as_spoken)
    progress = Progress(_total(opened, request), live=getattr(source, "realtime", False))
    as_json = not sys.stdout.isatty() if request.json is None else request.json
    with Interrupt() as interrupt, ExitStack() as stack:
        stack.callback(_close, source)
        shown = lines(sys.stdout, sys.stderr, progress, text=not as_json)
        stack.callback(shown.close)
        if request.emulate:
            options["base_url"], key = stack.enter_context(_emulated(request, request.emulate)), "emulated"
            options.setdefault("paced", False)
        stream = stack.enter_context(connect(request.provider, api_key=key, **options, **_form(source)))
        feed = Feed(opened, seconds=request.audio.seconds, progress=progress, handed=handed)
        report = Report(_view(shown, stream, as_json), _files(request, shown, stream), shown, source, handed)
        stack.callback(report.close)
        interrupt.stops(partial(_stop, feed, stream, shown))
        try:
            for event in stream.transcribe(feed):
                report.take(event)
        except AaiMigrateError as error:
            if not interrupt.asked and not isinstance(error, AudioError):
                raise
            shown.remark(str(error))
            if not interrupt.asked:
                return FAILED
    return INTERRUPTED if interrupt.asked else LOST if report.lost else DONE


def _check_outputs(request: Request) -> None:
    if request.unread and not request.subtitles:
        raise ConfigError("standard output is closed, so nobody would read a word; open it, or name a file with --srt")
    taken = {_place(request.audio.file)} if request.audio.file else set()
    for form, path in request.subtitles:
        if path in ("", STDIN):
            raise ConfigError(f"--{form} {path!r} is no file; name one")
        folder = os.path.dirname(_place(path))
        if not os.path.isdir(folder):
            raise ConfigError(f"--{form} {path}: there is no folder {folder}; make it, or choose another")
        if os.path.isdir(path):
            raise ConfigError(f"--{form} {path} is a folder; name a file in it")
        if _place(path) in taken:
            raise ConfigError(f"--{form} {path} would overwrite what another option names; choose another file")
        taken.add(_place(path))


def _place(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:  # a NUL: opening it will tell
        return path


def _options(request: Request) -> dict[str, Any]:
    named = {name: getattr(request, name) for name in ("base_url", "model", "language")}
    options = asked.merged(request.settings, named)
    if request.emulate and "base_url" in options:
        raise ConfigError("--emulate is a server of its own; give either it or --base-url")
    if request.config is not None:
        options["config"] = request.config
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


def _form(source: Source) -> dict[str, Any]:
    form = source.format
    return {"sample_rate": form.sample_rate, "encoding": form.encoding, "audio_channels": form.channels}


def _total(opened: Opened, request: Request) -> float | None:
    """Return how many seconds there will be, as far as anybody knows."""
    known = [getattr(opened.source, "seconds", None), request.audio.seconds]
    return min((seconds for seconds in known if seconds is not None), default=None)


def _emulated(request: Request, ear: str) -> AbstractContextManager[str]:
    """Return the context of a server that speaks the provider's protocol."""
    spec = request.provider or os.environ.get(VARIABLE) or (load(request.config).provider if request.config else None)
    if not spec:
        raise ConfigError("--emulate needs --provider: whose protocol to speak")
    name, _ = registry.split(spec)
    if registry.find(name).server is None:
        able = [other for other in registry.PUBLIC if registry.find(other).server is not None]
        raise ConfigError(f"{name} has no protocol to emulate; leave --emulate out, or use {', '.join(able)}")
    from ..gateway import local  # needs an extra that nothing else here does

    return local(to=ear)


def _view(shown: Lines, stream: Stream, as_json: bool) -> View:
    return JsonLines(sys.stdout) if as_json else Text(shown, channels=_channels(stream))


def _files(request: Request, shown: Lines, stream: Stream) -> list[SubtitleFile]:
    channels = _channels(stream)
    return [SubtitleFile(path, form, channels=channels, complain=shown.remark) for form, path in request.subtitles]


def _channels(stream: Stream) -> bool:
    """Whether there is more than one channel to tell apart."""
    return stream.config.channels == "separate" and stream.config.audio.channels > 1


def _stop(feed: Feed, stream: Stream, shown: Lines) -> None:
    feed.stop()
    if not feed.realtime:  # a microphone still brings what it has heard, and then the stream stops
        stream.stop()
    if sys.stderr.isatty():
        shown.remark("waiting for the last words; Ctrl+C again ends at once")


def _close(source: Source) -> None:
    close = getattr(source, "close", None)
    if close:
        close()
