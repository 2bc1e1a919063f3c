"""The worked traces of the protocol's page as literal messages, and its facts: what Turns come out."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.events import StreamEvent, Turn, TurnRevised
from aai_migrate.provider import Context
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Command, Finalize, Start, Stop
from aai_migrate.wire.events import Event, Failed, Finalized, Settled, Stopped, Unmapped, Warned
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Message, Refused

SPEECHMATICS = registry.find("speechmatics")
KEY = Credential(Secret("k3y-of-a-test"))
TWO = Config(audio=AudioFormat(channels=2), channels="separate")
SENTENCES = Config(turn_silence=0)
PACK = (
    '{"adapted":false,"itn":true,"language_description":"English","word_delimiter":" ",'
    '"writing_direction":"left-to-right"}'
)
STARTED = (
    '{"message":"RecognitionStarted","id":"5b1f0c2e-7d43-4c0a-9a51-0f6d2c8e11aa","orchestrator_version":"2026.02.11",'
    f'"language_pack_info":{PACK}}}'
)
USAGE = (
    '{"message":"Info","type":"concurrent_session_usage","reason":"3 of 50 concurrent sessions in use","usage":3,'
    '"quota":50,"last_updated":"2026-09-01T07:12:44Z","region":"eu"}'
)
QUALITY = (
    '{"message":"Info","type":"recognition_quality","reason":"Running recognition with the broadcast model.",'
    '"quality":"broadcast"}'
)
OVER = '{"message":"EndOfTranscript"}'
Item = tuple[str, float, float] | tuple[str, float, float, str]


class Talk:
    """A client half in conversation, and what an application sees of it.

    Attributes:
        said: what it sent.
        told: every wire event.
        events: every public event.
    """

    def __init__(self, config: Config | None = None, *greeting: str) -> None:
        config = config or Config()
        ids = itertools.count(1)
        self.client = SPEECHMATICS.suited(config).client(Context(new_id=lambda: f"id-{next(ids)}"))
        self.now, self.said, self.told, self.events = 0.0, list[Frame](), list[Event](), list[StreamEvent]()
        self._turns = Turns("speechmatics", formatted_turns=config.formatted_turns)
        self.ask(Start(config, KEY))
        self.take(self.client.receive(Connected({}), 0.0))
        self.hear(*(greeting or (USAGE, STARTED, QUALITY)))
        self.audio, self.seconds = config.audio, 0.0

    def ask(self, command: Command) -> None:
        self.take(self.client.send(command, self.now))

    def hear(self, *texts: str) -> None:
        for text in texts:
            self.take(self.client.receive(Message(text), self.now))

    def listen(self, seconds: float) -> None:
        """Say so many seconds of silence; time passes."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.ask(Audio(bytes(self.audio.size(0.1))))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while (due := self.client.deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self.take(self.client.tick(self.now))
        self.now = until

    def take(self, items: list[Frame | Event]) -> None:
        self.said += [item for item in items if isinstance(item, Frame)]
        events = [item for item in items if isinstance(item, Event)]
        self.told += events
        self.events += self._turns.fold(events, self.now)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The control messages that were sent."""
        texts = [item.data for item in self.said if isinstance(item, Message) and isinstance(item.data, str)]
        return [json.loads(text) for text in texts]

    @property
    def shown(self) -> list[str]:
        """What an application shows: each state of a turn, and of an ended one in brackets."""
        out = []
        for event in self.events:
            if isinstance(event, Turn):
                out.append(f"[{event.transcript}]" if event.end_of_turn else event.transcript)
            elif isinstance(event, TurnRevised):
                out.append(f"[{event.transcript}]*")
        return out

    @property
    def ended(self) -> list[str]:
        """The texts of the ended turns as they are in the end."""
        last: dict[tuple[int, int], str] = {}
        for event in self.events:
            if isinstance(event, TurnRevised) or (isinstance(event, Turn) and event.end_of_turn):
                last[event.channel, event.turn_order] = event.transcript
        return [last[key] for key in sorted(last)]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


def result(item: Item, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """One word, or a mark with its name: ``.`` ends a sentence unless it is a comma."""
    text, start, end, *speaker = item
    alternative: dict[str, Any] = {"content": text, "confidence": 0.97, "language": "en"}
    if speaker:
        alternative["speaker"] = speaker[0]
    if text in ".?!,。、":
        marks = {"type": "punctuation", "attaches_to": "previous", "is_eos": text not in ",、"}
        return {**marks, "start_time": start, "end_time": end, "alternatives": [alternative], **(more or {})}
    return {"type": "word", "start_time": start, "end_time": end, "alternatives": [alternative], **(more or {})}


def transcript(message: str, text: str, window: tuple[float, float], *items: Item, **more: Any) -> str:
    results = [result(item) for item in items]
    metadata = {"start_time": window[0], "end_time": window[1], "transcript": text}
    whole = {"message": message, "format": "2.9", "metadata": metadata, "results": results, **more}
    return json.dumps(whole, ensure_ascii=False)


def final(text: str, window: tuple[float, float], *items: Item, **more: Any) -> str:
    return transcript("AddTranscript", text, window, *items, **more)


def partial(text: str, window: tuple[float, float], *items: Item, **more: Any) -> str:
    return transcript("AddPartialTranscript", text, window, *items, **more)


def end(at: float, **more: Any) -> str:
    return json.dumps({"message": "EndOfUtterance", "metadata": {"start_time": at, "end_time": at}, **more})


COULD, YOU, MOVE = ("Could", 0.2, 0.48), ("you", 0.48, 0.68), ("move", 0.68, 1.0)
MY, VISIT, ASKS = ("my", 1.04, 1.2), ("visit", 1.2, 1.76), ("?", 1.76, 1.76)
TUESDAY, STOP = ("Tuesday", 2.96, 3.48), (".", 3.48, 3.48)


def test_trace_a_ends_of_utterances_a_lone_mark_and_an_empty_final() -> None:
    """The display of the page, line by line."""
    talk = Talk()
    talk.listen(4.5)
    lines = [
        (partial("could you", (0.0, 0.8), ("could", 0.2, 0.48), YOU), "could you"),
        (final("Could ", (0.0, 0.48), COULD), "Could"),
        (partial("you move", (0.48, 1.1), YOU, MOVE), "Could you move"),
        (final("you move ", (0.48, 1.0), YOU, MOVE), "Could you move"),
        (partial("my visit", (1.0, 1.8), MY, VISIT), "Could you move my visit"),
        (final("my visit ", (1.0, 1.76), MY, VISIT), "Could you move my visit"),
        (partial("", (1.76, 2.0)), "Could you move my visit"),
        (final("? ", (1.76, 2.68), ASKS), "Could you move my visit?"),
        (partial("", (2.68, 2.7)), "Could you move my visit?"),
        (end(2.68), "[Could you move my visit?]"),
    ]
    for text, display in lines:
        talk.hear(text)
        final_ = '"AddTranscript"' in text  # what was shown behind its words stays until the next partial
        assert talk.shown[-1].startswith(display) if final_ else talk.shown[-1] == display
    before = len(talk.shown)
    talk.hear(final("", (2.68, 3.04)), partial("", (3.04, 3.1)))
    assert len(talk.shown) == before
    talk.hear(partial("Tuesday", (3.04, 3.6), TUESDAY))
    assert talk.shown[-1] == "Tuesday"
    talk.hear(final("Tuesday. ", (3.04, 4.2), TUESDAY, STOP), partial("", (4.2, 4.3)), end(4.2))
    assert talk.ended == ["Could you move my visit?", "Tuesday."]
    turns = [event for event in talk.events if isinstance(event, Turn) and event.end_of_turn]
    assert [(turn.start, turn.end) for turn in turns] == [(0.2, 1.76), (2.96, 3.48)]


def test_trace_b_speakers_in_sentences_and_a_tail_after_the_end_of_the_stream() -> None:
    """A sentence is a turn, with its speaker; the last one comes after EndOfStream."""
    talk = Talk(Config(turn_silence=0, diarization=True))
    talk.listen(3.0)
    the, code, is_ = ("The", 0.2, 0.36, "S1"), ("code", 0.36, 0.6, "S1"), ("is", 0.6, 0.76, "S1")
    talk.hear(
        partial("The code is", (0.0, 1.0), the, code, is_),
        final("The code is ", (0.0, 0.8), the, code, is_),
        partial("9 4", (0.8, 1.6), ("9", 0.8, 1.0, "S1"), ("4", 1.0, 1.28, "S1")),
    )
    assert talk.shown[-1] == "The code is 9 4"
    talk.hear(
        partial("94 right", (0.8, 2.0), ("94", 0.8, 1.28, "S1"), ("right", 1.6, 1.84, "S1")),
        final(
            "94. Right? ",
            (0.8, 2.0),
            ("94", 0.8, 1.28, "S1"),
            (".", 1.28, 1.28, "S1"),
            ("Right", 1.6, 1.84, "S2"),
            ("?", 1.84, 1.84, "S2"),
        ),
        partial("", (2.0, 2.1)),
    )
    talk.ask(Stop())
    assert talk.asked[-1] == {"message": "EndOfStream", "last_seq_no": 30}
    yes = final("Yes. ", (2.0, 2.8), ("Yes", 2.2, 2.6, "S1"), (".", 2.6, 2.6, "S1"))
    talk.hear(yes, partial("", (2.8, 2.8)), OVER)
    assert talk.ended == ["The code is 94.", "Right?", "Yes."]
    turns = [event for event in talk.events if isinstance(event, Turn) and event.end_of_turn]
    assert [{word.speaker for word in turn.words} for turn in turns] == [{"S1"}, {"S2"}, {"S1"}]
    assert talk.of(Stopped)


def test_trace_c_a_forced_end_in_japanese() -> None:
    """Joined without blanks; the second one, with nothing open, is answered by nobody and ends no turn."""
    pack = PACK.replace('"word_delimiter":" "', '"word_delimiter":""')
    talk = Talk(Config(language="ja"), STARTED.replace(PACK, pack))
    talk.listen(1.9)
    talk.hear(partial("明日の", (0.0, 1.0), ("明日", 0.2, 0.6), ("の", 0.6, 0.72)))
    assert talk.shown[-1] == "明日の"
    talk.ask(Finalize("first"))
    assert talk.asked[-1] == {"message": "ForceEndOfUtterance"}
    words = (("明日", 0.2, 0.6), ("の", 0.6, 0.72), ("予約", 0.72, 1.2), ("です", 1.2, 1.6), ("。", 1.6, 1.6))
    talk.hear(
        final("明日の予約です。", (0.0, 1.9), *words, forced=True),
        partial("", (1.9, 1.9), forced=True),
        end(1.9, forced=True),
    )
    assert talk.ended == ["明日の予約です。"]
    talk.ask(Finalize("second"))
    talk.wait(10.0)
    assert talk.ended == ["明日の予約です。"]
    assert [answer.id for answer in talk.of(Finalized)][:1] == ["first"]


# The facts of section 7.1, by number.

A, B, C = ("alpha", 0.2, 0.6), ("beta", 0.6, 1.0), ("gamma", 0.6, 1.0)
DOT = (".", 1.0, 1.0)


def test_1_a_final_never_comes_again() -> None:
    """Nothing is looked up: the same word twice is two words."""
    talk = Talk()
    talk.listen(3.0)
    again = ("alpha", 0.6, 1.0)
    talk.hear(final("alpha ", (0.0, 0.6), A), partial("", (0.6, 0.7)))
    talk.hear(final("alpha ", (0.6, 1.0), again), partial("", (1.0, 1.1)), end(1.9))
    assert talk.ended == ["alpha alpha"]


def test_2_a_final_may_take_the_first_words_of_a_partial_and_the_rest_may_change() -> None:
    """A, B is shown; A is final; C stands where B was."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(partial("alpha beta", (0.0, 1.1), A, B), final("alpha ", (0.0, 0.6), A), partial("gamma", (0.6, 1.1), C))
    assert talk.shown[0] == "alpha beta"
    assert talk.shown[-1] == "alpha gamma"
    talk.hear(final("gamma ", (0.6, 1.0), C), partial("", (1.0, 1.1)), end(1.9))
    assert talk.ended == ["alpha gamma"]


