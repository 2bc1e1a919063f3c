"""Spans to turns at ``/v1/listen``: each rule and each edge case of the vendor's pages, by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aai_migrate.config import Config
from aai_migrate.wire.commands import Audio, Finalize, Stop
from aai_migrate.wire.events import Final, Finalized, Partial, Settled, SpeechStarted, Stopped, TurnEnded, Unmapped
from aai_migrate.wire.frames import Close

from .wire import (
    METADATA,
    ended,
    hear,
    results,
    separate,
    settled,
    speech_started,
    started,
    utterance_end,
    word,
)


def shown(items: list[Any]) -> list[Any]:
    """What events say, in short; marks of what is settled are left out, in a mono stream the channel too."""
    found: list[Any] = []
    for item in items:
        match item:
            case Partial():
                found.append(("partial", item.turn, item.text))
            case Final():
                found.append(("final" if item.confirmed else "final?", item.turn, item.text))
            case TurnEnded():
                found.append(("end", item.turn, item.reason))
            case SpeechStarted(at, channel):
                found.append(("speech", channel, at))
            case Finalized(id_, by):
                found.append(("finalized", id_, by))
            case Stopped():
                found.append("stopped")
            case Unmapped():
                found.append("unmapped")
            case Settled():
                pass
            case _:
                raise AssertionError(item)
    return found


def told(*texts: str, client: Any = None) -> list[Any]:
    """What the last of *texts* brings about, after the others."""
    client = client or started()
    hear(client, *texts[:-1])
    return shown(hear(client, texts[-1]))


A, B = (0, 0), (0, 1)
SO = settled(0.0, 2.0, "So it goes")
GOES = ("final", A, "So it goes")


# Rule 1: interim results.


def test_an_interim_opens_a_turn_at_its_first_word() -> None:
    """And says that speech began, once."""
    client = started()
    first = hear(client, results(1.0, 1.0, "so it", ("so", 1.2, 1.4), ("it", 1.5, 1.6)))
    assert first == [
        SpeechStarted(1.2),
        Partial(
            turn=A,
            text="so it",
            words=(word("so", 1.2, 1.4, final=False, joiner=""), word("it", 1.5, 1.6, final=False)),
            start=1.2,
            end=1.6,
            confidence=0.93,
        ),
    ]
    assert shown(hear(client, results(1.0, 2.0, "so it goes"))) == [("partial", A, "so it goes")]


def test_an_interim_replaces_the_one_before() -> None:
    """It restates its whole span, may be shorter and may begin with another word."""
    assert told(results(0, 1, "sew it goes on"), results(0, 2, "So it")) == [("partial", A, "So it")]


def test_an_interim_after_settled_text_is_its_tail() -> None:
    """Joined to it by one space."""
    assert told(SO, results(2.0, 1.0, "and on")) == [("partial", A, " and on")]


def test_an_empty_interim_takes_back_what_was_shown_and_keeps_what_is_settled() -> None:
    """And an empty one after nothing is nothing."""
    assert told(SO, results(2.0, 1.0, "and"), results(2.0, 2.0, "")) == [("partial", A, "")]
    assert told(SO, results(2.0, 1.0, "and"), results(2.0, 2.0, ""), utterance_end(1.9)) == [("end", A, "vendor")]
    assert told(results(0.0, 1.0, "")) == []
    assert told(SO, results(2.0, 1.0, "")) == []


# Rule 2: finals.


def test_a_final_appends_and_empties_the_tail() -> None:
    """The turn stays open until something ends it."""
    client = started()
    assert shown(hear(client, results(0, 2, "so it goes"), SO))[2:] == [GOES]
    assert shown(hear(client, settled(2.0, 2.0, "and on."))) == [("final", A, " and on.")]


def test_a_final_opens_a_turn_where_no_interim_did() -> None:
    """As all do where there are no interim results."""
    assert told(SO) == [("speech", 0, 0.0), GOES]


def test_an_empty_final_settles_silence_only() -> None:
    """It says nothing of a turn."""
    assert hear(started(), settled(0.0, 5.0)) == [Settled(5.0)]


def test_an_empty_final_takes_back_text_that_evaporated() -> None:
    """What was shown was nothing."""
    client = started()
    hear(client, results(0.0, 1.0, "hm"))
    assert hear(client, settled(0.0, 2.0))[-1] == Settled(2.0)
    assert shown(hear(client, ended(2.0, 1.0))) == []
    client = started()
    hear(client, results(0.0, 1.0, "hm"))
    assert shown(hear(client, settled(0.0, 2.0))) == [("partial", A, "")]


def test_a_final_that_is_shorter_than_the_last_interim() -> None:
    """Its tail is restated in the next span, and not lost meanwhile."""
    client = started()
    hear(client, results(0.0, 3.0, "so it goes and on"))
    assert shown(hear(client, SO)) == [GOES]
    assert shown(hear(client, results(2.0, 1.5, "and on"))) == [("partial", A, " and on")]


def test_a_final_that_differs_from_its_interim() -> None:
    """Case, punctuation and digits: the final is right."""
    assert told(results(0, 1, "four one"), settled(0, 2, "4 1.")) == [("final", A, "4 1.")]


def test_a_final_settles_its_whole_span() -> None:
    """Not more than was sent, whatever it says."""
    assert hear(started(), settled(0.0, 2.5, "So", ("So", 0.1, 0.4)))[-1] == Settled(2.5)
    assert hear(started(seconds=1.0), settled(0.0, 2.5, "So", ("So", 0.1, 0.4)))[-1] == Settled(1.0)


# Rule 3: speech_final.


def test_speech_final_ends_the_turn_with_its_own_text() -> None:
    """And with all that was settled before."""
    assert told(SO, ended(2.0, 1.0, "and on.")) == [("final", A, " and on."), ("end", A, "vendor")]


def test_an_empty_closing_message_ends_the_turn_with_earlier_text() -> None:
    """What ends it often has no text: that it has none says nothing."""
    assert told(SO, ended(2.0, 1.0)) == [("end", A, "vendor")]


def test_speech_final_with_nothing_settled_ends_nothing() -> None:
    """There is no empty turn."""
    assert told(ended(0.0, 1.0)) == []
    assert told(SO, ended(2.0, 1.0), ended(3.0, 1.0)) == []


def test_speech_final_of_what_is_not_final_is_final() -> None:
    """The vendor's own sample shows it."""
    assert told(results(0.0, 1.0, "Right.", speech=True)) == [
        ("speech", 0, 0.0),
        ("final", A, "Right."),
        ("end", A, "vendor"),
    ]


