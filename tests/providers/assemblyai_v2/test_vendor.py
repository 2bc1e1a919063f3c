"""The far end itself, against what the documentation says: a client that passes its tests passes that."""

from __future__ import annotations

import base64
import datetime
import itertools
import json
import random
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio.codec import from_pcm16
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Hard, encode, words

from ..deepgram.habits import Json
from .habits import Habits
from .vendor import Realtime, Refusal, Vendor

WORDS = words(6, seed=31)
FORMAT = AudioFormat()
AUDIO = encode([0.25, *WORDS[:3], 1.1, *WORDS[3:], 1.3], FORMAT)
KEY = {"Authorization": "0123456789abcdef"}
URL = "wss://api.assemblyai.test/v2/realtime/ws?sample_rate=16000"
FORCE = '{"force_end_utterance": true}'
END = '{"terminate_session": true}'
PARTIAL = {"message_type", "created", "audio_start", "audio_end", "confidence", "text", "words"}
KINDS = ("PartialTranscript", "FinalTranscript")
HARD = {
    "easy": Hard(),
    "jitter": Hard(jitter=0.03, seed=1),
    "late": Hard(late=0.6),
    "rewriting": Hard(rewrite=True),
    "split": Hard(split_every=2),
    "late split": Hard(split_every=1, late=0.8, rewrite=True),
}


def opened(url: str = URL, habits: Habits | None = None) -> Realtime:
    found = Vendor(habits).open(url, KEY)
    assert isinstance(found, tuple), found
    return found[0]


def talk(connection: Realtime, audio: bytes = AUDIO, chunk: int = 3200, *, end: bool = True) -> list[Json]:
    """Say *audio* in chunks of so many bytes, in real time; return what came, the greeting first."""
    said = connection.greeting()
    for at in range(0, len(audio), chunk):
        said += connection.binary(audio[at : at + chunk], at / 32000)
    if end:
        said += connection.text(END, len(audio) / 32000)
    return [json.loads(text) for text in said]


def of(said: list[Json], kind: str) -> list[Json]:
    return [each for each in said if each["message_type"] == kind]


def plain(each: Json) -> list[str]:
    """Return the words of a message, without capitals and full stops, joined ones apart."""
    return [word for word in each["text"].lower().replace("-", " ").replace(".", "").split(" ") if word]


def final_words(said: list[Json]) -> list[str]:
    return [word for each in of(said, "FinalTranscript") for word in plain(each)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("", 0),
        ("&encoding=pcm_mulaw&disable_partial_transcripts=True&enable_extra_session_information=FALSE", 0),
        ("&word_boost=%5B%22Zander%22%2C%22IBAN%22%5D", 0),
        (f"&word_boost={quote(json.dumps(['x' * 2500]))}", 0),
        (f"&word_boost={quote(json.dumps(['x' * 2501]))}", 4104),
        ("&word_boost=Zander", 4104),
        ("&word_boost=Zander&word_boost=IBAN", 4101),
        (f"&word_boost={quote('[1]')}", 4104),
        (f"&word_boost={quote('{}')}", 4104),
        ("&encoding=linear16", 4101),
        ("&disable_partial_transcripts=1", 4101),
        ("&language=en", 4101),
        ("&speech_model=best", 4101),
    ],
)
def test_a_query_that_the_page_rules_out_is_closed_behind_the_upgrade(more: str, code: int) -> None:
    """With an error and its code, and without a greeting."""
    connection = opened(URL + more)
    said = [json.loads(text) for text in connection.greeting()]
    if not code:
        assert [each["message_type"] for each in said] == ["SessionBegins"]
        assert connection.ended is None
    else:
        assert connection.ended is not None
        assert connection.ended[0] == code
        assert said == [{"error": connection.ended[1]}]


