"""Deadlines, retries, marks and ends of one session, on a manual clock."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.capabilities import Model
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import (
    AudioError,
    AuthenticationError,
    ConfigError,
    ConnectionLost,
    StreamClosed,
    UnsupportedOption,
)
from aai_migrate.events import AudioGap, Reconnected, Reconnecting
from aai_migrate.provider import Pace, Provider
from aai_migrate.session import Limits, RetryPolicy, Session
from aai_migrate.testing import Cut, Far, Fault, Link, Refuse, spoken
from aai_migrate.testing.coded import CodedEar, Hard, encode
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Lost, Message, Ping, Pong, Refused

from .hearing import AUDIO, FORMAT, KEY, WORDS, Run, speech, true_times
from .plain import Server, context, provider, written

START = ask.Start(Config(audio=FORMAT), KEY)
READY = written(say.Started(session_id="s"))


def begun(vendor: Provider | None = None, **more: Any) -> Session:
    """Return a session that the vendor has greeted at time 0."""
    session = Session(vendor or provider(), context(), **more)
    session.send(START, 0.0)
    session.receive(Connected(), 0.0)
    session.receive(Message(READY), 0.0)
    session.tick(0.0)
    return session


def until(session: Session, time: float, *, answering: bool = True) -> list[tuple[float, Any]]:
    """Tick the session at its deadlines up to *time*, answer its pings; return what it said with the times."""
    out: list[tuple[float, Any]] = []
    while (due := session.deadline) is not None and due <= time:
        said = session.tick(due)
        pings = [item for item in said if isinstance(item, Ping)]
        said += [item for ping in pings if answering for item in session.receive(Pong(ping.data), due)]
        out += [(due, item) for item in said]
    return out


def kinds(items: Iterable[Any]) -> list[str]:
    return [type(item).__name__ for item in items]


def second(seconds: float = 1.0) -> ask.Audio:
    return ask.Audio(bytes(FORMAT.size(seconds)))


class TestStarting:
    def test_nothing_is_dialled_for_audio_the_provider_cannot_take(self) -> None:
        """More channels than can be mixed are an error of the caller before any frame."""
        session = Session(provider(), context())
        with pytest.raises(AudioError, match="3 channels cannot be mixed"):
            session.send(ask.Start(Config(audio=type(FORMAT)(channels=3))), 0.0)

    def test_channels_that_are_not_kept_apart(self) -> None:
        """One error names them and all else that the vendor lacks; who wants to go on without has them mixed."""
        vendor = registry.find("assemblyai-v3")
        start = ask.Start(Config(audio=type(FORMAT)(channels=2), channels="separate", region="moon"))
        with pytest.raises(
            UnsupportedOption, match=r"^assemblyai-v3 has no channels='separate'; use channels"
        ) as error:
            Session(vendor, context()).send(start, 0.0)
        assert error.value.also == ("assemblyai-v3: region must be us or eu, not 'moon'",)
        both = Config(audio=type(FORMAT)(channels=2), channels="separate", max_turn_silence=1.0)
        gladia = registry.find("gladia")
        narrow = evolve(gladia, capabilities=evolve(gladia.capabilities, max_channels=1))
        with pytest.raises(UnsupportedOption) as several:
            Session(narrow, context()).send(ask.Start(both, KEY), 0.0)
        assert list(several.value.options) == ["channels", "max_turn_silence"]
        items = Session(vendor, context()).send(evolve(start, config=evolve(start.config, on_unsupported="warn")), 0.0)
        told = [item.message for item in items if isinstance(item, say.Warned)]
        assert told[0].endswith("; the channels are mixed")
        assert told[1:] == ["assemblyai-v3: region must be us or eu, not 'moon'; going on without it"]
        (dialled,) = (item for item in items if isinstance(item, Connect))
        assert "sample_rate=16000" in dialled.url

    def test_many_channels_that_are_not_kept_apart(self) -> None:
        """The error is the same; who wants to go on without is told that so many cannot be mixed either."""
        vendor = registry.find("assemblyai-v3")
        config = Config(audio=type(FORMAT)(channels=3), channels="separate", region="moon")
        with pytest.raises(UnsupportedOption, match=r"^assemblyai-v3 has no channels='separate'") as error:
            Session(vendor, context()).send(ask.Start(config), 0.0)
        assert error.value.also == ("assemblyai-v3: region must be us or eu, not 'moon'",)
        with pytest.raises(AudioError, match="3 channels cannot be mixed"):
            Session(vendor, context()).send(ask.Start(evolve(config, on_unsupported="warn")), 0.0)

    @pytest.mark.parametrize(
        ("asked", "served", "told"),
        [("old", "old", ["old"]), (None, "new", []), ("new", "old", ["old"]), (None, "gone", ["gone"])],
    )
    def test_a_model_that_goes_out_of_use(self, asked: str | None, served: str, told: list[str]) -> None:
        """Told of once, whether the caller asks for it or the vendor serves it, with what to take instead."""
        ready = Message(written(say.Started(session_id="s", model=served)))
        past = datetime.date(1970, 1, 1)
        models = {
            "new": Model(name="new", family="m"),
            "old": Model(name="old", family="m", deprecated=past, replacement="new"),
            "gone": Model(name="gone", family="m", retired=past, replacement="new"),
        }
        plain = provider()
        session = Session(evolve(plain, capabilities=evolve(plain.capabilities, models=models)), context())
        items = session.send(ask.Start(Config(audio=FORMAT, model=asked), KEY), 0.0)
        items += session.receive(Connected(), 0.0) + session.receive(ready, 0.0)
        found = [item for item in items if isinstance(item, say.Warned)]
        assert [item.code for item in found] == ["deprecated_model"] * len(told)
        assert [item.message.split()[2] for item in found] == told
        assert all(item.message.endswith("since 1970-01-01; use new") for item in found)

    def test_a_refused_key_fails_at_once_and_shows_no_key(self) -> None:
        """401 is not tried again; the key that the vendor echoes is taken out of the error."""
        key = KEY.secret.reveal()
        session = Session(provider(), context())
        session.send(START, 0.0)
        (failed,) = session.receive(Refused(401, {}, f"bad key {key}".encode()), 0.1)
        assert isinstance(failed, say.Failed)
        assert isinstance(failed.error, AuthenticationError)
        assert failed.error.status == 401
        assert key not in str(failed.error) + repr(failed.error) + str(failed.error.args)
        assert session.deadline is None

    def test_an_unreachable_vendor_is_tried_three_times(self) -> None:
        """Refused connections are retried within the connect deadline, then the last error is given."""
        run = Run(provider(), faults=[Refuse(0, None), Refuse(1, None), Refuse(2, None)])
        assert kinds(run.said) == ["Failed"]
        assert len(run.link.ends) == 3
        assert isinstance(run.error, ConnectionLost)

    def test_a_vendor_that_says_nothing_is_given_up_at_the_connect_deadline(self) -> None:
        """Accepting and saying nothing ends after connect_timeout in all, however many attempts that were."""
        session = Session(provider(), context(), limits=Limits(connect_timeout=3.0))
        session.send(START, 0.0)
        session.receive(Connected(), 0.1)
        said = until(session, 60.0)
        assert [(time, type(item).__name__) for time, item in said] == [(3.0, "Close"), (3.0, "Failed")]
        assert "no greeting within 3 s" in str(said[-1][1].error)

    def test_each_connection_gets_a_fresh_credential(self) -> None:
        """A callable is asked anew for every connection."""
        tokens = iter(Credential(Secret(f"token-{n}"), "token") for n in range(5))
        vendor = registry.find("assemblyai-v3")
        session = Session(vendor, context(), credentials=lambda: next(tokens))
        (first,) = session.send(START, 0.0)
        assert isinstance(first, Connect)
        assert first.headers["Authorization"] == "token-0"
        session.receive(Connected(), 0.0)
        session.receive(Message('{"type":"Begin","id":"x","expires_at":1}'), 0.0)
        session.receive(Lost("reset"), 1.0)
        dialled = [item for _, item in until(session, 5.0) if isinstance(item, Connect)]
        assert dialled[0].headers["Authorization"] == "token-1"

    def test_a_callable_that_raises_at_the_start_raises_to_the_caller(self) -> None:
        """Later it is a failed attempt like any other."""

        def broken() -> Credential:
            raise ZeroDivisionError

        session = Session(provider(), context(), credentials=broken)
        with pytest.raises(ZeroDivisionError):
            session.send(START, 0.0)
        answers = iter([KEY])
        session = begun(credentials=lambda: next(answers), retry=RetryPolicy(budget=2))
        session.receive(Lost("reset"), 1.0)
        said = [item for _, item in until(session, 60.0)]
        assert kinds(said)[-1] == "Failed"
        assert "no credential for a new connection: StopIteration" in str(said[-1].error)

    def test_a_second_start_and_commands_before_it_are_misuse(self) -> None:
        """They raise; nothing is sent."""
        with pytest.raises(StreamClosed):
            Session(provider(), context()).send(second(), 0.0)
        with pytest.raises(StreamClosed, match="already"):
            begun().send(START, 1.0)


class TestKeepingAlive:
    @pytest.mark.parametrize(("by", "kind"), [("message", Message), ("ping", Ping), ("silence", Message)], ids=str)
    def test_a_quiet_connection_is_kept_by_the_vendors_means(self, by: Any, kind: type) -> None:
        """After so long without anything sent: its own message, a ping, or injected silence."""
        session = begun(provider(keepalive=4.0, keepalive_by=by))
        said = until(session, 9.0)
        assert [time for time, item in said if isinstance(item, kind)] == [4.0, 8.0]
        if by == "silence":
            assert said[0][1].data == FORMAT.silence(0.1)
            assert session.fed == 0.0

    def test_what_is_sent_puts_the_keepalive_off(self) -> None:
        """The deadline counts from the last frame sent."""
        session = begun(provider(keepalive=4.0))
        session.send(second(), 3.0)
        assert [time for time, item in until(session, 7.5) if isinstance(item, Message)][-1] == 7.0

    @pytest.mark.parametrize(("by", "due"), [("silence", 4.0), ("message", 7.0), ("ping", 7.0)])
    def test_where_silence_keeps_it_only_audio_is_a_sign_of_life(self, by: Any, due: float) -> None:
        """The vendor counts from the last audio, whatever else it was told."""
        session = begun(provider(keepalive=4.0, keepalive_by=by))
        session.send(ask.Configure("c", {"turn_silence": 0.5}), 3.0)
        said = [(time, item) for time, item in until(session, 7.5) if isinstance(item, (Message, Ping))]
        assert [time for time, _ in said][:2] == [3.0, due]
        session.send(second(), 8.0)
        later = [time for time, item in until(session, 12.5) if isinstance(item, (Message, Ping))]
        assert later[-1] == 12.0

    def test_pings_go_out_while_the_connection_lives(self) -> None:
        """So that a dead peer is noticed."""
        session = begun(provider(ping=15.0))
        assert [time for time, item in until(session, 50.0) if isinstance(item, Ping)] == [15.0, 30.0, 45.0]

    def test_the_first_audio_is_never_late(self) -> None:
        """A vendor that wants audio within ten seconds gets silence a little before, until audio comes."""
        session = begun(provider(audio_due=10.0))
        assert [time for time, item in until(session, 17.0) if isinstance(item, Message)] == [8.0, 16.0]
        session.send(second(), 17.0)
        until(session, 17.0)
        assert not [item for _, item in until(session, 60.0) if isinstance(item, Message)]

    @pytest.mark.parametrize("numbers", [{"audio_due": 5.0}, {"keepalive": 2.0, "keepalive_by": "silence"}], ids=str)
    def test_nothing_is_injected_after_stop(self, numbers: dict[str, Any]) -> None:
        """A vendor that was told that no more audio comes gets none."""
        session = begun(provider(**numbers))
        session.send(ask.Stop(), 0.0)
        assert [item.data for _, item in until(session, 14.0) if isinstance(item, Message)] == ['{"ask": "stop"}']

    def test_an_open_turn_is_helped_to_its_end_by_silence(self) -> None:
        """The application stops feeding in mid-turn: after a second, silence in real time ends the turn."""
        vendor = registry.find("assemblyai-v3")
        speech_only = encode([0.2, *WORDS[:3]], FORMAT)
        link = Link(Session(vendor, context()), lambda: Far(vendor.server(context()), CodedEar(None)))  # type: ignore[misc]
        script = [(0.0, START), *spoken(speech_only, FORMAT), (20.0, ask.Stop())]
        link.run(script)
        (ended,) = [(time, event) for time, event in link.events if isinstance(event, say.TurnEnded)]
        assert ended[0] < 4.0
        assert ended[1].at == pytest.approx(FORMAT.seconds(len(speech_only)) - 0.04, abs=0.02)
        silence = FORMAT.seconds(len(link.ends[0].heard) - len(speech_only))
        assert 0.6 < silence < 1.5
        last = link.events[-1][1]
        assert isinstance(last, say.Stopped)
        assert last.audio_seconds == pytest.approx(FORMAT.seconds(len(speech_only)))

    def test_help_is_not_given_for_ever(self) -> None:
        """A turn that no silence ends gets a bounded amount of it."""
        session = begun(provider(ends_only_with_audio=True, longest_turn=20.0))
        session.send(second(), 0.0)
        until(session, 0.0)
        session.receive(Message(written(say.Partial(turn=1, text="a"))), 0.5)
        helped = [item for _, item in until(session, 500.0) if isinstance(item, Message)]
        assert 300 <= len(helped) <= 351


class TestMarks:
    def test_a_finalize_leaves_at_its_place_between_the_samples(self) -> None:
        """What was fed before it is sent before it, however short."""
        session = begun()
        session.send(ask.Audio(b"\1\0" * 100), 0.0)
        session.send(ask.Finalize("f"), 0.0)
        session.send(second(0.1), 0.0)
        frames = [item for _, item in until(session, 0.1) if isinstance(item, Message)]
        assert [len(f.data) if isinstance(f.data, bytes) else f.data for f in frames] == [
            200,
            '{"ask": "finalize", "id": "f"}',
            3200,
        ]

    def test_a_finalize_without_an_answer_is_given_up(self) -> None:
        """By the vendor's own timeout; the answer says so while a turn is open."""
        session = begun(provider(finalize_timeout=2.0))
        session.send(second(), 0.0)
        session.send(ask.Finalize("f"), 0.0)
        session.receive(Message(written(say.Partial(turn=1, text="a"))), 0.5)
        said = [(time, item) for time, item in until(session, 10.0) if isinstance(item, say.Finalized)]
        assert [item for _, item in said] == [say.Finalized("f", "timeout")]
        assert said[0][0] == pytest.approx(3.0, abs=0.2)  # a second of audio was still to be heard

    def test_a_finalize_of_what_is_settled_needs_no_vendor(self) -> None:
        """It is answered at once."""
        session = begun()
        session.send(second(), 0.0)
        until(session, 0.0)
        session.receive(Message(written(say.Settled(1.0))), 1.0)
        session.send(ask.Finalize("f"), 1.0)
        assert [item for _, item in until(session, 1.0)] == [say.Finalized("f", "settled")]

    def test_a_finalize_is_done_when_all_before_it_is_settled(self) -> None:
        """Also where the vendor never answers."""
        session = begun()
        session.send(second(), 0.0)
        session.send(ask.Finalize("f"), 0.0)
        until(session, 0.0)
        assert say.Finalized("f", "settled") in session.receive(Message(written(say.Settled(1.0))), 0.4)

    def test_a_finalize_has_one_answer(self) -> None:
        """The vendor's second one, what is settled later and the end of the session bring no other."""
        session = begun()
        session.send(second(), 0.0)
        session.send(ask.Finalize("f"), 0.0)
        until(session, 0.0)
        answers = [say.Finalized("f", "vendor"), say.Finalized("f", "vendor"), say.Settled(1.0)]
        out = [item for event in answers for item in session.receive(Message(written(event)), 0.4)]
        session.send(ask.Stop(), 0.4)
        out += [item for _, item in until(session, 0.4)]
        out += session.receive(Message(written(say.Stopped())), 0.5)
        assert [item for item in out if isinstance(item, say.Finalized)] == [say.Finalized("f", "vendor")]
        assert isinstance(out[-1], say.Stopped)

    def test_where_a_vendor_has_no_finalize_silence_makes_one(self) -> None:
        """The silence is on the vendor's clock, not on ours."""
        vendor = provider(finalize="silence", finalize_silence=1.0, ends_only_with_audio=True)
        run = Run(vendor, asked=[(1.25, ask.Finalize("f"))])
        assert run.words == WORDS
        assert next(e for e in run.said if isinstance(e, say.Finalized)).by in ("settled", "vendor")
        times = [word.start for turn in run.turns for word in turn.words]
        plain = Run(provider(ends_only_with_audio=True))
        assert times == pytest.approx([word.start for turn in plain.turns for word in turn.words], abs=0.011)
        assert run.end.audio_seconds == pytest.approx(FORMAT.seconds(len(AUDIO)))

    def test_a_finalize_that_needs_no_silence_takes_no_place_on_the_clock(self) -> None:
        """One inside a word settles all, the next is answered at once: what follows keeps its times, over a cut too."""
        vendor = provider(finalize="silence", finalize_silence=1.0, ends_only_with_audio=True)
        asked: list[tuple[float, ask.Command]] = [(1.01, ask.Finalize("f")), (1.08, ask.Finalize("g"))]
        whole = Run(vendor, asked=asked)
        far = whole.link.ends[0]
        assert isinstance(far, Far)
        assert len(far.heard) - len(AUDIO) == FORMAT.size(1.0)
        for number in (0, *range(20, whole.link.crossed["up"], 3)):
            run = Run(vendor, asked=asked, faults=[Cut("up", number)])
            assert run.words == WORDS
            times = [(word.start, word.end) for turn in run.turns for word in turn.words]
            for found, true in zip(times, true_times(), strict=True):
                assert found == pytest.approx(true, abs=0.04)

    def test_hot_options_are_told_in_mid_session_and_again_after_a_cut(self) -> None:
        """What changed before the seam is part of the new session, what changed behind it comes at its place."""
        asked: list[tuple[float, ask.Command]] = [(1.0, ask.Configure("c", {"turn_silence": 0.3}))]
        for number in (12, 20, 35, 45):
            run = Run(provider(ends_only_with_audio=True), asked=asked, faults=[Cut("up", number)])
            assert run.words == WORDS
            assert [e for e in run.said if isinstance(e, say.Configured)] == [say.Configured("c")]
            last = run.link.ends[-1]
            assert isinstance(last, Far)
            told = [c for c in last.commands if isinstance(c, ask.Configure)]
            (start,) = [c for c in last.commands if isinstance(c, ask.Start)]
            assert (start.config.turn_silence == 0.3) != bool(told)

    def test_cold_and_unknown_options_are_refused_with_what_could_change(self) -> None:
        """Nothing is sent."""
        session = begun()
        (answer,) = session.send(ask.Configure("c", {"language": "en"}), 0.0)
        assert isinstance(answer, say.Configured)
        assert not answer.accepted
        assert answer.reason == "plain cannot change language in mid-session; it can change turn_silence"
        with pytest.raises(ConfigError):
            session.send(ask.Configure("c", {"turn_silence": "long"}), 0.0)


