"""Client half and server half joined in memory: what is asked and what is heard comes out as it went in."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.speechmatics.rt.client import Client
from aai_migrate_providers.speechmatics.server import Server
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AuthenticationError, ProviderError, QuotaExceeded
from aai_migrate.wire.commands import Audio, Configure, Finalize, Start, Stop
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Failed,
    Final,
    Finalized,
    Settled,
    Started,
    Stopped,
    TurnEnded,
)

from ..joined import Halves
from ..served import context, ended, final, partial

KEY = Credential(Secret("k3y"), "key")


class Joined(Halves):
    """Both halves; a list each of what came out at the far side."""

    def __init__(self, config: Config, principal: str | None = "somebody") -> None:
        super().__init__(Client(context()), Server(context(lambda _: principal)))
        self.ask(Start(config, KEY))
        self.say(Started())


CONFIGS = st.builds(
    Config,
    model=st.sampled_from(["enhanced", "standard"]),
    audio=st.builds(AudioFormat, st.integers(8000, 48_000), st.sampled_from(["pcm_s16le", "pcm_mulaw", "pcm_f32le"])),
    language=st.sampled_from(["en", "en-GB", "zh", "zh-Hant", "ja", "de"]),
    partials=st.booleans(),
    formatting=st.none() | st.just(True),
    turn_silence=st.integers(1, 20).map(lambda tenths: tenths / 10),
    keyterms=st.lists(st.sampled_from(["Vimes", "Ankh Morpork", "Zürcher Kantonalbank"]), max_size=3),
    diarization=st.none() | st.booleans(),
    extra=st.just({"speechmatics": {"max_delay": 1.5, "domain": "medical"}}),
)


@given(CONFIGS)
def test_settings_come_out_as_they_went_in(config: Config) -> None:
    """Neutral ones and the vendor's own; partials are asked for in any case, and withheld from who wants none."""
    [start] = Joined(config).asked
    assert isinstance(start, Start)
    assert start.config == evolve(config, partials=True)


@pytest.mark.parametrize(("tags", "extra"), [(("es", "en"), {"domain": "bilingual-en"}), (("zh", "en"), {})])
def test_languages_come_out_as_they_went_in(tags: tuple[str, ...], extra: dict[str, Any]) -> None:
    """Those that have a pack, in whose order they are."""
    [start] = Joined(Config(languages=tags)).asked
    assert isinstance(start, Start)
    assert (start.config.languages, start.config.language) == (tags, None)
    assert start.config.extra["speechmatics"].items() >= extra.items()


@given(st.integers(1, 2), st.lists(st.integers(0, 60), max_size=12))
def test_audio_comes_out_as_it_went_in(channels: int, sizes: list[int]) -> None:
    """Whole or by channel; each message is acknowledged."""
    fmt = AudioFormat(channels=channels)
    joined = Joined(Config(audio=fmt, channels="separate" if channels > 1 else "mix"))
    chunks = [bytes(value % 251 for value in range(fmt.frame * size)) for size in sizes]
    for chunk in chunks:
        joined.ask(Audio(chunk))
    joined.ask(Stop())
    start, *rest = joined.asked
    assert isinstance(start, Start)
    assert (start.config.audio, rest[-1]) == (fmt, Stop())
    assert b"".join(item.data for item in rest if isinstance(item, Audio)) == b"".join(chunks)
    taken = [event.to for event in joined.heard if isinstance(event, AudioTaken)]
    assert max(taken, default=0.0) == pytest.approx(fmt.seconds(sum(map(len, chunks))))


def test_changes_and_forced_ends_come_out_as_they_went_in() -> None:
    """With an answer for each."""
    joined = Joined(Config(turn_silence=0.5))
    joined.ask(Audio(bytes(32_000)))
    joined.ask(Configure("c", {"turn_silence": 0.9, "partials": False}))
    joined.ask(Finalize("f"))
    *_, change, finalize = joined.asked
    assert isinstance(change, Configure)
    assert change.options == {"turn_silence": 0.9}
    assert isinstance(finalize, Finalize)
    assert Configured("c") in joined.heard
    joined.say(final(1, ("Hello.", 0.2, 0.6)))
    joined.say(ended(1, reason="forced"))
    joined.say(Finalized(finalize.id))
    end, done = (event for event in joined.heard if isinstance(event, TurnEnded | Finalized))
    assert isinstance(end, TurnEnded)
    assert end.reason == "forced"
    assert done == Finalized("f", "vendor")


TURNS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.lists(st.lists(st.sampled_from(["a", "b.", "¿c", "d?!", "3.5", "e,"]), min_size=1, max_size=3), min_size=1),
        st.booleans(),
    ),
    max_size=6,
)


@given(TURNS)
def test_turns_come_out_as_they_went_in(script: list[tuple[int, list[list[str]], bool]]) -> None:
    """Text, ends and channels, whatever was shown in between; nothing is settled before its words are final."""
    joined = Joined(Config(audio=AudioFormat(channels=2), channels="separate", turn_silence=0.5))
    at, told = 0.0, []
    for key, (channel, pieces, shown) in enumerate(script):
        said = ""
        for texts in pieces:
            given_ = [(text, at + 0.1 * index, at + 0.1 * index + 0.1) for index, text in enumerate(texts)]
            joiner = " " if said else ""
            at += 0.1 * len(texts)
            if shown:
                joined.say(partial(key, *given_, channel=channel, joiner=joiner))
            event = final(key, *given_, channel=channel, joiner=joiner)
            said += event.text
            joined.say(event)
            joined.say(Settled(at, channel))
        joined.say(ended(key, channel, at=at))
        told.append((channel, said))
    joined.ask(Stop())
    joined.say(Stopped())
    texts_: dict[Any, str] = {}
    turns = []
    for heard in joined.heard:
        if isinstance(heard, Final):
            texts_[heard.turn] = texts_.get(heard.turn, "") + heard.text
        elif isinstance(heard, TurnEnded):
            turns.append((heard.channel, texts_.pop(heard.turn)))
    assert turns == told
    assert texts_ == {}
    assert isinstance(joined.heard[-1], Stopped)


def test_silence_is_settled_to_where_it_was() -> None:
    """The window that says so ends a little later."""
    joined = Joined(Config())
    joined.say(Settled(3.0))
    [settled] = (event for event in joined.heard if isinstance(event, Settled))
    assert settled.to == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("failure", "kind"), [(QuotaExceeded("gladia", "full", retryable=True), QuotaExceeded)], ids=["full"]
)
def test_a_failure_comes_out_as_its_kind(failure: ProviderError, kind: type[ProviderError]) -> None:
    """As far as it is the client's business."""
    joined = Joined(Config())
    joined.say(Failed(failure))
    last = joined.heard[-1]
    assert isinstance(last, Failed)
    assert type(last.error) is kind
    assert last.error.retryable


def test_a_wrong_key_is_told_at_the_handshake() -> None:
    """For good."""
    joined = Joined(Config(), principal=None)
    [refused] = joined.heard
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, AuthenticationError)
    assert refused.error.status == 401