@pytest.mark.parametrize("rate", ["", "0", "-16000", "16000.0", "16k", "１６０００"])
def test_a_rate_that_is_no_positive_integer_is_closed_with_4000(rate: str) -> None:
    """Also where it is missing."""
    for url in (URL.replace("16000", quote(rate)), URL.partition("?")[0]):
        connection = opened(url)
        connection.greeting()
        assert connection.ended == (4000, "Sample rate must be a positive integer")


@pytest.mark.parametrize(
    ("headers", "more"),
    [({}, ""), ({"Authorization": "Token abc"}, ""), ({"Authorization": "Bearer abc"}, ""), (KEY, "&token=")],
)
def test_a_bad_key_is_closed_with_4001_or_refused(headers: dict[str, str], more: str) -> None:
    """It has no scheme word; behind the upgrade by the page, with a status by a third party's note."""
    vendor = Vendor()
    assert not isinstance(vendor.open(URL + more, headers), Refusal)
    [found] = vendor.connections
    assert [json.loads(text) for text in found.greeting()] == [{"error": "Not Authorized"}]
    assert found.ended == (4001, "Not Authorized")
    refused = Vendor(Habits(refuses="with a status")).open(URL + more, headers)
    assert isinstance(refused, Refusal)
    assert refused.status == 401


def test_a_token_is_good_for_one_session() -> None:
    """It takes the place of the header."""
    vendor = Vendor()
    for token in ("a", "b", "a"):
        assert not isinstance(vendor.open(f"{URL}&token={token}", {}), Refusal)
    assert [found.wrong for found in vendor.connections] == [0, 0, 4001]


@pytest.mark.parametrize("path", ["/v2/realtime/ws/", "/v2/realtime", "/v3/ws"])
def test_there_is_one_path(path: str) -> None:
    """Without a slash at its end."""
    found = Vendor().open(URL.replace("/v2/realtime/ws", path), KEY)
    assert isinstance(found, Refusal)
    assert found.status == 404


def test_a_retired_service_says_so_in_one_of_two_ways() -> None:
    """In a frame behind the upgrade, or with 410."""
    connection = opened(habits=Habits(retired="frame"))
    [text] = connection.greeting()
    assert json.loads(text)["error"].startswith("Model deprecated.")
    assert connection.ended is not None
    found = Vendor(Habits(retired="status")).open(URL, KEY)
    assert isinstance(found, Refusal)
    assert found.status == 410


@pytest.mark.parametrize("begins", ["microseconds", "seconds", "zone"])
def test_the_greeting_has_a_uuid_and_a_time(begins: Any) -> None:
    """Of version 4; naive, but for one habit."""
    connection = opened(habits=Habits(begins=begins))
    [greeting] = map(json.loads, connection.greeting())
    assert set(greeting) == {"message_type", "session_id", "expires_at"}
    assert uuid.UUID(greeting["session_id"]).version == 4
    naive = datetime.datetime.fromisoformat(greeting["expires_at"].removesuffix("Z"))
    assert naive == datetime.datetime(2025, 3, 4, 13, 0)


def test_an_utterance_is_partials_that_replace_and_one_final() -> None:
    """Partials are bare, the last comes again, the final is written; its window is theirs, the next begins there."""
    said = [each for each in talk(opened()) if "text" in each]
    shape = [(each["message_type"], each["text"]) for each in said]
    ends = [at for at, (kind, _) in enumerate(shape) if kind == "FinalTranscript"]
    assert len(ends) == 2
    assert [plain(said[at]) for at in ends] == [[*WORDS[:3]], [*WORDS[3:]]]
    assert [shape[at - 1] for at in ends] == [shape[at - 2] for at in ends]
    assert [shape[at][1] for at in ends] == [f"{' '.join(part).capitalize()}." for part in (WORDS[:3], WORDS[3:])]
    for each in of(said, "PartialTranscript"):
        assert each["text"] == each["text"].lower()
        assert "." not in each["text"]
        assert set(each) == PARTIAL
    for at in ends:
        assert set(said[at]) == PARTIAL | {"punctuated", "text_formatted"}
        assert said[at]["audio_start"] == said[at - 1]["audio_start"]
    assert said[ends[0] + 1]["audio_start"] == said[ends[0]]["audio_end"]


