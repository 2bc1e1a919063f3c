"""The client half of ``/v2/listen``: turns that are restated whole, ends that are taken back, ends on demand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.testing import check_turns
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Settled,
    SpeechStarted,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
)
from aai_migrate.wire.frames import Close, Frame, Lost, Message, Refused

from .test_client import anything, grammatical, heard, numbers, texts, without
from .wire import CLOSE, FLUX_EN, FLUX_ID, FORCE, METADATA, Client, asked, hear, said, started, turn, word

MULTI = Config(model="flux-general-multi")
HI = (("Hi", 0.4, 0.7),)
HELP = (("Hi,", 0.4, 0.7), ("can", 0.8, 1.0), ("you", 1.0, 1.2), ("help?", 1.2, 1.5))
START = turn("StartOfTurn", "Hi", *HI)
EAGER = turn("EagerEndOfTurn", "Hi, can you help?", *HELP, sure=0.45)
END = turn("EndOfTurn", "Hi, can you help?", *HELP, sure=0.83, trigger="model")
NO_TURN = said(
    "Warning", request_id=FLUX_ID, sequence_id=11, code="FORCE_END_TURN_NO_ACTIVE_TURN", description="no open turn"
)
UNPARSABLE = said("Error", sequence_id=12, code="UNPARSABLE_CLIENT_MESSAGE", description="unknown message")


def flux(config: Config = FLUX_EN) -> Client:
    return started(config)


def shown(items: list[Any]) -> list[Any]:
    """What events say, in short."""
    found: list[Any] = []
    for item in items:
        match item:
            case Partial():
                found.append(("eager" if item.eager else "partial", item.turn, item.text))
            case Final():
                found.append(("final" if item.confirmed else "final?", item.turn, item.text))
            case TurnEnded():
                found.append(("end", item.turn, item.reason))
            case SpeechStarted(at):
                found.append(("speech", at))
            case Finalized(id_, by):
                found.append(("finalized", id_, by))
            case Settled(to):
                found.append(("settled", to))
            case Stopped():
                found.append("stopped")
            case _:
                raise AssertionError(item)
    return found


def told(*messages: str, client: Any = None) -> list[Any]:
    """What the last of *messages* brings about, after the others."""
    client = client or flux()
    hear(client, *messages[:-1])
    return shown(hear(client, messages[-1]))


# Turns.


def test_idle_updates_say_nothing() -> None:
    """They come all the time, with no text."""
    assert told(turn("Update"), turn("Update")) == []


def test_a_turn_begins_with_its_first_words() -> None:
    """Where the first of them begins; its text may change."""
    assert hear(flux(), START) == [
        SpeechStarted(0.4),
        Partial(
            turn=0, text="Hi", words=(word("Hi", 0.4, 0.7, final=False, joiner=""),), start=0.4, end=0.7, confidence=0.9
        ),
    ]


def test_an_update_restates_the_whole_turn() -> None:
    """It replaces what was shown, and never appends."""
    assert told(START, turn("Update", "Hi can you")) == [("partial", 0, "Hi can you")]
    assert told(START, turn("Update", "Hi can you"), turn("Update", "I")) == [("partial", 0, "I")]


def test_an_update_that_takes_everything_back() -> None:
    """Leaves nothing to show."""
    assert told(START, turn("Update", "")) == [("partial", 0, "")]
    assert told(START, turn("Update", ""), turn("Update", "Hello")) == [("speech", 0.0), ("partial", 0, "Hello")]


def test_an_eager_end_is_a_guess() -> None:
    """Nothing has ended, and it may be taken back."""
    assert told(START, EAGER) == [("eager", 0, "Hi, can you help?")]
    resumed = turn("TurnResumed", "Hi, can you help me")
    assert told(START, EAGER, resumed) == [("partial", 0, "Hi, can you help me")]


def test_the_end_of_a_turn() -> None:
    """One Final with the whole text, an end that says how sure the vendor is, and what is settled."""
    words = tuple(word(text, start, end, joiner=" " if n else "") for n, (text, start, end) in enumerate(HELP))
    client = flux()
    hear(client, START, EAGER)
    assert hear(client, END) == [
        Final(turn=0, text="Hi, can you help?", words=words, start=0.4, end=1.5, confidence=0.9),
        TurnEnded(turn=0, at=1.5, reason="vendor", confidence=0.83, formatted=True),
        Settled(1.5),
    ]


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [("model", "vendor"), ("manual", "forced"), ("timeout", "timeout"), ("solar flare", "vendor"), (7, "vendor")],
)
def test_why_a_turn_ended(trigger: Any, reason: str) -> None:
    """The set of triggers is open."""
    assert told(START, turn("EndOfTurn", "Hi", *HI, trigger=trigger))[1] == ("end", 0, reason)
    assert told(START, turn("EndOfTurn", "Hi", *HI))[1] == ("end", 0, "vendor")


def test_an_end_without_a_start() -> None:
    """Has its text all the same."""
    assert told(END) == [
        ("speech", 0.4),
        ("final", 0, "Hi, can you help?"),
        ("end", 0, "vendor"),
        ("settled", 1.5),
    ]


def test_the_next_turn_has_the_next_number() -> None:
    """Right after the end of the one before."""
    assert told(END, turn("Update", index=1), turn("StartOfTurn", "So", ("So", 3.2, 3.4), index=1)) == [
        ("speech", 3.2),
        ("partial", 1, "So"),
    ]


def test_what_comes_for_an_ended_turn_is_nothing() -> None:
    """Late, or again."""
    for late in (END, EAGER, START, turn("Update", "Hi again")):
        assert told(START, END, late) == []


def test_a_turn_whose_end_never_came_ends_before_the_next() -> None:
    """As it was shown last; nobody confirmed it."""
    assert told(START, turn("StartOfTurn", "So", ("So", 3.2, 3.4), index=1)) == [
        ("final?", 0, "Hi"),
        ("end", 0, "timeout"),
        ("settled", 0.7),
        ("speech", 3.2),
        ("partial", 1, "So"),
    ]


def test_an_end_without_text_is_no_turn() -> None:
    """But takes back what was shown."""
    client = flux()
    turns = Turns("deepgram")
    out = [event for event in hear(client, START, turn("EndOfTurn", "")) if isinstance(event, Event)]
    assert not any(isinstance(event, Final) for event in out)
    assert isinstance(out[-1], TurnEnded)
    assert turns.fold(out, 0.0) == []


def test_words_without_times_have_parts_of_the_window() -> None:
    """And what they settle is a little less, since nobody knows where the last one ended."""
    message = json.loads(turn("EndOfTurn", "Book me a", window=(1.0, 4.0)))
    for each in message["words"]:
        del each["start"], each["end"]
    final, end, mark = hear(flux(), json.dumps(message))[1:]
    assert isinstance(final, Final)
    assert isinstance(end, TurnEnded)
    assert isinstance(mark, Settled)
    assert [(w.text, w.start, w.end) for w in final.words] == [("Book", 1.0, 2.0), ("me", 2.0, 3.0), ("a", 3.0, 4.0)]
    assert 3.0 < mark.to < 4.0


def test_a_text_without_words() -> None:
    """Gets them, and the first has nothing before it."""
    [_, final, *_] = hear(flux(), turn("EndOfTurn", "Book me", window=(1.0, 3.0)).replace('"words": [', '"other": ['))
    assert isinstance(final, Final)
    assert [(w.text, w.start, w.end, w.joiner) for w in final.words] == [("Book", 1.0, 2.0, ""), ("me", 2.0, 3.0, " ")]


@pytest.mark.parametrize(
    ("given", "language"),
    [({"languages": ["es", "en"]}, "es"), ({"languages": []}, None), ({"languages": "es"}, None), ({}, None)],
)
def test_the_languages_of_a_turn(given: dict[str, Any], language: str | None) -> None:
    """The most frequent is first; the list may be empty or absent."""
    [final] = [item for item in hear(flux(MULTI), turn("EndOfTurn", "Hola", **given)) if isinstance(item, Final)]
    assert final.language == language


@pytest.mark.parametrize("index", [None, "0", -1, 1.5, [], True])
def test_a_turn_without_a_usable_number_leaves_as_it_came(index: Any) -> None:
    """Nobody knows whose words they are."""
    [unmapped] = hear(flux(), turn("Update", "Hi", index=index))
    assert isinstance(unmapped, Unmapped)


@pytest.mark.parametrize(
    "path",
    [
        ("request_id",),
        ("sequence_id",),
        ("audio_window_start",),
        ("audio_window_end",),
        ("transcript",),
        ("words",),
        ("end_of_turn_confidence",),
        ("words", 0, "start"),
        ("words", 3, "end"),
        ("words", 0, "confidence"),
    ],
)
def test_a_member_that_is_missing_costs_no_words(path: tuple[Any, ...]) -> None:
    """The turn has its text and its end."""
    seen = hear(flux(), without(END, *path))
    [final] = [item for item in seen if isinstance(item, Final)]
    assert final.text == "Hi, can you help?"
    assert [w.text for w in final.words] == ["Hi,", "can", "you", "help?"]
    assert all(0 <= w.start <= w.end <= 3.0 for w in final.words)


# Ends on demand.


def forced(*ids: str, config: Config = FLUX_EN) -> Client:
    client = flux(config)
    hear(client, START)
    for id_ in ids:
        assert asked(client.send(Finalize(id_), 0.0)) == [FORCE]
    return client


def test_force_end_turn_is_answered_by_the_end() -> None:
    """Which says that it was asked for; how sure the model is of it stays honest."""
    client = forced("f")
    seen = hear(client, turn("EndOfTurn", "Hi", *HI, sure=0.02, trigger="manual"))
    assert shown(seen) == [("final", 0, "Hi"), ("end", 0, "forced"), ("settled", 0.7), ("finalized", "f", "vendor")]
    assert [item.confidence for item in seen if isinstance(item, TurnEnded)] == [0.02]


def test_force_end_turn_after_an_eager_end() -> None:
    """No TurnResumed comes between."""
    assert told(EAGER, turn("EndOfTurn", "Hi, can you help?", *HELP, trigger="manual"), client=forced("f"))[-1] == (
        "finalized",
        "f",
        "vendor",
    )


def test_force_end_turn_without_a_turn() -> None:
    """Is answered by a warning: all is settled. It is nothing that a user should know."""
    assert told(NO_TURN, client=forced("f")) == [("finalized", "f", "settled")]
    assert told(NO_TURN) == []


def test_only_the_last_force_end_turns_wait_for_an_answer() -> None:
    """Over hours a deployment that answers none would fill the memory."""
    many = forced(*map(str, range(101)))
    assert [told(NO_TURN, client=many)[0][1] for _ in range(100)] == [str(id_) for id_ in range(1, 101)]
    assert told(NO_TURN, client=many) == []


def test_the_model_was_faster_than_force_end_turn() -> None:
    """Its own end is no answer; the warning behind it is."""
    client = forced("f")
    assert told(END, client=client)[1:2] == [("end", 0, "vendor")]
    assert told(NO_TURN, client=client) == [("finalized", "f", "settled")]


def test_an_older_server_does_not_say_why_a_turn_ended() -> None:
    """Then the next end is the answer."""
    assert told(turn("EndOfTurn", "Hi", *HI), client=forced("f"))[-1] == ("finalized", "f", "vendor")


def test_each_force_end_turn_has_an_answer() -> None:
    """In their order."""
    client = forced("f", "g")
    assert told(turn("EndOfTurn", "Hi", *HI, trigger="manual"), client=client)[-1] == ("finalized", "f", "vendor")
    assert told(NO_TURN, client=client) == [("finalized", "g", "settled")]
    assert told(NO_TURN, client=client) == []


def test_a_server_without_force_end_turn() -> None:
    """Closes for it. The session goes on elsewhere, the Finalize is given up, and the caller is told what to do."""
    *out, failed = hear(forced("f", "g"), UNPARSABLE)
    assert [item for item in out if isinstance(item, Finalized)] == [
        Finalized("f", "timeout"),
        Finalized("g", "timeout"),
    ]
    [warned] = [item for item in out if isinstance(item, Warned)]
    assert "force_end_turn=false" in warned.message
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.retryable) == (ConnectionLost, True)
    assert (failed.error.reason, failed.error.code) == ("unknown message", "UNPARSABLE_CLIENT_MESSAGE")
    [bare] = [
        each for each in hear(forced("f"), said("Error", code="UNPARSABLE_CLIENT_MESSAGE")) if isinstance(each, Failed)
    ]
    assert bare.error.reason
    assert not any(isinstance(item, (Final, TurnEnded, Settled)) for item in out)  # the replay hears it again


def test_a_server_without_configure() -> None:
    """The same, for a change."""
    client = flux()
    client.send(Configure("c", {"keyterms": ("a",)}), 0.0)
    client.send(Configure("d", {"keyterms": ("b",)}), 0.0)
    *out, failed = hear(client, UNPARSABLE)
    assert [(item.id, item.accepted) for item in out if isinstance(item, Configured)] == [("c", False), ("d", False)]
    assert isinstance(failed, Failed)
    assert failed.error.retryable
    assert client.deadline is None


def test_a_message_that_was_not_ours() -> None:
    """If nothing was asked, something is wrong that another connection will not mend."""
    [failed] = hear(flux(), UNPARSABLE)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.code, failed.error.retryable) == (
        BadRequest,
        "UNPARSABLE_CLIENT_MESSAGE",
        False,
    )


# Changes in mid-session.


@pytest.mark.parametrize(
    ("config", "options", "members"),
    [
        (FLUX_EN, {"keyterms": ("Ankh Morpork",)}, {"keyterms": ["Ankh Morpork"]}),
        (FLUX_EN, {"keyterms": ()}, {"keyterms": []}),
        (FLUX_EN, {"max_turn_silence": 6}, {"thresholds": {"eot_timeout_ms": 6000}}),
        (
            FLUX_EN,
            {"max_turn_silence": 6, "keyterms": ("a",)},
            {"thresholds": {"eot_timeout_ms": 6000}, "keyterms": ["a"]},
        ),
        (MULTI, {"languages": ("en", "es-MX")}, {"language_hints": ["en", "es"]}),
        (MULTI, {"languages": ()}, {"language_hints": []}),
        (MULTI, {"language": "de-CH"}, {"language_hints": ["de"]}),
        (MULTI, {"language": "de", "languages": ()}, {"language_hints": ["de"]}),
        (MULTI, {"language": None}, {"language_hints": []}),
        (FLUX_EN, {}, None),
        (FLUX_EN, {"language": "en"}, None),
        (FLUX_EN, {"language": None}, None),
    ],
)
def test_changes(config: Config, options: dict[str, Any], members: dict[str, Any] | None) -> None:
    """Only what changes is sent, lists as arrays, thresholds in an object of their own."""
    client = flux(config)
    out = client.send(Configure("c", options), 0.0)
    if members is None:
        assert out == [Configured("c")]
    else:
        assert asked(out) == [{"type": "Configure", **members}]
        success = said("ConfigureSuccess", request_id=FLUX_ID, sequence_id=9, thresholds={}, keyterms=[])
        assert hear(client, success) == [Configured("c")]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"code": "INVALID_THRESHOLD", "description": "eager above eot"}, "INVALID_THRESHOLD: eager above eot"),
        ({"description": "Too many pending Configure messages."}, "Too many pending Configure messages."),
        ({"code": "INVALID_THRESHOLD"}, "INVALID_THRESHOLD"),
        ({}, "refused"),
        ({"code": 7, "description": []}, "refused"),
    ],
)
def test_a_change_that_was_refused(members: dict[str, Any], reason: str) -> None:
    """Older servers give neither code nor description."""
    client = flux()
    client.send(Configure("c", {"keyterms": ("a",)}), 0.0)
    [refused] = hear(client, said("ConfigureFailure", request_id=FLUX_ID, sequence_id=10, **members))
    assert isinstance(refused, Configured)
    assert (refused.id, refused.accepted) == ("c", False)
    assert reason in refused.reason
    assert not refused.reason.endswith((":", ": "))


def test_a_change_beyond_the_limits() -> None:
    """Is refused here; or left out with a warning, and then the old terms stay."""
    terms = {"keyterms": ("x",) * 101}
    [refused] = flux().send(Configure("c", terms), 0.0)
    assert refused == Configured("c", False, "deepgram: keyterms takes at most 100 terms, not 101")
    out = flux(Config(model="flux-general-en", on_unsupported="warn")).send(Configure("c", terms), 0.0)
    assert [type(item) for item in out] == [Warned, Configured]


# Other messages.


def test_a_warning_is_passed_on() -> None:
    """The session goes on."""
    warning = said("Warning", request_id=FLUX_ID, sequence_id=3, code="SLOW", description="audio comes slowly")
    assert hear(flux(), warning) == [Warned("deepgram:SLOW", "audio comes slowly")]
    [bare] = hear(flux(), said("Warning"))
    assert isinstance(bare, Warned)
    assert bare.message


@pytest.mark.parametrize(
    ("members", "kind", "again"),
    [
        ({"code": "INTERNAL_SERVER_ERROR", "description": "decoder stopped"}, ConnectionLost, True),
        ({"code": "INVALID_AUTH", "description": "no"}, ProviderError, False),
        ({"code": "TOO_MANY_REQUESTS", "description": "no"}, QuotaExceeded, True),
        ({"code": "Too Many Requests", "description": "no"}, QuotaExceeded, True),
        ({"code": "ASR_PAYMENT_REQUIRED", "description": "no"}, QuotaExceeded, False),
        ({"code": "SOMETHING", "description": "no"}, BadRequest, False),
        ({}, BadRequest, False),
        ({"code": [], "description": 7}, BadRequest, False),
    ],
)
def test_an_error_ends_the_session(members: dict[str, Any], kind: type[ProviderError], again: bool) -> None:
    """The open turn is the replay's."""
    client = flux()
    hear(client, START)
    [failed] = hear(client, said("Error", sequence_id=12, **members))
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, kind)
    assert failed.error.retryable is again
    assert client.receive(Close(None), 0.0) == []


