"""The embedded ear: what is heard depends on the samples alone."""

import random
import re
import wave
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import jiwer
import pytest
from aai_migrate_providers.local.ear import Ears
from aai_migrate_providers.local.messages import Heard, Settings, Utterance
from aai_migrate_providers.local.recogniser import TAIL, Recogniser, Result, Work

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
EARS = Ears()  # what one heard must not matter to the next


def new(**settings: float | bool) -> Recogniser:
    return Recogniser(EARS, Settings(**settings))  # type: ignore[arg-type]


def done(work: Work) -> list[Result]:
    """Let *work* be done without a rest."""
    return [result for result in work if result]


def heard(
    audio: Iterable[bytes], between: Callable[[Recogniser], object] = lambda _: None, **settings: float | bool
) -> list[Result]:
    """Return what is heard of *audio*; *between* is called after each chunk."""
    recogniser, out = new(**settings), list[Result]()
    for chunk in audio:
        out += done(recogniser.feed(chunk))
        between(recogniser)
    return [*out, *done(recogniser.stop())]


def look_ahead(recogniser: Recogniser, most: int = 1000) -> int:
    """Let it look ahead for *most* slices; return how many there were."""
    count = 0
    while count < most and recogniser.may_look_ahead:
        recogniser.look_ahead()
        count += 1
    return count


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
    orderly(utterances(whole))
    assert len({word.confidence for word in words(whole)}) > 5


def orderly(ended: list[Utterance]) -> None:
    begin = 0.0
    for utterance in ended:
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
    """More than a minute without a pause is cut before every 15 s; no word is lost or doubled there."""
    spoken = "the weather is very nice today " * 45
    results = heard([SPEECH * 45], partials=False)
    *cut, last = utterances(results)
    assert len(cut) == 5
    assert [out.reason for out in cut] == ["grouped"] * 5
    assert last.reason == "stop"
    lengths = [b.to - a.to for a, b in pairwise([Utterance(0, (), 0.0), *cut])]
    assert all(12.0 <= length < 15.0 for length in lengths)
    orderly(utterances(results))
    gaps = [b.words[0].start - a.words[-1].end for a, b in pairwise(utterances(results))]
    assert all(0.0 <= gap < 0.5 for gap in gaps)
    compared = jiwer.process_words(spoken.strip(), " ".join(texts(results)))
    assert compared.deletions + compared.insertions <= len(cut)
    assert compared.wer <= 0.1


