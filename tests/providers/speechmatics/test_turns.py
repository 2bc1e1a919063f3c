"""Pieces of transcript to turns: literal messages in, exact events out."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.speechmatics.rt.client import Client

from aai_migrate.config import Config
from aai_migrate.wire.commands import Finalize, Stop
from aai_migrate.wire.events import Final, Finalized, Partial, Revised, Settled, TurnEnded

from .wire import OVER, final, hear, over, p, partial, said, separate, settled, shown, started, w, word

SENTENCES = Config(turn_silence=0.0)
COULD, YOU, MOVE = w("Could", 0.4, 0.6), w("you", 0.6, 0.8), w("move", 0.8, 1.2)
MY, VISIT = w("my", 1.2, 1.4), w("visit", 1.4, 2.0)
NOTHING = partial()


def rt(config: Config | None = None) -> Client:
    client = started(config)
    assert isinstance(client, Client)
    return client


# Text.


def test_partials_restate_what_stands_behind_the_last_final() -> None:
    """A final may take only the first words of a partial, and spell them differently."""
    client = rt()
    assert shown(hear(client, partial(w("could", 0.4, 0.6), w("you", 0.6, 0.8)))) == [
        ("speech", 0.4),
        ("partial", (0, 0), "could you"),
    ]
    assert shown(hear(client, final(COULD))) == [("final", (0, 0), "Could"), ("partial", (0, 0), " you")]
    assert shown(hear(client, partial(YOU, w("moved", 0.8, 1.1)))) == [("partial", (0, 0), " you moved")]
    assert shown(hear(client, final(YOU, MOVE))) == [("final", (0, 0), " you move")]
    assert shown(hear(client, over(2.0))) == [("end", (0, 0), "vendor", 1.2)]


def test_a_mark_is_not_shown_without_its_word() -> None:
    """It was a guess about a word that is final now; a word whose middle is behind the final lives on."""
    client = rt()
    hear(client, partial(w("so", 0.4, 0.6), p(",", 0.66), w("it", 0.6, 0.9)))
    assert shown(hear(client, final(w("So", 0.4, 0.65)))) == [("final", (0, 0), "So"), ("partial", (0, 0), " it")]
    hear(client, partial(w("it", 0.6, 0.9), p(".", 0.9)))
    assert shown(hear(client, final(w("it", 0.65, 0.88)))) == [("final", (0, 0), " it")]


def test_a_final_without_a_partial_before_it_starts_speech_too() -> None:
    """As after ForceEndOfUtterance, or where partials are off."""
    assert shown(hear(rt(), final(COULD, YOU)))[:2] == [("speech", 0.4), ("final", (0, 0), "Could you")]


def test_words_have_times_confidence_and_speaker_once_they_are_final() -> None:
    """Before that the vendor's are guesses."""
    client = rt()
    [_, part] = hear(client, partial(w("could", 0.4, 0.6, "S2")))
    assert isinstance(part, Partial)
    assert part.words == (word("could", 0.4, 0.6, final=False, joiner=""),)
    assert (part.speaker, part.confidence, part.start, part.end, part.language) == (None, None, 0.4, 0.6, "en")
    items = hear(client, final(w("Could", 0.4, 0.6, "S1"), w("you", 0.6, 0.8, "S1", confidence=0.7)))
    [said_] = [item for item in items if isinstance(item, Final)]
    first, second = said_.words
    assert first == word("Could", 0.4, 0.6, joiner="", speaker="S1")
    assert (second.text, second.joiner, second.confidence, second.is_final) == ("you", " ", 0.7, True)
    assert (said_.speaker, said_.start, said_.end) == ("S1", 0.4, 0.8)
    assert said_.confidence == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("speakers", "told"),
    [(("S1", "S1"), "S1"), (("S1", "S2"), None), (("S1", "UU"), "S1"), (("UU", "UU"), "UU"), ((None, None), None)],
)
def test_who_speaks_a_piece(speakers: tuple[Any, Any], told: str | None) -> None:
    """One, where it is one; who could not be told goes with the others; each word keeps its own."""
    items = hear(rt(), final(w("Yes", 0.1, 0.3, speakers[0]), w("no", 0.4, 0.6, speakers[1])))
    [piece] = [item for item in items if isinstance(item, Final)]
    assert piece.speaker == told
    assert tuple(each.speaker for each in piece.words) == speakers


