"""One session's hearing: samples in, utterances out. Equal samples give equal answers, whatever the chunks.

Its door is fixed: int16, mono, 16 kHz, re-framed to 30 ms. A detector says which frames are voiced:
enough voiced ones open an utterance, ``turn_silence`` of unvoiced ones end it. A first pass while it lasts
shows what is heard, a second one over the whole utterance, with its own mean, gives the words that count.

The second pass hears ``TAIL`` frames after the last voiced one. When there are as many, all that it will hear
is there, though the utterance may last ``turn_silence``: so it can run ahead, and if nothing more is said,
its words are those that the end of the utterance would have brought.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from operator import mul

from attrs import define, evolve, frozen
from pocketsphinx import Vad

from aai_migrate.wire.events import Settled, Word

from .ear import Ear, Ears, Second
from .messages import Heard, Reason, Settings, Utterance
from .settings import LONGEST, WIRE

RATE = WIRE.sample_rate
FRAME = 0.03
"""Seconds of one frame."""
ONSET, WINDOW = 6, 10
"""An utterance opens when so many of the last ten frames are voiced: a short "up" has ten, a click three."""
CLIP = 4
"""At a finalize or stop so many are enough: a detector that has just begun takes up to three for voiced."""
PRE_ROLL = 10
"""Frames kept before the window: a word begins before it is loud."""
TAIL = 10
"""Frames of silence that the second pass hears after the last voiced one."""
STEP = 3
"""Frames between two looks at the first pass."""
SEARCH = 100
"""An utterance that grows too long is cut at the quietest of so many last frames."""
MARK = 1.0
"""Seconds between two marks that silence is settled."""

Result = Heard | Utterance | Settled
Work = Iterator[Result | None]
"""Results as they come, and None where others may have their turn: before 0.1 s of audio is decoded."""


@frozen
class Frame:
    """Some 30 ms of samples, and whether they are voiced."""

    pcm: bytes
    voiced: bool

    @property
    def energy(self) -> int:
        samples = memoryview(self.pcm).cast("h")
        return sum(map(mul, samples, samples))


@define
class _Now:
    """The open utterance, if there is one, or the frames that may become its beginning."""

    begin: int = 0  # samples before the first frame
    open: bool = False
    quiet: int = 0  # unvoiced frames at the end
    listened: int = 0  # frames that the first pass had
    shown: str = ""


@frozen
class _Early:
    """A second pass that runs ahead of the utterance's end."""

    second: Second
    count: int  # frames that it hears