class TestPace:
    def test_audio_pushed_at_once_leaves_at_the_vendors_pace(self) -> None:
        """Never more than it allows, and all of it in the end."""
        pace = Pace(factor=2.0, ahead=3.0)
        session = begun(provider(pace=pace))
        session.send(second(20.0), 0.0)
        sent = 0.0
        for time, item in until(session, 30.0):
            if isinstance(item, Message) and isinstance(item.data, bytes):
                sent += FORMAT.seconds(len(item.data))
                assert sent <= pace.allowed(time) + 1e-6
        assert sent == pytest.approx(20.0)
        assert session.backlog == 0.0

    def test_a_server_of_ones_own_takes_audio_as_fast_as_it_reads(self) -> None:
        """Told so, the session does not keep to the vendor's pace."""
        session = begun(provider(pace=Pace(factor=1.0, ahead=1.0)), limits=Limits(paced=False))
        session.send(second(20.0), 0.0)
        assert sum(len(i.data) for _, i in until(session, 0.0) if isinstance(i, Message)) == FORMAT.size(20.0)

    def test_a_tick_sends_a_second_at_most(self) -> None:
        """So that a driver writes what it has before it asks for more."""
        session = begun()
        session.send(second(5.0), 0.0)
        assert sum(len(item.data) for item in session.tick(0.0) if isinstance(item, Message)) == FORMAT.size(1.0)
        assert session.deadline == 0.0

    def test_never_further_ahead_than_can_be_replayed(self) -> None:
        """A vendor that settles nothing gets the hold at once and then real time: nothing is lost by haste."""
        session = begun(provider(longest_turn=20.0))
        session.send(second(60.0), 0.0)
        session.receive(Message(written(say.Partial(turn=1, text="a"))), 0.0)
        assert sum(len(i.data) for _, i in until(session, 0.0) if isinstance(i, Message)) <= FORMAT.size(35.0)
        until(session, 62.0)
        assert session.backlog == 0.0