def test_the_ready_text_is_not_looked_at() -> None:
    """A mark that comes alone would have a blank before it."""
    client = rt()
    text = said("AddTranscript", metadata={"start_time": 0.0, "end_time": 1.0, "transcript": "never this"}, results=[])
    assert shown(hear(client, text)) == []


def test_a_mark_in_its_own_final_sticks_to_its_word() -> None:
    """The utterance is still open."""
    client = rt()
    hear(client, final(MY, VISIT))
    assert shown(hear(client, final(p("?", 2.0, eos=True)))) == [("final", (0, 0), "?")]
    assert shown(hear(client, over(2.68))) == [("end", (0, 0), "vendor", 2.0)]


def test_a_mark_that_comes_after_its_turn_revises_it() -> None:
    """It is formatting, no word: no turn is opened by it."""
    client = rt()
    hear(client, final(MY, VISIT), over(2.68))
    [revised, mark] = hear(client, final(p("?", 2.0, eos=True)))
    assert isinstance(revised, Revised)
    assert (revised.turn, revised.text, revised.words[-1].text) == ((0, 0), "my visit?", "visit?")
    assert mark == Settled(2.0, 0)
    assert shown(hear(client, final(p("!", 2.0)))) == [("revised", (0, 0), "my visit?!")]


def test_a_late_mark_and_the_next_words_in_one_final() -> None:
    """The mark goes back, the words open the next turn."""
    client = rt()
    hear(client, final(MY, VISIT), over(2.68))
    assert shown(hear(client, final(p(".", 2.0, eos=True), w("Yes", 3.0, 3.2)))) == [
        ("revised", (0, 0), "my visit."),
        ("speech", 3.0),
        ("final", (0, 1), "Yes"),
    ]


def test_a_late_mark_leaves_what_is_shown() -> None:
    """And what is before it goes."""
    client = rt()
    hear(client, final(MY, VISIT), over(2.68), partial(w("yes", 2.9, 3.1)))
    assert shown(hear(client, final(p(".", 2.0, eos=True)))) == [
        ("revised", (0, 0), "my visit."),
        ("partial", (0, 1), "yes"),
    ]
    assert shown(hear(client, final(p("!", 3.2)))) == [("revised", (0, 0), "my visit.!"), ("partial", (0, 1), "")]


def test_a_mark_before_any_turn_is_nobodys() -> None:
    """There is no word that it could stick to."""
    client = rt()
    assert shown(hear(client, final(p(".", 0.2)), partial(p(".", 0.2)), over(0.4), NOTHING)) == []


# Silence.


def test_an_empty_final_settles_its_window() -> None:
    """But for its last 0.1 s: a word may begin 0.08 s before the end of one."""
    client = rt()
    assert settled(hear(client, final(window=(0.0, 0.36)))) == [(0.26, 0)]
    assert settled(hear(client, final(window=(0.0, 0.1)))) == []
    hear(client, partial(w("so", 0.5, 0.7)))
    assert hear(client, final(window=(0.36, 0.96))) == [Settled(0.5, 0)]  # what is shown may still become final
    assert shown(hear(client, final(window=(0.0, 0.1)))) == []


def test_words_settle_up_to_their_end() -> None:
    """Not up to the end of the window: the next may begin in it."""
    assert settled(hear(rt(), final(COULD, window=(0.0, 1.2)))) == [(0.6, 0)]


def test_a_word_before_the_end_of_an_empty_window_is_taken() -> None:
    """As it was seen in a real session."""
    client = rt()
    hear(client, final(window=(2.68, 3.04)))
    assert shown(hear(client, final(w("Tuesday", 2.96, 3.4))))[1] == ("final", (0, 0), "Tuesday")


# Ends.


def test_an_end_with_nothing_open_is_none() -> None:
    """What is shown is left: it was not said to be final."""
    client = rt()
    assert hear(client, over(0.5)) == []
    hear(client, partial(w("so", 0.5, 0.7)))
    assert hear(client, over(0.9)) == []
    assert shown(hear(client, final(w("So", 0.5, 0.7)), over(1.4))) == [
        ("final", (0, 0), "So"),
        ("end", (0, 0), "vendor", 0.7),
    ]


