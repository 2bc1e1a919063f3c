"""Who speaks, by the labels that clients of this dialect expect."""

from __future__ import annotations

from collections.abc import Collection

from .messages import UNKNOWN_SPEAKER


class Speakers:
    """The speakers of one session: ``S1``, ``S2``, …, in the order in which they were heard, by channel.

    Attributes:
        heard: the labels of those whose words are final.
    """

    def __init__(self, enrolled: Collection[str] = ()) -> None:
        """Call who is *enrolled* by that name."""
        self.heard: list[str] = []
        self._enrolled = enrolled
        self._labels: dict[tuple[int, str], str] = {}
        self._counts: dict[int, int] = {}

    def label(self, speaker: str | None, channel: int = 0) -> str:
        """Return what *speaker* of *channel* is called; the first of one channel is not the first of another."""
        if speaker is None or speaker == UNKNOWN_SPEAKER:
            return UNKNOWN_SPEAKER
        if speaker in self._enrolled:
            return speaker
        if (channel, speaker) not in self._labels:
            self._counts[channel] = self._counts.get(channel, 0) + 1
            self._labels[channel, speaker] = f"S{self._counts[channel]}"
        return self._labels[channel, speaker]

    def hear(self, label: str) -> None:
        """Take note that words of *label* are final."""
        if label != UNKNOWN_SPEAKER and label not in self.heard:
            self.heard.append(label)
