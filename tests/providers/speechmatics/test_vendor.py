"""The far end itself, against what the documentation says: a client that passes its tests passes that."""

from __future__ import annotations

import itertools
import json
import random
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio.codec import from_pcm16
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Hard, encode, words

from .checks import ENCODINGS
from .habits import Habits, Json
from .vendor import Realtime, Refusal, Vendor

WORDS = words(6, seed=31)
FORMAT = AudioFormat()
AUDIO = encode([0.25, *WORDS[:3], 1.3, *WORDS[3:], 1.6], FORMAT)
KEY = {"Authorization": "Bearer 0123456789abcdef"}
URL = "wss://eu.rt.speechmatics.test/v2"
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
TRIGGER = {"conversation_config": {"end_of_utterance_silence_trigger": 0.7}}
END = '{"message":"EndOfStream","last_seq_no":0}'
FORCE = '{"message":"ForceEndOfUtterance"}'
HARD = {
    "easy": Hard(),
    "finals": Hard(final_every=2, jitter=0.03, seed=1),
    "late finals": Hard(final_every=2, late=0.6),
    "rewriting": Hard(rewrite=True),
    "sentences": Hard(split_every=2, final_every=1),
}
CHANNELS = {"diarization": "channel", "channel_diarization_labels": ["agent", "caller"]}


def start(config: Json | None = None, **members: Any) -> Json:
    config = {"language": "en", "enable_partials": True, "max_delay": 2.0, **TRIGGER, **(config or {})}
    return {"message": "StartRecognition", "audio_format": RAW, "transcription_config": config, **members}


def accepted(habits: Habits | None = None) -> Realtime:
    found = Vendor(habits).open(URL, KEY)
    assert not isinstance(found, Refusal), found
    return found[0]


def asked(connection: Realtime, message: Json, now: float = 0.0) -> list[Json]:
    return [json.loads(text) for text in connection.text(json.dumps(message), now)]


def opened(habits: Habits | None = None, config: Json | None = None, **members: Any) -> Realtime:
    connection = accepted(habits)
    asked(connection, start(config, **members))
    connection.tick(1.0)
    return connection


def talk(connection: Realtime, audio: bytes = AUDIO, chunk: int = 3200, *, close: bool = True) -> list[Json]:
    """Say *audio* in chunks of so many bytes, from 1 s on; return what came."""
    said: list[str] = []
    for at in range(0, len(audio), chunk):
        now = 1.0 + at / 32000
        said += connection.tick(now) if connection.deadline is not None and connection.deadline <= now else []
        said += connection.binary(audio[at : at + chunk], now)
    said += connection.text(END, 1.0 + len(audio) / 32000) if close else []
    return [json.loads(text) for text in said]


def of(said: list[Json], *messages: str) -> list[Json]:
    return [each for each in said if each["message"] in messages]


def finals(said: list[Json]) -> list[Json]:
    return of(said, "AddTranscript")


def plain(said: list[Json]) -> list[str]:
    """Return the words of messages, without capitals and marks; those of entities one by one."""
    results = [result for each in said for result in each["results"] if result["type"] != "punctuation"]
    return [word for result in results for word in result["alternatives"][0]["content"].lower().split()]


def shape(said: list[Json]) -> list[str]:
    """Return what came after the first word, in letters; empty finals in silence are left out."""
    short = {"AddTranscript": "F", "AddPartialTranscript": "P", "EndOfUtterance": "E", "EndOfTranscript": "T"}
    return [
        short[each["message"]] + (each["metadata"]["transcript"].strip() if "results" in each else "")
        for each in of(said, *short)
    ]


def any_talk(connection: Realtime, audio: bytes, dice: random.Random, command: str) -> list[Json]:
    """Say *audio* in any chunks, odd ones included, with *command* between some of them."""
    said, at = [], 0
    while at < len(audio):
        size = dice.randint(1, 40_000)
        said += connection.binary(audio[at : at + size], 1.0)
        said += connection.text(command, 1.0) if dice.random() < 0.5 else []
        at += size
    return [json.loads(text) for text in [*said, *connection.text(END, 1.0)]]


