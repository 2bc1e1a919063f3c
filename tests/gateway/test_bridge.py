"""One client's conversation, on a loop whose clock is moved by hand."""

from __future__ import annotations

import asyncio
import itertools

from aai_migrate import settings
from aai_migrate.gateway.bridge import Bridge
from aai_migrate.gateway.line import HIGH_WATER, Line
from aai_migrate.gateway.upstream import Upstream
from aai_migrate.provider import Context
from aai_migrate.registry import find
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Message, Ping

NOVA = Connect("/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000", {"Authorization": "Token k"})
FLUX = Connect("/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000", {"Authorization": "Token k"})


class Clock(asyncio.SelectorEventLoop):
    """A loop that takes ``ahead`` seconds more for its time than there were."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    async def move(self, seconds: float) -> None:
        """Let *seconds* pass, and what is due happen."""
        self.ahead += seconds
        for _ in range(3):
            await asyncio.sleep(0)


def converse(connect: Connect) -> tuple[Bridge, Line]:
    """Return a conversation with coded speech that has begun, and its line."""
    ids = (f"00000000-0000-4000-8000-{number:012}" for number in itertools.count())
    context = Context(new_id=lambda: next(ids), authenticate=lambda _: "anybody")
    server = find("deepgram").server
    assert server
    bridge = Bridge(server(context), Upstream(settings.resolve("coded", {}), context), "1")
    return bridge, bridge.connect(connect)


async def said(line: Line) -> list[Frame]:
    """Return what waits on *line*, and let go of it."""
    found: list[Frame] = []
    while (frame := await asyncio.wait_for(line.next(), 5)) is not None:
        if frame == Message("all"):
            break
        found.append(frame)
    return found


def test_a_client_that_is_not_read_is_not_silent() -> None:
    """As long as the other side is behind, nothing is read from it: that is no reason to take it for gone."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clock)
        bridge, line = converse(NOVA)
        task = asyncio.create_task(bridge.run())
        bridge.receive(line, Message(bytes(3200)))
        line.put(Message("x" * (HIGH_WATER + 1)))
        room = asyncio.create_task(bridge.room(line))
        await loop.move(0.0)
        await loop.move(25.0)
        assert not room.done()
        line.put(Message("all"))
        assert [type(frame) for frame in await said(line)] == [Connected, Message]
        await room
        await loop.move(9.0)  # of its own time, not ten seconds have passed
        bridge.receive(line, Message('{"type":"KeepAlive"}'))
        await loop.move(9.0)
        assert not bridge.over
        await loop.move(2.0)
        assert bridge.over
        last = (await said(line))[-1]
        assert isinstance(last, Close)
        assert last.code == 1011
        assert "net0001" in last.reason
        await task

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(main())


def test_a_ping_is_a_sign_of_life_for_flux_and_none_for_nova() -> None:

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clock)
        for connect, step, lives in ((FLUX, 50.0, True), (NOVA, 8.0, False)):
            bridge, line = converse(connect)
            task = asyncio.create_task(bridge.run())
            for _ in range(3):
                await loop.move(step)
                bridge.receive(line, Ping(b"1"))
            assert bridge.over is not lives
            bridge.leave(line)
            await task

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(main())
