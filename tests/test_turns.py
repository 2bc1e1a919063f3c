"""The fold from events to Turns: the Turn contract over events made at random, and each rule by example."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import ConnectionLost
from aai_migrate.events import (
    AudioGap,
    Begin,
    Notice,
    Reconnected,
    Reconnecting,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
    VendorMessage,
)
from aai_migrate.session import SessionEvent
from aai_migrate.turns import KEPT, Turns
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Failed,
    Final,
    Finalized,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
    Word,
)

STARTED = Started("s-1", "m-1", settings={"rate": 16000})
STOPPED = Stopped("stopped", 10.0, 9.5)


def fold(events: Sequence[SessionEvent], **options: Any) -> list[StreamEvent]:
    """Fold *events* after a greeting, each in its own batch; return what follows ``Begin``."""
    turns = Turns("plain", **options)
    out = [seen for time, event in enumerate([STARTED, *events]) for seen in turns.fold([event], float(time))]
    assert isinstance(out[0], Begin)
    return out[1:]


def shown(events: Iterable[StreamEvent]) -> list[tuple[int, str, int, bool]]:
    """Return order, transcript, stable length and end of each Turn."""
    turns = (event for event in events if isinstance(event, Turn))
    return [(turn.turn_order, turn.transcript, turn.stable_length, turn.end_of_turn) for turn in turns]


def word(text: str, start: float = 0.0, joiner: str = " ") -> Word:
    return Word(text, start, start + 0.5, joiner=joiner)


def test_open_turns_that_nobody_asked_for() -> None:
    """Some vendors say words for good long before the turn ends: it is shown when it has, and whole."""
    one = Final(turn=1, text="one", words=(word("one"),), shown=False)
    two = Final(turn=1, text=" two", words=(word("two", 0.6),), shown=False)
    assert shown(fold([one, two, TurnEnded(turn=1)])) == [(0, "one two", 7, True)]


# Events that keep the text grammar, made at random.


OTHERS: list[SessionEvent] = [
    Settled(1.0),
    AudioTaken(1.0),
    SpeechStarted(1.0),
    Warned("code", "text"),
    Unmapped({}),
    Reconnecting(1, 0.5, "reset"),
    AudioGap(1.0, 2.0),
]


class Vendor:
    """Makes events of many turns and remembers what each turn was promised and given."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._names = itertools.count()
        self._time = 0.0
        self.events: list[SessionEvent] = []
        self.finals: dict[tuple[int, int], str] = {}  # since the last end of the key
        self.tails: dict[tuple[int, int], str] = {}  # promised characters of the open tail
        self.ended: dict[int, list[str]] = {}

    def _text(self) -> str:
        return self._draw(st.sampled_from(["", " ", "a", " b", " cc", "dd ee", ".", " eff"]))

    def _words(self, text: str) -> tuple[Word, ...]:
        if self._draw(st.booleans()):
            return ()
        words = []
        for number, piece in enumerate(text.split()):
            words.append(Word(piece, self._time, self._time + 0.3, joiner=" " if number else ""))
            self._time += 0.4
        return tuple(words)

    def step(self) -> None:
        key = self._draw(st.sampled_from([(channel, turn) for channel in (0, 1) for turn in range(3)]))
        channel, turn = key
        match self._draw(st.sampled_from(["partial", "partial", "final", "final", "end", "revised", "other"])):
            case "partial":
                text = self.tails.get(key, "") + self._text()
                stable = self._draw(st.integers(len(self.tails.get(key, "")), len(text)))
                self.tails[key] = text[:stable]
                self.events.append(
                    Partial(turn=turn, channel=channel, text=text, words=self._words(text), stable=stable)
                )
            case "final":
                self._final(key)
            case "end":
                if self.tails.get(key):  # what was promised is delivered before the end
                    self._final(key)
                self._end(key)
            case "revised":
                new = self._draw(st.sampled_from([None, "", "Formatted."]))
                self.events.append(Revised(turn=turn, channel=channel, text=new, formatted=True))
            case "other":
                self.events.append(self._draw(st.sampled_from(OTHERS)))

    def _final(self, key: tuple[int, int]) -> None:
        text = self.tails.pop(key, "") + self._text()
        self.finals[key] = self.finals.get(key, "") + text
        self.events.append(Final(turn=key[1], channel=key[0], text=text, words=self._words(text)))

    def _end(self, key: tuple[int, int]) -> None:
        self.tails.pop(key, None)
        self.events.append(TurnEnded(turn=key[1], channel=key[0]))

    def finish(self) -> None:
        for key in [*self.tails]:
            if self.tails[key]:
                self._final(key)
        for key in [*self.finals]:
            self._end(key)
        self.events.append(STOPPED)