def test_the_end_of_a_turn_is_where_its_last_word_ends() -> None:
    """Whatever silence was behind it."""
    client = started()
    hear(client, settled(0.0, 2.0, "So", ("So", 0.5, 0.9)))
    [end] = [item for item in hear(client, ended(2.0, 1.0)) if isinstance(item, TurnEnded)]
    assert end == TurnEnded(turn=A, at=0.9, reason="vendor", formatted=True)


@pytest.mark.parametrize(
    ("config", "formatted"),
    [
        (Config(), True),
        (Config(formatting=True), True),
        (Config(formatting=False), False),
        (Config(formatting=False, extra={"deepgram": {"smart_format": True}}), True),
        (Config(formatting=False, extra={"deepgram": {"detect_entities": "True"}}), True),
        (Config(extra={"deepgram": {"punctuate": "False"}}), False),
    ],
)
def test_a_turn_is_formatted_where_that_was_asked_for(config: Config, formatted: bool) -> None:
    """Smart format and entities imply punctuation."""
    [end] = [item for item in hear(started(config), ended(0.0, 1.0, "So.")) if isinstance(item, TurnEnded)]
    assert end.formatted is formatted
    client = started(config)
    hear(client, SO)
    client.send(Stop(), 0.0)
    [end] = [item for item in hear(client, METADATA) if isinstance(item, TurnEnded)]
    assert end.formatted is formatted


