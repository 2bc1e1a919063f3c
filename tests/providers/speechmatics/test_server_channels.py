"""Channels that are kept apart: each comes by itself and is heard by itself."""

from __future__ import annotations

import base64
import random
from typing import Any

import pytest
from aai_migrate_providers.speechmatics.rt.lanes import AHEAD, MOST_GAPS, Lanes
from aai_migrate_providers.speechmatics.server import Server
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.channels import split
from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.wav import wav_bytes
from aai_migrate.wire.commands import Audio, Finalize, Start, Stop
from aai_migrate.wire.events import Finalized, Started, Stopped
from aai_migrate.wire.frames import Close, Message

from ..served import ended, final, heard, partial, uuid
from .served import END_OF_STREAM, SECOND, asked, connected, start, tell, text

MONO = AudioFormat()
BOTH: dict[str, Any] = {
    "diarization": "channel",
    "channel_diarization_labels": ["agent", "customer"],
    "enable_partials": True,
}


def begun(audio: dict[str, Any] | None = None, **more: Any) -> Server:
    server = connected()
    server.receive(start(audio, **BOTH | more), 0.0)
    server.send(Started(), 0.0)
    return server


def add(server: Server, channel: str, data: bytes, now: float = 0.0) -> list[Any]:
    message = text(message="AddChannelAudio", channel=channel, data=base64.b64encode(data).decode())
    return heard(server.receive(message, now))


def end(server: Server, channel: str, now: float = 0.0) -> list[Any]:
    return heard(server.receive(text(message="EndOfChannel", channel=channel, last_seq_no=1), now))


def sent(items: list[Any]) -> bytes:
    return b"".join(item.data for item in items if isinstance(item, Audio))


def test_channels_are_one_stream_for_the_provider() -> None:
    """Of as many channels as have a label; speakers only where they were asked for."""
    [command] = asked(start(**BOTH))
    assert isinstance(command, Start)
    assert (command.config.audio, command.config.channels) == (AudioFormat(channels=2), "separate")
    assert command.config.diarization is False
    assert command.config.extra == {}
    [command] = asked(start(**BOTH | {"diarization": "channel_and_speaker"}))
    assert command.config.diarization is True


def test_the_greeting_names_the_channels_twice() -> None:
    """The reference and the guide do not agree on the member."""
    server = connected()
    server.receive(start(**BOTH), 0.0)
    greeting = tell(server, Started())[0]
    assert greeting["channel_ids"] == greeting["channels"] == ["agent", "customer"]


def test_each_channel_is_acknowledged_by_itself() -> None:
    """What stands side by side goes on."""
    server = begun()
    assert add(server, "agent", b"\1\0\2\0\3") == [{"message": "ChannelAudioAdded", "channel": "agent", "seq_no": 1}]
    assert add(server, "customer", b"\7\0") == [
        {"message": "ChannelAudioAdded", "channel": "customer", "seq_no": 1},
        Audio(b"\1\0\7\0"),
    ]
    assert add(server, "customer", b"\x08\0\x09\0") == [
        {"message": "ChannelAudioAdded", "channel": "customer", "seq_no": 2},
        Audio(b"\2\0\x08\0"),
    ]
    assert add(server, "agent", b"\0") == [
        {"message": "ChannelAudioAdded", "channel": "agent", "seq_no": 2},
        Audio(b"\3\0\x09\0"),
    ]


def test_a_channel_that_has_ended_is_silent() -> None:
    """When all have, the session is at its end without another word."""
    server = begun()
    add(server, "agent", b"\1\0")
    assert end(server, "agent") == []
    assert sent(add(server, "customer", b"\7\0\x08\0")) == b"\1\0\7\0\0\0\x08\0"
    assert end(server, "customer") == [Stop()]
    assert tell(server, Stopped()) == [{"message": "EndOfTranscript"}]


def test_the_end_of_the_stream_is_that_of_all_channels() -> None:
    """What waited goes on before it."""
    server = begun()
    add(server, "agent", b"\1\0\2\0")
    assert heard(server.receive(END_OF_STREAM, 0.0)) == [Audio(b"\1\0\0\0\2\0\0\0"), Stop()]
    [warning] = add(server, "agent", b"\1\0")
    assert warning["type"] == "add_audio_after_eos"


@pytest.mark.parametrize(
    ("message", "type_", "reason"),
    [
        (text(message="AddChannelAudio", channel="agent", data="%%%"), "invalid_message", "data must be base64"),
        (text(message="AddChannelAudio", channel="agent", data="AAA"), "invalid_message", "data must be base64"),
        (text(message="AddChannelAudio", channel="agent", data="ä"), "invalid_message", "data must be base64"),
        (text(message="AddChannelAudio", data="AAA="), "invalid_message", "channel is missing"),
        (text(message="AddChannelAudio", channel="x", data=""), "invalid_message", "channel is none of channel_diariz"),
        (text(message="AddChannelAudio", channel=[1], data=""), "invalid_message", "channel is none of channel_diari"),
        (text(message="EndOfChannel", channel="x"), "invalid_message", "channel is none of channel_diarization_labels"),
        (Message(bytes(2)), "protocol_error", "channels are kept apart: send AddChannelAudio"),
    ],
)
def test_what_is_wrong_is_an_error_and_the_end(message: Message, type_: str, reason: str) -> None:
    """As with audio that comes whole."""
    out = heard(begun().receive(message, 0.0))
    assert (out[0]["type"], out[0]["reason"][: len(reason)]) == (type_, reason)
    assert out[1:] == [Close(1003, "protocol_error"), Stop()]