@st.composite
def sequences(draw: st.DrawFn) -> Vendor:
    vendor = Vendor(draw)
    for _ in range(draw(st.integers(0, 25))):
        vendor.step()
    vendor.events.insert(draw(st.integers(0, len(vendor.events))), STARTED)
    vendor.finish()
    return vendor


@st.composite
def batches(draw: st.DrawFn) -> tuple[Vendor, list[list[SessionEvent]]]:
    """Return a vendor, and its events in batches of any size."""
    vendor = draw(sequences())
    inner = st.lists(st.integers(0, len(vendor.events)), max_size=8)
    cuts = sorted({0, len(vendor.events), *draw(inner)})
    return vendor, [vendor.events[a:b] for a, b in itertools.pairwise(cuts)]


def run(pieces: Iterable[Sequence[SessionEvent]]) -> list[StreamEvent]:
    turns = Turns("plain")
    return [event for piece in pieces for event in turns.fold(piece, 1.0)]


def ended(events: Iterable[StreamEvent], channel: int | None = None) -> list[Turn]:
    """Return the ended turns of *channel*, or of all."""
    turns = (event for event in events if isinstance(event, Turn) and event.end_of_turn)
    return [turn for turn in turns if channel in (None, turn.channel)]


class TestContract:
    @given(batches())
    def test_begin_first_termination_last_and_once(self, made: tuple[Vendor, list[list[SessionEvent]]]) -> None:
        """Nothing comes before Begin, nothing after Termination, and there is one of each."""
        events = run(made[1])
        assert isinstance(events[0], Begin)
        assert isinstance(events[-1], Termination)
        assert sum(isinstance(event, (Begin, Termination)) for event in events) == 2

    @given(batches())
    def test_every_turn_ends_once_and_nothing_but_revisions_follow(
        self, made: tuple[Vendor, list[list[SessionEvent]]]
    ) -> None:
        """Ended turns are 0, 1, 2, … in each channel; no Turn of an ended key comes later, no turn is empty."""
        count = {0: 0, 1: 0}
        for event in run(made[1]):
            if isinstance(event, Turn):
                assert event.transcript.strip()
                assert event.turn_order >= count[event.channel]
                if event.end_of_turn:
                    assert event.turn_order == count[event.channel]
                    count[event.channel] += 1
            elif isinstance(event, TurnRevised):
                assert event.turn_order < count[event.channel]
                assert event.transcript.strip()

    @given(batches())
    def test_promised_characters_never_change(self, made: tuple[Vendor, list[list[SessionEvent]]]) -> None:
        """The first stable_length characters that a key ever showed stay the beginning of its transcript."""
        promised: dict[tuple[int, int], str] = {}
        for event in run(made[1]):
            if isinstance(event, Turn):
                key = (event.channel, event.turn_order)
                assert event.transcript.startswith(promised.get(key, ""))
                assert 0 <= event.stable_length <= len(event.transcript)
                promised[key] = max(promised.get(key, ""), event.transcript[: event.stable_length], key=len)
                if event.end_of_turn:
                    assert event.stable_length == len(event.transcript)

    @given(batches())
    def test_the_ended_turns_are_the_finals_each_once(self, made: tuple[Vendor, list[list[SessionEvent]]]) -> None:
        """What the ended turns of a channel say together is what the Finals said, character by character."""
        vendor, pieces = made
        events = run(pieces)
        for channel in (0, 1):
            finals = [event for event in vendor.events if isinstance(event, Final) and event.channel == channel]
            said = "".join(final.text for final in finals)
            heard = "".join(turn.transcript for turn in ended(events, channel))
            assert sorted(heard.replace(" ", "")) == sorted(said.replace(" ", ""))
            words = [word for final in finals for word in final.words]
            kept = [word for turn in ended(events, channel) for word in turn.words]
            if all(bool(final.words) == bool(final.text.strip()) for final in finals) and not any(
                isinstance(event, Partial) and event.stable for event in vendor.events
            ):
                assert sorted(w.start for w in kept) == sorted(w.start for w in words)

    @given(batches())
    def test_one_turn_at_a_time_is_told_in_order(self, made: tuple[Vendor, list[list[SessionEvent]]]) -> None:
        """Of one key alone the joined ended turns are the joined Finals, but for blank turns, which do not exist."""
        vendor, _ = made
        alone = [
            event
            for event in vendor.events
            if isinstance(event, (Partial, Final, TurnEnded)) and (event.channel, event.turn) == (0, 0)
        ]
        said, text = [], ""
        for event in alone:
            if isinstance(event, Final):
                text += event.text
            elif isinstance(event, TurnEnded):
                said += [text] if text.strip() else []
                text = ""
        assert [turn.transcript for turn in ended(run([[STARTED], alone]))] == said

    @given(batches())
    def test_batches_do_not_matter(self, made: tuple[Vendor, list[list[SessionEvent]]]) -> None:
        """The same events in other batches give the same ended turns and the same revisions."""
        vendor, pieces = made
        one = run([[event] for event in vendor.events])
        other = run(pieces)
        kinds = (TurnRevised, Termination)
        assert ended(one) == ended(other)
        assert [e for e in one if isinstance(e, kinds)] == [e for e in other if isinstance(e, kinds)]


