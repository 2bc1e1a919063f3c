"""The far end itself, against what the documentation says: a client that passes its tests passes that."""

from __future__ import annotations

import itertools
import json
import random
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate.audio.codec import from_pcm16
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Hard, encode, interleave, words

from .habits import Habits, Json
from .vendor import Flux, Listen, Refusal, Vendor

WORDS = words(6, seed=31)
FORMAT = AudioFormat()
AUDIO = encode([0.25, *WORDS[:3], 0.9, *WORDS[3:], 2.3], FORMAT)
KEY = {"Authorization": "Token 0123456789abcdef"}
V1 = "wss://api.deepgram.test/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
V2 = "wss://api.deepgram.test/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"
HARD = {
    "easy": Hard(),
    "finals": Hard(final_every=2, jitter=0.03, seed=1),
    "late finals": Hard(final_every=2, late=0.6),
    "rewriting": Hard(rewrite=True),
    "split": Hard(split_every=2),
    "late split": Hard(split_every=2, late=0.8, rewrite=True),
}


def opened(url: str, habits: Habits | None = None) -> Listen | Flux:
    found = Vendor(habits).open(url, KEY)
    assert not isinstance(found, Refusal), found
    return found[0]


def talk(connection: Listen | Flux, audio: bytes = AUDIO, chunk: int = 3200, *, close: bool = True) -> list[Json]:
    """Say *audio* in chunks of so many bytes; return what came, the greeting first."""
    said = connection.greeting()
    for at in range(0, len(audio), chunk):
        said += connection.binary(audio[at : at + chunk], at / 32000)
    if close:
        said += connection.text('{"type":"CloseStream"}', len(audio) / 32000)
    return [json.loads(text) for text in said]


def plain(said: Json) -> list[str]:
    """Return the words of a message, without capitals and punctuation."""
    text = said["transcript"] if "transcript" in said else said["channel"]["alternatives"][0]["transcript"]
    return [word.strip(".").lower() for word in text.split()]


def settled(said: list[Json], channel: int = 0) -> list[Json]:
    results = [each for each in said if each["type"] == "Results" and each["channel_index"][0] == channel]
    return [each for each in results if each["is_final"] or each["speech_final"]]


def final_words(said: list[Json], channel: int = 0) -> list[str]:
    return [word for each in settled(said, channel) for word in plain(each)]


def turn_words(said: list[Json]) -> list[str]:
    """Return what a client of Flux has in the end: each ended turn, and the last Update of an open one."""
    last = {each["turn_index"]: plain(each) for each in said if each["type"] == "TurnInfo"}
    return [word for turn in sorted(last) for word in last[turn]]


def any_speech(dice: random.Random) -> bytes:
    """Return WORDS with any pauses."""
    return encode([dice.uniform(0, 0.5), *(item for word in WORDS for item in (word, dice.uniform(0, 1.5)))], FORMAT)


def any_talk(connection: Listen | Flux, audio: bytes, dice: random.Random, command: str) -> list[Json]:
    """Say *audio* in any chunks, odd ones included, with *command* between some of them."""
    said, at = connection.greeting(), 0
    while at < len(audio):
        size = dice.randint(1, 40_000)
        said += connection.binary(audio[at : at + size], 0.0)
        said += connection.text(command, 0.0) if dice.random() < 0.5 else []
        at += size
    return [json.loads(text) for text in [*said, *connection.text('{"type":"CloseStream"}', 0.0)]]


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        (V1, {}, 401),
        (V1, {"Authorization": "Basic abc"}, 401),
        (f"{V1}&interim_results=True", KEY, 400),
        (f"{V1}&channels=21", KEY, 400),
        (f"{V1}&utterance_end_ms=500&interim_results=true", KEY, 400),
        (f"{V1}&utterance_end_ms=1000", KEY, 400),
        (f"{V1}&turn_silence=1", KEY, 400),
        (f"{V1}&language=en&language=fr", KEY, 400),
        (V1.replace("nova-3", "flux-general-en"), KEY, 400),
        (V1.replace("nova-3", "nova-2") + "&keyterm=Ankh", KEY, 400),
        (V1.replace("&sample_rate=16000", ""), KEY, 400),
        (V2.replace("flux-general-en", "flux"), KEY, 400),
        (f"{V2}&interim_results=true", KEY, 400),
        (f"{V2}&eager_eot_threshold=0.8", KEY, 400),
        (f"{V2}&language_hint=en", KEY, 400),
        (V2.replace("16000", "22050"), KEY, 400),
        (V1.replace("v1", "v3"), KEY, 404),
    ],
)
def test_a_handshake_that_the_documentation_rules_out_is_refused(url: str, headers: Any, status: int) -> None:
    """With the reason in a header and in a body of JSON."""
    found = Vendor().open(url, headers)
    assert isinstance(found, Refusal)
    assert found.status == status
    body = json.loads(found.body)
    assert found.headers["dg-error"] == body["err_msg"]
    assert found.headers["dg-request-id"] == body["request_id"]