class TestEnds:
    def test_a_vendor_that_never_ends_is_given_up_and_what_it_showed_is_delivered(self) -> None:
        """The drain has a deadline; the open tail comes out unconfirmed, and the termination says truncated."""
        session = begun(limits=Limits(drain_timeout=4.0))
        session.send(second(), 0.0)
        session.receive(Message(written(say.Partial(turn=1, text="last words"))), 0.5)
        session.send(ask.Stop(), 1.0)
        said = until(session, 60.0)
        final, ended, hung_up, failed = [item for _, item in said][-4:]
        assert isinstance(final, say.Final)
        assert (final.text, final.confirmed) == ("last words", False)
        assert isinstance(ended, say.TurnEnded)
        assert hung_up == Close(1000)
        assert isinstance(failed, say.Failed)
        assert "within 4 s of stop" in str(failed.error)
        assert failed.unconfirmed == pytest.approx(1.0)
        assert said[-1][0] == pytest.approx(5.0, abs=1.1)

    def test_signs_of_life_put_the_drain_deadline_off(self) -> None:
        """A slow vendor that still speaks is waited for."""
        session = begun(limits=Limits(drain_timeout=4.0))
        session.send(ask.Stop(), 0.0)
        until(session, 0.0)
        for time in (3.0, 6.0, 9.0):
            assert not [item for _, item in until(session, time) if isinstance(item, say.Failed)]
            session.receive(Message(written(say.Warned("w", "still here"))), time)
        assert until(session, 13.0)

    def test_a_loss_after_stop_is_no_loss_when_all_is_settled(self) -> None:
        """The vendor vanishes before its last word, but has said everything."""
        session = begun()
        session.send(second(), 0.0)
        session.send(ask.Stop(), 0.0)
        until(session, 0.0)
        session.receive(Message(written(say.Settled(1.0))), 0.5)
        assert session.receive(Lost("reset"), 0.6) == [say.Stopped("stopped", 1.0, None, 0.0)]

    def test_an_end_that_nobody_asked_for_is_a_fault(self) -> None:
        """A clean close or a Stopped in mid-speech leads to a new connection."""
        for frame in (Close(1000), Message(written(say.Stopped()))):
            session = begun()
            session.send(second(), 0.0)
            assert "Reconnecting" in kinds(session.receive(frame, 0.5))

    def test_close_asks_to_stop_billing_and_waits_for_nothing(self) -> None:
        """It is harmless when called again, before the start, and after the end."""
        session = begun()
        session.send(second(), 0.0)
        assert kinds(session.close(0.5)) == ["Message", "Close", "Stopped"]
        assert session.close(0.6) == []
        assert session.deadline is None
        assert session.receive(Message(READY), 0.7) == []
        assert session.tick(0.8) == []
        idle = Session(provider(), context())
        assert idle.close(0.0) == []

    def test_nothing_is_taken_after_stop_and_after_the_end(self) -> None:
        """Feeding raises; stopping twice does not."""
        session = begun()
        session.send(ask.Stop(), 0.0)
        assert session.send(ask.Stop(), 0.0) == []
        with pytest.raises(StreamClosed, match="was stopped"):
            session.send(second(), 0.1)
        session.close(0.2)
        with pytest.raises(StreamClosed, match="has ended"):
            session.send(second(), 0.3)
        assert session.send(ask.Stop(), 0.4) == []

    def test_the_retry_budget_ends(self) -> None:
        """Connections that open and die at once do not go on for ever, and every attempt is an event."""
        vendor = provider()
        cuts = [Cut("up", 3 * number + 2) for number in range(40)]  # at the first audio of each connection
        run = Run(vendor, faults=cuts, audio=AUDIO)
        assert isinstance(run.error, ConnectionLost)
        attempts = len(run.of(Reconnecting))
        assert 5 <= attempts <= 30
        assert not run.end.complete
        assert run.end.unconfirmed_seconds > 0

    def test_finals_do_not_fill_the_retry_budget(self) -> None:
        """A vendor that says something each time, and dies, is given up as one is that says nothing."""
        session = begun(retry=RetryPolicy(budget=3.0))
        kind, delays, now = "", 0, 0.0
        while kind != "Failed" and delays < 50:
            final = say.Final(turn=delays, text="a", start=0.0, end=0.1)
            session.receive(Message(written(final)), now)
            kind = kinds(session.receive(Lost("reset"), now))[-1]
            if kind == "Reconnecting":
                delays, now = delays + 1, session.deadline or now
                session.tick(now)
                session.receive(Connected(), now)
                session.receive(Message(READY), now)
        assert (kind, delays) == ("Failed", 3)