def test_3_what_a_partial_shows_is_not_promised() -> None:
    """Words, spelling, digits, speaker and marks may all be others in the final."""
    talk = Talk(Config(diarization=True))
    talk.listen(3.0)
    talk.hear(
        partial("24, right", (0.0, 1.1), ("24", 0.2, 0.6, "S2"), (",", 0.6, 0.6, "S2"), ("right", 0.6, 1.0, "S2"))
    )
    final_ = (("Two", 0.2, 0.4, "S1"), ("four", 0.4, 0.6, "S1"), ("write", 0.6, 1.0, "S1"))
    talk.hear(final("Two four write ", (0.0, 1.1), *final_), partial("", (1.1, 1.2)), end(1.9))
    assert talk.ended == ["Two four write"]
    shown = [event for event in talk.events if isinstance(event, Turn)]
    assert shown[0].stable_length == 0
    assert {word.speaker for word in shown[-1].words} == {"S1"}


def test_4_finals_come_without_partials_where_these_are_off() -> None:
    """They end turns alike."""
    talk = Talk(Config(partials=False))
    assert talk.asked[0]["transcription_config"].get("enable_partials", False) is False
    talk.listen(3.0)
    talk.hear(final("alpha ", (0.0, 0.6), A), final("beta. ", (0.6, 1.9), B, DOT), end(1.9))
    assert talk.ended == ["alpha beta."]