def test_an_end_commits_nothing_that_is_shown() -> None:
    """It is taken back, and shown again with the next partial."""
    client = rt()
    hear(client, final(MY), partial(VISIT))
    assert shown(hear(client, over(2.2))) == [("partial", (0, 0), ""), ("end", (0, 0), "vendor", 1.4)]
    assert shown(hear(client, partial(VISIT))) == [("speech", 1.4), ("partial", (0, 1), "visit")]


def test_the_last_words_end_with_the_session() -> None:
    """What was shown and did not become final was nothing: left standing, it would be delivered as unconfirmed."""
    client = rt()
    hear(client, final(MY), partial(VISIT))
    client.send(Stop(), 0.0)
    out = hear(client, OVER)
    assert shown(out)[:2] == [("partial", (0, 0), ""), ("end", (0, 0), "stop", 1.4)]
    client = rt()
    hear(client, partial(VISIT))
    client.send(Stop(), 0.0)
    assert shown(hear(client, OVER))[:1] == [("partial", (0, 0), "")]


def test_a_turn_says_whether_it_is_punctuated() -> None:
    """Punctuation is all that there is to formatting."""
    for config, formatted in ((Config(), True), (Config(formatting=False), False)):
        [end] = [e for e in hear(rt(config), final(MY), over(2.0)) if isinstance(e, TurnEnded)]
        assert end.formatted is formatted


# A sentence as a turn.


def test_without_a_silence_a_sentence_is_a_turn() -> None:
    """Also where the next begins in the same final, or the mark comes by itself; a comma ends none."""
    client = rt(SENTENCES)
    out = hear(
        client,
        final(w("Well", 0.1, 0.3), p(",", 0.3), w("no", 0.4, 0.5), p(".", 0.5, eos=True), w("Why", 0.7, 0.9)),
        final(w("so", 1.0, 1.2)),
        final(p("?", 1.2, eos=True)),
    )
    assert shown(out) == [
        ("speech", 0.1),
        ("final", (0, 0), "Well, no."),
        ("end", (0, 0), "vendor", 0.5),
        ("speech", 0.7),
        ("final", (0, 1), "Why"),
        ("final", (0, 1), " so"),
        ("final", (0, 1), "?"),
        ("end", (0, 1), "vendor", 1.2),
    ]
    assert settled(out) == [(0.9, 0), (1.2, 0), (1.2, 0)]


def test_a_quote_behind_the_mark_belongs_to_the_sentence() -> None:
    """It sticks to what stands before it."""
    items = [w("Yes", 0.1, 0.3), p(".", 0.3, eos=True), p('"', 0.3), w("So", 0.5, 0.7)]
    assert shown(hear(rt(SENTENCES), final(*items))) == [
        ("speech", 0.1),
        ("final", (0, 0), 'Yes."'),
        ("end", (0, 0), "vendor", 0.3),
        ("speech", 0.5),
        ("final", (0, 1), "So"),
    ]


def test_only_a_mark_ends_a_sentence() -> None:
    """No word does, whatever is said of it."""
    assert shown(hear(rt(SENTENCES), final(w("Yes", 0.1, 0.3) | {"is_eos": True})))[-1] == ("final", (0, 0), "Yes")


def test_what_is_shown_behind_a_sentence_is_of_the_next_turn() -> None:
    """With its own start of speech, before its words."""
    client = rt(SENTENCES)
    hear(client, partial(w("yes", 0.1, 0.3), w("so", 0.5, 0.7)))
    assert shown(hear(client, final(w("Yes", 0.1, 0.3), p(".", 0.3, eos=True)))) == [
        ("final", (0, 0), "Yes."),
        ("end", (0, 0), "vendor", 0.3),
        ("speech", 0.5),
        ("partial", (0, 1), "so"),
    ]


def test_with_a_silence_a_sentence_is_no_turn() -> None:
    """One utterance may hold several."""
    items = [w("Yes", 0.1, 0.3), p(".", 0.3, eos=True), w("So", 0.5, 0.7), p(".", 0.7, eos=True)]
    assert shown(hear(rt(), final(*items), over(1.5)))[1:] == [
        ("final", (0, 0), "Yes. So."),
        ("end", (0, 0), "vendor", 0.7),
    ]


# Ends that were asked for.


