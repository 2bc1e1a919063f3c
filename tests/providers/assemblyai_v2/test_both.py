"""Client half and server half joined in memory: what is asked and what is heard comes out as it went in."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from aai_migrate_providers.assemblyai_v2.client import Client
from aai_migrate_providers.assemblyai_v2.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.wire.commands import Audio, Command, Configure, Finalize, KeepAlive, Silence, Start, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Settled,
    Started,
    Stopped,
    TurnEnded,
    Word,
)

from ..joined import Halves, plain, speeches, text
from .wire import KEY, URL, context

INFORMATION = {"assemblyai-v2": {"enable_extra_session_information": True}}


class Joined(Halves):
    """Both halves; a list each of what came out at the far side."""

    def __init__(self, config: Config | None = None, principal: str | None = "somebody") -> None:
        super().__init__(Client(context()), Server(context(principal)))
        self.ask(Start(evolve(config or Config(), base_url=URL), KEY))
        self._down(self.server.tick(0.5))

    def wait(self, now: float) -> None:
        self._up(self.client.tick(now))


# Commands.

SECONDS = st.integers(0, 20_000).map(lambda ms: ms / 1000)
CONFIGS = st.builds(
    Config,
    audio=st.builds(AudioFormat, st.integers(8000, 48_000), st.sampled_from(["pcm_s16le", "pcm_mulaw"])),
    partials=st.none() | st.booleans(),
    turn_silence=st.none() | SECONDS,
    keyterms=st.lists(st.text(min_size=1, max_size=9).filter(str.strip), max_size=4).map(tuple),
    extra=st.just({}) | st.just(INFORMATION),
)


@given(CONFIGS)
def test_settings_come_out_equal(config: Config) -> None:
    """Every option that v2 has, the silence too, which is a message; the credential and the address stay behind."""
    [start] = Joined(config).asked
    assert isinstance(start, Start)
    assert (start.config, start.credential) == (config, None)


COMMANDS = st.one_of(
    st.builds(Audio, st.binary(min_size=1, max_size=20).map(lambda data: data * 2)),
    st.builds(Silence, st.sampled_from([0.1, 0.2])),
    st.builds(Finalize, st.just("f")),
    st.builds(Configure, st.just("c"), st.builds(lambda seconds: {"turn_silence": seconds}, SECONDS)),
    st.just(KeepAlive()),
)


@given(st.lists(COMMANDS, max_size=12))
def test_commands_come_out_equal(script: list[Command]) -> None:
    """Ids are the server half's own, silence is audio, only audio is a sign of life; Stop comes last and once."""
    joined = Joined()
    for command in [*script, Stop()]:
        joined.ask(command)

    said = [command for command in [*script, Stop()] if not isinstance(command, KeepAlive)]
    assert [plain(c) for c in joined.asked[1:]] == [plain(c) for c in said]
    configured = [event for event in joined.heard if isinstance(event, Configured)]
    assert configured == [Configured("c")] * sum(isinstance(command, Configure) for command in script)


# Events.

TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N"], max_codepoint=0x24F), min_size=1, max_size=6)


def script(turns: list[list[list[Word]]]) -> Iterable[Event]:
    """Events by the grammar: a partial and a final for each piece, an end for each turn."""
    for key, parts in enumerate(turns):
        for part in parts:
            yield Partial(turn=key, text=text(part), words=tuple(part), start=part[0].start, end=part[-1].end)
            yield Final(turn=key, text=text(part), words=tuple(part), start=part[0].start, end=part[-1].end)
        yield TurnEnded(turn=key, at=parts[-1][-1].end, formatted=key % 2 == 0)


@given(speeches(TEXTS))
def test_turns_come_out_equal(turns: list[list[list[Word]]]) -> None:
    """Each as one final, with its words and times; each partial is the whole turn so far, in lower case."""
    joined = Joined(Config(extra=INFORMATION))
    joined.ask(Audio(bytes(64_000)))
    for event in [*script(turns), Stopped()]:
        joined.say(event)
    heard = joined.heard
    assert isinstance(heard[0], Started)
    whole = [tuple(word for part in parts for word in part) for parts in turns]
    finals = [event for event in heard if isinstance(event, Final)]
    assert [(event.turn, event.text, event.words) for event in finals] == [
        (order, text(words), words) for order, words in enumerate(whole)
    ]
    ends = [event for event in heard if isinstance(event, TurnEnded)]
    assert [(event.turn, event.at, event.formatted) for event in ends] == [
        (order, words[-1].end, order % 2 == 0) for order, words in enumerate(whole)
    ]
    assert [event.to for event in heard if isinstance(event, Settled)] == [words[-1].end for words in whole]
    partials = [event for event in heard if isinstance(event, Partial)]
    assert [(event.turn, event.text) for event in partials] == [
        (order, text(word for part in parts[: count + 1] for word in part).lower())
        for order, parts in enumerate(turns)
        for count in range(len(parts))
    ]


def test_the_end_comes_through() -> None:
    """With the length of the audio where it was asked for, and an answer to what was asked before."""
    joined = Joined(Config(extra=INFORMATION))
    for command in (Audio(bytes(48_000)), Finalize("f"), Stop()):
        joined.ask(command)
    joined.say(Stopped())
    assert joined.heard[1:] == [Finalized("f", "settled"), Stopped("stopped", 1.5)]


FAILURES = [
    BadRequest("x", "no such language"),
    ConnectionLost("x", "gone"),
    QuotaExceeded("x", "too many", retryable=True),
]


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("error", FAILURES)
def test_a_failure_comes_through(error: ProviderError, *, stopped: bool) -> None:
    """As the kind of error that it was, and once; behind the goodbye its text tells."""
    joined = Joined()
    joined.ask(Audio(bytes(3200)))
    if stopped:
        joined.ask(Stop())
    joined.say(Failed(error))
    joined.wait(5.0)
    [failed] = joined.heard[1:]
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.retryable) == (type(error), error.retryable)


def test_a_refused_key_comes_through() -> None:
    """One typed error, and no session behind it."""
    joined = Joined(principal=None)
    [failed] = joined.heard
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.code, joined.asked) == (AuthenticationError, 4001, [])
