"""What an application asks of a stream, checked: the same for both drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from ..audio.format import AudioFormat
from ..audio.gap import Gap
from ..config import configure
from ..errors import ConfigError
from ..events import Begin, StreamEvent, Termination, Turn
from .feeder import Chunk


def pieces(chunk: Chunk, fmt: AudioFormat, *, whole: bool = False) -> Iterator[bytes | Gap]:
    """Yield *chunk* cut into seconds of *fmt*; of nothing one empty piece, which shows whether the stream is over.

    Args:
        whole: in one piece, for who must take all of it or nothing.
    Raises:
        TypeError: it is no chunk.
    """
    if isinstance(chunk, Gap):
        yield chunk
        return
    data = plain(chunk)
    size = max(len(data), 1) if whole else fmt.bytes_per_second
    for start in range(0, max(len(data), 1), size):
        yield data[start : start + size]


def plain(chunk: bytes | bytearray | memoryview) -> bytes:
    """Return *chunk* as bytes that nobody else can change.

    Raises:
        TypeError: it is no chunk.
    """
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise TypeError(f"a chunk of audio is bytes, not {type(chunk).__name__}")
    return bytes(chunk)


def check_wait(wait: float | None) -> None:
    """Check how long a finalize is to wait for its answer.

    Raises:
        ConfigError: *wait* is no number of seconds.
    """
    if wait is not None and (isinstance(wait, bool) or not isinstance(wait, int | float) or not wait >= 0):
        raise ConfigError(f"wait must be seconds from 0 on, not {wait!r}")


def changes(options: Mapping[str, Any]) -> dict[str, object]:
    """Return *options* for mid-session with their values as :class:`~aai_migrate.config.Config` keeps them.

    Raises:
        ConfigError: an unknown option, or a value out of range.
    """
    checked = configure(options)
    return {name: getattr(checked, name, value) for name, value in options.items()}


@frozen
class Callbacks:
    """What ``run`` is to call."""

    on_turn: Callable[[Turn], object] | None
    on_begin: Callable[[Begin], object] | None
    on_termination: Callable[[Termination], object] | None
    on_event: Callable[[StreamEvent], object] | None

    def of(self, event: StreamEvent) -> Iterator[Callable[[Any], object]]:
        """Yield what *event* is for, in the order in which it is called."""
        if self.on_event:
            yield self.on_event
        special: Callable[[Any], object] | None = None
        match event:
            case Turn():
                special = self.on_turn
            case Begin():
                special = self.on_begin
            case Termination():
                special = self.on_termination
        if special:
            yield special
