"""Where one connection ends and the next begins: no word lost, none twice, under the same key and clock."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.session import SessionEvent
from aai_migrate.session.seam import LEAD, PAUSE, Seam, midpoint, within
from aai_migrate.session.timeline import Timeline
from aai_migrate.turns import Turns
from aai_migrate.wire.events import Final, Partial, Revised, Settled, SpeechStarted, Started, TurnEnded, Word

RATE = 1000


def word(text: str, start: float, end: float | None = None, joiner: str = " ") -> Word:
    return Word(text, start, start + 0.4 if end is None else end, joiner=joiner)


def words(text: str, start: float = 0.0) -> tuple[Word, ...]:
    """Return one word a second, from *start*, 0.4 s long each."""
    return tuple(word(piece, start + number) for number, piece in enumerate(text.split()))


def final(text: str, start: float = 0.0, turn: Any = "t", **more: Any) -> Final:
    return Final(turn=turn, text=text, words=words(text, start), **more)


def partial(text: str, start: float = 0.0, turn: Any = "t", **more: Any) -> Partial:
    return Partial(turn=turn, text=text, words=words(text, start), **more)


def begin(seam: Seam, start: float = 0.0, delimiter: str = " ", length: float = 1000.0) -> Seam:
    """Begin a connection that is sent *length* seconds of audio from *start* of the session."""
    timeline = Timeline(RATE)
    timeline.audio(round(start * RATE), round(length * RATE))
    seam.begin(timeline, delimiter)
    return seam


def cut_at(settled: float, *said: Final, ended: bool = False, delimiter: str = " ") -> Seam:
    """Return a seam after a connection that said *said* and settled, with the next one begun at *settled* exactly."""
    seam = begin(Seam())
    for event in said:
        seam.spoken(event)
    if ended:
        seam.ended(TurnEnded(turn=said[-1].turn))
    seam.settle(Settled(settled))
    seam.cut()
    return begin(seam, 0.0, delimiter)


def texts(events: Iterable[object]) -> list[str]:
    return [event.text for event in events if isinstance(event, (Final, Partial))]


class TestKeys:
    def test_turns_get_keys_of_the_session(self) -> None:
        """The connection's key may be anything; the session's count up over all channels and never come again."""
        seam = begin(Seam(2))
        said = [
            *seam.spoken(final("a", turn="x")),
            *seam.spoken(final("b", turn=("y", 1), channel=1)),
            *seam.ended(TurnEnded(turn="x")),
            *seam.spoken(final("c", 5.0, turn="x")),
        ]
        assert [(event.turn, event.channel) for event in said] == [(0, 0), (1, 1), (0, 0), (2, 0)]

    def test_an_unknown_channel_is_the_first(self) -> None:
        """A channel that was not asked for loses no words: text, ends, revisions, speech and settled marks."""
        seam = begin(Seam())
        (said,) = seam.spoken(final("a", channel=7))
        (over,) = seam.ended(TurnEnded(turn="t", channel=7))
        (new,) = seam.revised(Revised(turn="t", channel=7, text="A"))
        (speech,) = seam.speech(SpeechStarted(1.0, 7))
        (settled,) = seam.settle(Settled(1.0, 7))
        assert [event.channel for event in (said, over, new, speech, settled)] == [0] * 5

    def test_an_end_of_a_turn_that_never_spoke(self) -> None:
        """It is passed on under a key of its own and opens nothing."""
        seam = begin(Seam())
        assert seam.ended(TurnEnded(turn="t", at=1.0)) == [TurnEnded(turn=0, at=1.0)]
        assert not seam.open

    def test_revisions_find_their_turn(self) -> None:
        """A turn that this connection heard whole and ended can be revised; open and unknown ones cannot."""
        seam = begin(Seam(), 10.0)
        seam.spoken(final("a b"))
        assert seam.revised(Revised(turn="t", text="A b.")) == []
        seam.ended(TurnEnded(turn="t"))
        (new,) = seam.revised(Revised(turn="t", text="A b.", words=words("A b."), formatted=True))
        assert (new.turn, new.text, new.formatted) == (0, "A b.", True)
        assert [(w.start, w.end) for w in new.words] == [(10.0, 10.4), (11.0, 11.4)]
        assert seam.revised(Revised(turn="other", text="x")) == []

    def test_a_turn_over_a_seam_is_not_revised(self) -> None:
        """The new connection may know its last words only: its whole is not the turn's whole."""
        seam = cut_at(2.0, final("a b"))
        seam.spoken(final("c", 3.0))
        assert seam.ended(TurnEnded(turn="t")) == [TurnEnded(turn=0)]
        assert seam.revised(Revised(turn="t", text="C.")) == []

    def test_a_new_connection_forgets_the_old_ones_keys(self) -> None:
        """The same key means another turn there."""
        seam = cut_at(2.0, final("a b"), ended=True)
        assert seam.revised(Revised(turn="t", text="A b.")) == []

    def test_key_memory_is_bounded(self) -> None:
        """The last 256 turns can be revised, older ones cannot."""
        seam = begin(Seam())
        for turn in range(257):
            seam.spoken(final("a", turn * 2.0, turn=turn))
            seam.ended(TurnEnded(turn=turn))
        assert seam.revised(Revised(turn=0, text="x")) == []
        assert [event.turn for event in seam.revised(Revised(turn=1, text="x"))] == [1]