def test_speech_begins_anew_in_every_turn() -> None:
    """And is told with its first words."""
    assert told(ended(0.0, 1.0, "One."), results(2.0, 1.0, "two")) == [("speech", 0, 2.0), ("partial", B, "two")]


# Rule 4: from_finalize.


def finalized(client: Any, *ids: str, channel: int | None = None) -> Any:
    for id_ in ids:
        client.send(Finalize(id_, channel), 0.0)
    return client


def test_the_answer_to_a_finalize_ends_the_turn() -> None:
    """With its text, and the Finalize is done."""
    client = finalized(started(seconds=3.0), "f")
    assert told(SO, ended(2.0, 1.0, "please.", finalize=True), client=client) == [
        ("final", A, " please."),
        ("end", A, "forced"),
        ("finalized", "f", "vendor"),
    ]


def test_the_answer_to_our_finalize_ends_the_turn_without_speech_final_too() -> None:
    """It was sent for that."""
    client = finalized(started(seconds=3.0), "f")
    assert told(SO, settled(2.0, 1.0, "please.", finalize=True), client=client)[1:] == [
        ("end", A, "forced"),
        ("finalized", "f", "vendor"),
    ]


def test_from_finalize_that_we_did_not_ask_for_ends_nothing() -> None:
    """Without speech_final nothing says that anybody stopped."""
    assert told(SO, settled(2.0, 1.0, "please.", finalize=True)) == [("final", A, " please.")]


def test_a_finalize_with_a_pending_endpoint() -> None:
    """The ordinary final comes first, the answer is empty; the turn has ended once."""
    client = finalized(started(seconds=3.0), "f")
    assert told(SO, ended(2.0, 0.9, "please."), client=client)[1:] == [("end", A, "vendor")]
    assert told(ended(2.9, 0.1, finalize=True), client=client) == [("finalized", "f", "vendor")]


def test_an_empty_answer_to_a_finalize_ends_the_turn_that_is_open() -> None:
    """An ordinary final has brought its text already."""
    client = finalized(started(seconds=2.0), "f")
    assert told(SO, settled(2.0, 0.0, finalize=True), client=client) == [
        ("end", A, "forced"),
        ("finalized", "f", "vendor"),
    ]


def test_a_finalize_that_is_never_answered_changes_nothing() -> None:
    """The next turn ends as any other; who waits has a time limit of his own."""
    client = finalized(started(), "f")
    assert told(SO, ended(2.0, 1.0, "on."), client=client)[1:] == [("end", A, "vendor")]
    assert client.deadline is None
    assert told(ended(3.0, 1.0, "More."), client=client)[-1] == ("end", B, "vendor")


def test_one_answer_to_two_finalizes() -> None:
    """What was asked for before the audio it covers is done with it."""
    client = finalized(started(seconds=2.0), "f", "g")
    assert told(SO, settled(2.0, 0.0, finalize=True), client=client)[1:] == [
        ("finalized", "f", "vendor"),
        ("finalized", "g", "vendor"),
    ]


def test_a_finalize_of_later_audio_waits_for_its_own_answer() -> None:
    """The answer to one before covers less."""
    client = finalized(started(seconds=2.0), "f")
    client.send(Audio(bytes(96_000)), 0.0)
    finalized(client, "g")
    assert told(settled(0.0, 2.0, "One.", finalize=True), client=client)[-1] == ("finalized", "f", "vendor")
    assert told(settled(2.0, 3.0, "Two.", finalize=True), client=client)[-1] == ("finalized", "g", "vendor")


def test_a_finalize_is_answered_by_each_channel() -> None:
    """It is done when the last has."""
    client = finalized(started(separate(), seconds=2.5), "f")
    hear(client, settled(0.0, 1.8, "I'd like to cancel", channels=2), ended(0.0, 2.0, "Sure.", channel=1, channels=2))
    first = hear(client, ended(1.8, 0.7, "please.", finalize=True, channels=2))
    assert shown(first) == [("final", A, " please."), ("end", A, "forced")]
    last = hear(client, ended(2.0, 0.5, finalize=True, channel=1, channels=2))
    assert shown(last) == [("finalized", "f", "vendor")]


