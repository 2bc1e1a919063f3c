"""The server half of ``/v2/listen``: literal handshakes and messages in, exact commands, messages and closes out."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from aai_migrate_providers.deepgram.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.audio.wav import wav_bytes
from aai_migrate.config import Config
from aai_migrate.errors import BadRequest, ConnectionLost, ProviderError
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Origin, Start, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
)
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Message

from ..served import context, ended, final, heard, partial, uuid, words
from .served import CLOSE_STREAM, KEEP_ALIVE, KEY, RAW, SECOND, begun, connect, refused, started, tell

TARGET = f"/v2/listen?model=flux-general-en&{RAW}"
EAGER = f"{TARGET}&eager_eot_threshold=0.4"
MULTI = f"/v2/listen?model=flux-general-multi&{RAW}"
FORCE = Message('{"type":"ForceEndTurn"}')
HI, HELP = ("Hi,", 0.5, 0.7), ("help.", 0.7, 1.1)


def brief(message: Any) -> Any:
    """What of a message tells what was said: event, turn, text."""
    if isinstance(message, dict) and message["type"] == "TurnInfo":
        return message["event"], message["turn_index"], message["transcript"]
    return message["type"] if isinstance(message, dict) else message


def briefly(messages: list[Any]) -> list[Any]:
    return [brief(message) for message in messages]


# The handshake.


def test_connected_comes_at_once() -> None:
    """Clients wait for it; then the session is asked for."""
    target = (
        "wss://h/v2/listen?model=flux-general-multi&encoding=linear16&sample_rate=16000&eot_threshold=0.8"
        "&eager_eot_threshold=0.5&eot_timeout_ms=6000&keyterm=Ankh+Morpork&language_hint=en&language_hint=es"
        "&numerals=true&profanity_filter=true&redact=numbers&tag=a&mip_opt_out=false"
    )
    assert connect(target) == [
        Connected({"dg-request-id": uuid(1)}),
        Message(f'{{"type":"Connected","request_id":"{uuid(1)}","sequence_id":0}}'),
        Start(
            Config(
                model="flux-general-multi",
                languages=("en", "es"),
                max_turn_silence=6.0,
                keyterms=("Ankh Morpork",),
                profanity_filter=True,
                pii_redaction=True,
                extra={
                    "deepgram": {
                        "eot_threshold": 0.8,
                        "eager_eot_threshold": 0.5,
                        "numerals": True,
                        "redact": ("numbers",),
                        "tag": ("a",),
                        "mip_opt_out": False,
                    }
                },
            ),
            None,
            Origin("deepgram", "/v2/listen", "somebody", {"a": "a"}),
        ),
    ]


def test_one_hint_is_the_language() -> None:
    """Several are what it may be."""
    assert started(f"{MULTI}&language_hint=de").config.language == "de"
    assert started(f"{TARGET}&sample_rate=8000").config.audio == AudioFormat(8000)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "model: is required; choose flux-general-en or flux-general-multi"),
        ("model=flux", "model: must be flux-general-en or flux-general-multi, not flux"),
        ("model=nova-3", "model: must be flux-general-en or flux-general-multi, not nova-3"),
        ("model=flux-general-en&eot_threshold=0.2", "eot_threshold: must be 0.5 to 1, not 0.2"),
        ("model=flux-general-en&eot_timeout_ms=1.5", "eot_timeout_ms: expected a whole number, not '1.5'"),
        ("model=flux-general-en&eager_eot_threshold=0.8", "eager_eot_threshold: must not be above eot_threshold"),
        ("model=flux-general-en&language_hint=en", "language_hint: is for flux-general-multi, not for flux-general-en"),
        ("model=flux-general-multi&language_hint=", "language_hint: expected among de, en,"),
        ("model=flux-general-en&keyterm=%20", "keyterm: a term must not be blank"),
        ("model=flux-general-en" + "&keyterm=a" * 101, "keyterm: takes at most 100 terms, not 101"),
        ("model=flux-general-en&encoding=linear16", "sample_rate: is needed with encoding=linear16"),
        ("model=flux-general-en&encoding=ogg-opus", "encoding: ogg-opus is not decoded by this gateway"),
        ("model=flux-general-en&encoding=opus&sample_rate=48000", "encoding: opus is not decoded by this gateway"),
        ("model=flux-general-en&encoding=flac&sample_rate=48000", "encoding: expected one of linear16,"),
    ],
)
def test_what_cannot_be_is_refused_before_the_upgrade(query: str, text: str) -> None:
    """With the text in ``dg-error`` too."""
    status, code, said = refused(f"/v2/listen?{query}")
    assert (status, code, said[: len(text)]) == (400, "INVALID_QUERY_PARAMETER", text)


# What clients say.


def test_control_messages_become_commands() -> None:
    """With blanks, and as bytes; KeepAlive is none of this path's, and does no harm."""
    server = begun(TARGET)
    assert server.receive(KEEP_ALIVE, 0.0) == [KeepAlive()]
    assert server.receive(Message(SECOND + b"\1"), 0.0) == [Audio(SECOND)]
    assert server.receive(Message(b"\2"), 0.0) == [Audio(b"\1\2")]
    assert server.receive(Message(b'{ "type": "CloseStream" }'), 0.0) == [Stop()]
    assert server.receive(Message(SECOND), 0.0) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"type":"Finalize"}', "the type of the message is not known; this path has CloseStream and Configure"),
        ("{}", "the type of the message is not known; this path has CloseStream and Configure"),
        ("AAAA", "a text message must be a JSON object; audio belongs in binary ones"),
        ("{" + " " * 70_000 + "}", "a text message has at most 65,536 characters"),
    ],
)
def test_what_is_not_understood_ends_the_session(text: str, why: str) -> None:
    """As the vendor does; the provider is told to stop."""
    server = begun(TARGET)
    error, close, stop = heard(server.receive(Message(text), 0.0))
    assert error == {
        "type": "Error",
        "request_id": uuid(1),
        "sequence_id": 1,
        "code": "UNPARSABLE_CLIENT_MESSAGE",
        "description": why,
    }
    assert (close, stop) == (Close(1008, why), Stop())
    assert server.receive(Message(SECOND), 0.0) == []
    assert server.deadline is None