@pytest.mark.parametrize("window", [(1.0, 1.36), (1.0, 1.44)])
def test_5_an_empty_final_settles_less_than_its_window(window: tuple[float, float]) -> None:
    """A later word may begin 0.08 s before its end, and is no less a word."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(final("", (0.0, 1.0)), partial("", (1.0, 1.0)), final("", window), partial("", (window[1], window[1])))
    late = ("late", window[1] - 0.08, window[1] + 0.3)
    assert all(mark.to <= late[1] for mark in talk.of(Settled))
    talk.hear(final("late ", (window[1], 2.0), late), partial("", (2.0, 2.0)), end(2.6))
    assert talk.ended == ["late"]


def test_6_windows_may_overlap() -> None:
    """By 0.08 s; no word is taken for one that was heard."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(final("alpha ", (0.0, 0.68), A), final("beta ", (0.6, 1.08), B), final("", (1.0, 1.4)), end(1.9))
    assert talk.ended == ["alpha beta"]


def test_7_a_mark_may_come_alone() -> None:
    """It attaches to the word before it, without a blank."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(final("alpha ", (0.0, 0.6), A), partial("", (0.6, 0.6)), final(". ", (0.6, 1.0), (".", 0.6, 0.6)))
    talk.hear(partial("", (1.0, 1.0)), end(1.4))
    assert talk.ended == ["alpha."]


def test_7_a_mark_that_comes_after_the_end_revises_the_turn() -> None:
    """It opens none of its own."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(final("alpha ", (0.0, 0.6), A), partial("", (0.6, 0.6)), end(1.4))
    talk.hear(final(". ", (0.6, 1.5), (".", 0.6, 0.6)), partial("", (1.5, 1.5)))
    assert talk.shown == ["alpha", "[alpha]", "[alpha.]*"]
    talk.hear(final("beta ", (1.5, 2.0), ("beta", 1.6, 2.0)), partial("", (2.0, 2.0)), end(2.8))
    assert talk.ended == ["alpha.", "beta"]