def test_partials_may_be_empty() -> None:
    """Where nothing is said yet, with no confidence; a habit leaves them out."""
    empty = [each for each in talk(opened()) if each.get("text") == ""]
    assert empty
    assert all((each["confidence"], each["words"]) == (0.0, []) for each in empty)
    assert "" not in {each.get("text") for each in talk(opened(habits=Habits(empties=False)))}


def test_the_first_word_starts_in_the_window_of_its_final() -> None:
    """And the last one ends there; a habit has windows that end with the audio that came, words or not."""
    hard = Hard(late=0.8)
    finals = of(talk(opened(habits=Habits(hard=hard))), "FinalTranscript")
    for each in finals:
        assert each["audio_start"] <= each["words"][0]["start"] <= each["words"][-1]["end"] <= each["audio_end"]
    assert finals[1]["audio_start"] == finals[0]["audio_end"]
    received = of(talk(opened(habits=Habits(hard=Hard(late=1.2), window="received"))), "FinalTranscript")
    assert received[1]["words"][0]["start"] < received[1]["audio_start"] == received[0]["audio_end"]


def test_words_may_be_joined_in_one_kind_of_message() -> None:
    """So that their number differs; the text is that of the words."""
    for merges, fewer in (("partials", "PartialTranscript"), ("finals", "FinalTranscript")):
        said = talk(opened(habits=Habits(merges=merges)))  # type: ignore[arg-type]
        most = {kind: max(len(each["words"]) for each in of(said, kind)) for kind in KINDS}
        assert most.pop(fewer) == 2
        assert set(most.values()) == {3}
        assert final_words(said) == [*WORDS]
        assert all(each["text"] == " ".join(w["text"] for w in each["words"]) for each in said if "words" in each)


def test_without_partials_only_finals_come() -> None:
    """In any case of the flag."""
    kinds = [each["message_type"] for each in talk(opened(f"{URL}&disable_partial_transcripts=True"))]
    assert kinds == ["SessionBegins", "FinalTranscript", "FinalTranscript", "SessionTerminated"]


def test_the_threshold_ends_utterances_from_when_it_is_told() -> None:
    """Before any audio, and again in the middle."""
    connection = opened()
    assert connection.text('{"end_utterance_silence_threshold":1200}', 0.0) == []
    assert [len(plain(each)) for each in of(talk(connection), "FinalTranscript")] == [6]
    connection = opened()
    talk(connection, AUDIO[: FORMAT.size(0.4)], end=False)
    connection.text('{"end_utterance_silence_threshold":0}', 0.4)
    said = talk(connection, AUDIO[FORMAT.size(0.4) :])
    assert [len(plain(each)) for each in of(said, "FinalTranscript")] == [1] * 6
    assert connection.thresholds == [0]


def test_a_forced_end_is_answered_at_once() -> None:
    """With what was said; nothing comes where nothing was, but for a habit that says so."""
    connection = opened()
    assert connection.greeting()
    assert connection.text(FORCE, 0.0) == []
    connection.binary(AUDIO[: FORMAT.size(0.9)], 0.9)
    [*_, final] = map(json.loads, connection.text(FORCE, 0.9))
    assert (final["message_type"], plain(final)) == ("FinalTranscript", [*WORDS[:2]])
    assert connection.text(FORCE, 0.9) == []
    said = [json.loads(text) for text in connection.binary(AUDIO[FORMAT.size(0.9) : FORMAT.size(2.4)], 2.4)]
    assert final_words(said) == [WORDS[2]]
    empty = opened(habits=Habits(force="empty"))
    empty.greeting()
    [text] = empty.text(FORCE, 0.0)
    assert (json.loads(text)["text"], json.loads(text)["words"]) == ("", [])
    ignoring = opened(habits=Habits(force="ignored"))
    talk(ignoring, AUDIO[: FORMAT.size(0.9)], end=False)
    assert ignoring.text(FORCE, 0.9) == []