def test_a_channel_does_not_go_on_behind_its_end() -> None:
    """Neither with audio nor with another end."""
    server = begun()
    end(server, "agent")
    assert add(server, "agent", bytes(2))[0]["reason"] == "the channel has ended"


def test_words_are_told_by_channel() -> None:
    """At the top of each message; what is shown of one is not what is shown of the other."""
    server = begun(diarization="channel_and_speaker", conversation_config={"end_of_utterance_silence_trigger": 0.6})
    one = tell(server, partial(1, ("hello", 0.1, 0.5), channel=0, speaker="A"))
    two = tell(server, final(2, ("Hi.", 0.2, 0.4), channel=1, speaker="B"), ended(2, 1, at=1.0))
    assert [(item["message"], item["channel"]) for item in (*one, *two)] == [
        ("AddPartialTranscript", "agent"),
        ("AddTranscript", "customer"),
        ("AddPartialTranscript", "customer"),
        ("EndOfUtterance", "customer"),
    ]
    assert two[1]["results"] == []
    assert one[0]["results"][0]["alternatives"][0]["speaker"] == "S1"
    assert two[0]["results"][0]["alternatives"][0]["speaker"] == "S1"


def test_forced_ends_are_of_one_channel_or_of_all() -> None:
    """With an answer for each."""
    server = begun()
    force = text(message="ForceEndOfUtterance", channel="customer")
    assert server.receive(force, 0.0) == [Finalize(uuid(3), 1)]
    out = tell(server, final(1, ("a", 0.1, 0.2), channel=0), final(2, ("b", 0.1, 0.2), channel=1), Finalized(uuid(3)))
    assert [(item["message"], item["channel"], item.get("forced")) for item in out] == [
        ("AddTranscript", "agent", None),
        ("AddPartialTranscript", "agent", None),
        ("AddTranscript", "customer", True),
        ("AddPartialTranscript", "customer", True),
        ("EndOfUtterance", "customer", True),
    ]
    assert server.receive(text(message="ForceEndOfUtterance"), 0.0) == [Finalize(uuid(4))]
    out = heard(server.tick(0.9))
    assert [(item["message"], item["channel"]) for item in out] == [
        ("EndOfUtterance", "agent"),
        ("EndOfUtterance", "customer"),
    ]


def test_no_audio_behind_the_end_takes_the_last_words() -> None:
    """Whatever form it has, it is passed over with one warning."""
    server = begun()
    add(server, "agent", SECOND)
    add(server, "customer", SECOND)
    server.receive(END_OF_STREAM, 0.0)
    [warning] = heard(server.receive(Message(SECOND), 0.0))
    assert warning["type"] == "add_audio_after_eos"
    assert add(server, "agent", SECOND) == []
    assert tell(server, final(1, ("a", 0.1, 0.2)))[0]["message"] == "AddTranscript"


def test_a_forced_end_is_where_it_was_asked_for() -> None:
    """Though more audio of its channel came before its answer."""
    server = begun()
    add(server, "agent", SECOND)
    add(server, "customer", SECOND)
    server.receive(text(message="ForceEndOfUtterance"), 0.0)
    for _ in range(3):
        add(server, "agent", SECOND)
        add(server, "customer", SECOND)
    out = tell(server, Finalized(uuid(3)))
    assert [(item["channel"], item["metadata"]["end_time"]) for item in out] == [("agent", 1.0), ("customer", 1.0)]


# One channel ahead of the other.


def test_a_channel_that_sends_nothing_does_not_hold_up_the_other_for_long() -> None:
    """It may be muted: after two seconds it is silent, until it says something, which then counts from there."""
    server = begun()
    assert sent(add(server, "agent", SECOND, 0.0)) == b""
    assert server.deadline == 2.0
    assert sent(server.tick(2.0)) == bytes(64_000)
    assert sent(add(server, "agent", SECOND, 2.1)) == bytes(64_000)
    assert server.deadline == 182.1
    add(server, "customer", SECOND, 2.2)
    [told, _] = tell(server, final(1, ("Hi", 2.3, 2.6), channel=1))
    assert [told["results"][0][name] for name in ("start_time", "end_time")] == [0.3, 0.6]
    [told, _] = tell(server, final(2, ("Hi", 2.3, 2.6), channel=0))
    assert [told["results"][0][name] for name in ("start_time", "end_time")] == [2.3, 2.6]


def test_patience_begins_anew_when_the_stream_goes_on() -> None:
    """A channel that comes in time is not filled up."""
    server = begun()
    for step in range(4):
        add(server, "agent", SECOND, step * 1.0)
        assert len(sent(add(server, "customer", SECOND[:16_000], step * 1.0 + 0.5))) == 32_000
    assert server.deadline == 5.5