def test_a_finalize_of_one_channel_is_answered_by_that_channel() -> None:
    """The other has nothing to say to it."""
    client = finalized(started(separate(), seconds=2.0), "f", channel=1)
    assert shown(hear(client, settled(0.0, 2.0, finalize=True, channels=2))) == []
    assert shown(hear(client, settled(0.0, 2.0, finalize=True, channel=1, channels=2)))[-1] == (
        "finalized",
        "f",
        "vendor",
    )


# Rule 5: UtteranceEnd.


def test_an_utterance_end_ends_the_turn_where_nothing_else_did() -> None:
    """With what is settled."""
    assert told(SO, utterance_end(1.9)) == [("end", A, "vendor")]


@pytest.mark.parametrize("at", [-1, -1.0, -0.001])
def test_an_utterance_end_of_minus_one_is_nothing(at: float) -> None:
    """It was known before its condition was met."""
    assert told(SO, utterance_end(at)) == []


@pytest.mark.parametrize("at", [None, "1.9", [], {}, True])
def test_an_utterance_end_without_a_usable_time_ends_nothing(at: Any) -> None:
    """It does not say of what it is the end."""
    assert told(SO, utterance_end(at)) == []


def test_an_utterance_end_after_speech_final_is_nothing() -> None:
    """The turn has ended already."""
    assert told(SO, ended(2.0, 1.0, "on."), utterance_end(2.9)) == []


def test_a_late_utterance_end_again_is_nothing() -> None:
    """The second turn has begun, and it is of the first."""
    assert told(ended(0.0, 4.3, "So"), results(5.8, 1.0, "Can you"), utterance_end(4.02)) == []


def test_a_stale_utterance_end_does_not_end_the_next_turn() -> None:
    """As seen on the wire: 8.8, not -1, while the open turn begins at 9.6."""
    assert told(ended(8.0, 1.6, "One."), settled(9.6, 1.0, "Two"), utterance_end(8.8)) == []
    assert told(ended(8.0, 1.6, "One."), settled(9.6, 1.0, "Two"), utterance_end(10.5)) == [("end", B, "vendor")]


@pytest.mark.parametrize("at", [9.6, 9.600000381, 9.7])
def test_a_stale_utterance_end_at_the_border_of_two_spans(at: float) -> None:
    """The last word before may reach into it, or to it but for rounding; what was said since begins behind it."""
    first = ended(8.0, 1.6, "One.", ("One.", 8.9, at))
    assert told(first, settled(9.6, 1.0, "Two", ("Two", 9.8, 10.2)), utterance_end(at)) == []
    assert told(first, settled(9.6, 1.0, "Two", ("Two", 9.8, 10.2)), utterance_end(10.2)) == [("end", B, "vendor")]


def test_an_utterance_end_while_nothing_is_settled_keeps_the_interim() -> None:
    """It decides on what is settled."""
    assert told(results(0.0, 1.0, "so"), utterance_end(0.9)) == []


def test_an_utterance_end_while_an_interim_holds_the_next_turns_words() -> None:
    """The old turn ends without them, the new one begins with them."""
    assert told(SO, results(2.0, 1.5, "a bit more"), utterance_end(1.9)) == [
        ("end", A, "vendor"),
        ("speech", 0, 2.0),
        ("partial", B, "a bit more"),
    ]


def test_the_same_gap_is_reported_to_the_turn_that_has_it() -> None:
    """Then the interim's own final goes on with the new turn, without a blank at its head."""
    seen = told(SO, results(2.0, 1.5, "a bit"), utterance_end(1.9), ended(2.0, 2.0, "A bit more."))
    assert seen == [("final", B, "A bit more."), ("end", B, "vendor")]


# Rule 6: SpeechStarted.


