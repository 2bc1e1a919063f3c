"""The server half of ``/v2``: what clients say. Literal messages in, exact commands, messages and closes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.server import Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.wav import wav_bytes
from aai_migrate.config import Config
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.wire.commands import Audio, Configure, Finalize, Start, Stop
from aai_migrate.wire.events import Configured, Failed, Finalized, Settled, Started, Stopped
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Message, Ping, Pong, Refused

from ..served import context, final, heard, partial, uuid
from .served import END_OF_STREAM, FORCE, KEY, RAW, SECOND, begun, connected, live, start, tell, text

STARTED = {
    "message": "RecognitionStarted",
    "id": uuid(2),
    "orchestrator_version": "2026.02.11",
    "language_pack_info": {
        "adapted": False,
        "itn": True,
        "language_description": "en",
        "word_delimiter": " ",
        "writing_direction": "left-to-right",
    },
}
QUALITY = {
    "message": "Info",
    "type": "recognition_quality",
    "reason": "Running recognition with the broadcast model.",
    "quality": "broadcast",
}
END = {"message": "EndOfTranscript"}
FORCED = {
    "message": "EndOfUtterance",
    "format": "2.9",
    "forced": True,
    "metadata": {"start_time": 0.0, "end_time": 0.0},
}
FILE = {"type": "file"}
NONE: list[str] = []


def error(type_: str, reason: str) -> dict[str, str]:
    return {"message": "Error", "type": type_, "reason": reason}


# The beginning.


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/xx", "/v2/listen", "/v3/ws"])
def test_other_paths_are_not_here(path: str) -> None:
    """Whoever they belong to."""
    [answer] = Server(context()).receive(Connect(path, KEY), 0.0)
    assert isinstance(answer, Refused)
    assert answer.status == 404


def test_who_says_nothing_is_told_after_ten_seconds() -> None:
    """And closed."""
    server = connected()
    assert server.deadline == 10.0
    assert server.tick(9.9) == []
    assert heard(server.tick(10.0)) == [
        error("protocol_error", "StartRecognition did not come within 10 s"),
        Close(1003, "protocol_error"),
    ]
    assert server.deadline is None


def test_who_leaves_before_the_first_message_is_gone() -> None:
    """Nothing was begun."""
    server = connected()
    assert server.receive(Lost("reset"), 1.0) == []
    assert server.deadline is None
    assert server.tick(10.0) == []


def test_the_greeting_comes_when_the_provider_is_ready() -> None:
    """With exactly five members about the pack."""
    server = connected()
    [command] = server.receive(start(), 1.0)
    assert isinstance(command, Start)
    assert server.deadline == 5.0
    assert tell(server, Started(), now=1.2) == [STARTED, QUALITY]
    assert tell(server, Started(), now=1.3) == []


def test_the_greeting_comes_after_four_seconds_at_the_latest() -> None:
    """Clients give up after five."""
    server = connected()
    server.receive(start(audio={**RAW, "sample_rate": 8000}), 0.0)
    assert server.tick(3.9) == []
    greeting, info = heard(server.tick(4.0))
    assert (greeting, info["quality"]) == (STARTED, "telephony")
    assert tell(server, Started(), now=4.1) == []
    assert heard(server.receive(Message(bytes(2)), 4.2))[0] == {"message": "AudioAdded", "seq_no": 1}


@pytest.mark.parametrize(
    ("language", "delimiter", "direction"),
    [
        ("ja", "", "left-to-right"),
        ("cmn", "", "left-to-right"),
        ("ar", " ", "right-to-left"),
        ("de", " ", "left-to-right"),
    ],
)
def test_the_greeting_says_how_words_stand(language: str, delimiter: str, direction: str) -> None:
    """Clients join with it."""
    server = connected()
    server.receive(start(language=language), 0.0)
    pack = tell(server, Started())[0]["language_pack_info"]
    assert (pack["word_delimiter"], pack["writing_direction"]) == (delimiter, direction)


@pytest.mark.parametrize("early", [Message(SECOND), END_OF_STREAM, FORCE, text(message="GetSpeakers")])
def test_nothing_comes_before_the_greeting(early: Message) -> None:
    """It is the wrong order."""
    server = connected()
    server.receive(start(), 0.0)
    out = heard(server.receive(early, 0.1))
    assert (out[0]["type"], out[1], out[2]) == ("protocol_error", Close(1003, "protocol_error"), Stop())


def test_a_failure_before_the_greeting_is_told_at_once() -> None:
    """Clients raise it with its reason."""
    server = connected()
    server.receive(start(), 0.0)
    assert tell(server, Failed(QuotaExceeded("gladia", "full", retryable=True))) == [
        error("quota_exceeded", "Concurrent Quota Exceeded"),
        Close(4005, "quota_exceeded"),
    ]


# Audio.


def test_each_message_of_audio_is_acknowledged_once() -> None:
    """Also one that ends inside a sample, and an empty one: one answer too many ends an old client."""
    server = begun()
    out = [heard(server.receive(Message(data), 0.0)) for data in (b"\1\2\3", b"\4", b"", SECOND)]
    acks = [{"message": "AudioAdded", "seq_no": number} for number in (1, 2, 3, 4)]
    assert out == [
        [acks[0], Audio(b"\1\2")],
        [acks[1], Audio(b"\3\4")],
        [acks[2]],
        [acks[3], Audio(SECOND)],
    ]


@given(st.lists(st.integers(0, 200), min_size=1), st.sampled_from([("pcm_s16le", 2), ("pcm_f32le", 4), ("mulaw", 1)]))
def test_no_byte_is_lost_however_it_is_split(sizes: list[int], encoding: tuple[str, int]) -> None:
    """All whole samples come, in order, with an acknowledgement for each message."""
    name, width = encoding
    server = connected()
    server.receive(start({**RAW, "encoding": name}), 0.0)
    server.send(Started(), 0.0)
    data = bytes(value % 251 for value in range(sum(sizes)))
    out: list[Any] = []
    at = 0
    for size in sizes:
        out += heard(server.receive(Message(data[at : at + size]), 0.0))
        at += size
    assert b"".join(item.data for item in out if isinstance(item, Audio)) == data[: len(data) - len(data) % width]
    assert [item["seq_no"] for item in out if isinstance(item, dict)] == list(range(1, len(sizes) + 1))


@given(
    st.sampled_from([AudioFormat(), AudioFormat(8000, "pcm_mulaw"), AudioFormat(44_100, "pcm_s24le", 2)]),
    st.lists(st.integers(1, 90), max_size=12),
)
def test_a_file_says_what_its_audio_is(fmt: AudioFormat, cuts: list[int]) -> None:
    """The greeting does not wait for it; what stands behind the samples is none."""
    samples = bytes(value % 251 for value in range(fmt.frame * 100))
    data = wav_bytes(samples, fmt) + b"LIST\4\0\0\0abcd"
    server = connected()
    assert heard(server.receive(start(FILE), 0.0)) == [STARTED]
    out: list[Any] = []
    at = 0
    for cut in [*cuts, len(data)]:
        out += heard(server.receive(Message(data[at : at + cut]), 0.0))
        at += cut
    commands = [item for item in out if not isinstance(item, dict)]
    assert commands[0].config == Config(language="en", audio=fmt, partials=True)
    assert b"".join(audio.data for audio in commands[1:]) == samples
    assert len(out) - len(commands) == len(cuts) + 1


def test_a_format_that_is_not_named_is_a_file() -> None:
    """So it is for clients that send none."""
    server = connected()
    first = text(message="StartRecognition", transcription_config={"language": "en"})
    assert heard(server.receive(first, 0.0)) == [STARTED]
    out = server.receive(Message(wav_bytes(bytes(4), AudioFormat())), 0.0)
    assert isinstance(out[1], Start)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"fLaC" + bytes(60), "FLAC is not decoded here; send WAV"),
        (b"OggS" + bytes(60), "Ogg is not decoded here; send WAV"),
        (bytes(64), "no container found"),
    ],
    ids=["FLAC", "Ogg", "nothing"],
)
def test_a_file_that_cannot_be_read_ends_the_session(data: bytes, reason: str) -> None:
    """In a type of its own, which says what to do; it is not acknowledged."""
    server = connected()
    server.receive(start(FILE), 0.0)
    assert heard(server.receive(Message(data), 0.0)) == [
        error("invalid_audio_type", reason),
        Close(1003, "protocol_error"),
    ]


def test_a_file_that_ends_in_its_header_is_none() -> None:
    """While without a byte there is nothing to say, and nothing wrong."""
    server = connected()
    server.receive(start(FILE), 0.0)
    server.receive(Message(b"RIFF"), 0.0)
    assert heard(server.receive(END_OF_STREAM, 0.0))[0] == error(
        "invalid_audio_type", "the stream ended inside its header"
    )
    server = connected()
    server.receive(start(FILE), 0.0)
    assert heard(server.receive(END_OF_STREAM, 0.0)) == [END]
    assert server.tick(5.0) == [Close(1000)]


# What clients say beside it.


@pytest.mark.parametrize(
    ("message", "type_", "reason"),
    [
        (Message("{"), "invalid_message", "a text message must be a JSON object"),
        (Message('"EndOfStream"'), "invalid_message", "a text message must be a JSON object"),
        (Message(""), "invalid_message", "a text message must be a JSON object"),
        (Message("{}"), "invalid_message", "message must be a string"),
        (Message('{"message":7}'), "invalid_message", "message must be a string"),
        (Message(" " * 4_200_000), "invalid_message", "a text message has at most 4,194,304 characters"),
        (start(), "protocol_error", "StartRecognition came twice"),
        (text(message="AddChannelAudio", channel="a", data=""), "protocol_error", "channels are not kept apart: diari"),
        (text(message="EndOfChannel", channel="a", last_seq_no=1), "protocol_error", "channels are not kept apart: di"),
        (text(message="ForceEndOfUtterance", timestamp=-1), "invalid_message", "timestamp must be a number of seconds"),
        (text(message="ForceEndOfUtterance", timestamp="1"), "invalid_message", "timestamp must be a number of second"),
        (text(message="ForceEndOfUtterance", channel="a"), "invalid_message", "channel is none of channel_diarization"),
        (text(message="GetSpeakers", final="yes"), "invalid_message", "final must be a boolean value"),
        (text(message="SetRecognitionConfig"), "invalid_config", "transcription_config is required"),
    ],
)
def test_what_is_wrong_is_an_error_and_the_end(message: Message, type_: str, reason: str) -> None:
    """As with the vendor; the provider is told that nothing more comes."""
    out = heard(begun().receive(message, 0.0))
    assert (out[0]["type"], out[0]["reason"][: len(reason)]) == (type_, reason)
    assert out[1:] == [Close(1003, "protocol_error"), Stop()]


def test_a_message_that_nobody_knows_is_passed_over_with_a_warning() -> None:
    """The session goes on."""
    server = begun()
    [warning] = heard(server.receive(text(message="SessionTransfer"), 0.0))
    assert warning == {
        "message": "Warning",
        "type": "unknown_message",
        "reason": "'SessionTransfer' is no message of this service: not read",
    }
    assert server.receive(Message(SECOND), 0.0)[1] == Audio(SECOND)


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40)))
def test_no_message_makes_it_raise(data: str | bytes) -> None:
    """In any state."""
    for server in (connected(), begun()):
        server.receive(Message(data), 0.0)
        server.receive(END_OF_STREAM, 0.0)
        server.receive(Message(data), 0.0)


# Forced ends.


def test_a_forced_end_is_answered_when_all_is_settled() -> None:
    """Behind the finals, which say that they were forced; also where nobody asked for other ends."""
    server = begun(enable_partials=True)
    server.receive(Message(SECOND), 0.0)
    assert server.receive(text(message="ForceEndOfUtterance", timestamp=0.9), 1.0) == [Finalize(uuid(3))]
    out = tell(server, final(1, ("Hello", 0.2, 0.6)), Finalized(uuid(3)), now=1.2)
    assert [(item["message"], item.get("forced")) for item in out] == [
        ("AddTranscript", True),
        ("AddPartialTranscript", True),
        ("EndOfUtterance", True),
    ]
    assert out[2]["metadata"] == {"start_time": 1.0, "end_time": 1.0}
    assert tell(server, final(2, ("you", 1.1, 1.3)))[0].get("forced") is None


def test_a_forced_end_is_answered_in_time_though_nothing_is_open() -> None:
    """Clients wait for a second; what comes later is not answered twice."""
    server = begun()
    server.receive(FORCE, 1.0)
    assert server.deadline == 1.9
    assert server.tick(1.8) == []
    assert heard(server.tick(1.9)) == [FORCED]
    assert tell(server, Finalized(uuid(3)), now=2.0) == []
    assert tell(server, Finalized("another")) == []


def test_every_forced_end_has_its_answer() -> None:
    """In order."""
    server = begun()
    server.receive(FORCE, 1.0)
    server.receive(FORCE, 1.2)
    assert tell(server, Finalized(uuid(3)), now=1.3) == [FORCED]
    assert heard(server.tick(2.2)) == [FORCED]
    assert server.deadline != 2.2


def test_forced_ends_that_wait_are_bounded() -> None:
    """The 101st is one too many."""
    server = begun()
    for number in range(100):
        assert server.receive(FORCE, 0.0) == [Finalize(uuid(number + 3))]
    out = heard(server.receive(FORCE, 0.0))
    assert out[0] == error("protocol_error", "100 ForceEndOfUtterance are not answered yet")


def test_a_forced_end_before_the_header_has_nothing_to_settle() -> None:
    """It is answered all the same."""
    server = connected()
    server.receive(start(FILE), 0.0)
    assert server.receive(FORCE, 0.0) == []
    assert heard(server.tick(0.9)) == [FORCED]


def test_forced_ends_that_wait_are_answered_at_the_end() -> None:
    """Before the last message."""
    server = begun()
    server.receive(FORCE, 0.0)
    server.receive(END_OF_STREAM, 0.1)
    assert tell(server, Stopped(), now=0.2) == [FORCED, END]


# Changes.


def configured(server: Server, **transcription: Any) -> list[Any]:
    message = text(message="SetRecognitionConfig", transcription_config={"language": "en"} | transcription)
    return heard(server.receive(message, 0.0))


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"conversation_config": {"end_of_utterance_silence_trigger": 0.8}}, {"turn_silence": 0.8}),
        (
            {"enable_partials": True, "max_delay": 1.0, "conversation_config": {"end_of_utterance_silence_trigger": 1}},
            {"turn_silence": 1.0},
        ),
    ],
)
def test_a_change_is_made_in_neutral_words(change: dict[str, Any], options: dict[str, Any]) -> None:
    """What stays as it is is not said again."""
    server = begun()
    assert configured(server, **change) == [Configure(uuid(3), options)]
    assert configured(server, **change) == []


def test_partials_are_withheld_and_shown_as_the_client_likes() -> None:
    """They come anyway, so nobody behind is asked to change that."""
    server = begun(enable_partials=True)
    for wanted in (False, True):
        assert configured(server, enable_partials=wanted) == []
        assert bool(tell(server, partial(1, ("Hello", 0.2, 0.6)))) is wanted


def test_a_whole_configuration_may_be_said_again() -> None:
    """The old client does, with everything that stays."""
    whole: dict[str, Any] = {
        "operating_point": "enhanced",
        "diarization": "speaker",
        "additional_vocab": ["Vimes"],
        "max_delay": 2,
    }
    server = begun(**whole)
    silence = {"end_of_utterance_silence_trigger": 1}
    assert configured(server, **whole, conversation_config=silence) == [Configure(uuid(3), {"turn_silence": 1.0})]
    whole["model"] = whole.pop("operating_point")
    assert configured(server, **whole, conversation_config=silence, punctuation_overrides={}, unknown=1) == []
    assert configured(server, language=None) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"language": "de"}, "transcription_config.language cannot change in mid-session"),
        ({"model": "standard"}, "transcription_config.model cannot change in mid-session"),
        ({"operating_point": "enhanced"}, "transcription_config.model cannot change in mid-session"),
        ({"diarization": "speaker"}, "transcription_config.diarization cannot change in mid-session"),
        ({"additional_vocab": ["Vimes"]}, "transcription_config.additional_vocab cannot change in mid-session"),
        ({"max_delay": 9}, "transcription_config.max_delay must not be greater than 4"),
    ],
)
def test_what_cannot_change_is_an_error(change: dict[str, Any], reason: str) -> None:
    """As with the vendor."""
    assert configured(begun(), **change)[0] == error("invalid_config", reason)


def test_a_change_counts_at_once() -> None:
    """What the provider does with it is another matter, of which it says so if it can do nothing."""
    server = begun()
    assert tell(server, partial(1, ("Hello", 0.2, 0.6))) == []
    configured(server, enable_partials=True)
    [shown] = tell(server, partial(1, ("Hello", 0.2, 0.6)))
    assert shown["metadata"]["transcript"] == "Hello"
    assert tell(server, Configured(uuid(3))) == []
    [warning] = tell(server, Configured(uuid(3), False, "no"))
    assert (warning["message"], warning["type"]) == ("Warning", "unsupported_config")
    configured(server, enable_partials=False)
    assert [item["message"] for item in tell(server, final(1, ("Hello", 0.2, 0.6)))] == ["AddTranscript"]


def test_a_change_before_the_header_is_how_the_session_begins() -> None:
    """Nobody has been told otherwise."""
    server = connected()
    server.receive(start(FILE), 0.0)
    assert configured(server, enable_partials=True) == []
    out = server.receive(Message(wav_bytes(bytes(4), AudioFormat())), 0.0)
    assert isinstance(out[1], Start)
    assert out[1].config.partials is True


# Speakers.


def test_speakers_are_told_now_or_at_the_end() -> None:
    """Nobody before the first final; who could not be told is nobody."""
    server = begun(diarization="speaker", enable_partials=True)
    get = text(message="GetSpeakers")
    nobody = {"message": "SpeakersResult", "speakers": []}
    tell(server, partial(1, ("Hello", 0.2, 0.6), speaker="A"))
    assert heard(server.receive(get, 0.0)) == [nobody]
    tell(server, final(1, ("Hello", 0.2, 0.6), speaker="A"), final(2, ("Hi", 0.7, 0.9), speaker="7"))
    tell(server, final(3, ("What", 1.7, 1.9)))
    both = [{"label": label, "speaker_identifiers": NONE} for label in ("S1", "S2")]
    assert heard(server.receive(get, 0.0)) == [{"message": "SpeakersResult", "speakers": both}]
    assert server.receive(text(message="GetSpeakers", final=True), 0.0) == []
    server.receive(END_OF_STREAM, 0.0)
    assert tell(server, Stopped()) == [{"message": "SpeakersResult", "speakers": both}, END]


def test_speakers_may_be_asked_for_at_the_beginning() -> None:
    """As a member of the first message."""
    server = begun(diarization="speaker", speaker_diarization_config={"get_speakers": True})
    server.receive(END_OF_STREAM, 0.0)
    assert tell(server, Stopped()) == [{"message": "SpeakersResult", "speakers": []}, END]


# The end.


@pytest.mark.parametrize("number", [0, 5, 87, 10_000])
def test_the_end_waits_for_the_last_words(number: int) -> None:
    """The client's count is often too low; nothing is cut at it."""
    server = live()
    server.receive(Message(SECOND), 0.0)
    assert server.receive(text(message="EndOfStream", last_seq_no=number), 1.0) == [Stop()]
    tell(server, partial(1, ("Hello", 0.2, 0.6)))
    out = tell(server, final(1, ("Hello.", 0.2, 0.6)), Stopped(), now=1.5)
    assert [item["message"] for item in out] == ["AddTranscript", "AddPartialTranscript", "EndOfTranscript"]
    assert server.deadline == 6.5
    assert server.tick(6.4) == []
    assert server.tick(6.5) == [Close(1000)]
    assert server.deadline is None


