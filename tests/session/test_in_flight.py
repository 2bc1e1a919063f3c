"""Audio under way to a vendor that says what it has taken; how long it may take to greet, and when to come back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.events import AudioGap, Reconnected, Reconnecting
from aai_migrate.provider import Numbers, Provider
from aai_migrate.session import Limits, Session
from aai_migrate.session.outbox import FULL, UNTOLD, Outbox
from aai_migrate.session.session import REST, STALLED
from aai_migrate.testing import Cut, Far
from aai_migrate.testing.coded import CodedEar, Hard
from aai_migrate.testing.faults import Direction
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connect, Connected, Lost, Message, Refused

from .hearing import FORMAT, WORDS, Run
from .plain import Server, context, provider, written
from .test_cuts import remembering
from .test_outbox import drain, sound
from .test_session import READY, START, begun, kinds, second, until

SMALL = AudioFormat(4000)
MOST = 0.5


def outbox(seconds: float, most: float = MOST) -> Outbox:
    """Return an outbox with so many seconds to send, of which *most* may be under way."""
    box = Outbox(Numbers(chunk=(0.02, 0.1, 1.0), in_flight=most), SMALL, 30.0, 1 << 20)
    box.log.feed(sound(0, box.sample(seconds)))
    return box


def sent(items: Iterator[Any] | list[Any]) -> float:
    """Return the seconds of audio among frames, or among frames with their times."""
    frames = [item[1] if isinstance(item, tuple) else item for item in items]
    return FORMAT.seconds(sum(len(frame.data) for frame in frames if isinstance(frame, Message)))


def taken(session: Session, to: float, now: float) -> list[Any]:
    """Let the vendor say what it has."""
    return session.receive(Message(written(say.AudioTaken(to))), now)


class TestBounding:
    @given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
    def test_no_more_is_under_way_than_may_be(self, shares: list[float]) -> None:
        """Whatever share of it the vendor takes at a time; in the end all has gone."""
        box = outbox(8.0)
        box.taken = 0.0
        for share in [*shares, *[1.0] * 20]:
            drain(box)
            assert box.under_way <= MOST + 1e-9
            box.taken += share * box.under_way
        assert box.backlog == 0.0

    def test_a_vendor_that_has_said_nothing_gets_no_more_either(self) -> None:
        """Not before it had time to say something: the beginning of a replay is when most waits to go."""
        box = outbox(8.0)
        drain(box, 1.0)
        assert box.timeline.seconds == MOST
        assert [*box.due(1.0, 0.0)] == [UNTOLD]
        assert [*box.due(1.5, 0.0)] == [UNTOLD - 0.5]
        drain(box, 1.0 + UNTOLD)
        assert box.backlog == 0.0

    def test_a_new_connection_has_the_same_time(self) -> None:
        """What the last one never said is not held against it."""
        box = outbox(8.0)
        drain(box)
        drain(box, UNTOLD)
        box.begin(0, 10.0)
        drain(box, 10.0)
        assert box.timeline.seconds == MOST

    def test_a_chunk_that_is_longer_than_what_may_be_under_way_goes_alone(self) -> None:
        """Or nothing would ever go."""
        box = outbox(0.3, most=0.05)
        for to in (0.1, 0.2, 0.3):
            drain(box)
            assert box.timeline.seconds == pytest.approx(to)
            box.taken = to
        assert box.backlog == 0.0

    @pytest.mark.parametrize(("to", "ahead"), [(0.3 - 1e-12, 0.0), (0.2, 0.1), (0.4, 0.0), (math.inf, 0.0)])
    def test_what_rounding_leaves_is_not_under_way(self, to: float, ahead: float) -> None:
        """Nor is it less than nothing where the vendor speaks of more than was sent."""
        box = outbox(0.3)
        drain(box)
        assert box.under_way == 0.0
        box.taken = to
        assert box.under_way == pytest.approx(ahead)

    def test_what_the_vendor_takes_lets_more_go_at_once(self) -> None:
        """Without it the session looks again once a second."""
        session = begun(provider(in_flight=1.0))
        session.send(second(5.0), 0.0)
        assert sent(until(session, 0.5)) == pytest.approx(1.0)
        assert taken(session, 0.5, 0.6) == []
        assert session.deadline == 0.6
        assert sent(session.tick(0.6)) == pytest.approx(0.5)
        assert session.deadline == pytest.approx(0.6 + FULL)
        assert session.backlog == pytest.approx(3.5)

    def test_what_is_asked_waits_for_the_audio_before_it(self) -> None:
        """A Finalize and the end go out behind the last sample, whenever that is taken."""
        session = begun(provider(in_flight=1.0))
        session.send(second(2.0), 0.0)
        session.send(ask.Finalize("f"), 0.0)
        session.send(ask.Stop(), 0.0)
        told: list[str] = []
        for step in range(5):
            said = until(session, step / 10)
            told += [item.data for _, item in said if isinstance(item, Message) and isinstance(item.data, str)]
            assert bool(told) == (step > 1)
            taken(session, step / 2 + 0.5, step / 10)
        assert ["finalize" in text for text in told] == [True, False]
        assert "stop" in told[1]


class TestStalling:
    def test_a_vendor_that_takes_nothing_more_is_left(self) -> None:
        """So long after it took something; saying the same again puts nothing off. The rest goes to the next one."""
        session = begun(provider(in_flight=1.0))
        session.send(second(5.0), 0.0)
        until(session, 1.0)
        taken(session, 0.5, 1.0)
        for now in range(2, int(STALLED) + 1):
            assert not [item for _, item in until(session, now) if isinstance(item, Reconnecting)]
            taken(session, 0.5, now)
        [(time, left)] = [(at, item) for at, item in until(session, 31.2) if isinstance(item, Reconnecting)]
        assert time == 1.0 + STALLED
        assert "no audio was taken for 30 s" in left.cause
        until(session, 40.0)
        session.receive(Connected(), 40.0)
        out = session.receive(Message(READY), 40.0)
        [again] = [item for item in out if isinstance(item, Reconnected)]
        assert again.seam == 0.0
        assert sent(until(session, 40.5)) == pytest.approx(1.0)

    def test_each_step_counts(self) -> None:
        """A slow vendor is alive as long as it takes something."""
        session = begun(provider(in_flight=1.0))
        session.send(second(5.0), 0.0)
        for number in range(1, 9):
            said = until(session, 20.0 * number)
            assert "Reconnecting" not in kinds(item for _, item in said)
            taken(session, 0.2 * number, 20.0 * number)

    @pytest.mark.parametrize("to", [2.0, 2.0 - 1e-9, 2.0 + 1e-9, 7.0])
    def test_nothing_stalls_where_all_was_taken(self, to: float) -> None:
        """However long the application is silent, and whatever rounding made of the number."""
        session = begun(provider(in_flight=3.0))
        session.send(second(2.0), 0.0)
        until(session, 1.0)
        taken(session, to, 1.0)
        said = until(session, 600.0)
        assert "Reconnecting" not in kinds(item for _, item in said)

    def test_a_vendor_that_never_says_what_it_took_does_not_stall(self) -> None:
        """It is sent everything."""
        session = begun(provider(in_flight=1.0))
        session.send(second(5.0), 0.0)
        said = until(session, 600.0)
        assert "Reconnecting" not in kinds(item for _, item in said)
        assert sent(said) == pytest.approx(5.0)

    def test_silence_of_ours_has_to_be_taken_too(self) -> None:
        """A keepalive that nobody reads keeps nothing."""
        session = begun(provider(in_flight=3.0, keepalive=20.0, keepalive_by="silence"))
        session.send(second(1.0), 0.0)
        until(session, 1.0)
        taken(session, 1.0, 1.0)
        said = until(session, 55.0)
        assert [at for at, item in said if isinstance(item, Reconnecting)] == [pytest.approx(20.0 + STALLED, abs=1.1)]

    def test_the_end_has_a_deadline_of_its_own(self) -> None:
        """After Stop it is the vendor's last word that is waited for."""
        session = begun(provider(in_flight=3.0), limits=Limits(drain_timeout=50.0))
        session.send(second(1.0), 0.0)
        until(session, 1.0)
        taken(session, 0.5, 1.0)
        session.send(ask.Stop(), 2.0)
        said = until(session, 49.0)
        assert "Reconnecting" not in kinds(item for _, item in said)
        [failed] = [item for _, item in until(session, 60.0) if isinstance(item, say.Failed)]
        assert "no end of the session within 50 s" in str(failed.error)

    def test_what_comes_before_the_greeting_starts_no_clock(self) -> None:
        """It is of a connection that was sent nothing yet."""
        session = Session(provider(in_flight=1.0), context())
        session.send(START, 0.0)
        session.send(second(0.5), 0.0)
        session.receive(Connected(), 0.0)
        taken(session, 0.0, 1.0)
        session.receive(Message(READY), 2.0)
        assert sent(until(session, 2.5)) == pytest.approx(0.5)
        assert "Reconnecting" not in kinds(item for _, item in until(session, 100.0))


