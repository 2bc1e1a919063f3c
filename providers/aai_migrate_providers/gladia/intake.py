"""A client's bytes become audio: what comes twice and the header of a WAV file are left out, samples are made whole."""

from __future__ import annotations

from attrs import frozen

from aai_migrate.audio.header import samples_at
from aai_migrate.audio.kind import HEAD
from aai_migrate.audio.wav import widened
from aai_migrate.errors import AudioError

from .replay import Replay
from .request import Request

KEPT_SECONDS, KEPT_BYTES = 10, 1 << 20
"""What is kept to know again what comes twice: the lesser of both."""
MOST_KEPT = 2 << 20
"""Bytes that are kept where the client has not read the acknowledgements of the last ``KEPT_SECONDS``."""
ASKED = 2
"""Seconds of audio after which the client is asked again what it has read."""
PATIENCE = 1
"""Seconds of unchanging audio that may wait until it is clear whether they are new."""
_MARK = b"@"  # tells its pings from those that stand behind messages


@frozen
class Chunk:
    """One chunk that was taken: whole samples that are new, and the range to acknowledge, in bytes and in seconds."""

    audio: bytes
    start: int
    end: int
    begin: float
    until: float


class Intake:
    """The audio of one session, over all its connections."""

    def __init__(self, request: Request) -> None:
        self._request = request
        second, frame = request.bytes_per_second, request.frame
        self._replay = Replay(frame, min(KEPT_BYTES, KEPT_SECONDS * second), PATIENCE * second, MOST_KEPT)
        self._asked = 0  # up to where the client was asked what it has read
        self._head: bytes | None = b""  # what has come, until it is clear whether it is a header
        self._header = 0  # bytes
        self._rest = b""

    @property
    def seconds(self) -> float:
        """How much audio has come."""
        return self._seconds(self._replay.position)

    def reconnected(self) -> None:
        """Take note of a new connection."""
        self._replay.reconnected()

    def feed(self, data: bytes) -> Chunk:
        """Take one chunk; an empty one has an empty range, at the first byte that is missing."""
        taken = self._replay.feed(data)
        audio = self._whole(self._samples(taken.new))
        return Chunk(audio, taken.start, taken.end, self._seconds(taken.start), self._seconds(taken.end))

    def ask(self) -> bytes | None:
        """Return the data of a ping that belongs behind the last acknowledgement; None: it is not time for one."""
        position = self._replay.position
        if position - self._asked < ASKED * self._request.bytes_per_second:
            return None
        self._asked = position
        return _MARK + str(position).encode()

    def answered(self, pong: bytes) -> None:
        """Take note of what the client had read when it answered a ping; other data than ours is ignored."""
        position = pong.removeprefix(_MARK)
        if position != pong and position.isdigit() and len(position) <= len(str(self._replay.position)):
            self._replay.read(int(position))

    def rest(self) -> bytes:
        """Return the audio that was held where nothing more comes."""
        data = self._samples(self._replay.rest())
        if self._head and not _is_wav(self._head):
            data, self._head = self._head, None
        return self._whole(data)

    def _seconds(self, position: int) -> float:
        return max(0, position - self._header) / self._request.bytes_per_second

    def _samples(self, data: bytes) -> bytes:
        """Return *data* without the header."""
        if self._head is None:
            return data
        head = self._head + data
        size = wav_header(head)
        if size is None:
            self._head = head
            return b""
        self._head, self._header = None, size
        return head[self._header :]

    def _whole(self, data: bytes) -> bytes:
        """Return the whole samples of *data*, behind the beginning of one that came before; 8 bits become 16."""
        data = self._rest + data
        whole = len(data) - len(data) % self._request.frame
        data, self._rest = data[:whole], data[whole:]
        return widened(data) if self._request.unsigned else data


def wav_header(data: bytes) -> int | None:
    """Return how many bytes of *data* stand before the samples; None: more has to come to know."""
    if not _may_be_wav(data):
        return 0
    if len(data) < HEAD:
        return None
    try:
        return samples_at(data)
    except AudioError:
        return 0


def _may_be_wav(data: bytes) -> bool:
    return b"RIFF".startswith(data[:4]) and b"WAVE".startswith(data[8:12])


def _is_wav(data: bytes) -> bool:
    return len(data) >= HEAD and _may_be_wav(data)