def test_the_client_closes_first() -> None:
    """With a code or without one; nothing is left to do then."""
    for frame in (Close(1000), Close(None), Lost("reset")):
        server = begun()
        server.receive(END_OF_STREAM, 0.0)
        assert tell(server, Stopped()) == [END]
        assert server.receive(frame, 0.1) == []
        assert server.deadline is None
        assert server.tick(9.0) == []


def test_what_is_shown_at_the_end_and_did_not_become_final_is_taken_back() -> None:
    """Nothing is committed that nobody settled."""
    server = live()
    tell(server, partial(1, ("Hello", 0.2, 0.6)))
    server.receive(END_OF_STREAM, 0.0)
    empty, end = tell(server, Stopped())
    assert (empty["message"], empty["results"], empty["metadata"]["transcript"]) == ("AddPartialTranscript", [], "")
    assert end == END


def test_audio_behind_the_end_is_ignored_with_a_warning() -> None:
    """Said once; other messages are not read either."""
    server = begun()
    server.receive(END_OF_STREAM, 0.0)
    assert heard(server.receive(Message(SECOND), 0.1)) == [
        {
            "message": "Warning",
            "type": "add_audio_after_eos",
            "reason": "audio that came after the end of the stream is ignored",
        }
    ]
    for late in (Message(SECOND), END_OF_STREAM, FORCE, Message("{")):
        assert server.receive(late, 0.2) == []
    assert tell(server, Stopped()) == [END]


