"""What leaves, when, and what leaves again after a cut, against lists of samples and marks."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.audio.format import AudioFormat
from aai_migrate.provider import Numbers, Pace
from aai_migrate.session.log import Mark
from aai_migrate.session.outbox import BURST, Outbox
from aai_migrate.wire.commands import Audio, Command, Configure, Finalize, Silence, Stop

FORMAT = AudioFormat(4000)
CHUNK = (0.02, 0.1, 1.0)


def outbox(hold: float = 30.0, **numbers: Any) -> Outbox:
    return Outbox(Numbers(**{"chunk": CHUNK, **numbers}), FORMAT, hold, 1 << 20)


def sound(start: int, count: int) -> bytes:
    """Return samples that tell their own number."""
    return struct.pack(f"<{count}h", *range(start, start + count))


def drain(box: Outbox, now: float = 0.0, settled: float = 0.0) -> list[Command]:
    """Send all that may go at *now*, over as many bursts as it takes."""
    out: list[Command] = []
    while True:
        for item in box.due(now, settled):
            if isinstance(item, float):
                if item > 0:
                    return out
                break
            out.append(item[0])
        else:
            return out


def placed(commands: list[Command], start: int = 0) -> tuple[bytes, list[tuple[int, str]]]:
    """Return the audio of *commands*, and each mark with the sample it stands before, counted from *start*."""
    data, marks = b"", []
    for command in commands:
        if isinstance(command, Audio):
            data += command.data
        elif isinstance(command, (Finalize, Configure)):
            marks.append((start + len(data) // 2, command.id))
        elif isinstance(command, Stop):
            marks.append((start + len(data) // 2, "stop"))
    return data, marks


FED = st.lists(
    st.one_of(
        st.tuples(st.just("audio"), st.integers(1, 1500)),
        st.tuples(st.sampled_from(["finalize", "configure", "send"]), st.just(0)),
    ),
    max_size=25,
)


class Asked:
    """Feeds an outbox and notes what must come out."""

    def __init__(self, box: Outbox, steps: list[tuple[str, int]]) -> None:
        self.box, self.size, self.marks = box, 0, list[tuple[int, str]]()
        self.sent: list[Command] = []
        for number, (step, count) in enumerate(steps):
            match step:
                case "audio":
                    box.log.feed(sound(self.size, count))
                    self.size += count
                case "send":
                    self.sent += drain(box)
                case _:
                    self._mark(Finalize(f"{number}") if step == "finalize" else Configure(f"{number}", {}))
        box.log.mark(Stop())
        self.marks.append((self.size, "stop"))
        self.sent += drain(box)

    def _mark(self, command: Finalize | Configure) -> None:
        self.box.log.mark(command)
        self.marks.append((self.size, command.id))


@given(FED)
def test_audio_and_marks_leave_in_order_and_at_their_place(steps: list[tuple[str, int]]) -> None:
    """Every sample once, every mark before the sample it was asked at, Stop last, no chunk longer than usual."""
    box = outbox()
    asked = Asked(box, steps)
    data, marks = placed(asked.sent)
    assert data == sound(0, asked.size)
    assert marks == asked.marks
    chunks = [len(command.data) // 2 for command in asked.sent if isinstance(command, Audio)]
    assert all(0 < count <= 400 for count in chunks)
    assert (box.stop_sent, box.stop_known, box.backlog) == (True, True, 0.0)
    assert drain(box) == []


@given(FED, st.data())
def test_a_replay_sends_exactly_what_is_needed_from_anywhere(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    """From any sample that is held: the samples from there, the marks nobody answered, and the changes after it."""
    box = outbox()
    asked = Asked(box, steps)
    for mark in box.log.marks:
        mark.answered = not isinstance(mark.command, Stop) and data.draw(st.booleans())
    start = data.draw(st.integers(0, asked.size))
    expected = [
        (max(start, mark.position), "stop" if isinstance(mark.command, Stop) else mark.command.id)
        for mark in box.log.marks
        if not mark.answered or (isinstance(mark.command, Configure) and mark.position > start)
    ]
    box.begin(start, 5.0)
    assert (box.stop_sent, box.stop_known, box.timeline.sent) == (False, False, 0)
    again, marks = placed(drain(box, 5.0), start)
    assert again == sound(start, asked.size - start)
    assert sorted(marks) == sorted(expected)
    assert box.timeline.end(box.timeline.seconds) == (asked.size / 4000 if asked.size > start else 0.0)
    assert box.reached == asked.size


def test_a_change_that_nobody_answered_is_asked_again() -> None:
    """A cut between a Configure and its answer does not lose it, even if all before it was settled."""
    box = outbox()
    box.log.feed(sound(0, 400))
    box.log.mark(Configure("c", {}))
    assert placed(drain(box))[1] == [(400, "c")]
    box.begin(400, 1.0)
    assert drain(box, 1.0) == [Configure("c", {})]
    box.log.marks[0].answered = True
    box.begin(400, 2.0)
    assert drain(box, 2.0) == []
    box.begin(100, 3.0)
    assert placed(drain(box, 3.0), 100)[1] == [(400, "c")]


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20000)), min_size=1, max_size=12),
    st.floats(0.5, 4),
    st.floats(0.1, 3),
    st.integers(0, 1 << 30),
)
def test_the_pace_is_never_exceeded(fed: list[tuple[float, int]], factor: float, ahead: float, began: int) -> None:
    """At no time more audio was sent than the vendor allows, and when the outbox says so more may go."""
    box = outbox(pace=Pace(factor, ahead), chunk=(0.02, 0.1, 1.0))
    start = now = float(began % 100000)
    box.begin(0, now)
    size = 0
    for pause, count in fed:
        now += pause
        box.log.feed(sound(0, 1) * count)
        size += count
        for _ in range(400):
            wait = None
            box.advance(now)
            for item in box.due(now, box.cursor / 4000):
                assert box.timeline.seconds <= ahead + factor * (now - start) + 1e-4
                if isinstance(item, float):
                    wait = item
            if wait is None:
                break
            now += wait
    assert box.backlog < 0.1
    assert box.timeline.sent > size - 80


def test_a_burst_is_a_second() -> None:
    """More does not leave before the driver asks again, which it may do at once."""
    box = outbox()
    box.log.feed(sound(0, 12000))
    items = list(box.due(0.0, 0.0))
    assert items[-1] == 0.0
    sent = [item[0] for item in items if not isinstance(item, float)]
    assert len(placed(sent)[0]) == BURST * 8000


def test_a_wait_that_no_clock_can_see_is_none() -> None:
    """After exactly the wait that was asked for the next chunk leaves, whatever rounding says."""
    box = outbox(pace=Pace(1.0, 0.1))
    now = 1e6 / 3
    box.begin(0, now)
    box.log.feed(sound(0, 4000))
    for _ in range(20):
        for item in box.due(now, 0.0):
            if isinstance(item, float):
                assert now + item > now
                now += item
    assert box.backlog == 0


def test_never_further_ahead_than_can_be_replayed() -> None:
    """With nothing settled sending slows to what the vendor has had time to hear."""
    box = outbox(hold=3.0)
    box.log.feed(sound(0, 4000) * 10)
    sent = drain(box)
    assert len(placed(sent)[0]) == 2 * 8000  # hold - burst
    (wait,) = box.due(0.0, 0.0)
    assert wait == box.unheard == 2.0
    box.advance(2.0)
    assert box.unheard == 0.0
    (_, after) = box.due(2.0, 0.0)
    assert after == pytest.approx(0.1)
    assert len(placed(drain(box, 2.0, settled=2.0))[0]) == 1.9 * 8000


def test_what_was_heard_moves_with_the_clock() -> None:
    """A vendor hears in real time at least, never more than it was sent, never less than before."""
    box = outbox()
    box.begin(0, 10.0)
    box.log.feed(sound(0, 4000))
    drain(box, 10.0)
    box.advance(10.4)
    assert box.heard == pytest.approx(0.4)
    box.advance(10.2)
    assert box.heard == pytest.approx(0.4)
    box.advance(99.0)
    assert (box.heard, box.unheard) == (1.0, 0.0)


def test_little_audio_waits_for_more() -> None:
    """Less than the least chunk stays until more comes, a mark comes, or the rest is asked for."""
    box = outbox(chunk=(0.05, 0.1, 1.0))
    assert box.rest() is None
    box.log.feed(sound(0, 199))
    assert (drain(box), box.backlog) == ([], 199 / 4000)
    rest = box.rest()
    assert rest == Audio(sound(0, 199))
    assert box.rest() is None
    box.log.feed(sound(199, 300))
    assert box.rest() is None  # enough for a chunk
    assert placed(drain(box)) == (sound(199, 300), [])
    box.log.feed(sound(499, 10))
    box.log.mark(Finalize("f"))
    assert placed(drain(box), 499) == (sound(499, 10), [(509, "f")])


def test_emulated_finalize_and_silence_before_stop() -> None:
    """Silence stands for the Finalize, with its mark; it takes the connection's time and none of the session's."""
    box = outbox(finalize="silence", finalize_silence=0.8, stop_silence=0.3)
    box.log.feed(sound(0, 400))
    box.log.mark(Finalize("f"))
    box.log.mark(Stop())
    items, sent = [], []
    for item in box.due(0.0, 0.0):
        assert not isinstance(item, float)
        items.append(item)
        command, mark = item
        sent.append(box.settling(mark) if mark and isinstance(command, Finalize) else command)
    assert sent == [Audio(sound(0, 400)), Silence(0.8), Silence(0.3), Stop()]
    assert [mark.command if mark else None for _, mark in items] == [None, Finalize("f"), None, Stop()]
    assert (box.timeline.seconds, box.timeline.end(9.0), box.fed) == (1.2, 0.1, 0.1)


def test_memory_is_bounded_in_seconds_and_in_bytes() -> None:
    """What was sent is held for the replay up to either limit; what was not sent is held whatever its size."""
    box = Outbox(Numbers(chunk=CHUNK), FORMAT, 2.0, 6000)
    box.log.feed(sound(0, 5000))
    assert (box.log.start, box.log.end) == (0, 5000)
    drain(box, settled=9.0)
    assert (box.log.start, box.log.end) == (2000, 5000)
    box = Outbox(Numbers(chunk=CHUNK), FORMAT, 0.5, 1 << 20)
    box.log.feed(sound(0, 5000))
    drain(box, settled=9.0)
    assert box.log.start == 3000


def test_a_resumed_session_keeps_its_clock() -> None:
    """The timeline goes on from where the vendor was; its pace begins anew; Stop is told again but was known."""
    box = outbox(pace=Pace(1.0, 0.2))
    box.log.feed(sound(0, 4000))
    box.log.mark(Stop())
    now = 0.0
    for _ in range(50):
        for item in box.due(now, 0.0):
            if isinstance(item, float):
                now += item
    assert box.stop_sent
    box.cursor = box.timeline.rewind(0.7)
    box.resume(10.0)
    assert (box.stop_sent, box.stop_known, box.heard) == (False, True, 0.7)
    again, marks = placed(drain(box, 10.2), 2800)
    assert again == sound(2800, 1200)
    assert marks == [(4000, "stop")]
    assert box.timeline.end(1.0) == 1.0


def test_marks_know_no_equals() -> None:
    """Two marks of the same command are two."""
    assert Mark(1, Stop()) != Mark(1, Stop())
