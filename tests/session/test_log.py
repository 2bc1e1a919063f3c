"""What was asked, in order, against a list of bytes and commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.session.log import Log
from aai_migrate.wire.commands import Configure, Finalize, Stop

FRAME = 4


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("feed"), st.integers(0, 50)),
            st.tuples(st.just("finalize"), st.just(0)),
            st.tuples(st.just("release"), st.integers(0, 300)),
            st.tuples(st.just("evict"), st.integers(0, 300)),
        ),
        max_size=40,
    ),
    st.integers(0, 100),
)
def test_audio_is_kept_as_it_was_fed(steps: list[tuple[str, int]], limit: int) -> None:
    """Positions never restart; what is held are the very bytes; marks stay at their place; nothing else is let go."""
    log, fed, start = Log(FRAME, limit), b"", 0
    marks: list[int] = []
    for number, (step, count) in enumerate(steps):
        match step:
            case "feed":
                data = bytes((number + i) % 251 for i in range(count))  # pieces may end inside a sample
                log.feed(data)
                fed += data
            case "finalize":
                log.mark(Finalize(str(number)))
                marks.append(len(fed) // FRAME)
            case "release":
                assert log.release(count) == []
                start = max(start, min(count, len(fed) // FRAME))
            case "evict":
                log.evict(count)
                start = max(start, min(count, len(fed) // FRAME - limit))
        assert (log.start, log.end) == (start, len(fed) // FRAME)
        assert log.read(start, log.end - start) == fed[start * FRAME : log.end * FRAME]
        middle = (start + log.end) // 2
        assert log.read(middle, 3) == fed[middle * FRAME : min(middle + 3, log.end) * FRAME + len(fed) % FRAME][:12]
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