class TestMarks:
    """Punctuation that comes without its word, where an open turn is heard again and its times differ a little."""

    FIRST = Final(turn="t", text="a", words=(word("a", 1.0),))
    AGAIN = Final(turn="t", text="a", words=(word("a", 1.0, 1.42),))

    @staticmethod
    def mark(at: float) -> Final:
        return Final(turn="t", text=".", words=(word(".", at, at, ""),))

    def test_a_mark_is_heard_again_with_its_word(self) -> None:
        """Not a second time, though it stands behind the seam now."""
        seam = cut_at(1.4, self.FIRST, self.mark(1.4))
        assert seam.spoken(self.AGAIN) == []
        assert seam.spoken(self.mark(1.42)) == []
        assert texts(seam.spoken(final("b", 2.0))) == [" b"]

    def test_a_mark_behind_a_new_word_is_new(self) -> None:
        """Whatever was heard before that word."""
        seam = cut_at(1.4, self.FIRST)
        assert seam.spoken(self.AGAIN) == []
        assert texts([*seam.spoken(final("b", 2.0)), *seam.spoken(self.mark(2.4))]) == [" b", "."]

    def test_a_turn_that_ended_with_a_mark_ends_where_it_ends_earlier_now(self) -> None:
        """The end is that of the open turn's last word, and none that was heard before."""
        seam = cut_at(1.4, self.FIRST, self.mark(1.4))
        seam.spoken(Final(turn="t", text="a.", words=(word("a.", 1.0, 1.38),)))
        assert [event.turn for event in seam.ended(TurnEnded(turn="t", at=1.38))] == [0]
        assert not seam.open


class TestOpen:
    def test_open_from_the_first_text_to_the_end(self) -> None:
        """A turn is open while it shows or holds text; empty texts open none."""
        seam = begin(Seam())
        assert not seam.open
        assert seam.spoken(partial("")) == [Partial(turn=0, text="")]
        assert not seam.open
        assert seam.spoken(final("")) == [Final(turn=0, text="")]
        assert not seam.open
        seam.spoken(partial("a"))
        assert seam.open
        seam.spoken(partial(""))
        assert not seam.open
        seam.spoken(final("a"))
        assert seam.open
        seam.ended(TurnEnded(turn="t"))
        assert not seam.open

    def test_a_cut_closes_what_only_the_old_connection_knew(self) -> None:
        """After a cut nothing is open until the new connection says so."""
        seam = cut_at(1.0, final("a"))
        assert not seam.open
        seam.spoken(partial("b", 2.0))
        assert seam.open


