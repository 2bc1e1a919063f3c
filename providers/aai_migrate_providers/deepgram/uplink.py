"""What a client asks becomes commands: in the order in which it asks, from when it is known what audio it sends."""

from __future__ import annotations

from attrs import evolve

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.wire import commands as ask
from aai_migrate.wire import values

from .intake import Intake

LARGEST_CONTROL = 64 << 10
"""Characters, or bytes, of a control message."""
LINGER = 2.0
"""Seconds after an empty message in which audio may go on: clients send one as the end, and by accident."""


class Uplink:
    """The commands of one session.

    Attributes:
        intake: the audio.
        started: whether the session has been asked for.
        stopped: whether the client has said its last.
        ends_at: when an empty message counts as the end; None: none waits.
    """

    def __init__(self, config: Config, origin: ask.Origin, audio: AudioFormat | None) -> None:
        self.intake = Intake(audio)
        self.started = self.stopped = False
        self.ends_at: float | None = None
        self._config, self._origin = config, origin
        self._waiting: list[ask.Command] = []

    def open(self) -> list[ask.Command]:
        """Ask for the session, unless it is not known yet what audio it has."""
        if self.started or self.intake.format is None:
            return []
        self.started = True
        waiting, self._waiting = self._waiting, []
        return [ask.Start(evolve(self._config, audio=self.intake.format), None, self._origin), *waiting]

    def audio(self, data: bytes) -> list[ask.Command]:
        """Take one message of audio.

        Raises:
            Undecodable: it is not the audio that can be read here.
        """
        samples = self.intake.feed(data)
        return [*self.open(), *([ask.Audio(samples)] if samples else [])]

    def put(self, command: ask.Command) -> list[ask.Command]:
        """Ask for something behind the audio that came before it; how much may be unanswered is the caller's to say."""
        if self.started:
            return [command]
        if not isinstance(command, ask.KeepAlive):
            self._waiting.append(command)
        return []

    def linger(self, now: float) -> None:
        """Take note of an empty message."""
        self.ends_at = now + LINGER

    def stop(self) -> list[ask.Command]:
        """Take nothing more. Harmless when called again."""
        stopped, self.stopped, self.ends_at = self.stopped, True, None
        return [ask.Stop()] if self.started and not stopped else []


def control(data: bytes, known: frozenset[str]) -> str | None:
    """Return the text of a control message that came as a binary one, a common mistake; None: it is audio."""
    if len(data) > LARGEST_CONTROL or not data.strip().startswith(b"{"):
        return None
    message = values.parse(data)
    return data.decode(errors="replace") if message and values.string(message.get("type")) in known else None
