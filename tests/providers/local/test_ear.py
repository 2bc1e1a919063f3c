"""The decoder: what it hears of an utterance depends on that utterance alone."""

import random
import wave
from pathlib import Path

from aai_migrate_providers.local.ear import Ear, Ears, Second

from aai_migrate.wire.events import Word

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio"
SECOND = 32_000


def load(voice: str) -> bytes:
    with wave.open(str(AUDIO / f"{voice}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


RMS = load("rms")
CLIPS = [
    load("awb")[: 2 * SECOND],
    RMS[: 2 * SECOND],
    RMS[2 * SECOND : 4 * SECOND],
    random.Random(2).randbytes(SECOND // 4),
]


def whole(ear: Ear, pcm: bytes) -> tuple[Word, ...]:
    second = Second(ear, pcm)
    while second.words is None:
        second.step()
    return second.words


def test_it_forgets() -> None:
    """An utterance is decoded to the same words, times and confidences, whatever was decoded before it."""
    fresh = [whole(Ear(), clip) for clip in CLIPS]
    ear = Ear()
    for index in (1, 0, 3, 2, 1):
        ear.begin()
        ear.listen(CLIPS[index - 1][: SECOND // 2])
        assert whole(ear, CLIPS[index]) == fresh[index]


def test_a_first_pass_forgets_too() -> None:
    """What is shown of an utterance does not depend on what was heard before, nor on a pass that was given up."""
    ear, shown = Ear(), list[tuple[Word, ...]]()
    for before in (1, 3, 0):
        Second(ear, CLIPS[before]).step()
        ear.begin()
        shown.append(ear.listen(CLIPS[0]))
    assert shown[0] == shown[1] == shown[2]
    assert len(shown[0]) > 3


def test_slices_do_not_matter() -> None:
    """The words are those of a decoder that gets the utterance in one piece."""
    from pocketsphinx import Decoder

    decoder = Decoder(loglevel="FATAL", samprate=16_000, fwdflat=False)
    for clip in (CLIPS[0], RMS[: 12 * SECOND]):
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(clip, full_utt=True)
        decoder.end_utt()
        assert [word.text for word in whole(Ear(), clip)] == [
            segment.word.partition("(")[0] for segment in decoder.seg() if segment.word[0] not in "<["
        ]


def test_a_second_pass_in_slices() -> None:
    """It takes a slice a step, and further steps do nothing."""
    second = Second(Ear(), CLIPS[0])
    steps = 0
    while second.words is None:
        second.step()
        steps += 1
    words = second.words
    second.step()
    assert steps == -(-2 // 0.09) + 1
    assert second.words is words


def test_lending() -> None:
    """Who is given back is lent again; another is loaded only where all are out."""
    ears = Ears()
    ears.load(1)
    first, second = ears.take(), ears.take()
    assert first is not second
    ears.load(2)  # there are two, though both are out
    ears.give(second)
    assert ears.take() is second
