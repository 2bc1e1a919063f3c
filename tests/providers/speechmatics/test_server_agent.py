"""The server half of Agent STT on a clock of the test's own: what clients are told, as JSON."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.conversation import ANSWER
from aai_migrate_providers.speechmatics.server import Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import ConnectionLost
from aai_migrate.wire.commands import Audio, Finalize, Start, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Event,
    Failed,
    Final,
    Finalized,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    Warned,
)
from aai_migrate.wire.frames import Close, Message

from ..served import ended, final, heard, partial, uuid, words
from .segments import EXTERNAL, PATH, VAD, agent, check_grammar, transcribed
from .served import END_OF_STREAM, FORCE, RAW, SECOND, asked, begun, connected, start, tell, text, wanted

WE, WOULD, LIKE = ("We", 1.1, 1.2), ("would", 1.2, 1.4), ("like", 1.4, 1.7)
YES = ("Yes.", 2.0, 2.3)


def speech_started(at: float) -> dict[str, Any]:
    return {"message": "SpeechStarted", "metadata": {"start_time": at}}


def speech_ended(at: float) -> dict[str, Any]:
    return {"message": "SpeechEnded", "metadata": {"end_time": at}}


def turn_started(at: float) -> dict[str, Any]:
    return {"message": "StartOfTurn", "metadata": {"start_time": at}}


def turn_over(at: float) -> dict[str, Any]:
    return {"message": "EndOfTurn", "metadata": {"end_time": at}}


def segment(said: str, begin: float, end: float, speaker: str | None = None) -> dict[str, Any]:
    """A segment that is final."""
    inside = {"transcript": said} | ({"speaker": speaker} if speaker else {})
    return {"message": "AddSegment", "segment": inside, "metadata": {"start_time": begin, "end_time": end}}


def shown(said: str, begin: float, end: float, speaker: str | None = None) -> dict[str, Any]:
    """A segment that may change."""
    return segment(said, begin, end, speaker) | {"message": "AddPartialSegment"}


def forced(server: Server, now: float = 0.0) -> str:
    """Ask for the end of a turn, and return the id of the command that it becomes."""
    [command] = server.receive(FORCE, now)
    assert isinstance(command, Finalize)
    return command.id


# The beginning.


@pytest.mark.parametrize(
    "path", [PATH, "/agent", "/v2/agent/", "/v2/en/agent", "/somewhere/v2/agent?sm-app=livekit%2F1.8.9"]
)
def test_the_path_means_this_service(path: str) -> None:
    """It needs no ``turn_config``; whoever says no model gets that of this path."""
    assert wanted(start(), path).config.model == "linden-1"


def test_turn_config_means_this_service_at_the_other_path() -> None:
    """Clients that are told the older address ask so."""
    server = connected("/v2")
    [command] = server.receive(start(beside=VAD), 0.0)
    assert isinstance(command, Start)
    server.send(Started(), 0.0)
    assert tell(server, partial(0, WE))[-1] == shown("We", 1.1, 1.2)


def test_a_session_begins() -> None:
    """The session is asked for at once, and the client greeted when it has begun."""
    server = connected(PATH)
    first = text(
        message="StartRecognition",
        audio_format=RAW,
        transcription_config={"language": "en", "model": "linden-1", "diarization": "speaker"},
        turn_config={"turn_detection_mode": "external"},
    )
    [command] = server.receive(first, 0.0)
    assert isinstance(command, Start)
    assert command.config.diarization is True
    assert command.config.language == "en"
    assert command.config.partials is True
    assert command.origin is not None
    assert command.origin.path == PATH
    greeting, quality = heard(server.send(Started(), 0.0))
    assert (greeting["message"], greeting["id"]) == ("RecognitionStarted", uuid(2))
    assert greeting["language_pack_info"]["word_delimiter"] == " "
    assert quality["quality"] == "broadcast"
    assert heard(server.receive(Message(SECOND), 0.0)) == [{"message": "AudioAdded", "seq_no": 1}, Audio(SECOND)]


@pytest.mark.parametrize(
    ("member", "value"),
    [("max_delay", 1.0), ("max_delay_mode", "fixed"), ("conversation_config", {"end_of_utterance_silence_trigger": 1})],
)
def test_members_that_this_path_refuses(member: str, value: Any) -> None:
    """They are named."""
    error, close = asked(start(**{member: value}), PATH)
    assert (error["message"], error["type"]) == ("Error", "invalid_config")
    assert f"transcription_config.{member}" in error["reason"]
    assert close == Close(1003, "protocol_error")


@pytest.mark.parametrize(
    "beside",
    [{"translation_config": {"target_languages": ["fr"]}}, {"audio_events_config": {}}],
    ids=lambda given_: next(iter(given_)),
)
def test_objects_that_this_path_refuses(beside: dict[str, Any]) -> None:
    """An empty one asks for all there is."""
    error, close = asked(start(beside=beside), PATH)
    assert error["type"] == "invalid_config"
    assert next(iter(beside)) in error["reason"]
    assert close == Close(1003, "protocol_error")
    assert isinstance(asked(start(beside=dict.fromkeys(beside)), PATH)[-1], Start)  # null is no wish


@pytest.mark.parametrize("member", ["model", "operating_point"])
@pytest.mark.parametrize("model", ["enhanced", "standard", "melia-1"])
def test_models_that_this_path_refuses(member: str, model: str) -> None:
    """Those of the other service."""
    chosen: dict[str, Any] = {member: model}
    error, close = asked(start(**chosen), PATH)
    assert (error["type"], close) == ("invalid_model", Close(4004, "invalid_model"))
    assert model in error["reason"]


@pytest.mark.parametrize("diarization", ["channel", "channel_and_speaker"])
def test_channels_are_not_kept_apart(diarization: str) -> None:
    """Nor is it passed over that somebody wants that."""
    error, _ = asked(start(diarization=diarization, channel_diarization_labels=["a", "b"]), PATH)
    assert error["type"] == "invalid_config"
    assert "diarization" in error["reason"]


@pytest.mark.parametrize("mode", ["smart", 7, True])
def test_an_unknown_mode_is_refused(mode: Any) -> None:
    """There are two."""
    error, close = asked(start(beside={"turn_config": {"turn_detection_mode": mode}}), PATH)
    assert (error["type"], close) == ("invalid_config", Close(1003, "protocol_error"))


def test_audio_before_the_greeting_is_an_error() -> None:
    """As at the other path."""
    server = connected(PATH)
    server.receive(start(), 0.0)
    error, close, stop = heard(server.receive(Message(SECOND), 0.1))
    assert (error["type"], close, stop) == ("protocol_error", Close(1003, "protocol_error"), Stop())


def test_a_failure_behind_ends_the_session() -> None:
    """The client is told to come again, and not what failed."""
    server = begun(PATH)
    error, close = tell(server, Failed(ConnectionLost("x", "canary")))
    assert (error["type"], close) == ("job_error", Close(4013, "job_error"))
    assert "canary" not in error["reason"]


def test_what_has_no_message_is_not_told() -> None:
    """Warnings are the operator's business."""
    assert tell(begun(PATH), Warned("x", "canary"), AudioTaken(1.0), Revised(turn=0, text="canary")) == []