@pytest.mark.parametrize("text", [METADATA, said("Results"), said("FatalError"), said("X"), "{}"])
def test_what_flux_does_not_say_leaves_as_it_came(text: str) -> None:
    """Also what is of the other path."""
    assert hear(flux(), text) == [Unmapped(json.loads(text))]


# Commands and ends.


def test_commands() -> None:
    """There is no KeepAlive at this path: a ping keeps it."""
    client = flux()
    assert client.send(Audio(b"\1\0" * 10), 0.0) == [Message(b"\1\0" * 10)]
    assert client.send(Silence(0.01), 0.0) == [Message(bytes(320))]
    assert client.send(Silence(0), 0.0) == []
    assert client.send(KeepAlive(), 0.0) == []
    assert asked(client.send(Stop(), 0.0)) == [CLOSE]


@pytest.mark.parametrize("code", [None, 1005, 1000])
def test_the_last_update_is_the_final_text(code: int | None) -> None:
    """After CloseStream come Updates, then a close without a status, and no EndOfTurn."""
    client = flux()
    hear(client, START)
    client.send(Stop(), 0.0)
    assert told(turn("Update", "Hi can you"), client=client) == [("partial", 0, "Hi can you")]
    out = client.receive(Close(code), 0.0)
    assert shown(out)[:2] == [("final", 0, "Hi can you"), ("end", 0, "stop")]
    assert shown(out)[-1] == "stopped"
    assert all(w.is_final for item in out if isinstance(item, Final) for w in item.words)


