"""Sessions that outlive their connections, in a dialect of no vendor, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import re
import socket as sockets
from contextlib import suppress
from typing import Any

import pytest
import websockets
from attrs import evolve

from aai_migrate import registry
from aai_migrate.errors import ConnectionLost
from aai_migrate.gateway import Gateway, carry
from aai_migrate.testing.coded import CodedEar, encode, words
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.commands import Command
from aai_migrate.wire.events import Event
from aai_migrate.wire.frames import Close, Connect, Frame, Lost, Message, Pong

from .client import running, until
from .tape import Tape, dial_tape, hear, taped

SPOKEN = words(12, seed=4)
PAUSE = 1.0
FIRST = encode([0.2, *SPOKEN[:6], PAUSE])
SECOND = encode([*SPOKEN[6:], PAUSE])


def kinds(server: Tape) -> list[str]:
    """Return what kinds of frames *server* has got, but messages."""
    return [type(frame).__name__ for frame in server.frames if not isinstance(frame, Message)]


async def everything(socket: Any) -> list[str]:
    """Return all messages until the close."""
    messages: list[str] = []
    async with asyncio.timeout(20):
        with suppress(websockets.ConnectionClosed):
            while True:
                messages.append(await socket.recv())
    return messages


async def speak(socket: Any, speech: bytes) -> None:
    """Send *speech* in chunks of 100 ms."""
    for at in range(0, len(speech), 3200):
        await socket.send(speech[at : at + 3200])


def live(gateway: Gateway) -> int:
    """Return how many conversations there are, or tasks that look after them."""
    assert gateway.door
    assert set(gateway.door._named.values()) <= gateway.door.live
    return max(gateway.sessions, len(gateway.door._keepers))


# Coming back.


@pytest.mark.parametrize("ending", ["abort", "close"])
def test_a_session_goes_on_with_another_connection(ending: str) -> None:
    """The same server half and the same provider session: no word is lost, none comes twice."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway) as first:
                    await hear(first, "new")
                    await speak(first, FIRST)
                    await until(lambda: bool(made[0].finals))
                    if ending == "abort":
                        first.transport.abort()
                    else:
                        await first.close(1001, "bye")
                await until(lambda: len(kinds(made[0])) == 2)
                assert made[0].frames[-1] == (Lost("reset") if ending == "abort" else Close(1001, "bye"))
                assert gateway.sessions == 1
                async with dial_tape(gateway) as second:
                    await hear(second, "back 1")
                    await speak(second, SECOND)
                    await second.send("stop")
                    *finals, last = await everything(second)
                    assert (finals, last) == ([f"final {' '.join(SPOKEN[6:])}"], "done")
                    assert second.close_code == 1000
                await until(lambda: live(gateway) == 0)
            [server] = made
            assert server.finals == [" ".join(SPOKEN[:6]), " ".join(SPOKEN[6:])]

    asyncio.run(main())


def test_what_is_said_while_nobody_is_there_is_let_go() -> None:
    """The provider hears on: what comes of it is told to the server half, and waits for no connection."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway) as first:
                    await hear(first, "new")
                    await speak(first, FIRST)
                    await first.close()
                await until(lambda: made[0].finals == [" ".join(SPOKEN[:6])])
                async with dial_tape(gateway) as second:
                    await hear(second, "back 1")
                    await second.send("echo")
                    await hear(second, "echo")

    asyncio.run(main())


def test_a_connection_that_still_seems_alive_makes_place() -> None:
    """Who dials again knows that the old one is lost: it is told and ignored, and gets nothing of the new one's."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway, dial_tape(gateway) as first:
                await hear(first, "new")
                async with dial_tape(gateway) as second:
                    await hear(second, "back 0")
                    assert kinds(made[0]) == ["Connect", "Lost", "Connect"]
                    with suppress(websockets.ConnectionClosed):
                        await first.send("from the old one")
                    assert await everything(first) == []
                    assert first.close_code == 4409
                    await second.send("still")
                    await hear(second, "still")
                    assert Message("from the old one") not in made[0].frames
                    assert kinds(made[0]) == ["Connect", "Lost", "Connect"]
                    assert gateway.sessions == 1

    asyncio.run(main())


