"""Websockets and HTTP requests in an event loop, through aiohttp."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Literal, NoReturn, cast

import aiohttp
from aiohttp import WebSocketError, WSCloseCode, WSMsgType

from ..wire.frames import Close, Connect, Connected, HttpRequest, HttpResponse, Lost, Message, Ping, Pong, Refused
from . import http, patience
from .aio_dial import dial
from .end import End
from .route import LostError

LARGEST_BODY = 1 << 20
"""Bytes of a response that are read."""
_HUNG_UP = "the other end hung up before it answered"


class _RefusedError(Exception):
    """A handshake that was not answered by 101."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.status)
        self.refused = refused


class _Connector(aiohttp.BaseConnector):
    """Dials as the blocking driver does, and once: what fails is not repeated behind the session's back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(force_close=True)
        self._seconds, self._dialled = seconds, False

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        if self._dialled:
            raise LostError("reset", _HUNG_UP)
        self._dialled = True
        return await dial(self._factory, str(req.url), self._seconds)


class _Socket(aiohttp.ClientWebSocketResponse):
    """Keeps the response of the handshake."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handshake: aiohttp.ClientResponse = args[3]


def _client(seconds: float) -> aiohttp.ClientSession:
    """Return a client for one connection, which may take *seconds* to reach."""
    watch = aiohttp.TraceConfig()
    watch.on_request_redirect.append(_redirected)
    return aiohttp.ClientSession(
        connector=_Connector(seconds),
        ws_response_class=_Socket,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        raise_for_status=_upgraded,
        trace_configs=[watch],
    )


async def _upgraded(response: aiohttp.ClientResponse) -> None:
    """Keep the words of who refuses an upgrade; aiohttp's own error has no body."""
    if response.status != 101:
        await _refuse(response)


async def _redirected(_: object, __: object, params: aiohttp.TraceRequestRedirectParams) -> None:
    """Go nowhere else: the key is not meant for it."""
    await _refuse(params.response)


async def _refuse(response: aiohttp.ClientResponse) -> NoReturn:
    """Raise the refusal, with as much of its body as comes in time."""
    body = bytearray()
    with suppress(TimeoutError, OSError, aiohttp.ClientError):
        async with asyncio.timeout(http.REFUSAL_TIME):
            async for part in response.content.iter_any():
                body += part[: http.REFUSAL_LIMIT - len(body)]
                if len(body) >= http.REFUSAL_LIMIT:
                    break
    response.close()
    raise _RefusedError(Refused(response.status, _headers(response), bytes(body)))


