"""The ear itself: samples in, utterances out. Equal samples give equal answers, whatever the chunks.

Its door is fixed: int16, mono, 16 kHz, re-framed to 30 ms. A detector says which frames are voiced:
enough voiced ones open an utterance, ``turn_silence`` of unvoiced ones end it. A first pass while it lasts
shows what is heard, a second one over the whole utterance, with its own mean, gives the words that count.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from operator import mul

from attrs import define, evolve, frozen
from pocketsphinx import Decoder, Vad

from aai_migrate.wire.events import Settled, Word

from .messages import Heard, Reason, Settings, Utterance
from .settings import LONGEST, WIRE

MODEL = "pocketsphinx en-us"
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

_PRIMER = hashlib.shake_128().digest(WIRE.size(0.1))
_VARIANT = re.compile(r"\(\d+\)$")
Result = Heard | Utterance | Settled


@frozen
class Frame:
    """Some 30 ms of samples, and whether they are voiced."""

    pcm: bytes
    voiced: bool

    @property
    def energy(self) -> int:
        samples = memoryview(self.pcm).cast("h")
        return sum(map(mul, samples, samples))


class Ear:
    """pocketsphinx without memory: each utterance is decoded as if it were the first.

    A decoder keeps a running mean, filter state and, for each of its last seven frames, the likeliest
    Gaussians, which decide ties. Before each utterance it hears a burst of noise, always the same, which
    settles the last, and then gets new feature extraction, which drops the others.
    Source: https://github.com/cmusphinx/pocketsphinx, src/acmod.c and src/ptm_mgau.c
    """

    def __init__(self) -> None:
        # Without the second search (fwdflat) words are as good (flite 2.1 %, LibriVox 27 %) and come sooner.
        self._decoder = Decoder(loglevel="FATAL", samprate=RATE, fwdflat=False)
        self._listening = False

    def begin(self) -> None:
        """Begin a first pass."""
        self._fresh()
        self._listening = True

    def listen(self, pcm: bytes) -> tuple[Word, ...]:
        """Go on with the first pass; return the words so far, times from its beginning, no confidences."""
        self._decoder.process_raw(pcm)
        return self._words(posteriors=False)

    def whole(self, pcm: bytes) -> tuple[Word, ...]:
        """Decode one utterance, giving up the first pass; times are from its beginning."""
        self._fresh()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        return self._words(posteriors=True)

    def _fresh(self) -> None:
        if self._listening:
            self._decoder.end_utt()
            self._listening = False
        self._decoder.start_utt()
        self._decoder.process_raw(_PRIMER, full_utt=True)
        self._decoder.end_utt()
        self._decoder.reinit_feat()
        self._decoder.start_utt()

    def _words(self, *, posteriors: bool) -> tuple[Word, ...]:
        if self._decoder.hyp() is None:
            return ()
        return tuple(
            Word(
                _VARIANT.sub("", segment.word),
                segment.start_frame / 100,
                (segment.end_frame + 1) / 100,
                min(1.0, max(0.0, segment.prob)) if posteriors else None,
                posteriors,
            )
            for segment in self._decoder.seg()
            if segment.word[0] not in "<[+"
        )


@define
class _Now:
    """The open utterance, if there is one, or the frames that may become its beginning."""

    begin: int = 0  # samples before the first frame
    open: bool = False
    quiet: int = 0  # unvoiced frames at the end
    listened: int = 0  # frames that the first pass had
    shown: str = ""


class Recogniser:
    """One stream of audio, cut into utterances; answers come as soon as they are known."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Load the models: 0.3 s and 90 MB."""
        self._settings = settings or Settings()
        self._patience = max(1, math.ceil(self._settings.turn_silence / FRAME - 1e-9))
        self._longest = round(LONGEST / FRAME)
        self._ear, self._vad = Ear(), _detector()
        self._frames: list[Frame] = []
        self._now = _Now()
        self._rest = bytearray()
        self._turn = self._samples = 0
        self._settled = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of audio taken."""
        return (self._samples + len(self._rest) // WIRE.frame) / RATE

    def feed(self, data: bytes) -> list[Result]:
        """Take audio, in chunks of any size, and return what it brought."""
        out: list[Result] = []
        self._rest += data
        size: int = self._vad.frame_bytes
        while len(self._rest) >= size:
            pcm = bytes(self._rest[:size])
            del self._rest[:size]
            out += self._take(Frame(pcm, self._vad.is_speech(pcm)))
        return out

    def finalize(self) -> list[Result]:
        """End the open utterance here; in mid-speech the next one opens at once."""
        return self._finish("forced")

    def stop(self) -> list[Result]:
        """End the open utterance: no more audio comes."""
        out = self._finish("stop")
        return [*out, *self._mark(self._samples / RATE, at_least=0.0)]

    def _take(self, frame: Frame) -> list[Result]:
        self._frames.append(frame)
        self._samples += len(frame.pcm) // WIRE.frame
        self._now.quiet = 0 if frame.voiced else self._now.quiet + 1
        if self._now.open:
            return self._follow()
        if _voiced(self._frames[-WINDOW:]) >= ONSET:
            self._open()
            return self._look()
        while len(self._frames) > WINDOW + PRE_ROLL:
            self._now.begin += len(self._frames.pop(0).pcm) // WIRE.frame
        return self._mark(self._now.begin / RATE, at_least=MARK)

    def _open(self) -> None:
        self._now.open = True
        if self._settings.partials:
            self._ear.begin()

    def _follow(self) -> list[Result]:
        """Show the open utterance, and end it when its time has come."""
        out = self._look()
        if self._now.quiet >= self._patience:
            return [*out, *self._close(len(self._frames), "vendor")]
        if len(self._frames) >= self._longest:
            last = range(len(self._frames) - SEARCH, len(self._frames))
            quietest = min(last, key=lambda index: self._frames[index].energy)
            return [*out, *self._close(quietest, "grouped")]
        return out

    def _look(self) -> list[Result]:
        """Let the first pass hear what is new, in steps of its own; say so if that changes the words."""
        now, out = self._now, list[Result]()
        while self._settings.partials and len(self._frames) - now.listened >= STEP:
            step = self._frames[now.listened : now.listened + STEP]
            words = self._ear.listen(_pcm(step))
            now.listened += STEP
            text = " ".join(word.text for word in words)
            if text != now.shown:
                now.shown = text
                out.append(Heard(self._turn, _moved(words, now.begin)))
        return out

    def _finish(self, reason: Reason) -> list[Result]:
        """End what is open, down to the last whole sample; what is not open yet may be a word cut short."""
        out: list[Result] = []
        if whole := len(self._rest) // WIRE.frame * WIRE.frame:
            last = Frame(bytes(self._rest[:whole]), bool(self._frames) and self._frames[-1].voiced)
            del self._rest[:whole]
            out += self._take(last)
        if self._now.open or _voiced(self._frames) >= CLIP:
            return [*out, *self._close(len(self._frames), reason)]
        return [*out, *self._mark(self._now.begin / RATE, at_least=0.0)]

    def _close(self, count: int, reason: Reason) -> list[Result]:
        """Decode the first *count* frames as one utterance; in mid-speech the rest opens the next."""
        frames, rest = self._frames[:count], self._frames[count:]
        begin = self._now.begin
        end = begin + len(_pcm(frames)) // WIRE.frame
        speaking = reason == "grouped" or (reason == "forced" and frames[-1].voiced)
        ended = Utterance(self._turn, self._decode(frames, begin), end / RATE, reason)
        self._turn += 1
        self._settled = ended.to
        self._frames, self._now = rest, _Now(end, quiet=_quiet(rest))
        self._vad = _detector()  # as at the start, so that audio heard again from here sounds the same
        if not speaking:
            return [ended]
        self._open()
        return [ended, *self._look()]

    def _decode(self, frames: list[Frame], begin: int) -> tuple[Word, ...]:
        if _voiced(frames) < CLIP:  # opened by a cut, and then nothing came: the ear finds words even in that
            return ()
        heard = frames[: len(frames) - max(0, _quiet(frames) - TAIL)]
        return _moved(self._ear.whole(_pcm(heard)), begin)

    def _mark(self, to: float, *, at_least: float) -> list[Result]:
        if to <= self._settled or to - self._settled < at_least:
            return []
        self._settled = to
        return [Settled(to)]


def _detector() -> Vad:
    return Vad(Vad.MEDIUM_STRICT, RATE, FRAME)  # the looser modes hang on for 0.3 s after speech


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