class TestSettled:
    def test_marks_move_forward_only(self) -> None:
        """A mark that is not new is not passed on, on any channel; the least of the channels counts."""
        seam = begin(Seam(2))
        assert seam.settle(Settled(2.0)) == [Settled(2.0)]
        assert seam.settle(Settled(1.5)) == []
        assert seam.settle(Settled(2.0)) == []
        assert seam.settled == 0.0
        assert seam.settle_all(1.0) == [Settled(1.0, 1)]
        assert seam.settled == 1.0

    def test_times_are_the_sessions(self) -> None:
        """A connection that began at 10 s settles the session's audio, never more than it was sent."""
        seam = begin(Seam(), 10.0, length=5.0)
        assert seam.settle(Settled(3.0)) == [Settled(13.0)]
        assert seam.settle(Settled(99.0)) == [Settled(15.0)]

    def test_speech_that_was_heard_before_is_not_announced(self) -> None:
        """A start of speech in the lead is old news."""
        seam = cut_at(2.0, final("a b"))
        assert seam.speech(SpeechStarted(1.9)) == []
        assert seam.speech(SpeechStarted(2.0)) == [SpeechStarted(2.0, 0)]


class TestLead:
    def test_without_an_open_turn_a_replay_begins_at_settled(self) -> None:
        """Ended turns are not heard again, nor are turns that have nothing settled."""
        seam = begin(Seam())
        assert seam.replay_from == 0.0
        seam.spoken(final("a b", 1.0))
        seam.ended(TurnEnded(turn="t"))
        seam.spoken(partial("c", 4.0, turn="u"))
        seam.settle(Settled(3.0))
        assert seam.replay_from == 3.0

    @pytest.mark.parametrize(
        ("before", "first", "settled", "lead"),
        [
            (0.0, 5.0, 8.0, 5.0 - PAUSE),  # a long pause: half a second of it
            (4.6, 5.0, 8.0, 4.8),  # a short one: half of it
            (5.0, 5.0, 8.0, 5.0),  # none
            (5.2, 5.0, 8.0, 5.0),  # the times overlap
            (0.0, 5.0, 40.0, 40.0 - LEAD),  # a long turn: ten seconds
            (0.0, 5.0, 4.0, 4.0),  # nothing of it is settled
        ],
    )
    def test_an_open_turn_is_heard_from_the_pause_before_it(
        self, before: float, first: float, settled: float, lead: float
    ) -> None:
        """So that the new connection hears where the turn began."""
        seam = begin(Seam())
        seam.spoken(Final(turn="e", text="e", words=(word("e", 0.0, before),)))
        seam.ended(TurnEnded(turn="e", at=before))
        seam.spoken(Final(turn="t", text="a", words=(word("a", first),)))
        seam.settle(Settled(settled))
        assert seam.replay_from == pytest.approx(lead)

    def test_a_final_without_words_begins_where_it_says(self) -> None:
        """Its start is the turn's first time; one without any time leads nowhere."""
        seam = begin(Seam())
        seam.spoken(Final(turn="t", text="a", start=5.0, end=6.0))
        seam.settle(Settled(6.0))
        assert seam.replay_from == 5.0 - PAUSE
        seam = begin(Seam())
        seam.spoken(Final(turn="t", text="a"))
        seam.settle(Settled(6.0))
        assert seam.replay_from == 6.0

    def test_the_least_of_the_channels(self) -> None:
        """One connection carries all channels, so it begins where the first of them needs it."""
        seam = begin(Seam(2))
        seam.spoken(final("a", 5.0))
        seam.settle(Settled(6.0))
        seam.settle(Settled(9.0, 1))
        assert seam.replay_from == 5.0 - PAUSE