def test_8_the_end_comes_behind_an_empty_partial() -> None:
    """In one burst with the closing words: the turn has all of them, once."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(partial("alpha beta", (0.0, 1.1), A, B))
    talk.hear(final("alpha beta. ", (0.0, 1.9), A, B, DOT), partial("", (1.9, 1.9)), end(1.9))
    assert talk.ended == ["alpha beta."]


def test_9_an_end_with_nothing_open_is_no_turn() -> None:
    """Nor a second one."""
    talk = Talk()
    talk.listen(3.0)
    talk.hear(end(0.1), final("alpha ", (0.0, 0.6), A), end(1.4), end(1.5))
    assert talk.ended == ["alpha"]


def test_11_a_number_may_be_cut_into_two_finals() -> None:
    """Or be one entity, whose content is one word of the turn."""
    talk = Talk()
    talk.listen(4.0)
    forms = {"entity_class": "money", "spoken_form": [], "written_form": []}
    entity = {**result(("$45", 1.0, 1.6)), "type": "entity", **forms}
    talk.hear(final("I paid ", (0.0, 0.8), ("I", 0.2, 0.3), ("paid", 0.3, 0.8)))
    whole = json.loads(final("$45 ", (0.8, 1.6)))
    talk.hear(json.dumps({**whole, "results": [entity]}), end(2.4))
    assert talk.ended == ["I paid $45"]


@pytest.mark.parametrize("first", [final("", (0.0, 0.36)), partial("", (0.0, 0.36))])
def test_12_the_first_message_may_be_empty(first: str) -> None:
    """Before any speech; nobody sees it."""
    talk = Talk()
    talk.listen(1.0)
    before = len(talk.of(Unmapped))  # Info
    talk.hear(first)
    assert talk.shown == []
    assert len(talk.of(Unmapped)) == before


def test_13_sentences_and_utterances_are_independent() -> None:
    """An utterance holds several sentences, and a sentence several utterances."""
    hi, there, one = ("Hi", 0.2, 0.6), (".", 0.6, 0.6), ("There", 0.6, 1.0)
    talk = Talk()
    talk.listen(4.0)
    talk.hear(final("Hi. There ", (0.0, 1.1), hi, there, one), partial("", (1.1, 1.1)), end(1.8))
    talk.hear(final("and. ", (1.8, 2.8), ("and", 2.2, 2.6), (".", 2.6, 2.6)), partial("", (2.8, 2.8)), end(3.4))
    assert talk.ended == ["Hi. There", "and."]
    talk = Talk(SENTENCES)
    assert "conversation_config" not in talk.asked[0]["transcription_config"] or not any(
        talk.asked[0]["transcription_config"]["conversation_config"].values()
    )
    talk.listen(4.0)
    talk.hear(final("Hi. There ", (0.0, 1.1), hi, there, one), partial("", (1.1, 1.1)))
    assert talk.ended == ["Hi."]
    talk.hear(final("and. ", (1.8, 2.8), ("and", 2.2, 2.6), (".", 2.6, 2.6)), partial("", (2.8, 2.8)))
    assert talk.ended == ["Hi.", "There and."]


@pytest.mark.parametrize("forced", [{"forced": True}, {}], ids=["marked", "older"])
def test_14_a_forced_final_may_have_no_partial(forced: dict[str, bool]) -> None:
    """What stood in the tail before it is not said twice, and keeps nothing from being settled."""
    talk = Talk()
    talk.listen(1.2)
    more = ("more", 1.04, 1.1)
    talk.hear(partial("alpha beta more", (0.0, 1.1), A, B, more))
    talk.ask(Finalize("a"))
    talk.hear(final("alpha beta. ", (0.0, 1.0), A, B, DOT, **forced), end(1.2, **forced))
    assert talk.ended == ["alpha beta."]
    talk.listen(1.0)
    talk.hear(final("", (1.2, 2.0)))
    assert talk.of(Settled)[-1].to == pytest.approx(1.9)
    talk.wait(10.0)
    assert [answer.id for answer in talk.of(Finalized)] == ["a"]


@pytest.mark.parametrize("answer", [[final("", (0.0, 0.5), forced=True), end(0.5, forced=True)], [end(0.5)], []])
def test_16_a_forced_end_with_nothing_open_may_be_answered_anyhow(answer: list[str]) -> None:
    """By an empty final and an end, by an end, by nothing: no turn, and the stream goes on."""
    talk = Talk()
    talk.listen(0.5)
    talk.ask(Finalize("a"))
    talk.hear(*answer)
    talk.wait(10.0)
    assert talk.shown == []
    assert len(talk.of(Finalized)) == (1 if answer else 0) or not answer
    assert not talk.of(Failed)
    talk.listen(2.0)
    talk.hear(final("alpha ", (0.0, 0.6), A), end(1.9))
    assert talk.ended == ["alpha"]


def test_17_labels_are_those_of_the_wire() -> None:
    """With the mark's that of its word; ``UU`` is a label like the others."""
    talk = Talk(Config(diarization=True))
    assert talk.asked[0]["transcription_config"]["diarization"] == "speaker"
    talk.listen(3.0)
    talk.hear(final("alpha beta. ", (0.0, 1.1), (*A, "UU"), (*B, "S1"), (*DOT, "S1")), end(1.9))
    [turn] = [event for event in talk.events if isinstance(event, Turn) and event.end_of_turn]
    assert [(word.text, word.speaker) for word in turn.words] == [("alpha", "UU"), ("beta.", "S1")]