# Turns and segments.


def test_one_turn() -> None:
    """Its beginning with its first word, what may change, what is final when it ends, its end last of all."""
    server = begun(PATH)
    assert tell(server, SpeechStarted(1.0)) == [speech_started(1.0)]
    assert tell(server, partial(0, WE)) == [turn_started(1.1), shown("We", 1.1, 1.2)]
    assert tell(server, partial(0, WE, WOULD)) == [shown("We would", 1.1, 1.4)]
    assert tell(server, final(0, WE, WOULD), partial(0, LIKE, joiner=" ")) == [shown("We would like", 1.1, 1.7)]
    assert tell(server, final(0, LIKE, joiner=" ")) == []
    assert tell(server, ended(0, at=2.6)) == [segment("We would like", 1.1, 1.7), speech_ended(1.7), turn_over(1.7)]


def test_speech_is_told_once_and_before_the_turn() -> None:
    """Also where the provider does not say that somebody speaks."""
    server = begun(PATH)
    assert tell(server, partial(0, WE)) == [speech_started(1.1), turn_started(1.1), shown("We", 1.1, 1.2)]
    assert tell(server, SpeechStarted(1.3)) == []


def test_partials_are_not_shown_to_who_does_not_want_them() -> None:
    """A turn begins with its first word all the same."""
    server = begun(PATH, enable_partials=False)
    assert tell(server, final(0, WE)) == [speech_started(1.1), turn_started(1.1)]
    assert tell(server, ended(0)) == [segment("We", 1.1, 1.2), speech_ended(1.2), turn_over(1.2)]