def test_a_wav_header_says_what_the_audio_is() -> None:
    """Here as well; what is no audio ends the session with an Error and a close that name it."""
    target = "/v2/listen?model=flux-general-en"
    samples = bytes(range(200))
    data = wav_bytes(samples, AudioFormat(24_000))
    server = Server(context())
    assert len(server.receive(Connect(target, KEY), 0.0)) == 2
    assert server.receive(Message(data[:30]), 0.0) == []
    start, audio = server.receive(Message(data[30:]), 0.0)
    assert isinstance(start, Start)
    assert start.config == Config(model="flux-general-en", audio=AudioFormat(24_000))
    assert audio == Audio(samples)
    server = Server(context())
    server.receive(Connect(target, KEY), 0.0)
    error, close = heard(server.receive(Message(bytes(64)), 0.0))
    assert error["code"] == "DATA-0000"
    assert close == Close(1008, "DATA-0000: no container found; for raw audio set encoding=linear16 and sample_rate")


def test_a_stream_that_never_began_ends_at_once() -> None:
    """Without audio there is nothing to wait for; a piece of a header is no audio."""
    for audio, last in ((b"", Close(1000)), (b"RIFF", Close(1008, "DATA-0000: the stream ended inside its header"))):
        for said in (CLOSE_STREAM, Message(b"")):
            server = Server(context())
            server.receive(Connect("/v2/listen?model=flux-general-en", KEY), 0.0)
            server.receive(Message(audio), 0.0)
            assert [*server.receive(said, 1.0), *server.tick(3.0)][-1] == last


def test_an_empty_message_is_the_end_only_if_nothing_follows() -> None:
    """Two seconds later."""
    server = begun(TARGET)
    server.receive(Message(b""), 1.0)
    server.receive(Message(SECOND), 2.0)
    assert server.tick(3.0) == []
    server.receive(Message(b""), 4.0)
    assert server.deadline == 6.0
    assert server.tick(6.0) == [Stop()]
    assert server.deadline is None


def test_a_silent_client_is_closed_after_a_minute() -> None:
    """With an Error, and the sentence that clients know."""
    server = begun(TARGET)
    server.receive(Message(SECOND), 5.0)
    assert server.deadline == 65.0
    assert server.tick(64.9) == []
    error, close, stop = heard(server.tick(65.0))
    assert (error["code"], error["sequence_id"]) == ("INTERNAL_SERVER_ERROR", 1)
    assert close == Close(1011, "no audio and no message within 60 seconds. See https://dpgr.am/net0001")
    assert stop == Stop()