@pytest.mark.parametrize(("language", "text"), [("ja", "明日の"), ("zh", "明日の"), ("en", "明日 の")])
def test_18_without_a_language_pack_the_language_tells(language: str, text: str) -> None:
    """Nothing between the words of Japanese and Mandarin."""
    talk = Talk(Config(language=language), '{"message":"RecognitionStarted"}')
    talk.listen(2.0)
    talk.hear(final(text, (0.0, 1.0), ("明日", 0.2, 0.6), ("の", 0.6, 0.72)), end(1.8))
    assert talk.ended == [text]


# Beside the facts.


def test_words_are_joined_by_what_they_attach_to() -> None:
    """``next`` and ``both`` too; a mark that does not say attaches to the word before."""
    talk = Talk()
    talk.listen(4.0)
    opening = {**result((".", 0.2, 0.2)), "attaches_to": "next", "is_eos": False}
    opening["alternatives"][0]["content"] = "¿"
    dash = {**result((".", 0.6, 0.6)), "attaches_to": "both", "is_eos": False}
    dash["alternatives"][0]["content"] = "-"
    silent = {key: value for key, value in result(("?", 1.4, 1.4)).items() if key != "attaches_to"}
    whole = json.loads(final("", (0.0, 1.5)))
    results = [opening, result(A), dash, result(B), result(("delta", 1.0, 1.4)), silent]
    talk.hear(json.dumps({**whole, "results": results}, ensure_ascii=False), end(2.2))
    assert talk.ended == ["¿alpha-beta delta?"]