def test_another_speaker_begins_another_segment() -> None:
    """Labels are in the order in which speakers were heard; a mark is its word's speaker's."""
    server = begun(PATH, diarization="speaker")
    spoken = Final(
        turn=0,
        text="We would. Yes.",
        words=(
            *words(WE, WOULD, speaker="anna"),
            *words((".", 1.4, 1.4)),
            *words(YES, joiner=" ", speaker="bert"),
        ),
    )
    assert tell(server, spoken) == [
        speech_started(1.1),
        turn_started(1.1),
        segment("We would.", 1.1, 1.4, "S1"),
        shown("Yes.", 2.0, 2.3, "S2"),
    ]
    assert tell(server, ended(0)) == [segment("Yes.", 2.0, 2.3, "S2"), speech_ended(2.3), turn_over(2.3)]
    result = {
        "message": "SpeakersResult",
        "speakers": [{"label": name, "speaker_identifiers": []} for name in ("S1", "S2")],
    }
    assert heard(server.receive(text(message="GetSpeakers"), 0.0)) == [result]
    server.receive(text(message="GetSpeakers", final=True), 0.0)
    server.receive(END_OF_STREAM, 0.0)
    assert tell(server, Stopped()) == [result, {"message": "EndOfTranscript"}]


def test_who_cannot_be_told_is_unknown() -> None:
    """Every segment has a speaker where somebody wants to know; else none has."""
    server = begun(PATH, diarization="speaker")
    assert tell(server, final(0, WE))[-1] == shown("We", 1.1, 1.2, "UU")
    assert "speaker" not in tell(begun(PATH), final(0, WE, speaker="anna"))[-1]["segment"]


def test_sentences_are_segments_of_their_own() -> None:
    """Where the client wants that."""
    server = begun(PATH, emit_sentences=True)
    out = tell(server, final(0, ("Hi.", 1.0, 1.2), ("Who", 1.3, 1.4)))
    assert out[2:] == [segment("Hi.", 1.0, 1.2), shown("Who", 1.3, 1.4)]
    assert tell(server, final(0, ("calls?", 1.4, 1.8), joiner=" ")) == [segment("Who calls?", 1.3, 1.8)]
    assert tell(server, ended(0)) == [speech_ended(1.8), turn_over(1.8)]


def test_what_stands_together_is_not_cut() -> None:
    """A dot inside a number ends no sentence."""
    server = begun(PATH, emit_sentences=True)
    spoken = Final(
        turn=0,
        text="Pi is 3.14 here",
        words=(*words(WE, ("3.", 2.0, 2.2)), *words(("14", 2.2, 2.4), ("here", 2.4, 2.6))),
    )
    tell(server, spoken)
    assert tell(server, ended(0))[0] == segment("We 3.14 here", 1.1, 2.6)


def test_a_segment_ends_after_two_minutes() -> None:
    """The turn goes on."""
    server = begun(PATH)
    said = [(f"w{number}", float(number), number + 0.5) for number in range(130)]
    out = [
        item for number, word in enumerate(said) for item in tell(server, final(0, word, joiner=" " if number else ""))
    ]
    [first] = [item for item in out if item["message"] == "AddSegment"]
    assert first["metadata"] == {"start_time": 0.0, "end_time": 120.5}
    last, *ends = tell(server, ended(0))
    assert last == segment(" ".join(f"w{number}" for number in range(121, 130)), 121.0, 129.5)
    assert f"{first['segment']['transcript']} {last['segment']['transcript']}" == " ".join(word for word, _, _ in said)
    assert ends == [speech_ended(129.5), turn_over(129.5)]