def test_a_key_comes_in_a_header_or_in_a_subprotocol() -> None:
    """In any case of the scheme."""
    for headers, subprotocols in (({"authorization": "token k"}, ()), ({"X": "y"}, ("token", "k")), (KEY, ())):
        assert not isinstance(Vendor().open(V1, headers, subprotocols), Refusal)


def test_spans_restate_themselves_until_a_final_settles_them() -> None:
    """Interims every second, the final with speech_final when silence is as long as ``endpointing``."""
    said = talk(opened(f"{V1}&interim_results=true&endpointing=300"))
    shape = [
        (round(each["start"], 2), round(each["start"] + each["duration"], 2), each["is_final"], each["speech_final"])
        for each in said
        if each["type"] == "Results"
    ]
    assert shape[0] == (0.0, 1.0, False, False)
    ended = shape.index(next(each for each in shape if each[3]))
    assert shape[ended][2]
    assert shape[ended][1] == pytest.approx(0.25 + 3 * 0.24 + 0.3, abs=0.1)
    assert shape[ended + 1][0] == shape[ended][1]
    assert said[-1]["type"] == "Metadata"
    assert said[-1]["duration"] == pytest.approx(len(AUDIO) / 32000)
    [first, second] = [plain(each) for each in settled(said) if each["speech_final"]]
    assert (*first, *second) == WORDS


def test_without_interim_results_only_finals_come() -> None:
    """And no UtteranceEnd, which needs them."""
    assert {each.get("is_final") for each in talk(opened(V1))[:-1]} == {True}


def test_times_are_32_bit_floats() -> None:
    """A start plus its duration is the next start only nearly."""
    finals = settled(talk(opened(f"{V1}&endpointing=300")))
    numbers = [number for each in finals for number in (each["start"], each["duration"])]
    assert numbers == [struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers]


def test_noise_leaves_the_end_of_a_turn_to_utterance_end() -> None:
    """It names the end of the last final word, and comes after an interim that shows the gap."""
    habits = Habits(closing="never")
    said = talk(opened(f"{V1}&interim_results=true&endpointing=300&utterance_end_ms=1000", habits))
    assert not any(each.get("speech_final") for each in said)
    ends = [at for at, each in enumerate(said) if each["type"] == "UtteranceEnd"]
    assert said[ends[-1] - 1]["is_final"] is False
    last = [word for each in settled(said) for word in each["channel"]["alternatives"][0]["words"]][-1]
    assert said[ends[-1]] == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last["end"]}


def test_after_speech_final_utterance_end_says_minus_one() -> None:
    """Or whatever the habit is."""
    url = f"{V1}&interim_results=true&endpointing=300&utterance_end_ms=1000"
    ends = [each["last_word_end"] for each in talk(opened(url)) if each["type"] == "UtteranceEnd"]
    assert ends == [-1]
    assert "UtteranceEnd" not in {each["type"] for each in talk(opened(url, Habits(after_end="nothing")))}