@pytest.mark.parametrize("place", ["top", "results"])
def test_channels_are_kept_apart(place: str) -> None:
    """Whichever place their names have."""
    talk = Talk(TWO)
    labels = talk.asked[0]["transcription_config"]["channel_diarization_labels"]
    assert len(labels) == 2
    talk.listen(3.0)
    sent = [each for each in talk.asked if each["message"] == "AddChannelAudio"]
    assert {each["channel"] for each in sent} == set(labels)
    for label, item in zip(labels, (A, B), strict=True):
        said = json.loads(final(item[0], (0.0, 1.1), item))
        if place == "top":
            said["channel"] = label
        else:
            said["results"][0]["channel"] = label
        talk.hear(json.dumps(said))
    talk.hear(*(end(1.9, channel=label) for label in reversed(labels)))
    ended = [
        (event.channel, event.transcript) for event in talk.events if isinstance(event, Turn) and event.end_of_turn
    ]
    assert ended == [(1, "beta"), (0, "alpha")]
    talk.ask(Finalize("both"))
    forced = [each for each in talk.asked if each["message"] == "ForceEndOfUtterance"]
    assert [each.get("channel") for each in forced] == labels
    talk.ask(Stop())
    ends = [each for each in talk.asked if each["message"].startswith("EndOf")]
    assert ends == [{"message": "EndOfChannel", "channel": label, "last_seq_no": 30} for label in labels]


def test_windows_without_a_channel_are_nobodys() -> None:
    """Before 2025-08 only words name theirs: an empty window settles nothing, an empty partial hides nothing."""
    talk = Talk(TWO)
    [first, _] = talk.asked[0]["transcription_config"]["channel_diarization_labels"]
    talk.listen(3.0)
    said = json.loads(partial("alpha", (0.0, 1.1), A))
    said["results"][0]["channel"] = first
    talk.hear(json.dumps(said), final("", (0.0, 2.0)), partial("", (2.0, 2.0)))
    assert not talk.of(Settled)
    assert talk.shown == ["alpha"]