@pytest.mark.parametrize("end", [Close(1000), Lost("reset")])
def test_a_client_that_leaves_has_stopped(end: Close | Lost) -> None:
    """Nothing is said to it any more."""
    server = begun(TARGET)
    assert server.receive(end, 1.0) == [Stop()]
    assert tell(server, final(1, HI), Stopped()) == []
    assert server.deadline is None


# Turns.


def test_the_vendors_own_trace() -> None:
    """A guess that is taken back, one that holds, and the end with the same text."""
    server = begun(EAGER)
    can, you, me, move = ("can", 0.7, 0.8), ("you", 0.8, 0.9), ("me", 1.1, 1.2), ("move?", 1.2, 1.5)
    hi, help_ = ("Hi", 0.5, 0.7), ("help?", 0.9, 1.1)
    out = tell(
        server,
        partial(0, hi),
        partial(0, hi, can, you),
        partial(0, HI, can, you, help_, eager=True),
        partial(0, HI, can, you, ("help", 0.9, 1.1), me),
        partial(0, HI, can, you, ("help", 0.9, 1.1), me, move, eager=True),
        final(0, HI, can, you, ("help", 0.9, 1.1), me, move),
        ended(0, at=2.2, confidence=0.83),
        Settled(1.5),
    )
    assert briefly(out) == [
        ("StartOfTurn", 0, "Hi"),
        ("Update", 0, "Hi can you"),
        ("EagerEndOfTurn", 0, "Hi, can you help?"),
        ("TurnResumed", 0, "Hi, can you help me"),
        ("EagerEndOfTurn", 0, "Hi, can you help me move?"),
        ("EndOfTurn", 0, "Hi, can you help me move?"),
    ]
    assert [message["sequence_id"] for message in out] == [1, 2, 3, 4, 5, 6]
    assert [message["end_of_turn_confidence"] for message in out] == [0.0, 0.0, 0.4, 0.0, 0.4, 0.83]


def test_an_end_of_turn_has_every_member() -> None:
    """Words cased and punctuated, with times and confidence."""
    server = begun(TARGET)
    server.send(partial(0, HI), 0.0)
    server.send(final(0, HI, HELP), 0.0)
    assert server.send(ended(0, at=3.12, confidence=0.83), 0.0) == [
        Message(
            f'{{"type":"TurnInfo","request_id":"{uuid(1)}","sequence_id":2,"event":"EndOfTurn","turn_index":0,'
            '"audio_window_start":0.0,"audio_window_end":3.12,"transcript":"Hi, help.",'
            '"words":[{"word":"Hi,","confidence":0.9,"start":0.5,"end":0.7},'
            '{"word":"help.","confidence":0.9,"start":0.7,"end":1.1}],'
            '"end_of_turn_confidence":0.83,"trigger":"model"}'
        )
    ]


@pytest.mark.parametrize(
    ("reason", "trigger"),
    [
        ("vendor", "model"),
        ("grouped", "model"),
        ("stop", "model"),
        ("seam", "model"),
        ("forced", "manual"),
        ("timeout", "timeout"),
    ],
)
def test_a_trigger_says_what_ended_a_turn(reason: Any, trigger: str) -> None:
    """Where nobody says how sure it is, it is as sure as it had to be; only ends have a trigger."""
    begin, end = tell(begun(f"{TARGET}&eot_threshold=0.6"), final(0, HI), ended(0, reason=reason))
    assert (end["event"], end["trigger"], end["end_of_turn_confidence"]) == ("EndOfTurn", trigger, 0.6)
    assert "trigger" not in begin


def test_a_turn_begins_with_text_and_restates_itself() -> None:
    """Also one whose pieces become final one by one; nothing is said twice."""
    server = begun(TARGET)
    out = tell(server, partial(0), SpeechStarted(0.4), partial(0, HI), partial(0, HI), final(0, HI))
    out += tell(server, partial(0, ("hel", 0.7, 0.9), joiner=" "), final(0, HELP, joiner=" "))
    out += tell(server, ended(0), partial(1, ("Yes", 2.0, 2.2)))
    assert briefly(out) == [
        ("StartOfTurn", 0, "Hi,"),
        ("Update", 0, "Hi, hel"),
        ("Update", 0, "Hi, help."),
        ("EndOfTurn", 0, "Hi, help."),
        ("StartOfTurn", 1, "Yes"),
    ]