def test_a_stop_with_nothing_open() -> None:
    """Ends nothing."""
    client = flux()
    hear(client, END, turn("Update", index=1))
    client.send(Stop(), 0.0)
    turns = Turns("deepgram")
    out = [event for event in client.receive(Close(None), 0.0) if isinstance(event, Event)]
    assert isinstance(out[-1], Stopped)
    assert not any(isinstance(event, Final) for event in out)
    assert turns.fold(out[:-1], 0.0) == []


@pytest.mark.parametrize("frame", [Close(None), Close(1000), Close(1011), Close(1001), Lost("reset"), Lost("timeout")])
def test_a_loss_in_mid_turn(frame: Frame) -> None:
    """A normal close that nobody asked for is one too; what the turn had shown is heard again."""
    client = flux()
    hear(client, START)
    [failed] = client.receive(frame, 0.0)
    assert isinstance(failed, Failed)
    assert failed.error.retryable


def test_a_loss_while_draining() -> None:
    """Is no end."""
    client = flux()
    hear(client, START)
    client.send(Stop(), 0.0)
    [failed] = client.receive(Close(1011), 0.0)
    assert isinstance(failed, Failed)
    assert failed.error.retryable


# Anything.


info = st.fixed_dictionaries(
    {"type": st.just("TurnInfo")},
    optional={
        "turn_index": st.integers(-1, 4) | anything,
        "event": st.sampled_from(["Update", "StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn", "X"])
        | anything,
        "transcript": texts | anything,
        "words": st.lists(heard | anything, max_size=4) | anything,
        "audio_window_start": numbers | anything,
        "audio_window_end": numbers | anything,
        "end_of_turn_confidence": numbers | anything,
        "trigger": st.sampled_from(["model", "manual", "timeout"]) | anything,
        "languages": st.lists(texts, max_size=2) | anything,
    },
)
rare = st.fixed_dictionaries(
    {"type": st.sampled_from(["Connected", "Warning", "Error", "ConfigureSuccess", "ConfigureFailure", "X"])},
    optional={
        "code": st.sampled_from(["FORCE_END_TURN_NO_ACTIVE_TURN", "UNPARSABLE_CLIENT_MESSAGE"]) | anything,
        "description": anything,
        "request_id": anything,
    },
)
frames = st.one_of(
    st.one_of(info, info, info, rare, anything).map(lambda value: Message(json.dumps(value))),
    st.binary(max_size=20).map(Message),
    st.builds(Close, st.none() | st.integers(1000, 4999), st.text(max_size=40)),
    st.builds(Refused, st.integers(100, 599)),
)
commands = st.sampled_from(
    [Audio(bytes(2560)), Finalize("f"), Finalize("g"), Configure("c", {"keyterms": ("a",), "max_turn_silence": 1})]
)


@given(st.lists(frames | commands, max_size=20), st.booleans())
def test_whatever_comes_nothing_raises_and_turns_keep_their_grammar(items: list[Any], ends: bool) -> None:
    """Wrong types everywhere, numbers that are none or too large, turns in any order."""
    client = flux()
    events: list[Event] = []
    for number, item in enumerate([*items, *([Stop(), Close(None)] if ends else [])]):
        out = client.receive(item, number) if isinstance(item, Frame) else client.send(item, number)
        out += client.tick(number + 0.5)
        events += [event for event in out if isinstance(event, Event)]
    grammatical(events)
    turns = Turns("deepgram")
    check_turns([each for event in events for each in turns.fold([event], 0.0)])