def test_speech_started_is_a_hint_that_is_passed_on_once() -> None:
    """It may be said again without an end in between, opens no turn and closes none."""
    client = started()
    assert hear(client, speech_started(9.54)) == [SpeechStarted(9.54)]
    assert hear(client, speech_started(9.54), speech_started(11.0)) == []
    assert shown(hear(client, results(10.0, 1.0, "so"))) == [("partial", A, "so")]
    assert told(SO, speech_started(5.0), utterance_end(1.9)) == [("end", A, "vendor")]


def test_speech_that_follows_noise_is_told() -> None:
    """A start of which nothing came is over with the silence around it, but not with silence before it."""
    client = started()
    assert hear(client, speech_started(3.0)) == [SpeechStarted(3.0)]
    assert SpeechStarted(3.0) not in hear(client, settled(0.0, 3.0), speech_started(3.0))
    hear(client, settled(3.0, 3.0))
    assert hear(client, speech_started(9.0)) == [SpeechStarted(9.0)]
    hear(client, results(8.0, 2.0, "so"), settled(8.0, 3.0))
    assert [each for each in hear(client, settled(20.0, 1.0, "So")) if isinstance(each, SpeechStarted)]


def test_speech_that_goes_on_over_a_silent_span_is_told_once() -> None:
    """Where something is settled, the turn is open still."""
    seen = hear(started(), speech_started(0.0), SO, settled(2.0, 2.0), speech_started(4.5), ended(4.0, 1.0, "and on."))
    assert [each for each in seen if isinstance(each, SpeechStarted)] == [SpeechStarted(0.0)]


def test_speech_started_of_a_channel() -> None:
    """Channel and count are called otherwise than in Results."""
    assert hear(started(separate()), speech_started(1.0, channel=1, channels=2)) == [SpeechStarted(1.0, 1)]


# Rule 7: the end.


@pytest.mark.parametrize("end", [METADATA, Close(1000), Close(None), Close(1005)])
def test_the_end_of_the_stream_emits_what_is_settled(end: Any) -> None:
    """Whether or not Metadata came."""
    client = started(seconds=2.0)
    hear(client, SO)
    client.send(Stop(), 0.0)
    seen = hear(client, end) if isinstance(end, str) else client.receive(end, 0.0)
    assert shown(seen) == [("end", A, "stop"), "stopped"]


def test_the_end_of_the_stream_emits_an_interim_too() -> None:
    """Marked: nothing confirmed it."""
    client = started()
    hear(client, SO, results(2.0, 1.0, "and on"))
    client.send(Stop(), 0.0)
    assert shown(hear(client, METADATA)) == [("final?", A, " and on"), ("end", A, "stop"), "stopped"]


def test_the_end_answers_every_finalize() -> None:
    """What was not answered is settled by it."""
    client = finalized(started(), "f", "g")
    client.send(Stop(), 0.0)
    assert shown(hear(client, METADATA)) == [("finalized", "f", "settled"), ("finalized", "g", "settled"), "stopped"]


def test_only_the_last_finalizes_wait_for_an_answer() -> None:
    """Over hours a vendor that answers none would fill the memory."""
    client = finalized(started(), *map(str, range(101)))
    client.send(Stop(), 0.0)
    assert shown(hear(client, METADATA)) == [*(("finalized", str(id_), "settled") for id_ in range(1, 101)), "stopped"]


# Several channels.


def test_channels_interleave_freely() -> None:
    """Each has turns, tails and ends of its own."""
    client = started(separate())
    seen = hear(
        client,
        results(0.0, 1.0, "one", channel=0, channels=2),
        results(0.0, 1.0, "two", channel=1, channels=2),
        settled(0.0, 2.0, "One", channel=0, channels=2),
        utterance_end(0.9, channel=1, channels=2),
        ended(0.0, 2.0, "Two.", channel=1, channels=2),
        utterance_end(0.9, channel=0, channels=2),
    )
    assert shown(seen) == [
        ("speech", 0, 0.0),
        ("partial", (0, 0), "one"),
        ("speech", 1, 0.0),
        ("partial", (1, 0), "two"),
        ("final", (0, 0), "One"),
        ("final", (1, 0), "Two."),
        ("end", (1, 0), "vendor"),
        ("end", (0, 0), "vendor"),
    ]
    assert [item for item in seen if isinstance(item, Settled)] == [Settled(2.0, 0), Settled(2.0, 1)]
    ends = [item for item in seen if isinstance(item, TurnEnded)]
    assert [(end.channel, end.turn) for end in ends] == [(1, (1, 0)), (0, (0, 0))]


