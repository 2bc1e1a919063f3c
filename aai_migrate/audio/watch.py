"""Whether audio comes as fast as its declared format says: a wrong sample rate shows in no sample, but by the clock.

A source that runs at the speed of speech gives ``bytes_per_second`` of its *true* format. Live feeding is never
smooth, so a pace is only read where feeding is steady: over some seconds, every stretch of it took about the time
that its size asks for, all at one pace. That leaves out pauses (also those of a voice detector that drops
silence), jitter, stalls, and what comes at once, after a stall or in the beginning. Even a steady pace above
the declared one says nothing while the source may be catching up: as long as it is no further ahead of the clock
than it has been before.
"""

from __future__ import annotations

from collections import deque
from statistics import median_low

from attrs import frozen

from ..errors import AudioRateMismatch
from .format import AudioFormat, Encoding

TOLERANCE = 0.10
"""How far the pace may be off, as a part of it: clocks drift, timers are late."""
FIT = 0.02
"""How near the pace must be to that of a format to be taken for it."""
STEADY, STEADY_UNKNOWN, STEADY_ODD = 5.0, 8.0, 20.0
"""Seconds of steady feeding before a word: of a live source; of one that may be anything; at a pace that fits no
usual format."""
BEAT, BEATS = 0.1, 10
"""Seconds of the shortest stretch that is looked at alone, and how many there must be: chunks may be longer."""
JITTER = 0.1
"""Seconds by which a stretch may be early or late, beside a quarter of its length."""
DRIFT = 0.02
"""How fast a source's clock may run, as a part, while it is not ahead: so catching up may end further ahead."""
SPEEDS = (1.1, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.75, 1.8, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0, 16.0, 20.0)
"""How many times faster than speech a recording may be fed on purpose; not 3, 6 and 12, which 48 kHz taken for 16 is
far more often, nor 2.75, 5.5 and 11, next to 44.1 kHz."""

_RATES = (48_000, 44_100, 16_000, 8_000, 24_000, 22_050, 32_000, 11_025, 12_000)  # likely ones first
_ENCODINGS: tuple[Encoding, ...] = ("pcm_s16le", "pcm_f32le", "pcm_mulaw")
_LAW: dict[Encoding, Encoding] = {"pcm_alaw": "pcm_mulaw"}  # of one rate


@frozen
class Mismatch:
    """What a ``RateWatch`` found.

    Attributes:
        declared: bytes a second of the declared format.
        observed: bytes a second that come.
        likely: formats of that rate, the likeliest first; none if no usual one fits.
        error: the audio cannot be what it was declared to be; else it may be, fed at another speed on purpose.
    """

    declared: float
    observed: float
    likely: tuple[str, ...]
    error: bool

    @property
    def text(self) -> str:
        """All of it in one line, with the fix."""
        return str(AudioRateMismatch(self.declared, self.observed, self.likely))


@frozen
class _Stretch:
    """A piece of feeding, of one chunk or several."""

    seconds: float
    audio: float  # seconds too, by the declared format
    behind: float  # seconds, when it began, behind the furthest that the source was ahead of the clock