def test_a_half_open_connection_keeps_no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes nothing more, so its writer is stuck: it ends all the same, and so does its socket."""
    monkeypatch.setattr(carry, "GOODBYE", 0.01)

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                reader, writer = await _stuck(gateway)
                await until(lambda: Message("flood 40") in made[0].frames)
                assert gateway.door
                assert gateway.door._sockets == 1
                async with dial_tape(gateway) as second:
                    await hear(second, "back 0")
                    door = gateway.door
                    await until(lambda: door._sockets == connections(gateway) == 1)
                    await second.send("echo")
                    await hear(second, "echo")
                    with suppress(ConnectionError):
                        async with asyncio.timeout(10):
                            while await reader.read(1 << 20):
                                pass
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

    asyncio.run(main())


def test_a_client_that_takes_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while its connection ends; its session waits for another one, which gets nothing of what was for it."""
    monkeypatch.setattr(carry, "STALL", 0.01)

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                _, writer = await _stuck(gateway)
                await until(lambda: kinds(made[0]) == ["Connect", "Lost"] and connections(gateway) == 0)
                async with dial_tape(gateway) as second:
                    await hear(second, "back 0")
                    await second.send("echo")
                    await hear(second, "echo")
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

    asyncio.run(main())


def connections(gateway: Gateway) -> int:
    """Return how many connections of clients are open."""
    assert gateway._runner
    assert gateway._runner.server
    return len(gateway._runner.server.connections)