class SocketEnd:
    """An open websocket, as an :class:`~aai_migrate.drivers.end.End`."""

    def __init__(self, client: aiohttp.ClientSession, socket: _Socket, limit: int, seconds: float) -> None:
        self.greeting = Connected(_headers(socket.handshake), socket.protocol)
        self._client, self._socket, self._limit, self._seconds = client, socket, limit, seconds
        connection = socket.handshake.connection
        self._transport = connection.transport if connection else None
        self._closing = False
        self._closed = asyncio.Event()
        self._answer: int | None = None  # the code of a goodbye that waits for ours
        self._silent = False
        self._pong: asyncio.TimerHandle | None = None

    async def send(self, frame: Message | Ping) -> None:
        """Write one frame."""
        async with asyncio.timeout(patience.STALL):
            if isinstance(frame, Ping):
                loop = asyncio.get_running_loop()
                self._pong = self._pong or loop.call_later(patience.PONG, self._dead)
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
                with suppress(OSError):  # reading goes on: what was said before it broke is still to come
                    await self._socket.pong(bytes(said.data or b""))
            elif said.type is WSMsgType.PONG:
                return Pong(bytes(said.data or b""))
            else:
                return await self._end(said)

    async def _end(self, said: Any) -> Close | Lost:
        if said.type is WSMsgType.CLOSE:
            self._answer = said.data or WSCloseCode.OK
            return Close(said.data or None, said.extra or "")
        if self._closing:
            await self._closed.wait()
            return Close(self._socket.close_code)
        if self._silent:
            return Lost("timeout", f"no pong within {patience.PONG:g} s")
        if lost_by(said.data) == "too_big":
            return Lost("too_big", f"more than {self._limit} bytes")
        broken = isinstance(said.data, WebSocketError)
        return Lost("reset", f"not a websocket frame: {said.data}" if broken else "hung up without a close frame")

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame and wait for the answer."""
        self._closing = True
        try:
            await self._socket.close(code=code, message=reason.encode()[:123])
        finally:
            self._closed.set()

    async def release(self) -> None:
        """Answer a goodbye if there was one, and drop the connection."""
        self._heard()
        self._closed.set()
        answer, self._answer = self._answer, None
        try:
            if answer is not None:
                with suppress(OSError):  # TimeoutError too
                    async with asyncio.timeout(self._seconds):
                        await self._socket.close(code=answer)
        finally:
            if self._transport:
                self._transport.abort()  # TLS would wait for a far end that may be gone
            self._socket.handshake.close()
            await self._client.close()
            await asyncio.sleep(0)  # the loop closes the socket

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


async def open_socket(frame: Connect, limit: int, reach: float, part: float) -> End | Refused | Lost:
    """Open the websocket that *frame* describes.

    Args:
        limit: bytes of the longest message that is taken.
        reach: seconds that it may take to reach the host.
        part: seconds that the answer to a close frame may take.
    """
    client = _client(reach)
    try:
        socket = await client.ws_connect(
            frame.url,
            headers=frame.headers,
            protocols=frame.subprotocols,
            max_msg_size=limit + 1,  # aiohttp takes messages that are shorter
            autoclose=False,
            autoping=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=part),
        )
        return SocketEnd(client, cast(_Socket, socket), limit, part)
    except _RefusedError as refusal:
        outcome: Refused | Lost = refusal.refused
    except (LostError, aiohttp.ClientError, OSError, ValueError) as error:
        outcome = _lost(error)
    except BaseException:
        await client.close()
        raise
    await client.close()
    return outcome


async def ask(frame: HttpRequest, reach: float) -> HttpResponse | Lost:
    """Make one request and return its answer, whatever the status; its body is cut at 1 MiB.

    Args:
        reach: seconds that all of it may take.
    Raises:
        ValueError: a header holds a line break or another character that no header has.
    """
    http.refuse_smuggling(*frame.headers, *frame.headers.values())
    try:
        async with (
            asyncio.timeout(reach),
            _client(reach) as client,
            client.request(
                frame.method,
                frame.url,
                headers=frame.headers,
                data=frame.body or None,
                allow_redirects=False,
                raise_for_status=False,
            ) as response,
        ):
            body = bytearray()
            async for part in response.content.iter_chunked(1 << 16):
                body += part[: LARGEST_BODY - len(body)]
                if len(body) >= LARGEST_BODY:
                    break
            return HttpResponse(response.status, _headers(response), bytes(body))
    except (LostError, aiohttp.ClientError, OSError, ValueError) as error:
        return _lost(error)


def _headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _lost(error: Exception) -> Lost:
    """Return why nothing came of a connection that was reached; aiohttp's texts may hold the URL."""
    match error:
        case LostError(cause=cause, detail=detail):
            return Lost(cause, detail)
        case aiohttp.WSServerHandshakeError():
            return Lost("reset", "what answered does not speak the websocket protocol")
        case aiohttp.ClientResponseError():
            return Lost("reset", "what answered does not speak HTTP")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Lost("reset", _HUNG_UP)
        case aiohttp.ClientPayloadError():
            return Lost("reset", "the answer broke off")
        case TimeoutError():
            return Lost("timeout", "no answer in time")
    return Lost("reset", type(error).__name__)