class RateWatch:
    """Watches the feeding of one source, and speaks once.

    With *realtime* true the source is known to run at the speed of speech, as a microphone does: a pace that is
    off by more than a tenth is an error, after 5 s of steady feeding if it is that of a usual format, else after 20 s.
    With None nothing is known of it: it is an error after 8 s if the pace is that of another usual format (8 to
    48 kHz, 8, 16 or 32 bits, mono or stereo), unless a recording may be meant to be fed at that speed: then
    it is no error but worth a notice. With false nothing is ever found.
    Steady feeding means ten chunks at least, so long chunks take longer.
    """

    def __init__(self, declared: AudioFormat, *, realtime: bool | None = None) -> None:
        self.declared, self.realtime = declared, realtime
        self._done = realtime is False
        self._need = STEADY if realtime else STEADY_UNKNOWN
        self.forget()

    def forget(self) -> None:
        """Begin anew: what came so far says nothing of what follows, as where the source was made to wait."""
        self._stretches: deque[_Stretch] = deque()
        self._last: float | None = None  # when the stretch that is under way began
        self._audio = 0.0  # seconds in it
        self._ahead = self._peak = 0.0  # audio less time, since the beginning; the most that was seen
        self._odd: float | None = None  # since when the pace is off and fits nothing

    def fed(self, size: int, now: float) -> Mismatch | None:
        """Take note that *size* bytes were fed; return what is wrong with their pace, once.

        Args:
            size: of the chunk, split samples included.
            now: seconds on a monotonic clock.
        """
        if self._done or not size:
            return None
        if self._last is None:
            self._last = now  # the first chunk was spoken before the watch began
            return None
        self._audio += size / self.declared.bytes_per_second
        if now - self._last < BEAT:
            return None
        self._note(now - self._last)
        self._last, self._audio = now, 0.0
        found = self._judge(now)
        self._done = found is not None
        return found

    def _note(self, seconds: float) -> None:
        self._stretches.append(_Stretch(seconds, self._audio, self._peak - self._ahead))
        self._ahead += self._audio - seconds
        self._peak = max(self._peak + DRIFT * seconds, self._ahead)

    def _judge(self, now: float) -> Mismatch | None:
        pace = self._pace()
        if pace is None or abs(pace - 1) <= TOLERANCE:
            self._odd = None
            return None
        likely = _likely(self.declared, pace)
        if not likely:
            if self._odd is None:
                self._odd = now
            if not self.realtime or now - self._odd < STEADY_ODD - STEADY:
                return None
        rate = self.declared.bytes_per_second
        error = self.realtime is True or not _meant(self.declared, pace)
        return Mismatch(rate, pace * rate, tuple(map(str, likely)), error)

    def _pace(self) -> float | None:
        """Seconds of audio a second, as declared, over the last seconds; None: nothing is known."""
        held = self._stretches
        seconds = sum(piece.seconds for piece in held)
        while len(held) > BEATS and seconds - held[0].seconds >= self._need:
            seconds -= held.popleft().seconds
        if len(held) < BEATS or seconds < self._need or not _steady(list(held)):
            return None
        ahead = sum(piece.audio for piece in held) - seconds
        catching_up = 0 < ahead < 2 * held[0].behind
        return None if catching_up else 1 + ahead / seconds


def _steady(pieces: list[_Stretch]) -> bool:
    """Whether all of *pieces* have one pace: nearly every one by itself, every fifth of them, and the median one."""
    pace = _mean(pieces)
    usual = median_low(piece.seconds / piece.audio for piece in pieces)
    late = sum(abs(piece.seconds - usual * piece.audio) > usual * piece.audio / 4 + JITTER for piece in pieces)
    count = len(pieces)
    fifths = [pieces[at * count // 5 : (at + 1) * count // 5] for at in range(5)]
    return (
        late <= count // 20
        and abs(usual * pace - 1) <= TOLERANCE
        and all(abs(_mean(fifth) / pace - 1) <= 2 * TOLERANCE for fifth in fifths)
    )


def _mean(pieces: list[_Stretch]) -> float:
    return sum(piece.audio for piece in pieces) / sum(piece.seconds for piece in pieces)


def _likely(declared: AudioFormat, pace: float) -> list[AudioFormat]:
    """Return the usual formats of that pace, first those that differ from *declared* in the fewest things."""
    encodings = [kind for kind in _ENCODINGS if kind != declared.encoding and kind != _LAW.get(declared.encoding)]
    found = [
        AudioFormat(rate, encoding, channels)
        for rate in _RATES
        for encoding in (declared.encoding, *encodings)
        for channels in (1, 2)
    ]
    fitting = [fmt for fmt in found if abs(_ratio(fmt, declared) / pace - 1) <= FIT]
    return sorted(fitting, key=lambda fmt: _oddity(fmt, declared))[:3]


def _oddity(fmt: AudioFormat, declared: AudioFormat) -> int:
    """How unlikely it is that *fmt* was taken for *declared*: what differs, and 8-bit laws at other than 8 kHz."""
    same = fmt.sample_rate == declared.sample_rate, fmt.encoding == declared.encoding, fmt.channels == declared.channels
    return same.count(False) + (fmt.width == 1 and fmt.sample_rate != 8_000)


def _meant(declared: AudioFormat, pace: float) -> bool:
    """Whether *pace* is nearer to a speed that somebody may have chosen than to that of a usual format."""
    speed = min(abs(speed / pace - 1) for speed in SPEEDS)
    return speed <= min(FIT, *(abs(_ratio(fmt, declared) / pace - 1) for fmt in _likely(declared, pace)))


def _ratio(fmt: AudioFormat, declared: AudioFormat) -> float:
    return fmt.bytes_per_second / declared.bytes_per_second