class TestText:
    def test_a_partial_replaces_the_tail_and_a_final_appends(self) -> None:
        """Every Turn restates the whole: Finals so far and the tail as last seen."""
        events = fold(
            [
                Partial(turn=7, text="hel", stable=0),
                Partial(turn=7, text="hello wor", stable=5),
                Final(turn=7, text="hello"),
                Partial(turn=7, text=" world"),
                Final(turn=7, text=" world."),
                TurnEnded(turn=7),
            ]
        )
        assert shown(events) == [
            (0, "hel", 0, False),
            (0, "hello wor", 5, False),
            (0, "hello", 5, False),
            (0, "hello world", 5, False),
            (0, "hello world.", 12, False),
            (0, "hello world.", 12, True),
        ]

    def test_a_final_with_its_end_in_one_batch_is_told_once(self) -> None:
        """The end restates the turn; a Final of another channel is not swallowed by it."""
        turns = Turns("plain")
        turns.fold([STARTED], 0.0)
        assert shown(turns.fold([Final(turn=1, text="a"), TurnEnded(turn=1)], 1.0)) == [(0, "a", 1, True)]
        both: list[SessionEvent] = [Final(turn=2, text="b"), TurnEnded(turn=2, channel=1)]
        assert shown(turns.fold(both, 1.0)) == [(1, "b", 1, False)]

    def test_an_end_without_finals_is_no_turn(self) -> None:
        """Partials alone do not make a turn; their order goes to the next."""
        events = fold([Partial(turn=1, text="a"), TurnEnded(turn=1), Final(turn=2, text="b"), TurnEnded(turn=2)])
        assert shown(events) == [(0, "a", 0, False), (0, "b", 1, False), (0, "b", 1, True)]

    @pytest.mark.parametrize("text", ["", " ", "  "])
    def test_blank_text_is_no_turn(self, text: str) -> None:
        """Nothing is shown or ended for blank text, whether Partial or Final."""
        assert fold([Partial(turn=1, text=text), Final(turn=1, text=text), TurnEnded(turn=1)]) == []

    def test_an_empty_final_empties_the_tail(self) -> None:
        """Words of a Partial that a Final leaves out are gone from the next restatement."""
        events = fold([Final(turn=1, text="a"), Partial(turn=1, text=" b"), Final(turn=1, text="")])
        assert shown(events) == [(0, "a", 1, False), (0, "a b", 1, False), (0, "a", 1, False)]

    def test_a_withdrawn_partial_leaves_no_place(self) -> None:
        """A turn whose tail was emptied does not push the order of the next."""
        events = fold([Partial(turn=1, text="a"), Partial(turn=1, text=""), Partial(turn=2, text="b")])
        assert shown(events) == [(0, "a", 0, False), (0, "b", 0, False)]

    def test_words_after_the_end_open_the_next_turn(self) -> None:
        """A key that ended and speaks again is a new turn."""
        turn: list[SessionEvent] = [Final(turn=1, text="a"), TurnEnded(turn=1)]
        assert [t.turn_order for t in ended(fold(turn * 3))] == [0, 1, 2]

    def test_times_and_words_span_the_turn(self) -> None:
        """Start is the first word's or what the vendor says, end the last one's, tail included."""
        first = Final(turn=1, text="a b", words=(word("a", 1.0), word("b", 2.0)))
        (one,) = [e for e in fold([first]) if isinstance(e, Turn)]
        assert (one.start, one.end) == (1.0, 2.5)
        tail = Partial(turn=1, text=" c", words=(word("c", 3.0),))
        last = fold([first, tail])[-1]
        assert isinstance(last, Turn)
        assert (last.start, last.end, [w.text for w in last.words]) == (1.0, 3.5, ["a", "b", "c"])
        over = fold([first, tail, Final(turn=1, text=" c", start=3.1, end=3.4), TurnEnded(turn=1)])[-1]
        assert isinstance(over, Turn)
        assert (over.start, over.end) == (1.0, 2.5)

    def test_a_turn_without_any_time_has_none(self) -> None:
        """A missing value is None, never 0."""
        (turn,) = ended(fold([Final(turn=1, text="a"), TurnEnded(turn=1)]))
        assert (turn.start, turn.end) == (None, None)
        timed = fold([Final(turn=1, text="a", start=1.0, end=2.0), Partial(turn=1, text=" b", start=2.0, end=4.0)])[-1]
        assert isinstance(timed, Turn)
        assert (timed.start, timed.end) == (1.0, 4.0)

    def test_the_end_carries_what_the_last_final_and_the_end_say(self) -> None:
        """Language, speaker and confidence are the last Final's; end confidence and formatting the TurnEnded's."""
        final = Final(turn=1, text="a", language="en", speaker="A", confidence=0.9, raw="final")
        (turn,) = ended(fold([final, TurnEnded(turn=1, confidence=0.7, formatted=True, raw="end")]))
        assert (turn.language, turn.speaker, turn.confidence) == ("en", "A", 0.9)
        assert (turn.end_of_turn_confidence, turn.turn_is_formatted, turn.raw) == (0.7, True, "end")
        (turn,) = ended(fold([final, TurnEnded(turn=1)]))
        assert (turn.raw, turn.provider, turn.received_at) == ("final", "plain", 2.0)

    def test_unconfirmed_and_eager_show(self) -> None:
        """One Final that nobody settled marks its whole turn; an eager guess is marked while it is the tail."""
        events = fold([Partial(turn=1, text="a", eager=True), Final(turn=1, text="a", confirmed=False)])
        final = Final(turn=1, text=" b")
        first, second, third = (event for event in [*events, *fold([final])] if isinstance(event, Turn))
        assert (first.eager, first.confirmed) == (True, True)
        assert (second.eager, second.confirmed) == (False, False)
        assert third.confirmed