def test_a_closing_message_may_be_empty() -> None:
    """The words came with a final before it."""
    finals = settled(talk(opened(f"{V1}&endpointing=300", Habits(closing="empty"))))
    closing = [each for each in finals if each["speech_final"]]
    assert [plain(each) for each in closing] == [[], []]
    assert [word for each in finals for word in plain(each)] == [*WORDS]


def test_a_final_may_be_shorter_than_the_last_interim() -> None:
    """Its tail is restated in the next span."""
    habits = Habits(hard=Hard(final_every=1, late=0.5), step=0.3)
    said = talk(opened(f"{V1}&interim_results=true", habits))
    shorter = [(a, b) for a, b in itertools.pairwise(said) if b.get("is_final") and not a.get("is_final", 1)]
    assert any(len(plain(final)) < len(plain(interim)) for interim, final in shorter)
    assert final_words(said) == [*WORDS]


def test_finalize_is_answered_by_each_channel() -> None:
    """With what was heard, and empty where there was nothing."""
    audio = interleave(encode([0.2, WORDS[0], 0.2], FORMAT), encode([0.6], FORMAT), fmt=AudioFormat(channels=2))
    connection = opened(f"{V1}&channels=2&multichannel=true&endpointing=false")
    talk(connection, audio, close=False)
    answers = [json.loads(text) for text in connection.text('{"type":"Finalize"}', 1.0)]
    assert [each["channel_index"] for each in answers] == [[0, 2], [1, 2]]
    assert [plain(each) for each in answers] == [[WORDS[0]], []]
    assert all(each["from_finalize"] and each["is_final"] and each["speech_final"] for each in answers)


def test_silence_on_the_wire_for_ten_seconds_closes() -> None:
    """A KeepAlive puts it off, but where no audio ever came."""
    connection = opened(V1)
    connection.binary(bytes(3200), 1.0)
    assert connection.text('{"type":"KeepAlive"}', 9.0) == []
    assert connection.deadline == 19.0
    connection.tick(19.0)
    assert connection.ended is not None
    assert connection.ended[0] == 1011
    assert "net0001" in connection.ended[1]
    quiet = opened(V1)
    quiet.text('{"type":"KeepAlive"}', 9.0)
    assert quiet.deadline == 10.0


def test_a_stream_without_audio_has_an_empty_metadata() -> None:
    """No models, no channels; the close is an ordinary one."""
    connection = opened(V1)
    [text] = connection.text('{"type":"CloseStream"}', 1.0)
    metadata = json.loads(text)
    assert (metadata["duration"], metadata["channels"], "models" in metadata) == (0.0, 0, False)
    assert connection.ended == (1000, "")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("pcm_s16le", "linear16"), ("pcm_f32le", "linear32"), ("pcm_mulaw", "mulaw"), ("pcm_alaw", "alaw")],
)
@pytest.mark.parametrize("path", [V1, V2])
def test_every_encoding_is_heard(path: str, encoding: Any, name: str) -> None:
    """The same words of each."""
    said = talk(opened(path.replace("linear16", name)), from_pcm16(AUDIO, encoding))
    assert (final_words(said) or turn_words(said)) == [*WORDS]


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("closing", ["text", "empty", "not final", "never"])
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=15, deadline=None)
def test_spans_tile_and_every_word_is_final_once(hard: str, closing: Any, seed: int) -> None:
    """However the audio is cut, whatever the habits, with Finalize anywhere; no word lies outside its span."""
    dice = random.Random(seed)
    habits = Habits(
        hard=HARD[hard],
        closing=closing,
        tail=dice.randint(0, 2),
        finalize=dice.choice(["answered", "ordinary first", "not speech_final", "if buffered", "silent"]),
        utterance_end=dice.choice(["once", "twice", "late", "stale"]),
        segment=dice.choice([0.7, 4.0]),
    )
    connection = opened(f"{V1}&interim_results=true&punctuate=true&endpointing=300&utterance_end_ms=1000", habits)
    audio = any_speech(dice)
    said = any_talk(connection, audio, dice, '{"type":"Finalize"}')
    finals = settled(said)
    assert [word for each in finals for word in plain(each)] == [*WORDS]
    end = 0.0
    for each in finals:
        assert each["start"] == pytest.approx(end, abs=1e-5)
        end = each["start"] + each["duration"]
        for word in each["channel"]["alternatives"][0]["words"]:
            assert each["start"] - 1e-6 <= word["start"] <= word["end"] <= end + 1e-6
    assert end == pytest.approx(len(audio) / 32000, abs=1e-5)


