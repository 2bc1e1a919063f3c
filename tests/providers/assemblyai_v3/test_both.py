"""Client half and server half joined in memory: what is asked and what is heard comes out as it went in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3.client import Client
from aai_migrate_providers.assemblyai_v3.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost
from aai_migrate.events import Turn
from aai_migrate.turns import Turns
from aai_migrate.wire.commands import Audio, Command, Configure, Finalize, KeepAlive, Silence, Start, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Failed,
    Final,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Word,
)

from ..joined import Halves, plain, speeches, text
from .wire import KEY, U3, US, context

MODELS = {"u3": Config(model=U3), "formatted": Config(model=US), "raw": Config(model=US, formatted_turns="raw")}


class Joined(Halves):
    """Both halves; a list each of what came out at the far side."""

    def __init__(self, config: Config, principal: str | None = "somebody") -> None:
        super().__init__(Client(context()), Server(context(principal)))
        self.ask(Start(config, KEY))


# Commands.

LISTS = st.lists(st.text(min_size=1, max_size=9).filter(str.strip), max_size=4).map(tuple)
SECONDS = st.none() | st.integers(50, 10_000).map(lambda ms: ms / 1000)
FLAG = st.none() | st.booleans()
CONFIGS = st.builds(
    Config,
    model=st.sampled_from([U3, US, "universal-streaming-multilingual"]),
    audio=st.builds(AudioFormat, st.integers(8000, 48_000), st.sampled_from(["pcm_s16le", "pcm_mulaw"])),
    partials=FLAG,
    turn_silence=SECONDS,
    max_turn_silence=SECONDS,
    keyterms=LISTS,
    diarization=FLAG,
    profanity_filter=FLAG,
    pii_redaction=FLAG,
    extra=st.just({}) | st.just({"assemblyai-v3": {"prompt": "Weber & Sohn + 1"}}),
)


@given(CONFIGS, st.sampled_from([None, "de", "yue"]), st.sampled_from([(), ("de", "en")]))
def test_settings_come_out_equal(config: Config, language: str | None, languages: tuple[str, ...]) -> None:
    """Every option that v3 has; what is sent unasked is known to the server half as asked for."""
    if config.model == U3:
        config = evolve(config, **({"languages": languages} if languages else {"language": language}))
    else:
        config = evolve(config, formatting=True)
    [start] = Joined(config).asked
    assert isinstance(start, Start)
    assert start.config == config
    assert start.credential is None


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "turn_silence": st.integers(50, 10_000).map(lambda ms: ms / 1000),
        "keyterms": LISTS,
        "profanity_filter": st.booleans(),
    },
).filter(bool)
COMMANDS = st.one_of(
    st.builds(Audio, st.binary(min_size=1, max_size=20).map(lambda data: data * 2)),
    st.builds(Silence, st.sampled_from([0.05, 0.1])),
    st.builds(Finalize, st.just("f")),
    st.builds(Configure, st.just("c"), OPTIONS),
    st.just(KeepAlive()),
)


@given(st.lists(COMMANDS, max_size=12))
def test_commands_come_out_equal(script: list[Command]) -> None:
    """Ids are the server half's own, silence is audio; Stop comes last and once."""
    joined = Joined(Config(), "somebody")
    for command in [*script, Stop()]:
        joined.ask(command)

    assert [plain(c) for c in joined.asked[1:]] == [plain(c) for c in [*script, Stop()]]
    configured = [event for event in joined.heard if isinstance(event, Configured)]
    assert len(configured) == sum(isinstance(command, Configure) for command in script)


# Events.

TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"], max_codepoint=0x24F), min_size=1, max_size=6)


def script(turns: list[list[list[Word]]], *, stable: bool) -> list[Event]:
    """Events by the grammar: partials that grow, a final for each piece, an end for each turn."""
    events: list[Event] = []
    for key, parts in enumerate(turns):
        for part in parts:
            times: dict[str, Any] = {"start": part[0].start, "end": part[-1].end}
            for count in range(1, len(part) + 1):
                tail = (*part[: count - 1], evolve(part[count - 1], is_final=False))
                done = len(text(tail[:-1])) if stable else 0
                grown = {**times, "end": tail[-1].end}
                events.append(Partial(turn=key, text=text(tail), words=tail, stable=done, **grown))
            events.append(Final(turn=key, text=text(part), words=tuple(part), **times))
        events.append(TurnEnded(turn=key, at=parts[-1][-1].end, confidence=0.5))
    return events


