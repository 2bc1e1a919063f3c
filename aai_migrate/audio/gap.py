"""What stands in a stream of chunks where audio is missing."""

from __future__ import annotations

from math import isfinite

from attrs import field, frozen

from ..errors import AudioError


@frozen
class Gap:
    """Seconds of audio that were lost before they could be fed: the audio clock goes on without them.

    A source that knows of a loss, as a microphone that was not read in time, yields it between its chunks.

    Raises:
        AudioError: ``seconds`` is not a positive number.
    """

    seconds: float = field()

    @seconds.validator
    def _check_seconds(self, _: object, seconds: float) -> None:
        if not (isfinite(seconds) and seconds > 0):
            raise AudioError(f"a gap of {seconds!r} is not a positive number of seconds")
