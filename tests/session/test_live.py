"""Live sources: what nobody could wait for is lost, told once, and the clock goes on; a machine that slept."""

from __future__ import annotations

from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.audio import Gap
from aai_migrate.errors import AudioOverflow, AudioRateMismatch
from aai_migrate.events import AudioGap, Reconnected, Reconnecting
from aai_migrate.session import Limits, Session
from aai_migrate.testing import Cut, Far, Link, spoken
from aai_migrate.testing.coded import CodedEar, Hard, encode
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connect, Connected, Message

from .hearing import FORMAT, WORDS
from .plain import context, provider
from .test_session import READY, START, begun, kinds, second, until

BEFORE, AFTER = WORDS[:3], WORDS[3:]
FIRST, SECOND = encode([0.3, *BEFORE, 1.2], FORMAT), encode([0.5, *AFTER, 1.0], FORMAT)
LOST = 600.0


def heard(*faults: Cut, vendor: Any = None, hard: Hard | None = None) -> tuple[list[Any], Link]:
    """Return what a session with ten minutes lost between two turns says."""
    vendor = vendor or provider(ends_only_with_audio=True)
    serve = vendor.server
    link = Link(
        Session(vendor, context()),
        lambda: Far(serve(context()), CodedEar(context(), hard=hard or Hard())),
        faults=faults,
        latency=0.02,
    )
    first = spoken(FIRST, FORMAT, start=0.1)
    lost = first[-1][0]
    second = spoken(SECOND, FORMAT, start=lost + 0.1)
    script = [(0.0, START), *first, (lost, Gap(LOST)), *second, (second[-1][0], ask.Stop())]
    return [event for event in link.run(script) if not isinstance(event, Reconnecting)], link


def finals(events: list[Any]) -> list[say.Word]:
    return [word for event in events if isinstance(event, say.Final) for word in event.words]


class TestLost:
    def test_the_clock_goes_on_over_what_was_lost(self) -> None:
        """Words before and after a gap have their own times; the gap is told once, with both ends."""
        events, link = heard()
        start = FORMAT.seconds(len(FIRST))
        assert [event for event in events if isinstance(event, AudioGap)] == [AudioGap(start, start + LOST)]
        words = finals(events)
        assert tuple(word.text for word in words) == WORDS
        assert words[2].end < start
        assert words[3].start == pytest.approx(start + LOST + 0.5, abs=0.05)
        assert bytes(link.ends[0].heard) == FIRST + SECOND
        stopped = events[-1]
        assert isinstance(stopped, say.Stopped)
        assert (stopped.reason, stopped.unconfirmed) == ("audio lost", LOST)
        assert stopped.audio_seconds == pytest.approx(start + LOST + FORMAT.seconds(len(SECOND)))

    @pytest.mark.parametrize("name", ["plain", "assemblyai-v3"])
    def test_a_cut_beside_a_gap_loses_no_word_and_tells_no_gap_twice(self, name: str) -> None:
        """Cut before every frame, both ways: all words with the same times, and the one gap."""
        vendor = provider(ends_only_with_audio=True) if name == "plain" else registry.find(name)
        whole, link = heard(vendor=vendor)
        gaps = [event for event in whole if isinstance(event, AudioGap)]
        for direction in ("up", "down"):
            for number in range(link.crossed[direction]):
                cut, _ = heard(Cut(direction, number), vendor=vendor)
                assert [word.text for word in finals(cut)] == list(WORDS), (direction, number)
                assert [event for event in cut if isinstance(event, AudioGap)] == gaps, (direction, number)
                starts = [word.start for word in finals(cut)]
                assert starts == pytest.approx([word.start for word in finals(whole)], abs=0.1), (direction, number)

    def test_what_was_cut_inside_a_sample_does_not_shift_what_follows(self) -> None:
        """The half of a sample before a gap is given up."""
        session = begun()
        session.send(ask.Audio(b"abc"), 0.0)
        (gap,) = session.send(Gap(1.0), 0.0)
        assert gap == AudioGap(1 / 16000, 1 + 1 / 16000)
        session.send(ask.Audio(b"defg"), 0.0)
        session.send(ask.Stop(), 0.0)
        sent = [item.data for _, item in until(session, 0.0) if isinstance(item, Message)]
        assert [data for data in sent if isinstance(data, bytes)] == [b"ab", b"defg"]

    def test_a_gap_counts_as_unconfirmed_once(self) -> None:
        """Closed behind a gap: what was not settled, and the gap."""
        session = begun()
        session.send(second(2.0), 0.0)
        session.send(Gap(5.0), 0.0)
        session.send(second(1.0), 0.0)
        until(session, 0.0)
        stopped = session.close(1.0)[-1]
        assert isinstance(stopped, say.Stopped)
        assert (stopped.audio_seconds, stopped.unconfirmed) == (8.0, 8.0)