# The handshake.


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        (URL, {}, 401),
        (URL, {"Authorization": "Token abc"}, 401),
        (URL, {"Authorization": "Bearer "}, 401),
        (f"{URL}?jwt=", {}, 401),
        (f"{URL}?jwt=a&jwt=b", {}, 400),
        (f"{URL}?language=en", KEY, 400),
        (URL.replace("v2", "v3"), KEY, 404),
        (URL + "/klingon", KEY, 404),
    ],
)
def test_a_handshake_that_the_documentation_rules_out_is_refused(url: str, headers: Any, status: int) -> None:
    """With a request id."""
    found = Vendor().open(url, headers)
    assert isinstance(found, Refusal)
    assert found.status == status
    assert "Request-Id" in found.headers


def test_a_key_comes_in_a_header_or_in_the_query() -> None:
    """And the path may end in a slash, or name the language."""
    vendor = Vendor()
    for url, headers in ((URL, KEY), (f"{URL}/?jwt=token&sm-sdk=x", {}), (f"{URL}/en", {"authorization": "Bearer k"})):
        assert not isinstance(vendor.open(url, headers), Refusal)
    assert vendor.keys == ["0123456789abcdef", "token", "k"]


def test_a_key_may_be_refused_behind_the_handshake() -> None:
    """By an Error and its close code."""
    connection = accepted(Habits(refuses="message"))
    [error] = [json.loads(text) for text in connection.greeting()]
    assert (error["message"], error["type"]) == ("Error", "not_authorised")
    assert connection.ended == (4001, "not_authorised")
    assert isinstance(Vendor(Habits(refuses="handshake")).open(URL, KEY), Refusal)


# The messages of a client.

WRONG_CONFIG: list[tuple[Json, str]] = [
    ({"max_delay": 0.5}, "invalid_config"),
    ({"max_delay": 5}, "invalid_config"),
    ({"max_delay": True}, "invalid_config"),
    ({"enable_partials": "true"}, "invalid_config"),
    ({"conversation_config": {"end_of_utterance_silence_trigger": 2.1}}, "invalid_config"),
    ({"conversation_config": {"silence": 1}}, "invalid_config"),
    ({"diarization": "channel"}, "invalid_config"),
    ({"channel_diarization_labels": ["a"]}, "invalid_config"),
    ({"diarization": "channel", "channel_diarization_labels": ["a", "a"]}, "invalid_config"),
    ({"diarization": "channel", "channel_diarization_labels": ["a", "b", "c"]}, "invalid_config"),
    ({"speaker_diarization_config": {"max_speakers": 1}}, "invalid_config"),
    (
        {"speaker_diarization_config": {"speakers": [{"label": "S1", "speaker_identifiers": ["x"]}]}},
        "invalid_config",
    ),
    ({"additional_vocab": ["a"] * 1001}, "invalid_config"),
    ({"additional_vocab": [{"sounds_like": ["a"]}]}, "invalid_config"),
    ({"punctuation_overrides": {"permitted_marks": ["..."]}}, "invalid_config"),
    ({"output_locale": "fr-CA"}, "invalid_config"),
    ({"language_hints": ["en"]}, "invalid_config"),
    ({"turn_silence": 1}, "invalid_config"),
    ({"model": "nova-3"}, "invalid_model"),
    ({"language": "en-US"}, "invalid_language"),
    ({"language": "auto"}, "invalid_language"),
    ({"language": "multi"}, "invalid_language"),
]


@pytest.mark.parametrize(("config", "type_"), WRONG_CONFIG, ids=str)
def test_a_wrong_config_is_refused(config: Json, type_: str) -> None:
    """With an Error that says of which type it is, and a close."""
    connection = accepted()
    [error] = asked(connection, start(config))
    assert (error["message"], error["type"]) == ("Error", type_)
    assert connection.ended == ((4004, "invalid_model") if type_ == "invalid_model" else (1003, "protocol_error"))


