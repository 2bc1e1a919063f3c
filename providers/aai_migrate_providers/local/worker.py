"""The far end of the pipe: ``python -m aai_migrate_providers.local.worker``, one recogniser for one session.

Reads messages from standard input and answers on standard output until ``stop`` or the end of the input.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator

from aai_migrate.wire.commands import Finalize, Stop
from aai_migrate.wire.events import Finalized, Stopped

from .messages import Answer, Ready, Settings, answer_text, read_request
from .pipe import pack, unpack
from .recogniser import MODEL, Recogniser


def serve(messages: Iterable[str | bytes]) -> Iterator[Answer]:
    """Yield the answers to *messages*, the first of which holds the settings.

    Raises:
        ValueError: a message is none of the vocabulary, or out of place.
    """
    recogniser: Recogniser | None = None
    for message in messages:
        if recogniser is None:
            recogniser = Recogniser(_settings(message))
            yield Ready(MODEL)
        elif isinstance(message, bytes):
            yield from recogniser.feed(message)
        else:
            match read_request(message):
                case Finalize(id=id_):
                    yield from recogniser.finalize()
                    yield Finalized(id_)
                case Stop():
                    yield from recogniser.stop()
                    yield Stopped(audio_seconds=recogniser.seconds)
                    return
                case Settings():
                    raise ValueError("settings come once, at the start")


def _settings(message: str | bytes) -> Settings:
    request = read_request(message) if isinstance(message, str) else message
    if not isinstance(request, Settings):
        raise ValueError("the first message must hold the settings")
    return request


def _messages(read: Callable[[int], bytes]) -> Iterator[str | bytes]:
    while (message := unpack(read)) is not None:
        yield message


def main() -> int:
    """Serve standard input and output; what a library prints goes to standard error."""
    with os.fdopen(os.dup(1), "wb", buffering=0) as out:
        os.dup2(2, 1)
        try:
            for answer in serve(_messages(sys.stdin.buffer.read)):
                _write(out.fileno(), pack(answer_text(answer)))
        except BrokenPipeError:  # nobody listens any more
            return 1
    return 0


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


if __name__ == "__main__":
    sys.exit(main())
