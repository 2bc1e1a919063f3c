"""Channels that come one by one, at speeds of their own, become one stream in which they stand side by side.

Source: https://docs.speechmatics.com/speech-to-text/realtime/input (multi-channel)
"""

from __future__ import annotations

from bisect import bisect_right

from aai_migrate.audio.channels import interleave
from aai_migrate.audio.container import Undecodable
from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.samples import Samples

AHEAD = 30.0
"""Seconds of audio by which a channel may be ahead of another, which is filled up with silence beyond that."""
MOST_GAPS = 1000
"""Gaps of a channel whose places are remembered."""


class _Lane:
    """One channel.

    Attributes:
        count: its messages.
        ended: whether no more comes.
        absent: whether the others do not wait for it.
        waiting: its samples that do not stand in the stream yet.
    """

    def __init__(self, audio: AudioFormat | None) -> None:
        self.samples = Samples(audio, ends=audio is None)
        self.count = 0
        self.ended = self.absent = False
        self.waiting = bytearray()
        self._gaps: list[tuple[float, float]] = [(0.0, 0.0)]  # where each ends in the stream; how long all are by then

    def take(self, size: int, at: float, fmt: AudioFormat) -> bytes:
        """Return *size* bytes for the stream at *at* seconds, with silence at the end where there are not as many."""
        data = bytes(self.waiting[:size])
        del self.waiting[:size]
        missing = size - len(data)
        if missing and not self.ended:
            end, total = at + fmt.seconds(size), self._gaps[-1][1] + fmt.seconds(missing)
            if len(data) == 0 and self._gaps[-1][0] == at and len(self._gaps) > 1:
                self._gaps.pop()
            self._gaps.append((end, total))
            if len(self._gaps) > MOST_GAPS:
                del self._gaps[1]
        return data

    def own(self, at: float) -> float:
        """Return *at* in the stream as the time of this channel's own audio; a time in a gap is where the gap is."""
        index = bisect_right(self._gaps, at, key=lambda gap: gap[0]) - 1
        before = self._gaps[index][1]
        time = at - before
        if index + 1 < len(self._gaps):
            end, total = self._gaps[index + 1]
            time = min(time, end - total)
        return max(0.0, time)


class Lanes:
    """The channels of one session.

    Attributes:
        format: the stream's; None: no header has come.
    """

    def __init__(self, count: int, audio: AudioFormat | None) -> None:
        """Take *count* channels of mono *audio*; None: each begins with a header."""
        self._mono = audio
        self._lanes = [_Lane(audio) for _ in range(count)]
        self._at = 0.0  # seconds of the stream

    @property
    def format(self) -> AudioFormat | None:
        """What the stream is made of; None: no header has come."""
        mono = self._mono
        return mono and AudioFormat(mono.sample_rate, mono.encoding, len(self._lanes))

    @property
    def ended(self) -> bool:
        """Whether no channel goes on."""
        return all(lane.ended for lane in self._lanes)

    def seconds(self, channel: int) -> float:
        """Return how much audio of *channel* has come."""
        return self._lanes[channel].samples.seconds

    def feed(self, channel: int, data: bytes) -> tuple[int, bytes]:
        """Take one message of *channel*; return its number, and what of the stream is whole now.

        Raises:
            Undecodable: it is not the audio that can be read here, or other audio than that of another channel.
        """
        lane = self._lanes[channel]
        lane.count += 1
        lane.absent = False
        lane.waiting += lane.samples.feed(data)
        known = lane.samples.format
        if known and self._mono is None:
            if known.channels != 1:
                raise Undecodable(f"a channel must be mono, not {known}")
            self._mono = known
        if known and known != self._mono:
            raise Undecodable(f"channels must be alike: {known} is not {self._mono}")
        return lane.count, self._whole()

    def end(self, channel: int) -> bytes:
        """Take note that *channel* is over; return what of the stream is whole now.

        Raises:
            Undecodable: what has come is no more than a part of a header.
        """
        lane = self._lanes[channel]
        lane.samples.end()
        lane.ended = True
        return self._whole()

    @property
    def waits(self) -> bool:
        """Whether audio waits for another channel."""
        return any(lane.waiting for lane in self._lanes)

    def fill(self) -> bytes:
        """Wait no longer for channels of which nothing has come, before they go on; return what is whole now."""
        for lane in self._lanes:
            lane.absent = not lane.waiting
        return self._whole()

    def over(self, channel: int) -> bool:
        """Say whether *channel* is over."""
        return self._lanes[channel].ended

    def own(self, channel: int, at: float) -> float:
        """Return the time *at* of the stream as one of the audio of *channel*."""
        return self._lanes[channel].own(at)

    def _whole(self) -> bytes:
        """Return what stands side by side, or is so far ahead that it must not wait."""
        fmt = self._mono
        if fmt is None:
            return b""
        longest = max(len(lane.waiting) for lane in self._lanes)
        awaited = (len(lane.waiting) for lane in self._lanes if not (lane.ended or lane.absent))
        live = min(awaited, default=longest)
        size = max(live, longest - fmt.size(AHEAD))
        if size <= 0:
            return b""
        parts = [lane.take(size, self._at, fmt) for lane in self._lanes]
        self._at += fmt.seconds(size)
        return interleave(*parts, fmt=fmt)