@pytest.mark.parametrize(
    ("members", "type_"),
    [
        ({"audio_format": None}, "invalid_message"),
        ({"audio_format": {**RAW, "channels": 2}}, "invalid_audio_type"),
        ({"audio_format": {**RAW, "encoding": "pcm_alaw"}}, "invalid_audio_type"),
        ({"audio_format": {"type": "raw", "encoding": "mulaw"}}, "invalid_audio_type"),
        ({"audio_format": {**RAW, "sample_rate": "16000"}}, "invalid_audio_type"),
        ({"transcription_config": None}, "invalid_message"),
        ({"transcription_config": {"model": "enhanced"}}, "invalid_config"),
        ({"translation_config": {"target_languages": ["a"] * 6}}, "invalid_config"),
        ({"audio_events_config": {"types": ["thunder"]}}, "invalid_config"),
        ({"turn_config": {}}, "invalid_message"),
    ],
    ids=str,
)
def test_a_wrong_start_is_refused(members: Json, type_: str) -> None:
    """Members that the page lacks included."""
    [error] = asked(accepted(), start(**members))
    assert error["type"] == type_


@pytest.mark.parametrize(
    "config",
    [
        {"operating_point": "enhanced"},
        {"model": "standard", "domain": "medical", "output_locale": "en-GB", "max_delay_mode": "fixed"},
        {"additional_vocab": ["one", {"content": "two", "sounds_like": ["to"]}], "enable_entities": True},
        {"diarization": "speaker", "speaker_diarization_config": {"max_speakers": 2, "speaker_sensitivity": 0.4}},
        {"model": "melia-1", "language": "multi", "language_hints": ["en"], "language_hints_strict": True},
        {"punctuation_overrides": {"permitted_marks": [".", "all"], "sensitivity": 1}},
        {"transcript_filtering_config": {"remove_disfluencies": True, "replacements": [{"from": "/a/", "to": ""}]}},
        {"audio_filtering_config": {"volume_threshold": 0}},
        CHANNELS,
    ],
    ids=str,
)
def test_what_the_page_names_is_accepted(config: Json) -> None:
    """Info, RecognitionStarted, Info: as sessions begin."""
    connection = accepted()
    said = asked(connection, start(config, audio_events_config={"types": ["music"]}))
    said += [json.loads(text) for text in connection.tick(0.1)]
    assert [each["message"] for each in said] == ["Info", "RecognitionStarted", "Info"]
    assert set(said[1]["language_pack_info"]) == {
        *("adapted", "itn", "language_description", "word_delimiter", "writing_direction"),
    }


def test_an_entry_of_a_vocabulary_that_is_too_long_is_dropped() -> None:
    """A warning says so before the session starts."""
    said = asked(accepted(), start({"additional_vocab": ["a b c d e f g", "ok"]}))
    assert [each.get("type") for each in said] == ["concurrent_session_usage", "validation_warning"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"message":1}', FORCE, END, '{"message":"KeepAlive"}'])
def test_nothing_but_a_start_comes_first(text: str) -> None:
    """Audio neither, nor anything else before RecognitionStarted."""
    connection = accepted()
    [error] = [json.loads(said) for said in connection.text(text, 0.0)]
    assert error["message"] == "Error"
    assert connection.ended == (1003, "protocol_error")
    for connection, ready in ((accepted(), False), (accepted(), True)):
        if ready:
            asked(connection, start())
        [error] = [json.loads(said) for said in connection.binary(bytes(3200), 0.05)]
        assert error["type"] == "protocol_error"


@pytest.mark.parametrize(
    "message",
    [
        {"message": "Finalize"},
        start(),
        {"message": "EndOfStream"},
        {"message": "ForceEndOfUtterance", "timestamp": -1},
        {"message": "ForceEndOfUtterance", "channel": "agent"},
        {"message": "AddChannelAudio", "channel": "agent", "data": "AAA="},
        {"message": "SetRecognitionConfig", "transcription_config": {"language": "fr"}},
        {"message": "SetRecognitionConfig", "transcription_config": {"diarization": "speaker"}},
        {"message": "SetRecognitionConfig", "transcription_config": {"max_delay": 9}},
        {"message": "SetRecognitionConfig"},
    ],
    ids=str,
)
def test_a_wrong_message_ends_the_session(message: Json) -> None:
    """Of an unknown name, with unknown members, or out of place."""
    connection = opened()
    [error] = asked(connection, message, 1.0)
    assert error["message"] == "Error"
    assert connection.ended == (1003, "protocol_error")


