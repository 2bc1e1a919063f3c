"""Everything that is made of a session's events while they come."""

from __future__ import annotations

from collections.abc import Sequence

from ..events import StreamEvent, Termination
from .captions import SubtitleFile
from .feed import Source
from .handed import Handed
from .summary import Tally
from .view import Lines, View


class Report:
    """Hands each event to the subtitles, the view and the summary, in that order: what was said is kept before it is
    shown, as whoever looks on may go away.

    Args:
        view: shows it.
        files: are written.
        lines: where the summary and the source's notices go.
        source: what is transcribed.
        handed: when which audio was handed on.
    """

    def __init__(self, view: View, files: Sequence[SubtitleFile], lines: Lines, source: Source, handed: Handed) -> None:
        self._view, self._files, self._lines, self._source, self._handed = view, files, lines, source, handed
        self._tally = Tally()
        self._end: Termination | None = None
        self._told: set[str] = set()

    def tell_notices(self) -> None:
        """Say what there is to know of the source, each thing once."""
        for notice in self._source.notices:
            if notice not in self._told:
                self._told.add(notice)
                self._lines.remark(f"{self._source.name}: {notice}")

    def take(self, event: StreamEvent) -> None:
        """Tell *event*; the last one brings the summary.

        Raises:
            OSError: nobody reads the view, or there is no room for it.
        """
        for file in self._files:
            file.note(event)
        self._tally.note(event)
        self._view.show(event)
        if isinstance(event, Termination):
            self._end = event
            self.close()
            self.tell_notices()  # of a pipe some come only now
            self._lines.summary(self._tally.figures(self._handed))

    @property
    def lost(self) -> bool:
        """Whether anything of the audio, its words or their subtitles is missing."""
        cut = any("cut short" in notice for notice in self._source.notices)
        unheard = self._end is None or not self._end.complete
        return cut or unheard or any(file.failed for file in self._files)

    def close(self) -> None:
        """Bring the files into their last state."""
        for file in self._files:
            file.close()