def test_a_language_without_blanks() -> None:
    """Clients put its delimiter between segments, and so does the text within."""
    server = begun(PATH, language="ja", emit_sentences=True)
    spoken = Final(turn=0, text="はい。そう", words=(*words(("はい。", 1.0, 1.3)), *words(("そう", 1.3, 1.6))))
    assert tell(server, spoken)[2:] == [segment("はい。", 1.0, 1.3), shown("そう", 1.3, 1.6)]


def test_text_without_words() -> None:
    """Its words stand where it does; where nobody says when, behind what was told."""
    server = begun(PATH)
    tell(server, Final(turn=0, text="one two", start=1.0, end=2.0))
    assert tell(server, ended(0))[0] == segment("one two", 1.0, 2.0)
    tell(server, Final(turn=1, text="three"))
    assert tell(server, ended(1)) == [segment("three", 2.0, 2.0), speech_ended(2.0), turn_over(2.0)]


def test_words_that_vanish_are_taken_back() -> None:
    """With an empty segment, which replaces what was shown; before the turn ends."""
    server = begun(PATH)
    tell(server, partial(0, WE))
    assert tell(server, partial(0)) == [shown("", 1.1, 1.1)]
    tell(server, partial(1, WE))
    assert tell(server, ended(1)) == [shown("", 1.1, 1.1), speech_ended(1.1), turn_over(1.1)]


def test_the_next_turn_waits_for_the_end_of_the_first() -> None:
    """A provider that formats ends says them late; what is heard meanwhile is shown behind."""
    server = begun(PATH)
    tell(server, final(0, WE, WOULD))
    assert tell(server, partial(1, YES)) == []
    assert tell(server, final(1, YES)) == []
    assert tell(server, ended(0)) == [
        segment("We would", 1.1, 1.4),
        speech_ended(1.4),
        turn_over(1.4),
        speech_started(2.0),
        turn_started(2.0),
        shown("Yes.", 2.0, 2.3),
    ]
    assert tell(server, ended(1)) == [segment("Yes.", 2.0, 2.3), speech_ended(2.3), turn_over(2.3)]


def test_sentences_that_waited_are_told_with_the_turn_before() -> None:
    """They are complete already."""
    server = begun(PATH, emit_sentences=True)
    tell(server, partial(0, WE), final(1, YES))
    assert tell(server, final(0, WE), ended(0))[-1] == segment("Yes.", 2.0, 2.3)


def test_a_later_turn_that_ends_first_is_told_behind_the_words_before_it() -> None:
    """Words of the first that come then are told with times that do not go back."""
    server = begun(PATH)
    tell(server, final(0, WE), partial(0, WOULD, joiner=" "), final(1, YES))
    assert tell(server, ended(1)) == [
        segment("We", 1.1, 1.2),
        segment("Yes.", 2.0, 2.3),
        speech_ended(2.3),
        turn_over(2.3),
        speech_started(2.3),
        turn_started(2.3),
        shown("would", 2.3, 2.3),
    ]
    tell(server, final(0, WOULD, joiner=" "))
    assert tell(server, ended(0)) == [segment("would", 2.3, 2.3), speech_ended(2.3), turn_over(2.3)]


def test_the_end_of_a_turn_without_words_is_told_to_who_knows_of_the_turn() -> None:
    """And to nobody else."""
    server = begun(PATH)
    assert tell(server, ended(7)) == []
    assert tell(server, final(0, (" ", 0.0, 0.0)), ended(0)) == []


# Speech without words.


def test_speech_without_a_word_ends() -> None:
    """Once its audio is settled: a client may wait for its end before it goes on."""
    server = begun(PATH)
    tell(server, SpeechStarted(1.0))
    assert tell(server, Settled(1.9)) == []
    assert tell(server, Settled(2.1)) == [speech_ended(2.1)]
    assert tell(server, Settled(9.0)) == []
    assert tell(server, SpeechStarted(9.5)) == [speech_started(9.5)]