def test_the_end_flushes_what_is_open_and_says_goodbye() -> None:
    """The word in progress too; information only where it was asked for, right before the goodbye."""
    audio = AUDIO[: FORMAT.size(0.9)]
    for more, informed in (("", []), ("&enable_extra_session_information=true", ["SessionInformation"])):
        connection = opened(URL + more)
        said = talk(connection, audio)
        kinds = [each["message_type"] for each in said]
        assert kinds[kinds.index("FinalTranscript") :] == ["FinalTranscript", *informed, "SessionTerminated"]
        assert final_words(said) == [*WORDS[:3]]
        assert connection.ended == (1000, "")
        assert [each["audio_duration_seconds"] for each in of(said, "SessionInformation")] == [0.9] * len(informed)
    waiting = opened(habits=Habits(closes=False))
    assert talk(waiting)[-1] == {"message_type": "SessionTerminated"}
    assert (waiting.ended, waiting.deadline) == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 4100),
        ("[]", 4101),
        ("{}", 4101),
        ('{"type":"Terminate"}', 4101),
        ('{"terminate_session":1}', 4101),
        ('{"terminate_session":true,"audio_data":""}', 4101),
        ('{"force_end_utterance":false}', 4101),
        ('{"end_utterance_silence_threshold":20001}', 4101),
        ('{"end_utterance_silence_threshold":-1}', 4101),
        ('{"end_utterance_silence_threshold":true}', 4101),
        ('{"end_utterance_silence_threshold":false}', 4101),
        ('{"end_utterance_silence_threshold":700.5}', 4101),
        ('{"end_utterance_silence_threshold":"700"}', 4101),
        ('{"audio_data":"!"}', 4101),
        ('{"audio_data":""}', 4034),
    ],
)
def test_a_message_that_the_page_lacks_closes(text: str, code: int) -> None:
    """With an error first, or without by a habit."""
    for tells in (True, False):
        connection = opened(habits=Habits(tells=tells))
        connection.greeting()
        said = connection.text(text, 0.0)
        assert connection.ended is not None
        assert connection.ended[0] == code
        assert [json.loads(each) for each in said] == [{"error": connection.ended[1]}] * tells
        assert connection.binary(AUDIO, 0.0) == connection.text(END, 0.0) == []


def test_chunks_have_lengths() -> None:
    """2 s at most, none empty; those below 100 ms are counted, and closed by a habit."""
    for size, habits, code in (
        (2.0, Habits(), 0),
        (2.001, Habits(), 4033),
        (0.0, Habits(), 4034),
        (0.05, Habits(), 0),
        (0.05, Habits(shortest=0.1), 4032),
        (0.1, Habits(shortest=0.1), 0),
    ):
        connection = opened(habits=habits)
        connection.greeting()
        connection.binary(bytes(FORMAT.size(size)), 0.0)
        assert (connection.ended or (0, ""))[0] == code, size
        assert connection.short == (size == 0.05 and not code)


def test_a_minute_without_audio_closes() -> None:
    """Whatever else is sent; so does the end of the session."""
    connection = opened(habits=Habits(lasts=150.0))
    connection.greeting()
    connection.text(FORCE, 59.0)
    assert connection.deadline == 60.0
    connection.binary(bytes(3200), 59.5)
    assert connection.tick(60.0) == []
    assert connection.deadline == 119.5
    connection.tick(119.5)
    assert connection.ended == (4031, "Session idle for too long")
    kept = opened(habits=Habits(lasts=50.0))
    kept.greeting()
    kept.tick(50.0)
    assert kept.ended == (4008, "Session Expired")


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (1.5, 4029)])
def test_audio_that_comes_too_fast_for_more_than_a_minute_closes(factor: float, code: int) -> None:
    """What was sent in a burst before does no harm, nor does a minute of it."""
    connection = opened()
    connection.greeting()
    second = bytes(FORMAT.size(1.0))
    for number in range(30):
        connection.binary(second, number / 1000)
    for number in range(int(120 * factor)):
        connection.binary(second, 1 + number / factor)
        assert connection.ended is None or number / factor > 60
    assert (connection.ended or (0, ""))[0] == code


