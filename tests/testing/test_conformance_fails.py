"""The suite notices what is wrong: the example, which passes it, with one thing broken at a time."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ConnectionLost, MissingExtra
from aai_migrate.provider import Context, Provider
from aai_migrate.testing.conformance import Conformance
from aai_migrate.wire import events as say
from aai_migrate.wire.commands import Audio, Origin, Silence, Start, Stop
from aai_migrate.wire.frames import Close, Lost, Message

pytestmark = pytest.mark.no_cover  # hundreds of sessions
EXAMPLE = Path(__file__).parents[2] / "examples" / "tiny_provider"


@pytest.fixture(scope="module")
def tiny() -> Iterator[Provider]:
    """The example, imported from where it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        before = set(sys.modules)
        provider: Provider = importlib.import_module("aai_migrate_tiny").PROVIDER
        yield provider
        for name in set(sys.modules) - before:
            if name.startswith("aai_migrate_tiny"):
                del sys.modules[name]


class Half:
    """A half with something wrong: what it is told, and what it answers, goes through :meth:`spoil`."""

    def __init__(self, half: Any) -> None:
        self.half = half

    @property
    def deadline(self) -> float | None:
        due: float | None = self.half.deadline
        return due

    @property
    def resumable(self) -> bool:
        return bool(self.half.resumable)

    def send(self, item: Any, now: float) -> list[Any]:
        return self.spoil(item, self.half.send(item, now))

    def receive(self, frame: Any, now: float) -> list[Any]:
        return self.spoil(frame, self.half.receive(frame, now))

    def tick(self, now: float) -> list[Any]:
        return self.spoil(None, self.half.tick(now))

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return out