class TestReplay:
    @pytest.mark.parametrize(
        ("settled", "kept"),
        [(1.5, " c"), (1.3, " c"), (1.2, " c"), (1.19, " b c"), (0.3, " b c")],
    )
    def test_the_midpoint_decides(self, settled: float, kept: str) -> None:
        """Words whose midpoint lies in what was settled are out, the others in, wherever their edges lie."""
        seam = begin(Seam())
        seam.spoken(final("a"))
        seam.settle(Settled(settled))
        begin(seam)
        (said,) = seam.spoken(final("a b c"))
        assert (said.text, said.start, said.turn) == (kept, said.words[0].start, 0)

    def test_a_first_connection_takes_out_nothing(self) -> None:
        """Even words without times, all at 0, are taken."""
        seam = begin(Seam())
        said = Final(turn="t", text="a b", words=(Word("a", 0.0, 0.0), Word("b", 0.0, 0.0)), end=0.0)
        assert texts(seam.spoken(said)) == ["a b"]
        assert texts(seam.spoken(Final(turn="t", text=" c", end=0.0))) == [" c"]

    def test_a_final_counts_before_it_is_settled(self) -> None:
        """A cut between a Final and its Settled does not bring its words twice, nor does a second cut after it."""
        seam = begin(Seam())
        seam.spoken(final("a b c"))
        begin(seam)
        assert seam.spoken(final("a b")) == []
        seam.settle(Settled(0.9))
        begin(seam)
        assert texts(seam.spoken(final("a b c d"))) == [" d"]

    def test_a_mark_without_length_goes_with_its_word(self) -> None:
        """A comma that stands at the end of the last settled word was heard with it."""
        said = Final(turn="t", text="a,", words=(word("a", 0.0, 1.0), word(",", 1.0, 1.0, "")))
        seam = begin(Seam())
        seam.spoken(said)
        seam.settle(Settled(1.0))
        begin(seam)
        again = Final(turn="t", text="a, b", words=(*said.words, word("b", 1.2)))
        assert texts(seam.spoken(again)) == [" b"]

    def test_a_kept_mark_stays_attached(self) -> None:
        """The joiner of the first word that is kept stands before it, whatever the delimiter."""
        seam = cut_at(1.0, final("a"))
        again = Final(turn="t", text="a!", words=(word("a", 0.0), word("!", 1.5, 1.6, "")))
        assert texts(seam.spoken(again)) == ["!"]

    @pytest.mark.parametrize(
        ("delimiter", "text", "joined"),
        [(" ", "b", " b"), (" ", " b", " b"), ("", "b", "b"), ("", " b", " b")],
    )
    def test_the_delimiter_stands_once_between_connections(self, delimiter: str, text: str, joined: str) -> None:
        """A turn that goes on begins with the delimiter, unless the vendor put it there or has none."""
        seam = cut_at(1.0, final("a"), delimiter=delimiter)
        tail, said = Partial(turn="t", text=text), Final(turn="t", text=text, words=words("b", 2.0))
        assert texts([*seam.spoken(tail), *seam.spoken(said)]) == [joined, joined]
        assert texts(seam.spoken(Final(turn="t", text=" c"))) == [" c"]

    def test_a_partial_keeps_its_promise_across_the_delimiter(self) -> None:
        """The delimiter belongs to the stable part if there is one; where words were taken out none is promised."""
        seam = cut_at(1.0, final("a"))
        assert [p.stable for p in seam.spoken(partial("b c", 2.0, stable=1)) if isinstance(p, Partial)] == [2]
        assert [p.stable for p in seam.spoken(partial("b c", 2.0)) if isinstance(p, Partial)] == [0]
        (tail,) = seam.spoken(Partial(turn="t", text="a b", words=words("a b"), stable=3))
        assert isinstance(tail, Partial)
        assert (tail.text, tail.stable) == (" b", 0)

    def test_an_empty_text_gets_no_delimiter(self) -> None:
        """It empties the tail and is no piece of the turn: the next one is still the first."""
        seam = cut_at(1.0, final("a"))
        assert texts([*seam.spoken(partial("")), *seam.spoken(final(""))]) == ["", ""]
        assert texts(seam.spoken(final("b", 2.0))) == [" b"]

    def test_a_turn_that_goes_on_keeps_its_key(self) -> None:
        """What was heard again is nothing new; what follows is the same turn, and so is its end."""
        seam = cut_at(2.0, final("a b"))
        assert seam.spoken(partial("a", turn="new")) == []
        assert seam.spoken(final("a b", turn="new")) == []
        assert [event.turn for event in seam.spoken(final("c", 3.0, turn="new"))] == [0]
        assert seam.ended(TurnEnded(turn="new", at=3.5)) == [TurnEnded(turn=0, at=3.5)]

    def test_the_end_of_a_part_that_was_heard_before_ends_nothing(self) -> None:
        """A new connection may split what the old one heard as one turn: the rest still goes on."""
        seam = cut_at(3.0, final("a b c"))
        assert seam.spoken(final("a", turn="x")) == []
        assert seam.ended(TurnEnded(turn="x")) == []
        assert texts(seam.spoken(final("b c d", 1.0, turn="y"))) == [" d"]
        assert seam.ended(TurnEnded(turn="y")) == [TurnEnded(turn=0)]

    @pytest.mark.parametrize("at", [None, 2.5])
    def test_the_end_of_all_that_was_heard_before_ends_the_turn(self, at: float | None) -> None:
        """The cut came between the last word and the end."""
        seam = cut_at(2.5, final("a b c"))
        seam.spoken(final("a b c", turn="x"))
        assert seam.ended(TurnEnded(turn="x", at=at)) == [TurnEnded(turn=0, at=at)]

    def test_an_end_without_words_or_time_ends_the_turn(self) -> None:
        """There is nothing to say that it was another one."""
        assert cut_at(2.5, final("a b c")).ended(TurnEnded(turn="x")) == [TurnEnded(turn=0)]

    def test_a_turn_that_was_heard_before_vanishes(self) -> None:
        """An ended turn in the lead of another channel brings no events, and takes nothing from what comes."""
        seam = cut_at(2.5, final("a b c"), ended=True)
        assert seam.spoken(partial("a b", turn="x")) == []
        assert seam.spoken(final("a b c", turn="x")) == []
        assert seam.ended(TurnEnded(turn="x", at=2.4)) == []
        assert seam.spoken(final("d", 4.0, turn="y")) == [final("d", 4.0, turn=1)]
        assert seam.ended(TurnEnded(turn="y", at=4.4)) == [TurnEnded(turn=1, at=4.4)]

    def test_a_vanished_turn_takes_no_open_tail_along(self) -> None:
        """What the old connection showed and did not settle is still delivered if nobody hears it again."""
        seam = begin(Seam())
        seam.spoken(final("a b", turn="x"))
        seam.ended(TurnEnded(turn="x"))
        seam.settle(Settled(1.5))
        seam.spoken(partial("c", 2.0, turn="y"))
        seam.cut()
        begin(seam)
        seam.spoken(final("a b", turn="x"))
        seam.ended(TurnEnded(turn="x", at=1.4))
        assert [(event.text, event.confirmed) for event in seam.end() if isinstance(event, Final)] == [("c", False)]

    def test_a_new_turn_that_begins_with_old_words(self) -> None:
        """The old words are taken out; what stays begins without a joiner, in one Final or two."""
        seam = cut_at(2.5, final("a b c"), ended=True)
        assert texts(seam.spoken(final("c d", 2.0, turn="x"))) == ["d"]
        seam = cut_at(2.5, final("a b c"), ended=True)
        seam.spoken(final("c", 2.0, turn="x"))
        assert texts(seam.spoken(Final(turn="x", text=" d", words=words("d", 3.0)))) == ["d"]

    def test_text_without_words_is_judged_by_its_end(self) -> None:
        """It is taken whole or not at all."""
        seam = cut_at(2.0, final("a b"))
        assert seam.spoken(Final(turn="x", text="a b", end=2.0)) == []
        assert texts(seam.spoken(Final(turn="x", text="c", start=1.9, end=3.0))) == [" c"]

    def test_an_end_is_never_before_its_start(self) -> None:
        """Injected silence takes no session time: what ends in it ends where it began."""
        timeline = Timeline(RATE)
        timeline.audio(0, 1000)
        timeline.silence(1000, 1000)
        timeline.audio(5000, 1000)  # audio was dropped here
        seam = Seam()
        seam.begin(timeline)
        (said,) = seam.spoken(Final(turn="t", text="a", words=(word("a", 2.0, 2.0),), start=2.0, end=2.0))
        assert (said.start, said.end) == (5.0, 5.0)
        assert (said.words[0].start, said.words[0].end) == (5.0, 5.0)


