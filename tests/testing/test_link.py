"""The in-memory link: what crosses, what goes wrong, and that nobody waits for ever."""

from __future__ import annotations

import pytest

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.session import Session
from aai_migrate.testing import (
    Corrupt,
    Cut,
    Delay,
    Duplicate,
    Far,
    Fault,
    Link,
    ManualClock,
    Refuse,
    Stuck,
    Trace,
    spoken,
)
from aai_migrate.testing.coded import CodedEar
from aai_migrate.wire import events as say
from aai_migrate.wire.commands import Audio, Start, Stop
from aai_migrate.wire.frames import Close, Connect, Message

from ..session.hearing import AUDIO, FORMAT, KEY, WORDS
from ..session.plain import context

V3 = registry.find("assemblyai-v3")


def link(*faults: Fault, trace: Trace | None = None, latency: float = 0.0) -> Link:
    assert V3.server is not None
    serve = V3.server
    return Link(
        Session(V3, context()),
        lambda: Far(serve(context()), CodedEar(None)),
        clock=ManualClock(),
        faults=faults,
        trace=trace,
        latency=latency,
    )


def script() -> list[tuple[float, Start | Audio | Stop]]:
    audio = spoken(AUDIO, FORMAT)
    return [(0.0, Start(Config(audio=FORMAT), KEY)), *audio, (audio[-1][0], Stop())]


def said(run: Link) -> tuple[str, ...]:
    finals = [event.text for _, event in run.events if isinstance(event, say.Final)]
    return tuple(" ".join(finals).split())


def test_time_moves_from_deadline_to_deadline() -> None:
    """The clock ends where the speech does, though nobody waited."""
    run = link(latency=0.1)
    run.run(script())
    assert said(run) == WORDS
    assert run.clock.now == pytest.approx(FORMAT.seconds(len(AUDIO)), abs=1.0)
    assert [time for time, _ in run.events] == sorted(time for time, _ in run.events)


def test_the_far_end_keeps_what_it_heard() -> None:
    """Byte for byte, and the commands in order."""
    run = link()
    run.run(script())
    (far,) = run.ends
    assert isinstance(far, Far)
    assert run.begun == run.ends
    assert bytes(far.heard) == AUDIO
    assert isinstance(far.commands[0], Start)
    assert isinstance(far.commands[-1], Stop)


def test_a_frame_that_comes_twice_is_words_that_come_once() -> None:
    """Every message of the server doubled in turn."""
    count = 0
    whole = link()
    whole.run(script())
    for number in range(whole.crossed["down"]):
        run = link(Duplicate("down", number))
        run.run(script())
        assert said(run) == WORDS
        count += 1
    assert count > 10


def test_a_delay_holds_back_what_follows_in_its_direction() -> None:
    """Order is kept: a socket does not overtake itself."""
    plain, late = link(), link(Delay("down", 5, 3.0))
    plain.run(script())
    late.run(script())
    assert said(late) == WORDS
    first = next(t for t, e in plain.events if isinstance(e, say.Final))
    assert next(t for t, e in late.events if isinstance(e, say.Final)) >= first


def test_corrupt_cuts_a_message_in_half() -> None:
    """Text becomes broken JSON; the session takes that for a broken connection."""
    run = link(Corrupt("down", 3))
    run.run(script())
    assert said(run) == WORDS
    assert len(run.ends) == 2


def test_refusals_come_as_status_or_as_nobody_there() -> None:
    """Each attempt is counted, and has its far end."""
    run = link(Refuse(0), Refuse(1, None))
    run.run(script())
    assert said(run) == WORDS
    assert len(run.ends) == 3
    assert len(run.begun) == 1


def test_a_cut_takes_all_in_flight_with_it() -> None:
    """What was on the way when the connection broke arrives nowhere."""
    run = link(Cut("up", 20), latency=0.5)
    run.run(script())
    assert said(run) == WORDS
    assert len(run.begun[0].heard) < FORMAT.size(1.9)


def test_a_session_that_nobody_stops_is_stuck() -> None:
    """Waiting for what cannot come is an error that says where, not a hang."""
    with pytest.raises(Stuck, match=r"the session is live at"):
        link().run([(0.0, Start(Config(audio=FORMAT), KEY))])


def test_a_trace_records_both_directions() -> None:
    """With times, from the handshake to the close."""
    trace = Trace("assemblyai-v3", "recorded in memory")
    link(trace=trace, latency=0.01).run(script())
    assert isinstance(trace.entries[0].frame, Connect)
    assert trace.entries[0].direction == ">"
    assert isinstance(trace.entries[-1].frame, (Message, Close))
    assert {entry.direction for entry in trace.entries} == {"<", ">"}


def test_the_clock_does_not_run_backwards() -> None:
    """Not even when it is told to."""
    clock = ManualClock(1.0)
    assert clock.advance(0.5) == clock() == 1.5
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_speech_comes_when_it_has_been_spoken() -> None:
    """Each chunk at its end; all at once at speed 0; the last one shorter."""
    chunks = spoken(bytes(FORMAT.size(0.25)), FORMAT, chunk=0.1, speed=2.0, start=1.0)
    assert [(time, len(item.data)) for time, item in chunks] == [(1.05, 3200), (1.1, 3200), (1.125, 1600)]
    assert {time for time, _ in spoken(bytes(6400), FORMAT, speed=0, start=3.0)} == {3.0}


def test_the_server_half_is_told_of_a_ping() -> None:
    """A sign of life, as a driver's is: a vendor that ends idle connections keeps one that pings."""
    flux = registry.find("deepgram").suited(Config(model="flux-general-en"))
    assert flux.server is not None
    serve = flux.server
    run = Link(Session(flux, context()), lambda: Far(serve(context()), CodedEar(None)))
    run.run([(0.0, Start(Config(audio=FORMAT, model="flux-general-en"), KEY)), (300.0, Stop())])
    assert len(run.ends) == 1
