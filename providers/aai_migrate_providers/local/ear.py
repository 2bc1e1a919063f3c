"""pocketsphinx: samples in, words out, and nothing kept from one utterance to the next."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator

from pocketsphinx import Decoder

from aai_migrate.wire.events import Word

from .settings import WIRE

SLICE = 0.09
"""Seconds of audio that a second pass hears at a time, so that others have their turn."""

_PRIMER = hashlib.shake_128().digest(WIRE.size(0.1))
_VARIANT = re.compile(r"\(\d+\)$")


class Ear:
    """One decoder; 0.3 s and 82 MiB. Each utterance is decoded as if it were the first.

    A decoder keeps a running mean, filter state and, for each of its last seven frames, the likeliest
    Gaussians, which decide ties. Before each utterance it hears a burst of noise, always the same, which
    settles the last, and then gets new feature extraction, which drops the others.
    Source: https://github.com/cmusphinx/pocketsphinx, src/acmod.c and src/ptm_mgau.c
    """

    def __init__(self) -> None:
        # Without the second search (fwdflat) words are as good (flite 2.1 %, LibriVox 27 %) and come sooner.
        self._decoder = Decoder(loglevel="FATAL", samprate=WIRE.sample_rate, fwdflat=False)
        self._listening = False

    def begin(self) -> None:
        """Begin a first pass, giving up what was under way."""
        self._prime(b"")
        self._decoder.start_utt()
        self._listening = True

    def listen(self, pcm: bytes) -> tuple[Word, ...]:
        """Go on with the first pass; return the words so far, times from its beginning, no confidences."""
        self._decoder.process_raw(pcm)
        return self._words(posteriors=False)

    def second(self, pcm: bytes) -> Generator[None, None, tuple[Word, ...]]:
        """Decode one whole utterance with its own mean, giving up what was under way; times are from its beginning.

        Yields after each slice. The mean is put back before each, because the decoder moves it as it hears:
        so the words are those of a decoder that is given the utterance in one piece.
        """
        mean = self._prime(pcm)
        self._decoder.start_utt()
        self._listening = True
        size = WIRE.size(SLICE)
        for at in range(0, len(pcm), size):
            self._decoder.set_cmn(mean)
            self._decoder.process_raw(pcm[at : at + size])
            yield
        self._decoder.end_utt()
        self._listening = False
        return self._words(posteriors=True)

    def _prime(self, pcm: bytes) -> str:
        """Make the decoder as new; return the mean of *pcm*, which is measured on the way and not searched."""
        decoder = self._decoder
        if self._listening:
            decoder.end_utt()
            self._listening = False
        decoder.reinit_feat()
        decoder.start_utt()
        if pcm:
            decoder.process_raw(pcm, no_search=True, full_utt=True)
        mean: str = decoder.get_cmn()
        decoder.process_raw(_PRIMER, full_utt=True)  # takes the place of what was measured
        decoder.end_utt()
        decoder.reinit_feat()
        return mean

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


class Second:
    """A second pass over one utterance, done slice by slice.

    Attributes:
        words: what was said, once it is done; None: it is not.
    """

    def __init__(self, ear: Ear, pcm: bytes) -> None:
        self.ear = ear
        self.words: tuple[Word, ...] | None = None
        self._work = ear.second(pcm)

    def step(self) -> None:
        """Do one slice, unless it is done."""
        if self.words is None:
            try:
                next(self._work)
            except StopIteration as done:
                self.words = done.value


class Ears:
    """The decoders of one process, lent to who has something to hear.

    Attributes:
        ahead: the one second pass that runs before it is known to be needed; None: there is none.
    """

    def __init__(self) -> None:
        self.ahead: Second | None = None
        self._count = 0
        self._free: list[Ear] = []

    def load(self, count: int) -> None:
        """Have at least *count*, lent or not."""
        while self._count < count:
            self._free.append(self._new())

    def take(self) -> Ear:
        """Lend one; loads it if all are lent."""
        return self._free.pop() if self._free else self._new()

    def give(self, ear: Ear) -> None:
        """Take one back, in whatever state; one that broke is better not given."""
        self._free.append(ear)

    def _new(self) -> Ear:
        ear = Ear()
        self._count += 1
        return ear