class TestCut:
    def test_promised_words_are_delivered_and_settled(self) -> None:
        """The vendor said that they will not change; the rest of the tail is heard again."""
        seam = begin(Seam())
        seam.spoken(partial("a b c", 1.0, stable=3, language="en"))
        said, settled = seam.cut()
        assert said == Final(turn=0, text="a b", words=words("a b", 1.0), start=1.0, end=2.4, language="en")
        assert settled == Settled(2.4)
        begin(seam)
        assert texts(seam.spoken(final("a b c", 1.0, turn="x"))) == [" c"]

    @pytest.mark.parametrize(("stable", "text"), [(0, []), (2, []), (3, ["abc"]), (4, ["abc"]), (6, ["abc"])])
    def test_half_a_word_is_not_delivered(self, stable: int, text: list[str]) -> None:
        """It will be heard again whole."""
        seam = begin(Seam())
        seam.spoken(partial("abc def", stable=stable))
        assert texts(seam.cut()) == text

    def test_a_tail_of_a_turn_that_has_finals(self) -> None:
        """The joiner at the head of the tail is delivered with it, once."""
        seam = begin(Seam())
        seam.spoken(final("a"))
        seam.spoken(Partial(turn="t", text=" b c", words=words("b c", 1.0), stable=2))
        assert texts(seam.cut()) == [" b"]
        assert texts(seam.end()) == [" c"]

    def test_text_without_words_is_not_delivered(self) -> None:
        """Nobody knows where it ends, so it will be heard again."""
        seam = begin(Seam())
        seam.spoken(Partial(turn="t", text="a b", stable=3))
        assert seam.cut() == []
        assert [(event.text, event.confirmed) for event in seam.end() if isinstance(event, Final)] == [("a b", False)]

    def test_nothing_behind_an_unsettled_word_is_settled(self) -> None:
        """Of two open turns the second keeps its words for the replay while the first one's may change."""
        seam = begin(Seam())
        seam.spoken(partial("a b", turn="x", stable=1))
        seam.spoken(partial("c", 5.0, turn="y", stable=1))
        assert texts(seam.cut()) == ["a"]
        seam = begin(Seam())
        seam.spoken(partial("a b", turn="x", stable=3))
        seam.spoken(partial("c", 5.0, turn="y", stable=1))
        assert texts(seam.cut()) == ["a b", "c"]

    def test_each_channel_for_itself(self) -> None:
        """A word that may change on one channel keeps no other from being delivered."""
        seam = begin(Seam(2))
        seam.spoken(partial("a"))
        seam.spoken(partial("b", turn="u", channel=1, stable=1))
        assert [(event.channel, event.turn) for event in seam.cut() if isinstance(event, Final)] == [(1, 1)]

    def test_a_second_cut_delivers_nothing_twice(self) -> None:
        """A promise is kept once."""
        seam = begin(Seam())
        seam.spoken(partial("a b", stable=1))
        assert texts(seam.cut()) == ["a"]
        assert seam.cut() == []
        begin(seam)
        assert seam.cut() == []