class TestOpenTurns:
    def test_a_promise_takes_the_first_place(self) -> None:
        """A turn with text that will not change comes before those that only guess, and ends under that order."""
        events = fold(
            [
                Partial(turn=1, text="x"),
                Partial(turn=2, text="y"),
                Final(turn=2, text="y"),
                TurnEnded(turn=2),
                Partial(turn=1, text="xx"),
            ]
        )
        assert shown(events) == [
            (0, "x", 0, False),
            (1, "y", 0, False),
            (0, "y", 1, False),
            (0, "y", 1, True),
            (1, "xx", 0, False),
        ]

    def test_an_end_out_of_order_ends_what_was_promised_before(self) -> None:
        """The earlier turn cannot move up, so it ends too; its tail begins the next turn."""
        events = fold(
            [
                Final(turn=1, text="x"),
                Partial(turn=1, text=" guess"),
                Final(turn=2, text="y"),
                TurnEnded(turn=2),
                Final(turn=1, text=" z"),
                TurnEnded(turn=1),
            ]
        )
        assert [(t.turn_order, t.transcript) for t in ended(events)] == [(0, "x"), (1, "y"), (2, " z")]

    def test_a_promised_tail_ends_with_its_turn_and_is_not_said_again(self) -> None:
        """Characters that went out as promised are taken off what the vendor says later; the rest follows."""
        words = (word("good", 0.0, ""), word("day", 1.0), word("sir", 2.0))
        tail = Partial(turn=1, text="good day sir", words=words, stable=8, language="en")
        events = fold(
            [
                tail,
                Final(turn=2, text="y"),
                TurnEnded(turn=2),
                tail,
                Final(turn=1, text="good", words=words[:1]),
                Final(turn=1, text=" day sir", words=words[1:]),
                TurnEnded(turn=1),
            ]
        )
        first, second, third = ended(events)
        assert (first.transcript, first.words, first.start, first.end) == ("good day", words[:2], 0.0, 1.5)
        assert (first.language, first.stable_length) == ("en", 8)
        assert second.transcript == "y"
        assert (third.transcript, third.words) == (" sir", words[2:])
        assert (2, " sir", 0, False) in shown(events)

    def test_channels_count_apart(self) -> None:
        """Each channel numbers its own turns from 0, even where the vendor's keys are alike."""
        events: list[SessionEvent] = [
            Final(turn=1, text="a"),
            Final(turn=1, text="b", channel=1),
            TurnEnded(turn=1, channel=1),
            TurnEnded(turn=1),
        ]
        assert [(t.channel, t.turn_order, t.transcript) for t in ended(fold(events))] == [(1, 0, "b"), (0, 0, "a")]