class TestAhead:
    """The second pass begins at 300 ms of silence, and nobody can tell but by the clock."""

    @pytest.mark.parametrize("seed", range(4))
    def test_it_changes_nothing(self, seed: int, whole: list[Result]) -> None:
        """Equal samples give equal answers, however far ahead was looked after whichever chunk."""
        rng, looked = random.Random(seed), list[int]()

        def between(recogniser: Recogniser) -> None:
            looked.append(look_ahead(recogniser, rng.choice([0, 1, 5, 1000])))

        assert heard(chunks(TWO, iter(lambda: rng.randint(500, 6000), 0)), between) == whole
        assert sum(looked) > 20

    def test_the_words_are_ready_at_the_end(self) -> None:
        """What was heard ahead is not heard again: the end of the turn brings its words at once."""
        recogniser, (expected, *_) = new(partials=False), utterances(heard([FIRST], partials=False))
        begun = round((expected.to - 0.4) * 16_000) * 2  # 0.3 s after the last voiced frame
        assert done(recogniser.feed(FIRST[:begun])) == []
        assert look_ahead(recogniser) > 10
        assert not recogniser.may_look_ahead
        assert list(recogniser.feed(FIRST[begun : round(expected.to * 16_000) * 2])) == [expected]

    def test_it_goes_on_after_the_end(self) -> None:
        """What is half done at the end of the turn is not done anew."""
        recogniser, (expected, *_) = new(partials=False), utterances(heard([FIRST], partials=False))
        begun, end = (round(at * 16_000) * 2 for at in (expected.to - 0.4, expected.to))
        slices = list(recogniser.feed(FIRST[:begun]))
        looked = look_ahead(recogniser, 10)
        late = list(recogniser.feed(FIRST[begun:end]))
        again = list(new(partials=False).feed(FIRST[:end]))
        assert slices == []
        assert late[-1] == again[-1] == expected
        assert len(again) - len(late) == looked == 10

    def test_speech_that_goes_on(self) -> None:
        """What was heard ahead is thrown away, and another session may look ahead."""
        first, other, pause = new(turn_silence=2.0), new(turn_silence=2.0), bytes(SECOND // 2)
        for recogniser in (first, other):
            done(recogniser.feed(SPEECH + pause))
        assert look_ahead(first, 3) == 3
        assert not other.may_look_ahead
        done(first.feed(SPEECH))
        assert not first.may_look_ahead
        assert other.may_look_ahead
        assert look_ahead(other) > 10
        expected = heard([SPEECH + pause + SPEECH], turn_silence=2.0)
        assert utterances(done(first.stop())) == utterances(expected)
        other.close()
        assert EARS.ahead is None

    @pytest.mark.parametrize("silence", [0.1, 0.3])
    def test_a_short_turn_silence(self, silence: float) -> None:
        """A turn that ends sooner leaves nothing to look ahead at."""
        assert silence <= TAIL * 0.03
        looked = list[bool]()
        heard(
            chunks(FIRST, same(960)), lambda recogniser: looked.append(recogniser.may_look_ahead), turn_silence=silence
        )
        assert not any(looked)

    @pytest.mark.parametrize("end", [Recogniser.finalize, Recogniser.stop])
    def test_an_early_end(self, end: Callable[[Recogniser], Work]) -> None:
        """A finalize or a stop in the silence takes what was heard ahead, too."""
        recogniser, fed = new(partials=False), round(2.5 * SECOND)
        done(recogniser.feed(FIRST[:fed]))
        assert look_ahead(recogniser) > 10
        ended = list(end(recogniser))
        assert None not in ended
        late = new(partials=False)
        done(late.feed(FIRST[:fed]))
        assert ended == done(end(late))


def test_slices_are_short() -> None:
    """Others get their turn after 0.1 s of decoded audio, in either pass."""
    work = new().feed(FIRST)
    rests = sum(result is None for result in work)
    assert rests > (2.5 / 0.09) + (2.3 / 0.09)


def test_decoders_are_given_back() -> None:
    """One decoder serves any number of sessions that do not speak at once."""
    ears = Ears()
    ears.load(1)
    (only,) = [ears.take()]
    ears.give(only)
    for _ in range(2):
        recogniser = Recogniser(ears)
        done(recogniser.feed(FIRST[: 2 * SECOND]))  # in mid-utterance
        recogniser.close()
        assert ears.take() is only
        ears.give(only)
        recogniser = Recogniser(ears)
        done(recogniser.feed(FIRST))
        done(recogniser.stop())
        assert ears.take() is only
        ears.give(only)


@pytest.mark.parametrize("at", [0.7, 1.1, 1.633])
def test_finalize_in_mid_speech(at: float) -> None:
    """A finalize ends the utterance at the last sample; speech after it is in the next, none is lost."""
    recogniser, cut = new(), round(at * 16_000) * 2
    results = done(recogniser.feed(FIRST[:cut]))
    ended = done(recogniser.finalize())
    assert [(out.reason, out.to) for out in utterances(ended)] == [("forced", cut / SECOND)]
    results += [*ended, *done(recogniser.feed(FIRST[cut:])), *done(recogniser.stop())]
    ends = utterances(results)
    assert ends[1].reason == "vendor"
    spoken = sum(word.end - word.start for word in words(results))
    assert spoken == pytest.approx(1.53, abs=0.25)
    assert ends[1].words[0].start - cut / SECOND < 0.25


def test_silence_after_a_finalize_is_no_turn() -> None:
    """The utterance that a finalize in mid-speech opened has no words if nothing was said in it."""
    recogniser = new()
    done(recogniser.feed(AWB[: round(1.9 * SECOND)]))
    assert utterances(done(recogniser.finalize()))[0].words
    assert [out.words for out in utterances(done(recogniser.feed(bytes(2 * SECOND))))] == [()]


def test_finalize_in_silence() -> None:
    """A finalize with nothing open settles the silence and gives no turn."""
    recogniser = new()
    assert done(recogniser.feed(bytes(SECOND))) == []
    assert all(isinstance(out, Settled) for out in done(recogniser.finalize()))


def test_finalize_of_nothing() -> None:
    """Neither a finalize nor a stop needs audio."""
    recogniser = new()
    assert done(recogniser.finalize()) == done(recogniser.finalize()) == done(recogniser.stop()) == []
    assert recogniser.seconds == 0.0


def test_stop_decodes_what_is_open() -> None:
    """A stop in mid-speech ends the utterance with the words so far."""
    results = heard([FIRST[: round(1.6 * SECOND)]])
    assert [out.reason for out in utterances(results)] == ["stop"]
    assert texts(results)[0].startswith("the weather is")