class TestLose:
    def test_shown_words_of_lost_audio_are_delivered_unconfirmed(self) -> None:
        """Words before the loss as last seen, those after it are heard again."""
        seam = begin(Seam())
        seam.spoken(final("a"))
        seam.spoken(Partial(turn="t", text=" b c", words=words("b c", 1.0)))
        seam.cut()
        said, *settled = seam.lose(2.0)
        assert said == Final(turn=0, text=" b", words=words("b", 1.0), start=1.0, end=1.4, confirmed=False)
        assert settled == [Settled(1.4), Settled(2.0)]
        begin(seam, 2.0)
        assert texts(seam.spoken(final("c", 0.0, turn="x"))) == [" c"]

    def test_the_mark_moves_to_the_loss(self) -> None:
        """Audio that nobody will hear is settled, tail or not, on every channel."""
        seam = begin(Seam(2))
        seam.spoken(partial("c", 8.0))
        seam.spoken(final("d", 9.0, turn="u"))
        assert seam.lose(5.0) == [Settled(5.0), Settled(5.0, 1)]

    def test_text_without_words_is_judged_by_its_end(self) -> None:
        """It is delivered if all of it is lost; text without any time waits for the end."""
        seam = begin(Seam())
        seam.spoken(Partial(turn="t", text="a b", end=2.0))
        said, _ = seam.lose(2.0)
        assert said == Final(turn=0, text="a b", end=2.0, confirmed=False)
        seam = begin(Seam())
        seam.spoken(Partial(turn="t", text="a b"))
        assert texts(seam.lose(2.0)) == []
        assert texts(seam.end()) == ["a b"]

    def test_punctuation_between_words_is_no_obstacle(self) -> None:
        """Where text and words differ the words count: nothing of the rest gets lost."""
        seam = begin(Seam())
        seam.spoken(Partial(turn="t", text="A-b, c", words=words("a b c")))
        assert texts([*seam.lose(1.3), *seam.end()]) == ["a b", " c"]


