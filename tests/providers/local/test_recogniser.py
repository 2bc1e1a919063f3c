"""The embedded ear: what is heard depends on the samples alone."""

import random
import re
import wave
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import jiwer
import pytest
from aai_migrate_providers.local.messages import Heard, Settings, Utterance
from aai_migrate_providers.local.recogniser import Ear, Recogniser, Result

from aai_migrate.wire.events import Settled, Word

AUDIO = Path(__file__).parents[3] / "fixtures" / "audio"
SECOND = 32_000


def load(voice: str) -> bytes:
    with wave.open(str(AUDIO / f"{voice}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


AWB, RMS = load("awb"), load("rms")
TWO = AWB[: round(7.5 * SECOND)]
FIRST = AWB[: 3 * SECOND]  # "the weather is very nice today", then silence
SPEECH = AWB[SECOND // 2 : 2 * SECOND]  # the same without the silence around it


def heard(audio: Iterable[bytes], **settings: float | bool) -> list[Result]:
    recogniser = Recogniser(Settings(**settings))  # type: ignore[arg-type]
    return [*(out for chunk in audio for out in recogniser.feed(chunk)), *recogniser.stop()]


def chunks(audio: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    while audio:
        size = next(sizes)
        yield audio[:size]
        audio = audio[size:]


def same(size: int) -> Iterator[int]:
    while True:
        yield size


def random_sizes(seed: int) -> Iterator[int]:
    rng = random.Random(seed)
    while True:
        yield rng.randint(1, 20_000)


def utterances(results: list[Result]) -> list[Utterance]:
    return [out for out in results if isinstance(out, Utterance)]


def words(results: list[Result]) -> list[Word]:
    return [word for utterance in utterances(results) for word in utterance.words]


def texts(results: list[Result]) -> list[str]:
    return [" ".join(word.text for word in utterance.words) for utterance in utterances(results)]


def normal(text: str) -> str:
    return " ".join(re.sub(r"[.,?!]", "", text).lower().split())


@pytest.fixture(scope="module")
def whole() -> list[Result]:
    """What is heard of two sentences, given in one piece."""
    return heard([TWO])


@pytest.mark.parametrize("sizes", [same(320), same(SECOND), random_sizes(1)], ids=["10ms", "1s", "random"])
def test_chunks_do_not_matter(sizes: Iterator[int], whole: list[Result]) -> None:
    """Equal samples give equal answers, whatever the chunks, even ones that split a sample."""
    assert heard(chunks(TWO, sizes)) == whole


def test_word_error_rate() -> None:
    """At most one word in ten of each recording is wrong, and every sentence is an utterance."""
    for voice, audio in (("awb", AWB), ("rms", RMS)):
        reference = (AUDIO / f"{voice}.txt").read_text()
        results = heard([audio], partials=False)
        assert jiwer.wer(normal(reference), " ".join(texts(results))) <= 0.1
        assert len(utterances(results)) == len(reference.splitlines())


def test_word_times(whole: list[Result]) -> None:
    """Words follow each other inside their utterance, and their confidences are probabilities."""
    begin = 0.0
    for utterance in utterances(whole):
        edges = [begin, *(at for word in utterance.words for at in (word.start, word.end)), utterance.to]
        assert all(a <= b for a, b in pairwise(edges))
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in utterance.words)
        begin = utterance.to


def test_words_are_plain(whole: list[Result]) -> None:
    """Neither fillers nor the numbers of pronunciations are shown."""
    shown = [word.text for out in whole if isinstance(out, Heard | Utterance) for word in out.words]
    assert all(re.fullmatch(r"[a-z'.-]+", text) for text in shown)


def test_partials_change(whole: list[Result]) -> None:
    """A partial is given only if it differs from the one before, and carries no confidence."""
    partials = [out for out in whole if isinstance(out, Heard)]
    assert len(partials) > 10
    assert all(a.turn != b.turn or a.words != b.words for a, b in pairwise(partials))
    assert all(word.confidence is None and not word.is_final for out in partials for word in out.words)


def test_without_partials(whole: list[Result]) -> None:
    """Who wants no partials gets the same utterances."""
    assert heard([TWO], partials=False) == [out for out in whole if not isinstance(out, Heard)]


def test_ear_forgets() -> None:
    """An utterance is decoded to the same words, times and confidences, whatever was decoded before it."""
    noise = random.Random(2).randbytes(SECOND // 4)
    ear, clips = Ear(), [FIRST[: 2 * SECOND], RMS[: 2 * SECOND], RMS[2 * SECOND : 4 * SECOND], noise]
    fresh = [Ear().whole(clip) for clip in clips]
    for index in (1, 0, 3, 2, 1):
        ear.begin()
        ear.listen(clips[index - 1][: SECOND // 2])
        assert ear.whole(clips[index]) == fresh[index]


def test_order_of_recordings() -> None:
    """A recording after another one is heard like alone, only later."""
    last = RMS[: 5 * SECOND]
    after = heard([FIRST, last], partials=False)
    assert texts(after) == texts(heard([FIRST], partials=False)) + texts(heard([last], partials=False))


def test_heard_again_from_the_end_of_an_utterance(whole: list[Result]) -> None:
    """Audio after an ended utterance brings the same words from another recogniser."""
    ended, *rest = utterances(whole)
    again = words(heard([TWO[round(ended.to * 16_000) * 2 :]], partials=False))
    kept = [word for utterance in rest for word in utterance.words]
    assert [word.text for word in again] == [word.text for word in kept]
    assert [word.start + ended.to for word in again] == pytest.approx([word.start for word in kept])
    assert [word.confidence for word in again] == [word.confidence for word in kept]


def test_silence_gives_no_turn() -> None:
    """Silence opens nothing, and is settled about once a second, all of it at the end."""
    results = heard(chunks(bytes(5 * SECOND), same(1000)))
    marks = [out.to for out in results if isinstance(out, Settled)]
    assert len(marks) == len(results) >= 4
    assert marks == sorted(marks)
    assert marks[-1] == 5.0


def test_noise_gives_no_turn() -> None:
    """Soft noise opens nothing either."""
    rng = random.Random(5)
    noise = b"".join(rng.randint(-60, 60).to_bytes(2, "little", signed=True) for _ in range(5 * 16_000))
    assert utterances(heard([noise])) == []


@pytest.mark.parametrize("silence", [0.3, 0.7, 1.0])
def test_turn_silence_ends_an_utterance(silence: float) -> None:
    """An utterance ends so many seconds after the last voiced frame, which is a little after the word."""
    ended = utterances(heard([FIRST, bytes(SECOND)], turn_silence=silence, partials=False))[-1]
    assert ended.reason == "vendor"
    assert silence <= ended.to - ended.words[-1].end <= silence + 0.3


def test_long_pause_setting_joins_sentences() -> None:
    """Sentences with a shorter pause between them than asked for are one utterance."""
    results = heard([AWB[: 7 * SECOND]], turn_silence=3.0, partials=False)
    assert len(utterances(results)) == 1
    assert utterances(results)[0].reason == "stop"


def test_long_speech_is_cut() -> None:
    """Speech without a pause is cut before 15 s, at a quiet place, and goes on in the next utterance."""
    results = heard([SPEECH * 14], partials=False)
    first, second = utterances(results)
    assert (first.reason, second.reason) == ("grouped", "stop")
    assert 12.0 <= first.to < 15.0
    assert second.words[0].start - first.words[-1].end < 0.5
    assert len(words(results)) >= 0.9 * 6 * 14


@pytest.mark.parametrize("at", [0.7, 1.1, 1.633])
def test_finalize_in_mid_speech(at: float) -> None:
    """A finalize ends the utterance at the last sample; speech after it is in the next, none is lost."""
    recogniser, cut = Recogniser(), round(at * 16_000) * 2
    results = recogniser.feed(FIRST[:cut])
    ended = recogniser.finalize()
    assert [(out.reason, out.to) for out in utterances(ended)] == [("forced", cut / SECOND)]
    results += [*ended, *recogniser.feed(FIRST[cut:]), *recogniser.stop()]
    ends = utterances(results)
    assert ends[1].reason == "vendor"
    spoken = sum(word.end - word.start for word in words(results))
    assert spoken == pytest.approx(1.53, abs=0.25)
    assert ends[1].words[0].start - cut / SECOND < 0.25


def test_silence_after_a_finalize_is_no_turn() -> None:
    """The utterance that a finalize in mid-speech opened has no words if nothing was said in it."""
    recogniser = Recogniser()
    recogniser.feed(AWB[: round(1.9 * SECOND)])
    assert utterances(recogniser.finalize())[0].words
    assert [out.words for out in utterances(recogniser.feed(bytes(2 * SECOND)))] == [()]


def test_finalize_in_silence() -> None:
    """A finalize with nothing open settles the silence and gives no turn."""
    recogniser = Recogniser()
    assert recogniser.feed(bytes(SECOND)) == []
    assert all(isinstance(out, Settled) for out in recogniser.finalize())


def test_finalize_of_nothing() -> None:
    """Neither a finalize nor a stop needs audio."""
    recogniser = Recogniser()
    assert recogniser.finalize() == recogniser.finalize() == recogniser.stop() == []
    assert recogniser.seconds == 0.0


def test_stop_decodes_what_is_open() -> None:
    """A stop in mid-speech ends the utterance with the words so far."""
    results = heard([FIRST[: round(1.6 * SECOND)]])
    assert [out.reason for out in utterances(results)] == ["stop"]
    assert texts(results)[0].startswith("the weather is")