class TestGaps:
    def test_an_outage_longer_than_memory_is_a_gap_that_says_exactly_what_is_missing(self) -> None:
        """The samples the vendor heard and the gap make up the audio; the words outside the gap are all there."""
        said = tuple(WORDS) * 12
        audio = speech(said, every=4, pause=1.0)
        limits = Limits(hold_bytes=FORMAT.size(8.0))
        vendor = provider(ends_only_with_audio=True)
        session = Session(vendor, context(), limits=limits, retry=RetryPolicy(budget=40, first=4.0))
        faults: list[Fault] = [Cut("up", 100), *(Refuse(n) for n in range(1, 12))]
        link = Link(session, lambda: Far(Server(context()), CodedEar(None)), faults=faults)
        script = [(0.0, START), *spoken(audio, FORMAT)]
        link.run([*script, (script[-1][0], ask.Stop())])
        (gap,) = [event for _, event in link.events if isinstance(event, AudioGap)]
        (again,) = [event for _, event in link.events if isinstance(event, Reconnected)]
        assert again.seam == gap.end
        first, second_end = link.begun
        assert audio.startswith(bytes(first.heard))
        assert bytes(second_end.heard) == audio[FORMAT.size(gap.end) :]
        finals = [word for _, e in link.events if isinstance(e, say.Final) and e.confirmed for word in e.words]
        assert not [word for word in finals if gap.start + 0.2 < word.start < word.end < gap.end - 0.2]
        stopped = link.events[-1][1]
        assert isinstance(stopped, say.Stopped)
        assert stopped.reason == "audio lost"
        assert stopped.unconfirmed == pytest.approx(gap.end - gap.start)

    def test_what_an_open_tail_showed_of_lost_audio_is_delivered_unconfirmed(self) -> None:
        """Words the vendor had shown and never settled, and that can never be heard again."""
        session = begun(limits=Limits(hold_bytes=FORMAT.size(2.0)))
        session.send(second(4.0), 0.0)
        until(session, 0.0)
        words = (say.Word("early", 0.2, 0.5, joiner=""), say.Word("late", 3.5, 3.8))
        session.receive(Message(written(say.Partial(turn=1, text="early late", words=words))), 4.0)
        session.receive(Lost("reset"), 4.0)
        until(session, 10.0)
        said = [*session.receive(Connected(), 10.0), *session.receive(Message(READY), 10.0)]
        said = [item for item in said if not isinstance(item, (Message, say.Settled))]
        assert kinds(said) == ["AudioGap", "Final", "Reconnected"]
        assert said[0] == AudioGap(0.0, 2.0)
        assert isinstance(said[1], say.Final)
        assert (said[1].text, said[1].confirmed) == ("early", False)

    def test_silence_settles_after_the_vendors_lag(self) -> None:
        """With nothing open and nothing said, old audio is let go; with a turn open it is not."""
        session = begun(provider(settle_lag=5.0))
        for number in range(30):
            session.send(second(), float(number))
            until(session, float(number))
        settled = [item for item in until(session, 30.0) if isinstance(item[1], say.Settled)]
        assert settled
        assert settled[-1][1].to == pytest.approx(25.0, abs=1.1)

    def test_silence_that_nobody_read_is_not_settled(self) -> None:
        """A connection that died without a sign: no pong, nothing is let go, all of it is sent again."""
        session = begun(provider(settle_lag=5.0))
        for number in range(30):
            session.send(second(), float(number))
            said = until(session, float(number), answering=False)
            assert not [item for _, item in said if isinstance(item, say.Settled)]
        session.receive(Pong(b"another"), 30.0)
        session.receive(Lost("timeout"), 30.0)
        until(session, 60.0)
        session.receive(Connected(), 60.0)
        (again,) = [item for item in session.receive(Message(READY), 60.0) if isinstance(item, Reconnected)]
        assert (again.seam, again.replayed) == (0.0, 30.0)

    def test_without_partials_silence_is_not_taken_for_settled_too_soon(self) -> None:
        """A turn may be open for a whole longest turn without a sign."""
        session = Session(provider(settle_lag=5.0, longest_turn=60.0), context())
        session.send(ask.Start(Config(audio=FORMAT, partials=False), KEY), 0.0)
        session.receive(Connected(), 0.0)
        session.receive(Message(READY), 0.0)
        for number in range(30):
            session.send(second(), float(number))
            assert not [i for _, i in until(session, float(number)) if isinstance(i, say.Settled)]