class TestEnd:
    def test_open_tails_are_delivered_unconfirmed_and_turns_end(self) -> None:
        """No connection will come any more: what was shown is all there is."""
        seam = begin(Seam(2))
        seam.spoken(final("a"))
        seam.spoken(Partial(turn="t", text=" b", words=words("b", 1.0)))
        seam.spoken(final("c", turn="u", channel=1))
        assert seam.end() == [
            Final(turn=0, text=" b", words=words("b", 1.0), start=1.0, end=1.4, confirmed=False),
            TurnEnded(turn=0, reason="seam"),
            TurnEnded(turn=1, channel=1, reason="seam"),
        ]
        assert seam.end() == []
        assert not seam.open

    def test_turns_without_text_do_not_end(self) -> None:
        """They never were."""
        seam = begin(Seam())
        seam.spoken(partial(""))
        assert seam.end() == []

    def test_what_a_new_connection_settled_without_words_was_nothing(self) -> None:
        """A tail of the old connection is dropped when the new one is past it and brought no word."""
        seam = begin(Seam())
        seam.spoken(partial("noise", 1.0))
        seam.cut()
        begin(seam)
        seam.settle(Settled(1.2))
        assert seam.settle_all(3.0) == [Settled(3.0)]
        assert seam.end() == []

    def test_what_the_new_connection_has_not_reached_is_kept(self) -> None:
        """A failure before the tail was heard again delivers it as last seen."""
        seam = begin(Seam())
        seam.spoken(final("a"))
        seam.spoken(Partial(turn="t", text=" b", words=words("b", 1.0)))
        seam.settle(Settled(0.4))
        seam.cut()
        begin(seam)
        seam.spoken(partial("a", turn="x"))
        assert texts(seam.end()) == [" b"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("a", 1), ("a b", 2), ("a b.", 3), (" a b", 2), ("a b. cd", 4), ("a b. c", 3)],
)
def test_words_within_a_text(text: str, count: int) -> None:
    """Whole words only; the first one's joiner counts only where the text begins with it."""
    items = (word("a", 0), word("b", 1), word(".", 1, 1, ""), word("cd", 2))
    assert within(items, text) == items[:count]


# An exact ear: it hears the same words however often it listens, with times that are off by 40 ms at most.