def test_speech_with_words_ends_with_the_turn() -> None:
    """However much is settled."""
    server = begun(PATH)
    tell(server, final(0, WE))
    assert tell(server, Settled(8.0)) == []
    assert tell(server, ended(0))[1:] == [speech_ended(1.2), turn_over(1.2)]


def test_a_turn_whose_words_were_all_taken_back_ends() -> None:
    """Although the provider may have no end for it."""
    server = begun(PATH)
    tell(server, partial(0, WE), partial(0))
    assert tell(server, Settled(4.0)) == [speech_ended(4.0), turn_over(4.0)]


def test_speech_is_over_with_the_transcript() -> None:
    """At the latest."""
    server = begun(PATH)
    tell(server, SpeechStarted(1.0))
    server.receive(END_OF_STREAM, 0.0)
    assert tell(server, Stopped()) == [speech_ended(1.0), {"message": "EndOfTranscript"}]


# Ends that the client asks for.


def test_who_ends_turns_itself_is_told_of_no_other_ends() -> None:
    """The provider's turns are segments; nobody listens for speech but the client."""
    server = agent(4, EXTERNAL)
    assert tell(server, SpeechStarted(1.0), final(0, WE)) == [turn_started(1.1), shown("We", 1.1, 1.2)]
    assert tell(server, ended(0)) == [segment("We", 1.1, 1.2)]
    assert tell(server, partial(1, YES), partial(1)) == [shown("Yes.", 2.0, 2.3), shown("", 1.2, 1.2)]
    assert tell(server, Settled(3.9)) == []
    assert tell(server, final(2, YES)) == [shown("Yes.", 2.0, 2.3)]
    id_ = forced(server)
    assert tell(server, Finalized(id_)) == [segment("Yes.", 2.0, 2.3), turn_over(2.3)]
    assert tell(server, ended(2)) == []


def test_a_forced_end_in_the_other_mode() -> None:
    """The turn that ends so is told of once, by the provider's end or by the answer."""
    server = begun(PATH)
    server.receive(Message(SECOND * 2), 0.0)
    tell(server, final(0, WE))
    id_ = forced(server)
    assert tell(server, ended(0, reason="forced"))[-1] == turn_over(1.2)
    assert tell(server, Finalized(id_)) == []
    tell(server, final(1, LIKE))
    assert tell(server, Finalized(forced(server))) == [segment("like", 1.4, 1.7), speech_ended(1.7), turn_over(1.7)]
    assert tell(server, ended(1)) == []


def test_an_answer_ends_no_turn_that_began_behind_it() -> None:
    """The one that was meant has ended already."""
    server = begun(PATH)
    server.receive(Message(SECOND * 2), 0.0)
    tell(server, final(0, WE))
    id_ = forced(server)
    tell(server, ended(0), partial(1, ("No", 2.4, 2.6)))
    assert tell(server, Finalized(id_)) == []
    assert tell(server, final(1, ("No", 2.4, 2.6)), ended(1))[-1] == turn_over(2.6)


def test_a_forced_end_with_nothing_open_is_not_answered() -> None:
    """There is no turn that could end; clients of this service do not wait."""
    server = agent(2, EXTERNAL)
    id_ = forced(server, 1.0)
    assert heard(server.tick(1.0 + ANSWER)) == []
    assert tell(server, Finalized(id_, "settled")) == []


def test_forced_ends_before_any_audio_are_over() -> None:
    """Nobody was asked for them, so any number may come while the header of a file is on its way."""
    server = connected(PATH)
    server.receive(start(audio={"type": "file"}), 0.0)
    for number in range(150):
        assert server.receive(FORCE, float(number)) == []
        assert server.tick(number + ANSWER) == []


def test_a_late_answer_waits_for_words_that_are_shown() -> None:
    """They belong to the turn."""
    server = agent(2, EXTERNAL)
    tell(server, final(0, WE), partial(0, WOULD, joiner=" "))
    id_ = forced(server, 1.0)
    assert server.deadline == 1.0 + ANSWER
    assert heard(server.tick(1.0 + ANSWER)) == []
    assert tell(server, final(0, WOULD, joiner=" ")) == []
    assert tell(server, partial(0, LIKE, joiner=" ")) == [shown("We would like", 1.1, 1.7)]
    assert tell(server, final(0, LIKE, joiner=" "), ended(0)) == [segment("We would like", 1.1, 1.7)]
    assert tell(server, Finalized(id_)) == [turn_over(1.7)]