class Recogniser:
    """One stream of audio, cut into utterances; answers come as soon as they are known.

    What :meth:`feed`, :meth:`finalize` and :meth:`stop` give has to be gone through before the next call.
    """

    def __init__(self, ears: Ears, settings: Settings | None = None) -> None:
        """Prepare; *ears* may be shared, and are borrowed from while an utterance is open."""
        self._settings = settings or Settings()
        self._patience = max(1, math.ceil(self._settings.turn_silence / FRAME - 1e-9))
        self._longest = round(LONGEST / FRAME)
        self._ears, self._vad = ears, _detector()
        self._ear: Ear | None = None  # which has the first pass
        self._early: _Early | None = None
        self._frames: list[Frame] = []
        self._now = _Now()
        self._rest = bytearray()
        self._turn = self._samples = 0
        self._settled = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of audio taken."""
        return (self._samples + len(self._rest) // WIRE.frame) / RATE

    def feed(self, data: bytes) -> Work:
        """Take audio, in chunks of any size, and yield what it brings."""
        self._rest += data
        size: int = self._vad.frame_bytes
        while len(self._rest) >= size:
            pcm = bytes(self._rest[:size])
            del self._rest[:size]
            yield from self._take(Frame(pcm, self._vad.is_speech(pcm)))

    def finalize(self) -> Work:
        """End the open utterance here; in mid-speech the next one opens at once."""
        yield from self._finish("forced")

    def stop(self) -> Work:
        """End the open utterance: no more audio comes."""
        yield from self._finish("stop")
        yield from self._mark(self._samples / RATE, at_least=0.0)

    def close(self) -> None:
        """Give back what is borrowed."""
        self._drop_early()
        self._release()

    # Ahead of the end.

    @property
    def may_look_ahead(self) -> bool:
        """Whether :meth:`look_ahead` has something to do."""
        if self._early:
            return self._early.second.words is None
        return self._now.open and self._now.quiet >= TAIL and self._ears.ahead is None and _voiced(self._frames) >= CLIP

    def look_ahead(self) -> None:
        """Do a slice of the second pass that is needed if nothing more is said."""
        if self._early is None:
            heard = _heard(self._frames)
            second = self._ears.ahead = Second(self._ears.take(), _pcm(heard))
            self._early = _Early(second, len(heard))
        self._early.second.step()

    def _drop_early(self) -> None:
        """Speech goes on: what was heard ahead is not the utterance."""
        if self._early:
            self._ears.give(self._early.second.ear)
            self._early = self._ears.ahead = None

    # From frame to frame.

    def _take(self, frame: Frame) -> Work:
        self._frames.append(frame)
        self._samples += len(frame.pcm) // WIRE.frame
        self._now.quiet = 0 if frame.voiced else self._now.quiet + 1
        if frame.voiced:
            self._drop_early()
        if self._now.open:
            yield from self._follow()
        elif _voiced(self._frames[-WINDOW:]) >= ONSET:
            self._open()
            yield from self._look()
        else:
            while len(self._frames) > WINDOW + PRE_ROLL:
                self._now.begin += len(self._frames.pop(0).pcm) // WIRE.frame
            yield from self._mark(self._now.begin / RATE, at_least=MARK)

    def _open(self) -> None:
        self._now.open = True
        if self._settings.partials:
            self._ear = self._ears.take()
            self._ear.begin()

    def _follow(self) -> Work:
        """Show the open utterance, and end it when its time has come."""
        yield from self._look()
        if self._now.quiet >= self._patience:
            yield from self._close(len(self._frames), "vendor")
        elif len(self._frames) >= self._longest:
            last = range(len(self._frames) - SEARCH, len(self._frames))
            quietest = min(last, key=lambda index: self._frames[index].energy)
            yield from self._close(quietest, "grouped")

    def _look(self) -> Work:
        """Let the first pass hear what is new, in steps of its own; say so if that changes the words."""
        now = self._now
        while self._ear and len(self._frames) - now.listened >= STEP:
            yield None
            step = self._frames[now.listened : now.listened + STEP]
            words = self._ear.listen(_pcm(step))
            now.listened += STEP
            text = " ".join(word.text for word in words)
            if text != now.shown:
                now.shown = text
                yield Heard(self._turn, _moved(words, now.begin))

    # The end of an utterance.

    def _finish(self, reason: Reason) -> Work:
        """End what is open, down to the last whole sample; what is not open yet may be a word cut short."""
        if whole := len(self._rest) // WIRE.frame * WIRE.frame:
            last = Frame(bytes(self._rest[:whole]), bool(self._frames) and self._frames[-1].voiced)
            del self._rest[:whole]
            yield from self._take(last)
        if self._now.open or _voiced(self._frames) >= CLIP:
            yield from self._close(len(self._frames), reason)
        else:
            yield from self._mark(self._now.begin / RATE, at_least=0.0)

    def _close(self, count: int, reason: Reason) -> Work:
        """Decode the first *count* frames as one utterance; in mid-speech the rest opens the next."""
        frames, rest = self._frames[:count], self._frames[count:]
        begin = self._now.begin
        end = begin + len(_pcm(frames)) // WIRE.frame
        speaking = reason == "grouped" or (reason == "forced" and frames[-1].voiced)
        words = yield from self._decode(frames)
        ended = Utterance(self._turn, _moved(words, begin), end / RATE, reason)
        self._turn += 1
        self._settled = ended.to
        self._frames, self._now = rest, _Now(end, quiet=_quiet(rest))
        self._vad = _detector()  # as at the start, so that audio heard again from here sounds the same
        yield ended
        if speaking:
            self._open()
            yield from self._look()

    def _decode(self, frames: list[Frame]) -> Generator[None, None, tuple[Word, ...]]:
        """Return the words of a whole utterance, from the pass that ran ahead if that heard the same."""
        heard = _heard(frames)
        if self._early and self._early.count != len(heard):
            self._drop_early()
        if _voiced(frames) < CLIP:
            self._release()  # opened by a cut, and then nothing came: the ear finds words even in that
            return ()
        if self._early:
            self._release()
            second = self._early.second
        else:
            self._ear = self._ear or self._ears.take()
            second = Second(self._ear, _pcm(heard))
        while second.words is None:
            yield None
            second.step()
        self._drop_early()
        self._release()
        return second.words

    def _release(self) -> None:
        if self._ear:
            self._ears.give(self._ear)
            self._ear = None

    def _mark(self, to: float, *, at_least: float) -> Work:
        if to > self._settled and to - self._settled >= at_least:
            self._settled = to
            yield Settled(to)


def _detector() -> Vad:
    return Vad(Vad.MEDIUM_STRICT, RATE, FRAME)  # the looser modes hang on for 0.3 s after speech


def _heard(frames: list[Frame]) -> list[Frame]:
    """Return what the second pass hears of an utterance."""
    return frames[: len(frames) - max(0, _quiet(frames) - TAIL)]


def _pcm(frames: Iterable[Frame]) -> bytes:
    return b"".join(frame.pcm for frame in frames)


def _voiced(frames: Iterable[Frame]) -> int:
    return sum(frame.voiced for frame in frames)


def _quiet(frames: list[Frame]) -> int:
    """Count the unvoiced frames at the end."""
    return next((count for count, frame in enumerate(reversed(frames)) if frame.voiced), len(frames))


def _moved(words: Iterable[Word], begin: int) -> tuple[Word, ...]:
    """Put *words* on the clock of the stream: *begin* is how many samples came before them."""
    at = begin / RATE
    return tuple(evolve(word, start=round(at + word.start, 3), end=round(at + word.end, 3)) for word in words)
