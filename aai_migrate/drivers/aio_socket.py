"""Websockets and HTTP requests in an event loop, through aiohttp."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Literal, cast

import aiohttp
from aiohttp import WebSocketError, WSCloseCode, WSMsgType

from ..wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Lost, Message, Ping, Pong, Refused
from .end import End

PONG = 10.0
"""Seconds without any frame after a ping, before the connection counts as dead."""
LARGEST_BODY = 1 << 20
"""Bytes of a response that are read."""


class _RefusedError(Exception):
    """A handshake that was not answered by 101."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.status)
        self.refused = refused


class _Socket(aiohttp.ClientWebSocketResponse):
    """Keeps the response of the handshake."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handshake: aiohttp.ClientResponse = args[3]


def client() -> aiohttp.ClientSession:
    """Return a client for any number of connections; its owner closes it."""
    return aiohttp.ClientSession(
        ws_response_class=_Socket,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        raise_for_status=_upgraded,
        trust_env=True,
    )


async def _upgraded(response: aiohttp.ClientResponse) -> None:
    """Keep the words of who refuses an upgrade; aiohttp's own error has no body."""
    if response.status != 101:
        async with asyncio.timeout(PONG):
            body = await response.content.read(LARGEST_BODY)
        raise _RefusedError(Refused(response.status, _headers(response), body))


class SocketEnd:
    """An open websocket, as an :class:`~aai_migrate.drivers.end.End`."""

    def __init__(self, socket: _Socket) -> None:
        self.greeting = Connected(_headers(socket.handshake), socket.protocol)
        self._socket = socket
        self._closing = False
        self._closed = asyncio.Event()
        self._silent = False
        self._pong: asyncio.TimerHandle | None = None

    async def send(self, frame: Message | Ping) -> None:
        """Write one frame."""
        if isinstance(frame, Ping):
            self._pong = self._pong or asyncio.get_running_loop().call_later(PONG, self._dead)
            await self._socket.ping(frame.data)
        elif isinstance(frame.data, str):
            await self._socket.send_str(frame.data)
        else:
            await self._socket.send_bytes(frame.data)

    async def receive(self) -> Message | Pong | Close | Lost:
        """Wait for the next message or the end; answers pings."""
        while True:
            said = await self._socket.receive()
            self._heard()
            if said.type is WSMsgType.TEXT:
                return Message(said.data)
            if said.type is WSMsgType.BINARY:
                return Message(bytes(said.data))
            if said.type is WSMsgType.PING:
                await self._socket.pong(said.data)
            elif said.type is WSMsgType.PONG:
                return Pong(bytes(said.data or b""))
            else:
                return await self._end(said)

    async def _end(self, said: Any) -> Close | Lost:
        if said.type is WSMsgType.CLOSE:
            return Close(said.data or None, said.extra or "")
        if self._closing:
            await self._closed.wait()
            return Close(self._socket.close_code)
        if self._silent:
            return Lost("timeout", f"no pong within {PONG:g} s")
        return Lost(lost_by(said.data))

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame and wait for the answer, as long as the handshake said."""
        self._closing = True
        try:
            await self._socket.close(code=code, message=reason.encode())
        finally:
            self._closed.set()

    async def release(self) -> None:
        """Drop the connection."""
        self._heard()
        self._closed.set()
        self._socket.handshake.close()

    def _heard(self) -> None:
        if self._pong:
            self._pong.cancel()
            self._pong = None

    def _dead(self) -> None:
        self._silent = True
        self._socket.handshake.close()


def lost_by(error: object) -> Literal["too_big", "reset"]:
    """Return why a websocket broke, of which aiohttp says *error*."""
    too_big = isinstance(error, WebSocketError) and error.code == WSCloseCode.MESSAGE_TOO_BIG
    return "too_big" if too_big else "reset"


async def open_socket(http: aiohttp.ClientSession, frame: Connect, limit: int, patience: float) -> End | Refused | Lost:
    """Open the websocket that *frame* describes.

    Args:
        limit: bytes of the longest message that is taken.
        patience: seconds that the answer to a close frame may take.
    """
    try:
        socket = await http.ws_connect(
            frame.url,
            headers=frame.headers,
            protocols=frame.subprotocols,
            max_msg_size=limit,
            autoping=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=patience),
        )
    except _RefusedError as refusal:
        return refusal.refused
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _lost(error)
    return SocketEnd(cast(_Socket, socket))


async def ask(http: aiohttp.ClientSession, frame: HttpRequest) -> HttpResponse | Lost:
    """Make one request and return its answer, whatever the status; its body is cut at 1 MiB."""
    try:
        async with http.request(
            frame.method,
            frame.url,
            headers=frame.headers,
            data=frame.body or None,
            allow_redirects=False,
            raise_for_status=False,
        ) as response:
            body = bytearray()
            async for part in response.content.iter_chunked(1 << 16):
                body += part[: LARGEST_BODY - len(body)]
                if len(body) >= LARGEST_BODY:
                    break
            return HttpResponse(response.status, _headers(response), bytes(body))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _lost(error)


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _lost(error: Exception) -> Lost:
    """Return why nothing came of a connection; texts that may hold a URL are left out."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return Lost("dns")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            reason = getattr(getattr(error, "certificate_error", None), "verify_message", "")
            return Lost("tls", reason)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Lost("proxy")
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return Lost("refused")
        case TimeoutError():
            return Lost("timeout")
    return Lost("reset", type(error).__name__)