class TestRealtime:
    def live(self) -> Session:
        """Return a session of a live source whose driver has stopped writing: nobody ticks it."""
        session = begun(limits=Limits(backlog=10.0, realtime=True))
        session.send(second(2.0), 0.0)
        until(session, 0.0)
        return session

    def test_a_stalled_network_loses_the_oldest_unsent_audio(self) -> None:
        """Memory is bounded by the backlog; each lost second is told; what was sent is kept for a replay."""
        session, said = self.live(), list[Any]()
        for number in range(300):
            said += session.send(second(0.1), 0.1 * number)
            assert session.backlog <= 10.05
        gaps = [event for event in said if isinstance(event, AudioGap)]
        assert said == gaps
        assert gaps[0].start == 2.0
        assert gaps[-1].end == pytest.approx(2.0 + 30.0 - session.backlog)
        assert [gap.start for gap in gaps[1:]] == [gap.end for gap in gaps[:-1]]
        assert 15 <= len(gaps) <= 21
        assert session._box.log.read(0, 32000) == bytes(64000)
        sent = [item.data for _, item in until(session, 30.0) if isinstance(item, Message)]
        assert sum(len(data) for data in sent if isinstance(data, bytes)) == FORMAT.size(session.fed - gaps[-1].end)

    def test_a_source_that_can_wait_loses_nothing(self) -> None:
        """Backpressure is the driver's: the session holds what it is given."""
        session = begun(limits=Limits(backlog=1.0))
        assert [session.send(second(), 0.0) for _ in range(20)] == [[]] * 20
        assert session.backlog == 20.0


class TestOverflow:
    def test_a_live_source_may_be_made_to_wait(self) -> None:
        """Where the caller says so: then the driver's backpressure is what there is, and nothing is lost."""
        session = begun(limits=Limits(backlog=1.0, realtime=True, overflow="block"))
        assert [session.send(second(), 0.1 * number) for number in range(3)] == [[]] * 3
        assert (session.full, session.backlog) == (True, 3.0)

    def test_any_source_may_lose_its_oldest(self) -> None:
        """And then feeding never waits."""
        session = begun(limits=Limits(backlog=5.0, overflow="drop_oldest"))
        said = [event for _ in range(20) for event in session.send(second(), 0.0)]
        gaps = [event for event in said if isinstance(event, AudioGap)]
        assert not session.full
        assert session.backlog <= 5.0
        assert said == gaps
        assert (gaps[0].start, gaps[-1].end) == (0.0, 20.0 - session.backlog)

    def test_new_audio_may_be_refused(self) -> None:
        """What was refused was not fed; the stream goes on, and takes more when some of the backlog is gone."""
        session = begun(limits=Limits(backlog=2.0, overflow="raise"))
        for _ in range(3):
            session.send(second(), 0.0)
        with pytest.raises(AudioOverflow, match=r"^3\.0 s of audio wait") as refused:
            session.send(second(), 0.0)
        assert (refused.value.backlog, session.fed, session.full) == (3.0, 3.0, False)
        until(session, 0.0)
        assert session.send(second(), 0.0) == []
        assert session.fed == 4.0