@pytest.mark.parametrize("marks", [{"forced": True}, {}])
def test_an_end_that_was_asked_for(marks: dict[str, Any]) -> None:
    """Servers of before July 2026 do not say so: the time tells."""
    client = rt()
    client.send(Finalize("f"), 0.0)  # behind 60 s of audio
    hear(client, final(MY, **marks))
    assert shown(hear(client, over(59.9, **marks))) == [("end", (0, 0), "forced", 1.4), (Finalized("f"),)]
    hear(client, final(VISIT))
    assert shown(hear(client, over(59.95))) == [("end", (0, 1), "vendor", 2.0)]


def test_an_end_of_before_it_was_asked_for_is_no_answer() -> None:
    """It was under way; the one that was asked for comes yet."""
    client = rt()
    client.send(Finalize("f"), 0.0)
    assert shown(hear(client, final(MY), over(2.0)))[-1] == ("end", (0, 0), "vendor", 1.4)
    assert shown(hear(client, over(60.0))) == [(Finalized("f"),)]


def test_an_unmarked_answer_speaks_of_nearly_all_the_audio() -> None:
    """To a quarter of a second: what was sent last may not have been listened to."""
    client = rt()
    client.send(Finalize("f"), 0.0)
    assert hear(client, over(59.7)) == []
    assert hear(client, over(59.75)) == [Finalized("f")]


def test_an_answer_with_nothing_open() -> None:
    """Answers; no turn is made of it. A mark without one who asked is not worried about."""
    client = rt()
    client.send(Finalize("f"), 0.0)
    assert hear(client, over(60.0, forced=True)) == [Finalized("f")]
    assert hear(client, over(60.0, forced=True)) == []


def test_several_are_answered_in_order() -> None:
    """Each by its own, or all at once by one that speaks of all the audio: some are not answered at all."""
    client = rt()
    client.send(Finalize("f"), 0.0)
    client.send(Finalize("g"), 0.0)
    assert hear(client, over(60.0, forced=True)) == [Finalized("f"), Finalized("g")]
    client.send(Finalize("h"), 0.0)
    client.send(Finalize("i"), 0.0)
    assert hear(client, over(3.0, forced=True)) == [Finalized("h")]
    assert hear(client, said("EndOfUtterance", forced=True)) == [Finalized("i")]


def test_those_that_are_not_answered_end_with_the_session() -> None:
    """Everything is settled then."""
    client = rt()
    client.send(Finalize("f"), 0.0)
    client.send(Stop(), 0.0)
    assert shown(hear(client, OVER))[0] == (Finalized("f", "settled"),)


# Channels.


def test_each_channel_has_turns_and_marks_of_its_own() -> None:
    """A label that nobody gave is the first: its words must not be lost. Older servers say it in every result."""
    client = rt(separate())
    out = hear(
        client,
        final(MY, channel="channel_1"),
        final(w("Sure", 0.4, 0.7), channel="channel_2"),
        final(w("and", 1.6, 1.8)),
        final(w("so", 2.0, 2.2) | {"channel": "channel_2"}),
        final(window=(2.0, 3.0), channel="channel_1"),
        over(2.5, channel="channel_2"),
        over(2.6, channel="elsewhere"),
    )
    assert shown(out) == [
        ("speech", 1.2),
        ("final", (0, 0), "my"),
        ("speech", 0.4),
        ("final", (1, 0), "Sure"),
        ("final", (0, 0), " and"),
        ("final", (1, 0), " so"),
        ("end", (1, 0), "vendor", 2.2),
        ("end", (0, 0), "vendor", 1.8),
    ]
    assert settled(out) == [(1.4, 0), (0.7, 1), (1.8, 0), (2.2, 1), (2.9, 0)]


def test_a_finalize_of_all_channels_waits_for_all() -> None:
    """And one of a channel for its own."""
    client = rt(separate())
    client.send(Finalize("f"), 0.0)
    assert hear(client, over(30.0, forced=True, channel="channel_2")) == []
    assert hear(client, over(30.0, forced=True, channel="channel_1")) == [Finalized("f")]
    client.send(Finalize("g", 1), 0.0)
    assert hear(client, over(30.0, forced=True, channel="channel_1")) == []
    assert hear(client, over(30.0, forced=True, channel="channel_2")) == [Finalized("g")]
