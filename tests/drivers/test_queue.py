"""The queue of unread events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.drivers.queue import MOST_MESSAGES, EventQueue
from aai_migrate.events import Notice, StreamEvent, Turn, VendorMessage


def turn(order: int, text: str, *, end: bool = False, channel: int = 0) -> Turn:
    return Turn(turn_order=order, transcript=text, end_of_turn=end, channel=channel)


def drain(queue: EventQueue) -> list[StreamEvent]:
    return [event for _ in range(len(queue)) if (event := queue.pop())]


def test_latest_partial_of_each_open_turn() -> None:
    """A newer partial stands in its own place, an end drops the partial of its turn; the rest stays in order."""
    queue, note = EventQueue(), Notice("a", "b")
    queue.put([turn(0, "a"), note, turn(0, "ab"), turn(0, "x", channel=1), turn(0, "ab", end=True), turn(1, "c")])
    assert drain(queue) == [note, turn(0, "x", channel=1), turn(0, "ab", end=True), turn(1, "c")]
    assert queue.pop() is None


def test_read_partial_is_not_dropped_again() -> None:
    """What was read is gone, and its successor stays."""
    queue = EventQueue()
    queue.put([turn(0, "a")])
    assert queue.pop() == turn(0, "a")
    queue.put([turn(0, "ab"), turn(0, "ab", end=True)])
    assert drain(queue) == [turn(0, "ab", end=True)]


def test_of_too_many_vendor_messages_the_last_are_kept() -> None:
    """What nobody reads has a bound, and ends of turns among it stay."""
    queue, end = EventQueue(), turn(0, "a", end=True)
    messages = [VendorMessage("x", number) for number in range(MOST_MESSAGES + 3)]
    queue.put([messages[0], end, *messages[1:4]])
    assert [queue.pop(), queue.pop()] == [messages[0], end]
    queue.put(messages[4:])
    assert drain(queue) == messages[3:]


steps = st.lists(
    st.one_of(
        st.builds(turn, st.integers(0, 3), st.text(max_size=3), end=st.booleans(), channel=st.integers(0, 1)),
        st.builds(Notice, st.text(max_size=2), st.just("")),
        st.none(),
    )
)


@given(steps)
def test_only_restated_partials_are_missing(items: list[StreamEvent | None]) -> None:
    """Whatever is put and read in between: what comes out is a subsequence, and only stale partials are missing."""
    queue, out, put = EventQueue(), list[StreamEvent](), list[StreamEvent]()
    for item in items:
        if item is None:
            event = queue.pop()
            out += [event] if event else []
        else:
            put.append(item)
            queue.put([item])
    out += drain(queue)
    rest = iter(put)
    assert all(any(event is other for other in rest) for event in out)
    for index, event in enumerate(put):
        if not any(event is other for other in out):
            assert isinstance(event, Turn)
            assert not event.end_of_turn
            later = [t for t in put[index + 1 :] if isinstance(t, Turn)]
            assert (event.channel, event.turn_order) in [(t.channel, t.turn_order) for t in later]