class TestRevisions:
    TURN = (Final(turn=1, text="a b", words=(word("a"), word("b")), speaker="A"), TurnEnded(turn=1))

    def test_a_revision_carries_the_whole_new_state(self) -> None:
        """What it does not mention stays as it was, over several revisions."""
        events = fold([*self.TURN, Revised(turn=1, text="A b.", formatted=True), Revised(turn=1, speaker="B")])
        first, second = (event for event in events if isinstance(event, TurnRevised))
        assert (first.turn_order, first.transcript, first.speaker, first.turn_is_formatted) == (0, "A b.", "A", True)
        assert (second.transcript, second.speaker, second.turn_is_formatted) == ("A b.", "B", True)
        assert second.words == self.TURN[0].words

    def test_nothing_takes_the_text_away(self) -> None:
        """An empty text in a revision leaves the words as they were."""
        (revised,) = [e for e in fold([*self.TURN, Revised(turn=1, text="")]) if isinstance(e, TurnRevised)]
        assert revised.transcript == "a b"

    @pytest.mark.parametrize("event", [Revised(turn=2, text="x"), Revised(turn=1, channel=3, text="x")])
    def test_a_revision_of_no_turn_is_passed_over(self, event: Revised) -> None:
        """Unknown keys and channels have nothing to revise; nor has a turn that is still open."""
        assert fold([*self.TURN, event]) == fold([*self.TURN])
        assert fold([self.TURN[0], Revised(turn=1, text="x")]) == fold([self.TURN[0]])

    @pytest.mark.parametrize("mode", ["wait", "revise"])
    def test_a_formatted_text_that_comes_late_is_a_revision(self, mode: str) -> None:
        """Whoever waits for it too, where it came later than was waited for: the turn has ended once already."""
        events: list[SessionEvent] = [*self.TURN, Revised(turn=1, text="A b.", formatted=True)]
        last = fold(events, formatted_turns=mode)[-1]
        assert isinstance(last, TurnRevised)
        assert (last.turn_order, last.transcript, last.turn_is_formatted) == (0, "A b.", True)

    def test_raw_turns_are_not_formatted_afterwards(self) -> None:
        """With ``formatted_turns="raw"`` a formatted text is dropped, a speaker is not."""
        events: list[SessionEvent] = [*self.TURN, Revised(turn=1, text="A b.", formatted=True)]
        assert fold(events, formatted_turns="raw") == fold([*self.TURN])
        assert fold([*self.TURN, Revised(turn=1, speaker="B", formatted=True)], formatted_turns="raw")[-1] == (
            TurnRevised(
                turn_order=0,
                transcript="a b",
                words=(word("a"), word("b")),
                speaker="B",
                turn_is_formatted=True,
            )
        )

    def test_only_the_last_turns_are_remembered(self) -> None:
        """Hours of turns do not pile up: a revision of one long gone is passed over."""
        events: list[SessionEvent] = []
        for turn in range(KEPT + 1):
            events += [Final(turn=turn, text="a"), TurnEnded(turn=turn)]
        late = fold([*events, Revised(turn=0, text="x"), Revised(turn=1, text="y")])
        assert [e.turn_order for e in late if isinstance(e, TurnRevised)] == [1]

    def test_a_key_that_ends_again_is_remembered_anew(self) -> None:
        """A revision speaks of the latest turn of its key."""
        events: list[SessionEvent] = [*self.TURN]
        for turn in range(2, KEPT + 1):
            events += [Final(turn=turn, text="a"), TurnEnded(turn=turn)]
        events += [*self.TURN, Final(turn=0, text="a"), TurnEnded(turn=0)]
        late = fold([*events, Revised(turn=1, speaker="B")])[-1]
        assert isinstance(late, TurnRevised)
        assert late.turn_order == KEPT


