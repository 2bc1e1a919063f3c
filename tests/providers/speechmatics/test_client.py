"""The client half of ``/v2``: commands to frames, frames to events."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import ConnectionLost, ProtocolError
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Stop
from aai_migrate.wire.events import AudioTaken, Configured, Failed, Final, Finalized, Partial, Stopped, Unmapped, Warned
from aai_migrate.wire.frames import Close, Lost, Message, Pong

from .wire import AGENT, FORCE, OVER, asked, final, hear, over, p, partial, said, separate, shown, started, w

SECOND = bytes(32_000)
BOTH = [Config(), AGENT]


def added(number: Any, **more: Any) -> str:
    """The answer to a message of audio."""
    return said("AudioAdded", seq_no=number, **more)


# Audio.


def test_audio_goes_out_as_it_is() -> None:
    """One binary message a chunk, without a header; nothing for nothing."""
    client = started(seconds=0)
    assert client.send(Audio(b"\1\2\3\4"), 0.0) == [Message(b"\1\2\3\4")]
    assert client.send(Audio(b""), 0.0) == []
    assert client.send(Silence(0.5), 0.0) == [Message(bytes(16_000))]
    assert client.send(KeepAlive(), 0.0) == []
    phone = started(Config(audio=AudioFormat(8000, "pcm_mulaw")), seconds=0)
    assert phone.send(Silence(0.001), 0.0) == [Message(b"\xff" * 8)]


def test_audio_is_taken_as_it_is_acknowledged() -> None:
    """By number; one that jumps ahead stands for those before it."""
    client = started(seconds=0)
    for _ in range(5):
        client.send(Audio(SECOND), 0.0)
    assert hear(client, added(1)) == [AudioTaken(1.0)]
    assert hear(client, added(2), added(4)) == [AudioTaken(2.0), AudioTaken(4.0)]
    assert hear(client, added(3)) == [AudioTaken(4.0)]  # late
    assert hear(client, added(4), added(0), added(-7)) == [AudioTaken(4.0)] * 3  # once more, and nonsense
    assert hear(client, added(10**9)) == [AudioTaken(5.0)]  # no more than was sent
    client.send(Audio(SECOND[:16_000]), 0.0)
    assert hear(client, added(6)) == [AudioTaken(5.5)]


@pytest.mark.parametrize("number", [None, "x", [], 1.5, True])
def test_an_answer_without_a_number_is_to_the_next(number: Any) -> None:
    """There is exactly one for each."""
    client = started(seconds=0)
    client.send(Audio(SECOND), 0.0)
    client.send(Audio(SECOND), 0.0)
    assert hear(client, *[added(number)] * 3) == [AudioTaken(1.0), AudioTaken(2.0), AudioTaken(2.0)]


def test_no_end_of_answers_grows_without_bound() -> None:
    """Who never answers costs little; an answer after all is understood."""
    client = started(seconds=0)
    for _ in range(10_050):
        client.send(Audio(b"\0\0" * 16), 0.0)
    assert hear(client, added(10)) == [AudioTaken(0.0)]
    [taken] = hear(client, added(10_050))
    assert isinstance(taken, AudioTaken)
    assert taken.to == pytest.approx(10.05)


# Channels.


def test_channels_go_out_one_by_one() -> None:
    """In JSON, by label; silence too."""
    client = started(separate(), seconds=0)
    out = asked(client.send(Audio(b"\1\1\2\2\3\3\4\4"), 0.0))
    assert out == [
        {"message": "AddChannelAudio", "channel": "channel_1", "data": base64.b64encode(b"\1\1\3\3").decode()},
        {"message": "AddChannelAudio", "channel": "channel_2", "data": base64.b64encode(b"\2\2\4\4").decode()},
    ]
    assert [each["data"] for each in asked(client.send(Silence(2 / 16_000), 0.0))] == ["AAAAAA==", "AAAAAA=="]


def test_channels_are_taken_when_all_are() -> None:
    """Each counts by itself."""
    client = started(separate(), seconds=0)
    client.send(Audio(bytes(64_000)), 0.0)
    client.send(Audio(bytes(64_000)), 0.0)

    def taken(label: str, number: int) -> str:
        return said("ChannelAudioAdded", channel=label, seq_no=number)

    assert hear(client, taken("channel_1", 1)) == [AudioTaken(0.0)]
    assert hear(client, taken("channel_2", 1)) == [AudioTaken(1.0)]
    assert hear(client, taken("channel_2", 2), taken("channel_1", 2)) == [AudioTaken(1.0), AudioTaken(2.0)]


def test_channels_end_one_by_one() -> None:
    """There is no EndOfStream then."""
    client = started(separate(extra={"speechmatics": {"channel_diarization_labels": ["agent", "caller"]}}), seconds=0)
    for _ in range(3):
        client.send(Audio(bytes(64)), 0.0)
    assert asked(client.send(Stop(), 0.0)) == [
        {"message": "EndOfChannel", "channel": "agent", "last_seq_no": 3},
        {"message": "EndOfChannel", "channel": "caller", "last_seq_no": 3},
    ]
    [final_] = [e for e in hear(client, final(w("so", 0, 0.1), channel="caller")) if isinstance(e, Final)]
    assert final_.channel == 1
    assert hear(client, OVER)[-1] == Stopped("stopped")


# Finalize.


def test_finalize_says_no_time() -> None:
    """Told to end where the audio does, the vendor was seen to leave out the words there."""
    assert asked(started().send(Finalize("f"), 0.0)) == [FORCE]
    client = started(separate())
    both = [FORCE | {"channel": "channel_1"}, FORCE | {"channel": "channel_2"}]
    assert asked(client.send(Finalize("f"), 0.0)) == both
    assert asked(client.send(Finalize("g", 1), 0.0)) == both[1:]


# Changes.


@pytest.mark.parametrize(
    ("options", "update"),
    [
        ({"partials": False}, {"enable_partials": False}),
        ({"turn_silence": 1.2}, {"conversation_config": {"end_of_utterance_silence_trigger": 1.2}}),
        (
            {"turn_silence": 1.9},
            {"conversation_config": {"end_of_utterance_silence_trigger": 1.9}, "max_delay": 2.4},
        ),
        ({"turn_silence": 0}, {"conversation_config": {"end_of_utterance_silence_trigger": 0}}),
    ],
)
def test_a_change(options: dict[str, Any], update: dict[str, Any]) -> None:
    """Is one message, with the language that stays; it has no answer, so it counts as made."""
    client = started(Config(language="en-GB"))
    out = client.send(Configure("c", options), 0.0)
    expected = {"message": "SetRecognitionConfig", "transcription_config": {"language": "en", **update}}
    assert asked(out) == [expected]
    assert out[-1] == Configured("c")


def test_a_change_of_delay_is_taken_back() -> None:
    """It follows the silence; where the caller has set it, it stays."""
    client = started()
    client.send(Configure("c", {"turn_silence": 1.9}), 0.0)
    [update] = asked(client.send(Configure("d", {"turn_silence": 0.5}), 0.0))
    assert update["transcription_config"]["max_delay"] == 2.0
    dropped = Config(on_unsupported="warn", extra={"speechmatics": {"max_delay": 9.0}})
    [update] = asked(started(dropped).send(Configure("c", {"turn_silence": 1.9}), 0.0))
    assert update["transcription_config"]["max_delay"] == 2.4
    client = started(Config(extra={"speechmatics": {"max_delay": 1.0}}))
    [update] = asked(client.send(Configure("c", {"turn_silence": 1.9}), 0.0))
    assert "max_delay" not in update["transcription_config"]


def test_a_sentence_is_a_turn_from_a_change_on() -> None:
    """And an utterance from the next."""
    client = started()
    items = [w("Yes", 0.1, 0.3), p(".", 0.3, eos=True)]
    client.send(Configure("c", {"turn_silence": 0}), 0.0)
    assert shown(hear(client, final(*items)))[-1] == ("end", (0, 0), "vendor", 0.3)
    client.send(Configure("d", {"turn_silence": 0.5}), 0.0)
    assert shown(hear(client, final(*items)))[-1] == ("final", (0, 1), "Yes.")


@pytest.mark.parametrize(
    ("config", "options", "reason"),
    [
        (Config(), {"turn_silence": 2.5}, "must be 0 to 2 s, not 2.5"),
        (Config(formatting=False), {"turn_silence": 0}, "without punctuation no sentence ends a turn"),
        (Config(), {"max_turn_silence": 3.0}, "has no max_turn_silence"),
    ],
)
def test_a_change_that_is_refused(config: Config, options: dict[str, Any], reason: str) -> None:
    """Is told, and nothing is sent."""
    [told] = started(config).send(Configure("c", options), 0.0)
    assert isinstance(told, Configured)
    assert (told.id, told.accepted) == ("c", False)
    assert reason in told.reason


def test_who_prefers_warnings_is_warned_of_a_change() -> None:
    """And goes on with the rest of it."""
    client = started(Config(on_unsupported="warn"))
    warned, update, done = client.send(Configure("c", {"turn_silence": 2.5, "partials": True}), 0.0)
    assert isinstance(warned, Warned)
    [body] = asked([update])
    assert body["transcription_config"] == {"language": "en", "enable_partials": True}
    assert done == Configured("c")
    assert started().send(Configure("d", {}), 0.0) == [Configured("d")]


# Stop.


def test_stop_drains() -> None:
    """What is left comes, then EndOfTranscript; after it nothing counts."""
    client = started()
    assert asked(client.send(Stop(), 0.0)) == [{"message": "EndOfStream", "last_seq_no": 1}]
    assert shown(hear(client, final(w("Yes", 0.1, 0.3)), partial(), OVER)) == [
        ("speech", 0.1),
        ("final", (0, 0), "Yes"),
        ("end", (0, 0), "stop", 0.3),
        (Stopped("stopped"),),
    ]
    assert hear(client, OVER, final(w("no", 1, 2))) == []
    assert client.receive(Close(1000), 0.0) == []


@pytest.mark.parametrize("config", BOTH)
@pytest.mark.parametrize("frame", [Close(1000), Close(None), Lost("reset"), Close(1011, "internal_error")])
def test_a_close_before_the_end_of_the_transcript_is_a_failure(config: Config, frame: Any) -> None:
    """Though a stop was asked for: words may be missing. Another connection hears them."""
    client = started(config)
    client.send(Stop(), 0.0)
    [failed] = client.receive(frame, 0.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConnectionLost)
    assert failed.error.retryable
    assert client.receive(frame, 0.0) == []


@pytest.mark.parametrize("config", BOTH)
def test_an_end_of_the_transcript_that_nobody_asked_for(config: Config) -> None:
    """An utterance was too long: audio after it was acknowledged and not heard, so it is heard again."""
    client = started(config)
    long = said("Warning", type="duration_limit_exceeded", reason="too long", duration_limit=60)
    warned, failed = hear(client, long, OVER)
    assert warned == Warned("speechmatics:duration_limit_exceeded", "too long")
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConnectionLost)
    assert failed.error.retryable


@pytest.mark.parametrize("config", BOTH)
def test_an_end_of_the_transcript_without_a_reason(config: Config) -> None:
    """It is a loss too while nobody has stopped: the application goes on speaking."""
    client = started(config)
    [failed] = hear(client, OVER)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ConnectionLost)
    assert failed.error.retryable


# What else the vendor says.


@pytest.mark.parametrize(
    "message",
    [
        said("AddTranslation", language="fr", results=[{"content": "À midi.", "start_time": 3.2, "end_time": 3.9}]),
        said("AddPartialTranslation", language="fr", results=[]),
        said("AudioEventStarted", event={"type": "music", "start_time": 9.6, "confidence": 0.82}),
        said("AudioEventEnded", event={"type": "music", "end_time": 14.1}),
        said("SpeakersResult", speakers=[{"label": "S1", "speaker_identifiers": ["b3BhcXVlLWlk"]}]),
        said("Info", type="recognition_quality", reason="broadcast", quality="broadcast"),
        said("Info"),
        said("SomethingNew", of=["2027"]),
        "{}",
        '{"message":null}',
        '{"message":["AddTranscript"]}',
    ],
)
def test_what_has_no_event_is_kept_as_it_came(message: str) -> None:
    """Whoever wants it has it; nothing of it is in a repr."""
    [kept] = hear(started(), message)
    assert kept == Unmapped(json.loads(message))
    assert "midi" not in repr(kept)


@pytest.mark.parametrize("kind", ["model_redirect", "deprecated"])
def test_what_the_user_should_know(kind: str) -> None:
    """A warning, cut short."""
    assert hear(started(), said("Info", type=kind, reason="en-US is en")) == [
        Warned(f"speechmatics:{kind}", "en-US is en")
    ]
    [warned] = hear(started(), said("Info", type=kind, reason="x" * 999))
    assert isinstance(warned, Warned)
    assert len(warned.message) == 500
    assert hear(started(), said("Warning", type=kind, reason="x" * 999)) == [warned]
    assert hear(started(), said("Warning")) == [Warned("speechmatics:Warning", "no reason given")]


@pytest.mark.parametrize("data", ["no json", "[]", '"AddTranscript"', b"\0\1", b"\xff{}", "[" * 5000, ""])
@pytest.mark.parametrize("config", BOTH)
def test_what_is_no_message_breaks_off(config: Config, data: Any) -> None:
    """What was missed is not known, so another connection hears it again."""
    [failed] = started(config).receive(Message(data), 0.0)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProtocolError)
    assert failed.error.retryable


def test_a_message_in_a_binary_frame_is_read() -> None:
    """It is JSON all the same."""
    out = started().receive(Message(final(w("so", 0, 0.1)).encode()), 0.0)
    assert shown(out)[-1] == ("final", (0, 0), "so")


@pytest.mark.parametrize("kind", ["AddTranscript", "AddPartialTranscript", "EndOfUtterance", "LanguageInfo"])
@pytest.mark.parametrize(
    "members",
    [
        {},
        {"metadata": None, "results": None, "channel": None, "forced": "yes", "language": 7},
        {"metadata": [], "results": {}, "channel": ["x"], "word_delimiter": 3, "language": "ja"},
        {"metadata": {"start_time": "1", "end_time": {}}, "results": [{"channel": 7}], "forced": True},
        {"metadata": {"start_time": -5, "end_time": 1e300}, "results": ["x"]},
    ],
)
def test_messages_that_are_not_as_promised(kind: str, members: dict[str, Any]) -> None:
    """Break nothing."""
    client = started()
    client.send(Finalize("f"), 0.0)
    out = hear(client, said(kind, **members), final(w("so", 0.5, 0.7)))
    assert not [item for item in out if isinstance(item, Failed)]
    assert shown(out)[-1] == ("final", (0, 0), "so")


def test_the_vendors_message_goes_along() -> None:
    """With every piece that was made of it."""
    text = partial(w("so", 0.5, 0.7))
    [part] = [item for item in hear(started(), text) if isinstance(item, Partial)]
    assert part.raw == json.loads(text)
    text = final(w("so", 0.5, 0.7))
    [piece] = [item for item in hear(started(), text) if isinstance(item, Final)]
    assert piece.raw == json.loads(text)


def test_partials_can_be_left_out() -> None:
    """Then finals come alone, and a turn has its ends all the same."""
    client = started(Config(partials=False))
    out = hear(client, final(w("so", 0.5, 0.7)), over(1.5))
    assert shown(out) == [("speech", 0.5), ("final", (0, 0), "so"), ("end", (0, 0), "vendor", 0.7)]


def test_it_has_no_timers() -> None:
    """The session has one for every answer, and for signs of life."""
    client = started()
    assert client.receive(Pong(), 0.0) == []
    client.send(Finalize("f"), 0.0)
    assert client.deadline is None
    assert client.tick(99.0) == []
    assert hear(client, over(60.0)) == [Finalized("f")]
