"""Speech over both halves: the words, their times, the turns, and what is asked on the way."""

from __future__ import annotations

from typing import Any

import pytest

from ...audio.format import AudioFormat
from ...errors import AaiMigrateError
from ...events import Begin, Turn
from ...wire.commands import Finalize
from ...wire.events import Finalized, Partial
from ..coded import encode, interleave
from ..words import plain_words
from .bench import AUDIO, FORMAT, WORDS, Bench, Kept, true_times

STEREO = AudioFormat(channels=2)
LEFT, RIGHT = WORDS[:4], WORDS[4:]
FINALIZES = [
    (0.6, Finalize("in speech")),
    (1.5, Finalize("in silence")),
    (1.5, Finalize("again")),
    (3.0, Finalize("z")),
]


class Hearing(Bench):
    """Whole sessions in which nothing goes wrong."""

    def test_every_word_comes_once(self) -> None:
        """Whatever the vendor is like behind the wire: late, rewriting, with finals in mid-turn."""
        for name, hard in self.ears.items():
            done = self.run(hard=hard)
            assert self.said(done) == WORDS, name
            assert done.end.complete, name

    def test_turns_end_where_the_speaker_paused(self) -> None:
        """Three, three and one word."""
        assert [len(turn.transcript.split()) for turn in self.run().turns] == [3, 3, 1]

    def test_times_are_on_the_clock_of_the_audio(self) -> None:
        """Each word is where it was spoken; times rise, and a transcript is its words with their joiners."""
        done = self.run()
        heard = [word for turn in done.turns for word in turn.words]
        if self.word_times is None:
            turns = [(turn.start, turn.end) for turn in done.turns]
            assert all(start is not None and end is not None and start < end for start, end in turns)
            return
        assert len(heard) == len(WORDS), "an ended turn has no words; set word_times = None if the vendor tells none"
        for word, (start, end) in zip(heard, true_times(), strict=True):
            assert word.start == pytest.approx(start, abs=self.word_times)
            assert word.end == pytest.approx(end, abs=self.word_times)
        assert [word.start for word in heard] == sorted(word.start for word in heard)
        for turn in done.turns:
            assert "".join(word.joiner + word.text for word in turn.words) == turn.transcript
            assert all(word.is_final for word in turn.words)

    def test_the_far_end_hears_what_was_fed(self) -> None:
        """Sample by sample, where the wire takes the caller's format."""
        can = self.suited().capabilities
        if can.wire_format("", FORMAT, separate=False) != FORMAT:
            pytest.skip("the wire takes another format; what is converted is tested with the conversions")
        self.needs_a_wire()
        kept = Kept()
        self.run(around=kept)
        heard = bytes([*kept.ends, *kept.sessions][-1].heard)
        assert heard.startswith(AUDIO)
        assert not any(heard[len(AUDIO) :]), "behind the audio there may be silence only"

    def test_it_greets_first(self) -> None:
        """With the settings that were sent, in the vendor's words, and no secret."""
        begin = self.run().events[0]
        assert isinstance(begin, Begin)
        assert begin.provider == self.suited().name

    def test_speech_shows_before_its_turn_ends(self) -> None:
        """Turns grow; where partials are refused, only ends come."""
        if self.row("partials") is None:
            pytest.skip("the vendor has no partials")
        shown = [event for event in self.run().events if isinstance(event, Turn) and not event.end_of_turn]
        assert shown
        for name, hard in self.ears.items():
            done = self.run(hard=hard)
            for turn in done.of(Turn):
                text = "".join(plain_words(turn.transcript))
                twice = [word for word in WORDS if text.count(word) > 1]
                assert not twice, f"{name}: a turn shows {turn.transcript!r}, with words twice; cut off what is final"
        done = self.run(partials=False)
        assert self.said(done) == WORDS
        assert not [event for event in done.said if isinstance(event, Partial)]

    def test_a_pause_ends_a_turn_when_the_caller_says_so(self) -> None:
        """Pauses are of 0.9 s: with 1.5 s there is one turn."""
        row = self.row("turn_silence")
        if row is None or row.support != "exact" or row.check(1.5) or row.check(0.5):
            pytest.skip("the vendor takes no turn_silence of 0.5 and 1.5 s as it is")
        assert len(self.run(turn_silence=0.5).turns) == 3
        assert len(self.run(turn_silence=1.5).turns) == 1

    def test_every_finalize_is_answered_once(self) -> None:
        """In speech, in silence, and two at once; no word is lost by it."""
        done = self.run(asked=FINALIZES)
        assert self.said(done) == WORDS
        answers = [event for event in done.said if isinstance(event, Finalized)]
        assert sorted(event.id for event in answers) == sorted(ask.id for _, ask in FINALIZES)
        assert [event.id for event in answers if event.by == "timeout"] == []
        heard = [word for turn in done.turns for word in turn.words]
        for word, (start, _) in zip(heard, true_times(), strict=True) if self.word_times is not None else ():
            assert word.start == pytest.approx(start, abs=self.word_times), "times are off behind a Finalize"

    def test_finalize_ends_the_turn(self) -> None:
        """Long before the pause would: what was said is an ended turn within the time that the numbers promise."""
        numbers = self.suited().numbers
        audio = encode([0.25, *WORDS[:3], 0.1], FORMAT)
        at = 0.1 + FORMAT.seconds(len(audio))
        wait = numbers.finalize_timeout if numbers.finalize == "message" else numbers.finalize_silence + 1
        done = self.run(audio, asked=[(at, Finalize("now"))], stop=20.0)
        ended = [time for time, event in done.link.events if isinstance(event, Finalized)]
        assert len(ended) == 1
        assert ended[0] <= at + wait + 0.2
        assert len(done.turns) == 1
        assert done.turns[0].received_at <= at + wait + 0.2

    def test_channels_are_kept_apart(self) -> None:
        """Each has its words and turns of its own; who cannot keep them apart says so before dialling."""
        left = encode([0.3, *LEFT[:2], 1.2, *LEFT[2:]], FORMAT)
        right = encode([0.9, RIGHT[0], 1.1, *RIGHT[1:], 0.4], FORMAT)
        options: dict[str, Any] = {"audio": STEREO, "channels": "separate"}
        sound = interleave(left, right, fmt=STEREO)
        if self.suited(self.config(**options)).capabilities.max_channels < 2:
            with pytest.raises(AaiMigrateError, match="channels"):
                self.run(sound, **options)
            return
        done = self.run(sound, **options)
        assert (self.said(done, 0), self.said(done, 1)) == (LEFT, RIGHT)
        assert {turn.channel for turn in done.turns} == {0, 1}

    def test_speech_that_is_pushed_is_heard_as_well(self) -> None:
        """Four times as fast, and all at once."""
        for speed in (4.0, 0.0):
            done = self.run(speed=speed)
            assert self.said(done) == WORDS
            assert done.end.complete

    def test_audio_of_another_format_is_heard_as_well(self) -> None:
        """Telephone sound, as it is or converted."""
        phone = AudioFormat(8000, "pcm_mulaw")
        done = self.run(encode([0.25, *WORDS[:3], 0.9, *WORDS[3:], 0.3], phone), audio=phone)
        assert self.said(done) == WORDS