class TestTheRest:
    def test_begin_says_what_was_agreed(self) -> None:
        """Begin is the vendor's greeting with our provider's name; what came before it follows it."""
        turns = Turns("plain")
        assert turns.fold([Warned("early", "text"), Final(turn=1, text="a")], 1.0) == []
        begin, notice, turn = turns.fold([STARTED], 2.0)
        assert begin == Begin(provider="plain", session_id="s-1", model="m-1", settings={"rate": 16000})
        assert notice == Notice("early", "text")
        assert isinstance(turn, Turn)

    def test_a_handshake_that_fails_shows_nothing(self) -> None:
        """No session, no events: the error raises from the call that connects."""
        turns = Turns("plain")
        assert turns.fold([Warned("early", "text"), Failed(ConnectionLost("plain", "refused"))], 1.0) == []

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (Warned("retired", "model is retired"), [Notice("retired", "model is retired")]),
            (Configured("c", True), []),
            (Configured("c", False, "cannot"), [Notice("configure_refused", "cannot")]),
            (Finalized("f", "timeout"), [Notice("finalize_timeout", "the vendor did not answer a finalize in time")]),
            (Finalized("f", "vendor"), []),
            (Settled(1.0), []),
            (AudioTaken(1.0), []),
            (Unmapped({"x": 1}), []),  # unless asked for, see below
            (SpeechStarted(1.5), [SpeechStarted(1.5)]),
            (AudioGap(1.0, 2.0), [AudioGap(1.0, 2.0)]),
            (Reconnecting(1, 0.5, "reset"), [Reconnecting(1, 0.5, "reset")]),
            (
                Reconnected(seam=1.0, settled=1.0, resumed=False, replayed=0.0, lag=0.0),
                [Reconnected(seam=1.0, settled=1.0, resumed=False, replayed=0.0, lag=0.0)],
            ),
        ],
    )
    def test_other_events(self, event: SessionEvent, expected: list[StreamEvent]) -> None:
        """What is for the application passes, what is for the session does not."""
        assert fold([event]) == expected

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (
                Stopped("stopped", 10.0, 9.5, 0.0),
                Termination(complete=True, reason="stopped", audio_seconds=10.0, session_seconds=9.5),
            ),
            (
                Stopped("audio lost", 10.0, None, 2.0),
                Termination(complete=False, reason="audio lost", audio_seconds=10.0, unconfirmed_seconds=2.0),
            ),
            (
                Stopped("stopped", 10.0, None, 2.0),
                Termination(complete=False, reason="stopped", audio_seconds=10.0, unconfirmed_seconds=2.0),
            ),
            (Stopped("closed"), Termination(complete=False, reason="closed")),
            (
                Failed(ConnectionLost("plain", "reset"), 3.0, 1.0),
                Termination(complete=False, reason="plain: reset", audio_seconds=3.0, unconfirmed_seconds=1.0),
            ),
        ],
    )
    def test_termination_says_whether_all_was_heard(self, event: SessionEvent, expected: Termination) -> None:
        """Complete only where we stopped, the vendor agreed, and every second was settled."""
        assert fold([event]) == [expected]

    def test_a_repr_shows_no_text(self) -> None:
        """Lengths and times show, what was said does not."""
        events = fold([Final(turn=1, text="canary", words=(word("canary"),), raw="canary"), TurnEnded(turn=1)])
        events += fold([*TestRevisions.TURN, Revised(turn=1, text="canary", raw="canary")])
        assert "canary" not in repr(events)