def test_an_answer_that_is_late_ends_a_turn_of_which_all_is_final() -> None:
    """Words from before it that come even later are a turn, and end with the provider's answer."""
    server = agent(2, EXTERNAL)
    tell(server, final(0, WE))
    id_ = forced(server, 1.0)
    assert heard(server.tick(1.0 + ANSWER)) == [segment("We", 1.1, 1.2), turn_over(1.2)]
    assert tell(server, final(0, WOULD, joiner=" ")) == [turn_started(1.2), shown("would", 1.2, 1.4)]
    assert tell(server, ended(0)) == [segment("would", 1.2, 1.4)]
    assert tell(server, Finalized(id_)) == [turn_over(1.4)]


def test_words_behind_a_forced_end_are_the_next_turn() -> None:
    """What is shown of them is shown again, in theirs."""
    server = agent(2, EXTERNAL)
    tell(server, final(0, WE), partial(0, ("No", 2.4, 2.6), joiner=" "))
    id_ = forced(server)
    assert tell(server, Finalized(id_)) == [segment("We", 1.1, 1.2), turn_over(1.2)]
    assert tell(server, partial(0, ("No", 2.4, 2.6), joiner=" ")) == [turn_started(2.4), shown("No", 2.4, 2.6)]


def test_a_forced_end_takes_in_every_turn_before_it() -> None:
    """Also those that wait for the first one's end."""
    server = agent(3, EXTERNAL)
    tell(server, final(0, WE), final(1, YES), final(2, ("No", 3.4, 3.6)))
    assert tell(server, Finalized(forced(server))) == [
        segment("We", 1.1, 1.2),
        segment("Yes.", 2.0, 2.3),
        turn_over(2.3),
    ]
    assert tell(server, ended(0)) == [turn_started(3.4), shown("No", 3.4, 3.6)]


def test_forced_ends_are_checked() -> None:
    """As at the other path; there are no channels."""
    server = begun(PATH)
    [command] = server.receive(text(message="ForceEndOfUtterance", timestamp=1.25), 0.0)
    assert isinstance(command, Finalize)
    error, _, _ = heard(server.receive(text(message="ForceEndOfUtterance", timestamp=-1), 0.0))
    assert error["type"] == "invalid_message"
    error, _, _ = heard(begun(PATH).receive(text(message="ForceEndOfUtterance", channel="a"), 0.0))
    assert error["type"] == "invalid_message"


@pytest.mark.parametrize("kind", ["SetRecognitionConfig", "AddChannelAudio", "EndOfChannel", "UpdateSpeakerFocus"])
def test_messages_of_other_services_are_not_read(kind: str) -> None:
    """The client is told, and goes on."""
    [warning] = heard(begun(PATH).receive(text(message=kind), 0.0))
    assert warning["message"] == "Warning"
    assert kind in warning["reason"]


# The end.


def test_the_end() -> None:
    """All that is final of every turn, its end, and the last message; the client closes."""
    server = agent(4, EXTERNAL)
    tell(server, final(0, WE), partial(0, WOULD, joiner=" "), final(1, YES))
    assert server.receive(END_OF_STREAM, 1.0) == [Stop()]
    assert tell(server, Stopped(), now=2.0) == [
        segment("We", 1.1, 1.2),
        segment("Yes.", 2.0, 2.3),
        turn_over(2.3),
        {"message": "EndOfTranscript"},
    ]
    assert server.deadline == 7.0
    assert server.tick(7.0) == [Close(1000)]


def test_the_end_while_a_forced_end_waits() -> None:
    """It is answered, and no word is lost."""
    server = agent(2, EXTERNAL)
    tell(server, final(0, WE), partial(0, WOULD, joiner=" "))
    forced(server, 1.0)
    server.tick(1.0 + ANSWER)
    server.receive(END_OF_STREAM, 2.0)
    tell(server, final(0, WOULD, joiner=" "))
    assert tell(server, Stopped(), now=2.1) == [
        segment("We would", 1.1, 1.4),
        turn_over(1.4),
        {"message": "EndOfTranscript"},
    ]