class TestRate:
    """The bytes of a second against the declared 16 kHz of 16 bits, fed by hand in real time."""

    @staticmethod
    def fed(session: Session, rate: float, seconds: float = 30.0) -> list[Any]:
        """Feed *rate* bytes a second in chunks of a twentieth; return what the session says to the feeder."""
        said: list[Any] = []
        for number in range(round(seconds * 20)):
            now = number / 20
            until(session, now)
            said += session.send(ask.Audio(bytes(round(rate / 20))), now)
        return said

    @pytest.mark.parametrize(("rate", "is_"), [(96_000, "48000 Hz"), (16_000, "8000 Hz"), (88_200, "44100 Hz")])
    def test_another_rate_than_the_declared_one_raises(self, rate: int, is_: str) -> None:
        """It names what was declared, what comes, what it probably is, and feeds nothing of the chunk."""
        realtime = True if rate == 96_000 else None
        session = begun(provider(settle_lag=5.0), limits=Limits(realtime=realtime))
        with pytest.raises(AudioRateMismatch, match=is_) as failure:
            self.fed(session, rate)
        assert failure.value.declared == 32_000
        assert failure.value.observed == pytest.approx(rate, rel=0.05)
        assert 4.0 < session.fed < 40.0

    def test_the_right_rate_says_nothing(self) -> None:
        session = begun(provider(settle_lag=5.0), limits=Limits(realtime=True))
        assert self.fed(session, 32_000) == []

    def test_a_speed_that_may_be_meant_is_a_notice(self) -> None:
        """Twice as fast: somebody plays a recording, or it is stereo; who says that it is meant hears nothing."""
        session = begun(provider(settle_lag=5.0), limits=Limits(backlog=1000.0))
        (notice,) = self.fed(session, 64_000)
        assert isinstance(notice, say.Warned)
        assert notice.code == "audio_rate"
        session = begun(provider(settle_lag=5.0), limits=Limits(backlog=1000.0, realtime=False))
        assert self.fed(session, 64_000) == []


class TestSleep:
    def test_a_machine_that_slept_dials_again_at_once(self) -> None:
        """Ten minutes between a deadline and its tick: the old connection is not waited for, audio is sent again."""
        session = begun(provider(settle_lag=5.0))
        session.send(second(2.0), 0.0)
        until(session, 1.0)
        said = session.tick(601.0)
        assert kinds(said) == ["Close", "Reconnecting"]
        again = [item for _, item in until(session, 605.0)]
        assert kinds(again) == ["Connect"]
        assert isinstance(again[0], Connect)
        session.receive(Connected(), 605.0)
        (back,) = [item for item in session.receive(Message(READY), 605.0) if isinstance(item, Reconnected)]
        assert (back.seam, back.replayed) == (0.0, 2.0)

    def test_a_tick_that_is_a_little_late_is_none(self) -> None:
        """A busy machine is not a sleeping one."""
        session = begun(provider(settle_lag=5.0))
        session.send(second(2.0), 0.0)
        until(session, 1.0)
        assert not [item for item in session.tick(25.0) if isinstance(item, Reconnecting)]

    def test_a_live_source_that_does_not_say_what_it_missed(self) -> None:
        """Ten minutes are missing between two chunks of what comes at the speed of speech; other sources can wait."""
        for realtime, gaps in ((True, [AudioGap(2.0, 601.0)]), (None, [])):
            session = begun(provider(settle_lag=5.0), limits=Limits(realtime=realtime))
            session.send(second(2.0), 1.0)
            until(session, 1.0)
            assert session.send(second(1.0), 601.0) == gaps
            assert kinds(session.tick(601.0)) == ["Close", "Reconnecting"]
            assert session.send(second(1.0), 602.0) == []
            session = begun(provider(settle_lag=5.0), limits=Limits(realtime=realtime))
            session.send(second(2.0), 1.0)
            until(session, 1.0)
            session.tick(601.0)
            assert session.send(second(1.0), 601.0) == gaps

    def test_what_a_sleeping_machine_did_not_record_is_a_gap(self) -> None:
        """A microphone says what it missed; the words around it are all there."""
        session = begun(provider(settle_lag=5.0), limits=Limits(realtime=True))
        session.send(second(2.0), 0.0)
        until(session, 1.0)
        session.tick(601.0)
        assert session.send(Gap(599.0), 601.0) == [AudioGap(2.0, 601.0)]
        session.send(second(1.0), 602.0)
        until(session, 610.0)
        session.receive(Connected(), 610.0)
        said = session.receive(Message(READY), 610.0)
        said += [item for _, item in until(session, 611.0)]
        assert not [item for item in said if isinstance(item, AudioGap)]
        audio = [item.data for item in said if isinstance(item, Message) and isinstance(item.data, bytes)]
        assert sum(map(len, audio)) == FORMAT.size(3.0)


def test_a_changed_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock set back by a day in mid-session: nothing asks it."""
    import time

    session = begun(provider(settle_lag=5.0))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    session.send(second(2.0), 0.0)
    assert "Reconnecting" not in kinds(item for _, item in until(session, 20.0))