def test_guesses_are_for_who_asked_for_them() -> None:
    """Others see an Update."""
    out = tell(begun(TARGET), partial(0, HI), partial(0, HI, HELP, eager=True), final(0, HI, HELP), ended(0))
    assert [event for event, _, _ in briefly(out)] == ["StartOfTurn", "Update", "EndOfTurn"]


def test_a_guess_may_be_the_first_that_is_heard() -> None:
    """The turn begins before it; the same guess again is not said, another end than guessed resumes the turn."""
    guess = partial(0, HI, eager=True)
    out = tell(begun(EAGER), guess, guess, partial(0, HI), final(0, HI, HELP), ended(0))
    assert briefly(out) == [
        ("StartOfTurn", 0, "Hi,"),
        ("EagerEndOfTurn", 0, "Hi,"),
        ("TurnResumed", 0, "Hi, help."),
        ("EndOfTurn", 0, "Hi, help."),
    ]
    server = begun(EAGER)
    out = [*tell(server, guess), *server.send(final(0, HI, HELP), 0.0), *tell(server, ended(0, reason="forced"))]
    assert briefly(out)[2:] == [("EndOfTurn", 0, "Hi, help.")]


def test_a_later_turn_waits_for_the_end_of_the_earlier() -> None:
    """A provider may have two open; a client knows one."""
    server = begun(TARGET)
    out = tell(server, partial("a", HI), partial("b", ("Yes", 2.0, 2.2)), final("b", ("Yes.", 2.0, 2.2)))
    out += tell(server, ended("b"), partial("c", ("Wait", 3.0, 3.2)), final("a", HI))
    assert briefly(out) == [("StartOfTurn", 0, "Hi,")]
    out = tell(server, ended("a", at=1.5))
    assert briefly(out) == [
        ("EndOfTurn", 0, "Hi,"),
        ("StartOfTurn", 1, "Yes."),
        ("EndOfTurn", 1, "Yes."),
        ("StartOfTurn", 2, "Wait"),
    ]
    windows = [(message["audio_window_start"], message["audio_window_end"]) for message in out]
    assert windows == [(0.0, 1.5), (1.5, 2.2), (1.5, 2.2), (2.2, 3.2)]


def test_a_turn_that_was_nothing_is_taken_back() -> None:
    """The client's turn stays open, and the next text goes on with it."""
    server = begun(TARGET)
    out = tell(server, partial("a", ("uh", 0.1, 0.2)), ended("a"), partial("b", HI), ended("never begun"))
    assert briefly(out) == [("StartOfTurn", 0, "uh"), ("Update", 0, ""), ("Update", 0, "Hi,")]
    out = tell(begun(TARGET), partial("a", ("uh", 0.1, 0.2)), partial("a"), partial("b", HI))
    assert briefly(out) == [("StartOfTurn", 0, "uh"), ("Update", 0, ""), ("Update", 0, "Hi,")]


def test_a_text_without_words_gets_some() -> None:
    """Clients show nothing of a turn without them."""
    [message] = tell(begun(TARGET), Partial(turn=0, text="Two words", start=1.0, end=2.0))
    assert message["words"] == [
        {"word": "Two", "confidence": 1.0, "start": 1.0, "end": 1.5},
        {"word": "words", "confidence": 1.0, "start": 1.5, "end": 2.0},
    ]


def test_languages_are_told_where_the_model_finds_them() -> None:
    """The most frequent first, or none at all."""
    hi, hola, amigo = words(("Hi", 0.0, 0.1), ("hola", 0.1, 0.2), ("amigo", 0.2, 0.3))
    tagged = (evolve(hi, language="en"), evolve(hola, language="es"), evolve(amigo, language="es"))
    event = Partial(turn=0, text="Hi hola amigo", words=tagged)
    assert tell(begun(MULTI), event)[0]["languages"] == ["es", "en"]
    assert tell(begun(MULTI), partial(0, HI, language="de"))[0]["languages"] == ["de"]
    assert "languages" not in tell(begun(MULTI), partial(0, HI))[0]
    assert "languages" not in tell(begun(TARGET), event)[0]