def test_a_live_source_does_not_wait() -> None:
    """What is not taken in time is lost and said to be, a second at a time; the newest audio is kept."""
    session = begun(provider(in_flight=1.0), limits=Limits(realtime=True, backlog=5.0))
    gaps: list[AudioGap] = []
    taken(session, 0.0, 0.0)
    for number in range(120):
        said = session.send(second(0.1), number / 10)
        said += [item for _, item in until(session, number / 10)]
        gaps += [item for item in said if isinstance(item, AudioGap)]
        assert session.backlog <= 5.0 + 1e-6
        assert not session.full
    assert [(round(gap.start, 1), round(gap.end, 1)) for gap in gaps[:1]] == [(1.0, 2.1)]
    assert sum(gap.end - gap.start for gap in gaps) == pytest.approx(12.0 - 1.0 - session.backlog)


HARD = Hard(final_every=2, late=0.6, jitter=0.04, seed=3)


@pytest.mark.no_cover
@pytest.mark.parametrize("options", [{"speed": 0}, {}, {"speed": 4}, {"latency": 0.7}, {"speed": 0, "latency": 0.7}])
@pytest.mark.parametrize("hard", [Hard(), HARD], ids=["easy", "hard"])
@pytest.mark.parametrize("acknowledges", [True, False])
def test_a_cut_loses_no_word(acknowledges: bool, hard: Hard, options: dict[str, Any]) -> None:
    """Before any frame, also of what waits to be taken; with a vendor that says so soon, late or never."""

    def far() -> Far:
        return Far(Server(context(), acknowledges=acknowledges), CodedEar(None, hard=hard))

    every_cut(provider(in_flight=0.4, ends_only_with_audio=True), far, **options)