def turns_of(events: Iterable[Event], kind: type[Event]) -> list[Turn]:
    """The public turns that events of one kind make: the fold is the measure of what events mean."""
    fold, seen = Turns("x"), []
    fold.fold([Started()], 0.0)
    for event in events:
        turns = fold.fold([event], 0.0)
        seen += [turn for turn in turns if isinstance(turn, Turn) and isinstance(event, kind)]
    return seen


def said(turn: Turn) -> tuple[Any, ...]:
    """What of a turn every dialect can say."""
    words = [(w.text, w.start, w.end, w.confidence, w.joiner) for w in turn.words]
    return turn.turn_order, turn.transcript, turn.start, turn.end, words


@pytest.mark.parametrize("model", MODELS)
@given(turns=speeches(TEXTS))
def test_turns_come_out_equal(model: str, turns: list[list[list[Word]]]) -> None:
    """Words, text, times, ends and their order; in the raw dialect even what is promised.

    A Final in mid-turn is told with the next message, so only partials and ends cross one by one.
    """
    events = script(turns, stable=model == "raw")
    joined = Joined(MODELS[model])
    for event in [*events, Stopped()]:
        joined.say(event)
    heard = [event for event in joined.heard if not isinstance(event, Started)]
    sent, came = turns_of(events, Partial), turns_of(heard, Partial)
    assert [said(turn) for turn in came] == [said(turn) for turn in sent]
    if model == "raw":
        assert [turn.stable_length for turn in came] == [turn.stable_length for turn in sent]
    sent, came = turns_of(events, TurnEnded), turns_of(heard, TurnEnded)
    assert [said(turn) for turn in came] == [said(turn) for turn in sent]
    assert all(word.is_final for turn in came for word in turn.words)
    assert [turn.end_of_turn_confidence for turn in came] == [0.5] * len(turns)
    assert [turn.turn_is_formatted for turn in came] == [model != "raw"] * len(turns)
    assert [event.to for event in heard if isinstance(event, Settled)] == [parts[-1][-1].end for parts in turns]
    assert sum(isinstance(event, SpeechStarted) for event in heard) == (len(turns) if model == "u3" else 0)
    assert heard[-1] == Stopped("stopped", 0.0, 0.0)


def test_a_speaker_revision_comes_through() -> None:
    """By the turn that it is about, where speakers were asked for."""
    joined = Joined(Config(diarization=True))
    for key, name in (("x", "one"), ("y", "two")):
        joined.say(
            Final(turn=key, text=name, words=(Word(name, 0.0, 1.0, 0.5, joiner=""),), speaker="A", language="en")
        )
        joined.say(TurnEnded(turn=key))
    finals = [event for event in joined.heard if isinstance(event, Final)]
    assert [(f.text, f.speaker, f.language) for f in finals] == [("one", "A", "en"), ("two", "A", "en")]
    word = Word("two", 0.0, 1.0, 0.5, speaker="B", joiner="")
    joined.say(Revised(turn="y", words=(word,), speaker="B"))
    assert joined.heard[-1] == Revised(turn=1, words=(word,), speaker="B")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(BadRequest("x", "no such model"), BadRequest), (ConnectionLost("x", "gone"), ConnectionLost)],
)
def test_a_failure_comes_through(error: Any, kind: type[Exception]) -> None:
    """As the kind of error that it was."""
    joined = Joined(Config())
    joined.say(Failed(error))
    assert isinstance(joined.heard[-1], Failed)
    assert type(joined.heard[-1].error) is kind


def test_a_refused_key_comes_through() -> None:
    """One typed error, and no session behind it."""
    joined = Joined(Config(), None)
    assert joined.asked == []
    [event] = joined.heard
    assert isinstance(event, Failed)
    assert isinstance(event.error, AuthenticationError)
