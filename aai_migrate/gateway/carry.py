"""Carrying frames between a client's websocket and its line of a conversation."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from ..drivers.aio import blame
from ..drivers.aio_socket import lost_by
from ..wire.frames import LONGEST_REASON, Close, Frame, Lost, Message, Ping, Pong
from .bridge import Bridge
from .line import Line

LOG = logging.getLogger("aai_migrate")
STALL = 30.0
"""Seconds that a client may take nothing, before it counts as gone."""
GOODBYE = 2.0
"""Seconds that a client may take to answer a close frame."""
TURN = 0.01
"""Seconds for which one client may be read, before everybody else has a turn."""


async def carry(socket: web.WebSocketResponse, bridge: Bridge, line: Line) -> bool:
    """Carry frames both ways until either side has closed; return whether the client took all of them.

    Args:
        socket: prepared, and neither pings nor closes are answered by itself.
        line: answered by ``Connected``, which was taken from it.
    """
    reader = asyncio.create_task(_read(socket, bridge, line))
    writer = asyncio.create_task(_write(socket, line))
    line.on_drop = writer.cancel
    try:
        await asyncio.wait({writer})
    finally:
        for task in (reader, writer):
            task.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)
    if line.farewell:
        # In a task of its own: where the writer was stuck, aiohttp raises its cancellation in whoever writes next.
        await asyncio.gather(asyncio.create_task(_close(socket, line.farewell, GOODBYE)), return_exceptions=True)
        return False
    if writer.cancelled():
        return False
    try:
        if last := writer.result():
            await _close(socket, last, STALL)
            answered = socket.close_code not in (None, WSCloseCode.ABNORMAL_CLOSURE)
            bridge.receive(line, Close(socket.close_code) if answered else Lost("reset"))
    except (ConnectionError, TimeoutError):
        return False
    return True


async def _write(socket: web.WebSocketResponse, line: Line) -> Close | None:
    """Write what waits; return the frame that ends it."""
    while (frame := await line.next()) is not None:
        if isinstance(frame, Close):
            return frame
        async with asyncio.timeout(STALL):
            if isinstance(frame, Ping):
                await socket.ping(frame.data)
            elif isinstance(frame, Message):
                data = frame.data
                await (socket.send_str(data) if isinstance(data, str) else socket.send_bytes(data))
    return None


async def _close(socket: web.WebSocketResponse, frame: Close, seconds: float) -> None:
    """Say goodbye and wait for the answer, while nobody else reads: else aiohttp does not wait.

    It would hang up at once, and a client whose pong or audio then comes too late loses what it has not read yet.
    """
    reason = frame.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
    async with asyncio.timeout(seconds):
        await socket.close(code=1000 if frame.code is None else frame.code, message=reason.encode())


async def _read(socket: web.WebSocketResponse, bridge: Bridge, line: Line) -> None:
    """Feed the client's frames to *bridge*; whatever ends this drops *line*, unless it is its writer that closes."""
    try:
        await bridge.room(line)  # the handshake may have begun the session
        loop = asyncio.get_running_loop()
        since = loop.time()
        while (frame := await _hear(socket)) is not None:
            if isinstance(frame, Pong) and not line.answers(frame):
                continue
            bridge.receive(line, frame)
            if isinstance(frame, Close):
                await socket.close(code=1000 if frame.code is None else frame.code, drain=False)
            if isinstance(frame, (Close, Lost)):
                break
            await bridge.room(line)
            if loop.time() - since > TURN:  # what has come already is read without a pause, and may be much
                await asyncio.sleep(0)
                since = loop.time()
        else:
            return
    except Exception as error:  # noqa: BLE001 the top of a task
        LOG.error("client %s: reading broke: %s", bridge.name, blame(error))
    line.drop()


async def _hear(socket: web.WebSocketResponse) -> Frame | None:
    """Return what the client says next, with its pings answered; None: we are closing ourselves."""
    said = await socket.receive()
    if said.type is not WSMsgType.PING:
        return _frame(said)
    data = bytes(said.data)
    try:
        async with asyncio.timeout(STALL):
            await socket.pong(data)
    except TimeoutError:
        return Lost("timeout")
    except ConnectionError:  # what was said before it broke is still to come
        pass
    return Ping(data)


def _frame(said: WSMessage) -> Frame | None:
    match said.type:
        case WSMsgType.TEXT:
            return Message(said.data)
        case WSMsgType.BINARY:
            return Message(bytes(said.data))
        case WSMsgType.PONG:
            return Pong(bytes(said.data))
        case WSMsgType.CLOSE:
            return Close(said.data or None, said.extra or "")
        case WSMsgType.CLOSING:
            return None
    return Lost(lost_by(said.data))