class SettlesTooSoon(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [say.Settled(item.to + 3) if isinstance(item, say.Settled) else item for item in out]


class RepeatsFinals(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [copy for item in out for copy in [item] * (2 if isinstance(item, say.Final) else 1)]


class LosesTheFirstWords(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [item for item in out if not (isinstance(item, say.Final) and item.turn == 0)]


class TellsOtherTimes(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        def late(word: say.Word) -> say.Word:
            return evolve(word, start=word.start + 0.1, end=word.end + 0.1)

        return [
            evolve(item, words=tuple(map(late, item.words))) if isinstance(item, say.Final) else item for item in out
        ]


class ForgetsJoiners(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [
            evolve(item, words=tuple(evolve(word, joiner="") for word in item.words))
            if isinstance(item, say.Final)
            else item
            for item in out
        ]


class EndsTwice(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [copy for item in out for copy in [item] * (2 if isinstance(item, say.Stopped) else 1)]


class PromisesTooMuch(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [evolve(item, stable=len(item.text) + 1) if isinstance(item, say.Partial) else item for item in out]


class Raises(Half):
    def receive(self, frame: Any, now: float) -> list[Any]:
        if isinstance(frame, Message) and isinstance(frame.data, str):
            assert frame.data.startswith('{"')
        return super().receive(frame, now)


class TellsTheKey(Half):
    key = ""

    def send(self, item: Any, now: float) -> list[Any]:
        if isinstance(item, Start) and item.credential:
            self.key = item.credential.secret.reveal()
        return super().send(item, now)

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [evolve(each, settings={"key": self.key}) if isinstance(each, say.Started) else each for each in out]


class GivesUp(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        if not isinstance(given, Lost):
            return out
        return [say.Failed(ConnectionLost("tiny", "gone", retryable=False))]


class RepeatsWhatIsFinal(Half):
    """Its partials are of the whole turn."""

    def __init__(self, half: Any) -> None:
        super().__init__(half)
        self.had: tuple[say.Word, ...] = ()

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [self._whole(item) for item in out]

    def _whole(self, item: Any) -> Any:
        if isinstance(item, say.Final):
            self.had += item.words
        elif isinstance(item, say.TurnEnded):
            self.had = ()
        elif isinstance(item, say.Partial) and self.had:
            words = (evolve(self.had[0], joiner=" "), *self.had[1:], *item.words)
            return evolve(item, words=words, text="".join(word.joiner + word.text for word in words), start=None)
        return item


class HearsAnotherChannel(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [evolve(item, channel=1) if isinstance(item, say.Final) else item for item in out]


class BeginsWithABlank(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [self._blank(item) if isinstance(item, say.Final) else item for item in out]

    def _blank(self, item: say.Final) -> say.Final:
        return evolve(item, text=f" {item.text.strip()}", words=(evolve(item.words[0], joiner=" "), *item.words[1:]))


class EndsTurnsTwice(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [copy for item in out for copy in [item] * (2 if isinstance(item, say.TurnEnded) else 1)]


class TellsTextsInOtherUnits(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [
            evolve(item, end=item.end * 16_000) if isinstance(item, say.Final) and item.end else item for item in out
        ]


class TakesACloseForTheEnd(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [say.Stopped()] if isinstance(given, Close) and out else out


class QuotesTheVendor(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        if not isinstance(given, Message):
            return out
        error = ConnectionLost("tiny", f"cannot read {given.data!r}")
        return [say.Failed(error) if isinstance(item, say.Failed) else item for item in out]


class ShowsItsWords(Half):
    def __repr__(self) -> str:
        return f"ShowsItsWords({self.last})"

    last = ""

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        self.last = next((item.text for item in out if isinstance(item, say.Final)), self.last)
        return out


class DialsAlwaysTheSame(Half):
    def send(self, item: Any, now: float) -> list[Any]:
        return super().send(evolve(item, config=evolve(item.config, base_url=None)), now)


class PassesOverWordsOfItsOwn(Half):
    def send(self, item: Any, now: float) -> list[Any]:
        item = evolve(item, config=evolve(item.config, extra={})) if isinstance(item, Start) else item
        return super().send(item, now)


class PassesOverModels(Half):
    def send(self, item: Any, now: float) -> list[Any]:
        item = evolve(item, config=evolve(item.config, model=None)) if isinstance(item, Start) else item
        return super().send(item, now)


class ForgetsWhoCame(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [evolve(item, origin=Origin("tiny", "/v1/stream")) if isinstance(item, Start) else item for item in out]


class KeepsTheKey(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [
            evolve(item, credential=Credential(Secret("a key"))) if isinstance(item, Start) else item for item in out
        ]


class RaisesOnceItRuns(Half):
    """It raises on what it cannot read, but only in a session that has begun."""

    begun = False

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        if self.begun and isinstance(given, Message) and isinstance(given.data, str):
            json.loads(given.data)
        self.begun = self.begun or any(isinstance(item, Start) for item in out)
        return out


class MishearsSamples(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [Audio(item.data[:-2]) if isinstance(item, Audio) else item for item in out]


class StopsTwice(Half):
    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        return [copy for item in out for copy in [item] * (2 if isinstance(item, Stop) else 1)]


class Spins(Half):
    @property
    def deadline(self) -> float | None:
        return 0.0 if self.half.deadline is not None else None


class Hoards(Half):
    def __init__(self, half: Any) -> None:
        super().__init__(half)
        self.kept: list[Any] = []

    def spoil(self, given: Any, out: list[Any]) -> list[Any]:
        self.kept.append([given] * 20 + [str(number) for number in range(20)])
        return out


CLIENTS = [
    (SettlesTooSoon, "test_a_cut_before_any_frame_loses_no_word", ("down",)),
    (RepeatsFinals, "test_every_word_comes_once", ()),
    (LosesTheFirstWords, "test_the_last_words_arrive_wherever_the_audio_stops", ()),
    (TellsOtherTimes, "test_times_are_on_the_clock_of_the_audio", ()),
    (ForgetsJoiners, "test_every_word_comes_once", ()),
    (EndsTwice, "test_the_last_words_of_a_late_vendor_arrive", ()),
    (PromisesTooMuch, "test_speech_shows_before_its_turn_ends", ()),
    (Raises, "test_no_frame_in_any_state_makes_the_client_half_raise", ()),
    (TellsTheKey, "test_the_key_is_seen_nowhere", ([],)),
    (GivesUp, "test_several_cuts_lose_no_word", ()),
    (RepeatsWhatIsFinal, "test_speech_shows_before_its_turn_ends", ()),
    (HearsAnotherChannel, "test_every_word_comes_once", ()),
    (BeginsWithABlank, "test_every_word_comes_once", ()),
    (EndsTurnsTwice, "test_every_word_comes_once", ()),
    (TellsTextsInOtherUnits, "test_every_word_comes_once", ()),
    (TakesACloseForTheEnd, "test_a_close_that_nobody_asked_for_loses_no_word", (1011,)),
    (QuotesTheVendor, "test_what_was_said_is_seen_in_no_error", ()),
    (ShowsItsWords, "test_what_was_said_is_seen_in_no_error", ()),
    (DialsAlwaysTheSame, "test_an_address_of_the_callers_own_is_dialled", ()),
    (PassesOverWordsOfItsOwn, "test_no_word_of_the_callers_own_is_passed_over_in_silence", ()),
    (PassesOverModels, "test_no_word_of_the_callers_own_is_passed_over_in_silence", ()),
]
SERVERS = [
    (MishearsSamples, "test_the_far_end_hears_what_was_fed", ()),
    (StopsTwice, "test_a_session_may_end_as_soon_as_it_began", ()),
    (Spins, "test_no_frame_in_any_state_makes_the_server_half_raise", ()),
    (ForgetsWhoCame, "test_the_server_half_says_who_came", ()),
    (KeepsTheKey, "test_the_server_half_says_who_came", ()),
    (Hoards, "test_an_hour_without_audio_makes_nothing_grow", ()),
]


def failure(provider_: Provider, test: str, *given: Any) -> str:
    """Run one test of the suite over *provider_*; return why it fails."""

    class Broken(Conformance):
        provider = provider_

    with pytest.raises(Exception) as error:  # noqa: PT011 - a half that raises may raise anything
        getattr(Broken(), test)(*given)
    assert not isinstance(error.value, pytest.skip.Exception)
    return str(error.value)


@pytest.mark.parametrize(("half", "test", "given"), CLIENTS, ids=[half.__name__ for half, *_ in CLIENTS])
def test_a_client_half_with_a_fault(
    tiny: Provider, half: type[Half], test: str, given: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """It is found by the test that is about it."""
    more = (caplog,) if "seen" in test else ()
    whole: Any = tiny.client
    failure(evolve(tiny, client=lambda context: half(whole(context))), test, *given, *more)


@pytest.mark.parametrize(("half", "test", "given"), SERVERS, ids=[half.__name__ for half, *_ in SERVERS])
def test_a_server_half_with_a_fault(tiny: Provider, half: type[Half], test: str, given: tuple[Any, ...]) -> None:
    """So is that of the other side."""
    whole: Any = tiny.server
    failure(evolve(tiny, server=lambda context: half(whole(context))), test, *given)


def test_a_server_half_that_seals_is_fuzzed_in_its_sessions() -> None:
    """What it handed out in one connection is read in the next, or no session would begin that could be fuzzed."""
    gladia = registry.find("gladia")
    whole: Any = gladia.server
    test = "test_no_frame_in_any_state_makes_the_server_half_raise"
    failure(evolve(gladia, server=lambda context: RaisesOnceItRuns(whole(context))), test)


def test_silence_of_another_length(tiny: Provider) -> None:
    """What emulates a Finalize is on the timeline, so words behind it are late."""

    class HearsMore(Half):
        def send(self, item: Any, now: float) -> list[Any]:
            item = Silence(item.seconds * 2) if isinstance(item, Silence) else item
            return super().send(item, now)

    whole: Any = tiny.client
    emulated = evolve(tiny, numbers=evolve(tiny.numbers, finalize="silence"))
    play(emulated, "test_every_finalize_is_answered_once")
    broken = evolve(emulated, client=lambda context: HearsMore(whole(context)))
    assert "Finalize" in failure(broken, "test_every_finalize_is_answered_once")


def test_data_that_is_wrong(tiny: Provider) -> None:
    """Each by the test that is about it, with the name of what is wrong."""
    numbers, rows = tiny.numbers, tiny.options
    silence = next(row for row in rows if row.name == "turn_silence")

    def changed(**row: Any) -> Provider:
        return evolve(tiny, options=tuple(evolve(silence, **row) if each is silence else each for each in rows))

    broken = [
        (evolve(tiny, options=rows[1:]), "test_every_option_has_a_row", rows[0].name),
        (changed(source=""), "test_every_row_is_well_formed", "turn_silence (exact) has no source"),
        (changed(support="approximate"), "test_every_row_is_well_formed", "turn_silence (approximate) has no why"),
        (
            evolve(tiny, options=(evolve(rows[0], encode=lambda tag: tag[:2]), *rows[1:])),
            "test_every_unit_is_converted_both_ways",
            "language='en-US' comes back as 'en'",
        ),
        (changed(decode=float), "test_every_unit_is_converted_both_ways", "turn_silence="),
        (evolve(tiny, numbers=evolve(numbers, chunk=(0.1, 0.02, 1.0))), "test_numbers_are_sane", "chunk"),
        (evolve(tiny, numbers=evolve(numbers, keepalive=None)), "test_an_hour_without_audio_is_kept_alive", "last"),
        (evolve(tiny, name="Tiny one"), "test_its_name_can_be_written_everywhere", "lower-case"),
        (evolve(tiny, contract=0), "test_it_is_a_provider_of_this_contract", ""),
        (evolve(tiny, routes=()), "test_routes_are_where_the_server_half_is", ""),
    ]
    for provider, test, text in broken:
        assert text in failure(provider, test), test


def play(provider_: Provider, test: str) -> None:
    """Run one test of the suite over *provider_*."""

    class Whole(Conformance):
        provider = provider_

    getattr(Whole(), test)()


def test_what_it_cannot_do_is_skipped(tiny: Provider) -> None:
    """With the reason, which says what to do about it."""
    with pytest.raises(pytest.skip.Exception, match=r"override far_end\(provider, context, listen\)"):
        play(evolve(tiny, server=None, routes=()), "test_every_word_comes_once")
    cold = tuple(evolve(row, hot=False) for row in tiny.options)
    with pytest.raises(pytest.skip.Exception, match="no setting is hot"):
        play(evolve(tiny, options=cold), "test_a_change_in_mid_session_arrives")
    with pytest.raises(pytest.skip.Exception, match="no key is needed"):
        play(evolve(tiny, env=None), "test_the_key_reaches_the_vendor")


def test_without_a_package_that_it_needs(tiny: Provider) -> None:
    """Everything is skipped with the command that installs it; its halves are not so much as made."""

    def ready() -> None:
        raise MissingExtra("Tiny", "quux", distribution="aai-migrate-tiny")

    def client(context: Context) -> Any:
        raise AssertionError("made without what it needs")

    with pytest.raises(pytest.skip.Exception, match=r"^Tiny needs an extra: pip install 'aai-migrate-tiny\[quux\]'$"):
        play(evolve(tiny, ready=ready, client=client), "test_every_word_comes_once")


def test_a_class_without_a_provider() -> None:
    """It says what to write."""
    with pytest.raises(
        pytest.fail.Exception, match='set provider in your subclass of Conformance, as in provider = "t'
    ):
        Conformance().test_its_name_can_be_written_everywhere()