# Languages, speakers, words.


def final(text: str) -> Final:
    [event] = [item for item in hear(started(), text) if isinstance(item, Final)]
    return event


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({"languages": ["es", "en"]}, "es"),
        ({"languages": []}, None),
        ({}, None),
        ({"languages": None}, None),
        ({"languages": [7]}, None),
        ({"languages": "es"}, None),
        ({"languages_hinted": []}, None),
    ],
)
def test_the_languages_of_a_span(given: dict[str, Any], language: str | None) -> None:
    """They may be absent and may be an empty list, which must not cost the message and its speech_final."""
    client = started()
    seen = hear(client, ended(0.0, 1.0, "Hola, you.", **given))
    assert shown(seen)[1:] == [("final", A, "Hola, you."), ("end", A, "vendor")]
    assert [item.language for item in seen if isinstance(item, Final)] == [language]


def test_the_language_of_words() -> None:
    """Stands for the span's where that has none."""
    event = final(settled(0.0, 1.0, "Hola, tu.", more={"language": "es"}))
    assert event.language == "es"
    assert [word.language for word in event.words] == ["es", "es"]


def test_speakers_are_told_of_finals_only() -> None:
    """In interim results they are unreliable."""
    event = final(settled(0.0, 1.0, "Two flat whites.", more={"speaker": 0}))
    assert event.speaker == "0"
    assert [word.speaker for word in event.words] == ["0"] * 3
    [_, shown_] = hear(started(), results(0.0, 1.0, "two flat", more={"speaker": 0}))
    assert isinstance(shown_, Partial)
    assert shown_.speaker is None
    assert [word.speaker for word in shown_.words] == [None, None]


def test_words_without_punctuation() -> None:
    """Where none was asked for there is no punctuated word."""
    text = settled(0.0, 1.0, "two flat whites").replace("punctuated_word", "nothing")
    assert [word.text for word in final(text).words] == ["two", "flat", "whites"]


def test_a_text_without_words() -> None:
    """Has words of equal length in its span."""
    event = final(settled(2.0, 1.0, "Two flat", words=[]))
    assert [(word.text, word.start, word.end) for word in event.words] == [("Two", 2.0, 2.5), ("flat", 2.5, 3.0)]
    assert (event.start, event.end) == (2.0, 3.0)


def test_scripts_without_spaces_are_joined_without_one() -> None:
    """Spans of Japanese and Chinese too."""
    assert told(settled(0, 1, "注文は"), settled(1, 1, "四です")) == [("final", A, "四です")]


@pytest.mark.parametrize("channel_index", [None, [], "0", [-1, 1], [None], {}, [[0]], ["1", 2], True])
def test_a_span_without_a_usable_channel_is_the_first_ones(channel_index: Any) -> None:
    """Its words are not lost."""
    text = ended(0.0, 1.0, "Hi.").replace('"channel_index": [0, 1]', f'"channel_index": {json.dumps(channel_index)}')
    assert told(text)[1:] == [("final", A, "Hi."), ("end", A, "vendor")]


def test_channels_that_cannot_be_are_the_first_one() -> None:
    """There are twenty at most: a server that names any number of them takes no memory, and no words are lost."""
    client = started()
    assert told(ended(0.0, 1.0, "Hi.", channel=10**9, channels=10**9), client=client)[1] == ("final", A, "Hi.")
    assert told(ended(1.0, 1.0, "Ho.", channel=20, channels=21), client=client)[1] == ("final", B, "Ho.")
    assert told(ended(2.0, 1.0, "He.", channel=19, channels=20), client=client)[1] == ("final", (19, 0), "He.")