def test_a_client_that_leaves_ends_the_session() -> None:
    """What it said is still transcribed for whoever listens; nobody is told."""
    server = live()
    assert server.receive(Close(1000), 1.0) == [Stop()]
    assert tell(server, final(1, ("Hello", 0.2, 0.6)), Stopped()) == []
    assert server.receive(Message(SECOND), 1.0) == []


@pytest.mark.parametrize(
    ("failure", "type_", "code"),
    [
        (ConnectionLost("gladia", "gone"), "job_error", 4013),
        (AuthenticationError("gladia", "bad key"), "job_error", 4013),
        (QuotaExceeded("gladia", "out of money"), "job_error", 4013),
        (QuotaExceeded("gladia", "full", retryable=True), "quota_exceeded", 4005),
        (BadRequest("gladia", "no such thing"), "invalid_config", 1003),
    ],
)
@pytest.mark.parametrize("stopped", [False, True])
def test_a_failure_is_told_in_the_vendors_words(failure: ProviderError, type_: str, code: int, stopped: bool) -> None:
    """Who has said its last is told that nothing more comes: some clients wait for it without a limit."""
    server = begun()
    if stopped:
        server.receive(END_OF_STREAM, 0.0)
    told, *end, close = tell(server, Failed(failure))
    assert (told["message"], told["type"]) == ("Error", type_)
    assert "key" not in told["reason"]
    assert end == ([END] if stopped else [])
    assert close.code == code
    assert server.deadline is None