@pytest.mark.parametrize(
    "event",
    [
        Started("s"),
        SpeechStarted(1.0),
        Settled(9.0),
        Warned("a", "b"),
        Unmapped({"type": "Other"}),
        AudioTaken(1.0),
        Revised(turn=1, text="other"),
        Finalized("nobody's"),
        Configured("nobody's"),
        Final(turn=1, text=" "),
    ],
)
def test_some_events_say_nothing_to_clients(event: Event) -> None:
    """They are not this wire's."""
    assert tell(begun(TARGET), event) == []


def test_words_that_move_to_the_next_turn_lie_in_its_window() -> None:
    """A tail may show what turns out to be the next turn: then the first one was over before it."""
    server = begun(f"/v2/listen?model=flux-general-en&{RAW}")
    yes, no = ("yes", 0.5, 0.75), ("no", 1.5, 1.75)
    told = tell(server, partial(1, yes), partial(1, yes, no), final(1, yes), ended(1), partial(2, no))
    windows = [(info["event"], info["audio_window_start"], info["audio_window_end"]) for info in told]
    assert windows == [
        ("StartOfTurn", 0.0, 0.75),
        ("Update", 0.0, 1.75),
        ("EndOfTurn", 0.0, 0.75),
        ("StartOfTurn", 0.75, 1.75),
    ]


# ForceEndTurn.


def test_an_open_turn_can_be_ended() -> None:
    """By the provider; where it only settles the words, by us, on what is final of them."""
    server = begun(TARGET)
    server.send(partial(0, HI), 0.0)
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(2))]
    [end] = tell(server, final(0, HI), ended(0, reason="forced"), Finalized(uuid(2)))
    assert (brief(end), end["trigger"]) == (("EndOfTurn", 0, "Hi,"), "manual")
    server.send(partial(1, HELP), 0.0)
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(3))]
    *_, end = tell(server, final(1, HELP), Finalized(uuid(3)), ended(1))
    assert (brief(end), end["trigger"]) == (("EndOfTurn", 1, "help."), "manual")


def test_the_next_turn_goes_on_behind_one_that_was_ended() -> None:
    """Also where the provider's own turn is not over."""
    server = begun(TARGET)
    tell(server, partial("a", HI), partial("b", HELP))
    server.receive(FORCE, 0.0)
    out = tell(server, final("a", HI), Finalized(uuid(2)), partial("b", HELP, ("Now", 1.1, 1.2)))
    assert briefly(out) == [("EndOfTurn", 0, "Hi,"), ("StartOfTurn", 1, "help."), ("Update", 1, "help. Now")]


def test_what_is_not_final_yet_is_of_the_next_turn() -> None:
    """Where a provider answers before it has settled all."""
    server = begun(TARGET)
    tell(server, final(0, HI), partial(0, ("hel", 0.7, 0.9), joiner=" "))
    server.receive(FORCE, 0.0)
    out = tell(server, Finalized(uuid(2)), final(0, HELP, joiner=" "), ended(0))
    assert briefly(out) == [("EndOfTurn", 0, "Hi,"), ("StartOfTurn", 1, "hel"), ("EndOfTurn", 1, "help.")]
    server.send(partial(2, HI), 0.0)
    server.receive(FORCE, 0.0)
    assert tell(server, Finalized(uuid(3))) == []


def test_where_no_turn_is_open_there_is_a_warning() -> None:
    """In its place behind the audio that came before; and where too many are not answered."""
    server = begun(TARGET)
    warning = {
        "type": "Warning",
        "request_id": uuid(1),
        "sequence_id": 1,
        "code": "FORCE_END_TURN_NO_ACTIVE_TURN",
        "description": "no turn is open",
    }
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(2))]
    assert tell(server, Finalized(uuid(2))) == [warning]
    tell(server, partial(0, HI), final(0, HI), ended(0, reason="forced"))
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(3))]
    assert tell(server, Finalized(uuid(3))) == [{**warning, "sequence_id": 4}]
    for _ in range(100):
        assert isinstance(server.receive(FORCE, 0.0)[0], Finalize)
    [warning] = heard(server.receive(FORCE, 0.0))
    assert warning["code"] == "FORCE_END_TURN_ALREADY_PENDING"