@pytest.mark.parametrize(
    "text",
    [
        '{"message":"SomethingNew"}',
        '{"message":"Info","type":"something_new","reason":"x","more":[1]}',
        '{"message":"AudioEventStarted","event":{"type":"music","start_time":9.6,"confidence":0.82}}',
        '{"message":"AddTranslation","language":"fr","format":"2.9","results":'
        '[{"content":"À midi.","start_time":3.24,"end_time":3.88,"speaker":"S2"}]}',
        '{"message":"SpeakersResult","speakers":[{"label":"S1","speaker_identifiers":["b3BhcXVlLWlk"]}]}',
        '{"message":"LanguageInfo","language":"en","word_delimiter":" ","writing_direction":"left-to-right"}',
        '{"message":"Warning","type":"something_new","reason":"x"}',
    ],
)
def test_what_is_no_transcript_makes_no_turn(text: str) -> None:
    """And ends nothing."""
    talk = Talk()
    talk.listen(1.0)
    talk.hear(text)
    assert talk.shown == []
    assert not talk.of(Failed)


def test_audio_waits_for_recognition_started() -> None:
    """Nothing but StartRecognition goes out before it, whatever Info or Warning comes."""
    talk = Talk(None, USAGE, '{"message":"Warning","type":"validation_warning","reason":"an entry was dropped"}')
    assert [each["message"] for each in talk.asked] == ["StartRecognition"]
    assert isinstance(talk.said[0], Connect)
    assert len(talk.said) == 2
    talk.hear(STARTED)
    assert talk.of(Warned)


@pytest.mark.parametrize(
    ("type_", "code", "retryable"),
    [
        ("not_authorised", 4001, False),
        ("not_allowed", 4003, False),
        ("invalid_model", 4004, False),
        ("quota_exceeded", 4005, True),
        ("timelimit_exceeded", 4006, False),
        ("job_error", 4013, True),
        ("protocol_error", 1003, False),
        ("unknown_error", 1011, True),
    ],
)
def test_an_error_says_whether_to_try_again(type_: str, code: int, retryable: bool) -> None:
    """The message itself tells, and the close code where there is none; both together fail once."""
    error = json.dumps({"message": "Error", "type": type_, "reason": "r"})
    ways: list[list[Frame]] = [[Message(error), Close(code, type_)], [Close(code, type_)]]
    for frames in ways:
        talk = Talk()
        for frame in frames:
            talk.take(talk.client.receive(frame, 1.0))
        [failed] = talk.of(Failed)
        assert failed.error.retryable is retryable
        assert failed.error.provider == "speechmatics"


def test_a_close_before_the_end_of_the_transcript_is_a_failure() -> None:
    """Clean or not; so is an EndOfTranscript that nobody asked for."""
    frames: list[Frame] = [Close(1000, ""), Message(OVER)]
    for frame in frames:
        talk = Talk()
        talk.listen(1.0)
        talk.hear(final("alpha ", (0.0, 0.6), A))
        talk.take(talk.client.receive(frame, 2.0))
        [failed] = talk.of(Failed)
        assert failed.error.retryable


def test_a_limit_is_no_answer_to_the_end_of_the_stream() -> None:
    """Where both cross, what came last was not heard, and EndOfStream neither."""
    talk = Talk()
    talk.listen(3.0)
    talk.ask(Stop())
    limit = '{"message":"Warning","type":"duration_limit_exceeded","reason":"too long","duration_limit":2}'
    talk.hear(limit, final("alpha ", (0.0, 2.0), A), partial("", (2.0, 2.0)), OVER)
    [failed] = talk.of(Failed)
    assert failed.error.retryable
    assert not talk.of(Stopped)


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (404, False), (429, True), (503, True)])
def test_a_handshake_that_is_refused_says_whether_to_try_again(status: int, retryable: bool) -> None:
    """Too many at once may be fewer later."""
    client = SPEECHMATICS.client(Context(new_id=lambda: "id"))
    client.send(Start(Config(), KEY), 0.0)
    [failed] = client.receive(Refused(status, {"request-id": "r-1"}, b'{"error":"no"}'), 0.0)
    assert isinstance(failed, Failed)
    assert (failed.error.retryable, failed.error.status, failed.error.request_id) == (retryable, status, "r-1")