# Whatever comes.


@st.composite
def talks(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Draw what a provider may say of several turns, with what the client asks for in between."""
    steps: list[tuple[str, Any]] = []
    names, speakers = itertools.count(), st.sampled_from([None, "anna", "bert"])
    open_: list[int] = []
    said: set[int] = set()
    latest, clock, asked_ = 0, 0.0, 0
    for _ in range(draw(st.integers(1, 25))):
        kind = draw(
            st.sampled_from(
                ["partial", "partial", "final", "final", "end", "speech", "settled", "force", "answer", "tick"]
            )
        )
        if kind in ("partial", "final"):
            if not open_ or (len(open_) < 3 and draw(st.integers(0, 3)) == 0):
                latest += 1
                open_.append(latest)
            turn = draw(st.sampled_from(open_))
            count = draw(st.integers(0 if kind == "partial" else 1, 3))
            given_ = []
            for _ in range(count):
                clock += draw(st.sampled_from([0.1, 0.4, 50.0]))
                back = draw(st.sampled_from([0.0, 0.0, 0.3, 5.0]))
                mark = draw(st.sampled_from(["", "", "."]))
                at = max(0.0, clock - back)
                name = f"w{next(names)}" if kind == "final" else "maybe"
                given_.append((name + mark, at, at + 0.1))
            make = final if kind == "final" else partial
            steps.append(("event", make(turn, *given_, joiner=" " if turn in said else "", speaker=draw(speakers))))
            if kind == "final":
                said.add(turn)
        elif kind == "end" and open_:
            turn = open_.pop(draw(st.integers(0, len(open_) - 1)))
            steps.append(("event", ended(turn)))
        elif kind == "speech":
            steps.append(("event", SpeechStarted(clock)))
        elif kind == "settled":
            steps.append(("event", Settled(clock)))
        elif kind == "answer" and asked_:
            asked_ -= 1
            steps.append(("answer", draw(st.sampled_from(["vendor", "settled", "timeout"]))))
        elif kind == "force":
            asked_ += 1
            steps.append(("force", None))
        elif kind == "tick":
            steps.append(("tick", draw(st.sampled_from([0.2, 1.0]))))
    return steps


@given(talks(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_every_word_is_told_once(
    steps: list[tuple[str, Any]], own: bool, sentences: bool, diarization: bool, partials: bool
) -> None:
    """Those of a turn in their order; turns and speech begin before they end; no time goes back; nothing is left."""
    options: dict[str, Any] = {"emit_sentences": sentences, "enable_partials": partials}
    options |= {"diarization": "speaker"} if diarization else {}
    server = agent(60, EXTERNAL, **options) if own else begun(PATH, **options)
    now, ids, out = 0.0, [], list[Any]()
    for kind, value in steps:
        if kind == "event":
            out += tell(server, value, now=now)
        elif kind == "force":
            ids.append(forced(server, now))
        elif kind == "answer":
            out += tell(server, Finalized(ids.pop(0), value), now=now)
        else:
            now += value
            out += heard(server.tick(now))
    server.receive(END_OF_STREAM, now)
    out += tell(server, Stopped(), now=now)
    spoken: list[Event] = [value for kind, value in steps if kind == "event"]
    check_words(spoken, out)
    check_grammar(out, external=own, partials=partials)
    if own and not any(kind == "force" for kind, _ in steps):
        assert sum(message["message"] == "EndOfTurn" for message in out) <= 1, "only at the end of all"


def check_words(spoken: list[Event], out: list[Any]) -> None:
    """Every word that was final is in one segment."""
    found = transcribed(out)
    turns: dict[Any, list[str]] = {}
    for event in spoken:
        if isinstance(event, Final):
            turns.setdefault(event.turn, []).extend(event.text.split())
    assert sorted(found) == sorted(word for said in turns.values() for word in said)
    for said in turns.values():
        assert [word for word in found if word in said] == said