def test_a_turn_can_be_ended_before_anything_is_heard_of_it() -> None:
    """It is what the audio before the message holds that counts."""
    server = begun(TARGET)
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(2))]
    assert server.receive(FORCE, 0.0) == [Finalize(uuid(3))]
    begin, end = tell(server, final(0, HI), ended(0, reason="forced"), Finalized(uuid(2)))
    assert (begin["event"], brief(end), end["trigger"]) == ("StartOfTurn", ("EndOfTurn", 0, "Hi,"), "manual")
    [warning] = tell(server, Finalized(uuid(3)))
    assert warning["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"


# Changes.


def configure(server: Server, **parts: Any) -> list[Any]:
    """What a ``Configure`` with *parts* brings about."""
    return heard(server.receive(Message(json.dumps({"type": "Configure", **parts})), 0.0))


def test_changes_are_confirmed_in_order_with_what_is_in_force() -> None:
    """What is neutral is the provider's to take; the rest at once, but not before what was asked earlier."""
    server = begun(MULTI)
    assert configure(server, thresholds={"eot_timeout_ms": 6000}, keyterms=["a"], language_hints=["en", "es"]) == [
        Configure(uuid(2), {"languages": ("en", "es"), "language": None, "max_turn_silence": 6.0, "keyterms": ("a",)})
    ]
    assert configure(server, thresholds={"eot_threshold": 0.9, "eager_eot_threshold": 0.5}, numerals=True) == []
    assert configure(server, keyterms=[], language_hints=[]) == [
        Configure(uuid(3), {"language": None, "languages": (), "keyterms": ()})
    ]
    first = {"thresholds": {"eot_threshold": 0.7, "eot_timeout_ms": 6000}, "keyterms": ["a"]}
    second = {"thresholds": {"eot_threshold": 0.9, "eager_eot_threshold": 0.5, "eot_timeout_ms": 6000}}
    assert tell(server, Configured(uuid(2)), Configured(uuid(3), False, "not now")) == [
        {
            "type": "ConfigureSuccess",
            "request_id": uuid(1),
            "sequence_id": 1,
            **first,
            "language_hints": ["en", "es"],
        },
        {
            "type": "ConfigureSuccess",
            "request_id": uuid(1),
            "sequence_id": 2,
            **second,
            "keyterms": ["a"],
            "language_hints": ["en", "es"],
            "numerals": True,
        },
        {
            "type": "ConfigureFailure",
            "request_id": uuid(1),
            "sequence_id": 3,
            "code": "CONFIGURE_REFUSED",
            "description": "not now",
        },
    ]
    assert briefly(tell(server, partial(0, HI, eager=True)))[1:] == [("EagerEndOfTurn", 0, "Hi,")]


def test_what_is_absent_or_null_stays() -> None:
    """And is told all the same."""
    [answer] = configure(begun(f"{EAGER}&keyterm=a"), keyterms=None, language_hints=None, thresholds=None)
    assert answer == {
        "type": "ConfigureSuccess",
        "request_id": uuid(1),
        "sequence_id": 1,
        "thresholds": {"eot_threshold": 0.7, "eager_eot_threshold": 0.4, "eot_timeout_ms": 5000},
        "keyterms": ["a"],
    }


@pytest.mark.parametrize(
    ("parts", "code", "why"),
    [
        ({"thresholds": {"eot_threshold": 2}}, "INVALID_THRESHOLD", "eot_threshold: must be 0.5 to 1, not 2"),
        ({"thresholds": {"eot_threshold": "x"}}, "INVALID_THRESHOLD", "eot_threshold: expected a number, not 'x'"),
        ({"thresholds": {"eot_threshold": True}}, "INVALID_THRESHOLD", "eot_threshold: expected a number, not 'True'"),
        ({"thresholds": []}, "INVALID_THRESHOLD", "thresholds must be an object"),
        (
            {"thresholds": {"eager_eot_threshold": 0.8}},
            "INVALID_THRESHOLD",
            "eager_eot_threshold: must not be above eot_threshold",
        ),
        ({"keyterms": "a"}, "INVALID_KEYTERMS", "keyterms must be a list of strings"),
        ({"keyterms": ["a"] * 101}, "INVALID_KEYTERMS", "keyterm: takes at most 100 terms, not 101"),
        (
            {"language_hints": ["en"]},
            "INVALID_LANGUAGE_HINTS",
            "language_hint: is for flux-general-multi, not for flux-general-en",
        ),
        ({"numerals": 7}, "INVALID_NUMERALS", "numerals: expected true or false"),
    ],
)
def test_a_change_that_cannot_be_is_refused(parts: dict[str, Any], code: str, why: str) -> None:
    """The session goes on as before."""
    server = begun(TARGET)
    assert configure(server, **parts) == [
        {"type": "ConfigureFailure", "request_id": uuid(1), "sequence_id": 1, "code": code, "description": why}
    ]
    assert server.receive(Message(SECOND), 0.0) == [Audio(SECOND)]


def test_a_threshold_is_compared_with_one_that_waits() -> None:
    """Changes are made in order."""
    server = begun(MULTI)
    configure(server, thresholds={"eot_threshold": 0.9, "eot_timeout_ms": 900})
    assert configure(server, thresholds={"eager_eot_threshold": 0.8}) == []
    for _ in range(6):
        configure(server, keyterms=["a"])
    [answer] = configure(server, keyterms=["a"])
    assert answer["description"] == "Too many pending Configure messages."


# The end.


def test_the_last_words_come_before_the_close() -> None:
    """As an Update, and as the end of their turn: the vendor leaves that out, but words are lost then."""
    server = begun(TARGET)
    assert server.receive(CLOSE_STREAM, 0.0) == [Stop()]
    tell(server, final("a", HI), partial("a", ("hel", 0.7, 0.9), joiner=" "))
    out = tell(server, final("a", HELP, joiner=" "))
    out += tell(server, partial("b", ("Yes", 2.0, 2.2)), Stopped())
    assert briefly(out) == [
        ("Update", 0, "Hi, help."),
        ("EndOfTurn", 0, "Hi, help."),
        ("StartOfTurn", 1, "Yes"),
        ("EndOfTurn", 1, "Yes"),
        Close(1000),
    ]
    assert server.deadline is None


def test_last_words_that_are_held_are_an_update_too() -> None:
    """Clients that read no end of turn at the end have them."""
    server = begun(TARGET)
    tell(server, partial("a", HI))
    server.send(final("a", HI, HELP), 0.0)
    out = tell(server, Stopped())
    assert briefly(out) == [("Update", 0, "Hi, help."), ("EndOfTurn", 0, "Hi, help."), Close(1000)]


@pytest.mark.parametrize(
    ("error", "code", "why", "close"),
    [
        (
            ConnectionLost("gladia", "connection lost"),
            "INTERNAL_SERVER_ERROR",
            "The transcription behind this gateway has failed. Connect again.",
            Close(1011, "The transcription behind this gateway has failed. Connect again."),
        ),
        (BadRequest("gladia", "no such model"), "BAD_REQUEST", "no such model", Close(1008, "no such model")),
        (
            BadRequest("gladia", "bad audio"),
            "DATA-0000",
            "bad audio",
            Close(1008, "DATA-0000: bad audio"),
        ),
    ],
)
def test_a_failure_behind_is_an_error_and_a_close(error: ProviderError, code: str, why: str, close: Close) -> None:
    """Words that were heard come first."""
    server = begun(TARGET)
    server.send(final(0, HI), 0.0)
    *out, told, last = tell(server, Failed(error))
    assert briefly(out) == [("StartOfTurn", 0, "Hi,"), ("EndOfTurn", 0, "Hi,")]
    assert told == {
        "type": "Error",
        "request_id": uuid(1),
        "sequence_id": 3,
        "code": code,
        "description": why,
    }
    assert last == close


# Whatever a provider says.


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    """Events of a provider with two turns open at once."""
    events: list[Event] = []
    ends: Counter[int] = Counter()
    clock = 0.0
    for _ in range(draw(st.integers(0, 25))):
        slot = draw(st.integers(0, 1))
        turn = (slot, ends[slot])
        clock += draw(st.sampled_from([0.0, 0.1, 0.7]))
        said = [(draw(st.sampled_from(["alpha", "Beta,", "gamma."])), clock, clock + 0.1)] * draw(st.integers(1, 3))
        match draw(st.sampled_from(["partial", "eager", "empty", "final", "ended", "settled"])):
            case "partial":
                events.append(partial(turn, *said, joiner=" "))
            case "eager":
                events.append(partial(turn, *said, joiner=" ", eager=True))
            case "empty":
                events.append(partial(turn))
            case "final":
                events.append(final(turn, *said, joiner=" "))
            case "ended":
                events.append(ended(turn, reason=draw(st.sampled_from(["vendor", "forced", "timeout"])), at=clock))
                ends[slot] += 1
            case "settled":
                events.append(Settled(clock))
    return events


NEXT = {
    "": {"StartOfTurn"},
    "StartOfTurn": {"Update", "EagerEndOfTurn", "EndOfTurn"},
    "Update": {"Update", "EagerEndOfTurn", "EndOfTurn"},
    "TurnResumed": {"Update", "EagerEndOfTurn", "EndOfTurn"},
    "EagerEndOfTurn": {"TurnResumed", "EndOfTurn"},
}
"""What may follow what, by the vendor's page of states; a turn that has ended is as one that has not begun."""


@given(conversations(), st.sets(st.integers(0, 25)), st.lists(st.integers(0, 25), max_size=3), st.booleans())
def test_turns_are_told_one_by_one_and_lose_no_word(
    events: list[Event], pauses: set[int], forces: list[int], eager: bool
) -> None:
    """Whatever the events, and wherever time passes or a ForceEndTurn falls between them."""
    server = begun(EAGER if eager else TARGET)
    out: list[Any] = []
    for index, event in enumerate(events):
        if index in forces:
            for item in server.receive(FORCE, 0.0):
                out += heard(server.send(Finalized(item.id), 0.0) if isinstance(item, Finalize) else [item])
        out += heard(server.send(event, 0.0))
        if index in pauses and server.deadline == 0.0:
            out += heard(server.tick(0.0))
    for turn in {event.turn: None for event in events if isinstance(event, Partial)}:
        out += heard(server.send(partial(turn), 0.0))
    out += heard(server.send(Stopped(), 0.0))
    assert out.pop() == Close(1000)
    assert [message["sequence_id"] for message in out] == list(range(1, len(out) + 1))
    state, index, start, told = "", 0, 0.0, list[str]()
    before = ""
    for message in (message for message in out if message["type"] == "TurnInfo"):
        kind, text = message["event"], message["transcript"]
        assert kind in NEXT[state]
        assert message["turn_index"] == index
        assert message["audio_window_start"] == start
        assert message["audio_window_end"] >= start
        assert " ".join(word["word"] for word in message["words"]) == text
        assert text or kind in ("Update", "TurnResumed")
        assert eager or kind not in ("EagerEndOfTurn", "TurnResumed")
        if kind == "EndOfTurn" and state == "EagerEndOfTurn" and message["trigger"] != "manual":
            assert text == before
        state, before = kind, text
        if kind == "EndOfTurn":
            told += text.split()
            state, index, start = "", index + 1, message["audio_window_end"]
    finals = [word.text for event in events if isinstance(event, Final) for word in event.words]
    assert Counter(told) == Counter(finals)
    if not any(isinstance(event, TurnEnded) for event in events):
        assert state in ("", "Update", "TurnResumed")


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["KeepAlive", "ForceEndTurn", "Configure"])},
            optional=dict.fromkeys(
                ["thresholds", "keyterms", "language_hints", "numerals"],
                st.none()
                | st.integers()
                | st.lists(st.text(max_size=5) | st.none(), max_size=3)
                | st.dictionaries(
                    st.sampled_from(["eot_threshold", "eager_eot_threshold", "eot_timeout_ms"]),
                    st.none() | st.floats() | st.text(max_size=3) | st.lists(st.none()),
                ),
            ),
        ).map(json.dumps)
        | st.text(max_size=20)
        | st.binary(max_size=60),
        max_size=6,
    ),
    st.sampled_from([TARGET, MULTI, "/v2/listen?model=flux-general-en"]),
)
def test_receive_never_raises(frames: list[str | bytes], target: str) -> None:
    """Whatever comes."""
    server = Server(context())
    server.receive(Connect(target, KEY), 0.0)
    for data in frames:
        server.receive(Message(data), 0.0)
    server.receive(CLOSE_STREAM, 0.0)
    server.tick(100.0)