def test_a_vendor_that_breaks_its_promise_begins_another_turn() -> None:
    """What was promised stands and ends there; what contradicts it is the next turn, and nothing is lost."""
    events = fold([Partial(turn=1, text="one", stable=3), Final(turn=1, text="two"), TurnEnded(turn=1)])
    assert [(turn.turn_order, turn.transcript) for turn in ended(events)] == [(0, "one"), (1, "two")]


def test_a_promise_outlives_a_partial_that_promises_less() -> None:
    """And a Final that is shorter than it: the rest comes again."""
    shown = fold([Partial(turn=1, text="one two", stable=7), Partial(turn=1, text="one two three", stable=0)])[-1]
    assert isinstance(shown, Turn)
    assert shown.stable_length == 7
    shown = fold([Partial(turn=1, text="one two", stable=7), Final(turn=1, text="one")])[-1]
    assert isinstance(shown, Turn)
    assert (shown.transcript, shown.stable_length) == ("one two", 7)


def test_a_promise_stands_when_the_end_has_no_text() -> None:
    """What was promised and is neither said nor taken back by the end is the turn."""
    events: list[SessionEvent] = [
        Partial(turn=0, text="one two", stable=3),
        TurnEnded(turn=0),
        Partial(turn=1, text="two"),
    ]
    assert shown(fold(events)) == [(0, "one two", 3, False), (0, "one", 3, True), (1, "two", 0, False)]


def test_what_has_no_event_comes_as_it_is_where_that_was_asked_for() -> None:
    """A translation has no neutral words; its text is in no repr."""
    said = Unmapped({"message": "AddTranslation", "results": [{"content": "à midi"}]})
    [told] = fold([said], vendor_messages=True)
    assert told == VendorMessage("plain", said.raw)
    assert "midi" not in repr(told)
    assert fold([said]) == []
