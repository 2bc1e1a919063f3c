"""What waits for one connection."""

from __future__ import annotations

import asyncio

import pytest

from aai_migrate.gateway.line import HIGH_WATER, PINGS, Line
from aai_migrate.wire.frames import Close, Message, Ping, Pong

BYE = Close(4000, "bye")


def test_frames_come_in_order_and_then_none() -> None:

    async def main() -> None:
        line = Line()
        for frame in (Message("1"), Message(b"2"), BYE):
            line.put(frame)
        line.end()
        line.put(Message("late"))
        assert [await line.next() for _ in range(5)] == [Message("1"), Message(b"2"), BYE, None, None]

    asyncio.run(main())


def test_a_dropped_line_has_nothing_more() -> None:
    """Neither what waited nor what comes; who waits for a frame or for room learns of it, and who writes stops."""

    async def main() -> None:
        line, stopped = Line(), asyncio.Event()
        line.on_drop = stopped.set
        line.put(Message("x" * HIGH_WATER + "x"))
        room = asyncio.create_task(line.room())
        await asyncio.sleep(0)
        assert not room.done()
        line.drop(BYE)
        line.put(Message("late"))
        await room
        assert stopped.is_set()
        assert await line.next() is None
        assert line.farewell == BYE

    asyncio.run(main())


def test_who_has_left_needs_no_farewell() -> None:

    async def main() -> None:
        line = Line()
        line.end()
        line.drop(BYE)
        assert line.farewell is None

    asyncio.run(main())


@pytest.mark.parametrize("frame", [Message("x" * 1000), Message(b"x" * 1000)])
def test_room_comes_as_frames_go(frame: Message) -> None:

    async def main() -> None:
        line = Line()
        while line._waiting <= HIGH_WATER:
            line.put(frame)
        room = asyncio.create_task(line.room())
        await asyncio.sleep(0)
        assert not room.done()
        await line.next()
        await room

    asyncio.run(main())


def test_only_answers_are_answers() -> None:
    """That to a later ping stands for those before; of too many the oldest are forgotten."""

    async def main() -> None:
        line = Line()
        assert not line.answers(Pong())
        for number in range(PINGS + 1):
            line.put(Ping(b"%d" % number))
        assert [line.answers(Pong(data)) for data in (b"0", b"1", b"1", b"5", b"3", b"6", b"99")] == [
            False,
            True,
            False,
            True,
            False,
            True,
            False,
        ]

    asyncio.run(main())