class Speech:
    """What was said on one channel: turns of words, at true times."""

    def __init__(self, chance: random.Random, channel: int) -> None:
        self.channel = channel
        self.turns: list[tuple[Word, ...]] = []
        at = chance.uniform(0, 2)
        for turn in range(chance.randint(1, 4)):
            said = []
            for number in range(chance.randint(1, 12)):
                length = chance.uniform(0.2, 0.8)
                said.append(Word(f"{turn}.{number}", at, at + length, joiner=" " if number else ""))
                at += length + chance.choice([0.0, 0.1, 1.0])
            self.turns.append(tuple(said))
            at += chance.uniform(0.2, 3.0)

    def hear(self, chance: random.Random, start: float) -> Iterator[tuple[float, SessionEvent]]:
        """Yield what an ear says that listens from *start*, each with the time at which it does."""
        for number, turn in enumerate(self.turns):
            heard = [self._off(chance, w, start) for w in turn if midpoint(w) >= start]
            if heard:
                yield from self._turn(chance, (number, start), heard, timed=chance.random() < 0.5)

    @staticmethod
    def _off(chance: random.Random, item: Word, start: float) -> Word:
        first = max(0.0, item.start - start + chance.uniform(-0.04, 0.04))
        last = max(first, item.end - start + chance.uniform(-0.04, 0.04))
        return Word(item.text, first, last, joiner=item.joiner)

    def _turn(
        self, chance: random.Random, key: object, heard: list[Word], *, timed: bool
    ) -> Iterator[tuple[float, SessionEvent]]:
        cuts = sorted({0, len(heard), *(chance.randrange(len(heard)) for _ in range(chance.randint(0, 3)))})
        now = 0.0
        for a, b in pairwise(cuts):
            rest, piece = tuple(heard[a:]), tuple(heard[a:b])
            seen, stable = rest[: chance.randint(1, len(rest))], piece[: chance.randint(0, len(piece))]
            head = " " if a else ""
            promised = head + " ".join(w.text for w in stable) if stable and len(stable) <= len(seen) else ""
            now = max(now, seen[-1].end)
            tail = head + " ".join(w.text for w in seen)
            yield now, Partial(turn=key, channel=self.channel, text=tail, words=seen, stable=len(promised))
            now = max(now, piece[-1].end) + 0.01
            said = head + " ".join(w.text for w in piece)
            yield now, Final(turn=key, channel=self.channel, text=said, words=piece)
            if chance.random() < 0.7:
                yield now, Settled(piece[-1].end, self.channel)
        at = heard[-1].end if timed else None
        yield now + 0.05, TurnEnded(turn=key, channel=self.channel, at=at)
        yield now + 0.05, Settled(heard[-1].end, self.channel)


def told(seam: Seam, event: Any) -> Sequence[SessionEvent]:
    match event:
        case TurnEnded():
            return seam.ended(event)
        case Settled():
            return seam.settle(event)
    return seam.spoken(event)


@given(st.integers(0, 1 << 40), st.integers(1, 2), st.integers(0, 3))
def test_an_exact_ear_loses_and_doubles_nothing(seed: int, channels: int, cuts: int) -> None:
    """Over any cuts the Finals are the words that were said, once each and in order, and so are the ended turns.

    Keys end once; every turn is as it was said; settled never moves back; no replay begins after it.
    """
    chance = random.Random(seed)
    said = [Speech(chance, channel) for channel in range(channels)]
    seam, turns = Seam(channels), Turns("exact")
    turns.fold([Started()], 0.0)
    out: list[SessionEvent] = []
    for left in reversed(range(cuts + 1)):
        out += seam.cut()
        start = round(seam.replay_from * 16000) / 16000
        assert start <= seam.settled + 1e-3
        timeline = Timeline(16000)
        timeline.audio(round(start * 16000), 16000 * 1000)
        seam.begin(timeline)
        events = [item for speech in said for item in speech.hear(chance, start)]
        events.sort(key=lambda item: item[0])
        heard = events[: chance.randint(0, len(events))] if left else events
        for _, event in heard:
            settled = seam.settled
            out += told(seam, event)
            assert seam.settled >= settled
        timeline.forget(seam.replay_from)
    out += seam.end()
    seen = [turn for turn in turns.fold(out, 0.0) if getattr(turn, "end_of_turn", False)]
    ends = [(event.channel, event.turn) for event in out if isinstance(event, TurnEnded)]
    assert len(ends) == len(set(ends))
    for speech in said:
        finals = [event for event in out if isinstance(event, Final) and event.channel == speech.channel]
        assert all(final.confirmed for final in finals)
        every = [item for turn in speech.turns for item in turn]
        got = [item for final in finals for item in final.words]
        assert [item.text for item in got] == [item.text for item in every]
        assert all(abs(a.start - b.start) < 0.05 and abs(a.end - b.end) < 0.05 for a, b in zip(got, every, strict=True))
        whole = [" ".join(item.text for item in turn) for turn in speech.turns]
        mine = [turn.transcript for turn in seen if turn.channel == speech.channel]  # type: ignore[union-attr]
        assert mine == whole