@pytest.mark.no_cover
@pytest.mark.parametrize("speed", [0, 1])
@pytest.mark.parametrize("forgets", [False, True])
def test_a_cut_of_a_session_that_is_gone_back_to_loses_no_word(forgets: bool, speed: float) -> None:
    """What was taken is not sent again, and what was not is bound as before."""
    vendor = provider(in_flight=0.4, resumes=True, ends_only_with_audio=True)
    every_cut(vendor, remembering(HARD, forgets), whole=False, speed=speed)


def every_cut(vendor: Provider, far: Callable[[], Far], *, whole: bool = True, **options: Any) -> None:
    directions: tuple[Direction, ...] = ("up", "down")
    undisturbed = Run(vendor, far=far, **options)
    assert undisturbed.words == WORDS
    for direction in directions:
        for number in range(0, undisturbed.link.crossed[direction], 3):
            done = Run(vendor, far=far, faults=[Cut(direction, number)], **options)
            assert done.words == WORDS, f"{direction} {number}"
            assert done.end.complete
            done.contract()
            if whole:
                done.heard_all()


class TestGreeting:
    @pytest.mark.parametrize(("greeting", "timeout", "end"), [(20.0, 10.0, 20.0), (20.0, 30.0, 30.0), (0.0, 3.0, 3.0)])
    def test_the_longer_of_two_patiences_counts(self, greeting: float, timeout: float, end: float) -> None:
        """What the vendor may take, and what the caller is ready to wait."""
        session = Session(provider(greeting=greeting), context(), limits=Limits(connect_timeout=timeout))
        session.send(START, 0.0)
        session.receive(Connected(), 0.1)
        said = until(session, 60.0)
        assert [(time, type(item).__name__) for time, item in said] == [(end, "Close"), (end, "Failed")]
        assert f"no greeting within {end:g} s" in str(said[-1][1].error)

    def test_it_counts_for_every_connection(self) -> None:
        """A later one has as long."""
        session = begun(provider(greeting=20.0))
        session.receive(Lost("reset"), 100.0)
        [dialled] = [time for time, item in until(session, 101.0) if isinstance(item, Connect)]
        session.receive(Connected(), 101.0)
        again = [time for time, item in until(session, 130.0) if isinstance(item, Reconnecting)]
        assert again[0] == pytest.approx(dialled + 20.0)


class TestComingBack:
    @pytest.mark.parametrize(("asked", "least", "most"), [("5", 5.0, 5.0), ("60", REST, REST), ("0", 0.0, 0.5)])
    def test_a_vendor_may_say_when_to_come_back(self, asked: str, least: float, most: float) -> None:
        """Up to a limit: who asks for more is asked again all the same, since the audio waits."""
        session = begun()
        session.receive(Lost("reset"), 10.0)
        until(session, 11.0)
        [again] = [
            item
            for item in session.receive(Refused(503, {"retry-after": asked}), 11.0)
            if isinstance(item, Reconnecting)
        ]
        assert least <= again.delay <= most
        assert [time for time, item in until(session, 21.0) if isinstance(item, Connect)] == [11.0 + again.delay]

    @pytest.mark.parametrize(("asked", "then"), [("3", ["Connect"]), ("4.5", ["Failed"]), ("60", ["Failed"])])
    def test_nobody_waits_longer_for_the_first_greeting_than_they_said(self, asked: str, then: list[str]) -> None:
        """The error comes at once where the vendor asks for more time than there is."""
        session = Session(provider(), context(), limits=Limits(connect_timeout=5.0))
        session.send(START, 0.0)
        said = session.receive(Refused(503, {"retry-after": asked}), 1.0)
        assert kinds([*said, *(item for _, item in until(session, 4.0))]) == then

    def test_a_budget_ends_it(self) -> None:
        """A vendor that is busy for ever is not asked for ever."""
        session = begun()
        session.receive(Lost("reset"), 10.0)
        now, said = 10.0, list[Any]()
        for _ in itertools.repeat(None, 40):
            if session.deadline is None:
                break
            now = session.deadline
            said += session.tick(now)
            said += session.receive(Refused(503, {"retry-after": "60"}), now)
        assert isinstance(said[-1], say.Failed)
        assert now <= 10.0 + 12 * REST