async def _stuck(gateway: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection that asked for 40 million characters and reads none of them."""
    plain = sockets.socket()
    plain.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", gateway.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
    writer.write(
        b"GET /tape?session=one HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x81\x88\0\0\0\0flood 40")  # a text frame with a mask of zeros
    return reader, writer


def test_a_server_half_may_send_its_client_away_to_come_back() -> None:
    """A close of its own ends the connection, not the session; what it says after that is for nobody."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                for greeting in ("new", "back 0", "back 0"):
                    async with dial_tape(gateway) as socket:
                        await hear(socket, greeting)
                        await socket.send("leave")
                        assert await everything(socket) == []
                        assert (socket.close_code, socket.close_reason) == (4500, "come back")
                await until(lambda: kinds(made[0]).count("Close") == 3)  # the client's answers
                assert len(made) == gateway.sessions == 1
                assert [kind for kind in kinds(made[0]) if kind != "Close"] == ["Connect"] * 3

    asyncio.run(main())


def test_many_dials_at_once_leave_one_connection() -> None:
    """One session, however they are interleaved; each that was let in began with a greeting."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                dials = [asyncio.create_task(dial_tape(gateway).__aenter__()) for _ in range(8)]
                clients = await asyncio.gather(*dials)
                heard = [asyncio.create_task(everything(client)) for client in clients]
                await until(lambda: sum(task.done() for task in heard) == 7)
                [last] = [client for client, task in zip(clients, heard, strict=True) if not task.done()]
                await last.send("stop")
                messages = await asyncio.gather(*heard)
                assert all(said[0] in ("new", "back 0") for said in messages if said)
                assert sum("done" in said for said in messages) == 1
                assert len(made) == 1
                assert made[0].connected == 8
                await until(lambda: live(gateway) == 0)

    asyncio.run(main())


def test_sessions_are_told_apart() -> None:
    """By their names; a Connect that names none begins a session of its own."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                for query in ("session=one", "session=two", "", ""):
                    async with dial_tape(gateway, query) as socket:
                        await hear(socket, "new")
                assert len(made) == gateway.sessions == 4

    asyncio.run(main())


def test_a_session_that_is_over_is_not_gone_on_with() -> None:
    """Nor does another one begin under its name: who comes back too late is refused before the upgrade."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                    await socket.send("stop")
                    assert await everything(socket) == ["done"]
                await until(lambda: live(gateway) == 0)
                assert await refused(gateway, "session=one") == (403, b"This session is over.\n")
                assert len(made) == 1

    asyncio.run(main())


def test_a_session_that_lets_go_of_its_provider_is_not_gone_on_with() -> None:
    """What takes its name meanwhile keeps it when it is done."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                await until(lambda: len(kinds(made[0])) == 2)
                assert gateway.door
                [bridge] = gateway.door.live
                bridge.fail(ConnectionLost("toy", "gone"))
                assert gateway.door.live == {bridge}
                connect = Connect("/tape?session=one")
                other = gateway.door.bridge(registry.find("tape"), Tape, connect)
                other.connect(connect)
                assert other is not bridge
                await until(lambda: bool(gateway.door and gateway.door.live == {other}))
                assert gateway.door.bridge(registry.find("tape"), Tape, connect) is other

    asyncio.run(main())


# Not coming in.


async def refused(gateway: Gateway, query: str) -> tuple[int, bytes]:
    """Return status and body of a refusal."""
    with pytest.raises(websockets.InvalidStatus) as caught:
        await dial_tape(gateway, query)
    return caught.value.response.status_code, bytes(caught.value.response.body or b"")


def test_a_session_may_refuse_to_go_on() -> None:
    """In its own words; it is over then, and so is its conversation."""

    async def main() -> None:
        with taped():
            async with running() as gateway:
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                assert await refused(gateway, "session=one&gone=1") == (410, b"it is over")
                await until(lambda: live(gateway) == 0)

    asyncio.run(main())


def test_a_session_that_does_not_outlive_its_connection_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second connection is refused, or not answered; the first one hears nothing of it."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway, "session=one&mode=solo") as first:
                    await hear(first, "new")
                    assert await refused(gateway, "session=one") == (409, b"one is there")
                    await first.send("echo")
                    await hear(first, "echo")
                    assert kinds(made[0]) == ["Connect", "Connect"]
                    monkeypatch.setattr("aai_migrate.gateway.app.UPGRADE", 0.01)
                    assert (await refused(gateway, "session=one&mute=1"))[0] == 504
                    await first.send("echo")
                    await hear(first, "echo")
                    assert kinds(made[0]) == ["Connect", "Connect", "Connect"]
                await until(lambda: live(gateway) == 0)

    asyncio.run(main())


def test_a_session_may_take_another_connection_all_the_same() -> None:
    """It is told of no loss; the older one makes place once the new one is let in."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway, dial_tape(gateway, "session=one&mode=solo") as first:
                await hear(first, "new")
                async with dial_tape(gateway, "session=one&steal=1") as second:
                    await hear(second, "back 0")
                    assert await everything(first) == []
                    assert first.close_code == 4409
                    assert kinds(made[0]) == ["Connect", "Connect"]

    asyncio.run(main())


def test_a_bug_ends_the_session_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Who comes back gets 500, and who comes after that no session any more."""

    async def main() -> None:
        with taped():
            async with running() as gateway, dial_tape(gateway, "session=two") as other:
                await hear(other, "new")
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                assert (await refused(gateway, "session=one&bug=1"))[0] == 500
                await until(lambda: live(gateway) == 1)
                assert (await refused(gateway, "session=one"))[0] == 403
                await other.send("echo")
                await hear(other, "echo")

    asyncio.run(main())
    assert "the gateway broke: KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_a_server_half_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets 504, the session is told of its loss and waits for another connection."""
    monkeypatch.setattr("aai_migrate.gateway.app.UPGRADE", 0.01)

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                await until(lambda: len(kinds(made[0])) == 2)
                assert (await refused(gateway, "session=one&mute=1"))[0] == 504
                assert kinds(made[0]) == ["Connect", "Close", "Connect", "Lost"]
                async with dial_tape(gateway) as socket:
                    await hear(socket, "back 0")

    asyncio.run(main())


# The end of sessions that nobody comes back to.


def test_nothing_is_left_of_sessions_whose_time_is_over() -> None:
    """No conversation, no task, no provider's session."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                before = asyncio.all_tasks()
                for number in range(20):
                    async with dial_tape(gateway, f"session={number}&grace=0") as socket:
                        await hear(socket, "new")
                        await socket.send(FIRST[:3200])
                await until(lambda: live(gateway) == 0 and len(made) == 20)
                assert gateway.door
                assert not gateway.door._named
                await until(lambda: asyncio.all_tasks() <= before)

    asyncio.run(main())


def test_a_session_ends_with_its_provider_while_nobody_is_there() -> None:
    """The server half learns of it, wants no other connection, and all is let go."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway, "session=one&mode=finish") as socket:
                    await hear(socket, "new")
                    await speak(socket, FIRST)
                await until(lambda: live(gateway) == 0)
                assert made[0].finals == [" ".join(SPOKEN[:6])]

    asyncio.run(main())


class Silent(CodedEar):
    """A provider that never answers."""

    def send(self, item: Command, now: float, /) -> list[Frame | Event]:
        """Dial nothing."""
        return []


@pytest.fixture
def silent() -> Any:
    """Its name."""
    registry.register(evolve(CODED, name="silent", client=Silent))
    yield "silent"
    registry.unregister("silent")


@pytest.mark.parametrize("there", [False, True])
def test_a_gateway_that_stops_waits_for_nobody_to_come_back(
    there: bool, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where nobody is there, nor where somebody leaves meanwhile."""
    monkeypatch.setattr("aai_migrate.gateway.app.PATIENCE", 3600)

    async def main() -> None:
        with taped():
            async with running(silent, drain_timeout=600, connect_timeout=600) as gateway, asyncio.timeout(30):
                async with dial_tape(gateway) as socket:
                    await hear(socket, "new")
                    if there:
                        stopping = asyncio.create_task(gateway.stop())
                        await until(lambda: bool(gateway.door and gateway.door.closing))
                        socket.transport.abort()
                        await stopping
                if not there:
                    assert gateway.sessions == 1
                    await gateway.stop()
                assert live(gateway) == 0

    asyncio.run(main())


# Pings.


def test_a_server_half_gets_the_answers_to_its_pings() -> None:
    """With their data; a pong that answers none is not told, and the client's own pings are answered."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway, dial_tape(gateway) as socket:
                await hear(socket, "new")
                await socket.pong(b"unasked")
                await socket.send("ping abc")
                async with asyncio.timeout(10):
                    await (await socket.ping(b"mine"))
                await until(lambda: Pong(b"abc") in made[0].frames)
                await socket.pong(b"abc")
                await socket.send("echo")
                await hear(socket, "echo")
                assert [frame for frame in made[0].frames if isinstance(frame, Pong)] == [Pong(b"abc")]

    asyncio.run(main())


# What the log tells.


def test_the_log_tells_of_a_session_once(caplog: pytest.LogCaptureFixture) -> None:
    """Its beginning, each loss and return, and its end; by an identifier, and not by its name."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                async with dial_tape(gateway, "session=sesame") as socket:
                    await hear(socket, "new")
                await until(lambda: len(kinds(made[0])) == 2)
                async with dial_tape(gateway, "session=sesame") as socket:
                    await hear(socket, "back 0")
                    await socket.send("stop")
                    await everything(socket)
                await until(lambda: live(gateway) == 0)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    lines = [record.getMessage() for record in caplog.records if record.name == "aai_migrate"]
    [name] = {found[1] for line in lines if (found := re.match(r"client (\S+): ", line))}
    said = [line.removeprefix(f"client {name}: ") for line in lines if name in line]
    assert said[:3] == [
        "speaks tape",
        "its connection ended, its session waits for another one",
        "goes on with another connection",
    ]
    assert re.fullmatch(r"done after \d+\.\d s: 0\.0 s of audio, 0 turns", said[3])
    assert len(said) == 4
    assert "sesame" not in "".join(lines)


def test_a_connect_keeps_its_url_for_the_server_half() -> None:
    """It reads its session from it each time."""

    async def main() -> None:
        with taped() as made:
            async with running() as gateway:
                for _ in range(2):
                    async with dial_tape(gateway, "session=one&x=1") as socket:
                        await socket.recv()
            assert [f.url for f in made[0].frames if isinstance(f, Connect)] == ["/tape?session=one&x=1"] * 2

    asyncio.run(main())