def test_a_late_greeting_comes_before_all_that_was_heard() -> None:
    """What is sent before it counts, the end of the session too."""
    connection = opened(habits=Habits(greeting=3.0))
    assert connection.greeting() == []
    assert connection.text('{"end_utterance_silence_threshold":1200}', 0.0) == []
    assert connection.binary(AUDIO[: FORMAT.size(2.0)], 1.0) == []
    assert connection.deadline == 3.0
    kinds = [json.loads(text)["message_type"] for text in connection.tick(3.0)]
    assert kinds[:2] == ["SessionBegins", "PartialTranscript"]
    ended = opened(habits=Habits(greeting=3.0))
    said = talk(ended, AUDIO[: FORMAT.size(2.0)])
    assert (said[0]["message_type"], said[-1]["message_type"]) == ("SessionBegins", "SessionTerminated")
    assert final_words(said) == [*WORDS[:3]]


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_mulaw"])
@pytest.mark.parametrize("base", [False, True])
def test_both_forms_and_both_encodings_are_heard(encoding: Any, base: bool) -> None:
    """Binary, base64, and the two in one session."""
    connection = opened(f"{URL}&encoding={encoding}")
    said = connection.greeting()
    audio = from_pcm16(AUDIO, encoding)
    size = AudioFormat(16000, encoding).size(0.1)
    for number, at in enumerate(range(0, len(audio), size)):
        data = audio[at : at + size]
        if base or number % 2:
            said += connection.text(json.dumps({"audio_data": base64.b64encode(data).decode()}), at / 32000)
        else:
            said += connection.binary(data, at / 32000)
    assert final_words([json.loads(text) for text in said]) == [*WORDS]


@pytest.mark.parametrize("hard", HARD)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=25, deadline=None)
def test_every_word_is_in_one_final(hard: str, seed: int) -> None:
    """However the audio is cut, whatever the habits, with forced ends anywhere; windows tile, partials keep theirs."""
    dice = random.Random(seed)
    habits = Habits(
        hard=HARD[hard],
        step=dice.choice([0.2, 0.5]),
        empties=dice.choice([True, False]),
        repeats=dice.choice([True, False]),
        merges=dice.choice(["no", "partials", "finals"]),
        window=dice.choice(["words", "received"]),
        force=dice.choice(["answered", "empty", "ignored"]),
        last=dice.choice(["words", "empty"]),
        others=dice.choice([True, False]),
    )
    connection = opened(f"{URL}&enable_extra_session_information=true", habits)
    audio = encode([dice.uniform(0, 0.5), *(item for word in WORDS for item in (word, dice.uniform(0, 1.5)))], FORMAT)
    said, at = connection.greeting(), 0
    while at < len(audio):
        size = dice.randint(1, 40_000)
        said += connection.binary(audio[at : at + size], at / 32000)
        said += connection.text(FORCE, at / 32000) if dice.random() < 0.5 else []
        at += size
    found = [json.loads(text) for text in [*said, *connection.text(END, at / 32000)]]
    assert final_words(found) == [*WORDS]
    window = 0
    for each in [each for each in found if "audio_start" in each]:
        assert each["audio_start"] == window
        assert each["audio_start"] <= each["audio_end"]
        assert all(a["start"] <= b["start"] for a, b in itertools.pairwise(each["words"]))
        if each["message_type"] == "FinalTranscript":
            window = each["audio_end"]
    assert [each["message_type"] for each in found[-2:]] == ["SessionInformation", "SessionTerminated"]
    assert found[-2]["audio_duration_seconds"] == pytest.approx(len(audio) / 32000, abs=0.01)