def test_two_channels_keep_their_turns_apart_over_a_cut() -> None:
    """The least settled channel decides where a replay begins; the other's words are not taken twice."""
    from aai_migrate.audio.format import AudioFormat
    from aai_migrate.testing.coded import interleave, words

    stereo = AudioFormat(channels=2)
    left, right = words(6, seed=1), words(6, seed=2)
    audio = interleave(speech(left, every=2), encode([0.6, *right, 1.0], FORMAT), fmt=stereo)
    vendor = provider(ends_only_with_audio=True)

    def run(*faults: Cut) -> tuple[dict[int, list[str]], Link]:
        ear = Hard(final_every=2)
        link = Link(Session(vendor, context()), lambda: Far(Server(context()), CodedEar(None, hard=ear)), faults=faults)
        start = ask.Start(Config(audio=stereo, channels="separate"), KEY)
        script = [(0.0, start), *spoken(audio, stereo)]
        link.run([*script, (script[-1][0], ask.Stop())])
        said: dict[int, list[str]] = {0: [], 1: []}
        for _, event in link.events:
            if isinstance(event, say.Final):
                said[event.channel] += event.text.split()
        return said, link

    whole, link = run()
    assert whole == {0: list(left), 1: list(right)}
    for number in range(link.crossed["up"]):
        assert run(Cut("up", number))[0] == whole, number
    for number in range(link.crossed["down"]):
        assert run(Cut("down", number))[0] == whole, number


def test_memory_stays_flat_over_hours_of_speech() -> None:
    """Settled audio is let go: an hour of turns holds no more than a minute did."""
    session = begun(provider(settle_lag=5.0))
    held: list[int] = []
    for number in range(3600):
        session.send(second(), float(number))
        until(session, float(number))
        if number % 10 == 9:
            session.receive(Message(written(say.Final(turn=number, text="w"))), float(number))
            session.receive(Message(written(say.TurnEnded(turn=number))), float(number))
            session.receive(Message(written(say.Settled(number - 1.0))), float(number))
        box = session._box
        held.append(box.log.end - box.log.start)
    assert max(held[100:]) <= FORMAT.size(20.0)
    assert len(session._box.timeline._spans) < 10