# What is heard.


def test_each_frame_is_acknowledged_once() -> None:
    """From 1, some time later, whatever its size; none in between is left out."""
    said = talk(opened(), chunk=1001)
    assert [each["seq_no"] for each in of(said, "AudioAdded")] == [*range(1, len(AUDIO) // 1001 + 2)]
    assert of(talk(opened(Habits(ack_lag=None))), "AudioAdded") == []


def test_acknowledgements_may_stall() -> None:
    """None for a time, then all at once."""
    connection = opened(Habits(ack_stall=(3, 2.0)))
    for at in range(5):
        connection.binary(bytes(3200), 1.0 + at / 10)
    told = [json.loads(text)["seq_no"] for now in (2.9, 3.3) for text in connection.tick(now)]
    assert told == [1, 2, 3, 4, 5]
    assert connection.deadline is not None
    assert len(connection.tick(9.0)) == 0


def test_a_final_takes_the_words_off_the_partial() -> None:
    """And each is followed by a partial with the words behind it; the end comes in the same burst."""
    said = shape(talk(opened(Habits(piece=1, empties=False)), encode([0.25, *WORDS[:2], 1.0], FORMAT)))
    one, two = WORDS[:2]
    assert said[-10:] == [
        f"F{one.capitalize()}",
        f"P{two}",
        f"F{two}",
        "P",
        "F.",
        "P",
        "E",
        "F",
        "P",
        "T",
    ]
    assert said[0].startswith("P")


def test_a_partial_may_have_more_than_the_final_takes() -> None:
    """The next one begins with the word that was left out, maybe as another."""
    said = talk(opened(Habits(hard=Hard(final_every=1, rewrite=True), tail=1)))
    pairs = [(a, b) for a, b in itertools.pairwise(of(said, "AddTranscript", "AddPartialTranscript")) if b["results"]]
    left = [b for a, b in pairs if a["message"] == "AddTranscript" and a["results"]]
    assert left
    assert all(len(b["results"]) == 1 for b in left)
    assert plain(finals(said)) == [*WORDS]
    assert not set(plain(of(said, "AddPartialTranscript"))) <= set(WORDS)


def test_silence_gives_empty_finals() -> None:
    """Every 0.36 s of audio; with partials on, an empty partial behind each."""
    said = talk(opened(), encode([4.0], FORMAT), close=False)
    windows = [(each["metadata"]["start_time"], each["metadata"]["end_time"]) for each in finals(said)]
    assert len(windows) == 10
    assert all(each["results"] == [] and each["metadata"]["transcript"] == "" for each in finals(said))
    assert [each["message"] for each in of(said, "AddTranscript", "AddPartialTranscript")] == [
        *("AddTranscript", "AddPartialTranscript") * 10,
    ]


def test_without_partials_only_finals_come() -> None:
    """They are the same ones."""
    said = talk(opened(config={"enable_partials": False}))
    assert of(said, "AddPartialTranscript") == []
    assert finals(said) == finals(talk(opened()))


def test_a_word_may_begin_before_the_end_of_an_empty_window() -> None:
    """By at most 0.08 s; windows of neighbours overlap by as much, words never."""
    deep, over = [], []
    for pause in range(40):
        said = finals(talk(opened(), encode([1.0 + pause / 50, WORDS[0], 1.0], FORMAT)))
        spans = [(each["metadata"]["start_time"], each["metadata"]["end_time"]) for each in said]
        first = next(result["start_time"] for each in said for result in each["results"])
        before = itertools.takewhile(lambda each: not each["results"], said)
        deep += [each["metadata"]["end_time"] - first for each in before]
        over += [a[1] - b[0] for a, b in itertools.pairwise(spans)]
    assert 0.0 < max(deep) <= 0.08 + 0.021  # the grid
    assert 0.0 < max(over) <= 0.08 + 1e-9


@pytest.mark.parametrize(("lone", "order"), [("no", "F.E"), ("before the end", "FF.E"), ("after the end", "FEF.")])
def test_the_mark_at_the_end_may_stand_alone(lone: Any, order: str) -> None:
    """In a final of its own, also behind the end of the utterance."""
    said = talk(opened(Habits(lone=lone, empties=False)), close=False)
    told = []
    for each in of(said, "AddTranscript", "EndOfUtterance"):
        results = each.get("results", [])
        marked = any(result["type"] == "punctuation" for result in results)
        told.append(("F" if any(r["type"] == "word" for r in results) else "") or ("F" if results else "E"))
        told[-1] += "." if marked else ""
    assert "".join(told) == order * 2


def test_a_sentence_may_end_in_mid_speech() -> None:
    """Its mark stands before the next word of the same final; commas end nothing."""
    said = finals(talk(opened(Habits(hard=Hard(split_every=2), commas=1))))
    kinds = next(
        [(r["type"][0], r.get("is_eos")) for r in each["results"]] for each in said if len(each["results"]) > 3
    )
    assert kinds == [("w", None), ("p", False), ("w", None), ("p", True), ("w", None), ("p", True)]


def test_a_pause_need_not_end_a_sentence() -> None:
    """One sentence holds both utterances."""
    said = talk(opened(Habits(pauses=False)))
    assert len(of(said, "EndOfUtterance")) == 2
    marks = [r for each in finals(said) for r in each["results"] if r["type"] == "punctuation"]
    assert [mark["is_eos"] for mark in marks] == [True]


def test_an_utterance_ends_once_for_each_silence() -> None:
    """At a point in time; not at all where no trigger is set, or the marks are off."""
    said = talk(opened())
    ends = of(said, "EndOfUtterance")
    assert len(ends) == 2
    assert all(end["metadata"]["start_time"] == end["metadata"]["end_time"] for end in ends)
    assert of(talk(opened(config={"conversation_config": {}})), "EndOfUtterance") == []
    quiet: Json = {"punctuation_overrides": {"permitted_marks": []}}
    assert {r["type"] for each in finals(talk(opened(config=quiet))) for r in each["results"]} == {"word"}


def test_max_delay_bounds_the_way_to_a_final() -> None:
    """A larger one gives fewer and longer finals."""
    audio = encode([0.2, *WORDS, *WORDS], FORMAT)
    counts = []
    for delay in (0.7, 4.0):
        connection, said = opened(config={"max_delay": delay, "conversation_config": {}}), []
        for at in range(0, len(audio), 3200):
            for text in connection.binary(audio[at : at + 3200], 1.0):
                each = json.loads(text)
                said.append(each)
                ends = [r["end_time"] for r in each.get("results", [])]
                if each["message"] == "AddTranscript" and ends:
                    assert (at + 3200) / 32000 - ends[0] <= delay
        counts.append(len([each for each in finals(said) if each["results"]]))
    assert counts[0] > counts[1]


def test_words_of_an_entity_come_as_one_result() -> None:
    """With their spoken and written forms; ``flexible`` does not cut it."""
    connection = opened(Habits(hard=Hard()), {"enable_entities": True, "max_delay": 0.7})
    said = finals(talk(connection, encode([0.2, *WORDS, 0.2], FORMAT)))
    [entity] = [r for each in said for r in each["results"] if r["type"] == "entity"]
    assert entity["entity_class"] == "cardinal"
    assert [form["alternatives"][0]["content"] for form in entity["spoken_form"]] == [*WORDS[2:4]]
    assert plain(said) == [*WORDS]


def test_speakers_are_named_in_every_result() -> None:
    """A partial may name another, and the first word nobody."""
    said = talk(opened(Habits(moving=True), {"diarization": "speaker"}))
    labels = [r["alternatives"][0]["speaker"] for each in finals(said) for r in each["results"]]
    assert labels == ["UU", "S1", "S1", "S1", "S2", "S2", "S2", "S2"]
    open_ = [r["alternatives"][0]["speaker"] for each in of(said, "AddPartialTranscript") for r in each["results"]]
    assert open_[:2] == ["S1", "S2"]
    assert "speaker" not in finals(talk(opened()))[1]["results"][0]["alternatives"][0]


def test_japanese_has_nothing_between_its_words() -> None:
    """And marks of its own; older servers do not tell."""
    connection = accepted()
    asked(connection, start({"language": "ja"}))
    [started] = [each for each in map(json.loads, connection.tick(1.0)) if each["message"] == "RecognitionStarted"]
    assert started["language_pack_info"]["word_delimiter"] == ""
    texts = [each["metadata"]["transcript"] for each in finals(talk(connection)) if each["results"]]
    assert texts == ["".join(WORDS[:3]) + "。", "".join(WORDS[3:]) + "。"]
    connection = accepted(Habits(tells_pack=False))
    asked(connection, start({"language": "ja"}))
    assert "language_pack_info" not in json.loads(connection.tick(1.0)[0])


def test_a_model_that_finds_the_language_says_which() -> None:
    """Once, before the first word."""
    said = talk(opened(config={"model": "melia-1", "language": "multi"}))
    assert len(of(said, "LanguageInfo")) == 1
    at = said.index(of(said, "LanguageInfo")[0])
    assert plain(finals(said[:at])) == []


# Commands.


@pytest.mark.parametrize("marks", [True, False])
def test_a_forced_end_is_answered_at_once(marks: bool) -> None:
    """A final, a partial and the end, all marked where the server is new; a word in the mouth belongs to the next."""
    connection = opened(Habits(marks_forced=marks))
    said = talk(connection, encode([0.2, *WORDS[:3]], FORMAT)[: FORMAT.size(0.2 + 2 * 0.24 + 0.1)], close=False)
    assert plain(finals(said)) == []
    answer = asked(connection, json.loads(FORCE), 2.0)[-3:]  # behind what is left of the step before
    assert [each["message"] for each in answer] == ["AddTranscript", "AddPartialTranscript", "EndOfUtterance"]
    assert [each.get("forced") for each in answer] == [True if marks else None] * 3
    assert plain(answer[:1]) == [*WORDS[:2]]
    rest = encode([0.2, *WORDS[:3], 0.3], FORMAT)[FORMAT.size(0.2 + 2 * 0.24 + 0.1) :]
    assert plain(finals(talk(connection, rest))) == [WORDS[2]]


def test_a_forced_end_may_stop_at_a_time() -> None:
    """What came later stays open, unless the server is too old to know times."""
    for habits, expected in ((Habits(), WORDS[:1]), (Habits(knows_timestamp=False), WORDS[:2])):
        connection = opened(habits)
        talk(connection, encode([0.2, *WORDS[:2], 0.1], FORMAT), close=False)
        answer = asked(connection, {"message": "ForceEndOfUtterance", "timestamp": 0.5}, 2.0)
        assert plain(finals(answer)) == [*expected]


@pytest.mark.parametrize(("idle", "messages"), [("empty final", "FPE"), ("end only", "E"), ("nothing", "")])
def test_a_forced_end_with_nothing_open_is_answered_in_three_ways(idle: Any, messages: str) -> None:
    """No page says in which."""
    connection = opened(Habits(idle=idle))
    talk(connection, encode([0.5], FORMAT), close=False)
    assert "".join(shape(asked(connection, json.loads(FORCE), 2.0))) == messages


def test_a_forced_final_may_have_no_partial() -> None:
    """As has been seen."""
    connection = opened(Habits(forced_partial=False))
    talk(connection, encode([0.2, WORDS[0], 0.1], FORMAT), close=False)
    assert [text[0] for text in shape(asked(connection, json.loads(FORCE), 2.0))] == ["F", "E"]


def test_a_change_is_not_answered() -> None:
    """It holds from then on."""
    connection = opened()
    change: Json = {"language": "en", "enable_partials": False, "conversation_config": {}}
    assert asked(connection, {"message": "SetRecognitionConfig", "transcription_config": change}, 1.0) == []
    assert of(talk(connection), "AddPartialTranscript") == []
    change = {"conversation_config": {"end_of_utterance_silence_trigger": 2}}
    asked(later := opened(), {"message": "SetRecognitionConfig", "transcription_config": change}, 1.0)
    assert of(talk(later), "EndOfUtterance") == []


def test_speakers_are_told_when_asked_for() -> None:
    """At once, or once at the end, before EndOfTranscript."""
    connection = opened(config={"diarization": "speaker"})
    [now] = asked(connection, {"message": "GetSpeakers"}, 1.0)
    assert [speaker["label"] for speaker in now["speakers"]] == ["S1", "S2"]
    assert asked(connection, {"message": "GetSpeakers", "final": True}, 1.0) == []
    assert [each["message"] for each in talk(connection)[-2:]] == ["SpeakersResult", "EndOfTranscript"]


def test_what_crosses_with_a_limit_is_ignored() -> None:
    """Audio is acknowledged, messages are not answered: the client could not know."""
    connection = opened(Habits(limit=1.2, rest=60.0))
    talk(connection, close=False)
    connection.tick(9.0)
    assert connection.binary(bytes(3200), 9.0) == connection.text(END, 9.0) == connection.text(FORCE, 9.0) == []
    [ack] = [json.loads(text) for text in connection.tick(9.2)]
    assert ack == {"message": "AudioAdded", "seq_no": len(AUDIO) // 3200 + 2}
    assert connection.ended is None


def test_channels_are_heard_apart() -> None:
    """Each with its own count, its own end, and its name at the top or, before 2025-08, in each result."""
    for place in ("top", "results"):
        habits: Any = Habits(channel=place)
        connection, said = opened(habits, CHANNELS), []
        for name, word in (("agent", WORDS[0]), ("caller", WORDS[1])):
            data = b64encode(encode([0.2, word, 1.0], FORMAT)).decode()
            said += asked(connection, {"message": "AddChannelAudio", "channel": name, "data": data}, 1.0)
        said += asked(connection, {"message": "EndOfChannel", "channel": "agent", "last_seq_no": 1}, 2.0)
        assert not of(said, "EndOfTranscript")
        said += asked(connection, {"message": "EndOfChannel", "channel": "caller", "last_seq_no": 1}, 2.0)
        assert said[-1] == {"message": "EndOfTranscript"}
        acks = of([*said, *map(json.loads, connection.tick(9.0))], "ChannelAudioAdded")
        assert sorted((ack["channel"], ack["seq_no"]) for ack in acks) == [("agent", 1), ("caller", 1)]
        told = [
            (each.get("channel"), [r.get("channel") for r in each["results"]], plain([each])) for each in finals(said)
        ]
        named = [(top or (inner or [None])[0], words_) for top, inner, words_ in told if words_]
        assert named == [("agent", [WORDS[0]]), ("caller", [WORDS[1]])]
        assert all((top is not None) == (place == "top") for top, _, _ in told)
        assert [end["channel"] for end in of(said, "EndOfUtterance")] == ["agent", "caller"]


def test_audio_has_one_door() -> None:
    """Frames where there are no channels, messages where there are."""
    connection = opened(config=CHANNELS)
    assert json.loads(connection.binary(bytes(3200), 1.0)[0])["type"] == "protocol_error"


# The end.


def test_the_end_of_the_stream_is_answered_by_what_is_left() -> None:
    """Then by EndOfTranscript, and by a close where the client forgets its own."""
    connection = opened(Habits(rest=0.5))
    said = talk(connection)
    assert not of(said, "EndOfTranscript")
    [warning] = [json.loads(text) for text in connection.binary(bytes(320), 6.0)]
    assert warning["type"] == "add_audio_after_eos"
    left = [json.loads(text) for text in connection.tick(9.0)]
    assert plain(finals([*said, *left])) == [*WORDS]
    assert left[-1] == {"message": "EndOfTranscript"}
    assert connection.hints == [0]
    assert connection.ended is None
    connection.tick(14.0)
    assert connection.ended == (1000, "")


def test_too_long_an_utterance_ends_the_session() -> None:
    """A warning, what was heard until then, EndOfTranscript: nobody asked."""
    said = talk(opened(Habits(limit=1.2)), close=False)
    messages = [each["message"] for each in said]
    assert messages[-1] == "EndOfTranscript"
    assert [each["type"] for each in of(said, "Warning")] == ["duration_limit_exceeded"]
    assert plain(finals(said)) == [*WORDS[:3]]


def test_an_hour_without_audio_ends_the_session() -> None:
    """With an error and 1008."""
    connection = opened()
    talk(connection, close=False)
    connection.tick(20.0)
    assert connection.deadline == pytest.approx(3606.0, abs=1.0)
    [error] = [json.loads(text) for text in connection.tick(4000.0)]
    assert error["type"] == "idle_timeout"
    assert connection.ended == (1008, "policy_violation")


@pytest.mark.parametrize(("name", "encoding"), ENCODINGS.items())
def test_every_encoding_is_heard(name: str, encoding: Any) -> None:
    """The same words of each, however its samples are cut."""
    connection = accepted()
    asked(connection, start(audio_format={**RAW, "encoding": name}))
    connection.tick(1.0)
    assert plain(finals(talk(connection, from_pcm16(AUDIO, encoding), 3333))) == [*WORDS]


@pytest.mark.parametrize("hard", HARD)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=40, deadline=None)
def test_every_word_is_final_once(hard: str, seed: int) -> None:
    """However the audio is cut, whatever the habits, with forced ends anywhere; word times never overlap."""
    dice = random.Random(seed)
    habits = Habits(
        hard=HARD[hard],
        piece=dice.choice([0, 1, 2]),
        tail=dice.randint(0, 2),
        lone=dice.choice(["no", "before the end", "after the end"]),
        commas=dice.choice([0, 2]),
        pauses=dice.random() < 0.7,
        merges=dice.random() < 0.3,
        moving=dice.random() < 0.3,
        first=dice.choice(["final", "partial"]),
        last=dice.choice(["no end", "end"]),
        idle=dice.choice(["empty final", "end only", "nothing"]),
        forced_partial=dice.random() < 0.7,
    )
    config = {
        "max_delay": dice.choice([0.7, 2.0, 4.0]),
        "enable_partials": dice.random() < 0.8,
        "enable_entities": dice.random() < 0.5,
        "diarization": dice.choice(["none", "speaker"]),
        "conversation_config": {"end_of_utterance_silence_trigger": dice.choice([0, 0.2, 0.7])},
    }
    audio = encode([dice.uniform(0, 0.5), *(i for w in WORDS for i in (w, dice.uniform(0, 1.5)))], FORMAT)
    said = any_talk(opened(habits, config), audio, dice, FORCE)
    assert plain(finals(said)) == [*WORDS]
    assert said[-1] == {"message": "EndOfTranscript"}
    reached = 0.0
    for result in [result for each in finals(said) for result in each["results"]]:
        assert reached <= result["start_time"] <= result["end_time"]
        assert result["start_time"] * 25 == pytest.approx(round(result["start_time"] * 25), abs=1e-6)
        reached = result["end_time"]
    ends = [each["metadata"]["end_time"] for each in finals(said)]
    assert all(later >= earlier - 0.081 for earlier, later in itertools.pairwise(ends))
    for each, after in itertools.pairwise(of(said, "AddTranscript", "AddPartialTranscript", "EndOfUtterance")):
        if each["message"] == "AddTranscript" and "forced" not in each:
            assert (after["message"] == "AddPartialTranscript") == config["enable_partials"]
    ended = True  # an end comes only after words
    for each in of(said, "AddTranscript", "EndOfUtterance"):
        if each["message"] == "AddTranscript":
            ended = ended and not plain([each])
        else:
            assert not ended or "forced" in each
            ended = True