# Idle clients.


IDLE = [
    error("idle_timeout", "The session has had no audio for too long."),
    Close(1008, "policy_violation"),
    Stop(),
]


def test_who_gives_no_sign_for_three_minutes_is_idle() -> None:
    """Audio and pings are signs, also those that answer ours."""
    server = begun()
    assert server.deadline == 180.0
    for now, frame in ((100.0, Message(SECOND)), (200.0, Ping()), (300.0, Pong())):
        server.receive(frame, now)
        assert server.deadline == now + 180.0
    assert server.tick(479.9) == []
    assert heard(server.tick(480.0)) == IDLE


def test_who_sends_no_audio_for_an_hour_is_idle() -> None:
    """However often it pings."""
    server = begun()
    server.receive(Message(SECOND), 60.0)
    for minute in range(2, 61):
        server.receive(Ping(), 60.0 * minute)
    assert server.deadline == 3660.0
    assert heard(server.tick(3660.0)) == IDLE


def test_who_waits_for_the_last_words_is_not_idle() -> None:
    """It has nothing more to say."""
    server = begun()
    server.receive(END_OF_STREAM, 0.0)
    assert server.deadline is None
    assert server.tick(9999.0) == []


def test_silence_before_the_greeting_is_nobodys() -> None:
    """There is nothing to tell yet."""
    server = connected()
    server.receive(start(), 0.0)
    assert tell(server, Settled(2.0)) == []
    assert json.loads(server.send(Started(), 0.5)[0].data) == STARTED  # type: ignore[union-attr]


def test_a_connection_is_taken_once() -> None:
    """Another handshake on it is nothing."""
    server = Server(context())
    assert server.receive(Connect("/v2", KEY), 0.0) == [Connected({"request-id": uuid(1)})]
    assert server.receive(Connect("/v2", KEY), 0.0) == []
