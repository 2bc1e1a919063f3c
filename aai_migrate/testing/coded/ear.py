"""The coded ear: a whole vendor in memory, which takes commands and gives events."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from aai_migrate.audio.codec import to_pcm16
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConfigError, StreamClosed
from aai_migrate.options import encode
from aai_migrate.provider import Context
from aai_migrate.wire.commands import (
    Audio,
    Command,
    Configure,
    Finalize,
    KeepAlive,
    Resume,
    Silence,
    Start,
    Stop,
)
from aai_migrate.wire.events import Configured, EndReason, Event, Finalized, Started, Stopped
from aai_migrate.wire.frames import Frame

from ...audio.channels import split
from .hard import Hard
from .reader import Heard, Reader
from .settings import OPTIONS, TURN_SILENCE
from .voice import Voice


@frozen
class _Channel:
    reader: Reader
    voice: Voice

    @property
    def quiet_to(self) -> float:
        """No word but those heard began before."""
        since = self.reader.speaking_since
        return self.reader.read_to if since is None else since

    def take(self, heard: list[Heard], silence: float) -> list[Event]:
        """Return what the words *heard* and the silence after them bring about."""
        events: list[Event] = []
        for word in heard:
            events += self.voice.hear(word, silence)
        now = self.reader.read_to
        return events + self.voice.advance(self.quiet_to, now, silence) + self.voice.idle(self.quiet_to, now)

    def close(self, reason: EndReason) -> list[Event]:
        """End the open turn; a word in progress stays for the next one."""
        return self.voice.close(reason, self.quiet_to)


class CodedEar:
    """Hears coded speech, always the same; gives events and never a frame.

    It keeps the open turn only, so memory stays flat however long a session is. Times of words are true to
    10 ms, confidence is 1. A turn that lasts 58 s ends with its present word.

    Args:
        context: for the session's id; None: the id is ``"coded"``.
        hard: what makes it a difficult vendor.
    """

    deadline: float | None = None
    resumable = False

    def __init__(self, context: Context | None = None, *, hard: Hard | None = None) -> None:
        self._context = context
        self._hard = hard or Hard()
        self._config = Config()
        self._channels: tuple[_Channel, ...] = ()

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Return what *item* brings about.

        Raises:
            StreamClosed: *item* comes before Start or after Stop.
            ConfigError: Start asks for what the ear lacks, or Start comes twice.
            AudioError: a chunk ends inside a sample.
            ValueError: Resume; the ear is not resumable.
        """
        if isinstance(item, Start):
            return [*self._start(item.config)]
        if isinstance(item, Resume):
            raise ValueError("the coded ear cannot resume")
        if not self._channels:
            raise StreamClosed("the coded ear has not started, or was stopped")
        return [*self._answer(item)]

    def receive(self, frame: Frame, now: float, /) -> list[Frame | Event]:
        """Return nothing: the ear has no wire."""
        return []

    def tick(self, now: float, /) -> list[Frame | Event]:
        """Return nothing: the ear's only clock is the audio."""
        return []

    def _answer(self, item: Audio | Silence | Finalize | KeepAlive | Configure | Stop) -> list[Event]:
        match item:
            case Audio(data):
                return self._listen(data)
            case Silence(seconds):
                return self._listen(self._config.audio.silence(seconds))
            case Finalize(id, channel):
                return [*self._finalize(channel), Finalized(id, "vendor")]
            case KeepAlive():
                return []
            case Configure(id, options):
                refused = self._configure(options)
                return [Configured(id, not refused, refused)]
            case Stop():
                return self._stop()

    def _start(self, config: Config) -> list[Event]:
        if self._channels:
            raise ConfigError("the coded ear has started already")
        encoded = encode(config, OPTIONS, "coded", model=config.model)
        fmt = config.audio
        apart = fmt.channels if config.channels == "separate" else 1
        heard_as = AudioFormat(fmt.sample_rate) if apart > 1 else fmt
        keys = itertools.count()
        partials = config.partials is not False
        self._channels = tuple(
            _Channel(Reader(heard_as), Voice(index, self._hard, keys, partials=partials)) for index in range(apart)
        )
        self._config = config
        name = self._context.new_id() if self._context else "coded"
        return [Started(name, "coded", settings=encoded.native), *encoded.warnings()]

    def _listen(self, data: bytes) -> list[Event]:
        if len(self._channels) == 1:
            parts = [data]
        else:
            parts = split(to_pcm16(data, self._config.audio), 2, len(self._channels))
        return [
            event
            for channel, part in zip(self._channels, parts, strict=True)
            for event in channel.take(channel.reader.feed(part), self._silence)
        ]

    def _finalize(self, channel: int | None) -> list[Event]:
        chosen = self._channels if channel is None else self._channels[channel : channel + 1]
        return [event for each in chosen for event in each.close("forced")]

    def _configure(self, options: Mapping[str, Any]) -> str:
        """Take *options* and return "", or say why not."""
        other = sorted(set(options) - {"turn_silence"})
        if other:
            return f"coded cannot change {', '.join(other)} in mid-session"
        try:
            self._config = evolve(self._config, **options)
        except ConfigError as error:
            return str(error)
        return ""

    @property
    def _silence(self) -> float:
        return TURN_SILENCE if self._config.turn_silence is None else self._config.turn_silence

    def _stop(self) -> list[Event]:
        events: list[Event] = []
        position = self._channels[0].reader.position
        for channel in self._channels:
            events += channel.take(channel.reader.flush(), self._silence)
            events += channel.voice.close("stop")
            events += channel.voice.settle(position)
        self._channels = ()
        return [*events, Stopped(audio_seconds=position)]
