"""What was asked, in order, against a list of bytes and commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.session.log import Log
from aai_migrate.wire.commands import Configure, Finalize, Stop

FRAME = 4


class Model:
    """The same log as a list with one item a sample: its bytes, or None for what is lost."""

    def __init__(self) -> None:
        self.samples: list[bytes | None] = []
        self.start = 0

    @property
    def held(self) -> list[bytes]:
        return [sample for sample in self.samples[self.start :] if sample is not None]

    def forget(self, to: int) -> None:
        self.start = max(self.start, min(to, len(self.samples)))

    def check(self, log: Log) -> None:
        assert (log.start, log.end, log.count(log.start)) == (self.start, len(self.samples), len(self.held))
        position, read = log.start, list[bytes]()
        while position < log.end:
            first, last = log.stretch(position)
            assert self.samples[position:first] == [None] * (first - position)
            assert log.holes(position, last) == first - position
            data = log.read(first, last - first)
            read += [data[at : at + FRAME] for at in range(0, len(data), FRAME)]
            assert [data[at : at + FRAME] for at in range(0, len(data), FRAME)] == self.samples[first:last]
            middle = (first + last) // 2
            some = min(3, last - middle)
            assert log.read(middle, some) == b"".join(sample or b"?" for sample in self.samples[middle : middle + some])
            position = last
        assert read == self.held
        for count in range(0, len(self.held), 7):
            after = log.after(log.start, count)
            assert log.count(log.start, after) == count


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["feed", "feed", "lose", "drop", "finalize", "release", "evict"]),
            st.integers(0, 60),
            st.integers(0, 60),
        ),
        max_size=30,
    ),
    st.integers(0, 100),
)
def test_audio_is_kept_as_it_was_fed(steps: list[tuple[str, int, int]], limit: int) -> None:
    """Positions never restart; what is held are the very bytes; holes and marks stay at their place."""
    log, model = Log(FRAME, limit), Model()
    marks: list[int] = []
    for number, (step, count, more) in enumerate(steps):
        match step:
            case "feed":
                new = [bytes(((number + i) % 251, i, number, 7)) for i in range(count)]
                log.feed(b"".join(new))
                model.samples += new
            case "lose":
                log.lose(count)
                model.samples += [None] * count
            case "drop":
                first = min(log.end, log.start + count)
                last = min(log.end, first + more)
                log.drop(first, last)
                model.samples[first:last] = [None] * (last - first)
            case "finalize":
                log.mark(Finalize(str(number)))
                marks.append(len(model.samples))
            case "release":
                assert log.release(3 * count) == []
                model.forget(3 * count)
            case "evict":
                before = 3 * count
                over = len(model.held) - limit
                log.evict(before)
                if over > 0:
                    held = [i for i, sample in enumerate(model.samples) if i >= model.start and sample is not None]
                    model.forget(min(before, held[over - 1] + 1))
        model.check(log)
        assert [mark.position for mark in log.marks] == marks


def test_eviction_keeps_the_limit() -> None:
    """The oldest audio goes first, but none that was not sent yet."""
    log = Log(FRAME, 10)
    log.feed(bytes(30 * FRAME))
    log.evict(5)
    assert (log.start, log.end) == (5, 30)
    log.evict(30)
    assert (log.start, log.end) == (20, 30)


def test_marks_wait_for_their_answer() -> None:
    """Release lets go of what was answered before the mark, and hands back the changes in order."""
    log = Log(FRAME, 100)
    for id_ in ("a", "b"):
        log.mark(Configure(id_, {"turn_silence": 1.0}))
        log.mark(Finalize(f"f{id_}"))
        log.feed(bytes(10 * FRAME))
    for id_ in ("a", "fa", "b"):
        mark = log.find(id_)
        assert mark is not None
        mark.answered = True
    assert log.find("a") is None
    assert [change.id for change in log.release(9)] == ["a"]
    assert [change.id for change in log.release(10)] == ["b"]
    assert [mark.command for mark in log.marks] == [Finalize("fb")]
    assert log.release(20) == []


def test_finding_a_mark() -> None:
    """By id, the first that has no answer; Stop has no id and is never found."""
    log = Log(FRAME, 100)
    log.mark(Finalize("x"))
    log.mark(Finalize("x"))
    log.mark(Stop())
    first = log.find("x")
    assert first is log.marks[0]
    assert first is not None
    first.answered = True
    assert log.find("x") is log.marks[1]
    assert log.find("y") is None


def test_what_the_connection_was_not_told() -> None:
    """Marks are told in order."""
    log = Log(FRAME, 100)
    assert log.unsent() is None
    log.mark(Finalize("a"))
    log.mark(Finalize("b"))
    assert log.unsent() is log.marks[0]
    log.marks[0].sent = True
    assert log.unsent() is log.marks[1]


def test_stopping() -> None:
    """The log knows whether Stop was asked; a Finalize is none."""
    log = Log(FRAME, 100)
    assert not log.stopping
    log.mark(Finalize("a"))
    assert not log.stopping
    log.mark(Stop())
    assert log.stopping