@pytest.mark.parametrize("hard", HARD)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=15, deadline=None)
def test_flux_tells_every_word_in_one_turn(hard: str, seed: int) -> None:
    """In the documented order of events; a forced end takes what was decoded."""
    dice = random.Random(seed)
    habits = Habits(hard=HARD[hard], times=dice.choice(["all", "none", "some"]))
    connection = opened(f"{V2}&eager_eot_threshold=0.4", habits)
    said = any_talk(connection, any_speech(dice), dice, '{"type":"ForceEndTurn"}')
    assert [each["sequence_id"] for each in said] == [*range(len(said))]
    assert turn_words(said) == [*WORDS]
    assert connection.ended == (None, "")
    turn, state, eager = 0, "idle", ""
    for each in [each for each in said if each["type"] == "TurnInfo"]:
        assert each["turn_index"] == turn
        event, text = each["event"], each["transcript"]
        assert (
            event
            in {
                "idle": ("Update", "StartOfTurn"),
                "open": ("Update", "EagerEndOfTurn", "EndOfTurn"),
                "awaiting": ("Update", "TurnResumed", "EndOfTurn"),
            }[state]
        )
        assert bool(text) == (state != "idle" or event == "StartOfTurn")
        assert event != "EndOfTurn" or state != "awaiting" or text == eager
        eager = text if event == "EagerEndOfTurn" else eager
        state = {"StartOfTurn": "open", "TurnResumed": "open", "EagerEndOfTurn": "awaiting", "EndOfTurn": "idle"}.get(
            event, state
        )
        turn += event == "EndOfTurn"


def test_flux_ends_a_turn_by_silence_or_by_timeout() -> None:
    """The trigger says which; ``eot_threshold=1.0`` leaves the timeout."""
    audio = encode([0.2, WORDS[0], 1.5], FORMAT)
    for more, trigger in (("", "model"), ("&eot_threshold=1.0&eot_timeout_ms=1000", "timeout")):
        said = talk(opened(V2 + more), audio)
        [end] = [each for each in said if each.get("event") == "EndOfTurn"]
        assert end["trigger"] == trigger
        assert "trigger" not in said[1]


def test_flux_warns_of_a_forced_end_without_a_turn() -> None:
    """And fails where it does not know the message at all, as with messages of the other path."""
    connection = opened(V2)
    [warning] = connection.text('{"type":"ForceEndTurn"}', 0.0)
    assert json.loads(warning)["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"
    for habits, kind in ((Habits(forces=False), "ForceEndTurn"), (Habits(), "KeepAlive"), (Habits(), "Finalize")):
        connection = opened(V2, habits)
        [error] = connection.text(json.dumps({"type": kind}), 0.0)
        assert json.loads(error)["code"] == "UNPARSABLE_CLIENT_MESSAGE"
        assert connection.ended == (None, "")


def test_a_change_is_answered_where_the_server_knows_it() -> None:
    """An older one says nothing."""
    asked = '{"type":"Configure","thresholds":{"eot_threshold":0.8},"keyterms":["Ankh"]}'
    [answer] = opened(V2).text(asked, 0.0)
    assert json.loads(answer)["thresholds"]["eot_threshold"] == 0.8
    assert opened(V2, Habits(configures=False)).text(asked, 0.0) == []
    [answer] = opened(V2).text('{"type":"Configure","thresholds":{"eager_eot_threshold":0.9}}', 0.0)
    assert json.loads(answer)["type"] == "ConfigureFailure"
    [answer] = opened(V1).text('{"type":"Configure","keyterms":["Ankh"]}', 0.0)
    assert json.loads(answer)["keyterms"] == ["Ankh"]
    assert opened(V1, Habits(configures=False)).text('{"type":"Configure","keyterms":[]}', 0.0) == []