def test_a_whole_file_may_come_before_the_other() -> None:
    """What is more than 30 s ahead goes on with silence beside it; the times of who comes later are its own."""
    server = begun()
    out = [item for _ in range(40) for item in add(server, "agent", SECOND)]
    assert len(sent(out)) == 10 * 2 * 32_000
    out = [item for _ in range(40) for item in add(server, "customer", SECOND)]
    assert len(sent(out)) == 30 * 2 * 32_000
    out = [*end(server, "agent"), *end(server, "customer")]
    assert len(sent(out)) == 10 * 2 * 32_000
    assert out[-1] == Stop()
    [told, _] = tell(server, final(1, ("Hi", 12.5, 13.0), channel=1))
    assert told["results"][0]["start_time"] == 2.5


def test_files_may_come_by_channel() -> None:
    """Each with a header, all alike."""
    server = connected()
    greeting = heard(server.receive(start({"type": "file"}, **BOTH), 0.0))
    assert greeting[0]["message"] == "RecognitionStarted"
    _, command = add(server, "agent", wav_bytes(b"\1\0", MONO))
    assert isinstance(command, Start)
    assert command.config.audio == AudioFormat(channels=2)
    assert sent(add(server, "customer", b"RIFF")) == b""
    out = add(server, "customer", wav_bytes(b"\7\0", MONO)[4:])
    assert out[1:] == [Audio(b"\1\0\7\0")]


@pytest.mark.parametrize(
    ("fmt", "reason"),
    [
        (AudioFormat(8000), "channels must be alike: 8000 Hz pcm_s16le mono is not 16000 Hz pcm_s16le mono"),
        (AudioFormat(channels=2), "channels must be alike: 16000 Hz pcm_s16le stereo is not 16000 Hz pcm_s16le mono"),
    ],
)
def test_files_that_are_not_alike_end_the_session(fmt: AudioFormat, reason: str) -> None:
    """They cannot stand side by side."""
    server = connected()
    server.receive(start({"type": "file"}, **BOTH), 0.0)
    add(server, "agent", wav_bytes(bytes(2), MONO))
    out = add(server, "customer", wav_bytes(bytes(fmt.frame), fmt))
    assert (out[0]["type"], out[0]["reason"]) == ("invalid_audio_type", reason)


def test_a_file_of_a_channel_is_mono() -> None:
    """A channel is one."""
    server = connected()
    server.receive(start({"type": "file"}, **BOTH), 0.0)
    out = add(server, "agent", wav_bytes(bytes(4), AudioFormat(channels=2)))
    assert out[0]["reason"] == "a channel must be mono, not 16000 Hz pcm_s16le stereo"


def test_of_very_many_gaps_the_last_are_remembered() -> None:
    """The times of what was just said are right, and memory is bounded."""
    lanes = Lanes(2, MONO)
    for _ in range(MOST_GAPS + 50):
        lanes.feed(0, bytes(320))
        lanes.fill()
        lanes.feed(1, bytes(320))
        lanes.feed(0, bytes(320))
    gaps = 0.01 * (MOST_GAPS + 50)
    assert lanes.own(1, 2 * gaps - 0.001) == pytest.approx(gaps - 0.001)
    assert lanes.own(0, 2 * gaps - 0.001) == pytest.approx(2 * gaps - 0.001)


@given(st.integers(0, 2**32), st.integers(1, 3), st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_no_sample_is_lost_and_every_time_finds_its_own(seed: int, count: int, order: list[int]) -> None:
    """However the channels come: their samples are in the stream, in order, where their times say."""
    fmt = AudioFormat(4000)
    chance = random.Random(seed)
    lanes = Lanes(count, fmt)
    given_ = [b""] * count
    stream = b""
    for number in order:
        channel = number % count
        data = bytes(chance.randrange(1, 256) for _ in range(2 * chance.randrange(2000)))
        given_[channel] += data
        stream += lanes.feed(channel, data)[1]
        if chance.random() < 0.3:
            stream += lanes.fill()
    for channel in range(count):
        stream += lanes.end(channel)
    assert lanes.ended
    parts = split(stream, 2, count)
    for channel, part in enumerate(parts):
        at = [index for index in range(len(part) // 2) if part[2 * index] or part[2 * index + 1]]
        assert b"".join(part[2 * index : 2 * index + 2] for index in at) == given_[channel]
        for own, index in enumerate(at[:: max(1, len(at) // 20)]):
            place = own * max(1, len(at) // 20)
            assert abs(lanes.own(channel, (index + 0.5) / 4000) - (place + 0.5) / 4000) < 1e-6


def test_a_channel_is_never_more_than_its_bound_ahead() -> None:
    """Whatever comes, no more than that waits."""
    lanes = Lanes(2, MONO)
    out = lanes.feed(0, bytes(MONO.size(AHEAD + 5.0)))[1]
    assert len(out) == 2 * MONO.size(5.0)
    assert lanes.waits
